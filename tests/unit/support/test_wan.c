/* SPDX-License-Identifier: ISC */
#include "tests/support/wan.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/loop.h"
#include "tests/support/await.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

#define MILLISECOND UINT64_C(1000000)
#define RECEIVED_MAX 300000

/* What one end has received. */
struct end {
	int fd;
	uint8_t data[RECEIVED_MAX];
	size_t len;
	size_t want;
	bool closed;
	bool reset;
};

/* A client, a server, and the network between them. */
struct fixture {
	struct loop *loop;
	struct wan *wan;
	struct wan_config config;
	int listening;
	struct end client;
	struct end server;
};

/* The bytes that are sent: no two neighbours alike. */
static uint8_t
pattern(size_t i)
{
	return (uint8_t)(i % 251);
}

static bool
is_connected(void *arg)
{
	struct fixture *f = arg;

	f->server.fd =
	    accept4(f->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	return f->server.fd >= 0;
}

/* Connect a client, and let the server accept it. */
static void
connect_ends(struct fixture *f)
{
	struct addr addr;

	memset(&f->client, 0, sizeof(f->client));
	memset(&f->server, 0, sizeof(f->server));
	wan_addr(f->wan, &addr);
	f->client.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(
	    connect(f->client.fd, (const struct sockaddr *)&addr.ss, addr.len),
	    0);
	ck_assert(await(f->loop, is_connected, f));
}

/* Make what config in f says, with fault as in the test's name. */
static void
setup(struct fixture *f, enum wan_fault what, uint64_t after)
{
	struct fault fault;

	f->loop = loop_new();
	f->listening = netpair_listen(AF_INET, &f->config.to);
	ck_assert_int_eq(fcntl(f->listening, F_SETFL, O_NONBLOCK), 0);
	f->config.fault = what;
	f->config.after = after;
	f->wan = wan_new(f->loop, &f->config, &fault);
	ck_assert_ptr_nonnull(f->wan);
	connect_ends(f);
}

static void
disconnect_ends(struct fixture *f)
{
	close(f->client.fd);
	close(f->server.fd);
}

static void
teardown(struct fixture *f)
{
	disconnect_ends(f);
	close(f->listening);
	wan_free(f->wan);
	loop_free(f->loop);
}

static void
send_bytes(struct end *end, size_t from, size_t len)
{
	static uint8_t data[RECEIVED_MAX];

	for (size_t i = 0; i < len; i++) {
		data[i] = pattern(from + i);
	}
	ck_assert_int_eq(send(end->fd, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

static bool
has_received(void *arg)
{
	struct end *end = arg;
	ssize_t n = recv(end->fd, end->data + end->len,
	    sizeof(end->data) - end->len, MSG_DONTWAIT);

	if (n > 0) {
		end->len += (size_t)n;
	}
	end->closed = end->closed || n == 0;
	end->reset = end->reset || (n < 0 && errno == ECONNRESET);
	return end->len >= end->want || end->closed || end->reset;
}

/* Run until end has len bytes in all, or its connection has ended. */
static void
await_bytes(struct fixture *f, struct end *end, size_t len)
{
	end->want = len;
	ck_assert(await(f->loop, has_received, end));
}

static size_t
differences(const struct end *end, size_t *last)
{
	size_t count = 0;

	for (size_t i = 0; i < end->len; i++) {
		if (end->data[i] != pattern(i)) {
			count++;
			*last = i;
		}
	}
	return count;
}

static void
expect_pattern(const struct end *end, size_t len)
{
	size_t at;

	ck_assert_uint_eq(end->len, len);
	ck_assert_uint_eq(differences(end, &at), 0);
}

START_TEST(passes_bytes_and_ends)
{
	static struct fixture f;
	struct wan_stats stats;

	setup(&f, WAN_NONE, 0);
	send_bytes(&f.client, 0, 200000);
	await_bytes(&f, &f.server, 200000);
	expect_pattern(&f.server, 200000);
	shutdown(f.client.fd, SHUT_WR);
	await_bytes(&f, &f.server, 200001);
	ck_assert(f.server.closed);
	/* One way has ended, the other goes on. */
	send_bytes(&f.server, 0, 100000);
	shutdown(f.server.fd, SHUT_WR);
	await_bytes(&f, &f.client, 100001);
	ck_assert(f.client.closed);
	expect_pattern(&f.client, 100000);
	wan_stats(f.wan, &stats);
	ck_assert_uint_eq(stats.connections, 1);
	ck_assert_uint_eq(stats.up, 200000);
	ck_assert_uint_eq(stats.down, 100000);
	ck_assert_uint_eq(stats.faults, 0);
	teardown(&f);
}
END_TEST

START_TEST(reset_passes)
{
	static struct fixture f;
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	setup(&f, WAN_NONE, 0);
	send_bytes(&f.client, 0, 1);
	await_bytes(&f, &f.server, 1);
	setsockopt(f.server.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(f.server.fd);
	f.server.fd = -1;
	await_bytes(&f, &f.client, 1);
	ck_assert(f.client.reset);
	teardown(&f);
}
END_TEST

static uint64_t
time_of(struct fixture *f)
{
	loop_poll(f->loop);
	return loop_now(f->loop);
}

START_TEST(delays)
{
	static struct fixture f;
	struct loop *clock = loop_new();
	uint64_t begin = loop_now(clock);

	f.config.delay_ms = 20;
	setup(&f, WAN_NONE, 0);
	/* A round trip to connect, and half of one for the byte. */
	send_bytes(&f.client, 0, 1);
	await_bytes(&f, &f.server, 1);
	ck_assert_uint_ge(time_of(&f) - begin, 60 * MILLISECOND);
	begin = time_of(&f);
	send_bytes(&f.server, 0, 1);
	await_bytes(&f, &f.client, 1);
	ck_assert_uint_ge(time_of(&f) - begin, 20 * MILLISECOND);
	/* What is sent together arrives together: a delay is no rate. */
	begin = time_of(&f);
	send_bytes(&f.client, 1, 100000);
	await_bytes(&f, &f.server, 100001);
	ck_assert_uint_ge(time_of(&f) - begin, 20 * MILLISECOND);
	expect_pattern(&f.server, 100001);
	teardown(&f);
	loop_free(clock);
}
END_TEST

START_TEST(limits_the_rate)
{
	static struct fixture f;
	uint64_t begin;

	f.config.rate = 1000000;
	setup(&f, WAN_NONE, 0);
	begin = time_of(&f);
	send_bytes(&f.client, 0, 100000);
	await_bytes(&f, &f.server, 100000);
	ck_assert_uint_ge(time_of(&f) - begin, 100 * MILLISECOND);
	expect_pattern(&f.server, 100000);
	teardown(&f);
}
END_TEST

START_TEST(resets)
{
	static struct fixture f;

	setup(&f, WAN_RESET, 1000);
	send_bytes(&f.client, 0, 1000);
	await_bytes(&f, &f.server, 1000);
	expect_pattern(&f.server, 1000);
	send_bytes(&f.client, 1000, 1);
	await_bytes(&f, &f.server, 1001);
	await_bytes(&f, &f.client, 1);
	ck_assert(f.server.reset && f.client.reset);
	teardown(&f);
}
END_TEST

START_TEST(truncates)
{
	static struct fixture f;

	setup(&f, WAN_TRUNCATE, 1000);
	send_bytes(&f.client, 0, 5000);
	await_bytes(&f, &f.server, 5000);
	ck_assert(f.server.closed);
	expect_pattern(&f.server, 1000);
	await_bytes(&f, &f.client, 1);
	ck_assert(f.client.closed);
	teardown(&f);
}
END_TEST

START_TEST(stalls)
{
	static struct fixture f;

	setup(&f, WAN_STALL, 1000);
	send_bytes(&f.client, 0, 5000);
	await_bytes(&f, &f.server, 1000);
	send_bytes(&f.server, 0, 1);
	for (int i = 0; i < 50; i++) {
		loop_poll(f.loop);
	}
	ck_assert_uint_eq(f.server.len, 1000);
	ck_assert(!has_received(&(struct end){ .fd = f.client.fd, .want = 1 }));
	teardown(&f);
}
END_TEST

START_TEST(flips_one_bit)
{
	static struct fixture f;
	size_t at = 0;
	unsigned change;

	setup(&f, WAN_FLIP, 1000);
	send_bytes(&f.client, 0, 5000);
	await_bytes(&f, &f.server, 5000);
	ck_assert_uint_eq(differences(&f.server, &at), 1);
	ck_assert_uint_eq(at, 1000);
	change = (unsigned)f.server.data[at] ^ pattern(at);
	ck_assert_uint_eq(change & (change - 1), 0);
	teardown(&f);
}
END_TEST

/* Pass bytes through random flips; returns a sum of what came out. */
static uint64_t
flip_often(uint64_t seed, uint64_t times, size_t *flips)
{
	static struct fixture f;
	uint64_t sum = 0;
	size_t at;

	memset(&f, 0, sizeof(f));
	f.config.mean = 5000;
	f.config.seed = seed;
	f.config.times = times;
	setup(&f, WAN_FLIP, 0);
	send_bytes(&f.client, 0, 200000);
	await_bytes(&f, &f.server, 200000);
	ck_assert_uint_eq(f.server.len, 200000);
	*flips = differences(&f.server, &at);
	for (size_t i = 0; i < f.server.len; i++) {
		sum = sum * 31 + f.server.data[i];
	}
	teardown(&f);
	return sum;
}

START_TEST(same_seed_same_faults)
{
	size_t flips;
	uint64_t sum = flip_often(1, 0, &flips);

	ck_assert_uint_gt(flips, 10);
	ck_assert_uint_lt(flips, 160);
	ck_assert(flip_often(1, 0, &flips) == sum);
	ck_assert(flip_often(2, 0, &flips) != sum);
	flip_often(1, 3, &flips);
	ck_assert_uint_eq(flips, 3);
}
END_TEST

START_TEST(cuts)
{
	static struct fixture f;

	setup(&f, WAN_NONE, 0);
	send_bytes(&f.client, 0, 10);
	await_bytes(&f, &f.server, 10);
	wan_cut(f.wan);
	await_bytes(&f, &f.client, 1);
	await_bytes(&f, &f.server, 11);
	ck_assert(f.client.reset && f.server.reset);
	disconnect_ends(&f);
	/* The next connection is as good as new. */
	connect_ends(&f);
	send_bytes(&f.client, 0, 10);
	await_bytes(&f, &f.server, 10);
	teardown(&f);
}
END_TEST

START_TEST(freezes_and_thaws)
{
	static struct fixture f;

	f.config.delay_ms = 1;
	setup(&f, WAN_NONE, 0);
	send_bytes(&f.client, 0, 10);
	await_bytes(&f, &f.server, 10);
	send_bytes(&f.client, 10, 1000);
	loop_poll(f.loop);
	wan_freeze(f.wan, true);
	for (int i = 0; i < 50; i++) {
		usleep(100);
		loop_poll(f.loop);
	}
	ck_assert(!has_received(&(struct end){ .fd = f.server.fd, .want = 1 }));
	wan_freeze(f.wan, false);
	await_bytes(&f, &f.server, 1010);
	expect_pattern(&f.server, 1010);
	teardown(&f);
}
END_TEST

START_TEST(dead_target_is_a_reset)
{
	static struct fixture f;
	struct addr addr;

	setup(&f, WAN_NONE, 0);
	disconnect_ends(&f);
	close(f.listening);
	f.listening = -1;
	wan_addr(f.wan, &addr);
	f.client.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	f.server.fd = -1;
	ck_assert_int_eq(
	    connect(f.client.fd, (const struct sockaddr *)&addr.ss, addr.len),
	    0);
	await_bytes(&f, &f.client, 1);
	ck_assert(f.client.reset);
	teardown(&f);
}
END_TEST

/* --- the program ------------------------------------------------------------
 */

struct program {
	pid_t pid;
	FILE *out;
	struct addr addr;
};

static void
run_program(struct program *program, const char *to)
{
	const char *top = getenv("top_builddir");
	char path[4096];
	int fds[2];

	(void)snprintf(path, sizeof(path), "%s/tests/support/wan",
	    top != NULL ? top : ".");
	ck_assert_int_eq(pipe(fds), 0);
	program->pid = fork();
	ck_assert_int_ge(program->pid, 0);
	if (program->pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execl(path, path, "--to", to, "--delay", "1", "--fault", "flip",
		    "--after", "1", "--times", "1", "--seed", "7", "--rate",
		    "1000000", "--queue", "5000", (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	program->out = fdopen(fds[0], "r");
}

/* The next line of the program, without what it begins with. */
static const char *
line_after(struct program *program, const char *begin)
{
	static char line[200];

	ck_assert_ptr_nonnull(fgets(line, sizeof(line), program->out));
	ck_assert_int_eq(strncmp(line, begin, strlen(begin)), 0);
	return line + strlen(begin);
}

START_TEST(program_does_as_told)
{
	struct program program;
	char text[ADDR_TEXT_LEN];
	struct addr to;
	int listening = netpair_listen(AF_INET, &to);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int server;
	unsigned long port;
	int status = 0;
	char data[4] = "";

	run_program(&program, addr_format(&to, text));
	port = strtoul(line_after(&program, "port "), NULL, 10);
	ck_assert_int_eq(addr_from_ip(&to, "127.0.0.1", (uint16_t)port), 0);
	ck_assert_int_eq(
	    connect(client, (const struct sockaddr *)&to.ss, to.len), 0);
	ck_assert_int_eq(send(client, "abc", 3, 0), 3);
	server = accept(listening, NULL, NULL);
	ck_assert_int_eq(recv(server, data, 3, MSG_WAITALL), 3);
	ck_assert(data[0] == 'a' && data[1] != 'b' && data[2] == 'c');
	kill(program.pid, SIGUSR1);
	ck_assert_int_eq(recv(client, data, 1, 0), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	kill(program.pid, SIGTERM);
	(void)line_after(&program, "done connections=1 faults=1 up=3 down=0");
	ck_assert_int_eq(waitpid(program.pid, &status, 0), program.pid);
	ck_assert_int_eq(status, 0);
	(void)fclose(program.out);
	close(server);
	close(client);
	close(listening);
}
END_TEST

START_TEST(program_explains_itself)
{
	struct program program;
	int status = 0;

	/* What it says goes to where test programs write their diagnostics. */
	run_program(&program, "nowhere");
	ck_assert_int_eq(waitpid(program.pid, &status, 0), program.pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 64);
	(void)fclose(program.out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("wan");
	TCase *tcase = tcase_create("wan");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 2 * AWAIT_DEADLINE);
	tcase_add_test(tcase, passes_bytes_and_ends);
	tcase_add_test(tcase, reset_passes);
	tcase_add_test(tcase, delays);
	tcase_add_test(tcase, limits_the_rate);
	tcase_add_test(tcase, resets);
	tcase_add_test(tcase, truncates);
	tcase_add_test(tcase, stalls);
	tcase_add_test(tcase, flips_one_bit);
	tcase_add_test(tcase, same_seed_same_faults);
	tcase_add_test(tcase, cuts);
	tcase_add_test(tcase, freezes_and_thaws);
	tcase_add_test(tcase, dead_target_is_a_reset);
	tcase_add_test(tcase, program_does_as_told);
	tcase_add_test(tcase, program_explains_itself);
	return unit_main(suite);
}
