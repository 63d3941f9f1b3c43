/* SPDX-License-Identifier: ISC */
/* Answers to ATTACH; declared in callers.h. */
#include <stdio.h>
#include <time.h>

#include "agent/callers_impl.h"
#include "common/log.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/linkmsg.h"
#include "protocol/membership.h"

/* Answer DETACH on a channel that never came to be. */
static void
refuse(struct link *link, uint32_t channel, enum code code, const char *text)
{
	struct linkmsg_detach detach = { .code = code, .by = LINKHELLO_AGENT };
	uint8_t payload[LIMITS_TEXT_LEN + 16];
	size_t len;

	(void)snprintf(detach.text, sizeof(detach.text), "%s", text);
	len = linkmsg_detach_encode(&detach, payload, sizeof(payload));
	if (len > 0) {
		(void)link_send(link, FRAME_DETACH, channel, payload, len);
	}
}

/* --- a new session -------------------------------------------------------- */

/* The pending session of caller, which may be NULL, goes for a newer one. */
static void
drop_pending(struct caller *caller)
{
	struct list *node = caller != NULL ? list_first(&caller->calls) : NULL;

	for (; node != NULL; node = list_after(&caller->calls, node)) {
		struct call *call = list_entry(node, struct call, node);

		if (!call->confirmed) {
			callers_close_call(call, CODE_REPLACED);
			return;
		}
	}
}

/* Begin the session that accepted allows; CODE_OK or why not, in words. */
static enum code
begin(struct callers *callers, struct link *link, uint32_t id,
    const struct attach_accepted *accepted, const char **text)
{
	struct caller *caller;
	struct channel *channel;

	drop_pending(callers_find(callers, accepted->key));
	caller = callers_find(callers, accepted->key);
	if (callers->pending >= LIMITS_PENDING_SESSIONS ||
	    !callersroom_is_there(callers, caller, accepted->boot)) {
		*text = "Too many sessions.";
		return CODE_OVERLOADED;
	}
	*text = "The host is out of memory.";
	if (caller == NULL) {
		caller = callers_add(callers, accepted);
	}
	if (caller == NULL) {
		return CODE_OVERLOADED;
	}
	channel = channel_new(link, id, NULL, NULL, NULL);
	if (channel == NULL || callers_begin(caller, channel, accepted) != 0) {
		channel_free(channel);
		callers_drop_idle(caller);
		return CODE_OVERLOADED;
	}
	return CODE_OK;
}

/* Return true when the gateway with key has the session id. */
static bool
has_session(const uint8_t key[KEYS_LEN], const uint8_t id[SESSIONHELLO_ID_LEN],
    void *arg)
{
	return callers_find_call(callers_find(arg, key), id) != NULL;
}

/* Answer an ATTACH with the reply that accepted has. */
static void
send_attached(
    struct link *link, uint32_t channel, const struct attach_accepted *accepted)
{
	(void)link_send(link, FRAME_ATTACHED, channel, accepted->reply,
	    accepted->reply_len);
	if (accepted->is_question) {
		/* The channel was for the answer only. */
		refuse(link, channel, CODE_OK, "");
	}
}

/* Answer attach, which begins a session or asks about one; as begin(). */
static enum code
answer(struct callers *callers, struct link *link, uint32_t channel,
    const struct linkmsg_attach *attach, char text[LIMITS_TEXT_LEN])
{
	const struct attach_sessions sessions = { has_session, callers };
	struct attach_accepted accepted;
	const char *why = NULL;
	enum code code;

	code = attach_accept(callers->config.self, &sessions, attach,
	    (uint64_t)time(NULL), &accepted, text);
	if (code == CODE_OK && !accepted.is_question) {
		code = begin(callers, link, channel, &accepted, &why);
	}
	if (code == CODE_OK) {
		send_attached(link, channel, &accepted);
	} else if (why != NULL) {
		(void)snprintf(text, LIMITS_TEXT_LEN, "%s", why);
	}
	attach_wipe(&accepted);
	return code;
}

/* --- a session that there is ---------------------------------------------- */

/*
 * Go on with the session that attach asks for.  The relay names the device; the
 * token proves it.
 */
static enum code
go_on(struct callers *callers, struct link *link, uint32_t id,
    const struct linkmsg_attach *attach, char text[LIMITS_TEXT_LEN])
{
	uint8_t session[SESSIONHELLO_ID_LEN];
	uint8_t reply[RESUME_ANSWER_LEN];
	struct call *call = NULL;
	struct channel *channel;

	if (resume_id(attach->message, attach->message_len, session) == 0) {
		call = callers_find_call(
		    callers_find(callers, attach->device_key), session);
	}
	channel = call != NULL ? channel_new(link, id, NULL, NULL, NULL) : NULL;
	if (channel == NULL ||
	    carrier_answer(call->carrier, channel, attach->message,
		attach->message_len, reply) != 0) {
		channel_free(channel);
		(void)snprintf(text, LIMITS_TEXT_LEN,
		    "\"%s\" has no such session.",
		    callers->config.self->membership->name);
		return CODE_SESSION_LOST;
	}
	(void)link_send(link, FRAME_ATTACHED, id, reply, sizeof(reply));
	callers_returned(call);
	return CODE_OK;
}

void
callers_attach(struct callers *callers, struct link *link, uint32_t channel,
    const uint8_t *payload, size_t len)
{
	struct linkmsg_attach attach;
	char text[LIMITS_TEXT_LEN];
	enum code code;

	if (linkmsg_attach_decode(&attach, true, payload, len) != 0) {
		code = CODE_PROTOCOL_ERROR;
		(void)snprintf(text, sizeof(text),
		    "The request for a session is garbled.");
	} else if (attach.kind == LINKMSG_RESUME) {
		code = go_on(callers, link, channel, &attach, text);
	} else if (callers->finishing) {
		code = CODE_GOING_DOWN;
		(void)snprintf(text, sizeof(text), "%s", codes_summary(code));
	} else {
		code = answer(callers, link, channel, &attach, text);
	}
	if (code != CODE_OK) {
		log_write(LOG_LEVEL_INFO, "caller", 0,
		    "session refused: reason=%s %s", codes_slug(code), text);
		refuse(link, channel, code, text);
	}
}
