/* SPDX-License-Identifier: ISC */

#include "gateway/virtuals.h"

#include <stdio.h>
#include <string.h>

#include "common/addr.h"
#include "gateway/proxytarget.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static struct virtuals *virtuals;

static void
set_range(const char *text)
{
	struct addr_prefix range;

	ck_assert_int_eq(addr_prefix_parse(&range, text), 0);
	ck_assert_ptr_null(virtuals_flaw(&range));
	virtuals_set_range(virtuals, &range);
}

static void
setup(void)
{
	virtuals = virtuals_new();
	ck_assert_ptr_nonnull(virtuals);
	set_range(VIRTUALS_RANGE);
}

static void
teardown(void)
{
	virtuals_free(virtuals);
}

/* The address that name gets. */
static struct proxy_target
give(const char *name)
{
	struct proxy_target address;

	memset(&address, 0, sizeof(address));
	ck_assert_int_eq(virtuals_give(virtuals, name, &address), 0);
	ck_assert_int_eq(address.kind, PROXY_TARGET_IPV4);
	return address;
}

/* See that address at port 80 becomes name. */
static void
means(const struct proxy_target *address, const char *name)
{
	struct proxy_target target = *address;

	target.port = 80;
	ck_assert_int_eq(virtuals_translate(virtuals, &target), VIRTUALS_NAME);
	ck_assert_int_eq(target.kind, PROXY_TARGET_NAME);
	ck_assert_str_eq(target.name, name);
	ck_assert_uint_eq(target.port, 80);
}

static enum virtuals_result
translate(const char *text)
{
	struct proxy_target target;

	memset(&target, 0, sizeof(target));
	ck_assert_int_eq(
	    proxytarget_set_host(&target, text, strlen(text), 80), 0);
	return virtuals_translate(virtuals, &target);
}

START_TEST(a_name_keeps_its_address)
{
	struct proxy_target office = give("office");
	struct proxy_target lab = give("lab.internal");
	struct proxy_target again = give("office");
	char text[PROXYTARGET_TEXT_LEN];

	ck_assert_str_eq(proxytarget_host(&office, text), "198.18.0.1");
	ck_assert_str_eq(proxytarget_host(&lab, text), "198.18.0.2");
	ck_assert_mem_eq(office.addr, again.addr, 4);
	means(&office, "office");
	means(&lab, "lab.internal");
}
END_TEST

START_TEST(other_addresses_are_left_alone)
{
	(void)give("office");
	ck_assert_int_eq(translate("198.18.0.1"), VIRTUALS_NAME);
	ck_assert_int_eq(translate("::ffff:198.18.0.1"), VIRTUALS_NAME);
	ck_assert_int_eq(translate("198.18.0.2"), VIRTUALS_LOST);
	ck_assert_int_eq(translate("198.19.255.255"), VIRTUALS_LOST);
	ck_assert_int_eq(translate("198.20.0.0"), VIRTUALS_OTHER);
	ck_assert_int_eq(translate("198.17.255.255"), VIRTUALS_OTHER);
	ck_assert_int_eq(translate("127.0.0.1"), VIRTUALS_OTHER);
	ck_assert_int_eq(translate("fd00::1"), VIRTUALS_OTHER);
	ck_assert_int_eq(translate("office"), VIRTUALS_OTHER);
	ck_assert_int_eq(virtuals_translate(NULL, &(struct proxy_target){ 0 }),
	    VIRTUALS_OTHER);
}
END_TEST

/* The one used longest ago goes; its address comes again last of all. */
START_TEST(names_are_bounded)
{
	struct proxy_target first = give("first");
	struct proxy_target second = give("second");

	for (unsigned i = 2; i < VIRTUALS_MAX; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "n%u", i);
		(void)give(name);
	}
	means(&first, "first");
	(void)give("one-more");
	means(&first, "first");
	ck_assert_int_eq(virtuals_translate(virtuals, &second), VIRTUALS_LOST);
	second = give("second");
	means(&second, "second");
}
END_TEST

START_TEST(addresses_come_round)
{
	set_range("10.64.0.0/18");
	for (unsigned i = 0; i < 3 * 16384; i++) {
		struct proxy_target address;
		char name[16];

		(void)snprintf(name, sizeof(name), "n%u", i);
		address = give(name);
		means(&address, name);
		/* No network, no broadcast. */
		ck_assert(address.addr[2] != 0 || address.addr[3] != 0);
		ck_assert(address.addr[2] != 63 || address.addr[3] != 255);
	}
}
END_TEST

START_TEST(ranges_change)
{
	struct proxy_target address = give("office");
	struct proxy_target out;
	struct addr_prefix range;

	set_range(VIRTUALS_RANGE);
	means(&address, "office");
	set_range("10.64.0.0/16");
	ck_assert_int_eq(translate("198.18.0.1"), VIRTUALS_OTHER);
	ck_assert_int_eq(translate("10.64.0.1"), VIRTUALS_LOST);
	virtuals_set_range(virtuals, NULL);
	ck_assert_int_eq(virtuals_give(virtuals, "office", &out), -1);
	ck_assert_int_eq(translate("10.64.0.1"), VIRTUALS_OTHER);
	ck_assert_int_eq(addr_prefix_parse(&range, "10.0.0.0/24"), 0);
	ck_assert_ptr_nonnull(virtuals_flaw(&range));
	ck_assert_int_eq(addr_prefix_parse(&range, "fd00::/8"), 0);
	ck_assert_ptr_nonnull(virtuals_flaw(&range));
}
END_TEST

START_TEST(short_of_memory)
{
	bool more = true;

	for (long n = 1; more; n++) {
		struct virtuals *other;

		failalloc_after(n);
		other = virtuals_new();
		more = failalloc_hit();
		failalloc_off();
		ck_assert(more == (other == NULL));
		virtuals_free(other);
	}
	more = true;
	for (long n = 1; more; n++) {
		struct proxy_target address;
		char name[32];
		int result;

		(void)snprintf(name, sizeof(name), "n%ld", n);
		memset(&address, 0, sizeof(address));
		failalloc_after(n);
		result = virtuals_give(virtuals, name, &address);
		more = failalloc_hit();
		failalloc_off();
		if (result == 0) {
			means(&address, name);
		}
		ck_assert(result == 0 || more);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("virtuals");
	TCase *tc = tcase_create("virtuals");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_name_keeps_its_address);
	tcase_add_test(tc, other_addresses_are_left_alone);
	tcase_add_test(tc, names_are_bounded);
	tcase_add_test(tc, addresses_come_round);
	tcase_add_test(tc, ranges_change);
	tcase_add_test(tc, short_of_memory);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
