/* SPDX-License-Identifier: ISC */

#include "gateway/sitejson.h"

#include <string.h>

#include "common/jsonout.h"
#include "common/meter.h"
#include "gateway/failures.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

#define SECOND UINT64_C(1000000000)

static struct failures *failures;
static struct meter *meter;

static void
setup(void)
{
	failures = failures_new();
	meter = meter_new();
	ck_assert_ptr_nonnull(failures);
	ck_assert_ptr_nonnull(meter);
}

static void
teardown(void)
{
	failures_free(failures);
	meter_free(meter);
}

static void
are(const char *expected)
{
	struct jsonout *json = jsonout_new(65536);

	sitejson_failures(failures, json);
	ck_assert_str_eq(jsonout_text(json, NULL), expected);
	jsonout_free(json);
}

START_TEST(no_failures)
{
	are("{\"schema\":1,\"failures\":[]}");
}
END_TEST

START_TEST(failures_newest_first)
{
	struct failure one = {
		.when = 1800000000,
		.dialect = DIALECT_SOCKS5,
		.code = CODE_HOST_OFFLINE,
		.target = "office:80",
		.text = "\"office\" is offline",
	};
	struct failure two = {
		.when = 1800000001,
		.dialect = DIALECT_HTTP,
		.code = CODE_BAD_REQUEST,
	};

	failures_add(failures, &one);
	failures_add(failures, &one);
	failures_add(failures, &two);
	are("{\"schema\":1,\"failures\":["
	    "{\"when\":1800000001,\"times\":1,\"dialect\":\"http\","
	    "\"target\":\"\",\"reason\":\"bad-request\",\"code\":602,"
	    "\"text\":\"\"},"
	    "{\"when\":1800000000,\"times\":2,\"dialect\":\"socks5\","
	    "\"target\":\"office:80\",\"reason\":\"host-offline\",\"code\":101,"
	    "\"text\":\"\\\"office\\\" is offline\"}]}");
}
END_TEST

static void
is(uint64_t from, uint64_t now, const char *expected)
{
	struct jsonout *json = jsonout_new(65536);

	sitejson_throughput(meter, from, now * SECOND, json);
	ck_assert_str_eq(jsonout_text(json, NULL), expected);
	jsonout_free(json);
}

START_TEST(seconds_that_are_over)
{
	meter_add(meter, 10, 20, 7000 * SECOND);
	meter_add(meter, 1, 2, 7001 * SECOND);
	meter_add(meter, 5, 5, 7003 * SECOND);
	is(7000, 7003,
	    "{\"schema\":1,\"next\":7003,\"sent\":[10,1,0],"
	    "\"received\":[20,2,0],\"total\":{\"sent\":16,\"received\":27}}");
	is(7003, 7003,
	    "{\"schema\":1,\"next\":7003,\"sent\":[],\"received\":[],"
	    "\"total\":{\"sent\":16,\"received\":27}}");
	/* Of a gateway before this one. */
	is(9000, 7003,
	    "{\"schema\":1,\"next\":7003,\"sent\":[],\"received\":[],"
	    "\"total\":{\"sent\":16,\"received\":27}}");
}
END_TEST

START_TEST(never_more_than_are_kept)
{
	struct jsonout *json = jsonout_new(65536);
	const char *at;
	size_t commas = 0;

	sitejson_throughput(meter, 0, 7000 * SECOND, json);
	for (at = strstr(jsonout_text(json, NULL), "\"sent\""); *at != ']';
	     at++) {
		commas += *at == ',';
	}
	ck_assert_uint_eq(commas, METER_SECONDS - 1);
	jsonout_free(json);
}
END_TEST

START_TEST(no_memory_is_told)
{
	struct jsonout *json = jsonout_new(65536);

	failalloc_forever_after(1);
	sitejson_throughput(meter, 0, 7000 * SECOND, json);
	ck_assert(failalloc_hit());
	failalloc_off();
	ck_assert_ptr_null(jsonout_text(json, NULL));
	jsonout_free(json);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gateway/sitejson");
	TCase *tcase = tcase_create("sitejson");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, no_failures);
	tcase_add_test(tcase, failures_newest_first);
	tcase_add_test(tcase, seconds_that_are_over);
	tcase_add_test(tcase, never_more_than_are_kept);
	tcase_add_test(tcase, no_memory_is_told);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
