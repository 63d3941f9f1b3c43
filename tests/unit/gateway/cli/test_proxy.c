/* SPDX-License-Identifier: ISC */

#include "gateway/cli/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/control.h"
#include "tests/support/clirun.h"
#include "tests/support/unit.h"

/* A settings store for the tools below: a file a key. */
#define STORE "cd \"${0%/*}\" || exit 1\n"

static const char gsettings[] =
    "#!/bin/sh\n" STORE "test \"$2\" = org.gnome.system.proxy || exit 1\n"
    "case $1 in\n"
    "get) cat \"gnome $3\" ;;\n"
    "set) printf '%s\\n' \"$4\" >\"gnome $3\" ;;\n"
    "esac\n";

static const char kreadconfig[] =
    "#!/bin/sh\n" STORE
    "test \"$*\" = \"--file kioslaverc --group Proxy Settings --key $6\" || "
    "exit 1\n"
    "test ! -e \"kde $6\" || cat \"kde $6\"\n";

static const char kwriteconfig[] = "#!/bin/sh\n" STORE "case $7 in\n"
				   "--delete) rm -f \"kde $6\" ;;\n"
				   "*) printf '%s\\n' \"$7\" >\"kde $6\" ;;\n"
				   "esac\n";

static const char url[] = "http://127.0.0.1:1080/proxy.pac";

static struct clirun run;
static char path[TEMPDIR_LEN];
static char other_path[] = "/usr/bin:/bin";

static void
listening(const char *address)
{
	char answer[256];

	(void)snprintf(answer, sizeof(answer),
	    "{\"listening\":[{\"address\":\"%s\"}]}\n{\"exit\":0}\n", address);
	clirun_answer(&run, answer);
}

/* Put the file name beside the tools. */
static void
put(const char *name, const char *text)
{
	char file[TEMPDIR_LEN];

	tempdir_write(tempdir_file(path, name, file), text);
	ck_assert_int_eq(chmod(file, 0700), 0);
}

static void
drop(const char *name)
{
	char file[TEMPDIR_LEN];

	(void)unlink(tempdir_file(path, name, file));
}

/* Assert that the store holds text under name; NULL for nothing. */
static void
holds(const char *name, const char *text)
{
	char file[TEMPDIR_LEN];
	char got[512] = "";
	int status =
	    tempdir_read(tempdir_file(path, name, file), got, sizeof(got));

	ck_assert_msg((status == 0) == (text != NULL), "%s", name);
	if (text != NULL) {
		got[strcspn(got, "\n")] = '\0';
		ck_assert_str_eq(got, text);
	}
}

static void
setup(void)
{
	char all[TEMPDIR_LEN + sizeof(other_path)];

	clirun_init(&run);
	(void)unsetenv("STATE_DIRECTORY");
	(void)setenv("XDG_STATE_HOME", run.top, 1);
	(void)tempdir_file(run.top, "bin", path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	(void)snprintf(all, sizeof(all), "%s:%s", path, other_path);
	(void)setenv("PATH", all, 1);
	listening("127.0.0.1:1080");
}

static void
teardown(void)
{
	clirun_end(&run);
}

/* As on a machine with GNOME. */
static void
with_gnome(void)
{
	put("gsettings", gsettings);
	put("gnome mode", "'manual'\n");
	put("gnome autoconfig-url", "'http://old/'\n");
}

/* As on one with KDE, nothing set. */
static void
with_kde(void)
{
	put("kreadconfig5", kreadconfig);
	put("kwriteconfig5", kwriteconfig);
	/* Without a session. */
	put("dbus-send", "#!/bin/sh\nexit 1\n");
}

/* Without the real ones. */
static void
alone(void)
{
	static const char *const tools[] = { "sh", "cat", "rm" };
	char link[TEMPDIR_LEN];
	char target[64];

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		(void)snprintf(target, sizeof(target), "/bin/%s", tools[i]);
		ck_assert_int_eq(
		    symlink(target, tempdir_file(path, tools[i], link)), 0);
	}
	(void)setenv("PATH", path, 1);
}

static void
runs(const char *verb, int status)
{
	char line[128];

	(void)snprintf(
	    line, sizeof(line), "inroad --gateway DIR proxy %s", verb);
	ck_assert_int_eq(clirun(&run, line), status);
}

START_TEST(gnome_on_and_off)
{
	alone();
	with_gnome();
	runs("show", CONTROL_OK);
	ck_assert_str_eq(run.said.out,
	    "gnome  manual                                        is not "
	    "ours\n");
	runs("on", CONTROL_OK);
	ck_assert_str_eq(run.said.out,
	    "gnome  http://127.0.0.1:1080/proxy.pac               uses this "
	    "gateway\n");
	holds("gnome mode", "'auto'");
	holds("gnome autoconfig-url", "'http://127.0.0.1:1080/proxy.pac'");
	runs("show", CONTROL_OK);
	ck_assert_ptr_nonnull(strstr(run.said.out, "uses this gateway"));
	runs("off", CONTROL_OK);
	holds("gnome mode", "'manual'");
	holds("gnome autoconfig-url", "'http://old/'");
	/* There is nothing more to do. */
	runs("off", CONTROL_OK);
	ck_assert_str_eq(run.said.out, "");
	holds("gnome mode", "'manual'");
}
END_TEST

START_TEST(kde_on_and_off)
{
	alone();
	with_kde();
	runs("show", CONTROL_OK);
	ck_assert_ptr_eq(strstr(run.said.out, "kde    none "), run.said.out);
	runs("on", CONTROL_OK);
	holds("kde ProxyType", "2");
	holds("kde Proxy Config Script", url);
	runs("off", CONTROL_OK);
	holds("kde ProxyType", NULL);
	holds("kde Proxy Config Script", NULL);
}
END_TEST

START_TEST(the_newer_kde_is_asked)
{
	alone();
	with_kde();
	put("kreadconfig6", kreadconfig);
	put("kwriteconfig6", kwriteconfig);
	put("kreadconfig5", "#!/bin/sh\nexit 1\n");
	runs("on", CONTROL_OK);
	holds("kde ProxyType", "2");
}
END_TEST

START_TEST(on_again_keeps_what_was_first)
{
	alone();
	with_gnome();
	with_kde();
	runs("on", CONTROL_OK);
	runs("on", CONTROL_OK);
	/* Another port, too. */
	listening("127.0.0.1:1081");
	runs("on", CONTROL_OK);
	holds("gnome autoconfig-url", "'http://127.0.0.1:1081/proxy.pac'");
	/* And the gateway need not run. */
	clirun_answer(&run, NULL);
	runs("off", CONTROL_OK);
	holds("gnome mode", "'manual'");
	holds("gnome autoconfig-url", "'http://old/'");
	holds("kde ProxyType", NULL);
}
END_TEST

START_TEST(what_was_changed_since_stays)
{
	alone();
	with_gnome();
	runs("on", CONTROL_OK);
	put("gnome autoconfig-url", "'http://mine/'\n");
	runs("show", CONTROL_OK);
	ck_assert_ptr_nonnull(strstr(run.said.out, "is not ours"));
	runs("off", CONTROL_OK);
	ck_assert_ptr_nonnull(
	    strstr(run.said.out, "was changed since, and is left so"));
	holds("gnome mode", "'auto'");
	holds("gnome autoconfig-url", "'http://mine/'");
	/* It is what comes back from now on. */
	runs("on", CONTROL_OK);
	runs("off", CONTROL_OK);
	holds("gnome autoconfig-url", "'http://mine/'");
}
END_TEST

START_TEST(a_setting_that_is_not_kept_is_told)
{
	alone();
	with_gnome();
	put("gsettings",
	    "#!/bin/sh\n" STORE "test $1 = set || cat \"gnome $3\"\n");
	runs("on", CONTROL_FAILED);
	ck_assert_ptr_nonnull(
	    strstr(run.said.err, "gnome does not keep the setting"));
	holds("gnome mode", "'manual'");
}
END_TEST

START_TEST(what_cannot_be_given_back_stays_noted)
{
	alone();
	with_gnome();
	runs("on", CONTROL_OK);
	/* From elsewhere, say. */
	drop("gsettings");
	runs("off", CONTROL_OK);
	put("gsettings", gsettings);
	runs("off", CONTROL_OK);
	holds("gnome mode", "'manual'");
}
END_TEST

START_TEST(no_desktop_is_helped)
{
	alone();
	runs("on", CONTROL_FAILED);
	ck_assert_ptr_nonnull(strstr(run.said.err, url));
	ck_assert_ptr_nonnull(strstr(run.said.err, "eval \"$(inroad env)\""));
	runs("off", CONTROL_OK);
	runs("show", CONTROL_OK);
	ck_assert_str_eq(run.said.out, "");
}
END_TEST

START_TEST(notes_are_checked)
{
	static const char *const texts[] = { "", "[]", "{", "{\"gnome\":7}",
		"{\"gnome\":{\"given\":[\"'manual'\",\"'http://old/'\"]}}" };
	char file[TEMPDIR_LEN];

	alone();
	with_gnome();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		tempdir_write(
		    tempdir_file(run.top, "desktop.json", file), texts[i]);
		runs("off", i < 3 ? CONTROL_CONFIG : CONTROL_OK);
		holds("gnome mode", "'manual'");
	}
}
END_TEST

START_TEST(is_json_too)
{
	alone();
	with_gnome();
	ck_assert_int_eq(
	    clirun(&run, "inroad --json --gateway DIR proxy on"), CONTROL_OK);
	ck_assert_str_eq(run.said.out,
	    "{\"schema\":1,\"exit\":0,\"items\":[{\"desktop\":\"gnome\","
	    "\"state\":\"uses this gateway\","
	    "\"proxy\":\"http://127.0.0.1:1080/proxy.pac\","
	    "\"mode\":\"'auto'\",\"autoconfig-url\":"
	    "\"'http://127.0.0.1:1080/proxy.pac'\"}]}\n");
}
END_TEST

START_TEST(is_used_so)
{
	runs("up", CONTROL_USAGE);
	ck_assert_str_eq(run.said.err, "usage: inroad proxy on|off|show\n");
	clirun_answer(&run, NULL);
	runs("on", CONTROL_NOT_RUNNING);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("proxy");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, gnome_on_and_off);
	tcase_add_test(tests, kde_on_and_off);
	tcase_add_test(tests, the_newer_kde_is_asked);
	tcase_add_test(tests, on_again_keeps_what_was_first);
	tcase_add_test(tests, what_was_changed_since_stays);
	tcase_add_test(tests, a_setting_that_is_not_kept_is_told);
	tcase_add_test(tests, what_cannot_be_given_back_stays_noted);
	tcase_add_test(tests, no_desktop_is_helped);
	tcase_add_test(tests, notes_are_checked);
	tcase_add_test(tests, is_json_too);
	tcase_add_test(tests, is_used_so);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
