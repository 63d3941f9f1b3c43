/* SPDX-License-Identifier: ISC */

#include "common/control.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/control_client.h"
#include "common/fault.h"
#include "common/jsonout.h"
#include "common/loop.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

/* A daemon in this thread; clients ask from another. */
struct daemon {
	char directory[64];
	char path[96];
	struct loop *loop;
	struct control *control;
	struct control_request *late;
	unsigned parts; /* left of a long answer */
	unsigned cancelled;
};

static void
on_cancel(void *arg)
{
	struct daemon *d = arg;

	d->late = NULL;
	d->cancelled++;
	loop_stop(d->loop);
}

static void
send_many(struct control_request *request, int n)
{
	for (int i = 0; i < n; i++) {
		struct jsonout *json = jsonout_new(2000);

		jsonout_object(json, NULL);
		jsonout_string(
		    json, "x", "0123456789012345678901234567890123456789");
		jsonout_end(json);
		control_send(request, json);
	}
}

/* One part of an answer that is as long as one likes. */
static void
send_part(void *arg)
{
	struct daemon *d = arg;

	if (d->parts == 0) {
		control_end(d->late, CONTROL_OK, NULL, NULL);
		d->late = NULL;
		return;
	}
	d->parts--;
	/* Every tenth has nothing in it. */
	send_many(d->late, d->parts % 10 == 0 ? 0 : 5000);
	control_on_drained(d->late, send_part, d);
}

static void
handle(struct control_request *request, void *arg)
{
	struct daemon *d = arg;
	struct jsonout *json;

	if (strcmp(control_word(request, 0), "echo") == 0) {
		for (size_t i = 1; i < control_count(request); i++) {
			json = jsonout_new(1000);
			jsonout_object(json, NULL);
			jsonout_string(json, "word", control_word(request, i));
			jsonout_end(json);
			control_send(request, json);
		}
		control_end(request, CONTROL_OK, NULL, NULL);
	} else if (strcmp(control_word(request, 0), "later") == 0) {
		d->late = request;
		control_on_cancel(request, on_cancel, d);
	} else if (strcmp(control_word(request, 0), "flood") == 0) {
		send_many(request, 20000);
		control_end(request, CONTROL_OK, NULL, NULL);
	} else if (strcmp(control_word(request, 0), "long") == 0) {
		d->late = request;
		d->parts = 100;
		control_on_drained(request, send_part, d);
	} else {
		control_end(request, CONTROL_USAGE, "unknown-command",
		    "There is no such command.");
	}
}

static void
setup(struct daemon *d)
{
	struct fault fault;

	memset(d, 0, sizeof(*d));
	(void)snprintf(
	    d->directory, sizeof(d->directory), "/tmp/control.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(d->directory));
	(void)snprintf(d->path, sizeof(d->path), "%s/control", d->directory);
	d->loop = loop_new();
	ck_assert_ptr_nonnull(d->loop);
	d->control = control_new(d->loop, d->path, handle, d, &fault);
	ck_assert_ptr_nonnull(d->control);
}

static void
teardown(struct daemon *d)
{
	control_free(d->control);
	loop_free(d->loop);
	ck_assert_int_eq(access(d->path, F_OK), -1);
	(void)rmdir(d->directory);
}

/* A client in a thread, which ends the daemon's loop when it is done. */
struct asker {
	struct daemon *daemon;
	const char *words[8];
	size_t count;
	double timeout;
	enum control_client_result result;
	struct fault fault;
	char text[4096];
	size_t lines;
};

static void
on_line(const char *line, bool last, void *arg)
{
	struct asker *a = arg;
	size_t used = strlen(a->text);

	(void)last;
	a->lines++;
	(void)snprintf(a->text + used, sizeof(a->text) - used, "%s\n", line);
}

static void *
ask(void *arg)
{
	struct asker *a = arg;
	const struct control_client_question question = { a->daemon->path,
		a->words, a->count, a->timeout };

	a->result = control_client_ask(&question, on_line, a, &a->fault);
	if (a->timeout == 0) {
		/* Leave a request behind, whose cancelling stops the loop. */
		const char *stop[] = { "later" };
		const struct control_client_question last = { a->daemon->path,
			stop, 1, 0.05 };
		struct fault fault;

		(void)control_client_ask(&last, on_line, a, &fault);
	}
	return NULL;
}

static void
run(struct daemon *d, struct asker *a)
{
	pthread_t thread;

	a->daemon = d;
	ck_assert_int_eq(pthread_create(&thread, NULL, ask, a), 0);
	loop_run(d->loop);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

START_TEST(answers_lines)
{
	struct asker a = { .words = { "echo", "one", "", "\"two\"" },
		.count = 4 };
	struct daemon d;

	setup(&d);
	run(&d, &a);
	ck_assert_int_eq(a.result, CONTROL_CLIENT_ANSWERED);
	ck_assert_str_eq(a.text, "{\"word\":\"one\"}\n{\"word\":\"\"}\n"
				 "{\"word\":\"\\\"two\\\"\"}\n{\"exit\":0}\n");
	ck_assert_uint_eq(d.cancelled, 1);
	teardown(&d);
}
END_TEST

START_TEST(failure_has_slug_and_text)
{
	struct asker a = { .words = { "what" }, .count = 1 };
	struct daemon d;

	setup(&d);
	run(&d, &a);
	ck_assert_str_eq(a.text, "{\"exit\":2,\"error\":\"unknown-command\","
				 "\"text\":\"There is no such command.\"}\n");
	teardown(&d);
}
END_TEST

START_TEST(control_characters_are_refused)
{
	struct asker a = { .words = { "echo", "a\001b" }, .count = 2 };
	struct daemon d;

	setup(&d);
	run(&d, &a);
	/* The client does not even send them. */
	ck_assert_int_eq(a.result, CONTROL_CLIENT_UNSENDABLE);
	ck_assert_ptr_nonnull(strstr(a.fault.text, "control character"));
	ck_assert_uint_eq(a.lines, 0);
	teardown(&d);
}
END_TEST

START_TEST(long_answers_arrive_whole)
{
	struct asker a = { .words = { "flood" }, .count = 1 };
	struct daemon d;

	setup(&d);
	run(&d, &a);
	ck_assert_int_eq(a.result, CONTROL_CLIENT_ANSWERED);
	ck_assert_uint_eq(a.lines, 20001);
	teardown(&d);
}
END_TEST

/* Three times what may wait for a client, in parts. */
START_TEST(an_answer_may_be_longer_than_what_may_wait)
{
	struct asker a = { .words = { "long" }, .count = 1 };
	struct daemon d;

	setup(&d);
	run(&d, &a);
	ck_assert_int_eq(a.result, CONTROL_CLIENT_ANSWERED);
	ck_assert_uint_eq(a.lines, 90 * 5000 + 1);
	teardown(&d);
}
END_TEST

START_TEST(who_leaves_cancels)
{
	struct asker a = { .words = { "later" }, .count = 1, .timeout = 0.05 };
	struct daemon d;

	setup(&d);
	run(&d, &a);
	ck_assert_int_eq(a.result, CONTROL_CLIENT_TIMEOUT);
	ck_assert_uint_eq(d.cancelled, 1);
	teardown(&d);
}
END_TEST

START_TEST(socket_is_private)
{
	struct daemon d;
	struct stat st;

	setup(&d);
	ck_assert_int_eq(stat(d.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	teardown(&d);
}
END_TEST

START_TEST(absent_daemon_is_told)
{
	const char *words[] = { "status" };
	const struct control_client_question question = {
		"/tmp/no/such/control", words, 1, 1
	};
	struct fault fault;

	ck_assert_int_eq(control_client_ask(&question, on_line, NULL, &fault),
	    CONTROL_CLIENT_ABSENT);
	ck_assert_ptr_nonnull(strstr(fault.text, "no daemon is running"));
}
END_TEST

START_TEST(long_path_is_explained)
{
	char path[200];
	struct loop *loop = loop_new();
	struct fault fault;

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_ptr_null(control_new(loop, path, handle, NULL, &fault));
	ck_assert_ptr_nonnull(strstr(fault.text, "--state"));
	loop_free(loop);
}
END_TEST

/* --- a client of bytes, on the loop of the daemon --------------------------
 */

struct raw {
	struct daemon daemon;
	int fd;
	char text[4096]; /* what came */
	size_t len;
	const char *awaited;
	bool closed;
};

static int
raw_connect(const char *path)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(where.sun_path, path, strlen(path));
	ck_assert_int_eq(
	    connect(fd, (const struct sockaddr *)&where, sizeof(where)), 0);
	return fd;
}

static void
raw_setup(struct raw *r)
{
	memset(r, 0, sizeof(*r));
	setup(&r->daemon);
	r->fd = raw_connect(r->daemon.path);
}

static void
raw_teardown(struct raw *r)
{
	close(r->fd);
	teardown(&r->daemon);
}

static bool
has_come(void *arg)
{
	struct raw *r = arg;
	ssize_t n = recv(r->fd, r->text + r->len, sizeof(r->text) - 1 - r->len,
	    MSG_DONTWAIT);

	r->closed = n == 0 || (n < 0 && errno == ECONNRESET);
	r->len += n > 0 ? (size_t)n : 0;
	return r->closed ||
	       (r->awaited != NULL && strstr(r->text, r->awaited) != NULL);
}

/* Send text and wait until the answers end with awaited; forget them then. */
static void
raw_ask(struct raw *r, const char *text, size_t len, const char *awaited)
{
	r->awaited = awaited;
	ck_assert_int_eq(send(r->fd, text, len, 0), (ssize_t)len);
	ck_assert(await(r->daemon.loop, has_come, r));
	ck_assert(!r->closed);
	ck_assert_str_eq(strstr(r->text, awaited), awaited);
	memset(r->text, 0, sizeof(r->text));
	r->len = 0;
}

START_TEST(requests_may_follow_one_another)
{
	static const char two[] = "echo\ta\necho\tb\n";
	static const char answers[] = "{\"word\":\"a\"}\n{\"exit\":0}\n"
				      "{\"word\":\"b\"}\n{\"exit\":0}\n";
	struct raw r;

	raw_setup(&r);
	raw_ask(&r, two, sizeof(two) - 1, answers);
	for (size_t i = 0; i < sizeof(two) - 2; i++) {
		ck_assert_int_eq(send(r.fd, two + i, 1, 0), 1);
		loop_poll(r.daemon.loop);
	}
	raw_ask(&r, "\n", 1, answers);
	raw_teardown(&r);
}
END_TEST

START_TEST(bad_requests_are_told)
{
	static const char *const bad[] = { "echo\ta\001b\n", "echo\r\n",
		"a\x7f\n",
		"1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\t12\t13\t14\t15\t16\t17\t"
		"18\t19\t20\t21\t22\t23\t24\t25\t26\t27\t28\t29\t30\t31\t"
		"32\t33\n" };
	struct raw r;

	raw_setup(&r);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		raw_ask(&r, bad[i], strlen(bad[i]),
		    "{\"exit\":2,\"error\":\"bad-request\",\"text\":"
		    "\"A request is words separated by tabs.\"}\n");
	}
	raw_ask(&r, "echo\n", 5, "{\"exit\":0}\n");
	raw_teardown(&r);
}
END_TEST

START_TEST(endless_request_is_cut_off)
{
	static char text[CONTROL_REQUEST_MAX];
	struct raw r;

	raw_setup(&r);
	memset(text, 'x', sizeof(text));
	/* The longest that is allowed, then one that does not end. */
	text[sizeof(text) - 1] = '\n';
	raw_ask(&r, text, sizeof(text),
	    "{\"exit\":2,\"error\":\"unknown-command\","
	    "\"text\":\"There is no such command.\"}\n");
	text[sizeof(text) - 1] = 'x';
	ck_assert_int_eq(
	    send(r.fd, text, sizeof(text), 0), (ssize_t)sizeof(text));
	r.awaited = NULL;
	ck_assert(await(r.daemon.loop, has_come, &r));
	ck_assert_uint_eq(r.len, 0);
	raw_teardown(&r);
}
END_TEST

static struct jsonout *
word(const char *text)
{
	struct jsonout *json = jsonout_new(100000);

	jsonout_object(json, NULL);
	jsonout_string(json, "word", text);
	jsonout_end(json);
	return json;
}

static bool
is_late(void *arg)
{
	const struct daemon *d = arg;

	return d->late != NULL;
}

START_TEST(lines_go_out_before_the_end)
{
	struct raw r;

	raw_setup(&r);
	ck_assert_int_eq(send(r.fd, "later\n", 6, 0), 6);
	ck_assert(await(r.daemon.loop, is_late, &r.daemon));
	control_send(r.daemon.late, word("soon"));
	raw_ask(&r, "", 0, "{\"word\":\"soon\"}\n");
	control_end(r.daemon.late, CONTROL_TIMEOUT, "late", "Too late.");
	raw_ask(&r, "echo\n", 5,
	    "{\"exit\":8,\"error\":\"late\",\"text\":\"Too late.\"}\n"
	    "{\"exit\":0}\n");
	ck_assert_uint_eq(r.daemon.cancelled, 0);
	raw_teardown(&r);
}
END_TEST

START_TEST(bad_json_fails_the_request)
{
	struct raw r;

	raw_setup(&r);
	ck_assert_int_eq(send(r.fd, "later\n", 6, 0), 6);
	ck_assert(await(r.daemon.loop, is_late, &r.daemon));
	control_send(r.daemon.late, NULL);
	control_end(r.daemon.late, CONTROL_OK, NULL, NULL);
	raw_ask(&r, "", 0,
	    "{\"exit\":1,\"error\":\"internal\","
	    "\"text\":\"out of memory\"}\n");
	raw_teardown(&r);
}
END_TEST

START_TEST(who_does_not_read_is_dropped)
{
	static char big[65536];
	struct raw r;

	memset(big, 'x', sizeof(big) - 1);
	raw_setup(&r);
	ck_assert_int_eq(send(r.fd, "later\n", 6, 0), 6);
	ck_assert(await(r.daemon.loop, is_late, &r.daemon));
	for (size_t i = 0; i < 2 * CONTROL_REPLY_MAX / sizeof(big); i++) {
		/* Not from within: the handler goes on using its request. */
		ck_assert_uint_eq(r.daemon.cancelled, 0);
		control_send(r.daemon.late, word(big));
	}
	loop_poll(r.daemon.loop);
	ck_assert_uint_eq(r.daemon.cancelled, 1);
	raw_teardown(&r);
}
END_TEST

START_TEST(freeing_cancels)
{
	struct raw r;

	raw_setup(&r);
	ck_assert_int_eq(send(r.fd, "later\n", 6, 0), 6);
	ck_assert(await(r.daemon.loop, is_late, &r.daemon));
	raw_teardown(&r);
	ck_assert_uint_eq(r.daemon.cancelled, 1);
}
END_TEST

START_TEST(clients_beyond_the_cap_wait)
{
	static int fds[CONTROL_CLIENTS_MAX];
	struct raw r;

	raw_setup(&r);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		fds[i] = raw_connect(r.daemon.path);
		loop_poll(r.daemon.loop);
	}
	raw_ask(&r, "echo\n", 5, "{\"exit\":0}\n");
	/* The last one is served when another has left. */
	close(r.fd);
	r.fd = fds[CONTROL_CLIENTS_MAX - 1];
	raw_ask(&r, "echo\n", 5, "{\"exit\":0}\n");
	for (int i = 0; i < CONTROL_CLIENTS_MAX - 1; i++) {
		close(fds[i]);
	}
	raw_teardown(&r);
}
END_TEST

/* Whatever allocation fails, the client gets an answer or is dropped. */
START_TEST(clients_survive_failing_allocations)
{
	struct raw r;
	bool failed = true;

	raw_setup(&r);
	r.awaited = "\n";
	for (long n = 1; failed; n++) {
		close(r.fd);
		failalloc_forever_after(n);
		r.fd = raw_connect(r.daemon.path);
		ck_assert_int_eq(send(r.fd, "what\n", 5, 0), 5);
		memset(r.text, 0, sizeof(r.text));
		r.len = 0;
		ck_assert(await(r.daemon.loop, has_come, &r));
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(
		    failed, strstr(r.text, "unknown-command") == NULL);
	}
	raw_teardown(&r);
}
END_TEST

START_TEST(creation_survives_failing_allocations)
{
	struct daemon d;
	bool failed = true;

	setup(&d);
	control_free(d.control);
	for (long n = 1; failed; n++) {
		struct fault fault = { "" };

		failalloc_after(n);
		d.control = control_new(d.loop, d.path, handle, &d, &fault);
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(d.control == NULL, failed);
		ck_assert_int_eq(fault.text[0] != '\0', failed);
	}
	teardown(&d);
}
END_TEST

/* Even where the permissions of the file would let others in. */
START_TEST(other_users_are_refused)
{
	struct raw r;
	pid_t pid;
	int status = 0;

	if (geteuid() != 0) {
		return;
	}
	raw_setup(&r);
	ck_assert_int_eq(chmod(r.daemon.directory, 0755), 0);
	ck_assert_int_eq(chmod(r.daemon.path, 0666), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		char byte;
		int fd = -1;

		if (setgid(65534) == 0 && setuid(65534) == 0) {
			fd = raw_connect(r.daemon.path);
			(void)send(fd, "echo\n", 5, MSG_NOSIGNAL);
		}
		_exit(fd >= 0 && recv(fd, &byte, 1, 0) <= 0 ? 0 : 1);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		loop_poll(r.daemon.loop);
	}
	ck_assert_int_eq(status, 0);
	raw_ask(&r, "echo\n", 5, "{\"exit\":0}\n");
	raw_teardown(&r);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("control");
	TCase *tc = tcase_create("control");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, answers_lines);
	tcase_add_test(tc, failure_has_slug_and_text);
	tcase_add_test(tc, control_characters_are_refused);
	tcase_add_test(tc, long_answers_arrive_whole);
	tcase_add_test(tc, an_answer_may_be_longer_than_what_may_wait);
	tcase_add_test(tc, who_leaves_cancels);
	tcase_add_test(tc, socket_is_private);
	tcase_add_test(tc, absent_daemon_is_told);
	tcase_add_test(tc, long_path_is_explained);
	tcase_add_test(tc, requests_may_follow_one_another);
	tcase_add_test(tc, bad_requests_are_told);
	tcase_add_test(tc, endless_request_is_cut_off);
	tcase_add_test(tc, lines_go_out_before_the_end);
	tcase_add_test(tc, bad_json_fails_the_request);
	tcase_add_test(tc, who_does_not_read_is_dropped);
	tcase_add_test(tc, freeing_cancels);
	tcase_add_test(tc, clients_beyond_the_cap_wait);
	tcase_add_test(tc, clients_survive_failing_allocations);
	tcase_add_test(tc, creation_survives_failing_allocations);
	tcase_add_test(tc, other_users_are_refused);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
