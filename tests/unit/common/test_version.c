/* SPDX-License-Identifier: ISC */

#include "common/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/unit.h"

START_TEST(names_every_library)
{
	static const struct version_library more[] = { { "other", "9.8" } };
	static const char *const heads[] = { "program " PACKAGE_VERSION "\n",
		"protocol 7\n", "libev ", "libsodium ", "c-ares ",
		"libconfuse ", "other 9.8\n" };
	FILE *file = tmpfile();
	int saved = dup(STDOUT_FILENO);
	char line[128];

	ck_assert_ptr_nonnull(file);
	fflush(stdout);
	ck_assert_int_ge(dup2(fileno(file), STDOUT_FILENO), 0);
	version_print("program", 7, more, 1);
	fflush(stdout);
	ck_assert_int_ge(dup2(saved, STDOUT_FILENO), 0);
	close(saved);
	rewind(file);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
		ck_assert_ptr_eq(strstr(line, heads[i]), line);
		/* A name alone would say nothing. */
		ck_assert_ptr_nonnull(strpbrk(line, "0123456789"));
	}
	ck_assert_ptr_null(fgets(line, sizeof(line), file));
	fclose(file);
	ck_assert_str_eq(version_string(), PACKAGE_VERSION);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("version");
	TCase *tcase = tcase_create("version");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, names_every_library);
	return unit_main(suite);
}
