/* SPDX-License-Identifier: ISC */

#include "common/wire.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"

/* One of everything, as the reader and the writer agree on it. */
static const uint8_t sample[] = {
	0x01,                                           /* u8 */
	0x02, 0x03,                                     /* u16 */
	0x04, 0x05, 0x06, 0x07,                         /* u32 */
	0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff, /* u64 */
	'x', 'y', 'z',                                  /* bytes */
	4, 'n', 'a', 'm', 'e',                          /* str8 */
	'!',                                            /* rest */
};

struct values {
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	char bytes[3];
	char name[8];
	size_t rest;
};

/* Read one of everything from len bytes at data, in an exact allocation. */
static void
read_all(struct wire_reader *reader, const uint8_t *data, size_t len,
    struct values *v)
{
	memset(v, 0x55, sizeof(*v));
	wire_read_from(reader, data, len);
	v->u8 = wire_get_u8(reader);
	v->u16 = wire_get_u16(reader);
	v->u32 = wire_get_u32(reader);
	v->u64 = wire_get_u64(reader);
	wire_get_copy(reader, v->bytes, sizeof(v->bytes));
	wire_get_str8(reader, v->name, sizeof(v->name));
	(void)wire_get_rest(reader, &v->rest);
}

START_TEST(reads_what_is_there)
{
	struct wire_reader reader;
	struct values v;

	read_all(&reader, sample, sizeof(sample), &v);
	ck_assert_uint_eq(v.u8, 1);
	ck_assert_uint_eq(v.u16, 0x0203);
	ck_assert_uint_eq(v.u32, 0x04050607);
	ck_assert_uint_eq(v.u64, 0xf8f9fafbfcfdfeffu);
	ck_assert_mem_eq(v.bytes, "xyz", 3);
	ck_assert_str_eq(v.name, "name");
	ck_assert_uint_eq(v.rest, 1);
	ck_assert(wire_reader_ok(&reader));
	ck_assert(wire_reader_done(&reader));
}
END_TEST

START_TEST(truncated_is_bad_and_yields_zeroes)
{
	/* The last byte is the rest, which may be empty. */
	for (size_t len = 0; len < sizeof(sample) - 1; len++) {
		struct wire_reader reader;
		struct values v;
		uint8_t *copy = malloc(len);

		memcpy(copy, sample, len);
		read_all(&reader, copy, len, &v);
		ck_assert(!wire_reader_ok(&reader));
		ck_assert(!wire_reader_done(&reader));
		ck_assert_uint_eq(wire_left(&reader), 0);
		ck_assert_str_eq(v.name, "");
		ck_assert_uint_eq(v.rest, 0);
		ck_assert(len >= 1 || v.u8 == 0);
		ck_assert(len >= 3 || v.u16 == 0);
		ck_assert(len >= 7 || v.u32 == 0);
		ck_assert(len >= 15 || v.u64 == 0);
		ck_assert(len >= 18 || memcmp(v.bytes, "\0\0\0", 3) == 0);
		free(copy);
	}
}
END_TEST

START_TEST(bad_stays_bad)
{
	static const uint8_t two[] = { 1, 2 };
	struct wire_reader reader;

	wire_read_from(&reader, two, 2);
	ck_assert_uint_eq(wire_get_u32(&reader), 0);
	/* These would fit, had the first access not gone wrong. */
	ck_assert_uint_eq(wire_get_u8(&reader), 0);
	ck_assert_ptr_null(wire_get_bytes(&reader, 1));
	ck_assert_ptr_null(wire_get_bytes(&reader, 0));
	ck_assert(!wire_reader_ok(&reader));
}
END_TEST

START_TEST(bytes_are_in_place)
{
	struct wire_reader reader;
	size_t len;

	wire_read_from(&reader, sample, sizeof(sample));
	ck_assert_ptr_eq(wire_get_bytes(&reader, 3), sample);
	ck_assert_uint_eq(wire_left(&reader), sizeof(sample) - 3);
	ck_assert(wire_reader_ok(&reader));
	ck_assert(!wire_reader_done(&reader));
	ck_assert_ptr_eq(wire_get_rest(&reader, &len), sample + 3);
	ck_assert_uint_eq(len, sizeof(sample) - 3);
	ck_assert(wire_reader_done(&reader));
}
END_TEST

START_TEST(huge_length_does_not_wrap)
{
	struct wire_reader reader;
	struct wire_writer writer;
	uint8_t space[4];

	wire_read_from(&reader, sample, 4);
	ck_assert_ptr_null(wire_get_bytes(&reader, SIZE_MAX));
	ck_assert(!wire_reader_ok(&reader));
	wire_write_to(&writer, space, sizeof(space));
	wire_put_bytes(&writer, sample, SIZE_MAX);
	ck_assert(!wire_writer_ok(&writer));
}
END_TEST

START_TEST(nothing_is_allowed)
{
	struct wire_reader reader;
	struct wire_writer writer;
	size_t len = 1;

	wire_read_from(&reader, NULL, 0);
	wire_get_copy(&reader, NULL, 0);
	(void)wire_get_bytes(&reader, 0);
	(void)wire_get_rest(&reader, &len);
	ck_assert_uint_eq(len, 0);
	ck_assert(wire_reader_done(&reader));
	ck_assert_uint_eq(wire_get_u8(&reader), 0);
	ck_assert(!wire_reader_ok(&reader));

	wire_write_to(&writer, NULL, 0);
	wire_put_bytes(&writer, NULL, 0);
	ck_assert(wire_writer_ok(&writer));
	ck_assert_uint_eq(wire_written(&writer), 0);
	wire_put_u8(&writer, 1);
	ck_assert(!wire_writer_ok(&writer));
}
END_TEST

START_TEST(str8_refuses_what_does_not_fit)
{
	static const uint8_t nul[] = { 3, 'a', 0, 'b' };
	static const uint8_t empty[] = { 0 };
	struct wire_reader reader;
	char out[5] = "full";

	wire_read_from(&reader, sample + 18, 5);
	wire_get_str8(&reader, out, 4);
	ck_assert(!wire_reader_ok(&reader));
	ck_assert_str_eq(out, "");

	wire_read_from(&reader, sample + 18, 5);
	wire_get_str8(&reader, out, 5);
	ck_assert(wire_reader_done(&reader));
	ck_assert_str_eq(out, "name");

	wire_read_from(&reader, nul, sizeof(nul));
	wire_get_str8(&reader, out, sizeof(out));
	ck_assert(!wire_reader_ok(&reader));
	ck_assert_str_eq(out, "");

	wire_read_from(&reader, empty, sizeof(empty));
	memcpy(out, "full", 5);
	wire_get_str8(&reader, out, 1);
	ck_assert(wire_reader_done(&reader));
	ck_assert_str_eq(out, "");
}
END_TEST

/* Write the sample into size bytes at data. */
static void
write_all(struct wire_writer *writer, uint8_t *data, size_t size)
{
	wire_write_to(writer, data, size);
	wire_put_u8(writer, 1);
	wire_put_u16(writer, 0x0203);
	wire_put_u32(writer, 0x04050607);
	wire_put_u64(writer, 0xf8f9fafbfcfdfeffu);
	wire_put_bytes(writer, "xyz", 3);
	wire_put_str8(writer, "name");
	wire_put_u8(writer, '!');
}

START_TEST(writes_what_fits)
{
	struct wire_writer writer;
	uint8_t out[sizeof(sample)];

	write_all(&writer, out, sizeof(out));
	ck_assert(wire_writer_ok(&writer));
	ck_assert_uint_eq(wire_written(&writer), sizeof(sample));
	ck_assert_mem_eq(out, sample, sizeof(sample));
}
END_TEST

START_TEST(writes_nothing_beyond)
{
	for (size_t len = 0; len < sizeof(sample); len++) {
		struct wire_writer writer;
		uint8_t *space = malloc(len);

		write_all(&writer, space, len);
		ck_assert(!wire_writer_ok(&writer));
		ck_assert_uint_eq(wire_written(&writer), 0);
		free(space);
	}
}
END_TEST

START_TEST(str8_of_255_is_the_longest)
{
	struct wire_writer writer;
	struct wire_reader reader;
	uint8_t out[512];
	char text[257];
	char back[256];

	memset(text, 'a', sizeof(text));
	text[256] = '\0';
	wire_write_to(&writer, out, sizeof(out));
	wire_put_str8(&writer, text);
	ck_assert(!wire_writer_ok(&writer));
	ck_assert_uint_eq(wire_written(&writer), 0);

	text[255] = '\0';
	wire_write_to(&writer, out, sizeof(out));
	wire_put_str8(&writer, text);
	ck_assert_uint_eq(wire_written(&writer), 256);
	wire_read_from(&reader, out, 256);
	wire_get_str8(&reader, back, sizeof(back));
	ck_assert(wire_reader_done(&reader));
	ck_assert_str_eq(back, text);
}
END_TEST

START_TEST(the_caller_can_refuse)
{
	struct wire_writer writer;
	struct wire_reader reader;
	uint8_t bytes[2] = { 1, 2 };

	wire_read_from(&reader, bytes, sizeof(bytes));
	ck_assert_uint_eq(wire_get_u8(&reader), 1);
	wire_reader_fail(&reader);
	ck_assert(!wire_reader_ok(&reader));
	ck_assert_uint_eq(wire_get_u8(&reader), 0);
	ck_assert_uint_eq(wire_left(&reader), 0);

	wire_write_to(&writer, bytes, sizeof(bytes));
	wire_put_u8(&writer, 3);
	wire_writer_fail(&writer);
	wire_put_u8(&writer, 4);
	ck_assert(!wire_writer_ok(&writer));
	ck_assert_uint_eq(wire_written(&writer), 0);
	ck_assert_uint_eq(bytes[1], 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("wire");
	TCase *tcase = tcase_create("wire");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, reads_what_is_there);
	tcase_add_test(tcase, truncated_is_bad_and_yields_zeroes);
	tcase_add_test(tcase, bad_stays_bad);
	tcase_add_test(tcase, bytes_are_in_place);
	tcase_add_test(tcase, huge_length_does_not_wrap);
	tcase_add_test(tcase, nothing_is_allowed);
	tcase_add_test(tcase, str8_refuses_what_does_not_fit);
	tcase_add_test(tcase, writes_what_fits);
	tcase_add_test(tcase, writes_nothing_beyond);
	tcase_add_test(tcase, str8_of_255_is_the_longest);
	tcase_add_test(tcase, the_caller_can_refuse);
	return unit_main(suite);
}
