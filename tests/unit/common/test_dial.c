/* SPDX-License-Identifier: ISC */
#include "common/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/loop.h"
#include "common/resolver.h"
#include "tests/support/await.h"
#include "tests/support/dnsserver.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

/* Far beyond the deadline of await(): waiting for it fails the case. */
#define NEVER 1000.

/* A loop, an address that answers, and what a dial told. */
struct fixture {
	struct loop *loop;
	struct addr good;
	int listening;
	struct dial *dial;
	struct dial_options options;
	int calls;
	struct dial_result result;
	int filtered;
	const struct addr *allowed;
};

static void
on_dialled(const struct dial_result *result, void *arg)
{
	struct fixture *f = arg;

	f->dial = NULL;
	f->calls++;
	f->result = *result;
}

/* Allow a single address, or none. */
static bool
filter(const struct addr *addr, void *arg)
{
	struct fixture *f = arg;

	f->filtered++;
	return f->allowed != NULL && addr_equal(addr, f->allowed);
}

static void
setup(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->loop = loop_new();
	f->result.fd = -1;
	f->listening = netpair_listen(AF_INET, &f->good);
	ck_assert_int_ge(f->listening, 0);
	f->options.stagger = NEVER;
	f->options.timeout = NEVER;
	f->options.filter_arg = f;
}

static void
drop_result(struct fixture *f)
{
	if (f->result.fd >= 0) {
		close(f->result.fd);
	}
	f->result.fd = -1;
	f->calls = 0;
}

static void
teardown(struct fixture *f)
{
	drop_result(f);
	dial_cancel(f->dial);
	close(f->listening);
	loop_free(f->loop);
}

/* Dial the addresses and wait for the end. */
static void
dial_addrs(struct fixture *f, const struct addr *addrs, size_t count)
{
	f->dial = dial_start(f->loop, addrs, count, &f->options, on_dialled, f);
	ck_assert_ptr_nonnull(f->dial);
	ck_assert_int_eq(f->calls, 0);
	ck_assert(await_count(f->loop, &f->calls, 1));
	loop_poll(f->loop);
	ck_assert_int_eq(f->calls, 1);
}

static void
expect(const struct fixture *f, enum dial_status status, int err,
    const struct addr *addr)
{
	ck_assert_str_eq(
	    dial_status_name(f->result.status), dial_status_name(status));
	ck_assert_int_eq(f->result.err, err);
	ck_assert_int_eq(f->result.fd >= 0, status == DIAL_OK);
	if (addr != NULL) {
		ck_assert(addr_equal(&f->result.addr, addr));
	}
}

START_TEST(connects)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct fixture f;
	struct addr addr;
	int fd;

	setup(&f);
	fd = netpair_listen(families[_i], &addr);
	if (fd >= 0) {
		int accepted;

		dial_addrs(&f, &addr, 1);
		expect(&f, DIAL_OK, 0, &addr);
		ck_assert(fcntl(f.result.fd, F_GETFL) & O_NONBLOCK);
		ck_assert(fcntl(f.result.fd, F_GETFD) & FD_CLOEXEC);
		accepted = accept(fd, NULL, NULL);
		ck_assert_int_eq(write(f.result.fd, "x", 1), 1);
		ck_assert_int_eq(
		    recv(accepted, (char[1]){ 0 }, 1, MSG_WAITALL), 1);
		close(accepted);
		close(fd);
	}
	teardown(&f);
}
END_TEST

START_TEST(connects_to_unix_sockets)
{
	struct fixture f;
	struct addr addr;
	char dir[] = "/tmp/test_dial.XXXXXX";
	char path[sizeof(dir) + 8];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setup(&f);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	ck_assert_int_eq(addr_from_path(&addr, path), 0);
	dial_addrs(&f, &addr, 1);
	expect(&f, DIAL_REFUSED, ENOENT, &addr);
	drop_result(&f);
	bind(fd, (const struct sockaddr *)&addr.ss, addr.len);
	listen(fd, 1);
	dial_addrs(&f, &addr, 1);
	expect(&f, DIAL_OK, 0, &addr);
	close(fd);
	unlink(path);
	rmdir(dir);
	teardown(&f);
}
END_TEST

START_TEST(refusal_is_told)
{
	struct fixture f;
	struct addr addr;
	int held = netpair_closed_port(AF_INET, &addr);

	setup(&f);
	dial_addrs(&f, &addr, 1);
	expect(&f, DIAL_REFUSED, ECONNREFUSED, &addr);
	close(held);
	teardown(&f);
}
END_TEST

/* TCP has no broadcast: connect() itself fails. */
START_TEST(immediate_failure_is_told_later)
{
	struct fixture f;
	struct addr addr;

	setup(&f);
	ck_assert_int_eq(addr_parse(&addr, "255.255.255.255:80"), 0);
	dial_addrs(&f, &addr, 1);
	expect(&f, DIAL_NET_UNREACHABLE, ENETUNREACH, &addr);
	teardown(&f);
}
END_TEST

START_TEST(nothing_to_dial)
{
	struct fixture f;

	setup(&f);
	dial_addrs(&f, NULL, 0);
	expect(&f, DIAL_NO_NAME, 0, NULL);
	teardown(&f);
}
END_TEST

/* Without a stagger to wait for: a failure makes room at once. */
START_TEST(next_comes_at_once_after_a_failure)
{
	struct fixture f;
	struct addr addrs[3];
	int held = netpair_closed_port(AF_INET, &addrs[1]);

	setup(&f);
	ck_assert_int_eq(addr_parse(&addrs[0], "255.255.255.255:80"), 0);
	addrs[2] = f.good;
	dial_addrs(&f, addrs, 3);
	expect(&f, DIAL_OK, 0, &f.good);
	close(held);
	teardown(&f);
}
END_TEST

static void
close_all(const int *fds, int count)
{
	for (int i = 0; i < count; i++) {
		close(fds[i]);
	}
}

START_TEST(next_comes_after_the_stagger)
{
	struct fixture f;
	struct addr addrs[2];
	int hole[3];
	uint64_t begin;

	setup(&f);
	ck_assert_int_eq(netpair_black_hole(hole, &addrs[0]), 0);
	addrs[1] = f.good;
	f.options.stagger = 0.05;
	loop_poll(f.loop);
	begin = loop_now(f.loop);
	dial_addrs(&f, addrs, 2);
	expect(&f, DIAL_OK, 0, &f.good);
	ck_assert_uint_ge(loop_now(f.loop) - begin, 40000000);
	close_all(hole, 3);
	teardown(&f);
}
END_TEST

START_TEST(families_alternate)
{
	struct fixture f;
	struct addr addrs[4];
	struct addr six;
	int fd = netpair_listen(AF_INET6, &six);
	int hole[3];

	if (fd < 0) {
		return;
	}
	setup(&f);
	ck_assert_int_eq(netpair_black_hole(hole, &addrs[0]), 0);
	addrs[1] = addrs[0];
	addrs[2] = f.good;
	addrs[3] = six;
	f.options.stagger = 0.05;
	dial_addrs(&f, addrs, 4);
	expect(&f, DIAL_OK, 0, &six);
	close_all(hole, 3);
	close(fd);
	teardown(&f);
}
END_TEST

START_TEST(deadline_ends_it)
{
	struct fixture f;
	struct addr addr;
	int hole[3];

	setup(&f);
	ck_assert_int_eq(netpair_black_hole(hole, &addr), 0);
	f.options.timeout = 0.05;
	dial_addrs(&f, &addr, 1);
	expect(&f, DIAL_TIMEOUT, ETIMEDOUT, &addr);
	close_all(hole, 3);
	teardown(&f);
}
END_TEST

START_TEST(most_telling_failure_wins)
{
	struct fixture f;
	struct addr none;
	struct addr silent;
	struct addr closed;
	int held = netpair_closed_port(AF_INET, &closed);
	int hole[3];

	setup(&f);
	ck_assert_int_eq(netpair_black_hole(hole, &silent), 0);
	ck_assert_int_eq(addr_parse(&none, "255.255.255.255:80"), 0);
	f.options.timeout = 0.1;
	f.options.stagger = 0.01;
	dial_addrs(&f, (struct addr[]){ none, closed, none }, 3);
	expect(&f, DIAL_REFUSED, ECONNREFUSED, &closed);
	drop_result(&f);
	dial_addrs(&f, (struct addr[]){ silent, none }, 2);
	expect(&f, DIAL_TIMEOUT, ETIMEDOUT, &silent);
	drop_result(&f);
	/* A service that hangs at one address and is not at the other. */
	dial_addrs(&f, (struct addr[]){ silent, closed }, 2);
	expect(&f, DIAL_TIMEOUT, ETIMEDOUT, &silent);
	drop_result(&f);
	dial_addrs(&f, (struct addr[]){ none, closed, silent }, 3);
	expect(&f, DIAL_TIMEOUT, ETIMEDOUT, &silent);
	drop_result(&f);
	/* Denied is what remains when nothing was tried. */
	f.options.filter = filter;
	f.allowed = &none;
	dial_addrs(&f, (struct addr[]){ closed, none }, 2);
	expect(&f, DIAL_NET_UNREACHABLE, ENETUNREACH, &none);
	close_all(hole, 3);
	close(held);
	teardown(&f);
}
END_TEST

START_TEST(filter_sees_each_address)
{
	struct fixture f;
	struct addr addrs[3];

	setup(&f);
	ck_assert_int_eq(addr_parse(&addrs[0], "169.254.169.254:80"), 0);
	ck_assert_int_eq(addr_parse(&addrs[1], "[fe80::1]:80"), 0);
	addrs[2] = f.good;
	f.options.filter = filter;
	f.allowed = &f.good;
	dial_addrs(&f, addrs, 3);
	expect(&f, DIAL_OK, 0, &f.good);
	ck_assert_int_eq(f.filtered, 3);
	drop_result(&f);
	f.allowed = NULL;
	dial_addrs(&f, addrs, 3);
	expect(&f, DIAL_DENIED, 0, &addrs[0]);
	ck_assert_int_eq(f.filtered, 6);
	teardown(&f);
}
END_TEST

START_TEST(too_many_addresses_are_cut)
{
	struct fixture f;
	struct addr addrs[DIAL_ADDRS_MAX + 1];

	setup(&f);
	for (int i = 0; i < DIAL_ADDRS_MAX; i++) {
		ck_assert_int_eq(
		    addr_parse(&addrs[i], "255.255.255.255:80"), 0);
	}
	addrs[DIAL_ADDRS_MAX] = f.good;
	dial_addrs(&f, addrs, DIAL_ADDRS_MAX + 1);
	expect(&f, DIAL_NET_UNREACHABLE, ENETUNREACH, &addrs[0]);
	drop_result(&f);
	dial_addrs(&f, addrs + 1, DIAL_ADDRS_MAX);
	expect(&f, DIAL_OK, 0, &f.good);
	teardown(&f);
}
END_TEST

START_TEST(cancelled_is_silent)
{
	struct fixture f;
	struct addr addrs[2];
	int hole[3];

	setup(&f);
	ck_assert_int_eq(netpair_black_hole(hole, &addrs[0]), 0);
	addrs[1] = f.good;
	f.options.stagger = 0.0001;
	f.dial = dial_start(f.loop, addrs, 2, &f.options, on_dialled, &f);
	usleep(1000);
	loop_poll(f.loop);
	dial_cancel(f.dial);
	dial_cancel(NULL);
	f.dial = dial_start(f.loop, &f.good, 1, NULL, on_dialled, &f);
	dial_cancel(f.dial);
	/* One whose failure is already on its way. */
	f.dial = dial_start(f.loop, NULL, 0, NULL, on_dialled, &f);
	dial_cancel(f.dial);
	f.dial = NULL;
	for (int i = 0; i < 5; i++) {
		loop_poll(f.loop);
	}
	ck_assert_int_le(f.calls, 1);
	f.calls = 0;
	close_all(hole, 3);
	teardown(&f);
}
END_TEST

/* The rest dials names, with a name server on the same loop. */
struct names {
	struct fixture f;
	struct dnsserver *server;
	struct resolver *resolver;
};

static void
setup_names(struct names *n)
{
	struct resolver_config config = { .timeout = 5. };

	setup(&n->f);
	n->server = dnsserver_new(n->f.loop);
	ck_assert_ptr_nonnull(n->server);
	config.servers = dnsserver_text(n->server);
	n->resolver = resolver_new(n->f.loop, &config);
	dnsserver_add(n->server, "good.example", DNSSERVER_ADDRS, "127.0.0.1");
	dnsserver_add(n->server, "fail.example", DNSSERVER_FAIL, "");
	dnsserver_add(n->server, "silent.example", DNSSERVER_SILENT, "");
	dnsserver_add(n->server, "many.example", DNSSERVER_ADDRS,
	    "255.255.255.255 127.0.0.1 ::1");
}

static void
teardown_names(struct names *n)
{
	dial_cancel(n->f.dial);
	n->f.dial = NULL;
	resolver_free(n->resolver);
	dnsserver_free(n->server);
	teardown(&n->f);
}

/* Dial host at the port of the address that answers. */
static void
dial_host(struct names *n, const char *host)
{
	struct fixture *f = &n->f;

	drop_result(f);
	f->dial = dial_name(
	    n->resolver, host, addr_port(&f->good), &f->options, on_dialled, f);
	ck_assert_ptr_nonnull(f->dial);
	ck_assert_int_eq(f->calls, 0);
	ck_assert(await_count(f->loop, &f->calls, 1));
	loop_poll(f->loop);
	ck_assert_int_eq(f->calls, 1);
}

START_TEST(names_are_dialled)
{
	struct names n;

	setup_names(&n);
	dial_host(&n, "good.example");
	expect(&n.f, DIAL_OK, 0, &n.f.good);
	dial_host(&n, "127.0.0.1");
	expect(&n.f, DIAL_OK, 0, &n.f.good);
	dial_host(&n, "localhost");
	expect(&n.f, DIAL_OK, 0, &n.f.good);
	dial_host(&n, "many.example");
	expect(&n.f, DIAL_OK, 0, &n.f.good);
	teardown_names(&n);
}
END_TEST

START_TEST(names_fail_in_their_ways)
{
	struct names n;

	setup_names(&n);
	dial_host(&n, "nothing.example");
	expect(&n.f, DIAL_NO_NAME, 0, NULL);
	dial_host(&n, "fail.example");
	expect(&n.f, DIAL_DNS_FAILED, 0, NULL);
	n.f.options.timeout = 0.05;
	dial_host(&n, "silent.example");
	expect(&n.f, DIAL_DNS_TIMEOUT, ETIMEDOUT, NULL);
	close(n.f.listening);
	n.f.listening = -1;
	n.f.options.timeout = NEVER;
	dial_host(&n, "good.example");
	expect(&n.f, DIAL_REFUSED, ECONNREFUSED, &n.f.good);
	teardown_names(&n);
}
END_TEST

START_TEST(resolver_gives_up_first)
{
	struct names n;
	struct resolver_config config = { .timeout = 0.05 };

	setup_names(&n);
	resolver_free(n.resolver);
	config.servers = dnsserver_text(n.server);
	n.resolver = resolver_new(n.f.loop, &config);
	dial_host(&n, "silent.example");
	expect(&n.f, DIAL_DNS_TIMEOUT, ETIMEDOUT, NULL);
	teardown_names(&n);
}
END_TEST

/* A public name that leads to a private address does not get by a policy. */
START_TEST(filter_sees_what_a_name_resolves_to)
{
	struct names n;

	setup_names(&n);
	n.f.options.filter = filter;
	dial_host(&n, "good.example");
	expect(&n.f, DIAL_DENIED, 0, &n.f.good);
	ck_assert_int_eq(n.f.filtered, 1);
	n.f.allowed = &n.f.good;
	dial_host(&n, "many.example");
	expect(&n.f, DIAL_OK, 0, &n.f.good);
	teardown_names(&n);
}
END_TEST

START_TEST(cancelled_while_resolving)
{
	struct names n;

	setup_names(&n);
	n.f.dial =
	    dial_name(n.resolver, "good.example", 1, NULL, on_dialled, &n.f);
	dial_cancel(n.f.dial);
	n.f.dial = NULL;
	dial_host(&n, "good.example");
	teardown_names(&n);
}
END_TEST

START_TEST(survives_failing_allocations)
{
	struct names n;
	bool failed = true;

	setup_names(&n);
	for (long i = 1; failed; i++) {
		struct fixture *f = &n.f;

		drop_result(f);
		failalloc_forever_after(i);
		f->dial = dial_name(n.resolver, "good.example",
		    addr_port(&f->good), &f->options, on_dialled, f);
		if (f->dial != NULL) {
			ck_assert(await_count(f->loop, &f->calls, 1));
		}
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(
		    failed, f->calls == 0 || f->result.status != DIAL_OK);
	}
	drop_result(&n.f);
	failalloc_after(1);
	ck_assert_ptr_null(
	    dial_start(n.f.loop, &n.f.good, 1, NULL, on_dialled, &n.f));
	failalloc_off();
	teardown_names(&n);
}
END_TEST

static bool
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written;

	if (fd < 0) {
		return false;
	}
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

/* A network of our own with two ports for outgoing connections. */
static bool
enter_small_network(void)
{
	struct ifreq request = { .ifr_flags = IFF_UP };
	int fd;
	bool up;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		return false;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "lo");
	up = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	close(fd);
	return up && write_file("/proc/sys/net/ipv4/ip_local_port_range",
			 "40000 40001");
}

/* Exit status of the child: 0 as it should be, 1 not, 77 no such network. */
static int
dial_closed_ports(void)
{
	struct fixture f = { .result = { .fd = -1 } };
	struct addr addr;

	if (!enter_small_network()) {
		return 77;
	}
	f.loop = loop_new();
	for (int i = 0; i < 100; i++) {
		(void)addr_parse(
		    &addr, i % 2 == 0 ? "127.0.0.1:40000" : "127.0.0.1:40001");
		f.calls = 0;
		f.dial = dial_start(f.loop, &addr, 1, NULL, on_dialled, &f);
		if (!await_count(f.loop, &f.calls, 1) ||
		    f.result.status != DIAL_REFUSED) {
			return 1;
		}
	}
	loop_free(f.loop);
	return 0;
}

/*
 * Without the check a connection to a closed port that happens to be chosen
 * for its own end as well would succeed: here every second one.
 */
START_TEST(never_connected_to_itself)
{
	pid_t pid = fork();
	int status = 0;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		_exit(dial_closed_ports());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_ne(WEXITSTATUS(status), 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dial");
	TCase *tcase = tcase_create("dial");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 2 * AWAIT_DEADLINE);
	tcase_add_loop_test(tcase, connects, 0, 2);
	tcase_add_test(tcase, connects_to_unix_sockets);
	tcase_add_test(tcase, refusal_is_told);
	tcase_add_test(tcase, immediate_failure_is_told_later);
	tcase_add_test(tcase, nothing_to_dial);
	tcase_add_test(tcase, next_comes_at_once_after_a_failure);
	tcase_add_test(tcase, next_comes_after_the_stagger);
	tcase_add_test(tcase, families_alternate);
	tcase_add_test(tcase, deadline_ends_it);
	tcase_add_test(tcase, most_telling_failure_wins);
	tcase_add_test(tcase, filter_sees_each_address);
	tcase_add_test(tcase, too_many_addresses_are_cut);
	tcase_add_test(tcase, cancelled_is_silent);
	tcase_add_test(tcase, names_are_dialled);
	tcase_add_test(tcase, names_fail_in_their_ways);
	tcase_add_test(tcase, resolver_gives_up_first);
	tcase_add_test(tcase, filter_sees_what_a_name_resolves_to);
	tcase_add_test(tcase, cancelled_while_resolving);
	tcase_add_test(tcase, survives_failing_allocations);
	tcase_add_test(tcase, never_connected_to_itself);
	return unit_main(suite);
}
