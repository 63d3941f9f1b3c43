/* SPDX-License-Identifier: ISC */

#include "agent/attach.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "common/mem.h"
#include "protocol/linkmsg.h"
#include "tests/support/asker.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

/* Time of the agent, in unix seconds. */
#define NOW 1000000

static struct asker asker;
static struct attach_self self;
static struct sessionanswer accepted;
static bool has; /* what sessions says */
static uint8_t asked_id[SESSIONHELLO_ID_LEN];
static char text[LIMITS_TEXT_LEN];
static uint8_t payload[ASKER_PAYLOAD_MAX];
static size_t len;

static bool
has_session(const uint8_t key[KEYS_LEN], const uint8_t id[SESSIONHELLO_ID_LEN],
    void *arg)
{
	(void)arg;
	ck_assert_mem_eq(key, asker.public_key, KEYS_LEN);
	memcpy(asked_id, id, sizeof(asked_id));
	return has;
}

static const struct sessionanswer_known sessions = { .has = has_session };

static void
setup(void)
{
	asker_init(&asker);
	self.membership = &asker.membership;
	self.public_key = asker.agent_public;
	self.secret_key = asker.agent_secret;
}

static void
teardown(void)
{
	asker_end(&asker);
}

/* Let the agent judge the first n bytes of payload. */
static enum code
judge(size_t n)
{
	struct linkmsg_attach attach;

	if (linkmsg_attach_decode(&attach, true, payload, n) != 0) {
		sessionanswer_wipe(&accepted);
		return CODE_PROTOCOL_ERROR;
	}
	return attach_accept(&self, &sessions, &attach, NOW, &accepted, text);
}

/* Ask, and return what the agent says. */
static enum code
ask(void)
{
	len = asker_ask(&asker, payload);
	return judge(len);
}

/* Return true when accepted holds nothing. */
static bool
is_wiped(void)
{
	return sodium_is_zero(
		   (const unsigned char *)&accepted, sizeof(accepted)) == 1;
}

/* Assert that the agent refuses with code and a text that has word in it. */
static void
refuses(enum code code, const char *word)
{
	ck_assert_int_eq(ask(), code);
	ck_assert_msg(strstr(text, word) != NULL, "%s", text);
	ck_assert(is_wiped());
}

/* Assert that what one seal locks the other opens. */
static void
fits(struct seal *from, struct seal *to)
{
	uint8_t box[SEAL_OVERHEAD + 4] = { 0 };

	memcpy(box + SEAL_OVERHEAD, "word", 4);
	seal_lock(from, box, 4);
	ck_assert_int_eq(seal_open(to, box, 4), 0);
	ck_assert_mem_eq(box + SEAL_OVERHEAD, "word", 4);
}

START_TEST(owner_is_accepted)
{
	struct resume resume;
	struct seal tx;
	struct seal rx;

	ck_assert_int_eq(ask(), CODE_OK);
	ck_assert_str_eq(text, "");
	ck_assert_str_eq(accepted.caller.user, "alice");
	ck_assert_str_eq(accepted.device, "laptop");
	ck_assert_mem_eq(accepted.key, asker.public_key, KEYS_LEN);
	ck_assert_mem_eq(accepted.boot, asker.boot, sizeof(accepted.boot));
	ck_assert(!accepted.is_question);
	ck_assert_int_eq(asker_take(&asker, accepted.reply, accepted.reply_len,
			     &tx, &rx, &resume),
	    0);
	fits(&tx, &accepted.rx);
	fits(&accepted.tx, &rx);
	ck_assert_mem_eq(asker.said.id, accepted.id, sizeof(accepted.id));
	sessionanswer_wipe(&accepted);
	ck_assert(is_wiped());
}
END_TEST

START_TEST(case_does_not_count)
{
	(void)snprintf(asker.owner, sizeof(asker.owner), "ALICE");
	(void)snprintf(asker.host, sizeof(asker.host), "Office");
	(void)snprintf(asker.caller.user, sizeof(asker.caller.user), "Alice");
	ck_assert_int_eq(ask(), CODE_OK);
}
END_TEST

START_TEST(each_answer_is_its_own)
{
	struct sessionanswer first;

	ck_assert_int_eq(ask(), CODE_OK);
	first = accepted;
	/* A replay of the very same question. */
	ck_assert_int_eq(judge(len), CODE_OK);
	ck_assert_mem_ne(first.tx.key, accepted.tx.key, SEAL_KEY_LEN);
	ck_assert_mem_ne(first.rx.key, accepted.rx.key, SEAL_KEY_LEN);
}
END_TEST

START_TEST(garbled_is_refused)
{
	len = asker_ask(&asker, payload);
	for (size_t i = 0; i < len; i++) {
		ck_assert_int_ne(judge(i), CODE_OK);
		ck_assert(is_wiped());
	}
	for (size_t i = 0; i < len; i++) {
		payload[i] ^= 1;
		/* The name of the device is the relay's word only. */
		if (judge(len) == CODE_OK) {
			ck_assert_str_ne(accepted.device, "laptop");
		} else {
			ck_assert(is_wiped());
		}
		payload[i] ^= 1;
	}
	ck_assert_int_eq(judge(len + 1), CODE_PROTOCOL_ERROR);
	ck_assert_int_eq(judge(len), CODE_OK);
}
END_TEST

START_TEST(other_host_is_refused)
{
	(void)snprintf(asker.host, sizeof(asker.host), "lab");
	refuses(CODE_HOST_UNKNOWN, "\"lab\"");
	(void)snprintf(asker.host, sizeof(asker.host), "office");
	(void)snprintf(asker.owner, sizeof(asker.owner), "bob");
	refuses(CODE_HOST_UNKNOWN, "\"bob\"");
}
END_TEST

START_TEST(other_key_is_explained)
{
	asker.host_key[0] ^= 1;
	refuses(CODE_ACCOUNT_KEY, "inroad invite office");
	asker.host_key[0] ^= 1;
	asker.epoch++;
	refuses(CODE_ACCOUNT_KEY, "calls with key 4");
	asker.epoch--;
	asker.membership.key_kind = MEMBERSHIP_KEY_NONE;
	refuses(CODE_ACCOUNT_KEY, "inroad invite office");
	asker.membership.key_kind = MEMBERSHIP_KEY_HOST;
	ck_assert_int_eq(ask(), CODE_OK);
}
END_TEST

START_TEST(other_device_is_refused)
{
	uint8_t secret[KEYS_LEN];

	keys_generate(secret, asker.device_key);
	refuses(CODE_PROTOCOL_ERROR, "laptop");
}
END_TEST

START_TEST(others_need_a_share)
{
	(void)snprintf(asker.caller.user, sizeof(asker.caller.user), "bob");
	refuses(CODE_DENIED, "not shared");
	asker.caller.share = 7;
	ck_assert_int_eq(ask(), CODE_OK);
	ck_assert_str_eq(accepted.caller.user, "bob");
	ck_assert_uint_eq(accepted.caller.share, 7);
	sessionanswer_wipe(&accepted);
	asker.caller.expiry = NOW;
	refuses(CODE_DENIED, "expired");
	asker.caller.expiry = NOW + 1;
	ck_assert_int_eq(ask(), CODE_OK);
	sessionanswer_wipe(&accepted);
	(void)snprintf(
	    asker.caller.rights, sizeof(asker.caller.rights), "ports=22");
	ck_assert_int_eq(ask(), CODE_OK);
	ck_assert_str_eq(accepted.caller.rights, "ports=22");
	sessionanswer_wipe(&accepted);
	/* They could be narrower than all. */
	(void)snprintf(
	    asker.caller.rights, sizeof(asker.caller.rights), "rates=9");
	refuses(CODE_DENIED, "rights");
}
END_TEST

/* Whoever changes what it may, or has another's psk, is refused in words. */
START_TEST(a_share_is_what_was_made)
{
	(void)snprintf(asker.caller.user, sizeof(asker.caller.user), "bob");
	asker.caller.share = 7;
	asker.host_key[0] ^= 1;
	refuses(CODE_DENIED, "new one");
	asker.host_key[0] ^= 1;
	asker.epoch++;
	refuses(CODE_DENIED, "old key");
}
END_TEST

/* The answer is sealed, right, and all that there is. */
START_TEST(a_question_is_answered)
{
	struct seal seal[4];

	memset(asker.question, 9, sizeof(asker.question));
	has = _i == 0;
	ck_assert_int_eq(ask(), CODE_OK);
	ck_assert(accepted.is_question);
	ck_assert_mem_eq(asked_id, asker.question, sizeof(asked_id));
	ck_assert_int_eq(
	    asker_hear(&asker, accepted.reply, accepted.reply_len), 0);
	ck_assert_uint_eq(asker.said.status, has ? CODE_OK : CODE_SESSION_LOST);
	ck_assert_mem_eq(asker.said.id, asker.question, sizeof(asker.question));
	ck_assert(sodium_is_zero(accepted.tx.key, SEAL_KEY_LEN) == 1);
	ck_assert(sodium_is_zero(accepted.rx.key, SEAL_KEY_LEN) == 1);
	ck_assert_int_eq(sessionhello_keys(asker.hello, &seal[0], &seal[1],
			     &seal[2], &seal[3]),
	    -1);
}
END_TEST

/* A session outlives its link for the shorter of both times. */
START_TEST(the_shorter_grace_counts)
{
	static const uint16_t times[][3] = {
		{ 0, 60, 0 },
		{ 60, 0, 0 },
		{ 30, 60, 30 },
		{ 60, 30, 30 },
	};

	self.grace = times[_i][0];
	asker.grace = times[_i][1];
	ck_assert_int_eq(ask(), CODE_OK);
	ck_assert_uint_eq(accepted.grace, times[_i][2]);
	ck_assert_int_eq(
	    asker_hear(&asker, accepted.reply, accepted.reply_len), 0);
	ck_assert_uint_eq(asker.said.grace, times[_i][2]);
	ck_assert_mem_eq(
	    accepted.resume.id, asker.said.id, SESSIONHELLO_ID_LEN);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	bool failed = true;

	for (long n = 1; failed; n++) {
		enum code code;

		len = asker_ask(&asker, payload);
		failalloc_after(n);
		code = judge(len);
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(code == CODE_OK, !failed);
		ck_assert_int_eq(is_wiped(), failed);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attach");
	TCase *tcase = tcase_create("attach");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, owner_is_accepted);
	tcase_add_test(tcase, case_does_not_count);
	tcase_add_test(tcase, each_answer_is_its_own);
	tcase_add_test(tcase, garbled_is_refused);
	tcase_add_test(tcase, other_host_is_refused);
	tcase_add_test(tcase, other_key_is_explained);
	tcase_add_test(tcase, other_device_is_refused);
	tcase_add_test(tcase, others_need_a_share);
	tcase_add_test(tcase, a_share_is_what_was_made);
	tcase_add_loop_test(tcase, a_question_is_answered, 0, 2);
	tcase_add_loop_test(tcase, the_shorter_grace_counts, 0, 4);
	tcase_add_test(tcase, every_allocation_may_fail);
	return unit_main(suite);
}
