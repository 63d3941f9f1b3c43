/* SPDX-License-Identifier: ISC */
/* Messages, taken apart and put together. */
#include "protocol/texts.h"

#include <string.h>

#include "protocol/session.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

#define PART_MAX (LIMITS_RECORD_PAYLOAD_MAX - TEXTS_HEAD_LEN)

static struct session_budget budget;
static struct texts *near;
static struct texts *far;
static char letter[LIMITS_MESSAGE_MAX + 1];

static void
setup(void)
{
	budget = (struct session_budget){ .max = 1 << 20 };
	near = texts_new(&budget);
	far = texts_new(&budget);
	ck_assert(near != NULL && far != NULL);
	for (size_t i = 0; i < sizeof(letter); i++) {
		letter[i] = (char)('a' + i % 26);
	}
}

static void
teardown(void)
{
	texts_free(near);
	texts_free(far);
	texts_free(NULL);
	ck_assert_uint_eq(budget.used, 0);
}

/* Carry the next part from one side to the other. */
static enum texts_result
carry(void)
{
	uint8_t payload[LIMITS_RECORD_PAYLOAD_MAX];
	size_t len = texts_part_len(near);

	ck_assert_uint_gt(len, TEXTS_HEAD_LEN);
	ck_assert_uint_le(len, sizeof(payload));
	texts_take_part(near, payload);
	return texts_receive(far, payload, len);
}

/* Carry a receipt back; 0 or -1. */
static int
carry_receipt(struct texts_receipt *receipt)
{
	uint8_t payload[TEXTS_RECEIPT_MAX];
	size_t len = texts_receipt(far, payload);

	ck_assert_uint_gt(len, 0);
	texts_receipt_sent(far);
	return texts_receive_receipt(near, receipt, payload, len);
}

START_TEST(texts_of_every_size_arrive)
{
	static const size_t sizes[] = { 1, PART_MAX - 1, PART_MAX, PART_MAX + 1,
		4 * PART_MAX, LIMITS_MESSAGE_MAX };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const size_t parts = (sizes[i] + PART_MAX - 1) / PART_MAX;
		struct texts_receipt receipt;
		const char *text;
		uint32_t number;
		size_t len;

		ck_assert_uint_eq(
		    texts_send(near, letter, sizes[i]), (uint32_t)i + 1);
		for (size_t k = 1; k < parts; k++) {
			ck_assert_int_eq(carry(), TEXTS_MORE);
		}
		ck_assert_int_eq(carry(), TEXTS_WHOLE);
		ck_assert_uint_eq(texts_part_len(near), 0);
		text = texts_whole(far, &len, &number);
		ck_assert_uint_eq(len, sizes[i]);
		ck_assert_uint_eq(number, i + 1);
		ck_assert_int_eq(memcmp(text, letter, len), 0);
		ck_assert_uint_eq(budget.used, len);
		texts_drop(far);
		ck_assert_uint_eq(budget.used, 0);
		texts_answer(far, number, CODE_TEXT_REFUSED, "nobody");
		/* What was said once is not said otherwise. */
		texts_answer(far, number, CODE_OK, "");
		ck_assert_int_eq(carry_receipt(&receipt), 0);
		ck_assert_uint_eq(receipt.number, number);
		ck_assert_int_eq((int)receipt.code, (int)CODE_TEXT_REFUSED);
		ck_assert_str_eq(receipt.text, "nobody");
	}
}
END_TEST

START_TEST(what_is_no_text_is_not_sent)
{
	ck_assert_uint_eq(texts_send(near, letter, 0), 0);
	ck_assert_uint_eq(texts_send(near, letter, sizeof(letter)), 0);
	ck_assert_uint_eq(texts_send(near, "\xff", 1), 0);
	ck_assert_uint_eq(texts_send(near, "a\0b", 3), 0);
	ck_assert_uint_eq(texts_part_len(near), 0);
}
END_TEST

START_TEST(open_texts_are_bounded)
{
	struct texts_receipt receipt;

	for (uint32_t i = 1; i <= LIMITS_MESSAGES_OPEN; i++) {
		ck_assert_uint_eq(texts_send(near, "x", 1), i);
		ck_assert_int_eq(carry(), TEXTS_WHOLE);
	}
	ck_assert_uint_eq(texts_send(near, "x", 1), 0);
	/* Receipts come in any order. */
	texts_answer(far, 3, CODE_OK, "");
	ck_assert_int_eq(carry_receipt(&receipt), 0);
	ck_assert_uint_eq(receipt.number, 3);
	ck_assert_uint_eq(texts_send(near, "x", 1), LIMITS_MESSAGES_OPEN + 1);
	ck_assert_int_eq(carry(), TEXTS_WHOLE);
}
END_TEST

START_TEST(a_peer_that_waits_for_no_receipt_is_refused)
{
	uint8_t part[TEXTS_HEAD_LEN + 1] = { 0, 0, 0, 0, 0, 0, 0, 1, 'x' };

	for (uint8_t i = 1; i <= LIMITS_MESSAGES_OPEN; i++) {
		part[3] = i;
		ck_assert_int_eq(
		    texts_receive(far, part, sizeof(part)), TEXTS_WHOLE);
	}
	part[3]++;
	ck_assert_int_eq(texts_receive(far, part, sizeof(part)), TEXTS_BAD);
}
END_TEST

START_TEST(what_was_not_begun_can_be_taken_back)
{
	struct texts_receipt receipt;

	ck_assert_uint_eq(texts_send(near, letter, PART_MAX + 1), 1);
	ck_assert_uint_eq(texts_send(near, "second", 6), 2);
	ck_assert_uint_eq(texts_send(near, "third", 5), 3);
	ck_assert_int_eq(carry(), TEXTS_MORE);
	ck_assert(!texts_forget(near, 1));
	ck_assert(texts_forget(near, 2));
	ck_assert(!texts_forget(near, 2));
	ck_assert_int_eq(carry(), TEXTS_WHOLE);
	ck_assert_int_eq(carry(), TEXTS_WHOLE);
	texts_answer(far, 3, CODE_OK, "");
	ck_assert_int_eq(carry_receipt(&receipt), 0);
	ck_assert_uint_eq(receipt.number, 3);
}
END_TEST

START_TEST(bad_parts_are_refused)
{
	static const struct {
		uint8_t bytes[16];
		size_t len;
	} bad[] = {
		{ { 0, 0, 0, 1, 0, 0, 0, 1 }, 8 },      /* nothing in it */
		{ { 0, 0, 0, 0, 0, 0, 0, 1, 'x' }, 9 }, /* no number */
		{ { 0, 0, 0, 1, 0, 0, 0, 0, 'x' }, 9 }, /* no length */
		{ { 0, 0, 0, 1, 0, 1, 0, 1, 'x' }, 9 }, /* too long */
		{ { 0, 0, 0, 1, 0, 0, 0, 1, 'x', 'y' }, 10 }, /* more */
	};
	static const uint8_t good[] = { 0, 0, 0, 1, 0, 0, 0, 3, 'x' };
	uint8_t part[sizeof(good)];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (size_t len = 0; len <= bad[i].len; len++) {
			ck_assert_int_eq(texts_receive(far, bad[i].bytes, len),
			    i == 4 && len == 9 ? TEXTS_WHOLE : TEXTS_BAD);
		}
	}
	teardown();
	setup();
	/* Behind a part come only parts of the same text. */
	for (size_t i = 3; i < 8; i += 4) {
		ck_assert_int_eq(
		    texts_receive(far, good, sizeof(good)), TEXTS_MORE);
		memcpy(part, good, sizeof(part));
		part[i]++;
		ck_assert_int_eq(
		    texts_receive(far, part, sizeof(part)), TEXTS_BAD);
		teardown();
		setup();
	}
}
END_TEST

START_TEST(bad_receipts_are_refused)
{
	static const uint8_t good[] = { 0, 0, 0, 1, 0, 0, 2, 'o', 'k' };
	struct texts_receipt receipt;

	ck_assert_uint_eq(texts_send(near, "text", 4), 1);
	/* It was not sent yet: nobody can answer it. */
	ck_assert_int_eq(
	    texts_receive_receipt(near, &receipt, good, sizeof(good)), -1);
	ck_assert_int_eq(carry(), TEXTS_WHOLE);
	for (size_t len = 0; len < sizeof(good); len++) {
		ck_assert_int_eq(
		    texts_receive_receipt(near, &receipt, good, len), -1);
	}
	ck_assert_int_eq(
	    texts_receive_receipt(near, &receipt, good, sizeof(good)), 0);
	ck_assert_str_eq(receipt.text, "ok");
	ck_assert_int_eq(
	    texts_receive_receipt(near, &receipt, good, sizeof(good)), -1);
}
END_TEST

/* Who has no room for a text, or cannot read it, says so and goes on. */
START_TEST(a_text_that_cannot_be_taken_is_answered)
{
	static const uint8_t foreign[] = { 0, 0, 0, 3, 0, 0, 0, 1, 0xff };
	uint8_t payload[TEXTS_RECEIPT_MAX];
	struct texts_receipt receipt;

	budget.used = budget.max - PART_MAX;
	ck_assert_uint_eq(texts_send(near, letter, PART_MAX + 1), 1);
	ck_assert_int_eq(carry(), TEXTS_MORE);
	ck_assert_int_eq(carry(), TEXTS_MORE);
	ck_assert_int_eq(carry_receipt(&receipt), 0);
	ck_assert_int_eq((int)receipt.code, (int)CODE_OVERLOADED);
	ck_assert_uint_eq(texts_send(near, letter, PART_MAX), 2);
	ck_assert_int_eq(carry(), TEXTS_WHOLE);
	texts_drop(far);
	ck_assert_uint_eq(budget.used, budget.max - PART_MAX);
	budget.used = 0;
	ck_assert_int_eq(
	    texts_receive(far, foreign, sizeof(foreign)), TEXTS_MORE);
	ck_assert_uint_gt(texts_receipt(far, payload), 0);
	ck_assert_uint_eq(payload[3], 3);
	ck_assert_uint_eq(
	    (unsigned)payload[4] << 8 | payload[5], CODE_BAD_REQUEST);
}
END_TEST

START_TEST(short_of_memory)
{
	for (long n = 1; n <= 2; n++) {
		failalloc_after(n);
		ck_assert_uint_eq(texts_send(near, "text", 4), 0);
		failalloc_off();
		ck_assert_uint_eq(texts_part_len(near), 0);
	}
	ck_assert_uint_eq(texts_send(near, "text", 4), 1);
	failalloc_after(1);
	ck_assert_int_eq(carry(), TEXTS_MORE);
	failalloc_off();
	failalloc_after(1);
	ck_assert_ptr_null(texts_new(NULL));
	failalloc_off();
	ck_assert_uint_eq(budget.used, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("protocol/texts");
	TCase *tcase = tcase_create("texts");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, texts_of_every_size_arrive);
	tcase_add_test(tcase, what_is_no_text_is_not_sent);
	tcase_add_test(tcase, open_texts_are_bounded);
	tcase_add_test(tcase, a_peer_that_waits_for_no_receipt_is_refused);
	tcase_add_test(tcase, what_was_not_begun_can_be_taken_back);
	tcase_add_test(tcase, bad_parts_are_refused);
	tcase_add_test(tcase, bad_receipts_are_refused);
	tcase_add_test(tcase, a_text_that_cannot_be_taken_is_answered);
	tcase_add_test(tcase, short_of_memory);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
