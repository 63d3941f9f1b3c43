/* SPDX-License-Identifier: ISC */
/*
 * meter: what passes for somebody in one direction, counted and kept to a rate.
 *
 * A meter belongs to whoever is limited: an account, or a share of a host.
 * Each direction of each channel that counts for it has a gate in it; a channel
 * may have gates in several meters, and then goes as far as the slowest lets
 * it.  Offsets are those of credit.h.
 *
 * Without a rate a gate is open and only counts.  With one it is paid for by
 * the meter's shaper (shaper.h), as far as its owner would like to get, from
 * one timer for all gates.  Who is paid is told from the loop; only
 * meter_set() calls from inside.
 *
 * A rate that is set counts from then on: what a gate's owner has promised
 * before passes freely.  A gate that enters under a rate pays from its first
 * byte.
 */
#ifndef INROAD_RELAY_METER_H
#define INROAD_RELAY_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/list.h"
#include "protocol/shaper.h"

struct loop;
struct meter;

/* No rate: as fast as it goes. */
#define METER_OPEN UINT64_MAX

/* What an open gate has paid. */
#define METER_PAID_ALL UINT64_MAX

/* What a gate asks of its owner and tells it. */
struct meter_ops {
	/* A rate was set: return the offset up to which was promised. */
	uint64_t (*promised)(void *arg);
	/* More is paid, or a rate was set or taken away. */
	void (*paid)(void *arg);
};

/* One direction of a channel.  Fields belong to this module. */
struct meter_gate {
	struct shaper_flow flow; /* the first member */
	struct meter *meter;     /* NULL: in none */
	const struct meter_ops *ops;
	void *arg;
	struct list all; /* in meter->gates */
};

/*
 * Return a meter without a rate, or NULL.  Moved, which may be NULL, is called
 * with arg and the number of bytes that passed, from inside meter_count(): it
 * must not touch the gate.
 */
struct meter *meter_new(
    struct loop *loop, void (*moved)(void *arg, uint64_t n), void *arg);

/* Free meter, in which there are no gates any more; NULL is allowed. */
void meter_free(struct meter *meter);

/*
 * Let rate bytes a second pass from now on, burst at once after a pause; or
 * METER_OPEN.  Does nothing when that is so already.
 */
void meter_set(struct meter *meter, uint64_t rate, uint64_t burst);

/* Put gate, of a channel that begins, into meter (NULL: into none). */
void meter_enter(struct meter *meter, struct meter_gate *gate,
    const struct meter_ops *ops, void *arg);

/* Take gate out, wherever it is. */
void meter_leave(struct meter_gate *gate);

/* Return whether gate has to be paid for. */
bool meter_is_limited(const struct meter_gate *gate);

/*
 * Gate's owner would like to get to offset.  Returns up to where it is paid,
 * METER_PAID_ALL for an open gate; more is told later.
 */
uint64_t meter_reach(struct meter_gate *gate, uint64_t offset);

/* Return up to where gate is paid, likewise. */
uint64_t meter_paid(const struct meter_gate *gate);

/* N bytes passed gate. */
void meter_count(struct meter_gate *gate, uint64_t n);

#endif
