/* SPDX-License-Identifier: ISC */
/*
 * account_impl: what the files of the accounts share and nobody else sees.
 *
 * account_book.c keeps the objects and finds them; account_op.c runs
 * operations; account_login.c, account_invite.c, account_owner.c,
 * account_share.c and account.c are the operations; account_text.c has words
 * for people.
 */
#ifndef INROAD_RELAY_ACCOUNT_IMPL_H
#define INROAD_RELAY_ACCOUNT_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "common/ratelimit.h"
#include "common/table.h"
#include "relay/account.h"
#include "relay/usage.h"

/* Most changes of one operation: an enrolment has up to seven. */
#define ACCOUNT_CHANGES_MAX 8
/* Most invitations that one more makes void. */
#define ACCOUNT_DROPS_MAX 4

struct rule;

struct account_book {
	struct store *store;
	const struct account_ops *ops;
	void *arg;
	struct table *by_user;   /* accounts */
	struct table *by_number; /* accounts by id */
	struct table *by_id;     /* devices */
	struct table *by_key;    /* devices */
	struct table *by_name;   /* live devices by account id and name */
	struct table *tokens;    /* by hash */
	struct table *token_ids; /* by its first bytes */
	struct table *shares;    /* by id */
	struct audit *audit;
	struct rules *rules;
	bool replaces; /* who has a name, in favour of who enrols with it */
	struct allowance levels[STORE_GUEST + 1]; /* by enum store_level */
	struct list accounts;                     /* by age */
	struct list *swept; /* account_book_tick() goes on here, NULL: begins */
	struct list seen;   /* devices whose last_seen is to be written */
	struct list spent;  /* accounts whose month is to be written */
	struct list pending; /* operations on their way to the store */
	struct list waiting; /* operations that wait for one of those */
	size_t ops_count;
	size_t live;
};

struct account {
	struct table_node by_user;
	struct table_node by_number;
	struct list of_book;
	struct account_book *book;
	struct list devices;  /* live ones by age */
	struct list gateways; /* of those, likewise */
	struct list revoked;  /* by the time of their removal */
	struct list tokens;   /* by age */
	struct list lent;     /* shares that it makes, by age */
	struct list borrowed; /* shares that are made to it, by age */
	unsigned lent_count;
	unsigned borrowed_count;
	unsigned revoked_count;
	uint32_t usage[ALLOWANCE_LINKS + 1]; /* devices, hosts, links */
	struct allowance limits;
	struct ratelimit attaches;
	uint64_t attaches_limit; /* that it was set up with, 0: never */
	struct usage months;
	uint32_t spent_month; /* the month to write, while in book->spent */
	unsigned token_count;
	struct list spent;
	void *tenant;
	struct store_account row;
};

struct account_device {
	struct table_node by_id;
	struct table_node by_key;
	struct table_node by_name; /* while live */
	struct list of_account;
	struct list of_gateways; /* a live gateway */
	struct list seen;
	struct account *account;
	void *link;
	char *revoked_by; /* of row */
	struct store_device row;
};

struct account_token {
	struct table_node by_hash;
	struct table_node by_id;
	struct list of_account;
	struct account *account;
	struct store_token row;
};

/* Found by its id, by its owner and by whom it is made to. */
struct account_share {
	struct table_node by_share;
	struct list of_owner;
	struct list of_user;
	struct account *owner;
	struct account *user;
	struct store_share row;
};

/* --- account_book.c ------------------------------------------------------ */

/* Return the account of user, which is in lower case, or NULL. */
struct account *account_book_find(
    const struct account_book *book, const char *user);

/* Return the account with that id, or NULL. */
struct account *account_book_find_number(
    const struct account_book *book, int64_t id);

/* Return the device, live or removed, with that id, or NULL. */
struct account_device *account_book_find_id(
    const struct account_book *book, int64_t id);

/* Return the device, live or removed, with that public key, or NULL. */
struct account_device *account_book_find_key(
    const struct account_book *book, const uint8_t public_key[KEYS_LEN]);

/*
 * Return the live device of account by that name in lower case and that
 * number, or NULL.
 */
struct account_device *account_book_find_name(
    const struct account *account, const char *name, uint8_t replica);

/*
 * Return the first live device of account by that name, of whatever number, or
 * NULL; *count, unless NULL, is how many there are.
 */
struct account_device *account_book_first_named(
    const struct account *account, const char *name, size_t *count);

/* Return the invitation whose token has that hash, or NULL. */
struct account_token *account_book_find_token(
    const struct account_book *book, const uint8_t hash[STORE_HASH_LEN]);

/* Return an account with that row, in no book yet, or NULL. */
struct account *account_book_make(
    struct account_book *book, const struct store_account *row);

/* Return a device of account with that row, not there yet, or NULL. */
struct account_device *account_book_make_device(
    struct account *account, const struct store_device *row);

/* Return an invitation to account with that row, not there yet, or NULL. */
struct account_token *account_book_make_token(
    struct account *account, const struct store_token *row);

/* Put account into its book. */
void account_book_insert(struct account *account);

/* Put device where it is found. */
void account_book_insert_device(struct account_device *device);

/* Put token where it is found. */
void account_book_insert_token(struct account_token *token);

/*
 * Follow the removal of device, which is live, at the time now by an account,
 * whose name is taken over (NULL: by its successor).
 */
void account_book_retire(struct account_device *device, uint64_t now, char *by);

/* Take device, live or removed, out of everything and free it. */
void account_book_drop_device(struct account_device *device);

/* Take token out of everything and free it. */
void account_book_drop_token(struct account_token *token);

/* Take account, with its devices and invitations, out of everything and free
 * them. */
void account_book_drop(struct account *account);

/* Return true when no device can be enrolled by token any more. */
bool account_book_is_spent(const struct account_token *token);

/* As account_device_seen(). */
void account_book_note_seen(struct account_device *device, uint64_t now);

/* --- account_limit.c ------------------------------------------------------ */

/* Tell ops that other limits hold for account. */
void account_limits_changed(struct account *account);

/* --- account_usage.c ------------------------------------------------------ */

/* Take a row of the store over; as in struct store_loader. */
int account_usage_load(
    struct account_book *book, const struct store_usage *row);

/*
 * Write some of what accounts moved since the last time; returns true while
 * there is more and room for it.
 */
bool account_usage_write_some(struct account_book *book);

/* --- account_op.c -------------------------------------------------------- */

/* What an operation wants stored, on the stack of who runs it. */
struct account_changes {
	struct store_change list[ACCOUNT_CHANGES_MAX];
	size_t count;
};

enum account_verdict {
	ACCOUNT_ANSWER, /* the outcome is filled in; nothing is to be stored */
	ACCOUNT_STORE,  /* the changes are filled in */
};

/* What an operation does. */
struct account_kind {
	/*
	 * Decide from what the book holds now.  May run again later when the
	 * operation had to wait, so it leaves the book as it is; what it
	 * allocates goes into the fresh fields.
	 */
	enum account_verdict (*decide)(
	    struct account_op *op, struct account_changes *changes);
	/*
	 * The changes are committed: follow in memory, which cannot fail, and
	 * fill in the outcome.
	 */
	void (*commit)(struct account_op *op);
};

enum account_op_state {
	ACCOUNT_OP_WAITING,
	ACCOUNT_OP_PENDING,
	ACCOUNT_OP_FINISHING, /* done runs, or what leads to it */
};

/*
 * An operation.  The first block is what it touches: of two that touch the
 * same, the second waits until the first is committed, and is decided then.
 */
struct account_op {
	char user[NAME_USER_MAX + 1];
	char name[NAME_HOST_MAX + 1]; /* of a device; may be empty */
	bool has_key;
	uint8_t key[KEYS_LEN]; /* of a device */
	bool has_token;        /* spends an invitation */
	uint8_t hash[STORE_HASH_LEN];
	bool invites;   /* makes and voids invitations */
	bool exclusive; /* the account as a whole */

	struct list node; /* in book->pending or book->waiting */
	struct account_book *book;
	const struct account_kind *kind;
	enum account_op_state state;
	account_done *done; /* NULL: nobody waits for it any more */
	void *arg;
	struct account_outcome outcome;

	/* What is asked for; each kind uses some of it. */
	uint64_t now;
	enum name_error flaw; /* of the name that was asked for, as it came */
	enum linkhello_role role;
	bool has_key_id;
	uint8_t key_id[KEYS_ID_LEN];
	uint32_t key_epoch;
	bool replace;
	bool replica;
	uint32_t ttl;
	uint32_t uses;                 /* of an invitation; 0: one */
	char asked[NAME_HOST_MAX + 1]; /* the name before another was chosen */
	enum store_level level;
	bool disabled;
	int64_t device;
	char by[NAME_USER_MAX + 1];
	char origin[STORE_ORIGIN_LEN];

	struct allowance limits;                   /* to set */
	struct store_audit note;                   /* to keep in the audit */
	void (*effect)(int64_t number, void *arg); /* of a note, or NULL */
	int64_t effect_number;
	void *effect_arg;
	int64_t account_id;     /* of an account that may go while this waits */
	struct store_rule rule; /* to add, or its id */
	int64_t before;         /* the rule behind it, 0: none */
	struct store_share share; /* to make or to end */
	char borrower[NAME_USER_MAX + 1];

	/* What decide() found and made for commit(). */
	struct store_audit audit; /* its action is empty: nothing to note */
	struct account *account;
	struct account *fresh_account;
	struct account_device *fresh_device;
	char *fresh_by; /* who removes a device */
	struct account_token *fresh_token;
	struct rule *fresh_rule;
	struct account_share *fresh_share;
	uint8_t token[LINKHELLO_TOKEN_LEN];
	int64_t moved;    /* device dropped as its key is enrolled anew, or 0 */
	int64_t replaced; /* device removed by its successor, or 0 */
	int64_t forgotten; /* device dropped as too many are removed, or 0 */
	uint8_t number;    /* of a device that is enrolled */
	bool redeems;
	bool sets_key;
	struct store_account key_row; /* if sets_key */
	uint8_t drops[ACCOUNT_DROPS_MAX][STORE_HASH_LEN];
	size_t drop_count;
};

/*
 * Return an operation of kind without anything asked for, or NULL after
 * calling done with CODE_OVERLOADED.
 */
struct account_op *account_op_new(struct account_book *book,
    const struct account_kind *kind, account_done *done, void *arg);

/*
 * Run op, which is taken over.  Returns it when it is under way, NULL when
 * done has run.
 */
struct account_op *account_op_start(struct account_op *op);

/* As account_cancel(). */
void account_op_cancel(struct account_op *op);

/*
 * Fill the outcome of op with code and a formatted sentence, or what the
 * catalogue says when format is NULL.  Returns ACCOUNT_ANSWER.
 */
enum account_verdict account_op_answer(struct account_op *op, enum code code,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Note who asks for op, and when. */
void account_op_by(struct account_op *op, const struct account_by *by);

/*
 * Have op leave an entry in the audit: action on its account, or on the thing
 * of that name in it unless name is NULL.
 */
void account_op_audit(struct account_op *op, const char *action,
    const char *name, const char *before, const char *after);

/*
 * Find the account that op is about, by its id.  Returns false when it was
 * dropped while op waited, and the outcome is filled in.
 */
bool account_op_find(struct account_op *op);

/*
 * Return the next change, zeroed but for its kind.  There is room for all that
 * one operation needs.
 */
struct store_change *account_op_change(
    struct account_changes *changes, enum store_kind kind);

/*
 * Have a live device removed in the name of by (NULL: of its successor), at
 * op's time, and the oldest removed one dropped if there are too many.
 */
void account_op_revoke(struct account_op *op, struct account_changes *changes,
    const struct account_device *device, const char *by);

/* Follow the second part of account_op_revoke() after the commit. */
void account_op_forget(struct account_op *op);

/* --- account_invite.c ---------------------------------------------------- */

/*
 * Add to changes an invitation as op says (role, name, replace, ttl) for the
 * account with that id; account is NULL when it is about to be made.  Returns
 * ACCOUNT_STORE, or ACCOUNT_ANSWER when there are too many or no memory.
 */
enum account_verdict account_invite_decide(struct account_op *op,
    struct account_changes *changes, struct account *account, int64_t id);

/* Follow in memory and fill in the outcome. */
void account_invite_commit(struct account_op *op);

/* --- account_name.c ------------------------------------------------------ */

/*
 * Judge whether a device can come by the name of op, elsewhere being the one
 * that has its key already, if any.  Returns true, with the one that it
 * replaces in *holder, NULL if there is none; or false and the outcome is
 * filled in.
 */
bool account_name_judge(struct account_op *op, const struct account *account,
    const struct account_device *elsewhere, bool replace,
    struct account_device **holder);

/*
 * Make the name of op one that nobody in account has, by a number behind it if
 * need be.  Returns false when there is none, and the outcome is filled in.
 */
bool account_name_choose(struct account_op *op, const struct account *account);

/*
 * Put the number of one more replica by the name of op into *number.  Returns
 * false when there cannot be one, and the outcome is filled in.
 */
bool account_name_number(struct account_op *op, const struct account *account,
    const struct account_device *elsewhere, uint8_t *number);

/* --- account_rule.c ------------------------------------------------------ */

/* Take a rule from the store: as in struct store_loader, arg is the book. */
int account_rule_read(const struct store_rule *row, void *arg);

/* --- account_share.c ----------------------------------------------------- */

/* Return the key of the table of shares. */
struct table_key account_share_key(const struct table_node *node);

/* Put a share with that row into book; 0, or -1 without memory. */
int account_share_load(
    struct account_book *book, const struct store_share *row);

/* End the shares of account, either way, and tell ops why. */
void account_share_end_all(struct account *account, const char *text);

/* Free the shares of account, either way, without a word. */
void account_share_free_all(struct account *account);

/* End the shares of account that have expired at the time now. */
void account_share_expire(struct account *account, uint64_t now);

/* --- account_text.c ------------------------------------------------------ */

/* Room for a text of this module. */
#define ACCOUNT_TEXT_LEN 32

/* Write "3 May", or "3 May 2025" if now is in another year; returns out. */
const char *account_text_day(
    uint64_t when, uint64_t now, char out[ACCOUNT_TEXT_LEN]);

/* Write a time span in its largest unit, "2 h"; returns out. */
const char *account_text_span(uint64_t seconds, char out[ACCOUNT_TEXT_LEN]);

/*
 * Write to out, LIMITS_TEXT_LEN bytes, what a device is told that was removed
 * at the time when by that account (NULL: by its successor).
 */
void account_text_removed(
    uint64_t when, const char *by, uint64_t now, char *out);

#endif
