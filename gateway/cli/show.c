/* SPDX-License-Identifier: ISC */
#include "gateway/cli/show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/escape.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/words.h"

/* Seconds that a daemon gets to answer. */
#define ASK_TIME 10.0

/* Seconds between two looks with -w. */
#define WATCH_TIME 2

/* Room for a sentence of a relay's, half of which has to be escaped. */
#define TEXT_MAX 1024

/* What takes a terminal back to an empty first line. */
#define CLEAR "\033[H\033[J"

static double
number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* --- hosts and status ------------------------------------------------ */

/* Say that connections wait for a host, or waited. */
static void
print_gap(const json_t *host)
{
	const char *name = ask_text(host, "host");
	char since[32];

	if (json_object_get(host, "since_s") != NULL) {
		(void)printf(
		    "! %s: reconnecting, %.0f streams waiting, since %s\n",
		    name, number_of(host, "waiting"),
		    words_duration(
			number_of(host, "since_s"), since, sizeof(since)));
	} else if (json_object_get(host, "last_gap_s") != NULL) {
		(void)printf("  %s: goes on after a gap of %.1f s\n", name,
		    number_of(host, "last_gap_s"));
	}
}

/* Write the state of host, and of how many replicas; returns out. */
static const char *
state_of(const json_t *host, char *out, size_t size)
{
	if (json_object_get(host, "replicas") == NULL) {
		(void)snprintf(out, size, "%s", ask_text(host, "state"));
	} else {
		(void)snprintf(out, size, "%s %.0f/%.0f",
		    ask_text(host, "state"), number_of(host, "replicas_online"),
		    number_of(host, "replicas"));
	}
	return out;
}

/* Replicas that are not used, though the host is. */
static void
print_refused(const json_t *host)
{
	double refused = number_of(host, "replicas_refused");

	if (refused > 0 &&
	    !json_is_true(json_object_get(host, "key_changed"))) {
		(void)printf("! %.0f of the replicas of %s %s a key that is "
			     "not known here. If you expect it: inroad "
			     "accept-key %s\n",
		    refused, ask_text(host, "host"),
		    refused > 1 ? "have" : "has", ask_text(host, "host"));
	}
}

static void
print_hosts(const json_t *hosts)
{
	const json_t *host;
	size_t i;

	if (json_array_size(hosts) == 0) {
		(void)printf(
		    "No hosts yet. Add one with: inroad invite NAME\n");
		return;
	}
	(void)printf("%-20s %-12s %-9s %-8s %s\n", "HOST", "STATE", "RTT",
	    "STREAMS", "LAST CONTACT");
	json_array_foreach(hosts, i, host)
	{
		bool online = strcmp(ask_text(host, "state"), "online") == 0;
		char state[64];
		char rtt[32] = "-";
		char when[32] = "now";

		if (json_object_get(host, "rtt_ms") != NULL) {
			(void)snprintf(rtt, sizeof(rtt), "%.1f ms",
			    number_of(host, "rtt_ms"));
		}
		if (!online) {
			(void)words_ago(number_of(host, "last_contact"), when,
			    sizeof(when));
		}
		(void)printf("%-20s %-12s %-9s %-8.0f %s\n",
		    ask_text(host, "host"),
		    state_of(host, state, sizeof(state)), rtt,
		    number_of(host, "streams"), when);
		print_gap(host);
		print_refused(host);
		if (json_is_true(json_object_get(host, "key_changed"))) {
			(void)printf("! %s has a new key. If you expect it: "
				     "inroad accept-key %s\n",
			    ask_text(host, "host"), ask_text(host, "host"));
		}
	}
}

static void
show_hosts(const struct ask_answer *answer)
{
	print_hosts(answer->items);
}

/* The gateways that an agent serves. */
static void
print_callers(const json_t *callers)
{
	const json_t *caller;
	size_t i;

	if (json_array_size(callers) == 0) {
		return;
	}
	(void)printf(
	    "%-20s %-16s %-12s %s\n", "GATEWAY", "USER", "STATE", "STREAMS");
	json_array_foreach(callers, i, caller)
	{
		(void)printf("%-20s %-16s %-12s %.0f\n",
		    ask_text(caller, "device"), ask_text(caller, "user"),
		    ask_text(caller, "state"), number_of(caller, "streams"));
	}
}

/* Another machine with our key may look like a bad line, if nobody says so. */
static void
print_replaced(const json_t *relay)
{
	char text[TEXT_MAX];
	char since[32];

	if (json_object_get(relay, "replaced_s") == NULL) {
		return;
	}
	(void)escape_text(
	    ESCAPE_PLAIN, ask_text(relay, "replaced_text"), text, sizeof(text));
	(void)printf("warning  replaced %s ago: %s\n",
	    words_duration(
		number_of(relay, "replaced_s"), since, sizeof(since)),
	    text);
}

static void
print_relay_link(const json_t *relay)
{
	char text[TEXT_MAX];
	char since[32];

	if (json_is_true(json_object_get(relay, "up"))) {
		(void)printf("relay    %s  connected %s, rtt %.1f ms\n",
		    ask_text(relay, "address"),
		    words_duration(
			number_of(relay, "since_s"), since, sizeof(since)),
		    number_of(relay, "rtt_ms"));
	} else {
		/* Words of the relay, which may be anybody. */
		(void)escape_text(
		    ESCAPE_PLAIN, ask_text(relay, "text"), text, sizeof(text));
		(void)printf("relay    %s  %s: %s\n",
		    ask_text(relay, "address"), ask_text(relay, "reason"),
		    text);
	}
	print_replaced(relay);
}

/* Print the other relays, of which there may be none. */
static void
print_other_relays(const json_t *status)
{
	const char *first =
	    ask_text(json_object_get(status, "relay"), "address");
	const json_t *relays = json_object_get(status, "relays");
	size_t i;
	const json_t *relay;

	json_array_foreach(relays, i, relay)
	{
		if (strcmp(ask_text(relay, "address"), first) == 0) {
			continue;
		}
		if (strcmp(ask_text(relay, "state"), "standby") == 0) {
			(void)printf("relay    %s  standby\n",
			    ask_text(relay, "address"));
		} else if (strcmp(ask_text(relay, "state"), "resting") == 0) {
			(void)printf("relay    %s  resting: %s\n",
			    ask_text(relay, "address"),
			    ask_text(relay, "text"));
		} else {
			print_relay_link(relay);
		}
	}
}

/* Say it when the file says something that is not in force. */
static void
print_configuration(const json_t *status)
{
	char text[TEXT_MAX];

	/* Names of files and what they say may have any bytes. */
	(void)escape_text(ESCAPE_PLAIN, ask_text(status, "configuration"), text,
	    sizeof(text));
	if (text[0] != '\0') {
		(void)printf("! The configuration is not in force as it is "
			     "written: %s\n",
		    text);
	}
}

/* What the relay told lately, for who does not listen. */
static void
print_notices(const json_t *notices)
{
	const json_t *notice;
	size_t i;

	json_array_foreach(notices, i, notice)
	{
		char text[TEXT_MAX];
		char when[32];

		(void)escape_text(
		    ESCAPE_PLAIN, ask_text(notice, "text"), text, sizeof(text));
		(void)printf("%-8s %s: %s\n", ask_text(notice, "level"),
		    words_ago(number_of(notice, "at"), when, sizeof(when)),
		    text);
	}
}

static void
show_status(const struct ask_answer *answer)
{
	const json_t *status = ask_first(answer);
	const json_t *hosts = json_object_get(status, "hosts");
	char up[32];
	double seconds =
	    number_of(status, "uptime_s") + number_of(status, "uptime");

	(void)printf("%-8s %s  up %s", ask_text(status, "role"),
	    ask_text(status, "version"),
	    words_duration(seconds, up, sizeof(up)));
	if (ask_text(status, "listen")[0] != '\0') {
		(void)printf("  listening %s", ask_text(status, "listen"));
	}
	(void)printf("\n");
	if (json_object_get(status, "relay") != NULL) {
		print_relay_link(json_object_get(status, "relay"));
		print_other_relays(status);
	}
	print_configuration(status);
	print_notices(json_object_get(status, "notices"));
	if (json_is_array(hosts)) {
		print_hosts(hosts);
	} else if (json_is_array(json_object_get(status, "callers"))) {
		print_callers(json_object_get(status, "callers"));
	} else if (json_object_get(status, "agents") != NULL) {
		(void)printf("%.0f gateways, %.0f agents, %.0f hosts, %.0f "
			     "channels, %.0f bytes queued\n",
		    number_of(status, "gateways"), number_of(status, "agents"),
		    number_of(status, "hosts"), number_of(status, "channels"),
		    number_of(status, "queued"));
	}
}

/* --- the commands ---------------------------------------------------- */

/*
 * Show what command gives; with -w again and again, until it fails or nobody
 * reads it any more.  A terminal shows the last one, a file gets all.
 */
static int
run(const struct cli *cli, const char *command,
    void (*show)(const struct ask_answer *answer))
{
	const struct timespec pause = { .tv_sec = WATCH_TIME };
	const char *words[] = { command };
	bool watch = cli->argc == 2;
	bool clear = watch && !cli->json && isatty(STDOUT_FILENO);
	int status;

	if (watch && strcmp(cli->argv[1], "-w") != 0) {
		return cli_usage(command);
	}
	do {
		if (clear) {
			(void)fputs(CLEAR, stdout);
		}
		status = cli_ask(cli, words, 1, ASK_TIME, show);
	} while (watch && status == CONTROL_OK && fflush(stdout) == 0 &&
		 nanosleep(&pause, NULL) == 0);
	return status;
}

int
show_hosts_run(const struct cli *cli)
{
	return run(cli, "hosts", show_hosts);
}

int
show_status_run(const struct cli *cli)
{
	return run(cli, "status", show_status);
}
