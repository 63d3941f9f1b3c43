/* SPDX-License-Identifier: ISC */
/*
 * post: the messages of an agent, both ways.
 *
 * What a caller of the owner's account sends goes to the program that the
 * configuration names, which decides, and to everybody who listens on the
 * control socket.  What a person of this machine sends goes to the gateways
 * that have a session with this agent, which alone have a key in common with
 * it.
 */
#ifndef INROAD_AGENT_POST_H
#define INROAD_AGENT_POST_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"

struct acceptor_letter;
struct callers;
struct control_request;
struct endpoint;
struct loop;
struct post;
struct session;

/* Return a post without a program, or NULL; endpoint outlives it. */
struct post *post_new(struct loop *loop, struct endpoint *endpoint);

/* End what people send, kill what runs, and free; NULL is allowed. */
void post_free(struct post *post);

/* Hand messages to that program from now on (program.h), taken over. */
void post_configure(struct post *post, char **words);

/* A text came: answer it, now or later. */
void post_text(struct post *post, const struct acceptor_letter *letter);

/* What became of a text that was sent. */
void post_receipt(struct post *post, const struct session *session,
    uint32_t number, enum code code, const char *text);

/* Session is over: nothing of it is answered any more. */
void post_over(struct post *post, const struct session *session);

/*
 * Serve request: "send", USER or USER/DEVICE, a text in base64, and how many
 * seconds to wait.
 */
void post_send(struct post *post, const struct callers *callers,
    struct control_request *request);

#endif
