/* SPDX-License-Identifier: ISC */

#include "gateway/basic.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "tests/support/unit.h"

static struct basic basic;

/* Decode a copy, so that a byte read behind it is noticed. */
static int
decode(const char *value)
{
	size_t len = strlen(value);
	uint8_t *copy = mem_new(1, len);
	int result;

	memcpy(copy, value, len);
	memset(&basic, 0xaa, sizeof(basic));
	result = basic_decode(copy, len, &basic);
	mem_free(copy);
	return result;
}

static void
says(const char *value, const char *user, const char *password)
{
	ck_assert_int_eq(decode(value), 0);
	ck_assert_uint_eq(basic.user_len, strlen(user));
	ck_assert_uint_eq(basic.password_len, strlen(password));
	ck_assert_int_eq(memcmp(basic.text, user, basic.user_len), 0);
	ck_assert_int_eq(
	    memcmp(basic.password, password, basic.password_len), 0);
}

START_TEST(what_clients_send)
{
	/* RFC 7617 section 2. */
	says("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame");
	says("Basic dGVzdDoxMjPCow==", "test", "123\xc2\xa3");
	says("bASIC   QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame");
	says("Basic YTpiOmM=", "a", "b:c");
	says("Basic Og==", "", "");
	says("Basic YTo=", "a", "");
}
END_TEST

START_TEST(what_is_none)
{
	static const char *const wrong[] = {
		"",
		"Basic",
		"Basic ",
		"BasicYTpi",
		"Basi YTpi",
		"Bearer YTpi",
		"Basic YTpi=",
		"Basic YTp",
		"Basic YTp=",
		"Basic YT pi",
		"Basic YTpi ",
		"Basic YTpi, x",
		"Basic\tYTpi",
		"Basic YW5uYQ==", /* no colon */
		"Basic _-pi",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_msg(decode(wrong[i]) != 0, "%s", wrong[i]);
	}
}
END_TEST

/* Decode a name of n and a password of m bytes. */
static int
decode_sizes(size_t n, size_t m)
{
	uint8_t text[1024];
	char value[2048] = "Basic ";

	memset(text, 'x', sizeof(text));
	text[n] = ':';
	(void)sodium_bin2base64(value + 6, sizeof(value) - 6, text, n + 1 + m,
	    sodium_base64_VARIANT_ORIGINAL);
	return decode(value);
}

START_TEST(limits)
{
	ck_assert_int_eq(decode_sizes(255, 255), 0);
	ck_assert_uint_eq(basic.user_len, 255);
	ck_assert_uint_eq(basic.password_len, 255);
	ck_assert_int_eq(decode_sizes(256, 1), -1);
	ck_assert_int_eq(decode_sizes(1, 256), -1);
	ck_assert_int_eq(decode_sizes(255, 256), -1);
	ck_assert_int_eq(decode_sizes(400, 400), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("basic");
	TCase *tests = tcase_create("tests");

	tcase_add_test(tests, what_clients_send);
	tcase_add_test(tests, what_is_none);
	tcase_add_test(tests, limits);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
