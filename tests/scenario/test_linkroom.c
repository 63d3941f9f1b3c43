/* SPDX-License-Identifier: ISC */
/*
 * What is too long for the queue of a link, sent in parts as there is room.
 */
#include <string.h>

#include "common/loop.h"
#include "protocol/link.h"
#include "tests/support/cable.h"
#include "tests/support/linkpair.h"
#include "tests/support/unit.h"

/* Far more than may wait in the queue. */
#define PARTS 300

static struct linkpair pair;
static const struct linkpair_config plain = { .cable = false };

/* What the relay has to say. */
struct story {
	int parts; /* yet to be sent */
	int rooms; /* how often it had room */
	bool ends; /* the link, inside */
};

static void
send_part(struct linkpair_side *side)
{
	static uint8_t payload[LIMITS_CONTROL_MAX];
	struct story *story = side->arg;

	story->rooms++;
	if (story->ends) {
		link_close(side->link, CODE_CANCELLED, "enough");
		return;
	}
	if (story->parts == 0) {
		return;
	}
	story->parts--;
	payload[0] = (uint8_t)story->parts;
	ck_assert_int_eq(
	    link_send(side->link, FRAME_HOSTS, 0, payload, sizeof(payload)), 0);
	if (story->parts > 0) {
		link_ask_room(side->link);
	}
}

static void
on_relay(struct linkpair_side *side, enum linkpair_event event)
{
	if (event == LINKPAIR_ROOM) {
		send_part(side);
	}
}

static void
open_with(const struct linkpair_config *config, struct story *story)
{
	ck_assert_int_eq(linkpair_open(&pair, config), 0);
	ck_assert(linkpair_await_up(&pair));
	pair.relay.hook = on_relay;
	pair.relay.arg = story;
}

static bool
has_frames(void *arg)
{
	const int *n = arg;

	return pair.endpoint.frames >= *n || pair.endpoint.downs > 0;
}

static void
poll_some(int n)
{
	for (int i = 0; i < n; i++) {
		loop_poll(pair.loop);
	}
}

START_TEST(room_comes_once_for_each_time_asked)
{
	struct story story = { .parts = 1 };
	int one = 1;

	open_with(&plain, &story);
	poll_some(10);
	ck_assert_int_eq(story.rooms, 0);
	link_ask_room(pair.relay.link);
	link_ask_room(pair.relay.link);
	ck_assert_int_eq(story.rooms, 0);
	ck_assert(linkpair_await(&pair, has_frames, &one));
	poll_some(10);
	ck_assert_int_eq(story.rooms, 1);
	link_ask_room(pair.relay.link);
	poll_some(10);
	ck_assert_int_eq(story.rooms, 2);
	ck_assert_int_eq(pair.endpoint.frames, 1);
	linkpair_close(&pair);
}
END_TEST

START_TEST(what_is_queued_goes_first)
{
	static const uint8_t notice[] = { 0, 2, 'h', 'i' };
	struct story story = { .parts = 1 };
	int two = 2;

	open_with(&plain, &story);
	link_ask_room(pair.relay.link);
	ck_assert_int_eq(
	    link_send(pair.relay.link, FRAME_NOTICE, 0, notice, sizeof(notice)),
	    0);
	ck_assert(linkpair_await(&pair, has_frames, &two));
	ck_assert_int_eq((int)pair.endpoint.type, (int)FRAME_HOSTS);
	linkpair_close(&pair);
}
END_TEST

/* Nothing is asked for while the peer does not read; then all of it goes. */
START_TEST(a_slow_peer_gets_all_of_it)
{
	const struct linkpair_config config = { .cable = true };
	struct story story = { .parts = PARTS };
	int all = PARTS;
	int rooms;

	open_with(&config, &story);
	cable_hold(pair.cable, CABLE_SECOND_TO_FIRST, true);
	link_ask_room(pair.relay.link);
	do {
		rooms = story.rooms;
		poll_some(100);
	} while (rooms != story.rooms);
	ck_assert_int_gt(story.parts, 0);
	ck_assert(link_is_up(pair.relay.link));
	cable_hold(pair.cable, CABLE_SECOND_TO_FIRST, false);
	ck_assert(linkpair_await(&pair, has_frames, &all));
	ck_assert_int_eq(pair.endpoint.frames, PARTS);
	ck_assert_uint_eq(pair.endpoint.payload[0], 0);
	linkpair_close(&pair);
}
END_TEST

/* Neither the parts nor the channels wait for the end of the other. */
START_TEST(channels_go_between_the_parts)
{
	struct story story = { .parts = PARTS };
	struct linkpair_peer near;
	struct linkpair_peer far;
	int all = PARTS;

	open_with(&plain, &story);
	ck_assert_int_eq(linkpair_channel(&near, &pair.relay, 1, NULL), 0);
	ck_assert_int_eq(linkpair_channel(&far, &pair.endpoint, 1, NULL), 0);
	linkpair_send(&near, 1000000, LIMITS_RECORD_MAX);
	link_ask_room(pair.relay.link);
	ck_assert(linkpair_await(&pair, has_frames, &all));
	ck_assert_uint_ge(
	    far.received, (uint64_t)(PARTS - 1) * LIMITS_LINK_ROOM_GAP);
	/* One record too many each time, and what was on its way at the end. */
	ck_assert_uint_le(far.received,
	    (uint64_t)(PARTS + 2) *
		(LIMITS_LINK_ROOM_GAP + 2 * LIMITS_FRAME_BODY_MAX));
	linkpair_close(&pair);
}
END_TEST

START_TEST(who_has_room_may_close_the_link)
{
	struct story story = { .ends = true };

	open_with(&plain, &story);
	link_ask_room(pair.relay.link);
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq(story.rooms, 1);
	linkpair_close(&pair);
}
END_TEST

START_TEST(who_leaves_has_no_room)
{
	struct story story = { .parts = 1 };

	open_with(&plain, &story);
	link_ask_room(pair.relay.link);
	link_goaway(pair.relay.link, CODE_GOING_DOWN, "bye");
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq(story.rooms, 0);
	linkpair_close(&pair);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("linkroom");
	TCase *tcase = tcase_create("linkroom");

	tcase_add_test(tcase, room_comes_once_for_each_time_asked);
	tcase_add_test(tcase, what_is_queued_goes_first);
	tcase_add_test(tcase, a_slow_peer_gets_all_of_it);
	tcase_add_test(tcase, channels_go_between_the_parts);
	tcase_add_test(tcase, who_has_room_may_close_the_link);
	tcase_add_test(tcase, who_leaves_has_no_room);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
