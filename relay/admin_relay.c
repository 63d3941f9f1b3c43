/* SPDX-License-Identifier: ISC */
/* The relay itself, and the audit. */
#include "relay/admin.h"

#include <stdio.h>
#include <string.h>

#include "common/jsonout.h"
#include "common/log.h"
#include "common/quantity.h"
#include "relay/admin_impl.h"
#include "relay/audit.h"
#include "relay/backup.h"
#include "relay/device.h"

/* Entries of the audit that are shown unless it is said how many. */
#define ADMIN_AUDIT_LAST 50

/* --- the audit ------------------------------------------------------- */

static void
send_entry(struct admin_request *request, const struct store_audit *entry)
{
	struct jsonout *json = jsonout_new(ADMIN_ITEM_MAX);

	jsonout_object(json, NULL);
	jsonout_uint(json, "at", entry->at);
	jsonout_string(json, "user", entry->user);
	jsonout_string(json, "origin", entry->origin);
	jsonout_string(json, "action", entry->action);
	jsonout_string(json, "object", entry->object);
	jsonout_string(json, "before", entry->before);
	jsonout_string(json, "after", entry->after);
	jsonout_end(json);
	request->sink->item(json, request->arg);
}

void
admin_audit(struct admin_request *request)
{
	const struct audit *audit = account_book_audit(request->book);
	size_t count = audit_count(audit);
	uint64_t last = ADMIN_AUDIT_LAST;

	if (request->count > 1 &&
	    quantity_number(request->words[1], &last) != 0) {
		admin_finish(request, ADMIN_USAGE, "bad-request",
		    "How many of the last changes is a number.");
		return;
	}
	for (size_t i = last < count ? count - last : 0; i < count; i++) {
		send_entry(request, audit_at(audit, i));
	}
	admin_done(request);
}

/* --- what is asked ---------------------------------------------------- */

/* Send what the relay writes. */
static void
send_told(struct admin_request *request,
    void (*tell)(struct jsonout *json, void *arg))
{
	struct jsonout *json = jsonout_new(ADMIN_ITEM_MAX);

	jsonout_object(json, NULL);
	tell(json, request->world->relay_arg);
	jsonout_end(json);
	request->sink->item(json, request->arg);
	admin_done(request);
}

void
admin_status(struct admin_request *request)
{
	send_told(request, request->world->relay->status);
}

void
admin_config(struct admin_request *request)
{
	send_told(request, request->world->relay->config);
}

/* --- what is ordered --------------------------------------------------- */

/* Have an effect on the relay once it is in the audit. */
static void
order(struct admin_request *request, const struct account_note *note)
{
	const struct account_by who = admin_by(request);

	admin_await(request,
	    account_note(request->book, note, &who, admin_on_outcome, request));
}

static void
send_state(struct admin_request *request, const char *key, const char *value)
{
	struct jsonout *json = jsonout_new(ADMIN_ITEM_MAX);

	jsonout_object(json, NULL);
	jsonout_string(json, key, value);
	jsonout_end(json);
	request->sink->item(json, request->arg);
	admin_done(request);
}

static void
set_log(int64_t level, void *arg)
{
	(void)arg;
	log_set_level((enum log_level)level);
}

void
admin_log(struct admin_request *request)
{
	const char *now = log_level_name(log_get_level());
	struct account_note note = { .action = "relay.log",
		.object = "",
		.before = now,
		.text = "",
		.effect = set_log };
	enum log_level level;

	if (request->count == 1) {
		send_state(request, "level", now);
		return;
	}
	if (log_level_parse(request->words[1], &level) != 0) {
		admin_finish(request, ADMIN_USAGE, "bad-request",
		    "A level of the log is error, warn, info or debug.");
		return;
	}
	note.text = request->words[1];
	note.number = level;
	order(request, &note);
}

static void
set_drain(int64_t on, void *arg)
{
	const struct admin_world *world = arg;

	if (world->relay != NULL) {
		device_hub_drain(world->hub, on != 0);
	}
}

void
admin_drain(struct admin_request *request)
{
	const bool now = device_hub_is_draining(request->world->hub);
	const char *word = request->count > 1 ? request->words[1] : NULL;
	const struct account_note note = { .action = "relay.drain",
		.object = "",
		.before = now ? "on" : "off",
		.text = word != NULL ? word : "",
		.effect = set_drain,
		.arg = (void *)(uintptr_t)request->world,
		.number = word != NULL && strcmp(word, "on") == 0 };

	if (word == NULL) {
		send_state(request, "drain", now ? "on" : "off");
	} else if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0) {
		admin_finish(request, ADMIN_USAGE, "bad-request",
		    "A relay is drained or not: on or off.");
	} else {
		order(request, &note);
	}
}

static void
do_reload(int64_t number, void *arg)
{
	const struct admin_world *world = arg;

	(void)number;
	if (world->relay != NULL) {
		world->relay->reload(world->relay_arg);
	}
}

void
admin_reload(struct admin_request *request)
{
	const struct account_note note = { .action = "relay.reload",
		.object = "",
		.text = "",
		.effect = do_reload,
		.arg = (void *)(uintptr_t)request->world };

	order(request, &note);
}

/* --- backups ---------------------------------------------------------- */

static void
on_backup(const struct backup_result *result, void *arg)
{
	struct admin_request *request = arg;
	struct jsonout *json;

	request->watches = false;
	if (!result->ok) {
		admin_finish(
		    request, ADMIN_FAILED, "backup-failed", result->text);
		return;
	}
	json = jsonout_new(ADMIN_ITEM_MAX);
	jsonout_object(json, NULL);
	jsonout_string(json, "file", result->path);
	jsonout_uint(json, "bytes", result->bytes);
	jsonout_end(json);
	request->sink->item(json, request->arg);
	admin_done(request);
}

/* It is in the audit, and begun. */
static void
on_backup_noted(const struct account_outcome *outcome, void *arg)
{
	struct admin_request *request = arg;
	struct backup *backup = request->world->backup;

	if (outcome->code != CODE_OK) {
		admin_on_outcome(outcome, request);
		return;
	}
	request->op = NULL;
	if (!backup_is_running(backup)) {
		admin_finish(request, ADMIN_FAILED, "backup-failed",
		    "The backup could not begin.");
		return;
	}
	request->watches = true;
	backup_watch(backup, on_backup, request);
}

static void
do_backup(int64_t number, void *arg)
{
	const struct admin_world *world = arg;

	(void)number;
	if (world->relay != NULL) {
		world->relay->backup(world->relay_arg);
	}
}

void
admin_backup(struct admin_request *request)
{
	const struct account_by who = admin_by(request);
	const struct account_note note = { .action = "relay.backup",
		.object = "",
		.text = "",
		.effect = do_backup,
		.arg = (void *)(uintptr_t)request->world };

	if (backup_is_running(request->world->backup)) {
		admin_finish(request, ADMIN_FAILED, "busy",
		    "A backup is under way already.");
		return;
	}
	admin_await(request,
	    account_note(request->book, &note, &who, on_backup_noted, request));
}
