/* SPDX-License-Identifier: ISC */

#include "protocol/sessionanswer.h"

#include <string.h>

#include <sodium.h>

#include "protocol/codes.h"
#include "protocol/limits.h"
#include "protocol/linkmsg.h"
#include "protocol/target.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

/* A gateway's half, and what it sends to the host "relay". */
static uint8_t gateway_secret[KEYS_LEN];
static uint8_t gateway_public[KEYS_LEN];
static uint8_t relay_secret[KEYS_LEN];
static uint8_t relay_public[KEYS_LEN];
static struct sessionhello_request request;
static struct sessionhello *hello;
static struct linkmsg_attach attach;
static uint8_t message[SESSIONHELLO_MESSAGE1_LEN];

static struct sessionanswer_self self;
static struct sessionanswer answer;
static int asked;

static bool
has_session(const uint8_t key[KEYS_LEN], const uint8_t id[SESSIONHELLO_ID_LEN],
    void *arg)
{
	(void)arg;
	asked++;
	ck_assert_mem_eq(key, gateway_public, KEYS_LEN);
	return id[0] == 1;
}

static const struct sessionanswer_known known = { .has = has_session };

static void
setup(void)
{
	keys_generate(gateway_secret, gateway_public);
	keys_generate(relay_secret, relay_public);
	memset(&request, 0, sizeof(request));
	memset(request.boot, 9, sizeof(request.boot));
	request.grace = 60;
	memset(&attach, 0, sizeof(attach));
	(void)snprintf(attach.host, sizeof(attach.host), "%s", TARGET_RELAY);
	(void)snprintf(attach.device, sizeof(attach.device), "laptop");
	memcpy(attach.device_key, gateway_public, KEYS_LEN);
	ck_assert_int_eq(keys_caller_owner(&attach.caller, "alice"), 0);
	self = (struct sessionanswer_self){
		.public_key = relay_public,
		.secret_key = relay_secret,
		.grace = 120,
	};
	memset(self.id, 5, sizeof(self.id));
	hello = NULL;
	asked = 0;
}

static void
teardown(void)
{
	sessionhello_free(hello);
	sessionanswer_wipe(&answer);
}

/* Write message 1 for a relay with key. */
static void
say_hello(const uint8_t key[KEYS_LEN])
{
	const struct keys_session session = {
		.version = LIMITS_PROTOCOL_VERSION,
		.owner = attach.owner,
		.host = attach.host,
		.caller = &attach.caller,
	};
	const struct sessionhello_config config = {
		.session = &session,
		.static_secret = gateway_secret,
		.static_public = gateway_public,
		.remote_public = key,
	};

	sessionhello_free(hello);
	hello = sessionhello_new_initiator(&config, &request);
	ck_assert_ptr_nonnull(hello);
	ck_assert_int_eq(sessionhello_write_request(hello, message), 0);
	attach.message = message;
	attach.message_len = sizeof(message);
}

/* Let the relay answer; a refusal leaves nothing. */
static enum sessionanswer_result
make(void)
{
	enum sessionanswer_result result =
	    sessionanswer_make(&self, &known, &attach, &answer);

	if (result != SESSIONANSWER_OK) {
		ck_assert(sodium_is_zero(
			      (const uint8_t *)&answer, sizeof(answer)) == 1);
	}
	return result;
}

START_TEST(a_session_begins)
{
	struct sessionhello_reply reply;
	struct seal tx;
	struct seal rx;
	struct seal resume_tx;
	struct seal resume_rx;
	uint8_t box[SEAL_OVERHEAD + 4] = { 0 };

	say_hello(relay_public);
	ck_assert_int_eq(make(), SESSIONANSWER_OK);
	ck_assert_str_eq(answer.caller.user, "alice");
	ck_assert_str_eq(answer.device, "laptop");
	ck_assert_mem_eq(answer.key, gateway_public, KEYS_LEN);
	ck_assert_mem_eq(answer.boot, request.boot, sizeof(answer.boot));
	ck_assert_uint_eq(answer.grace, 60);
	ck_assert(!answer.is_question);
	ck_assert_int_eq(sessionhello_read_reply(
			     hello, answer.reply, answer.reply_len, &reply),
	    SESSIONHELLO_OK);
	ck_assert_uint_eq(reply.status, 0);
	ck_assert_uint_eq(reply.grace, 60);
	ck_assert_mem_eq(reply.id, self.id, sizeof(self.id));
	ck_assert_int_eq(
	    sessionhello_keys(hello, &tx, &rx, &resume_tx, &resume_rx), 0);
	memcpy(box + SEAL_OVERHEAD, "word", 4);
	seal_lock(&answer.tx, box, 4);
	ck_assert_int_eq(seal_open(&rx, box, 4), 0);
	ck_assert_mem_eq(box + SEAL_OVERHEAD, "word", 4);
}
END_TEST

START_TEST(a_question_is_answered)
{
	struct sessionhello_reply reply;

	for (int id = 1; id <= 2; id++) {
		request.question[0] = (uint8_t)id;
		say_hello(relay_public);
		ck_assert_int_eq(make(), SESSIONANSWER_OK);
		ck_assert(answer.is_question);
		ck_assert_int_eq(asked, id);
		ck_assert_int_eq(sessionhello_read_reply(hello, answer.reply,
				     answer.reply_len, &reply),
		    SESSIONHELLO_OK);
		ck_assert_uint_eq(
		    reply.status, id == 1 ? CODE_OK : CODE_SESSION_LOST);
		ck_assert_mem_eq(reply.id, request.question, sizeof(reply.id));
	}
}
END_TEST

START_TEST(others_are_refused)
{
	uint8_t psk[KEYS_LEN] = { 1 };

	/* Another device than the one that is named. */
	say_hello(relay_public);
	attach.device_key[0] ^= 1;
	ck_assert_int_eq(make(), SESSIONANSWER_OTHER_KEY);
	attach.device_key[0] ^= 1;
	/* For another relay, or another account. */
	say_hello(gateway_public);
	ck_assert_int_eq(make(), SESSIONANSWER_BAD);
	say_hello(relay_public);
	ck_assert_int_eq(keys_caller_owner(&attach.caller, "bob"), 0);
	ck_assert_int_eq(make(), SESSIONANSWER_BAD);
	/* A host that is the relay has no psk, and one that is not needs one.
	 */
	self.psk = psk;
	ck_assert_int_eq(make(), SESSIONANSWER_FAILED);
	self.psk = NULL;
	(void)snprintf(attach.owner, sizeof(attach.owner), "alice");
	(void)snprintf(attach.host, sizeof(attach.host), "office");
	ck_assert_int_eq(make(), SESSIONANSWER_FAILED);
	ck_assert_int_eq(asked, 0);
}
END_TEST

START_TEST(what_is_not_whole_is_refused)
{
	say_hello(relay_public);
	for (size_t len = 0; len < sizeof(message); len++) {
		attach.message_len = len;
		ck_assert_int_eq(make(), SESSIONANSWER_BAD);
	}
	attach.message_len = sizeof(message);
	for (size_t i = 0; i < sizeof(message); i++) {
		message[i] ^= 0x10;
		ck_assert_int_ne(make(), SESSIONANSWER_OK);
		message[i] ^= 0x10;
	}
	ck_assert_int_eq(make(), SESSIONANSWER_OK);
}
END_TEST

START_TEST(memory_may_be_short)
{
	bool hit = true;

	say_hello(relay_public);
	for (long n = 0; hit; n++) {
		enum sessionanswer_result result;

		failalloc_after(n);
		result = make();
		hit = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(
		    result, hit ? SESSIONANSWER_FAILED : SESSIONANSWER_OK);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sessionanswer");
	TCase *tcase = tcase_create("tests");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_session_begins);
	tcase_add_test(tcase, a_question_is_answered);
	tcase_add_test(tcase, others_are_refused);
	tcase_add_test(tcase, what_is_not_whole_is_refused);
	tcase_add_test(tcase, memory_may_be_short);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
