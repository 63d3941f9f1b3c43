/* SPDX-License-Identifier: ISC */

#include "gateway/metrics.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "tests/support/sampleview.h"
#include "tests/support/unit.h"
#include "tests/support/written.h"

#define LINES_MAX 200

static struct sampleview sample;

static void
setup(void)
{
	(void)sampleview_make(&sample);
}

static void
teardown(void)
{
	sampleview_free(&sample);
}

static int
write_metrics(struct buf *out, const void *overview)
{
	return metrics_write(overview, out);
}

/* --- a reader of the format ------------------------------------------ */

static size_t
name_len(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz_");
}

/* Skips {name="value",...}, which is right. */
static const char *
skip_labels(const char *at)
{
	if (*at != '{') {
		return at;
	}
	do {
		at++;
		ck_assert_uint_gt(name_len(at), 0);
		at += name_len(at);
		ck_assert_int_eq(strncmp(at, "=\"", 2), 0);
		for (at += 2; *at != '"'; at++) {
			ck_assert_int_ne(*at, '\0');
			at += *at == '\\';
		}
		at++;
	} while (*at == ',');
	ck_assert_int_eq(*at, '}');
	return at + 1;
}

/* Reads one sample of family; what it measures ends before its value. */
static void
read_sample(char *line, const char *family, bool counts)
{
	const char *at = line + name_len(line);
	double value;
	char *end;

	ck_assert_msg((size_t)(at - line) == strlen(family) &&
			  strncmp(line, family, strlen(family)) == 0,
	    "%s is not of %s", line, family);
	at = skip_labels(at);
	ck_assert_msg(*at == ' ', "%s", line);
	value = strtod(at + 1, &end);
	ck_assert_msg(end != at + 1 && *end == '\0', "%s", line);
	ck_assert(!counts || value >= 0);
	line[at - line] = '\0';
}

/* Reads "# HELP name ..." and "# TYPE name type"; true for a counter. */
static bool
read_family(const char *help, const char *type, char family[128])
{
	char kind[16];
	char again[128];

	ck_assert_int_eq(sscanf(help, "# HELP %127s", family), 1);
	ck_assert_int_eq(sscanf(type, "# TYPE %127s %15s", again, kind), 2);
	ck_assert_str_eq(family, again);
	ck_assert_int_eq(strncmp(family, "inroad_gateway_", 15), 0);
	ck_assert(strlen(help) > strlen("# HELP ") + strlen(family) + 5);
	ck_assert(strcmp(kind, "gauge") == 0 || strcmp(kind, "counter") == 0);
	/* Counters, and no others, end so. */
	ck_assert_int_eq(strcmp(kind, "counter") == 0,
	    strcmp(family + strlen(family) - 6, "_total") == 0);
	return strcmp(kind, "counter") == 0;
}

/* Reads all of text: no family and no series is there twice. */
static void
read_all(char *text)
{
	static char *lines[LINES_MAX];
	char family[128] = "";
	bool counts = false;
	size_t count = 0;
	char *rest;

	ck_assert_int_eq(text[strlen(text) - 1], '\n');
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		ck_assert_uint_lt(count, LINES_MAX);
		lines[count++] = line;
	}
	for (size_t i = 0; i < count; i++) {
		if (lines[i][0] == '#') {
			ck_assert_uint_lt(i + 1, count);
			counts = read_family(lines[i], lines[i + 1], family);
			i++;
		} else {
			read_sample(lines[i], family, counts);
		}
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < i; k++) {
			ck_assert_str_ne(lines[i], lines[k]);
		}
	}
}

/* --- what they say --------------------------------------------------- */

static void
has(const char *line)
{
	char *text = written(write_metrics, &sample.overview);

	ck_assert_msg(strstr(text, line) != NULL, "no %s in %s", line, text);
	read_all(text);
	free(text);
}

static void
has_not(const char *line)
{
	char *text = written(write_metrics, &sample.overview);

	ck_assert_msg(strstr(text, line) == NULL, "%s in %s", line, text);
	read_all(text);
	free(text);
}

static const char *const expected[] = {
	"\ninroad_gateway_uptime_seconds 8000\n",
	"\ninroad_gateway_link_up 1\n",
	"\ninroad_gateway_link_state_seconds 7200\n",
	"\ninroad_gateway_link_rtt_seconds 0.024\n",
	"\ninroad_gateway_clients 5\n",
	"\ninroad_gateway_clients_max 100\n",
	"\ninroad_gateway_open{dialect=\"socks5\"} 3\n",
	"\ninroad_gateway_open{dialect=\"connect\"} 0\n",
	"\ninroad_gateway_streams 3\n",
	"\ninroad_gateway_requests_total{dialect=\"socks5\",code=\"ok\"} 2\n",
	"requests_total{dialect=\"connect\",code=\"denied\"} 1\n",
	"\ninroad_gateway_failures_total 1\n",
	"\ninroad_gateway_bytes_total{direction=\"sent\"} 1000\n",
	"\ninroad_gateway_bytes_total{direction=\"received\"} 2500000\n",
	"\ninroad_gateway_datagrams_total{what=\"received\"} 11\n",
	"\ninroad_gateway_datagrams_total{what=\"lost\"} 1\n",
	"\ninroad_gateway_hosts{state=\"online\"} 1\n",
	"\ninroad_gateway_hosts{state=\"offline\"} 1\n",
	"\ninroad_gateway_hosts{state=\"reconnecting\"} 1\n",
	"\ninroad_gateway_host_up{host=\"office\"} 1\n",
	"\ninroad_gateway_host_up{host=\"lab\"} 0\n",
	"\ninroad_gateway_host_rtt_seconds{host=\"office\"} 0.0415\n",
	"\ninroad_gateway_host_streams{host=\"office\"} 2\n",
	"\ninroad_gateway_host_waiting_streams{host=\"yard\"} 1\n",
	"\ninroad_gateway_host_last_gap_seconds{host=\"office\"} 1.5\n",
	"\ninroad_gateway_host_retained_bytes{host=\"office\"} 77\n",
};

START_TEST(all_is_told)
{
	has(expected[_i]);
}
END_TEST

START_TEST(what_is_not_known_is_left_out)
{
	sample.overview.link.rtt_ns = 0;
	has_not("link_rtt_seconds");
	has_not("host_rtt_seconds{host=\"lab\"}");
	has_not("link_down_reason");
}
END_TEST

START_TEST(a_link_that_is_down_says_why)
{
	sample.overview.link.up = false;
	sample.overview.link.code = CODE_RELAY_UNREACHABLE;
	has("\ninroad_gateway_link_up 0\n");
	has("\ninroad_gateway_link_down_reason{reason=\"relay-unreachable\"} "
	    "1\n");
}
END_TEST

START_TEST(without_hosts)
{
	sample.overview.host_count = 0;
	has("\ninroad_gateway_hosts{state=\"online\"} 0\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gateway/metrics");
	TCase *tcase = tcase_create("metrics");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, all_is_told, 0,
	    (int)(sizeof(expected) / sizeof(expected[0])));
	tcase_add_test(tcase, what_is_not_known_is_left_out);
	tcase_add_test(tcase, a_link_that_is_down_says_why);
	tcase_add_test(tcase, without_hosts);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
