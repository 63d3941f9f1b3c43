/* SPDX-License-Identifier: ISC */
#include "protocol/record.h"

#include <string.h>

#include "common/wire.h"

/* Bits of the senders and stream columns of records.def. */
#define O (1U << RECORD_FROM_OPENER)
#define P (1U << RECORD_FROM_ACCEPTOR)
#define ZERO false
#define SOME true

struct record_row {
	enum record_type type;
	const char *name;
	unsigned senders;
	bool has_stream;
	size_t min;
	size_t max;
};

static const struct record_row rows[] = {
#define RECORD(code, name, senders, stream, min, max)                          \
	{ RECORD_##name, #name, senders, stream, min, max },
#include "protocol/records.def"
#undef RECORD
};

static const struct record_row *
row_of(unsigned type)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((unsigned)rows[i].type == type) {
			return &rows[i];
		}
	}
	return NULL;
}

const char *
record_name(enum record_type type)
{
	const struct record_row *row = row_of((unsigned)type);

	return row != NULL ? row->name : "unknown";
}

void
record_head_encode(const struct record_head *head, uint8_t *out)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, LIMITS_RECORD_HEAD_LEN);
	wire_put_u8(&writer, (uint8_t)head->type);
	wire_put_u8(&writer, head->flags);
	wire_put_u16(&writer, 0);
	wire_put_u32(&writer, head->stream);
}

int
record_head_decode(struct record_head *head, enum record_sender sender,
    const uint8_t *in, size_t len)
{
	struct wire_reader reader;
	const struct record_row *row;
	size_t payload;

	wire_read_from(&reader, in, len);
	row = row_of(wire_get_u8(&reader));
	head->flags = wire_get_u8(&reader);
	/* Reserved bits mean nothing yet and may be set by later versions. */
	wire_get_u16(&reader);
	head->stream = wire_get_u32(&reader);
	payload = wire_left(&reader);
	if (!wire_reader_ok(&reader) || row == NULL) {
		return -1;
	}
	head->type = row->type;
	if ((row->senders & (1U << sender)) == 0 ||
	    row->has_stream != (head->stream != 0) || payload < row->min ||
	    payload > row->max) {
		return -1;
	}
	return 0;
}

size_t
record_open_encode(const struct record_open *open, uint8_t *out, size_t size)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	wire_put_u8(&writer, (uint8_t)open->target.protocol);
	wire_put_u32(&writer, open->window);
	wire_put_str8(&writer, open->target.name);
	wire_put_u16(&writer, open->target.port);
	return wire_written(&writer);
}

int
record_open_decode(struct record_open *out, const uint8_t *payload, size_t len)
{
	struct wire_reader reader;
	uint8_t protocol;

	wire_read_from(&reader, payload, len);
	protocol = wire_get_u8(&reader);
	out->window = wire_get_u32(&reader);
	wire_get_str8(&reader, out->target.name, sizeof(out->target.name));
	out->target.port = wire_get_u16(&reader);
	if (!wire_reader_done(&reader) || out->window < LIMITS_WINDOW_MIN) {
		return -1;
	}
	if (protocol != STREAM_TCP && protocol != STREAM_UDP) {
		return -1;
	}
	out->target.protocol = (enum stream_protocol)protocol;
	return 0;
}

size_t
record_opened_encode(
    const struct record_opened *opened, uint8_t *out, size_t size)
{
	const struct stream_opened *o = &opened->opened;
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	wire_put_u16(&writer, (uint16_t)o->code);
	wire_put_u16(&writer, (uint16_t)o->error);
	wire_put_u32(&writer, opened->window);
	wire_put_u8(&writer, o->address_len);
	wire_put_bytes(&writer, o->address, o->address_len);
	wire_put_u16(&writer, o->port);
	wire_put_str8(&writer, o->text);
	return wire_written(&writer);
}

int
record_opened_decode(
    struct record_opened *out, const uint8_t *payload, size_t len)
{
	struct stream_opened *o = &out->opened;
	struct wire_reader reader;

	memset(out, 0, sizeof(*out));
	wire_read_from(&reader, payload, len);
	o->code = codes_from_number(wire_get_u16(&reader));
	o->error = wire_get_u16(&reader);
	out->window = wire_get_u32(&reader);
	o->address_len = wire_get_u8(&reader);
	if (o->address_len != 0 && o->address_len != 4 &&
	    o->address_len != sizeof(o->address)) {
		return -1;
	}
	wire_get_copy(&reader, o->address, o->address_len);
	o->port = wire_get_u16(&reader);
	wire_get_str8(&reader, o->text, sizeof(o->text));
	if (!wire_reader_done(&reader)) {
		return -1;
	}
	if (o->code == CODE_OK && out->window < LIMITS_WINDOW_MIN) {
		return -1;
	}
	return 0;
}
