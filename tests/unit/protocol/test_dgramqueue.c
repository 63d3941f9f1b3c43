/* SPDX-License-Identifier: ISC */

#include "protocol/dgramqueue.h"

#include <string.h>

#include "protocol/dgram.h"
#include "protocol/limits.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static const struct dgram_address to = { .form = DGRAM_TARGET };
static const uint8_t bytes[LIMITS_DGRAM_MAX + 1];

struct rig {
	struct dgramqueue queue;
	uint64_t total;
	uint64_t dropped;
};

static void
begin(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	dgramqueue_init(&rig->queue, &rig->total, &rig->dropped);
}

static void
end(struct rig *rig)
{
	dgramqueue_clear(&rig->queue);
	ck_assert_uint_eq(rig->total, 0);
	ck_assert(dgramqueue_is_empty(&rig->queue));
}

/* The first byte of the oldest datagram, -1 when there is none. */
static int
oldest(struct rig *rig, uint64_t now)
{
	size_t len = 0;
	const uint8_t *payload = dgramqueue_first(&rig->queue, now, &len);

	return payload != NULL && len > 1 ? payload[1] : -1;
}

START_TEST(first_in_is_first_out)
{
	struct rig rig;

	begin(&rig);
	for (uint8_t i = 0; i < 3; i++) {
		ck_assert_int_eq(dgramqueue_push(&rig.queue, &to, &i, 1, 0), 0);
	}
	ck_assert_uint_eq(rig.total, 6);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(oldest(&rig, 0), i);
		dgramqueue_pop(&rig.queue);
	}
	ck_assert_int_eq(oldest(&rig, 0), -1);
	ck_assert_uint_eq(rig.dropped, 0);
	end(&rig);
}
END_TEST

START_TEST(oldest_gives_way_by_number)
{
	struct rig rig;

	begin(&rig);
	for (uint8_t i = 0; i < LIMITS_DGRAM_QUEUE + 5; i++) {
		ck_assert_int_eq(dgramqueue_push(&rig.queue, &to, &i, 1, 0), 0);
	}
	ck_assert_uint_eq(rig.dropped, 5);
	ck_assert_int_eq(oldest(&rig, 0), 5);
	end(&rig);
	ck_assert_uint_eq(rig.dropped, LIMITS_DGRAM_QUEUE + 5);
}
END_TEST

START_TEST(oldest_gives_way_by_bytes)
{
	static uint8_t big[LIMITS_DGRAM_MAX];
	struct rig rig;

	begin(&rig);
	for (uint8_t i = 0; i < 12; i++) {
		big[0] = i;
		ck_assert_int_eq(
		    dgramqueue_push(&rig.queue, &to, big, sizeof(big), 0), 0);
		ck_assert_uint_le(rig.total, LIMITS_DGRAM_QUEUE_BYTES);
	}
	ck_assert_uint_eq(rig.dropped, 4);
	ck_assert_int_eq(oldest(&rig, 0), 4);
	end(&rig);
}
END_TEST

START_TEST(too_old_is_lost)
{
	struct rig rig;
	uint8_t i = 1;

	begin(&rig);
	(void)dgramqueue_push(&rig.queue, &to, &i, 1, 1000);
	i = 2;
	(void)dgramqueue_push(&rig.queue, &to, &i, 1, 2000);
	ck_assert_int_eq(oldest(&rig, 1000 + LIMITS_DGRAM_AGE), 1);
	ck_assert_int_eq(oldest(&rig, 1001 + LIMITS_DGRAM_AGE), 2);
	ck_assert_uint_eq(rig.dropped, 1);
	ck_assert_int_eq(oldest(&rig, 2001 + LIMITS_DGRAM_AGE), -1);
	ck_assert_uint_eq(rig.dropped, 2);
	end(&rig);
}
END_TEST

START_TEST(too_long_is_lost)
{
	struct rig rig;

	begin(&rig);
	ck_assert_int_eq(
	    dgramqueue_push(&rig.queue, &to, bytes, sizeof(bytes), 0), -1);
	ck_assert_uint_eq(rig.dropped, 1);
	ck_assert_int_eq(
	    dgramqueue_push(&rig.queue, &to, bytes, sizeof(bytes) - 1, 0), 0);
	ck_assert_int_eq(dgramqueue_push(&rig.queue, &to, NULL, 0, 0), 0);
	end(&rig);
}
END_TEST

/* Many queues together have a bound of their own. */
START_TEST(total_is_bounded)
{
	struct rig rig;

	begin(&rig);
	rig.total = LIMITS_DGRAM_SESSION_BYTES - 2;
	ck_assert_int_eq(dgramqueue_push(&rig.queue, &to, bytes, 2, 0), -1);
	ck_assert_int_eq(dgramqueue_push(&rig.queue, &to, bytes, 1, 0), 0);
	ck_assert_uint_eq(rig.dropped, 1);
	dgramqueue_clear(&rig.queue);
	ck_assert_uint_eq(rig.total, LIMITS_DGRAM_SESSION_BYTES - 2);
}
END_TEST

START_TEST(no_memory_is_a_loss)
{
	struct rig rig;

	begin(&rig);
	failalloc_after(1);
	ck_assert_int_eq(dgramqueue_push(&rig.queue, &to, bytes, 2, 0), -1);
	failalloc_off();
	ck_assert_uint_eq(rig.dropped, 1);
	ck_assert(dgramqueue_is_empty(&rig.queue));
	end(&rig);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dgramqueue");
	TCase *tc = tcase_create("dgramqueue");

	tcase_add_test(tc, first_in_is_first_out);
	tcase_add_test(tc, oldest_gives_way_by_number);
	tcase_add_test(tc, oldest_gives_way_by_bytes);
	tcase_add_test(tc, too_old_is_lost);
	tcase_add_test(tc, too_long_is_lost);
	tcase_add_test(tc, total_is_bounded);
	tcase_add_test(tc, no_memory_is_a_loss);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
