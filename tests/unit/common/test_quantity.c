/* SPDX-License-Identifier: ISC */

#include "common/quantity.h"

#include "tests/support/unit.h"

typedef int parser(const char *text, uint64_t *out);

static const struct {
	parser *parse;
	const char *text;
	uint64_t value;
} right[] = {
	{ quantity_number, "0", 0 },
	{ quantity_number, "007", 7 },
	{ quantity_number, "18446744073709551615", UINT64_MAX },
	{ quantity_size, "0", 0 },
	{ quantity_size, "65536", 65536 },
	{ quantity_size, "64KiB", 65536 },
	{ quantity_size, "8MiB", 8 << 20 },
	{ quantity_size, "200GiB", UINT64_C(200) << 30 },
	{ quantity_size, "1TiB", UINT64_C(1) << 40 },
	{ quantity_size, "16777215TiB", UINT64_C(16777215) << 40 },
	{ quantity_size, "5B", 5 },
	{ quantity_size, "64kB", 64000 },
	{ quantity_size, "2TB", UINT64_C(2000000000000) },
	{ quantity_rate, "50Mbit", 50000000 },
	{ quantity_rate, "1Gbit/s", 1000000000 },
	{ quantity_rate, "9kbit", 9000 },
	{ quantity_rate, "1bit", 1 },
	{ quantity_rate, "1.5Mbit", 1500000 },
	{ quantity_rate, "1.5MB", 12000000 },
	{ quantity_rate, "200KiB/s", 1638400 },
	{ quantity_rate, "2B", 16 },
	{ quantity_size, "1.5GiB", UINT64_C(3) << 29 },
	{ quantity_size, "0.25MB", 250000 },
	{ quantity_size, "0.3KiB", 307 },
	{ quantity_duration, "0", 0 },
	{ quantity_duration, "500ms", 500000000 },
	{ quantity_duration, "120s", UINT64_C(120000000000) },
	{ quantity_duration, "5m", UINT64_C(300000000000) },
	{ quantity_duration, "2h", UINT64_C(7200000000000) },
	{ quantity_duration, "7d", UINT64_C(604800000000000) },
};

static const struct {
	parser *parse;
	const char *text;
} wrong[] = {
	{ quantity_number, "" },
	{ quantity_number, "-1" },
	{ quantity_number, "+1" },
	{ quantity_number, " 1" },
	{ quantity_number, "1 " },
	{ quantity_number, "1k" },
	{ quantity_number, "0x10" },
	{ quantity_number, "1.5" },
	{ quantity_number, "18446744073709551616" },
	{ quantity_number, "99999999999999999999" },
	{ quantity_size, "" },
	{ quantity_size, "KiB" },
	{ quantity_size, "64K" },
	{ quantity_size, "64mib" },
	{ quantity_size, "64 MiB" },
	{ quantity_size, "64MiBx" },
	{ quantity_size, "16777216TiB" },
	{ quantity_size, "50Mbit" },
	{ quantity_rate, "50" },
	{ quantity_rate, "50M" },
	{ quantity_rate, "50Mb" },
	{ quantity_rate, "/s" },
	{ quantity_rate, "5/s" },
	{ quantity_rate, "5bit/s/s" },
	{ quantity_rate, "1.5bit" },
	{ quantity_rate, "1.Mbit" },
	{ quantity_rate, ".5Mbit" },
	{ quantity_rate, "1.5.5Mbit" },
	{ quantity_rate, "1,5Mbit" },
	{ quantity_rate, "2305843009213693952B" },
	{ quantity_size, "1.5" },
	{ quantity_size, "1.5B" },
	{ quantity_size, "1.MiB" },
	{ quantity_size, "16777215.9999999TiBx" },
	{ quantity_size, "1.0000001MiB" },
	{ quantity_rate, "50mbit" },
	{ quantity_rate, "18446744073710Mbit" },
	{ quantity_duration, "120" },
	{ quantity_duration, "5min" },
	{ quantity_duration, "1.5s" },
	{ quantity_duration, "213504d" },
};

START_TEST(parsed)
{
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		uint64_t value = 12345;

		if (right[i].parse(right[i].text, &value) != 0 ||
		    value != right[i].value) {
			ck_abort_msg("wrong value: %s", right[i].text);
		}
	}
}
END_TEST

START_TEST(refused)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint64_t value = 12345;

		if (wrong[i].parse(wrong[i].text, &value) != -1 ||
		    value != 12345) {
			ck_abort_msg("accepted: %s", wrong[i].text);
		}
	}
}
END_TEST

START_TEST(formatted)
{
	static const struct {
		char *(*format)(uint64_t value, char out[QUANTITY_LEN]);
		uint64_t value;
		const char *text;
	} rows[] = {
		{ quantity_format_size, 0, "0 B" },
		{ quantity_format_size, 1023, "1023 B" },
		{ quantity_format_size, 1024, "1 KiB" },
		{ quantity_format_size, 1536, "1.5 KiB" },
		{ quantity_format_size, 1048575, "1023.9 KiB" },
		{ quantity_format_size, UINT64_C(200) << 30, "200 GiB" },
		{ quantity_format_size, UINT64_MAX, "16383.9 PiB" },
		{ quantity_format_rate, 999, "999 bit/s" },
		{ quantity_format_rate, 50000000, "50 Mbit/s" },
		{ quantity_format_rate, 1250000, "1.2 Mbit/s" },
		{ quantity_format_duration, 0, "0 ms" },
		{ quantity_format_duration, 41999999, "41 ms" },
		{ quantity_format_duration, 1000000000, "1 s" },
		{ quantity_format_duration, UINT64_C(59999999999), "59 s" },
		{ quantity_format_duration, UINT64_C(60000000000), "1 m" },
		{ quantity_format_duration, UINT64_C(61000000000), "1 m 1 s" },
		{ quantity_format_duration, UINT64_C(7860000000000),
		    "2 h 11 m" },
		{ quantity_format_duration, UINT64_C(604800000000000), "7 d" },
		{ quantity_format_duration, UINT64_MAX, "213503 d 23 h" },
	};
	char out[QUANTITY_LEN];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_str_eq(
		    rows[i].format(rows[i].value, out), rows[i].text);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("quantity");
	TCase *tcase = tcase_create("quantity");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, parsed);
	tcase_add_test(tcase, refused);
	tcase_add_test(tcase, formatted);
	return unit_main(suite);
}
