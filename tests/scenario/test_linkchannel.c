/* SPDX-License-Identifier: ISC */
/*
 * Channels of a link: bulk, order, credit, fairness, and how they end
 * (PROTOCOL.md section 6).
 */
#include <string.h>

#include "common/blob.h"
#include "common/loop.h"
#include "protocol/link.h"
#include "tests/support/cable.h"
#include "tests/support/failalloc.h"
#include "tests/support/linkpair.h"
#include "tests/support/unit.h"

#define BODY LIMITS_RECORD_MAX
#define FRAME_LEN ((uint64_t)(LIMITS_FRAME_HEAD_LEN + BODY))

static struct link_times times;
static struct linkpair pair;
static struct linkpair_peer relay_end;
static struct linkpair_peer far_end; /* of the endpoint */

static void
setup(void)
{
	times.handshake = LIMITS_HANDSHAKE_TIME;
	times.quiet = LIMITS_LINK_QUIET;
	times.dead = LIMITS_LINK_DEAD;
	times.leave = LIMITS_LINK_LEAVE;
	times.rekey = LIMITS_REKEY_TIME;
	times.rekey_count = LIMITS_REKEY_COUNT;
}

/* Open a pair, and channel 5 on it. */
static void
open_channel(bool cable)
{
	struct linkpair_config config = { .cable = cable, .times = &times };

	ck_assert_int_eq(linkpair_open(&pair, &config), 0);
	ck_assert(linkpair_await_up(&pair));
	ck_assert_int_eq(linkpair_channel(&relay_end, &pair.relay, 5, NULL), 0);
	ck_assert_int_eq(
	    linkpair_channel(&far_end, &pair.endpoint, 5, NULL), 0);
}

/* Let the endpoint send as much as it likes. */
static void
give_credit(void)
{
	channel_credit(relay_end.channel, UINT64_MAX);
}

/* --- bulk ---------------------------------------------------------------- */

START_TEST(bulk_goes_both_ways)
{
	const uint64_t count = 2000;

	open_channel(false);
	give_credit();
	linkpair_send(&relay_end, count, BODY);
	linkpair_send(&far_end, count, BODY - 1);
	ck_assert(linkpair_await_arrived(&pair, &far_end, count));
	ck_assert(linkpair_await_arrived(&pair, &relay_end, count));
	ck_assert(relay_end.good);
	ck_assert(far_end.good);
	ck_assert_uint_eq(relay_end.sent, far_end.received);
	ck_assert_uint_eq(far_end.sent, relay_end.received);
	linkpair_close(&pair);
}
END_TEST

static bool
relay_knows_the_way(void *arg)
{
	return link_rtt(arg) > 0;
}

/*
 * The kernel knows nothing of this socket, as it knows nothing of what is
 * behind a proxy: the round trip that credit needs comes from a PING.
 */
START_TEST(a_relay_finds_out_the_round_trip)
{
	open_channel(false);
	ck_assert(linkpair_await(&pair, relay_knows_the_way, pair.relay.link));
	linkpair_close(&pair);
}
END_TEST

START_TEST(bodies_of_every_length)
{
	uint64_t count = 0;

	open_channel(false);
	for (size_t len = LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN; len <= BODY;
	     len += len < 200 ? 1 : 997) {
		linkpair_send(&relay_end, 3, len);
		count += 3;
		ck_assert(linkpair_await_arrived(&pair, &far_end, count));
		ck_assert(far_end.good);
	}
	linkpair_close(&pair);
}
END_TEST

START_TEST(bulk_in_odd_pieces)
{
	static const size_t chunks[] = { 1, 23, 24, 25, 4097 };

	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		/* Each piece is an iteration; bound the time of the test. */
		uint64_t count = chunks[i] < 1000 ? 60 : 300;
		size_t len = chunks[i] < 1000 ? 100 : BODY;

		open_channel(true);
		cable_set_chunk(pair.cable, CABLE_SECOND_TO_FIRST, chunks[i]);
		linkpair_send(&relay_end, count, len);
		ck_assert(linkpair_await_arrived(&pair, &far_end, count));
		ck_assert(far_end.good);
		linkpair_close(&pair);
	}
}
END_TEST

START_TEST(keys_change_during_bulk)
{
	const uint64_t count = 1000;

	times.rekey_count = 10;
	open_channel(false);
	give_credit();
	linkpair_send(&relay_end, count, BODY);
	linkpair_send(&far_end, count, BODY);
	ck_assert(linkpair_await_arrived(&pair, &far_end, count));
	ck_assert(linkpair_await_arrived(&pair, &relay_end, count));
	ck_assert(relay_end.good);
	ck_assert(far_end.good);
	ck_assert_uint_ge(
	    link_sent(pair.relay.link), count * FRAME_LEN + count / 10 * 24);
	linkpair_close(&pair);
}
END_TEST

START_TEST(a_channel_can_wait_and_go_on)
{
	open_channel(false);
	for (uint64_t i = 1; i <= 50; i++) {
		linkpair_send(&relay_end, 1, 100);
		ck_assert(linkpair_await_arrived(&pair, &far_end, i));
	}
	ck_assert(far_end.good);
	linkpair_close(&pair);
}
END_TEST

/* --- what goes first ----------------------------------------------------- */

/* How much bulk had arrived when the notice did. */
static uint64_t arrived_before;

static void
note_frame(struct linkpair_side *side, enum linkpair_event event)
{
	(void)side;
	if (event == LINKPAIR_FRAME) {
		arrived_before = far_end.arrived;
	}
}

static bool
endpoint_has_frame(void *arg)
{
	(void)arg;
	return pair.endpoint.frames > 0;
}

START_TEST(control_overtakes_bulk)
{
	static const uint8_t notice[] = { 0, 2, 'h', 'i' };
	const uint64_t count = 5000;
	uint64_t pulled;

	open_channel(true);
	/* The far side does not read until the socket is full. */
	cable_hold(pair.cable, CABLE_SECOND_TO_FIRST, true);
	linkpair_send(&relay_end, count, BODY);
	for (int i = 0; i < 200; i++) {
		loop_poll(pair.loop);
	}
	pulled = relay_end.pulled;
	/* Nothing is pulled while the socket takes nothing. */
	ck_assert_uint_lt(pulled, count);
	for (int i = 0; i < 20; i++) {
		loop_poll(pair.loop);
	}
	ck_assert_uint_eq(relay_end.pulled, pulled);
	pair.endpoint.hook = note_frame;
	ck_assert_int_eq(
	    link_send(pair.relay.link, FRAME_NOTICE, 0, notice, sizeof(notice)),
	    0);
	cable_hold(pair.cable, CABLE_SECOND_TO_FIRST, false);
	ck_assert(linkpair_await(&pair, endpoint_has_frame, NULL));
	/* Behind what was sealed before it, and nothing else. */
	ck_assert_uint_le(arrived_before, pulled);
	ck_assert(linkpair_await_arrived(&pair, &far_end, count));
	ck_assert(far_end.good);
	linkpair_close(&pair);
}
END_TEST

/* --- credit -------------------------------------------------------------- */

static bool
endpoint_is_stuck(void *arg)
{
	uint64_t *last = arg;
	bool stuck = *last == relay_end.received && *last > 0;

	*last = relay_end.received;
	return stuck;
}

START_TEST(an_endpoint_stops_at_its_credit)
{
	uint64_t offset = LIMITS_CREDIT_START;
	uint64_t last = 0;

	open_channel(false);
	linkpair_send(&far_end, 1000, BODY);
	for (int round = 0; round < 20; round++) {
		/* Frames that begin below the offset. */
		uint64_t frames = (offset + FRAME_LEN - 1) / FRAME_LEN;

		ck_assert(linkpair_await_arrived(&pair, &relay_end, frames));
		ck_assert(linkpair_await(&pair, endpoint_is_stuck, &last));
		ck_assert_uint_eq(relay_end.arrived, frames);
		ck_assert_uint_eq(far_end.pulled, frames);
		offset += 10000 * (uint64_t)round;
		channel_credit(relay_end.channel, offset);
	}
	ck_assert(relay_end.good);
	linkpair_close(&pair);
}
END_TEST

START_TEST(credit_never_falls)
{
	uint64_t last = 0;

	open_channel(false);
	channel_credit(relay_end.channel, 10 * FRAME_LEN);
	loop_poll(pair.loop);
	/* Lower ones are not even sent; a higher one replaces its elder. */
	channel_credit(relay_end.channel, 5);
	channel_credit(relay_end.channel, 11 * FRAME_LEN);
	channel_credit(relay_end.channel, 12 * FRAME_LEN);
	linkpair_send(&far_end, 1000, BODY);
	ck_assert(linkpair_await_arrived(&pair, &relay_end, 12));
	ck_assert(linkpair_await(&pair, endpoint_is_stuck, &last));
	ck_assert_uint_eq(relay_end.arrived, 12);
	linkpair_close(&pair);
}
END_TEST

START_TEST(a_relay_needs_no_credit)
{
	open_channel(false);
	linkpair_send(&relay_end, 100, BODY);
	ck_assert(linkpair_await_arrived(&pair, &far_end, 100));
	linkpair_close(&pair);
}
END_TEST

/* --- fairness ------------------------------------------------------------ */

#define SENDERS 4

static struct linkpair_peer senders[SENDERS];
static struct linkpair_peer receivers[SENDERS];
static struct schedule_group groups[2];

/* Three channels of one group and one of another, all with much to send. */
static void
open_groups(void)
{
	struct linkpair_config config = { .times = &times };

	ck_assert_int_eq(linkpair_open(&pair, &config), 0);
	ck_assert(linkpair_await_up(&pair));
	schedule_group_init(&groups[0]);
	schedule_group_init(&groups[1]);
	for (uint32_t i = 0; i < SENDERS; i++) {
		ck_assert_int_eq(linkpair_channel(&senders[i], &pair.relay,
				     i + 1, &groups[i == 3]),
		    0);
		ck_assert_int_eq(linkpair_channel(&receivers[i], &pair.endpoint,
				     i + 1, NULL),
		    0);
	}
}

static void
assert_near(uint64_t a, uint64_t b)
{
	ck_assert_uint_le(a, b + 3 * FRAME_LEN);
	ck_assert_uint_le(b, a + 3 * FRAME_LEN);
}

START_TEST(groups_and_channels_share_alike)
{
	open_groups();
	linkpair_send(&senders[0], 10000, BODY);
	linkpair_send(&senders[1], 10000, 1000);
	linkpair_send(&senders[2], 10000, 5000);
	linkpair_send(&senders[3], 10000, BODY);
	ck_assert(linkpair_await_arrived(&pair, &receivers[3], 600));
	assert_near(senders[0].sent + senders[1].sent + senders[2].sent,
	    senders[3].sent);
	assert_near(senders[0].sent, senders[1].sent);
	assert_near(senders[0].sent, senders[2].sent);
	for (int i = 0; i < SENDERS; i++) {
		ck_assert(receivers[i].good);
	}
	linkpair_close(&pair);
}
END_TEST

/* --- ends ---------------------------------------------------------------- */

static bool
is_detached(void *arg)
{
	const struct linkpair_peer *peer = arg;

	return peer->detached > 0;
}

START_TEST(detaching_tells_the_other_side)
{
	open_channel(false);
	linkpair_send(&far_end, 1000, BODY);
	loop_poll(pair.loop);
	channel_detach(relay_end.channel, CODE_HOST_OFFLINE, "gone");
	relay_end.channel = NULL;
	ck_assert(linkpair_await(&pair, is_detached, &far_end));
	ck_assert_int_eq((int)far_end.code, (int)CODE_HOST_OFFLINE);
	ck_assert_str_eq(far_end.text, "gone");
	ck_assert_int_eq(relay_end.detached, 0);
	/* The link lives on, and has room for others. */
	ck_assert_int_eq(linkpair_channel(&relay_end, &pair.relay, 6, NULL), 0);
	ck_assert_int_eq(
	    linkpair_channel(&far_end, &pair.endpoint, 6, NULL), 0);
	linkpair_send(&relay_end, 3, 100);
	ck_assert(linkpair_await_arrived(&pair, &far_end, 3));
	linkpair_close(&pair);
}
END_TEST

START_TEST(detaching_without_words)
{
	open_channel(false);
	channel_detach(far_end.channel, CODE_SESSION_LOST, NULL);
	ck_assert(linkpair_await(&pair, is_detached, &relay_end));
	ck_assert_str_eq(relay_end.text, codes_summary(CODE_SESSION_LOST));
	linkpair_close(&pair);
}
END_TEST

START_TEST(the_end_of_the_link_is_the_end_of_its_channels)
{
	struct linkpair_peer more[3];

	open_channel(false);
	for (uint32_t i = 0; i < 3; i++) {
		ck_assert_int_eq(
		    linkpair_channel(&more[i], &pair.relay, 100 + i, NULL), 0);
	}
	link_close(pair.relay.link, CODE_REVOKED, "removed");
	ck_assert_int_eq(relay_end.detached, 1);
	ck_assert_int_eq((int)relay_end.code, (int)CODE_REVOKED);
	ck_assert_str_eq(relay_end.text, "removed");
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(more[i].detached, 1);
	}
	ck_assert(linkpair_await(&pair, is_detached, &far_end));
	ck_assert_int_eq((int)far_end.code, (int)CODE_LINK_LOST);
	linkpair_close(&pair);
}
END_TEST

START_TEST(a_forgotten_channel_is_silent)
{
	open_channel(false);
	linkpair_send(&relay_end, 50, 1000);
	channel_free(far_end.channel);
	channel_free(NULL);
	for (int i = 0; i < 20; i++) {
		loop_poll(pair.loop);
	}
	ck_assert_uint_eq(far_end.arrived, 0);
	ck_assert_int_eq(far_end.detached, 0);
	ck_assert(link_is_up(pair.endpoint.link));
	ck_assert(link_is_up(pair.relay.link));
	linkpair_close(&pair);
	ck_assert_int_eq(far_end.detached, 0);
}
END_TEST

/* The last words of channels are written before a goodbye is over. */
START_TEST(a_goodbye_lets_channels_finish)
{
	open_channel(false);
	linkpair_send(&relay_end, 200, BODY);
	link_goaway(pair.relay.link, CODE_GOING_DOWN, NULL);
	ck_assert(linkpair_await_down(&pair));
	ck_assert_uint_eq(far_end.arrived, 200);
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_GOING_DOWN);
	linkpair_close(&pair);
}
END_TEST

/* But not for ever, and the goodbye itself still comes. */
START_TEST(a_goodbye_does_not_wait_for_endless_channels)
{
	times.leave = 100 * LIMITS_MSEC;
	open_channel(true);
	/* Slow enough that there always is more. */
	cable_set_chunk(pair.cable, CABLE_SECOND_TO_FIRST, 200);
	linkpair_send(&relay_end, UINT64_MAX, 1000);
	link_goaway(pair.relay.link, CODE_GOING_DOWN, NULL);
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq((int)pair.relay.code, (int)CODE_GOING_DOWN);
	linkpair_close(&pair);
}
END_TEST

START_TEST(numbers_are_unique)
{
	struct linkpair_peer second;

	open_channel(false);
	ck_assert_uint_eq(channel_id(relay_end.channel), 5);
	ck_assert_ptr_eq(channel_link(relay_end.channel), pair.relay.link);
	ck_assert_int_eq(linkpair_channel(&second, &pair.relay, 5, NULL), -1);
	ck_assert_int_eq(linkpair_channel(&second, &pair.relay, 7, NULL), 0);
	linkpair_close(&pair);
	ck_assert_int_eq(second.detached, 1);
}
END_TEST

START_TEST(no_channel_without_a_link)
{
	struct linkpair_config config = { .times = &times };
	struct linkpair_peer peer;

	ck_assert_int_eq(linkpair_open(&pair, &config), 0);
	ck_assert_int_eq(linkpair_channel(&peer, &pair.endpoint, 1, NULL), -1);
	ck_assert(linkpair_await_up(&pair));
	link_goaway(pair.endpoint.link, CODE_GOING_DOWN, NULL);
	ck_assert_int_eq(linkpair_channel(&peer, &pair.endpoint, 1, NULL), -1);
	linkpair_close(&pair);
}
END_TEST

/* --- callbacks ----------------------------------------------------------- */

static enum linkpair_event close_at;
static void (*close_how)(struct linkpair_side *side);
static struct linkpair_peer *close_peer;

static void
close_link(struct linkpair_side *side)
{
	link_close(side->link, CODE_CANCELLED, "enough");
}

static void
free_channel(struct linkpair_side *side)
{
	(void)side;
	channel_free(close_peer->channel);
	close_peer->channel = NULL;
}

static void
detach_channel(struct linkpair_side *side)
{
	(void)side;
	if (close_peer->channel != NULL) {
		channel_detach(close_peer->channel, CODE_CANCELLED, NULL);
		close_peer->channel = NULL;
	}
}

static void
doom_link(struct linkpair_side *side)
{
	static uint8_t payload[LIMITS_CONTROL_MAX];

	while (link_is_up(side->link)) {
		(void)link_send(side->link, FRAME_DETACH, 77, payload, 400);
	}
}

static void
close_inside(struct linkpair_side *side, enum linkpair_event event)
{
	if (event == close_at && side->link != NULL) {
		close_how(side);
	}
}

static bool
is_quiet(void *arg)
{
	int *rounds = arg;

	(*rounds)++;
	return *rounds > 20;
}

/* Do how at event on either side, while bulk goes both ways. */
static void
close_during_bulk(
    enum linkpair_event event, void (*how)(struct linkpair_side *side))
{
	for (int i = 0; i < 2; i++) {
		int rounds = 0;

		open_channel(false);
		give_credit();
		close_at = event;
		close_how = how;
		close_peer = i == 0 ? &relay_end : &far_end;
		close_peer->side->hook = close_inside;
		linkpair_send(&relay_end, 300, BODY);
		linkpair_send(&far_end, 300, BODY);
		ck_assert(linkpair_await(&pair, is_quiet, &rounds));
		if (event == LINKPAIR_DETACHED) {
			channel_detach(
			    i == 0 ? far_end.channel : relay_end.channel,
			    CODE_CANCELLED, NULL);
			ck_assert(
			    linkpair_await(&pair, is_detached, close_peer));
			close_peer->channel = NULL;
		}
		if (how == close_link || how == doom_link) {
			ck_assert(linkpair_await_down(&pair));
			ck_assert_int_eq(pair.relay.downs, 1);
			ck_assert_int_eq(pair.endpoint.downs, 1);
			ck_assert_int_eq(close_peer->detached, 1);
		} else {
			ck_assert(link_is_up(pair.relay.link));
			ck_assert(link_is_up(pair.endpoint.link));
		}
		linkpair_close(&pair);
	}
}

START_TEST(any_callback_may_close_the_link)
{
	close_during_bulk(LINKPAIR_PULL, close_link);
	close_during_bulk(LINKPAIR_CARRY, close_link);
	close_during_bulk(LINKPAIR_DETACHED, close_link);
}
END_TEST

START_TEST(any_callback_may_break_the_link)
{
	close_during_bulk(LINKPAIR_PULL, doom_link);
	close_during_bulk(LINKPAIR_CARRY, doom_link);
	close_during_bulk(LINKPAIR_DETACHED, doom_link);
}
END_TEST

START_TEST(any_callback_may_end_the_channel)
{
	close_during_bulk(LINKPAIR_PULL, free_channel);
	close_during_bulk(LINKPAIR_CARRY, free_channel);
	close_during_bulk(LINKPAIR_PULL, detach_channel);
	close_during_bulk(LINKPAIR_CARRY, detach_channel);
}
END_TEST

/* --- no memory ----------------------------------------------------------- */

static bool
is_done(void *arg)
{
	(void)arg;
	return (far_end.arrived >= 20 && relay_end.arrived >= 20) ||
	       pair.relay.downs > 0 || pair.endpoint.downs > 0 ||
	       relay_end.starved || far_end.starved;
}

START_TEST(every_allocation_may_fail)
{
	bool failed = true;

	for (long n = 1; failed; n++) {
		struct linkpair_config config = { .times = &times };
		int rounds = 0;

		ck_assert_int_eq(linkpair_open(&pair, &config), 0);
		ck_assert(linkpair_await_up(&pair));
		failalloc_after(n);
		if (linkpair_channel(&relay_end, &pair.relay, 5, NULL) == 0 &&
		    linkpair_channel(&far_end, &pair.endpoint, 5, NULL) == 0) {
			give_credit();
			linkpair_send(&relay_end, 20, BODY);
			linkpair_send(&far_end, 20, BODY);
			ck_assert(linkpair_await(&pair, is_done, NULL));
			ck_assert(linkpair_await(&pair, is_quiet, &rounds));
		}
		failed = failalloc_hit();
		failalloc_off();
		ck_assert(failed ||
			  (relay_end.arrived == 20 && far_end.arrived == 20));
		linkpair_close(&pair);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("linkchannel");
	TCase *tcase = tcase_create("linkchannel");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, bulk_goes_both_ways);
	tcase_add_test(tcase, a_relay_finds_out_the_round_trip);
	tcase_add_test(tcase, bodies_of_every_length);
	tcase_add_test(tcase, bulk_in_odd_pieces);
	tcase_add_test(tcase, keys_change_during_bulk);
	tcase_add_test(tcase, a_channel_can_wait_and_go_on);
	tcase_add_test(tcase, control_overtakes_bulk);
	tcase_add_test(tcase, an_endpoint_stops_at_its_credit);
	tcase_add_test(tcase, credit_never_falls);
	tcase_add_test(tcase, a_relay_needs_no_credit);
	tcase_add_test(tcase, groups_and_channels_share_alike);
	tcase_add_test(tcase, detaching_tells_the_other_side);
	tcase_add_test(tcase, detaching_without_words);
	tcase_add_test(tcase, the_end_of_the_link_is_the_end_of_its_channels);
	tcase_add_test(tcase, a_forgotten_channel_is_silent);
	tcase_add_test(tcase, a_goodbye_lets_channels_finish);
	tcase_add_test(tcase, a_goodbye_does_not_wait_for_endless_channels);
	tcase_add_test(tcase, numbers_are_unique);
	tcase_add_test(tcase, no_channel_without_a_link);
	tcase_add_test(tcase, any_callback_may_close_the_link);
	tcase_add_test(tcase, any_callback_may_break_the_link);
	tcase_add_test(tcase, any_callback_may_end_the_channel);
	tcase_add_test(tcase, every_allocation_may_fail);
	return unit_main(suite);
}
