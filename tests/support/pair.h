/* SPDX-License-Identifier: ISC */
/*
 * pair: two sessions joined in memory, on a clock of their own.
 *
 * What a session seals goes into a pipe and waits there until the test lets it
 * arrive, so every order of events that a network can make can be made, again
 * and again.  `pipes[PAIR_TO_ACCEPTOR]` holds what the opener sent.
 */
#ifndef INROAD_TESTS_SUPPORT_PAIR_H
#define INROAD_TESTS_SUPPORT_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/limits.h"
#include "protocol/seal.h"
#include "protocol/session.h"

#define PAIR_TO_ACCEPTOR 0
#define PAIR_TO_OPENER 1
#define PAIR_PIPE_MAX 4096

struct blob;

/* One end: the session and what it told its owner. */
struct pair_end {
	struct pair *pair;
	struct session *session;
	struct session_budget budget;
	unsigned ready; /* how often */
	unsigned confirmed;
	unsigned stalled;
	unsigned pongs;
	unsigned closed;
	enum code close_code;
	unsigned opens;
	struct stream *opened; /* the last one that came */
	struct stream_target target;
	unsigned texts;
	uint32_t text_number; /* of the last one */
	size_t text_len;
	char text[LIMITS_MESSAGE_MAX];
	bool hold_texts; /* do not answer them */
	unsigned receipts;
	enum code receipt_code; /* of the last one */
	char receipt_text[LIMITS_TEXT_LEN];
	/* Called for each stream that comes; NULL: it is kept in .opened. */
	void (*on_open)(struct pair_end *end, struct stream *stream);
	void *arg; /* for the test */
};

/* Records on their way. */
struct pair_pipe {
	struct blob *records[PAIR_PIPE_MAX];
	size_t first;
	size_t count;
	uint64_t ever;
};

struct pair {
	struct pair_end opener;
	struct pair_end acceptor;
	struct pair_pipe pipes[2];
	uint64_t now; /* nanoseconds */
	uint64_t seed;
};

/* What both sessions are made with; pair_new(NULL) takes the defaults. */
struct pair_config {
	uint64_t retain_max;
	uint64_t window_max;
	uint32_t streams_max;
	uint64_t budget;
	struct session_budget *retain; /* of both; NULL: none */
};

/* Fill *config with the defaults of protocol/limits.h. */
void pair_defaults(struct pair_config *config);

/* Return a pair, or NULL when an allocation failed. */
struct pair *pair_new(const struct pair_config *config);

/* Free pair and what is in its pipes; NULL is allowed. */
void pair_free(struct pair *pair);

/* Pull up to max records of one session into its pipe; returns how many. */
size_t pair_pull(struct pair *pair, int pipe, size_t max);

/*
 * Let the oldest record of pipe arrive.  Returns what session_receive() said,
 * CODE_OK when there is none.
 */
enum code pair_deliver(struct pair *pair, int pipe);

/* Pull and deliver in both directions until nothing moves.  Checks codes. */
void pair_settle(struct pair *pair);

/*
 * Lose the way: what is in the pipes is gone, and neither session sends until
 * pair_resume().
 */
void pair_cut(struct pair *pair);

/*
 * Let both sides tell each other where they are and go on; 0, or -1 when one
 * of them refuses.
 */
int pair_resume(struct pair *pair);

/* Move the clock and let both sessions do what is due. */
void pair_wait(struct pair *pair, uint64_t ns);

/* A stream's owner that sends a pattern and keeps count of what comes. */
struct pair_peer {
	struct pair *pair;
	struct stream *stream;
	uint64_t to_send; /* bytes left to send */
	uint64_t sent;
	uint64_t received;
	uint64_t chunk; /* most bytes a pull; 0: as many as asked */
	uint64_t unconsumed;
	unsigned opened;
	unsigned fins;
	unsigned resets;
	enum code reset_code;
	int reset_error;
	struct stream_opened outcome;
	bool fin_after; /* end when all is sent */
	bool hold;      /* do not consume */
	bool good;      /* what came is the pattern */
};

/* The owner's calls; arg is a struct pair_peer. */
extern const struct stream_ops pair_peer_ops;

/* Start peer for pair, sending n bytes and then FIN if fin. */
void pair_peer_init(
    struct pair_peer *peer, struct pair *pair, uint64_t n, bool fin);

/* Open a stream to "target:80" owned by peer; *peer->stream may be NULL. */
void pair_open(struct pair *pair, struct pair_peer *peer, bool early);

/* Let peer own stream, which came by OPEN, and answer CODE_OK. */
void pair_accept(struct stream *stream, struct pair_peer *peer);

/* Consume all that peer held. */
void pair_consume(struct pair_peer *peer);

/* Return a number below n, the same row for the same seed. */
uint64_t pair_random(struct pair *pair, uint64_t n);

#endif
