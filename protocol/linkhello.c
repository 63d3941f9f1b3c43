/* SPDX-License-Identifier: ISC */
#include "protocol/linkhello.h"

#include <sodium.h>
#include <string.h>

#include "common/mem.h"
#include "common/wire.h"
#include "protocol/noise.h"
#include "protocol/seal.h"

/* Message 1: version, role, two reserved bytes; Noise message 1; mac1. */
#define HEAD_LEN 4
#define COVERED_LEN (LINKHELLO_MESSAGE1_LEN - KEYS_MAC1_LEN)
#define NOISE1_LEN (COVERED_LEN - HEAD_LEN)

/* What Noise message 3 adds to the login, and the room that leaves to it. */
#define NOISE3_EXTRA (NOISE_KEY_LEN + 2 * NOISE_TAG_LEN)
#define LOGIN_MAX (LINKHELLO_MESSAGE3_MAX - NOISE3_EXTRA)

#define LENGTH_LEN 2

static const char prologue_label[] = "inroad link 1";
#define PROLOGUE_LABEL_LEN (sizeof(prologue_label) - 1)

/* The steps, in the order in which bytes go over the wire. */
enum step {
	STEP_MESSAGE1,
	STEP_MESSAGE2,
	STEP_LENGTH3, /* a writer sends length and message as one */
	STEP_MESSAGE3,
	STEP_DONE,
	STEP_FAILED,
};

struct linkhello {
	bool initiator;
	enum step step;
	struct noise *noise; /* a responder's only after message 1 */
	uint8_t version;
	enum linkhello_role role;
	uint8_t relay_public[KEYS_LEN];
	uint8_t static_secret[KEYS_LEN];
	uint8_t static_public[KEYS_LEN];
	uint8_t ephemeral_secret[KEYS_LEN];
	bool ephemeral_given;
	size_t length3; /* what STEP_LENGTH3 announced */
	struct linkhello_login login;
};

/* --- login ----------------------------------------------------------- */

size_t
linkhello_login_encode(
    const struct linkhello_login *login, uint8_t *out, size_t size)
{
	static const uint8_t no_key_id[KEYS_ID_LEN];
	size_t token_len = login->has_token ? LINKHELLO_TOKEN_LEN : 0;
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	name_put(&writer, login->user, name_check_user);
	name_put(&writer, login->device, name_check_device);
	wire_put_u8(&writer, (uint8_t)token_len);
	wire_put_bytes(&writer, login->token, token_len);
	if (!name_is_printable(login->software)) {
		wire_writer_fail(&writer);
	}
	wire_put_str8(&writer, login->software);
	wire_put_u8(&writer, login->has_key_id ? 1 : 0);
	wire_put_bytes(&writer, login->has_key_id ? login->key_id : no_key_id,
	    KEYS_ID_LEN);
	wire_put_u32(&writer, login->has_key_id ? login->key_epoch : 0);
	wire_put_bytes(&writer, login->boot, sizeof(login->boot));
	wire_put_u8(&writer, login->flags);
	return wire_written(&writer);
}

static void
get_token(struct linkhello_login *login, struct wire_reader *reader)
{
	size_t len = wire_get_u8(reader);

	if (len == LINKHELLO_TOKEN_LEN) {
		login->has_token = true;
		wire_get_copy(reader, login->token, len);
	} else if (len != 0) {
		wire_reader_fail(reader);
	}
}

static void
get_key_id(struct linkhello_login *login, struct wire_reader *reader)
{
	uint8_t has = wire_get_u8(reader);

	login->has_key_id = has == 1;
	wire_get_copy(reader, login->key_id, sizeof(login->key_id));
	login->key_epoch = wire_get_u32(reader);
	if (has > 1 || (has == 0 && (login->key_epoch != 0 ||
					!sodium_is_zero(login->key_id,
					    sizeof(login->key_id))))) {
		wire_reader_fail(reader);
	}
}

int
linkhello_login_decode(
    struct linkhello_login *login, const uint8_t *in, size_t len)
{
	struct wire_reader reader;

	memset(login, 0, sizeof(*login));
	wire_read_from(&reader, in, len);
	name_get(&reader, login->user, sizeof(login->user), name_check_user);
	name_get(
	    &reader, login->device, sizeof(login->device), name_check_device);
	get_token(login, &reader);
	wire_get_str8(&reader, login->software, sizeof(login->software));
	if (!name_is_printable(login->software)) {
		wire_reader_fail(&reader);
	}
	get_key_id(login, &reader);
	wire_get_copy(&reader, login->boot, sizeof(login->boot));
	login->flags = wire_get_u8(&reader);
	if (!wire_reader_ok(&reader)) {
		mem_wipe(login, sizeof(*login));
		return -1;
	}
	return 0;
}

/* --- life ------------------------------------------------------------ */

/* Start the Noise handshake, once version and role are known; 0 or -1. */
static int
start_noise(struct linkhello *hello)
{
	uint8_t prologue[PROLOGUE_LABEL_LEN + 2];
	struct noise_config config = {
		.pattern = NOISE_XK,
		.initiator = hello->initiator,
		.prologue = prologue,
		.prologue_len = sizeof(prologue),
		.static_secret = hello->static_secret,
		.static_public = hello->static_public,
		.remote_static = hello->initiator ? hello->relay_public : NULL,
		.ephemeral_secret =
		    hello->ephemeral_given ? hello->ephemeral_secret : NULL,
	};

	memcpy(prologue, prologue_label, PROLOGUE_LABEL_LEN);
	prologue[PROLOGUE_LABEL_LEN] = hello->version;
	prologue[PROLOGUE_LABEL_LEN + 1] = (uint8_t)hello->role;
	hello->noise = noise_new(&config);
	mem_wipe(hello->static_secret, sizeof(hello->static_secret));
	mem_wipe(hello->ephemeral_secret, sizeof(hello->ephemeral_secret));
	return hello->noise != NULL ? 0 : -1;
}

/* Make the part that both sides have alike, or return NULL. */
static struct linkhello *
new_side(const struct linkhello_config *config)
{
	struct linkhello *hello;

	if (config->static_secret == NULL || config->static_public == NULL) {
		return NULL;
	}
	hello = mem_new(1, sizeof(*hello));
	if (hello == NULL) {
		return NULL;
	}
	memcpy(hello->static_secret, config->static_secret, KEYS_LEN);
	memcpy(hello->static_public, config->static_public, KEYS_LEN);
	if (config->ephemeral_secret != NULL) {
		hello->ephemeral_given = true;
		memcpy(hello->ephemeral_secret, config->ephemeral_secret,
		    KEYS_LEN);
	}
	return hello;
}

/* Return true when login can be sent. */
static bool
can_encode(const struct linkhello_login *login)
{
	uint8_t out[LOGIN_MAX];
	bool result = linkhello_login_encode(login, out, sizeof(out)) > 0;

	mem_wipe(out, sizeof(out));
	return result;
}

static bool
is_role(uint8_t role)
{
	return role == LINKHELLO_GATEWAY || role == LINKHELLO_AGENT;
}

struct linkhello *
linkhello_new_initiator(const struct linkhello_config *config)
{
	struct linkhello *hello;

	if (config->relay_public == NULL || config->login == NULL ||
	    !is_role((uint8_t)config->role) || !can_encode(config->login)) {
		return NULL;
	}
	hello = new_side(config);
	if (hello == NULL) {
		return NULL;
	}
	hello->initiator = true;
	hello->version = config->version;
	hello->role = config->role;
	hello->login = *config->login;
	memcpy(hello->relay_public, config->relay_public, KEYS_LEN);
	if (start_noise(hello) != 0) {
		linkhello_free(hello);
		return NULL;
	}
	return hello;
}

struct linkhello *
linkhello_new_responder(const struct linkhello_config *config)
{
	struct linkhello *hello = new_side(config);

	if (hello != NULL) {
		memcpy(hello->relay_public, config->static_public, KEYS_LEN);
	}
	return hello;
}

void
linkhello_free(struct linkhello *hello)
{
	if (hello == NULL) {
		return;
	}
	noise_free(hello->noise);
	mem_free_wiped(hello, sizeof(*hello));
}

/* Forget all secrets; returns -1 for the caller to return. */
static int
fail(struct linkhello *hello)
{
	noise_free(hello->noise);
	mem_wipe(hello, sizeof(*hello));
	hello->step = STEP_FAILED;
	return -1;
}

/* --- turns ----------------------------------------------------------- */

enum linkhello_want
linkhello_want(const struct linkhello *hello)
{
	switch (hello->step) {
	case STEP_MESSAGE1:
	case STEP_LENGTH3:
	case STEP_MESSAGE3:
		return hello->initiator ? LINKHELLO_WRITE : LINKHELLO_READ;
	case STEP_MESSAGE2:
		return hello->initiator ? LINKHELLO_READ : LINKHELLO_WRITE;
	case STEP_DONE:
		return LINKHELLO_DONE;
	case STEP_FAILED:
		break;
	}
	return LINKHELLO_FAILED;
}

size_t
linkhello_expect(const struct linkhello *hello)
{
	if (linkhello_want(hello) != LINKHELLO_READ) {
		return 0;
	}
	switch (hello->step) {
	case STEP_MESSAGE1:
		return LINKHELLO_MESSAGE1_LEN;
	case STEP_MESSAGE2:
		return LINKHELLO_MESSAGE2_LEN;
	case STEP_LENGTH3:
		return LENGTH_LEN;
	case STEP_MESSAGE3:
		return hello->length3;
	case STEP_DONE:
	case STEP_FAILED:
		break;
	}
	return 0;
}

/* --- messages -------------------------------------------------------- */

static int
write_message1(struct linkhello *hello, uint8_t *out, size_t *len)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, HEAD_LEN);
	wire_put_u8(&writer, hello->version);
	wire_put_u8(&writer, (uint8_t)hello->role);
	wire_put_u16(&writer, 0);
	if (noise_write(hello->noise, NULL, 0, out + HEAD_LEN, NOISE1_LEN) !=
	    0) {
		return -1;
	}
	keys_mac1(hello->relay_public, out, COVERED_LEN, out + COVERED_LEN);
	*len = LINKHELLO_MESSAGE1_LEN;
	hello->step = STEP_MESSAGE2;
	return 0;
}

static int
read_message1(struct linkhello *hello, const uint8_t *in)
{
	uint8_t mac1[KEYS_MAC1_LEN];
	struct wire_reader reader;
	uint8_t role;

	keys_mac1(hello->relay_public, in, COVERED_LEN, mac1);
	if (sodium_memcmp(mac1, in + COVERED_LEN, sizeof(mac1)) != 0) {
		return -1;
	}
	wire_read_from(&reader, in, HEAD_LEN);
	hello->version = wire_get_u8(&reader);
	role = wire_get_u8(&reader);
	if (wire_get_u16(&reader) != 0 || !is_role(role)) {
		return -1;
	}
	hello->role = (enum linkhello_role)role;
	hello->step = STEP_MESSAGE2;
	if (start_noise(hello) != 0) {
		return -1;
	}
	return noise_read(hello->noise, in + HEAD_LEN, NOISE1_LEN, NULL, 0);
}

static int
write_message2(struct linkhello *hello, uint8_t *out, size_t *len)
{
	*len = LINKHELLO_MESSAGE2_LEN;
	hello->step = STEP_LENGTH3;
	return noise_write(hello->noise, NULL, 0, out, LINKHELLO_MESSAGE2_LEN);
}

static int
read_message2(struct linkhello *hello, const uint8_t *in)
{
	hello->step = STEP_LENGTH3;
	return noise_read(hello->noise, in, LINKHELLO_MESSAGE2_LEN, NULL, 0);
}

static int
write_message3(struct linkhello *hello, uint8_t *out, size_t *len)
{
	uint8_t login[LOGIN_MAX];
	size_t login_len =
	    linkhello_login_encode(&hello->login, login, sizeof(login));
	size_t message_len = login_len + NOISE3_EXTRA;
	struct wire_writer writer;
	int status;

	wire_write_to(&writer, out, LENGTH_LEN);
	wire_put_u16(&writer, (uint16_t)message_len);
	status = noise_write(
	    hello->noise, login, login_len, out + LENGTH_LEN, message_len);
	mem_wipe(login, sizeof(login));
	*len = LENGTH_LEN + message_len;
	hello->step = STEP_DONE;
	return status;
}

static int
read_length3(struct linkhello *hello, const uint8_t *in)
{
	struct wire_reader reader;

	wire_read_from(&reader, in, LENGTH_LEN);
	hello->length3 = wire_get_u16(&reader);
	hello->step = STEP_MESSAGE3;
	if (hello->length3 <= NOISE3_EXTRA ||
	    hello->length3 > LINKHELLO_MESSAGE3_MAX) {
		return -1;
	}
	return 0;
}

static int
read_message3(struct linkhello *hello, const uint8_t *in)
{
	uint8_t login[LOGIN_MAX];
	size_t login_len = hello->length3 - NOISE3_EXTRA;
	int status;

	status = noise_read(hello->noise, in, hello->length3, login, login_len);
	if (status == 0) {
		status =
		    linkhello_login_decode(&hello->login, login, login_len);
	}
	mem_wipe(login, sizeof(login));
	hello->step = STEP_DONE;
	return status;
}

int
linkhello_write(struct linkhello *hello, uint8_t *out, size_t size, size_t *len)
{
	int status = -1;

	if (linkhello_want(hello) != LINKHELLO_WRITE ||
	    size < LINKHELLO_WRITE_MAX) {
		return fail(hello);
	}
	*len = 0;
	if (hello->step == STEP_MESSAGE1) {
		status = write_message1(hello, out, len);
	} else if (hello->step == STEP_MESSAGE2) {
		status = write_message2(hello, out, len);
	} else {
		status = write_message3(hello, out, len);
	}
	return status == 0 ? 0 : fail(hello);
}

int
linkhello_read(struct linkhello *hello, const uint8_t *in, size_t len)
{
	int status = -1;

	if (linkhello_want(hello) != LINKHELLO_READ ||
	    len != linkhello_expect(hello)) {
		return fail(hello);
	}
	if (hello->step == STEP_MESSAGE1) {
		status = read_message1(hello, in);
	} else if (hello->step == STEP_MESSAGE2) {
		status = read_message2(hello, in);
	} else if (hello->step == STEP_LENGTH3) {
		status = read_length3(hello, in);
	} else {
		status = read_message3(hello, in);
	}
	return status == 0 ? 0 : fail(hello);
}

/* --- what came of it ------------------------------------------------- */

uint8_t
linkhello_version(const struct linkhello *hello)
{
	return hello->version;
}

enum linkhello_role
linkhello_role(const struct linkhello *hello)
{
	return hello->role;
}

const struct linkhello_login *
linkhello_login(const struct linkhello *hello)
{
	return hello->initiator || hello->step == STEP_DONE ? &hello->login
							    : NULL;
}

const uint8_t *
linkhello_remote_public(const struct linkhello *hello)
{
	return hello->step == STEP_DONE ? noise_remote_static(hello->noise)
					: NULL;
}

int
linkhello_keys(struct linkhello *hello, struct seal *tx, struct seal *rx)
{
	uint8_t from_initiator[KEYS_LEN];
	uint8_t from_responder[KEYS_LEN];
	uint8_t hash[KEYS_HASH_LEN];
	struct seal *out[2] = { tx, rx }; /* initiator's, responder's */

	if (hello->step != STEP_DONE ||
	    noise_split(hello->noise, from_initiator, from_responder, hash) !=
		0) {
		return -1;
	}
	if (!hello->initiator) {
		out[0] = rx;
		out[1] = tx;
	}
	keys_seal(out[0], KEYS_LINK, KEYS_INITIATOR, from_initiator, hash);
	keys_seal(out[1], KEYS_LINK, KEYS_RESPONDER, from_responder, hash);
	mem_wipe(from_initiator, sizeof(from_initiator));
	mem_wipe(from_responder, sizeof(from_responder));
	return 0;
}
