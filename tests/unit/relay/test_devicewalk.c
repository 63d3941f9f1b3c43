/* SPDX-License-Identifier: ISC */
/* Walks of all devices: whom they visit, and when. */
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/loop.h"
#include "relay/device_impl.h"
#include "relay/rules.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/hubrig.h"

static struct hubrig rig;
static struct hubrig_who laptop; /* alice's gateway */
static struct hubrig_who office; /* her hosts */
static struct hubrig_who attic;
static struct hubrig_device gateway;
static struct hubrig_device agent;
static struct hubrig_device other;

static struct devicewalk walk;
static char names[128]; /* of those who were visited */
static int ends;
static int turns; /* in which somebody was */

static void
visit(struct device *device, void *arg)
{
	size_t used = strlen(names);

	(void)arg;
	used += (size_t)snprintf(names + used, sizeof(names) - used, "%s ",
	    account_device_row(device->row)->name);
	ck_assert_uint_lt(used, sizeof(names));
}

static void
on_end(void *arg)
{
	(void)arg;
	ends++;
}

static void
begin(unsigned turn, void (*each)(struct device *device, void *arg))
{
	names[0] = '\0';
	ends = 0;
	devicewalk_init(&walk, rig.hub, turn, each, on_end, NULL);
	devicewalk_start(&walk);
	ck_assert(devicewalk_is_on(&walk));
	ck_assert_str_eq(names, "");
}

static void
ended(const char *visited)
{
	hubrig_settle(&rig);
	ck_assert_str_eq(names, visited);
	ck_assert_int_eq(ends, 1);
	ck_assert(!devicewalk_is_on(&walk));
}

static void
setup(void)
{
	const struct hubrig_config config = { .budget = 0 };

	log_set_level(LOG_LEVEL_ERROR);
	hubrig_open(&rig, &config);
	hubrig_enrol(&rig, &laptop, LINKHELLO_GATEWAY, "alice", "laptop");
	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	hubrig_enrol(&rig, &attic, LINKHELLO_AGENT, "alice", "attic");
	hubrig_join(&rig, &gateway, &laptop);
	hubrig_join(&rig, &agent, &office);
	hubrig_join(&rig, &other, &attic);
}

static void
teardown(void)
{
	hubrig_leave(&gateway);
	hubrig_leave(&agent);
	hubrig_leave(&other);
	hubrig_close(&rig);
}

START_TEST(all_are_visited_in_order)
{
	for (unsigned turn = 1; turn <= 4; turn++) {
		begin(turn, visit);
		ended("laptop office attic ");
	}
	/* Once more, from the beginning. */
	names[0] = '\0';
	ends = 0;
	devicewalk_start(&walk);
	devicewalk_start(&walk);
	ended("laptop office attic ");
}
END_TEST

/* A device for each turn: no turn has two of them. */
static void
count_turns(void *arg)
{
	const size_t before = *(size_t *)arg;

	ck_assert_uint_le(strlen(names), before + strlen("laptop "));
	*(size_t *)arg = strlen(names);
	turns++;
}

START_TEST(a_turn_visits_no_more_than_it_may)
{
	struct loop_task task;
	size_t seen = 0;

	turns = 0;
	begin(1, visit);
	loop_task_init(&task, count_turns, &seen);
	while (ends == 0) {
		loop_defer(rig.loop, &task);
		ck_assert_int_lt(turns, 100);
		ev_run(loop_ev(rig.loop), EVRUN_NOWAIT);
	}
	loop_task_cancel(rig.loop, &task);
	ck_assert_int_ge(turns, 3);
	ended("laptop office attic ");
}
END_TEST

START_TEST(who_leaves_is_passed_over)
{
	begin(1, visit);
	device_expel(hubrig_row(&rig, &laptop), CODE_REVOKED, "removed");
	device_expel(hubrig_row(&rig, &office), CODE_REVOKED, "removed");
	ended("attic ");
	begin(1, visit);
	device_expel(hubrig_row(&rig, &attic), CODE_REVOKED, "removed");
	ended("");
}
END_TEST

/* The first visit ends who would be visited next. */
static void
expel_others(struct device *device, void *arg)
{
	if (names[0] == '\0') {
		device_expel(
		    hubrig_row(&rig, &office), CODE_REVOKED, "removed");
		device_expel(
		    hubrig_row(&rig, &laptop), CODE_REVOKED, "removed");
	}
	visit(device, arg);
}

START_TEST(a_visit_may_end_any_device)
{
	begin(8, expel_others);
	ended("laptop attic ");
}
END_TEST

/* The first visit begins anew. */
static void
start_again(struct device *device, void *arg)
{
	if (names[0] == '\0') {
		devicewalk_start(&walk);
	}
	visit(device, arg);
}

START_TEST(a_visit_may_start_the_walk)
{
	begin(8, start_again);
	ended("laptop laptop office attic ");
}
END_TEST

START_TEST(who_comes_later_is_not_visited)
{
	struct hubrig_who barn;
	struct hubrig_device late;

	hubrig_enrol(&rig, &barn, LINKHELLO_AGENT, "alice", "barn");
	begin(1, visit);
	hubrig_join(&rig, &late, &barn);
	ended("laptop office attic ");
	begin(1, visit);
	ended("laptop office attic barn ");
	hubrig_leave(&late);
}
END_TEST

START_TEST(a_walk_can_be_ended)
{
	begin(1, visit);
	devicewalk_cancel(&walk);
	ck_assert(!devicewalk_is_on(&walk));
	hubrig_settle(&rig);
	ck_assert_str_eq(names, "");
	ck_assert_int_eq(ends, 0);
	/* Nobody asks it any more. */
	device_expel(hubrig_row(&rig, &laptop), CODE_REVOKED, "removed");
	hubrig_settle(&rig);
}
END_TEST

/* --- rules ------------------------------------------------------------ */

static void
on_done(const struct account_outcome *outcome, void *arg)
{
	*(enum code *)arg = outcome->code;
}

static unsigned removed;

static void
count_removed(struct hubrig_device *device, enum frame_type type)
{
	const struct hubrig_frame *frame = &device->last[FRAME_HOSTS];
	struct linkmsg_host host;
	size_t offset = 1;

	if (type != FRAME_HOSTS) {
		return;
	}
	while (linkmsg_host_next(&host, frame->payload, frame->len, &offset) ==
	       1) {
		removed += host.state == LINKMSG_REMOVED ? 1 : 0;
	}
}

/* The second comes while devices are reviewed for the first. */
START_TEST(rules_that_come_at_once_all_hold)
{
	static const char *const targets[] = { "alice/office", "alice/attic" };
	const struct account_by by = { .user = "admin" };
	enum code codes[2] = { CODE_INTERNAL, CODE_INTERNAL };
	struct store_rule row;

	removed = 0;
	gateway.hook = count_removed;
	for (size_t i = 0; i < 2; i++) {
		memset(&row, 0, sizeof(row));
		ck_assert_int_eq(rules_parse("alice", targets[i], &row), 0);
		(void)account_add_rule(
		    rig.book, &row, 0, &by, on_done, &codes[i]);
	}
	hubrig_commit(&rig);
	ck_assert_int_eq((int)codes[0], (int)CODE_OK);
	ck_assert_int_eq((int)codes[1], (int)CODE_OK);
	hubrig_settle(&rig);
	ck_assert_uint_eq(removed, 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("relay/devicewalk");
	TCase *tcase = tcase_create("devicewalk");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, all_are_visited_in_order);
	tcase_add_test(tcase, a_turn_visits_no_more_than_it_may);
	tcase_add_test(tcase, who_leaves_is_passed_over);
	tcase_add_test(tcase, a_visit_may_end_any_device);
	tcase_add_test(tcase, a_visit_may_start_the_walk);
	tcase_add_test(tcase, who_comes_later_is_not_visited);
	tcase_add_test(tcase, a_walk_can_be_ended);
	tcase_add_test(tcase, rules_that_come_at_once_all_hold);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
