/* SPDX-License-Identifier: ISC */
/*
 * Messages of a peer.  The input is records: a length byte, whose highest bit
 * says RECEIPT instead of TEXT, and so many bytes.  Whatever comes, what is put
 * together is UTF-8 of the length that was announced, the budget is given back,
 * and no more receipts are owed than may be.
 */
#include "protocol/texts.h"

#include <stdlib.h>

#include "common/escape.h"
#include "protocol/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static bool
take(struct texts *texts, bool receipt, const uint8_t *payload, size_t len)
{
	struct texts_receipt answer;
	enum texts_result result;
	const char *text;
	uint32_t number;

	if (receipt) {
		return texts_receive_receipt(texts, &answer, payload, len) == 0;
	}
	result = texts_receive(texts, payload, len);
	if (result == TEXTS_WHOLE) {
		text = texts_whole(texts, &len, &number);
		require(len > 0 && len <= LIMITS_MESSAGE_MAX && number > 0);
		require(escape_is_utf8(text, len));
		texts_answer(texts, number, CODE_OK, "");
		texts_drop(texts);
	}
	return result != TEXTS_BAD;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct session_budget budget = { .max = LIMITS_MESSAGE_MAX / 2 };
	struct texts *texts = texts_new(&budget);
	uint8_t payload[TEXTS_RECEIPT_MAX];
	int owed = 0;

	if (texts == NULL) {
		return 0;
	}
	(void)texts_send(texts, "hello", 5);
	texts_take_part(texts, payload);
	while (len > 0) {
		size_t size = data[0] & 0x7f;

		if (size > len - 1) {
			size = len - 1;
		}
		if (!take(texts, data[0] >> 7, data + 1, size)) {
			break;
		}
		data += 1 + size;
		len -= 1 + size;
	}
	for (; texts_receipt(texts, payload) > 0; owed++) {
		texts_receipt_sent(texts);
	}
	require(owed <= LIMITS_MESSAGES_OPEN);
	texts_free(texts);
	require(budget.used == 0);
	return 0;
}
