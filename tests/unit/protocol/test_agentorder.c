/* SPDX-License-Identifier: ISC */
#include "protocol/agentorder.h"

#include <string.h>

#include "tests/support/unit.h"

static const struct agentorder sample = {
	.verb = AGENTORDER_REVOKE,
	.share = 0x0102030405060708,
	.expiry = 9,
};

START_TEST(order_and_back)
{
	static const uint8_t want[] = { 0, 17, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0,
		0, 0, 0, 0, 0, 9 };
	uint8_t wire[AGENTORDER_MAX];
	struct agentorder back;
	size_t used = 99;
	size_t len = agentorder_encode(&sample, wire);

	ck_assert_uint_eq(len, sizeof(want));
	ck_assert_mem_eq(wire, want, len);
	for (size_t cut = 0; cut < len; cut++) {
		ck_assert_int_eq(
		    agentorder_decode(&back, wire, cut, &used), WIRE_NEED_MORE);
		ck_assert_uint_eq(used, 99);
	}
	/* What comes behind it is the next one's. */
	ck_assert_int_eq(
	    agentorder_decode(&back, wire, len + 7, &used), WIRE_OK);
	ck_assert_uint_eq(used, len);
	ck_assert_int_eq(back.verb, AGENTORDER_REVOKE);
	ck_assert_uint_eq(back.share, sample.share);
	ck_assert_uint_eq(back.expiry, 9);
}
END_TEST

START_TEST(orders_that_are_none)
{
	static const struct {
		uint8_t bytes[AGENTORDER_MAX];
		size_t len;
		enum wire_result result;
	} cases[] = {
		{ { 0, 0 }, 2, WIRE_BAD },
		{ { 0, 255, 1 }, 3, WIRE_BAD },
		{ { 1, 0, 1 }, 3, WIRE_BAD },
		{ { 0, 254, 1 }, 3, WIRE_NEED_MORE },
		/* Too short, too long, and of no share. */
		{ { 0, 16, 1, [9] = 1 }, 18, WIRE_BAD },
		{ { 0, 18, 1, [9] = 1 }, 20, WIRE_BAD },
		{ { 0, 17, 1 }, 19, WIRE_BAD },
		/* Of a later version. */
		{ { 0, 3, 7, 8, 9 }, 5, WIRE_OK },
	};
	struct agentorder back;
	size_t used;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(agentorder_decode(&back, cases[i].bytes,
				     cases[i].len, &used),
		    cases[i].result);
		if (cases[i].result == WIRE_OK) {
			ck_assert_int_eq(back.verb, AGENTORDER_UNKNOWN);
			ck_assert_uint_eq(used, 5);
		}
	}
}
END_TEST

START_TEST(answer_and_back)
{
	struct agentorder_answer answer = { .code = CODE_OVERLOADED };
	struct agentorder_answer back;
	uint8_t wire[AGENTORDER_ANSWER_MAX];
	size_t used = 0;
	size_t len;

	memset(answer.text, 'x', sizeof(answer.text) - 1);
	len = agentorder_encode_answer(&answer, wire);
	ck_assert_uint_eq(len, 2 + 2 + 1 + 255);
	for (size_t cut = 0; cut < len; cut++) {
		ck_assert_int_eq(
		    agentorder_decode_answer(&back, wire, cut, &used),
		    WIRE_NEED_MORE);
	}
	ck_assert_int_eq(
	    agentorder_decode_answer(&back, wire, len, &used), WIRE_OK);
	ck_assert_uint_eq(used, len);
	ck_assert_int_eq(back.code, CODE_OVERLOADED);
	ck_assert_str_eq(back.text, answer.text);
	wire[4]--;
	ck_assert_int_eq(
	    agentorder_decode_answer(&back, wire, len, &used), WIRE_BAD);
	wire[1] = 2;
	ck_assert_int_eq(
	    agentorder_decode_answer(&back, wire, len, &used), WIRE_BAD);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("agentorder");
	TCase *all = tcase_create("all");

	tcase_add_test(all, order_and_back);
	tcase_add_test(all, orders_that_are_none);
	tcase_add_test(all, answer_and_back);
	suite_add_tcase(suite, all);
	return unit_main(suite);
}
