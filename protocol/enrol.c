/* SPDX-License-Identifier: ISC */
#include "protocol/enrol.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "common/fault.h"
#include "common/mem.h"
#include "common/statedir.h"
#include "protocol/joinstring.h"
#include "protocol/linkmsg.h"
#include "protocol/membership.h"

/* The files; the header says what they are. */
#define FILE_KEY "device.key"
#define FILE_MEMBERSHIP "membership"
#define FILE_JOINING "joining"
#define FILE_JOINED "joined"
#define FILE_JOIN "join"

/* Hexadecimal digits of 32 bytes. */
#define HEX_LEN (2 * KEYS_LEN)

/* In front of the membership in joining: the digest and a line end. */
#define DIGEST_LINE_LEN (HEX_LEN + 1)

/* Digests that are remembered; the oldest goes. */
#define JOINED_MAX 128

struct enrol {
	struct statedir *dir;
	enum linkhello_role role;
	uint8_t public_key[KEYS_LEN];
	uint8_t secret_key[KEYS_LEN];
	struct membership current; /* in use */
	struct membership worked;  /* while joining: the one before */
	bool has_current;
	bool has_worked;
	bool joining;
	char digest[HEX_LEN + 1]; /* while joining: of the string */
};

/* Return what to call a role. */
static const char *
role_name(enum linkhello_role role)
{
	return role == LINKHELLO_GATEWAY ? "a gateway" : "an agent";
}

/* --- the device key -------------------------------------------------- */

/* Read the key in content; 0, or -1 and fault. */
static int
parse_key(struct enrol *enrol, const struct file_content *content,
    struct fault *fault)
{
	size_t len = 0;

	if (sodium_hex2bin(enrol->secret_key, KEYS_LEN,
		(const char *)content->data, content->len, "\n", &len,
		NULL) != 0 ||
	    len != KEYS_LEN ||
	    keys_public(enrol->secret_key, enrol->public_key) != 0) {
		return fault_set(fault,
		    "%s/" FILE_KEY " is damaged. Restore it, or remove it "
		    "and join again.",
		    statedir_path(enrol->dir));
	}
	return 0;
}

/* Make a key and save it. */
static enum file_result
make_key(struct enrol *enrol, struct fault *fault)
{
	char text[HEX_LEN + 2];
	enum file_result result;

	keys_generate(enrol->secret_key, enrol->public_key);
	sodium_bin2hex(text, sizeof(text), enrol->secret_key, KEYS_LEN);
	text[sizeof(text) - 2] = '\n';
	result = statedir_write(enrol->dir, FILE_KEY, text, HEX_LEN + 1, fault);
	mem_wipe(text, sizeof(text));
	return result;
}

/* Read the device key, or make it. */
static enum file_result
load_key(struct enrol *enrol, struct fault *fault)
{
	struct file_content content;
	enum file_result result = statedir_read(enrol->dir, FILE_KEY,
	    FILE_SECRET, DIGEST_LINE_LEN, &content, fault);

	if (result == FILE_NONE) {
		return make_key(enrol, fault);
	}
	if (result == FILE_OK && parse_key(enrol, &content, fault) != 0) {
		result = FILE_FAILED;
	}
	file_content_free(&content);
	return result;
}

/* --- memberships ----------------------------------------------------- */

/*
 * Read the membership behind the first skip bytes of content, which came from
 * the file name; 0, or -1 and fault.
 */
static int
parse_membership(struct enrol *enrol, const char *name,
    const struct file_content *content, size_t skip, struct membership *out,
    struct fault *fault)
{
	const char *flaw = "is cut off";
	unsigned line = 1;

	if (content->len < skip ||
	    membership_parse(out, (const char *)content->data + skip,
		content->len - skip, &line, &flaw) != 0) {
		return fault_set(fault,
		    "%s/%s, line %u: %s. Restore it, or remove it and join "
		    "again.",
		    statedir_path(enrol->dir), name, line + (skip > 0), flaw);
	}
	if (out->role != enrol->role) {
		membership_wipe(out);
		return fault_set(fault,
		    "%s/%s belongs to %s, this is %s. Use another --state.",
		    statedir_path(enrol->dir), name, role_name(out->role),
		    role_name(enrol->role));
	}
	return 0;
}

/*
 * Read the file name into *out and the first skip bytes of it, a digest and a
 * line end, into enrol.  FILE_NONE when there is none.
 */
static enum file_result
load_membership(struct enrol *enrol, const char *name, size_t skip,
    struct membership *out, struct fault *fault)
{
	struct file_content content;
	enum file_result result = statedir_read(enrol->dir, name, FILE_SECRET,
	    MEMBERSHIP_TEXT_MAX + DIGEST_LINE_LEN, &content, fault);

	if (result != FILE_OK) {
		return result;
	}
	if (parse_membership(enrol, name, &content, skip, out, fault) != 0) {
		result = FILE_FAILED;
	} else if (skip > 0) {
		memcpy(enrol->digest, content.data, HEX_LEN);
	}
	file_content_free(&content);
	return result;
}

/* Write membership to the file name, behind digest if that is not empty. */
static int
save_membership(struct enrol *enrol, const char *name, const char *digest,
    const struct membership *membership, struct fault *fault)
{
	char text[DIGEST_LINE_LEN + 1 + MEMBERSHIP_TEXT_MAX];
	size_t used = 0;
	size_t len;
	int rc;

	if (digest[0] != '\0') {
		used = (size_t)snprintf(text, sizeof(text), "%s\n", digest);
	}
	len = membership_format(membership, text + used);
	if (len == 0) {
		rc = fault_set(
		    fault, "The membership %s.", membership_flaw(membership));
	} else {
		rc = statedir_write(
			 enrol->dir, name, text, used + len, fault) == FILE_OK
			 ? 0
			 : -1;
	}
	mem_wipe(text, sizeof(text));
	return rc;
}

/* Save the membership in use where it belongs. */
static int
save_current(struct enrol *enrol, struct fault *fault)
{
	return save_membership(enrol,
	    enrol->joining ? FILE_JOINING : FILE_MEMBERSHIP,
	    enrol->joining ? enrol->digest : "", &enrol->current, fault);
}

/* Read both memberships. */
static enum file_result
load_memberships(struct enrol *enrol, struct fault *fault)
{
	enum file_result result =
	    load_membership(enrol, FILE_MEMBERSHIP, 0, &enrol->worked, fault);

	if (result != FILE_OK && result != FILE_NONE) {
		return result;
	}
	enrol->has_worked = result == FILE_OK;
	result = load_membership(
	    enrol, FILE_JOINING, DIGEST_LINE_LEN, &enrol->current, fault);
	if (result != FILE_OK && result != FILE_NONE) {
		return result;
	}
	enrol->joining = result == FILE_OK;
	if (!enrol->joining) {
		enrol->current = enrol->worked;
		membership_wipe(&enrol->worked);
		enrol->has_current = enrol->has_worked;
		enrol->has_worked = false;
	} else {
		enrol->has_current = true;
	}
	return FILE_OK;
}

/* --- life ------------------------------------------------------------ */

enum file_result
enrol_open(struct enrol **out, struct statedir *dir, enum linkhello_role role,
    struct fault *fault)
{
	struct enrol *enrol = mem_new(1, sizeof(*enrol));
	enum file_result result = FILE_FAILED;

	*out = NULL;
	if (enrol == NULL) {
		fault_set(fault, "There is not enough memory.");
		return FILE_FAILED;
	}
	enrol->dir = dir;
	enrol->role = role;
	result = load_key(enrol, fault);
	if (result == FILE_OK) {
		result = load_memberships(enrol, fault);
	}
	if (result != FILE_OK) {
		enrol_free(enrol);
		return result;
	}
	*out = enrol;
	return FILE_OK;
}

void
enrol_free(struct enrol *enrol)
{
	mem_free_wiped(enrol, sizeof(*enrol));
}

const uint8_t *
enrol_public_key(const struct enrol *enrol)
{
	return enrol->public_key;
}

const uint8_t *
enrol_secret_key(const struct enrol *enrol)
{
	return enrol->secret_key;
}

const struct membership *
enrol_membership(const struct enrol *enrol)
{
	return enrol->has_current ? &enrol->current : NULL;
}

bool
enrol_is_joining(const struct enrol *enrol)
{
	return enrol->joining;
}

/* --- joining --------------------------------------------------------- */

/* Write the digest of the join string text to out. */
static void
digest_string(const char *text, char out[HEX_LEN + 1])
{
	static const char label[] = "inroad joined 1";
	uint8_t hash[KEYS_LEN];
	size_t skipped = strspn(text, " \t\r\n");
	size_t len = strcspn(text + skipped, " \t\r\n");

	(void)crypto_generichash(hash, sizeof(hash),
	    (const uint8_t *)text + skipped, len, (const uint8_t *)label,
	    sizeof(label) - 1);
	sodium_bin2hex(out, HEX_LEN + 1, hash, sizeof(hash));
}

/* Return true when the string with digest has worked before. */
static bool
was_used(struct enrol *enrol, const char *digest)
{
	struct fault ignored;
	struct file_content content;
	bool found = false;

	if (statedir_read(enrol->dir, FILE_JOINED, FILE_SECRET,
		(size_t)JOINED_MAX * DIGEST_LINE_LEN, &content,
		&ignored) == FILE_OK) {
		found = strstr((const char *)content.data, digest) != NULL;
		file_content_free(&content);
	}
	return found;
}

/* Add enrol's digest to those that have worked; 0 or -1. */
static int
note_used(struct enrol *enrol, struct fault *fault)
{
	struct fault ignored;
	struct file_content content = { .data = NULL };
	char text[JOINED_MAX * DIGEST_LINE_LEN + 1];
	const char *old = "";
	size_t len = 0;

	if (statedir_read(enrol->dir, FILE_JOINED, FILE_SECRET,
		sizeof(text) - 1, &content, &ignored) == FILE_OK) {
		old = (const char *)content.data;
		len = content.len;
	}
	if (len > sizeof(text) - 1 - DIGEST_LINE_LEN) {
		old += DIGEST_LINE_LEN;
	}
	len =
	    (size_t)snprintf(text, sizeof(text), "%s%s\n", old, enrol->digest);
	file_content_free(&content);
	return statedir_write(enrol->dir, FILE_JOINED, text, len, fault) ==
		       FILE_OK
		   ? 0
		   : -1;
}

/* Decode string for enrol's role; CODE_OK, or why not and fault. */
static enum code
decode(struct enrol *enrol, const char *string, struct membership *out,
    struct fault *fault)
{
	char why[JOINSTRING_EXPLAIN_LEN];
	struct joinstring_error error;
	enum joinstring_result result = joinstring_decode(out, string, &error);

	if (result != JOINSTRING_OK) {
		fault_set(fault, "The join string cannot be used: %s.",
		    joinstring_explain(result, &error, why));
		return result == JOINSTRING_VERSION ? CODE_VERSION
						    : CODE_JOIN_TYPO;
	}
	if (out->role != enrol->role) {
		fault_set(fault, "The join string is for %s, this is %s.",
		    role_name(out->role), role_name(enrol->role));
		membership_wipe(out);
		return CODE_LOGIN_REFUSED;
	}
	return CODE_OK;
}

/* Use membership of the string with digest from now on. */
static enum code
begin_joining(struct enrol *enrol, const struct membership *membership,
    const char *digest, struct fault *fault)
{
	if (save_membership(enrol, FILE_JOINING, digest, membership, fault) !=
	    0) {
		return CODE_INTERNAL;
	}
	if (!enrol->joining && enrol->has_current) {
		enrol->worked = enrol->current;
		enrol->has_worked = true;
	}
	enrol->current = *membership;
	enrol->has_current = true;
	enrol->joining = true;
	memcpy(enrol->digest, digest, sizeof(enrol->digest));
	return CODE_OK;
}

enum code
enrol_take(struct enrol *enrol, const char *string, enrol_complete *complete,
    void *arg, struct fault *fault)
{
	struct membership membership;
	char digest[HEX_LEN + 1];
	enum code code;

	digest_string(string, digest);
	if (was_used(enrol, digest)) {
		fault_set(fault, "This join string was used here before.");
		return CODE_JOIN_USED;
	}
	if (enrol->joining && strcmp(digest, enrol->digest) == 0) {
		/* With what `complete` added the first time. */
		return CODE_OK;
	}
	code = decode(enrol, string, &membership, fault);
	if (code != CODE_OK) {
		return code;
	}
	if (complete != NULL && complete(&membership, arg) != 0) {
		fault_set(fault, "The join string cannot be used here.");
		code = CODE_LOGIN_REFUSED;
	} else {
		code = begin_joining(enrol, &membership, digest, fault);
	}
	membership_wipe(&membership);
	return code;
}

enum code
enrol_take_left(struct enrol *enrol, enrol_complete *complete, void *arg,
    struct fault *fault)
{
	struct file_content content;
	enum code code = CODE_OK;
	enum file_result result = statedir_read(enrol->dir, FILE_JOIN,
	    FILE_SECRET, JOINSTRING_MAX, &content, fault);

	if (result == FILE_NONE) {
		return CODE_OK;
	}
	if (result != FILE_OK) {
		return CODE_INTERNAL;
	}
	code =
	    enrol_take(enrol, (const char *)content.data, complete, arg, fault);
	file_content_free(&content);
	if (code == CODE_OK || code == CODE_JOIN_USED) {
		(void)statedir_remove(enrol->dir, FILE_JOIN, fault);
	}
	return code;
}

int
enrol_confirm(struct enrol *enrol, struct fault *fault)
{
	if (!enrol->joining) {
		return 0;
	}
	enrol->current.has_token = false;
	mem_wipe(enrol->current.token, sizeof(enrol->current.token));
	/* In this order a crash in between only makes it be done again. */
	if (save_membership(
		enrol, FILE_MEMBERSHIP, "", &enrol->current, fault) != 0 ||
	    note_used(enrol, fault) != 0) {
		return -1;
	}
	(void)statedir_remove(enrol->dir, FILE_JOINING, fault);
	enrol->joining = false;
	membership_wipe(&enrol->worked);
	enrol->has_worked = false;
	return 0;
}

bool
enrol_revert(struct enrol *enrol)
{
	struct fault ignored;

	if (!enrol->joining || !enrol->has_worked) {
		return false;
	}
	(void)statedir_remove(enrol->dir, FILE_JOINING, &ignored);
	enrol->joining = false;
	enrol->current = enrol->worked;
	membership_wipe(&enrol->worked);
	enrol->has_worked = false;
	return true;
}

int
enrol_leave(struct enrol *enrol, struct fault *fault)
{
	static const char *const files[] = { FILE_JOIN, FILE_JOINING,
		FILE_MEMBERSHIP };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		enum file_result result =
		    statedir_remove(enrol->dir, files[i], fault);

		if (result != FILE_OK && result != FILE_NONE) {
			return -1;
		}
	}
	enrol->joining = false;
	enrol->has_current = false;
	enrol->has_worked = false;
	membership_wipe(&enrol->current);
	membership_wipe(&enrol->worked);
	return 0;
}

/* --- changes --------------------------------------------------------- */

/* Return true when membership has relay already. */
static bool
has_relay(const struct membership *membership, const char *relay)
{
	for (size_t i = 0; i < membership->relays; i++) {
		if (strcasecmp(membership->relay[i], relay) == 0) {
			return true;
		}
	}
	return false;
}

int
enrol_learn(struct enrol *enrol, const struct linkmsg_result *result,
    struct fault *fault)
{
	bool changed = false;

	if (!enrol->has_current) {
		return 0;
	}
	if (enrol->role == LINKHELLO_GATEWAY &&
	    name_check_device(result->name) == NAME_OK &&
	    strcmp(result->name, enrol->current.name) != 0) {
		(void)name_fold(result->name, enrol->current.name,
		    sizeof(enrol->current.name));
		changed = true;
	}
	for (size_t i = 0; i < result->relays; i++) {
		if (!has_relay(&enrol->current, result->relay[i]) &&
		    membership_add_relay(&enrol->current, result->relay[i],
			strlen(result->relay[i])) == 0) {
			changed = true;
		}
	}
	return changed ? save_current(enrol, fault) : 0;
}

int
enrol_set_key(struct enrol *enrol, const uint8_t key[KEYS_LEN], uint32_t epoch,
    struct fault *fault)
{
	if (!enrol->has_current) {
		return fault_set(fault, "This device has not joined.");
	}
	memcpy(enrol->current.key, key, KEYS_LEN);
	enrol->current.epoch = epoch;
	enrol->current.key_kind = enrol->role == LINKHELLO_GATEWAY
				      ? MEMBERSHIP_KEY_ACCOUNT
				      : MEMBERSHIP_KEY_HOST;
	return save_current(enrol, fault);
}
