/* SPDX-License-Identifier: ISC */
#include "relay/allowance.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/quantity.h"

struct row {
	const char *name;
	enum allowance_unit unit;
	uint64_t least;
	uint64_t most;
};

static const struct row rows[ALLOWANCE_KEYS] = {
	[ALLOWANCE_DEVICES] = { "devices", ALLOWANCE_COUNT, 0,
	    ALLOWANCE_COUNT_MAX },
	[ALLOWANCE_HOSTS] = { "hosts", ALLOWANCE_COUNT, 0,
	    ALLOWANCE_COUNT_MAX },
	[ALLOWANCE_LINKS] = { "links", ALLOWANCE_COUNT, 0,
	    ALLOWANCE_COUNT_MAX },
	[ALLOWANCE_CHANNELS] = { "channels", ALLOWANCE_COUNT, 0,
	    ALLOWANCE_COUNT_MAX },
	[ALLOWANCE_ATTACHES] = { "attaches", ALLOWANCE_COUNT, 0,
	    ALLOWANCE_COUNT_MAX },
	[ALLOWANCE_RATE_UP] = { "rate-up", ALLOWANCE_BITS, ALLOWANCE_RATE_MIN,
	    ALLOWANCE_RATE_MAX },
	[ALLOWANCE_RATE_DOWN] = { "rate-down", ALLOWANCE_BITS,
	    ALLOWANCE_RATE_MIN, ALLOWANCE_RATE_MAX },
	[ALLOWANCE_BURST] = { "burst", ALLOWANCE_BYTES, ALLOWANCE_BURST_MIN,
	    ALLOWANCE_BURST_MAX },
	[ALLOWANCE_MONTH] = { "month", ALLOWANCE_BYTES, 0,
	    ALLOWANCE_MONTH_MAX },
};

const char *
allowance_name(enum allowance_key key)
{
	return rows[key].name;
}

enum allowance_unit
allowance_unit(enum allowance_key key)
{
	return rows[key].unit;
}

uint64_t
allowance_least(enum allowance_key key)
{
	return rows[key].least;
}

uint64_t
allowance_most(enum allowance_key key)
{
	return rows[key].most;
}

int
allowance_find(const char *name, enum allowance_key *out)
{
	for (int key = 0; key < ALLOWANCE_KEYS; key++) {
		if (strcmp(rows[key].name, name) == 0) {
			*out = (enum allowance_key)key;
			return 0;
		}
	}
	return -1;
}

/* --- words ----------------------------------------------------------- */

/* A number alone is bits a second, as programs read it. */
static int
read_rate(const char *text, uint64_t *out)
{
	return quantity_number(text, out) == 0 ? 0 : quantity_rate(text, out);
}

/* Read a value of key, which is not "none"; 0, or -1 and *why. */
static int
read_value(
    enum allowance_key key, const char *text, uint64_t *out, const char **why)
{
	static int (*const readers[])(const char *, uint64_t *) = {
		[ALLOWANCE_COUNT] = quantity_number,
		[ALLOWANCE_BITS] = read_rate,
		[ALLOWANCE_BYTES] = quantity_size,
	};
	static const char *const misread[] = {
		[ALLOWANCE_COUNT] = "That limit is a number or none: hosts=5.",
		[ALLOWANCE_BITS] = ("A rate is a number with a unit, or none: "
				    "rate-down=10Mbit, rate-up=1.5MB."),
		[ALLOWANCE_BYTES] = ("That limit is a size, or none: "
				     "month=200GiB, burst=1MiB."),
	};
	static const char *const excess[] = {
		[ALLOWANCE_COUNT] = "A number can be 1000000000 at most.",
		[ALLOWANCE_BITS] = "A rate can be from 64kbit to 1000Gbit.",
		[ALLOWANCE_BYTES] = ("A burst can be from 16KiB to 1GiB, a "
				     "month up to 1024TiB."),
	};
	const struct row *row = &rows[key];

	if (readers[row->unit](text, out) != 0) {
		*why = misread[row->unit];
		return -1;
	}
	if (*out < row->least || *out > row->most) {
		*why = excess[row->unit];
		return -1;
	}
	return 0;
}

static int
change_key(enum allowance_key key, const char *text, struct allowance *change,
    const char **why)
{
	uint64_t value = ALLOWANCE_NONE;

	if (strcmp(text, "none") != 0 &&
	    read_value(key, text, &value, why) != 0) {
		return -1;
	}
	change->set[key] = true;
	change->value[key] = value;
	return 0;
}

int
allowance_change(const char *text, struct allowance *change, const char **why)
{
	char name[ALLOWANCE_NAME_LEN];
	size_t len = strcspn(text, "=");
	enum allowance_key key;

	*why = "A limit is devices, hosts, links, channels, attaches, rate-up, "
	       "rate-down, burst or month, with a value or none: hosts=5 "
	       "rate-down=10Mbit month=200GiB.";
	if (text[len] == '\0' || len >= sizeof(name)) {
		return -1;
	}
	memcpy(name, text, len);
	name[len] = '\0';
	text += len + 1;
	if (strcmp(name, ALLOWANCE_RATE_NAME) == 0) {
		return change_key(ALLOWANCE_RATE_UP, text, change, why) == 0
			   ? change_key(ALLOWANCE_RATE_DOWN, text, change, why)
			   : -1;
	}
	return allowance_find(name, &key) == 0
		   ? change_key(key, text, change, why)
		   : -1;
}

/* Copy what people read, "10 Mbit/s", as it is typed. */
static void
squeeze(const char *text, char out[ALLOWANCE_TEXT_LEN])
{
	size_t len = 0;

	for (; *text != '\0' && *text != '/'; text++) {
		if (*text != ' ') {
			out[len++] = *text;
		}
	}
	out[len] = '\0';
}

const char *
allowance_text(
    enum allowance_key key, uint64_t value, char out[ALLOWANCE_TEXT_LEN])
{
	char text[QUANTITY_LEN];

	if (value == ALLOWANCE_NONE) {
		(void)snprintf(out, ALLOWANCE_TEXT_LEN, "none");
		return out;
	}
	switch (rows[key].unit) {
	case ALLOWANCE_COUNT:
		(void)snprintf(out, ALLOWANCE_TEXT_LEN, "%" PRIu64, value);
		break;
	case ALLOWANCE_BITS:
		squeeze(quantity_format_rate(value, text), out);
		break;
	case ALLOWANCE_BYTES:
		squeeze(quantity_format_size(value, text), out);
		break;
	}
	return out;
}

/* --- sets ------------------------------------------------------------ */

void
allowance_set(
    struct allowance *allowance, enum allowance_key key, uint64_t value)
{
	allowance->set[key] = value != ALLOWANCE_NONE;
	allowance->value[key] = value != ALLOWANCE_NONE ? value : 0;
}

uint64_t
allowance_get(const struct allowance *allowance, enum allowance_key key)
{
	return allowance->set[key] ? allowance->value[key] : ALLOWANCE_NONE;
}
