/* SPDX-License-Identifier: ISC */
#include "protocol/credit.h"

#include <assert.h>

#include "protocol/limits.h"

/*
 * After this many intervals with an empty queue the sender had nothing to
 * send.  Fewer could be its round trip at work: it used up its credit and the
 * next grant has not reached it.
 */
#define CREDIT_IDLE_INTERVALS 4

/* What a channel is granted beyond its rate when its queue ran empty. */
#define CREDIT_FACTOR 2
/*
 * Under a rate: a quarter of a second of it, so that a sender that has the
 * processor a few times a second only does not fall behind.
 */
#define CREDIT_FACTOR_SHAPED 8

/* Return how much may still be promised within pool and all its parents. */
static uint64_t
pool_room(const struct credit_pool *pool)
{
	uint64_t room = UINT64_MAX;

	for (; pool != NULL; pool = pool->parent) {
		uint64_t left = 0;

		if (pool->promised < pool->max) {
			left = pool->max - pool->promised;
		}
		room = left < room ? left : room;
	}
	return room;
}

static void
pool_take(struct credit_pool *pool, uint64_t n)
{
	for (; pool != NULL; pool = pool->parent) {
		pool->promised += n;
	}
}

static void
pool_give(struct credit_pool *pool, uint64_t n)
{
	for (; pool != NULL; pool = pool->parent) {
		assert(pool->promised >= n);
		pool->promised -= n;
	}
}

/* Return what is charged to the pool: the last frame may exceed the grant. */
static uint64_t
charged(const struct credit *credit)
{
	uint64_t overhead = credit->frames * LIMITS_QUEUE_OVERHEAD;

	if (credit->granted <= credit->drained) {
		return overhead;
	}
	return overhead + credit->granted - credit->drained;
}

static void
begin_interval(struct credit *credit, uint64_t now_ns)
{
	credit->mark_time = now_ns;
	credit->mark_drained = credit->drained;
	credit->ran_empty = false;
}

/* Compute the allowance from what drained in elapsed_ns. */
static void
measure(struct credit *credit, uint64_t elapsed_ns, uint64_t rtt_ns)
{
	double bytes = (double)(credit->drained - credit->mark_drained);
	double ahead = (double)(rtt_ns + LIMITS_CREDIT_SLACK);
	double allowance = bytes * ahead / (double)elapsed_ns;

	if (credit->ran_empty) {
		allowance *=
		    credit->shaped ? CREDIT_FACTOR_SHAPED : CREDIT_FACTOR;
	}
	if (allowance > (double)LIMITS_CREDIT_MAX) {
		credit->allowance = LIMITS_CREDIT_MAX;
	} else if (allowance < (double)LIMITS_CREDIT_MIN) {
		credit->allowance = LIMITS_CREDIT_MIN;
	} else {
		credit->allowance = (uint64_t)allowance;
	}
}

/*
 * Return what the grant should be, and in *step by how much it has to rise to
 * be worth telling.  LIMITS_CREDIT_MIN is granted even when the pool has no
 * room: a sender with no credit at all would cause no drain, and so no other
 * occasion to raise its grant, for ever.
 */
static uint64_t
aim(const struct credit *credit, uint64_t *step)
{
	uint64_t target = credit->drained + credit->allowance;
	uint64_t least = credit->drained + LIMITS_CREDIT_MIN;
	uint64_t limit = credit->granted;
	uint64_t room = pool_room(credit->pool);

	/* In time the same, as what is granted ahead is four times as much. */
	*step = credit->allowance / (credit->shaped ? 32 : 8);
	limit += room < LIMITS_CREDIT_MAX ? room : LIMITS_CREDIT_MAX;
	limit = limit > least ? limit : least;
	if (target > limit) {
		target = limit;
		*step = LIMITS_CREDIT_MIN / 2;
	}
	return target;
}

/* Return whether a grant of target is worth telling. */
static bool
is_rise(const struct credit *credit, uint64_t target, uint64_t step)
{
	return !credit->closed && target > credit->granted &&
	       target - credit->granted >= step;
}

int
credit_init(struct credit *credit, struct credit_pool *pool, uint64_t start,
    uint64_t now_ns)
{
	*credit = (struct credit){
		.pool = pool,
		.allowance = start,
		.idle = true,
	};
	begin_interval(credit, now_ns);
	if (pool_room(pool) < start) {
		return -1;
	}
	credit->granted = start;
	pool_take(pool, start);
	return 0;
}

void
credit_close(struct credit *credit)
{
	pool_give(credit->pool, charged(credit));
	credit->granted = credit->received;
	credit->closed = true;
	pool_take(credit->pool, charged(credit));
}

void
credit_end(struct credit *credit)
{
	pool_give(credit->pool, charged(credit));
	credit->pool = NULL;
	credit->closed = true;
	credit->received = credit->drained;
	credit->frames = 0;
}

int
credit_received(struct credit *credit, size_t n)
{
	if (credit->received >= credit->granted) {
		return -1;
	}
	credit->received += n;
	credit->frames++;
	pool_take(credit->pool, LIMITS_QUEUE_OVERHEAD);
	return 0;
}

void
credit_drained(struct credit *credit, size_t n, bool empty, uint64_t rtt_ns,
    uint64_t now_ns)
{
	uint64_t interval =
	    rtt_ns > LIMITS_CREDIT_INTERVAL ? rtt_ns : LIMITS_CREDIT_INTERVAL;
	uint64_t elapsed = now_ns - credit->mark_time;
	bool was_idle = credit->idle;

	pool_give(credit->pool, charged(credit));
	credit->drained += n;
	credit->frames--;
	pool_take(credit->pool, charged(credit));
	credit->idle = empty;
	credit->ran_empty = credit->ran_empty || empty;
	if (credit->closed) {
		return;
	}
	if (was_idle && elapsed >= CREDIT_IDLE_INTERVALS * interval) {
		begin_interval(credit, now_ns);
	} else if (elapsed >= interval) {
		measure(credit, elapsed, rtt_ns);
		begin_interval(credit, now_ns);
	}
}

uint64_t
credit_reach(const struct credit *credit)
{
	uint64_t step;
	uint64_t target = aim(credit, &step);

	return is_rise(credit, target, step) ? target : credit->received;
}

bool
credit_raise(struct credit *credit, uint64_t paid)
{
	uint64_t step;
	uint64_t target = aim(credit, &step);

	target = target < paid ? target : paid;
	if (!is_rise(credit, target, step)) {
		return false;
	}
	pool_give(credit->pool, charged(credit));
	credit->granted = target;
	pool_take(credit->pool, charged(credit));
	return true;
}

bool
credit_is_paid(const struct credit *credit, uint64_t paid)
{
	return credit->drained < paid;
}

void
credit_shape(struct credit *credit, bool shaped)
{
	if (shaped && !credit->shaped) {
		credit->allowance = LIMITS_CREDIT_MIN;
	}
	credit->shaped = shaped;
}

uint64_t
credit_granted(const struct credit *credit)
{
	return credit->granted;
}

uint64_t
credit_held(const struct credit *credit)
{
	return credit->received - credit->drained +
	       credit->frames * LIMITS_QUEUE_OVERHEAD;
}
