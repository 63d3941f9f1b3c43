/* SPDX-License-Identifier: ISC */
/*
 * entry: where programs of this machine enter the chosen gateway.
 *
 * The gateway says itself where it listens (the answer to "status"), so that
 * port 0, several ports and a configuration that was reloaded are all right.
 * An address that stands for all becomes the loopback one of its family.
 */
#ifndef INROAD_GATEWAY_CLI_ENTRY_H
#define INROAD_GATEWAY_CLI_ENTRY_H

#include "common/addr.h"
#include "gateway/cli/ask.h"

struct cli;

/* Which ports will do. */
enum entry_kind {
	ENTRY_TCP, /* what a proxy setting can name */
	ENTRY_ANY, /* a unix socket, too, where there is no other */
};

/* An entry.  A value, ended by entry_free(). */
struct entry {
	struct ask_answer answer;    /* to "status" */
	struct addr addr;            /* to connect to */
	char address[ADDR_TEXT_LEN]; /* the same as text, "127.0.0.1:1080" */
};

/*
 * Ask the chosen gateway and put its first port that is no forward to *entry.
 * Returns CONTROL_OK, or the exit code after saying why there is none (as a
 * document, with --json); *entry is then empty.
 */
int entry_find(
    const struct cli *cli, enum entry_kind kind, struct entry *entry);

/* Return the gateway's status object, which entry keeps. */
const json_t *entry_status(const struct entry *entry);

/* Let go of what entry holds. */
void entry_free(struct entry *entry);

/*
 * Put the first port in status that is no forward to *addr; 0, or -1 when there
 * is none of that kind.
 */
int entry_from_status(
    const json_t *status, enum entry_kind kind, struct addr *addr);

#endif
