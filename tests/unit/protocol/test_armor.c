/* SPDX-License-Identifier: ISC */
#include "protocol/armor.h"

#include <string.h>

#include "tests/support/unit.h"

#define TEXT_MAX 200
#define ROOM (TEXT_MAX + 8)

/* All that may stand in a text, the aliases last. */
static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
			      "uvwxyz0123456789-_.:,";

/* Make a text of len characters that uses all of them; returns its length. */
static size_t
make(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		text[i] = allowed[(i * 29 + len) % (sizeof(allowed) - 1)];
	}
	armor_protect(text, len);
	return len + armor_checks(len);
}

START_TEST(lengths_are_those_of_pieces)
{
	ck_assert_uint_eq(armor_checks(0), 0);
	ck_assert_uint_eq(armor_checks(1), 2);
	ck_assert_uint_eq(armor_checks(61), 2);
	ck_assert_uint_eq(armor_checks(62), 4);
	for (size_t len = 1; len < 1000; len++) {
		ck_assert_uint_eq(armor_text_len(len + armor_checks(len)), len);
	}
	ck_assert_uint_eq(armor_text_len(0), 0);
	ck_assert_uint_eq(armor_text_len(1), 0);
	ck_assert_uint_eq(armor_text_len(2), 0);
	ck_assert_uint_eq(armor_text_len(64), 0);
	ck_assert_uint_eq(armor_text_len(65), 0);
	ck_assert_uint_eq(armor_text_len(127), 0);
}
END_TEST

START_TEST(numbers_come_back)
{
	char text[ARMOR_NUMBER_LEN + 1] = "";

	for (size_t number = 0; number <= ARMOR_NUMBER_MAX; number++) {
		armor_put_number(text, number);
		ck_assert_uint_eq(armor_get_number(text), number);
	}
	ck_assert_str_eq(text, "__");
	/* The aliases are no digits, nor is the end of a text. */
	ck_assert_uint_eq(armor_get_number("B."), 0);
	ck_assert_uint_eq(armor_get_number(":B"), 0);
	ck_assert_uint_eq(armor_get_number("B"), 0);
}
END_TEST

START_TEST(good_is_good)
{
	char text[ROOM];
	size_t index = 12345;

	for (size_t len = 1; len <= TEXT_MAX; len++) {
		size_t all = make(text, len);

		ck_assert_int_eq(armor_verify(text, all, &index), ARMOR_OK);
	}
	ck_assert_uint_eq(index, 12345);
}
END_TEST

/* Put c to place in a text; nothing, or the place, must be the answer. */
static void
check_place(char *text, size_t len, size_t place, char c)
{
	static const char alias[] = "ABC";
	static const char signs[] = ".:,";
	char was = text[place];
	const char *sign = strchr(signs, was);
	char same = sign != NULL ? alias[sign - signs] : was;
	size_t index = 12345;
	enum armor_result result;

	sign = strchr(signs, c);
	text[place] = c;
	result = armor_verify(text, len, &index);
	text[place] = was;
	if ((sign != NULL ? alias[sign - signs] : c) == same) {
		ck_assert_int_eq(result, ARMOR_OK);
	} else {
		ck_assert_int_eq(result, ARMOR_TYPO);
		ck_assert_uint_eq(index, place);
	}
}

START_TEST(every_wrong_character_is_placed)
{
	static const size_t lens[] = { 1, 2, 48, 60, 61, 62, 122, 123, 200 };
	char text[ROOM];

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		size_t all = make(text, lens[i]);

		for (size_t place = 0; place < all; place += unit_stride(7)) {
			for (const char *c = allowed; *c != '\0'; c++) {
				check_place(text, all, place, *c);
			}
		}
	}
}
END_TEST

/* Neighbours that changed places are the commonest pair of mistakes. */
START_TEST(swaps_are_never_taken_for_good)
{
	char text[ROOM];
	size_t all = make(text, 150);
	size_t index = 0;

	for (size_t i = 0; i + 1 < all; i++) {
		char was = text[i];

		text[i] = text[i + 1];
		text[i + 1] = was;
		if (text[i] != was) {
			ck_assert_int_ne(
			    armor_verify(text, all, &index), ARMOR_OK);
			ck_assert_uint_le(index, i + 1);
		}
		text[i + 1] = text[i];
		text[i] = was;
	}
}
END_TEST

START_TEST(two_mistakes_are_noticed)
{
	char text[ROOM];
	size_t all = make(text, 40);
	size_t index = 0;

	for (size_t i = 0; i < all; i++) {
		for (size_t j = 0; j < i; j++) {
			char first = text[i];
			char second = text[j];

			text[i] = first == 'q' ? 'r' : 'q';
			text[j] = second == 'q' ? 'r' : 'q';
			ck_assert_int_ne(
			    armor_verify(text, all, &index), ARMOR_OK);
			text[i] = first;
			text[j] = second;
		}
	}
}
END_TEST

START_TEST(mistakes_in_two_pieces_name_the_first)
{
	char text[ROOM];
	size_t all = make(text, 150);
	size_t index = 12345;

	text[70] = text[70] == 'q' ? 'r' : 'q';
	text[140] = text[140] == 'q' ? 'r' : 'q';
	ck_assert_int_eq(armor_verify(text, all, &index), ARMOR_GARBLED);
	ck_assert_uint_eq(index, 61);
}
END_TEST

START_TEST(foreign_characters_are_placed)
{
	char text[ROOM];
	size_t all = make(text, 70);

	for (unsigned c = 0; c < 256; c++) {
		size_t index = 12345;

		if (c != 0 && strchr(allowed, (int)c) != NULL) {
			continue;
		}
		memset(text + 33, (int)c, 1);
		ck_assert_int_eq(
		    armor_verify(text, all, &index), ARMOR_CHARACTER);
		ck_assert_uint_eq(index, 33);
	}
}
END_TEST

START_TEST(impossible_lengths_are_said)
{
	char text[ROOM];
	size_t index = 12345;

	make(text, TEXT_MAX);
	ck_assert_int_eq(armor_verify(text, 0, &index), ARMOR_LENGTH);
	ck_assert_int_eq(armor_verify(text, 64, &index), ARMOR_LENGTH);
	ck_assert_uint_eq(index, 12345);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("armor");
	TCase *tcase = tcase_create("armor");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, lengths_are_those_of_pieces);
	tcase_add_test(tcase, numbers_come_back);
	tcase_add_test(tcase, good_is_good);
	tcase_add_test(tcase, every_wrong_character_is_placed);
	tcase_add_test(tcase, swaps_are_never_taken_for_good);
	tcase_add_test(tcase, two_mistakes_are_noticed);
	tcase_add_test(tcase, mistakes_in_two_pieces_name_the_first);
	tcase_add_test(tcase, foreign_characters_are_placed);
	tcase_add_test(tcase, impossible_lengths_are_said);
	return unit_main(suite);
}
