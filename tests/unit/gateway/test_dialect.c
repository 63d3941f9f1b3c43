/* SPDX-License-Identifier: ISC */

#include "gateway/dialect.h"

#include <string.h>

#include "tests/support/unit.h"

START_TEST(each_has_a_word_of_its_own)
{
	for (unsigned i = 0; i < DIALECTS; i++) {
		const char *name = dialect_name((enum dialect)i);

		ck_assert_ptr_nonnull(name);
		ck_assert_uint_gt(strlen(name), 0);
		ck_assert_uint_eq(
		    strspn(name, "abcdefghijklmnopqrstuvwxyz45"), strlen(name));
		for (unsigned j = 0; j < i; j++) {
			ck_assert_str_ne(name, dialect_name((enum dialect)j));
		}
	}
	ck_assert_str_eq(dialect_name(DIALECT_SOCKS5), "socks5");
	ck_assert_str_eq(dialect_name(DIALECT_LOCALHOST), "localhost");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gateway/dialect");
	TCase *tcase = tcase_create("dialect");

	tcase_add_test(tcase, each_has_a_word_of_its_own);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
