/* SPDX-License-Identifier: ISC */

#include "gateway/way.h"

#include <stdio.h>
#include <string.h>

#include "common/addr.h"
#include "gateway/hosts.h"
#include "gateway/routes.h"
#include "tests/support/unit.h"

static struct hosts *hosts;
static struct routes *routes;
static struct way_map map;
static struct way way;

/* The relay tells of a host, the last one if flags say so. */
static void
tell(uint8_t flags, const char *name)
{
	struct linkmsg_host host = { .owner = "alice",
		.state = LINKMSG_ONLINE };
	uint8_t payload[1 + LINKMSG_HOST_MAX] = { flags };
	size_t used;

	(void)snprintf(host.name, sizeof(host.name), "%s", name);
	memset(host.key, 1, sizeof(host.key));
	used = linkmsg_host_append(&host, payload, sizeof(payload), 1);
	ck_assert_int_eq(hosts_apply(hosts, payload, used), 0);
}

static bool
is_own(const struct addr *addr, void *arg)
{
	(void)arg;
	return addr_port(addr) == 1080;
}

static void
setup(void)
{
	hosts = hosts_new();
	routes = routes_new();
	map = (struct way_map){
		.suffix = "internal",
		.hosts = hosts,
		.routes = routes,
		.is_own = is_own,
	};
	tell(LINKMSG_HOSTS_FIRST, "office");
	tell(LINKMSG_HOSTS_LAST, "lab");
	ck_assert(hosts_is_complete(hosts));
}

static void
teardown(void)
{
	hosts_free(hosts);
	routes_free(routes);
}

static void
route(const char *pattern, enum routes_way to, const char *host)
{
	const char *flaw = "";

	ck_assert_msg(
	    routes_add(routes, pattern, to, host, &flaw) == 0, "%s", flaw);
}

static struct proxy_target
target_of(const char *host, uint16_t port)
{
	struct proxy_target target;

	ck_assert_int_eq(
	    proxytarget_set_host(&target, host, strlen(host), port), 0);
	return target;
}

/* Ask for host at port 80. */
static enum way_kind
find(const char *host)
{
	struct proxy_target target = target_of(host, 80);

	way_find(&way, &map, &target);
	return way.kind;
}

/* Go on for host, which has the addresses in text, separated by blanks. */
static enum way_kind
resume(const char *host, const char *text, uint16_t port)
{
	struct proxy_target target = target_of(host, port);
	struct addr addrs[RESOLVER_ADDRS_MAX];
	char copy[256];
	char *rest = copy;
	size_t count = 0;

	(void)snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strsep(&rest, " "); word != NULL;
	     word = strsep(&rest, " ")) {
		ck_assert_int_eq(addr_from_ip(&addrs[count], word, port), 0);
		count++;
	}
	way_resume(&way, &map, &target, addrs, count);
	return way.kind;
}

/* Assert that the way leads to name at host. */
static void
leads(const char *host, const char *name)
{
	ck_assert_int_eq(way.kind, WAY_HOST);
	ck_assert_str_eq(way.host, host);
	ck_assert_str_eq(way.target.name, name);
	ck_assert_int_eq(way.target.protocol, STREAM_TCP);
	ck_assert_uint_eq(way.target.port, 80);
}

/* Assert that there is no way, because of code, and the text has word in it. */
static void
refused(enum code code, const char *word)
{
	ck_assert_int_eq(way.kind, WAY_NONE);
	ck_assert_msg(way.code == code, "%s", way.text);
	ck_assert_msg(strstr(way.text, word) != NULL, "%s", way.text);
}

/* Return the addresses that are dialled, separated by blanks. */
static const char *
dialled(void)
{
	static char out[512];
	char text[ADDR_TEXT_LEN];

	out[0] = '\0';
	for (size_t i = 0; i < way.addr_count; i++) {
		(void)snprintf(out + strlen(out), sizeof(out) - strlen(out),
		    "%s%s", i > 0 ? " " : "", addr_format(&way.addrs[i], text));
	}
	return out;
}

START_TEST(our_hosts_come_first)
{
	route("*", ROUTES_REFUSE, NULL);
	(void)find("office");
	leads("office", "");
	ck_assert(!way.routed);
	(void)find("web.Office.internal.");
	leads("office", "web");
	(void)find("relay");
	leads("relay", "");
	(void)find("10.0.0.5.lab");
	leads("lab", "10.0.0.5");
}
END_TEST

START_TEST(one_label_is_never_looked_up)
{
	(void)find("offce");
	refused(CODE_HOST_UNKNOWN, "Did you mean \"office\"?");
	(void)find("zzzzzz");
	refused(CODE_HOST_UNKNOWN, "No host \"zzzzzz\"");
	route("*", ROUTES_VIA, "office");
	(void)find("printer");
	refused(CODE_HOST_UNKNOWN, "No host");
}
END_TEST

START_TEST(others_go_directly)
{
	ck_assert_int_eq(find("example.com"), WAY_LOOKUP);
	ck_assert(way.routed);
	ck_assert_uint_eq(way.rule, 0);
	ck_assert_str_eq(way.pattern, "*");
	ck_assert_int_eq(find("localhost"), WAY_LOOKUP);
	ck_assert_int_eq(find("metadata.google.internal"), WAY_LOOKUP);
	ck_assert_int_eq(find("192.0.2.1"), WAY_DIRECT);
	ck_assert_str_eq(dialled(), "192.0.2.1:80");
	ck_assert_int_eq(find("2001:db8::1"), WAY_DIRECT);
	ck_assert_str_eq(dialled(), "[2001:db8::1]:80");
	routes_set_others(routes, ROUTES_REFUSE);
	(void)find("example.com");
	refused(CODE_DENIED, "example.com is not one of your hosts");
}
END_TEST

START_TEST(routes_decide)
{
	route("bad.example", ROUTES_REFUSE, NULL);
	route("*.corp.example", ROUTES_VIA, "office");
	route("10.0.0.0/8", ROUTES_VIA, "lab");
	route("fd00::/8", ROUTES_VIA, "lab");
	route("gone.example", ROUTES_VIA, "nobody");
	(void)find("bad.example");
	refused(CODE_DENIED, "Route 1 of this gateway, \"bad.example\"");
	(void)find("db.corp.example");
	leads("office", "db.corp.example");
	ck_assert_uint_eq(way.rule, 2);
	ck_assert_str_eq(way.pattern, "*.corp.example");
	(void)find("10.1.2.3");
	leads("lab", "10.1.2.3");
	(void)find("fd00::1");
	leads("lab", "fd00::1");
	(void)find("gone.example");
	refused(CODE_HOST_UNKNOWN, "via \"nobody\", which is no host");
}
END_TEST

START_TEST(addresses_ask_again)
{
	route("10.0.0.0/8", ROUTES_VIA, "lab");
	route("192.0.2.0/24", ROUTES_REFUSE, NULL);
	ck_assert_int_eq(find("www.example"), WAY_LOOKUP);
	/* A range that goes via a host is never dialled. */
	(void)resume("www.example", "10.1.2.3 198.51.100.1", 80);
	leads("lab", "10.1.2.3");
	ck_assert_int_eq(resume("www.example",
			     "198.51.100.1 10.1.2.3 2001:db8::1 192.0.2.1", 80),
	    WAY_DIRECT);
	ck_assert_str_eq(dialled(), "198.51.100.1:80 [2001:db8::1]:80");
	(void)resume("www.example", "192.0.2.1 198.51.100.1", 80);
	refused(CODE_DENIED, "Route 2");
	(void)resume("www.example", "::ffff:10.1.2.3", 80);
	ck_assert_int_eq(way.kind, WAY_HOST);
}
END_TEST

START_TEST(a_name_that_a_route_says_stays_there)
{
	route("www.example", ROUTES_DIRECT, NULL);
	route("10.0.0.0/8", ROUTES_VIA, "lab");
	ck_assert_int_eq(resume("www.example", "10.1.2.3", 80), WAY_DIRECT);
	ck_assert_str_eq(dialled(), "10.1.2.3:80");
}
END_TEST

START_TEST(never_to_ourselves)
{
	struct proxy_target target = target_of("127.0.0.1", 1080);

	way_find(&way, &map, &target);
	refused(CODE_LOOP, "127.0.0.1:1080 is this gateway itself");
	(void)resume("www.example", "127.0.0.1", 1080);
	refused(CODE_LOOP, "itself");
	map.is_own = NULL;
	way_find(&way, &map, &target);
	ck_assert_int_eq(way.kind, WAY_DIRECT);
}
END_TEST

START_TEST(not_to_this_machine_for_others)
{
	static const char *const here[] = { "127.0.0.1", "127.9.9.9", "::1",
		"0.0.0.0", "::ffff:127.0.0.1", "169.254.169.254",
		"64:ff9b::7f00:1" };

	map.outside = true;
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++) {
		(void)find(here[i]);
		refused(CODE_DENIED, "own machine only");
		(void)resume("www.example", here[i], 80);
		refused(CODE_DENIED, "own machine only");
	}
	(void)find("relay");
	refused(CODE_DENIED, "The relay is reached");
	(void)find("web.relay.internal");
	refused(CODE_DENIED, "The relay is reached");
	/* Nor by a route. */
	hosts_set_relay(hosts, (const uint8_t[KEYS_LEN]){ 0 });
	route("db.corp.example", ROUTES_VIA, "relay");
	(void)find("db.corp.example");
	refused(CODE_DENIED, "The relay is reached");
	/* What is left of it is. */
	ck_assert_int_eq(
	    resume("www.example", "127.0.0.1 198.51.100.1", 80), WAY_DIRECT);
	ck_assert_str_eq(dialled(), "198.51.100.1:80");
	(void)find("office");
	leads("office", "");
}
END_TEST

START_TEST(before_the_relay_has_told)
{
	static const char *const maybe[] = { "office", "web.office",
		"office.internal", "google.internal", "www.example.laptop" };
	static const char *const never[] = { "example.com", "www.example.de",
		"localhost", "printer.local", "a._tcp" };

	hosts_clear(hosts);
	for (size_t i = 0; i < sizeof(maybe) / sizeof(maybe[0]); i++) {
		ck_assert_msg(find(maybe[i]) == WAY_UNKNOWN, "%s", maybe[i]);
	}
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		ck_assert_msg(find(never[i]) == WAY_LOOKUP, "%s", never[i]);
	}
	ck_assert_int_eq(find("192.0.2.1"), WAY_DIRECT);
	route("example.com", ROUTES_VIA, "office");
	ck_assert_int_eq(find("example.com"), WAY_UNKNOWN);
}
END_TEST

START_TEST(without_routes_only_ours)
{
	map.routes = NULL;
	(void)find("example.com");
	refused(CODE_HOST_UNKNOWN, "example.com is not one of your hosts");
	(void)find("127.0.0.1");
	refused(CODE_HOST_UNKNOWN, "127.0.0.1 is not one of your hosts");
	(void)find("office");
	leads("office", "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("way");
	TCase *tc = tcase_create("way");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, our_hosts_come_first);
	tcase_add_test(tc, one_label_is_never_looked_up);
	tcase_add_test(tc, others_go_directly);
	tcase_add_test(tc, routes_decide);
	tcase_add_test(tc, addresses_ask_again);
	tcase_add_test(tc, a_name_that_a_route_says_stays_there);
	tcase_add_test(tc, never_to_ourselves);
	tcase_add_test(tc, not_to_this_machine_for_others);
	tcase_add_test(tc, before_the_relay_has_told);
	tcase_add_test(tc, without_routes_only_ours);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
