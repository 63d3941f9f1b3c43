/* SPDX-License-Identifier: ISC */
/*
 * uplink: keeps an endpoint linked to one of its relays.
 *
 * Resolves the relay's addresses, dials, greets and logs in.  When the link is
 * lost it goes round the relays, beginning with the same one, as a restart or a
 * change of network is what happens most, and with the next one if the link was
 * so young that the relay itself may be the fault.  Each is tried at once; when
 * all failed it waits, with full jitter up to a minute or as long as the relays
 * asked for, and the next round begins with the preferred one.  A refusal that
 * time does not heal (revoked, expired, used, other key …) is tried again
 * slowly; what any relay of a round says for good is what the round came to.
 *
 *   RESOLVING -> DIALLING -> GREETING -> UP -> WAITING -> RESOLVING …
 *
 * The owner gets `up` and `down` in strict alternation after the first round;
 * `down` may come without an `up` before it (a round that failed).
 *
 * An uplink that is pinned knows one relay only.
 */
#ifndef INROAD_PROTOCOL_UPLINK_H
#define INROAD_PROTOCOL_UPLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/link.h"

struct loop;
struct membership;
struct relaylist;
struct resolver;
struct uplink;

/* What an uplink tells its owner. */
struct uplink_ops {
	/* The link is up. */
	void (*up)(
	    struct link *link, const struct linkmsg_result *result, void *arg);
	/* A control frame came; see struct link_ops. */
	void (*frame)(struct link *link, enum frame_type type, uint32_t channel,
	    const uint8_t *payload, size_t len, void *arg);
	/*
	 * Somebody waits for a link: the next attempt is no more than
	 * LIMITS_URGENT_WAIT away.  NULL: nobody ever does.
	 */
	bool (*is_urgent)(void *arg);
	/* There is no link; the next attempt is retry_ns away. */
	void (*down)(
	    enum code code, const char *text, uint64_t retry_ns, void *arg);
};

struct uplink_config {
	const struct membership *membership; /* outlives the uplink */
	const struct relaylist *relays;      /* likewise; it may grow */
	size_t relay;                        /* which of them to try first */
	bool pinned;                         /* and no other */
	const uint8_t *public_key;           /* the device's; outlives */
	const uint8_t *secret_key;           /* likewise */
	const uint8_t *boot_id;              /* 16 bytes; outlives */
	uint64_t good_age; /* see uplink.c; 0: the default, but for tests */
	const struct uplink_ops *ops;
	void *arg;
};

/* Return an uplink that is idle, or NULL. */
struct uplink *uplink_new(struct loop *loop, struct resolver *resolver,
    const struct uplink_config *config);

/* Close the link without a call of `down`, and free; NULL is allowed. */
void uplink_free(struct uplink *uplink);

/* Start to connect, or begin a round now when waiting. */
void uplink_start(struct uplink *uplink);

/* Say GOAWAY and stay down. */
void uplink_stop(struct uplink *uplink, enum code code, const char *text);

/*
 * Let go of the link, if any, with GOAWAY, and connect no sooner than in ns:
 * this relay is reached by another way, as text says.
 */
void uplink_park(struct uplink *uplink, uint64_t ns, const char *text);

/*
 * Another uplink lost its link, and there is no more: a pause that is under way
 * ends soon, unless time does not heal what it is for.
 */
void uplink_hurry(struct uplink *uplink);

/* Keep to the relay in use from now on, or (false) to none. */
void uplink_pin(struct uplink *uplink, bool pinned);

/* Hand uplink to another owner. */
void uplink_set_owner(
    struct uplink *uplink, const struct uplink_ops *ops, void *arg);

/* Return which of the relays is in use or was tried last. */
size_t uplink_relay(const struct uplink *uplink);

/* Return true while an attempt is under way. */
bool uplink_is_trying(const struct uplink *uplink);

/* Return the link when it is up, else NULL. */
struct link *uplink_link(struct uplink *uplink);

/* What people want to know. */
struct uplink_status {
	bool up;
	char relay[256];            /* "host:port" in use or tried last */
	uint64_t since_ns;          /* up or down since then */
	uint64_t retry_ns;          /* when down: time of the next attempt */
	enum code code;             /* when down: why */
	char text[LIMITS_TEXT_LEN]; /* likewise, in words */
	uint64_t rtt_ns;            /* 0 when unknown */
	uint64_t replaced_ns;       /* another link took over then; 0: never */
	char replaced_text[LIMITS_TEXT_LEN]; /* what the relay said then */
};

/* Fill *out. */
void uplink_get_status(struct uplink *uplink, struct uplink_status *out);

#endif
