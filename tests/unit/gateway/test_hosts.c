/* SPDX-License-Identifier: ISC */

#include "gateway/hosts.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "protocol/target.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

/* Tell hosts of one host of owner, whose key is 32 times `key`. */
static int
tell_of(struct hosts *hosts, uint8_t flags, const char *owner, const char *name,
    uint8_t key, enum linkmsg_host_state state)
{
	struct linkmsg_host host = { .state = state };
	uint8_t payload[1 + LINKMSG_HOST_MAX] = { flags };
	size_t used = 1;

	if (name != NULL) {
		(void)snprintf(host.owner, sizeof(host.owner), "%s", owner);
		(void)snprintf(host.name, sizeof(host.name), "%s", name);
		memset(host.key, key, sizeof(host.key));
		host.last_contact = 1000;
		used = linkmsg_host_append(&host, payload, sizeof(payload), 1);
		ck_assert_uint_gt(used, 1);
	}
	return hosts_apply(hosts, payload, used);
}

static int
tell(struct hosts *hosts, uint8_t flags, const char *name, uint8_t key,
    enum linkmsg_host_state state)
{
	return tell_of(hosts, flags, "alice", name, key, state);
}

static void
count(const struct host *host, void *arg)
{
	unsigned *n = arg;

	(void)host;
	++*n;
}

static unsigned
listed(struct hosts *hosts)
{
	unsigned n = 0;

	hosts_each(hosts, count, &n);
	return n;
}

START_TEST(list_then_changes)
{
	struct hosts *hosts = hosts_new();

	ck_assert(!hosts_is_complete(hosts));
	ck_assert_int_eq(
	    tell(hosts, LINKMSG_HOSTS_FIRST, "office", 1, LINKMSG_ONLINE), 0);
	ck_assert(!hosts_is_complete(hosts));
	ck_assert_int_eq(
	    tell(hosts, LINKMSG_HOSTS_LAST, "lab", 2, LINKMSG_OFFLINE), 0);
	ck_assert(hosts_is_complete(hosts));
	ck_assert_uint_eq(listed(hosts), 2);
	ck_assert(hosts_find(hosts, "office")->online);
	ck_assert(!hosts_find(hosts, "lab")->online);
	ck_assert_int_eq(tell(hosts, 0, "lab", 2, LINKMSG_ONLINE), 0);
	ck_assert(hosts_find(hosts, "lab")->online);
	ck_assert_uint_eq(listed(hosts), 2);
	ck_assert_int_eq(tell(hosts, 0, "lab", 2, LINKMSG_REMOVED), 0);
	ck_assert_ptr_null(hosts_find(hosts, "lab"));
	/* A new list: what is not in it is gone. */
	ck_assert_int_eq(tell(hosts, LINKMSG_HOSTS_FIRST | LINKMSG_HOSTS_LAST,
			     "new", 3, LINKMSG_ONLINE),
	    0);
	ck_assert_ptr_null(hosts_find(hosts, "office"));
	ck_assert_ptr_nonnull(hosts_find(hosts, "new"));
	ck_assert_uint_eq(listed(hosts), 1);
	hosts_free(hosts);
	hosts_free(NULL);
}
END_TEST

START_TEST(clear_leaves_pins)
{
	struct hosts *hosts = hosts_new();

	ck_assert_int_eq(tell(hosts, LINKMSG_HOSTS_FIRST | LINKMSG_HOSTS_LAST,
			     "office", 1, LINKMSG_ONLINE),
	    0);
	ck_assert(hosts_pin(hosts, "office"));
	hosts_clear(hosts);
	ck_assert(!hosts_is_complete(hosts));
	ck_assert_uint_eq(listed(hosts), 0);
	ck_assert_ptr_null(hosts_find(hosts, "office"));
	ck_assert_int_eq(tell(hosts, LINKMSG_HOSTS_FIRST | LINKMSG_HOSTS_LAST,
			     "office", 2, LINKMSG_ONLINE),
	    0);
	ck_assert(hosts_key_changed(hosts_find(hosts, "office")));
	hosts_free(hosts);
}
END_TEST

/* Hosts of two accounts by one name are two hosts. */
START_TEST(one_name_of_two_owners)
{
	struct hosts *hosts = hosts_new();

	(void)tell(hosts, LINKMSG_HOSTS_FIRST, "office", 1, LINKMSG_ONLINE);
	(void)tell_of(hosts, 0, "bob", "office", 2, LINKMSG_OFFLINE);
	(void)tell_of(hosts, 0, "carol", "office", 3, LINKMSG_OFFLINE);
	ck_assert_uint_eq(listed(hosts), 3);
	ck_assert_str_eq(hosts_find(hosts, "office")->owner, "alice");
	(void)tell_of(hosts, 0, "bob", "office", 2, LINKMSG_REMOVED);
	ck_assert_uint_eq(listed(hosts), 2);
	(void)tell(hosts, 0, "office", 1, LINKMSG_REMOVED);
	ck_assert_str_eq(hosts_find(hosts, "office")->owner, "carol");
	(void)tell_of(hosts, 0, "carol", "office", 2, LINKMSG_REMOVED);
	ck_assert_ptr_null(hosts_find(hosts, "office"));
	hosts_free(hosts);
}
END_TEST

/* Notes the names, which have to come in order. */
static void
check_order(const struct host *host, void *arg)
{
	char *last = arg;

	ck_assert_int_lt(strcmp(last, host->name), 0);
	(void)snprintf(last, NAME_HOST_MAX + 1, "%s", host->name);
}

static void
tell_many(struct hosts *hosts, const char *prefix, unsigned n)
{
	char name[NAME_HOST_MAX + 1];

	ck_assert_int_eq(tell(hosts, LINKMSG_HOSTS_FIRST, NULL, 0, 0), 0);
	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(
		    name, sizeof(name), "%s%u", prefix, (i * 7919U) % n);
		ck_assert_int_eq(tell(hosts, 0, name, 1, LINKMSG_ONLINE), 0);
	}
	ck_assert_int_eq(tell(hosts, LINKMSG_HOSTS_LAST, NULL, 0, 0), 0);
}

/* A second list of other hosts, then the first one again. */
START_TEST(many_hosts)
{
	const unsigned many = 50000 / (unsigned)unit_stride(5);
	const unsigned fewer = 30000 / (unsigned)unit_stride(5);
	struct hosts *hosts = hosts_new();
	char last[NAME_HOST_MAX + 1] = "";

	tell_many(hosts, "one", many);
	ck_assert_uint_eq(listed(hosts), many);
	hosts_each(hosts, check_order, last);
	ck_assert(hosts_pin(hosts, "one4711"));
	tell_many(hosts, "two", fewer);
	ck_assert_uint_eq(listed(hosts), fewer);
	ck_assert_ptr_null(hosts_find(hosts, "one4711"));
	ck_assert_ptr_nonnull(hosts_find(hosts, "two4711"));
	ck_assert_ptr_null(hosts_nearest(hosts, "one4711"));
	tell_many(hosts, "one", many);
	ck_assert_uint_eq(listed(hosts), many);
	ck_assert(hosts_find(hosts, "one4711")->has_pin);
	ck_assert(!hosts_find(hosts, "one4712")->has_pin);
	hosts_free(hosts);
}
END_TEST

START_TEST(not_more_than_memory_is_for)
{
	struct linkmsg_host host = { .owner = "alice" };
	struct hosts *hosts = hosts_new();
	uint8_t page[LIMITS_CONTROL_MAX] = { 0 };
	size_t used = 1;

	for (unsigned i = 0; i < HOSTS_MAX; i++) {
		(void)snprintf(host.name, sizeof(host.name), "h%u", i);
		used = linkmsg_host_append(&host, page, sizeof(page), used);
		if (used + LINKMSG_HOST_MAX > sizeof(page) ||
		    i + 1 == HOSTS_MAX) {
			ck_assert_int_eq(hosts_apply(hosts, page, used), 0);
			used = 1;
		}
	}
	ck_assert_int_eq(tell(hosts, 0, "more", 1, LINKMSG_ONLINE), -1);
	ck_assert_int_eq(tell(hosts, 0, "h7", 1, LINKMSG_OFFLINE), 0);
	ck_assert_uint_eq(listed(hosts), HOSTS_MAX);
	hosts_free(hosts);
}
END_TEST

START_TEST(garbage_is_refused)
{
	struct hosts *hosts = hosts_new();
	uint8_t payload[64];

	ck_assert_int_eq(hosts_apply(hosts, payload, 0), -1);
	memset(payload, 0xff, sizeof(payload));
	ck_assert_int_eq(hosts_apply(hosts, payload, sizeof(payload)), -1);
	hosts_free(hosts);
}
END_TEST

START_TEST(nearest_name)
{
	struct hosts *hosts = hosts_new();

	(void)tell(hosts, LINKMSG_HOSTS_FIRST, "office", 1, LINKMSG_ONLINE);
	(void)tell(hosts, 0, "lab", 1, LINKMSG_ONLINE);
	ck_assert_str_eq(hosts_nearest(hosts, "offce"), "office");
	ck_assert_ptr_null(hosts_nearest(hosts, "printer"));
	hosts_free(hosts);
}
END_TEST

START_TEST(changed_keys_are_seen)
{
	struct hosts *hosts = hosts_new();

	(void)tell(hosts, 0, "office", 1, LINKMSG_ONLINE);
	ck_assert(!hosts_key_changed(hosts_find(hosts, "office")));
	ck_assert(hosts_pin(hosts, "office"));
	ck_assert(!hosts_pin(hosts, "office"));
	ck_assert(!hosts_pin(hosts, "nobody"));
	(void)tell(hosts, 0, "office", 2, LINKMSG_ONLINE);
	ck_assert(hosts_key_changed(hosts_find(hosts, "office")));
	/* Also when it was removed and invited again. */
	(void)tell(hosts, 0, "office", 2, LINKMSG_REMOVED);
	(void)tell(hosts, 0, "office", 2, LINKMSG_ONLINE);
	ck_assert(hosts_key_changed(hosts_find(hosts, "office")));
	ck_assert(hosts_pin(hosts, "office"));
	ck_assert(!hosts_key_changed(hosts_find(hosts, "office")));
	hosts_free(hosts);
}
END_TEST

START_TEST(a_proof_changes_no_pin)
{
	static const uint8_t first[KEYS_LEN] = { 1 };
	static const uint8_t second[KEYS_LEN] = { 2 };
	struct hosts *hosts = hosts_new();
	const struct host *host;

	(void)tell(hosts, 0, "office", 7, LINKMSG_ONLINE);
	ck_assert(!hosts_pin_proved(hosts, "nobody", 0, first));
	ck_assert(hosts_pin_proved(hosts, "office", 0, first));
	host = hosts_find(hosts, "office");
	ck_assert_mem_eq(host->pin, first, KEYS_LEN);
	ck_assert(hosts_key_changed(host));
	ck_assert(!hosts_pin_proved(hosts, "office", 0, first));
	ck_assert(!hosts_pin_proved(hosts, "office", 0, second));
	ck_assert_mem_eq(host->pin, first, KEYS_LEN);
	hosts_free(hosts);
}
END_TEST

/* Tell hosts of a replica of office, whose key is 32 times `key`. */
static void
tell_replica(struct hosts *hosts, uint8_t replica, uint8_t key,
    enum linkmsg_host_state state)
{
	struct linkmsg_host host = {
		.owner = "alice",
		.name = "office",
		.replica = replica,
		.state = state,
	};
	uint8_t payload[1 + LINKMSG_HOST_MAX] = { 0 };
	size_t used;

	memset(host.key, key, sizeof(host.key));
	used = linkmsg_host_append(&host, payload, sizeof(payload), 1);
	ck_assert_int_eq(hosts_apply(hosts, payload, used), 0);
}

/* Assert what there is of office. */
static void
has_replicas(
    const struct hosts *hosts, unsigned all, unsigned online, unsigned refused)
{
	struct hosts_count count;

	hosts_count_replicas(hosts, "office", &count);
	ck_assert_uint_eq(count.listed, all);
	ck_assert_uint_eq(count.online, online);
	ck_assert_uint_eq(count.refused, refused);
}

/* Let that replica of office prove the key that is 32 times `key`. */
static bool
prove(struct hosts *hosts, uint8_t replica, uint8_t key)
{
	uint8_t bytes[KEYS_LEN];

	memset(bytes, key, sizeof(bytes));
	return hosts_pin_proved(hosts, "office", replica, bytes);
}

START_TEST(replicas_are_one_host)
{
	struct hosts *hosts = hosts_new();

	has_replicas(hosts, 0, 0, 0);
	tell_replica(hosts, 0, 1, LINKMSG_OFFLINE);
	tell_replica(hosts, 3, 3, LINKMSG_ONLINE);
	tell_replica(hosts, 2, 2, LINKMSG_ONLINE);
	(void)tell(hosts, 0, "lab", 9, LINKMSG_ONLINE);
	ck_assert_uint_eq(listed(hosts), 2);
	has_replicas(hosts, 3, 2, 0);
	/* The one that serves best stands for all. */
	ck_assert_uint_eq(hosts_find(hosts, "office")->replica, 2);
	ck_assert_uint_eq(hosts_find_replica(hosts, "office", 3)->key[0], 3);
	ck_assert_uint_eq(hosts_find_replica(hosts, "office", 0)->key[0], 1);
	ck_assert_ptr_null(hosts_find_replica(hosts, "office", 4));
	tell_replica(hosts, 2, 2, LINKMSG_REMOVED);
	ck_assert_ptr_null(hosts_find_replica(hosts, "office", 2));
	ck_assert_uint_eq(hosts_find(hosts, "office")->replica, 3);
	tell_replica(hosts, 3, 3, LINKMSG_OFFLINE);
	ck_assert_uint_eq(hosts_find(hosts, "office")->replica, 0);
	has_replicas(hosts, 2, 0, 0);
	tell_replica(hosts, 0, 1, LINKMSG_REMOVED);
	tell_replica(hosts, 3, 3, LINKMSG_REMOVED);
	ck_assert_ptr_null(hosts_find(hosts, "office"));
	hosts_free(hosts);
}
END_TEST

START_TEST(a_further_key_is_refused)
{
	struct hosts *hosts = hosts_new();

	tell_replica(hosts, 0, 1, LINKMSG_ONLINE);
	tell_replica(hosts, 2, 2, LINKMSG_ONLINE);
	/* Who was there when we first met is known. */
	ck_assert(prove(hosts, 2, 2));
	has_replicas(hosts, 2, 2, 0);
	ck_assert(!prove(hosts, 0, 1));
	tell_replica(hosts, 3, 3, LINKMSG_ONLINE);
	has_replicas(hosts, 3, 3, 1);
	ck_assert(hosts_key_changed(hosts_find_replica(hosts, "office", 3)));
	ck_assert(!hosts_key_changed(hosts_find(hosts, "office")));
	ck_assert(!prove(hosts, 3, 3));
	/* Also in the place of one that was known. */
	tell_replica(hosts, 2, 4, LINKMSG_ONLINE);
	has_replicas(hosts, 3, 3, 2);
	/* One that is known and not there does not make others known. */
	tell_replica(hosts, 0, 1, LINKMSG_REMOVED);
	has_replicas(hosts, 2, 2, 2);
	ck_assert(hosts_key_changed(hosts_find(hosts, "office")));
	ck_assert(hosts_pin(hosts, "office"));
	has_replicas(hosts, 2, 2, 0);
	/* One that is refused, but there, stands for those that are not. */
	tell_replica(hosts, 2, 4, LINKMSG_OFFLINE);
	tell_replica(hosts, 3, 3, LINKMSG_OFFLINE);
	tell_replica(hosts, 4, 9, LINKMSG_ONLINE);
	ck_assert(hosts_key_changed(hosts_find(hosts, "office")));
	tell_replica(hosts, 4, 9, LINKMSG_REMOVED);
	tell_replica(hosts, 2, 4, LINKMSG_ONLINE);
	tell_replica(hosts, 3, 3, LINKMSG_ONLINE);
	/* Only what is there was accepted. */
	tell_replica(hosts, 0, 1, LINKMSG_ONLINE);
	has_replicas(hosts, 3, 3, 1);
	hosts_free(hosts);
}
END_TEST

START_TEST(a_key_that_is_expected_is_taken)
{
	struct hosts *hosts = hosts_new();
	struct hosts *back = hosts_new();
	char *text;

	tell_replica(hosts, 0, 1, LINKMSG_ONLINE);
	ck_assert(prove(hosts, 0, 1));
	ck_assert_int_eq(hosts_expect(hosts, "alice", "office", 1), 0);
	ck_assert_int_eq(hosts_expect(hosts, "alice", "office", 1), 0);
	/* That survives a restart. */
	text = hosts_format_pins(hosts);
	ck_assert_ptr_nonnull(strstr(text, "alice/office +2\n"));
	ck_assert_uint_eq(hosts_parse_pins(back, text), 0);
	mem_free(text);
	for (uint8_t i = 2; i <= 4; i++) {
		tell_replica(back, i, i, LINKMSG_ONLINE);
		ck_assert(prove(back, i, i) == (i < 4));
	}
	has_replicas(back, 3, 3, 1);
	text = hosts_format_pins(back);
	ck_assert_ptr_nonnull(strstr(text, "alice/office#3 0303"));
	ck_assert_ptr_null(strstr(text, "+"));
	ck_assert_ptr_null(strstr(text, "#4"));
	mem_free(text);
	hosts_free(hosts);
	hosts_free(back);
}
END_TEST

START_TEST(pins_come_back)
{
	struct hosts *hosts = hosts_new();
	struct hosts *back = hosts_new();
	char *text;

	(void)tell(hosts, 0, "office", 1, LINKMSG_ONLINE);
	(void)tell(hosts, 0, "lab", 2, LINKMSG_ONLINE);
	(void)tell(hosts, 0, "unpinned", 3, LINKMSG_ONLINE);
	(void)hosts_pin(hosts, "office");
	(void)hosts_pin(hosts, "lab");
	text = hosts_format_pins(hosts);
	ck_assert_ptr_nonnull(strstr(text, "alice/office 0101"));
	ck_assert_ptr_null(strstr(text, "unpinned"));
	ck_assert_uint_eq(hosts_parse_pins(back, text), 0);
	/* Pins alone list nobody. */
	ck_assert_uint_eq(listed(back), 0);
	(void)tell(back, 0, "office", 9, LINKMSG_ONLINE);
	(void)tell(back, 0, "lab", 2, LINKMSG_ONLINE);
	ck_assert(hosts_key_changed(hosts_find(back, "office")));
	ck_assert(!hosts_key_changed(hosts_find(back, "lab")));
	mem_free(text);
	hosts_free(hosts);
	hosts_free(back);
}
END_TEST

START_TEST(bad_pins_are_named)
{
	static const char good[] =
	    "alice/office "
	    "0101010101010101010101010101010101010101010101010101010101010101"
	    "\n";
	static const char *const bad[] = {
		"office",
		"alice/office",
		"alice/office 01",
		"alice/office +x",
		"alice/office +17",
		"alice/office#1 +1",
		"alice/office#17 +1",
		"alice/office# +1",
		"alice office/0101",
		"alice/ 0101",
		"alice/office "
		"010101010101010101010101010101010101010101010101010101010101"
		"01zz",
		"alice/-office "
		"0101010101010101010101010101010101010101010101010101010101"
		"010101",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct hosts *hosts = hosts_new();
		char text[512];

		(void)snprintf(text, sizeof(text), "%s\n%s\n", good, bad[i]);
		ck_assert_uint_eq(hosts_parse_pins(hosts, text), 3);
		ck_assert_uint_eq(hosts_parse_pins(hosts, good), 0);
		hosts_free(hosts);
	}
}
END_TEST

START_TEST(short_of_memory)
{
	for (long n = 1; n < 20; n++) {
		struct hosts *hosts;
		char *text;

		failalloc_after(n);
		hosts = hosts_new();
		if (hosts != NULL) {
			(void)tell(hosts, 0, "office", 1, LINKMSG_ONLINE);
			(void)tell(hosts, 0, "lab", 1, LINKMSG_ONLINE);
			(void)hosts_pin(hosts, "office");
			text = hosts_format_pins(hosts);
			mem_free(text);
		}
		failalloc_off();
		hosts_free(hosts);
	}
}
END_TEST

/* Whatever a relay says of itself, its key is the one that was pinned. */
START_TEST(the_relay_is_no_host_of_the_list)
{
	struct hosts *hosts = hosts_new();
	uint8_t key[KEYS_LEN];
	char *text;

	memset(key, 7, sizeof(key));
	ck_assert_ptr_null(hosts_find(hosts, TARGET_RELAY));
	hosts_set_relay(hosts, key);
	ck_assert_int_eq(tell(hosts, LINKMSG_HOSTS_FIRST | LINKMSG_HOSTS_LAST,
			     TARGET_RELAY, 3, LINKMSG_OFFLINE),
	    0);
	ck_assert(hosts_is_relay(hosts_find(hosts, TARGET_RELAY)));
	ck_assert(hosts_find(hosts, TARGET_RELAY)->online);
	ck_assert_mem_eq(
	    hosts_find(hosts, TARGET_RELAY)->key, key, sizeof(key));
	/* It is nobody's to pin. */
	ck_assert(!hosts_pin(hosts, TARGET_RELAY));
	ck_assert(!hosts_pin_proved(hosts, TARGET_RELAY, 0, key));
	text = hosts_format_pins(hosts);
	ck_assert_str_eq(text, "");
	mem_free(text);
	ck_assert_int_eq(tell(hosts, 0, "office", 1, LINKMSG_ONLINE), 0);
	ck_assert(!hosts_is_relay(hosts_find(hosts, "office")));
	/* Whoever belongs nowhere has no relay. */
	hosts_clear(hosts);
	ck_assert_ptr_null(hosts_find(hosts, TARGET_RELAY));
	hosts_free(hosts);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hosts");
	TCase *tc = tcase_create("hosts");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, list_then_changes);
	tcase_add_test(tc, clear_leaves_pins);
	tcase_add_test(tc, one_name_of_two_owners);
	tcase_add_test(tc, many_hosts);
	tcase_add_test(tc, not_more_than_memory_is_for);
	tcase_add_test(tc, garbage_is_refused);
	tcase_add_test(tc, nearest_name);
	tcase_add_test(tc, changed_keys_are_seen);
	tcase_add_test(tc, a_proof_changes_no_pin);
	tcase_add_test(tc, replicas_are_one_host);
	tcase_add_test(tc, a_further_key_is_refused);
	tcase_add_test(tc, a_key_that_is_expected_is_taken);
	tcase_add_test(tc, pins_come_back);
	tcase_add_test(tc, bad_pins_are_named);
	tcase_add_test(tc, short_of_memory);
	tcase_add_test(tc, the_relay_is_no_host_of_the_list);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
