/* SPDX-License-Identifier: ISC */
#include "protocol/noise.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/hkdf.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/support/vectors.h"

#define PAYLOAD_MAX 512
#define MESSAGE_MAX 1024
#define HANDSHAKE_MAX 3

static const char *const pattern_names[NOISE_PATTERNS] = {
	[NOISE_XK] = "Noise_XK_25519_ChaChaPoly_BLAKE2b",
	[NOISE_IK] = "Noise_IK_25519_ChaChaPoly_BLAKE2b",
	[NOISE_IKPSK1] = "Noise_IKpsk1_25519_ChaChaPoly_BLAKE2b",
};

/* Two sides that can be joined, and how their messages shall differ. */
struct run {
	enum noise_pattern pattern;
	uint8_t secret[2][NOISE_KEY_LEN]; /* 0 initiator, 1 responder */
	uint8_t public[2][NOISE_KEY_LEN];
	uint8_t ephemeral[2][NOISE_KEY_LEN];
	uint8_t psk[2][NOISE_KEY_LEN];
	uint8_t prologue[2][MESSAGE_MAX];
	size_t prologue_len[2];
	uint8_t remote[NOISE_KEY_LEN]; /* what the initiator expects */
	struct noise *side[2];

	/* Damage to be done to message bad_message (or none, if negative). */
	int bad_message;
	size_t bad_bit;
	size_t payload_len[HANDSHAKE_MAX];
	uint8_t payload[HANDSHAKE_MAX][PAYLOAD_MAX];
	uint8_t message[HANDSHAKE_MAX][MESSAGE_MAX];
	size_t message_len[HANDSHAKE_MAX];
};

static void
fill(uint8_t *out, size_t len, unsigned seed)
{
	uint8_t key[randombytes_SEEDBYTES] = { (uint8_t)seed,
		(uint8_t)(seed >> 8) };

	randombytes_buf_deterministic(out, len, key);
}

/* A run of two sides that agree on everything. */
static struct run
make_run(enum noise_pattern pattern)
{
	struct run run = { .pattern = pattern, .bad_message = -1 };

	for (unsigned i = 0; i < 2; i++) {
		fill(run.secret[i], NOISE_KEY_LEN, 10 + i);
		fill(run.ephemeral[i], NOISE_KEY_LEN, 20 + i);
		fill(run.psk[i], NOISE_KEY_LEN, 30);
		fill(run.prologue[i], 40, 40);
		run.prologue_len[i] = 40;
		crypto_scalarmult_base(run.public[i], run.secret[i]);
	}
	memcpy(run.remote, run.public[1], NOISE_KEY_LEN);
	for (unsigned i = 0; i < HANDSHAKE_MAX; i++) {
		run.payload_len[i] = 7 * i;
		fill(run.payload[i], run.payload_len[i], 50 + i);
	}
	return run;
}

static struct noise_config
config_of(const struct run *run, unsigned side)
{
	struct noise_config config = {
		.pattern = run->pattern,
		.initiator = side == 0,
		.prologue = run->prologue[side],
		.prologue_len = run->prologue_len[side],
		.static_secret = run->secret[side],
		.static_public = run->public[side],
		.remote_static = side == 0 ? run->remote : NULL,
		.psk = run->pattern == NOISE_IKPSK1 ? run->psk[side] : NULL,
		.ephemeral_secret = run->ephemeral[side],
	};

	return config;
}

static void
open_run(struct run *run)
{
	for (unsigned i = 0; i < 2; i++) {
		struct noise_config config = config_of(run, i);

		run->side[i] = noise_new(&config);
		ck_assert_ptr_nonnull(run->side[i]);
	}
}

static void
close_run(struct run *run)
{
	noise_free(run->side[0]);
	noise_free(run->side[1]);
}

/* Write message index; the sender must be able to. */
static int
write_one(struct run *run, unsigned index)
{
	struct noise *from = run->side[index % 2];

	run->message_len[index] =
	    run->payload_len[index] + noise_overhead(run->pattern, index);
	ck_assert_int_eq(noise_turn(from), NOISE_WRITE);
	return noise_write(from, run->payload[index], run->payload_len[index],
	    run->message[index], run->message_len[index]);
}

/* Read message index; whoever reads it must get the payload or nothing. */
static int
read_one(struct run *run, unsigned index)
{
	struct noise *to = run->side[1 - index % 2];
	uint8_t got[PAYLOAD_MAX];
	size_t len = run->payload_len[index];

	ck_assert_int_eq(noise_turn(to), NOISE_READ);
	memset(got, 0xaa, sizeof(got));
	if (noise_read(to, run->message[index], run->message_len[index], got,
		len) != 0) {
		ck_assert(sodium_is_zero(got, len));
		ck_assert_int_eq(noise_turn(to), NOISE_DEAD);
		return -1;
	}
	ck_assert_mem_eq(got, run->payload[index], len);
	return 0;
}

/* Run the handshake; returns the number of the message that failed, or -1. */
static int
handshake(struct run *run)
{
	for (unsigned i = 0; i < noise_messages(run->pattern); i++) {
		if (write_one(run, i) != 0) {
			return (int)i;
		}
		if ((int)i == run->bad_message) {
			run->message[i][run->bad_bit / 8] ^=
			    (uint8_t)(1U << run->bad_bit % 8);
		}
		if (read_one(run, i) != 0) {
			return (int)i;
		}
	}
	return -1;
}

/* --- vectors ------------------------------------------------------------ */

/* A vector while it is read: the run it describes, and what must come out. */
struct vector {
	struct run run;
	bool known; /* a pattern of ours */
	bool has_hash;
	uint8_t hash[NOISE_HASH_LEN];
	unsigned messages; /* handshake and transport */
	uint8_t payload[12][PAYLOAD_MAX];
	size_t payload_len[12];
	uint8_t message[12][MESSAGE_MAX];
	size_t message_len[12];
	unsigned splits;
	uint8_t split[2][NOISE_KEY_LEN];
};

static void
take_pattern(struct vector *vector, const char *name)
{
	for (unsigned i = 0; i < NOISE_PATTERNS; i++) {
		if (strcmp(name, pattern_names[i]) == 0) {
			vector->run.pattern = (enum noise_pattern)i;
			vector->known = true;
		}
	}
}

/* Take what belongs to one side: "init_…" or "resp_…". */
static void
take_side(struct vector *vector, const char *name, const char *value)
{
	struct run *run = &vector->run;
	unsigned side = strncmp(name, "resp_", 5) == 0;

	name += 5;
	if (strcmp(name, "prologue") == 0) {
		run->prologue_len[side] = vectors_bytes(
		    value, run->prologue[side], sizeof(run->prologue[side]));
	} else if (strcmp(name, "static") == 0) {
		vectors_exactly(value, run->secret[side], NOISE_KEY_LEN);
		crypto_scalarmult_base(run->public[side], run -> secret[side]);
	} else if (strcmp(name, "ephemeral") == 0) {
		vectors_exactly(value, run->ephemeral[side], NOISE_KEY_LEN);
	} else if (strcmp(name, "remote_static") == 0 && side == 0) {
		vectors_exactly(value, run->remote, NOISE_KEY_LEN);
	} else if (strcmp(name, "psks") == 0) {
		vectors_exactly(value, run->psk[side], NOISE_KEY_LEN);
	}
}

static void
take_item(struct vector *vector, const char *name, const char *value)
{
	unsigned i = vector->messages;

	if (strcmp(name, "protocol_name") == 0) {
		take_pattern(vector, value);
	} else if (strncmp(name, "init_", 5) == 0 ||
		   strncmp(name, "resp_", 5) == 0) {
		take_side(vector, name, value);
	} else if (strcmp(name, "handshake_hash") == 0) {
		vectors_exactly(value, vector->hash, NOISE_HASH_LEN);
		vector->has_hash = true;
	} else if (strcmp(name, "split") == 0) {
		ck_assert_uint_lt(vector->splits, 2);
		vectors_exactly(
		    value, vector->split[vector->splits++], NOISE_KEY_LEN);
	} else if (strcmp(name, "payload") == 0) {
		ck_assert_uint_lt(i, 12);
		vector->payload_len[i] =
		    vectors_bytes(value, vector->payload[i], PAYLOAD_MAX);
	} else if (strcmp(name, "ciphertext") == 0) {
		vector->message_len[i] =
		    vectors_bytes(value, vector->message[i], MESSAGE_MAX);
		vector->messages++;
	}
}

/* Messages behind the handshake, under the keys of Split. */
static void
check_transport(
    const struct vector *vector, uint8_t key[2][NOISE_KEY_LEN], unsigned first)
{
	for (unsigned i = first; i < vector->messages; i++) {
		uint8_t nonce[12] = { 0 };
		uint8_t out[MESSAGE_MAX];
		unsigned long long len;

		/* Each direction has every other message. */
		nonce[4] = (uint8_t)((i - first) / 2);
		crypto_aead_chacha20poly1305_ietf_encrypt(out, &len,
		    vector->payload[i], vector->payload_len[i], NULL, 0, NULL,
		    nonce, key[i % 2]);
		ck_assert_uint_eq(len, vector->message_len[i]);
		ck_assert_mem_eq(out, vector->message[i], len);
	}
}

static void
check_ends(const struct vector *vector)
{
	const struct run *run = &vector->run;
	uint8_t key[2][2][NOISE_KEY_LEN];
	uint8_t hash[2][NOISE_HASH_LEN];

	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(noise_turn(run->side[i]), NOISE_SPLIT);
		ck_assert_int_eq(
		    noise_split(run->side[i], key[i][0], key[i][1], hash[i]),
		    0);
		ck_assert_mem_eq(noise_remote_static(run->side[i]),
		    run->public[1 - i], NOISE_KEY_LEN);
	}
	ck_assert_mem_eq(key[0], key[1], sizeof(key[0]));
	ck_assert_mem_eq(hash[0], hash[1], sizeof(hash[0]));
	if (vector->has_hash) {
		ck_assert_mem_eq(hash[0], vector->hash, sizeof(hash[0]));
	}
	if (vector->splits == 2) {
		ck_assert_mem_eq(key[0], vector->split, sizeof(key[0]));
	}
	check_transport(vector, key[0], noise_messages(run->pattern));
}

/* Run what vector describes, if it is one of our patterns; 1 if so. */
static unsigned
check_vector(struct vector *vector)
{
	struct run *run = &vector->run;

	if (!vector->known) {
		return 0;
	}
	run->bad_message = -1;
	memcpy(run->payload, vector->payload, sizeof(run->payload));
	memcpy(run->payload_len, vector->payload_len, sizeof(run->payload_len));
	open_run(run);
	ck_assert_int_eq(handshake(run), -1);
	for (unsigned i = 0; i < noise_messages(run->pattern); i++) {
		ck_assert_uint_eq(run->message_len[i], vector->message_len[i]);
		ck_assert_mem_eq(
		    run->message[i], vector->message[i], run->message_len[i]);
	}
	check_ends(vector);
	close_run(run);
	return 1;
}

/* Run every vector of ours in a file; returns how many there were. */
static unsigned
check_file(struct vectors *file)
{
	static struct vector vector;
	struct vectors_item item;
	unsigned count = 0;

	memset(&vector, 0, sizeof(vector));
	while (vectors_next(file, &item)) {
		if (item.begin) {
			count += check_vector(&vector);
			memset(&vector, 0, sizeof(vector));
		} else {
			take_item(&vector, item.name, item.value);
		}
	}
	vectors_close(file);
	return count + check_vector(&vector);
}

START_TEST(agrees_with_published_vectors)
{
	char name[128];

	for (unsigned i = 0; i < NOISE_PATTERNS; i++) {
		snprintf(
		    name, sizeof(name), "published/%s.json", pattern_names[i]);
		ck_assert_uint_eq(check_file(vectors_open_own(name)), 1);
	}
}
END_TEST

START_TEST(agrees_with_more_published_vectors)
{
	/* How many of our patterns each file holds. */
	static const struct {
		const char *name;
		unsigned count;
	} files[] = {
		{ "cacophony_25519_ChaChaPoly_BLAKE2b_all", 3 },
		{ "snow_25519_ChaChaPoly_BLAKE2b_all", 2 },
		{ "noise-c-basic_25519_ChaChaPoly_BLAKE2b", 2 },
		{ "selected_25519_ChaChaPoly_BLAKE2b", 3 },
	};
	const char *top = getenv("top_srcdir");
	const char *directory = getenv("INROAD_NOISE_VECTORS");
	char fallback[PATH_MAX];
	char path[PATH_MAX + 64];
	unsigned found = 0;

	snprintf(fallback, sizeof(fallback), "%s/../shared/noise_vectors",
	    top != NULL ? top : ".");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct vectors *file;

		snprintf(path, sizeof(path), "%s/%s.json",
		    directory != NULL ? directory : fallback, files[i].name);
		file = vectors_open(path);
		if (file != NULL) {
			ck_assert_uint_eq(check_file(file), files[i].count);
			found++;
		}
	}
	if (found == 0) {
		printf("# skipped: INROAD_NOISE_VECTORS has no vectors\n");
		fflush(stdout);
	}
}
END_TEST

START_TEST(agrees_with_own_vectors)
{
	ck_assert_uint_eq(check_file(vectors_open_own("noise.json")), 12);
}
END_TEST

/* --- what must not work ------------------------------------------------- */

/* A damaged message fails at its reader, and never later. */
START_TEST(every_flipped_bit_is_noticed)
{
	struct run run = make_run((enum noise_pattern)_i);

	for (unsigned i = 0; i < noise_messages(run.pattern); i++) {
		size_t bits =
		    8 * (run.payload_len[i] + noise_overhead(run.pattern, i));

		run.bad_message = (int)i;
		for (run.bad_bit = 0; run.bad_bit < bits;
		     run.bad_bit += unit_stride(11)) {
			open_run(&run);
			ck_assert_int_eq(handshake(&run), (int)i);
			close_run(&run);
		}
	}
}
END_TEST

START_TEST(every_truncation_is_noticed)
{
	struct run run = make_run((enum noise_pattern)_i);

	open_run(&run);
	ck_assert_int_eq(write_one(&run, 0), 0);
	noise_free(run.side[1]);
	for (size_t len = 0; len <= run.message_len[0] + 1; len++) {
		struct noise_config config = config_of(&run, 1);
		struct noise *noise = noise_new(&config);
		size_t extra = noise_overhead(run.pattern, 0);
		uint8_t got[PAYLOAD_MAX];
		int want = len == run.message_len[0] ? 0 : -1;

		ck_assert_int_eq(noise_read(noise, run.message[0], len, got,
				     len < extra ? 0 : len - extra),
		    want);
		noise_free(noise);
	}
	noise_free(run.side[0]);
}
END_TEST

START_TEST(payload_size_must_fit)
{
	struct run run = make_run(NOISE_IK);
	uint8_t out[MESSAGE_MAX];
	size_t extra = noise_overhead(NOISE_IK, 0);

	open_run(&run);
	ck_assert_int_eq(noise_write(run.side[0], NULL, 0, out, extra + 1), -1);
	ck_assert_int_eq(noise_turn(run.side[0]), NOISE_DEAD);
	/* Dead is for good. */
	ck_assert_int_eq(noise_write(run.side[0], NULL, 0, out, extra), -1);
	close_run(&run);
}
END_TEST

START_TEST(message_has_a_longest_size)
{
	static uint8_t payload[NOISE_MESSAGE_MAX];
	static uint8_t out[NOISE_MESSAGE_MAX + 1];
	struct run run = make_run(NOISE_XK);
	size_t most = NOISE_MESSAGE_MAX - noise_overhead(NOISE_XK, 0);

	open_run(&run);
	ck_assert_int_eq(
	    noise_write(run.side[0], payload, most, out, NOISE_MESSAGE_MAX), 0);
	close_run(&run);
	open_run(&run);
	ck_assert_int_eq(noise_write(run.side[0], payload, most + 1, out,
			     NOISE_MESSAGE_MAX + 1),
	    -1);
	close_run(&run);
}
END_TEST

START_TEST(prologue_must_agree)
{
	struct run run = make_run((enum noise_pattern)_i);

	run.prologue[1][39] ^= 1;
	open_run(&run);
	ck_assert_int_eq(handshake(&run), 0);
	close_run(&run);
	run.prologue[1][39] ^= 1;
	run.prologue_len[1]--;
	open_run(&run);
	ck_assert_int_eq(handshake(&run), 0);
	close_run(&run);
}
END_TEST

START_TEST(psk_must_agree)
{
	struct run run = make_run(NOISE_IKPSK1);

	for (size_t bit = 0; bit < 8 * NOISE_KEY_LEN; bit += unit_stride(11)) {
		run.psk[1][bit / 8] ^= (uint8_t)(1U << bit % 8);
		open_run(&run);
		ck_assert_int_eq(handshake(&run), 0);
		close_run(&run);
		run.psk[1][bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}
END_TEST

START_TEST(responder_key_must_be_the_expected_one)
{
	struct run run = make_run((enum noise_pattern)_i);

	memcpy(run.remote, run.public[0], NOISE_KEY_LEN);
	open_run(&run);
	ck_assert_int_eq(handshake(&run), 0);
	close_run(&run);
}
END_TEST

START_TEST(patterns_do_not_mix)
{
	struct run ik = make_run(NOISE_IK);
	struct run psk = make_run(NOISE_IKPSK1);

	open_run(&ik);
	open_run(&psk);
	ck_assert_int_eq(write_one(&ik, 0), 0);
	memcpy(psk.message[0], ik.message[0], ik.message_len[0]);
	psk.message_len[0] = ik.message_len[0];
	ck_assert_int_eq(read_one(&psk, 0), -1);
	close_run(&ik);
	close_run(&psk);
}
END_TEST

/*
 * Message 1 can be replayed, as Noise section 7.7 says; what must differ is
 * what comes of it, and later messages must not be replayed.
 */
START_TEST(a_replay_gives_other_keys)
{
	struct run run = make_run((enum noise_pattern)_i);
	struct run again = make_run((enum noise_pattern)_i);
	unsigned last = noise_messages(run.pattern) - 1;

	open_run(&run);
	ck_assert_int_eq(handshake(&run), -1);
	fill(again.ephemeral[1], NOISE_KEY_LEN, 99);
	open_run(&again);
	for (unsigned i = 0; i < last; i++) {
		ck_assert_int_eq(write_one(&again, i), 0);
		ck_assert_int_eq(read_one(&again, i), 0);
	}
	ck_assert_mem_eq(run.message[0], again.message[0], run.message_len[0]);
	memcpy(again.message[last], run.message[last], MESSAGE_MAX);
	again.message_len[last] = run.message_len[last];
	if (last % 2 == 0) {
		/* The last message of the initiator, to the new responder. */
		ck_assert_int_eq(read_one(&again, last), -1);
	} else {
		/* The new answer differs from the recorded one. */
		ck_assert_int_eq(write_one(&again, last), 0);
		ck_assert_mem_ne(run.message[last], again.message[last], 48);
	}
	close_run(&run);
	close_run(&again);
}
END_TEST

START_TEST(ephemerals_are_fresh)
{
	struct run run = make_run(NOISE_XK);
	struct noise_config config = config_of(&run, 0);
	uint8_t out[2][MESSAGE_MAX];
	size_t len = noise_overhead(NOISE_XK, 0);

	config.ephemeral_secret = NULL;
	for (unsigned i = 0; i < 2; i++) {
		struct noise *noise = noise_new(&config);

		ck_assert_int_eq(noise_write(noise, NULL, 0, out[i], len), 0);
		noise_free(noise);
	}
	ck_assert_mem_ne(out[0], out[1], NOISE_KEY_LEN);
}
END_TEST

/* --- points of low order ------------------------------------------------ */

/* Every encoding of a point of low order (RFC 7748 section 7 and others). */
static const char *const low_points[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000080",
};
#define LOW_POINTS (sizeof(low_points) / sizeof(low_points[0]))

/*
 * Make message 1 of XK as an attacker would who knows only the responder's
 * public key and sends point for an ephemeral key: if its Diffie-Hellman
 * result were taken, all zeroes, the message would authenticate.
 */
static void
forge(const struct run *run, const uint8_t point[NOISE_KEY_LEN],
    const uint8_t shared[NOISE_KEY_LEN], uint8_t message[48])
{
	uint8_t chain[NOISE_HASH_LEN] = { 0 };
	uint8_t hash[NOISE_HASH_LEN];
	uint8_t secret[NOISE_HASH_LEN];
	uint8_t block[NOISE_HASH_LEN + 1];
	uint8_t nonce[12] = { 0 };
	const uint8_t *parts[] = { run->prologue[1], run->public[1], point };
	size_t lens[] = { run->prologue_len[1], NOISE_KEY_LEN, NOISE_KEY_LEN };

	memcpy(chain, pattern_names[NOISE_XK], strlen(pattern_names[NOISE_XK]));
	memcpy(hash, chain, sizeof(hash));
	for (unsigned i = 0; i < 3; i++) {
		crypto_generichash_state state;

		crypto_generichash_init(&state, NULL, 0, sizeof(hash));
		crypto_generichash_update(&state, hash, sizeof(hash));
		crypto_generichash_update(&state, parts[i], lens[i]);
		crypto_generichash_final(&state, hash, sizeof(hash));
	}
	hkdf_hmac(chain, sizeof(chain), shared, NOISE_KEY_LEN, secret);
	block[0] = 1;
	hkdf_hmac(secret, sizeof(secret), block, 1, block);
	block[NOISE_HASH_LEN] = 2;
	hkdf_hmac(secret, sizeof(secret), block, sizeof(block), chain);
	memcpy(message, point, NOISE_KEY_LEN);
	crypto_aead_chacha20poly1305_ietf_encrypt(message + NOISE_KEY_LEN, NULL,
	    NULL, 0, hash, sizeof(hash), NULL, nonce, chain);
}

/* First that the forgery is right but for its point; then that it fails. */
START_TEST(low_order_ephemeral_is_refused)
{
	struct run run = make_run(NOISE_XK);
	struct noise_config config = config_of(&run, 1);
	struct noise *noise = noise_new(&config);
	uint8_t point[NOISE_KEY_LEN];
	uint8_t shared[NOISE_KEY_LEN];
	uint8_t message[48];

	crypto_scalarmult_base(point, run.ephemeral[0]);
	ck_assert_int_eq(
	    crypto_scalarmult(shared, run.ephemeral[0], run.public[1]), 0);
	forge(&run, point, shared, message);
	ck_assert_int_eq(noise_read(noise, message, 48, NULL, 0), 0);
	noise_free(noise);

	memset(shared, 0, sizeof(shared));
	for (size_t i = 0; i < LOW_POINTS; i++) {
		vectors_exactly(low_points[i], point, sizeof(point));
		forge(&run, point, shared, message);
		noise = noise_new(&config);
		ck_assert_int_eq(noise_read(noise, message, 48, NULL, 0), -1);
		noise_free(noise);
	}
}
END_TEST

START_TEST(low_order_static_is_refused)
{
	struct run run = make_run((enum noise_pattern)_i);

	for (size_t i = 0; i < LOW_POINTS; i++) {
		vectors_exactly(low_points[i], run.remote, NOISE_KEY_LEN);
		open_run(&run);
		ck_assert_int_eq(write_one(&run, 0), -1);
		ck_assert_int_eq(noise_turn(run.side[0]), NOISE_DEAD);
		ck_assert(sodium_is_zero(run.message[0], run.message_len[0]));
		close_run(&run);
	}
}
END_TEST

/* --- the interface ------------------------------------------------------ */

START_TEST(turns_are_kept)
{
	struct run run = make_run((enum noise_pattern)_i);
	uint8_t key[2][NOISE_KEY_LEN];
	uint8_t hash[NOISE_HASH_LEN];
	uint8_t out[MESSAGE_MAX];
	size_t len = noise_overhead(run.pattern, 0);

	open_run(&run);
	ck_assert_int_eq(noise_write(run.side[1], NULL, 0, out, len), -1);
	ck_assert_int_eq(noise_read(run.side[0], out, len, NULL, 0), -1);
	close_run(&run);
	open_run(&run);
	ck_assert_int_eq(noise_split(run.side[0], key[0], key[1], hash), -1);
	ck_assert_int_eq(noise_turn(run.side[0]), NOISE_DEAD);
	close_run(&run);
	open_run(&run);
	ck_assert_int_eq(handshake(&run), -1);
	ck_assert_int_eq(noise_split(run.side[0], key[0], key[1], hash), 0);
	ck_assert_int_eq(noise_split(run.side[0], key[0], key[1], hash), -1);
	ck_assert_int_eq(noise_write(run.side[0], NULL, 0, out, len), -1);
	ck_assert_int_eq(noise_read(run.side[1], out, len, NULL, 0), -1);
	close_run(&run);
}
END_TEST

START_TEST(killed_is_dead)
{
	struct run run = make_run(NOISE_IK);

	open_run(&run);
	noise_kill(run.side[0]);
	ck_assert_int_eq(noise_turn(run.side[0]), NOISE_DEAD);
	ck_assert_ptr_null(noise_remote_static(run.side[0]));
	close_run(&run);
}
END_TEST

START_TEST(remote_key_is_known_when_it_came)
{
	struct run run = make_run((enum noise_pattern)_i);
	unsigned carrier = run.pattern == NOISE_XK ? 2 : 0;

	open_run(&run);
	ck_assert_mem_eq(
	    noise_remote_static(run.side[0]), run.public[1], NOISE_KEY_LEN);
	for (unsigned i = 0; i < noise_messages(run.pattern); i++) {
		ck_assert_int_eq(write_one(&run, i), 0);
		ck_assert_int_eq(read_one(&run, i), 0);
		ck_assert_int_eq(
		    noise_remote_static(run.side[1]) != NULL, i >= carrier);
	}
	ck_assert_mem_eq(
	    noise_remote_static(run.side[1]), run.public[0], NOISE_KEY_LEN);
	close_run(&run);
}
END_TEST

START_TEST(config_must_be_complete)
{
	struct run run = make_run((enum noise_pattern)_i);

	for (unsigned side = 0; side < 2; side++) {
		struct noise_config config = config_of(&run, side);

		config.static_secret = NULL;
		ck_assert_ptr_null(noise_new(&config));
		config = config_of(&run, side);
		config.static_public = NULL;
		ck_assert_ptr_null(noise_new(&config));
		config = config_of(&run, side);
		config.remote_static = side == 0 ? NULL : run.public[0];
		ck_assert_ptr_null(noise_new(&config));
		config = config_of(&run, side);
		config.psk = config.psk == NULL ? run.psk[0] : NULL;
		ck_assert_ptr_null(noise_new(&config));
	}
}
END_TEST

START_TEST(allocation_can_fail)
{
	struct run run = make_run(NOISE_IK);
	struct noise_config config = config_of(&run, 0);

	failalloc_after(1);
	ck_assert_ptr_null(noise_new(&config));
	failalloc_off();
	ck_assert(failalloc_hit());
	noise_free(NULL);
}
END_TEST

START_TEST(sizes_are_those_of_the_specification)
{
	ck_assert_uint_eq(noise_messages(NOISE_XK), 3);
	ck_assert_uint_eq(noise_overhead(NOISE_XK, 0), 48);
	ck_assert_uint_eq(noise_overhead(NOISE_XK, 1), 48);
	ck_assert_uint_eq(noise_overhead(NOISE_XK, 2), 64);
	for (unsigned i = NOISE_IK; i < NOISE_PATTERNS; i++) {
		enum noise_pattern pattern = (enum noise_pattern)i;

		ck_assert_uint_eq(noise_messages(pattern), 2);
		ck_assert_uint_eq(noise_overhead(pattern, 0), 96);
		ck_assert_uint_eq(noise_overhead(pattern, 1), 48);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("noise");
	TCase *vectors = tcase_create("vectors");
	TCase *negative = tcase_create("negative");
	TCase *interface = tcase_create("interface");

	if (sodium_init() < 0) {
		return 99;
	}
	suite_add_tcase(suite, vectors);
	tcase_add_test(vectors, agrees_with_published_vectors);
	tcase_add_test(vectors, agrees_with_more_published_vectors);
	tcase_add_test(vectors, agrees_with_own_vectors);
	suite_add_tcase(suite, negative);
	/* Some thousand handshakes each, on a machine that does more. */
	tcase_set_timeout(negative, 60);
	tcase_add_loop_test(
	    negative, every_flipped_bit_is_noticed, 0, NOISE_PATTERNS);
	tcase_add_loop_test(
	    negative, every_truncation_is_noticed, 0, NOISE_PATTERNS);
	tcase_add_test(negative, payload_size_must_fit);
	tcase_add_test(negative, message_has_a_longest_size);
	tcase_add_loop_test(negative, prologue_must_agree, 0, NOISE_PATTERNS);
	tcase_add_test(negative, psk_must_agree);
	tcase_add_loop_test(negative, responder_key_must_be_the_expected_one, 0,
	    NOISE_PATTERNS);
	tcase_add_test(negative, patterns_do_not_mix);
	tcase_add_loop_test(
	    negative, a_replay_gives_other_keys, 0, NOISE_PATTERNS);
	tcase_add_test(negative, ephemerals_are_fresh);
	tcase_add_test(negative, low_order_ephemeral_is_refused);
	tcase_add_loop_test(
	    negative, low_order_static_is_refused, 0, NOISE_PATTERNS);
	suite_add_tcase(suite, interface);
	tcase_add_loop_test(interface, turns_are_kept, 0, NOISE_PATTERNS);
	tcase_add_test(interface, killed_is_dead);
	tcase_add_loop_test(
	    interface, remote_key_is_known_when_it_came, 0, NOISE_PATTERNS);
	tcase_add_loop_test(
	    interface, config_must_be_complete, 0, NOISE_PATTERNS);
	tcase_add_test(interface, allocation_can_fail);
	tcase_add_test(interface, sizes_are_those_of_the_specification);
	return unit_main(suite);
}
