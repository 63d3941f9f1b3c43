/* SPDX-License-Identifier: ISC */
#include "protocol/sharemsg.h"

#include <stdbool.h>
#include <string.h>

#include "common/wire.h"

size_t
sharemsg_share_encode(
    const struct sharemsg_share *share, uint8_t *out, size_t size)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	wire_put_u32(&writer, share->request);
	wire_put_u8(&writer, (uint8_t)share->verb);
	wire_put_str8(&writer, share->host);
	wire_put_str8(&writer, share->user);
	wire_put_u64(&writer, share->share);
	wire_put_u64(&writer, share->expiry);
	wire_put_str8(&writer, share->rights);
	wire_put_u64(&writer, share->rate);
	return wire_written(&writer);
}

/* Return true when share says what its verb needs, and nothing else. */
static bool
is_complete(const struct sharemsg_share *share)
{
	bool named = share->host[0] != '\0' && share->user[0] != '\0';

	if (share->verb == SHAREMSG_SHARE) {
		return named && share->share != 0 &&
		       rights_are_valid(share->rights);
	}
	return share->verb == SHAREMSG_UNSHARE &&
	       (named || share->share != 0) && share->expiry == 0 &&
	       share->rights[0] == '\0' && share->rate == 0;
}

int
sharemsg_share_decode(
    struct sharemsg_share *out, const uint8_t *payload, size_t len)
{
	struct wire_reader reader;
	uint8_t verb;

	memset(out, 0, sizeof(*out));
	wire_read_from(&reader, payload, len);
	out->request = wire_get_u32(&reader);
	verb = wire_get_u8(&reader);
	out->verb = (enum sharemsg_verb)verb;
	name_get_or_none(
	    &reader, out->host, sizeof(out->host), name_check_host);
	name_get_or_none(
	    &reader, out->user, sizeof(out->user), name_check_user);
	out->share = wire_get_u64(&reader);
	out->expiry = wire_get_u64(&reader);
	wire_get_str8(&reader, out->rights, sizeof(out->rights));
	out->rate = wire_get_u64(&reader);
	return wire_reader_done(&reader) && is_complete(out) ? 0 : -1;
}

size_t
sharemsg_shared_encode(
    const struct sharemsg_shared *shared, uint8_t *out, size_t size)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	wire_put_u32(&writer, shared->request);
	wire_put_u16(&writer, (uint16_t)shared->code);
	wire_put_str8(&writer, shared->text);
	wire_put_str8(&writer, shared->host);
	wire_put_str8(&writer, shared->user);
	wire_put_u8(&writer, (uint8_t)shared->count);
	for (size_t i = 0; i < shared->count; i++) {
		wire_put_u64(&writer, shared->list[i].share);
		wire_put_u64(&writer, shared->list[i].expiry);
	}
	return wire_written(&writer);
}

int
sharemsg_shared_decode(
    struct sharemsg_shared *out, const uint8_t *payload, size_t len)
{
	struct wire_reader reader;

	memset(out, 0, sizeof(*out));
	wire_read_from(&reader, payload, len);
	out->request = wire_get_u32(&reader);
	out->code = codes_from_number(wire_get_u16(&reader));
	wire_get_str8(&reader, out->text, sizeof(out->text));
	name_get_or_none(
	    &reader, out->host, sizeof(out->host), name_check_host);
	name_get_or_none(
	    &reader, out->user, sizeof(out->user), name_check_user);
	out->count = wire_get_u8(&reader);
	if (out->count > SHAREMSG_SHARES_MAX) {
		return -1;
	}
	for (size_t i = 0; i < out->count; i++) {
		out->list[i].share = wire_get_u64(&reader);
		out->list[i].expiry = wire_get_u64(&reader);
	}
	return wire_reader_done(&reader) ? 0 : -1;
}
