/* SPDX-License-Identifier: ISC */
/*
 * What a relay can do when sessions begin and come back (PROTOCOL.md section
 * 11, claims 2, 6 and 12 to 14): refuse.  It cannot answer in a host's place,
 * make an agent do anything by what it recorded, or say who a host is.
 */
#include <string.h>

#include "agent/callers.h"
#include "gateway/hosts.h"
#include "gateway/tether.h"
#include "protocol/limits.h"
#include "protocol/linkmsg.h"
#include "protocol/session.h"
#include "tests/scenario/fakeworld.h"
#include "tests/scenario/relayrig.h"
#include "tests/support/unit.h"

static struct relayrig rig;

/* Payloads that went by, by type: ATTACH to agents, ATTACHED to gateways. */
struct note {
	uint8_t data[LIMITS_CONTROL_MAX];
	size_t len;
};

enum {
	NOTES = 8,
};

static struct note attaches[NOTES];
static struct note attacheds[NOTES];
static size_t attach_count;
static size_t attached_count;

/* What to do with the ATTACHED that comes next, once; NULL: nothing. */
static void (*forge)(struct hostile_frame *frame);

/* What to do with the next ATTACH. */
static enum hostile_verdict (*meddle)(struct hostile_frame *frame);

static void
take_note(struct note *notes, size_t *count, const struct hostile_frame *frame)
{
	if (*count < NOTES) {
		memcpy(notes[*count].data, frame->data, frame->len);
		notes[*count].len = frame->len;
		++*count;
	}
}

/* The forgery that a test has chosen. */
static void (*chosen)(struct hostile_frame *frame);

static enum hostile_verdict
take_notes(struct hostile_frame *frame, void *arg)
{
	enum hostile_verdict verdict = HOSTILE_PASS;

	(void)arg;
	if (frame->type == FRAME_ATTACH) {
		enum hostile_verdict (*act)(struct hostile_frame *) = meddle;

		take_note(attaches, &attach_count, frame);
		meddle = NULL;
		verdict = act != NULL ? act(frame) : HOSTILE_PASS;
	}
	if (frame->type == FRAME_ATTACHED) {
		void (*act)(struct hostile_frame *) = forge;

		take_note(attacheds, &attached_count, frame);
		forge = NULL;
		if (act != NULL) {
			act(frame);
		}
	}
	return verdict;
}

static void
set_up(int count)
{
	relayrig_open(&rig, count, 1);
	rig.relay.judge = take_notes;
	attach_count = 0;
	attached_count = 0;
	forge = NULL;
	meddle = NULL;
}

/* A session, and a conversation that is not over. */
static struct relayrig_bond *
begin(int count)
{
	struct relayrig_bond *bond;

	set_up(count);
	bond = relayrig_call(&rig, 0, 0);
	(void)relayrig_talk(&rig, 0, 0, 2000000, 2000000);
	return bond;
}

/* The conversation has begun, and is not over. */
static bool
is_under_way(struct relayrig *of)
{
	return of->talks[0].far.received > 0;
}

static bool
has_three_attaches(struct relayrig *of)
{
	(void)of;
	return attach_count >= 3;
}

static void
expect_whole(void)
{
	ck_assert(relayrig_run(&rig, relayrig_is_settled, 300));
	for (size_t i = 0; i < rig.last_talk; i++) {
		ck_assert(relayrig_is_whole(&rig.talks[i]));
	}
}

static void
expect_broken(enum code code)
{
	ck_assert(relayrig_run(&rig, relayrig_is_settled, 300));
	for (size_t i = 0; i < rig.last_talk; i++) {
		ck_assert(relayrig_is_broken(&rig.talks[i]));
		ck_assert_int_eq(rig.talks[i].near.code, code);
	}
}

/* --- who has sessions ----------------------------------------------------- */

static void
add_sessions(const struct callers_info *info, void *arg)
{
	size_t *total = arg;

	*total += info->sessions;
}

/* Confirmed sessions of an agent. */
static size_t
sessions_of(int agent)
{
	size_t total = 0;

	callers_each(rig.agents[agent].callers, add_sessions, &total);
	return total;
}

/* --- the answer is forged ------------------------------------------------- */

static void
garbage(struct hostile_frame *frame)
{
	for (size_t i = 0; i < frame->len; i++) {
		frame->data[i] = (uint8_t)(i * 7);
	}
}

static void
one_bit(struct hostile_frame *frame)
{
	frame->data[frame->len - 1] ^= 1;
}

static void
cut_short(struct hostile_frame *frame)
{
	frame->len--;
}

static void
too_long(struct hostile_frame *frame)
{
	frame->data[frame->len++] = 0;
}

static void
one_byte(struct hostile_frame *frame)
{
	frame->len = 1;
}

static void
longest(struct hostile_frame *frame)
{
	memset(frame->data, 0, 1024);
	frame->len = 1024;
}

/* The answer to another attach: of this session, or of another. */
static void
replay(struct hostile_frame *frame, size_t number)
{
	ck_assert_uint_lt(number, attached_count - 1);
	memcpy(frame->data, attacheds[number].data, attacheds[number].len);
	frame->len = attacheds[number].len;
}

static void
first_answer(struct hostile_frame *frame)
{
	replay(frame, 0);
}

static void
answer_before(struct hostile_frame *frame)
{
	replay(frame, attached_count - 2);
}

/* What the gateway said itself. */
static void
reflection(struct hostile_frame *frame)
{
	struct linkmsg_attach attach;
	const struct note *last = &attaches[attach_count - 1];

	ck_assert_int_eq(
	    linkmsg_attach_decode(&attach, true, last->data, last->len), 0);
	memcpy(frame->data, attach.message, attach.message_len);
	frame->len = attach.message_len;
	if (attach.kind == LINKMSG_RESUME) {
		/* Without the id a request looks like an answer. */
		memmove(frame->data, frame->data + SESSIONHELLO_ID_LEN,
		    RESUME_ANSWER_LEN);
		frame->len = RESUME_ANSWER_LEN;
	}
}

static void (*const forgeries[])(struct hostile_frame *) = {
	garbage,
	one_bit,
	cut_short,
	too_long,
	one_byte,
	longest,
	reflection,
	first_answer,
	answer_before,
};

#define FORGERIES ((int)(sizeof(forgeries) / sizeof(forgeries[0])))

/* A false answer to a request costs an attempt; the session goes on. */
START_TEST(the_answer_to_a_request_is_forged)
{
	struct relayrig_bond *bond = begin(1);

	/* So that there are older answers of this session. */
	relayrig_cut(&rig.gateways[0].side);
	expect_whole();
	for (int i = 0; i < 3; i++) {
		(void)relayrig_talk(&rig, 0, 0, 50000, 50000);
		relayrig_cut(&rig.gateways[0].side);
		forge = forgeries[_i];
		expect_whole();
		ck_assert(forge == NULL);
	}
	ck_assert_uint_eq(bond->downs, 0);
	ck_assert_uint_eq(sessions_of(0), 1);
	relayrig_close(&rig);
}
END_TEST

/* A false answer to a call is no session, and harms no other one. */
START_TEST(the_answer_to_a_call_is_forged)
{
	struct relayrig_bond *other;
	struct relayrig_bond *bond;

	(void)begin(2);
	bond = &rig.gateways[0].bonds[0];
	other = &rig.gateways[0].bonds[1];
	(void)relayrig_call(&rig, 1, 0);
	forge = forgeries[_i];
	/* It is called until it works. */
	(void)relayrig_call(&rig, 0, 1);
	ck_assert(forge == NULL);
	ck_assert_uint_eq(other->downs, 1);
	ck_assert_int_eq(other->code, CODE_HOST_KEY_CHANGED);
	(void)relayrig_talk(&rig, 0, 1, 50000, 50000);
	(void)relayrig_talk(&rig, 1, 0, 50000, 50000);
	expect_whole();
	ck_assert_uint_eq(bond->losses, 0);
	ck_assert_uint_eq(sessions_of(0), 2);
	ck_assert_uint_eq(sessions_of(1), 1);
	relayrig_close(&rig);
}
END_TEST

/* --- "the host does not know that session" -------------------------------- */

static enum hostile_verdict
say_lost(struct hostile_frame *frame)
{
	hostile_detach(frame->route, HOSTILE_GATEWAY, CODE_SESSION_LOST);
	return HOSTILE_DROP;
}

/* And then spoil the answer to the question that follows. */
static enum hostile_verdict
say_lost_and_forge(struct hostile_frame *frame)
{
	forge = chosen;
	return say_lost(frame);
}

/* Only the host can say so; the relay is not believed. */
START_TEST(the_relay_says_that_it_is_lost)
{
	struct relayrig_bond *bond = begin(1);

	meddle = say_lost_and_forge;
	chosen = forgeries[_i];
	relayrig_cut(&rig.gateways[0].side);
	expect_whole();
	ck_assert_uint_eq(bond->downs, 0);
	/* The call, the request, a question and the request that worked. */
	ck_assert_uint_eq(attach_count, 4);
	relayrig_close(&rig);
}
END_TEST

/* When the host says so, streams end with a reset, never cleanly. */
START_TEST(the_host_says_that_it_is_lost)
{
	struct relayrig_bond *bond = begin(1);

	ck_assert(relayrig_run(&rig, is_under_way, 10));
	relayrig_restart_agent(&rig, 0);
	expect_broken(CODE_SESSION_LOST);
	ck_assert_uint_eq(bond->downs, 1);
	(void)relayrig_call(&rig, 0, 0);
	relayrig_close(&rig);
}
END_TEST

/* --- recorded attaches ---------------------------------------------------- */

/* Return true when the agent let go of what hostile_attach() asked for. */
static bool
is_refused(const struct hostile_route *route)
{
	return route->ends[HOSTILE_AGENT].channel == NULL;
}

/* Say a recorded ATTACH again, as if another device had said it. */
static struct hostile_route *
attach_as(const struct note *note, const uint8_t key[KEYS_LEN])
{
	uint8_t payload[LIMITS_CONTROL_MAX];
	struct linkmsg_attach attach;
	size_t len;

	ck_assert_int_eq(
	    linkmsg_attach_decode(&attach, true, note->data, note->len), 0);
	memcpy(attach.device_key, key, KEYS_LEN);
	len = linkmsg_attach_encode(&attach, payload, sizeof(payload));
	ck_assert_uint_gt(len, 0);
	return hostile_attach(&rig.relay, 0, payload, len);
}

/* A recorded message 1 begins nothing, and ends nothing. */
START_TEST(a_call_is_replayed)
{
	struct relayrig_bond *bond = begin(2);
	const uint8_t *other = rig.gateways[1].side.public_key;

	ck_assert(relayrig_run(&rig, is_under_way, 10));
	for (int i = 0; i < 100; i++) {
		(void)hostile_attach(
		    &rig.relay, 0, attaches[0].data, attaches[0].len);
		(void)hostile_attach(
		    &rig.relay, 1, attaches[0].data, attaches[0].len);
		(void)attach_as(&attaches[0], other);
	}
	expect_whole();
	ck_assert_uint_eq(bond->losses, 0);
	ck_assert_uint_eq(sessions_of(0), 1);
	ck_assert_uint_eq(sessions_of(1), 0);
	/* Nor when it is over. */
	tether_close(bond->tether, CODE_OK);
	bond->tether = NULL;
	relayrig_wait(&rig, 1);
	ck_assert_uint_eq(sessions_of(0), 0);
	(void)hostile_attach(&rig.relay, 0, attaches[0].data, attaches[0].len);
	relayrig_wait(&rig, 1);
	ck_assert_uint_eq(sessions_of(0), 0);
	relayrig_close(&rig);
}
END_TEST

/* Not even where there is no room for another session but that of a lost one.
 */
START_TEST(a_call_is_replayed_where_it_is_full)
{
	struct relayrig_gateway *gateway = &rig.gateways[0];

	set_up(1);
	for (int i = 0; i < LIMITS_CALLER_SESSIONS; i++) {
		(void)relayrig_call_as(&rig, 0, 0, HOSTILE_MAX + i);
	}
	ck_assert_uint_eq(sessions_of(0), LIMITS_CALLER_SESSIONS);
	gateway->side.stays_down = true;
	relayrig_cut(&gateway->side);
	relayrig_wait(&rig, 1);
	for (int i = 0; i < 20; i++) {
		(void)hostile_attach(
		    &rig.relay, 0, attaches[0].data, attaches[0].len);
		relayrig_wait(&rig, 1);
	}
	ck_assert_uint_eq(sessions_of(0), LIMITS_CALLER_SESSIONS);
	gateway->side.stays_down = false;
	relayrig_wait(&rig, 30);
	for (int i = 0; i < LIMITS_CALLER_SESSIONS; i++) {
		ck_assert_uint_eq(gateway->bonds[HOSTILE_MAX + i].lives, 2);
	}
	relayrig_close(&rig);
}
END_TEST

/* Begin a session of gateway with agent 0, whatever becomes of it. */
static struct relayrig_bond *
dial(int gateway)
{
	struct relayrig_gateway *from = &rig.gateways[gateway];
	struct relayrig_bond *bond = &from->bonds[0];
	enum code why;

	bond->tether = tether_new(&from->space,
	    hosts_find(from->hosts, "office"), &relayrig_bond_ops, bond, &why);
	ck_assert_ptr_nonnull(bond->tether);
	relayrig_wait(&rig, 1);
	return bond;
}

static enum hostile_verdict
keep_first_gateway(struct hostile_frame *frame, void *arg)
{
	(void)arg;
	return frame->type == FRAME_CARRY &&
		       frame->route->peers[HOSTILE_GATEWAY] == 0
		   ? HOSTILE_KEEP
		   : HOSTILE_PASS;
}

/* What was held back until there was no room any more ends, and nothing else.
 */
START_TEST(a_session_is_confirmed_too_late)
{
	struct relayrig_bond *late;
	struct relayrig_bond *other;

	set_up(2);
	rig.agents[0].sessions_max = 1;
	relayrig_restart_agent(&rig, 0);
	(void)relayrig_call(&rig, 1, 1);
	rig.relay.judge = keep_first_gateway;
	late = dial(0);
	other = dial(1);
	ck_assert_uint_eq(sessions_of(0), 1);
	rig.relay.judge = NULL;
	relayrig_cut(&rig.gateways[0].side);
	relayrig_wait(&rig, 10);
	ck_assert_uint_eq(late->downs, 1);
	ck_assert_int_eq(late->code, CODE_SESSION_LOST);
	ck_assert_uint_eq(sessions_of(0), 1);
	(void)relayrig_talk(&rig, 1, 0, 50000, 50000);
	expect_whole();
	ck_assert_uint_eq(other->losses, 0);
	relayrig_close(&rig);
}
END_TEST

/* A recorded request is refused, whenever and as whomever it is said. */
START_TEST(a_request_is_replayed)
{
	struct relayrig_bond *bond = begin(2);
	struct hostile_route *route;

	relayrig_cut(&rig.gateways[0].side);
	expect_whole();
	ck_assert_uint_eq(attach_count, 2);
	(void)relayrig_talk(&rig, 0, 0, 300000, 300000);
	route =
	    hostile_attach(&rig.relay, 0, attaches[1].data, attaches[1].len);
	expect_whole();
	ck_assert(is_refused(route));
	/* A request that is fresh, but for another gateway or agent. */
	meddle = say_lost;
	relayrig_cut(&rig.gateways[0].side);
	(void)relayrig_talk(&rig, 0, 0, 300000, 300000);
	ck_assert(relayrig_run(&rig, has_three_attaches, 10));
	route = attach_as(&attaches[2], rig.gateways[1].side.public_key);
	expect_whole();
	ck_assert(is_refused(route));
	/* It was overtaken meanwhile. */
	route =
	    hostile_attach(&rig.relay, 0, attaches[2].data, attaches[2].len);
	relayrig_wait(&rig, 1);
	ck_assert(is_refused(route));
	ck_assert_uint_eq(bond->losses, 2);
	ck_assert_uint_eq(bond->downs, 0);
	relayrig_close(&rig);
}
END_TEST

/* The copy comes first: the true one is refused. */
static enum hostile_verdict
copy_before(struct hostile_frame *frame)
{
	(void)hostile_attach(&rig.relay, 0, frame->data, frame->len);
	return HOSTILE_PASS;
}

/* The copy comes behind. */
static enum hostile_verdict
copy_behind(struct hostile_frame *frame)
{
	hostile_say(
	    frame->route, HOSTILE_AGENT, FRAME_ATTACH, frame->data, frame->len);
	(void)hostile_attach(&rig.relay, 0, frame->data, frame->len);
	return HOSTILE_DROP;
}

static enum hostile_verdict (*const copies[])(struct hostile_frame *) = {
	copy_before,
	copy_behind,
};

START_TEST(a_request_is_doubled)
{
	struct relayrig_bond *bond = begin(1);

	for (int i = 0; i < 3; i++) {
		meddle = copies[_i];
		relayrig_cut(&rig.gateways[0].side);
		expect_whole();
		ck_assert_uint_eq(sessions_of(0), 1);
		(void)relayrig_talk(&rig, 0, 0, 50000, 50000);
	}
	expect_whole();
	ck_assert_uint_eq(bond->downs, 0);
	relayrig_close(&rig);
}
END_TEST

START_TEST(a_call_is_doubled)
{
	set_up(1);
	meddle = copies[_i];
	(void)relayrig_call(&rig, 0, 0);
	(void)relayrig_talk(&rig, 0, 0, 50000, 50000);
	expect_whole();
	ck_assert_uint_eq(sessions_of(0), 1);
	relayrig_close(&rig);
}
END_TEST

/* --- the list of hosts ---------------------------------------------------- */

/* What it says of a host whose session lives changes nothing. */
START_TEST(the_list_of_hosts_lies)
{
	struct relayrig_bond *bond = begin(1);

	ck_assert(relayrig_run(&rig, is_under_way, 10));
	rig.relay.hides_hosts = _i == 0;
	rig.relay.says_offline = _i == 1;
	rig.relay.lies_about_keys = _i == 2;
	hostile_tell_hosts(&rig.relay);
	expect_whole();
	ck_assert_uint_eq(bond->losses, 0);
	/* It waits while the host is said to be away, or goes on as it is. */
	(void)relayrig_talk(&rig, 0, 0, 50000, 50000);
	relayrig_cut(&rig.gateways[0].side);
	relayrig_wait(&rig, 60);
	ck_assert_uint_eq(bond->downs, 0);
	ck_assert(_i != 2 || relayrig_is_settled(&rig));
	rig.relay.hides_hosts = false;
	rig.relay.says_offline = false;
	hostile_tell_hosts(&rig.relay);
	expect_whole();
	ck_assert_uint_eq(bond->downs, 0);
	relayrig_close(&rig);
}
END_TEST

static enum hostile_verdict
say_offline(struct hostile_frame *frame, void *arg)
{
	(void)arg;
	if (frame->type != FRAME_ATTACH) {
		return HOSTILE_PASS;
	}
	hostile_detach(frame->route, HOSTILE_GATEWAY, CODE_HOST_OFFLINE);
	return HOSTILE_DROP;
}

/* For longer than the grace time, it has taken the session away. */
START_TEST(the_host_stays_away)
{
	struct relayrig_bond *bond = begin(1);

	ck_assert(relayrig_run(&rig, is_under_way, 10));
	rig.relay.says_offline = true;
	rig.relay.judge = say_offline;
	relayrig_cut(&rig.gateways[0].side);
	expect_broken(CODE_HOST_OFFLINE);
	ck_assert_uint_eq(bond->downs, 1);
	relayrig_close(&rig);
}
END_TEST

/* A key that is not the host's begins no session with anybody. */
START_TEST(another_key_is_named)
{
	struct relayrig_bond *bond;

	set_up(1);
	bond = relayrig_call(&rig, 0, 0);
	tether_close(bond->tether, CODE_OK);
	bond->tether = NULL;
	rig.relay.lies_about_keys = true;
	hostile_tell_hosts(&rig.relay);
	relayrig_wait(&rig, 1);
	(void)dial(0);
	relayrig_wait(&rig, 30);
	ck_assert_ptr_null(bond->tether);
	ck_assert_uint_eq(bond->lives, 1);
	ck_assert_uint_eq(sessions_of(0), 0);
	relayrig_close(&rig);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hostileattach");
	TCase *tc = tcase_create("hostileattach");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(
	    tc, the_answer_to_a_request_is_forged, 0, FORGERIES);
	tcase_add_loop_test(tc, the_answer_to_a_call_is_forged, 0, FORGERIES);
	tcase_add_loop_test(tc, the_relay_says_that_it_is_lost, 0, FORGERIES);
	tcase_add_test(tc, the_host_says_that_it_is_lost);
	tcase_add_test(tc, a_call_is_replayed);
	tcase_add_test(tc, a_call_is_replayed_where_it_is_full);
	tcase_add_test(tc, a_session_is_confirmed_too_late);
	tcase_add_test(tc, a_request_is_replayed);
	tcase_add_loop_test(tc, a_request_is_doubled, 0, 2);
	tcase_add_loop_test(tc, a_call_is_doubled, 0, 2);
	tcase_add_loop_test(tc, the_list_of_hosts_lies, 0, 3);
	tcase_add_test(tc, the_host_stays_away);
	tcase_add_test(tc, another_key_is_named);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
