/* SPDX-License-Identifier: ISC */
/* Answers to ATTACH; declared in acceptor.h. */
#include <stdio.h>

#include "common/log.h"
#include "protocol/acceptor_impl.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/linkmsg.h"

/* Answer DETACH on a channel that never came to be. */
static void
refuse(const struct acceptor *acceptor, struct link *link, uint32_t channel,
    enum code code, const char *text)
{
	const enum linkhello_role self = link_role(link);
	struct linkmsg_detach detach = {
		.code = code,
		.by = acceptor->config.is_relay ? 0 : (uint8_t)self,
	};
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
			acceptor_close_call(call, CODE_REPLACED);
			return;
		}
	}
}

/* Begin the session that answer allows; CODE_OK or why not, in words. */
static enum code
begin(struct acceptor *acceptor, struct link *link, uint32_t id,
    const struct sessionanswer *answer, const char **text)
{
	struct caller *caller;
	struct channel *channel;

	drop_pending(acceptor_find(acceptor, answer->key));
	caller = acceptor_find(acceptor, answer->key);
	if (acceptor->pending >= acceptor->config.pending_max ||
	    !acceptorroom_is_there(acceptor, caller, answer->boot)) {
		*text = "Too many sessions.";
		return CODE_OVERLOADED;
	}
	*text = "The host is out of memory.";
	if (caller == NULL) {
		caller = acceptor_add(acceptor, answer);
	}
	if (caller == NULL) {
		return CODE_OVERLOADED;
	}
	channel = channel_new(link, id, NULL, NULL, NULL);
	if (channel == NULL || acceptor_begin(caller, channel, answer) != 0) {
		channel_free(channel);
		acceptor_drop_idle(caller);
		return CODE_OVERLOADED;
	}
	return CODE_OK;
}

/* Return true when the gateway with key has the session id. */
static bool
has_session(const uint8_t key[KEYS_LEN], const uint8_t id[SESSIONHELLO_ID_LEN],
    void *arg)
{
	return acceptor_find_call(acceptor_find(arg, key), id) != NULL;
}

/* Answer an ATTACH with the reply that answer has. */
static void
send_attached(const struct acceptor *acceptor, struct link *link,
    uint32_t channel, const struct sessionanswer *answer)
{
	(void)link_send(
	    link, FRAME_ATTACHED, channel, answer->reply, answer->reply_len);
	if (answer->is_question) {
		/* The channel was for the answer only. */
		refuse(acceptor, link, channel, CODE_OK, "");
	}
}

/* Answer attach, which begins a session or asks about one; as begin(). */
static enum code
greet(struct acceptor *acceptor, struct link *link, uint32_t channel,
    const struct linkmsg_attach *attach, char text[LIMITS_TEXT_LEN])
{
	const struct acceptor_config *config = &acceptor->config;
	const struct sessionanswer_known known = { has_session, acceptor };
	struct sessionanswer answer;
	const char *why = NULL;
	enum code code;

	code = config->ops->judge(attach, &known, &answer, text, config->arg);
	if (code == CODE_OK && !answer.is_question) {
		code = begin(acceptor, link, channel, &answer, &why);
	}
	if (code == CODE_OK) {
		send_attached(acceptor, link, channel, &answer);
	} else if (why != NULL) {
		(void)snprintf(text, LIMITS_TEXT_LEN, "%s", why);
	}
	sessionanswer_wipe(&answer);
	return code;
}

/* --- a session that there is ---------------------------------------------- */

/*
 * Go on with the session that attach asks for.  The relay names the device; the
 * token proves it.
 */
static enum code
go_on(struct acceptor *acceptor, struct link *link, uint32_t id,
    const struct linkmsg_attach *attach, char text[LIMITS_TEXT_LEN])
{
	uint8_t session[SESSIONHELLO_ID_LEN];
	uint8_t reply[RESUME_ANSWER_LEN];
	struct call *call = NULL;
	struct channel *channel;

	if (resume_id(attach->message, attach->message_len, session) == 0) {
		call = acceptor_find_call(
		    acceptor_find(acceptor, attach->device_key), session);
	}
	channel = call != NULL ? channel_new(link, id, NULL, NULL, NULL) : NULL;
	if (channel == NULL ||
	    carrier_answer(call->carrier, channel, attach->message,
		attach->message_len, reply) != 0) {
		channel_free(channel);
		(void)snprintf(
		    text, LIMITS_TEXT_LEN, "The host has no such session.");
		return CODE_SESSION_LOST;
	}
	(void)link_send(link, FRAME_ATTACHED, id, reply, sizeof(reply));
	acceptor_returned(call);
	return CODE_OK;
}

/* Say no for code, in words. */
static void
turn_away(const struct acceptor *acceptor, struct link *link, uint32_t channel,
    enum code code, const char *text)
{
	log_write(LOG_LEVEL_INFO, "caller", 0, "session refused: reason=%s %s",
	    codes_slug(code), text);
	refuse(acceptor, link, channel, code, text);
}

void
acceptor_attach(struct acceptor *acceptor, struct link *link, uint32_t channel,
    const struct linkmsg_attach *attach)
{
	char text[LIMITS_TEXT_LEN];
	enum code code;

	if (attach->kind == LINKMSG_RESUME) {
		code = go_on(acceptor, link, channel, attach, text);
	} else if (acceptor->finishing) {
		code = CODE_GOING_DOWN;
		(void)snprintf(text, sizeof(text), "%s", codes_summary(code));
	} else {
		code = greet(acceptor, link, channel, attach, text);
	}
	if (code != CODE_OK) {
		turn_away(acceptor, link, channel, code, text);
	}
}

void
acceptor_take(struct acceptor *acceptor, struct link *link, uint32_t channel,
    const uint8_t *payload, size_t len)
{
	struct linkmsg_attach attach;

	if (linkmsg_attach_decode(&attach, true, payload, len) != 0) {
		turn_away(acceptor, link, channel, CODE_PROTOCOL_ERROR,
		    "The request for a session is garbled.");
	} else {
		acceptor_attach(acceptor, link, channel, &attach);
	}
}
