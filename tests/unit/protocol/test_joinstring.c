/* SPDX-License-Identifier: ISC */
#include "protocol/joinstring.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/membership.h"
#include "tests/support/jointype.h"
#include "tests/support/unit.h"
#include "tests/support/vectors.h"

static struct membership
make_membership(void)
{
	struct membership membership = {
		.role = LINKHELLO_AGENT,
		.user = "alice",
		.name = "office",
		.has_token = true,
		.key_kind = MEMBERSHIP_KEY_HOST,
		.epoch = 1,
	};

	ck_assert_int_eq(
	    membership_add_relay(&membership, "relay.example.net:7000", 22), 0);
	ck_assert_int_eq(
	    membership_add_relay(&membership, "[2001:db8::1]:443", 17), 0);
	for (unsigned i = 0; i < KEYS_LEN; i++) {
		membership.relay_public[i] = (uint8_t)(7 * i + 1);
		membership.token[i] = (uint8_t)(31 * i + 2);
		membership.key[i] = (uint8_t)(77 * i + 3);
	}
	return membership;
}

static void
check_same(const struct membership *a, const struct membership *b)
{
	ck_assert_uint_eq(a->relays, b->relays);
	for (size_t i = 0; i < a->relays; i++) {
		ck_assert_str_eq(a->relay[i], b->relay[i]);
	}
	ck_assert_mem_eq(a->relay_public, b->relay_public, KEYS_LEN);
	ck_assert_int_eq(a->role, b->role);
	ck_assert_str_eq(a->user, b->user);
	ck_assert_str_eq(a->name, b->name);
	ck_assert_int_eq(a->has_token, b->has_token);
	ck_assert_mem_eq(a->token, b->token, LINKHELLO_TOKEN_LEN);
	ck_assert_int_eq(a->key_kind, b->key_kind);
	ck_assert_mem_eq(a->key, b->key, KEYS_LEN);
	ck_assert_uint_eq(a->epoch, b->epoch);
}

/* Decode text; it must be refused, with nothing left in the membership. */
static enum joinstring_result
refuse(const char *text, struct joinstring_error *error)
{
	struct membership membership;
	char sentence[JOINSTRING_EXPLAIN_LEN];
	enum joinstring_result result =
	    joinstring_decode(&membership, text, error);

	ck_assert_int_ne(result, JOINSTRING_OK);
	ck_assert(
	    sodium_is_zero((const uint8_t *)&membership, sizeof(membership)));
	ck_assert_uint_gt(
	    strlen(joinstring_explain(result, error, sentence)), 20);
	return result;
}

START_TEST(string_and_back)
{
	struct membership membership = make_membership();
	struct membership back;
	struct joinstring_error error;
	char text[JOINSTRING_MAX];
	char line[JOINSTRING_MAX + 16];
	size_t len = joinstring_encode(&membership, text);

	ck_assert_uint_eq(len, strlen(text));
	ck_assert_int_eq(
	    strncmp(
		text, "inroad1:relay.example.net:7000,_2001_db8__1_:443:", 49),
	    0);
	ck_assert_uint_eq(
	    strspn(text, "abcdefghijklmnopqrstuvwxyz"
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.,:"),
	    len);
	ck_assert_int_eq(joinstring_decode(&back, text, &error), JOINSTRING_OK);
	check_same(&back, &membership);
	ck_assert_uint_eq(error.length, len);
	ck_assert_int_gt(snprintf(line, sizeof(line), " \t%s \r\n", text), 0);
	ck_assert_int_eq(joinstring_decode(&back, line, &error), JOINSTRING_OK);
	check_same(&back, &membership);
}
END_TEST

START_TEST(only_valid_memberships_become_strings)
{
	struct membership membership = make_membership();
	char text[JOINSTRING_MAX];

	membership.key_kind = MEMBERSHIP_KEY_ACCOUNT;
	ck_assert_uint_eq(joinstring_encode(&membership, text), 0);
	ck_assert_str_eq(text, "");
}
END_TEST

/* Every other character at every place: found, and the place named. */
START_TEST(every_typo_is_placed)
{
	static const char others[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	    "-_.:, !?\"'$\\\x80\n";
	struct membership membership = make_membership();
	struct joinstring_error error;
	char text[JOINSTRING_MAX];
	char sentence[JOINSTRING_EXPLAIN_LEN];
	char want[JOINSTRING_EXPLAIN_LEN];
	size_t len = joinstring_encode(&membership, text);

	for (size_t i = strlen(JOINSTRING_PREFIX); i < len;
	     i += unit_stride(13)) {
		char was = text[i];

		for (const char *c = others; *c != '\0'; c++) {
			/* Blanks at the end are skipped. */
			if (*c == was ||
			    (i + 1 == len && strchr(" \n", *c) != NULL)) {
				continue;
			}
			text[i] = *c;
			ck_assert_int_eq(refuse(text, &error), JOINSTRING_TYPO);
			ck_assert_uint_eq(error.where, i + 1);
		}
		text[i] = was;
	}
	text[30] = '?';
	ck_assert_int_eq(refuse(text, &error), JOINSTRING_TYPO);
	joinstring_explain(JOINSTRING_TYPO, &error, sentence);
	ck_assert_int_gt(snprintf(want, sizeof(want),
			     "character %d of the join string looks wrong", 31),
	    0);
	ck_assert_str_eq(sentence, want);
}
END_TEST

START_TEST(every_truncation_is_noticed)
{
	struct membership membership = make_membership();
	struct joinstring_error error;
	char text[JOINSTRING_MAX];
	size_t all = joinstring_encode(&membership, text);
	size_t body = 49; /* behind the relays */

	for (size_t len = all - 1; len > strlen(JOINSTRING_PREFIX); len--) {
		text[len] = '\0';
		ck_assert_int_eq(refuse(text, &error), JOINSTRING_LENGTH);
		ck_assert_uint_eq(error.length, len);
		ck_assert_uint_eq(error.expected, len >= body + 2 ? all : 0);
	}
	text[7] = '\0';
	ck_assert_int_eq(refuse(text, &error), JOINSTRING_FOREIGN);
}
END_TEST

START_TEST(lost_and_doubled_characters_change_the_length)
{
	struct membership membership = make_membership();
	struct joinstring_error error;
	char text[JOINSTRING_MAX];
	char other[JOINSTRING_MAX + 1];
	size_t all = joinstring_encode(&membership, text);

	for (size_t i = 51; i < all; i++) {
		memcpy(other, text, i);
		memcpy(other + i, text + i + 1, all - i);
		ck_assert_int_eq(refuse(other, &error), JOINSTRING_LENGTH);
		ck_assert_uint_eq(error.length, all - 1);
		ck_assert_uint_eq(error.expected, all);
		memcpy(other + i, text + i - 1, all - i + 2);
		ck_assert_int_eq(refuse(other, &error), JOINSTRING_LENGTH);
		ck_assert_uint_eq(error.length, all + 1);
		ck_assert_uint_eq(error.expected, all);
	}
}
END_TEST

/* Two mistakes are never taken for none; in two pieces, never for one. */
START_TEST(two_typos_are_noticed)
{
	struct membership membership = make_membership();
	struct joinstring_error error;
	char text[JOINSTRING_MAX];
	size_t all = joinstring_encode(&membership, text);

	for (size_t i = 51; i + 1 < all; i++) {
		char first = text[i];
		char second = text[i + 1];

		text[i] = first == 'q' ? 'r' : 'q';
		text[i + 1] = second == 'q' ? 'r' : 'q';
		(void)refuse(text, &error);
		text[i] = second;
		text[i + 1] = first;
		if (first != second) {
			(void)refuse(text, &error);
		}
		text[i] = first;
		text[i + 1] = second;
	}
	text[60] = text[60] == 'q' ? 'r' : 'q';
	text[150] = text[150] == 'q' ? 'r' : 'q';
	ck_assert_int_eq(refuse(text, &error), JOINSTRING_GARBLED);
	ck_assert_uint_eq(error.where, 9);
}
END_TEST

START_TEST(what_is_none_is_said)
{
	static const struct {
		const char *text;
		enum joinstring_result result;
	} rows[] = {
		{ "", JOINSTRING_FOREIGN },
		{ "  ", JOINSTRING_FOREIGN },
		{ "hello", JOINSTRING_FOREIGN },
		{ "inroad", JOINSTRING_FOREIGN },
		{ "inroad:", JOINSTRING_FOREIGN },
		{ "inroad1", JOINSTRING_FOREIGN },
		{ "inroadkey1:AAAA", JOINSTRING_FOREIGN },
		{ "INROAD1:a:1:", JOINSTRING_FOREIGN },
		{ "inroad2:a:1:", JOINSTRING_VERSION },
		{ "inroad10:a:1:", JOINSTRING_VERSION },
		{ "inroad1:", JOINSTRING_LENGTH },
		{ "inroad1:relay.example.net", JOINSTRING_LENGTH },
		{ "inroad1:relay.example.net:7000:", JOINSTRING_LENGTH },
		{ "inroad1:relay.example.net:7000:A", JOINSTRING_LENGTH },
		{ "inroad1:relay.example.net:7000:AAAAAAAA",
		    JOINSTRING_GARBLED },
		{ "inroad1:::::::::::::", JOINSTRING_GARBLED },
	};
	struct joinstring_error error;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(refuse(rows[i].text, &error), rows[i].result);
	}
}
END_TEST

START_TEST(too_long_is_refused)
{
	struct joinstring_error error;
	char *text = malloc(100000);

	memset(text, 'a', 100000);
	memcpy(text, "inroad1:", 8);
	text[99999] = '\0';
	ck_assert_int_eq(refuse(text, &error), JOINSTRING_LENGTH);
	ck_assert_uint_eq(error.length, 99999);
	text[JOINSTRING_MAX - 1] = '\0';
	ck_assert_int_ne(refuse(text, &error), JOINSTRING_OK);
	free(text);
}
END_TEST

/* Type a string that is as right as a typist can make it. */
static void
type(char *out, const char *relays, const uint8_t *body, size_t len)
{
	ck_assert_uint_gt(jointype(out, JOINSTRING_MAX, relays, body, len), 0);
}

/* A body as a gateway has it: role, relay key, user, name, no token, no key. */
#define BODY_LEN 45
static const uint8_t body_template[BODY_LEN + 1] =
    "\1RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR\5alice\3lap\0\0";

/* Type the template with value at index; returns what comes of it. */
static enum joinstring_result
with_byte(size_t index, uint8_t value)
{
	struct membership membership;
	struct joinstring_error error;
	char text[JOINSTRING_MAX];
	uint8_t body[BODY_LEN];

	memcpy(body, body_template, BODY_LEN);
	body[index] = value;
	type(text, "relay:7000:", body, BODY_LEN);
	return joinstring_decode(&membership, text, &error);
}

START_TEST(bodies_are_read_strictly)
{
	ck_assert_int_eq(with_byte(0, 1), JOINSTRING_OK);
	ck_assert_int_eq(with_byte(0, 0), JOINSTRING_INVALID);
	ck_assert_int_eq(with_byte(0, 2), JOINSTRING_INVALID);
	ck_assert_int_eq(with_byte(0, 3), JOINSTRING_INVALID);
	ck_assert_int_eq(with_byte(33, 64), JOINSTRING_INVALID);
	ck_assert_int_eq(with_byte(34, 'A'), JOINSTRING_INVALID);
	ck_assert_int_eq(with_byte(34, 0), JOINSTRING_INVALID);
	ck_assert_int_eq(with_byte(40, '-'), JOINSTRING_INVALID);
	ck_assert_int_eq(with_byte(43, 31), JOINSTRING_INVALID);
	ck_assert_int_eq(with_byte(43, 32), JOINSTRING_INVALID);
	ck_assert_int_eq(with_byte(44, 1), JOINSTRING_INVALID);
	ck_assert_int_eq(with_byte(44, 3), JOINSTRING_INVALID);
}
END_TEST

START_TEST(bodies_are_whole)
{
	struct joinstring_error error;
	char text[JOINSTRING_MAX];
	uint8_t body[BODY_LEN + 300] = { 0 };

	memcpy(body, body_template, BODY_LEN);
	for (size_t len = 0; len < sizeof(body); len++) {
		if (len != BODY_LEN) {
			type(text, "relay:7000:", body, len);
			ck_assert_int_eq(
			    refuse(text, &error), JOINSTRING_INVALID);
		}
	}
}
END_TEST

START_TEST(relays_are_judged)
{
	static const struct {
		const char *relays;
		enum joinstring_result result;
	} rows[] = {
		{ "a:1:", JOINSTRING_OK },
		{ "a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1:", JOINSTRING_OK },
		{ "a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1:", JOINSTRING_INVALID },
		{ "___1_:7000:", JOINSTRING_OK },
		{ "_1_:7000:", JOINSTRING_INVALID },
		{ "__:7000:", JOINSTRING_INVALID },
		{ "_:7000:", JOINSTRING_INVALID },
		{ "a_b:7000:", JOINSTRING_INVALID },
		{ "a:0:", JOINSTRING_INVALID },
		{ "a:65536:", JOINSTRING_INVALID },
		{ "10.1:7000:", JOINSTRING_INVALID },
	};
	struct membership membership;
	struct joinstring_error error;
	char text[JOINSTRING_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		type(text, rows[i].relays, body_template, BODY_LEN);
		ck_assert_int_eq(joinstring_decode(&membership, text, &error),
		    rows[i].result);
	}
}
END_TEST

START_TEST(sentences_differ)
{
	struct joinstring_error error = { 31, 100, 120, "has a flaw" };
	char sentence[JOINSTRING_INVALID + 2][JOINSTRING_EXPLAIN_LEN];

	for (unsigned i = 0; i < JOINSTRING_INVALID + 2; i++) {
		enum joinstring_result result = i <= JOINSTRING_INVALID
						    ? (enum joinstring_result)i
						    : JOINSTRING_LENGTH;

		error.expected = i <= JOINSTRING_INVALID ? 120 : 0;
		joinstring_explain(result, &error, sentence[i]);
		for (unsigned j = 0; j < i; j++) {
			ck_assert_str_ne(sentence[i], sentence[j]);
		}
	}
	error.expected = 90;
	joinstring_explain(JOINSTRING_LENGTH, &error, sentence[0]);
	ck_assert_str_ne(sentence[0], sentence[JOINSTRING_LENGTH]);
}
END_TEST

/* --- vectors ------------------------------------------------------------ */

static void
take_item(struct membership *membership, const char *name, const char *value)
{
	unsigned number = (unsigned)strtoul(value, NULL, 10);

	if (strcmp(name, "relays") == 0) {
		ck_assert_int_eq(
		    membership_add_relay(membership, value, strlen(value)), 0);
	} else if (strcmp(name, "relay_public") == 0) {
		vectors_exactly(value, membership->relay_public, KEYS_LEN);
	} else if (strcmp(name, "role") == 0) {
		membership->role =
		    number == 1 ? LINKHELLO_GATEWAY : LINKHELLO_AGENT;
	} else if (strcmp(name, "user") == 0) {
		memcpy(membership->user, value, strlen(value) + 1);
	} else if (strcmp(name, "name") == 0) {
		memcpy(membership->name, value, strlen(value) + 1);
	} else if (strcmp(name, "token") == 0 && value[0] != '\0') {
		membership->has_token = true;
		vectors_exactly(value, membership->token, LINKHELLO_TOKEN_LEN);
	} else if (strcmp(name, "kind") == 0) {
		membership->key_kind = (enum membership_key)number;
	} else if (strcmp(name, "epoch") == 0) {
		membership->epoch = number;
	} else if (strcmp(name, "key") == 0 && value[0] != '\0') {
		vectors_exactly(value, membership->key, KEYS_LEN);
	}
}

START_TEST(agrees_with_vectors)
{
	struct vectors *file = vectors_open_own("joinstring.json");
	struct membership membership = { 0 };
	struct membership back;
	struct vectors_item item;
	struct joinstring_error error;
	char text[JOINSTRING_MAX];
	unsigned count = 0;

	while (vectors_next(file, &item)) {
		if (item.begin) {
			memset(&membership, 0, sizeof(membership));
			continue;
		}
		take_item(&membership, item.name, item.value);
		if (strcmp(item.name, "string") == 0) {
			ck_assert_uint_gt(
			    joinstring_encode(&membership, text), 0);
			ck_assert_str_eq(text, item.value);
			ck_assert_int_eq(
			    joinstring_decode(&back, item.value, &error),
			    JOINSTRING_OK);
			check_same(&back, &membership);
			count++;
		}
	}
	vectors_close(file);
	ck_assert_uint_eq(count, 4);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("joinstring");
	TCase *tcase = tcase_create("joinstring");

	if (sodium_init() < 0) {
		return 99;
	}
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, agrees_with_vectors);
	tcase_add_test(tcase, string_and_back);
	tcase_add_test(tcase, only_valid_memberships_become_strings);
	tcase_add_test(tcase, every_typo_is_placed);
	tcase_add_test(tcase, every_truncation_is_noticed);
	tcase_add_test(tcase, lost_and_doubled_characters_change_the_length);
	tcase_add_test(tcase, two_typos_are_noticed);
	tcase_add_test(tcase, what_is_none_is_said);
	tcase_add_test(tcase, too_long_is_refused);
	tcase_add_test(tcase, bodies_are_read_strictly);
	tcase_add_test(tcase, bodies_are_whole);
	tcase_add_test(tcase, relays_are_judged);
	tcase_add_test(tcase, sentences_differ);
	return unit_main(suite);
}
