/* SPDX-License-Identifier: ISC */

#include "agent/egress.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/policy.h"
#include "agent/services.h"
#include "common/addr.h"
#include "common/loop.h"
#include "common/resolver.h"
#include "protocol/codes.h"
#include "protocol/limits.h"
#include "protocol/stream.h"
#include "tests/support/await.h"
#include "tests/support/dnsserver.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/pair.h"
#include "tests/support/unit.h"

static struct loop *loop;
static struct dnsserver *server;
static struct resolver *resolver;
static struct pair *pair;
static struct egress *egress;
static struct egress_caller *caller;
static int idles;
static long fail_at_open; /* which allocation from then on fails; 0: none */

/* A stream came out of the session: lead it where it wants to go. */
static void
on_open(struct pair_end *end, struct stream *stream)
{
	if (fail_at_open > 0) {
		failalloc_after(fail_at_open);
	}
	egress_open(caller, NULL, stream, &end->target);
}

static void
on_idle(void *arg)
{
	(void)arg;
	idles++;
}

/* Let egress go by up to two rules and one service; NULL for none. */
static void
configure(const char *rule, const char *other, const char *service)
{
	struct policy *policy = policy_new();
	struct services *services = services_new();
	const char *flaw;

	if (rule != NULL) {
		ck_assert_int_eq(policy_allow(policy, rule, &flaw), 0);
	}
	if (other != NULL) {
		ck_assert_int_eq(policy_allow(policy, other, &flaw), 0);
	}
	if (service != NULL) {
		ck_assert_int_eq(services_add(services, service, &flaw), 0);
	}
	egress_configure(egress, policy, services);
}

static void
setup(void)
{
	struct resolver_config config = { .timeout = 5. };

	loop = loop_new();
	server = dnsserver_new(loop);
	ck_assert_ptr_nonnull(server);
	config.servers = dnsserver_text(server);
	resolver = resolver_new(loop, &config);
	egress = egress_new(loop, resolver);
	ck_assert_ptr_nonnull(egress);
	egress_set_host(egress, "office");
	caller = egress_caller_new(egress);
	ck_assert_ptr_nonnull(caller);
	egress_on_idle(egress, on_idle, NULL);
	pair = pair_new(NULL);
	ck_assert_ptr_nonnull(pair);
	pair->acceptor.on_open = on_open;
	idles = 0;
	configure(NULL, NULL, NULL);
}

static void
teardown(void)
{
	egress_caller_free(caller);
	caller = NULL;
	egress_free(egress);
	pair_free(pair);
	resolver_free(resolver);
	dnsserver_free(server);
	loop_free(loop);
}

/* Let peer open a stream to name and port, sending what it has early. */
static void
open_to(struct pair_peer *peer, const char *name, uint16_t port)
{
	struct stream_target target = { .protocol = STREAM_TCP, .port = port };

	(void)snprintf(target.name, sizeof(target.name), "%s", name);
	peer->stream = stream_open(
	    pair->opener.session, &target, true, &pair_peer_ops, peer);
	ck_assert_ptr_nonnull(peer->stream);
	if (peer->to_send > 0 || peer->fin_after) {
		stream_ready(peer->stream);
	}
	pair_settle(pair);
}

/* Settles the pair, then says whether the peer in arg has its answer. */
static bool
is_answered(void *arg)
{
	const struct pair_peer *peer = arg;

	pair_settle(pair);
	return peer->opened > 0 || peer->resets > 0;
}

/* Open a stream to name and port and wait for the answer to be code. */
static void
expect(const char *name, uint16_t port, enum code code, const char *text)
{
	struct pair_peer peer;

	pair_peer_init(&peer, pair, 0, false);
	open_to(&peer, name, port);
	ck_assert(await(loop, is_answered, &peer));
	ck_assert_int_eq(peer.outcome.code, code);
	if (text != NULL) {
		ck_assert_str_eq(peer.outcome.text, text);
	}
	if (peer.stream != NULL) {
		stream_release(peer.stream);
		pair_settle(pair);
	}
}

/* Say that nobody is on the way any more, bridges included. */
static bool
is_empty(void *arg)
{
	(void)arg;
	pair_settle(pair);
	return egress_count(egress) == 0;
}

/* A service: listening socket, connection, address, and its texts. */
struct target {
	int fd;
	int conn;
	struct addr addr;
	char text[ADDR_TEXT_LEN];
};

static void
listen_on(struct target *target, int family)
{
	target->fd = netpair_listen(family, &target->addr);
	target->conn = -1;
	ck_assert_int_ge(target->fd, 0);
	(void)addr_format(&target->addr, target->text);
}

static void
accept_on(struct target *target)
{
	target->conn = accept(target->fd, NULL, NULL);
	ck_assert_int_ge(target->conn, 0);
}

static void
close_target(struct target *target)
{
	if (target->conn >= 0) {
		(void)close(target->conn);
	}
	(void)close(target->fd);
}

/* Settles the pair, then says whether the target in arg can read n bytes. */
static bool
can_read_all(void *arg)
{
	const struct target *target = arg;
	char buffer[4096];

	pair_settle(pair);
	return recv(target->conn, buffer, sizeof(buffer),
		   MSG_PEEK | MSG_DONTWAIT) == 1000;
}

/* Settles the pair, then says whether the target in arg reads an end. */
static bool
reads_end(void *arg)
{
	const struct target *target = arg;
	char byte;

	pair_settle(pair);
	return recv(target->conn, &byte, 1, MSG_DONTWAIT) == 0;
}

/* Settles the pair, then says whether the peer in arg got a FIN. */
static bool
has_fin(void *arg)
{
	const struct pair_peer *peer = arg;

	pair_settle(pair);
	return peer->fins > 0;
}

START_TEST(bytes_go_both_ways)
{
	struct target target;
	struct pair_peer peer;
	struct egress_stats stats;
	char buffer[1000];
	uint8_t ip[16];

	listen_on(&target, AF_INET);
	/* 1,000 bytes of early data and the end. */
	pair_peer_init(&peer, pair, 1000, true);
	open_to(&peer, "127.0.0.1", addr_port(&target.addr));
	ck_assert_uint_eq(peer.sent, 1000);
	ck_assert(await(loop, is_answered, &peer));
	ck_assert_int_eq(peer.outcome.code, CODE_OK);
	ck_assert_uint_eq(addr_to_bytes(&target.addr, ip), 4);
	ck_assert_uint_eq(peer.outcome.address_len, 4);
	ck_assert_mem_eq(peer.outcome.address, ip, 4);
	ck_assert_uint_eq(peer.outcome.port, addr_port(&target.addr));
	accept_on(&target);
	ck_assert(await(loop, can_read_all, &target));
	ck_assert_int_eq(
	    recv(target.conn, buffer, sizeof(buffer), MSG_WAITALL), 1000);
	ck_assert(await(loop, reads_end, &target));
	egress_get_stats(egress, &stats);
	ck_assert_uint_eq(stats.open, 1);
	ck_assert_uint_eq(stats.waiting, 0);
	ck_assert_uint_eq(egress_caller_count(caller), 1);
	/* What comes back is the same pattern. */
	ck_assert_int_eq(send(target.conn, buffer, 1000, 0), 1000);
	ck_assert_int_eq(shutdown(target.conn, SHUT_WR), 0);
	ck_assert(await(loop, has_fin, &peer));
	ck_assert_uint_eq(peer.received, 1000);
	ck_assert(peer.good);
	ck_assert(await(loop, is_empty, NULL));
	ck_assert_int_eq(idles, 1);
	egress_get_stats(egress, &stats);
	ck_assert_uint_eq(stats.open, 0);
	ck_assert_uint_eq(stats.ever, 1);
	ck_assert_uint_eq(egress_caller_count(caller), 0);
	close_target(&target);
}
END_TEST

START_TEST(empty_name_is_loopback)
{
	struct target target;

	listen_on(&target, AF_INET);
	expect("", addr_port(&target.addr), CODE_OK, NULL);
	expect("localhost", addr_port(&target.addr), CODE_OK, NULL);
	expect("LocalHost.", addr_port(&target.addr), CODE_OK, NULL);
	expect("web.localhost", addr_port(&target.addr), CODE_OK, NULL);
	close_target(&target);
	if (netpair_has(AF_INET6)) {
		listen_on(&target, AF_INET6);
		expect("", addr_port(&target.addr), CODE_OK, NULL);
		close_target(&target);
	}
	ck_assert_int_eq(dnsserver_queries(server), 0);
}
END_TEST

START_TEST(services_lead_to_targets)
{
	struct target target;
	char service[ADDR_TEXT_LEN + 8];

	listen_on(&target, AF_INET);
	(void)snprintf(service, sizeof(service), "web=%s", target.text);
	configure(NULL, NULL, service);
	expect("web", 80, CODE_OK, NULL);
	expect("WEB", 0, CODE_OK, NULL);
	ck_assert_ptr_nonnull(services_find(egress_services(egress), "web"));
	close_target(&target);
}
END_TEST

START_TEST(refusals_are_told)
{
	struct addr addr;
	int fd = netpair_closed_port(AF_INET, &addr);
	char text[LIMITS_TEXT_LEN];

	(void)snprintf(text, sizeof(text),
	    "\"office\" is up, but nothing listens on 127.0.0.1:%u there.",
	    (unsigned)addr_port(&addr));
	expect("127.0.0.1", addr_port(&addr), CODE_SERVICE_REFUSED, text);
	expect("", addr_port(&addr), CODE_SERVICE_REFUSED, text);
	expect("127.0.0.1", 0, CODE_BAD_REQUEST, "A port is missing.");
	(void)close(fd);
}
END_TEST

START_TEST(policy_is_asked)
{
	struct target target;

	expect("10.0.0.5", 22, CODE_DENIED,
	    "The policy of \"office\" does not allow 10.0.0.5:22. On office: "
	    "--allow 10.0.0.5:22");
	expect("fd00::5", 22, CODE_DENIED,
	    "The policy of \"office\" does not allow [fd00::5]:22. On office: "
	    "--allow [fd00::5]:22");
	expect("::ffff:169.254.169.254", 80, CODE_DENIED, NULL);
	/* What may not be reached is not asked for either. */
	expect("printer", 9100, CODE_DENIED,
	    "The policy of \"office\" does not allow printer:9100. On office: "
	    "--allow printer:9100");
	ck_assert_int_eq(dnsserver_queries(server), 0);
	listen_on(&target, AF_INET);
	configure("127.0.0.1:22", NULL, NULL);
	expect("127.0.0.1", addr_port(&target.addr), CODE_DENIED, NULL);
	configure("127.0.0.1:*", NULL, NULL);
	expect("127.0.0.1", addr_port(&target.addr), CODE_OK, NULL);
	/* The mapped form is the same target and dialled in the plain one. */
	expect("::ffff:127.0.0.1", addr_port(&target.addr), CODE_OK, NULL);
	expect("64:ff9b::7f00:1", addr_port(&target.addr), CODE_OK, NULL);
	close_target(&target);
}
END_TEST

START_TEST(names_are_resolved_then_judged)
{
	struct target target;
	char rule[64];

	listen_on(&target, AF_INET);
	dnsserver_add(server, "web.lan", DNSSERVER_ADDRS, "127.0.0.1");
	dnsserver_add(server, "evil.lan", DNSSERVER_ADDRS, "169.254.169.254");
	dnsserver_add(
	    server, "both.lan", DNSSERVER_ADDRS, "169.254.169.254 127.0.0.1");
	(void)snprintf(rule, sizeof(rule), "*.lan:80,%u",
	    (unsigned)addr_port(&target.addr));
	configure(rule, NULL, NULL);
	expect("web.lan", addr_port(&target.addr), CODE_OK, NULL);
	expect("both.lan", addr_port(&target.addr), CODE_OK, NULL);
	expect("evil.lan", 80, CODE_DENIED,
	    "The policy of \"office\" does not allow 169.254.169.254:80. On "
	    "office: --allow 169.254.169.254:80");
	expect("none.lan", 80, CODE_DNS_FAILED,
	    "\"office\" cannot resolve \"none.lan\".");
	expect("web.lan", 81, CODE_DENIED, NULL);
	close_target(&target);
}
END_TEST

/* Settles the pair, then says whether as many flows wait as arg says. */
static bool
has_waiting(void *arg)
{
	const size_t *count = arg;
	struct egress_stats stats;

	pair_settle(pair);
	egress_get_stats(egress, &stats);
	return stats.waiting == *count;
}

/* Let as many dials be under way as usual, or as somebody wants it. */
static size_t
limit_dials(int i)
{
	if (i == 0) {
		return LIMITS_DIALS_MAX;
	}
	egress_set_dials(egress, 5);
	return 5;
}

START_TEST(dials_wait_their_turn)
{
	static struct pair_peer peers[LIMITS_DIALS_MAX + 3];
	const size_t many = limit_dials(_i) + 3;
	struct pair_peer last;
	struct target target;
	struct addr hole;
	int fds[3];
	size_t count = many + 1;

	ck_assert_int_eq(netpair_black_hole(fds, &hole), 0);
	listen_on(&target, AF_INET);
	for (size_t i = 0; i < many; i++) {
		pair_peer_init(&peers[i], pair, 0, false);
		open_to(&peers[i], "127.0.0.1", addr_port(&hole));
	}
	pair_peer_init(&last, pair, 0, false);
	open_to(&last, "127.0.0.1", addr_port(&target.addr));
	ck_assert(await(loop, has_waiting, &count));
	ck_assert_uint_eq(egress_caller_count(caller), count);
	/* Another caller does not wait. */
	{
		struct egress_caller *first = caller;

		caller = egress_caller_new(egress);
		expect("127.0.0.1", addr_port(&target.addr), CODE_OK, NULL);
		egress_caller_free(caller);
		caller = first;
	}
	ck_assert_uint_eq(last.opened, 0);
	/* One that waits, then three that dial, give up: last has its turn. */
	stream_reset(peers[many - 1].stream, CODE_CANCELLED, 0);
	for (size_t i = 0; i < 3; i++) {
		stream_reset(peers[i].stream, CODE_CANCELLED, 0);
	}
	ck_assert(await(loop, is_answered, &last));
	ck_assert_int_eq(last.outcome.code, CODE_OK);
	/* Now the caller goes. */
	egress_caller_free(caller);
	caller = NULL;
	pair_settle(pair);
	for (size_t i = 3; i < many - 1; i++) {
		/* An unanswered stream that is reset. */
		ck_assert_uint_eq(peers[i].resets, 1);
		ck_assert_int_eq(peers[i].reset_code, CODE_GOING_DOWN);
	}
	ck_assert_uint_eq(last.resets, 0);
	ck_assert_uint_eq(egress_count(egress), 1);
	egress_free(egress);
	egress = NULL;
	pair_settle(pair);
	ck_assert_uint_eq(last.resets, 1);
	close_target(&target);
	for (size_t i = 0; i < 3; i++) {
		(void)close(fds[i]);
	}
}
END_TEST

START_TEST(reset_cancels_the_way)
{
	struct pair_peer peers[2];
	size_t count = 2;
	struct addr hole;
	int fds[3];

	ck_assert_int_eq(netpair_black_hole(fds, &hole), 0);
	dnsserver_add(server, "silent.lan", DNSSERVER_SILENT, "");
	configure("*.lan", NULL, NULL);
	pair_peer_init(&peers[0], pair, 0, false);
	pair_peer_init(&peers[1], pair, 100, false);
	open_to(&peers[0], "silent.lan", 80);
	open_to(&peers[1], "127.0.0.1", addr_port(&hole));
	ck_assert(await(loop, has_waiting, &count));
	stream_reset(peers[0].stream, CODE_CANCELLED, 0);
	stream_reset(peers[1].stream, CODE_CANCELLED, 0);
	pair_settle(pair);
	ck_assert_uint_eq(egress_count(egress), 0);
	ck_assert_uint_eq(egress_caller_count(caller), 0);
	ck_assert_int_eq(idles, 1);
	for (size_t i = 0; i < 3; i++) {
		(void)close(fds[i]);
	}
}
END_TEST

START_TEST(dead_session_leaves_no_flow)
{
	struct target target;
	struct pair_peer peers[2];
	size_t count = 1;
	struct addr hole;
	int fds[3];

	ck_assert_int_eq(netpair_black_hole(fds, &hole), 0);
	listen_on(&target, AF_INET);
	pair_peer_init(&peers[0], pair, 0, false);
	pair_peer_init(&peers[1], pair, 0, false);
	open_to(&peers[0], "127.0.0.1", addr_port(&hole));
	open_to(&peers[1], "127.0.0.1", addr_port(&target.addr));
	ck_assert(await(loop, is_answered, &peers[1]));
	ck_assert(await(loop, has_waiting, &count));
	session_fail(pair->acceptor.session, CODE_SESSION_LOST);
	ck_assert_uint_eq(egress_count(egress), 0);
	close_target(&target);
	for (size_t i = 0; i < 3; i++) {
		(void)close(fds[i]);
	}
}
END_TEST

START_TEST(nothing_is_allowed_unconfigured)
{
	egress_configure(egress, NULL, NULL);
	expect("127.0.0.1", 80, CODE_DENIED, NULL);
	expect("printer", 80, CODE_DENIED, NULL);
	configure(NULL, NULL, NULL);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	struct target target;
	bool failed = true;

	listen_on(&target, AF_INET);
	for (long n = 1; failed; n++) {
		struct pair_peer peer;
		struct stream_target to = { .protocol = STREAM_TCP,
			.name = "127.0.0.1",
			.port = addr_port(&target.addr) };

		pair_peer_init(&peer, pair, 10, false);
		peer.stream = stream_open(
		    pair->opener.session, &to, true, &pair_peer_ops, &peer);
		stream_ready(peer.stream);
		fail_at_open = n;
		ck_assert(await(loop, is_answered, &peer));
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_msg(failed || peer.outcome.code == CODE_OK, "%s",
		    peer.outcome.text);
		if (peer.stream != NULL) {
			stream_release(peer.stream);
		}
		ck_assert(await(loop, is_empty, NULL));
		ck_assert_uint_eq(egress_caller_count(caller), 0);
	}
	close_target(&target);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("egress");
	TCase *tcase = tcase_create("egress");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, bytes_go_both_ways);
	tcase_add_test(tcase, empty_name_is_loopback);
	tcase_add_test(tcase, services_lead_to_targets);
	tcase_add_test(tcase, refusals_are_told);
	tcase_add_test(tcase, policy_is_asked);
	tcase_add_test(tcase, names_are_resolved_then_judged);
	tcase_add_loop_test(tcase, dials_wait_their_turn, 0, 2);
	tcase_add_test(tcase, reset_cancels_the_way);
	tcase_add_test(tcase, dead_session_leaves_no_flow);
	tcase_add_test(tcase, nothing_is_allowed_unconfigured);
	tcase_add_test(tcase, every_allocation_may_fail);
	return unit_main(suite);
}
