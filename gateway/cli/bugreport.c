/* SPDX-License-Identifier: ISC */
#include "gateway/cli/bugreport.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "common/version.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/doctor.h"
#include "protocol/limits.h"

/* Seconds that a daemon gets to answer. */
#define ASK_TIME 10.0

/* Ask the chosen daemon for command; the answer is the caller's. */
static void
ask(const struct cli *cli, const char *command, struct ask_answer *answer)
{
	const char *words[] = { command };
	char path[CLI_PATH_LEN];

	memset(answer, 0, sizeof(*answer));
	if (cli_socket(cli, path) != 0) {
		answer->code = CONTROL_CONFIG;
		return;
	}
	ask_daemon(path, words, 1, ASK_TIME, answer);
}

/* Return this program as an object. */
static json_t *
describe_us(void)
{
	return json_pack("{s:s, s:s, s:i, s:s}", "role", "inroad", "version",
	    version_string(), "protocol", LIMITS_PROTOCOL_VERSION, "jansson",
	    jansson_version_str());
}

int
bugreport_version(const struct cli *cli)
{
	struct ask_answer answer;
	const json_t *item;
	int status;
	size_t i;

	ask(cli, "version", &answer);
	if (answer.items == NULL) {
		answer.items = json_array();
	}
	(void)json_array_insert_new(answer.items, 0, describe_us());
	/* One that does not run has no version: nothing failed. */
	if (answer.code == CONTROL_NOT_RUNNING) {
		answer.code = CONTROL_OK;
	}
	status = cli_report(cli, &answer);
	json_array_foreach(answer.items, i, item)
	{
		if (!cli->json) {
			(void)printf("%-8s %s, protocol %lld\n",
			    ask_text(item, "role"), ask_text(item, "version"),
			    (long long)json_integer_value(
				json_object_get(item, "protocol")));
		}
	}
	ask_free(&answer);
	return status;
}

/* --- the report ------------------------------------------------------ */

/* Copy the members that are listed, which ends with NULL, if they are there. */
static void
copy(json_t *to, const json_t *from, const char *const *names)
{
	for (size_t i = 0; names[i] != NULL; i++) {
		json_t *value = json_object_get(from, names[i]);

		if (value != NULL) {
			(void)json_object_set(to, names[i], value);
		}
	}
}

/* Count the hosts by state, instead of naming them. */
static void
count_hosts(json_t *report, const json_t *status)
{
	const json_t *hosts = json_object_get(status, "hosts");
	const json_t *host;
	int online = 0;
	size_t i;

	if (hosts == NULL) {
		return;
	}
	json_array_foreach(hosts, i, host)
	{
		online += strcmp(ask_text(host, "state"), "online") == 0;
	}
	(void)json_object_set_new(
	    report, "hosts", json_integer((json_int_t)json_array_size(hosts)));
	(void)json_object_set_new(report, "hosts_online", json_integer(online));
}

static json_t *
describe_daemon(const json_t *status)
{
	static const char *const names[] = { "role", "version", "uptime_s",
		"joined", "account_key", "asks_password", "finishing",
		"clients", "requests", "failures", "streams", NULL };
	static const char *const relay_names[] = { "up", "since_s", "rtt_ms",
		"reason", "retry_s", NULL };
	json_t *report = json_object();
	json_t *relay = json_object();

	copy(report, status, names);
	(void)json_object_set_new(report, "ports",
	    json_integer((json_int_t)json_array_size(
		json_object_get(status, "listening"))));
	count_hosts(report, status);
	copy(relay, json_object_get(status, "relay"), relay_names);
	(void)json_object_set_new(report, "relay", relay);
	return report;
}

/* Return what doctor found, without its words, in which there are names. */
static json_t *
describe_health(const struct cli *cli)
{
	json_t *findings = doctor_examine(cli);
	json_t *report = json_array();
	const json_t *finding;
	size_t i;

	json_array_foreach(findings, i, finding)
	{
		static const char *const names[] = { "check", "level", NULL };
		json_t *item = json_object();

		copy(item, finding, names);
		(void)json_array_append_new(report, item);
	}
	json_decref(findings);
	return report;
}

int
bugreport_run(const struct cli *cli)
{
	struct ask_answer answer;
	struct utsname machine = { .sysname = "" };
	json_t *report = json_object();
	int status;

	if (strcmp(cli->program, "gateway") != 0) {
		json_decref(report);
		return cli_usage("bugreport");
	}
	(void)uname(&machine);
	ask(cli, "status", &answer);
	(void)json_object_set_new(report, "program", describe_us());
	(void)json_object_set_new(report, "system",
	    json_pack("{s:s, s:s, s:s}", "name", machine.sysname, "release",
		machine.release, "machine", machine.machine));
	(void)json_object_set_new(report, "daemon",
	    answer.code == CONTROL_OK ? describe_daemon(ask_first(&answer))
				      : json_string(answer.slug));
	(void)json_object_set_new(report, "doctor", describe_health(cli));
	json_decref(answer.items);
	answer.items = json_array();
	(void)json_array_append(answer.items, report);
	answer.code = CONTROL_OK;
	status = cli_report(cli, &answer);
	if (!cli->json) {
		(void)json_dumpf(report, stdout, JSON_INDENT(2));
		(void)printf("\n\nNo names and no secrets are in it. What the "
			     "daemon logged may help, too, and has both names "
			     "and addresses: look through it first.\n");
	}
	json_decref(report);
	ask_free(&answer);
	return status;
}
