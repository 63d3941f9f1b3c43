/* SPDX-License-Identifier: ISC */
/*
 * limits: every bound of the protocol in one place, each with its reason.
 *
 * Sizes are bytes, times nanoseconds unless the name says otherwise.
 */
#ifndef INROAD_PROTOCOL_LIMITS_H
#define INROAD_PROTOCOL_LIMITS_H

#include <stdint.h>

#define LIMITS_MSEC UINT64_C(1000000)
#define LIMITS_SEC UINT64_C(1000000000)

/* The version of the protocol that this code speaks. */
#define LIMITS_PROTOCOL_VERSION 1

/* --- sizes of the wire ------------------------------------------------- */

/* Poly1305. */
#define LIMITS_TAG_LEN 16

/*
 * A frame header on the wire: tag, then type, flags, length and channel.
 * Sealed by itself, so that a relay opens 24 bytes and copies the rest.
 */
#define LIMITS_FRAME_HEAD_LEN 24
#define LIMITS_FRAME_PLAIN_LEN 8

/* A record header, sealed together with its payload. */
#define LIMITS_RECORD_HEAD_LEN 8

/*
 * Most payload of one record.  Measured: larger records gain nothing, smaller
 * ones cost a system call and two seals more per byte; and 16 KiB is what a
 * keystroke waits for at most when it is behind one record.
 */
#define LIMITS_RECORD_PAYLOAD_MAX 16384

/* A whole record on the wire, tag included. */
#define LIMITS_RECORD_MAX                                                      \
	(LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN + LIMITS_RECORD_PAYLOAD_MAX)

/* Most payload of a control frame: a page of the host list. */
#define LIMITS_CONTROL_MAX 16384

/* Most payload of RESULT: eight relays with the longest names, and texts. */
#define LIMITS_RESULT_MAX 4096

/* A frame's body on the wire can be no longer than this. */
#define LIMITS_FRAME_BODY_MAX (LIMITS_RECORD_MAX)

/* --- names ------------------------------------------------------------- */

/* One DNS label and its terminator. */
#define LIMITS_LABEL_LEN 64

/* A target name as DNS allows it and its terminator. */
#define LIMITS_NAME_LEN 256

/* Text that explains an outcome, and its terminator. */
#define LIMITS_TEXT_LEN 256

/*
 * Agents under one name, numbered 0, 2, 3 ... up to this.  A gateway has a
 * session with each that it uses; who needs more wants something in front of
 * them that knows what they do.
 */
#define LIMITS_REPLICAS_MAX 16

/* --- link -------------------------------------------------------------- */

/*
 * A peer that has not logged in holds a descriptor and a kilobyte: it gets as
 * long as a slow mobile link needs for two round trips.
 */
#define LIMITS_HANDSHAKE_TIME (10 * LIMITS_SEC)

/*
 * Longest pause between two attempts to link while sessions wait for it: in a
 * grace time of two minutes that is two dozen attempts.
 */
#define LIMITS_URGENT_WAIT (5 * LIMITS_SEC)

/*
 * Quiet for QUIET: ask.  Quiet for DEAD: dead, but never sooner after asking
 * than the difference of both.  A link that carried something within the last
 * BUSY has people who wait at it, and nobody pays for a radio that wakes once
 * more: there the other pair counts.
 */
#define LIMITS_LINK_QUIET (20 * LIMITS_SEC)
#define LIMITS_LINK_DEAD (45 * LIMITS_SEC)
#define LIMITS_LINK_BUSY (30 * LIMITS_SEC)
#define LIMITS_LINK_BUSY_QUIET (10 * LIMITS_SEC)
#define LIMITS_LINK_BUSY_DEAD (30 * LIMITS_SEC)

/*
 * A device that was replaced comes back after this time and up to as much
 * again: two machines with one key would else replace each other for ever, as
 * fast as they can.  People are told for a while after the last time, which is
 * several rounds of such a fight.
 */
#define LIMITS_REPLACED_WAIT (30 * LIMITS_SEC)
#define LIMITS_REPLACED_TOLD (600 * LIMITS_SEC)

/* Last words (GOAWAY, a refusal) are written and read within this time. */
#define LIMITS_LINK_LEAVE (2 * LIMITS_SEC)

/* Unacknowledged bytes end a connection after this many milliseconds. */
#define LIMITS_TCP_USER_TIMEOUT_MS 30000

/*
 * Keys are replaced after this many frames or records, or this time: bounds
 * what one leaked key opens.  The 64-bit counters themselves never run out.
 */
#define LIMITS_REKEY_COUNT (UINT64_C(1) << 20)
#define LIMITS_REKEY_TIME (LIMITS_SEC * 15 * 60)

/*
 * Unsent bytes in the kernel.  What is there can no longer be overtaken, so
 * it is kept short; a keystroke beside bulk traffic waits behind it.  On slow
 * paths it is what is sent within this time, but never less than a record.
 */
#define LIMITS_NOTSENT_LOWAT 131072
#define LIMITS_NOTSENT_TIME (10 * LIMITS_MSEC)
#define LIMITS_NOTSENT_MIN 16384

/*
 * Frames sealed but not yet written: one batch for writev, of no more bytes
 * than may lie unsent in the kernel.  Bounds the iovec on the stack.
 */
#define LIMITS_LINK_BATCH_FRAMES 32

/* Written in one turn of the loop before others get theirs: about 1 ms. */
#define LIMITS_LINK_TURN 1048576

/*
 * Control frames waiting to be written.  Most control output is state and
 * does not queue; a peer that makes us queue more than this does not read.
 */
#define LIMITS_LINK_CONTROL_MAX 1048576

/*
 * Bytes of channels that go before the owner of a link is asked for one more
 * part of what is long: four records before a page of hosts.  A keystroke waits
 * no longer for it than behind one record, and the list of 50,000 hosts takes a
 * fifth of a busy link.
 */
#define LIMITS_LINK_ROOM_GAP 65536

/* --- channels and credit ------------------------------------------------ */

/* Channels of one link at a relay. */
#define LIMITS_CHANNELS_MAX 4096

/*
 * Channels that a relay opens towards a gateway have this bit in their number;
 * those that the gateway opens have not, so that both choose freely.
 */
#define LIMITS_CHANNEL_CALLED UINT32_C(0x80000000)

/* What may be sent on a new channel before the first CREDIT. */
#define LIMITS_CREDIT_START 65536

/* Bounds of the credit above what was drained. */
#define LIMITS_CREDIT_MIN 16384
#define LIMITS_CREDIT_MAX (UINT64_C(16) << 20)

/*
 * What a queued record costs beside its wire bytes: two small allocations, less
 * the frame's header, which is not kept.  43 bytes at most with the allocator
 * of glibc, so that a flood of the shortest records costs what it is counted
 * as.
 */
#define LIMITS_QUEUE_OVERHEAD 64

/* Queueing that a channel may have on top of its round trip. */
#define LIMITS_CREDIT_SLACK (30 * LIMITS_MSEC)

/* Shortest interval over which a drain rate is measured. */
#define LIMITS_CREDIT_INTERVAL (20 * LIMITS_MSEC)

/* --- session ------------------------------------------------------------ */

/* Sealed records kept until acknowledged, a session. */
#define LIMITS_RETAIN_MAX (UINT64_C(8) << 20)

/* Sealed records kept by all sessions of a process together. */
#define LIMITS_RETAIN_BUDGET (UINT64_C(64) << 20)

/*
 * What a session may keep when that is used up: two records of data, so that
 * every one goes on, if slowly.
 */
#define LIMITS_RETAIN_MIN 32768

/* How far control records may exceed it, or two busy directions deadlock. */
#define LIMITS_RETAIN_SLACK 65536

/* Bytes received before an ACK is owed, and how late it may be. */
#define LIMITS_ACK_BYTES 262144
#define LIMITS_ACK_DELAY (1 * LIMITS_SEC)

/* A session that is older takes no new streams; a fresh one opens beside it. */
#define LIMITS_SESSION_AGE (LIMITS_SEC * 86400)

/*
 * How long a session outlives its link, and how long requests wait for it.  A
 * relay that is restarted, a network that changes and a laptop that is carried
 * to the next room take less; whoever waits for a page gives up after about ten
 * seconds.
 */
#define LIMITS_GRACE (120 * LIMITS_SEC)
#define LIMITS_RESTORE_WAIT (10 * LIMITS_SEC)

/*
 * Records that the peer owes an acknowledgement and for which none came for
 * this long: the way is blocked though the link lives.  An honest peer takes a
 * second, and a path that takes longer than this to move two records is dead.
 */
#define LIMITS_STALL (30 * LIMITS_SEC)

/*
 * Channels in a row on which not even the first record opens.  A path that
 * corrupts often moves something each time; here nothing can move any more.
 * Three were too few: of a path with a flipped bit in every 250 KB one record
 * of 16 KiB in fifteen is damaged, and a session ended after a thousand
 * resumes.
 */
#define LIMITS_RESUME_FAILURES 16

/* First, least and greatest receive window of a half-stream. */
#define LIMITS_WINDOW_START 262144
#define LIMITS_WINDOW_MIN 16384
#define LIMITS_WINDOW_MAX (UINT64_C(8) << 20)

/* Shortest interval over which consumption is measured. */
#define LIMITS_WINDOW_INTERVAL (5 * LIMITS_MSEC)

/* All receive windows of an endpoint together. */
#define LIMITS_RECEIVE_BUDGET (UINT64_C(64) << 20)

/* Bytes that may follow OPEN before OPENED: an HTTP head and some. */
#define LIMITS_EARLY_MAX 16384

/* --- datagrams ------------------------------------------------------------ */

/*
 * The longest datagram: with the longest address in front it fits a record.
 * Larger ones, which no path carries in one piece, are dropped.
 */
#define LIMITS_DGRAM_MAX 16000

/*
 * Datagrams of one association that wait, and their bytes: what a burst of
 * frames of a video call is; more waiting would be delay and nothing else.
 */
#define LIMITS_DGRAM_QUEUE 64
#define LIMITS_DGRAM_QUEUE_BYTES 131072

/* The same for all associations of a session together. */
#define LIMITS_DGRAM_SESSION_BYTES (UINT64_C(4) << 20)

/*
 * A datagram that waited longer than this is of no use to who asked: it was
 * asked for again, or spoken words came too late.
 */
#define LIMITS_DGRAM_AGE (300 * LIMITS_MSEC)

/* --- streams -------------------------------------------------------------- */

/* Streams of one session. */
#define LIMITS_STREAMS_MAX 1024

/*
 * New streams a second of one calling device, and the burst.  A browser opens
 * 125 at once; 2,000 a second is what one core can dial, so this stops only
 * what would hurt.
 */
#define LIMITS_OPEN_RATE 2000
#define LIMITS_OPEN_BURST 4000

/* Dials under way for one calling device; the others wait their turn. */
#define LIMITS_DIALS_MAX 64

/* How long a target may take to accept. */
#define LIMITS_DIAL_TIME (10 * LIMITS_SEC)

/* Data already received is delivered to a slow reader this long after RESET. */
#define LIMITS_LINGER (30 * LIMITS_SEC)

/* --- messages --------------------------------------------------------------
 */

/* The longest text: a log or a letter, in a handful of records. */
#define LIMITS_MESSAGE_MAX 65536

/*
 * Texts of one direction that wait for their receipt: who writes faster than
 * the other side takes has to wait, and what both keep is bounded.
 */
#define LIMITS_MESSAGES_OPEN 16

/* Texts a second that one device may send to another, and at once. */
#define LIMITS_MESSAGE_RATE 10
#define LIMITS_MESSAGE_BURST 20

/* Sessions of an agent, and of one gateway with it: one, and aged ones. */
#define LIMITS_SESSIONS_MAX 4096
#define LIMITS_CALLER_SESSIONS 8

/* Sessions begun but not confirmed: for one gateway key one, in all this. */
#define LIMITS_PENDING_SESSIONS 64

#endif
