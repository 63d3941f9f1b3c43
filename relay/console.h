/* SPDX-License-Identifier: ISC */
/*
 * console: the relay itself as the host that gateways reach by the reserved
 * name "relay" (PROTOCOL.md section 7.5).
 *
 *   gateway == session ==> console --socket pair--> HTTP server
 *
 * A session with the relay is one like any other, only that it ends here: its
 * records come over a channel that the switch never sees, its handshake is made
 * with the relay's own key, and what opens it is the device key that logged in.
 * So who asks is proved twice, by link and by session, and every stream has a
 * caller: a device and its account.  What it may do is decided by whoever
 * serves it, for each request, as levels change while sessions live.
 *
 * Streams lead to port 80, which is a server of this process, over a socket
 * pair; to nothing else.  What it does not take at once waits for its turn, ten
 * seconds at most.  There are never more of them than CONSOLE_STREAMS_MAX and
 * CONSOLE_CALLER_STREAMS, and once half of all are taken a device gets no more
 * than CONSOLE_CALLER_FAIR.  A device that is shut out loses its sessions
 * and streams at once: console_expel().
 *
 * Sessions wait for their gateway as those of agents do (protocol/acceptor.h),
 * for as long as the relay runs.
 */
#ifndef INROAD_RELAY_CONSOLE_H
#define INROAD_RELAY_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/keys.h"

struct console;
struct link;
struct linkmsg_attach;
struct loop;

/* The one port that there is. */
#define CONSOLE_PORT 80

/*
 * Streams in all, each with two descriptors and a connection of the server: as
 * many as a few hundred people cause who look at pages.
 */
#define CONSOLE_STREAMS_MAX 2048
/* Those of one device: two browsers that open all they can, and scripts. */
#define CONSOLE_CALLER_STREAMS 256
/* And when half of all are taken: pages still load with them. */
#define CONSOLE_CALLER_FAIR 32

/* Who asks; strings live until the call returns. */
struct console_caller {
	const char *user;   /* the account */
	const char *device; /* its name there */
	int64_t device_id;  /* in the store */
	const char *origin; /* where it is connected from, an address */
};

/* What a console works with; what it points to outlives it. */
struct console_config {
	struct loop *loop;
	const uint8_t *public_key; /* the relay's, KEYS_LEN */
	const uint8_t *secret_key;
	/*
	 * Serve HTTP to caller on fd, one end of a socket pair, which is taken
	 * over in any case.  Returns 0, or -1 when that cannot be at present:
	 * fd is closed, and the stream waits.
	 */
	int (*serve)(int fd, const struct console_caller *caller, void *arg);
	void *arg;
	uint16_t grace; /* seconds that sessions outlive their links */
};

/* Return a console without sessions, or NULL. */
struct console *console_new(const struct console_config *config);

/* End all sessions and free; NULL is allowed. */
void console_free(struct console *console);

/* Return true when attach is for the relay itself. */
bool console_is_meant(const struct linkmsg_attach *attach);

/*
 * Answer attach, for which console_is_meant(), for the channel number channel
 * that came over link.  The device that logged in there is named in it, with
 * its account as the caller's user, and has the number device_id.
 */
void console_attach(struct console *console, struct link *link,
    uint32_t channel, const struct linkmsg_attach *attach, int64_t device_id);

/* End all that the device with key has here, with code. */
void console_expel(
    struct console *console, const uint8_t key[KEYS_LEN], enum code code);

/* End all sessions with code, and take no new ones. */
void console_close(struct console *console, enum code code);

/* Numbers for people. */
struct console_stats {
	size_t sessions;
	size_t streams;
	uint64_t served;  /* streams that were opened, ever */
	uint64_t refused; /* and were not */
};

/* Fill *out. */
void console_get_stats(
    const struct console *console, struct console_stats *out);

#endif
