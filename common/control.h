/* SPDX-License-Identifier: ISC */
/*
 * control: the socket by which people and scripts command a daemon.
 *
 * A unix stream socket of mode 0600 in the state directory; besides, whoever
 * connects must be our own user or root (SO_PEERCRED).  The protocol is a line
 * a request and lines back:
 *
 *	ping<TAB>office
 *	{"host":"office","rtt_ms":41.2}
 *	{"exit":0}
 *
 * A request is words separated by tabs, without other control characters, at
 * most CONTROL_REQUEST_MAX bytes.  The answer is any number of JSON objects, a
 * line each, and last one with "exit", the exit code for whoever asked, and
 * for a failure "error" (a slug) and "text" (a sentence).  Then the next
 * request may follow.
 *
 * A request is an object from the handler's call until it is ended: the handler
 * may answer now or later.  When the client goes away first, the request is
 * cancelled: its on_cancel runs and it is gone.
 */
#ifndef INROAD_COMMON_CONTROL_H
#define INROAD_COMMON_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

struct control;
struct control_request;
struct fault;
struct jsonout;
struct loop;

/* Longest request: a message of 64 KiB in base64, and some words. */
#define CONTROL_REQUEST_MAX 90112

/* Words of one request. */
#define CONTROL_WORDS_MAX 32

/* What waits for a client that does not read; then it is dropped. */
#define CONTROL_REPLY_MAX ((size_t)8 << 20)

/* Clients at a time, and how long one may be idle, in seconds. */
#define CONTROL_CLIENTS_MAX 64
#define CONTROL_IDLE_TIME 300.0

/* Exit codes of the `inroad` command. */
enum control_exit {
	CONTROL_OK = 0,
	CONTROL_FAILED = 1,
	CONTROL_USAGE = 2,
	CONTROL_CONFIG = 3,
	CONTROL_NOT_RUNNING = 4,
	CONTROL_NOT_ALLOWED = 5,
	CONTROL_NO_HOST = 6,
	CONTROL_OFFLINE = 7,
	CONTROL_TIMEOUT = 8,
};

/* Called with a request to answer by control_end(), now or later. */
typedef void control_handler(struct control_request *request, void *arg);

/*
 * Listen at path (the caller holds the lock of its directory: a socket left
 * there is replaced) and give requests to handler(request, arg).  Returns NULL
 * and *fault when that does not work.
 */
struct control *control_new(struct loop *loop, const char *path,
    control_handler *handler, void *arg, struct fault *fault);

/* Drop all clients, cancel their requests, remove the socket; NULL is allowed.
 */
void control_free(struct control *control);

/*
 * Return whether the peer of fd, a connected unix socket, may command us: our
 * own user or root.
 */
bool control_is_trusted(int fd);

/* Return how many words request has, at least 1. */
size_t control_count(const struct control_request *request);

/* Return word number i, from 0; the empty string beyond the last. */
const char *control_word(const struct control_request *request, size_t i);

/* Call on_cancel(arg) if the client goes away before the end. */
void control_on_cancel(
    struct control_request *request, void (*on_cancel)(void *arg), void *arg);

/*
 * Return how many bytes may be sent before a client that reads nothing is
 * dropped.
 */
size_t control_room(const struct control_request *request);

/*
 * Send the document in json as a line and free json.  A json that is NULL or
 * bad makes the request end with CONTROL_FAILED whatever control_end() says.  A
 * client that has left too much unread is dropped afterwards, as if it had gone
 * away by itself.
 */
void control_send(struct control_request *request, struct jsonout *json);

/*
 * Call drained(arg) once, later, when the client has taken what was sent so
 * far; not if it goes away or the request is ended before.  So an answer of any
 * length goes in parts, at the pace of who reads it.
 */
void control_on_drained(
    struct control_request *request, void (*drained)(void *arg), void *arg);

/*
 * End request with code; slug and text may be NULL when it is CONTROL_OK.  The
 * request is gone when this returns.
 */
void control_end(struct control_request *request, enum control_exit code,
    const char *slug, const char *text);

#endif
