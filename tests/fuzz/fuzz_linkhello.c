/* SPDX-License-Identifier: ISC */
/*
 * The link handshake.  The first byte chooses what the rest is:
 *
 *	1  message 1, whose mac1 is made right
 *	2  message 2
 *	3  what comes in place of message 3
 *	4  the login in message 3 of a peer that has the keys
 *	5  a login by itself
 *
 * A login that is taken is, encoded again, the beginning of what came.
 */
#include "protocol/linkhello.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/noise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define LOGIN_MAX (LINKHELLO_MESSAGE3_MAX - 64)

/* Fixed keys: the same input must do the same. */
struct sides {
	uint8_t secret[2][KEYS_LEN]; /* 0 endpoint, 1 relay */
	uint8_t public[2][KEYS_LEN];
	struct linkhello *hello[2];
};

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void
open_sides(struct sides *sides)
{
	struct linkhello_login login = { .user = "alice", .device = "office" };
	struct linkhello_config config = {
		.version = 1,
		.role = LINKHELLO_AGENT,
		.relay_public = sides->public[1],
		.login = &login,
	};

	for (unsigned i = 0; i < 2; i++) {
		memset(sides->secret[i], (int)i + 1, KEYS_LEN);
		require(keys_public(sides->secret[i], sides->public[i]) == 0);
	}
	config.static_secret = sides->secret[0];
	config.static_public = sides->public[0];
	config.ephemeral_secret = sides->secret[1];
	sides->hello[0] = linkhello_new_initiator(&config);
	config.static_secret = sides->secret[1];
	config.static_public = sides->public[1];
	config.ephemeral_secret = sides->secret[0];
	sides->hello[1] = linkhello_new_responder(&config);
	require(sides->hello[0] != NULL && sides->hello[1] != NULL);
}

static void
close_sides(struct sides *sides)
{
	linkhello_free(sides->hello[0]);
	linkhello_free(sides->hello[1]);
}

/* Hand the bytes to hello in the parts that it asks for. */
static void
feed(struct linkhello *hello, const uint8_t *data, size_t len)
{
	while (linkhello_want(hello) == LINKHELLO_READ &&
	       linkhello_expect(hello) <= len) {
		size_t part = linkhello_expect(hello);

		require(part > 0);
		(void)linkhello_read(hello, data, part);
		data += part;
		len -= part;
	}
}

/* Message 1 with a right mac1: nothing but Noise stands in its way. */
static void
fuzz_message1(struct sides *sides, const uint8_t *data, size_t len)
{
	const size_t covered = LINKHELLO_MESSAGE1_LEN - KEYS_MAC1_LEN;
	uint8_t message[LINKHELLO_MESSAGE1_LEN] = { 0 };

	memcpy(message, data, len < covered ? len : covered);
	keys_mac1(sides->public[1], message, covered, message + covered);
	feed(sides->hello[1], message, sizeof(message));
}

/* Put to out what the endpoint says next. */
static void
say(struct sides *sides, unsigned side, uint8_t *out, size_t *len)
{
	require(linkhello_write(
		    sides->hello[side], out, LINKHELLO_WRITE_MAX, len) == 0);
}

static void
fuzz_message2(struct sides *sides, const uint8_t *data, size_t len)
{
	uint8_t out[LINKHELLO_WRITE_MAX];
	size_t out_len;

	say(sides, 0, out, &out_len);
	feed(sides->hello[0], data, len);
}

static void
fuzz_message3(struct sides *sides, const uint8_t *data, size_t len)
{
	uint8_t out[LINKHELLO_WRITE_MAX];
	size_t out_len;

	say(sides, 0, out, &out_len);
	feed(sides->hello[1], out, out_len);
	say(sides, 1, out, &out_len);
	feed(sides->hello[1], data, len);
	require(linkhello_want(sides->hello[1]) != LINKHELLO_DONE);
}

/* Returns whether the login is valid. */
static bool
fuzz_login(const uint8_t *data, size_t len)
{
	struct linkhello_login login;
	uint8_t out[LOGIN_MAX];
	size_t out_len;

	if (linkhello_login_decode(&login, data, len) != 0) {
		require(login.user[0] == '\0' && !login.has_token);
		return false;
	}
	out_len = linkhello_login_encode(&login, out, sizeof(out));
	require(out_len > 0 && out_len <= len);
	require(memcmp(out, data, out_len) == 0);
	return true;
}

/* An endpoint that speaks Noise by itself. */
static struct noise *
new_noise(const struct sides *sides)
{
	static const uint8_t prologue[] = "inroad link 1\1\2";
	struct noise_config config = {
		.pattern = NOISE_XK,
		.initiator = true,
		.prologue = prologue,
		.prologue_len = sizeof(prologue) - 1,
		.static_secret = sides->secret[0],
		.static_public = sides->public[0],
		.remote_static = sides->public[1],
		.ephemeral_secret = sides->secret[1],
	};
	struct noise *noise = noise_new(&config);

	require(noise != NULL);
	return noise;
}

static void
fuzz_sealed_login(struct sides *sides, const uint8_t *data, size_t len)
{
	uint8_t out[LINKHELLO_WRITE_MAX] = { 1, LINKHELLO_AGENT };
	size_t out_len;
	struct noise *noise;

	if (len == 0 || len > LOGIN_MAX) {
		return;
	}
	noise = new_noise(sides);
	require(noise_write(noise, NULL, 0, out + 4, 48) == 0);
	keys_mac1(sides->public[1], out, 52, out + 52);
	feed(sides->hello[1], out, LINKHELLO_MESSAGE1_LEN);
	say(sides, 1, out, &out_len);
	require(noise_read(noise, out, out_len, NULL, 0) == 0);
	out[0] = (uint8_t)((len + 64) >> 8);
	out[1] = (uint8_t)(len + 64);
	require(noise_write(noise, data, len, out + 2, len + 64) == 0);
	feed(sides->hello[1], out, len + 66);
	require((linkhello_want(sides->hello[1]) == LINKHELLO_DONE) ==
		fuzz_login(data, len));
	noise_free(noise);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sides sides;

	if (len == 0) {
		return 0;
	}
	if (data[0] == 5) {
		(void)fuzz_login(data + 1, len - 1);
		return 0;
	}
	open_sides(&sides);
	if (data[0] == 1) {
		fuzz_message1(&sides, data + 1, len - 1);
	} else if (data[0] == 2) {
		fuzz_message2(&sides, data + 1, len - 1);
	} else if (data[0] == 3) {
		fuzz_message3(&sides, data + 1, len - 1);
	} else if (data[0] == 4) {
		fuzz_sealed_login(&sides, data + 1, len - 1);
	}
	close_sides(&sides);
	return 0;
}
