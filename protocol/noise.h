/* SPDX-License-Identifier: ISC */
/*
 * noise: the Noise protocol framework (revision 34) for the three handshakes
 * of this program, all in the suite 25519_ChaChaPoly_BLAKE2b.
 *
 * A handshake is a row of messages that alternate between the two sides; the
 * initiator writes the first.  Each side asks noise_turn() what comes next,
 * calls noise_write() or noise_read() with buffers of exactly the right size,
 * and after the last message takes the two transport keys with noise_split().
 *
 * Invariant: any failure, a message that does not authenticate above all,
 * wipes the whole state, and every later call on it fails.  Nothing is
 * delivered from a message that failed.  A Diffie-Hellman result of all zeroes
 * is such a failure.
 */
#ifndef INROAD_PROTOCOL_NOISE_H
#define INROAD_PROTOCOL_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct noise;

/* Length of a secret, a public, a pre-shared or a transport key. */
#define NOISE_KEY_LEN 32
/* Length of the handshake hash. */
#define NOISE_HASH_LEN 64
/* Length of the authenticator of each encrypted part. */
#define NOISE_TAG_LEN 16
/* The longest message that Noise allows. */
#define NOISE_MESSAGE_MAX 65535

enum noise_pattern {
	NOISE_XK,     /* 3 messages; the initiator knows the responder's key */
	NOISE_IK,     /* 2 messages; the same */
	NOISE_IKPSK1, /* 2 messages; the same, and both know a psk */
	NOISE_PATTERNS,
};

/* What a handshake needs next. */
enum noise_turn {
	NOISE_WRITE, /* this side writes a message */
	NOISE_READ,  /* this side reads a message */
	NOISE_SPLIT, /* all messages are through: noise_split() */
	NOISE_DEAD,  /* failed, or already split */
};

/* What a handshake starts from.  noise_new() copies everything. */
struct noise_config {
	enum noise_pattern pattern;
	bool initiator;
	const uint8_t *prologue; /* may be NULL when prologue_len is 0 */
	size_t prologue_len;
	const uint8_t *static_secret; /* own key pair, NOISE_KEY_LEN each */
	const uint8_t *static_public;
	const uint8_t *remote_static; /* responder's key; initiator only */
	const uint8_t *psk;           /* NOISE_IKPSK1 only */
	/*
	 * The secret of the own ephemeral key, or NULL for a fresh one.
	 * Anything but NULL is for test vectors: used twice, it gives the
	 * keys of the session away.
	 */
	const uint8_t *ephemeral_secret;
};

/*
 * Return a handshake that starts from config, or NULL when a field that the
 * pattern and the side need is missing, when one that they do not have is
 * there, or when there is no memory.  The caller frees it with noise_free().
 */
struct noise *noise_new(const struct noise_config *config);

/* Return what noise needs next. */
enum noise_turn noise_turn(const struct noise *noise);

/* Return how many messages pattern has. */
unsigned noise_messages(enum noise_pattern pattern);

/*
 * Return how many bytes message number index (from 0) of pattern is longer
 * than the payload in it.  index is below noise_messages(pattern).
 */
size_t noise_overhead(enum noise_pattern pattern, unsigned index);

/*
 * Write the next message with payload_len bytes of payload (NULL when 0) in it
 * to out, whose size out_len must be exactly payload_len plus the message's
 * noise_overhead().  Returns 0, or -1 when it is not this side's turn, the
 * sizes do not fit or the peer's key is of low order; noise is dead then.
 */
int noise_write(struct noise *noise, const uint8_t *payload, size_t payload_len,
    uint8_t *out, size_t out_len);

/*
 * Read the next message, the in_len bytes at in, and put its payload to
 * payload, whose size payload_len must be exactly in_len minus the message's
 * noise_overhead() (payload may be NULL when that is 0).  Returns 0, or -1 when
 * it is not the peer's turn, the sizes do not fit or the message does not
 * authenticate; noise is dead and payload zeroed then.
 */
int noise_read(struct noise *noise, const uint8_t *in, size_t in_len,
    uint8_t *payload, size_t payload_len);

/*
 * Return the peer's static key, NOISE_KEY_LEN bytes that live as long as
 * noise, or NULL while it is not known.  A responder may believe it only once
 * the message that carried it was read, a whole message after its arrival in
 * NOISE_XK, and once the peer proved that the run is fresh: with the last
 * message of NOISE_XK, with the first transport message after NOISE_IK.
 */
const uint8_t *noise_remote_static(const struct noise *noise);

/*
 * After the last message: put the key of the direction from initiator to
 * responder, the key of the other direction and the handshake hash to the
 * three arguments, and wipe all secrets of noise.  The remote static key stays.
 * Returns 0, or -1 when the handshake is not at its end; works once.
 */
int noise_split(struct noise *noise, uint8_t from_initiator[NOISE_KEY_LEN],
    uint8_t from_responder[NOISE_KEY_LEN], uint8_t hash[NOISE_HASH_LEN]);

/* End noise as a failed message does: wiped, and every later call fails. */
void noise_kill(struct noise *noise);

/* Wipe and free noise; NULL is allowed. */
void noise_free(struct noise *noise);

#endif
