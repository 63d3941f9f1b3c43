/* SPDX-License-Identifier: ISC */
/* Rules of who may not reach what. */
#include "relay/admin.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/jsonout.h"
#include "common/quantity.h"
#include "relay/account.h"
#include "relay/admin_impl.h"
#include "relay/rules.h"

static void
send_rule(struct admin_request *request, const struct store_rule *row)
{
	struct jsonout *json = jsonout_new(ADMIN_ITEM_MAX);
	char target[NAME_USER_MAX + 1 + NAME_HOST_MAX + 1];

	(void)snprintf(target, sizeof(target), "%s/%s", row->owner, row->host);
	jsonout_object(json, NULL);
	jsonout_uint(json, "id", (uint64_t)row->id);
	jsonout_string(json, "rule", row->allow ? "allow" : "deny");
	jsonout_string(json, "user", row->user);
	jsonout_string(json, "target", target);
	jsonout_end(json);
	request->sink->item(json, request->arg);
}

void
admin_acl_list(struct admin_request *request)
{
	const struct rules *rules = account_book_rules(request->book);
	const struct store_rule *row = rules_next(rules, NULL);

	for (; row != NULL; row = rules_next(rules, row)) {
		send_rule(request, row);
	}
	admin_done(request);
}

/* Put the number of a rule into *id; false: the request is over. */
static bool
read_id(struct admin_request *request, const char *word, int64_t *id)
{
	uint64_t number;

	if (quantity_number(word, &number) != 0 || number == 0 ||
	    number > INT64_MAX) {
		admin_finish(request, ADMIN_USAGE, "bad-request",
		    "A rule is named by its number, as in \"acl list\".");
		return false;
	}
	*id = (int64_t)number;
	return true;
}

/* Read what the words say of a new rule; false: the request is over. */
static bool
read_rule(struct admin_request *request, struct store_rule *row)
{
	const char *kind = admin_word(request, 0);

	row->allow = strcmp(kind, "allow") == 0;
	if (!row->allow && strcmp(kind, "deny") != 0) {
		admin_finish(request, ADMIN_USAGE, "bad-request",
		    "A rule says allow or deny.");
		return false;
	}
	if (rules_parse(admin_word(request, 1), admin_word(request, 2), row) !=
	    0) {
		admin_finish(request, ADMIN_USAGE, "bad-request",
		    "A rule names an account and OWNER/HOST, with at most one "
		    "* in each name: deny bob alice/db-*.");
		return false;
	}
	return true;
}

void
admin_acl_add(struct admin_request *request)
{
	const struct account_by who = admin_by(request);
	const char *front = admin_word(request, 3);
	struct store_rule row = { .id = 0 };
	int64_t before = 0;

	if (!read_rule(request, &row) ||
	    (front != NULL && !read_id(request, front, &before))) {
		return;
	}
	admin_await(request, account_add_rule(request->book, &row, before, &who,
				 admin_on_outcome, request));
}

void
admin_acl_delete(struct admin_request *request)
{
	const struct account_by who = admin_by(request);
	int64_t id;

	if (!read_id(request, admin_word(request, 0), &id)) {
		return;
	}
	if (rules_find(account_book_rules(request->book), id) == NULL) {
		admin_absent(request, "There is no such rule.");
		return;
	}
	admin_await(request, account_delete_rule(request->book, id, &who,
				 admin_on_outcome, request));
}
