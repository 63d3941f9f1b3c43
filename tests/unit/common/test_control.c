/* SPDX-License-Identifier: ISC */

#include "common/control.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/control_client.h"
#include "common/fault.h"
#include "common/json.h"
#include "common/loop.h"
#include "tests/support/unit.h"

/* A daemon in this thread; clients ask from another. */
struct daemon {
	char directory[64];
	char path[96];
	struct loop *loop;
	struct control *control;
	struct control_request *late;
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
handle(struct control_request *request, void *arg)
{
	struct daemon *d = arg;
	struct json *json;

	if (strcmp(control_word(request, 0), "echo") == 0) {
		for (size_t i = 1; i < control_count(request); i++) {
			json = json_new(1000);
			json_object(json, NULL);
			json_string(json, "word", control_word(request, i));
			json_end(json);
			control_send(request, json);
		}
		control_end(request, CONTROL_OK, NULL, NULL);
	} else if (strcmp(control_word(request, 0), "later") == 0) {
		d->late = request;
		control_on_cancel(request, on_cancel, d);
	} else if (strcmp(control_word(request, 0), "flood") == 0) {
		for (int i = 0; i < 20000; i++) {
			json = json_new(2000);
			json_object(json, NULL);
			json_string(json, "x",
			    "0123456789012345678901234567890123456789");
			json_end(json);
			control_send(request, json);
		}
		control_end(request, CONTROL_OK, NULL, NULL);
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
	const char *stop[] = { "later" };

	a->result = control_client_ask(a->daemon->path, a->words, a->count,
	    a->timeout, on_line, a, &a->fault);
	if (a->timeout == 0) {
		/* Leave a request behind, whose cancelling stops the loop. */
		struct fault fault;

		(void)control_client_ask(
		    a->daemon->path, stop, 1, 0.05, on_line, a, &fault);
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
	ck_assert_ptr_nonnull(strstr(a.text, "\"exit\":2"));
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
	struct fault fault;

	ck_assert_int_eq(control_client_ask("/tmp/no/such/control", words, 1, 1,
			     on_line, NULL, &fault),
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
	tcase_add_test(tc, who_leaves_cancels);
	tcase_add_test(tc, socket_is_private);
	tcase_add_test(tc, absent_daemon_is_told);
	tcase_add_test(tc, long_path_is_explained);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
