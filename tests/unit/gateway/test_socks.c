/* SPDX-License-Identifier: ISC */

#include "gateway/socks.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Bytes as a string literal, whose terminator is not one of them. */
#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

typedef enum wire_result (*decode_fn)(
    const uint8_t *data, size_t len, struct socks_request *out, size_t *used);

/* Decode exactly len bytes, so that a sanitizer sees the byte beyond. */
static enum wire_result
decode(decode_fn function, const uint8_t *data, size_t len,
    struct socks_request *out, size_t *used)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum wire_result result;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, data, len);
	result = function(copy, len, out, used);
	free(copy);
	return result;
}

/*
 * Decode a request that must be right: whole, cut at every length, and with
 * other bytes behind it.
 */
static void
decode_good(decode_fn function, const uint8_t *data, size_t len,
    struct socks_request *out)
{
	uint8_t longer[600];
	size_t used = 0;

	for (size_t cut = 0; cut < len; cut++) {
		ck_assert_int_eq(
		    decode(function, data, cut, out, &used), WIRE_NEED_MORE);
		ck_assert_uint_eq(used, 0);
	}
	memset(longer, 5, sizeof(longer));
	memcpy(longer, data, len);
	ck_assert_int_eq(
	    decode(function, longer, sizeof(longer), out, &used), WIRE_OK);
	ck_assert_uint_eq(used, len);
	ck_assert_int_eq(decode(function, data, len, out, &used), WIRE_OK);
	ck_assert_uint_eq(used, len);
}

static void
assert_target(const struct proxy_target *target, const char *formatted)
{
	char text[PROXYTARGET_TEXT_LEN];

	ck_assert_str_eq(proxytarget_format(target, text), formatted);
}

static enum wire_result
greeting(const uint8_t *data, size_t len, struct socks_greeting *out)
{
	size_t used = 0;
	enum wire_result result = socks_greeting_decode(data, len, out, &used);

	ck_assert_uint_eq(used, result == WIRE_OK ? 2u + data[1] : 0u);
	return result;
}

START_TEST(greetings)
{
	static const uint8_t data[] = { 5, 3, 1, 2, 0, 5, 1, 0 };
	struct socks_greeting got;

	for (size_t cut = 0; cut < 5; cut++) {
		ck_assert_int_eq(greeting(data, cut, &got), WIRE_NEED_MORE);
	}
	ck_assert_int_eq(greeting(data, sizeof(data), &got), WIRE_OK);
	ck_assert(got.none && got.password);
	ck_assert_int_eq(greeting(BYTES("\5\1\0"), &got), WIRE_OK);
	ck_assert(got.none && !got.password);
	ck_assert_int_eq(greeting(BYTES("\5\2\2\x80"), &got), WIRE_OK);
	ck_assert(!got.none && got.password);
	ck_assert_int_eq(greeting(BYTES("\5\0"), &got), WIRE_OK);
	ck_assert(!got.none && !got.password);
	ck_assert_int_eq(greeting(BYTES("\4"), &got), WIRE_BAD);
	ck_assert_int_eq(greeting(BYTES("\6\1\0"), &got), WIRE_BAD);
}
END_TEST

START_TEST(all_255_methods)
{
	uint8_t data[2 + 255] = { 5, 255 };
	struct socks_greeting got;

	memset(data + 2, 0x80, 255);
	ck_assert_int_eq(
	    greeting(data, sizeof(data) - 1, &got), WIRE_NEED_MORE);
	data[sizeof(data) - 1] = 2;
	ck_assert_int_eq(greeting(data, sizeof(data), &got), WIRE_OK);
	ck_assert(!got.none && got.password);
}
END_TEST

START_TEST(choice_of_method)
{
	static const struct {
		struct socks_greeting offered;
		enum socks_method free;
		enum socks_method guarded;
	} cases[] = {
		{ { true, true }, SOCKS_METHOD_NONE, SOCKS_METHOD_PASSWORD },
		{ { true, false }, SOCKS_METHOD_NONE, SOCKS_METHOD_REFUSED },
		{ { false, true }, SOCKS_METHOD_PASSWORD,
		    SOCKS_METHOD_PASSWORD },
		{ { false, false }, SOCKS_METHOD_REFUSED,
		    SOCKS_METHOD_REFUSED },
	};
	uint8_t out[SOCKS_ANSWER_LEN];

	for (int i = 0; i < COUNT(cases); i++) {
		ck_assert_int_eq(socks_method_choose(&cases[i].offered, false),
		    cases[i].free);
		ck_assert_int_eq(socks_method_choose(&cases[i].offered, true),
		    cases[i].guarded);
	}
	ck_assert_uint_eq(socks_method_encode(SOCKS_METHOD_REFUSED, out), 2);
	ck_assert_mem_eq(out, "\5\xff", 2);
	ck_assert_uint_eq(socks_method_encode(SOCKS_METHOD_PASSWORD, out), 2);
	ck_assert_mem_eq(out, "\5\2", 2);
}
END_TEST

START_TEST(passwords)
{
	static const uint8_t data[] = "\1\3a\0b\5s\xffkey\5\1";
	struct socks_password got;
	uint8_t out[SOCKS_ANSWER_LEN];
	size_t used = 0;

	for (size_t cut = 0; cut < 11; cut++) {
		ck_assert_int_eq(socks_password_decode(data, cut, &got, &used),
		    WIRE_NEED_MORE);
	}
	ck_assert_int_eq(
	    socks_password_decode(data, sizeof(data) - 1, &got, &used),
	    WIRE_OK);
	ck_assert_uint_eq(used, 11);
	ck_assert_uint_eq(got.user_len, 3);
	ck_assert_mem_eq(got.user, "a\0b\0", 4);
	ck_assert_uint_eq(got.password_len, 5);
	ck_assert_mem_eq(got.password, "s\xffkey\0", 6);
	ck_assert_int_eq(
	    socks_password_decode(BYTES("\1\0\0"), &got, &used), WIRE_OK);
	ck_assert_uint_eq(used, 3);
	ck_assert_int_eq(
	    socks_password_decode(BYTES("\5"), &got, &used), WIRE_BAD);
	ck_assert_uint_eq(socks_password_encode(true, out), 2);
	ck_assert_mem_eq(out, "\1\0", 2);
	ck_assert_uint_eq(socks_password_encode(false, out), 2);
	ck_assert_mem_eq(out, "\1\1", 2);
}
END_TEST

START_TEST(longest_passwords)
{
	uint8_t data[1 + 256 + 256];
	struct socks_password got;
	size_t used = 0;

	memset(data, 255, sizeof(data));
	data[0] = 1;
	ck_assert_int_eq(
	    socks_password_decode(data, sizeof(data), &got, &used), WIRE_OK);
	ck_assert_uint_eq(used, sizeof(data));
	ck_assert_int_eq(got.user[255], 0);
	ck_assert_int_eq(got.password[255], 0);
}
END_TEST

START_TEST(requests)
{
	struct socks_request got;

	decode_good(
	    socks_request_decode, BYTES("\5\1\0\1\x7f\0\0\1\0\x50"), &got);
	ck_assert_int_eq(got.command, SOCKS_COMMAND_CONNECT);
	ck_assert_int_eq(got.target.kind, PROXY_TARGET_IPV4);
	assert_target(&got.target, "127.0.0.1:80");
	decode_good(
	    socks_request_decode, BYTES("\5\1\0\3\7OfFice.\xff\xff"), &got);
	ck_assert_int_eq(got.target.kind, PROXY_TARGET_NAME);
	assert_target(&got.target, "office:65535");
	decode_good(socks_request_decode,
	    BYTES("\5\3\0\4\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0"), &got);
	ck_assert_int_eq(got.command, SOCKS_COMMAND_UDP_ASSOCIATE);
	assert_target(&got.target, "[fd00::1]:0");
	decode_good(socks_request_decode,
	    BYTES("\5\3\0\3\1"
		  "0\1\2"),
	    &got);
	ck_assert_int_eq(got.command, SOCKS_COMMAND_UDP_ASSOCIATE);
	ck_assert_int_eq(got.target.kind, PROXY_TARGET_IPV4);
	ck_assert_uint_eq(got.target.port, 258);
	decode_good(socks_request_decode, BYTES("\5\xf0\0\3\1a\0\0"), &got);
	ck_assert_int_eq(got.command, SOCKS_COMMAND_RESOLVE);
	assert_target(&got.target, "a:0");
	decode_good(
	    socks_request_decode, BYTES("\5\2\xff\1\0\0\0\0\0\0"), &got);
	ck_assert_int_eq(got.command, SOCKS_COMMAND_BIND);
	/* An address in the clothes of a name. */
	decode_good(socks_request_decode, BYTES("\5\1\0\3\3::1\0\1"), &got);
	ck_assert_int_eq(got.target.kind, PROXY_TARGET_IPV6);
}
END_TEST

START_TEST(the_longest_name)
{
	uint8_t data[4 + 1 + 255 + 2] = { 5, 1, 0, 3, 254 };
	struct socks_request got;
	size_t used = 0;

	memset(data + 5, 'a', 255);
	for (size_t i = 50; i < 255; i += 50) {
		data[5 + i] = '.';
	}
	data[5 + 253] = '.';
	data[5 + 254] = 1;
	data[5 + 255] = 2;
	decode_good(socks_request_decode, data, 5 + 254 + 2, &got);
	ck_assert_uint_eq(strlen(got.target.name), 253);
	ck_assert_uint_eq(got.target.port, 258);
	data[4] = 255;
	data[5 + 253] = data[5 + 254] = 'a';
	ck_assert_int_eq(
	    decode(socks_request_decode, data, sizeof(data), &got, &used),
	    WIRE_BAD);
}
END_TEST

#define BAD(literal, rep, reason)                                              \
	{                                                                      \
		(literal), sizeof(literal) - 1, (rep), (reason)                \
	}

static const struct {
	const char *data;
	size_t len;
	uint8_t rep;
	const char *reason;
} bad[] = {
	BAD("\4\1\0\1", 1, "not version 5"),
	BAD("\5\0", 7, "an unknown command"),
	BAD("\5\4\0\1", 7, "an unknown command"),
	BAD("\5\xf2\0\3\1a\0\0", 7, "an unknown command"),
	BAD("\5\1\0\0", 8, "an unknown type of address"),
	BAD("\5\1\0\2", 8, "an unknown type of address"),
	BAD("\5\1\0\5", 8, "an unknown type of address"),
	BAD("\5\1\0\xff", 8, "an unknown type of address"),
	BAD("\5\1\0\3\0\0\x50", 1, "an empty name"),
	BAD("\5\1\0\3\1.\0\x50", 1, "not a host name"),
	BAD("\5\1\0\3\3a\0b\0\x50", 1, "not a host name"),
	BAD("\5\1\0\3\6@agent\0\x50", 1, "not a host name"),
	BAD("\5\1\0\3\5"
	    "127.1\0\x50",
	    1, "not a host name"),
	BAD("\5\1\0\3\5[::1]\0\x50", 1, "not a host name"),
	BAD("\5\1\0\1\x7f\0\0\1\0\0", 1, "port 0"),
};

START_TEST(bad_requests_have_their_reply)
{
	struct socks_request got;
	uint8_t out[SOCKS_REPLY_MAX];
	size_t used = 0;
	enum wire_result result = WIRE_NEED_MORE;

	/* However it is cut, nothing but NEED_MORE comes before BAD. */
	for (size_t cut = 0; result == WIRE_NEED_MORE; cut++) {
		ck_assert_uint_le(cut, bad[_i].len);
		result = decode(socks_request_decode,
		    (const uint8_t *)bad[_i].data, cut, &got, &used);
	}
	ck_assert_int_eq(result, WIRE_BAD);
	ck_assert_uint_eq(got.rep, bad[_i].rep);
	ck_assert_str_eq(got.reason, bad[_i].reason);
	ck_assert_int_eq(
	    decode(socks_request_decode, (const uint8_t *)bad[_i].data,
		bad[_i].len, &got, &used),
	    WIRE_BAD);
	ck_assert_str_eq(got.reason, bad[_i].reason);
	ck_assert_uint_eq(used, 0);
	ck_assert_uint_eq(socks_refusal_encode(got.rep, out), 10);
	ck_assert_mem_eq(out + 2, "\0\1\0\0\0\0\0\0", 8);
	ck_assert_uint_eq(out[0], 5);
	ck_assert_uint_eq(out[1], bad[_i].rep);
}
END_TEST

START_TEST(replies_have_the_rep_of_the_catalogue)
{
	static const struct {
		enum code code;
		uint8_t rep;
	} cases[] = {
		{ CODE_OK, 0 },
		{ CODE_HOST_UNKNOWN, 4 },
		{ CODE_HOST_OFFLINE, 4 },
		{ CODE_SERVICE_REFUSED, 5 },
		{ CODE_SERVICE_TIMEOUT, 4 },
		{ CODE_NET_UNREACHABLE, 3 },
		{ CODE_DENIED, 2 },
		{ CODE_TOO_MANY_STREAMS, 1 },
		{ CODE_RELAY_UNREACHABLE, 3 },
		{ CODE_INTERNAL, 1 },
	};
	uint8_t out[SOCKS_REPLY_MAX];

	for (int i = 0; i < COUNT(cases); i++) {
		ck_assert_uint_eq(
		    socks_reply_encode(cases[i].code, NULL, out), 10);
		ck_assert_uint_eq(out[0], 5);
		ck_assert_uint_eq(out[1], cases[i].rep);
		ck_assert_mem_eq(out + 2, "\0\1\0\0\0\0\0\0", 8);
	}
}
END_TEST

START_TEST(replies_tell_the_bound_address)
{
	static const uint8_t bytes[16] = { 0xfd, [15] = 1 };
	uint8_t out[SOCKS_REPLY_MAX];
	struct proxy_target bound;

	proxytarget_set_address(&bound, bytes, 4, 0x1234);
	ck_assert_uint_eq(socks_reply_encode(CODE_OK, &bound, out), 10);
	ck_assert_mem_eq(out, "\5\0\0\1\xfd\0\0\0\x12\x34", 10);
	proxytarget_set_address(&bound, bytes, 16, 0x1234);
	ck_assert_uint_eq(socks_reply_encode(CODE_OK, &bound, out), 22);
	ck_assert_mem_eq(out, "\5\0\0\4\xfd", 5);
	ck_assert_mem_eq(out + 19, "\1\x12\x34", 3);
	proxytarget_set_host(&bound, "office", 6, 80);
	ck_assert_uint_eq(socks_reply_encode(CODE_OK, &bound, out), 13);
	ck_assert_mem_eq(out, "\5\0\0\3\6office\0\x50", 13);
}
END_TEST

START_TEST(the_longest_reply_fits)
{
	uint8_t out[SOCKS_REPLY_MAX];
	struct proxy_target bound = { .kind = PROXY_TARGET_NAME };

	memset(bound.name, 'a', 255);
	ck_assert_uint_eq(
	    socks_reply_encode(CODE_OK, &bound, out), SOCKS_REPLY_MAX);
	ck_assert_uint_eq(socks_datagram_encode(&bound, out), SOCKS_REPLY_MAX);
}
END_TEST

START_TEST(v4_requests)
{
	struct socks_request got;

	decode_good(
	    socks_v4_request_decode, BYTES("\4\1\0\x50\x7f\0\0\1user\0"), &got);
	ck_assert_int_eq(got.command, SOCKS_COMMAND_CONNECT);
	assert_target(&got.target, "127.0.0.1:80");
	decode_good(socks_v4_request_decode,
	    BYTES("\4\1\0\x50\0\0\0\1\0OFFICE.\0"), &got);
	ck_assert_int_eq(got.target.kind, PROXY_TARGET_NAME);
	assert_target(&got.target, "office:80");
	decode_good(socks_v4_request_decode,
	    BYTES("\4\xf0\0\0\0\0\0\xff"
		  "a\0b.c\0"),
	    &got);
	ck_assert_int_eq(got.command, SOCKS_COMMAND_RESOLVE);
	assert_target(&got.target, "b.c:0");
	decode_good(socks_v4_request_decode, BYTES("\4\2\0\0\0\0\0\0\0"), &got);
	ck_assert_int_eq(got.command, SOCKS_COMMAND_BIND);
	assert_target(&got.target, "0.0.0.0:0");
	decode_good(socks_v4_request_decode, BYTES("\4\1\0\1\0\0\1\1\0"), &got);
	assert_target(&got.target, "0.0.1.1:1");
}
END_TEST

static const struct {
	const char *data;
	size_t len;
	uint8_t rep;
	const char *reason;
} v4_bad[] = {
	BAD("\5", 1, "not version 4"),
	BAD("\4\3", 7, "an unknown command"),
	BAD("\4\0", 7, "an unknown command"),
	BAD("\4\1\0\0", 1, "port 0"),
	BAD("\4\1\0\x50\0\0\0\1\0\0", 1, "not a host name"),
	BAD("\4\1\0\x50\0\0\0\1\0a b\0", 1, "not a host name"),
};

START_TEST(v4_bad_requests)
{
	struct socks_request got;
	size_t used = 0;

	for (size_t cut = 0; cut < v4_bad[_i].len; cut++) {
		ck_assert_int_eq(
		    decode(socks_v4_request_decode,
			(const uint8_t *)v4_bad[_i].data, cut, &got, &used),
		    WIRE_NEED_MORE);
		ck_assert_uint_eq(used, 0);
	}
	ck_assert_int_eq(
	    decode(socks_v4_request_decode, (const uint8_t *)v4_bad[_i].data,
		v4_bad[_i].len, &got, &used),
	    WIRE_BAD);
	ck_assert_uint_eq(got.rep, v4_bad[_i].rep);
	ck_assert_str_eq(got.reason, v4_bad[_i].reason);
}
END_TEST

START_TEST(v4_strings_have_limits)
{
	uint8_t data[8 + 256 + 256];
	struct socks_request got;
	size_t used = 0;

	memset(data, 'a', sizeof(data));
	memcpy(data, "\4\1\0\x50\0\0\0\1", 8);
	/* The 256th byte of a user id is too much, and not the 255th. */
	ck_assert_int_eq(
	    decode(socks_v4_request_decode, data, 8 + 255, &got, &used),
	    WIRE_NEED_MORE);
	ck_assert_int_eq(
	    decode(socks_v4_request_decode, data, 8 + 256, &got, &used),
	    WIRE_BAD);
	ck_assert_str_eq(got.reason, "a user id without an end");
	data[8 + 255] = 0;
	ck_assert_int_eq(
	    decode(socks_v4_request_decode, data, 8 + 256 + 255, &got, &used),
	    WIRE_NEED_MORE);
	ck_assert_int_eq(
	    decode(socks_v4_request_decode, data, sizeof(data), &got, &used),
	    WIRE_BAD);
	ck_assert_str_eq(got.reason, "not a host name");
}
END_TEST

START_TEST(v4_replies)
{
	static const uint8_t bytes[16] = { 10, 0, 0, 7 };
	uint8_t out[SOCKS_V4_REPLY_LEN];
	struct proxy_target bound;

	ck_assert_uint_eq(socks_v4_reply_encode(CODE_OK, NULL, out), 8);
	ck_assert_mem_eq(out, "\0\x5a\0\0\0\0\0\0", 8);
	proxytarget_set_address(&bound, bytes, 4, 22);
	socks_v4_reply_encode(CODE_OK, &bound, out);
	ck_assert_mem_eq(out, "\0\x5a\0\x16\x0a\0\0\7", 8);
	proxytarget_set_address(&bound, bytes, 16, 22);
	socks_v4_reply_encode(CODE_HOST_OFFLINE, &bound, out);
	ck_assert_mem_eq(out, "\0\x5b\0\0\0\0\0\0", 8);
}
END_TEST

START_TEST(datagrams)
{
	static const uint8_t data[] = "\0\0\0\3\6Office\0\x35payload";
	struct proxy_target target;
	uint8_t out[SOCKS_REPLY_MAX];
	size_t used = 0;

	for (size_t cut = 0; cut < 13; cut++) {
		ck_assert_int_eq(
		    socks_datagram_decode(data, cut, &target, &used), WIRE_BAD);
	}
	ck_assert_int_eq(
	    socks_datagram_decode(data, sizeof(data) - 1, &target, &used),
	    WIRE_OK);
	ck_assert_uint_eq(used, 13);
	assert_target(&target, "office:53");
	ck_assert_uint_eq(socks_datagram_encode(&target, out), 13);
	ck_assert_mem_eq(out, "\0\0\0\3\6office\0\x35", 13);
	/* A fragment; no port; an unknown type. */
	ck_assert_int_eq(socks_datagram_decode(
			     BYTES("\0\0\1\1\1\1\1\1\0\x35"), &target, &used),
	    WIRE_BAD);
	ck_assert_int_eq(socks_datagram_decode(
			     BYTES("\0\0\0\1\1\1\1\1\0\0"), &target, &used),
	    WIRE_BAD);
	ck_assert_int_eq(socks_datagram_decode(
			     BYTES("\0\0\0\2\1\1\1\1\0\x35"), &target, &used),
	    WIRE_BAD);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("socks");
	TCase *tcase = tcase_create("socks");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, greetings);
	tcase_add_test(tcase, all_255_methods);
	tcase_add_test(tcase, choice_of_method);
	tcase_add_test(tcase, passwords);
	tcase_add_test(tcase, longest_passwords);
	tcase_add_test(tcase, requests);
	tcase_add_test(tcase, the_longest_name);
	tcase_add_loop_test(
	    tcase, bad_requests_have_their_reply, 0, COUNT(bad));
	tcase_add_test(tcase, replies_have_the_rep_of_the_catalogue);
	tcase_add_test(tcase, replies_tell_the_bound_address);
	tcase_add_test(tcase, the_longest_reply_fits);
	tcase_add_test(tcase, v4_requests);
	tcase_add_loop_test(tcase, v4_bad_requests, 0, COUNT(v4_bad));
	tcase_add_test(tcase, v4_strings_have_limits);
	tcase_add_test(tcase, v4_replies);
	tcase_add_test(tcase, datagrams);
	return unit_main(suite);
}
