/* SPDX-License-Identifier: ISC */

#include "gateway/peeruser.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/fault.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

/* Whom root can be, to be somebody else. */
#define SOMEBODY 65534

static struct peeruser *peeruser;

/* Two ends of a connection, and the names of the accepting one. */
struct pair {
	int client;
	int server;
	struct addr peer;
	struct addr local;
};

static void
setup(void)
{
	struct fault fault;

	peeruser = peeruser_new(&fault);
	ck_assert_msg(peeruser != NULL, "%s", fault.text);
}

static void
teardown(void)
{
	peeruser_free(peeruser);
}

/* Name the two ends as who accepted sees them. */
static void
look(struct pair *pair)
{
	pair->peer.len = sizeof(pair->peer.ss);
	pair->local.len = sizeof(pair->local.ss);
	ck_assert_int_eq(
	    getpeername(pair->server, (struct sockaddr *)&pair->peer.ss,
		&pair->peer.len),
	    0);
	ck_assert_int_eq(
	    getsockname(pair->server, (struct sockaddr *)&pair->local.ss,
		&pair->local.len),
	    0);
}

/* Connect a socket of family to listener at addr. */
static struct pair
connect_to(int listener, const struct addr *addr)
{
	struct pair pair;

	pair.client = socket(addr_family(addr), SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(pair.client, 0);
	ck_assert_int_eq(
	    connect(pair.client, (const struct sockaddr *)&addr->ss, addr->len),
	    0);
	pair.server = accept(listener, NULL, NULL);
	ck_assert_int_ge(pair.server, 0);
	look(&pair);
	return pair;
}

static void
hang_up(const struct pair *pair)
{
	close(pair->client);
	close(pair->server);
}

static void
finds_us(int family)
{
	struct addr addr;
	struct pair pair;
	uid_t uid = 12345;
	int listener;

	if (!netpair_has(family)) {
		return;
	}
	listener = netpair_listen(family, &addr);
	pair = connect_to(listener, &addr);
	ck_assert_int_eq(peeruser_find(peeruser, &pair.peer, &pair.local, &uid),
	    PEERUSER_FOUND);
	ck_assert_uint_eq(uid, geteuid());
	/* Half of it ended is no end. */
	ck_assert_int_eq(shutdown(pair.client, SHUT_WR), 0);
	ck_assert_int_eq(peeruser_find(peeruser, &pair.peer, &pair.local, &uid),
	    PEERUSER_FOUND);
	hang_up(&pair);
	close(listener);
}

START_TEST(ipv4)
{
	finds_us(AF_INET);
}
END_TEST

START_TEST(ipv6)
{
	finds_us(AF_INET6);
}
END_TEST

/* An IPv6 socket that speaks IPv4, as Java makes them, on either side. */
START_TEST(ipv4_in_ipv6)
{
	struct addr four;
	struct addr mapped;
	struct pair pair;
	uid_t uid = 12345;
	int listener;

	if (!netpair_has(AF_INET6)) {
		return;
	}
	listener = netpair_listen(AF_INET, &four);
	ck_assert_int_eq(
	    addr_from_ip(&mapped, "::ffff:127.0.0.1", addr_port(&four)), 0);
	pair = connect_to(listener, &mapped);
	ck_assert_int_eq(addr_family(&pair.peer), AF_INET);
	ck_assert_int_eq(peeruser_find(peeruser, &pair.peer, &pair.local, &uid),
	    PEERUSER_FOUND);
	ck_assert_uint_eq(uid, geteuid());
	hang_up(&pair);
	close(listener);

	listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)addr_from_ip(&mapped, "::ffff:127.0.0.1", 0);
	ck_assert_int_eq(
	    bind(listener, (const struct sockaddr *)&mapped.ss, mapped.len), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(
	    getsockname(listener, (struct sockaddr *)&mapped.ss, &mapped.len),
	    0);
	(void)addr_from_ip(&four, "127.0.0.1", addr_port(&mapped));
	pair = connect_to(listener, &four);
	ck_assert_int_eq(addr_family(&pair.peer), AF_INET6);
	uid = 12345;
	ck_assert_int_eq(peeruser_find(peeruser, &pair.peer, &pair.local, &uid),
	    PEERUSER_FOUND);
	ck_assert_uint_eq(uid, geteuid());
	hang_up(&pair);
	close(listener);
}
END_TEST

/* A socket that is tied to the loopback interface. */
START_TEST(bound_to_the_interface)
{
	static const char name[] = "lo";
	struct addr addr;
	struct pair pair;
	uid_t uid = 12345;
	int listener = netpair_listen(AF_INET, &addr);

	pair.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (setsockopt(pair.client, SOL_SOCKET, SO_BINDTODEVICE, name,
		sizeof(name)) != 0) {
		close(pair.client);
		close(listener);
		return;
	}
	ck_assert_int_eq(
	    connect(pair.client, (const struct sockaddr *)&addr.ss, addr.len),
	    0);
	pair.server = accept(listener, NULL, NULL);
	look(&pair);
	ck_assert_int_eq(peeruser_find(peeruser, &pair.peer, &pair.local, &uid),
	    PEERUSER_FOUND);
	ck_assert_uint_eq(uid, geteuid());
	hang_up(&pair);
	close(listener);
}
END_TEST

/* Connect to addr as somebody else, and wait to be killed. */
static pid_t
somebody_connects(const struct addr *addr)
{
	pid_t pid = fork();
	int fd;

	ck_assert_int_ge(pid, 0);
	if (pid > 0) {
		return pid;
	}
	if (setuid(SOMEBODY) != 0) {
		_exit(1);
	}
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (const struct sockaddr *)&addr->ss, addr->len) != 0) {
		_exit(2);
	}
	(void)pause();
	_exit(3);
}

START_TEST(somebody_else)
{
	struct addr addr;
	struct pair pair = { .client = -1 };
	uid_t uid = 12345;
	int listener = netpair_listen(AF_INET, &addr);
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		close(listener);
		return;
	}
	pid = somebody_connects(&addr);
	pair.server = accept(listener, NULL, NULL);
	look(&pair);
	ck_assert_int_eq(peeruser_find(peeruser, &pair.peer, &pair.local, &uid),
	    PEERUSER_FOUND);
	ck_assert_uint_eq(uid, SOMEBODY);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	close(pair.server);
	close(listener);
}
END_TEST

/* What was closed would look like root's. */
START_TEST(closed_is_nobodys)
{
	struct addr addr;
	struct pair pair;
	uid_t uid = 12345;
	int listener = netpair_listen(AF_INET, &addr);

	pair = connect_to(listener, &addr);
	close(pair.client);
	ck_assert_int_eq(peeruser_find(peeruser, &pair.peer, &pair.local, &uid),
	    PEERUSER_GONE);
	close(pair.server);
	close(listener);
	ck_assert_uint_eq(uid, 12345);
}
END_TEST

/* The kernel would answer with who listens at the peer's address. */
START_TEST(a_listener_is_no_connection)
{
	struct addr addr;
	struct addr local;
	uid_t uid = 12345;
	int listener = netpair_listen(AF_INET, &addr);

	(void)addr_from_ip(&local, "127.0.0.1", 9);
	ck_assert_int_eq(
	    peeruser_find(peeruser, &addr, &local, &uid), PEERUSER_NOWHERE);
	close(listener);
	ck_assert_int_eq(
	    peeruser_find(peeruser, &addr, &local, &uid), PEERUSER_NOWHERE);
	ck_assert_uint_eq(uid, 12345);
}
END_TEST

START_TEST(two_families)
{
	struct addr four;
	struct addr six;
	uid_t uid = 12345;

	(void)addr_from_ip(&four, "127.0.0.1", 9);
	(void)addr_from_ip(&six, "::1", 9);
	ck_assert_int_eq(
	    peeruser_find(peeruser, &four, &six, &uid), PEERUSER_FAILED);
}
END_TEST

START_TEST(out_of_memory)
{
	struct fault fault;

	failalloc_after(1);
	ck_assert_ptr_null(peeruser_new(&fault));
	failalloc_off();
	ck_assert_str_eq(fault.text, "out of memory");
	peeruser_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("peeruser");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, ipv4);
	tcase_add_test(tests, ipv6);
	tcase_add_test(tests, ipv4_in_ipv6);
	tcase_add_test(tests, bound_to_the_interface);
	tcase_add_test(tests, somebody_else);
	tcase_add_test(tests, closed_is_nobodys);
	tcase_add_test(tests, a_listener_is_no_connection);
	tcase_add_test(tests, two_families);
	tcase_add_test(tests, out_of_memory);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
