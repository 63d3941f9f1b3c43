/* SPDX-License-Identifier: ISC */
#include "relay/console.h"

#include <string.h>

#include <sodium.h>

#include "common/mem.h"
#include "protocol/acceptor.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/linkmsg.h"
#include "protocol/target.h"
#include "relay/console_impl.h"

/* Sessions in all: devices that look at pages or send commands. */
#define SESSIONS_MAX 4096
/* Of one device: one, and aged ones that still have streams. */
#define CALLER_SESSIONS 4
/* Not confirmed: all gateways at once, as after a start, in a few rounds. */
#define PENDING_MAX 512

/* New streams of one device a second, and at once: see CONSOLE_CALLER_STREAMS.
 */
#define OPEN_RATE 200
#define OPEN_BURST 512

/*
 * Requests are small and answers seldom large; what a caller does not take is
 * not made.  A session keeps a megabyte for a path that is long, all of them
 * some dozens.
 */
#define WINDOW_MAX ((uint64_t)256 << 10)
#define RECEIVE_MAX ((uint64_t)32 << 20)
#define RETAIN_MAX ((uint64_t)1 << 20)
#define RETAIN_BUDGET ((uint64_t)64 << 20)

/* --- visitors -------------------------------------------------------- */

static void *
on_enter(const struct sessionanswer *answer, void *arg)
{
	struct console *console = arg;
	struct console_visitor *visitor = mem_new(1, sizeof(*visitor));

	if (visitor != NULL) {
		visitor->console = console;
		memcpy(
		    visitor->user, answer->caller.user, sizeof(visitor->user));
		memcpy(
		    visitor->device, answer->device, sizeof(visitor->device));
		list_init(&visitor->line);
		list_init(&visitor->served);
		list_init(&visitor->waiting);
		ratelimit_init(&visitor->opens, OPEN_RATE, OPEN_BURST,
		    loop_now(console->config.loop));
	}
	return visitor;
}

static void
on_leave(void *kept)
{
	struct console_visitor *visitor = kept;
	consolestream_drop(visitor);
	mem_free(visitor);
}

static void
on_open(void *kept, const struct keys_caller *by, struct stream *stream,
    const struct stream_target *target)
{
	(void)by;
	consolestream_open(kept, stream, target);
}

/* --- attaching ------------------------------------------------------- */

static enum code
on_judge(const struct linkmsg_attach *attach,
    const struct sessionanswer_known *known, struct sessionanswer *out,
    char text[LIMITS_TEXT_LEN], void *arg)
{
	const struct console *console = arg;
	struct sessionanswer_self self = {
		.public_key = console->config.public_key,
		.secret_key = console->config.secret_key,
		.grace = console->config.grace,
	};

	if (attach->epoch != 0 || attach->caller.share != 0) {
		return codes_explain(CODE_DENIED, text,
		    "The relay is called by its own accounts only, and without "
		    "a key of theirs.");
	}
	randombytes_buf(self.id, sizeof(self.id));
	switch (sessionanswer_make(&self, known, attach, out)) {
	case SESSIONANSWER_OK:
		return CODE_OK;
	case SESSIONANSWER_OTHER_KEY:
		return codes_explain(CODE_DENIED, text,
		    "That is not the device that logged in here.");
	case SESSIONANSWER_BAD:
		return codes_explain(CODE_PROTOCOL_ERROR, text,
		    "The handshake is not one for this relay.");
	case SESSIONANSWER_FAILED:
		break;
	}
	return codes_explain(
	    CODE_OVERLOADED, text, "The relay is out of memory.");
}

static const struct acceptor_ops acceptor_callbacks = {
	.judge = on_judge,
	.enter = on_enter,
	.leave = on_leave,
	.open = on_open,
};

bool
console_is_meant(const struct linkmsg_attach *attach)
{
	return attach->owner[0] == '\0' &&
	       strcmp(attach->host, TARGET_RELAY) == 0;
}

void
console_attach(struct console *console, struct link *link, uint32_t channel,
    const struct linkmsg_attach *attach, int64_t device_id)
{
	struct console_visitor *visitor;

	acceptor_attach(console->acceptor, link, channel, attach);
	visitor = acceptor_kept(console->acceptor, attach->device_key);
	if (visitor != NULL) {
		/* It may be elsewhere by now. */
		(void)addr_format_ip(link_peer(link), visitor->origin);
		visitor->device_id = device_id;
	}
}

void
console_expel(
    struct console *console, const uint8_t key[KEYS_LEN], enum code code)
{
	acceptor_expel(console->acceptor, key, code);
}

void
console_close(struct console *console, enum code code)
{
	acceptor_finish(console->acceptor);
	acceptor_close(console->acceptor, code);
}

/* --- life ------------------------------------------------------------ */

struct console *
console_new(const struct console_config *config)
{
	struct console *console = mem_new(1, sizeof(*console));
	const struct acceptor_config acceptor = {
		.ops = &acceptor_callbacks,
		.arg = console,
		.receive = console != NULL ? &console->receive : NULL,
		/* Its device is limited, whatever sessions it has. */
		.streams_max = LIMITS_STREAMS_MAX,
		.retain_max = RETAIN_MAX,
		.retain = console != NULL ? &console->retain : NULL,
		.sessions_max = SESSIONS_MAX,
		.caller_max = CALLER_SESSIONS,
		.pending_max = PENDING_MAX,
		.window_max = WINDOW_MAX,
		.is_relay = true,
	};

	if (console == NULL) {
		return NULL;
	}
	console->config = *config;
	consolestream_init(console);
	console->receive.max = RECEIVE_MAX;
	console->retain.max = RETAIN_BUDGET;
	console->acceptor = acceptor_new(config->loop, &acceptor);
	if (console->acceptor == NULL) {
		mem_free(console);
		return NULL;
	}
	return console;
}

void
console_free(struct console *console)
{
	if (console != NULL) {
		acceptor_free(console->acceptor);
		consolestream_end(console);
		mem_free(console);
	}
}

void
console_get_stats(const struct console *console, struct console_stats *out)
{
	*out = console->stats;
	out->sessions = acceptor_sessions(console->acceptor);
}
