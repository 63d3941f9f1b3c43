/* SPDX-License-Identifier: ISC */
/*
 * What a relay can do to records and channels (PROTOCOL.md section 11, claims 3
 * to 5, 11 and 15): slow them down and end them.  Each case is a conversation
 * with one mischief in it, at every place where it can happen; talkers see to
 * it that nothing is lost, doubled or changed, and that what is cut short does
 * not look complete.
 */
#include <string.h>

#include "agent/callers.h"
#include "gateway/tether.h"
#include "protocol/limits.h"
#include "protocol/session.h"
#include "tests/scenario/fakeworld.h"
#include "tests/scenario/relayrig.h"
#include "tests/support/unit.h"

/* No conversation here has more records in one direction. */
#define RECORDS_MAX 64

static struct relayrig rig;

static struct relayrig_bond *
begin(int count)
{
	relayrig_open(&rig, count, 1);
	return relayrig_call(&rig, 0, 0);
}

/* Two streams, which together use every kind of record. */
static void
talk(int gateway, int agent)
{
	(void)relayrig_talk(&rig, gateway, agent, 40000, 70000);
	(void)relayrig_talk(&rig, gateway, agent, 3, 0);
}

/* The conversation is under way. */
static bool
has_begun(struct relayrig *of)
{
	return of->talks[0].far.received > 0;
}

/* All ended cleanly in time, and soon nothing is kept for a peer any more. */
static void
expect_whole(void)
{
	ck_assert(relayrig_run(&rig, relayrig_is_settled, 300));
	for (size_t i = 0; i < rig.last_talk; i++) {
		ck_assert(relayrig_is_whole(&rig.talks[i]));
	}
}

/*
 * What could not go on was reset, with code at the near end and with some at
 * the far end.
 */
static void
expect_broken(enum code code)
{
	unsigned broken = 0;

	ck_assert(relayrig_run(&rig, relayrig_is_settled, 300));
	for (size_t i = 0; i < rig.last_talk; i++) {
		if (!relayrig_is_whole(&rig.talks[i])) {
			ck_assert(relayrig_is_broken(&rig.talks[i]));
			ck_assert_int_eq(rig.talks[i].near.code, code);
			broken++;
		}
	}
	ck_assert_uint_gt(broken, 0);
}

/* --- records -------------------------------------------------------------- */

enum mischief {
	NOTHING,
	DROP,
	TWICE,
	SWAP,
	TRUNCATE,
	EXTEND,
	FLIP_FIRST,
	FLIP_LAST,
	REFLECT,
	REROUTE,
	SLOW,
	MISCHIEFS,
};

/* What to do, once, to which record. */
struct plan {
	enum mischief mischief;
	enum hostile_side to;
	unsigned number;
	struct hostile_route *elsewhere; /* of REROUTE */
	bool done;
};

/* Change the record of frame in place. */
static void
damage(enum mischief mischief, struct hostile_frame *frame)
{
	switch ((int)mischief) {
	case TRUNCATE:
		if (frame->len > 24) {
			frame->len--;
		}
		break;
	case EXTEND:
		if (frame->len < LIMITS_FRAME_BODY_MAX) {
			frame->data[frame->len++] = 0;
		}
		break;
	case FLIP_FIRST:
		frame->data[0] ^= 0x80;
		break;
	case FLIP_LAST:
		frame->data[frame->len - 1] ^= 1;
		break;
	default:
		break;
	}
}

static enum hostile_verdict
do_mischief(struct hostile_frame *frame, void *arg)
{
	struct plan *plan = arg;

	if (plan->done || frame->type != FRAME_CARRY || frame->to != plan->to ||
	    frame->number < plan->number) {
		return HOSTILE_PASS;
	}
	plan->done = true;
	damage(plan->mischief, frame);
	switch ((int)plan->mischief) {
	case DROP:
		return HOSTILE_DROP;
	case TWICE:
		return HOSTILE_TWICE;
	case SWAP:
		return HOSTILE_SWAP;
	case REFLECT:
		hostile_carry(frame->route,
		    frame->to == HOSTILE_AGENT ? HOSTILE_GATEWAY
					       : HOSTILE_AGENT,
		    frame->data, frame->len);
		return HOSTILE_PASS;
	case REROUTE:
		hostile_carry(
		    plan->elsewhere, frame->to, frame->data, frame->len);
		return HOSTILE_PASS;
	case SLOW:
		/* Longer than any round trip, shorter than a stall. */
		fakeworld_pass(8 * LIMITS_SEC);
		return HOSTILE_PASS;
	default:
		return HOSTILE_PASS;
	}
}

/* Returns false when the conversation has no such record. */
static bool
try_mischief(
    enum mischief mischief, enum hostile_side to, unsigned number, bool *hurt)
{
	struct plan plan = { .mischief = mischief, .to = to };
	struct relayrig_bond *bond = begin(1);

	plan.number = rig.relay.counts[to][FRAME_CARRY] + number;
	rig.relay.judge = do_mischief;
	rig.relay.arg = &plan;
	talk(0, 0);
	expect_whole();
	*hurt = *hurt || bond->losses > 0;
	ck_assert_uint_eq(bond->downs, 0);
	relayrig_close(&rig);
	return plan.done;
}

/* What is done to a record is noticed and made good, whichever it is. */
START_TEST(records_are_tampered_with)
{
	enum mischief mischief = (enum mischief)_i;
	unsigned total = 0;
	bool hurt = false;

	for (int to = 0; to < HOSTILE_SIDES; to++) {
		unsigned n = 0;

		while (
		    try_mischief(mischief, (enum hostile_side)to, n, &hurt)) {
			ck_assert_uint_lt(++n, RECORDS_MAX);
		}
		total += n;
	}
	if (mischief == NOTHING || mischief == SLOW) {
		ck_assert(!hurt);
	} else {
		ck_assert(hurt);
	}
	ck_assert_uint_gt(total, 10);
}
END_TEST

/* Records of one session are worth nothing in another one. */
static void
try_reroute(int gateway, int agent, enum hostile_side to)
{
	for (unsigned n = 0; n < 6; n++) {
		struct plan plan = { .mischief = REROUTE, .to = to };

		(void)begin(2);
		(void)relayrig_call(&rig, gateway, agent);
		plan.elsewhere = hostile_last(&rig.relay);
		plan.number = rig.relay.counts[to][FRAME_CARRY] + n;
		rig.relay.judge = do_mischief;
		rig.relay.arg = &plan;
		talk(0, 0);
		talk(gateway, agent);
		expect_whole();
		ck_assert(plan.done);
		relayrig_close(&rig);
	}
}

START_TEST(records_go_elsewhere)
{
	for (int to = 0; to < HOSTILE_SIDES; to++) {
		try_reroute(0, 1, (enum hostile_side)to);
		try_reroute(1, 0, (enum hostile_side)to);
		try_reroute(1, 1, (enum hostile_side)to);
	}
}
END_TEST

/* --- recorded channels ---------------------------------------------------- */

/* All records that went over the first channel. */
struct recording {
	struct {
		enum hostile_side to;
		size_t len;
		uint8_t data[LIMITS_FRAME_BODY_MAX];
	} records[2 * RECORDS_MAX];
	size_t count;
	size_t played;
	bool plays;
};

static enum hostile_verdict
record_or_play(struct hostile_frame *frame, void *arg)
{
	struct recording *tape = arg;

	if (frame->type == FRAME_CARRY && !tape->plays &&
	    tape->count < 2 * RECORDS_MAX) {
		tape->records[tape->count].to = frame->to;
		tape->records[tape->count].len = frame->len;
		memcpy(
		    tape->records[tape->count].data, frame->data, frame->len);
		tape->count++;
	}
	if (frame->type == FRAME_CARRY && tape->plays &&
	    tape->played < tape->count) {
		/* Behind one that opens: such a channel is of some use. */
		hostile_carry(frame->route, frame->to, frame->data, frame->len);
		hostile_carry(frame->route, tape->records[tape->played].to,
		    tape->records[tape->played].data,
		    tape->records[tape->played].len);
		tape->played++;
		return HOSTILE_DROP;
	}
	return HOSTILE_PASS;
}

/* What an older channel carried means nothing in a younger one. */
START_TEST(an_old_channel_is_played_again)
{
	static struct recording tape;
	struct relayrig_bond *bond = begin(1);

	memset(&tape, 0, sizeof(tape));
	rig.relay.judge = record_or_play;
	rig.relay.arg = &tape;
	talk(0, 0);
	expect_whole();
	tape.plays = true;
	relayrig_cut(&rig.gateways[0].side);
	while (tape.played < tape.count) {
		talk(0, 0);
		expect_whole();
		rig.last_talk = 0;
	}
	ck_assert_uint_gt(bond->losses, 5);
	relayrig_close(&rig);
}
END_TEST

static enum hostile_verdict
spoil_all(struct hostile_frame *frame, void *arg)
{
	(void)arg;
	if (frame->type == FRAME_CARRY) {
		frame->data[0] ^= 1;
	}
	return HOSTILE_PASS;
}

/* A way on which nothing ever moves is given up, and nobody is left waiting. */
START_TEST(nothing_opens_any_more)
{
	struct relayrig_bond *bond = begin(1);

	talk(0, 0);
	(void)relayrig_talk(&rig, 0, 0, 500000, 500000);
	ck_assert(relayrig_run(&rig, has_begun, 10));
	rig.relay.judge = spoil_all;
	expect_broken(CODE_PROTOCOL_ERROR);
	ck_assert_uint_eq(bond->losses, LIMITS_RESUME_FAILURES);
	relayrig_close(&rig);
}
END_TEST

static enum hostile_verdict
spoil_replies(struct hostile_frame *frame, void *arg)
{
	return frame->to == HOSTILE_GATEWAY ? spoil_all(frame, arg)
					    : HOSTILE_PASS;
}

static bool
is_near_broken(struct relayrig *of)
{
	return of->talks[of->last_talk - 1].near.is_reset;
}

/* Where it is one direction only, the other side is told at once. */
START_TEST(no_reply_opens_any_more)
{
	(void)begin(1);
	(void)relayrig_talk(&rig, 0, 0, 5000000, 5000000);
	ck_assert(relayrig_run(&rig, has_begun, 10));
	rig.relay.judge = spoil_replies;
	ck_assert(relayrig_run(&rig, is_near_broken, 300));
	ck_assert_int_eq(rig.talks[0].near.code, CODE_PROTOCOL_ERROR);
	relayrig_wait(&rig, 5);
	ck_assert(rig.talks[0].far.is_reset);
	ck_assert_int_eq(rig.talks[0].far.code, CODE_PROTOCOL_ERROR);
	relayrig_close(&rig);
}
END_TEST

/* --- holding back --------------------------------------------------------- */

struct hold {
	enum hostile_side to;
	unsigned number; /* from this record on */
	struct hostile_route *route;
	bool over;
};

static enum hostile_verdict
do_hold(struct hostile_frame *frame, void *arg)
{
	struct hold *hold = arg;

	if (frame->type != FRAME_CARRY || frame->to != hold->to ||
	    frame->number < hold->number || hold->over) {
		return HOSTILE_PASS;
	}
	if (hold->route == NULL) {
		hold->route = frame->route;
	}
	return hold->route == frame->route ? HOSTILE_KEEP : HOSTILE_PASS;
}

/* Hold back one direction from its record n on; returns losses. */
static unsigned
try_hold(enum hostile_side to, unsigned n, unsigned seconds)
{
	struct relayrig_bond *bond = begin(1);
	struct hold hold = { .to = to };
	unsigned losses;

	hold.number = rig.relay.counts[to][FRAME_CARRY] + n;
	rig.relay.judge = do_hold;
	rig.relay.arg = &hold;
	talk(0, 0);
	relayrig_wait(&rig, seconds);
	losses = bond->losses;
	hold.over = true;
	if (hold.route != NULL) {
		/* In one burst, whether anybody still listens or not. */
		hostile_release(hold.route, to);
	}
	expect_whole();
	ck_assert_uint_eq(bond->losses, losses);
	ck_assert_uint_eq(bond->downs, 0);
	relayrig_close(&rig);
	return losses;
}

/* To hold records back for a while only makes them late. */
START_TEST(records_are_held_and_released)
{
	for (unsigned n = 0; n < 10; n++) {
		ck_assert_uint_eq(try_hold(HOSTILE_AGENT, n, 20), 0);
		ck_assert_uint_eq(try_hold(HOSTILE_GATEWAY, n, 20), 0);
	}
}
END_TEST

/* For longer, it gains no more than by dropping them. */
START_TEST(records_are_held_too_long)
{
	for (unsigned n = 0; n < 6; n++) {
		ck_assert_uint_eq(try_hold(HOSTILE_AGENT, n, 60), 1);
		ck_assert_uint_eq(try_hold(HOSTILE_GATEWAY, n, 60), 1);
	}
}
END_TEST

/* --- credit --------------------------------------------------------------- */

/* Say that offset of CREDIT for a channel of the gateway. */
static void
say_credit(struct hostile_route *route, uint64_t offset)
{
	uint8_t payload[8];

	for (int i = 0; i < 8; i++) {
		payload[i] = (uint8_t)(offset >> (56 - 8 * i));
	}
	for (int to = 0; to < HOSTILE_SIDES; to++) {
		hostile_say(route, (enum hostile_side)to, FRAME_CREDIT, payload,
		    sizeof(payload));
	}
}

static enum hostile_verdict
do_credit(struct hostile_frame *frame, void *arg)
{
	struct hostile_route unknown = *frame->route;

	(void)arg;
	if (frame->type != FRAME_CARRY) {
		return HOSTILE_PASS;
	}
	say_credit(frame->route, frame->number % 2 == 0 ? UINT64_MAX : 0);
	for (int i = 0; i < HOSTILE_SIDES; i++) {
		unknown.ends[i].number = 7777 + frame->number;
	}
	say_credit(&unknown, UINT64_MAX);
	return HOSTILE_PASS;
}

/* Credit bounds what a relay may be sent, and nothing of the endpoints. */
START_TEST(credit_is_forged)
{
	struct relayrig_bond *bond = begin(1);

	rig.relay.judge = do_credit;
	(void)relayrig_talk(&rig, 0, 0, 3000000, 3000000);
	expect_whole();
	ck_assert_uint_eq(bond->losses, 0);
	relayrig_close(&rig);
}
END_TEST

/* Without credit nothing goes and nothing breaks. */
START_TEST(credit_is_withheld)
{
	struct relayrig_bond *bond;

	relayrig_open(&rig, 1, 1);
	rig.relay.no_credit = true;
	bond = relayrig_call(&rig, 0, 0);
	(void)relayrig_talk(&rig, 0, 0, 3000000, 3000000);
	relayrig_wait(&rig, 600);
	ck_assert(!relayrig_is_settled(&rig));
	ck_assert_uint_lt(rig.talks[0].far.received, 3000000);
	ck_assert_uint_lt(rig.talks[0].near.received, 3000000);
	ck_assert_uint_le(rig.gateways[0].space.retain.used, LIMITS_RETAIN_MAX);
	rig.relay.no_credit = false;
	if (hostile_last(&rig.relay) != NULL) {
		say_credit(hostile_last(&rig.relay), UINT64_MAX);
	}
	expect_whole();
	ck_assert_uint_eq(bond->downs, 0);
	relayrig_close(&rig);
}
END_TEST

/* Who closes a session says at least that its channel is over. */
START_TEST(credit_is_withheld_at_the_end)
{
	struct relayrig_bond *bond;

	relayrig_open(&rig, 1, 1);
	rig.relay.no_credit = true;
	bond = relayrig_call(&rig, 0, 0);
	(void)relayrig_talk(&rig, 0, 0, 3000000, 0);
	relayrig_wait(&rig, 10);
	ck_assert_uint_eq(rig.relay.counts[HOSTILE_AGENT][FRAME_DETACH], 0);
	tether_close(bond->tether, CODE_OK);
	bond->tether = NULL;
	relayrig_wait(&rig, 10);
	ck_assert_uint_eq(rig.relay.counts[HOSTILE_AGENT][FRAME_DETACH], 1);
	ck_assert_uint_eq(callers_lost(rig.agents[0].callers), 1);
	relayrig_close(&rig);
}
END_TEST

/* --- DETACH --------------------------------------------------------------- */

static const enum code all_codes[] = {
#define CODE(number, name, slug, socks5, http, proxy, summary) CODE_##name,
#include "protocol/codes.def"
#undef CODE
};

#define CODES ((int)(sizeof(all_codes) / sizeof(all_codes[0])))

/* What a relay says ends a channel; only what it may decide ends a session. */
static void
expect_after(enum code code, struct relayrig_bond *bond)
{
	if (codes_is_lasting(code)) {
		expect_broken(code);
		ck_assert_int_eq(bond->code, code);
	} else {
		expect_whole();
		ck_assert_uint_eq(bond->downs, 0);
	}
}

struct ending {
	enum hostile_side to;
	enum frame_type at;
	unsigned number;
	enum code code;
	bool done;
};

static enum hostile_verdict
do_detach(struct hostile_frame *frame, void *arg)
{
	struct ending *ending = arg;

	if (ending->done || frame->type != ending->at ||
	    frame->number < ending->number) {
		return HOSTILE_PASS;
	}
	ending->done = true;
	hostile_detach(frame->route, ending->to, ending->code);
	if (codes_is_lasting(ending->code)) {
		hostile_detach(frame->route, HOSTILE_AGENT, CODE_LINK_LOST);
	}
	return HOSTILE_DROP;
}

START_TEST(detach_is_forged_while_it_lives)
{
	for (unsigned n = 0; n < 2; n++) {
		struct ending ending = {
			.to = (enum hostile_side)n,
			.at = FRAME_CARRY,
			.number = 3,
			.code = all_codes[_i],
		};
		struct relayrig_bond *bond = begin(1);

		rig.relay.judge = do_detach;
		rig.relay.arg = &ending;
		talk(0, 0);
		if (ending.to == HOSTILE_GATEWAY) {
			expect_after(ending.code, bond);
		} else if (codes_is_lasting(ending.code)) {
			/* The gateway asks, and the agent itself says so. */
			expect_broken(CODE_SESSION_LOST);
		} else {
			expect_whole();
		}
		ck_assert(ending.done);
		relayrig_close(&rig);
	}
}
END_TEST

/* Instead of the request, or of the answer to it. */
START_TEST(detach_is_forged_while_it_resumes)
{
	static const enum frame_type instead[] = {
		FRAME_ATTACH,
		FRAME_ATTACHED,
	};

	for (size_t n = 0; n < 2; n++) {
		struct ending ending = {
			.to = HOSTILE_GATEWAY,
			.at = instead[n],
			.code = all_codes[_i],
		};
		struct relayrig_bond *bond = begin(1);

		talk(0, 0);
		(void)relayrig_talk(&rig, 0, 0, 500000, 500000);
		ck_assert(relayrig_run(&rig, has_begun, 10));
		rig.relay.judge = do_detach;
		rig.relay.arg = &ending;
		relayrig_cut(&rig.gateways[0].side);
		expect_after(ending.code, bond);
		ck_assert(ending.done);
		relayrig_close(&rig);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hostilerelay");
	TCase *tc = tcase_create("hostilerelay");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, records_are_tampered_with, NOTHING, REROUTE);
	tcase_add_loop_test(tc, records_are_tampered_with, SLOW, MISCHIEFS);
	tcase_add_test(tc, records_go_elsewhere);
	tcase_add_test(tc, an_old_channel_is_played_again);
	tcase_add_test(tc, nothing_opens_any_more);
	tcase_add_test(tc, no_reply_opens_any_more);
	tcase_add_test(tc, records_are_held_and_released);
	tcase_add_test(tc, records_are_held_too_long);
	tcase_add_test(tc, credit_is_forged);
	tcase_add_test(tc, credit_is_withheld);
	tcase_add_test(tc, credit_is_withheld_at_the_end);
	tcase_add_loop_test(tc, detach_is_forged_while_it_lives, 0, CODES);
	tcase_add_loop_test(tc, detach_is_forged_while_it_resumes, 0, CODES);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
