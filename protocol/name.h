/* SPDX-License-Identifier: ISC */
/*
 * name: which names hosts, accounts and devices may have.
 *
 * A host name is one DNS label that no resolver or browser takes for anything
 * else: see PROTOCOL.md, "Names".  The name of an agent's device is its host
 * name.  All names are compared without case; name_fold() gives the one
 * spelling (lower case) that is stored, sent and put into keys.
 *
 * Pure functions over strings; nothing is allocated.
 */
#ifndef INROAD_PROTOCOL_NAME_H
#define INROAD_PROTOCOL_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/limits.h"

struct wire_reader;
struct wire_writer;

/* Longest name of a host or of a device: a DNS label. */
#define NAME_HOST_MAX (LIMITS_LABEL_LEN - 1)
/* Longest name of an account. */
#define NAME_USER_MAX (LIMITS_LABEL_LEN - 1)
/* Longest name of a target as DNS allows it, without the trailing dot. */
#define NAME_TARGET_MAX 253

/* What is wrong with a name. */
enum name_error {
	NAME_OK,
	NAME_EMPTY,
	NAME_TOO_LONG,
	NAME_CHARACTER, /* not one of a-z 0-9 - (accounts also . _ @ +) */
	NAME_HYPHEN,    /* begins or ends with one of those signs */
	NAME_NO_LETTER, /* could be taken for an address */
	NAME_HEX,       /* begins with 0x: could be taken for an address */
	NAME_RESERVED,  /* means something else here */
	NAME_WEB,       /* a top-level domain: would capture the web */
};

/*
 * Judge host, in any case, as the name of a host that exists: everything but
 * NAME_RESERVED and NAME_WEB can be the answer.
 */
enum name_error name_check_host(const char *host);

/* As name_check_host, for a new host or local alias: with all the rules. */
enum name_error name_check_new_host(const char *host);

/* Judge user as the name of an account. */
enum name_error name_check_user(const char *user);

/* Judge device as the name of a device, a gateway's too. */
enum name_error name_check_device(const char *device);

/* Return a clause for people about error, "is empty"; never NULL. */
const char *name_error_text(enum name_error error);

/*
 * Write name in lower case to out, which holds size bytes.  Returns 0, or -1
 * and an empty out when it does not fit.
 */
int name_fold(const char *name, char *out, size_t size);

/* Return true when text is all of visible ASCII characters and blanks. */
bool name_is_printable(const char *text);

/*
 * Append name in lower case to writer as a string with a length byte in front;
 * one that check does not accept makes writer bad.
 */
void name_put(struct wire_writer *writer, const char *name,
    enum name_error (*check)(const char *name));

/*
 * Read such a string into out, which holds size bytes.  A name that check does
 * not accept, or that is not in lower case, makes reader bad and out empty.
 */
void name_get(struct wire_reader *reader, char *out, size_t size,
    enum name_error (*check)(const char *name));

/* As name_put() and name_get(), of a name that may be none, which is empty. */
void name_put_or_none(struct wire_writer *writer, const char *name,
    enum name_error (*check)(const char *name));
/* As name_put_or_none(). */
void name_get_or_none(struct wire_reader *reader, char *out, size_t size,
    enum name_error (*check)(const char *name));

/*
 * Return how many single-character insertions, deletions, replacements and
 * swaps of neighbours turn a into b, or NAME_FAR when that is more than two or
 * one of them is longer than NAME_HOST_MAX.  Case does not count.
 */
unsigned name_distance(const char *a, const char *b);
#define NAME_FAR 3

/*
 * Return true when candidate is close enough to typed to be what was meant,
 * and closer than *best, which is then set to its distance.  A caller starts
 * with *best = NAME_FAR and offers all the names it knows in turn; the last
 * one for which true came back is the suggestion.
 */
bool name_is_nearer(const char *typed, const char *candidate, unsigned *best);

#endif
