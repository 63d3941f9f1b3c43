/* SPDX-License-Identifier: ISC */

#include "gateway/auth.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/addr.h"
#include "common/fault.h"
#include "common/loop.h"
#include "common/users.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

#define CLIENTS 200

/* Somebody who waits for a verdict. */
struct client {
	struct auth_check *check;
	int verdict; /* -1: none yet */
};

static char hash[USERS_HASH_LEN]; /* of "secret" */
static struct users *users;
static struct loop *loop;
static struct auth *auth;
static struct addr local;
static struct client clients[CLIENTS];
static int verdicts;

static void
on_verdict(enum auth_verdict verdict, void *arg)
{
	struct client *client = arg;

	ck_assert_int_eq(client->verdict, -1);
	client->verdict = (int)verdict;
	client->check = NULL;
	verdicts++;
}

/* Let name in by the password that was hashed to that. */
static void
let_in(const char *name, const char *hashed)
{
	struct fault fault;
	char text[512];

	users_free(users);
	(void)snprintf(text, sizeof(text), "%s:%s\n", name, hashed);
	users = users_parse("users", text, strlen(text), &fault);
	ck_assert_msg(users != NULL, "%s", fault.text);
	auth_set_users(auth, users);
}

static void
hash_once(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	/* As users_hash() does it, but cheap: wrong words in a row are told. */
	ck_assert_int_eq(
	    crypto_pwhash_str(hash, "secret", 6, crypto_pwhash_OPSLIMIT_MIN,
		crypto_pwhash_MEMLIMIT_MIN),
	    0);
}

static void
setup(void)
{
	loop = loop_new();
	auth = auth_new(loop);
	ck_assert_ptr_nonnull(auth);
	ck_assert(!auth_is_on(auth));
	let_in("anna", hash);
	ck_assert_int_eq(addr_parse(&local, "127.0.0.1:1"), 0);
	verdicts = 0;
}

static void
teardown(void)
{
	auth_free(auth);
	users_free(users);
	users = NULL;
	loop_free(loop);
}

/* Let client say name and password from peer. */
static void
say(struct client *client, const char *name, const char *password,
    const struct addr *peer)
{
	const struct auth_words words = {
		.user = name,
		.user_len = strlen(name),
		.password = password,
		.password_len = strlen(password),
	};

	client->verdict = -1;
	client->check = auth_start(auth, &words, peer, on_verdict, client);
	ck_assert((client->check == NULL) == (client->verdict != -1));
}

/* Return what becomes of name and password, in the end. */
static int
judged(const char *name, const char *password)
{
	int before = verdicts;

	say(&clients[0], name, password, &local);
	ck_assert(await_count(loop, &verdicts, before + 1));
	return clients[0].verdict;
}

static bool
is_known(const char *name, const char *password)
{
	say(&clients[1], name, password, &local);
	if (clients[1].check != NULL) {
		auth_cancel(clients[1].check);
		return false;
	}
	return clients[1].verdict == AUTH_GOOD;
}

START_TEST(good_and_wrong)
{
	ck_assert(auth_is_on(auth));
	ck_assert(!auth_is_on(NULL));
	ck_assert(!is_known("anna", "secret"));
	ck_assert_int_eq(judged("anna", "secret"), AUTH_GOOD);
	ck_assert(is_known("anna", "secret"));
	ck_assert_int_eq(judged("anna", "Secret"), AUTH_WRONG);
	ck_assert_int_eq(judged("anna", ""), AUTH_WRONG);
	/* The right password of somebody else, and of nobody. */
	ck_assert_int_eq(judged("bert", "secret"), AUTH_WRONG);
	ck_assert_int_eq(judged("", ""), AUTH_WRONG);
	/* Nor is it known in another division of the same letters. */
	ck_assert(!is_known("ann", "asecret"));
	ck_assert(!is_known("annas", "ecret"));
	ck_assert(is_known("anna", "secret"));
}
END_TEST

START_TEST(a_ticket_is_good)
{
	const char *ticket = auth_ticket(auth);
	char wrong[AUTH_TICKET_LEN];
	struct auth *other = auth_new(loop);

	ck_assert_uint_eq(strlen(ticket), AUTH_TICKET_LEN - 1);
	/* At once, whoever the users are. */
	say(&clients[0], "", ticket, &local);
	ck_assert_int_eq(clients[0].verdict, AUTH_GOOD);
	let_in("bert", hash);
	say(&clients[0], "", ticket, &local);
	ck_assert_int_eq(clients[0].verdict, AUTH_GOOD);
	/* Of nobody else, and no other. */
	ck_assert_int_eq(judged("bert", ticket), AUTH_WRONG);
	ck_assert_int_eq(judged("", ""), AUTH_WRONG);
	(void)snprintf(wrong, sizeof(wrong), "%s", ticket);
	wrong[AUTH_TICKET_LEN - 2] ^= 1;
	ck_assert_int_eq(judged("", wrong), AUTH_WRONG);
	ck_assert_ptr_nonnull(other);
	ck_assert_str_ne(auth_ticket(other), ticket);
	auth_free(other);
}
END_TEST

START_TEST(other_users)
{
	char better[USERS_HASH_LEN];

	ck_assert_int_eq(judged("anna", "secret"), AUTH_GOOD);
	let_in("bert", hash);
	ck_assert(!is_known("anna", "secret"));
	ck_assert_int_eq(judged("anna", "secret"), AUTH_WRONG);
	/* A new password: the old one is not remembered. */
	ck_assert_int_eq(users_hash("better", 6, better), 0);
	let_in("anna", better);
	ck_assert(!is_known("anna", "secret"));
	ck_assert_int_eq(judged("anna", "secret"), AUTH_WRONG);
	ck_assert_int_eq(judged("anna", "better"), AUTH_GOOD);
	auth_set_users(auth, NULL);
	ck_assert(!auth_is_on(auth));
}
END_TEST

START_TEST(many_at_a_time_are_verified_once)
{
	for (int i = 0; i < CLIENTS; i++) {
		say(&clients[i], "anna", "secret", &local);
	}
	ck_assert_int_eq(verdicts, 0);
	auth_cancel(clients[0].check);
	auth_cancel(clients[100].check);
	ck_assert(await_count(loop, &verdicts, CLIENTS - 2));
	for (int i = 0; i < CLIENTS; i++) {
		ck_assert_int_eq(
		    clients[i].verdict, i % 100 == 0 ? -1 : (int)AUTH_GOOD);
	}
	/* A wrong one counts once, too. */
	for (int round = 0; round < AUTH_FAILURES_MAX - 1; round++) {
		verdicts = 0;
		for (int i = 0; i < 20; i++) {
			say(&clients[i], "anna", "wrong", &local);
		}
		ck_assert(await_count(loop, &verdicts, 20));
		ck_assert_int_eq(clients[19].verdict, AUTH_WRONG);
	}
	ck_assert_int_eq(judged("anna", "wrong"), AUTH_WRONG);
}
END_TEST

START_TEST(often_wrong)
{
	struct addr peer;
	struct addr neighbour;

	ck_assert_int_eq(judged("anna", "secret"), AUTH_GOOD);
	for (int i = 0; i < AUTH_FAILURES_MAX; i++) {
		ck_assert_int_eq(judged("anna", "wrong"), AUTH_WRONG);
	}
	ck_assert_int_eq(judged("anna", "wrong"), AUTH_LATER);
	ck_assert_int_eq(judged("bert", "wrong"), AUTH_LATER);
	/* All of this machine is one. */
	ck_assert_int_eq(addr_parse(&local, "[::1]:1"), 0);
	ck_assert_int_eq(judged("anna", "wrong"), AUTH_LATER);
	ck_assert_int_eq(addr_from_path(&local, "/x"), 0);
	ck_assert_int_eq(judged("anna", "wrong"), AUTH_LATER);
	/* What is known works. */
	ck_assert_int_eq(judged("anna", "secret"), AUTH_GOOD);
	/* And so does another address, but not another one of its network. */
	ck_assert_int_eq(addr_parse(&peer, "[2001:db8::1]:1"), 0);
	ck_assert_int_eq(addr_parse(&neighbour, "[2001:db8::2:1]:1"), 0);
	local = peer;
	for (int i = 0; i < AUTH_FAILURES_MAX; i++) {
		ck_assert_int_eq(judged("anna", "wrong"), AUTH_WRONG);
	}
	local = neighbour;
	ck_assert_int_eq(judged("anna", "wrong"), AUTH_LATER);
	ck_assert_int_eq(addr_parse(&local, "[2001:db8:0:1::1]:1"), 0);
	ck_assert_int_eq(judged("anna", "wrong"), AUTH_WRONG);
	ck_assert_int_eq(addr_parse(&local, "192.0.2.1:1"), 0);
	ck_assert_int_eq(judged("anna", "wrong"), AUTH_WRONG);
}
END_TEST

START_TEST(too_many_wait)
{
	char password[16];
	int later = 0;

	for (int i = 0; i < AUTH_WAITING_MAX + 10; i++) {
		(void)snprintf(password, sizeof(password), "%d", i);
		say(&clients[i], "anna", password, &local);
		later += clients[i].verdict == AUTH_LATER;
	}
	ck_assert_int_eq(later, 10);
	/* Who waits may be gone; what is left of it ends with auth. */
	for (int i = 0; i < AUTH_WAITING_MAX + 10; i++) {
		auth_cancel(clients[i].check);
	}
}
END_TEST

START_TEST(out_of_memory)
{
	struct auth *other;

	for (long n = 1; n <= 2; n++) {
		failalloc_after(n);
		other = auth_new(loop);
		failalloc_off();
		ck_assert_ptr_null(other);
		failalloc_after(n);
		say(&clients[0], "anna", "secret", &local);
		failalloc_off();
		ck_assert_int_eq(clients[0].verdict, AUTH_LATER);
	}
	ck_assert_int_eq(judged("anna", "secret"), AUTH_GOOD);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("auth");
	TCase *tests = tcase_create("tests");

	tcase_add_unchecked_fixture(tests, hash_once, NULL);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, good_and_wrong);
	tcase_add_test(tests, a_ticket_is_good);
	tcase_add_test(tests, other_users);
	tcase_add_test(tests, many_at_a_time_are_verified_once);
	tcase_add_test(tests, often_wrong);
	tcase_add_test(tests, too_many_wait);
	tcase_add_test(tests, out_of_memory);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
