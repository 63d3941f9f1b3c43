/* SPDX-License-Identifier: ISC */

#include "common/promout.h"

#include <math.h>
#include <string.h>

#include "common/buf.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static struct buf *out;
static struct promout metrics;

static void
setup(void)
{
	out = buf_new(4096);
	ck_assert_ptr_nonnull(out);
	promout_begin(&metrics, out);
}

static void
teardown(void)
{
	buf_free(out);
}

/* All is well, and this is what was written. */
static void
is(const char *expected)
{
	size_t len;
	const uint8_t *text;

	ck_assert_int_eq(promout_end(&metrics), 0);
	ck_assert_int_eq(buf_append(out, "", 1), 0);
	text = buf_peek(out, &len);
	ck_assert_str_eq((const char *)text, expected);
	ck_assert_uint_eq(len, strlen(expected) + 1);
}

START_TEST(nothing_is_nothing)
{
	is("");
}
END_TEST

START_TEST(families_and_samples)
{
	promout_family(&metrics, "a_clients", PROMOUT_GAUGE, "Open now.");
	promout_uint(&metrics, NULL, 3);
	promout_family(&metrics, "a_bytes_total", PROMOUT_COUNTER, "Ever.");
	promout_uint(&metrics, PROMOUT_LABELS("direction", "sent"), UINT64_MAX);
	promout_uint(&metrics,
	    PROMOUT_LABELS("direction", "received", "host", "office"), 0);
	is("# HELP a_clients Open now.\n"
	   "# TYPE a_clients gauge\n"
	   "a_clients 3\n"
	   "# HELP a_bytes_total Ever.\n"
	   "# TYPE a_bytes_total counter\n"
	   "a_bytes_total{direction=\"sent\"} 18446744073709551615\n"
	   "a_bytes_total{direction=\"received\",host=\"office\"} 0\n");
}
END_TEST

START_TEST(labels_are_escaped)
{
	promout_family(&metrics, "x", PROMOUT_GAUGE, "h");
	promout_uint(&metrics, PROMOUT_LABELS("l", "a\\b\"c\nd\xc3\xa4"), 1);
	is("# HELP x h\n# TYPE x gauge\n"
	   "x{l=\"a\\\\b\\\"c\\nd\xc3\xa4\"} 1\n");
}
END_TEST

START_TEST(numbers)
{
	promout_family(&metrics, "x", PROMOUT_GAUGE, "h");
	promout_double(&metrics, NULL, 0);
	promout_double(&metrics, NULL, 0.0245);
	promout_double(&metrics, NULL, -2.5e-9);
	promout_double(&metrics, NULL, 123456789.25);
	promout_double(&metrics, NULL, (double)INFINITY);
	promout_double(&metrics, NULL, -(double)INFINITY);
	promout_double(&metrics, NULL, (double)NAN);
	is("# HELP x h\n# TYPE x gauge\nx 0\nx 0.0245\nx -2.5e-09\n"
	   "x 123456789.25\nx +Inf\nx -Inf\nx NaN\n");
}
END_TEST

START_TEST(histograms)
{
	const double bounds[] = { 0.001, 0.25, 10 };
	const uint64_t counts[] = { 1, 0, 2, 4 };

	promout_family(&metrics, "x_seconds", PROMOUT_HISTOGRAM, "h");
	promout_histogram(
	    &metrics, &(struct promout_histogram){ bounds, counts, 3, 61.5 });
	is("# HELP x_seconds h\n# TYPE x_seconds histogram\n"
	   "x_seconds_bucket{le=\"0.001\"} 1\n"
	   "x_seconds_bucket{le=\"0.25\"} 1\n"
	   "x_seconds_bucket{le=\"10\"} 3\n"
	   "x_seconds_bucket{le=\"+Inf\"} 7\n"
	   "x_seconds_sum 61.5\n"
	   "x_seconds_count 7\n");
}
END_TEST

/* Write something; returns what promout_end() says. */
static int
write_some(struct buf *buf)
{
	promout_begin(&metrics, buf);
	promout_family(&metrics, "x", PROMOUT_GAUGE, "h");
	promout_uint(&metrics, PROMOUT_LABELS("l", "v"), 1);
	return promout_end(&metrics);
}

START_TEST(too_little_room_is_told)
{
	struct buf *enough;
	size_t len;

	ck_assert_int_eq(write_some(out), 0);
	len = buf_len(out);
	for (size_t room = 0; room < len; room++) {
		struct buf *small = buf_new(room);

		ck_assert_int_eq(write_some(small), -1);
		buf_free(small);
	}
	enough = buf_new(len);
	ck_assert_int_eq(write_some(enough), 0);
	buf_free(enough);
}
END_TEST

START_TEST(no_memory_is_told)
{
	failalloc_after(1);
	ck_assert_int_eq(write_some(out), -1);
	ck_assert(failalloc_hit());
	failalloc_off();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("common/promout");
	TCase *tcase = tcase_create("promout");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, nothing_is_nothing);
	tcase_add_test(tcase, families_and_samples);
	tcase_add_test(tcase, labels_are_escaped);
	tcase_add_test(tcase, numbers);
	tcase_add_test(tcase, histograms);
	tcase_add_test(tcase, too_little_room_is_told);
	tcase_add_test(tcase, no_memory_is_told);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
