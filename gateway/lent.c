/* SPDX-License-Identifier: ISC */
#include "gateway/lent.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/lines.h"
#include "common/mem.h"
#include "common/quantity.h"

struct lent {
	struct lent_share *list;
	size_t count;
	size_t max;
};

struct lent *
lent_new(void)
{
	return mem_new(1, sizeof(struct lent));
}

void
lent_free(struct lent *lent)
{
	if (lent != NULL) {
		mem_free(lent->list);
		mem_free(lent);
	}
}

const struct lent_share *
lent_at(const struct lent *lent, size_t i)
{
	return i < lent->count ? &lent->list[i] : NULL;
}

/* Return the index of share, or the count. */
static size_t
find(const struct lent *lent, uint64_t share)
{
	size_t i = 0;

	while (i < lent->count && lent->list[i].share != share) {
		i++;
	}
	return i;
}

int
lent_put(struct lent *lent, const struct lent_share *share)
{
	size_t at = find(lent, share->share);
	size_t max = lent->max + lent->max / 2 + 16;
	struct lent_share *list;

	if (at == LENT_MAX) {
		return -1;
	}
	if (at == lent->max) {
		list = mem_grow(lent->list, max, sizeof(*list));
		if (list == NULL) {
			return -1;
		}
		lent->list = list;
		lent->max = max;
	}
	lent->list[at] = *share;
	lent->count += at == lent->count ? 1 : 0;
	return 0;
}

void
lent_drop(struct lent *lent, uint64_t share)
{
	size_t at = find(lent, share);

	if (at < lent->count) {
		lent->count--;
		memmove(&lent->list[at], &lent->list[at + 1],
		    (lent->count - at) * sizeof(lent->list[0]));
	}
}

bool
lent_expire(struct lent *lent, uint64_t now)
{
	size_t kept = 0;
	size_t count = lent->count;

	for (size_t i = 0; i < count; i++) {
		uint64_t expiry = lent->list[i].expiry;

		if (expiry == 0 || expiry > now) {
			lent->list[kept++] = lent->list[i];
		}
	}
	lent->count = kept;
	return kept < count;
}

/* --- as text ------------------------------------------------------------- */

const char *
lent_format_id(uint64_t share, char out[LENT_ID_LEN])
{
	(void)snprintf(out, LENT_ID_LEN, "%016" PRIx64, share);
	return out;
}

int
lent_parse_id(const char *text, uint64_t *out)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t value = 0;

	if (strlen(text) != LENT_ID_LEN - 1) {
		return -1;
	}
	for (const char *c = text; *c != '\0'; c++) {
		const char *found = strchr(digits, *c);

		if (found == NULL) {
			return -1;
		}
		value = value << 4 | (uint64_t)(found - digits);
	}
	if (value == 0) {
		return -1;
	}
	*out = value;
	return 0;
}

char *
lent_format(const struct lent *lent)
{
	size_t size = lent->count * LENT_LINE_MAX + 1;
	char *text = mem_new(size, 1);
	size_t used = 0;

	if (text == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < lent->count; i++) {
		const struct lent_share *share = &lent->list[i];
		int n = snprintf(text + used, size - used,
		    "%s %016" PRIx64 " %s %s %" PRIu64 " %" PRIu64 " %" PRIu64
		    " %s\n",
		    share->ended ? "ended" : "lent", share->share, share->host,
		    share->user[0] != '\0' ? share->user : "-", share->expiry,
		    share->created, share->told, share->rights);

		used += n > 0 ? (size_t)n : 0;
	}
	return text;
}

/* Cut the next word off *text; "" at the end. */
static char *
next_word(char **text)
{
	char *word = *text;
	char *blank = strchr(word, ' ');

	*text = blank != NULL ? blank + 1 : word + strlen(word);
	if (blank != NULL) {
		*blank = '\0';
	}
	return word;
}

/* Read the names of a line; 0 or -1. */
static int
parse_names(struct lent_share *out, const char *host, const char *user)
{
	if (strcmp(user, "-") == 0) {
		user = "";
	}
	if (name_check_host(host) != NAME_OK ||
	    (user[0] != '\0' && name_check_user(user) != NAME_OK)) {
		return -1;
	}
	(void)snprintf(out->host, sizeof(out->host), "%s", host);
	(void)snprintf(out->user, sizeof(out->user), "%s", user);
	return 0;
}

/* Take the line text; 0 or -1. */
static int
take_line(char *text, void *arg)
{
	struct lent *lent = arg;
	struct lent_share share = { .share = 0 };
	const char *state = next_word(&text);
	const char *id = next_word(&text);
	const char *host = next_word(&text);
	const char *user = next_word(&text);
	const char *expiry = next_word(&text);
	const char *created = next_word(&text);
	const char *told = next_word(&text);

	share.ended = strcmp(state, "ended") == 0;
	if ((!share.ended && strcmp(state, "lent") != 0) ||
	    lent_parse_id(id, &share.share) != 0 ||
	    parse_names(&share, host, user) != 0 ||
	    quantity_number(expiry, &share.expiry) != 0 ||
	    quantity_number(created, &share.created) != 0 ||
	    quantity_number(told, &share.told) != 0 ||
	    !rights_are_valid(text)) {
		return -1;
	}
	(void)snprintf(share.rights, sizeof(share.rights), "%s", text);
	return lent_put(lent, &share);
}

unsigned
lent_parse(struct lent *lent, const char *text)
{
	return lines_parse(text, LENT_LINE_MAX, take_line, lent);
}
