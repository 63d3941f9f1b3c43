/* SPDX-License-Identifier: ISC */

#include "gateway/outcomes.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/unit.h"

static struct outcomes outcomes;
static char said[1024];

static void
setup(void)
{
	memset(&outcomes, 0, sizeof(outcomes));
}

static void
say(enum dialect dialect, enum code code, uint64_t count, void *arg)
{
	size_t len = strlen(said);

	ck_assert_ptr_eq(arg, &outcomes);
	(void)snprintf(said + len, sizeof(said) - len, "%s %s %u\n",
	    dialect_name(dialect), codes_slug(code), (unsigned)count);
}

static const char *
all(void)
{
	said[0] = '\0';
	outcomes_each(&outcomes, say, &outcomes);
	return said;
}

START_TEST(nothing_was_counted)
{
	ck_assert_str_eq(all(), "");
	ck_assert_uint_eq(outcomes_failed(&outcomes), 0);
}
END_TEST

START_TEST(pairs_are_counted)
{
	outcomes_add(&outcomes, DIALECT_SOCKS5, CODE_OK);
	outcomes_add(&outcomes, DIALECT_SOCKS5, CODE_HOST_OFFLINE);
	outcomes_add(&outcomes, DIALECT_SOCKS5, CODE_OK);
	outcomes_add(&outcomes, DIALECT_HTTP, CODE_INTERNAL);
	outcomes_add(&outcomes, DIALECT_FORWARD, CODE_HOST_OFFLINE);
	outcomes_add(&outcomes, DIALECT_FORWARD, CODE_CANCELLED);
	ck_assert_str_eq(all(), "forward host-offline 1\n"
				"forward cancelled 1\n"
				"socks5 ok 2\n"
				"socks5 host-offline 1\n"
				"http internal 1\n");
	ck_assert_uint_eq(outcomes_failed(&outcomes), 3);
}
END_TEST

START_TEST(every_code_has_its_place)
{
#define CODE(number, name, slug, socks5, http, proxy_status, summary)          \
	setup();                                                               \
	outcomes_add(&outcomes, DIALECT_CONNECT, CODE_##name);                 \
	ck_assert_str_eq(all(), "connect " slug " 1\n");
#include "protocol/codes.def"
#undef CODE
}
END_TEST

START_TEST(what_is_unknown_is_internal)
{
	outcomes_add(&outcomes, DIALECT_CONNECT, (enum code)4711);
	ck_assert_str_eq(all(), "connect internal 1\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gateway/outcomes");
	TCase *tcase = tcase_create("outcomes");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, nothing_was_counted);
	tcase_add_test(tcase, pairs_are_counted);
	tcase_add_test(tcase, every_code_has_its_place);
	tcase_add_test(tcase, what_is_unknown_is_internal);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
