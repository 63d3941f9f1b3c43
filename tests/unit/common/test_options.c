/* SPDX-License-Identifier: ISC */

#include "common/options.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/mem.h"
#include "common/options_argv.h"
#include "common/options_file.h"
#include "common/options_help.h"
#include "tests/support/failalloc.h"
#include "tests/support/sampleoptions.h"
#include "tests/support/unit.h"

#define WORDS_MAX 16

static struct options *options;
static struct fault fault;
/* A command line that may be written to, as that of a process. */
static char *words[WORDS_MAX + 1];
static int word_count;

static void
setup(void)
{
	options = options_new(&sampleoptions);
	ck_assert_ptr_nonnull(options);
	words[0] = strdup("sample");
	word_count = 1;
	fault.text[0] = '\0';
}

static void
teardown(void)
{
	options_free(options);
	for (int i = 0; i < word_count; i++) {
		free(words[i]);
	}
}

/* Read the words of line, which single spaces part. */
static enum options_argv_result
parse(const char *line)
{
	for (int i = 1; i < word_count; i++) {
		free(words[i]);
	}
	word_count = 1;
	while (*line != '\0') {
		size_t len = strcspn(line, " ");

		words[word_count] = strndup(line, len);
		word_count++;
		line += len + (line[len] == ' ');
	}
	return options_argv_parse(options, word_count, words, &fault);
}

/* Check that line is wrong and why. */
static void
expect_bad(const char *line, const char *want)
{
	ck_assert_int_eq(parse(line), OPTIONS_ARGV_BAD);
	ck_assert_str_eq(fault.text, want);
}

/* Read text as the file f.conf. */
static int
load(const char *text)
{
	return options_file_load_text(
	    options, "f.conf", text, strlen(text), &fault);
}

/* Check that text, as all there is, is wrong and why. */
static void
expect_wrong(const char *text, const char *want)
{
	options_free(options);
	options = options_new(&sampleoptions);
	ck_assert_int_eq(load(text), -1);
	ck_assert_str_eq(fault.text, want);
}

START_TEST(defaults)
{
	ck_assert_int_eq(parse(""), OPTIONS_ARGV_OK);
	ck_assert_int_eq(load(""), 0);
	ck_assert_ptr_null(options_string(options, "config"));
	ck_assert_ptr_null(options_take(options, "join"));
	ck_assert_uint_eq(options_count(options, "listen"), 1);
	ck_assert_str_eq(options_item(options, "listen", 0), "127.0.0.1:1080");
	ck_assert_uint_eq(options_count(options, "allow"), 0);
	ck_assert_str_eq(options_string(options, "others"), "direct");
	ck_assert_uint_eq(options_number(options, "workers"), 1);
	ck_assert_uint_eq(options_number(options, "budget"), 64 << 20);
	ck_assert_uint_eq(
	    options_number(options, "grace"), UINT64_C(120000000000));
	ck_assert(!options_flag(options, "json"));
	ck_assert(options_flag(options, "pac"));
	ck_assert(!options_given(options, "pac"));
	ck_assert_uint_eq(options_count(options, "forward"), 0);
	ck_assert_uint_eq(options_operand_count(options), 0);
}
END_TEST

START_TEST(command_line)
{
	ck_assert_int_eq(parse("--config=a.conf --listen 127.0.0.1:1 "
			       "--listen=[::1]:2 --others refuse --workers 4 "
			       "--workers 5 -j --pac=no --budget 1MiB "
			       "--grace 5m"),
	    OPTIONS_ARGV_OK);
	ck_assert_str_eq(options_string(options, "config"), "a.conf");
	ck_assert_uint_eq(options_count(options, "listen"), 2);
	ck_assert_str_eq(options_item(options, "listen", 0), "127.0.0.1:1");
	ck_assert_str_eq(options_item(options, "listen", 1), "[::1]:2");
	ck_assert_str_eq(options_string(options, "others"), "refuse");
	ck_assert_uint_eq(options_number(options, "workers"), 5);
	ck_assert(options_flag(options, "json"));
	ck_assert(options_given(options, "json"));
	ck_assert(!options_flag(options, "pac"));
	ck_assert_uint_eq(options_number(options, "budget"), 1 << 20);
	ck_assert_uint_eq(
	    options_number(options, "grace"), UINT64_C(300000000000));
}
END_TEST

START_TEST(operands_begin_with_the_command)
{
	ck_assert_int_eq(
	    parse("-c - wait --timeout 5 office"), OPTIONS_ARGV_OK);
	ck_assert_str_eq(options_string(options, "config"), "-");
	ck_assert_uint_eq(options_operand_count(options), 4);
	ck_assert_str_eq(options_operand(options, 0), "wait");
	ck_assert_str_eq(options_operand(options, 3), "office");
	ck_assert_int_eq(parse("-- --json"), OPTIONS_ARGV_OK);
	ck_assert_uint_eq(options_operand_count(options), 1);
	ck_assert(!options_flag(options, "json"));
	ck_assert_int_eq(parse("-"), OPTIONS_ARGV_OK);
	ck_assert_str_eq(options_operand(options, 0), "-");
}
END_TEST

START_TEST(operands_between_options)
{
	struct options_table table = sampleoptions;

	table.operands = OPTIONS_OPERANDS;
	options_free(options);
	options = options_new(&table);
	ck_assert_int_eq(parse("a --json b -- --c"), OPTIONS_ARGV_OK);
	ck_assert_uint_eq(options_operand_count(options), 3);
	ck_assert_str_eq(options_operand(options, 2), "--c");
	ck_assert(options_flag(options, "json"));
	table.operands = OPTIONS_NO_OPERANDS;
	expect_bad("a", "\"a\" is not an option; --help lists all");
}
END_TEST

START_TEST(help_and_version_are_known)
{
	ck_assert_int_eq(parse("--json --help --nonsense"), OPTIONS_ARGV_HELP);
	ck_assert_int_eq(parse("-h"), OPTIONS_ARGV_HELP);
	ck_assert_int_eq(parse("--version"), OPTIONS_ARGV_VERSION);
}
END_TEST

START_TEST(bad_command_lines)
{
	expect_bad(
	    "--lisen x", "there is no option --lisen; did you mean --listen?");
	expect_bad(
	    "--jion=SECRET", "there is no option --jion; did you mean --join?");
	expect_bad("--hepl", "there is no option --hepl; did you mean --help?");
	expect_bad("--nonsense", "there is no option --nonsense; --help lists "
				 "all");
	/* The key of a section that has no flag, or another. */
	expect_bad("--level x=1", "there is no option --level; --help lists "
				  "all");
	expect_bad("-x", "there is no option -x; --help lists all");
	expect_bad("-jj", "there is no option -jj; --help lists all");
	expect_bad("--listen", "--listen needs a value: ADDR:PORT");
	expect_bad("--workers", "--workers needs a value");
	expect_bad("--workers four", "--workers: \"four\" is not a number");
	expect_bad("--workers 0", "--workers: 0 is less than 1");
	expect_bad("--workers 65", "--workers: 65 is more than 64");
	expect_bad("--budget 1kB", "--budget: 1kB is less than 64 KiB");
	expect_bad("--budget 64K",
	    "--budget: \"64K\" is not a size such as 64KiB or 8MiB");
	expect_bad("--grace 5",
	    "--grace: \"5\" is not a duration such as 500ms, 120s or 5m");
	expect_bad("--json=maybe", "--json: \"maybe\" is not true or false");
	expect_bad("--others dirct",
	    "--others: \"dirct\" is not one of direct|refuse; did you mean "
	    "\"direct\"?");
	expect_bad("--others x", "--others: \"x\" is not one of direct|refuse");
	expect_bad(
	    "--forward x", "--forward: \"x\" is not ADDR:PORT=NAME:PORT");
	expect_bad(
	    "--forward =x", "--forward: \"=x\" is not ADDR:PORT=NAME:PORT");
	expect_bad(
	    "--forward x=", "--forward: \"x=\" is not ADDR:PORT=NAME:PORT");
	expect_bad("--to x=y", "--to: \"y\" is not one of direct|refuse");
}
END_TEST

START_TEST(sections_on_the_command_line)
{
	const struct options *section;

	ck_assert_int_eq(parse("--forward 127.0.0.1:1=to:22 "
			       "--forward [::1]:2=b:3 --to 10.0.0.0/8=via:lab "
			       "--to *.x=refuse --forward [::1]:2=c:4"),
	    OPTIONS_ARGV_OK);
	ck_assert_uint_eq(options_count(options, "forward"), 2);
	section = options_section(options, "forward", 0);
	ck_assert_str_eq(options_title(section), "127.0.0.1:1");
	/* A host may have the name of the first key. */
	ck_assert_str_eq(options_string(section, "to"), "to:22");
	section = options_section(options, "forward", 1);
	ck_assert_str_eq(options_title(section), "[::1]:2");
	ck_assert_str_eq(options_string(section, "to"), "c:4");
	section = options_section(options, "route", 0);
	ck_assert_str_eq(options_string(section, "via"), "lab");
	ck_assert_ptr_null(options_string(section, "action"));
	section = options_section(options, "route", 1);
	ck_assert_str_eq(options_title(section), "*.x");
	ck_assert_str_eq(options_string(section, "action"), "refuse");
}
END_TEST

START_TEST(secrets_leave_the_command_line)
{
	char *text;

	ck_assert_int_eq(
	    parse("--join inroad1:a --join=inroad1:b"), OPTIONS_ARGV_OK);
	ck_assert_str_eq(words[2], "");
	ck_assert_str_eq(words[3], "--join=");
	text = options_take(options, "join");
	ck_assert_str_eq(text, "inroad1:b");
	mem_free(text);
	ck_assert_ptr_null(options_take(options, "join"));
	ck_assert_ptr_null(options_string(options, "join"));
	/* As at SIGHUP. */
	ck_assert_int_eq(options_argv_parse(options, word_count, words, &fault),
	    OPTIONS_ARGV_OK);
	ck_assert_str_eq(options_string(options, "join"), "");
}
END_TEST

static const char sample_file[] =
    "# sample\n"
    "listen = {\"127.0.0.1:1\", '[::]:2'}\n"
    "others = refuse   // not direct\n"
    "workers = 8\n"
    "budget = \"128KiB\"\n"
    "json = true\n"
    "allow = { \"10.0.0.0/8:22\" }\n"
    "level user { rate = 50Mbit month = \"200GiB\"\n"
    "	streams = 512 }\n"
    "level guest { }\n"
    "forward \"127.0.0.1:5432\" { to = \"db.office:5432\" }\n"
    "route \"10.0.0.0/8\" { via = \"office\" }\n"
    "route \"*.lan\" {\n\taction = direct\n}\n";

START_TEST(file)
{
	const struct options *section;

	ck_assert_int_eq(load(sample_file), 0);
	ck_assert_uint_eq(options_count(options, "listen"), 2);
	ck_assert_str_eq(options_item(options, "listen", 0), "127.0.0.1:1");
	ck_assert_str_eq(options_item(options, "listen", 1), "[::]:2");
	ck_assert_str_eq(options_string(options, "others"), "refuse");
	ck_assert_uint_eq(options_number(options, "workers"), 8);
	ck_assert_uint_eq(options_number(options, "budget"), 131072);
	ck_assert(options_flag(options, "json"));
	ck_assert_uint_eq(options_count(options, "level"), 2);
	section = options_section(options, "level", 0);
	ck_assert_str_eq(options_title(section), "user");
	ck_assert_uint_eq(options_number(section, "rate"), 50000000);
	ck_assert_uint_eq(
	    options_number(section, "month"), UINT64_C(200) << 30);
	ck_assert_uint_eq(options_number(section, "streams"), 512);
	section = options_section(options, "level", 1);
	ck_assert_uint_eq(options_number(section, "rate"), 10000000);
	ck_assert(!options_given(section, "month"));
	section = options_section(options, "forward", 0);
	ck_assert_str_eq(options_title(section), "127.0.0.1:5432");
	ck_assert_str_eq(options_string(section, "to"), "db.office:5432");
	ck_assert_uint_eq(options_count(options, "route"), 2);
	section = options_section(options, "route", 1);
	ck_assert_str_eq(options_string(section, "action"), "direct");
}
END_TEST

START_TEST(forms_of_values)
{
	ck_assert_int_eq(load("listen = { # none\n}\nothers = \"refuse\"\n"
			      "allow = { 'a \\' b', \"c \\\" \\\\ \\t d\", "
			      "e:22 }\njson = off\n"),
	    0);
	/* Said to be nothing is not the same as not said. */
	ck_assert_uint_eq(options_count(options, "allow"), 3);
	ck_assert_str_eq(options_item(options, "allow", 0), "a ' b");
	ck_assert_str_eq(options_item(options, "allow", 1), "c \" \\ \t d");
	ck_assert_str_eq(options_item(options, "allow", 2), "e:22");
	ck_assert(!options_flag(options, "json"));
	ck_assert(options_given(options, "json"));
}
END_TEST

START_TEST(list_of_one_needs_no_braces)
{
	ck_assert_int_eq(load("listen = \"127.0.0.1:1\""), 0);
	ck_assert_uint_eq(options_count(options, "listen"), 1);
	ck_assert_str_eq(options_item(options, "listen", 0), "127.0.0.1:1");
}
END_TEST

START_TEST(command_line_wins)
{
	const struct options *section;

	ck_assert_int_eq(
	    parse("--listen 127.0.0.1:3 --workers 2 "
		  "--forward 127.0.0.1:5432=x:1 --forward 127.0.0.1:1=y:1"),
	    OPTIONS_ARGV_OK);
	ck_assert_int_eq(load(sample_file), 0);
	ck_assert_uint_eq(options_number(options, "workers"), 2);
	ck_assert_uint_eq(options_count(options, "listen"), 3);
	ck_assert_str_eq(options_item(options, "listen", 0), "127.0.0.1:1");
	ck_assert_str_eq(options_item(options, "listen", 1), "[::]:2");
	ck_assert_str_eq(options_item(options, "listen", 2), "127.0.0.1:3");
	ck_assert_uint_eq(options_count(options, "forward"), 2);
	section = options_section(options, "forward", 0);
	ck_assert_str_eq(options_string(section, "to"), "x:1");
}
END_TEST

START_TEST(order_of_reading_does_not_matter)
{
	ck_assert_int_eq(load(sample_file), 0);
	ck_assert_int_eq(
	    parse("--listen 127.0.0.1:3 --workers 2"), OPTIONS_ARGV_OK);
	ck_assert_uint_eq(options_number(options, "workers"), 2);
	ck_assert_str_eq(options_item(options, "listen", 2), "127.0.0.1:3");
}
END_TEST

START_TEST(wrong_files)
{
	expect_wrong("\nlisen = {}",
	    "f.conf:2: unknown key \"lisen\"; did you mean \"listen\"?");
	expect_wrong("nonsense = 1", "f.conf:1: unknown key \"nonsense\"");
	expect_wrong("forward x {\n  ot = 1 }",
	    "f.conf:2: unknown key \"ot\" in forward; did you mean \"to\"?");
	expect_wrong("rout x { }",
	    "f.conf:1: unknown key \"rout\"; did you mean \"route\"?");
	expect_wrong("config = x", "f.conf:1: \"config\" can only be given on "
				   "the command line, as --config");
	expect_wrong("cofig = x", "f.conf:1: unknown key \"cofig\"");
	expect_wrong("workers = 1\n\nworkers = 2",
	    "f.conf:3: \"workers\" is given a second time; the first is on "
	    "line 1");
	expect_wrong("route x { }\nroute 'x' { }",
	    "f.conf:2: route \"x\" is given a second time; the first is on "
	    "line 1");
	expect_wrong("route x { via = a\nvia = b }",
	    "f.conf:2: \"via\" is given a second time; the first is on line "
	    "1");
	expect_wrong("forward = x",
	    "f.conf:1: \"forward\" is a section: forward NAME { ... }");
	expect_wrong("workers x { }",
	    "f.conf:1: \"workers\" is no section: workers = VALUE");
	expect_wrong("workers = {1, 2}", "f.conf:1: \"workers\" takes one "
					 "value");
	expect_wrong(
	    "\nworkers = many", "f.conf:2: workers: \"many\" is not a number");
	expect_wrong("level x {\nstreams = 5000 }",
	    "f.conf:2: streams: 5000 is more than 4096");
	expect_wrong("route x {", "f.conf:1: the { of route is never closed");
}
END_TEST

START_TEST(scopes_are_apart)
{
	ck_assert_int_eq(load("route x { via = a } route y { via = b }\n"
			      "forward x { to = c }"),
	    0);
	ck_assert_uint_eq(options_count(options, "route"), 2);
}
END_TEST

START_TEST(program_refuses_with_the_place)
{
	const struct options *section;

	ck_assert_int_eq(
	    parse("--listen a --forward 127.0.0.1:1=y:1"), OPTIONS_ARGV_OK);
	ck_assert_int_eq(load(sample_file), 0);
	ck_assert_int_eq(
	    options_refuse(options, "listen", 1, &fault, "no %s", "way"), -1);
	ck_assert_str_eq(fault.text, "f.conf:2: listen: no way");
	(void)options_refuse(options, "listen", 2, &fault, "no");
	ck_assert_str_eq(fault.text, "--listen: no");
	(void)options_refuse(options, "grace", 0, &fault, "no");
	ck_assert_str_eq(fault.text, "--grace: no");
	(void)options_refuse(options, NULL, 0, &fault, "no");
	ck_assert_str_eq(fault.text, "no");
	section = options_section(options, "route", 1);
	(void)options_refuse(section, "action", 0, &fault, "no");
	ck_assert_str_eq(fault.text, "f.conf:14: action: no");
	(void)options_refuse(section, "via", 0, &fault, "missing");
	ck_assert_str_eq(fault.text, "f.conf:13: route *.lan: missing");
	section = options_section(options, "forward", 0);
	(void)options_refuse(section, NULL, 0, &fault, "no");
	ck_assert_str_eq(fault.text, "--forward 127.0.0.1:1: no");
}
END_TEST

START_TEST(file_from_disk)
{
	char path[] = "/tmp/inroad-options-XXXXXX";
	int fd = mkstemp(path);
	char want[128];

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "workers = 3\n", 12), 12);
	ck_assert_int_eq(options_file_load(options, path, &fault), 0);
	ck_assert_uint_eq(options_number(options, "workers"), 3);
	options_free(options);
	options = options_new(&sampleoptions);
	ck_assert_int_eq(write(fd, "x\n", 2), 2);
	ck_assert_int_eq(options_file_load(options, path, &fault), -1);
	(void)snprintf(want, sizeof(want), "%s:2: ", path);
	ck_assert_ptr_eq(strstr(fault.text, want), fault.text);
	close(fd);
	unlink(path);
	ck_assert_int_eq(options_file_load(options, path, &fault), -1);
	ck_assert_ptr_nonnull(strstr(fault.text, "No such file"));
}
END_TEST

static const char help[] =
    "usage: sample [OPTION]... COMMAND\n"
    "\n"
    "What a sample does.\n"
    "\n"
    "  -c, --config FILE           read this configuration file\n"
    "  --join STRING|-|@FILE       join the relay of this string\n"
    "  --listen ADDR:PORT          where programs connect (may be repeated)\n"
    "                              (default: 127.0.0.1:1080)\n"
    "  --allow RULE                what callers may reach beyond the services, "
    "such\n"
    "                              as an address and a port of the network "
    "here (may\n"
    "                              be repeated)\n"
    "  --others direct|refuse      where names go that are not ours (default:\n"
    "                              direct)\n"
    "  --workers N                 processes (default: 1)\n"
    "  --budget SIZE               memory (default: 64MiB)\n"
    "  --grace TIME                how long a session waits (default: 120s)\n"
    "  -j, --json                  log in JSON\n"
    "  --pac                       serve a PAC file\n"
    "  --forward ADDR:PORT=NAME:PORT\n"
    "                              a fixed way to a service (may be repeated) "
    "(in\n"
    "                              the file: forward NAME { to = ... })\n"
    "  --to PATTERN=direct|refuse|via:HOST\n"
    "                              a way for names (may be repeated) (in the "
    "file:\n"
    "                              route NAME { action = ... })\n"
    "  --help                      print this and exit\n"
    "  --version                   print the versions of all parts and exit\n"
    "\n"
    "The file has the same keys: key = \"value\", lists as key = {\"a\", "
    "\"b\"}.\n";
START_TEST(help_tells_everything)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	options_help_print(&sampleoptions, out);
	fclose(out);
	/* Check cannot print what is as long as this. */
	ck_assert(strcmp(text, help) == 0);
	free(text);
}
END_TEST

START_TEST(failure_of_memory)
{
	bool failed = true;
	char *line[] = { words[0], strdup("--listen=a"),
		strdup("--forward=b=c"), strdup("--join=d"), strdup("e") };

	teardown();
	options = NULL;
	for (long n = 1; failed; n++) {
		struct options *made;
		bool right = false;

		failalloc_after(n);
		made = options_new(&sampleoptions);
		if (made != NULL) {
			right =
			    options_argv_parse(made, 5, line, &fault) ==
				OPTIONS_ARGV_OK &&
			    options_file_load_text(made, "f.conf", sample_file,
				strlen(sample_file), &fault) == 0;
		}
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(right, !failed);
		options_free(made);
	}
	for (int i = 1; i < 5; i++) {
		free(line[i]);
	}
	setup();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("options");
	TCase *tcase = tcase_create("options");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, defaults);
	tcase_add_test(tcase, command_line);
	tcase_add_test(tcase, operands_begin_with_the_command);
	tcase_add_test(tcase, operands_between_options);
	tcase_add_test(tcase, help_and_version_are_known);
	tcase_add_test(tcase, bad_command_lines);
	tcase_add_test(tcase, sections_on_the_command_line);
	tcase_add_test(tcase, secrets_leave_the_command_line);
	tcase_add_test(tcase, file);
	tcase_add_test(tcase, forms_of_values);
	tcase_add_test(tcase, list_of_one_needs_no_braces);
	tcase_add_test(tcase, command_line_wins);
	tcase_add_test(tcase, order_of_reading_does_not_matter);
	tcase_add_test(tcase, wrong_files);
	tcase_add_test(tcase, scopes_are_apart);
	tcase_add_test(tcase, program_refuses_with_the_place);
	tcase_add_test(tcase, file_from_disk);
	tcase_add_test(tcase, help_tells_everything);
	tcase_add_test(tcase, failure_of_memory);
	return unit_main(suite);
}
