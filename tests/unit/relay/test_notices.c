/* SPDX-License-Identifier: ISC */
/* What the relay tells people, and whom. */
#include "relay/notices.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/loop.h"
#include "relay/device.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/hubrig.h"

static struct hubrig rig;
static struct hubrig_who laptop; /* a gateway of alice's */
static struct hubrig_who office; /* her host */
static struct hubrig_who phone;  /* a gateway of bob's */
static struct hubrig_device gateway;
static struct hubrig_device agent;
static struct hubrig_device other;

static void
setup(void)
{
	const struct hubrig_config config = { .budget = 0 };

	log_set_level(LOG_LEVEL_ERROR);
	hubrig_open(&rig, &config);
	hubrig_enrol(&rig, &laptop, LINKHELLO_GATEWAY, "alice", "laptop");
	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	hubrig_enrol(&rig, &phone, LINKHELLO_GATEWAY, "bob", "phone");
	hubrig_join(&rig, &gateway, &laptop);
	hubrig_join(&rig, &agent, &office);
	hubrig_join(&rig, &other, &phone);
}

static void
teardown(void)
{
	hubrig_leave(&gateway);
	hubrig_leave(&agent);
	hubrig_leave(&other);
	hubrig_close(&rig);
}

static struct notices *
notices(void)
{
	return notices_of(rig.hub);
}

static struct account *
alice(void)
{
	return account_find(rig.book, "alice");
}

/* Device got n notices in all, the last of them this one. */
static void
expect(struct hubrig_device *device, int n, enum linkmsg_severity severity,
    const char *text)
{
	const struct hubrig_frame *frame = &device->last[FRAME_NOTICE];
	struct linkmsg_notice notice;

	ck_assert(hubrig_await(device, FRAME_NOTICE, n));
	hubrig_settle(&rig);
	ck_assert_int_eq(device->count[FRAME_NOTICE], n);
	ck_assert_int_eq(
	    linkmsg_notice_decode(&notice, frame->payload, frame->len), 0);
	ck_assert_int_eq((int)notice.severity, (int)severity);
	ck_assert_str_eq(notice.text, text);
}

START_TEST(a_device_is_told)
{
	ck_assert(notices_device(
	    hubrig_row(&rig, &office), LINKMSG_ALARM, "leave the building"));
	expect(&agent, 1, LINKMSG_ALARM, "leave the building");
	ck_assert_int_eq(gateway.count[FRAME_NOTICE], 0);
	hubrig_leave(&agent);
	hubrig_settle(&rig);
	ck_assert(!notices_device(
	    hubrig_row(&rig, &office), LINKMSG_ALARM, "leave the building"));
}
END_TEST

START_TEST(an_account_is_told_and_no_other)
{
	ck_assert_uint_eq(notices_account(alice(), LINKMSG_NOTE, "hello"), 2);
	expect(&agent, 1, LINKMSG_NOTE, "hello");
	expect(&gateway, 1, LINKMSG_NOTE, "hello");
	ck_assert_int_eq(other.count[FRAME_NOTICE], 0);
}
END_TEST

START_TEST(a_long_text_is_cut_between_characters)
{
	char text[LIMITS_TEXT_LEN + 16];
	char cut[LIMITS_TEXT_LEN];

	/* 254 bytes, then one character of two: half of it would fit. */
	memset(text, 'a', sizeof(text));
	memcpy(text + LIMITS_TEXT_LEN - 2, "\xc3\xbc", 2);
	text[sizeof(text) - 1] = '\0';
	memset(cut, 'a', sizeof(cut));
	cut[LIMITS_TEXT_LEN - 2] = '\0';
	(void)notices_account(alice(), LINKMSG_NOTE, text);
	expect(&gateway, 1, LINKMSG_NOTE, cut);
}
END_TEST

START_TEST(everybody_is_told_in_order)
{
	struct hubrig_who tablet;
	struct hubrig_device late;

	for (int i = 0; i < NOTICES_BROADCASTS_MAX; i++) {
		ck_assert_int_eq(
		    notices_all(notices(), LINKMSG_WARNING,
			i == NOTICES_BROADCASTS_MAX - 1 ? "last" : "more"),
		    0);
	}
	ck_assert_int_eq(notices_all(notices(), LINKMSG_NOTE, "too many"), -1);
	expect(&gateway, NOTICES_BROADCASTS_MAX, LINKMSG_WARNING, "last");
	expect(&agent, NOTICES_BROADCASTS_MAX, LINKMSG_WARNING, "last");
	expect(&other, NOTICES_BROADCASTS_MAX, LINKMSG_WARNING, "last");
	/* Who comes later hears of the next one only. */
	hubrig_enrol(&rig, &tablet, LINKHELLO_GATEWAY, "bob", "tablet");
	hubrig_join(&rig, &late, &tablet);
	ck_assert_int_eq(late.count[FRAME_NOTICE], 0);
	ck_assert_int_eq(notices_all(notices(), LINKMSG_NOTE, "again"), 0);
	expect(&late, 1, LINKMSG_NOTE, "again");
	hubrig_leave(&late);
}
END_TEST

/* Devices that leave while everybody is being told end nothing. */
START_TEST(who_leaves_meanwhile_is_passed_over)
{
	ck_assert_int_eq(notices_all(notices(), LINKMSG_NOTE, "hello"), 0);
	/* The walk stands at the first one now. */
	device_expel(hubrig_row(&rig, &laptop), CODE_REVOKED, "removed");
	device_expel(hubrig_row(&rig, &office), CODE_REVOKED, "removed");
	expect(&other, 1, LINKMSG_NOTE, "hello");
	device_expel(hubrig_row(&rig, &phone), CODE_REVOKED, "removed");
	ck_assert_int_eq(notices_all(notices(), LINKMSG_NOTE, "hello"), 0);
	hubrig_settle(&rig);
	ck_assert_int_eq(other.count[FRAME_NOTICE], 1);
}
END_TEST

START_TEST(a_limit_is_told_once_in_a_while)
{
	struct account *bob = account_find(rig.book, "bob");

	ck_assert_uint_eq(
	    notices_limit(notices(), alice(), "channels", "too many"), 2);
	ck_assert_uint_eq(
	    notices_limit(notices(), alice(), "channels", "too many"), 0);
	/* Another kind and another account are other things. */
	ck_assert_uint_eq(
	    notices_limit(notices(), alice(), "links", "too many"), 2);
	ck_assert_uint_eq(
	    notices_limit(notices(), bob, "channels", "too many"), 1);
	expect(&gateway, 2, LINKMSG_WARNING, "too many");
	expect(&other, 1, LINKMSG_WARNING, "too many");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("relay/notices");
	TCase *tcase = tcase_create("notices");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_device_is_told);
	tcase_add_test(tcase, an_account_is_told_and_no_other);
	tcase_add_test(tcase, a_long_text_is_cut_between_characters);
	tcase_add_test(tcase, everybody_is_told_in_order);
	tcase_add_test(tcase, who_leaves_meanwhile_is_passed_over);
	tcase_add_test(tcase, a_limit_is_told_once_in_a_while);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
