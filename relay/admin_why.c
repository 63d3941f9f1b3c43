/* SPDX-License-Identifier: ISC */
/*
 * Why an account reaches a host, or does not, as far as the relay decides it:
 *
 *	account   the account is there and enabled
 *	limits    it may open one more channel, and move something this month
 *	host      there is such a host, its own or shared with it
 *	rule      no rule takes that away
 *	presence  an agent of that name is linked
 *
 * Each step is an object; the first that fails is the last.  The question is
 * answered in either case.
 */
#include "relay/admin.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/jsonout.h"
#include "relay/account.h"
#include "relay/admin_impl.h"
#include "relay/device.h"
#include "relay/rules.h"
#include "relay/tenant.h"

/* Whether who reaches what. */
struct question {
	struct admin_request *request;
	const struct account *user;
	const char *owner;
	char host[NAME_HOST_MAX + 1];
};

static void
send_step(struct admin_request *request, const char *step, bool passed,
    const char *text)
{
	struct jsonout *json = jsonout_new(ADMIN_ITEM_MAX);

	jsonout_object(json, NULL);
	jsonout_string(json, "step", step);
	jsonout_string(json, "state", passed ? "ok" : "fail");
	jsonout_string(json, "text", text);
	jsonout_end(json);
	request->sink->item(json, request->arg);
}

static void __attribute__((format(printf, 3, 4)))
pass(const struct question *question, const char *step, const char *format, ...)
{
	char text[LIMITS_TEXT_LEN];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	send_step(question->request, step, true, text);
}

/* The way ends at step; returns false. */
static bool
fail(const struct question *question, const char *step, const char *text)
{
	send_step(question->request, step, false, text);
	return false;
}

/* --- the steps ------------------------------------------------------- */

static bool
tell_account(const struct question *question)
{
	const struct store_account *row = account_row(question->user);

	if (row->disabled) {
		return fail(question, "account", codes_summary(CODE_DISABLED));
	}
	pass(question, "account", "\"%s\" is enabled, with the level %s",
	    row->user, account_level_name(row->level));
	return true;
}

static bool
tell_limits(const struct question *question)
{
	const struct account *user = question->user;
	const uint64_t now = question->request->asker->now;
	uint64_t channels = tenant_circuits(user);
	char text[LIMITS_TEXT_LEN];

	if (account_exceeds(user, ALLOWANCE_CHANNELS, channels + 1, text)) {
		return fail(question, "limits", text);
	}
	if (account_left(user, now) == 0) {
		account_quota_text(user, now, text);
		return fail(question, "limits", text);
	}
	pass(question, "limits",
	    "no limit is reached, with %" PRIu64 " channels open", channels);
	return true;
}

/* Return the share by which the host is reached, the best that there is. */
static const struct store_share *
find_share(const struct question *question)
{
	const struct account_share *share =
	    account_next_share(question->user, true, NULL);
	const uint64_t now = question->request->asker->now;
	const struct store_share *found = NULL;

	for (; share != NULL;
	     share = account_next_share(question->user, true, share)) {
		const struct account *owner = account_share_owner(share);
		const struct store_share *row = account_share_row(share);

		if (strcmp(account_row(owner)->user, question->owner) == 0 &&
		    strcmp(row->host, question->host) == 0 &&
		    (found == NULL || row->expiry == 0 || row->expiry > now)) {
			found = row;
		}
	}
	return found;
}

/* Hosts of others look like hosts that there are not. */
static bool
tell_host(const struct question *question)
{
	const struct account *owner =
	    account_find(question->request->book, question->owner);
	const uint64_t now = question->request->asker->now;
	const struct store_share *share = find_share(question);
	char text[LIMITS_TEXT_LEN];

	if (owner == question->user &&
	    account_hosts_named(owner, question->host) > 0) {
		pass(question, "host", "\"%s\" is a host of the account",
		    question->host);
		return true;
	}
	if (owner == question->user || share == NULL) {
		(void)snprintf(text, sizeof(text),
		    "There is no host \"%s\" of \"%.64s\" that is its own or "
		    "shared with it.",
		    question->host, account_row(question->user)->user);
		return fail(question, "host", text);
	}
	if (share->expiry != 0 && share->expiry <= now) {
		return fail(question, "host", "The share of it has run out.");
	}
	pass(question, "host", "\"%s\" is shared with it by \"%.64s\"",
	    question->host, question->owner);
	return true;
}

static bool
tell_rule(const struct question *question)
{
	const struct store_rule *rule = rules_judge(
	    account_book_rules(question->request->book),
	    account_row(question->user)->user, question->owner, question->host);
	char text[LIMITS_TEXT_LEN];

	if (rule != NULL) {
		return fail(question, "rule", rules_explain(rule, text));
	}
	pass(question, "rule", "no rule denies it");
	return true;
}

static bool
tell_presence(const struct question *question)
{
	const struct account *owner =
	    account_find(question->request->book, question->owner);
	struct account_device *device = account_next_device(owner, NULL);
	struct device_contact contact;
	unsigned online = 0;
	unsigned all = 0;
	char text[LIMITS_TEXT_LEN];

	for (; device != NULL; device = account_next_device(owner, device)) {
		const struct store_device *row = account_device_row(device);

		if (row->revoked_at == 0 && row->role == LINKHELLO_AGENT &&
		    strcmp(row->name, question->host) == 0) {
			all++;
			online += device_get_contact(device, &contact);
		}
	}
	(void)snprintf(text, sizeof(text),
	    "%u of %u agents of \"%s\" %s linked", online, all, question->host,
	    online == 1 ? "is" : "are");
	send_step(question->request, "presence", online > 0, text);
	return online > 0;
}

/* --- the question ---------------------------------------------------- */

/* why [OWNER/]HOST [USER] */
void
admin_why(struct admin_request *request)
{
	const char *target = request->words[1];
	const char *user =
	    request->count > 2 ? request->words[2] : request->asker->user;
	const char *slash = strrchr(target, '/');
	char owner[NAME_USER_MAX + 1];
	struct question question = {
		.request = request,
		.user = admin_reach(request, user),
		.owner = owner,
	};

	if (question.user == NULL) {
		return;
	}
	(void)snprintf(owner, sizeof(owner), "%.*s",
	    slash != NULL ? (int)(slash - target) : NAME_USER_MAX,
	    slash != NULL ? target : account_row(question.user)->user);
	if (name_fold(owner, owner, sizeof(owner)) != 0 ||
	    name_fold(slash != NULL ? slash + 1 : target, question.host,
		sizeof(question.host)) != 0) {
		admin_finish(request, ADMIN_USAGE, "bad-request",
		    "A host is HOST, or OWNER/HOST.");
		return;
	}
	(void)(tell_account(&question) && tell_limits(&question) &&
	       tell_host(&question) && tell_rule(&question) &&
	       tell_presence(&question));
	admin_done(request);
}
