/* SPDX-License-Identifier: ISC */
/* Messages of callers; declared in acceptor_impl.h. */
#include "common/loop.h"
#include "protocol/acceptor_impl.h"
#include "protocol/session.h"

void
acceptortext_came(void *arg, uint32_t number, const char *text, size_t len)
{
	struct call *call = arg;
	struct caller *caller = call->caller;
	const struct acceptor_ops *ops = caller->acceptor->config.ops;
	const struct acceptor_letter letter = {
		.session = carrier_session(call->carrier),
		.number = number,
		.user = caller->user,
		.device = caller->device,
		.text = text,
		.len = len,
	};

	if (ops->text == NULL) {
		session_answer_text(letter.session, number, CODE_DENIED, "");
	} else if (!ratelimit_take(
		       &caller->texts, 1, loop_now(caller->acceptor->loop))) {
		session_answer_text(letter.session, number, CODE_LIMIT,
		    "too many messages a second");
	} else {
		ops->text(caller->kept, &call->by, &letter);
	}
}

void
acceptortext_answered(
    void *arg, uint32_t number, enum code code, const char *text)
{
	struct call *call = arg;
	const struct acceptor_ops *ops = call->caller->acceptor->config.ops;

	if (ops->receipt != NULL) {
		ops->receipt(call->caller->kept, carrier_session(call->carrier),
		    number, code, text);
	}
}

void
acceptortext_over(void *arg, const struct session *session)
{
	struct call *call = arg;
	const struct acceptor_ops *ops = call->caller->acceptor->config.ops;

	if (ops->over != NULL) {
		ops->over(call->caller->kept, session);
	}
}
