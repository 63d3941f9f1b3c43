/* SPDX-License-Identifier: ISC */
#include "common/listener.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/log.h"
#include "common/loop.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

#define CLIENTS_MAX 64

static const int families[] = { AF_INET, AF_INET6, AF_UNIX };
#define FAMILIES 3

/* A listener in a directory of its own, its clients and what it handed out. */
struct fixture {
	struct loop *loop;
	struct listener *listener;
	struct listener_config config;
	char dir[64];
	char path[80];
	struct fault fault;
	int clients[CLIENTS_MAX];
	int client_count;
	int accepted[CLIENTS_MAX];
	int accepted_count;
	struct addr peer;
	bool free_on_accept;
};

static void
on_connection(int fd, const struct addr *peer, void *arg)
{
	struct fixture *fixture = arg;

	ck_assert_int_lt(fixture->accepted_count, CLIENTS_MAX);
	fixture->accepted[fixture->accepted_count] = fd;
	fixture->accepted_count++;
	fixture->peer = *peer;
	if (fixture->free_on_accept) {
		listener_free(fixture->listener);
		fixture->listener = NULL;
	}
}

/* False when this machine has no such family. */
static bool
setup(struct fixture *f, int family)
{
	memset(f, 0, sizeof(*f));
	if (family != AF_UNIX && !netpair_has(family)) {
		return false;
	}
	f->loop = loop_new();
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test_listener.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/socket", f->dir);
	if (family == AF_UNIX) {
		ck_assert_int_eq(addr_from_path(&f->config.addr, f->path), 0);
	} else {
		ck_assert_int_eq(
		    addr_from_ip(&f->config.addr,
			family == AF_INET ? "127.0.0.1" : "::1", 0),
		    0);
	}
	return true;
}

static void
start(struct fixture *f)
{
	f->listener =
	    listener_new(f->loop, &f->config, on_connection, f, &f->fault);
	if (f->listener == NULL) {
		ck_abort_msg("%s", f->fault.text);
	}
	/* From here on the real port, so that others can be told to use it. */
	listener_addr(f->listener, &f->config.addr);
}

static void
close_all(int *fds, int count)
{
	for (int i = 0; i < count; i++) {
		close(fds[i]);
	}
}

static void
teardown(struct fixture *f)
{
	close_all(f->clients, f->client_count);
	close_all(f->accepted, f->accepted_count);
	listener_free(f->listener);
	loop_free(f->loop);
	(void)unlink(f->path);
	ck_assert_int_eq(rmdir(f->dir), 0);
}

/* Let count more clients connect; the kernel's queue takes them at once. */
static void
connect_clients(struct fixture *f, int count)
{
	for (int i = 0; i < count; i++) {
		const struct addr *addr = &f->config.addr;
		int fd =
		    socket(addr_family(addr), SOCK_STREAM | SOCK_CLOEXEC, 0);

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(
		    connect(fd, (const struct sockaddr *)&addr->ss, addr->len),
		    0);
		f->clients[f->client_count] = fd;
		f->client_count++;
	}
}

START_TEST(connections_are_handed_out)
{
	struct fixture f;
	struct addr local = { .len = sizeof(local.ss) };

	if (!setup(&f, families[_i])) {
		return;
	}
	start(&f);
	ck_assert_int_eq(addr_family(&f.config.addr), families[_i]);
	connect_clients(&f, 1);
	ck_assert(await_count(f.loop, &f.accepted_count, 1));
	ck_assert_uint_eq(listener_open(f.listener), 1);
	ck_assert(fcntl(f.accepted[0], F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(f.accepted[0], F_GETFD) & FD_CLOEXEC);
	getsockname(f.clients[0], (struct sockaddr *)&local.ss, &local.len);
	ck_assert_int_eq(addr_family(&f.peer), families[_i]);
	if (families[_i] != AF_UNIX) {
		ck_assert_uint_ne(addr_port(&f.config.addr), 0);
		ck_assert(addr_equal(&f.peer, &local));
	}
	ck_assert_int_eq(write(f.clients[0], "x", 1), 1);
	ck_assert_int_eq(fcntl(f.accepted[0], F_SETFL, 0), 0);
	ck_assert_int_eq(read(f.accepted[0], f.fault.text, 1), 1);
	teardown(&f);
}
END_TEST

START_TEST(flood_is_taken_in_portions)
{
	struct fixture f;

	if (!setup(&f, families[_i])) {
		return;
	}
	start(&f);
	connect_clients(&f, 40);
	loop_poll(f.loop);
	ck_assert_int_eq(f.accepted_count, 16);
	ck_assert(await_count(f.loop, &f.accepted_count, 40));
	teardown(&f);
}
END_TEST

START_TEST(cap_holds_until_released)
{
	struct fixture f;

	if (!setup(&f, families[_i])) {
		return;
	}
	f.config.max_open = 2;
	start(&f);
	connect_clients(&f, 5);
	ck_assert(await_count(f.loop, &f.accepted_count, 2));
	for (int i = 0; i < 5; i++) {
		loop_poll(f.loop);
	}
	ck_assert_int_eq(f.accepted_count, 2);
	listener_released(f.listener);
	ck_assert(await_count(f.loop, &f.accepted_count, 3));
	loop_poll(f.loop);
	ck_assert_int_eq(f.accepted_count, 3);
	listener_released(f.listener);
	listener_released(f.listener);
	ck_assert(await_count(f.loop, &f.accepted_count, 5));
	ck_assert_uint_eq(listener_open(f.listener), 2);
	for (int i = 0; i < 3; i++) {
		listener_released(f.listener);
	}
	ck_assert_uint_eq(listener_open(f.listener), 0);
	teardown(&f);
}
END_TEST

START_TEST(freed_in_its_callback)
{
	struct fixture f;

	if (!setup(&f, families[_i])) {
		return;
	}
	start(&f);
	f.free_on_accept = true;
	connect_clients(&f, 3);
	ck_assert(await_count(f.loop, &f.accepted_count, 1));
	loop_poll(f.loop);
	ck_assert_int_eq(f.accepted_count, 1);
	listener_free(NULL);
	teardown(&f);
}
END_TEST

static void
on_enough(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	(void)ev;
	(void)events;
	loop_stop(watcher->data);
}

/* Run the loop for a while and return how often it woke up. */
static unsigned
wakeups(struct loop *loop, double seconds)
{
	struct ev_timer timer;
	unsigned before = ev_iteration(loop_ev(loop));

	ev_now_update(loop_ev(loop));
	ev_timer_init(&timer, on_enough, seconds, 0.);
	timer.data = loop;
	ev_timer_start(loop_ev(loop), &timer);
	loop_run(loop);
	return ev_iteration(loop_ev(loop)) - before;
}

/* Leave no room for another descriptor, or put things back. */
static void
limit_descriptors(bool full)
{
	static struct rlimit saved;
	struct rlimit limit;
	int next;

	if (!full) {
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &saved), 0);
		return;
	}
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &saved), 0);
	next = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(next);
	limit = saved;
	limit.rlim_cur = (rlim_t)next;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(no_descriptors_no_spinning)
{
	struct fixture f;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (!setup(&f, families[_i])) {
		close(null);
		return;
	}
	start(&f);
	connect_clients(&f, 3);
	loop_poll(f.loop);
	ck_assert_int_eq(f.accepted_count, 3);
	connect_clients(&f, 1);
	log_set_fd(null);
	limit_descriptors(true);
	ck_assert_uint_lt(wakeups(f.loop, 0.15), 10);
	ck_assert_int_eq(f.accepted_count, 3);
	limit_descriptors(false);
	log_set_fd(STDERR_FILENO);
	/* Valgrind imitates the limit and loses the one that hit it. */
	connect_clients(&f, 1);
	ck_assert(await_count(f.loop, &f.accepted_count, 4));
	close(null);
	teardown(&f);
}
END_TEST

START_TEST(address_in_use_is_told)
{
	struct fixture f;
	struct listener *second;
	char text[ADDR_TEXT_LEN];

	if (!setup(&f, families[_i])) {
		return;
	}
	start(&f);
	second = listener_new(f.loop, &f.config, on_connection, &f, &f.fault);
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert_ptr_null(second);
	ck_assert_ptr_nonnull(
	    strstr(f.fault.text, addr_format(&f.config.addr, text)));
	ck_assert_ptr_nonnull(strstr(f.fault.text, strerror(EADDRINUSE)));
	/* The first is not harmed. */
	connect_clients(&f, 1);
	ck_assert(await_count(f.loop, &f.accepted_count, 1));
	teardown(&f);
}
END_TEST

START_TEST(foreign_address_is_told)
{
	struct fixture f;

	ck_assert(setup(&f, AF_INET));
	/* TEST-NET-3 belongs to nobody's interface. */
	ck_assert_int_eq(addr_parse(&f.config.addr, "203.0.113.7:0"), 0);
	ck_assert_ptr_null(
	    listener_new(f.loop, &f.config, on_connection, &f, &f.fault));
	ck_assert_int_eq(errno, EADDRNOTAVAIL);
	ck_assert_str_eq(f.fault.text,
	    "cannot listen on 203.0.113.7:0: Cannot assign requested address");
	teardown(&f);
}
END_TEST

START_TEST(both_families_share_a_port_number)
{
	struct fixture f;
	struct listener *second;
	struct addr any;

	if (!netpair_has(AF_INET6)) {
		return;
	}
	ck_assert(setup(&f, AF_INET6));
	ck_assert_int_eq(addr_parse(&f.config.addr, "[::]:0"), 0);
	start(&f);
	ck_assert_int_eq(addr_from_ip(&any, "0.0.0.0", 0), 0);
	addr_set_port(&any, addr_port(&f.config.addr));
	f.config.addr = any;
	second = listener_new(f.loop, &f.config, on_connection, &f, &f.fault);
	ck_assert_ptr_nonnull(second);
	listener_free(second);
	teardown(&f);
}
END_TEST

START_TEST(port_is_shared_when_both_say_so)
{
	struct fixture f;
	struct listener *second;

	ck_assert(setup(&f, AF_INET));
	f.config.reuse_port = true;
	start(&f);
	second = listener_new(f.loop, &f.config, on_connection, &f, &f.fault);
	ck_assert_ptr_nonnull(second);
	listener_free(second);
	teardown(&f);
}
END_TEST

START_TEST(port_is_free_right_after)
{
	struct fixture f;

	if (!setup(&f, families[_i])) {
		return;
	}
	start(&f);
	connect_clients(&f, 1);
	ck_assert(await_count(f.loop, &f.accepted_count, 1));
	/* The server's side closes first and stays in TIME-WAIT. */
	close_all(f.accepted, f.accepted_count);
	close_all(f.clients, f.client_count);
	f.accepted_count = 0;
	f.client_count = 0;
	listener_free(f.listener);
	start(&f);
	connect_clients(&f, 1);
	ck_assert(await_count(f.loop, &f.accepted_count, 1));
	teardown(&f);
}
END_TEST

static unsigned
mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(unix_socket_has_its_mode)
{
	struct fixture f;
	mode_t saved = umask(0);

	ck_assert(setup(&f, AF_UNIX));
	start(&f);
	ck_assert_uint_eq(mode_of(f.path), 0600);
	listener_free(f.listener);
	umask(0777);
	f.config.mode = 0666;
	start(&f);
	ck_assert_uint_eq(mode_of(f.path), 0666);
	umask(saved);
	teardown(&f);
}
END_TEST

START_TEST(unix_socket_is_removed)
{
	struct fixture f;
	struct listener *other;

	ck_assert(setup(&f, AF_UNIX));
	start(&f);
	listener_free(f.listener);
	ck_assert_int_eq(access(f.path, F_OK), -1);
	/* But not when it has become somebody else's. */
	start(&f);
	ck_assert_int_eq(unlink(f.path), 0);
	other = listener_new(f.loop, &f.config, on_connection, &f, &f.fault);
	ck_assert_ptr_nonnull(other);
	listener_free(f.listener);
	f.listener = other;
	connect_clients(&f, 1);
	ck_assert(await_count(f.loop, &f.accepted_count, 1));
	teardown(&f);
}
END_TEST

START_TEST(stale_unix_socket_is_replaced)
{
	struct fixture f;
	int fd;

	ck_assert(setup(&f, AF_UNIX));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&f.config.addr.ss,
			     f.config.addr.len),
	    0);
	close(fd);
	ck_assert_int_eq(access(f.path, F_OK), 0);
	start(&f);
	connect_clients(&f, 1);
	ck_assert(await_count(f.loop, &f.accepted_count, 1));
	teardown(&f);
}
END_TEST

START_TEST(file_in_the_way_is_kept)
{
	struct fixture f;
	int fd;

	ck_assert(setup(&f, AF_UNIX));
	fd = open(f.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_ptr_null(
	    listener_new(f.loop, &f.config, on_connection, &f, &f.fault));
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert_int_eq(access(f.path, F_OK), 0);
	teardown(&f);
}
END_TEST

START_TEST(adopted_socket_is_left_in_the_file_system)
{
	struct fixture f;
	int fd;

	ck_assert(setup(&f, AF_UNIX));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&f.config.addr.ss,
			     f.config.addr.len),
	    0);
	ck_assert_int_eq(listen(fd, 5), 0);
	failalloc_forever_after(1);
	ck_assert_ptr_null(listener_adopt(f.loop, fd, 0, on_connection, &f));
	failalloc_off();
	f.listener = listener_adopt(f.loop, fd, 0, on_connection, &f);
	connect_clients(&f, 1);
	ck_assert(await_count(f.loop, &f.accepted_count, 1));
	listener_free(f.listener);
	f.listener = NULL;
	ck_assert_int_eq(access(f.path, F_OK), 0);
	teardown(&f);
}
END_TEST

START_TEST(no_memory)
{
	struct fixture f;

	if (!setup(&f, families[_i])) {
		return;
	}
	failalloc_forever_after(1);
	f.listener =
	    listener_new(f.loop, &f.config, on_connection, &f, &f.fault);
	failalloc_off();
	ck_assert_ptr_null(f.listener);
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_ptr_nonnull(strstr(f.fault.text, strerror(ENOMEM)));
	start(&f);
	teardown(&f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("listener");
	TCase *tcase = tcase_create("listener");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 2 * AWAIT_DEADLINE);
	tcase_add_loop_test(tcase, connections_are_handed_out, 0, FAMILIES);
	tcase_add_loop_test(tcase, flood_is_taken_in_portions, 0, FAMILIES);
	tcase_add_loop_test(tcase, cap_holds_until_released, 0, FAMILIES);
	tcase_add_loop_test(tcase, freed_in_its_callback, 0, FAMILIES);
	tcase_add_loop_test(tcase, no_descriptors_no_spinning, 0, FAMILIES);
	tcase_add_loop_test(tcase, address_in_use_is_told, 0, FAMILIES);
	tcase_add_loop_test(tcase, port_is_free_right_after, 0, FAMILIES);
	tcase_add_loop_test(tcase, no_memory, 0, FAMILIES);
	tcase_add_test(tcase, foreign_address_is_told);
	tcase_add_test(tcase, both_families_share_a_port_number);
	tcase_add_test(tcase, port_is_shared_when_both_say_so);
	tcase_add_test(tcase, unix_socket_has_its_mode);
	tcase_add_test(tcase, unix_socket_is_removed);
	tcase_add_test(tcase, stale_unix_socket_is_replaced);
	tcase_add_test(tcase, file_in_the_way_is_kept);
	tcase_add_test(tcase, adopted_socket_is_left_in_the_file_system);
	return unit_main(suite);
}
