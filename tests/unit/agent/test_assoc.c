/* SPDX-License-Identifier: ISC */
/* Associations between a session in memory and real sockets on loopback. */

#include "agent/assoc.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/egress.h"
#include "agent/policy.h"
#include "agent/services.h"
#include "common/addr.h"
#include "common/loop.h"
#include "common/resolver.h"
#include "common/udpsock.h"
#include "protocol/association.h"
#include "protocol/dgram.h"
#include "protocol/stream.h"
#include "tests/support/await.h"
#include "tests/support/dnsserver.h"
#include "tests/support/failalloc.h"
#include "tests/support/pair.h"
#include "tests/support/unit.h"

static struct loop *loop;
static struct dnsserver *server;
static struct resolver *resolver;
static struct egress *egress;
static struct egress_caller *caller;
static struct pair *pair;

/* The caller's end. */
static struct stream *near;
static int opened;
static int answers;
static int resets;
static bool ended;
static struct stream_opened outcome;
static struct dgram_address last_address;
static char last_text[64];

/* A service that answers each datagram with the same and a "!". */
static struct udpsock *echo;
static struct addr echo_addr;
static int echoed;
static struct addr echo_from;

static void
on_echo(void *arg, const struct addr *from, const uint8_t *data, size_t len)
{
	char reply[64];
	int n = snprintf(
	    reply, sizeof(reply), "%.*s!", (int)len, (const char *)data);

	(void)arg;
	echoed++;
	echo_from = *from;
	(void)udpsock_send(echo, from, (const uint8_t *)reply, (size_t)n);
}

static const struct udpsock_ops echo_ops = { .datagram = on_echo };

static void
on_opened(void *arg, const struct stream_opened *result)
{
	(void)arg;
	opened++;
	outcome = *result;
	if (result->code != CODE_OK) {
		stream_release(near);
		near = NULL;
	}
}

static void
on_datagram(void *arg, const struct dgram_address *address, const uint8_t *data,
    size_t len)
{
	(void)arg;
	answers++;
	last_address = *address;
	(void)snprintf(
	    last_text, sizeof(last_text), "%.*s", (int)len, (const char *)data);
}

static void
on_reset(void *arg, enum code code, int error)
{
	(void)arg;
	(void)code;
	(void)error;
	resets++;
	stream_release(near);
	near = NULL;
}

static const struct stream_ops near_ops = {
	.opened = on_opened,
	.datagram = on_datagram,
	.reset = on_reset,
};

static void
on_open(struct pair_end *end, struct stream *stream)
{
	egress_open(caller, NULL, stream, &end->target);
}

static void
configure(const char *rule, const char *service)
{
	struct policy *policy = policy_new();
	struct services *services = services_new();
	const char *flaw;

	if (rule != NULL) {
		ck_assert_int_eq(policy_allow(policy, rule, &flaw), 0);
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
	struct addr any;

	opened = 0;
	answers = 0;
	resets = 0;
	echoed = 0;
	ended = false;
	loop = loop_new();
	server = dnsserver_new(loop);
	config.servers = dnsserver_text(server);
	resolver = resolver_new(loop, &config);
	egress = egress_new(loop, resolver);
	egress_set_host(egress, "office");
	caller = egress_caller_new(egress);
	pair = pair_new(NULL);
	pair->acceptor.on_open = on_open;
	pair->now = loop_now(loop);
	(void)addr_from_ip(&any, "127.0.0.1", 0);
	echo = udpsock_new(loop, &any, &echo_ops, NULL);
	ck_assert_ptr_nonnull(echo);
	ck_assert_int_eq(udpsock_address(echo, &echo_addr), 0);
	configure(NULL, NULL);
}

static void
teardown(void)
{
	udpsock_close(echo);
	egress_caller_free(caller);
	egress_free(egress);
	pair_free(pair);
	resolver_free(resolver);
	dnsserver_free(server);
	loop_free(loop);
}

static void
open_to(const char *name, uint16_t port)
{
	struct stream_target target = { .protocol = STREAM_UDP, .port = port };

	(void)snprintf(target.name, sizeof(target.name), "%s", name);
	near =
	    stream_open(pair->opener.session, &target, false, &near_ops, NULL);
	ck_assert_ptr_nonnull(near);
	pair_settle(pair);
	ck_assert_int_gt(opened, 0);
}

/* Let pass what there is, at the time that the sockets have, too. */
static void
settle(void)
{
	pair->now = loop_now(loop);
	pair_settle(pair);
}

static struct dgram_address
by_name(const char *name, uint16_t port)
{
	struct dgram_address address = { .form = DGRAM_NAME, .port = port };

	(void)snprintf(address.name, sizeof(address.name), "%s", name);
	return address;
}

static void
say(const struct dgram_address *to, const char *text)
{
	association_send(
	    near, to, (const uint8_t *)text, strlen(text), pair->now);
	settle();
}

static bool
is_answered(void *arg)
{
	const int *want = arg;

	settle();
	return answers >= *want || resets > 0;
}

/* Wait for answer number n and see that it is text from address. */
static void
expect(int n, const struct dgram_address *address, const char *text)
{
	ck_assert(await(loop, is_answered, &n));
	ck_assert_int_eq(answers, n);
	ck_assert_str_eq(last_text, text);
	ck_assert(dgram_address_equal(&last_address, address));
}

static struct assoc_stats
stats(void)
{
	struct egress_stats out;

	egress_get_stats(egress, &out);
	return out.datagrams;
}

static bool
is_counted(void *arg)
{
	const uint64_t *want = arg;
	struct assoc_stats now = stats();

	settle();
	return now.denied + now.strays + now.unreachable + now.lost >= *want;
}

/* In whatever words the caller says it, those come back. */
START_TEST(answers_come_in_the_callers_words)
{
	const struct dgram_address target = { .form = DGRAM_TARGET };
	struct dgram_address inet = { .form = DGRAM_INET,
		.bytes = { 127, 0, 0, 1 } };
	struct dgram_address self = by_name("", addr_port(&echo_addr));
	struct dgram_address text = by_name("127.0.0.1", addr_port(&echo_addr));

	inet.port = addr_port(&echo_addr);
	open_to("", addr_port(&echo_addr));
	ck_assert_int_eq(outcome.code, CODE_OK);
	say(&target, "a");
	expect(1, &target, "a!");
	say(&inet, "b");
	expect(2, &inet, "b!");
	say(&self, "c");
	expect(3, &self, "c!");
	say(&text, "d");
	expect(4, &text, "d!");
	ck_assert_uint_eq(stats().sent, 4);
	ck_assert_uint_eq(stats().received, 4);
}
END_TEST

START_TEST(a_service_is_a_target)
{
	const struct dgram_address target = { .form = DGRAM_TARGET };
	char service[64];

	(void)snprintf(service, sizeof(service), "dns=127.0.0.1:%u",
	    (unsigned)addr_port(&echo_addr));
	configure(NULL, service);
	open_to("dns", 1);
	say(&target, "query");
	expect(1, &target, "query!");
}
END_TEST

/* What came while a name was looked up goes on with it; once is enough. */
START_TEST(names_are_resolved_once)
{
	struct dgram_address name =
	    by_name("printer.lan", addr_port(&echo_addr));

	dnsserver_add(server, "printer.lan", DNSSERVER_ADDRS, "127.0.0.1");
	configure("printer.lan", NULL);
	open_to("", 0);
	/* A name leads to loopback only when that is allowed anyway. */
	say(&name, "a");
	expect(1, &name, "a!");
	for (int i = 2; i < 10; i++) {
		say(&name, "b");
		expect(i, &name, "b!");
	}
	ck_assert_int_le(dnsserver_queries(server), 2);
}
END_TEST

START_TEST(no_such_name)
{
	struct dgram_address name = by_name("nobody.lan", 53);
	uint64_t want = 1;

	configure("*:53", NULL);
	open_to("", 0);
	say(&name, "a");
	ck_assert(await(loop, is_counted, &want));
	ck_assert_uint_eq(stats().sent, 0);
	/* For a while nobody is asked again. */
	for (int i = 0; i < 5; i++) {
		say(&name, "a");
	}
	ck_assert_uint_eq(stats().denied, 5);
	ck_assert_int_le(dnsserver_queries(server), 2);
	ck_assert_int_eq(resets, 0);
}
END_TEST

START_TEST(the_policy_decides_each_address)
{
	struct dgram_address other = {
		.form = DGRAM_INET, .port = 53, .bytes = { 192, 0, 2, 1 }
	};
	struct dgram_address meta = {
		.form = DGRAM_INET, .port = 53, .bytes = { 169, 254, 169, 254 }
	};
	struct dgram_address mapped = { .form = DGRAM_INET6,
		.port = 53,
		.bytes = { [10] = 0xff, 0xff, 192, 0, 2, 1 } };
	struct dgram_address name = by_name("printer.lan", 9100);
	struct dgram_address none = { .form = DGRAM_TARGET };

	open_to("", 0);
	say(&other, "a");
	say(&meta, "a");
	say(&mapped, "a");
	say(&name, "a");
	say(&none, "a");
	ck_assert_uint_eq(stats().denied, 5);
	ck_assert_uint_eq(stats().sent, 0);
	ck_assert_int_eq(dnsserver_queries(server), 0);
}
END_TEST

/* What an open association may do follows the policy at once. */
START_TEST(a_new_policy_counts_at_once)
{
	struct dgram_address self = by_name("", addr_port(&echo_addr));

	open_to("", 0);
	say(&self, "a");
	expect(1, &self, "a!");
	configure("127.0.0.1:9", NULL);
	say(&self, "b");
	ck_assert_uint_eq(stats().denied, 1);
	configure(NULL, NULL);
	say(&self, "c");
	expect(2, &self, "c!");
}
END_TEST

START_TEST(a_target_that_is_denied_is_not_opened)
{
	open_to("10.0.0.5", 53);
	ck_assert_int_eq(outcome.code, CODE_DENIED);
	open_to("printer.lan", 53);
	ck_assert_int_eq(outcome.code, CODE_DENIED);
	ck_assert_uint_eq(egress_count(egress), 0);
}
END_TEST

/* Nobody else gets in, not even from the same machine. */
START_TEST(strays_are_dropped)
{
	struct dgram_address self = by_name("", addr_port(&echo_addr));
	struct udpsock *other = udpsock_new_any(loop, AF_INET, &echo_ops, NULL);
	struct addr to;
	uint64_t want = 1;

	open_to("", 0);
	say(&self, "a");
	expect(1, &self, "a!");
	(void)addr_from_ip(&to, "127.0.0.1", addr_port(&echo_from));
	ck_assert_int_eq(
	    udpsock_send(other, &to, (const uint8_t *)"spoof", 5), 0);
	ck_assert(await(loop, is_counted, &want));
	ck_assert_uint_eq(stats().strays, 1);
	ck_assert_int_eq(answers, 1);
	udpsock_close(other);
}
END_TEST

/* Nobody at 127.0.0.1: the other address of this host is tried. */
START_TEST(unreachable_is_counted)
{
	struct dgram_address self = by_name("", addr_port(&echo_addr));
	uint64_t want = 1;

	udpsock_close(echo);
	echo = NULL;
	open_to("", 0);
	say(&self, "a");
	ck_assert(await(loop, is_counted, &want));
	ck_assert_uint_eq(stats().unreachable, 1);
	say(&self, "b");
	want = 2;
	ck_assert(await(loop, is_counted, &want));
	ck_assert_uint_eq(stats().unreachable + stats().lost, 2);
	ck_assert_int_eq(resets, 0);
}
END_TEST

START_TEST(peers_are_bounded)
{
	struct dgram_address self = by_name("", addr_port(&echo_addr));

	open_to("", 0);
	say(&self, "a");
	expect(1, &self, "a!");
	for (unsigned i = 0; i < 3 * ASSOC_PEERS_MAX; i++) {
		struct dgram_address other = { .form = DGRAM_INET,
			.port = (uint16_t)(i + 1),
			.bytes = { 10, 0, 0, 1 } };

		say(&other, "x");
	}
	ck_assert_uint_eq(stats().denied, 3 * ASSOC_PEERS_MAX);
	say(&self, "b");
	expect(2, &self, "b!");
}
END_TEST

START_TEST(ends_with_its_stream)
{
	open_to("", 0);
	ck_assert_uint_eq(egress_count(egress), 1);
	stream_release(near);
	near = NULL;
	pair_settle(pair);
	ck_assert_uint_eq(egress_count(egress), 0);
	open_to("", 0);
	egress_caller_free(caller);
	caller = NULL;
	pair_settle(pair);
	ck_assert_int_eq(resets, 1);
	ck_assert_uint_eq(egress_count(egress), 0);
}
END_TEST

static struct assoc_space quick;
static struct assoc *forgotten;

static void
on_ended(void *arg)
{
	(void)arg;
	ended = true;
	forgotten = NULL;
}

static void
on_open_quick(struct pair_end *end, struct stream *stream)
{
	static const struct stream_opened ok = { .code = CODE_OK };

	forgotten =
	    assoc_new(&quick, NULL, stream, &end->target, on_ended, NULL);
	ck_assert_ptr_nonnull(forgotten);
	stream_answer(stream, &ok);
}

/* One that nothing passes on ends by itself, and its opener hears of it. */
START_TEST(ends_when_it_is_forgotten)
{
	quick = (struct assoc_space){
		.loop = loop,
		.resolver = resolver,
		.idle = 0.02,
	};
	pair->acceptor.on_open = on_open_quick;
	open_to("", 0);
	ck_assert_ptr_nonnull(forgotten);
	ck_assert(await_flag(loop, &ended));
	settle();
	ck_assert_int_eq(resets, 1);
}
END_TEST

START_TEST(associations_of_a_caller_are_bounded)
{
	for (int i = 0; i < EGRESS_ASSOCIATIONS_MAX; i++) {
		open_to("", 0);
		ck_assert_int_eq(outcome.code, CODE_OK);
	}
	open_to("", 0);
	ck_assert_int_eq(outcome.code, CODE_TOO_MANY_STREAMS);
}
END_TEST

START_TEST(short_of_memory)
{
	struct dgram_address self = by_name("", addr_port(&echo_addr));
	bool more = true;

	for (long n = 1; more; n++) {
		int had = answers;

		opened = 0;
		open_to("", 0);
		failalloc_after(n);
		association_send(
		    near, &self, (const uint8_t *)"a", 1, pair->now);
		pair_settle(pair);
		more = failalloc_hit();
		failalloc_off();
		pair_settle(pair);
		say(&self, "z");
		do {
			had++;
			ck_assert(await(loop, is_answered, &had));
		} while (strcmp(last_text, "z!") != 0);
		stream_release(near);
		pair_settle(pair);
		loop_poll(loop);
		answers = 0;
		(void)snprintf(last_text, sizeof(last_text), "-");
	}
	ck_assert_int_eq(resets, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("assoc");
	TCase *tc = tcase_create("assoc");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, answers_come_in_the_callers_words);
	tcase_add_test(tc, a_service_is_a_target);
	tcase_add_test(tc, names_are_resolved_once);
	tcase_add_test(tc, no_such_name);
	tcase_add_test(tc, the_policy_decides_each_address);
	tcase_add_test(tc, a_new_policy_counts_at_once);
	tcase_add_test(tc, a_target_that_is_denied_is_not_opened);
	tcase_add_test(tc, strays_are_dropped);
	tcase_add_test(tc, unreachable_is_counted);
	tcase_add_test(tc, peers_are_bounded);
	tcase_add_test(tc, ends_with_its_stream);
	tcase_add_test(tc, ends_when_it_is_forgotten);
	tcase_add_test(tc, associations_of_a_caller_are_bounded);
	tcase_add_test(tc, short_of_memory);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
