/* SPDX-License-Identifier: ISC */
#include "protocol/frame.h"

#include <string.h>

#include "protocol/seal.h"
#include "tests/support/unit.h"

#define SENDERS 4

static const uint8_t key[SEAL_KEY_LEN] = { 1, 2, 3 };
static const uint8_t nonce[SEAL_HEAD_LEN] = { 4, 5, 6 };

/* The rows of the table once more, for expectations. */
enum channel_rule {
	ZERO,
	SOME,
};
#define G 1U
#define A 2U
#define RG 4U
#define RA 8U
#define R (RG | RA)

struct row {
	enum frame_type type;
	const char *name;
	unsigned senders;
	enum channel_rule channel;
	size_t min;
	size_t max;
};

static const struct row rows[] = {
#define FRAME(code, name, senders, channel, min, max)                          \
	{ FRAME_##name, #name, senders, channel, min, max },
#include "protocol/frames.def"
#undef FRAME
};
#define ROWS ((int)(sizeof(rows) / sizeof(rows[0])))

/* Return the wire length of a payload of len bytes in row. */
static uint16_t
wire_len(const struct row *row, size_t len)
{
	if (row->type == FRAME_CARRY || len == 0) {
		return (uint16_t)len;
	}
	return (uint16_t)(len + LIMITS_TAG_LEN);
}

/* Return a header that row allows. */
static struct frame_head
legal_head(const struct row *row)
{
	struct frame_head head = {
		.type = row->type,
		.body_len = wire_len(row, row->min),
		.channel = row->channel == SOME ? 7 : 0,
	};

	return head;
}

static enum frame_sender
legal_sender(const struct row *row)
{
	unsigned sender = 0;

	while ((row->senders & (1U << sender)) == 0) {
		sender++;
	}
	return (enum frame_sender)sender;
}

START_TEST(names_are_those_of_the_table)
{
	const struct row *row = &rows[_i];

	ck_assert_str_eq(frame_name(row->type), row->name);
}
END_TEST

START_TEST(only_the_senders_of_the_table_may_send)
{
	const struct row *row = &rows[_i];
	struct frame_head head = legal_head(row);

	for (unsigned sender = 0; sender < SENDERS; sender++) {
		bool legal = (row->senders & (1U << sender)) != 0;

		ck_assert(
		    frame_check((enum frame_sender)sender, &head) == legal);
	}
}
END_TEST

START_TEST(the_channel_is_zero_or_not)
{
	const struct row *row = &rows[_i];
	struct frame_head head = legal_head(row);

	head.channel = 0;
	ck_assert(
	    frame_check(legal_sender(row), &head) == (row->channel == ZERO));
	head.channel = UINT32_MAX;
	ck_assert(
	    frame_check(legal_sender(row), &head) == (row->channel == SOME));
}
END_TEST

START_TEST(lengths_are_within_bounds)
{
	const struct row *row = &rows[_i];
	enum frame_sender sender = legal_sender(row);
	struct frame_head head = legal_head(row);

	ck_assert(frame_check(sender, &head));
	head.body_len = wire_len(row, row->max);
	ck_assert(frame_check(sender, &head));
	head.body_len++;
	ck_assert(!frame_check(sender, &head));
	head.body_len = UINT16_MAX;
	ck_assert(!frame_check(sender, &head));
	if (row->min > 0) {
		head.body_len = (uint16_t)(wire_len(row, row->min) - 1);
		ck_assert(!frame_check(sender, &head));
		head.body_len = 0;
		ck_assert(!frame_check(sender, &head));
	}
	if (row->type != FRAME_CARRY) {
		/* Nothing sealed is no payload: it has one spelling. */
		head.body_len = LIMITS_TAG_LEN;
		ck_assert(!frame_check(sender, &head));
	}
}
END_TEST

START_TEST(unknown_types_are_refused)
{
	struct frame_head head = { .body_len = 24, .channel = 1 };
	unsigned known = 0;

	for (unsigned type = 0; type <= UINT8_MAX; type++) {
		bool any = false;

		for (int i = 0; i < ROWS; i++) {
			any = any || rows[i].type == (enum frame_type)type;
		}
		if (any) {
			known++;
			continue;
		}
		head.type = (enum frame_type)type;
		ck_assert_str_eq(frame_name(head.type), "unknown");
		for (unsigned sender = 0; sender < SENDERS; sender++) {
			ck_assert(
			    !frame_check((enum frame_sender)sender, &head));
		}
	}
	ck_assert_uint_eq(known, (unsigned)ROWS);
}
END_TEST

START_TEST(headers_survive_the_wire)
{
	const struct row *row = &rows[_i];
	struct frame_head head = legal_head(row);
	struct frame_head out;
	uint8_t wire[LIMITS_FRAME_HEAD_LEN];
	struct seal tx;
	struct seal rx;

	seal_init(&tx, key, nonce);
	seal_init(&rx, key, nonce);
	for (uint8_t flags = 0; flags < 3; flags++) {
		head.flags = flags;
		frame_head_lock(&tx, &head, wire);
		memset(&out, 0xff, sizeof(out));
		ck_assert_int_eq(
		    frame_head_open(&rx, legal_sender(row), wire, &out),
		    WIRE_OK);
		ck_assert_int_eq((int)out.type, (int)head.type);
		ck_assert_uint_eq(out.flags, flags);
		ck_assert_uint_eq(out.body_len, head.body_len);
		ck_assert_uint_eq(out.channel, head.channel);
	}
	ck_assert_uint_eq(seal_counter(&rx), 3);
}
END_TEST

START_TEST(the_header_is_laid_out_as_written)
{
	/* PROTOCOL.md section 5: type, flags, length, channel. */
	static const uint8_t expected[] = { 14, 9, 0x12, 0x34, 0xde, 0xad, 0xbe,
		0xef };
	struct frame_head head = {
		.type = FRAME_CARRY,
		.flags = 9,
		.body_len = 0x1234,
		.channel = UINT32_C(0xdeadbeef),
	};
	uint8_t wire[LIMITS_FRAME_HEAD_LEN];
	struct seal tx;
	struct seal rx;

	seal_init(&tx, key, nonce);
	seal_init(&rx, key, nonce);
	frame_head_lock(&tx, &head, wire);
	ck_assert_int_eq(seal_open(&rx, wire, LIMITS_FRAME_PLAIN_LEN), 0);
	ck_assert_mem_eq(wire + SEAL_OVERHEAD, expected, sizeof(expected));
}
END_TEST

START_TEST(a_changed_bit_is_noticed)
{
	struct frame_head head = legal_head(&rows[1]);
	struct frame_head out;
	uint8_t wire[LIMITS_FRAME_HEAD_LEN];
	struct seal tx;
	struct seal rx;

	seal_init(&tx, key, nonce);
	seal_init(&rx, key, nonce);
	frame_head_lock(&tx, &head, wire);
	for (size_t bit = 0; bit < 8 * sizeof(wire); bit++) {
		uint8_t bad[sizeof(wire)];

		memcpy(bad, wire, sizeof(wire));
		bad[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		ck_assert_int_eq(
		    frame_head_open(&rx, FRAME_FROM_GATEWAY, bad, &out),
		    WIRE_BAD);
	}
	/* None of that moved the counter. */
	ck_assert_int_eq(
	    frame_head_open(&rx, FRAME_FROM_GATEWAY, wire, &out), WIRE_OK);
}
END_TEST

/* Sealed rightly, but not what the sender may say. */
START_TEST(an_illegal_header_is_refused)
{
	struct frame_head head = legal_head(&rows[0]);
	struct frame_head out;
	uint8_t wire[LIMITS_FRAME_HEAD_LEN];
	struct seal tx;
	struct seal rx;

	seal_init(&tx, key, nonce);
	seal_init(&rx, key, nonce);
	frame_head_lock(&tx, &head, wire);
	ck_assert_int_eq(
	    frame_head_open(&rx, FRAME_FROM_AGENT, wire, &out), WIRE_BAD);
	head.type = (enum frame_type)99;
	frame_head_lock(&tx, &head, wire);
	ck_assert_int_eq(
	    frame_head_open(&rx, FRAME_FROM_AGENT, wire, &out), WIRE_BAD);
}
END_TEST

START_TEST(a_payload_is_sealed_unless_empty)
{
	ck_assert_uint_eq(frame_body_len(0), 0);
	ck_assert_uint_eq(frame_body_len(1), 17);
	ck_assert_uint_eq(frame_body_len(8), 24);
	ck_assert_uint_le(
	    frame_body_len(LIMITS_CONTROL_MAX), LIMITS_FRAME_BODY_MAX);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("frame");
	TCase *tcase = tcase_create("frame");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, names_are_those_of_the_table, 0, ROWS);
	tcase_add_loop_test(
	    tcase, only_the_senders_of_the_table_may_send, 0, ROWS);
	tcase_add_loop_test(tcase, the_channel_is_zero_or_not, 0, ROWS);
	tcase_add_loop_test(tcase, lengths_are_within_bounds, 0, ROWS);
	tcase_add_test(tcase, unknown_types_are_refused);
	tcase_add_loop_test(tcase, headers_survive_the_wire, 0, ROWS);
	tcase_add_test(tcase, the_header_is_laid_out_as_written);
	tcase_add_test(tcase, a_changed_bit_is_noticed);
	tcase_add_test(tcase, an_illegal_header_is_refused);
	tcase_add_test(tcase, a_payload_is_sealed_unless_empty);
	return unit_main(suite);
}
