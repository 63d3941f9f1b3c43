/* SPDX-License-Identifier: ISC */

#include "protocol/record.h"

#include <string.h>

#include "tests/support/unit.h"

START_TEST(head_comes_back)
{
	const struct record_head head = { RECORD_DATA, RECORD_FIN, 0x01020304 };
	static const uint8_t wire[] = { 3, 1, 0, 0, 1, 2, 3, 4 };
	uint8_t out[LIMITS_RECORD_HEAD_LEN];
	struct record_head back;

	record_head_encode(&head, out);
	ck_assert_mem_eq(out, wire, sizeof(wire));
	ck_assert_int_eq(
	    record_head_decode(&back, RECORD_FROM_OPENER, out, sizeof(out)), 0);
	ck_assert_int_eq(back.type, RECORD_DATA);
	ck_assert_uint_eq(back.flags, RECORD_FIN);
	ck_assert_uint_eq(back.stream, 0x01020304);
}
END_TEST

struct row {
	enum record_type type;
	unsigned senders;
	uint32_t stream;
	size_t min;
	size_t max;
};

/* What decoding says of a record of row with len bytes of payload. */
static int
judge(const struct row *row, unsigned sender, uint32_t stream, size_t len)
{
	static uint8_t in[LIMITS_RECORD_MAX];
	const struct record_head head = { row->type, 0, stream };
	struct record_head back;

	record_head_encode(&head, in);
	return record_head_decode(&back, (enum record_sender)sender, in,
	    LIMITS_RECORD_HEAD_LEN + len);
}

/* Every row of records.def: its senders, its stream, both its bounds. */
START_TEST(table_is_enforced)
{
	enum {
		O = 1,
		P = 2,
		ZERO = 0,
		SOME = 1
	};
	static const struct row rows[] = {
#define RECORD(code, name, senders, stream, min, max)                          \
	{ RECORD_##name, senders, stream, min, max },
#include "protocol/records.def"
#undef RECORD
	};

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i / 2];
		unsigned sender = i % 2;
		int want = (row->senders & (1U << sender)) != 0 ? 0 : -1;

		ck_assert_int_eq(
		    judge(row, sender, row->stream, row->min), want);
		ck_assert_int_eq(
		    judge(row, sender, row->stream, row->max), want);
		ck_assert_int_eq(
		    judge(row, sender, row->stream, row->max + 1), -1);
		if (row->min > 0) {
			ck_assert_int_eq(
			    judge(row, sender, row->stream, row->min - 1), -1);
		}
		ck_assert_int_eq(
		    judge(row, sender, !row->stream, row->min), -1);
		ck_assert_str_ne(record_name(row->type), "unknown");
	}
}
END_TEST

START_TEST(unknown_types_are_refused)
{
	uint8_t in[LIMITS_RECORD_HEAD_LEN + 8] = { 0 };
	struct record_head back;
	unsigned known = 0;

	for (unsigned type = 0; type < 256; type++) {
		const char *name;

		in[0] = (uint8_t)type;
		/* NOLINTNEXTLINE(*EnumCastOutOfRange): what a peer may send. */
		name = record_name((enum record_type)type);
		if (strcmp(name, "unknown") != 0) {
			known++;
			continue;
		}
		ck_assert_int_eq(record_head_decode(
				     &back, RECORD_FROM_OPENER, in, sizeof(in)),
		    -1);
	}
	ck_assert_uint_eq(known, 13);
	for (size_t len = 0; len < LIMITS_RECORD_HEAD_LEN; len++) {
		in[0] = RECORD_REKEY;
		ck_assert_int_eq(
		    record_head_decode(&back, RECORD_FROM_OPENER, in, len), -1);
	}
}
END_TEST

START_TEST(open_comes_back_or_is_refused)
{
	struct record_open open = {
		.target = { STREAM_TCP, "db.lan", 5432 },
		.window = 262144,
	};
	struct record_open back;
	uint8_t wire[512];
	size_t len = record_open_encode(&open, wire, sizeof(wire));

	ck_assert_uint_eq(len, 1 + 4 + 1 + 6 + 2);
	ck_assert_int_eq(record_open_decode(&back, wire, len), 0);
	ck_assert_str_eq(back.target.name, "db.lan");
	ck_assert_uint_eq(back.target.port, 5432);
	ck_assert_uint_eq(back.window, 262144);
	for (size_t cut = 0; cut < len; cut++) {
		ck_assert_int_eq(record_open_decode(&back, wire, cut), -1);
		ck_assert_uint_eq(
		    record_open_encode(&open, wire + 256, cut), 0);
	}
	wire[len] = 0;
	ck_assert_int_eq(record_open_decode(&back, wire, len + 1), -1);
	wire[0] = 3;
	ck_assert_int_eq(record_open_decode(&back, wire, len), -1);
	wire[0] = STREAM_TCP;
	wire[6] = 0;
	ck_assert_int_eq(record_open_decode(&back, wire, len), -1);
	open.window = LIMITS_WINDOW_MIN - 1;
	len = record_open_encode(&open, wire, sizeof(wire));
	ck_assert_int_eq(record_open_decode(&back, wire, len), -1);
}
END_TEST

START_TEST(opened_comes_back_or_is_refused)
{
	static const uint8_t lens[] = { 0, 4, 16 };

	for (size_t i = 0; i < 3; i++) {
		struct record_opened opened = {
			.opened = { .code = CODE_OK,
			    .error = 7,
			    .address = { 127, 0, 0, 1 },
			    .address_len = lens[i],
			    .port = 80,
			    .text = "fine" },
			.window = 65536,
		};
		struct record_opened back;
		uint8_t wire[512];
		size_t len = record_opened_encode(&opened, wire, sizeof(wire));

		ck_assert_int_eq(record_opened_decode(&back, wire, len), 0);
		ck_assert_uint_eq(back.opened.address_len, lens[i]);
		ck_assert_mem_eq(
		    back.opened.address, opened.opened.address, lens[i]);
		ck_assert_str_eq(back.opened.text, "fine");
		ck_assert_int_eq(back.opened.error, 7);
		ck_assert_uint_eq(back.window, 65536);
		for (size_t cut = 0; cut < len; cut++) {
			ck_assert_int_eq(
			    record_opened_decode(&back, wire, cut), -1);
		}
		wire[8] = 5;
		ck_assert_int_eq(record_opened_decode(&back, wire, len), -1);
		/* A window that is too small matters only when it is open. */
		opened.window = 1;
		len = record_opened_encode(&opened, wire, sizeof(wire));
		ck_assert_int_eq(record_opened_decode(&back, wire, len), -1);
		opened.opened.code = CODE_DENIED;
		len = record_opened_encode(&opened, wire, sizeof(wire));
		ck_assert_int_eq(record_opened_decode(&back, wire, len), 0);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("record");
	TCase *tc = tcase_create("record");

	tcase_add_test(tc, head_comes_back);
	tcase_add_test(tc, table_is_enforced);
	tcase_add_test(tc, unknown_types_are_refused);
	tcase_add_test(tc, open_comes_back_or_is_refused);
	tcase_add_test(tc, opened_comes_back_or_is_refused);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
