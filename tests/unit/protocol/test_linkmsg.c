/* SPDX-License-Identifier: ISC */
#include "protocol/linkmsg.h"

#include <string.h>

#include "protocol/frame.h"
#include "protocol/resume.h"
#include "tests/support/unit.h"

/* More than any payload of a test. */
#define SIZE 4096

/* Encoders and decoders of one form, so that all get the same treatment. */
struct kind {
	const char *name;
	size_t (*encode)(uint8_t *out, size_t size);
	int (*decode)(const uint8_t *payload, size_t len);
};

static const struct linkmsg_result result = {
	.code = CODE_LIMIT,
	.retry_after = 61,
	.spread = UINT32_MAX,
	.incarnation = UINT64_C(0x0102030405060708),
	.text = "too many",
	.user = "alice",
	.name = "office",
	.relays = 2,
	.relay = { "relay.example.net:7000", "[2001:db8::1]:7" },
};

static size_t
result_encode(uint8_t *out, size_t size)
{
	return linkmsg_result_encode(&result, out, size);
}

static int
result_decode(const uint8_t *payload, size_t len)
{
	struct linkmsg_result out;

	if (linkmsg_result_decode(&out, payload, len) != 0) {
		return -1;
	}
	ck_assert_int_eq((int)out.code, (int)result.code);
	ck_assert_uint_eq(out.retry_after, result.retry_after);
	ck_assert_uint_eq(out.spread, result.spread);
	ck_assert_uint_eq(out.incarnation, result.incarnation);
	ck_assert_str_eq(out.text, result.text);
	ck_assert_str_eq(out.user, result.user);
	ck_assert_str_eq(out.name, result.name);
	ck_assert_uint_eq(out.relays, result.relays);
	ck_assert_str_eq(out.relay[0], result.relay[0]);
	ck_assert_str_eq(out.relay[1], result.relay[1]);
	return 0;
}

static const struct linkmsg_goaway goaway = {
	.code = CODE_GOING_DOWN,
	.spread = 30,
	.text = "back in a minute",
};

static size_t
goaway_encode(uint8_t *out, size_t size)
{
	return linkmsg_goaway_encode(&goaway, out, size);
}

static int
goaway_decode(const uint8_t *payload, size_t len)
{
	struct linkmsg_goaway out;

	if (linkmsg_goaway_decode(&out, payload, len) != 0) {
		return -1;
	}
	ck_assert_int_eq((int)out.code, (int)goaway.code);
	ck_assert_uint_eq(out.spread, goaway.spread);
	ck_assert_str_eq(out.text, goaway.text);
	return 0;
}

static const struct linkmsg_notice notice = {
	.severity = LINKMSG_ALARM,
	.text = "maintenance",
};

static size_t
notice_encode(uint8_t *out, size_t size)
{
	return linkmsg_notice_encode(&notice, out, size);
}

static int
notice_decode(const uint8_t *payload, size_t len)
{
	struct linkmsg_notice out;

	if (linkmsg_notice_decode(&out, payload, len) != 0) {
		return -1;
	}
	ck_assert_int_eq((int)out.severity, (int)notice.severity);
	ck_assert_str_eq(out.text, notice.text);
	return 0;
}

static const struct linkmsg_attach attach = {
	.owner = "alice",
	.host = "office",
	.epoch = 3,
	.caller = { .user = "bob",
	    .share = 77,
	    .expiry = UINT64_C(1) << 33,
	    .rights = "22,80" },
	.kind = LINKMSG_BEGIN,
	.message = (const uint8_t *)"message 1",
	.message_len = 9,
	.device = "laptop",
	.device_key = { 1, 2, 3 },
};

static size_t
attach_encode(uint8_t *out, size_t size)
{
	return linkmsg_attach_encode(&attach, out, size);
}

static size_t
attach_device_encode(uint8_t *out, size_t size)
{
	struct linkmsg_attach with_device = attach;

	with_device.has_device = true;
	return linkmsg_attach_encode(&with_device, out, size);
}

static void
assert_attach(const struct linkmsg_attach *out)
{
	ck_assert_str_eq(out->owner, attach.owner);
	ck_assert_str_eq(out->host, attach.host);
	ck_assert_uint_eq(out->epoch, attach.epoch);
	ck_assert_str_eq(out->caller.user, attach.caller.user);
	ck_assert_uint_eq(out->caller.share, attach.caller.share);
	ck_assert_uint_eq(out->caller.expiry, attach.caller.expiry);
	ck_assert_str_eq(out->caller.rights, attach.caller.rights);
	ck_assert_int_eq((int)out->kind, (int)attach.kind);
	ck_assert_uint_eq(out->message_len, attach.message_len);
	ck_assert_mem_eq(out->message, attach.message, attach.message_len);
}

static int
attach_decode(const uint8_t *payload, size_t len)
{
	struct linkmsg_attach out;

	if (linkmsg_attach_decode(&out, false, payload, len) != 0) {
		return -1;
	}
	assert_attach(&out);
	ck_assert(!out.has_device);
	ck_assert_str_eq(out.device, "");
	return 0;
}

static int
attach_device_decode(const uint8_t *payload, size_t len)
{
	struct linkmsg_attach out;

	if (linkmsg_attach_decode(&out, true, payload, len) != 0) {
		return -1;
	}
	assert_attach(&out);
	ck_assert(out.has_device);
	ck_assert_str_eq(out.device, attach.device);
	ck_assert_mem_eq(out.device_key, attach.device_key, KEYS_LEN);
	return 0;
}

static const struct linkmsg_detach detach = {
	.code = CODE_HOST_OFFLINE,
	.by = LINKHELLO_AGENT,
	.text = "gone",
};

static size_t
detach_encode(uint8_t *out, size_t size)
{
	return linkmsg_detach_encode(&detach, out, size);
}

static int
detach_decode(const uint8_t *payload, size_t len)
{
	struct linkmsg_detach out;

	if (linkmsg_detach_decode(&out, payload, len) != 0) {
		return -1;
	}
	ck_assert_int_eq((int)out.code, (int)detach.code);
	ck_assert_uint_eq(out.by, detach.by);
	ck_assert_str_eq(out.text, detach.text);
	return 0;
}

static const struct linkmsg_invite invite = {
	.request = 5,
	.role = LINKHELLO_AGENT,
	.replace = true,
	.ttl = 3600,
	.name = "office",
	.uses = 300,
};

static size_t
invite_encode(uint8_t *out, size_t size)
{
	return linkmsg_invite_encode(&invite, out, size);
}

static int
invite_decode(const uint8_t *payload, size_t len)
{
	struct linkmsg_invite out;

	if (linkmsg_invite_decode(&out, payload, len) != 0) {
		return -1;
	}
	ck_assert_uint_eq(out.request, invite.request);
	ck_assert_int_eq((int)out.role, (int)invite.role);
	ck_assert(out.replace == invite.replace);
	ck_assert_uint_eq(out.ttl, invite.ttl);
	ck_assert_str_eq(out.name, invite.name);
	ck_assert_uint_eq(out.uses, invite.uses);
	return 0;
}

static const struct linkmsg_invited invited = {
	.request = 5,
	.code = CODE_OK,
	.text = "",
	.has_token = true,
	.token = { 9, 8, 7 },
	.expires = UINT64_C(1) << 40,
};

static size_t
invited_encode(uint8_t *out, size_t size)
{
	return linkmsg_invited_encode(&invited, out, size);
}

static int
invited_decode(const uint8_t *payload, size_t len)
{
	struct linkmsg_invited out;

	if (linkmsg_invited_decode(&out, payload, len) != 0) {
		return -1;
	}
	ck_assert_uint_eq(out.request, invited.request);
	ck_assert_int_eq((int)out.code, (int)invited.code);
	ck_assert_str_eq(out.text, invited.text);
	ck_assert(out.has_token);
	ck_assert_mem_eq(out.token, invited.token, LINKHELLO_TOKEN_LEN);
	ck_assert_uint_eq(out.expires, invited.expires);
	return 0;
}

static const struct kind kinds[] = {
	{ "result", result_encode, result_decode },
	{ "goaway", goaway_encode, goaway_decode },
	{ "notice", notice_encode, notice_decode },
	{ "attach", attach_encode, attach_decode },
	{ "attach from the relay", attach_device_encode, attach_device_decode },
	{ "detach", detach_encode, detach_decode },
	{ "invite", invite_encode, invite_decode },
	{ "invited", invited_encode, invited_decode },
};
#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

START_TEST(what_was_encoded_is_decoded)
{
	uint8_t payload[SIZE];
	size_t len = kinds[_i].encode(payload, sizeof(payload));

	ck_assert_uint_gt(len, 0);
	ck_assert_msg(
	    kinds[_i].decode(payload, len) == 0, "%s", kinds[_i].name);
}
END_TEST

START_TEST(what_does_not_fit_is_not_encoded)
{
	uint8_t payload[SIZE];
	size_t len = kinds[_i].encode(payload, sizeof(payload));

	for (size_t size = 0; size < len; size++) {
		ck_assert_uint_eq(kinds[_i].encode(payload, size), 0);
	}
	ck_assert_uint_eq(kinds[_i].encode(payload, len), len);
}
END_TEST

START_TEST(what_is_cut_or_longer_is_refused)
{
	uint8_t payload[SIZE] = { 0 };
	size_t len = kinds[_i].encode(payload, sizeof(payload));

	for (size_t cut = 0; cut < len; cut++) {
		ck_assert_int_eq(kinds[_i].decode(payload, cut), -1);
	}
	payload[len] = 0;
	ck_assert_int_eq(kinds[_i].decode(payload, len + 1), -1);
}
END_TEST

START_TEST(a_message_of_no_bytes_is_refused)
{
	struct linkmsg_attach empty = attach;
	struct linkmsg_attach out;
	uint8_t payload[SIZE];
	size_t len;

	empty.message_len = 0;
	len = linkmsg_attach_encode(&empty, payload, sizeof(payload));
	ck_assert_uint_gt(len, 0);
	ck_assert_int_eq(linkmsg_attach_decode(&out, false, payload, len), -1);
	empty.message_len = UINT16_MAX + 1;
	ck_assert_uint_eq(
	    linkmsg_attach_encode(&empty, payload, sizeof(payload)), 0);
}
END_TEST

START_TEST(a_request_to_resume_has_one_length)
{
	static const uint8_t request[RESUME_REQUEST_LEN + 1] = { 1 };
	struct linkmsg_attach resume = attach;
	struct linkmsg_attach out;
	uint8_t payload[SIZE];
	size_t len;

	resume.kind = LINKMSG_RESUME;
	resume.message = request;
	resume.has_device = _i == 1;
	for (size_t n = 0; n <= sizeof(request); n++) {
		resume.message_len = n;
		len = linkmsg_attach_encode(&resume, payload, sizeof(payload));
		ck_assert_uint_gt(len, 0);
		ck_assert_int_eq(
		    linkmsg_attach_decode(&out, _i == 1, payload, len),
		    n == RESUME_REQUEST_LEN ? 0 : -1);
		if (n == RESUME_REQUEST_LEN) {
			ck_assert_int_eq((int)out.kind, (int)LINKMSG_RESUME);
		}
	}
}
END_TEST

START_TEST(newer_codes_are_internal_errors)
{
	static const uint8_t payload[] = { 0x7f, 0xff, 0, 0, 0, 0, 0 };
	struct linkmsg_goaway out;

	ck_assert_int_eq(
	    linkmsg_goaway_decode(&out, payload, sizeof(payload)), 0);
	ck_assert_int_eq((int)out.code, (int)CODE_INTERNAL);
}
END_TEST

START_TEST(only_known_values_are_taken)
{
	uint8_t payload[SIZE];
	size_t len;

	len = notice_encode(payload, sizeof(payload));
	payload[0] = LINKMSG_ALARM + 1;
	ck_assert_int_eq(notice_decode(payload, len), -1);

	len = invite_encode(payload, sizeof(payload));
	payload[4] = 0;
	ck_assert_int_eq(invite_decode(payload, len), -1);
	payload[4] = LINKHELLO_AGENT + 1;
	ck_assert_int_eq(invite_decode(payload, len), -1);
	payload[4] = LINKHELLO_AGENT;
	payload[5] = 4;
	ck_assert_int_eq(invite_decode(payload, len), -1);

	/* The kind lies behind owner, host, replica, epoch and caller. */
	len = attach_encode(payload, sizeof(payload));
	ck_assert_uint_eq(payload[6 + 7 + 1 + 4 + 4 + 16 + 6], LINKMSG_BEGIN);
	payload[6 + 7 + 1 + 4 + 4 + 16 + 6] = LINKMSG_RESUME + 1;
	ck_assert_int_eq(attach_decode(payload, len), -1);
}
END_TEST

START_TEST(too_many_relays_are_refused)
{
	struct linkmsg_result many = result;
	struct linkmsg_result out;
	uint8_t payload[SIZE];
	size_t len;

	many.relays = MEMBERSHIP_RELAYS_MAX;
	len = linkmsg_result_encode(&many, payload, sizeof(payload));
	ck_assert_uint_gt(len, 0);
	ck_assert_int_eq(linkmsg_result_decode(&out, payload, len), 0);
	many.relays++;
	ck_assert_uint_eq(
	    linkmsg_result_encode(&many, payload, sizeof(payload)), 0);
	/* The count lies behind the three strings. */
	payload[18 + 1 + 8 + 1 + 5 + 1 + 6] = MEMBERSHIP_RELAYS_MAX + 1;
	payload[len] = 0;
	payload[len + 1] = 0;
	len += 2;
	ck_assert_int_eq(linkmsg_result_decode(&out, payload, len), -1);
}
END_TEST

START_TEST(addresses_have_no_nul_and_an_end)
{
	struct linkmsg_result out;
	uint8_t payload[SIZE];
	size_t len = result_encode(payload, sizeof(payload));
	uint8_t *address = payload + 18 + 1 + 8 + 1 + 5 + 1 + 6 + 1;

	ck_assert_uint_eq(address[1], strlen(result.relay[0]));
	address[2 + 5] = 0;
	ck_assert_int_eq(linkmsg_result_decode(&out, payload, len), -1);
	len = result_encode(payload, sizeof(payload));
	address[0] = 0xff;
	ck_assert_int_eq(linkmsg_result_decode(&out, payload, len), -1);
}
END_TEST

START_TEST(invited_without_a_token)
{
	static const struct linkmsg_invited refused = {
		.request = 6,
		.code = CODE_NAME_TAKEN,
		.text = "taken",
		.token = { 1 },
	};
	struct linkmsg_invited out;
	uint8_t payload[SIZE];
	size_t len;

	len = linkmsg_invited_encode(&refused, payload, sizeof(payload));
	ck_assert_int_eq(linkmsg_invited_decode(&out, payload, len), 0);
	ck_assert(!out.has_token);
	ck_assert_uint_eq(out.token[0], 0);
	ck_assert_int_eq((int)out.code, (int)CODE_NAME_TAKEN);
	/* A token has one length. */
	payload[4 + 2 + 1 + 5] = 1;
	payload[len] = 0;
	ck_assert_int_eq(linkmsg_invited_decode(&out, payload, len + 1), -1);
}
END_TEST

/* --- HOSTS -------------------------------------------------------------- */

static const struct linkmsg_host hosts[] = {
	{ .owner = "alice",
	    .name = "office",
	    .key = { 1 },
	    .state = LINKMSG_ONLINE,
	    .last_contact = 123456789 },
	{ .owner = "bob", .name = "nas", .state = LINKMSG_OFFLINE },
	{ .owner = "carol", .name = "gone", .state = LINKMSG_REMOVED },
};
#define HOSTS ((int)(sizeof(hosts) / sizeof(hosts[0])))

static size_t
hosts_encode(uint8_t *payload, size_t size)
{
	size_t used = 1;

	payload[0] = LINKMSG_HOSTS_FIRST | LINKMSG_HOSTS_LAST;
	for (int i = 0; i < HOSTS; i++) {
		used = linkmsg_host_append(&hosts[i], payload, size, used);
		ck_assert_uint_gt(used, 1);
	}
	return used;
}

START_TEST(hosts_are_read_in_order)
{
	struct linkmsg_host out;
	uint8_t payload[SIZE];
	size_t len = hosts_encode(payload, sizeof(payload));
	size_t offset = 1;

	for (int i = 0; i < HOSTS; i++) {
		ck_assert_int_eq(
		    linkmsg_host_next(&out, payload, len, &offset), 1);
		ck_assert_str_eq(out.owner, hosts[i].owner);
		ck_assert_str_eq(out.name, hosts[i].name);
		ck_assert_mem_eq(out.key, hosts[i].key, KEYS_LEN);
		ck_assert_int_eq((int)out.state, (int)hosts[i].state);
		ck_assert_uint_eq(out.last_contact, hosts[i].last_contact);
	}
	ck_assert_int_eq(linkmsg_host_next(&out, payload, len, &offset), 0);
	ck_assert_int_eq(linkmsg_host_next(&out, payload, len, &offset), 0);
}
END_TEST

START_TEST(hosts_that_are_cut_are_refused)
{
	struct linkmsg_host out;
	uint8_t payload[SIZE];
	size_t len = hosts_encode(payload, sizeof(payload));

	for (size_t cut = 0; cut < len; cut++) {
		size_t offset = 1;
		size_t at = 1;
		int rc = 1;

		while (rc == 1) {
			at = offset;
			rc = linkmsg_host_next(&out, payload, cut, &offset);
		}
		/* Cut between two entries it is only a shorter list. */
		ck_assert_int_eq(rc, at == cut ? 0 : -1);
		ck_assert_uint_eq(at, offset);
	}
}
END_TEST

START_TEST(hosts_with_wrong_fields_are_refused)
{
	static const struct linkmsg_host wrong[] = {
		{ .owner = "", .name = "office" },
		{ .owner = "alice", .name = "" },
		{ .owner = "alice", .name = "two.labels" },
		{ .owner = "al\x1bice", .name = "office" },
		{ .owner = "alice", .name = "office", .replica = 1 },
		{ .owner = "alice",
		    .name = "office",
		    .replica = LIMITS_REPLICAS_MAX + 1 },
		{ .owner = "alice",
		    .name = "office",
		    .state = (enum linkmsg_host_state)(LINKMSG_REMOVED + 1) },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct linkmsg_host out;
		uint8_t payload[SIZE];
		size_t offset = 1;
		size_t len;

		len =
		    linkmsg_host_append(&wrong[i], payload, sizeof(payload), 1);
		ck_assert_uint_gt(len, 1);
		ck_assert_int_eq(
		    linkmsg_host_next(&out, payload, len, &offset), -1);
	}
}
END_TEST

START_TEST(a_host_that_does_not_fit_is_not_appended)
{
	struct linkmsg_host host = { .state = LINKMSG_ONLINE };
	uint8_t payload[1 + LINKMSG_HOST_MAX];

	memset(host.owner, 'a', NAME_USER_MAX);
	memset(host.name, 'b', NAME_HOST_MAX);
	ck_assert_uint_eq(
	    linkmsg_host_append(&host, payload, sizeof(payload), 1),
	    sizeof(payload));
	ck_assert_uint_eq(
	    linkmsg_host_append(&host, payload, sizeof(payload), 2), 0);
	ck_assert_uint_eq(linkmsg_host_append(&host, payload, sizeof(payload),
			      sizeof(payload) + 1),
	    0);
}
END_TEST

/* --- bounds ------------------------------------------------------------- */

/* Assert that a payload of len bytes may be sent by a relay. */
static void
assert_fits(enum frame_type type, size_t len)
{
	struct frame_head head = {
		.type = type,
		.body_len = (uint16_t)frame_body_len(len),
		.channel = type == FRAME_DETACH ? 1 : 0,
	};

	ck_assert_uint_gt(len, 0);
	ck_assert(frame_check(FRAME_FROM_RELAY_TO_GATEWAY, &head));
}

/* What an encoder can write is what the table of frames lets through. */
START_TEST(the_longest_payloads_are_within_the_table)
{
	static struct linkmsg_result longest = { .relays =
						     MEMBERSHIP_RELAYS_MAX };
	uint8_t payload[SIZE];

	memset(longest.text, 'x', sizeof(longest.text) - 1);
	memset(longest.user, 'x', sizeof(longest.user) - 1);
	memset(longest.name, 'x', sizeof(longest.name) - 1);
	for (size_t i = 0; i < longest.relays; i++) {
		memset(longest.relay[i], 'x', sizeof(longest.relay[i]) - 1);
	}
	assert_fits(FRAME_RESULT,
	    linkmsg_result_encode(&longest, payload, sizeof(payload)));
}
END_TEST

START_TEST(the_shortest_payloads_are_within_the_table)
{
	static const struct linkmsg_result r = { .code = CODE_OK };
	static const struct linkmsg_goaway g = { .code = CODE_OK };
	static const struct linkmsg_notice n = { .severity = LINKMSG_NOTE };
	static const struct linkmsg_detach d = { .code = CODE_OK };
	uint8_t out[SIZE];

	assert_fits(FRAME_RESULT, linkmsg_result_encode(&r, out, sizeof(out)));
	assert_fits(FRAME_GOAWAY, linkmsg_goaway_encode(&g, out, sizeof(out)));
	assert_fits(FRAME_NOTICE, linkmsg_notice_encode(&n, out, sizeof(out)));
	assert_fits(FRAME_DETACH, linkmsg_detach_encode(&d, out, sizeof(out)));
	ck_assert_uint_eq(linkmsg_result_encode(&r, out, sizeof(out)), 22);
}
END_TEST

/* The shortest ATTACH names no owner, and has a message of one byte. */
START_TEST(the_shortest_attach_is_within_the_table)
{
	static const struct linkmsg_attach shortest = {
		.host = "b",
		.caller = { .user = "a" },
		.message = (const uint8_t *)"",
		.message_len = 1,
	};
	struct frame_head head = { .type = FRAME_ATTACH, .channel = 1 };
	uint8_t out[SIZE];
	size_t len = linkmsg_attach_encode(&shortest, out, sizeof(out));

	head.body_len = (uint16_t)frame_body_len(len);
	ck_assert(frame_check(FRAME_FROM_GATEWAY, &head));
	head.body_len--;
	ck_assert(!frame_check(FRAME_FROM_GATEWAY, &head));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("linkmsg");
	TCase *tcase = tcase_create("linkmsg");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, what_was_encoded_is_decoded, 0, KINDS);
	tcase_add_loop_test(tcase, what_does_not_fit_is_not_encoded, 0, KINDS);
	tcase_add_loop_test(tcase, what_is_cut_or_longer_is_refused, 0, KINDS);
	tcase_add_test(tcase, a_message_of_no_bytes_is_refused);
	tcase_add_loop_test(tcase, a_request_to_resume_has_one_length, 0, 2);
	tcase_add_test(tcase, newer_codes_are_internal_errors);
	tcase_add_test(tcase, only_known_values_are_taken);
	tcase_add_test(tcase, too_many_relays_are_refused);
	tcase_add_test(tcase, addresses_have_no_nul_and_an_end);
	tcase_add_test(tcase, invited_without_a_token);
	tcase_add_test(tcase, hosts_are_read_in_order);
	tcase_add_test(tcase, hosts_that_are_cut_are_refused);
	tcase_add_test(tcase, hosts_with_wrong_fields_are_refused);
	tcase_add_test(tcase, a_host_that_does_not_fit_is_not_appended);
	tcase_add_test(tcase, the_longest_payloads_are_within_the_table);
	tcase_add_test(tcase, the_shortest_payloads_are_within_the_table);
	tcase_add_test(tcase, the_shortest_attach_is_within_the_table);
	return unit_main(suite);
}
