/* SPDX-License-Identifier: ISC */
#include "gateway/loans.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "gateway/hosts.h"
#include "protocol/linkmsg.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static struct loans *loans;
static struct hosts *hosts;

static void
setup(void)
{
	loans = loans_new();
	hosts = hosts_new();
	ck_assert_ptr_nonnull(loans);
	ck_assert_ptr_nonnull(hosts);
	hosts_set_user(hosts, "bob", loans);
}

static void
teardown(void)
{
	hosts_free(hosts);
	loans_free(loans);
}

static struct share
make_share(const char *owner, const char *host, uint64_t id)
{
	struct share share = {
		.relay = "relay.example.net:7000",
		.epoch = 1,
		.caller = { .user = "bob", .share = id, .rights = "ports=22" },
	};

	(void)snprintf(share.owner, sizeof(share.owner), "%s", owner);
	(void)snprintf(share.host, sizeof(share.host), "%s", host);
	memset(share.host_public, 7, sizeof(share.host_public));
	memset(share.psk, 9, sizeof(share.psk));
	return share;
}

/* Tell hosts of a host, whose key is all n. */
static void
told(const char *owner, const char *name, uint8_t n,
    enum linkmsg_host_state state, uint8_t flags)
{
	struct linkmsg_host host = { .state = state };
	uint8_t payload[1 + LINKMSG_HOST_MAX] = { flags };
	size_t used;

	(void)snprintf(host.owner, sizeof(host.owner), "%s", owner);
	(void)snprintf(host.name, sizeof(host.name), "%s", name);
	memset(host.key, n, sizeof(host.key));
	used = linkmsg_host_append(&host, payload, sizeof(payload), 1);
	ck_assert_int_eq(hosts_apply(hosts, payload, used), 0);
}

static void
put(const char *alias, const char *owner, const char *host, uint64_t id)
{
	struct share share = make_share(owner, host, id);

	ck_assert_int_eq(loans_put(loans, alias, &share), 0);
}

START_TEST(text_and_back)
{
	struct loans *back = loans_new();
	size_t len = 0;
	char *text;

	put("work", "alice", "office", 1);
	put("attic", "carol", "attic", 2);
	text = loans_format(loans, &len);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(len, strlen(text));
	ck_assert_int_eq(strncmp(text, "attic inroadshare1:", 19), 0);
	ck_assert_uint_eq(loans_parse(back, text), 0);
	ck_assert_str_eq(loans_at(back, 0)->alias, "attic");
	ck_assert_str_eq(loans_at(back, 1)->alias, "work");
	ck_assert_mem_eq(&loans_at(back, 1)->share,
	    &loans_find(loans, "work")->share, sizeof(struct share));
	ck_assert_ptr_null(loans_at(back, 2));
	/* A character that is wrong is found in its line. */
	text[strlen(text) - 5] ^= 1;
	ck_assert_uint_eq(loans_parse(back, text), 2);
	ck_assert_uint_eq(loans_parse(back, "\n"), 1);
	ck_assert_uint_eq(loans_parse(back, "work\n"), 1);
	mem_free(text);
	loans_free(back);
}
END_TEST

START_TEST(one_of_each)
{
	put("work", "alice", "office", 1);
	put("work", "alice", "office", 2);
	ck_assert_uint_eq(loans_at(loans, 0)->share.caller.share, 2);
	ck_assert_ptr_null(loans_at(loans, 1));
	ck_assert_ptr_eq(
	    loans_find_host(loans, "alice", "office"), loans_at(loans, 0));
	ck_assert_ptr_null(loans_find_host(loans, "alice", "work"));
	loans_drop(loans, loans_find(loans, "work"));
	ck_assert_ptr_null(loans_find(loans, "work"));
}
END_TEST

START_TEST(bounded)
{
	struct share share = make_share("alice", "office", 1);
	char alias[16];

	for (int i = 0; i < LOANS_MAX; i++) {
		(void)snprintf(alias, sizeof(alias), "h%d", i);
		ck_assert_int_eq(loans_put(loans, alias, &share), 0);
	}
	ck_assert_int_eq(loans_put(loans, "more", &share), -1);
	ck_assert_int_eq(loans_put(loans, "h7", &share), 0);
	loans_drop(loans, loans_find(loans, "h7"));
	failalloc_after(1);
	ck_assert_int_eq(loans_put(loans, "more", &share), -1);
	failalloc_off();
	ck_assert_int_eq(loans_put(loans, "more", &share), 0);
}
END_TEST

/* --- as hosts ------------------------------------------------------------ */

START_TEST(found_once_it_is_accepted)
{
	const struct host *host;

	told("alice", "office", 7, LINKMSG_ONLINE,
	    LINKMSG_HOSTS_FIRST | LINKMSG_HOSTS_LAST);
	ck_assert_ptr_null(hosts_find(hosts, "office"));
	put("work", "alice", "office", 1);
	ck_assert_ptr_null(hosts_find(hosts, "office"));
	host = hosts_find(hosts, "work");
	ck_assert_ptr_nonnull(host);
	ck_assert_str_eq(host->owner, "alice");
	ck_assert_str_eq(host->name, "work");
	ck_assert_uint_eq(host->share, 1);
	ck_assert(host->online);
	ck_assert(!host->withdrawn);
	ck_assert(!hosts_key_changed(host));
	ck_assert_ptr_eq(
	    hosts_share(hosts, host), &loans_find(loans, "work")->share);
	told("alice", "office", 7, LINKMSG_REMOVED, 0);
	host = hosts_find(hosts, "work");
	ck_assert(host->withdrawn);
	ck_assert(!host->online);
	loans_drop(loans, loans_find(loans, "work"));
	ck_assert_ptr_null(hosts_find(hosts, "work"));
}
END_TEST

/* The share says which key it has, until the user accepts another. */
START_TEST(another_key_is_none)
{
	put("work", "alice", "office", 1);
	told("alice", "office", 8, LINKMSG_ONLINE,
	    LINKMSG_HOSTS_FIRST | LINKMSG_HOSTS_LAST);
	ck_assert(hosts_key_changed(hosts_find(hosts, "work")));
	ck_assert(hosts_pin(hosts, "work"));
	ck_assert(!hosts_key_changed(hosts_find(hosts, "work")));
	ck_assert(!hosts_pin(hosts, "work"));
	told("alice", "office", 7, LINKMSG_ONLINE, 0);
	ck_assert(hosts_key_changed(hosts_find(hosts, "work")));
}
END_TEST

START_TEST(an_own_host_comes_first)
{
	put("office", "alice", "office", 1);
	told("alice", "office", 7, LINKMSG_ONLINE,
	    LINKMSG_HOSTS_FIRST | LINKMSG_HOSTS_LAST);
	ck_assert_uint_eq(hosts_find(hosts, "office")->share, 1);
	told("bob", "office", 1, LINKMSG_OFFLINE, 0);
	ck_assert_uint_eq(hosts_find(hosts, "office")->share, 0);
	ck_assert_str_eq(hosts_find(hosts, "office")->owner, "bob");
	told("bob", "office", 1, LINKMSG_REMOVED, 0);
	ck_assert_uint_eq(hosts_find(hosts, "office")->share, 1);
}
END_TEST

static void
visit(const struct host *host, void *arg)
{
	char *names = arg;
	size_t len = strlen(names);

	(void)snprintf(names + len, 64 - len, " %s", host->name);
}

START_TEST(listed_behind_the_own_ones)
{
	char names[64] = "";

	put("attic", "carol", "roof", 2);
	told("carol", "roof", 7, LINKMSG_ONLINE, LINKMSG_HOSTS_FIRST);
	told("dave", "cellar", 7, LINKMSG_ONLINE, 0);
	told("bob", "home", 1, LINKMSG_ONLINE, LINKMSG_HOSTS_LAST);
	hosts_each(hosts, visit, names);
	ck_assert_str_eq(names, " home attic");
	ck_assert_str_eq(hosts_nearest(hosts, "atic"), "attic");
	ck_assert_ptr_null(hosts_nearest(hosts, "celar"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("loans");
	TCase *tcase = tcase_create("loans");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, text_and_back);
	tcase_add_test(tcase, one_of_each);
	tcase_add_test(tcase, bounded);
	tcase_add_test(tcase, found_once_it_is_accepted);
	tcase_add_test(tcase, another_key_is_none);
	tcase_add_test(tcase, an_own_host_comes_first);
	tcase_add_test(tcase, listed_behind_the_own_ones);
	return unit_main(suite);
}
