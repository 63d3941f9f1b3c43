/* SPDX-License-Identifier: ISC */

#include "common/idmap.h"

#include <stdint.h>

#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

#define MANY 20000

static uint8_t values[MANY + 1];

START_TEST(empty_knows_nothing)
{
	struct idmap *map = idmap_new();

	ck_assert_ptr_null(idmap_get(map, 1));
	ck_assert_ptr_null(idmap_remove(map, 1));
	ck_assert_ptr_null(idmap_any(map));
	ck_assert_uint_eq(idmap_count(map), 0);
	ck_assert_int_eq(idmap_put(map, 0, values), -1);
	ck_assert_int_eq(idmap_put(map, 1, NULL), -1);
	idmap_free(map);
	idmap_free(NULL);
}
END_TEST

START_TEST(put_replaces)
{
	struct idmap *map = idmap_new();

	ck_assert_int_eq(idmap_put(map, 7, &values[1]), 0);
	ck_assert_int_eq(idmap_put(map, 7, &values[2]), 0);
	ck_assert_uint_eq(idmap_count(map), 1);
	ck_assert_ptr_eq(idmap_get(map, 7), &values[2]);
	ck_assert_ptr_eq(idmap_any(map), &values[2]);
	ck_assert_ptr_eq(idmap_remove(map, 7), &values[2]);
	ck_assert_ptr_null(idmap_get(map, 7));
	idmap_free(map);
}
END_TEST

/* Keys come and go in another order; what is left must always be found. */
START_TEST(survives_many)
{
	struct idmap *map = idmap_new();

	for (uint32_t k = 1; k <= MANY; k++) {
		ck_assert_int_eq(
		    idmap_put(map, k * 2654435761U, &values[k]), 0);
	}
	for (uint32_t k = 3; k <= MANY; k += 3) {
		ck_assert_ptr_eq(
		    idmap_remove(map, k * 2654435761U), &values[k]);
	}
	for (uint32_t k = 1; k <= MANY; k++) {
		void *want = k % 3 == 0 ? NULL : &values[k];

		ck_assert_ptr_eq(idmap_get(map, k * 2654435761U), want);
	}
	while (idmap_count(map) > 0) {
		uint8_t *any = idmap_any(map);
		uint32_t k = (uint32_t)(any - values);

		ck_assert_ptr_eq(idmap_remove(map, k * 2654435761U), any);
	}
	idmap_free(map);
}
END_TEST

static void
sum(uint32_t key, void *value, void *arg)
{
	uint64_t *total = arg;

	ck_assert_ptr_eq(value, &values[key]);
	*total += key;
}

START_TEST(each_visits_all)
{
	struct idmap *map = idmap_new();
	uint64_t total = 0;

	for (uint32_t k = 1; k <= 100; k++) {
		ck_assert_int_eq(idmap_put(map, k, &values[k]), 0);
	}
	idmap_each(map, sum, &total);
	ck_assert_uint_eq(total, 5050);
	idmap_free(map);
}
END_TEST

START_TEST(short_of_memory_changes_nothing)
{
	struct idmap *map;

	failalloc_after(1);
	map = idmap_new();
	failalloc_off();
	ck_assert_ptr_null(map);
	map = idmap_new();
	for (uint32_t k = 1; k <= 1000; k++) {
		failalloc_after(1);
		if (idmap_put(map, k, &values[k]) != 0) {
			ck_assert(failalloc_hit());
			failalloc_off();
			ck_assert_uint_eq(idmap_count(map), k - 1);
			ck_assert_int_eq(idmap_put(map, k, &values[k]), 0);
		}
		failalloc_off();
		ck_assert_ptr_eq(idmap_get(map, k), &values[k]);
		ck_assert_ptr_eq(idmap_get(map, 1), &values[1]);
	}
	idmap_free(map);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("idmap");
	TCase *tc = tcase_create("idmap");

	tcase_add_test(tc, empty_knows_nothing);
	tcase_add_test(tc, put_replaces);
	tcase_add_test(tc, survives_many);
	tcase_add_test(tc, each_visits_all);
	tcase_add_test(tc, short_of_memory_changes_nothing);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
