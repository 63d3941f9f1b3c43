/* SPDX-License-Identifier: ISC */
/*
 * account: accounts, their devices and the invitations to them.
 *
 * A book holds all of them in memory; whoever asks gets the answer from there.
 * It decides who may log in, and changes happen through it: it submits them to
 * the store and follows in memory once they are committed, never before.
 *
 *	account_book_new()
 *	account_book_load()		from the store
 *	store_start()
 *	account_login(), ...		done() with the outcome
 *	account_book_tick()		once a minute
 *	store_close()			runs what callbacks are left
 *	account_book_free()
 *
 * Operations that may need the store return a handle.  What needs no store is
 * answered from inside, and the handle is NULL; otherwise done runs exactly
 * once later, unless account_cancel() forbids it.  Two operations that touch
 * the same thing (one token, one name in an account, one device key) happen
 * one after the other: the second is decided when the first is committed.
 *
 * Every change leaves an entry in the audit: it is committed together with the
 * change, so neither is there without the other.  What a device does by itself
 * and again and again (being seen, logging in by its key) is no change.
 *
 * A device costs 350 bytes: 100,000 of them 35 MB.  Accounts and devices live
 * until they are dropped, which ops->gone announces for every live device.
 * Names are compared without case and kept in lower case.  Times are unix
 * seconds.
 */
#ifndef INROAD_RELAY_ACCOUNT_H
#define INROAD_RELAY_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/limits.h"
#include "protocol/linkhello.h"
#include "relay/allowance.h"
#include "relay/store.h"

struct audit;
struct account;
struct account_book;
struct account_device;
struct account_op;
struct account_share;
struct account_token;
struct rules;
struct usage;

/* The account that a new relay has from the start. */
#define ACCOUNT_OWNER "admin"

/* How long an invitation is good for unless it says otherwise, in seconds. */
#define ACCOUNT_INVITE_TTL 86400
/* Longest that one may be good for: who needs more makes another. */
#define ACCOUNT_INVITE_TTL_MAX (30 * 86400)
/* Room for the id of an invitation: the first digits of its token's hash. */
#define ACCOUNT_TOKEN_ID_LEN 13

/*
 * Invitations of one account that are kept, used ones too: enough to roll out
 * a site in one go, and a bound for one who only invites.
 */
#define ACCOUNT_TOKENS_MAX 1024
/* Removed devices that an account remembers, to tell them that they are. */
#define ACCOUNT_REVOKED_MAX 256
/* How long a used invitation, and an expired one, can still be explained. */
#define ACCOUNT_USED_TIME (UINT64_C(30) * 86400)
#define ACCOUNT_EXPIRED_TIME (UINT64_C(7) * 86400)
/* How long gateways may come with the key before the account's last change. */
#define ACCOUNT_OLD_KEY_TIME (UINT64_C(7) * 86400)

/*
 * Hosts that an account may share, and that may be shared with it: what comes
 * in is shown by its gateways without being asked for.  More than that is for
 * one account with several people, not for sharing.
 */
#define ACCOUNT_SHARES_MAX 1024
/* Shares of one host with one account: renewals, of which old ones go. */
#define ACCOUNT_SHARES_SAME_MAX 32

/* Who comes back opens at once what was open before. */
#define ACCOUNT_ATTACH_BURST 20

/* Operations under way; more are refused for the moment. */
#define ACCOUNT_OPS_MAX 4096

/* What the book tells the relay.  Any of them may be NULL. */
struct account_ops {
	/*
	 * A device was enrolled; before the done of its login, which may have
	 * been cancelled.
	 */
	void (*added)(struct account_device *device, void *arg);
	/*
	 * The device may no longer be here: end its link with code and text.
	 * It may be freed after this returns: forget it.  With CODE_DISABLED
	 * it stays, and may come back when its account is enabled again.
	 */
	void (*gone)(struct account_device *device, enum code code,
	    const char *text, void *arg);
	/*
	 * A gateway came with the next key of the account, and the account has
	 * it from now on.
	 */
	void (*rekeyed)(
	    struct account *account, struct account_device *device, void *arg);
	/*
	 * A rule for these patterns came or went: some accounts may now reach
	 * more hosts, or less.  Row lives while this runs.
	 */
	void (*ruled)(const struct store_rule *row, void *arg);
	/* A host is shared. */
	void (*shared)(const struct account_share *share, void *arg);
	/*
	 * It is no longer, and is found no more; why is CODE_DENIED with a
	 * text.  It is freed after this returns.
	 */
	void (*unshared)(
	    const struct account_share *share, const char *text, void *arg);
	/* Other limits hold for account: its own ones or its level changed. */
	void (*limited)(struct account *account, void *arg);
};

/* How an operation ended; lives while done runs. */
struct account_outcome {
	enum code code;
	char text[LIMITS_TEXT_LEN];    /* a sentence; never empty */
	uint32_t retry_after;          /* seconds; 0: as you like */
	struct account *account;       /* if it is known and code is CODE_OK */
	struct account_device *device; /* of a login with CODE_OK */
	bool has_token;                /* an invitation was made: */
	uint8_t token[LINKHELLO_TOKEN_LEN]; /* to hand on, then wiped */
	uint64_t expires;
	/* Shares that were made or ended, all of one host with one account: */
	char host[NAME_HOST_MAX + 1];
	char user[NAME_USER_MAX + 1];
	size_t share_count;
	struct {
		uint64_t share;
		uint64_t expiry;
	} shares[ACCOUNT_SHARES_SAME_MAX];
};

/* Called with the outcome of an operation, whose handle is then gone. */
typedef void account_done(const struct account_outcome *outcome, void *arg);

/* Who changes something; copied.  Texts that are NULL count as empty. */
struct account_by {
	const char *user;   /* an account; people read the name */
	const char *origin; /* where that is, "192.0.2.7" or "control socket" */
	uint64_t now;
};

/* A login to judge; copied. */
struct account_login {
	const struct linkhello_login *hello;
	enum linkhello_role role;
	const uint8_t *public_key; /* proved by the handshake, KEYS_LEN */
	const char *origin;        /* as in struct account_by */
	uint64_t now;
};

/*
 * Devices that one invitation may be for, at most: a room of computers.  What a
 * join string that got away costs grows with it.
 */
#define ACCOUNT_USES_MAX 1000

/*
 * An invitation to make; copied.  One for several devices is for gateways, of
 * which the first gets the name and the next ones a number behind it, or for
 * replicas; it replaces nobody.
 */
struct account_invite {
	struct account *account;
	enum linkhello_role role;
	const char *name; /* a gateway's may be empty: it chooses itself */
	bool replace;     /* even if a live device has that name */
	bool replica;     /* beside those that have it; an agent's */
	uint32_t ttl;     /* seconds; 0: ACCOUNT_INVITE_TTL */
	uint32_t uses;    /* devices that may use it; 0: one */
	struct account_by by;
};

/*
 * Return an empty book that keeps its changes in store and tells ops (outlives
 * the book) with arg, or NULL when memory is short.
 */
struct account_book *account_book_new(
    struct store *store, const struct account_ops *ops, void *arg);

/* Fill book from its store.  Returns 0, or -1 and *error. */
int account_book_load(struct account_book *book, struct store_error *error);

/*
 * Do some of what is due: write when devices were last seen, forget invitations
 * that were used or ran out long ago, end shares that have expired.  Returns
 * true while there is more: call it again, when others had their turn.
 */
bool account_book_tick(struct account_book *book, uint64_t now);

/*
 * Write what accounts moved since the last tick; NULL is allowed.  Before the
 * store is closed.
 */
void account_book_flush(struct account_book *book);

/*
 * Free book and all in it; NULL is allowed.  Its store is closed, or at least
 * has nothing queued.
 */
void account_book_free(struct account_book *book);

/*
 * Judge a login.  The outcome is
 *
 *	CODE_OK             with account and device
 *	CODE_LOGIN_REFUSED  no such account, device or token; which of them is
 *	                    not told
 *	CODE_REVOKED, CODE_DISABLED, CODE_JOIN_USED, CODE_JOIN_EXPIRED,
 *	CODE_NAME_TAKEN, CODE_NAME_INVALID, CODE_ACCOUNT_KEY, CODE_LIMIT
 *	                    to who proved to hold a key or token that this
 *	                    is about
 *	CODE_OVERLOADED, CODE_INTERNAL
 *	                    try again
 *
 * A device with a row logs in by its key.  One with a good token is enrolled:
 * the token is spent, and a row that the same key had elsewhere is dropped, as
 * the device has moved.  A token shown again by who redeemed it means nothing.
 *
 * The first gateway's key id becomes the account's.  From then on gateways
 * come with that one, for a while with the one before it, or, if enrolled
 * already, with one of a later epoch, which becomes the account's.
 */
struct account_op *account_login(struct account_book *book,
    const struct account_login *login, account_done *done, void *arg);

/*
 * Make an invitation.  The outcome is CODE_OK with a token and when it
 * expires, CODE_NAME_INVALID, CODE_NAME_TAKEN, CODE_LIMIT when the account has
 * too many invitations open or no room for another device, CODE_DISABLED,
 * CODE_OVERLOADED or CODE_INTERNAL. An open invitation of the same name and
 * role is void from then on.
 */
struct account_op *account_invite(struct account_book *book,
    const struct account_invite *invite, account_done *done, void *arg);

/*
 * Make an invitation for the first gateway of the relay's owner, and the
 * account ACCOUNT_OWNER in a book without accounts.  An earlier one is void.
 * The outcome is CODE_OK with account, a token and when it expires,
 * CODE_JOIN_USED when the owner has joined already, CODE_OVERLOADED or
 * CODE_INTERNAL.
 */
struct account_op *account_owner_token(
    struct account_book *book, uint64_t now, account_done *done, void *arg);

/*
 * Make an account of user.  The outcome is CODE_OK with account,
 * CODE_NAME_INVALID, CODE_NAME_TAKEN, CODE_OVERLOADED or CODE_INTERNAL.
 */
struct account_op *account_create(struct account_book *book, const char *user,
    enum store_level level, const struct account_by *by, account_done *done,
    void *arg);

/*
 * Set the level of account.  The outcome is CODE_OK (also when it has that
 * one), CODE_DENIED when no other account of level admin is enabled,
 * CODE_LOGIN_REFUSED when the account was dropped meanwhile, CODE_OVERLOADED
 * or CODE_INTERNAL.
 */
struct account_op *account_set_level(struct account *account,
    enum store_level level, const struct account_by *by, account_done *done,
    void *arg);

/*
 * Disable account or enable it again.  While it is disabled its devices are
 * gone for ops, though not dropped.  Outcomes as of account_set_level().
 */
struct account_op *account_set_disabled(struct account *account, bool disabled,
    const struct account_by *by, account_done *done, void *arg);

/*
 * Drop account with its devices, each of which is gone for ops with
 * CODE_REVOKED, and its invitations.  Outcomes as of account_set_level().
 */
struct account_op *account_delete(struct account *account,
    const struct account_by *by, account_done *done, void *arg);

/*
 * Remove device.  It is gone for ops when that is committed; its name is free
 * again.  The outcome is CODE_OK (also when it was removed before),
 * CODE_OVERLOADED or CODE_INTERNAL.
 */
struct account_op *account_revoke(struct account_device *device,
    const struct account_by *by, account_done *done, void *arg);

/*
 * Make an invitation void.  The outcome is CODE_OK, CODE_JOIN_USED when it was
 * redeemed, CODE_LOGIN_REFUSED when there is no such invitation any more,
 * CODE_OVERLOADED or CODE_INTERNAL.
 */
struct account_op *account_revoke_token(struct account_token *token,
    const struct account_by *by, account_done *done, void *arg);

/*
 * Set limits of account: those that change->set names to the values there,
 * ALLOWANCE_NONE for that of the level.  In force at once, for what comes:
 * nothing that is there is ended.  Outcomes as of account_set_level().
 */
struct account_op *account_set_limits(struct account *account,
    const struct allowance *change, const struct account_by *by,
    account_done *done, void *arg);

/* Something that somebody did, for the audit. */
struct account_note {
	const char *action; /* "notice" */
	const char *object; /* whom it is about, "alice/office"; may be empty */
	const char *text;   /* what was done; may be empty */
	const char *before; /* what was before; NULL: nothing */
	/*
	 * Unless it is NULL, called with number and arg when the entry is
	 * committed, whether the operation was cancelled meanwhile or not.
	 */
	void (*effect)(int64_t number, void *arg);
	int64_t number;
	void *arg; /* outlives the store */
};

/*
 * Put note into the audit, texts that are too long being cut: what is done
 * should be done in done, or by the effect of the note, so that nothing happens
 * without an entry.  The outcome is CODE_OK, CODE_OVERLOADED or CODE_INTERNAL.
 */
struct account_op *account_note(struct account_book *book,
    const struct account_note *note, const struct account_by *by,
    account_done *done, void *arg);

/*
 * Add the rule that patterns has (rules.h; its id and place are not looked at),
 * in front of the rule `before`, or behind all with 0.  In force at once.  The
 * outcome is CODE_OK, CODE_LIMIT when there are too many, CODE_LOGIN_REFUSED
 * when there is no rule `before`, CODE_OVERLOADED or CODE_INTERNAL.
 */
struct account_op *account_add_rule(struct account_book *book,
    const struct store_rule *patterns, int64_t before,
    const struct account_by *by, account_done *done, void *arg);

/*
 * Delete the rule with that id.  The outcome is CODE_OK, CODE_LOGIN_REFUSED
 * when there is none, CODE_OVERLOADED or CODE_INTERNAL.
 */
struct account_op *account_delete_rule(struct account_book *book, int64_t id,
    const struct account_by *by, account_done *done, void *arg);

/* A share to make, or to end; copied. */
struct account_sharing {
	struct account *owner;
	const char *host;
	const char *user;   /* the account that it is shared with */
	uint64_t share;     /* its id; to end all of host with user: 0 */
	uint64_t expiry;    /* to make one: unix seconds, 0: never */
	const char *rights; /* likewise: valid ones */
	uint64_t rate;      /* likewise: bytes a second each way, 0: any */
	struct account_by by;
};

/*
 * Share a host.  The outcome is CODE_OK with the share, CODE_HOST_UNKNOWN when
 * the owner has no such host, CODE_DENIED when there is no such account or it
 * is the owner's, CODE_LIMIT, CODE_NAME_TAKEN when there is a share with that
 * id, CODE_OVERLOADED or CODE_INTERNAL.
 */
struct account_op *account_share(struct account_book *book,
    const struct account_sharing *sharing, account_done *done, void *arg);

/*
 * End the share with that id, or all of host with user.  Each is unshared for
 * ops when that is committed.  The outcome is CODE_OK with those shares,
 * CODE_HOST_UNKNOWN when there is none, CODE_OVERLOADED or CODE_INTERNAL.
 */
struct account_op *account_unshare(struct account_book *book,
    const struct account_sharing *sharing, account_done *done, void *arg);

/* Return the share with that id, or NULL. */
const struct account_share *account_find_share(
    const struct account_book *book, uint64_t share);

/*
 * Return the share after share (NULL: the first) of those that account makes,
 * or, with borrowed, of those that are made to it.
 */
const struct account_share *account_next_share(const struct account *account,
    bool borrowed, const struct account_share *share);

/* Return what is stored of share. */
const struct store_share *account_share_row(const struct account_share *share);

/* Return the account that share is of, and the one that it is made to. */
struct account *account_share_owner(const struct account_share *share);
/* As account_share_owner(). */
struct account *account_share_user(const struct account_share *share);

/*
 * Let op go on without a word; NULL is allowed.  What is on its way to the
 * store still happens, with ops told of it.
 */
void account_cancel(struct account_op *op);

/* Return the account with that id, or NULL. */
struct account *account_by_number(const struct account_book *book, int64_t id);

/* Return the account of that user, or NULL. */
struct account *account_find(const struct account_book *book, const char *user);

/*
 * Return the live device of account by that name, "office" or "office#2", or
 * NULL.
 */
struct account_device *account_find_device(
    const struct account *account, const char *name);

/* Return the device with that id, or NULL. */
struct account_device *account_device_by_id(
    const struct account_book *book, int64_t id);

/* Return the account after account (NULL: the first), by age, or NULL. */
struct account *account_next(
    const struct account_book *book, const struct account *account);

/*
 * Return the device after device (NULL: the first) of account, live ones by
 * age and then removed ones, or NULL.
 */
struct account_device *account_next_device(
    const struct account *account, const struct account_device *device);

/* As account_next_device(), live gateways only. */
struct account_device *account_next_gateway(
    const struct account *account, const struct account_device *device);

/* Return the invitation after token (NULL: the first) of account, by age. */
struct account_token *account_next_token(
    const struct account *account, const struct account_token *token);

/*
 * Return the invitation that account_token_id() calls id, or NULL; of two that
 * it calls the same, which chance does not bring about, the later one.
 */
struct account_token *account_find_token(
    const struct account_book *book, const char *id);

/* Return the account that token is an invitation to. */
struct account *account_token_account(const struct account_token *token);

/* Return what is stored of token. */
const struct store_token *account_token_row(const struct account_token *token);

/* Write what people call token by to out; returns out. */
const char *account_token_id(
    const struct account_token *token, char out[ACCOUNT_TOKEN_ID_LEN]);

/* Return what is stored of account. */
const struct store_account *account_row(const struct account *account);

/* Return what is stored of device. */
const struct store_device *account_device_row(
    const struct account_device *device);

/* Room for what people call a device: its name, or "office#2". */
#define ACCOUNT_LABEL_LEN (NAME_HOST_MAX + 1 + 4)

/* Write what people call device by to out; returns out. */
const char *account_device_label(
    const struct account_device *device, char out[ACCOUNT_LABEL_LEN]);

/* Return how many agents of account have that name, in lower case. */
size_t account_hosts_named(const struct account *account, const char *name);

/* Return the account of device. */
struct account *account_device_account(const struct account_device *device);

/* Note that device was heard of at the time now; written by a later tick. */
void account_device_seen(struct account_device *device, uint64_t now);

/* Let link, which stays the caller's, be what account_device_link() returns. */
void account_device_set_link(struct account_device *device, void *link);

/* Return what was last set, NULL at first. */
void *account_device_link(const struct account_device *device);

/*
 * What becomes of an enrolment under a name that a live device has, when its
 * invitation does not say: refused, as at first, or it replaces that one.
 */
void account_book_set_replacing(struct account_book *book, bool replaces);

/* Limit the accounts of each level by what is there for it; copied. */
void account_book_set_levels(
    struct account_book *book, const struct allowance levels[STORE_GUEST + 1]);

/* Where a limit comes from. */
enum account_source {
	ACCOUNT_SOURCE_NONE, /* there is none */
	ACCOUNT_SOURCE_LEVEL,
	ACCOUNT_SOURCE_ACCOUNT,
};

/*
 * Return the limit that is in force for account, or ALLOWANCE_NONE; *source,
 * unless it is NULL, is where it comes from.
 */
uint64_t account_limit(const struct account *account, enum allowance_key key,
    enum account_source *source);

/*
 * Return whether wanted of key is more than account may have; then text is a
 * sentence about it, for CODE_LIMIT.
 */
bool account_exceeds(const struct account *account, enum allowance_key key,
    uint64_t wanted, char text[LIMITS_TEXT_LEN]);

/* Return how many devices, hosts or links account has. */
uint64_t account_usage(const struct account *account, enum allowance_key key);

/*
 * Take one of the attaches that account may have a second, at the time now in
 * nanoseconds of a monotonic clock.  Returns false when there is none left; it
 * may have ACCOUNT_ATTACH_BURST seconds of them at once.
 */
bool account_take_attach(struct account *account, uint64_t now);

/* Return the rules, which live in book. */
const struct rules *account_book_rules(const struct account_book *book);

/*
 * Count bytes that account moved, for the month in which now is.  They are
 * written by account_book_tick(): what was counted since the last one is lost
 * when the process is killed.
 */
void account_spend(
    struct account *account, uint64_t up, uint64_t down, uint64_t now);

/* Return how many bytes account moved in the month in which now is. */
uint64_t account_spent(const struct account *account, uint64_t now);

/*
 * Return how many bytes account may still move in the month in which now is;
 * ALLOWANCE_NONE where that is not limited.
 */
uint64_t account_left(const struct account *account, uint64_t now);

/*
 * Write to text what is said when that is nothing, for CODE_QUOTA: "Monthly
 * limit of 200 GiB used up; resets on 1 December."
 */
void account_quota_text(
    const struct account *account, uint64_t now, char text[LIMITS_TEXT_LEN]);

/* Return the months of account, which live until it moves something. */
const struct usage *account_months(const struct account *account);

/* Return the account with that id, or NULL. */
struct account *account_by_id(const struct account_book *book, int64_t id);

/* Let tenant, which stays the caller's, be what account_tenant() returns. */
void account_set_tenant(struct account *account, void *tenant);

/* Return what was last set, NULL at first. */
void *account_tenant(const struct account *account);

/* Return the last changes, which live in book. */
const struct audit *account_book_audit(const struct account_book *book);

/* Return "admin", "user" or "guest". */
const char *account_level_name(enum store_level level);

/* Put the level of that name into *out; 0, or -1 when there is none. */
int account_level_parse(const char *name, enum store_level *out);

/* Return how many accounts there are. */
size_t account_book_accounts(const struct account_book *book);

/* Return how many live devices there are. */
size_t account_book_devices(const struct account_book *book);

#endif
