/* SPDX-License-Identifier: ISC */
/*
 * toll: what passes for somebody in one direction, counted and kept to a rate.
 *
 * A toll belongs to whoever is limited: an account, or a share of a host.
 * Each direction of each channel that counts for it has a gate in it; a channel
 * may have gates in several tolls, and then goes as far as the slowest lets
 * it.  Offsets are those of credit.h.
 *
 * Without a rate a gate is open and only counts.  With one it is paid for by
 * the toll's shaper (shaper.h), as far as its owner would like to get, from
 * one timer for all gates.  Who is paid is told from the loop; only
 * toll_set() calls from inside.
 *
 * A rate that is set counts from then on: what a gate's owner has promised
 * before passes freely.  A gate that enters under a rate pays from its first
 * byte.
 */
#ifndef INROAD_RELAY_TOLL_H
#define INROAD_RELAY_TOLL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/list.h"
#include "protocol/shaper.h"

struct loop;
struct toll;

/* No rate: as fast as it goes. */
#define TOLL_OPEN UINT64_MAX

/* What an open gate has paid. */
#define TOLL_PAID_ALL UINT64_MAX

/* What a gate asks of its owner and tells it. */
struct toll_ops {
	/* A rate was set: return the offset up to which was promised. */
	uint64_t (*promised)(void *arg);
	/* More is paid, or a rate was set or taken away. */
	void (*paid)(void *arg);
};

/* One direction of a channel.  Fields belong to this module. */
struct toll_gate {
	struct shaper_flow flow; /* the first member */
	struct toll *toll;       /* NULL: in none */
	const struct toll_ops *ops;
	void *arg;
	struct list all; /* in toll->gates */
};

/*
 * Return a toll without a rate, or NULL.  Moved, which may be NULL, is called
 * with arg and the number of bytes that passed, from inside toll_count(): it
 * must not touch the gate.
 */
struct toll *toll_new(
    struct loop *loop, void (*moved)(void *arg, uint64_t n), void *arg);

/* Free toll, in which there are no gates any more; NULL is allowed. */
void toll_free(struct toll *toll);

/*
 * Let rate bytes a second pass from now on, burst at once after a pause; or
 * TOLL_OPEN.  Does nothing when that is so already.
 */
void toll_set(struct toll *toll, uint64_t rate, uint64_t burst);

/* Put gate, of a channel that begins, into toll (NULL: into none). */
void toll_enter(struct toll *toll, struct toll_gate *gate,
    const struct toll_ops *ops, void *arg);

/* Take gate out, wherever it is. */
void toll_leave(struct toll_gate *gate);

/* Return whether gate has to be paid for. */
bool toll_is_limited(const struct toll_gate *gate);

/*
 * Gate's owner would like to get to offset.  Returns up to where it is paid,
 * TOLL_PAID_ALL for an open gate; more is told later.
 */
uint64_t toll_reach(struct toll_gate *gate, uint64_t offset);

/* Return up to where gate is paid, likewise. */
uint64_t toll_paid(const struct toll_gate *gate);

/* N bytes passed gate. */
void toll_count(struct toll_gate *gate, uint64_t n);

#endif
