/* SPDX-License-Identifier: ISC */
#include "gateway/cli/share.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/control.h"
#include "common/fault.h"
#include "common/mem.h"
#include "common/quantity.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/flags.h"
#include "protocol/joinsource.h"
#include "protocol/limits.h"

/* Seconds that the gateway gets, which may wait ten for an agent. */
#define ASK_TIME 10.0
#define TELL_TIME 30.0

/* --- times --------------------------------------------------------------- */

/* Read the local time text, as format says; 0 or -1. */
static int
read_time(const char *text, const char *format, struct tm *out)
{
	const char *end;

	memset(out, 0, sizeof(*out));
	out->tm_isdst = -1;
	end = strptime(text, format, out);
	return end != NULL && *end == '\0' ? 0 : -1;
}

int
share_parse_until(const char *text, uint64_t now, uint64_t *out)
{
	uint64_t until = 0;
	uint64_t ns;
	struct tm tm;

	if (quantity_duration(text, &ns) == 0) {
		until = now + ns / LIMITS_SEC;
	} else if (read_time(text, "%Y-%m-%d", &tm) == 0) {
		/* To the end of that day. */
		tm.tm_mday++;
		until = (uint64_t)mktime(&tm);
	} else if (read_time(text, "%Y-%m-%dT%H:%M", &tm) == 0 ||
		   read_time(text, "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
		until = (uint64_t)mktime(&tm);
	}
	/* What mktime() cannot say is far away from now. */
	if (until <= now || until > (uint64_t)INT64_MAX / 2) {
		return -1;
	}
	*out = until;
	return 0;
}

/* Write when to out as people do; "never" for 0. */
static const char *
format_until(double when, char *out, size_t size)
{
	const time_t at = (time_t)when;
	struct tm tm;

	(void)snprintf(out, size, "never");
	if (at != 0 && localtime_r(&at, &tm) != NULL) {
		(void)strftime(out, size, "%Y-%m-%d %H:%M", &tm);
	}
	return out;
}

/* --- lists --------------------------------------------------------------- */

/* Return what rights say, for people. */
static const char *
rights_of(const json_t *item)
{
	const char *rights = ask_text(item, "rights");

	return rights[0] != '\0' ? rights : "all";
}

static void
print_share(const json_t *item)
{
	const json_t *expires = json_object_get(item, "expires");
	bool accepted = json_object_get(item, "owner") != NULL;
	char until[32];

	(void)printf("%-16s %-5s %-14s %-10s %-17s %-17s %s\n",
	    ask_text(item, "host"), accepted ? "from" : "to",
	    ask_text(item, accepted ? "owner" : "user"),
	    ask_text(item, "state"),
	    format_until(json_number_value(expires), until, sizeof(until)),
	    ask_text(item, "share"), rights_of(item));
}

static void
show_shares(const struct ask_answer *answer)
{
	const json_t *item;
	size_t i;

	if (json_array_size(answer->items) == 0) {
		(void)printf("No shares. Make one with: inroad share HOST "
			     "USER\n");
		return;
	}
	(void)printf("%-16s %-5s %-14s %-10s %-17s %-17s %s\n", "HOST", "",
	    "ACCOUNT", "STATE", "UNTIL", "SHARE", "RIGHTS");
	json_array_foreach(answer->items, i, item)
	{
		print_share(item);
	}
}

int
share_list_run(const struct cli *cli)
{
	const char *words[] = { "shares" };

	return cli_ask(cli, words, 1, ASK_TIME, show_shares);
}

/* --- share --------------------------------------------------------------- */

static void
show_share(const struct ask_answer *answer)
{
	const json_t *item = ask_first(answer);

	/* The string alone on standard output: scripts take it from there. */
	(void)printf("%s\n", ask_text(item, "string"));
	if (isatty(STDOUT_FILENO)) {
		(void)fprintf(stderr,
		    "\nGood for gateways of \"%s\" alone. There, run:\n\n"
		    "    inroad accept %s\n",
		    ask_text(item, "user"), ask_text(item, "string"));
	}
}

int
share_run(const struct cli *cli)
{
	const char *names[2] = { NULL, NULL };
	const char *ports = "";
	const char *services = "";
	const char *until = NULL;
	const char *rate = "";
	const struct flags_row flags[] = { { "ports", &ports, NULL },
		{ "services", &services, NULL }, { "until", &until, NULL },
		{ "rate", &rate, NULL } };
	char end[24] = "";
	uint64_t when;

	if (cli->argc == 1) {
		const char *list[] = { "shares", "made" };

		return cli_ask(cli, list, 2, ASK_TIME, show_shares);
	}
	if (flags_take(cli, flags, 4, names, 2) != 2) {
		return cli_usage("share");
	}
	if (until != NULL) {
		if (share_parse_until(until, (uint64_t)time(NULL), &when) !=
		    0) {
			(void)fprintf(stderr,
			    "inroad: --until is a time to come, as 7d, "
			    "2026-12-24 or 2026-12-24T18:00\n");
			return CONTROL_USAGE;
		}
		(void)snprintf(end, sizeof(end), "%" PRIu64, when);
	}
	{
		const char *words[] = { "share", names[0], names[1], ports,
			services, end, rate };

		return cli_ask(cli, words, 7, TELL_TIME, show_share);
	}
}

/* --- unshare ------------------------------------------------------------- */

static void
show_end(const struct ask_answer *answer)
{
	const json_t *item = ask_first(answer);
	const char *host = ask_text(item, "host");

	if (json_is_true(json_object_get(item, "told"))) {
		(void)printf("Ended. \"%s\" knows.\n", host);
		return;
	}
	(void)printf("Ended: the relay refuses already. \"%s\" is offline or "
		     "does not answer; it will be told when it is back.\n",
	    host);
}

int
share_end_run(const struct cli *cli)
{
	const char *words[] = { "unshare", cli->argv[1], cli->argv[2] };

	return cli_ask(cli, words, 3, TELL_TIME, show_end);
}

/* --- accept -------------------------------------------------------------- */

static void
show_accepted(const struct ask_answer *answer)
{
	const json_t *item = ask_first(answer);
	const char *host = ask_text(item, "host");

	(void)printf("\"%s\" of %s is \"%s\" here. Try: inroad why %s:80\n",
	    ask_text(item, "name"), ask_text(item, "owner"), host, host);
}

/* Source is one of the words of cli, where it is wiped. */
static int
accept_string(const struct cli *cli, const char *source, const char *alias)
{
	char string[JOINSTRING_MAX];
	const char *words[] = { "accept", string, alias };
	struct fault fault;
	int status;
	int at = 1;

	while (cli->argv[at] != source) {
		at++;
	}
	if (joinsource_read(cli->argv[at], string, &fault) != JOINSOURCE_READ) {
		(void)fprintf(stderr, "inroad: %s\n", fault.text);
		return CONTROL_USAGE;
	}
	status = cli_ask(cli, words, 3, ASK_TIME, show_accepted);
	mem_wipe(string, sizeof(string));
	return status;
}

int
share_accept_run(const struct cli *cli)
{
	const char *source = NULL;
	const char *alias = "";
	const char *removed = NULL;
	const struct flags_row flags[] = { { "as", &alias, NULL },
		{ "remove", &removed, NULL } };
	int count = flags_take(cli, flags, 2, &source, 1);

	if (removed != NULL && count == 0 && alias[0] == '\0') {
		const char *words[] = { "forget", removed };

		return cli_ask(cli, words, 2, ASK_TIME, NULL);
	}
	if (removed != NULL || count != 1) {
		return cli_usage("accept");
	}
	return accept_string(cli, source, alias);
}
