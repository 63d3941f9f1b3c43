/* SPDX-License-Identifier: ISC */
#include "protocol/seal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"
#include "tests/support/vectors.h"

#define TEXT_MAX 17000

static const uint8_t key[SEAL_KEY_LEN] = { 1, 2, 3 };
static const uint8_t head[SEAL_HEAD_LEN] = { 4, 5, 6 };

/* The same box by libsodium's own secretbox. */
static void
oracle(uint64_t counter, const uint8_t *text, size_t len, uint8_t *box)
{
	uint8_t nonce[crypto_secretbox_NONCEBYTES];

	memcpy(nonce, head, sizeof(head));
	for (unsigned i = 0; i < 8; i++) {
		nonce[sizeof(head) + i] = (uint8_t)(counter >> (8 * i));
	}
	crypto_secretbox_easy(box, text, len, nonce, key);
}

START_TEST(boxes_are_secretboxes)
{
	static uint8_t text[TEXT_MAX];
	static uint8_t box[SEAL_OVERHEAD + TEXT_MAX];
	static uint8_t want[SEAL_OVERHEAD + TEXT_MAX];
	struct seal tx;
	struct seal rx;
	uint64_t counter = 0;

	randombytes_buf(text, sizeof(text));
	seal_init(&tx, key, head);
	seal_init(&rx, key, head);
	for (size_t len = 0; len <= TEXT_MAX; len += len < 200 ? 1 : 1117) {
		oracle(counter, text, len, want);
		memcpy(box + SEAL_OVERHEAD, text, len);
		seal_lock(&tx, box, len);
		ck_assert_mem_eq(box, want, SEAL_OVERHEAD + len);
		ck_assert_int_eq(seal_open(&rx, box, len), 0);
		ck_assert_mem_eq(box + SEAL_OVERHEAD, text, len);
		counter++;
		ck_assert_uint_eq(seal_counter(&tx), counter);
		ck_assert_uint_eq(seal_counter(&rx), counter);
	}
}
END_TEST

START_TEST(nothing_behind_the_box_is_touched)
{
	uint8_t box[SEAL_OVERHEAD + 100 + 1];
	struct seal seal;

	for (size_t len = 0; len <= 100; len++) {
		seal_init(&seal, key, head);
		memset(box, 0x5a, sizeof(box));
		seal_lock(&seal, box, len);
		ck_assert_uint_eq(box[SEAL_OVERHEAD + len], 0x5a);
		ck_assert_int_eq(seal_open_at(&seal, 0, box, len), 0);
		ck_assert_uint_eq(box[SEAL_OVERHEAD + len], 0x5a);
	}
}
END_TEST

/* A box that does not open leaves everything as it was. */
static void
check_refused(struct seal *rx, uint8_t *box, size_t len)
{
	uint8_t before[SEAL_OVERHEAD + 200];
	uint64_t counter = seal_counter(rx);

	memcpy(before, box, SEAL_OVERHEAD + len);
	ck_assert_int_eq(seal_open(rx, box, len), -1);
	ck_assert_mem_eq(before, box, SEAL_OVERHEAD + len);
	ck_assert_uint_eq(seal_counter(rx), counter);
}

START_TEST(every_flipped_bit_is_noticed)
{
	uint8_t box[SEAL_OVERHEAD + 70] = { 0 };
	struct seal tx;
	struct seal rx;

	seal_init(&tx, key, head);
	seal_init(&rx, key, head);
	seal_lock(&tx, box, 70);
	for (size_t bit = 0; bit < 8 * sizeof(box); bit++) {
		box[bit / 8] ^= (uint8_t)(1U << bit % 8);
		check_refused(&rx, box, 70);
		box[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t len = 0; len < 70; len++) {
		check_refused(&rx, box, len);
	}
	ck_assert_int_eq(seal_open(&rx, box, 70), 0);
	seal_lock(&rx, box, 70);
}
END_TEST

START_TEST(order_is_kept)
{
	uint8_t box[3][SEAL_OVERHEAD + 8] = { { 0 } };
	struct seal tx;
	struct seal rx;

	seal_init(&tx, key, head);
	seal_init(&rx, key, head);
	for (unsigned i = 0; i < 3; i++) {
		seal_lock(&tx, box[i], 8);
	}
	check_refused(&rx, box[1], 8); /* left out */
	ck_assert_int_eq(seal_open(&rx, box[0], 8), 0);
	seal_init(&tx, key, head);
	memset(box[0], 0, sizeof(box[0]));
	seal_lock(&tx, box[0], 8);
	check_refused(&rx, box[0], 8); /* again */
	ck_assert_int_eq(seal_open(&rx, box[1], 8), 0);
	ck_assert_int_eq(seal_open(&rx, box[2], 8), 0);
}
END_TEST

START_TEST(numbers_can_be_chosen)
{
	uint8_t box[SEAL_OVERHEAD + 8] = { 0 };
	struct seal seal;

	seal_init(&seal, key, head);
	seal_lock_at(&seal, UINT64_MAX, box, 8);
	ck_assert_int_eq(seal_open_at(&seal, UINT64_MAX - 1, box, 8), -1);
	ck_assert_int_eq(seal_open_at(&seal, UINT64_MAX, box, 8), 0);
	ck_assert(sodium_is_zero(box + SEAL_OVERHEAD, 8));
	ck_assert_uint_eq(seal_counter(&seal), 0);
}
END_TEST

START_TEST(ratchet_changes_the_key_only)
{
	uint8_t box[SEAL_OVERHEAD + 8] = { 0 };
	struct seal tx;
	struct seal rx;
	struct seal old;

	seal_init(&tx, key, head);
	seal_init(&rx, key, head);
	seal_lock(&tx, box, 8);
	ck_assert_int_eq(seal_open(&rx, box, 8), 0);
	old = rx;
	seal_ratchet(&tx);
	ck_assert_uint_eq(seal_counter(&tx), 1);
	ck_assert_mem_eq(tx.head, head, sizeof(head));
	ck_assert_mem_ne(tx.key, key, sizeof(key));
	seal_lock(&tx, box, 8);
	check_refused(&old, box, 8);
	seal_ratchet(&rx);
	ck_assert_int_eq(seal_open(&rx, box, 8), 0);
}
END_TEST

START_TEST(state_can_move)
{
	uint8_t box[SEAL_OVERHEAD + 8] = { 0 };
	uint8_t state[SEAL_STATE_LEN];
	struct seal tx;
	struct seal rx;

	seal_init(&tx, key, head);
	tx.counter = UINT64_C(0x0102030405060708);
	seal_ratchet(&tx);
	seal_save(&tx, state);
	seal_restore(&rx, state);
	ck_assert_uint_eq(seal_counter(&rx), UINT64_C(0x0102030405060708));
	seal_lock(&tx, box, 8);
	ck_assert_int_eq(seal_open(&rx, box, 8), 0);
	seal_ratchet(&tx);
	seal_ratchet(&rx);
	seal_lock(&tx, box, 8);
	ck_assert_int_eq(seal_open(&rx, box, 8), 0);
}
END_TEST

START_TEST(wiped_is_wiped)
{
	struct seal seal;

	seal_init(&seal, key, head);
	seal_wipe(&seal);
	ck_assert(sodium_is_zero((const uint8_t *)&seal, sizeof(seal)));
}
END_TEST

/* A vector while it is read. */
struct vector {
	uint8_t key[SEAL_KEY_LEN];
	uint8_t head[SEAL_HEAD_LEN];
	bool rekeyed;
	uint64_t counter;
	uint8_t text[512];
	size_t len;
};

static void
check_box(const struct vector *vector, const char *value)
{
	uint8_t want[SEAL_OVERHEAD + 512];
	uint8_t box[SEAL_OVERHEAD + 512];
	struct seal seal;

	seal_init(&seal, vector->key, vector->head);
	if (vector->rekeyed) {
		seal_ratchet(&seal);
	}
	vectors_exactly(value, want, SEAL_OVERHEAD + vector->len);
	memcpy(box + SEAL_OVERHEAD, vector->text, vector->len);
	seal_lock_at(&seal, vector->counter, box, vector->len);
	ck_assert_mem_eq(box, want, SEAL_OVERHEAD + vector->len);
	ck_assert_int_eq(
	    seal_open_at(&seal, vector->counter, box, vector->len), 0);
	ck_assert_mem_eq(box + SEAL_OVERHEAD, vector->text, vector->len);
}

START_TEST(agrees_with_vectors)
{
	struct vectors *file = vectors_open_own("seal.json");
	struct vector vector = { { 0 }, { 0 }, false, 0, { 0 }, 0 };
	struct vectors_item item;
	unsigned count = 0;

	while (vectors_next(file, &item)) {
		if (item.begin) {
			continue;
		}
		if (strcmp(item.name, "key") == 0) {
			vectors_exactly(item.value, vector.key, SEAL_KEY_LEN);
		} else if (strcmp(item.name, "head") == 0) {
			vectors_exactly(item.value, vector.head, SEAL_HEAD_LEN);
		} else if (strcmp(item.name, "rekeyed") == 0) {
			vector.rekeyed = item.value[0] == '1';
		} else if (strcmp(item.name, "counter") == 0) {
			vector.counter = strtoull(item.value, NULL, 10);
		} else if (strcmp(item.name, "text") == 0) {
			vector.len = vectors_bytes(
			    item.value, vector.text, sizeof(vector.text));
		} else {
			check_box(&vector, item.value);
			count++;
		}
	}
	vectors_close(file);
	ck_assert_uint_eq(count, 80);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("seal");
	TCase *tcase = tcase_create("seal");

	if (sodium_init() < 0) {
		return 99;
	}
	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, boxes_are_secretboxes);
	tcase_add_test(tcase, nothing_behind_the_box_is_touched);
	tcase_add_test(tcase, every_flipped_bit_is_noticed);
	tcase_add_test(tcase, order_is_kept);
	tcase_add_test(tcase, numbers_can_be_chosen);
	tcase_add_test(tcase, ratchet_changes_the_key_only);
	tcase_add_test(tcase, state_can_move);
	tcase_add_test(tcase, wiped_is_wiped);
	tcase_add_test(tcase, agrees_with_vectors);
	return unit_main(suite);
}
