/* SPDX-License-Identifier: ISC */
/*
 * Sessions between a gateway and the relay itself (PROTOCOL.md sections 7.5
 * and 11, claim 17), with all that is real on both sides: peers and tethers
 * here, a hub of devices with accounts in a store and a console there, and
 * links between them.
 *
 *	peers == tether == link == hub == console == server
 *
 * The server is the test's; it echoes.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "common/io.h"
#include "common/loop.h"
#include "gateway/hosts.h"
#include "gateway/peers.h"
#include "protocol/endpoint.h"
#include "protocol/link.h"
#include "protocol/membership.h"
#include "protocol/session.h"
#include "protocol/sessionhello.h"
#include "protocol/stream.h"
#include "protocol/target.h"
#include "relay/console.h"
#include "tests/scenario/fakeworld.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/hubrig.h"

/* Seconds that sessions outlive their links. */
#define GRACE 60

/* Seconds after which a gateway puts nothing new into a session. */
#define AGE 300

/* Streams that a test may have, and connections of the server. */
#define TALKS_MAX 400

/* A gateway: what stands in the place of its endpoint, and its peers. */
struct visitor {
	struct hubrig_who who;
	struct hubrig_device device;
	struct membership membership;
	uint8_t boot[LINKHELLO_BOOT_LEN];
	/* The keys that it says to have in handshakes of sessions. */
	uint8_t public_key[KEYS_LEN];
	uint8_t secret_key[KEYS_LEN];
	struct hosts *hosts;
	struct peers *peers;
	/* What came of the last peers_get(). */
	int answers;
	struct session *session;
	enum code code;
	char text[LIMITS_TEXT_LEN];
};

/* A stream, as the gateway has it. */
struct talk {
	struct stream *stream; /* NULL once it is over */
	int opened;
	struct stream_opened outcome;
	int resets;
	enum code code;
	int fins;
	size_t to_send; /* bytes of pattern() */
	size_t sent;
	size_t received;
	bool good;   /* what came is what was sent */
	bool stalls; /* it consumes nothing */
};

/* A connection of the server. */
struct served {
	struct io *io; /* NULL once it is over */
	char user[NAME_USER_MAX + 1];
	char device[NAME_HOST_MAX + 1];
	char origin[64];
	int64_t device_id;
	uint8_t kept[4096]; /* what could not be echoed yet */
	size_t kept_len;
};

static struct hubrig rig;
static struct visitor alice;
static struct visitor bob;
static struct talk talks[TALKS_MAX];
static size_t talk_count;
static struct served served[TALKS_MAX];
static int served_count;
static int open_count;
static int server_max; /* connections that the server takes at a time */
static int pinned;
static bool stalls; /* what begins from now on consumes nothing */

/* --- in the place of await.h: the clock is ours -------------------------- */

/* What passes between two looks, and looks until it is given up. */
#define TICK (LIMITS_MSEC / 20)
#define LOOKS 400000

bool
await(struct loop *loop, bool (*done)(void *arg), void *arg)
{
	for (int i = 0; i < LOOKS; i++) {
		loop_poll(loop);
		if (done(arg)) {
			return true;
		}
		fakeworld_pass(TICK);
	}
	return false;
}

static bool
is_set(void *arg)
{
	const bool *flag = arg;

	return *flag;
}

bool
await_flag(struct loop *loop, const bool *flag)
{
	return await(loop, is_set, (void *)(uintptr_t)flag);
}

struct counting {
	const int *count;
	int target;
};

static bool
is_counted(void *arg)
{
	const struct counting *counting = arg;

	return *counting->count >= counting->target;
}

bool
await_count(struct loop *loop, const int *count, int target)
{
	struct counting counting = { count, target };

	return await(loop, is_counted, &counting);
}

/* Let so many seconds pass. */
static void
wait_s(unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		fakeworld_pass(LIMITS_SEC);
		hubrig_settle(&rig);
	}
}

/* --- in the place of the endpoint ------------------------------------ */

static struct visitor *
visitor_of(const struct endpoint *endpoint)
{
	return (struct visitor *)(uintptr_t)endpoint;
}

struct link *
endpoint_link(struct endpoint *endpoint)
{
	return visitor_of(endpoint)->device.side.link;
}

enum code
endpoint_no_link(struct endpoint *endpoint, char *text)
{
	(void)endpoint;
	(void)snprintf(text, LIMITS_TEXT_LEN, "There is no link.");
	return CODE_RELAY_UNREACHABLE;
}

const struct membership *
endpoint_membership(const struct endpoint *endpoint)
{
	return &visitor_of(endpoint)->membership;
}

const uint8_t *
endpoint_public_key(const struct endpoint *endpoint)
{
	return visitor_of(endpoint)->public_key;
}

const uint8_t *
endpoint_secret_key(const struct endpoint *endpoint)
{
	return visitor_of(endpoint)->secret_key;
}

const uint8_t *
endpoint_boot_id(const struct endpoint *endpoint)
{
	return visitor_of(endpoint)->boot;
}

/* --- the server ------------------------------------------------------ */

static void
end_served(struct served *one)
{
	io_close(one->io);
	one->io = NULL;
	open_count--;
}

/* Say what came; what is not taken waits. */
static void
on_server(struct io *io, enum io_event event, void *arg)
{
	struct served *one = arg;
	ssize_t n;

	(void)event;
	if (one->kept_len == 0) {
		n = io_read(io, one->kept, sizeof(one->kept));
		if (n == 0 || n == IO_FAIL) {
			end_served(one);
			return;
		}
		one->kept_len = n > 0 ? (size_t)n : 0;
	}
	n = io_write(io, one->kept, one->kept_len);
	if (n == IO_FAIL) {
		end_served(one);
		return;
	}
	if (n > 0) {
		one->kept_len -= (size_t)n;
		memmove(one->kept, one->kept + n, one->kept_len);
	}
	io_want(io, one->kept_len == 0, one->kept_len > 0);
}

static int
serve(int fd, const struct console_caller *caller, void *arg)
{
	struct served *one = &served[served_count];

	(void)arg;
	if (open_count >= server_max || served_count >= TALKS_MAX) {
		(void)close(fd);
		return -1;
	}
	memset(one, 0, sizeof(*one));
	one->io = io_new(rig.loop, fd, on_server, one);
	if (one->io == NULL) {
		(void)close(fd);
		return -1;
	}
	(void)snprintf(one->user, sizeof(one->user), "%s", caller->user);
	(void)snprintf(one->device, sizeof(one->device), "%s", caller->device);
	(void)snprintf(one->origin, sizeof(one->origin), "%s", caller->origin);
	one->device_id = caller->device_id;
	io_want(one->io, true, false);
	served_count++;
	open_count++;
	return 0;
}

/* --- gateways -------------------------------------------------------- */

static struct endpoint *
endpoint_of(struct visitor *visitor)
{
	return (struct endpoint *)(void *)visitor;
}

static void
on_frame(struct hubrig_device *device, enum frame_type type)
{
	struct visitor *visitor = list_entry(device, struct visitor, device);
	const struct hubrig_frame *frame = &device->last[type];

	if (type == FRAME_ATTACHED) {
		peers_attached(
		    visitor->peers, frame->channel, frame->payload, frame->len);
	}
}

/* Link visitor to the relay, anew or for the first time. */
static void
link_up(struct visitor *visitor)
{
	hubrig_join(&rig, &visitor->device, &visitor->who);
	visitor->device.hook = on_frame;
	hosts_set_relay(visitor->hosts, rig.public_key);
	peers_link_up(visitor->peers);
}

/* Lose the link of visitor. */
static void
link_down(struct visitor *visitor, enum code code)
{
	hubrig_leave(&visitor->device);
	ck_assert(hubrig_await_down(&visitor->device));
	peers_link_down(visitor->peers, code, "lost");
	hubrig_settle(&rig);
}

static void
on_pinned(void *arg)
{
	(void)arg;
	pinned++;
}

static void
visitor_open(struct visitor *visitor, const char *user, const char *name)
{
	const struct peers_config config = {
		.loop = rig.loop,
		.endpoint = endpoint_of(visitor),
		.retain_max = LIMITS_RETAIN_MAX,
		.retain_budget = LIMITS_RETAIN_MAX * 8,
		.window_max = LIMITS_WINDOW_MAX,
		.streams_max = LIMITS_STREAMS_MAX,
		.receive_budget = UINT64_C(64) << 20,
		.grace = GRACE,
		.session_age = AGE,
		.wait_time = 10.,
		.pinned = on_pinned,
	};
	struct peers_config filled = config;

	memset(visitor, 0, sizeof(*visitor));
	hubrig_enrol(&rig, &visitor->who, LINKHELLO_GATEWAY, user, name);
	randombytes_buf(visitor->boot, sizeof(visitor->boot));
	memcpy(visitor->public_key, visitor->who.public_key, KEYS_LEN);
	memcpy(visitor->secret_key, visitor->who.secret_key, KEYS_LEN);
	(void)snprintf(visitor->membership.user,
	    sizeof(visitor->membership.user), "%s", user);
	(void)snprintf(visitor->membership.name,
	    sizeof(visitor->membership.name), "%s", name);
	memcpy(visitor->membership.relay_public, rig.public_key, KEYS_LEN);
	visitor->hosts = hosts_new();
	filled.hosts = visitor->hosts;
	visitor->peers = peers_new(&filled);
	ck_assert_ptr_nonnull(visitor->peers);
	link_up(visitor);
}

static void
visitor_close(struct visitor *visitor)
{
	peers_free(visitor->peers);
	if (visitor->device.side.link != NULL) {
		hubrig_leave(&visitor->device);
	}
	hosts_free(visitor->hosts);
}

static void
setup(void)
{
	const struct hubrig_config config = { .serve = serve, .grace = GRACE };

	memset(talks, 0, sizeof(talks));
	talk_count = 0;
	served_count = 0;
	open_count = 0;
	pinned = 0;
	stalls = false;
	server_max = TALKS_MAX;
	hubrig_open(&rig, &config);
	visitor_open(&alice, "alice", "laptop");
	visitor_open(&bob, "bob", "laptop");
}

static void
teardown(void)
{
	visitor_close(&alice);
	visitor_close(&bob);
	for (size_t i = 0; i < talk_count; i++) {
		if (talks[i].stream != NULL) {
			stream_release(talks[i].stream);
		}
	}
	for (int i = 0; i < served_count; i++) {
		io_close(served[i].io);
	}
	hubrig_close(&rig);
}

static void
on_session(struct session *session, enum code code, const char *text, void *arg)
{
	struct visitor *visitor = arg;

	visitor->answers++;
	visitor->session = session;
	visitor->code = code;
	(void)snprintf(visitor->text, sizeof(visitor->text), "%s", text);
}

/* Ask for the session of visitor with the relay; what came of it. */
static enum code
reach(struct visitor *visitor)
{
	int target = visitor->answers + 1;

	(void)peers_get(visitor->peers, TARGET_RELAY, on_session, visitor);
	ck_assert(await_count(rig.loop, &visitor->answers, target));
	return visitor->code;
}

/* --- streams --------------------------------------------------------- */

static uint8_t
pattern(size_t n)
{
	return (uint8_t)(n * 31 + n / 251);
}

static size_t
on_pull(void *arg, uint8_t *out, size_t max, bool *fin)
{
	struct talk *talk = arg;
	size_t n = talk->to_send - talk->sent;

	n = n < max ? n : max;
	for (size_t i = 0; i < n; i++) {
		out[i] = pattern(talk->sent + i);
	}
	talk->sent += n;
	*fin = false;
	if (talk->sent < talk->to_send) {
		stream_ready(talk->stream);
	}
	return n;
}

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	struct talk *talk = arg;

	talk->opened++;
	talk->outcome = *opened;
	if (opened->code != CODE_OK) {
		stream_release(talk->stream);
		talk->stream = NULL;
	} else {
		stream_ready(talk->stream);
	}
}

static void
on_data(void *arg, const uint8_t *data, size_t len)
{
	struct talk *talk = arg;

	for (size_t i = 0; i < len; i++) {
		talk->good =
		    talk->good && data[i] == pattern(talk->received + i);
	}
	talk->received += len;
	if (!talk->stalls) {
		stream_consumed(talk->stream, len, loop_now(rig.loop));
	}
}

static void
on_fin(void *arg)
{
	struct talk *talk = arg;

	talk->fins++;
}

static void
on_reset(void *arg, enum code code, int error)
{
	struct talk *talk = arg;

	(void)error;
	talk->resets++;
	talk->code = code;
	stream_release(talk->stream);
	talk->stream = NULL;
}

static const struct stream_ops talk_ops = {
	.pull = on_pull,
	.opened = on_opened,
	.data = on_data,
	.fin = on_fin,
	.reset = on_reset,
};

/* Open a stream of session that wants to send so many bytes. */
static struct talk *
begin_talk(
    struct session *session, const struct stream_target *target, size_t to_send)
{
	struct talk *talk = &talks[talk_count];

	ck_assert_uint_lt(talk_count, TALKS_MAX);
	memset(talk, 0, sizeof(*talk));
	talk->to_send = to_send;
	talk->good = true;
	talk->stalls = stalls;
	talk->stream = stream_open(session, target, false, &talk_ops, talk);
	ck_assert_ptr_nonnull(talk->stream);
	talk_count++;
	return talk;
}

static const struct stream_target page = { .protocol = STREAM_TCP, .port = 80 };

static bool
is_echoed(void *arg)
{
	const struct talk *talk = arg;

	return talk->resets > 0 || (talk->opened && talk->stream == NULL) ||
	       (talk->opened && talk->received == talk->to_send);
}

/* Let visitor talk to the relay for so many bytes, and wait for them. */
static struct talk *
talk_to(struct visitor *visitor, size_t to_send)
{
	struct talk *talk;

	ck_assert_msg(reach(visitor) == CODE_OK, "%s", visitor->text);
	talk = begin_talk(visitor->session, &page, to_send);
	ck_assert(await(rig.loop, is_echoed, talk));
	return talk;
}

/* Assert that all of talk came back. */
static void
assert_whole(const struct talk *talk)
{
	ck_assert_int_eq(talk->resets, 0);
	ck_assert_int_eq(talk->outcome.code, CODE_OK);
	ck_assert_uint_eq(talk->received, talk->to_send);
	ck_assert(talk->good);
}

/* Let talk send so many bytes more, and wait until all came back. */
static void
go_on(struct talk *talk, size_t more)
{
	talk->to_send += more;
	stream_ready(talk->stream);
	ck_assert(await(rig.loop, is_echoed, talk));
	assert_whole(talk);
}

static bool
is_reset(void *arg)
{
	const struct talk *talk = arg;

	return talk->resets > 0;
}

static bool
none_is_served(void *arg)
{
	(void)arg;
	return open_count == 0;
}

static size_t
sessions(void)
{
	struct console_stats stats;

	console_get_stats(rig.console, &stats);
	return stats.sessions;
}

/* --- tests ----------------------------------------------------------- */

START_TEST(a_stream_is_served)
{
	struct talk *talk = talk_to(&alice, 1000);

	assert_whole(talk);
	ck_assert_int_eq(served_count, 1);
	ck_assert_str_eq(served[0].user, "alice");
	ck_assert_str_eq(served[0].device, "laptop");
	ck_assert_str_eq(served[0].origin, "127.0.0.1");
	ck_assert_int_eq(served[0].device_id,
	    account_device_row(hubrig_row(&rig, &alice.who))->id);
	/* Its key is that of the join string, and nothing to be pinned. */
	ck_assert_int_eq(pinned, 0);
	/* The next one is of the same session. */
	assert_whole(talk_to(&alice, 10));
	ck_assert_uint_eq(sessions(), 1);
	assert_whole(talk_to(&bob, 10));
	ck_assert_str_eq(served[2].user, "bob");
	ck_assert_uint_eq(sessions(), 2);
}
END_TEST

/* Much more than what may be under way at the start. */
START_TEST(credit_is_given)
{
	assert_whole(talk_to(&alice, (size_t)4 << 20));
}
END_TEST

START_TEST(ends_pass_both_ways)
{
	struct talk *talk = talk_to(&alice, 100);

	stream_release(talk->stream);
	talk->stream = NULL;
	ck_assert(await(rig.loop, none_is_served, NULL));
	talk = talk_to(&alice, 100);
	end_served(&served[1]);
	ck_assert(await_count(rig.loop, &talk->fins, 1));
}
END_TEST

START_TEST(there_is_one_port)
{
	static const struct {
		struct stream_target target;
		enum code code;
		const char *word;
	} rows[] = {
		{ { STREAM_TCP, "", 22 }, CODE_SERVICE_REFUSED, "port 80" },
		{ { STREAM_TCP, "", 443 }, CODE_SERVICE_REFUSED, "port 80" },
		{ { STREAM_TCP, "web", 80 }, CODE_DENIED, "\"web\"" },
		{ { STREAM_TCP, "127.0.0.1", 80 }, CODE_DENIED, "leads" },
		{ { STREAM_UDP, "", 80 }, CODE_DENIED, "datagrams" },
	};

	ck_assert_int_eq(reach(&alice), CODE_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct talk *talk =
		    begin_talk(alice.session, &rows[i].target, 10);

		ck_assert(await(rig.loop, is_echoed, talk));
		ck_assert_int_eq(talk->outcome.code, (int)rows[i].code);
		ck_assert_ptr_nonnull(strstr(talk->outcome.text, rows[i].word));
	}
	ck_assert_int_eq(served_count, 0);
	assert_whole(talk_to(&alice, 10));
}
END_TEST

/* Who has the link is not enough: the session proves the same key. */
START_TEST(another_key_is_refused)
{
	keys_generate(alice.secret_key, alice.public_key);
	ck_assert_int_eq(reach(&alice), CODE_DENIED);
	ck_assert_ptr_nonnull(strstr(alice.text, "not the device"));
	/* Nor is the name of another account. */
	memcpy(alice.public_key, alice.who.public_key, KEYS_LEN);
	memcpy(alice.secret_key, alice.who.secret_key, KEYS_LEN);
	(void)snprintf(
	    alice.membership.user, sizeof(alice.membership.user), "%s", "bob");
	ck_assert_int_eq(reach(&alice), CODE_DENIED);
	ck_assert_uint_eq(sessions(), 0);
	ck_assert_int_eq(served_count, 0);
}
END_TEST

/* A relay with another key than the one that was pinned gets nowhere. */
START_TEST(another_relay_is_refused)
{
	uint8_t secret[KEYS_LEN];
	uint8_t public[KEYS_LEN];

	keys_generate(secret, public);
	hosts_set_relay(alice.hosts, public);
	ck_assert_int_ne(reach(&alice), CODE_OK);
	ck_assert_uint_eq(sessions(), 0);
}
END_TEST

START_TEST(a_new_link_goes_on)
{
	struct talk *talk = talk_to(&alice, 1000);

	for (int i = 0; i < 3; i++) {
		link_down(&alice, CODE_LINK_LOST);
		link_up(&alice);
		go_on(talk, 5000);
	}
	ck_assert_int_eq(served_count, 1);
	ck_assert_uint_eq(sessions(), 1);
}
END_TEST

/* Wherever links are cut, each byte arrives once and in its place. */
START_TEST(cuts_lose_nothing)
{
	struct talk *talk;
	int cuts = 0;

	fakeworld_seed(7);
	ck_assert_int_eq(reach(&alice), CODE_OK);
	talk = begin_talk(alice.session, &page, (size_t)1 << 20);
	while (!is_echoed(talk) && cuts < 200) {
		for (uint32_t n = fakeworld_random(12); n > 0; n--) {
			loop_poll(rig.loop);
		}
		/* A relay that does not hear the end finds a newer link. */
		if (cuts++ % 2 == 0) {
			link_down(&alice, CODE_LINK_LOST);
		} else {
			peers_link_down(alice.peers, CODE_LINK_LOST, "lost");
			hubrig_leave(&alice.device);
		}
		link_up(&alice);
	}
	ck_assert(await(rig.loop, is_echoed, talk));
	assert_whole(talk);
	ck_assert_int_ge(cuts, 10);
	ck_assert_int_eq(served_count, 1);
	ck_assert_uint_eq(sessions(), 1);
}
END_TEST

/* Another process has not what this one knows. */
START_TEST(another_relay_begins_anew)
{
	struct talk *talk = talk_to(&alice, 1000);

	link_down(&alice, CODE_LINK_LOST);
	peers_forsake(alice.peers, TARGET_RELAY, CODE_SESSION_LOST);
	ck_assert_int_eq(talk->resets, 1);
	ck_assert_int_eq(talk->code, CODE_SESSION_LOST);
	link_up(&alice);
	assert_whole(talk_to(&alice, 1000));
	ck_assert_int_eq(served_count, 2);
}
END_TEST

/* A relay that knows nothing of a session says so itself, and is believed. */
START_TEST(a_lost_session_is_told)
{
	struct talk *talk = talk_to(&alice, 1000);

	link_down(&alice, CODE_LINK_LOST);
	console_expel(rig.console, alice.who.public_key, CODE_SESSION_LOST);
	link_up(&alice);
	ck_assert(await(rig.loop, is_reset, talk));
	ck_assert_int_eq(talk->code, CODE_SESSION_LOST);
	assert_whole(talk_to(&alice, 1000));
}
END_TEST

START_TEST(sessions_do_not_wait_for_ever)
{
	struct talk *talk = talk_to(&alice, 1000);

	link_down(&alice, CODE_LINK_LOST);
	wait_s(GRACE - 5);
	ck_assert_uint_eq(sessions(), 1);
	link_up(&alice);
	go_on(talk, 1000);
	link_down(&alice, CODE_LINK_LOST);
	wait_s(GRACE + 5);
	ck_assert_uint_eq(sessions(), 0);
	ck_assert_int_eq(open_count, 0);
	ck_assert_int_eq(talk->resets, 1);
}
END_TEST

/* An old session gets a fresh one beside it, which takes what is new. */
START_TEST(old_sessions_go_with_their_streams)
{
	struct talk *talk = talk_to(&alice, 1000);

	wait_s(AGE + 1);
	go_on(talk, 1000);
	assert_whole(talk_to(&alice, 1000));
	ck_assert_uint_eq(sessions(), 2);
	go_on(talk, 1000);
	stream_release(talk->stream);
	talk->stream = NULL;
	assert_whole(talk_to(&alice, 1000));
	hubrig_settle(&rig);
	ck_assert_uint_eq(sessions(), 1);
}
END_TEST

/* A device that keeps its old sessions loses the oldest, and nobody else's. */
START_TEST(a_device_has_few_sessions)
{
	struct talk *other = talk_to(&bob, 10);

	for (size_t i = 0; i < 5; i++) {
		assert_whole(talk_to(&alice, 1000));
		wait_s(AGE + 1);
	}
	hubrig_settle(&rig);
	ck_assert_uint_eq(sessions(), 4 + 1);
	ck_assert_int_eq(talks[1].resets, 1);
	ck_assert_int_eq(talks[1].code, CODE_REPLACED);
	for (size_t i = 2; i <= 5; i++) {
		go_on(&talks[i], 1000);
	}
	go_on(other, 1000);
}
END_TEST

/* Who takes nothing of what is sent to it is sent no more than its window. */
START_TEST(a_stalled_reader_holds_little)
{
	struct talk *talk;

	stalls = true;
	ck_assert_int_eq(reach(&alice), CODE_OK);
	talk = begin_talk(alice.session, &page, (size_t)64 << 20);
	wait_s(5);
	ck_assert_uint_gt(talk->received, 0);
	ck_assert_uint_lt(talk->sent, (size_t)4 << 20);
	/* Nobody else waits for it. */
	stalls = false;
	assert_whole(talk_to(&bob, (size_t)1 << 20));
	assert_whole(talk_to(&alice, (size_t)1 << 20));
}
END_TEST

/* What gets no turn in ten seconds is told so. */
START_TEST(nobody_waits_for_ever)
{
	struct talk *talk;

	server_max = 0;
	ck_assert_int_eq(reach(&alice), CODE_OK);
	talk = begin_talk(alice.session, &page, 10);
	wait_s(9);
	ck_assert_int_eq(talk->opened, 0);
	wait_s(2);
	ck_assert_int_eq(talk->opened, 1);
	ck_assert_int_eq(talk->outcome.code, CODE_OVERLOADED);
	server_max = 1;
	assert_whole(talk_to(&alice, 10));
}
END_TEST

static void
on_done(const struct account_outcome *outcome, void *arg)
{
	enum code *code = arg;

	*code = outcome->code;
}

static const struct account_by by = { "admin", "here", 1 };

START_TEST(a_revoked_device_is_out_at_once)
{
	struct talk *talk = talk_to(&alice, 1000);
	struct talk *other = talk_to(&bob, 1000);
	enum code code = CODE_INTERNAL;

	(void)account_revoke(hubrig_row(&rig, &alice.who), &by, on_done, &code);
	hubrig_commit(&rig);
	ck_assert_int_eq(code, CODE_OK);
	ck_assert_uint_eq(sessions(), 1);
	ck_assert_int_eq(open_count, 2);
	hubrig_settle(&rig);
	ck_assert_int_eq(open_count, 1);
	ck_assert(await(rig.loop, is_reset, talk));
	ck_assert_int_eq(talk->code, CODE_REVOKED);
	go_on(other, 1000);
}
END_TEST

START_TEST(a_disabled_account_is_out_at_once)
{
	struct talk *talk = talk_to(&alice, 1000);
	enum code code = CODE_INTERNAL;

	(void)account_set_disabled(
	    account_find(rig.book, "alice"), true, &by, on_done, &code);
	hubrig_commit(&rig);
	ck_assert_int_eq(code, CODE_OK);
	ck_assert_uint_eq(sessions(), 0);
	ck_assert(await(rig.loop, is_reset, talk));
	ck_assert_int_eq(talk->code, CODE_DISABLED);
}
END_TEST

/* What the server does not take has its turn when it does. */
START_TEST(streams_have_their_turn)
{
	struct talk *first;
	struct talk *second;

	server_max = 1;
	first = talk_to(&alice, 100);
	ck_assert_int_eq(reach(&bob), CODE_OK);
	second = begin_talk(bob.session, &page, 100);
	hubrig_settle(&rig);
	ck_assert_int_eq(second->opened, 0);
	stream_release(first->stream);
	first->stream = NULL;
	ck_assert(await(rig.loop, is_echoed, second));
	assert_whole(second);
	/* One that is given up meanwhile takes nobody's turn. */
	second = begin_talk(bob.session, &page, 100);
	hubrig_settle(&rig);
	stream_release(second->stream);
	second->stream = NULL;
	hubrig_settle(&rig);
	ck_assert_int_eq(served_count, 2);
	assert_whole(&talks[1]);
}
END_TEST

/* A device has no more than its share; another one notices nothing. */
START_TEST(streams_are_limited)
{
	struct console_stats stats;
	int refused = 0;

	server_max = 10;
	ck_assert_int_eq(reach(&alice), CODE_OK);
	for (int i = 0; i < CONSOLE_CALLER_STREAMS + 20; i++) {
		(void)begin_talk(alice.session, &page, 1);
	}
	for (int i = 0; i < 20; i++) {
		hubrig_settle(&rig);
	}
	for (size_t i = 0; i < talk_count; i++) {
		refused += talks[i].outcome.code == CODE_TOO_MANY_STREAMS;
	}
	ck_assert_int_eq(refused, 20);
	console_get_stats(rig.console, &stats);
	ck_assert_uint_eq(stats.streams, CONSOLE_CALLER_STREAMS);
	ck_assert_uint_eq(stats.refused, 20);
	ck_assert_int_eq(open_count, 10);
	/* One more place for each. */
	server_max = 12;
	assert_whole(talk_to(&bob, 1000));
}
END_TEST

static void
on_detached(void *arg, enum code code, const char *text)
{
	enum code *out = arg;

	(void)text;
	*out = code;
}

static bool
is_told(void *arg)
{
	const enum code *code = arg;

	return *code != CODE_OK;
}

/* Let alice ask for a session by a message of len zeros; what she is told. */
static enum code
ask_garbled(uint32_t id, uint32_t epoch, size_t len)
{
	static const struct channel_ops ops = { .detached = on_detached };
	static const uint8_t message[256];
	struct linkmsg_attach attach = {
		.host = TARGET_RELAY,
		.epoch = epoch,
		.message = message,
		.message_len = len,
	};
	enum code code = CODE_OK;
	uint8_t payload[2048];

	ck_assert_int_eq(keys_caller_owner(&attach.caller, "alice"), 0);
	ck_assert_ptr_nonnull(
	    channel_new(alice.device.side.link, id, NULL, &ops, &code));
	len = linkmsg_attach_encode(&attach, payload, sizeof(payload));
	hubrig_send(&alice.device, FRAME_ATTACH, id, payload, len);
	ck_assert(await(rig.loop, is_told, &code));
	return code;
}

/* What is no handshake is told so, and does nothing to a session that lives. */
START_TEST(garbage_is_refused)
{
	assert_whole(talk_to(&alice, 10));
	ck_assert_int_eq(ask_garbled(1000, 0, SESSIONHELLO_MESSAGE1_LEN),
	    CODE_PROTOCOL_ERROR);
	ck_assert_int_eq(ask_garbled(1001, 0, 1), CODE_PROTOCOL_ERROR);
	ck_assert_int_eq(
	    ask_garbled(1002, 1, SESSIONHELLO_MESSAGE1_LEN), CODE_DENIED);
	ck_assert_uint_eq(sessions(), 1);
	assert_whole(talk_to(&alice, 10));
}
END_TEST

/* Each allocation of a whole visit fails once; the next one works. */
START_TEST(memory_may_be_short)
{
	bool hit = true;

	for (long n = 0; hit; n++) {
		int target = alice.answers + 1;
		struct talk *talk = NULL;

		talk_count = 0;
		served_count = 0;
		failalloc_after(n);
		(void)peers_get(alice.peers, TARGET_RELAY, on_session, &alice);
		for (int i = 0; i < 200 && alice.answers < target; i++) {
			loop_poll(rig.loop);
		}
		if (alice.answers == target && alice.code == CODE_OK) {
			talk = &talks[talk_count++];
			memset(talk, 0, sizeof(*talk));
			talk->to_send = 1000;
			talk->good = true;
			talk->stream = stream_open(
			    alice.session, &page, false, &talk_ops, talk);
		}
		for (int i = 0; i < 200 && talk != NULL && !is_echoed(talk);
		     i++) {
			loop_poll(rig.loop);
		}
		hit = failalloc_hit();
		failalloc_off();
		/* Whatever is left goes, and the link with it. */
		peers_forsake(alice.peers, TARGET_RELAY, CODE_CANCELLED);
		if (alice.device.side.link != NULL) {
			link_down(&alice, CODE_LINK_LOST);
		}
		hubrig_settle(&rig);
		console_expel(
		    rig.console, alice.who.public_key, CODE_CANCELLED);
		hubrig_settle(&rig);
		ck_assert_int_eq(open_count, 0);
		link_up(&alice);
		ck_assert(await_count(rig.loop, &alice.answers, target));
	}
	assert_whole(talk_to(&alice, 1000));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("console");
	TCase *tcase = tcase_create("tests");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_stream_is_served);
	tcase_add_test(tcase, credit_is_given);
	tcase_add_test(tcase, ends_pass_both_ways);
	tcase_add_test(tcase, there_is_one_port);
	tcase_add_test(tcase, another_key_is_refused);
	tcase_add_test(tcase, another_relay_is_refused);
	tcase_add_test(tcase, a_new_link_goes_on);
	tcase_add_test(tcase, cuts_lose_nothing);
	tcase_add_test(tcase, another_relay_begins_anew);
	tcase_add_test(tcase, a_lost_session_is_told);
	tcase_add_test(tcase, sessions_do_not_wait_for_ever);
	tcase_add_test(tcase, old_sessions_go_with_their_streams);
	tcase_add_test(tcase, a_device_has_few_sessions);
	tcase_add_test(tcase, a_stalled_reader_holds_little);
	tcase_add_test(tcase, nobody_waits_for_ever);
	tcase_add_test(tcase, a_revoked_device_is_out_at_once);
	tcase_add_test(tcase, a_disabled_account_is_out_at_once);
	tcase_add_test(tcase, streams_have_their_turn);
	tcase_add_test(tcase, streams_are_limited);
	tcase_add_test(tcase, garbage_is_refused);
	tcase_add_test(tcase, memory_may_be_short);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
