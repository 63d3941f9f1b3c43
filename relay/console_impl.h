/* SPDX-License-Identifier: ISC */
/*
 * console_impl: what the files of the console share and nobody else sees.
 *
 *	console.c        sessions, and the devices that have them
 *	consolestream.c  streams, and their way to the server
 */
#ifndef INROAD_RELAY_CONSOLE_IMPL_H
#define INROAD_RELAY_CONSOLE_IMPL_H

#include <ev.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/list.h"
#include "common/loop.h"
#include "common/ratelimit.h"
#include "protocol/name.h"
#include "protocol/session.h"
#include "relay/console.h"

struct acceptor;
struct stream;
struct stream_target;

struct console {
	struct console_config config;
	struct acceptor *acceptor;
	struct session_budget receive;
	struct session_budget retain;
	struct console_stats stats;
	struct list waiting;   /* of visitors with streams in their line */
	struct loop_task turn; /* offers those to the server */
	struct ev_timer again; /* and does so later */
};

/* A device that has sessions. */
struct console_visitor {
	struct console *console;
	char user[NAME_USER_MAX + 1];
	char device[NAME_HOST_MAX + 1];
	int64_t device_id;
	char origin[ADDR_TEXT_LEN];
	struct ratelimit opens;
	size_t streams;      /* in both lists */
	struct list line;    /* those that the server has not taken yet */
	struct list served;  /* and those that it has */
	struct list waiting; /* in console->waiting, if line is not empty */
};

/* Set up the part of console that is about streams. */
void consolestream_init(struct console *console);

/* Stop it; there is no visitor any more. */
void consolestream_end(struct console *console);

/* A stream of visitor wants to be opened to target. */
void consolestream_open(struct console_visitor *visitor, struct stream *stream,
    const struct stream_target *target);

/* End all streams of visitor. */
void consolestream_drop(struct console_visitor *visitor);

#endif
