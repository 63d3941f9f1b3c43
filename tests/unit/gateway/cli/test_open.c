/* SPDX-License-Identifier: ISC */

#include "gateway/cli/open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/control.h"
#include "tests/support/clirun.h"
#include "tests/support/unit.h"

static struct clirun run;

static void
setup(void)
{
	clirun_init(&run);
	(void)unsetenv("STATE_DIRECTORY");
	(void)setenv("XDG_STATE_HOME", run.top, 1);
	(void)setenv("PATH", run.top, 1);
	clirun_answer(&run,
	    "{\"listening\":[{\"address\":\"127.0.0.1:1080\"}],\"suffix\":"
	    "\"internal\",\"hosts\":[{\"host\":\"office\"}]}\n{\"exit\":0}\n");
}

static void
teardown(void)
{
	clirun_end(&run);
}

/* Assert that xdg-open is called with url, soon. */
static void
is_shown(const char *url)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	char file[TEMPDIR_LEN];
	char got[256] = "";

	(void)tempdir_file(run.top, "shown", file);
	for (int i = 0; i < 1000 && got[0] == '\0'; i++) {
		(void)tempdir_read(file, got, sizeof(got));
		(void)nanosleep(&pause, NULL);
	}
	ck_assert_str_eq(got, url);
}

START_TEST(shows_a_page)
{
	char file[TEMPDIR_LEN];
	char script[256];

	(void)snprintf(script, sizeof(script),
	    "#!/bin/sh\nprintf %%s \"$1\" >%s/new\n/bin/mv %s/new %s/shown\n",
	    run.top, run.top, run.top);
	tempdir_write(tempdir_file(run.top, "xdg-open", file), script);
	ck_assert_int_eq(chmod(file, 0700), 0);
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR open office"), CONTROL_OK);
	ck_assert_str_eq(run.said.out, "http://office.localhost:1080/\n");
	is_shown("http://office.localhost:1080/");
}
END_TEST

START_TEST(makes_urls)
{
	static const char *const rows[][2] = {
		{ "office", "http://office.localhost:1080/" },
		{ "office/", "http://office.localhost:1080/" },
		{ "office/a?b=c#d", "http://office.localhost:1080/a?b=c#d" },
		{ "web.office", "http://web.office.localhost:1080/" },
		{ "web.office.internal/x",
		    "http://web.office.localhost:1080/x" },
		{ "relay", "http://relay.localhost:1080/" },
		{ "Relay.internal/a", "http://Relay.localhost:1080/a" },
		{ "OFFICE.Internal", "http://OFFICE.localhost:1080/" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char line[128];
		char wanted[128];

		(void)snprintf(line, sizeof(line),
		    "inroad --json --gateway DIR open %s", rows[i][0]);
		ck_assert_int_eq(clirun(&run, line), CONTROL_OK);
		(void)snprintf(
		    wanted, sizeof(wanted), "[{\"url\":\"%s\"}]", rows[i][1]);
		ck_assert_msg(strstr(run.said.out, wanted) != NULL, "%s: %s",
		    rows[i][0], run.said.out);
	}
}
END_TEST

START_TEST(knows_the_hosts)
{
	static const char *const places[] = { "offce", "office.web", "xoffice",
		"internal", "office.internal.internal" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char line[128];

		(void)snprintf(line, sizeof(line),
		    "inroad --gateway DIR open %s", places[i]);
		ck_assert_int_eq(clirun(&run, line), CONTROL_NO_HOST);
		ck_assert_str_eq(run.said.out, "");
	}
}
END_TEST

START_TEST(helps_without_a_desktop)
{
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR open office"), CONTROL_FAILED);
	ck_assert_ptr_nonnull(strstr(run.said.err,
	    "there is no xdg-open here; open http://office.localhost:1080/ "
	    "yourself"));
}
END_TEST

START_TEST(is_used_so)
{
	static const char *const places[] = { "", "/x", "-x", ".office",
		"office.", "off_ice", "office:80", "user@office", "office/\n",
		"http://office" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char line[128];

		(void)snprintf(line, sizeof(line),
		    "inroad --gateway DIR open %s", places[i]);
		ck_assert_msg(
		    clirun(&run, line) == CONTROL_USAGE, "%s", places[i]);
		ck_assert_str_eq(
		    run.said.err, "usage: inroad open HOST[/PATH]\n");
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("open");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, shows_a_page);
	tcase_add_test(tests, makes_urls);
	tcase_add_test(tests, knows_the_hosts);
	/* Under valgrind a child that cannot be started is none that failed. */
	if (unit_stride(2) == 1) {
		tcase_add_test(tests, helps_without_a_desktop);
	}
	tcase_add_test(tests, is_used_so);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
