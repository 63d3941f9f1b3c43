/* SPDX-License-Identifier: ISC */

#include "gateway/cli/passwd.h"

#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "common/control.h"
#include "common/fault.h"
#include "common/users.h"
#include "tests/support/clirun.h"
#include "tests/support/unit.h"

static struct clirun run;
static char path[TEMPDIR_LEN];
static struct users *users;

static void
setup(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	clirun_init(&run);
	tempdir_file(run.top, "users", path);
	users = NULL;
}

static void
teardown(void)
{
	users_free(users);
	clirun_end(&run);
}

/* Let standard input be fd, which is closed. */
static void
read_from(int fd)
{
	ck_assert_int_ge(dup2(fd, STDIN_FILENO), 0);
	close(fd);
}

/* Run "inroad passwd WORDS" with input; returns the exit code. */
static int
passwd(const char *words, const char *input)
{
	char line[256];
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(
	    write(ends[1], input, strlen(input)), (ssize_t)strlen(input));
	close(ends[1]);
	read_from(ends[0]);
	(void)snprintf(line, sizeof(line), "inroad passwd %s", words);
	return clirun(&run, line);
}

/* Return true when the file lets name in by password. */
static bool
lets_in(const char *name, const char *password)
{
	char hash[USERS_HASH_LEN];
	struct fault fault;

	users_free(users);
	users = users_load(path, &fault);
	ck_assert_msg(users != NULL, "%s", fault.text);
	return users_find(users, name, strlen(name), hash) &&
	       users_verify(hash, password, strlen(password));
}

START_TEST(adds_changes_and_removes)
{
	struct stat st;

	ck_assert_int_eq(passwd("DIR/users anna", "secret\nnot this\n"), 0);
	ck_assert_str_eq(run.said.out, "");
	ck_assert_str_eq(run.said.err, "");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert(lets_in("anna", "secret"));
	/* Without an end of its line, and with blanks. */
	ck_assert_int_eq(passwd("DIR/users bert", " a b "), 0);
	ck_assert(lets_in("bert", " a b "));
	ck_assert_int_eq(passwd("DIR/users anna", "better\n"), 0);
	ck_assert(lets_in("anna", "better"));
	ck_assert(lets_in("bert", " a b "));
	ck_assert_uint_eq(users_count(users), 2);
	ck_assert_int_eq(passwd("--remove DIR/users anna", ""), 0);
	ck_assert(!lets_in("anna", "better"));
	ck_assert_uint_eq(users_count(users), 1);
	ck_assert_int_eq(passwd("--remove DIR/users anna", ""), CONTROL_FAILED);
	ck_assert_ptr_nonnull(strstr(run.said.err, "has no user anna"));
	ck_assert_int_eq(passwd("--json DIR/users carl", "x\n"), 0);
	ck_assert_str_eq(
	    run.said.out, "{\"schema\":1,\"exit\":0,\"items\":[]}\n");
}
END_TEST

START_TEST(what_is_not_right)
{
	char longest[260];

	ck_assert_int_eq(passwd("DIR/users an:na", "x"), CONTROL_USAGE);
	ck_assert_ptr_nonnull(strstr(run.said.err, "no colon"));
	ck_assert_int_eq(passwd("DIR/users", "x"), CONTROL_USAGE);
	ck_assert_int_eq(passwd("DIR/users anna secret", "x"), CONTROL_USAGE);
	ck_assert_int_eq(passwd("--remove DIR/users", "x"), CONTROL_USAGE);
	ck_assert_int_eq(passwd("--remov DIR/users", "x"), CONTROL_USAGE);
	ck_assert_int_eq(passwd("DIR/users anna", ""), CONTROL_FAILED);
	ck_assert_int_eq(passwd("DIR/users anna", "\nx"), CONTROL_FAILED);
	ck_assert_ptr_nonnull(strstr(run.said.err, "no password"));
	memset(longest, 'x', sizeof(longest));
	longest[256] = '\0';
	ck_assert_int_eq(passwd("DIR/users anna", longest), CONTROL_FAILED);
	ck_assert_ptr_nonnull(strstr(run.said.err, "at most 255"));
	ck_assert_int_ne(access(path, F_OK), 0);
	longest[255] = '\0';
	ck_assert_int_eq(passwd("DIR/users anna", longest), 0);
	ck_assert(lets_in("anna", longest));
	ck_assert_int_eq(passwd("DIR/none/users anna", "x"), CONTROL_FAILED);
	/* A file that is none of ours is not overwritten. */
	tempdir_write(path, "anna=secret\n");
	ck_assert_int_eq(passwd("DIR/users anna", "x"), CONTROL_FAILED);
	ck_assert_ptr_nonnull(strstr(run.said.err, "users:1:"));
}
END_TEST

/* The person at the terminal, who types once nothing is shown. */
struct person {
	int master;
	const char *text;
};

static void *
type(void *arg)
{
	const struct person *person = arg;
	struct termios now;

	do {
		(void)tcgetattr(person->master, &now);
	} while ((now.c_lflag & ECHO) != 0);
	(void)!write(person->master, person->text, strlen(person->text));
	return NULL;
}

/* Run passwd with somebody who types text; returns the exit code. */
static int
passwd_typed(const char *text)
{
	struct person person = {
		.master = posix_openpt(O_RDWR | O_NOCTTY),
		.text = text,
	};
	struct termios after;
	pthread_t thread;
	int slave;
	int status;

	ck_assert_int_ge(person.master, 0);
	ck_assert_int_eq(grantpt(person.master), 0);
	ck_assert_int_eq(unlockpt(person.master), 0);
	slave = open(ptsname(person.master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(slave, 0);
	read_from(slave);
	ck_assert_int_eq(pthread_create(&thread, NULL, type, &person), 0);
	status = clirun(&run, "inroad passwd DIR/users anna");
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(tcgetattr(STDIN_FILENO, &after), 0);
	ck_assert_uint_eq(after.c_lflag & (ECHO | ISIG), ECHO | ISIG);
	close(person.master);
	return status;
}

START_TEST(by_a_terminal)
{
	ck_assert_int_eq(passwd_typed("secret\nsecret\n"), 0);
	ck_assert_str_eq(run.said.err, "Password: \nAgain: \n");
	ck_assert(lets_in("anna", "secret"));
	ck_assert_int_eq(passwd_typed("better\nbitter\n"), CONTROL_FAILED);
	ck_assert_ptr_nonnull(strstr(run.said.err, "not the same"));
	ck_assert_int_eq(passwd_typed("bett\3"), CONTROL_FAILED);
	ck_assert_ptr_nonnull(strstr(run.said.err, "cancelled"));
	ck_assert(lets_in("anna", "secret"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("passwd");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, adds_changes_and_removes);
	tcase_add_test(tests, what_is_not_right);
	tcase_add_test(tests, by_a_terminal);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
