/* SPDX-License-Identifier: ISC */
#include "protocol/joinstring.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/wire.h"
#include "protocol/armor.h"
#include "protocol/membership.h"

#define PREFIX_LEN (sizeof(JOINSTRING_PREFIX) - 1)

/* Longest of what stands in the body, and its base64url with terminator. */
#define BODY_MAX                                                               \
	(1 + KEYS_LEN + 1 + NAME_USER_MAX + 1 + NAME_HOST_MAX + 1 +            \
	    LINKHELLO_TOKEN_LEN + 1 + 4 + KEYS_LEN)
#define BODY_TEXT_MAX                                                          \
	sodium_base64_ENCODED_LEN(                                             \
	    BODY_MAX, sodium_base64_VARIANT_URLSAFE_NO_PADDING)

/* All that can stand in a join string, by value; then what stands for it. */
static const char alphabet[] = ARMOR_ALPHABET;
static const char signs[] = ".:,";

/*
 * A join string while it is read: what is behind the prefix, and where the
 * readable part in it ends.
 */
struct text {
	char at[JOINSTRING_MAX];
	size_t len;
	size_t body;     /* index behind the relays; 0 if their form is wrong */
	size_t break_at; /* then the index at which it is */
};

/* --- the body -------------------------------------------------------- */

static size_t
encode_body(const struct membership *membership, uint8_t out[BODY_MAX])
{
	size_t token_len = membership->has_token ? LINKHELLO_TOKEN_LEN : 0;
	struct wire_writer writer;

	wire_write_to(&writer, out, BODY_MAX);
	wire_put_u8(&writer, (uint8_t)membership->role);
	wire_put_bytes(&writer, membership->relay_public, KEYS_LEN);
	wire_put_str8(&writer, membership->user);
	wire_put_str8(&writer, membership->name);
	wire_put_u8(&writer, (uint8_t)token_len);
	wire_put_bytes(&writer, membership->token, token_len);
	wire_put_u8(&writer, (uint8_t)membership->key_kind);
	if (membership->key_kind != MEMBERSHIP_KEY_NONE) {
		wire_put_u32(&writer, membership->epoch);
		wire_put_bytes(&writer, membership->key, KEYS_LEN);
	}
	return wire_written(&writer);
}

static void
get_role(struct membership *membership, struct wire_reader *reader)
{
	uint8_t role = wire_get_u8(reader);

	if (role != LINKHELLO_GATEWAY && role != LINKHELLO_AGENT) {
		wire_reader_fail(reader);
		return;
	}
	membership->role = (enum linkhello_role)role;
}

static void
get_token(struct membership *membership, struct wire_reader *reader)
{
	uint8_t len = wire_get_u8(reader);

	if (len == LINKHELLO_TOKEN_LEN) {
		membership->has_token = true;
		wire_get_copy(reader, membership->token, len);
	} else if (len != 0) {
		wire_reader_fail(reader);
	}
}

static void
get_key(struct membership *membership, struct wire_reader *reader)
{
	uint8_t kind = wire_get_u8(reader);

	if (kind > MEMBERSHIP_KEY_HOST) {
		wire_reader_fail(reader);
		return;
	}
	membership->key_kind = (enum membership_key)kind;
	if (kind != MEMBERSHIP_KEY_NONE) {
		membership->epoch = wire_get_u32(reader);
		wire_get_copy(reader, membership->key, KEYS_LEN);
	}
}

/* Returns 0, or -1 when the len bytes at in are not a body. */
static int
decode_body(struct membership *membership, const uint8_t *in, size_t len)
{
	struct wire_reader reader;

	wire_read_from(&reader, in, len);
	get_role(membership, &reader);
	wire_get_copy(&reader, membership->relay_public, KEYS_LEN);
	wire_get_str8(&reader, membership->user, sizeof(membership->user));
	wire_get_str8(&reader, membership->name, sizeof(membership->name));
	get_token(membership, &reader);
	get_key(membership, &reader);
	return wire_reader_done(&reader) ? 0 : -1;
}

/* --- the readable part ----------------------------------------------- */

/* In "[v6]" these three are underscores in a join string, and back. */
static void
translate(char *address, const char *from, const char *to)
{
	char *port = strrchr(address, ':');

	for (char *c = address; c < port; c++) {
		const char *found = strchr(from, *c);

		if (found != NULL) {
			*c = to[found - from];
		}
	}
}

/* Append the relays, each with ',' or the closing ':' behind it. */
static size_t
encode_relays(const struct membership *membership, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < membership->relays; i++) {
		const char *relay = membership->relay[i];
		size_t relay_len = strlen(relay);

		memcpy(out + len, relay, relay_len + 1);
		if (relay[0] == '[') {
			translate(out + len, "[:]", "___");
		}
		len += relay_len;
		out[len++] = i + 1 < membership->relays ? ',' : ':';
	}
	return len;
}

/*
 * Read one relay of len characters at text: "_2001_db8__1_:7000" is
 * "[2001:db8::1]:7000".
 */
static int
decode_relay(struct membership *membership, const char *text, size_t len)
{
	char address[MEMBERSHIP_ADDRESS_MAX + 1];
	char *port;

	if (len >= sizeof(address)) {
		return -1;
	}
	memcpy(address, text, len);
	address[len] = '\0';
	port = strrchr(address, ':');
	if (address[0] == '_' && port != NULL && port - address > 2 &&
	    port[-1] == '_') {
		translate(address, "_", ":");
		address[0] = '[';
		port[-1] = ']';
	}
	return membership_add_relay(membership, address, len);
}

static int
decode_relays(struct membership *membership, const char *text, size_t len)
{
	while (len > 0) {
		const char *comma = memchr(text, ',', len);
		size_t relay_len = comma != NULL ? (size_t)(comma - text) : len;

		if (decode_relay(membership, text, relay_len) != 0) {
			return -1;
		}
		text += relay_len;
		len -= relay_len;
		if (len > 0) {
			text++;
			len--;
		}
	}
	return 0;
}

/*
 * Walk over "host:port", "," and so on up to the closing ':'.  Sets .body, or
 * .break_at to the first character that does not fit, which may be the end.
 */
static void
find_body(struct text *text)
{
	static const char host[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
	const char *at = text->at;
	size_t len;

	text->body = 0;
	for (;;) {
		len = strspn(at, host);
		at += len;
		if (len == 0 || *at != ':') {
			break;
		}
		at++;
		len = strspn(at, "0123456789");
		at += len;
		if (len == 0 || (*at != ',' && *at != ':')) {
			break;
		}
		at++;
		if (at[-1] == ':') {
			text->body = (size_t)(at - text->at);
			break;
		}
	}
	text->break_at = (size_t)(at - text->at);
}

/* --- finding mistakes ------------------------------------------------ */

/* Return the length that text says it should have, prefix included; or 0. */
static size_t
stated_length(const struct text *text)
{
	if (text->body == 0 || text->len < text->body + ARMOR_NUMBER_LEN) {
		return 0;
	}
	return armor_get_number(text->at + text->body);
}

/*
 * Return true when all is well with text but what its body says.  Else *index
 * is the character at fault.
 */
static bool
is_sound(struct text *text, size_t *index)
{
	find_body(text);
	if (text->body == 0) {
		*index = text->break_at;
		return false;
	}
	*index = text->body + strcspn(text->at + text->body, signs);
	return *index == text->len &&
	       stated_length(text) == PREFIX_LEN + text->len &&
	       armor_verify(text->at, text->len, index) == ARMOR_OK;
}

/*
 * Return true when one other character at index makes text sound: that it is
 * a typing mistake, and not a lack of characters that looks like one.
 */
static bool
is_typo(struct text *text, size_t index)
{
	char was = text->at[index];
	bool found = false;
	size_t ignored;

	for (size_t i = 0; i < sizeof(alphabet) - 1 && !found; i++) {
		text->at[index] = alphabet[i];
		found = is_sound(text, &ignored);
	}
	for (size_t i = 0; i < sizeof(signs) - 1 && !found; i++) {
		text->at[index] = signs[i];
		found = is_sound(text, &ignored);
	}
	text->at[index] = was;
	find_body(text);
	return found;
}

/* Find out what is wrong with text, which is not sound. */
static enum joinstring_result
diagnose(struct text *text, struct joinstring_error *error)
{
	size_t index = 0;
	enum armor_result result;
	bool ended;

	(void)is_sound(text, &index);
	result = armor_verify(text->at, text->len, &index);
	ended = text->body == 0 ? text->break_at == text->len
				: text->body + ARMOR_NUMBER_LEN > text->len;
	error->where = PREFIX_LEN + index + 1;
	if (result == ARMOR_CHARACTER ||
	    (index < text->len && is_typo(text, index))) {
		return JOINSTRING_TYPO;
	}
	error->expected = stated_length(text);
	if (result == ARMOR_LENGTH || result == ARMOR_OK || ended ||
	    (error->expected != 0 && error->expected != error->length)) {
		error->where = 0;
		return JOINSTRING_LENGTH;
	}
	error->expected = 0;
	return JOINSTRING_GARBLED;
}

/* --- the whole ------------------------------------------------------- */

size_t
joinstring_encode(const struct membership *membership, char *out)
{
	char *text = out + PREFIX_LEN;
	uint8_t body[BODY_MAX];
	char body_text[BODY_TEXT_MAX];
	size_t body_len;
	size_t len;
	size_t total;

	out[0] = '\0';
	if (membership_flaw(membership) != NULL) {
		return 0;
	}
	body_len = encode_body(membership, body);
	sodium_bin2base64(body_text, sizeof(body_text), body, body_len,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	body_len = strlen(body_text);
	memcpy(out, JOINSTRING_PREFIX, PREFIX_LEN + 1);
	len = encode_relays(membership, text);
	memcpy(text + len + ARMOR_NUMBER_LEN, body_text, body_len);
	total = len + ARMOR_NUMBER_LEN + body_len;
	total += armor_checks(total) + PREFIX_LEN;
	assert(total < JOINSTRING_MAX);
	armor_put_number(text + len, total);
	armor_protect(text, len + ARMOR_NUMBER_LEN + body_len);
	out[total] = '\0';
	mem_wipe(body, sizeof(body));
	mem_wipe(body_text, sizeof(body_text));
	return total;
}

/* Read what is typed well; returns NULL, or what is wrong with it. */
static const char *
decode(struct membership *membership, const struct text *text)
{
	size_t start = text->body + ARMOR_NUMBER_LEN;
	size_t end = armor_text_len(text->len);
	uint8_t body[BODY_MAX];
	size_t len = 0;
	const char *flaw = NULL;

	if (decode_relays(membership, text->at, text->body - 1) != 0) {
		return "has a relay address that is not valid";
	}
	if (end < start ||
	    sodium_base642bin(body, sizeof(body), text->at + start, end - start,
		NULL, &len, NULL,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    decode_body(membership, body, len) != 0) {
		flaw = "is not complete";
	}
	mem_wipe(body, sizeof(body));
	return flaw != NULL ? flaw : membership_flaw(membership);
}

/* Judge how text begins; JOINSTRING_OK when that is right. */
static enum joinstring_result
check_prefix(const char *text)
{
	static const char name[] = "inroad";
	const size_t name_len = sizeof(name) - 1;
	size_t digits;

	if (strncmp(text, JOINSTRING_PREFIX, PREFIX_LEN) == 0) {
		return JOINSTRING_OK;
	}
	if (strncmp(text, name, name_len) != 0) {
		return JOINSTRING_FOREIGN;
	}
	digits = strspn(text + name_len, "0123456789");
	return digits > 0 && text[name_len + digits] == ':'
		   ? JOINSTRING_VERSION
		   : JOINSTRING_FOREIGN;
}

/* Read what stands behind the prefix. */
static enum joinstring_result
decode_text(struct membership *membership, struct text *text,
    struct joinstring_error *error)
{
	size_t index;

	if (!is_sound(text, &index)) {
		return diagnose(text, error);
	}
	error->flaw = decode(membership, text);
	return error->flaw == NULL ? JOINSTRING_OK : JOINSTRING_INVALID;
}

enum joinstring_result
joinstring_decode(struct membership *membership, const char *text,
    struct joinstring_error *error)
{
	static const char blank[] = " \t\r\n";
	struct text behind;
	enum joinstring_result result;
	size_t len;

	memset(membership, 0, sizeof(*membership));
	memset(error, 0, sizeof(*error));
	text += strspn(text, blank);
	len = strlen(text);
	while (len > 0 && strchr(blank, text[len - 1]) != NULL) {
		len--;
	}
	error->length = len;
	result = check_prefix(text);
	if (result == JOINSTRING_OK && len >= JOINSTRING_MAX) {
		result = JOINSTRING_LENGTH;
	}
	if (result == JOINSTRING_OK) {
		behind.len = len - PREFIX_LEN;
		memcpy(behind.at, text + PREFIX_LEN, behind.len);
		behind.at[behind.len] = '\0';
		result = decode_text(membership, &behind, error);
		mem_wipe(&behind, sizeof(behind));
	}
	if (result != JOINSTRING_OK) {
		membership_wipe(membership);
	}
	return result;
}

/* A sentence about a length that is wrong. */
static void
explain_length(const struct joinstring_error *error, char *out)
{
	const char *hint = error->length < error->expected
			       ? "is a part of it missing?"
			       : "is there something twice?";

	if (error->expected == 0) {
		(void)snprintf(out, JOINSTRING_EXPLAIN_LEN,
		    "the join string cannot be whole with %zu characters",
		    error->length);
	} else {
		(void)snprintf(out, JOINSTRING_EXPLAIN_LEN,
		    "the join string has %zu characters instead of %zu: %s",
		    error->length, error->expected, hint);
	}
}

char *
joinstring_explain(enum joinstring_result result,
    const struct joinstring_error *error, char out[JOINSTRING_EXPLAIN_LEN])
{
	const size_t size = JOINSTRING_EXPLAIN_LEN;

	switch (result) {
	case JOINSTRING_OK:
		(void)snprintf(out, size, "the join string is good");
		break;
	case JOINSTRING_FOREIGN:
		(void)snprintf(out, size,
		    "this is not a join string: it does not begin with "
		    "\"" JOINSTRING_PREFIX "\"");
		break;
	case JOINSTRING_VERSION:
		(void)snprintf(out, size,
		    "the join string is of another version of inroad; update "
		    "the older side");
		break;
	case JOINSTRING_TYPO:
		(void)snprintf(out, size,
		    "character %zu of the join string looks wrong",
		    error->where);
		break;
	case JOINSTRING_GARBLED:
		(void)snprintf(out, size,
		    "several characters of the join string look wrong, from "
		    "about character %zu on",
		    error->where);
		break;
	case JOINSTRING_LENGTH:
		explain_length(error, out);
		break;
	case JOINSTRING_INVALID:
		(void)snprintf(out, size, "the join string %s", error->flaw);
		break;
	}
	return out;
}
