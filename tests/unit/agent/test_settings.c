/* SPDX-License-Identifier: ISC */

#include "agent/settings.h"

#include <stdio.h>
#include <string.h>

#include "agent/policy.h"
#include "agent/program.h"
#include "agent/services.h"
#include "common/addr.h"
#include "common/fault.h"
#include "common/options_argv.h"
#include "common/options_file.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static struct fault fault;
static struct options *options;
static struct policy *policy;
static struct services *services;
static char **program;

static void
teardown(void)
{
	policy_free(policy);
	services_free(services);
	program_words_free(program);
	program = NULL;
	options_free(options);
	policy = NULL;
	services = NULL;
	options = NULL;
}

/* Read the words of line, separated by blanks, and file if it is not NULL. */
static void
read_options(const char *line, const char *file)
{
	char copy[512];
	char *argv[32] = { copy };
	int argc = 0;
	char *word;
	char *rest = copy;

	teardown();
	(void)snprintf(copy, sizeof(copy), "inroad-agent %s", line);
	word = strsep(&rest, " ");
	while (word != NULL && argc < 31) {
		if (word[0] != '\0') {
			argv[argc++] = word;
		}
		word = strsep(&rest, " ");
	}
	options = options_new(&settings_table);
	ck_assert_ptr_nonnull(options);
	ck_assert_msg(
	    options_argv_parse(options, argc, argv, &fault) == OPTIONS_ARGV_OK,
	    "%s", fault.text);
	if (file != NULL) {
		ck_assert_msg(options_file_load_text(options, "agent.conf",
				  file, strlen(file), &fault) == 0,
		    "%s", fault.text);
	}
}

/* Make a policy and services of line and file, which are right. */
static void
make(const char *line, const char *file)
{
	read_options(line, file);
	ck_assert_msg(
	    settings_make(options, &policy, &services, &program, &fault) == 0,
	    "%s", fault.text);
}

/* Assert that line and file are refused with a text that has word in it. */
static void
refuses(const char *line, const char *file, const char *word)
{
	read_options(line, file);
	ck_assert_int_eq(
	    settings_make(options, &policy, &services, &program, &fault), -1);
	ck_assert_ptr_null(policy);
	ck_assert_ptr_null(services);
	ck_assert_msg(strstr(fault.text, word) != NULL, "%s", fault.text);
}

/* Ask the policy for text, "ADDR:PORT". */
static bool
allows(const char *text)
{
	struct addr addr;

	ck_assert_int_eq(addr_parse(&addr, text), 0);
	return policy_allows(policy, NULL, &addr);
}

START_TEST(nothing_said_is_loopback)
{
	make("", NULL);
	ck_assert(allows("127.0.0.1:80"));
	ck_assert(!allows("10.0.0.5:80"));
	ck_assert_uint_eq(services_count(services), 0);
	make("--loopback=no", NULL);
	ck_assert(!allows("127.0.0.1:80"));
}
END_TEST

START_TEST(file_is_read)
{
	make("", "service web { to = \"127.0.0.1:8080\" }\n"
		 "service ssh { to = \"10.0.0.9:22\" }\n"
		 "allow = {\"127.0.0.1:*\", \"10.0.0.0/8:23\"}\n");
	ck_assert_uint_eq(services_count(services), 2);
	ck_assert_uint_eq(services_find(services, "web")->port, 8080);
	ck_assert(allows("127.0.0.1:1"));
	ck_assert(allows("10.0.0.9:22"));
	ck_assert(allows("10.0.0.9:23"));
	ck_assert(!allows("10.0.0.8:22"));
}
END_TEST

START_TEST(command_line_has_the_last_word)
{
	make("--expose web=127.0.0.1:9090 --expose more=127.0.0.1:1 --allow "
	     "10.0.0.5:22 --allow 10.0.0.6:22,80",
	    "service web { to = \"127.0.0.1:8080\" }\n"
	    "allow = {\"10.0.0.7:22\"}\n");
	ck_assert_uint_eq(services_count(services), 2);
	ck_assert_uint_eq(services_find(services, "web")->port, 9090);
	ck_assert(allows("10.0.0.5:22"));
	ck_assert(allows("10.0.0.6:80"));
	ck_assert(allows("10.0.0.7:22"));
}
END_TEST

START_TEST(places_are_named)
{
	refuses("--allow 10.0.0.5/8", NULL, "--allow");
	refuses("--allow 10.0.0.5/8", NULL, "10.0.0.5/8");
	refuses("", "allow = {\"10.0.0.1\",\n\"10.0.0.5:x\"}", "agent.conf:1");
	refuses("--expose web=nowhere", NULL, "web");
	refuses("--expose we_b=127.0.0.1:80", NULL, "we_b");
	refuses("--expose web=a*b:80", NULL, "a*b:80");
	refuses("", "\nservice web { }\n", "agent.conf:2");
	refuses("", "service web { }\n", "has no target");
}
END_TEST

START_TEST(a_program_takes_messages)
{
	make("", "on-message = {\"/bin/take\", \"one word\"}\n");
	ck_assert_str_eq(program[0], "/bin/take");
	ck_assert_str_eq(program[1], "one word");
	ck_assert_ptr_null(program[2]);
}
END_TEST

START_TEST(a_program_has_a_path)
{
	refuses("--on-message take", NULL, "does not begin with /");
	ck_assert_ptr_null(program);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	bool failed = true;

	read_options("--expose web=127.0.0.1:80 --allow 10.0.0.1 "
		     "--on-message /bin/take",
	    NULL);
	for (long n = 1; failed; n++) {
		int rc;

		failalloc_after(n);
		rc = settings_make(
		    options, &policy, &services, &program, &fault);
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(rc, failed ? -1 : 0);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("settings");
	TCase *tcase = tcase_create("settings");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_test(tcase, nothing_said_is_loopback);
	tcase_add_test(tcase, file_is_read);
	tcase_add_test(tcase, command_line_has_the_last_word);
	tcase_add_test(tcase, places_are_named);
	tcase_add_test(tcase, a_program_takes_messages);
	tcase_add_test(tcase, a_program_has_a_path);
	tcase_add_test(tcase, every_allocation_may_fail);
	return unit_main(suite);
}
