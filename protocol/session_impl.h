/* SPDX-License-Identifier: ISC */
/*
 * session_impl: what session.c, sessionin.c, sessionout.c, sessiontext.c and
 * stream.c share and nobody else sees.
 *
 * A stream is in session->streams from its creation until it is dead: let go
 * of by its owner and owing no record.  One that is over and still held when
 * the session is freed lives on until its owner lets go.  Dead streams are
 * freed when the next call into the session begins, so every function here may
 * go on using a stream after a callback.  A stream can be found by number as
 * long as the peer may still say something about it.
 */
#ifndef INROAD_PROTOCOL_SESSION_IMPL_H
#define INROAD_PROTOCOL_SESSION_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/idmap.h"
#include "common/list.h"
#include "protocol/conduit.h"
#include "protocol/record.h"
#include "protocol/retain.h"
#include "protocol/schedule.h"
#include "protocol/seal.h"
#include "protocol/session.h"
#include "protocol/stream.h"
#include "protocol/window.h"

struct buf;
struct dgramqueue;
struct texts;

#define SESSION_NEVER UINT64_MAX

/* Control records that a stream owes. */
enum stream_debt {
	STREAM_OWES_OPEN = 1,
	STREAM_OWES_OPENED = 2,
	STREAM_OWES_RESET = 4,
	STREAM_OWES_WINDOW = 8,
};

struct stream {
	struct conduit conduit;       /* of which it is one */
	struct session *session;      /* NULL: freed; the stream is over */
	const struct stream_ops *ops; /* NULL: let go of by its owner */
	void *arg;
	uint32_t number;
	bool early;    /* opener: may send before the outcome is known */
	bool answered; /* the outcome is known and was good */
	bool ready;    /* the owner has something to send */
	bool tx_ended;
	bool rx_ended;
	bool dead;        /* in session->dead */
	bool held_fin;    /* acceptor: FIN came before the answer */
	struct buf *held; /* acceptor: bytes that came before it */
	unsigned debts;
	uint16_t reset_code;
	uint16_t reset_error;
	uint64_t tx_offset;
	uint64_t tx_limit;
	struct window window;
	struct dgramqueue *dgrams; /* an association's; NULL: it is none */
	uint8_t *letter; /* encoded payload of OPEN or OPENED, until sent */
	size_t letter_len;
	struct schedule_flow flow; /* waiting to send data */
	struct list all;           /* in session->streams or ->dead */
	struct list debtor;        /* in session->debtors */
	struct list held_back;     /* in session->held_back */
};

struct session {
	struct session_config config;
	struct seal tx;
	struct seal rx;
	struct retain retain;
	/*
	 * Number of the next record to be pulled: that of the next one sealed,
	 * or less while records are sent again.
	 */
	uint64_t resend;
	uint64_t acked;        /* by the last ACK that came */
	uint64_t awaited;      /* below this the peer owes an ACK */
	uint64_t stall_at;     /* when that is overdue */
	struct idmap *numbers; /* streams the peer may speak of */
	struct list streams;
	struct list dead;
	struct list debtors; /* streams that owe control records */
	/* Associations that wait until less is unacknowledged. */
	struct list held_back;
	uint64_t dgram_bytes; /* that wait, of all associations */
	uint64_t replay_end;  /* number behind what the peer sends again */
	struct schedule schedule;
	struct schedule_group group;
	struct texts *texts; /* NULL until the first message */
	bool text_last;      /* the record before was a TEXT */
	struct blob *spare;  /* allocated and not used by the last pull */
	uint32_t last_number;
	uint32_t count; /* in numbers */
	uint32_t alive; /* in streams, those that only owe records included */
	bool confirmed;
	bool paused; /* there is no way for records */
	bool closed;
	bool owes_close;
	bool owes_ack;
	bool owes_ping;
	bool owes_pong;
	bool starved; /* a pull failed for want of memory */
	enum code code;
	uint64_t pong_value;
	uint64_t ping_value;
	uint64_t rtt;
	uint64_t unacked; /* bytes received since the last ACK */
	uint64_t ack_deadline;
	uint64_t rekey_deadline;
	uint64_t rekey_counter;
	uint64_t now; /* of the last call that brought the time */
	struct session_stats stats;
};

/* Return how many bytes session may retain before it seals no more data. */
uint64_t session_cap(const struct session *session);

/* Return the messages of session, made with the first one; NULL: no memory. */
struct texts *session_texts(struct session *session);

/* Tell the owner of session that there is something to pull. */
void session_notify(struct session *session);

/* Free the streams that died since the last call. */
void session_bury(struct session *session);

/*
 * Return a new stream of session with this number, known by it, for protocol;
 * or NULL.
 */
struct stream *stream_new(
    struct session *session, uint32_t number, enum stream_protocol protocol);

/* Take stream, which is over, out of its session: its owner still holds it. */
void stream_orphan(struct stream *stream);

/* Free stream, whatever its state; not for use while a callback may see it. */
void stream_destroy(struct stream *stream);

/* Let stream owe a control record. */
void stream_owe(struct stream *stream, enum stream_debt debt);

/*
 * The sending half has ended, or the receiving one, or both: nothing more is
 * sent or accepted.  When both have, the number is forgotten.
 */
void stream_end_tx(struct stream *stream);
/* As stream_end_tx, the receiving half. */
void stream_end_rx(struct stream *stream);

/*
 * End both halves and tell the owner with code and error; with tell, the peer
 * too.
 */
void stream_break(struct stream *stream, enum code code, int error, bool tell);

/* Let stream die if nobody holds it and it owes nothing. */
void stream_settle(struct stream *stream);

/* Let stream take its turn in sending data if it can send. */
void stream_schedule(struct stream *stream);

/* Return how many bytes stream may send now. */
uint64_t stream_allowance(const struct stream *stream);

/* Return how many bytes may be retained before datagrams are held back. */
uint64_t session_dgram_cap(const struct session *session);

/*
 * Return true when data may be sealed.  While datagrams are held back it stops
 * where they do, or a busy stream would never let them go.
 */
bool session_has_room(const struct session *session);

/* Let the associations that were held back take their turn. */
void association_go_on(struct session *session);

/* Hold stream, an association whose turn it is, back until then. */
void association_hold_back(struct stream *stream);

/* There is no way for records: what waits to be sent is lost. */
void association_lose_all(struct session *session);

#endif
