/* SPDX-License-Identifier: ISC */
#include "protocol/sessiontext.h"

#include "protocol/session_impl.h"
#include "protocol/texts.h"

/* Hand the text that is whole to the owner of session. */
static void
deliver(struct session *session)
{
	const struct session_ops *ops = session->config.ops;
	uint32_t number;
	size_t len;
	const char *text = texts_whole(session->texts, &len, &number);

	if (ops->text != NULL) {
		ops->text(session->config.arg, number, text, len);
	} else {
		texts_answer(session->texts, number, CODE_DENIED, "");
	}
	/* It is gone when the owner ended the session in there. */
	if (!session->closed) {
		texts_drop(session->texts);
	}
}

enum code
sessiontext_part(struct session *session, const uint8_t *payload, size_t len)
{
	if (session_texts(session) == NULL) {
		return CODE_OVERLOADED;
	}
	switch (texts_receive(session->texts, payload, len)) {
	case TEXTS_BAD:
		return CODE_PROTOCOL_ERROR;
	case TEXTS_WHOLE:
		deliver(session);
		break;
	case TEXTS_MORE:
		break;
	}
	/* A receipt may be owed now. */
	session_notify(session);
	return CODE_OK;
}

enum code
sessiontext_receipt(struct session *session, const uint8_t *payload, size_t len)
{
	const struct session_ops *ops = session->config.ops;
	struct texts_receipt receipt;

	if (session->texts == NULL || texts_receive_receipt(session->texts,
					  &receipt, payload, len) != 0) {
		return CODE_PROTOCOL_ERROR;
	}
	if (ops->receipt != NULL) {
		ops->receipt(session->config.arg, receipt.number, receipt.code,
		    receipt.text);
	}
	return CODE_OK;
}
