/* SPDX-License-Identifier: ISC */
/*
 * control_client: asks a daemon over its control socket (control.h), blocking.
 *
 * For commands that do one thing and end; never used inside a loop.
 */
#ifndef INROAD_COMMON_CONTROL_CLIENT_H
#define INROAD_COMMON_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

struct fault;

/*
 * Called with a line of the answer, terminated, without its line end; last
 * says that it is the one with the exit code.
 */
typedef void control_client_line(const char *line, bool last, void *arg);

/* What came of asking. */
enum control_client_result {
	CONTROL_CLIENT_ANSWERED,   /* the last line was handed over */
	CONTROL_CLIENT_ABSENT,     /* nobody listens at path */
	CONTROL_CLIENT_DENIED,     /* the socket is somebody else's */
	CONTROL_CLIENT_TIMEOUT,    /* no answer in time */
	CONTROL_CLIENT_UNSENDABLE, /* a word holds what separates words */
	CONTROL_CLIENT_BROKEN, /* the answer was cut off, or memory is short */
};

/* What is asked of whom; a value of the caller. */
struct control_client_question {
	const char *path; /* of the daemon's socket */
	const char *const *words;
	size_t count;   /* of the words */
	double timeout; /* seconds for each line; 0 waits for ever */
};

/*
 * Ask question and hand each line of the answer to on_line(line, last, arg).
 * Anything but CONTROL_CLIENT_ANSWERED fills *fault.
 */
enum control_client_result control_client_ask(
    const struct control_client_question *question,
    control_client_line *on_line, void *arg, struct fault *fault);

#endif
