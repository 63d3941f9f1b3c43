/* SPDX-License-Identifier: ISC */
#include "protocol/membership.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "protocol/target.h"

/* Longest line of the text, with room for the names of fields. */
#define LINE_MAX_LEN (MEMBERSHIP_ADDRESS_MAX + 32)

#define KEY_DIGITS (2 * (size_t)KEYS_LEN)

static const char first_line[] = "inroad-membership 1";

/* --- relays ---------------------------------------------------------- */

/* No name is a host of ours where relays are meant. */
static bool
no_host(void *arg, const char *label)
{
	(void)arg;
	(void)label;
	return false;
}

/*
 * Write the address in the len characters at text in its one form to out.
 * Returns 0 or -1.
 */
static int
normalize(char out[MEMBERSHIP_ADDRESS_MAX + 1], const char *text, size_t len)
{
	static const struct target_space space = { NULL, no_host, NULL };
	struct target target;
	bool is_ipv6;
	int size;

	/* A join string writes IPv6 addresses with underscores. */
	if (target_from_authority(&target, &space, text, len, 0) ==
		TARGET_INVALID ||
	    strchr(target.name, '_') != NULL) {
		return -1;
	}
	is_ipv6 = strchr(target.name, ':') != NULL;
	size = snprintf(out, MEMBERSHIP_ADDRESS_MAX + 1,
	    is_ipv6 ? "[%s]:%u" : "%s:%u", target.name, target.port);
	return size > 0 && size <= MEMBERSHIP_ADDRESS_MAX ? 0 : -1;
}

int
membership_add_relay(
    struct membership *membership, const char *text, size_t len)
{
	if (membership->relays == MEMBERSHIP_RELAYS_MAX ||
	    normalize(membership->relay[membership->relays], text, len) != 0) {
		return -1;
	}
	membership->relays++;
	return 0;
}

static bool
relays_are_valid(const struct membership *membership)
{
	char normal[MEMBERSHIP_ADDRESS_MAX + 1];

	for (size_t i = 0; i < membership->relays; i++) {
		const char *relay = membership->relay[i];

		if (normalize(normal, relay, strlen(relay)) != 0 ||
		    strcmp(normal, relay) != 0) {
			return false;
		}
	}
	return true;
}

/* --- what is valid --------------------------------------------------- */

/* Return true when check accepts name, which is in lower case. */
static bool
name_is_valid(const char *name, enum name_error (*check)(const char *name))
{
	char folded[LIMITS_LABEL_LEN];

	return check(name) == NAME_OK &&
	       name_fold(name, folded, sizeof(folded)) == 0 &&
	       strcmp(name, folded) == 0;
}

/* Judge the key by the role: whose part of the account's keys it may be. */
static const char *
key_flaw(const struct membership *membership)
{
	bool is_agent = membership->role == LINKHELLO_AGENT;

	switch (membership->key_kind) {
	case MEMBERSHIP_KEY_NONE:
		return is_agent ? "is for an agent but has no host key" : NULL;
	case MEMBERSHIP_KEY_ACCOUNT:
		if (is_agent) {
			return "gives the account key to an agent";
		}
		break;
	case MEMBERSHIP_KEY_HOST:
		if (!is_agent) {
			return "gives a host key to a gateway";
		}
		break;
	default:
		return "has a key of an unknown kind";
	}
	return membership->epoch == 0 ? "has a key without epoch" : NULL;
}

const char *
membership_flaw(const struct membership *membership)
{
	bool is_agent = membership->role == LINKHELLO_AGENT;

	if (membership->relays == 0) {
		return "has no relay";
	}
	if (membership->relays > MEMBERSHIP_RELAYS_MAX ||
	    !relays_are_valid(membership)) {
		return "has a relay address that is not valid";
	}
	if (sodium_is_zero(membership->relay_public, KEYS_LEN)) {
		return "has no relay key";
	}
	if (!is_agent && membership->role != LINKHELLO_GATEWAY) {
		return "has no role";
	}
	if (!name_is_valid(membership->user, name_check_user)) {
		return "has an account name that is not valid";
	}
	if (!name_is_valid(membership->name,
		is_agent ? name_check_host : name_check_device)) {
		return "has a device name that is not valid";
	}
	return key_flaw(membership);
}

void
membership_wipe(struct membership *membership)
{
	mem_wipe(membership, sizeof(*membership));
}

/* --- writing --------------------------------------------------------- */

/* Text that grows at the end of a buffer known to be large enough. */
struct out {
	char *text;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void
put(struct out *out, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(
	    out->text + out->len, MEMBERSHIP_TEXT_MAX - out->len, format, args);
	va_end(args);
	out->len += len > 0 ? (size_t)len : 0;
}

/* Append a line of name, which may hold a number too, and key in digits. */
static void
put_key(struct out *out, const char *name, const uint8_t key[KEYS_LEN])
{
	char hex[KEY_DIGITS + 1];

	sodium_bin2hex(hex, sizeof(hex), key, KEYS_LEN);
	put(out, "%s %s\n", name, hex);
	mem_wipe(hex, sizeof(hex));
}

size_t
membership_format(const struct membership *membership, char *text)
{
	struct out out = { text, 0 };
	char name[32];

	if (membership_flaw(membership) != NULL) {
		text[0] = '\0';
		return 0;
	}
	put(&out, "%s\n", first_line);
	for (size_t i = 0; i < membership->relays; i++) {
		put(&out, "relay %s\n", membership->relay[i]);
	}
	put_key(&out, "relay-key", membership->relay_public);
	put(&out, "role %s\nuser %s\nname %s\n",
	    membership->role == LINKHELLO_AGENT ? "agent" : "gateway",
	    membership->user, membership->name);
	if (membership->has_token) {
		put_key(&out, "token", membership->token);
	}
	if (membership->key_kind != MEMBERSHIP_KEY_NONE) {
		(void)snprintf(name, sizeof(name), "%s %u",
		    membership->key_kind == MEMBERSHIP_KEY_HOST ? "host-key"
								: "account-key",
		    membership->epoch);
		put_key(&out, name, membership->key);
	}
	return out.len;
}

/* --- reading --------------------------------------------------------- */

static int
get_key(const char *digits, uint8_t key[KEYS_LEN])
{
	size_t len = 0;

	if (strlen(digits) != KEY_DIGITS ||
	    sodium_hex2bin(
		key, KEYS_LEN, digits, KEY_DIGITS, NULL, &len, NULL) != 0) {
		return -1;
	}
	return len == KEYS_LEN ? 0 : -1;
}

static int
get_relay(struct membership *membership, const char *value)
{
	return membership_add_relay(membership, value, strlen(value));
}

static int
get_relay_key(struct membership *membership, const char *value)
{
	return get_key(value, membership->relay_public);
}

static int
get_role(struct membership *membership, const char *value)
{
	if (strcmp(value, "agent") == 0) {
		membership->role = LINKHELLO_AGENT;
		return 0;
	}
	membership->role = LINKHELLO_GATEWAY;
	return strcmp(value, "gateway") == 0 ? 0 : -1;
}

static int
get_user(struct membership *membership, const char *value)
{
	return name_check_user(value) == NAME_OK
		   ? name_fold(
			 value, membership->user, sizeof(membership->user))
		   : -1;
}

static int
get_name(struct membership *membership, const char *value)
{
	return name_check_device(value) == NAME_OK
		   ? name_fold(
			 value, membership->name, sizeof(membership->name))
		   : -1;
}

static int
get_token(struct membership *membership, const char *value)
{
	membership->has_token = true;
	return get_key(value, membership->token);
}

/* "EPOCH DIGITS". */
static int
get_epoch_key(struct membership *membership, const char *value)
{
	char *end = NULL;
	unsigned long long epoch;

	if (value[0] < '1' || value[0] > '9') {
		return -1;
	}
	epoch = strtoull(value, &end, 10);
	if (epoch > UINT32_MAX || *end != ' ') {
		return -1;
	}
	membership->epoch = (uint32_t)epoch;
	return get_key(end + 1, membership->key);
}

static int
get_account_key(struct membership *membership, const char *value)
{
	membership->key_kind = MEMBERSHIP_KEY_ACCOUNT;
	return get_epoch_key(membership, value);
}

static int
get_host_key(struct membership *membership, const char *value)
{
	membership->key_kind = MEMBERSHIP_KEY_HOST;
	return get_epoch_key(membership, value);
}

/* A field of the text; all but relays stand in it once at most. */
struct field {
	const char *name;
	int (*get)(struct membership *membership, const char *value);
};

static const struct field fields[] = {
	{ "relay", get_relay },
	{ "relay-key", get_relay_key },
	{ "role", get_role },
	{ "user", get_user },
	{ "name", get_name },
	{ "token", get_token },
	{ "account-key", get_account_key },
	{ "host-key", get_host_key },
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* Return the field whose name is the len characters at name, or NULL. */
static const struct field *
find_field(const char *name, size_t len)
{
	for (size_t i = 0; i < FIELDS; i++) {
		if (strlen(fields[i].name) == len &&
		    strncmp(fields[i].name, name, len) == 0) {
			return &fields[i];
		}
	}
	return NULL;
}

/* Read one line; *seen has a bit for each field there was. */
static const char *
get_line(struct membership *membership, const char *line, unsigned *seen)
{
	size_t name_len = strcspn(line, " ");
	const struct field *field = find_field(line, name_len);
	unsigned bit;

	if (field == NULL || line[name_len] == '\0') {
		return "is not a field of a membership";
	}
	bit = 1U << (field - fields);
	if ((*seen & bit) != 0 && field->get != get_relay) {
		return "repeats a field";
	}
	*seen |= bit;
	if (field->get(membership, line + name_len + 1) != 0) {
		return "has a value that is not valid";
	}
	return NULL;
}

/*
 * Copy the next line of the *len characters at *text, without its end, to
 * line, and step over it.  Returns NULL, or what is wrong with it.
 */
static const char *
take_line(const char **text, size_t *len, char line[LINE_MAX_LEN])
{
	const char *end = memchr(*text, '\n', *len);
	size_t line_len;

	if (end == NULL) {
		return "is cut short";
	}
	line_len = (size_t)(end - *text);
	if (line_len >= LINE_MAX_LEN || memchr(*text, '\0', line_len) != NULL) {
		return "is too long or not text";
	}
	memcpy(line, *text, line_len);
	line[line_len] = '\0';
	*text = end + 1;
	*len -= line_len + 1;
	return NULL;
}

int
membership_parse(struct membership *membership, const char *text, size_t len,
    unsigned *line, const char **flaw)
{
	char buffer[LINE_MAX_LEN];
	unsigned seen = 0;
	const char *wrong = NULL;
	unsigned number = 0;

	memset(membership, 0, sizeof(*membership));
	while (wrong == NULL && (len > 0 || number == 0)) {
		number++;
		wrong = len > 0 ? take_line(&text, &len, buffer) : "is missing";
		if (wrong == NULL && number == 1) {
			wrong =
			    strcmp(buffer, first_line) == 0
				? NULL
				: "does not begin a membership of this version";
		} else if (wrong == NULL) {
			wrong = get_line(membership, buffer, &seen);
		}
	}
	mem_wipe(buffer, sizeof(buffer));
	if (wrong == NULL) {
		number++;
		wrong = membership_flaw(membership);
	}
	if (wrong == NULL) {
		return 0;
	}
	*line = number;
	*flaw = wrong;
	membership_wipe(membership);
	return -1;
}
