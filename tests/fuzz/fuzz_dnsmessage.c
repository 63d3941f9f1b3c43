/* SPDX-License-Identifier: ISC */
/*
 * Questions of the domain name system.  What is answered repeats the question,
 * and is one that fits.
 */
#include "gateway/dnsmessage.h"

#include <stdlib.h>
#include <string.h>

#include "common/addr.h"

#define HEADER_LEN 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct dnsmessage_question question;
	struct addr addrs[2];
	uint8_t out[DNSMESSAGE_MAX];
	size_t written;
	int code = dnsmessage_decode(&question, data, len);

	if (code < 0) {
		return 0;
	}
	written = dnsmessage_refuse(
	    &question, (enum dnsmessage_code)code, out, sizeof(out));
	require(written == HEADER_LEN + question.wire_len);
	require(memcmp(out, data, 2) == 0);
	require(memcmp(out + HEADER_LEN, data + HEADER_LEN,
		    question.wire_len) == 0);
	if (code != DNSMESSAGE_GOOD) {
		return 0;
	}
	require(strlen(question.name) < sizeof(question.name));
	if (dnsmessage_reverse(question.name, &addrs[0]) != 0) {
		require(addr_from_ip(&addrs[0], "192.0.2.1", 0) == 0);
	}
	require(addr_from_ip(&addrs[1], "2001:db8::1", 0) == 0);
	written =
	    dnsmessage_addresses(&question, addrs, 2, 30, out, sizeof(out));
	require(written > HEADER_LEN + question.wire_len);
	written = dnsmessage_pointer(
	    &question, "office.internal", 30, out, sizeof(out));
	require(written > 0);
	return 0;
}
