/* SPDX-License-Identifier: ISC */
/*
 * ear: a client of a control socket (common/control.h) in the loop of the test,
 * which reads when it is told to.
 *
 * Functions that return nothing fail the test when they fail.
 */
#ifndef INROAD_TESTS_SUPPORT_EAR_H
#define INROAD_TESTS_SUPPORT_EAR_H

#include <stddef.h>

#define EAR_HEARD_MAX 65536

struct loop;

struct ear {
	int fd;
	char heard[EAR_HEARD_MAX]; /* terminated */
	size_t len;
	size_t wanted; /* lines */
};

/* Connect *ear to the socket at path and send line, with its line end. */
void ear_ask(struct ear *ear, const char *path, const char *line);

/* Run loop until count lines came in all; there may be no more. */
void ear_hear(struct ear *ear, struct loop *loop, size_t count);

/* Go away. */
void ear_close(struct ear *ear);

#endif
