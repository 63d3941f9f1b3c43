/* SPDX-License-Identifier: ISC */
/* Lists, a page at a time. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/quantity.h"
#include "relay/account.h"
#include "relay/admin_impl.h"

/*
 * Accounts and devices that are looked at for one page, wanted or not: half a
 * millisecond.  A page may therefore be short, and still not be the last.
 */
#define STEPS_MAX 8192

/* A page that is being written. */
struct page {
	struct admin_request *request;
	const struct admin_listing *listing;
	uint64_t left; /* items */
	/* What a name has in it that is listed, lower case; empty: any. */
	char match[NAME_USER_MAX + NAME_HOST_MAX + 2];
	unsigned steps;
	struct account *account; /* where it is */
	bool alone;              /* no other account is listed */
	int64_t device;          /* the last one looked at, 0: none */
	bool revoked;            /* that one is removed */
};

/* Return what the word "name=..." of request says, or NULL. */
static const char *
option(const struct admin_request *request, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 1; i < request->count; i++) {
		const char *word = request->words[i];

		if (strncmp(word, name, len) == 0 && word[len] == '=') {
			return word + len + 1;
		}
	}
	return NULL;
}

/* Return where the words behind object and verb begin. */
static size_t
first_word(const struct admin_request *request)
{
	return strcmp(request->words[0], "usage") == 0 ? 1 : 2;
}

const char *
admin_operand(const struct admin_request *request)
{
	size_t first = first_word(request);
	const char *word =
	    first < request->count ? request->words[first] : NULL;

	return word != NULL && strchr(word, '=') == NULL ? word : NULL;
}

/* Put how many items a page has to *out; 0, or -1 and request is over. */
static int
read_limit(struct admin_request *request, uint64_t *out)
{
	const char *limit = option(request, "limit");

	*out = ADMIN_PAGE_MAX;
	if (limit != NULL && (quantity_number(limit, out) != 0 || *out == 0 ||
				 *out > ADMIN_PAGE_MAX)) {
		admin_finish(request, ADMIN_USAGE, "bad-request",
		    "A page has 1 to 500 items.");
		return -1;
	}
	return 0;
}

static void
refuse_cursor(struct admin_request *request)
{
	admin_finish(request, ADMIN_USAGE, "bad-request",
	    "No page begins there: say after what \"next\" said.");
}

/* --- where a page begins ---------------------------------------------- */

/* Return the first account that is younger than the one with that id. */
static struct account *
first_behind(const struct account_book *book, int64_t id)
{
	struct account *account = account_next(book, NULL);

	while (account != NULL && account_row(account)->id <= id) {
		account = account_next(book, account);
	}
	return account;
}

/* Read an id at *text, which goes on behind it; 0 when there is none. */
static int64_t
read_id(const char **text)
{
	int64_t id = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++) {
		if (id > INT64_MAX / 10 - 1) {
			return 0;
		}
		id = 10 * id + (**text - '0');
	}
	return id;
}

/* "ACCOUNT", "ACCOUNT.DEVICE" or "ACCOUNT.rDEVICE"; 0 or -1. */
static int
read_cursor(struct page *page, const char *text, int64_t *account)
{
	*account = read_id(&text);
	if (*account == 0) {
		return -1;
	}
	if (*text == '.') {
		page->revoked = *++text == 'r';
		text += page->revoked;
		page->device = read_id(&text);
		if (page->device == 0) {
			return -1;
		}
	}
	return *text == '\0' ? 0 : -1;
}

/* Begin behind the place that the cursor tells; 0 or -1. */
static int
resume(struct page *page, const char *cursor)
{
	const struct account_book *book = page->request->book;
	struct account *account;
	int64_t id;

	if (read_cursor(page, cursor, &id) != 0) {
		return -1;
	}
	account = account_by_number(book, id);
	if (account == NULL) {
		page->device = 0;
		account = first_behind(book, id);
	} else if (page->device == 0) {
		account = account_next(book, account);
	}
	if (!page->alone) {
		page->account = account;
	} else if (account != page->account) {
		page->account = NULL;
	}
	return 0;
}

/* Whether the words behind object, verb and account say which page. */
static bool
is_well_worded(const struct admin_request *request)
{
	size_t i = first_word(request) + (admin_operand(request) != NULL);

	for (; i < request->count; i++) {
		if (strncmp(request->words[i], "limit=", 6) != 0 &&
		    strncmp(request->words[i], "after=", 6) != 0 &&
		    strncmp(request->words[i], "match=", 6) != 0) {
			return false;
		}
	}
	return true;
}

/* Names are compared without case; 0, or -1 and the request is over. */
static int
read_match(struct page *page)
{
	const char *match = option(page->request, "match");
	size_t len = match != NULL ? strlen(match) : 0;

	if (len >= sizeof(page->match)) {
		admin_finish(page->request, ADMIN_USAGE, "bad-request",
		    "No name is as long as what is to match.");
		return -1;
	}
	for (size_t i = 0; i < len; i++) {
		char c = match[i];

		if (c >= 'A' && c <= 'Z') {
			c = (char)(c | 0x20);
		}
		page->match[i] = c;
	}
	return 0;
}

/* Find the first account of a page; 0, or -1 and the request is over. */
static int
begin(struct page *page)
{
	struct admin_request *request = page->request;
	const char *user = admin_operand(request);
	const char *cursor = option(request, "after");

	if (!is_well_worded(request)) {
		admin_finish(request, ADMIN_USAGE, "bad-request",
		    "A list takes an account, limit=N, after=CURSOR and "
		    "match=TEXT.");
		return -1;
	}
	if (user == NULL && request->asker->level != STORE_ADMIN) {
		user = request->asker->user;
	}
	if (read_limit(request, &page->left) != 0) {
		return -1;
	}
	if (read_match(page) != 0) {
		return -1;
	}
	page->alone = user != NULL;
	page->account = user != NULL ? admin_reach(request, user)
				     : account_next(request->book, NULL);
	if (page->account == NULL && user != NULL) {
		return -1;
	}
	if (cursor != NULL && resume(page, cursor) != 0) {
		refuse_cursor(request);
		return -1;
	}
	return 0;
}

/* --- writing it -------------------------------------------------------- */

/* Whether the page is full, now that another one was looked at. */
static bool
is_full(struct page *page)
{
	page->steps++;
	return page->left == 0 || page->steps >= STEPS_MAX;
}

/*
 * Return the first device behind the one that the page is at, which may be gone
 * or removed since.
 */
static struct account_device *
next_device(const struct page *page)
{
	struct account_device *at;
	struct account_device *device = NULL;

	if (page->device == 0) {
		return account_next_device(page->account, NULL);
	}
	at = account_device_by_id(page->request->book, page->device);
	if (at != NULL && account_device_account(at) == page->account &&
	    (account_device_row(at)->revoked_at != 0) == page->revoked) {
		return account_next_device(page->account, at);
	}
	/* Live ones are in the order of their ids, and come first. */
	do {
		device = account_next_device(page->account, device);
	} while (
	    device != NULL && account_device_row(device)->revoked_at == 0 &&
	    (page->revoked || account_device_row(device)->id <= page->device));
	return device;
}

/*
 * Return whether what is sought is in the name of the account that the page is
 * at or, unless name is NULL, in that and the device's.
 */
static bool
is_meant(const struct page *page, const char *name)
{
	char whole[NAME_USER_MAX + NAME_HOST_MAX + 2];

	(void)snprintf(whole, sizeof(whole), "%s%s%s",
	    account_row(page->account)->user, name != NULL ? "/" : "",
	    name != NULL ? name : "");
	return strstr(whole, page->match) != NULL;
}

/* List devices of the account that the page is at; true when it is full. */
static bool
list_devices(struct page *page)
{
	struct admin_request *request = page->request;
	struct account_device *device = next_device(page);

	while (device != NULL) {
		const struct store_device *row = account_device_row(device);

		page->device = row->id;
		page->revoked = row->revoked_at != 0;
		page->left -= is_meant(page, row->name) &&
				      page->listing->device(request, device)
				  ? 1
				  : 0;
		device = account_next_device(page->account, device);
		if (is_full(page) && device != NULL) {
			return true;
		}
	}
	page->device = 0;
	return false;
}

/* List what is listed of an account; true when that is where the page ends. */
static bool
list_account(struct page *page)
{
	const struct admin_listing *listing = page->listing;
	size_t items;

	if (listing->wants != NULL && !listing->wants(page->account)) {
		return false;
	}
	if (listing->device != NULL) {
		return list_devices(page);
	}
	if (!is_meant(page, NULL)) {
		return false;
	}
	items = listing->account(page->request, page->account);
	page->left -= items < page->left ? items : page->left;
	return false;
}

static void
say_next(const struct page *page, const struct account *account)
{
	char cursor[ADMIN_CURSOR_LEN];
	int len = snprintf(
	    cursor, sizeof(cursor), "%" PRId64, account_row(account)->id);

	if (page->device != 0) {
		(void)snprintf(cursor + len, sizeof(cursor) - (size_t)len,
		    ".%s%" PRId64, page->revoked ? "r" : "", page->device);
	}
	page->request->sink->next(cursor, page->request->arg);
}

void
admin_list(struct admin_request *request, const struct admin_listing *listing)
{
	struct page page = { .request = request, .listing = listing };
	struct account *account;
	bool cut = false;

	if (begin(&page) != 0) {
		return;
	}
	while (page.account != NULL && !cut) {
		account = page.account;
		cut = list_account(&page);
		if (!cut) {
			page.account =
			    page.alone ? NULL
				       : account_next(request->book, account);
			cut = is_full(&page) && page.account != NULL;
		}
		if (cut) {
			say_next(&page, account);
		}
	}
	admin_done(request);
}
