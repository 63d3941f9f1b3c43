/* SPDX-License-Identifier: ISC */
#include "agent/attach.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "common/mem.h"
#include "common/version.h"
#include "protocol/linkmsg.h"
#include "protocol/membership.h"

/* Write a sentence to text and return code. */
static enum code __attribute__((format(printf, 3, 4)))
refuse(enum code code, char text[LIMITS_TEXT_LEN], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, LIMITS_TEXT_LEN, format, args);
	va_end(args);
	return code;
}

/* Judge who calls which host, before anything is computed. */
static enum code
check_names(const struct membership *self, const struct linkmsg_attach *attach,
    uint64_t now, char text[LIMITS_TEXT_LEN])
{
	const struct keys_caller *caller = &attach->caller;

	if (strcasecmp(attach->owner, self->user) != 0 ||
	    strcasecmp(attach->host, self->name) != 0) {
		return refuse(CODE_HOST_UNKNOWN, text,
		    "This is \"%s\" of \"%s\", not \"%s\" of \"%s\".",
		    self->name, self->user, attach->host, attach->owner);
	}
	if (self->key_kind != MEMBERSHIP_KEY_HOST ||
	    attach->epoch != self->epoch) {
		return refuse(CODE_ACCOUNT_KEY, text,
		    "\"%s\" holds key %" PRIu32 " of the account, this gateway "
		    "calls with key %" PRIu32 ". Join \"%s\" again with the "
		    "string that \"inroad invite %s\" prints here.",
		    self->name, self->epoch, attach->epoch, self->name,
		    self->name);
	}
	if (caller->share == 0 && strcasecmp(caller->user, self->user) != 0) {
		return refuse(CODE_DENIED, text,
		    "\"%s\" belongs to \"%s\" and is not shared with \"%s\".",
		    self->name, self->user, caller->user);
	}
	if (caller->expiry != 0 && caller->expiry <= now) {
		return refuse(CODE_DENIED, text,
		    "The share of \"%s\" has expired; ask \"%s\" for a new "
		    "one.",
		    self->name, self->user);
	}
	/* Rights that we cannot read could be narrower than all of them. */
	if (caller->share != 0) {
		return refuse(CODE_DENIED, text,
		    "\"%s\" does not understand the rights of this share; "
		    "update its inroad-agent.",
		    self->name);
	}
	return CODE_OK;
}

/* Start the responder's side for attach; NULL when memory is short. */
static struct sessionhello *
start_hello(const struct attach_self *self, const struct linkmsg_attach *attach)
{
	const struct keys_session session = {
		.version = LIMITS_PROTOCOL_VERSION,
		.epoch = attach->epoch,
		.owner = attach->owner,
		.host = attach->host,
		.caller = &attach->caller,
	};
	uint8_t psk[KEYS_LEN] = { 0 };
	const struct sessionhello_config config = {
		.session = &session,
		.psk = psk,
		.static_secret = self->secret_key,
		.static_public = self->public_key,
		.remote_public = attach->device_key,
	};
	struct sessionhello *hello = NULL;

	if (keys_psk(self->membership->key, &attach->caller, psk) == 0) {
		hello = sessionhello_new_responder(&config);
	}
	mem_wipe(psk, sizeof(psk));
	return hello;
}

/* Read message 1; what it says goes to *request. */
static enum code
read_request(struct sessionhello *hello, const struct linkmsg_attach *attach,
    const struct membership *self, struct sessionhello_request *request,
    char text[LIMITS_TEXT_LEN])
{
	switch (sessionhello_read_request(
	    hello, attach->message, attach->message_len, request)) {
	case SESSIONHELLO_OK:
		return CODE_OK;
	case SESSIONHELLO_OTHER_KEY:
		return refuse(CODE_PROTOCOL_ERROR, text,
		    "The relay says that \"%s\" is calling, but it is another "
		    "device.",
		    attach->device);
	case SESSIONHELLO_BAD:
		break;
	}
	/*
	 * The psk, or the host's key that the gateway pinned, differs.  The
	 * gateway can tell a changed host key by itself, so name the other.
	 */
	return refuse(CODE_ACCOUNT_KEY, text,
	    "This gateway's account key is not the one that \"%s\" was invited "
	    "with. Join \"%s\" again with the string that \"inroad invite %s\" "
	    "prints here.",
	    self->name, self->name, self->name);
}

/* Write message 2 about the session out->id; 0 or -1. */
static int
write_reply(
    struct sessionhello *hello, enum code status, struct attach_accepted *out)
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
    const struct linkmsg_attach *attach, const struct attach_sessions *sessions,
    struct attach_accepted *out)
{
	bool has =
	    sessions->has(attach->device_key, request->question, sessions->arg);

	out->is_question = true;
	memcpy(out->id, request->question, sizeof(out->id));
	return write_reply(hello, has ? CODE_OK : CODE_SESSION_LOST, out);
}

/* Write message 2 and take the keys of a new session; 0 or -1. */
static int
begin_session(struct sessionhello *hello, struct attach_accepted *out)
{
	struct seal resume_tx;
	struct seal resume_rx;
	int rc;

	randombytes_buf(out->id, sizeof(out->id));
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

/* Do the handshake of attach, whose names are right. */
static enum code
shake_hands(const struct attach_self *self,
    const struct attach_sessions *sessions, const struct linkmsg_attach *attach,
    struct attach_accepted *out, char text[LIMITS_TEXT_LEN])
{
	struct sessionhello *hello = start_hello(self, attach);
	struct sessionhello_request request = { .grace = 0 };
	enum code code;
	int rc = 0;

	if (hello == NULL) {
		return refuse(CODE_INTERNAL, text, "\"%s\" is out of memory.",
		    self->membership->name);
	}
	code = read_request(hello, attach, self->membership, &request, text);
	out->grace = request.grace < self->grace ? request.grace : self->grace;
	if (code == CODE_OK) {
		rc = sessionhello_is_question(hello)
			 ? answer_question(
			       hello, &request, attach, sessions, out)
			 : begin_session(hello, out);
	}
	if (rc != 0) {
		code = refuse(CODE_INTERNAL, text,
		    "\"%s\" could not answer the handshake.",
		    self->membership->name);
	}
	sessionhello_free(hello);
	memcpy(out->boot, request.boot, sizeof(out->boot));
	return code;
}

enum code
attach_accept(const struct attach_self *self,
    const struct attach_sessions *sessions, const struct linkmsg_attach *attach,
    uint64_t now, struct attach_accepted *out, char text[LIMITS_TEXT_LEN])
{
	enum code code = check_names(self->membership, attach, now, text);

	memset(out, 0, sizeof(*out));
	if (code == CODE_OK) {
		code = shake_hands(self, sessions, attach, out, text);
	}
	if (code != CODE_OK) {
		attach_wipe(out);
		return code;
	}
	memcpy(out->user, attach->caller.user, sizeof(out->user));
	memcpy(out->device, attach->device, sizeof(out->device));
	memcpy(out->key, attach->device_key, sizeof(out->key));
	text[0] = '\0';
	return CODE_OK;
}

void
attach_wipe(struct attach_accepted *accepted)
{
	mem_wipe(accepted, sizeof(*accepted));
}
