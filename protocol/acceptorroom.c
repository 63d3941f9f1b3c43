/* SPDX-License-Identifier: ISC */
/*
 * How many sessions there may be; declared in acceptor_impl.h.
 *
 * A message 1 can be a replay, so what it asks for must not cost anybody
 * anything: when it comes, it is only seen whether there would be room.  Room
 * is made when the session is confirmed.  What is not confirmed is not counted,
 * as config.pending_max bounds it.
 */
#include <sodium.h>

#include "protocol/acceptor_impl.h"
#include "protocol/session.h"

/* Return true when call is from before the start that boot names. */
static bool
is_outlived(const struct call *call, const uint8_t *boot)
{
	return sodium_memcmp(call->boot, boot, sizeof(call->boot)) != 0;
}

/* Return the confirmed session other than call that has been lost longest. */
static struct call *
lost_longest(const struct acceptor *acceptor, const struct call *call)
{
	struct list *node = list_first(&acceptor->lost);

	for (; node != NULL; node = list_after(&acceptor->lost, node)) {
		struct call *lost = list_entry(node, struct call, lost);

		if (lost != call && lost->confirmed) {
			return lost;
		}
	}
	return NULL;
}

/* Return true when nothing goes through the session of call. */
static bool
is_idle(const struct call *call)
{
	struct session_stats stats;

	session_get_stats(carrier_session(call->carrier), &stats);
	return stats.streams == 0;
}

/* Return the oldest confirmed session of caller, idle ones or not, but call. */
static struct call *
oldest_of(const struct caller *caller, const struct call *call, bool idle)
{
	struct list *node = list_first(&caller->calls);

	for (; node != NULL; node = list_after(&caller->calls, node)) {
		struct call *one = list_entry(node, struct call, node);

		if (one != call && one->confirmed && (!idle || is_idle(one))) {
			return one;
		}
	}
	return NULL;
}

/* Return the session other than call that others miss least, or NULL. */
static struct call *
find_spare(const struct acceptor *acceptor, const struct call *call)
{
	struct call *spare = lost_longest(acceptor, call);
	struct list *node = list_first(&acceptor->list);

	if (!acceptor->config.is_relay) {
		return spare;
	}
	for (; spare == NULL && node != NULL;
	     node = list_after(&acceptor->list, node)) {
		spare = oldest_of(
		    list_entry(node, struct caller, node), call, true);
	}
	return spare;
}

/*
 * Count the confirmed sessions of caller since the start that boot names, and
 * put to *victim the one of them, other than call, that has been lost longest;
 * at a relay, if none is, the oldest.
 */
static size_t
count_of(const struct caller *caller, const uint8_t *boot,
    const struct call *call, struct call **victim)
{
	struct list *node = caller != NULL ? list_first(&caller->calls) : NULL;
	size_t count = 0;

	*victim = NULL;
	for (; node != NULL; node = list_after(&caller->calls, node)) {
		struct call *one = list_entry(node, struct call, node);

		if (!one->confirmed || is_outlived(one, boot)) {
			continue;
		}
		count++;
		if (one != call && one->lost_at != 0 &&
		    (*victim == NULL || one->lost_at < (*victim)->lost_at)) {
			*victim = one;
		}
	}
	if (*victim == NULL && caller != NULL &&
	    caller->acceptor->config.is_relay) {
		*victim = oldest_of(caller, call, false);
	}
	return count;
}

/* Return true when caller has sessions that its new start ends. */
static bool
has_outlived(const struct caller *caller, const uint8_t *boot)
{
	struct list *node = caller != NULL ? list_first(&caller->calls) : NULL;

	for (; node != NULL; node = list_after(&caller->calls, node)) {
		struct call *call = list_entry(node, struct call, node);

		if (call->confirmed && is_outlived(call, boot)) {
			return true;
		}
	}
	return false;
}

bool
acceptorroom_is_there(const struct acceptor *acceptor,
    const struct caller *caller, const uint8_t boot[SESSIONHELLO_BOOT_LEN])
{
	struct call *victim;
	size_t count = count_of(caller, boot, NULL, &victim);

	if (count >= acceptor->config.caller_max && victim == NULL) {
		return false;
	}
	return acceptor->sessions - acceptor->pending <
		   acceptor->config.sessions_max ||
	       has_outlived(caller, boot) || find_spare(acceptor, NULL) != NULL;
}

bool
acceptorroom_make(struct call *call)
{
	struct acceptor *acceptor = call->caller->acceptor;
	struct call *victim;
	size_t count = count_of(call->caller, call->boot, call, &victim);

	if (count > acceptor->config.caller_max) {
		if (victim == NULL) {
			return false;
		}
		acceptor_close_call(victim, CODE_REPLACED);
	}
	if (acceptor->sessions - acceptor->pending <=
	    acceptor->config.sessions_max) {
		return true;
	}
	victim = find_spare(acceptor, call);
	if (victim != NULL) {
		acceptor_close_call(victim, CODE_OVERLOADED);
	}
	return victim != NULL;
}
