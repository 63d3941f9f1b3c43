/* SPDX-License-Identifier: ISC */
#include "gateway/cli/tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <sodium.h>

#include "common/addr.h"
#include "common/mem.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/entry.h"
#include "protocol/codes.h"

/*
 * Seconds for the gateway to say what came of it.  It has limits of its own for
 * each step, which end earlier and say which one it was.
 */
#define ANSWER_TIME 90

/* Room for the gateway's ticket, and for a request with it. */
#define TICKET_MAX 128
#define REQUEST_MAX (3 * TUNNEL_TARGET_MAX + 4 * TICKET_MAX)

/* Seconds for the gateway to give one. */
#define ASK_TIME 10.0

/* How a sentence of the gateway's begins. */
static const char page_prefix[] = "inroad: ";

/* --- the way in ------------------------------------------------------ */

/* Return a socket connected to the gateway, or -1 and errno. */
static int
enter(const struct entry *entry)
{
	/* Whatever ends us in the middle must not look like the end. */
	const struct linger abortive = { .l_onoff = 1 };
	const struct timeval limit = { .tv_sec = ANSWER_TIME };
	int fd =
	    socket(addr_family(&entry->addr), SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0) {
		return -1;
	}
	if (connect(fd, (const struct sockaddr *)&entry->addr.ss,
		entry->addr.len) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ==
		0 &&
	    setsockopt(
		fd, SOL_SOCKET, SO_LINGER, &abortive, sizeof(abortive)) == 0) {
		return fd;
	}
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

/* Read on; 1, 0 at the end, -1 and errno. */
static int
read_more(int fd, struct tunnel *tunnel)
{
	size_t room = sizeof(tunnel->text) - 1 - tunnel->len;
	ssize_t n;

	if (room == 0) {
		errno = EMSGSIZE;
		return -1;
	}
	do {
		n = recv(fd, tunnel->text + tunnel->len, room, 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0) {
		return (int)n;
	}
	tunnel->len += (size_t)n;
	tunnel->text[tunnel->len] = '\0';
	return 1;
}

/* Read until the head is whole; as read_more(). */
static int
read_head(int fd, struct tunnel *tunnel)
{
	int got;

	do {
		const char *end = strstr(tunnel->text, "\r\n\r\n");

		if (end != NULL) {
			tunnel->head_len = (size_t)(end - tunnel->text) + 4;
			return 1;
		}
		got = read_more(fd, tunnel);
	} while (got > 0);
	return got;
}

/* --- what the gateway says ------------------------------------------- */

/* Return the exit code that the outcome named slug has. */
static enum control_exit
exit_of(const char *slug)
{
	static const struct {
		enum code code;
		enum control_exit exit;
	} rows[] = {
		{ CODE_HOST_UNKNOWN, CONTROL_NO_HOST },
		{ CODE_HOST_OFFLINE, CONTROL_OFFLINE },
		{ CODE_RELAY_UNREACHABLE, CONTROL_OFFLINE },
		{ CODE_RELAY_DNS, CONTROL_OFFLINE },
		{ CODE_SERVICE_TIMEOUT, CONTROL_TIMEOUT },
		{ CODE_DENIED, CONTROL_NOT_ALLOWED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(codes_slug(rows[i].code), slug) == 0) {
			return rows[i].exit;
		}
	}
	return CONTROL_FAILED;
}

/* Take the gateway's refusal: "inroad: SLUG: sentence" is its page. */
static int
take_refusal(int fd, struct tunnel *tunnel, struct ask_answer *outcome)
{
	char *text = tunnel->text + tunnel->head_len;
	char *colon;

	while (read_more(fd, tunnel) > 0) {
	}
	text[strcspn(text, "\r\n")] = '\0';
	if (strncmp(text, page_prefix, sizeof(page_prefix) - 1) == 0) {
		text += sizeof(page_prefix) - 1;
		colon = strstr(text, ": ");
		if (colon != NULL) {
			*colon = '\0';
			return ask_fail(
			    outcome, exit_of(text), text, "%s", colon + 2);
		}
	}
	tunnel->text[strcspn(tunnel->text, "\r\n")] = '\0';
	return ask_fail(outcome, CONTROL_FAILED,
	    codes_slug(CODE_PROTOCOL_ERROR), "the gateway answered: %s",
	    tunnel->text);
}

/* Write the request for target to out; returns its length. */
static size_t
make_request(const char *target, const char *ticket, char out[REQUEST_MAX])
{
	char words[TICKET_MAX + 2];
	char encoded[sodium_base64_ENCODED_LEN(
	    sizeof(words), sodium_base64_VARIANT_ORIGINAL)] = "";
	int len;

	if (ticket[0] != '\0') {
		(void)snprintf(words, sizeof(words), ":%s", ticket);
		(void)sodium_bin2base64(encoded, sizeof(encoded),
		    (const uint8_t *)words, strlen(words),
		    sodium_base64_VARIANT_ORIGINAL);
	}
	len = snprintf(out, REQUEST_MAX,
	    "CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: inroad\r\n"
	    "%s%s%s\r\n",
	    target, target,
	    ticket[0] != '\0' ? "Proxy-Authorization: Basic " : "", encoded,
	    ticket[0] != '\0' ? "\r\n" : "");
	mem_wipe(words, sizeof(words));
	mem_wipe(encoded, sizeof(encoded));
	return (size_t)len;
}

/* Ask at fd for target; 0 once there is a stream, else -1 and *outcome. */
static int
open_stream(int fd, const char *target, const char *ticket,
    struct tunnel *tunnel, struct ask_answer *outcome)
{
	char request[REQUEST_MAX];
	size_t len = make_request(target, ticket, request);
	ssize_t sent = send(fd, request, len, MSG_NOSIGNAL);
	int got;

	mem_wipe(request, sizeof(request));
	if (sent != (ssize_t)len) {
		return ask_fail(outcome, CONTROL_FAILED,
		    codes_slug(CODE_LINK_LOST),
		    "the gateway closed the connection: %s", strerror(errno));
	}
	got = read_head(fd, tunnel);
	if (got < 0 && errno == EAGAIN) {
		return ask_fail(outcome, CONTROL_TIMEOUT,
		    codes_slug(CODE_SERVICE_TIMEOUT),
		    "the gateway has not answered for %d s", ANSWER_TIME);
	}
	if (got <= 0) {
		return ask_fail(outcome, CONTROL_FAILED,
		    codes_slug(CODE_LINK_LOST),
		    "the gateway closed the connection");
	}
	if (strncmp(tunnel->text, "HTTP/1.1 200 ", 13) != 0) {
		return take_refusal(fd, tunnel, outcome);
	}
	return 0;
}

/*
 * Put what a gateway that asks for a password takes instead, from whoever may
 * command it, to out; empty where it asks for none.
 */
static void
get_ticket(
    const struct cli *cli, const struct entry *entry, char out[TICKET_MAX])
{
	const char *words[] = { "ticket" };
	char path[CLI_PATH_LEN];
	struct ask_answer answer;

	out[0] = '\0';
	if (!json_is_true(
		json_object_get(entry_status(entry), "asks_password")) ||
	    cli_socket(cli, path) != 0) {
		return;
	}
	ask_daemon(path, words, 1, ASK_TIME, &answer);
	(void)snprintf(
	    out, TICKET_MAX, "%s", ask_text(ask_first(&answer), "ticket"));
	ask_free(&answer);
}

/* Enter by entry and ask for target; 0 once there is a stream, or -1. */
static int
run(const struct entry *entry, const char *target, const char *ticket,
    struct tunnel *tunnel, struct ask_answer *outcome)
{
	tunnel->fd = enter(entry);
	if (tunnel->fd < 0) {
		return ask_fail(outcome, CONTROL_NOT_RUNNING, "not-running",
		    "cannot connect to the gateway at %s: %s", entry->address,
		    strerror(errno));
	}
	return open_stream(tunnel->fd, target, ticket, tunnel, outcome);
}

int
tunnel_open(const struct cli *cli, const char *target, struct tunnel *tunnel)
{
	struct ask_answer outcome = { .code = CONTROL_OK };
	char ticket[TICKET_MAX];
	struct entry entry;
	int status;

	tunnel->fd = -1;
	tunnel->len = 0;
	tunnel->head_len = 0;
	tunnel->text[0] = '\0';
	status = entry_find(cli, ENTRY_ANY, &entry);
	if (status != CONTROL_OK) {
		return status;
	}
	get_ticket(cli, &entry, ticket);
	status = run(&entry, target, ticket, tunnel, &outcome);
	mem_wipe(ticket, sizeof(ticket));
	entry_free(&entry);
	if (status == 0) {
		return CONTROL_OK;
	}
	tunnel_close(tunnel);
	return cli_report(cli, &outcome);
}

void
tunnel_done(const struct tunnel *tunnel)
{
	const struct linger kind = { .l_onoff = 0 };

	(void)setsockopt(
	    tunnel->fd, SOL_SOCKET, SO_LINGER, &kind, sizeof(kind));
}

void
tunnel_close(struct tunnel *tunnel)
{
	if (tunnel->fd >= 0) {
		(void)close(tunnel->fd);
		tunnel->fd = -1;
	}
}
