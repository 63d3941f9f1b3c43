/* SPDX-License-Identifier: ISC */
/*
 * replier: the control socket of a daemon that gives one prepared answer.
 *
 * Whoever asks a daemon waits for it, so the replier lives in a process of its
 * own.  It notes what it is asked, and may be slow, fall silent or end in the
 * middle, as no real daemon would.
 */
#ifndef INROAD_TESTS_SUPPORT_REPLIER_H
#define INROAD_TESTS_SUPPORT_REPLIER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tests/support/tempdir.h"

/* Room for what it was asked. */
#define REPLIER_ASKED_MAX 8192

struct replier {
	char path[TEMPDIR_LEN]; /* of the socket, "control" in the directory */
	char log[TEMPDIR_LEN];
	pid_t pid; /* 0 when it does not run */
};

/* How it answers; a value. */
struct replier_config {
	const char *answer; /* to each request, with line ends; may be empty */
	size_t chunk;       /* bytes written at once; 0: all */
	bool holds;         /* then wait for the client to go, else close */
};

/* Serve in directory as config says; never fails. */
void replier_start(struct replier *replier, const char *directory,
    const struct replier_config *config);

/*
 * Put all the lines that it was asked, separators shown as spaces, to out;
 * returns out.
 */
char *replier_asked(const struct replier *replier, char out[REPLIER_ASKED_MAX]);

/* End it, if it runs, and remove its socket and its notes. */
void replier_stop(struct replier *replier);

#endif
