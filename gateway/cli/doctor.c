/* SPDX-License-Identifier: ISC */
#include "gateway/cli/doctor.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/escape.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/entry.h"
#include "gateway/cli/tool.h"
#include "protocol/codes.h"

/* Seconds that a gateway gets to answer. */
#define ASK_TIME 10.0

/* Where a gateway listens that is not told otherwise. */
#define DEFAULT_PORT "127.0.0.1:1080"

/* By how much clocks may differ before it matters, in seconds. */
#define CLOCK_SLACK 60

/* Room for a finding. */
#define TEXT_MAX 1024

static const char *const level_names[] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_WARN] = "warn",
	[DOCTOR_FAIL] = "fail",
};

void
doctor_say(struct doctor *doctor, enum doctor_level level, const char *check,
    const char *fix, const char *format, ...)
{
	char text[TEXT_MAX];
	char safe[TEXT_MAX];
	json_t *item = json_object();
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* Words of a relay, or of somebody's environment. */
	(void)escape_text(ESCAPE_PLAIN, text, safe, sizeof(safe));
	(void)json_object_set_new(item, "check", json_string(check));
	(void)json_object_set_new(
	    item, "level", json_string(level_names[level]));
	(void)json_object_set_new(item, "text", json_string(safe));
	if (fix != NULL) {
		(void)json_object_set_new(item, "fix", json_string(fix));
	}
	(void)json_array_append_new(doctor->items, item);
	doctor->failed += level == DOCTOR_FAIL;
}

/* --- the gateway ----------------------------------------------------- */

/* Return true when something accepts connections where a gateway would. */
static bool
is_taken(void)
{
	struct addr addr;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool taken =
	    addr_parse(&addr, DEFAULT_PORT) == 0 && fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&addr.ss, addr.len) == 0;

	if (fd >= 0) {
		(void)close(fd);
	}
	return taken;
}

/* No gateway answers: say why it might not, as far as that can be known. */
static void
explain_absence(struct doctor *doctor, const struct ask_answer *answer)
{
	static const char *const argv[] = { "inroad-gateway", "--version",
		NULL };
	char said[TEXT_MAX];

	if (answer->code != CONTROL_NOT_RUNNING) {
		doctor_say(doctor, DOCTOR_FAIL, "gateway",
		    "end it and start it again: inroad-gateway", "%s",
		    answer->text);
		return;
	}
	if (tool_run(argv, said, sizeof(said)) != 0) {
		doctor_say(doctor, DOCTOR_FAIL, "gateway",
		    "install the package that has inroad-gateway",
		    "no gateway runs here, and none is installed");
		return;
	}
	doctor_say(doctor, DOCTOR_FAIL, "gateway",
	    "start it: inroad-gateway (what it says first is why it does not "
	    "stay)",
	    "%s", answer->text);
	if (is_taken()) {
		doctor_say(doctor, DOCTOR_WARN, "port",
		    "ss -ltnp shows what it is; or inroad-gateway --listen "
		    "127.0.0.1:1081",
		    "another program listens on " DEFAULT_PORT);
	}
}

static void
check_gateway(struct doctor *doctor)
{
	const char *pending = ask_text(doctor->status, "configuration");
	struct addr addr;
	char text[ADDR_TEXT_LEN];

	if (entry_from_status(doctor->status, ENTRY_TCP, &addr) == 0) {
		(void)snprintf(doctor->address, sizeof(doctor->address), "%s",
		    addr_format(&addr, text));
		doctor_say(doctor, DOCTOR_OK, "gateway", NULL,
		    "runs, listening on %s", doctor->address);
	} else {
		doctor_say(doctor, DOCTOR_WARN, "gateway",
		    "inroad-gateway --listen " DEFAULT_PORT,
		    "runs, but listens on no TCP port: browsers and most "
		    "programs cannot use it");
	}
	if (pending[0] != '\0') {
		doctor_say(doctor, DOCTOR_WARN, "configuration",
		    "correct it, then send the gateway SIGHUP", "%s", pending);
	}
}

/* Return false when nothing behind it can be judged. */
static bool
check_account(struct doctor *doctor)
{
	const json_t *key = json_object_get(doctor->status, "account_key");

	if (!json_is_true(json_object_get(doctor->status, "joined"))) {
		doctor_say(doctor, DOCTOR_FAIL, "account",
		    "inroad join STRING, with the string that the relay or "
		    "another gateway of the account gave",
		    "this device has not joined a relay");
		return false;
	}
	if (json_is_false(key)) {
		doctor_say(doctor, DOCTOR_FAIL, "account",
		    "on a gateway that holds it: inroad invite --gateway NAME; "
		    "here: inroad join STRING",
		    "%s", codes_summary(CODE_ACCOUNT_KEY));
		return false;
	}
	doctor_say(doctor, DOCTOR_OK, "account", NULL, "joined as \"%s\" of %s",
	    ask_text(doctor->status, "name"), ask_text(doctor->status, "user"));
	return true;
}

/* --- the relay ------------------------------------------------------- */

static const char *
fix_of(const char *slug)
{
	static const struct {
		enum code code;
		const char *fix;
	} rows[] = {
		{ CODE_RELAY_DNS,
		    "see whether other names resolve here; else ask who runs "
		    "the relay whether its name has changed" },
		{ CODE_RELAY_UNREACHABLE,
		    "see whether other pages can be reached; else the relay is "
		    "down, or a firewall blocks its port" },
		{ CODE_RELAY_KEY_CHANGED,
		    "ask who runs the relay; if it was installed anew, leave "
		    "and join with a new string" },
		{ CODE_VERSION, "update the older of the two" },
		{ CODE_REVOKED, "ask for a new join string" },
		{ CODE_LOGIN_REFUSED, "ask for a new join string" },
		{ CODE_DISABLED, "ask the relay's administrator" },
		{ CODE_REPLACED,
		    "the state directory was copied: join one of the two "
		    "machines anew" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(codes_slug(rows[i].code), slug) == 0) {
			return rows[i].fix;
		}
	}
	return "look at the log of the gateway";
}

/* Return false when nothing behind it can be judged. */
static bool
check_relay(struct doctor *doctor)
{
	const json_t *relay = json_object_get(doctor->status, "relay");
	const char *address = ask_text(relay, "address");
	const char *reason = ask_text(relay, "reason");

	if (json_is_true(json_object_get(relay, "up"))) {
		doctor_say(doctor, DOCTOR_OK, "relay", NULL,
		    "%s is connected, rtt %.1f ms", address,
		    json_number_value(json_object_get(relay, "rtt_ms")));
		return true;
	}
	doctor_say(doctor, DOCTOR_FAIL, "relay", fix_of(reason),
	    "%s is not connected: %s: %s", address, reason,
	    ask_text(relay, "text"));
	return false;
}

/* --- hosts ----------------------------------------------------------- */

static void
check_host(struct doctor *doctor, const json_t *host)
{
	const char *name = ask_text(host, "host");
	char fix[256];

	if (json_is_true(json_object_get(host, "key_changed"))) {
		(void)snprintf(fix, sizeof(fix),
		    "inroad accept-key %.100s, if it was installed anew", name);
		doctor_say(doctor, DOCTOR_FAIL, "host", fix,
		    "%s has a new key, and is refused", name);
	} else if (strcmp(ask_text(host, "state"), "online") != 0) {
		doctor_say(doctor, DOCTOR_WARN, "host",
		    "on it: inroad-agent --check, and look at its log",
		    "%s is offline", name);
	} else {
		doctor_say(
		    doctor, DOCTOR_OK, "host", NULL, "%s is online", name);
	}
}

static void
check_hosts(struct doctor *doctor)
{
	const json_t *hosts = json_object_get(doctor->status, "hosts");
	const json_t *host;
	size_t i;

	if (json_array_size(hosts) == 0) {
		doctor_say(doctor, DOCTOR_WARN, "host", "inroad invite NAME",
		    "the account has no hosts yet");
	}
	json_array_foreach(hosts, i, host)
	{
		check_host(doctor, host);
	}
}

/* --- this machine ---------------------------------------------------- */

/* The socket at path was made when the gateway started: never later than now.
 */
static void
check_clock(struct doctor *doctor, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_mtime > time(NULL) + CLOCK_SLACK) {
		doctor_say(doctor, DOCTOR_WARN, "clock",
		    "set it, best by NTP (timedatectl set-ntp true)",
		    "the clock of this machine went back since the gateway "
		    "started");
	}
}

/* What is the gateway's own, each step if the one before is right. */
static void
check_chain(struct doctor *doctor)
{
	check_gateway(doctor);
	if (check_account(doctor) && check_relay(doctor)) {
		check_hosts(doctor);
	}
}

/* Make all checks; path is that of the control socket, and is changed. */
static void
examine(struct doctor *doctor, char path[CLI_PATH_LEN])
{
	const char *words[] = { "status" };
	struct ask_answer answer;
	char *slash;

	ask_daemon(path, words, 1, ASK_TIME, &answer);
	if (answer.code == CONTROL_OK) {
		doctor->status = ask_first(&answer);
		check_chain(doctor);
		check_clock(doctor, path);
	} else {
		explain_absence(doctor, &answer);
	}
	slash = strrchr(path, '/');
	if (slash != NULL) {
		*slash = '\0';
		doctor_check_directory(doctor, path);
	}
	/* Where programs are led matters while somebody is there. */
	if (doctor->address[0] != '\0') {
		doctor_check_environment(doctor);
		doctor_check_proxychains(doctor);
		doctor_check_desktop(doctor);
	}
	doctor->status = NULL;
	ask_free(&answer);
}

json_t *
doctor_examine(const struct cli *cli)
{
	struct doctor doctor = { .cli = cli, .items = json_array() };
	char path[CLI_PATH_LEN];

	if (cli_socket(cli, path) == 0) {
		examine(&doctor, path);
	}
	return doctor.items;
}

static void
print(const struct ask_answer *answer)
{
	const json_t *item;
	size_t i;

	json_array_foreach(answer->items, i, item)
	{
		const json_t *fix = json_object_get(item, "fix");

		(void)printf("%-5s %-14s %s\n", ask_text(item, "level"),
		    ask_text(item, "check"), ask_text(item, "text"));
		if (fix != NULL) {
			(void)printf(
			    "%20s Fix: %s\n", "", json_string_value(fix));
		}
	}
}

int
doctor_run(const struct cli *cli)
{
	struct doctor doctor = { .cli = cli };
	struct ask_answer answer = { .code = CONTROL_OK };
	char path[CLI_PATH_LEN];
	int status;

	if (strcmp(cli->program, "gateway") != 0) {
		return cli_usage("doctor");
	}
	if (cli_socket(cli, path) != 0) {
		return CONTROL_CONFIG;
	}
	doctor.items = json_array();
	examine(&doctor, path);
	answer.items = doctor.items;
	if (!cli->json) {
		print(&answer);
	}
	if (doctor.failed > 0) {
		(void)ask_fail(&answer, CONTROL_FAILED, "doctor",
		    "%u of %zu checks failed", doctor.failed,
		    json_array_size(answer.items));
	}
	status = cli_report(cli, &answer);
	ask_free(&answer);
	return status;
}
