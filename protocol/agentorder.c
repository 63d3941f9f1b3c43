/* SPDX-License-Identifier: ISC */
#include "protocol/agentorder.h"

#include <string.h>

/* Bytes of the length in front of a message. */
#define LENGTH_LEN 2

/*
 * Find the message at the beginning of len bytes at data, whose body has min to
 * max bytes; on WIRE_OK reader reads its body.
 */
static enum wire_result
frame(struct wire_reader *reader, const uint8_t *data, size_t len, size_t min,
    size_t max, size_t *used)
{
	size_t body;

	if (len < LENGTH_LEN) {
		return WIRE_NEED_MORE;
	}
	wire_read_from(reader, data, LENGTH_LEN);
	body = wire_get_u16(reader);
	if (body < min || body > max - LENGTH_LEN) {
		return WIRE_BAD;
	}
	if (len - LENGTH_LEN < body) {
		return WIRE_NEED_MORE;
	}
	wire_read_from(reader, data + LENGTH_LEN, body);
	*used = LENGTH_LEN + body;
	return WIRE_OK;
}

/* Put the length of what writer wrote to data in front; returns it all. */
static size_t
finish(const struct wire_writer *writer, uint8_t *data)
{
	size_t len = wire_written(writer);
	struct wire_writer head;

	wire_write_to(&head, data, LENGTH_LEN);
	wire_put_u16(&head, (uint16_t)(len - LENGTH_LEN));
	return len;
}

size_t
agentorder_encode(const struct agentorder *order, uint8_t out[AGENTORDER_MAX])
{
	struct wire_writer writer;

	wire_write_to(&writer, out, AGENTORDER_MAX);
	wire_put_u16(&writer, 0);
	wire_put_u8(&writer, (uint8_t)order->verb);
	wire_put_u64(&writer, order->share);
	wire_put_u64(&writer, order->expiry);
	return finish(&writer, out);
}

enum wire_result
agentorder_decode(
    struct agentorder *out, const uint8_t *data, size_t len, size_t *used)
{
	struct wire_reader reader;
	enum wire_result result =
	    frame(&reader, data, len, 1, AGENTORDER_MAX, used);

	memset(out, 0, sizeof(*out));
	if (result != WIRE_OK || wire_get_u8(&reader) != AGENTORDER_REVOKE) {
		return result;
	}
	out->verb = AGENTORDER_REVOKE;
	out->share = wire_get_u64(&reader);
	out->expiry = wire_get_u64(&reader);
	return wire_reader_done(&reader) && out->share != 0 ? WIRE_OK
							    : WIRE_BAD;
}

size_t
agentorder_encode_answer(
    const struct agentorder_answer *answer, uint8_t out[AGENTORDER_ANSWER_MAX])
{
	struct wire_writer writer;

	wire_write_to(&writer, out, AGENTORDER_ANSWER_MAX);
	wire_put_u16(&writer, 0);
	wire_put_u16(&writer, (uint16_t)answer->code);
	wire_put_str8(&writer, answer->text);
	return finish(&writer, out);
}

enum wire_result
agentorder_decode_answer(struct agentorder_answer *out, const uint8_t *data,
    size_t len, size_t *used)
{
	struct wire_reader reader;
	enum wire_result result =
	    frame(&reader, data, len, 3, AGENTORDER_ANSWER_MAX, used);

	memset(out, 0, sizeof(*out));
	if (result != WIRE_OK) {
		return result;
	}
	out->code = codes_from_number(wire_get_u16(&reader));
	wire_get_str8(&reader, out->text, sizeof(out->text));
	return wire_reader_done(&reader) ? WIRE_OK : WIRE_BAD;
}
