/* SPDX-License-Identifier: ISC */
/*
 * joinstring: a membership as one line to paste (PROTOCOL.md, "Join string").
 *
 *	inroad1:relay.example.net:7000:jwRyxrOrpmvuN…
 *
 * After the prefix come the relays, readable, then the rest in base64url with
 * check characters.  Nothing in it means anything to a shell.  A mistyped
 * string is told from a good one, and the character at fault named, before
 * anything is done with it.
 */
#ifndef INROAD_PROTOCOL_JOINSTRING_H
#define INROAD_PROTOCOL_JOINSTRING_H

#include <stddef.h>

struct membership;

/* The prefix by which log redactors and secret scanners know the string. */
#define JOINSTRING_PREFIX "inroad1:"
/* Room for the longest join string. */
#define JOINSTRING_MAX 3072
/* Room for a text of joinstring_explain(). */
#define JOINSTRING_EXPLAIN_LEN 128

/* What came of reading a join string. */
enum joinstring_result {
	JOINSTRING_OK,
	JOINSTRING_FOREIGN, /* does not begin like a join string */
	JOINSTRING_VERSION, /* of another version of this program */
	JOINSTRING_TYPO,    /* one character, at .where */
	JOINSTRING_GARBLED, /* several characters, from about .where */
	JOINSTRING_LENGTH,  /* .length characters instead of .expected */
	JOINSTRING_INVALID, /* well typed, but it says nothing sensible */
};

/* Where and how a join string is wrong; counts are in characters. */
struct joinstring_error {
	size_t where;     /* the character at fault, from 1; 0 if none is */
	size_t length;    /* of the string without blanks around it */
	size_t expected;  /* length it should have; 0 if not known */
	const char *flaw; /* JOINSTRING_INVALID: a clause; else NULL */
};

/*
 * Write the join string of membership to out, JOINSTRING_MAX bytes.  Returns
 * its length, or 0 when membership is not valid.  The caller wipes out.
 */
size_t joinstring_encode(const struct membership *membership, char *out);

/*
 * Read *membership from text, skipping blanks and line ends around it.
 * Anything but JOINSTRING_OK leaves *membership wiped and tells about it in
 * *error; places are counted from the first character that is no blank.
 */
enum joinstring_result joinstring_decode(struct membership *membership,
    const char *text, struct joinstring_error *error);

/*
 * Write a sentence for people about result and error, "character 31 looks
 * wrong", to out; returns out.  It holds nothing of the string itself.
 */
char *joinstring_explain(enum joinstring_result result,
    const struct joinstring_error *error, char out[JOINSTRING_EXPLAIN_LEN]);

#endif
