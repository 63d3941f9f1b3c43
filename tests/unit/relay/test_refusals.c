/* SPDX-License-Identifier: ISC */

#include "relay/refusals.h"

#include "common/addr.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static struct refusals *refusals;

static void
setup(void)
{
	refusals = refusals_new(3, 0);
	ck_assert_ptr_nonnull(refusals);
}

static void
teardown(void)
{
	refusals_free(refusals);
}

/* Return how long a stranger from ip waits who comes at now. */
static uint64_t
come(const char *ip, uint64_t now)
{
	struct addr addr;

	ck_assert_int_eq(addr_from_ip(&addr, ip, 1000), 0);
	return refusals_wait(refusals, &addr, now);
}

/* Use up what ip has at the time now. */
static void
exhaust(const char *ip, uint64_t now)
{
	for (int i = 0; i < REFUSALS_BURST; i++) {
		ck_assert_uint_eq(come(ip, now), REFUSALS_PAUSE);
	}
}

START_TEST(an_address_gets_so_many)
{
	const uint64_t most = REFUSALS_WAIT_MAX / LIMITS_SEC;

	exhaust("192.0.2.7", 0);
	for (uint64_t i = 1; i <= most; i++) {
		ck_assert_uint_eq(come("192.0.2.7", 0), i * LIMITS_SEC);
	}
	/* Those who get no answer take nothing from who comes later. */
	for (int i = 0; i < 1000; i++) {
		ck_assert_uint_eq(come("192.0.2.7", 0), REFUSALS_NEVER);
	}
	ck_assert_uint_eq(come("192.0.2.7", LIMITS_SEC), most * LIMITS_SEC);
	ck_assert_uint_eq(come("192.0.2.7", LIMITS_SEC), REFUSALS_NEVER);
	/* All is forgiven in time. */
	exhaust("192.0.2.7", 100 * LIMITS_SEC);
}
END_TEST

START_TEST(addresses_do_not_pay_for_others)
{
	exhaust("2001:db8:0:1::1", 0);
	ck_assert_uint_eq(come("2001:db8:0:1::2", 0), LIMITS_SEC);
	exhaust("2001:db8:0:2::1", 0);
	exhaust("192.0.2.7", 0);
	ck_assert_uint_eq(come("::ffff:192.0.2.7", 0), LIMITS_SEC);
}
END_TEST

START_TEST(the_least_recent_is_forgotten)
{
	exhaust("192.0.2.1", 0);
	exhaust("192.0.2.2", 0);
	exhaust("192.0.2.3", 0);
	ck_assert_uint_eq(come("192.0.2.1", 0), LIMITS_SEC);
	exhaust("192.0.2.4", 0);
	ck_assert_uint_eq(come("192.0.2.1", 0), 2 * LIMITS_SEC);
	ck_assert_uint_eq(come("192.0.2.3", 0), LIMITS_SEC);
	ck_assert_uint_eq(come("192.0.2.2", 0), REFUSALS_PAUSE);
}
END_TEST

START_TEST(the_log_is_not_flooded)
{
	uint64_t missed = 99;

	for (int i = 0; i < REFUSALS_LOG_BURST; i++) {
		ck_assert(refusals_log(refusals, 0, &missed));
		ck_assert_uint_eq(missed, 0);
	}
	for (int i = 0; i < 1000; i++) {
		ck_assert(!refusals_log(refusals, 0, &missed));
	}
	ck_assert(refusals_log(refusals, LIMITS_SEC, &missed));
	ck_assert_uint_eq(missed, 1000);
	ck_assert(!refusals_log(refusals, LIMITS_SEC, &missed));
	ck_assert(refusals_log(refusals, 2 * LIMITS_SEC, &missed));
	ck_assert_uint_eq(missed, 1);
}
END_TEST

START_TEST(no_memory_no_answer)
{
	for (long n = 1; n <= 2; n++) {
		failalloc_after(n);
		ck_assert_ptr_null(refusals_new(3, 0));
		failalloc_off();
		ck_assert(failalloc_hit());
	}
	failalloc_after(1);
	ck_assert_uint_eq(come("192.0.2.7", 0), REFUSALS_NEVER);
	failalloc_off();
	ck_assert_uint_eq(come("192.0.2.7", 0), REFUSALS_PAUSE);
	refusals_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("refusals");
	TCase *tcase = tcase_create("refusals");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, an_address_gets_so_many);
	tcase_add_test(tcase, addresses_do_not_pay_for_others);
	tcase_add_test(tcase, the_least_recent_is_forgotten);
	tcase_add_test(tcase, the_log_is_not_flooded);
	tcase_add_test(tcase, no_memory_no_answer);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
