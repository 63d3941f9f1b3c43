/* SPDX-License-Identifier: ISC */
/*
 * dnsmessage: questions and answers of the domain name system, as far as a
 * server needs them that gives addresses for names (RFC 1035, section 4).
 *
 * A question is one name and what is asked about it.  An answer repeats it as
 * it came, so that one who mixes upper and lower case to know its own question
 * again finds it.  Nothing here is longer than DNSMESSAGE_MAX, what every
 * resolver takes by UDP.  Pure: no sockets and no memory of its own.
 */
#ifndef INROAD_GATEWAY_DNSMESSAGE_H
#define INROAD_GATEWAY_DNSMESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/limits.h"

struct addr;

/* Longest answer (RFC 1035, section 2.3.4). */
#define DNSMESSAGE_MAX 512

/* Longest question as it is on the wire: a name, a type, a class. */
#define DNSMESSAGE_QUESTION_MAX (255 + 4)

/* What is asked about a name, of many things. */
enum dnsmessage_type {
	DNSMESSAGE_A = 1,
	DNSMESSAGE_PTR = 12,
	DNSMESSAGE_AAAA = 28,
};

/* How an answer ends (RFC 1035, section 4.1.1). */
enum dnsmessage_code {
	DNSMESSAGE_GOOD = 0,
	DNSMESSAGE_MALFORMED = 1,
	DNSMESSAGE_FAILED = 2,  /* ask again later */
	DNSMESSAGE_NO_NAME = 3, /* there is no such name */
	DNSMESSAGE_UNKNOWN = 4, /* no such kind of question here */
	DNSMESSAGE_REFUSED = 5, /* not of this server */
};

/* A question; a value. */
struct dnsmessage_question {
	uint16_t id;
	bool recursion;             /* it was asked for */
	uint16_t type;              /* an enum dnsmessage_type, or another */
	char name[LIMITS_NAME_LEN]; /* empty: none that anybody types */
	uint8_t wire[DNSMESSAGE_QUESTION_MAX];
	size_t wire_len; /* 0: it could not be read */
};

/*
 * Read the question in the len bytes at data.  Returns DNSMESSAGE_GOOD; or the
 * code to answer, for which *out is good enough; or -1 when this is not a
 * question at all, and nobody is to be answered.
 */
int dnsmessage_decode(
    struct dnsmessage_question *out, const uint8_t *data, size_t len);

/*
 * Write an answer without a result to the size bytes at out.  Returns its
 * length, 0 if it does not fit, which it does in DNSMESSAGE_MAX.
 */
size_t dnsmessage_refuse(const struct dnsmessage_question *question,
    enum dnsmessage_code code, uint8_t *out, size_t size);

/*
 * As dnsmessage_refuse(), the answer that name has those of the count addresses
 * that are asked for, for ttl seconds; those that fit, for nobody needs more.
 */
size_t dnsmessage_addresses(const struct dnsmessage_question *question,
    const struct addr *addrs, size_t count, uint32_t ttl, uint8_t *out,
    size_t size);

/* As dnsmessage_refuse(), the answer to DNSMESSAGE_PTR: name. */
size_t dnsmessage_pointer(const struct dnsmessage_question *question,
    const char *name, uint32_t ttl, uint8_t *out, size_t size);

/*
 * Put the IPv4 address that a name asks for by DNSMESSAGE_PTR,
 * "1.2.0.192.in-addr.arpa", into *out.  Returns 0, or -1 when it is none.
 */
int dnsmessage_reverse(const char *name, struct addr *out);

#endif
