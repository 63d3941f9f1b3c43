/* SPDX-License-Identifier: ISC */
#include "protocol/membership.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"

#define ONES "0101010101010101010101010101010101010101010101010101010101010101"
#define TWOS "0202020202020202020202020202020202020202020202020202020202020202"
#define SIXES "0606060606060606060606060606060606060606060606060606060606060606"

static const char agent_text[] = "inroad-membership 1\n"
				 "relay relay.example.net:7000\n"
				 "relay [2001:db8::1]:7001\n"
				 "relay-key " ONES "\n"
				 "role agent\n"
				 "user alice\n"
				 "name office\n"
				 "token " TWOS "\n"
				 "host-key 4294967295 " SIXES "\n";

static const char gateway_text[] = "inroad-membership 1\n"
				   "relay relay:7000\n"
				   "relay-key " ONES "\n"
				   "role gateway\n"
				   "user alice\n"
				   "name laptop\n";

static struct membership
make_agent(void)
{
	struct membership membership = {
		.role = LINKHELLO_AGENT,
		.user = "alice",
		.name = "office",
		.has_token = true,
		.key_kind = MEMBERSHIP_KEY_HOST,
		.epoch = UINT32_MAX,
	};

	ck_assert_int_eq(
	    membership_add_relay(&membership, "relay.example.net:7000", 22), 0);
	ck_assert_int_eq(
	    membership_add_relay(&membership, "[2001:DB8::1]:7001", 18), 0);
	memset(membership.relay_public, 1, KEYS_LEN);
	memset(membership.token, 2, LINKHELLO_TOKEN_LEN);
	memset(membership.key, 6, KEYS_LEN);
	return membership;
}

static void
check_same(const struct membership *a, const struct membership *b)
{
	ck_assert_uint_eq(a->relays, b->relays);
	for (size_t i = 0; i < a->relays; i++) {
		ck_assert_str_eq(a->relay[i], b->relay[i]);
	}
	ck_assert_mem_eq(a->relay_public, b->relay_public, KEYS_LEN);
	ck_assert_int_eq(a->role, b->role);
	ck_assert_str_eq(a->user, b->user);
	ck_assert_str_eq(a->name, b->name);
	ck_assert_int_eq(a->has_token, b->has_token);
	ck_assert_mem_eq(a->token, b->token, LINKHELLO_TOKEN_LEN);
	ck_assert_int_eq(a->key_kind, b->key_kind);
	ck_assert_mem_eq(a->key, b->key, KEYS_LEN);
	ck_assert_uint_eq(a->epoch, b->epoch);
}

START_TEST(text_and_back)
{
	struct membership membership = make_agent();
	struct membership back;
	char text[MEMBERSHIP_TEXT_MAX];
	unsigned line;
	const char *flaw;

	ck_assert_uint_eq(
	    membership_format(&membership, text), strlen(agent_text));
	ck_assert_str_eq(text, agent_text);
	ck_assert_int_eq(
	    membership_parse(&back, text, strlen(text), &line, &flaw), 0);
	check_same(&back, &membership);
	ck_assert_int_eq(membership_parse(&back, gateway_text,
			     strlen(gateway_text), &line, &flaw),
	    0);
	ck_assert(!back.has_token);
	ck_assert_int_eq(back.key_kind, MEMBERSHIP_KEY_NONE);
	ck_assert_uint_eq(membership_format(&back, text), strlen(gateway_text));
	ck_assert_str_eq(text, gateway_text);
	/* With the account key, and without the token. */
	back.key_kind = MEMBERSHIP_KEY_ACCOUNT;
	back.epoch = 1;
	memset(back.key, 6, KEYS_LEN);
	membership_format(&back, text);
	ck_assert_ptr_nonnull(strstr(text, "\naccount-key 1 " SIXES "\n"));
	ck_assert_int_eq(
	    membership_parse(&membership, text, strlen(text), &line, &flaw), 0);
	check_same(&membership, &back);
}
END_TEST

START_TEST(the_longest_fits)
{
	struct membership membership = make_agent();
	struct membership back;
	char text[MEMBERSHIP_TEXT_MAX];
	char address[MEMBERSHIP_ADDRESS_MAX + 1];
	unsigned line;
	const char *flaw;
	size_t len;

	memset(address, 'a', sizeof(address));
	for (size_t i = 63; i < NAME_TARGET_MAX; i += 64) {
		address[i] = '.';
	}
	memcpy(address + NAME_TARGET_MAX, ":65535", 7);
	membership.relays = 0;
	for (unsigned i = 0; i < MEMBERSHIP_RELAYS_MAX; i++) {
		ck_assert_int_eq(membership_add_relay(&membership, address,
				     MEMBERSHIP_ADDRESS_MAX),
		    0);
	}
	ck_assert_int_eq(
	    membership_add_relay(&membership, "relay:7000", 10), -1);
	memset(membership.user, 'u', NAME_USER_MAX);
	memset(membership.name, 'n', NAME_HOST_MAX);
	len = membership_format(&membership, text);
	ck_assert_uint_gt(len, 0);
	ck_assert_uint_lt(len, MEMBERSHIP_TEXT_MAX);
	ck_assert_uint_eq(len, strlen(text));
	ck_assert_int_eq(membership_parse(&back, text, len, &line, &flaw), 0);
	check_same(&back, &membership);
}
END_TEST

START_TEST(relays_have_one_form)
{
	static const struct {
		const char *text;
		const char *relay; /* NULL: refused */
	} rows[] = {
		{ "relay.example.net:7000", "relay.example.net:7000" },
		{ "Relay.Example.NET.:443", "relay.example.net:443" },
		{ "relay:1", "relay:1" },
		{ "localhost:65535", "localhost:65535" },
		{ "192.0.2.1:7000", "192.0.2.1:7000" },
		{ "[2001:DB8::1]:7000", "[2001:db8::1]:7000" },
		{ "relay", NULL },
		{ "relay:", NULL },
		{ "relay:0", NULL },
		{ "relay:07000", NULL },
		{ "relay:65536", NULL },
		{ ":7000", NULL },
		{ "", NULL },
		{ "2001:db8::1:7000", NULL },
		{ "my_relay:7000", NULL },
		{ "re lay:7000", NULL },
		{ "relay:7000,b:1", NULL },
		{ "300.0.2.1:7000", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct membership membership = { 0 };

		ck_assert_int_eq(membership_add_relay(&membership, rows[i].text,
				     strlen(rows[i].text)),
		    rows[i].relay != NULL ? 0 : -1);
		ck_assert_uint_eq(
		    membership.relays, rows[i].relay != NULL ? 1 : 0);
		if (rows[i].relay != NULL) {
			ck_assert_str_eq(membership.relay[0], rows[i].relay);
		}
	}
}
END_TEST

/* What is changed must be a flaw, and one of its own. */
static void
check_flaw(const struct membership *membership, const char *words)
{
	char text[MEMBERSHIP_TEXT_MAX];
	const char *flaw = membership_flaw(membership);

	ck_assert_ptr_nonnull(flaw);
	ck_assert_msg(strstr(flaw, words) != NULL, "%s", flaw);
	ck_assert_uint_eq(membership_format(membership, text), 0);
}

START_TEST(flaws_are_found)
{
	struct membership good = make_agent();
	struct membership bad = good;

	ck_assert_ptr_null(membership_flaw(&good));
	bad.relays = 0;
	check_flaw(&bad, "no relay");
	bad.relays = MEMBERSHIP_RELAYS_MAX + 1;
	check_flaw(&bad, "relay address");
	bad = good;
	bad.relay[1][1] = 'X';
	check_flaw(&bad, "relay address");
	bad = good;
	bad.relay[0][0] = 'R';
	check_flaw(&bad, "relay address");
	bad = good;
	memset(bad.relay_public, 0, KEYS_LEN);
	check_flaw(&bad, "relay key");
	bad = good;
	memset(&bad.role, 0, sizeof(bad.role));
	check_flaw(&bad, "role");
	bad = good;
	bad.user[0] = 'A';
	check_flaw(&bad, "account name");
	bad = good;
	bad.name[0] = '-';
	check_flaw(&bad, "device name");
	bad = good;
	memcpy(bad.name, "123", 4);
	check_flaw(&bad, "device name");
}
END_TEST

START_TEST(keys_follow_from_the_role)
{
	struct membership bad = make_agent();

	bad.epoch = 0;
	check_flaw(&bad, "epoch");
	bad.epoch = 1;
	bad.key_kind = MEMBERSHIP_KEY_NONE;
	check_flaw(&bad, "no host key");
	bad.key_kind = MEMBERSHIP_KEY_ACCOUNT;
	check_flaw(&bad, "to an agent");
	bad.role = LINKHELLO_GATEWAY;
	ck_assert_ptr_null(membership_flaw(&bad));
	bad.key_kind = MEMBERSHIP_KEY_HOST;
	check_flaw(&bad, "to a gateway");
	bad.key_kind = MEMBERSHIP_KEY_NONE;
	ck_assert_ptr_null(membership_flaw(&bad));
	memset(&bad.key_kind, 9, sizeof(bad.key_kind));
	check_flaw(&bad, "unknown kind");
}
END_TEST

/* Parse text; it must fail in line number want. */
static void
check_line(const char *text, size_t len, unsigned want)
{
	struct membership membership;
	unsigned line = 0;
	const char *flaw = NULL;

	memset(&membership, 0xaa, sizeof(membership));
	ck_assert_int_eq(
	    membership_parse(&membership, text, len, &line, &flaw), -1);
	ck_assert_uint_eq(line, want);
	ck_assert_ptr_nonnull(flaw);
	ck_assert(
	    sodium_is_zero((const uint8_t *)&membership, sizeof(membership)));
}

/* A text that ends early fails in its last line, or for what is missing. */
START_TEST(every_truncation_is_noticed)
{
	size_t all = strlen(agent_text);
	unsigned line = 1;

	for (size_t len = 0; len < all; len++) {
		char *exact = malloc(len);

		memcpy(exact, agent_text, len);
		if (len > 0 && exact[len - 1] == '\n') {
			line++;
		}
		check_line(exact, len, line);
		free(exact);
	}
}
END_TEST

START_TEST(lines_are_read_strictly)
{
	static const struct {
		const char *line; /* in place of a line of the gateway's */
		unsigned number;
	} rows[] = {
		{ "inroad-membership 2", 1 },
		{ "", 2 },
		{ "relay", 2 },
		{ "relay ", 2 },
		{ "relay relay:7000 ", 2 },
		{ "relays relay:7000", 2 },
		{ "# relay:7000", 2 },
		{ " relay relay:7000", 2 },
		{ "relay-key 01", 3 },
		{ "relay-key " ONES "01", 3 },
		{ "relay-key " ONES " ", 3 },
		{ "relay-key xx" ONES, 3 },
		{ "role Gateway", 4 },
		{ "role relay", 4 },
		{ "user al ice", 5 },
		{ "name -", 6 },
		{ "name laptop\r", 6 },
		{ "name laptop\nname laptop", 7 },
		{ "name laptop\ntoken 02", 7 },
		{ "name laptop\naccount-key " ONES, 7 },
		{ "name laptop\naccount-key 0 " ONES, 7 },
		{ "name laptop\naccount-key -1 " ONES, 7 },
		{ "name laptop\naccount-key 01 " ONES, 7 },
		{ "name laptop\naccount-key 4294967296 " ONES, 7 },
		{ "name laptop\naccount-key 1\t" ONES, 7 },
		{ "name laptop\nhost-key 1 " ONES, 8 },
		{ "name laptop\nrelay b:1\nrelay c", 8 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024] = "";
		const char *from = gateway_text;

		for (unsigned n = 1; *from != '\0'; n++) {
			size_t len = strcspn(from, "\n") + 1;
			bool replace = n == rows[i].number ||
				       (n == 6 && rows[i].number > 6);

			if (replace) {
				strncat(text, rows[i].line, 512);
				strncat(text, "\n", 2);
			} else {
				strncat(text, from, len);
			}
			from += len;
		}
		check_line(text, strlen(text), rows[i].number);
	}
}
END_TEST

START_TEST(lines_are_bounded_text)
{
	char text[1024] = "inroad-membership 1\nrelay ";
	size_t len = strlen(text);

	memset(text + len, 'a', 500);
	text[len + 500] = '\n';
	check_line(text, len + 501, 2);
	memcpy(text, gateway_text, sizeof(gateway_text));
	text[strlen("inroad-membership 1\nrelay relay")] = '\0';
	check_line(text, strlen(gateway_text), 2);
}
END_TEST

START_TEST(wiped_is_wiped)
{
	struct membership membership = make_agent();

	membership_wipe(&membership);
	ck_assert(
	    sodium_is_zero((const uint8_t *)&membership, sizeof(membership)));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("membership");
	TCase *tcase = tcase_create("membership");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, text_and_back);
	tcase_add_test(tcase, the_longest_fits);
	tcase_add_test(tcase, relays_have_one_form);
	tcase_add_test(tcase, flaws_are_found);
	tcase_add_test(tcase, keys_follow_from_the_role);
	tcase_add_test(tcase, every_truncation_is_noticed);
	tcase_add_test(tcase, lines_are_read_strictly);
	tcase_add_test(tcase, lines_are_bounded_text);
	tcase_add_test(tcase, wiped_is_wiped);
	return unit_main(suite);
}
