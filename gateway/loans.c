/* SPDX-License-Identifier: ISC */
#include "gateway/loans.h"

#include <stdio.h>
#include <string.h>

#include "common/lines.h"
#include "common/mem.h"
#include "protocol/name.h"

/* Longest line, with its end. */
#define LINE_MAX_LEN (NAME_HOST_MAX + 2 + SHARESTRING_MAX)

struct loans {
	struct loan *list[LOANS_MAX]; /* by name */
	size_t count;
};

struct loans *
loans_new(void)
{
	return mem_new(1, sizeof(struct loans));
}

void
loans_free(struct loans *loans)
{
	if (loans == NULL) {
		return;
	}
	while (loans->count > 0) {
		loans_drop(loans, loans->list[0]);
	}
	mem_free(loans);
}

struct loan *
loans_find(const struct loans *loans, const char *alias)
{
	for (size_t i = 0; i < loans->count; i++) {
		if (strcmp(loans->list[i]->alias, alias) == 0) {
			return loans->list[i];
		}
	}
	return NULL;
}

struct loan *
loans_find_host(const struct loans *loans, const char *owner, const char *host)
{
	for (size_t i = 0; i < loans->count; i++) {
		const struct share *share = &loans->list[i]->share;

		if (strcmp(share->owner, owner) == 0 &&
		    strcmp(share->host, host) == 0) {
			return loans->list[i];
		}
	}
	return NULL;
}

struct loan *
loans_at(const struct loans *loans, size_t i)
{
	return i < loans->count ? loans->list[i] : NULL;
}

/* Return a new loan called alias, in its place in the list, or NULL. */
static struct loan *
insert(struct loans *loans, const char *alias)
{
	struct loan *loan =
	    loans->count < LOANS_MAX ? mem_new(1, sizeof(*loan)) : NULL;
	size_t at = 0;

	if (loan == NULL) {
		return NULL;
	}
	(void)snprintf(loan->alias, sizeof(loan->alias), "%s", alias);
	while (at < loans->count && strcmp(loans->list[at]->alias, alias) < 0) {
		at++;
	}
	memmove(&loans->list[at + 1], &loans->list[at],
	    (loans->count - at) * sizeof(loans->list[0]));
	loans->list[at] = loan;
	loans->count++;
	return loan;
}

int
loans_put(struct loans *loans, const char *alias, const struct share *share)
{
	struct loan *loan = loans_find(loans, alias);

	if (loan == NULL) {
		loan = insert(loans, alias);
	}
	if (loan == NULL) {
		return -1;
	}
	loan->share = *share;
	return 0;
}

void
loans_drop(struct loans *loans, struct loan *loan)
{
	size_t at = 0;

	while (loans->list[at] != loan) {
		at++;
	}
	loans->count--;
	memmove(&loans->list[at], &loans->list[at + 1],
	    (loans->count - at) * sizeof(loans->list[0]));
	mem_free_wiped(loan, sizeof(*loan));
}

/* --- as text ------------------------------------------------------------- */

char *
loans_format(const struct loans *loans, size_t *len)
{
	size_t size = loans->count * LINE_MAX_LEN + 1;
	char *text = mem_new(size, 1);
	char string[SHARESTRING_MAX];
	size_t used = 0;

	if (text == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < loans->count; i++) {
		int n;

		(void)sharestring_encode(&loans->list[i]->share, string);
		n = snprintf(text + used, size - used, "%s %s\n",
		    loans->list[i]->alias, string);
		used += n > 0 ? (size_t)n : 0;
	}
	mem_wipe(string, sizeof(string));
	*len = used;
	return text;
}

/* Take the line text; 0 or -1. */
static int
take_line(char *text, void *arg)
{
	struct loans *loans = arg;
	char *blank = strchr(text, ' ');
	char why[SHARESTRING_WHY_LEN];
	struct share share;
	int result = -1;

	if (blank == NULL) {
		return -1;
	}
	*blank = '\0';
	if (name_check_host(text) == NAME_OK &&
	    sharestring_decode(&share, blank + 1, why) == 0) {
		result = loans_put(loans, text, &share);
		sharestring_wipe(&share);
	}
	return result;
}

unsigned
loans_parse(struct loans *loans, const char *text)
{
	return lines_parse(text, LINE_MAX_LEN, take_line, loans);
}
