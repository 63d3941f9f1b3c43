/* SPDX-License-Identifier: ISC */

#include "relay/apiguard.h"

#include <string.h>

#include "tests/support/unit.h"

static uint8_t key[APIGUARD_KEY_LEN];
static char token[APIGUARD_TOKEN_LEN];

static void
setup(void)
{
	apiguard_make_key(key);
	apiguard_make_token(key, "alice", token);
}

/* What the page of the relay sends. */
static struct apiguard_request
from_page(void)
{
	return (struct apiguard_request){
		.changes = true,
		.host = "relay.internal",
		.origin = "http://relay.internal",
		.type = "application/json",
		.token = token,
	};
}

/* What a program sends. */
static struct apiguard_request
from_program(void)
{
	return (struct apiguard_request){
		.changes = true,
		.host = "relay",
		.type = "application/json",
		.client = "curl",
	};
}

static enum apiguard_verdict
judge_host(const char *host)
{
	const struct apiguard_request request = { .host = host };

	return apiguard_judge(&request, token);
}

START_TEST(only_names_of_the_relay_are_answered)
{
	static const char *const ours[] = { "relay", "relay.internal",
		"relay.localhost", "relay.localhost:1080", "relay:80",
		"RELAY.Internal", "relay.home-net:8080" };
	static const char *const others[] = { "", "relay.", "relay.example.com",
		"relay.internal.", "office", "office.internal", "relays",
		"xrelay", "relay.in_ternal", "127.0.0.1", "[::1]:1080",
		"relay:80:80", "relay:x", "relay.internal evil", "localhost",
		":80", ".internal" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		ck_assert_msg(
		    judge_host(ours[i]) == APIGUARD_GOOD, "%s", ours[i]);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		ck_assert_msg(
		    judge_host(others[i]) == APIGUARD_HOST, "%s", others[i]);
	}
	ck_assert_int_eq(judge_host(NULL), APIGUARD_HOST);
}
END_TEST

START_TEST(a_page_needs_its_origin_and_its_token)
{
	struct apiguard_request request = from_page();

	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_GOOD);
	request.token = NULL;
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_TOKEN);
	request.token = "";
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_TOKEN);
	/* What programs say does not help a page. */
	request.client = "curl";
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_TOKEN);
	request = from_page();
	request.host = "relay.localhost:1080";
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_ORIGIN);
	request.origin = "http://relay.localhost:1080";
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_GOOD);
	request.origin = "https://relay.localhost:1080";
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_GOOD);
}
END_TEST

START_TEST(no_other_page_changes_anything)
{
	static const char *const origins[] = { "", "null", "http://",
		"http://office.internal", "http://relay.internal.example.com",
		"http://relay.internal:81", "relay.internal",
		"http://evil@relay.internal", "file://",
		"ftp://relay.internal" };
	struct apiguard_request request = from_page();

	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		request.origin = origins[i];
		ck_assert_msg(
		    apiguard_judge(&request, token) == APIGUARD_ORIGIN, "%s",
		    origins[i]);
	}
	/* It may read what it is not shown. */
	request.changes = false;
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_GOOD);
}
END_TEST

START_TEST(no_form_changes_anything)
{
	static const char *const types[] = { "", "text/plain",
		"application/x-www-form-urlencoded", "multipart/form-data",
		"application/jsonp", "text/plain; application/json",
		"application" };
	struct apiguard_request request = from_page();

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		request.type = types[i];
		ck_assert_int_eq(
		    apiguard_judge(&request, token), APIGUARD_TYPE);
	}
	request.type = NULL;
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_TYPE);
	request.type = "Application/JSON; charset=utf-8";
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_GOOD);
}
END_TEST

START_TEST(a_program_says_that_it_is_one)
{
	struct apiguard_request request = from_program();

	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_GOOD);
	request.client = "";
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_ORIGIN);
	request.client = NULL;
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_ORIGIN);
	/* The token alone is not enough: a page without an origin has none. */
	request.token = token;
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_ORIGIN);
}
END_TEST

START_TEST(a_token_is_of_an_account_and_of_a_process)
{
	struct apiguard_request request = from_page();
	char other[APIGUARD_TOKEN_LEN];
	uint8_t later[APIGUARD_KEY_LEN];

	apiguard_make_token(key, "alice", other);
	ck_assert_str_eq(other, token);
	apiguard_make_token(key, "bob", other);
	request.token = other;
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_TOKEN);
	apiguard_make_key(later);
	apiguard_make_token(later, "alice", other);
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_TOKEN);
	/* A beginning of it is another one. */
	memcpy(other, token, sizeof(other));
	other[APIGUARD_TOKEN_LEN - 2] = '\0';
	ck_assert_int_eq(apiguard_judge(&request, token), APIGUARD_TOKEN);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("relay/apiguard");
	TCase *tcase = tcase_create("apiguard");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, only_names_of_the_relay_are_answered);
	tcase_add_test(tcase, a_page_needs_its_origin_and_its_token);
	tcase_add_test(tcase, no_other_page_changes_anything);
	tcase_add_test(tcase, no_form_changes_anything);
	tcase_add_test(tcase, a_program_says_that_it_is_one);
	tcase_add_test(tcase, a_token_is_of_an_account_and_of_a_process);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
