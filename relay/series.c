/* SPDX-License-Identifier: ISC */
#include "relay/series.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/jsonout.h"
#include "common/mem.h"
#include "relay/figures.h"

#define SECOND UINT64_C(1000000000)

/* The quantiles that are kept. */
enum {
	P50,
	P90,
	P99,
	QUANTILES
};

static const unsigned permille[QUANTILES] = { 500, 900, 990 };

struct point {
	bool fed;
	uint64_t bytes[FIGURES_WAYS];
	uint64_t queued;
	uint64_t memory;
	uint32_t channels;
	uint32_t gateways;
	uint32_t agents;
	uint32_t attaches;
	uint32_t quantile_us[QUANTILES];
	uint32_t lag_us;
	uint32_t failures[CODES_COUNT];
};

_Static_assert((SERIES_SECONDS + SERIES_MINUTES + 2) * sizeof(struct point) +
		       4 * sizeof(struct figures) <
		   SERIES_MEMORY,
    "a series takes more than its header says");

/* A ring; point n is in slot n % size, if last - size < n <= last. */
struct ring {
	struct point *points;
	uint64_t size;         /* what is kept, and the one under way */
	uint64_t step;         /* seconds of a point */
	uint64_t first;        /* number of the first ever */
	uint64_t last;         /* and of the one under way */
	struct latency attach; /* as it was when that began */
};

struct series {
	struct ring rings[SERIES_RINGS];
	struct figures before; /* as they were fed last */
	struct point seconds[SERIES_SECONDS + 1];
	struct point minutes[SERIES_MINUTES + 1];
};

static void
ring_init(struct ring *ring, struct point *points, uint64_t size, uint64_t step,
    const struct figures *first)
{
	ring->points = points;
	ring->size = size;
	ring->step = step;
	ring->first = ring->last = first->at_ns / SECOND / step;
	ring->attach = first->attach;
}

struct series *
series_new(const struct figures *first)
{
	struct series *series = mem_new(1, sizeof(*series));

	if (series != NULL) {
		ring_init(&series->rings[SERIES_BY_SECOND], series->seconds,
		    SERIES_SECONDS + 1, 1, first);
		ring_init(&series->rings[SERIES_BY_MINUTE], series->minutes,
		    SERIES_MINUTES + 1, 60, first);
		series->before = *first;
	}
	return series;
}

void
series_free(struct series *series)
{
	mem_free(series);
}

/* --- feeding --------------------------------------------------------- */

static uint64_t
greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Return value as what a point keeps of it. */
static uint32_t
narrow(uint64_t value)
{
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static struct point *
slot(const struct ring *ring, uint64_t number)
{
	return &ring->points[number % ring->size];
}

/* Add to *count what was counted between two moments. */
static void
count_up(uint32_t *count, uint64_t before, uint64_t after)
{
	*count = narrow(*count + (after - before));
}

/* Add what happened between two moments to point. */
static void
add_counts(struct point *point, const struct figures *before,
    const struct figures *after)
{
	for (int way = 0; way < FIGURES_WAYS; way++) {
		point->bytes[way] += after->bytes[way] - before->bytes[way];
	}
	for (int what = 0; what < FIGURES_REFUSALS; what++) {
		for (unsigned i = 0; i < CODES_COUNT; i++) {
			count_up(&point->failures[i], before->refused[what][i],
			    after->refused[what][i]);
		}
	}
	count_up(&point->attaches, before->attach.count, after->attach.count);
}

/* Note in point what is so at the moment. */
static void
add_states(struct point *point, const struct figures *figures)
{
	point->gateways = figures->gateways;
	point->agents = figures->agents;
	point->channels = narrow(greater(point->channels, figures->channels));
	point->queued = greater(point->queued, figures->queued);
	point->memory = greater(point->memory, figures->memory);
	point->lag_us = narrow(greater(point->lag_us, figures->lag_ns / 1000));
}

/* Begin point number, behind which there may be a gap. */
static void
ring_advance(struct ring *ring, uint64_t number, const struct figures *figures)
{
	uint64_t from = ring->last + 1;

	if (number - ring->last > ring->size) {
		from = number - ring->size + 1;
	}
	for (; from <= number; from++) {
		memset(slot(ring, from), 0, sizeof(struct point));
	}
	ring->last = number;
	ring->attach = figures->attach;
}

static void
ring_feed(struct ring *ring, const struct figures *before,
    const struct figures *figures)
{
	uint64_t number = figures->at_ns / SECOND / ring->step;
	struct point *point;

	if (number > ring->last) {
		ring_advance(ring, number, before);
	}
	point = slot(ring, ring->last);
	point->fed = true;
	add_counts(point, before, figures);
	add_states(point, figures);
	for (int i = 0; i < QUANTILES; i++) {
		point->quantile_us[i] =
		    narrow(latency_quantile(
			       &figures->attach, &ring->attach, permille[i]) /
			   1000);
	}
}

void
series_feed(struct series *series, const struct figures *figures)
{
	for (int i = 0; i < SERIES_RINGS; i++) {
		ring_feed(&series->rings[i], &series->before, figures);
	}
	series->before = *figures;
}

/* --- writing --------------------------------------------------------- */

int
series_parse_ring(const char *name, enum series_ring *out)
{
	static const char *const names[SERIES_RINGS] = { "1s", "1m" };

	for (int i = 0; i < SERIES_RINGS; i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum series_ring)i;
			return 0;
		}
	}
	return -1;
}

/* Some points of a ring that follow one another. */
struct range {
	const struct ring *ring;
	uint64_t first;
	uint64_t next;
	bool more; /* points behind them */
};

/* One value of a point; false: there is none. */
typedef bool point_value(const struct point *point, size_t i, double *value);

static bool
bytes_of(const struct point *point, size_t i, double *value)
{
	*value = (double)point->bytes[i];
	return true;
}

static bool
channels_of(const struct point *point, size_t i, double *value)
{
	(void)i;
	*value = point->channels;
	return true;
}

static bool
gateways_of(const struct point *point, size_t i, double *value)
{
	(void)i;
	*value = point->gateways;
	return true;
}

static bool
agents_of(const struct point *point, size_t i, double *value)
{
	(void)i;
	*value = point->agents;
	return true;
}

static bool
attaches_of(const struct point *point, size_t i, double *value)
{
	(void)i;
	*value = point->attaches;
	return true;
}

static bool
quantile_of(const struct point *point, size_t i, double *value)
{
	*value = (double)point->quantile_us[i] / 1e6;
	return point->attaches > 0;
}

static bool
lag_of(const struct point *point, size_t i, double *value)
{
	(void)i;
	*value = (double)point->lag_us / 1e6;
	return true;
}

static bool
queued_of(const struct point *point, size_t i, double *value)
{
	(void)i;
	*value = (double)point->queued;
	return true;
}

static bool
memory_of(const struct point *point, size_t i, double *value)
{
	(void)i;
	*value = (double)point->memory;
	return point->memory > 0;
}

static bool
failures_of(const struct point *point, size_t i, double *value)
{
	*value = point->failures[i];
	return true;
}

static const struct {
	const char *key;
	point_value *value;
	size_t i;
} columns[] = {
	{ "up", bytes_of, FIGURES_UP },
	{ "down", bytes_of, FIGURES_DOWN },
	{ "channels", channels_of, 0 },
	{ "gateways", gateways_of, 0 },
	{ "agents", agents_of, 0 },
	{ "attaches", attaches_of, 0 },
	{ "p50", quantile_of, P50 },
	{ "p90", quantile_of, P90 },
	{ "p99", quantile_of, P99 },
	{ "lag", lag_of, 0 },
	{ "queued", queued_of, 0 },
	{ "memory", memory_of, 0 },
};

/* Most are whole numbers, which are written ten times as fast. */
static void
write_number(double value, struct jsonout *json)
{
	if (value < 1e15 && value == (double)(uint64_t)value) {
		jsonout_uint(json, NULL, (uint64_t)value);
	} else {
		jsonout_double(json, NULL, value);
	}
}

static void
write_column(const struct range *range, const char *key, point_value *value_of,
    size_t i, struct jsonout *json)
{
	jsonout_array(json, key);
	for (uint64_t n = range->first; n < range->next; n++) {
		const struct point *point = slot(range->ring, n);
		double value = 0;

		if (point->fed && value_of(point, i, &value)) {
			write_number(value, json);
		} else {
			jsonout_null(json, NULL);
		}
	}
	jsonout_end(json);
}

/* Return whether something in range failed with the code of that index. */
static bool
is_there(const struct range *range, unsigned index)
{
	for (uint64_t n = range->first; n < range->next; n++) {
		if (slot(range->ring, n)->failures[index] > 0) {
			return true;
		}
	}
	return false;
}

static void
write_failures(const struct range *range, struct jsonout *json)
{
	jsonout_object(json, "failures");
	for (unsigned i = 0; i < CODES_COUNT; i++) {
		if (is_there(range, i)) {
			write_column(range, codes_slug(codes_at(i)),
			    failures_of, i, json);
		}
	}
	jsonout_end(json);
}

/* Return what there is of ring, complete, from number since on. */
static struct range
choose(const struct ring *ring, uint64_t since)
{
	struct range range = { ring, ring->first, ring->last, false };

	if (range.next - range.first >= ring->size) {
		range.first = range.next - (ring->size - 1);
	}
	range.first = greater(range.first, since);
	/* A number that never was: of another clock. */
	range.first = range.first < range.next ? range.first : range.next;
	range.more = range.next - range.first > SERIES_WRITE_MAX;
	if (range.more) {
		range.next = range.first + SERIES_WRITE_MAX;
	}
	return range;
}

void
series_write(const struct series *series, enum series_ring ring, uint64_t since,
    struct jsonout *json)
{
	const struct range range = choose(&series->rings[ring], since);
	const uint64_t step = range.ring->step;
	const uint64_t age = series->before.at_ns / SECOND - range.next * step;

	jsonout_uint(json, "step", step);
	jsonout_uint(json, "first", range.first);
	jsonout_uint(json, "next", range.next);
	jsonout_bool(json, "more", range.more);
	jsonout_uint(json, "time", series->before.now - age);
	jsonout_object(json, "points");
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		write_column(&range, columns[i].key, columns[i].value,
		    columns[i].i, json);
	}
	jsonout_end(json);
	write_failures(&range, json);
}
