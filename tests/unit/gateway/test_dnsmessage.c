/* SPDX-License-Identifier: ISC */

#include "gateway/dnsmessage.h"

#include <stdlib.h>
#include <string.h>

#include "common/addr.h"
#include "tests/support/unit.h"

/* An A question for Office.Internal with a second section behind it. */
static const uint8_t asked[] =
    "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"
    "\x06Office\x08Internal\x00\x00\x01\x00\x01"
    "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00";
#define QUESTION_LEN (12 + 17 + 4)
#define ASKED_LEN (sizeof(asked) - 1)

static struct dnsmessage_question question;
static uint8_t out[DNSMESSAGE_MAX];

static int
decode(const void *data, size_t len)
{
	/* Of its own, so that reading beyond the end is found. */
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int code;

	memcpy(copy, data, len);
	code = dnsmessage_decode(&question, copy, len);
	free(copy);
	return code;
}

static struct addr
address(const char *text)
{
	struct addr addr;

	ck_assert_int_eq(addr_from_ip(&addr, text, 0), 0);
	return addr;
}

START_TEST(a_question)
{
	ck_assert_int_eq(decode(asked, ASKED_LEN), DNSMESSAGE_GOOD);
	ck_assert_uint_eq(question.id, 0x1234);
	ck_assert(question.recursion);
	ck_assert_uint_eq(question.type, DNSMESSAGE_A);
	ck_assert_str_eq(question.name, "Office.Internal");
	ck_assert_uint_eq(question.wire_len, QUESTION_LEN - 12);
}
END_TEST

START_TEST(cut_at_every_length)
{
	for (size_t len = 0; len < QUESTION_LEN; len++) {
		int code = decode(asked, len);

		ck_assert_int_eq(code, len < 12 ? -1 : DNSMESSAGE_MALFORMED);
		ck_assert_uint_eq(question.wire_len, 0);
	}
	ck_assert_int_eq(decode(asked, QUESTION_LEN), DNSMESSAGE_GOOD);
}
END_TEST

/* Decode the question with one of its bytes replaced. */
static int
altered(size_t at, uint8_t byte)
{
	uint8_t data[sizeof(asked)];

	memcpy(data, asked, sizeof(data));
	data[at] = byte;
	return decode(data, ASKED_LEN);
}

START_TEST(what_is_no_question_of_ours)
{
	ck_assert_int_eq(altered(2, 0x80), -1);                 /* an answer */
	ck_assert_int_eq(altered(2, 0x28), DNSMESSAGE_UNKNOWN); /* update */
	ck_assert_int_eq(altered(5, 0), DNSMESSAGE_MALFORMED);
	ck_assert_int_eq(altered(5, 2), DNSMESSAGE_MALFORMED);
	ck_assert_int_eq(altered(12, 0xc0), DNSMESSAGE_MALFORMED); /* pointer */
	ck_assert_int_eq(altered(12, 64), DNSMESSAGE_MALFORMED);
	ck_assert_int_eq(altered(QUESTION_LEN - 1, 3), DNSMESSAGE_REFUSED);
}
END_TEST

START_TEST(names_that_nobody_types)
{
	static const uint8_t root[] = "\0\1\0\0\0\1\0\0\0\0\0\0\0\0\2\0\1";

	ck_assert_int_eq(altered(14, '.'), DNSMESSAGE_GOOD);
	ck_assert_str_eq(question.name, "");
	ck_assert_int_eq(altered(14, '\0'), DNSMESSAGE_GOOD);
	ck_assert_str_eq(question.name, "");
	ck_assert_int_eq(altered(14, 0xff), DNSMESSAGE_GOOD);
	ck_assert_str_eq(question.name, "");
	ck_assert_int_eq(decode(root, sizeof(root) - 1), DNSMESSAGE_GOOD);
	ck_assert_str_eq(question.name, "");
	ck_assert_uint_eq(question.type, 2);
}
END_TEST

START_TEST(the_longest_name)
{
	uint8_t data[12 + 300] = { 0, 1, 0, 0, 0, 1 };
	size_t at = 12;

	for (int i = 0; i < 4; i++) {
		size_t len = i < 3 ? 63 : 61;

		data[at] = (uint8_t)len;
		memset(data + at + 1, 'a', len);
		at += 1 + len;
	}
	data[at + 2] = data[at + 4] = 1;
	ck_assert_int_eq(decode(data, at + 5), DNSMESSAGE_GOOD);
	ck_assert_uint_eq(strlen(question.name), 253);
	/* One that is longer than there can be. */
	memset(data + at, 1, sizeof(data) - at);
	data[at + 20] = 0;
	ck_assert_int_eq(decode(data, at + 25), DNSMESSAGE_MALFORMED);
}
END_TEST

START_TEST(a_refusal)
{
	static const uint8_t said[] =
	    "\x12\x34\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00"
	    "\x06Office\x08Internal\x00\x00\x01\x00\x01";

	ck_assert_int_eq(decode(asked, ASKED_LEN), DNSMESSAGE_GOOD);
	ck_assert_uint_eq(
	    dnsmessage_refuse(&question, DNSMESSAGE_NO_NAME, out, sizeof(out)),
	    sizeof(said) - 1);
	ck_assert_mem_eq(out, said, sizeof(said) - 1);
	ck_assert_uint_eq(
	    dnsmessage_refuse(&question, DNSMESSAGE_NO_NAME, out, 20), 0);
	/* What could not be read is not repeated. */
	ck_assert_int_eq(decode(asked, 20), DNSMESSAGE_MALFORMED);
	ck_assert_uint_eq(dnsmessage_refuse(&question, DNSMESSAGE_MALFORMED,
			      out, sizeof(out)),
	    12);
	ck_assert_uint_eq(out[5], 0);
}
END_TEST

START_TEST(addresses_of_the_kind_asked_for)
{
	static const uint8_t four[] = "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x1e"
				      "\x00\x04\xc6\x12\x00\x01";
	struct addr addrs[] = { address("2001:db8::1"), address("198.18.0.1"),
		address("2001:db8::2") };
	size_t len;

	ck_assert_int_eq(decode(asked, ASKED_LEN), DNSMESSAGE_GOOD);
	len = dnsmessage_addresses(&question, addrs, 3, 30, out, sizeof(out));
	ck_assert_uint_eq(len, QUESTION_LEN + sizeof(four) - 1);
	ck_assert_uint_eq(out[7], 1);
	ck_assert_mem_eq(out + QUESTION_LEN, four, sizeof(four) - 1);
	question.type = DNSMESSAGE_AAAA;
	len = dnsmessage_addresses(&question, addrs, 3, 30, out, sizeof(out));
	ck_assert_uint_eq(len, QUESTION_LEN + (size_t)2 * 28);
	ck_assert_uint_eq(out[7], 2);
	len = dnsmessage_addresses(&question, NULL, 0, 30, out, sizeof(out));
	ck_assert_uint_eq(len, QUESTION_LEN);
	/* Those that fit. */
	len = dnsmessage_addresses(
	    &question, addrs, 3, 30, out, QUESTION_LEN + 30);
	ck_assert_uint_eq(len, QUESTION_LEN + 28);
	ck_assert_uint_eq(out[7], 1);
	ck_assert_uint_eq(
	    dnsmessage_addresses(&question, addrs, 3, 30, out, 12), 0);
}
END_TEST

START_TEST(names_of_addresses)
{
	static const uint8_t said[] = "\x03web\x06office\x00";
	struct addr addr;
	char text[ADDR_TEXT_LEN];
	size_t len;

	ck_assert_int_eq(
	    dnsmessage_reverse("1.0.18.198.IN-addr.arpa", &addr), 0);
	ck_assert_str_eq(addr_format_ip(&addr, text), "198.18.0.1");
	ck_assert_int_eq(dnsmessage_reverse("1.0.18.198.ip6.arpa", &addr), -1);
	ck_assert_int_eq(
	    dnsmessage_reverse("0.18.198.in-addr.arpa", &addr), -1);
	ck_assert_int_eq(
	    dnsmessage_reverse("1.0.18.256.in-addr.arpa", &addr), -1);
	ck_assert_int_eq(
	    dnsmessage_reverse("9.1.0.18.198.in-addr.arpa", &addr), -1);
	ck_assert_int_eq(decode(asked, ASKED_LEN), DNSMESSAGE_GOOD);
	question.type = DNSMESSAGE_PTR;
	len = dnsmessage_pointer(&question, "web.office", 30, out, sizeof(out));
	ck_assert_uint_eq(len, QUESTION_LEN + 12 + sizeof(said) - 1);
	ck_assert_mem_eq(out + QUESTION_LEN + 12, said, sizeof(said) - 1);
	ck_assert_uint_eq(out[QUESTION_LEN + 11], sizeof(said) - 1);
	ck_assert_uint_eq(
	    dnsmessage_pointer(&question, "a..b", 30, out, sizeof(out)), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dnsmessage");
	TCase *tcase = tcase_create("dnsmessage");

	tcase_add_test(tcase, a_question);
	tcase_add_test(tcase, cut_at_every_length);
	tcase_add_test(tcase, what_is_no_question_of_ours);
	tcase_add_test(tcase, names_that_nobody_types);
	tcase_add_test(tcase, the_longest_name);
	tcase_add_test(tcase, a_refusal);
	tcase_add_test(tcase, addresses_of_the_kind_asked_for);
	tcase_add_test(tcase, names_of_addresses);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
