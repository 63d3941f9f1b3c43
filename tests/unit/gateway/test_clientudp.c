/* SPDX-License-Identifier: ISC */
/* UDP ASSOCIATE of a real client; what it sends to is a socket on loopback. */

#include <string.h>
#include <sys/socket.h>

#include "common/addr.h"
#include "common/udpsock.h"
#include "gateway/client_impl.h"
#include "gateway/gate.h"
#include "gateway/socks.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/gateway/clientrig.h"

#define BYTES(text) text, sizeof(text) - 1

static struct clientrig rig;
static struct udpsock *echo;
static struct udpsock *ours; /* the client's */
static struct addr ours_addr;
static struct addr relay; /* where it is told to send to */
static int answers;
static uint8_t answer[512];
static size_t answer_len;
static int unreachable;

static void
on_echo(void *arg, const struct addr *from, const uint8_t *data, size_t len)
{
	(void)arg;
	(void)udpsock_send(echo, from, data, len);
}

static const struct udpsock_ops echo_ops = { .datagram = on_echo };

static void
on_answer(void *arg, const struct addr *from, const uint8_t *data, size_t len)
{
	(void)arg;
	ck_assert(addr_equal(from, &relay));
	ck_assert_uint_le(len, sizeof(answer));
	answers++;
	answer_len = len;
	memcpy(answer, data, len);
}

static void
on_unreachable(void *arg, const struct addr *to, int error)
{
	(void)arg;
	(void)to;
	(void)error;
	unreachable++;
}

static const struct udpsock_ops ours_ops = {
	.datagram = on_answer,
	.unreachable = on_unreachable,
};

static struct udpsock *
open_socket(const struct udpsock_ops *ops, struct addr *out)
{
	struct udpsock *sock;
	struct addr any;

	(void)addr_from_ip(&any, "127.0.0.1", 0);
	sock = udpsock_new(rig.loop, &any, ops, NULL);
	ck_assert_ptr_nonnull(sock);
	ck_assert_int_eq(udpsock_address(sock, out), 0);
	return sock;
}

static void
setup(void)
{
	answers = 0;
	answer_len = 0;
	unreachable = 0;
	clientrig_open(&rig);
	rig.direct = true;
	echo = open_socket(&echo_ops, &rig.direct_to);
	ours = open_socket(&ours_ops, &ours_addr);
}

static void
teardown(void)
{
	udpsock_close(echo);
	udpsock_close(ours);
	clientrig_close(&rig);
}

/* Ask for an association, saying that port is ours; its reply is not read. */
static void
ask(uint16_t port)
{
	uint8_t request[] = { 5, 3, 0, 1, 0, 0, 0, 0, (uint8_t)(port >> 8),
		(uint8_t)port };

	clientrig_connect(&rig, NULL);
	clientrig_send(&rig, BYTES("\x05\x01\x00"));
	clientrig_expect(&rig, BYTES("\x05\x00"));
	clientrig_send(&rig, request, sizeof(request));
}

static void
associate(uint16_t port)
{
	struct client *client;
	static const uint8_t head[] = { 5, 0, 0, 1, 127, 0, 0, 1 };
	uint8_t reply[10];

	ask(port);
	client = clientrig_client(&rig);
	ck_assert_ptr_nonnull(client);
	ck_assert_int_eq(client->state, CLIENT_ASSOCIATED);
	/* The port is the kernel's choice. */
	ck_assert_int_eq(recv(rig.fd, reply, sizeof(reply), MSG_PEEK),
	    (ssize_t)sizeof(reply));
	ck_assert_mem_eq(reply, head, sizeof(head));
	ck_assert_int_eq(addr_from_bytes(&relay, reply + 4, 4,
			     (uint16_t)(reply[8] << 8 | reply[9])),
	    0);
	clientrig_expect(&rig, reply, sizeof(reply));
}

#define HEAD "\x00\x00\x00\x03\x06office\x00\x35"

static void
send_from(struct udpsock *sock, const void *data, size_t len)
{
	ck_assert_int_eq(udpsock_send(sock, &relay, data, len), 0);
	clientrig_settle(&rig);
}

static void
expect_answer(int n, const void *data, size_t len)
{
	ck_assert(await_count(rig.loop, &answers, n));
	clientrig_settle(&rig);
	ck_assert_int_eq(answers, n);
	ck_assert_uint_eq(answer_len, len);
	ck_assert_mem_eq(answer, data, len);
}

START_TEST(datagrams_go_and_come_back)
{
	associate(0);
	ck_assert_uint_eq(clientrig_outcomes(&rig, DIALECT_SOCKS5, CODE_OK), 1);
	send_from(ours, BYTES(HEAD "query"));
	expect_answer(1, BYTES(HEAD "query"));
	ck_assert_str_eq(rig.asked.name, "office");
	ck_assert_uint_eq(rig.asked.port, 53);
	/* What is said over the connection is nobody's. */
	clientrig_say(&rig, "anything");
	clientrig_expect_nothing(&rig);
	send_from(ours, BYTES(HEAD));
	expect_answer(2, BYTES(HEAD));
	ck_assert_uint_eq(rig.pool.datagrams.sent, 2);
}
END_TEST

START_TEST(what_is_no_datagram_is_dropped)
{
	static const struct {
		const char *data;
		size_t len;
	} bad[] = {
		{ BYTES("") },
		{ BYTES("\x00\x00\x01\x03\x06office\x00\x35x") },
		{ BYTES("\x00\x00\x00\x07\x06office\x00\x35x") },
		{ BYTES("\x00\x00\x00\x03\x06office\x00\x00x") },
		{ BYTES("\x00\x00\x00\x03\x06offi") },
	};

	associate(0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		send_from(ours, bad[i].data, bad[i].len);
	}
	send_from(ours, BYTES(HEAD "good"));
	expect_answer(1, BYTES(HEAD "good"));
	ck_assert_uint_eq(rig.pool.datagrams.lost, 5);
	ck_assert_int_eq(rig.reaches, 1);
}
END_TEST

START_TEST(nobody_else_sends)
{
	struct addr addr;
	struct udpsock *other = open_socket(&ours_ops, &addr);

	associate(0);
	send_from(ours, BYTES(HEAD "first"));
	expect_answer(1, BYTES(HEAD "first"));
	send_from(other, BYTES(HEAD "second"));
	ck_assert_uint_eq(rig.pool.datagrams.strays, 1);
	clientrig_leave(&rig);
	/* Unless the client says from where it will. */
	associate(addr_port(&addr));
	send_from(ours, BYTES(HEAD "third"));
	ck_assert_uint_eq(rig.pool.datagrams.strays, 2);
	send_from(other, BYTES(HEAD "fourth"));
	expect_answer(2, BYTES(HEAD "fourth"));
	udpsock_close(other);
}
END_TEST

START_TEST(ends_with_its_connection)
{
	associate(0);
	ck_assert_uint_eq(rig.pool.associations, 1);
	send_from(ours, BYTES(HEAD "query"));
	expect_answer(1, BYTES(HEAD "query"));
	if (_i == 0) {
		clientrig_leave(&rig);
	} else {
		clientrig_break(&rig);
	}
	clientrig_expect_clients(&rig, 0);
	ck_assert_uint_eq(rig.pool.associations, 0);
	ck_assert_int_eq(udpsock_send(ours, &relay, (const uint8_t *)"", 0), 0);
	ck_assert(await_count(rig.loop, &unreachable, 1));
}
END_TEST

/* A gateway that shall end does not wait for the last datagram. */
START_TEST(does_not_hold_up_the_end)
{
	associate(0);
	client_pool_close_idle(&rig.pool);
	ck_assert_uint_eq(rig.pool.count, 0);
	clientrig_expect_end(&rig);
}
END_TEST

START_TEST(failures_are_told_to_the_log)
{
	rig.code = CODE_HOST_UNKNOWN;
	associate(0);
	send_from(ours, BYTES(HEAD "query"));
	send_from(ours, BYTES(HEAD "query"));
	ck_assert_int_eq(rig.reaches, 1);
	ck_assert_int_eq(answers, 0);
	ck_assert_uint_eq(rig.pool.datagrams.lost, 2);
	ck_assert_int_eq(clientrig_client(&rig)->state, CLIENT_ASSOCIATED);
}
END_TEST

START_TEST(too_many)
{
	rig.pool.associations = CLIENT_ASSOCIATIONS_MAX;
	ask(0);
	clientrig_expect(&rig, BYTES("\x05\x01\x00\x01\0\0\0\0\0\0"));
	clientrig_expect_end(&rig);
	rig.pool.associations = 0;
}
END_TEST

/* The gate judges who sends the first datagram, too. */
START_TEST(the_gate_is_asked)
{
	struct gate_rules rules = { .every_user = false };
	struct gate *gate = gate_new(&rules);

	rig.pool.gate = gate;
	associate(0);
	send_from(ours, BYTES(HEAD "query"));
	expect_answer(1, BYTES(HEAD "query"));
	clientrig_leave(&rig);
	clientrig_expect_clients(&rig, 0);
	rig.pool.gate = NULL;
	gate_free(gate);
}
END_TEST

START_TEST(short_of_memory)
{
	bool more = true;

	for (long n = 1; more; n++) {
		clientrig_connect(&rig, NULL);
		clientrig_send(&rig, BYTES("\x05\x01\x00"));
		clientrig_expect(&rig, BYTES("\x05\x00"));
		failalloc_after(n);
		clientrig_send(&rig, BYTES("\x05\x03\x00\x01\0\0\0\0\0\0"));
		more = failalloc_hit();
		failalloc_off();
		clientrig_again(&rig);
		ck_assert_uint_eq(rig.pool.associations, 0);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("clientudp");
	TCase *tc = tcase_create("clientudp");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, datagrams_go_and_come_back);
	tcase_add_test(tc, what_is_no_datagram_is_dropped);
	tcase_add_test(tc, nobody_else_sends);
	tcase_add_loop_test(tc, ends_with_its_connection, 0, 2);
	tcase_add_test(tc, does_not_hold_up_the_end);
	tcase_add_test(tc, failures_are_told_to_the_log);
	tcase_add_test(tc, too_many);
	tcase_add_test(tc, the_gate_is_asked);
	tcase_add_test(tc, short_of_memory);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
