/* SPDX-License-Identifier: ISC */
/*
 * api_impl: what the files of the API share and nobody else sees.
 *
 * api.c drives libmicrohttpd and knows connections; apicall.c takes a request
 * through its life; apianswer.c writes answers.
 */
#ifndef INROAD_RELAY_API_IMPL_H
#define INROAD_RELAY_API_IMPL_H

#include <ev.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "common/loop.h"
#include "protocol/name.h"
#include "relay/account.h"
#include "relay/admin.h"
#include "relay/api.h"
#include "relay/apiguard.h"
#include "relay/apiroutes.h"
#include "relay/store.h"

struct buf;
struct listener;

struct api {
	struct api_config config;
	struct MHD_Daemon *daemon;
	struct listener *listener;
	ev_io ready;
	ev_timer due;
	struct loop_task run;  /* MHD_run(), soon */
	struct loop_task turn; /* calls that wait for their turn */
	struct list waiting;   /* such calls */
	uint64_t turn_at;      /* the iteration that turn_left is of */
	unsigned turn_left;    /* items */
	struct list callers;   /* one for each connection */
	struct list suspended; /* calls */
	unsigned remote;       /* how many connections are not local */
	size_t held;           /* bytes of answers */
	uint8_t key[APIGUARD_KEY_LEN];
	bool closing;
};

/* Who is at the other end of a connection. */
struct api_peer {
	struct api *api;
	int fd;
	bool started; /* libmicrohttpd has told of it */
	char user[NAME_USER_MAX + 1];
	int64_t device;
	bool local;
	char origin[STORE_ORIGIN_LEN];
	size_t held; /* bytes of answers */
	struct list all;
};

enum api_call_state {
	API_CALL_BODY,    /* its body is coming */
	API_CALL_WAITING, /* for its turn */
	API_CALL_RUNNING, /* for the store */
	API_CALL_DONE,    /* it has its answer */
};

/* A request. */
struct api_call {
	struct api_peer *peer;
	struct MHD_Connection *connection;
	enum api_call_state state;
	bool suspended;
	enum store_level level;
	struct apiroutes_match route;
	struct buf *body;   /* of the request; NULL: none yet */
	struct buf *answer; /* what is written of it */
	unsigned items;
	bool broken;                 /* one could not be written */
	char next[ADMIN_CURSOR_LEN]; /* empty: there is no more */
	size_t held;                 /* bytes of the answer */
	struct admin_request *admin;
	struct MHD_Response *response; /* once done */
	unsigned status;
	struct list waiting;
	struct list all; /* in api->suspended */
};

/* --- api.c ---------------------------------------------------------------- */

/* Let libmicrohttpd run at the end of this iteration. */
void api_run_soon(struct api *api);

/*
 * Return whether the share of this iteration of the loop is not used up; then
 * cost is taken off it.
 */
bool api_take_turn(struct api *api, unsigned cost);

/*
 * Charge call with an answer of len bytes until it is read; false when its
 * account, or all together, has too much unread.
 */
bool api_hold(struct api_call *call, size_t len);

/* --- apicall.c: the life of a request --------------------------------------
 */

/*
 * What libmicrohttpd calls for a request, as often as it likes; arg is the API
 * and *out the call.
 */
/* NOLINTNEXTLINE(readability-function-size): the library's */
enum MHD_Result apicall_handle(void *arg, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *data,
    size_t *len, void **out);

/* What it calls in the end. */
void apicall_completed(void *arg, struct MHD_Connection *connection, void **out,
    enum MHD_RequestTerminationCode why);

/*
 * Run calls of the API arg that wait for their turn, as far as this iteration
 * allows.
 */
void apicall_turn(void *arg);

/* Let go of every call that is suspended, as the API ends. */
void apicall_end_all(struct api *api);

/* --- apianswer.c: what it is answered with ----------------------------------
 */

/* Answer with an error. */
void apianswer_error(
    struct api_call *call, unsigned status, const char *slug, const char *text);

/* Answer that path, behind APIROUTES_BASE, has other methods. */
void apianswer_method(struct api_call *call, const char *path);

/* Answer with the token for pages. */
void apianswer_token(struct api_call *call);

/* Answer with the metrics, if the caller has the level for it. */
void apianswer_metrics(struct api_call *call);

/* Answer with the description of the API. */
void apianswer_openapi(struct api_call *call);

/* Answer with the file of the dashboard at path. */
void apianswer_file(struct api_call *call, const char *path);

/* Add the object in json, which is freed, to the answer that is written. */
void apianswer_item(struct api_call *call, struct jsonout *json);

/* Answer with the items, as the row of call has it. */
void apianswer_items(struct api_call *call);

/* Answer that the command ended so. */
void apianswer_failure(struct api_call *call, enum admin_result result,
    const char *slug, const char *text);

#endif
