/* SPDX-License-Identifier: ISC */
/*
 * The session handshake.  The first byte chooses what the rest is: 1 and 2 for
 * a message as it is, 3 and 4 for the payload of one from a peer that has the
 * keys.  What is taken says the same when it is said again.
 */
#include "protocol/sessionhello.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/noise.h"
#include "protocol/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Fixed keys and names: the same input must do the same. */
struct sides {
	uint8_t secret[2][KEYS_LEN]; /* 0 gateway, 1 host */
	uint8_t public[2][KEYS_LEN];
	uint8_t psk[KEYS_LEN];
	struct keys_caller caller;
	struct keys_session session;
	struct sessionhello_request request;
	struct sessionhello *hello[2];
};

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static struct sessionhello_config
config_of(const struct sides *sides, unsigned side)
{
	struct sessionhello_config config = {
		.session = &sides->session,
		.psk = sides->psk,
		.static_secret = sides->secret[side],
		.static_public = sides->public[side],
		.remote_public = sides->public[1 - side],
		.ephemeral_secret = sides->secret[1 - side],
	};

	return config;
}

static void
open_sides(struct sides *sides)
{
	struct sessionhello_config config;

	memset(sides, 0, sizeof(*sides));
	require(keys_caller_owner(&sides->caller, "alice") == 0);
	sides->session.version = 1;
	sides->session.epoch = 1;
	sides->session.owner = "alice";
	sides->session.host = "office";
	sides->session.caller = &sides->caller;
	for (unsigned i = 0; i < 2; i++) {
		memset(sides->secret[i], (int)i + 1, KEYS_LEN);
		require(keys_public(sides->secret[i], sides->public[i]) == 0);
	}
	config = config_of(sides, 0);
	sides->hello[0] = sessionhello_new_initiator(&config, &sides->request);
	config = config_of(sides, 1);
	sides->hello[1] = sessionhello_new_responder(&config);
	require(sides->hello[0] != NULL && sides->hello[1] != NULL);
}

/* A side that speaks Noise by itself. */
static struct noise *
new_noise(const struct sides *sides, unsigned side)
{
	uint8_t prologue[KEYS_PROLOGUE_MAX];
	struct noise_config config = {
		.pattern = NOISE_IKPSK1,
		.initiator = side == 0,
		.prologue = prologue,
		.static_secret = sides->secret[side],
		.static_public = sides->public[side],
		.remote_static = side == 0 ? sides->public[1] : NULL,
		.psk = sides->psk,
		.ephemeral_secret = sides->secret[1 - side],
	};
	struct noise *noise;

	require(keys_session_prologue(
		    &sides->session, prologue, &config.prologue_len) == 0);
	noise = noise_new(&config);
	require(noise != NULL);
	return noise;
}

/* Assert that hello has keys to give just when it begins a session. */
static void
check_keys(struct sessionhello *hello, bool begins)
{
	struct seal seal[4];

	require((sessionhello_keys(hello, &seal[0], &seal[1], &seal[2],
		     &seal[3]) == 0) == begins);
}

/* Every payload of the right size is a request; it may be a question. */
static void
fuzz_request(struct sides *sides, const uint8_t *data, size_t len)
{
	uint8_t message[1024 + 96];
	struct noise *noise = new_noise(sides, 0);
	struct sessionhello *hello = sides->hello[1];
	struct sessionhello_request request;
	struct sessionhello_reply reply = { .status = 0 };

	require(noise_write(noise, data, len, message, len + 96) == 0);
	require(
	    (sessionhello_read_request(hello, message, len + 96, &request) ==
		SESSIONHELLO_OK) == (len + 96 == SESSIONHELLO_MESSAGE1_LEN));
	if (len + 96 == SESSIONHELLO_MESSAGE1_LEN) {
		static const uint8_t zeros[SESSIONHELLO_ID_LEN];
		bool begins = memcmp(data + 20, zeros, sizeof(zeros)) == 0;

		require(sessionhello_is_question(hello) == !begins);
		require(sessionhello_write_reply(
			    hello, &reply, message, &len) == 0);
		check_keys(hello, begins);
	}
	noise_free(noise);
}

static void
fuzz_reply(struct sides *sides, const uint8_t *data, size_t len)
{
	uint8_t message[1024 + 96];
	uint8_t payload[SESSIONHELLO_MESSAGE1_LEN - 96];
	struct noise *noise = new_noise(sides, 1);
	struct sessionhello_reply reply;

	require(sessionhello_write_request(sides->hello[0], message) == 0);
	require(noise_read(noise, message, SESSIONHELLO_MESSAGE1_LEN, payload,
		    sizeof(payload)) == 0);
	require(noise_write(noise, data, len, message, len + 48) == 0);
	if (sessionhello_read_reply(sides->hello[0], message, len + 48,
		&reply) == SESSIONHELLO_OK) {
		require(memcmp(reply.id, data, sizeof(reply.id)) == 0);
		require(data[20] == strlen(reply.software));
		require(len == 21 + strlen(reply.software));
		check_keys(sides->hello[0], reply.status == 0);
	}
	noise_free(noise);
}

/* A message by itself comes from nobody who has the keys. */
static void
fuzz_message(
    struct sides *sides, unsigned which, const uint8_t *data, size_t len)
{
	uint8_t message[SESSIONHELLO_MESSAGE1_LEN];
	struct sessionhello_request request;
	struct sessionhello_reply reply;

	if (which == 1) {
		require(sessionhello_read_request(sides->hello[1], data, len,
			    &request) == SESSIONHELLO_BAD);
		return;
	}
	require(sessionhello_write_request(sides->hello[0], message) == 0);
	require(sessionhello_read_reply(sides->hello[0], data, len, &reply) ==
		SESSIONHELLO_BAD);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sides sides;

	if (len == 0 || len > 1024) {
		return 0;
	}
	open_sides(&sides);
	if (data[0] == 1 || data[0] == 2) {
		fuzz_message(&sides, data[0], data + 1, len - 1);
	} else if (data[0] == 3) {
		fuzz_request(&sides, data + 1, len - 1);
	} else if (data[0] == 4) {
		fuzz_reply(&sides, data + 1, len - 1);
	}
	sessionhello_free(sides.hello[0]);
	sessionhello_free(sides.hello[1]);
	return 0;
}
