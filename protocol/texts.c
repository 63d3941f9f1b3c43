/* SPDX-License-Identifier: ISC */
#include "protocol/texts.h"

#include <stdio.h>
#include <string.h>

#include "common/escape.h"
#include "common/list.h"
#include "common/mem.h"
#include "common/wire.h"
#include "protocol/session.h"

#define PART_MAX (LIMITS_RECORD_PAYLOAD_MAX - TEXTS_HEAD_LEN)

/* A text on its way out; without its bytes once they are sent. */
struct outgoing {
	struct list node; /* in texts->out, by number */
	uint32_t number;
	size_t len;
	size_t sent;
	char *bytes;
};

/* A text that came, until its receipt is on its way. */
struct incoming {
	uint32_t number; /* 0: the place is free */
	bool answered;
	struct texts_receipt receipt;
};

struct texts {
	struct session_budget *budget;
	struct list out;
	size_t out_count;
	uint32_t out_number; /* of the last one */
	/* The text that is being put together, or is whole. */
	struct incoming *current; /* NULL: none */
	char *bytes;              /* NULL: what comes is passed over */
	size_t total;
	size_t got;
	uint32_t in_number; /* of the last one */
	struct incoming in[LIMITS_MESSAGES_OPEN];
};

struct texts *
texts_new(struct session_budget *budget)
{
	struct texts *texts = mem_new(1, sizeof(*texts));

	if (texts != NULL) {
		texts->budget = budget;
		list_init(&texts->out);
	}
	return texts;
}

static void
free_outgoing(struct texts *texts, struct outgoing *outgoing)
{
	list_remove(&outgoing->node);
	texts->out_count--;
	mem_free(outgoing->bytes);
	mem_free(outgoing);
}

void
texts_free(struct texts *texts)
{
	struct list *node;

	if (texts == NULL) {
		return;
	}
	for (node = list_first(&texts->out); node != NULL;
	     node = list_first(&texts->out)) {
		free_outgoing(texts, list_entry(node, struct outgoing, node));
	}
	texts_drop(texts);
	mem_free(texts);
}

/* --- sending --------------------------------------------------------- */

uint32_t
texts_send(struct texts *texts, const char *text, size_t len)
{
	struct outgoing *outgoing;

	if (len == 0 || len > LIMITS_MESSAGE_MAX ||
	    texts->out_count >= LIMITS_MESSAGES_OPEN ||
	    texts->out_number == UINT32_MAX || !escape_is_utf8(text, len)) {
		return 0;
	}
	outgoing = mem_new(1, sizeof(*outgoing));
	if (outgoing == NULL) {
		return 0;
	}
	outgoing->bytes = mem_new(len, 1);
	if (outgoing->bytes == NULL) {
		mem_free(outgoing);
		return 0;
	}
	memcpy(outgoing->bytes, text, len);
	outgoing->len = len;
	/* A text that is never begun leaves its number unused. */
	outgoing->number = ++texts->out_number;
	list_push_back(&texts->out, &outgoing->node);
	texts->out_count++;
	return outgoing->number;
}

static struct outgoing *
find_outgoing(const struct texts *texts, uint32_t number)
{
	struct list *node = list_first(&texts->out);

	for (; node != NULL; node = list_after(&texts->out, node)) {
		struct outgoing *outgoing =
		    list_entry(node, struct outgoing, node);

		if (outgoing->number == number) {
			return outgoing;
		}
	}
	return NULL;
}

bool
texts_forget(struct texts *texts, uint32_t number)
{
	struct outgoing *outgoing = find_outgoing(texts, number);

	if (outgoing == NULL || outgoing->sent > 0) {
		return false;
	}
	free_outgoing(texts, outgoing);
	return true;
}

/* Return the first text that is not sent to its end, or NULL. */
static struct outgoing *
unsent(const struct texts *texts)
{
	struct list *node = list_first(&texts->out);

	for (; node != NULL; node = list_after(&texts->out, node)) {
		struct outgoing *outgoing =
		    list_entry(node, struct outgoing, node);

		if (outgoing->bytes != NULL) {
			return outgoing;
		}
	}
	return NULL;
}

size_t
texts_part_len(const struct texts *texts)
{
	const struct outgoing *outgoing = unsent(texts);
	size_t left;

	if (outgoing == NULL) {
		return 0;
	}
	left = outgoing->len - outgoing->sent;
	return TEXTS_HEAD_LEN + (left < PART_MAX ? left : PART_MAX);
}

void
texts_take_part(struct texts *texts, uint8_t *out)
{
	struct outgoing *outgoing = unsent(texts);
	const size_t len = texts_part_len(texts) - TEXTS_HEAD_LEN;
	struct wire_writer writer;

	if (outgoing == NULL) {
		return;
	}
	wire_write_to(&writer, out, TEXTS_HEAD_LEN + len);
	wire_put_u32(&writer, outgoing->number);
	wire_put_u32(&writer, (uint32_t)outgoing->len);
	wire_put_bytes(&writer, outgoing->bytes + outgoing->sent, len);
	outgoing->sent += len;
	if (outgoing->sent == outgoing->len) {
		mem_free(outgoing->bytes);
		outgoing->bytes = NULL;
	}
}

int
texts_receive_receipt(struct texts *texts, struct texts_receipt *out,
    const uint8_t *payload, size_t len)
{
	struct wire_reader reader;
	struct outgoing *outgoing;

	wire_read_from(&reader, payload, len);
	out->number = wire_get_u32(&reader);
	out->code = codes_from_number(wire_get_u16(&reader));
	wire_get_str8(&reader, out->text, sizeof(out->text));
	if (!wire_reader_done(&reader)) {
		return -1;
	}
	outgoing = find_outgoing(texts, out->number);
	if (outgoing == NULL || outgoing->bytes != NULL) {
		return -1;
	}
	free_outgoing(texts, outgoing);
	return 0;
}

/* --- receiving ------------------------------------------------------- */

static struct incoming *
find_incoming(struct texts *texts, uint32_t number)
{
	for (size_t i = 0; i < LIMITS_MESSAGES_OPEN; i++) {
		if (texts->in[i].number == number) {
			return &texts->in[i];
		}
	}
	return NULL;
}

/* Take memory for a text; without it what comes of it is passed over. */
static void
take_room(struct texts *texts)
{
	struct session_budget *budget = texts->budget;

	if (budget != NULL && budget->used + texts->total > budget->max) {
		return;
	}
	texts->bytes = mem_new(texts->total, 1);
	if (texts->bytes != NULL && budget != NULL) {
		budget->used += texts->total;
	}
}

void
texts_drop(struct texts *texts)
{
	if (texts->bytes != NULL && texts->budget != NULL) {
		texts->budget->used -= texts->total;
	}
	mem_free(texts->bytes);
	texts->bytes = NULL;
	texts->current = NULL;
}

/* Begin a text; 0, or -1 when the peer may not. */
static int
begin(struct texts *texts, uint32_t number, uint32_t total)
{
	struct incoming *place = find_incoming(texts, 0);

	if (number <= texts->in_number || total == 0 ||
	    total > LIMITS_MESSAGE_MAX || place == NULL) {
		return -1;
	}
	*place = (struct incoming){ .number = number };
	texts->in_number = number;
	texts->current = place;
	texts->total = total;
	texts->got = 0;
	take_room(texts);
	return 0;
}

/* The last part is there. */
static enum texts_result
complete(struct texts *texts)
{
	const uint32_t number = texts->current->number;

	if (texts->bytes == NULL) {
		texts_answer(texts, number, CODE_OVERLOADED, "");
	} else if (!escape_is_utf8(texts->bytes, texts->total)) {
		texts_answer(texts, number, CODE_BAD_REQUEST,
		    "a message is text in UTF-8");
	} else {
		return TEXTS_WHOLE;
	}
	texts_drop(texts);
	return TEXTS_MORE;
}

enum texts_result
texts_receive(struct texts *texts, const uint8_t *payload, size_t len)
{
	struct wire_reader reader;
	const uint8_t *part;
	uint32_t number;
	uint32_t total;
	size_t part_len;

	wire_read_from(&reader, payload, len);
	number = wire_get_u32(&reader);
	total = wire_get_u32(&reader);
	part = wire_get_rest(&reader, &part_len);
	if (!wire_reader_ok(&reader) || part_len == 0) {
		return TEXTS_BAD;
	}
	if (texts->current != NULL && texts->got == texts->total) {
		texts_drop(texts);
	}
	if (texts->current == NULL) {
		if (begin(texts, number, total) != 0) {
			return TEXTS_BAD;
		}
	}
	if (texts->current->number != number || texts->total != total ||
	    part_len > total - texts->got) {
		return TEXTS_BAD;
	}
	if (texts->bytes != NULL) {
		memcpy(texts->bytes + texts->got, part, part_len);
	}
	texts->got += part_len;
	return texts->got == total ? complete(texts) : TEXTS_MORE;
}

const char *
texts_whole(const struct texts *texts, size_t *len, uint32_t *number)
{
	*len = texts->total;
	*number = texts->current->number;
	return texts->bytes;
}

void
texts_answer(
    struct texts *texts, uint32_t number, enum code code, const char *text)
{
	struct incoming *incoming =
	    number != 0 ? find_incoming(texts, number) : NULL;

	if (incoming == NULL || incoming->answered) {
		return;
	}
	incoming->answered = true;
	incoming->receipt.code = code;
	(void)snprintf(
	    incoming->receipt.text, sizeof(incoming->receipt.text), "%s", text);
}

/* Return a text whose receipt can go, or NULL. */
static const struct incoming *
answered(const struct texts *texts)
{
	for (size_t i = 0; i < LIMITS_MESSAGES_OPEN; i++) {
		if (texts->in[i].answered) {
			return &texts->in[i];
		}
	}
	return NULL;
}

size_t
texts_receipt(const struct texts *texts, uint8_t out[TEXTS_RECEIPT_MAX])
{
	const struct incoming *incoming = answered(texts);
	struct wire_writer writer;

	if (incoming == NULL) {
		return 0;
	}
	wire_write_to(&writer, out, TEXTS_RECEIPT_MAX);
	wire_put_u32(&writer, incoming->number);
	wire_put_u16(&writer, (uint16_t)incoming->receipt.code);
	wire_put_str8(&writer, incoming->receipt.text);
	return wire_written(&writer);
}

void
texts_receipt_sent(struct texts *texts)
{
	const struct incoming *incoming = answered(texts);

	if (incoming != NULL) {
		texts->in[incoming - texts->in] =
		    (struct incoming){ .number = 0 };
	}
}
