/* SPDX-License-Identifier: ISC */
/*
 * The endpoint and the sessions of hosts are the test's: it defines their
 * functions, so that every answer can be had.  The list of hosts, the routes
 * and the look-up of names are real.
 */

#include "gateway/reach.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/loop.h"
#include "common/resolver.h"
#include "gateway/direct.h"
#include "gateway/hosts.h"
#include "gateway/peers.h"
#include "gateway/routes.h"
#include "gateway/virtuals.h"
#include "protocol/conduit.h"
#include "protocol/endpoint.h"
#include "tests/support/await.h"
#include "tests/support/dnsserver.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/pair.h"
#include "tests/support/unit.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* --- in the place of the endpoint and of gateway/peers ------------------- */

static bool has_link;
static enum code no_link;

struct link *
endpoint_link(struct endpoint *endpoint)
{
	static char link;

	(void)endpoint;
	return has_link ? (struct link *)(void *)&link : NULL;
}

enum code
endpoint_no_link(struct endpoint *endpoint, char *text)
{
	(void)endpoint;
	(void)snprintf(text, LIMITS_TEXT_LEN, "no link");
	return no_link;
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

enum code
peers_why(
    const struct peers *peers, const char *name, char text[LIMITS_TEXT_LEN])
{
	(void)peers;
	(void)snprintf(text, LIMITS_TEXT_LEN, "%s is away", name);
	return CODE_HOST_OFFLINE;
}

void
peers_cancel(struct peers_wait *wait)
{
	if (wait == NULL) {
		return;
	}
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
static struct loop *loop;
static struct dnsserver *server;
static struct routes *routes;
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
	ck_assert_int_eq(hosts_apply(space.map.hosts, payload, used), 0);
}

/* Look names up at server from now on, for so many seconds each. */
static void
ask_server(double timeout)
{
	const struct resolver_config config = {
		.servers = dnsserver_text(server),
		.timeout = timeout,
	};

	resolver_free(space.resolver);
	space.resolver = resolver_new(loop, &config);
	ck_assert_ptr_nonnull(space.resolver);
}

static void
setup(void)
{
	loop = loop_new();
	server = dnsserver_new(loop);
	routes = routes_new();
	space = (struct reach_space){
		.direct = direct_new(loop),
		.map = { .suffix = "internal", .routes = routes },
	};
	ask_server(5.);
	space.map.hosts = hosts_new();
	ck_assert_ptr_nonnull(space.map.hosts);
	tell("office");
	has_link = true;
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
	direct_free(space.direct);
	resolver_free(space.resolver);
	hosts_free(space.map.hosts);
	routes_free(routes);
	dnsserver_free(server);
	loop_free(loop);
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
	ck_assert_str_eq(result.way.host, ours[_i].host);
	ck_assert_str_eq(result.way.target.name, ours[_i].rest);
	ck_assert_uint_eq(result.way.target.port, 80);
	ck_assert_int_eq(result.way.target.protocol, STREAM_TCP);
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
	ck_assert_uint_eq(result.way.target.port, 22);

	go("office", 22);
	answer = CODE_HOST_OFFLINE;
	arrive();
	ck_assert_int_eq(results, 2);
	ck_assert_int_eq(result.code, CODE_HOST_OFFLINE);
	ck_assert_str_eq(result.text, "later");
	ck_assert_ptr_null(result.session);
}
END_TEST

START_TEST(says_what_it_waits_for)
{
	char text[LIMITS_TEXT_LEN];

	at_once = false;
	go("web.office", 80);
	ck_assert_int_eq(reach_why(reach, text), CODE_HOST_OFFLINE);
	ck_assert_str_eq(text, "office is away");
	reach_cancel(reach);
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
	routes_set_others(routes, ROUTES_REFUSE);
	expect("example.com", CODE_DENIED, "example.com is not one of");
	expect("10.0.0.5", CODE_DENIED, "10.0.0.5");
	expect("::1", CODE_DENIED, "::1");
	ck_assert_int_eq(result.step, REACH_NAME);
	ck_assert_str_eq(asked, "");
}
END_TEST

static void
route(const char *pattern, enum routes_way way, const char *host)
{
	const char *flaw;

	ck_assert_int_eq(routes_add(routes, pattern, way, host, &flaw), 0);
}

/* Look for the way to name, which takes a look-up. */
static void
look_up(const char *name, uint16_t port)
{
	int before = results;

	go(name, port);
	ck_assert_ptr_nonnull(reach);
	ck_assert_int_eq(results, before);
	ck_assert(await_count(loop, &results, before + 1));
}

START_TEST(addresses_go_directly_at_once)
{
	expect("192.0.2.1", CODE_OK, NULL);
	ck_assert_int_eq(result.step, REACH_READY);
	ck_assert_ptr_null(result.session);
	ck_assert_uint_eq(result.way.addr_count, 1);
	ck_assert_int_eq(dnsserver_queries(server), 0);
}
END_TEST

START_TEST(names_are_looked_up)
{
	dnsserver_add(server, "www.example", DNSSERVER_ADDRS, "127.0.0.1");
	dnsserver_add(server, "fail.example", DNSSERVER_FAIL, NULL);
	dnsserver_add(server, "mute.example", DNSSERVER_SILENT, NULL);
	has_link = false;
	look_up("www.example", 80);
	ck_assert_int_eq(result.code, CODE_OK);
	ck_assert_uint_eq(result.way.addr_count, 1);
	ck_assert_uint_eq(addr_port(&result.way.addrs[0]), 80);
	look_up("nosuch.example", 80);
	ck_assert_int_eq(result.code, CODE_DIRECT_FAILED);
	ck_assert_int_eq(result.step, REACH_LOOKUP);
	ck_assert_str_eq(result.text,
	    "nosuch.example is not one of your hosts, and going there directly "
	    "failed (no such name).");
	/* Under our suffix that is a host mistyped. */
	look_up("web.offce.internal", 80);
	ck_assert_int_eq(result.code, CODE_HOST_UNKNOWN);
	ck_assert_ptr_nonnull(strstr(result.text, "Did you mean \"office\"?"));
	look_up("fail.example", 80);
	ck_assert_ptr_nonnull(strstr(result.text, "servers cannot tell"));
	ask_server(0.3);
	look_up("mute.example", 80);
	ck_assert_ptr_nonnull(strstr(result.text, "no name server answered"));
	ck_assert_str_eq(asked, "");
}
END_TEST

START_TEST(what_a_name_leads_to_may_be_a_hosts)
{
	route("10.0.0.0/8", ROUTES_VIA, "office");
	dnsserver_add(server, "intra.example", DNSSERVER_ADDRS, "10.1.2.3");
	look_up("intra.example", 80);
	ck_assert_int_eq(result.code, CODE_OK);
	ck_assert_ptr_eq(result.session, session);
	ck_assert_str_eq(result.way.host, "office");
	ck_assert_str_eq(result.way.target.name, "10.1.2.3");
	/* The same, when the host lets us wait, and when there is no link. */
	at_once = false;
	go("intra.example", 80);
	while (waiting.done == NULL) {
		loop_poll(loop);
	}
	arrive();
	ck_assert_int_eq(result.code, CODE_OK);
	has_link = false;
	at_once = true;
	answer = CODE_RELAY_UNREACHABLE;
	look_up("intra.example", 80);
	ck_assert_int_eq(result.code, CODE_RELAY_UNREACHABLE);
	ck_assert_int_eq(result.step, REACH_LINK);
}
END_TEST

START_TEST(a_look_up_is_given_up)
{
	dnsserver_add(server, "www.example", DNSSERVER_ADDRS, "127.0.0.1");
	go("www.example", 80);
	ck_assert_ptr_nonnull(reach);
	reach_cancel(reach);
	for (int i = 0; i < 50; i++) {
		loop_poll(loop);
	}
	ck_assert_int_eq(results, 0);
}
END_TEST

START_TEST(a_look_up_without_memory)
{
	for (long n = 1;; n++) {
		bool failed;

		reach = NULL;
		results = 0;
		failalloc_after(n);
		go("www.example", 80);
		failed = failalloc_hit();
		failalloc_off();
		if (reach != NULL) {
			ck_assert(await_count(loop, &results, 1));
		}
		ck_assert_int_eq(results, 1);
		if (!failed) {
			break;
		}
		ck_assert(result.code == CODE_OVERLOADED ||
			  result.code == CODE_DIRECT_FAILED);
	}
}
END_TEST

/* An owner that notes how opening went. */
static void
on_opened(void *arg, const struct stream_opened *opened)
{
	int *code = arg;

	*code = (int)opened->code;
}

START_TEST(opens_directly)
{
	static const struct stream_ops ops = { .opened = on_opened };
	struct addr addr;
	int listener = netpair_listen(AF_INET, &addr);
	int code = -1;
	struct conduit *conduit;

	go("127.0.0.1", addr_port(&addr));
	conduit = reach_open(&result, true, &ops, &code);
	ck_assert_ptr_nonnull(conduit);
	while (code < 0) {
		loop_poll(loop);
	}
	ck_assert_int_eq(code, CODE_OK);
	conduit_release(conduit);
	close(listener);
}
END_TEST

START_TEST(the_relay_is_for_this_machine)
{
	space.map.outside = true;
	expect("relay", CODE_DENIED, "own machine");
	expect("relay.internal", CODE_DENIED, "own machine");
	expect("web.relay", CODE_DENIED, "own machine");
	ck_assert_str_eq(asked, "");
	expect("office", CODE_OK, NULL);
}
END_TEST

/* Without a link the list of hosts is still known, and sessions may live on. */
START_TEST(without_a_link)
{
	has_link = false;
	expect("office", CODE_OK, NULL);
	ck_assert_int_eq(result.step, REACH_READY);
	answer = CODE_RELAY_UNREACHABLE;
	expect("office", CODE_RELAY_UNREACHABLE, "now");
	ck_assert_int_eq(result.step, REACH_LINK);
	/* The list says of other names what they are. */
	expect("offce", CODE_HOST_UNKNOWN, NULL);
	expect("192.0.2.1", CODE_OK, NULL);
}
END_TEST

/* Before there was a list, nobody knows whose a name is. */
START_TEST(without_a_list)
{
	hosts_clear(space.map.hosts);
	has_link = false;
	no_link = CODE_RELAY_DNS;
	expect("office", CODE_RELAY_DNS, NULL);
	expect("web.office", CODE_RELAY_DNS, NULL);
	/* No host has the name of a top-level domain. */
	look_up("www.example.com", 80);
	ck_assert_int_eq(result.code, CODE_DIRECT_FAILED);
	/* A list that is coming is waited for, too. */
	has_link = true;
	expect("web.office", CODE_RELAY_DNS, NULL);
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

/* An address that stands for a name is that name, and no address. */
START_TEST(virtual_addresses)
{
	struct virtuals *virtuals = virtuals_new();
	struct addr_prefix range;
	struct proxy_target address;

	ck_assert_int_eq(addr_prefix_parse(&range, VIRTUALS_RANGE), 0);
	virtuals_set_range(virtuals, &range);
	ck_assert_int_eq(virtuals_give(virtuals, "web.office", &address), 0);
	space.virtuals = virtuals;
	expect("198.18.0.1", CODE_OK, NULL);
	ck_assert_str_eq(result.way.host, "office");
	ck_assert_str_eq(result.way.target.name, "web");
	ck_assert_str_eq(result.asked.name, "web.office");
	expect("198.18.0.2", CODE_HOST_UNKNOWN, "stands for no name");
	space.virtuals = NULL;
	virtuals_free(virtuals);
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
	tcase_add_test(tests, virtual_addresses);
	tcase_add_test(tests, waits_for_the_session);
	tcase_add_test(tests, says_what_it_waits_for);
	tcase_add_test(tests, waits_no_longer_than_wanted);
	tcase_add_test(tests, a_host_that_does_not_answer);
	tcase_add_test(tests, names_that_are_unknown);
	tcase_add_test(tests, names_that_are_none_of_ours);
	tcase_add_test(tests, addresses_go_directly_at_once);
	tcase_add_test(tests, names_are_looked_up);
	tcase_add_test(tests, what_a_name_leads_to_may_be_a_hosts);
	tcase_add_test(tests, a_look_up_is_given_up);
	tcase_add_test(tests, a_look_up_without_memory);
	tcase_add_test(tests, opens_directly);
	tcase_add_test(tests, the_relay_is_for_this_machine);
	tcase_add_test(tests, without_a_link);
	tcase_add_test(tests, without_a_list);
	tcase_add_test(tests, opens_what_was_found);
	tcase_add_test(tests, memory_is_short);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
