/* SPDX-License-Identifier: ISC */
#include "tests/support/relayrig.h"

#include <check.h>
#include <string.h>

#include "common/fault.h"
#include "common/listener.h"
#include "common/loop.h"
#include "common/resolver.h"

/* --- what a relay does ------------------------------------------------ */

static void
on_login(struct link *link, const struct linkhello_login *login,
    const uint8_t key[KEYS_LEN], void *arg)
{
	struct relayrig_relay *relay = arg;
	struct linkmsg_result result = {
		.code = CODE_OK,
		.incarnation = relay->incarnation,
	};

	(void)key;
	relay->logins++;
	relay->had_token = login->has_token;
	if (relay->refusal != CODE_OK) {
		link_refuse(link, relay->refusal, "because", relay->pause);
	} else {
		link_admit(link, &result);
	}
}

static void
on_down(struct link *link, enum code code, const char *text,
    uint32_t retry_after, void *arg)
{
	struct relayrig_relay *relay = arg;

	(void)code;
	(void)text;
	(void)retry_after;
	relay->downs++;
	for (size_t i = 0; i < relay->link_count; i++) {
		if (relay->links[i] == link) {
			relay->links[i] = NULL;
		}
	}
}

static const struct link_ops relay_ops = {
	.login = on_login,
	.down = on_down,
};

static void
on_connection(int fd, const struct addr *peer, void *arg)
{
	struct relayrig_relay *relay = arg;
	const struct link_relay_config config = {
		.public_key = relay->rig->membership.relay_public,
		.secret_key = relay->rig->relay_secret,
	};
	struct link *link =
	    link_accept(relay->rig->loop, fd, &config, &relay_ops, relay);

	(void)peer;
	ck_assert_ptr_nonnull(link);
	ck_assert_uint_lt(relay->link_count, RELAYRIG_LINKS_MAX);
	relay->links[relay->link_count++] = link;
}

/* --- coming and going ------------------------------------------------- */

void
relayrig_cut(struct relayrig *rig, size_t relay)
{
	struct relayrig_relay *cut = &rig->relay[relay];

	for (size_t i = 0; i < cut->link_count; i++) {
		link_close(cut->links[i], CODE_CANCELLED, "cut");
	}
	cut->link_count = 0;
}

void
relayrig_leave(struct relayrig *rig, size_t relay)
{
	listener_free(rig->relay[relay].listener);
	rig->relay[relay].listener = NULL;
	relayrig_cut(rig, relay);
}

/* Let relay listen at its address, which may be any. */
static void
serve(struct relayrig_relay *relay)
{
	struct listener_config config = { .addr = relay->addr };
	struct fault fault;

	relay->listener = listener_new(
	    relay->rig->loop, &config, on_connection, relay, &fault);
	ck_assert_msg(relay->listener != NULL, "%s", fault.text);
	listener_addr(relay->listener, &relay->addr);
}

void
relayrig_return(struct relayrig *rig, size_t relay)
{
	serve(&rig->relay[relay]);
}

void
relayrig_linger(struct relayrig *rig, uint64_t ns)
{
	uint64_t until = loop_now(rig->loop) + ns;

	while (loop_now(rig->loop) < until) {
		loop_poll(rig->loop);
	}
}

/* --- life ------------------------------------------------------------- */

void
relayrig_open(struct relayrig *rig, size_t relays)
{
	/* Nobody answers there: no test asks a real name server. */
	static const struct resolver_config nobody_to_ask = {
		.servers = "127.0.0.1:1",
		.timeout = 1,
	};
	char text[ADDR_TEXT_LEN];

	memset(rig, 0, sizeof(*rig));
	rig->loop = loop_new();
	ck_assert_ptr_nonnull(rig->loop);
	rig->resolver = resolver_new(rig->loop, &nobody_to_ask);
	ck_assert_ptr_nonnull(rig->resolver);
	keys_generate(rig->relay_secret, rig->membership.relay_public);
	keys_generate(rig->device_secret, rig->device_public);
	rig->membership.role = LINKHELLO_GATEWAY;
	memcpy(rig->membership.user, "alice", 6);
	memcpy(rig->membership.name, "laptop", 7);
	for (size_t i = 0; i < relays; i++) {
		rig->relay[i].rig = rig;
		rig->relay[i].incarnation = 100 + i;
		ck_assert_int_eq(
		    addr_parse(&rig->relay[i].addr, "127.0.0.1:0"), 0);
		serve(&rig->relay[i]);
		ck_assert_int_eq(relaylist_add(&rig->relays,
				     addr_format(&rig->relay[i].addr, text)),
		    0);
	}
}

void
relayrig_close(struct relayrig *rig)
{
	for (size_t i = 0; i < RELAYRIG_RELAYS_MAX; i++) {
		relayrig_leave(rig, i);
	}
	/* Goodbyes are said within an iteration or two. */
	for (int i = 0; i < 20; i++) {
		loop_poll(rig->loop);
	}
	resolver_free(rig->resolver);
	loop_free(rig->loop);
}

struct uplink_config
relayrig_config(struct relayrig *rig)
{
	return (struct uplink_config){
		.membership = &rig->membership,
		.relays = &rig->relays,
		.public_key = rig->device_public,
		.secret_key = rig->device_secret,
		.boot_id = rig->boot_id,
	};
}
