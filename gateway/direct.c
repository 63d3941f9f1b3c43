/* SPDX-License-Identifier: ISC */
#include "gateway/direct.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/dial.h"
#include "common/io.h"
#include "common/list.h"
#include "common/mem.h"
#include "gateway/outlet.h"
#include "gateway/proxytarget.h"
#include "protocol/limits.h"
#include "protocol/stream.h"

struct direct {
	struct loop *loop;
	struct list trips;
	size_t count;
	size_t dialling;
};

/* One connection, from its dial until nothing is left of it. */
struct trip {
	struct direct *direct;
	struct list node;
	struct dial *dial; /* NULL unless under way */
	struct outlet *outlet;
	char name[PROXYTARGET_TEXT_LEN];
};

struct direct *
direct_new(struct loop *loop)
{
	struct direct *direct = mem_new(1, sizeof(*direct));

	if (direct != NULL) {
		direct->loop = loop;
		list_init(&direct->trips);
	}
	return direct;
}

void
direct_free(struct direct *direct)
{
	if (direct == NULL) {
		return;
	}
	while (!list_empty(&direct->trips)) {
		struct trip *trip =
		    list_entry(list_first(&direct->trips), struct trip, node);

		/* Whoever has it lets go of it when told. */
		list_remove(&trip->node);
		outlet_abort(trip->outlet, CODE_GOING_DOWN);
	}
	mem_free(direct);
}

size_t
direct_count(const struct direct *direct)
{
	return direct->count;
}

static void
end_dial(struct trip *trip)
{
	if (trip->dial != NULL) {
		trip->dial = NULL;
		trip->direct->dialling--;
	}
}

/* The owner let go, or the connection is over. */
static void
on_gone(void *arg)
{
	struct trip *trip = arg;

	dial_cancel(trip->dial);
	end_dial(trip);
	list_remove(&trip->node);
	trip->direct->count--;
	mem_free(trip);
}

/* --- how it went ----------------------------------------------------- */

static const char *
reason_of(const struct dial_result *result)
{
	switch (result->status) {
	case DIAL_REFUSED:
		return "nothing listens there";
	case DIAL_TIMEOUT:
		return "no answer in 10 s";
	case DIAL_NET_UNREACHABLE:
		return "no route to that network";
	case DIAL_HOST_UNREACHABLE:
		return "no route to that address";
	case DIAL_OK:
	case DIAL_NO_NAME:
	case DIAL_DNS_FAILED:
	case DIAL_DNS_TIMEOUT:
	case DIAL_DENIED:
	case DIAL_FAILED:
		break;
	}
	return strerror(result->err);
}

/* Ten seconds, as reason_of() says. */
_Static_assert(LIMITS_DIAL_TIME == UINT64_C(10000000000), "LIMITS_DIAL_TIME");

static void
refuse(struct trip *trip, const struct dial_result *result)
{
	struct stream_opened opened = {
		.code = CODE_DIRECT_FAILED,
		.error = result->err,
	};

	(void)snprintf(opened.text, sizeof(opened.text),
	    "%.120s is not one of your hosts, and going there directly failed "
	    "(%s).",
	    trip->name, reason_of(result));
	outlet_refuse(trip->outlet, &opened);
}

static void
on_dialled(const struct dial_result *result, void *arg)
{
	static const struct dial_result no_memory = {
		.status = DIAL_FAILED,
		.err = ENOMEM,
	};
	struct trip *trip = arg;
	struct stream_opened opened = { .code = CODE_OK };
	struct io *io;
	int on = 1;

	end_dial(trip);
	if (result->status != DIAL_OK) {
		refuse(trip, result);
		return;
	}
	io = io_new(trip->direct->loop, result->fd, NULL, NULL);
	if (io == NULL) {
		(void)close(result->fd);
		refuse(trip, &no_memory);
		return;
	}
	/* A peer that is gone without a word is noticed some day. */
	(void)setsockopt(result->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	opened.address_len =
	    (uint8_t)addr_to_bytes(&result->addr, opened.address);
	opened.port = addr_port(&result->addr);
	outlet_open(trip->outlet, io, &opened);
}

struct conduit *
direct_open(struct direct *direct, const char *name, const struct addr *addrs,
    size_t count, const struct stream_ops *ops, void *arg)
{
	static const struct dial_options options = {
		.timeout = (double)LIMITS_DIAL_TIME / (double)LIMITS_SEC,
	};
	struct trip *trip = NULL;

	if (direct->dialling < DIRECT_DIALS_MAX) {
		trip = mem_new(1, sizeof(*trip));
	}
	if (trip == NULL) {
		return NULL;
	}
	trip->direct = direct;
	(void)snprintf(trip->name, sizeof(trip->name), "%s", name);
	trip->dial =
	    dial_start(direct->loop, addrs, count, &options, on_dialled, trip);
	if (trip->dial != NULL) {
		trip->outlet =
		    outlet_new(direct->loop, ops, arg, on_gone, trip);
	}
	if (trip->outlet == NULL) {
		dial_cancel(trip->dial);
		mem_free(trip);
		return NULL;
	}
	list_push_back(&direct->trips, &trip->node);
	direct->count++;
	direct->dialling++;
	return outlet_conduit(trip->outlet);
}
