/* SPDX-License-Identifier: ISC */

#include "gateway/cli/remote.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/control.h"
#include "tests/support/clirun.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

/* Connections that a test may need. */
#define ANSWERS_MAX 3

/* How the gateway agrees. */
#define AGREED "HTTP/1.1 200 connected\r\n\r\n"

/* A gateway's port, and the relay behind it. */
static struct port {
	int listener;
	const char *answers[ANSWERS_MAX]; /* of the relay, by connection */
	size_t count;
	bool resets; /* behind the last */
	char heard[8192];
	size_t len;
	pthread_t thread;
} port;

static struct clirun run;
static char answer[8192];

/* Read what comes at fd until wanted is in it. */
static void
hear(int fd, const char *wanted)
{
	size_t begin = port.len;
	ssize_t n = 1;

	while (n > 0 && strstr(port.heard + begin, wanted) == NULL) {
		n = recv(fd, port.heard + port.len,
		    sizeof(port.heard) - 1 - port.len, 0);
		port.len += n > 0 ? (size_t)n : 0;
		port.heard[port.len] = '\0';
	}
}

static void *
serve(void *arg)
{
	const struct linger kind = { .l_onoff = 1 };

	(void)arg;
	for (size_t i = 0; i < port.count; i++) {
		int fd = accept(port.listener, NULL, NULL);

		hear(fd, "\r\n\r\n");
		(void)send(fd, AGREED, strlen(AGREED), MSG_NOSIGNAL);
		hear(fd, "]}");
		(void)send(
		    fd, port.answers[i], strlen(port.answers[i]), MSG_NOSIGNAL);
		if (port.resets && i + 1 == port.count) {
			(void)setsockopt(
			    fd, SOL_SOCKET, SO_LINGER, &kind, sizeof(kind));
		}
		(void)close(fd);
	}
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

/* Write an answer of the relay to out, with that status and body. */
static const char *
http(char *out, size_t size, const char *status, const char *body)
{
	(void)snprintf(out, size,
	    "HTTP/1.0 %s\r\nServer: x\r\ncontent-length: %zu\r\n\r\n%s", status,
	    strlen(body), body);
	return out;
}

/* Run line while the relay gives its answers; returns the exit code. */
static int
runs(const char *line)
{
	int status;

	port.len = 0;
	port.heard[0] = '\0';
	ck_assert_int_eq(pthread_create(&port.thread, NULL, serve, NULL), 0);
	status = clirun(&run, line);
	ck_assert_int_eq(pthread_join(port.thread, NULL), 0);
	return status;
}

/* Likewise, with one answer of that status and body. */
static int
gives(const char *line, const char *status, const char *body)
{
	port.answers[0] = http(answer, sizeof(answer), status, body);
	port.count = 1;
	return runs(line);
}

START_TEST(goes_through_the_gateway)
{
	ck_assert_int_eq(gives("inroad --gateway DIR user list", "200 OK",
			     "{\"items\":[{\"user\":\"alice\",\"level\":"
			     "\"user\"}],\"next\":null,\"exit\":0}"),
	    CONTROL_OK);
	ck_assert_ptr_nonnull(strstr(run.said.out, "alice"));
	ck_assert_str_eq(run.said.err, "");
	ck_assert_ptr_nonnull(
	    strstr(port.heard, "CONNECT relay:80 HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(
	    strstr(port.heard, "POST /api/v1/command HTTP/1.0\r\n"));
	ck_assert_ptr_nonnull(strstr(port.heard, "\r\nHost: relay\r\n"));
	ck_assert_ptr_nonnull(strstr(port.heard, "\r\nInroad-Client: inroad/"));
	ck_assert_ptr_nonnull(
	    strstr(port.heard, "\r\n\r\n{\"words\":[\"user\",\"list\"]}"));
}
END_TEST

START_TEST(words_are_sent_as_they_are)
{
	ck_assert_int_eq(gives("inroad --gateway DIR limit bob rate-up=1\"\\",
			     "200 OK", "{\"items\":[],\"exit\":0}"),
	    CONTROL_OK);
	ck_assert_ptr_nonnull(strstr(port.heard,
	    "{\"words\":[\"limit\",\"bob\",\"rate-up=1\\\"\\\\\"]}"));
}
END_TEST

START_TEST(answers_are_documents)
{
	ck_assert_int_eq(gives("inroad --json --gateway DIR audit", "200 OK",
			     "{\"items\":[{\"at\":1}],\"exit\":0}"),
	    CONTROL_OK);
	ck_assert_str_eq(
	    run.said.out, "{\"schema\":1,\"exit\":0,\"items\":[{\"at\":1}]}\n");
}
END_TEST

START_TEST(pages_are_put_together)
{
	char one[512];
	char two[512];

	port.answers[0] = http(one, sizeof(one), "200 OK",
	    "{\"items\":[{\"n\":1},{\"n\":2}],\"next\":\"x7\",\"exit\":0}");
	port.answers[1] = http(two, sizeof(two), "200 OK",
	    "{\"items\":[{\"n\":3}],\"next\":null,\"exit\":0}");
	port.count = 2;
	ck_assert_int_eq(
	    runs("inroad --json --gateway DIR user list"), CONTROL_OK);
	ck_assert_str_eq(run.said.out,
	    "{\"schema\":1,\"exit\":0,\"items\":[{\"n\":1},{\"n\":2},{\"n\":3}]"
	    "}\n");
	ck_assert_ptr_nonnull(
	    strstr(port.heard, "{\"words\":[\"user\",\"list\",\"after=x7\"]}"));
}
END_TEST

START_TEST(refusals_have_their_exit_codes)
{
	static const struct {
		const char *status;
		const char *body;
		int exit;
	} rows[] = {
		{ "403 Forbidden",
		    "{\"error\":\"e\",\"text\":\"t\",\"exit\":5}",
		    CONTROL_NOT_ALLOWED },
		{ "404 Not Found",
		    "{\"error\":\"e\",\"text\":\"t\",\"exit\":6}",
		    CONTROL_NO_HOST },
		{ "403 Forbidden", "{\"error\":\"e\",\"text\":\"t\"}",
		    CONTROL_NOT_ALLOWED },
		{ "400 Bad", "{\"error\":\"e\",\"text\":\"t\"}",
		    CONTROL_USAGE },
		{ "503 Busy", "{\"error\":\"e\",\"text\":\"t\"}",
		    CONTROL_FAILED },
		{ "200 OK", "{\"error\":\"e\",\"text\":\"t\",\"exit\":-1}",
		    CONTROL_FAILED },
		{ "200 OK", "{\"error\":\"e\",\"text\":\"t\",\"exit\":256}",
		    CONTROL_FAILED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(gives("inroad --gateway DIR user add bob",
				     rows[i].status, rows[i].body),
		    rows[i].exit);
		ck_assert_str_eq(run.said.err, "inroad: e: t\n");
		ck_assert_str_eq(run.said.out, "");
	}
}
END_TEST

START_TEST(what_is_not_understood_is_a_failure)
{
	static const char *const answers[] = {
		"",
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{",
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{} ",
		"HTTP/1.0 200 OK\r\nContent-Length: x\r\n\r\n{}",
		"HTTP/1.0 200 OK\r\nContent-Length: -2\r\n\r\n{}",
		"HTTP/1.0 200 OK\r\n\r\n{\"exit\":0}",
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n[]",
		"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\n{\"exit\":0}",
		"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n",
		"HTTP/2 200 OK\r\nContent-Length: 10\r\n\r\n{\"exit\":0}",
		"\r\n\r\n",
	};

	port.count = 1;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		port.answers[0] = answers[i];
		ck_assert_int_eq(
		    runs("inroad --gateway DIR user add bob"), CONTROL_FAILED);
		ck_assert_ptr_nonnull(
		    strstr(run.said.err, "inroad: protocol-error: "));
	}
}
END_TEST

/* Half of an answer is none. */
START_TEST(what_is_cut_off_is_a_failure)
{
	static char cut[8192];
	size_t len = strlen(http(answer, sizeof(answer), "200 OK",
	    "{\"items\":[],\"next\":null,\"exit\":0}"));

	port.answers[0] = cut;
	port.count = 1;
	for (size_t n = 0; n < len; n++) {
		(void)snprintf(cut, sizeof(cut), "%.*s", (int)n, answer);
		ck_assert_int_eq(
		    runs("inroad --gateway DIR user add bob"), CONTROL_FAILED);
	}
	(void)snprintf(cut, sizeof(cut), "%s", answer);
	ck_assert_int_eq(runs("inroad --gateway DIR user add bob"), CONTROL_OK);
}
END_TEST

START_TEST(a_lost_relay_is_offline)
{
	port.answers[0] = "HTTP/1.0 200 OK\r\n";
	port.count = 1;
	port.resets = true;
	ck_assert_int_eq(
	    runs("inroad --gateway DIR user add bob"), CONTROL_OFFLINE);
	ck_assert_ptr_nonnull(strstr(run.said.err, "look whether it happened"));
}
END_TEST

START_TEST(without_a_gateway_the_relay_of_this_user)
{
	char folder[TEMPDIR_LEN + 16];
	char link[TEMPDIR_LEN + 32];

	clirun_answer(&run, NULL);
	ck_assert_int_eq(clirun(&run, "inroad user list"), CONTROL_NOT_RUNNING);
	ck_assert_ptr_nonnull(strstr(run.said.err, "inroad-gateway"));
	(void)snprintf(folder, sizeof(folder), "%s/inroad", run.top);
	(void)snprintf(link, sizeof(link), "%s/relay", folder);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_assert_int_eq(symlink(run.top, link), 0);
	clirun_answer(&run, "{\"exit\":0}\n");
	ck_assert_int_eq(clirun(&run, "inroad user list"), CONTROL_OK);
	ck_assert_str_eq(run.asked, "user list\n");
	/* Not instead of one that was named. */
	ck_assert_int_eq(clirun(&run, "inroad --gateway DIR/x user list"),
	    CONTROL_NOT_RUNNING);
	ck_assert_int_eq(unlink(link), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("remote");
	TCase *tcase = tcase_create("tests");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, goes_through_the_gateway);
	tcase_add_test(tcase, words_are_sent_as_they_are);
	tcase_add_test(tcase, answers_are_documents);
	tcase_add_test(tcase, pages_are_put_together);
	tcase_add_test(tcase, refusals_have_their_exit_codes);
	tcase_add_test(tcase, what_is_not_understood_is_a_failure);
	tcase_add_test(tcase, what_is_cut_off_is_a_failure);
	tcase_add_test(tcase, a_lost_relay_is_offline);
	tcase_add_test(tcase, without_a_gateway_the_relay_of_this_user);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
