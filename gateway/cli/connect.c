/* SPDX-License-Identifier: ISC */
#include "gateway/cli/connect.h"

#include <errno.h>
#include <signal.h>
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
#include "gateway/cli/flags.h"
#include "gateway/cli/pump.h"
#include "protocol/codes.h"

/*
 * Seconds for the gateway to say what came of it.  It has limits of its own for
 * each step, which end earlier and say which one it was.
 */
#define ANSWER_TIME 90

/* Room for an answer's head and the page behind it. */
#define ANSWER_MAX 16384

/* Room for a target, with brackets and port. */
#define TARGET_MAX (ADDR_HOST_LEN + 16)

/* Room for the gateway's ticket, and for a request with it. */
#define TICKET_MAX 128
#define REQUEST_MAX (3 * TARGET_MAX + 4 * TICKET_MAX)

/* Seconds for the gateway to give one. */
#define ASK_TIME 10.0

/* How a sentence of the gateway's begins. */
static const char page_prefix[] = "inroad: ";

/* An answer of the gateway as far as it was read, terminated. */
struct answer {
	char text[ANSWER_MAX];
	size_t len;
	size_t head_len; /* 0: not there yet */
};

/* --- the target ------------------------------------------------------ */

/* Return true when host is what can stand in a request. */
static bool
is_sendable(const char *host)
{
	for (const char *c = host; *c != '\0'; c++) {
		if (*c <= ' ' || *c == 0x7f ||
		    strchr("/?#@[]\\\"", *c) != NULL) {
			return false;
		}
	}
	return host[0] != '\0';
}

/* Make "HOST:PORT" of the one or two words; 0 or -1. */
static int
make_target(const char *const *words, int count, char out[TARGET_MAX])
{
	char host[ADDR_HOST_LEN];
	char joined[TARGET_MAX];
	const char *text = words[0];
	uint16_t port;
	int n;

	if (count == 2) {
		bool bare = strchr(words[0], ':') != NULL && words[0][0] != '[';

		n = snprintf(joined, sizeof(joined), bare ? "[%s]:%s" : "%s:%s",
		    words[0], words[1]);
		if (n < 0 || (size_t)n >= sizeof(joined)) {
			return -1;
		}
		text = joined;
	}
	if (addr_split(text, host, sizeof(host), &port) != 0 || port == 0 ||
	    !is_sendable(host)) {
		return -1;
	}
	(void)snprintf(out, TARGET_MAX,
	    strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
	return 0;
}

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
read_more(int fd, struct answer *answer)
{
	size_t room = sizeof(answer->text) - 1 - answer->len;
	ssize_t n;

	if (room == 0) {
		errno = EMSGSIZE;
		return -1;
	}
	do {
		n = recv(fd, answer->text + answer->len, room, 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0) {
		return (int)n;
	}
	answer->len += (size_t)n;
	answer->text[answer->len] = '\0';
	return 1;
}

/* Read until the head is whole; as read_more(). */
static int
read_head(int fd, struct answer *answer)
{
	int got;

	do {
		const char *end = strstr(answer->text, "\r\n\r\n");

		if (end != NULL) {
			answer->head_len = (size_t)(end - answer->text) + 4;
			return 1;
		}
		got = read_more(fd, answer);
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
take_refusal(int fd, struct answer *answer, struct ask_answer *outcome)
{
	char *text = answer->text + answer->head_len;
	char *colon;

	while (read_more(fd, answer) > 0) {
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
	answer->text[strcspn(answer->text, "\r\n")] = '\0';
	return ask_fail(outcome, CONTROL_FAILED,
	    codes_slug(CODE_PROTOCOL_ERROR), "the gateway answered: %s",
	    answer->text);
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
    struct answer *answer, struct ask_answer *outcome)
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
	got = read_head(fd, answer);
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
	if (strncmp(answer->text, "HTTP/1.1 200 ", 13) != 0) {
		return take_refusal(fd, answer, outcome);
	}
	return 0;
}

/* --- the stream ------------------------------------------------------ */

/* Tie standard input and output to fd until both ends are done. */
static int
carry(int fd, const struct answer *answer, struct ask_answer *outcome)
{
	const struct linger kind = { .l_onoff = 0 };
	const struct timeval for_ever = { .tv_sec = 0 };
	const struct pump pump = {
		.socket = fd,
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.head = (const uint8_t *)answer->text + answer->head_len,
		.head_len = answer->len - answer->head_len,
	};

	(void)setsockopt(
	    fd, SOL_SOCKET, SO_RCVTIMEO, &for_ever, sizeof(for_ever));
	switch (pump_run(&pump)) {
	case PUMP_OK:
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_LINGER, &kind, sizeof(kind));
		return 0;
	case PUMP_INPUT:
		return ask_fail(outcome, CONTROL_FAILED,
		    codes_slug(CODE_CANCELLED),
		    "cannot read standard input: %s", strerror(errno));
	case PUMP_OUTPUT:
		return ask_fail(outcome, CONTROL_FAILED,
		    codes_slug(CODE_CANCELLED),
		    "cannot write standard output: %s", strerror(errno));
	case PUMP_BROKEN:
		break;
	}
	return ask_fail(outcome, CONTROL_FAILED, codes_slug(CODE_TARGET_RESET),
	    "the connection broke: %s", strerror(errno));
}

/*
 * Our end is that of standard input and of the stream, and no signal: ssh sends
 * SIGHUP while its last words may still be on their way.
 */
static void
ignore_signals(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGHUP, &ignore, NULL);
}

static int
run(const struct entry *entry, const char *target, const char *ticket,
    struct ask_answer *outcome)
{
	struct answer answer = { .len = 0 };
	int fd = enter(entry);
	int status;

	if (fd < 0) {
		return ask_fail(outcome, CONTROL_NOT_RUNNING, "not-running",
		    "cannot connect to the gateway at %s: %s", entry->address,
		    strerror(errno));
	}
	status = open_stream(fd, target, ticket, &answer, outcome);
	if (status == 0) {
		status = carry(fd, &answer, outcome);
	}
	(void)close(fd);
	return status;
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

int
connect_run(const struct cli *cli)
{
	/* Standard output is the stream's: whatever fails is said in words. */
	struct cli plain = *cli;
	struct ask_answer outcome = { .code = CONTROL_OK };
	const char *words[2];
	char target[TARGET_MAX];
	char ticket[TICKET_MAX];
	struct entry entry;
	int count = flags_take(cli, NULL, 0, words, 2);
	int status;

	plain.json = false;
	if (count < 1 || make_target(words, count, target) != 0) {
		return cli_usage("connect");
	}
	ignore_signals();
	status = entry_find(&plain, ENTRY_ANY, &entry);
	if (status != CONTROL_OK) {
		return status;
	}
	get_ticket(&plain, &entry, ticket);
	(void)run(&entry, target, ticket, &outcome);
	mem_wipe(ticket, sizeof(ticket));
	entry_free(&entry);
	return cli_report(&plain, &outcome);
}
