/* SPDX-License-Identifier: ISC */
/* What passes is counted, and paid for from the loop. */
#include "relay/toll.h"

#include <string.h>

#include "common/loop.h"
#include "protocol/limits.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

/* So slow that no test lives to see a byte of it, but the burst. */
#define CRAWL 1
#define BURST 20000

struct owner {
	struct toll_gate gate;
	uint64_t promised;
	int asked; /* what was promised */
	int told;
};

static struct loop *loop;
static struct toll *toll;
static struct owner owners[3];
static uint64_t moved;

static uint64_t
on_promised(void *arg)
{
	struct owner *owner = arg;

	owner->asked++;
	return owner->promised;
}

static void
on_paid(void *arg)
{
	struct owner *owner = arg;

	owner->told++;
}

static const struct toll_ops ops = { on_promised, on_paid };

static void
on_moved(void *arg, uint64_t n)
{
	ck_assert_ptr_eq(arg, owners);
	moved += n;
}

static void
setup(void)
{
	memset(owners, 0, sizeof(owners));
	moved = 0;
	loop = loop_new();
	ck_assert_ptr_nonnull(loop);
	toll = toll_new(loop, on_moved, owners);
	ck_assert_ptr_nonnull(toll);
}

static void
teardown(void)
{
	for (size_t i = 0; i < 3; i++) {
		toll_leave(&owners[i].gate);
	}
	toll_free(toll);
	loop_free(loop);
}

static void
enter(size_t i)
{
	toll_enter(toll, &owners[i].gate, &ops, &owners[i]);
}

static void
settle(void)
{
	for (int i = 0; i < 50; i++) {
		loop_poll(loop);
	}
}

START_TEST(an_open_gate_only_counts)
{
	enter(0);
	ck_assert(!toll_is_limited(&owners[0].gate));
	ck_assert_uint_eq(toll_reach(&owners[0].gate, 100), TOLL_PAID_ALL);
	ck_assert_uint_eq(toll_paid(&owners[0].gate), TOLL_PAID_ALL);
	toll_count(&owners[0].gate, 30);
	toll_count(&owners[0].gate, 12);
	ck_assert_uint_eq(moved, 42);
	settle();
	ck_assert_int_eq(owners[0].told, 0);
}
END_TEST

START_TEST(a_gate_may_be_in_none)
{
	toll_enter(NULL, &owners[0].gate, &ops, &owners[0]);
	ck_assert_uint_eq(toll_reach(&owners[0].gate, 100), TOLL_PAID_ALL);
	toll_count(&owners[0].gate, 30);
	ck_assert_uint_eq(moved, 0);
	toll_leave(&owners[0].gate);
}
END_TEST

/* Never from inside a call of the owner. */
START_TEST(gates_are_paid_by_the_loop)
{
	toll_set(toll, CRAWL, BURST);
	enter(0);
	ck_assert_uint_eq(toll_reach(&owners[0].gate, 1000000), 0);
	ck_assert_int_eq(owners[0].told, 0);
	settle();
	ck_assert_int_gt(owners[0].told, 0);
	ck_assert_uint_le(toll_paid(&owners[0].gate), BURST);
	ck_assert_uint_ge(toll_paid(&owners[0].gate), BURST - 2048);
	ck_assert_int_eq(owners[0].asked, 0);
}
END_TEST

static bool
is_paid(void *arg)
{
	const struct owner *owner = arg;

	return toll_paid(&owner->gate) >= 3000000;
}

START_TEST(time_pays)
{
	toll_set(toll, 20000000, BURST);
	enter(0);
	(void)toll_reach(&owners[0].gate, 3000000);
	ck_assert(await(loop, is_paid, &owners[0]));
	/* In more than one round. */
	ck_assert_int_gt(owners[0].told, 10);
}
END_TEST

/* What was promised before is nobody's debt. */
START_TEST(a_rate_begins)
{
	enter(0);
	owners[0].promised = 5000;
	toll_set(toll, CRAWL, BURST);
	ck_assert_int_eq(owners[0].asked, 1);
	ck_assert_int_eq(owners[0].told, 1);
	ck_assert_uint_eq(toll_paid(&owners[0].gate), 5000);
	(void)toll_reach(&owners[0].gate, 5000);
	settle();
	ck_assert_int_eq(owners[0].told, 1);
	/* The same again is nothing new. */
	toll_set(toll, CRAWL, BURST);
	ck_assert_int_eq(owners[0].told, 1);
}
END_TEST

START_TEST(a_rate_ends)
{
	toll_set(toll, CRAWL, BURST);
	enter(0);
	enter(1);
	(void)toll_reach(&owners[0].gate, 1000000);
	settle();
	owners[0].told = 0;
	toll_set(toll, TOLL_OPEN, 0);
	ck_assert_int_eq(owners[0].told, 1);
	ck_assert_int_eq(owners[1].told, 1);
	ck_assert_uint_eq(toll_paid(&owners[0].gate), TOLL_PAID_ALL);
	settle();
	ck_assert_int_eq(owners[0].told, 1);
	/* And another one begins, with nobody in its line. */
	owners[0].promised = 7;
	toll_set(toll, CRAWL, BURST);
	ck_assert_uint_eq(toll_paid(&owners[0].gate), 7);
}
END_TEST

START_TEST(a_rate_changes_for_who_waits)
{
	toll_set(toll, CRAWL, BURST);
	enter(0);
	(void)toll_reach(&owners[0].gate, 3000000);
	settle();
	toll_set(toll, 1000000000, BURST);
	ck_assert_int_eq(owners[0].asked, 0);
	ck_assert(await(loop, is_paid, &owners[0]));
}
END_TEST

START_TEST(who_left_is_told_nothing)
{
	toll_set(toll, CRAWL, 3 * BURST);
	for (size_t i = 0; i < 3; i++) {
		enter(i);
		(void)toll_reach(&owners[i].gate, 1000000);
	}
	toll_leave(&owners[1].gate);
	toll_leave(&owners[1].gate);
	settle();
	ck_assert_int_gt(owners[0].told, 0);
	ck_assert_int_eq(owners[1].told, 0);
	ck_assert_int_gt(owners[2].told, 0);
	toll_set(toll, TOLL_OPEN, 0);
	ck_assert_int_eq(owners[1].told, 0);
}
END_TEST

START_TEST(no_memory_no_toll)
{
	struct toll *other;

	failalloc_after(1);
	other = toll_new(loop, NULL, NULL);
	failalloc_off();
	ck_assert(failalloc_hit());
	ck_assert_ptr_null(other);
	toll_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("toll");
	TCase *tcase = tcase_create("toll");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, an_open_gate_only_counts);
	tcase_add_test(tcase, a_gate_may_be_in_none);
	tcase_add_test(tcase, gates_are_paid_by_the_loop);
	tcase_add_test(tcase, time_pays);
	tcase_add_test(tcase, a_rate_begins);
	tcase_add_test(tcase, a_rate_ends);
	tcase_add_test(tcase, a_rate_changes_for_who_waits);
	tcase_add_test(tcase, who_left_is_told_nothing);
	tcase_add_test(tcase, no_memory_no_toll);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
