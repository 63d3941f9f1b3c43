/* SPDX-License-Identifier: ISC */
#include "protocol/keys.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/mem.h"
#include "common/wire.h"
#include "protocol/armor.h"
#include "protocol/seal.h"
#include "protocol/target.h"

/*
 * A recovery string: the prefix, then epoch and key in 48 characters of
 * base64url, which are one piece of armor with 2 checks.
 */
static const char recovery_prefix[] = "inroadkey1:";
#define RECOVERY_LEN (4 + KEYS_LEN)
#define RECOVERY_TEXT_LEN 48
#define RECOVERY_BODY_LEN (RECOVERY_TEXT_LEN + 2)
#define RECOVERY_LINE_LEN (sizeof(recovery_prefix) - 1 + RECOVERY_BODY_LEN)

/* Labels of PROTOCOL.md, "Keys", without a terminator in the hash. */
static const char id_label[] = "inroad key id 1";
static const char host_label[] = "inroad host 1";
static const char gateway_label[] = "inroad gateway 1";
static const char caller_label[] = "inroad caller 1";
static const char session_label[] = "inroad session 1";
static const char mac1_label[] = "inroad mac1 1";
static const char fingerprint_label[] = "inroad fingerprint 1";
static const char *const use_labels[KEYS_USES] = {
	[KEYS_LINK] = "inroad link keys 1",
	[KEYS_SESSION] = "inroad session keys 1",
	[KEYS_RESUME] = "inroad resume keys 1",
};

/*
 * BLAKE2b with out_len bytes of output over label and the len bytes at data,
 * under key of KEYS_LEN bytes, or none if it is NULL.
 */
static void
hash(uint8_t *out, size_t out_len, const uint8_t *key, const char *label,
    const uint8_t *data, size_t len)
{
	crypto_generichash_state state;

	crypto_generichash_init(
	    &state, key, key != NULL ? KEYS_LEN : 0, out_len);
	crypto_generichash_update(
	    &state, (const uint8_t *)label, strlen(label));
	crypto_generichash_update(&state, data, len);
	crypto_generichash_final(&state, out, out_len);
	mem_wipe(&state, sizeof(state));
}

void
keys_generate(uint8_t secret[KEYS_LEN], uint8_t public[KEYS_LEN])
{
	/* lint: allow randombytes_buf: no caller may choose a secret. */
	randombytes_buf(secret, KEYS_LEN);
	(void)crypto_scalarmult_base(public, secret);
}

int
keys_public(const uint8_t secret[KEYS_LEN], uint8_t public[KEYS_LEN])
{
	/* Any 32 bytes would do, but all zeroes is a file gone wrong. */
	if (sodium_is_zero(secret, KEYS_LEN)) {
		return -1;
	}
	return crypto_scalarmult_base(public, secret);
}

void
keys_account_generate(struct keys_account *account, uint32_t epoch)
{
	/* lint: allow randombytes_buf: no caller may choose a secret. */
	randombytes_buf(account->key, sizeof(account->key));
	account->epoch = epoch;
}

void
keys_account_id(const struct keys_account *account, uint8_t id[KEYS_ID_LEN])
{
	uint8_t out[KEYS_LEN];

	hash(out, sizeof(out), account->key, id_label, NULL, 0);
	memcpy(id, out, KEYS_ID_LEN);
}

int
keys_host(const struct keys_account *account, const char *host,
    uint8_t host_key[KEYS_LEN])
{
	char folded[NAME_HOST_MAX + 1];

	if (name_check_host(host) != NAME_OK ||
	    name_fold(host, folded, sizeof(folded)) != 0) {
		return -1;
	}
	hash(host_key, KEYS_LEN, account->key, host_label,
	    (const uint8_t *)folded, strlen(folded));
	return 0;
}

int
keys_gateway(const struct keys_account *account, const char *device,
    uint8_t gateway_key[KEYS_LEN])
{
	char folded[NAME_HOST_MAX + 1];

	if (name_check_device(device) != NAME_OK ||
	    name_fold(device, folded, sizeof(folded)) != 0) {
		return -1;
	}
	hash(gateway_key, KEYS_LEN, account->key, gateway_label,
	    (const uint8_t *)folded, strlen(folded));
	return 0;
}

int
keys_psk(const uint8_t host_key[KEYS_LEN], const struct keys_caller *caller,
    uint8_t psk[KEYS_LEN])
{
	uint8_t encoded[KEYS_CALLER_MAX];
	struct wire_writer writer;

	wire_write_to(&writer, encoded, sizeof(encoded));
	keys_caller_encode(caller, &writer);
	if (!wire_writer_ok(&writer)) {
		return -1;
	}
	hash(psk, KEYS_LEN, host_key, caller_label, encoded,
	    wire_written(&writer));
	return 0;
}

/* --- who calls ------------------------------------------------------- */

/* The owner has all rights, for ever, and there is one way to say so. */
static bool
caller_is_valid(const struct keys_caller *caller)
{
	return name_is_printable(caller->rights) &&
	       (caller->share != 0 ||
		   (caller->expiry == 0 && caller->rights[0] == '\0'));
}

int
keys_caller_owner(struct keys_caller *caller, const char *user)
{
	memset(caller, 0, sizeof(*caller));
	if (name_check_user(user) != NAME_OK) {
		return -1;
	}
	return name_fold(user, caller->user, sizeof(caller->user));
}

void
keys_caller_encode(const struct keys_caller *caller, struct wire_writer *writer)
{
	name_put(writer, caller->user, name_check_user);
	wire_put_u64(writer, caller->share);
	wire_put_u64(writer, caller->expiry);
	wire_put_str8(writer, caller->rights);
	if (!caller_is_valid(caller)) {
		wire_writer_fail(writer);
	}
}

void
keys_caller_decode(struct keys_caller *caller, struct wire_reader *reader)
{
	name_get(reader, caller->user, sizeof(caller->user), name_check_user);
	caller->share = wire_get_u64(reader);
	caller->expiry = wire_get_u64(reader);
	wire_get_str8(reader, caller->rights, sizeof(caller->rights));
	if (!caller_is_valid(caller)) {
		wire_reader_fail(reader);
	}
	if (!wire_reader_ok(reader)) {
		memset(caller, 0, sizeof(*caller));
	}
}

int
keys_session_prologue(const struct keys_session *session,
    uint8_t out[KEYS_PROLOGUE_MAX], size_t *len)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, KEYS_PROLOGUE_MAX);
	wire_put_bytes(&writer, session_label, strlen(session_label));
	wire_put_u8(&writer, session->version);
	wire_put_u32(&writer, session->epoch);
	/* The relay itself is nobody's host. */
	if (strcmp(session->host, TARGET_RELAY) == 0 &&
	    session->owner[0] == '\0') {
		wire_put_u8(&writer, 0);
	} else {
		name_put(&writer, session->owner, name_check_user);
	}
	name_put(&writer, session->host, name_check_host);
	keys_caller_encode(session->caller, &writer);
	if (!wire_writer_ok(&writer)) {
		return -1;
	}
	*len = wire_written(&writer);
	return 0;
}

/* --- handshakes ------------------------------------------------------ */

void
keys_mac1(const uint8_t relay_public[KEYS_LEN], const uint8_t *covered,
    size_t len, uint8_t mac1[KEYS_MAC1_LEN])
{
	uint8_t key[KEYS_LEN];

	hash(key, sizeof(key), NULL, mac1_label, relay_public, KEYS_LEN);
	hash(mac1, KEYS_MAC1_LEN, key, "", covered, len);
}

void
keys_seal(struct seal *seal, enum keys_use use, enum keys_sender sender,
    const uint8_t split[KEYS_LEN], const uint8_t handshake[KEYS_HASH_LEN])
{
	uint8_t data[1 + KEYS_HASH_LEN];
	uint8_t out[SEAL_KEY_LEN + SEAL_HEAD_LEN];

	data[0] = (uint8_t)sender;
	memcpy(data + 1, handshake, KEYS_HASH_LEN);
	hash(out, sizeof(out), split, use_labels[use], data, sizeof(data));
	seal_init(seal, out, out + SEAL_KEY_LEN);
	mem_wipe(out, sizeof(out));
}

/* --- for people ------------------------------------------------------ */

void
keys_fingerprint(const uint8_t public[KEYS_LEN], char out[KEYS_FINGERPRINT_LEN])
{
	uint8_t digest[16];
	char hex[2 * sizeof(digest) + 1];
	size_t at = 0;

	hash(digest, sizeof(digest), NULL, fingerprint_label, public, KEYS_LEN);
	sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	for (size_t i = 0; i < 2 * sizeof(digest); i++) {
		if (i > 0 && i % 4 == 0) {
			out[at++] = '-';
		}
		out[at++] = hex[i];
	}
	out[at] = '\0';
}

void
keys_recovery_encode(
    const struct keys_account *account, char out[KEYS_RECOVERY_LEN])
{
	size_t prefix_len = strlen(recovery_prefix);
	char *body = out + prefix_len;
	uint8_t bytes[RECOVERY_LEN];
	struct wire_writer writer;

	wire_write_to(&writer, bytes, sizeof(bytes));
	wire_put_u32(&writer, account->epoch);
	wire_put_bytes(&writer, account->key, KEYS_LEN);
	memcpy(out, recovery_prefix, sizeof(recovery_prefix));
	sodium_bin2base64(body, KEYS_RECOVERY_LEN - prefix_len, bytes,
	    sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	assert(strlen(body) == RECOVERY_TEXT_LEN);
	armor_protect(body, RECOVERY_TEXT_LEN);
	body[RECOVERY_BODY_LEN] = '\0';
	mem_wipe(bytes, sizeof(bytes));
}

/*
 * Return 0 when the characters and checks at body are good, or the number of
 * the one that is wrong (from 1), or RECOVERY_LINE_LEN when it is not one.
 */
static size_t
find_wrong(const char *body)
{
	size_t index = strcspn(body, ".:,");
	enum armor_result result = ARMOR_CHARACTER;

	if (index >= RECOVERY_BODY_LEN) {
		result = armor_verify(body, RECOVERY_BODY_LEN, &index);
	}
	if (result == ARMOR_OK) {
		return 0;
	}
	return result == ARMOR_TYPO || result == ARMOR_CHARACTER
		   ? index + 1
		   : RECOVERY_LINE_LEN;
}

/* Read what is known to be well typed. */
static int
recovery_parse(struct keys_account *account, const char *body)
{
	uint8_t bytes[RECOVERY_LEN];
	struct wire_reader reader;
	int status;

	status =
	    sodium_base642bin(bytes, sizeof(bytes), body, RECOVERY_TEXT_LEN,
		NULL, NULL, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	if (status == 0) {
		wire_read_from(&reader, bytes, sizeof(bytes));
		account->epoch = wire_get_u32(&reader);
		wire_get_copy(&reader, account->key, KEYS_LEN);
	}
	mem_wipe(bytes, sizeof(bytes));
	return status;
}

int
keys_recovery_decode(
    struct keys_account *account, const char *text, size_t *wrong)
{
	static const char blank[] = " \t\r\n";
	const size_t prefix_len = strlen(recovery_prefix);
	size_t len;

	*wrong = 0;
	text += strspn(text, blank);
	len = strcspn(text, blank);
	if (text[len + strspn(text + len, blank)] != '\0' ||
	    len != RECOVERY_LINE_LEN ||
	    strncmp(text, recovery_prefix, prefix_len) != 0) {
		return -1;
	}
	*wrong = find_wrong(text + prefix_len);
	if (*wrong != 0) {
		*wrong = *wrong < RECOVERY_LINE_LEN ? *wrong + prefix_len : 0;
		return -1;
	}
	return recovery_parse(account, text + prefix_len);
}
