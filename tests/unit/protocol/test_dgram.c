/* SPDX-License-Identifier: ISC */

#include "protocol/dgram.h"

#include <string.h>

#include "tests/support/unit.h"

static const struct dgram_address samples[] = {
	{ .form = DGRAM_TARGET },
	{ .form = DGRAM_INET, .port = 53, .bytes = { 127, 0, 0, 1 } },
	{ .form = DGRAM_NAME, .port = 9100, .name = "printer" },
	{ .form = DGRAM_NAME, .port = 1, .name = "" },
	{ .form = DGRAM_INET6, .port = 65535, .bytes = { 0xfd, 1, [15] = 9 } },
};
static const size_t head_lens[] = { 1, 7, 11, 4, 19 };

#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

START_TEST(comes_back)
{
	const struct dgram_address *sample = &samples[_i];
	uint8_t wire[64];
	struct dgram_address back;
	const uint8_t *data;
	size_t len;
	size_t head = dgram_encode_head(sample, wire, sizeof(wire));

	ck_assert_uint_eq(head, head_lens[_i]);
	memcpy(wire + head, "body", 4);
	ck_assert_int_eq(dgram_decode(&back, &data, &len, wire, head + 4), 0);
	ck_assert(dgram_address_equal(sample, &back));
	ck_assert_uint_eq(len, 4);
	ck_assert_mem_eq(data, "body", 4);
	/* An empty datagram is one, too; half an address is none. */
	ck_assert_int_eq(dgram_decode(&back, &data, &len, wire, head), 0);
	ck_assert_uint_eq(len, 0);
	for (size_t cut = 0; cut < head; cut++) {
		ck_assert_int_eq(
		    dgram_decode(&back, &data, &len, wire, cut), -1);
		ck_assert_uint_eq(dgram_encode_head(sample, wire, cut), 0);
	}
}
END_TEST

START_TEST(wire_is_as_written)
{
	static const uint8_t want[] = { 3, 7, 'p', 'r', 'i', 'n', 't', 'e', 'r',
		0x23, 0x8c };
	uint8_t wire[64];

	ck_assert_uint_eq(
	    dgram_encode_head(&samples[2], wire, sizeof(wire)), sizeof(want));
	ck_assert_mem_eq(wire, want, sizeof(want));
}
END_TEST

START_TEST(equal_is_the_same_form)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		for (size_t k = 0; k < SAMPLES; k++) {
			ck_assert_int_eq(
			    dgram_address_equal(&samples[i], &samples[k]),
			    i == k);
		}
	}
	for (size_t i = 1; i < SAMPLES; i++) {
		struct dgram_address other = samples[i];

		other.port--;
		ck_assert(!dgram_address_equal(&samples[i], &other));
		other = samples[i];
		other.bytes[0]++;
		other.name[0]++;
		ck_assert(!dgram_address_equal(&samples[i], &other));
	}
}
END_TEST

START_TEST(wrong_ones_are_refused)
{
	static uint8_t wire[DGRAM_HEAD_MAX + LIMITS_DGRAM_MAX + 1] = { 3, 255 };
	struct dgram_address back;
	const uint8_t *data;
	size_t len;
	uint8_t no_port[] = { 1, 127, 0, 0, 1, 0, 0 };
	uint8_t nul[] = { 3, 2, 'a', 0, 0, 53 };

	/* The longest of all fits, one byte more does not. */
	memset(wire + 2, 'a', 255);
	wire[258] = 53;
	ck_assert_int_eq(
	    dgram_decode(&back, &data, &len, wire, sizeof(wire) - 1), 0);
	ck_assert_uint_eq(len, LIMITS_DGRAM_MAX);
	ck_assert_int_eq(
	    dgram_decode(&back, &data, &len, wire, sizeof(wire)), -1);
	ck_assert_int_eq(
	    dgram_decode(&back, &data, &len, no_port, sizeof(no_port)), -1);
	ck_assert_int_eq(
	    dgram_decode(&back, &data, &len, nul, sizeof(nul)), -1);
	for (unsigned form = 0; form < 256; form++) {
		bool known = form < 5 && form != 2;

		wire[0] = (uint8_t)form;
		ck_assert_int_eq(
		    dgram_decode(&back, &data, &len, wire, 1000) == 0, known);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dgram");
	TCase *tc = tcase_create("dgram");

	tcase_add_loop_test(tc, comes_back, 0, (int)SAMPLES);
	tcase_add_test(tc, wire_is_as_written);
	tcase_add_test(tc, equal_is_the_same_form);
	tcase_add_test(tc, wrong_ones_are_refused);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
