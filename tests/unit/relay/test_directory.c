/* SPDX-License-Identifier: ISC */

#include "relay/directory.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static const uint8_t key_a[DIRECTORY_KEY_LEN] = { 0xa };
static const uint8_t key_b[DIRECTORY_KEY_LEN] = { 0xb };

/* What a watcher heard. */
struct ear {
	struct directory *directory;
	int changed;
	int removed;
	char last[64];
	bool online;
	uint64_t contact;
	/* What it does the next time that it hears something. */
	struct directory_watch **end;
	struct directory_host *remove;
	const char *add;
};

static void
on_changed(struct directory_host *host, enum directory_event event, void *arg)
{
	struct ear *ear = arg;
	struct directory_watch **end = ear->end;
	struct directory_host *removed = ear->remove;
	const char *add = ear->add;

	if (event == DIRECTORY_REMOVED) {
		ear->removed++;
	} else {
		ear->changed++;
	}
	snprintf(ear->last, sizeof(ear->last), "%s/%s",
	    directory_host_owner(host), directory_host_name(host));
	ear->online = directory_host_live(host) != NULL;
	ear->contact = directory_host_last_contact(host);
	ear->end = NULL;
	ear->remove = NULL;
	ear->add = NULL;
	if (end != NULL) {
		directory_unsubscribe(ear->directory, *end);
		*end = NULL;
	}
	if (removed != NULL) {
		directory_remove(ear->directory, removed);
	}
	if (add != NULL) {
		(void)directory_add(ear->directory, "alice", add, key_a, 0);
	}
}

static void
on_visit(struct directory_host *host, void *arg)
{
	char *names = arg;

	snprintf(names + strlen(names), 64, "%s ", directory_host_name(host));
}

static void
on_visit_remove(struct directory_host *host, void *arg)
{
	directory_remove(arg, host);
}

START_TEST(a_host_comes_and_goes)
{
	int link1;
	int link2;
	struct directory *directory = directory_new();
	struct directory_host *host;

	ck_assert_ptr_null(directory_lookup(directory, "alice", "office"));
	host = directory_add(directory, "alice", "office", key_a, 100);
	ck_assert_ptr_eq(directory_lookup(directory, "alice", "office"), host);
	ck_assert_ptr_null(directory_lookup(directory, "bob", "office"));
	ck_assert_ptr_null(directory_lookup(directory, "alice", "lab"));
	ck_assert_str_eq(directory_host_owner(host), "alice");
	ck_assert_str_eq(directory_host_name(host), "office");
	ck_assert_mem_eq(directory_host_key(host), key_a, DIRECTORY_KEY_LEN);
	ck_assert_ptr_null(directory_host_live(host));
	ck_assert_uint_eq(directory_host_last_contact(host), 100);
	ck_assert_uint_eq(directory_count(directory), 1);
	ck_assert_uint_eq(directory_count_online(directory), 0);

	ck_assert_ptr_null(directory_online(directory, host, &link1, 200));
	ck_assert_ptr_eq(directory_host_live(host), &link1);
	ck_assert_uint_eq(directory_count_online(directory), 1);
	/* A newer link takes over; the end of the older one changes nothing. */
	ck_assert_ptr_eq(
	    directory_online(directory, host, &link2, 300), &link1);
	ck_assert_uint_eq(directory_count_online(directory), 1);
	directory_offline(directory, host, &link1, 400);
	ck_assert_ptr_eq(directory_host_live(host), &link2);
	ck_assert_uint_eq(directory_host_last_contact(host), 300);
	directory_offline(directory, host, &link2, 500);
	ck_assert_ptr_null(directory_host_live(host));
	ck_assert_uint_eq(directory_host_last_contact(host), 500);
	ck_assert_uint_eq(directory_count_online(directory), 0);
	directory_offline(directory, host, NULL, 600);
	ck_assert_uint_eq(directory_host_last_contact(host), 500);

	(void)directory_online(directory, host, &link1, 700);
	directory_remove(directory, host);
	directory_remove(directory, NULL);
	ck_assert_ptr_null(directory_lookup(directory, "alice", "office"));
	ck_assert_uint_eq(directory_count(directory), 0);
	ck_assert_uint_eq(directory_count_online(directory), 0);
	directory_free(directory);
	directory_free(NULL);
}
END_TEST

START_TEST(adding_again_updates)
{
	struct directory *directory = directory_new();
	struct ear ear = { .directory = directory };
	struct directory_host *host;

	ck_assert_ptr_nonnull(
	    directory_subscribe(directory, "alice", on_changed, &ear));
	host = directory_add(directory, "alice", "office", key_a, 100);
	ck_assert_int_eq(ear.changed, 1);
	ck_assert_ptr_eq(
	    directory_add(directory, "alice", "office", key_a, 50), host);
	ck_assert_uint_eq(directory_host_last_contact(host), 100);
	ck_assert_int_eq(ear.changed, 1);
	ck_assert_ptr_eq(
	    directory_add(directory, "alice", "office", key_b, 150), host);
	ck_assert_uint_eq(directory_host_last_contact(host), 150);
	ck_assert_mem_eq(directory_host_key(host), key_b, DIRECTORY_KEY_LEN);
	ck_assert_int_eq(ear.changed, 2);
	ck_assert_uint_eq(directory_count(directory), 1);
	directory_free(directory);
}
END_TEST

START_TEST(each_host_of_an_owner_by_age)
{
	char names[256] = "";
	struct directory *directory = directory_new();

	directory_each(directory, "alice", on_visit, names);
	ck_assert_str_eq(names, "");
	(void)directory_add(directory, "alice", "office", key_a, 0);
	(void)directory_add(directory, "bob", "other", key_a, 0);
	(void)directory_add(directory, "alice", "lab", key_a, 0);
	(void)directory_add(directory, "alice", "barn", key_a, 0);
	directory_remove(
	    directory, directory_lookup(directory, "alice", "lab"));
	directory_each(directory, "alice", on_visit, names);
	ck_assert_str_eq(names, "office barn ");
	directory_each(directory, "alice", on_visit_remove, directory);
	ck_assert_uint_eq(directory_count(directory), 1);
	directory_free(directory);
}
END_TEST

START_TEST(watchers_hear_of_their_account_only)
{
	int link;
	struct directory *directory = directory_new();
	struct ear ear = { .directory = directory };
	struct ear other = { .directory = directory };
	struct directory_host *host;
	struct directory_watch *watch =
	    directory_subscribe(directory, "alice", on_changed, &ear);

	ck_assert_ptr_nonnull(
	    directory_subscribe(directory, "bob", on_changed, &other));
	host = directory_add(directory, "alice", "office", key_a, 100);
	ck_assert_int_eq(ear.changed, 1);
	ck_assert_str_eq(ear.last, "alice/office");
	ck_assert(!ear.online);
	(void)directory_online(directory, host, &link, 200);
	ck_assert_int_eq(ear.changed, 2);
	ck_assert(ear.online);
	/* A link that is replaced is no change. */
	(void)directory_online(directory, host, &ear, 300);
	ck_assert_int_eq(ear.changed, 2);
	directory_offline(directory, host, &ear, 400);
	ck_assert_int_eq(ear.changed, 3);
	ck_assert(!ear.online);
	ck_assert_uint_eq(ear.contact, 400);
	directory_remove(directory, host);
	ck_assert_int_eq(ear.changed, 3);
	ck_assert_int_eq(ear.removed, 1);
	directory_unsubscribe(directory, watch);
	directory_unsubscribe(directory, NULL);
	(void)directory_add(directory, "alice", "lab", key_a, 0);
	ck_assert_int_eq(ear.changed, 3);
	ck_assert_int_eq(other.changed + other.removed, 0);
	directory_free(directory);
}
END_TEST

/* The first watcher ends its own, the next one's or the last one's watch. */
START_TEST(a_watch_may_end_while_told)
{
	struct directory *directory = directory_new();
	struct ear ears[3] = { { .directory = directory } };
	struct directory_watch *watches[3];

	for (int i = 0; i < 3; i++) {
		ears[i].directory = directory;
		watches[i] = directory_subscribe(
		    directory, "alice", on_changed, &ears[i]);
	}
	ears[0].end = &watches[_i];
	(void)directory_add(directory, "alice", "office", key_a, 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(ears[i].changed, i == _i && i > 0 ? 0 : 1);
	}
	(void)directory_add(directory, "alice", "lab", key_a, 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(
		    ears[i].changed, i == _i ? (i > 0 ? 0 : 1) : 2);
	}
	directory_free(directory);
}
END_TEST

/* Removing the host they are told of: the others hear of that only. */
START_TEST(a_host_may_go_while_told)
{
	int link;
	struct directory *directory = directory_new();
	struct ear ears[3];
	struct directory_host *host =
	    directory_add(directory, "alice", "office", key_a, 0);

	memset(ears, 0, sizeof(ears));
	for (int i = 0; i < 3; i++) {
		ears[i].directory = directory;
		ck_assert_ptr_nonnull(directory_subscribe(
		    directory, "alice", on_changed, &ears[i]));
	}
	ears[1].remove = host;
	ck_assert_ptr_null(directory_online(directory, host, &link, 100));
	ck_assert_int_eq(ears[0].changed, 1);
	ck_assert_int_eq(ears[1].changed, 1);
	ck_assert_int_eq(ears[2].changed, 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(ears[i].removed, 1);
	}
	ck_assert_uint_eq(directory_count(directory), 0);
	ck_assert_uint_eq(directory_count_online(directory), 0);
	directory_free(directory);
}
END_TEST

START_TEST(changes_nest)
{
	struct directory *directory = directory_new();
	struct ear ears[2] = { { .directory = directory } };
	struct directory_watch *watch;

	ears[1].directory = directory;
	watch = directory_subscribe(directory, "alice", on_changed, &ears[0]);
	(void)directory_subscribe(directory, "alice", on_changed, &ears[1]);
	ears[0].add = "lab";
	ears[1].end = &watch; /* inside the inner telling */
	(void)directory_add(directory, "alice", "office", key_a, 0);
	ck_assert_int_eq(ears[0].changed, 2);
	ck_assert_int_eq(ears[1].changed, 2);
	ck_assert_str_eq(ears[1].last, "alice/office");
	ck_assert_uint_eq(directory_count(directory), 2);
	directory_free(directory);
}
END_TEST

START_TEST(many_hosts)
{
	struct directory *directory = directory_new();
	char owner[16];
	char name[16];

	for (int i = 0; i < 20000; i++) {
		snprintf(owner, sizeof(owner), "user%d", i % 100);
		snprintf(name, sizeof(name), "host%d", i / 100);
		ck_assert_ptr_nonnull(
		    directory_add(directory, owner, name, key_a, 0));
	}
	ck_assert_uint_eq(directory_count(directory), 20000);
	for (int i = 0; i < 20000; i++) {
		struct directory_host *host;

		snprintf(owner, sizeof(owner), "user%d", i % 100);
		snprintf(name, sizeof(name), "host%d", i / 100);
		host = directory_lookup(directory, owner, name);
		ck_assert_ptr_nonnull(host);
		ck_assert_str_eq(directory_host_owner(host), owner);
		ck_assert_str_eq(directory_host_name(host), name);
	}
	directory_free(directory);
}
END_TEST

/* What a little use needs; returns whether all of it worked. */
static bool
use(void)
{
	struct directory *directory = directory_new();
	struct ear ear = { .directory = directory };
	struct directory_watch *watch = NULL;
	struct directory_host *host = NULL;

	if (directory != NULL) {
		watch =
		    directory_subscribe(directory, "alice", on_changed, &ear);
		host = directory_add(directory, "alice", "office", key_a, 0);
		ck_assert_uint_eq(directory_count(directory), host != NULL);
		ck_assert_int_eq(ear.changed, watch != NULL && host != NULL);
		directory_unsubscribe(directory, watch);
	}
	directory_free(directory);
	return watch != NULL && host != NULL;
}

START_TEST(no_memory_is_told)
{
	for (long n = 1;; n++) {
		bool worked;

		failalloc_after(n);
		worked = use();
		failalloc_off();
		ck_assert_int_eq(worked, !failalloc_hit());
		if (worked) {
			ck_assert_int_gt(n, 6);
			break;
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("directory");
	TCase *tcase = tcase_create("directory");

	if (sodium_init() < 0) {
		return 1;
	}
	tcase_add_test(tcase, a_host_comes_and_goes);
	tcase_add_test(tcase, adding_again_updates);
	tcase_add_test(tcase, each_host_of_an_owner_by_age);
	tcase_add_test(tcase, watchers_hear_of_their_account_only);
	tcase_add_loop_test(tcase, a_watch_may_end_while_told, 0, 3);
	tcase_add_test(tcase, a_host_may_go_while_told);
	tcase_add_test(tcase, changes_nest);
	tcase_add_test(tcase, many_hosts);
	tcase_add_test(tcase, no_memory_is_told);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
