/* SPDX-License-Identifier: ISC */
/* Lists by pages, and what is done to links and to the relay. */

#include "relay/admin.h"

#include <stdio.h>
#include <string.h>

#include "common/jsonout.h"
#include "common/log.h"
#include "relay/device.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/hubrig.h"

#define WORDS_MAX 8

static struct hubrig rig;
static struct admin_world world;

/* What was answered: names, and where the next page begins. */
static char names[2048];
static char next[ADMIN_CURSOR_LEN];
static enum admin_result ended;
static int reloads;

static const struct admin_asker admin = { "admin", STORE_ADMIN, "192.0.2.7",
	1000 };
static const struct admin_asker alice = { "alice", STORE_USER, "192.0.2.8",
	1000 };

static void
on_reload(void *arg)
{
	(void)arg;
	reloads++;
}

static const struct admin_relay relay = { .reload = on_reload };

static void
setup(void)
{
	const struct hubrig_config config = { .budget = 0 };

	log_set_level(LOG_LEVEL_ERROR);
	reloads = 0;
	hubrig_open(&rig, &config);
	world = (struct admin_world){
		.book = rig.book,
		.directory = rig.directory,
		.hub = rig.hub,
		.board = rig.board,
		.relay = &relay,
	};
}

static void
teardown(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	hubrig_close(&rig);
}

/* Keep what a field of an item says. */
static void
on_item(struct jsonout *json, void *arg)
{
	const char *text = jsonout_text(json, NULL);
	const char *key = arg;
	const char *at = text != NULL ? strstr(text, key) : NULL;
	size_t len = strlen(names);

	if (at != NULL) {
		at += strlen(key);
		(void)snprintf(names + len, sizeof(names) - len, "%.*s ",
		    (int)strcspn(at, "\""), at);
	}
	jsonout_free(json);
}

static void
on_next(const char *cursor, void *arg)
{
	(void)arg;
	(void)snprintf(next, sizeof(next), "%s", cursor);
}

static void
on_end(enum admin_result result, const char *slug, const char *text, void *arg)
{
	(void)slug;
	(void)text;
	(void)arg;
	ended = result;
}

static const struct admin_sink sink = { on_item, on_next, on_end };

/* Do what line says; its items' key. */
static enum admin_result
run_for(const struct admin_asker *asker, const char *line, const char *key)
{
	char copy[256];
	const char *words[WORDS_MAX];
	size_t count = 0;
	char *rest = NULL;

	names[0] = '\0';
	next[0] = '\0';
	(void)snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		ck_assert_uint_lt(count, WORDS_MAX);
		words[count++] = word;
	}
	if (admin_run(&world, asker, words, count, &sink,
		(void *)(uintptr_t)key) != NULL) {
		hubrig_commit(&rig);
	}
	return ended;
}

static enum admin_result
run(const struct admin_asker *asker, const char *line)
{
	return run_for(asker, line, "\"name\":\"");
}

/* Do what line says, behind the page before. */
static enum admin_result
go_on(const char *line)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "%s after=%s", line, next);
	return run(&admin, text);
}

/* Enrol hosts of user by the names that one letter each stand for. */
static void
enrol(const char *user, const char *letters)
{
	for (; *letters != '\0'; letters++) {
		const char name[] = { *letters, '\0' };
		struct hubrig_who who;

		hubrig_enrol(&rig, &who, LINKHELLO_AGENT, user, name);
	}
}

static void
revoke(const char *path)
{
	char line[64];
	char kept[sizeof(next)];

	memcpy(kept, next, sizeof(kept));
	(void)snprintf(line, sizeof(line), "device revoke %s", path);
	ck_assert_int_eq(run(&admin, line), ADMIN_OK);
	memcpy(next, kept, sizeof(next));
}

START_TEST(pages_go_on)
{
	enrol("alice", "abc");
	enrol("bob", "de");
	ck_assert_int_eq(run(&admin, "host list limit=2"), ADMIN_OK);
	ck_assert_str_eq(names, "a b ");
	ck_assert_int_eq(go_on("host list limit=2"), ADMIN_OK);
	ck_assert_str_eq(names, "c d ");
	ck_assert_int_eq(go_on("host list limit=2"), ADMIN_OK);
	ck_assert_str_eq(names, "e ");
	ck_assert_str_eq(next, "");
	/* Of one account, whoever comes behind it. */
	ck_assert_int_eq(run(&admin, "host list alice limit=2"), ADMIN_OK);
	ck_assert_int_eq(go_on("host list alice limit=2"), ADMIN_OK);
	ck_assert_str_eq(names, "c ");
	ck_assert_str_eq(next, "");
	ck_assert_int_eq(run(&alice, "host list limit=500"), ADMIN_OK);
	ck_assert_str_eq(names, "a b c ");
}
END_TEST

START_TEST(a_page_that_is_just_full_may_be_the_last)
{
	enrol("bob", "ab");
	ck_assert_int_eq(run(&admin, "host list bob limit=2"), ADMIN_OK);
	ck_assert_str_eq(names, "a b ");
	ck_assert_str_eq(next, "");
}
END_TEST

START_TEST(what_goes_meanwhile_hides_nothing)
{
	enrol("alice", "abcd");
	enrol("bob", "e");
	/* The one where the page ended is removed. */
	ck_assert_int_eq(run(&admin, "host list limit=2"), ADMIN_OK);
	revoke("alice/b");
	ck_assert_int_eq(go_on("host list limit=2"), ADMIN_OK);
	ck_assert_str_eq(names, "c d ");
	ck_assert_int_eq(go_on("host list limit=2"), ADMIN_OK);
	ck_assert_str_eq(names, "e ");
	/* So is the account. */
	ck_assert_int_eq(run(&admin, "host list limit=1"), ADMIN_OK);
	ck_assert_str_eq(names, "a ");
	{
		char kept[sizeof(next)];

		memcpy(kept, next, sizeof(kept));
		ck_assert_int_eq(run(&admin, "user delete alice"), ADMIN_OK);
		memcpy(next, kept, sizeof(next));
	}
	ck_assert_int_eq(go_on("host list limit=1"), ADMIN_OK);
	ck_assert_str_eq(names, "e ");
}
END_TEST

/* Removed ones come behind those that live, and pages go on among them. */
START_TEST(removed_devices_have_pages)
{
	enrol("bob", "abcd");
	revoke("bob/a");
	revoke("bob/c");
	ck_assert_int_eq(run(&admin, "device list bob limit=3"), ADMIN_OK);
	ck_assert_str_eq(names, "b d a ");
	ck_assert_int_eq(go_on("device list bob limit=3"), ADMIN_OK);
	ck_assert_str_eq(names, "c ");
	ck_assert_str_eq(next, "");
}
END_TEST

START_TEST(a_page_begins_somewhere)
{
	static const char *const wrong[] = { "host list after=",
		"host list after=x", "host list after=-1", "host list after=1.",
		"host list after=1.0", "host list after=1.r",
		"host list after=1.2.3", "host list after=1x",
		"host list limit=0", "host list limit=501", "host list limit=x",
		"host list limit=1 what=x", "host list limit=1 alice" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_msg(
		    run(&admin, wrong[i]) == ADMIN_USAGE, "%s", wrong[i]);
	}
	/* Far beyond the end there is nothing, which is no mistake. */
	ck_assert_int_eq(run(&admin, "host list after=99999.5"), ADMIN_OK);
	ck_assert_str_eq(names, "");
	/* What another account has is not shown by any cursor. */
	enrol("bob", "a");
	ck_assert_int_eq(run(&admin, "host list bob after=1"), ADMIN_OK);
	ck_assert_int_eq(run(&alice, "host list after=1"), ADMIN_OK);
	ck_assert_str_eq(names, "");
}
END_TEST

START_TEST(a_kick_ends_a_link)
{
	struct hubrig_who who;
	struct hubrig_device device;

	hubrig_enrol(&rig, &who, LINKHELLO_AGENT, "alice", "office");
	hubrig_join(&rig, &device, &who);
	ck_assert_int_eq(
	    run_for(&alice, "link list", "\"device\":\""), ADMIN_OK);
	ck_assert_str_eq(names, "office ");
	ck_assert_int_eq(run(&admin, "kick bob/office"), ADMIN_ABSENT);
	ck_assert_int_eq(run(&admin, "kick alice/office all"), ADMIN_USAGE);
	ck_assert_int_eq(run(&alice, "kick office channels"), ADMIN_OK);
	hubrig_settle(&rig);
	ck_assert_int_eq(device.downs, 0);
	ck_assert_int_eq(run(&alice, "kick office"), ADMIN_OK);
	hubrig_settle(&rig);
	ck_assert_int_eq(device.downs, 1);
	ck_assert_int_eq(device.code, CODE_LINK_LOST);
	/* It may come back. */
	hubrig_join(&rig, &device, &who);
	hubrig_leave(&device);
	ck_assert_int_eq(run_for(&admin, "audit", "\"action\":\""), ADMIN_OK);
	ck_assert_ptr_nonnull(strstr(names, "kick kick "));
}
END_TEST

/* A device that is refused says why. */
static void
refused(const struct hubrig_who *who)
{
	struct hubrig_device device;

	hubrig_connect(&rig, &device, who);
	hubrig_settle(&rig);
	hubrig_commit(&rig);
	hubrig_settle(&rig);
	ck_assert_int_eq(device.ups, 0);
	ck_assert_int_eq(device.code, CODE_GOING_DOWN);
	ck_assert_uint_gt(device.retry_after, 0);
}

START_TEST(a_drained_relay_lets_nobody_in_but_administrators)
{
	struct hubrig_who agent;
	struct hubrig_who chief;
	struct hubrig_device device;

	hubrig_account(&rig, "carol", STORE_ADMIN);
	hubrig_enrol(&rig, &agent, LINKHELLO_AGENT, "alice", "office");
	hubrig_enrol(&rig, &chief, LINKHELLO_GATEWAY, "carol", "laptop");
	ck_assert_int_eq(run(&alice, "drain on"), ADMIN_DENIED);
	ck_assert_int_eq(run(&admin, "drain maybe"), ADMIN_USAGE);
	ck_assert_int_eq(run(&admin, "drain on"), ADMIN_OK);
	ck_assert(device_hub_is_draining(rig.hub));
	refused(&agent);
	hubrig_join(&rig, &device, &chief);
	hubrig_leave(&device);
	ck_assert_int_eq(run(&admin, "drain off"), ADMIN_OK);
	hubrig_join(&rig, &device, &agent);
	hubrig_leave(&device);
}
END_TEST

START_TEST(the_log_has_a_level)
{
	ck_assert_int_eq(run_for(&admin, "log", "\"level\":\""), ADMIN_OK);
	ck_assert_str_eq(names, "error ");
	ck_assert_int_eq(run(&admin, "log loud"), ADMIN_USAGE);
	ck_assert_int_eq(run(&alice, "log debug"), ADMIN_DENIED);
	ck_assert_int_eq(run(&admin, "log warn"), ADMIN_OK);
	ck_assert_int_eq(log_get_level(), LOG_LEVEL_WARN);
}
END_TEST

/* What could not be stored has no effect, nor has what comes too late. */
START_TEST(an_effect_comes_with_its_entry)
{
	static const char *const words[] = { "reload" };

	ck_assert_int_eq(run(&admin, "reload"), ADMIN_OK);
	ck_assert_int_eq(reloads, 1);
	/* Who asked is gone, and it happens. */
	admin_cancel(
	    admin_run(&world, &admin, words, 1, &sink, (void *)(uintptr_t) ""));
	ck_assert_int_eq(reloads, 1);
	hubrig_commit(&rig);
	ck_assert_int_eq(reloads, 2);
	admin_cancel(
	    admin_run(&world, &admin, words, 1, &sink, (void *)(uintptr_t) ""));
	world.relay = NULL;
	hubrig_commit(&rig);
	ck_assert_int_eq(reloads, 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("relay/admin_relay");
	TCase *tcase = tcase_create("admin_relay");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, pages_go_on);
	tcase_add_test(tcase, a_page_that_is_just_full_may_be_the_last);
	tcase_add_test(tcase, what_goes_meanwhile_hides_nothing);
	tcase_add_test(tcase, removed_devices_have_pages);
	tcase_add_test(tcase, a_page_begins_somewhere);
	tcase_add_test(tcase, a_kick_ends_a_link);
	tcase_add_test(
	    tcase, a_drained_relay_lets_nobody_in_but_administrators);
	tcase_add_test(tcase, the_log_has_a_level);
	tcase_add_test(tcase, an_effect_comes_with_its_entry);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
