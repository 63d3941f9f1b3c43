/* SPDX-License-Identifier: ISC */
#include "common/wire.h"

#include <string.h>

void
wire_read_from(struct wire_reader *reader, const void *data, size_t len)
{
	/* A NULL plus zero is undefined in C, so no data has an end of NULL. */
	reader->pos = data;
	reader->end = data == NULL ? NULL : reader->pos + len;
	reader->bad = data == NULL && len > 0;
}

/* Return the next len bytes and step over them, or NULL and a bad reader. */
static const uint8_t *
take(struct wire_reader *reader, size_t len)
{
	const uint8_t *pos = reader->pos;

	if (reader->bad || (size_t)(reader->end - pos) < len) {
		reader->bad = true;
		return NULL;
	}
	if (len > 0) {
		reader->pos = pos + len;
	}
	return pos;
}

/* Return len bytes as one number, most significant first. */
static uint64_t
take_number(struct wire_reader *reader, size_t len)
{
	const uint8_t *bytes = take(reader, len);
	uint64_t value = 0;

	if (bytes == NULL) {
		return 0;
	}
	for (size_t i = 0; i < len; i++) {
		value = value << 8 | bytes[i];
	}
	return value;
}

uint8_t
wire_get_u8(struct wire_reader *reader)
{
	return (uint8_t)take_number(reader, 1);
}

uint16_t
wire_get_u16(struct wire_reader *reader)
{
	return (uint16_t)take_number(reader, 2);
}

uint32_t
wire_get_u32(struct wire_reader *reader)
{
	return (uint32_t)take_number(reader, 4);
}

uint64_t
wire_get_u64(struct wire_reader *reader)
{
	return take_number(reader, 8);
}

const uint8_t *
wire_get_bytes(struct wire_reader *reader, size_t len)
{
	return take(reader, len);
}

void
wire_get_copy(struct wire_reader *reader, void *out, size_t len)
{
	const uint8_t *bytes;

	if (len == 0) {
		return;
	}
	bytes = take(reader, len);
	if (bytes == NULL) {
		memset(out, 0, len);
	} else {
		memcpy(out, bytes, len);
	}
}

void
wire_get_str8(struct wire_reader *reader, char *out, size_t size)
{
	size_t len = wire_get_u8(reader);
	const uint8_t *bytes = take(reader, len);

	out[0] = '\0';
	if (reader->bad || len == 0) {
		return;
	}
	if (len >= size || memchr(bytes, '\0', len) != NULL) {
		reader->bad = true;
		return;
	}
	memcpy(out, bytes, len);
	out[len] = '\0';
}

const uint8_t *
wire_get_rest(struct wire_reader *reader, size_t *len)
{
	*len = wire_left(reader);
	return take(reader, *len);
}

void
wire_reader_fail(struct wire_reader *reader)
{
	reader->bad = true;
}

size_t
wire_left(const struct wire_reader *reader)
{
	return reader->bad ? 0 : (size_t)(reader->end - reader->pos);
}

bool
wire_reader_ok(const struct wire_reader *reader)
{
	return !reader->bad;
}

bool
wire_reader_done(const struct wire_reader *reader)
{
	return !reader->bad && reader->pos == reader->end;
}

void
wire_write_to(struct wire_writer *writer, void *data, size_t size)
{
	writer->start = data;
	writer->pos = data;
	writer->end = data == NULL ? NULL : writer->pos + size;
	writer->bad = data == NULL && size > 0;
}

/* Return room for len bytes and step over it, or NULL and a bad writer. */
static uint8_t *
give(struct wire_writer *writer, size_t len)
{
	uint8_t *pos = writer->pos;

	if (writer->bad || (size_t)(writer->end - pos) < len) {
		writer->bad = true;
		return NULL;
	}
	if (len > 0) {
		writer->pos = pos + len;
	}
	return pos;
}

/* Append the low len bytes of value, most significant first. */
static void
give_number(struct wire_writer *writer, uint64_t value, size_t len)
{
	uint8_t *bytes = give(writer, len);

	if (bytes == NULL) {
		return;
	}
	for (size_t i = len; i > 0; i--) {
		bytes[i - 1] = (uint8_t)value;
		value >>= 8;
	}
}

void
wire_put_u8(struct wire_writer *writer, uint8_t value)
{
	give_number(writer, value, 1);
}

void
wire_put_u16(struct wire_writer *writer, uint16_t value)
{
	give_number(writer, value, 2);
}

void
wire_put_u32(struct wire_writer *writer, uint32_t value)
{
	give_number(writer, value, 4);
}

void
wire_put_u64(struct wire_writer *writer, uint64_t value)
{
	give_number(writer, value, 8);
}

void
wire_put_bytes(struct wire_writer *writer, const void *data, size_t len)
{
	uint8_t *bytes = give(writer, len);

	if (bytes != NULL && len > 0) {
		memcpy(bytes, data, len);
	}
}

void
wire_put_str8(struct wire_writer *writer, const char *text)
{
	size_t len = strlen(text);

	if (len > UINT8_MAX) {
		writer->bad = true;
		return;
	}
	wire_put_u8(writer, (uint8_t)len);
	wire_put_bytes(writer, text, len);
}

void
wire_writer_fail(struct wire_writer *writer)
{
	writer->bad = true;
}

size_t
wire_written(const struct wire_writer *writer)
{
	return writer->bad ? 0 : (size_t)(writer->pos - writer->start);
}

bool
wire_writer_ok(const struct wire_writer *writer)
{
	return !writer->bad;
}
