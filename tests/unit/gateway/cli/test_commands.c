/* SPDX-License-Identifier: ISC */

#include "gateway/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "common/control.h"
#include "protocol/joinstring.h"
#include "protocol/keys.h"
#include "protocol/membership.h"
#include "tests/support/clirun.h"
#include "tests/support/unit.h"

#define OK_LINE "{\"exit\":0}\n"

static struct clirun run;
static char string[JOINSTRING_MAX]; /* a join string */

static void
setup(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	clirun_init(&run);
	(void)unsetenv("STATE_DIRECTORY");
	(void)unsetenv("INROAD_JOIN");
	(void)setenv("XDG_STATE_HOME", run.top, 1);
}

static void
teardown(void)
{
	clirun_end(&run);
}

/*
 * Assert that line, behind "inroad --gateway DIR ", asks for asked and that the
 * answer with these objects makes it print out.
 */
static void
shows(const char *line, const char *asked, const char *objects, const char *out)
{
	static char answer[8192];
	char whole[256];
	char wanted[256];

	(void)snprintf(answer, sizeof(answer), "%s" OK_LINE, objects);
	clirun_answer(&run, answer);
	(void)snprintf(whole, sizeof(whole), "inroad --gateway DIR %s", line);
	ck_assert_int_eq(clirun(&run, whole), CONTROL_OK);
	ck_assert_str_eq(run.said.out, out);
	ck_assert_str_eq(run.said.err, "");
	(void)snprintf(wanted, sizeof(wanted), "%s\n", asked);
	ck_assert_str_eq(run.asked, wanted);
}

/* --- what a person sees -------------------------------------------------- */

START_TEST(hosts_are_a_table)
{
	char objects[2048];
	char out[2048];
	time_t now = time(NULL);

	shows("hosts", "hosts", "",
	    "No hosts yet. Add one with: inroad invite NAME\n");
	(void)snprintf(objects, sizeof(objects),
	    "{\"host\":\"office\",\"state\":\"online\",\"last_contact\":1,"
	    "\"rtt_ms\":41.25,\"streams\":3}\n"
	    "{\"host\":\"lab\",\"state\":\"offline\",\"last_contact\":%lld}\n"
	    "{\"host\":\"attic\",\"state\":\"offline\",\"last_contact\":0,"
	    "\"key_changed\":true}\n",
	    (long long)now - 250);
	(void)snprintf(out, sizeof(out),
	    "HOST                 STATE        RTT       STREAMS  LAST "
	    "CONTACT\n"
	    "office               online       41.2 ms   3        now\n"
	    "lab                  offline      -         0        4 min ago\n"
	    "attic                offline      -         0        never\n"
	    "! attic has a new key. If you expect it: "
	    "inroad accept-key attic\n");
	shows("hosts", "hosts", objects, out);
}
END_TEST

START_TEST(times_are_rounded)
{
	static const struct {
		long long ago;
		const char *text;
	} rows[] = {
		{ -1000, "0 s ago" },
		{ 10, "1? s ago" },
		{ 130, "2 min ago" },
		{ 7000, "117 min ago" },
		{ 7300, "2 h ago" },
		{ 172000, "48 h ago" },
		{ 260000, "3 days ago" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char answer[256];
		char line[16];
		const char *at;

		(void)snprintf(answer, sizeof(answer),
		    "{\"host\":\"lab\",\"state\":\"offline\","
		    "\"last_contact\":%lld}\n" OK_LINE,
		    (long long)time(NULL) - rows[i].ago);
		clirun_answer(&run, answer);
		ck_assert_int_eq(
		    clirun(&run, "inroad --gateway DIR hosts"), CONTROL_OK);
		/* The last column of the last line. */
		at = strstr(run.said.out, "\nlab ") + 54;
		(void)snprintf(line, sizeof(line), "%s", at);
		line[strcspn(line, "\n")] = '\0';
		if (strchr(rows[i].text, '?') != NULL) {
			/* The second may have ended. */
			line[1] = '?';
		}
		ck_assert_str_eq(line, rows[i].text);
	}
}
END_TEST

/* Who waits wants to know for what, and how long it took afterwards. */
START_TEST(a_gap_is_told)
{
	shows("hosts", "hosts",
	    "{\"host\":\"office\",\"state\":\"reconnecting\",\"streams\":3,"
	    "\"waiting\":4,\"since_s\":4.2,\"last_contact\":0}\n"
	    "{\"host\":\"lab\",\"state\":\"online\",\"streams\":1,"
	    "\"last_gap_s\":2.13}\n",
	    "HOST                 STATE        RTT       STREAMS  LAST "
	    "CONTACT\n"
	    "office               reconnecting -         3        never\n"
	    "! office: reconnecting, 4 streams waiting, since 4 s\n"
	    "lab                  online       -         1        now\n"
	    "  lab: goes on after a gap of 2.1 s\n");
}
END_TEST

START_TEST(status_of_a_gateway)
{
	shows("status", "status",
	    "{\"schema\":1,\"role\":\"gateway\",\"version\":\"0.1.0\","
	    "\"uptime_s\":7900.4,\"listen\":\"127.0.0.1:1080\","
	    "\"relay\":{\"address\":\"relay.example.net:7000\",\"up\":true,"
	    "\"since_s\":119.4,\"rtt_ms\":24.04},"
	    "\"hosts\":[{\"host\":\"office\",\"state\":\"online\"}]}\n",
	    "gateway  0.1.0  up 2 h  listening 127.0.0.1:1080\n"
	    "relay    relay.example.net:7000  connected 119 s, rtt 24.0 ms\n"
	    "HOST                 STATE        RTT       STREAMS  LAST "
	    "CONTACT\n"
	    "office               online       -         0        now\n");
	shows("status", "status",
	    "{\"role\":\"gateway\",\"version\":\"0.1.0\",\"uptime_s\":121,"
	    "\"relay\":{\"address\":\"relay.example.net:7000\",\"up\":false,"
	    "\"reason\":\"relay-unreachable\","
	    "\"text\":\"no \\\"route\\\"\\u001b[1m\"},\"hosts\":[]}\n",
	    "gateway  0.1.0  up 2 m\n"
	    "relay    relay.example.net:7000  relay-unreachable: "
	    "no \"route\"\\u001b[1m\n"
	    "No hosts yet. Add one with: inroad invite NAME\n");
}
END_TEST

START_TEST(status_of_an_agent)
{
	shows("status", "status",
	    "{\"role\":\"agent\",\"version\":\"0.1.0\",\"uptime_s\":1,"
	    "\"callers\":[{\"device\":\"laptop\",\"user\":\"alice\","
	    "\"state\":\"reconnecting\",\"streams\":3}]}\n",
	    "agent    0.1.0  up 1 s\n"
	    "GATEWAY              USER             STATE        STREAMS\n"
	    "laptop               alice            reconnecting 3\n");
}
END_TEST

START_TEST(status_of_others)
{
	shows("status", "status",
	    "{\"role\":\"agent\",\"version\":\"0.1.0\",\"uptime_s\":1,"
	    "\"relay\":{\"address\":\"r:1\",\"up\":true,\"since_s\":7300,"
	    "\"rtt_ms\":1}}\n",
	    "agent    0.1.0  up 1 s\n"
	    "relay    r:1  connected 2 h, rtt 1.0 ms\n");
	shows("status", "status",
	    "{\"role\":\"relay\",\"version\":\"0.1.0\",\"uptime\":300,"
	    "\"gateways\":1,\"agents\":2,\"hosts\":3,\"channels\":4,"
	    "\"queued\":5}\n",
	    "relay    0.1.0  up 5 m\n"
	    "1 gateways, 2 agents, 3 hosts, 4 channels, 5 bytes queued\n");
	/* A daemon of another version may say anything. */
	shows("status", "status", "", "           up 0 s\n");
	shows("status", "status",
	    "{\"role\":1,\"version\":{},\"uptime_s\":\"x\",\"relay\":[],"
	    "\"hosts\":{}}\n",
	    "           up 0 s\nrelay      : \n");
}
END_TEST

START_TEST(ping_splits_the_way)
{
	shows("ping office", "ping office",
	    "{\"host\":\"office\",\"rtt_ms\":41.26,\"relay_ms\":24,"
	    "\"agent_ms\":17.26}\n",
	    "office  41.3 ms  (gateway to relay 24.0, relay to agent 17.3)\n");
}
END_TEST

START_TEST(quiet_commands_say_nothing)
{
	shows("leave", "leave", "{\"left\":true}\n", "");
	shows("accept-key office", "accept-key office", "", "");
	shows("wait", "wait 30 ", "", "");
}
END_TEST

START_TEST(key_is_alone_on_standard_output)
{
	shows("key export", "key export", "{\"recovery\":\"abc-def\"}\n",
	    "abc-def\n");
	ck_assert_int_eq(clirun_to(&run, "inroad --gateway DIR key export",
			     CAPTURED_TERMINAL),
	    CONTROL_OK);
	ck_assert_str_eq(run.said.out, "abc-def\n");
	ck_assert_str_eq(run.said.err,
	    "\nWhoever has this can reach every host of the account. Keep it "
	    "on paper, not on this computer.\n");
}
END_TEST

/* --- invitations --------------------------------------------------------- */

START_TEST(invitation_is_alone_on_standard_output)
{
	static const char object[] = "{\"join\":\"inroad1:x\"}\n";

	shows("invite office", "invite agent office", object, "inroad1:x\n");
	shows("invite --replace office", "invite agent office replace", object,
	    "inroad1:x\n");
	shows("invite office --replace", "invite agent office replace", object,
	    "inroad1:x\n");
	shows("invite --ttl 2h office", "invite agent office keep 2h", object,
	    "inroad1:x\n");
	shows("invite office --replace --ttl=7d",
	    "invite agent office replace 7d", object, "inroad1:x\n");
	shows("invite --gateway tablet", "invite gateway tablet", object,
	    "inroad1:x\n");
	shows("invite tablet --replace --gateway",
	    "invite gateway tablet replace", object, "inroad1:x\n");
}
END_TEST

START_TEST(invitation_is_explained_to_people)
{
	char answer[128];

	(void)snprintf(answer, sizeof(answer),
	    "{\"join\":\"inroad1:x\",\"expires\":%lld}\n" OK_LINE,
	    (long long)time(NULL) + 86400);
	clirun_answer(&run, answer);
	ck_assert_int_eq(clirun_to(&run, "inroad --gateway DIR invite office",
			     CAPTURED_TERMINAL),
	    CONTROL_OK);
	ck_assert_str_eq(run.said.out, "inroad1:x\n");
	ck_assert_str_eq(run.said.err,
	    "\nGood once, for 24 h. On the new host run:\n\n"
	    "    inroad-agent --join inroad1:x\n");
	ck_assert_int_eq(
	    clirun_to(&run, "inroad --gateway DIR invite --gateway tablet",
		CAPTURED_TERMINAL),
	    CONTROL_OK);
	ck_assert_str_eq(run.said.out, "inroad1:x\n");
	ck_assert_str_eq(run.said.err,
	    "\nGood once, for 24 h. On the other computer run:\n\n"
	    "    inroad join inroad1:x\n");
}
END_TEST

START_TEST(invite_needs_one_name)
{
	static const char *const lines[] = { "--gateway", "--replace",
		"--replace --gateway", "a b", "--what a", "a -b" };

	clirun_answer(&run, OK_LINE);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[64];

		(void)snprintf(line, sizeof(line),
		    "inroad --gateway DIR invite %s", lines[i]);
		ck_assert_int_eq(clirun(&run, line), CONTROL_USAGE);
		ck_assert_str_eq(run.said.err,
		    "usage: inroad invite [--replace|--replica [--uses N]] "
		    "[--ttl TIME] HOST\n"
		    "usage: inroad invite --gateway [--uses N] NAME\n");
		ck_assert_str_eq(run.asked, "");
	}
}
END_TEST

/* --- waiting ------------------------------------------------------------- */

START_TEST(wait_passes_time_and_target)
{
	shows("wait office:22", "wait 30 office:22", "", "");
	shows("wait --timeout 5", "wait 5 ", "", "");
	shows("wait --timeout=5 office", "wait 5 office", "", "");
	shows("wait office --timeout 5", "wait 5 office", "", "");
}
END_TEST

START_TEST(wait_has_one_target)
{
	static const char *const lines[] = { "a b", "--what a", "--timeout",
		"a --timeout" };

	clirun_answer(&run, OK_LINE);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[64];

		(void)snprintf(line, sizeof(line),
		    "inroad --gateway DIR wait %s", lines[i]);
		ck_assert_int_eq(clirun(&run, line), CONTROL_USAGE);
		ck_assert_str_eq(run.said.err,
		    "usage: inroad wait [--timeout S] [HOST[:PORT]]\n");
		ck_assert_str_eq(run.asked, "");
	}
}
END_TEST

START_TEST(wait_tells_how_it_ended)
{
	clirun_answer(&run, "{\"exit\":8,\"error\":\"host-offline\",\"text\":"
			    "\"Not within the time.\"}\n");
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR wait office"), CONTROL_TIMEOUT);
	ck_assert_str_eq(
	    run.said.err, "inroad: host-offline: Not within the time.\n");
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR wait --json"), CONTROL_TIMEOUT);
	ck_assert_str_eq(run.said.out,
	    "{\"schema\":1,\"exit\":8,\"error\":\"host-offline\",\"text\":"
	    "\"Not within the time.\",\"items\":[]}\n");
}
END_TEST

START_TEST(wait_waits_for_the_daemon)
{
	pid_t pid;
	int status;

	/* None comes. */
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR wait --timeout 0.1"),
	    CONTROL_NOT_RUNNING);
	/* One comes later, while we wait. */
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		status = clirun(&run, "inroad --gateway DIR wait --timeout 60");
		_exit(status);
	}
	clirun_answer(&run, OK_LINE);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), CONTROL_OK);
}
END_TEST

/* --- joining ------------------------------------------------------------- */

/* Make a join string for role. */
static void
make_string(enum linkhello_role role)
{
	struct membership membership = {
		.role = role,
		.user = "alice",
		.name = "office",
		.has_token = true,
	};
	uint8_t secret[KEYS_LEN];

	keys_generate(secret, membership.relay_public);
	memset(membership.token, 7, sizeof(membership.token));
	if (role == LINKHELLO_AGENT) {
		membership.key_kind = MEMBERSHIP_KEY_HOST;
		membership.epoch = 1;
		memset(membership.key, 9, sizeof(membership.key));
	}
	ck_assert_int_eq(
	    membership_add_relay(&membership, "r.example:1", 11), 0);
	ck_assert_msg(joinstring_encode(&membership, string) > 0, "%s",
	    membership_flaw(&membership));
}

/* Run line with the join string in it where it says %s. */
static int
join(const char *line)
{
	static char whole[CLIRUN_LINE_MAX];
	const char *at = strstr(line, "%s");

	ck_assert_ptr_nonnull(at);
	(void)snprintf(whole, sizeof(whole), "%.*s%s%s", (int)(at - line), line,
	    string, at + 2);
	return clirun(&run, whole);
}

/* Assert that the join string is left in the state directory at path. */
static void
is_left(const char *path)
{
	char name[256];
	char left[JOINSTRING_MAX];

	(void)snprintf(name, sizeof(name), "%s/join", path);
	ck_assert_int_eq(tempdir_read(name, left, sizeof(left)), 0);
	ck_assert_str_eq(left, string);
}

START_TEST(join_is_given_to_the_daemon)
{
	char asked[JOINSTRING_MAX + 8];

	make_string(LINKHELLO_GATEWAY);
	clirun_answer(
	    &run, "{\"name\":\"laptop\",\"user\":\"alice\"}\n" OK_LINE);
	ck_assert_int_eq(join("inroad --gateway DIR join %s"), CONTROL_OK);
	ck_assert_str_eq(run.said.out,
	    "Joined as \"laptop\" of alice. Add a host with: inroad invite "
	    "NAME\n");
	ck_assert_str_eq(run.said.err, "");
	(void)snprintf(asked, sizeof(asked), "join %s\n", string);
	ck_assert_str_eq(run.asked, asked);
	/* It stands no longer where others can read it. */
	ck_assert_str_eq(run.words[4], "");
	ck_assert_int_eq(
	    join("inroad --json --gateway DIR join %s"), CONTROL_OK);
	ck_assert_str_eq(run.said.out,
	    "{\"schema\":1,\"exit\":0,\"items\":[{\"name\":\"laptop\","
	    "\"user\":\"alice\"}]}\n");
	clirun_answer(&run, "{\"exit\":1,\"error\":\"join-used\",\"text\":"
			    "\"It was used.\"}\n");
	ck_assert_int_eq(join("inroad --gateway DIR join %s"), CONTROL_FAILED);
	ck_assert_str_eq(run.said.err, "inroad: join-used: It was used.\n");
}
END_TEST

START_TEST(join_comes_from_files)
{
	char path[TEMPDIR_LEN];
	char text[JOINSTRING_MAX + 8];
	char asked[JOINSTRING_MAX + 8];

	make_string(LINKHELLO_GATEWAY);
	clirun_answer(&run, OK_LINE);
	(void)snprintf(text, sizeof(text), "\n%s\r\n", string);
	(void)snprintf(asked, sizeof(asked), "join %s\n", string);
	tempdir_write(tempdir_file(run.top, "string", path), text);
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR join @DIR/string"), CONTROL_OK);
	ck_assert_str_eq(run.asked, asked);
	clirun_answer(&run, OK_LINE);
	tempdir_write(path, string);
	ck_assert_ptr_nonnull(freopen(path, "r", stdin));
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR join -"), CONTROL_OK);
	ck_assert_str_eq(run.asked, asked);
	/* Nothing more comes. */
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR join -"), CONTROL_USAGE);
	ck_assert_str_eq(run.said.err,
	    "inroad: There is no join string on standard input.\n");
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR join @DIR/none"), CONTROL_USAGE);
	ck_assert_int_ne(run.said.err[0], '\0');
}
END_TEST

START_TEST(join_with_a_typo_is_told_before_anything_is_sent)
{
	make_string(LINKHELLO_GATEWAY);
	clirun_answer(&run, OK_LINE);
	string[30] = string[30] == 'a' ? 'b' : 'a';
	ck_assert_int_eq(join("inroad --gateway DIR join %s"), CONTROL_FAILED);
	ck_assert_ptr_eq(
	    strstr(run.said.err, "inroad: join-typo: "), run.said.err);
	ck_assert_ptr_nonnull(strstr(run.said.err, "character 31"));
	ck_assert_str_eq(run.said.out, "");
	ck_assert_str_eq(run.asked, "");
	ck_assert_int_eq(
	    join("inroad --gateway DIR --json join %s"), CONTROL_FAILED);
	ck_assert_ptr_nonnull(strstr(run.said.out,
	    "{\"schema\":1,\"exit\":1,\"error\":\"join-typo\",\"text\":\""));
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR join hello"), CONTROL_FAILED);
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR join "), CONTROL_USAGE);
	ck_assert_str_eq(run.asked, "");
}
END_TEST

START_TEST(join_is_kept_for_a_daemon_that_does_not_run)
{
	char path[256];
	char err[512];

	make_string(LINKHELLO_GATEWAY);
	ck_assert_int_eq(join("inroad --gateway DIR join %s"), CONTROL_OK);
	is_left(run.top);
	ck_assert_str_eq(run.said.out, "");
	(void)snprintf(err, sizeof(err),
	    "No gateway is running here; the string is kept for its start. "
	    "Now run:\n\n    inroad-gateway --state %s\n",
	    run.top);
	ck_assert_str_eq(run.said.err, err);
	/* By default, and a document for whoever asks for one. */
	ck_assert_int_eq(join("inroad join %s --json"), CONTROL_OK);
	(void)snprintf(path, sizeof(path), "%s/inroad/gateway", run.top);
	is_left(path);
	ck_assert_str_eq(
	    run.said.out, "{\"schema\":1,\"exit\":0,\"items\":[]}\n");
	ck_assert_str_eq(run.said.err,
	    "No gateway is running here; the string is kept for its start. "
	    "Now run:\n\n    inroad-gateway\n");
}
END_TEST

START_TEST(join_of_an_agent_goes_to_the_agent)
{
	char path[256];

	make_string(LINKHELLO_AGENT);
	ck_assert_int_eq(join("inroad join %s"), CONTROL_OK);
	(void)snprintf(path, sizeof(path), "%s/inroad/agent", run.top);
	is_left(path);
	ck_assert_str_eq(run.said.err,
	    "No agent is running here; the string is kept for its start. "
	    "Now run:\n\n    inroad-agent\n");
	/* Who names a place is believed. */
	ck_assert_int_eq(join("inroad --gateway DIR join %s"), CONTROL_OK);
	is_left(run.top);
	ck_assert_ptr_nonnull(
	    strstr(run.said.err, "    inroad-gateway --state "));
}
END_TEST

START_TEST(join_that_cannot_be_kept_is_told)
{
	char path[TEMPDIR_LEN];

	make_string(LINKHELLO_GATEWAY);
	tempdir_write(tempdir_file(run.top, "file", path), "");
	ck_assert_int_eq(
	    join("inroad --gateway DIR/file/dir join %s"), CONTROL_FAILED);
	ck_assert_int_eq(
	    join("inroad --gateway DIR/file join %s"), CONTROL_FAILED);
	ck_assert_int_eq(mkdir(tempdir_file(run.top, "open", path), 0777), 0);
	ck_assert_int_eq(chmod(path, 0777), 0);
	ck_assert_int_eq(
	    join("inroad --gateway DIR/open join %s"), CONTROL_CONFIG);
	ck_assert_ptr_eq(strstr(run.said.err, "inroad: "), run.said.err);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("commands");
	TCase *tcase = tcase_create("commands");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, hosts_are_a_table);
	tcase_add_test(tcase, times_are_rounded);
	tcase_add_test(tcase, a_gap_is_told);
	tcase_add_test(tcase, status_of_a_gateway);
	tcase_add_test(tcase, status_of_an_agent);
	tcase_add_test(tcase, status_of_others);
	tcase_add_test(tcase, ping_splits_the_way);
	tcase_add_test(tcase, quiet_commands_say_nothing);
	tcase_add_test(tcase, key_is_alone_on_standard_output);
	tcase_add_test(tcase, invitation_is_alone_on_standard_output);
	tcase_add_test(tcase, invitation_is_explained_to_people);
	tcase_add_test(tcase, invite_needs_one_name);
	tcase_add_test(tcase, wait_passes_time_and_target);
	tcase_add_test(tcase, wait_has_one_target);
	tcase_add_test(tcase, wait_tells_how_it_ended);
	tcase_add_test(tcase, wait_waits_for_the_daemon);
	tcase_add_test(tcase, join_is_given_to_the_daemon);
	tcase_add_test(tcase, join_comes_from_files);
	tcase_add_test(tcase, join_with_a_typo_is_told_before_anything_is_sent);
	tcase_add_test(tcase, join_is_kept_for_a_daemon_that_does_not_run);
	tcase_add_test(tcase, join_of_an_agent_goes_to_the_agent);
	tcase_add_test(tcase, join_that_cannot_be_kept_is_told);
	return unit_main(suite);
}
