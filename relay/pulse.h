/* SPDX-License-Identifier: ISC */
/*
 * pulse: gathers the relay's figures and feeds them to its series.
 *
 * Once a second, in the middle of it by the loop's clock, as series.h wants it.
 * Gathering costs a few microseconds, most of them for one small file that
 * tells how much memory the process has.
 */
#ifndef INROAD_RELAY_PULSE_H
#define INROAD_RELAY_PULSE_H

#include <stdint.h>

struct account_book;
struct device_hub;
struct directory;
struct figures;
struct loop;
struct pulse;
struct series;
struct switch_board;

/* Where figures come from; all of it outlives the pulse. */
struct pulse_config {
	struct loop *loop;
	const struct account_book *book;
	const struct directory *directory;
	const struct device_hub *hub;
	const struct switch_board *board;
	uint64_t budget;  /* bytes that may wait */
	uint64_t started; /* unix seconds */
};

/* Return a pulse that beats from now on, or NULL. */
struct pulse *pulse_new(const struct pulse_config *config);

/* Free pulse and its series; NULL is allowed. */
void pulse_free(struct pulse *pulse);

/* Put the figures of this moment into *out. */
void pulse_read(const struct pulse *pulse, struct figures *out);

/* Return the series that pulse feeds, which lives as long. */
const struct series *pulse_series(const struct pulse *pulse);

#endif
