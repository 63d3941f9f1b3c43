/* SPDX-License-Identifier: ISC */

#include "relay/relaymetrics.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "relay/figures.h"
#include "tests/support/promread.h"
#include "tests/support/unit.h"
#include "tests/support/written.h"

#define MS UINT64_C(1000000)
#define SEC UINT64_C(1000000000)

static struct figures figures;

static void
setup(void)
{
	figures = (struct figures){
		.uptime = 8000,
		.accounts = 3,
		.devices = 12,
		.hosts = 7,
		.gateways = 4,
		.agents = 6,
		.guests = 1,
		.channels = 5,
		.queued = 65536,
		.promised = 1 << 20,
		.budget = UINT64_C(256) << 20,
		.memory = 9000000,
		.lag_ns = 2 * MS,
		.bytes = { 1000, 2500000 },
		.logins = 20,
		.displaced = 2,
		.shed = 1,
		.attaches = 9,
	};
	latency_add(&figures.attach, 20 * MS);
	latency_add(&figures.attach, 30 * MS);
	latency_add(&figures.attach, 90 * SEC);
	latency_add(&figures.turns, 3 * MS);
	figures.refused[FIGURES_LOGIN][CODES_INDEX_REVOKED] = 8;
	figures.refused[FIGURES_ATTACH][CODES_INDEX_HOST_OFFLINE] = 6;
}

static int
write_metrics(struct buf *out, const void *arg)
{
	return relaymetrics_write(arg, out);
}

static bool
finds(const char *line)
{
	char *text = written(write_metrics, &figures);
	bool found = strstr(text, line) != NULL;

	promread_check(text, "inroad_relay_");
	free(text);
	return found;
}

#define NAME "\ninroad_relay_"

static const char *const expected[] = {
	NAME "uptime_seconds 8000\n",
	NAME "loop_lag_seconds 0.002\n",
	NAME "resident_memory_bytes 9000000\n",
	NAME "accounts 3\n",
	NAME "devices 12\n",
	NAME "hosts 7\n",
	NAME "links{role=\"gateway\"} 4\n",
	NAME "links{role=\"agent\"} 6\n",
	NAME "links{role=\"guest\"} 1\n",
	NAME "logins_total 20\n",
	NAME "guests_displaced_total 2\n",
	NAME "channels 5\n",
	NAME "bytes_total{direction=\"up\"} 1000\n",
	NAME "bytes_total{direction=\"down\"} 2500000\n",
	NAME "queued_bytes 65536\n",
	NAME "promised_bytes 1048576\n",
	NAME "budget_bytes 268435456\n",
	NAME "channels_shed_total 1\n",
	NAME "attaches_total 9\n",
	NAME "attach_seconds_bucket{le=\"0.0001\"} 0\n",
	NAME "attach_seconds_bucket{le=\"0.01\"} 0\n",
	NAME "attach_seconds_bucket{le=\"0.025\"} 1\n",
	NAME "attach_seconds_bucket{le=\"0.05\"} 2\n",
	NAME "attach_seconds_bucket{le=\"20\"} 2\n",
	NAME "attach_seconds_bucket{le=\"+Inf\"} 3\n",
	NAME "attach_seconds_sum 90.05\n",
	NAME "attach_seconds_count 3\n",
	NAME "loop_turn_seconds_bucket{le=\"0.0025\"} 0\n",
	NAME "loop_turn_seconds_bucket{le=\"0.005\"} 1\n",
	NAME "loop_turn_seconds_count 1\n",
	NAME "refused_total{what=\"login\",code=\"revoked\"} 8\n",
	NAME "refused_total{what=\"attach\",code=\"host-offline\"} 6\n",
};

START_TEST(all_is_told)
{
	ck_assert_msg(finds(expected[_i]), "no %s", expected[_i]);
}
END_TEST

START_TEST(what_is_not_known_is_left_out)
{
	figures.memory = 0;
	ck_assert(!finds("resident_memory"));
	ck_assert(!finds("code=\"ok\""));
}
END_TEST

/* A bound that is told is that of the class up to which was counted. */
START_TEST(classes_have_their_bounds)
{
	static const char *const bounds[] = { "0.0001", "0.00025", "0.0005",
		"0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1",
		"0.25", "0.5", "1", "2.5", "5", "10", "20" };

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		uint64_t ns = (uint64_t)(strtod(bounds[i], NULL) * 1e9 + .5);
		char line[128];

		figures.attach = (struct latency){ 0 };
		latency_add(&figures.attach, ns);
		latency_add(&figures.attach, ns + 1);
		(void)snprintf(line, sizeof(line),
		    "attach_seconds_bucket{le=\"%s\"} 1\n", bounds[i]);
		ck_assert_msg(finds(line), "no %s", line);
	}
}
END_TEST

/* Every code refused, each number as long as it can be. */
START_TEST(there_is_room)
{
	memset(&figures, 0xff, sizeof(figures));
	ck_assert(finds("accounts 18446744073709551615"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("relay/relaymetrics");
	TCase *tcase = tcase_create("relaymetrics");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, all_is_told, 0,
	    (int)(sizeof(expected) / sizeof(expected[0])));
	tcase_add_test(tcase, what_is_not_known_is_left_out);
	tcase_add_test(tcase, classes_have_their_bounds);
	tcase_add_test(tcase, there_is_room);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
