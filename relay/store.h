/* SPDX-License-Identifier: ISC */
/*
 * store: what the relay remembers across restarts, in SQLite.
 *
 * Memory is the truth that everybody reads: rows are read once, at start, by
 * store_load().  From then on there are only changes.  A submission is a list
 * of changes that happen together or not at all; it counts only once its done
 * callback has said so, which is after the commit has reached the disk.
 *
 *	store_open()    the file, its schema brought up to date
 *	store_load()    every row, once
 *	store_start()   a thread for the commits
 *	store_submit()  ...  done(NULL) on the loop after the commit
 *	store_close()   commits what is queued, runs the callbacks, frees
 *
 * Commits wait for the disk, so they happen on one helper thread, all that is
 * queued in one transaction; the loop never waits.  Without store_start() the
 * same calls work in a program without a loop: store_sync() then commits.
 *
 * Callbacks run in the order of submission, in the thread of the loop.  All
 * functions are called in that thread.  Times are unix seconds, ids are never
 * used again.
 */
#ifndef INROAD_RELAY_STORE_H
#define INROAD_RELAY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/keys.h"
#include "protocol/linkhello.h"
#include "protocol/name.h"
#include "protocol/rights.h"

struct loop;
struct store;

/* Length of a token's hash. */
#define STORE_HASH_LEN 32
/* Room for the text of an error; for one that names the file as well. */
#define STORE_TEXT_LEN 256
#define STORE_ERROR_LEN 768
/* Longest name and value of a meta row. */
#define STORE_META_NAME_MAX 31
#define STORE_META_VALUE_MAX 64
/* Room for the texts of an audit entry; longer ones are cut. */
#define STORE_ORIGIN_LEN 64
#define STORE_ACTION_LEN 24
#define STORE_OBJECT_LEN (NAME_USER_MAX + 1 + NAME_HOST_MAX + 4 + 1)
#define STORE_VALUE_LEN 64
/* Room for the name of a limit. */
#define STORE_LIMIT_LEN 16
/*
 * Entries of the audit: the file keeps the last 100,000 (a trigger of the
 * schema drops older ones), which is 20 MB; the last of them are read back.
 */
#define STORE_AUDIT_KEPT 100000
#define STORE_AUDIT_READ 1000

/*
 * Submissions not yet delivered.  A full queue means a disk that takes seconds
 * for a commit; logins are then refused for the moment instead of piling up.
 */
#define STORE_QUEUE_MAX 4096
/* Changes of one submission. */
#define STORE_CHANGES_MAX 1024

/* What an account may do; kept in the file by these numbers. */
enum store_level {
	STORE_ADMIN = 1,
	STORE_USER = 2,
	STORE_GUEST = 3,
};

/* A small thing about the relay itself. */
struct store_meta {
	char name[STORE_META_NAME_MAX + 1];
	uint8_t value[STORE_META_VALUE_MAX];
	size_t value_len;
};

struct store_account {
	int64_t id;
	char user[NAME_USER_MAX + 1];
	enum store_level level;
	bool disabled;
	uint64_t created;
	bool has_key; /* the id and epoch of the account key are known */
	uint8_t key_id[KEYS_ID_LEN];
	uint32_t key_epoch;
	uint64_t key_changed; /* since when; the old one is epoch - 1 */
	bool has_old_key;
	uint8_t old_key_id[KEYS_ID_LEN];
};

struct store_device {
	int64_t id;
	int64_t account;
	char
	    name[NAME_HOST_MAX + 1]; /* with the next unique in the account … */
	uint8_t replica; /* … while live: 0, or 2 and up of those by one name */
	enum linkhello_role role;
	uint8_t public_key[KEYS_LEN]; /* unique */
	uint64_t created;
	uint64_t last_seen;  /* 0: never */
	uint64_t revoked_at; /* 0: live */
	/*
	 * By whom, NULL: by its successor.  Rarely there, and so no array as
	 * there are many devices; lives until the submission is decided, or the
	 * loader's member returns.
	 */
	const char *revoked_by;
};

struct store_token {
	uint8_t hash[STORE_HASH_LEN];
	int64_t account;
	enum linkhello_role role;
	char name[NAME_HOST_MAX + 1]; /* empty: the device chooses */
	bool replace;                 /* revokes who has that name */
	bool replica;                 /* runs beside who has that name */
	uint64_t created;
	uint64_t expires;
	uint64_t used_at;              /* 0: not yet */
	uint8_t used_by_key[KEYS_LEN]; /* public key of who redeemed it */
	uint32_t uses;
	uint32_t uses_max; /* how often it may be redeemed, at least 1 */
};

/* A limit of an account that is not that of its level. */
struct store_limit {
	int64_t account;
	char name[STORE_LIMIT_LEN]; /* unique in the account */
	uint64_t value;
};

/* A rule of who may not reach what; patterns, see rules.h. */
struct store_rule {
	int64_t id;
	int64_t place; /* rules are tried in this order */
	bool allow;    /* else deny */
	char user[NAME_USER_MAX + 1];
	char owner[NAME_USER_MAX + 1];
	char host[NAME_HOST_MAX + 1];
};

/* A host that is shared with another account. */
struct store_share {
	uint64_t share; /* its id, not 0 and unique */
	int64_t owner;  /* the account */
	int64_t user;   /* with which one */
	char host[NAME_HOST_MAX + 1];
	uint64_t created;
	uint64_t expiry; /* 0: never */
	char rights[RIGHTS_LEN];
	uint64_t rate; /* bytes a second each way, 0: any */
};

/* What an account moved in a month (usage.h); one row a month. */
struct store_usage {
	int64_t account;
	uint32_t month; /* 202611 */
	uint64_t up;
	uint64_t down;
};

/*
 * A change that somebody made: an entry of the audit.  Texts are for people
 * and may be empty.
 */
struct store_audit {
	uint64_t at;
	char user[NAME_USER_MAX + 1];  /* the account that did it */
	char origin[STORE_ORIGIN_LEN]; /* from where */
	char action[STORE_ACTION_LEN]; /* "device.revoke" */
	char object[STORE_OBJECT_LEN]; /* "alice/office" */
	char before[STORE_VALUE_LEN];
	char after[STORE_VALUE_LEN];
};

/* What happens to which row. */
enum store_kind {
	STORE_META_SET,
	STORE_ACCOUNT_ADD,
	STORE_ACCOUNT_STATE, /* level, disabled */
	STORE_ACCOUNT_DROP,  /* with its devices and tokens */
	STORE_ACCOUNT_KEY,   /* all about keys */
	STORE_DEVICE_ADD,
	STORE_DEVICE_SEEN,   /* last_seen */
	STORE_DEVICE_REVOKE, /* revoked_at, revoked_by */
	STORE_DEVICE_DROP,
	STORE_TOKEN_ADD,
	STORE_TOKEN_USED, /* used_at, used_by_key, uses */
	STORE_TOKEN_DROP,
	STORE_AUDIT_ADD,
	STORE_LIMIT_SET,
	STORE_LIMIT_DROP,
	STORE_RULE_ADD, /* at its place: others move one on */
	STORE_RULE_DROP,
	STORE_SHARE_ADD,
	STORE_SHARE_DROP, /* with share 0: all of owner's host with user */
	STORE_USAGE_SET,  /* nothing happens where the account is gone */
	STORE_USAGE_DROP, /* of that month and all before */
	STORE_KINDS,
};

/* A change: its kind and the row with at least the fields it is about. */
struct store_change {
	enum store_kind kind;
	union {
		struct store_meta meta;
		struct store_account account;
		struct store_device device;
		struct store_token token;
		struct store_audit audit;
		struct store_limit limit;
		struct store_rule rule;
		struct store_share share;
		struct store_usage usage;
	} row;
};

/* Why a store could not be opened or read; a value. */
struct store_error {
	int status;                 /* exit code of sysexits(3) */
	char text[STORE_ERROR_LEN]; /* begins with the path */
};

/*
 * Who gets the rows, accounts before devices and tokens, each kind by age.  A
 * member returns 0, or -1 to give up; one that is NULL gets none.
 */
struct store_loader {
	/* A meta row. */
	int (*meta)(const struct store_meta *row, void *arg);
	/* An account. */
	int (*account)(const struct store_account *row, void *arg);
	/* A device, live or revoked. */
	int (*device)(const struct store_device *row, void *arg);
	/* A token, of whatever use and age. */
	int (*token)(const struct store_token *row, void *arg);
	/* A limit. */
	int (*limit)(const struct store_limit *row, void *arg);
	/* A rule; by place. */
	int (*rule)(const struct store_rule *row, void *arg);
	/* A share. */
	int (*share)(const struct store_share *row, void *arg);
	/* A month of an account. */
	int (*usage)(const struct store_usage *row, void *arg);
	/* One of the last STORE_AUDIT_READ entries of the audit, by age. */
	int (*audit)(const struct store_audit *row, void *arg);
};

/*
 * Called when a submission is decided: error is NULL when it is committed,
 * else a clause for people why none of it is ("database or disk is full").
 */
typedef void store_done(const char *error, void *arg);

/*
 * Open the store in the file path, or make one of mode 0600.  Its integrity is
 * checked and its schema brought up to date.  Returns NULL and *error when
 * that does not work; a file that is damaged, foreign or of a later version
 * stays as it is.
 */
struct store *store_open(const char *path, struct store_error *error);

/*
 * Hand all rows to loader's members with arg.  Once, before anything is
 * submitted.  Returns 0, or -1 and *error.
 */
int store_load(struct store *store, const struct store_loader *loader,
    void *arg, struct store_error *error);

/*
 * Commit on a thread of its own from now on and deliver on loop.  Returns 0,
 * or -1 when no thread is to be had; the store then works as before.
 */
int store_start(struct store *store, struct loop *loop);

/*
 * Return a fresh id for a row of kind STORE_ACCOUNT_ADD, STORE_DEVICE_ADD or
 * STORE_RULE_ADD.
 */
int64_t store_next_id(struct store *store, enum store_kind kind);

/*
 * Queue count changes, 1 to STORE_CHANGES_MAX, which are copied, to be
 * committed together, in their order and after everything submitted before.
 * done, unless NULL, is called with arg later, never from inside.  Returns 0,
 * or -1 when memory is short, the queue is full or the store is closing.
 */
int store_submit(struct store *store, const struct store_change *changes,
    size_t count, store_done *done, void *arg);

/*
 * Wait until everything queued is decided, running the callbacks here, also
 * for what they submit.  Not from inside a callback.
 */
void store_sync(struct store *store);

/* Return how many submissions are not delivered yet. */
size_t store_queued(const struct store *store);

/*
 * Commit what is queued, run its callbacks (what they submit is refused), end
 * the thread and free; NULL is allowed.
 */
void store_close(struct store *store);

#endif
