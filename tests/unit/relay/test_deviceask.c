/* SPDX-License-Identifier: ISC */
/* What gateways ask for that waits for the store: how much, and its end. */
#include <stdio.h>
#include <string.h>

#include "protocol/sharemsg.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/hubrig.h"

/* Questions of one kind that may wait. */
#define MOST 8

static struct hubrig rig;
static struct hubrig_who laptop;
static struct hubrig_who office;
static struct hubrig_device alice;

static void
setup(void)
{
	const struct hubrig_config config = { .budget = 0 };

	hubrig_open(&rig, &config);
	hubrig_enrol(&rig, &laptop, LINKHELLO_GATEWAY, "alice", "laptop");
	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	hubrig_join(&rig, &alice, &laptop);
}

static void
teardown(void)
{
	hubrig_leave(&alice);
	hubrig_close(&rig);
}

static void
ask_to_invite(uint32_t request)
{
	struct linkmsg_invite invite = {
		.request = request,
		.role = LINKHELLO_AGENT,
		.uses = 1,
	};
	uint8_t payload[LIMITS_CONTROL_MAX];
	size_t len;

	(void)snprintf(
	    invite.name, sizeof(invite.name), "host%u", (unsigned)request);
	len = linkmsg_invite_encode(&invite, payload, sizeof(payload));
	ck_assert_uint_gt(len, 0);
	hubrig_send(&alice, FRAME_INVITE, 0, payload, len);
}

static void
ask_to_share(uint32_t request)
{
	const struct sharemsg_share share = {
		.verb = SHAREMSG_SHARE,
		.request = request,
		.host = "office",
		.user = "bob",
		.share = request,
	};
	uint8_t payload[SHAREMSG_MAX];
	size_t len = sharemsg_share_encode(&share, payload, sizeof(payload));

	ck_assert_uint_gt(len, 0);
	hubrig_send(&alice, FRAME_SHARE, 0, payload, len);
}

/* The INVITED that came last answers request with code. */
static void
invited(uint32_t request, enum code code)
{
	const struct hubrig_frame *frame = &alice.last[FRAME_INVITED];
	struct linkmsg_invited invited;

	ck_assert_int_eq(
	    linkmsg_invited_decode(&invited, frame->payload, frame->len), 0);
	ck_assert_uint_eq(invited.request, request);
	ck_assert_int_eq((int)invited.code, (int)code);
}

/* The same of SHARED. */
static void
shared(uint32_t request, enum code code)
{
	const struct hubrig_frame *frame = &alice.last[FRAME_SHARED];
	struct sharemsg_shared shared;

	ck_assert_int_eq(
	    sharemsg_shared_decode(&shared, frame->payload, frame->len), 0);
	ck_assert_uint_eq(shared.request, request);
	ck_assert_int_eq((int)shared.code, (int)code);
}

static void
ask_all(void)
{
	for (uint32_t i = 1; i <= MOST; i++) {
		ask_to_invite(i);
		ask_to_share(i);
	}
	hubrig_settle(&rig);
	ck_assert_int_eq(alice.count[FRAME_INVITED], 0);
	ck_assert_int_eq(alice.count[FRAME_SHARED], 0);
}

/* So many of each kind wait; another one is refused and changes nothing. */
START_TEST(as_many_as_may_wait)
{
	ask_all();
	ask_to_invite(MOST + 1);
	ck_assert(hubrig_await(&alice, FRAME_INVITED, 1));
	invited(MOST + 1, CODE_OVERLOADED);
	ask_to_share(MOST + 1);
	ck_assert(hubrig_await(&alice, FRAME_SHARED, 1));
	shared(MOST + 1, CODE_OVERLOADED);
	hubrig_commit(&rig);
	ck_assert(hubrig_await(&alice, FRAME_INVITED, 1 + MOST));
	invited(MOST, CODE_OK);
	ck_assert(hubrig_await(&alice, FRAME_SHARED, 1 + MOST));
	shared(MOST, CODE_OK);
	/* There is room again. */
	ask_to_invite(MOST + 2);
	hubrig_settle(&rig);
	hubrig_commit(&rig);
	ck_assert(hubrig_await(&alice, FRAME_INVITED, 2 + MOST));
	invited(MOST + 2, CODE_OK);
}
END_TEST

/* What is on its way is done, though nobody is there to be told. */
START_TEST(who_asked_leaves)
{
	ask_to_share(1);
	ask_to_invite(2);
	hubrig_settle(&rig);
	ck_assert_int_eq(alice.count[FRAME_SHARED], 0);
	hubrig_leave(&alice);
	hubrig_settle(&rig);
	ck_assert_ptr_null(hubrig_end(&rig, &laptop));
	hubrig_commit(&rig);
	ck_assert_ptr_nonnull(account_find_share(rig.book, 1));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deviceask");
	TCase *tcase = tcase_create("deviceask");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, as_many_as_may_wait);
	tcase_add_test(tcase, who_asked_leaves);
	return unit_main(suite);
}
