/* SPDX-License-Identifier: ISC */
#include "common/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

/* Prefixes of IPv6 that carry an IPv4 address in their last four bytes. */
static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
	0xff };
static const uint8_t nat64_prefix[12] = { 0x00, 0x64, 0xff, 0x9b };

/*
 * The storage is copied in and out instead of cast: the compiler then knows
 * what is aliased, and all of it is a handful of moves anyway.
 */

/* Return the IPv4 form of addr, which must be one. */
static struct sockaddr_in
get_in4(const struct addr *addr)
{
	struct sockaddr_in in4;

	memcpy(&in4, &addr->ss, sizeof(in4));
	return in4;
}

/* Return the IPv6 form of addr, which must be one. */
static struct sockaddr_in6
get_in6(const struct addr *addr)
{
	struct sockaddr_in6 in6;

	memcpy(&in6, &addr->ss, sizeof(in6));
	return in6;
}

int
addr_from_bytes(
    struct addr *out, const uint8_t *bytes, size_t len, uint16_t port)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (len != sizeof(in4.sin_addr) && len != sizeof(in6.sin6_addr)) {
		return -1;
	}
	memset(out, 0, sizeof(*out));
	if (len == sizeof(in4.sin_addr)) {
		in4.sin_port = htons(port);
		memcpy(&in4.sin_addr, bytes, len);
		memcpy(&out->ss, &in4, sizeof(in4));
		out->len = sizeof(in4);
	} else {
		in6.sin6_port = htons(port);
		memcpy(&in6.sin6_addr, bytes, len);
		memcpy(&out->ss, &in6, sizeof(in6));
		out->len = sizeof(in6);
	}
	return 0;
}

int
addr_from_path(struct addr *out, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	/* One byte stays for the terminator, which not every system needs. */
	if (len == 0 || len >= sizeof(un.sun_path)) {
		return -1;
	}
	memcpy(un.sun_path, path, len);
	memset(out, 0, sizeof(*out));
	memcpy(&out->ss, &un, sizeof(un));
	out->len =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
	return 0;
}

size_t
addr_to_bytes(const struct addr *addr, uint8_t out[16])
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	switch (addr_family(addr)) {
	case AF_INET:
		in4 = get_in4(addr);
		memcpy(out, &in4.sin_addr, sizeof(in4.sin_addr));
		return sizeof(in4.sin_addr);
	case AF_INET6:
		in6 = get_in6(addr);
		memcpy(out, &in6.sin6_addr, sizeof(in6.sin6_addr));
		return sizeof(in6.sin6_addr);
	default:
		return 0;
	}
}

int
addr_from_ip(struct addr *out, const char *text, uint16_t port)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		return addr_from_bytes(out, bytes, 4, port);
	}
	if (inet_pton(AF_INET6, text, bytes) == 1) {
		return addr_from_bytes(out, bytes, 16, port);
	}
	return -1;
}

/* Parse the whole of text as a decimal port; 0 or -1. */
static int
parse_port(const char *text, uint16_t *port)
{
	unsigned value = 0;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 5 || text[digits] != '\0') {
		return -1;
	}
	for (size_t i = 0; i < digits; i++) {
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	if (value > UINT16_MAX) {
		return -1;
	}
	*port = (uint16_t)value;
	return 0;
}

int
addr_split(const char *text, char *host, size_t size, uint16_t *port)
{
	const char *start = text;
	const char *colon = strrchr(text, ':');
	uint16_t number;
	size_t len;

	if (colon == NULL || parse_port(colon + 1, &number) != 0) {
		return -1;
	}
	len = (size_t)(colon - text);
	if (len > 2 && text[0] == '[' && colon[-1] == ']') {
		start++;
		len -= 2;
	}
	/*
	 * Colons are exactly what brackets are for: without this check
	 * "::1:80" would pass as port 80 of "::1", and "[office]:80" would be
	 * a second spelling of "office:80".
	 */
	if (len == 0 || len >= size ||
	    (memchr(start, ':', len) != NULL) != (start != text) ||
	    memchr(start, '[', len) != NULL ||
	    memchr(start, ']', len) != NULL) {
		return -1;
	}
	memcpy(host, start, len);
	host[len] = '\0';
	*port = number;
	return 0;
}

int
addr_parse(struct addr *out, const char *text)
{
	char host[INET6_ADDRSTRLEN];
	uint16_t port;

	if (addr_split(text, host, sizeof(host), &port) != 0) {
		return -1;
	}
	return addr_from_ip(out, host, port);
}

/* Write the path of the unix address addr, '@' for an abstract one. */
static void
format_path(const struct addr *addr, char out[ADDR_TEXT_LEN])
{
	struct sockaddr_un un;
	size_t start = offsetof(struct sockaddr_un, sun_path);
	size_t len = addr->len > start ? addr->len - start : 0;
	char path[sizeof(un.sun_path) + 1] = "";

	memcpy(&un, &addr->ss, sizeof(un));
	memcpy(path, un.sun_path,
	    len < sizeof(un.sun_path) ? len : sizeof(un.sun_path));
	if (len > 1 && path[0] == '\0') {
		path[0] = '@';
	}
	(void)snprintf(out, ADDR_TEXT_LEN, "unix:%s", path);
}

char *
addr_format_ip(const struct addr *addr, char out[ADDR_TEXT_LEN])
{
	uint8_t bytes[16];
	int family = addr_family(addr);

	if (family == AF_UNIX) {
		format_path(addr, out);
	} else if (addr_to_bytes(addr, bytes) == 0 ||
		   inet_ntop(family, bytes, out, ADDR_TEXT_LEN) == NULL) {
		(void)snprintf(out, ADDR_TEXT_LEN, "-");
	}
	return out;
}

char *
addr_format(const struct addr *addr, char out[ADDR_TEXT_LEN])
{
	char ip[ADDR_TEXT_LEN];
	int family = addr_family(addr);

	if (family != AF_INET && family != AF_INET6) {
		return addr_format_ip(addr, out);
	}
	(void)snprintf(out, ADDR_TEXT_LEN,
	    family == AF_INET ? "%.64s:%u" : "[%.64s]:%u",
	    addr_format_ip(addr, ip), (unsigned)addr_port(addr));
	return out;
}

int
addr_family(const struct addr *addr)
{
	return addr->len == 0 ? AF_UNSPEC : addr->ss.ss_family;
}

uint16_t
addr_port(const struct addr *addr)
{
	switch (addr_family(addr)) {
	case AF_INET:
		return ntohs(get_in4(addr).sin_port);
	case AF_INET6:
		return ntohs(get_in6(addr).sin6_port);
	default:
		return 0;
	}
}

void
addr_set_port(struct addr *addr, uint16_t port)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	switch (addr_family(addr)) {
	case AF_INET:
		in4 = get_in4(addr);
		in4.sin_port = htons(port);
		memcpy(&addr->ss, &in4, sizeof(in4));
		break;
	case AF_INET6:
		in6 = get_in6(addr);
		in6.sin6_port = htons(port);
		memcpy(&addr->ss, &in6, sizeof(in6));
		break;
	default:
		break;
	}
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
	uint8_t left[16];
	uint8_t right[16];
	int family = addr_family(a);
	size_t len;

	if (family != addr_family(b)) {
		return false;
	}
	if (family != AF_INET && family != AF_INET6) {
		return a->len == b->len && memcmp(&a->ss, &b->ss, a->len) == 0;
	}
	len = addr_to_bytes(a, left);
	if (addr_to_bytes(b, right) != len || memcmp(left, right, len) != 0 ||
	    addr_port(a) != addr_port(b)) {
		return false;
	}
	return family == AF_INET ||
	       get_in6(a).sin6_scope_id == get_in6(b).sin6_scope_id;
}

void
addr_unmap(const struct addr *addr, struct addr *out)
{
	uint8_t bytes[16];
	struct addr copy = *addr;

	if (addr_to_bytes(addr, bytes) == 16 &&
	    (memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0 ||
		memcmp(bytes, nat64_prefix, sizeof(nat64_prefix)) == 0)) {
		(void)addr_from_bytes(&copy, bytes + 12, 4, addr_port(addr));
	}
	*out = copy;
}

uint64_t
addr_origin(const struct addr *addr)
{
	struct addr plain;
	uint8_t bytes[16];
	uint64_t origin = 0;
	size_t len;

	addr_unmap(addr, &plain);
	len = addr_to_bytes(&plain, bytes);
	for (size_t i = 0; i < len && i < 8; i++) {
		origin = origin << 8 | bytes[i];
	}
	return origin;
}

/* Return true when the first bits of the IP address addr are those of text. */
static bool
lies_in(const struct addr *addr, const char *text)
{
	struct addr_prefix prefix;

	return addr_prefix_parse(&prefix, text) == 0 &&
	       addr_prefix_has(&prefix, addr);
}

bool
addr_is_loopback(const struct addr *addr)
{
	return lies_in(addr, "127.0.0.0/8") || lies_in(addr, "::1");
}

bool
addr_is_any(const struct addr *addr)
{
	static const uint8_t zero[16];
	uint8_t bytes[16];
	size_t len = addr_to_bytes(addr, bytes);

	return len > 0 && memcmp(bytes, zero, len) == 0;
}

bool
addr_is_this_host(const struct addr *addr)
{
	return addr_is_loopback(addr) || lies_in(addr, "0.0.0.0") ||
	       lies_in(addr, "::");
}

bool
addr_is_guarded(const struct addr *addr)
{
	static const char *const guarded[] = {
		"169.254.0.0/16",
		"fe80::/10",
		"fd00:ec2::254",
		"100.100.100.200",
		"168.63.129.16",
		"224.0.0.0/4",
		"ff00::/8",
		"255.255.255.255",
		"0.0.0.0",
		"::",
	};

	for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++) {
		if (lies_in(addr, guarded[i])) {
			return true;
		}
	}
	return false;
}

/* Return true when every bit of bytes from number bits on is zero. */
static bool
tail_is_zero(const uint8_t *bytes, size_t len, unsigned bits)
{
	for (size_t i = bits / 8; i < len; i++) {
		unsigned kept = i == bits / 8 ? bits % 8 : 0;

		if ((bytes[i] & (0xffu >> kept)) != 0) {
			return false;
		}
	}
	return true;
}

/* Split "ADDR/BITS" or "ADDR" into host[size] and bits; 0 or -1. */
static int
split_prefix(const char *text, char *host, size_t size, unsigned *bits)
{
	const char *slash = strchr(text, '/');
	size_t len = slash == NULL ? strlen(text) : (size_t)(slash - text);
	uint16_t number = 128;

	if (len >= size ||
	    (slash != NULL && (strlen(slash + 1) > 3 ||
				  parse_port(slash + 1, &number) != 0))) {
		return -1;
	}
	memcpy(host, text, len);
	host[len] = '\0';
	*bits = number;
	return 0;
}

int
addr_prefix_parse(struct addr_prefix *out, const char *text)
{
	char host[INET6_ADDRSTRLEN];
	struct addr base;
	uint8_t bytes[16];
	unsigned bits;
	size_t len;

	if (split_prefix(text, host, sizeof(host), &bits) != 0 ||
	    addr_from_ip(&base, host, 0) != 0) {
		return -1;
	}
	len = addr_to_bytes(&base, bytes);
	if (strchr(text, '/') == NULL) {
		bits = (unsigned)len * 8;
	}
	if (bits > len * 8 || !tail_is_zero(bytes, len, bits)) {
		return -1;
	}
	/*
	 * Addresses are compared after unmapping, so a range of mapped ones
	 * must be the IPv4 range inside or it would silently match nothing.
	 * The NAT64 prefix itself is refused: it would become all of IPv4, and
	 * whoever wrote it hardly meant the addresses that need no NAT64.
	 */
	if (len == 16 && bits >= 96) {
		if (bits == 96 && memcmp(bytes, nat64_prefix, 12) == 0) {
			return -1;
		}
		addr_unmap(&base, &base);
		bits -= addr_family(&base) == AF_INET ? 96 : 0;
	}
	out->base = base;
	out->bits = bits;
	return 0;
}

bool
addr_prefix_has(const struct addr_prefix *prefix, const struct addr *addr)
{
	uint8_t want[16];
	uint8_t have[16];
	struct addr plain;
	size_t len;

	addr_unmap(addr, &plain);
	len = addr_to_bytes(&plain, have);
	if (len == 0 || addr_to_bytes(&prefix->base, want) != len) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		have[i] ^= want[i];
	}
	/* What differs may only lie behind the prefix. */
	for (size_t i = 0; i < len && i * 8 < prefix->bits; i++) {
		unsigned left = prefix->bits - (unsigned)i * 8;
		unsigned mask = left >= 8 ? 0xffu : 0xff00u >> left;

		if ((have[i] & mask) != 0) {
			return false;
		}
	}
	return true;
}
