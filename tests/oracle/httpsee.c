/* SPDX-License-Identifier: ISC */
/*
 * httpsee: prints what httphead and httpbody see, for another parser to
 * compare.
 *
 * Standard input holds cases: a byte, 'q' for requests, 'h' for the response to
 * HEAD and 'r' for one to GET; the length in 4 bytes, big-endian; and that many
 * bytes, which a connection would carry.  Each gives one line of JSON, in which
 * a character stands for a byte: the messages in order and why it ended.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/httpbody.h"
#include "gateway/httphead.h"

static void
print_text(const uint8_t *text, size_t len)
{
	putchar('"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] >= 'a' && text[i] <= 'z') {
			putchar(text[i]);
		} else {
			printf("\\u%04x", text[i]);
		}
	}
	putchar('"');
}

/* Print why there is no more, as the end of an object. */
static void
print_end(const char *why)
{
	printf("\"end\":");
	print_text((const uint8_t *)why, strlen(why));
	putchar('}');
}

static void
print_span(const struct httphead *head, struct httphead_span span)
{
	print_text(httphead_at(head, span), span.len);
}

/* Print a message's head as the beginning of an object. */
static void
print_head(const struct httphead *head)
{
	/* A target is what lies between its ends; Host is none of it. */
	struct httphead_span target = head->path;

	if (head->form == HTTPHEAD_FORM_AUTHORITY) {
		target = head->authority;
	} else if (head->form == HTTPHEAD_FORM_ABSOLUTE) {
		target.at = head->authority.at;
		target.len = (uint16_t)(head->path.at + head->path.len -
					head->authority.at);
	}
	printf("{\"minor\":%u,\"status\":%u,\"method\":", head->minor,
	    head->status);
	print_span(head, head->method_text);
	printf(",\"target\":");
	print_span(head, target);
	printf(",\"fields\":[");
	for (size_t i = 0; i < head->field_count; i++) {
		printf(i > 0 ? "," : "");
		print_span(head, head->fields[i].name);
		putchar(',');
		print_span(head, head->fields[i].value);
	}
	putchar(']');
}

/*
 * Return true when nothing of HTTP follows a message with this head.  Behind an
 * interim response there is another one, whatever its fields say.
 */
static bool
is_last(const struct httphead *head)
{
	if (head->is_response) {
		return head->status >= 200 || head->status == 101;
	}
	return head->close || head->minor == 0 || head->upgrade ||
	       head->method == HTTPHEAD_METHOD_CONNECT;
}

/* Print one message; returns how many bytes it has, 0 when it was the last. */
static size_t
print_message(char kind, const uint8_t *data, size_t len)
{
	struct httphead head;
	struct httpbody body;
	enum wire_result result;
	size_t used = 0;

	httphead_init(&head, kind != 'q');
	result = httphead_parse(&head, data, len);
	if (result != WIRE_OK) {
		putchar('{');
		print_end(result == WIRE_BAD ? head.reason : "more");
		return 0;
	}
	if (kind == 'q') {
		httpbody_init_request(&body, &head);
	} else {
		httpbody_init_response(&body, &head,
		    kind == 'h' ? HTTPHEAD_METHOD_HEAD : HTTPHEAD_METHOD_GET);
	}
	print_head(&head);
	result = httpbody_feed(&body, data + head.len, len - head.len, &used);
	if (result == WIRE_BAD) {
		putchar(',');
		print_end(body.reason);
		return 0;
	}
	if (result == WIRE_NEED_MORE) {
		putchar(',');
		print_end(body.kind == HTTPBODY_CLOSE ? "close" : "more");
		return 0;
	}
	if (is_last(&head)) {
		putchar(',');
		print_end("last");
		return 0;
	}
	putchar('}');
	return head.len + used;
}

static void
print_case(char kind, const uint8_t *data, size_t len)
{
	size_t used;

	putchar('[');
	do {
		used = print_message(kind, data, len);
		data += used;
		len -= used;
		putchar(used > 0 ? ',' : ']');
	} while (used > 0);
	putchar('\n');
}

int
main(void)
{
	static uint8_t data[65536];
	uint8_t head[5];

	while (fread(head, 1, sizeof(head), stdin) == sizeof(head)) {
		size_t len = (size_t)head[1] << 24 | (size_t)head[2] << 16 |
			     (size_t)head[3] << 8 | head[4];

		if (len > sizeof(data) || fread(data, 1, len, stdin) != len) {
			return 1;
		}
		print_case((char)head[0], data, len);
	}
	return 0;
}
