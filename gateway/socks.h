/* SPDX-License-Identifier: ISC */
/*
 * socks: the server's side of SOCKS5 (RFC 1928, RFC 1929), SOCKS4 and SOCKS4a.
 *
 * Pure.  A decoder looks at the len bytes at data and answers
 *   WIRE_OK         one unit is in *out and *used bytes belong to it; what
 *                   follows was not looked at
 *   WIRE_NEED_MORE  call again with the same bytes and more behind them
 *   WIRE_BAD        no further byte will help
 * *used is set with WIRE_OK only.  Units are at most some hundred bytes, so
 * decoders start over each time and keep nothing between calls.
 *
 * Encoders write to out and return how many bytes they wrote.
 */
#ifndef INROAD_GATEWAY_SOCKS_H
#define INROAD_GATEWAY_SOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/wire.h"
#include "gateway/proxytarget.h"
#include "protocol/codes.h"

/* Replies that say what is wrong with a request (RFC 1928 section 6). */
#define SOCKS_REP_GENERAL 1
#define SOCKS_REP_COMMAND 7
#define SOCKS_REP_ADDRESS_TYPE 8

/* Authentication methods (RFC 1928 section 3). */
enum socks_method {
	SOCKS_METHOD_NONE = 0x00,
	SOCKS_METHOD_PASSWORD = 0x02,
	SOCKS_METHOD_REFUSED = 0xff, /* an answer: nothing offered fits */
};

/* What a client offers. */
struct socks_greeting {
	bool none;
	bool password;
};

/*
 * User name and password (RFC 1929); either may be empty or hold any byte, and
 * has a terminator behind it.  The caller wipes it after use.
 */
struct socks_password {
	uint8_t user_len;
	uint8_t password_len;
	char user[256];
	char password[256];
};

enum socks_command {
	SOCKS_COMMAND_CONNECT = 0x01,
	SOCKS_COMMAND_BIND = 0x02,
	SOCKS_COMMAND_UDP_ASSOCIATE = 0x03, /* SOCKS5 only */
	/* Tor's extensions; the second one of SOCKS5 only. */
	SOCKS_COMMAND_RESOLVE = 0xf0,
	SOCKS_COMMAND_RESOLVE_PTR = 0xf1,
};

/* A request of either version. */
struct socks_request {
	enum socks_command command;
	struct proxy_target target;
	/* With WIRE_BAD: the REP byte that says so, and the words. */
	uint8_t rep;
	const char *reason;
};

/* Room for the longest reply and for the longest header of a datagram. */
#define SOCKS_REPLY_MAX 262

/* Bytes of the methods' and the password's answers. */
#define SOCKS_ANSWER_LEN 2

/* Bytes of a SOCKS4 reply. */
#define SOCKS_V4_REPLY_LEN 8

/* Decode a SOCKS5 greeting. */
enum wire_result socks_greeting_decode(
    const uint8_t *data, size_t len, struct socks_greeting *out, size_t *used);

/*
 * Return the method for what greeting offers: password alone when
 * needs_password, else none, else password (clients exist that offer only
 * that; any will then do), else SOCKS_METHOD_REFUSED.
 */
enum socks_method socks_method_choose(
    const struct socks_greeting *greeting, bool needs_password);

/* Encode the answer to a greeting. */
size_t socks_method_encode(
    enum socks_method method, uint8_t out[SOCKS_ANSWER_LEN]);

/* Decode a user name and password. */
enum wire_result socks_password_decode(
    const uint8_t *data, size_t len, struct socks_password *out, size_t *used);

/* Encode the answer to a password; after a false one the server closes. */
size_t socks_password_encode(bool accepted, uint8_t out[SOCKS_ANSWER_LEN]);

/*
 * Decode a SOCKS5 request.  BIND decodes, since it is well-formed: whoever
 * cannot serve it answers SOCKS_REP_COMMAND.  Port 0 is bad for CONNECT.  Of
 * UDP ASSOCIATE only the port counts, and any name is as good as 0.0.0.0.
 */
enum wire_result socks_request_decode(
    const uint8_t *data, size_t len, struct socks_request *out, size_t *used);

/*
 * Encode the SOCKS5 reply for the outcome code.  bound is the address to tell,
 * for RESOLVE the one that was found; NULL stands for 0.0.0.0:0.
 */
size_t socks_reply_encode(enum code code, const struct proxy_target *bound,
    uint8_t out[SOCKS_REPLY_MAX]);

/* Encode the SOCKS5 reply to a request that is refused for itself, with rep. */
size_t socks_refusal_encode(uint8_t rep, uint8_t out[SOCKS_REPLY_MAX]);

/*
 * Decode a SOCKS4 or SOCKS4a request, version byte included.  The user id is
 * skipped: anybody can write anything there.
 */
enum wire_result socks_v4_request_decode(
    const uint8_t *data, size_t len, struct socks_request *out, size_t *used);

/*
 * Encode the SOCKS4 reply for the outcome code.  bound may be NULL, and is
 * told only if it is IPv4.
 */
size_t socks_v4_reply_encode(enum code code, const struct proxy_target *bound,
    uint8_t out[SOCKS_V4_REPLY_LEN]);

/*
 * Decode the header of a UDP datagram (RFC 1928 section 7): where it goes, and
 * in *used where its payload begins.  Never WIRE_NEED_MORE, a datagram is all
 * there is.  Fragments are bad, as the RFC allows.
 */
enum wire_result socks_datagram_decode(
    const uint8_t *data, size_t len, struct proxy_target *out, size_t *used);

/* Encode the header of a UDP datagram that came from source. */
size_t socks_datagram_encode(
    const struct proxy_target *source, uint8_t out[SOCKS_REPLY_MAX]);

#endif
