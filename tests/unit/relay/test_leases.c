/* SPDX-License-Identifier: ISC */
#include "relay/leases.h"

#include "common/loop.h"
#include "relay/toll.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

#define RATE 1000000

static struct loop *loop;
static struct leases *leases;

static void
setup(void)
{
	loop = loop_new();
	leases = leases_new(loop);
	ck_assert_ptr_nonnull(leases);
}

static void
teardown(void)
{
	leases_free(leases);
	loop_free(loop);
}

START_TEST(channels_of_a_share_have_one)
{
	struct lease *one = leases_get(leases, 1, RATE);
	struct lease *other = leases_get(leases, 2, RATE);

	ck_assert_ptr_eq(leases_get(leases, 1, RATE), one);
	ck_assert_ptr_ne(one, other);
	ck_assert_ptr_nonnull(leases_toll(one, TENANT_UP));
	ck_assert_ptr_ne(
	    leases_toll(one, TENANT_UP), leases_toll(one, TENANT_DOWN));
	ck_assert_ptr_ne(
	    leases_toll(one, TENANT_UP), leases_toll(other, TENANT_UP));
	ck_assert_ptr_null(leases_toll(NULL, TENANT_UP));
	/* It stays: who comes back has no other burst. */
	leases_put(one);
	leases_put(one);
	ck_assert_ptr_eq(leases_get(leases, 1, RATE), one);
	leases_put(one);
	leases_put(other);
	leases_put(NULL);
}
END_TEST

START_TEST(goes_with_its_share)
{
	struct lease *one = leases_get(leases, 1, RATE);
	struct lease *next;

	/* There still is a channel, which is about to end. */
	leases_end(leases, 1);
	ck_assert_ptr_nonnull(leases_toll(one, TENANT_DOWN));
	next = leases_get(leases, 1, RATE);
	ck_assert_ptr_ne(next, one);
	leases_put(one);
	leases_put(next);
	leases_end(leases, 1);
	leases_end(leases, 7);
}
END_TEST

static const struct toll_ops gate_ops = { NULL, NULL };

START_TEST(has_the_rate)
{
	struct lease *one = leases_get(leases, 1, RATE);
	struct toll_gate gate;

	toll_enter(leases_toll(one, TENANT_UP), &gate, &gate_ops, NULL);
	ck_assert(toll_is_limited(&gate));
	toll_leave(&gate);
	leases_put(one);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	struct lease *one = NULL;

	for (long n = 1; one == NULL; n++) {
		failalloc_after(n);
		one = leases_get(leases, 1, RATE);
		failalloc_off();
		ck_assert_int_lt(n, 20);
	}
	leases_put(one);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("leases");
	TCase *tcase = tcase_create("leases");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, channels_of_a_share_have_one);
	tcase_add_test(tcase, goes_with_its_share);
	tcase_add_test(tcase, has_the_rate);
	tcase_add_test(tcase, every_allocation_may_fail);
	return unit_main(suite);
}
