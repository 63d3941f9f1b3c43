/* SPDX-License-Identifier: ISC */
/* Which uplinks an endpoint has (PROTOCOL.md section 4). */
#include <sodium.h>
#include <stdio.h>

#include "common/log.h"
#include "protocol/endpoint_impl.h"
#include "protocol/enrol.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/linkmsg.h"
#include "protocol/scout.h"
#include "protocol/uplink.h"

/*
 * How long a way rests that leads where another one does.  A name may lead
 * elsewhere some day; but to find out costs a login that replaces the other
 * link, a gap of some round trips for whoever uses it.
 */
#define PARK_TIME (600 * LIMITS_SEC)
#define PARK_DOUBLINGS 5

/*
 * And when that link is lost: it comes back at once if its relay is there, and
 * then this way goes on resting.
 */
#define UNPARK_TIME (5 * LIMITS_SEC)

/*
 * Logins by two addresses at the same time may reach us in one order and the
 * relay in the other: what is replaced this soon after its twin was parked was
 * replaced by that.
 */
#define TWIN_FRESH (10 * LIMITS_SEC)

/* Return a random time from ns up to twice that. */
static uint64_t
about(uint64_t ns)
{
	uint64_t random;

	randombytes_buf(&random, sizeof(random));
	return ns + random % ns;
}

/* --- making and ending ------------------------------------------------ */

static struct uplink_config
config_of(struct endpoint *endpoint)
{
	return (struct uplink_config){
		.membership = enrol_membership(endpoint->enrol),
		.relays = &endpoint->relays,
		.public_key = enrol_public_key(endpoint->enrol),
		.secret_key = enrol_secret_key(endpoint->enrol),
		.boot_id = endpoint->boot,
		.ops = &endpointlink_ops,
	};
}

/* Return the way to relay, one that knows no other, or NULL. */
static struct endpoint_way *
find(struct endpoint *endpoint, size_t relay)
{
	for (size_t i = 0; i < MEMBERSHIP_RELAYS_MAX; i++) {
		struct endpoint_way *way = &endpoint->ways[i];

		if (way->uplink != NULL && uplink_relay(way->uplink) == relay) {
			return way;
		}
	}
	return NULL;
}

/* Open a way that begins with relay, and goes round unless pinned; 0 or -1. */
static int
open_way(struct endpoint *endpoint, size_t relay, bool pinned)
{
	struct uplink_config config = config_of(endpoint);
	struct endpoint_way *way = endpoint->ways;

	while (way->uplink != NULL) {
		way++;
	}
	*way = (struct endpoint_way){ .endpoint = endpoint };
	config.relay = relay;
	config.pinned = pinned;
	config.arg = way;
	way->uplink = uplink_new(endpoint->loop, endpoint->resolver, &config);
	if (way->uplink == NULL) {
		return -1;
	}
	uplink_start(way->uplink);
	return 0;
}

/* Open a way to each relay that has none; 0 or -1. */
static int
open_all(struct endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->relays.count; i++) {
		if (find(endpoint, i) == NULL &&
		    open_way(endpoint, i, true) != 0) {
			return -1;
		}
	}
	return 0;
}

void
endpointways_drop(struct endpoint *endpoint, enum code code)
{
	const char *text = codes_summary(code);
	bool was_up = endpoint_link(endpoint) != NULL;

	endpoint->dropping = true;
	scout_free(endpoint->scout);
	endpoint->scout = NULL;
	for (size_t i = 0; i < MEMBERSHIP_RELAYS_MAX; i++) {
		struct uplink *uplink = endpoint->ways[i].uplink;

		if (uplink != NULL && uplink_link(uplink) != NULL) {
			link_close(uplink_link(uplink), code, text);
		}
		uplink_free(uplink);
		endpoint->ways[i].uplink = NULL;
	}
	if (!was_up && code == CODE_NOT_JOINED) {
		endpointlink_tell_down(endpoint, NULL, code, text, 0);
	}
	endpoint->dropping = false;
}

void
endpointways_leave(struct endpoint *endpoint)
{
	for (size_t i = 0; i < MEMBERSHIP_RELAYS_MAX; i++) {
		struct uplink *uplink = endpoint->ways[i].uplink;

		if (uplink != NULL && uplink_link(uplink) != NULL) {
			link_goaway(uplink_link(uplink), CODE_GOING_DOWN,
			    codes_summary(CODE_GOING_DOWN));
		}
	}
}

/* --- the preferred relay ---------------------------------------------- */

/* The preferred relay is back: its link takes the place of the other. */
static void
on_scouted(
    struct uplink *uplink, const struct linkmsg_result *result, void *arg)
{
	struct endpoint *endpoint = arg;
	struct endpoint_way *way = endpoint->ways;
	struct uplink *older = way->uplink;
	bool was_up = uplink_link(older) != NULL;
	char text[LIMITS_TEXT_LEN];

	(void)snprintf(
	    text, sizeof(text), "back to %.200s", endpoint->relays.address[0]);
	uplink_stop(older, CODE_REPLACED, text);
	if (was_up) {
		endpointlink_tell_down(endpoint, way, CODE_REPLACED, text, 0);
	}
	uplink_free(older);
	way->uplink = uplink;
	uplink_set_owner(uplink, &endpointlink_ops, way);
	uplink_pin(uplink, false);
	endpointlink_come_up(way, uplink_link(uplink), result);
}

/* A gateway is linked: look for the preferred relay if it is another one. */
static void
look_out(struct endpoint *endpoint, const struct endpoint_way *way)
{
	if (endpoint->scout == NULL) {
		return;
	}
	if (uplink_relay(way->uplink) == 0) {
		scout_stop(endpoint->scout);
	} else {
		scout_start(endpoint->scout, way->incarnation);
	}
}

/* --- two addresses of one relay ---------------------------------------- */

/* Let idle rest, which leads to the relay that linked is linked to. */
static void
park(struct endpoint_way *idle, const struct endpoint_way *linked)
{
	struct endpoint *endpoint = idle->endpoint;
	const char *other =
	    endpoint->relays.address[uplink_relay(linked->uplink)];
	bool is_new = uplink_link(idle->uplink) != NULL || idle->twin != linked;
	uint64_t ns = about(PARK_TIME << idle->parked);
	char text[LIMITS_TEXT_LEN];

	(void)snprintf(text, sizeof(text), "the same relay as %.200s", other);
	if (idle->parked < PARK_DOUBLINGS) {
		idle->parked++;
	}
	if (is_new) {
		endpointlink_tell_down(endpoint, idle, CODE_REPLACED, text, ns);
	}
	idle->twin = linked;
	idle->parked_at = loop_now(endpoint->loop);
	uplink_park(idle->uplink, ns, text);
}

/* Let ways that lead where way does rest. */
static void
park_twins(struct endpoint_way *way)
{
	for (size_t i = 0; i < MEMBERSHIP_RELAYS_MAX; i++) {
		struct endpoint_way *idle = &way->endpoint->ways[i];

		if (idle != way && idle->uplink != NULL &&
		    (idle->twin == way ||
			idle->incarnation == way->incarnation) &&
		    !uplink_is_trying(idle->uplink)) {
			park(idle, way);
		}
	}
}

/* The link by way is lost: those that rested for it may have to serve. */
static void
wake_twins(const struct endpoint_way *way)
{
	for (size_t i = 0; i < MEMBERSHIP_RELAYS_MAX; i++) {
		struct endpoint_way *other = &way->endpoint->ways[i];

		if (other->uplink != NULL && other->twin == way) {
			uplink_park(other->uplink, about(UNPARK_TIME),
			    "waiting for the other address of its relay");
		}
	}
}

/* There is no link any more: ways that wait for their relays wait no longer. */
static void
hurry_others(struct endpoint_way *way)
{
	for (size_t i = 0; i < MEMBERSHIP_RELAYS_MAX; i++) {
		struct endpoint_way *other = &way->endpoint->ways[i];

		if (other != way && other->uplink != NULL &&
		    other->twin == NULL) {
			uplink_hurry(other->uplink);
		}
	}
}

/* Return true when another way was parked for this one a moment ago. */
static bool
has_fresh_twin(const struct endpoint_way *way)
{
	uint64_t now = loop_now(way->endpoint->loop);

	for (size_t i = 0; i < MEMBERSHIP_RELAYS_MAX; i++) {
		const struct endpoint_way *other = &way->endpoint->ways[i];

		if (other->uplink != NULL && other->twin == way &&
		    now - other->parked_at < TWIN_FRESH) {
			return true;
		}
	}
	return false;
}

/* --- what the uplinks meet -------------------------------------------- */

void
endpointways_arrange(struct endpoint_way *way, uint64_t incarnation)
{
	struct endpoint *endpoint = way->endpoint;

	way->incarnation = incarnation;
	way->linked_at = loop_now(endpoint->loop);
	way->twin = NULL;
	if (endpoint->role == LINKHELLO_GATEWAY) {
		look_out(endpoint, way);
		return;
	}
	uplink_pin(way->uplink, true);
	if (incarnation != 0) {
		park_twins(way);
	}
	if (open_all(endpoint) != 0) {
		log_write(LOG_LEVEL_ERROR, "state", 0,
		    "out of memory: not all relays are used");
	}
}

/* The one link of a gateway is lost, after age if it was up. */
static void
lose_sight(struct endpoint_way *way, enum code code, bool was_up, uint64_t age)
{
	struct scout *scout = way->endpoint->scout;

	if (was_up && uplink_relay(way->uplink) == 0) {
		scout_note_loss(scout, age);
	}
	/* If the scout did it, the next link is on its way. */
	if (code != CODE_REPLACED || !scout_is_trying(scout)) {
		scout_stop(scout);
	}
}

void
endpointways_lost(struct endpoint_way *way, enum code code)
{
	struct endpoint *endpoint = way->endpoint;
	bool was_up = way->linked_at != 0;
	uint64_t age = loop_now(endpoint->loop) - way->linked_at;

	way->linked_at = 0;
	if (code == CODE_REPLACED && has_fresh_twin(way)) {
		uplink_park(way->uplink, 0, "logging in again");
		return;
	}
	wake_twins(way);
	if (was_up && endpoint_link(endpoint) == NULL) {
		hurry_others(way);
	}
	if (endpoint->scout != NULL) {
		lose_sight(way, code, was_up, age);
	}
}

bool
endpointways_replaced_itself(const struct endpoint_way *way)
{
	const struct endpoint *endpoint = way->endpoint;

	if (endpoint->scout != NULL) {
		return scout_is_trying(endpoint->scout);
	}
	if (has_fresh_twin(way)) {
		return true;
	}
	for (size_t i = 0; i < MEMBERSHIP_RELAYS_MAX; i++) {
		const struct endpoint_way *other = &endpoint->ways[i];

		if (other != way && other->uplink != NULL &&
		    uplink_is_trying(other->uplink)) {
			return true;
		}
	}
	return false;
}

void
endpointways_renew(void *arg)
{
	struct endpoint *endpoint = arg;
	const struct membership *membership = enrol_membership(endpoint->enrol);
	bool one = endpoint->role == LINKHELLO_GATEWAY ||
		   enrol_is_joining(endpoint->enrol);
	struct uplink_config config = config_of(endpoint);
	int result;

	if (endpoint->phase != ENDPOINT_SERVING) {
		return;
	}
	if (membership == NULL) {
		endpointways_drop(endpoint, CODE_NOT_JOINED);
		return;
	}
	endpointways_drop(endpoint, CODE_REPLACED);
	endpoint->relays = endpoint->chosen;
	if (endpoint->chosen.count == 0) {
		relaylist_merge(&endpoint->relays, membership);
	}
	result = one ? open_way(endpoint, 0, false) : open_all(endpoint);
	if (result == 0 && endpoint->role == LINKHELLO_GATEWAY) {
		endpoint->scout = scout_new(endpoint->loop, endpoint->resolver,
		    &config, endpoint->scout_time, on_scouted, endpoint);
		result = endpoint->scout != NULL ? 0 : -1;
	}
	if (result != 0) {
		log_write(LOG_LEVEL_ERROR, "state", 0, "out of memory");
		loop_stop(endpoint->loop);
	}
}

const struct endpoint_way *
endpointways_best(const struct endpoint *endpoint)
{
	const struct endpoint_way *best = NULL;
	bool best_up = false;

	for (size_t i = 0; i < MEMBERSHIP_RELAYS_MAX; i++) {
		const struct endpoint_way *way = &endpoint->ways[i];
		bool up;

		if (way->uplink == NULL) {
			continue;
		}
		up = uplink_link(way->uplink) != NULL;
		if (best == NULL || up > best_up ||
		    (up == best_up && uplink_relay(way->uplink) <
					  uplink_relay(best->uplink))) {
			best = way;
			best_up = up;
		}
	}
	return best;
}
