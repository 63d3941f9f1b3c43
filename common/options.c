/* SPDX-License-Identifier: ISC */
#include "common/options.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/fault.h"
#include "common/mem.h"
#include "common/nearest.h"
#include "common/options_impl.h"
#include "common/quantity.h"

/* Room for one choice of a row. */
#define CHOICE_LEN 32

int
options_find(const struct options_row *rows, const char *name)
{
	for (int i = 0; rows[i].name != NULL; i++) {
		if (strcmp(rows[i].name, name) == 0) {
			return i;
		}
	}
	return -1;
}

/* Return how many rows there are. */
static size_t
row_count(const struct options_row *rows)
{
	size_t n = 0;

	while (rows[n].name != NULL) {
		n++;
	}
	return n;
}

/* Return options of rows with nothing said, or NULL. */
static struct options *
new_of_rows(const struct options_row *rows)
{
	struct options *options = mem_new(1, sizeof(*options));

	if (options == NULL) {
		return NULL;
	}
	options->rows = rows;
	options->slots = mem_new(row_count(rows), sizeof(*options->slots));
	if (options->slots == NULL) {
		mem_free(options);
		return NULL;
	}
	return options;
}

struct options *
options_new(const struct options_table *table)
{
	struct options *options = new_of_rows(table->rows);

	if (options != NULL) {
		options->table = table;
	}
	return options;
}

/* Free the values of slot, wiping them if that is in properties. */
static void
free_values(struct options_slot *slot, unsigned properties)
{
	for (size_t i = 0; i < slot->count; i++) {
		char *text = slot->values[i].text;

		if ((properties & OPTIONS_SECRET) != 0) {
			mem_wipe(text, strlen(text));
		}
		mem_free(text);
	}
	mem_free(slot->values);
}

/* Free a section, which has no sections inside. */
static void
free_section(struct options *section)
{
	if (section == NULL) {
		return;
	}
	for (size_t i = 0; section->rows[i].name != NULL; i++) {
		free_values(&section->slots[i], section->rows[i].properties);
	}
	mem_free(section->slots);
	mem_free(section->title);
	mem_free(section);
}

void
options_free(struct options *options)
{
	if (options == NULL) {
		return;
	}
	for (size_t i = 0; options->rows[i].name != NULL; i++) {
		struct options_slot *slot = &options->slots[i];

		if (options->rows[i].kind != OPTIONS_SECTION) {
			free_values(slot, options->rows[i].properties);
			continue;
		}
		for (size_t j = 0; j < slot->count; j++) {
			free_section(slot->sections[j]);
		}
		mem_free(slot->sections);
	}
	mem_free(options->slots);
	mem_free(options->operands);
	mem_free(options->file);
	mem_free(options);
}

/* Refuse text, which is none of the choices of row, with the nearest. */
static int
refuse_choice(
    const struct options_row *row, const char *text, struct fault *fault)
{
	char best[CHOICE_LEN] = "";
	char word[CHOICE_LEN];
	struct nearest search;
	const char *at = row->choices;

	nearest_begin(&search, text);
	while (*at != '\0') {
		size_t len = strcspn(at, "|");

		(void)snprintf(word, sizeof(word), "%.*s", (int)len, at);
		nearest_try(&search, word);
		if (search.best == word) {
			memcpy(best, word, sizeof(best));
			search.best = best;
		}
		at += len + (at[len] == '|');
	}
	return fault_set(fault, "\"%s\" is not one of %s%s%s%s", text,
	    row->choices, best[0] != '\0' ? "; did you mean \"" : "", best,
	    best[0] != '\0' ? "\"?" : "");
}

/* Check that text is one of the choices of row, if that has some. */
static int
check_choice(
    const struct options_row *row, const char *text, struct fault *fault)
{
	const char *at = row->choices;

	while (at != NULL && *at != '\0') {
		size_t len = strcspn(at, "|");

		if (strlen(text) == len && memcmp(text, at, len) == 0) {
			return 0;
		}
		at += len + (at[len] == '|');
	}
	return row->choices == NULL ? 0 : refuse_choice(row, text, fault);
}

/* Parse text as yes or no. */
static int
parse_flag(const char *text, uint64_t *out)
{
	static const char *const words[] = { "false", "true", "no", "yes",
		"off", "on" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) == 0) {
			*out = i % 2;
			return 0;
		}
	}
	return -1;
}

/* What to know about the kinds with a number. */
static const struct {
	int (*parse)(const char *text, uint64_t *out);
	const char *what;
} kinds[] = {
	[OPTIONS_FLAG] = { parse_flag, "true or false" },
	[OPTIONS_NUMBER] = { quantity_number, "a number" },
	[OPTIONS_SIZE] = { quantity_size, "a size such as 64KiB or 8MiB" },
	[OPTIONS_RATE] = { quantity_rate, "a rate such as 50Mbit" },
	[OPTIONS_DURATION] = { quantity_duration,
	    "a duration such as 500ms, 120s or 5m" },
};

/* Write value in the unit of kind to out; returns out. */
static char *
format_number(enum options_kind kind, uint64_t value, char out[QUANTITY_LEN])
{
	if (kind == OPTIONS_SIZE) {
		return quantity_format_size(value, out);
	}
	if (kind == OPTIONS_RATE) {
		return quantity_format_rate(value, out);
	}
	if (kind == OPTIONS_DURATION) {
		return quantity_format_duration(value, out);
	}
	(void)snprintf(out, QUANTITY_LEN, "%llu", (unsigned long long)value);
	return out;
}

/* Check text against row, and put its number into *out. */
static int
check(const struct options_row *row, const char *text, uint64_t *out,
    struct fault *fault)
{
	char bound[QUANTITY_LEN];

	*out = 0;
	if (row->kind == OPTIONS_STRING || row->kind == OPTIONS_LIST) {
		return check_choice(row, text, fault);
	}
	if (kinds[row->kind].parse(text, out) != 0) {
		return fault_set(
		    fault, "\"%s\" is not %s", text, kinds[row->kind].what);
	}
	if (*out < row->least) {
		return fault_set(fault, "%s is less than %s", text,
		    format_number(row->kind, row->least, bound));
	}
	if (row->most != 0 && *out > row->most) {
		return fault_set(fault, "%s is more than %s", text,
		    format_number(row->kind, row->most, bound));
	}
	return 0;
}

/* Put value into slot at place; on failure nothing changes. */
static int
insert_value(struct options_slot *slot, size_t place,
    const struct options_value *value, struct fault *fault)
{
	struct options_value *grown =
	    mem_grow(slot->values, slot->count + 1, sizeof(*grown));

	if (grown == NULL) {
		return fault_set(fault, "out of memory");
	}
	slot->values = grown;
	memmove(grown + place + 1, grown + place,
	    (slot->count - place) * sizeof(*grown));
	grown[place] = *value;
	slot->count++;
	return 0;
}

/* Keep value for row, or free its text when it does not count. */
static int
keep(const struct options_row *row, struct options_slot *slot,
    struct options_value *value, struct fault *fault)
{
	size_t place = slot->count;

	if (row->kind == OPTIONS_LIST) {
		/* What is in the file stands before what is on the line. */
		while (place > 0 &&
		       slot->values[place - 1].source > value->source) {
			place--;
		}
		return insert_value(slot, place, value, fault);
	}
	if (slot->count == 0) {
		return insert_value(slot, 0, value, fault);
	}
	if (value->source >= slot->values[0].source) {
		struct options_value old = slot->values[0];

		slot->values[0] = *value;
		*value = old;
	}
	mem_free_wiped(value->text, strlen(value->text));
	return 0;
}

int
options_put(struct options *options, size_t i, const char *text,
    enum options_source source, struct fault *fault)
{
	const struct options_row *row = &options->rows[i];
	struct options_slot *slot = &options->slots[i];
	struct options_value value = {
		.source = source,
		.line = source == OPTIONS_FROM_FILE ? slot->line : 0,
	};

	if (check(row, text, &value.number, fault) != 0) {
		return -1;
	}
	value.text = mem_strdup(text);
	if (value.text == NULL) {
		return fault_set(fault, "out of memory");
	}
	if (keep(row, slot, &value, fault) != 0) {
		mem_free_wiped(value.text, strlen(value.text));
		return -1;
	}
	return 0;
}

/* Return a new section of row with that title, or NULL. */
static struct options *
new_section(const struct options_row *row, const char *title)
{
	struct options *section = new_of_rows(row->keys);

	if (section == NULL) {
		return NULL;
	}
	section->row = row;
	section->title = mem_strdup(title);
	if (section->title == NULL) {
		free_section(section);
		return NULL;
	}
	return section;
}

struct options *
options_put_section(
    struct options *options, size_t i, const char *title, struct fault *fault)
{
	const struct options_slot *slot = &options->slots[i];

	for (size_t j = 0; j < slot->count; j++) {
		if (strcmp(slot->sections[j]->title, title) == 0) {
			return slot->sections[j];
		}
	}
	return options_add_section(options, i, title, fault);
}

struct options *
options_add_section(
    struct options *options, size_t i, const char *title, struct fault *fault)
{
	struct options_slot *slot = &options->slots[i];
	struct options **grown;
	struct options *section;

	section = new_section(&options->rows[i], title);
	grown = mem_grow(slot->sections, slot->count + 1, sizeof(*grown));
	if (grown != NULL) {
		slot->sections = grown;
	}
	if (section == NULL || grown == NULL) {
		free_section(section);
		(void)fault_set(fault, "out of memory");
		return NULL;
	}
	slot->sections[slot->count] = section;
	slot->count++;
	return section;
}

/* Return the index of the row called name, which must be there. */
static size_t
must_find(const struct options *options, const char *name)
{
	int i = options_find(options->rows, name);

	assert(i >= 0);
	return i >= 0 ? (size_t)i : 0;
}

/* Return the one value of row i, or NULL when nothing was said. */
static const struct options_value *
only(const struct options *options, size_t i)
{
	const struct options_slot *slot = &options->slots[i];

	assert(options->rows[i].kind != OPTIONS_SECTION);
	return slot->count > 0 ? &slot->values[0] : NULL;
}

bool
options_given(const struct options *options, const char *name)
{
	return options->slots[must_find(options, name)].count > 0;
}

bool
options_flag(const struct options *options, const char *name)
{
	return options_number(options, name) != 0;
}

const char *
options_string(const struct options *options, const char *name)
{
	size_t i = must_find(options, name);
	const struct options_value *value = only(options, i);

	return value != NULL ? value->text : options->rows[i].fallback;
}

char *
options_take(struct options *options, const char *name)
{
	size_t i = must_find(options, name);
	struct options_slot *slot = &options->slots[i];
	char *text;

	if (slot->count == 0) {
		return NULL;
	}
	text = slot->values[0].text;
	slot->count = 0;
	return text;
}

uint64_t
options_number(const struct options *options, const char *name)
{
	size_t i = must_find(options, name);
	const struct options_row *row = &options->rows[i];
	const struct options_value *value = only(options, i);
	uint64_t number = 0;
	struct fault fault;

	if (value != NULL) {
		return value->number;
	}
	if (row->fallback != NULL) {
		int result = check(row, row->fallback, &number, &fault);

		/* Else the table is wrong. */
		assert(result == 0);
		(void)result;
	}
	return number;
}

size_t
options_count(const struct options *options, const char *name)
{
	size_t i = must_find(options, name);

	if (options->slots[i].count == 0 &&
	    options->rows[i].kind == OPTIONS_LIST &&
	    options->rows[i].fallback != NULL) {
		return 1;
	}
	return options->slots[i].count;
}

const char *
options_item(const struct options *options, const char *name, size_t i)
{
	const struct options_slot *slot =
	    &options->slots[must_find(options, name)];

	if (slot->count == 0) {
		return options_string(options, name);
	}
	assert(i < slot->count);
	return slot->values[i].text;
}

const struct options *
options_section(const struct options *options, const char *name, size_t i)
{
	const struct options_slot *slot =
	    &options->slots[must_find(options, name)];

	assert(i < slot->count);
	return slot->sections[i];
}

const char *
options_title(const struct options *section)
{
	return section->title;
}

size_t
options_operand_count(const struct options *options)
{
	return options->operand_count;
}

char *
options_operand(const struct options *options, size_t i)
{
	assert(i < options->operand_count);
	return options->operands[i];
}

char *
options_place(const struct options *section, char *out, size_t size)
{
	if (section->line != 0) {
		(void)snprintf(
		    out, size, "%s:%u", section->file, section->line);
	} else {
		(void)snprintf(out, size, "--%s", section->row->flag);
	}
	return out;
}

/* Put the place of a section in front of what fault says. */
static int
blame_section(const struct options *section, struct fault *fault)
{
	const struct options_row *row = section->row;

	if (row == NULL) {
		return -1;
	}
	if (section->line != 0) {
		return fault_prefix(fault, "%s:%u: %s %s", section->file,
		    section->line, row->name, section->title);
	}
	return fault_prefix(fault, "--%s %s", row->flag, section->title);
}

int
options_refuse(const struct options *options, const char *name, size_t i,
    struct fault *fault, const char *format, ...)
{
	const struct options_slot *slot;
	struct fault why;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why.text, sizeof(why.text), format, args);
	va_end(args);
	*fault = why;
	if (name == NULL) {
		return blame_section(options, fault);
	}
	slot = &options->slots[must_find(options, name)];
	if (i < slot->count && slot->values[i].line != 0) {
		return fault_prefix(fault, "%s:%u: %s", options->file,
		    slot->values[i].line, name);
	}
	if (options->row != NULL) {
		return blame_section(options, fault);
	}
	return fault_prefix(fault, "--%s", name);
}
