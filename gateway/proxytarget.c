/* SPDX-License-Identifier: ISC */
#include "gateway/proxytarget.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/addr.h"

/* A name without the trailing dot (RFC 1035 section 2.3.4). */
#define NAME_MAX_LEN 253
#define LABEL_MAX_LEN 63

_Static_assert(NAME_MAX_LEN < LIMITS_NAME_LEN, "a name and its terminator fit");
_Static_assert(INET6_ADDRSTRLEN <= LIMITS_NAME_LEN, "an address fits as well");

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Copy a byte of a name in lower case and return true if it may be in one. */
static bool
copy_byte(char *out, char c)
{
	if (c >= 'A' && c <= 'Z') {
		c = (char)(c - 'A' + 'a');
	}
	*out = c;
	return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_' ||
	       c == '.';
}

/* Return true when every label of name has 1 to 63 bytes. */
static bool
labels_fit(const char *name)
{
	const char *label = name;

	for (;;) {
		size_t len = strcspn(label, ".");

		if (len == 0 || len > LABEL_MAX_LEN) {
			return false;
		}
		if (label[len] == '\0') {
			return true;
		}
		label += len + 1;
	}
}

/* Return true when resolvers may take name, in lower case, for an address. */
static bool
ends_in_number(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *last = dot == NULL ? name : dot + 1;

	if (last[0] == '0' && last[1] == 'x') {
		return last[2 + strspn(last + 2, "0123456789abcdef")] == '\0';
	}
	return last[strspn(last, "0123456789")] == '\0';
}

/* Make name[] the name text in our form; returns 0 or -1. */
static int
normalise(char name[LIMITS_NAME_LEN], const char *text)
{
	size_t len = strlen(text);

	if (len > 0 && text[len - 1] == '.') {
		len--;
	}
	if (len > NAME_MAX_LEN) {
		return -1;
	}
	for (size_t i = 0; i < len; i++) {
		if (!copy_byte(&name[i], text[i])) {
			return -1;
		}
	}
	name[len] = '\0';
	return labels_fit(name) && !ends_in_number(name) ? 0 : -1;
}

int
proxytarget_set_host(
    struct proxy_target *out, const void *text, size_t len, uint16_t port)
{
	struct proxy_target target = { .port = port };
	char host[LIMITS_NAME_LEN];

	if (len == 0 || len >= sizeof(host) ||
	    memchr(text, '\0', len) != NULL) {
		return -1;
	}
	memcpy(host, text, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, target.addr) == 1) {
		target.kind = PROXY_TARGET_IPV4;
	} else if (inet_pton(AF_INET6, host, target.addr) == 1) {
		target.kind = PROXY_TARGET_IPV6;
	} else if (normalise(target.name, host) == 0) {
		target.kind = PROXY_TARGET_NAME;
	} else {
		return -1;
	}
	*out = target;
	return 0;
}

int
proxytarget_set_address(
    struct proxy_target *out, const void *bytes, size_t len, uint16_t port)
{
	struct proxy_target target = { .port = port };

	if (len == 4) {
		target.kind = PROXY_TARGET_IPV4;
	} else if (len == 16) {
		target.kind = PROXY_TARGET_IPV6;
	} else {
		return -1;
	}
	memcpy(target.addr, bytes, len);
	*out = target;
	return 0;
}

int
proxytarget_addr(const struct proxy_target *target, struct addr *out)
{
	if (target->kind == PROXY_TARGET_NAME) {
		return -1;
	}
	return addr_from_bytes(out, target->addr,
	    target->kind == PROXY_TARGET_IPV4 ? 4 : 16, target->port);
}

char *
proxytarget_host(
    const struct proxy_target *target, char out[PROXYTARGET_TEXT_LEN])
{
	out[0] = '\0';
	switch (target->kind) {
	case PROXY_TARGET_NAME:
		(void)snprintf(out, PROXYTARGET_TEXT_LEN, "%s", target->name);
		break;
	case PROXY_TARGET_IPV4:
		inet_ntop(AF_INET, target->addr, out, PROXYTARGET_TEXT_LEN);
		break;
	case PROXY_TARGET_IPV6:
		inet_ntop(AF_INET6, target->addr, out, PROXYTARGET_TEXT_LEN);
		break;
	}
	return out;
}

char *
proxytarget_format(
    const struct proxy_target *target, char out[PROXYTARGET_TEXT_LEN])
{
	char host[PROXYTARGET_TEXT_LEN];
	bool brackets = target->kind == PROXY_TARGET_IPV6;

	proxytarget_host(target, host);
	(void)snprintf(out, PROXYTARGET_TEXT_LEN, "%s%.*s%s:%u",
	    brackets ? "[" : "", LIMITS_NAME_LEN - 1, host, brackets ? "]" : "",
	    target->port);
	return out;
}
