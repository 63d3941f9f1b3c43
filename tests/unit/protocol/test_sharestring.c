/* SPDX-License-Identifier: ISC */
#include "protocol/sharestring.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/unit.h"

static struct share
make_share(void)
{
	struct share share = {
		.relay = "relay.example.net:7000",
		.owner = "alice",
		.host = "office",
		.epoch = 1,
		.caller = { .user = "bob",
		    .share = 42,
		    .expiry = 1800000000,
		    .rights = "ports=22" },
	};

	for (unsigned i = 0; i < KEYS_LEN; i++) {
		share.relay_public[i] = (uint8_t)(7 * i + 1);
		share.host_public[i] = (uint8_t)(31 * i + 2);
		share.psk[i] = (uint8_t)(77 * i + 3);
	}
	return share;
}

/* Decode text, which must be refused; what is said about it goes to why. */
static void
refuse(const char *text, char why[SHARESTRING_WHY_LEN])
{
	struct share share;

	why[0] = '\0';
	ck_assert_int_eq(sharestring_decode(&share, text, why), -1);
	ck_assert(sodium_is_zero((const uint8_t *)&share, sizeof(share)));
	ck_assert_uint_gt(strlen(why), 20);
}

START_TEST(string_and_back)
{
	struct share share = make_share();
	struct share back;
	char text[SHARESTRING_MAX];
	char line[SHARESTRING_MAX + 8];
	char why[SHARESTRING_WHY_LEN];
	size_t len = sharestring_encode(&share, text);

	ck_assert_uint_eq(len, strlen(text));
	ck_assert_int_eq(strncmp(text, SHARESTRING_PREFIX, 13), 0);
	/* Nothing that means something to a shell. */
	ck_assert_uint_eq(strspn(text + 13, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					    "abcdefghijklmnopqrstuvwxyz"
					    "0123456789-_"),
	    len - 13);
	(void)snprintf(line, sizeof(line), " \t%s\r\n", text);
	ck_assert_int_eq(sharestring_decode(&back, line, why), 0);
	ck_assert_mem_eq(&back, &share, sizeof(back));
}
END_TEST

START_TEST(longest_fits)
{
	struct share share = make_share();
	struct share back;
	char text[SHARESTRING_MAX];
	char why[SHARESTRING_WHY_LEN];

	memset(share.relay, 'a', sizeof(share.relay) - 1);
	for (size_t i = 63; i < 253; i += 64) {
		share.relay[i] = '.';
	}
	memcpy(share.relay + 253, ":65535", 7);
	memset(share.owner, 'o', sizeof(share.owner) - 1);
	memset(share.host, 'h', sizeof(share.host) - 1);
	memset(share.caller.user, 'u', sizeof(share.caller.user) - 1);
	memset(share.caller.rights, '1', KEYS_RIGHTS_MAX);
	memcpy(share.caller.rights, "ports=", 6);
	for (size_t i = 7; i < KEYS_RIGHTS_MAX; i += 2) {
		share.caller.rights[i] = ',';
	}
	ck_assert_uint_gt(sharestring_encode(&share, text), 1000);
	ck_assert_int_eq(sharestring_decode(&back, text, why), 0);
	ck_assert_mem_eq(&back, &share, sizeof(back));
}
END_TEST

/* One wrong character is found wherever it is. */
START_TEST(typo_is_named)
{
	struct share share = make_share();
	char text[SHARESTRING_MAX];
	char why[SHARESTRING_WHY_LEN];
	char want[64];
	size_t len = sharestring_encode(&share, text);

	for (size_t i = strlen(SHARESTRING_PREFIX); i < len; i++) {
		char was = text[i];

		text[i] = was == 'x' ? 'y' : 'x';
		refuse(text, why);
		(void)snprintf(want, sizeof(want), "character %zu of", i + 1);
		ck_assert_msg(strncmp(why, want, strlen(want)) == 0, "%s", why);
		text[i] = '!';
		refuse(text, why);
		ck_assert_msg(strncmp(why, want, strlen(want)) == 0, "%s", why);
		text[i] = was;
	}
}
END_TEST

START_TEST(cut_at_every_length)
{
	struct share share = make_share();
	char text[SHARESTRING_MAX];
	char why[SHARESTRING_WHY_LEN];
	size_t len = sharestring_encode(&share, text);

	for (size_t cut = 0; cut < len; cut++) {
		char was = text[cut];

		text[cut] = '\0';
		refuse(text, why);
		ck_assert(strstr(why, cut < strlen(SHARESTRING_PREFIX)
					  ? "not a share"
					  : "character") != NULL);
		text[cut] = was;
	}
	memcpy(text + len, "AA", 3);
	refuse(text, why);
	ck_assert(strstr(why, "or more") != NULL);
}
END_TEST

START_TEST(other_strings)
{
	char why[SHARESTRING_WHY_LEN];
	char text[2 * SHARESTRING_MAX];

	refuse("inroad1:relay:7000:abc", why);
	ck_assert(strstr(why, "not a share string") != NULL);
	refuse("inroadshare2:abc", why);
	ck_assert(strstr(why, "another version") != NULL);
	refuse("", why);
	memset(text, 'A', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, SHARESTRING_PREFIX, strlen(SHARESTRING_PREFIX));
	refuse(text, why);
	ck_assert(strstr(why, "too many") != NULL);
}
END_TEST

START_TEST(says_only_what_can_be)
{
	char text[SHARESTRING_MAX];
	struct share share = make_share();

	share.caller.share = 0;
	ck_assert_uint_eq(sharestring_encode(&share, text), 0);
	share = make_share();
	share.epoch = 0;
	ck_assert_uint_eq(sharestring_encode(&share, text), 0);
	share = make_share();
	memcpy(share.caller.user, "alice", 6);
	ck_assert_uint_eq(sharestring_encode(&share, text), 0);
	share = make_share();
	memcpy(share.caller.rights, "all", 4);
	ck_assert_uint_eq(sharestring_encode(&share, text), 0);
	share = make_share();
	share.relay[0] = '\0';
	ck_assert_uint_eq(sharestring_encode(&share, text), 0);
	ck_assert_str_eq(text, "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sharestring");
	TCase *all = tcase_create("all");

	tcase_add_test(all, string_and_back);
	tcase_add_test(all, longest_fits);
	tcase_add_test(all, typo_is_named);
	tcase_add_test(all, cut_at_every_length);
	tcase_add_test(all, other_strings);
	tcase_add_test(all, says_only_what_can_be);
	suite_add_tcase(suite, all);
	return unit_main(suite);
}
