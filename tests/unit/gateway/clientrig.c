/* SPDX-License-Identifier: ISC */
#include "tests/unit/gateway/clientrig.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io.h"
#include "common/meter.h"
#include "gateway/client_impl.h"
#include "gateway/failures.h"
#include "gateway/hosts.h"
#include "tests/support/await.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

/* Turns of the loop after which nothing moves that can. */
#define SETTLE_TURNS 8

/* Space for one pull. */
#define PULL_MAX LIMITS_RECORD_PAYLOAD_MAX

/* --- far ends -------------------------------------------------------- */

static struct clientrig_far *
far_of(const struct conduit *conduit)
{
	/* The conduit is the first member. */
	return (struct clientrig_far *)(uintptr_t)conduit;
}

/* Pull as long as there is room and something comes. */
static void
pull(void *arg)
{
	struct clientrig_far *far = arg;
	size_t max = far->chunk > 0 ? far->chunk : PULL_MAX;
	bool fin = false;
	size_t n;

	if (far->released || far->ended || far->room == 0 ||
	    (!far->told && !far->early)) {
		return;
	}
	max = max < far->room ? max : far->room;
	ck_assert_uint_le(far->len + max, CLIENTRIG_KEPT_MAX);
	n = far->ops->pull(far->arg, far->bytes + far->len, max, &fin);
	ck_assert_uint_le(n, max);
	far->len += n;
	far->room -= n;
	far->ended = fin;
}

static void
set_owner(struct conduit *conduit, const struct stream_ops *ops, void *arg)
{
	struct clientrig_far *far = far_of(conduit);

	ck_assert(!far->released);
	far->ops = ops;
	far->arg = arg;
}

static void
ready(struct conduit *conduit)
{
	struct clientrig_far *far = far_of(conduit);

	ck_assert(!far->released);
	loop_defer(far->rig->loop, &far->pull);
}

static void
consumed(struct conduit *conduit, size_t n, uint64_t now_ns)
{
	struct clientrig_far *far = far_of(conduit);

	(void)now_ns;
	ck_assert(!far->released);
	far->consumed += n;
	ck_assert_uint_le(far->consumed, far->said);
}

static bool
has_fin(const struct conduit *conduit)
{
	return far_of(conduit)->over;
}

static void
reset(struct conduit *conduit, enum code code, int error)
{
	struct clientrig_far *far = far_of(conduit);

	(void)error;
	ck_assert(!far->released);
	far->released = true;
	far->code = code;
	loop_task_cancel(far->rig->loop, &far->pull);
}

static const struct conduit_type far_type = {
	.set_owner = set_owner,
	.ready = ready,
	.consumed = consumed,
	.has_fin = has_fin,
	.reset = reset,
};

struct clientrig_far *
clientrig_far(struct clientrig *rig)
{
	ck_assert_uint_gt(rig->far_count, 0);
	return &rig->fars[rig->far_count - 1];
}

void
clientrig_open_far(struct clientrig_far *far, enum code code)
{
	struct stream_opened opened = { .code = code };

	ck_assert(!far->released && !far->told);
	far->told = true;
	far->over = far->ended = code != CODE_OK;
	far->ops->opened(far->arg, &opened);
	if (!far->released) {
		far->room = far->rig->held ? far->room : CLIENTRIG_KEPT_MAX;
		loop_defer(far->rig->loop, &far->pull);
	}
	clientrig_settle(far->rig);
}

void
clientrig_far_send(struct clientrig_far *far, const void *data, size_t len)
{
	ck_assert(!far->released && !far->over);
	far->said += len;
	far->ops->data(far->arg, data, len);
	clientrig_settle(far->rig);
}

void
clientrig_far_say(struct clientrig_far *far, const char *text)
{
	clientrig_far_send(far, text, strlen(text));
}

void
clientrig_far_fin(struct clientrig_far *far)
{
	ck_assert(!far->released && !far->over);
	far->over = true;
	far->ops->fin(far->arg);
	clientrig_settle(far->rig);
}

void
clientrig_far_reset(struct clientrig_far *far, enum code code)
{
	ck_assert(!far->released);
	far->over = far->ended = true;
	far->ops->reset(far->arg, code, 0);
	ck_assert(far->released);
	clientrig_settle(far->rig);
}

void
clientrig_far_room(struct clientrig_far *far, size_t n)
{
	far->room += n;
	loop_defer(far->rig->loop, &far->pull);
	clientrig_settle(far->rig);
}

struct far_wait {
	const struct clientrig_far *far;
	size_t len;
};

static bool
far_has(void *arg)
{
	const struct far_wait *wait = arg;

	return wait->far->len >= wait->len || wait->far->released;
}

void
clientrig_far_expect(struct clientrig_far *far, const char *text)
{
	size_t len = strlen(text);
	struct far_wait wait = { .far = far, .len = len };

	(void)await(far->rig->loop, far_has, &wait);
	clientrig_settle(far->rig);
	if (far->len != len || memcmp(far->bytes, text, len) != 0) {
		ck_abort_msg("came \"%.*s\", not \"%s\"", (int)far->len,
		    (const char *)far->bytes, text);
	}
	far->len = 0;
}

void
clientrig_far_expect_fin(struct clientrig_far *far)
{
	ck_assert(await_flag(far->rig->loop, &far->ended));
	ck_assert_uint_eq(far->len, 0);
	ck_assert(!far->over);
}

void
clientrig_far_expect_release(struct clientrig_far *far, enum code code)
{
	ck_assert(await_flag(far->rig->loop, &far->released));
	ck_assert_int_eq(far->code, code);
}

void
clientrig_far_expect_nothing(struct clientrig_far *far)
{
	clientrig_settle(far->rig);
	ck_assert(!far->released);
	ck_assert(!far->ended);
	ck_assert_uint_eq(far->len, 0);
}

/* --- in the place of gateway/reach ------------------------------------ */

/* Say what came of a way; a session is not looked at by anybody here. */
static void
say(struct clientrig *rig, reach_done *done, void *arg)
{
	struct reach_result result = { .code = rig->code };

	if (rig->direct) {
		result.way.addrs[0] = rig->direct_to;
		result.way.addr_count = 1;
	} else {
		result.session = (struct session *)(void *)rig;
	}
	if (rig->text != NULL) {
		(void)snprintf(
		    result.text, sizeof(result.text), "%s", rig->text);
	}
	done(&result, arg);
}

struct reach *
reach_start(const struct reach_space *space, const struct proxy_target *target,
    reach_done *done, void *arg)
{
	struct clientrig *rig = (struct clientrig *)(void *)space->peers;

	rig->reaches++;
	rig->asked = *target;
	rig->asked_outside = space == &rig->outside;
	if (rig->way == CLIENTRIG_AT_ONCE) {
		say(rig, done, arg);
		return NULL;
	}
	for (size_t i = 0; i < CLIENTRIG_REACHES_MAX; i++) {
		struct reach *reach = &rig->waiting[i];

		if (reach->done == NULL) {
			*reach = (struct reach){ rig, done, arg };
			return reach;
		}
	}
	ck_abort_msg("more than %d ways", CLIENTRIG_REACHES_MAX);
	return NULL;
}

void
reach_cancel(struct reach *reach)
{
	if (reach != NULL) {
		ck_assert(reach->done != NULL);
		reach->rig->cancelled++;
		reach->done = NULL;
	}
}

struct conduit *
reach_open(const struct reach_result *result, bool early,
    const struct stream_ops *ops, void *arg)
{
	struct clientrig *rig = (struct clientrig *)(void *)result->session;
	struct clientrig_far *far;

	if (rig->no_conduit) {
		return NULL;
	}
	ck_assert_uint_lt(rig->far_count, CLIENTRIG_FARS_MAX);
	far = &rig->fars[rig->far_count++];
	far->conduit.type = &far_type;
	far->rig = rig;
	far->ops = ops;
	far->arg = arg;
	far->early = early;
	far->room = early && !rig->held ? LIMITS_EARLY_MAX : 0;
	loop_task_init(&far->pull, pull, far);
	return &far->conduit;
}

void
clientrig_arrive(struct clientrig *rig)
{
	struct reach found = rig->waiting[0];

	ck_assert(found.done != NULL);
	memmove(rig->waiting, rig->waiting + 1,
	    sizeof(rig->waiting) - sizeof(rig->waiting[0]));
	rig->waiting[CLIENTRIG_REACHES_MAX - 1].done = NULL;
	say(rig, found.done, found.arg);
	clientrig_settle(rig);
}

/* --- the rig ---------------------------------------------------------- */

static void
on_ended(void *arg)
{
	struct clientrig *rig = arg;

	rig->ends++;
}

void
clientrig_open(struct clientrig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->fd = -1;
	rig->loop = loop_new();
	rig->failures = failures_new();
	rig->meter = meter_new();
	rig->bytes = malloc(CLIENTRIG_KEPT_MAX);
	ck_assert_ptr_nonnull(rig->loop);
	ck_assert_ptr_nonnull(rig->failures);
	ck_assert_ptr_nonnull(rig->meter);
	ck_assert_ptr_nonnull(rig->bytes);
	for (size_t i = 0; i < CLIENTRIG_FARS_MAX; i++) {
		rig->fars[i].bytes = malloc(CLIENTRIG_KEPT_MAX);
		ck_assert_ptr_nonnull(rig->fars[i].bytes);
	}
	/* Nobody here looks into it but reach_start() above. */
	rig->space.peers = (struct peers *)(void *)rig;
	/* None yet: any name could be that of a host. */
	rig->space.map.hosts = hosts_new();
	rig->space.map.suffix = "internal";
	ck_assert_ptr_nonnull(rig->space.map.hosts);
	rig->outside = rig->space;
	client_pool_init(&rig->pool, rig->loop, &rig->space, 100);
	rig->pool.outside = &rig->outside;
	rig->pool.failures = rig->failures;
	rig->pool.meter = rig->meter;
	rig->pool.ended = on_ended;
	rig->pool.arg = rig;
}

static void
forget_client(struct clientrig *rig)
{
	if (rig->fd >= 0) {
		(void)close(rig->fd);
	}
	rig->fd = -1;
	rig->len = 0;
	rig->end = false;
	rig->error = 0;
}

void
clientrig_again(struct clientrig *rig)
{
	client_pool_close(&rig->pool);
	ck_assert_uint_eq(rig->pool.count, 0);
	ck_assert_uint_eq(rig->pool.refused, 0);
	/* Whatever is being left in peace is told that it is over. */
	for (size_t i = 0; i < rig->far_count; i++) {
		struct clientrig_far *far = &rig->fars[i];
		uint8_t *bytes = far->bytes;

		if (!far->released) {
			clientrig_far_reset(far, CODE_LINK_LOST);
		}
		*far = (struct clientrig_far){ .bytes = bytes };
	}
	rig->far_count = 0;
	ck_assert_uint_eq(rig->pool.parting, 0);
	clientrig_settle(rig);
	forget_client(rig);
}

void
clientrig_close(struct clientrig *rig)
{
	clientrig_again(rig);
	for (size_t i = 0; i < CLIENTRIG_REACHES_MAX; i++) {
		ck_assert(rig->waiting[i].done == NULL);
	}
	for (size_t i = 0; i < CLIENTRIG_FARS_MAX; i++) {
		free(rig->fars[i].bytes);
	}
	free(rig->bytes);
	hosts_free(rig->space.map.hosts);
	failures_free(rig->failures);
	meter_free(rig->meter);
	loop_free(rig->loop);
}

void
clientrig_connect(struct clientrig *rig, const struct proxy_target *forward)
{
	int fds[2];
	int on = 1;

	forget_client(rig);
	ck_assert_int_eq(netpair_connect(AF_INET, fds), 0);
	/* What a test sends in pieces shall come in pieces, and at once. */
	ck_assert_int_eq(
	    setsockopt(fds[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
	rig->fd = fds[0];
	client_start(&rig->pool, fds[1], forward);
}

void
clientrig_settle(struct clientrig *rig)
{
	for (int i = 0; i < SETTLE_TURNS; i++) {
		loop_poll(rig->loop);
	}
}

/* --- the client ------------------------------------------------------- */

/* Take what has come to the client. */
static void
receive(struct clientrig *rig)
{
	ssize_t n = 1;

	while (rig->fd >= 0 && n > 0 && rig->len < CLIENTRIG_KEPT_MAX) {
		n = recv(rig->fd, rig->bytes + rig->len,
		    CLIENTRIG_KEPT_MAX - rig->len, MSG_DONTWAIT);
		rig->len += n > 0 ? (size_t)n : 0;
	}
	if (rig->fd >= 0 && n == 0) {
		rig->end = true;
	} else if (n < 0 && errno != EAGAIN) {
		rig->error = errno;
	}
}

void
clientrig_send(struct clientrig *rig, const void *data, size_t len)
{
	const uint8_t *next = data;

	while (len > 0) {
		ssize_t n =
		    send(rig->fd, next, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0) {
			ck_assert_int_eq(errno, EAGAIN);
			clientrig_settle(rig);
			continue;
		}
		next += n;
		len -= (size_t)n;
	}
	clientrig_settle(rig);
}

void
clientrig_say(struct clientrig *rig, const char *text)
{
	clientrig_send(rig, text, strlen(text));
}

void
clientrig_shut(struct clientrig *rig)
{
	ck_assert_int_eq(shutdown(rig->fd, SHUT_WR), 0);
	clientrig_settle(rig);
}

void
clientrig_leave(struct clientrig *rig)
{
	forget_client(rig);
	clientrig_settle(rig);
}

void
clientrig_break(struct clientrig *rig)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	ck_assert_int_eq(
	    setsockopt(rig->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)),
	    0);
	forget_client(rig);
}

struct client_wait {
	struct clientrig *rig;
	size_t len;
};

static bool
has_bytes(void *arg)
{
	const struct client_wait *wait = arg;
	struct clientrig *rig = wait->rig;

	receive(rig);
	return rig->len >= wait->len || rig->end || rig->error != 0;
}

void
clientrig_expect(struct clientrig *rig, const void *data, size_t len)
{
	struct client_wait wait = { .rig = rig, .len = len };

	ck_assert(await(rig->loop, has_bytes, &wait));
	if (rig->len < len || memcmp(rig->bytes, data, len) != 0) {
		ck_abort_msg("the client got \"%.*s\", not \"%.*s\"",
		    (int)rig->len, (const char *)rig->bytes, (int)len,
		    (const char *)data);
	}
	rig->len -= len;
	memmove(rig->bytes, rig->bytes + len, rig->len);
}

void
clientrig_expect_text(struct clientrig *rig, const char *text)
{
	clientrig_expect(rig, text, strlen(text));
}

void
clientrig_expect_nothing(struct clientrig *rig)
{
	clientrig_settle(rig);
	receive(rig);
	ck_assert_uint_eq(rig->len, 0);
	ck_assert(!rig->end);
	ck_assert_int_eq(rig->error, 0);
}

/* Wait for the end, whatever comes before it. */
static void
await_end(struct clientrig *rig)
{
	struct client_wait wait = { .rig = rig, .len = CLIENTRIG_KEPT_MAX };

	ck_assert(await(rig->loop, has_bytes, &wait));
}

void
clientrig_expect_end(struct clientrig *rig)
{
	await_end(rig);
	ck_assert_uint_eq(rig->len, 0);
	ck_assert_int_eq(rig->error, 0);
	ck_assert(rig->end);
}

void
clientrig_expect_reset(struct clientrig *rig)
{
	await_end(rig);
	ck_assert_uint_eq(rig->len, 0);
	ck_assert_int_eq(rig->error, ECONNRESET);
}

void
clientrig_expect_page(struct clientrig *rig, unsigned status, const char *words)
{
	char begin[32];

	await_end(rig);
	ck_assert_uint_lt(rig->len, CLIENTRIG_KEPT_MAX);
	rig->bytes[rig->len] = '\0';
	(void)snprintf(begin, sizeof(begin), "HTTP/1.1 %u ", status);
	if (strncmp((const char *)rig->bytes, begin, strlen(begin)) != 0 ||
	    strstr((const char *)rig->bytes, words) == NULL) {
		ck_abort_msg("no %u with \"%s\" is \"%s\"", status, words,
		    (const char *)rig->bytes);
	}
	ck_assert_int_eq(rig->error, 0);
	ck_assert(rig->end);
	rig->len = 0;
}

struct count_wait {
	const struct clientrig *rig;
	uint32_t count;
};

static bool
has_clients(void *arg)
{
	const struct count_wait *wait = arg;

	return wait->rig->pool.count == wait->count;
}

void
clientrig_expect_clients(struct clientrig *rig, uint32_t count)
{
	struct count_wait wait = { .rig = rig, .count = count };

	ck_assert(await(rig->loop, has_clients, &wait));
}

struct client *
clientrig_client(struct clientrig *rig)
{
	struct list *last = rig->pool.clients.prev;

	return list_empty(&rig->pool.clients)
		   ? NULL
		   : list_entry(last, struct client, all);
}

void
clientrig_hurry(struct clientrig *rig)
{
	struct client *client = clientrig_client(rig);

	ck_assert_ptr_nonnull(client);
	io_set_timeout(client->io, 0.001);
}

uint64_t
clientrig_outcomes(
    const struct clientrig *rig, enum dialect dialect, enum code code)
{
	return rig->pool.outcomes.counts[dialect][codes_index(code)];
}
