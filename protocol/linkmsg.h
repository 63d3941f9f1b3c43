/* SPDX-License-Identifier: ISC */
/*
 * linkmsg: the payloads of control frames (PROTOCOL.md section 5).
 *
 * One struct a payload, one encoder and one decoder each.  Encoders return the
 * number of bytes written to out, which holds size bytes, or 0 when it does
 * not fit.  Decoders return 0, or -1 when the payload is not exactly right;
 * *out is then undefined.  Pointers in decoded structs point into the payload.
 */
#ifndef INROAD_PROTOCOL_LINKMSG_H
#define INROAD_PROTOCOL_LINKMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/keys.h"
#include "protocol/limits.h"
#include "protocol/linkhello.h"
#include "protocol/membership.h"
#include "protocol/name.h"

/*
 * Outcome of a login.  incarnation is a number that the relay drew when it
 * started: two addresses that say the same lead to one running relay, and one
 * that says another than before was started anew.
 */
struct linkmsg_result {
	enum code code;
	uint32_t retry_after; /* seconds; 0: as you like */
	uint32_t spread;      /* seconds over which to return after a loss */
	uint64_t incarnation; /* of the relay, see below; 0 in a refusal */
	char text[LIMITS_TEXT_LEN];
	char user[NAME_USER_MAX + 1]; /* who you are to the relay */
	char name[NAME_HOST_MAX + 1];
	/* Where this relay and its siblings can be found; may be none. */
	size_t relays;
	char relay[MEMBERSHIP_RELAYS_MAX][MEMBERSHIP_ADDRESS_MAX + 1];
};

/* Write result. */
size_t linkmsg_result_encode(
    const struct linkmsg_result *result, uint8_t *out, size_t size);
/* Read a result. */
int linkmsg_result_decode(
    struct linkmsg_result *out, const uint8_t *payload, size_t len);

/* A farewell. */
struct linkmsg_goaway {
	enum code code;
	uint32_t spread; /* seconds over which to return */
	char text[LIMITS_TEXT_LEN];
};

/* Write goaway. */
size_t linkmsg_goaway_encode(
    const struct linkmsg_goaway *goaway, uint8_t *out, size_t size);
/* Read a goaway. */
int linkmsg_goaway_decode(
    struct linkmsg_goaway *out, const uint8_t *payload, size_t len);

enum linkmsg_severity {
	LINKMSG_NOTE,
	LINKMSG_WARNING,
	LINKMSG_ALARM,
};

/* Return "note", "warning" or "alarm". */
const char *linkmsg_severity_name(enum linkmsg_severity severity);
/* Put the severity of that name into *out; 0, or -1 when there is none. */
int linkmsg_severity_parse(const char *name, enum linkmsg_severity *out);

/* Something that a person should read. */
struct linkmsg_notice {
	enum linkmsg_severity severity;
	char text[LIMITS_TEXT_LEN];
};

/* Write notice. */
size_t linkmsg_notice_encode(
    const struct linkmsg_notice *notice, uint8_t *out, size_t size);
/* Read a notice. */
int linkmsg_notice_decode(
    struct linkmsg_notice *out, const uint8_t *payload, size_t len);

enum linkmsg_host_state {
	LINKMSG_OFFLINE,
	LINKMSG_ONLINE,
	LINKMSG_REMOVED, /* no longer a host of this gateway's */
};

/* One entry of HOSTS. */
struct linkmsg_host {
	char owner[NAME_USER_MAX + 1];
	char name[NAME_HOST_MAX + 1];
	uint8_t replica;       /* its number among those by that name */
	uint8_t key[KEYS_LEN]; /* zero when no agent ever logged in */
	enum linkmsg_host_state state;
	uint64_t last_contact; /* unix seconds, 0: never */
};

/* Most bytes of one encoded entry. */
#define LINKMSG_HOST_MAX (2 + NAME_USER_MAX + NAME_HOST_MAX + KEYS_LEN + 10)

/* Flags in front of HOSTS. */
#define LINKMSG_HOSTS_FIRST 1 /* forget all entries known before */
#define LINKMSG_HOSTS_LAST 2  /* the list is complete with this frame */

/*
 * HOSTS is a flags byte and entries until its end.  Append one entry to the
 * used bytes at out (start with the flags byte, used = 1) and return the new
 * number of used bytes, or 0 when it does not fit.
 */
size_t linkmsg_host_append(
    const struct linkmsg_host *host, uint8_t *out, size_t size, size_t used);

/*
 * Read the entry of HOSTS at *offset (start with 1) of payload and move
 * *offset behind it.  Returns 1 with two valid names, 0 at the end, or -1 when
 * it is not right.
 */
int linkmsg_host_next(struct linkmsg_host *out, const uint8_t *payload,
    size_t len, size_t *offset);

/* What a gateway wants a channel for. */
enum linkmsg_kind {
	LINKMSG_BEGIN,  /* a session: message 1 of the session handshake */
	LINKMSG_RESUME, /* to go on with one: a request of resume.h */
};

/* A channel to a host is wanted. */
struct linkmsg_attach {
	char owner[NAME_USER_MAX + 1]; /* account that owns the host */
	char host[NAME_HOST_MAX + 1];
	uint8_t replica; /* which of those by that name */
	uint32_t epoch;  /* of the account key behind the psk */
	struct keys_caller caller;
	enum linkmsg_kind kind;
	const uint8_t *message; /* as kind says */
	size_t message_len;
	/* Relay to agent only: who the relay says is calling. */
	bool has_device;
	char device[NAME_HOST_MAX + 1];
	uint8_t device_key[KEYS_LEN];
};

/* Write attach. */
size_t linkmsg_attach_encode(
    const struct linkmsg_attach *attach, uint8_t *out, size_t size);
/* Read an attach; has_device says which form is expected. */
int linkmsg_attach_decode(struct linkmsg_attach *out, bool has_device,
    const uint8_t *payload, size_t len);

/*
 * ATTACHED needs no encoding: the payload is message 2 of the session
 * handshake, or the answer of resume.h.
 */

/* The channel ended or never came to be. */
struct linkmsg_detach {
	enum code code;
	uint8_t by; /* enum linkhello_role of who ended it; 0: the relay */
	char text[LIMITS_TEXT_LEN];
};

/* Write detach. */
size_t linkmsg_detach_encode(
    const struct linkmsg_detach *detach, uint8_t *out, size_t size);
/* Read a detach. */
int linkmsg_detach_decode(
    struct linkmsg_detach *out, const uint8_t *payload, size_t len);

/* Flags of INVITE. */
#define LINKMSG_INVITE_REPLACE 1
#define LINKMSG_INVITE_REPLICA 2

/* A token for a new device of this account is wanted. */
struct linkmsg_invite {
	uint32_t request; /* comes back in INVITED */
	enum linkhello_role role;
	bool replace; /* even if a device of that name exists */
	bool replica; /* beside those of that name */
	uint32_t ttl; /* seconds; 0: the relay's default */
	char name[NAME_HOST_MAX + 1];
	uint16_t uses; /* devices that may use it, at least 1 */
};

/* Write invite. */
size_t linkmsg_invite_encode(
    const struct linkmsg_invite *invite, uint8_t *out, size_t size);
/* Read an invite. */
int linkmsg_invite_decode(
    struct linkmsg_invite *out, const uint8_t *payload, size_t len);

/* Answer to an invite. */
struct linkmsg_invited {
	uint32_t request;
	enum code code;
	char text[LIMITS_TEXT_LEN];
	bool has_token;
	uint8_t token[LINKHELLO_TOKEN_LEN];
	uint64_t expires; /* unix seconds */
};

/* Write invited. */
size_t linkmsg_invited_encode(
    const struct linkmsg_invited *invited, uint8_t *out, size_t size);
/* Read an invited. */
int linkmsg_invited_decode(
    struct linkmsg_invited *out, const uint8_t *payload, size_t len);

#endif
