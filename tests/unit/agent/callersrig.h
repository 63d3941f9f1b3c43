/* SPDX-License-Identifier: ISC */
/*
 * callersrig: an agent's callers with all they work with, and gateways that
 * visit them.
 *
 *	visit (gateway) == link == agent -- service (socket of the test)
 *
 * The test is gateway and relay at once: sessions, carriers and links are the
 * real ones, over sockets on loopback, all in one loop.  What a visit hears
 * stands in it.
 *
 * Functions that return nothing fail the test when they fail.
 */
#ifndef INROAD_TESTS_UNIT_AGENT_CALLERSRIG_H
#define INROAD_TESTS_UNIT_AGENT_CALLERSRIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/attach.h"
#include "agent/callers.h"
#include "protocol/limits.h"
#include "protocol/resume.h"
#include "protocol/session.h"
#include "protocol/stream.h"
#include "tests/support/asker.h"
#include "tests/support/linkpair.h"

struct callersrig;
struct carrier;
struct channel;
struct egress;
struct resolver;

/* Visits, channels of a link, and streams that a test may have. */
#define CALLERSRIG_VISITS_MAX 160
#define CALLERSRIG_CHANNELS_MAX 320
#define CALLERSRIG_OPENINGS_MAX 100

/* A session as the gateway sees it. */
struct callersrig_visit {
	struct callersrig *rig;
	struct asker *asker;
	struct channel *channel; /* NULL once a carrier has it, or it ended */
	struct carrier *carrier; /* NULL before and after */
	uint8_t id[SESSIONHELLO_ID_LEN];     /* of its session */
	uint8_t request[RESUME_REQUEST_LEN]; /* the last one */
	uint8_t reply[LIMITS_CONTROL_MAX];   /* the last one */
	size_t reply_len;
	struct session_budget budget;
	bool mute;      /* only keep the reply: nothing is ever confirmed */
	bool asks;      /* a question: nothing begins */
	bool returning; /* asked to go on */
	/* Runs when ATTACHED came, before anything behind it; may be NULL. */
	void (*on_reply)(struct callersrig_visit *visit, void *arg);
	void *arg;
	int attached; /* ATTACHED came */
	int returned; /* how often it went on */
	int lost;     /* how often its channel was */
	int pongs;    /* answers to its pings */
	int ended;    /* by DETACH, or the session did */
	enum code code;
	char text[LIMITS_TEXT_LEN];
};

/* A stream as the gateway sees it. */
struct callersrig_opening {
	struct callersrig *rig;
	struct stream *stream;
	int ended; /* answered or reset */
	int opened;
	struct stream_opened outcome;
	int resets;
	enum code code;
	size_t to_send; /* bytes of callersrig_byte() */
	size_t sent;
	size_t received;
	bool good; /* what came is callersrig_byte() */
};

struct callersrig {
	struct loop *loop;
	struct linkpair net;
	struct resolver *resolver;
	struct egress *egress;
	struct callers *callers;
	struct asker asker; /* the usual one; its membership is the agent's */
	struct attach_self self;
	struct session_budget receive;
	struct session_budget retain;
	struct callersrig_visit visits[CALLERSRIG_VISITS_MAX];
	size_t last_visit;
	/* By the number of the channel. */
	struct callersrig_visit *visit_of[CALLERSRIG_CHANNELS_MAX];
	uint32_t last_channel;
	struct callersrig_opening openings[CALLERSRIG_OPENINGS_MAX];
	size_t last_opening;
	int service; /* a listening socket */
	uint16_t port;
};

/*
 * Make *rig, which outlives its last callbacks and so is best static, with an
 * agent of the usual limits.  With grace, in seconds, both sides keep lost
 * sessions for so long.
 */
void callersrig_open(struct callersrig *rig, uint16_t grace);

/* Free all that is left. */
void callersrig_close(struct callersrig *rig);

/* Make the agent anew, with limits as config says; 0 is the usual. */
void callersrig_start(
    struct callersrig *rig, const struct callers_config *config);

/* Lose the link without a word. */
void callersrig_cut(struct callersrig *rig);

/* Lose the link, if there still is one, and make another. */
void callersrig_relink(struct callersrig *rig);

/*
 * Send an ATTACH as visit's over a new channel; visit hears what is said to it
 * from now on.
 */
void callersrig_send(
    struct callersrig_visit *visit, const uint8_t *payload, size_t len);

/* Return a visit of who that has said nothing yet. */
struct callersrig_visit *callersrig_visit(
    struct callersrig *rig, struct asker *who);

/* Let who ask for a session. */
struct callersrig_visit *callersrig_attach(
    struct callersrig *rig, struct asker *who);

/* Let who begin a session, and wait until it is confirmed. */
struct callersrig_visit *callersrig_begin(
    struct callersrig *rig, struct asker *who);

/* Let who ask about the session id; the agent's word. */
enum code callersrig_question(struct callersrig *rig, struct asker *who,
    const uint8_t id[SESSIONHELLO_ID_LEN]);

/*
 * Let visit ask to go on with its session, on a channel of its own, and wait
 * until it does.
 */
void callersrig_resume(struct callersrig_visit *visit);

/* Wait until visit was answered, with ATTACHED or by an end. */
void callersrig_await_settled(struct callersrig_visit *visit);

/* Wait until visit has ended. */
void callersrig_await_ended(struct callersrig_visit *visit);

/* Wait until so many sessions of the agent are without a channel. */
void callersrig_await_lost(struct callersrig *rig, size_t count);

/* Wait for so many callers with so many confirmed sessions in all. */
void callersrig_await_sessions(
    struct callersrig *rig, size_t callers, size_t sessions);

/* Ping through the session of visit and wait for the answer. */
void callersrig_ping(struct callersrig_visit *visit);

/* Open a stream of visit to port number to of the agent's loopback. */
struct callersrig_opening *callersrig_stream(
    struct callersrig_visit *visit, uint16_t to);

/* Do so and wait until it is answered or ends. */
struct callersrig_opening *callersrig_open_stream(
    struct callersrig_visit *visit, uint16_t to);

/* Return byte number n of the pattern that streams carry here. */
uint8_t callersrig_byte(size_t n);

#endif
