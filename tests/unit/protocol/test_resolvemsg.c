/* SPDX-License-Identifier: ISC */
#include "protocol/resolvemsg.h"

#include <string.h>

#include "tests/support/unit.h"

START_TEST(resolve_and_back)
{
	static const struct resolvemsg_resolve samples[] = {
		{ .request = 7, .name = "desk" },
		{ .request = UINT32_MAX, .name = "" },
		/* A gateway may have a name that no host has. */
		{ .request = 1, .name = "123" },
	};
	uint8_t wire[RESOLVEMSG_MAX];
	struct resolvemsg_resolve back;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		size_t len =
		    resolvemsg_resolve_encode(&samples[i], wire, sizeof(wire));

		ck_assert_uint_eq(len, 5 + strlen(samples[i].name));
		ck_assert_int_eq(
		    resolvemsg_resolve_decode(&back, wire, len), 0);
		ck_assert_mem_eq(&back, &samples[i], sizeof(back));
		for (size_t cut = 0; cut < len; cut++) {
			ck_assert_int_eq(
			    resolvemsg_resolve_decode(&back, wire, cut), -1);
			ck_assert_uint_eq(
			    resolvemsg_resolve_encode(&samples[i], wire, cut),
			    0);
		}
		(void)resolvemsg_resolve_encode(
		    &samples[i], wire, sizeof(wire));
		ck_assert_int_eq(
		    resolvemsg_resolve_decode(&back, wire, len + 1), -1);
	}
}
END_TEST

START_TEST(names_that_are_none)
{
	static const uint8_t upper[] = { 0, 0, 0, 1, 1, 'A' };
	static const uint8_t slash[] = { 0, 0, 0, 1, 3, 'a', '/', 'b' };
	struct resolvemsg_resolve back;

	ck_assert_int_eq(
	    resolvemsg_resolve_decode(&back, upper, sizeof(upper)), -1);
	ck_assert_int_eq(
	    resolvemsg_resolve_decode(&back, slash, sizeof(slash)), -1);
}
END_TEST

/* As many as there may be, with the longest text. */
START_TEST(resolved_and_back)
{
	static struct resolvemsg_resolved resolved;
	static struct resolvemsg_resolved back;
	uint8_t wire[RESOLVEMSG_MAX];
	size_t len;

	memset(&resolved, 0, sizeof(resolved));
	resolved.request = 9;
	resolved.code = CODE_LIMIT;
	resolved.count = RESOLVEMSG_GATEWAYS_MAX;
	memset(resolved.text, 'x', sizeof(resolved.text) - 1);
	for (size_t i = 0; i < resolved.count; i++) {
		struct resolvemsg_gateway *one = &resolved.list[i];

		memset(one->device, 'a', NAME_HOST_MAX);
		memset(one->key, (int)i, sizeof(one->key));
		one->online = i % 2 == 1;
	}
	len = resolvemsg_resolved_encode(&resolved, wire, sizeof(wire));
	ck_assert_uint_gt(len, RESOLVEMSG_GATEWAYS_MAX * 97);
	ck_assert_int_eq(resolvemsg_resolved_decode(&back, wire, len), 0);
	ck_assert_mem_eq(&back, &resolved, sizeof(back));
	for (size_t cut = 0; cut < len; cut++) {
		ck_assert_int_eq(
		    resolvemsg_resolved_decode(&back, wire, cut), -1);
	}
	/* Neither online nor not. */
	wire[len - 1] = 2;
	ck_assert_int_eq(resolvemsg_resolved_decode(&back, wire, len), -1);
	/* More than there may be. */
	wire[len - 1] = 1;
	wire[4 + 2 + LIMITS_TEXT_LEN]++;
	ck_assert_int_eq(
	    resolvemsg_resolved_decode(&back, wire, sizeof(wire)), -1);
}
END_TEST

START_TEST(resolved_to_nobody)
{
	const struct resolvemsg_resolved none = { .request = 3 };
	struct resolvemsg_resolved back;
	uint8_t wire[16];
	size_t len = resolvemsg_resolved_encode(&none, wire, sizeof(wire));

	/* What frames.def says is the least. */
	ck_assert_uint_eq(len, 8);
	ck_assert_int_eq(resolvemsg_resolved_decode(&back, wire, len), 0);
	ck_assert_uint_eq(back.count, 0);
	ck_assert_int_eq((int)back.code, (int)CODE_OK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("resolvemsg");
	TCase *all = tcase_create("all");

	tcase_add_test(all, resolve_and_back);
	tcase_add_test(all, names_that_are_none);
	tcase_add_test(all, resolved_and_back);
	tcase_add_test(all, resolved_to_nobody);
	suite_add_tcase(suite, all);
	return unit_main(suite);
}
