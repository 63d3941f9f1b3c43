/* SPDX-License-Identifier: ISC */
/*
 * armor: check characters that name the place of a typing mistake.
 *
 * A text over the 64 characters of base64url is cut into pieces of 61; each
 * gets two check characters, which all stand together at the end.  A piece and
 * its checks are a Reed-Solomon code word over GF(64): one wrong character in
 * it is found and its place known; two are always found.  PROTOCOL.md, "Check
 * characters", is the exact definition.
 *
 * Three more characters, '.', ':' and ',', may stand in the text, so that a
 * readable part can be covered; they count as 'A', 'B' and 'C', and the owner
 * of the text must see to it that one cannot stand for the other.
 *
 * Pure functions over the caller's memory.
 */
#ifndef INROAD_PROTOCOL_ARMOR_H
#define INROAD_PROTOCOL_ARMOR_H

#include <stddef.h>

/* The characters by their value. */
#define ARMOR_ALPHABET                                                         \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                           \
	"abcdefghijklmnopqrstuvwxyz"                                           \
	"0123456789-_"

/* Characters of a number, as of the length of a text, and what it can be. */
#define ARMOR_NUMBER_LEN 2
#define ARMOR_NUMBER_MAX (64 * 64 - 1)

enum armor_result {
	ARMOR_OK,
	ARMOR_CHARACTER, /* a character that cannot stand in such a text */
	ARMOR_TYPO,      /* one character is wrong */
	ARMOR_GARBLED,   /* several are */
	ARMOR_LENGTH,    /* no text with its checks has this length */
};

/* Return how many check characters a text of len characters gets. */
size_t armor_checks(size_t len);

/*
 * Return the length of the text in len characters of text and checks, or 0
 * when that is no possible length.
 */
size_t armor_text_len(size_t len);

/*
 * Append its checks to the len characters at text, which has room for
 * armor_checks(len) more.  No terminator is written.  All characters must be
 * allowed ones.
 */
void armor_protect(char *text, size_t len);

/*
 * Verify the len characters of text and checks at text.  On ARMOR_CHARACTER
 * and ARMOR_TYPO *index is the wrong character, counted from 0, on
 * ARMOR_GARBLED the first character of the first piece that is wrong; else
 * *index is left alone.
 */
enum armor_result armor_verify(const char *text, size_t len, size_t *index);

/*
 * Write number, ARMOR_NUMBER_MAX at most, as the first ARMOR_NUMBER_LEN
 * characters of text, the high one first, without a terminator.
 */
void armor_put_number(char *text, size_t number);

/* Return the number that text begins with, or 0 when it is none. */
size_t armor_get_number(const char *text);

#endif
