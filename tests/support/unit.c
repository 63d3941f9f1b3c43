/* SPDX-License-Identifier: ISC */

#include "tests/support/unit.h"

#include <stdlib.h>

int
unit_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}

size_t
unit_stride(size_t n)
{
	return getenv("UNDER_VALGRIND") != NULL ? n : 1;
}
