/* SPDX-License-Identifier: ISC */
/*
 * ask: one question to a daemon and its whole answer.
 *
 * The answer is the objects that the daemon sent, parsed, and its last line
 * taken apart.  A daemon that cannot be asked is an answer too: with the exit
 * code and the sentence that a person gets.  An answer that is not understood,
 * or not whole, is never CONTROL_OK; what was good of it is there.
 */
#ifndef INROAD_GATEWAY_CLI_ASK_H
#define INROAD_GATEWAY_CLI_ASK_H

#include <stddef.h>

#include <jansson.h>

#include "common/control.h"

/* An answer; a value, ended by ask_free(). */
struct ask_answer {
	enum control_exit code;
	json_t *items;   /* array of objects; NULL when memory is short */
	char slug[64];   /* unless CONTROL_OK */
	char text[1024]; /* likewise */
};

/*
 * Send the count words to the daemon whose control socket is at path and put
 * its answer to *answer.  timeout is in seconds a line, 0 for ever.
 */
void ask_daemon(const char *path, const char *const *words, size_t count,
    double timeout, struct ask_answer *answer);

/*
 * Return the first object of answer, which keeps it, or NULL, of which jansson
 * says that it has no members.
 */
json_t *ask_first(const struct ask_answer *answer);

/* Return the member key of object as text; empty if it is none. */
const char *ask_text(const json_t *object, const char *key);

/*
 * Make answer the failure code with slug and the formatted text, which is cut
 * at its room; what it holds stays.  Returns -1.
 */
int ask_fail(struct ask_answer *answer, enum control_exit code,
    const char *slug, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Let go of what answer holds. */
void ask_free(struct ask_answer *answer);

#endif
