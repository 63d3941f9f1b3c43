/* SPDX-License-Identifier: ISC */

#include "common/udpsock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/addr.h"
#include "common/loop.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

struct end {
	struct udpsock *sock;
	struct addr addr;
	int datagrams;
	int too_long;
	int unreachable;
	int error;
	struct addr from;
	uint8_t data[UDPSOCK_MAX];
	size_t len;
	bool close_on_datagram;
};

static struct loop *loop;

static void
on_datagram(void *arg, const struct addr *from, const uint8_t *data, size_t len)
{
	struct end *end = arg;

	end->from = *from;
	end->len = len;
	if (data == NULL) {
		end->too_long++;
		return;
	}
	end->datagrams++;
	memcpy(end->data, data, len);
	if (end->close_on_datagram) {
		udpsock_close(end->sock);
		end->sock = NULL;
	}
}

static void
on_unreachable(void *arg, const struct addr *to, int error)
{
	struct end *end = arg;

	end->unreachable++;
	end->error = error;
	end->from = *to;
}

static const struct udpsock_ops ops = {
	.datagram = on_datagram,
	.unreachable = on_unreachable,
};

static void
open_end(struct end *end, const char *ip)
{
	struct addr addr;

	memset(end, 0, sizeof(*end));
	ck_assert_int_eq(addr_from_ip(&addr, ip, 0), 0);
	end->sock = udpsock_new(loop, &addr, &ops, end);
	ck_assert_ptr_nonnull(end->sock);
	ck_assert_int_eq(udpsock_address(end->sock, &end->addr), 0);
	ck_assert_uint_ne(addr_port(&end->addr), 0);
}

static void
setup(void)
{
	loop = loop_new();
}

static void
teardown(void)
{
	loop_free(loop);
}

static const char *const loopback[] = { "127.0.0.1", "::1" };

START_TEST(carries_datagrams)
{
	static uint8_t big[UDPSOCK_MAX + 1];
	struct end a;
	struct end b;

	open_end(&a, loopback[_i]);
	open_end(&b, loopback[_i]);
	ck_assert_int_eq(
	    udpsock_send(a.sock, &b.addr, (const uint8_t *)"one", 3), 0);
	ck_assert(await_count(loop, &b.datagrams, 1));
	ck_assert_uint_eq(b.len, 3);
	ck_assert_mem_eq(b.data, "one", 3);
	ck_assert(addr_equal(&b.from, &a.addr));
	ck_assert_int_eq(udpsock_send(b.sock, &b.from, NULL, 0), 0);
	ck_assert(await_count(loop, &a.datagrams, 1));
	ck_assert_uint_eq(a.len, 0);
	ck_assert_int_eq(udpsock_send(a.sock, &b.addr, big, UDPSOCK_MAX), 0);
	ck_assert_int_eq(udpsock_send(a.sock, &b.addr, big, sizeof(big)), 0);
	ck_assert(await_count(loop, &b.too_long, 1));
	ck_assert_int_eq(b.datagrams, 2);
	udpsock_close(a.sock);
	udpsock_close(b.sock);
}
END_TEST

/* An ICMP error says for whom, and is in nobody's way. */
START_TEST(tells_of_the_unreachable)
{
	struct end a;
	struct end b;
	struct end gone;

	open_end(&a, loopback[_i]);
	open_end(&b, loopback[_i]);
	open_end(&gone, loopback[_i]);
	udpsock_close(gone.sock);
	ck_assert_int_eq(udpsock_send(a.sock, &gone.addr, NULL, 0), 0);
	/* The error is pending by now, and does not hurt the next one. */
	ck_assert_int_eq(udpsock_send(a.sock, &b.addr, NULL, 0), 0);
	ck_assert(await_count(loop, &a.unreachable, 1));
	ck_assert_int_eq(a.error, ECONNREFUSED);
	ck_assert(addr_equal(&a.from, &gone.addr));
	ck_assert(await_count(loop, &b.datagrams, 1));
	udpsock_close(a.sock);
	udpsock_close(b.sock);
}
END_TEST

START_TEST(may_be_closed_by_a_callback)
{
	struct end a;
	struct end b;

	open_end(&a, "127.0.0.1");
	open_end(&b, "127.0.0.1");
	b.close_on_datagram = true;
	ck_assert_int_eq(udpsock_send(a.sock, &b.addr, NULL, 0), 0);
	ck_assert_int_eq(udpsock_send(a.sock, &b.addr, NULL, 0), 0);
	ck_assert(await_count(loop, &b.datagrams, 1));
	ck_assert(await_count(loop, &a.unreachable, 0));
	loop_poll(loop);
	ck_assert_int_eq(b.datagrams, 1);
	udpsock_close(a.sock);
	udpsock_close(b.sock);
}
END_TEST

START_TEST(any_address_of_a_family)
{
	struct udpsock *sock = udpsock_new_any(loop, AF_INET6, &ops, NULL);
	struct addr addr;
	struct addr inet;

	ck_assert_ptr_nonnull(sock);
	ck_assert_int_eq(udpsock_address(sock, &addr), 0);
	ck_assert_int_eq(addr_family(&addr), AF_INET6);
	ck_assert(addr_is_any(&addr));
	/* For IPv6 only: the same port of the other family is free. */
	ck_assert_int_eq(addr_from_ip(&inet, "0.0.0.0", addr_port(&addr)), 0);
	udpsock_close(sock);
}
END_TEST

START_TEST(fails_and_says_why)
{
	struct end a;
	struct addr addr;

	open_end(&a, "127.0.0.1");
	ck_assert_ptr_null(udpsock_new(loop, &a.addr, &ops, NULL));
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert_int_eq(addr_from_ip(&addr, "192.0.2.1", 0), 0);
	ck_assert_ptr_null(udpsock_new(loop, &addr, &ops, NULL));
	ck_assert_int_eq(errno, EADDRNOTAVAIL);
	failalloc_after(1);
	ck_assert_ptr_null(udpsock_new_any(loop, AF_INET, &ops, NULL));
	failalloc_off();
	udpsock_close(a.sock);
	udpsock_close(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("udpsock");
	TCase *tc = tcase_create("udpsock");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, carries_datagrams, 0, 2);
	tcase_add_loop_test(tc, tells_of_the_unreachable, 0, 2);
	tcase_add_test(tc, may_be_closed_by_a_callback);
	tcase_add_test(tc, any_address_of_a_family);
	tcase_add_test(tc, fails_and_says_why);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
