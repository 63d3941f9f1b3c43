/* SPDX-License-Identifier: ISC */
/*
 * client_impl: what the client files and exchange.c share and nobody else sees.
 */
#ifndef INROAD_GATEWAY_CLIENT_IMPL_H
#define INROAD_GATEWAY_CLIENT_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "common/loop.h"
#include "gateway/auth.h"
#include "gateway/client.h"
#include "gateway/dialect.h"
#include "gateway/gate.h"
#include "gateway/httphead.h"

struct auth_check;
struct bridge;
struct buf;
struct clientudp;
struct conduit;
struct errorpage;
struct exchange;
struct io;
struct resolver_lookup;

/* What is read ahead of a request: a whole head and the early data behind. */
#define CLIENT_IN_MAX 65536

/* Replies and error pages that wait to be written. */
#define CLIENT_OUT_MAX 65536

/* Seconds for the first byte: browsers keep spare connections open. */
#define CLIENT_FIRST_TIME 120.0

/* Seconds for the rest of a request, and between two of one connection. */
#define CLIENT_REQUEST_TIME 30.0
#define CLIENT_IDLE_TIME 120.0

/*
 * Seconds between two looks at a client that has said all it has to say and
 * waits for an answer: is it still there?
 */
#define CLIENT_LOOK_TIME 5.0

/*
 * A client whose machine vanished is noticed after two minutes: seconds until
 * TCP asks for it, between two questions, and how many go unanswered.  On this
 * machine no client vanishes; those behind a listener for others can.
 */
#define CLIENT_KEEPALIVE_IDLE 60
#define CLIENT_KEEPALIVE_INTERVAL 15
#define CLIENT_KEEPALIVE_COUNT 4

/* Seconds for a reply to be taken before the connection ends. */
#define CLIENT_CLOSING_TIME 5.0

/*
 * Those who may not come in: how many are told so at a time, and the seconds
 * each gets to hear it.  Others of this machine shall not take the places of
 * those who may.
 */
#define CLIENT_REFUSED_MAX 64
#define CLIENT_REFUSED_TIME 5.0

/* Associations, each with up to three sockets. */
#define CLIENT_ASSOCIATIONS_MAX 1024

/* Pages that wait for who asked to read them, each some megabytes at most. */
#define CLIENT_PAGES_MAX 16

enum client_state {
	CLIENT_FIRST,
	CLIENT_SOCKS5_GREETING,
	CLIENT_SOCKS5_PASSWORD,
	CLIENT_SOCKS5_REQUEST,
	CLIENT_SOCKS4,
	CLIENT_HTTP,
	CLIENT_CHECKING,   /* its password is being verified */
	CLIENT_REACHING,   /* and opening: what it asked for is on its way */
	CLIENT_ASSOCIATED, /* its datagrams are carried */
	CLIENT_EXCHANGE,
	CLIENT_BRIDGED,
	CLIENT_CLOSING, /* the last reply is being written */
	CLIENT_GONE,
};

/* Called with what became of a password. */
typedef void clientauth_then(struct client *client, enum auth_verdict verdict);

struct client {
	struct client_pool *pool;
	uint64_t id;
	struct io *io;
	struct buf *in;
	struct buf *out;
	enum client_state state;
	struct gate_pass pass;
	enum dialect dialect; /* of the request, or of the one before */
	bool pending;         /* it is not known what becomes of the request */
	bool read_ended;      /* it will say no more */
	struct auth_check *check;
	clientauth_then *then; /* what becomes of the verdict */
	struct reach *reach;
	struct resolver_lookup *lookup;
	struct conduit *conduit;
	struct bridge *bridge;
	struct clientudp *udp;
	struct exchange *exchange;
	struct httphead *head; /* of the request; while there is one */
	bool wants_html;       /* who asked reads pages */
	bool is_head;          /* and asked by HEAD */
	bool has_page;         /* one of pool->pages */
	struct proxy_target target;
	struct list all; /* in pool->clients */
};

/* Change state, and the time that it may take. */
void client_move(struct client *client, enum client_state state);

/* End client, whatever it does; reset says how its socket ends. */
void client_end(struct client *client, bool reset);

/* Write what is in out, then end client. */
void client_finish(struct client *client);

/* Write what is in out and go on; false when the client is gone. */
bool client_flush(struct client *client);

/* The exchange is over and its connection good for more: serve what comes. */
void client_serve_next(struct client *client);

/* Decode what came meanwhile: client is in a state that does. */
void client_go_on(struct client *client);

/* The socket was lent to an exchange: hear of it again. */
void client_take_back(struct client *client);

/*
 * Read on while the client waits: what it says is kept for later, within
 * CLIENT_IN_MAX, and a client that goes is noticed and ended.
 */
void client_read_ahead(struct client *client);

/* Look whether a client that will say no more is still there; end it if not. */
void client_look(struct client *client);

/* Return true when there is something to hear from a client that waits. */
bool client_can_read_ahead(const struct client *client);

/* Return true if client may not come in: whatever it asks for is denied. */
bool client_is_refused(const struct client *client);

/* Return where names lead for client. */
const struct reach_space *client_space(const struct client *client);

/* Open a tunnel to client->target and tell the outcome in its dialect. */
void client_tunnel(struct client *client, enum dialect dialect);

/* Tell client, whom the gate refuses, so; it is over. */
void client_deny(struct client *client);

/*
 * Carry the datagrams of client, which will send them from named, or where
 * that says nothing from wherever it likes, and tell it where to.
 */
void clientudp_start(struct client *client, const struct proxy_target *named);

/* End that; NULL is allowed. */
void clientudp_free(struct clientudp *udp);

/* Tell client the address of the name that is its target. */
void clientresolve_name(struct client *client, enum dialect dialect);

/* Tell client the name of the address that is its target. */
void clientresolve_address(struct client *client, enum dialect dialect);

/* Note that client makes a request. */
void client_begin_request(struct client *client, enum dialect dialect);

/* Count how the request ended, once: what follows does not matter any more. */
void client_settle(struct client *client, enum code code);

/*
 * Count, keep and log that the way to where client wanted ended in code; text
 * may be NULL or empty.
 */
void client_log_failure(
    struct client *client, enum code code, const char *text);

/* As client_log_failure(), of a request that is refused for itself. */
void client_log_refusal(
    struct client *client, enum dialect dialect, const char *reason);

/* Return true when client has to say a password first. */
bool clientauth_is_due(const struct client *client);

/*
 * Judge words: then(client, verdict) runs, inside or later; until it does,
 * client is in CLIENT_CHECKING and then leaves that state.
 */
void clientauth_judge(struct client *client, const struct auth_words *words,
    clientauth_then *then);

/* Count and log that client was not let in; returns the words, static. */
const char *clientauth_refuse(
    struct client *client, enum dialect dialect, enum auth_verdict verdict);

/* Decode what came; returns true when there may be more to decode. */
bool clientsocks_greeting(struct client *client);
/* As clientsocks_greeting, a user name and a password. */
bool clientsocks_password(struct client *client);
/* As clientsocks_greeting, a SOCKS5 request. */
bool clientsocks_request(struct client *client);
/* As clientsocks_greeting, a SOCKS4 request. */
bool clientsocks_v4(struct client *client);

/* As clientsocks_greeting, an HTTP request. */
bool clienthttp_request(struct client *client);

/* The rest of a request did not come: say so and end the connection. */
void clienthttp_time_out(struct client *client);

/* Answer with page, made to fit the request, and end the connection. */
void clienthttp_answer(struct client *client, struct errorpage *page);

/* Return true if the request is for a page of the gateway. */
bool clientsite_is_asked(const struct client *client);

/* Return true if client came in by that TCP port. */
bool clientsite_has_port(const struct client *client, uint16_t port);

/* Answer such a request and end the connection. */
void clientsite_serve(struct client *client);

/*
 * Answer with a page for code, with the errno behind it if there is one, and
 * end the connection.
 */
void clienthttp_refuse(
    struct client *client, enum code code, int error, const char *text);

#endif
