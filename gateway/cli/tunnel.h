/* SPDX-License-Identifier: ISC */
/*
 * tunnel: a connection through the chosen gateway.
 *
 * Enters by the gateway's port as every program does (entry.h), with a ticket
 * where that asks for a password, and asks for a target by CONNECT.  What it
 * is refused for is said in the gateway's words and exit codes.
 */
#ifndef INROAD_GATEWAY_CLI_TUNNEL_H
#define INROAD_GATEWAY_CLI_TUNNEL_H

#include <stddef.h>

#include "common/addr.h"

struct cli;

/* Room for a target, with brackets and port. */
#define TUNNEL_TARGET_MAX (ADDR_HOST_LEN + 16)

/* Room for an answer's head and the page behind it. */
#define TUNNEL_ANSWER_MAX 16384

/*
 * A connection.  A value, ended by tunnel_close().  It is reset by that unless
 * tunnel_done(): whatever ends us in the middle must not look like the end.
 */
struct tunnel {
	int fd; /* -1: none */
	/* The gateway's answer as far as it was read, terminated. */
	char text[TUNNEL_ANSWER_MAX];
	size_t len;
	size_t head_len; /* bytes of the target's follow behind it */
};

/*
 * Connect *tunnel to target, "HOST:PORT".  Returns CONTROL_OK, or the exit code
 * after saying why not (as a document, with --json); there is none then.
 */
int tunnel_open(
    const struct cli *cli, const char *target, struct tunnel *tunnel);

/* All was said and heard: let the end of tunnel be an ordinary one. */
void tunnel_done(const struct tunnel *tunnel);

/* Close what is open of tunnel. */
void tunnel_close(struct tunnel *tunnel);

#endif
