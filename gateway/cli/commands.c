/* SPDX-License-Identifier: ISC */
#include "gateway/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/escape.h"
#include "common/fault.h"
#include "common/mem.h"
#include "common/statedir.h"
#include "gateway/cli/accounts.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/bugreport.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/completion.h"
#include "gateway/cli/connect.h"
#include "gateway/cli/doctor.h"
#include "gateway/cli/flags.h"
#include "gateway/cli/forward.h"
#include "gateway/cli/letters.h"
#include "gateway/cli/limits.h"
#include "gateway/cli/open.h"
#include "gateway/cli/passwd.h"
#include "gateway/cli/proxy.h"
#include "gateway/cli/relaycmd.h"
#include "gateway/cli/share.h"
#include "gateway/cli/shellenv.h"
#include "gateway/cli/show.h"
#include "gateway/cli/sshconfig.h"
#include "gateway/cli/why.h"
#include "gateway/cli/words.h"
#include "protocol/joinsource.h"
#include "protocol/joinstring.h"
#include "protocol/membership.h"

/* Seconds that a daemon gets to answer what it can answer at once. */
#define ASK_TIME 10.0

/* Seconds that a login or an invitation may take. */
#define LOGIN_TIME 30.0

/* Room for a sentence of a relay's, half of which has to be escaped. */
#define TEXT_MAX 1024

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static double
number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* --- join ------------------------------------------------------------ */

/* No daemon runs: leave the string for its start. */
static int
store_join(const struct cli *cli, const char *join)
{
	const struct ask_answer kept = { .code = CONTROL_OK };
	char path[STATEDIR_PATH_LEN];
	struct statedir *dir = NULL;
	struct fault fault;

	if (statedir_choose(cli->program, cli->where, path, &fault) != 0 ||
	    statedir_open(&dir, path, &fault) != FILE_OK ||
	    statedir_write(dir, "join", join, strlen(join), &fault) !=
		FILE_OK) {
		(void)fprintf(stderr, "inroad: %s\n", fault.text);
		statedir_free(dir);
		return CONTROL_CONFIG;
	}
	(void)fprintf(stderr,
	    "No %s is running here; the string is kept for its start. Now "
	    "run:\n\n    inroad-%s%s%s\n",
	    cli->program, cli->program, cli->where != NULL ? " --state " : "",
	    cli->where != NULL ? cli->where : "");
	statedir_free(dir);
	return cli_report(cli, &kept);
}

static void
show_joined(const struct ask_answer *answer)
{
	const json_t *status = ask_first(answer);

	(void)printf("Joined as \"%s\" of %s. Add a host with: inroad invite "
		     "NAME\n",
	    text_of(status, "name"), text_of(status, "user"));
}

/* A mistyped string is told before anything is sent. */
static int
check_join(const struct cli *cli, const char *join, struct cli *chosen)
{
	struct membership membership;
	struct joinstring_error error;
	struct ask_answer answer = { .code = CONTROL_FAILED };
	enum joinstring_result result =
	    joinstring_decode(&membership, join, &error);
	int status;

	*chosen = *cli;
	if (result == JOINSTRING_OK) {
		if (cli->where == NULL && membership.role == LINKHELLO_AGENT) {
			chosen->program = "agent";
		}
		membership_wipe(&membership);
		return 0;
	}
	(void)snprintf(answer.slug, sizeof(answer.slug), "join-typo");
	(void)joinstring_explain(result, &error, answer.text);
	answer.items = json_array();
	status = cli_report(cli, &answer);
	ask_free(&answer);
	return status;
}

/* Give the string to the daemon, or keep it for its start. */
static int
join(const struct cli *cli, const char *string)
{
	const char *words[] = { "join", string };
	char path[CLI_PATH_LEN];
	struct ask_answer answer;
	struct cli chosen;
	int status = check_join(cli, string, &chosen);

	if (status != CONTROL_OK) {
		return status;
	}
	if (cli_socket(&chosen, path) != 0) {
		return CONTROL_CONFIG;
	}
	ask_daemon(path, words, 2, LOGIN_TIME, &answer);
	if (answer.code == CONTROL_NOT_RUNNING) {
		status = store_join(&chosen, string);
	} else {
		status = cli_report(&chosen, &answer);
		if (status == CONTROL_OK && !cli->json) {
			show_joined(&answer);
		}
	}
	ask_free(&answer);
	return status;
}

static int
run_join(const struct cli *cli)
{
	char string[JOINSTRING_MAX];
	struct fault fault;
	int status;

	if (joinsource_read(cli->argv[1], string, &fault) != JOINSOURCE_READ) {
		(void)fprintf(stderr, "inroad: %s\n", fault.text);
		return CONTROL_USAGE;
	}
	status = join(cli, string);
	mem_wipe(string, sizeof(string));
	return status;
}

static int
run_leave(const struct cli *cli)
{
	const char *words[] = { "leave" };

	return cli_ask(cli, words, 1, ASK_TIME, NULL);
}

/* --- invite ---------------------------------------------------------- */

static void
show_invitation(const struct ask_answer *answer)
{
	const json_t *item = ask_first(answer);

	/* The string alone on standard output: scripts take it from there. */
	(void)printf("%s\n", text_of(item, "join"));
}

/* Tell a person what to do with the string, and for how many it is good. */
static void
show_next_step(
    const struct ask_answer *answer, const char *where, const char *command)
{
	const json_t *item = ask_first(answer);
	const time_t now = time(NULL);
	double left = number_of(item, "expires") - (double)now;
	double uses = number_of(item, "uses");
	char times[32] = "once";
	char span[32];

	show_invitation(answer);
	if (uses > 1) {
		(void)snprintf(times, sizeof(times), "%.0f times", uses);
	}
	if (isatty(STDOUT_FILENO)) {
		(void)fprintf(stderr,
		    "\nGood %s, for %s. On the %s run:\n\n    %s %s\n", times,
		    words_duration(left, span, sizeof(span)), where, command,
		    text_of(item, "join"));
	}
}

static void
show_agent_invitation(const struct ask_answer *answer)
{
	show_next_step(answer, "new host", "inroad-agent --join");
}

static void
show_gateway_invitation(const struct ask_answer *answer)
{
	show_next_step(answer, "other computer", "inroad join");
}

static int
run_invite(const struct cli *cli)
{
	bool gateway = false;
	bool replace = false;
	bool replica = false;
	const char *ttl = NULL;
	const char *uses = NULL;
	const struct flags_row flags[] = { { "gateway", NULL, &gateway },
		{ "replace", NULL, &replace }, { "ttl", &ttl, NULL },
		{ "replica", NULL, &replica }, { "uses", &uses, NULL } };
	const char *words[6] = { "invite" };
	size_t count;

	if (flags_take(cli, flags, 5, &words[2], 1) != 1 ||
	    (replica && (replace || gateway))) {
		return cli_usage("invite");
	}
	words[1] = gateway ? "gateway" : "agent";
	words[3] = replica ? "replica" : "keep";
	words[3] = replace ? "replace" : words[3];
	words[4] = ttl;
	count = replace || replica ? 4 : 3;
	if (ttl != NULL) {
		count = 5;
	}
	if (uses != NULL) {
		words[4] = ttl != NULL ? ttl : "";
		words[5] = uses;
		count = 6;
	}
	return cli_ask(cli, words, count, LOGIN_TIME,
	    gateway ? show_gateway_invitation : show_agent_invitation);
}

/* --- keys ------------------------------------------------------------ */

static void
show_key(const struct ask_answer *answer)
{
	(void)printf("%s\n", text_of(ask_first(answer), "recovery"));
	if (isatty(STDOUT_FILENO)) {
		(void)fprintf(stderr,
		    "\nWhoever has this can reach every host of the account. "
		    "Keep it on paper, not on this computer.\n");
	}
}

static int
run_key(const struct cli *cli)
{
	const char *words[] = { "key", cli->argv[1] };

	return cli_ask(cli, words, 2, ASK_TIME, show_key);
}

static int
run_accept_key(const struct cli *cli)
{
	const char *words[] = { "accept-key", cli->argv[1] };

	return cli_ask(cli, words, 2, ASK_TIME, NULL);
}

/* --- ping and wait --------------------------------------------------- */

static void
show_ping(const struct ask_answer *answer)
{
	const json_t *item = ask_first(answer);

	(void)printf("%s  %.1f ms  (gateway to relay %.1f, relay to agent "
		     "%.1f)\n",
	    text_of(item, "host"), number_of(item, "rtt_ms"),
	    number_of(item, "relay_ms"), number_of(item, "agent_ms"));
}

static int
run_ping(const struct cli *cli)
{
	const char *words[] = { "ping", cli->argv[1] };

	return cli_ask(cli, words, 2, LOGIN_TIME, show_ping);
}

/* A gateway that is just being started is waited for, too. */
static void
ask_when_running(const char *path, const char *const *words, size_t count,
    double seconds, struct ask_answer *answer)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	double waited = 0;

	ask_daemon(path, words, count, seconds + ASK_TIME, answer);
	while (answer->code == CONTROL_NOT_RUNNING && waited < seconds) {
		ask_free(answer);
		(void)nanosleep(&pause, NULL);
		waited += 0.05;
		ask_daemon(path, words, count, seconds + ASK_TIME, answer);
	}
}

static int
run_wait(const struct cli *cli)
{
	const char *words[3] = { "wait", "30", "" };
	char path[CLI_PATH_LEN];
	struct ask_answer answer;
	int status;

	for (int i = 1; i < cli->argc; i++) {
		if (strcmp(cli->argv[i], "--timeout") == 0 &&
		    i + 1 < cli->argc) {
			words[1] = cli->argv[++i];
		} else if (strncmp(cli->argv[i], "--timeout=", 10) == 0) {
			words[1] = cli->argv[i] + 10;
		} else if (cli->argv[i][0] != '-' && words[2][0] == '\0') {
			words[2] = cli->argv[i];
		} else {
			return cli_usage("wait");
		}
	}
	if (cli_socket(cli, path) != 0) {
		return CONTROL_CONFIG;
	}
	ask_when_running(path, words, 3, strtod(words[1], NULL), &answer);
	status = cli_report(cli, &answer);
	ask_free(&answer);
	return status;
}

const struct commands_row commands_table[] = {
	{ "join", "STRING|-|@FILE", "enrol this device", 1, 1, run_join },
	{ "leave", "", "forget the relay and the account", 0, 0, run_leave },
	{ "invite", "[--replace|--replica [--uses N]] [--ttl TIME] HOST",
	    "a join string for an agent", 1, 7, run_invite },
	{ "invite --gateway", "[--uses N] NAME",
	    "a join string for a gateway, or several", 99, 99, run_invite },
	{ "hosts", "[-w]", "your hosts and their state", 0, 1, show_hosts_run },
	{ "status", "[-w]", "what the daemon does", 0, 1, show_status_run },
	{ "wait", "[--timeout S] [HOST[:PORT]]",
	    "until linked, or a host answers", 0, 3, run_wait },
	{ "why", "HOST:PORT", "the way there step by step, and what fails", 1,
	    2, why_run },
	{ "why", "[OWNER/]HOST [USER]", "what the relay decides of it", 99, 99,
	    why_run },
	{ "ping", "HOST", "how long the way to a host takes", 1, 1, run_ping },
	{ "forward", "[ADDR:PORT=NAME:PORT | --remove ADDR:PORT]",
	    "local ports that lead to a host", 0, 2, forward_run },
	{ "connect", "HOST PORT | HOST:PORT",
	    "standard input and output to a host", 1, 2, connect_run },
	{ "ssh-config", "[HOST]", "a block for ~/.ssh/config", 0, 1,
	    sshconfig_run },
	{ "env", "[--shell sh|fish|csh|powershell] [--unset]",
	    "proxy variables for eval", 0, 3, shellenv_run },
	{ "passwd", "[--remove] FILE NAME",
	    "changes the users of a gateway's --auth", 2, 3, passwd_run },
	{ "proxy", "on|off|show", "whether the desktop uses the gateway", 1, 1,
	    proxy_run },
	{ "open", "HOST[/PATH]", "a host in the browser", 1, 1, open_run },
	{ "doctor", "", "what is not right, and what to do about it", 0, 0,
	    doctor_run },
	{ "send", "[--timeout S] WHOM TEXT|-",
	    "a message to a host, or to your gateways", 2, 5,
	    letters_send_run },
	{ "listen", "[--count N] [--timeout S] [--last]",
	    "messages and notices, as they come", 0, 5, letters_listen_run },
	{ "key", "export", "the account key, to keep on paper", 1, 1, run_key },
	{ "accept-key", "HOST", "trust the new key of a host", 1, 1,
	    run_accept_key },
	{ "share",
	    "HOST USER [--ports P] [--services S] [--until T] [--rate R]",
	    "a host with another account", 0, 10, share_run },
	{ "unshare", "HOST USER|SHARE", "end that, at once", 2, 2,
	    share_end_run },
	{ "shares", "", "shares that were made and accepted", 0, 0,
	    share_list_run },
	{ "accept", "STRING|-|@FILE [--as NAME] | --remove NAME",
	    "a host that is shared with you", 1, 3, share_accept_run },
	{ "user", "list [USER]", "accounts of the relay", 1, 6,
	    accounts_user_run },
	{ "user add", "USER [--level admin|user|guest]", "a new account", 99,
	    99, accounts_user_run },
	{ "user invite", "USER [--name NAME] [--ttl TIME]",
	    "the first gateway of an account", 99, 99, accounts_user_run },
	{ "user level", "USER admin|user|guest", "what an account may do", 99,
	    99, accounts_user_run },
	{ "user disable", "USER", "shut an account out for now", 99, 99,
	    accounts_user_run },
	{ "user enable", "USER", "let it in again", 99, 99, accounts_user_run },
	{ "user delete", "USER", "an account with all its devices", 99, 99,
	    accounts_user_run },
	{ "device", "list [USER]", "devices of the relay's accounts", 1, 2,
	    accounts_device_run },
	{ "device revoke", "USER/DEVICE", "shut a device out for good", 99, 99,
	    accounts_device_run },
	{ "token", "list [USER]", "invitations, open and used ones", 1, 2,
	    accounts_token_run },
	{ "token revoke", "ID", "make an invitation void", 99, 99,
	    accounts_token_run },
	{ "limit", "USER [KEY=VALUE ...]", "what an account may have", 1, 11,
	    limits_run },
	{ "usage", "[USER]", "what accounts moved, by months", 0, 1,
	    limits_usage_run },
	{ "acl", "list", "rules of who may not reach what", 1, 6,
	    accounts_acl_run },
	{ "acl add", "[--before ID] deny|allow USER OWNER/HOST",
	    "a rule, which can only take away", 99, 99, accounts_acl_run },
	{ "acl delete", "ID", "a rule, which counts no more", 99, 99,
	    accounts_acl_run },
	{ "kick", "USER/DEVICE [channels]", "end what a device has open", 1, 2,
	    relaycmd_run_itself },
	{ "relay", "COMMAND [WORD ...]", "what else a relay can be asked for",
	    1, 31, relaycmd_run },
	{ "notice", "[--level note|warning|alarm] all|USER|USER/DEVICE TEXT",
	    "tell people something", 2, 30, letters_notice_run },
	{ "audit", "[--last N]", "who changed what at the relay", 0, 2,
	    accounts_audit_run },
	{ "completion", "bash|zsh|fish", "what the tab key does in a shell", 1,
	    1, completion_run },
	{ "version", "", "of this program and of the daemon", 0, 0,
	    bugreport_version },
	{ "bugreport", "", "what to show to whoever looks for a fault", 0, 0,
	    bugreport_run },
	{ NULL, NULL, NULL, 0, 0, NULL },
};
