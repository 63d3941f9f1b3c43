/* SPDX-License-Identifier: ISC */
#include "gateway/letterbox.h"

#include <inttypes.h>
#include <string.h>

#include <sodium.h>

#include "common/mem.h"
#include "gateway/call.h"
#include "protocol/acceptor.h"
#include "protocol/endpoint.h"
#include "protocol/linkmsg.h"
#include "protocol/membership.h"
#include "protocol/session.h"
#include "protocol/stream.h"

/*
 * Sessions in all: every other gateway of the account once, and some anew while
 * the old one is still there.
 */
#define SESSIONS_MAX 128
/* Of one device. */
#define CALLER_SESSIONS 4

/* Texts that are put together, in all; and receipts, which are short. */
#define RECEIVE_MAX ((uint64_t)4 << 20)
#define RETAIN_BUDGET ((uint64_t)4 << 20)
#define RETAIN_MAX ((uint64_t)256 << 10)

struct letterbox {
	struct endpoint *endpoint;
	struct acceptor *acceptor;
	struct session_budget receive;
	struct session_budget retain;
};

/* --- who may call ---------------------------------------------------- */

/* Judge who calls whom, before anything is computed. */
static enum code
check_names(const struct membership *self, const struct linkmsg_attach *attach,
    char text[LIMITS_TEXT_LEN])
{
	if (self == NULL || strcmp(attach->owner, self->user) != 0 ||
	    strcmp(attach->host, self->name) != 0) {
		return codes_explain(CODE_HOST_UNKNOWN, text,
		    "This is not \"%s\" of \"%s\".", attach->host,
		    attach->owner);
	}
	if (attach->caller.share != 0 ||
	    strcmp(attach->caller.user, self->user) != 0) {
		return codes_explain(CODE_DENIED, text,
		    "\"%s\" takes messages of its own account only.",
		    self->name);
	}
	if (self->key_kind != MEMBERSHIP_KEY_ACCOUNT ||
	    attach->epoch != self->epoch) {
		return codes_explain(CODE_ACCOUNT_KEY, text,
		    "\"%s\" holds key %" PRIu32
		    " of the account, and who calls "
		    "holds key %" PRIu32 ".",
		    self->name, self->epoch, attach->epoch);
	}
	return CODE_OK;
}

enum code
letterbox_judge(const struct letterbox_self *self,
    const struct sessionanswer_known *known,
    const struct linkmsg_attach *attach, struct sessionanswer *out,
    char text[LIMITS_TEXT_LEN])
{
	uint8_t psk[KEYS_LEN] = { 0 };
	struct sessionanswer_self answerer = {
		.public_key = self->public_key,
		.secret_key = self->secret_key,
		.psk = psk,
	};
	enum sessionanswer_result result = SESSIONANSWER_FAILED;
	enum code code = check_names(self->membership, attach, text);

	memset(out, 0, sizeof(*out));
	if (code != CODE_OK) {
		return code;
	}
	randombytes_buf(answerer.id, sizeof(answerer.id));
	if (call_psk(self->membership, attach, true, psk) == 0) {
		result = sessionanswer_make(&answerer, known, attach, out);
	}
	mem_wipe(psk, sizeof(psk));
	switch (result) {
	case SESSIONANSWER_OK:
		text[0] = '\0';
		return CODE_OK;
	case SESSIONANSWER_OTHER_KEY:
		return codes_explain(CODE_PROTOCOL_ERROR, text,
		    "The relay says that \"%s\" is calling, but it is another "
		    "device.",
		    attach->device);
	case SESSIONANSWER_BAD:
		return codes_explain(CODE_ACCOUNT_KEY, text,
		    "Who calls has not the account key of \"%s\", or not its "
		    "public key.",
		    self->membership->name);
	case SESSIONANSWER_FAILED:
		break;
	}
	return codes_explain(CODE_OVERLOADED, text, "\"%s\" is out of memory.",
	    self->membership->name);
}

static enum code
on_judge(const struct linkmsg_attach *attach,
    const struct sessionanswer_known *known, struct sessionanswer *out,
    char text[LIMITS_TEXT_LEN], void *arg)
{
	const struct letterbox *letterbox = arg;
	const struct letterbox_self self = {
		.membership = endpoint_membership(letterbox->endpoint),
		.public_key = endpoint_public_key(letterbox->endpoint),
		.secret_key = endpoint_secret_key(letterbox->endpoint),
	};

	return letterbox_judge(&self, known, attach, out, text);
}

/* --- what they may do ------------------------------------------------ */

/* Nothing is kept for a caller. */
static void *
on_enter(const struct sessionanswer *answer, void *arg)
{
	(void)answer;
	return arg;
}

static void
on_leave(void *kept)
{
	(void)kept;
}

static void
on_open(void *kept, const struct keys_caller *by, struct stream *stream,
    const struct stream_target *target)
{
	(void)kept;
	(void)by;
	(void)target;
	stream_refuse(
	    stream, CODE_DENIED, "A gateway takes messages and nothing else.");
}

static void
on_text(void *kept, const struct keys_caller *by,
    const struct acceptor_letter *letter)
{
	struct letterbox *letterbox = kept;
	const struct endpoint_text message = {
		.user = letter->user,
		.device = letter->device,
		.text = letter->text,
		.len = letter->len,
	};

	(void)by;
	endpoint_answer_text(
	    letterbox->endpoint, &message, letter->session, letter->number);
}

static const struct acceptor_ops acceptor_callbacks = {
	.judge = on_judge,
	.enter = on_enter,
	.leave = on_leave,
	.open = on_open,
	.text = on_text,
};

void
letterbox_attach(struct letterbox *letterbox, struct link *link,
    uint32_t channel, const uint8_t *payload, size_t len)
{
	acceptor_take(letterbox->acceptor, link, channel, payload, len);
}

/* --- life ------------------------------------------------------------ */

struct letterbox *
letterbox_new(struct loop *loop, struct endpoint *endpoint)
{
	struct letterbox *letterbox = mem_new(1, sizeof(*letterbox));
	const struct acceptor_config acceptor = {
		.ops = &acceptor_callbacks,
		.arg = letterbox,
		.receive = letterbox != NULL ? &letterbox->receive : NULL,
		/* One that is refused is there for a moment. */
		.streams_max = 1,
		.retain_max = RETAIN_MAX,
		.retain = letterbox != NULL ? &letterbox->retain : NULL,
		.sessions_max = SESSIONS_MAX,
		.caller_max = CALLER_SESSIONS,
		.window_max = LIMITS_WINDOW_START,
	};

	if (letterbox == NULL) {
		return NULL;
	}
	letterbox->endpoint = endpoint;
	letterbox->receive.max = RECEIVE_MAX;
	letterbox->retain.max = RETAIN_BUDGET;
	letterbox->acceptor = acceptor_new(loop, &acceptor);
	if (letterbox->acceptor == NULL) {
		mem_free(letterbox);
		return NULL;
	}
	return letterbox;
}

void
letterbox_finish(struct letterbox *letterbox)
{
	acceptor_finish(letterbox->acceptor);
}

void
letterbox_close(struct letterbox *letterbox, enum code code)
{
	acceptor_close(letterbox->acceptor, code);
}

void
letterbox_free(struct letterbox *letterbox)
{
	if (letterbox != NULL) {
		acceptor_free(letterbox->acceptor);
		mem_free(letterbox);
	}
}
