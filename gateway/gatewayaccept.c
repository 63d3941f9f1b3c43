/* SPDX-License-Identifier: ISC */
/* Shares of other accounts: "accept", and what "shares" tells of them. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/control.h"
#include "common/fault.h"
#include "common/jsonout.h"
#include "common/log.h"
#include "common/mem.h"
#include "gateway/gateway_impl.h"
#include "gateway/hosts.h"
#include "gateway/lent.h"
#include "gateway/loans.h"
#include "gateway/peers.h"
#include "protocol/endpoint.h"
#include "protocol/membership.h"

/* One object of an answer. */
#define OBJECT_MAX 4096

#define FILE_NAME "accepted"

/* --- the file ------------------------------------------------------------ */

/* Write the loans; 0, or -1 and *fault. */
static int
save(struct gateway *gateway, struct fault *fault)
{
	size_t len = 0;
	char *text = loans_format(gateway->loans, &len);
	int result = -1;

	(void)fault_set(fault, "There is not enough memory.");
	if (text != NULL) {
		result = gatewayfile_save(gateway, FILE_NAME, text, len, fault);
		mem_free_wiped(text, len);
	}
	return result;
}

static unsigned
parse(const char *text, void *arg)
{
	return loans_parse(arg, text);
}

int
gatewayaccept_load(struct gateway *gateway)
{
	return gatewayfile_load(
	    gateway, FILE_NAME, LOANS_TEXT_MAX, parse, gateway->loans, "share");
}

/* --- accepting ----------------------------------------------------------- */

/* Return CODE_OK when share is for us, else why not and text. */
static enum code
judge(struct gateway *gateway, const struct share *share,
    char text[LIMITS_TEXT_LEN])
{
	const struct membership *membership =
	    endpoint_membership(gateway->endpoint);

	if (membership == NULL) {
		return codes_explain(CODE_NOT_JOINED, text, "%s",
		    codes_summary(CODE_NOT_JOINED));
	}
	if (memcmp(share->relay_public, membership->relay_public, KEYS_LEN) !=
	    0) {
		return codes_explain(CODE_HOST_UNKNOWN, text,
		    "The share is at another relay, %.120s, and this gateway "
		    "has not joined that.",
		    share->relay);
	}
	if (strcmp(share->caller.user, membership->user) != 0) {
		return codes_explain(CODE_DENIED, text,
		    "The share is made to \"%s\", and this is a gateway of "
		    "\"%s\".",
		    share->caller.user, membership->user);
	}
	if (share->caller.expiry != 0 &&
	    share->caller.expiry <= (uint64_t)time(NULL)) {
		return codes_explain(CODE_JOIN_EXPIRED, text,
		    "The share has expired; ask \"%s\" for a new one.",
		    share->owner);
	}
	return CODE_OK;
}

/*
 * Judge alias as the name of share here, of which there is the share `older`
 * or NULL.
 */
static enum code
judge_alias(struct gateway *gateway, const char *alias,
    const struct loan *older, char text[LIMITS_TEXT_LEN])
{
	enum name_error error = name_check_new_host(alias);
	const struct host *host = hosts_find(gateway->hosts, alias);

	if (error != NAME_OK) {
		return codes_explain(CODE_NAME_INVALID, text, "\"%.64s\" %s.",
		    alias, name_error_text(error));
	}
	if (host != NULL && host->share == 0) {
		return codes_explain(CODE_NAME_TAKEN, text,
		    "There is a host \"%s\" of your own. Give this one another "
		    "name: --as NAME.",
		    alias);
	}
	if (host != NULL &&
	    (older == NULL || strcmp(older->alias, alias) != 0)) {
		return codes_explain(CODE_NAME_TAKEN, text,
		    "\"%s\" is a host of \"%s\" already. Give this one another "
		    "name: --as NAME.",
		    alias, host->owner);
	}
	return CODE_OK;
}

/* Keep share as alias, in the place of older; CODE_OK, or why not and text. */
static enum code
keep(struct gateway *gateway, const struct share *share, const char *alias,
    struct loan *older, char text[LIMITS_TEXT_LEN])
{
	struct fault fault;

	if (older != NULL) {
		peers_forsake(gateway->peers, older->alias, CODE_REPLACED);
	}
	if (older != NULL && strcmp(older->alias, alias) != 0) {
		loans_drop(gateway->loans, older);
	}
	if (loans_put(gateway->loans, alias, share) != 0) {
		return codes_explain(CODE_LIMIT, text,
		    "There are %d accepted shares, the limit.", LOANS_MAX);
	}
	if (save(gateway, &fault) != 0) {
		loans_drop(gateway->loans, loans_find(gateway->loans, alias));
		return codes_explain(CODE_INTERNAL, text, "%.250s", fault.text);
	}
	return CODE_OK;
}

/* Take share as alias, "" for its own name; CODE_OK, or why not and text. */
static enum code
take(struct gateway *gateway, const struct share *share, const char *wanted,
    char alias[NAME_HOST_MAX + 1], char text[LIMITS_TEXT_LEN])
{
	struct loan *older =
	    loans_find_host(gateway->loans, share->owner, share->host);
	enum code code = judge(gateway, share, text);

	if (code == CODE_OK && older != NULL &&
	    older->share.caller.share == share->caller.share) {
		(void)snprintf(text, LIMITS_TEXT_LEN,
		    "This share was accepted already, as \"%s\".",
		    older->alias);
		code = CODE_JOIN_USED;
	}
	if (code != CODE_OK) {
		return code;
	}
	if (wanted[0] == '\0') {
		wanted = older != NULL ? older->alias : share->host;
	}
	if (name_fold(wanted, alias, NAME_HOST_MAX + 1) != 0) {
		return codes_explain(
		    CODE_NAME_INVALID, text, "The name is too long.");
	}
	code = judge_alias(gateway, alias, older, text);
	return code == CODE_OK ? keep(gateway, share, alias, older, text)
			       : code;
}

/* Tell of the share that is called alias here. */
static void
describe(struct control_request *request, const struct loan *loan,
    const struct host *host)
{
	struct jsonout *json = jsonout_new(OBJECT_MAX);
	const struct keys_caller *caller = &loan->share.caller;
	char id[LENT_ID_LEN];
	const char *state = "accepted";

	if (caller->expiry != 0 && caller->expiry <= (uint64_t)time(NULL)) {
		state = "expired";
	} else if (host != NULL && host->withdrawn) {
		state = "withdrawn";
	}
	jsonout_object(json, NULL);
	jsonout_string(json, "host", loan->alias);
	jsonout_string(json, "owner", loan->share.owner);
	jsonout_string(json, "name", loan->share.host);
	jsonout_string(json, "state", state);
	jsonout_string(json, "share", lent_format_id(caller->share, id));
	jsonout_uint(json, "expires", caller->expiry);
	jsonout_string(json, "rights", caller->rights);
	jsonout_end(json);
	control_send(request, json);
}

/* accept STRING [ALIAS] */
void
gatewayaccept_start(struct gateway *gateway, struct control_request *request)
{
	char alias[NAME_HOST_MAX + 1];
	char text[LIMITS_TEXT_LEN];
	char why[SHARESTRING_WHY_LEN];
	struct share share;
	enum code code;

	if (sharestring_decode(&share, control_word(request, 1), why) != 0) {
		(void)snprintf(text, sizeof(text),
		    "The share string cannot be used: %s.", why);
		gateway_refuse(request, CODE_JOIN_TYPO, text);
		return;
	}
	code = take(gateway, &share, control_word(request, 2), alias, text);
	sharestring_wipe(&share);
	if (code != CODE_OK) {
		gateway_refuse(request, code, text);
		return;
	}
	describe(request, loans_find(gateway->loans, alias), NULL);
	control_end(request, CONTROL_OK, NULL, NULL);
}

/* forget NAME */
void
gatewayaccept_remove(struct gateway *gateway, struct control_request *request)
{
	struct loan *loan =
	    loans_find(gateway->loans, control_word(request, 1));
	char text[LIMITS_TEXT_LEN];
	struct fault fault;

	if (loan == NULL) {
		(void)snprintf(text, sizeof(text),
		    "No accepted share is called \"%.64s\". \"inroad shares\" "
		    "lists them.",
		    control_word(request, 1));
		control_end(request, CONTROL_NO_HOST,
		    codes_slug(CODE_HOST_UNKNOWN), text);
		return;
	}
	peers_forsake(gateway->peers, loan->alias, CODE_CANCELLED);
	loans_drop(gateway->loans, loan);
	if (save(gateway, &fault) != 0) {
		gateway_refuse(request, CODE_INTERNAL, fault.text);
		return;
	}
	control_end(request, CONTROL_OK, NULL, NULL);
}

void
gatewayaccept_list(struct gateway *gateway, struct control_request *request)
{
	const struct loan *loan = loans_at(gateway->loans, 0);

	for (size_t i = 0; loan != NULL; loan = loans_at(gateway->loans, ++i)) {
		const struct host *host =
		    hosts_find(gateway->hosts, loan->alias);

		describe(request, loan,
		    host != NULL && host->share == loan->share.caller.share
			? host
			: NULL);
	}
}
