/* SPDX-License-Identifier: ISC */
#include "protocol/sessionanswer.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/version.h"
#include "protocol/codes.h"
#include "protocol/limits.h"
#include "protocol/linkmsg.h"

/* Start the responder's side for attach; NULL when memory is short. */
static struct sessionhello *
start_hello(
    const struct sessionanswer_self *self, const struct linkmsg_attach *attach)
{
	const struct keys_session session = {
		.version = LIMITS_PROTOCOL_VERSION,
		.epoch = attach->epoch,
		.owner = attach->owner,
		.host = attach->host,
		.caller = &attach->caller,
	};
	const struct sessionhello_config config = {
		.session = &session,
		.psk = self->psk,
		.static_secret = self->secret_key,
		.static_public = self->public_key,
		.remote_public = attach->device_key,
	};

	return sessionhello_new_responder(&config);
}

/* Read message 1; what it says goes to *request. */
static enum sessionanswer_result
read_request(struct sessionhello *hello, const struct linkmsg_attach *attach,
    struct sessionhello_request *request)
{
	switch (sessionhello_read_request(
	    hello, attach->message, attach->message_len, request)) {
	case SESSIONHELLO_OK:
		return SESSIONANSWER_OK;
	case SESSIONHELLO_OTHER_KEY:
		return SESSIONANSWER_OTHER_KEY;
	case SESSIONHELLO_BAD:
		break;
	}
	return SESSIONANSWER_BAD;
}

/* Write message 2 about the session out->id; 0 or -1. */
static int
write_reply(
    struct sessionhello *hello, enum code status, struct sessionanswer *out)
{
	struct sessionhello_reply reply = {
		.grace = out->grace,
		.status = (uint16_t)status,
	};

	memcpy(reply.id, out->id, sizeof(reply.id));
	(void)snprintf(reply.software, sizeof(reply.software), "inroad/%s",
	    version_string());
	return sessionhello_write_reply(
	    hello, &reply, out->reply, &out->reply_len);
}

/*
 * Say inside message 2 whether the session asked about is there: nobody on the
 * way can say so.  0 or -1.
 */
static int
answer_question(struct sessionhello *hello,
    const struct sessionhello_request *request,
    const struct linkmsg_attach *attach,
    const struct sessionanswer_known *known, struct sessionanswer *out)
{
	bool has =
	    known->has(attach->device_key, request->question, known->arg);

	out->is_question = true;
	memcpy(out->id, request->question, sizeof(out->id));
	return write_reply(hello, has ? CODE_OK : CODE_SESSION_LOST, out);
}

/* Write message 2 and take the keys of the new session out->id; 0 or -1. */
static int
begin_session(struct sessionhello *hello, struct sessionanswer *out)
{
	struct seal resume_tx;
	struct seal resume_rx;
	int rc;

	if (write_reply(hello, CODE_OK, out) != 0) {
		return -1;
	}
	rc = sessionhello_keys(
	    hello, &out->tx, &out->rx, &resume_tx, &resume_rx);
	if (rc == 0) {
		resume_init(&out->resume, out->id, &resume_tx, &resume_rx);
	}
	seal_wipe(&resume_tx);
	seal_wipe(&resume_rx);
	return rc;
}

/* Do the handshake of attach. */
static enum sessionanswer_result
shake_hands(const struct sessionanswer_self *self,
    const struct sessionanswer_known *known,
    const struct linkmsg_attach *attach, struct sessionanswer *out)
{
	struct sessionhello *hello = start_hello(self, attach);
	struct sessionhello_request request = { .grace = 0 };
	enum sessionanswer_result result;
	int rc = 0;

	if (hello == NULL) {
		return SESSIONANSWER_FAILED;
	}
	result = read_request(hello, attach, &request);
	out->grace = request.grace < self->grace ? request.grace : self->grace;
	memcpy(out->id, self->id, sizeof(out->id));
	memcpy(out->boot, request.boot, sizeof(out->boot));
	if (result == SESSIONANSWER_OK) {
		rc = sessionhello_is_question(hello)
			 ? answer_question(hello, &request, attach, known, out)
			 : begin_session(hello, out);
	}
	sessionhello_free(hello);
	return rc == 0 ? result : SESSIONANSWER_FAILED;
}

enum sessionanswer_result
sessionanswer_make(const struct sessionanswer_self *self,
    const struct sessionanswer_known *known,
    const struct linkmsg_attach *attach, struct sessionanswer *out)
{
	enum sessionanswer_result result;

	memset(out, 0, sizeof(*out));
	result = shake_hands(self, known, attach, out);
	if (result != SESSIONANSWER_OK) {
		sessionanswer_wipe(out);
		return result;
	}
	out->caller = attach->caller;
	memcpy(out->device, attach->device, sizeof(out->device));
	memcpy(out->key, attach->device_key, sizeof(out->key));
	return SESSIONANSWER_OK;
}

void
sessionanswer_wipe(struct sessionanswer *answer)
{
	mem_wipe(answer, sizeof(*answer));
}
