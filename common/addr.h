/* SPDX-License-Identifier: ISC */
/*
 * addr: a socket address as a value.
 *
 * Holds an IPv4, IPv6 or unix address.  The pure parts (parsing, printing,
 * classes, prefixes) never resolve names and never touch a socket.
 */
#ifndef INROAD_COMMON_ADDR_H
#define INROAD_COMMON_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* A value on the stack; .len bytes of .ss are valid, 0 when unset. */
struct addr {
	struct sockaddr_storage ss;
	socklen_t len;
};

/* A range of addresses, "10.0.0.0/8" or "fd00::/8" or a single address. */
struct addr_prefix {
	struct addr base;
	unsigned bits;
};

/* Room for the longest text of addr_format(). */
#define ADDR_TEXT_LEN 128

/* Room for a host name as DNS allows it and its terminator. */
#define ADDR_HOST_LEN 256

/* Make *out the IP address text ("10.0.0.1", "::1", no brackets); 0 or -1. */
int addr_from_ip(struct addr *out, const char *text, uint16_t port);

/*
 * Parse "ADDR:PORT" or "[ADDR]:PORT" with a literal address; 0 or -1.
 * Port 0 is allowed.
 */
int addr_parse(struct addr *out, const char *text);

/*
 * Split "host:port", "[v6]:port" into host (without brackets) and port,
 * without judging host.  Returns 0, or -1 when there is no valid port or host
 * is empty or does not fit into size bytes.
 */
int addr_split(const char *text, char *host, size_t size, uint16_t *port);

/* Make *out an IPv4 (len 4) or IPv6 (len 16) address of raw bytes; 0 or -1. */
int addr_from_bytes(
    struct addr *out, const uint8_t *bytes, size_t len, uint16_t port);

/* Make *out the unix address path; 0, or -1 when it is empty or too long. */
int addr_from_path(struct addr *out, const char *path);

/* Put the raw address bytes into out[16] and return 4, 16, or 0 if not IP. */
size_t addr_to_bytes(const struct addr *addr, uint8_t out[16]);

/* Write "10.0.0.1:80", "[::1]:80" or "unix:PATH" to out; returns out. */
char *addr_format(const struct addr *addr, char out[ADDR_TEXT_LEN]);

/* Write the address without port or brackets to out; returns out. */
char *addr_format_ip(const struct addr *addr, char out[ADDR_TEXT_LEN]);

/* Return the family, AF_UNSPEC when unset. */
int addr_family(const struct addr *addr);

/* Return the port, 0 when there is none. */
uint16_t addr_port(const struct addr *addr);

/* Set the port of an IP address. */
void addr_set_port(struct addr *addr, uint16_t port);

/* Return true when both are the same address and port. */
bool addr_equal(const struct addr *a, const struct addr *b);

/*
 * Make *out the IPv4 address hidden in an IPv6 one (::ffff:0:0/96,
 * 64:ff9b::/96), or else a copy of addr.  Policies look at the result.
 */
void addr_unmap(const struct addr *addr, struct addr *out);

/*
 * Return whom addr belongs to, as a number to count by: an IPv4 address, mapped
 * ones included, or a /64 of IPv6, which is what one customer has at least.
 * They do not meet but for ::/64, which with ::1 and all that is no IP address
 * is 0.
 */
uint64_t addr_origin(const struct addr *addr);

/* Return true for 127.0.0.0/8 and ::1, after unmapping. */
bool addr_is_loopback(const struct addr *addr);

/* Return true for 0.0.0.0 and ::. */
bool addr_is_any(const struct addr *addr);

/*
 * Return true for what connects to this very machine wherever it is: loopback,
 * and the unspecified address, which Linux takes for it; after unmapping.
 */
bool addr_is_this_host(const struct addr *addr);

/*
 * Return true for addresses that must be named to be reached, after unmapping:
 * link-local (169.254.0.0/16, fe80::/10) and the metadata services of clouds
 * (fd00:ec2::254, 100.100.100.200, 168.63.129.16), multicast, broadcast and
 * the unspecified address.
 */
bool addr_is_guarded(const struct addr *addr);

/* Parse "ADDR/BITS" or "ADDR"; host bits must be zero; 0 or -1. */
int addr_prefix_parse(struct addr_prefix *out, const char *text);

/* Return true when addr, after unmapping, lies in prefix. */
bool addr_prefix_has(const struct addr_prefix *prefix, const struct addr *addr);

#endif
