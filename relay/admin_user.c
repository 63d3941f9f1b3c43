/* SPDX-License-Identifier: ISC */
/* Accounts. */
#include "relay/admin.h"

#include <stdbool.h>
#include <string.h>

#include "common/jsonout.h"
#include "relay/account.h"
#include "relay/admin_impl.h"
#include "relay/usage.h"

/* --- accounts -------------------------------------------------------- */

static size_t
list_user(struct admin_request *request, struct account *account)
{
	const struct store_account *row = account_row(account);
	const uint64_t month = account_limit(account, ALLOWANCE_MONTH, NULL);
	struct jsonout *json = jsonout_new(ADMIN_ITEM_MAX);

	jsonout_object(json, NULL);
	jsonout_string(json, "user", row->user);
	jsonout_string(json, "level", account_level_name(row->level));
	jsonout_bool(json, "disabled", row->disabled);
	jsonout_uint(json, "created", row->created);
	jsonout_uint(
	    json, "devices", account_usage(account, ALLOWANCE_DEVICES));
	jsonout_uint(json, "hosts", account_usage(account, ALLOWANCE_HOSTS));
	jsonout_uint(json, "online", account_usage(account, ALLOWANCE_LINKS));
	jsonout_uint(json, "month",
	    usage_total(
		account_months(account), usage_month(request->asker->now)));
	if (month == ALLOWANCE_NONE) {
		jsonout_null(json, "month_limit");
	} else {
		jsonout_uint(json, "month_limit", month);
	}
	jsonout_end(json);
	request->sink->item(json, request->arg);
	return 1;
}

void
admin_user_list(struct admin_request *request)
{
	static const struct admin_listing users = { .account = list_user };

	admin_list(request, &users);
}

/* Put the level that word number 1 names into *out; false: it is over. */
static bool
read_level(struct admin_request *request, enum store_level *out)
{
	const char *name = admin_word(request, 1);

	if (account_level_parse(name != NULL ? name : "user", out) == 0) {
		return true;
	}
	admin_finish(request, ADMIN_USAGE, "bad-request",
	    "A level is admin, user or guest.");
	return false;
}

void
admin_user_add(struct admin_request *request)
{
	const struct account_by who = admin_by(request);
	enum store_level level;

	if (read_level(request, &level)) {
		admin_await(request,
		    account_create(request->book, admin_word(request, 0), level,
			&who, admin_on_outcome, request));
	}
}

void
admin_user_level(struct admin_request *request)
{
	const struct account_by who = admin_by(request);
	enum store_level level;
	struct account *account;

	if (!read_level(request, &level)) {
		return;
	}
	account = admin_reach(request, admin_word(request, 0));
	if (account != NULL) {
		admin_await(request, account_set_level(account, level, &who,
					 admin_on_outcome, request));
	}
}

static void
set_disabled(struct admin_request *request, bool disabled)
{
	const struct account_by who = admin_by(request);
	struct account *account = admin_reach(request, admin_word(request, 0));

	if (account != NULL) {
		admin_await(request, account_set_disabled(account, disabled,
					 &who, admin_on_outcome, request));
	}
}

void
admin_user_disable(struct admin_request *request)
{
	set_disabled(request, true);
}

void
admin_user_enable(struct admin_request *request)
{
	set_disabled(request, false);
}

void
admin_user_delete(struct admin_request *request)
{
	const struct account_by who = admin_by(request);
	struct account *account = admin_reach(request, admin_word(request, 0));

	if (account != NULL) {
		admin_await(request,
		    account_delete(account, &who, admin_on_outcome, request));
	}
}
