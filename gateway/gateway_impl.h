/* SPDX-License-Identifier: ISC */
/*
 * gateway_impl: what gateway.c and the gatewaycommand files share and nobody
 * else sees.
 */
#ifndef INROAD_GATEWAY_GATEWAY_IMPL_H
#define INROAD_GATEWAY_GATEWAY_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/control.h"
#include "common/fault.h"
#include "common/lines.h"
#include "common/list.h"
#include "gateway/client.h"
#include "gateway/gateway.h"
#include "gateway/reach.h"

struct auth;
struct buf;
struct control_request;
struct correspondents;
struct direct;
struct endpoint;
struct failures;
struct gate;
struct gatewayorders;
struct host;
struct hosts;
struct jsonout;
struct lent;
struct letterbox;
struct loans;
struct meter;
struct outbox;
struct overview;
struct overview_host;
struct peers;
struct ports;
struct settings;
struct site_request;
struct tether_post;
struct viamark;
struct virtuals;

struct gateway {
	struct loop *loop;
	struct endpoint *endpoint;
	struct hosts *hosts;
	struct peers *peers;
	struct direct *direct;
	struct viamark *viamark;
	struct virtuals *virtuals;
	struct reach_space space;
	struct reach_space outside; /* for other machines */
	struct gate *gate;
	struct auth *auth;
	struct client_pool pool;
	struct failures *failures; /* of the pool */
	struct meter *meter;       /* likewise */
	struct ports *ports;
	struct settings *settings; /* in force */
	struct settings *(*load)(struct fault *fault, void *arg);
	void *load_arg;
	/* Why not all of the configuration is in force; empty: it is. */
	struct fault pending;
	uint64_t incarnation; /* of the relay of the last link; 0: none yet */
	bool finishing;
	struct outbox *outbox; /* texts that people send */
	struct list mailings;  /* those that have no session yet */
	struct correspondents *correspondents; /* for those to gateways */
	struct letterbox *letterbox;           /* for those of gateways */
	struct list asks;                      /* invitations under way */
	uint32_t last_request;                 /* number of the last one */
	struct loans *loans;                   /* shares that were accepted */
	struct lent *lent;                     /* and those that were made */
	struct list shares; /* commands about those that are under way */
	struct gatewayorders *orders;
};

/*
 * Hand the lines of the file name of the state directory, at most max bytes, to
 * parse with arg (common/lines.h), each of which should be a noun.  Returns an
 * exit code of sysexits(3), after logging why it is not 0.
 */
int gatewayfile_load(const struct gateway *gateway, const char *name,
    size_t max, lines_parser *parse, void *arg, const char *noun);

/* Make that file hold the len bytes at text; 0, or -1 and *fault. */
int gatewayfile_save(const struct gateway *gateway, const char *name,
    const char *text, size_t len, struct fault *fault);

/*
 * End request as failed with code and text, which says more than the code's
 * summary unless it is empty.
 */
void gateway_refuse(
    struct control_request *request, enum code code, const char *text);

/* Write the pins to known_hosts. */
void gateway_save_pins(struct gateway *gateway);

/* Fill *out with what is known of host. */
void gatewayview_host(const struct gateway *gateway, const struct host *host,
    struct overview_host *out);

/*
 * Fill *out with what is known of all; 0, or -1 without memory.  In either case
 * gatewayview_free() it.
 */
int gatewayview_make(const struct gateway *gateway, struct overview *out);

/* Free what belongs to overview. */
void gatewayview_free(struct overview *overview);

/* Answer a request for a page; as in struct client_pool. */
int gatewaysite_answer(
    const struct site_request *request, struct buf *out, void *arg);

/* A command that is not the endpoint's; as in struct endpoint_ops. */
bool gatewaycommand_handle(struct control_request *request, void *arg);

/* Add what a gateway knows to the answer to status. */
void gatewaycommand_status(struct jsonout *json, void *arg);

/* INVITED came. */
void gatewayinvite_answer(
    struct gateway *gateway, const uint8_t *payload, size_t len);

/* The link is gone: whoever waits for an invitation is told. */
void gatewayinvite_down(struct gateway *gateway, const char *text);

/* Serve "invite": words as common/control.h. */
void gatewayinvite_start(
    struct gateway *gateway, struct control_request *request);

/* Read the accepted shares; an exit code, after saying why if it is not 0. */
int gatewayaccept_load(struct gateway *gateway);

/* Serve "accept". */
void gatewayaccept_start(
    struct gateway *gateway, struct control_request *request);

/* Serve "forget". */
void gatewayaccept_remove(
    struct gateway *gateway, struct control_request *request);

/* Send an object for each accepted share. */
void gatewayaccept_list(
    struct gateway *gateway, struct control_request *request);

/* Serve "share". */
void gatewayshare_start(
    struct gateway *gateway, struct control_request *request);

/* Serve "unshare". */
void gatewayshare_end(struct gateway *gateway, struct control_request *request);

/* Serve "shares". */
void gatewayshare_list(
    struct gateway *gateway, struct control_request *request);

/* SHARED came. */
void gatewayshare_answer(
    struct gateway *gateway, const uint8_t *payload, size_t len);

/* The link is gone: whoever waits for the relay or an agent is told. */
void gatewayshare_down(struct gateway *gateway, const char *text);

/*
 * An agent on host was told of an ended share, or could not be; last says that
 * nobody else can be told now.
 */
void gatewayshare_told(struct gateway *gateway, const char *host, bool last);

/* Make who gives orders, from its file; an exit code. */
int gatewayorders_new(struct gateway *gateway);

/* Give no orders any more. */
void gatewayorders_free(struct gateway *gateway);

/* Write the shares that were made to their file. */
void gatewayorders_save(struct gateway *gateway);

/*
 * Something changed: give the next order, if there is one.  After a failure
 * that waits a while, unless at_once.
 */
void gatewayorders_go_on(struct gateway *gateway, bool at_once);

/* Serve "forward". */
void gatewayforward_handle(
    struct gateway *gateway, struct control_request *request);

/*
 * Return the exit code that stands for code, of a way that failed with errno
 * error, 0 when there was none.
 */
enum control_exit gateway_exit(enum code code, int error);

/* Serve "wait" and "ping". */
void gatewaywait_start(
    struct gateway *gateway, struct control_request *request);
/* As gatewaywait_start(). */
void gatewaywait_ping(struct gateway *gateway, struct control_request *request);

/* What the sessions of a gateway tell of messages; arg is the gateway. */
extern const struct tether_post gatewaysend_post;

/* Serve "send". */
void gatewaysend_start(
    struct gateway *gateway, struct control_request *request);

/* RESOLVED came. */
void gatewaysend_resolved(
    struct gateway *gateway, const uint8_t *payload, size_t len);

/* The link is gone: whoever waits for RESOLVED is told. */
void gatewaysend_down(
    struct gateway *gateway, enum code code, const char *text);

/* Serve "why". */
void gatewaywhy_start(struct gateway *gateway, struct control_request *request);

#endif
