/* SPDX-License-Identifier: ISC */
#include "gateway/socks.h"

#include <string.h>

/* RFC 1928 section 5. */
#define ATYP_IPV4 1
#define ATYP_NAME 3
#define ATYP_IPV6 4

#define VERSION_4 4
#define VERSION_5 5
#define PASSWORD_VERSION 1

/* SOCKS4: request granted; rejected or failed. */
#define V4_GRANTED 90
#define V4_REJECTED 91

/* A SOCKS4 user id; nobody is known to send more than a login name. */
#define V4_USER_MAX 255

static size_t
position(const struct wire_reader *reader, const uint8_t *data)
{
	return (size_t)(reader->pos - data);
}

enum wire_result
socks_greeting_decode(
    const uint8_t *data, size_t len, struct socks_greeting *out, size_t *used)
{
	struct wire_reader reader;
	const uint8_t *methods;
	size_t count;

	wire_read_from(&reader, data, len);
	if (wire_get_u8(&reader) != VERSION_5 && wire_reader_ok(&reader)) {
		return WIRE_BAD;
	}
	count = wire_get_u8(&reader);
	methods = wire_get_bytes(&reader, count);
	if (!wire_reader_ok(&reader)) {
		return WIRE_NEED_MORE;
	}
	/* Not one method is as good as none that fits: it gets an answer. */
	*out = (struct socks_greeting){ false, false };
	for (size_t i = 0; i < count; i++) {
		out->none |= methods[i] == SOCKS_METHOD_NONE;
		out->password |= methods[i] == SOCKS_METHOD_PASSWORD;
	}
	*used = position(&reader, data);
	return WIRE_OK;
}

enum socks_method
socks_method_choose(const struct socks_greeting *greeting, bool needs_password)
{
	if (greeting->none && !needs_password) {
		return SOCKS_METHOD_NONE;
	}
	return greeting->password ? SOCKS_METHOD_PASSWORD
				  : SOCKS_METHOD_REFUSED;
}

size_t
socks_method_encode(enum socks_method method, uint8_t out[SOCKS_ANSWER_LEN])
{
	out[0] = VERSION_5;
	out[1] = (uint8_t)method;
	return SOCKS_ANSWER_LEN;
}

enum wire_result
socks_password_decode(
    const uint8_t *data, size_t len, struct socks_password *out, size_t *used)
{
	struct wire_reader reader;
	const uint8_t *user;
	const uint8_t *password;
	uint8_t user_len;
	uint8_t password_len;

	wire_read_from(&reader, data, len);
	if (wire_get_u8(&reader) != PASSWORD_VERSION &&
	    wire_reader_ok(&reader)) {
		return WIRE_BAD;
	}
	user_len = wire_get_u8(&reader);
	user = wire_get_bytes(&reader, user_len);
	password_len = wire_get_u8(&reader);
	password = wire_get_bytes(&reader, password_len);
	if (!wire_reader_ok(&reader)) {
		return WIRE_NEED_MORE;
	}
	memset(out, 0, sizeof(*out));
	out->user_len = user_len;
	out->password_len = password_len;
	memcpy(out->user, user, user_len);
	memcpy(out->password, password, password_len);
	*used = position(&reader, data);
	return WIRE_OK;
}

size_t
socks_password_encode(bool accepted, uint8_t out[SOCKS_ANSWER_LEN])
{
	out[0] = PASSWORD_VERSION;
	out[1] = accepted ? 0 : 1;
	return SOCKS_ANSWER_LEN;
}

static enum wire_result
refuse(struct socks_request *out, uint8_t rep, const char *reason)
{
	out->rep = rep;
	out->reason = reason;
	return WIRE_BAD;
}

/* Read a name after its length byte; what is wrong with it in *reason. */
static enum wire_result
read_name(
    struct wire_reader *reader, struct proxy_target *out, const char **reason)
{
	size_t len = wire_get_u8(reader);
	const uint8_t *name = wire_get_bytes(reader, len);
	uint16_t port = wire_get_u16(reader);

	if (!wire_reader_ok(reader)) {
		return WIRE_NEED_MORE;
	}
	if (len == 0 || proxytarget_set_host(out, name, len, port) != 0) {
		*reason = len == 0 ? "an empty name" : "not a host name";
		out->port = port;
		return WIRE_BAD;
	}
	return WIRE_OK;
}

/*
 * Read ATYP, address and port.  WIRE_BAD with the words in *reason, which is
 * NULL when the type is unknown.
 */
static enum wire_result
read_address(
    struct wire_reader *reader, struct proxy_target *out, const char **reason)
{
	uint8_t type = wire_get_u8(reader);
	size_t len = type == ATYP_IPV4 ? 4 : 16;
	const uint8_t *bytes;
	uint16_t port;

	*reason = NULL;
	if (!wire_reader_ok(reader)) {
		return WIRE_NEED_MORE;
	}
	if (type == ATYP_NAME) {
		return read_name(reader, out, reason);
	}
	if (type != ATYP_IPV4 && type != ATYP_IPV6) {
		return WIRE_BAD;
	}
	bytes = wire_get_bytes(reader, len);
	port = wire_get_u16(reader);
	if (!wire_reader_ok(reader)) {
		return WIRE_NEED_MORE;
	}
	proxytarget_set_address(out, bytes, len, port);
	return WIRE_OK;
}

/* Write ATYP, address and port; 0.0.0.0:0 when target is NULL. */
static void
put_address(struct wire_writer *writer, const struct proxy_target *target)
{
	static const struct proxy_target none = { .kind = PROXY_TARGET_IPV4 };

	target = target == NULL ? &none : target;
	switch (target->kind) {
	case PROXY_TARGET_NAME:
		wire_put_u8(writer, ATYP_NAME);
		wire_put_str8(writer, target->name);
		break;
	case PROXY_TARGET_IPV4:
		wire_put_u8(writer, ATYP_IPV4);
		wire_put_bytes(writer, target->addr, 4);
		break;
	case PROXY_TARGET_IPV6:
		wire_put_u8(writer, ATYP_IPV6);
		wire_put_bytes(writer, target->addr, 16);
		break;
	}
	wire_put_u16(writer, target->port);
}

static bool
is_command(uint8_t command)
{
	return command == SOCKS_COMMAND_CONNECT ||
	       command == SOCKS_COMMAND_BIND ||
	       command == SOCKS_COMMAND_UDP_ASSOCIATE ||
	       command == SOCKS_COMMAND_RESOLVE ||
	       command == SOCKS_COMMAND_RESOLVE_PTR;
}

/* Read version, command and the reserved byte of a SOCKS5 request. */
static enum wire_result
read_fixed(struct wire_reader *reader, struct socks_request *out)
{
	uint8_t command;

	if (wire_get_u8(reader) != VERSION_5 && wire_reader_ok(reader)) {
		return refuse(out, SOCKS_REP_GENERAL, "not version 5");
	}
	command = wire_get_u8(reader);
	if (wire_reader_ok(reader) && !is_command(command)) {
		return refuse(out, SOCKS_REP_COMMAND, "an unknown command");
	}
	/* The reserved byte is not looked at: it decides nothing. */
	wire_get_u8(reader);
	out->command = (enum socks_command)command;
	return wire_reader_ok(reader) ? WIRE_OK : WIRE_NEED_MORE;
}

enum wire_result
socks_request_decode(
    const uint8_t *data, size_t len, struct socks_request *out, size_t *used)
{
	static const uint8_t nowhere[4];
	struct wire_reader reader;
	enum wire_result result;
	const char *reason;

	memset(out, 0, sizeof(*out));
	wire_read_from(&reader, data, len);
	result = read_fixed(&reader, out);
	if (result != WIRE_OK) {
		return result;
	}
	result = read_address(&reader, &out->target, &reason);
	if (result == WIRE_BAD && reason != NULL &&
	    out->command == SOCKS_COMMAND_UDP_ASSOCIATE) {
		/* From where, not to where: PySocks says the name "0". */
		result = WIRE_OK;
		(void)proxytarget_set_address(
		    &out->target, nowhere, 4, out->target.port);
	}
	if (result == WIRE_BAD) {
		return reason == NULL ? refuse(out, SOCKS_REP_ADDRESS_TYPE,
					    "an unknown type of address")
				      : refuse(out, SOCKS_REP_GENERAL, reason);
	}
	if (result == WIRE_NEED_MORE) {
		return result;
	}
	if (out->command == SOCKS_COMMAND_CONNECT && out->target.port == 0) {
		return refuse(out, SOCKS_REP_GENERAL, "port 0");
	}
	*used = position(&reader, data);
	return WIRE_OK;
}

static size_t
encode_reply(
    uint8_t rep, const struct proxy_target *bound, uint8_t out[SOCKS_REPLY_MAX])
{
	struct wire_writer writer;

	wire_write_to(&writer, out, SOCKS_REPLY_MAX);
	wire_put_u8(&writer, VERSION_5);
	wire_put_u8(&writer, rep);
	wire_put_u8(&writer, 0);
	put_address(&writer, bound);
	return wire_written(&writer);
}

size_t
socks_reply_encode(enum code code, const struct proxy_target *bound,
    uint8_t out[SOCKS_REPLY_MAX])
{
	return encode_reply(codes_socks5(code), bound, out);
}

size_t
socks_refusal_encode(uint8_t rep, uint8_t out[SOCKS_REPLY_MAX])
{
	return encode_reply(rep, NULL, out);
}

/*
 * Take the bytes up to a NUL and the NUL, at most max before it.  Returns them
 * with their number in *len; NULL and WIRE_BAD or WIRE_NEED_MORE in *result.
 */
static const uint8_t *
take_terminated(struct wire_reader *reader, size_t max, size_t *len,
    enum wire_result *result)
{
	size_t left = wire_left(reader);
	size_t look = left > max ? max + 1 : left;
	const uint8_t *start = reader->pos;
	const uint8_t *nul;

	nul = look == 0 ? NULL : memchr(start, '\0', look);
	if (nul == NULL) {
		*result = left > max ? WIRE_BAD : WIRE_NEED_MORE;
		return NULL;
	}
	*len = (size_t)(nul - start);
	return wire_get_bytes(reader, *len + 1);
}

/* Read what follows the address of a SOCKS4 request, the name of 4a included,
 * into target, whose port is known. */
static enum wire_result
read_v4_strings(struct wire_reader *reader, bool named,
    struct proxy_target *target, const char **reason)
{
	enum wire_result result = WIRE_OK;
	const uint8_t *name;
	size_t len = 0;

	*reason = "a user id without an end";
	if (take_terminated(reader, V4_USER_MAX, &len, &result) == NULL) {
		return result;
	}
	if (!named) {
		return WIRE_OK;
	}
	*reason = "not a host name";
	name = take_terminated(reader, LIMITS_NAME_LEN - 1, &len, &result);
	if (name == NULL) {
		return result;
	}
	if (proxytarget_set_host(target, name, len, target->port) != 0) {
		return WIRE_BAD;
	}
	return WIRE_OK;
}

static bool
is_v4_command(uint8_t command)
{
	return is_command(command) && command != SOCKS_COMMAND_UDP_ASSOCIATE &&
	       command != SOCKS_COMMAND_RESOLVE_PTR;
}

/* Read the part of a SOCKS4 request that has a fixed length. */
static enum wire_result
read_v4_fixed(struct wire_reader *reader, struct socks_request *out)
{
	uint8_t command;
	uint8_t ip[4];
	uint16_t port;

	if (wire_get_u8(reader) != VERSION_4 && wire_reader_ok(reader)) {
		return refuse(out, SOCKS_REP_GENERAL, "not version 4");
	}
	command = wire_get_u8(reader);
	if (wire_reader_ok(reader) && !is_v4_command(command)) {
		return refuse(out, SOCKS_REP_COMMAND, "an unknown command");
	}
	port = wire_get_u16(reader);
	if (wire_reader_ok(reader) && port == 0 &&
	    command == SOCKS_COMMAND_CONNECT) {
		return refuse(out, SOCKS_REP_GENERAL, "port 0");
	}
	wire_get_copy(reader, ip, sizeof(ip));
	if (!wire_reader_ok(reader)) {
		return WIRE_NEED_MORE;
	}
	out->command = (enum socks_command)command;
	proxytarget_set_address(&out->target, ip, sizeof(ip), port);
	return WIRE_OK;
}

enum wire_result
socks_v4_request_decode(
    const uint8_t *data, size_t len, struct socks_request *out, size_t *used)
{
	struct wire_reader reader;
	enum wire_result result;
	const char *reason;
	const uint8_t *ip;
	bool named;

	memset(out, 0, sizeof(*out));
	wire_read_from(&reader, data, len);
	result = read_v4_fixed(&reader, out);
	if (result != WIRE_OK) {
		return result;
	}
	/* 4a: 0.0.0.x, where x is not 0, says that a name follows. */
	ip = out->target.addr;
	named = ip[0] == 0 && ip[1] == 0 && ip[2] == 0 && ip[3] != 0;
	result = read_v4_strings(&reader, named, &out->target, &reason);
	if (result == WIRE_BAD) {
		return refuse(out, SOCKS_REP_GENERAL, reason);
	}
	if (result == WIRE_OK) {
		*used = position(&reader, data);
	}
	return result;
}

size_t
socks_v4_reply_encode(enum code code, const struct proxy_target *bound,
    uint8_t out[SOCKS_V4_REPLY_LEN])
{
	struct wire_writer writer;
	static const uint8_t none[4];
	bool tell = bound != NULL && bound->kind == PROXY_TARGET_IPV4;

	wire_write_to(&writer, out, SOCKS_V4_REPLY_LEN);
	wire_put_u8(&writer, 0);
	wire_put_u8(&writer, code == CODE_OK ? V4_GRANTED : V4_REJECTED);
	wire_put_u16(&writer, tell ? bound->port : 0);
	wire_put_bytes(&writer, tell ? bound->addr : none, 4);
	return wire_written(&writer);
}

enum wire_result
socks_datagram_decode(
    const uint8_t *data, size_t len, struct proxy_target *out, size_t *used)
{
	struct wire_reader reader;
	struct proxy_target target;
	const char *reason;
	uint8_t fragment;

	wire_read_from(&reader, data, len);
	wire_get_u16(&reader);
	fragment = wire_get_u8(&reader);
	if (fragment != 0 ||
	    read_address(&reader, &target, &reason) != WIRE_OK ||
	    target.port == 0) {
		return WIRE_BAD;
	}
	*out = target;
	*used = position(&reader, data);
	return WIRE_OK;
}

size_t
socks_datagram_encode(
    const struct proxy_target *source, uint8_t out[SOCKS_REPLY_MAX])
{
	struct wire_writer writer;

	wire_write_to(&writer, out, SOCKS_REPLY_MAX);
	wire_put_u16(&writer, 0);
	wire_put_u8(&writer, 0);
	put_address(&writer, source);
	return wire_written(&writer);
}
