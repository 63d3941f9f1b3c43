/* SPDX-License-Identifier: ISC */
#include "protocol/noise.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/mem.h"
#include "protocol/hkdf.h"

#define MESSAGES_MAX 3
#define TOKENS_MAX 6

/* Noise section 7.1; TOKEN_END is 0 so that rows may be short. */
enum token {
	TOKEN_END,
	TOKEN_E,
	TOKEN_S,
	TOKEN_EE,
	TOKEN_ES,
	TOKEN_SE,
	TOKEN_SS,
	TOKEN_PSK,
};

struct pattern {
	const char *name;
	bool psk;
	unsigned messages;
	enum token tokens[MESSAGES_MAX][TOKENS_MAX];
};

/*
 * All three begin with the pre-message "<- s".  The names are shorter than a
 * hash, which start_hash() relies on (Noise section 5.2).
 */
static const struct pattern patterns[NOISE_PATTERNS] = {
	[NOISE_XK] = { "Noise_XK_25519_ChaChaPoly_BLAKE2b", false, 3,
	    { { TOKEN_E, TOKEN_ES }, { TOKEN_E, TOKEN_EE },
		{ TOKEN_S, TOKEN_SE } } },
	[NOISE_IK] = { "Noise_IK_25519_ChaChaPoly_BLAKE2b", false, 2,
	    { { TOKEN_E, TOKEN_ES, TOKEN_S, TOKEN_SS },
		{ TOKEN_E, TOKEN_EE, TOKEN_SE } } },
	[NOISE_IKPSK1] = { "Noise_IKpsk1_25519_ChaChaPoly_BLAKE2b", true, 2,
	    { { TOKEN_E, TOKEN_ES, TOKEN_S, TOKEN_SS, TOKEN_PSK },
		{ TOKEN_E, TOKEN_EE, TOKEN_SE } } },
};

/* A key pair of our own. */
struct pair {
	uint8_t secret[NOISE_KEY_LEN];
	uint8_t public[NOISE_KEY_LEN];
};

struct noise {
	const struct pattern *pattern;
	bool initiator;
	bool dead;
	unsigned message; /* number of the next one */

	/* The symmetric state of Noise section 5.2. */
	uint8_t chain[NOISE_HASH_LEN];
	uint8_t hash[NOISE_HASH_LEN];
	uint8_t key[NOISE_KEY_LEN];
	uint64_t nonce;
	bool keyed;

	struct pair own_static;
	struct pair own_ephemeral;
	bool ephemeral_given; /* .own_ephemeral.secret is from the caller */
	uint8_t remote_static[NOISE_KEY_LEN];
	bool remote_static_known;
	uint8_t remote_ephemeral[NOISE_KEY_LEN];
	uint8_t psk[NOISE_KEY_LEN];
};

/* A walk over a message that is known to be long enough. */
struct walk {
	const uint8_t *in; /* when reading */
	uint8_t *out;      /* when writing */
};

/* --- hashing --------------------------------------------------------- */

static void
mix_hash(struct noise *noise, const uint8_t *data, size_t len)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof(noise->hash));
	crypto_generichash_update(&state, noise->hash, sizeof(noise->hash));
	crypto_generichash_update(&state, data, len);
	crypto_generichash_final(&state, noise->hash, sizeof(noise->hash));
}

static void
set_key(struct noise *noise, const uint8_t derived[NOISE_HASH_LEN])
{
	memcpy(noise->key, derived, sizeof(noise->key));
	noise->nonce = 0;
	noise->keyed = true;
}

static void
mix_key(struct noise *noise, const uint8_t input[NOISE_KEY_LEN])
{
	uint8_t out[2][NOISE_HASH_LEN];

	hkdf_derive(noise->chain, input, NOISE_KEY_LEN, 2, out);
	memcpy(noise->chain, out[0], sizeof(noise->chain));
	set_key(noise, out[1]);
	mem_wipe(out, sizeof(out));
}

static void
mix_psk(struct noise *noise)
{
	uint8_t out[3][NOISE_HASH_LEN];

	hkdf_derive(noise->chain, noise->psk, sizeof(noise->psk), 3, out);
	memcpy(noise->chain, out[0], sizeof(noise->chain));
	mix_hash(noise, out[1], NOISE_HASH_LEN);
	set_key(noise, out[2]);
	mem_wipe(out, sizeof(out));
}

/* --- encrypted parts ------------------------------------------------- */

/* Write the next nonce of the AEAD (Noise section 12.3) and count. */
static void
take_nonce(struct noise *noise, uint8_t nonce[12])
{
	memset(nonce, 0, 4);
	for (unsigned i = 0; i < 8; i++) {
		nonce[4 + i] = (uint8_t)(noise->nonce >> (8 * i));
	}
	noise->nonce++;
}

/* Append the len bytes at plain to the message, encrypted if there is a key. */
static void
put_part(
    struct noise *noise, struct walk *walk, const uint8_t *plain, size_t len)
{
	uint8_t nonce[12];
	size_t size = len;

	if (noise->keyed) {
		take_nonce(noise, nonce);
		crypto_aead_chacha20poly1305_ietf_encrypt(walk->out, NULL,
		    plain, len, noise->hash, sizeof(noise->hash), NULL, nonce,
		    noise->key);
		size += NOISE_TAG_LEN;
	} else if (len > 0) {
		memcpy(walk->out, plain, len);
	}
	mix_hash(noise, walk->out, size);
	walk->out += size;
}

/* Take the next part of the message, whose text of len bytes goes to plain. */
static int
get_part(struct noise *noise, struct walk *walk, uint8_t *plain, size_t len)
{
	uint8_t nonce[12];
	size_t size = len;

	if (noise->keyed) {
		take_nonce(noise, nonce);
		size += NOISE_TAG_LEN;
		if (crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL,
			walk->in, size, noise->hash, sizeof(noise->hash), nonce,
			noise->key) != 0) {
			return -1;
		}
	} else if (len > 0) {
		memcpy(plain, walk->in, len);
	}
	mix_hash(noise, walk->in, size);
	walk->in += size;
	return 0;
}

/* --- tokens ---------------------------------------------------------- */

/*
 * Mix in the Diffie-Hellman result of one key of each side.  libsodium answers
 * -1 when the result is all zeroes, that is for every point of low order.
 */
static int
mix_dh(struct noise *noise, bool initiator_static, bool responder_static)
{
	bool own_is_static =
	    noise->initiator ? initiator_static : responder_static;
	bool remote_is_static =
	    noise->initiator ? responder_static : initiator_static;
	const struct pair *own =
	    own_is_static ? &noise->own_static : &noise->own_ephemeral;
	const uint8_t *remote =
	    remote_is_static ? noise->remote_static : noise->remote_ephemeral;
	uint8_t shared[NOISE_KEY_LEN];

	if (crypto_scalarmult(shared, own->secret, remote) != 0) {
		return -1;
	}
	mix_key(noise, shared);
	mem_wipe(shared, sizeof(shared));
	return 0;
}

/* Mix in an ephemeral public key (Noise section 9.2 for patterns with psk). */
static void
mix_ephemeral(struct noise *noise, const uint8_t public[NOISE_KEY_LEN])
{
	mix_hash(noise, public, NOISE_KEY_LEN);
	if (noise->pattern->psk) {
		mix_key(noise, public);
	}
}

/* The tokens that both sides treat alike. */
static int
mix_token(struct noise *noise, enum token token)
{
	switch (token) {
	case TOKEN_EE:
		return mix_dh(noise, false, false);
	case TOKEN_ES:
		return mix_dh(noise, false, true);
	case TOKEN_SE:
		return mix_dh(noise, true, false);
	case TOKEN_SS:
		return mix_dh(noise, true, true);
	case TOKEN_PSK:
		mix_psk(noise);
		return 0;
	case TOKEN_E:
	case TOKEN_S:
	case TOKEN_END:
		break;
	}
	return -1;
}

static int
put_ephemeral(struct noise *noise, struct walk *walk)
{
	struct pair *own = &noise->own_ephemeral;

	if (!noise->ephemeral_given) {
		/*
		 * lint: allow randombytes_buf: a key that the caller handed in
		 * could be one that was used before.
		 */
		randombytes_buf(own->secret, sizeof(own->secret));
	}
	if (crypto_scalarmult_base(own->public, own->secret) != 0) {
		return -1;
	}
	memcpy(walk->out, own->public, sizeof(own->public));
	walk->out += sizeof(own->public);
	mix_ephemeral(noise, own->public);
	return 0;
}

static int
put_token(struct noise *noise, struct walk *walk, enum token token)
{
	if (token == TOKEN_E) {
		return put_ephemeral(noise, walk);
	}
	if (token == TOKEN_S) {
		put_part(noise, walk, noise->own_static.public, NOISE_KEY_LEN);
		return 0;
	}
	return mix_token(noise, token);
}

static int
get_token(struct noise *noise, struct walk *walk, enum token token)
{
	if (token == TOKEN_E) {
		memcpy(noise->remote_ephemeral, walk->in, NOISE_KEY_LEN);
		walk->in += NOISE_KEY_LEN;
		mix_ephemeral(noise, noise->remote_ephemeral);
		return 0;
	}
	if (token == TOKEN_S) {
		noise->remote_static_known = true;
		return get_part(
		    noise, walk, noise->remote_static, NOISE_KEY_LEN);
	}
	return mix_token(noise, token);
}

/* --- sizes and turns ------------------------------------------------- */

unsigned
noise_messages(enum noise_pattern pattern)
{
	return patterns[pattern].messages;
}

/* Return what token adds to a message and whether there is a key behind it. */
static size_t
token_len(const struct pattern *pattern, enum token token, bool *keyed)
{
	size_t len = 0;

	if (token == TOKEN_S) {
		return NOISE_KEY_LEN + (*keyed ? NOISE_TAG_LEN : 0);
	}
	if (token == TOKEN_E) {
		len = NOISE_KEY_LEN;
	}
	*keyed = *keyed || token != TOKEN_E || pattern->psk;
	return len;
}

static size_t
overhead(const struct pattern *pattern, unsigned index)
{
	bool keyed = false;
	size_t len = 0;

	assert(index < pattern->messages);
	for (unsigned i = 0; i <= index; i++) {
		const enum token *token = pattern->tokens[i];

		for (len = 0; *token != TOKEN_END; token++) {
			len += token_len(pattern, *token, &keyed);
		}
	}
	return len + (keyed ? NOISE_TAG_LEN : 0);
}

size_t
noise_overhead(enum noise_pattern pattern, unsigned index)
{
	return overhead(&patterns[pattern], index);
}

enum noise_turn
noise_turn(const struct noise *noise)
{
	if (noise->dead) {
		return NOISE_DEAD;
	}
	if (noise->message == noise->pattern->messages) {
		return NOISE_SPLIT;
	}
	return (noise->message % 2 == 0) == noise->initiator ? NOISE_WRITE
							     : NOISE_READ;
}

/* Wipe everything; returns -1 for the caller to return. */
static int
die(struct noise *noise)
{
	mem_wipe(noise, sizeof(*noise));
	noise->dead = true;
	return -1;
}

/*
 * Return true when a message of message_len bytes with payload_len bytes of
 * payload fits the next step.
 */
static bool
sizes_fit(const struct noise *noise, size_t payload_len, size_t message_len)
{
	size_t extra = overhead(noise->pattern, noise->message);

	return message_len <= NOISE_MESSAGE_MAX && message_len >= extra &&
	       message_len - extra == payload_len;
}

int
noise_write(struct noise *noise, const uint8_t *payload, size_t payload_len,
    uint8_t *out, size_t out_len)
{
	struct walk walk = { NULL, out };
	const enum token *token;

	if (noise_turn(noise) != NOISE_WRITE ||
	    !sizes_fit(noise, payload_len, out_len)) {
		return die(noise);
	}
	token = noise->pattern->tokens[noise->message];
	for (; *token != TOKEN_END; token++) {
		if (put_token(noise, &walk, *token) != 0) {
			mem_wipe(out, out_len);
			return die(noise);
		}
	}
	put_part(noise, &walk, payload, payload_len);
	assert(walk.out == out + out_len);
	noise->message++;
	return 0;
}

int
noise_read(struct noise *noise, const uint8_t *in, size_t in_len,
    uint8_t *payload, size_t payload_len)
{
	struct walk walk = { in, NULL };
	const enum token *token;

	if (noise_turn(noise) != NOISE_READ ||
	    !sizes_fit(noise, payload_len, in_len)) {
		goto fail;
	}
	token = noise->pattern->tokens[noise->message];
	for (; *token != TOKEN_END; token++) {
		if (get_token(noise, &walk, *token) != 0) {
			goto fail;
		}
	}
	if (get_part(noise, &walk, payload, payload_len) != 0) {
		goto fail;
	}
	assert(walk.in == in + in_len);
	noise->message++;
	return 0;
fail:
	mem_wipe(payload, payload_len);
	return die(noise);
}

const uint8_t *
noise_remote_static(const struct noise *noise)
{
	return noise->remote_static_known ? noise->remote_static : NULL;
}

/* --- life ------------------------------------------------------------ */

/* Return true when config has what its pattern and side need and no more. */
static bool
is_complete(const struct noise_config *config)
{
	return config->static_secret != NULL && config->static_public != NULL &&
	       (config->remote_static != NULL) == config->initiator &&
	       (config->psk != NULL) == patterns[config->pattern].psk;
}

/* Initialize() of Noise section 5.3, with the pre-message "<- s". */
static void
start_hash(struct noise *noise, const struct noise_config *config)
{
	memcpy(noise->hash, noise->pattern->name, strlen(noise->pattern->name));
	memcpy(noise->chain, noise->hash, sizeof(noise->chain));
	mix_hash(noise, config->prologue, config->prologue_len);
	mix_hash(noise,
	    config->initiator ? noise->remote_static : noise->own_static.public,
	    NOISE_KEY_LEN);
}

static void
copy_key(uint8_t to[NOISE_KEY_LEN], const uint8_t *from)
{
	if (from != NULL) {
		memcpy(to, from, NOISE_KEY_LEN);
	}
}

struct noise *
noise_new(const struct noise_config *config)
{
	struct noise *noise;

	if (!is_complete(config)) {
		return NULL;
	}
	noise = mem_new(1, sizeof(*noise));
	if (noise == NULL) {
		return NULL;
	}
	noise->pattern = &patterns[config->pattern];
	noise->initiator = config->initiator;
	copy_key(noise->own_static.secret, config->static_secret);
	copy_key(noise->own_static.public, config->static_public);
	copy_key(noise->remote_static, config->remote_static);
	copy_key(noise->psk, config->psk);
	copy_key(noise->own_ephemeral.secret, config->ephemeral_secret);
	noise->ephemeral_given = config->ephemeral_secret != NULL;
	noise->remote_static_known = config->initiator;
	start_hash(noise, config);
	return noise;
}

int
noise_split(struct noise *noise, uint8_t from_initiator[NOISE_KEY_LEN],
    uint8_t from_responder[NOISE_KEY_LEN], uint8_t hash[NOISE_HASH_LEN])
{
	uint8_t remote[NOISE_KEY_LEN];
	uint8_t out[2][NOISE_HASH_LEN];

	if (noise_turn(noise) != NOISE_SPLIT) {
		return die(noise);
	}
	hkdf_derive(noise->chain, NULL, 0, 2, out);
	memcpy(from_initiator, out[0], NOISE_KEY_LEN);
	memcpy(from_responder, out[1], NOISE_KEY_LEN);
	memcpy(hash, noise->hash, NOISE_HASH_LEN);
	mem_wipe(out, sizeof(out));
	memcpy(remote, noise->remote_static, sizeof(remote));
	(void)die(noise);
	memcpy(noise->remote_static, remote, sizeof(remote));
	noise->remote_static_known = true;
	return 0;
}

void
noise_kill(struct noise *noise)
{
	(void)die(noise);
}

void
noise_free(struct noise *noise)
{
	mem_free_wiped(noise, sizeof(*noise));
}
