/* SPDX-License-Identifier: ISC */
/* Callers of another account: what a share lets them do, and its end. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/callers.h"
#include "agent/orders.h"
#include "agent/revoked.h"
#include "common/fault.h"
#include "common/loop.h"
#include "protocol/agentorder.h"
#include "protocol/carrier.h"
#include "tests/support/asker.h"
#include "tests/support/await.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"
#include "tests/unit/agent/callersrig.h"

#define SHARE 42

/* It outlives the tests, because streams end with it. */
static struct callersrig rig;
static struct asker bob;
static struct orders *orders;
static struct revoked *revoked;
static char directory[TEMPDIR_LEN];
static int executed;

static void
execute(
    const struct agentorder *order, struct agentorder_answer *answer, void *arg)
{
	struct fault fault;

	(void)arg;
	executed++;
	ck_assert_int_eq(order->verb, AGENTORDER_REVOKE);
	(void)revoked_add(revoked, order->share, order->expiry, 1, &fault);
	callers_end_share(rig.callers, order->share);
	(void)snprintf(answer->text, sizeof(answer->text), "done");
}

static void
setup(void)
{
	struct callers_config config = { .streams_max = 0 };
	struct fault fault;

	tempdir_new(directory);
	revoked = revoked_open(directory, &fault);
	ck_assert_ptr_nonnull(revoked);
	callersrig_open(&rig, 60);
	orders = orders_new(rig.loop, execute, NULL);
	ck_assert_ptr_nonnull(orders);
	config.orders = orders;
	callersrig_start(&rig, &config);
	rig.self.revoked = revoked;
	asker_init_other(&bob, &rig.asker);
	(void)snprintf(bob.caller.user, sizeof(bob.caller.user), "bob");
	bob.caller.share = SHARE;
	executed = 0;
}

static void
teardown(void)
{
	callers_free(rig.callers);
	rig.callers = NULL;
	orders_free(orders);
	asker_end(&bob);
	callersrig_close(&rig);
	revoked_free(revoked);
	tempdir_remove(directory);
}

/* The clock of time() is up to some milliseconds behind that of the loop. */
static void
await_expiry(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	ck_assert_uint_ge((uint64_t)time(NULL) + 1, bob.caller.expiry);
	while ((uint64_t)time(NULL) < bob.caller.expiry) {
		(void)nanosleep(&pause, NULL);
	}
}

START_TEST(ports_are_limited)
{
	struct callersrig_visit *visit;
	struct callersrig_opening *opening;

	(void)snprintf(bob.caller.rights, sizeof(bob.caller.rights), "ports=%u",
	    (unsigned)rig.port);
	visit = callersrig_begin(&rig, &bob);
	opening = callersrig_open_stream(visit, rig.port);
	ck_assert_int_eq(opening->outcome.code, CODE_OK);
	opening = callersrig_open_stream(visit, (uint16_t)(rig.port ^ 1));
	ck_assert_int_eq(opening->outcome.code, CODE_DENIED);
	ck_assert(strstr(opening->outcome.text, "share") != NULL);
	(void)close(accept(rig.service, NULL, NULL));
}
END_TEST

START_TEST(ends_when_it_expires)
{
	struct callersrig_visit *visit;
	struct callersrig_opening *opening;

	bob.caller.expiry = (uint64_t)time(NULL) + 2;
	visit = callersrig_begin(&rig, &bob);
	opening = callersrig_open_stream(visit, rig.port);
	ck_assert_int_eq(opening->outcome.code, CODE_OK);
	callersrig_await_ended(visit);
	ck_assert_int_eq(visit->code, CODE_DENIED);
	ck_assert_int_eq(opening->resets, 1);
	ck_assert_int_eq(opening->code, CODE_DENIED);
	await_expiry();
	/* Nor does another one begin. */
	visit = callersrig_attach(&rig, &bob);
	callersrig_await_settled(visit);
	ck_assert_int_eq(visit->code, CODE_DENIED);
	ck_assert(strstr(visit->text, "expired") != NULL);
	(void)close(accept(rig.service, NULL, NULL));
}
END_TEST

/* One that waits for its gateway ends as well. */
START_TEST(does_not_go_on_when_it_expired)
{
	struct callersrig_visit *visit;

	bob.caller.expiry = (uint64_t)time(NULL) + 2;
	visit = callersrig_begin(&rig, &bob);
	callersrig_cut(&rig);
	callersrig_await_lost(&rig, 1);
	callersrig_await_lost(&rig, 0);
	await_expiry();
	callersrig_relink(&rig);
	memcpy(bob.question, visit->id, sizeof(bob.question));
	visit = callersrig_attach(&rig, &bob);
	callersrig_await_settled(visit);
	ck_assert_int_eq(visit->attached, 0);
	ck_assert_int_eq(visit->code, CODE_DENIED);
}
END_TEST

static const struct stream_ops desk_ops;

/* What the owner says to the agent, and hears. */
struct desk {
	struct stream *stream;
	uint8_t out[2 * AGENTORDER_MAX];
	size_t out_len;
	size_t out_sent;
	bool fin;
	uint8_t in[512];
	size_t in_len;
	int answered;
	int ended;
	enum code code;
};

static size_t
on_pull(void *arg, uint8_t *out, size_t max, bool *fin)
{
	struct desk *desk = arg;
	size_t n = desk->out_len - desk->out_sent;

	n = n < max ? n : max;
	memcpy(out, desk->out + desk->out_sent, n);
	desk->out_sent += n;
	*fin = desk->fin && desk->out_sent == desk->out_len;
	return n;
}

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	struct desk *desk = arg;

	if (opened->code != CODE_OK) {
		desk->code = opened->code;
		desk->ended++;
	}
}

static void
on_data(void *arg, const uint8_t *data, size_t len)
{
	struct desk *desk = arg;

	ck_assert_uint_le(len, sizeof(desk->in) - desk->in_len);
	memcpy(desk->in + desk->in_len, data, len);
	desk->in_len += len;
	stream_consumed(desk->stream, len, loop_now(rig.loop));
	desk->answered++;
}

static void
on_fin(void *arg)
{
	struct desk *desk = arg;

	desk->ended++;
}

static void
on_reset(void *arg, enum code code, int error)
{
	struct desk *desk = arg;

	(void)error;
	desk->code = code;
	desk->ended++;
}

static const struct stream_ops desk_ops = {
	.pull = on_pull,
	.opened = on_opened,
	.data = on_data,
	.fin = on_fin,
	.reset = on_reset,
};

/* Open a stream to name over visit with what desk says. */
static void
visit_desk(struct callersrig_visit *visit, const char *name, struct desk *desk)
{
	struct stream_target target = { .protocol = STREAM_TCP };

	(void)snprintf(target.name, sizeof(target.name), "%s", name);
	desk->stream = stream_open(
	    carrier_session(visit->carrier), &target, false, &desk_ops, desk);
	ck_assert_ptr_nonnull(desk->stream);
	stream_ready(desk->stream);
}

START_TEST(owner_ends_a_share)
{
	struct callersrig_visit *visit = callersrig_begin(&rig, &bob);
	struct callersrig_visit *own = callersrig_begin(&rig, &rig.asker);
	struct callersrig_opening *opening =
	    callersrig_open_stream(visit, rig.port);
	const struct agentorder order = { .verb = AGENTORDER_REVOKE,
		.share = SHARE };
	struct desk desk = { .fin = true };
	struct agentorder_answer answer;
	size_t used = 0;

	ck_assert_int_eq(opening->outcome.code, CODE_OK);
	/* Twice, and then no more. */
	desk.out_len = agentorder_encode(&order, desk.out);
	desk.out_len += agentorder_encode(&order, desk.out + desk.out_len);
	visit_desk(own, AGENTORDER_TARGET, &desk);
	ck_assert(await_count(rig.loop, &desk.ended, 1));
	ck_assert_int_eq(desk.code, CODE_OK);
	ck_assert_int_eq(executed, 2);
	ck_assert_int_eq(
	    agentorder_decode_answer(&answer, desk.in, desk.in_len, &used),
	    WIRE_OK);
	ck_assert_int_eq(answer.code, CODE_OK);
	ck_assert_str_eq(answer.text, "done");
	ck_assert_uint_eq(2 * used, desk.in_len);
	stream_release(desk.stream);
	callersrig_await_ended(visit);
	ck_assert_int_eq(visit->code, CODE_DENIED);
	ck_assert_int_eq(opening->code, CODE_DENIED);
	ck_assert_int_eq(own->ended, 0);
	/* It stays so. */
	visit = callersrig_attach(&rig, &bob);
	callersrig_await_settled(visit);
	ck_assert_int_eq(visit->code, CODE_DENIED);
	ck_assert(strstr(visit->text, "ended") != NULL);
	(void)close(accept(rig.service, NULL, NULL));
}
END_TEST

START_TEST(orders_are_the_owners)
{
	struct desk desk = { .fin = true };
	struct desk other = { .fin = true };

	visit_desk(callersrig_begin(&rig, &bob), AGENTORDER_TARGET, &desk);
	ck_assert(await_count(rig.loop, &desk.ended, 1));
	ck_assert_int_eq(desk.code, CODE_DENIED);
	visit_desk(callersrig_begin(&rig, &rig.asker), "@other", &other);
	ck_assert(await_count(rig.loop, &other.ended, 1));
	ck_assert_int_eq(other.code, CODE_VERSION);
	stream_release(desk.stream);
	stream_release(other.stream);
	ck_assert_int_eq(executed, 0);
}
END_TEST

START_TEST(what_is_no_order_is_reset)
{
	static const struct {
		uint8_t bytes[2 * AGENTORDER_MAX];
		size_t len;
		int executed;
	} cases[] = {
		{ { 0, 0 }, 2, 0 },
		{ { 0, 17, 1 }, 19, 0 },
		/* Half an order, and no more. */
		{ { 0, 17, 1, 1 }, 4, 0 },
		/* More than may wait. */
		{ { 0, 254, 9 }, 2 * AGENTORDER_MAX, 0 },
	};
	struct callersrig_visit *visit = callersrig_begin(&rig, &rig.asker);
	static struct desk desks[4];

	memset(desks, 0, sizeof(desks));
	for (size_t i = 0; i < 4; i++) {
		desks[i].fin = true;
		desks[i].out_len = cases[i].len;
		memcpy(desks[i].out, cases[i].bytes, cases[i].len);
		visit_desk(visit, AGENTORDER_TARGET, &desks[i]);
		ck_assert(await_count(rig.loop, &desks[i].ended, 1));
		ck_assert_int_eq(desks[i].code, CODE_PROTOCOL_ERROR);
		stream_release(desks[i].stream);
	}
	ck_assert_int_eq(executed, 0);
	ck_assert_int_eq(visit->ended, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("callersshare");
	TCase *tcase = tcase_create("callersshare");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, ports_are_limited);
	tcase_add_test(tcase, ends_when_it_expires);
	tcase_add_test(tcase, does_not_go_on_when_it_expired);
	tcase_add_test(tcase, owner_ends_a_share);
	tcase_add_test(tcase, orders_are_the_owners);
	tcase_add_test(tcase, what_is_no_order_is_reset);
	return unit_main(suite);
}
