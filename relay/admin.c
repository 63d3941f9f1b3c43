/* SPDX-License-Identifier: ISC */
#include "relay/admin.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "relay/account.h"
#include "relay/admin_impl.h"
#include "relay/backup.h"

/* One thing that can be asked for. */
struct operation {
	const char *object;
	const char *verb; /* NULL: there is none */
	const char *usage;
	size_t least; /* words behind them at least */
	size_t most;  /* and at most */
	bool own;     /* every level may, in its own account */
	void (*run)(struct admin_request *request);
};

/* --- the end --------------------------------------------------------- */

void
admin_finish(struct admin_request *request, enum admin_result result,
    const char *slug, const char *text)
{
	request->over = true;
	request->sink->end(result, slug, text, request->arg);
	if (!request->starting) {
		mem_free(request);
	}
}

void
admin_done(struct admin_request *request)
{
	admin_finish(request, ADMIN_OK, NULL, NULL);
}

void
admin_absent(struct admin_request *request, const char *text)
{
	admin_finish(request, ADMIN_ABSENT, "not-found", text);
}

void
admin_on_outcome(const struct account_outcome *outcome, void *arg)
{
	struct admin_request *request = arg;

	request->op = NULL;
	if (outcome->code == CODE_OK) {
		admin_done(request);
	} else {
		admin_finish(request, ADMIN_FAILED, codes_slug(outcome->code),
		    outcome->text);
	}
}

/* Op is under way, or NULL: then the request is over. */
void
admin_await(struct admin_request *request, struct account_op *op)
{
	if (op != NULL) {
		request->op = op;
	}
}

/* --- who may --------------------------------------------------------- */

/* Return word number i behind object and verb, or NULL. */
const char *
admin_word(const struct admin_request *request, size_t i)
{
	return i + 2 < request->count ? request->words[i + 2] : NULL;
}

struct account_by
admin_by(const struct admin_request *request)
{
	return (struct account_by){ request->asker->user,
		request->asker->origin, request->asker->now };
}

/*
 * Return the account of user if the asker may see it; else NULL, and the
 * request is over.  Others are told the same of accounts that there are not.
 */
struct account *
admin_reach(struct admin_request *request, const char *user)
{
	struct account *account = account_find(request->book, user);

	if (request->asker->level != STORE_ADMIN &&
	    (account == NULL || strcmp(account_row(account)->user,
				    request->asker->user) != 0)) {
		admin_finish(request, ADMIN_DENIED, "not-allowed",
		    "That needs the level admin.");
		return NULL;
	}
	if (account == NULL) {
		admin_absent(request, "There is no such account.");
	}
	return account;
}

/* --- the table ------------------------------------------------------- */

/* Of a list: the words that say which page. */
#define PAGE_WORDS 3
#define PAGE_USAGE "[USER] [limit=N] [after=CURSOR] [match=TEXT]"

static const struct operation operations[] = {
	{ "status", NULL, "", 0, 0, true, admin_status },
	{ "user", "list", PAGE_USAGE, 0, 1 + PAGE_WORDS, true,
	    admin_user_list },
	{ "user", "add", "USER [LEVEL]", 1, 2, false, admin_user_add },
	{ "user", "level", "USER LEVEL", 2, 2, false, admin_user_level },
	{ "user", "disable", "USER", 1, 1, false, admin_user_disable },
	{ "user", "enable", "USER", 1, 1, false, admin_user_enable },
	{ "user", "delete", "USER", 1, 1, false, admin_user_delete },
	{ "user", "invite", "USER [NAME [TTL]]", 1, 3, false,
	    admin_user_invite },
	{ "device", "list", PAGE_USAGE, 0, 1 + PAGE_WORDS, true,
	    admin_device_list },
	{ "device", "show", "USER/DEVICE", 1, 1, true, admin_device_show },
	{ "device", "channels", "USER/DEVICE", 1, 1, true,
	    admin_device_channels },
	{ "device", "revoke", "USER/DEVICE", 1, 1, true, admin_device_revoke },
	{ "host", "list", PAGE_USAGE, 0, 1 + PAGE_WORDS, true,
	    admin_host_list },
	{ "link", "list", PAGE_USAGE, 0, 1 + PAGE_WORDS, true,
	    admin_link_list },
	{ "kick", NULL, "USER/DEVICE [channels]", 1, 2, true, admin_kick },
	{ "token", "list", PAGE_USAGE, 0, 1 + PAGE_WORDS, true,
	    admin_token_list },
	{ "token", "revoke", "ID", 1, 1, true, admin_token_revoke },
	{ "limit", NULL, "USER [KEY=VALUE...]", 1, 1 + ALLOWANCE_KEYS, true,
	    admin_limit },
	{ "notice", NULL, "[--level LEVEL] all|USER|USER/DEVICE TEXT", 2,
	    ADMIN_NOTICE_WORDS, false, admin_notice },
	{ "acl", "list", "", 0, 0, false, admin_acl_list },
	{ "acl", "add", "allow|deny USER OWNER/HOST [BEFORE]", 3, 4, false,
	    admin_acl_add },
	{ "acl", "delete", "ID", 1, 1, false, admin_acl_delete },
	{ "why", NULL, "[OWNER/]HOST [USER]", 1, 2, true, admin_why },
	{ "series", NULL, "1s|1m [since=N]", 1, 2, false, admin_series },
	{ "usage", NULL, PAGE_USAGE, 0, 1 + PAGE_WORDS, true, admin_usage },
	{ "audit", NULL, "[COUNT]", 0, 1, false, admin_audit },
	{ "config", NULL, "", 0, 0, false, admin_config },
	{ "log", NULL, "[error|warn|info|debug]", 0, 1, false, admin_log },
	{ "drain", NULL, "[on|off]", 0, 1, false, admin_drain },
	{ "backup", NULL, "", 0, 0, false, admin_backup },
	{ "reload", NULL, "", 0, 0, false, admin_reload },
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/* Say how what the first word names is asked for, or what there is. */
static void
refuse_usage(struct admin_request *request)
{
	const struct operation *operation = operations;
	char text[512] = "";
	size_t len = 0;

	for (; operation < operations + OPERATIONS; operation++) {
		if (strcmp(operation->object, request->words[0]) != 0 ||
		    len >= sizeof(text)) {
			continue;
		}
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%s %s%s%s", len > 0 ? ", or " : "", operation->object,
		    operation->verb != NULL ? operation->verb : "",
		    operation->verb != NULL ? " " : "", operation->usage);
	}
	admin_finish(request, ADMIN_USAGE,
	    len > 0 ? "bad-request" : "unknown-command",
	    len > 0 ? text
		    : "The relay knows status, invite, user, device, host, "
		      "link, kick, token, limit, usage, notice, acl, audit, "
		      "config, log, drain, backup and reload.");
}

/* Return the operation that the words ask for, or NULL. */
static const struct operation *
find_operation(const struct admin_request *request)
{
	for (size_t i = 0; i < OPERATIONS; i++) {
		const struct operation *operation = &operations[i];
		size_t used = operation->verb != NULL ? 2 : 1;

		if (request->count >= used + operation->least &&
		    request->count <= used + operation->most &&
		    strcmp(operation->object, request->words[0]) == 0 &&
		    (operation->verb == NULL ||
			strcmp(operation->verb, request->words[1]) == 0)) {
			return operation;
		}
	}
	return NULL;
}

static void
start(struct admin_request *request)
{
	const struct operation *operation = find_operation(request);

	if (operation == NULL) {
		refuse_usage(request);
	} else if (!operation->own && request->asker->level != STORE_ADMIN) {
		admin_finish(request, ADMIN_DENIED, "not-allowed",
		    "That needs the level admin.");
	} else {
		operation->run(request);
	}
}

struct admin_request *
admin_run(const struct admin_world *world, const struct admin_asker *asker,
    const char *const *words, size_t count, const struct admin_sink *sink,
    void *arg)
{
	struct admin_request *request = mem_new(1, sizeof(*request));

	if (request == NULL) {
		sink->end(ADMIN_FAILED, codes_slug(CODE_OVERLOADED),
		    codes_summary(CODE_OVERLOADED), arg);
		return NULL;
	}
	*request = (struct admin_request){
		.world = world,
		.book = world->book,
		.asker = asker,
		.words = words,
		.count = count,
		.sink = sink,
		.arg = arg,
		.starting = true,
	};
	start(request);
	request->starting = false;
	if (request->over) {
		mem_free(request);
		return NULL;
	}
	request->asker = NULL;
	request->words = NULL;
	return request;
}

void
admin_cancel(struct admin_request *request)
{
	if (request != NULL) {
		account_cancel(request->op);
		if (request->watches) {
			backup_watch(request->world->backup, NULL, NULL);
		}
		mem_free(request);
	}
}

enum control_exit
admin_exit(enum admin_result result)
{
	static const enum control_exit exits[] = {
		[ADMIN_OK] = CONTROL_OK,
		[ADMIN_USAGE] = CONTROL_USAGE,
		[ADMIN_DENIED] = CONTROL_NOT_ALLOWED,
		[ADMIN_ABSENT] = CONTROL_NO_HOST,
		[ADMIN_FAILED] = CONTROL_FAILED,
	};

	return exits[result];
}
