/* SPDX-License-Identifier: ISC */
#include "common/nearest.h"

#include <ctype.h>
#include <string.h>

/* Return the smallest of three. */
static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Return the letter at word[i], in lower case. */
static int
letter(const char *word, size_t i)
{
	return tolower((unsigned char)word[i]);
}

/*
 * Return the optimal string alignment distance of a and b, of at most
 * NEAREST_LEN_MAX letters each.  Three rows are kept: a swap looks two back.
 */
static size_t
distance(const char *a, const char *b)
{
	size_t rows[3][NEAREST_LEN_MAX + 1];
	size_t b_len = strlen(b);
	size_t i;

	for (size_t j = 0; j <= b_len; j++) {
		rows[0][j] = j;
	}
	for (i = 1; a[i - 1] != '\0'; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			int x = letter(a, i - 1);
			int y = letter(b, j - 1);

			row[j] = least(row[j - 1] + 1, above[j] + 1,
			    above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == letter(b, j - 2) &&
			    y == letter(a, i - 2)) {
				row[j] = least(row[j], row[j],
				    rows[(i + 1) % 3][j - 2] + 1);
			}
		}
	}
	return rows[(i + 2) % 3][b_len];
}

void
nearest_begin(struct nearest *search, const char *word)
{
	search->best = NULL;
	search->word = word;
	/* One slip in three letters, but always one. */
	search->distance = strlen(word) / 3 + 1;
	if (search->distance == 1) {
		search->distance = 2;
	}
}

void
nearest_try(struct nearest *search, const char *candidate)
{
	size_t far;

	if (strlen(search->word) > NEAREST_LEN_MAX ||
	    strlen(candidate) > NEAREST_LEN_MAX) {
		return;
	}
	far = distance(search->word, candidate);
	/* Nothing of the word is left when every letter would change. */
	if (far < search->distance && far < strlen(candidate)) {
		search->best = candidate;
		search->distance = far;
	}
}

const char *
nearest(const char *word, const char *const *list)
{
	struct nearest search;

	nearest_begin(&search, word);
	for (; *list != NULL; list++) {
		nearest_try(&search, *list);
	}
	return search.best;
}
