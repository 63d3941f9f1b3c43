/* SPDX-License-Identifier: ISC */
#include "agent/attach.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "agent/revoked.h"
#include "common/mem.h"
#include "protocol/keys.h"
#include "protocol/linkmsg.h"
#include "protocol/membership.h"
#include "protocol/rights.h"

/* Judge who calls which host, before anything is computed. */
static enum code
check_names(const struct membership *self, const struct linkmsg_attach *attach,
    char text[LIMITS_TEXT_LEN])
{
	const struct keys_caller *caller = &attach->caller;

	if (strcasecmp(attach->owner, self->user) != 0 ||
	    strcasecmp(attach->host, self->name) != 0) {
		return codes_explain(CODE_HOST_UNKNOWN, text,
		    "This is \"%s\" of \"%s\", not \"%s\" of \"%s\".",
		    self->name, self->user, attach->host, attach->owner);
	}
	if (self->key_kind == MEMBERSHIP_KEY_HOST && caller->share != 0 &&
	    attach->epoch != self->epoch) {
		return codes_explain(CODE_DENIED, text,
		    "The share of \"%s\" was made with an old key of \"%s\"; "
		    "ask for a new one.",
		    self->name, self->user);
	}
	if (self->key_kind != MEMBERSHIP_KEY_HOST ||
	    attach->epoch != self->epoch) {
		return codes_explain(CODE_ACCOUNT_KEY, text,
		    "\"%s\" holds key %" PRIu32 " of the account, this gateway "
		    "calls with key %" PRIu32 ". Join \"%s\" again with the "
		    "string that \"inroad invite %s\" prints here.",
		    self->name, self->epoch, attach->epoch, self->name,
		    self->name);
	}
	if (caller->share == 0 && strcasecmp(caller->user, self->user) != 0) {
		return codes_explain(CODE_DENIED, text,
		    "\"%s\" belongs to \"%s\" and is not shared with \"%s\".",
		    self->name, self->user, caller->user);
	}
	return CODE_OK;
}

/* Judge the share by which somebody calls, if it is one. */
static enum code
check_share(const struct attach_self *answerer,
    const struct keys_caller *caller, uint64_t now, char text[LIMITS_TEXT_LEN])
{
	const struct membership *self = answerer->membership;

	if (caller->expiry != 0 && caller->expiry <= now) {
		return codes_explain(CODE_DENIED, text,
		    "The share of \"%s\" has expired; ask \"%s\" for a new "
		    "one.",
		    self->name, self->user);
	}
	if (caller->share != 0 && answerer->revoked != NULL &&
	    revoked_has(answerer->revoked, caller->share)) {
		return codes_explain(CODE_DENIED, text,
		    "\"%s\" has ended the share of \"%s\".", self->user,
		    self->name);
	}
	/* Rights that we cannot read could be narrower than all of them. */
	if (caller->share != 0 && !rights_are_valid(caller->rights)) {
		return codes_explain(CODE_DENIED, text,
		    "\"%s\" does not understand the rights of this share; "
		    "update its inroad-agent.",
		    self->name);
	}
	return CODE_OK;
}

/* Say why the handshake failed. */
static enum code
refuse_handshake(const struct membership *self,
    const struct linkmsg_attach *attach, enum sessionanswer_result result,
    char text[LIMITS_TEXT_LEN])
{
	if (result == SESSIONANSWER_OTHER_KEY) {
		return codes_explain(CODE_PROTOCOL_ERROR, text,
		    "The relay says that \"%s\" is calling, but it is another "
		    "device.",
		    attach->device);
	}
	if (result == SESSIONANSWER_FAILED) {
		return codes_explain(CODE_INTERNAL, text,
		    "\"%s\" is out of memory.", self->name);
	}
	if (attach->caller.share != 0) {
		return codes_explain(CODE_DENIED, text,
		    "The share of \"%s\" is not one that \"%s\" has made for "
		    "it as it is; ask for a new one.",
		    self->name, self->user);
	}
	/*
	 * The psk, or the host's key that the gateway pinned, differs.  The
	 * gateway can tell a changed host key by itself, so name the other.
	 */
	return codes_explain(CODE_ACCOUNT_KEY, text,
	    "This gateway's account key is not the one that \"%s\" was invited "
	    "with. Join \"%s\" again with the string that \"inroad invite %s\" "
	    "prints here.",
	    self->name, self->name, self->name);
}

enum code
attach_accept(const struct attach_self *self,
    const struct sessionanswer_known *known,
    const struct linkmsg_attach *attach, uint64_t now,
    struct sessionanswer *out, char text[LIMITS_TEXT_LEN])
{
	uint8_t psk[KEYS_LEN] = { 0 };
	struct sessionanswer_self answerer = {
		.public_key = self->public_key,
		.secret_key = self->secret_key,
		.psk = psk,
		.grace = self->grace,
	};
	enum sessionanswer_result result = SESSIONANSWER_FAILED;
	enum code code = check_names(self->membership, attach, text);

	if (code == CODE_OK) {
		code = check_share(self, &attach->caller, now, text);
	}
	memset(out, 0, sizeof(*out));
	if (code != CODE_OK) {
		return code;
	}
	randombytes_buf(answerer.id, sizeof(answerer.id));
	if (keys_psk(self->membership->key, &attach->caller, psk) == 0) {
		result = sessionanswer_make(&answerer, known, attach, out);
	}
	mem_wipe(psk, sizeof(psk));
	if (result != SESSIONANSWER_OK) {
		return refuse_handshake(self->membership, attach, result, text);
	}
	text[0] = '\0';
	return CODE_OK;
}
