/* SPDX-License-Identifier: ISC */
/*
 * clirun: the `inroad` command run in the process of a test.
 *
 * A command is written as a line; what it prints is kept, and so is what it
 * asks the daemon, which gives one prepared answer.
 */
#ifndef INROAD_TESTS_SUPPORT_CLIRUN_H
#define INROAD_TESTS_SUPPORT_CLIRUN_H

#include "tests/support/captured.h"
#include "tests/support/replier.h"
#include "tests/support/tempdir.h"

/* Words of a command line. */
#define CLIRUN_WORDS_MAX 16

/* Room for a command line. */
#define CLIRUN_LINE_MAX 8192

struct clirun {
	char top[TEMPDIR_LEN]; /* state directory, which the test has alone */
	struct replier daemon;
	struct captured said;          /* by the last command */
	char asked[REPLIER_ASKED_MAX]; /* since the daemon was started */
	char line[CLIRUN_LINE_MAX];    /* the words of the last command … */
	char *words[CLIRUN_WORDS_MAX]; /* … as it left them */
	int count;
};

/* Make *run, without a daemon. */
void clirun_init(struct clirun *run);

/* End the daemon and remove the directory. */
void clirun_end(struct clirun *run);

/*
 * From now on a daemon that serves in run->top answers every request with
 * text, lines of control.h, which is not copied; NULL for no daemon.
 */
void clirun_answer(struct clirun *run, const char *text);

/*
 * Run line, words separated by single spaces, "inroad" and all; "DIR" in it
 * stands for run->top.  Returns the exit code.
 */
int clirun(struct clirun *run, const char *line);

/* As clirun(), with standard output of that kind. */
int clirun_to(struct clirun *run, const char *line, enum captured_output kind);

#endif
