/* SPDX-License-Identifier: ISC */

#include "common/confscan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "tests/support/unit.h"

/* What the visitor was told, as text. */
struct told {
	char text[1024];
	const char *refused; /* the key or title it refuses, or NULL */
};

static int
on_assign(
    void *arg, const char *key, bool list, unsigned line, struct fault *fault)
{
	struct told *told = arg;
	size_t len = strlen(told->text);

	(void)snprintf(told->text + len, sizeof(told->text) - len, "%s%s@%u ",
	    key, list ? "[]" : "", line);
	if (told->refused != NULL && strcmp(told->refused, key) == 0) {
		return fault_set(fault, "refused");
	}
	return 0;
}

static int
on_begin(void *arg, const char *key, const char *title, unsigned line,
    struct fault *fault)
{
	struct told *told = arg;
	size_t len = strlen(told->text);

	(void)snprintf(told->text + len, sizeof(told->text) - len,
	    "%s<%s>@%u( ", key, title, line);
	if (told->refused != NULL && strcmp(told->refused, title) == 0) {
		return fault_set(fault, "refused");
	}
	return 0;
}

static void
on_end(void *arg)
{
	struct told *told = arg;
	size_t len = strlen(told->text);

	(void)snprintf(told->text + len, sizeof(told->text) - len, ") ");
}

static const struct confscan_visitor visitor = {
	.assign = on_assign,
	.begin = on_begin,
	.end = on_end,
};

/* Scan text in an allocation of its size, so that reading beyond is seen. */
static int
scan(const char *text, size_t len, struct told *told, struct fault *fault)
{
	char *copy = malloc(len);
	int result;

	memcpy(copy, text, len);
	told->text[0] = '\0';
	fault->text[0] = '\0';
	result = confscan("f.conf", copy, len, &visitor, told, fault);
	free(copy);
	return result;
}

/* Check that text is right and what it tells. */
static void
expect(const char *text, const char *want)
{
	struct told told = { .refused = NULL };
	struct fault fault;

	if (scan(text, strlen(text), &told, &fault) != 0) {
		ck_abort_msg("%s", fault.text);
	}
	ck_assert_str_eq(told.text, want);
}

/* Check that text is wrong and why. */
static void
expect_fault(const char *text, const char *want)
{
	struct told told = { .refused = NULL };
	struct fault fault;

	ck_assert_int_eq(scan(text, strlen(text), &told, &fault), -1);
	if (strstr(fault.text, want) != fault.text) {
		ck_abort_msg("%s: %s instead of %s", text, fault.text, want);
	}
}

START_TEST(keys_and_sections)
{
	expect("", "");
	expect(" \t\r\n# comment", "");
	expect("a=1", "a@1 ");
	expect("a = 1\r\nb = 'x y'\n\nc=\"z\"", "a@1 b@2 c@4 ");
	expect("a = {}\nb={x}\nc = { \"y\" , 'z' }", "a[]@1 b[]@2 c[]@3 ");
	expect("l = {\n1,\n2\n}\nm = 1", "l[]@1 m@5 ");
	expect("s web { to = 1 }\ns 'a b' {\n to = 2 x = 3 }\nk = 1",
	    "s<web>@1( to@1 ) s<a b>@2( to@3 x@3 ) k@4 ");
	expect("r \"10.0.0.0/8\" { via = \"office\" }",
	    "r<10.0.0.0/8>@1( via@1 ) ");
	expect("empty x {}", "empty<x>@1( ) ");
}
END_TEST

START_TEST(comments_are_skipped)
{
	expect("# a = 1 {\n// b = \"\n/* c = {\n\n */ d = 1 # e\nf=2//g\n",
	    "d@5 f@6 ");
	expect("/**/a /***/=/* * / */1", "a@1 ");
	expect("a = \"# no comment // nor /* this\"", "a@1 ");
}
END_TEST

START_TEST(comments_become_spaces)
{
	char text[] = "a = {/* b\n */ '#' # \" {\n}//\n#";
	struct told told = { .refused = NULL };
	struct fault fault;

	ck_assert_int_eq(
	    confscan("f.conf", text, strlen(text), &visitor, &told, &fault), 0);
	ck_assert_str_eq(text, "a = {    \n    '#'      \n}  \n ");
}
END_TEST

START_TEST(strings)
{
	expect("a = \"q \\\" \\\\ \\n \\t\" b = 'q \\' \\\\ ${x}'", "a@1 b@1 ");
	expect("a = \"b$ {c} =,\" d = \"}\"", "a@1 d@1 ");
	expect("a = \"gr\xc3\xbc\xc3\x9f\"", "a@1 ");
}
END_TEST

START_TEST(mistakes)
{
	expect_fault("\na = {1, 2\nb = 3", "f.conf:3: expected a comma or }");
	expect_fault("\na = {1, 2", "f.conf:2: a comma or } is missing");
	expect_fault("\na = {", "f.conf:2: this { is never closed");
	expect_fault("\ns x {\na = 1\n", "f.conf:2: the { of s is never");
	expect_fault(
	    "s x {\nt y { a = 1 }", "f.conf:2: a section cannot stand");
	expect_fault("a = 1\n}", "f.conf:2: expected a key instead of }");
	expect_fault("a = \"b\nc = \"d\"", "f.conf:1: this line has an open");
	expect_fault("a = 'b", "f.conf:1: this line has an open quote");
	expect_fault("a = \"b\\", "f.conf:1: this line has an open quote");
	expect_fault("\n/* a", "f.conf:2: this comment has no */");
	expect_fault("a = \"\\x41\"", "f.conf:1: only \\\" \\\\");
	expect_fault("a = '\\n'", "f.conf:1: only \\\" \\\\");
	expect_fault("a = \"${HOME}\"", "f.conf:1: variables of the");
	expect_fault("a = ${HOME}", "f.conf:1: unexpected '$'");
	expect_fault("a = 127.0.0.1:*", "f.conf:1: a value with '*' needs");
	expect_fault("a = *", "f.conf:1: unexpected '*'");
	expect_fault("a += 1", "f.conf:1: unexpected '+'");
	expect_fault("a = f(x)", "f.conf:1: a value with '(' needs");
	expect_fault("a", "f.conf:1: = or the name of a section is missing");
	expect_fault("a =", "f.conf:1: a value is missing at the end");
	expect_fault("a = = 1", "f.conf:1: expected a value instead of =");
	expect_fault("a = b = c", "f.conf:1: expected a key instead of =");
	expect_fault("a = b c", "f.conf:1: = or the name of a section is");
	expect_fault("a = b\nc d", "f.conf:2: = or { is missing");
	expect_fault("a = {,}", "f.conf:1: expected a value instead of ,");
	expect_fault("a = {1,}", "f.conf:1: expected a value instead of }");
	expect_fault("a = {{1}}", "f.conf:1: expected a value instead of {");
	expect_fault("\"a\" = 1", "f.conf:1: expected a key instead of \"a\"");
	expect_fault("s { a = 1 }", "f.conf:1: a section needs a name: s NAME");
	expect_fault("s '' { }", "f.conf:1: the name of a section has");
	expect_fault("s 'a\\'b' { }", "f.conf:1: the name of a section has");
	expect_fault("s x { 'a' }", "f.conf:1: expected a key or } instead of");
	expect_fault("a = 1\nb = \x01", "f.conf:2: the character with code 1 ");
}
END_TEST

START_TEST(nul_and_delete_are_not_text)
{
	struct told told = { .refused = NULL };
	struct fault fault;

	ck_assert_int_eq(scan("a = 1\0b", 7, &told, &fault), -1);
	ck_assert_int_eq(scan("a = \x7f", 5, &told, &fault), -1);
}
END_TEST

START_TEST(visitor_may_refuse)
{
	struct told told = { .refused = "b" };
	struct fault fault;
	static const char assigned[] = "a = 1\nb = {\n2 }\n\nc = 3";
	static const char begun[] = "a = 1\n\ns b {\n}";

	ck_assert_int_eq(scan(assigned, strlen(assigned), &told, &fault), -1);
	ck_assert_str_eq(fault.text, "f.conf:2: refused");
	ck_assert_int_eq(scan(begun, strlen(begun), &told, &fault), -1);
	ck_assert_str_eq(fault.text, "f.conf:3: refused");
}
END_TEST

START_TEST(truncated_at_every_length)
{
	static const char text[] = "# c\nlisten = {\"[::]:1\", 'x'}\n"
				   "/* d */ forward \"a\\\"\" {";
	static const char whole[] =
	    "a = {\"1\", '2'} /* c */ s \"x\" { b = c }";
	struct told told = { .refused = NULL };
	struct fault fault;

	for (size_t len = 0; len <= strlen(text); len++) {
		(void)scan(text, len, &told, &fault);
	}
	for (size_t len = 0; len < strlen(whole); len++) {
		int result = scan(whole, len, &told, &fault);

		/* Right only where a statement or a comment has ended. */
		ck_assert_int_eq(result == 0, len == 0 || len == 14 ||
						  len == 15 || len == 22 ||
						  len == 23);
	}
	ck_assert_int_eq(scan(whole, strlen(whole), &told, &fault), 0);
}
END_TEST

START_TEST(long_names_are_refused)
{
	char text[600];
	struct told told = { .refused = NULL };
	struct fault fault;

	memset(text, 'k', sizeof(text));
	memcpy(text + CONFSCAN_KEY_LEN - 1, " = 1", 4);
	ck_assert_int_eq(scan(text, CONFSCAN_KEY_LEN + 3, &told, &fault), 0);
	memset(text, 'k', sizeof(text));
	memcpy(text + CONFSCAN_KEY_LEN, " = 1", 4);
	ck_assert_int_eq(scan(text, CONFSCAN_KEY_LEN + 4, &told, &fault), -1);
	memset(text, 't', sizeof(text));
	memcpy(text, "s ", 2);
	memcpy(text + 2 + CONFSCAN_TITLE_LEN - 1, " {}", 3);
	ck_assert_int_eq(scan(text, CONFSCAN_TITLE_LEN + 4, &told, &fault), 0);
	memset(text + 2, 't', CONFSCAN_TITLE_LEN);
	memcpy(text + 2 + CONFSCAN_TITLE_LEN, " {}", 3);
	ck_assert_int_eq(scan(text, CONFSCAN_TITLE_LEN + 5, &told, &fault), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("confscan");
	TCase *tcase = tcase_create("confscan");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, keys_and_sections);
	tcase_add_test(tcase, comments_are_skipped);
	tcase_add_test(tcase, comments_become_spaces);
	tcase_add_test(tcase, strings);
	tcase_add_test(tcase, mistakes);
	tcase_add_test(tcase, nul_and_delete_are_not_text);
	tcase_add_test(tcase, visitor_may_refuse);
	tcase_add_test(tcase, truncated_at_every_length);
	tcase_add_test(tcase, long_names_are_refused);
	return unit_main(suite);
}
