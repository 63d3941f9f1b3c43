/* SPDX-License-Identifier: ISC */
#include "gateway/detect.h"

#include <string.h>

#include "tests/support/unit.h"

START_TEST(first_bytes_of_clients)
{
	ck_assert_int_eq(detect_first(0x05), DETECT_SOCKS5);
	ck_assert_int_eq(detect_first(0x04), DETECT_SOCKS4);
	ck_assert_int_eq(detect_first('C'), DETECT_HTTP);
	ck_assert_int_eq(detect_first('g'), DETECT_HTTP);
}
END_TEST

START_TEST(every_other_byte_is_none)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz";
	unsigned found = 0;

	for (unsigned c = 0; c < 256; c++) {
		enum detect_protocol got = detect_first((uint8_t)c);

		if (c != 0 && strchr(letters, (int)c) != NULL) {
			ck_assert_int_eq(got, DETECT_HTTP);
			found++;
		} else if (c != 0x04 && c != 0x05) {
			ck_assert_int_eq(got, DETECT_NONE);
		}
	}
	ck_assert_uint_eq(found, 52);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("detect");
	TCase *tcase = tcase_create("detect");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, first_bytes_of_clients);
	tcase_add_test(tcase, every_other_byte_is_none);
	return unit_main(suite);
}
