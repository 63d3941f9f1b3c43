/* SPDX-License-Identifier: ISC */
#include "gateway/dnsmessage.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "common/addr.h"
#include "common/wire.h"

#define HEADER_LEN 12
#define CLASS_INTERNET 1
#define LABEL_MAX 63

/* Of the second 16 bits of a header. */
#define FLAG_ANSWER 0x8000
#define FLAG_RECURSION 0x0100 /* asked for */
#define FLAG_RECURSES 0x0080  /* to be had */
#define FLAGS_OPCODE 0x7800   /* 0 for a question */

/* The name of the question, as each result refers to it. */
#define POINTER_TO_QUESTION (0xc000 | HEADER_LEN)

/* --- questions ----------------------------------------------------------- */

/* Append a label to the name of *len bytes at out; 0, or -1: nobody types it.
 */
static int
append_label(char out[LIMITS_NAME_LEN], size_t *len, const uint8_t *label,
    size_t label_len)
{
	if (*len + 1 + label_len >= LIMITS_NAME_LEN) {
		return -1;
	}
	if (*len > 0) {
		out[(*len)++] = '.';
	}
	for (size_t i = 0; i < label_len; i++) {
		if (label[i] <= ' ' || label[i] >= 0x7f || label[i] == '.') {
			return -1;
		}
		out[(*len)++] = (char)label[i];
	}
	out[*len] = '\0';
	return 0;
}

/*
 * Read a name, in which pointers are of no use here.  Returns 0, or -1 when it
 * is none; out is empty if nobody could type it.
 */
static int
read_name(struct wire_reader *reader, char out[LIMITS_NAME_LEN])
{
	size_t len = 0;
	uint8_t label_len = wire_get_u8(reader);
	bool odd = false;

	for (; label_len > 0; label_len = wire_get_u8(reader)) {
		const uint8_t *label = wire_get_bytes(reader, label_len);

		if (label == NULL || label_len > LABEL_MAX) {
			return -1;
		}
		odd = odd || append_label(out, &len, label, label_len) != 0;
	}
	if (odd) {
		out[0] = '\0';
	}
	return wire_reader_ok(reader) ? 0 : -1;
}

int
dnsmessage_decode(
    struct dnsmessage_question *out, const uint8_t *data, size_t len)
{
	struct wire_reader reader;
	uint16_t flags;
	uint16_t questions;
	uint16_t class;

	memset(out, 0, sizeof(*out));
	wire_read_from(&reader, data, len);
	out->id = wire_get_u16(&reader);
	flags = wire_get_u16(&reader);
	questions = wire_get_u16(&reader);
	(void)wire_get_bytes(&reader, HEADER_LEN - 6);
	if (!wire_reader_ok(&reader) || (flags & FLAG_ANSWER) != 0) {
		return -1;
	}
	out->recursion = (flags & FLAG_RECURSION) != 0;
	if ((flags & FLAGS_OPCODE) != 0) {
		return DNSMESSAGE_UNKNOWN;
	}
	if (questions != 1 || read_name(&reader, out->name) != 0) {
		return DNSMESSAGE_MALFORMED;
	}
	out->type = wire_get_u16(&reader);
	class = wire_get_u16(&reader);
	len = len - wire_left(&reader) - HEADER_LEN;
	if (!wire_reader_ok(&reader) || len > sizeof(out->wire)) {
		return DNSMESSAGE_MALFORMED;
	}
	memcpy(out->wire, data + HEADER_LEN, len);
	out->wire_len = len;
	return class == CLASS_INTERNET ? DNSMESSAGE_GOOD : DNSMESSAGE_REFUSED;
}

int
dnsmessage_reverse(const char *name, struct addr *out)
{
	static const char suffix[] = ".in-addr.arpa";
	size_t len = strlen(name);
	struct addr backwards;
	char text[ADDR_TEXT_LEN];
	uint8_t bytes[16];
	uint8_t turned[4];

	if (len < sizeof(suffix) || len - sizeof(suffix) + 1 >= sizeof(text) ||
	    strcasecmp(name + len - sizeof(suffix) + 1, suffix) != 0) {
		return -1;
	}
	(void)snprintf(
	    text, sizeof(text), "%.*s", (int)(len - sizeof(suffix) + 1), name);
	if (addr_from_ip(&backwards, text, 0) != 0 ||
	    addr_to_bytes(&backwards, bytes) != sizeof(turned)) {
		return -1;
	}
	for (size_t i = 0; i < sizeof(turned); i++) {
		turned[i] = bytes[sizeof(turned) - 1 - i];
	}
	return addr_from_bytes(out, turned, sizeof(turned), 0);
}

/* --- answers ------------------------------------------------------------- */

/* Begin an answer that holds so many results. */
static void
begin(struct wire_writer *writer, const struct dnsmessage_question *question,
    enum dnsmessage_code code, size_t results)
{
	wire_put_u16(writer, question->id);
	wire_put_u16(
	    writer, (uint16_t)(FLAG_ANSWER | FLAG_RECURSES |
			       (question->recursion ? FLAG_RECURSION : 0) |
			       (unsigned)code));
	wire_put_u16(writer, question->wire_len > 0);
	wire_put_u16(writer, (uint16_t)results);
	wire_put_u16(writer, 0);
	wire_put_u16(writer, 0);
	wire_put_bytes(writer, question->wire, question->wire_len);
}

/* Begin a result whose value has len bytes. */
static void
begin_result(struct wire_writer *writer,
    const struct dnsmessage_question *question, uint32_t ttl, size_t len)
{
	wire_put_u16(writer, POINTER_TO_QUESTION);
	wire_put_u16(writer, question->type);
	wire_put_u16(writer, CLASS_INTERNET);
	wire_put_u32(writer, ttl);
	wire_put_u16(writer, (uint16_t)len);
}

size_t
dnsmessage_refuse(const struct dnsmessage_question *question,
    enum dnsmessage_code code, uint8_t *out, size_t size)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	begin(&writer, question, code, 0);
	return wire_written(&writer);
}

/* Return whether addr is of the kind that question asks for. */
static bool
fits(const struct dnsmessage_question *question, const struct addr *addr)
{
	return addr_family(addr) ==
	       (question->type == DNSMESSAGE_A ? AF_INET : AF_INET6);
}

size_t
dnsmessage_addresses(const struct dnsmessage_question *question,
    const struct addr *addrs, size_t count, uint32_t ttl, uint8_t *out,
    size_t size)
{
	const size_t each = question->type == DNSMESSAGE_A ? 12 + 4 : 12 + 16;
	size_t room = size > HEADER_LEN + question->wire_len
			  ? (size - HEADER_LEN - question->wire_len) / each
			  : 0;
	size_t results = 0;
	struct wire_writer writer;
	uint8_t bytes[16];

	for (size_t i = 0; i < count; i++) {
		results += fits(question, &addrs[i]);
	}
	results = results < room ? results : room;
	wire_write_to(&writer, out, size);
	begin(&writer, question, DNSMESSAGE_GOOD, results);
	for (size_t i = 0; results > 0; i++) {
		if (fits(question, &addrs[i])) {
			size_t len = addr_to_bytes(&addrs[i], bytes);

			begin_result(&writer, question, ttl, len);
			wire_put_bytes(&writer, bytes, len);
			results--;
		}
	}
	return wire_written(&writer);
}

/* Write name as it is on the wire. */
static void
put_name(struct wire_writer *writer, const char *name)
{
	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		if (len == 0 || len > LABEL_MAX) {
			wire_writer_fail(writer);
			return;
		}
		wire_put_u8(writer, (uint8_t)len);
		wire_put_bytes(writer, name, len);
		name += len + (name[len] == '.');
	}
	wire_put_u8(writer, 0);
}

size_t
dnsmessage_pointer(const struct dnsmessage_question *question, const char *name,
    uint32_t ttl, uint8_t *out, size_t size)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	begin(&writer, question, DNSMESSAGE_GOOD, 1);
	/* A name on the wire is two bytes longer than its text. */
	begin_result(&writer, question, ttl, strlen(name) + 2);
	put_name(&writer, name);
	return wire_written(&writer);
}
