/* SPDX-License-Identifier: ISC */
/*
 * The relay's ends of links: who is let in, what a link may say when, and how
 * it ends (PROTOCOL.md section 4).
 */
#include "relay/device.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/loop.h"
#include "protocol/link.h"
#include "relay/refusals.h"
#include "tests/support/await.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/faultvfs.h"
#include "tests/unit/relay/hubrig.h"

static struct link_times times; /* where a test needs others */
static struct hubrig rig;
static struct hubrig_who laptop; /* a gateway of alice's */
static struct hubrig_who office; /* her host */
static struct hubrig_device gateway;
static struct hubrig_device agent;
static struct rawlink raw; /* either, in some tests */

static void
open_rig(const struct hubrig_config *config)
{
	hubrig_open(&rig, config);
	hubrig_enrol(&rig, &laptop, LINKHELLO_GATEWAY, "alice", "laptop");
	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	raw.fd = -1;
}

static void
setup(void)
{
	const struct hubrig_config config = { .budget = 0 };

	times = (struct link_times){
		.handshake = LIMITS_HANDSHAKE_TIME,
		.quiet = LIMITS_LINK_QUIET,
		.dead = LIMITS_LINK_DEAD,
		.leave = LIMITS_LINK_LEAVE,
		.rekey = LIMITS_REKEY_TIME,
		.rekey_count = LIMITS_REKEY_COUNT,
	};
	open_rig(&config);
}

static void
teardown(void)
{
	hubrig_leave(&gateway);
	hubrig_leave(&agent);
	memset(&gateway, 0, sizeof(gateway));
	memset(&agent, 0, sizeof(agent));
	rawlink_close(&raw);
	hubrig_close(&rig);
}

/* Begin anew, with a relay that is set up like this. */
static void
reopen(const struct hubrig_config *config)
{
	teardown();
	open_rig(config);
}

/* --- logging in ---------------------------------------------------------- */

START_TEST(who_is_let_in_learns_which_relay_it_is)
{
	hubrig_join(&rig, &gateway, &laptop);
	ck_assert_uint_eq(gateway.result.incarnation, HUBRIG_INCARNATION);
	ck_assert_str_eq(gateway.result.user, "alice");
	ck_assert_str_eq(gateway.result.name, "laptop");
}
END_TEST

START_TEST(who_is_let_in_learns_where_the_relays_are)
{
	static const char *const publics[] = { "one.example:7000",
		"[2001:db8::1]:7001" };
	const struct hubrig_config config = {
		.publics = publics,
		.public_count = 2,
	};

	hubrig_join(&rig, &gateway, &laptop);
	ck_assert_uint_eq(gateway.result.relays, 0);
	reopen(&config);
	memset(&gateway, 0, sizeof(gateway));
	hubrig_join(&rig, &gateway, &laptop);
	ck_assert_uint_eq(gateway.result.relays, 2);
	ck_assert_str_eq(gateway.result.relay[0], publics[0]);
	ck_assert_str_eq(gateway.result.relay[1], publics[1]);
}
END_TEST

/* --- replacing ----------------------------------------------------------- */

/* Let who log in on *newer; *older hears that it was replaced. */
static void
replace(struct hubrig_device *older, struct hubrig_device *newer,
    const struct hubrig_who *who)
{
	memset(newer, 0, sizeof(*newer));
	hubrig_join(&rig, newer, who);
	ck_assert(hubrig_await_down(older));
	ck_assert_int_eq((int)older->code, (int)CODE_REPLACED);
}

/* Return how often the log in the file fd has what. */
static int
logged(int fd, const char *what)
{
	char text[8192] = { 0 };
	const char *at = text;
	int count = 0;

	ck_assert_int_ge(pread(fd, text, sizeof(text) - 1, 0), 0);
	while ((at = strstr(at, what)) != NULL) {
		count++;
		at++;
	}
	return count;
}

START_TEST(a_program_that_returns_is_no_rival)
{
	struct hubrig_device newer;

	hubrig_join(&rig, &agent, &office);
	replace(&agent, &newer, &office);
	ck_assert_str_eq(agent.text, codes_summary(CODE_REPLACED));
	hubrig_leave(&newer);
}
END_TEST

START_TEST(machines_with_one_key_are_told)
{
	static const char warning[] = "two machines with the key of "
				      "alice/office replace each other";
	struct hubrig_who clone = office;
	struct hubrig_device other;
	FILE *log = tmpfile();

	ck_assert_ptr_nonnull(log);
	log_set_fd(fileno(log));
	log_set_level(LOG_LEVEL_WARN);
	memset(office.login.boot, 1, sizeof(office.login.boot));
	memset(clone.login.boot, 2, sizeof(clone.login.boot));
	hubrig_join(&rig, &agent, &office);
	replace(&agent, &other, &clone);
	ck_assert_ptr_nonnull(strstr(agent.text, "another machine"));
	/* So far it may have been started anew. */
	ck_assert_int_eq(logged(fileno(log), warning), 0);
	replace(&other, &agent, &office);
	ck_assert_ptr_nonnull(strstr(other.text, "join anew"));
	ck_assert_int_eq(logged(fileno(log), warning), 1);
	/* Once is enough for a while. */
	replace(&agent, &other, &clone);
	ck_assert_ptr_nonnull(strstr(agent.text, "another machine"));
	ck_assert_int_eq(logged(fileno(log), warning), 1);
	hubrig_leave(&other);
	log_set_fd(STDERR_FILENO);
	log_set_level(LOG_LEVEL_ERROR);
	(void)fclose(log);
}
END_TEST

/* --- the hub ------------------------------------------------------------- */

/* Also those that were told to go and are not gone yet. */
START_TEST(a_hub_closes_every_link)
{
	const struct hubrig_config config = { .times = &times };
	const uint8_t byte = 0;
	struct hubrig_device newer;

	times.leave = 3600 * LIMITS_SEC;
	reopen(&config);
	ck_assert(hubrig_raw(&rig, &raw, &laptop) == CODE_OK);
	hubrig_join(&rig, &newer, &laptop);
	hubrig_join(&rig, &agent, &office);
	device_expel(hubrig_row(&rig, &office), CODE_REVOKED, "out");
	device_hub_free(rig.hub);
	rig.hub = NULL;
	ck_assert(rawlink_await_end(&raw));
	/* That was the end of the farewell, at least; nobody reads on. */
	ck_assert(rawlink_write(&raw, &byte, 1));
	ck_assert(!rawlink_write(&raw, &byte, 1));
	ck_assert(hubrig_await_down(&newer));
	ck_assert(hubrig_await_down(&agent));
}
END_TEST

static void
on_gone(void *arg)
{
	int *times_gone = arg;

	++*times_gone;
}

/* How many there are now counts, not when one logged in. */
START_TEST(all_are_told_when_to_return)
{
	const struct hubrig_config config = { .return_rate = 1 };
	struct hubrig_frame frame;
	struct linkmsg_goaway goaway;
	int gone = 0;

	reopen(&config);
	ck_assert(hubrig_raw(&rig, &raw, &laptop) == CODE_OK);
	hubrig_join(&rig, &agent, &office);
	ck_assert_uint_eq(agent.result.spread, 2);
	(void)close(hubrig_socket(&rig));
	device_hub_goaway(
	    rig.hub, CODE_GOING_DOWN, "until later", on_gone, &gone);
	ck_assert_int_eq(gone, 0);
	ck_assert(
	    hubrig_raw_await(&raw, LINKHELLO_GATEWAY, FRAME_GOAWAY, &frame));
	ck_assert_int_eq(
	    linkmsg_goaway_decode(&goaway, frame.payload, frame.len), 0);
	ck_assert_int_eq((int)goaway.code, (int)CODE_GOING_DOWN);
	ck_assert_str_eq(goaway.text, "until later");
	ck_assert_uint_eq(goaway.spread, 2);
	ck_assert(hubrig_await_down(&agent));
	ck_assert_int_eq((int)agent.code, (int)CODE_GOING_DOWN);
	ck_assert_uint_eq(agent.retry_after, 2);
	/* The last one has to be gone, too. */
	hubrig_settle(&rig);
	ck_assert_int_eq(gone, 0);
	rawlink_close(&raw);
	ck_assert(await_count(rig.loop, &gone, 1));
	hubrig_settle(&rig);
	ck_assert_int_eq(gone, 1);
}
END_TEST

START_TEST(nobody_need_be_told)
{
	int gone = 0;

	device_hub_goaway(rig.hub, CODE_GOING_DOWN, "", on_gone, &gone);
	ck_assert_int_eq(gone, 1);
}
END_TEST

/* Who goes otherwise meanwhile counts, and a hub that is freed says nothing. */
START_TEST(those_who_leave_are_waited_for)
{
	const struct hubrig_config config = { .times = &times };
	int gone = 0;

	times.leave = 3600 * LIMITS_SEC;
	reopen(&config);
	ck_assert(hubrig_raw(&rig, &raw, &laptop) == CODE_OK);
	device_expel(hubrig_row(&rig, &laptop), CODE_REVOKED, "out");
	device_hub_goaway(rig.hub, CODE_GOING_DOWN, "", on_gone, &gone);
	hubrig_settle(&rig);
	ck_assert_int_eq(gone, 0);
	rawlink_close(&raw);
	ck_assert(await_count(rig.loop, &gone, 1));

	reopen(&config);
	gone = 0;
	ck_assert(hubrig_raw(&rig, &raw, &laptop) == CODE_OK);
	device_hub_goaway(rig.hub, CODE_GOING_DOWN, "", on_gone, &gone);
	device_hub_free(rig.hub);
	rig.hub = NULL;
	hubrig_settle(&rig);
	ck_assert_int_eq(gone, 0);
}
END_TEST

/* --- guests -------------------------------------------------------------- */

static struct device_hub_stats
stats(void)
{
	struct device_hub_stats stats;

	device_hub_get_stats(rig.hub, &stats);
	return stats;
}

static void
come_from(const char *ip)
{
	ck_assert_int_eq(addr_from_ip(&rig.peer, ip, 1000), 0);
}

static bool
is_closed(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

/* Silence holds a place only while nobody wants it. */
START_TEST(silent_guests_keep_nobody_out)
{
	const struct hubrig_config config = { .guests_max = 8 };
	int fds[9];

	reopen(&config);
	come_from("192.0.2.1");
	fds[0] = hubrig_socket(&rig);
	come_from("192.0.2.2");
	for (int i = 1; i < 8; i++) {
		fds[i] = hubrig_socket(&rig);
	}
	hubrig_settle(&rig);
	ck_assert_uint_eq(stats().guests, 8);
	ck_assert_uint_eq(stats().displaced, 0);
	/* From elsewhere, and from the very address. */
	come_from("192.0.2.3");
	hubrig_join(&rig, &agent, &office);
	ck_assert_uint_eq(stats().displaced, 1);
	ck_assert(is_closed(fds[1]));
	come_from("192.0.2.2");
	fds[8] = hubrig_socket(&rig);
	hubrig_join(&rig, &gateway, &laptop);
	ck_assert_uint_eq(stats().displaced, 2);
	ck_assert(is_closed(fds[2]));
	for (int i = 3; i < 9; i++) {
		ck_assert(!is_closed(fds[i]));
	}
	ck_assert(!is_closed(fds[0]));
	ck_assert_uint_eq(stats().guests, 7);
	for (int i = 0; i < 9; i++) {
		(void)close(fds[i]);
	}
	hubrig_settle(&rig);
	ck_assert_uint_eq(stats().guests, 0);
}
END_TEST

#define MANY 300

static int
count_up(const struct hubrig_device *devices, int n)
{
	int ups = 0;

	for (int i = 0; i < n; i++) {
		ups += devices[i].ups;
	}
	return ups;
}

static bool
are_all_up(void *arg)
{
	return count_up(arg, MANY) == MANY;
}

/* A house full of agents comes back after the relay was started again. */
START_TEST(many_log_in_at_once_from_one_address)
{
	static struct hubrig_who who[MANY];
	static struct hubrig_device devices[MANY];
	const struct hubrig_config config = {
		.guests_max = 1024,
		.times = &times,
		.device_times = &times,
	};
	int before;
	char name[16];

	/* However slow this machine is. */
	times.handshake = 3600 * LIMITS_SEC;
	reopen(&config);
	come_from("192.0.2.1");
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "host%d", i);
		hubrig_enrol(&rig, &who[i], LINKHELLO_AGENT, "alice", name);
	}
	for (int i = 0; i < MANY; i++) {
		hubrig_connect(&rig, &devices[i], &who[i]);
	}
	ck_assert_uint_eq(stats().guests, MANY);
	do {
		before = count_up(devices, MANY);
	} while (!await(rig.loop, are_all_up, devices) &&
		 count_up(devices, MANY) > before);
	ck_assert_int_eq(count_up(devices, MANY), MANY);
	ck_assert_uint_eq(stats().displaced, 0);
	ck_assert_uint_eq(stats().agents, MANY);
	for (int i = 0; i < MANY; i++) {
		hubrig_leave(&devices[i]);
	}
}
END_TEST

/* --- strangers ----------------------------------------------------------- */

/* Have who, whom nobody knows, log in; assert what he hears and when. */
static void
is_told_nothing(const struct hubrig_who *who)
{
	struct hubrig_device stranger = { .ups = 0 };
	uint64_t begin = loop_now(rig.loop);

	hubrig_connect(&rig, &stranger, who);
	ck_assert(hubrig_await_down(&stranger));
	ck_assert_int_eq((int)stranger.code, CODE_LOGIN_REFUSED);
	ck_assert_str_eq(stranger.text, codes_summary(CODE_LOGIN_REFUSED));
	ck_assert_uint_eq(stranger.retry_after, 0);
	ck_assert_uint_ge(loop_now(rig.loop) - begin, REFUSALS_PAUSE);
}

START_TEST(strangers_are_all_told_the_same)
{
	struct hubrig_who who;

	hubrig_stranger(&who, LINKHELLO_AGENT, "nobody", "office");
	is_told_nothing(&who);
	hubrig_stranger(&who, LINKHELLO_AGENT, "alice", "attic");
	is_told_nothing(&who);
	hubrig_stranger(&who, LINKHELLO_AGENT, "alice", "office");
	is_told_nothing(&who);
	who.login.has_token = true;
	is_told_nothing(&who);
	/* Somebody's key, with another's name. */
	who = office;
	(void)snprintf(who.login.user, sizeof(who.login.user), "%s", "bob");
	is_told_nothing(&who);
	ck_assert_uint_eq(stats().refused, 5);
	ck_assert_uint_eq(stats().refused_logins[CODES_INDEX_LOGIN_REFUSED], 5);
}
END_TEST

/* Some more than an address gets answers for. */
#define STRANGERS (REFUSALS_BURST + 10)

static bool
are_answered(void *arg)
{
	const struct hubrig_device *strangers = arg;
	int down = 0;

	for (int i = 0; i < STRANGERS; i++) {
		down += strangers[i].downs;
	}
	/* The others wait for up to five seconds. */
	return down >= STRANGERS - 5;
}

START_TEST(many_strangers_are_slowed_down)
{
	static struct hubrig_device strangers[STRANGERS];
	struct hubrig_who who;
	int refused = 0;
	int dropped = 0;

	memset(strangers, 0, sizeof(strangers));
	for (int i = 0; i < STRANGERS; i++) {
		hubrig_stranger(&who, LINKHELLO_AGENT, "alice", "attic");
		hubrig_connect(&rig, &strangers[i], &who);
	}
	ck_assert(await(rig.loop, are_answered, strangers));
	for (int i = 0; i < STRANGERS; i++) {
		refused += strangers[i].downs > 0 &&
			   strangers[i].code == CODE_LOGIN_REFUSED;
		dropped += strangers[i].downs > 0 &&
			   strangers[i].code != CODE_LOGIN_REFUSED;
	}
	ck_assert_int_ge(refused, REFUSALS_BURST);
	ck_assert_int_ge(dropped, 1);
	ck_assert_uint_eq(stats().refused, STRANGERS);
	/* Who is known does not wait, though of the same address … */
	hubrig_join(&rig, &agent, &office);
	/* … nor who was removed: he has shown his key. */
	(void)account_revoke(hubrig_row(&rig, &laptop),
	    &(struct account_by){ .user = "admin", .now = 1 }, NULL, NULL);
	hubrig_commit(&rig);
	hubrig_connect(&rig, &gateway, &laptop);
	ck_assert(hubrig_await_down(&gateway));
	ck_assert_int_eq((int)gateway.code, CODE_REVOKED);
	for (int i = 0; i < STRANGERS; i++) {
		hubrig_leave(&strangers[i]);
	}
	/* Those who wait yet end with the hub. */
	ck_assert_uint_gt(stats().guests, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("device");
	TCase *tcase = tcase_create("device");

	if (sodium_init() < 0 || faultvfs_install() != 0) {
		return 1;
	}
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, who_is_let_in_learns_which_relay_it_is);
	tcase_add_test(tcase, who_is_let_in_learns_where_the_relays_are);
	tcase_add_test(tcase, a_program_that_returns_is_no_rival);
	tcase_add_test(tcase, machines_with_one_key_are_told);
	tcase_add_test(tcase, a_hub_closes_every_link);
	tcase_add_test(tcase, all_are_told_when_to_return);
	tcase_add_test(tcase, nobody_need_be_told);
	tcase_add_test(tcase, those_who_leave_are_waited_for);
	tcase_add_test(tcase, silent_guests_keep_nobody_out);
	tcase_add_test(tcase, many_log_in_at_once_from_one_address);
	tcase_add_test(tcase, strangers_are_all_told_the_same);
	tcase_add_test(tcase, many_strangers_are_slowed_down);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
