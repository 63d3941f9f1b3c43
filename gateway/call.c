/* SPDX-License-Identifier: ISC */
#include "gateway/call.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "gateway/hosts.h"
#include "protocol/endpoint.h"
#include "protocol/keys.h"
#include "protocol/linkmsg.h"
#include "protocol/membership.h"
#include "protocol/sessionhello.h"
#include "protocol/sharestring.h"

int
call_psk(const struct membership *membership,
    const struct linkmsg_attach *attach, bool is_gateway, uint8_t psk[KEYS_LEN])
{
	struct keys_account account = { .epoch = membership->epoch };
	uint8_t host_key[KEYS_LEN];
	int rc = -1;

	memcpy(account.key, membership->key, sizeof(account.key));
	if ((is_gateway ? keys_gateway(&account, attach->host, host_key)
			: keys_host(&account, attach->host, host_key)) == 0) {
		rc = keys_psk(host_key, &attach->caller, psk);
	}
	mem_wipe(&account, sizeof(account));
	mem_wipe(host_key, sizeof(host_key));
	return rc;
}

/* Start the handshake: what both sides must mean alike, and the psk. */
static struct sessionhello *
hello_new(struct endpoint *endpoint, const struct call_to *to,
    const struct linkmsg_attach *attach, struct sessionhello_request *request)
{
	struct keys_session session = {
		.version = LIMITS_PROTOCOL_VERSION,
		.epoch = attach->epoch,
		.owner = attach->owner,
		.host = attach->host,
		.caller = &attach->caller,
	};
	struct sessionhello_config config = {
		.session = &session,
		.static_secret = endpoint_secret_key(endpoint),
		.static_public = endpoint_public_key(endpoint),
		.remote_public = to->host->key,
	};
	struct sessionhello *hello = NULL;
	uint8_t psk[KEYS_LEN] = { 0 };
	int rc = 0;

	memcpy(
	    request->boot, endpoint_boot_id(endpoint), sizeof(request->boot));
	if (to->share != NULL) {
		config.psk = to->share->psk;
	} else if (!hosts_is_relay(to->host)) {
		rc = call_psk(endpoint_membership(endpoint), attach,
		    to->host->is_gateway, psk);
		config.psk = psk;
	}
	if (rc == 0) {
		hello = sessionhello_new_initiator(&config, request);
	}
	mem_wipe(psk, sizeof(psk));
	return hello;
}

/* Say who calls whom; 0, or -1 when this device belongs nowhere. */
static int
address(struct linkmsg_attach *attach, const struct endpoint *endpoint,
    const struct call_to *to)
{
	const struct membership *membership = endpoint_membership(endpoint);
	const struct share *share = to->share;
	const struct host *host = to->host;

	if (membership == NULL) {
		return -1;
	}
	if (share != NULL) {
		/* What the share says counts; the name of host is ours. */
		attach->epoch = share->epoch;
		attach->caller = share->caller;
		memcpy(attach->owner, share->owner, sizeof(attach->owner));
		memcpy(attach->host, share->host, sizeof(attach->host));
		attach->replica = host->replica;
		return 0;
	}
	/* The account key has no part in sessions with the relay. */
	attach->epoch = hosts_is_relay(host) ? 0 : membership->epoch;
	(void)snprintf(attach->owner, sizeof(attach->owner), "%s", host->owner);
	(void)snprintf(attach->host, sizeof(attach->host), "%s", host->name);
	attach->replica = host->replica;
	return keys_caller_owner(&attach->caller, membership->user);
}

struct sessionhello *
call_begin(struct endpoint *endpoint, const struct call_to *to, uint16_t grace,
    const uint8_t *question, uint8_t payload[CALL_MAX], size_t *len)
{
	struct linkmsg_attach attach = { .kind = LINKMSG_BEGIN };
	struct sessionhello_request request = { .grace = grace };
	uint8_t message[SESSIONHELLO_MESSAGE1_LEN];
	struct sessionhello *hello;

	if (address(&attach, endpoint, to) != 0) {
		return NULL;
	}
	if (question != NULL) {
		memcpy(request.question, question, sizeof(request.question));
	}
	hello = hello_new(endpoint, to, &attach, &request);
	if (hello == NULL) {
		return NULL;
	}
	*len = 0;
	if (sessionhello_write_request(hello, message) == 0) {
		attach.message = message;
		attach.message_len = sizeof(message);
		*len = linkmsg_attach_encode(&attach, payload, CALL_MAX);
	}
	if (*len == 0) {
		sessionhello_free(hello);
		return NULL;
	}
	return hello;
}

size_t
call_again(struct endpoint *endpoint, const struct call_to *to,
    const uint8_t request[RESUME_REQUEST_LEN], uint8_t payload[CALL_MAX])
{
	struct linkmsg_attach attach = {
		.kind = LINKMSG_RESUME,
		.message = request,
		.message_len = RESUME_REQUEST_LEN,
	};

	return address(&attach, endpoint, to) == 0
		   ? linkmsg_attach_encode(&attach, payload, CALL_MAX)
		   : 0;
}
