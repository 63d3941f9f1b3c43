/* SPDX-License-Identifier: ISC */
/*
 * joinsource: where a daemon gets a join string from.
 *
 * A join string is a secret until it is used.  The command line and the
 * environment of a process can be read by others, so what stood there is
 * wiped in place as soon as it is read.
 */
#ifndef INROAD_PROTOCOL_JOINSOURCE_H
#define INROAD_PROTOCOL_JOINSOURCE_H

#include "protocol/joinstring.h"

struct fault;

/* The environment variable that may hold what --join may hold. */
#define JOINSOURCE_VARIABLE "INROAD_JOIN"

enum joinsource_result {
	JOINSOURCE_READ,   /* out holds what was given */
	JOINSOURCE_NONE,   /* nothing was */
	JOINSOURCE_FAILED, /* it could not be read; fault says why */
};

/*
 * Read what argument, the value of --join, stands for into out: the string
 * itself, "-" for a line of standard input, "@FILE" for what is in FILE.  With
 * a NULL argument the environment variable is asked instead.  argument and
 * variable are wiped.  The caller wipes out.
 */
enum joinsource_result joinsource_read(
    char *argument, char out[JOINSTRING_MAX], struct fault *fault);

#endif
