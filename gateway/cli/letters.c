/* SPDX-License-Identifier: ISC */
#include "gateway/cli/letters.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/control_client.h"
#include "common/escape.h"
#include "common/fault.h"
#include "common/mem.h"
#include "common/quantity.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/flags.h"
#include "gateway/cli/remote.h"
#include "protocol/limits.h"

/* Seconds that a message may take unless it is said how many. */
#define SEND_TIME "30"

/* Seconds that the daemon gets beyond those that it was told. */
#define ASK_TIME 10.0

/* A text in base64, and its end. */
#define ENCODED_LEN                                                            \
	sodium_base64_ENCODED_LEN(                                             \
	    LIMITS_MESSAGE_MAX, sodium_base64_VARIANT_URLSAFE_NO_PADDING)

/* Words of a notice at most: a shell splits a text that is not quoted. */
#define NOTICE_WORDS_MAX 32

/* --- send ------------------------------------------------------------ */

static int
complain(const char *text)
{
	(void)fprintf(stderr, "inroad: %s\n", text);
	return CONTROL_USAGE;
}

static void
show_sent(const struct ask_answer *answer)
{
	const json_t *item;
	size_t i;

	json_array_foreach(answer->items, i, item)
	{
		const char *why = ask_text(item, "text");

		(void)printf("%s: %s%s%s\n", ask_text(item, "to"),
		    ask_text(item, "outcome"), why[0] != '\0' ? ": " : "", why);
	}
}

/* Ask the daemon; what became of it at several devices is shown in any case. */
static int
send_words(const struct cli *cli, const char *const *words, double timeout)
{
	char path[CLI_PATH_LEN];
	struct ask_answer answer;
	int status;

	if (cli_socket(cli, path) != 0) {
		return CONTROL_CONFIG;
	}
	ask_daemon(path, words, 4, timeout, &answer);
	if (!cli->json &&
	    (answer.code == CONTROL_OK || json_array_size(answer.items) > 1)) {
		show_sent(&answer);
	}
	status = cli_report(cli, &answer);
	ask_free(&answer);
	return status;
}

/* Send the len bytes at text. */
static int
send_text(const struct cli *cli, const char *to, const char *text, size_t len,
    const char *seconds)
{
	char *encoded = mem_new(ENCODED_LEN, 1);
	const char *words[] = { "send", to, encoded, seconds };
	int status;

	if (encoded == NULL) {
		(void)complain("out of memory");
		return CONTROL_FAILED;
	}
	(void)sodium_bin2base64(encoded, ENCODED_LEN,
	    (const unsigned char *)text, len,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	status = send_words(cli, words, strtod(seconds, NULL) + ASK_TIME);
	mem_free(encoded);
	return status;
}

/* Judge the len bytes at text and send them. */
static int
send_checked(const struct cli *cli, const char *to, const char *text,
    size_t len, const char *seconds)
{
	if (len == 0 || len > LIMITS_MESSAGE_MAX) {
		return complain("a message has 1 to 65536 bytes of text");
	}
	if (!escape_is_utf8(text, len)) {
		return complain("a message is text in UTF-8");
	}
	return send_text(cli, to, text, len, seconds);
}

/* Send what is on standard input; one byte more than may be is too much. */
static int
send_input(const struct cli *cli, const char *to, const char *seconds)
{
	char *text = mem_new(LIMITS_MESSAGE_MAX + 1, 1);
	size_t len;
	int status;

	if (text == NULL) {
		(void)complain("out of memory");
		return CONTROL_FAILED;
	}
	len = fread(text, 1, LIMITS_MESSAGE_MAX + 1, stdin);
	status = send_checked(cli, to, text, len, seconds);
	mem_free(text);
	return status;
}

int
letters_send_run(const struct cli *cli)
{
	const char *seconds = SEND_TIME;
	const struct flags_row flags[] = { { "timeout", &seconds, NULL } };
	const char *arguments[2];

	if (flags_take(cli, flags, 1, arguments, 2) != 2 ||
	    !(strtod(seconds, NULL) > 0.)) {
		return cli_usage("send");
	}
	if (strcmp(arguments[1], "-") == 0) {
		return send_input(cli, arguments[0], seconds);
	}
	return send_checked(
	    cli, arguments[0], arguments[1], strlen(arguments[1]), seconds);
}

/* --- listen ---------------------------------------------------------- */

/* What listening goes on with. */
struct listening {
	bool json;
	int status;
};

/* Write text, of which only the line ends are written as they are. */
static void
print_text(const char *text)
{
	const char *end = text + strlen(text);

	while (text < end) {
		char piece[ESCAPE_MAX];
		size_t len;

		if (*text == '\n') {
			(void)fputs(text + 1 < end ? "\n    " : "", stdout);
			text++;
			continue;
		}
		len = escape_next(ESCAPE_PLAIN, &text, end, piece);
		(void)fwrite(piece, 1, len, stdout);
	}
	(void)putchar('\n');
}

static void
print_message(const json_t *message)
{
	const char *kind = ask_text(message, "kind");
	time_t at = json_integer_value(json_object_get(message, "at"));
	char when[32] = "";
	struct tm tm;

	if (strcmp(kind, "lost") == 0) {
		(void)printf("%.0f messages were lost here\n",
		    json_number_value(json_object_get(message, "count")));
		return;
	}
	if (localtime_r(&at, &tm) != NULL) {
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	}
	if (strcmp(kind, "notice") == 0) {
		(void)printf("%s  %s: ", when, ask_text(message, "level"));
	} else {
		(void)printf("%s  %s/%s: ", when, ask_text(message, "user"),
		    ask_text(message, "device"));
	}
	print_text(ask_text(message, "text"));
}

/* The last line says how it ended. */
static void
take_end(struct listening *listening, const json_t *end)
{
	listening->status =
	    (int)json_integer_value(json_object_get(end, "exit"));
	if (listening->status != CONTROL_OK) {
		(void)fprintf(stderr, "inroad: %s: %s\n",
		    ask_text(end, "error"), ask_text(end, "text"));
	}
}

static void
on_line(const char *line, bool last, void *arg)
{
	struct listening *listening = arg;
	json_t *object = json_loads(line, 0, NULL);

	if (last) {
		take_end(listening, object);
	} else if (listening->json) {
		(void)printf("%s\n", line);
	} else {
		print_message(object);
	}
	/* Who waits for it reads it at once. */
	(void)fflush(stdout);
	json_decref(object);
}

/* Ask the daemon; what comes is written by on_line(). */
static int
ask(const struct cli *cli, const char *const *words)
{
	struct listening listening = { cli->json, CONTROL_FAILED };
	char path[CLI_PATH_LEN];
	const struct control_client_question question = { path, words, 4, 0 };
	struct fault fault;

	if (cli_socket(cli, path) != 0) {
		return CONTROL_CONFIG;
	}
	switch (control_client_ask(&question, on_line, &listening, &fault)) {
	case CONTROL_CLIENT_ANSWERED:
		return listening.status;
	case CONTROL_CLIENT_ABSENT:
		listening.status = CONTROL_NOT_RUNNING;
		break;
	case CONTROL_CLIENT_DENIED:
		listening.status = CONTROL_NOT_ALLOWED;
		break;
	case CONTROL_CLIENT_TIMEOUT:
	case CONTROL_CLIENT_UNSENDABLE:
	case CONTROL_CLIENT_BROKEN:
		break;
	}
	(void)fprintf(stderr, "inroad: %s\n", fault.text);
	return listening.status;
}

int
letters_listen_run(const struct cli *cli)
{
	const char *count = "0";
	const char *seconds = "0";
	bool last = false;
	const struct flags_row flags[] = { { "count", &count, NULL },
		{ "timeout", &seconds, NULL }, { "last", NULL, &last } };
	const char *words[4];
	uint64_t number;

	if (flags_take(cli, flags, 3, NULL, 0) != 0 ||
	    quantity_number(count, &number) != 0 ||
	    quantity_number(seconds, &number) != 0) {
		return cli_usage("listen");
	}
	words[0] = "listen";
	words[1] = count;
	words[2] = seconds;
	words[3] = last ? "last" : "new";
	return ask(cli, words);
}

/* --- notice ---------------------------------------------------------- */

static void
show_told(const struct ask_answer *answer)
{
	(void)printf("%.0f devices are told\n",
	    json_number_value(json_object_get(ask_first(answer), "told")));
}

int
letters_notice_run(const struct cli *cli)
{
	const char *level = NULL;
	const struct flags_row flags[] = { { "level", &level, NULL } };
	const char *words[NOTICE_WORDS_MAX] = { "notice" };
	size_t first = 1;
	int count;

	for (int i = 1; i < cli->argc; i++) {
		if (strncmp(cli->argv[i], "--level", 7) == 0) {
			first = 3;
		}
	}
	count =
	    flags_take(cli, flags, 1, words + first, NOTICE_WORDS_MAX - first);
	if (count < 2) {
		return cli_usage("notice");
	}
	if (level != NULL) {
		words[1] = "--level";
		words[2] = level;
	}
	return remote_ask(cli, words, first + (size_t)count, show_told);
}
