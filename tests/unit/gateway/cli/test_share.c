/* SPDX-License-Identifier: ISC */
#include "gateway/cli/share.h"

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
	(void)setenv("TZ", "UTC", 1);
	tzset();
}

static void
teardown(void)
{
	clirun_end(&run);
}

/* Assert that line asks for asked, and that answer makes it print out. */
static void
shows(const char *line, const char *asked, const char *answer, const char *out)
{
	char whole[256];
	char wanted[256];

	clirun_answer(&run, answer);
	(void)snprintf(whole, sizeof(whole), "inroad --gateway DIR %s", line);
	ck_assert_int_eq(clirun(&run, whole), CONTROL_OK);
	ck_assert_str_eq(run.said.out, out);
	(void)snprintf(wanted, sizeof(wanted), "%s\n", asked);
	ck_assert_str_eq(run.asked, wanted);
}

START_TEST(makes_one)
{
	shows("share office bob", "share office bob    ",
	    "{\"string\":\"inroadshare1:abc\",\"user\":\"bob\"}\n"
	    "{\"exit\":0}\n",
	    "inroadshare1:abc\n");
	shows("share office bob --ports 22,80 --services=web --rate 10Mbit",
	    "share office bob 22,80 web  10Mbit",
	    "{\"string\":\"inroadshare1:abc\",\"user\":\"bob\"}\n"
	    "{\"exit\":0}\n",
	    "inroadshare1:abc\n");
}
END_TEST

START_TEST(lists)
{
	shows("share", "shares made", "{\"exit\":0}\n",
	    "No shares. Make one with: inroad share HOST USER\n");
	shows("shares", "shares",
	    "{\"host\":\"office\",\"user\":\"bob\",\"state\":\"made\","
	    "\"share\":\"00000000000000ff\",\"expires\":0,"
	    "\"rights\":\"ports=22\"}\n"
	    "{\"host\":\"attic\",\"owner\":\"carol\",\"state\":\"accepted\","
	    "\"share\":\"00000000000000fe\",\"expires\":86400,"
	    "\"rights\":\"\"}\n{\"exit\":0}\n",
	    "HOST                   ACCOUNT        STATE      UNTIL            "
	    " SHARE             RIGHTS\n"
	    "office           to    bob            made       never            "
	    " 00000000000000ff  ports=22\n"
	    "attic            from  carol          accepted   1970-01-02 00:00 "
	    " 00000000000000fe  all\n");
}
END_TEST

START_TEST(ends_one)
{
	shows("unshare office bob", "unshare office bob",
	    "{\"host\":\"office\",\"ended\":1,\"told\":true}\n{\"exit\":0}\n",
	    "Ended. \"office\" knows.\n");
	shows("unshare office bob", "unshare office bob",
	    "{\"host\":\"office\",\"ended\":1,\"told\":false}\n{\"exit\":0}\n",
	    "Ended: the relay refuses already. \"office\" is offline or does "
	    "not answer; it will be told when it is back.\n");
}
END_TEST

START_TEST(accepts)
{
	shows("accept inroadshare1:abc --as attic",
	    "accept inroadshare1:abc attic",
	    "{\"host\":\"attic\",\"owner\":\"carol\",\"name\":\"roof\"}\n"
	    "{\"exit\":0}\n",
	    "\"roof\" of carol is \"attic\" here. Try: inroad why attic:80\n");
	shows("accept --remove attic", "forget attic", "{\"exit\":0}\n", "");
}
END_TEST

START_TEST(usage)
{
	static const char *const lines[] = {
		"share office",
		"share office bob carol",
		"share office bob --until 2001-01-01",
		"share office bob --until soon",
		"accept --as attic",
		"accept inroadshare1:abc --remove attic",
		"unshare office",
	};
	char whole[128];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		(void)snprintf(
		    whole, sizeof(whole), "inroad --gateway DIR %s", lines[i]);
		ck_assert_msg(
		    clirun(&run, whole) == CONTROL_USAGE, "%s", lines[i]);
	}
}
END_TEST

START_TEST(when_it_ends)
{
	const uint64_t now = 1000000000; /* 2001-09-09T01:46:40Z */
	uint64_t out = 7;

	ck_assert_int_eq(share_parse_until("2h", now, &out), 0);
	ck_assert_uint_eq(out, now + 7200);
	ck_assert_int_eq(share_parse_until("7d", now, &out), 0);
	ck_assert_uint_eq(out, now + 7 * 86400);
	/* The day counts wholly. */
	ck_assert_int_eq(share_parse_until("2001-09-09", now, &out), 0);
	ck_assert_uint_eq(out, 1000080000);
	ck_assert_int_eq(share_parse_until("2001-12-31", now, &out), 0);
	ck_assert_uint_eq(out, 1009843200);
	ck_assert_int_eq(share_parse_until("2001-09-09T02:00", now, &out), 0);
	ck_assert_uint_eq(out, 1000000800);
	ck_assert_int_eq(
	    share_parse_until("2001-09-09T01:46:41", now, &out), 0);
	ck_assert_uint_eq(out, now + 1);
	out = 7;
	ck_assert_int_eq(
	    share_parse_until("2001-09-09T01:46:40", now, &out), -1);
	ck_assert_int_eq(share_parse_until("2001-09-08", now, &out), -1);
	ck_assert_int_eq(share_parse_until("0", now, &out), -1);
	ck_assert_int_eq(share_parse_until("2001-13-01", now, &out), -1);
	ck_assert_int_eq(share_parse_until("2001-12-31 x", now, &out), -1);
	ck_assert_int_eq(share_parse_until("", now, &out), -1);
	ck_assert_uint_eq(out, 7);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("share");
	TCase *tcase = tcase_create("share");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, makes_one);
	tcase_add_test(tcase, lists);
	tcase_add_test(tcase, ends_one);
	tcase_add_test(tcase, accepts);
	tcase_add_test(tcase, usage);
	tcase_add_test(tcase, when_it_ends);
	return unit_main(suite);
}
