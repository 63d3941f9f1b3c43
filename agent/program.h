/* SPDX-License-Identifier: ISC */
/*
 * program: hands messages to a program of the agent's owner.
 *
 * The program is named by the configuration as a list of arguments, of which
 * the first is its path; there is no shell.  It is started once a message, with
 * the text on standard input, in a process group of its own, from an empty
 * environment but for
 *
 *	PATH, LANG
 *	INROAD_HOST      the name of this host
 *	INROAD_USER      the account that sent the message
 *	INROAD_DEVICE    the device that did
 *
 * and its exit status says what becomes of the message: 0 is taken, anything
 * else refused.  At most PROGRAM_RUNS_MAX run at once; one that takes longer
 * than PROGRAM_TIME is killed, with its whole process group.
 */
#ifndef INROAD_AGENT_PROGRAM_H
#define INROAD_AGENT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/codes.h"
#include "protocol/limits.h"

struct acceptor_letter;
struct loop;
struct program;

/* Enough for a mail or a notification each; a flood waits at the sender. */
#define PROGRAM_RUNS_MAX 4

/* Seconds; whoever sent the message waits for it. */
#define PROGRAM_TIME 10.0

/* Words of the command at most. */
#define PROGRAM_WORDS_MAX 32

/* How a run ended: CODE_OK, or why not, in words. */
typedef void program_done(enum code code, const char *text, void *arg);

/*
 * Return a program that is not set, or NULL; what it runs is killed after that
 * many seconds, PROGRAM_TIME.
 */
struct program *program_new(struct loop *loop, double seconds);

/* Kill what runs, without a word, and free; NULL is allowed. */
void program_free(struct program *program);

/*
 * Return a copy of count words for program_configure(), to be freed by
 * program_words_free(), or NULL without memory.
 */
char **program_words(const char *const *words, size_t count);

/* Free words; NULL is allowed. */
void program_words_free(char **words);

/*
 * Run words, which are taken over, from now on; NULL: there is no program.
 * What runs goes on.
 */
void program_configure(struct program *program, char **words);

/* Return true when there is a program. */
bool program_is_set(const struct program *program);

/*
 * Hand letter, which came to host, to the program.  Returns CODE_OK, and done
 * comes later, once; or why it cannot be now, in text.
 */
enum code program_run(struct program *program, const char *host,
    const struct acceptor_letter *letter, program_done *done, void *arg,
    char text[LIMITS_TEXT_LEN]);

#endif
