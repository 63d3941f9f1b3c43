/* SPDX-License-Identifier: ISC */
/*
 * link: one connection between an endpoint and a relay (PROTOCOL.md sections
 * 3 to 6), on a real socket.
 *
 * A link takes a connected socket through the handshake and then carries
 * frames: control frames for its owner, and CARRY bodies for its channels.
 *
 *   GREETING --message 3 verified--> LOGIN --RESULT OK--> UP --> CLOSED
 *       \______________________________\___________________/
 *                    any failure, deadline or close
 *
 * Two states lie in between: a relay that is greeted with garbage reads and
 * discards until the deadline (DISCARDING), and whoever refuses or says GOAWAY
 * first writes that (LEAVING).
 *
 * Sending: control frames first, in order; PONG and CREDIT are state and
 * replace their own elder.  Then channels by deficit round robin, each asked
 * for its next body only when the socket can take it.  What an owner has that
 * is too long for the queue it sends in parts when there is room for them, as
 * one frame in five while channels have something, without delay otherwise.
 * Output is gathered and written once per loop iteration.
 *
 * Liveness, REKEY, PING and PONG, TCP options and credit arithmetic of the
 * endpoint are handled here; nobody above sees them.
 *
 * link_close() is the one teardown: from any state, `down` runs at most once,
 * every channel is told by `detached`, and memory is freed by the loop.
 * Callbacks may call anything here.
 */
#ifndef INROAD_PROTOCOL_LINK_H
#define INROAD_PROTOCOL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/frame.h"
#include "protocol/linkhello.h"
#include "protocol/linkmsg.h"

struct addr;
struct blob;
struct channel;
struct link;
struct loop;
struct schedule_group;

/*
 * What a link tells its owner.  Any of them may be NULL.  Payloads (and bodies
 * given to a channel) lie in the scratch memory of the loop (loop_scratch()):
 * they live until the callback returns, and the callback must not use that
 * memory otherwise.
 */
struct link_ops {
	/*
	 * Relay: message 3 is verified; key is the device's public key.
	 * Answer now or later by link_admit() or link_refuse().
	 */
	void (*login)(struct link *link, const struct linkhello_login *login,
	    const uint8_t key[32], void *arg);
	/* Endpoint: the relay let us in. */
	void (*up)(
	    struct link *link, const struct linkmsg_result *result, void *arg);
	/*
	 * A control frame that is not the link's own business: NOTICE, HOSTS,
	 * ATTACH, ATTACHED, INVITE or INVITED.  Direction, channel and length
	 * are right by frames.def; the payload is not looked at.
	 */
	void (*frame)(struct link *link, enum frame_type type, uint32_t channel,
	    const uint8_t *payload, size_t len, void *arg);
	/*
	 * The link is over, whoever ended it; text says why and is never NULL.
	 * retry_after is in seconds, 0 when the peer did not ask for a pause:
	 * after a refusal the pause, after a GOAWAY the time over which to
	 * spread the return.
	 */
	void (*down)(struct link *link, enum code code, const char *text,
	    uint32_t retry_after, void *arg);
	/*
	 * After link_ask_room(): no control frame waits any more and the socket
	 * takes one.  It may send the next part of what is long, and ask again.
	 */
	void (*room)(struct link *link, void *arg);
};

/* What a channel tells its owner.  Any of them may be NULL. */
struct channel_ops {
	/*
	 * Return the next body to send with one reference, of a length that
	 * CARRY may have, or NULL: then channel_ready() tells of the next one.
	 */
	struct blob *(*pull)(void *arg);
	/* A body of len bytes came; it may be changed in place. */
	void (*carry)(void *arg, uint8_t *body, size_t len);
	/*
	 * The peer ended the channel or the link is gone.  The channel is
	 * forgotten when this returns: do not use it any more.
	 */
	void (*detached)(void *arg, enum code code, const char *text);
};

/* Times in nanoseconds and a count, for tests that cannot wait. */
struct link_times {
	uint64_t handshake;   /* LIMITS_HANDSHAKE_TIME */
	uint64_t quiet;       /* LIMITS_LINK_QUIET */
	uint64_t dead;        /* LIMITS_LINK_DEAD */
	uint64_t busy;        /* LIMITS_LINK_BUSY; 0: no link is */
	uint64_t busy_quiet;  /* LIMITS_LINK_BUSY_QUIET */
	uint64_t busy_dead;   /* LIMITS_LINK_BUSY_DEAD */
	uint64_t leave;       /* LIMITS_LINK_LEAVE */
	uint64_t rekey;       /* LIMITS_REKEY_TIME */
	uint64_t rekey_count; /* LIMITS_REKEY_COUNT */
};

/* How a relay greets. */
struct link_relay_config {
	const uint8_t *public_key; /* 32 bytes, copied */
	const uint8_t *secret_key; /* copied, wiped */
	/* NULL for those of limits.h; outlives the link. */
	const struct link_times *times;
};

/* How an endpoint greets. */
struct link_endpoint_config {
	enum linkhello_role role;
	const uint8_t *relay_key;            /* 32 bytes, pinned; copied */
	const uint8_t *public_key;           /* the device's; copied */
	const uint8_t *secret_key;           /* copied, wiped */
	const struct linkhello_login *login; /* copied, wiped */
	/* NULL for those of limits.h; outlives the link. */
	const struct link_times *times;
};

/*
 * Take over fd, an accepted socket, as a relay.  Returns NULL when memory is
 * short; fd is then still the caller's.
 */
struct link *link_accept(struct loop *loop, int fd,
    const struct link_relay_config *config, const struct link_ops *ops,
    void *arg);

/* Take over fd, a connected socket, as an endpoint; otherwise likewise. */
struct link *link_connect(struct loop *loop, int fd,
    const struct link_endpoint_config *config, const struct link_ops *ops,
    void *arg);

/* Hand link to another owner. */
void link_set_owner(struct link *link, const struct link_ops *ops, void *arg);

/* Relay: let the device in; RESULT is sent and the link is up. */
void link_admit(struct link *link, const struct linkmsg_result *result);

/*
 * Relay: refuse the login with code, text and a pause in seconds; the link
 * closes when that is written, two seconds later at the latest.
 */
void link_refuse(
    struct link *link, enum code code, const char *text, uint32_t retry_after);

/*
 * Queue a control frame.  Returns 0, or -1 when the link is not up; when
 * frames.def does not allow the frame, which is then dropped and logged; or
 * when the queue is full or memory short: the link then closes at the end of
 * the iteration.
 */
int link_send(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len);

/*
 * Have `room` run once, later, when there is room for a control frame; not on a
 * link that is not up.  Asking again before it ran changes nothing.
 */
void link_ask_room(struct link *link);

/*
 * Write what is queued and what channels have, say GOAWAY with code and text,
 * and close two seconds later at the latest; channels get half of that time.
 * Nothing is received any more.  A link that is not up is closed at once.
 */
void link_goaway(struct link *link, enum code code, const char *text);

/* Relay: let GOAWAY say that many seconds, instead of those of RESULT. */
void link_set_spread(struct link *link, uint32_t spread);

/* Close now; NULL is allowed.  `down` runs unless it did before. */
void link_close(struct link *link, enum code code, const char *text);

/* Return true when frames can be sent. */
bool link_is_up(const struct link *link);

/* Return what the endpoint is: known once it logs in. */
enum linkhello_role link_role(const struct link *link);

/* Return the address of the peer. */
const struct addr *link_peer(const struct link *link);

/*
 * Return the minimum round trip in nanoseconds, 0 when it is not known: the
 * greater of what the kernel knew of the socket within the last second and of
 * what a PING took, of which a relay sends one with the first channel.
 */
uint64_t link_rtt(struct link *link);

/* Return a number that is unique in this process, for logs. */
uint64_t link_id(const struct link *link);

/* Return wire bytes sent and received. */
uint64_t link_sent(const struct link *link);
/* As link_sent, the other direction. */
uint64_t link_received(const struct link *link);

/*
 * Return a new channel number id (not 0, never used before on link by the
 * caller's doing), scheduled in group (NULL: the link's own group), or NULL
 * when it exists, the link is not up, or memory is short.  group outlives the
 * channel and has channels of this link only.  CARRY, CREDIT and DETACH for a
 * number without a channel are ignored.
 */
struct channel *channel_new(struct link *link, uint32_t id,
    struct schedule_group *group, const struct channel_ops *ops, void *arg);

/* Hand channel to another owner. */
void channel_set_owner(
    struct channel *channel, const struct channel_ops *ops, void *arg);

/* State that pull() would now yield something; counts inside pull(), too. */
void channel_ready(struct channel *channel);

/* Relay: tell the peer that it may send up to offset on channel. */
void channel_credit(struct channel *channel, uint64_t offset);

/* Tell the peer that channel ends with code and text, and forget it. */
void channel_detach(struct channel *channel, enum code code, const char *text);

/* Relay: likewise, the end being the word of the endpoint in the role by. */
void channel_detach_by(struct channel *channel, enum linkhello_role by,
    enum code code, const char *text);

/* Forget channel without a word; NULL is allowed. */
void channel_free(struct channel *channel);

/* Return the number of channel on its link; also inside `detached`. */
uint32_t channel_id(const struct channel *channel);

/* Return the link of channel; also inside `detached`. */
struct link *channel_link(const struct channel *channel);

#endif
