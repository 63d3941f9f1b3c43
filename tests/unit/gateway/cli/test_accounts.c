/* SPDX-License-Identifier: ISC */

#include "gateway/cli/accounts.h"

#include <stdio.h>
#include <time.h>

#include "common/control.h"
#include "tests/support/clirun.h"
#include "tests/support/unit.h"

#define OK_LINE "{\"exit\":0}\n"

static struct clirun run;

static void
setup(void)
{
	clirun_init(&run);
}

static void
teardown(void)
{
	clirun_end(&run);
}

/*
 * Assert that line, behind "inroad --relay DIR ", asks for asked and that the
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
	(void)snprintf(whole, sizeof(whole), "inroad --relay DIR %s", line);
	ck_assert_int_eq(clirun(&run, whole), CONTROL_OK);
	ck_assert_str_eq(run.said.out, out);
	ck_assert_str_eq(run.said.err, "");
	(void)snprintf(wanted, sizeof(wanted), "%s\n", asked);
	ck_assert_str_eq(run.asked, wanted);
}

/* Assert that line is wrong and that nobody is asked. */
static void
is_wrong(const char *line, const char *usage)
{
	char whole[256];

	clirun_answer(&run, OK_LINE);
	(void)snprintf(whole, sizeof(whole), "inroad --relay DIR %s", line);
	ck_assert_int_eq(clirun(&run, whole), CONTROL_USAGE);
	ck_assert_str_eq(run.said.err, usage);
	ck_assert_str_eq(run.asked, "");
}

START_TEST(users_are_a_table)
{
	shows("user list", "user list",
	    "{\"user\":\"alice\",\"level\":\"admin\",\"disabled\":false,"
	    "\"devices\":3,\"hosts\":2,\"online\":1}\n"
	    "{\"user\":\"bo\\u001bb\",\"level\":\"guest\",\"disabled\":true}\n",
	    "USER                     LEVEL   STATE     DEVICES  HOSTS ONLINE\n"
	    "alice                    admin   enabled         3      2      1\n"
	    "bo\\u001bb                guest   disabled        0      0      0"
	    "\n");
	shows("user list alice", "user list alice", "",
	    "USER                     LEVEL   STATE     DEVICES  HOSTS "
	    "ONLINE\n");
}
END_TEST

START_TEST(users_are_changed)
{
	shows("user add bob", "user add bob", "", "");
	shows("user add bob --level guest", "user add bob guest", "", "");
	shows("user add --level=admin bob", "user add bob admin", "", "");
	shows("user level bob user", "user level bob user", "", "");
	shows("user invite bob", "user invite bob",
	    "{\"join\":\"inroad1:x\"}\n", "inroad1:x\n");
	shows("user invite --name desk bob", "user invite bob desk",
	    "{\"join\":\"inroad1:x\"}\n", "inroad1:x\n");
	shows("user invite bob --ttl 2h --name desk", "user invite bob desk 2h",
	    "{\"join\":\"inroad1:x\"}\n", "inroad1:x\n");
	is_wrong("user invite", "usage: inroad user invite USER [--name NAME] "
				"[--ttl TIME]\n");
	shows("user disable bob", "user disable bob", "", "");
	shows("user enable bob", "user enable bob", "", "");
	shows("user delete bob", "user delete bob", "", "");
}
END_TEST

START_TEST(devices_are_a_table)
{
	char objects[2048];
	long long now = (long long)time(NULL);

	(void)snprintf(objects, sizeof(objects),
	    "{\"user\":\"alice\",\"name\":\"laptop\",\"role\":\"gateway\","
	    "\"online\":true,\"address\":\"192.0.2.7:5000\",\"since\":%lld,"
	    "\"last_seen\":%lld,\"key\":\"1a2b\",\"revoked\":0}\n"
	    "{\"user\":\"alice\",\"name\":\"lab\",\"role\":\"agent\","
	    "\"online\":false,\"last_seen\":0,\"key\":\"3c4d\",\"revoked\":0}\n"
	    "{\"user\":\"bob\",\"name\":\"old\",\"role\":\"agent\","
	    "\"online\":false,\"last_seen\":0,\"key\":\"5e6f\","
	    "\"revoked\":%lld,\"revoked_by\":\"admin\"}\n"
	    "{\"user\":\"bob\",\"name\":\"new\",\"role\":\"agent\","
	    "\"online\":false,\"last_seen\":0,\"key\":\"7a8b\","
	    "\"revoked\":%lld,\"revoked_by\":\"\"}\n",
	    now - 8000, now, now - 300000, now - 300000);
	shows("device list", "device list", objects,
	    "DEVICE                       ROLE     KEY                  STATE\n"
	    "alice/laptop                 gateway  1a2b                 online"
	    "    from 192.0.2.7:5000 since 2 h ago\n"
	    "alice/lab                    agent    3c4d                 offline"
	    "   seen never\n"
	    "bob/old                      agent    5e6f                 removed"
	    "   3 days ago by admin\n"
	    "bob/new                      agent    7a8b                 removed"
	    "   3 days ago\n");
	shows("device revoke alice/lab", "device revoke alice/lab", "", "");
}
END_TEST

START_TEST(tokens_are_a_table)
{
	shows("token list bob", "token list bob",
	    "{\"id\":\"0123456789ab\",\"user\":\"bob\",\"role\":\"agent\","
	    "\"name\":\"lab\",\"state\":\"open\",\"uses\":0,\"uses_max\":1,"
	    "\"expires\":1777809600}\n"
	    "{\"id\":\"ba9876543210\",\"user\":\"bob\",\"role\":\"gateway\","
	    "\"name\":\"\",\"state\":\"used\",\"uses\":1,\"uses_max\":1,"
	    "\"expires\":1777809600}\n",
	    "ID            USER                 ROLE     NAME             STATE"
	    "    USES      EXPIRES\n"
	    "0123456789ab  bob                  agent    lab              open "
	    "    0 of 1    2026-05-03 12:00:00Z\n"
	    "ba9876543210  bob                  gateway  -                used "
	    "    1 of 1    2026-05-03 12:00:00Z\n");
	shows("token revoke 0123456789ab", "token revoke 0123456789ab", "", "");
}
END_TEST

START_TEST(rules_are_a_table)
{
	shows("acl list", "acl list",
	    "{\"id\":7,\"rule\":\"deny\",\"user\":\"bob\","
	    "\"target\":\"alice/db-*\"}\n",
	    "    ID  RULE  USER                     HOST\n"
	    "     7  deny  bob                      alice/db-*\n");
	shows("acl add deny bob alice/office", "acl add deny bob alice/office",
	    "", "");
	shows(
	    "acl add --before 7 allow bob *", "acl add allow bob * 7", "", "");
	shows("acl delete 7", "acl delete 7", "", "");
	is_wrong("acl delete",
	    "usage: inroad acl list\n"
	    "usage: inroad acl add [--before ID] deny|allow USER "
	    "OWNER/HOST\nusage: inroad acl delete ID\n");
	is_wrong("acl delete --before 7 8",
	    "usage: inroad acl list\n"
	    "usage: inroad acl add [--before ID] deny|allow USER "
	    "OWNER/HOST\nusage: inroad acl delete ID\n");
}
END_TEST

START_TEST(limits_are_a_table)
{
	shows("limit bob", "limit bob",
	    "{\"limit\":\"hosts\",\"value\":5,\"unit\":\"\",\"from\":\"level\","
	    "\"use\":2}\n"
	    "{\"limit\":\"attaches\",\"value\":0,\"unit\":\"\","
	    "\"from\":\"account\",\"use\":null}\n"
	    "{\"limit\":\"rate-up\",\"value\":10000000,\"unit\":\"bit/s\","
	    "\"from\":\"account\",\"use\":1500}\n"
	    "{\"limit\":\"month\",\"value\":null,\"unit\":\"B\","
	    "\"from\":\"none\",\"use\":214748364800}\n",
	    "LIMIT             VALUE  FROM             USED\n"
	    "hosts                 5  level               2\n"
	    "attaches              0  account             -\n"
	    "rate-up       10 Mbit/s  account    1.5 kbit/s\n"
	    "month              none  -             200 GiB\n");
	shows("limit bob hosts=5 links=none", "limit bob hosts=5 links=none",
	    "", "");
	is_wrong("limit", "usage: inroad limit USER [KEY=VALUE ...]\n");
}
END_TEST

START_TEST(usage_is_a_table)
{
	shows("usage", "usage",
	    "{\"user\":\"bob\",\"month\":\"2026-11\",\"up\":1024,"
	    "\"down\":2048,\"total\":3072,\"limit\":4096}\n"
	    "{\"user\":\"carol\",\"month\":\"2026-11\",\"up\":0,"
	    "\"down\":1,\"total\":1,\"limit\":null}\n",
	    "USER                     MONTH              UP         DOWN"
	    "        TOTAL        LIMIT\n"
	    "bob                      2026-11         1 KiB        2 KiB"
	    "        3 KiB        4 KiB\n"
	    "carol                    2026-11           0 B          1 B"
	    "          1 B            -\n");
	shows("usage bob", "usage bob", "",
	    "USER                     MONTH              UP         DOWN"
	    "        TOTAL        LIMIT\n");
	is_wrong("usage bob carol", "usage: inroad usage [USER]\n");
}
END_TEST

START_TEST(the_audit_is_a_line_each)
{
	shows("audit", "audit",
	    "{\"at\":1777809600,\"user\":\"admin\",\"origin\":\"192.0.2.7\","
	    "\"action\":\"user.level\",\"object\":\"bob\",\"before\":\"user\","
	    "\"after\":\"guest\"}\n"
	    "{\"at\":1777809601,\"user\":\"bob\",\"origin\":\"192.0.2.8\","
	    "\"action\":\"device.enrol\",\"object\":\"bob/lab\","
	    "\"before\":\"\",\"after\":\"agent\"}\n"
	    "{\"at\":1777809602,\"user\":\"admin\",\"origin\":\"192.0.2.7\","
	    "\"action\":\"user.delete\",\"object\":\"bob\","
	    "\"before\":\"user\",\"after\":\"\"}\n",
	    "2026-05-03 12:00:00Z  admin from 192.0.2.7: user.level bob  user "
	    "-> guest\n"
	    "2026-05-03 12:00:01Z  bob from 192.0.2.8: device.enrol bob/lab  "
	    "agent\n"
	    "2026-05-03 12:00:02Z  admin from 192.0.2.7: user.delete bob  was "
	    "user\n");
	shows("audit --last 7", "audit 7", "", "");
}
END_TEST

START_TEST(all_is_json_if_wanted)
{
	shows("--json user list", "user list", "{\"user\":\"alice\"}\n",
	    "{\"schema\":1,\"exit\":0,\"items\":[{\"user\":\"alice\"}]}\n");
	shows("audit --json", "audit", "{\"at\":1}\n",
	    "{\"schema\":1,\"exit\":0,\"items\":[{\"at\":1}]}\n");
}
END_TEST

START_TEST(what_is_wrong_is_told)
{
	static const char device[] = "usage: inroad device list [USER]\n"
				     "usage: inroad device revoke "
				     "USER/DEVICE\n";
	static const char audit[] = "usage: inroad audit [--last N]\n";
	static const char *const users[] = { "user add", "user add a b",
		"user disable", "user level bob", "user remove bob",
		"user list a b", "user delete bob --level admin",
		"user add bob --level" };

	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		is_wrong(users[i],
		    "usage: inroad user list [USER]\n"
		    "usage: inroad user add USER [--level admin|user|guest]\n"
		    "usage: inroad user invite USER [--name NAME] [--ttl "
		    "TIME]\n"
		    "usage: inroad user level USER admin|user|guest\n"
		    "usage: inroad user disable USER\n"
		    "usage: inroad user enable USER\n"
		    "usage: inroad user delete USER\n");
	}
	is_wrong("device list a b", device);
	is_wrong("device revoke", device);
	is_wrong("device remove a", device);
	is_wrong("audit 5", audit);
	is_wrong("audit --first 5", audit);
	is_wrong("token revoke", "usage: inroad token list [USER]\n"
				 "usage: inroad token revoke ID\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("accounts");
	TCase *tcase = tcase_create("accounts");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, users_are_a_table);
	tcase_add_test(tcase, users_are_changed);
	tcase_add_test(tcase, devices_are_a_table);
	tcase_add_test(tcase, tokens_are_a_table);
	tcase_add_test(tcase, limits_are_a_table);
	tcase_add_test(tcase, usage_is_a_table);
	tcase_add_test(tcase, rules_are_a_table);
	tcase_add_test(tcase, the_audit_is_a_line_each);
	tcase_add_test(tcase, all_is_json_if_wanted);
	tcase_add_test(tcase, what_is_wrong_is_told);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
