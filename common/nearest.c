/* SPDX-License-Identifier: ISC */
#include "common/nearest.h"

#include <ctype.h>
#include <stdbool.h>
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

/* Return true when the letters before a[i] and b[j] are the same, swapped. */
static bool
is_swap(const char *a, size_t i, const char *b, size_t j)
{
	return i > 1 && j > 1 && letter(a, i - 1) == letter(b, j - 2) &&
	       letter(b, j - 1) == letter(a, i - 2);
}

/*
 * Three rows of the table of distances between beginnings of two words: what a
 * row needs is in the two above, as a swap looks two back.
 */
struct rows {
	size_t of[3][NEAREST_LEN_MAX + 1];
};

/* Fill row i, above which all are filled; i is at least 1. */
static void
fill_row(struct rows *rows, const char *a, size_t i, const char *b)
{
	size_t *row = rows->of[i % 3];
	const size_t *above = rows->of[(i + 2) % 3];
	const size_t *before = rows->of[(i + 1) % 3];

	row[0] = i;
	for (size_t j = 1; b[j - 1] != '\0'; j++) {
		bool same = letter(a, i - 1) == letter(b, j - 1);

		row[j] = least(row[j - 1] + 1, above[j] + 1,
		    above[j - 1] + (same ? 0 : 1));
		if (is_swap(a, i, b, j) && before[j - 2] < row[j]) {
			row[j] = before[j - 2] + 1;
		}
	}
}

/*
 * Return the optimal string alignment distance of a and b, of at most
 * NEAREST_LEN_MAX letters each.
 */
static size_t
distance(const char *a, const char *b)
{
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);
	struct rows rows = { { { 0 } } };

	for (size_t j = 0; j <= b_len; j++) {
		rows.of[0][j] = j;
	}
	for (size_t i = 1; i <= a_len; i++) {
		fill_row(&rows, a, i, b);
	}
	return rows.of[a_len % 3][b_len];
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
