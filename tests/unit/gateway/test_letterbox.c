/* SPDX-License-Identifier: ISC */
/*
 * What a gateway takes of others, and of whom.  The test is the relay and the
 * gateway behind it; it stands in the place of protocol/endpoint.
 */
#include "gateway/letterbox.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "common/loop.h"
#include "common/mem.h"
#include "protocol/carrier.h"
#include "protocol/endpoint.h"
#include "protocol/linkmsg.h"
#include "protocol/membership.h"
#include "protocol/session.h"
#include "protocol/stream.h"
#include "tests/support/asker.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/linkpair.h"
#include "tests/support/unit.h"

/* A channel that the relay chose. */
#define CHANNEL (LIMITS_CHANNEL_CALLED | 1)

static struct asker asker; /* "laptop", which calls "office" */
static struct letterbox_self self;
static struct sessionanswer accepted;
static char text[LIMITS_TEXT_LEN];
static char heard[64]; /* what came to whom it is for */

/* --- in the place of the endpoint ------------------------------------ */

const struct membership *
endpoint_membership(const struct endpoint *endpoint)
{
	(void)endpoint;
	return self.membership;
}

const uint8_t *
endpoint_public_key(const struct endpoint *endpoint)
{
	(void)endpoint;
	return asker.agent_public;
}

const uint8_t *
endpoint_secret_key(const struct endpoint *endpoint)
{
	(void)endpoint;
	return asker.agent_secret;
}

const uint8_t *
endpoint_boot_id(const struct endpoint *endpoint)
{
	(void)endpoint;
	return asker.boot;
}

void
endpoint_answer_text(struct endpoint *endpoint,
    const struct endpoint_text *message, struct session *session,
    uint32_t number)
{
	(void)endpoint;
	(void)snprintf(heard, sizeof(heard), "%s/%s %.*s", message->user,
	    message->device, (int)message->len, message->text);
	session_answer_text(session, number, CODE_OK, "");
}

/* --- judging --------------------------------------------------------- */

static bool
has_none(const uint8_t key[KEYS_LEN], const uint8_t id[SESSIONHELLO_ID_LEN],
    void *arg)
{
	(void)key;
	(void)id;
	(void)arg;
	return false;
}

static const struct sessionanswer_known known = { .has = has_none };

/* "office" is a gateway of alice's, with a key of her account. */
static void
setup(void)
{
	struct keys_account account;

	asker_init(&asker);
	keys_account_generate(&account, asker.epoch);
	asker.membership.role = LINKHELLO_GATEWAY;
	asker.membership.key_kind = MEMBERSHIP_KEY_ACCOUNT;
	memcpy(asker.membership.key, account.key, KEYS_LEN);
	ck_assert_int_eq(keys_gateway(&account, "office", asker.host_key), 0);
	self.membership = &asker.membership;
	self.public_key = asker.agent_public;
	self.secret_key = asker.agent_secret;
	heard[0] = '\0';
}

static void
teardown(void)
{
	asker_end(&asker);
}

static enum code
ask(void)
{
	uint8_t payload[ASKER_PAYLOAD_MAX];
	struct linkmsg_attach attach;
	size_t len = asker_ask(&asker, payload);

	ck_assert_int_eq(linkmsg_attach_decode(&attach, true, payload, len), 0);
	return letterbox_judge(&self, &known, &attach, &accepted, text);
}

static void
refuses(enum code code, const char *word)
{
	ck_assert_int_eq(ask(), code);
	ck_assert_msg(strstr(text, word) != NULL, "%s", text);
	ck_assert(
	    sodium_is_zero((const unsigned char *)&accepted, sizeof(accepted)));
}

START_TEST(a_gateway_of_the_account_is_let_in)
{
	struct resume resume;
	struct seal tx;
	struct seal rx;

	ck_assert_int_eq(ask(), CODE_OK);
	ck_assert_str_eq(accepted.device, "laptop");
	ck_assert_mem_eq(accepted.key, asker.public_key, KEYS_LEN);
	ck_assert_uint_eq(accepted.grace, 0);
	ck_assert_int_eq(asker_take(&asker, accepted.reply, accepted.reply_len,
			     &tx, &rx, &resume),
	    0);
	sessionanswer_wipe(&accepted);
}
END_TEST

static void
restore(const struct asker *good)
{
	asker_end(&asker);
	asker = *good;
}

START_TEST(nobody_else_is)
{
	const struct asker good = asker;
	struct keys_account account = { .epoch = good.epoch };

	(void)snprintf(asker.owner, sizeof(asker.owner), "bob");
	refuses(CODE_HOST_UNKNOWN, "This is not \"office\" of \"bob\"");
	restore(&good);
	(void)snprintf(asker.host, sizeof(asker.host), "attic");
	refuses(CODE_HOST_UNKNOWN, "This is not \"attic\"");
	restore(&good);
	ck_assert_int_eq(keys_caller_owner(&asker.caller, "bob"), 0);
	refuses(CODE_DENIED, "its own account only");
	restore(&good);
	asker.caller.share = 7;
	refuses(CODE_DENIED, "its own account only");
	restore(&good);
	asker.epoch++;
	refuses(CODE_ACCOUNT_KEY, "holds key 3");
	restore(&good);
	asker.host_key[0] ^= 1;
	refuses(CODE_ACCOUNT_KEY, "has not the account key");
	restore(&good);
	/* Nor who has the key of a host that once had that name. */
	memcpy(account.key, asker.membership.key, sizeof(account.key));
	ck_assert_int_eq(keys_host(&account, "office", asker.host_key), 0);
	refuses(CODE_ACCOUNT_KEY, "has not the account key");
	restore(&good);
	asker.device_key[0] ^= 1;
	refuses(CODE_PROTOCOL_ERROR, "another device");
	restore(&good);
	asker.membership.key_kind = MEMBERSHIP_KEY_NONE;
	refuses(CODE_ACCOUNT_KEY, "of the account");
	restore(&good);
	self.membership = NULL;
	refuses(CODE_HOST_UNKNOWN, "This is not");
	restore(&good);
}
END_TEST

START_TEST(short_of_memory)
{
	bool failed = true;

	for (long n = 1; failed; n++) {
		uint8_t payload[ASKER_PAYLOAD_MAX];
		struct linkmsg_attach attach;
		size_t len = asker_ask(&asker, payload);
		enum code code;

		(void)linkmsg_attach_decode(&attach, true, payload, len);
		failalloc_after(n);
		code = letterbox_judge(&self, &known, &attach, &accepted, text);
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(
		    (int)code, (int)(failed ? CODE_OVERLOADED : CODE_OK));
	}
	sessionanswer_wipe(&accepted);
}
END_TEST

/*
 * A relay that names its own key as that of a gateway is called, and cannot
 * read message 1, nor make an answer that the caller believes: it has no psk.
 */
START_TEST(a_relay_in_its_place_learns_nothing)
{
	uint8_t guess[KEYS_LEN];
	struct sessionanswer_self relay = {
		.public_key = asker.agent_public,
		.secret_key = asker.agent_secret,
		.psk = guess,
	};
	uint8_t payload[ASKER_PAYLOAD_MAX];
	uint8_t own[ASKER_PAYLOAD_MAX];
	struct asker accomplice = asker;
	struct linkmsg_attach attach;
	struct resume resume;
	struct seal tx;
	struct seal rx;

	(void)linkmsg_attach_decode(
	    &attach, true, payload, asker_ask(&asker, payload));
	randombytes_buf(guess, sizeof(guess));
	ck_assert_int_eq(sessionanswer_make(&relay, &known, &attach, &accepted),
	    SESSIONANSWER_BAD);
	/* What it answers to itself is no answer to the other. */
	randombytes_buf(accomplice.host_key, sizeof(accomplice.host_key));
	accomplice.hello = NULL;
	(void)linkmsg_attach_decode(
	    &attach, true, own, asker_ask(&accomplice, own));
	ck_assert_int_eq(
	    keys_psk(accomplice.host_key, &accomplice.caller, guess), 0);
	relay.psk = guess;
	ck_assert_int_eq(sessionanswer_make(&relay, &known, &attach, &accepted),
	    SESSIONANSWER_OK);
	ck_assert_int_eq(asker_take(&asker, accepted.reply, accepted.reply_len,
			     &tx, &rx, &resume),
	    -1);
	sessionanswer_wipe(&accepted);
	asker_end(&accomplice);
}
END_TEST

/* --- over a link ----------------------------------------------------- */

static struct linkpair net;
static struct letterbox *letterbox;
static struct carrier *carrier; /* of the caller */
static struct session_budget budget;
static int receipts;
static enum code receipt_code;
static char receipt_text[LIMITS_TEXT_LEN];
static int answers;
static struct stream_opened outcome;
static int downs;

static void
on_receipt(void *arg, uint32_t number, enum code code, const char *words)
{
	(void)arg;
	(void)number;
	receipts++;
	receipt_code = code;
	(void)snprintf(receipt_text, sizeof(receipt_text), "%s", words);
}

static void
on_down(void *arg, enum code code, const char *words)
{
	(void)arg;
	(void)code;
	(void)words;
	carrier = NULL;
	downs++;
}

static const struct carrier_ops carrier_ops = {
	.receipt = on_receipt,
	.down = on_down,
};

/* The gateway answered: begin the session. */
static void
begin(const uint8_t *reply, size_t len)
{
	struct resume resume;
	struct seal tx;
	struct seal rx;
	const struct session_config config = {
		.role = SESSION_OPENER,
		.tx = &tx,
		.rx = &rx,
		.retain_max = LIMITS_RETAIN_MAX,
		.window_max = LIMITS_WINDOW_MAX,
		.streams_max = 16,
		.receive = &budget,
	};
	struct channel *channel =
	    channel_new(net.relay.link, CHANNEL, NULL, NULL, NULL);

	ck_assert_ptr_nonnull(channel);
	ck_assert_int_eq(asker_take(&asker, reply, len, &tx, &rx, &resume), 0);
	budget.max = LIMITS_RECEIVE_BUDGET;
	carrier =
	    carrier_new(net.loop, channel, &config, NULL, &carrier_ops, NULL);
	ck_assert_ptr_nonnull(carrier);
}

static void
relay_hook(struct linkpair_side *side, enum linkpair_event event)
{
	if (event == LINKPAIR_FRAME && side->type == FRAME_ATTACHED) {
		begin(side->payload, side->len);
	}
}

static void
gateway_hook(struct linkpair_side *side, enum linkpair_event event)
{
	if (event == LINKPAIR_FRAME && side->type == FRAME_ATTACH) {
		letterbox_attach(letterbox, side->link, side->channel,
		    side->payload, side->len);
	}
}

static void
open_link(void)
{
	static const struct linkpair_config config = { .agent = false };

	setup();
	receipts = answers = downs = 0;
	carrier = NULL;
	ck_assert_int_eq(linkpair_open(&net, &config), 0);
	ck_assert(linkpair_await_up(&net));
	net.relay.hook = relay_hook;
	net.endpoint.hook = gateway_hook;
	letterbox = letterbox_new(net.loop, NULL);
	ck_assert_ptr_nonnull(letterbox);
}

static void
close_link(void)
{
	carrier_close(carrier, CODE_CANCELLED);
	letterbox_free(letterbox);
	letterbox_free(NULL);
	linkpair_close(&net);
	teardown();
}

static bool
reaches(void *arg)
{
	const int *count = arg;

	return *count > 0;
}

static bool
has_carrier(void *arg)
{
	(void)arg;
	return carrier != NULL;
}

static void
send_attach(void)
{
	uint8_t payload[ASKER_PAYLOAD_MAX];
	size_t len = asker_ask(&asker, payload);

	ck_assert_int_eq(
	    link_send(net.relay.link, FRAME_ATTACH, CHANNEL, payload, len), 0);
}

static void
call(void)
{
	send_attach();
	ck_assert(await(net.loop, has_carrier, NULL));
}

static void
send_text(void)
{
	receipts = 0;
	ck_assert_uint_ne(session_send_text(carrier_session(carrier), "hello",
			      5, loop_now(net.loop)),
	    0);
	ck_assert(await(net.loop, reaches, &receipts));
}

START_TEST(a_text_is_taken)
{
	call();
	send_text();
	ck_assert_int_eq((int)receipt_code, (int)CODE_OK);
	ck_assert_str_eq(heard, "alice/laptop hello");
}
END_TEST

START_TEST(a_flood_is_refused)
{
	call();
	for (int i = 0; i < LIMITS_MESSAGE_BURST; i++) {
		send_text();
		ck_assert_int_eq((int)receipt_code, (int)CODE_OK);
	}
	for (int i = 0; i < 100 && receipt_code == CODE_OK; i++) {
		send_text();
	}
	ck_assert_int_eq((int)receipt_code, (int)CODE_LIMIT);
	ck_assert_str_eq(receipt_text, "too many messages a second");
}
END_TEST

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	(void)arg;
	outcome = *opened;
	answers++;
}

START_TEST(no_stream_is_opened)
{
	static const struct stream_ops ops = { .opened = on_opened };
	static const struct stream_target targets[] = {
		{ STREAM_TCP, "", 22 },
		{ STREAM_TCP, "@agent", 0 },
		{ STREAM_UDP, "", 53 },
	};

	call();
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct stream *stream = stream_open(
		    carrier_session(carrier), &targets[i], false, &ops, NULL);

		ck_assert_ptr_nonnull(stream);
		answers = 0;
		ck_assert(await(net.loop, reaches, &answers));
		ck_assert_int_eq((int)outcome.code, (int)CODE_DENIED);
		stream_release(stream);
	}
	/* The session goes on. */
	send_text();
	ck_assert_int_eq((int)receipt_code, (int)CODE_OK);
}
END_TEST

static bool
is_refused(void *arg)
{
	(void)arg;
	return net.relay.type == FRAME_DETACH || downs > 0;
}

START_TEST(nobody_new_at_the_end)
{
	call();
	letterbox_finish(letterbox);
	send_text();
	ck_assert_int_eq((int)receipt_code, (int)CODE_OK);
	letterbox_close(letterbox, CODE_GOING_DOWN);
	ck_assert(await(net.loop, is_refused, NULL));
	ck_assert_int_eq(downs, 1);
}
END_TEST

static struct linkpair_peer refused; /* whose channel is to be refused */

static bool
is_detached(void *arg)
{
	(void)arg;
	return refused.detached > 0;
}

START_TEST(garbage_is_refused)
{
	static const uint8_t garbage[40] = { 1 };

	ck_assert_int_eq(
	    linkpair_channel(&refused, &net.relay, CHANNEL, NULL), 0);
	ck_assert_int_eq(link_send(net.relay.link, FRAME_ATTACH, CHANNEL,
			     garbage, sizeof(garbage)),
	    0);
	ck_assert(await(net.loop, is_detached, NULL));
	ck_assert_int_eq((int)refused.code, (int)CODE_PROTOCOL_ERROR);
	ck_assert_ptr_nonnull(net.endpoint.link);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("letterbox");
	TCase *judging = tcase_create("judging");
	TCase *linked = tcase_create("linked");

	tcase_add_checked_fixture(judging, setup, teardown);
	tcase_add_test(judging, a_gateway_of_the_account_is_let_in);
	tcase_add_test(judging, nobody_else_is);
	tcase_add_test(judging, short_of_memory);
	tcase_add_test(judging, a_relay_in_its_place_learns_nothing);
	suite_add_tcase(suite, judging);
	tcase_add_checked_fixture(linked, open_link, close_link);
	tcase_add_test(linked, a_text_is_taken);
	tcase_add_test(linked, a_flood_is_refused);
	tcase_add_test(linked, no_stream_is_opened);
	tcase_add_test(linked, nobody_new_at_the_end);
	tcase_add_test(linked, garbage_is_refused);
	suite_add_tcase(suite, linked);
	return unit_main(suite);
}
