/* SPDX-License-Identifier: ISC */
/*
 * What can be asked of a relay, who may, and that it takes effect on links that
 * live.
 */
#include "relay/admin.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/jsonout.h"
#include "common/log.h"
#include "relay/audit.h"
#include "relay/switch.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/faultvfs.h"
#include "tests/unit/relay/hubrig.h"

/* 3 May 2026, noon. */
#define NOW UINT64_C(1777809600)

#define WORDS_MAX 8

static struct hubrig rig;

/* What was answered. */
struct said {
	int items;
	int ends;
	enum admin_result result;
	char slug[64];
	char next[ADMIN_CURSOR_LEN];
	char text[512];
	char all[8192]; /* every item, a line each */
};

static struct said said;
static struct admin_world world;

static const struct admin_asker admin = { "admin", STORE_ADMIN, "192.0.2.7",
	NOW };
static const struct admin_asker alice = { "alice", STORE_USER, "192.0.2.8",
	NOW };

static bool has_address = true; /* the relay knows one of its own */

static int
join(const char *name, const struct account_outcome *outcome, char *out,
    void *arg)
{
	(void)arg;
	ck_assert(outcome->has_token);
	(void)snprintf(out, 64, "inroad1:%s", name);
	return has_address ? 0 : -1;
}

static const struct admin_relay relay_ops = { .join = join };

static void
setup(void)
{
	const struct hubrig_config config = { .budget = 0 };

	log_set_level(LOG_LEVEL_ERROR);
	memset(&said, 0, sizeof(said));
	hubrig_open(&rig, &config);
	world = (struct admin_world){
		.book = rig.book,
		.directory = rig.directory,
		.hub = rig.hub,
		.board = rig.board,
		.relay = &relay_ops,
	};
}

static void
teardown(void)
{
	hubrig_close(&rig);
}

static void
on_item(struct jsonout *json, void *arg)
{
	struct said *out = arg;
	size_t len = strlen(out->all);

	ck_assert_ptr_nonnull(jsonout_text(json, NULL));
	out->items++;
	(void)snprintf(out->all + len, sizeof(out->all) - len, "%s\n",
	    jsonout_text(json, NULL));
	jsonout_free(json);
}

static void
on_end(enum admin_result result, const char *slug, const char *text, void *arg)
{
	struct said *out = arg;

	ck_assert_int_eq(slug == NULL, result == ADMIN_OK);
	ck_assert_int_eq(text == NULL, result == ADMIN_OK);
	out->ends++;
	out->result = result;
	(void)snprintf(out->slug, sizeof(out->slug), "%s", slug ? slug : "");
	(void)snprintf(out->text, sizeof(out->text), "%s", text ? text : "");
}

static void
on_next(const char *cursor, void *arg)
{
	struct said *out = arg;

	(void)snprintf(out->next, sizeof(out->next), "%s", cursor);
}

static const struct admin_sink sink = { on_item, on_next, on_end };

/* Begin what line says, words separated by single spaces. */
static struct admin_request *
begin(const struct admin_asker *asker, const char *line)
{
	static char copy[512];
	const char *words[WORDS_MAX];
	size_t count = 0;
	char *word;
	char *rest = copy;

	memset(&said, 0, sizeof(said));
	(void)snprintf(copy, sizeof(copy), "%s", line);
	for (word = strsep(&rest, " "); word != NULL;
	     word = strsep(&rest, " ")) {
		ck_assert_uint_lt(count, WORDS_MAX);
		words[count++] = word;
	}
	return admin_run(&world, asker, words, count, &sink, &said);
}

/* Do what line says; its result. */
static enum admin_result
run(const struct admin_asker *asker, const char *line)
{
	if (begin(asker, line) != NULL) {
		ck_assert_int_eq(said.ends, 0);
		hubrig_commit(&rig);
	}
	ck_assert_int_eq(said.ends, 1);
	return said.result;
}

static bool
says(const char *text)
{
	return strstr(said.all, text) != NULL;
}

/* --- accounts ------------------------------------------------------------ */

START_TEST(accounts_come_change_and_go)
{
	ck_assert_int_eq(run(&admin, "user add carol guest"), ADMIN_OK);
	ck_assert_int_eq(run(&admin, "user add carol"), ADMIN_FAILED);
	ck_assert_str_eq(said.slug, "name-taken");
	ck_assert_int_eq(run(&admin, "user list carol"), ADMIN_OK);
	ck_assert_str_eq(said.all,
	    "{\"user\":\"carol\",\"level\":\"guest\",\"disabled\":false,"
	    "\"created\":1777809600,\"devices\":0,\"hosts\":0,\"online\":0,"
	    "\"month\":0,\"month_limit\":null}\n");
	ck_assert_int_eq(run(&admin, "user level carol admin"), ADMIN_OK);
	ck_assert_int_eq(run(&admin, "user disable alice"), ADMIN_OK);
	ck_assert_int_eq(run(&admin, "user list"), ADMIN_OK);
	ck_assert_int_eq(said.items, 3);
	ck_assert(says("\"alice\",\"level\":\"user\",\"disabled\":true"));
	ck_assert(says("\"carol\",\"level\":\"admin\",\"disabled\":false"));
	ck_assert_int_eq(run(&admin, "user enable alice"), ADMIN_OK);
	ck_assert_int_eq(run(&admin, "user delete carol"), ADMIN_FAILED);
	ck_assert_str_eq(said.slug, "denied");
	ck_assert_int_eq(run(&admin, "user delete alice"), ADMIN_OK);
	ck_assert_int_eq(run(&admin, "user list alice"), ADMIN_ABSENT);
	ck_assert_str_eq(said.slug, "not-found");
	ck_assert_int_eq(run(&admin, "user list"), ADMIN_OK);
	ck_assert_int_eq(said.items, 2);
}
END_TEST

START_TEST(gateways_are_invited)
{
	ck_assert_int_eq(run(&admin, "user invite alice Desk 2h"), ADMIN_OK);
	ck_assert(says("{\"user\":\"alice\",\"name\":\"desk\",\"join\":"
		       "\"inroad1:desk\",\"expires\":1777816800}"));
	ck_assert_int_eq(run(&admin, "token list alice"), ADMIN_OK);
	ck_assert(says("\"role\":\"gateway\",\"name\":\"desk\""));
	ck_assert_int_eq(run(&admin, "audit 1"), ADMIN_OK);
	ck_assert(says("\"admin\",\"origin\":\"192.0.2.7\",\"action\":"
		       "\"token.add\",\"object\":\"alice/desk\""));
	ck_assert_int_eq(run(&admin, "user invite bob"), ADMIN_OK);
	ck_assert(says("\"join\":\"inroad1:gateway\""));
	ck_assert_int_eq(run(&admin, "user invite nobody"), ADMIN_ABSENT);
	ck_assert_int_eq(run(&admin, "user invite bob x long"), ADMIN_USAGE);
	ck_assert_int_eq(run(&admin, "user invite bob x 31d"), ADMIN_USAGE);
	ck_assert_int_eq(run(&admin, "user invite bob -x"), ADMIN_FAILED);
	ck_assert_str_eq(said.slug, "name-invalid");
	ck_assert_int_eq(run(&alice, "user invite alice"), ADMIN_DENIED);
	has_address = false;
	ck_assert_int_eq(run(&admin, "user invite bob"), ADMIN_FAILED);
	ck_assert_str_eq(said.slug, "internal");
	has_address = true;
}
END_TEST

START_TEST(what_is_no_operation_is_told)
{
	static const char *const lines[] = { "user", "user add", "user addd x",
		"user list a b", "device", "device revoke", "token revoke",
		"audit 1 2", "audit x" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_int_eq(run(&admin, lines[i]), ADMIN_USAGE);
		ck_assert_str_eq(said.slug, "bad-request");
	}
	ck_assert_int_eq(run(&admin, "token"), ADMIN_USAGE);
	ck_assert_str_eq(said.text,
	    "token list [USER] [limit=N] [after=CURSOR] [match=TEXT], or "
	    "token revoke ID");
	ck_assert_int_eq(run(&admin, "make coffee"), ADMIN_USAGE);
	ck_assert_str_eq(said.slug, "unknown-command");
	ck_assert_int_eq(run(&admin, "user add dave boss"), ADMIN_USAGE);
	ck_assert_str_eq(said.text, "A level is admin, user or guest.");
	ck_assert_int_eq(run(&admin, "user level alice boss"), ADMIN_USAGE);
	ck_assert_int_eq(run(&admin, "user add -x"), ADMIN_FAILED);
	ck_assert_str_eq(said.slug, "name-invalid");
	ck_assert_int_eq(run(&admin, "user level dave admin"), ADMIN_ABSENT);
	ck_assert_int_eq(run(&admin, "device revoke dave/x"), ADMIN_ABSENT);
	ck_assert_int_eq(run(&admin, "device revoke alice/x"), ADMIN_ABSENT);
	ck_assert_int_eq(
	    run(&admin, "token revoke 123456789abc"), ADMIN_ABSENT);
}
END_TEST

/* --- who may ------------------------------------------------------------- */

START_TEST(a_user_has_the_own_account)
{
	struct hubrig_who office;
	struct hubrig_who attic;

	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	hubrig_enrol(&rig, &attic, LINKHELLO_AGENT, "bob", "attic");
	ck_assert_int_eq(run(&alice, "user list"), ADMIN_OK);
	ck_assert_int_eq(said.items, 1);
	ck_assert(says("\"user\":\"alice\""));
	ck_assert_int_eq(run(&alice, "device list"), ADMIN_OK);
	ck_assert_int_eq(said.items, 1);
	ck_assert_int_eq(run(&alice, "device list alice"), ADMIN_OK);
	ck_assert_int_eq(run(&alice, "token list"), ADMIN_OK);
	ck_assert_int_eq(said.items, 1);
	ck_assert(says("\"office\""));
	ck_assert_int_eq(run(&admin, "device list"), ADMIN_OK);
	ck_assert_int_eq(said.items, 2);
	ck_assert_int_eq(run(&alice, "device revoke office"), ADMIN_OK);
	ck_assert_int_eq(run(&alice, "device list"), ADMIN_OK);
	ck_assert(says("\"revoked_by\":\"alice\""));
}
END_TEST

START_TEST(a_user_has_nothing_else)
{
	static const char *const lines[] = { "user add dave", "user list bob",
		"user level alice admin", "user disable bob",
		"user enable alice", "user delete alice", "device list bob",
		"device revoke bob/attic", "token list bob", "audit" };
	struct hubrig_who attic;
	char text[512];

	hubrig_enrol(&rig, &attic, LINKHELLO_AGENT, "bob", "attic");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_int_eq(run(&alice, lines[i]), ADMIN_DENIED);
		ck_assert_str_eq(said.slug, "not-allowed");
		ck_assert_int_eq(said.items, 0);
	}
	/* Whether there is such an account is not told either. */
	(void)snprintf(text, sizeof(text), "%s", said.text);
	ck_assert_int_eq(run(&alice, "device list nobody"), ADMIN_DENIED);
	ck_assert_str_eq(said.text, text);
	ck_assert_ptr_nonnull(hubrig_row(&rig, &attic));
	ck_assert_uint_eq(
	    account_device_row(hubrig_row(&rig, &attic))->revoked_at, 0);
}
END_TEST

/* --- what lives ---------------------------------------------------------- */

START_TEST(devices_are_listed_with_their_links)
{
	struct hubrig_who office;
	struct hubrig_who lab;
	struct hubrig_device agent = { .ups = 0 };

	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	hubrig_enrol(&rig, &lab, LINKHELLO_AGENT, "alice", "lab");
	hubrig_join(&rig, &agent, &office);
	ck_assert_int_eq(run(&admin, "device list alice"), ADMIN_OK);
	ck_assert_int_eq(said.items, 2);
	ck_assert(says("\"user\":\"alice\",\"name\":\"office\","
		       "\"role\":\"agent\",\"key\":\""));
	ck_assert(says("\"online\":true,\"address\":\"127.0.0.1:"));
	ck_assert(says("\"since\":"));
	ck_assert(says("\"last_seen\":1777809600,"));
	ck_assert(says("\"online\":false,\"created\":"));
	ck_assert_int_eq(run(&admin, "user list alice"), ADMIN_OK);
	ck_assert(says("\"devices\":2,\"hosts\":2,\"online\":1,"));
	hubrig_leave(&agent);
}
END_TEST

/* Run line; the link of who ends with that code and text. */
static void
ends(const char *line, enum code code, const char *text)
{
	struct hubrig_who office;
	struct hubrig_device agent = { .ups = 0 };

	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "bob", "office");
	hubrig_join(&rig, &agent, &office);
	ck_assert_int_eq(run(&admin, line), ADMIN_OK);
	ck_assert(hubrig_await_down(&agent));
	ck_assert_int_eq((int)agent.code, (int)code);
	ck_assert_str_eq(agent.text, text);
}

/* How many items the words list. */
static int
count(const char *line)
{
	ck_assert_int_eq(run(&admin, line), ADMIN_OK);
	return said.items;
}

START_TEST(lists_are_searched)
{
	struct hubrig_who who;

	hubrig_enrol(&rig, &who, LINKHELLO_AGENT, "alice", "office");
	hubrig_enrol(&rig, &who, LINKHELLO_AGENT, "alice", "lab");
	hubrig_enrol(&rig, &who, LINKHELLO_GATEWAY, "bob", "office-two");
	ck_assert_int_eq(count("device list"), 3);
	ck_assert_int_eq(count("device list match=office"), 2);
	ck_assert_int_eq(count("device list match=ALICE/O"), 1);
	ck_assert_int_eq(count("device list bob match=office"), 1);
	ck_assert_int_eq(count("device list bob match=lab"), 0);
	ck_assert_int_eq(count("host list match=office"), 1);
	ck_assert_int_eq(count("user list match=li"), 1);
	ck_assert_int_eq(count("user list match=/"), 0);
	ck_assert_int_eq(count("device list match="), 3);
	/* A page that is full of others is not the last. */
	ck_assert_int_eq(count("device list match=office limit=1"), 1);
	ck_assert_str_ne(said.next, "");
	ck_assert_int_eq(run(&admin, "device list find=office"), ADMIN_USAGE);
}
END_TEST

START_TEST(a_removed_device_is_told_at_once)
{
	ends("device revoke bob/office", CODE_REVOKED,
	    "This device was removed on 3 May by admin. Ask for a new join "
	    "string.");
}
END_TEST

START_TEST(devices_of_a_deleted_account_are_told_at_once)
{
	ends("user delete bob", CODE_REVOKED,
	    "This device was removed on 3 May by admin. Ask for a new join "
	    "string.");
}
END_TEST

START_TEST(devices_of_a_disabled_account_are_told_at_once)
{
	ends("user disable bob", CODE_DISABLED, codes_summary(CODE_DISABLED));
}
END_TEST

static bool
no_circuits(void *arg)
{
	struct switch_stats stats;

	(void)arg;
	switch_get_stats(rig.board, &stats);
	return stats.circuits == 0;
}

/* A channel is not waited for until it is idle. */
START_TEST(channels_end_with_the_device)
{
	struct hubrig_who office;
	struct hubrig_who laptop;
	struct hubrig_device agent = { .ups = 0 };
	struct hubrig_device gateway = { .ups = 0 };

	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	hubrig_enrol(&rig, &laptop, LINKHELLO_GATEWAY, "alice", "laptop");
	hubrig_join(&rig, &agent, &office);
	hubrig_join(&rig, &gateway, &laptop);
	hubrig_attach(&gateway, 1, "alice", "office", 132);
	ck_assert(hubrig_await(&agent, FRAME_ATTACH, 1));
	ck_assert(!no_circuits(NULL));
	ck_assert_int_eq(run(&admin, "device revoke alice/laptop"), ADMIN_OK);
	ck_assert(await(rig.loop, no_circuits, NULL));
	ck_assert(hubrig_await_down(&gateway));
	ck_assert_int_eq((int)gateway.code, CODE_REVOKED);
	/* All of an account: both ends, and nothing is left of it. */
	ck_assert_int_eq(run(&admin, "user delete alice"), ADMIN_OK);
	ck_assert(hubrig_await_down(&agent));
	ck_assert_ptr_null(account_find(rig.book, "alice"));
}
END_TEST

/* --- invitations and the audit ------------------------------------------- */

START_TEST(invitations_are_listed_and_revoked)
{
	struct account_invite invite = {
		.account = account_find(rig.book, "alice"),
		.role = LINKHELLO_AGENT,
		.name = "lab",
		.ttl = 60,
		.by = { "alice", "192.0.2.8", NOW },
	};
	struct admin_asker later = admin;
	char line[64];

	later.now = NOW + 60;
	(void)account_invite(rig.book, &invite, NULL, NULL);
	hubrig_commit(&rig);
	ck_assert_int_eq(run(&later, "token list"), ADMIN_OK);
	ck_assert(says("\"state\":\"expired\""));
	ck_assert_int_eq(run(&admin, "token list alice"), ADMIN_OK);
	ck_assert_int_eq(said.items, 1);
	ck_assert(says("\"user\":\"alice\",\"role\":\"agent\",\"name\":\"lab\","
		       "\"state\":\"open\",\"created\":1777809600,"
		       "\"expires\":1777809660,\"uses\":0,\"uses_max\":1}"));
	(void)snprintf(line, sizeof(line), "token revoke %.12s",
	    said.all + strlen("{\"id\":\""));
	ck_assert_int_eq(run(&admin, line), ADMIN_OK);
	ck_assert_int_eq(run(&admin, line), ADMIN_ABSENT);
	ck_assert_int_eq(run(&admin, "token list"), ADMIN_OK);
	ck_assert_int_eq(said.items, 0);
}
END_TEST

START_TEST(the_audit_is_shown)
{
	ck_assert_int_eq(run(&admin, "user add carol"), ADMIN_OK);
	ck_assert_int_eq(run(&admin, "user level carol guest"), ADMIN_OK);
	ck_assert_int_eq(run(&admin, "audit 1"), ADMIN_OK);
	ck_assert_str_eq(said.all,
	    "{\"at\":1777809600,\"user\":\"admin\",\"origin\":\"192.0.2.7\","
	    "\"action\":\"user.level\",\"object\":\"carol\","
	    "\"before\":\"user\",\"after\":\"guest\"}\n");
	ck_assert_int_eq(run(&admin, "audit 0"), ADMIN_OK);
	ck_assert_int_eq(said.items, 0);
	ck_assert_int_eq(run(&admin, "audit"), ADMIN_OK);
	ck_assert_int_eq(said.items, 4); /* and the rig's two accounts */
}
END_TEST

/* --- limits -------------------------------------------------------------- */

START_TEST(limits_are_shown_and_set)
{
	struct allowance levels[STORE_GUEST + 1] = { 0 };

	allowance_set(&levels[STORE_USER], ALLOWANCE_LINKS, 9);
	allowance_set(
	    &levels[STORE_USER], ALLOWANCE_MONTH, UINT64_C(200) << 30);
	account_book_set_levels(rig.book, levels);
	ck_assert_int_eq(
	    run(&admin, "limit alice hosts=3 attaches=0 rate-down=10Mbit"),
	    ADMIN_OK);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    run(i == 0 ? &admin : &alice, "limit alice"), ADMIN_OK);
		ck_assert_str_eq(said.all,
		    "{\"limit\":\"devices\",\"value\":null,\"unit\":\"\","
		    "\"from\":\"none\",\"use\":0}\n"
		    "{\"limit\":\"hosts\",\"value\":3,\"unit\":\"\","
		    "\"from\":\"account\",\"use\":0}\n"
		    "{\"limit\":\"links\",\"value\":9,\"unit\":\"\","
		    "\"from\":\"level\",\"use\":0}\n"
		    "{\"limit\":\"channels\",\"value\":null,\"unit\":\"\","
		    "\"from\":\"none\",\"use\":0}\n"
		    "{\"limit\":\"attaches\",\"value\":0,\"unit\":\"\","
		    "\"from\":\"account\",\"use\":null}\n"
		    "{\"limit\":\"rate-up\",\"value\":null,\"unit\":\"bit/s\","
		    "\"from\":\"none\",\"use\":0}\n"
		    "{\"limit\":\"rate-down\",\"value\":10000000,\"unit\":"
		    "\"bit/s\","
		    "\"from\":\"account\",\"use\":0}\n"
		    "{\"limit\":\"burst\",\"value\":null,\"unit\":\"B\","
		    "\"from\":\"none\",\"use\":null}\n"
		    "{\"limit\":\"month\",\"value\":214748364800,\"unit\":"
		    "\"B\","
		    "\"from\":\"level\",\"use\":0}\n");
	}
	ck_assert_int_eq(run(&alice, "limit alice hosts=4"), ADMIN_DENIED);
	ck_assert_int_eq(run(&alice, "limit bob"), ADMIN_DENIED);
	ck_assert_int_eq(run(&admin, "limit nobody"), ADMIN_ABSENT);
	ck_assert_int_eq(
	    run(&admin, "limit alice hosts=4 rooms=1"), ADMIN_USAGE);
	ck_assert_int_eq(run(&admin, "limit alice hosts=many"), ADMIN_USAGE);
	ck_assert_uint_eq(account_limit(account_find(rig.book, "alice"),
			      ALLOWANCE_HOSTS, NULL),
	    3);
}
END_TEST

START_TEST(links_are_limited)
{
	struct hubrig_who office;
	struct hubrig_who lab;
	struct hubrig_device agent = { .ups = 0 };
	struct hubrig_device again = { .ups = 0 };
	struct hubrig_device other = { .ups = 0 };

	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	hubrig_enrol(&rig, &lab, LINKHELLO_AGENT, "alice", "lab");
	ck_assert_int_eq(run(&admin, "limit alice links=1"), ADMIN_OK);
	hubrig_join(&rig, &agent, &office);
	hubrig_connect(&rig, &other, &lab);
	ck_assert(hubrig_await_down(&other));
	ck_assert_int_eq((int)other.code, CODE_LIMIT);
	ck_assert_str_eq(
	    other.text, "The account has reached its limit of links (1).");
	ck_assert_uint_eq(other.retry_after, 60);
	/* The same one may come again: it replaces its own link. */
	hubrig_join(&rig, &again, &office);
	ck_assert(hubrig_await_down(&agent));
	ck_assert_int_eq(run(&admin, "limit alice links=none"), ADMIN_OK);
	memset(&other, 0, sizeof(other));
	hubrig_join(&rig, &other, &lab);
	hubrig_leave(&again);
	hubrig_leave(&other);
}
END_TEST

/* An invitation was answered, for which the store has to be asked. */
static bool
is_answered(void *arg)
{
	const struct hubrig_device *gateway = arg;

	hubrig_commit(&rig);
	return gateway->count[FRAME_INVITED] > 0;
}

/* Attach again after change; the link goes on, the channel is not there. */
static void
is_refused(struct hubrig_device *gateway, struct hubrig_device *agent,
    uint32_t channel, const char *change)
{
	const struct linkmsg_invite invite = {
		.request = 1, .role = LINKHELLO_AGENT, .name = "x", .uses = 1
	};
	uint8_t payload[128];
	size_t len = linkmsg_invite_encode(&invite, payload, sizeof(payload));

	ck_assert_int_eq(run(&admin, change), ADMIN_OK);
	gateway->count[FRAME_INVITED] = 0;
	hubrig_attach(gateway, channel, "alice", "office", 132);
	/* What is said behind it is answered when it is decided. */
	hubrig_send(gateway, FRAME_INVITE, 0, payload, len);
	ck_assert(await(rig.loop, is_answered, gateway));
	hubrig_settle(&rig);
	ck_assert_int_eq(agent->count[FRAME_ATTACH], 1);
	ck_assert_int_eq(gateway->downs, 0);
}

START_TEST(channels_and_attaches_are_limited)
{
	struct hubrig_who office;
	struct hubrig_who laptop;
	struct hubrig_device agent = { .ups = 0 };
	struct hubrig_device gateway = { .ups = 0 };

	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	hubrig_enrol(&rig, &laptop, LINKHELLO_GATEWAY, "alice", "laptop");
	hubrig_join(&rig, &agent, &office);
	hubrig_join(&rig, &gateway, &laptop);
	ck_assert_int_eq(run(&admin, "limit alice channels=1"), ADMIN_OK);
	hubrig_attach(&gateway, 1, "alice", "office", 132);
	ck_assert(hubrig_await(&agent, FRAME_ATTACH, 1));
	is_refused(&gateway, &agent, 2, "limit bob channels=9");
	is_refused(&gateway, &agent, 3, "limit alice channels=none attaches=0");
	ck_assert_int_eq(run(&admin, "limit alice attaches=1"), ADMIN_OK);
	hubrig_attach(&gateway, 4, "alice", "office", 132);
	ck_assert(hubrig_await(&agent, FRAME_ATTACH, 2));
	hubrig_leave(&gateway);
	hubrig_leave(&agent);
}
END_TEST

/* --- how a request ends -------------------------------------------------- */

/* A notice of text with severity came to device as its number n. */
static void
expect_notice(struct hubrig_device *device, int n,
    enum linkmsg_severity severity, const char *text)
{
	const struct hubrig_frame *frame = &device->last[FRAME_NOTICE];
	struct linkmsg_notice notice;

	ck_assert(hubrig_await(device, FRAME_NOTICE, n));
	ck_assert_int_eq(
	    linkmsg_notice_decode(&notice, frame->payload, frame->len), 0);
	ck_assert_int_eq((int)notice.severity, (int)severity);
	ck_assert_str_eq(notice.text, text);
}

START_TEST(people_are_told)
{
	static struct hubrig_who laptop;
	static struct hubrig_device device;

	hubrig_enrol(&rig, &laptop, LINKHELLO_GATEWAY, "alice", "laptop");
	ck_assert_int_eq(
	    run(&admin, "notice alice/laptop hello"), ADMIN_FAILED);
	ck_assert_str_eq(said.slug, "host-offline");
	hubrig_join(&rig, &device, &laptop);
	ck_assert_int_eq(
	    run(&admin, "notice --level alarm all fire"), ADMIN_OK);
	ck_assert_str_eq(said.all, "{\"told\":1}\n");
	expect_notice(&device, 1, LINKMSG_ALARM, "fire");
	ck_assert_int_eq(run(&admin, "notice alice back at nine"), ADMIN_OK);
	expect_notice(&device, 2, LINKMSG_NOTE, "back at nine");
	ck_assert_int_eq(
	    run(&admin, "notice --level warning alice/laptop you"), ADMIN_OK);
	expect_notice(&device, 3, LINKMSG_WARNING, "you");
	ck_assert_int_eq(run(&admin, "notice bob nobody is here"), ADMIN_OK);
	ck_assert_str_eq(said.all, "{\"told\":0}\n");
	ck_assert_int_eq(run(&admin, "audit 2"), ADMIN_OK);
	ck_assert_ptr_nonnull(strstr(said.all,
	    "\"action\":\"notice\",\"object\":\"alice/laptop\","
	    "\"before\":\"\",\"after\":\"you\""));
	hubrig_leave(&device);
}
END_TEST

START_TEST(a_notice_that_is_none_is_refused)
{
	char line[sizeof("notice all ") + LIMITS_TEXT_LEN] = "notice all ";

	ck_assert_int_eq(run(&alice, "notice all hello"), ADMIN_DENIED);
	ck_assert_int_eq(run(&admin, "notice carol hello"), ADMIN_ABSENT);
	ck_assert_int_eq(run(&admin, "notice alice/none hello"), ADMIN_ABSENT);
	ck_assert_int_eq(run(&admin, "notice all"), ADMIN_USAGE);
	ck_assert_int_eq(
	    run(&admin, "notice --level loud all hello"), ADMIN_USAGE);
	ck_assert_int_eq(run(&admin, "notice --level note all"), ADMIN_USAGE);
	ck_assert_int_eq(run(&admin, "notice all \xff"), ADMIN_USAGE);
	memset(line + strlen(line), 'a', LIMITS_TEXT_LEN);
	ck_assert_int_eq(run(&admin, line), ADMIN_USAGE);
	line[strlen(line) - 1] = '\0';
	ck_assert_int_eq(run(&admin, line), ADMIN_OK);
	ck_assert_int_eq(run(&admin, "audit"), ADMIN_OK);
	ck_assert_ptr_null(strstr(said.all, "hello"));
}
END_TEST

/* --- rules --------------------------------------------------------------- */

START_TEST(rules_come_in_order_and_go)
{
	ck_assert_int_eq(run(&admin, "acl add deny Bob alice/db-*"), ADMIN_OK);
	ck_assert_int_eq(run(&admin, "acl add deny * *"), ADMIN_OK);
	ck_assert_int_eq(run(&admin, "acl add allow bob */* 2"), ADMIN_OK);
	ck_assert_int_eq(run(&admin, "acl list"), ADMIN_OK);
	ck_assert_str_eq(said.all,
	    "{\"id\":1,\"rule\":\"deny\",\"user\":\"bob\","
	    "\"target\":\"alice/db-*\"}\n"
	    "{\"id\":3,\"rule\":\"allow\",\"user\":\"bob\","
	    "\"target\":\"*/*\"}\n"
	    "{\"id\":2,\"rule\":\"deny\",\"user\":\"*\","
	    "\"target\":\"*/*\"}\n");
	ck_assert_int_eq(run(&admin, "acl delete 2"), ADMIN_OK);
	ck_assert_int_eq(run(&admin, "acl delete 2"), ADMIN_ABSENT);
	ck_assert_int_eq(
	    run(&admin, "acl add deny bob alice/x 2"), ADMIN_FAILED);
	ck_assert_str_eq(said.text, "There is no rule 2.");
	ck_assert_int_eq(run(&admin, "audit 2"), ADMIN_OK);
	ck_assert_str_eq(said.all,
	    "{\"at\":1777809600,\"user\":\"admin\",\"origin\":\"192.0.2.7\","
	    "\"action\":\"acl.add\",\"object\":\"3\",\"before\":\"\","
	    "\"after\":\"allow bob */*\"}\n"
	    "{\"at\":1777809600,\"user\":\"admin\",\"origin\":\"192.0.2.7\","
	    "\"action\":\"acl.delete\",\"object\":\"2\","
	    "\"before\":\"deny * */*\",\"after\":\"\"}\n");
}
END_TEST

START_TEST(rules_are_for_administrators)
{
	static const char *const wrong[] = { "acl add perhaps bob alice/x",
		"acl add deny bob office", "acl add deny ** *",
		"acl add deny b*b* *", "acl add deny bob alice/a_b",
		"acl add deny bob alice/x 0", "acl delete x", "acl delete",
		"acl add deny bob", "acl" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_int_eq(run(&admin, wrong[i]), ADMIN_USAGE);
	}
	ck_assert_int_eq(run(&alice, "acl list"), ADMIN_DENIED);
	ck_assert_int_eq(run(&alice, "acl add allow * *"), ADMIN_DENIED);
	ck_assert_int_eq(run(&admin, "acl list"), ADMIN_OK);
	ck_assert_int_eq(said.items, 0);
}
END_TEST

/* Return the state of the one host in the last HOSTS that gateway got. */
static int
told_state(const struct hubrig_device *gateway)
{
	const struct hubrig_frame *frame = &gateway->last[FRAME_HOSTS];
	struct linkmsg_host host;
	size_t offset = 1;

	if (linkmsg_host_next(&host, frame->payload, frame->len, &offset) !=
	    1) {
		return -1;
	}
	return (int)host.state;
}

/* Assert that the answer to line has that text. */
static void
explains(const struct admin_asker *asker, const char *line, const char *text)
{
	ck_assert_int_eq(run(asker, line), ADMIN_OK);
	ck_assert_msg(says(text), "%s", said.all);
}

START_TEST(what_the_relay_decides_is_explained)
{
	struct hubrig_who office;
	struct hubrig_device agent = { .ups = 0 };

	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	explains(&alice, "why office",
	    "{\"step\":\"presence\",\"state\":\"fail\",\"text\":\"0 of 1 "
	    "agents "
	    "of \\\"office\\\" are linked\"}");
	hubrig_join(&rig, &agent, &office);
	explains(
	    &alice, "why OFFICE", "1 of 1 agents of \\\"office\\\" is linked");
	ck_assert_int_eq(said.items, 5);
	explains(&admin, "why alice/office alice", "is a host of");
	explains(&admin, "why alice/office bob",
	    "There is no host \\\"office\\\" of \\\"bob\\\" that is its own or "
	    "shared with it.");
	explains(&alice, "why lab", "There is no host");
	explains(&alice, "why bob/office", "There is no host");
	ck_assert_int_eq(run(&alice, "why office bob"), ADMIN_DENIED);
	ck_assert_int_eq(run(&admin, "why office nobody"), ADMIN_ABSENT);
	ck_assert_int_eq(run(&admin, "acl add deny alice *"), ADMIN_OK);
	explains(&alice, "why office",
	    "\"rule\",\"state\":\"fail\",\"text\":\"Rule 1 of the relay");
	ck_assert_int_eq(run(&admin, "limit alice channels=0"), ADMIN_OK);
	explains(&alice, "why office", "\"limits\",\"state\":\"fail\"");
	ck_assert_int_eq(run(&admin, "user disable alice"), ADMIN_OK);
	explains(&admin, "why office alice", "\"account\",\"state\":\"fail\"");
	ck_assert_int_eq(said.items, 1);
	ck_assert(hubrig_await_down(&agent));
}
END_TEST

static bool
is_detached(void *arg)
{
	const struct linkpair_peer *peer = arg;

	return peer->detached > 0;
}

static bool
is_told_offline(void *arg)
{
	return told_state(arg) == LINKMSG_OFFLINE;
}

START_TEST(rules_count_at_once)
{
	struct hubrig_who office;
	struct hubrig_who laptop;
	struct hubrig_device agent = { .ups = 0 };
	struct hubrig_device gateway = { .ups = 0 };
	struct linkpair_peer caller;

	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	hubrig_enrol(&rig, &laptop, LINKHELLO_GATEWAY, "alice", "laptop");
	hubrig_join(&rig, &agent, &office);
	hubrig_join(&rig, &gateway, &laptop);
	ck_assert(hubrig_await(&gateway, FRAME_HOSTS, 1));
	ck_assert_int_eq(told_state(&gateway), LINKMSG_ONLINE);
	hubrig_attach(&gateway, 1, "alice", "office", 132);
	ck_assert(hubrig_await(&agent, FRAME_ATTACH, 1));
	/* One about others changes nothing. */
	ck_assert_int_eq(run(&admin, "acl add deny bob *"), ADMIN_OK);
	ck_assert_int_eq(
	    run(&admin, "acl add deny alice alice/office"), ADMIN_OK);
	ck_assert(hubrig_await(&gateway, FRAME_HOSTS, 2));
	ck_assert_int_eq(told_state(&gateway), LINKMSG_REMOVED);
	ck_assert(await(rig.loop, no_circuits, NULL));
	/* Who asks nevertheless is refused and told by what. */
	ck_assert_int_eq(linkpair_channel(&caller, &gateway.side, 2, NULL), 0);
	hubrig_attach(&gateway, 2, "alice", "office", 132);
	ck_assert(await(rig.loop, is_detached, &caller));
	ck_assert_int_eq((int)caller.code, CODE_DENIED);
	/* What changes about a host that is denied is not told. */
	hubrig_leave(&agent);
	hubrig_settle(&rig);
	ck_assert_int_eq(told_state(&gateway), LINKMSG_REMOVED);
	ck_assert_int_eq(run(&admin, "acl delete 2"), ADMIN_OK);
	ck_assert(await(rig.loop, is_told_offline, &gateway));
	/* A gateway that comes while it is denied does not hear of it. */
	ck_assert_int_eq(run(&admin, "acl add deny * alice/*"), ADMIN_OK);
	hubrig_leave(&gateway);
	hubrig_join(&rig, &gateway, &laptop);
	ck_assert(hubrig_await(&gateway, FRAME_HOSTS, 1));
	ck_assert_uint_eq(gateway.last[FRAME_HOSTS].len, 1);
	hubrig_leave(&gateway);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	faultvfs_set_full(true);
	ck_assert_int_eq(run(&admin, "user add carol"), ADMIN_FAILED);
	ck_assert_str_eq(said.slug, "internal");
	faultvfs_set_full(false);
}
END_TEST

START_TEST(who_goes_away_is_not_answered)
{
	struct admin_request *request = begin(&admin, "user add carol");

	ck_assert_ptr_nonnull(request);
	admin_cancel(request);
	admin_cancel(NULL);
	hubrig_commit(&rig);
	ck_assert_int_eq(said.ends, 0);
	ck_assert_ptr_nonnull(account_find(rig.book, "carol"));
}
END_TEST

START_TEST(no_memory_is_told)
{
	long n = 1;
	bool hit = true;

	for (; hit; n++) {
		struct admin_request *request;

		failalloc_after(n);
		request = begin(&admin, "user add carol");
		hit = failalloc_hit();
		failalloc_off();
		if (request != NULL) {
			hubrig_commit(&rig);
		}
		ck_assert_int_eq(said.ends, 1);
		ck_assert_int_eq(said.result, hit ? ADMIN_FAILED : ADMIN_OK);
	}
	ck_assert_int_gt(n, 3);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("admin");
	TCase *tcase = tcase_create("admin");

	if (sodium_init() < 0 || faultvfs_install() < 0) {
		return 1;
	}
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, accounts_come_change_and_go);
	tcase_add_test(tcase, what_is_no_operation_is_told);
	tcase_add_test(tcase, a_user_has_the_own_account);
	tcase_add_test(tcase, a_user_has_nothing_else);
	tcase_add_test(tcase, devices_are_listed_with_their_links);
	tcase_add_test(tcase, lists_are_searched);
	tcase_add_test(tcase, a_removed_device_is_told_at_once);
	tcase_add_test(tcase, devices_of_a_deleted_account_are_told_at_once);
	tcase_add_test(tcase, devices_of_a_disabled_account_are_told_at_once);
	tcase_add_test(tcase, channels_end_with_the_device);
	tcase_add_test(tcase, invitations_are_listed_and_revoked);
	tcase_add_test(tcase, the_audit_is_shown);
	tcase_add_test(tcase, limits_are_shown_and_set);
	tcase_add_test(tcase, links_are_limited);
	tcase_add_test(tcase, channels_and_attaches_are_limited);
	tcase_add_test(tcase, people_are_told);
	tcase_add_test(tcase, a_notice_that_is_none_is_refused);
	tcase_add_test(tcase, rules_come_in_order_and_go);
	tcase_add_test(tcase, rules_are_for_administrators);
	tcase_add_test(tcase, rules_count_at_once);
	tcase_add_test(tcase, what_the_relay_decides_is_explained);
	tcase_add_test(tcase, gateways_are_invited);
	tcase_add_test(tcase, a_full_disk_is_told);
	tcase_add_test(tcase, who_goes_away_is_not_answered);
	tcase_add_test(tcase, no_memory_is_told);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
