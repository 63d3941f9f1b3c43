/* SPDX-License-Identifier: ISC */
/*
 * The relay's ends of links: who is let in, what a link may say when, and how
 * it ends (PROTOCOL.md section 4).
 */
#include "relay/device.h"

#include <sodium.h>
#include <string.h>

#include "common/loop.h"
#include "protocol/link.h"
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
	tcase_add_test(tcase, a_hub_closes_every_link);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
