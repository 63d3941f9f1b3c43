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

/* Somebody who watches alice. */
struct reader {
	struct directory *directory;
	struct directory_watch *watch;
	int told; /* that there is something to read */
	char text[256];
};

static void
on_ready(void *arg)
{
	struct reader *reader = arg;

	reader->told++;
}

static void
open_reader(struct reader *reader, struct directory *directory)
{
	memset(reader, 0, sizeof(*reader));
	reader->directory = directory;
	reader->watch =
	    directory_subscribe(directory, "alice", on_ready, reader);
	ck_assert_ptr_nonnull(reader->watch);
}

/* Read at most n events; the text says what came, a word each. */
static const char *
read_some(struct reader *reader, int n)
{
	static const char *const words[] = {
		[DIRECTORY_ANEW] = "anew",
		[DIRECTORY_WHOLE] = "whole",
		[DIRECTORY_LISTED] = "",
		[DIRECTORY_CHANGED] = "",
		[DIRECTORY_REMOVED] = "-",
	};
	struct directory_host *host = NULL;
	size_t used = 0;

	reader->text[0] = '\0';
	for (int i = 0; i < n; i++) {
		enum directory_event event =
		    directory_read(reader->directory, reader->watch, &host);
		bool of_host = event == DIRECTORY_LISTED ||
			       event == DIRECTORY_CHANGED ||
			       event == DIRECTORY_REMOVED;

		if (event == DIRECTORY_NOTHING) {
			break;
		}
		used += (size_t)snprintf(reader->text + used,
		    sizeof(reader->text) - used, "%s%s%s%s", i > 0 ? " " : "",
		    words[event], of_host ? directory_host_name(host) : "",
		    of_host && directory_host_live(host) != NULL ? "!" : "");
		ck_assert_uint_lt(used, sizeof(reader->text));
	}
	return reader->text;
}

static const char *
read_all(struct reader *reader)
{
	return read_some(reader, 50);
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

	ck_assert_ptr_null(directory_lookup(directory, "alice", "office", 0));
	host = directory_add(directory, "alice", "office", 0, key_a, 100);
	ck_assert_ptr_eq(
	    directory_lookup(directory, "alice", "office", 0), host);
	ck_assert_ptr_null(directory_lookup(directory, "bob", "office", 0));
	ck_assert_ptr_null(directory_lookup(directory, "alice", "lab", 0));
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
	ck_assert_ptr_null(directory_lookup(directory, "alice", "office", 0));
	ck_assert_uint_eq(directory_count(directory), 0);
	ck_assert_uint_eq(directory_count_online(directory), 0);
	directory_free(directory);
	directory_free(NULL);
}
END_TEST

START_TEST(adding_again_updates)
{
	struct directory *directory = directory_new();
	struct reader reader;
	struct directory_host *host;

	open_reader(&reader, directory);
	ck_assert_str_eq(read_all(&reader), "anew whole");
	host = directory_add(directory, "alice", "office", 0, key_a, 100);
	ck_assert_str_eq(read_all(&reader), "office");
	ck_assert_ptr_eq(
	    directory_add(directory, "alice", "office", 0, key_a, 50), host);
	ck_assert_uint_eq(directory_host_last_contact(host), 100);
	ck_assert_int_eq(reader.told, 1);
	ck_assert_ptr_eq(
	    directory_add(directory, "alice", "office", 0, key_b, 150), host);
	ck_assert_uint_eq(directory_host_last_contact(host), 150);
	ck_assert_mem_eq(directory_host_key(host), key_b, DIRECTORY_KEY_LEN);
	ck_assert_int_eq(reader.told, 2);
	ck_assert_str_eq(read_all(&reader), "office");
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
	(void)directory_add(directory, "alice", "office", 0, key_a, 0);
	(void)directory_add(directory, "bob", "other", 0, key_a, 0);
	(void)directory_add(directory, "alice", "lab", 0, key_a, 0);
	(void)directory_add(directory, "alice", "barn", 0, key_a, 0);
	directory_remove(
	    directory, directory_lookup(directory, "alice", "lab", 0));
	directory_each(directory, "alice", on_visit, names);
	ck_assert_str_eq(names, "office barn ");
	directory_each(directory, "alice", on_visit_remove, directory);
	ck_assert_uint_eq(directory_count(directory), 1);
	directory_free(directory);
}
END_TEST

START_TEST(the_list_then_changes)
{
	int link;
	struct directory *directory = directory_new();
	struct directory_host *host =
	    directory_add(directory, "alice", "office", 0, key_a, 100);
	struct reader reader;

	(void)directory_add(directory, "alice", "lab", 0, key_a, 0);
	(void)directory_add(directory, "bob", "barn", 0, key_a, 0);
	open_reader(&reader, directory);
	ck_assert_str_eq(read_all(&reader), "anew office lab whole");
	ck_assert_str_eq(read_all(&reader), "");
	ck_assert_int_eq(reader.told, 0);
	(void)directory_online(directory, host, &link, 200);
	ck_assert_int_eq(reader.told, 1);
	ck_assert_str_eq(read_all(&reader), "office!");
	/* A link that is replaced is no change. */
	(void)directory_online(directory, host, &reader, 300);
	ck_assert_int_eq(reader.told, 1);
	directory_offline(directory, host, &reader, 400);
	ck_assert_str_eq(read_all(&reader), "office");
	directory_remove(directory, host);
	ck_assert_int_eq(reader.told, 3);
	ck_assert_str_eq(read_all(&reader), "-office");
	ck_assert_str_eq(read_all(&reader), "");
	directory_touch(directory_lookup(directory, "alice", "lab", 0));
	ck_assert_str_eq(read_all(&reader), "lab");
	ck_assert_int_eq(reader.told, 4);
	(void)directory_add(directory, "bob", "shed", 0, key_a, 0);
	ck_assert_int_eq(reader.told, 4);
	directory_unsubscribe(directory, reader.watch);
	directory_unsubscribe(directory, NULL);
	(void)directory_add(directory, "alice", "den", 0, key_a, 0);
	ck_assert_int_eq(reader.told, 4);
	directory_free(directory);
}
END_TEST

/* However often a host changes, there is one thing to read of it. */
START_TEST(changes_are_state)
{
	int link;
	struct directory *directory = directory_new();
	struct directory_host *office =
	    directory_add(directory, "alice", "office", 0, key_a, 100);
	struct directory_host *lab =
	    directory_add(directory, "alice", "lab", 0, key_a, 100);
	struct reader reader;

	open_reader(&reader, directory);
	(void)read_all(&reader);
	for (int i = 0; i < 10; i++) {
		(void)directory_online(directory, office, &link, 200);
		(void)directory_online(directory, lab, &link, 200);
		directory_offline(directory, office, &link, 300);
	}
	/* Told once, until it is read. */
	ck_assert_int_eq(reader.told, 1);
	ck_assert_str_eq(read_all(&reader), "lab! office");
	directory_offline(directory, lab, &link, 300);
	(void)directory_online(directory, office, &link, 400);
	ck_assert_int_eq(reader.told, 2);
	ck_assert_str_eq(read_some(&reader, 1), "lab");
	/* It was next, and now is last. */
	directory_offline(directory, office, &link, 500);
	(void)directory_online(directory, lab, &link, 500);
	ck_assert_int_eq(reader.told, 2);
	ck_assert_str_eq(read_all(&reader), "office lab!");
	directory_free(directory);
}
END_TEST

/* What happens while the list is read is in it, or behind it. */
START_TEST(changes_while_the_list_is_read)
{
	int link;
	struct directory *directory = directory_new();
	struct directory_host *hosts[4];
	static const char *const names[] = { "a", "b", "c", "d" };
	struct reader reader;

	for (int i = 0; i < 4; i++) {
		hosts[i] =
		    directory_add(directory, "alice", names[i], 0, key_a, 0);
	}
	open_reader(&reader, directory);
	ck_assert_str_eq(read_some(&reader, 3), "anew a b");
	(void)directory_online(directory, hosts[0], &link, 100);
	(void)directory_online(directory, hosts[3], &link, 100);
	directory_remove(directory, hosts[1]);
	directory_remove(directory, hosts[2]); /* it would be the next */
	(void)directory_add(directory, "alice", "e", 0, key_a, 0);
	ck_assert_int_eq(reader.told, 0);
	ck_assert_str_eq(read_all(&reader), "d! e whole a! d! -b -c e");
	ck_assert_str_eq(read_all(&reader), "");
	directory_free(directory);
}
END_TEST

/* Each watch reads on its own; a removed host waits for the last of them. */
START_TEST(watches_are_independent)
{
	struct directory *directory = directory_new();
	struct directory_host *host =
	    directory_add(directory, "alice", "office", 0, key_a, 0);
	struct reader readers[3];

	for (int i = 0; i < 3; i++) {
		open_reader(&readers[i], directory);
	}
	(void)read_all(&readers[0]);
	(void)read_some(&readers[1], 1);
	directory_remove(directory, host);
	ck_assert_str_eq(read_all(&readers[0]), "-office");
	host = directory_add(directory, "alice", "office", 0, key_b, 0);
	ck_assert_str_eq(read_all(&readers[1]), "whole -office office");
	ck_assert_str_eq(read_all(&readers[0]), "office");
	directory_remove(directory, host);
	ck_assert_str_eq(read_all(&readers[0]), "-office");
	directory_unsubscribe(directory, readers[_i].watch);
	for (int i = 1; i < 3; i++) {
		if (i != _i) {
			ck_assert_str_eq(read_all(&readers[i]),
			    i == 1 ? "-office" : "anew whole -office -office");
		}
	}
	ck_assert_uint_eq(directory_count(directory), 0);
	directory_free(directory);
}
END_TEST

/* Nothing is kept when nobody watches, or who was behind has gone. */
START_TEST(removed_hosts_go_with_their_readers)
{
	struct directory *directory = directory_new();
	struct reader reader;

	directory_remove(directory,
	    directory_add(directory, "alice", "office", 0, key_a, 0));
	open_reader(&reader, directory);
	for (int i = 0; i < 10; i++) {
		directory_remove(directory,
		    directory_add(directory, "alice", "lab", 0, key_a, 0));
	}
	directory_unsubscribe(directory, reader.watch);
	open_reader(&reader, directory);
	ck_assert_str_eq(read_all(&reader), "anew whole");
	directory_free(directory);
}
END_TEST

/* Who is behind by more removed hosts than are kept begins anew. */
START_TEST(too_far_behind)
{
	struct directory *directory = directory_new();
	struct reader behind;
	struct reader ahead;
	char name[16];

	open_reader(&behind, directory);
	open_reader(&ahead, directory);
	(void)read_all(&behind);
	for (int i = 0; i <= DIRECTORY_REMOVED_MAX; i++) {
		(void)snprintf(name, sizeof(name), "host%d", i);
		directory_remove(directory,
		    directory_add(directory, "alice", name, 0, key_a, 0));
		(void)read_all(&ahead);
	}
	(void)directory_add(directory, "alice", "office", 0, key_a, 0);
	ck_assert_str_eq(read_all(&ahead), "office");
	(void)snprintf(name, sizeof(name), "-host%d", DIRECTORY_REMOVED_MAX);
	ck_assert_str_eq(read_some(&behind, 3), "anew office whole");
	ck_assert_str_eq(read_some(&behind, 1), name);
	ck_assert_str_eq(read_all(&behind), "office");
	ck_assert_int_eq(behind.told, 1);
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
		    directory_add(directory, owner, name, 0, key_a, 0));
	}
	ck_assert_uint_eq(directory_count(directory), 20000);
	for (int i = 0; i < 20000; i++) {
		struct directory_host *host;

		snprintf(owner, sizeof(owner), "user%d", i % 100);
		snprintf(name, sizeof(name), "host%d", i / 100);
		host = directory_lookup(directory, owner, name, 0);
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
	struct reader reader = { .directory = directory };
	struct directory_host *host = NULL;

	if (directory != NULL) {
		reader.watch =
		    directory_subscribe(directory, "alice", on_ready, &reader);
		host = directory_add(directory, "alice", "office", 0, key_a, 0);
		ck_assert_uint_eq(directory_count(directory), host != NULL);
		if (reader.watch != NULL) {
			ck_assert_str_eq(read_all(&reader),
			    host != NULL ? "anew office whole office"
					 : "anew whole");
		}
		directory_unsubscribe(directory, reader.watch);
	}
	directory_free(directory);
	return reader.watch != NULL && host != NULL;
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
	tcase_add_test(tcase, the_list_then_changes);
	tcase_add_test(tcase, changes_are_state);
	tcase_add_test(tcase, changes_while_the_list_is_read);
	tcase_add_loop_test(tcase, watches_are_independent, 1, 3);
	tcase_add_test(tcase, removed_hosts_go_with_their_readers);
	tcase_add_test(tcase, too_far_behind);
	tcase_add_test(tcase, many_hosts);
	tcase_add_test(tcase, no_memory_is_told);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
