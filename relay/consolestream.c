/* SPDX-License-Identifier: ISC */
/*
 * Streams of visitors and their way to the server; declared in console_impl.h.
 *
 *	LINE --the server takes it--> SERVED --> over
 *	  \____ reset, too long ____/
 *
 * A server has fewer places than browsers and scripts would like to have at
 * once, and requests are short: what it does not take waits for its turn.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "common/io.h"
#include "common/mem.h"
#include "protocol/bridge.h"
#include "protocol/limits.h"
#include "protocol/stream.h"
#include "relay/console_impl.h"

/* Seconds between offers to a server that took nothing more. */
#define AGAIN 0.1

/* How long a stream waits for its turn: as long as a dial may take. */
#define WAIT_TIME LIMITS_DIAL_TIME

struct flow {
	struct console_visitor *visitor;
	struct stream *stream; /* NULL once it is the bridge's */
	struct bridge *bridge;
	uint64_t since;  /* when it came */
	struct list all; /* in visitor->line or ->served */
};

/* --- the life of a flow ---------------------------------------------- */

/* Let visitor be among those who wait exactly while somebody does. */
static void
update_waiting(struct console_visitor *visitor)
{
	if (list_empty(&visitor->line)) {
		list_remove(&visitor->waiting);
	} else if (!list_linked(&visitor->waiting)) {
		list_push_back(&visitor->console->waiting, &visitor->waiting);
	}
}

/* Free flow, which has neither stream nor bridge; there is a place free. */
static void
flow_free(struct flow *flow)
{
	struct console_visitor *visitor = flow->visitor;
	struct console *console = visitor->console;

	visitor->streams--;
	console->stats.streams--;
	list_remove(&flow->all);
	mem_free(flow);
	update_waiting(visitor);
	if (!list_empty(&console->waiting)) {
		loop_defer(console->config.loop, &console->turn);
	}
}

static void
on_bridge_done(const struct bridge_outcome *outcome, void *arg)
{
	(void)outcome;
	flow_free(arg);
}

/* The stream was reset before its turn came. */
static void
on_reset(void *arg, enum code code, int error)
{
	struct flow *flow = arg;

	(void)code;
	(void)error;
	stream_release(flow->stream);
	flow_free(flow);
}

static const struct stream_ops waiting_ops = {
	.reset = on_reset,
};

/* --- the server ------------------------------------------------------ */

/* Give fd to the server, in any case; 0, or -1 when it does not take it. */
static int
serve(const struct console_visitor *visitor, int fd)
{
	const struct console_config *config = &visitor->console->config;
	const struct console_caller caller = {
		.user = visitor->user,
		.device = visitor->device,
		.device_id = visitor->device_id,
		.origin = visitor->origin,
	};

	return config->serve(fd, &caller, config->arg);
}

/* Return a socket whose other end the server has taken, or NULL. */
static struct io *
connect_server(const struct console_visitor *visitor)
{
	struct io *io;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		ends) != 0) {
		return NULL;
	}
	io = io_new(visitor->console->config.loop, ends[0], NULL, NULL);
	if (io == NULL) {
		(void)close(ends[0]);
		(void)close(ends[1]);
		return NULL;
	}
	if (serve(visitor, ends[1]) != 0) {
		io_close(io);
		return NULL;
	}
	return io;
}

/* Lead flow to the server; false when that takes nothing now. */
static bool
connect_flow(struct flow *flow)
{
	const struct stream_opened opened = { .code = CODE_OK };
	struct console_visitor *visitor = flow->visitor;
	struct console *console = visitor->console;
	struct stream *stream = flow->stream;
	struct io *io = connect_server(visitor);

	if (io == NULL) {
		return false;
	}
	flow->bridge = bridge_new(console->config.loop, io,
	    stream_conduit(stream), NULL, on_bridge_done, flow);
	if (flow->bridge == NULL) {
		io_close(io);
		return false;
	}
	flow->stream = NULL;
	list_remove(&flow->all);
	list_push_back(&visitor->served, &flow->all);
	update_waiting(visitor);
	console->stats.served++;
	/* Early data goes on now; what that does may end flow. */
	stream_answer(stream, &opened);
	return true;
}

/* Move all visitors in from to the end of to. */
static void
move_all(struct list *to, struct list *from)
{
	struct list *node = list_first(from);

	for (; node != NULL; node = list_first(from)) {
		list_remove(node);
		list_push_back(to, node);
	}
}

/*
 * Offer the server one stream of each visitor who waits, round after round; one
 * of whom it takes none now is left out of the next.
 */
static void
on_turn(void *arg)
{
	struct console *console = arg;
	struct list *node = list_first(&console->waiting);
	struct list stuck;

	list_init(&stuck);
	for (; node != NULL; node = list_first(&console->waiting)) {
		struct console_visitor *visitor =
		    list_entry(node, struct console_visitor, waiting);
		bool taken = connect_flow(
		    list_entry(list_first(&visitor->line), struct flow, all));

		list_remove(&visitor->waiting);
		if (!list_empty(&visitor->line)) {
			list_push_back(taken ? &console->waiting : &stuck,
			    &visitor->waiting);
		}
	}
	move_all(&console->waiting, &stuck);
	if (!list_empty(&console->waiting) && !ev_is_active(&console->again)) {
		ev_timer_again(loop_ev(console->config.loop), &console->again);
	}
}

/* Refuse what visitor has in its line for too long. */
static void
refuse_stale(struct console_visitor *visitor, uint64_t now)
{
	struct list *node = list_first(&visitor->line);

	for (; node != NULL; node = list_first(&visitor->line)) {
		struct flow *flow = list_entry(node, struct flow, all);

		if (now - flow->since < WAIT_TIME) {
			return;
		}
		visitor->console->stats.refused++;
		stream_refuse(flow->stream, CODE_OVERLOADED,
		    "The relay is busy with %zu connections; try again later.",
		    visitor->console->stats.streams);
		flow_free(flow);
	}
}

static void
on_again(struct ev_loop *ev, struct ev_timer *timer, int revents)
{
	struct console *console = timer->data;
	uint64_t now = loop_now(console->config.loop);
	struct list *node = list_first(&console->waiting);
	struct list *next;

	(void)revents;
	ev_timer_stop(ev, timer);
	for (; node != NULL; node = next) {
		next = list_after(&console->waiting, node);
		refuse_stale(
		    list_entry(node, struct console_visitor, waiting), now);
	}
	on_turn(console);
}

/* --- streams that come ----------------------------------------------- */

/* Return true when visitor may not have another stream now. */
static bool
has_enough(const struct console_visitor *visitor)
{
	size_t all = visitor->console->stats.streams;

	if (visitor->streams >= CONSOLE_CALLER_STREAMS ||
	    all >= CONSOLE_STREAMS_MAX) {
		return true;
	}
	return all >= CONSOLE_STREAMS_MAX / 2 &&
	       visitor->streams >= CONSOLE_CALLER_FAIR;
}

/* Let stream wait for its turn, which may be at once; 0 or -1. */
static int
enqueue(struct console_visitor *visitor, struct stream *stream)
{
	struct console *console = visitor->console;
	struct flow *flow = mem_new(1, sizeof(*flow));

	if (flow == NULL) {
		return -1;
	}
	flow->visitor = visitor;
	flow->stream = stream;
	flow->since = loop_now(console->config.loop);
	list_init(&flow->all);
	list_push_back(&visitor->line, &flow->all);
	visitor->streams++;
	console->stats.streams++;
	stream_set_owner(stream, &waiting_ops, flow);
	update_waiting(visitor);
	loop_defer(console->config.loop, &console->turn);
	return 0;
}

/* Return CODE_OK when visitor may have a stream to target, or why not. */
static enum code
judge(struct console_visitor *visitor, const struct stream_target *target,
    char text[LIMITS_TEXT_LEN])
{
	if (target->protocol != STREAM_TCP) {
		return codes_explain(
		    CODE_DENIED, text, "The relay takes no datagrams.");
	}
	if (target->name[0] != '\0') {
		return codes_explain(CODE_DENIED, text,
		    "The relay leads nowhere but to its own page; \"%.100s\" "
		    "is not there.",
		    target->name);
	}
	if (target->port != CONSOLE_PORT) {
		return codes_explain(CODE_SERVICE_REFUSED, text,
		    "The relay answers on port %d and on no other.",
		    CONSOLE_PORT);
	}
	if (has_enough(visitor)) {
		return codes_explain(CODE_TOO_MANY_STREAMS, text,
		    "%zu connections to the relay open, the limit at present.",
		    visitor->streams);
	}
	if (!ratelimit_take(
		&visitor->opens, 1, loop_now(visitor->console->config.loop))) {
		return codes_explain(CODE_OVERLOADED, text,
		    "Too many new connections a second to the relay.");
	}
	return CODE_OK;
}

void
consolestream_open(struct console_visitor *visitor, struct stream *stream,
    const struct stream_target *target)
{
	char text[LIMITS_TEXT_LEN];
	enum code code = judge(visitor, target, text);

	if (code == CODE_OK && enqueue(visitor, stream) != 0) {
		code = codes_explain(
		    CODE_OVERLOADED, text, "The relay is out of memory.");
	}
	if (code != CODE_OK) {
		visitor->console->stats.refused++;
		stream_refuse(stream, code, "%s", text);
	}
}

/* --- the end --------------------------------------------------------- */

/* Nobody is there any more to get what the server still says. */
void
consolestream_drop(struct console_visitor *visitor)
{
	struct list *node = list_first(&visitor->served);

	for (; node != NULL; node = list_first(&visitor->served)) {
		struct flow *flow = list_entry(node, struct flow, all);

		bridge_abort(flow->bridge, CODE_SESSION_LOST);
		flow_free(flow);
	}
	for (node = list_first(&visitor->line); node != NULL;
	     node = list_first(&visitor->line)) {
		struct flow *flow = list_entry(node, struct flow, all);

		stream_reset(flow->stream, CODE_SESSION_LOST, 0);
		flow_free(flow);
	}
}

void
consolestream_init(struct console *console)
{
	list_init(&console->waiting);
	loop_task_init(&console->turn, on_turn, console);
	ev_timer_init(&console->again, on_again, AGAIN, AGAIN);
	console->again.data = console;
}

void
consolestream_end(struct console *console)
{
	loop_task_cancel(console->config.loop, &console->turn);
	ev_timer_stop(loop_ev(console->config.loop), &console->again);
}
