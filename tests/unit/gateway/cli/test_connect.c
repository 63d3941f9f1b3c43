/* SPDX-License-Identifier: ISC */

#include "gateway/cli/connect.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/control.h"
#include "tests/support/clirun.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

/* A port of a gateway that gives one prepared answer. */
static struct port {
	int listener;
	const char *answer;
	bool resets; /* instead of ending */
	pthread_t thread;
	char heard[1024]; /* all that came in */
} port;

static struct clirun run;

static void *
serve(void *arg)
{
	const struct linger kind = { .l_onoff = 1 };
	int fd = accept(port.listener, NULL, NULL);
	size_t len = 0;
	ssize_t n = 1;

	(void)arg;
	while (n > 0 && strstr(port.heard, "\r\n\r\n") == NULL) {
		n = recv(fd, port.heard + len, sizeof(port.heard) - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
		port.heard[len] = '\0';
	}
	(void)send(fd, port.answer, strlen(port.answer), MSG_NOSIGNAL);
	if (port.resets) {
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_LINGER, &kind, sizeof(kind));
		(void)close(fd);
		return NULL;
	}
	(void)shutdown(fd, SHUT_WR);
	while (n > 0) {
		n = recv(fd, port.heard + len, sizeof(port.heard) - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
	}
	port.heard[len] = '\0';
	(void)close(fd);
	return NULL;
}

static void
setup(void)
{
	char status[256];
	char text[ADDR_TEXT_LEN];
	struct addr addr;

	clirun_init(&run);
	(void)unsetenv("STATE_DIRECTORY");
	(void)setenv("XDG_STATE_HOME", run.top, 1);
	memset(&port, 0, sizeof(port));
	port.listener = netpair_listen(AF_INET, &addr);
	ck_assert_int_ge(port.listener, 0);
	(void)snprintf(status, sizeof(status),
	    "{\"listening\":[{\"address\":\"%s\"}]}\n{\"exit\":0}\n",
	    addr_format(&addr, text));
	clirun_answer(&run, status);
}

static void
teardown(void)
{
	(void)close(port.listener);
	clirun_end(&run);
}

/* Let the gateway ask for a password; its ticket is text. */
static void
asks_password(const char *text)
{
	char status[256];
	char place[ADDR_TEXT_LEN];
	struct addr addr = { .len = sizeof(addr.ss) };

	ck_assert_int_eq(
	    getsockname(port.listener, (struct sockaddr *)&addr.ss, &addr.len),
	    0);
	(void)snprintf(status, sizeof(status),
	    "{\"listening\":[{\"address\":\"%s\"}],"
	    "\"asks_password\":true,\"ticket\":\"%s\"}\n{\"exit\":0}\n",
	    addr_format(&addr, place), text);
	clirun_answer(&run, status);
}

/* Run line with input at a port that gives answer; returns the exit code. */
static int
connects(const char *line, const char *input, const char *answer)
{
	char whole[512];
	int kept = dup(STDIN_FILENO);
	int pipes[2];
	int status;

	memset(port.heard, 0, sizeof(port.heard));
	port.answer = answer;
	ck_assert_int_eq(pthread_create(&port.thread, NULL, serve, NULL), 0);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(
	    write(pipes[1], input, strlen(input)), (ssize_t)strlen(input));
	(void)close(pipes[1]);
	(void)dup2(pipes[0], STDIN_FILENO);
	(void)close(pipes[0]);
	(void)snprintf(
	    whole, sizeof(whole), "inroad --gateway DIR connect %s", line);
	status = clirun(&run, whole);
	(void)dup2(kept, STDIN_FILENO);
	(void)close(kept);
	(void)pthread_join(port.thread, NULL);
	return status;
}

START_TEST(carries_both_ways)
{
	ck_assert_int_eq(
	    connects("office 22", "ask", "HTTP/1.1 200 yes\r\n\r\ntold"),
	    CONTROL_OK);
	ck_assert_str_eq(run.said.out, "told");
	ck_assert_str_eq(run.said.err, "");
	ck_assert_str_eq(port.heard,
	    "CONNECT office:22 HTTP/1.1\r\nHost: office:22\r\n"
	    "User-Agent: inroad\r\n\r\nask");
	ck_assert_str_eq(run.asked, "status\n");
}
END_TEST

START_TEST(needs_no_password)
{
	asks_password("12ab");
	ck_assert_int_eq(
	    connects("office 22", "ask", "HTTP/1.1 200 yes\r\n\r\n"),
	    CONTROL_OK);
	ck_assert_str_eq(port.heard,
	    "CONNECT office:22 HTTP/1.1\r\nHost: office:22\r\n"
	    "User-Agent: inroad\r\n"
	    "Proxy-Authorization: Basic OjEyYWI=\r\n\r\nask");
	ck_assert_str_eq(run.asked, "status\nticket\n");
}
END_TEST

START_TEST(takes_targets_in_every_form)
{
	static const char *const rows[][2] = {
		{ "office:22", "CONNECT office:22 " },
		{ "ssh.office.internal 65535",
		    "CONNECT ssh.office.internal:65535 " },
		{ "::1 22", "CONNECT [::1]:22 " },
		{ "[::1] 22", "CONNECT [::1]:22 " },
		{ "[fd00::2]:22", "CONNECT [fd00::2]:22 " },
		{ "10.0.0.1 22", "CONNECT 10.0.0.1:22 " },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(
		    connects(rows[i][0], "", "HTTP/1.1 200 \r\n\r\n"),
		    CONTROL_OK);
		ck_assert_ptr_eq(strstr(port.heard, rows[i][1]), port.heard);
	}
}
END_TEST

START_TEST(refuses_what_is_no_target)
{
	static const char *const lines[] = { "office", "office 0",
		"office 65536", "office x", "office:", ":22", " 22",
		"off\tice 22", "off\nice 22", "a@b 22", "a/b:22", "\xc3\xa4 22",
		"::1:22", "office 22 23", "--x office 22" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[128];

		(void)snprintf(line, sizeof(line),
		    "inroad --gateway DIR connect %s", lines[i]);
		ck_assert_msg(
		    clirun(&run, line) == CONTROL_USAGE, "%s", lines[i]);
		ck_assert_str_eq(run.said.err,
		    "usage: inroad connect HOST PORT | HOST:PORT\n");
	}
}
END_TEST

START_TEST(says_why_not)
{
	static const struct {
		const char *slug;
		int status;
	} rows[] = {
		{ "host-unknown", CONTROL_NO_HOST },
		{ "host-offline", CONTROL_OFFLINE },
		{ "relay-unreachable", CONTROL_OFFLINE },
		{ "relay-dns", CONTROL_OFFLINE },
		{ "service-timeout", CONTROL_TIMEOUT },
		{ "denied", CONTROL_NOT_ALLOWED },
		{ "service-refused", CONTROL_FAILED },
		{ "something-new", CONTROL_FAILED },
	};
	char answer[256];
	char wanted[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(answer, sizeof(answer),
		    "HTTP/1.1 502 Bad Gateway\r\nA: b\r\n\r\n"
		    "inroad: %s: It is \x1b[1mso: sorry.\n",
		    rows[i].slug);
		ck_assert_int_eq(
		    connects("office 22", "", answer), rows[i].status);
		(void)snprintf(wanted, sizeof(wanted),
		    "inroad: %s: It is \\u001b[1mso: sorry.\n", rows[i].slug);
		ck_assert_str_eq(run.said.err, wanted);
		ck_assert_str_eq(run.said.out, "");
	}
}
END_TEST

START_TEST(does_not_trust_the_answer)
{
	static const char *const answers[] = {
		"",
		"HTTP/1.1 200 cut",
		"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
		"HTTP/1.1 502 Bad Gateway\r\n\r\ninroad: nothing\n",
		"SSH-2.0-OpenSSH_9.2\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		ck_assert_int_eq(
		    connects("office 22", "", answers[i]), CONTROL_FAILED);
		ck_assert_str_eq(run.said.out, "");
		ck_assert_ptr_nonnull(strstr(run.said.err, "the gateway "));
	}
	ck_assert_int_eq(
	    connects("office 22", "",
		"HTTP/1.1 407 Proxy Authentication Required\r\nA: b\r\n\r\n"),
	    CONTROL_FAILED);
	ck_assert_ptr_nonnull(strstr(run.said.err,
	    "the gateway answered: HTTP/1.1 407 Proxy Authentication "
	    "Required\n"));
}
END_TEST

START_TEST(reads_no_endless_head)
{
	static char answer[65536];

	(void)snprintf(
	    answer, sizeof(answer), "HTTP/1.1 200 %060000d\r\n\r\n", 1);
	ck_assert_int_eq(connects("office 22", "", answer), CONTROL_FAILED);
	ck_assert_ptr_nonnull(strstr(run.said.err, "the gateway closed"));
}
END_TEST

START_TEST(a_reset_is_a_failure)
{
	port.resets = true;
	ck_assert_int_eq(connects("office 22", "", "HTTP/1.1 200 yes\r\n\r\n"),
	    CONTROL_FAILED);
	ck_assert_ptr_nonnull(strstr(
	    run.said.err, "inroad: target-reset: the connection broke: "));
}
END_TEST

START_TEST(needs_a_gateway)
{
	struct addr addr;
	char text[ADDR_TEXT_LEN];
	char status[256];
	int closed = netpair_closed_port(AF_INET, &addr);

	clirun_answer(&run, NULL);
	ck_assert_int_eq(
	    clirun(&run, "inroad --json --gateway DIR connect office 22"),
	    CONTROL_NOT_RUNNING);
	/* Standard output is the stream's, whatever was asked for. */
	ck_assert_str_eq(run.said.out, "");
	ck_assert_ptr_nonnull(strstr(run.said.err, "not-running"));
	/* It has just ended. */
	(void)snprintf(status, sizeof(status),
	    "{\"listening\":[{\"address\":\"%s\"}]}\n{\"exit\":0}\n",
	    addr_format(&addr, text));
	clirun_answer(&run, status);
	ck_assert_int_eq(clirun(&run, "inroad --gateway DIR connect office 22"),
	    CONTROL_NOT_RUNNING);
	ck_assert_ptr_nonnull(strstr(run.said.err, "Connection refused"));
	(void)close(closed);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("connect");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, carries_both_ways);
	tcase_add_test(tests, needs_no_password);
	tcase_add_test(tests, takes_targets_in_every_form);
	tcase_add_test(tests, refuses_what_is_no_target);
	tcase_add_test(tests, says_why_not);
	tcase_add_test(tests, does_not_trust_the_answer);
	tcase_add_test(tests, reads_no_endless_head);
	tcase_add_test(tests, a_reset_is_a_failure);
	tcase_add_test(tests, needs_a_gateway);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
