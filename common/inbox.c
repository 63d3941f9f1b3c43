/* SPDX-License-Identifier: ISC */
#include "common/inbox.h"

#include <ev.h>
#include <stdio.h>
#include <string.h>

#include "common/control.h"
#include "common/jsonout.h"
#include "common/list.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/quantity.h"

/* Of the objects that we write; rises when a member changes its meaning. */
#define SCHEMA 1

/* Names, numbers and keys of an object, without its text. */
#define OBJECT_MAX 1024

/* One character of a text takes no more than this in JSON. */
#define ESCAPED_MAX 6

/* The longest time to listen, in seconds: a year. */
#define SECONDS_MAX (UINT64_C(366) * 86400)

/* A message that is kept. */
struct kept {
	struct list node;
	size_t cost;
	char level[16]; /* empty: it is a text */
	char user[80];
	char device[80];
	uint64_t at;
	size_t len;
	char text[];
};

struct ear {
	struct list node;
	struct inbox *inbox;
	struct control_request *request;
	struct ev_timer timer;
	uint64_t left; /* messages until it has all; 0: no end */
	uint64_t lost; /* and not told yet */
};

struct inbox {
	struct loop *loop;
	struct list listeners;
	struct list kept; /* oldest first */
	size_t kept_count;
	size_t kept_bytes;
};

struct inbox *
inbox_new(struct loop *loop)
{
	struct inbox *inbox = mem_new(1, sizeof(*inbox));

	if (inbox != NULL) {
		inbox->loop = loop;
		list_init(&inbox->listeners);
		list_init(&inbox->kept);
	}
	return inbox;
}

/* --- writing --------------------------------------------------------- */

static struct jsonout *
begin(const char *kind, size_t max)
{
	struct jsonout *json = jsonout_new(max);

	jsonout_object(json, NULL);
	jsonout_int(json, "schema", SCHEMA);
	jsonout_string(json, "kind", kind);
	return json;
}

static struct jsonout *
describe(const struct inbox_message *message)
{
	struct jsonout *json = begin(message->level != NULL ? "notice" : "text",
	    OBJECT_MAX + ESCAPED_MAX * message->len);

	jsonout_uint(json, "at", message->at);
	if (message->level != NULL) {
		jsonout_string(json, "level", message->level);
	} else {
		jsonout_string(json, "user", message->user);
		jsonout_string(json, "device", message->device);
	}
	jsonout_bytes(json, "text", message->text, message->len);
	jsonout_end(json);
	return json;
}

/* --- listeners ------------------------------------------------------- */

static void
forget(struct ear *listener)
{
	ev_timer_stop(loop_ev(listener->inbox->loop), &listener->timer);
	list_remove(&listener->node);
	mem_free(listener);
}

static void
end(struct ear *listener, enum control_exit code, const char *slug,
    const char *text)
{
	struct control_request *request = listener->request;

	forget(listener);
	control_end(request, code, slug, text);
}

static void
on_gone(void *arg)
{
	forget(arg);
}

static void
on_time(struct ev_loop *ev, struct ev_timer *timer, int revents)
{
	(void)ev;
	(void)revents;
	end(timer->data, CONTROL_TIMEOUT, "timeout",
	    "No more messages came in that time.");
}

/* Tell listener what it lost, before anything else. */
static void
tell_lost(struct ear *listener)
{
	struct jsonout *json = begin("lost", OBJECT_MAX);

	jsonout_uint(json, "count", listener->lost);
	jsonout_end(json);
	control_send(listener->request, json);
	listener->lost = 0;
}

/* There is room for an object beside a message: for what was lost. */
static bool
give(struct ear *listener, const struct inbox_message *message)
{
	struct jsonout *json = describe(message);
	size_t len = 0;

	if (jsonout_text(json, &len) == NULL ||
	    len + OBJECT_MAX > control_room(listener->request)) {
		jsonout_free(json);
		listener->lost++;
		return false;
	}
	if (listener->lost > 0) {
		tell_lost(listener);
	}
	control_send(listener->request, json);
	if (listener->left > 0) {
		listener->left--;
		if (listener->left == 0) {
			end(listener, CONTROL_OK, NULL, NULL);
		}
	}
	return true;
}

size_t
inbox_offer(struct inbox *inbox, const struct inbox_message *message)
{
	struct list *node = list_first(&inbox->listeners);
	size_t given = 0;

	while (node != NULL) {
		struct ear *listener = list_entry(node, struct ear, node);

		node = list_after(&inbox->listeners, node);
		given += give(listener, message) ? 1 : 0;
	}
	return given;
}

size_t
inbox_listeners(const struct inbox *inbox)
{
	const struct list *node = list_first(&inbox->listeners);
	size_t count = 0;

	for (; node != NULL; node = list_after(&inbox->listeners, node)) {
		count++;
	}
	return count;
}

static void
listen_on(struct inbox *inbox, struct control_request *request, uint64_t count,
    uint64_t seconds)
{
	struct ear *listener = mem_new(1, sizeof(*listener));

	if (listener == NULL) {
		control_end(
		    request, CONTROL_FAILED, "overloaded", "out of memory");
		return;
	}
	listener->inbox = inbox;
	listener->request = request;
	listener->left = count;
	ev_timer_init(&listener->timer, on_time, (double)seconds, 0.);
	listener->timer.data = listener;
	if (seconds > 0) {
		ev_timer_start(loop_ev(inbox->loop), &listener->timer);
	}
	list_push_back(&inbox->listeners, &listener->node);
	control_on_cancel(request, on_gone, listener);
}

/* --- what is kept ---------------------------------------------------- */

static void
drop_oldest(struct inbox *inbox)
{
	struct list *node = list_first(&inbox->kept);
	struct kept *kept;

	if (node == NULL) {
		return;
	}
	kept = list_entry(node, struct kept, node);
	list_remove(&kept->node);
	inbox->kept_count--;
	inbox->kept_bytes -= kept->cost;
	mem_free(kept);
}

void
inbox_keep(struct inbox *inbox, const struct inbox_message *message)
{
	const size_t cost = sizeof(struct kept) + message->len;
	struct kept *kept = mem_new(1, cost);

	if (kept == NULL) {
		return;
	}
	kept->cost = cost;
	kept->at = message->at;
	kept->len = message->len;
	memcpy(kept->text, message->text, message->len);
	(void)snprintf(kept->level, sizeof(kept->level), "%s",
	    message->level != NULL ? message->level : "");
	(void)snprintf(kept->user, sizeof(kept->user), "%s",
	    message->user != NULL ? message->user : "");
	(void)snprintf(kept->device, sizeof(kept->device), "%s",
	    message->device != NULL ? message->device : "");
	list_push_back(&inbox->kept, &kept->node);
	inbox->kept_count++;
	inbox->kept_bytes += cost;
	while (inbox->kept_count > INBOX_KEPT_MAX ||
	       inbox->kept_bytes > INBOX_BYTES_MAX) {
		drop_oldest(inbox);
	}
}

/* Return kept as the message that it was. */
static struct inbox_message
recall(const struct kept *kept)
{
	return (struct inbox_message){
		.level = kept->level[0] != '\0' ? kept->level : NULL,
		.user = kept->user,
		.device = kept->device,
		.at = kept->at,
		.text = kept->text,
		.len = kept->len,
	};
}

/* Send what is kept, the last count (0: all) of it. */
static void
show_kept(struct inbox *inbox, struct control_request *request, uint64_t count)
{
	struct list *node = list_first(&inbox->kept);
	size_t skip = 0;

	if (count > 0 && count < inbox->kept_count) {
		skip = inbox->kept_count - (size_t)count;
	}
	for (; node != NULL; node = list_after(&inbox->kept, node)) {
		if (skip > 0) {
			skip--;
		} else {
			const struct inbox_message message =
			    recall(list_entry(node, struct kept, node));

			control_send(request, describe(&message));
		}
	}
	control_end(request, CONTROL_OK, NULL, NULL);
}

void
inbox_listen(struct inbox *inbox, struct control_request *request)
{
	uint64_t count;
	uint64_t seconds;

	if (quantity_number(control_word(request, 1), &count) != 0 ||
	    quantity_number(control_word(request, 2), &seconds) != 0 ||
	    seconds > SECONDS_MAX) {
		control_end(request, CONTROL_USAGE, "bad-request",
		    "How many messages, and seconds, are numbers.");
	} else if (strcmp(control_word(request, 3), "last") == 0) {
		show_kept(inbox, request, count);
	} else {
		listen_on(inbox, request, count, seconds);
	}
}

bool
inbox_notice(const struct inbox *inbox, size_t i, struct inbox_message *out)
{
	struct list *node = list_last(&inbox->kept);

	if (node == NULL || i >= INBOX_NOTICES_SHOWN) {
		return false;
	}
	for (; node != &inbox->kept; node = node->prev) {
		const struct kept *kept = list_entry(node, struct kept, node);

		if (kept->level[0] != '\0' && i-- == 0) {
			*out = recall(kept);
			return true;
		}
	}
	return false;
}

void
inbox_status(const struct inbox *inbox, struct jsonout *json)
{
	struct inbox_message notice;

	jsonout_uint(json, "listeners", inbox_listeners(inbox));
	jsonout_array(json, "notices");
	for (size_t i = INBOX_NOTICES_SHOWN; i > 0; i--) {
		if (inbox_notice(inbox, i - 1, &notice)) {
			jsonout_object(json, NULL);
			jsonout_uint(json, "at", notice.at);
			jsonout_string(json, "level", notice.level);
			jsonout_bytes(json, "text", notice.text, notice.len);
			jsonout_end(json);
		}
	}
	jsonout_end(json);
}

void
inbox_free(struct inbox *inbox)
{
	struct list *node;

	if (inbox == NULL) {
		return;
	}
	for (node = list_first(&inbox->listeners); node != NULL;
	     node = list_first(&inbox->listeners)) {
		end(list_entry(node, struct ear, node), CONTROL_FAILED,
		    "going-down", "The daemon is shutting down.");
	}
	while (!list_empty(&inbox->kept)) {
		drop_oldest(inbox);
	}
	mem_free(inbox);
}
