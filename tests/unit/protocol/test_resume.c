/* SPDX-License-Identifier: ISC */
#include "protocol/resume.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"
#include "tests/support/vectors.h"

static const uint8_t id[SESSIONHELLO_ID_LEN] = { 1, 2, 3 };
static const struct resume_point here = { 5, UINT64_C(0x1122334455667788) };
static const struct resume_point there = { 7, 9 };

/* The two sides of a session: 0 the caller, 1 the acceptor. */
struct pair {
	struct resume side[2];
	uint8_t request[RESUME_REQUEST_LEN];
	uint8_t answer[RESUME_ANSWER_LEN];
	struct resume_point point; /* last one that was opened */
};

static void
make_pair(struct pair *pair, uint8_t key_byte)
{
	const uint8_t key[2][SEAL_KEY_LEN] = { { key_byte, 1 },
		{ key_byte, 2 } };
	const uint8_t head[SEAL_HEAD_LEN] = { key_byte, 3 };
	struct seal seal[2];

	memset(pair, 0, sizeof(*pair));
	seal_init(&seal[0], key[0], head);
	seal_init(&seal[1], key[1], head);
	resume_init(&pair->side[0], id, &seal[0], &seal[1]);
	resume_init(&pair->side[1], id, &seal[1], &seal[0]);
}

static void
ask(struct pair *pair)
{
	ck_assert_int_eq(resume_ask(&pair->side[0], &here, pair->request), 0);
}

static void
answer(struct pair *pair)
{
	ck_assert_int_eq(
	    resume_answer(&pair->side[1], &there, pair->answer), 0);
}

static int
take(struct pair *pair, size_t len)
{
	return resume_take(&pair->side[1], pair->request, len, &pair->point);
}

static int
hear(struct pair *pair, size_t len)
{
	return resume_hear(&pair->side[0], pair->answer, len, &pair->point);
}

static void
check_taken(struct pair *pair)
{
	ck_assert_int_eq(take(pair, RESUME_REQUEST_LEN), 0);
	ck_assert_uint_eq(pair->point.expects, here.expects);
	ck_assert_uint_eq(pair->point.next, here.next);
}

static void
check_heard(struct pair *pair)
{
	ck_assert_int_eq(hear(pair, RESUME_ANSWER_LEN), 0);
	ck_assert_uint_eq(pair->point.expects, there.expects);
	ck_assert_uint_eq(pair->point.next, there.next);
}

/* What is refused changes nothing on the side that refuses. */
static void
check_not_taken(struct pair *pair, size_t len)
{
	struct pair before = *pair;

	ck_assert_int_eq(take(pair, len), -1);
	ck_assert_mem_eq(pair, &before, sizeof(before));
}

static void
check_not_heard(struct pair *pair, size_t len)
{
	struct pair before = *pair;

	ck_assert_int_eq(hear(pair, len), -1);
	ck_assert_mem_eq(pair, &before, sizeof(before));
}

START_TEST(both_learn_where_the_other_stands)
{
	uint8_t got[SESSIONHELLO_ID_LEN];
	struct pair pair;

	make_pair(&pair, 1);
	for (unsigned i = 0; i < 3; i++) {
		ask(&pair);
		ck_assert_int_eq(
		    resume_id(pair.request, RESUME_REQUEST_LEN, got), 0);
		ck_assert_mem_eq(got, id, sizeof(id));
		check_taken(&pair);
		answer(&pair);
		check_heard(&pair);
	}
	ck_assert_uint_eq(pair.side[0].counter, 3);
	ck_assert_uint_eq(pair.side[1].counter, 3);
}
END_TEST

START_TEST(a_replay_is_not_taken)
{
	struct pair pair;

	make_pair(&pair, 1);
	ask(&pair);
	check_taken(&pair);
	check_not_taken(&pair, RESUME_REQUEST_LEN);
	answer(&pair);
	check_not_taken(&pair, RESUME_REQUEST_LEN);
	check_heard(&pair);
	check_not_heard(&pair, RESUME_ANSWER_LEN);
}
END_TEST

START_TEST(an_overtaken_request_is_not_taken)
{
	uint8_t first[RESUME_REQUEST_LEN];
	struct pair pair;

	make_pair(&pair, 1);
	ask(&pair);
	memcpy(first, pair.request, sizeof(first));
	ask(&pair);
	ck_assert_mem_ne(first, pair.request, sizeof(first));
	check_taken(&pair);
	memcpy(pair.request, first, sizeof(first));
	check_not_taken(&pair, RESUME_REQUEST_LEN);
}
END_TEST

START_TEST(counters_may_be_left_out)
{
	struct pair pair;

	make_pair(&pair, 1);
	for (unsigned i = 0; i < 5; i++) {
		ask(&pair); /* lost on the way */
	}
	check_taken(&pair);
	answer(&pair);
	check_heard(&pair);
}
END_TEST

START_TEST(only_the_latest_answer_is_heard)
{
	struct pair pair;

	make_pair(&pair, 1);
	ask(&pair);
	check_taken(&pair);
	answer(&pair);
	ask(&pair); /* gave up on the first */
	check_not_heard(&pair, RESUME_ANSWER_LEN);
	check_taken(&pair);
	answer(&pair);
	check_heard(&pair);
}
END_TEST

START_TEST(one_answer_for_a_counter)
{
	uint8_t before[RESUME_ANSWER_LEN];
	struct pair pair;

	make_pair(&pair, 1);
	ck_assert_int_eq(resume_answer(&pair.side[1], &there, pair.answer), -1);
	ask(&pair);
	check_taken(&pair);
	answer(&pair);
	memcpy(before, pair.answer, sizeof(before));
	ck_assert_int_eq(resume_answer(&pair.side[1], &here, pair.answer), -1);
	ck_assert_mem_eq(pair.answer, before, sizeof(before));
	/* Nor one by the side that asked, under the same number. */
	ck_assert_int_eq(resume_answer(&pair.side[0], &here, pair.answer), -1);
	check_heard(&pair);
	ck_assert_int_eq(resume_answer(&pair.side[0], &here, pair.answer), -1);
}
END_TEST

START_TEST(other_sessions_and_directions_are_refused)
{
	struct pair pair;
	struct pair other;

	make_pair(&pair, 1);
	make_pair(&other, 2);
	ask(&other); /* the same id, other keys */
	memcpy(pair.request, other.request, sizeof(pair.request));
	check_not_taken(&pair, RESUME_REQUEST_LEN);
	make_pair(&other, 1);
	other.side[0].id[15] = 1; /* the same keys, another id */
	ask(&other);
	memcpy(pair.request, other.request, sizeof(pair.request));
	check_not_taken(&pair, RESUME_REQUEST_LEN);
	/* What this very side said, sent back. */
	ask(&pair);
	check_taken(&pair);
	answer(&pair);
	memcpy(pair.answer, pair.request + sizeof(id), sizeof(pair.answer));
	check_not_heard(&pair, RESUME_ANSWER_LEN);
	make_pair(&pair, 1);
	ck_assert_int_eq(resume_ask(&pair.side[1], &here, pair.request), 0);
	make_pair(&other, 1);
	memcpy(other.request, pair.request, sizeof(pair.request));
	check_not_taken(&other, RESUME_REQUEST_LEN);
}
END_TEST

START_TEST(every_other_length_is_refused)
{
	uint8_t got[SESSIONHELLO_ID_LEN];
	uint8_t longer[RESUME_REQUEST_LEN + 1] = { 0 };
	struct pair pair;

	make_pair(&pair, 1);
	ask(&pair);
	for (size_t len = 0; len < RESUME_REQUEST_LEN; len++) {
		check_not_taken(&pair, len);
		ck_assert_int_eq(resume_id(pair.request, len, got), -1);
	}
	memcpy(longer, pair.request, RESUME_REQUEST_LEN);
	ck_assert_int_eq(resume_id(longer, sizeof(longer), got), -1);
	ck_assert_int_eq(
	    resume_take(&pair.side[1], longer, sizeof(longer), &pair.point),
	    -1);
	check_taken(&pair);
	answer(&pair);
	for (size_t len = 0; len < RESUME_ANSWER_LEN; len++) {
		check_not_heard(&pair, len);
	}
	memcpy(longer, pair.answer, RESUME_ANSWER_LEN);
	ck_assert_int_eq(resume_hear(&pair.side[0], longer,
			     RESUME_ANSWER_LEN + 1, &pair.point),
	    -1);
	check_heard(&pair);
}
END_TEST

START_TEST(every_flipped_bit_is_noticed)
{
	struct pair pair;

	make_pair(&pair, 1);
	ask(&pair);
	for (size_t bit = 0; bit < 8 * RESUME_REQUEST_LEN; bit++) {
		pair.request[bit / 8] ^= (uint8_t)(1U << bit % 8);
		check_not_taken(&pair, RESUME_REQUEST_LEN);
		pair.request[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	check_taken(&pair);
	answer(&pair);
	for (size_t bit = 0; bit < 8 * RESUME_ANSWER_LEN; bit++) {
		pair.answer[bit / 8] ^= (uint8_t)(1U << bit % 8);
		check_not_heard(&pair, RESUME_ANSWER_LEN);
		pair.answer[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	check_heard(&pair);
}
END_TEST

START_TEST(counters_end)
{
	uint8_t before[RESUME_REQUEST_LEN];
	struct pair pair;

	make_pair(&pair, 1);
	pair.side[0].counter = UINT64_MAX - 1;
	ask(&pair);
	memcpy(before, pair.request, sizeof(before));
	ck_assert_int_eq(resume_ask(&pair.side[0], &here, pair.request), -1);
	ck_assert_mem_eq(pair.request, before, sizeof(before));
	check_taken(&pair);
	answer(&pair);
	check_heard(&pair);
	check_not_taken(&pair, RESUME_REQUEST_LEN);
	ck_assert_int_eq(resume_ask(&pair.side[0], &here, pair.request), -1);
}
END_TEST

START_TEST(wiped_is_wiped)
{
	struct pair pair;

	make_pair(&pair, 1);
	ask(&pair);
	resume_wipe(&pair.side[0]);
	ck_assert(sodium_is_zero(
	    (const uint8_t *)&pair.side[0], sizeof(pair.side[0])));
}
END_TEST

/* --- vectors ------------------------------------------------------------ */

/* A vector while it is read; index 0 is the gateway, 1 the host. */
struct vector {
	uint8_t id[SESSIONHELLO_ID_LEN];
	struct seal from[2];
	uint64_t counter;
	struct resume_point point[2];
	uint8_t request[RESUME_REQUEST_LEN];
	uint8_t answer[RESUME_ANSWER_LEN];
};

static void
take_key(const char *value, struct seal *seal)
{
	uint8_t bytes[SEAL_KEY_LEN + SEAL_HEAD_LEN];

	vectors_exactly(value, bytes, sizeof(bytes));
	seal_init(seal, bytes, bytes + SEAL_KEY_LEN);
}

static void
take_value(struct vector *vector, const char *name, const char *value)
{
	const struct {
		const char *name;
		uint64_t *to;
	} numbers[] = {
		{ "counter", &vector->counter },
		{ "gateway_expects", &vector->point[0].expects },
		{ "gateway_next", &vector->point[0].next },
		{ "host_expects", &vector->point[1].expects },
		{ "host_next", &vector->point[1].next },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(name, numbers[i].name) == 0) {
			*numbers[i].to = strtoull(value, NULL, 10);
		}
	}
	if (strcmp(name, "id") == 0) {
		vectors_exactly(value, vector->id, sizeof(vector->id));
	} else if (strcmp(name, "from_gateway") == 0) {
		take_key(value, &vector->from[0]);
	} else if (strcmp(name, "from_host") == 0) {
		take_key(value, &vector->from[1]);
	} else if (strcmp(name, "request") == 0) {
		vectors_exactly(value, vector->request, RESUME_REQUEST_LEN);
	} else if (strcmp(name, "answer") == 0) {
		vectors_exactly(value, vector->answer, RESUME_ANSWER_LEN);
	}
}

static void
check_vector(const struct vector *vector)
{
	struct pair pair;

	resume_init(
	    &pair.side[0], vector->id, &vector->from[0], &vector->from[1]);
	resume_init(
	    &pair.side[1], vector->id, &vector->from[1], &vector->from[0]);
	pair.side[0].counter = vector->counter - 1;
	ck_assert_int_eq(
	    resume_ask(&pair.side[0], &vector->point[0], pair.request), 0);
	ck_assert_mem_eq(pair.request, vector->request, RESUME_REQUEST_LEN);
	ck_assert_int_eq(take(&pair, RESUME_REQUEST_LEN), 0);
	ck_assert_mem_eq(&pair.point, &vector->point[0], sizeof(pair.point));
	ck_assert_int_eq(
	    resume_answer(&pair.side[1], &vector->point[1], pair.answer), 0);
	ck_assert_mem_eq(pair.answer, vector->answer, RESUME_ANSWER_LEN);
	ck_assert_int_eq(hear(&pair, RESUME_ANSWER_LEN), 0);
	ck_assert_mem_eq(&pair.point, &vector->point[1], sizeof(pair.point));
}

START_TEST(agrees_with_vectors)
{
	struct vectors *file = vectors_open_own("resume.json");
	struct vector vector = { .counter = 0 };
	struct vectors_item item;
	unsigned count = 0;

	while (vectors_next(file, &item)) {
		if (item.begin) {
			continue;
		}
		take_value(&vector, item.name, item.value);
		if (strcmp(item.name, "answer") == 0) {
			check_vector(&vector);
			count++;
		}
	}
	vectors_close(file);
	ck_assert_uint_eq(count, 3);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("resume");
	TCase *tcase = tcase_create("resume");

	if (sodium_init() < 0) {
		return 99;
	}
	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, both_learn_where_the_other_stands);
	tcase_add_test(tcase, a_replay_is_not_taken);
	tcase_add_test(tcase, an_overtaken_request_is_not_taken);
	tcase_add_test(tcase, counters_may_be_left_out);
	tcase_add_test(tcase, only_the_latest_answer_is_heard);
	tcase_add_test(tcase, one_answer_for_a_counter);
	tcase_add_test(tcase, other_sessions_and_directions_are_refused);
	tcase_add_test(tcase, every_other_length_is_refused);
	tcase_add_test(tcase, every_flipped_bit_is_noticed);
	tcase_add_test(tcase, counters_end);
	tcase_add_test(tcase, wiped_is_wiped);
	tcase_add_test(tcase, agrees_with_vectors);
	return unit_main(suite);
}
