/* SPDX-License-Identifier: ISC */
/*
 * quantity: numbers with units, as people write them.
 *
 * All parsers take the whole text, without spaces or sign, and return 0, or -1
 * for what is not one or does not fit into 64 bits; *out is then untouched.
 * Units are told apart by case as their standards write them, but for the
 * first letter of k: a unit that is almost right is refused instead of guessed.
 */
#ifndef INROAD_COMMON_QUANTITY_H
#define INROAD_COMMON_QUANTITY_H

#include <stddef.h>
#include <stdint.h>

/* Room for the text of any formatter. */
#define QUANTITY_LEN 32

/* Parse a decimal number without a unit. */
int quantity_number(const char *text, uint64_t *out);

/*
 * Parse a number of bytes: "65536", "64KiB", "8MiB", "200GiB", "1TiB", or with
 * powers of a thousand "64kB", "8MB", "200GB", "1TB".  With a unit above B it
 * may have digits behind a point, "1.5GiB"; what is not a whole byte is cut.
 */
int quantity_size(const char *text, uint64_t *out);

/*
 * Parse a rate into bits a second: "bit", "kbit", "Mbit" or "Gbit", powers of a
 * thousand, or a unit of bytes as above, each with or without "/s":
 * "10Mbit", "1.5MB", "200KiB/s".  A unit is required.
 */
int quantity_rate(const char *text, uint64_t *out);

/*
 * Parse a duration into nanoseconds: "500ms", "120s", "5m", "2h", "7d".  A unit
 * is required, but for 0.
 */
int quantity_duration(const char *text, uint64_t *out);

/*
 * Write bytes with the largest unit that leaves a whole part, and one digit
 * behind the point when that is needed: "0 B", "1.5 KiB", "200 GiB".  Returns
 * out.
 */
char *quantity_format_size(uint64_t bytes, char out[QUANTITY_LEN]);

/* Write bits a second likewise: "50 Mbit/s".  Returns out. */
char *quantity_format_rate(uint64_t bits, char out[QUANTITY_LEN]);

/*
 * Write nanoseconds in their two largest units ("7 d", "2 h 11 m", "59 s"),
 * below a second in milliseconds ("41 ms").  Returns out.
 */
char *quantity_format_duration(uint64_t ns, char out[QUANTITY_LEN]);

#endif
