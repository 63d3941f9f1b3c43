/* SPDX-License-Identifier: ISC */

#include "relay/account.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "relay/account_impl.h"
#include "relay/audit.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/faultvfs.h"

#define HOUR 3600
#define DAY 86400
/* 3 May 2026, noon. */
#define NOW UINT64_C(1777809600)

/* What the book said to the relay. */
struct events {
	int added;
	int gone;
	int rekeyed;
	enum code code;
	char name[64];
	char text[LIMITS_TEXT_LEN];
};

static struct {
	char directory[64];
	char path[96];
	struct store *store;
	struct account_book *book;
	struct account *alice;
	struct events events;
} world;

/* What came of an operation. */
struct result {
	int count;
	struct account_outcome outcome;
	/* What happens when it is known. */
	struct account_op **cancel;
	bool repair; /* the disk */
};

/* Who changes accounts here. */
static const struct account_by by_admin = { "admin", "192.0.2.7", NOW };

/* Somebody who logs in. */
struct person {
	enum linkhello_role role;
	uint8_t key[KEYS_LEN];
	struct linkhello_login hello;
};

/* Do all that is due. */
static void
tick(struct account_book *book, uint64_t now)
{
	while (account_book_tick(book, now)) {
	}
}

static void
on_added(struct account_device *device, void *arg)
{
	struct events *events = arg;

	events->added++;
	snprintf(events->name, sizeof(events->name), "%s",
	    account_device_row(device)->name);
}

static void
on_gone(
    struct account_device *device, enum code code, const char *text, void *arg)
{
	struct events *events = arg;

	events->gone++;
	events->code = code;
	snprintf(events->name, sizeof(events->name), "%s",
	    account_device_row(device)->name);
	snprintf(events->text, sizeof(events->text), "%s", text);
}

static void
on_rekeyed(struct account *account, struct account_device *device, void *arg)
{
	struct events *events = arg;

	ck_assert_ptr_eq(account_device_account(device), account);
	events->rekeyed++;
}

static const struct account_ops ops = {
	.added = on_added,
	.gone = on_gone,
	.rekeyed = on_rekeyed,
};

static void
open_world(void)
{
	struct store_error error;

	world.store = store_open(world.path, &error);
	ck_assert_ptr_nonnull(world.store);
	world.book = account_book_new(world.store, &ops, &world.events);
	ck_assert_ptr_nonnull(world.book);
	ck_assert_int_eq(account_book_load(world.book, &error), 0);
	world.alice = account_find(world.book, "alice");
}

static void
close_world(void)
{
	store_close(world.store);
	account_book_free(world.book);
	world.store = NULL;
	world.book = NULL;
}

static void
reopen_world(void)
{
	close_world();
	open_world();
}

static void
remove_file(const char *suffix)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", world.path, suffix);
	ck_assert(unlink(path) == 0 || errno == ENOENT);
}

static void
teardown(void)
{
	faultvfs_set_full(false);
	close_world();
	remove_file("");
	remove_file("-wal");
	remove_file("-shm");
	ck_assert_int_eq(rmdir(world.directory), 0);
}

static void
on_done(const struct account_outcome *outcome, void *arg)
{
	struct result *result = arg;

	result->count++;
	result->outcome = *outcome;
	ck_assert_str_ne(outcome->text, "");
	if (result->repair) {
		faultvfs_set_full(false);
	}
	if (result->cancel != NULL) {
		account_cancel(*result->cancel);
		*result->cancel = NULL;
	}
}

/* Commit what is under way; return what came of it, exactly once. */
static enum code
settle(struct result *result)
{
	store_sync(world.store);
	ck_assert_int_eq(result->count, 1);
	return result->outcome.code;
}

static struct account *
create(const char *user)
{
	struct result result = { .count = 0 };

	(void)account_create(
	    world.book, user, STORE_USER, &by_admin, on_done, &result);
	ck_assert_int_eq(settle(&result), CODE_OK);
	return result.outcome.account;
}

static void
setup(void)
{
	const char *temp = getenv("TMPDIR");

	memset(&world, 0, sizeof(world));
	snprintf(world.directory, sizeof(world.directory), "%.40s/XXXXXX",
	    temp == NULL ? "/tmp" : temp);
	ck_assert_ptr_nonnull(mkdtemp(world.directory));
	snprintf(world.path, sizeof(world.path), "%s/store", world.directory);
	log_set_level(LOG_LEVEL_ERROR);
	open_world();
	world.alice = create("alice");
}

static struct account_op *
start_invite(struct account *account, enum linkhello_role role,
    const char *name, bool replace, struct result *result)
{
	const struct account_invite invite = {
		.account = account,
		.role = role,
		.name = name,
		.replace = replace,
		.by.now = NOW,
	};

	memset(result, 0, sizeof(*result));
	return account_invite(world.book, &invite, on_done, result);
}

static enum code
try_invite(enum linkhello_role role, const char *name, bool replace)
{
	struct result result;

	(void)start_invite(world.alice, role, name, replace, &result);
	return settle(&result);
}

/* Return somebody with a key of his own, without a token. */
static struct person
make_person(enum linkhello_role role, const char *user, const char *name)
{
	struct person person;

	memset(&person, 0, sizeof(person));
	person.role = role;
	randombytes_buf(person.key, sizeof(person.key));
	snprintf(person.hello.user, sizeof(person.hello.user), "%s", user);
	snprintf(person.hello.device, sizeof(person.hello.device), "%s", name);
	return person;
}

static void
give_token(struct person *person, const struct result *result)
{
	ck_assert_int_eq(result->outcome.code, CODE_OK);
	ck_assert(result->outcome.has_token);
	person->hello.has_token = true;
	memcpy(person->hello.token, result->outcome.token,
	    sizeof(person->hello.token));
}

/* The key id of an account key, by a letter. */
static void
give_key(struct person *person, char letter, uint32_t epoch)
{
	person->hello.has_key_id = true;
	memset(person->hello.key_id, letter, sizeof(person->hello.key_id));
	person->hello.key_epoch = epoch;
}

/* Return somebody with an invitation to account. */
static struct person
invite(struct account *account, enum linkhello_role role, const char *name)
{
	struct result result;
	struct person person =
	    make_person(role, account_row(account)->user, name);

	(void)start_invite(account, role, name, false, &result);
	ck_assert_int_eq(settle(&result), CODE_OK);
	give_token(&person, &result);
	return person;
}

static struct account_op *
start_login(const struct person *person, uint64_t now, struct result *result)
{
	const struct account_login login = {
		.hello = &person->hello,
		.role = person->role,
		.public_key = person->key,
		.now = now,
	};

	result->count = 0;
	return account_login(world.book, &login, on_done, result);
}

static enum code
try_login(const struct person *person, uint64_t now, struct result *result)
{
	struct result ours = { .count = 0 };
	enum code code;

	(void)start_login(person, now, &ours);
	code = settle(&ours);
	if (result != NULL) {
		*result = ours;
	}
	return code;
}

/* Return somebody who is enrolled. */
static struct person
enrol(struct account *account, enum linkhello_role role, const char *name)
{
	struct person person = invite(account, role, name);

	ck_assert_int_eq(try_login(&person, NOW, NULL), CODE_OK);
	person.hello.has_token = false;
	return person;
}

static struct account_device *
device_of(const struct person *person)
{
	return account_book_find_key(world.book, person->key);
}

static enum code
expel(const struct person *person, const char *by, uint64_t now)
{
	struct result result = { .count = 0 };

	(void)account_revoke(device_of(person),
	    &(struct account_by){ by, "192.0.2.7", now }, on_done, &result);
	return settle(&result);
}

static enum code
set_state(bool disabled)
{
	struct result result = { .count = 0 };

	(void)account_set_disabled(
	    world.alice, disabled, &by_admin, on_done, &result);
	return settle(&result);
}

/* --- the owner ---------------------------------------------------------- */

static enum code
owner(uint64_t now, struct result *result)
{
	memset(result, 0, sizeof(*result));
	(void)account_owner_token(world.book, now, on_done, result);
	return settle(result);
}

START_TEST(the_owner_is_invited_until_he_joins)
{
	struct person first = make_person(LINKHELLO_GATEWAY, "admin", "laptop");
	struct person second;
	struct result result;

	close_world();
	remove_file("");
	open_world();
	ck_assert_int_eq(owner(NOW, &result), CODE_OK);
	ck_assert_str_eq(account_row(result.outcome.account)->user, "admin");
	ck_assert_int_eq(
	    account_row(result.outcome.account)->level, STORE_ADMIN);
	ck_assert_uint_eq(result.outcome.expires, NOW + DAY);
	second = first;
	give_token(&first, &result);
	reopen_world();
	/* A new one at each start; the one before is void. */
	ck_assert_int_eq(owner(NOW + 5, &result), CODE_OK);
	give_token(&second, &result);
	give_key(&first, 'k', 1);
	give_key(&second, 'k', 1);
	ck_assert_int_eq(try_login(&first, NOW + 6, NULL), CODE_LOGIN_REFUSED);
	ck_assert_int_eq(try_login(&second, NOW + 6, &result), CODE_OK);
	ck_assert_int_eq(
	    account_row(result.outcome.account)->level, STORE_ADMIN);
	ck_assert_int_eq(owner(NOW + 7, &result), CODE_JOIN_USED);
	ck_assert(!result.outcome.has_token);
	ck_assert_int_eq(expel(&second, "admin", NOW + 8), CODE_OK);
	reopen_world();
	ck_assert_int_eq(owner(NOW + 9, &result), CODE_JOIN_USED);
}
END_TEST

START_TEST(a_relay_with_accounts_makes_no_owner)
{
	struct result result;

	ck_assert_int_eq(owner(NOW, &result), CODE_JOIN_USED);
	ck_assert_ptr_null(account_find(world.book, "admin"));
	(void)create("admin");
	ck_assert_int_eq(owner(NOW, &result), CODE_OK);
}
END_TEST

/* --- accounts ----------------------------------------------------------- */

START_TEST(accounts_have_names_of_their_own)
{
	static const char *const wrongs[] = { "", "two words", "-x",
		("0123456789012345678901234567890123456789012345678901234567890"
		 "123") };
	struct result result = { .count = 0 };
	struct account *account;

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		memset(&result, 0, sizeof(result));
		(void)account_create(world.book, wrongs[i], STORE_USER,
		    &by_admin, on_done, &result);
		ck_assert_int_eq(result.count, 1);
		ck_assert_int_eq(result.outcome.code, CODE_NAME_INVALID);
	}
	memset(&result, 0, sizeof(result));
	(void)account_create(
	    world.book, "ALICE", STORE_USER, &by_admin, on_done, &result);
	ck_assert_int_eq(settle(&result), CODE_NAME_TAKEN);
	account = create("Bob@Example.net");
	ck_assert_str_eq(account_row(account)->user, "bob@example.net");
	ck_assert_ptr_eq(account_find(world.book, "BOB@example.NET"), account);
	ck_assert_ptr_null(account_find(world.book, "carol"));
	ck_assert_ptr_null(account_find(world.book, wrongs[3]));
	ck_assert_ptr_eq(account_next(world.book, NULL), world.alice);
	ck_assert_ptr_eq(account_next(world.book, world.alice), account);
	ck_assert_ptr_null(account_next(world.book, account));
	reopen_world();
	account = account_find(world.book, "bob@example.net");
	ck_assert_ptr_nonnull(account);
	ck_assert_int_eq(account_row(account)->level, STORE_USER);
	ck_assert_uint_eq(account_row(account)->created, NOW);
}
END_TEST

START_TEST(two_of_one_name_at_once)
{
	struct result results[2] = { { .count = 0 } };

	for (int i = 0; i < 2; i++) {
		(void)account_create(world.book, "bob", STORE_USER, &by_admin,
		    on_done, &results[i]);
	}
	ck_assert_int_eq(settle(&results[0]), CODE_OK);
	ck_assert_int_eq(settle(&results[1]), CODE_NAME_TAKEN);
}
END_TEST

/* --- invitations -------------------------------------------------------- */

START_TEST(an_invited_agent_enrols_and_returns)
{
	struct person agent = invite(world.alice, LINKHELLO_AGENT, "Office");
	struct person other = agent;
	struct result result;

	ck_assert_int_eq(try_login(&agent, NOW + 10, &result), CODE_OK);
	ck_assert_ptr_eq(result.outcome.account, world.alice);
	ck_assert_ptr_eq(
	    result.outcome.device, account_find_device(world.alice, "OFFICE"));
	ck_assert_str_eq(
	    account_device_row(result.outcome.device)->name, "office");
	ck_assert_int_eq(world.events.added, 1);
	ck_assert_str_eq(world.events.name, "office");
	ck_assert_uint_eq(account_book_devices(world.book), 1);
	ck_assert_ptr_eq(account_device_by_id(world.book,
			     account_device_row(result.outcome.device)->id),
	    result.outcome.device);

	for (int i = 0; i < 2; i++) {
		/* The token again, and without it. */
		agent.hello.has_token = true;
		ck_assert_int_eq(try_login(&agent, NOW + 20, NULL), CODE_OK);
		agent.hello.has_token = false;
		ck_assert_int_eq(try_login(&agent, NOW + 20, NULL), CODE_OK);
		ck_assert_int_eq(world.events.added, 1);

		/* Somebody else with that token. */
		randombytes_buf(other.key, sizeof(other.key));
		ck_assert_int_eq(
		    try_login(&other, NOW + DAY / 2, &result), CODE_JOIN_USED);
		ck_assert_ptr_nonnull(strstr(result.outcome.text,
		    "already used by \"office\" on 3 May."));
		reopen_world();
	}
	ck_assert_uint_eq(account_book_devices(world.book), 1);
}
END_TEST

START_TEST(an_invitation_runs_out)
{
	struct person agent = invite(world.alice, LINKHELLO_AGENT, "office");
	struct account_invite quick = {
		.account = world.alice,
		.role = LINKHELLO_AGENT,
		.name = "lab",
		.ttl = 60,
		.by.now = NOW,
	};
	struct result result = { .count = 0 };

	ck_assert_int_eq(try_login(&agent, NOW + DAY + 2 * HOUR, &result),
	    CODE_JOIN_EXPIRED);
	ck_assert_ptr_nonnull(strstr(result.outcome.text, "expired 2 h ago"));
	ck_assert_int_eq(
	    try_login(&agent, NOW + DAY, &result), CODE_JOIN_EXPIRED);
	reopen_world();
	ck_assert_int_eq(try_login(&agent, NOW + DAY - 1, &result), CODE_OK);
	quick.account = world.alice;
	memset(&result, 0, sizeof(result));
	(void)account_invite(world.book, &quick, on_done, &result);
	ck_assert_int_eq(settle(&result), CODE_OK);
	ck_assert_uint_eq(result.outcome.expires, NOW + 60);
	quick.ttl = UINT32_MAX;
	memset(&result, 0, sizeof(result));
	(void)account_invite(world.book, &quick, on_done, &result);
	ck_assert_int_eq(settle(&result), CODE_OK);
	ck_assert_uint_eq(result.outcome.expires, NOW + ACCOUNT_INVITE_TTL_MAX);
}
END_TEST

START_TEST(names_are_judged)
{
	static const char *const wrongs[] = { "", "com", "relay", "10", "0xa",
		"a.b", "-a",
		("a012345678901234567890123456789012345678901234567890123456789"
		 "0"
		 "123") };

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		ck_assert_int_eq(try_invite(LINKHELLO_AGENT, wrongs[i], false),
		    CODE_NAME_INVALID);
	}
	ck_assert_int_eq(try_invite(LINKHELLO_GATEWAY, "com", false), CODE_OK);
	ck_assert_int_eq(try_invite(LINKHELLO_GATEWAY, "", false), CODE_OK);
	ck_assert_int_eq(
	    try_invite(LINKHELLO_GATEWAY, "a b", false), CODE_NAME_INVALID);
	ck_assert_int_eq(
	    try_invite(LINKHELLO_GATEWAY, wrongs[7], false), CODE_NAME_INVALID);
}
END_TEST

START_TEST(a_gateway_without_a_name_chooses_it)
{
	struct person gateway = invite(world.alice, LINKHELLO_GATEWAY, "");
	struct person other = gateway;
	struct result result;

	ck_assert_int_eq(try_login(&gateway, NOW, NULL), CODE_NAME_INVALID);
	snprintf(gateway.hello.device, sizeof(gateway.hello.device), "Laptop");
	ck_assert_int_eq(try_login(&gateway, NOW, &result), CODE_OK);
	ck_assert_str_eq(
	    account_device_row(result.outcome.device)->name, "laptop");
	randombytes_buf(other.key, sizeof(other.key));
	ck_assert_int_eq(try_login(&other, NOW, &result), CODE_JOIN_USED);
	ck_assert_ptr_nonnull(strstr(result.outcome.text, "by \"laptop\""));
}
END_TEST

START_TEST(a_name_has_one_device)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct person next = make_person(LINKHELLO_AGENT, "alice", "office");
	struct result result;

	ck_assert_int_eq(
	    try_invite(LINKHELLO_AGENT, "OFFICE", false), CODE_NAME_TAKEN);
	ck_assert_int_eq(
	    try_invite(LINKHELLO_GATEWAY, "office", false), CODE_NAME_TAKEN);
	(void)start_invite(
	    world.alice, LINKHELLO_AGENT, "office", true, &result);
	ck_assert_int_eq(settle(&result), CODE_OK);
	give_token(&next, &result);
	/* Until the next one is there, the one before goes on. */
	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_OK);
	ck_assert_int_eq(try_login(&next, NOW, NULL), CODE_OK);
	ck_assert_int_eq(world.events.gone, 1);
	ck_assert_int_eq(world.events.code, CODE_REVOKED);
	ck_assert_ptr_nonnull(
	    strstr(world.events.text, "was replaced on 3 May."));
	ck_assert_int_eq(try_login(&agent, NOW, &result), CODE_REVOKED);
	ck_assert_uint_eq(account_book_devices(world.book), 1);
	reopen_world();
	ck_assert_int_eq(try_login(&agent, NOW, &result), CODE_REVOKED);
	ck_assert_ptr_nonnull(strstr(result.outcome.text, "replaced"));
	next.hello.has_token = false;
	ck_assert_int_eq(try_login(&next, NOW, NULL), CODE_OK);
}
END_TEST

/* Return somebody with an invitation to be one more "office" of alice's. */
static struct person
invite_replica(void)
{
	struct person person = make_person(LINKHELLO_AGENT, "alice", "office");
	struct account_invite invitation = {
		.account = world.alice,
		.role = LINKHELLO_AGENT,
		.name = "office",
		.replica = true,
		.by = by_admin,
	};
	struct result result = { .count = 0 };

	(void)account_invite(world.book, &invitation, on_done, &result);
	ck_assert_int_eq(settle(&result), CODE_OK);
	give_token(&person, &result);
	return person;
}

/* Assert what people call the device of person. */
static void
is_called(const struct person *person, const char *label)
{
	char text[ACCOUNT_LABEL_LEN];

	ck_assert_ptr_nonnull(device_of(person));
	ck_assert_str_eq(account_device_label(device_of(person), text), label);
	ck_assert_ptr_eq(
	    account_find_device(world.alice, label), device_of(person));
}

START_TEST(a_host_has_replicas)
{
	struct person first = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct person others[3];
	struct result result;

	/* Several invitations at once, redeemed in any order. */
	for (int i = 0; i < 3; i++) {
		others[i] = invite_replica();
	}
	for (int i = 2; i >= 0; i--) {
		ck_assert_int_eq(try_login(&others[i], NOW, NULL), CODE_OK);
		others[i].hello.has_token = false;
	}
	for (int i = 0; i < 2; i++) {
		is_called(&first, "office");
		is_called(&others[2], "office#2");
		is_called(&others[1], "office#3");
		is_called(&others[0], "office#4");
		ck_assert_int_eq(try_login(&others[1], NOW, NULL), CODE_OK);
		ck_assert_uint_eq(
		    account_usage(world.alice, ALLOWANCE_HOSTS), 4);
		reopen_world();
	}
	ck_assert_ptr_null(account_find_device(world.alice, "office#1"));
	ck_assert_ptr_null(account_find_device(world.alice, "office#x"));
	ck_assert_ptr_null(account_find_device(world.alice, "office#"));
	/* A number is free again with its device. */
	ck_assert_int_eq(expel(&others[2], "admin", NOW), CODE_OK);
	ck_assert_int_eq(expel(&first, "admin", NOW), CODE_OK);
	ck_assert_int_eq(
	    try_invite(LINKHELLO_AGENT, "office", false), CODE_NAME_TAKEN);
	(void)start_invite(
	    world.alice, LINKHELLO_AGENT, "office", true, &result);
	ck_assert_int_eq(settle(&result), CODE_NAME_TAKEN);
	ck_assert_ptr_nonnull(
	    strstr(result.outcome.text, "There are 2 replicas"));
	others[2] = invite_replica();
	ck_assert_int_eq(try_login(&others[2], NOW, NULL), CODE_OK);
	is_called(&others[2], "office");
}
END_TEST

START_TEST(replicas_are_bounded_and_agents)
{
	struct person person;
	struct result result = { .count = 0 };
	struct account_invite invitation = {
		.account = world.alice,
		.role = LINKHELLO_AGENT,
		.name = "office",
		.replica = true,
		.by = by_admin,
	};

	for (int i = 0; i < LIMITS_REPLICAS_MAX; i++) {
		person = invite_replica();
		ck_assert_int_eq(try_login(&person, NOW, NULL), CODE_OK);
	}
	is_called(&person, "office#16");
	(void)account_invite(world.book, &invitation, on_done, &result);
	ck_assert_int_eq(settle(&result), CODE_LIMIT);
	(void)enrol(world.alice, LINKHELLO_GATEWAY, "laptop");
	invitation.name = "laptop";
	result.count = 0;
	(void)account_invite(world.book, &invitation, on_done, &result);
	ck_assert_int_eq(settle(&result), CODE_NAME_TAKEN);
}
END_TEST

START_TEST(a_name_can_go_to_the_next)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct person other;
	struct result result;

	ck_assert_int_eq(
	    try_invite(LINKHELLO_AGENT, "office", false), CODE_NAME_TAKEN);
	account_book_set_replacing(world.book, true);
	other = invite(world.alice, LINKHELLO_AGENT, "office");
	ck_assert_int_eq(try_login(&other, NOW, NULL), CODE_OK);
	is_called(&other, "office");
	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_REVOKED);
	/* What holds counts when it is redeemed. */
	other = invite(world.alice, LINKHELLO_AGENT, "office");
	account_book_set_replacing(world.book, false);
	ck_assert_int_eq(try_login(&other, NOW, &result), CODE_NAME_TAKEN);
	ck_assert_ptr_nonnull(strstr(result.outcome.text, "--replace"));
	ck_assert_ptr_nonnull(strstr(result.outcome.text, "--replica"));
}
END_TEST

START_TEST(a_name_taken_meanwhile)
{
	struct person agent = invite(world.alice, LINKHELLO_AGENT, "office");
	struct person gateway =
	    invite(world.alice, LINKHELLO_GATEWAY, "office");
	struct result result;

	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_OK);
	ck_assert_int_eq(try_login(&gateway, NOW, &result), CODE_NAME_TAKEN);
	ck_assert_ptr_nonnull(strstr(result.outcome.text, "\"office\""));
	/* Its token is not spent. */
	ck_assert_int_eq(expel(&agent, "admin", NOW), CODE_OK);
	ck_assert_int_eq(try_login(&gateway, NOW, NULL), CODE_OK);
}
END_TEST

START_TEST(a_newer_invitation_voids_the_older)
{
	struct person older = invite(world.alice, LINKHELLO_AGENT, "office");
	struct person newer = invite(world.alice, LINKHELLO_AGENT, "Office");
	struct person lab = invite(world.alice, LINKHELLO_AGENT, "lab");

	ck_assert_int_eq(try_login(&older, NOW, NULL), CODE_LOGIN_REFUSED);
	ck_assert_int_eq(try_login(&newer, NOW, NULL), CODE_OK);
	ck_assert_int_eq(try_login(&lab, NOW, NULL), CODE_OK);
}
END_TEST

START_TEST(strangers_learn_nothing)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct person invited = invite(world.alice, LINKHELLO_AGENT, "lab");
	struct person person;
	struct result result;
	char text[LIMITS_TEXT_LEN];

	person = make_person(LINKHELLO_AGENT, "nobody", "office");
	ck_assert_int_eq(try_login(&person, NOW, &result), CODE_LOGIN_REFUSED);
	memcpy(text, result.outcome.text, sizeof(text));
	for (int i = 0; i < 8; i++) {
		person = i < 5 ? agent : invited;
		switch (i) {
		case 0: /* another key */
			randombytes_buf(person.key, sizeof(person.key));
			break;
		case 1: /* the right key under another name, role, account */
			person.hello.device[0] = 'O';
			person.hello.device[1] = 'x';
			break;
		case 2:
			person.role = LINKHELLO_GATEWAY;
			break;
		case 3:
			snprintf(person.hello.user, sizeof(person.hello.user),
			    "nobody");
			break;
		case 4: /* a token that never was, and no device */
			randombytes_buf(person.key, sizeof(person.key));
			person.hello.has_token = true;
			person.hello.token[0] ^= 1;
			break;
		case 5: /* a good token under another name, role, account */
			person.hello.device[0] = 'x';
			break;
		case 6:
			person.role = LINKHELLO_GATEWAY;
			break;
		default:
			snprintf(person.hello.user, sizeof(person.hello.user),
			    "nobody");
			break;
		}
		ck_assert_int_eq(
		    try_login(&person, NOW, &result), CODE_LOGIN_REFUSED);
		ck_assert_str_eq(result.outcome.text, text);
		ck_assert_ptr_null(result.outcome.account);
		ck_assert_ptr_null(result.outcome.device);
	}
	ck_assert_int_eq(world.events.added, 1);
	/* And nothing was spent. */
	ck_assert_int_eq(try_login(&invited, NOW, NULL), CODE_OK);
}
END_TEST

/* A token that the relay forgot does no harm to a device that it knows. */
START_TEST(an_unknown_token_does_not_matter)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");

	agent.hello.has_token = true;
	randombytes_buf(agent.hello.token, sizeof(agent.hello.token));
	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_OK);
}
END_TEST

START_TEST(a_device_moves)
{
	struct account *bob = create("bob");
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct person again = invite(world.alice, LINKHELLO_AGENT, "lab");
	struct person away;

	memcpy(again.key, agent.key, sizeof(again.key));
	ck_assert_int_eq(try_login(&again, NOW, NULL), CODE_OK);
	ck_assert_int_eq(world.events.gone, 1);
	ck_assert_int_eq(world.events.code, CODE_REPLACED);
	ck_assert_uint_eq(account_book_devices(world.book), 1);
	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_LOGIN_REFUSED);
	ck_assert_ptr_null(account_find_device(world.alice, "office"));

	away = invite(bob, LINKHELLO_AGENT, "lab");
	memcpy(away.key, agent.key, sizeof(away.key));
	ck_assert_int_eq(try_login(&away, NOW, NULL), CODE_OK);
	ck_assert_int_eq(world.events.gone, 2);
	ck_assert_ptr_null(account_next_device(world.alice, NULL));
	reopen_world();
	ck_assert_int_eq(try_login(&again, NOW, NULL), CODE_LOGIN_REFUSED);
	away.hello.has_token = false;
	ck_assert_int_eq(try_login(&away, NOW, NULL), CODE_OK);
}
END_TEST

/* What was an agent may become a gateway, even of the same name. */
START_TEST(a_device_changes_its_role)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct person gateway = invite(world.alice, LINKHELLO_GATEWAY, "");

	memcpy(gateway.key, agent.key, sizeof(gateway.key));
	snprintf(gateway.hello.device, sizeof(gateway.hello.device), "office");
	ck_assert_int_eq(try_login(&gateway, NOW, NULL), CODE_OK);
	ck_assert_int_eq(world.events.gone, 1);
	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_LOGIN_REFUSED);
	reopen_world();
	ck_assert_uint_eq(account_book_devices(world.book), 1);
	ck_assert_int_eq(try_login(&gateway, NOW, NULL), CODE_OK);
}
END_TEST

/* A fresh token for what the device already is leaves its row as it is. */
START_TEST(a_device_joins_again)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct account_device *device = device_of(&agent);
	struct result result;

	(void)start_invite(
	    world.alice, LINKHELLO_AGENT, "office", true, &result);
	ck_assert_int_eq(settle(&result), CODE_OK);
	give_token(&agent, &result);
	ck_assert_int_eq(try_login(&agent, NOW, &result), CODE_OK);
	ck_assert_ptr_eq(result.outcome.device, device);
	ck_assert_int_eq(world.events.added, 1);
	ck_assert_int_eq(world.events.gone, 0);
	randombytes_buf(agent.key, sizeof(agent.key));
	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_JOIN_USED);
}
END_TEST

/* --- removal ------------------------------------------------------------ */

START_TEST(a_removed_device_is_told)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct person next;
	struct result result;

	ck_assert_int_eq(expel(&agent, "admin", NOW), CODE_OK);
	ck_assert_int_eq(world.events.gone, 1);
	ck_assert_int_eq(world.events.code, CODE_REVOKED);
	ck_assert_ptr_nonnull(strstr(
	    world.events.text, "This device was removed on 3 May by admin."));
	ck_assert_int_eq(expel(&agent, "eve", NOW + 1), CODE_OK);
	ck_assert_int_eq(world.events.gone, 1);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    try_login(&agent, NOW + DAY, &result), CODE_REVOKED);
		ck_assert_ptr_nonnull(strstr(result.outcome.text,
		    "This device was removed on 3 May by admin."));
		ck_assert_uint_eq(account_book_devices(world.book), 0);
		ck_assert_ptr_null(account_find_device(world.alice, "office"));
		reopen_world();
	}
	/* Its name is free, for another device and for itself. */
	next = enrol(world.alice, LINKHELLO_AGENT, "office");
	ck_assert_int_eq(expel(&next, "admin", NOW), CODE_OK);
	next = invite(world.alice, LINKHELLO_AGENT, "office");
	memcpy(next.key, agent.key, sizeof(next.key));
	ck_assert_int_eq(try_login(&next, NOW, NULL), CODE_OK);
	ck_assert_int_eq(world.events.gone, 2); /* long gone is not gone */
	reopen_world();
	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_OK);
}
END_TEST

START_TEST(devices_are_listed)
{
	struct person one = enrol(world.alice, LINKHELLO_AGENT, "first");
	struct person two = enrol(world.alice, LINKHELLO_AGENT, "two");
	struct person three = enrol(world.alice, LINKHELLO_AGENT, "three");
	struct account_device *device = NULL;
	char names[64] = "";

	ck_assert_int_eq(expel(&one, "admin", NOW), CODE_OK);
	(void)two;
	(void)three;
	for (int i = 0; i < 4; i++) {
		device = account_next_device(world.alice, device);
		if (device == NULL) {
			break;
		}
		snprintf(names + strlen(names), 10, "%.8s ",
		    account_device_row(device)->name);
	}
	ck_assert_str_eq(names, "two three first ");
	ck_assert_ptr_null(device);
}
END_TEST

START_TEST(removed_devices_are_forgotten_some_day)
{
	struct person first = enrol(world.alice, LINKHELLO_AGENT, "office");

	ck_assert_int_eq(expel(&first, "admin", NOW), CODE_OK);
	for (int i = 0; i < ACCOUNT_REVOKED_MAX; i++) {
		struct person agent;

		ck_assert_int_eq(try_login(&first, NOW, NULL), CODE_REVOKED);
		agent = enrol(world.alice, LINKHELLO_AGENT, "office");
		ck_assert_int_eq(expel(&agent, "admin", NOW), CODE_OK);
	}
	ck_assert_int_eq(try_login(&first, NOW, NULL), CODE_LOGIN_REFUSED);
	ck_assert_uint_eq(world.alice->revoked_count, ACCOUNT_REVOKED_MAX);
	reopen_world();
	ck_assert_uint_eq(world.alice->revoked_count, ACCOUNT_REVOKED_MAX);
	ck_assert_int_eq(try_login(&first, NOW, NULL), CODE_LOGIN_REFUSED);
}
END_TEST

START_TEST(a_disabled_account_is_closed)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct person gateway = enrol(world.alice, LINKHELLO_GATEWAY, "laptop");
	struct person lab = invite(world.alice, LINKHELLO_AGENT, "lab");
	struct person stranger = make_person(LINKHELLO_AGENT, "alice", "x");

	ck_assert_int_eq(set_state(true), CODE_OK);
	ck_assert_int_eq(world.events.gone, 2);
	ck_assert_int_eq(world.events.code, CODE_DISABLED);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_DISABLED);
		ck_assert_int_eq(try_login(&gateway, NOW, NULL), CODE_DISABLED);
		ck_assert_int_eq(try_login(&lab, NOW, NULL), CODE_DISABLED);
		ck_assert_int_eq(
		    try_login(&stranger, NOW, NULL), CODE_LOGIN_REFUSED);
		ck_assert_int_eq(
		    try_invite(LINKHELLO_AGENT, "barn", false), CODE_DISABLED);
		reopen_world();
	}
	ck_assert_int_eq(account_row(world.alice)->level, STORE_USER);
	ck_assert_int_eq(set_state(false), CODE_OK);
	ck_assert_int_eq(world.events.gone, 2);
	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_OK);
	ck_assert_int_eq(try_login(&lab, NOW, NULL), CODE_OK);
}
END_TEST

/* --- the state and the end of an account --------------------------------- */

static enum code
set_level(struct account *account, enum store_level level)
{
	struct result result = { .count = 0 };

	(void)account_set_level(account, level, &by_admin, on_done, &result);
	return settle(&result);
}

static enum code
delete_account(struct account *account)
{
	struct result result = { .count = 0 };

	(void)account_delete(account, &by_admin, on_done, &result);
	return settle(&result);
}

/* Return the youngest entry of the audit. */
static const struct store_audit *
noted(void)
{
	const struct audit *audit = account_book_audit(world.book);

	ck_assert_uint_gt(audit_count(audit), 0);
	return audit_at(audit, audit_count(audit) - 1);
}

static void
assert_noted(const char *action, const char *object, const char *before,
    const char *after)
{
	const struct store_audit *entry = noted();

	ck_assert_str_eq(entry->action, action);
	ck_assert_str_eq(entry->object, object);
	ck_assert_str_eq(entry->before, before);
	ck_assert_str_eq(entry->after, after);
	ck_assert_uint_eq(entry->at, NOW);
}

START_TEST(levels_have_names)
{
	enum store_level level = STORE_USER;

	ck_assert_int_eq(account_level_parse("guest", &level), 0);
	ck_assert_int_eq(level, STORE_GUEST);
	ck_assert_int_eq(account_level_parse("root", &level), -1);
	ck_assert_int_eq(account_level_parse("", &level), -1);
	ck_assert_int_eq(level, STORE_GUEST);
	ck_assert_str_eq(account_level_name(STORE_ADMIN), "admin");
}
END_TEST

START_TEST(a_level_is_set)
{
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(set_level(world.alice, STORE_ADMIN), CODE_OK);
		ck_assert_int_eq(account_row(world.alice)->level, STORE_ADMIN);
		reopen_world();
	}
	/* The second time nothing changed, so nothing was noted. */
	assert_noted("user.level", "alice", "user", "admin");
	ck_assert_uint_eq(audit_count(account_book_audit(world.book)), 2);
	ck_assert_str_eq(noted()->user, "admin");
	ck_assert_str_eq(noted()->origin, "192.0.2.7");
	ck_assert_int_eq(world.events.gone, 0);
}
END_TEST

START_TEST(one_admin_is_left)
{
	struct account *bob = create("bob");

	ck_assert_int_eq(set_level(world.alice, STORE_ADMIN), CODE_OK);
	ck_assert_int_eq(set_level(world.alice, STORE_USER), CODE_DENIED);
	ck_assert_int_eq(set_state(true), CODE_DENIED);
	ck_assert_int_eq(delete_account(world.alice), CODE_DENIED);
	/* One who is disabled cannot help. */
	ck_assert_int_eq(set_level(bob, STORE_ADMIN), CODE_OK);
	ck_assert_int_eq(set_state(true), CODE_OK);
	ck_assert_int_eq(delete_account(bob), CODE_DENIED);
	ck_assert_int_eq(set_state(false), CODE_OK);
	ck_assert_int_eq(delete_account(bob), CODE_OK);
	ck_assert_int_eq(set_level(world.alice, STORE_GUEST), CODE_DENIED);
}
END_TEST

START_TEST(a_deleted_account_is_gone)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct person old = enrol(world.alice, LINKHELLO_AGENT, "old");
	struct person lab = invite(world.alice, LINKHELLO_AGENT, "lab");
	int64_t id = account_row(world.alice)->id;

	ck_assert_int_eq(expel(&old, "admin", NOW), CODE_OK);
	memset(&world.events, 0, sizeof(world.events));
	ck_assert_int_eq(delete_account(world.alice), CODE_OK);
	ck_assert_int_eq(world.events.gone, 1);
	ck_assert_int_eq(world.events.code, CODE_REVOKED);
	ck_assert_str_eq(world.events.name, "office");
	ck_assert_str_eq(world.events.text,
	    "This device was removed on 3 May by admin. Ask for a new join "
	    "string.");
	for (int i = 0; i < 2; i++) {
		ck_assert_ptr_null(account_find(world.book, "alice"));
		ck_assert_uint_eq(account_book_devices(world.book), 0);
		ck_assert_int_eq(
		    try_login(&agent, NOW, NULL), CODE_LOGIN_REFUSED);
		ck_assert_int_eq(
		    try_login(&lab, NOW, NULL), CODE_LOGIN_REFUSED);
		reopen_world();
	}
	assert_noted("user.delete", "alice", "user", "");
	/* Another one of that name is another one. */
	world.alice = create("alice");
	ck_assert_int_ne(account_row(world.alice)->id, id);
	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_LOGIN_REFUSED);
	(void)enrol(world.alice, LINKHELLO_AGENT, "office");
}
END_TEST

/* What waited for the deletion finds nobody; nor does it find a successor. */
START_TEST(what_waits_for_a_deletion_is_refused)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct result results[6];

	memset(results, 0, sizeof(results));
	(void)account_delete(world.alice, &by_admin, on_done, &results[0]);
	(void)account_create(
	    world.book, "alice", STORE_USER, &by_admin, on_done, &results[1]);
	(void)start_invite(
	    world.alice, LINKHELLO_AGENT, "lab", false, &results[2]);
	(void)account_set_level(
	    world.alice, STORE_ADMIN, &by_admin, on_done, &results[3]);
	(void)account_revoke(
	    device_of(&agent), &by_admin, on_done, &results[4]);
	(void)start_login(&agent, NOW, &results[5]);
	ck_assert_int_eq(settle(&results[0]), CODE_OK);
	ck_assert_int_eq(settle(&results[1]), CODE_OK);
	ck_assert_int_eq(settle(&results[2]), CODE_LOGIN_REFUSED);
	ck_assert_int_eq(settle(&results[3]), CODE_LOGIN_REFUSED);
	ck_assert_int_eq(settle(&results[4]), CODE_OK);
	ck_assert_int_eq(settle(&results[5]), CODE_LOGIN_REFUSED);
}
END_TEST

START_TEST(an_invitation_is_revoked)
{
	struct person lab = invite(world.alice, LINKHELLO_AGENT, "lab");
	struct account_token *token = account_next_token(world.alice, NULL);
	struct result result = { .count = 0 };
	struct person office;

	ck_assert_str_eq(account_token_row(token)->name, "lab");
	ck_assert_ptr_null(account_next_token(world.alice, token));
	(void)account_revoke_token(token, &by_admin, on_done, &result);
	ck_assert_int_eq(settle(&result), CODE_OK);
	assert_noted("token.revoke", "alice/lab", noted()->before, "");
	ck_assert_uint_eq(strlen(noted()->before), ACCOUNT_TOKEN_ID_LEN - 1);
	ck_assert_ptr_null(account_next_token(world.alice, NULL));
	ck_assert_int_eq(try_login(&lab, NOW, NULL), CODE_LOGIN_REFUSED);
	reopen_world();
	ck_assert_int_eq(try_login(&lab, NOW, NULL), CODE_LOGIN_REFUSED);
	/* One that was used, also while this waits, is no more to revoke. */
	office = invite(world.alice, LINKHELLO_AGENT, "office");
	token = account_next_token(world.alice, NULL);
	result.count = 0;
	(void)start_login(&office, NOW, &(struct result){ .count = 0 });
	(void)account_revoke_token(token, &by_admin, on_done, &result);
	ck_assert_int_eq(settle(&result), CODE_JOIN_USED);
}
END_TEST

START_TEST(every_change_is_noted)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct person gateway = enrol(world.alice, LINKHELLO_GATEWAY, "laptop");
	size_t before;

	assert_noted("device.enrol", "alice/laptop", "", "gateway");
	ck_assert_str_eq(noted()->user, "alice");
	give_key(&gateway, 'k', 7);
	ck_assert_int_eq(try_login(&gateway, NOW, NULL), CODE_OK);
	assert_noted("user.key", "alice", "", "epoch 7");
	before = audit_count(account_book_audit(world.book));
	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_OK);
	ck_assert_uint_eq(audit_count(account_book_audit(world.book)), before);
	(void)invite(world.alice, LINKHELLO_AGENT, "lab");
	assert_noted("token.add", "alice/lab", "", "agent");
	ck_assert_int_eq(expel(&agent, "admin", NOW), CODE_OK);
	assert_noted("device.revoke", "alice/office", "agent", "");
	/* What is not committed did not happen. */
	before = audit_count(account_book_audit(world.book));
	faultvfs_set_full(true);
	ck_assert_int_eq(expel(&gateway, "admin", NOW), CODE_INTERNAL);
	faultvfs_set_full(false);
	ck_assert_uint_eq(audit_count(account_book_audit(world.book)), before);
	reopen_world();
	ck_assert_uint_eq(audit_count(account_book_audit(world.book)), before);
	assert_noted("device.revoke", "alice/office", "agent", "");
}
END_TEST

/* --- limits --------------------------------------------------------------- */

static enum code
limit(enum allowance_key key, uint64_t value)
{
	struct result result = { .count = 0 };
	struct allowance change = { .set = { false } };

	change.set[key] = true;
	change.value[key] = value;
	(void)account_set_limits(
	    world.alice, &change, &by_admin, on_done, &result);
	return settle(&result);
}

static void
assert_limit(enum allowance_key key, uint64_t limit, enum account_source from)
{
	enum account_source source;

	ck_assert_uint_eq(account_limit(world.alice, key, &source), limit);
	ck_assert_int_eq((int)source, (int)from);
	ck_assert_uint_eq(account_limit(world.alice, key, NULL), limit);
}

START_TEST(a_limit_is_the_account_s_or_the_level_s)
{
	struct allowance levels[STORE_GUEST + 1] = { 0 };

	assert_limit(ALLOWANCE_HOSTS, ALLOWANCE_NONE, ACCOUNT_SOURCE_NONE);
	allowance_set(&levels[STORE_USER], ALLOWANCE_HOSTS, 5);
	account_book_set_levels(world.book, levels);
	assert_limit(ALLOWANCE_HOSTS, 5, ACCOUNT_SOURCE_LEVEL);
	ck_assert_int_eq(limit(ALLOWANCE_HOSTS, 7), CODE_OK);
	assert_limit(ALLOWANCE_HOSTS, 7, ACCOUNT_SOURCE_ACCOUNT);
	assert_limit(ALLOWANCE_LINKS, ALLOWANCE_NONE, ACCOUNT_SOURCE_NONE);
	assert_noted("user.limit", "alice", "hosts=none", "hosts=7");
	reopen_world();
	assert_limit(ALLOWANCE_HOSTS, 7, ACCOUNT_SOURCE_ACCOUNT);
	account_book_set_levels(world.book, levels);
	ck_assert_int_eq(limit(ALLOWANCE_HOSTS, ALLOWANCE_NONE), CODE_OK);
	assert_noted("user.limit", "alice", "hosts=7", "hosts=none");
	assert_limit(ALLOWANCE_HOSTS, 5, ACCOUNT_SOURCE_LEVEL);
	/* By another level there is another limit. */
	ck_assert_int_eq(set_level(world.alice, STORE_GUEST), CODE_OK);
	assert_limit(ALLOWANCE_HOSTS, ALLOWANCE_NONE, ACCOUNT_SOURCE_NONE);
	reopen_world();
	assert_limit(ALLOWANCE_HOSTS, ALLOWANCE_NONE, ACCOUNT_SOURCE_NONE);
	/* Nothing asked for is nothing done. */
	ck_assert_int_eq(limit(ALLOWANCE_HOSTS, 3), CODE_OK);
	faultvfs_set_full(true);
	ck_assert_int_eq(limit(ALLOWANCE_HOSTS, 4), CODE_INTERNAL);
	faultvfs_set_full(false);
	assert_limit(ALLOWANCE_HOSTS, 3, ACCOUNT_SOURCE_ACCOUNT);
}
END_TEST

/* In November 2026, and in the month after it. */
#define NOVEMBER UINT64_C(1796083199)
#define DECEMBER (NOVEMBER + 1)

START_TEST(months_are_counted)
{
	char text[LIMITS_TEXT_LEN];

	ck_assert_uint_eq(account_left(world.alice, NOVEMBER), ALLOWANCE_NONE);
	ck_assert_int_eq(limit(ALLOWANCE_MONTH, UINT64_C(200) << 30), CODE_OK);
	ck_assert_uint_eq(
	    account_left(world.alice, NOVEMBER), UINT64_C(200) << 30);
	account_spend(world.alice, 1000, 24, NOVEMBER);
	ck_assert_uint_eq(account_spent(world.alice, NOVEMBER), 1024);
	ck_assert_uint_eq(
	    account_left(world.alice, NOVEMBER), (UINT64_C(200) << 30) - 1024);
	account_spend(world.alice, 0, UINT64_C(300) << 30, NOVEMBER);
	ck_assert_uint_eq(account_left(world.alice, NOVEMBER), 0);
	account_quota_text(world.alice, NOVEMBER, text);
	ck_assert_str_eq(
	    text, "Monthly limit of 200 GiB used up; resets on 1 December.");
	/* It does. */
	ck_assert_uint_eq(account_spent(world.alice, DECEMBER), 0);
	account_spend(world.alice, 7, 0, DECEMBER);
	ck_assert_uint_eq(account_spent(world.alice, DECEMBER), 7);
	/* Both are there again. */
	account_book_flush(world.book);
	reopen_world();
	ck_assert_uint_eq(account_spent(world.alice, DECEMBER), 7);
	ck_assert_uint_eq(
	    account_spent(world.alice, NOVEMBER), (UINT64_C(300) << 30) + 1024);
	ck_assert_uint_eq(account_months(world.alice)->months[0].up, 1000);
}
END_TEST

/* A tick writes them; what comes behind it a kill would forget. */
START_TEST(months_are_written_by_a_tick)
{
	account_spend(world.alice, 5, 0, NOVEMBER);
	account_book_tick(world.book, NOVEMBER);
	account_spend(world.alice, 6, 0, NOVEMBER);
	reopen_world();
	ck_assert_uint_eq(account_spent(world.alice, NOVEMBER), 5);
}
END_TEST

START_TEST(hosts_and_devices_are_limited)
{
	struct person office = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct person lab = invite(world.alice, LINKHELLO_AGENT, "lab");
	struct person laptop = invite(world.alice, LINKHELLO_GATEWAY, "laptop");
	struct person other;
	struct result result;

	ck_assert_uint_eq(account_usage(world.alice, ALLOWANCE_HOSTS), 1);
	ck_assert_int_eq(limit(ALLOWANCE_HOSTS, 1), CODE_OK);
	ck_assert_int_eq(try_login(&lab, NOW, &result), CODE_LIMIT);
	ck_assert_str_eq(result.outcome.text,
	    "The account has reached its limit of hosts (1).");
	ck_assert_int_eq(
	    try_invite(LINKHELLO_AGENT, "attic", false), CODE_LIMIT);
	/* What is there stays, and may be replaced; gateways are no hosts. */
	ck_assert_int_eq(try_login(&office, NOW, NULL), CODE_OK);
	ck_assert_int_eq(try_login(&laptop, NOW, NULL), CODE_OK);
	(void)start_invite(
	    world.alice, LINKHELLO_AGENT, "office", true, &result);
	ck_assert_int_eq(settle(&result), CODE_OK);
	other = make_person(LINKHELLO_AGENT, "alice", "office");
	give_token(&other, &result);
	ck_assert_int_eq(try_login(&other, NOW, NULL), CODE_OK);
	ck_assert_uint_eq(account_usage(world.alice, ALLOWANCE_HOSTS), 1);
	ck_assert_uint_eq(account_usage(world.alice, ALLOWANCE_DEVICES), 2);
	/* The token was not spent: with more room it is good. */
	ck_assert_int_eq(limit(ALLOWANCE_HOSTS, 2), CODE_OK);
	ck_assert_int_eq(limit(ALLOWANCE_DEVICES, 2), CODE_OK);
	ck_assert_int_eq(try_login(&lab, NOW, NULL), CODE_LIMIT);
	ck_assert_int_eq(limit(ALLOWANCE_DEVICES, 3), CODE_OK);
	ck_assert_int_eq(try_login(&lab, NOW, NULL), CODE_OK);
	reopen_world();
	ck_assert_uint_eq(account_usage(world.alice, ALLOWANCE_HOSTS), 2);
	ck_assert_uint_eq(account_usage(world.alice, ALLOWANCE_DEVICES), 3);
	ck_assert_int_eq(expel(&lab, "admin", NOW), CODE_OK);
	ck_assert_uint_eq(account_usage(world.alice, ALLOWANCE_HOSTS), 1);
}
END_TEST

/* Two that enrol at once are one after the other for a limit. */
START_TEST(a_limit_holds_for_those_who_come_at_once)
{
	struct person people[3];
	struct result results[3];
	char name[16];

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "host-%d", i);
		people[i] = invite(world.alice, LINKHELLO_AGENT, name);
	}
	ck_assert_int_eq(limit(ALLOWANCE_HOSTS, 2), CODE_OK);
	memset(results, 0, sizeof(results));
	for (int i = 0; i < 3; i++) {
		(void)start_login(&people[i], NOW, &results[i]);
	}
	ck_assert_int_eq(settle(&results[0]), CODE_OK);
	ck_assert_int_eq(settle(&results[1]), CODE_OK);
	ck_assert_int_eq(settle(&results[2]), CODE_LIMIT);
}
END_TEST

START_TEST(attaches_are_limited_a_second)
{
	const uint64_t second = UINT64_C(1000000000);
	const int burst = 2 * ACCOUNT_ATTACH_BURST;

	for (int i = 0; i < 1000; i++) {
		ck_assert(account_take_attach(world.alice, second));
	}
	ck_assert_int_eq(limit(ALLOWANCE_ATTACHES, 2), CODE_OK);
	for (int i = 0; i < burst; i++) {
		ck_assert(account_take_attach(world.alice, second));
	}
	ck_assert(!account_take_attach(world.alice, second));
	ck_assert(account_take_attach(world.alice, 2 * second));
	ck_assert(account_take_attach(world.alice, 2 * second));
	ck_assert(!account_take_attach(world.alice, 2 * second));
	ck_assert_int_eq(limit(ALLOWANCE_ATTACHES, 0), CODE_OK);
	ck_assert(!account_take_attach(world.alice, 3 * second));
	ck_assert_int_eq(limit(ALLOWANCE_ATTACHES, ALLOWANCE_NONE), CODE_OK);
	ck_assert(account_take_attach(world.alice, 3 * second));
}
END_TEST

START_TEST(links_are_counted)
{
	struct person office = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct account_device *device = device_of(&office);
	int link = 0;

	account_device_set_link(device, &link);
	account_device_set_link(device, &world);
	ck_assert_uint_eq(account_usage(world.alice, ALLOWANCE_LINKS), 1);
	account_device_set_link(device, NULL);
	account_device_set_link(device, NULL);
	ck_assert_uint_eq(account_usage(world.alice, ALLOWANCE_LINKS), 0);
}
END_TEST

/* --- the account key ---------------------------------------------------- */

START_TEST(the_first_gateway_brings_the_key)
{
	struct person first = invite(world.alice, LINKHELLO_GATEWAY, "first");
	struct person second = invite(world.alice, LINKHELLO_GATEWAY, "second");
	struct person agent = invite(world.alice, LINKHELLO_AGENT, "office");

	give_key(&first, 'k', 1);
	ck_assert_int_eq(try_login(&first, NOW, NULL), CODE_OK);
	ck_assert(account_row(world.alice)->has_key);
	ck_assert_uint_eq(account_row(world.alice)->key_epoch, 1);
	reopen_world();
	ck_assert(account_row(world.alice)->has_key);
	/* A second key, even of a later epoch, and none at all. */
	ck_assert_int_eq(try_login(&second, NOW, NULL), CODE_ACCOUNT_KEY);
	give_key(&second, 'x', 1);
	ck_assert_int_eq(try_login(&second, NOW, NULL), CODE_ACCOUNT_KEY);
	give_key(&second, 'x', 2);
	ck_assert_int_eq(try_login(&second, NOW, NULL), CODE_ACCOUNT_KEY);
	ck_assert_int_eq(world.events.added, 1);
	/* Nothing is spent by that. */
	give_key(&second, 'k', 1);
	ck_assert_int_eq(try_login(&second, NOW, NULL), CODE_OK);
	/* Agents do not have it. */
	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_OK);
	give_key(&agent, 'x', 7);
	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_OK);
	ck_assert_uint_eq(account_row(world.alice)->key_epoch, 1);
	ck_assert_int_eq(world.events.rekeyed, 0);
}
END_TEST

START_TEST(the_key_may_come_later)
{
	struct person gateway = enrol(world.alice, LINKHELLO_GATEWAY, "laptop");

	ck_assert(!account_row(world.alice)->has_key);
	give_key(&gateway, 'k', 1);
	ck_assert_int_eq(try_login(&gateway, NOW, NULL), CODE_OK);
	reopen_world();
	ck_assert(account_row(world.alice)->has_key);
	gateway.hello.has_key_id = false;
	ck_assert_int_eq(try_login(&gateway, NOW, NULL), CODE_ACCOUNT_KEY);
}
END_TEST

START_TEST(the_key_is_rotated)
{
	struct person one = invite(world.alice, LINKHELLO_GATEWAY, "one");
	struct person two = invite(world.alice, LINKHELLO_GATEWAY, "two");
	const uint64_t week = ACCOUNT_OLD_KEY_TIME;

	give_key(&one, 'a', 1);
	give_key(&two, 'a', 1);
	ck_assert_int_eq(try_login(&one, NOW, NULL), CODE_OK);
	ck_assert_int_eq(try_login(&two, NOW, NULL), CODE_OK);
	give_key(&one, 'x', 1); /* not the next one */
	ck_assert_int_eq(try_login(&one, NOW, NULL), CODE_ACCOUNT_KEY);
	give_key(&one, 'b', 2);
	ck_assert_int_eq(try_login(&one, NOW, NULL), CODE_OK);
	ck_assert_int_eq(world.events.rekeyed, 1);
	reopen_world();
	/* The other has seven days to hear of it. */
	ck_assert_int_eq(try_login(&two, NOW + week - 1, NULL), CODE_OK);
	ck_assert_uint_eq(account_row(world.alice)->key_epoch, 2);
	ck_assert_int_eq(try_login(&two, NOW + week, NULL), CODE_ACCOUNT_KEY);
	give_key(&two, 'b', 2);
	ck_assert_int_eq(try_login(&two, NOW + week, NULL), CODE_OK);
	/* The first key is not the last one, even with a high epoch. */
	give_key(&two, 'a', 9);
	ck_assert_int_eq(try_login(&two, NOW + week, NULL), CODE_ACCOUNT_KEY);
	ck_assert_int_eq(world.events.rekeyed, 1);
}
END_TEST

/* --- at once ------------------------------------------------------------ */

START_TEST(one_token_enrols_one_device)
{
	struct person people[3];
	struct result results[3] = { { .count = 0 } };

	people[0] = invite(world.alice, LINKHELLO_AGENT, "office");
	for (int i = 0; i < 3; i++) {
		people[i] = people[0];
		randombytes_buf(people[i].key, sizeof(people[i].key));
		ck_assert_ptr_nonnull(
		    start_login(&people[i], NOW, &results[i]));
	}
	ck_assert_int_eq(results[0].count, 0);
	ck_assert_int_eq(settle(&results[0]), CODE_OK);
	ck_assert_int_eq(settle(&results[1]), CODE_JOIN_USED);
	ck_assert_int_eq(settle(&results[2]), CODE_JOIN_USED);
	ck_assert_int_eq(world.events.added, 1);
	ck_assert_uint_eq(account_book_devices(world.book), 1);
}
END_TEST

START_TEST(one_token_enrols_one_device_of_any_name)
{
	struct person people[2];
	struct result results[2] = { { .count = 0 } };

	people[0] = invite(world.alice, LINKHELLO_GATEWAY, "");
	people[1] = people[0];
	people[1].key[0] ^= 1;
	for (int i = 0; i < 2; i++) {
		snprintf(people[i].hello.device, sizeof(people[i].hello.device),
		    "pc%d", i);
		(void)start_login(&people[i], NOW, &results[i]);
	}
	ck_assert_int_eq(settle(&results[0]), CODE_OK);
	ck_assert_int_eq(settle(&results[1]), CODE_JOIN_USED);
}
END_TEST

START_TEST(one_name_is_taken_once)
{
	struct person people[2];
	struct result results[2] = { { .count = 0 } };

	people[0] = invite(world.alice, LINKHELLO_AGENT, "office");
	people[1] = invite(world.alice, LINKHELLO_GATEWAY, "office");
	(void)start_login(&people[0], NOW, &results[0]);
	(void)start_login(&people[1], NOW, &results[1]);
	ck_assert_int_eq(settle(&results[0]), CODE_OK);
	ck_assert_int_eq(settle(&results[1]), CODE_NAME_TAKEN);
}
END_TEST

/* One key into two accounts at once: it ends in the second. */
START_TEST(one_device_is_in_one_account)
{
	struct person people[2];
	struct result results[2] = { { .count = 0 } };

	people[0] = invite(world.alice, LINKHELLO_AGENT, "office");
	people[1] = invite(create("bob"), LINKHELLO_AGENT, "office");
	memcpy(people[1].key, people[0].key, KEYS_LEN);
	(void)start_login(&people[0], NOW, &results[0]);
	(void)start_login(&people[1], NOW, &results[1]);
	ck_assert_int_eq(settle(&results[0]), CODE_OK);
	ck_assert_int_eq(settle(&results[1]), CODE_OK);
	ck_assert_uint_eq(account_book_devices(world.book), 1);
	ck_assert_ptr_null(account_next_device(world.alice, NULL));
}
END_TEST

/* The same device twice, with the token and by its key that is not yet in. */
START_TEST(one_device_may_come_twice)
{
	struct person agent = invite(world.alice, LINKHELLO_AGENT, "office");
	struct person plain = agent;
	struct result results[3] = { { .count = 0 } };

	plain.hello.has_token = false;
	(void)start_login(&agent, NOW, &results[0]);
	(void)start_login(&agent, NOW, &results[1]);
	(void)start_login(&plain, NOW, &results[2]);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(settle(&results[i]), CODE_OK);
		ck_assert_ptr_eq(
		    results[i].outcome.device, results[0].outcome.device);
	}
	ck_assert_int_eq(world.events.added, 1);
}
END_TEST

/* When the first one's commit fails, the token is there for the second. */
START_TEST(a_failed_commit_spends_nothing)
{
	struct person people[2];
	struct result results[2] = { { .count = 0 } };

	people[0] = invite(world.alice, LINKHELLO_AGENT, "office");
	people[1] = people[0];
	people[1].key[0] ^= 1;
	results[0].repair = true;
	log_set_level(LOG_LEVEL_ERROR);
	faultvfs_set_full(true);
	(void)start_login(&people[0], NOW, &results[0]);
	(void)start_login(&people[1], NOW, &results[1]);
	ck_assert_int_eq(settle(&results[0]), CODE_INTERNAL);
	ck_assert_uint_gt(results[0].outcome.retry_after, 0);
	ck_assert_ptr_null(results[0].outcome.device);
	ck_assert_int_eq(settle(&results[1]), CODE_OK);
	ck_assert_int_eq(world.events.added, 1);
	ck_assert_ptr_null(device_of(&people[0]));
	reopen_world();
	ck_assert_ptr_null(device_of(&people[0]));
	ck_assert_ptr_nonnull(device_of(&people[1]));
}
END_TEST

START_TEST(every_failed_commit_changes_nothing)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct person lab = invite(world.alice, LINKHELLO_AGENT, "lab");
	struct person gateway = enrol(world.alice, LINKHELLO_GATEWAY, "pc");
	struct result result = { .count = 0 };

	give_key(&gateway, 'k', 1);
	faultvfs_set_full(true);
	ck_assert_int_eq(expel(&agent, "admin", NOW), CODE_INTERNAL);
	ck_assert_int_eq(set_state(true), CODE_INTERNAL);
	ck_assert_int_eq(
	    try_invite(LINKHELLO_AGENT, "lab", false), CODE_INTERNAL);
	(void)account_create(
	    world.book, "bob", STORE_USER, &by_admin, on_done, &result);
	ck_assert_int_eq(settle(&result), CODE_INTERNAL);
	ck_assert_int_eq(try_login(&gateway, NOW, NULL), CODE_INTERNAL);
	/* What needs no disk goes on. */
	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_OK);
	faultvfs_set_full(false);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_OK);
		ck_assert_ptr_null(account_find(world.book, "bob"));
		ck_assert(!account_row(world.alice)->disabled);
		ck_assert(!account_row(world.alice)->has_key);
		reopen_world();
	}
	ck_assert_int_eq(world.events.gone, 0);
	/* The older invitation is not void. */
	ck_assert_int_eq(try_login(&lab, NOW, NULL), CODE_OK);
}
END_TEST

START_TEST(two_first_gateways_with_two_keys)
{
	struct person people[2];
	struct result results[2] = { { .count = 0 } };

	people[0] = invite(world.alice, LINKHELLO_GATEWAY, "one");
	people[1] = invite(world.alice, LINKHELLO_GATEWAY, "two");
	give_key(&people[0], 'a', 1);
	give_key(&people[1], 'b', 1);
	(void)start_login(&people[0], NOW, &results[0]);
	(void)start_login(&people[1], NOW, &results[1]);
	ck_assert_int_eq(settle(&results[0]), CODE_OK);
	ck_assert_int_eq(settle(&results[1]), CODE_ACCOUNT_KEY);
	give_key(&people[1], 'a', 1);
	ck_assert_int_eq(try_login(&people[1], NOW, NULL), CODE_OK);
}
END_TEST

/* Each pair happens in the order in which it was asked for. */
START_TEST(what_touches_the_same_happens_in_order)
{
	struct person agent = invite(world.alice, LINKHELLO_AGENT, "office");
	struct person old = enrol(world.alice, LINKHELLO_AGENT, "old");
	struct result results[4] = { { .count = 0 } };

	/* An invitation that is spent while a newer one would void it. */
	(void)start_login(&agent, NOW, &results[0]);
	(void)start_invite(
	    world.alice, LINKHELLO_AGENT, "office", false, &results[1]);
	/* One that is void when it is to be spent. */
	ck_assert_int_eq(settle(&results[0]), CODE_OK);
	ck_assert_int_eq(settle(&results[1]), CODE_NAME_TAKEN);
	agent = invite(world.alice, LINKHELLO_AGENT, "lab");
	(void)start_invite(
	    world.alice, LINKHELLO_AGENT, "lab", false, &results[1]);
	(void)start_login(&agent, NOW, &results[2]);
	ck_assert_int_eq(settle(&results[1]), CODE_OK);
	ck_assert_int_eq(settle(&results[2]), CODE_LOGIN_REFUSED);
	/* The same without a name. */
	agent = invite(world.alice, LINKHELLO_GATEWAY, "");
	snprintf(agent.hello.device, sizeof(agent.hello.device), "pc");
	memset(results, 0, sizeof(results));
	(void)start_invite(
	    world.alice, LINKHELLO_GATEWAY, "", false, &results[0]);
	(void)start_invite(
	    world.alice, LINKHELLO_GATEWAY, "", false, &results[1]);
	(void)start_login(&agent, NOW, &results[2]);
	ck_assert_int_eq(settle(&results[0]), CODE_OK);
	ck_assert_int_eq(settle(&results[1]), CODE_OK);
	ck_assert_int_eq(settle(&results[2]), CODE_LOGIN_REFUSED);
	/* A login of a device that is being removed. */
	memset(results, 0, sizeof(results));
	(void)account_revoke(device_of(&old), &by_admin, on_done, &results[0]);
	(void)start_login(&old, NOW, &results[1]);
	ck_assert_int_eq(results[1].count, 0);
	ck_assert_int_eq(settle(&results[0]), CODE_OK);
	ck_assert_int_eq(settle(&results[1]), CODE_REVOKED);
	/* An enrolment into an account that is being disabled. */
	agent = invite(world.alice, LINKHELLO_AGENT, "barn");
	memset(results, 0, sizeof(results));
	(void)account_set_disabled(
	    world.alice, true, &by_admin, on_done, &results[0]);
	(void)start_login(&agent, NOW, &results[1]);
	ck_assert_int_eq(settle(&results[0]), CODE_OK);
	ck_assert_int_eq(settle(&results[1]), CODE_DISABLED);
}
END_TEST

/* Two accounts do not wait for each other, nor two names of one. */
START_TEST(what_touches_nothing_common_happens_at_once)
{
	struct person people[3];
	struct result results[3] = { { .count = 0 } };

	people[0] = invite(world.alice, LINKHELLO_AGENT, "first");
	people[1] = invite(world.alice, LINKHELLO_AGENT, "two");
	people[2] = invite(create("bob"), LINKHELLO_AGENT, "first");
	for (int i = 0; i < 3; i++) {
		(void)start_login(&people[i], NOW, &results[i]);
		ck_assert_uint_eq(store_queued(world.store), (unsigned)i + 1);
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(settle(&results[i]), CODE_OK);
	}
}
END_TEST

START_TEST(cancelled_is_silent)
{
	struct person agent = invite(world.alice, LINKHELLO_AGENT, "office");
	struct result results[4] = { { .count = 0 } };
	struct account_op *ops_[4];

	/* On its way to the store: it happens, and nobody waits for it. */
	ops_[0] = start_login(&agent, NOW, &results[0]);
	/* Waiting: it never happens. */
	ops_[1] = start_login(&agent, NOW, &results[1]);
	/* One is cancelled by the next, which is told before. */
	ops_[2] = start_login(&agent, NOW, &results[2]);
	ops_[3] = start_login(&agent, NOW, &results[3]);
	results[2].cancel = &ops_[3];
	account_cancel(ops_[0]);
	account_cancel(ops_[1]);
	account_cancel(NULL);
	ck_assert_ptr_nonnull(ops_[2]);
	store_sync(world.store);
	ck_assert_int_eq(results[0].count, 0);
	ck_assert_int_eq(results[1].count, 0);
	ck_assert_int_eq(results[2].count, 1);
	ck_assert_int_eq(results[3].count, 0);
	ck_assert_int_eq(world.events.added, 1);
	ck_assert_uint_eq(world.book->ops_count, 0);
}
END_TEST

/* What is under way when the store closes is decided, one way or the other. */
START_TEST(closing_answers_everybody)
{
	struct person agent = invite(world.alice, LINKHELLO_AGENT, "office");
	struct person other = agent;
	struct result results[2] = { { .count = 0 } };

	other.key[0] ^= 1;
	(void)start_login(&agent, NOW, &results[0]);
	(void)start_login(&other, NOW, &results[1]);
	close_world();
	ck_assert_int_eq(results[0].count, 1);
	ck_assert_int_eq(results[0].outcome.code, CODE_OK);
	ck_assert_int_eq(results[1].count, 1);
	ck_assert_int_eq(results[1].outcome.code, CODE_JOIN_USED);
	open_world();
	/* And when what waits would have to be stored, it is refused. */
	agent = invite(world.alice, LINKHELLO_GATEWAY, "one");
	other = invite(world.alice, LINKHELLO_GATEWAY, "two");
	give_key(&agent, 'k', 1);
	give_key(&other, 'k', 1);
	(void)start_login(&agent, NOW, &results[0]);
	(void)start_login(&other, NOW, &results[1]);
	close_world();
	ck_assert_int_eq(results[0].outcome.code, CODE_OK);
	ck_assert_int_eq(results[1].count, 1);
	ck_assert_int_eq(results[1].outcome.code, CODE_OVERLOADED);
	open_world();
}
END_TEST

START_TEST(a_full_queue_is_told)
{
	struct person agent = invite(world.alice, LINKHELLO_AGENT, "office");
	struct store_change change = { .kind = STORE_DEVICE_SEEN };
	struct result result;

	while (store_submit(world.store, &change, 1, NULL, NULL) == 0) {
	}
	ck_assert_int_eq(try_login(&agent, NOW, &result), CODE_OVERLOADED);
	ck_assert_uint_gt(result.outcome.retry_after, 0);
	ck_assert_int_eq(try_login(&agent, NOW, NULL), CODE_OK);
}
END_TEST

START_TEST(too_many_at_once_are_told)
{
	struct person agent = invite(world.alice, LINKHELLO_AGENT, "office");
	struct result result = { .count = 0 };
	struct result last = { .count = 0 };

	for (int i = 0; i < ACCOUNT_OPS_MAX; i++) {
		agent.key[0] = (uint8_t)i;
		agent.key[1] = (uint8_t)(i >> 8);
		result.count = 0;
		ck_assert_ptr_nonnull(start_login(&agent, NOW, &result));
	}
	ck_assert_ptr_null(start_login(&agent, NOW, &last));
	ck_assert_int_eq(last.outcome.code, CODE_OVERLOADED);
	store_sync(world.store);
	ck_assert_int_eq(result.count, ACCOUNT_OPS_MAX);
	ck_assert_int_eq(world.events.added, 1);
	ck_assert_uint_eq(world.book->ops_count, 0);
}
END_TEST

START_TEST(a_fleet_enrols_at_once)
{
	enum {
		FLEET = 1000
	};
	struct person *people = mem_new(FLEET, sizeof(*people));
	struct result *results = mem_new(FLEET, sizeof(*results));
	char name[16];

	for (int i = 0; i < FLEET; i++) {
		snprintf(name, sizeof(name), "host-%d", i);
		people[i] = invite(world.alice, LINKHELLO_AGENT, name);
	}
	for (int i = 0; i < FLEET; i++) {
		(void)start_login(&people[i], NOW, &results[i]);
	}
	for (int i = 0; i < FLEET; i++) {
		ck_assert_int_eq(settle(&results[i]), CODE_OK);
	}
	ck_assert_uint_eq(account_book_devices(world.book), FLEET);
	mem_free(people);
	mem_free(results);
}
END_TEST

/* --- bounds and housekeeping -------------------------------------------- */

START_TEST(invitations_are_bounded)
{
	struct person first = invite(world.alice, LINKHELLO_AGENT, "host");
	struct result result;
	struct account_invite late = {
		.account = world.alice,
		.role = LINKHELLO_AGENT,
		.name = "late",
		.by.now = NOW + DAY,
	};
	char name[16];

	for (int i = 1; i < ACCOUNT_TOKENS_MAX; i++) {
		snprintf(name, sizeof(name), "host-%d", i);
		(void)invite(world.alice, LINKHELLO_AGENT, name);
	}
	(void)start_invite(
	    world.alice, LINKHELLO_AGENT, "more", false, &result);
	ck_assert_int_eq(settle(&result), CODE_LIMIT);
	ck_assert_ptr_nonnull(strstr(result.outcome.text, "1024"));
	/* One in the place of another is no more. */
	ck_assert_int_eq(try_invite(LINKHELLO_AGENT, "host-7", false), CODE_OK);
	/* Used ones and those that ran out make room. */
	ck_assert_int_eq(try_login(&first, NOW, NULL), CODE_OK);
	ck_assert_int_eq(try_invite(LINKHELLO_AGENT, "more", false), CODE_OK);
	ck_assert_int_eq(
	    try_invite(LINKHELLO_AGENT, "even-more", false), CODE_LIMIT);
	memset(&result, 0, sizeof(result));
	(void)account_invite(world.book, &late, on_done, &result);
	ck_assert_int_eq(settle(&result), CODE_OK);
	ck_assert_uint_eq(world.alice->token_count, ACCOUNT_TOKENS_MAX);
	reopen_world();
	ck_assert_uint_eq(world.alice->token_count, ACCOUNT_TOKENS_MAX);
}
END_TEST

/* --- invitations for several ---------------------------------------------- */

/* Return what comes of an invitation of a gateway for so many devices. */
static struct result
invite_named(const char *name, uint32_t uses)
{
	const struct account_invite request = {
		.account = world.alice,
		.role = LINKHELLO_GATEWAY,
		.name = name,
		.uses = uses,
		.by = by_admin,
	};
	struct result result = { .count = 0 };

	(void)account_invite(world.book, &request, on_done, &result);
	(void)settle(&result);
	return result;
}

static struct result
invite_many(uint32_t uses)
{
	return invite_named("laptop", uses);
}

static const char *
name_of(const struct person *person)
{
	return account_device_row(device_of(person))->name;
}

START_TEST(an_invitation_may_be_for_several)
{
	struct result result = invite_many(3);
	struct person people[4];

	for (int i = 0; i < 4; i++) {
		people[i] = make_person(LINKHELLO_GATEWAY, "alice", "laptop");
		give_key(&people[i], 'k', 1);
		give_token(&people[i], &result);
	}
	ck_assert_int_eq(try_login(&people[0], NOW, NULL), CODE_OK);
	ck_assert_str_eq(name_of(&people[0]), "laptop");
	ck_assert_int_eq(try_login(&people[1], NOW, NULL), CODE_OK);
	ck_assert_str_eq(name_of(&people[1]), "laptop-2");
	/* Shown again it is a login, and no use of it. */
	ck_assert_int_eq(try_login(&people[0], NOW, NULL), CODE_OK);
	reopen_world();
	ck_assert_int_eq(try_login(&people[2], NOW, NULL), CODE_OK);
	ck_assert_str_eq(name_of(&people[2]), "laptop-3");
	ck_assert_int_eq(try_login(&people[3], NOW, &result), CODE_JOIN_USED);
	ck_assert_ptr_nonnull(strstr(result.outcome.text,
	    "used 3 times, as often as it may be, by \"laptop-3\" last"));
	/* By the key, whatever it was called when it joined. */
	people[1].hello.has_token = false;
	ck_assert_int_eq(try_login(&people[1], NOW, NULL), CODE_OK);
	people[0].hello.has_token = true;
	ck_assert_int_eq(try_login(&people[0], NOW, NULL), CODE_OK);
}
END_TEST

START_TEST(several_may_come_at_once)
{
	struct result other = invite_named("laptop-2", 2);
	struct result result = invite_many(2);
	struct person people[3];
	struct result results[3] = { { .count = 0 } };

	people[2] = make_person(LINKHELLO_GATEWAY, "alice", "laptop-2");
	give_key(&people[2], 'k', 1);
	give_token(&people[2], &other);
	for (int i = 0; i < 2; i++) {
		people[i] = make_person(LINKHELLO_GATEWAY, "alice", "laptop");
		give_key(&people[i], 'k', 1);
		give_token(&people[i], &result);
		(void)start_login(&people[i], NOW, &results[i]);
	}
	(void)start_login(&people[2], NOW, &results[2]);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(settle(&results[i]), CODE_OK);
	}
	ck_assert_str_eq(name_of(&people[0]), "laptop");
	ck_assert_str_eq(name_of(&people[1]), "laptop-2");
	ck_assert_str_eq(name_of(&people[2]), "laptop-2-2");
}
END_TEST

START_TEST(one_for_several_ends_like_any_other)
{
	struct result result = invite_many(2);
	struct person early = make_person(LINKHELLO_GATEWAY, "alice", "laptop");
	struct person late = early;

	late.key[0] ^= 1;
	give_key(&early, 'k', 1);
	give_key(&late, 'k', 1);
	give_token(&early, &result);
	give_token(&late, &result);
	ck_assert_int_eq(try_login(&early, NOW, NULL), CODE_OK);
	ck_assert_int_eq(
	    try_login(&late, NOW + 2 * DAY, NULL), CODE_JOIN_EXPIRED);
	/* Who was removed may come again while it is good. */
	ck_assert_int_eq(expel(&early, "admin", NOW), CODE_OK);
	ck_assert_int_eq(try_login(&early, NOW, NULL), CODE_OK);
	ck_assert_int_eq(try_login(&late, NOW, NULL), CODE_JOIN_USED);
}
END_TEST

START_TEST(not_every_invitation_is_for_several)
{
	struct account_invite request = {
		.account = world.alice,
		.role = LINKHELLO_AGENT,
		.name = "office",
		.uses = 2,
		.by = by_admin,
	};
	struct result result = { .count = 0 };

	(void)account_invite(world.book, &request, on_done, &result);
	ck_assert_int_eq(settle(&result), CODE_BAD_REQUEST);
	request.replica = true;
	result.count = 0;
	(void)account_invite(world.book, &request, on_done, &result);
	ck_assert_int_eq(settle(&result), CODE_OK);
	request.role = LINKHELLO_GATEWAY;
	request.replica = false;
	request.replace = true;
	result.count = 0;
	(void)account_invite(world.book, &request, on_done, &result);
	ck_assert_int_eq(settle(&result), CODE_BAD_REQUEST);
	result = invite_many(ACCOUNT_USES_MAX + 1);
	ck_assert_int_eq(result.outcome.code, CODE_BAD_REQUEST);
	result = invite_many(ACCOUNT_USES_MAX);
	ck_assert_int_eq(result.outcome.code, CODE_OK);
}
END_TEST

START_TEST(a_tick_forgets_old_invitations)
{
	struct person used = invite(world.alice, LINKHELLO_AGENT, "used");
	struct person open = invite(world.alice, LINKHELLO_AGENT, "open");
	struct person other = used;

	other.key[0] ^= 1;
	ck_assert_int_eq(try_login(&used, NOW, NULL), CODE_OK);
	tick(world.book, NOW + DAY + ACCOUNT_EXPIRED_TIME - 1);
	ck_assert_int_eq(
	    try_login(&open, NOW + 8 * DAY, NULL), CODE_JOIN_EXPIRED);
	tick(world.book, NOW + DAY + ACCOUNT_EXPIRED_TIME);
	ck_assert_int_eq(
	    try_login(&open, NOW + 8 * DAY, NULL), CODE_LOGIN_REFUSED);
	tick(world.book, NOW + ACCOUNT_USED_TIME - 1);
	ck_assert_int_eq(try_login(&other, NOW, NULL), CODE_JOIN_USED);
	tick(world.book, NOW + ACCOUNT_USED_TIME);
	ck_assert_int_eq(try_login(&other, NOW, NULL), CODE_LOGIN_REFUSED);
	/* Who used it comes in by its key. */
	ck_assert_int_eq(try_login(&used, NOW, NULL), CODE_OK);
	store_sync(world.store);
	reopen_world();
	ck_assert_uint_eq(world.alice->token_count, 0);
}
END_TEST

START_TEST(a_tick_writes_who_was_seen)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct person gone = enrol(world.alice, LINKHELLO_AGENT, "gone");

	account_device_seen(device_of(&agent), NOW + 100);
	account_device_seen(device_of(&agent), NOW + 50); /* clock went back */
	account_device_seen(device_of(&gone), NOW + 100);
	ck_assert_int_eq(expel(&gone, "admin", NOW), CODE_OK);
	store_sync(world.store);
	reopen_world();
	ck_assert_uint_eq(
	    account_device_row(device_of(&agent))->last_seen, NOW);
	account_device_seen(device_of(&agent), NOW + 100);
	tick(world.book, NOW + 200);
	ck_assert_uint_eq(store_queued(world.store), 1);
	tick(world.book, NOW + 200);
	ck_assert_uint_eq(store_queued(world.store), 1);
	reopen_world();
	ck_assert_uint_eq(
	    account_device_row(device_of(&agent))->last_seen, NOW + 100);
}
END_TEST

/* The accounts, too, and the one that would be next may go meanwhile. */
START_TEST(a_tick_is_cut_into_slices)
{
	struct account_by by = { .now = NOW };
	struct result result = { 0 };
	unsigned slices = 0;
	char name[16];

	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "user-%d", i);
		ck_assert_ptr_nonnull(account_create(
		    world.book, name, STORE_USER, &by, on_done, &result));
	}
	store_sync(world.store);
	ck_assert(account_book_tick(world.book, NOW));
	for (int i = 0; i < 2000; i += 2) {
		snprintf(name, sizeof(name), "user-%d", i);
		(void)account_delete(
		    account_find(world.book, name), &by, on_done, &result);
	}
	store_sync(world.store);
	do {
		slices++;
	} while (account_book_tick(world.book, NOW));
	ck_assert_uint_ge(slices, 2);
	ck_assert_uint_le(slices, 4);
}
END_TEST

START_TEST(many_seen_are_written_in_batches)
{
	struct person agent;
	char name[16];

	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "host-%d", i);
		agent = enrol(world.alice, LINKHELLO_AGENT, name);
		account_device_seen(device_of(&agent), NOW + 1);
	}
	/* Others have their turn in between. */
	for (unsigned i = 1; i <= 3; i++) {
		ck_assert(account_book_tick(world.book, NOW + 2));
		ck_assert_uint_eq(store_queued(world.store), i);
	}
	tick(world.book, NOW + 2);
	ck_assert_uint_eq(store_queued(world.store), 3);
	reopen_world();
	ck_assert_uint_eq(
	    account_device_row(device_of(&agent))->last_seen, NOW + 1);
}
END_TEST

START_TEST(a_device_has_a_link)
{
	int link;
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");

	ck_assert_ptr_null(account_device_link(device_of(&agent)));
	account_device_set_link(device_of(&agent), &link);
	ck_assert_ptr_eq(account_device_link(device_of(&agent)), &link);
}
END_TEST

/* --- words -------------------------------------------------------------- */

START_TEST(words_for_people)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} spans[] = { { 0, "0 s" }, { 59, "59 s" }, { 60, "1 min" },
		{ 3599, "59 min" }, { 3600, "1 h" }, { 7200, "2 h" },
		{ 2 * DAY - 1, "47 h" }, { 2 * DAY, "2 days" },
		{ 400 * DAY, "400 days" } };
	char text[ACCOUNT_TEXT_LEN];
	char long_text[LIMITS_TEXT_LEN];
	char by[NAME_USER_MAX + 1];

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		ck_assert_str_eq(
		    account_text_span(spans[i].seconds, text), spans[i].text);
	}
	ck_assert_str_eq(
	    account_text_span(UINT64_MAX, text), "213503982334601 days");
	ck_assert_str_eq(account_text_day(NOW, NOW, text), "3 May");
	ck_assert_str_eq(
	    account_text_day(NOW, NOW + 300 * DAY, text), "3 May 2026");
	ck_assert_str_eq(account_text_day(0, NOW, text), "1 January 1970");
	(void)account_text_day(UINT64_MAX / 2, NOW, text);
	memset(by, 'x', NAME_USER_MAX);
	by[NAME_USER_MAX] = '\0';
	account_text_removed(0, by, NOW, long_text);
	ck_assert_ptr_nonnull(strstr(long_text, "join string."));
}
END_TEST

/* --- memory ------------------------------------------------------------- */

START_TEST(no_memory_no_book)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");
	struct store_error error;

	(void)invite(world.alice, LINKHELLO_AGENT, "lab");
	for (long n = 1;; n++) {
		struct account_book *book;
		int result = -1;

		failalloc_after(n);
		book = account_book_new(world.store, &ops, &world.events);
		if (book != NULL) {
			result = account_book_load(book, &error);
		}
		failalloc_off();
		ck_assert_int_eq(result, failalloc_hit() ? -1 : 0);
		if (result == 0) {
			ck_assert_ptr_nonnull(
			    account_book_find_key(book, agent.key));
			account_book_free(book);
			break;
		}
		account_book_free(book);
	}
}
END_TEST

/* Each operation, with each of its allocations failing. */
enum sweep {
	SWEEP_CREATE,
	SWEEP_OWNER,
	SWEEP_INVITE,
	SWEEP_ENROL,
	SWEEP_LOGIN,
	SWEEP_FIRST_KEY,
	SWEEP_STATE,
	SWEEP_REVOKE,
	SWEEPS,
};

struct sweep_state {
	struct person invited;
	struct person agent;
	struct person gateway;
};

static void
start_sweep(
    enum sweep sweep, const struct sweep_state *state, struct result *result)
{
	const struct account_invite lab = { .account = world.alice,
		.role = LINKHELLO_AGENT,
		.name = "lab",
		.by.now = NOW };

	switch (sweep) {
	case SWEEP_CREATE:
		(void)account_create(
		    world.book, "bob", STORE_USER, &by_admin, on_done, result);
		break;
	case SWEEP_OWNER:
		(void)account_owner_token(world.book, NOW, on_done, result);
		break;
	case SWEEP_INVITE:
		(void)account_invite(world.book, &lab, on_done, result);
		break;
	case SWEEP_ENROL:
		(void)start_login(&state->invited, NOW, result);
		break;
	case SWEEP_LOGIN:
		(void)start_login(&state->agent, NOW, result);
		break;
	case SWEEP_FIRST_KEY:
		(void)start_login(&state->gateway, NOW, result);
		break;
	case SWEEP_STATE:
		(void)account_set_level(
		    world.alice, STORE_GUEST, &by_admin, on_done, result);
		break;
	case SWEEP_REVOKE:
		(void)account_revoke(
		    device_of(&state->agent), &by_admin, on_done, result);
		break;
	case SWEEPS:
	default:
		break;
	}
}

START_TEST(no_memory_is_told)
{
	struct sweep_state state = {
		.invited = invite(world.alice, LINKHELLO_AGENT, "office"),
		.agent = enrol(world.alice, LINKHELLO_AGENT, "barn"),
		.gateway = enrol(world.alice, LINKHELLO_GATEWAY, "laptop"),
	};
	struct result result = { .count = 0 };
	bool failed = true;

	give_key(&state.gateway, 'k', 1);
	if (_i == SWEEP_OWNER) {
		(void)create("admin");
	}
	for (long n = 1; failed; n++) {
		memset(&result, 0, sizeof(result));
		failalloc_after(n);
		start_sweep((enum sweep)_i, &state, &result);
		store_sync(world.store);
		failalloc_off();
		failed = failalloc_hit();
		ck_assert_int_eq(result.count, 1);
		ck_assert_int_eq(
		    result.outcome.code, failed ? CODE_OVERLOADED : CODE_OK);
		ck_assert(failed || n > 1);
	}
	ck_assert_uint_eq(world.book->ops_count, 0);
}
END_TEST

START_TEST(a_tick_without_memory_is_a_later_tick)
{
	struct person agent = enrol(world.alice, LINKHELLO_AGENT, "office");

	account_device_seen(device_of(&agent), NOW + 100);
	for (long n = 1; n <= 2; n++) {
		failalloc_after(n);
		tick(world.book, NOW + 200);
		failalloc_off();
		ck_assert(failalloc_hit());
		ck_assert_uint_eq(store_queued(world.store), 0);
	}
	tick(world.book, NOW + 200);
	ck_assert_uint_eq(store_queued(world.store), 1);
}
END_TEST

/* --- with the store's thread -------------------------------------------- */

START_TEST(it_works_with_the_thread)
{
	struct loop *loop = loop_new();
	struct person people[20];
	struct result results[20];
	char name[16];

	ck_assert_int_eq(store_start(world.store, loop), 0);
	memset(results, 0, sizeof(results));
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "host-%d", i / 2);
		people[i] = i % 2 == 0
				? invite(world.alice, LINKHELLO_AGENT, name)
				: people[i - 1];
		people[i].key[0] = (uint8_t)i;
	}
	for (int i = 0; i < 20; i++) {
		(void)start_login(&people[i], NOW, &results[i]);
	}
	for (int i = 0; i < 20; i++) {
		ck_assert(await_count(loop, &results[i].count, 1));
		ck_assert_int_eq(results[i].outcome.code,
		    i % 2 == 0 ? CODE_OK : CODE_JOIN_USED);
	}
	close_world();
	loop_free(loop);
	open_world();
	ck_assert_uint_eq(account_book_devices(world.book), 10);
}
END_TEST

static TCase *
add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void
add_rules(Suite *suite)
{
	TCase *tcase = add_case(suite, "rules");

	tcase_add_test(tcase, the_owner_is_invited_until_he_joins);
	tcase_add_test(tcase, a_relay_with_accounts_makes_no_owner);
	tcase_add_test(tcase, accounts_have_names_of_their_own);
	tcase_add_test(tcase, two_of_one_name_at_once);
	tcase_add_test(tcase, an_invited_agent_enrols_and_returns);
	tcase_add_test(tcase, an_invitation_runs_out);
	tcase_add_test(tcase, names_are_judged);
	tcase_add_test(tcase, a_gateway_without_a_name_chooses_it);
	tcase_add_test(tcase, a_name_has_one_device);
	tcase_add_test(tcase, a_host_has_replicas);
	tcase_add_test(tcase, replicas_are_bounded_and_agents);
	tcase_add_test(tcase, a_name_can_go_to_the_next);
	tcase_add_test(tcase, a_name_taken_meanwhile);
	tcase_add_test(tcase, a_newer_invitation_voids_the_older);
	tcase_add_test(tcase, strangers_learn_nothing);
	tcase_add_test(tcase, an_unknown_token_does_not_matter);
	tcase_add_test(tcase, a_device_moves);
	tcase_add_test(tcase, a_device_changes_its_role);
	tcase_add_test(tcase, a_device_joins_again);
	tcase_add_test(tcase, a_removed_device_is_told);
	tcase_add_test(tcase, devices_are_listed);
	tcase_add_test(tcase, removed_devices_are_forgotten_some_day);
	tcase_add_test(tcase, a_disabled_account_is_closed);
	tcase_add_test(tcase, levels_have_names);
	tcase_add_test(tcase, a_level_is_set);
	tcase_add_test(tcase, one_admin_is_left);
	tcase_add_test(tcase, a_deleted_account_is_gone);
	tcase_add_test(tcase, what_waits_for_a_deletion_is_refused);
	tcase_add_test(tcase, an_invitation_is_revoked);
	tcase_add_test(tcase, every_change_is_noted);
	tcase_add_test(tcase, a_limit_is_the_account_s_or_the_level_s);
	tcase_add_test(tcase, months_are_counted);
	tcase_add_test(tcase, months_are_written_by_a_tick);
	tcase_add_test(tcase, hosts_and_devices_are_limited);
	tcase_add_test(tcase, a_limit_holds_for_those_who_come_at_once);
	tcase_add_test(tcase, attaches_are_limited_a_second);
	tcase_add_test(tcase, links_are_counted);
	tcase_add_test(tcase, the_first_gateway_brings_the_key);
	tcase_add_test(tcase, the_key_may_come_later);
	tcase_add_test(tcase, the_key_is_rotated);
}

static void
add_order(Suite *suite)
{
	TCase *tcase = add_case(suite, "order");

	tcase_add_test(tcase, one_token_enrols_one_device);
	tcase_add_test(tcase, one_token_enrols_one_device_of_any_name);
	tcase_add_test(tcase, one_name_is_taken_once);
	tcase_add_test(tcase, one_device_is_in_one_account);
	tcase_add_test(tcase, one_device_may_come_twice);
	tcase_add_test(tcase, a_failed_commit_spends_nothing);
	tcase_add_test(tcase, every_failed_commit_changes_nothing);
	tcase_add_test(tcase, two_first_gateways_with_two_keys);
	tcase_add_test(tcase, what_touches_the_same_happens_in_order);
	tcase_add_test(tcase, what_touches_nothing_common_happens_at_once);
	tcase_add_test(tcase, cancelled_is_silent);
	tcase_add_test(tcase, closing_answers_everybody);
	tcase_add_test(tcase, a_full_queue_is_told);
	tcase_add_test(tcase, too_many_at_once_are_told);
	tcase_add_test(tcase, a_fleet_enrols_at_once);
	tcase_add_test(tcase, it_works_with_the_thread);
}

static void
add_bounds(Suite *suite)
{
	TCase *tcase = add_case(suite, "bounds");

	tcase_add_test(tcase, invitations_are_bounded);
	tcase_add_test(tcase, an_invitation_may_be_for_several);
	tcase_add_test(tcase, several_may_come_at_once);
	tcase_add_test(tcase, one_for_several_ends_like_any_other);
	tcase_add_test(tcase, not_every_invitation_is_for_several);
	tcase_add_test(tcase, a_tick_forgets_old_invitations);
	tcase_add_test(tcase, a_tick_writes_who_was_seen);
	tcase_add_test(tcase, a_tick_is_cut_into_slices);
	tcase_add_test(tcase, many_seen_are_written_in_batches);
	tcase_add_test(tcase, a_device_has_a_link);
	tcase_add_test(tcase, words_for_people);
	tcase_add_test(tcase, no_memory_no_book);
	tcase_add_loop_test(tcase, no_memory_is_told, 0, SWEEPS);
	tcase_add_test(tcase, a_tick_without_memory_is_a_later_tick);
}

int
main(void)
{
	Suite *suite = suite_create("account");

	if (sodium_init() < 0 || faultvfs_install() < 0) {
		return 1;
	}
	add_rules(suite);
	add_order(suite);
	add_bounds(suite);
	return unit_main(suite);
}
