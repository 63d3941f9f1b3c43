/* SPDX-License-Identifier: ISC */
#include "protocol/sessionhello.h"

#include <sodium.h>
#include <string.h>

#include "common/mem.h"
#include "common/wire.h"
#include "protocol/noise.h"
#include "protocol/seal.h"
#include "protocol/target.h"

/* What Noise adds to the payloads of messages 1 and 2. */
#define NOISE1_EXTRA (2 * NOISE_KEY_LEN + 2 * NOISE_TAG_LEN)
#define NOISE2_EXTRA (NOISE_KEY_LEN + NOISE_TAG_LEN)

#define REQUEST_LEN (SESSIONHELLO_MESSAGE1_LEN - NOISE1_EXTRA)
#define REPLY_MAX (SESSIONHELLO_MESSAGE2_MAX - NOISE2_EXTRA)

struct sessionhello {
	struct noise *noise;
	bool initiator;
	uint8_t remote_public[KEYS_LEN];
	struct sessionhello_request request; /* sent, or received */
	uint16_t status;                     /* as said in message 2 */
};

/* --- life ------------------------------------------------------------ */

/* Return true when config has a psk just where its host needs one. */
static bool
is_complete(const struct sessionhello_config *config)
{
	char host[NAME_HOST_MAX + 1];

	if (config->static_secret == NULL || config->static_public == NULL ||
	    config->remote_public == NULL ||
	    name_fold(config->session->host, host, sizeof(host)) != 0) {
		return false;
	}
	return (config->psk == NULL) == (strcmp(host, TARGET_RELAY) == 0);
}

static struct noise *
new_noise(const struct sessionhello_config *config, bool initiator)
{
	uint8_t prologue[KEYS_PROLOGUE_MAX];
	struct noise_config noise = {
		.pattern = config->psk != NULL ? NOISE_IKPSK1 : NOISE_IK,
		.initiator = initiator,
		.prologue = prologue,
		.static_secret = config->static_secret,
		.static_public = config->static_public,
		.remote_static = initiator ? config->remote_public : NULL,
		.psk = config->psk,
		.ephemeral_secret = config->ephemeral_secret,
	};

	if (keys_session_prologue(
		config->session, prologue, &noise.prologue_len) != 0) {
		return NULL;
	}
	return noise_new(&noise);
}

static struct sessionhello *
new_side(const struct sessionhello_config *config, bool initiator)
{
	struct sessionhello *hello;

	if (!is_complete(config)) {
		return NULL;
	}
	hello = mem_new(1, sizeof(*hello));
	if (hello == NULL) {
		return NULL;
	}
	hello->initiator = initiator;
	memcpy(hello->remote_public, config->remote_public, KEYS_LEN);
	hello->noise = new_noise(config, initiator);
	if (hello->noise == NULL) {
		sessionhello_free(hello);
		return NULL;
	}
	return hello;
}

struct sessionhello *
sessionhello_new_initiator(const struct sessionhello_config *config,
    const struct sessionhello_request *request)
{
	struct sessionhello *hello = new_side(config, true);

	if (hello != NULL) {
		hello->request = *request;
	}
	return hello;
}

struct sessionhello *
sessionhello_new_responder(const struct sessionhello_config *config)
{
	return new_side(config, false);
}

void
sessionhello_free(struct sessionhello *hello)
{
	if (hello == NULL) {
		return;
	}
	noise_free(hello->noise);
	mem_free_wiped(hello, sizeof(*hello));
}

/* --- payloads -------------------------------------------------------- */

static void
encode_request(
    const struct sessionhello_request *request, uint8_t out[REQUEST_LEN])
{
	struct wire_writer writer;

	wire_write_to(&writer, out, REQUEST_LEN);
	wire_put_bytes(&writer, request->boot, sizeof(request->boot));
	wire_put_u16(&writer, request->grace);
	wire_put_u16(&writer, 0);
	wire_put_bytes(&writer, request->question, sizeof(request->question));
}

static void
decode_request(
    struct sessionhello_request *request, const uint8_t in[REQUEST_LEN])
{
	struct wire_reader reader;

	wire_read_from(&reader, in, REQUEST_LEN);
	wire_get_copy(&reader, request->boot, sizeof(request->boot));
	request->grace = wire_get_u16(&reader);
	(void)wire_get_u16(&reader);
	wire_get_copy(&reader, request->question, sizeof(request->question));
}

/* Returns the length, or 0 when the name of the software is not valid. */
static size_t
encode_reply(const struct sessionhello_reply *reply, uint8_t out[REPLY_MAX])
{
	struct wire_writer writer;

	wire_write_to(&writer, out, REPLY_MAX);
	wire_put_bytes(&writer, reply->id, sizeof(reply->id));
	wire_put_u16(&writer, reply->grace);
	wire_put_u16(&writer, reply->status);
	wire_put_str8(&writer, reply->software);
	return name_is_printable(reply->software) ? wire_written(&writer) : 0;
}

static int
decode_reply(struct sessionhello_reply *reply, const uint8_t *in, size_t len)
{
	struct wire_reader reader;

	wire_read_from(&reader, in, len);
	wire_get_copy(&reader, reply->id, sizeof(reply->id));
	reply->grace = wire_get_u16(&reader);
	reply->status = wire_get_u16(&reader);
	wire_get_str8(&reader, reply->software, sizeof(reply->software));
	if (!wire_reader_done(&reader) || !name_is_printable(reply->software)) {
		memset(reply, 0, sizeof(*reply));
		return -1;
	}
	return 0;
}

/* --- messages -------------------------------------------------------- */

/* Make hello of no more use; returns -1 for the caller to return. */
static int
fail(struct sessionhello *hello)
{
	noise_kill(hello->noise);
	return -1;
}

int
sessionhello_write_request(
    struct sessionhello *hello, uint8_t out[SESSIONHELLO_MESSAGE1_LEN])
{
	uint8_t payload[REQUEST_LEN];

	if (!hello->initiator) {
		return fail(hello);
	}
	encode_request(&hello->request, payload);
	return noise_write(hello->noise, payload, sizeof(payload), out,
	    SESSIONHELLO_MESSAGE1_LEN);
}

enum sessionhello_result
sessionhello_read_request(struct sessionhello *hello, const uint8_t *in,
    size_t len, struct sessionhello_request *request)
{
	uint8_t payload[REQUEST_LEN];

	memset(request, 0, sizeof(*request));
	if (hello->initiator || len != SESSIONHELLO_MESSAGE1_LEN) {
		noise_kill(hello->noise);
		return SESSIONHELLO_BAD;
	}
	if (noise_read(hello->noise, in, len, payload, sizeof(payload)) != 0) {
		return SESSIONHELLO_BAD;
	}
	if (sodium_memcmp(noise_remote_static(hello->noise),
		hello->remote_public, KEYS_LEN) != 0) {
		noise_kill(hello->noise);
		return SESSIONHELLO_OTHER_KEY;
	}
	decode_request(request, payload);
	hello->request = *request;
	return SESSIONHELLO_OK;
}

bool
sessionhello_is_question(const struct sessionhello *hello)
{
	const uint8_t *question = hello->request.question;

	return sodium_is_zero(question, sizeof(hello->request.question)) == 0;
}

int
sessionhello_write_reply(struct sessionhello *hello,
    const struct sessionhello_reply *reply,
    uint8_t out[SESSIONHELLO_MESSAGE2_MAX], size_t *len)
{
	uint8_t payload[REPLY_MAX];
	size_t payload_len = encode_reply(reply, payload);

	if (hello->initiator || payload_len == 0) {
		return fail(hello);
	}
	hello->status = reply->status;
	*len = payload_len + NOISE2_EXTRA;
	return noise_write(hello->noise, payload, payload_len, out, *len);
}

enum sessionhello_result
sessionhello_read_reply(struct sessionhello *hello, const uint8_t *in,
    size_t len, struct sessionhello_reply *reply)
{
	uint8_t payload[REPLY_MAX];
	size_t payload_len = len - NOISE2_EXTRA;

	memset(reply, 0, sizeof(*reply));
	if (!hello->initiator || len < SESSIONHELLO_MESSAGE2_MIN ||
	    len > SESSIONHELLO_MESSAGE2_MAX) {
		noise_kill(hello->noise);
		return SESSIONHELLO_BAD;
	}
	if (noise_read(hello->noise, in, len, payload, payload_len) != 0) {
		return SESSIONHELLO_BAD;
	}
	if (decode_reply(reply, payload, payload_len) != 0) {
		noise_kill(hello->noise);
		return SESSIONHELLO_BAD;
	}
	hello->status = reply->status;
	return SESSIONHELLO_OK;
}

/* --- what came of it ------------------------------------------------- */

int
sessionhello_keys(struct sessionhello *hello, struct seal *tx, struct seal *rx,
    struct seal *resume_tx, struct seal *resume_rx)
{
	uint8_t split[2][KEYS_LEN]; /* from initiator, from responder */
	uint8_t hash[KEYS_HASH_LEN];
	enum keys_sender me =
	    hello->initiator ? KEYS_INITIATOR : KEYS_RESPONDER;
	enum keys_sender peer =
	    hello->initiator ? KEYS_RESPONDER : KEYS_INITIATOR;
	const uint8_t *mine = split[hello->initiator ? 0 : 1];
	const uint8_t *theirs = split[hello->initiator ? 1 : 0];

	if (hello->status != 0 || sessionhello_is_question(hello)) {
		return fail(hello);
	}
	if (noise_split(hello->noise, split[0], split[1], hash) != 0) {
		return -1;
	}
	keys_seal(tx, KEYS_SESSION, me, mine, hash);
	keys_seal(rx, KEYS_SESSION, peer, theirs, hash);
	keys_seal(resume_tx, KEYS_RESUME, me, mine, hash);
	keys_seal(resume_rx, KEYS_RESUME, peer, theirs, hash);
	mem_wipe(split, sizeof(split));
	return 0;
}
