/* SPDX-License-Identifier: ISC */
#include "tests/support/asker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/limits.h"
#include "protocol/linkmsg.h"

/* End the test when something that always works did not. */
static void
must(int good)
{
	if (!good) {
		abort();
	}
}

/* Give asker a device and the words of an owner's gateway called device. */
static void
init_gateway(struct asker *asker, const char *device)
{
	keys_generate(asker->secret_key, asker->public_key);
	memcpy(asker->device_key, asker->public_key, KEYS_LEN);
	randombytes_buf(asker->boot, sizeof(asker->boot));
	memcpy(asker->owner, asker->membership.user, sizeof(asker->owner));
	memcpy(asker->host, asker->membership.name, sizeof(asker->host));
	memcpy(asker->host_key, asker->membership.key, KEYS_LEN);
	asker->epoch = asker->membership.epoch;
	must(keys_caller_owner(&asker->caller, asker->owner) == 0);
	(void)snprintf(asker->device, sizeof(asker->device), "%s", device);
}

void
asker_init(struct asker *asker)
{
	struct keys_account account;

	must(sodium_init() >= 0);
	memset(asker, 0, sizeof(*asker));
	keys_account_generate(&account, 3);
	asker->membership.role = LINKHELLO_AGENT;
	asker->membership.key_kind = MEMBERSHIP_KEY_HOST;
	asker->membership.epoch = account.epoch;
	(void)snprintf(
	    asker->membership.user, sizeof(asker->membership.user), "alice");
	(void)snprintf(
	    asker->membership.name, sizeof(asker->membership.name), "office");
	must(keys_host(&account, "office", asker->membership.key) == 0);
	keys_generate(asker->agent_secret, asker->agent_public);
	init_gateway(asker, "laptop");
}

void
asker_init_other(struct asker *asker, const struct asker *first)
{
	*asker = *first;
	asker->hello = NULL;
	init_gateway(asker, "tablet");
}

void
asker_end(struct asker *asker)
{
	sessionhello_free(asker->hello);
	asker->hello = NULL;
}

/* Start the handshake and write message 1 to out. */
static void
begin(struct asker *asker, uint8_t out[SESSIONHELLO_MESSAGE1_LEN])
{
	const struct keys_session session = {
		.version = LIMITS_PROTOCOL_VERSION,
		.epoch = asker->epoch,
		.owner = asker->owner,
		.host = asker->host,
		.caller = &asker->caller,
	};
	uint8_t psk[KEYS_LEN];
	const struct sessionhello_config config = {
		.session = &session,
		.psk = psk,
		.static_secret = asker->secret_key,
		.static_public = asker->public_key,
		.remote_public = asker->agent_public,
	};
	struct sessionhello_request request = { .grace = asker->grace };

	memcpy(request.boot, asker->boot, sizeof(request.boot));
	memcpy(request.question, asker->question, sizeof(request.question));
	must(keys_psk(asker->host_key, &asker->caller, psk) == 0);
	sessionhello_free(asker->hello);
	asker->hello = sessionhello_new_initiator(&config, &request);
	must(asker->hello != NULL);
	must(sessionhello_write_request(asker->hello, out) == 0);
}

/* Write the payload of an ATTACH of kind with message to out. */
static size_t
encode(struct asker *asker, enum linkmsg_kind kind, const uint8_t *message,
    size_t message_len, uint8_t *out)
{
	struct linkmsg_attach attach = {
		.epoch = asker->epoch,
		.caller = asker->caller,
		.kind = kind,
		.message = message,
		.message_len = message_len,
		.has_device = true,
	};
	size_t len;

	memcpy(attach.owner, asker->owner, sizeof(attach.owner));
	memcpy(attach.host, asker->host, sizeof(attach.host));
	memcpy(attach.device, asker->device, sizeof(attach.device));
	memcpy(attach.device_key, asker->device_key, KEYS_LEN);
	len = linkmsg_attach_encode(&attach, out, ASKER_PAYLOAD_MAX);
	must(len > 0);
	return len;
}

size_t
asker_ask(struct asker *asker, uint8_t *out)
{
	uint8_t message[SESSIONHELLO_MESSAGE1_LEN];

	begin(asker, message);
	return encode(asker, LINKMSG_BEGIN, message, sizeof(message), out);
}

size_t
asker_ask_again(struct asker *asker, const uint8_t request[RESUME_REQUEST_LEN],
    uint8_t *out)
{
	return encode(asker, LINKMSG_RESUME, request, RESUME_REQUEST_LEN, out);
}

int
asker_hear(struct asker *asker, const uint8_t *reply, size_t len)
{
	return sessionhello_read_reply(
		   asker->hello, reply, len, &asker->said) == SESSIONHELLO_OK
		   ? 0
		   : -1;
}

int
asker_take(struct asker *asker, const uint8_t *reply, size_t len,
    struct seal *tx, struct seal *rx, struct resume *resume)
{
	struct seal resume_tx;
	struct seal resume_rx;

	if (asker_hear(asker, reply, len) != 0 || asker->said.status != 0) {
		return -1;
	}
	if (sessionhello_keys(asker->hello, tx, rx, &resume_tx, &resume_rx) !=
	    0) {
		return -1;
	}
	resume_init(resume, asker->said.id, &resume_tx, &resume_rx);
	return 0;
}
