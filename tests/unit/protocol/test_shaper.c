/* SPDX-License-Identifier: ISC */
/* One rate for many, on a clock that only the test moves. */
#include "protocol/shaper.h"

#include "protocol/limits.h"
#include "tests/support/unit.h"

#define SEC LIMITS_SEC
#define MSEC LIMITS_MSEC

/* Most that one piece is. */
#define PIECE UINT64_C(16384)

static struct shaper shaper;
static struct shaper_flow flows[8];
static uint64_t now;

/* Begin at rate bytes a second, count flows having nothing paid. */
static void
start(uint64_t rate, uint64_t burst, size_t count)
{
	now = SEC;
	shaper_init(&shaper, rate, burst, now);
	for (size_t i = 0; i < count; i++) {
		shaper_join(&shaper, &flows[i], 0);
	}
}

/* Whose way was paid wants that much more, unless it is 0. */
static uint64_t ahead[8];

static void
go_on(struct shaper_flow *flow)
{
	const uint64_t more = ahead[flow - flows];

	if (more > 0) {
		shaper_reach(flow, shaper_paid(flow) + more);
	}
}

/* Let time pass; who wants something goes on wanting. */
static void
run(uint64_t ns)
{
	const uint64_t end = now + ns;

	while (true) {
		struct shaper_flow *flow = shaper_next(&shaper, now);
		uint64_t wait;

		if (flow != NULL) {
			go_on(flow);
			continue;
		}
		wait = shaper_wait(&shaper, now);
		if (wait == SHAPER_NEVER || wait > end - now) {
			now = end;
			return;
		}
		/* Not a nanosecond too early, and not in vain. */
		if (wait == 0 || shaper_next(&shaper, now + wait - 1) != NULL) {
			ck_abort_msg("the wait is wrong");
		}
		now += wait;
	}
}

static void
want(size_t i, uint64_t bytes)
{
	ahead[i] = bytes;
	shaper_reach(&flows[i], shaper_paid(&flows[i]) + bytes);
}

START_TEST(the_rate_is_kept)
{
	static const uint64_t rates[] = { 1000, 8000, 125000, 1250000,
		125000000, 1250000000 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		const uint64_t burst = shaper_burst(rates[i]);
		const uint64_t total = 2 * rates[i] + burst;

		start(rates[i], burst, 1);
		want(0, 1000000);
		run(2 * SEC);
		ck_assert_uint_le(shaper_paid(&flows[0]), total);
		ck_assert_uint_ge(shaper_paid(&flows[0]) + PIECE, total);
	}
}
END_TEST

START_TEST(a_pause_allows_one_burst)
{
	start(100000, 50000, 1);
	want(0, 1000000);
	run(0);
	ck_assert_uint_ge(shaper_paid(&flows[0]) + 2048, 50000);
	ck_assert_uint_le(shaper_paid(&flows[0]), 50000);
	want(0, 0);
	run(3600 * SEC);
	shaper_join(&shaper, &flows[0], 0);
	want(0, 1000000);
	run(SEC);
	ck_assert_uint_le(shaper_paid(&flows[0]), 150000);
	ck_assert_uint_ge(shaper_paid(&flows[0]) + 2048, 150000);
}
END_TEST

/* However much they ask for. */
START_TEST(shares_are_equal)
{
	start(1000000, 16384, 7);
	for (size_t i = 0; i < 7; i++) {
		want(i, 20000 + i * 3000000);
	}
	run(70 * SEC);
	for (size_t i = 0; i < 7; i++) {
		ck_assert_uint_le(shaper_paid(&flows[i]), 10100000);
		ck_assert_uint_ge(shaper_paid(&flows[i]), 9900000);
	}
}
END_TEST

/* A keystroke waits for the piece under way and no longer. */
START_TEST(who_wants_little_goes_first)
{
	uint64_t began;

	start(125000, 16384, 8);
	for (size_t i = 1; i < 8; i++) {
		want(i, 1000000);
	}
	run(5 * SEC);
	ahead[0] = 0;
	for (int i = 0; i < 20; i++) {
		shaper_reach(&flows[0], shaper_paid(&flows[0]) + 100);
		began = shaper_paid(&flows[0]);
		run(17 * MSEC);
		ck_assert_uint_eq(shaper_paid(&flows[0]), began + 100);
		run(500 * MSEC);
	}
}
END_TEST

/* Who asked, was given it and never used it costs that, and once. */
START_TEST(who_rests_is_no_burden)
{
	start(1000000, 16384, 8);
	for (size_t i = 0; i < 7; i++) {
		ahead[i] = 0;
		shaper_reach(&flows[i], 16384);
	}
	want(7, 1000000);
	run(10 * SEC);
	ck_assert_uint_ge(
	    shaper_paid(&flows[7]), 10000000 - UINT64_C(7) * 16384 - 16384);
	for (size_t i = 0; i < 7; i++) {
		ck_assert_uint_eq(shaper_paid(&flows[i]), 16384);
	}
}
END_TEST

START_TEST(who_leaves_waits_no_more)
{
	start(1000, 0, 2);
	want(0, 1000000);
	want(1, 1000000);
	run(10 * SEC);
	shaper_leave(&flows[0]);
	shaper_leave(&flows[1]);
	ck_assert_uint_eq(shaper_wait(&shaper, now), SHAPER_NEVER);
	ck_assert_ptr_null(shaper_next(&shaper, now));
	/* And may come back, from somewhere else. */
	shaper_join(&shaper, &flows[0], 5000000);
	want(0, 3000);
	run(4 * SEC);
	ck_assert_uint_ge(shaper_paid(&flows[0]), 5003000);
}
END_TEST

START_TEST(a_new_rate_counts_at_once)
{
	uint64_t before;

	start(10000000, 2500000, 1);
	want(0, 16000000);
	run(5 * SEC);
	/* What is in the bucket is cut to the new burst. */
	before = shaper_paid(&flows[0]);
	shaper_set(&shaper, 100000, 16384, now);
	run(10 * SEC);
	ck_assert_uint_le(shaper_paid(&flows[0]), before + 1016384);
	ck_assert_uint_ge(shaper_paid(&flows[0]), before + 980000);
	/* Who waits for the slow one does not wait it out. */
	before = shaper_paid(&flows[0]);
	shaper_set(&shaper, 10000000, 2500000, now);
	run(SEC);
	ck_assert_uint_ge(shaper_paid(&flows[0]), before + 9900000);
}
END_TEST

START_TEST(at_no_rate_nothing_flows)
{
	start(0, 0, 1);
	want(0, 1000000);
	run(3600 * SEC);
	ck_assert_uint_le(shaper_paid(&flows[0]), 2048);
	ck_assert_uint_eq(shaper_wait(&shaper, now), SHAPER_NEVER);
}
END_TEST

/* To want less than what is paid is to want nothing. */
START_TEST(the_paid_is_not_taken_back)
{
	start(1000000, 0, 1);
	want(0, 50000);
	run(SEC);
	ck_assert_uint_gt(shaper_paid(&flows[0]), 900000);
	shaper_reach(&flows[0], 10);
	ck_assert_uint_eq(shaper_wait(&shaper, now), SHAPER_NEVER);
	ck_assert_uint_gt(shaper_paid(&flows[0]), 900000);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("shaper");
	TCase *tcase = tcase_create("shaper");

	tcase_add_test(tcase, the_rate_is_kept);
	tcase_add_test(tcase, a_pause_allows_one_burst);
	tcase_add_test(tcase, shares_are_equal);
	tcase_add_test(tcase, who_wants_little_goes_first);
	tcase_add_test(tcase, who_rests_is_no_burden);
	tcase_add_test(tcase, who_leaves_waits_no_more);
	tcase_add_test(tcase, a_new_rate_counts_at_once);
	tcase_add_test(tcase, at_no_rate_nothing_flows);
	tcase_add_test(tcase, the_paid_is_not_taken_back);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
