/* SPDX-License-Identifier: ISC */

#include "gateway/cli/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "common/control.h"
#include "common/fault.h"
#include "tests/support/failalloc.h"
#include "tests/support/replier.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

/* Seconds that no good answer needs. */
#define LONG 20.

/* Somebody who is not root, where root runs the tests. */
#define NOBODY 65534

static char top[TEMPDIR_LEN];
static struct replier daemon_process;
static struct ask_answer answer;

/* How jansson allocates; what this program calls malloc() is counted. */
static json_malloc_t json_malloc;
static json_free_t json_free;

static void
setup(void)
{
	tempdir_new(top);
	memset(&answer, 0, sizeof(answer));
	daemon_process.pid = 0;
	json_get_alloc_funcs(&json_malloc, &json_free);
}

static void
teardown(void)
{
	json_set_alloc_funcs(json_malloc, json_free);
	ask_free(&answer);
	replier_stop(&daemon_process);
	tempdir_remove(top);
}

/* Let a daemon that gives this answer be asked; the answer is the next one. */
static void
ask(const struct replier_config *config, double timeout)
{
	const char *const words[] = { "ping", "office" };

	ask_free(&answer);
	replier_stop(&daemon_process);
	replier_start(&daemon_process, top, config);
	ask_daemon(daemon_process.path, words, 2, timeout, &answer);
}

/* As ask(), of a daemon that says text and waits for more. */
static void
hear(const char *text)
{
	const struct replier_config config = { .answer = text, .holds = true };

	ask(&config, LONG);
}

/* Assert how asking ended; NULL for any text. */
static void
ended(enum control_exit code, const char *slug, const char *text)
{
	ck_assert_int_eq(answer.code, code);
	ck_assert_str_eq(answer.slug, slug);
	if (text != NULL) {
		ck_assert_str_eq(answer.text, text);
	}
}

/* Assert that the object at i of the answer has a host of that name. */
static void
has_host(size_t i, const char *name)
{
	const json_t *object = json_array_get(answer.items, i);

	ck_assert_str_eq(
	    json_string_value(json_object_get(object, "host")), name);
}

/* --- answers ------------------------------------------------------------- */

START_TEST(answer_is_taken_apart)
{
	char asked[REPLIER_ASKED_MAX];

	hear("{\"host\":\"office\"}\n{\"host\":\"lab\"}\n{\"exit\":0}\n");
	ended(CONTROL_OK, "", "");
	ck_assert_uint_eq(json_array_size(answer.items), 2);
	has_host(0, "office");
	has_host(1, "lab");
	ck_assert_ptr_eq(ask_first(&answer), json_array_get(answer.items, 0));
	ck_assert_str_eq(
	    replier_asked(&daemon_process, asked), "ping office\n");
	ask_free(&answer);
	ck_assert_ptr_null(answer.items);
}
END_TEST

START_TEST(failure_is_an_answer)
{
	hear("{\"host\":\"office\"}\n"
	     "{\"exit\":7,\"error\":\"host-offline\",\"text\":\"It is.\"}\n");
	ended(CONTROL_OFFLINE, "host-offline", "It is.");
	ck_assert_uint_eq(json_array_size(answer.items), 1);
	/* Neither slug nor text. */
	hear("{\"exit\":1}\n");
	ended(CONTROL_FAILED, "", "");
	ck_assert_uint_eq(json_array_size(answer.items), 0);
}
END_TEST

START_TEST(answer_without_objects_has_no_first)
{
	hear("{\"exit\":0}\n");
	ended(CONTROL_OK, "", "");
	ck_assert_ptr_null(ask_first(&answer));
}
END_TEST

START_TEST(pieces_make_the_same_answer)
{
	static const char text[] = "{\"host\":\"office\"}\n{\"exit\":0}\n";

	for (size_t chunk = 1; chunk < sizeof(text); chunk++) {
		const struct replier_config config = {
			.answer = text, .chunk = chunk, .holds = true
		};

		ask(&config, LONG);
		ended(CONTROL_OK, "", "");
		ck_assert_uint_eq(json_array_size(answer.items), 1);
		has_host(0, "office");
	}
}
END_TEST

START_TEST(values_come_as_they_are)
{
	hear("{\"text\":\"gr\\u00fc\\u00df\",\"n\":1.5,\"b\":true,\"z\":null}\n"
	     "{\"exit\":0}\n");
	ended(CONTROL_OK, "", "");
	ck_assert_str_eq(
	    json_string_value(json_object_get(ask_first(&answer), "text")),
	    "gr\xc3\xbc\xc3\x9f");
}
END_TEST

START_TEST(long_texts_are_cut_between_characters)
{
	char line[4096];
	char slug[200];
	char text[2000];

	memset(slug, 's', sizeof(slug));
	slug[sizeof(slug) - 1] = '\0';
	/* Two bytes each, and one before them. */
	text[0] = 'a';
	for (size_t i = 1; i + 1 < sizeof(text); i += 2) {
		memcpy(&text[i], "\xc3\xbc", 2);
	}
	text[sizeof(text) - 1] = '\0';
	(void)snprintf(line, sizeof(line),
	    "{\"exit\":1,\"error\":\"%s\",\"text\":\"%s\"}\n", slug, text);
	hear(line);
	ck_assert_int_eq(answer.code, CONTROL_FAILED);
	ck_assert_uint_eq(strlen(answer.slug), sizeof(answer.slug) - 1);
	ck_assert_uint_eq(strlen(answer.text), sizeof(answer.text) - 1);
	/* One more, and the last character would be a half one. */
	(void)snprintf(line, sizeof(line),
	    "{\"exit\":1,\"error\":\"x\",\"text\":\"%s\"}\n", text + 1);
	hear(line);
	ck_assert_uint_eq(strlen(answer.text), sizeof(answer.text) - 2);
}
END_TEST

/* --- what is no answer --------------------------------------------------- */

START_TEST(garbage_is_never_good)
{
	static const char *const answers[] = {
		"nonsense\n{\"exit\":0}\n",
		"{\"host\":}\n{\"exit\":0}\n",
		"{\"host\":\"\\ud800\"}\n{\"exit\":0}\n",
		"\n{\"exit\":0}\n",
		"[]\n{\"exit\":0}\n",
		"1\n{\"exit\":0}\n",
		"{\"exit\":\n",
		"{\"exit\":0\n",
		"{\"exit\":\"0\"}\n",
		"{\"exit\":0.5}\n",
		"{\"exit\":null}\n",
		"{\"exit\":256}\n",
		"{\"exit\":-1}\n",
		"{\"exit\":18446744073709551616}\n",
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		hear(answers[i]);
		ck_assert_msg(answer.code == CONTROL_FAILED, "%s", answers[i]);
		ended(CONTROL_FAILED, "internal",
		    "the daemon's answer is not understood");
	}
	/* What was good of it is there. */
	hear("{\"host\":\"office\"}\nnonsense\n{\"host\":\"lab\"}\n"
	     "{\"exit\":0}\n");
	ended(CONTROL_FAILED, "internal", NULL);
	ck_assert_uint_eq(json_array_size(answer.items), 2);
	/* A failure that it tells is told. */
	hear("nonsense\n{\"exit\":7,\"error\":\"host-offline\"}\n");
	ended(CONTROL_OFFLINE, "host-offline", "");
}
END_TEST

START_TEST(cut_answers_are_failures)
{
	static const char text[] = "{\"host\":\"office\"}\n{\"exit\":0}\n";
	char part[sizeof(text)];
	char words[FAULT_LEN];

	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		const struct replier_config config = { .answer = part };

		memcpy(part, text, len);
		part[len] = '\0';
		ask(&config, LONG);
		(void)snprintf(words, sizeof(words),
		    "cannot ask the daemon at %s: it closed the connection",
		    daemon_process.path);
		ended(CONTROL_FAILED, "link-lost", words);
		ck_assert_uint_eq(
		    json_array_size(answer.items), len >= 18 ? 1 : 0);
	}
}
END_TEST

START_TEST(silence_has_an_end)
{
	const struct replier_config config = {
		.answer = "{\"host\":\"office\"}\n", .holds = true
	};
	char words[FAULT_LEN];

	ask(&config, 0.05);
	(void)snprintf(words, sizeof(words), "the daemon at %s does not answer",
	    daemon_process.path);
	ended(CONTROL_TIMEOUT, "timeout", words);
	ck_assert_uint_eq(json_array_size(answer.items), 1);
}
END_TEST

/* --- daemons that cannot be asked ---------------------------------------- */

START_TEST(nobody_is_there)
{
	const char *const words[] = { "status" };
	char path[TEMPDIR_LEN];
	char text[FAULT_LEN];

	(void)tempdir_file(top, "control", path);
	(void)snprintf(
	    text, sizeof(text), "no daemon is running here (%s)", path);
	ask_daemon(path, words, 1, LONG, &answer);
	ended(CONTROL_NOT_RUNNING, "not-running", text);
	ck_assert_uint_eq(json_array_size(answer.items), 0);
}
END_TEST

START_TEST(socket_left_behind_is_nobody)
{
	const char *const words[] = { "status" };
	const struct replier_config config = { .answer = "" };
	char kept[TEMPDIR_LEN];
	char text[FAULT_LEN];

	replier_start(&daemon_process, top, &config);
	(void)tempdir_file(top, "kept", kept);
	ck_assert_int_eq(link(daemon_process.path, kept), 0);
	replier_stop(&daemon_process);
	ask_daemon(kept, words, 1, LONG, &answer);
	(void)snprintf(
	    text, sizeof(text), "no daemon is running here (%s)", kept);
	ended(CONTROL_NOT_RUNNING, "not-running", text);
}
END_TEST

START_TEST(socket_of_others_is_denied)
{
	const char *const words[] = { "status" };
	const struct replier_config config = { .answer = "{\"exit\":0}\n" };
	char text[FAULT_LEN];

	replier_start(&daemon_process, top, &config);
	if (geteuid() == 0) {
		ck_assert_int_eq(seteuid(NOBODY), 0);
	} else {
		ck_assert_int_eq(chmod(daemon_process.path, 0), 0);
	}
	ask_daemon(daemon_process.path, words, 1, LONG, &answer);
	if (getuid() == 0) {
		ck_assert_int_eq(seteuid(0), 0);
	}
	(void)snprintf(text, sizeof(text),
	    "the daemon at %s belongs to another user", daemon_process.path);
	ended(CONTROL_NOT_ALLOWED, "denied", text);
}
END_TEST

START_TEST(paths_have_a_limit)
{
	const char *const words[] = { "status" };
	char path[256];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	ask_daemon(path, words, 1, LONG, &answer);
	ended(CONTROL_FAILED, "link-lost", NULL);
	ck_assert_ptr_nonnull(strstr(answer.text, strerror(ENAMETOOLONG)));
}
END_TEST

START_TEST(words_with_separators_are_not_sent)
{
	static const char *const bad[] = { "a\tb", "a\nb", "\x1b[31m", "\x7f" };
	const struct replier_config config = { .answer = "{\"exit\":0}\n" };
	char asked[REPLIER_ASKED_MAX];

	replier_start(&daemon_process, top, &config);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const words[] = { "ping", bad[i] };

		ask_daemon(daemon_process.path, words, 2, LONG, &answer);
		ended(CONTROL_USAGE, "bad-request",
		    "a tab, line break or other control character cannot be "
		    "sent");
		ask_free(&answer);
	}
	ck_assert_str_eq(replier_asked(&daemon_process, asked), "");
}
END_TEST

/* --- memory -------------------------------------------------------------- */

START_TEST(every_allocation_may_fail)
{
	const struct replier_config config = {
		.answer = "{\"host\":\"office\"}\n{\"exit\":0}\n",
		.holds = true,
	};
	const char *const words[] = { "ping", "office" };
	bool failed = true;
	int failures = 0;

	replier_start(&daemon_process, top, &config);
	for (long n = 1; failed; n++) {
		failalloc_after(n);
		ask_daemon(daemon_process.path, words, 2, LONG, &answer);
		failed = failalloc_hit();
		failalloc_off();
		/* Some do no harm; what is lost is never taken for whole. */
		if (answer.code == CONTROL_OK) {
			ck_assert_uint_eq(json_array_size(answer.items), 1);
		} else {
			ended(CONTROL_FAILED, "link-lost", NULL);
			ck_assert_ptr_nonnull(
			    strstr(answer.text, strerror(ENOMEM)));
			failures++;
		}
		ask_free(&answer);
	}
	/* The queue, its bytes and two lines. */
	ck_assert_int_eq(failures, 4);
}
END_TEST

static long json_left;

static void *
scarce(size_t size)
{
	json_left--;
	return json_left == 0 ? NULL : json_malloc(size);
}

START_TEST(every_allocation_of_the_parser_may_fail)
{
	const struct replier_config config = {
		.answer = "{\"host\":\"office\"}\n{\"exit\":0}\n",
		.holds = true,
	};
	const char *const words[] = { "ping", "office" };
	bool failed = true;

	replier_start(&daemon_process, top, &config);
	for (long n = 1; failed; n++) {
		json_left = n;
		json_set_alloc_funcs(scarce, json_free);
		ask_daemon(daemon_process.path, words, 2, LONG, &answer);
		failed = json_left <= 0;
		json_set_alloc_funcs(json_malloc, json_free);
		/* What is lost is never taken for a whole answer. */
		ck_assert_int_eq(
		    answer.code, failed ? CONTROL_FAILED : CONTROL_OK);
		ck_assert_str_eq(answer.slug, failed ? "internal" : "");
		ask_free(&answer);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ask");
	TCase *tcase = tcase_create("ask");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, answer_is_taken_apart);
	tcase_add_test(tcase, failure_is_an_answer);
	tcase_add_test(tcase, answer_without_objects_has_no_first);
	tcase_add_test(tcase, pieces_make_the_same_answer);
	tcase_add_test(tcase, values_come_as_they_are);
	tcase_add_test(tcase, long_texts_are_cut_between_characters);
	tcase_add_test(tcase, garbage_is_never_good);
	tcase_add_test(tcase, cut_answers_are_failures);
	tcase_add_test(tcase, silence_has_an_end);
	tcase_add_test(tcase, nobody_is_there);
	tcase_add_test(tcase, socket_left_behind_is_nobody);
	tcase_add_test(tcase, socket_of_others_is_denied);
	tcase_add_test(tcase, paths_have_a_limit);
	tcase_add_test(tcase, words_with_separators_are_not_sent);
	tcase_add_test(tcase, every_allocation_may_fail);
	tcase_add_test(tcase, every_allocation_of_the_parser_may_fail);
	return unit_main(suite);
}
