/* SPDX-License-Identifier: ISC */

#include "agent/callers.h"

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/egress.h"
#include "common/loop.h"
#include "protocol/carrier.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/session.h"
#include "protocol/stream.h"
#include "tests/support/asker.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/agent/callersrig.h"

/* It outlives the tests, because streams end with it. */
static struct callersrig rig;

static void
setup(void)
{
	callersrig_open(&rig, 0);
}

static void
teardown(void)
{
	callersrig_close(&rig);
}

/* --- sessions ------------------------------------------------------------ */

START_TEST(session_carries_streams)
{
	struct callersrig_visit *visit = callersrig_attach(&rig, &rig.asker);
	struct callersrig_opening *opening;
	int fd;

	callersrig_await_settled(visit);
	ck_assert_int_eq(visit->attached, 1);
	opening = callersrig_open_stream(visit, rig.port);
	ck_assert_int_eq(opening->outcome.code, CODE_OK);
	callersrig_await_sessions(&rig, 1, 1);
	fd = accept(rig.service, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(egress_count(rig.egress), 1);
	/* The session ends, and the socket with it. */
	carrier_close(visit->carrier, CODE_CANCELLED);
	visit->carrier = NULL;
	callersrig_await_sessions(&rig, 0, 0);
	ck_assert_uint_eq(egress_count(rig.egress), 0);
	(void)close(fd);
}
END_TEST

START_TEST(refusals_reach_the_gateway)
{
	struct callersrig_visit *visit;

	rig.asker.host_key[0] ^= 1;
	visit = callersrig_attach(&rig, &rig.asker);
	callersrig_await_settled(visit);
	ck_assert_int_eq(visit->attached, 0);
	ck_assert_int_eq(visit->code, CODE_ACCOUNT_KEY);
	ck_assert_ptr_nonnull(strstr(visit->text, "inroad invite office"));
}
END_TEST

START_TEST(replay_has_no_effect)
{
	uint8_t payload[ASKER_PAYLOAD_MAX];
	size_t len = asker_ask(&rig.asker, payload);
	struct callersrig_visit *visit = callersrig_visit(&rig, &rig.asker);
	struct callersrig_visit *replay;
	struct callersrig_opening *opening;

	callersrig_send(visit, payload, len);
	callersrig_await_settled(visit);
	opening = callersrig_open_stream(visit, rig.port);
	callersrig_await_sessions(&rig, 1, 1);
	replay = callersrig_visit(&rig, &rig.asker);
	callersrig_send(replay, payload, len);
	/* Nobody who replays can use the answer. */
	replay->mute = true;
	callersrig_await_settled(replay);
	ck_assert_int_eq(replay->attached, 1);
	callersrig_await_sessions(&rig, 1, 1);
	ck_assert_int_eq(visit->ended, 0);
	ck_assert_int_eq(opening->resets, 0);
	opening = callersrig_open_stream(visit, rig.port);
	ck_assert_int_eq(opening->outcome.code, CODE_OK);
}
END_TEST

START_TEST(pending_session_is_dropped_in_time)
{
	static const struct callers_config hasty = { .confirm_time = 0.01 };
	struct callersrig_visit *visit;

	callersrig_start(&rig, &hasty);
	visit = callersrig_attach(&rig, &rig.asker);
	visit->mute = true;
	callersrig_await_ended(visit);
	ck_assert_int_eq(visit->attached, 1);
	callersrig_await_sessions(&rig, 0, 0);
}
END_TEST

START_TEST(newer_attach_replaces_pending)
{
	struct callersrig_visit *first = callersrig_attach(&rig, &rig.asker);
	struct callersrig_visit *second;

	first->mute = true;
	callersrig_await_settled(first);
	second = callersrig_attach(&rig, &rig.asker);
	callersrig_await_ended(first);
	callersrig_await_settled(second);
	ck_assert_int_eq(second->attached, 1);
	session_ping(carrier_session(second->carrier), loop_now(rig.loop));
	callersrig_await_sessions(&rig, 1, 1);
}
END_TEST

START_TEST(a_question_is_answered_by_the_table)
{
	uint8_t id[SESSIONHELLO_ID_LEN];
	struct asker other;
	struct callersrig_visit *visit = callersrig_attach(&rig, &rig.asker);
	struct callersrig_visit *pending;

	callersrig_await_settled(visit);
	session_ping(carrier_session(visit->carrier), loop_now(rig.loop));
	callersrig_await_sessions(&rig, 1, 1);
	memcpy(id, rig.asker.said.id, sizeof(id));
	pending = callersrig_attach(&rig, &rig.asker);
	pending->mute = true;
	callersrig_await_settled(pending);
	ck_assert_int_eq(callersrig_question(&rig, &rig.asker, id), CODE_OK);
	id[15] ^= 1;
	ck_assert_int_eq(
	    callersrig_question(&rig, &rig.asker, id), CODE_SESSION_LOST);
	id[15] ^= 1;
	/* It is nobody else's. */
	asker_init_other(&other, &rig.asker);
	ck_assert_int_eq(
	    callersrig_question(&rig, &other, id), CODE_SESSION_LOST);
	asker_end(&other);
	/* Neither touched what there is or begins, nor left anything. */
	callersrig_await_sessions(&rig, 1, 1);
	ck_assert_int_eq(visit->ended, 0);
	ck_assert_int_eq(pending->ended, 0);
	carrier_close(visit->carrier, CODE_CANCELLED);
	visit->carrier = NULL;
	callersrig_await_sessions(&rig, 0, 0);
	ck_assert_int_eq(
	    callersrig_question(&rig, &rig.asker, id), CODE_SESSION_LOST);
	callersrig_await_sessions(&rig, 0, 0);
}
END_TEST

START_TEST(restarted_gateway_ends_older_sessions)
{
	struct callersrig_visit *first = callersrig_attach(&rig, &rig.asker);
	struct callersrig_visit *second;
	struct callersrig_visit *third;

	callersrig_await_settled(first);
	session_ping(carrier_session(first->carrier), loop_now(rig.loop));
	callersrig_await_sessions(&rig, 1, 1);
	/* A second session of the same start goes beside it. */
	second = callersrig_attach(&rig, &rig.asker);
	callersrig_await_settled(second);
	session_ping(carrier_session(second->carrier), loop_now(rig.loop));
	callersrig_await_sessions(&rig, 1, 2);
	rig.asker.boot[0] ^= 1;
	third = callersrig_attach(&rig, &rig.asker);
	callersrig_await_settled(third);
	/* Not before it is confirmed. */
	ck_assert_int_eq(first->ended, 0);
	ck_assert_int_eq(second->ended, 0);
	session_ping(carrier_session(third->carrier), loop_now(rig.loop));
	callersrig_await_ended(first);
	callersrig_await_ended(second);
	callersrig_await_sessions(&rig, 1, 1);
	ck_assert_int_eq(third->ended, 0);
}
END_TEST

START_TEST(callers_do_not_touch_one_another)
{
	struct asker other;
	struct callersrig_visit *first = callersrig_attach(&rig, &rig.asker);
	struct callersrig_visit *second;

	callersrig_await_settled(first);
	session_ping(carrier_session(first->carrier), loop_now(rig.loop));
	asker_init_other(&other, &rig.asker);
	second = callersrig_attach(&rig, &other);
	callersrig_await_settled(second);
	session_ping(carrier_session(second->carrier), loop_now(rig.loop));
	callersrig_await_sessions(&rig, 2, 2);
	ck_assert_int_eq(first->ended, 0);
	asker_end(&other);
}
END_TEST

START_TEST(pending_sessions_are_bounded)
{
	static struct asker others[LIMITS_PENDING_SESSIONS + 1];
	struct callersrig_visit *visit = NULL;

	for (size_t i = 0; i <= LIMITS_PENDING_SESSIONS; i++) {
		asker_init_other(&others[i], &rig.asker);
		visit = callersrig_attach(&rig, &others[i]);
		visit->mute = true;
		callersrig_await_settled(visit);
		ck_assert_int_eq(visit->attached, i < LIMITS_PENDING_SESSIONS);
	}
	ck_assert_int_eq(visit->code, CODE_OVERLOADED);
	/* One that replaces its own elder is no more than there were. */
	visit = callersrig_attach(&rig, &others[0]);
	callersrig_await_settled(visit);
	ck_assert_int_eq(visit->attached, 1);
	/* And confirmed it makes room. */
	session_ping(carrier_session(visit->carrier), loop_now(rig.loop));
	callersrig_await_sessions(&rig, 1, 1);
	visit = callersrig_attach(&rig, &others[LIMITS_PENDING_SESSIONS]);
	visit->mute = true;
	callersrig_await_settled(visit);
	ck_assert_int_eq(visit->attached, 1);
	for (size_t i = 0; i <= LIMITS_PENDING_SESSIONS; i++) {
		asker_end(&others[i]);
	}
}
END_TEST

/* --- streams ------------------------------------------------------------- */

START_TEST(streams_of_a_caller_are_bounded)
{
	static const struct callers_config few = { .streams_max = 2 };
	struct callersrig_opening *first[2];
	struct callersrig_opening *third;
	struct callersrig_visit *two[2];

	callersrig_start(&rig, &few);
	for (int i = 0; i < 2; i++) {
		two[i] = callersrig_attach(&rig, &rig.asker);
		callersrig_await_settled(two[i]);
		first[i] = callersrig_open_stream(two[i], rig.port);
		ck_assert_int_eq(first[i]->outcome.code, CODE_OK);
	}
	third = callersrig_open_stream(two[1], rig.port);
	ck_assert_int_eq(third->outcome.code, CODE_TOO_MANY_STREAMS);
	ck_assert_str_eq(third->outcome.text, "2 connections open, the limit.");
	stream_reset(first[0]->stream, CODE_CANCELLED, 0);
	do {
		third = callersrig_open_stream(two[1], rig.port);
	} while (third->outcome.code == CODE_TOO_MANY_STREAMS);
	ck_assert_int_eq(third->outcome.code, CODE_OK);
}
END_TEST

START_TEST(opens_are_rationed)
{
	static const struct callers_config slow = { .open_rate = 1,
		.open_burst = 5 };
	struct callersrig_visit *visit;
	int opened = 0;
	struct callersrig_opening *opening;

	callersrig_start(&rig, &slow);
	visit = callersrig_attach(&rig, &rig.asker);
	callersrig_await_settled(visit);
	do {
		opening = callersrig_open_stream(visit, rig.port);
		opened++;
	} while (opening->outcome.code == CODE_OK && opened < 50);
	ck_assert_int_eq(opening->outcome.code, CODE_OVERLOADED);
	ck_assert_str_eq(opening->outcome.text,
	    "More than 1 new connections a second to \"office\".");
	ck_assert_int_gt(opened, 5);
}
END_TEST

/* --- the end ------------------------------------------------------------- */

START_TEST(lost_link_ends_sessions)
{
	struct callersrig_visit *visit = callersrig_attach(&rig, &rig.asker);
	struct callersrig_opening *opening;
	int fd;
	char byte;

	callersrig_await_settled(visit);
	opening = callersrig_open_stream(visit, rig.port);
	fd = accept(rig.service, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	link_close(rig.net.endpoint.link, CODE_LINK_LOST, "the test cuts it");
	callersrig_await_sessions(&rig, 0, 0);
	callersrig_await_ended(visit);
	ck_assert_int_eq(opening->resets, 1);
	ck_assert_uint_eq(egress_count(rig.egress), 0);
	/* Never a clean end: the target reads a reset. */
	ck_assert_int_eq(recv(fd, &byte, 1, 0), -1);
	(void)close(fd);
}
END_TEST

START_TEST(finishing_takes_nothing_new)
{
	struct callersrig_visit *visit = callersrig_attach(&rig, &rig.asker);
	struct callersrig_opening *opening;
	struct callersrig_opening *late;
	struct callersrig_visit *other;

	callersrig_await_settled(visit);
	opening = callersrig_open_stream(visit, rig.port);
	callers_finish(rig.callers);
	late = callersrig_open_stream(visit, rig.port);
	ck_assert_int_eq(late->outcome.code, CODE_GOING_DOWN);
	other = callersrig_attach(&rig, &rig.asker);
	callersrig_await_settled(other);
	ck_assert_int_eq(other->code, CODE_GOING_DOWN);
	ck_assert_int_eq(opening->resets, 0);
	callers_close(rig.callers, CODE_GOING_DOWN);
	callersrig_await_ended(visit);
	ck_assert_int_eq(visit->code, CODE_GOING_DOWN);
	ck_assert_int_eq(opening->resets, 1);
	callersrig_await_sessions(&rig, 0, 0);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	bool failed = true;

	for (long n = 1; failed && n < 60; n++) {
		uint8_t payload[ASKER_PAYLOAD_MAX];
		struct callersrig_visit *visit;
		size_t len;

		if (rig.net.endpoint.link == NULL ||
		    rig.net.relay.link == NULL) {
			/* What could not be said was the link's end. */
			callersrig_relink(&rig);
		}
		rig.net.endpoint.hook = NULL;
		len = asker_ask(&rig.asker, payload);
		visit = callersrig_visit(&rig, &rig.asker);
		callersrig_send(visit, payload, len);
		visit->mute = true;
		failalloc_after(n);
		callers_attach(rig.callers, rig.net.endpoint.link,
		    rig.last_channel, payload, len);
		failed = failalloc_hit();
		failalloc_off();
		callersrig_await_settled(visit);
		ck_assert_int_eq(visit->attached == 1, !failed);
	}
	ck_assert(!failed);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("callers");
	TCase *tcase = tcase_create("callers");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, session_carries_streams);
	tcase_add_test(tcase, refusals_reach_the_gateway);
	tcase_add_test(tcase, replay_has_no_effect);
	tcase_add_test(tcase, pending_session_is_dropped_in_time);
	tcase_add_test(tcase, newer_attach_replaces_pending);
	tcase_add_test(tcase, a_question_is_answered_by_the_table);
	tcase_add_test(tcase, restarted_gateway_ends_older_sessions);
	tcase_add_test(tcase, callers_do_not_touch_one_another);
	tcase_add_test(tcase, pending_sessions_are_bounded);
	tcase_add_test(tcase, streams_of_a_caller_are_bounded);
	tcase_add_test(tcase, opens_are_rationed);
	tcase_add_test(tcase, lost_link_ends_sessions);
	tcase_add_test(tcase, finishing_takes_nothing_new);
	tcase_add_test(tcase, every_allocation_may_fail);
	return unit_main(suite);
}
