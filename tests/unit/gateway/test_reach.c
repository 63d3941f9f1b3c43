/* SPDX-License-Identifier: ISC */
/*
 * The endpoint and the sessions of hosts are the test's: it defines their
 * functions, so that every answer can be had.  The list of hosts is real.
 */

#include "gateway/reach.h"

#include <stdio.h>
#include <string.h>

#include "gateway/hosts.h"
#include "gateway/peers.h"
#include "protocol/conduit.h"
#include "protocol/endpoint.h"
#include "protocol/uplink.h"
#include "tests/support/failalloc.h"
#include "tests/support/pair.h"
#include "tests/support/unit.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* --- in the place of the endpoint and of gateway/peers ------------------- */

static bool has_link;
static struct uplink_status uplink;

struct link *
endpoint_link(struct endpoint *endpoint)
{
	static char link;

	(void)endpoint;
	return has_link ? (struct link *)(void *)&link : NULL;
}

void
endpoint_get_status(struct endpoint *endpoint, struct uplink_status *out)
{
	(void)endpoint;
	*out = uplink;
}

struct peers_wait {
	peers_done *done; /* NULL when nobody waits */
	void *arg;
};

static struct peers_wait waiting;
static bool at_once;
static int cancelled;
static char asked[NAME_HOST_MAX + 1];
static enum code answer;
static struct session *session;

struct peers_wait *
peers_get(struct peers *peers, const char *host, peers_done *done, void *arg)
{
	(void)peers;
	(void)snprintf(asked, sizeof(asked), "%s", host);
	if (at_once) {
		done(answer == CODE_OK ? session : NULL, answer, "now", arg);
		return NULL;
	}
	ck_assert(waiting.done == NULL);
	waiting = (struct peers_wait){ done, arg };
	return &waiting;
}

void
peers_cancel(struct peers_wait *wait)
{
	ck_assert(wait == &waiting && waiting.done != NULL);
	waiting.done = NULL;
	cancelled++;
}

/* The session that is waited for is there, or not, as answer says. */
static void
arrive(void)
{
	struct peers_wait wait = waiting;

	ck_assert(wait.done != NULL);
	waiting.done = NULL;
	wait.done(
	    answer == CODE_OK ? session : NULL, answer, "later", wait.arg);
}

/* --- the tests' side ------------------------------------------------------ */

static struct reach_space space;
static struct reach *reach;
static struct reach_result result;
static int results;

static void
on_reached(const struct reach_result *found, void *arg)
{
	ck_assert_ptr_eq(arg, &space);
	result = *found;
	results++;
}

/* Tell of a host; without a name, that there are none. */
static void
tell(const char *name)
{
	struct linkmsg_host host = { .owner = "alice",
		.state = LINKMSG_ONLINE };
	uint8_t payload[1 + LINKMSG_HOST_MAX] = { LINKMSG_HOSTS_FIRST |
						  LINKMSG_HOSTS_LAST };
	size_t used = 1;

	if (name != NULL) {
		(void)snprintf(host.name, sizeof(host.name), "%s", name);
		used = linkmsg_host_append(&host, payload, sizeof(payload), 1);
	}
	ck_assert_int_eq(hosts_apply(space.hosts, payload, used), 0);
}

static void
setup(void)
{
	space = (struct reach_space){ .suffix = "internal" };
	space.hosts = hosts_new();
	ck_assert_ptr_nonnull(space.hosts);
	tell("office");
	has_link = true;
	memset(&uplink, 0, sizeof(uplink));
	waiting.done = NULL;
	at_once = true;
	cancelled = 0;
	answer = CODE_OK;
	session = (struct session *)(void *)&waiting;
	results = 0;
	asked[0] = '\0';
}

static void
teardown(void)
{
	hosts_free(space.hosts);
}

/* Look for the way to name and port. */
static void
go(const char *name, uint16_t port)
{
	struct proxy_target target;

	ck_assert_int_eq(
	    proxytarget_set_host(&target, name, strlen(name), port), 0);
	reach = reach_start(&space, &target, on_reached, &space);
}

/* As go(), decided at once with code and, unless NULL, words. */
static void
expect(const char *name, enum code code, const char *words)
{
	results = 0;
	go(name, 80);
	ck_assert_ptr_null(reach);
	ck_assert_int_eq(results, 1);
	ck_assert_int_eq(result.code, code);
	if (words != NULL && strstr(result.text, words) == NULL) {
		ck_abort_msg("\"%s\" has no \"%s\"", result.text, words);
	}
}

static const struct {
	const char *name;
	const char *host;
	const char *rest;
} ours[] = {
	{ "office", "office", "" },
	{ "OFFICE.internal.", "office", "" },
	{ "web.office", "office", "web" },
	{ "web.office.internal", "office", "web" },
	{ "10.0.0.5.office", "office", "10.0.0.5" },
	{ "relay", "relay", "" },
};

START_TEST(leads_to_a_host)
{
	expect(ours[_i].name, CODE_OK, NULL);
	ck_assert_str_eq(asked, ours[_i].host);
	ck_assert_str_eq(result.host, ours[_i].host);
	ck_assert_str_eq(result.target.name, ours[_i].rest);
	ck_assert_uint_eq(result.target.port, 80);
	ck_assert_int_eq(result.target.protocol, STREAM_TCP);
	ck_assert_ptr_eq(result.session, session);
}
END_TEST

START_TEST(waits_for_the_session)
{
	at_once = false;
	go("office", 22);
	ck_assert_ptr_nonnull(reach);
	ck_assert_int_eq(results, 0);
	arrive();
	ck_assert_int_eq(results, 1);
	ck_assert_int_eq(result.code, CODE_OK);
	ck_assert_ptr_eq(result.session, session);
	ck_assert_uint_eq(result.target.port, 22);

	go("office", 22);
	answer = CODE_HOST_OFFLINE;
	arrive();
	ck_assert_int_eq(results, 2);
	ck_assert_int_eq(result.code, CODE_HOST_OFFLINE);
	ck_assert_str_eq(result.text, "later");
	ck_assert_ptr_null(result.session);
}
END_TEST

START_TEST(waits_no_longer_than_wanted)
{
	at_once = false;
	go("office", 22);
	reach_cancel(reach);
	ck_assert_int_eq(cancelled, 1);
	ck_assert_int_eq(results, 0);
	reach_cancel(NULL);
}
END_TEST

START_TEST(a_host_that_does_not_answer)
{
	answer = CODE_HOST_OFFLINE;
	expect("office", CODE_HOST_OFFLINE, "now");
}
END_TEST

START_TEST(names_that_are_unknown)
{
	expect("offce", CODE_HOST_UNKNOWN, "Did you mean \"office\"?");
	expect("printer", CODE_HOST_UNKNOWN, "No host \"printer\".");
	ck_assert_ptr_null(strstr(result.text, "mean"));
	/* Nobody was asked for them. */
	ck_assert_str_eq(asked, "");
	tell(NULL);
	expect("office", CODE_HOST_UNKNOWN, "\"inroad hosts\" lists yours");
}
END_TEST

START_TEST(names_that_are_none_of_ours)
{
	expect("example.com", CODE_DIRECT_FAILED, "example.com is not one of");
	expect("10.0.0.5", CODE_DIRECT_FAILED, "10.0.0.5");
	expect("::1", CODE_DIRECT_FAILED, "::1");
	ck_assert_str_eq(asked, "");
}
END_TEST

START_TEST(the_relay_is_for_this_machine)
{
	space.outside = true;
	expect("relay", CODE_DENIED, "own machine");
	expect("relay.internal", CODE_DENIED, "own machine");
	expect("web.relay", CODE_DENIED, "own machine");
	ck_assert_str_eq(asked, "");
	expect("office", CODE_OK, NULL);
}
END_TEST

/* Without a link the reason is the link's, for hosts of ours. */
START_TEST(without_a_link)
{
	has_link = false;
	uplink.code = CODE_RELAY_UNREACHABLE;
	(void)snprintf(uplink.text, sizeof(uplink.text),
	    "Cannot reach relay.example.net:7000.");
	expect("office", CODE_RELAY_UNREACHABLE, "relay.example.net:7000.");
	uplink.text[0] = '\0';
	uplink.code = CODE_NOT_JOINED;
	expect("office", CODE_NOT_JOINED, codes_summary(CODE_NOT_JOINED));
	/* Nothing went wrong yet. */
	uplink.code = CODE_OK;
	(void)snprintf(
	    uplink.relay, sizeof(uplink.relay), "relay.example.net:7000");
	expect("office", CODE_RELAY_UNREACHABLE, "is being made");
	/* The list says of other names what they are. */
	expect("offce", CODE_HOST_UNKNOWN, NULL);
	expect("example.com", CODE_DIRECT_FAILED, NULL);
}
END_TEST

/* Before there was a list, nobody knows whose a name is. */
START_TEST(without_a_list)
{
	hosts_clear(space.hosts);
	has_link = false;
	uplink.code = CODE_RELAY_DNS;
	expect("office", CODE_RELAY_DNS, NULL);
	expect("example.com", CODE_RELAY_DNS, NULL);
}
END_TEST

START_TEST(opens_what_was_found)
{
	struct pair *pair = pair_new(NULL);
	struct pair_peer peer;
	struct conduit *conduit;

	ck_assert_ptr_nonnull(pair);
	session = pair->opener.session;
	expect("web.office", CODE_OK, NULL);
	pair_peer_init(&peer, pair, 4, true);
	conduit = reach_open(&result, true, &pair_peer_ops, &peer);
	ck_assert_ptr_nonnull(conduit);
	conduit_ready(conduit);
	pair_settle(pair);
	ck_assert_uint_eq(pair->acceptor.opens, 1);
	ck_assert_str_eq(pair->acceptor.target.name, "web");
	ck_assert_uint_eq(pair->acceptor.target.port, 80);
	ck_assert_uint_eq(peer.sent, 4);
	conduit_release(conduit);
	session_close(session, CODE_GOING_DOWN, pair->now);
	ck_assert_ptr_null(reach_open(&result, true, &pair_peer_ops, &peer));
	stream_release(pair->acceptor.opened);
	pair_free(pair);
}
END_TEST

START_TEST(memory_is_short)
{
	failalloc_after(1);
	expect("office", CODE_OVERLOADED, NULL);
	failalloc_off();
	ck_assert(failalloc_hit());
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("reach");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, leads_to_a_host, 0, COUNT(ours));
	tcase_add_test(tests, waits_for_the_session);
	tcase_add_test(tests, waits_no_longer_than_wanted);
	tcase_add_test(tests, a_host_that_does_not_answer);
	tcase_add_test(tests, names_that_are_unknown);
	tcase_add_test(tests, names_that_are_none_of_ours);
	tcase_add_test(tests, the_relay_is_for_this_machine);
	tcase_add_test(tests, without_a_link);
	tcase_add_test(tests, without_a_list);
	tcase_add_test(tests, opens_what_was_found);
	tcase_add_test(tests, memory_is_short);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
