/* SPDX-License-Identifier: ISC */
#include "common/meter.h"

#include <assert.h>
#include <string.h>

#include "common/mem.h"

#define SECOND UINT64_C(1000000000)

/* Those that are over, and the one under way. */
#define SLOTS (METER_SECONDS + 1)

struct meter {
	struct meter_count total;
	/* The number of the last second in which something was counted. */
	uint64_t last;
	/* Second n is in slot n % SLOTS, if last - SLOTS < n <= last. */
	struct meter_count seconds[SLOTS];
};

struct meter *
meter_new(void)
{
	return mem_new(1, sizeof(struct meter));
}

void
meter_free(struct meter *meter)
{
	mem_free(meter);
}

/* Make second, later than the last one, the last. */
static void
advance(struct meter *meter, uint64_t second)
{
	if (second - meter->last >= SLOTS) {
		memset(meter->seconds, 0, sizeof(meter->seconds));
	} else {
		for (uint64_t n = meter->last + 1; n <= second; n++) {
			meter->seconds[n % SLOTS] = (struct meter_count){ 0 };
		}
	}
	meter->last = second;
}

void
meter_add(
    struct meter *meter, uint64_t sent, uint64_t received, uint64_t now_ns)
{
	struct meter_count *slot;

	if (now_ns / SECOND > meter->last) {
		advance(meter, now_ns / SECOND);
	}
	slot = &meter->seconds[meter->last % SLOTS];
	slot->sent += sent;
	slot->received += received;
	meter->total.sent += sent;
	meter->total.received += received;
}

void
meter_total(const struct meter *meter, struct meter_count *out)
{
	*out = meter->total;
}

/* Return what was counted in second. */
static struct meter_count
at(const struct meter *meter, uint64_t second)
{
	if (second > meter->last || meter->last - second >= SLOTS) {
		return (struct meter_count){ 0 };
	}
	return meter->seconds[second % SLOTS];
}

size_t
meter_read(const struct meter *meter, uint64_t from, uint64_t now_ns,
    struct meter_count out[METER_SECONDS], uint64_t *next)
{
	uint64_t now = now_ns / SECOND;
	size_t count = 0;

	if (now > METER_SECONDS && from < now - METER_SECONDS) {
		from = now - METER_SECONDS;
	}
	for (; from < now; from++) {
		out[count++] = at(meter, from);
	}
	*next = now;
	return count;
}

void
meter_rate(const struct meter *meter, unsigned seconds, uint64_t now_ns,
    struct meter_count *out)
{
	uint64_t now = now_ns / SECOND;
	struct meter_count sum = { 0 };

	assert(seconds > 0);
	for (uint64_t n = 1; n <= seconds && n <= now; n++) {
		struct meter_count one = at(meter, now - n);

		sum.sent += one.sent;
		sum.received += one.received;
	}
	out->sent = sum.sent / seconds;
	out->received = sum.received / seconds;
}
