/* SPDX-License-Identifier: ISC */
#include "gateway/cli/passwd.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/control.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/mem.h"
#include "common/users.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"

/* What a terminal sends for Ctrl-C when it makes no signal of it. */
#define CTRL_C '\3'

/* --- the password -------------------------------------------------------- */

/* A password; the caller wipes it. */
struct secret {
	char text[USERS_WORD_MAX + 1];
	size_t len;
};

/* Return why c is no further byte of secret, or NULL. */
static const char *
byte_flaw(const struct secret *secret, char c)
{
	if (c == CTRL_C) {
		return "cancelled";
	}
	if (c == '\0') {
		return "a password has no NUL byte";
	}
	return secret->len == USERS_WORD_MAX
		   ? "a password has at most 255 bytes"
		   : NULL;
}

/* Read the first line of standard input into *out. */
static int
read_line(struct secret *out, struct fault *fault)
{
	const char *flaw;
	char c = '\0';
	ssize_t n;

	out->len = 0;
	/* Byte by byte: what is behind it is for the next who reads. */
	while ((n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n') {
		flaw = byte_flaw(out, c);
		if (flaw != NULL) {
			return fault_set(fault, "%s", flaw);
		}
		out->text[out->len++] = c;
	}
	if (n < 0) {
		return fault_set(
		    fault, "cannot read the password: %s", strerror(errno));
	}
	return 0;
}

/* Read a line that is not shown, after prompt. */
static int
ask_unseen(const char *prompt, struct secret *out, struct fault *fault)
{
	struct termios before;
	struct termios unseen;
	int result;

	if (tcgetattr(STDIN_FILENO, &before) != 0) {
		return fault_set(
		    fault, "cannot hide the password: %s", strerror(errno));
	}
	unseen = before;
	/*
	 * A signal in between would leave the terminal as it is now: Ctrl-C
	 * ends the line instead.
	 */
	unseen.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	unseen.c_cc[VEOL] = CTRL_C;
	(void)fprintf(stderr, "%s", prompt);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &unseen);
	result = read_line(out, fault);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
	(void)fprintf(stderr, "\n");
	return result;
}

static int
ask_twice(struct secret *out, struct fault *fault)
{
	struct secret again = { .len = 0 };
	int result = ask_unseen("Password: ", out, fault);

	if (result == 0) {
		result = ask_unseen("Again: ", &again, fault);
	}
	if (result == 0 && (again.len != out->len ||
			       memcmp(again.text, out->text, out->len) != 0)) {
		result = fault_set(fault, "that was not the same twice");
	}
	mem_wipe(&again, sizeof(again));
	return result;
}

/* Get a password and put its hash to out; 0, or -1 and *fault. */
static int
make_hash(char out[USERS_HASH_LEN], struct fault *fault)
{
	struct secret secret = { .len = 0 };
	int result = isatty(STDIN_FILENO) ? ask_twice(&secret, fault)
					  : read_line(&secret, fault);

	if (result == 0 && secret.len == 0) {
		result = fault_set(fault, "there is no password");
	}
	if (result == 0 && users_hash(secret.text, secret.len, out) != 0) {
		result = fault_set(fault, "out of memory");
	}
	mem_wipe(&secret, sizeof(secret));
	return result;
}

/* --- the file ------------------------------------------------------------ */

/* Read what the file at path has into *users, NULL if there is none. */
static int
load(const char *path, struct users **users, struct fault *fault)
{
	*users = NULL;
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		return 0;
	}
	*users = users_load(path, fault);
	return *users != NULL ? 0 : -1;
}

/* Return true when users has name. */
static bool
has(const struct users *users, const char *name)
{
	char hash[USERS_HASH_LEN];

	return users != NULL && users_find(users, name, strlen(name), hash);
}

/* Write users, with hash for name or without name, to path. */
static int
save(const char *path, const struct users *users, const char *name,
    const char *hash, struct fault *fault)
{
	char *text = users_change(users, name, hash);
	int result = -1;

	if (text == NULL) {
		return fault_set(fault, "out of memory");
	}
	if (strlen(text) > USERS_FILE_MAX) {
		(void)fault_set(fault, "%s: too many users", path);
	} else if (file_write(path, text, strlen(text), fault) == FILE_OK) {
		result = 0;
	}
	mem_free(text);
	return result;
}

static int
change(const char *path, const char *name, bool removes, struct fault *fault)
{
	char hash[USERS_HASH_LEN];
	struct users *users;
	int result;

	if (load(path, &users, fault) != 0) {
		return -1;
	}
	if (removes && !has(users, name)) {
		result = fault_set(fault, "%s has no user %s", path, name);
	} else if (!removes && users != NULL && !has(users, name) &&
		   users_count(users) == USERS_MAX) {
		result = fault_set(
		    fault, "%s has %d users already", path, USERS_MAX);
	} else {
		result = removes ? 0 : make_hash(hash, fault);
		if (result == 0) {
			result = save(
			    path, users, name, removes ? NULL : hash, fault);
		}
	}
	users_free(users);
	return result;
}

/* Say how it ended; returns the exit code. */
static int
report(const struct cli *cli, int result, const struct fault *fault)
{
	struct ask_answer answer = { .code = CONTROL_OK };

	if (result != 0) {
		answer.code = CONTROL_FAILED;
		(void)snprintf(answer.slug, sizeof(answer.slug), "passwd");
		(void)snprintf(
		    answer.text, sizeof(answer.text), "%s", fault->text);
	} else if (!cli->json && isatty(STDERR_FILENO)) {
		(void)fprintf(stderr, "inroad-gateway --auth FILE reads it at "
				      "its start and at SIGHUP.\n");
	}
	return cli_report(cli, &answer);
}

int
passwd_run(const struct cli *cli)
{
	bool removes = strcmp(cli->argv[1], "--remove") == 0;
	const char *const *words =
	    (const char *const *)cli->argv + (removes ? 2 : 1);
	struct fault fault;
	const char *flaw;

	if (cli->argc != (removes ? 4 : 3) || words[0][0] == '-') {
		return cli_usage("passwd");
	}
	flaw = users_name_flaw(words[1], strlen(words[1]));
	if (flaw != NULL) {
		(void)fprintf(stderr, "inroad: %s\n", flaw);
		return CONTROL_USAGE;
	}
	return report(cli, change(words[0], words[1], removes, &fault), &fault);
}
