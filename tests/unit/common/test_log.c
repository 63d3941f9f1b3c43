/* SPDX-License-Identifier: ISC */

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/unit.h"

#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"

static int ends[2];
static char line[4096];

static void
setup(void)
{
	ck_assert_int_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
	log_set_fd(ends[1]);
	log_set_level(LOG_LEVEL_DEBUG);
	log_set_json(false);
}

static void
teardown(void)
{
	log_set_fd(STDERR_FILENO);
	close(ends[0]);
	close(ends[1]);
}

/* Return what was written since the last call. */
static const char *
written(void)
{
	ssize_t n = read(ends[0], line, sizeof(line) - 1);

	line[n > 0 ? n : 0] = '\0';
	return line;
}

/* Check that what was written matches the whole of pattern. */
static void
expect(const char *pattern)
{
	const char *text = written();
	char whole[1024];
	regex_t regex;

	(void)snprintf(whole, sizeof(whole), "^%s\n$", pattern);
	ck_assert_int_eq(regcomp(&regex, whole, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&regex, text, 0, NULL, 0) != 0) {
		ck_abort_msg("%s does not match %s", text, whole);
	}
	regfree(&regex);
}

START_TEST(logfmt)
{
	log_write(LOG_LEVEL_INFO, "link", 7, "gone: %s", "timeout");
	expect("time=" TIME " level=info object=link id=7 "
	       "msg=\"gone: timeout\"");
	log_write(LOG_LEVEL_ERROR, "main", 0, "a \"quoted\" word\n");
	expect("time=" TIME " level=error object=main "
	       "msg=\"a \\\\\"quoted\\\\\" word\\\\n\"");
	log_write(LOG_LEVEL_WARN, "x", UINT64_MAX, "w");
	expect("time=" TIME " level=warn object=x id=18446744073709551615 "
	       "msg=\"w\"");
}
END_TEST

START_TEST(json)
{
	log_set_json(true);
	log_write(LOG_LEVEL_DEBUG, "link", 7, "a \"b\" \xff\n");
	expect("\\{\"time\":\"" TIME "\",\"level\":\"debug\","
	       "\"object\":\"link\",\"id\":7,"
	       "\"msg\":\"a \\\\\"b\\\\\" \\\\ufffd\\\\n\"\\}");
	log_write(LOG_LEVEL_DEBUG, "link", 0, "x");
	expect("\\{\"time\":\"" TIME "\",\"level\":\"debug\","
	       "\"object\":\"link\",\"msg\":\"x\"\\}");
}
END_TEST

START_TEST(journal)
{
	char stream[64];
	struct stat st;

	ck_assert_int_eq(fstat(ends[1], &st), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	ck_assert_int_eq(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_write(LOG_LEVEL_WARN, "link", 7, "x");
	expect("<4>level=warn object=link id=7 msg=\"x\"");
	log_write(LOG_LEVEL_DEBUG, "link", 0, "x");
	expect("<7>level=debug object=link msg=\"x\"");
	log_set_json(true);
	log_write(LOG_LEVEL_INFO, "link", 7, "x");
	expect("<6>\\{\"level\":\"info\",\"object\":\"link\",\"id\":7,"
	       "\"msg\":\"x\"\\}");
	/* Somebody else's journal. */
	log_set_json(false);
	ck_assert_int_eq(setenv("JOURNAL_STREAM", "1:1", 1), 0);
	log_write(LOG_LEVEL_ERROR, "link", 7, "x");
	expect("time=.*");
}
END_TEST

START_TEST(levels)
{
	enum log_level level = LOG_LEVEL_ERROR;

	log_set_level(LOG_LEVEL_INFO);
	ck_assert(log_enabled(LOG_LEVEL_ERROR));
	ck_assert(log_enabled(LOG_LEVEL_INFO));
	ck_assert(!log_enabled(LOG_LEVEL_DEBUG));
	log_write(LOG_LEVEL_DEBUG, "x", 0, "not seen");
	ck_assert_str_eq(written(), "");
	ck_assert_int_eq(log_level_parse("debug", &level), 0);
	ck_assert_int_eq(level, LOG_LEVEL_DEBUG);
	ck_assert_int_eq(log_level_parse("error", &level), 0);
	ck_assert_int_eq(level, LOG_LEVEL_ERROR);
	ck_assert_int_eq(log_level_parse("Debug", &level), -1);
	ck_assert_int_eq(log_level_parse("", &level), -1);
}
END_TEST

START_TEST(join_strings_are_cut)
{
	static const char *const rows[][2] = {
		{ "inroad1:relay.example.net:7000,[::1]:7000:SECRET",
		    "msg=\"inroad1:\\[cut\\]\"" },
		{ "bad inroad1:a:SECRET, retry", "msg=\"bad inroad1:\\[cut\\] "
						 "retry\"" },
		{ "'INROAD1:SECRETX' and \"inroad1:b:SECRET\"",
		    "msg=\"'INROAD1:\\[cut\\]' and "
		    "\\\\\"inroad1:\\[cut\\]\\\\\"\"" },
		{ "inroadshare1:SECRETX inroadkey1:SECRETY",
		    "msg=\"inroadshare1:\\[cut\\] inroadkey1:\\[cut\\]\"" },
		{ "inroad1:inroad1:SECRET", "msg=\"inroad1:\\[cut\\]\"" },
		{ "inroad1:SEC inroad1:", "msg=\"inroad1:\\*\\*\\* "
					  "inroad1:\"" },
		{ "inroad2:free", "msg=\"inroad2:free\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char pattern[256];

		log_write(LOG_LEVEL_INFO, "main", 0, "%s", rows[i][0]);
		(void)snprintf(
		    pattern, sizeof(pattern), ".*object=main %s", rows[i][1]);
		expect(pattern);
	}
}
END_TEST

START_TEST(long_lines_are_cut_but_whole)
{
	char text[3000];
	size_t len;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_write(LOG_LEVEL_INFO, "main", 0, "%s", text);
	len = strlen(written());
	ck_assert_uint_le(len, 1024);
	ck_assert_uint_gt(len, 1000);
	ck_assert_str_eq(line + len - 3, "a\"\n");
	/* Escaping makes a text longer; a join string may lie on the cut. */
	memset(text, '\n', sizeof(text) - 1);
	memcpy(text + 1010, "inroad1:SECRETSECRET", 20);
	log_set_json(true);
	log_write(LOG_LEVEL_INFO, "main", 0, "%s", text);
	len = strlen(written());
	ck_assert_uint_le(len, 1024);
	ck_assert_str_eq(line + len - 5, "\\n\"}\n");
	memset(text, ' ', 1000);
	for (size_t at = 990; at < 1030; at++) {
		memset(text, 'a', sizeof(text) - 1);
		memcpy(text + at, "inroad1:SECRETSECRET", 20);
		log_write(LOG_LEVEL_INFO, "main", 0, "%s", text);
		ck_assert_ptr_null(strstr(written(), "SEC"));
	}
}
END_TEST

START_TEST(errno_is_kept)
{
	errno = 1234;
	log_set_fd(-1);
	log_write(LOG_LEVEL_INFO, "main", 0, "nobody reads this");
	ck_assert_int_eq(errno, 1234);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("log");
	TCase *tcase = tcase_create("log");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, logfmt);
	tcase_add_test(tcase, json);
	tcase_add_test(tcase, journal);
	tcase_add_test(tcase, levels);
	tcase_add_test(tcase, join_strings_are_cut);
	tcase_add_test(tcase, long_lines_are_cut_but_whole);
	tcase_add_test(tcase, errno_is_kept);
	return unit_main(suite);
}
