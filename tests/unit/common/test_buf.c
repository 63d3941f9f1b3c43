/* SPDX-License-Identifier: ISC */

#include "common/buf.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

/* Byte number i of the stream that the tests send through a queue. */
static uint8_t
pattern(size_t i)
{
	return (uint8_t)(i * 31 + (i >> 8));
}

/* Append n bytes of the pattern from number *sent on. */
static void
append_pattern(struct buf *buf, size_t *sent, size_t n)
{
	uint8_t bytes[512];

	for (size_t i = 0; i < n; i++) {
		bytes[i] = pattern(*sent + i);
	}
	ck_assert_int_eq(buf_append(buf, bytes, n), 0);
	*sent += n;
}

/* Take n bytes off buf and compare them with the pattern from *seen on. */
static void
consume_pattern(struct buf *buf, size_t *seen, size_t n)
{
	size_t len;
	const uint8_t *bytes = buf_peek(buf, &len);

	ck_assert_uint_ge(len, n);
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != pattern(*seen + i)) {
			ck_abort_msg("byte %zu differs", *seen + i);
		}
	}
	buf_consume(buf, n);
	*seen += n;
}

START_TEST(keeps_order_in_any_steps)
{
	static const size_t steps[] = { 1, 7, 64, 511, 512 };

	for (size_t in = 0; in < 5; in++) {
		for (size_t out = 0; out < 5; out++) {
			struct buf *buf = buf_new(1500);
			size_t sent = 0;
			size_t seen = 0;

			while (seen < 20000) {
				while (buf_room(buf) >= steps[in]) {
					append_pattern(buf, &sent, steps[in]);
				}
				while (buf_len(buf) >= steps[out]) {
					consume_pattern(buf, &seen, steps[out]);
				}
			}
			ck_assert_uint_eq(buf_len(buf), sent - seen);
			buf_free(buf);
		}
	}
}
END_TEST

START_TEST(full_is_refused_whole)
{
	struct buf *buf = buf_new(10);
	size_t len;

	ck_assert_int_eq(buf_append(buf, "01234567", 8), 0);
	ck_assert_uint_eq(buf_room(buf), 2);
	ck_assert_int_eq(buf_append(buf, "abc", 3), -1);
	ck_assert_uint_eq(buf_len(buf), 8);
	ck_assert_int_eq(buf_append(buf, "ab", 2), 0);
	ck_assert_int_eq(buf_append(buf, "", 0), 0);
	ck_assert_int_eq(buf_append(buf, "c", 1), -1);
	ck_assert_ptr_null(buf_reserve(buf, 1, &len));
	ck_assert_uint_eq(len, 0);
	ck_assert_mem_eq(buf_peek(buf, &len), "01234567ab", 10);
	buf_consume(buf, 10);
	ck_assert_ptr_null(buf_peek(buf, &len));
	ck_assert_uint_eq(len, 0);
	ck_assert_uint_eq(buf_room(buf), 10);
	buf_free(buf);
	buf_free(NULL);
}
END_TEST

START_TEST(no_limit_allows_nothing)
{
	struct buf *buf = buf_new(0);

	ck_assert_int_eq(buf_append(buf, "a", 1), -1);
	ck_assert_int_eq(buf_append(buf, NULL, 0), 0);
	buf_free(buf);
}
END_TEST

START_TEST(reserve_gives_what_the_limit_leaves)
{
	struct buf *buf = buf_new(100);
	uint8_t *space;
	size_t got;

	space = buf_reserve(buf, 60, &got);
	ck_assert_uint_eq(got, 60);
	memset(space, 'a', 60);
	buf_commit(buf, 50);
	ck_assert_uint_eq(buf_len(buf), 50);
	space = buf_reserve(buf, 60, &got);
	ck_assert_uint_eq(got, 50);
	memset(space, 'b', 50);
	ck_assert_uint_eq(buf_len(buf), 50);
	buf_commit(buf, 50);
	ck_assert_uint_eq(buf_len(buf), 100);
	ck_assert_ptr_null(buf_reserve(buf, SIZE_MAX, &got));
	ck_assert_mem_eq(buf_peek(buf, &got) + 48, "aabb", 4);
	buf_free(buf);
}
END_TEST

/* Return how many bytes the heap holds, as far as the allocator tells. */
static size_t
heap(void)
{
	return mallinfo2().uordblks + mallinfo2().hblkhd;
}

/* Return false under a sanitizer, whose allocator does not tell. */
static bool
heap_tells(void)
{
	size_t before = heap();
	void *p = malloc(100000);
	bool tells = heap() >= before + 100000;

	free(p);
	return tells;
}

START_TEST(idle_costs_no_memory)
{
	struct buf *buf = buf_new(1 << 20);
	size_t empty = heap();
	size_t got;

	(void)buf_reserve(buf, 1 << 16, &got);
	buf_commit(buf, 0);
	ck_assert_uint_eq(heap(), empty);

	memset(buf_reserve(buf, 1 << 20, &got), 0, 1 << 20);
	buf_commit(buf, got);
	ck_assert(!heap_tells() || heap() > empty + (1 << 19));
	/* One byte that is never taken must not hold a megabyte. */
	for (size_t left = got; left > 1; left = buf_len(buf)) {
		buf_consume(buf, left > 1000 ? 1000 : left - 1);
	}
	ck_assert_uint_lt(heap(), empty + 8192);
	buf_consume(buf, 1);
	ck_assert_uint_eq(heap(), empty);
	buf_free(buf);
}
END_TEST

START_TEST(small_steps_at_the_limit_are_cheap)
{
	enum {
		MAX = 1 << 20,
		ROUNDS = 200000
	};
	struct buf *buf = buf_new(MAX);
	uint8_t *space;
	size_t got;

	space = buf_reserve(buf, MAX, &got);
	ck_assert_uint_eq(got, MAX);
	memset(space, 0, got);
	buf_commit(buf, got);
	/* Moving the whole queue each time would copy 200 GB. */
	for (size_t i = 0; i < ROUNDS; i += unit_stride(20)) {
		buf_consume(buf, 100);
		space = buf_reserve(buf, 100, &got);
		ck_assert_uint_eq(got, 100);
		memset(space, (int)i, 100);
		buf_commit(buf, 100);
	}
	ck_assert_uint_eq(buf_len(buf), MAX);
	buf_free(buf);
}
END_TEST

START_TEST(failure_leaves_the_queue)
{
	struct buf *buf;
	uint8_t more[2000] = { 0 };
	size_t len;

	failalloc_after(1);
	ck_assert_ptr_null(buf_new(10));
	failalloc_off();

	buf = buf_new(10000);
	failalloc_forever_after(1);
	ck_assert_int_eq(buf_append(buf, "0123", 4), -1);
	failalloc_off();
	ck_assert_int_eq(buf_append(buf, "0123", 4), 0);
	failalloc_forever_after(1);
	ck_assert_int_eq(buf_append(buf, more, sizeof(more)), -1);
	buf_consume(buf, 1);
	ck_assert_int_eq(buf_append(buf, more, sizeof(more)), -1);
	failalloc_off();
	ck_assert_uint_eq(buf_len(buf), 3);
	ck_assert_mem_eq(buf_peek(buf, &len), "123", 3);

	/* Giving memory back may fail too. */
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(buf_append(buf, more, sizeof(more)), 0);
	}
	failalloc_forever_after(1);
	buf_consume(buf, 7003);
	ck_assert(failalloc_hit());
	failalloc_off();
	ck_assert_uint_eq(buf_len(buf), 1000);
	buf_free(buf);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("buf");
	TCase *tcase = tcase_create("buf");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, keeps_order_in_any_steps);
	tcase_add_test(tcase, full_is_refused_whole);
	tcase_add_test(tcase, no_limit_allows_nothing);
	tcase_add_test(tcase, reserve_gives_what_the_limit_leaves);
	tcase_add_test(tcase, idle_costs_no_memory);
	tcase_add_test(tcase, small_steps_at_the_limit_are_cheap);
	tcase_add_test(tcase, failure_leaves_the_queue);
	return unit_main(suite);
}
