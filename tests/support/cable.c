/* SPDX-License-Identifier: ISC */
#include "tests/support/cable.h"

#include <unistd.h>

#include "common/io.h"
#include "common/loop.h"
#include "common/mem.h"

#define CABLE_BUFFER 65536

/* One direction: bytes read and not yet written. */
struct way {
	struct io *from;
	struct io *to;
	size_t chunk;
	uint64_t cut;
	uint64_t flip;
	uint64_t passed;
	bool hold;
	bool ended;
	bool shut;
	size_t first;
	size_t len;
	uint8_t bytes[CABLE_BUFFER];
};

struct cable {
	struct loop *loop;
	struct io *io[2];
	struct way ways[CABLE_WAYS];
};

static void
cut(struct cable *cable)
{
	for (int i = 0; i < 2; i++) {
		io_reset(cable->io[i]);
		cable->io[i] = NULL;
	}
}

static void
want(struct cable *cable)
{
	const struct way *out = &cable->ways[CABLE_FIRST_TO_SECOND];
	const struct way *in = &cable->ways[CABLE_SECOND_TO_FIRST];

	if (cable->io[0] == NULL) {
		return;
	}
	io_want(cable->io[0], !out->ended && !out->hold && out->len == 0,
	    in->len > 0 && !in->hold);
	io_want(cable->io[1], !in->ended && !in->hold && in->len == 0,
	    out->len > 0 && !out->hold);
}

/* Fill the buffer of way; false when the connection broke. */
static bool
pull(struct way *way)
{
	ssize_t n = io_read(way->from, way->bytes, way->chunk);

	if (n == IO_FAIL) {
		return false;
	}
	if (n == 0) {
		way->ended = true;
	}
	if (n > 0) {
		way->first = 0;
		way->len = (size_t)n;
		if (way->flip >= way->passed &&
		    way->flip < way->passed + way->len) {
			way->bytes[way->flip - way->passed] ^= 1;
		}
	}
	return true;
}

/* Empty the buffer of way; false when the connection broke or is cut. */
static bool
push(struct way *way)
{
	size_t len = way->len;
	ssize_t n;

	if (way->cut - way->passed < len) {
		len = (size_t)(way->cut - way->passed);
	}
	if (len > 0) {
		n = io_write(way->to, way->bytes + way->first, len);
		if (n == IO_FAIL) {
			return false;
		}
		if (n > 0) {
			way->first += (size_t)n;
			way->len -= (size_t)n;
			way->passed += (uint64_t)n;
		}
	}
	return way->passed < way->cut;
}

static bool
run(struct way *way)
{
	if (way->hold) {
		return true;
	}
	if (way->len == 0 && !way->ended && !pull(way)) {
		return false;
	}
	if (way->len > 0 && !push(way)) {
		return false;
	}
	if (way->ended && way->len == 0 && !way->shut) {
		way->shut = true;
		(void)io_shutdown(way->to);
	}
	return true;
}

static void
on_event(struct io *io, enum io_event event, void *arg)
{
	struct cable *cable = arg;
	bool readable = event == IO_READABLE;
	bool first = io == cable->io[0];
	enum cable_way way =
	    first == readable ? CABLE_FIRST_TO_SECOND : CABLE_SECOND_TO_FIRST;

	if (run(&cable->ways[way])) {
		want(cable);
	} else {
		cut(cable);
	}
}

struct cable *
cable_new(struct loop *loop, int first, int second)
{
	int fds[2] = { first, second };
	struct cable *cable = mem_new(1, sizeof(*cable));

	if (cable == NULL) {
		(void)close(first);
		(void)close(second);
		return NULL;
	}
	cable->loop = loop;
	for (int i = 0; i < 2; i++) {
		cable->io[i] = io_new(loop, fds[i], on_event, cable);
		if (cable->io[i] == NULL) {
			(void)close(fds[i]);
		}
	}
	if (cable->io[0] == NULL || cable->io[1] == NULL) {
		cable_free(cable);
		return NULL;
	}
	for (int i = 0; i < CABLE_WAYS; i++) {
		cable->ways[i].from = cable->io[i];
		cable->ways[i].to = cable->io[1 - i];
		cable->ways[i].chunk = CABLE_BUFFER;
		cable->ways[i].cut = UINT64_MAX;
		cable->ways[i].flip = UINT64_MAX;
	}
	want(cable);
	return cable;
}

void
cable_free(struct cable *cable)
{
	if (cable != NULL) {
		cut(cable);
		mem_free(cable);
	}
}

void
cable_set_chunk(struct cable *cable, enum cable_way way, size_t n)
{
	cable->ways[way].chunk = n;
}

void
cable_cut_after(struct cable *cable, enum cable_way way, uint64_t n)
{
	cable->ways[way].cut = n;
	if (cable->ways[way].passed >= n) {
		cut(cable);
	}
}

void
cable_flip_at(struct cable *cable, enum cable_way way, uint64_t n)
{
	cable->ways[way].flip = n;
}

void
cable_hold(struct cable *cable, enum cable_way way, bool hold)
{
	cable->ways[way].hold = hold;
	want(cable);
}

uint64_t
cable_passed(const struct cable *cable, enum cable_way way)
{
	return cable->ways[way].passed;
}
