/* SPDX-License-Identifier: ISC */
#include "tests/support/wan.h"

#include <ev.h>
#include <string.h>
#include <unistd.h>

#include "common/dial.h"
#include "common/fault.h"
#include "common/io.h"
#include "common/list.h"
#include "common/listener.h"
#include "common/loop.h"
#include "common/mem.h"

#define NANOSECONDS UINT64_C(1000000000)
#define MILLISECOND UINT64_C(1000000)

/* Read at once: small enough that a rate looks even, and large to be fast. */
#define CHUNK_MAX 16384
#define CHUNK_MIN 512

/* Bytes on the way when there is no rate to hold them up. */
#define FLIGHT_MAX ((size_t)64 << 20)

/* Bytes that wait for the rate when nothing else is said. */
#define QUEUE_MAX ((size_t)256 << 10)

struct wan {
	struct loop *loop;
	struct listener *listener;
	struct wan_config config;
	uint64_t delay_ns;
	uint64_t random;
	struct list pipes;
	struct wan_stats stats;
	bool frozen;
};

/* Some bytes on their way, or the end of them. */
struct chunk {
	struct list node;
	uint64_t due;
	size_t at;
	size_t len; /* 0: the end */
	uint8_t data[];
};

/* One direction of a connection. */
struct half {
	struct pipe *pipe;
	struct io *from;
	struct io *to;
	struct list chunks;
	struct ev_timer timer;
	size_t queued;
	uint64_t busy_until; /* when the last byte has passed the rate */
	uint64_t open_at;    /* nothing is read before */
	uint64_t passed;
	uint64_t fault_at; /* in terms of passed */
	bool ended;
};

/* One connection. */
struct pipe {
	struct wan *wan;
	struct list node;
	struct io *client;
	struct io *server;
	struct dial *dial;
	struct ev_timer dialer;
	struct half halves[2]; /* up, down */
	bool stalled;
	bool truncated; /* only waiting for both ends to close */
};

/* --- randomness (splitmix64) ---------------------------------------------- */

static uint64_t
next_random(struct wan *wan)
{
	uint64_t z;

	wan->random += UINT64_C(0x9e3779b97f4a7c15);
	z = wan->random;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Return whether faults may still happen. */
static bool
has_faults(const struct wan *wan)
{
	const struct wan_config *config = &wan->config;

	return config->fault != WAN_NONE &&
	       (config->times == 0 || wan->stats.faults < config->times);
}

/* Choose where the next fault of half is to happen. */
static void
plan_fault(struct half *half)
{
	struct wan *wan = half->pipe->wan;
	uint64_t mean = wan->config.mean;

	if (mean > 0) {
		half->fault_at =
		    half->passed + 1 + next_random(wan) % (2 * mean);
	} else {
		half->fault_at = half->passed == 0 && wan->config.after > 0
				     ? wan->config.after
				     : UINT64_MAX;
	}
}

/* --- the end of connections ------------------------------------------------
 */

static void
drop_chunks(struct half *half)
{
	while (!list_empty(&half->chunks)) {
		struct chunk *chunk;

		chunk = list_entry(half->chunks.next, struct chunk, node);
		list_remove(&chunk->node);
		mem_free(chunk);
	}
}

/* Close both sides, with a reset or in the ordinary way. */
static void
close_pipe(struct pipe *pipe, bool reset)
{
	struct ev_loop *ev = loop_ev(pipe->wan->loop);
	void (*end)(struct io *) = reset ? io_reset : io_close;

	end(pipe->client);
	end(pipe->server);
	dial_cancel(pipe->dial);
	ev_timer_stop(ev, &pipe->dialer);
	for (int i = 0; i < 2; i++) {
		ev_timer_stop(ev, &pipe->halves[i].timer);
		drop_chunks(&pipe->halves[i]);
	}
	list_remove(&pipe->node);
	loop_reap(pipe->wan->loop, pipe, mem_free);
}

static bool
is_closed(const struct pipe *pipe)
{
	return !list_linked(&pipe->node);
}

/* End both ways cleanly, whatever is still on its way. */
static void
truncate_pipe(struct pipe *pipe)
{
	pipe->truncated = true;
	for (int i = 0; i < 2; i++) {
		drop_chunks(&pipe->halves[i]);
		(void)io_shutdown(pipe->halves[i].to);
	}
}

/* Flip one bit of the next byte. */
static void
flip_bit(struct wan *wan, struct chunk *chunk)
{
	chunk->data[chunk->at] ^= (uint8_t)(1U << next_random(wan) % 8);
}

/* Let the planned fault happen; false when chunk is not to be written now. */
static bool
happen(struct half *half, struct chunk *chunk)
{
	struct pipe *pipe = half->pipe;
	struct wan *wan = pipe->wan;

	plan_fault(half);
	if (!has_faults(wan)) {
		return true;
	}
	wan->stats.faults++;
	switch (wan->config.fault) {
	case WAN_RESET:
		close_pipe(pipe, true);
		return false;
	case WAN_TRUNCATE:
		truncate_pipe(pipe);
		return false;
	case WAN_STALL:
		pipe->stalled = true;
		return false;
	case WAN_FLIP:
		flip_bit(wan, chunk);
		return true;
	case WAN_NONE:
		return true;
	}
	return true;
}

/* --- passing bytes on -------------------------------------------------------
 */

/* How many bytes may be written before something happens. */
static size_t
allowed(const struct half *half, size_t len)
{
	uint64_t left = half->fault_at - half->passed;

	return left < len ? (size_t)left : len;
}

enum progress {
	DONE,    /* the chunk is written */
	MORE,    /* some of it is */
	BLOCKED, /* none of it can be, for now or for ever */
};

static enum progress
write_chunk(struct half *half, struct chunk *chunk)
{
	struct wan_stats *stats = &half->pipe->wan->stats;
	bool up = half == &half->pipe->halves[0];
	ssize_t n;

	if (chunk->len == 0) {
		(void)io_shutdown(half->to);
		return DONE;
	}
	if (half->passed == half->fault_at && !happen(half, chunk)) {
		return BLOCKED;
	}
	n = io_write(half->to, chunk->data + chunk->at,
	    allowed(half, chunk->len - chunk->at));
	if (n == IO_FAIL) {
		close_pipe(half->pipe, true);
	}
	if (n < 0) {
		return BLOCKED;
	}
	chunk->at += (size_t)n;
	half->passed += (uint64_t)n;
	half->queued -= (size_t)n;
	*(up ? &stats->up : &stats->down) += (uint64_t)n;
	return chunk->at == chunk->len ? DONE : MORE;
}

/* Return the first chunk of half if it is due, else NULL. */
static struct chunk *
first_due(const struct half *half)
{
	struct wan *wan = half->pipe->wan;
	struct list *first = list_first(&half->chunks);
	struct chunk *chunk;

	if (first == NULL || wan->frozen || half->pipe->stalled) {
		return NULL;
	}
	chunk = list_entry(first, struct chunk, node);
	return chunk->due <= loop_now(wan->loop) ? chunk : NULL;
}

/* Return whether nothing will ever pass half any more. */
static bool
is_over(const struct half *half)
{
	return half->ended && list_empty(&half->chunks);
}

/* Write all that is due. */
static void
write_half(struct half *half)
{
	struct pipe *pipe = half->pipe;
	struct chunk *chunk = first_due(half);

	while (chunk != NULL) {
		switch (write_chunk(half, chunk)) {
		case DONE:
			list_remove(&chunk->node);
			mem_free(chunk);
			break;
		case MORE:
			break;
		case BLOCKED:
			return;
		}
		chunk = first_due(half);
	}
	if (is_over(&pipe->halves[0]) && is_over(&pipe->halves[1])) {
		close_pipe(pipe, false);
	}
}

/* Put a chunk that was read, or the end, on its way. */
static void
send_chunk(struct half *half, struct chunk *chunk, size_t len)
{
	struct wan *wan = half->pipe->wan;
	uint64_t now = loop_now(wan->loop);

	if (half->busy_until < now) {
		half->busy_until = now;
	}
	if (wan->config.rate > 0) {
		half->busy_until += len * NANOSECONDS / wan->config.rate;
	}
	chunk->due = half->busy_until + wan->delay_ns;
	chunk->len = len;
	list_init(&chunk->node);
	list_push_back(&half->chunks, &chunk->node);
	half->queued += len;
}

/* How much may be on its way: what flies and what waits to be sent. */
static size_t
flight_max(const struct wan *wan)
{
	uint64_t rate = wan->config.rate;

	if (rate == 0) {
		return FLIGHT_MAX;
	}
	return wan->config.queue + (size_t)(rate * wan->config.delay_ms / 1000);
}

/* How much to read at once: a hundredth of a second of the rate. */
static size_t
chunk_size(const struct wan *wan)
{
	uint64_t rate = wan->config.rate;

	if (rate == 0 || rate / 100 > CHUNK_MAX) {
		return CHUNK_MAX;
	}
	return rate < UINT64_C(100) * CHUNK_MIN ? CHUNK_MIN
						: (size_t)(rate / 100);
}

static bool
may_read(const struct half *half)
{
	struct wan *wan = half->pipe->wan;

	if (half->to == NULL || half->ended) {
		return false;
	}
	return half->pipe->truncated ||
	       (half->queued < flight_max(wan) && !wan->frozen &&
		   !half->pipe->stalled &&
		   half->open_at <= loop_now(wan->loop));
}

static void
read_half(struct half *half)
{
	size_t size = chunk_size(half->pipe->wan);
	struct chunk *chunk;
	ssize_t n;

	if (!may_read(half)) {
		return;
	}
	chunk = mem_new(sizeof(*chunk) + size, 1);
	if (chunk == NULL) {
		close_pipe(half->pipe, true);
		return;
	}
	n = io_read(half->from, chunk->data, size);
	half->ended = n == 0;
	if (n >= 0 && !half->pipe->truncated) {
		send_chunk(half, chunk, (size_t)n);
	} else {
		mem_free(chunk);
	}
	if (n == IO_FAIL) {
		close_pipe(half->pipe, true);
	}
}

/* --- events ----------------------------------------------------------------
 */

/* When half has something to do next, in seconds; 0 for nothing. */
static double
next_event(const struct half *half)
{
	uint64_t now = loop_now(half->pipe->wan->loop);
	struct list *first = list_first(&half->chunks);
	uint64_t next = UINT64_MAX;

	if (first != NULL) {
		next = list_entry(first, struct chunk, node)->due;
	}
	if (half->open_at > now && half->open_at < next) {
		next = half->open_at;
	}
	if (next == UINT64_MAX || next <= now) {
		return 0.;
	}
	return (double)(next - now) / (double)NANOSECONDS;
}

/* Say what both sockets and the timer of half are to tell. */
static void
update(struct half *half)
{
	struct pipe *pipe = half->pipe;
	struct ev_loop *ev = loop_ev(pipe->wan->loop);
	struct half *up = &pipe->halves[0];
	struct half *down = &pipe->halves[1];
	double wait = next_event(half);

	if (pipe->server != NULL) {
		io_want(pipe->client, may_read(up), first_due(down) != NULL);
		io_want(pipe->server, may_read(down), first_due(up) != NULL);
	}
	ev_timer_stop(ev, &half->timer);
	if (wait > 0.) {
		ev_timer_set(&half->timer, wait, 0.);
		ev_timer_start(ev, &half->timer);
	}
}

static void
on_time(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	struct half *half = watcher->data;

	(void)ev;
	(void)events;
	write_half(half);
	if (!is_closed(half->pipe)) {
		update(half);
	}
}

static void
on_io(struct io *io, enum io_event event, void *arg)
{
	struct pipe *pipe = arg;
	bool from_client = io == pipe->client;
	bool reading = event == IO_READABLE;
	struct half *half = &pipe->halves[from_client == reading ? 0 : 1];

	if (reading) {
		read_half(half);
	}
	if (!is_closed(pipe)) {
		write_half(half);
	}
	if (!is_closed(pipe)) {
		update(half);
	}
}

/* --- new connections --------------------------------------------------------
 */

static void
join_halves(struct pipe *pipe)
{
	struct half *up = &pipe->halves[0];
	struct half *down = &pipe->halves[1];

	up->from = pipe->client;
	up->to = pipe->server;
	down->from = pipe->server;
	down->to = pipe->client;
	update(up);
	update(down);
}

static void
on_dialled(const struct dial_result *result, void *arg)
{
	struct pipe *pipe = arg;

	pipe->dial = NULL;
	if (result->status == DIAL_OK) {
		pipe->server = io_new(pipe->wan->loop, result->fd, on_io, pipe);
	}
	if (pipe->server == NULL) {
		close_pipe(pipe, true);
		return;
	}
	join_halves(pipe);
}

static void
on_dial_time(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	struct pipe *pipe = watcher->data;

	(void)ev;
	(void)events;
	pipe->dial = dial_start(
	    pipe->wan->loop, &pipe->wan->config.to, 1, NULL, on_dialled, pipe);
	if (pipe->dial == NULL) {
		close_pipe(pipe, true);
	}
}

static void
init_half(struct half *half, struct pipe *pipe)
{
	half->pipe = pipe;
	list_init(&half->chunks);
	ev_timer_init(&half->timer, on_time, 0., 0.);
	half->timer.data = half;
	plan_fault(half);
}

/*
 * The client's handshake has already ended, here; so what it says is held up
 * by the round trip that it would have taken, and the server hears of the
 * connection half of one later.
 */
static void
on_connection(int fd, const struct addr *peer, void *arg)
{
	struct wan *wan = arg;
	struct pipe *pipe = mem_new(1, sizeof(*pipe));

	(void)peer;
	if (pipe == NULL) {
		close(fd);
		return;
	}
	pipe->client = io_new(wan->loop, fd, on_io, pipe);
	if (pipe->client == NULL) {
		close(fd);
		mem_free(pipe);
		return;
	}
	wan->stats.connections++;
	pipe->wan = wan;
	list_init(&pipe->node);
	list_push_back(&wan->pipes, &pipe->node);
	init_half(&pipe->halves[0], pipe);
	init_half(&pipe->halves[1], pipe);
	pipe->halves[0].open_at = loop_now(wan->loop) + 2 * wan->delay_ns;
	ev_timer_init(&pipe->dialer, on_dial_time,
	    (double)wan->delay_ns / (double)NANOSECONDS, 0.);
	pipe->dialer.data = pipe;
	ev_timer_start(loop_ev(wan->loop), &pipe->dialer);
}

/* --- the proxy as a whole ---------------------------------------------------
 */

struct wan *
wan_new(struct loop *loop, const struct wan_config *config, struct fault *fault)
{
	struct listener_config listen = { .addr = config->listen };
	struct wan *wan = mem_new(1, sizeof(*wan));

	if (wan == NULL) {
		(void)fault_set(fault, "out of memory");
		return NULL;
	}
	wan->loop = loop;
	wan->config = *config;
	wan->delay_ns = config->delay_ms * MILLISECOND;
	wan->random = config->seed;
	if (config->queue == 0) {
		wan->config.queue = QUEUE_MAX;
	}
	list_init(&wan->pipes);
	if (addr_family(&listen.addr) == AF_UNSPEC) {
		(void)addr_parse(&listen.addr, "127.0.0.1:0");
	}
	wan->listener = listener_new(loop, &listen, on_connection, wan, fault);
	if (wan->listener == NULL) {
		mem_free(wan);
		return NULL;
	}
	return wan;
}

void
wan_cut(struct wan *wan)
{
	while (!list_empty(&wan->pipes)) {
		close_pipe(
		    list_entry(wan->pipes.next, struct pipe, node), true);
	}
}

void
wan_free(struct wan *wan)
{
	if (wan != NULL) {
		wan_cut(wan);
		listener_free(wan->listener);
		mem_free(wan);
	}
}

void
wan_freeze(struct wan *wan, bool frozen)
{
	struct list *node = list_first(&wan->pipes);

	wan->frozen = frozen;
	while (node != NULL) {
		struct pipe *pipe = list_entry(node, struct pipe, node);

		node = list_after(&wan->pipes, node);
		update(&pipe->halves[0]);
		update(&pipe->halves[1]);
	}
}

void
wan_addr(const struct wan *wan, struct addr *out)
{
	listener_addr(wan->listener, out);
}

void
wan_stats(const struct wan *wan, struct wan_stats *out)
{
	*out = wan->stats;
}
