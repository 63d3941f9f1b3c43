/* SPDX-License-Identifier: ISC */
/*
 * api: administration over HTTP, inside the loop.
 *
 * Serves /api/v1/... as JSON and the files of the dashboard on sockets that
 * others bring: one end of a pair whose other end is a session to the reserved
 * host "relay", or a connection to the unix socket of the relay's machine.
 * What can be asked and who may is decided in relay/admin.h; here requests
 * become its words (apiroutes.h), after they were found to be meant
 * (apiguard.h).  doc/api.md is for those who use it.
 *
 * HTTP itself is libmicrohttpd's, without threads: it is run when its epoll
 * descriptor is ready or a time of its own is over.  A request that waits for
 * the store is suspended meanwhile.
 *
 * What others may make it hold has limits: connections, by account and in all;
 * heads and bodies of requests; answers, which are pages of lists, by account
 * and in all.  What lists cost is counted, and when the share of an iteration
 * of the loop is used up the rest of the requests waits for the next one.
 *
 * The level of an account, and whether a device may still be here, is looked
 * up at each request.
 */
#ifndef INROAD_RELAY_API_H
#define INROAD_RELAY_API_H

#include <stdbool.h>
#include <stdint.h>

struct admin_world;
struct api;
struct fault;
struct loop;

/*
 * Connections at a time: to the unix socket; by sessions; by those of one
 * account.  A browser opens six, and people have few browsers.
 */
#define API_LOCAL_MAX 128
#define API_REMOTE_MAX 512
#define API_ACCOUNT_MAX 64

/* Seconds in which a connection may be idle, or an answer not be read. */
#define API_IDLE_TIME 60

/*
 * Memory of a connection for the head of a request and of an answer: browsers
 * send about a kilobyte.
 */
#define API_CONNECTION_MEMORY 16384

/* Body of a request: the longest ones are limits and commands. */
#define API_BODY_MAX 65536

/* An answer; those not yet read, of one account and in all. */
#define API_ANSWER_MAX ((size_t)1 << 20)
#define API_ACCOUNT_ANSWERS_MAX ((size_t)4 << 20)
#define API_ANSWERS_MAX ((size_t)32 << 20)
/* Up to this size they are always given: connections bound them well enough. */
#define API_ANSWER_SMALL 8192

/*
 * Items that are written in one iteration of the loop before the rest waits,
 * and how many a request counts for by itself: 1,000 items take about 2 ms.
 */
#define API_TURN_ITEMS 1000
#define API_TURN_REQUEST 20

/* What the API works with; all of it outlives the API. */
struct api_config {
	struct loop *loop;
	const struct admin_world *world;
};

/* Who is at the other end of a connection; copied. */
struct api_caller {
	const char *user; /* an account */
	int64_t device;   /* its row in the store; unused when local */
	/* At the relay's own machine: with level admin, whatever user has. */
	bool local;
	const char *origin; /* for the audit: an address, "this machine" */
};

/* Return an API without connections, or NULL. */
struct api *api_new(const struct api_config *config);

/* Close all connections and free api; NULL is allowed. */
void api_free(struct api *api);

/*
 * Serve HTTP/1.1 to caller on fd, a connected stream socket, which is taken
 * over in any case.  Returns 0, or -1 when fd was closed at once, as there are
 * too many connections or memory is short.
 */
int api_serve(struct api *api, int fd, const struct api_caller *caller);

/*
 * Listen at path, a unix socket of mode 0600, for our own user and root.  Once.
 * Returns 0, or -1 and *fault.
 */
int api_listen(struct api *api, const char *path, struct fault *fault);

#endif
