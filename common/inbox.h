/* SPDX-License-Identifier: ISC */
/*
 * inbox: the messages that came to a daemon, for whoever listens.
 *
 * A listener is a request on the control socket that stays open: each message
 * is one object of its answer, as it comes.
 *
 *	{"schema":1,"kind":"text","at":…,"user":"alice","device":"laptop",
 *	 "text":"…"}
 *	{"schema":1,"kind":"notice","at":…,"level":"warning","text":"…"}
 *
 * One that does not read in time loses messages and is told how many, by an
 * object {"schema":1,"kind":"lost","count":…}; it never holds up the daemon or
 * other listeners.  Besides, the last messages are kept in memory, at most
 * INBOX_KEPT_MAX of them and INBOX_BYTES_MAX bytes, for who comes too late.
 */
#ifndef INROAD_COMMON_INBOX_H
#define INROAD_COMMON_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control_request;
struct inbox;
struct jsonout;
struct loop;

/* Messages that are kept, and what they may take. */
#define INBOX_KEPT_MAX 64
#define INBOX_BYTES_MAX 262144

/* Notices that are shown with the status. */
#define INBOX_NOTICES_SHOWN 5

/* A message; what it points to is copied. */
struct inbox_message {
	const char *level;  /* of a notice; NULL: it is a text */
	const char *user;   /* of a text: who sent it */
	const char *device; /* likewise */
	uint64_t at;        /* unix seconds */
	const char *text;   /* not terminated */
	size_t len;
};

/* Return an inbox without messages, or NULL. */
struct inbox *inbox_new(struct loop *loop);

/* End every listener and free inbox; NULL is allowed. */
void inbox_free(struct inbox *inbox);

/* Hand message to all that listen; returns how many have it. */
size_t inbox_offer(struct inbox *inbox, const struct inbox_message *message);

/* Keep message among the last; without memory it is not there. */
void inbox_keep(struct inbox *inbox, const struct inbox_message *message);

/* Return how many listen. */
size_t inbox_listeners(const struct inbox *inbox);

/*
 * Serve request, whose words are "listen", how many messages it takes (0: all
 * there will be), for how many seconds (0: for ever), and, if it only wants
 * those that are kept, "last".
 */
void inbox_listen(struct inbox *inbox, struct control_request *request);

/*
 * Put notice number i of the last INBOX_NOTICES_SHOWN, the newest being 0, into
 * *out; false when there is none.  What it points to lives until the next
 * message.
 */
bool inbox_notice(
    const struct inbox *inbox, size_t i, struct inbox_message *out);

/* Add to an object how many listen, and the last notices. */
void inbox_status(const struct inbox *inbox, struct jsonout *json);

#endif
