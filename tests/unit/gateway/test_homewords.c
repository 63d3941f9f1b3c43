/* SPDX-License-Identifier: ISC */

#include "gateway/homewords.h"

#include "tests/support/unit.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

struct sample {
	uint64_t number;
	const char *words;
};

static const struct sample times[] = {
	{ 0, "0 s" },
	{ 119, "119 s" },
	{ 120, "2 min" },
	{ 7199, "119 min" },
	{ 7200, "2 h" },
	{ 172799, "47 h" },
	{ 172800, "2 days" },
	{ UINT64_MAX, "213503982334601 days" },
};

START_TEST(time_in_words)
{
	char out[HOMEWORDS_LEN];

	ck_assert_str_eq(
	    homewords_time(times[_i].number, out), times[_i].words);
}
END_TEST

static const struct sample sizes[] = {
	{ 0, "0 B" },
	{ 999, "999 B" },
	{ 1000, "1.0 kB" },
	{ 9949, "9.9 kB" },
	{ 9950, "10 kB" },
	{ 999499, "999 kB" },
	{ 999500, "1.0 MB" },
	{ 1234567890, "1.2 GB" },
	{ UINT64_MAX, "18 EB" },
};

START_TEST(size_in_words)
{
	char out[HOMEWORDS_LEN];

	ck_assert_str_eq(
	    homewords_size(sizes[_i].number, out), sizes[_i].words);
}
END_TEST

static const struct sample rtts[] = {
	{ 0, "0 µs" },
	{ 34000, "34 µs" },
	{ 999499, "999 µs" },
	{ 999500, "1.0 ms" },
	{ 99900000, "99.9 ms" },
	{ 99960000, "100 ms" },
	{ 1234000000, "1234 ms" },
};

START_TEST(rtt_in_words)
{
	char out[HOMEWORDS_LEN];

	ck_assert_str_eq(homewords_rtt(rtts[_i].number, out), rtts[_i].words);
}
END_TEST

static const struct sample dates[] = {
	{ 0, "1970-01-01T00:00:00Z" },
	{ 1800000000, "2027-01-15T08:00:00Z" },
	{ INT64_MAX, "" },
};

START_TEST(date_in_words)
{
	char out[HOMEWORDS_LEN];

	ck_assert_str_eq(
	    homewords_date(dates[_i].number, out), dates[_i].words);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gateway/homewords");
	TCase *tcase = tcase_create("homewords");

	tcase_add_loop_test(tcase, time_in_words, 0, COUNT(times));
	tcase_add_loop_test(tcase, size_in_words, 0, COUNT(sizes));
	tcase_add_loop_test(tcase, rtt_in_words, 0, COUNT(rtts));
	tcase_add_loop_test(tcase, date_in_words, 0, COUNT(dates));
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
