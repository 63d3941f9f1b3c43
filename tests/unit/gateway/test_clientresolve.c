/* SPDX-License-Identifier: ISC */
/* RESOLVE and RESOLVE_PTR of a real client; see clientrig.h. */

#include <string.h>

#include "common/resolver.h"
#include "gateway/client_impl.h"
#include "gateway/hosts.h"
#include "gateway/routes.h"
#include "gateway/socks.h"
#include "gateway/virtuals.h"
#include "protocol/linkmsg.h"
#include "tests/support/dnsserver.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/gateway/clientrig.h"

#define BYTES(text) text, sizeof(text) - 1

/* An answer that is code and an IPv4 address. */
#define ANSWER(code, address) "\x05" code "\x00\x01" address "\x00\x00"
#define NONE "\x00\x00\x00\x00"

static struct clientrig rig;
static struct dnsserver *server;
static struct resolver *resolver;
static struct routes *routes;
static struct virtuals *virtuals;

/* The relay tells that office is all we have. */
static void
tell_hosts(void)
{
	struct linkmsg_host host = {
		.owner = "alice", .name = "office", .state = LINKMSG_ONLINE
	};
	uint8_t payload[1 + LINKMSG_HOST_MAX] = { LINKMSG_HOSTS_FIRST |
						  LINKMSG_HOSTS_LAST };
	size_t used = linkmsg_host_append(&host, payload, sizeof(payload), 1);

	ck_assert_int_eq(hosts_apply(rig.space.map.hosts, payload, used), 0);
}

static void
setup(void)
{
	struct resolver_config config = { .timeout = 5. };
	struct addr_prefix range;
	const char *flaw;

	clientrig_open(&rig);
	server = dnsserver_new(rig.loop);
	config.servers = dnsserver_text(server);
	resolver = resolver_new(rig.loop, &config);
	routes = routes_new();
	virtuals = virtuals_new();
	(void)addr_prefix_parse(&range, VIRTUALS_RANGE);
	virtuals_set_range(virtuals, &range);
	ck_assert_int_eq(
	    routes_add(routes, "*.lan", ROUTES_VIA, "office", &flaw), 0);
	ck_assert_int_eq(
	    routes_add(routes, "bad.example", ROUTES_REFUSE, NULL, &flaw), 0);
	rig.space.resolver = resolver;
	rig.space.virtuals = virtuals;
	rig.space.map.routes = routes;
	tell_hosts();
}

static void
teardown(void)
{
	client_pool_close(&rig.pool);
	resolver_free(resolver);
	dnsserver_free(server);
	clientrig_close(&rig);
	routes_free(routes);
	virtuals_free(virtuals);
}

static void
ask(uint8_t command, const char *name)
{
	uint8_t request[300] = { 5, command, 0, 3, (uint8_t)strlen(name) };
	size_t len = strlen(name);

	memcpy(request + 5, name, len);
	clientrig_connect(&rig, NULL);
	clientrig_send(&rig, BYTES("\x05\x01\x00"));
	clientrig_expect(&rig, BYTES("\x05\x00"));
	clientrig_send(&rig, request, 5 + len + 2);
}

START_TEST(names_of_hosts_get_addresses)
{
	ask(0xf0, "office");
	clientrig_expect(&rig, BYTES(ANSWER("\x00", "\xc6\x12\x00\x01")));
	clientrig_expect_end(&rig);
	ask(0xf0, "web.office.internal");
	clientrig_expect(&rig, BYTES(ANSWER("\x00", "\xc6\x12\x00\x02")));
	clientrig_expect_end(&rig);
	/* Behind a route via a host, too: it is the host's to look up. */
	ask(0xf0, "printer.lan");
	clientrig_expect(&rig, BYTES(ANSWER("\x00", "\xc6\x12\x00\x03")));
	clientrig_expect_end(&rig);
	ask(0xf0, "OFFICE");
	clientrig_expect(&rig, BYTES(ANSWER("\x00", "\xc6\x12\x00\x01")));
	ck_assert_int_eq(dnsserver_queries(server), 0);
	ck_assert_uint_eq(clientrig_outcomes(&rig, DIALECT_SOCKS5, CODE_OK), 4);
}
END_TEST

START_TEST(other_names_are_looked_up)
{
	dnsserver_add(
	    server, "www.example", DNSSERVER_ADDRS, "2001:db8::1 192.0.2.7");
	dnsserver_add(server, "six.example", DNSSERVER_ADDRS, "2001:db8::1");
	ask(0xf0, "www.example");
	clientrig_expect(&rig, BYTES(ANSWER("\x00", "\xc0\x00\x02\x07")));
	clientrig_expect_end(&rig);
	ask(0xf0, "six.example");
	clientrig_expect(&rig,
	    BYTES("\x05\x00\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
		  "\0\0"));
	clientrig_expect_end(&rig);
	ask(0xf0, "none.example");
	clientrig_expect(&rig, BYTES(ANSWER("\x04", NONE)));
	clientrig_expect_end(&rig);
}
END_TEST

START_TEST(what_has_no_way_has_no_address)
{
	ask(0xf0, "offce");
	clientrig_expect(&rig, BYTES(ANSWER("\x04", NONE)));
	clientrig_expect_end(&rig);
	ask(0xf0, "bad.example");
	clientrig_expect(&rig, BYTES(ANSWER("\x02", NONE)));
	clientrig_expect_end(&rig);
	virtuals_set_range(virtuals, NULL);
	ask(0xf0, "office");
	clientrig_expect(&rig, BYTES(ANSWER("\x04", NONE)));
	clientrig_expect_end(&rig);
	ck_assert_int_eq(dnsserver_queries(server), 0);
}
END_TEST

START_TEST(addresses_have_their_names)
{
	ask(0xf0, "office");
	clientrig_expect(&rig, BYTES(ANSWER("\x00", "\xc6\x12\x00\x01")));
	clientrig_expect_end(&rig);
	ask(0xf1, "198.18.0.1");
	clientrig_expect(&rig, BYTES("\x05\x00\x00\x03\x06office\x00\x00"));
	clientrig_expect_end(&rig);
	ask(0xf1, "192.0.2.1");
	clientrig_expect(&rig, BYTES(ANSWER("\x04", NONE)));
	clientrig_expect_end(&rig);
	/* An address is its own. */
	ask(0xf0, "192.0.2.1");
	clientrig_expect(&rig, BYTES(ANSWER("\x00", "\xc0\x00\x02\x01")));
	clientrig_expect_end(&rig);
}
END_TEST

START_TEST(socks4a_resolves_too)
{
	clientrig_connect(&rig, NULL);
	clientrig_send(
	    &rig, BYTES("\x04\xf0\x00\x00\x00\x00\x00\x01\x00office\x00"));
	clientrig_expect(&rig, BYTES("\x00\x5a\x00\x00\xc6\x12\x00\x01"));
	clientrig_expect_end(&rig);
}
END_TEST

/* A client that goes while its name is looked up. */
START_TEST(who_goes_is_not_answered)
{
	dnsserver_add(server, "slow.example", DNSSERVER_SILENT, "");
	ask(0xf0, "slow.example");
	clientrig_break(&rig);
	clientrig_expect_clients(&rig, 0);
}
END_TEST

START_TEST(short_of_memory)
{
	bool more = true;

	dnsserver_add(server, "www.example", DNSSERVER_ADDRS, "192.0.2.7");
	for (long n = 1; more; n++) {
		clientrig_connect(&rig, NULL);
		clientrig_send(&rig, BYTES("\x05\x01\x00"));
		clientrig_expect(&rig, BYTES("\x05\x00"));
		failalloc_after(n);
		clientrig_send(
		    &rig, BYTES("\x05\xf0\x00\x03\x0bwww.example\x00\x00"));
		more = failalloc_hit();
		failalloc_off();
		clientrig_again(&rig);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("clientresolve");
	TCase *tc = tcase_create("clientresolve");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, names_of_hosts_get_addresses);
	tcase_add_test(tc, other_names_are_looked_up);
	tcase_add_test(tc, what_has_no_way_has_no_address);
	tcase_add_test(tc, addresses_have_their_names);
	tcase_add_test(tc, socks4a_resolves_too);
	tcase_add_test(tc, who_goes_is_not_answered);
	tcase_add_test(tc, short_of_memory);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
