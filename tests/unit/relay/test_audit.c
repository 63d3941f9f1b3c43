/* SPDX-License-Identifier: ISC */

#include "relay/audit.h"

#include <stdio.h>

#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static void
add(struct audit *audit, uint64_t at)
{
	struct store_audit entry = { .at = at, .action = "user.add" };

	audit_add(audit, &entry);
}

START_TEST(the_last_entries_are_kept)
{
	struct audit *audit = audit_new(3);

	ck_assert_uint_eq(audit_count(audit), 0);
	for (uint64_t last = 1; last <= 10; last++) {
		uint64_t count = last < 3 ? last : 3;

		add(audit, last);
		ck_assert_uint_eq(audit_count(audit), count);
		for (uint64_t i = 0; i < count; i++) {
			ck_assert_uint_eq(
			    audit_at(audit, i)->at, last - count + 1 + i);
		}
	}
	audit_free(audit);
	audit_free(NULL);
}
END_TEST

START_TEST(what_did_not_happen_is_not_kept)
{
	struct store_audit nothing = { .at = 1 };
	struct audit *audit = audit_new(1);

	audit_add(audit, &nothing);
	ck_assert_uint_eq(audit_count(audit), 0);
	audit_free(audit);
}
END_TEST

START_TEST(no_memory_no_audit)
{
	failalloc_after(1);
	ck_assert_ptr_null(audit_new(1));
	failalloc_off();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("audit");
	TCase *tcase = tcase_create("audit");

	tcase_add_test(tcase, the_last_entries_are_kept);
	tcase_add_test(tcase, what_did_not_happen_is_not_kept);
	tcase_add_test(tcase, no_memory_no_audit);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
