/* SPDX-License-Identifier: ISC */
/*
 * What gateways are told of hosts, however many there are and however slowly a
 * gateway reads.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/loop.h"
#include "protocol/link.h"
#include "protocol/linkmsg.h"
#include "relay/directory.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/hubrig.h"

/* An account with more than the queue of a link holds three times over. */
#define MOST 50000

/* What a gateway knows of the host by a number. */
enum knows {
	NOT,
	OFFLINE,
	ONLINE,
};

static struct hubrig rig;
static struct hubrig_who laptop; /* a gateway of alice's */
static struct rawlink raw;
static struct directory_host *hosts[MOST];
static enum knows known[MOST];
static unsigned pages;
static unsigned lists; /* how often a list began */
static unsigned wholes;

/* Under valgrind a fifth will do. */
static unsigned
many(void)
{
	return MOST / (unsigned)unit_stride(5);
}

static void
setup(void)
{
	const struct hubrig_config config = { .budget = 0 };

	hubrig_open(&rig, &config);
	hubrig_enrol(&rig, &laptop, LINKHELLO_GATEWAY, "alice", "laptop");
	raw.fd = -1;
	pages = 0;
	lists = 0;
	wholes = 0;
	memset(known, 0, sizeof(known));
}

static void
teardown(void)
{
	rawlink_close(&raw);
	hubrig_close(&rig);
}

static void
add_hosts(unsigned n)
{
	static const uint8_t key[DIRECTORY_KEY_LEN] = { 1 };
	char name[64];

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(
		    name, sizeof(name), "host-with-a-rather-long-name-%u", i);
		hosts[i] =
		    directory_add(rig.directory, "alice", name, 0, key, 1000);
		ck_assert_ptr_nonnull(hosts[i]);
	}
}

static void
log_in(void)
{
	enum code code = hubrig_raw(&rig, &raw, &laptop);

	ck_assert_int_eq((int)code, (int)CODE_OK);
}

static void
learn(const struct linkmsg_host *host)
{
	unsigned i;

	ck_assert_str_eq(host->owner, "alice");
	ck_assert_int_eq(
	    sscanf(host->name, "host-with-a-rather-long-name-%u", &i), 1);
	ck_assert_uint_lt(i, many());
	known[i] = host->state == LINKMSG_REMOVED  ? NOT
		   : host->state == LINKMSG_ONLINE ? ONLINE
						   : OFFLINE;
}

/* Read pages until n lists were whole and the host number last is as told. */
static void
read_until(unsigned n, unsigned last, enum knows as)
{
	struct hubrig_frame frame;
	struct linkmsg_host host;

	while (wholes < n || known[last] != as) {
		size_t offset = 1;

		ck_assert(hubrig_raw_await(
		    &raw, LINKHELLO_GATEWAY, FRAME_HOSTS, &frame));
		pages++;
		if ((frame.payload[0] & LINKMSG_HOSTS_FIRST) != 0) {
			lists++;
			memset(known, 0, sizeof(known));
		}
		while (linkmsg_host_next(
			   &host, frame.payload, frame.len, &offset) == 1) {
			learn(&host);
		}
		ck_assert_uint_eq(offset, frame.len);
		if ((frame.payload[0] & LINKMSG_HOSTS_LAST) != 0) {
			wholes++;
		}
	}
}

START_TEST(an_account_without_hosts_is_told_so)
{
	log_in();
	read_until(1, 0, NOT);
	ck_assert_uint_eq(pages, 1);
	ck_assert_uint_eq(lists, 1);
}
END_TEST

START_TEST(a_list_of_many_comes_whole)
{
	add_hosts(many());
	log_in();
	read_until(1, many() - 1, OFFLINE);
	for (unsigned i = 0; i < many(); i++) {
		ck_assert_int_eq((int)known[i], (int)OFFLINE);
	}
	ck_assert_uint_eq(lists, 1);
	ck_assert_uint_gt(pages, many() / 250);
}
END_TEST

/*
 * Hosts come and go while nobody reads: the gateway stays linked, and in the
 * end knows what is true.
 */
START_TEST(who_reads_slowly_learns_what_is_true_then)
{
	int live;

	add_hosts(many());
	log_in();
	hubrig_settle(&rig);
	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < many(); i++) {
			(void)directory_online(
			    rig.directory, hosts[i], &live, 2000);
			directory_offline(rig.directory, hosts[i], &live, 2000);
		}
		hubrig_settle(&rig);
	}
	for (unsigned i = 0; i < 1000; i++) {
		directory_remove(rig.directory, hosts[i * 2]);
		(void)directory_online(
		    rig.directory, hosts[i * 2 + 1], &live, 2000);
	}
	read_until(1, many() - 1, OFFLINE);
	/* The last change: by then all others have come. */
	(void)directory_online(rig.directory, hosts[many() - 1], &live, 2000);
	read_until(1, many() - 1, ONLINE);
	ck_assert_uint_eq(lists, 1);
	for (unsigned i = 0; i < many() - 1; i++) {
		ck_assert_int_eq((int)known[i], (int)(i >= 2000    ? OFFLINE
						      : i % 2 == 0 ? NOT
								   : ONLINE));
	}
	/* A few times the list, and not what happened. */
	ck_assert_uint_lt(pages, 1000);
	ck_assert_ptr_nonnull(hubrig_end(&rig, &laptop));
}
END_TEST

/* So many are removed meanwhile that the gateway gets the list again. */
START_TEST(who_is_too_far_behind_gets_another_list)
{
	int live;

	add_hosts(many());
	log_in();
	hubrig_settle(&rig);
	for (unsigned i = 0; i < many() / 2; i++) {
		directory_remove(rig.directory, hosts[i]);
	}
	read_until(1, many() - 1, OFFLINE);
	/* The last change: by then all others have come. */
	(void)directory_online(rig.directory, hosts[many() - 1], &live, 2000);
	read_until(1, many() - 1, ONLINE);
	for (unsigned i = 0; i < many() - 1; i++) {
		ck_assert_int_eq(
		    (int)known[i], (int)(i < many() / 2 ? NOT : OFFLINE));
	}
	ck_assert_uint_eq(lists, 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("devicehosts");
	TCase *tcase = tcase_create("devicehosts");

	if (sodium_init() < 0) {
		return 1;
	}
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, an_account_without_hosts_is_told_so);
	tcase_add_test(tcase, a_list_of_many_comes_whole);
	tcase_add_test(tcase, who_reads_slowly_learns_what_is_true_then);
	tcase_add_test(tcase, who_is_too_far_behind_gets_another_list);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
