/* SPDX-License-Identifier: ISC */

#include "gateway/cli/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/control.h"
#include "tests/support/clirun.h"
#include "tests/support/unit.h"

#define LISTENING "\"listening\":[{\"address\":\"127.0.0.1:1080\"}]"
#define JOINED                                                                 \
	"\"joined\":true,\"account_key\":true,\"name\":\"laptop\","            \
	"\"user\":\"ann\",\"suffix\":\"internal\""
#define UP                                                                     \
	"\"relay\":{\"address\":\"relay.example.net:7000\",\"up\":true,"       \
	"\"rtt_ms\":24.04}"
#define HOST "\"hosts\":[{\"host\":\"office\",\"state\":\"online\"}]"

/* All is well. */
#define WELL LISTENING "," JOINED "," UP "," HOST

static struct clirun run;

static void
setup(void)
{
	static const char *const variables[] = { "http_proxy", "https_proxy",
		"all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
		"ALL_PROXY", "NO_PROXY", "STATE_DIRECTORY" };

	clirun_init(&run);
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		(void)unsetenv(variables[i]);
	}
	(void)setenv("XDG_STATE_HOME", run.top, 1);
	/* Without the desktop and the settings of whoever runs this. */
	(void)setenv("PATH", run.top, 1);
	(void)setenv("HOME", run.top, 1);
	(void)setenv("PROXYCHAINS_CONF_FILE", "/dev/null", 1);
	ck_assert_int_eq(chdir(run.top), 0);
}

static void
teardown(void)
{
	clirun_end(&run);
}

/* Let the gateway be in the state of members. */
static void
is(const char *members)
{
	char answer[1024];

	(void)snprintf(answer, sizeof(answer), "{%s}\n{\"exit\":0}\n", members);
	clirun_answer(&run, answer);
}

/* Assert that doctor ends with status and prints text. */
static void
says(int status, const char *text)
{
	int got = clirun(&run, "inroad --gateway DIR doctor");

	ck_assert_msg(got == status, "%d: %s", got, run.said.out);
	ck_assert_msg(strstr(run.said.out, text) != NULL, "not \"%s\" but: %s",
	    text, run.said.out);
}

static void
says_not(const char *text)
{
	ck_assert_msg(
	    strstr(run.said.out, text) == NULL, "\"%s\"", run.said.out);
}

START_TEST(all_is_well)
{
	is(WELL);
	says(CONTROL_OK,
	    "ok    gateway        runs, listening on 127.0.0.1:1080\n"
	    "ok    account        joined as \"laptop\" of ann\n"
	    "ok    relay          relay.example.net:7000 is connected, rtt "
	    "24.0 ms\n"
	    "ok    host           office is online\n"
	    "ok    state          ");
	ck_assert_ptr_nonnull(strstr(
	    run.said.out, "ok    environment    no proxy variables here"));
	ck_assert_ptr_nonnull(
	    strstr(run.said.out, "http://HOST.localhost:1080/ works"));
	says_not("warn");
	says_not("fail");
	says_not("Fix");
	ck_assert_str_eq(run.said.err, "");
}
END_TEST

START_TEST(a_cause_hides_its_effects)
{
	static const struct {
		const char *members;
		const char *text;
		const char *hidden;
	} rows[] = {
		{ LISTENING ",\"joined\":false," UP,
		    "fail  account        this device has not joined a relay\n"
		    "                     Fix: inroad join STRING",
		    "relay.example.net" },
		{ LISTENING ",\"joined\":true,\"account_key\":false," UP,
		    "fail  account        this device does not hold the "
		    "account's key",
		    "relay.example.net" },
		{ LISTENING "," JOINED ",\"relay\":{\"address\":\"r:7\","
			    "\"up\":false,\"reason\":\"relay-dns\",\"text\":"
			    "\"No address for r.\"}," HOST,
		    "fail  relay          r:7 is not connected: relay-dns: "
		    "No address for r.\n"
		    "                     Fix: see whether other names resolve",
		    "office" },
		{ LISTENING "," JOINED ",\"relay\":{\"address\":\"r:7\","
			    "\"up\":false,\"reason\":\"revoked\",\"text\":"
			    "\"Away \\u001b[1m\"}," HOST,
		    "fail  relay          r:7 is not connected: revoked: "
		    "Away \\u001b[1m\n"
		    "                     Fix: ask for a new join string",
		    "office" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		is(rows[i].members);
		says(CONTROL_FAILED, rows[i].text);
		says_not(rows[i].hidden);
	}
	ck_assert_ptr_nonnull(strstr(run.said.err, "1 of "));
}
END_TEST

START_TEST(hosts_are_judged)
{
	is(LISTENING "," JOINED "," UP ",\"hosts\":[]");
	says(CONTROL_OK, "warn  host           the account has no hosts yet\n"
			 "                     Fix: inroad invite NAME\n");
	is(LISTENING "," JOINED "," UP
		     ",\"hosts\":[{\"host\":\"lab\",\"state\":\"offline\"}]");
	says(CONTROL_OK, "warn  host           lab is offline\n");
	is(LISTENING "," JOINED "," UP
		     ",\"hosts\":[{\"host\":\"lab\",\"state\":\"online\","
		     "\"key_changed\":true}]");
	says(CONTROL_FAILED, "Fix: inroad accept-key lab, if");
}
END_TEST

START_TEST(no_gateway_is_explained)
{
	char file[TEMPDIR_LEN];

	says(CONTROL_FAILED, "none is installed\n");
	says_not("environment");
	says_not("relay");
	tempdir_write(
	    tempdir_file(run.top, "inroad-gateway", file), "#!/bin/sh\n");
	ck_assert_int_eq(chmod(file, 0700), 0);
	says(
	    CONTROL_FAILED, "fail  gateway        no daemon is running here (");
	ck_assert_ptr_nonnull(strstr(run.said.out, "Fix: start it: "));
	clirun_answer(&run, "{\"exit\":5,\"error\":\"denied\","
			    "\"text\":\"not you\"}\n");
	says(CONTROL_FAILED, "fail  gateway        not you\n");
}
END_TEST

START_TEST(ports_and_configuration_are_judged)
{
	is("\"listening\":[{\"address\":\"unix:/x\"}]," JOINED "," UP "," HOST);
	says(CONTROL_OK, "warn  gateway        runs, but listens on no TCP");
	says_not("environment");
	is(WELL ",\"configuration\":\"line 3: nonsense\"");
	says(CONTROL_OK, "warn  configuration  line 3: nonsense\n");
}
END_TEST

START_TEST(the_directory_is_judged)
{
	char file[TEMPDIR_LEN];

	is(WELL);
	tempdir_write(tempdir_file(run.top, "device.key", file), "secret");
	says(CONTROL_OK, "ok    state");
	says_not("warn");
	ck_assert_int_eq(chmod(file, 0640), 0);
	says(CONTROL_OK, "warn  state          others may touch device.key\n");
	ck_assert_ptr_nonnull(strstr(run.said.out, "Fix: chmod go= "));
	ck_assert_int_eq(chmod(file, 0600), 0);
	ck_assert_int_eq(chmod(run.top, 0777), 0);
	says(CONTROL_FAILED, "fail  state ");
	ck_assert_int_eq(chmod(run.top, 0700), 0);
}
END_TEST

START_TEST(variables_are_judged)
{
	static const char *const rows[][3] = {
		{ "all_proxy", "socks5://127.0.0.1:1080",
		    "warn  environment    all_proxy begins with socks5://" },
		{ "ALL_PROXY", "socks4://127.0.0.1:1080",
		    "ALL_PROXY begins with socks4://" },
		{ "all_proxy", "socks5h://127.0.0.1:1080",
		    "the proxy variables are right" },
		{ "http_proxy", "http://127.0.0.1:8080/",
		    "http_proxy leads to another port than the gateway's, "
		    "127.0.0.1:1080" },
		{ "https_proxy", "localhost:1081", "https_proxy leads" },
		{ "http_proxy", "http://127.0.0.1", "variables are right" },
		{ "http_proxy", "http://[::1]:1080", "variables are right" },
		{ "http_proxy", "http://proxy.example:3128",
		    "variables are right" },
		{ "HTTP_PROXY", "http://127.0.0.1:1080",
		    "HTTP_PROXY is set and http_proxy is not" },
		/* Without a proxy, exceptions are none. */
		{ "NO_PROXY", ".internal", "no proxy variables here" },
	};

	is(WELL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)setenv(rows[i][0], rows[i][1], 1);
		says(CONTROL_OK, rows[i][2]);
		(void)unsetenv(rows[i][0]);
	}
}
END_TEST

START_TEST(exceptions_are_judged)
{
	static const char *const bad[] = { ".internal", "internal",
		"localhost,.internal", "localhost, *.INTERNAL ,x", "*",
		"office" };
	static const char *const good[] = { "localhost,127.0.0.1,::1", "",
		".internal.example", "notinternal", ",,", "office.example" };

	is(WELL);
	(void)setenv("http_proxy", "http://127.0.0.1:1080", 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)setenv("NO_PROXY", bad[i], 1);
		says(CONTROL_OK, "warn  environment    NO_PROXY contains \"");
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)setenv("NO_PROXY", good[i], 1);
		says(CONTROL_OK, "the proxy variables are right");
	}
}
END_TEST

START_TEST(proxychains_is_judged)
{
	static const char *const rows[][2] = {
		{ "strict_chain\n[ProxyList]\nsocks5 127.0.0.1 1080\n",
		    "warn  proxychains    " },
		{ "#proxy_dns\n[ProxyList]\nsocks5\t127.0.0.1\t1080\n",
		    "warn  proxychains    " },
		{ "  proxy_dns\n[ProxyList]\nhttp 127.0.0.1 1080\n",
		    "ok    proxychains    " },
		/* Somebody else's. */
		{ "[ProxyList]\nsocks4 127.0.0.1 9050\n", NULL },
		{ "[ProxyList]\n#socks5 127.0.0.1 1080\n", NULL },
		{ "", NULL },
	};
	char file[TEMPDIR_LEN];

	is(WELL);
	(void)setenv(
	    "PROXYCHAINS_CONF_FILE", tempdir_file(run.top, "chains", file), 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tempdir_write(file, rows[i][0]);
		says(CONTROL_OK, rows[i][1] != NULL ? rows[i][1] : "");
		if (rows[i][1] == NULL) {
			says_not("proxychains");
		}
	}
}
END_TEST

START_TEST(the_desktop_is_judged)
{
	static const char *const rows[][2] = {
		{ "'http://127.0.0.1:1080/proxy.pac'",
		    "ok    desktop        gnome uses the gateway\n" },
		{ "'http://127.0.0.1:9/proxy.pac'",
		    "warn  desktop        gnome looks for the gateway at "
		    "http://127.0.0.1:9/proxy.pac\n"
		    "                     Fix: inroad proxy on\n" },
		{ "'http://wpad.example/proxy.pac'",
		    "ok    desktop        gnome has the proxy \"http://wpad" },
	};
	char file[TEMPDIR_LEN];
	char script[256];

	is(WELL);
	(void)tempdir_file(run.top, "gsettings", file);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(script, sizeof(script),
		    "#!/bin/sh\ncase $3 in mode) echo \"'auto'\" ;;\n"
		    "*) echo \"%s\" ;;\nesac\n",
		    rows[i][0]);
		tempdir_write(file, script);
		ck_assert_int_eq(chmod(file, 0700), 0);
		says(CONTROL_OK, rows[i][1]);
	}
}
END_TEST

START_TEST(is_json_too)
{
	is(LISTENING ",\"joined\":false");
	ck_assert_int_eq(
	    clirun(&run, "inroad --json --gateway DIR doctor"), CONTROL_FAILED);
	ck_assert_ptr_eq(
	    strstr(run.said.out,
		"{\"schema\":1,\"exit\":1,\"error\":\"doctor\",\"text\":\"1 of "
		"5 checks failed\",\"items\":[{\"check\":\"gateway\","
		"\"level\":\"ok\",\"text\":\"runs, listening on "
		"127.0.0.1:1080\"},{\"check\":\"account\",\"level\":\"fail\","
		"\"text\":\"this device has not joined a relay\",\"fix\":\""),
	    run.said.out);
	ck_assert_int_eq(
	    clirun(&run, "inroad --relay DIR doctor"), CONTROL_USAGE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("doctor");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, all_is_well);
	tcase_add_test(tests, a_cause_hides_its_effects);
	tcase_add_test(tests, hosts_are_judged);
	tcase_add_test(tests, no_gateway_is_explained);
	tcase_add_test(tests, ports_and_configuration_are_judged);
	tcase_add_test(tests, the_directory_is_judged);
	tcase_add_test(tests, variables_are_judged);
	tcase_add_test(tests, exceptions_are_judged);
	tcase_add_test(tests, proxychains_is_judged);
	tcase_add_test(tests, the_desktop_is_judged);
	tcase_add_test(tests, is_json_too);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
