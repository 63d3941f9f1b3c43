/* SPDX-License-Identifier: ISC */
#include "relay/guests.h"

#include <sodium.h>
#include <string.h>

#include "common/addr.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

#define MAX 16

static struct guests *guests;
static struct guest guest[4 * MAX];

static void
setup(void)
{
	memset(guest, 0, sizeof(guest));
	guests = guests_new(MAX);
	ck_assert_ptr_nonnull(guests);
}

static void
teardown(void)
{
	for (int i = 0; i < 4 * MAX; i++) {
		guests_leave(guests, &guest[i]);
	}
	ck_assert_uint_eq(guests_count(guests), 0);
	guests_free(guests);
}

static int
enter(int i, const char *text)
{
	struct addr peer = { .len = 0 };

	if (text != NULL) {
		ck_assert_int_eq(addr_from_ip(&peer, text, 1000), 0);
	}
	return guests_enter(guests, &guest[i], &peer);
}

/* Let guests first to last come from text. */
static void
come(int first, int last, const char *text)
{
	for (int i = first; i <= last; i++) {
		ck_assert_int_eq(enter(i, text), 0);
	}
}

/* The one who is due is i, of count from there. */
static void
assert_due(int i, uint32_t count)
{
	uint32_t have = 0;
	struct guest *due = guests_due(guests, &have);

	ck_assert_ptr_nonnull(due);
	ck_assert_int_eq((int)(due - guest), i);
	ck_assert_uint_eq(have, count);
}

static bool
is_free(void)
{
	uint32_t count;

	return guests_due(guests, &count) == NULL;
}

/* Let guest i come from text, in the place of whoever is due. */
static int
push_in(int i, const char *text)
{
	uint32_t count;
	struct guest *due = guests_due(guests, &count);

	ck_assert_ptr_nonnull(due);
	guests_leave(guests, due);
	ck_assert_int_eq(enter(i, text), 0);
	return (int)(due - guest);
}

START_TEST(a_free_place_is_anybodys)
{
	ck_assert(is_free());
	come(0, MAX - 2, "192.0.2.1");
	ck_assert(is_free());
	come(MAX - 1, MAX - 1, "192.0.2.1");
	ck_assert(!is_free());
	ck_assert_uint_eq(guests_count(guests), MAX);
	ck_assert_int_eq(enter(MAX, "192.0.2.2"), -1);
	guests_leave(guests, &guest[3]);
	ck_assert(is_free());
	ck_assert_uint_eq(guests_count(guests), MAX - 1);
	/* Who has none has none to give back. */
	guests_leave(guests, &guest[3]);
	guests_leave(guests, &guest[MAX]);
	ck_assert_uint_eq(guests_count(guests), MAX - 1);
	come(3, 3, "192.0.2.1");
	/* It is the youngest now. */
	for (int i = 0; i < MAX - 1; i++) {
		(void)push_in(MAX + i, "192.0.2.1");
	}
	assert_due(3, MAX);
}
END_TEST

START_TEST(the_oldest_of_the_fullest_gives_way)
{
	come(0, 0, "192.0.2.7");
	come(1, 12, "192.0.2.1");
	come(13, 15, "198.51.100.1");
	assert_due(1, 12);
	ck_assert_int_eq(push_in(16, "192.0.2.9"), 1);
	/* Also for one of its own, to whom it is all the same. */
	ck_assert_int_eq(push_in(17, "192.0.2.1"), 2);
	ck_assert_int_eq(push_in(18, "192.0.2.1"), 3);
	assert_due(4, 11);
}
END_TEST

/* However often one address comes, others keep an equal share. */
START_TEST(shares_become_equal)
{
	come(0, MAX - 1, "192.0.2.1");
	for (int i = 0; i < MAX / 2; i++) {
		ck_assert_int_eq(push_in(MAX + i, "192.0.2.2"), i);
	}
	/* Eight each: neither gains. */
	for (int i = 0; i < MAX; i++) {
		(void)push_in(
		    2 * MAX + i, i % 2 == 0 ? "192.0.2.1" : "192.0.2.2");
	}
	ck_assert_uint_eq(guests_count(guests), MAX);
	/* One of each for a third, and then of whoever has more. */
	(void)push_in(3 * MAX, "192.0.2.3");
	(void)push_in(3 * MAX + 1, "192.0.2.3");
	for (int i = 0; i < 8; i++) {
		int gone = push_in(3 * MAX + 2 + i, "192.0.2.1");

		ck_assert_int_lt(gone, 3 * MAX + 2 + i);
		ck_assert_int_ne(gone, 3 * MAX);
		ck_assert_int_ne(gone, 3 * MAX + 1);
	}
}
END_TEST

/* All from different addresses: then it is who came first. */
START_TEST(many_addresses_with_one_each)
{
	char text[] = "192.0.2.00";

	for (int i = 0; i < 2 * MAX; i++) {
		text[8] = (char)('0' + (i + 10) / 10);
		text[9] = (char)('0' + (i + 10) % 10);
		if (i < MAX) {
			come(i, i, text);
		} else {
			ck_assert_int_eq(push_in(i, text), i - MAX);
		}
	}
}
END_TEST

/* Whether guests from both count as from one address. */
static bool
is_one(const char *a, const char *b)
{
	uint32_t count = 0;

	come(0, MAX / 2 - 1, a);
	come(MAX / 2, MAX - 1, b);
	ck_assert_ptr_eq(guests_due(guests, &count), &guest[0]);
	for (int i = 0; i < MAX; i++) {
		guests_leave(guests, &guest[i]);
	}
	return count == MAX;
}

START_TEST(what_is_one_address)
{
	/* A customer has at least a /64 of IPv6. */
	ck_assert(is_one("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"));
	ck_assert(!is_one("2001:db8:0:1::1", "2001:db8:0:2::1"));
	/* And one of IPv4, however it is written. */
	ck_assert(is_one("192.0.2.1", "::ffff:192.0.2.1"));
	ck_assert(is_one("192.0.2.1", "64:ff9b::192.0.2.1"));
	ck_assert(!is_one("192.0.2.1", "192.0.2.2"));
	ck_assert(!is_one("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
	ck_assert(is_one(NULL, NULL));
	ck_assert(!is_one(NULL, "192.0.2.1"));
}
END_TEST

START_TEST(memory_fails)
{
	struct guests *other = NULL;
	long n = 0;

	do {
		failalloc_after(++n);
		other = guests_new(4);
		failalloc_off();
		ck_assert(failalloc_hit() == (other == NULL));
	} while (failalloc_hit());
	guests_free(other);
	guests_free(NULL);
	failalloc_after(1);
	ck_assert_int_eq(enter(0, "192.0.2.1"), -1);
	failalloc_off();
	ck_assert_uint_eq(guests_count(guests), 0);
	come(0, 0, "192.0.2.1");
	/* Its like needs none. */
	failalloc_after(1);
	ck_assert_int_eq(enter(1, "192.0.2.1"), 0);
	failalloc_off();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("guests");
	TCase *tcase = tcase_create("guests");

	if (sodium_init() < 0) {
		return 1;
	}
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_free_place_is_anybodys);
	tcase_add_test(tcase, the_oldest_of_the_fullest_gives_way);
	tcase_add_test(tcase, shares_become_equal);
	tcase_add_test(tcase, many_addresses_with_one_each);
	tcase_add_test(tcase, what_is_one_address);
	tcase_add_test(tcase, memory_fails);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
