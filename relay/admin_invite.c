/* SPDX-License-Identifier: ISC */
/* Invitations for the first gateway of an account, from anywhere. */
#include <stdio.h>

#include "common/jsonout.h"
#include "common/mem.h"
#include "common/quantity.h"
#include "protocol/joinstring.h"
#include "relay/account.h"
#include "relay/admin_impl.h"

/* What a gateway is called that was given no name. */
static const char usual_name[] = "gateway";

/* Send the join string for the invitation that outcome tells of. */
static void
send_join(struct admin_request *request, const struct account_outcome *outcome)
{
	const struct admin_world *world = request->world;
	char join[JOINSTRING_MAX + 1];
	struct jsonout *json;

	if (world->relay->join(
		request->name, outcome, join, world->relay_arg) != 0) {
		admin_finish(request, ADMIN_FAILED, codes_slug(CODE_INTERNAL),
		    "The relay does not know its address: use --public.");
		return;
	}
	json = jsonout_new(ADMIN_ITEM_MAX);
	jsonout_object(json, NULL);
	jsonout_string(json, "user", account_row(outcome->account)->user);
	jsonout_string(json, "name", request->name);
	jsonout_string(json, "join", join);
	jsonout_uint(json, "expires", outcome->expires);
	jsonout_end(json);
	mem_wipe(join, sizeof(join));
	request->sink->item(json, request->arg);
	admin_done(request);
}

static void
on_invited(const struct account_outcome *outcome, void *arg)
{
	struct admin_request *request = arg;

	if (outcome->code != CODE_OK) {
		admin_on_outcome(outcome, request);
		return;
	}
	request->op = NULL;
	send_join(request, outcome);
}

/* Put the duration text, NULL for the usual one, into *out; 0 or -1. */
static int
read_ttl(const char *text, uint32_t *out)
{
	uint64_t ns = 0;

	if (text != NULL &&
	    (quantity_duration(text, &ns) != 0 || ns < LIMITS_SEC ||
		ns / LIMITS_SEC > ACCOUNT_INVITE_TTL_MAX)) {
		return -1;
	}
	*out = (uint32_t)(ns / LIMITS_SEC);
	return 0;
}

void
admin_user_invite(struct admin_request *request)
{
	struct account *account = admin_reach(request, admin_word(request, 0));
	const char *name = admin_word(request, 1);
	struct account_invite invite = {
		.account = account,
		.role = LINKHELLO_GATEWAY,
		.name = request->name,
		.by = admin_by(request),
	};

	if (account == NULL) {
		return;
	}
	if (name == NULL || name[0] == '\0') {
		name = usual_name;
	}
	if (name_fold(name, request->name, sizeof(request->name)) != 0) {
		admin_finish(request, ADMIN_FAILED,
		    codes_slug(CODE_NAME_INVALID),
		    codes_summary(CODE_NAME_INVALID));
		return;
	}
	if (read_ttl(admin_word(request, 2), &invite.ttl) != 0) {
		admin_finish(request, ADMIN_USAGE, codes_slug(CODE_BAD_REQUEST),
		    "How long it is good is a duration, as 2h, of 30 days at "
		    "most.");
		return;
	}
	admin_await(request,
	    account_invite(request->book, &invite, on_invited, request));
}
