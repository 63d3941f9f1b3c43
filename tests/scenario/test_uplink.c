/* SPDX-License-Identifier: ISC */
/*
 * An endpoint that keeps itself linked to relays that come and go (PROTOCOL.md
 * section 4).
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/listener.h"
#include "common/loop.h"
#include "common/resolver.h"
#include "protocol/keys.h"
#include "protocol/membership.h"
#include "protocol/relaylist.h"
#include "protocol/uplink.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

/* What the relay does with a login. */
enum relay_mood {
	RELAY_ADMITS,
	RELAY_REFUSES,
	RELAY_DROPS, /* lets in, and closes at once */
	RELAY_SILENT,
	RELAY_STRANGE, /* speaks, but not as a relay does */
};

#define RELAY_LINKS_MAX 16

static struct loop *loop;
static struct resolver *resolver;
static struct uplink *uplink;
static struct membership membership;
static struct relaylist relays;
static uint8_t relay_secret[KEYS_LEN];
static uint8_t device_secret[KEYS_LEN];
static uint8_t device_public[KEYS_LEN];
static const uint8_t boot_id[LINKHELLO_BOOT_LEN] = { 7, 7, 7 };

/* The relay. */
static struct listener *listener;
static struct addr listen_addr;
static int closed_fd; /* holds a port on which nobody listens */
static enum relay_mood mood;
static enum code refusal;
static uint32_t pause_asked;
static uint32_t spread_told;
static struct link *relay_links[RELAY_LINKS_MAX];
static int relay_count;
static int logins;
static int relay_downs;
static enum code relay_code;
static struct linkhello_login last_login;

/* The endpoint. */
static int ups;
static int downs;
static int frames;
static enum code code;
static char text[LIMITS_TEXT_LEN];
static uint64_t retry_ns;
static bool free_in_callback;
static bool somebody_waits;

/* --- the relay ----------------------------------------------------------- */

static void
on_login(struct link *link, const struct linkhello_login *login,
    const uint8_t key[32], void *arg)
{
	struct linkmsg_result result = { .code = CODE_OK,
		.spread = spread_told };

	(void)arg;
	ck_assert_mem_eq(key, device_public, KEYS_LEN);
	last_login = *login;
	logins++;
	switch (mood) {
	case RELAY_ADMITS:
		link_admit(link, &result);
		break;
	case RELAY_REFUSES:
		link_refuse(link, refusal, "because", pause_asked);
		break;
	case RELAY_DROPS:
		link_admit(link, &result);
		link_goaway(link, CODE_LINK_LOST, "no");
		break;
	case RELAY_SILENT:
	case RELAY_STRANGE:
		break;
	}
}

static void
on_relay_down(struct link *link, enum code why, const char *words,
    uint32_t retry_after, void *arg)
{
	struct link **slot = arg;

	(void)link;
	(void)words;
	(void)retry_after;
	*slot = NULL;
	relay_downs++;
	relay_code = why;
}

static void
on_connection(int fd, const struct addr *peer, void *arg)
{
	static const struct link_ops ops = {
		.login = on_login,
		.down = on_relay_down,
	};
	struct link_relay_config config = {
		.public_key = membership.relay_public,
		.secret_key = relay_secret,
	};
	static const uint8_t garbage[LINKHELLO_MESSAGE2_LEN] = "HTTP/1.1 400";
	struct link **slot = &relay_links[relay_count % RELAY_LINKS_MAX];

	(void)peer;
	(void)arg;
	relay_count++;
	if (mood == RELAY_STRANGE) {
		ck_assert_int_eq(
		    write(fd, garbage, sizeof(garbage)), (int)sizeof(garbage));
		(void)close(fd);
		return;
	}
	*slot = link_accept(loop, fd, &config, &ops, slot);
	if (*slot == NULL) {
		(void)close(fd);
	}
}

/* Return the link that the relay accepted last. */
static struct link *
relay_link(void)
{
	return relay_links[(relay_count - 1) % RELAY_LINKS_MAX];
}

static void
start_relay(void)
{
	int fd = netpair_listen(AF_INET, &listen_addr);

	ck_assert_int_ge(fd, 0);
	listener = listener_adopt(loop, fd, 0, on_connection, NULL);
	ck_assert_ptr_nonnull(listener);
}

/* --- the endpoint -------------------------------------------------------- */

static void
maybe_free(void)
{
	if (free_in_callback) {
		uplink_free(uplink);
		uplink = NULL;
	}
}

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	(void)arg;
	ck_assert(link_is_up(link));
	ck_assert_ptr_eq(uplink_link(uplink), link);
	ck_assert_int_eq((int)result->code, (int)CODE_OK);
	ups++;
	maybe_free();
}

static void
on_frame(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, void *arg)
{
	(void)link;
	(void)channel;
	(void)payload;
	(void)len;
	(void)arg;
	ck_assert_int_eq((int)type, (int)FRAME_NOTICE);
	frames++;
	maybe_free();
}

static void
on_down(enum code why, const char *words, uint64_t retry, void *arg)
{
	(void)arg;
	ck_assert_ptr_null(uplink_link(uplink));
	downs++;
	code = why;
	(void)snprintf(text, sizeof(text), "%s", words);
	retry_ns = retry;
	maybe_free();
}

static bool
is_urgent(void *arg)
{
	(void)arg;
	return somebody_waits;
}

static const struct uplink_ops ops = {
	.is_urgent = is_urgent,
	.up = on_up,
	.frame = on_frame,
	.down = on_down,
};

static void
add_relay(const struct addr *addr)
{
	char words[ADDR_TEXT_LEN];

	addr_format(addr, words);
	ck_assert_int_eq(
	    membership_add_relay(&membership, words, strlen(words)), 0);
}

/* Forget everything and make a loop, a resolver and an identity. */
static void
setup(void)
{
	/* Nobody answers there: no test asks a real name server. */
	struct resolver_config nobody_to_ask = {
		.servers = "127.0.0.1:1",
		.timeout = 1,
	};

	memset(&membership, 0, sizeof(membership));
	memset(relay_links, 0, sizeof(relay_links));
	listener = NULL;
	uplink = NULL;
	closed_fd = -1;
	mood = RELAY_ADMITS;
	refusal = CODE_REVOKED;
	pause_asked = 0;
	spread_told = 0;
	relay_count = 0;
	logins = 0;
	relay_downs = 0;
	ups = 0;
	downs = 0;
	frames = 0;
	free_in_callback = false;
	somebody_waits = false;
	loop = loop_new();
	ck_assert_ptr_nonnull(loop);
	resolver = resolver_new(loop, &nobody_to_ask);
	ck_assert_ptr_nonnull(resolver);
	keys_generate(relay_secret, membership.relay_public);
	keys_generate(device_secret, device_public);
	membership.role = LINKHELLO_GATEWAY;
	memcpy(membership.user, "alice", 6);
	memcpy(membership.name, "laptop", 7);
}

static void
teardown(void)
{
	uplink_free(uplink);
	listener_free(listener);
	for (int i = 0; i < RELAY_LINKS_MAX; i++) {
		link_close(relay_links[i], CODE_CANCELLED, "the test is over");
	}
	/* Goodbyes are said within an iteration or two. */
	for (int i = 0; i < 20; i++) {
		loop_poll(loop);
	}
	resolver_free(resolver);
	loop_free(loop);
	if (closed_fd >= 0) {
		(void)close(closed_fd);
	}
}

static struct uplink *
new_uplink(void)
{
	struct uplink_config config = {
		.membership = &membership,
		.relays = &relays,
		.public_key = device_public,
		.secret_key = device_secret,
		.boot_id = boot_id,
		.ops = &ops,
	};

	memset(&relays, 0, sizeof(relays));
	relaylist_merge(&relays, &membership);
	return uplink_new(loop, resolver, &config);
}

static void
start_uplink(void)
{
	uplink = new_uplink();
	ck_assert_ptr_nonnull(uplink);
	uplink_start(uplink);
}

/* --- up ------------------------------------------------------------------ */

START_TEST(it_comes_up)
{
	struct uplink_status status;

	start_relay();
	add_relay(&listen_addr);
	start_uplink();
	uplink_get_status(uplink, &status);
	ck_assert(!status.up);
	ck_assert(await_count(loop, &ups, 1));
	ck_assert_int_eq(downs, 0);
	ck_assert_str_eq(last_login.user, "alice");
	ck_assert_str_eq(last_login.device, "laptop");
	ck_assert_mem_eq(last_login.boot, boot_id, sizeof(boot_id));
	ck_assert(!last_login.has_token);
	ck_assert(!last_login.has_key_id);
	uplink_get_status(uplink, &status);
	ck_assert(status.up);
	ck_assert_int_eq((int)status.code, (int)CODE_OK);
	ck_assert_str_eq(status.relay, membership.relay[0]);
	ck_assert_uint_le(status.since_ns, loop_now(loop));
	ck_assert_uint_gt(status.since_ns, 0);
	/* Starting what has started changes nothing. */
	uplink_start(uplink);
	ck_assert_ptr_nonnull(uplink_link(uplink));
}
END_TEST

START_TEST(it_tells_what_it_has)
{
	struct keys_account account = { .key = { 5, 6 }, .epoch = 3 };
	uint8_t id[KEYS_ID_LEN];

	membership.has_token = true;
	membership.token[0] = 9;
	membership.key_kind = MEMBERSHIP_KEY_ACCOUNT;
	membership.epoch = 3;
	memcpy(membership.key, account.key, KEYS_LEN);
	keys_account_id(&account, id);
	start_relay();
	add_relay(&listen_addr);
	start_uplink();
	ck_assert(await_count(loop, &ups, 1));
	ck_assert(last_login.has_token);
	ck_assert_mem_eq(
	    last_login.token, membership.token, LINKHELLO_TOKEN_LEN);
	ck_assert(last_login.has_key_id);
	ck_assert_mem_eq(last_login.key_id, id, KEYS_ID_LEN);
	ck_assert_uint_eq(last_login.key_epoch, 3);
}
END_TEST

START_TEST(frames_are_handed_on)
{
	static const uint8_t notice[] = { 0, 2, 'h', 'i' };

	start_relay();
	add_relay(&listen_addr);
	start_uplink();
	ck_assert(await_count(loop, &ups, 1));
	ck_assert_int_eq(
	    link_send(relay_link(), FRAME_NOTICE, 0, notice, sizeof(notice)),
	    0);
	ck_assert(await_count(loop, &frames, 1));
}
END_TEST

/* --- attempts that fail -------------------------------------------------- */

static void
have_closed_port(void)
{
	struct addr addr;

	closed_fd = netpair_closed_port(AF_INET, &addr);
	ck_assert_int_ge(closed_fd, 0);
	add_relay(&addr);
}

START_TEST(an_unreachable_relay_is_tried_again)
{
	struct uplink_status status;

	have_closed_port();
	start_uplink();
	ck_assert(await_count(loop, &downs, 1));
	ck_assert_int_eq((int)code, (int)CODE_RELAY_UNREACHABLE);
	ck_assert_ptr_nonnull(strstr(text, membership.relay[0]));
	/* The first time at once. */
	ck_assert_uint_eq(retry_ns, 0);
	ck_assert(await_count(loop, &downs, 2));
	uplink_get_status(uplink, &status);
	ck_assert(!status.up);
	ck_assert_int_eq((int)status.code, (int)CODE_RELAY_UNREACHABLE);
	ck_assert_str_eq(status.text, text);
	/* And whenever somebody asks for it. */
	uplink_start(uplink);
	ck_assert(await_count(loop, &downs, 3));
	ck_assert_int_eq(ups, 0);
}
END_TEST

START_TEST(another_relay_is_tried_at_once)
{
	struct uplink_status status;

	have_closed_port();
	start_relay();
	add_relay(&listen_addr);
	start_uplink();
	ck_assert(await_count(loop, &ups, 1));
	/* Nothing was down but an attempt. */
	ck_assert_int_eq(downs, 0);
	uplink_get_status(uplink, &status);
	ck_assert_str_eq(status.relay, membership.relay[1]);
}
END_TEST

START_TEST(a_name_that_does_not_exist)
{
	ck_assert_int_eq(
	    membership_add_relay(&membership, "nowhere.invalid:7", 17), 0);
	start_uplink();
	ck_assert(await_count(loop, &downs, 1));
	ck_assert_int_eq((int)code, (int)CODE_RELAY_DNS);
	ck_assert_ptr_nonnull(strstr(text, "nowhere.invalid:7"));
}
END_TEST

static void
refuse(enum code with, uint32_t pause)
{
	mood = RELAY_REFUSES;
	refusal = with;
	pause_asked = pause;
	start_relay();
	add_relay(&listen_addr);
	start_uplink();
	ck_assert(await_count(loop, &downs, 1));
	ck_assert_int_eq((int)code, (int)with);
	ck_assert_str_eq(text, "because");
	ck_assert_int_eq(ups, 0);
}

START_TEST(what_time_does_not_heal_is_tried_slowly)
{
	static const enum code codes[] = {
		CODE_REVOKED,
		CODE_DISABLED,
		CODE_JOIN_USED,
		CODE_JOIN_EXPIRED,
		CODE_LOGIN_REFUSED,
		CODE_ACCOUNT_KEY,
		CODE_NAME_TAKEN,
		CODE_VERSION,
	};

	refuse(codes[_i], 0);
	ck_assert_uint_ge(retry_ns, 60 * LIMITS_SEC);
	ck_assert_uint_le(retry_ns, 90 * LIMITS_SEC);
	/* Somebody joined again: now. */
	mood = RELAY_ADMITS;
	uplink_start(uplink);
	ck_assert(await_count(loop, &ups, 1));
}
END_TEST

START_TEST(the_relay_may_ask_for_a_pause)
{
	refuse(CODE_OVERLOADED, 17);
	ck_assert_uint_ge(retry_ns, 17 * LIMITS_SEC);
	ck_assert_uint_le(retry_ns, 18 * LIMITS_SEC);
}
END_TEST

START_TEST(but_not_for_ever)
{
	refuse(CODE_OVERLOADED, UINT32_MAX);
	ck_assert_uint_le(retry_ns, 3601 * LIMITS_SEC);
}
END_TEST

START_TEST(what_is_no_relay_of_ours_is_tried_slowly)
{
	mood = RELAY_STRANGE;
	start_relay();
	add_relay(&listen_addr);
	start_uplink();
	ck_assert(await_count(loop, &downs, 1));
	ck_assert_int_eq((int)code, (int)CODE_RELAY_KEY_CHANGED);
	ck_assert_uint_ge(retry_ns, 60 * LIMITS_SEC);
}
END_TEST

/*
 * Nor does it keep those away who wait for a link: a portal that answers for
 * the relay is gone in a minute.
 */
START_TEST(unless_somebody_waits)
{
	somebody_waits = true;
	mood = RELAY_STRANGE;
	start_relay();
	add_relay(&listen_addr);
	start_uplink();
	ck_assert(await_count(loop, &downs, 4));
	ck_assert_int_eq((int)code, (int)CODE_RELAY_KEY_CHANGED);
	ck_assert_uint_le(retry_ns, LIMITS_URGENT_WAIT);
}
END_TEST

/* --- links that end ------------------------------------------------------ */

static void
come_up(void)
{
	start_relay();
	add_relay(&listen_addr);
	start_uplink();
	ck_assert(await_count(loop, &ups, 1));
}

START_TEST(a_lost_link_comes_back_at_once)
{
	come_up();
	link_close(relay_link(), CODE_CANCELLED, "cut");
	ck_assert(await_count(loop, &downs, 1));
	ck_assert_int_eq((int)code, (int)CODE_LINK_LOST);
	ck_assert_uint_eq(retry_ns, 0);
	ck_assert(await_count(loop, &ups, 2));
	ck_assert_int_eq(downs, 1);
}
END_TEST

START_TEST(many_come_back_spread_out)
{
	spread_told = 40;
	come_up();
	for (int i = 1; i <= 8; i++) {
		link_close(relay_link(), CODE_CANCELLED, "cut");
		ck_assert(await_count(loop, &downs, i));
		ck_assert_uint_le(retry_ns, (40 + 60) * LIMITS_SEC);
		if (retry_ns > LIMITS_SEC) {
			return;
		}
		uplink_start(uplink);
		ck_assert(await_count(loop, &ups, i + 1));
	}
	/* All within a fortieth, eight times. */
	ck_abort_msg("the spread was not used");
}
END_TEST

START_TEST(a_replaced_link_does_not_fight)
{
	struct uplink_status status;

	come_up();
	uplink_get_status(uplink, &status);
	ck_assert_uint_eq(status.replaced_ns, 0);
	link_goaway(relay_link(), CODE_REPLACED, "a newer one");
	ck_assert(await_count(loop, &downs, 1));
	ck_assert_int_eq((int)code, (int)CODE_REPLACED);
	ck_assert_str_eq(text, "a newer one");
	ck_assert_uint_ge(retry_ns, 30 * LIMITS_SEC);
	ck_assert_uint_le(retry_ns, 60 * LIMITS_SEC);
	/* It is still known when the link is up again. */
	uplink_start(uplink);
	ck_assert(await_count(loop, &ups, 2));
	uplink_get_status(uplink, &status);
	ck_assert(status.up);
	ck_assert_uint_gt(status.replaced_ns, 0);
	ck_assert_str_eq(status.replaced_text, "a newer one");
}
END_TEST

/* A relay that lets in and drops is not asked as fast as it can answer. */
START_TEST(a_link_that_does_not_last_is_a_failure)
{
	mood = RELAY_DROPS;
	start_relay();
	add_relay(&listen_addr);
	start_uplink();
	for (int i = 1; i <= 8; i++) {
		ck_assert(await_count(loop, &downs, i));
		if (retry_ns > 0) {
			break;
		}
	}
	ck_assert_uint_gt(retry_ns, 0);
	ck_assert_int_le(downs, 3);
}
END_TEST

START_TEST(it_stops_and_starts)
{
	struct uplink_status status;

	come_up();
	uplink_stop(uplink, CODE_GOING_DOWN, "bye");
	ck_assert_ptr_null(uplink_link(uplink));
	ck_assert(await_count(loop, &relay_downs, 1));
	ck_assert_int_eq((int)relay_code, (int)CODE_GOING_DOWN);
	uplink_get_status(uplink, &status);
	ck_assert(!status.up);
	ck_assert_int_eq((int)status.code, (int)CODE_GOING_DOWN);
	ck_assert_int_eq(downs, 0);
	ck_assert_int_eq(relay_count, 1);
	uplink_start(uplink);
	ck_assert(await_count(loop, &ups, 2));
}
END_TEST

/* --- freed at any time --------------------------------------------------- */

START_TEST(freed_while_idle_dialling_and_greeting)
{
	uplink_free(NULL);
	uplink = new_uplink();
	ck_assert_ptr_nonnull(uplink);
	uplink_free(uplink);
	start_relay();
	add_relay(&listen_addr);
	mood = RELAY_SILENT;
	start_uplink();
	uplink_free(uplink);
	start_uplink();
	ck_assert(await_count(loop, &logins, 1));
	uplink_free(uplink);
	uplink = NULL;
	for (int i = 0; i < 20; i++) {
		loop_poll(loop);
	}
	ck_assert_int_eq(ups, 0);
	ck_assert_int_eq(downs, 0);
}
END_TEST

START_TEST(freed_in_up)
{
	free_in_callback = true;
	come_up();
	ck_assert(await_count(loop, &relay_downs, 1));
	ck_assert_int_eq(downs, 0);
}
END_TEST

START_TEST(freed_in_frame)
{
	static const uint8_t notice[] = { 0, 2, 'h', 'i' };

	come_up();
	free_in_callback = true;
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(link_send(relay_link(), FRAME_NOTICE, 0,
				     notice, sizeof(notice)),
		    0);
	}
	ck_assert(await_count(loop, &relay_downs, 1));
	ck_assert_int_eq(frames, 1);
	ck_assert_int_eq(downs, 0);
}
END_TEST

START_TEST(freed_in_down)
{
	free_in_callback = true;
	refuse(CODE_REVOKED, 0);
	ck_assert(await_count(loop, &relay_downs, 1));
	for (int i = 0; i < 20; i++) {
		loop_poll(loop);
	}
	ck_assert_int_eq(downs, 1);
}
END_TEST

/* --- no memory ----------------------------------------------------------- */

static bool
is_settled(void *arg)
{
	(void)arg;
	return ups > 0 || downs > 0;
}

START_TEST(every_allocation_may_fail)
{
	bool failed = true;

	start_relay();
	add_relay(&listen_addr);
	for (long n = 1; failed; n++) {
		ups = 0;
		downs = 0;
		failalloc_after(n);
		uplink = new_uplink();
		if (uplink != NULL) {
			uplink_start(uplink);
			ck_assert(await(loop, is_settled, NULL));
		}
		failed = failalloc_hit();
		failalloc_off();
		ck_assert(failed || ups == 1);
		uplink_free(uplink);
		uplink = NULL;
		for (int i = 0; i < 10; i++) {
			loop_poll(loop);
		}
	}
}
END_TEST

static void
add_tests(TCase *tcase)
{
	tcase_add_test(tcase, it_comes_up);
	tcase_add_test(tcase, it_tells_what_it_has);
	tcase_add_test(tcase, frames_are_handed_on);
	tcase_add_test(tcase, an_unreachable_relay_is_tried_again);
	tcase_add_test(tcase, another_relay_is_tried_at_once);
	tcase_add_test(tcase, a_name_that_does_not_exist);
	tcase_add_loop_test(
	    tcase, what_time_does_not_heal_is_tried_slowly, 0, 8);
	tcase_add_test(tcase, the_relay_may_ask_for_a_pause);
	tcase_add_test(tcase, but_not_for_ever);
	tcase_add_test(tcase, what_is_no_relay_of_ours_is_tried_slowly);
	tcase_add_test(tcase, unless_somebody_waits);
	tcase_add_test(tcase, a_lost_link_comes_back_at_once);
	tcase_add_test(tcase, many_come_back_spread_out);
	tcase_add_test(tcase, a_replaced_link_does_not_fight);
	tcase_add_test(tcase, a_link_that_does_not_last_is_a_failure);
	tcase_add_test(tcase, it_stops_and_starts);
	tcase_add_test(tcase, freed_while_idle_dialling_and_greeting);
	tcase_add_test(tcase, freed_in_up);
	tcase_add_test(tcase, freed_in_frame);
	tcase_add_test(tcase, freed_in_down);
	tcase_add_test(tcase, every_allocation_may_fail);
}

int
main(void)
{
	Suite *suite = suite_create("uplink");
	TCase *tcase = tcase_create("uplink");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	add_tests(tcase);
	return unit_main(suite);
}
