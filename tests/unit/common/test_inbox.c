/* SPDX-License-Identifier: ISC */
/* Messages for who listens, and for who comes later. */
#include "common/inbox.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/control.h"
#include "common/fault.h"
#include "common/jsonout.h"
#include "common/loop.h"
#include "tests/support/await.h"
#include "tests/support/ear.h"
#include "tests/support/failalloc.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

/* 3 May 2026, noon. */
#define NOW UINT64_C(1777809600)

static char directory[TEMPDIR_LEN];
static char path[TEMPDIR_LEN];
static struct loop *loop;
static struct control *control;
static struct inbox *inbox;

static void
on_request(struct control_request *request, void *arg)
{
	(void)arg;
	inbox_listen(inbox, request);
}

static void
setup(void)
{
	struct fault fault;

	tempdir_new(directory);
	(void)tempdir_file(directory, "control", path);
	loop = loop_new();
	ck_assert_ptr_nonnull(loop);
	inbox = inbox_new(loop);
	ck_assert_ptr_nonnull(inbox);
	control = control_new(loop, path, on_request, NULL, &fault);
	ck_assert_ptr_nonnull(control);
}

static void
teardown(void)
{
	inbox_free(inbox);
	control_free(control);
	loop_free(loop);
	tempdir_remove(directory);
}

static bool
listens(void *arg)
{
	return inbox_listeners(inbox) == *(const size_t *)arg;
}

static void
await_listeners(size_t count)
{
	ck_assert(await(loop, listens, &count));
}

/* --- messages -------------------------------------------------------- */

static struct inbox_message
text(const char *words)
{
	return (struct inbox_message){ NULL, "alice", "laptop", NOW, words,
		strlen(words) };
}

static struct inbox_message
notice(const char *words)
{
	return (struct inbox_message){ "warning", NULL, NULL, NOW, words,
		strlen(words) };
}

START_TEST(who_listens_hears)
{
	const struct inbox_message first = text("one\ntwo");
	const struct inbox_message second = notice("fire");
	struct ear ear;

	ck_assert_uint_eq(inbox_offer(inbox, &first), 0);
	ear_ask(&ear, path, "listen\t0\t0\tnew\n");
	await_listeners(1);
	ck_assert_uint_eq(inbox_offer(inbox, &first), 1);
	ck_assert_uint_eq(inbox_offer(inbox, &second), 1);
	ear_hear(&ear, loop, 2);
	ck_assert_str_eq(ear.heard,
	    "{\"schema\":1,\"kind\":\"text\",\"at\":1777809600,"
	    "\"user\":\"alice\",\"device\":\"laptop\","
	    "\"text\":\"one\\ntwo\"}\n"
	    "{\"schema\":1,\"kind\":\"notice\",\"at\":1777809600,"
	    "\"level\":\"warning\",\"text\":\"fire\"}\n");
	ear_close(&ear);
	await_listeners(0);
	ck_assert_uint_eq(inbox_offer(inbox, &first), 0);
}
END_TEST

START_TEST(who_wants_so_many_gets_no_more)
{
	const struct inbox_message message = text("hello");
	struct ear ear;

	ear_ask(&ear, path, "listen\t2\t0\tnew\n");
	await_listeners(1);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(inbox_offer(inbox, &message), i < 2);
	}
	ear_hear(&ear, loop, 3);
	ck_assert_ptr_nonnull(strstr(ear.heard, "{\"exit\":0}\n"));
	ear_close(&ear);
}
END_TEST

START_TEST(who_waits_too_long_is_told)
{
	struct ear ear;

	ear_ask(&ear, path, "listen\t0\t1\tnew\n");
	ear_hear(&ear, loop, 1);
	ck_assert_ptr_nonnull(strstr(ear.heard, "{\"exit\":8,"));
	await_listeners(0);
	ear_close(&ear);
}
END_TEST

/* Lines that are read and not looked at. */
struct skip {
	int fd;
	size_t left;
};

static bool
has_skipped(void *arg)
{
	static char bytes[200000];
	struct skip *skip = arg;
	ssize_t n = read(skip->fd, bytes, sizeof(bytes));

	for (ssize_t i = 0; i < n; i++) {
		skip->left -= bytes[i] == '\n' ? 1 : 0;
	}
	return skip->left == 0;
}

/* One that does not read loses messages and is told how many. */
START_TEST(who_does_not_read_loses)
{
	static char large[200000];
	struct inbox_message message = text("");
	size_t given = 0;
	size_t lost = 0;
	struct skip skip;
	struct ear ear;
	char told[64];

	memset(large, 'x', sizeof(large));
	message.text = large;
	message.len = sizeof(large);
	ear_ask(&ear, path, "listen\t0\t0\tnew\n");
	await_listeners(1);
	while (lost < 3) {
		bool heard = inbox_offer(inbox, &message) == 1;

		given += heard ? 1 : 0;
		lost += heard ? 0 : 1;
		ck_assert_uint_lt(given, 100);
	}
	ck_assert_uint_eq(inbox_listeners(inbox), 1);
	skip = (struct skip){ ear.fd, given };
	ck_assert(await(loop, has_skipped, &skip));
	message = text("hello");
	ck_assert_uint_eq(inbox_offer(inbox, &message), 1);
	ear_hear(&ear, loop, 2);
	(void)snprintf(told, sizeof(told),
	    "{\"schema\":1,\"kind\":\"lost\",\"count\":%zu}\n", lost);
	ck_assert_ptr_nonnull(strstr(ear.heard, told));
	ear_close(&ear);
}
END_TEST

START_TEST(the_last_are_kept)
{
	char words[16];
	struct ear ear;

	for (int i = 0; i < INBOX_KEPT_MAX + 3; i++) {
		(void)snprintf(words, sizeof(words), "number %d", i);
		inbox_keep(inbox, &(struct inbox_message){ NULL, "alice",
				      "laptop", NOW, words, strlen(words) });
	}
	ear_ask(&ear, path, "listen\t0\t0\tlast\n");
	ear_hear(&ear, loop, INBOX_KEPT_MAX + 1);
	ck_assert_ptr_null(strstr(ear.heard, "number 2\""));
	ck_assert_ptr_nonnull(strstr(ear.heard, "number 3\""));
	ear_close(&ear);
	ear_ask(&ear, path, "listen\t1\t0\tlast\n");
	ear_hear(&ear, loop, 2);
	ck_assert_ptr_nonnull(strstr(ear.heard, "number 66\""));
	ear_close(&ear);
}
END_TEST

START_TEST(what_is_kept_is_bounded)
{
	static char large[INBOX_BYTES_MAX / 3];
	struct inbox_message message = text("");
	struct ear ear;

	memset(large, 'x', sizeof(large));
	message.text = large;
	message.len = 20000;
	for (int i = 0; i < 20; i++) {
		inbox_keep(inbox, &message);
	}
	message.len = sizeof(large);
	for (int i = 0; i < 2; i++) {
		inbox_keep(inbox, &message);
	}
	message = text("last");
	inbox_keep(inbox, &message);
	/* Two large ones and what fits beside them. */
	ear_ask(&ear, path, "listen\t1\t0\tlast\n");
	ear_hear(&ear, loop, 2);
	ck_assert_ptr_nonnull(strstr(ear.heard, "\"last\""));
	ear_close(&ear);
}
END_TEST

START_TEST(the_status_has_notices)
{
	struct jsonout *json = jsonout_new(4096);
	const struct inbox_message letter = text("letter");
	char words[16];

	for (int i = 0; i < INBOX_NOTICES_SHOWN + 1; i++) {
		(void)snprintf(words, sizeof(words), "number %d", i);
		inbox_keep(inbox, &(struct inbox_message){ "note", NULL, NULL,
				      NOW, words, strlen(words) });
		inbox_keep(inbox, &letter);
	}
	jsonout_object(json, NULL);
	inbox_status(inbox, json);
	jsonout_end(json);
	ck_assert_ptr_nonnull(
	    strstr(jsonout_text(json, NULL), "{\"listeners\":0,\"notices\":["));
	ck_assert_ptr_null(strstr(jsonout_text(json, NULL), "number 0"));
	ck_assert_ptr_nonnull(strstr(jsonout_text(json, NULL), "number 1"));
	ck_assert_ptr_null(strstr(jsonout_text(json, NULL), "letter"));
	jsonout_free(json);
}
END_TEST

START_TEST(bad_wishes_are_refused)
{
	static const char *const wishes[] = { "listen\n", "listen\tx\t0\tnew\n",
		"listen\t0\t-1\tnew\n", "listen\t0\t99999999999\tnew\n" };

	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		struct ear ear;

		ear_ask(&ear, path, wishes[i]);
		ear_hear(&ear, loop, 1);
		ck_assert_ptr_nonnull(strstr(ear.heard, "{\"exit\":2,"));
		ear_close(&ear);
	}
	ck_assert_uint_eq(inbox_listeners(inbox), 0);
}
END_TEST

START_TEST(short_of_memory)
{
	const struct inbox_message message = text("hello");
	struct ear ear;

	failalloc_after(1);
	ck_assert_ptr_null(inbox_new(loop));
	failalloc_off();
	ear_ask(&ear, path, "listen\t0\t0\tnew\n");
	await_listeners(1);
	for (long n = 1; n < 4; n++) {
		failalloc_after(n);
		(void)inbox_offer(inbox, &message);
		failalloc_off();
	}
	failalloc_after(1);
	inbox_keep(inbox, &message);
	failalloc_off();
	ck_assert_uint_eq(inbox_listeners(inbox), 1);
	ck_assert_uint_eq(inbox_offer(inbox, &message), 1);
	ear_close(&ear);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("common/inbox");
	TCase *tcase = tcase_create("inbox");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, who_listens_hears);
	tcase_add_test(tcase, who_wants_so_many_gets_no_more);
	tcase_add_test(tcase, who_waits_too_long_is_told);
	tcase_add_test(tcase, who_does_not_read_loses);
	tcase_add_test(tcase, the_last_are_kept);
	tcase_add_test(tcase, what_is_kept_is_bounded);
	tcase_add_test(tcase, the_status_has_notices);
	tcase_add_test(tcase, bad_wishes_are_refused);
	tcase_add_test(tcase, short_of_memory);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
