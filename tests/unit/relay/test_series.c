/* SPDX-License-Identifier: ISC */

#include "relay/series.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/jsonout.h"
#include "relay/figures.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

#define MS UINT64_C(1000000)
#define SEC UINT64_C(1000000000)

/* The second in which all begins, the last one of a minute. */
#define START UINT64_C(1019)

static struct series *series;
static struct figures figures;
static struct jsonout *json;

static void
setup(void)
{
	figures =
	    (struct figures){ .at_ns = START * SEC + SEC / 2, .now = 5000 };
	series = series_new(&figures);
	ck_assert_ptr_nonnull(series);
}

static void
teardown(void)
{
	series_free(series);
	jsonout_free(json);
	json = NULL;
}

/* Feeds what figures say after so many seconds. */
static void
feed_after(uint64_t seconds)
{
	figures.at_ns += seconds * SEC;
	figures.now += seconds;
	series_feed(series, &figures);
}

static void
feed(void)
{
	feed_after(1);
}

/* Returns what is written of a ring. */
static const char *
text(enum series_ring ring, uint64_t since)
{
	const char *found;

	jsonout_free(json);
	json = jsonout_new(SERIES_TEXT_MAX);
	jsonout_object(json, NULL);
	series_write(series, ring, since, json);
	jsonout_end(json);
	found = jsonout_text(json, NULL);
	ck_assert_ptr_nonnull(found);
	return found;
}

static void
has(enum series_ring ring, const char *part)
{
	const char *found = text(ring, 0);

	ck_assert_msg(
	    strstr(found, part) != NULL, "no %s in %.1500s", part, found);
}

static void
seconds_have(const char *part)
{
	has(SERIES_BY_SECOND, part);
}

/* Returns how many points there are from since on. */
static unsigned
count(enum series_ring ring, uint64_t since)
{
	unsigned long long first;
	unsigned long long next;
	const char *found = text(ring, since);
	const bool more = strstr(found, "\"more\":true") != NULL;
	unsigned points = 1;
	const char *at;

	ck_assert_int_eq(
	    sscanf(found, "{\"step\":%*u,\"first\":%llu,\"next\":%llu,", &first,
		&next),
	    2);
	at = strstr(found, "\"up\":[");
	ck_assert_ptr_nonnull(at);
	for (at += 6; *at != ']'; at++) {
		points += *at == ',';
	}
	points = at[-1] == '[' ? 0 : points;
	ck_assert_uint_eq(points, next - first);
	ck_assert_uint_le(points, SERIES_WRITE_MAX);
	ck_assert(!more || points == SERIES_WRITE_MAX);
	return more ? points + count(ring, next) : points;
}

START_TEST(rings_have_names)
{
	enum series_ring ring;

	ck_assert_int_eq(series_parse_ring("1s", &ring), 0);
	ck_assert_int_eq(ring, SERIES_BY_SECOND);
	ck_assert_int_eq(series_parse_ring("1m", &ring), 0);
	ck_assert_int_eq(ring, SERIES_BY_MINUTE);
	ck_assert_int_eq(series_parse_ring("1h", &ring), -1);
	ck_assert_int_eq(series_parse_ring("", &ring), -1);
	ck_assert_int_eq(ring, SERIES_BY_MINUTE);
}
END_TEST

START_TEST(nothing_is_complete_at_first)
{
	seconds_have("{\"step\":1,\"first\":1019,\"next\":1019,\"more\":false,"
		     "\"time\":5000,"
		     "\"points\":{\"up\":[],\"down\":[],");
	seconds_have("\"memory\":[]},\"failures\":{}}");
	feed();
	feed();
	ck_assert_uint_eq(count(SERIES_BY_SECOND, 0), 2);
}
END_TEST

/* What was counted before the first feed is none of ours. */
START_TEST(counts_are_differences)
{
	figures.bytes[FIGURES_UP] = 1000;
	figures.bytes[FIGURES_DOWN] = 70;
	feed();
	figures.bytes[FIGURES_UP] = 1500;
	feed();
	feed();
	seconds_have(
	    "\"first\":1019,\"next\":1022,\"more\":false,\"time\":5003,");
	seconds_have("\"up\":[null,1000,500],\"down\":[null,70,0]");
}
END_TEST

START_TEST(states_are_as_fed)
{
	figures.channels = 7;
	figures.gateways = 3;
	figures.agents = 4;
	figures.queued = 65536;
	figures.memory = 5000000;
	figures.lag_ns = 2 * MS;
	feed();
	figures.channels = 2;
	figures.agents = 5;
	figures.memory = 0;
	figures.lag_ns = 500;
	feed();
	feed();
	seconds_have("\"channels\":[null,7,2],\"gateways\":[null,3,3],"
		     "\"agents\":[null,4,5],\"attaches\":[null,0,0]");
	seconds_have("\"lag\":[null,0.002,0],\"queued\":[null,65536,65536],"
		     "\"memory\":[null,5000000,null]}");
}
END_TEST

START_TEST(quantiles_are_of_each_point)
{
	for (int i = 0; i < 100; i++) {
		latency_add(&figures.attach, 20 * MS);
	}
	feed();
	latency_add(&figures.attach, 10 * SEC);
	feed();
	feed();
	feed();
	seconds_have(
	    "\"attaches\":[null,100,1,0],\"p50\":[null,0.0175,9,null]");
}
END_TEST

START_TEST(failures_have_their_slugs)
{
	figures.refused[FIGURES_LOGIN][CODES_INDEX_DENIED] = 2;
	figures.refused[FIGURES_ATTACH][CODES_INDEX_DENIED] = 3;
	feed();
	figures.refused[FIGURES_ATTACH][CODES_INDEX_HOST_OFFLINE] = 1;
	feed();
	feed();
	seconds_have("\"failures\":{\"host-offline\":[null,0,1],"
		     "\"denied\":[null,5,0]}}");
	/* Those of points that are not asked for are left out. */
	ck_assert_ptr_null(strstr(text(SERIES_BY_SECOND, START + 2), "denied"));
}
END_TEST

START_TEST(what_was_not_fed_is_a_gap)
{
	feed();
	figures.bytes[FIGURES_UP] = 9;
	feed_after(3);
	feed();
	seconds_have("\"up\":[null,0,null,null,9]");
	seconds_have("\"channels\":[null,0,null,null,0]");
}
END_TEST

START_TEST(a_reader_goes_on_where_it_was)
{
	for (int i = 0; i < 10; i++) {
		figures.bytes[FIGURES_UP] += 5;
		feed();
	}
	ck_assert_uint_eq(count(SERIES_BY_SECOND, START + 8), 2);
	ck_assert_uint_eq(count(SERIES_BY_SECOND, START + 10), 0);
	/* A number of another clock gives what follows it, nothing. */
	ck_assert_uint_eq(count(SERIES_BY_SECOND, UINT64_MAX), 0);
}
END_TEST

START_TEST(the_oldest_is_forgotten)
{
	for (unsigned i = 0; i < 2 * SERIES_SECONDS; i++) {
		figures.bytes[FIGURES_UP] += i;
		feed();
	}
	ck_assert_uint_eq(count(SERIES_BY_SECOND, 0), SERIES_SECONDS);
	seconds_have("\"up\":[599,600,601,");
	ck_assert_ptr_nonnull(
	    strstr(text(SERIES_BY_SECOND, START + 2 * SERIES_SECONDS - 100),
		",1197,1198],\"down\""));
}
END_TEST

START_TEST(a_long_sleep_leaves_gaps_alone)
{
	figures.bytes[FIGURES_UP] = 123454321;
	feed();
	feed_after(100 * SERIES_MINUTES * 60);
	feed();
	ck_assert_uint_eq(count(SERIES_BY_SECOND, 0), SERIES_SECONDS);
	ck_assert_uint_eq(count(SERIES_BY_MINUTE, 0), SERIES_MINUTES);
	ck_assert_ptr_null(strstr(text(SERIES_BY_SECOND, 0), "123454321"));
	ck_assert_ptr_null(strstr(text(SERIES_BY_MINUTE, 0), "123454321"));
}
END_TEST

/* The first minute has but its last second. */
START_TEST(minutes_sum_up)
{
	for (int i = 0; i < 60; i++) {
		figures.bytes[FIGURES_DOWN] += 10;
		figures.refused[FIGURES_LOGIN][CODES_INDEX_LIMIT]++;
		figures.channels = i == 30 ? 50 : 2;
		figures.agents = (uint32_t)i;
		figures.lag_ns = i == 40 ? 30 * MS : MS;
		latency_add(&figures.attach, i < 30 ? MS : SEC);
		feed();
	}
	feed();
	has(SERIES_BY_MINUTE, "{\"step\":60,\"first\":16,\"next\":18,"
			      "\"more\":false,\"time\":5061,");
	has(SERIES_BY_MINUTE, "\"down\":[null,600],\"channels\":[null,50]");
	has(SERIES_BY_MINUTE, "\"agents\":[null,59],\"attaches\":[null,60]");
	has(SERIES_BY_MINUTE, "\"p50\":[null,0.001],");
	has(SERIES_BY_MINUTE, "\"lag\":[null,0.03]");
	has(SERIES_BY_MINUTE, "\"failures\":{\"limit\":[null,60]}");
}
END_TEST

START_TEST(a_day_is_kept)
{
	for (unsigned i = 0; i < (SERIES_MINUTES + 10) * 60; i++) {
		feed();
	}
	ck_assert_uint_eq(count(SERIES_BY_MINUTE, 0), SERIES_MINUTES);
}
END_TEST

/* Everything in it as long as it can be. */
START_TEST(the_text_fits)
{
	for (unsigned i = 0; i < SERIES_SECONDS + 2; i++) {
		for (unsigned c = 0; c < CODES_COUNT; c++) {
			figures.refused[FIGURES_LOGIN][c] += UINT32_MAX / 2;
		}
		figures.bytes[FIGURES_UP] += UINT64_C(123456789012);
		figures.bytes[FIGURES_DOWN] += UINT64_C(123456789012);
		figures.queued = figures.memory = UINT64_C(123456789012);
		figures.channels = figures.gateways = UINT32_MAX;
		figures.agents = UINT32_MAX;
		figures.lag_ns = 1234567 * UINT64_C(1000);
		latency_add(&figures.attach, 1234567);
		feed();
	}
	ck_assert_uint_eq(count(SERIES_BY_SECOND, 0), SERIES_SECONDS);
}
END_TEST

START_TEST(no_memory_no_series)
{
	failalloc_after(1);
	ck_assert_ptr_null(series_new(&figures));
	ck_assert(failalloc_hit());
	failalloc_off();
	series_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("relay/series");
	TCase *tcase = tcase_create("series");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, rings_have_names);
	tcase_add_test(tcase, nothing_is_complete_at_first);
	tcase_add_test(tcase, counts_are_differences);
	tcase_add_test(tcase, states_are_as_fed);
	tcase_add_test(tcase, quantiles_are_of_each_point);
	tcase_add_test(tcase, failures_have_their_slugs);
	tcase_add_test(tcase, what_was_not_fed_is_a_gap);
	tcase_add_test(tcase, a_reader_goes_on_where_it_was);
	tcase_add_test(tcase, the_oldest_is_forgotten);
	tcase_add_test(tcase, a_long_sleep_leaves_gaps_alone);
	tcase_add_test(tcase, minutes_sum_up);
	tcase_add_test(tcase, a_day_is_kept);
	tcase_add_test(tcase, the_text_fits);
	tcase_add_test(tcase, no_memory_no_series);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
