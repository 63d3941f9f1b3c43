/* SPDX-License-Identifier: ISC */

#include "gateway/httpchar.h"

#include <string.h>

#include "tests/support/unit.h"

START_TEST(classes)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (unsigned i = 0; i < 256; i++) {
		uint8_t c = (uint8_t)i;

		ck_assert_int_eq(httpchar_is_token(c),
		    memchr(token, (int)i, sizeof(token) - 1) != NULL);
		ck_assert_int_eq(httpchar_is_value(c),
		    i == 9 || (i >= 32 && i <= 126) || i >= 128);
		ck_assert_int_eq(httpchar_is_blank(c), i == 9 || i == 32);
		ck_assert_int_eq(httpchar_is_digit(c), i >= 48 && i <= 57);
	}
}
END_TEST

START_TEST(hexadecimal)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++) {
		ck_assert_int_eq(httpchar_hex((uint8_t)digits[i]), i);
	}
	ck_assert_int_eq(httpchar_hex('A'), 10);
	ck_assert_int_eq(httpchar_hex('F'), 15);
	ck_assert_int_eq(httpchar_hex('g'), -1);
	ck_assert_int_eq(httpchar_hex('G'), -1);
	ck_assert_int_eq(httpchar_hex(0), -1);
	ck_assert_int_eq(httpchar_hex('/'), -1);
	ck_assert_int_eq(httpchar_hex(':'), -1);
}
END_TEST

START_TEST(case_is_ascii)
{
	ck_assert(httpchar_is((const uint8_t *)"CHUNKED", 7, "chunked"));
	ck_assert(httpchar_is((const uint8_t *)"", 0, ""));
	ck_assert(!httpchar_is((const uint8_t *)"chunke", 6, "chunked"));
	ck_assert(!httpchar_is((const uint8_t *)"chunkedd", 8, "chunked"));
	/* Only letters have case: these differ by the same bit. */
	ck_assert(!httpchar_is((const uint8_t *)"@[\xc0", 3, "`{\xe0"));
	/* The Kelvin sign is a K to some libraries. */
	ck_assert(!httpchar_is((const uint8_t *)"\xe2\x84\xaa", 3, "k"));
}
END_TEST

static const struct {
	const char *list;
	const char *joined;
} lists[] = {
	{ "", "" },
	{ " ,\t, ", "" },
	{ "a", "a|" },
	{ "a,b", "a|b|" },
	{ " a b ,, \tc\t,", "a b|c|" },
	{ ",a", "a|" },
};

START_TEST(elements_of_lists)
{
	const uint8_t *list = (const uint8_t *)lists[_i].list;
	char joined[64] = "";
	size_t used = 0;
	size_t at = 0;
	size_t len;
	const uint8_t *element;

	for (;;) {
		element =
		    httpchar_next(list, strlen(lists[_i].list), &at, &len);
		if (element == NULL) {
			break;
		}
		memcpy(joined + used, element, len);
		used += len;
		joined[used] = '|';
		used++;
	}
	ck_assert_str_eq(joined, lists[_i].joined);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("httpchar");
	TCase *tcase = tcase_create("httpchar");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, classes);
	tcase_add_test(tcase, hexadecimal);
	tcase_add_test(tcase, case_is_ascii);
	tcase_add_loop_test(tcase, elements_of_lists, 0,
	    (int)(sizeof(lists) / sizeof(lists[0])));
	return unit_main(suite);
}
