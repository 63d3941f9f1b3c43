/* SPDX-License-Identifier: ISC */
#include "protocol/outbox.h"

#include <ev.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/control.h"
#include "common/jsonout.h"
#include "common/list.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/name.h"
#include "protocol/session.h"

/* Of the objects that we answer; rises when a member changes its meaning. */
#define SCHEMA 1

/* One object: names and a sentence. */
#define OBJECT_MAX 4096

/* Room for "alice/laptop". */
#define TO_LEN (NAME_USER_MAX + 1 + NAME_HOST_MAX + 1)

struct outbox {
	struct loop *loop;
	struct list sends;
};

struct outbox_send {
	struct list node;
	struct outbox *outbox;
	struct control_request *request;
	struct ev_timer timer;
	void (*abandon)(void *arg);
	void *arg;
	struct list letters; /* that wait for a receipt */
	bool closed;         /* there are all */
	size_t delivered;
	/* Why one of them was not delivered. */
	enum control_exit exit;
	const char *slug;
	char text[LIMITS_TEXT_LEN];
};

/* A text on its way to one device. */
struct letter {
	struct list node;
	struct session *session;
	uint32_t number;
	char to[TO_LEN];
};

struct outbox *
outbox_new(struct loop *loop)
{
	struct outbox *outbox = mem_new(1, sizeof(*outbox));

	if (outbox != NULL) {
		outbox->loop = loop;
		list_init(&outbox->sends);
	}
	return outbox;
}

struct outbox_text *
outbox_read(struct control_request *request, size_t i)
{
	const char *word = control_word(request, i);
	struct outbox_text *text = mem_new(1, sizeof(*text));

	if (text == NULL) {
		control_end(request, CONTROL_FAILED,
		    codes_slug(CODE_OVERLOADED),
		    codes_summary(CODE_OVERLOADED));
		return NULL;
	}
	if (sodium_base642bin((unsigned char *)text->bytes, sizeof(text->bytes),
		word, strlen(word), NULL, &text->len, NULL,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    text->len == 0) {
		control_end(request, CONTROL_USAGE,
		    codes_slug(CODE_BAD_REQUEST),
		    "A message has 1 to 65536 bytes of text.");
		mem_free(text);
		return NULL;
	}
	return text;
}

/* --- the end --------------------------------------------------------- */

/* Take send out of everything; its request is the caller's. */
static void
forget(struct outbox_send *send)
{
	struct list *node;

	ev_timer_stop(loop_ev(send->outbox->loop), &send->timer);
	for (node = list_first(&send->letters); node != NULL;
	     node = list_first(&send->letters)) {
		list_remove(node);
		mem_free(list_entry(node, struct letter, node));
	}
	list_remove(&send->node);
	if (!send->closed && send->abandon != NULL) {
		send->abandon(send->arg);
	}
	mem_free(send);
}

static void
finish(struct outbox_send *send)
{
	if (send->delivered > 0) {
		control_end(send->request, CONTROL_OK, NULL, NULL);
	} else {
		control_end(send->request, send->exit, send->slug, send->text);
	}
	forget(send);
}

static void
finish_if_done(struct outbox_send *send)
{
	if (send->closed && list_empty(&send->letters)) {
		finish(send);
	}
}

/* Tell what became of the text at one device, of which code is a part. */
static void
tell(struct outbox_send *send, const char *to, const char *outcome,
    const char *slug, const char *text)
{
	struct jsonout *json = jsonout_new(OBJECT_MAX);

	jsonout_object(json, NULL);
	jsonout_int(json, "schema", SCHEMA);
	jsonout_string(json, "to", to);
	jsonout_string(json, "outcome", outcome);
	if (slug != NULL) {
		jsonout_string(json, "error", slug);
		jsonout_string(json, "text", text);
	}
	jsonout_end(json);
	control_send(send->request, json);
}

static void
fail(struct outbox_send *send, const char *to, const char *outcome,
    enum control_exit status, const char *slug, const char *text)
{
	/* Of several reasons, one that is more than "not there" counts. */
	if (send->slug == NULL || status != CONTROL_OFFLINE) {
		send->exit = status;
		send->slug = slug;
		(void)snprintf(send->text, sizeof(send->text), "%s", text);
	}
	tell(send, to, outcome, slug, text);
}

/* The other side refused the text, or there was no way to it. */
static void
fail_by_code(struct outbox_send *send, const char *to, const char *outcome,
    enum code code, const char *text)
{
	enum control_exit status = CONTROL_FAILED;

	if (code == CODE_HOST_OFFLINE) {
		status = CONTROL_OFFLINE;
	} else if (code == CODE_HOST_UNKNOWN) {
		status = CONTROL_NO_HOST;
	} else if (code == CODE_DENIED) {
		status = CONTROL_NOT_ALLOWED;
	}
	fail(send, to, outcome, status, codes_slug(code),
	    text[0] != '\0' ? text : codes_summary(code));
}

/* The time is over: what was not sent yet never is. */
static void
on_time(struct ev_loop *ev, struct ev_timer *timer, int revents)
{
	struct outbox_send *send = timer->data;
	struct list *node = list_first(&send->letters);

	(void)ev;
	(void)revents;
	for (; node != NULL; node = list_after(&send->letters, node)) {
		struct letter *letter = list_entry(node, struct letter, node);

		if (session_forget_text(letter->session, letter->number)) {
			fail_by_code(
			    send, letter->to, "offline", CODE_HOST_OFFLINE, "");
		} else {
			fail(send, letter->to, "unknown", CONTROL_TIMEOUT,
			    "timeout",
			    "It was sent, and no answer came in that time.");
		}
	}
	if (send->slug == NULL) {
		fail_by_code(send, "", "offline", CODE_HOST_OFFLINE,
		    "There was no way there in that time.");
	}
	finish(send);
}

/* Whoever asked went away. */
static void
on_cancel(void *arg)
{
	struct outbox_send *send = arg;
	struct list *node = list_first(&send->letters);

	for (; node != NULL; node = list_after(&send->letters, node)) {
		struct letter *letter = list_entry(node, struct letter, node);

		(void)session_forget_text(letter->session, letter->number);
	}
	forget(send);
}

/* --- sending --------------------------------------------------------- */

struct outbox_send *
outbox_begin(struct outbox *outbox, struct control_request *request,
    double seconds, void (*abandon)(void *arg), void *arg)
{
	struct outbox_send *send = mem_new(1, sizeof(*send));

	if (send == NULL) {
		control_end(request, CONTROL_FAILED,
		    codes_slug(CODE_OVERLOADED),
		    codes_summary(CODE_OVERLOADED));
		return NULL;
	}
	send->outbox = outbox;
	send->request = request;
	send->abandon = abandon;
	send->arg = arg;
	list_init(&send->letters);
	list_push_back(&outbox->sends, &send->node);
	ev_timer_init(&send->timer, on_time, seconds, 0.);
	send->timer.data = send;
	ev_timer_start(loop_ev(outbox->loop), &send->timer);
	control_on_cancel(request, on_cancel, send);
	return send;
}

void
outbox_add(struct outbox_send *send, const char *to, struct session *session,
    const struct outbox_text *text)
{
	struct letter *letter = mem_new(1, sizeof(*letter));
	uint32_t number = 0;

	if (letter != NULL) {
		number = session_send_text(session, text->bytes, text->len,
		    loop_now(send->outbox->loop));
	}
	if (number == 0) {
		mem_free(letter);
		fail_by_code(send, to, "refused", CODE_OVERLOADED,
		    "Too many messages to it have no answer yet.");
		return;
	}
	letter->session = session;
	letter->number = number;
	(void)snprintf(letter->to, sizeof(letter->to), "%s", to);
	list_push_back(&send->letters, &letter->node);
}

/* Return whether code says that there is somebody, who does not let us in. */
static bool
is_refusal(enum code code)
{
	static const enum code refusals[] = {
		CODE_DENIED,
		CODE_ACCOUNT_KEY,
		CODE_HOST_KEY_CHANGED,
		CODE_LIMIT,
		CODE_QUOTA,
		CODE_OVERLOADED,
		CODE_NAME_INVALID,
		CODE_BAD_REQUEST,
	};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (code == refusals[i]) {
			return true;
		}
	}
	return false;
}

void
outbox_miss(
    struct outbox_send *send, const char *to, enum code code, const char *text)
{
	fail_by_code(
	    send, to, is_refusal(code) ? "refused" : "offline", code, text);
}

void
outbox_close(struct outbox_send *send)
{
	send->closed = true;
	finish_if_done(send);
}

/* --- what became of it ----------------------------------------------- */

/* Return a text in session, of that number unless it is 0, and its *send. */
static struct letter *
find(const struct outbox *outbox, const struct session *session,
    uint32_t number, struct outbox_send **send)
{
	struct list *at = list_first(&outbox->sends);

	for (; at != NULL; at = list_after(&outbox->sends, at)) {
		struct list *node;

		*send = list_entry(at, struct outbox_send, node);
		node = list_first(&(*send)->letters);
		for (; node != NULL;
		     node = list_after(&(*send)->letters, node)) {
			struct letter *letter =
			    list_entry(node, struct letter, node);

			if (letter->session == session &&
			    (number == 0 || letter->number == number)) {
				return letter;
			}
		}
	}
	return NULL;
}

static void
drop(struct letter *letter)
{
	list_remove(&letter->node);
	mem_free(letter);
}

void
outbox_receipt(struct outbox *outbox, const struct session *session,
    uint32_t number, enum code code, const char *text)
{
	struct outbox_send *send;
	struct letter *letter = find(outbox, session, number, &send);

	if (letter == NULL) {
		return;
	}
	if (code == CODE_OK) {
		send->delivered++;
		tell(send, letter->to, "delivered", NULL, NULL);
	} else {
		fail_by_code(send, letter->to, "refused", code, text);
	}
	drop(letter);
	finish_if_done(send);
}

void
outbox_over(struct outbox *outbox, const struct session *session)
{
	struct outbox_send *send;
	struct letter *letter = find(outbox, session, 0, &send);

	for (; letter != NULL; letter = find(outbox, session, 0, &send)) {
		fail(send, letter->to, "unknown", CONTROL_FAILED,
		    codes_slug(CODE_SESSION_LOST),
		    "The session ended before an answer came.");
		drop(letter);
		finish_if_done(send);
	}
}

void
outbox_free(struct outbox *outbox)
{
	struct list *node;

	if (outbox == NULL) {
		return;
	}
	for (node = list_first(&outbox->sends); node != NULL;
	     node = list_first(&outbox->sends)) {
		struct outbox_send *send =
		    list_entry(node, struct outbox_send, node);

		fail_by_code(send, "", "offline", CODE_GOING_DOWN, "");
		send->delivered = 0;
		finish(send);
	}
	mem_free(outbox);
}
