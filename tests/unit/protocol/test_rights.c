/* SPDX-License-Identifier: ISC */
#include "protocol/rights.h"

#include <string.h>

#include "tests/support/unit.h"

static const char *const valid[] = {
	"",
	"ports=22",
	"ports=1,65535",
	"ports=22,8000-8100",
	"ports=5-5",
	"services=web",
	"services=web,ssh",
	"ports=22;services=web",
};

static const char *const invalid[] = {
	" ",
	"ports",
	"ports=",
	"ports=0",
	"ports=022",
	"ports=65536",
	"ports=22,",
	"ports=,22",
	"ports=22-",
	"ports=-22",
	"ports=23-22",
	"ports=22 ",
	"ports=22;",
	";ports=22",
	"ports=22;ports=23",
	"services=web;services=ssh",
	/* There is one order. */
	"services=web;ports=22",
	"services=Web",
	"services=",
	"services=web,,ssh",
	"services=a.b",
	"rates=5",
	"ports=22;until=9",
	"PORTS=22",
};

START_TEST(grammar)
{
	char longest[300];

	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		ck_assert_msg(rights_are_valid(valid[i]), "%s", valid[i]);
	}
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		ck_assert_msg(!rights_are_valid(invalid[i]), "%s", invalid[i]);
	}
	memset(longest, '1', sizeof(longest));
	memcpy(longest, "ports=", 6);
	for (size_t i = 7; i < sizeof(longest); i += 2) {
		longest[i] = ',';
	}
	longest[255] = '\0';
	ck_assert(rights_are_valid(longest));
	longest[255] = ',';
	longest[257] = '\0';
	ck_assert(!rights_are_valid(longest));
}
END_TEST

START_TEST(ports_and_services)
{
	static const char text[] = "ports=22,8000-8002;services=web,ssh";

	ck_assert(rights_have_port(text, 22));
	ck_assert(rights_have_port(text, 8000));
	ck_assert(rights_have_port(text, 8002));
	ck_assert(!rights_have_port(text, 21));
	ck_assert(!rights_have_port(text, 23));
	ck_assert(!rights_have_port(text, 7999));
	ck_assert(!rights_have_port(text, 8003));
	ck_assert(!rights_have_port(text, 0));
	ck_assert(rights_have_service(text, "web"));
	ck_assert(rights_have_service(text, "SSH"));
	ck_assert(!rights_have_service(text, "we"));
	ck_assert(!rights_have_service(text, "webs"));
	ck_assert(!rights_have_service(text, ""));
	ck_assert(!rights_are_all(text));
}
END_TEST

START_TEST(what_is_not_named_is_not_allowed)
{
	ck_assert(!rights_have_service("ports=22", "ssh"));
	ck_assert(!rights_have_port("services=ssh", 22));
	ck_assert(!rights_have_port("nonsense", 22));
	ck_assert(!rights_have_port("ports=22,x", 22));
	ck_assert(!rights_have_service("nonsense", "web"));
	ck_assert(rights_are_all(""));
	ck_assert(rights_have_port("", 1));
	ck_assert(rights_have_service("", "web"));
}
END_TEST

START_TEST(written)
{
	char out[RIGHTS_LEN];
	char many[400];
	const char *flaw = NULL;

	ck_assert_int_eq(rights_format(NULL, NULL, out, &flaw), 0);
	ck_assert_str_eq(out, "");
	ck_assert_int_eq(rights_format("22,80-90", "", out, &flaw), 0);
	ck_assert_str_eq(out, "ports=22,80-90");
	ck_assert_int_eq(rights_format("22", "Web,ssh", out, &flaw), 0);
	ck_assert_str_eq(out, "ports=22;services=web,ssh");
	ck_assert(rights_are_valid(out));
	ck_assert_int_eq(rights_format("", "db", out, &flaw), 0);
	ck_assert_str_eq(out, "services=db");
	ck_assert_int_eq(rights_format("0", NULL, out, &flaw), -1);
	ck_assert(strstr(flaw, "ports") != NULL);
	ck_assert_int_eq(rights_format(NULL, "a b", out, &flaw), -1);
	ck_assert(strstr(flaw, "services") != NULL);
	ck_assert_str_eq(out, "services=db");
	memset(many, 0, sizeof(many));
	for (size_t i = 0; i < 120; i++) {
		memcpy(many + 3 * i, i == 119 ? "22" : "22,", 3);
	}
	ck_assert_int_eq(rights_format(many, NULL, out, &flaw), -1);
	ck_assert(strstr(flaw, "too many") != NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rights");
	TCase *all = tcase_create("all");

	tcase_add_test(all, grammar);
	tcase_add_test(all, ports_and_services);
	tcase_add_test(all, what_is_not_named_is_not_allowed);
	tcase_add_test(all, written);
	suite_add_tcase(suite, all);
	return unit_main(suite);
}
