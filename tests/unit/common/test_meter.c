/* SPDX-License-Identifier: ISC */

#include "common/meter.h"

#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

#define SECOND UINT64_C(1000000000)

/* Some second that is no multiple of anything. */
#define START UINT64_C(1234567)

static struct meter *meter;
static struct meter_count read_out[METER_SECONDS];

static void
setup(void)
{
	meter = meter_new();
	ck_assert_ptr_nonnull(meter);
}

static void
teardown(void)
{
	meter_free(meter);
}

/* Count in the middle of second START + n. */
static void
add(uint64_t n, uint64_t sent, uint64_t received)
{
	meter_add(meter, sent, received, (START + n) * SECOND + SECOND / 2);
}

/* Read from START + from, at START + now; checks the length and where to go
 * on. */
static void
reads(uint64_t from, uint64_t now, size_t count)
{
	uint64_t next;

	ck_assert_uint_eq(meter_read(meter, START + from,
			      (START + now) * SECOND, read_out, &next),
	    count);
	ck_assert_uint_eq(next, START + now);
}

static void
is(size_t i, uint64_t sent, uint64_t received)
{
	ck_assert_uint_eq(read_out[i].sent, sent);
	ck_assert_uint_eq(read_out[i].received, received);
}

START_TEST(counts_by_second)
{
	struct meter_count total;

	add(0, 1, 10);
	add(0, 2, 20);
	add(1, 4, 40);
	add(4, 8, 80);
	reads(0, 6, 6);
	is(0, 3, 30);
	is(1, 4, 40);
	is(2, 0, 0);
	is(3, 0, 0);
	is(4, 8, 80);
	is(5, 0, 0);
	meter_total(meter, &total);
	ck_assert_uint_eq(total.sent, 15);
	ck_assert_uint_eq(total.received, 150);
}
END_TEST

START_TEST(the_second_under_way_is_not_read)
{
	add(0, 1, 1);
	add(1, 2, 2);
	reads(0, 1, 1);
	is(0, 1, 1);
	/* Going on from there gives what is new, once. */
	reads(1, 1, 0);
	reads(1, 2, 1);
	is(0, 2, 2);
}
END_TEST

START_TEST(a_reader_from_the_future_gets_nothing)
{
	add(0, 1, 1);
	reads(100, 1, 0);
}
END_TEST

START_TEST(all_seconds_are_kept_and_no_more)
{
	for (uint64_t n = 0; n < 3 * METER_SECONDS; n++) {
		add(n, n, 2 * n);
		/* What is over; the one under way is beside them. */
		uint64_t over = n < METER_SECONDS ? n : METER_SECONDS;

		reads(0, n, n == 0 ? 0 : METER_SECONDS < n ? METER_SECONDS : n);
		for (uint64_t i = 0; i < over; i += unit_stride(29)) {
			is(i, n - over + i, 2 * (n - over + i));
		}
	}
}
END_TEST

START_TEST(a_long_silence_clears_the_ring)
{
	for (uint64_t n = 0; n < METER_SECONDS; n++) {
		add(n, 7, 7);
	}
	/* Nobody counted since: what was, ages. */
	reads(0, METER_SECONDS + 10, METER_SECONDS);
	is(0, 7, 7);
	is(METER_SECONDS - 11, 7, 7);
	is(METER_SECONDS - 10, 0, 0);
	is(METER_SECONDS - 1, 0, 0);
	reads(0, 3 * METER_SECONDS, METER_SECONDS);
	for (size_t i = 0; i < METER_SECONDS; i++) {
		is(i, 0, 0);
	}
	for (uint64_t gap = METER_SECONDS - 1; gap < METER_SECONDS + 3; gap++) {
		meter_free(meter);
		setup();
		for (uint64_t n = 0; n <= METER_SECONDS; n++) {
			add(n, 7, 7);
		}
		add(METER_SECONDS + gap, 1, 1);
		reads(0, METER_SECONDS + gap + 1, METER_SECONDS);
		is(METER_SECONDS - 1, 1, 1);
		is(METER_SECONDS - 2, 0, 0);
		is(1, 0, 0);
		is(0, gap < METER_SECONDS ? 7 : 0, gap < METER_SECONDS ? 7 : 0);
	}
}
END_TEST

START_TEST(begins_at_zero)
{
	uint64_t next;

	meter_add(meter, 5, 6, SECOND / 2);
	ck_assert_uint_eq(meter_read(meter, 0, SECOND + 1, read_out, &next), 1);
	is(0, 5, 6);
	ck_assert_uint_eq(next, 1);
}
END_TEST

START_TEST(rates_are_averages_of_what_is_over)
{
	struct meter_count rate;

	add(0, 300, 30);
	add(1, 600, 60);
	add(2, 1, 1);
	meter_rate(meter, 2, (START + 2) * SECOND, &rate);
	ck_assert_uint_eq(rate.sent, 450);
	ck_assert_uint_eq(rate.received, 45);
	meter_rate(meter, 3, (START + 2) * SECOND, &rate);
	ck_assert_uint_eq(rate.sent, 300);
	meter_rate(meter, 1, (START + 4) * SECOND, &rate);
	ck_assert_uint_eq(rate.sent, 0);
	meter_rate(meter, 3, SECOND, &rate);
	ck_assert_uint_eq(rate.sent, 0);
}
END_TEST

START_TEST(time_that_stands_still_is_no_harm)
{
	add(5, 1, 1);
	add(3, 1, 1);
	reads(5, 6, 1);
	is(0, 2, 2);
}
END_TEST

START_TEST(without_memory_there_is_none)
{
	failalloc_after(1);
	ck_assert_ptr_null(meter_new());
	ck_assert(failalloc_hit());
	failalloc_off();
	meter_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("common/meter");
	TCase *tcase = tcase_create("meter");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, counts_by_second);
	tcase_add_test(tcase, the_second_under_way_is_not_read);
	tcase_add_test(tcase, a_reader_from_the_future_gets_nothing);
	tcase_add_test(tcase, all_seconds_are_kept_and_no_more);
	tcase_add_test(tcase, a_long_silence_clears_the_ring);
	tcase_add_test(tcase, begins_at_zero);
	tcase_add_test(tcase, rates_are_averages_of_what_is_over);
	tcase_add_test(tcase, time_that_stands_still_is_no_harm);
	tcase_add_test(tcase, without_memory_there_is_none);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
