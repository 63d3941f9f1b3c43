/* SPDX-License-Identifier: ISC */
/* Messages and notices on the command line. */
#include "gateway/cli/letters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	(void)setenv("TZ", "UTC0", 1);
	tzset();
}

static void
teardown(void)
{
	clirun_end(&run);
}

/* Run line with that answer; the exit code. */
static int
answered(const char *line, const char *answer)
{
	clirun_answer(&run, answer);
	return clirun(&run, line);
}

START_TEST(a_text_is_sent)
{
	ck_assert_int_eq(
	    answered("inroad --gateway DIR send office gr\xc3\xbc\xc3\x9f",
		"{\"to\":\"office\",\"outcome\":\"delivered\"}\n"
		"{\"exit\":0}\n"),
	    CONTROL_OK);
	ck_assert_str_eq(run.said.out, "office: delivered\n");
	ck_assert_str_eq(run.asked, "send office Z3LDvMOf 30\n");
	ck_assert_int_eq(
	    answered("inroad --agent DIR send --timeout 5 alice hello",
		"{\"to\":\"alice/laptop\",\"outcome\":\"offline\","
		"\"error\":\"host-offline\",\"text\":\"gone\"}\n"
		"{\"exit\":7,\"error\":\"host-offline\","
		"\"text\":\"gone\"}\n"),
	    CONTROL_OFFLINE);
	ck_assert_str_eq(run.said.out, "");
	ck_assert_str_eq(run.said.err, "inroad: host-offline: gone\n");
	ck_assert_str_eq(run.asked, "send alice aGVsbG8 5\n");
}
END_TEST

START_TEST(what_is_no_text_is_not_sent)
{
	ck_assert_int_eq(
	    answered("inroad --gateway DIR send office \xff", "{\"exit\":0}\n"),
	    CONTROL_USAGE);
	ck_assert_str_eq(run.said.err, "inroad: a message is text in UTF-8\n");
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR send office "), CONTROL_USAGE);
	ck_assert_int_eq(clirun(&run, "inroad --gateway DIR send office a b"),
	    CONTROL_USAGE);
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR send --timeout x office a"),
	    CONTROL_USAGE);
	ck_assert_str_eq(run.asked, "");
}
END_TEST

static const char messages[] =
    "{\"schema\":1,\"kind\":\"text\",\"at\":1777809600,\"user\":\"alice\","
    "\"device\":\"laptop\",\"text\":\"one\\ntwo\\u001b[1m\\n\"}\n"
    "{\"schema\":1,\"kind\":\"lost\",\"count\":3}\n"
    "{\"schema\":1,\"kind\":\"notice\",\"at\":1777809601,"
    "\"level\":\"alarm\",\"text\":\"fire\"}\n"
    "{\"exit\":0}\n";

/* Nothing of a message reaches the terminal as it is. */
START_TEST(messages_are_shown)
{
	ck_assert_int_eq(
	    answered("inroad --gateway DIR listen", messages), CONTROL_OK);
	ck_assert_str_eq(run.said.out,
	    "2026-05-03 12:00:00  alice/laptop: one\n"
	    "    two\\u001b[1m\n"
	    "3 messages were lost here\n"
	    "2026-05-03 12:00:01  alarm: fire\n");
	ck_assert_str_eq(run.asked, "listen 0 0 new\n");
}
END_TEST

START_TEST(messages_are_lines_of_json)
{
	ck_assert_int_eq(
	    answered("inroad --gateway DIR --json listen --count 3 "
		     "--timeout=9 --last",
		messages),
	    CONTROL_OK);
	ck_assert_int_eq(strncmp(run.said.out, messages,
			     strlen(messages) - strlen("{\"exit\":0}\n")),
	    0);
	ck_assert_str_eq(run.asked, "listen 3 9 last\n");
}
END_TEST

START_TEST(the_end_is_told)
{
	ck_assert_int_eq(answered("inroad --gateway DIR listen --timeout 1",
			     "{\"exit\":8,\"error\":\"timeout\","
			     "\"text\":\"too late\"}\n"),
	    CONTROL_TIMEOUT);
	ck_assert_str_eq(run.said.err, "inroad: timeout: too late\n");
	ck_assert_int_eq(
	    answered("inroad --gateway DIR listen", NULL), CONTROL_NOT_RUNNING);
	ck_assert_int_eq(clirun(&run, "inroad --gateway DIR listen --count x"),
	    CONTROL_USAGE);
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR listen more"), CONTROL_USAGE);
}
END_TEST

START_TEST(people_are_told)
{
	static const char answer[] = "{\"told\":2}\n{\"exit\":0}\n";

	ck_assert_int_eq(
	    answered("inroad --relay DIR notice all back at nine", answer),
	    CONTROL_OK);
	ck_assert_str_eq(run.said.out, "2 devices are told\n");
	ck_assert_str_eq(run.asked, "notice all back at nine\n");
	ck_assert_int_eq(answered("inroad --relay DIR notice alice/office "
				  "--level alarm fire",
			     answer),
	    CONTROL_OK);
	ck_assert_str_eq(run.asked, "notice --level alarm alice/office fire\n");
	ck_assert_int_eq(
	    clirun(&run, "inroad --relay DIR notice all"), CONTROL_USAGE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gateway/cli/letters");
	TCase *tcase = tcase_create("letters");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_text_is_sent);
	tcase_add_test(tcase, what_is_no_text_is_not_sent);
	tcase_add_test(tcase, messages_are_shown);
	tcase_add_test(tcase, messages_are_lines_of_json);
	tcase_add_test(tcase, the_end_is_told);
	tcase_add_test(tcase, people_are_told);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
