/* SPDX-License-Identifier: ISC */
/*
 * target: whose a name is that an app asked a proxy for (PROTOCOL.md, "Names").
 *
 *	office  office.internal             the host office, on itself
 *	web.office  web.office.internal     service or LAN name web at office
 *	10.0.0.5.office                     LAN address 10.0.0.5 at office
 *	example.com  10.0.0.5  ::1          none of ours
 *	offce                               unknown: an error, never a DNS query
 *
 * Names are taken without case and with or without one trailing dot.  A LAN
 * address behind a host is IPv4 only: an IPv6 address is no part of a DNS name;
 * give such a target a service name at the agent.
 *
 * Pure functions over strings; nothing is allocated or looked up.
 */
#ifndef INROAD_PROTOCOL_TARGET_H
#define INROAD_PROTOCOL_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/name.h"

/* The reserved host that is the relay itself. */
#define TARGET_RELAY "relay"

enum target_kind {
	TARGET_INVALID, /* no name and no address */
	TARGET_OURS,    /* .host is a host of ours, .rest what is meant there */
	TARGET_UNKNOWN, /* one label, .host, and no host of ours */
	TARGET_FOREIGN, /* .name is none of ours: its route decides */
};

/* A name taken apart; a value. */
struct target {
	enum target_kind kind;
	/* All of it in lower case, without trailing dot or brackets. */
	char name[NAME_TARGET_MAX + 1];
	bool is_address; /* .name is an IPv4 or IPv6 address */
	/*
	 * TARGET_OURS, TARGET_UNKNOWN: the host.  TARGET_FOREIGN: the label
	 * that would be one, if the name lies under the suffix, else empty.
	 */
	char host[NAME_HOST_MAX + 1];
	char rest[NAME_TARGET_MAX + 1]; /* TARGET_OURS: empty is the host */
	bool rest_is_address;           /* .rest is an IPv4 address */
	uint16_t port;                  /* 0 if none was given */
};

/* What is ours. */
struct target_space {
	/* Domain of our hosts, "internal", in lower case; NULL for none. */
	const char *suffix;
	/*
	 * Return true when label, in lower case, names a host of ours; arg is
	 * .arg.  Not asked about TARGET_RELAY, which always is one.
	 */
	bool (*is_host)(void *arg, const char *label);
	void *arg;
};

/*
 * Take the name of len characters at text apart into *target, with port as
 * given, and return its kind.  text is a name or an address, without port; an
 * IPv6 address may be in brackets.
 */
enum target_kind target_from_name(struct target *target,
    const struct target_space *space, const char *text, size_t len,
    uint16_t port);

/*
 * As target_from_name, for "name:port", "[v6]:port", or a name alone, which
 * gets port fallback (0 where a port must be given: then such a text is
 * invalid).
 */
enum target_kind target_from_authority(struct target *target,
    const struct target_space *space, const char *text, size_t len,
    uint16_t fallback);

/* Return true when text is an IPv4 address as four decimal numbers. */
bool target_is_ipv4(const char *text);

#endif
