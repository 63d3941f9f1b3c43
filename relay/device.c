/* SPDX-License-Identifier: ISC */
#include "relay/device.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "relay/device_impl.h"
#include "relay/leases.h"
#include "relay/tenant.h"

/*
 * Attaches a second of one gateway, and at once: a session lives for hours, so
 * only a gateway with hundreds of hosts that all come back needs the burst.
 */
#define ATTACH_RATE 50
#define ATTACH_BURST 1000

/* Seconds after which a device comes back for a link that was too many. */
#define LINKS_RETRY 60

/* That guests are displaced is logged at most so often, in nanoseconds. */
#define DISPLACED_LOG (60 * LIMITS_SEC)

/* Devices told to go in one turn of the loop, each with a write to a socket. */
#define FAREWELL_TURN 128

static uint64_t
wall_clock(void)
{
	return (uint64_t)time(NULL);
}

const char *
device_user(const struct device *device)
{
	return account_row(device->account)->user;
}

/* --- the end --------------------------------------------------------- */

static void
destroy(void *object)
{
	struct device *device = object;

	idmap_free(device->calls);
	mem_free(device);
}

/* Count device in or out of the state that it enters or leaves. */
static uint32_t *
counter(struct device *device)
{
	struct device_hub_stats *stats = &device->hub->stats;

	if (device->state == DEVICE_GUEST) {
		return &stats->guests;
	}
	return device->role == LINKHELLO_AGENT ? &stats->agents
					       : &stats->gateways;
}

static void
move(struct device *device, enum device_state state)
{
	guests_leave(device->hub->guests, &device->guest);
	--*counter(device);
	device->state = state;
	if (state != DEVICE_GONE) {
		++*counter(device);
	}
}

/* A member leaves: its host is offline, its row has no link. */
static void
leave(struct device *device)
{
	struct device_hub *hub = device->hub;
	uint64_t now = wall_clock();

	directory_unsubscribe(hub->config.directory, device->watch);
	device->watch = NULL;
	devicelent_end(device);
	if (device->row == NULL) {
		return;
	}
	account_device_seen(device->row, now);
	if (account_device_link(device->row) == device) {
		account_device_set_link(device->row, NULL);
	}
	if (device->host != NULL) {
		directory_offline(
		    hub->config.directory, device->host, device, now);
	}
}

/* Device is in no list of hub any more: was it the last one? */
static void
tell_if_gone(struct device_hub *hub)
{
	void (*gone)(void *arg) = hub->gone;

	if (gone != NULL && list_empty(&hub->devices) &&
	    list_empty(&hub->leaving)) {
		hub->gone = NULL;
		gone(hub->gone_arg);
	}
}

/* The link has said its farewell, or could not. */
static void
on_farewell(struct link *link, enum code code, const char *text,
    uint32_t retry_after, void *arg)
{
	struct device *device = arg;

	(void)link;
	(void)code;
	(void)text;
	(void)retry_after;
	list_remove(&device->all);
	loop_reap(device->hub->config.loop, device, destroy);
	tell_if_gone(device->hub);
}

static const struct link_ops farewell = { .down = on_farewell };

/*
 * The one teardown.  A link that is not down yet only says its farewell; until
 * then the hub knows of it, and nobody else.
 */
static void
retire(struct device *device)
{
	if (device->state == DEVICE_GONE) {
		return;
	}
	move(device, DEVICE_GONE);
	account_cancel(device->login);
	device->login = NULL;
	devicerefuse_end(device);
	deviceask_end(device);
	deviceattach_end(device);
	leave(device);
	devicewalk_forget(device);
	list_remove(&device->all);
	if (device->link == NULL) {
		loop_reap(device->hub->config.loop, device, destroy);
		tell_if_gone(device->hub);
		return;
	}
	list_push_back(&device->hub->leaving, &device->all);
	link_set_owner(device->link, &farewell, device);
}

static void
on_down(struct link *link, enum code code, const char *text,
    uint32_t retry_after, void *arg)
{
	struct device *device = arg;

	(void)retry_after;
	device->link = NULL;
	if (device->state == DEVICE_MEMBER) {
		log_write(LOG_LEVEL_INFO, "link", link_id(link),
		    "%s/%s left: %s: %s", device_user(device),
		    account_device_row(device->row)->name, codes_slug(code),
		    text);
	}
	retire(device);
}

/* --- the login ------------------------------------------------------- */

/* A newer link of the same device takes over at once. */
static void
replace_older(struct device *device)
{
	struct device *older = account_device_link(device->row);
	char text[LIMITS_TEXT_LEN];

	account_device_set_link(device->row, device);
	if (older != NULL) {
		devicerivals_explain(device, older, text);
		link_goaway(older->link, CODE_REPLACED, text);
		retire(older);
	}
}

static int
join_as_agent(struct device *device)
{
	const struct store_device *row = account_device_row(device->row);
	struct device_hub *hub = device->hub;

	device->host = directory_add(hub->config.directory, device_user(device),
	    row->name, row->replica, row->public_key, wall_clock());
	if (device->host == NULL) {
		return -1;
	}
	(void)directory_online(
	    hub->config.directory, device->host, device, wall_clock());
	return 0;
}

/* Return over how many seconds the devices are to come back after a loss. */
static uint32_t
spread(const struct device_hub *hub)
{
	return (hub->stats.gateways + hub->stats.agents) /
	       hub->config.return_rate;
}

/* Tell in result where the relays are. */
static void
add_relays(const struct device_hub *hub, struct linkmsg_result *result)
{
	for (size_t i = 0; i < hub->config.public_count; i++) {
		(void)snprintf(result->relay[i], sizeof(result->relay[i]), "%s",
		    hub->config.publics[i]);
	}
	result->relays = hub->config.public_count;
}

static void
admit(struct device *device, const struct account_outcome *outcome)
{
	const struct store_device *row;
	struct linkmsg_result result = {
		.code = CODE_OK,
		.incarnation = device->hub->config.incarnation,
	};
	int ok;

	device->row = outcome->device;
	device->account = outcome->account;
	device->since = wall_clock();
	move(device, DEVICE_MEMBER);
	device->hub->stats.logins++;
	row = account_device_row(device->row);
	result.spread = spread(device->hub);
	add_relays(device->hub, &result);
	(void)snprintf(
	    result.user, sizeof(result.user), "%s", device_user(device));
	(void)snprintf(result.name, sizeof(result.name), "%s", row->name);
	log_write(LOG_LEVEL_INFO, "link", link_id(device->link),
	    "%s/%s logged in", result.user, row->name);
	replace_older(device);
	link_admit(device->link, &result);
	if (device->state != DEVICE_MEMBER) {
		return;
	}
	ok = device->role == LINKHELLO_AGENT ? join_as_agent(device)
					     : devicehosts_start(device);
	if (ok != 0) {
		link_close(device->link, CODE_OVERLOADED,
		    "the relay is out of memory");
	}
}

/* Return whether the link of an enrolled device is more than may be. */
static bool
exceeds_links(const struct account_outcome *outcome, char text[LIMITS_TEXT_LEN])
{
	uint64_t links = account_usage(outcome->account, ALLOWANCE_LINKS);

	return account_device_link(outcome->device) == NULL &&
	       account_exceeds(
		   outcome->account, ALLOWANCE_LINKS, links + 1, text);
}

static void
on_judged(const struct account_outcome *outcome, void *arg)
{
	struct device *device = arg;
	struct account_outcome refused = { .code = CODE_OK };

	device->login = NULL;
	if (device->state != DEVICE_GUEST) {
		return;
	}
	if (outcome->code != CODE_OK) {
		devicerefuse_start(device, outcome);
	} else if (exceeds_links(outcome, refused.text)) {
		(void)notices_limit(device->hub->notices, outcome->account,
		    "links", refused.text);
		refused.code = CODE_LIMIT;
		refused.retry_after = LINKS_RETRY;
		devicerefuse_start(device, &refused);
	} else if (!deviceadmin_refuse(device, outcome->account)) {
		admit(device, outcome);
	}
}

static void
on_login(struct link *link, const struct linkhello_login *login,
    const uint8_t key[KEYS_LEN], void *arg)
{
	struct device *device = arg;
	char origin[ADDR_TEXT_LEN];
	struct account_login request = {
		.hello = login,
		.role = link_role(link),
		.public_key = key,
		.origin = origin,
		.now = wall_clock(),
	};
	struct account_op *op;

	(void)addr_format_ip(link_peer(link), origin);
	/* on_judged() counts by role: it must be known before. */
	device->role = request.role;
	if (device->role == LINKHELLO_GATEWAY) {
		device->next_channel |= LIMITS_CHANNEL_CALLED;
	}
	device->login_at = loop_now(device->hub->config.loop);
	rivals_login(&device->rivals, login->boot);
	op = account_login(
	    device->hub->config.book, &request, on_judged, device);
	if (op != NULL) {
		device->login = op;
	}
}

/* --- frames ---------------------------------------------------------- */

static void
on_frame(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, void *arg)
{
	struct device *device = arg;

	if (device->state != DEVICE_MEMBER) {
		return;
	}
	switch (type) {
	case FRAME_ATTACH:
		deviceattach_request(device, channel, payload, len);
		break;
	case FRAME_ATTACHED:
		deviceattach_answer(device, channel, payload, len);
		break;
	case FRAME_RESOLVE:
		deviceresolve_request(device, payload, len);
		break;
	case FRAME_INVITE:
		deviceinvite_request(device, payload, len);
		break;
	case FRAME_SHARE:
		deviceshare_request(device, payload, len);
		break;
	case FRAME_RESULT:
	case FRAME_PING:
	case FRAME_PONG:
	case FRAME_GOAWAY:
	case FRAME_REKEY:
	case FRAME_NOTICE:
	case FRAME_HOSTS:
	case FRAME_DETACH:
	case FRAME_CREDIT:
	case FRAME_CARRY:
	case FRAME_RESOLVED:
	case FRAME_INVITED:
	case FRAME_SHARED:
	default:
		link_close(link, CODE_PROTOCOL_ERROR, "unexpected frame");
		break;
	}
}

static const struct link_ops callbacks = {
	.login = on_login,
	.frame = on_frame,
	.down = on_down,
	.room = devicehosts_room,
};

/* --- the hub --------------------------------------------------------- */

static void
send_away(struct device *device, void *arg)
{
	const struct linkmsg_goaway *goaway = arg;

	if (device->state == DEVICE_MEMBER) {
		link_set_spread(device->link, goaway->spread);
		link_goaway(device->link, goaway->code, goaway->text);
	} else {
		link_close(device->link, goaway->code, goaway->text);
	}
}

struct device_hub *
device_hub_new(const struct device_hub_config *config)
{
	struct device_hub *hub = mem_new(1, sizeof(*hub));

	if (hub == NULL) {
		return NULL;
	}
	hub->guests = guests_new(config->guests_max);
	hub->config = *config;
	list_init(&hub->devices);
	list_init(&hub->leaving);
	list_init(&hub->walks);
	devicewalk_init(
	    &hub->farewell, hub, FAREWELL_TURN, send_away, NULL, &hub->goaway);
	devicerule_start(hub);
	hub->refusals =
	    refusals_new(REFUSALS_ADDRESSES_MAX, loop_now(config->loop));
	hub->notices = notices_new(hub);
	hub->leases = leases_new(config->loop);
	if (hub->guests == NULL || hub->refusals == NULL ||
	    hub->leases == NULL || hub->notices == NULL ||
	    devicetenant_start(hub) != 0) {
		device_hub_free(hub);
		return NULL;
	}
	return hub;
}

/* Close the links of all devices in list, which leave it by that. */
static void
close_all(struct list *list)
{
	struct list *node = list_first(list);

	for (; node != NULL; node = list_first(list)) {
		struct device *device = list_entry(node, struct device, all);

		link_close(device->link, CODE_GOING_DOWN, "the relay stops");
	}
}

void
device_hub_free(struct device_hub *hub)
{
	if (hub != NULL) {
		device_hub_drain(hub, false);
		devicewalk_cancel(&hub->farewell);
		devicewalk_cancel(&hub->review);
		hub->gone = NULL;
		close_all(&hub->devices);
		close_all(&hub->leaving);
		tenant_book_free(hub->tenants);
		leases_free(hub->leases);
		notices_free(hub->notices);
		guests_free(hub->guests);
		refusals_free(hub->refusals);
		mem_free(hub);
	}
}

static void
init(struct device *device, struct device_hub *hub)
{
	device->hub = hub;
	device->state = DEVICE_GUEST;
	device->next_channel = 1;
	list_init(&device->all);
	list_init(&device->asks);
	list_init(&device->lenders);
	list_init(&device->callers);
	list_init(&device->made);
	list_init(&device->taken);
	ratelimit_init(&device->attach_rate, ATTACH_RATE, ATTACH_BURST,
	    loop_now(hub->config.loop));
}

/* Say once in a while who fills the places. */
static void
log_displaced(struct device_hub *hub, const struct link *link, uint32_t count)
{
	uint64_t now = loop_now(hub->config.loop);
	char from[ADDR_TEXT_LEN];

	if (hub->displaced_logged != 0 &&
	    now - hub->displaced_logged < DISPLACED_LOG) {
		return;
	}
	hub->displaced_logged = now;
	log_write(LOG_LEVEL_WARN, "relay", 0,
	    "all %" PRIu32 " places for connections that have not logged in "
	    "are taken, %" PRIu32 " from around %s; the oldest give way",
	    hub->config.guests_max, count,
	    addr_format_ip(link_peer(link), from));
}

/* Have a place free for one more guest. */
static void
make_room(struct device_hub *hub)
{
	uint32_t count;
	struct guest *guest = guests_due(hub->guests, &count);
	struct device *device;

	if (guest == NULL) {
		return;
	}
	device = list_entry(guest, struct device, guest);
	hub->stats.displaced++;
	log_displaced(hub, device->link, count);
	link_close(
	    device->link, CODE_OVERLOADED, "its place was needed for others");
}

/* Return a device that greets on fd, or NULL; fd is then the caller's. */
static struct device *
new_guest(struct device_hub *hub, int fd, const struct addr *peer)
{
	const struct link_relay_config config = {
		.public_key = hub->config.public_key,
		.secret_key = hub->config.secret_key,
		.times = hub->config.times,
	};
	struct device *device = mem_new(1, sizeof(*device));

	if (device == NULL) {
		return NULL;
	}
	init(device, hub);
	if (guests_enter(hub->guests, &device->guest, peer) == 0) {
		device->link = link_accept(
		    hub->config.loop, fd, &config, &callbacks, device);
	}
	if (device->link == NULL) {
		guests_leave(hub->guests, &device->guest);
		mem_free(device);
		return NULL;
	}
	list_push_back(&hub->devices, &device->all);
	++*counter(device);
	return device;
}

void
device_greet(struct device_hub *hub, int fd, const struct addr *peer)
{
	make_room(hub);
	if (new_guest(hub, fd, peer) == NULL) {
		(void)close(fd);
	}
}

void
device_hub_goaway(struct device_hub *hub, enum code code, const char *text,
    void (*gone)(void *arg), void *arg)
{
	hub->goaway = (struct linkmsg_goaway){
		.code = code,
		.spread = spread(hub),
	};
	(void)snprintf(hub->goaway.text, sizeof(hub->goaway.text), "%s", text);
	hub->gone = gone;
	hub->gone_arg = arg;
	devicewalk_start(&hub->farewell);
	tell_if_gone(hub);
}

void
device_expel(struct account_device *row, enum code code, const char *text)
{
	struct device *device = account_device_link(row);

	if (device != NULL) {
		link_goaway(device->link, code, text);
		retire(device);
	}
}
