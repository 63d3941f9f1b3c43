/* SPDX-License-Identifier: ISC */
/*
 * uplink: keeps an endpoint linked to its relay.
 *
 * Resolves the relay's addresses, dials, greets and logs in; when the link is
 * lost it tries again: at once the first time, then with full jitter up to a
 * minute, or after the pause that the relay asked for.  A refusal that time
 * does not heal (revoked, expired, used, other key …) is tried again slowly
 * and told to the owner each time.
 *
 *   RESOLVING -> DIALLING -> GREETING -> UP -> WAITING -> RESOLVING …
 *
 * The owner gets `up` and `down` in strict alternation after the first
 * attempt; `down` may come without an `up` before it (an attempt that failed).
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
	const uint8_t *public_key;           /* the device's; outlives */
	const uint8_t *secret_key;           /* likewise */
	const uint8_t *boot_id;              /* 16 bytes; outlives */
	const struct uplink_ops *ops;
	void *arg;
};

/* Return an uplink that is idle, or NULL. */
struct uplink *uplink_new(struct loop *loop, struct resolver *resolver,
    const struct uplink_config *config);

/* Close the link without a call of `down`, and free; NULL is allowed. */
void uplink_free(struct uplink *uplink);

/* Start to connect, or do so now when waiting (the membership changed). */
void uplink_start(struct uplink *uplink);

/* Say GOAWAY and stay down. */
void uplink_stop(struct uplink *uplink, enum code code, const char *text);

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
