/* SPDX-License-Identifier: ISC */
#include "gateway/httpcheck.h"

#include "gateway/httpchar.h"
#include "gateway/httptarget.h"

/* A Content-Length stays below 2^63, so that sums with it do not overflow. */
#define LENGTH_MAX (UINT64_MAX / 2)

/* Find the only field with that id in *field; false when there are more. */
static bool
find_only(const struct httphead *head, enum httphead_id id,
    const struct httphead_field **field)
{
	*field = httphead_find(head, id, NULL);
	return *field == NULL || httphead_find(head, id, *field) == NULL;
}

/* Read the len digits at text into *length. */
static const char *
parse_length(const uint8_t *text, size_t len, uint64_t *length)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		uint64_t digit;

		if (!httpchar_is_digit(text[i])) {
			return "a Content-Length that is not a number";
		}
		digit = (uint64_t)text[i] - '0';
		if (value > (LENGTH_MAX - digit) / 10) {
			return "a Content-Length that is too large";
		}
		value = value * 10 + digit;
	}
	*length = value;
	return len == 0 ? "an empty Content-Length" : NULL;
}

static const char *
check_length(struct httphead *head)
{
	const struct httphead_field *field;

	/* Equal ones too: no honest sender repeats it. */
	if (!find_only(head, HTTPHEAD_CONTENT_LENGTH, &field)) {
		return "two Content-Length fields";
	}
	if (field == NULL) {
		return NULL;
	}
	head->has_length = true;
	return parse_length(
	    httphead_at(head, field->value), field->value.len, &head->length);
}

static const char *
check_encoding(struct httphead *head)
{
	const struct httphead_field *field;

	if (!find_only(head, HTTPHEAD_TRANSFER_ENCODING, &field)) {
		return "two Transfer-Encoding fields";
	}
	if (field == NULL) {
		return NULL;
	}
	if (head->minor == 0) {
		return "Transfer-Encoding in HTTP/1.0";
	}
	if (head->has_length) {
		return "both Content-Length and Transfer-Encoding";
	}
	/*
	 * Other codings are legal before a last "chunked", but nobody sends
	 * them, and each way to misspell this is a known way to smuggle.
	 */
	if (!httpchar_is(
		httphead_at(head, field->value), field->value.len, "chunked")) {
		return "a Transfer-Encoding that is not \"chunked\"";
	}
	head->chunked = true;
	return NULL;
}

/* Look at one option of a Connection field. */
static const char *
check_option(struct httphead *head, const uint8_t *option, size_t len)
{
	enum httphead_id id = httphead_identify(option, len);

	/* Who obeyed these would remove what says where the body ends. */
	if (id == HTTPHEAD_CONTENT_LENGTH || id == HTTPHEAD_TRANSFER_ENCODING ||
	    id == HTTPHEAD_HOST) {
		return "a Connection field that names framing";
	}
	head->close |= httpchar_is(option, len, "close");
	head->keep_alive |= id == HTTPHEAD_KEEP_ALIVE;
	head->upgrade |= id == HTTPHEAD_UPGRADE && head->minor > 0 &&
			 httphead_find(head, HTTPHEAD_UPGRADE, NULL) != NULL;
	return NULL;
}

static const char *
check_connection(struct httphead *head)
{
	struct httphead_cursor cursor = { NULL, 0 };
	const char *wrong = NULL;
	unsigned count = 0;
	size_t len;
	const uint8_t *option = httphead_next_option(head, &cursor, &len);

	while (option != NULL && wrong == NULL) {
		count++;
		wrong = count > HTTPHEAD_OPTIONS_MAX
			    ? "more than 32 Connection options"
			    : check_option(head, option, len);
		option = httphead_next_option(head, &cursor, &len);
	}
	return wrong;
}

/* Check Host and, where the target does not say, take the host from it. */
static const char *
check_host(struct httphead *head)
{
	const struct httphead_field *field;
	struct proxy_target host;

	if (!find_only(head, HTTPHEAD_HOST, &field)) {
		return "two Host fields";
	}
	if (field == NULL) {
		return head->has_target || head->minor == 0 ? NULL
							    : "no Host field";
	}
	if (field->value.len == 0 && head->has_target) {
		return NULL;
	}
	if (httptarget_authority(httphead_at(head, field->value),
		field->value.len, 80, &host) != NULL) {
		return "a Host field that names no host";
	}
	if (!head->has_target) {
		head->has_target = true;
		head->target = host;
		head->authority = field->value;
	}
	return NULL;
}

/*
 * CONNECT has no body (RFC 9110 section 9.3.6).  A length of 0 is what some
 * clients say to that effect; anything else could be read in two ways.
 */
static const char *
check_connect(const struct httphead *head)
{
	if (head->method == HTTPHEAD_METHOD_CONNECT &&
	    (head->chunked || head->length > 0)) {
		return "a body in CONNECT";
	}
	return NULL;
}

const char *
httpcheck_fields(struct httphead *head)
{
	const char *wrong = check_length(head);

	if (wrong == NULL) {
		wrong = check_encoding(head);
	}
	if (wrong == NULL) {
		wrong = check_connection(head);
	}
	if (wrong == NULL && !head->is_response) {
		wrong = check_host(head);
	}
	if (wrong == NULL && !head->is_response) {
		wrong = check_connect(head);
	}
	return wrong;
}
