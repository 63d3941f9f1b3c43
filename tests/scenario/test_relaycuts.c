/* SPDX-License-Identifier: ISC */
/*
 * Sessions whose links are cut (PROTOCOL.md section 11, claim 11): behind every
 * single byte of a conversation, around every step of a resume, and a thousand
 * times in a row.  Talkers see to it that every byte arrives once.
 */
#include "gateway/tether.h"
#include "protocol/limits.h"
#include "protocol/session.h"
#include "tests/scenario/fakeworld.h"
#include "tests/scenario/relayrig.h"
#include "tests/support/unit.h"

static struct relayrig rig;

static void
expect_whole(void)
{
	ck_assert(relayrig_run(&rig, relayrig_is_settled, 300));
	for (size_t i = 0; i < rig.last_talk; i++) {
		ck_assert(relayrig_is_whole(&rig.talks[i]));
	}
}

/* The conversation has begun, and is not over. */
static bool
is_under_way(struct relayrig *of)
{
	return of->talks[0].far.received > 0;
}

/* --- every byte ----------------------------------------------------------- */

enum where {
	AT_GATEWAY,
	AT_AGENT,
	AT_BOTH,
	PLACES,
};

/*
 * Cut the first links behind n bytes of way; false when the conversation was
 * over before.
 */
static bool
try_cut(enum where where, enum cable_way way, uint64_t n)
{
	struct relayrig_side *sides[] = {
		&rig.gateways[0].side,
		&rig.agents[0].side,
	};
	bool cut = false;

	relayrig_open(&rig, 1, n + 1);
	for (int i = 0; i < 2; i++) {
		if (where == AT_BOTH || (int)where == i) {
			sides[i]->has_cable = true;
			sides[i]->cut.is_set = true;
			sides[i]->cut.way = way;
			sides[i]->cut.after = n;
		}
	}
	(void)relayrig_call(&rig, 0, 0);
	(void)relayrig_talk(&rig, 0, 0, 30, 40);
	expect_whole();
	for (int i = 0; i < 2; i++) {
		cut = cut || sides[i]->links > 1;
	}
	relayrig_close(&rig);
	return cut;
}

START_TEST(a_cut_behind_every_byte)
{
	enum where where = (enum where)(_i / CABLE_WAYS);
	enum cable_way way = (enum cable_way)(_i % CABLE_WAYS);
	uint64_t n = 0;

	while (try_cut(where, way, n)) {
		ck_assert_uint_lt(++n, 5000);
	}
	ck_assert_uint_gt(n, 500);
}
END_TEST

/* --- around a resume ------------------------------------------------------ */

/* What to cut, again and again. */
struct knife {
	enum frame_type at;  /* when such a frame comes by ... */
	unsigned turns;      /* ... and so many turns later; 0: it is lost */
	bool spares_gateway; /* whose link is not cut */
	bool spares_agent;
	unsigned left;
	unsigned due; /* in so many turns */
};

static struct knife knife;

static void
cut_now(void)
{
	if (!knife.spares_gateway) {
		relayrig_cut(&rig.gateways[0].side);
	}
	if (!knife.spares_agent) {
		relayrig_cut(&rig.agents[0].side);
	}
}

static enum hostile_verdict
cut_there(struct hostile_frame *frame, void *arg)
{
	(void)arg;
	if (knife.left == 0 || knife.due > 0 || frame->type != knife.at) {
		return HOSTILE_PASS;
	}
	knife.left--;
	if (knife.turns == 0) {
		cut_now();
		return HOSTILE_DROP;
	}
	knife.due = knife.turns;
	return HOSTILE_PASS;
}

/* Asked once a turn. */
static bool
is_settled_or_cut(struct relayrig *of)
{
	if (knife.due > 0 && --knife.due == 0) {
		cut_now();
	}
	return relayrig_is_settled(of);
}

START_TEST(cuts_around_a_resume)
{
	static const enum frame_type types[] = {
		FRAME_ATTACH,
		FRAME_ATTACHED,
		FRAME_CARRY,
	};

	for (unsigned turns = 0; turns < 9; turns++) {
		struct relayrig_bond *bond;

		relayrig_open(&rig, 1, turns + 1);
		bond = relayrig_call(&rig, 0, 0);
		(void)relayrig_talk(&rig, 0, 0, 300000, 300000);
		ck_assert(relayrig_run(&rig, is_under_way, 10));
		knife = (struct knife){
			.at = types[_i / 3],
			.turns = turns,
			.spares_gateway = _i % 3 == 1,
			.spares_agent = _i % 3 == 2,
			.left = 6,
		};
		rig.relay.judge = cut_there;
		relayrig_cut(&rig.gateways[0].side);
		ck_assert(relayrig_run(&rig, is_settled_or_cut, 600));
		ck_assert_uint_lt(knife.left, 6);
		expect_whole();
		ck_assert_uint_eq(bond->downs, 0);
		ck_assert_uint_gt(bond->losses, 0);
		relayrig_close(&rig);
	}
}
END_TEST

/* --- other keys ----------------------------------------------------------- */

struct snip {
	unsigned number;
	bool done;
};

static enum hostile_verdict
snip_at(struct hostile_frame *frame, void *arg)
{
	struct snip *snip = arg;

	if (frame->type == FRAME_CARRY && !snip->done &&
	    frame->number >= snip->number) {
		snip->done = true;
		relayrig_cut(&rig.agents[0].side);
		return HOSTILE_DROP;
	}
	return HOSTILE_PASS;
}

/* Keys change in what is lost and sent again. */
START_TEST(cuts_while_keys_change)
{
	struct session_stats stats;
	struct snip snip = { .done = false };

	relayrig_open(&rig, 1, (uint64_t)_i + 1);
	(void)relayrig_call(&rig, 0, 0);
	relayrig_wait(&rig, (unsigned)(LIMITS_REKEY_TIME / LIMITS_SEC));
	snip.number =
	    (unsigned)_i + rig.relay.counts[HOSTILE_AGENT][FRAME_CARRY];
	rig.relay.judge = snip_at;
	rig.relay.arg = &snip;
	(void)relayrig_talk(&rig, 0, 0, 100000, 100000);
	expect_whole();
	ck_assert(snip.done);
	session_get_stats(relayrig_session(&rig, 0, 0), &stats);
	ck_assert_uint_eq(stats.rekeys, 1);
	ck_assert_uint_gt(stats.resumes, 0);
	relayrig_close(&rig);
}
END_TEST

/* --- at random ------------------------------------------------------------ */

enum {
	CUTS = 1000,
	PASSED_MAX = 40000,
};

/* Let the next link of side, if it has none, break somewhere. */
static void
plan_cut(struct relayrig_side *side)
{
	side->has_cable = true;
	side->cut.is_set = true;
	side->cut.way = fakeworld_random(2) == 0 ? CABLE_FIRST_TO_SECOND
						 : CABLE_SECOND_TO_FIRST;
	side->cut.after = fakeworld_random(PASSED_MAX);
}

static bool
is_settled_while_cut(struct relayrig *of)
{
	if (of->gateways[0].side.link == NULL) {
		plan_cut(&of->gateways[0].side);
	}
	if (of->agents[0].side.link == NULL) {
		plan_cut(&of->agents[0].side);
	}
	ck_assert_uint_le(of->gateways[0].space.retain.used,
	    LIMITS_RETAIN_MAX + LIMITS_RETAIN_SLACK + LIMITS_RECORD_MAX);
	ck_assert_uint_le(of->agents[0].retain.used,
	    LIMITS_RETAIN_MAX + LIMITS_RETAIN_SLACK + LIMITS_RECORD_MAX);
	return relayrig_is_settled(of);
}

/* One session is cut a thousand times at both ends, and loses nothing. */
START_TEST(a_thousand_cuts)
{
	struct relayrig_bond *bond;
	unsigned cuts = 0;

	relayrig_open(&rig, 1, (uint64_t)_i + 1);
	bond = relayrig_call(&rig, 0, 0);
	plan_cut(&rig.gateways[0].side);
	plan_cut(&rig.agents[0].side);
	relayrig_cut(&rig.gateways[0].side);
	relayrig_cut(&rig.agents[0].side);
	while (cuts < CUTS) {
		rig.last_talk = 0;
		for (int i = 0; i < 4; i++) {
			(void)relayrig_talk(&rig, 0, 0,
			    fakeworld_random(300000), fakeworld_random(300000));
		}
		ck_assert(relayrig_run(&rig, is_settled_while_cut, 3600));
		expect_whole();
		cuts = rig.gateways[0].side.links + rig.agents[0].side.links;
	}
	ck_assert_uint_eq(bond->downs, 0);
	ck_assert_uint_gt(bond->losses, CUTS / 4);
	relayrig_close(&rig);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("relaycuts");
	TCase *tc = tcase_create("relaycuts");

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(
	    tc, a_cut_behind_every_byte, 0, PLACES * CABLE_WAYS);
	tcase_add_loop_test(tc, cuts_around_a_resume, 0, 9);
	tcase_add_loop_test(tc, cuts_while_keys_change, 0, 8);
	tcase_add_loop_test(tc, a_thousand_cuts, 0, 2);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
