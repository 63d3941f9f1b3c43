/* SPDX-License-Identifier: ISC */
#include "protocol/keys.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/wire.h"
#include "protocol/seal.h"
#include "tests/support/unit.h"
#include "tests/support/vectors.h"

/* --- vectors ------------------------------------------------------------ */

/* What one vector says; strings live until the file is closed. */
struct vector {
	struct keys_account account;
	const char *recovery;
	const char *host;
	const char *id;
	struct keys_caller caller;
	const char *host_key;
	const char *gateway_key;
	const char *encoded;
	const char *psk;
	const char *prologue;
	uint8_t public[KEYS_LEN];
	const char *mac1;
	const char *fingerprint;
	uint8_t split[KEYS_LEN];
	uint8_t hash[KEYS_HASH_LEN];
	const char *derived[KEYS_USES];
};

static void
take_text(struct vector *vector, const struct vectors_item *item)
{
	const struct {
		const char *name;
		const char **to;
	} fields[] = {
		{ "recovery", &vector->recovery },
		{ "host", &vector->host },
		{ "id", &vector->id },
		{ "host_key", &vector->host_key },
		{ "gateway_key", &vector->gateway_key },
		{ "caller", &vector->encoded },
		{ "psk", &vector->psk },
		{ "prologue", &vector->prologue },
		{ "mac1", &vector->mac1 },
		{ "fingerprint", &vector->fingerprint },
		{ "link", &vector->derived[KEYS_LINK] },
		{ "session", &vector->derived[KEYS_SESSION] },
		{ "resume", &vector->derived[KEYS_RESUME] },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(item->name, fields[i].name) == 0) {
			*fields[i].to = item->value;
		}
	}
}

static void
take_item(struct vector *vector, const struct vectors_item *item)
{
	const char *name = item->name;
	const char *value = item->value;
	uint64_t number = strtoull(value, NULL, 10);

	take_text(vector, item);
	if (strcmp(name, "account") == 0) {
		vectors_exactly(value, vector->account.key, KEYS_LEN);
	} else if (strcmp(name, "epoch") == 0) {
		vector->account.epoch = (uint32_t)number;
	} else if (strcmp(name, "user") == 0) {
		ck_assert_int_eq(name_fold(value, vector->caller.user,
				     sizeof(vector->caller.user)),
		    0);
	} else if (strcmp(name, "share") == 0) {
		vector->caller.share = number;
	} else if (strcmp(name, "expiry") == 0) {
		vector->caller.expiry = number;
	} else if (strcmp(name, "rights") == 0) {
		memcpy(vector->caller.rights, value, strlen(value) + 1);
	} else if (strcmp(name, "public") == 0) {
		vectors_exactly(value, vector->public, KEYS_LEN);
	} else if (strcmp(name, "split") == 0) {
		vectors_exactly(value, vector->split, KEYS_LEN);
	} else if (strcmp(name, "hash") == 0) {
		vectors_exactly(value, vector->hash, KEYS_HASH_LEN);
	}
}

/* Assert that the len bytes at got are those of hex. */
static void
check_hex(const uint8_t *got, size_t len, const char *hex)
{
	uint8_t want[1024];

	ck_assert_uint_eq(vectors_bytes(hex, want, sizeof(want)), len);
	ck_assert_mem_eq(got, want, len);
}

static void
check_account(const struct vector *vector)
{
	uint8_t id[KEYS_ID_LEN];
	uint8_t host_key[KEYS_LEN];
	uint8_t gateway_key[KEYS_LEN];
	uint8_t psk[KEYS_LEN];
	char recovery[KEYS_RECOVERY_LEN];

	keys_account_id(&vector->account, id);
	check_hex(id, sizeof(id), vector->id);
	ck_assert_int_eq(
	    keys_host(&vector->account, vector->host, host_key), 0);
	check_hex(host_key, sizeof(host_key), vector->host_key);
	ck_assert_int_eq(
	    keys_gateway(&vector->account, vector->host, gateway_key), 0);
	check_hex(gateway_key, sizeof(gateway_key), vector->gateway_key);
	ck_assert_int_eq(keys_psk(host_key, &vector->caller, psk), 0);
	check_hex(psk, sizeof(psk), vector->psk);
	keys_recovery_encode(&vector->account, recovery);
	ck_assert_str_eq(recovery, vector->recovery);
}

static void
check_bytes(const struct vector *vector)
{
	struct keys_session session = { 1, vector->account.epoch, "alice",
		vector->host, &vector->caller };
	uint8_t out[KEYS_PROLOGUE_MAX];
	struct keys_caller back;
	struct wire_writer writer;
	struct wire_reader reader;
	size_t len;

	ck_assert_int_eq(keys_session_prologue(&session, out, &len), 0);
	check_hex(out, len, vector->prologue);
	wire_write_to(&writer, out, KEYS_CALLER_MAX);
	keys_caller_encode(&vector->caller, &writer);
	len = wire_written(&writer);
	check_hex(out, len, vector->encoded);
	wire_read_from(&reader, out, len);
	keys_caller_decode(&back, &reader);
	ck_assert(wire_reader_done(&reader));
	ck_assert_str_eq(back.user, vector->caller.user);
	ck_assert_uint_eq(back.share, vector->caller.share);
	ck_assert_uint_eq(back.expiry, vector->caller.expiry);
	ck_assert_str_eq(back.rights, vector->caller.rights);
	keys_mac1(vector->public, out, len, out);
	check_hex(out, KEYS_MAC1_LEN, vector->mac1);
}

static void
check_derived(const struct vector *vector)
{
	static const enum keys_sender senders[KEYS_USES] = {
		[KEYS_LINK] = KEYS_INITIATOR,
		[KEYS_SESSION] = KEYS_RESPONDER,
		[KEYS_RESUME] = KEYS_INITIATOR,
	};

	for (unsigned i = 0; i < KEYS_USES; i++) {
		struct seal seal;
		uint8_t state[SEAL_STATE_LEN];

		keys_seal(&seal, (enum keys_use)i, senders[i], vector->split,
		    vector->hash);
		seal_save(&seal, state);
		check_hex(
		    state, SEAL_KEY_LEN + SEAL_HEAD_LEN, vector->derived[i]);
		ck_assert_uint_eq(seal_counter(&seal), 0);
	}
}

static void
check_vector(const struct vector *vector)
{
	char text[KEYS_FINGERPRINT_LEN];

	check_account(vector);
	check_bytes(vector);
	check_derived(vector);
	keys_fingerprint(vector->public, text);
	ck_assert_str_eq(text, vector->fingerprint);
}

START_TEST(agrees_with_vectors)
{
	struct vectors *file = vectors_open_own("keys.json");
	struct vector vector = { 0 };
	struct vectors_item item;
	unsigned count = 0;

	while (vectors_next(file, &item)) {
		if (!item.begin) {
			take_item(&vector, &item);
			continue;
		}
		if (count++ > 0) {
			check_vector(&vector);
		}
		memset(&vector, 0, sizeof(vector));
	}
	check_vector(&vector);
	vectors_close(file);
	ck_assert_uint_eq(count, 3);
}
END_TEST

/* --- callers ------------------------------------------------------------ */

static bool
can_encode(const struct keys_caller *caller)
{
	uint8_t out[KEYS_CALLER_MAX];
	uint8_t psk[KEYS_LEN];
	uint8_t key[KEYS_LEN] = { 1 };
	struct wire_writer writer;

	wire_write_to(&writer, out, sizeof(out));
	keys_caller_encode(caller, &writer);
	ck_assert_int_eq(
	    keys_psk(key, caller, psk), wire_writer_ok(&writer) ? 0 : -1);
	return wire_writer_ok(&writer);
}

START_TEST(callers_must_be_valid)
{
	struct keys_caller caller;

	ck_assert_int_eq(keys_caller_owner(&caller, "a b"), -1);
	ck_assert_int_eq(keys_caller_owner(&caller, "Alice"), 0);
	ck_assert_str_eq(caller.user, "alice");
	ck_assert(can_encode(&caller));
	caller.expiry = 1;
	ck_assert(!can_encode(&caller));
	caller.share = 1;
	ck_assert(can_encode(&caller));
	caller.expiry = 0;
	caller.rights[0] = 'r';
	ck_assert(can_encode(&caller));
	caller.rights[0] = '\n';
	ck_assert(!can_encode(&caller));
	caller.rights[0] = 'r';
	caller.share = 0;
	ck_assert(!can_encode(&caller));
	caller.share = 1;
	caller.user[0] = '\0';
	ck_assert(!can_encode(&caller));
}
END_TEST

/* Decode the len bytes at wire; returns whether that went well. */
static bool
can_decode(const uint8_t *wire, size_t len)
{
	struct keys_caller caller;
	struct wire_reader reader;

	memset(&caller, 0xaa, sizeof(caller));
	wire_read_from(&reader, wire, len);
	keys_caller_decode(&caller, &reader);
	if (!wire_reader_ok(&reader)) {
		ck_assert(
		    sodium_is_zero((const uint8_t *)&caller, sizeof(caller)));
	}
	return wire_reader_done(&reader);
}

START_TEST(callers_are_decoded_strictly)
{
	uint8_t wire[25] = "\5alice\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\1r";

	ck_assert(can_decode(wire, 24));
	for (size_t len = 0; len < 24; len++) {
		ck_assert(!can_decode(wire, len));
	}
	wire[1] = 'A';
	ck_assert(!can_decode(wire, 24));
	wire[1] = 'a';
	wire[23] = 7;
	ck_assert(!can_decode(wire, 24));
	wire[23] = 'r';
	wire[13] = 0; /* the owner, with an expiry */
	ck_assert(!can_decode(wire, 24));
}
END_TEST

START_TEST(every_field_changes_the_psk)
{
	struct keys_caller caller = { "alice", 1, 2, "ssh" };
	uint8_t key[KEYS_LEN] = { 1 };
	uint8_t psk[6][KEYS_LEN];

	ck_assert_int_eq(keys_psk(key, &caller, psk[0]), 0);
	caller.share++;
	ck_assert_int_eq(keys_psk(key, &caller, psk[1]), 0);
	caller.expiry++;
	ck_assert_int_eq(keys_psk(key, &caller, psk[2]), 0);
	caller.rights[0] = 't';
	ck_assert_int_eq(keys_psk(key, &caller, psk[3]), 0);
	caller.user[0] = 'b';
	ck_assert_int_eq(keys_psk(key, &caller, psk[4]), 0);
	key[0]++;
	ck_assert_int_eq(keys_psk(key, &caller, psk[5]), 0);
	for (unsigned i = 0; i < 6; i++) {
		for (unsigned j = 0; j < i; j++) {
			ck_assert_mem_ne(psk[i], psk[j], KEYS_LEN);
		}
	}
}
END_TEST

START_TEST(case_of_names_does_not_count)
{
	struct keys_account account = { { 1 }, 1 };
	struct keys_caller caller = { "Alice", 0, 0, "" };
	struct keys_session session = { 1, 1, "ALICE", "OFFICE", &caller };
	uint8_t out[2][KEYS_PROLOGUE_MAX];
	size_t len[2];

	ck_assert_int_eq(keys_host(&account, "Office", out[0]), 0);
	ck_assert_int_eq(keys_host(&account, "office", out[1]), 0);
	ck_assert_mem_eq(out[0], out[1], KEYS_LEN);
	/* A gateway is never what a host by its name was. */
	ck_assert_int_eq(keys_gateway(&account, "Office", out[1]), 0);
	ck_assert_mem_ne(out[0], out[1], KEYS_LEN);
	ck_assert_int_eq(keys_gateway(&account, "office", out[0]), 0);
	ck_assert_mem_eq(out[0], out[1], KEYS_LEN);
	ck_assert_int_eq(keys_session_prologue(&session, out[0], &len[0]), 0);
	ck_assert_int_eq(keys_caller_owner(&caller, "alice"), 0);
	session.owner = "alice";
	session.host = "office";
	ck_assert_int_eq(keys_session_prologue(&session, out[1], &len[1]), 0);
	ck_assert_uint_eq(len[0], len[1]);
	ck_assert_mem_eq(out[0], out[1], len[0]);
}
END_TEST

START_TEST(names_must_be_valid)
{
	struct keys_account account = { { 1 }, 1 };
	struct keys_caller caller = { "alice", 0, 0, "" };
	struct keys_session session = { 1, 1, "", "relay", &caller };
	uint8_t out[KEYS_PROLOGUE_MAX];
	size_t len;

	ck_assert_int_eq(keys_host(&account, "of fice", out), -1);
	ck_assert_int_eq(keys_host(&account, "127", out), -1);
	ck_assert_int_eq(keys_gateway(&account, "of fice", out), -1);
	/* A gateway may have a name that no host has. */
	ck_assert_int_eq(keys_gateway(&account, "127", out), 0);
	/* Only the relay itself has no owner. */
	ck_assert_int_eq(keys_session_prologue(&session, out, &len), 0);
	session.host = "office";
	ck_assert_int_eq(keys_session_prologue(&session, out, &len), -1);
	session.owner = "alice";
	ck_assert_int_eq(keys_session_prologue(&session, out, &len), 0);
	session.host = "";
	ck_assert_int_eq(keys_session_prologue(&session, out, &len), -1);
}
END_TEST

/* --- the rest ----------------------------------------------------------- */

START_TEST(pairs_belong_together)
{
	uint8_t secret[2][KEYS_LEN];
	uint8_t public[3][KEYS_LEN];
	uint8_t shared[2][KEYS_LEN];

	keys_generate(secret[0], public[0]);
	keys_generate(secret[1], public[1]);
	ck_assert_mem_ne(secret[0], secret[1], KEYS_LEN);
	ck_assert_int_eq(keys_public(secret[0], public[2]), 0);
	ck_assert_mem_eq(public[0], public[2], KEYS_LEN);
	ck_assert_int_eq(crypto_scalarmult(shared[0], secret[0], public[1]), 0);
	ck_assert_int_eq(crypto_scalarmult(shared[1], secret[1], public[0]), 0);
	ck_assert_mem_eq(shared[0], shared[1], KEYS_LEN);
	memset(secret[0], 0, KEYS_LEN);
	ck_assert_int_eq(keys_public(secret[0], public[2]), -1);
}
END_TEST

START_TEST(account_keys_are_fresh)
{
	struct keys_account account[2];

	keys_account_generate(&account[0], 7);
	keys_account_generate(&account[1], 8);
	ck_assert_uint_eq(account[0].epoch, 7);
	ck_assert_uint_eq(account[1].epoch, 8);
	ck_assert_mem_ne(account[0].key, account[1].key, KEYS_LEN);
}
END_TEST

START_TEST(uses_and_senders_have_their_own_keys)
{
	uint8_t split[KEYS_LEN] = { 1 };
	uint8_t hash[KEYS_HASH_LEN] = { 2 };
	struct seal seal[2 * KEYS_USES];

	for (unsigned i = 0; i < 2 * KEYS_USES; i++) {
		keys_seal(&seal[i], (enum keys_use)(i / 2),
		    i % 2 == 0 ? KEYS_INITIATOR : KEYS_RESPONDER, split, hash);
		for (unsigned j = 0; j < i; j++) {
			ck_assert_mem_ne(
			    seal[i].key, seal[j].key, SEAL_KEY_LEN);
		}
	}
	hash[63] = 1;
	keys_seal(&seal[1], KEYS_LINK, KEYS_INITIATOR, split, hash);
	ck_assert_mem_ne(seal[0].key, seal[1].key, SEAL_KEY_LEN);
}
END_TEST

START_TEST(recovery_finds_the_wrong_character)
{
	struct keys_account account = { { 1, 2, 3 }, 9 };
	struct keys_account back;
	char text[KEYS_RECOVERY_LEN];
	size_t len;
	size_t wrong;

	keys_recovery_encode(&account, text);
	len = strlen(text);
	for (size_t i = strlen("inroadkey1:"); i < len; i++) {
		static const char others[] = "xA7_-.:,#\x80";

		for (const char *c = others; *c != '\0'; c++) {
			char was = text[i];

			if (was == *c) {
				continue;
			}
			text[i] = *c;
			ck_assert_int_eq(
			    keys_recovery_decode(&back, text, &wrong), -1);
			ck_assert_uint_eq(wrong, i + 1);
			text[i] = was;
		}
	}
	text[20] = text[20] == 'a' ? 'b' : 'a';
	text[21] = text[21] == 'a' ? 'b' : 'a';
	ck_assert_int_eq(keys_recovery_decode(&back, text, &wrong), -1);
}
END_TEST

START_TEST(recovery_must_be_whole)
{
	struct keys_account account = { { 1, 2, 3 }, 9 };
	struct keys_account back;
	char line[KEYS_RECOVERY_LEN + 8] = "  \t";
	char *text = line + 3;
	size_t wrong;

	keys_recovery_encode(&account, text);
	memcpy(text + strlen(text), " \r\n", 4);
	ck_assert_int_eq(keys_recovery_decode(&back, line, &wrong), 0);
	ck_assert_uint_eq(back.epoch, 9);
	ck_assert_mem_eq(back.key, account.key, KEYS_LEN);
	text[strcspn(text, " ")] = 'A';
	ck_assert_int_eq(keys_recovery_decode(&back, line, &wrong), -1);
	keys_recovery_encode(&account, text);
	for (size_t len = strlen(text); len-- > 0;) {
		text[len] = '\0';
		ck_assert_int_eq(keys_recovery_decode(&back, line, &wrong), -1);
		ck_assert_uint_eq(wrong, 0);
	}
	keys_recovery_encode(&account, text);
	text[3] = 'x';
	ck_assert_int_eq(keys_recovery_decode(&back, line, &wrong), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("keys");
	TCase *tcase = tcase_create("keys");

	if (sodium_init() < 0) {
		return 99;
	}
	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, agrees_with_vectors);
	tcase_add_test(tcase, callers_must_be_valid);
	tcase_add_test(tcase, callers_are_decoded_strictly);
	tcase_add_test(tcase, every_field_changes_the_psk);
	tcase_add_test(tcase, case_of_names_does_not_count);
	tcase_add_test(tcase, names_must_be_valid);
	tcase_add_test(tcase, pairs_belong_together);
	tcase_add_test(tcase, account_keys_are_fresh);
	tcase_add_test(tcase, uses_and_senders_have_their_own_keys);
	tcase_add_test(tcase, recovery_finds_the_wrong_character);
	tcase_add_test(tcase, recovery_must_be_whole);
	return unit_main(suite);
}
