/* SPDX-License-Identifier: ISC */
/*
 * link_impl: what the files of the link share and nobody else includes.
 *
 *	link.c       life: creation, states, the end
 *	linklive.c   whether the peer is still there
 *	linkgreet.c  the handshake and the login
 *	linkread.c   from the socket to frames to their handlers
 *	linkwrite.c  from control queue and channels to the socket
 *	linktcp.c    what it tells TCP and learns from it
 *	channel.c    channels, and credit at an endpoint
 *
 * An idle link holds its struct, an io and an empty idmap: no buffer, no
 * batch, no queue.  Those exist only while there is something in them.
 */
#ifndef INROAD_PROTOCOL_LINK_IMPL_H
#define INROAD_PROTOCOL_LINK_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/addr.h"
#include "common/list.h"
#include "common/loop.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/schedule.h"
#include "protocol/seal.h"

struct blob;
struct idmap;
struct io;

enum link_state {
	LINK_GREETING,   /* handshake */
	LINK_DISCARDING, /* relay: it failed; read on until the deadline */
	LINK_LOGIN, /* relay: its owner decides; endpoint: wait for RESULT */
	LINK_UP,
	LINK_LEAVING, /* last words are being written */
	LINK_CLOSED,
};

/* Payload of the control frames that are state: PING, PONG and CREDIT. */
#define LINK_SMALL_LEN 8

/* Something sealed, on its way to the socket. */
struct link_entry {
	/* A header, and the whole body of a frame with a small payload. */
	uint8_t bytes[LIMITS_FRAME_HEAD_LEN + SEAL_OVERHEAD + LINK_SMALL_LEN];
	uint8_t bytes_len;
	struct blob *body; /* the rest, or NULL; one reference */
};

/* What is sealed and not yet written, in order: a ring. */
struct link_batch {
	size_t first;
	size_t count;
	size_t bytes; /* of all entries, less .done */
	size_t done;  /* bytes of the first entry that are written */
	struct link_entry entries[LIMITS_LINK_BATCH_FRAMES];
};

/* A control frame in the queue. */
struct link_control {
	struct list node;
	enum frame_type type;
	uint32_t channel;
	struct blob *body; /* room for the seal, then the payload; or NULL */
};

struct link {
	struct loop *loop;
	struct io *io;
	const struct link_ops *ops;
	void *arg;
	const struct link_times *times;
	uint64_t id;
	struct addr peer;
	enum link_state state;
	bool is_relay;            /* we are the relay */
	enum linkhello_role role; /* of the endpoint */
	struct linkhello *hello;  /* until the login is decided */
	uint64_t since; /* what the deadline of the state counts from */
	uint32_t
	    spread; /* of RESULT, for GOAWAY: seconds over which to return */

	/* Receiving. */
	struct seal rx;
	uint8_t *rest; /* received, not yet whole; NULL when rest_len is 0 */
	size_t rest_len;
	struct frame_head head; /* of the frame whose body is awaited */
	bool has_head;
	uint64_t heard; /* time of the last sign of life */
	uint64_t asked; /* when PING was sent since then, 0: it was not */
	uint64_t received;

	/* Sending. */
	struct seal tx;
	uint64_t tx_frames; /* under the present key */
	uint64_t tx_since;  /* first use of it */
	uint64_t sent;
	uint64_t carried;         /* when a channel last sent; 0: never */
	struct link_batch *batch; /* NULL when empty */
	struct loop_task task;
	bool blocked; /* the socket is full: wait for IO_WRITABLE */
	bool shut;    /* LEAVING: all is written, the peer was told so */
	bool hurry;   /* LEAVING: channels send no more */
	bool ping_due;
	bool pong_due;
	uint8_t pong[LINK_SMALL_LEN];
	struct link_control *farewell; /* LEAVING: GOAWAY, to be sent last */
	struct list controls;          /* of struct link_control */
	size_t controls_bytes;
	bool wants_room;     /* its owner waits for it */
	uint32_t since_room; /* bytes of channels since it had it */
	struct list credits; /* channels whose CREDIT is to be sent */
	struct schedule schedule;
	struct schedule_group group; /* of channels without one */
	struct idmap *channels;

	/* The end. */
	bool doomed; /* close with the following at the end of the iteration */
	enum code code;
	char *text; /* NULL for the summary of code */
	uint32_t retry_after;

	/* Round trips: as PONG tells, and as the kernel does. */
	uint64_t pinged;   /* when the last PING was sent */
	uint64_t pong_rtt; /* the least that one took, 0: none yet */
	uint64_t rtt;      /* of the kernel, as of .rtt_time */
	uint64_t rtt_time;
	uint64_t rate_time; /* when it was asked for the rate */
	uint32_t lowat;     /* unsent bytes in it, and the most of one batch */
};

struct channel {
	struct schedule_flow flow;
	struct list credit_node; /* in link->credits */
	struct link *link;
	const struct channel_ops *ops;
	void *arg;
	uint32_t id;
	bool ready; /* pull() may yield something */
	bool dead;  /* forgotten; memory waits for the end of the iteration */
	uint64_t sent;   /* wire bytes of CARRY frames */
	uint64_t limit;  /* a frame may begin below this offset */
	uint64_t credit; /* offset that the peer is to be told */
};

/* --- link.c -------------------------------------------------------------- */

/* Move link to state, which must be a legal step, and set its timer. */
void link_move(struct link *link, enum link_state state);

/* Return true while frames are read and handled. */
bool link_takes_frames(const struct link *link);

/*
 * Set the timer to the deadline of the state.  What is received moves the
 * deadline but not the timer, which would cost a heap operation each time: a
 * timer that comes too early is set again.
 */
void link_set_timer(struct link *link);

/* Tell the io of link what events are of use now. */
void link_want(struct link *link);

/* Close link as link_close() does, with a pause for who would come back. */
void link_end(
    struct link *link, enum code code, const char *text, uint32_t retry_after);

/* Close link at the end of the iteration, for use far from its owner. */
void link_doom(struct link *link, enum code code, const char *text);

/* Close link because the peer broke the protocol; what says how. */
void link_violation(struct link *link, const char *what);

/* The socket ended (n is 0) or broke (IO_FAIL): close link. */
void link_lost(struct link *link, ssize_t n);

/* --- linklive.c ---------------------------------------------------------- */

/* Return when a link that is up is to be asked for life, or is dead. */
uint64_t linklive_deadline(const struct link *link);

/* That time has come. */
void linklive_timeout(struct link *link);

/* The peer gave a sign of life. */
void linklive_heard(struct link *link);

/* A channel sent something, whose loss would be noticed. */
void linklive_carried(struct link *link);

/* --- linkgreet.c --------------------------------------------------------- */

/* Begin: an endpoint sends message 1. */
void linkgreet_start(struct link *link);

/* The handshake is not needed any more. */
void linkgreet_over(struct link *link);

/* Read what is there of the message that is due. */
void linkgreet_read(struct link *link);

/* The deadline of handshake or login is over. */
void linkgreet_timeout(struct link *link);

/* The peer closed or broke the socket before the handshake was through. */
void linkgreet_lost(struct link *link, ssize_t n);

/* Endpoint: take the payload of RESULT, the first frame. */
void linkgreet_result(struct link *link, const uint8_t *payload, size_t len);

/* --- linkread.c ---------------------------------------------------------- */

/* Read what is there and handle the frames in it. */
void linkread_ready(struct link *link);

/* Free what is kept for later. */
void linkread_free(struct link *link);

/* --- linkwrite.c --------------------------------------------------------- */

/* The task of a link: gather what there is to send and write it. */
void linkwrite_flush(void *arg);

/* Let linkwrite_flush() run at the end of this iteration, if it can write. */
void linkwrite_soon(struct link *link);

/* The socket takes bytes again. */
void linkwrite_writable(struct link *link);

/* Queue the len bytes of a handshake message; 0, or -1 without memory. */
int linkwrite_raw(struct link *link, const uint8_t *data, size_t len);

/* Queue a control frame; 0, or -1 when the queue is full or memory short. */
int linkwrite_control(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len);

/* Queue GOAWAY behind everything else; as linkwrite_control() otherwise. */
int linkwrite_farewell(struct link *link, const uint8_t *payload, size_t len);

/* Free what is queued. */
void linkwrite_free(struct link *link);

/* --- linktcp.c ----------------------------------------------------------- */

/* Set the options of the socket. */
void linktcp_init(struct link *link);

/* Return true when the peer has not acknowledged all that we wrote. */
bool linktcp_is_undelivered(const struct link *link);

/* Let the unsent bytes follow the rate; called when the socket is full. */
void linktcp_tune(struct link *link);

/*
 * Return how many unsent bytes a path of rate bytes a second is to have, 0 for
 * not known: LIMITS_NOTSENT_TIME within the bounds of limits.h.
 */
uint32_t linktcp_lowat(uint64_t rate);

/* --- channel.c ----------------------------------------------------------- */

/* Return the channel of link with number id, or NULL. */
struct channel *channel_find(struct link *link, uint32_t id);

/* Return the channel that flow belongs to. */
struct channel *channel_of_flow(struct schedule_flow *flow);

/* Return true when channel may send a frame now. */
bool channel_may_send(const struct channel *channel);

/* Endpoint: the relay lets channel send up to offset. */
void channel_credited(struct channel *channel, uint64_t offset);

/* Forget channel and tell its owner why. */
void channel_end(struct channel *channel, enum code code, const char *text);

#endif
