/* SPDX-License-Identifier: ISC */
/* What accounts may have, and what they used of it. */
#include "common/jsonout.h"
#include "relay/account.h"
#include "relay/admin.h"
#include "relay/admin_impl.h"
#include "relay/tenant.h"
#include "relay/usage.h"

/* --- limits ---------------------------------------------------------- */

/* Write how much of key account has or does at present, or null. */
static void
write_use(struct jsonout *json, const struct account *account,
    enum allowance_key key, uint64_t now)
{
	switch (key) {
	case ALLOWANCE_DEVICES:
	case ALLOWANCE_HOSTS:
	case ALLOWANCE_LINKS:
		jsonout_uint(json, "use", account_usage(account, key));
		break;
	case ALLOWANCE_CHANNELS:
		jsonout_uint(json, "use", tenant_circuits(account));
		break;
	case ALLOWANCE_RATE_UP:
		jsonout_uint(json, "use", tenant_rate(account, TENANT_UP));
		break;
	case ALLOWANCE_RATE_DOWN:
		jsonout_uint(json, "use", tenant_rate(account, TENANT_DOWN));
		break;
	case ALLOWANCE_MONTH:
		tenant_settle(account);
		jsonout_uint(json, "use", account_spent(account, now));
		break;
	case ALLOWANCE_ATTACHES:
	case ALLOWANCE_BURST:
	case ALLOWANCE_KEYS:
		jsonout_null(json, "use");
		break;
	}
}

/* Write value, or null for none. */
static void
write_value(struct jsonout *json, const char *name, uint64_t value)
{
	if (value == ALLOWANCE_NONE) {
		jsonout_null(json, name);
	} else {
		jsonout_uint(json, name, value);
	}
}

static void
show_limit(struct admin_request *request, const struct account *account,
    enum allowance_key key)
{
	static const char *const sources[] = {
		[ACCOUNT_SOURCE_NONE] = "none",
		[ACCOUNT_SOURCE_LEVEL] = "level",
		[ACCOUNT_SOURCE_ACCOUNT] = "account",
	};
	static const char *const units[] = {
		[ALLOWANCE_COUNT] = "",
		[ALLOWANCE_BITS] = "bit/s",
		[ALLOWANCE_BYTES] = "B",
	};
	struct jsonout *json = jsonout_new(ADMIN_ITEM_MAX);
	enum account_source source;
	uint64_t limit = account_limit(account, key, &source);

	jsonout_object(json, NULL);
	jsonout_string(json, "limit", allowance_name(key));
	write_value(json, "value", limit);
	jsonout_string(json, "unit", units[allowance_unit(key)]);
	jsonout_string(json, "from", sources[source]);
	write_use(json, account, key, request->asker->now);
	jsonout_end(json);
	request->sink->item(json, request->arg);
}

static void
show_limits(struct admin_request *request, const struct account *account)
{
	for (int key = 0; key < ALLOWANCE_KEYS; key++) {
		show_limit(request, account, (enum allowance_key)key);
	}
	admin_done(request);
}

/* Read KEY=VALUE words; 0, or -1 and the request is over. */
static int
read_limits(struct admin_request *request, struct allowance *change)
{
	const char *why;

	for (size_t i = 2; i < request->count; i++) {
		if (allowance_change(request->words[i], change, &why) != 0) {
			admin_finish(request, ADMIN_USAGE, "bad-request", why);
			return -1;
		}
	}
	return 0;
}

/* limit USER [KEY=VALUE...]: everybody sees the own ones. */
void
admin_limit(struct admin_request *request)
{
	const struct account_by who = admin_by(request);
	struct allowance change = { .set = { false } };
	struct account *account = admin_reach(request, request->words[1]);

	if (account == NULL) {
		return;
	}
	if (request->count == 2) {
		show_limits(request, account);
	} else if (request->asker->level != STORE_ADMIN) {
		admin_finish(request, ADMIN_DENIED, "not-allowed",
		    "That needs the level admin.");
	} else if (read_limits(request, &change) == 0) {
		admin_await(request, account_set_limits(account, &change, &who,
					 admin_on_outcome, request));
	}
}

/* --- usage ----------------------------------------------------------- */

static void
show_month(struct admin_request *request, const struct account *account,
    const struct usage_month *month)
{
	struct jsonout *json = jsonout_new(ADMIN_ITEM_MAX);
	char text[USAGE_MONTH_LEN];

	jsonout_object(json, NULL);
	jsonout_string(json, "user", account_row(account)->user);
	jsonout_string(json, "month", usage_month_text(month->month, text));
	jsonout_uint(json, "up", month->up);
	jsonout_uint(json, "down", month->down);
	jsonout_uint(json, "total", month->up + month->down);
	write_value(json, "limit",
	    month->month == usage_month(request->asker->now)
		? account_limit(account, ALLOWANCE_MONTH, NULL)
		: ALLOWANCE_NONE);
	jsonout_end(json);
	request->sink->item(json, request->arg);
}

/* The latest month first. */
static void
show_months(struct admin_request *request, const struct account *account)
{
	const struct usage *usage = account_months(account);

	tenant_settle(account);
	for (size_t i = usage->count; i > 0; i--) {
		show_month(request, account, &usage->months[i - 1]);
	}
}

/* Of an account the present month, if it moved something. */
static size_t
list_month(struct admin_request *request, struct account *account)
{
	const uint32_t now = usage_month(request->asker->now);
	const struct usage *usage = account_months(account);

	tenant_settle(account);
	if (usage->count == 0 || usage->months[usage->count - 1].month != now) {
		return 0;
	}
	show_month(request, account, &usage->months[usage->count - 1]);
	return 1;
}

/* usage [USER]: everybody sees the own one. */
void
admin_usage(struct admin_request *request)
{
	static const struct admin_listing months = { .account = list_month };
	const char *user = admin_operand(request);
	struct account *account;

	if (user == NULL && request->asker->level == STORE_ADMIN) {
		admin_list(request, &months);
		return;
	}
	account =
	    admin_reach(request, user != NULL ? user : request->asker->user);
	if (account != NULL) {
		show_months(request, account);
		admin_done(request);
	}
}
