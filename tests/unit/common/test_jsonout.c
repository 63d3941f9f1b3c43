/* SPDX-License-Identifier: ISC */

#include "common/jsonout.h"

#include <math.h>
#include <string.h>

#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static const char sample_text[] =
    "{\"version\":1,\"hosts\":[{\"name\":\"office\",\"rtt\":0.041,"
    "\"up\":true},{\"name\":null,\"up\":false}],\"none\":{},\"no\":[],"
    "\"bytes\":18446744073709551615,\"least\":-9223372036854775808,"
    "\"n\":[1,null,\"x\"]}";

static void
write_sample(struct jsonout *json)
{
	jsonout_object(json, NULL);
	jsonout_int(json, "version", 1);
	jsonout_array(json, "hosts");
	jsonout_object(json, NULL);
	jsonout_string(json, "name", "office");
	jsonout_double(json, "rtt", 0.041);
	jsonout_bool(json, "up", true);
	jsonout_end(json);
	jsonout_object(json, NULL);
	jsonout_string(json, "name", NULL);
	jsonout_bool(json, "up", false);
	jsonout_end(json);
	jsonout_end(json);
	jsonout_object(json, "none");
	jsonout_end(json);
	jsonout_array(json, "no");
	jsonout_end(json);
	jsonout_uint(json, "bytes", UINT64_MAX);
	jsonout_int(json, "least", INT64_MIN);
	jsonout_array(json, "n");
	jsonout_uint(json, NULL, 1);
	jsonout_null(json, NULL);
	jsonout_bytes(json, NULL, "xy", 1);
	jsonout_end(json);
	jsonout_end(json);
}

START_TEST(whole_document)
{
	struct jsonout *json = jsonout_new(1000);
	size_t len = 0;

	ck_assert_ptr_null(jsonout_text(json, &len));
	write_sample(json);
	ck_assert_str_eq(jsonout_text(json, &len), sample_text);
	ck_assert_uint_eq(len, strlen(sample_text));
	ck_assert_ptr_nonnull(jsonout_text(json, NULL));
	jsonout_free(json);
	jsonout_free(NULL);
}
END_TEST

START_TEST(every_smaller_limit_fails)
{
	for (size_t max = 0; max <= strlen(sample_text); max++) {
		struct jsonout *json = jsonout_new(max);

		write_sample(json);
		ck_assert_int_eq(jsonout_text(json, NULL) != NULL,
		    max == strlen(sample_text));
		jsonout_free(json);
	}
}
END_TEST

/* Check what one value as a whole document looks like. */
#define EXPECT(call, want)                                                     \
	do {                                                                   \
		struct jsonout *json = jsonout_new(100);                       \
                                                                               \
		call;                                                          \
		ck_assert_ptr_nonnull(jsonout_text(json, NULL));               \
		ck_assert_str_eq(jsonout_text(json, NULL), want);              \
		jsonout_free(json);                                            \
	} while (0)

START_TEST(numbers)
{
	EXPECT(jsonout_double(json, NULL, 0.1), "0.1");
	EXPECT(jsonout_double(json, NULL, 1.0 / 3), "0.33333333333333331");
	EXPECT(jsonout_double(json, NULL, -2), "-2");
	EXPECT(jsonout_double(json, NULL, 1e300), "1e+300");
	EXPECT(jsonout_double(json, NULL, (double)NAN), "null");
	EXPECT(jsonout_double(json, NULL, (double)INFINITY), "null");
	EXPECT(jsonout_uint(json, NULL, 0), "0");
}
END_TEST

START_TEST(strings)
{
	EXPECT(jsonout_string(json, NULL, ""), "\"\"");
	EXPECT(jsonout_string(json, NULL, "a\"b\\\n\x01\x7f/"),
	    "\"a\\\"b\\\\\\n\\u0001\\u007f/\"");
	EXPECT(
	    jsonout_string(json, NULL, "\xc3\xbc\xff"), "\"\xc3\xbc\\ufffd\"");
	EXPECT(jsonout_bytes(json, NULL, "a\0b", 3), "\"a\\u0000b\"");
	EXPECT(jsonout_bytes(json, NULL, NULL, 0), "\"\"");
}
END_TEST

/* Each of these is a mistake of the caller. */
static void
mistake(struct jsonout *json, int which)
{
	switch (which) {
	case 0: /* a key for the document */
		jsonout_int(json, "key", 1);
		break;
	case 1: /* a second document */
		jsonout_int(json, NULL, 1);
		jsonout_int(json, NULL, 1);
		break;
	case 2: /* no key in an object */
		jsonout_object(json, NULL);
		jsonout_int(json, NULL, 1);
		jsonout_end(json);
		break;
	case 3: /* a key in an array */
		jsonout_array(json, NULL);
		jsonout_int(json, "key", 1);
		jsonout_end(json);
		break;
	case 4: /* an end too many */
		jsonout_array(json, NULL);
		jsonout_end(json);
		jsonout_end(json);
		break;
	case 5: /* no end */
		jsonout_array(json, NULL);
		break;
	default: /* too deep */
		for (int i = 0; i <= JSON_DEPTH_MAX; i++) {
			jsonout_array(json, NULL);
		}
		for (int i = 0; i <= JSON_DEPTH_MAX; i++) {
			jsonout_end(json);
		}
		break;
	}
}

START_TEST(mistakes_are_seen)
{
	for (int which = 0; which <= 6; which++) {
		struct jsonout *json = jsonout_new(1000);

		mistake(json, which);
		ck_assert_ptr_null(jsonout_text(json, NULL));
		jsonout_free(json);
	}
}
END_TEST

START_TEST(deepest_is_allowed)
{
	struct jsonout *json = jsonout_new(1000);

	for (int i = 0; i < JSON_DEPTH_MAX; i++) {
		jsonout_array(json, NULL);
	}
	for (int i = 0; i < JSON_DEPTH_MAX; i++) {
		jsonout_end(json);
	}
	ck_assert_ptr_nonnull(jsonout_text(json, NULL));
	jsonout_free(json);
}
END_TEST

START_TEST(failure_is_seen)
{
	bool failed = true;

	for (long n = 1; failed; n++) {
		struct jsonout *json;

		failalloc_after(n);
		json = jsonout_new(1000);
		if (json != NULL) {
			write_sample(json);
		}
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(
		    json != NULL && jsonout_text(json, NULL) != NULL, !failed);
		jsonout_free(json);
	}
}
END_TEST

START_TEST(no_writer_is_a_bad_one)
{
	jsonout_object(NULL, NULL);
	jsonout_array(NULL, "a");
	jsonout_string(NULL, NULL, "x");
	jsonout_string(NULL, NULL, NULL);
	jsonout_bytes(NULL, NULL, "x", 1);
	jsonout_uint(NULL, NULL, 1);
	jsonout_int(NULL, NULL, 1);
	jsonout_double(NULL, NULL, 1.5);
	jsonout_bool(NULL, NULL, true);
	jsonout_null(NULL, NULL);
	jsonout_end(NULL);
	ck_assert_ptr_null(jsonout_text(NULL, NULL));
	jsonout_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("jsonout");
	TCase *tcase = tcase_create("json");

	tcase_add_test(tcase, no_writer_is_a_bad_one);
	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, whole_document);
	tcase_add_test(tcase, every_smaller_limit_fails);
	tcase_add_test(tcase, numbers);
	tcase_add_test(tcase, strings);
	tcase_add_test(tcase, mistakes_are_seen);
	tcase_add_test(tcase, deepest_is_allowed);
	tcase_add_test(tcase, failure_is_seen);
	return unit_main(suite);
}
