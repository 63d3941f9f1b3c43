/* SPDX-License-Identifier: ISC */
/* Hosts that are shared: who is shown them, who may attach, and the end. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/loop.h"
#include "protocol/link.h"
#include "protocol/sharemsg.h"
#include "relay/directory.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/hubrig.h"

#define ID UINT64_C(0xf000000000000007)

static struct hubrig rig;
static struct hubrig_who laptop; /* a gateway of alice's */
static struct hubrig_who office; /* her host */
static struct hubrig_who tablet; /* a gateway of bob's */
static struct hubrig_device alice;
static struct hubrig_device agent;
static struct hubrig_device bob;
static uint32_t requests;

/* A channel of bob's. */
struct call {
	struct channel *channel; /* NULL: it has ended */
	enum code code;
	char text[LIMITS_TEXT_LEN];
};
static struct call calls[8];
static uint32_t last_call;

/* Do all that is due. */
static void
tick(struct account_book *book, uint64_t now)
{
	while (account_book_tick(book, now)) {
	}
}

static void
setup(void)
{
	const struct hubrig_config config = { .budget = 0 };

	hubrig_open(&rig, &config);
	hubrig_enrol(&rig, &laptop, LINKHELLO_GATEWAY, "alice", "laptop");
	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	hubrig_enrol(&rig, &tablet, LINKHELLO_GATEWAY, "bob", "tablet");
	hubrig_join(&rig, &agent, &office);
	hubrig_join(&rig, &alice, &laptop);
	hubrig_join(&rig, &bob, &tablet);
	memset(calls, 0, sizeof(calls));
	last_call = 0;
	requests = 0;
}

static void
teardown(void)
{
	hubrig_leave(&alice);
	hubrig_leave(&agent);
	hubrig_leave(&bob);
	memset(&alice, 0, sizeof(alice));
	memset(&agent, 0, sizeof(agent));
	memset(&bob, 0, sizeof(bob));
	hubrig_close(&rig);
}

/* Send what alice's gateway wants, and return what is answered. */
static struct sharemsg_shared
tell(struct hubrig_device *device, const struct sharemsg_share *share)
{
	struct sharemsg_share message = *share;
	struct sharemsg_shared shared;
	uint8_t payload[SHAREMSG_MAX];
	int before = device->count[FRAME_SHARED];
	size_t len;

	message.request = ++requests;
	len = sharemsg_share_encode(&message, payload, sizeof(payload));
	ck_assert_uint_gt(len, 0);
	hubrig_send(device, FRAME_SHARE, 0, payload, len);
	hubrig_settle(&rig);
	hubrig_commit(&rig);
	ck_assert(hubrig_await(device, FRAME_SHARED, before + 1));
	ck_assert_int_eq(
	    sharemsg_shared_decode(&shared, device->last[FRAME_SHARED].payload,
		device->last[FRAME_SHARED].len),
	    0);
	ck_assert_uint_eq(shared.request, requests);
	return shared;
}

/* Share office with bob by the id. */
static struct sharemsg_shared
share(uint64_t id, uint64_t expiry)
{
	const struct sharemsg_share message = {
		.verb = SHAREMSG_SHARE,
		.host = "office",
		.user = "bob",
		.share = id,
		.expiry = expiry,
		.rights = "ports=22",
	};

	return tell(&alice, &message);
}

/* End a share, or with id 0 all. */
static struct sharemsg_shared
unshare(uint64_t id)
{
	struct sharemsg_share message = {
		.verb = SHAREMSG_UNSHARE,
		.share = id,
	};

	if (id == 0) {
		(void)snprintf(message.host, sizeof(message.host), "office");
		(void)snprintf(message.user, sizeof(message.user), "bob");
	}
	return tell(&alice, &message);
}

/* Return what bob was told of hosts last, which is of one of alice's. */
static enum linkmsg_host_state
told(int n)
{
	struct linkmsg_host host;
	size_t offset = 1;

	ck_assert(hubrig_await(&bob, FRAME_HOSTS, n));
	ck_assert_int_eq(bob.count[FRAME_HOSTS], n);
	ck_assert_int_eq(linkmsg_host_next(&host, bob.last[FRAME_HOSTS].payload,
			     bob.last[FRAME_HOSTS].len, &offset),
	    1);
	ck_assert_str_eq(host.owner, "alice");
	ck_assert_str_eq(host.name, "office");
	return host.state;
}

static void
on_detached(void *arg, enum code code, const char *text)
{
	struct call *call = arg;

	call->channel = NULL;
	call->code = code;
	(void)snprintf(call->text, sizeof(call->text), "%s", text);
}

static const struct channel_ops call_ops = { .detached = on_detached };

/* Let bob attach to office by the share, and return how it went. */
static enum code
attach(uint64_t id)
{
	static const uint8_t message[132] = { 1 };
	struct call *call = &calls[++last_call];
	struct linkmsg_attach attach = {
		.owner = "alice",
		.host = "office",
		.epoch = 1,
		.caller = { .share = id },
		.message = message,
		.message_len = sizeof(message),
	};
	uint8_t payload[2048];
	int before = agent.count[FRAME_ATTACH];
	size_t len;

	(void)snprintf(attach.caller.user, sizeof(attach.caller.user), "%s",
	    bob.result.user);
	len = linkmsg_attach_encode(&attach, payload, sizeof(payload));
	ck_assert_uint_gt(len, 0);
	call->channel =
	    channel_new(bob.side.link, last_call, NULL, &call_ops, call);
	ck_assert_ptr_nonnull(call->channel);
	hubrig_send(&bob, FRAME_ATTACH, last_call, payload, len);
	while (agent.count[FRAME_ATTACH] == before && call->channel != NULL) {
		loop_poll(rig.loop);
	}
	return agent.count[FRAME_ATTACH] > before ? CODE_OK : call->code;
}

/* Wait until bob's channel number n has ended. */
static void
await_ended(uint32_t n)
{
	while (calls[n].channel != NULL) {
		loop_poll(rig.loop);
	}
	ck_assert_int_eq(calls[n].code, CODE_DENIED);
}

START_TEST(shown_while_it_is_shared)
{
	struct sharemsg_shared shared;

	ck_assert_int_eq(attach(ID), CODE_HOST_UNKNOWN);
	shared = share(ID, 0);
	ck_assert_int_eq(shared.code, CODE_OK);
	ck_assert_uint_eq(shared.count, 1);
	ck_assert_uint_eq(shared.list[0].share, ID);
	ck_assert_int_eq(told(2), LINKMSG_ONLINE);
	ck_assert_int_eq(attach(ID), CODE_OK);
	ck_assert_int_eq(attach(ID + 1), CODE_HOST_UNKNOWN);
	hubrig_leave(&agent);
	ck_assert_int_eq(told(3), LINKMSG_OFFLINE);
	memset(&agent, 0, sizeof(agent));
	hubrig_join(&rig, &agent, &office);
	ck_assert_int_eq(told(4), LINKMSG_ONLINE);
	shared = unshare(ID);
	ck_assert_int_eq(shared.code, CODE_OK);
	ck_assert_str_eq(shared.host, "office");
	ck_assert_str_eq(shared.user, "bob");
	ck_assert_uint_eq(shared.count, 1);
	ck_assert_int_eq(told(5), LINKMSG_REMOVED);
	ck_assert_int_eq(attach(ID), CODE_HOST_UNKNOWN);
	/* What happens to the host is none of bob's affair any more. */
	hubrig_leave(&agent);
	hubrig_settle(&rig);
	ck_assert_int_eq(bob.count[FRAME_HOSTS], 5);
	ck_assert_int_eq(unshare(ID).code, CODE_HOST_UNKNOWN);
}
END_TEST

START_TEST(its_end_ends_channels)
{
	(void)share(ID, 0);
	(void)share(ID + 1, 0);
	ck_assert_int_eq(attach(ID), CODE_OK);
	ck_assert_int_eq(attach(ID + 1), CODE_OK);
	(void)unshare(ID);
	await_ended(1);
	ck_assert(strstr(calls[1].text, "ended") != NULL);
	hubrig_settle(&rig);
	/* The other share is still there, and so is the host. */
	ck_assert_ptr_nonnull(calls[2].channel);
	ck_assert_int_eq(told(3), LINKMSG_ONLINE);
	ck_assert_uint_eq(unshare(0).count, 1);
	await_ended(2);
	ck_assert_int_eq(told(4), LINKMSG_REMOVED);
}
END_TEST

/* Both shares are of one host, which is told once. */
START_TEST(told_at_login)
{
	struct linkmsg_host host;
	size_t offset = 1;

	(void)share(ID, 0);
	(void)share(ID + 1, 0);
	hubrig_leave(&bob);
	memset(&bob, 0, sizeof(bob));
	hubrig_join(&rig, &bob, &tablet);
	ck_assert_int_eq(told(1), LINKMSG_ONLINE);
	ck_assert_int_eq(bob.last[FRAME_HOSTS].payload[0],
	    LINKMSG_HOSTS_FIRST | LINKMSG_HOSTS_LAST);
	(void)linkmsg_host_next(&host, bob.last[FRAME_HOSTS].payload,
	    bob.last[FRAME_HOSTS].len, &offset);
	ck_assert_int_eq(linkmsg_host_next(&host, bob.last[FRAME_HOSTS].payload,
			     bob.last[FRAME_HOSTS].len, &offset),
	    0);
	hubrig_leave(&agent);
	ck_assert_int_eq(told(2), LINKMSG_OFFLINE);
}
END_TEST

START_TEST(expires)
{
	uint64_t now = (uint64_t)time(NULL);

	(void)share(ID, now + 3600);
	ck_assert_int_eq(attach(ID), CODE_OK);
	tick(rig.book, now);
	ck_assert_ptr_nonnull(account_find_share(rig.book, ID));
	tick(rig.book, now + 3600);
	ck_assert_ptr_null(account_find_share(rig.book, ID));
	await_ended(1);
	ck_assert_int_eq(told(3), LINKMSG_REMOVED);
	/* One that is over already helps nobody. */
	(void)share(ID + 1, 1);
	ck_assert_int_eq(attach(ID + 1), CODE_HOST_UNKNOWN);
}
END_TEST

START_TEST(only_what_is_ones_own)
{
	struct sharemsg_share message = {
		.verb = SHAREMSG_SHARE,
		.host = "office",
		.user = "alice",
		.share = ID,
	};

	/* bob has no such host, and alice needs no share. */
	ck_assert_int_eq(tell(&bob, &message).code, CODE_HOST_UNKNOWN);
	ck_assert_int_eq(tell(&alice, &message).code, CODE_DENIED);
	(void)snprintf(message.user, sizeof(message.user), "carol");
	ck_assert_int_eq(tell(&alice, &message).code, CODE_DENIED);
	(void)snprintf(message.host, sizeof(message.host), "laptop");
	ck_assert_int_eq(tell(&alice, &message).code, CODE_HOST_UNKNOWN);
	ck_assert_int_eq(share(ID, 0).code, CODE_OK);
	ck_assert_int_eq(share(ID, 0).code, CODE_NAME_TAKEN);
	/* Nor does bob end what alice has made. */
	message =
	    (struct sharemsg_share){ .verb = SHAREMSG_UNSHARE, .share = ID };
	ck_assert_int_eq(tell(&bob, &message).code, CODE_HOST_UNKNOWN);
	ck_assert_ptr_nonnull(account_find_share(rig.book, ID));
}
END_TEST

/* Who knows the number of a share is not let in by that. */
START_TEST(it_is_of_one_account)
{
	struct hubrig_who carol;

	(void)share(ID, 0);
	hubrig_account(&rig, "carol", STORE_USER);
	hubrig_enrol(&rig, &carol, LINKHELLO_GATEWAY, "carol", "phone");
	hubrig_leave(&bob);
	memset(&bob, 0, sizeof(bob));
	hubrig_join(&rig, &bob, &carol);
	ck_assert_int_eq(attach(ID), CODE_HOST_UNKNOWN);
}
END_TEST

START_TEST(bounded)
{
	for (uint64_t i = 0; i < ACCOUNT_SHARES_SAME_MAX; i++) {
		ck_assert_int_eq(share(i + 1, 0).code, CODE_OK);
	}
	ck_assert_int_eq(share(ID, 0).code, CODE_LIMIT);
	ck_assert_uint_eq(unshare(0).count, ACCOUNT_SHARES_SAME_MAX);
	ck_assert_int_eq(share(ID, 0).code, CODE_OK);
}
END_TEST

static void
on_deleted(const struct account_outcome *outcome, void *arg)
{
	(void)arg;
	ck_assert_int_eq(outcome->code, CODE_OK);
}

/* With either account. */
START_TEST(go_with_their_accounts)
{
	const struct account_by by = { "admin", "", 1 };

	hubrig_account(&rig, "root", STORE_ADMIN);
	(void)share(ID, 0);
	(void)account_delete(account_find(rig.book, _i == 0 ? "alice" : "bob"),
	    &by, on_deleted, NULL);
	hubrig_commit(&rig);
	ck_assert_ptr_null(account_find_share(rig.book, ID));
	hubrig_settle(&rig);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deviceshare");
	TCase *tcase = tcase_create("deviceshare");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, shown_while_it_is_shared);
	tcase_add_test(tcase, its_end_ends_channels);
	tcase_add_test(tcase, told_at_login);
	tcase_add_test(tcase, expires);
	tcase_add_test(tcase, only_what_is_ones_own);
	tcase_add_test(tcase, it_is_of_one_account);
	tcase_add_test(tcase, bounded);
	tcase_add_loop_test(tcase, go_with_their_accounts, 0, 2);
	return unit_main(suite);
}
