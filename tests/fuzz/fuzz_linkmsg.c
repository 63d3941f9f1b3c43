/* SPDX-License-Identifier: ISC */
/*
 * Payloads of control frames.  The first byte says which; what is decoded is
 * encoded, and that must decode to what encodes to the same bytes again.
 */
#include "protocol/linkmsg.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/resolvemsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Longer than any payload that a frame can have. */
#define SIZE (LIMITS_CONTROL_MAX + 1024)

/*
 * Decode the len bytes at data and encode them to out.  Returns the length,
 * or 0 when they are refused.
 */
typedef size_t recode(const uint8_t *data, size_t len, uint8_t *out);

static size_t
recode_result(const uint8_t *data, size_t len, uint8_t *out)
{
	struct linkmsg_result message;

	if (linkmsg_result_decode(&message, data, len) != 0) {
		return 0;
	}
	return linkmsg_result_encode(&message, out, SIZE);
}

static size_t
recode_goaway(const uint8_t *data, size_t len, uint8_t *out)
{
	struct linkmsg_goaway message;

	if (linkmsg_goaway_decode(&message, data, len) != 0) {
		return 0;
	}
	return linkmsg_goaway_encode(&message, out, SIZE);
}

static size_t
recode_notice(const uint8_t *data, size_t len, uint8_t *out)
{
	struct linkmsg_notice message;

	if (linkmsg_notice_decode(&message, data, len) != 0) {
		return 0;
	}
	return linkmsg_notice_encode(&message, out, SIZE);
}

static size_t
recode_hosts(const uint8_t *data, size_t len, uint8_t *out)
{
	struct linkmsg_host host;
	size_t offset = 1;
	size_t used = 1;

	if (len == 0) {
		return 0;
	}
	out[0] = data[0];
	while (linkmsg_host_next(&host, data, len, &offset) == 1) {
		used = linkmsg_host_append(&host, out, SIZE, used);
	}
	return used;
}

static size_t
recode_attach(const uint8_t *data, size_t len, uint8_t *out)
{
	struct linkmsg_attach message;

	if (linkmsg_attach_decode(&message, false, data, len) != 0) {
		return 0;
	}
	return linkmsg_attach_encode(&message, out, SIZE);
}

static size_t
recode_attach_device(const uint8_t *data, size_t len, uint8_t *out)
{
	struct linkmsg_attach message;

	if (linkmsg_attach_decode(&message, true, data, len) != 0) {
		return 0;
	}
	return linkmsg_attach_encode(&message, out, SIZE);
}

static size_t
recode_detach(const uint8_t *data, size_t len, uint8_t *out)
{
	struct linkmsg_detach message;

	if (linkmsg_detach_decode(&message, data, len) != 0) {
		return 0;
	}
	return linkmsg_detach_encode(&message, out, SIZE);
}

static size_t
recode_invite(const uint8_t *data, size_t len, uint8_t *out)
{
	struct linkmsg_invite message;

	if (linkmsg_invite_decode(&message, data, len) != 0) {
		return 0;
	}
	return linkmsg_invite_encode(&message, out, SIZE);
}

static size_t
recode_invited(const uint8_t *data, size_t len, uint8_t *out)
{
	struct linkmsg_invited message;

	if (linkmsg_invited_decode(&message, data, len) != 0) {
		return 0;
	}
	return linkmsg_invited_encode(&message, out, SIZE);
}

static size_t
recode_resolve(const uint8_t *data, size_t len, uint8_t *out)
{
	struct resolvemsg_resolve message;

	if (resolvemsg_resolve_decode(&message, data, len) != 0) {
		return 0;
	}
	return resolvemsg_resolve_encode(&message, out, SIZE);
}

static size_t
recode_resolved(const uint8_t *data, size_t len, uint8_t *out)
{
	struct resolvemsg_resolved message;

	if (resolvemsg_resolved_decode(&message, data, len) != 0) {
		return 0;
	}
	return resolvemsg_resolved_encode(&message, out, SIZE);
}

static recode *const recoders[] = {
	recode_result,
	recode_goaway,
	recode_notice,
	recode_hosts,
	recode_attach,
	recode_attach_device,
	recode_detach,
	recode_invite,
	recode_invited,
	recode_resolve,
	recode_resolved,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t once[SIZE];
	uint8_t twice[SIZE];
	recode *chosen;
	size_t n;

	if (len == 0 || len > LIMITS_CONTROL_MAX) {
		return 0;
	}
	chosen = recoders[data[0] % (sizeof(recoders) / sizeof(recoders[0]))];
	n = chosen(data + 1, len - 1, once);
	if (n > 0 &&
	    (chosen(once, n, twice) != n || memcmp(once, twice, n) != 0)) {
		abort();
	}
	return 0;
}
