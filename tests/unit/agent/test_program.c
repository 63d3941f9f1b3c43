/* SPDX-License-Identifier: ISC */
/* Messages in the hands of a program. */
#include "agent/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/loop.h"
#include "protocol/acceptor.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

static char directory[TEMPDIR_LEN];
static char script[TEMPDIR_LEN];
static char output[TEMPDIR_LEN];
static struct loop *loop;
static struct program *program;

/* What came of the runs. */
static int done_count;
static enum code done_code;
static char done_text[LIMITS_TEXT_LEN];

static void
setup(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	tempdir_new(directory);
	(void)tempdir_file(directory, "script", script);
	(void)tempdir_file(directory, "output", output);
	loop = loop_new();
	program = program_new(loop, PROGRAM_TIME);
	ck_assert(loop != NULL && program != NULL);
	done_count = 0;
}

static void
teardown(void)
{
	program_free(program);
	program_free(NULL);
	loop_free(loop);
	tempdir_remove(directory);
}

/* Let lines be what is run for each message, with one more word. */
static void
set_script(const char *lines, const char *word)
{
	const char *words[] = { script, word };
	char text[1024];

	(void)snprintf(
	    text, sizeof(text), "#!/bin/sh\ncd %s\n%s\n", directory, lines);
	tempdir_write(script, text);
	ck_assert_int_eq(chmod(script, 0700), 0);
	program_configure(program, program_words(words, 2));
	ck_assert(program_is_set(program));
}

static void
on_done(enum code code, const char *text, void *arg)
{
	ck_assert_ptr_eq(arg, &done_count);
	done_count++;
	done_code = code;
	(void)snprintf(done_text, sizeof(done_text), "%s", text);
}

/* Hand text to the program. */
static enum code
run(const char *text, char why[LIMITS_TEXT_LEN])
{
	const struct acceptor_letter letter = {
		.user = "alice",
		.device = "laptop",
		.text = text,
		.len = strlen(text),
	};

	return program_run(
	    program, "office", &letter, on_done, &done_count, why);
}

/* Hand text to it and wait for the end. */
static void
finish(const char *text, enum code code, const char *why)
{
	char unused[LIMITS_TEXT_LEN];
	int before = done_count;

	ck_assert_int_eq(run(text, unused), CODE_OK);
	ck_assert(await_count(loop, &done_count, before + 1));
	ck_assert_int_eq(done_code, code);
	ck_assert_str_eq(done_text, why);
}

/* The last run left that in its output. */
static void
expect_output(const char *text)
{
	char found[4096];

	ck_assert_int_ge(tempdir_read(output, found, sizeof(found)), 0);
	ck_assert_str_eq(found, text);
}

START_TEST(it_has_text_words_and_names)
{
	set_script("cat >output; echo \"|$1|$INROAD_USER $INROAD_DEVICE "
		   "$INROAD_HOST\" >>output",
	    "one; two");
	ck_assert_int_eq(setenv("SECRET", "x", 1), 0);
	finish("hello", CODE_OK, "");
	expect_output("hello|one; two|alice laptop office\n");
}
END_TEST

START_TEST(its_environment_is_clean)
{
	ck_assert_int_eq(setenv("SECRET", "x", 1), 0);
	set_script("env | cut -d= -f1 | sort | "
		   "grep -vE '^(PWD|OLDPWD|SHLVL|_)$' >output",
	    "");
	finish("hello", CODE_OK, "");
	expect_output("INROAD_DEVICE\nINROAD_HOST\nINROAD_USER\nLANG\nPATH\n");
}
END_TEST

/* None of ours; the shell has its script open, and `ls` the directory. */
START_TEST(it_inherits_no_descriptor)
{
	set_script("ls /proc/self/fd | grep -vxE '[0-3]|10' >output; true", "");
	finish("hello", CODE_OK, "");
	expect_output("");
}
END_TEST

START_TEST(its_exit_status_decides)
{
	set_script("exit 7", "");
	finish("hello", CODE_TEXT_REFUSED,
	    "its program refused it (exit status 7)");
	set_script("kill -TERM $$", "");
	finish("hello", CODE_TEXT_REFUSED, "its program ended by signal 15");
	set_script("exit 0", "");
	finish("hello", CODE_OK, "");
}
END_TEST

START_TEST(a_program_that_is_not_there_refuses)
{
	const char *words[] = { "/nonexistent/program" };
	char why[LIMITS_TEXT_LEN];

	program_configure(program, program_words(words, 1));
	/* Under valgrind it is a child that finds out. */
	if (run("hello", why) == CODE_OK) {
		ck_assert_uint_ne(unit_stride(2), 1);
		ck_assert(await_count(loop, &done_count, 1));
		ck_assert_int_eq(done_code, CODE_TEXT_REFUSED);
	} else {
		ck_assert_str_eq(why, "its program could not be run");
		ck_assert_int_eq(done_count, 0);
	}
	program_configure(program, NULL);
	ck_assert(!program_is_set(program));
}
END_TEST

START_TEST(not_too_many_run_at_once)
{
	char why[LIMITS_TEXT_LEN];

	set_script("while test ! -e go; do sleep 0.02; done", "");
	for (int i = 0; i < PROGRAM_RUNS_MAX; i++) {
		ck_assert_int_eq(run("hello", why), CODE_OK);
	}
	ck_assert_int_eq(run("hello", why), CODE_OVERLOADED);
	ck_assert_str_eq(why, "its program is busy with 4 others");
	/* A new configuration leaves those that run alone. */
	set_script("touch go", "");
	tempdir_write(tempdir_file(directory, "go", output), "");
	ck_assert(await_count(loop, &done_count, PROGRAM_RUNS_MAX));
	ck_assert_int_eq(done_code, CODE_OK);
	finish("hello", CODE_OK, "");
}
END_TEST

/* Its children go with it, also when the agent ends first. */
START_TEST(what_runs_is_killed)
{
	char why[LIMITS_TEXT_LEN];
	char text[32] = "";
	pid_t child = 0;

	set_script("sleep 300 & echo $! >output.new; mv output.new output; "
		   "wait",
	    "");
	ck_assert_int_eq(run("hello", why), CODE_OK);
	for (int i = 0; i < 2000 && access(output, F_OK) != 0; i++) {
		(void)usleep(5000);
	}
	ck_assert_int_ge(tempdir_read(output, text, sizeof(text)), 0);
	child = (pid_t)strtol(text, NULL, 10);
	ck_assert_int_gt(child, 1);
	ck_assert_int_eq(kill(child, 0), 0);
	program_free(program);
	program = program_new(loop, PROGRAM_TIME);
	/* Whoever adopted it has to see that it is over. */
	for (int i = 0; i < 2000 && kill(child, 0) == 0; i++) {
		char path[64];
		char state[512] = "";

		(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
		if (tempdir_read(path, state, sizeof(state)) < 0 ||
		    strstr(state, ") Z ") != NULL) {
			break;
		}
		(void)usleep(5000);
		ck_assert_int_lt(i, 1999);
	}
	ck_assert_int_eq(done_count, 0);
}
END_TEST

START_TEST(what_takes_too_long_is_killed)
{
	program_free(program);
	program = program_new(loop, 0.1);
	set_script("sleep 300", "");
	finish(
	    "hello", CODE_TEXT_REFUSED, "its program took longer than 0.1 s");
}
END_TEST

START_TEST(short_of_memory)
{
	const char *words[] = { "/bin/true", "word" };
	char why[LIMITS_TEXT_LEN] = "";

	for (long n = 1; n <= 3; n++) {
		failalloc_after(n);
		ck_assert_ptr_null(program_words(words, 2));
		failalloc_off();
	}
	program_configure(program, program_words(words, 2));
	failalloc_after(1);
	ck_assert_int_eq(run("hello", why), CODE_OVERLOADED);
	failalloc_off();
	finish("hello", CODE_OK, "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("agent/program");
	TCase *tcase = tcase_create("program");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, it_has_text_words_and_names);
	tcase_add_test(tcase, its_environment_is_clean);
	tcase_add_test(tcase, it_inherits_no_descriptor);
	tcase_add_test(tcase, its_exit_status_decides);
	tcase_add_test(tcase, a_program_that_is_not_there_refuses);
	tcase_add_test(tcase, not_too_many_run_at_once);
	tcase_add_test(tcase, what_runs_is_killed);
	tcase_add_test(tcase, what_takes_too_long_is_killed);
	tcase_add_test(tcase, short_of_memory);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
