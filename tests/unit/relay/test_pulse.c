/* SPDX-License-Identifier: ISC */

#include "relay/pulse.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/jsonout.h"
#include "common/loop.h"
#include "protocol/limits.h"
#include "relay/directory.h"
#include "relay/figures.h"
#include "relay/series.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/hubrig.h"

static struct hubrig rig;
static struct hubrig_who laptop;
static struct hubrig_who office;
static struct hubrig_device gateway;
static struct hubrig_device agent;
static struct pulse *pulse;
static struct figures figures;

static struct pulse *
open_pulse(void)
{
	const struct pulse_config config = {
		.loop = rig.loop,
		.book = rig.book,
		.directory = rig.directory,
		.hub = rig.hub,
		.board = rig.board,
		.budget = 1 << 20,
		.started = (uint64_t)time(NULL) - 100,
	};

	return pulse_new(&config);
}

static void
setup(void)
{
	const struct hubrig_config config = { .budget = 0 };

	hubrig_open(&rig, &config);
	hubrig_enrol(&rig, &laptop, LINKHELLO_GATEWAY, "alice", "laptop");
	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	pulse = open_pulse();
	ck_assert_ptr_nonnull(pulse);
}

static void
teardown(void)
{
	pulse_free(pulse);
	hubrig_leave(&gateway);
	hubrig_leave(&agent);
	memset(&gateway, 0, sizeof(gateway));
	memset(&agent, 0, sizeof(agent));
	hubrig_close(&rig);
}

static bool
has_attaches(void *arg)
{
	(void)arg;
	pulse_read(pulse, &figures);
	return figures.attaches > 0;
}

START_TEST(all_is_gathered)
{
	hubrig_join(&rig, &agent, &office);
	hubrig_join(&rig, &gateway, &laptop);
	hubrig_attach(&gateway, 2, "alice", "attic", 116);
	ck_assert(await(rig.loop, has_attaches, NULL));
	ck_assert_uint_eq(figures.at_ns, loop_now(rig.loop));
	ck_assert_uint_ge(figures.uptime, 100);
	ck_assert_uint_lt(figures.uptime, 200);
	ck_assert_uint_eq(figures.accounts, 2);
	ck_assert_uint_eq(figures.devices, 2);
	ck_assert_uint_eq(figures.hosts, directory_count(rig.directory));
	ck_assert_uint_eq(figures.gateways, 1);
	ck_assert_uint_eq(figures.agents, 1);
	ck_assert_uint_eq(figures.logins, 2);
	ck_assert_uint_eq(figures.attaches, 1);
	ck_assert_uint_eq(figures.budget, 1 << 20);
	ck_assert_uint_eq(
	    figures.refused[FIGURES_ATTACH][CODES_INDEX_HOST_UNKNOWN], 1);
}
END_TEST

START_TEST(memory_is_known)
{
	pulse_read(pulse, &figures);
	ck_assert_uint_gt(figures.memory, 100000);
	ck_assert_uint_lt(figures.memory, UINT64_C(1) << 40);
}
END_TEST

static bool
has_points(void *arg)
{
	struct jsonout *json = jsonout_new(SERIES_TEXT_MAX);
	unsigned long long first = 0;
	unsigned long long next = 0;

	(void)arg;
	jsonout_object(json, NULL);
	series_write(pulse_series(pulse), SERIES_BY_SECOND, 0, json);
	jsonout_end(json);
	(void)sscanf(jsonout_text(json, NULL),
	    "{\"step\":1,\"first\":%llu,\"next\":%llu", &first, &next);
	jsonout_free(json);
	return next >= first + 2;
}

START_TEST(it_beats)
{
	uint64_t begin = loop_now(rig.loop);

	ck_assert(await(rig.loop, has_points, NULL));
	ck_assert_uint_ge(loop_now(rig.loop) - begin, LIMITS_SEC);
}
END_TEST

START_TEST(no_memory_no_pulse)
{
	struct pulse *made = NULL;
	bool failed = true;

	for (long n = 1; failed; n++) {
		failalloc_after(n);
		made = open_pulse();
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(made == NULL, failed);
	}
	pulse_free(made);
	pulse_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("relay/pulse");
	TCase *tcase = tcase_create("pulse");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, all_is_gathered);
	tcase_add_test(tcase, memory_is_known);
	tcase_add_test(tcase, it_beats);
	tcase_add_test(tcase, no_memory_no_pulse);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
