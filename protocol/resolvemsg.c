/* SPDX-License-Identifier: ISC */
#include "protocol/resolvemsg.h"

#include <string.h>

#include "common/wire.h"

size_t
resolvemsg_resolve_encode(
    const struct resolvemsg_resolve *resolve, uint8_t *out, size_t size)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	wire_put_u32(&writer, resolve->request);
	name_put_or_none(&writer, resolve->name, name_check_device);
	return wire_written(&writer);
}

int
resolvemsg_resolve_decode(
    struct resolvemsg_resolve *out, const uint8_t *payload, size_t len)
{
	struct wire_reader reader;

	memset(out, 0, sizeof(*out));
	wire_read_from(&reader, payload, len);
	out->request = wire_get_u32(&reader);
	name_get_or_none(
	    &reader, out->name, sizeof(out->name), name_check_device);
	return wire_reader_done(&reader) ? 0 : -1;
}

size_t
resolvemsg_resolved_encode(
    const struct resolvemsg_resolved *resolved, uint8_t *out, size_t size)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	wire_put_u32(&writer, resolved->request);
	wire_put_u16(&writer, (uint16_t)resolved->code);
	wire_put_str8(&writer, resolved->text);
	wire_put_u8(&writer, (uint8_t)resolved->count);
	for (size_t i = 0; i < resolved->count; i++) {
		const struct resolvemsg_gateway *one = &resolved->list[i];

		name_put(&writer, one->device, name_check_device);
		wire_put_bytes(&writer, one->key, sizeof(one->key));
		wire_put_u8(&writer, one->online ? 1 : 0);
	}
	return wire_written(&writer);
}

static void
get_gateway(struct wire_reader *reader, struct resolvemsg_gateway *out)
{
	uint8_t online;

	name_get(reader, out->device, sizeof(out->device), name_check_device);
	wire_get_copy(reader, out->key, sizeof(out->key));
	online = wire_get_u8(reader);
	out->online = online == 1;
	if (online > 1) {
		wire_reader_fail(reader);
	}
}

int
resolvemsg_resolved_decode(
    struct resolvemsg_resolved *out, const uint8_t *payload, size_t len)
{
	struct wire_reader reader;

	memset(out, 0, sizeof(*out));
	wire_read_from(&reader, payload, len);
	out->request = wire_get_u32(&reader);
	out->code = codes_from_number(wire_get_u16(&reader));
	wire_get_str8(&reader, out->text, sizeof(out->text));
	out->count = wire_get_u8(&reader);
	if (out->count > RESOLVEMSG_GATEWAYS_MAX) {
		return -1;
	}
	for (size_t i = 0; i < out->count; i++) {
		get_gateway(&reader, &out->list[i]);
	}
	return wire_reader_done(&reader) ? 0 : -1;
}
