/* SPDX-License-Identifier: ISC */
#include "gateway/cli/remote.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <jansson.h>

#include "common/buf.h"
#include "common/version.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/tunnel.h"
#include "protocol/codes.h"

/* Where the relay is, and what it is asked for. */
#define TARGET "relay:80"
#define PATH "/api/v1/command"

/* Seconds that a change may take: the relay waits for its disk. */
#define ANSWER_TIME 30

/* An answer; the relay sends no more than a megabyte at a time. */
#define ANSWER_MAX ((size_t)4 << 20)

/* Pages of one list: a relay that says "more" for ever is not believed. */
#define PAGES_MAX 10000

/* What a process can end with: newer relays may have codes of their own. */
#define EXIT_CODE_MAX 255

/* Words of a command, with the one that asks for the next page. */
#define WORDS_MAX 32

/* Room for that. */
#define CURSOR_MAX 128

/* --- a request over HTTP --------------------------------------------- */

/* Send the len bytes at data; 0 or -1 and errno. */
static int
send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return -1;
		}
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Send body; 0 or -1 and errno.  In HTTP/1.0 the answer comes in one piece. */
static int
send_request(int fd, const char *body)
{
	char head[512];
	int len = snprintf(head, sizeof(head),
	    "POST " PATH " HTTP/1.0\r\nHost: relay\r\n"
	    "Inroad-Client: inroad/%s\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    version_string(), strlen(body));

	return send_all(fd, head, (size_t)len) == 0
		   ? send_all(fd, body, strlen(body))
		   : -1;
}

/* Read to in until the other side ends; 0 or -1 and errno. */
static int
read_all(int fd, struct buf *in)
{
	char piece[16384];
	ssize_t n;

	for (;;) {
		n = recv(fd, piece, sizeof(piece), 0);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return (int)n;
		}
		if (buf_append(in, piece, (size_t)n) != 0) {
			errno = ENOMEM;
			return -1;
		}
	}
}

/* Return the Content-Length in the head of len bytes at text, or -1. */
static long
content_length(const char *text, size_t len)
{
	static const char name[] = "content-length:";
	const char *end = text + len;
	const char *line = text;

	while (line < end) {
		if (strncasecmp(line, name, sizeof(name) - 1) == 0) {
			char *stop;
			long n = strtol(line + sizeof(name) - 1, &stop, 10);

			return *stop == '\r' && n >= 0 ? n : -1;
		}
		line = strstr(line, "\r\n") + 2;
	}
	return -1;
}

/*
 * Take an answer apart, len bytes that are terminated: return its body, all of
 * which is there, or NULL; its status goes to *status.
 */
static const char *
take_apart(const char *text, size_t len, int *status)
{
	static const char protocol[] = "HTTP/1.";
	const char *body = strstr(text, "\r\n\r\n");
	const char *code = text + sizeof(protocol); /* behind "HTTP/1.0" */
	size_t head_len;
	long length;

	if (body == NULL ||
	    strncmp(text, protocol, sizeof(protocol) - 1) != 0 ||
	    *code != ' ') {
		return NULL;
	}
	*status = (int)strtol(code, NULL, 10);
	body += 4;
	head_len = (size_t)(body - text);
	length = content_length(text, head_len - 2);
	return length >= 0 && (size_t)length == len - head_len ? body : NULL;
}

/* --- what the relay says --------------------------------------------- */

/* Return the exit code for an answer that has none: no command was run. */
static enum control_exit
exit_of_status(int status)
{
	switch (status) {
	case 200:
		return CONTROL_OK;
	case 400:
		return CONTROL_USAGE;
	case 401:
	case 403:
		return CONTROL_NOT_ALLOWED;
	default:
		return CONTROL_FAILED;
	}
}

/* Take the document of an answer; the cursor of the next page goes to next. */
static void
take_document(const json_t *document, int status, struct ask_answer *answer,
    char next[CURSOR_MAX])
{
	const json_t *code = json_object_get(document, "exit");
	json_int_t value = exit_of_status(status);

	if (json_is_integer(code)) {
		value = json_integer_value(code);
	}
	if (value < 0 || value > EXIT_CODE_MAX) {
		value = CONTROL_FAILED;
	}
	if (value != CONTROL_OK) {
		(void)ask_fail(answer, (enum control_exit)value,
		    ask_text(document, "error"), "%s",
		    ask_text(document, "text"));
	} else if (json_array_extend(answer->items,
		       json_object_get(document, "items")) != 0) {
		(void)ask_fail(answer, CONTROL_FAILED,
		    codes_slug(CODE_PROTOCOL_ERROR),
		    "the relay's answer is not understood");
	} else {
		(void)snprintf(
		    next, CURSOR_MAX, "%s", ask_text(document, "next"));
	}
}

/* Take all that the relay said, in which the gateway's answer is no part. */
static void
take_answer(struct buf *in, struct ask_answer *answer, char next[CURSOR_MAX])
{
	json_t *document = NULL;
	const char *body = NULL;
	int status = 0;
	const char *text;
	size_t len = 0;

	/* What is not terminated could be read beyond its end. */
	if (buf_append(in, "", 1) == 0) {
		text = (const char *)buf_peek(in, &len);
		body = take_apart(text, len - 1, &status);
	}
	if (body != NULL) {
		document = json_loads(body, 0, NULL);
	}
	if (json_is_object(document)) {
		take_document(document, status, answer, next);
	} else {
		(void)ask_fail(answer, CONTROL_FAILED,
		    codes_slug(CODE_PROTOCOL_ERROR),
		    status != 0 ? "the relay's answer is not understood"
				: "the relay's answer was cut off");
	}
	json_decref(document);
}

/* --- asking ---------------------------------------------------------- */

/* The connection broke before all of the answer was there. */
static void
fail_broken(struct ask_answer *answer)
{
	if (errno == EAGAIN) {
		(void)ask_fail(answer, CONTROL_TIMEOUT,
		    codes_slug(CODE_SERVICE_TIMEOUT),
		    "the relay has not answered for %d s", ANSWER_TIME);
	} else {
		(void)ask_fail(answer, CONTROL_OFFLINE,
		    codes_slug(CODE_LINK_LOST),
		    "the relay was lost before it answered; look whether it "
		    "happened: %s",
		    strerror(errno));
	}
}

/* Ask over tunnel for what body says. */
static void
exchange(const struct tunnel *tunnel, const char *body,
    struct ask_answer *answer, char next[CURSOR_MAX])
{
	const struct timeval limit = { .tv_sec = ANSWER_TIME };
	struct buf *in = buf_new(ANSWER_MAX);

	(void)setsockopt(
	    tunnel->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (in == NULL || buf_append(in, tunnel->text + tunnel->head_len,
			      tunnel->len - tunnel->head_len) != 0) {
		(void)ask_fail(answer, CONTROL_FAILED,
		    codes_slug(CODE_INTERNAL), "out of memory");
	} else if (send_request(tunnel->fd, body) != 0 ||
		   read_all(tunnel->fd, in) != 0) {
		fail_broken(answer);
	} else {
		tunnel_done(tunnel);
		take_answer(in, answer, next);
	}
	buf_free(in);
}

/* Return {"words":[...]} of the words as text that free() frees, or NULL. */
static char *
make_body(const char *const *words, size_t count)
{
	json_t *list = json_array();
	json_t *body = json_pack("{s:o}", "words", list);
	char *text = NULL;
	int rc = body == NULL ? -1 : 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = json_array_append_new(list, json_string(words[i]));
	}
	if (rc == 0) {
		text = json_dumps(body, JSON_COMPACT);
	}
	json_decref(body);
	return text;
}

/*
 * Ask for one page; CONTROL_OK and *answer, or the exit code when the relay
 * could not be asked, which has been said.
 */
static int
ask_page(const struct cli *cli, const char *const *words, size_t count,
    struct ask_answer *answer, char next[CURSOR_MAX])
{
	struct tunnel tunnel;
	char *body = make_body(words, count);
	int status;

	next[0] = '\0';
	if (body == NULL) {
		(void)ask_fail(answer, CONTROL_USAGE,
		    codes_slug(CODE_BAD_REQUEST), "words are UTF-8");
		return CONTROL_OK;
	}
	status = tunnel_open(cli, TARGET, &tunnel);
	if (status == CONTROL_OK) {
		exchange(&tunnel, body, answer, next);
		tunnel_close(&tunnel);
	}
	free(body);
	return status;
}

/* Ask for all pages; as ask_page(). */
static int
ask_all(const struct cli *cli, const char *const *words, size_t count,
    struct ask_answer *answer)
{
	const char *all[WORDS_MAX];
	char after[CURSOR_MAX + 6];
	char next[CURSOR_MAX];
	int status;

	for (size_t i = 0; i < count; i++) {
		all[i] = words[i];
	}
	status = ask_page(cli, all, count, answer, next);
	for (int i = 1; i < PAGES_MAX && next[0] != '\0'; i++) {
		(void)snprintf(after, sizeof(after), "after=%s", next);
		all[count] = after;
		status = ask_page(cli, all, count + 1, answer, next);
	}
	return status;
}

/* --- which relay ----------------------------------------------------- */

/* Return true when the chosen daemon has a control socket. */
static bool
has_socket(const struct cli *cli)
{
	char path[CLI_PATH_LEN];
	struct stat st;

	return cli_socket(cli, path) == 0 && stat(path, &st) == 0;
}

int
remote_fetch(const struct cli *cli, const char *const *words, size_t count,
    struct ask_answer *answer)
{
	int status;

	*answer = (struct ask_answer){ .code = CONTROL_OK };
	answer->items = json_array();
	if (count >= WORDS_MAX) {
		(void)ask_fail(answer, CONTROL_USAGE,
		    codes_slug(CODE_BAD_REQUEST), "too many words");
		return CONTROL_OK;
	}
	status = ask_all(cli, words, count, answer);
	if (status != CONTROL_OK) {
		ask_free(answer);
	}
	return status;
}

int
remote_ask(const struct cli *cli, const char *const *words, size_t count,
    void (*show)(const struct ask_answer *answer))
{
	struct ask_answer answer;
	struct cli local = *cli;
	bool direct =
	    cli->where != NULL && strcmp(cli->program, "gateway") != 0;
	int status;

	if (cli->where == NULL && !has_socket(cli)) {
		local.program = "relay";
		direct = has_socket(&local);
	}
	if (direct) {
		return cli_ask(&local, words, count, ANSWER_TIME, show);
	}
	status = remote_fetch(cli, words, count, &answer);
	if (status == CONTROL_OK) {
		status = cli_report(cli, &answer);
		if (answer.code == CONTROL_OK && !cli->json && show != NULL) {
			show(&answer);
		}
		ask_free(&answer);
	}
	return status;
}
