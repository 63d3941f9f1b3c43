/* SPDX-License-Identifier: ISC */
#include "gateway/httptarget.h"

#include <stdbool.h>
#include <string.h>

#include "gateway/httpchar.h"

/* Parse the port in the len bytes at text; 0 when it is none. */
static uint16_t
parse_port(const uint8_t *text, size_t len)
{
	unsigned port = 0;

	/* Five digits say all ports; more would be zeroes in front. */
	if (len == 0 || len > 5) {
		return 0;
	}
	for (size_t i = 0; i < len; i++) {
		if (!httpchar_is_digit(text[i])) {
			return 0;
		}
		port = port * 10 + (unsigned)(text[i] - '0');
	}
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/*
 * Return the length of the host with its brackets, or 0 when brackets do not
 * match.  What follows it, if anything, begins with a colon.
 */
static size_t
host_len(const uint8_t *text, size_t len)
{
	const uint8_t *end;
	size_t host;

	if (text[0] != '[') {
		end = memchr(text, ':', len);
		return end == NULL ? len : (size_t)(end - text);
	}
	end = memchr(text, ']', len);
	if (end == NULL) {
		return 0;
	}
	host = (size_t)(end - text) + 1;
	return host == len || text[host] == ':' ? host : 0;
}

/* Set *out to host, in brackets when it is IPv6; returns 0 or -1. */
static int
set_host(
    struct proxy_target *out, const uint8_t *host, size_t len, uint16_t port)
{
	struct proxy_target target;
	bool brackets = host[0] == '[';

	if (brackets) {
		host++;
		len -= 2;
	}
	if (proxytarget_set_host(&target, host, len, port) != 0 ||
	    brackets != (target.kind == PROXY_TARGET_IPV6)) {
		return -1;
	}
	*out = target;
	return 0;
}

const char *
httptarget_authority(const uint8_t *text, size_t len, uint16_t default_port,
    struct proxy_target *out)
{
	uint16_t port = default_port;
	size_t host;

	if (len == 0) {
		return "an empty host";
	}
	if (memchr(text, '@', len) != NULL) {
		return "a user name in the target";
	}
	host = host_len(text, len);
	if (host < len && host > 0) {
		port = parse_port(text + host + 1, len - host - 1);
		if (port == 0) {
			return "not a port";
		}
	}
	if (port == 0) {
		return "no port in the target";
	}
	if (host == 0 || set_host(out, text, host, port) != 0) {
		return "not a host name";
	}
	return NULL;
}

/* Return true when the len bytes at text begin with prefix, but for case. */
static bool
begins(const uint8_t *text, size_t len, const char *prefix)
{
	size_t prefix_len = strlen(prefix);

	return len >= prefix_len && httpchar_is(text, prefix_len, prefix);
}

const char *
httptarget_absolute(
    const uint8_t *text, size_t len, struct httptarget_absolute *out)
{
	size_t start = strlen("http://");
	size_t end = start;
	struct proxy_target target;
	const char *wrong;

	if (begins(text, len, "https://")) {
		return "an https:// target, which needs CONNECT";
	}
	if (!begins(text, len, "http://")) {
		return "a target that is neither a path nor http://";
	}
	while (end < len && text[end] != '/' && text[end] != '?' &&
	       text[end] != '#') {
		end++;
	}
	wrong = httptarget_authority(text + start, end - start, 80, &target);
	if (wrong == NULL) {
		wrong = httptarget_path(text + end, len - end);
	}
	if (wrong == NULL) {
		*out = (struct httptarget_absolute){ target, start, end - start,
			end };
	}
	return wrong;
}

const char *
httptarget_path(const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '#') {
			return "a fragment in the target";
		}
		if (text[i] <= 0x20 || text[i] == 0x7f) {
			return "a character in the target that may not be "
			       "there";
		}
	}
	return NULL;
}
