/* SPDX-License-Identifier: ISC */
#include "protocol/sessionhello.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/codes.h"
#include "protocol/noise.h"
#include "protocol/seal.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/support/vectors.h"

/* Two sides: 0 the gateway, 1 the host. */
struct run {
	uint8_t secret[2][KEYS_LEN];
	uint8_t public[2][KEYS_LEN];
	uint8_t remote[2][KEYS_LEN]; /* what each takes the other for */
	uint8_t ephemeral[2][KEYS_LEN];
	uint8_t psk[2][KEYS_LEN];
	bool has_psk;
	char owner[2][NAME_USER_MAX + 1];
	char host[2][NAME_HOST_MAX + 1];
	struct keys_caller caller[2];
	struct keys_session session[2];
	struct sessionhello_request request;
	struct sessionhello_reply reply;
	struct sessionhello *side[2];
	uint8_t message[2][SESSIONHELLO_MESSAGE2_MAX];
	size_t len[2];
	struct sessionhello_request got_request;
	struct sessionhello_reply got_reply;
};

static void
set_host(struct run *run, const char *owner, const char *host)
{
	for (unsigned i = 0; i < 2; i++) {
		memcpy(run->owner[i], owner, strlen(owner) + 1);
		memcpy(run->host[i], host, strlen(host) + 1);
	}
	run->has_psk = strcmp(host, "relay") != 0;
}

static void
make_run(struct run *run)
{
	memset(run, 0, sizeof(*run));
	set_host(run, "alice", "office");
	for (unsigned i = 0; i < 2; i++) {
		memset(run->secret[i], (int)i + 1, KEYS_LEN);
		memset(run->ephemeral[i], (int)i + 3, KEYS_LEN);
		memset(run->psk[i], 5, KEYS_LEN);
		ck_assert_int_eq(
		    keys_public(run->secret[i], run->public[i]), 0);
		memcpy(run->remote[1 - i], run->public[i], KEYS_LEN);
		ck_assert_int_eq(
		    keys_caller_owner(&run->caller[i], "alice"), 0);
		run->session[i].version = 1;
		run->session[i].epoch = 2;
	}
	memset(run->request.boot, 6, sizeof(run->request.boot));
	run->request.grace = 120;
	memset(run->reply.id, 7, sizeof(run->reply.id));
	run->reply.grace = 60;
	memcpy(run->reply.software, "0.1.0", 6);
}

static struct sessionhello_config
config_of(struct run *run, unsigned side)
{
	struct sessionhello_config config = {
		.session = &run->session[side],
		.psk = run->has_psk ? run->psk[side] : NULL,
		.static_secret = run->secret[side],
		.static_public = run->public[side],
		.remote_public = run->remote[side],
		.ephemeral_secret = run->ephemeral[side],
	};

	run->session[side].owner = run->owner[side];
	run->session[side].host = run->host[side];
	run->session[side].caller = &run->caller[side];
	return config;
}

static void
open_run(struct run *run)
{
	struct sessionhello_config config[2] = { config_of(run, 0),
		config_of(run, 1) };

	run->side[0] = sessionhello_new_initiator(&config[0], &run->request);
	run->side[1] = sessionhello_new_responder(&config[1]);
	ck_assert_ptr_nonnull(run->side[0]);
	ck_assert_ptr_nonnull(run->side[1]);
}

static void
close_run(struct run *run)
{
	sessionhello_free(run->side[0]);
	sessionhello_free(run->side[1]);
}

static void
write_request(struct run *run)
{
	run->len[0] = SESSIONHELLO_MESSAGE1_LEN;
	ck_assert_int_eq(
	    sessionhello_write_request(run->side[0], run->message[0]), 0);
}

static enum sessionhello_result
read_request(struct run *run)
{
	enum sessionhello_result result = sessionhello_read_request(
	    run->side[1], run->message[0], run->len[0], &run->got_request);

	if (result != SESSIONHELLO_OK) {
		ck_assert(sodium_is_zero((const uint8_t *)&run->got_request,
		    sizeof(run->got_request)));
	}
	return result;
}

static void
write_reply(struct run *run)
{
	ck_assert_int_eq(sessionhello_write_reply(run->side[1], &run->reply,
			     run->message[1], &run->len[1]),
	    0);
}

static enum sessionhello_result
read_reply(struct run *run)
{
	enum sessionhello_result result = sessionhello_read_reply(
	    run->side[0], run->message[1], run->len[1], &run->got_reply);

	if (result != SESSIONHELLO_OK) {
		ck_assert(sodium_is_zero(
		    (const uint8_t *)&run->got_reply, sizeof(run->got_reply)));
	}
	return result;
}

static void
handshake(struct run *run)
{
	write_request(run);
	ck_assert_int_eq(read_request(run), SESSIONHELLO_OK);
	write_reply(run);
	ck_assert_int_eq(read_reply(run), SESSIONHELLO_OK);
}

/* What is sealed by tx must open with rx. */
static void
check_direction(struct seal *tx, struct seal *rx)
{
	uint8_t box[SEAL_OVERHEAD + 8] = { 0 };

	seal_lock(tx, box, 8);
	ck_assert_int_eq(seal_open(rx, box, 8), 0);
}

START_TEST(both_sides_agree)
{
	struct run run;
	struct seal seal[2][4];

	make_run(&run);
	if (_i == 1) {
		set_host(&run, "", "relay");
	}
	open_run(&run);
	handshake(&run);
	ck_assert_mem_eq(
	    run.got_request.boot, run.request.boot, sizeof(run.request.boot));
	ck_assert_uint_eq(run.got_request.grace, 120);
	ck_assert_mem_eq(run.got_reply.id, run.reply.id, sizeof(run.reply.id));
	ck_assert_uint_eq(run.got_reply.grace, 60);
	ck_assert_uint_eq(run.got_reply.status, 0);
	ck_assert_str_eq(run.got_reply.software, "0.1.0");
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(sessionhello_keys(run.side[i], &seal[i][0],
				     &seal[i][1], &seal[i][2], &seal[i][3]),
		    0);
	}
	check_direction(&seal[0][0], &seal[1][1]);
	check_direction(&seal[1][0], &seal[0][1]);
	check_direction(&seal[0][2], &seal[1][3]);
	check_direction(&seal[1][2], &seal[0][3]);
	for (unsigned i = 0; i < 4; i++) {
		for (unsigned j = 0; j < i; j++) {
			ck_assert_mem_ne(seal[0][i].key, seal[0][j].key, 32);
		}
	}
	ck_assert_int_eq(sessionhello_keys(run.side[0], &seal[0][0],
			     &seal[0][1], &seal[0][2], &seal[0][3]),
	    -1);
	close_run(&run);
}
END_TEST

START_TEST(a_refusal_gives_no_keys)
{
	struct run run;
	struct seal seal[4];

	make_run(&run);
	run.reply.status = 604;
	open_run(&run);
	handshake(&run);
	ck_assert_uint_eq(run.got_reply.status, 604);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(sessionhello_keys(run.side[i], &seal[0],
				     &seal[1], &seal[2], &seal[3]),
		    -1);
	}
	close_run(&run);
}
END_TEST

START_TEST(a_question_gives_no_keys)
{
	struct run run;
	struct seal seal[4];

	make_run(&run);
	memset(run.request.question, 8, sizeof(run.request.question));
	run.reply.status = _i == 0 ? CODE_OK : CODE_SESSION_LOST;
	open_run(&run);
	ck_assert(sessionhello_is_question(run.side[0]));
	ck_assert(!sessionhello_is_question(run.side[1]));
	handshake(&run);
	ck_assert(sessionhello_is_question(run.side[1]));
	ck_assert_mem_eq(run.got_request.question, run.request.question,
	    sizeof(run.request.question));
	ck_assert_uint_eq(run.got_reply.status, run.reply.status);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(sessionhello_keys(run.side[i], &seal[0],
				     &seal[1], &seal[2], &seal[3]),
		    -1);
	}
	close_run(&run);
}
END_TEST

/* One bit is enough to make it a question. */
START_TEST(only_zeros_begin_a_session)
{
	struct run run;

	make_run(&run);
	open_run(&run);
	handshake(&run);
	ck_assert(!sessionhello_is_question(run.side[0]));
	ck_assert(!sessionhello_is_question(run.side[1]));
	close_run(&run);
	for (size_t bit = 0; bit < 8 * SESSIONHELLO_ID_LEN;
	     bit += unit_stride(11)) {
		make_run(&run);
		run.request.question[bit / 8] = (uint8_t)(1U << bit % 8);
		open_run(&run);
		handshake(&run);
		ck_assert(sessionhello_is_question(run.side[0]));
		ck_assert(sessionhello_is_question(run.side[1]));
		close_run(&run);
	}
}
END_TEST

/* --- what must not work ------------------------------------------------- */

START_TEST(every_flipped_bit_is_noticed)
{
	struct run run;
	size_t len = 0;

	make_run(&run);
	for (size_t bit = 0; bit < 8 * SESSIONHELLO_MESSAGE1_LEN;
	     bit += unit_stride(11)) {
		open_run(&run);
		write_request(&run);
		run.message[0][bit / 8] ^= (uint8_t)(1U << bit % 8);
		ck_assert_int_eq(read_request(&run), SESSIONHELLO_BAD);
		close_run(&run);
	}
	do {
		open_run(&run);
		write_request(&run);
		ck_assert_int_eq(read_request(&run), SESSIONHELLO_OK);
		write_reply(&run);
		run.message[1][len / 8] ^= (uint8_t)(1U << len % 8);
		ck_assert_int_eq(read_reply(&run), SESSIONHELLO_BAD);
		close_run(&run);
	} while (++len < 8 * run.len[1]);
}
END_TEST

START_TEST(every_truncation_is_noticed)
{
	struct run run;
	size_t whole;

	make_run(&run);
	for (size_t len = 0; len < SESSIONHELLO_MESSAGE1_LEN; len++) {
		open_run(&run);
		write_request(&run);
		run.len[0] = len;
		ck_assert_int_eq(read_request(&run), SESSIONHELLO_BAD);
		close_run(&run);
	}
	open_run(&run);
	handshake(&run);
	close_run(&run);
	whole = run.len[1];
	for (size_t len = 0; len <= sizeof(run.message[1]); len++) {
		open_run(&run);
		write_request(&run);
		ck_assert_int_eq(read_request(&run), SESSIONHELLO_OK);
		write_reply(&run);
		run.len[1] = len;
		ck_assert_int_eq(read_reply(&run),
		    len == whole ? SESSIONHELLO_OK : SESSIONHELLO_BAD);
		close_run(&run);
	}
}
END_TEST

/* Make the sides of run differ in one thing; message 1 must be refused. */
static void
check_refused(struct run *run)
{
	open_run(run);
	write_request(run);
	ck_assert_int_eq(read_request(run), SESSIONHELLO_BAD);
	close_run(run);
}

START_TEST(both_must_mean_the_same)
{
	struct run run;

	make_run(&run);
	run.session[1].version = 2;
	check_refused(&run);
	make_run(&run);
	run.session[1].epoch = 3;
	check_refused(&run);
	make_run(&run);
	run.owner[1][0] = 'b';
	check_refused(&run);
	make_run(&run);
	run.host[1][0] = 'x';
	check_refused(&run);
	make_run(&run);
	run.caller[1].user[0] = 'b';
	check_refused(&run);
	make_run(&run);
	run.caller[0].share = run.caller[1].share = 1;
	run.caller[1].expiry = 9;
	check_refused(&run);
	make_run(&run);
	run.caller[0].share = 1;
	run.caller[1].share = 2;
	check_refused(&run);
	make_run(&run);
	run.caller[0].share = run.caller[1].share = 1;
	run.caller[0].rights[0] = 'x';
	check_refused(&run);
	make_run(&run);
	run.psk[1][31] ^= 0x80;
	check_refused(&run);
	make_run(&run);
	memcpy(run.remote[0], run.public[0], KEYS_LEN);
	check_refused(&run);
}
END_TEST

START_TEST(device_must_be_the_named_one)
{
	struct run run;
	size_t len;

	make_run(&run);
	run.remote[1][0] ^= 1;
	open_run(&run);
	write_request(&run);
	ck_assert_int_eq(read_request(&run), SESSIONHELLO_OTHER_KEY);
	ck_assert_int_eq(sessionhello_write_reply(
			     run.side[1], &run.reply, run.message[1], &len),
	    -1);
	close_run(&run);
}
END_TEST

START_TEST(pattern_follows_from_the_name)
{
	struct run run;
	struct sessionhello_config config;

	for (unsigned side = 0; side < 2; side++) {
		make_run(&run);
		run.has_psk = false;
		config = config_of(&run, side);
		ck_assert_ptr_null(
		    sessionhello_new_initiator(&config, &run.request));
		ck_assert_ptr_null(sessionhello_new_responder(&config));
		set_host(&run, "alice", "Relay");
		run.has_psk = true;
		config = config_of(&run, side);
		ck_assert_ptr_null(
		    sessionhello_new_initiator(&config, &run.request));
		ck_assert_ptr_null(sessionhello_new_responder(&config));
		run.has_psk = false;
		config = config_of(&run, side);
		run.side[0] = sessionhello_new_initiator(&config, &run.request);
		ck_assert_ptr_nonnull(run.side[0]);
		sessionhello_free(run.side[0]);
	}
}
END_TEST

START_TEST(turns_are_kept)
{
	struct run run;
	struct seal seal[4];
	size_t len;

	make_run(&run);
	open_run(&run);
	ck_assert_int_eq(
	    sessionhello_write_request(run.side[1], run.message[0]), -1);
	ck_assert_int_eq(sessionhello_read_request(run.side[0], run.message[0],
			     SESSIONHELLO_MESSAGE1_LEN, &run.got_request),
	    SESSIONHELLO_BAD);
	close_run(&run);
	open_run(&run);
	ck_assert_int_eq(sessionhello_write_reply(
			     run.side[0], &run.reply, run.message[1], &len),
	    -1);
	ck_assert_int_eq(sessionhello_read_reply(run.side[1], run.message[1],
			     SESSIONHELLO_MESSAGE2_MIN, &run.got_reply),
	    SESSIONHELLO_BAD);
	close_run(&run);
	open_run(&run);
	ck_assert_int_eq(sessionhello_write_reply(
			     run.side[1], &run.reply, run.message[1], &len),
	    -1);
	ck_assert_int_eq(sessionhello_keys(run.side[0], &seal[0], &seal[1],
			     &seal[2], &seal[3]),
	    -1);
	/* And that ended it. */
	ck_assert_int_eq(
	    sessionhello_write_request(run.side[0], run.message[0]), -1);
	close_run(&run);
}
END_TEST

START_TEST(reply_must_be_valid)
{
	struct run run;
	size_t len;

	make_run(&run);
	run.reply.software[0] = '\n';
	open_run(&run);
	write_request(&run);
	ck_assert_int_eq(read_request(&run), SESSIONHELLO_OK);
	ck_assert_int_eq(sessionhello_write_reply(
			     run.side[1], &run.reply, run.message[1], &len),
	    -1);
	close_run(&run);
}
END_TEST

/* A host that has the keys and says something malformed all the same. */
static enum sessionhello_result
answer(struct run *run, const uint8_t *payload, size_t len)
{
	struct sessionhello_config config = config_of(run, 0);
	uint8_t prologue[KEYS_PROLOGUE_MAX];
	uint8_t request[SESSIONHELLO_MESSAGE1_LEN - 96];
	struct noise_config raw = {
		.pattern = NOISE_IKPSK1,
		.prologue = prologue,
		.static_secret = run->secret[1],
		.static_public = run->public[1],
		.psk = run->psk[1],
	};
	enum sessionhello_result result;
	struct noise *noise;

	run->side[0] = sessionhello_new_initiator(&config, &run->request);
	ck_assert_int_eq(
	    keys_session_prologue(config.session, prologue, &raw.prologue_len),
	    0);
	noise = noise_new(&raw);
	write_request(run);
	ck_assert_int_eq(noise_read(noise, run->message[0], run->len[0],
			     request, sizeof(request)),
	    0);
	run->len[1] = len + 48;
	ck_assert_int_eq(
	    noise_write(noise, payload, len, run->message[1], run->len[1]), 0);
	result = read_reply(run);
	noise_free(noise);
	sessionhello_free(run->side[0]);
	return result;
}

START_TEST(reply_is_decoded_strictly)
{
	uint8_t payload[] = "0123456789abcdef\0\1\0\2\5o.1.0x";
	struct run run;

	make_run(&run);
	ck_assert_int_eq(answer(&run, payload, 26), SESSIONHELLO_OK);
	ck_assert_uint_eq(run.got_reply.grace, 1);
	ck_assert_uint_eq(run.got_reply.status, 2);
	ck_assert_int_eq(answer(&run, payload, 27), SESSIONHELLO_BAD);
	for (size_t len = 0; len < 26; len++) {
		ck_assert_int_eq(answer(&run, payload, len), SESSIONHELLO_BAD);
	}
	payload[22] = '\n';
	ck_assert_int_eq(answer(&run, payload, 26), SESSIONHELLO_BAD);
}
END_TEST

START_TEST(config_must_be_complete)
{
	struct run run;
	struct sessionhello_config config;

	make_run(&run);
	config = config_of(&run, 1);
	config.static_secret = NULL;
	ck_assert_ptr_null(sessionhello_new_responder(&config));
	config = config_of(&run, 1);
	config.static_public = NULL;
	ck_assert_ptr_null(sessionhello_new_responder(&config));
	config = config_of(&run, 1);
	config.remote_public = NULL;
	ck_assert_ptr_null(sessionhello_new_responder(&config));
	run.host[1][0] = '.';
	config = config_of(&run, 1);
	ck_assert_ptr_null(sessionhello_new_responder(&config));
}
END_TEST

START_TEST(every_allocation_can_fail)
{
	struct run run;
	struct sessionhello_config config;
	bool failed = true;

	make_run(&run);
	config = config_of(&run, 1);
	for (long n = 1; failed; n++) {
		failalloc_after(n);
		run.side[1] = sessionhello_new_responder(&config);
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(run.side[1] == NULL, failed);
		ck_assert(failed || n == 3);
	}
	sessionhello_free(run.side[1]);
	sessionhello_free(NULL);
}
END_TEST

START_TEST(a_replay_gives_other_keys)
{
	struct run run[2];
	struct seal seal[2][4];

	for (unsigned i = 0; i < 2; i++) {
		make_run(&run[i]);
		run[i].ephemeral[1][0] = (uint8_t)(0x40 + 8 * i);
		open_run(&run[i]);
		handshake(&run[i]);
		ck_assert_int_eq(sessionhello_keys(run[i].side[1], &seal[i][0],
				     &seal[i][1], &seal[i][2], &seal[i][3]),
		    0);
		close_run(&run[i]);
	}
	ck_assert_mem_eq(run[0].message[0], run[1].message[0], run[0].len[0]);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_mem_ne(seal[0][i].key, seal[1][i].key, 32);
	}
}
END_TEST

/* --- vectors ------------------------------------------------------------ */

struct vector {
	struct run run;
	uint8_t message[2][SESSIONHELLO_MESSAGE2_MAX];
	size_t len[2];
	uint8_t keys[4][SEAL_KEY_LEN + SEAL_HEAD_LEN];
};

static void
take_text(struct run *run, const char *name, const char *value)
{
	for (unsigned i = 0; i < 2; i++) {
		size_t size = strlen(value) + 1;

		if (strcmp(name, "host") == 0) {
			memcpy(run->host[i], value, size);
			run->has_psk = strcmp(value, "relay") != 0;
		} else if (strcmp(name, "owner") == 0) {
			memcpy(run->owner[i], value, size);
		} else if (strcmp(name, "user") == 0) {
			memcpy(run->caller[i].user, value, size);
		} else if (strcmp(name, "rights") == 0) {
			memcpy(run->caller[i].rights, value, size);
		}
	}
}

static void
take_number(struct run *run, const char *name, uint64_t value)
{
	for (unsigned i = 0; i < 2; i++) {
		if (strcmp(name, "epoch") == 0) {
			run->session[i].epoch = (uint32_t)value;
		} else if (strcmp(name, "share") == 0) {
			run->caller[i].share = value;
		} else if (strcmp(name, "expiry") == 0) {
			run->caller[i].expiry = value;
		} else if (strcmp(name, "status") == 0) {
			run->reply.status = (uint16_t)value;
		}
	}
}

static void
take_bytes(struct vector *vector, const char *name, const char *value)
{
	struct run *run = &vector->run;
	const struct {
		const char *name;
		uint8_t *to;
		size_t size;
	} fields[] = {
		{ "static", run->secret[0], KEYS_LEN },
		{ "remote_static", run->secret[1], KEYS_LEN },
		{ "ephemeral", run->ephemeral[0], KEYS_LEN },
		{ "remote_ephemeral", run->ephemeral[1], KEYS_LEN },
		{ "boot", run->request.boot, sizeof(run->request.boot) },
		{ "question", run->request.question, SESSIONHELLO_ID_LEN },
		{ "id", run->reply.id, sizeof(run->reply.id) },
		{ "tx", vector->keys[0], 48 },
		{ "rx", vector->keys[1], 48 },
		{ "resume_tx", vector->keys[2], 48 },
		{ "resume_rx", vector->keys[3], 48 },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(name, fields[i].name) == 0) {
			vectors_exactly(value, fields[i].to, fields[i].size);
		}
	}
	if (strcmp(name, "psk") == 0 && value[0] != '\0') {
		vectors_exactly(value, run->psk[0], KEYS_LEN);
		memcpy(run->psk[1], run->psk[0], KEYS_LEN);
	} else if (strncmp(name, "message", 7) == 0) {
		unsigned i = (unsigned)(name[7] - '1');

		vector->len[i] = vectors_bytes(
		    value, vector->message[i], SESSIONHELLO_MESSAGE2_MAX);
	}
}

static void
check_keys(const struct vector *vector)
{
	struct seal seal[4];
	uint8_t state[SEAL_STATE_LEN];

	ck_assert_int_eq(sessionhello_keys(vector->run.side[0], &seal[0],
			     &seal[1], &seal[2], &seal[3]),
	    0);
	for (unsigned i = 0; i < 4; i++) {
		seal_save(&seal[i], state);
		ck_assert_mem_eq(state, vector->keys[i], 48);
	}
}

static void
check_vector(struct vector *vector)
{
	struct run *run = &vector->run;

	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    keys_public(run->secret[i], run->public[i]), 0);
		memcpy(run->remote[1 - i], run->public[i], KEYS_LEN);
	}
	open_run(run);
	handshake(run);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(run->len[i], vector->len[i]);
		ck_assert_mem_eq(
		    run->message[i], vector->message[i], run->len[i]);
	}
	if (run->reply.status == 0 && !sessionhello_is_question(run->side[1])) {
		check_keys(vector);
	}
	close_run(run);
}

START_TEST(agrees_with_vectors)
{
	static struct vector vector;
	struct vectors *file = vectors_open_own("sessionhello.json");
	struct vectors_item item;
	unsigned count = 0;

	while (vectors_next(file, &item)) {
		if (item.begin) {
			if (count++ > 0) {
				check_vector(&vector);
			}
			make_run(&vector.run);
			continue;
		}
		take_text(&vector.run, item.name, item.value);
		take_number(
		    &vector.run, item.name, strtoull(item.value, NULL, 10));
		take_bytes(&vector, item.name, item.value);
	}
	check_vector(&vector);
	vectors_close(file);
	ck_assert_uint_eq(count, 6);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sessionhello");
	TCase *tcase = tcase_create("sessionhello");

	if (sodium_init() < 0) {
		return 99;
	}
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, agrees_with_vectors);
	tcase_add_loop_test(tcase, both_sides_agree, 0, 2);
	tcase_add_test(tcase, a_refusal_gives_no_keys);
	tcase_add_loop_test(tcase, a_question_gives_no_keys, 0, 2);
	tcase_add_test(tcase, only_zeros_begin_a_session);
	tcase_add_test(tcase, every_flipped_bit_is_noticed);
	tcase_add_test(tcase, every_truncation_is_noticed);
	tcase_add_test(tcase, both_must_mean_the_same);
	tcase_add_test(tcase, device_must_be_the_named_one);
	tcase_add_test(tcase, pattern_follows_from_the_name);
	tcase_add_test(tcase, turns_are_kept);
	tcase_add_test(tcase, reply_must_be_valid);
	tcase_add_test(tcase, reply_is_decoded_strictly);
	tcase_add_test(tcase, config_must_be_complete);
	tcase_add_test(tcase, every_allocation_can_fail);
	tcase_add_test(tcase, a_replay_gives_other_keys);
	return unit_main(suite);
}
