/* SPDX-License-Identifier: ISC */
/* What people are told of peers; declared in peers.h and peers_impl.h. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/loop.h"
#include "gateway/hosts.h"
#include "gateway/peers_impl.h"
#include "protocol/endpoint.h"
#include "protocol/link.h"
#include "protocol/membership.h"

/* --- why there is no session ----------------------------------------- */

/* Say since when host is offline, and what to do. */
static enum code
describe_offline(const struct host *host, char text[LIMITS_TEXT_LEN])
{
	time_t now = time(NULL);
	uint64_t gone = (uint64_t)now - host->last_contact;
	const char *unit = "s";
	const char *remedy = host->share != 0
				 ? "Its owner can look why."
				 : "On it, run \"inroad-agent --check\" and "
				   "look at its log.";

	if (host->last_contact == 0 || host->last_contact > (uint64_t)now) {
		(void)snprintf(text, LIMITS_TEXT_LEN,
		    "\"%s\" is offline and was never seen. %s", host->name,
		    remedy);
		return CODE_HOST_OFFLINE;
	}
	if (gone >= 2 * 86400) {
		gone /= 86400;
		unit = "days";
	} else if (gone >= 2 * 3600) {
		gone /= 3600;
		unit = "h";
	} else if (gone >= 120) {
		gone /= 60;
		unit = "min";
	}
	(void)snprintf(text, LIMITS_TEXT_LEN,
	    "\"%s\" is offline, last seen %llu %s ago. %s", host->name,
	    (unsigned long long)gone, unit, remedy);
	return CODE_HOST_OFFLINE;
}

/* Return why the relay keeps the session of peer from its host, in words. */
static enum code
describe_refusal(const struct peer *peer, char text[LIMITS_TEXT_LEN])
{
	enum code code = CODE_OK;
	const char *why;

	if (peer != NULL && peer->tether != NULL) {
		code = tether_refusal(peer->tether, &why);
	}
	if (code != CODE_OK) {
		(void)snprintf(text, LIMITS_TEXT_LEN, "%s", why);
	}
	return code;
}

/* Return true when the share of host is good; else say why not. */
static bool
may_use(const struct host *host, char text[LIMITS_TEXT_LEN])
{
	if (host->expiry != 0 && host->expiry <= (uint64_t)time(NULL)) {
		(void)snprintf(text, LIMITS_TEXT_LEN,
		    "The share of \"%s\" has expired; ask \"%s\" for a new "
		    "one.",
		    host->name, host->owner);
		return false;
	}
	if (host->withdrawn) {
		(void)snprintf(text, LIMITS_TEXT_LEN,
		    "\"%s\" does not share \"%s\" with you any more.",
		    host->owner, host->name);
		return false;
	}
	return true;
}

/* Say why host, which is called name if it is there, cannot be called. */
static enum code
why_host(const struct peers *peers, const char *name, const struct host *host,
    char text[LIMITS_TEXT_LEN])
{
	struct endpoint *endpoint = peers->config.endpoint;
	const struct membership *membership = endpoint_membership(endpoint);

	if (membership == NULL || endpoint_link(endpoint) == NULL) {
		return endpoint_no_link(endpoint, text);
	}
	if (host == NULL) {
		(void)snprintf(text, LIMITS_TEXT_LEN, "No host \"%s\".", name);
		return CODE_HOST_UNKNOWN;
	}
	if (hosts_is_relay(host)) {
		return CODE_OK;
	}
	if (host->share != 0 && !may_use(host, text)) {
		return CODE_DENIED;
	}
	if (host->share == 0 &&
	    membership->key_kind != MEMBERSHIP_KEY_ACCOUNT) {
		(void)snprintf(text, LIMITS_TEXT_LEN, "%s",
		    codes_summary(CODE_ACCOUNT_KEY));
		return CODE_ACCOUNT_KEY;
	}
	if (!host->online) {
		return describe_offline(host, text);
	}
	if (hosts_key_changed(host)) {
		(void)snprintf(text, LIMITS_TEXT_LEN,
		    "\"%s\" has a new key (reinstalled?). \"inroad "
		    "accept-key %s\" if you expect it.",
		    host->name, host->name);
		return CODE_HOST_KEY_CHANGED;
	}
	return describe_refusal(peers_find(peers, name, host->replica), text);
}

enum code
peers_why(
    const struct peers *peers, const char *name, char text[LIMITS_TEXT_LEN])
{
	return why_host(
	    peers, name, hosts_find(peers->config.hosts, name), text);
}

enum code
peers_why_replica(const struct peers *peers, const char *name, uint8_t replica,
    char text[LIMITS_TEXT_LEN])
{
	return why_host(peers, name,
	    hosts_find_replica(peers->config.hosts, name, replica), text);
}

bool
peerstold_is_passing(const struct peers *peers, enum code code)
{
	struct link *link = endpoint_link(peers->config.endpoint);

	if (peers->closed) {
		return false;
	}
	if (code == CODE_LINK_LOST || (link != NULL && !link_is_up(link))) {
		return true;
	}
	if (loop_now(peers->config.loop) >= peers->restoring_until) {
		return false;
	}
	switch ((int)code) {
	case CODE_HOST_OFFLINE:
	case CODE_RELAY_UNREACHABLE:
	case CODE_RELAY_DNS:
	case CODE_REPLACED:
	case CODE_GOING_DOWN:
	case CODE_SESSION_LOST:
		return true;
	case CODE_HOST_UNKNOWN:
		return !hosts_is_complete(peers->config.hosts);
	default:
		return false;
	}
}

/* --- numbers --------------------------------------------------------- */

static void
add_up(struct peers_info *info, struct tether *tether)
{
	struct session *session = tether_session(tether);
	struct session_stats stats;

	session_get_stats(session, &stats);
	info->stats.streams += stats.streams;
	info->stats.streams_ever += stats.streams_ever;
	info->stats.sent += stats.sent;
	info->stats.received += stats.received;
	info->stats.retained += stats.retained;
	info->stats.rekeys += stats.rekeys;
	info->stats.resumes += stats.resumes;
	info->stats.resent += stats.resent;
	if (tether_is_lost(tether)) {
		info->waiting += stats.streams;
	}
}

/* Add what there is of peer to out; false when it has no session. */
static bool
add_peer(const struct peer *peer, struct peers_info *out)
{
	const struct peers *peers = peer->peers;
	struct list *node;

	for (node = list_first(&peer->retired); node != NULL;
	     node = list_after(&peer->retired, node)) {
		add_up(out, list_entry(node, struct retired, all)->tether);
	}
	for (node = list_first(&peer->waits); node != NULL;
	     node = list_after(&peer->waits, node)) {
		out->waiting++;
	}
	/* While a fresh one is called there may be old ones only. */
	if (peer->tether == NULL || tether_session(peer->tether) == NULL) {
		return !list_empty(&peer->retired);
	}
	add_up(out, peer->tether);
	out->rtt_ns = session_rtt(tether_session(peer->tether));
	out->is_lost = tether_is_lost(peer->tether);
	if (out->is_lost) {
		out->lost_for_ns =
		    loop_now(peers->config.loop) - tether_lost_at(peer->tether);
	}
	out->last_gap_ns = tether_last_gap(peer->tether);
	return true;
}

/*
 * Sessions with several replicas are added up; what there is one of is that of
 * one that is not lost, if there is such a one.
 */
bool
peers_get_info(
    const struct peers *peers, const char *host, struct peers_info *out)
{
	const struct peer *peer = peers_next(peers, host, NULL);
	bool found = false;

	memset(out, 0, sizeof(*out));
	for (; peer != NULL; peer = peers_next(peers, host, peer)) {
		const struct peers_info before = *out;
		bool was_well = found && !before.is_lost;

		found = add_peer(peer, out) || found;
		if (was_well) {
			out->rtt_ns = before.rtt_ns;
			out->is_lost = false;
			out->lost_for_ns = 0;
			out->last_gap_ns = before.last_gap_ns;
		} else if (!out->is_lost) {
			out->lost_for_ns = 0;
		}
	}
	return found;
}

uint8_t
peers_replica(const struct peers *peers, const struct session *session)
{
	struct list *node = list_first(&peers->all);

	for (; node != NULL; node = list_after(&peers->all, node)) {
		const struct peer *peer = list_entry(node, struct peer, all);

		if (peer->tether != NULL &&
		    tether_session(peer->tether) == session) {
			return peer->replica;
		}
	}
	return 0;
}

bool
peers_want_link(const struct peers *peers)
{
	struct list *node = list_first(&peers->all);

	for (; node != NULL; node = list_after(&peers->all, node)) {
		struct peer *peer = list_entry(node, struct peer, all);
		struct list *old = list_first(&peer->retired);

		if (!list_empty(&peer->waits) ||
		    (peer->tether != NULL && tether_is_lost(peer->tether))) {
			return true;
		}
		for (; old != NULL; old = list_after(&peer->retired, old)) {
			if (tether_is_lost(
				list_entry(old, struct retired, all)->tether)) {
				return true;
			}
		}
	}
	return false;
}

uint32_t
peers_streams(const struct peers *peers)
{
	struct list *node = list_first(&peers->all);
	uint32_t total = 0;

	for (; node != NULL; node = list_after(&peers->all, node)) {
		struct peers_info info = { .rtt_ns = 0 };

		(void)add_peer(list_entry(node, struct peer, all), &info);
		total += info.stats.streams;
	}
	return total;
}

uint64_t
peers_retained(const struct peers *peers)
{
	return peers->space.retain.used;
}
