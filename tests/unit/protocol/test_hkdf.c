/* SPDX-License-Identifier: ISC */
#include "protocol/hkdf.h"

#include <sodium.h>
#include <string.h>

#include "tests/support/unit.h"
#include "tests/support/vectors.h"

START_TEST(hmac_agrees_with_vectors)
{
	struct vectors *file = vectors_open_own("hmac.json");
	struct vectors_item item;
	uint8_t key[128];
	uint8_t data[256];
	uint8_t mac[HKDF_LEN];
	uint8_t out[HKDF_LEN];
	size_t key_len = 0;
	size_t data_len = 0;
	unsigned count = 0;

	while (vectors_next(file, &item)) {
		if (item.begin) {
			continue;
		}
		if (strcmp(item.name, "key") == 0) {
			key_len = vectors_bytes(item.value, key, sizeof(key));
		} else if (strcmp(item.name, "data") == 0) {
			data_len =
			    vectors_bytes(item.value, data, sizeof(data));
		} else {
			vectors_exactly(item.value, mac, sizeof(mac));
			hkdf_hmac(key, key_len, data, data_len, out);
			ck_assert_mem_eq(out, mac, sizeof(mac));
			count++;
		}
	}
	vectors_close(file);
	ck_assert_uint_eq(count, 6);
}
END_TEST

/* RFC 5869: extract, then expand with no info; outputs are chained. */
START_TEST(derivation_is_extract_and_expand)
{
	uint8_t chain[HKDF_LEN] = { 1 };
	uint8_t input[32] = { 2 };
	uint8_t secret[HKDF_LEN];
	uint8_t block[HKDF_LEN + 1];
	uint8_t want[3][HKDF_LEN];
	uint8_t out[3][HKDF_LEN];

	hkdf_hmac(chain, sizeof(chain), input, sizeof(input), secret);
	block[0] = 1;
	hkdf_hmac(secret, sizeof(secret), block, 1, want[0]);
	for (unsigned i = 1; i < 3; i++) {
		memcpy(block, want[i - 1], HKDF_LEN);
		block[HKDF_LEN] = (uint8_t)(i + 1);
		hkdf_hmac(
		    secret, sizeof(secret), block, sizeof(block), want[i]);
	}
	hkdf_derive(chain, input, sizeof(input), 3, out);
	ck_assert_mem_eq(out, want, sizeof(want));
	memset(out, 0, sizeof(out));
	hkdf_derive(chain, input, sizeof(input), 2, out);
	ck_assert_mem_eq(out, want, 2 * sizeof(want[0]));
	ck_assert(sodium_is_zero(out[2], HKDF_LEN));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hkdf");
	TCase *tcase = tcase_create("hkdf");

	if (sodium_init() < 0) {
		return 99;
	}
	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, hmac_agrees_with_vectors);
	tcase_add_test(tcase, derivation_is_extract_and_expand);
	return unit_main(suite);
}
