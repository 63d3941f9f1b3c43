/* SPDX-License-Identifier: ISC */

#include "gateway/failures.h"

#include <stdio.h>

#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static struct failures *failures;

static void
setup(void)
{
	failures = failures_new();
	ck_assert_ptr_nonnull(failures);
}

static void
teardown(void)
{
	failures_free(failures);
}

static void
add(uint64_t when, enum dialect dialect, enum code code, const char *target)
{
	struct failure failure = {
		.when = when,
		.times = 77,
		.dialect = dialect,
		.code = code,
	};

	(void)snprintf(failure.target, sizeof(failure.target), "%s", target);
	(void)snprintf(failure.text, sizeof(failure.text), "at %d", (int)when);
	failures_add(failures, &failure);
}

/* The i-th newest. */
static void
is(size_t i, uint64_t when, uint64_t times, const char *target)
{
	const struct failure *failure = failures_at(failures, i);
	char text[32];

	(void)snprintf(text, sizeof(text), "at %d", (int)when);
	ck_assert_uint_eq(failure->when, when);
	ck_assert_uint_eq(failure->times, times);
	ck_assert_str_eq(failure->target, target);
	ck_assert_str_eq(failure->text, text);
}

START_TEST(empty)
{
	ck_assert_uint_eq(failures_count(failures), 0);
}
END_TEST

START_TEST(the_newest_is_first)
{
	add(1, DIALECT_SOCKS5, CODE_HOST_UNKNOWN, "a:1");
	add(2, DIALECT_SOCKS5, CODE_HOST_UNKNOWN, "b:1");
	add(3, DIALECT_SOCKS5, CODE_HOST_UNKNOWN, "c:1");
	ck_assert_uint_eq(failures_count(failures), 3);
	is(0, 3, 1, "c:1");
	is(1, 2, 1, "b:1");
	is(2, 1, 1, "a:1");
}
END_TEST

START_TEST(what_repeats_is_counted_and_moves)
{
	add(1, DIALECT_SOCKS5, CODE_HOST_UNKNOWN, "a:1");
	add(2, DIALECT_SOCKS5, CODE_HOST_UNKNOWN, "b:1");
	add(3, DIALECT_SOCKS5, CODE_HOST_UNKNOWN, "c:1");
	add(4, DIALECT_SOCKS5, CODE_HOST_UNKNOWN, "b:1");
	add(5, DIALECT_SOCKS5, CODE_HOST_UNKNOWN, "b:1");
	ck_assert_uint_eq(failures_count(failures), 3);
	is(0, 5, 3, "b:1");
	is(1, 3, 1, "c:1");
	is(2, 1, 1, "a:1");
	add(6, DIALECT_SOCKS5, CODE_HOST_UNKNOWN, "a:1");
	is(0, 6, 2, "a:1");
	is(1, 5, 3, "b:1");
	is(2, 3, 1, "c:1");
}
END_TEST

START_TEST(what_differs_is_another_one)
{
	add(1, DIALECT_SOCKS5, CODE_HOST_UNKNOWN, "a:1");
	add(2, DIALECT_SOCKS4, CODE_HOST_UNKNOWN, "a:1");
	add(3, DIALECT_SOCKS5, CODE_HOST_OFFLINE, "a:1");
	add(4, DIALECT_SOCKS5, CODE_HOST_UNKNOWN, "a:2");
	ck_assert_uint_eq(failures_count(failures), 4);
	is(0, 4, 1, "a:2");
	is(3, 1, 1, "a:1");
	ck_assert_int_eq(failures_at(failures, 1)->code, CODE_HOST_OFFLINE);
	ck_assert_int_eq(failures_at(failures, 2)->dialect, DIALECT_SOCKS4);
}
END_TEST

START_TEST(the_oldest_goes)
{
	char target[32];

	for (unsigned n = 0; n < 3 * FAILURES_MAX; n++) {
		(void)snprintf(target, sizeof(target), "h%u:1", n);
		add(n, DIALECT_CONNECT, CODE_SERVICE_REFUSED, target);
		/* One that is asked for again and again stays. */
		add(n, DIALECT_CONNECT, CODE_DENIED, "stays:1");
	}
	ck_assert_uint_eq(failures_count(failures), FAILURES_MAX);
	is(0, 3 * FAILURES_MAX - 1, 3 * FAILURES_MAX, "stays:1");
	for (unsigned i = 1; i < FAILURES_MAX; i++) {
		(void)snprintf(
		    target, sizeof(target), "h%u:1", 3 * FAILURES_MAX - i);
		is(i, 3 * FAILURES_MAX - i, 1, target);
	}
	/* What went starts anew. */
	add(1, DIALECT_CONNECT, CODE_SERVICE_REFUSED, "h0:1");
	is(0, 1, 1, "h0:1");
}
END_TEST

START_TEST(without_memory_there_is_none)
{
	failalloc_after(1);
	ck_assert_ptr_null(failures_new());
	ck_assert(failalloc_hit());
	failalloc_off();
	failures_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gateway/failures");
	TCase *tcase = tcase_create("failures");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, empty);
	tcase_add_test(tcase, the_newest_is_first);
	tcase_add_test(tcase, what_repeats_is_counted_and_moves);
	tcase_add_test(tcase, what_differs_is_another_one);
	tcase_add_test(tcase, the_oldest_goes);
	tcase_add_test(tcase, without_memory_there_is_none);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
