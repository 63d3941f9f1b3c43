/* SPDX-License-Identifier: ISC */
#include "tests/unit/relay/hubrig.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/loop.h"
#include "protocol/link.h"
#include "relay/directory.h"
#include "relay/switch.h"
#include "tests/support/await.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

/* Rounds of the loop after which everything ready has been done. */
#define SETTLE_ROUNDS 50

/* --- what the book tells, as in the relay -------------------------------- */

static void
on_added(struct account_device *device, void *arg)
{
	struct hubrig *rig = arg;
	const struct store_device *row = account_device_row(device);
	struct account *account = account_device_account(device);

	if (row->role == LINKHELLO_AGENT) {
		ck_assert_ptr_nonnull(
		    directory_add(rig->directory, account_row(account)->user,
			row->name, row->replica, row->public_key, 0));
	}
}

static void
on_gone(
    struct account_device *device, enum code code, const char *text, void *arg)
{
	struct hubrig *rig = arg;
	const struct store_device *row = account_device_row(device);
	const char *user = account_row(account_device_account(device))->user;

	if (rig->console != NULL) {
		console_expel(rig->console, row->public_key, code);
	}
	device_expel(device, code, text);
	if (row->role == LINKHELLO_AGENT && code != CODE_DISABLED) {
		directory_remove(
		    rig->directory, directory_lookup(rig->directory, user,
					row->name, row->replica));
	}
}

static void
on_ruled(const struct store_rule *row, void *arg)
{
	struct hubrig *rig = arg;

	device_hub_ruled(rig->hub, row);
}

static void
on_shared(const struct account_share *share, void *arg)
{
	(void)arg;
	device_shared(share);
}

static void
on_unshared(const struct account_share *share, const char *text, void *arg)
{
	struct hubrig *rig = arg;

	device_unshared(rig->hub, share, text);
}

static const struct account_ops book_ops = {
	.added = on_added,
	.gone = on_gone,
	.ruled = on_ruled,
	.shared = on_shared,
	.unshared = on_unshared,
};

/* --- the rig ------------------------------------------------------------- */

static void
open_book(struct hubrig *rig)
{
	char path[TEMPDIR_LEN];
	struct store_error error;

	tempdir_new(rig->directory_path);
	rig->store =
	    store_open(tempdir_file(rig->directory_path, "db", path), &error);
	ck_assert_msg(rig->store != NULL, "%s", error.text);
	rig->book = account_book_new(rig->store, &book_ops, rig);
	ck_assert_ptr_nonnull(rig->book);
	ck_assert_int_eq(account_book_load(rig->book, &error), 0);
}

static void
open_console(struct hubrig *rig, const struct hubrig_config *config)
{
	const struct console_config console = {
		.loop = rig->loop,
		.public_key = rig->public_key,
		.secret_key = rig->secret_key,
		.serve = config->serve,
		.arg = config->serve_arg,
		.grace = config->grace,
	};

	rig->console = console_new(&console);
	ck_assert_ptr_nonnull(rig->console);
}

void
hubrig_open(struct hubrig *rig, const struct hubrig_config *config)
{
	const uint64_t budget = config->budget > 0 ? config->budget : 16 << 20;
	struct device_hub_config hub = {
		.public_key = rig->public_key,
		.secret_key = rig->secret_key,
		.incarnation = HUBRIG_INCARNATION,
		.publics = config->publics,
		.public_count = config->public_count,
		.account_promise = config->account_promise,
		.guests_max = config->guests_max,
		.return_rate = config->return_rate,
		.times = config->times,
	};

	memset(rig, 0, sizeof(*rig));
	rig->device_times = config->device_times;
	log_set_level(LOG_LEVEL_ERROR);
	keys_generate(rig->secret_key, rig->public_key);
	rig->loop = loop_new();
	ck_assert_ptr_nonnull(rig->loop);
	rig->directory = directory_new();
	rig->board = switch_new(rig->loop, budget);
	open_book(rig);
	if (config->serve != NULL) {
		open_console(rig, config);
	}
	hub.loop = rig->loop;
	hub.console = rig->console;
	hub.book = rig->book;
	hub.directory = rig->directory;
	hub.board = rig->board;
	if (hub.account_promise == 0) {
		hub.account_promise = budget;
	}
	if (hub.guests_max == 0) {
		hub.guests_max = 64;
	}
	if (hub.return_rate == 0) {
		hub.return_rate = 500;
	}
	rig->hub = device_hub_new(&hub);
	ck_assert_ptr_nonnull(rig->hub);
	hubrig_account(rig, "alice", STORE_USER);
	hubrig_account(rig, "bob", STORE_USER);
}

void
hubrig_close(struct hubrig *rig)
{
	device_hub_free(rig->hub);
	console_free(rig->console);
	store_close(rig->store);
	account_book_free(rig->book);
	directory_free(rig->directory);
	switch_free(rig->board);
	loop_free(rig->loop);
	tempdir_remove(rig->directory_path);
}

void
hubrig_commit(struct hubrig *rig)
{
	store_sync(rig->store);
}

void
hubrig_settle(struct hubrig *rig)
{
	for (int i = 0; i < SETTLE_ROUNDS; i++) {
		loop_poll(rig->loop);
	}
}

/* --- accounts and devices ------------------------------------------------ */

static void
on_done(const struct account_outcome *outcome, void *arg)
{
	struct account_outcome *out = arg;

	*out = *outcome;
}

void
hubrig_account(struct hubrig *rig, const char *user, enum store_level level)
{
	struct account_outcome outcome = { .code = CODE_INTERNAL };

	(void)account_create(rig->book, user, level,
	    &(struct account_by){ .now = 1 }, on_done, &outcome);
	hubrig_commit(rig);
	ck_assert_int_eq((int)outcome.code, (int)CODE_OK);
}

void
hubrig_stranger(struct hubrig_who *who, enum linkhello_role role,
    const char *user, const char *name)
{
	memset(who, 0, sizeof(*who));
	who->role = role;
	keys_generate(who->secret_key, who->public_key);
	(void)snprintf(who->login.user, sizeof(who->login.user), "%s", user);
	(void)snprintf(
	    who->login.device, sizeof(who->login.device), "%s", name);
	(void)snprintf(
	    who->login.software, sizeof(who->login.software), "test");
}

void
hubrig_enrol(struct hubrig *rig, struct hubrig_who *who,
    enum linkhello_role role, const char *user, const char *name)
{
	struct account_outcome outcome = { .code = CODE_INTERNAL };
	struct linkhello_login hello;
	struct account_login login = { .hello = &hello, .role = role };
	struct account_invite invite = {
		.account = account_find(rig->book, user),
		.role = role,
		.name = name,
		.by = { .now = (uint64_t)time(NULL) },
	};

	hubrig_stranger(who, role, user, name);
	(void)account_invite(rig->book, &invite, on_done, &outcome);
	hubrig_commit(rig);
	ck_assert_int_eq((int)outcome.code, (int)CODE_OK);
	hello = who->login;
	hello.has_token = true;
	memcpy(hello.token, outcome.token, sizeof(hello.token));
	login.public_key = who->public_key;
	login.now = invite.by.now;
	(void)account_login(rig->book, &login, on_done, &outcome);
	hubrig_commit(rig);
	ck_assert_int_eq((int)outcome.code, (int)CODE_OK);
}

struct account_device *
hubrig_row(const struct hubrig *rig, const struct hubrig_who *who)
{
	return account_find_device(
	    account_find(rig->book, who->login.user), who->login.device);
}

struct device *
hubrig_end(const struct hubrig *rig, const struct hubrig_who *who)
{
	return account_device_link(hubrig_row(rig, who));
}

/* --- real links ---------------------------------------------------------- */

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	struct hubrig_device *device = arg;

	(void)link;
	device->ups++;
	device->result = *result;
}

static void
on_frame(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, void *arg)
{
	struct hubrig_device *device = arg;
	struct hubrig_frame *frame = &device->last[type];

	(void)link;
	device->count[type]++;
	frame->channel = channel;
	frame->len = len;
	memcpy(frame->payload, payload, len);
	if (device->hook != NULL) {
		device->hook(device, type);
	}
}

static void
on_down(struct link *link, enum code code, const char *text,
    uint32_t retry_after, void *arg)
{
	struct hubrig_device *device = arg;

	(void)link;
	device->side.link = NULL;
	device->downs++;
	device->code = code;
	(void)snprintf(device->text, sizeof(device->text), "%s", text);
	device->retry_after = retry_after;
}

static const struct link_ops device_ops = {
	.up = on_up,
	.frame = on_frame,
	.down = on_down,
};

int
hubrig_socket(struct hubrig *rig)
{
	int fds[2];

	ck_assert_int_eq(netpair_connect(AF_INET, fds), 0);
	device_greet(rig->hub, fds[1], &rig->peer);
	return fds[0];
}

void
hubrig_connect(struct hubrig *rig, struct hubrig_device *device,
    const struct hubrig_who *who)
{
	const struct link_endpoint_config config = {
		.role = who->role,
		.relay_key = rig->public_key,
		.public_key = who->public_key,
		.secret_key = who->secret_key,
		.login = &who->login,
		.times = rig->device_times,
	};
	int fd = hubrig_socket(rig);

	memset(device, 0, sizeof(*device));
	device->rig = rig;
	device->side.link =
	    link_connect(rig->loop, fd, &config, &device_ops, device);
	if (device->side.link == NULL) {
		(void)close(fd);
	}
}

static bool
is_settled(void *arg)
{
	const struct hubrig_device *device = arg;

	return device->ups > 0 || device->side.link == NULL;
}

void
hubrig_join(struct hubrig *rig, struct hubrig_device *device,
    const struct hubrig_who *who)
{
	hubrig_connect(rig, device, who);
	ck_assert(await(rig->loop, is_settled, device));
	ck_assert_msg(device->ups == 1, "%s", device->text);
}

void
hubrig_leave(struct hubrig_device *device)
{
	link_close(device->side.link, CODE_CANCELLED, "the test is over");
}

static bool
is_down(void *arg)
{
	const struct hubrig_device *device = arg;

	return device->side.link == NULL;
}

bool
hubrig_await_down(struct hubrig_device *device)
{
	return await(device->rig->loop, is_down, device);
}

struct waiting {
	const struct hubrig_device *device;
	enum frame_type type;
	int n;
};

static bool
has_come(void *arg)
{
	const struct waiting *waiting = arg;

	return waiting->device->count[waiting->type] >= waiting->n ||
	       waiting->device->side.link == NULL;
}

bool
hubrig_await(struct hubrig_device *device, enum frame_type type, int n)
{
	struct waiting waiting = { .device = device, .type = type, .n = n };

	return await(device->rig->loop, has_come, &waiting) &&
	       device->count[type] >= n;
}

bool
hubrig_await_arrived(
    struct hubrig *rig, const struct linkpair_peer *peer, uint64_t n)
{
	struct linkpair pair = { .loop = rig->loop };

	return linkpair_await_arrived(&pair, peer, n);
}

void
hubrig_send(struct hubrig_device *device, enum frame_type type,
    uint32_t channel, const uint8_t *payload, size_t len)
{
	ck_assert_int_eq(
	    link_send(device->side.link, type, channel, payload, len), 0);
}

size_t
hubrig_attach_encode(const char *caller, const char *owner, const char *host,
    size_t len, uint8_t *out)
{
	static const uint8_t message[2048] = { 1, 2, 3 };
	struct linkmsg_attach attach = {
		.epoch = 1,
		.message = message,
		.message_len = len,
	};

	ck_assert_int_eq(keys_caller_owner(&attach.caller, caller), 0);
	(void)snprintf(attach.owner, sizeof(attach.owner), "%s", owner);
	(void)snprintf(attach.host, sizeof(attach.host), "%s", host);
	len = linkmsg_attach_encode(&attach, out, 2048);
	ck_assert_uint_gt(len, 0);
	return len;
}

void
hubrig_attach(struct hubrig_device *device, uint32_t channel, const char *owner,
    const char *host, size_t len)
{
	uint8_t payload[2048];

	len = hubrig_attach_encode(
	    device->result.user, owner, host, len, payload);
	hubrig_send(device, FRAME_ATTACH, channel, payload, len);
}

/* --- raw links ----------------------------------------------------------- */

enum frame_sender
hubrig_sender(enum linkhello_role role)
{
	return role == LINKHELLO_AGENT ? FRAME_FROM_RELAY_TO_AGENT
				       : FRAME_FROM_RELAY_TO_GATEWAY;
}

enum code
hubrig_raw(
    struct hubrig *rig, struct rawlink *raw, const struct hubrig_who *who)
{
	const struct linkhello_config config = {
		.static_secret = who->secret_key,
		.static_public = who->public_key,
		.version = LIMITS_PROTOCOL_VERSION,
		.role = who->role,
		.relay_public = rig->public_key,
		.login = &who->login,
	};
	struct linkhello *hello = linkhello_new_initiator(&config);
	struct hubrig_frame frame;
	struct linkmsg_result result;

	rawlink_init(raw, rig->loop, hubrig_socket(rig));
	ck_assert(rawlink_greet(raw, hello));
	linkhello_free(hello);
	ck_assert(hubrig_raw_await(raw, who->role, FRAME_RESULT, &frame));
	ck_assert_int_eq(
	    linkmsg_result_decode(&result, frame.payload, frame.len), 0);
	return result.code;
}

bool
hubrig_raw_await(struct rawlink *raw, enum linkhello_role role,
    enum frame_type type, struct hubrig_frame *frame)
{
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	struct frame_head head;
	size_t len;

	do {
		if (!rawlink_recv(
			raw, hubrig_sender(role), &head, payload, &len)) {
			return false;
		}
	} while (head.type != type);
	frame->channel = head.channel;
	frame->len =
	    len < sizeof(frame->payload) ? len : sizeof(frame->payload);
	memcpy(frame->payload, payload, frame->len);
	return true;
}
