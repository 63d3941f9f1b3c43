/* SPDX-License-Identifier: ISC */
#include "protocol/armor.h"

#include <stdbool.h>
#include <string.h>

/* Symbols of a code word: as many as GF(64) has elements but zero. */
#define WORD_LEN ((size_t)63)
#define CHECKS ((size_t)2)
#define PIECE_LEN (WORD_LEN - CHECKS)

/* What gf_symbol() says of a character that is none. */
#define NO_SYMBOL 64

static const char alphabet[] = ARMOR_ALPHABET;

/* The two sums that are zero over a good code word. */
struct sums {
	unsigned plain;    /* of all symbols */
	unsigned weighted; /* of symbol i times a^i */
};

/* --- GF(64), modulo x^6 + x + 1, whose root a = 2 is primitive ------- */

static unsigned
multiply(unsigned x, unsigned y)
{
	unsigned product = 0;

	for (; y != 0; y >>= 1) {
		if (y & 1) {
			product ^= x;
		}
		x <<= 1;
		if (x & 64) {
			x ^= 0x43;
		}
	}
	return product;
}

/* Return a to the power of exponent. */
static unsigned
power(size_t exponent)
{
	unsigned value = 1;

	for (size_t i = exponent % WORD_LEN; i > 0; i--) {
		value = multiply(value, 2);
	}
	return value;
}

/* Return the value of a character, NO_SYMBOL when it has none. */
static unsigned
symbol(char c)
{
	static const char aliases[] = ".:,";
	const char *found;

	if (c == '\0') {
		return NO_SYMBOL;
	}
	found = strchr(aliases, c);
	if (found != NULL) {
		return (unsigned)(found - aliases);
	}
	found = strchr(alphabet, c);
	return found != NULL ? (unsigned)(found - alphabet) : NO_SYMBOL;
}

/* --- code words ------------------------------------------------------ */

/* Add the len characters at text, of which the first is symbol number first. */
static void
add(struct sums *sums, const char *text, size_t len, size_t first)
{
	unsigned weight = power(first);

	for (size_t i = 0; i < len; i++) {
		sums->plain ^= symbol(text[i]);
		sums->weighted ^= multiply(symbol(text[i]), weight);
		weight = multiply(weight, 2);
	}
}

static size_t
piece_len(size_t rest)
{
	return rest < PIECE_LEN ? rest : PIECE_LEN;
}

size_t
armor_checks(size_t len)
{
	return CHECKS * ((len + PIECE_LEN - 1) / PIECE_LEN);
}

size_t
armor_text_len(size_t len)
{
	size_t checks = CHECKS * ((len + WORD_LEN - 1) / WORD_LEN);

	if (len <= checks || armor_checks(len - checks) != checks) {
		return 0;
	}
	return len - checks;
}

/*
 * The checks x and y behind n symbols solve
 *
 *	x + y = plain          x a^n + y a^(n+1) = weighted
 *
 * so y (a^n + a^(n+1)) = weighted + a^n plain, where a^n + a^(n+1) = a^(n+6).
 */
void
armor_protect(char *text, size_t len)
{
	char *checks = text + len;
	size_t n;

	for (size_t at = 0; at < len; at += n) {
		struct sums sums = { 0, 0 };
		unsigned y;

		n = piece_len(len - at);
		add(&sums, text + at, n, 0);
		y = sums.weighted ^ multiply(power(n), sums.plain);
		y = multiply(y, power(2 * WORD_LEN - n - 6));
		*checks++ = alphabet[sums.plain ^ y];
		*checks++ = alphabet[y];
	}
}

/*
 * Return the number of the symbol whose mistake explains sums, or WORD_LEN
 * when more than one must be wrong: a mistake e in symbol i gives the sums e
 * and e a^i.
 */
static size_t
locate(const struct sums *sums)
{
	unsigned weighted = sums->plain;
	size_t i = 0;

	if (sums->plain == 0) {
		return WORD_LEN;
	}
	while (i < WORD_LEN && weighted != sums->weighted) {
		weighted = multiply(weighted, 2);
		i++;
	}
	return i;
}

/*
 * Judge the piece of n characters at text + at with its checks at checks.  The
 * index at fault is put to *index.
 */
static enum armor_result
verify_piece(
    const char *text, size_t at, size_t n, size_t checks, size_t *index)
{
	struct sums sums = { 0, 0 };
	size_t place;

	add(&sums, text + at, n, 0);
	add(&sums, text + checks, CHECKS, n);
	if (sums.plain == 0 && sums.weighted == 0) {
		return ARMOR_OK;
	}
	place = locate(&sums);
	if (place >= n + CHECKS) {
		*index = at;
		return ARMOR_GARBLED;
	}
	*index = place < n ? at + place : checks + place - n;
	return ARMOR_TYPO;
}

enum armor_result
armor_verify(const char *text, size_t len, size_t *index)
{
	size_t text_len = armor_text_len(len);
	size_t checks = text_len;
	size_t first = 0;
	unsigned wrong = 0;
	enum armor_result result = ARMOR_OK;

	for (size_t i = 0; i < len; i++) {
		if (symbol(text[i]) == NO_SYMBOL) {
			*index = i;
			return ARMOR_CHARACTER;
		}
	}
	if (text_len == 0) {
		return ARMOR_LENGTH;
	}
	for (size_t at = 0; at < text_len; at += PIECE_LEN) {
		size_t place = 0;
		enum armor_result piece = verify_piece(
		    text, at, piece_len(text_len - at), checks, &place);

		checks += CHECKS;
		if (piece == ARMOR_OK) {
			continue;
		}
		if (wrong++ == 0) {
			result = piece;
			first = at;
			*index = place;
		}
	}
	if (wrong > 1) {
		*index = first;
		result = ARMOR_GARBLED;
	}
	return result;
}

/* --- numbers --------------------------------------------------------- */

void
armor_put_number(char *text, size_t number)
{
	text[0] = alphabet[number / 64];
	text[1] = alphabet[number % 64];
}

size_t
armor_get_number(const char *text)
{
	size_t number = 0;

	for (size_t i = 0; i < ARMOR_NUMBER_LEN; i++) {
		const char *found =
		    text[i] != '\0' ? strchr(alphabet, text[i]) : NULL;

		if (found == NULL) {
			return 0;
		}
		number = 64 * number + (size_t)(found - alphabet);
	}
	return number;
}
