/* SPDX-License-Identifier: ISC */
#include "protocol/linkmsg.h"

#include <string.h>

#include "common/wire.h"
#include "protocol/resume.h"

/* Codes that are newer than this build are read as CODE_INTERNAL. */
static enum code
get_code(struct wire_reader *reader)
{
	return codes_from_number(wire_get_u16(reader));
}

static void
put_code(struct wire_writer *writer, enum code code)
{
	wire_put_u16(writer, (uint16_t)code);
}

/* There is one spelling of false and one of true. */
static bool
get_bool(struct wire_reader *reader)
{
	uint8_t value = wire_get_u8(reader);

	if (value > 1) {
		reader->bad = true;
	}
	return value == 1;
}

/* An address may be longer than a length byte can say. */
static void
put_address(struct wire_writer *writer, const char *address)
{
	size_t len = strlen(address);

	wire_put_u16(writer, (uint16_t)len);
	wire_put_bytes(writer, address, len);
}

static void
get_address(
    struct wire_reader *reader, char address[MEMBERSHIP_ADDRESS_MAX + 1])
{
	size_t len = wire_get_u16(reader);

	if (len > MEMBERSHIP_ADDRESS_MAX) {
		reader->bad = true;
		return;
	}
	wire_get_copy(reader, address, len);
	address[len] = '\0';
	if (strlen(address) != len) {
		reader->bad = true;
	}
}

static int
done(const struct wire_reader *reader)
{
	return wire_reader_done(reader) ? 0 : -1;
}

/* --- RESULT ---------------------------------------------------------- */

size_t
linkmsg_result_encode(
    const struct linkmsg_result *result, uint8_t *out, size_t size)
{
	struct wire_writer writer;

	if (result->relays > MEMBERSHIP_RELAYS_MAX) {
		return 0;
	}
	wire_write_to(&writer, out, size);
	put_code(&writer, result->code);
	wire_put_u32(&writer, result->retry_after);
	wire_put_u32(&writer, result->spread);
	wire_put_u64(&writer, result->incarnation);
	wire_put_str8(&writer, result->text);
	wire_put_str8(&writer, result->user);
	wire_put_str8(&writer, result->name);
	wire_put_u8(&writer, (uint8_t)result->relays);
	for (size_t i = 0; i < result->relays; i++) {
		put_address(&writer, result->relay[i]);
	}
	return wire_written(&writer);
}

int
linkmsg_result_decode(
    struct linkmsg_result *out, const uint8_t *payload, size_t len)
{
	struct wire_reader reader;

	memset(out, 0, sizeof(*out));
	wire_read_from(&reader, payload, len);
	out->code = get_code(&reader);
	out->retry_after = wire_get_u32(&reader);
	out->spread = wire_get_u32(&reader);
	out->incarnation = wire_get_u64(&reader);
	wire_get_str8(&reader, out->text, sizeof(out->text));
	wire_get_str8(&reader, out->user, sizeof(out->user));
	wire_get_str8(&reader, out->name, sizeof(out->name));
	out->relays = wire_get_u8(&reader);
	if (out->relays > MEMBERSHIP_RELAYS_MAX) {
		return -1;
	}
	for (size_t i = 0; i < out->relays; i++) {
		get_address(&reader, out->relay[i]);
	}
	return done(&reader);
}

/* --- GOAWAY ---------------------------------------------------------- */

size_t
linkmsg_goaway_encode(
    const struct linkmsg_goaway *goaway, uint8_t *out, size_t size)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	put_code(&writer, goaway->code);
	wire_put_u32(&writer, goaway->spread);
	wire_put_str8(&writer, goaway->text);
	return wire_written(&writer);
}

int
linkmsg_goaway_decode(
    struct linkmsg_goaway *out, const uint8_t *payload, size_t len)
{
	struct wire_reader reader;

	wire_read_from(&reader, payload, len);
	out->code = get_code(&reader);
	out->spread = wire_get_u32(&reader);
	wire_get_str8(&reader, out->text, sizeof(out->text));
	return done(&reader);
}

/* --- NOTICE ---------------------------------------------------------- */

static const char *const severities[] = {
	[LINKMSG_NOTE] = "note",
	[LINKMSG_WARNING] = "warning",
	[LINKMSG_ALARM] = "alarm",
};

const char *
linkmsg_severity_name(enum linkmsg_severity severity)
{
	return severities[severity];
}

int
linkmsg_severity_parse(const char *name, enum linkmsg_severity *out)
{
	for (int i = LINKMSG_NOTE; i <= LINKMSG_ALARM; i++) {
		if (strcmp(severities[i], name) == 0) {
			*out = (enum linkmsg_severity)i;
			return 0;
		}
	}
	return -1;
}

size_t
linkmsg_notice_encode(
    const struct linkmsg_notice *notice, uint8_t *out, size_t size)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	wire_put_u8(&writer, (uint8_t)notice->severity);
	wire_put_str8(&writer, notice->text);
	return wire_written(&writer);
}

int
linkmsg_notice_decode(
    struct linkmsg_notice *out, const uint8_t *payload, size_t len)
{
	struct wire_reader reader;
	uint8_t severity;

	wire_read_from(&reader, payload, len);
	severity = wire_get_u8(&reader);
	wire_get_str8(&reader, out->text, sizeof(out->text));
	if (severity > LINKMSG_ALARM) {
		return -1;
	}
	out->severity = (enum linkmsg_severity)severity;
	return done(&reader);
}

/* --- HOSTS ----------------------------------------------------------- */

/* The first of a name is called by it, the next one is number 2. */
static bool
is_replica(uint8_t replica)
{
	return replica != 1 && replica <= LIMITS_REPLICAS_MAX;
}

size_t
linkmsg_host_append(
    const struct linkmsg_host *host, uint8_t *out, size_t size, size_t used)
{
	struct wire_writer writer;
	size_t len;

	if (used > size) {
		return 0;
	}
	wire_write_to(&writer, out + used, size - used);
	wire_put_str8(&writer, host->owner);
	wire_put_str8(&writer, host->name);
	wire_put_u8(&writer, host->replica);
	wire_put_bytes(&writer, host->key, sizeof(host->key));
	wire_put_u8(&writer, (uint8_t)host->state);
	wire_put_u64(&writer, host->last_contact);
	len = wire_written(&writer);
	return len > 0 ? used + len : 0;
}

int
linkmsg_host_next(struct linkmsg_host *out, const uint8_t *payload, size_t len,
    size_t *offset)
{
	struct wire_reader reader;
	uint8_t state;

	if (*offset == len) {
		return 0;
	}
	if (*offset > len) {
		return -1;
	}
	wire_read_from(&reader, payload + *offset, len - *offset);
	wire_get_str8(&reader, out->owner, sizeof(out->owner));
	wire_get_str8(&reader, out->name, sizeof(out->name));
	out->replica = wire_get_u8(&reader);
	wire_get_copy(&reader, out->key, sizeof(out->key));
	state = wire_get_u8(&reader);
	out->last_contact = wire_get_u64(&reader);
	if (!wire_reader_ok(&reader) || state > LINKMSG_REMOVED ||
	    !is_replica(out->replica)) {
		return -1;
	}
	/* These are shown to people and typed by them. */
	if (name_check_user(out->owner) != NAME_OK ||
	    name_check_host(out->name) != NAME_OK) {
		return -1;
	}
	out->state = (enum linkmsg_host_state)state;
	*offset = len - wire_left(&reader);
	return 1;
}

/* --- ATTACH ---------------------------------------------------------- */

static enum linkmsg_kind
get_kind(struct wire_reader *reader)
{
	return get_bool(reader) ? LINKMSG_RESUME : LINKMSG_BEGIN;
}

/*
 * Return true when what is attached for kind may have len bytes.  Message 1 may
 * have another length in a later version; the agent judges that.
 */
static bool
is_message(enum linkmsg_kind kind, size_t len)
{
	return kind == LINKMSG_RESUME ? len == RESUME_REQUEST_LEN : len > 0;
}

size_t
linkmsg_attach_encode(
    const struct linkmsg_attach *attach, uint8_t *out, size_t size)
{
	struct wire_writer writer;

	if (attach->message_len > UINT16_MAX) {
		return 0;
	}
	wire_write_to(&writer, out, size);
	/* The relay itself is nobody's host. */
	name_put_or_none(&writer, attach->owner, name_check_user);
	name_put(&writer, attach->host, name_check_host);
	wire_put_u8(&writer, attach->replica);
	wire_put_u32(&writer, attach->epoch);
	keys_caller_encode(&attach->caller, &writer);
	wire_put_u8(&writer, (uint8_t)attach->kind);
	wire_put_u16(&writer, (uint16_t)attach->message_len);
	wire_put_bytes(&writer, attach->message, attach->message_len);
	if (attach->has_device) {
		name_put(&writer, attach->device, name_check_device);
		wire_put_bytes(
		    &writer, attach->device_key, sizeof(attach->device_key));
	}
	return wire_written(&writer);
}

int
linkmsg_attach_decode(struct linkmsg_attach *out, bool has_device,
    const uint8_t *payload, size_t len)
{
	struct wire_reader reader;

	memset(out, 0, sizeof(*out));
	wire_read_from(&reader, payload, len);
	name_get_or_none(
	    &reader, out->owner, sizeof(out->owner), name_check_user);
	name_get(&reader, out->host, sizeof(out->host), name_check_host);
	out->replica = wire_get_u8(&reader);
	out->epoch = wire_get_u32(&reader);
	keys_caller_decode(&out->caller, &reader);
	out->kind = get_kind(&reader);
	out->message_len = wire_get_u16(&reader);
	out->message = wire_get_bytes(&reader, out->message_len);
	out->has_device = has_device;
	if (has_device) {
		name_get(&reader, out->device, sizeof(out->device),
		    name_check_device);
		wire_get_copy(
		    &reader, out->device_key, sizeof(out->device_key));
	}
	return is_message(out->kind, out->message_len) &&
		       is_replica(out->replica)
		   ? done(&reader)
		   : -1;
}

/* --- DETACH ---------------------------------------------------------- */

size_t
linkmsg_detach_encode(
    const struct linkmsg_detach *detach, uint8_t *out, size_t size)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	put_code(&writer, detach->code);
	wire_put_u8(&writer, detach->by);
	wire_put_str8(&writer, detach->text);
	return wire_written(&writer);
}

int
linkmsg_detach_decode(
    struct linkmsg_detach *out, const uint8_t *payload, size_t len)
{
	struct wire_reader reader;

	wire_read_from(&reader, payload, len);
	out->code = get_code(&reader);
	out->by = wire_get_u8(&reader);
	wire_get_str8(&reader, out->text, sizeof(out->text));
	return done(&reader);
}

/* --- INVITE and INVITED ---------------------------------------------- */

size_t
linkmsg_invite_encode(
    const struct linkmsg_invite *invite, uint8_t *out, size_t size)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	wire_put_u32(&writer, invite->request);
	wire_put_u8(&writer, (uint8_t)invite->role);
	wire_put_u8(
	    &writer, (invite->replace ? LINKMSG_INVITE_REPLACE : 0) |
			 (invite->replica ? LINKMSG_INVITE_REPLICA : 0));
	wire_put_u32(&writer, invite->ttl);
	wire_put_str8(&writer, invite->name);
	wire_put_u16(&writer, invite->uses);
	return wire_written(&writer);
}

int
linkmsg_invite_decode(
    struct linkmsg_invite *out, const uint8_t *payload, size_t len)
{
	struct wire_reader reader;
	uint8_t role;
	uint8_t flags;

	wire_read_from(&reader, payload, len);
	out->request = wire_get_u32(&reader);
	role = wire_get_u8(&reader);
	flags = wire_get_u8(&reader);
	out->replace = (flags & LINKMSG_INVITE_REPLACE) != 0;
	out->replica = (flags & LINKMSG_INVITE_REPLICA) != 0;
	out->ttl = wire_get_u32(&reader);
	wire_get_str8(&reader, out->name, sizeof(out->name));
	out->uses = wire_get_u16(&reader);
	if ((role != LINKHELLO_GATEWAY && role != LINKHELLO_AGENT) ||
	    out->uses == 0 ||
	    flags > (LINKMSG_INVITE_REPLACE | LINKMSG_INVITE_REPLICA)) {
		return -1;
	}
	out->role = (enum linkhello_role)role;
	return done(&reader);
}

size_t
linkmsg_invited_encode(
    const struct linkmsg_invited *invited, uint8_t *out, size_t size)
{
	size_t token_len = invited->has_token ? sizeof(invited->token) : 0;
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	wire_put_u32(&writer, invited->request);
	put_code(&writer, invited->code);
	wire_put_str8(&writer, invited->text);
	wire_put_u8(&writer, (uint8_t)token_len);
	wire_put_bytes(&writer, invited->token, token_len);
	wire_put_u64(&writer, invited->expires);
	return wire_written(&writer);
}

int
linkmsg_invited_decode(
    struct linkmsg_invited *out, const uint8_t *payload, size_t len)
{
	struct wire_reader reader;
	uint8_t token_len;

	memset(out, 0, sizeof(*out));
	wire_read_from(&reader, payload, len);
	out->request = wire_get_u32(&reader);
	out->code = get_code(&reader);
	wire_get_str8(&reader, out->text, sizeof(out->text));
	token_len = wire_get_u8(&reader);
	if (token_len != 0 && token_len != sizeof(out->token)) {
		return -1;
	}
	wire_get_copy(&reader, out->token, token_len);
	out->has_token = token_len > 0;
	out->expires = wire_get_u64(&reader);
	return done(&reader);
}
