/* SPDX-License-Identifier: ISC */
#include "tests/unit/gateway/tetherrig.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "common/loop.h"
#include "gateway/hosts.h"
#include "protocol/carrier.h"
#include "protocol/endpoint.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/linkmsg.h"
#include "protocol/resume.h"
#include "protocol/stream.h"
#include "tests/support/await.h"
#include "tests/support/unit.h"

/* What a relay that holds nobody back gives. */
#define CREDIT (UINT64_C(1) << 40)

/* Rounds of the loop after which everything ready has been done. */
#define SETTLE_ROUNDS 50

/* --- in the place of the endpoint ---------------------------------------- */

struct endpoint *
tetherrig_endpoint(struct tetherrig *rig)
{
	return (struct endpoint *)(void *)rig;
}

static const struct tetherrig *
rig_of(const struct endpoint *endpoint)
{
	return (const struct tetherrig *)(const void *)endpoint;
}

struct link *
endpoint_link(struct endpoint *endpoint)
{
	/* As there: until its `down` has run. */
	return rig_of(endpoint)->net.endpoint.link;
}

enum code
endpoint_no_link(struct endpoint *endpoint, char *text)
{
	(void)snprintf(text, LIMITS_TEXT_LEN, "There is no link.");
	return rig_of(endpoint)->no_link;
}

const struct membership *
endpoint_membership(const struct endpoint *endpoint)
{
	return &rig_of(endpoint)->membership;
}

const uint8_t *
endpoint_public_key(const struct endpoint *endpoint)
{
	return rig_of(endpoint)->public_key;
}

const uint8_t *
endpoint_secret_key(const struct endpoint *endpoint)
{
	return rig_of(endpoint)->secret_key;
}

const uint8_t *
endpoint_boot_id(const struct endpoint *endpoint)
{
	return rig_of(endpoint)->boot;
}

/* --- the host's sessions ------------------------------------------------- */

static void
on_reset(void *arg, enum code code, int error)
{
	(void)code;
	(void)error;
	stream_release(arg);
}

static void
on_open(void *arg, struct stream *stream, const struct stream_target *target)
{
	static const struct stream_ops ops = { .reset = on_reset };
	struct tetherrig_session *session = arg;
	struct stream_opened opened = { .code = CODE_OK };

	(void)target;
	session->opens++;
	stream_set_owner(stream, &ops, stream);
	stream_answer(stream, &opened);
}

static void
on_lost(void *arg, enum code code, const char *text)
{
	struct tetherrig_session *session = arg;

	(void)code;
	(void)text;
	session->lost++;
}

static void
on_down(void *arg, enum code code, const char *text)
{
	struct tetherrig_session *session = arg;

	(void)text;
	session->carrier = NULL;
	session->downs++;
	session->code = code;
}

static const struct carrier_ops carrier_ops = {
	.open = on_open,
	.lost = on_lost,
	.down = on_down,
};

/* Return the session of the host by that id, or NULL. */
static struct tetherrig_session *
find(struct tetherrig *rig, const uint8_t id[SESSIONHELLO_ID_LEN])
{
	for (size_t i = 0; i < rig->session_count; i++) {
		struct tetherrig_session *session = &rig->sessions[i];

		if (session->carrier != NULL &&
		    memcmp(session->id, id, SESSIONHELLO_ID_LEN) == 0) {
			return session;
		}
	}
	return NULL;
}

/* --- what comes over the link -------------------------------------------- */

static void
send_attached(struct tetherrig *rig, uint32_t id, uint8_t *payload, size_t len)
{
	if (rig->damage) {
		payload[len / 2] ^= 1;
	}
	(void)link_send(rig->net.relay.link, FRAME_ATTACHED, id, payload, len);
}

static void
send_detach(
    struct tetherrig *rig, uint32_t id, enum code code, const char *text)
{
	struct linkmsg_detach detach = { .code = code };
	uint8_t payload[LIMITS_TEXT_LEN + 16];
	size_t len;

	(void)snprintf(detach.text, sizeof(detach.text), "%s", text);
	len = linkmsg_detach_encode(&detach, payload, sizeof(payload));
	(void)link_send(rig->net.relay.link, FRAME_DETACH, id, payload, len);
}

/* The gateway let go of an attach that was not answered. */
static void
on_given_up(void *arg, enum code code, const char *text)
{
	struct tetherrig *rig = arg;

	(void)code;
	(void)text;
	rig->detaches++;
}

static const struct channel_ops silent_ops = {
	.detached = on_given_up,
};

static struct channel *
new_channel(struct tetherrig *rig, uint32_t id, const struct channel_ops *ops)
{
	struct channel *channel =
	    channel_new(rig->net.relay.link, id, NULL, ops, rig);

	ck_assert_ptr_nonnull(channel);
	channel_credit(channel, CREDIT);
	return channel;
}

/* Start the host's side of the handshake. */
static struct sessionhello *
start_hello(struct tetherrig *rig, const struct linkmsg_attach *attach)
{
	struct keys_account account = { .epoch = rig->membership.epoch };
	const struct keys_session session = {
		.version = LIMITS_PROTOCOL_VERSION,
		.epoch = attach->epoch,
		.owner = attach->owner,
		.host = attach->host,
		.caller = &attach->caller,
	};
	uint8_t host_key[KEYS_LEN];
	uint8_t psk[KEYS_LEN];
	const struct sessionhello_config config = {
		.session = &session,
		.psk = psk,
		.static_secret = rig->host_secret,
		.static_public = rig->host_public,
		.remote_public = rig->public_key,
	};

	memcpy(account.key, rig->membership.key, sizeof(account.key));
	ck_assert_int_eq(rig->is_gateway
			     ? keys_gateway(&account, attach->host, host_key)
			     : keys_host(&account, attach->host, host_key),
	    0);
	ck_assert_int_eq(keys_psk(host_key, &attach->caller, psk), 0);
	return sessionhello_new_responder(&config);
}

/* Begin the session that reply tells of, over channel id. */
static void
begin(struct tetherrig *rig, uint32_t id, struct sessionhello *hello,
    const struct sessionhello_reply *reply, bool resumable)
{
	struct tetherrig_session *session =
	    &rig->sessions[rig->session_count++];
	struct seal seals[4];
	struct resume resume;
	const struct session_config config = {
		.role = SESSION_ACCEPTOR,
		.tx = &seals[0],
		.rx = &seals[1],
		.retain_max = LIMITS_RETAIN_MAX,
		.window_max = LIMITS_WINDOW_MAX,
		.streams_max = 100,
		.receive = &rig->receive,
	};

	ck_assert_uint_le(rig->session_count, TETHERRIG_SESSIONS_MAX);
	memset(session, 0, sizeof(*session));
	session->rig = rig;
	memcpy(session->id, reply->id, sizeof(session->id));
	ck_assert_int_eq(sessionhello_keys(
			     hello, &seals[0], &seals[1], &seals[2], &seals[3]),
	    0);
	resume_init(&resume, session->id, &seals[2], &seals[3]);
	session->carrier = carrier_new(rig->loop, new_channel(rig, id, NULL),
	    &config, resumable ? &resume : NULL, &carrier_ops, session);
	ck_assert_ptr_nonnull(session->carrier);
}

/* Message 1 came: a session, or a question about one. */
static void
on_hello(
    struct tetherrig *rig, uint32_t id, const struct linkmsg_attach *attach)
{
	struct sessionhello *hello = start_hello(rig, attach);
	struct sessionhello_request request;
	struct sessionhello_reply reply = { .grace = rig->grace };
	uint8_t message[SESSIONHELLO_MESSAGE2_MAX];
	size_t len;

	ck_assert_ptr_nonnull(hello);
	if (sessionhello_read_request(hello, attach->message,
		attach->message_len, &request) != SESSIONHELLO_OK) {
		/* What another key than the host's was asked for. */
		send_detach(rig, id, CODE_ACCOUNT_KEY, "");
		sessionhello_free(hello);
		return;
	}
	if (sessionhello_is_question(hello)) {
		rig->questions++;
		memcpy(reply.id, request.question, sizeof(reply.id));
		reply.status = find(rig, reply.id) != NULL
				   ? 0
				   : (uint16_t)CODE_SESSION_LOST;
	} else {
		rig->begins++;
		randombytes_buf(reply.id, sizeof(reply.id));
	}
	if (!rig->silent) {
		ck_assert_int_eq(
		    sessionhello_write_reply(hello, &reply, message, &len), 0);
		if (!sessionhello_is_question(hello)) {
			begin(rig, id, hello, &reply,
			    request.grace > 0 && rig->grace > 0);
		}
		send_attached(rig, id, message, len);
		if (sessionhello_is_question(hello)) {
			send_detach(rig, id, CODE_OK, "");
		}
	} else {
		(void)new_channel(rig, id, &silent_ops);
	}
	sessionhello_free(hello);
}

/* A request to go on came. */
static void
on_request(
    struct tetherrig *rig, uint32_t id, const struct linkmsg_attach *attach)
{
	struct tetherrig_session *session = find(rig, attach->message);
	uint8_t answer[RESUME_ANSWER_LEN];

	rig->requests++;
	if (rig->silent) {
		(void)new_channel(rig, id, &silent_ops);
		return;
	}
	if (rig->forgetful || session == NULL) {
		send_detach(rig, id, CODE_SESSION_LOST, "");
		return;
	}
	ck_assert_int_eq(
	    carrier_answer(session->carrier, new_channel(rig, id, NULL),
		attach->message, attach->message_len, answer),
	    0);
	send_attached(rig, id, answer, sizeof(answer));
}

static void
relay_hook(struct linkpair_side *side, enum linkpair_event event)
{
	struct tetherrig *rig = side->arg;
	struct linkmsg_attach attach;

	if (event != LINKPAIR_FRAME || side->type != FRAME_ATTACH) {
		return;
	}
	ck_assert_int_eq(
	    linkmsg_attach_decode(&attach, false, side->payload, side->len), 0);
	/* Numbers are never used twice on a link. */
	ck_assert_uint_gt(side->channel, rig->last_channel);
	rig->last_channel = side->channel;
	if (rig->refuse != CODE_OK) {
		rig->begins += attach.kind == LINKMSG_BEGIN;
		rig->requests += attach.kind == LINKMSG_RESUME;
		send_detach(rig, side->channel, rig->refuse, "");
	} else if (attach.kind == LINKMSG_RESUME) {
		on_request(rig, side->channel, &attach);
	} else {
		on_hello(rig, side->channel, &attach);
	}
}

static void
gateway_hook(struct linkpair_side *side, enum linkpair_event event)
{
	struct tetherrig *rig = side->arg;

	if (event == LINKPAIR_FRAME && side->type == FRAME_ATTACHED) {
		rig->on_attached(rig, side->channel, side->payload, side->len);
	}
}

/* --- the rig ------------------------------------------------------------- */

void
tetherrig_link(struct tetherrig *rig)
{
	const struct linkpair_config config = { .loop = rig->loop };

	ck_assert(!rig->linked);
	ck_assert_int_eq(linkpair_open(&rig->net, &config), 0);
	ck_assert(linkpair_await_up(&rig->net));
	rig->net.relay.hook = relay_hook;
	rig->net.relay.arg = rig;
	rig->net.endpoint.hook = gateway_hook;
	rig->net.endpoint.arg = rig;
	rig->last_channel = 0;
	rig->linked = true;
}

void
tetherrig_cut(struct tetherrig *rig, enum code code)
{
	rig->net.relay.hook = NULL;
	link_close(rig->net.endpoint.link, code, "cut");
	link_close(rig->net.relay.link, code, "cut");
	ck_assert(linkpair_await_down(&rig->net));
	linkpair_close(&rig->net);
	rig->linked = false;
}

void
tetherrig_list(struct tetherrig *rig, const uint8_t key[KEYS_LEN], bool online)
{
	struct linkmsg_host host = {
		.owner = "alice",
		.name = "office",
		.state = online ? LINKMSG_ONLINE : LINKMSG_OFFLINE,
	};
	uint8_t payload[1 + LINKMSG_HOST_MAX] = { LINKMSG_HOSTS_FIRST |
						  LINKMSG_HOSTS_LAST };
	size_t used;

	memcpy(host.key, key, sizeof(host.key));
	used = linkmsg_host_append(&host, payload, sizeof(payload), 1);
	ck_assert_int_eq(hosts_apply(rig->hosts, payload, used), 0);
}

void
tetherrig_open(struct tetherrig *rig)
{
	struct keys_account account;

	ck_assert_int_ge(sodium_init(), 0);
	memset(rig, 0, sizeof(*rig));
	rig->loop = loop_new();
	ck_assert_ptr_nonnull(rig->loop);
	rig->hosts = hosts_new();
	ck_assert_ptr_nonnull(rig->hosts);
	keys_account_generate(&account, 3);
	rig->membership.role = LINKHELLO_GATEWAY;
	rig->membership.key_kind = MEMBERSHIP_KEY_ACCOUNT;
	rig->membership.epoch = account.epoch;
	memcpy(rig->membership.key, account.key, KEYS_LEN);
	(void)snprintf(
	    rig->membership.user, sizeof(rig->membership.user), "alice");
	(void)snprintf(
	    rig->membership.name, sizeof(rig->membership.name), "laptop");
	randombytes_buf(rig->boot, sizeof(rig->boot));
	keys_generate(rig->secret_key, rig->public_key);
	keys_generate(rig->host_secret, rig->host_public);
	rig->receive.max = LIMITS_RECEIVE_BUDGET;
	rig->no_link = CODE_RELAY_UNREACHABLE;
	rig->grace = 600;
	tetherrig_list(rig, rig->host_public, true);
	tetherrig_link(rig);
}

void
tetherrig_restart(struct tetherrig *rig)
{
	for (size_t i = 0; i < rig->session_count; i++) {
		struct carrier *carrier = rig->sessions[i].carrier;

		rig->sessions[i].carrier = NULL;
		if (carrier != NULL) {
			/* Nobody is told by the host. */
			carrier_lose(carrier, CODE_LINK_LOST, "");
			carrier_close(carrier, CODE_CANCELLED);
		}
	}
}

void
tetherrig_close(struct tetherrig *rig)
{
	tetherrig_restart(rig);
	if (rig->linked) {
		tetherrig_cut(rig, CODE_CANCELLED);
	}
	hosts_free(rig->hosts);
	loop_free(rig->loop);
}

void
tetherrig_detach(struct tetherrig *rig, size_t i, enum code code)
{
	ck_assert_ptr_nonnull(rig->sessions[i].carrier);
	carrier_lose(rig->sessions[i].carrier, code, codes_summary(code));
}

void
tetherrig_await(struct tetherrig *rig, const int *count, int target)
{
	ck_assert(await_count(rig->loop, count, target));
}

void
tetherrig_settle(struct tetherrig *rig)
{
	for (int i = 0; i < SETTLE_ROUNDS; i++) {
		loop_poll(rig->loop);
	}
}
