/* SPDX-License-Identifier: ISC */

#include "agent/policy.h"

#include <stdio.h>
#include <string.h>

#include "common/addr.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

#define RULES 4

/* One question to a policy. */
struct question {
	const char *rules[RULES];
	const char *name; /* asked for; NULL: the address */
	const char *addr; /* "ADDR:PORT" */
	bool allowed;
};

/* Return a policy of up to RULES rules. */
static struct policy *
make(const char *const rules[RULES])
{
	struct policy *policy = policy_new();
	const char *flaw = "";

	ck_assert_ptr_nonnull(policy);
	for (size_t i = 0; i < RULES && rules[i] != NULL; i++) {
		ck_assert_msg(policy_allow(policy, rules[i], &flaw) == 0,
		    "%s %s", rules[i], flaw);
	}
	return policy;
}

/* Ask one question. */
static void
ask(const struct question *q)
{
	struct policy *policy = make(q->rules);
	struct addr addr;

	ck_assert_int_eq(addr_parse(&addr, q->addr), 0);
	ck_assert_msg(policy_allows(policy, q->name, &addr) == q->allowed,
	    "rules %s %s: %s %s must be %s", q->rules[0] ? q->rules[0] : "-",
	    q->rules[1] ? q->rules[1] : "", q->name ? q->name : "", q->addr,
	    q->allowed ? "allowed" : "denied");
	policy_free(policy);
}

#define ASK_ALL(table)                                                         \
	for (size_t i = 0; i < sizeof(table) / sizeof((table)[0]); i++) {      \
		ask(&(table)[i]);                                              \
	}

START_TEST(default_is_loopback_only)
{
	static const struct question table[] = {
		{ { NULL }, NULL, "127.0.0.1:1", true },
		{ { NULL }, NULL, "127.0.0.1:65535", true },
		{ { NULL }, NULL, "127.255.255.254:80", true },
		{ { NULL }, NULL, "[::1]:80", true },
		{ { NULL }, NULL, "[::ffff:127.0.0.1]:80", true },
		{ { NULL }, NULL, "[64:ff9b::7f00:1]:80", true },
		{ { NULL }, "anything", "127.0.0.1:80", true },
		{ { NULL }, NULL, "128.0.0.1:80", false },
		{ { NULL }, NULL, "10.0.0.5:80", false },
		{ { NULL }, NULL, "192.168.1.1:80", false },
		{ { NULL }, NULL, "8.8.8.8:53", false },
		{ { NULL }, NULL, "[fd00::1]:80", false },
		{ { NULL }, NULL, "[::2]:80", false },
		{ { NULL }, NULL, "0.0.0.0:80", false },
		{ { NULL }, NULL, "[::]:80", false },
		{ { NULL }, NULL, "169.254.169.254:80", false },
	};

	ASK_ALL(table);
}
END_TEST

START_TEST(rules_open_what_they_say)
{
	static const struct question table[] = {
		{ { "10.0.0.0/8" }, NULL, "10.1.2.3:1", true },
		{ { "10.0.0.0/8" }, NULL, "10.255.255.255:65535", true },
		{ { "10.0.0.0/8" }, NULL, "11.0.0.0:80", false },
		{ { "10.0.0.0/8" }, NULL, "[::ffff:10.0.0.1]:80", true },
		{ { "10.0.0.0/8" }, NULL, "[64:ff9b::a00:1]:80", true },
		{ { "10.0.0.0/8" }, NULL, "[64:ff9b::b00:1]:80", false },
		{ { "10.0.0.0/8:22" }, NULL, "10.1.2.3:22", true },
		{ { "10.0.0.0/8:22" }, NULL, "10.1.2.3:23", false },
		{ { "10.0.0.5:22,80,8000-8100" }, NULL, "10.0.0.5:22", true },
		{ { "10.0.0.5:22,80,8000-8100" }, NULL, "10.0.0.5:80", true },
		{ { "10.0.0.5:22,80,8000-8100" }, NULL, "10.0.0.5:7999",
		    false },
		{ { "10.0.0.5:22,80,8000-8100" }, NULL, "10.0.0.5:8000", true },
		{ { "10.0.0.5:22,80,8000-8100" }, NULL, "10.0.0.5:8100", true },
		{ { "10.0.0.5:22,80,8000-8100" }, NULL, "10.0.0.5:8101",
		    false },
		{ { "10.0.0.5:22,80,8000-8100" }, NULL, "10.0.0.6:22", false },
		{ { "10.0.0.5" }, NULL, "10.0.0.5:1", true },
		{ { "10.0.0.5:*" }, NULL, "10.0.0.5:1", true },
		{ { "[fd00::/8]:22" }, NULL, "[fd12::1]:22", true },
		{ { "[fd00::/8]:22" }, NULL, "[fd12::1]:80", false },
		{ { "[fd00::/8]:22" }, NULL, "[fe12::1]:22", false },
		{ { "[fd00::/8]" }, NULL, "[fd12::1]:80", true },
		{ { "fd00::/8" }, NULL, "[fd12::1]:80", true },
		{ { "fd00::5" }, NULL, "[fd00::5]:80", true },
		{ { "fd00::5" }, NULL, "[fd00::6]:80", false },
		{ { "0.0.0.0/0" }, NULL, "8.8.8.8:53", true },
		{ { "0.0.0.0/0" }, NULL, "[2001:db8::1]:53", false },
		{ { "*:443" }, NULL, "8.8.8.8:443", true },
		{ { "*:443" }, "a.example", "[2001:db8::1]:443", true },
		{ { "*:443" }, NULL, "8.8.8.8:80", false },
		{ { "10.0.0.0/8:22", "10.0.0.5:80" }, NULL, "10.0.0.5:80",
		    true },
		{ { "10.0.0.0/8:22", "10.0.0.5:80" }, NULL, "10.0.0.6:80",
		    false },
	};

	ASK_ALL(table);
}
END_TEST

START_TEST(names_open_what_they_resolve_to)
{
	static const struct question table[] = {
		{ { "printer:9100" }, "printer", "10.0.0.9:9100", true },
		{ { "printer:9100" }, "PRINTER.", "10.0.0.9:9100", true },
		{ { "Printer.:9100" }, "printer", "10.0.0.9:9100", true },
		{ { "printer:9100" }, "printer", "10.0.0.9:80", false },
		{ { "printer:9100" }, "printer2", "10.0.0.9:9100", false },
		{ { "printer:9100" }, NULL, "10.0.0.9:9100", false },
		{ { "printer" }, "printer", "10.0.0.9:1", true },
		{ { "*.lan:80" }, "nas.lan", "10.0.0.9:80", true },
		{ { "*.lan:80" }, "a.b.LAN.", "10.0.0.9:80", true },
		{ { "*.lan:80" }, "lan", "10.0.0.9:80", false },
		{ { "*.lan:80" }, ".lan", "10.0.0.9:80", false },
		{ { "*.lan:80" }, "xlan", "10.0.0.9:80", false },
		{ { "*.lan:80" }, "nas.lan.example", "10.0.0.9:80", false },
		{ { "*.lan:80" }, "", "10.0.0.9:80", false },
		/* A name never leads to what must be named by address. */
		{ { "*.lan:80" }, "x.lan", "169.254.169.254:80", false },
		{ { "x.lan:80" }, "x.lan", "169.254.169.254:80", false },
		{ { "x.lan:80", "127.0.0.1:22" }, "x.lan", "127.0.0.1:80",
		    false },
		{ { "x.lan:80", "127.0.0.1:22" }, "x.lan", "127.0.0.1:22",
		    true },
		{ { "localhost:80" }, NULL, "127.0.0.1:80", true },
		{ { "localhost:80" }, NULL, "[::1]:80", true },
		{ { "localhost:80" }, NULL, "127.0.0.1:81", false },
		{ { "*.localhost:80" }, NULL, "127.0.0.1:81", true },
	};

	ASK_ALL(table);
}
END_TEST

START_TEST(naming_loopback_confines_it)
{
	static const struct question table[] = {
		/* Opening the network leaves loopback as it was. */
		{ { "10.0.0.5:22" }, NULL, "127.0.0.1:80", true },
		{ { "0.0.0.0/0:22", "*:443" }, NULL, "127.0.0.1:80", true },
		{ { "printer:9100" }, NULL, "[::1]:80", true },
		/* The two rules of the sample configuration. */
		{ { "127.0.0.1:*", "10.0.0.0/8:22" }, NULL, "127.0.0.1:80",
		    true },
		{ { "127.0.0.1:*", "10.0.0.0/8:22" }, NULL, "10.0.0.1:22",
		    true },
		{ { "127.0.0.1:*", "10.0.0.0/8:22" }, NULL, "10.0.0.1:80",
		    false },
		{ { "127.0.0.1:22" }, NULL, "127.0.0.1:22", true },
		{ { "127.0.0.1:22" }, NULL, "127.0.0.1:80", false },
		{ { "127.0.0.1:22" }, NULL, "127.0.0.2:22", false },
		{ { "127.0.0.1:22" }, NULL, "[::1]:22", false },
		{ { "127.0.0.0/8:22" }, NULL, "127.0.0.2:22", true },
		{ { "[::1]:22" }, NULL, "127.0.0.1:22", false },
		{ { "[::ffff:127.0.0.1]:22" }, NULL, "127.0.0.1:22", true },
		{ { "[::ffff:127.0.0.1]:22" }, NULL, "127.0.0.1:23", false },
		/* Wide ranges do not open what a rule confined. */
		{ { "127.0.0.1:22", "0.0.0.0/0", "*", "::/0" }, NULL,
		    "127.0.0.1:80", false },
		{ { "127.0.0.1:22", "0.0.0.0/0", "*", "::/0" }, NULL,
		    "[::1]:22", false },
		{ { "127.0.0.1:22", "127.0.0.1:80" }, NULL, "127.0.0.1:80",
		    true },
	};

	ASK_ALL(table);
}
END_TEST

START_TEST(guarded_must_be_named)
{
	static const struct question table[] = {
		{ { "0.0.0.0/0" }, NULL, "169.254.169.254:80", false },
		{ { "*" }, NULL, "169.254.169.254:80", false },
		{ { "169.0.0.0/8" }, NULL, "169.254.169.254:80", false },
		{ { "169.254.169.254:80" }, NULL, "169.254.169.254:80", true },
		{ { "169.254.169.254:80" }, NULL, "169.254.169.254:81", false },
		{ { "169.254.169.254:80" }, NULL, "169.254.169.253:80", false },
		{ { "169.254.169.254" }, NULL, "[::ffff:169.254.169.254]:80",
		    true },
		{ { "169.254.0.0/16" }, NULL, "169.254.1.1:80", true },
		{ { "169.254.169.0/24" }, NULL, "169.254.169.254:80", true },
		{ { "0.0.0.0/0" }, NULL, "[64:ff9b::a9fe:a9fe]:80", false },
		{ { "::/0" }, NULL, "[fe80::1]:80", false },
		{ { "fe80::/10" }, NULL, "[fe80::1]:80", true },
		{ { "fe80::/9" }, NULL, "[fe80::1]:80", false },
		{ { "fd00::/8" }, NULL, "[fd00:ec2::254]:80", false },
		{ { "fd00:ec2::/64" }, NULL, "[fd00:ec2::254]:80", false },
		{ { "fd00:ec2::254" }, NULL, "[fd00:ec2::254]:80", true },
		{ { "100.64.0.0/10" }, NULL, "100.100.100.200:80", false },
		{ { "100.64.0.0/10" }, NULL, "100.100.100.201:80", true },
		{ { "100.100.100.200" }, NULL, "100.100.100.200:80", true },
		{ { "168.63.0.0/16" }, NULL, "168.63.129.16:80", false },
		{ { "168.63.129.16" }, NULL, "168.63.129.16:80", true },
		/* Ranges whose two ends are guarded, but not what is between.
		 */
		{ { "0.0.0.0/0" }, NULL, "224.0.0.1:80", false },
		{ { "224.0.0.0/3" }, NULL, "224.0.0.1:80", false },
		{ { "224.0.0.0/4" }, NULL, "224.0.0.1:80", true },
		{ { "::/0" }, NULL, "[ff02::1]:80", false },
		{ { "::/0" }, NULL, "[::]:80", false },
		{ { "ff00::/8" }, NULL, "[ff02::1]:80", true },
		{ { "0.0.0.0" }, NULL, "0.0.0.0:80", true },
	};

	ASK_ALL(table);
}
END_TEST

START_TEST(loopback_can_be_closed)
{
	struct policy *policy = policy_new();
	const char *flaw;
	struct addr web;
	struct addr ssh;

	ck_assert_int_eq(addr_parse(&web, "127.0.0.1:80"), 0);
	ck_assert_int_eq(addr_parse(&ssh, "127.0.0.1:22"), 0);
	policy_set_loopback(policy, false);
	ck_assert(!policy_allows(policy, NULL, &web));
	ck_assert_int_eq(policy_allow(policy, "*", &flaw), 0);
	ck_assert(!policy_allows(policy, NULL, &web));
	ck_assert_int_eq(policy_permit(policy, "127.0.0.1", 80, &flaw), 0);
	ck_assert(policy_allows(policy, NULL, &web));
	ck_assert(!policy_allows(policy, NULL, &ssh));
	policy_set_loopback(policy, true);
	ck_assert(policy_allows(policy, NULL, &ssh));
	policy_free(policy);
}
END_TEST

START_TEST(service_opens_its_target_only)
{
	struct policy *policy = policy_new();
	const char *flaw;
	struct addr addr;

	ck_assert_int_eq(policy_permit(policy, "127.0.0.1", 8080, &flaw), 0);
	ck_assert_int_eq(policy_permit(policy, "10.0.0.5", 22, &flaw), 0);
	ck_assert_int_eq(policy_permit(policy, "fd00::5", 22, &flaw), 0);
	ck_assert_int_eq(policy_permit(policy, "printer", 9100, &flaw), 0);
	ck_assert_int_eq(addr_parse(&addr, "127.0.0.1:22"), 0);
	ck_assert(policy_allows(policy, NULL, &addr));
	ck_assert_int_eq(addr_parse(&addr, "10.0.0.5:22"), 0);
	ck_assert(policy_allows(policy, NULL, &addr));
	ck_assert_int_eq(addr_parse(&addr, "10.0.0.5:23"), 0);
	ck_assert(!policy_allows(policy, NULL, &addr));
	ck_assert_int_eq(addr_parse(&addr, "[fd00::5]:22"), 0);
	ck_assert(policy_allows(policy, NULL, &addr));
	ck_assert_int_eq(addr_parse(&addr, "10.0.0.9:9100"), 0);
	ck_assert(policy_allows(policy, "printer", &addr));
	ck_assert(!policy_allows(policy, NULL, &addr));

	ck_assert_int_eq(policy_permit(policy, "", 1, &flaw), -1);
	ck_assert_int_eq(policy_permit(policy, "10.0.0.5", 0, &flaw), -1);
	ck_assert_int_eq(policy_permit(policy, "*", 1, &flaw), -1);
	ck_assert_int_eq(policy_permit(policy, "*.lan", 1, &flaw), -1);
	ck_assert_int_eq(policy_permit(policy, "10.0.0.0/8", 1, &flaw), -1);
	ck_assert_int_eq(policy_permit(policy, "a b", 1, &flaw), -1);
	policy_free(policy);
}
END_TEST

START_TEST(useless_queries_are_not_sent)
{
	static const char *const none[RULES] = { NULL };
	static const char *const local[RULES] = { "127.0.0.1:*", "localhost" };
	static const char *const some[RULES] = { "printer:9100", "*.lan:80",
		"10.0.0.0/8:22" };
	struct policy *policy = make(none);

	ck_assert(!policy_may_resolve(policy, "printer", 9100));
	policy_free(policy);
	policy = make(local);
	ck_assert(!policy_may_resolve(policy, "printer", 9100));
	policy_free(policy);
	policy = make(some);
	ck_assert(policy_may_resolve(policy, "printer", 9100));
	ck_assert(!policy_may_resolve(policy, "printer", 80));
	ck_assert(policy_may_resolve(policy, "nas.lan", 80));
	ck_assert(policy_may_resolve(policy, "anything", 22));
	policy_free(policy);
}
END_TEST

START_TEST(bad_rules_are_refused)
{
	static const char *const bad[] = {
		"",
		":22",
		"10.0.0.5:",
		"10.0.0.5:0",
		"10.0.0.5:65536",
		"10.0.0.5:100000",
		"10.0.0.5:22,",
		"10.0.0.5:,22",
		"10.0.0.5:22 ",
		"10.0.0.5:80-22",
		"10.0.0.5:22-",
		"10.0.0.5:-22",
		"10.0.0.5:*,22",
		"10.0.0.5:ssh",
		"10.0.0.5/8",
		"10.0.0.0/33",
		"10.0.0.0/",
		"10.0.0",
		"10.0.0.256",
		"10.0.0.1.5:22",
		"1",
		"[fd00::/8",
		"[fd00::/8]22",
		"[]:22",
		"[*]:22",
		"[printer]:22",
		"fd00::/8:22",
		"fd00:::1",
		"a..b",
		".lan",
		"*.",
		"**.lan",
		"a*.lan",
		"*lan",
		"*.5",
		"pri nter",
		"printer;80",
		"http://printer",
		"printer/24",
		"xn\xc3\xa9",
	};
	struct policy *policy = policy_new();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *flaw = NULL;

		ck_assert_msg(policy_allow(policy, bad[i], &flaw) == -1,
		    "\"%s\" was taken", bad[i]);
		ck_assert_ptr_nonnull(flaw);
	}
	policy_free(policy);
	policy_free(NULL);
}
END_TEST

START_TEST(sizes_are_bounded)
{
	struct policy *policy = policy_new();
	const char *flaw = NULL;
	char text[700];
	size_t len;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(policy_allow(policy, text, &flaw), -1);
	text[64] = '\0';
	ck_assert_int_eq(policy_allow(policy, text, &flaw), -1);
	text[63] = '\0';
	ck_assert_int_eq(policy_allow(policy, text, &flaw), 0);
	len = (size_t)snprintf(text, sizeof(text), "10.0.0.1:1");
	for (size_t i = 1; i < 64; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, ",1");
	}
	ck_assert_int_eq(policy_allow(policy, text, &flaw), 0);
	(void)snprintf(text + len, sizeof(text) - len, ",1");
	ck_assert_int_eq(policy_allow(policy, text, &flaw), -1);
	for (size_t i = 2; i < POLICY_RULES_MAX; i++) {
		ck_assert_int_eq(policy_allow(policy, "10.0.0.1", &flaw), 0);
	}
	ck_assert_int_eq(policy_allow(policy, "10.0.0.1", &flaw), -1);
	policy_free(policy);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	static const char *const rules[RULES] = { "printer:9100", "*.lan",
		"10.0.0.0/8:22", "localhost" };
	bool failed = true;

	for (long n = 1; failed; n++) {
		const char *flaw = NULL;
		struct policy *policy;

		failalloc_after(n);
		policy = policy_new();
		for (size_t i = 0; i < RULES && policy != NULL; i++) {
			if (policy_allow(policy, rules[i], &flaw) != 0) {
				ck_assert_str_eq(
				    flaw, "does not fit into memory");
			}
		}
		failed = failalloc_hit();
		failalloc_off();
		policy_free(policy);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("policy");
	TCase *tcase = tcase_create("policy");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, default_is_loopback_only);
	tcase_add_test(tcase, rules_open_what_they_say);
	tcase_add_test(tcase, names_open_what_they_resolve_to);
	tcase_add_test(tcase, naming_loopback_confines_it);
	tcase_add_test(tcase, guarded_must_be_named);
	tcase_add_test(tcase, loopback_can_be_closed);
	tcase_add_test(tcase, service_opens_its_target_only);
	tcase_add_test(tcase, useless_queries_are_not_sent);
	tcase_add_test(tcase, bad_rules_are_refused);
	tcase_add_test(tcase, sizes_are_bounded);
	tcase_add_test(tcase, every_allocation_may_fail);
	return unit_main(suite);
}
