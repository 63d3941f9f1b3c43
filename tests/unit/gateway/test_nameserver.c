/* SPDX-License-Identifier: ISC */
/* Questions by UDP to a name server whose pool is a rig's; see clientrig.h. */

#include "gateway/nameserver.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/addr.h"
#include "common/fault.h"
#include "common/resolver.h"
#include "common/udpsock.h"
#include "gateway/dnsmessage.h"
#include "gateway/gate.h"
#include "gateway/hosts.h"
#include "gateway/routes.h"
#include "gateway/virtuals.h"
#include "protocol/linkmsg.h"
#include "tests/support/await.h"
#include "tests/support/dnsserver.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/gateway/clientrig.h"

static struct clientrig rig;
static struct dnsserver *upstream;
static struct resolver *resolver;
static struct routes *routes;
static struct virtuals *virtuals;
static struct nameserver *server;
static struct addr address; /* of server */
static struct udpsock *sock;
static struct fault fault;

/* The last answer, and how many there were. */
static uint8_t answer[DNSMESSAGE_MAX];
static size_t answer_len;
static int answers;

static void
on_answer(void *arg, const struct addr *from, const uint8_t *data, size_t len)
{
	(void)arg;
	ck_assert(addr_equal(from, &address));
	ck_assert_uint_le(len, sizeof(answer));
	memcpy(answer, data, len);
	answer_len = len;
	answers++;
}

static const struct udpsock_ops no_ops = { .datagram = NULL };
static const struct udpsock_ops user_ops = { .datagram = on_answer };

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
set_up_ways(void)
{
	struct resolver_config config = { .timeout = 5. };
	struct addr_prefix range;
	const char *flaw;

	config.servers = dnsserver_text(upstream);
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
setup(void)
{
	struct addr any;

	clientrig_open(&rig);
	upstream = dnsserver_new(rig.loop);
	set_up_ways();
	answers = 0;
	ck_assert_int_eq(addr_from_ip(&any, "127.0.0.1", 0), 0);
	server = nameserver_new(&rig.pool, &any, &fault);
	ck_assert_ptr_nonnull(server);
	nameserver_address(server, &address);
	sock = udpsock_new(rig.loop, &any, &user_ops, NULL);
	ck_assert_ptr_nonnull(sock);
}

static void
teardown(void)
{
	udpsock_close(sock);
	nameserver_free(server);
	resolver_free(resolver);
	dnsserver_free(upstream);
	clientrig_close(&rig);
	routes_free(routes);
	virtuals_free(virtuals);
}

static void
send_bytes(const uint8_t *data, size_t len)
{
	ck_assert_int_eq(udpsock_send(sock, &address, data, len), 0);
}

/* Send a question with the number id. */
static void
ask(uint8_t id, const char *name, uint16_t type)
{
	uint8_t data[300] = { 0, id, 1, 0, 0, 1 };
	size_t at = 12;

	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		data[at++] = (uint8_t)len;
		memcpy(data + at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	data[at + 2] = (uint8_t)type;
	data[at + 4] = 1;
	send_bytes(data, at + 5);
}

/* Ask, and wait for the code of the answer. */
static int
code_of(const char *name, uint16_t type)
{
	int before = answers;

	ask((uint8_t)(before + 1), name, type);
	ck_assert(await_count(rig.loop, &answers, before + 1));
	ck_assert_uint_eq(answer[1], (uint8_t)(before + 1));
	ck_assert_uint_eq(answer[2] & 0x80, 0x80);
	return answer[3] & 0xf;
}

/* Ask, and write the last four bytes of a good answer, or its code, to out. */
static const char *
address_of(const char *name, char out[32])
{
	int code = code_of(name, DNSMESSAGE_A);
	const uint8_t *ip = answer + answer_len - 4;

	if (code != 0 || answer[7] == 0) {
		(void)snprintf(out, 32, "code %d", code);
	} else {
		(void)snprintf(
		    out, 32, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
	}
	return out;
}

START_TEST(hosts_have_addresses)
{
	char text[32];

	ck_assert_str_eq(address_of("office", text), "198.18.0.1");
	ck_assert_str_eq(address_of("web.office.internal", text), "198.18.0.2");
	ck_assert_str_eq(address_of("printer.lan", text), "198.18.0.3");
	ck_assert_str_eq(address_of("OFFICE", text), "198.18.0.1");
	/* There is the name, but no such address: not "no such name". */
	ck_assert_int_eq(code_of("office", DNSMESSAGE_AAAA), DNSMESSAGE_GOOD);
	ck_assert_uint_eq(answer[7], 0);
	ck_assert_int_eq(code_of("office", 15), DNSMESSAGE_GOOD);
	ck_assert_uint_eq(answer[7], 0);
	ck_assert_int_eq(dnsserver_queries(upstream), 0);
}
END_TEST

START_TEST(addresses_have_names)
{
	char text[32];

	(void)address_of("web.office", text);
	ck_assert_int_eq(code_of("1.0.18.198.in-addr.arpa", DNSMESSAGE_PTR),
	    DNSMESSAGE_GOOD);
	ck_assert_mem_eq(answer + answer_len - 12, "\x03web\x06office", 12);
	ck_assert_int_eq(code_of("9.0.18.198.in-addr.arpa", DNSMESSAGE_PTR),
	    DNSMESSAGE_NO_NAME);
	ck_assert_int_eq(code_of("1.2.0.192.in-addr.arpa", DNSMESSAGE_PTR),
	    DNSMESSAGE_REFUSED);
	virtuals_set_range(virtuals, NULL);
	ck_assert_str_eq(address_of("office", text), "code 5");
}
END_TEST

START_TEST(what_is_not_there)
{
	char text[32];

	ck_assert_str_eq(address_of("offce", text), "code 3");
	ck_assert_str_eq(address_of("offce.internal", text), "code 3");
	ck_assert_str_eq(address_of("bad.example", text), "code 5");
	ck_assert_int_eq(code_of("", 2), DNSMESSAGE_REFUSED);
	ck_assert_int_eq(code_of("good.example", 15), DNSMESSAGE_REFUSED);
	ck_assert_int_eq(dnsserver_queries(upstream), 0);
}
END_TEST

START_TEST(other_names_are_looked_up)
{
	char text[32];

	dnsserver_add(
	    upstream, "www.example", DNSSERVER_ADDRS, "2001:db8::1 192.0.2.7");
	dnsserver_add(upstream, "sick.example", DNSSERVER_FAIL, NULL);
	ck_assert_str_eq(address_of("www.example", text), "192.0.2.7");
	ck_assert_int_eq(
	    code_of("www.example", DNSMESSAGE_AAAA), DNSMESSAGE_GOOD);
	ck_assert_uint_eq(answer[7], 1);
	ck_assert_uint_eq(answer[answer_len - 1], 1);
	ck_assert_str_eq(address_of("none.example", text), "code 3");
	ck_assert_str_eq(address_of("sick.example", text), "code 2");
}
END_TEST

START_TEST(one_look_up_serves_all_who_ask)
{
	int queries;

	dnsserver_add(
	    upstream, "www.example", DNSSERVER_ADDRS, "2001:db8::1 192.0.2.7");
	ask(1, "www.example", DNSMESSAGE_A);
	ask(2, "WWW.example", DNSMESSAGE_AAAA);
	for (uint8_t i = 3; i <= NAMESERVER_WAITERS_MAX + 2; i++) {
		ask(i, "www.example", DNSMESSAGE_A);
	}
	ck_assert(await_count(rig.loop, &answers, NAMESERVER_WAITERS_MAX));
	queries = dnsserver_queries(upstream);
	ck_assert_int_le(queries, 2); /* one for each family */
	clientrig_settle(&rig);
	ck_assert_int_eq(answers, NAMESERVER_WAITERS_MAX);
}
END_TEST

START_TEST(look_ups_are_few)
{
	struct udpsock *silent =
	    udpsock_new_any(rig.loop, AF_INET, &no_ops, NULL);
	struct resolver_config config = { .timeout = 5. };
	struct resolver *waiting;
	struct addr at;
	char text[ADDR_TEXT_LEN];
	char name[32];

	ck_assert_ptr_nonnull(silent);
	ck_assert_int_eq(udpsock_address(silent, &at), 0);
	(void)snprintf(text, sizeof(text), "127.0.0.1:%u", addr_port(&at));
	config.servers = text;
	waiting = resolver_new(rig.loop, &config);
	rig.space.resolver = waiting;
	for (int i = 0; i < NAMESERVER_LOOKUPS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		ask(1, name, DNSMESSAGE_A);
		clientrig_settle(&rig);
	}
	ck_assert_int_eq(answers, 0);
	ck_assert_int_eq(
	    code_of("more.example", DNSMESSAGE_A), DNSMESSAGE_FAILED);
	ck_assert_int_eq(code_of("office", DNSMESSAGE_A), DNSMESSAGE_GOOD);
	/* Who waits gets no answer. */
	nameserver_free(server);
	server = NULL;
	clientrig_settle(&rig);
	ck_assert_int_eq(answers, 2);
	resolver_free(waiting);
	udpsock_close(silent);
}
END_TEST

START_TEST(strangers_get_nothing)
{
	static const uint8_t junk[] = "\x12\x34\x81\x00\x00\x01\0\0\0\0\0\0";

	send_bytes(junk, 3);
	send_bytes(junk, 12);
	clientrig_settle(&rig);
	ck_assert_int_eq(answers, 0);
	ck_assert_int_eq(code_of("office", DNSMESSAGE_A), DNSMESSAGE_GOOD);
}
END_TEST

START_TEST(short_of_memory)
{
	struct addr any;
	bool more = true;

	(void)addr_from_ip(&any, "127.0.0.1", 0);
	for (long n = 1; more; n++) {
		struct nameserver *other;

		failalloc_after(n);
		other = nameserver_new(&rig.pool, &any, &fault);
		more = failalloc_hit();
		failalloc_off();
		ck_assert(more == (other == NULL));
		nameserver_free(other);
	}
	dnsserver_add(upstream, "www.example", DNSSERVER_ADDRS, "192.0.2.7");
	more = true;
	for (long n = 1; more; n++) {
		int before = answers;

		failalloc_after(n);
		ask(1, "www.example", DNSMESSAGE_A);
		ck_assert(await_count(rig.loop, &answers, before + 1));
		more = failalloc_hit();
		failalloc_off();
		ck_assert(more || (answer[3] & 0xf) == DNSMESSAGE_GOOD);
	}
	/* And no port. */
	ck_assert_ptr_null(nameserver_new(&rig.pool, &address, &fault));
	ck_assert_ptr_nonnull(strstr(fault.text, "in use"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nameserver");
	TCase *tcase = tcase_create("nameserver");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, hosts_have_addresses);
	tcase_add_test(tcase, addresses_have_names);
	tcase_add_test(tcase, what_is_not_there);
	tcase_add_test(tcase, other_names_are_looked_up);
	tcase_add_test(tcase, one_look_up_serves_all_who_ask);
	tcase_add_test(tcase, look_ups_are_few);
	tcase_add_test(tcase, strangers_get_nothing);
	tcase_add_test(tcase, short_of_memory);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
