/* SPDX-License-Identifier: ISC */
#include "protocol/sharemsg.h"

#include <string.h>

#include "tests/support/unit.h"

static const struct sharemsg_share sample = {
	.request = 7,
	.verb = SHAREMSG_SHARE,
	.host = "office",
	.user = "bob@example.net",
	.share = UINT64_C(0xfedcba9876543210),
	.expiry = 1800000000,
	.rights = "ports=22;services=web",
	.rate = 1250000,
};

START_TEST(share_and_back)
{
	uint8_t wire[SHAREMSG_MAX];
	struct sharemsg_share back;
	size_t len = sharemsg_share_encode(&sample, wire, sizeof(wire));

	ck_assert_uint_gt(len, 24);
	ck_assert_int_eq(sharemsg_share_decode(&back, wire, len), 0);
	ck_assert_mem_eq(&back, &sample, sizeof(back));
	for (size_t cut = 0; cut < len; cut++) {
		ck_assert_int_eq(sharemsg_share_decode(&back, wire, cut), -1);
		ck_assert_uint_eq(sharemsg_share_encode(&sample, wire, cut), 0);
	}
	(void)sharemsg_share_encode(&sample, wire, sizeof(wire));
	ck_assert_int_eq(sharemsg_share_decode(&back, wire, len + 1), -1);
}
END_TEST

/* Return whether share is taken as it is. */
static bool
is_taken(const struct sharemsg_share *share)
{
	uint8_t wire[SHAREMSG_MAX];
	struct sharemsg_share back;
	size_t len = sharemsg_share_encode(share, wire, sizeof(wire));

	return sharemsg_share_decode(&back, wire, len) == 0;
}

START_TEST(shares_that_are_none)
{
	struct sharemsg_share one = sample;

	one.share = 0;
	ck_assert(!is_taken(&one));
	one = sample;
	one.user[0] = '\0';
	ck_assert(!is_taken(&one));
	one = sample;
	one.host[0] = 'O';
	ck_assert(!is_taken(&one));
	one = sample;
	memcpy(one.rights, "ports=0", 8);
	ck_assert(!is_taken(&one));
	one = sample;
	one.verb = (enum sharemsg_verb)3;
	ck_assert(!is_taken(&one));
	one.verb = SHAREMSG_UNSHARE;
	ck_assert(!is_taken(&one));
	one.expiry = 0;
	one.rights[0] = '\0';
	ck_assert(!is_taken(&one));
	one.rate = 0;
	ck_assert(is_taken(&one));
	one.share = 0;
	ck_assert(is_taken(&one));
	one.user[0] = '\0';
	ck_assert(!is_taken(&one));
	one.share = 1;
	one.host[0] = '\0';
	ck_assert(is_taken(&one));
}
END_TEST

START_TEST(shared_and_back)
{
	struct sharemsg_shared shared = {
		.request = 9,
		.code = CODE_LIMIT,
		.host = "office",
		.user = "bob",
		.count = SHAREMSG_SHARES_MAX,
	};
	struct sharemsg_shared back;
	uint8_t wire[SHAREMSG_MAX];
	size_t len;

	memset(shared.text, 'x', sizeof(shared.text) - 1);
	for (size_t i = 0; i < shared.count; i++) {
		shared.list[i].share = i + 1;
		shared.list[i].expiry = 100 * i;
	}
	len = sharemsg_shared_encode(&shared, wire, sizeof(wire));
	ck_assert_uint_gt(len, 10);
	ck_assert_int_eq(sharemsg_shared_decode(&back, wire, len), 0);
	ck_assert_mem_eq(&back, &shared, sizeof(back));
	for (size_t cut = 0; cut < len; cut++) {
		ck_assert_int_eq(sharemsg_shared_decode(&back, wire, cut), -1);
	}
	/* More than there may be. */
	wire[4 + 2 + 256 + 7 + 4]++;
	ck_assert_int_eq(sharemsg_shared_decode(&back, wire, len), -1);
	ck_assert_int_eq(sharemsg_shared_decode(&back, wire, sizeof(wire)), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sharemsg");
	TCase *all = tcase_create("all");

	tcase_add_test(all, share_and_back);
	tcase_add_test(all, shares_that_are_none);
	tcase_add_test(all, shared_and_back);
	suite_add_tcase(suite, all);
	return unit_main(suite);
}
