/* SPDX-License-Identifier: ISC */
#include "agent/post.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/callers.h"
#include "agent/program.h"
#include "common/control.h"
#include "common/list.h"
#include "common/mem.h"
#include "protocol/acceptor.h"
#include "protocol/endpoint.h"
#include "protocol/membership.h"
#include "protocol/outbox.h"
#include "protocol/session.h"

/* Longest that somebody waits for a receipt, in seconds. */
#define WAIT_MAX 3600.

struct post {
	struct endpoint *endpoint;
	struct outbox *outbox;
	struct program *program;
	struct list errands;
};

/* A text that the program has; it is kept for when it is taken. */
struct errand {
	struct list node;
	struct post *post;
	struct session *session; /* NULL: it is over */
	uint32_t number;
	char user[NAME_USER_MAX + 1];
	char device[NAME_HOST_MAX + 1];
	size_t len;
	char text[];
};

struct post *
post_new(struct loop *loop, struct endpoint *endpoint)
{
	struct post *post = mem_new(1, sizeof(*post));

	if (post == NULL) {
		return NULL;
	}
	post->endpoint = endpoint;
	list_init(&post->errands);
	post->outbox = outbox_new(loop);
	post->program = program_new(loop, PROGRAM_TIME);
	if (post->outbox == NULL || post->program == NULL) {
		post_free(post);
		return NULL;
	}
	return post;
}

static void
drop(struct errand *errand)
{
	list_remove(&errand->node);
	mem_free(errand);
}

void
post_free(struct post *post)
{
	struct list *node;

	if (post == NULL) {
		return;
	}
	program_free(post->program);
	for (node = list_first(&post->errands); node != NULL;
	     node = list_first(&post->errands)) {
		drop(list_entry(node, struct errand, node));
	}
	outbox_free(post->outbox);
	mem_free(post);
}

void
post_configure(struct post *post, char **words)
{
	program_configure(post->program, words);
}

/* --- what comes ------------------------------------------------------ */

static void
on_done(enum code code, const char *text, void *arg)
{
	struct errand *errand = arg;
	const struct endpoint_text message = {
		.user = errand->user,
		.device = errand->device,
		.text = errand->text,
		.len = errand->len,
	};

	if (code == CODE_OK) {
		(void)endpoint_take_text(
		    errand->post->endpoint, &message, true);
	}
	if (errand->session != NULL) {
		session_answer_text(
		    errand->session, errand->number, code, text);
	}
	drop(errand);
}

static struct errand *
errand_new(struct post *post, const struct acceptor_letter *letter)
{
	struct errand *errand = mem_new(1, sizeof(*errand) + letter->len);

	if (errand == NULL) {
		return NULL;
	}
	errand->post = post;
	errand->session = letter->session;
	errand->number = letter->number;
	(void)snprintf(errand->user, sizeof(errand->user), "%s", letter->user);
	(void)snprintf(
	    errand->device, sizeof(errand->device), "%s", letter->device);
	errand->len = letter->len;
	memcpy(errand->text, letter->text, letter->len);
	list_push_back(&post->errands, &errand->node);
	return errand;
}

/* Let the program decide on letter. */
static void
send_errand(struct post *post, const struct acceptor_letter *letter)
{
	const struct membership *membership =
	    endpoint_membership(post->endpoint);
	struct errand *errand = errand_new(post, letter);
	char text[LIMITS_TEXT_LEN] = "";
	enum code code = CODE_OVERLOADED;

	if (errand == NULL) {
		session_answer_text(
		    letter->session, letter->number, code, text);
		return;
	}
	/* Who has just left has no name, and sessions that are about to go. */
	if (membership != NULL) {
		code = program_run(post->program, membership->name, letter,
		    on_done, errand, text);
	}
	if (code != CODE_OK) {
		session_answer_text(
		    letter->session, letter->number, code, text);
		drop(errand);
	}
}

void
post_text(struct post *post, const struct acceptor_letter *letter)
{
	const struct endpoint_text message = {
		.user = letter->user,
		.device = letter->device,
		.text = letter->text,
		.len = letter->len,
	};

	if (program_is_set(post->program)) {
		send_errand(post, letter);
		return;
	}
	endpoint_answer_text(
	    post->endpoint, &message, letter->session, letter->number);
}

void
post_receipt(struct post *post, const struct session *session, uint32_t number,
    enum code code, const char *text)
{
	outbox_receipt(post->outbox, session, number, code, text);
}

void
post_over(struct post *post, const struct session *session)
{
	struct list *node = list_first(&post->errands);

	for (; node != NULL; node = list_after(&post->errands, node)) {
		struct errand *errand = list_entry(node, struct errand, node);

		if (errand->session == session) {
			errand->session = NULL;
		}
	}
	outbox_over(post->outbox, session);
}

/* --- what goes ------------------------------------------------------- */

/* A text that is being given to all gateways that it is for. */
struct spread {
	const char *to;
	const struct outbox_text *text;
	struct outbox_send *send;
	size_t found;
};

/* Return whether to, USER or USER/DEVICE, names that device. */
static bool
names(const char *to, const char *user, const char *device)
{
	const size_t len = strlen(user);

	return strncmp(to, user, len) == 0 &&
	       (to[len] == '\0' ||
		   (to[len] == '/' && strcmp(to + len + 1, device) == 0));
}

static void
send_one(
    const char *user, const char *device, struct session *session, void *arg)
{
	struct spread *spread = arg;
	char to[NAME_USER_MAX + 1 + NAME_HOST_MAX + 1];

	if (names(spread->to, user, device)) {
		spread->found++;
		(void)snprintf(to, sizeof(to), "%s/%s", user, device);
		outbox_add(spread->send, to, session, spread->text);
	}
}

void
post_send(struct post *post, const struct callers *callers,
    struct control_request *request)
{
	double seconds = strtod(control_word(request, 3), NULL);
	struct spread spread = { .to = control_word(request, 1) };
	struct outbox_text *text;

	if (control_count(request) != 4 || !(seconds > 0.) ||
	    seconds > WAIT_MAX) {
		control_end(request, CONTROL_USAGE,
		    codes_slug(CODE_BAD_REQUEST), "send USER TEXT SECONDS");
		return;
	}
	text = outbox_read(request, 2);
	if (text == NULL) {
		return;
	}
	spread.text = text;
	spread.send = outbox_begin(post->outbox, request, seconds, NULL, NULL);
	if (spread.send != NULL) {
		callers_each_session(callers, send_one, &spread);
		if (spread.found == 0) {
			outbox_miss(spread.send, spread.to, CODE_HOST_OFFLINE,
			    "no gateway of that name has a session with this "
			    "host");
		}
		outbox_close(spread.send);
	}
	mem_free(text);
}
