/* SPDX-License-Identifier: ISC */
#include "agent/revoked.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "common/file.h"
#include "common/lines.h"
#include "common/mem.h"
#include "common/quantity.h"

#define FILE_NAME "revoked"

/* Longest line: two numbers of 20 digits, a blank and a line end. */
#define LINE_MAX_LEN 42

struct entry {
	uint64_t share;
	uint64_t expiry;
};

struct revoked {
	char *path;
	struct entry *list;
	size_t count;
};

/* --- the set ------------------------------------------------------------- */

static struct entry *
find(const struct revoked *revoked, uint64_t share)
{
	for (size_t i = 0; i < revoked->count; i++) {
		if (revoked->list[i].share == share) {
			return &revoked->list[i];
		}
	}
	return NULL;
}

bool
revoked_has(const struct revoked *revoked, uint64_t share)
{
	return find(revoked, share) != NULL;
}

/* Add share, or the later expiry of the two if it is there; 0 or -1. */
static int
put(struct revoked *revoked, uint64_t share, uint64_t expiry)
{
	struct entry *entry = find(revoked, share);

	if (entry == NULL && revoked->count == REVOKED_MAX) {
		return -1;
	}
	if (entry == NULL) {
		entry = &revoked->list[revoked->count++];
		*entry = (struct entry){ share, expiry };
	} else if (expiry == 0 || entry->expiry < expiry) {
		entry->expiry = entry->expiry == 0 ? 0 : expiry;
	}
	return 0;
}

/* Forget what has expired by itself. */
static void
forget_past(struct revoked *revoked, uint64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < revoked->count; i++) {
		uint64_t expiry = revoked->list[i].expiry;

		if (expiry == 0 || expiry > now) {
			revoked->list[kept++] = revoked->list[i];
		}
	}
	revoked->count = kept;
}

/* --- the file ------------------------------------------------------------ */

/* Take the line text; 0 or -1. */
static int
take_line(char *text, void *arg)
{
	struct revoked *revoked = arg;
	char *blank = strchr(text, ' ');
	uint64_t share;
	uint64_t expiry;

	if (blank == NULL) {
		return -1;
	}
	*blank = '\0';
	if (quantity_number(text, &share) != 0 || share == 0 ||
	    quantity_number(blank + 1, &expiry) != 0) {
		return -1;
	}
	return put(revoked, share, expiry);
}

static unsigned
parse(const char *text, void *arg)
{
	return lines_parse(text, LINE_MAX_LEN, take_line, arg);
}

/*
 * Read the file, if there is one; 0, or -1 and *fault: to go on without it
 * would let in who was shut out.
 */
static int
load(struct revoked *revoked, struct fault *fault)
{
	return lines_load(revoked->path, (size_t)REVOKED_MAX * LINE_MAX_LEN,
		   parse, revoked, "revoked share", fault) == LINES_OK
		   ? 0
		   : -1;
}

static enum revoked_result
save(const struct revoked *revoked, struct fault *fault)
{
	size_t size = revoked->count * LINE_MAX_LEN + 1;
	char *text = mem_new(size, 1);
	size_t used = 0;
	enum file_result result;

	if (text == NULL) {
		(void)fault_set(fault, "There is not enough memory.");
		return REVOKED_FAILED;
	}
	for (size_t i = 0; i < revoked->count; i++) {
		int n = snprintf(text + used, size - used,
		    "%" PRIu64 " %" PRIu64 "\n", revoked->list[i].share,
		    revoked->list[i].expiry);

		used += n > 0 ? (size_t)n : 0;
	}
	result = file_write(revoked->path, text, used, fault);
	mem_free(text);
	return result == FILE_OK ? REVOKED_KEPT : REVOKED_FAILED;
}

/* --- life ---------------------------------------------------------------- */

struct revoked *
revoked_open(const char *directory, struct fault *fault)
{
	struct revoked *revoked = mem_new(1, sizeof(*revoked));
	size_t size = strlen(directory) + sizeof("/" FILE_NAME);

	(void)fault_set(fault, "There is not enough memory.");
	if (revoked == NULL) {
		return NULL;
	}
	revoked->path = mem_new(size, 1);
	revoked->list = mem_new(REVOKED_MAX, sizeof(*revoked->list));
	if (revoked->path == NULL || revoked->list == NULL) {
		revoked_free(revoked);
		return NULL;
	}
	(void)snprintf(revoked->path, size, "%s/" FILE_NAME, directory);
	if (load(revoked, fault) != 0) {
		revoked_free(revoked);
		return NULL;
	}
	return revoked;
}

void
revoked_free(struct revoked *revoked)
{
	if (revoked != NULL) {
		mem_free(revoked->path);
		mem_free(revoked->list);
		mem_free(revoked);
	}
}

enum revoked_result
revoked_add(struct revoked *revoked, uint64_t share, uint64_t expiry,
    uint64_t now, struct fault *fault)
{
	forget_past(revoked, now);
	if (expiry != 0 && expiry <= now) {
		return REVOKED_KEPT;
	}
	if (put(revoked, share, expiry) != 0) {
		return REVOKED_FULL;
	}
	return save(revoked, fault);
}
