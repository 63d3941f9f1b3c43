/* SPDX-License-Identifier: ISC */
#include "protocol/credit.h"

#include <string.h>

#include "common/mem.h"
#include "protocol/limits.h"
#include "tests/support/unit.h"

#define FRAME 16432
#define MSEC LIMITS_MSEC

/* What frames that wait are charged on top. */
#define OVERHEAD(frames) ((uint64_t)(frames)*LIMITS_QUEUE_OVERHEAD)

/* A frame went out, and nothing has to be paid for. */
static bool
drain(struct credit *credit, size_t n, bool empty, uint64_t rtt_ns,
    uint64_t now_ns)
{
	credit_drained(credit, n, empty, rtt_ns, now_ns);
	return credit_raise(credit, UINT64_MAX);
}

START_TEST(starts_with_what_it_is_given)
{
	struct credit credit;

	ck_assert_int_eq(credit_init(&credit, NULL, 1000, 5), 0);
	ck_assert_uint_eq(credit_granted(&credit), 1000);
	ck_assert_uint_eq(credit_held(&credit), 0);
	credit_end(&credit);
}
END_TEST

START_TEST(a_frame_may_begin_below_the_grant)
{
	struct credit credit;

	ck_assert_int_eq(credit_init(&credit, NULL, 1000, 0), 0);
	ck_assert_int_eq(credit_received(&credit, 999), 0);
	ck_assert_int_eq(credit_received(&credit, FRAME), 0);
	ck_assert_uint_eq(credit_held(&credit), 999 + FRAME + OVERHEAD(2));
	ck_assert_int_eq(credit_received(&credit, 1), -1);
	ck_assert_uint_eq(credit_held(&credit), 999 + FRAME + OVERHEAD(2));
}
END_TEST

START_TEST(the_grant_never_falls)
{
	struct credit credit;
	uint64_t granted = LIMITS_CREDIT_START;
	uint64_t now = 0;

	ck_assert_int_eq(credit_init(&credit, NULL, LIMITS_CREDIT_START, 0), 0);
	/* Fast first, then ever slower. */
	for (uint64_t i = 1; i < 1000; i++) {
		now += i * MSEC / 10;
		if (credit_received(&credit, FRAME) == 0) {
			(void)drain(&credit, FRAME, true, 10 * MSEC, now);
		}
		ck_assert_uint_ge(credit_granted(&credit), granted);
		granted = credit_granted(&credit);
	}
	ck_assert_uint_ge(
	    credit_granted(&credit), credit.drained + LIMITS_CREDIT_MIN / 2);
}
END_TEST

START_TEST(small_rises_are_not_told)
{
	struct credit credit;
	uint64_t told = LIMITS_CREDIT_START;

	ck_assert_int_eq(credit_init(&credit, NULL, LIMITS_CREDIT_START, 0), 0);
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(credit_received(&credit, 1000), 0);
		if (drain(&credit, 1000, true, 0, 0)) {
			ck_assert_uint_ge(credit_granted(&credit),
			    told + LIMITS_CREDIT_START / 8);
			told = credit_granted(&credit);
		}
		ck_assert_uint_eq(credit_granted(&credit), told);
	}
	ck_assert_uint_gt(told, LIMITS_CREDIT_START);
}
END_TEST

/* Pauses in which nobody wanted to send do not lower the allowance. */
START_TEST(a_pause_is_no_rate)
{
	struct credit credit;
	uint64_t before;

	ck_assert_int_eq(credit_init(&credit, NULL, LIMITS_CREDIT_START, 0), 0);
	before = credit.allowance;
	ck_assert_int_eq(credit_received(&credit, 100), 0);
	(void)drain(&credit, 100, true, MSEC, 3600 * LIMITS_SEC);
	ck_assert_uint_eq(credit.allowance, before);
	/* But what takes long to drain is slow. */
	ck_assert_int_eq(credit_received(&credit, 200), 0);
	(void)drain(&credit, 100, false, MSEC, 3600 * LIMITS_SEC);
	(void)drain(&credit, 100, true, MSEC, 3601 * LIMITS_SEC);
	ck_assert_uint_eq(credit.allowance, LIMITS_CREDIT_MIN);
}
END_TEST

START_TEST(pools_are_charged_with_promises)
{
	struct credit_pool worker = { .max = 1000000 };
	struct credit_pool account = { .max = 100000, .parent = &worker };
	struct credit a;
	struct credit b;

	ck_assert_int_eq(credit_init(&a, &account, 60000, 0), 0);
	ck_assert_uint_eq(account.promised, 60000);
	ck_assert_uint_eq(worker.promised, 60000);
	ck_assert_int_eq(credit_init(&b, &account, 60000, 0), -1);
	ck_assert_uint_eq(credit_granted(&b), 0);
	credit_end(&b);
	ck_assert_uint_eq(account.promised, 60000);
	/* Over its grant by most of a frame: never below nothing. */
	ck_assert_int_eq(credit_received(&a, 59999), 0);
	ck_assert_int_eq(credit_received(&a, FRAME), 0);
	ck_assert_uint_eq(account.promised, 60000 + OVERHEAD(2));
	ck_assert_uint_eq(worker.promised, 60000 + OVERHEAD(2));
	(void)drain(&a, 59999, false, 0, 1);
	(void)drain(&a, FRAME, true, 0, 1);
	ck_assert_uint_eq(account.promised, worker.promised);
	ck_assert_uint_eq(account.promised, a.granted - a.drained);
	credit_end(&a);
	ck_assert_uint_eq(account.promised, 0);
	ck_assert_uint_eq(worker.promised, 0);
}
END_TEST

/* A full pool slows everyone down to the least, but stops nobody. */
/* What is queued stays charged until it is drained, and nothing else. */
START_TEST(a_closed_credit_drains)
{
	struct credit_pool pool = { .max = 1000000 };
	struct credit credit;

	ck_assert_int_eq(credit_init(&credit, &pool, 60000, 0), 0);
	ck_assert_int_eq(credit_received(&credit, FRAME), 0);
	ck_assert_int_eq(credit_received(&credit, FRAME), 0);
	credit_close(&credit);
	ck_assert_uint_eq(pool.promised, 2 * FRAME + OVERHEAD(2));
	ck_assert_int_eq(credit_received(&credit, 1), -1);
	ck_assert(!drain(&credit, FRAME, false, 0, LIMITS_SEC));
	ck_assert_uint_eq(pool.promised, FRAME + OVERHEAD(1));
	ck_assert(!drain(&credit, FRAME, true, 0, 2 * LIMITS_SEC));
	ck_assert_uint_eq(pool.promised, 0);
	ck_assert_uint_eq(credit_granted(&credit), 2 * FRAME);
	credit_end(&credit);
	/* Over its grant by most of a frame, and then dropped. */
	ck_assert_int_eq(credit_init(&credit, &pool, 1000, 0), 0);
	ck_assert_int_eq(credit_received(&credit, FRAME), 0);
	credit_close(&credit);
	ck_assert_uint_eq(pool.promised, FRAME + OVERHEAD(1));
	credit_end(&credit);
	ck_assert_uint_eq(pool.promised, 0);
	ck_assert_uint_eq(credit_held(&credit), 0);
}
END_TEST

/* Frames that are short cost more than their bytes, and use up the pool. */
START_TEST(short_frames_are_charged)
{
	struct credit_pool pool = { .max = 100000 };
	struct credit credit;
	uint64_t now = 1;

	ck_assert_int_eq(credit_init(&credit, &pool, 48000, 0), 0);
	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq(credit_received(&credit, 48), 0);
	}
	ck_assert_uint_eq(credit_held(&credit), 48000 + OVERHEAD(1000));
	ck_assert_uint_eq(pool.promised, 48000 + OVERHEAD(1000));
	ck_assert_uint_gt(pool.promised, pool.max);
	/* The pool has no room: the least is granted. */
	for (int i = 0; i < 10; i++) {
		(void)drain(&credit, 48, false, 0, now);
	}
	ck_assert_uint_le(credit_granted(&credit), 48000);
	for (int i = 10; i < 1000; i++) {
		(void)drain(&credit, 48, i == 999, 0, now);
		ck_assert_uint_le(pool.promised, 48000 + OVERHEAD(1000));
	}
	ck_assert_uint_gt(credit_granted(&credit), 48000);
	credit_end(&credit);
	ck_assert_uint_eq(pool.promised, 0);
}
END_TEST

START_TEST(a_full_pool_starves_nobody)
{
	struct credit_pool pool = { .max = 2 * 65536 };
	struct credit credit[2];
	uint64_t now = 0;

	ck_assert_int_eq(credit_init(&credit[0], &pool, 65536, 0), 0);
	ck_assert_int_eq(credit_init(&credit[1], &pool, 65536, 0), 0);
	for (int i = 0; i < 10000; i++) {
		struct credit *c = &credit[i % 3 == 0];

		now += MSEC / 10;
		if (credit_received(c, FRAME) == 0) {
			(void)drain(c, FRAME, true, 50 * MSEC, now);
		}
		ck_assert_uint_le(
		    pool.promised, pool.max + 2 * LIMITS_CREDIT_MIN);
	}
	ck_assert_uint_gt(credit[0].drained, 10 * pool.max);
	ck_assert_uint_gt(credit[1].drained, 10 * pool.max);
	credit_end(&credit[0]);
	credit_end(&credit[1]);
	ck_assert_uint_eq(pool.promised, 0);
}
END_TEST

/* --- a rate that is shared ----------------------------------------------- */

/* What came on the first credit waits until it is paid for, and no more. */
START_TEST(the_start_is_paid_for_as_it_is_used)
{
	struct credit credit;

	ck_assert_int_eq(credit_init(&credit, NULL, LIMITS_CREDIT_START, 0), 0);
	credit_shape(&credit, true);
	ck_assert_uint_eq(credit_reach(&credit), 0);
	ck_assert_int_eq(credit_received(&credit, 100), 0);
	ck_assert_uint_eq(credit_reach(&credit), 100);
	ck_assert(!credit_is_paid(&credit, 0));
	/* A frame may go when its first byte is paid for. */
	ck_assert(credit_is_paid(&credit, 1));
	credit_drained(&credit, 100, true, 0, 0);
	ck_assert(!credit_is_paid(&credit, 100));
	ck_assert_uint_eq(credit_reach(&credit), 100);
	/* Whoever goes on is let do more. */
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(credit_received(&credit, FRAME), 0);
		credit_drained(&credit, FRAME, true, 0, 0);
	}
	ck_assert_int_eq(credit_received(&credit, FRAME), 0);
	ck_assert_uint_eq(credit_reach(&credit), 100 + 4 * FRAME);
	credit_drained(&credit, FRAME, true, 0, 0);
	ck_assert_uint_eq(
	    credit_reach(&credit), 100 + 4 * FRAME + LIMITS_CREDIT_MIN);
	credit_end(&credit);
}
END_TEST

START_TEST(no_more_is_granted_than_is_paid)
{
	struct credit credit;
	const uint64_t offset = 1000000;

	ck_assert_int_eq(credit_init(&credit, NULL, offset, 0), 0);
	credit_shape(&credit, true);
	ck_assert_int_eq(credit_received(&credit, offset), 0);
	credit_drained(&credit, offset, true, 0, 0);
	ck_assert(!credit_raise(&credit, 0));
	ck_assert(!credit_raise(&credit, offset));
	/* Not worth telling. */
	ck_assert(!credit_raise(&credit, offset + 100));
	ck_assert_uint_eq(credit_granted(&credit), offset);
	ck_assert(credit_raise(&credit, offset + LIMITS_CREDIT_MIN / 32));
	ck_assert_uint_eq(
	    credit_granted(&credit), offset + LIMITS_CREDIT_MIN / 32);
	ck_assert(credit_raise(&credit, UINT64_MAX));
	ck_assert_uint_eq(credit_granted(&credit), offset + LIMITS_CREDIT_MIN);
	credit_close(&credit);
	ck_assert(!credit_raise(&credit, UINT64_MAX));
	ck_assert_uint_eq(credit_reach(&credit), offset);
	credit_end(&credit);
}
END_TEST

/* --- a sender, a relay and a slower receiver, in steps of a tenth of a ms --
 */

#define STEP (MSEC / 10)
#define DELAY_MAX 4096

struct path {
	struct credit credit;
	uint64_t rtt;
	uint64_t rate;               /* of the receiver, bytes a second */
	uint64_t line;               /* of the sender, likewise */
	uint64_t forward[DELAY_MAX]; /* frames on their way, by time */
	uint64_t back[DELAY_MAX];    /* offsets on their way, by time */
	uint64_t may_send;
	uint64_t sent;
	double sender_budget;
	double drain_budget;
	uint64_t queue_max;
};

static void
path_init(struct path *path, uint64_t rtt, uint64_t rate)
{
	memset(path, 0, sizeof(*path));
	path->rtt = rtt;
	path->rate = rate;
	path->line = 125000000;
	path->may_send = LIMITS_CREDIT_START;
	ck_assert_int_eq(
	    credit_init(&path->credit, NULL, LIMITS_CREDIT_START, 0), 0);
}

static void
path_send(struct path *path, size_t slot)
{
	path->sender_budget += (double)path->line * STEP / LIMITS_SEC;
	while (path->sender_budget >= FRAME && path->sent < path->may_send) {
		path->sender_budget -= FRAME;
		path->sent += FRAME;
		path->forward[slot]++;
	}
	if (path->sender_budget > FRAME) {
		path->sender_budget = FRAME;
	}
}

/* Return how many bytes of frames wait. */
static uint64_t
path_queued(const struct path *path)
{
	return path->credit.received - path->credit.drained;
}

static void
path_drain(struct path *path, size_t slot, uint64_t now)
{
	path->drain_budget += (double)path->rate * STEP / LIMITS_SEC;
	while (path->drain_budget >= FRAME && path_queued(path) >= FRAME) {
		bool empty = path_queued(path) == FRAME;

		path->drain_budget -= FRAME;
		if (drain(&path->credit, FRAME, empty, path->rtt, now)) {
			path->back[slot] = credit_granted(&path->credit);
		}
	}
	if (path->drain_budget > FRAME) {
		path->drain_budget = FRAME;
	}
}

/* Run from time from to time to; return the bytes drained in between. */
static uint64_t
path_run(struct path *path, uint64_t from, uint64_t to)
{
	uint64_t before = path->credit.drained;
	size_t half = path->rtt / 2 / STEP;

	path->queue_max = 0;
	for (uint64_t now = from; now < to; now += STEP) {
		size_t slot = (now / STEP) % DELAY_MAX;
		size_t due = (now / STEP + DELAY_MAX - half) % DELAY_MAX;

		for (; path->forward[due] > 0; path->forward[due]--) {
			ck_assert_int_eq(
			    credit_received(&path->credit, FRAME), 0);
		}
		if (path->back[due] > 0) {
			path->may_send = path->back[due];
			path->back[due] = 0;
		}
		path_send(path, slot);
		path_drain(path, slot, now);
		if (path_queued(path) > path->queue_max) {
			path->queue_max = path_queued(path);
		}
	}
	return path->credit.drained - before;
}

/* PROTOCOL.md section 6: a long fat path is filled. */
START_TEST(a_long_fat_path_is_filled)
{
	struct path *path = mem_new(1, sizeof(*path));
	uint64_t drained;

	ck_assert_ptr_nonnull(path);
	path_init(path, 100 * MSEC, 125000000);
	(void)path_run(path, 0, 2 * LIMITS_SEC);
	drained = path_run(path, 2 * LIMITS_SEC, 4 * LIMITS_SEC);
	ck_assert_uint_ge(drained, 2 * 125000000 * UINT64_C(9) / 10);
	mem_free(path);
}
END_TEST

/* And in front of a slow receiver the queue stays short. */
START_TEST(a_slow_receiver_has_a_short_queue)
{
	struct path *path = mem_new(1, sizeof(*path));
	uint64_t drained;

	ck_assert_ptr_nonnull(path);
	path_init(path, 20 * MSEC, 1250000);
	(void)path_run(path, 0, 2 * LIMITS_SEC);
	drained = path_run(path, 2 * LIMITS_SEC, 6 * LIMITS_SEC);
	ck_assert_uint_ge(drained, 4 * 1250000 * UINT64_C(95) / 100);
	/* 60 ms of it, with the frame that is being sent. */
	ck_assert_uint_le(path->queue_max, 1250000 * 60 / 1000 + FRAME);
	mem_free(path);
}
END_TEST

/* A receiver that slows down tenfold gets a short queue soon. */
START_TEST(the_credit_follows_the_receiver)
{
	struct path *path = mem_new(1, sizeof(*path));

	ck_assert_ptr_nonnull(path);
	path_init(path, 20 * MSEC, 12500000);
	(void)path_run(path, 0, 2 * LIMITS_SEC);
	path->rate = 1250000;
	(void)path_run(path, 2 * LIMITS_SEC, 4 * LIMITS_SEC);
	(void)path_run(path, 4 * LIMITS_SEC, 6 * LIMITS_SEC);
	ck_assert_uint_le(path->queue_max, 1250000 * 60 / 1000 + FRAME);
	mem_free(path);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("credit");
	TCase *tcase = tcase_create("credit");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, starts_with_what_it_is_given);
	tcase_add_test(tcase, a_frame_may_begin_below_the_grant);
	tcase_add_test(tcase, the_grant_never_falls);
	tcase_add_test(tcase, small_rises_are_not_told);
	tcase_add_test(tcase, a_pause_is_no_rate);
	tcase_add_test(tcase, pools_are_charged_with_promises);
	tcase_add_test(tcase, a_closed_credit_drains);
	tcase_add_test(tcase, short_frames_are_charged);
	tcase_add_test(tcase, a_full_pool_starves_nobody);
	tcase_add_test(tcase, the_start_is_paid_for_as_it_is_used);
	tcase_add_test(tcase, no_more_is_granted_than_is_paid);
	tcase_add_test(tcase, a_long_fat_path_is_filled);
	tcase_add_test(tcase, a_slow_receiver_has_a_short_queue);
	tcase_add_test(tcase, the_credit_follows_the_receiver);
	return unit_main(suite);
}
