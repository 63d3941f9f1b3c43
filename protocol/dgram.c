/* SPDX-License-Identifier: ISC */
#include "protocol/dgram.h"

#include <string.h>

#include <sodium.h>

#include "common/wire.h"

_Static_assert(DGRAM_HEAD_MAX + LIMITS_DGRAM_MAX <= LIMITS_RECORD_PAYLOAD_MAX,
    "a datagram and its address fit a record");

/* Return how many bytes an IP address of form has, 0 when it is none. */
static size_t
ip_len(enum dgram_form form)
{
	if (form == DGRAM_INET) {
		return 4;
	}
	return form == DGRAM_INET6 ? 16 : 0;
}

bool
dgram_address_equal(
    const struct dgram_address *a, const struct dgram_address *b)
{
	if (a->form != b->form || a->form == DGRAM_TARGET) {
		return a->form == b->form;
	}
	if (a->port != b->port) {
		return false;
	}
	if (a->form == DGRAM_NAME) {
		return strcmp(a->name, b->name) == 0;
	}
	return sodium_memcmp(a->bytes, b->bytes, ip_len(a->form)) == 0;
}

size_t
dgram_encode_head(
    const struct dgram_address *address, uint8_t *out, size_t size)
{
	struct wire_writer writer;

	wire_write_to(&writer, out, size);
	wire_put_u8(&writer, (uint8_t)address->form);
	if (address->form == DGRAM_NAME) {
		wire_put_str8(&writer, address->name);
	} else {
		wire_put_bytes(&writer, address->bytes, ip_len(address->form));
	}
	if (address->form != DGRAM_TARGET) {
		wire_put_u16(&writer, address->port);
	}
	return wire_written(&writer);
}

int
dgram_decode(struct dgram_address *address, const uint8_t **data,
    size_t *data_len, const uint8_t *payload, size_t len)
{
	struct wire_reader reader;
	uint8_t form;

	memset(address, 0, sizeof(*address));
	wire_read_from(&reader, payload, len);
	form = wire_get_u8(&reader);
	if (form != DGRAM_TARGET && form != DGRAM_INET && form != DGRAM_NAME &&
	    form != DGRAM_INET6) {
		return -1;
	}
	address->form = (enum dgram_form)form;
	if (form == DGRAM_NAME) {
		wire_get_str8(&reader, address->name, sizeof(address->name));
	} else {
		wire_get_copy(&reader, address->bytes, ip_len(address->form));
	}
	if (form != DGRAM_TARGET) {
		address->port = wire_get_u16(&reader);
		if (address->port == 0) {
			return -1;
		}
	}
	*data = wire_get_rest(&reader, data_len);
	if (!wire_reader_ok(&reader) || *data_len > LIMITS_DGRAM_MAX) {
		return -1;
	}
	return 0;
}
