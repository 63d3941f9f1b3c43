/* SPDX-License-Identifier: ISC */

#include "gateway/cli/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/netpair.h"
#include "tests/support/unit.h"

/* More than sockets and pipes hold together. */
#define MUCH ((size_t)16 << 20)

/* A pump under way: the far ends of what it ties together. */
static struct pump pump;
static pthread_t thread;
static enum pump_result result;
static int result_errno;
static int far;    /* of the socket */
static int source; /* what is written here it reads */
static int sink;   /* what it writes is read here */

static void *
run(void *arg)
{
	(void)arg;
	result = pump_run(&pump);
	result_errno = errno;
	return NULL;
}

static void
prepare(int family)
{
	int pipes[2];
	int pair[2];

	ck_assert_int_eq(netpair_connect(family, pair), 0);
	memset(&pump, 0, sizeof(pump));
	pump.socket = pair[0];
	far = pair[1];
	ck_assert_int_eq(pipe(pipes), 0);
	pump.in = pipes[0];
	source = pipes[1];
	ck_assert_int_eq(pipe(pipes), 0);
	sink = pipes[0];
	pump.out = pipes[1];
}

static void
start(void)
{
	ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
}

static void
setup(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGPIPE, &ignore, NULL);
	prepare(AF_INET);
}

/* Let go of what the pump had, and of what it wrote to. */
static void
let_go(void)
{
	(void)close(pump.socket);
	(void)close(pump.in);
	(void)close(pump.out);
	(void)close(sink);
}

/* Assert that it ended so, and let go of everything. */
static void
ends(enum pump_result wanted)
{
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(result, wanted);
	let_go();
}

/* Read from fd until its end, or size bytes; returns how many. */
static size_t
gather(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	while (len < size && n > 0) {
		n = read(fd, out + len, size - len);
		len += n > 0 ? (size_t)n : 0;
	}
	return len;
}

/* Close fd so that the other side sees a reset. */
static void
reset(int fd)
{
	const struct linger kind = { .l_onoff = 1 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &kind, sizeof(kind));
	(void)close(fd);
}

START_TEST(each_half_ends_by_itself)
{
	char text[16];

	pump.head = (const uint8_t *)"early ";
	pump.head_len = 6;
	start();
	/* Ours first: the answer comes after it. */
	ck_assert_int_eq(write(source, "ask", 3), 3);
	(void)close(source);
	ck_assert_uint_eq(gather(far, text, sizeof(text)), 3);
	ck_assert_int_eq(write(far, "told", 4), 4);
	(void)close(far);
	ck_assert_uint_eq(gather(sink, text, sizeof(text)), 10);
	ck_assert_int_eq(memcmp(text, "early told", 10), 0);
	ends(PUMP_OK);
}
END_TEST

START_TEST(the_far_half_may_end_first)
{
	char text[16];

	start();
	ck_assert_int_eq(write(far, "told", 4), 4);
	ck_assert_int_eq(shutdown(far, SHUT_WR), 0);
	/* Whoever reads it sees the end while it still writes. */
	ck_assert_uint_eq(gather(sink, text, sizeof(text)), 4);
	ck_assert_int_eq(write(source, "ask", 3), 3);
	(void)close(source);
	ck_assert_uint_eq(gather(far, text, sizeof(text)), 3);
	(void)close(far);
	ends(PUMP_OK);
}
END_TEST

START_TEST(a_unix_socket_does_too)
{
	char text[16];

	(void)close(far);
	(void)close(source);
	let_go();
	prepare(AF_UNIX);
	start();
	ck_assert_int_eq(write(source, "ask", 3), 3);
	(void)close(source);
	ck_assert_uint_eq(gather(far, text, sizeof(text)), 3);
	(void)close(far);
	ck_assert_uint_eq(gather(sink, text, sizeof(text)), 0);
	ends(PUMP_OK);
}
END_TEST

/* Writes much to the far end. */
static void *
write_much(void *arg)
{
	static char block[65536];
	size_t sent = 0;

	(void)arg;
	while (sent < MUCH) {
		ssize_t n = write(far, block, sizeof(block));

		if (n <= 0) {
			break;
		}
		sent += (size_t)n;
	}
	(void)shutdown(far, SHUT_WR);
	return NULL;
}

START_TEST(who_does_not_read_stops_one_direction)
{
	static char block[65536];
	pthread_t writer;
	char text[16];
	size_t got = 0;
	size_t n = 1;

	start();
	ck_assert_int_eq(pthread_create(&writer, NULL, write_much, NULL), 0);
	/* Nothing of it is read yet, and the other direction goes on. */
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(write(source, "0123456789", 10), 10);
		ck_assert_uint_eq(gather(far, text, 10), 10);
	}
	while (n > 0) {
		n = gather(sink, block, sizeof(block));
		got += n;
	}
	ck_assert_uint_eq(got, MUCH);
	ck_assert_int_eq(pthread_join(writer, NULL), 0);
	(void)close(source);
	ends(PUMP_OK);
	(void)close(far);
}
END_TEST

START_TEST(a_reset_is_no_end)
{
	start();
	/* Nobody writes: it is noticed all the same. */
	reset(far);
	ends(PUMP_BROKEN);
	ck_assert_int_eq(result_errno, ECONNRESET);
	(void)close(source);
}
END_TEST

START_TEST(a_reset_behind_the_end_is_none_either)
{
	char text[4];

	start();
	ck_assert_int_eq(shutdown(far, SHUT_WR), 0);
	ck_assert_uint_eq(gather(sink, text, sizeof(text)), 0);
	reset(far);
	ends(PUMP_BROKEN);
	(void)close(source);
}
END_TEST

START_TEST(who_reads_may_go_away)
{
	(void)close(sink);
	start();
	ck_assert_int_eq(write(far, "told", 4), 4);
	ends(PUMP_OUTPUT);
	ck_assert_int_eq(result_errno, EPIPE);
	(void)close(source);
	(void)close(far);
}
END_TEST

START_TEST(input_that_cannot_be_read_is_no_end)
{
	char byte;

	/* A directory. */
	(void)close(pump.in);
	pump.in = open("/", O_RDONLY | O_CLOEXEC);
	start();
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(result, PUMP_INPUT);
	ck_assert_int_eq(result_errno, EISDIR);
	/* The other side has heard of no end: it is the caller's to reset. */
	ck_assert_int_eq(recv(far, &byte, 1, MSG_DONTWAIT), -1);
	ck_assert_int_eq(errno, EAGAIN);
	(void)close(source);
	(void)close(far);
	let_go();
}
END_TEST

/* Reads all that comes out. */
static void *
read_much(void *arg)
{
	static char block[65536];
	size_t *got = arg;
	size_t n = 1;

	while (n > 0) {
		n = gather(sink, block, sizeof(block));
		*got += n;
	}
	return NULL;
}

START_TEST(descriptors_may_be_non_blocking)
{
	pthread_t reader;
	size_t got = 0;
	char text[16];

	ck_assert_int_eq(fcntl(pump.in, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(fcntl(pump.out, F_SETFL, O_NONBLOCK), 0);
	start();
	ck_assert_int_eq(write(source, "ask", 3), 3);
	ck_assert_uint_eq(gather(far, text, 3), 3);
	ck_assert_int_eq(pthread_create(&reader, NULL, read_much, &got), 0);
	(void)write_much(NULL);
	ck_assert_int_eq(pthread_join(reader, NULL), 0);
	ck_assert_uint_eq(got, MUCH);
	(void)close(source);
	ends(PUMP_OK);
	(void)close(far);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pump");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, each_half_ends_by_itself);
	tcase_add_test(tests, the_far_half_may_end_first);
	tcase_add_test(tests, a_unix_socket_does_too);
	tcase_add_test(tests, who_does_not_read_stops_one_direction);
	tcase_add_test(tests, a_reset_is_no_end);
	tcase_add_test(tests, a_reset_behind_the_end_is_none_either);
	tcase_add_test(tests, who_reads_may_go_away);
	tcase_add_test(tests, input_that_cannot_be_read_is_no_end);
	tcase_add_test(tests, descriptors_may_be_non_blocking);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
