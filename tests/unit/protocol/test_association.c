/* SPDX-License-Identifier: ISC */
/* Associations of two sessions that are joined in memory. */

#include "protocol/association.h"

#include <string.h>

#include "common/blob.h"
#include "protocol/dgram.h"
#include "protocol/limits.h"
#include "protocol/record.h"
#include "protocol/session_impl.h"
#include "tests/support/failalloc.h"
#include "tests/support/pair.h"
#include "tests/support/unit.h"

/* One end of an association, and what it was told. */
struct side {
	struct pair *pair;
	struct stream *stream;
	unsigned opened;
	unsigned datagrams;
	unsigned resets;
	enum code code;
	struct dgram_address address; /* of the last one */
	uint8_t data[LIMITS_DGRAM_MAX];
	size_t len;
};

struct rig {
	struct pair *pair;
	struct side near;
	struct side far;
};

static const struct dgram_address target = { .form = DGRAM_TARGET };
static const struct dgram_address dns = {
	.form = DGRAM_INET,
	.port = 53,
	.bytes = { 10, 0, 0, 1 },
};

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	struct side *side = arg;

	side->opened++;
	side->code = opened->code;
	if (opened->code != CODE_OK) {
		stream_release(side->stream);
		side->stream = NULL;
	}
}

static void
on_datagram(void *arg, const struct dgram_address *address, const uint8_t *data,
    size_t len)
{
	struct side *side = arg;

	side->datagrams++;
	side->address = *address;
	side->len = len;
	if (len > 0) {
		memcpy(side->data, data, len);
	}
}

static void
on_reset(void *arg, enum code code, int error)
{
	struct side *side = arg;

	(void)error;
	side->resets++;
	side->code = code;
	stream_release(side->stream);
	side->stream = NULL;
}

static const struct stream_ops side_ops = {
	.opened = on_opened,
	.datagram = on_datagram,
	.reset = on_reset,
};

/* The far side takes what comes: bytes, too. */
static void
on_open(struct pair_end *end, struct stream *stream)
{
	static const struct stream_opened ok = { .code = CODE_OK };
	struct rig *rig = end->arg;

	if (stream_is_association(stream)) {
		rig->far.stream = stream;
		stream_set_owner(stream, &side_ops, &rig->far);
		stream_answer(stream, &ok);
	}
}

static void
open_side(struct rig *rig)
{
	static const struct stream_target to = { STREAM_UDP, "office", 53 };

	rig->near.stream = stream_open(
	    rig->pair->opener.session, &to, false, &side_ops, &rig->near);
}

static void
begin(struct rig *rig, const struct pair_config *config)
{
	memset(rig, 0, sizeof(*rig));
	rig->pair = pair_new(config);
	ck_assert_ptr_nonnull(rig->pair);
	rig->near.pair = rig->pair;
	rig->far.pair = rig->pair;
	rig->pair->acceptor.on_open = on_open;
	rig->pair->acceptor.arg = rig;
	open_side(rig);
	ck_assert_ptr_nonnull(rig->near.stream);
}

/* As begin(), and both sides know that it is open. */
static void
begin_open(struct rig *rig, const struct pair_config *config)
{
	begin(rig, config);
	pair_settle(rig->pair);
	ck_assert_uint_eq(rig->near.opened, 1);
	ck_assert_int_eq(rig->near.code, CODE_OK);
	ck_assert_ptr_nonnull(rig->far.stream);
}

static void
finish(struct rig *rig)
{
	pair_free(rig->pair);
}

static void
say(struct side *side, const struct dgram_address *address, const char *text)
{
	association_send(side->stream, address, (const uint8_t *)text,
	    strlen(text), side->pair->now);
}

static bool
heard(const struct side *side, const char *text)
{
	return side->len == strlen(text) &&
	       memcmp(side->data, text, side->len) == 0;
}

static struct session_stats
stats(const struct pair_end *end)
{
	struct session_stats out;

	session_get_stats(end->session, &out);
	return out;
}

/* --- what works --------------------------------------------------------- */

START_TEST(both_ways)
{
	struct rig rig;

	begin_open(&rig, NULL);
	say(&rig.near, &dns, "question");
	pair_settle(rig.pair);
	ck_assert(heard(&rig.far, "question"));
	ck_assert(dgram_address_equal(&rig.far.address, &dns));
	say(&rig.far, &target, "answer");
	say(&rig.far, &dns, "");
	pair_settle(rig.pair);
	ck_assert_uint_eq(rig.near.datagrams, 2);
	ck_assert(heard(&rig.near, ""));
	ck_assert_uint_eq(stats(&rig.pair->opener).dgrams_sent, 1);
	ck_assert_uint_eq(stats(&rig.pair->opener).dgrams_received, 2);
	ck_assert_uint_eq(stats(&rig.pair->opener).dgrams_dropped, 0);
	/* No window is held for it. */
	ck_assert_uint_eq(rig.pair->acceptor.budget.used, 0);
	finish(&rig);
}
END_TEST

START_TEST(early_ones_follow_open)
{
	struct rig rig;

	begin(&rig, NULL);
	say(&rig.near, &target, "early");
	pair_settle(rig.pair);
	ck_assert(heard(&rig.far, "early"));
	ck_assert(rig.far.address.form == DGRAM_TARGET);
	finish(&rig);
}
END_TEST

START_TEST(longest_passes_and_longer_does_not)
{
	static uint8_t big[LIMITS_DGRAM_MAX + 1];
	struct rig rig;

	begin_open(&rig, NULL);
	association_send(rig.near.stream, &dns, big, LIMITS_DGRAM_MAX, 0);
	association_send(rig.near.stream, &dns, big, sizeof(big), 0);
	rig.pair->now = 0;
	pair_settle(rig.pair);
	ck_assert_uint_eq(rig.far.datagrams, 1);
	ck_assert_uint_eq(rig.far.len, LIMITS_DGRAM_MAX);
	ck_assert_uint_eq(stats(&rig.pair->opener).dgrams_dropped, 1);
	finish(&rig);
}
END_TEST

START_TEST(either_side_ends_it)
{
	struct rig rig;

	begin_open(&rig, NULL);
	say(&rig.near, &dns, "lost with it");
	stream_release(rig.near.stream);
	pair_settle(rig.pair);
	ck_assert_uint_eq(rig.far.resets, 1);
	ck_assert_int_eq(rig.far.code, CODE_CANCELLED);
	ck_assert_uint_eq(rig.far.datagrams, 0);
	ck_assert_uint_eq(rig.pair->opener.session->dgram_bytes, 0);
	ck_assert_uint_eq(stats(&rig.pair->opener).streams, 0);
	open_side(&rig);
	pair_settle(rig.pair);
	stream_reset(rig.far.stream, CODE_LIMIT, 0);
	pair_settle(rig.pair);
	ck_assert_uint_eq(rig.near.resets, 1);
	ck_assert_int_eq(rig.near.code, CODE_LIMIT);
	ck_assert_uint_eq(stats(&rig.pair->acceptor).streams, 0);
	finish(&rig);
}
END_TEST

/* --- what is lost ------------------------------------------------------- */

START_TEST(oldest_give_way)
{
	struct rig rig;

	begin_open(&rig, NULL);
	for (unsigned i = 0; i < LIMITS_DGRAM_QUEUE + 3; i++) {
		const char text[] = { (char)('0' + i), '\0' };

		say(&rig.near, &dns, text);
	}
	ck_assert_uint_eq(pair_pull(rig.pair, PAIR_TO_ACCEPTOR, 1), 1);
	(void)pair_deliver(rig.pair, PAIR_TO_ACCEPTOR);
	ck_assert(heard(&rig.far, "3"));
	pair_settle(rig.pair);
	ck_assert_uint_eq(rig.far.datagrams, LIMITS_DGRAM_QUEUE);
	ck_assert_uint_eq(stats(&rig.pair->opener).dgrams_dropped, 3);
	finish(&rig);
}
END_TEST

START_TEST(old_ones_are_not_sealed)
{
	struct rig rig;

	begin_open(&rig, NULL);
	say(&rig.near, &dns, "old");
	rig.pair->now += LIMITS_DGRAM_AGE;
	say(&rig.near, &dns, "new");
	rig.pair->now += 1;
	pair_settle(rig.pair);
	ck_assert_uint_eq(rig.far.datagrams, 1);
	ck_assert(heard(&rig.far, "new"));
	/* When all are too old nothing is sealed, and nothing spins. */
	say(&rig.near, &dns, "old");
	rig.pair->now += LIMITS_DGRAM_AGE + 1;
	ck_assert_uint_eq(pair_pull(rig.pair, PAIR_TO_ACCEPTOR, 9), 0);
	ck_assert(!session_is_ready(rig.pair->opener.session));
	finish(&rig);
}
END_TEST

/* What waits when the way is lost, and what comes while there is none. */
START_TEST(lost_while_there_is_no_way)
{
	struct rig rig;

	begin_open(&rig, NULL);
	say(&rig.near, &dns, "waiting");
	pair_cut(rig.pair);
	say(&rig.near, &dns, "paused");
	say(&rig.far, &dns, "paused");
	ck_assert_int_eq(pair_resume(rig.pair), 0);
	pair_settle(rig.pair);
	ck_assert_uint_eq(rig.far.datagrams + rig.near.datagrams, 0);
	ck_assert_uint_eq(stats(&rig.pair->opener).dgrams_dropped, 2);
	ck_assert_uint_eq(stats(&rig.pair->acceptor).dgrams_dropped, 1);
	/* The association itself goes on. */
	say(&rig.near, &dns, "after");
	say(&rig.far, &dns, "after");
	pair_settle(rig.pair);
	ck_assert(heard(&rig.far, "after"));
	ck_assert(heard(&rig.near, "after"));
	finish(&rig);
}
END_TEST

/* Sealed before the cut, so sent again; bytes among them arrive. */
START_TEST(replay_is_discarded)
{
	struct pair_peer a;
	struct pair_peer b;
	struct rig rig;

	begin_open(&rig, NULL);
	pair_peer_init(&a, rig.pair, 50000, true);
	pair_peer_init(&b, rig.pair, 0, false);
	pair_open(rig.pair, &a, false);
	pair_settle(rig.pair);
	pair_accept(rig.pair->acceptor.opened, &b);
	(void)pair_pull(rig.pair, PAIR_TO_OPENER, 9);
	while (rig.pair->pipes[PAIR_TO_OPENER].count > 0) {
		(void)pair_deliver(rig.pair, PAIR_TO_OPENER);
	}
	say(&rig.near, &dns, "sealed");
	ck_assert_uint_gt(pair_pull(rig.pair, PAIR_TO_ACCEPTOR, 99), 2);
	ck_assert_uint_eq(stats(&rig.pair->opener).dgrams_sent, 1);
	pair_cut(rig.pair);
	ck_assert_int_eq(pair_resume(rig.pair), 0);
	/* What is sealed after the resume is none of the replay. */
	say(&rig.near, &dns, "fresh");
	pair_settle(rig.pair);
	ck_assert_uint_eq(b.received, 50000);
	ck_assert(b.good);
	ck_assert_uint_eq(stats(&rig.pair->acceptor).dgrams_late, 1);
	ck_assert_uint_eq(rig.far.datagrams, 1);
	ck_assert(heard(&rig.far, "fresh"));
	/* All of it is acknowledged all the same. */
	pair_wait(rig.pair, LIMITS_ACK_DELAY);
	pair_settle(rig.pair);
	ck_assert_uint_lt(stats(&rig.pair->opener).retained, 1000);
	finish(&rig);
}
END_TEST

/* Near the limit of what may be unacknowledged only bytes go on. */
START_TEST(held_back_near_the_limit)
{
	struct pair_config config;
	struct pair_peer a;
	struct pair_peer b;
	struct rig rig;

	pair_defaults(&config);
	config.retain_max = 131072;
	begin_open(&rig, &config);
	pair_peer_init(&a, rig.pair, 90000, false);
	pair_peer_init(&b, rig.pair, 0, false);
	pair_open(rig.pair, &a, false);
	pair_settle(rig.pair);
	pair_accept(rig.pair->acceptor.opened, &b);
	a.to_send = 120000;
	(void)pair_pull(rig.pair, PAIR_TO_OPENER, 9);
	while (rig.pair->pipes[PAIR_TO_OPENER].count > 0) {
		(void)pair_deliver(rig.pair, PAIR_TO_OPENER);
	}
	stream_ready(a.stream);
	while (stats(&rig.pair->opener).retained < 131072 / 4 * 3) {
		ck_assert_uint_eq(pair_pull(rig.pair, PAIR_TO_ACCEPTOR, 1), 1);
	}
	say(&rig.near, &dns, "waits");
	(void)pair_pull(rig.pair, PAIR_TO_ACCEPTOR, 99);
	ck_assert_uint_eq(stats(&rig.pair->opener).dgrams_sent, 0);
	ck_assert(!session_is_ready(rig.pair->opener.session));
	say(&rig.near, &dns, "waits, too");
	ck_assert_uint_eq(pair_pull(rig.pair, PAIR_TO_ACCEPTOR, 99), 0);
	/* The acknowledgement lets them go. */
	pair_settle(rig.pair);
	ck_assert_uint_eq(rig.far.datagrams, 2);
	ck_assert(heard(&rig.far, "waits, too"));
	finish(&rig);
}
END_TEST

/*
 * Beside streams that always have something a datagram waits for one record
 * of another stream at most.
 */
START_TEST(bulk_does_not_delay)
{
	struct pair_peer bulk[8];
	struct pair_peer sinks[8];
	struct rig rig;

	begin_open(&rig, NULL);
	for (size_t i = 0; i < 8; i++) {
		pair_peer_init(&bulk[i], rig.pair, 0, false);
		pair_peer_init(&sinks[i], rig.pair, 0, false);
		pair_open(rig.pair, &bulk[i], false);
		pair_settle(rig.pair);
		pair_accept(rig.pair->acceptor.opened, &sinks[i]);
	}
	pair_settle(rig.pair);
	for (size_t i = 0; i < 8; i++) {
		bulk[i].to_send = 10000000;
		stream_ready(bulk[i].stream);
	}
	ck_assert_uint_eq(pair_pull(rig.pair, PAIR_TO_ACCEPTOR, 20), 20);
	for (unsigned i = 1; i <= 50; i++) {
		say(&rig.near, &dns, "a word of a call");
		(void)pair_pull(rig.pair, PAIR_TO_ACCEPTOR, 2);
		ck_assert_uint_eq(stats(&rig.pair->opener).dgrams_sent, i);
	}
	finish(&rig);
}
END_TEST

/*
 * Beside a stream that is only held up by what is unacknowledged: it must not
 * fill up what datagrams leave free.
 */
START_TEST(bulk_leaves_room)
{
	struct pair_config config;
	struct pair_peer a;
	struct pair_peer b;
	struct rig rig;

	pair_defaults(&config);
	config.retain_max = 131072;
	begin_open(&rig, &config);
	pair_peer_init(&a, rig.pair, 0, false);
	pair_peer_init(&b, rig.pair, 0, false);
	pair_open(rig.pair, &a, false);
	pair_settle(rig.pair);
	pair_accept(rig.pair->acceptor.opened, &b);
	pair_settle(rig.pair);
	a.to_send = 100000000;
	stream_ready(a.stream);
	for (unsigned i = 0; i < 500; i++) {
		rig.pair->now += LIMITS_MSEC;
		if (i % 10 == 0) {
			say(&rig.near, &dns, "a word of a call");
		}
		(void)pair_pull(rig.pair, PAIR_TO_ACCEPTOR, 99);
		(void)pair_deliver(rig.pair, PAIR_TO_ACCEPTOR);
		(void)pair_pull(rig.pair, PAIR_TO_OPENER, 9);
		while (rig.pair->pipes[PAIR_TO_OPENER].count > 0) {
			(void)pair_deliver(rig.pair, PAIR_TO_OPENER);
		}
	}
	ck_assert_uint_gt(b.received, 400 * UINT64_C(16384));
	ck_assert_uint_ge(rig.far.datagrams, 45);
	finish(&rig);
}
END_TEST

/* And it has no more than its turn: bytes go on beside a flood. */
START_TEST(flood_does_not_starve)
{
	static uint8_t big[LIMITS_DGRAM_MAX];
	struct pair_peer a;
	struct pair_peer b;
	struct rig rig;

	begin_open(&rig, NULL);
	pair_peer_init(&a, rig.pair, 0, false);
	pair_peer_init(&b, rig.pair, 0, false);
	pair_open(rig.pair, &a, false);
	pair_settle(rig.pair);
	pair_accept(rig.pair->acceptor.opened, &b);
	pair_settle(rig.pair);
	a.to_send = 1000000;
	stream_ready(a.stream);
	for (unsigned i = 0; i < 10; i++) {
		association_send(
		    rig.near.stream, &dns, big, sizeof(big), rig.pair->now);
		association_send(
		    rig.near.stream, &dns, big, sizeof(big), rig.pair->now);
		(void)pair_pull(rig.pair, PAIR_TO_ACCEPTOR, 2);
	}
	ck_assert_uint_ge(a.sent, UINT64_C(9) * 16384);
	finish(&rig);
}
END_TEST

/* --- misuse ------------------------------------------------------------- */

/* Seal a record with the key of its sender and let it arrive. */
static enum code
forge(struct pair *pair, int pipe, enum record_type type, uint32_t stream,
    const uint8_t *payload, size_t len)
{
	struct session *from = pipe == PAIR_TO_ACCEPTOR
				   ? pair->opener.session
				   : pair->acceptor.session;
	struct session *to = pipe == PAIR_TO_ACCEPTOR ? pair->acceptor.session
						      : pair->opener.session;
	struct record_head head = { .type = type, .stream = stream };
	uint8_t box[256];
	struct seal key = from->tx;

	record_head_encode(&head, box + LIMITS_TAG_LEN);
	memcpy(box + LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN, payload, len);
	seal_lock(&key, box, LIMITS_RECORD_HEAD_LEN + len);
	return session_receive(
	    to, box, LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN + len, pair->now);
}

/* Bytes and windows on an association, and addresses that are none. */
START_TEST(misuse_ends_the_association)
{
	static const uint8_t zero[16];
	static const uint8_t no_port[] = { 1, 10, 0, 0, 1, 0, 0 };
	static const struct {
		enum record_type type;
		const uint8_t *payload;
		size_t len;
	} cases[] = {
		{ RECORD_DATA, zero, 0 },
		{ RECORD_DATA, zero, 1 },
		{ RECORD_WINDOW, zero, 16 },
		{ RECORD_DGRAM, no_port, sizeof(no_port) },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int pipe = 0; pipe < 2; pipe++) {
			struct rig rig;

			begin_open(&rig, NULL);
			ck_assert_int_eq(forge(rig.pair, pipe, cases[i].type, 1,
					     cases[i].payload, cases[i].len),
			    CODE_OK);
			ck_assert_uint_eq(rig.near.resets + rig.far.resets, 1);
			ck_assert_uint_eq(
			    rig.near.datagrams + rig.far.datagrams, 0);
			finish(&rig);
		}
	}
}
END_TEST

START_TEST(datagrams_are_no_bytes)
{
	static const uint8_t payload[] = { 0, 1, 2 };
	struct pair *pair = pair_new(NULL);
	struct pair_peer a;
	struct pair_peer b;

	pair_peer_init(&a, pair, 0, false);
	pair_peer_init(&b, pair, 0, false);
	pair_open(pair, &a, false);
	pair_settle(pair);
	pair_accept(pair->acceptor.opened, &b);
	ck_assert_int_eq(forge(pair, PAIR_TO_ACCEPTOR, RECORD_DGRAM, 1, payload,
			     sizeof(payload)),
	    CODE_OK);
	ck_assert_uint_eq(b.resets, 1);
	ck_assert_int_eq(b.reset_code, CODE_PROTOCOL_ERROR);
	pair_free(pair);
}
END_TEST

/* The opener takes none before it knows that there is an association. */
START_TEST(none_before_opened)
{
	static const uint8_t payload[] = { 0, 1, 2 };
	struct rig rig;

	begin(&rig, NULL);
	(void)forge(rig.pair, PAIR_TO_OPENER, RECORD_DGRAM, 1, payload, 3);
	ck_assert_uint_eq(rig.near.resets, 1);
	ck_assert_uint_eq(rig.near.datagrams, 0);
	finish(&rig);
}
END_TEST

/* A stream that the acceptor has not answered has nobody who could send. */
START_TEST(unanswered_takes_none)
{
	struct rig rig;
	struct stream *stream;

	begin(&rig, NULL);
	rig.pair->acceptor.on_open = NULL;
	say(&rig.near, &dns, "early");
	pair_settle(rig.pair);
	stream = rig.pair->acceptor.opened;
	stream_set_owner(stream, &side_ops, &rig.far);
	rig.far.stream = stream;
	say(&rig.near, &dns, "early");
	say(&rig.far, &dns, "nobody has answered");
	pair_settle(rig.pair);
	ck_assert_uint_eq(rig.far.datagrams + rig.near.datagrams, 0);
	ck_assert_uint_eq(rig.near.resets, 0);
	finish(&rig);
}
END_TEST

/* Behind the end, and behind the end of the session. */
START_TEST(nothing_after_the_end)
{
	struct stream *held;
	struct rig rig;

	begin_open(&rig, NULL);
	session_close(rig.pair->acceptor.session, CODE_GOING_DOWN, 0);
	ck_assert_uint_eq(rig.far.resets, 1);
	held = rig.near.stream;
	say(&rig.near, &dns, "to nobody");
	session_close(rig.pair->opener.session, CODE_GOING_DOWN, 0);
	ck_assert_uint_eq(rig.near.resets, 1);
	(void)held;
	ck_assert_uint_eq(rig.pair->opener.session->dgram_bytes, 0);
	finish(&rig);
}
END_TEST

/* --- memory -------------------------------------------------------------- */

START_TEST(no_memory_loses_datagrams_and_nothing_else)
{
	bool more = true;

	for (long n = 1; more; n++) {
		struct rig rig;

		begin_open(&rig, NULL);
		failalloc_after(n);
		say(&rig.near, &dns, "one");
		pair_settle(rig.pair);
		say(&rig.far, &dns, "two");
		pair_settle(rig.pair);
		more = failalloc_hit();
		failalloc_off();
		pair_settle(rig.pair);
		say(&rig.near, &dns, "three");
		pair_settle(rig.pair);
		ck_assert(heard(&rig.far, "three"));
		ck_assert_uint_eq(rig.near.resets + rig.far.resets, 0);
		finish(&rig);
	}
}
END_TEST

START_TEST(no_memory_opens_nothing)
{
	bool more = true;

	for (long n = 1; more; n++) {
		struct rig rig;

		begin_open(&rig, NULL);
		stream_release(rig.near.stream);
		pair_settle(rig.pair);
		failalloc_after(n);
		open_side(&rig);
		more = failalloc_hit();
		failalloc_off();
		ck_assert(more == (rig.near.stream == NULL));
		finish(&rig);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("association");
	TCase *tc = tcase_create("association");

	tcase_add_test(tc, both_ways);
	tcase_add_test(tc, early_ones_follow_open);
	tcase_add_test(tc, longest_passes_and_longer_does_not);
	tcase_add_test(tc, either_side_ends_it);
	tcase_add_test(tc, oldest_give_way);
	tcase_add_test(tc, old_ones_are_not_sealed);
	tcase_add_test(tc, lost_while_there_is_no_way);
	tcase_add_test(tc, replay_is_discarded);
	tcase_add_test(tc, held_back_near_the_limit);
	tcase_add_test(tc, bulk_does_not_delay);
	tcase_add_test(tc, bulk_leaves_room);
	tcase_add_test(tc, flood_does_not_starve);
	tcase_add_test(tc, misuse_ends_the_association);
	tcase_add_test(tc, datagrams_are_no_bytes);
	tcase_add_test(tc, none_before_opened);
	tcase_add_test(tc, unanswered_takes_none);
	tcase_add_test(tc, nothing_after_the_end);
	tcase_add_test(tc, no_memory_loses_datagrams_and_nothing_else);
	tcase_add_test(tc, no_memory_opens_nothing);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
