/* SPDX-License-Identifier: ISC */
/*
 * Accounts at full load through one relay, one of them with a rate, on a clock
 * that only the test moves (PROTOCOL.md section 6).
 *
 *	senders --line, delay--> relay --one line, fair by accounts--> out
 *	   ^______credit, delay____|
 *
 * The relay grants and hands on as relay/switch does, with the real credit,
 * shaper and schedule; senders send whenever their credit allows it.
 */
#include <string.h>

#include "common/mem.h"
#include "protocol/credit.h"
#include "protocol/limits.h"
#include "protocol/schedule.h"
#include "protocol/shaper.h"
#include "tests/support/unit.h"

#define SEC LIMITS_SEC
#define MSEC LIMITS_MSEC
#define STEP (MSEC / 10)

/* A whole record as it is on the wire, and a keystroke. */
#define BULK (LIMITS_FRAME_HEAD_LEN + LIMITS_FRAME_BODY_MAX)
#define KEY 124

#define RTT (20 * MSEC)
#define SLOTS 1024

/* Bytes a second of the relay's line, and of each sender's. */
#define LINE 100000000
#define SENDER 125000000

/* The rate of the one that is limited. */
#define RATE 1250000

#define ACCOUNTS 11
#define CIRCUITS 16

/* What a channel has to send. */
enum habit {
	NOTHING,
	ALWAYS,
	NOW_AND_THEN, /* a keystroke every 50 ms */
};

struct circuit {
	enum habit habit;
	int account;
	uint64_t frame; /* wire bytes of each of its frames */
	struct credit credit;
	struct shaper_flow paid; /* of an account with a rate */
	struct schedule_flow flow;
	uint64_t forward[SLOTS]; /* frames on their way, by time */
	uint64_t back[SLOTS];    /* offsets on their way, by time */
	uint64_t may_send;
	uint64_t sent;
	double budget;
	uint64_t came_at;   /* when the oldest that waits came */
	uint64_t queue_max; /* bytes that waited at the relay */
	uint64_t wait_max;  /* nanoseconds for which one did */
};

struct world {
	uint64_t now;
	bool limited; /* account 0 has a rate */
	struct shaper shaper;
	struct schedule line;
	struct schedule_group accounts[ACCOUNTS];
	struct circuit circuits[CIRCUITS];
	size_t count;
	double budget;
	uint64_t moved[ACCOUNTS];
};

static struct world *world;

/* --- the relay ----------------------------------------------------------- */

static bool
has_rate(const struct circuit *circuit)
{
	return world->limited && circuit->account == 0;
}

static uint64_t
paid(const struct circuit *circuit)
{
	return has_rate(circuit) ? shaper_paid(&circuit->paid) : UINT64_MAX;
}

static uint64_t
queued(const struct circuit *circuit)
{
	return circuit->credit.received - circuit->credit.drained;
}

static size_t
slot_in(uint64_t ns)
{
	return (size_t)((world->now + ns) / STEP % SLOTS);
}

/* Grant what may be granted, ask for what may not, and hand on if there is. */
static void
settle(struct circuit *circuit)
{
	if (credit_raise(&circuit->credit, paid(circuit))) {
		circuit->back[slot_in(RTT / 2)] =
		    credit_granted(&circuit->credit);
	}
	if (has_rate(circuit)) {
		shaper_reach(&circuit->paid, credit_reach(&circuit->credit));
	}
	if (queued(circuit) > 0 &&
	    credit_is_paid(&circuit->credit, paid(circuit))) {
		schedule_add(&world->line, &circuit->flow);
	}
}

static void
receive(struct circuit *circuit)
{
	const size_t slot = slot_in(0);

	for (; circuit->forward[slot] > 0; circuit->forward[slot]--) {
		if (queued(circuit) == 0) {
			circuit->came_at = world->now;
		}
		ck_assert(credit_received(
			      &circuit->credit, (size_t)circuit->frame) == 0);
		settle(circuit);
	}
	if (queued(circuit) > circuit->queue_max) {
		circuit->queue_max = queued(circuit);
	}
}

static void
hand_on(struct circuit *circuit)
{
	const size_t frame = (size_t)circuit->frame;

	if (world->now - circuit->came_at > circuit->wait_max) {
		circuit->wait_max = world->now - circuit->came_at;
	}
	world->moved[circuit->account] += frame;
	credit_drained(
	    &circuit->credit, frame, queued(circuit) == frame, RTT, world->now);
	circuit->came_at = world->now;
	schedule_remove(&world->line, &circuit->flow);
	settle(circuit);
	schedule_charge(&world->line, &circuit->flow, frame);
}

static void
relay(void)
{
	struct shaper_flow *flow;

	for (size_t i = 0; i < world->count; i++) {
		receive(&world->circuits[i]);
	}
	for (size_t i = 0; world->limited && i < 1000; i++) {
		flow = shaper_next(&world->shaper, world->now);
		if (flow == NULL) {
			break;
		}
		settle(
		    (struct circuit *)(void *)((char *)flow -
					       offsetof(struct circuit, paid)));
	}
	world->budget += (double)LINE * STEP / SEC;
	while (world->budget > 0 && schedule_next(&world->line) != NULL) {
		struct schedule_flow *next = schedule_next(&world->line);
		struct circuit *circuit =
		    (struct circuit *)(void *)((char *)next -
					       offsetof(struct circuit, flow));

		world->budget -= (double)circuit->frame;
		hand_on(circuit);
	}
	if (world->budget > 0) {
		world->budget = 0;
	}
}

/* --- the senders --------------------------------------------------------- */

static void
send_one(struct circuit *circuit)
{
	circuit->sent += circuit->frame;
	circuit->forward[slot_in(RTT / 2)]++;
}

static void
sender(struct circuit *circuit)
{
	const size_t slot = slot_in(0);

	if (circuit->back[slot] > circuit->may_send) {
		circuit->may_send = circuit->back[slot];
	}
	circuit->back[slot] = 0;
	if (circuit->habit == NOW_AND_THEN && world->now % (50 * MSEC) == 0 &&
	    circuit->sent < circuit->may_send) {
		send_one(circuit);
	}
	if (circuit->habit != ALWAYS) {
		return;
	}
	circuit->budget += (double)SENDER * STEP / SEC;
	while (circuit->budget >= BULK && circuit->sent < circuit->may_send) {
		circuit->budget -= BULK;
		send_one(circuit);
	}
	if (circuit->budget > BULK) {
		circuit->budget = BULK;
	}
}

/* --- the test ------------------------------------------------------------ */

static struct circuit *
add(int account, enum habit habit)
{
	struct circuit *circuit = &world->circuits[world->count++];

	circuit->account = account;
	circuit->habit = habit;
	circuit->frame = habit == NOW_AND_THEN ? KEY : BULK;
	circuit->may_send = LIMITS_CREDIT_START;
	ck_assert(credit_init(&circuit->credit, NULL, LIMITS_CREDIT_START,
		      world->now) == 0);
	schedule_flow_init(&circuit->flow, &world->accounts[account]);
	if (has_rate(circuit)) {
		shaper_join(&world->shaper, &circuit->paid, 0);
		credit_shape(&circuit->credit, true);
	}
	return circuit;
}

/* Have ten accounts, or eleven, of which account 0 has the rate. */
static void
open_world(bool limited)
{
	world = mem_new(1, sizeof(*world));
	ck_assert_ptr_nonnull(world);
	world->now = SEC;
	world->limited = limited;
	schedule_init(&world->line);
	shaper_init(&world->shaper, RATE, shaper_burst(RATE), world->now);
	for (int i = 0; i < ACCOUNTS; i++) {
		schedule_group_init(&world->accounts[i]);
	}
	for (int i = 1; i < ACCOUNTS; i++) {
		(void)add(i, ALWAYS);
	}
}

static void
run(uint64_t ns)
{
	const uint64_t end = world->now + ns;

	memset(world->moved, 0, sizeof(world->moved));
	for (size_t i = 0; i < world->count; i++) {
		world->circuits[i].queue_max = 0;
		world->circuits[i].wait_max = 0;
	}
	for (; world->now < end; world->now += STEP) {
		for (size_t i = 0; i < world->count; i++) {
			sender(&world->circuits[i]);
		}
		relay();
	}
}

static void
assert_near(uint64_t value, double wanted)
{
	ck_assert_msg(
	    (double)value >= 0.95 * wanted && (double)value <= 1.05 * wanted,
	    "%.0f instead of %.0f", (double)value, wanted);
}

START_TEST(one_is_limited_and_ten_are_not)
{
	uint64_t alone[ACCOUNTS];
	const uint64_t burst = shaper_burst(RATE);
	struct circuit *bulk;
	struct circuit *keys;

	open_world(false);
	run(2 * SEC);
	run(5 * SEC);
	memcpy(alone, world->moved, sizeof(alone));
	mem_free(world);

	open_world(true);
	bulk = add(0, ALWAYS);
	(void)add(0, ALWAYS);
	(void)add(0, ALWAYS);
	(void)add(0, NOTHING);
	keys = add(0, NOW_AND_THEN);
	/* From the first second on, but for the burst. */
	run(SEC);
	ck_assert_uint_ge(world->moved[0], RATE);
	ck_assert_uint_le(world->moved[0], RATE + burst + BULK);
	ck_assert_uint_le(bulk->queue_max, 2 * LIMITS_CREDIT_START);
	run(SEC);
	assert_near(world->moved[0], RATE);
	run(5 * SEC);
	assert_near(world->moved[0], 5. * RATE);
	for (int i = 1; i < ACCOUNTS; i++) {
		assert_near(world->moved[i], (double)alone[i]);
	}
	/* Nothing piles up, and a keystroke does not wait for the bulk. */
	ck_assert_uint_le(bulk->queue_max, 2 * BULK);
	ck_assert_uint_le(keys->wait_max, 20 * MSEC);
	mem_free(world);
}
END_TEST

/* A rate that begins under load holds after what was granted before. */
START_TEST(a_rate_begins_and_ends)
{
	struct circuit *bulk;

	open_world(false);
	bulk = add(0, ALWAYS);
	run(2 * SEC);
	ck_assert_uint_gt(world->moved[0], 10 * RATE);
	world->limited = true;
	shaper_init(&world->shaper, RATE, shaper_burst(RATE), world->now);
	credit_shape(&bulk->credit, true);
	shaper_join(&world->shaper, &bulk->paid, credit_granted(&bulk->credit));
	settle(bulk);
	run(SEC);
	run(2 * SEC);
	assert_near(world->moved[0], 2. * RATE);
	world->limited = false;
	credit_shape(&bulk->credit, false);
	settle(bulk);
	run(SEC);
	run(2 * SEC);
	assert_near(world->moved[0], 2. * LINE / ACCOUNTS);
	mem_free(world);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rates");
	TCase *tcase = tcase_create("rates");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, one_is_limited_and_ten_are_not);
	tcase_add_test(tcase, a_rate_begins_and_ends);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
