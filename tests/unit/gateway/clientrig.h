/* SPDX-License-Identifier: ISC */
/*
 * clientrig: clients of a gateway with everything around them in the hands of
 * a test.
 *
 * In front is a real pool with real sockets on loopback.  Behind it the rig
 * takes the place of gateway/reach: it defines the same functions, decides what
 * they say, and gives out conduits whose far ends are the test.  So no session,
 * link or relay is needed, and every order of events can be made.
 *
 * A far end pulls as a session does: at the end of a turn of the loop, when its
 * owner said that it is ready, and no more than it has room for.
 *
 * Functions that return nothing fail the test when they fail.
 */
#ifndef INROAD_TESTS_UNIT_GATEWAY_CLIENTRIG_H
#define INROAD_TESTS_UNIT_GATEWAY_CLIENTRIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/loop.h"
#include "gateway/client.h"
#include "gateway/reach.h"
#include "protocol/conduit.h"

struct clientrig;

/* Conduits that one test may open, and bytes that are kept of each. */
#define CLIENTRIG_FARS_MAX 16
#define CLIENTRIG_KEPT_MAX ((size_t)1 << 20)

/* Ways that may be looked for at a time. */
#define CLIENTRIG_REACHES_MAX 8

/* The far end of a conduit, and what it got. */
struct clientrig_far {
	struct conduit conduit;
	struct clientrig *rig;
	const struct stream_ops *ops;
	void *arg;
	struct loop_task pull;
	size_t room;    /* bytes that it may pull */
	size_t chunk;   /* of these at once; 0: as a record holds */
	uint8_t *bytes; /* that were pulled */
	size_t len;
	uint64_t said;     /* bytes given to the owner */
	uint64_t consumed; /* of these: that the owner has used */
	bool early;        /* bytes may go before the outcome is known */
	bool told;         /* the outcome is */
	bool ended;        /* the owner's half did */
	bool over;         /* the far half did */
	bool released;     /* the owner let go */
	enum code code;    /* and said why */
};

/* What a way that is looked for leads to. */
enum clientrig_way {
	CLIENTRIG_AT_ONCE, /* code is said at once */
	CLIENTRIG_LATER,   /* when clientrig_arrive() says so */
};

/* A way that is looked for. */
struct reach {
	struct clientrig *rig;
	reach_done *done; /* NULL when it is not used */
	void *arg;
};

struct clientrig {
	struct loop *loop;
	struct reach_space space;
	struct reach_space outside;
	struct client_pool pool;
	struct failures *failures;
	struct meter *meter;
	int fd;      /* the client's socket; -1 once it is closed */
	int ends;    /* clients that ended */
	int reaches; /* ways that were looked for */
	int cancelled;
	struct proxy_target asked; /* of the last of them */
	bool asked_outside;
	enum clientrig_way way;
	enum code code; /* what reaching says */
	const char *text;
	bool direct; /* it leads to direct_to, and no conduit does */
	struct addr direct_to;
	bool no_conduit; /* there are too many */
	bool held;       /* far ends have no room at first */
	struct reach waiting[CLIENTRIG_REACHES_MAX];
	struct clientrig_far fars[CLIENTRIG_FARS_MAX];
	size_t far_count;
	uint8_t *bytes; /* that the client got and no test has looked at */
	size_t len;
	bool end;  /* the client read an end */
	int error; /* or an error */
};

/* Make *rig a pool with room for many, without a gate, and no client. */
void clientrig_open(struct clientrig *rig);

/* End all clients, look that nothing is left behind, and free. */
void clientrig_close(struct clientrig *rig);

/* End all clients and forget their conduits, so that a test can begin anew. */
void clientrig_again(struct clientrig *rig);

/* Connect a client; forward may be NULL.  The one before is forgotten. */
void clientrig_connect(
    struct clientrig *rig, const struct proxy_target *forward);

/* Let what is ready happen, several turns of the loop. */
void clientrig_settle(struct clientrig *rig);

/* --- the client -------------------------------------------------------- */

/* Send len bytes and let them be acted on. */
void clientrig_send(struct clientrig *rig, const void *data, size_t len);
/* As clientrig_send, a text. */
void clientrig_say(struct clientrig *rig, const char *text);

/* End the client's half, close its socket, or close it so that it resets. */
void clientrig_shut(struct clientrig *rig);
/* As clientrig_shut, all of it. */
void clientrig_leave(struct clientrig *rig);
/* As clientrig_leave, with a reset. */
void clientrig_break(struct clientrig *rig);

/* Wait for exactly these bytes to come next. */
void clientrig_expect(struct clientrig *rig, const void *data, size_t len);
/* As clientrig_expect, a text. */
void clientrig_expect_text(struct clientrig *rig, const char *text);

/* See that nothing came and nothing ended. */
void clientrig_expect_nothing(struct clientrig *rig);

/* Wait for a clean end with nothing before it. */
void clientrig_expect_end(struct clientrig *rig);

/* Wait for a reset with nothing before it. */
void clientrig_expect_reset(struct clientrig *rig);

/*
 * Wait for an answer of our own with that status, words in it, and a clean end
 * behind.
 */
void clientrig_expect_page(
    struct clientrig *rig, unsigned status, const char *words);

/* Wait until the pool has count clients. */
void clientrig_expect_clients(struct clientrig *rig, uint32_t count);

/* The newest client, whose insides a test may look at; NULL without one. */
struct client *clientrig_client(struct clientrig *rig);

/* Let the time be over that the client has for what it does. */
void clientrig_hurry(struct clientrig *rig);

/* Return how many requests in dialect ended with code. */
uint64_t clientrig_outcomes(
    const struct clientrig *rig, enum dialect dialect, enum code code);

/* --- behind the gateway ------------------------------------------------ */

/* The way that waited longest is found, or not, as rig->code says. */
void clientrig_arrive(struct clientrig *rig);

/* Return the newest conduit; there is one. */
struct clientrig_far *clientrig_far(struct clientrig *rig);

/* Tell that the conduit is open, or, with another code, why not. */
void clientrig_open_far(struct clientrig_far *far, enum code code);

/* Say text, or len bytes, to the client. */
void clientrig_far_say(struct clientrig_far *far, const char *text);
/* As clientrig_far_say, any bytes. */
void clientrig_far_send(
    struct clientrig_far *far, const void *data, size_t len);

/* End the far half, or both with code. */
void clientrig_far_fin(struct clientrig_far *far);
/* As clientrig_far_fin, both halves. */
void clientrig_far_reset(struct clientrig_far *far, enum code code);

/* Give far room for n bytes. */
void clientrig_far_room(struct clientrig_far *far, size_t n);

/* Wait for exactly text to have come, and forget it. */
void clientrig_far_expect(struct clientrig_far *far, const char *text);

/* Wait for the owner to end its half with nothing more to say. */
void clientrig_far_expect_fin(struct clientrig_far *far);

/* Wait for the owner to let go, for the reason code. */
void clientrig_far_expect_release(struct clientrig_far *far, enum code code);

/* See that the owner is there and has nothing to say. */
void clientrig_far_expect_nothing(struct clientrig_far *far);

#endif
