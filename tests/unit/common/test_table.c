/* SPDX-License-Identifier: ISC */

#include "common/table.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/list.h"
#include "common/mem.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

#define MANY 5000

struct thing {
	struct table_node node;
	uint64_t number;
	char name[16];
	int seen;
};

static struct table_key
key_of(const struct table_node *node)
{
	const struct thing *thing = (const struct thing *)(const void *)node;

	return (struct table_key){ thing->number, thing->name,
		strlen(thing->name) };
}

static struct thing *
find(const struct table *table, uint64_t number, const char *name)
{
	struct table_key key = { number, name, strlen(name) };
	struct table_node *node = table_find(table, &key);

	return node == NULL ? NULL : list_entry(node, struct thing, node);
}

static void
name_thing(struct thing *thing, uint64_t number, int i)
{
	thing->number = number;
	snprintf(thing->name, sizeof(thing->name), "thing %d", i);
}

static void
see(struct table_node *node, void *arg)
{
	list_entry(node, struct thing, node)->seen++;
	(*(int *)arg)++;
}

static void
take_out(struct table_node *node, void *arg)
{
	table_remove(arg, node);
	memset(node, 0xff, sizeof(*node));
}

START_TEST(finds_what_is_in)
{
	struct table *table = table_new(key_of);
	struct thing *things = mem_new(MANY, sizeof(*things));
	int seen = 0;

	for (int i = 0; i < MANY; i++) {
		name_thing(&things[i], (uint64_t)i % 3, i);
		ck_assert_ptr_null(
		    find(table, things[i].number, things[i].name));
		table_insert(table, &things[i].node);
	}
	ck_assert_uint_eq(table_count(table), MANY);
	table_each(table, see, &seen);
	ck_assert_int_eq(seen, MANY);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(things[i].seen, 1);
		ck_assert_ptr_eq(
		    find(table, things[i].number, things[i].name), &things[i]);
		ck_assert_ptr_null(
		    find(table, things[i].number + 1, things[i].name));
	}
	for (int i = 0; i < MANY; i += 2) {
		table_remove(table, &things[i].node);
	}
	for (int i = 0; i < MANY; i++) {
		ck_assert_ptr_eq(find(table, things[i].number, things[i].name),
		    i % 2 == 0 ? NULL : &things[i]);
	}
	table_each(table, take_out, table);
	ck_assert_uint_eq(table_count(table), 0);
	mem_free(things);
	table_free(table);
	table_free(NULL);
}
END_TEST

START_TEST(a_key_may_have_no_bytes)
{
	struct table *table = table_new(key_of);
	struct table_key key = { 7, NULL, 0 };
	struct thing thing = { .number = 7 };

	ck_assert_ptr_null(table_find(table, &key));
	table_insert(table, &thing.node);
	ck_assert_ptr_eq(table_find(table, &key), &thing.node);
	table_free(table);
}
END_TEST

/* Also after the table has grown over it. */
START_TEST(the_last_of_equal_keys_is_found)
{
	struct table *table = table_new(key_of);
	struct thing equal[3];
	struct thing other[100];

	memset(equal, 0, sizeof(equal));
	for (int i = 0; i < 3; i++) {
		name_thing(&equal[i], 1, 0);
		table_insert(table, &equal[i].node);
		ck_assert_ptr_eq(find(table, 1, "thing 0"), &equal[i]);
	}
	for (int i = 0; i < 100; i++) {
		name_thing(&other[i], 2, i);
		table_insert(table, &other[i].node);
		ck_assert_ptr_eq(find(table, 1, "thing 0"), &equal[2]);
	}
	table_remove(table, &equal[2].node);
	ck_assert_ptr_eq(find(table, 1, "thing 0"), &equal[1]);
	table_free(table);
}
END_TEST

/* Up and down again, looking at every member after every change. */
START_TEST(nothing_is_lost_while_it_moves)
{
	enum {
		SOME = 300
	};
	struct table *table = table_new(key_of);
	struct thing *things = mem_new(SOME, sizeof(*things));

	for (int change = 1; change < 2 * SOME; change++) {
		int in = change <= SOME ? change : 2 * SOME - change;
		int seen = 0;

		if (change <= SOME) {
			name_thing(&things[in - 1], 0, in - 1);
			table_insert(table, &things[in - 1].node);
		} else {
			table_remove(table, &things[in].node);
		}
		table_each(table, see, &seen);
		ck_assert_int_eq(seen, in);
		for (int i = 0; i < SOME; i++) {
			char name[16];

			snprintf(name, sizeof(name), "thing %d", i);
			ck_assert_ptr_eq(
			    find(table, 0, name), i < in ? &things[i] : NULL);
		}
	}
	table_remove(table, &things[0].node);
	ck_assert_uint_eq(table_count(table), 0);
	mem_free(things);
	table_free(table);
}
END_TEST

/* Fill table and free it all again in one table_each(). */
START_TEST(visiting_may_empty_a_table_that_moves)
{
	for (int many = 1; many < 200; many++) {
		struct table *table = table_new(key_of);
		struct thing *things = mem_new(200, sizeof(*things));

		for (int i = 0; i < many; i++) {
			name_thing(&things[i], 0, i);
			table_insert(table, &things[i].node);
		}
		table_each(table, take_out, table);
		ck_assert_uint_eq(table_count(table), 0);
		name_thing(&things[0], 0, 0);
		table_insert(table, &things[0].node);
		ck_assert_ptr_eq(find(table, 0, "thing 0"), &things[0]);
		mem_free(things);
		table_free(table);
	}
}
END_TEST

START_TEST(works_without_memory_to_grow)
{
	struct table *table = table_new(key_of);
	struct thing *things = mem_new(MANY, sizeof(*things));

	failalloc_forever_after(1);
	for (int i = 0; i < 500; i++) {
		name_thing(&things[i], 0, i);
		table_insert(table, &things[i].node);
	}
	ck_assert(failalloc_hit());
	failalloc_off();
	for (int i = 0; i < 500; i++) {
		ck_assert_ptr_eq(find(table, 0, things[i].name), &things[i]);
	}
	mem_free(things);
	table_free(table);
}
END_TEST

START_TEST(no_memory_no_table)
{
	for (long n = 1;; n++) {
		struct table *table;

		failalloc_after(n);
		table = table_new(key_of);
		failalloc_off();
		if (!failalloc_hit()) {
			ck_assert_ptr_nonnull(table);
			table_free(table);
			break;
		}
		ck_assert_ptr_null(table);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("table");
	TCase *tcase = tcase_create("table");

	if (sodium_init() < 0) {
		return 1;
	}
	tcase_add_test(tcase, finds_what_is_in);
	tcase_add_test(tcase, a_key_may_have_no_bytes);
	tcase_add_test(tcase, the_last_of_equal_keys_is_found);
	tcase_add_test(tcase, nothing_is_lost_while_it_moves);
	tcase_add_test(tcase, visiting_may_empty_a_table_that_moves);
	tcase_add_test(tcase, works_without_memory_to_grow);
	tcase_add_test(tcase, no_memory_no_table);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
