/* SPDX-License-Identifier: ISC */

#include "gateway/client.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/io.h"
#include "gateway/client_impl.h"
#include "gateway/failures.h"
#include "gateway/gate.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"
#include "tests/unit/gateway/clientrig.h"

static const struct proxy_target forward = {
	.kind = PROXY_TARGET_NAME,
	.port = 5432,
	.name = "db.office",
};

static struct clientrig rig;

static void
setup(void)
{
	clientrig_open(&rig);
}

static void
teardown(void)
{
	clientrig_close(&rig);
}

/* --- the pool -------------------------------------------------------- */

START_TEST(who_finds_no_room_is_closed)
{
	int first;

	rig.pool.max = 1;
	clientrig_connect(&rig, NULL);
	clientrig_expect_nothing(&rig);
	first = rig.fd;
	rig.fd = -1;
	clientrig_connect(&rig, NULL);
	clientrig_expect_end(&rig);
	clientrig_expect_clients(&rig, 1);
	close(first);
	clientrig_expect_clients(&rig, 0);
	clientrig_connect(&rig, NULL);
	clientrig_expect_nothing(&rig);
}
END_TEST

START_TEST(idle_ones_end_and_others_stay)
{
	int idle;

	clientrig_connect(&rig, NULL);
	idle = rig.fd;
	rig.fd = -1;
	clientrig_connect(&rig, &forward);
	clientrig_open_far(clientrig_far(&rig), CODE_OK);
	client_pool_close_idle(&rig.pool);
	clientrig_expect_clients(&rig, 1);
	ck_assert_int_eq(rig.ends, 1);
	clientrig_say(&rig, "still here");
	clientrig_far_expect(clientrig_far(&rig), "still here");
	clientrig_leave(&rig);
	rig.fd = idle;
	clientrig_expect_end(&rig);
}
END_TEST

START_TEST(all_are_reset_at_the_end)
{
	clientrig_connect(&rig, &forward);
	clientrig_open_far(clientrig_far(&rig), CODE_OK);
	client_pool_close(&rig.pool);
	clientrig_expect_reset(&rig);
	clientrig_far_expect_release(clientrig_far(&rig), CODE_CANCELLED);
}
END_TEST

/* --- the first byte ---------------------------------------------------- */

START_TEST(other_languages_are_not_answered)
{
	/* TLS, a control character, the end of the alphabet. */
	static const char firsts[] = { 0x16, 0x01, 0x7f, 0x06 };

	for (size_t i = 0; i < sizeof(firsts); i++) {
		clientrig_connect(&rig, NULL);
		clientrig_send(&rig, &firsts[i], 1);
		clientrig_expect_end(&rig);
		clientrig_expect_clients(&rig, 0);
	}
	ck_assert_uint_eq(rig.pool.served, 0);
}
END_TEST

START_TEST(who_says_nothing_is_let_go)
{
	clientrig_connect(&rig, NULL);
	clientrig_hurry(&rig);
	clientrig_expect_end(&rig);
	clientrig_expect_clients(&rig, 0);
}
END_TEST

START_TEST(who_leaves_without_a_word_is_forgotten)
{
	clientrig_connect(&rig, NULL);
	clientrig_leave(&rig);
	clientrig_expect_clients(&rig, 0);
	clientrig_connect(&rig, NULL);
	clientrig_break(&rig);
	clientrig_expect_clients(&rig, 0);
}
END_TEST

/* --- forwards ---------------------------------------------------------- */

START_TEST(a_forward_leads_there_without_a_word)
{
	struct clientrig_far *far;

	clientrig_connect(&rig, &forward);
	ck_assert_int_eq(rig.reaches, 1);
	ck_assert_str_eq(rig.asked.name, "db.office");
	ck_assert_uint_eq(rig.asked.port, 5432);
	far = clientrig_far(&rig);
	/* It may be a service that speaks first: nothing is said early. */
	ck_assert(!far->early);
	clientrig_expect_nothing(&rig);
	clientrig_open_far(far, CODE_OK);
	clientrig_far_say(far, "hello");
	clientrig_expect_text(&rig, "hello");
	ck_assert_uint_eq(far->consumed, 5);
	clientrig_say(&rig, "good day");
	clientrig_far_expect(far, "good day");
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_FORWARD, CODE_OK), 1);
}
END_TEST

START_TEST(a_forward_that_fails_is_a_reset)
{
	rig.code = CODE_HOST_OFFLINE;
	rig.text = "\"office\" is offline.";
	clientrig_connect(&rig, &forward);
	clientrig_expect_reset(&rig);
	ck_assert_uint_eq(failures_count(rig.failures), 1);
	ck_assert_str_eq(
	    failures_at(rig.failures, 0)->text, "\"office\" is offline.");
	ck_assert_str_eq(
	    failures_at(rig.failures, 0)->target, "db.office:5432");
	rig.code = CODE_OK;
	clientrig_connect(&rig, &forward);
	clientrig_open_far(clientrig_far(&rig), CODE_SERVICE_REFUSED);
	clientrig_expect_reset(&rig);
	rig.no_conduit = true;
	clientrig_connect(&rig, &forward);
	clientrig_expect_reset(&rig);
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_FORWARD, CODE_TOO_MANY_STREAMS),
	    1);
}
END_TEST

/* What was sent before it was known where to goes first. */
START_TEST(early_words_wait)
{
	rig.way = CLIENTRIG_LATER;
	clientrig_connect(&rig, &forward);
	clientrig_say(&rig, "one ");
	clientrig_arrive(&rig);
	clientrig_say(&rig, "two ");
	clientrig_open_far(clientrig_far(&rig), CODE_OK);
	clientrig_say(&rig, "three");
	clientrig_far_expect(clientrig_far(&rig), "one two three");
}
END_TEST

START_TEST(halves_end_one_by_one)
{
	struct clientrig_far *far;

	clientrig_connect(&rig, &forward);
	far = clientrig_far(&rig);
	clientrig_open_far(far, CODE_OK);
	clientrig_say(&rig, "question");
	clientrig_shut(&rig);
	clientrig_far_expect(far, "question");
	clientrig_far_expect_fin(far);
	clientrig_far_say(far, "answer");
	clientrig_expect_text(&rig, "answer");
	clientrig_far_fin(far);
	clientrig_expect_end(&rig);
	clientrig_expect_clients(&rig, 0);
	ck_assert(far->released);

	/* And the other way round. */
	clientrig_connect(&rig, &forward);
	far = clientrig_far(&rig);
	clientrig_open_far(far, CODE_OK);
	clientrig_far_say(far, "bye");
	clientrig_far_fin(far);
	clientrig_expect_text(&rig, "bye");
	clientrig_expect_end(&rig);
	clientrig_say(&rig, "one more thing");
	clientrig_far_expect(far, "one more thing");
	clientrig_shut(&rig);
	clientrig_expect_clients(&rig, 0);
	ck_assert(far->released);
}
END_TEST

/* A half that ended before the way was found is an end, no departure. */
START_TEST(a_half_may_end_before_it_opens)
{
	struct clientrig_far *far;

	rig.way = CLIENTRIG_LATER;
	clientrig_connect(&rig, &forward);
	clientrig_say(&rig, "question");
	clientrig_shut(&rig);
	clientrig_arrive(&rig);
	far = clientrig_far(&rig);
	clientrig_open_far(far, CODE_OK);
	clientrig_far_expect(far, "question");
	clientrig_far_expect_fin(far);
	clientrig_far_say(far, "answer");
	clientrig_far_fin(far);
	clientrig_expect_text(&rig, "answer");
	clientrig_expect_end(&rig);
}
END_TEST

START_TEST(resets_pass_both_ways)
{
	struct clientrig_far *far;

	clientrig_connect(&rig, &forward);
	far = clientrig_far(&rig);
	clientrig_open_far(far, CODE_OK);
	clientrig_far_say(far, "half of i");
	clientrig_far_reset(far, CODE_TARGET_RESET);
	clientrig_expect_text(&rig, "half of i");
	clientrig_expect_reset(&rig);
	clientrig_expect_clients(&rig, 0);

	clientrig_connect(&rig, &forward);
	far = clientrig_far(&rig);
	clientrig_open_far(far, CODE_OK);
	clientrig_break(&rig);
	clientrig_far_expect_release(far, CODE_TARGET_RESET);
	clientrig_expect_clients(&rig, 0);
}
END_TEST

/* --- clients that go away --------------------------------------------- */

/* One turn of the loop after a reset there is nobody left. */
START_TEST(a_reset_ends_the_wait)
{
	rig.way = CLIENTRIG_LATER;
	clientrig_connect(&rig, &forward);
	loop_poll(rig.loop);
	clientrig_break(&rig);
	loop_poll(rig.loop);
	ck_assert_uint_eq(rig.pool.count, 0);
	ck_assert_int_eq(rig.cancelled, 1);

	/* The way is found, and nobody has answered there. */
	rig.way = CLIENTRIG_AT_ONCE;
	clientrig_connect(&rig, &forward);
	loop_poll(rig.loop);
	clientrig_break(&rig);
	loop_poll(rig.loop);
	ck_assert_uint_eq(rig.pool.count, 0);
	ck_assert(clientrig_far(&rig)->released);
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_FORWARD, CODE_CANCELLED), 2);
	ck_assert_uint_eq(failures_count(rig.failures), 0);
}
END_TEST

/* What waits unread does not hide it. */
START_TEST(a_reset_behind_early_words_ends_the_wait)
{
	rig.way = CLIENTRIG_LATER;
	clientrig_connect(&rig, &forward);
	clientrig_say(&rig, "words");
	clientrig_break(&rig);
	clientrig_settle(&rig);
	ck_assert_uint_eq(rig.pool.count, 0);
}
END_TEST

/* Return a gate, which the pool asks from now on. */
static struct gate *
ask_a_gate(void)
{
	static const struct gate_rules rules;
	struct gate *gate = gate_new(&rules);

	ck_assert_ptr_nonnull(gate);
	rig.pool.gate = gate;
	return gate;
}

/* Who closed its socket is not there; who ended its half is. */
START_TEST(leaving_is_told_from_half_closing)
{
	struct gate *gate = ask_a_gate();

	clientrig_connect(&rig, &forward);
	clientrig_shut(&rig);
	clientrig_expect_clients(&rig, 1);
	clientrig_hurry(&rig);
	clientrig_expect_nothing(&rig);
	clientrig_open_far(clientrig_far(&rig), CODE_OK);
	clientrig_far_expect_fin(clientrig_far(&rig));
	clientrig_again(&rig);

	/* At once, or after having ended its half. */
	clientrig_connect(&rig, &forward);
	clientrig_leave(&rig);
	ck_assert_uint_eq(rig.pool.count, 0);
	clientrig_far_expect_release(clientrig_far(&rig), CODE_CANCELLED);
	clientrig_connect(&rig, &forward);
	clientrig_shut(&rig);
	clientrig_leave(&rig);
	clientrig_expect_clients(&rig, 1);
	clientrig_hurry(&rig);
	clientrig_expect_clients(&rig, 0);
	clientrig_far_expect_release(clientrig_far(&rig), CODE_CANCELLED);
	rig.pool.gate = NULL;
	gate_free(gate);
}
END_TEST

/* Some say a word into a tunnel and go: the word arrives. */
START_TEST(last_words_are_delivered)
{
	struct gate *gate = ask_a_gate();

	clientrig_connect(&rig, &forward);
	clientrig_say(&rig, "measured 42");
	clientrig_leave(&rig);
	clientrig_hurry(&rig);
	clientrig_settle(&rig);
	clientrig_open_far(clientrig_far(&rig), CODE_OK);
	clientrig_far_expect(clientrig_far(&rig), "measured 42");
	clientrig_far_expect_fin(clientrig_far(&rig));
	clientrig_far_fin(clientrig_far(&rig));
	clientrig_expect_clients(&rig, 0);
	rig.pool.gate = NULL;
	gate_free(gate);
}
END_TEST

START_TEST(vanished_machines_are_asked_for)
{
	int on = 0;
	socklen_t len = sizeof(on);

	clientrig_connect(&rig, NULL);
	ck_assert_int_eq(getsockopt(io_fd(clientrig_client(&rig)->io),
			     SOL_SOCKET, SO_KEEPALIVE, &on, &len),
	    0);
	ck_assert_int_eq(on, 1);
}
END_TEST

/* Who sends more than is read ahead is not read on, nor lost. */
START_TEST(early_words_have_a_limit)
{
	static uint8_t words[CLIENT_IN_MAX + 100000];
	struct clientrig_far *far;

	memset(words, 'w', sizeof(words));
	rig.way = CLIENTRIG_LATER;
	clientrig_connect(&rig, &forward);
	clientrig_send(&rig, words, sizeof(words));
	clientrig_expect_clients(&rig, 1);
	clientrig_arrive(&rig);
	far = clientrig_far(&rig);
	clientrig_open_far(far, CODE_OK);
	clientrig_shut(&rig);
	while (!far->ended) {
		loop_poll(rig.loop);
	}
	ck_assert_uint_eq(far->len, sizeof(words));
}
END_TEST

/* --- who may not come in ------------------------------------------------ */

/* A gate that sees nobody: it is asked about a socket of no TCP. */
START_TEST(who_is_refused_is_told_nothing_by_a_forward)
{
	struct gate *gate = gate_new(&(struct gate_rules){ .user_count = 0 });
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int listening;
	int served;
	struct addr addr;

	ck_assert_ptr_nonnull(gate);
	rig.pool.gate = gate;
	/* Somebody who closed before it could be seen who it was. */
	listening = netpair_listen(AF_INET, &addr);
	rig.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(
	    connect(rig.fd, (struct sockaddr *)&addr.ss, addr.len), 0);
	served = accept(listening, (struct sockaddr *)&ss, &len);
	close(listening);
	clientrig_leave(&rig);
	client_start(&rig.pool, served, &forward);
	ck_assert_int_eq(rig.reaches, 0);
	clientrig_settle(&rig);
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_FORWARD, CODE_DENIED), 1);
	clientrig_expect_clients(&rig, 0);
	ck_assert_uint_eq(rig.pool.refused, 0);
	rig.pool.gate = NULL;
	gate_free(gate);
}
END_TEST

/* --- memory -------------------------------------------------------------- */

/* With any allocation failing, bytes arrive whole or the client is closed. */
START_TEST(memory_is_short)
{
	bool hit = true;

	for (long n = 1; hit; n++) {
		struct clientrig_far *far;

		failalloc_after(n);
		clientrig_connect(&rig, &forward);
		if (rig.far_count > 0) {
			far = clientrig_far(&rig);
			clientrig_open_far(far, CODE_OK);
			if (!far->released) {
				clientrig_say(&rig, "word");
				clientrig_settle(&rig);
			}
		}
		hit = failalloc_hit();
		failalloc_off();
		clientrig_settle(&rig);
		ck_assert(hit || rig.pool.count == 1);
		if (rig.pool.count == 0) {
			ck_assert(rig.far_count == 0 || rig.fars[0].released);
		} else {
			clientrig_far_expect(clientrig_far(&rig), "word");
		}
		clientrig_again(&rig);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("client");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, who_finds_no_room_is_closed);
	tcase_add_test(tests, idle_ones_end_and_others_stay);
	tcase_add_test(tests, all_are_reset_at_the_end);
	tcase_add_test(tests, other_languages_are_not_answered);
	tcase_add_test(tests, who_says_nothing_is_let_go);
	tcase_add_test(tests, who_leaves_without_a_word_is_forgotten);
	tcase_add_test(tests, a_forward_leads_there_without_a_word);
	tcase_add_test(tests, a_forward_that_fails_is_a_reset);
	tcase_add_test(tests, early_words_wait);
	tcase_add_test(tests, halves_end_one_by_one);
	tcase_add_test(tests, a_half_may_end_before_it_opens);
	tcase_add_test(tests, resets_pass_both_ways);
	tcase_add_test(tests, a_reset_ends_the_wait);
	tcase_add_test(tests, a_reset_behind_early_words_ends_the_wait);
	tcase_add_test(tests, leaving_is_told_from_half_closing);
	tcase_add_test(tests, last_words_are_delivered);
	tcase_add_test(tests, vanished_machines_are_asked_for);
	tcase_add_test(tests, early_words_have_a_limit);
	tcase_add_test(tests, who_is_refused_is_told_nothing_by_a_forward);
	tcase_add_test(tests, memory_is_short);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
