/* SPDX-License-Identifier: ISC */

#include "gateway/routes.h"

#include <stdio.h>
#include <string.h>

#include "common/addr.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

#define RULES 4

/* Add "PATTERN=direct|refuse|HOST"; what routes_add() returns. */
static int
add(struct routes *routes, const char *text, const char **flaw)
{
	char pattern[256];
	size_t len = strcspn(text, "=");
	const char *way = text + len + 1;

	ck_assert_uint_lt(len, sizeof(pattern));
	memcpy(pattern, text, len);
	pattern[len] = '\0';
	if (strcmp(way, "direct") == 0) {
		return routes_add(routes, pattern, ROUTES_DIRECT, NULL, flaw);
	}
	if (strcmp(way, "refuse") == 0) {
		return routes_add(routes, pattern, ROUTES_REFUSE, NULL, flaw);
	}
	return routes_add(routes, pattern, ROUTES_VIA, way, flaw);
}

/* Return routes of up to RULES rules. */
static struct routes *
make(const char *const rules[RULES])
{
	struct routes *routes = routes_new();
	const char *flaw = "";

	ck_assert_ptr_nonnull(routes);
	for (size_t i = 0; i < RULES && rules[i] != NULL; i++) {
		ck_assert_msg(
		    add(routes, rules[i], &flaw) == 0, "%s %s", rules[i], flaw);
	}
	return routes;
}

/* Return "direct", "refuse" or the host that choice leads to. */
static const char *
way_of(const struct routes_choice *choice)
{
	static const char *const words[] = {
		[ROUTES_DIRECT] = "direct",
		[ROUTES_REFUSE] = "refuse",
	};

	return choice->way == ROUTES_VIA ? choice->host : words[choice->way];
}

static void
choose(const struct routes *routes, const char *host, const char *found,
    struct routes_choice *out)
{
	struct proxy_target target;
	struct addr addr;

	ck_assert_int_eq(
	    proxytarget_set_host(&target, host, strlen(host), 80), 0);
	if (found != NULL) {
		ck_assert_int_eq(addr_from_ip(&addr, found, 80), 0);
	}
	routes_choose(routes, &target, found != NULL ? &addr : NULL, out);
}

/* One question to routes. */
struct question {
	const char *rules[RULES];
	const char *host;
	const char *found; /* the address that a name turned out to have */
	const char *way;
	size_t number; /* of the rule */
};

static const struct question questions[] = {
	{ { NULL }, "example.com", NULL, "direct", 0 },
	{ { NULL }, "10.0.0.5", NULL, "direct", 0 },

	{ { "example.com=refuse" }, "example.com", NULL, "refuse", 1 },
	{ { "example.com=refuse" }, "Example.COM.", NULL, "refuse", 1 },
	{ { "Example.COM.=refuse" }, "example.com", NULL, "refuse", 1 },
	{ { "example.com=refuse" }, "www.example.com", NULL, "direct", 0 },
	{ { "example.com=refuse" }, "xexample.com", NULL, "direct", 0 },
	{ { "example.com=refuse" }, "example.com.net", NULL, "direct", 0 },

	{ { "*.corp.test=office" }, "a.corp.test", NULL, "office", 1 },
	{ { "*.corp.test=office" }, "a.b.CORP.test.", NULL, "office", 1 },
	{ { "*.corp.test=office" }, "corp.test", NULL, "direct", 0 },
	{ { "*.corp.test=office" }, "xcorp.test", NULL, "direct", 0 },
	{ { "*.corp.test=office" }, "corp.test.net", NULL, "direct", 0 },
	{ { ".corp.test=office" }, "a.corp.test", NULL, "office", 1 },
	{ { ".corp.test=office" }, "corp.test", NULL, "office", 1 },
	{ { ".corp.test=office" }, "xcorp.test", NULL, "direct", 0 },
	{ { ".lan=office" }, "nas.lan", NULL, "office", 1 },
	{ { "*.lan=OFFICE" }, "nas.lan", NULL, "office", 1 },

	{ { "10.0.0.0/8=office" }, "10.255.255.255", NULL, "office", 1 },
	{ { "10.0.0.0/8=office" }, "11.0.0.0", NULL, "direct", 0 },
	{ { "10.0.0.0/8=office" }, "::ffff:10.1.2.3", NULL, "office", 1 },
	{ { "10.0.0.5=office" }, "10.0.0.5", NULL, "office", 1 },
	{ { "10.0.0.5=office" }, "10.0.0.6", NULL, "direct", 0 },
	{ { "fd00::/8=office" }, "fd12::1", NULL, "office", 1 },
	{ { "fd00::/8=office" }, "fe12::1", NULL, "direct", 0 },
	{ { "fd00::5=office" }, "fd00::5", NULL, "office", 1 },
	{ { "0.0.0.0/0=office" }, "8.8.8.8", NULL, "office", 1 },
	{ { "0.0.0.0/0=office" }, "2001:db8::1", NULL, "direct", 0 },
	{ { "10.0.0.0/8=office" }, "example.com", NULL, "direct", 0 },

	{ { "*=refuse" }, "example.com", NULL, "refuse", 1 },
	{ { "*=refuse" }, "fd00::5", NULL, "refuse", 1 },
	{ { "*=refuse" }, "127.0.0.1", NULL, "refuse", 1 },
	{ { "*=refuse" }, "localhost", NULL, "refuse", 1 },

	/* The first that fits. */
	{ { "10.0.0.5=direct", "10.0.0.0/8=office", "*=refuse" }, "10.0.0.5",
	    NULL, "direct", 1 },
	{ { "10.0.0.5=direct", "10.0.0.0/8=office", "*=refuse" }, "10.0.0.6",
	    NULL, "office", 2 },
	{ { "10.0.0.5=direct", "10.0.0.0/8=office", "*=refuse" }, "11.0.0.6",
	    NULL, "refuse", 3 },
	{ { "10.0.0.0/8=office", "10.0.0.5=direct" }, "10.0.0.5", NULL,
	    "office", 1 },
	{ { "*=lab", "a.test=office" }, "a.test", NULL, "lab", 1 },

	/* This machine's loopback goes nowhere else unless it is named. */
	{ { "*=office" }, "localhost", NULL, "direct", 0 },
	{ { "*=office" }, "a.localhost", NULL, "direct", 0 },
	{ { "*=office" }, "127.0.0.1", NULL, "direct", 0 },
	{ { "*=office" }, "127.1.2.3", NULL, "direct", 0 },
	{ { "*=office" }, "0.0.0.0", NULL, "direct", 0 },
	{ { "*=office" }, "::1", NULL, "direct", 0 },
	{ { "*=office" }, "::", NULL, "direct", 0 },
	{ { "*=office" }, "::ffff:127.0.0.1", NULL, "direct", 0 },
	{ { "*=office" }, "128.0.0.1", NULL, "office", 1 },
	{ { "*=office" }, "localhost.test", NULL, "office", 1 },
	{ { "0.0.0.0/0=office" }, "127.0.0.1", NULL, "direct", 0 },
	{ { "0.0.0.0/0=office" }, "0.0.0.0", NULL, "direct", 0 },
	{ { "::/0=office" }, "::1", NULL, "direct", 0 },
	{ { "126.0.0.0/7=office" }, "127.0.0.1", NULL, "direct", 0 },
	{ { "126.0.0.0/7=office" }, "126.0.0.1", NULL, "office", 1 },
	{ { "*=office", "*=refuse" }, "127.0.0.1", NULL, "refuse", 2 },
	{ { "127.0.0.0/8=office" }, "127.0.0.1", NULL, "office", 1 },
	{ { "127.0.0.2=office" }, "127.0.0.2", NULL, "office", 1 },
	{ { "0.0.0.0=office" }, "0.0.0.0", NULL, "office", 1 },
	{ { "::1=office" }, "::1", NULL, "office", 1 },
	{ { "localhost=office" }, "localhost", NULL, "office", 1 },
	{ { "localhost=office" }, "a.localhost", NULL, "direct", 0 },
	{ { "*.localhost=office" }, "a.localhost", NULL, "office", 1 },
	{ { "0.0.0.0/0=refuse" }, "127.0.0.1", NULL, "refuse", 1 },

	/* Once a name was looked up, ranges count as well, in their place. */
	{ { "10.0.0.0/8=refuse" }, "a.test", "10.0.0.5", "refuse", 1 },
	{ { "10.0.0.0/8=office" }, "a.test", "10.0.0.5", "office", 1 },
	{ { "10.0.0.0/8=office" }, "a.test", "::ffff:10.0.0.5", "office", 1 },
	{ { "10.0.0.0/8=refuse" }, "a.test", "11.0.0.5", "direct", 0 },
	{ { "a.test=direct", "10.0.0.0/8=refuse" }, "a.test", "10.0.0.5",
	    "direct", 1 },
	{ { "10.0.0.0/8=refuse", "a.test=direct" }, "a.test", "10.0.0.5",
	    "refuse", 1 },
	{ { "*=direct", "10.0.0.0/8=refuse" }, "a.test", "10.0.0.5", "direct",
	    1 },
	{ { "*=office" }, "a.test", "127.0.0.1", "direct", 0 },
	{ { "a.test=office" }, "a.test", "127.0.0.1", "office", 1 },
};

START_TEST(the_first_rule_that_fits_decides)
{
	const struct question *q = &questions[_i];
	struct routes *routes = make(q->rules);
	struct routes_choice choice;

	choose(routes, q->host, q->found, &choice);
	ck_assert_msg(
	    strcmp(way_of(&choice), q->way) == 0 && choice.number == q->number,
	    "%s, %s: %s %s by rule %zu, not %s by rule %zu",
	    q->rules[0] ? q->rules[0] : "-", q->rules[1] ? q->rules[1] : "-",
	    q->host, way_of(&choice), choice.number, q->way, q->number);
	if (choice.number > 0) {
		const char *rule = q->rules[choice.number - 1];

		ck_assert(
		    strncmp(rule, choice.pattern, strlen(choice.pattern)) == 0);
	}
	routes_free(routes);
}
END_TEST

START_TEST(the_others_are_direct_or_refused)
{
	struct routes *routes = routes_new();
	struct routes_choice choice;
	const char *flaw;

	ck_assert_ptr_nonnull(routes);
	routes_set_others(routes, ROUTES_REFUSE);
	choose(routes, "example.com", NULL, &choice);
	ck_assert_int_eq(choice.way, ROUTES_REFUSE);
	ck_assert_uint_eq(choice.number, 0);
	ck_assert_str_eq(choice.pattern, "*");
	ck_assert(!choice.by_name);
	ck_assert_int_eq(add(routes, "example.com=direct", &flaw), 0);
	choose(routes, "example.com", NULL, &choice);
	ck_assert_int_eq(choice.way, ROUTES_DIRECT);
	routes_set_others(routes, ROUTES_DIRECT);
	choose(routes, "example.net", NULL, &choice);
	ck_assert_int_eq(choice.way, ROUTES_DIRECT);
	ck_assert_uint_eq(routes_count(routes), 1);
	routes_free(routes);
}
END_TEST

START_TEST(a_name_counts_as_said_only_where_it_is)
{
	static const struct {
		const char *rule;
		const char *host;
		bool by_name;
	} rows[] = {
		{ "a.test=direct", "a.test", true },
		{ "*.test=direct", "a.test", true },
		{ ".test=direct", "a.test", true },
		{ "*=direct", "a.test", false },
		{ "b.test=direct", "a.test", false },
		{ "10.0.0.0/8=direct", "10.0.0.5", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const rules[RULES] = { rows[i].rule };
		struct routes *routes = make(rules);
		struct routes_choice choice;

		choose(routes, rows[i].host, NULL, &choice);
		ck_assert_msg(choice.by_name == rows[i].by_name, "%s %s",
		    rows[i].rule, rows[i].host);
		routes_free(routes);
	}
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
	static const struct {
		const char *rule;
		const char *flaw;
	} rows[] = {
		{ "=direct", "is no address, range or name" },
		{ ".=direct", "is no address, range or name" },
		{ "*.=direct", "is no address, range or name" },
		{ "*x.test=direct", "is no address, range or name" },
		{ "a.*.test=direct", "is no address, range or name" },
		{ "a..test=direct", "is no address, range or name" },
		{ "a b.test=direct", "is no address, range or name" },
		{ "1.2.3.256=direct", "is no address, range or name" },
		{ "127.1=direct", "is no address, range or name" },
		{ "*.10.0.0.1=direct", "is no address, range or name" },
		{ "printer=office", "is a name of one label" },
		{ "10.0.0.5/8=direct", "is no range of addresses" },
		{ "10.0.0.0/33=direct", "is no range of addresses" },
		{ "fd00::/129=direct", "is no range of addresses" },
		{ "a.test:80=direct", "is no range of addresses" },
		{ "10.0.0.0/=direct", "is no range of addresses" },
		{ "a.test=", "leads via what is no name of a host" },
		{ "a.test=off_ice", "leads via what is no name of a host" },
		{ "a.test=web.office", "leads via what is no name of a host" },
		{ "a.test=10", "leads via what is no name of a host" },
	};
	struct routes *routes = routes_new();

	ck_assert_ptr_nonnull(routes);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *flaw = "";

		ck_assert_msg(
		    add(routes, rows[i].rule, &flaw) == -1 &&
			strncmp(flaw, rows[i].flaw, strlen(rows[i].flaw)) == 0,
		    "%s: %s", rows[i].rule, flaw);
	}
	ck_assert_uint_eq(routes_count(routes), 0);
	routes_free(routes);
}
END_TEST

START_TEST(rules_have_a_limit)
{
	struct routes *routes = routes_new();
	const char *flaw = "";

	ck_assert_ptr_nonnull(routes);
	for (size_t i = 0; i < ROUTES_MAX; i++) {
		ck_assert_int_eq(add(routes, "*=direct", &flaw), 0);
	}
	ck_assert_int_eq(add(routes, "*=direct", &flaw), -1);
	ck_assert_str_eq(flaw, "is one too many");
	routes_free(routes);
}
END_TEST

START_TEST(memory_runs_short)
{
	struct routes *routes = NULL;
	const char *flaw = NULL;
	bool failed = true;

	for (long n = 1; failed; n++) {
		int result = -1;

		failalloc_after(n);
		routes = routes_new();
		if (routes != NULL) {
			flaw = NULL;
			result = routes_add(
			    routes, "*.corp.test", ROUTES_VIA, "office", &flaw);
		}
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(result, failed ? -1 : 0);
		if (failed && routes != NULL) {
			ck_assert_str_eq(flaw, "does not fit into memory");
			ck_assert_uint_eq(routes_count(routes), 0);
		}
		routes_free(routes);
	}
	routes_free(NULL);
}
END_TEST

START_TEST(names_of_this_machine)
{
	static const struct {
		const char *host;
		bool is;
	} rows[] = {
		{ "localhost", true },
		{ "LOCALHOST.", true },
		{ "a.b.localhost", true },
		{ "xlocalhost", false },
		{ "localhost.test", false },
		{ "127.0.0.1", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proxy_target target;

		ck_assert_int_eq(proxytarget_set_host(&target, rows[i].host,
				     strlen(rows[i].host), 1),
		    0);
		ck_assert(routes_is_localhost(&target) == rows[i].is);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("routes");
	TCase *tcase = tcase_create("routes");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, the_first_rule_that_fits_decides, 0,
	    (int)(sizeof(questions) / sizeof(questions[0])));
	tcase_add_test(tcase, the_others_are_direct_or_refused);
	tcase_add_test(tcase, a_name_counts_as_said_only_where_it_is);
	tcase_add_test(tcase, what_is_wrong_is_said);
	tcase_add_test(tcase, rules_have_a_limit);
	tcase_add_test(tcase, memory_runs_short);
	tcase_add_test(tcase, names_of_this_machine);
	return unit_main(suite);
}
