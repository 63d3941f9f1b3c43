/* SPDX-License-Identifier: ISC */
/*
 * Join strings.  The first byte chooses: a string as it is, or one whose relays
 * (up to a line end) and body are given and which is well typed.  What is taken
 * becomes a string that means the same; of what is refused nothing is left.
 */
#include "protocol/joinstring.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/membership.h"
#include "tests/support/jointype.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void
check_taken(const struct membership *membership)
{
	struct membership back;
	struct joinstring_error error;
	char text[JOINSTRING_MAX];
	char again[JOINSTRING_MAX];
	size_t len = joinstring_encode(membership, text);

	require(len > 0 && len == strlen(text));
	require(joinstring_decode(&back, text, &error) == JOINSTRING_OK);
	require(joinstring_encode(&back, again) == len);
	require(strcmp(text, again) == 0);
}

static void
check(const char *text)
{
	struct membership membership;
	struct joinstring_error error;
	char sentence[JOINSTRING_EXPLAIN_LEN];
	enum joinstring_result result =
	    joinstring_decode(&membership, text, &error);

	joinstring_explain(result, &error, sentence);
	require(strlen(sentence) > 10);
	require(error.where <= error.length);
	if (result == JOINSTRING_OK) {
		check_taken(&membership);
	} else {
		require(sodium_is_zero(
		    (const uint8_t *)&membership, sizeof(membership)));
	}
}

/* Type what the len bytes at data say. */
static void
check_typed(const uint8_t *data, size_t len)
{
	const uint8_t *end = memchr(data, '\n', len);
	size_t relays_len = end != NULL ? (size_t)(end - data) : len;
	size_t body = end != NULL ? relays_len + 1 : len;
	char relays[JOINSTRING_MAX];
	char text[JOINSTRING_MAX];

	if (relays_len >= sizeof(relays)) {
		return;
	}
	memcpy(relays, data, relays_len);
	relays[relays_len] = '\0';
	if (jointype(text, sizeof(text), relays, data + body, len - body) > 0) {
		check(text);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text;

	if (len < 2) {
		return 0;
	}
	if (data[0] == 't') {
		check_typed(data + 1, len - 1);
		return 0;
	}
	text = malloc(len);
	require(text != NULL);
	memcpy(text, data + 1, len - 1);
	text[len - 1] = '\0';
	check(text);
	free(text);
	return 0;
}
