/* SPDX-License-Identifier: ISC */
/*
 * wire: cursors over bytes that somebody else chose.
 *
 * A reader and a writer walk a caller's memory and never leave it.  The first
 * access that does not fit makes the cursor bad; from then on every operation
 * does nothing and yields zeroes, so a codec is a straight list of calls
 * followed by one check.  All integers are big-endian.
 *
 * Both cursors are values on the caller's stack.  They own nothing: pointers
 * that a reader hands out live as long as the memory it was given.
 */
#ifndef INROAD_COMMON_WIRE_H
#define INROAD_COMMON_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What every incremental decoder of this program answers. */
enum wire_result {
	WIRE_OK,        /* a whole unit was decoded */
	WIRE_NEED_MORE, /* what is there is valid so far, but not whole */
	WIRE_BAD,       /* what is there can never become valid */
};

/* A reader.  Fields belong to this module. */
struct wire_reader {
	const uint8_t *pos;
	const uint8_t *end;
	bool bad;
};

/* A writer.  Fields belong to this module. */
struct wire_writer {
	uint8_t *start;
	uint8_t *pos;
	uint8_t *end;
	bool bad;
};

/* Let reader read the len bytes at data; data may be NULL when len is 0. */
void wire_read_from(struct wire_reader *reader, const void *data, size_t len);

/* Return the next 8, 16, 32 or 64 bits, or 0 and a bad reader. */
uint8_t wire_get_u8(struct wire_reader *reader);
/* As wire_get_u8, 16 bits. */
uint16_t wire_get_u16(struct wire_reader *reader);
/* As wire_get_u8, 32 bits. */
uint32_t wire_get_u32(struct wire_reader *reader);
/* As wire_get_u8, 64 bits. */
uint64_t wire_get_u64(struct wire_reader *reader);

/* Return a pointer to the next len bytes in place, or NULL and a bad reader. */
const uint8_t *wire_get_bytes(struct wire_reader *reader, size_t len);

/* Copy the next len bytes to out; a bad reader zeroes out instead. */
void wire_get_copy(struct wire_reader *reader, void *out, size_t len);

/*
 * Read a string with a length byte in front into out, which holds size bytes
 * and is always terminated.  A string that does not fit, or that holds a NUL,
 * makes the reader bad and out empty.
 */
void wire_get_str8(struct wire_reader *reader, char *out, size_t size);

/* Return all that is left in place and its length in *len; reader is at end. */
const uint8_t *wire_get_rest(struct wire_reader *reader, size_t *len);

/* Make reader bad: what it gave was not valid to the caller. */
void wire_reader_fail(struct wire_reader *reader);

/* Return how many bytes are left; 0 when reader is bad. */
size_t wire_left(const struct wire_reader *reader);

/* Return true when nothing went wrong so far. */
bool wire_reader_ok(const struct wire_reader *reader);

/* Return true when nothing went wrong and every byte was read. */
bool wire_reader_done(const struct wire_reader *reader);

/* Let writer write to the size bytes at data. */
void wire_write_to(struct wire_writer *writer, void *data, size_t size);

/* Append value as 8, 16, 32 or 64 bits. */
void wire_put_u8(struct wire_writer *writer, uint8_t value);
/* As wire_put_u8, 16 bits. */
void wire_put_u16(struct wire_writer *writer, uint16_t value);
/* As wire_put_u8, 32 bits. */
void wire_put_u32(struct wire_writer *writer, uint32_t value);
/* As wire_put_u8, 64 bits. */
void wire_put_u64(struct wire_writer *writer, uint64_t value);

/* Append the len bytes at data; data may be NULL when len is 0. */
void wire_put_bytes(struct wire_writer *writer, const void *data, size_t len);

/* Append text with a length byte in front; over 255 bytes is bad. */
void wire_put_str8(struct wire_writer *writer, const char *text);

/* Make writer bad: what is to be written is not valid. */
void wire_writer_fail(struct wire_writer *writer);

/* Return how many bytes were written, or 0 when something did not fit. */
size_t wire_written(const struct wire_writer *writer);

/* Return true when everything fitted. */
bool wire_writer_ok(const struct wire_writer *writer);

#endif
