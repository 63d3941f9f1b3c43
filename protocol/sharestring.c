/* SPDX-License-Identifier: ISC */
#include "protocol/sharestring.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/wire.h"
#include "protocol/armor.h"
#include "protocol/rights.h"

#define PREFIX_LEN (sizeof(SHARESTRING_PREFIX) - 1)

#define BODY_MAX                                                               \
	(2 + MEMBERSHIP_ADDRESS_MAX + KEYS_LEN + 1 + NAME_USER_MAX + 1 +       \
	    NAME_HOST_MAX + KEYS_LEN + 4 + KEYS_CALLER_MAX + KEYS_LEN)
#define BODY_TEXT_MAX                                                          \
	sodium_base64_ENCODED_LEN(                                             \
	    BODY_MAX, sodium_base64_VARIANT_URLSAFE_NO_PADDING)

void
sharestring_wipe(struct share *share)
{
	mem_wipe(share, sizeof(*share));
}

/* --- the body ------------------------------------------------------------ */

/* Return true when share, whose names are valid, can be one. */
static bool
is_valid(const struct share *share)
{
	struct membership relay = { .relays = 0 };

	return membership_add_relay(
		   &relay, share->relay, strlen(share->relay)) == 0 &&
	       strcmp(relay.relay[0], share->relay) == 0 && share->epoch != 0 &&
	       share->caller.share != 0 &&
	       strcmp(share->caller.user, share->owner) != 0 &&
	       rights_are_valid(share->caller.rights);
}

/* Returns the length of the body of share, or 0 when share is not valid. */
static size_t
encode_body(const struct share *share, uint8_t out[BODY_MAX])
{
	struct wire_writer writer;

	wire_write_to(&writer, out, BODY_MAX);
	wire_put_u16(&writer, (uint16_t)strlen(share->relay));
	wire_put_bytes(&writer, share->relay, strlen(share->relay));
	wire_put_bytes(&writer, share->relay_public, KEYS_LEN);
	name_put(&writer, share->owner, name_check_user);
	name_put(&writer, share->host, name_check_host);
	wire_put_bytes(&writer, share->host_public, KEYS_LEN);
	wire_put_u32(&writer, share->epoch);
	keys_caller_encode(&share->caller, &writer);
	wire_put_bytes(&writer, share->psk, KEYS_LEN);
	return is_valid(share) ? wire_written(&writer) : 0;
}

/* Read the address of a relay: longer than a str8 can be. */
static void
get_relay(struct wire_reader *reader, char out[MEMBERSHIP_ADDRESS_MAX + 1])
{
	size_t len = wire_get_u16(reader);

	if (len > MEMBERSHIP_ADDRESS_MAX) {
		wire_reader_fail(reader);
		len = 0;
	}
	wire_get_copy(reader, out, len);
	out[len] = '\0';
	if (strlen(out) != len) {
		wire_reader_fail(reader);
	}
}

/* Returns 0, or -1 when the len bytes at in are no body. */
static int
decode_body(struct share *share, const uint8_t *in, size_t len)
{
	struct wire_reader reader;

	wire_read_from(&reader, in, len);
	get_relay(&reader, share->relay);
	wire_get_copy(&reader, share->relay_public, KEYS_LEN);
	name_get(&reader, share->owner, sizeof(share->owner), name_check_user);
	name_get(&reader, share->host, sizeof(share->host), name_check_host);
	wire_get_copy(&reader, share->host_public, KEYS_LEN);
	share->epoch = wire_get_u32(&reader);
	keys_caller_decode(&share->caller, &reader);
	wire_get_copy(&reader, share->psk, KEYS_LEN);
	return wire_reader_done(&reader) && is_valid(share) ? 0 : -1;
}

/* --- writing ------------------------------------------------------------- */

size_t
sharestring_encode(const struct share *share, char out[SHARESTRING_MAX])
{
	uint8_t body[BODY_MAX];
	size_t body_len = encode_body(share, body);
	char *text = out + PREFIX_LEN;
	size_t len;
	size_t total;

	_Static_assert(PREFIX_LEN + ARMOR_NUMBER_LEN + BODY_TEXT_MAX +
			       (size_t)2 * (BODY_TEXT_MAX / 61 + 2) <=
			   SHARESTRING_MAX,
	    "the longest share string fits");
	out[0] = '\0';
	if (body_len == 0) {
		mem_wipe(body, sizeof(body));
		return 0;
	}
	memcpy(out, SHARESTRING_PREFIX, PREFIX_LEN);
	sodium_bin2base64(text + ARMOR_NUMBER_LEN,
	    SHARESTRING_MAX - PREFIX_LEN - ARMOR_NUMBER_LEN, body, body_len,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	len = ARMOR_NUMBER_LEN + strlen(text + ARMOR_NUMBER_LEN);
	total = PREFIX_LEN + len + armor_checks(len);
	armor_put_number(text, total);
	armor_protect(text, len);
	out[total] = '\0';
	mem_wipe(body, sizeof(body));
	return total;
}

/* --- reading ------------------------------------------------------------- */

/*
 * Return true when the len characters at text are typed well; else say in why
 * what is wrong.
 */
static bool
is_sound(const char *text, size_t len, char why[SHARESTRING_WHY_LEN])
{
	size_t index = strcspn(text, ".:,");
	size_t stated = len < ARMOR_NUMBER_LEN ? 0 : armor_get_number(text);
	enum armor_result result = ARMOR_CHARACTER;

	if (index >= len) {
		result = armor_verify(text, len, &index);
	}
	if (result == ARMOR_OK && stated == PREFIX_LEN + len) {
		return true;
	}
	/* What is cut off or there twice can look like one wrong character. */
	if (result != ARMOR_CHARACTER && stated != PREFIX_LEN + len &&
	    !(result == ARMOR_TYPO && index < ARMOR_NUMBER_LEN)) {
		(void)snprintf(why, SHARESTRING_WHY_LEN,
		    "the share string has %zu characters, which is not all of "
		    "it or more",
		    PREFIX_LEN + len);
	} else if (result == ARMOR_GARBLED) {
		(void)snprintf(why, SHARESTRING_WHY_LEN,
		    "several characters of the share string look wrong, from "
		    "about character %zu on",
		    PREFIX_LEN + index + 1);
	} else {
		(void)snprintf(why, SHARESTRING_WHY_LEN,
		    "character %zu of the share string looks wrong",
		    PREFIX_LEN + index + 1);
	}
	return false;
}

/* Say why text, which does not begin as it should, is no share string. */
static void
explain_prefix(const char *text, char why[SHARESTRING_WHY_LEN])
{
	static const char name[] = "inroadshare";
	size_t digits;

	if (strncmp(text, name, sizeof(name) - 1) == 0) {
		text += sizeof(name) - 1;
		digits = strspn(text, "0123456789");
		if (digits > 0 && text[digits] == ':') {
			(void)snprintf(why, SHARESTRING_WHY_LEN,
			    "the share string is of another version of "
			    "inroad; update the older side");
			return;
		}
	}
	(void)snprintf(why, SHARESTRING_WHY_LEN,
	    "this is not a share string: it does not begin with "
	    "\"" SHARESTRING_PREFIX "\"");
}

/* Read the len characters at text, which are behind the prefix. */
static int
decode_text(struct share *share, const char *text, size_t len,
    char why[SHARESTRING_WHY_LEN])
{
	uint8_t body[BODY_MAX];
	size_t body_len = 0;
	size_t end;
	int result = -1;

	if (!is_sound(text, len, why)) {
		return -1;
	}
	end = armor_text_len(len);
	if (end > ARMOR_NUMBER_LEN &&
	    sodium_base642bin(body, sizeof(body), text + ARMOR_NUMBER_LEN,
		end - ARMOR_NUMBER_LEN, NULL, &body_len, NULL,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0) {
		result = decode_body(share, body, body_len);
	}
	mem_wipe(body, sizeof(body));
	if (result != 0) {
		(void)snprintf(why, SHARESTRING_WHY_LEN,
		    "the share string says nothing that this version "
		    "understands");
	}
	return result;
}

int
sharestring_decode(
    struct share *share, const char *text, char why[SHARESTRING_WHY_LEN])
{
	static const char blank[] = " \t\r\n";
	char copy[SHARESTRING_MAX];
	size_t len;
	int result = -1;

	memset(share, 0, sizeof(*share));
	text += strspn(text, blank);
	len = strlen(text);
	while (len > 0 && strchr(blank, text[len - 1]) != NULL) {
		len--;
	}
	if (strncmp(text, SHARESTRING_PREFIX, PREFIX_LEN) != 0) {
		explain_prefix(text, why);
	} else if (len >= sizeof(copy)) {
		(void)snprintf(why, SHARESTRING_WHY_LEN,
		    "the share string has %zu characters, which is too many",
		    len);
	} else {
		memcpy(copy, text + PREFIX_LEN, len - PREFIX_LEN);
		copy[len - PREFIX_LEN] = '\0';
		result = decode_text(share, copy, len - PREFIX_LEN, why);
		mem_wipe(copy, sizeof(copy));
	}
	if (result != 0) {
		sharestring_wipe(share);
	}
	return result;
}
