/* SPDX-License-Identifier: ISC */

#include "gateway/cli/bugreport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/control.h"
#include "common/version.h"
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
}

static void
teardown(void)
{
	clirun_end(&run);
}

/* What a gateway says; every name in it is "private". */
static const char status[] =
    "{\"role\":\"gateway\",\"version\":\"9.9.9\",\"joined\":true,"
    "\"user\":\"private\",\"name\":\"private\",\"fingerprint\":\"private\","
    "\"state\":\"/private\",\"listen\":\"private:1\",\"suffix\":\"private\","
    "\"listening\":[{\"address\":\"192.0.2.7:1080\"},"
    "{\"address\":\"127.0.0.1:1\",\"to\":\"private:22\"}],"
    "\"relay\":{\"address\":\"private:7000\",\"up\":false,"
    "\"reason\":\"relay-dns\",\"text\":\"no private\"},"
    "\"configuration\":\"private\",\"something_new\":\"private\","
    "\"ticket\":\"private\",\"requests\":12,"
    "\"hosts\":[{\"host\":\"private\",\"state\":\"online\"},"
    "{\"host\":\"private2\",\"state\":\"offline\"}]}\n{\"exit\":0}\n";

START_TEST(has_numbers_and_no_names)
{
	json_t *report;
	const json_t *item;
	const json_t *daemon;

	clirun_answer(&run, status);
	(void)setenv("all_proxy", "socks5://private", 1);
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR bugreport"), CONTROL_OK);
	ck_assert_ptr_null(strstr(run.said.out, "private"));
	ck_assert_ptr_null(strstr(run.said.out, "192.0.2"));
	ck_assert_int_eq(
	    clirun(&run, "inroad --json --gateway DIR bugreport"), CONTROL_OK);
	ck_assert_ptr_null(strstr(run.said.out, "private"));
	report = json_loads(run.said.out, 0, NULL);
	item = json_array_get(json_object_get(report, "items"), 0);
	daemon = json_object_get(item, "daemon");
	ck_assert_str_eq(
	    json_string_value(json_object_get(daemon, "version")), "9.9.9");
	ck_assert_int_eq(
	    json_integer_value(json_object_get(daemon, "hosts")), 2);
	ck_assert_int_eq(
	    json_integer_value(json_object_get(daemon, "hosts_online")), 1);
	ck_assert_int_eq(
	    json_integer_value(json_object_get(daemon, "ports")), 2);
	ck_assert_str_eq(json_string_value(json_object_get(
			     json_object_get(daemon, "relay"), "reason")),
	    "relay-dns");
	ck_assert_uint_gt(json_array_size(json_object_get(item, "doctor")), 2);
	json_decref(report);
}
END_TEST

START_TEST(works_without_a_gateway)
{
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR bugreport"), CONTROL_OK);
	ck_assert_ptr_nonnull(
	    strstr(run.said.out, "\"daemon\": \"not-running\""));
	ck_assert_int_eq(
	    clirun(&run, "inroad --agent DIR bugreport"), CONTROL_USAGE);
}
END_TEST

START_TEST(versions_are_told)
{
	char wanted[128];

	(void)snprintf(wanted, sizeof(wanted), "inroad   %s, protocol 1\n",
	    version_string());
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR version"), CONTROL_OK);
	ck_assert_str_eq(run.said.out, wanted);
	clirun_answer(&run,
	    "{\"role\":\"gateway\",\"version\":\"9.9.9\",\"protocol\":2}\n"
	    "{\"exit\":0}\n");
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR version"), CONTROL_OK);
	ck_assert_ptr_nonnull(
	    strstr(run.said.out, "\ngateway  9.9.9, protocol 2\n"));
	ck_assert_int_eq(
	    clirun(&run, "inroad --json --gateway DIR version"), CONTROL_OK);
	ck_assert_ptr_nonnull(
	    strstr(run.said.out, "\"items\":[{\"role\":\"inroad\","));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bugreport");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, has_numbers_and_no_names);
	tcase_add_test(tests, works_without_a_gateway);
	tcase_add_test(tests, versions_are_told);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
