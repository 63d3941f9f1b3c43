/* SPDX-License-Identifier: ISC */
/*
 * What is said of shares.  The first byte chooses: 's' a share string, 'b' the
 * body of one that is well typed, 'r' rights, 'o' an order and 'a' an answer of
 * "@agent", 'm' the payload of SHARE, 'd' that of SHARED.  What is taken is,
 * said again, the same.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/agentorder.h"
#include "protocol/armor.h"
#include "protocol/rights.h"
#include "protocol/sharemsg.h"
#include "protocol/sharestring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void
check_string(const char *text)
{
	struct share share;
	struct share back;
	char again[SHARESTRING_MAX];
	char why[SHARESTRING_WHY_LEN] = "";

	if (sharestring_decode(&share, text, why) != 0) {
		require(strlen(why) > 10);
		require(sodium_is_zero((const uint8_t *)&share, sizeof(share)));
		return;
	}
	require(rights_are_valid(share.caller.rights));
	require(sharestring_encode(&share, again) > 0);
	require(sharestring_decode(&back, again, why) == 0);
	require(memcmp(&share, &back, sizeof(share)) == 0);
}

/* Type the string whose body are the len bytes at data. */
static void
check_body(const uint8_t *data, size_t len)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789-_";
	char text[4096] = SHARESTRING_PREFIX;
	char *at = text + strlen(text);
	size_t total;

	if (len > 1200) {
		return;
	}
	sodium_bin2base64(
	    at + 2, 2048, data, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	len = 2 + strlen(at + 2);
	total = (size_t)(at - text) + len + armor_checks(len);
	at[0] = alphabet[total / 64];
	at[1] = alphabet[total % 64];
	armor_protect(at, len);
	text[total] = '\0';
	check_string(text);
}

static void
check_rights(const char *text)
{
	bool valid = rights_are_valid(text);

	(void)rights_have_port(text, 22);
	(void)rights_have_service(text, "web");
	require(!valid || strlen(text) <= KEYS_RIGHTS_MAX);
	require(!rights_are_all(text) || valid);
}

static void
check_order(const uint8_t *data, size_t len)
{
	struct agentorder order;
	uint8_t again[AGENTORDER_MAX];
	size_t used = 0;

	if (agentorder_decode(&order, data, len, &used) != WIRE_OK) {
		return;
	}
	require(used > 0 && used <= len && used <= AGENTORDER_MAX);
	if (order.verb != AGENTORDER_UNKNOWN) {
		require(agentorder_encode(&order, again) == used);
		require(memcmp(again, data, used) == 0);
	}
}

static void
check_answer(const uint8_t *data, size_t len)
{
	struct agentorder_answer answer;
	uint8_t again[AGENTORDER_ANSWER_MAX];
	size_t used = 0;

	if (agentorder_decode_answer(&answer, data, len, &used) == WIRE_OK) {
		require(used > 0 && used <= len);
		require(agentorder_encode_answer(&answer, again) == used);
	}
}

static void
check_share(const uint8_t *data, size_t len)
{
	struct sharemsg_share share;
	uint8_t again[SHAREMSG_MAX];

	if (sharemsg_share_decode(&share, data, len) == 0) {
		require(
		    sharemsg_share_encode(&share, again, sizeof(again)) == len);
		require(memcmp(again, data, len) == 0);
	}
}

static void
check_shared(const uint8_t *data, size_t len)
{
	struct sharemsg_shared shared;
	uint8_t again[SHAREMSG_MAX];

	if (sharemsg_shared_decode(&shared, data, len) == 0) {
		require(sharemsg_shared_encode(&shared, again, sizeof(again)) ==
			len);
	}
}

/* Check what is text, with a terminator. */
static void
check_text(char kind, const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);

	require(text != NULL);
	memcpy(text, data, len);
	text[len] = '\0';
	if (kind == 's') {
		check_string(text);
	} else {
		check_rights(text);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1) {
		return 0;
	}
	switch (data[0]) {
	case 's':
	case 'r':
		check_text((char)data[0], data + 1, len - 1);
		break;
	case 'b':
		check_body(data + 1, len - 1);
		break;
	case 'o':
		check_order(data + 1, len - 1);
		break;
	case 'a':
		check_answer(data + 1, len - 1);
		break;
	case 'm':
		check_share(data + 1, len - 1);
		break;
	case 'd':
		check_shared(data + 1, len - 1);
		break;
	default:
		break;
	}
	return 0;
}
