/* SPDX-License-Identifier: ISC */
/* What comes for people: notices and messages. */
#include <string.h>
#include <time.h>

#include "common/inbox.h"
#include "protocol/endpoint_impl.h"
#include "protocol/session.h"

struct inbox *
endpoint_inbox(const struct endpoint *endpoint)
{
	return endpoint->inbox;
}

void
endpoint_notice(struct endpoint *endpoint, const char *level, const char *text)
{
	const struct inbox_message message = {
		.level = level,
		.at = (uint64_t)time(NULL),
		.text = text,
		.len = strlen(text),
	};

	(void)inbox_offer(endpoint->inbox, &message);
	inbox_keep(endpoint->inbox, &message);
}

/* What is refused is nowhere: only what somebody has is kept. */
enum code
endpoint_take_text(
    struct endpoint *endpoint, const struct endpoint_text *text, bool taken)
{
	const struct inbox_message message = {
		.user = text->user,
		.device = text->device,
		.at = (uint64_t)time(NULL),
		.text = text->text,
		.len = text->len,
	};
	const size_t listeners = inbox_listeners(endpoint->inbox);

	if (inbox_offer(endpoint->inbox, &message) == 0 && !taken) {
		return listeners == 0 ? CODE_TEXT_REFUSED : CODE_OVERLOADED;
	}
	inbox_keep(endpoint->inbox, &message);
	return CODE_OK;
}

void
endpoint_answer_text(struct endpoint *endpoint,
    const struct endpoint_text *text, struct session *session, uint32_t number)
{
	enum code code = endpoint_take_text(endpoint, text, false);

	session_answer_text(session, number, code,
	    code == CODE_TEXT_REFUSED ? "nobody listens there" : "");
}
