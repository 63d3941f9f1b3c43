/* SPDX-License-Identifier: ISC */

#include "gateway/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "tests/support/promread.h"
#include "tests/support/sampleview.h"
#include "tests/support/unit.h"
#include "tests/support/written.h"

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

/* --- what they say --------------------------------------------------- */

static void
has(const char *line)
{
	char *text = written(write_metrics, &sample.overview);

	ck_assert_msg(strstr(text, line) != NULL, "no %s in %s", line, text);
	promread_check(text, "inroad_gateway_");
	free(text);
}

static void
has_not(const char *line)
{
	char *text = written(write_metrics, &sample.overview);

	ck_assert_msg(strstr(text, line) == NULL, "%s in %s", line, text);
	promread_check(text, "inroad_gateway_");
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
