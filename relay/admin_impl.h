/* SPDX-License-Identifier: ISC */
/*
 * admin_impl: what the files of administration share and nobody else sees.
 *
 * admin.c runs requests and knows who may do what; admin_page.c writes lists;
 * admin_user.c has the operations on accounts and limits, admin_device.c those
 * on devices and invitations, admin_acl.c those on rules, admin_relay.c those
 * on the relay itself; admin_notice.c says something to people, admin_invite.c
 * invites them.  An operation is called with a request whose words fit the
 * table, and ends it, now or by
 * admin_await().
 */
#ifndef INROAD_RELAY_ADMIN_IMPL_H
#define INROAD_RELAY_ADMIN_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/limits.h"
#include "protocol/linkmsg.h"
#include "protocol/name.h"
#include "relay/account.h"
#include "relay/admin.h"

/* One object of an answer: names, numbers and a key. */
#define ADMIN_ITEM_MAX 4096

/* What to tell whom. */
struct admin_notice {
	enum linkmsg_severity severity;
	int64_t account; /* by number, 0: everybody */
	int64_t device;  /* likewise, 0: all of the account */
	char object[STORE_OBJECT_LEN];
	char text[LIMITS_TEXT_LEN];
};

struct admin_request {
	const struct admin_world *world;
	struct account_book *book;       /* the world's */
	const struct admin_asker *asker; /* while it starts, as the words */
	const char *const *words;
	size_t count;
	const struct admin_sink *sink;
	void *arg;
	struct account_op *op;
	char name[NAME_HOST_MAX + 1]; /* of a gateway that is invited */
	struct admin_notice notice;   /* to send once it is in the audit */
	bool watches;                 /* a backup, until it has ended */
	bool starting;
	bool over;
};

/* --- admin.c ------------------------------------------------------------- */

/* End request; slug and text are NULL for ADMIN_OK. */
void admin_finish(struct admin_request *request, enum admin_result result,
    const char *slug, const char *text);

/* End request well. */
void admin_done(struct admin_request *request);

/* End request as there is not what it names. */
void admin_absent(struct admin_request *request, const char *text);

/* An account_done that ends the request arg as outcome says. */
void admin_on_outcome(const struct account_outcome *outcome, void *arg);

/* Op, given admin_on_outcome, is under way, or NULL: the request is over. */
void admin_await(struct admin_request *request, struct account_op *op);

/* Return word number i behind object and verb, or NULL. */
const char *admin_word(const struct admin_request *request, size_t i);

/* Return who changes what request changes. */
struct account_by admin_by(const struct admin_request *request);

/*
 * Return the account of user if the asker may see it; else NULL, and the
 * request is over.  Others are told the same of accounts that there are not.
 */
struct account *admin_reach(struct admin_request *request, const char *user);

/*
 * Return the device that word number 0 names, USER/DEVICE or one of the asker's
 * own account; NULL, and the request is over, when there is none.
 */
struct account_device *admin_find_device(struct admin_request *request);

/* --- admin_page.c: lists ----------------------------------------------------
 */

/*
 * Items of a page at most, and unless it is said how many: written in about a
 * millisecond.
 */
#define ADMIN_PAGE_MAX 500

/* What is listed; either account or device. */
struct admin_listing {
	/* Return whether there is anything of account; NULL: there may be. */
	bool (*wants)(const struct account *account);
	/* Send what is listed of account; how many items. */
	size_t (*account)(
	    struct admin_request *request, struct account *account);
	/* Send device if it is one that is listed, and return whether it is. */
	bool (*device)(
	    struct admin_request *request, struct account_device *device);
};

/* Return word number 0 unless it is an option, or NULL. */
const char *admin_operand(const struct admin_request *request);

/*
 * List what listing has, for the account that word number 0 names; without one,
 * for every account that the asker may see.  The words limit=N and after=CURSOR
 * say how much and from where.  Ends request.
 */
void admin_list(
    struct admin_request *request, const struct admin_listing *listing);

/* --- the operations: see the table in admin.c ----------------------------- */

/* user list [USER] */
void admin_user_list(struct admin_request *request);

/* user add USER [LEVEL] */
void admin_user_add(struct admin_request *request);

/* user level USER LEVEL */
void admin_user_level(struct admin_request *request);

/* user disable USER */
void admin_user_disable(struct admin_request *request);

/* user enable USER */
void admin_user_enable(struct admin_request *request);

/* user delete USER */
void admin_user_delete(struct admin_request *request);

/* user invite USER [NAME [TTL]] */
void admin_user_invite(struct admin_request *request);

/* usage [USER] */
void admin_usage(struct admin_request *request);

/* limit USER [KEY=VALUE...] */
void admin_limit(struct admin_request *request);

/* series 1s|1m [since=N] */
void admin_series(struct admin_request *request);

/* device channels USER/DEVICE */
void admin_device_channels(struct admin_request *request);

/* device list [USER] */
void admin_device_list(struct admin_request *request);

/* device revoke USER/DEVICE */
void admin_device_revoke(struct admin_request *request);

/* device show USER/DEVICE */
void admin_device_show(struct admin_request *request);

/* host list [USER] */
void admin_host_list(struct admin_request *request);

/* link list [USER] */
void admin_link_list(struct admin_request *request);

/* kick USER/DEVICE [channels] */
void admin_kick(struct admin_request *request);

/* token list [USER] */
void admin_token_list(struct admin_request *request);

/* token revoke ID */
void admin_token_revoke(struct admin_request *request);

/* Words of a notice at most: a shell splits a text that is not quoted. */
#define ADMIN_NOTICE_WORDS 28

/* notice [--level LEVEL] all|USER|USER/DEVICE TEXT... */
void admin_notice(struct admin_request *request);

/* why [OWNER/]HOST [USER] */
void admin_why(struct admin_request *request);

/* acl list */
void admin_acl_list(struct admin_request *request);

/* acl add allow|deny USER OWNER/HOST [ID] */
void admin_acl_add(struct admin_request *request);

/* acl delete ID */
void admin_acl_delete(struct admin_request *request);
/* --- admin_relay.c ----------------------------------------------------------
 */

/* audit [COUNT] */
void admin_audit(struct admin_request *request);

/* status */
void admin_status(struct admin_request *request);

/* config */
void admin_config(struct admin_request *request);

/* log [LEVEL] */
void admin_log(struct admin_request *request);

/* drain [on|off] */
void admin_drain(struct admin_request *request);

/* backup */
void admin_backup(struct admin_request *request);

/* reload */
void admin_reload(struct admin_request *request);

#endif
