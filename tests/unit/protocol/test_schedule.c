/* SPDX-License-Identifier: ISC */
#include "protocol/schedule.h"

#include <string.h>

#include "tests/support/unit.h"

#define FLOWS 8
#define FRAME ((size_t)SCHEDULE_SHARE)

/* Two groups; flows 0 to 3 are of the first one, 4 to 7 of the second. */
static struct schedule schedule;
static struct schedule_group groups[2];
static struct schedule_flow flows[FLOWS];
static size_t sent[FLOWS];

static void
setup(void)
{
	schedule_init(&schedule);
	schedule_group_init(&groups[0]);
	schedule_group_init(&groups[1]);
	for (size_t i = 0; i < FLOWS; i++) {
		schedule_flow_init(&flows[i], &groups[i / 4]);
		sent[i] = 0;
	}
}

/* Let whoever is next send cost bytes; return its number. */
static size_t
send_one(size_t cost)
{
	struct schedule_flow *flow = schedule_next(&schedule);
	size_t i;

	ck_assert_ptr_nonnull(flow);
	i = (size_t)(flow - flows);
	schedule_charge(&schedule, flow, cost);
	sent[i] += cost;
	return i;
}

/* Assert that a and b are within slack of each other. */
static void
assert_near(size_t a, size_t b, size_t slack)
{
	ck_assert_uint_le(a, b + slack);
	ck_assert_uint_le(b, a + slack);
}

START_TEST(nobody_is_next_when_empty)
{
	ck_assert_ptr_null(schedule_next(&schedule));
	schedule_remove(&schedule, &flows[0]);
	ck_assert_ptr_null(schedule_next(&schedule));
	ck_assert(!schedule_has(&flows[0]));
}
END_TEST

START_TEST(adding_twice_is_adding_once)
{
	schedule_add(&schedule, &flows[0]);
	schedule_add(&schedule, &flows[0]);
	ck_assert(schedule_has(&flows[0]));
	ck_assert_ptr_eq(schedule_next(&schedule), &flows[0]);
	schedule_remove(&schedule, &flows[0]);
	ck_assert(!schedule_has(&flows[0]));
	ck_assert_ptr_null(schedule_next(&schedule));
}
END_TEST

START_TEST(flows_of_a_group_share_equally)
{
	for (size_t i = 0; i < 4; i++) {
		schedule_add(&schedule, &flows[i]);
	}
	/* Each with frames of another size. */
	for (int n = 0; n < 10000; n++) {
		size_t i = (size_t)(schedule_next(&schedule) - flows);

		ck_assert_uint_eq(send_one(FRAME >> (2 * i)), i);
	}
	for (size_t i = 1; i < 4; i++) {
		assert_near(sent[0], sent[i], 2 * FRAME);
	}
}
END_TEST

START_TEST(groups_share_equally_whatever_their_number_of_flows)
{
	for (size_t i = 1; i < FLOWS; i++) {
		if (i < 4 || i == 7) {
			schedule_add(&schedule, &flows[i]);
		}
	}
	for (int n = 0; n < 3000; n++) {
		(void)send_one(n % 3 == 0 ? 100 : FRAME);
	}
	assert_near(sent[1] + sent[2] + sent[3], sent[7], 2 * FRAME);
	assert_near(sent[1], sent[2], 2 * FRAME);
	assert_near(sent[1], sent[3], 2 * FRAME);
}
END_TEST

START_TEST(a_newcomer_waits_for_one_frame)
{
	for (size_t i = 0; i < 3; i++) {
		schedule_add(&schedule, &flows[i]);
	}
	for (int n = 0; n < 100; n++) {
		(void)send_one(FRAME);
	}
	schedule_add(&schedule, &flows[3]);
	ck_assert_uint_eq(send_one(50), 3);
	/* And one of another group. */
	schedule_add(&schedule, &flows[4]);
	ck_assert_uint_eq(send_one(50), 4);
}
END_TEST

/* Who leaves and comes back after each frame gets its share, not more. */
START_TEST(coming_back_gains_nothing)
{
	schedule_add(&schedule, &flows[0]);
	schedule_add(&schedule, &flows[1]);
	schedule_add(&schedule, &flows[4]);
	for (int n = 0; n < 3000; n++) {
		schedule_remove(&schedule, &flows[0]);
		schedule_add(&schedule, &flows[0]);
		(void)send_one(n % 2 == 0 ? FRAME / 3 : FRAME);
	}
	assert_near(sent[0], sent[1], 2 * FRAME);
	assert_near(sent[0] + sent[1], sent[4], 2 * FRAME);
}
END_TEST

/* The same for a whole group, which leaves with its only flow. */
START_TEST(coming_back_as_a_group_gains_nothing)
{
	schedule_add(&schedule, &flows[0]);
	schedule_add(&schedule, &flows[4]);
	for (int n = 0; n < 3000; n++) {
		schedule_remove(&schedule, &flows[4]);
		schedule_add(&schedule, &flows[4]);
		(void)send_one(n % 2 == 0 ? FRAME / 3 : FRAME);
	}
	assert_near(sent[0], sent[4], 2 * FRAME);
}
END_TEST

START_TEST(a_flow_may_leave_before_it_is_charged)
{
	struct schedule_flow *flow;

	schedule_add(&schedule, &flows[0]);
	schedule_add(&schedule, &flows[1]);
	flow = schedule_next(&schedule);
	schedule_remove(&schedule, flow);
	schedule_charge(&schedule, flow, FRAME);
	ck_assert(!schedule_has(flow));
	ck_assert_ptr_ne(schedule_next(&schedule), flow);
	/* It used its share up, so it comes last. */
	schedule_add(&schedule, flow);
	ck_assert_ptr_ne(schedule_next(&schedule), flow);
	(void)send_one(FRAME);
	ck_assert_ptr_eq(schedule_next(&schedule), flow);
}
END_TEST

START_TEST(a_debt_is_paid)
{
	schedule_add(&schedule, &flows[1]);
	schedule_add(&schedule, &flows[0]);
	ck_assert_uint_eq(send_one(FRAME - 1), 0);
	/* One byte of its share is left; this is nearly all debt. */
	ck_assert_uint_eq(send_one(FRAME), 0);
	ck_assert_uint_eq(send_one(FRAME), 1);
	/* What is left of its share of this round. */
	ck_assert_uint_eq(send_one(1), 0);
	ck_assert_uint_eq(send_one(FRAME), 1);
}
END_TEST

/* No order of calls may lose a flow or serve one that does not wait. */
START_TEST(random_orders_keep_the_books)
{
	bool waits[FLOWS] = { false };
	uint32_t seed = 1;

	for (size_t n = 0; n < 200000; n += unit_stride(20)) {
		struct schedule_flow *flow;
		size_t i;
		bool any = false;

		seed = seed * UINT32_C(1664525) + UINT32_C(1013904223);
		i = (seed >> 24) % FLOWS;
		switch ((seed >> 16) % 4) {
		case 0:
			schedule_add(&schedule, &flows[i]);
			waits[i] = true;
			break;
		case 1:
			schedule_remove(&schedule, &flows[i]);
			waits[i] = false;
			break;
		default:
			flow = schedule_next(&schedule);
			if (flow != NULL) {
				ck_assert(waits[flow - flows]);
				(void)send_one((seed >> 8) % (FRAME + 1));
			}
			break;
		}
		for (i = 0; i < FLOWS; i++) {
			ck_assert(schedule_has(&flows[i]) == waits[i]);
			any = any || waits[i];
		}
		ck_assert(any == (schedule_next(&schedule) != NULL));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("schedule");
	TCase *tcase = tcase_create("schedule");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, nobody_is_next_when_empty);
	tcase_add_test(tcase, adding_twice_is_adding_once);
	tcase_add_test(tcase, flows_of_a_group_share_equally);
	tcase_add_test(
	    tcase, groups_share_equally_whatever_their_number_of_flows);
	tcase_add_test(tcase, a_newcomer_waits_for_one_frame);
	tcase_add_test(tcase, coming_back_gains_nothing);
	tcase_add_test(tcase, coming_back_as_a_group_gains_nothing);
	tcase_add_test(tcase, a_flow_may_leave_before_it_is_charged);
	tcase_add_test(tcase, a_debt_is_paid);
	tcase_add_test(tcase, random_orders_keep_the_books);
	return unit_main(suite);
}
