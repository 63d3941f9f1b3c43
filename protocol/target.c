/* SPDX-License-Identifier: ISC */
#include "protocol/target.h"

#include <string.h>

#include "common/addr.h"

#define PORT_DIGITS 5

/* --- parts of names -------------------------------------------------- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Return true when text is an address of family. */
static bool
is_address(const char *text, int family)
{
	struct addr addr;

	return addr_from_ip(&addr, text, 0) == 0 &&
	       addr_family(&addr) == family;
}

bool
target_is_ipv4(const char *text)
{
	return is_address(text, AF_INET);
}

static bool
is_ipv6(const char *text)
{
	return is_address(text, AF_INET6);
}

/* Return the last label of name, which has at least one. */
static const char *
last_label(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL ? dot + 1 : name;
}

/*
 * Return true when a browser or a resolver would take a name with this last
 * label for an IPv4 address, in one of the forms of inet_aton(3) too.
 */
static bool
looks_numeric(const char *label)
{
	if (label[0] == '0' && label[1] == 'x') {
		return true;
	}
	while (is_digit(*label)) {
		label++;
	}
	return *label == '\0';
}

/* Return true when name, in lower case, is labels with dots between them. */
static bool
has_labels(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t len = strspn(name, allowed);

	while (len > 0 && len <= NAME_HOST_MAX && name[len] == '.') {
		name += len + 1;
		len = strspn(name, allowed);
	}
	return len > 0 && len <= NAME_HOST_MAX && name[len] == '\0';
}

/*
 * Return the length of name without "." and suffix behind it, or 0 when it
 * does not end so or nothing stands in front.
 */
static size_t
without_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name);
	size_t suffix_len = suffix != NULL ? strlen(suffix) : 0;

	if (suffix_len == 0 || len < suffix_len + 2 ||
	    name[len - suffix_len - 1] != '.' ||
	    strcmp(name + len - suffix_len, suffix) != 0) {
		return 0;
	}
	return len - suffix_len - 1;
}

/* --- whose ----------------------------------------------------------- */

static enum target_kind
foreign_address(struct target *target)
{
	target->is_address = true;
	return TARGET_FOREIGN;
}

/* The name is ours: keep the len characters in front of its host as the rest.
 */
static enum target_kind
ours(struct target *target, size_t len)
{
	memcpy(target->rest, target->name, len);
	target->rest[len] = '\0';
	if (len > 0 && looks_numeric(last_label(target->rest))) {
		target->rest_is_address = true;
		return target_is_ipv4(target->rest) ? TARGET_OURS
						    : TARGET_INVALID;
	}
	return TARGET_OURS;
}

static bool
is_ours(const struct target_space *space, const char *label)
{
	return strcmp(label, TARGET_RELAY) == 0 ||
	       space->is_host(space->arg, label);
}

/* Decide about .name, which consists of labels and is no address. */
static enum target_kind
decide(struct target *target, const struct target_space *space)
{
	char inner[sizeof(target->name)];
	size_t inner_len = without_suffix(target->name, space->suffix);
	bool under_suffix = inner_len > 0;
	const char *label;

	if (!under_suffix) {
		inner_len = strlen(target->name);
	}
	memcpy(inner, target->name, inner_len);
	inner[inner_len] = '\0';
	label = last_label(inner);
	memcpy(target->host, label, strlen(label) + 1);
	if (is_ours(space, label)) {
		return ours(
		    target, label == inner ? 0 : (size_t)(label - inner) - 1);
	}
	if (under_suffix) {
		return TARGET_FOREIGN;
	}
	/* Loopback to every resolver (RFC 6761 section 6.3): never a query. */
	if (label == inner && strcmp(label, "localhost") != 0) {
		return TARGET_UNKNOWN;
	}
	target->host[0] = '\0';
	return TARGET_FOREIGN;
}

/* Decide about .name, which is text as it came, in lower case. */
static enum target_kind
classify(struct target *target, const struct target_space *space)
{
	size_t len = strlen(target->name);

	if (is_ipv6(target->name)) {
		return foreign_address(target);
	}
	if (len > 0 && target->name[len - 1] == '.') {
		target->name[len - 1] = '\0';
	}
	if (!has_labels(target->name)) {
		return TARGET_INVALID;
	}
	if (looks_numeric(last_label(target->name))) {
		return target_is_ipv4(target->name) ? foreign_address(target)
						    : TARGET_INVALID;
	}
	return decide(target, space);
}

/* Copy the len characters at text, in lower case, to .name; 0 or -1. */
static int
take_name(struct target *target, const char *text, size_t len)
{
	char raw[NAME_TARGET_MAX + 2];

	/* One more than a name may have: a trailing dot does not count. */
	if (len >= sizeof(raw) || memchr(text, '\0', len) != NULL) {
		return -1;
	}
	memcpy(raw, text, len);
	raw[len] = '\0';
	if (len == sizeof(raw) - 1) {
		if (raw[len - 1] != '.') {
			return -1;
		}
		raw[len - 1] = '\0';
	}
	return name_fold(raw, target->name, sizeof(target->name));
}

/* Forget everything but that target is invalid. */
static enum target_kind
invalid(struct target *target)
{
	memset(target, 0, sizeof(*target));
	target->kind = TARGET_INVALID;
	return TARGET_INVALID;
}

enum target_kind
target_from_name(struct target *target, const struct target_space *space,
    const char *text, size_t len, uint16_t port)
{
	bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';

	memset(target, 0, sizeof(*target));
	if (bracketed) {
		text++;
		len -= 2;
	}
	if (len == 0 || take_name(target, text, len) != 0 ||
	    (bracketed && !is_ipv6(target->name))) {
		return invalid(target);
	}
	target->port = port;
	target->kind = classify(target, space);
	return target->kind == TARGET_INVALID ? invalid(target) : target->kind;
}

/* Read the port in the len characters at text; 0 when there is none. */
static uint16_t
parse_port(const char *text, size_t len)
{
	unsigned port = 0;

	if (len == 0 || len > PORT_DIGITS || text[0] == '0') {
		return 0;
	}
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(text[i])) {
			return 0;
		}
		port = 10 * port + (unsigned)(text[i] - '0');
	}
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/*
 * Return the length of the name in front of the port in the len characters at
 * text: up to the colon behind a bracket, or up to the only colon; len when
 * there is no port.
 */
static size_t
name_len(const char *text, size_t len)
{
	const char *start = text;
	const char *colon;

	if (len > 0 && text[0] == '[') {
		start = memchr(text, ']', len);
		if (start == NULL) {
			return len;
		}
	}
	colon = memchr(start, ':', len - (size_t)(start - text));
	return colon != NULL ? (size_t)(colon - text) : len;
}

enum target_kind
target_from_authority(struct target *target, const struct target_space *space,
    const char *text, size_t len, uint16_t fallback)
{
	size_t host_len = name_len(text, len);
	uint16_t port = fallback;

	if (host_len + 1 < len) {
		port = parse_port(text + host_len + 1, len - host_len - 1);
	}
	if (port == 0) {
		return invalid(target);
	}
	return target_from_name(target, space, text, host_len, port);
}
