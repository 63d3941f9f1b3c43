/* SPDX-License-Identifier: ISC */
/* What is said to people. */
#include "relay/admin.h"

#include <stdio.h>
#include <string.h>

#include "common/escape.h"
#include "common/jsonout.h"
#include "relay/account.h"
#include "relay/admin_impl.h"
#include "relay/device.h"
#include "relay/notices.h"

/* --- what is asked for ----------------------------------------------- */

static int
usage(struct admin_request *request, const char *text)
{
	admin_finish(request, ADMIN_USAGE, "bad-request", text);
	return -1;
}

/* Read "--level LEVEL" at word *i, if it is there; 0, or -1: it is over. */
static int
read_level(struct admin_request *request, size_t *i)
{
	request->notice.severity = LINKMSG_NOTE;
	if (strcmp(request->words[*i], "--level") != 0) {
		return 0;
	}
	if (request->count < *i + 4 ||
	    linkmsg_severity_parse(
		request->words[*i + 1], &request->notice.severity) != 0) {
		return usage(request, "A level is note, warning or alarm.");
	}
	*i += 2;
	return 0;
}

/* Find the device of account that the request is about; 0, or -1. */
static int
read_device(
    struct admin_request *request, struct account *account, const char *name)
{
	struct account_device *device = account_find_device(account, name);
	struct device_contact contact;

	if (device == NULL) {
		admin_absent(request, "That account has no such device.");
		return -1;
	}
	if (!device_get_contact(device, &contact)) {
		admin_finish(request, ADMIN_FAILED,
		    codes_slug(CODE_HOST_OFFLINE),
		    "That device is not connected, and nobody keeps it.");
		return -1;
	}
	request->notice.device = account_device_row(device)->id;
	return 0;
}

/* Read whom to tell, "all", USER or USER/HOST; 0, or -1: it is over. */
static int
read_target(struct admin_request *request, const char *word)
{
	const char *slash = strrchr(word, '/');
	size_t len = slash != NULL ? (size_t)(slash - word) : strlen(word);
	char user[NAME_USER_MAX + 1];
	struct account *account;

	if (strcmp(word, "all") == 0) {
		return 0;
	}
	(void)snprintf(
	    request->notice.object, sizeof(request->notice.object), "%s", word);
	(void)snprintf(user, sizeof(user), "%.*s", (int)len, word);
	account = len < sizeof(user) ? admin_reach(request, user) : NULL;
	if (account == NULL) {
		if (!request->over) {
			admin_absent(request, "There is no such account.");
		}
		return -1;
	}
	request->notice.account = account_row(account)->id;
	return slash == NULL ? 0 : read_device(request, account, slash + 1);
}

/* Join the words from number i on; 0, or -1: it is over. */
static int
read_text(struct admin_request *request, size_t i)
{
	char *text = request->notice.text;
	const size_t size = sizeof(request->notice.text);
	size_t len = 0;

	for (size_t first = i; i < request->count && len < size; i++) {
		len += (size_t)snprintf(text + len, size - len, "%s%s",
		    i > first ? " " : "", request->words[i]);
	}
	if (len == 0 || len >= size || !escape_is_utf8(text, len)) {
		return usage(
		    request, "A notice has 1 to 255 bytes of text, in UTF-8.");
	}
	return 0;
}

/* --- saying it ------------------------------------------------------- */

/* Return how many devices are told, or -1 when that cannot be now. */
static int64_t
send_notice(struct admin_request *request)
{
	const struct admin_notice *notice = &request->notice;
	const struct account_device *device;
	const struct account *account;
	struct device_hub_stats stats;

	if (notice->account == 0) {
		device_hub_get_stats(request->world->hub, &stats);
		return notices_all(notices_of(request->world->hub),
			   notice->severity, notice->text) == 0
			   ? (int64_t)stats.gateways + stats.agents
			   : -1;
	}
	if (notice->device != 0) {
		device = account_device_by_id(request->book, notice->device);
		return device != NULL && notices_device(device,
					     notice->severity, notice->text)
			   ? 1
			   : 0;
	}
	account = account_by_number(request->book, notice->account);
	return account == NULL ? 0
			       : (int64_t)notices_account(
				     account, notice->severity, notice->text);
}

/* It is in the audit. */
static void
on_noted(const struct account_outcome *outcome, void *arg)
{
	struct admin_request *request = arg;
	struct jsonout *json;
	int64_t told;

	request->op = NULL;
	if (outcome->code != CODE_OK) {
		admin_finish(request, ADMIN_FAILED, codes_slug(outcome->code),
		    outcome->text);
		return;
	}
	told = send_notice(request);
	if (told < 0) {
		admin_finish(request, ADMIN_FAILED, codes_slug(CODE_OVERLOADED),
		    "Other notices to everybody are still on their way.");
		return;
	}
	json = jsonout_new(ADMIN_ITEM_MAX);
	jsonout_object(json, NULL);
	jsonout_int(json, "told", told);
	jsonout_end(json);
	request->sink->item(json, request->arg);
	admin_done(request);
}

void
admin_notice(struct admin_request *request)
{
	const struct account_by who = admin_by(request);
	struct account_note note = {
		.action = "notice",
		.object = request->notice.object,
		.text = request->notice.text,
	};
	size_t i = 1;

	if (read_level(request, &i) != 0 ||
	    read_target(request, request->words[i]) != 0 ||
	    read_text(request, i + 1) != 0) {
		return;
	}
	admin_await(request,
	    account_note(request->book, &note, &who, on_noted, request));
}
