/* SPDX-License-Identifier: ISC */
#include "protocol/linkhello.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/seal.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/support/vectors.h"

#define MESSAGES 3

/* Two sides, and what went over the wire between them. */
struct run {
	uint8_t secret[2][KEYS_LEN]; /* 0 endpoint, 1 relay */
	uint8_t public[2][KEYS_LEN];
	uint8_t ephemeral[2][KEYS_LEN];
	uint8_t version;
	enum linkhello_role role;
	struct linkhello_login login;
	struct linkhello *side[2];
	uint8_t message[MESSAGES][LINKHELLO_WRITE_MAX];
	size_t len[MESSAGES];
	/* Damage to be done to message bad_message (none if negative). */
	int bad_message;
	size_t bad_bit;
};

static struct run
make_run(void)
{
	struct run run = {
		.version = 1,
		.role = LINKHELLO_AGENT,
		.login = {
			.user = "alice",
			.device = "office",
			.has_token = true,
			.token = { 1, 2, 3 },
			.software = "0.1.0",
			.has_key_id = true,
			.key_id = { 4, 5, 6 },
			.key_epoch = 7,
			.boot = { 8, 9 },
			.flags = 0x80,
		},
		.bad_message = -1,
	};

	for (unsigned i = 0; i < 2; i++) {
		memset(run.secret[i], (int)i + 1, KEYS_LEN);
		memset(run.ephemeral[i], (int)i + 3, KEYS_LEN);
		ck_assert_int_eq(keys_public(run.secret[i], run.public[i]), 0);
	}
	return run;
}

static struct linkhello_config
config_of(const struct run *run, unsigned side)
{
	struct linkhello_config config = {
		.static_secret = run->secret[side],
		.static_public = run->public[side],
		.version = run->version,
		.role = run->role,
		.relay_public = run->public[1],
		.login = &run->login,
		.ephemeral_secret = run->ephemeral[side],
	};

	return config;
}

static void
open_run(struct run *run)
{
	struct linkhello_config config[2] = { config_of(run, 0),
		config_of(run, 1) };

	run->side[0] = linkhello_new_initiator(&config[0]);
	run->side[1] = linkhello_new_responder(&config[1]);
	ck_assert_ptr_nonnull(run->side[0]);
	ck_assert_ptr_nonnull(run->side[1]);
}

static void
close_run(struct run *run)
{
	linkhello_free(run->side[0]);
	linkhello_free(run->side[1]);
}

static void
write_one(struct run *run, unsigned index)
{
	struct linkhello *from = run->side[index % 2];

	ck_assert_int_eq(linkhello_want(from), LINKHELLO_WRITE);
	ck_assert_uint_eq(linkhello_expect(from), 0);
	ck_assert_int_eq(linkhello_write(from, run->message[index],
			     LINKHELLO_WRITE_MAX, &run->len[index]),
	    0);
	if ((int)index == run->bad_message) {
		run->message[index][run->bad_bit / 8] ^=
		    (uint8_t)(1U << run->bad_bit % 8);
	}
}

/* Feed a message in the parts that are asked for, as far as there is any. */
static int
read_one(struct run *run, unsigned index)
{
	struct linkhello *to = run->side[1 - index % 2];
	const uint8_t *at = run->message[index];
	size_t left = run->len[index];

	while (left > 0) {
		size_t want = linkhello_expect(to);

		ck_assert_int_eq(linkhello_want(to), LINKHELLO_READ);
		ck_assert_uint_gt(want, 0);
		if (want > left) {
			return 1; /* waits for more */
		}
		if (linkhello_read(to, at, want) != 0) {
			ck_assert_int_eq(linkhello_want(to), LINKHELLO_FAILED);
			return -1;
		}
		at += want;
		left -= want;
	}
	return 0;
}

/* Run all; returns the number of the message that was not taken, or -1. */
static int
handshake(struct run *run)
{
	for (unsigned i = 0; i < MESSAGES; i++) {
		write_one(run, i);
		if (read_one(run, i) != 0) {
			return (int)i;
		}
	}
	return -1;
}

static void
check_same_login(
    const struct linkhello_login *a, const struct linkhello_login *b)
{
	ck_assert_str_eq(a->user, b->user);
	ck_assert_str_eq(a->device, b->device);
	ck_assert_int_eq(a->has_token, b->has_token);
	ck_assert_mem_eq(a->token, b->token, sizeof(a->token));
	ck_assert_str_eq(a->software, b->software);
	ck_assert_int_eq(a->has_key_id, b->has_key_id);
	ck_assert_mem_eq(a->key_id, b->key_id, sizeof(a->key_id));
	ck_assert_uint_eq(a->key_epoch, b->key_epoch);
	ck_assert_mem_eq(a->boot, b->boot, sizeof(a->boot));
	ck_assert_uint_eq(a->flags, b->flags);
}

/* A frame sealed by tx must open with rx. */
static void
check_direction(struct seal *tx, struct seal *rx)
{
	uint8_t box[SEAL_OVERHEAD + 8] = { 0 };

	seal_lock(tx, box, 8);
	ck_assert_int_eq(seal_open(rx, box, 8), 0);
}

START_TEST(both_sides_agree)
{
	struct run run = make_run();
	struct seal tx[2];
	struct seal rx[2];

	open_run(&run);
	ck_assert_ptr_null(linkhello_login(run.side[1]));
	ck_assert_ptr_null(linkhello_remote_public(run.side[1]));
	ck_assert_int_eq(handshake(&run), -1);
	ck_assert_uint_eq(run.len[0], LINKHELLO_MESSAGE1_LEN);
	ck_assert_uint_eq(run.len[1], LINKHELLO_MESSAGE2_LEN);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(linkhello_want(run.side[i]), LINKHELLO_DONE);
		ck_assert_uint_eq(linkhello_expect(run.side[i]), 0);
		ck_assert_uint_eq(linkhello_version(run.side[i]), 1);
		ck_assert_int_eq(linkhello_role(run.side[i]), LINKHELLO_AGENT);
		check_same_login(linkhello_login(run.side[i]), &run.login);
		ck_assert_mem_eq(linkhello_remote_public(run.side[i]),
		    run.public[1 - i], KEYS_LEN);
		ck_assert_int_eq(
		    linkhello_keys(run.side[i], &tx[i], &rx[i]), 0);
		/* The peer's key stays known. */
		ck_assert_mem_eq(linkhello_remote_public(run.side[i]),
		    run.public[1 - i], KEYS_LEN);
	}
	check_direction(&tx[0], &rx[1]);
	check_direction(&tx[1], &rx[0]);
	ck_assert_mem_ne(tx[0].key, tx[1].key, SEAL_KEY_LEN);
	ck_assert_int_eq(linkhello_keys(run.side[0], &tx[0], &rx[0]), -1);
	close_run(&run);
}
END_TEST

START_TEST(every_version_is_finished)
{
	for (unsigned version = 0; version < 256; version++) {
		struct run run = make_run();

		run.version = (uint8_t)version;
		open_run(&run);
		ck_assert_int_eq(handshake(&run), -1);
		ck_assert_uint_eq(linkhello_version(run.side[1]), version);
		close_run(&run);
	}
}
END_TEST

START_TEST(ephemerals_are_fresh)
{
	struct run run = make_run();
	struct linkhello_config config = config_of(&run, 0);
	uint8_t out[2][LINKHELLO_WRITE_MAX];
	size_t len;

	config.ephemeral_secret = NULL;
	for (unsigned i = 0; i < 2; i++) {
		struct linkhello *hello = linkhello_new_initiator(&config);

		ck_assert_int_eq(
		    linkhello_write(hello, out[i], sizeof(out[i]), &len), 0);
		linkhello_free(hello);
	}
	ck_assert_mem_ne(out[0], out[1], LINKHELLO_MESSAGE1_LEN);
}
END_TEST

/* --- what must not work ------------------------------------------------- */

/*
 * A changed length in front of message 3 may also make the relay wait for more
 * than comes, or read less: then the message does not authenticate.
 */
START_TEST(every_flipped_bit_is_noticed)
{
	struct run run = make_run();
	unsigned index = (unsigned)_i;
	size_t bits;

	open_run(&run);
	ck_assert_int_eq(handshake(&run), -1);
	close_run(&run);
	bits = 8 * run.len[index];
	run.bad_message = (int)index;
	for (run.bad_bit = 0; run.bad_bit < bits;
	     run.bad_bit += unit_stride(11)) {
		open_run(&run);
		ck_assert_int_eq(handshake(&run), (int)index);
		close_run(&run);
	}
}
END_TEST

/* Change version, role and the rest with a right mac1: the prologue differs. */
START_TEST(the_head_is_bound)
{
	for (unsigned byte = 0; byte < 4; byte++) {
		struct run run = make_run();

		open_run(&run);
		write_one(&run, 0);
		run.message[0][byte] ^= 3;
		keys_mac1(run.public[1], run.message[0],
		    LINKHELLO_MESSAGE1_LEN - KEYS_MAC1_LEN,
		    run.message[0] + LINKHELLO_MESSAGE1_LEN - KEYS_MAC1_LEN);
		ck_assert_int_eq(read_one(&run, 0), -1);
		close_run(&run);
	}
}
END_TEST

/* The Noise state is what it allocates: nothing of it exists after a bad mac1.
 */
START_TEST(nothing_is_done_before_mac1)
{
	struct run run = make_run();

	run.bad_message = 0;
	run.bad_bit = 8 * LINKHELLO_MESSAGE1_LEN - 1;
	open_run(&run);
	write_one(&run, 0);
	failalloc_after(1);
	ck_assert_int_eq(
	    linkhello_read(run.side[1], run.message[0], LINKHELLO_MESSAGE1_LEN),
	    -1);
	failalloc_off();
	ck_assert(!failalloc_hit());
	close_run(&run);
}
END_TEST

START_TEST(sizes_must_be_exact)
{
	static const size_t sizes[] = { 0, 1, 67, 69, 1000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct run run = make_run();
		uint8_t in[1000] = { 0 };

		open_run(&run);
		write_one(&run, 0);
		memcpy(in, run.message[0], LINKHELLO_MESSAGE1_LEN);
		ck_assert_int_eq(linkhello_read(run.side[1], in, sizes[i]), -1);
		ck_assert_int_eq(linkhello_want(run.side[1]), LINKHELLO_FAILED);
		/* And failed is for good. */
		ck_assert_int_eq(
		    linkhello_read(run.side[1], in, LINKHELLO_MESSAGE1_LEN),
		    -1);
		close_run(&run);
	}
}
END_TEST

START_TEST(length_of_message3_is_bounded)
{
	/* 65 is the least that holds a login of one byte. */
	static const struct {
		uint16_t length;
		int status;
	} rows[] = { { 0, -1 }, { 64, -1 }, { 65, 0 }, { 1024, 0 },
		{ 1025, -1 }, { 65535, -1 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run run = make_run();
		uint8_t in[2] = { (uint8_t)(rows[i].length >> 8),
			(uint8_t)rows[i].length };

		open_run(&run);
		for (unsigned j = 0; j < 2; j++) {
			write_one(&run, j);
			ck_assert_int_eq(read_one(&run, j), 0);
		}
		ck_assert_int_eq(
		    linkhello_read(run.side[1], in, 2), rows[i].status);
		ck_assert_uint_eq(linkhello_expect(run.side[1]),
		    rows[i].status == 0 ? rows[i].length : 0);
		close_run(&run);
	}
}
END_TEST

START_TEST(turns_are_kept)
{
	struct run run = make_run();
	uint8_t bytes[LINKHELLO_WRITE_MAX] = { 0 };
	struct seal seal[2];
	size_t len;

	open_run(&run);
	ck_assert_int_eq(linkhello_keys(run.side[0], &seal[0], &seal[1]), -1);
	ck_assert_int_eq(linkhello_read(run.side[0], bytes, 48), -1);
	ck_assert_int_eq(
	    linkhello_write(run.side[1], bytes, sizeof(bytes), &len), -1);
	close_run(&run);
	open_run(&run);
	ck_assert_int_eq(
	    linkhello_write(run.side[0], bytes, LINKHELLO_WRITE_MAX - 1, &len),
	    -1);
	close_run(&run);
	/* Nothing follows the end. */
	open_run(&run);
	ck_assert_int_eq(handshake(&run), -1);
	ck_assert_int_eq(
	    linkhello_write(run.side[0], bytes, sizeof(bytes), &len), -1);
	ck_assert_int_eq(linkhello_read(run.side[1], bytes, 0), -1);
	close_run(&run);
}
END_TEST

START_TEST(relay_must_be_the_expected_one)
{
	struct run run = make_run();
	struct run other = make_run();

	memset(other.secret[1], 9, KEYS_LEN);
	ck_assert_int_eq(keys_public(other.secret[1], other.public[1]), 0);
	open_run(&run);
	open_run(&other);
	write_one(&run, 0);
	memcpy(other.message[0], run.message[0], run.len[0]);
	other.len[0] = run.len[0];
	ck_assert_int_eq(read_one(&other, 0), -1);
	close_run(&run);
	close_run(&other);
}
END_TEST

/* A recorded first message and login, against a relay with a fresh key. */
START_TEST(a_login_cannot_be_replayed)
{
	struct run run = make_run();
	struct run again = make_run();

	open_run(&run);
	ck_assert_int_eq(handshake(&run), -1);
	memset(again.ephemeral[1], 0x55, KEYS_LEN);
	open_run(&again);
	write_one(&again, 0);
	ck_assert_mem_eq(again.message[0], run.message[0], run.len[0]);
	ck_assert_int_eq(read_one(&again, 0), 0);
	write_one(&again, 1);
	memcpy(again.message[2], run.message[2], run.len[2]);
	again.len[2] = run.len[2];
	ck_assert_int_eq(read_one(&again, 2), -1);
	ck_assert_ptr_null(linkhello_login(again.side[1]));
	close_run(&run);
	close_run(&again);
}
END_TEST

START_TEST(config_must_be_complete)
{
	struct run run = make_run();
	struct linkhello_config config = config_of(&run, 0);

	config.static_secret = NULL;
	ck_assert_ptr_null(linkhello_new_initiator(&config));
	ck_assert_ptr_null(linkhello_new_responder(&config));
	config = config_of(&run, 0);
	config.static_public = NULL;
	ck_assert_ptr_null(linkhello_new_initiator(&config));
	config = config_of(&run, 0);
	config.relay_public = NULL;
	ck_assert_ptr_null(linkhello_new_initiator(&config));
	config = config_of(&run, 0);
	config.login = NULL;
	ck_assert_ptr_null(linkhello_new_initiator(&config));
	config = config_of(&run, 0);
	memset(&config.role, 0, sizeof(config.role));
	ck_assert_ptr_null(linkhello_new_initiator(&config));
	config = config_of(&run, 0);
	run.login.user[0] = ' ';
	ck_assert_ptr_null(linkhello_new_initiator(&config));
}
END_TEST

START_TEST(every_allocation_can_fail)
{
	for (long n = 1;; n++) {
		struct run run = make_run();
		struct linkhello_config config[2] = { config_of(&run, 0),
			config_of(&run, 1) };
		bool done;

		failalloc_after(n);
		run.side[0] = linkhello_new_initiator(&config[0]);
		run.side[1] = linkhello_new_responder(&config[1]);
		done = run.side[0] != NULL && run.side[1] != NULL &&
		       handshake(&run) == -1;
		failalloc_off();
		close_run(&run);
		ck_assert_int_eq(done, !failalloc_hit());
		if (done) {
			ck_assert_int_gt(n, 4);
			break;
		}
	}
}
END_TEST

/* --- login -------------------------------------------------------------- */

START_TEST(login_comes_back)
{
	struct run run = make_run();
	struct linkhello_login back;
	uint8_t out[512];
	size_t len;

	len = linkhello_login_encode(&run.login, out, sizeof(out));
	ck_assert_uint_eq(len, 6 + 7 + 33 + 6 + 13 + 16 + 1);
	ck_assert_int_eq(linkhello_login_decode(&back, out, len), 0);
	check_same_login(&back, &run.login);
	run.login.has_token = false;
	run.login.has_key_id = false;
	len = linkhello_login_encode(&run.login, out, sizeof(out));
	ck_assert_uint_eq(len, 6 + 7 + 1 + 6 + 13 + 16 + 1);
	ck_assert_int_eq(linkhello_login_decode(&back, out, len), 0);
	ck_assert(!back.has_token);
	ck_assert(sodium_is_zero(back.token, sizeof(back.token)));
	ck_assert(!back.has_key_id);
	ck_assert_uint_eq(back.key_epoch, 0);
}
END_TEST

START_TEST(login_is_truncated)
{
	struct run run = make_run();
	struct linkhello_login back;
	uint8_t out[512];
	size_t len = linkhello_login_encode(&run.login, out, sizeof(out));

	for (size_t i = 0; i < len; i++) {
		uint8_t *exact = malloc(i);

		memcpy(exact, out, i);
		ck_assert_int_eq(linkhello_login_decode(&back, exact, i), -1);
		ck_assert(sodium_is_zero((const uint8_t *)&back, sizeof(back)));
		ck_assert_uint_eq(
		    linkhello_login_encode(&run.login, exact, i), 0);
		free(exact);
	}
	/* What a later version has behind it does not matter. */
	ck_assert_int_eq(linkhello_login_decode(&back, out, len + 9), 0);
	check_same_login(&back, &run.login);
}
END_TEST

/* Put value to the byte at; the login must then be refused. */
static void
check_bad_byte(size_t at, uint8_t value)
{
	struct run run = make_run();
	struct linkhello_login back;
	uint8_t out[512];
	size_t len;

	if (at >= 52) {
		run.login.has_key_id = false;
	}
	len = linkhello_login_encode(&run.login, out, sizeof(out));
	out[at] = value;
	ck_assert_int_eq(linkhello_login_decode(&back, out, len), -1);
}

START_TEST(login_is_decoded_strictly)
{
	check_bad_byte(0, 0);   /* no user */
	check_bad_byte(1, 'A'); /* not lower case */
	check_bad_byte(1, '\0');
	check_bad_byte(6, 64);    /* device too long */
	check_bad_byte(7, '-');   /* device not a name */
	check_bad_byte(13, 31);   /* token too short */
	check_bad_byte(13, 33);   /* or too long */
	check_bad_byte(46, 64);   /* software too long */
	check_bad_byte(47, '\n'); /* or with a line end */
	check_bad_byte(52, 2);    /* neither yes nor no */
	check_bad_byte(53, 1);    /* key id that is not there */
	check_bad_byte(60, 1);
	check_bad_byte(64, 1); /* epoch of it */
}
END_TEST

START_TEST(login_must_be_valid_to_be_sent)
{
	struct run run = make_run();
	struct linkhello_login login = run.login;
	uint8_t out[512];

	login.user[0] = '\0';
	ck_assert_uint_eq(linkhello_login_encode(&login, out, 512), 0);
	login = run.login;
	login.device[0] = '.';
	ck_assert_uint_eq(linkhello_login_encode(&login, out, 512), 0);
	login = run.login;
	login.software[0] = '\n';
	ck_assert_uint_eq(linkhello_login_encode(&login, out, 512), 0);
	/* Case is folded. */
	login = run.login;
	login.user[0] = 'A';
	ck_assert_uint_gt(linkhello_login_encode(&login, out, 512), 0);
	ck_assert_int_eq(out[1], 'a');
}
END_TEST

/* The longest of everything fits into message 3. */
START_TEST(longest_login_fits)
{
	struct run run = make_run();

	memset(run.login.user, 'u', sizeof(run.login.user) - 1);
	memset(run.login.device, 'd', sizeof(run.login.device) - 1);
	memset(run.login.software, 's', sizeof(run.login.software) - 1);
	open_run(&run);
	ck_assert_int_eq(handshake(&run), -1);
	check_same_login(linkhello_login(run.side[1]), &run.login);
	close_run(&run);
}
END_TEST

/* --- vectors ------------------------------------------------------------ */

/* What one vector says beyond a run. */
struct vector {
	struct run run;
	size_t login_len;
	uint8_t login[512];
	uint8_t message[MESSAGES][LINKHELLO_WRITE_MAX];
	size_t len[MESSAGES];
	uint8_t keys[2][SEAL_KEY_LEN + SEAL_HEAD_LEN];
};

static void
take_login(struct linkhello_login *login, const char *name, const char *value)
{
	if (strcmp(name, "device") == 0) {
		memcpy(login->device, value, strlen(value) + 1);
	} else if (strcmp(name, "token") == 0 && value[0] != '\0') {
		login->has_token = true;
		vectors_exactly(value, login->token, sizeof(login->token));
	} else if (strcmp(name, "key_id") == 0 && value[0] != '\0') {
		login->has_key_id = true;
		vectors_exactly(value, login->key_id, sizeof(login->key_id));
	} else if (strcmp(name, "key_epoch") == 0) {
		login->key_epoch = (uint32_t)strtoul(value, NULL, 10);
	} else if (strcmp(name, "boot") == 0) {
		vectors_exactly(value, login->boot, sizeof(login->boot));
	} else if (strcmp(name, "flags") == 0) {
		login->flags = (uint8_t)strtoul(value, NULL, 10);
	}
}

static void
take_item(struct vector *vector, const char *name, const char *value)
{
	struct run *run = &vector->run;

	take_login(&run->login, name, value);
	if (strcmp(name, "version") == 0) {
		run->version = (uint8_t)strtoul(value, NULL, 10);
	} else if (strcmp(name, "role") == 0) {
		run->role =
		    value[0] == '1' ? LINKHELLO_GATEWAY : LINKHELLO_AGENT;
	} else if (strcmp(name, "static") == 0) {
		vectors_exactly(value, run->secret[0], KEYS_LEN);
	} else if (strcmp(name, "relay_static") == 0) {
		vectors_exactly(value, run->secret[1], KEYS_LEN);
	} else if (strcmp(name, "ephemeral") == 0) {
		vectors_exactly(value, run->ephemeral[0], KEYS_LEN);
	} else if (strcmp(name, "relay_ephemeral") == 0) {
		vectors_exactly(value, run->ephemeral[1], KEYS_LEN);
	} else if (strcmp(name, "login") == 0) {
		vector->login_len =
		    vectors_bytes(value, vector->login, sizeof(vector->login));
	} else if (strncmp(name, "message", 7) == 0) {
		unsigned i = (unsigned)(name[7] - '1');

		vector->len[i] = vectors_bytes(
		    value, vector->message[i], LINKHELLO_WRITE_MAX);
	} else if (strcmp(name, "from_endpoint") == 0) {
		vectors_exactly(value, vector->keys[0], 48);
	} else if (strcmp(name, "from_relay") == 0) {
		vectors_exactly(value, vector->keys[1], 48);
	}
}

static void
check_keys(const struct vector *vector)
{
	struct seal tx;
	struct seal rx;
	uint8_t state[SEAL_STATE_LEN];

	ck_assert_int_eq(linkhello_keys(vector->run.side[1], &tx, &rx), 0);
	seal_save(&rx, state);
	ck_assert_mem_eq(state, vector->keys[0], sizeof(vector->keys[0]));
	seal_save(&tx, state);
	ck_assert_mem_eq(state, vector->keys[1], sizeof(vector->keys[1]));
}

/* The relay reads the messages of the vector; the endpoint writes its own. */
static void
check_vector(struct vector *vector)
{
	struct run *run = &vector->run;
	struct linkhello_login login;

	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    keys_public(run->secret[i], run->public[i]), 0);
	}
	memcpy(run->login.user, "alice", 6);
	memcpy(run->login.software, "0.1.0", 6);
	run->bad_message = -1;
	ck_assert_int_eq(
	    linkhello_login_decode(&login, vector->login, vector->login_len),
	    0);
	check_same_login(&login, &run->login);
	open_run(run);
	for (unsigned i = 0; i < MESSAGES; i++) {
		write_one(run, i);
		/* The login of a later version has more than we write. */
		if (i < 2 || run->version == 1) {
			ck_assert_uint_eq(run->len[i], vector->len[i]);
			ck_assert_mem_eq(
			    run->message[i], vector->message[i], run->len[i]);
		}
		memcpy(run->message[i], vector->message[i], vector->len[i]);
		run->len[i] = vector->len[i];
		ck_assert_int_eq(read_one(run, i), 0);
	}
	check_same_login(linkhello_login(run->side[1]), &run->login);
	check_keys(vector);
	close_run(run);
}

START_TEST(agrees_with_vectors)
{
	static struct vector vector;
	struct vectors *file = vectors_open_own("linkhello.json");
	struct vectors_item item;
	unsigned count = 0;

	while (vectors_next(file, &item)) {
		if (!item.begin) {
			take_item(&vector, item.name, item.value);
			continue;
		}
		if (count++ > 0) {
			check_vector(&vector);
		}
		memset(&vector, 0, sizeof(vector));
	}
	check_vector(&vector);
	vectors_close(file);
	ck_assert_uint_eq(count, 3);
}
END_TEST

static void
add_login(TCase *tcase)
{
	tcase_add_test(tcase, login_comes_back);
	tcase_add_test(tcase, login_is_truncated);
	tcase_add_test(tcase, login_is_decoded_strictly);
	tcase_add_test(tcase, login_must_be_valid_to_be_sent);
	tcase_add_test(tcase, longest_login_fits);
}

int
main(void)
{
	Suite *suite = suite_create("linkhello");
	TCase *tcase = tcase_create("linkhello");

	if (sodium_init() < 0) {
		return 99;
	}
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, agrees_with_vectors);
	tcase_add_test(tcase, both_sides_agree);
	tcase_add_test(tcase, every_version_is_finished);
	tcase_add_test(tcase, ephemerals_are_fresh);
	tcase_add_loop_test(tcase, every_flipped_bit_is_noticed, 0, MESSAGES);
	tcase_add_test(tcase, the_head_is_bound);
	tcase_add_test(tcase, nothing_is_done_before_mac1);
	tcase_add_test(tcase, sizes_must_be_exact);
	tcase_add_test(tcase, length_of_message3_is_bounded);
	tcase_add_test(tcase, turns_are_kept);
	tcase_add_test(tcase, relay_must_be_the_expected_one);
	tcase_add_test(tcase, a_login_cannot_be_replayed);
	tcase_add_test(tcase, config_must_be_complete);
	tcase_add_test(tcase, every_allocation_can_fail);
	add_login(tcase);
	return unit_main(suite);
}
