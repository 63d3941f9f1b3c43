/* SPDX-License-Identifier: ISC */
/*
 * How many sessions there may be; declared in callers_impl.h.
 *
 * A message 1 can be a replay, so what it asks for must not cost anybody
 * anything: when it comes, it is only seen whether there would be room.  Room
 * is made when the session is confirmed.  What is not confirmed is not counted,
 * as LIMITS_PENDING_SESSIONS bounds it.
 */
#include <string.h>

#include "agent/callers_impl.h"
#include "protocol/limits.h"

/* Return true when call is from before the start that boot names. */
static bool
is_outlived(const struct call *call, const uint8_t *boot)
{
	return memcmp(call->boot, boot, sizeof(call->boot)) != 0;
}

/* Return the confirmed session other than call that has been lost longest. */
static struct call *
lost_longest(const struct callers *callers, const struct call *call)
{
	struct list *node = list_first(&callers->lost);

	for (; node != NULL; node = list_after(&callers->lost, node)) {
		struct call *lost = list_entry(node, struct call, lost);

		if (lost != call && lost->confirmed) {
			return lost;
		}
	}
	return NULL;
}

/*
 * Count the confirmed sessions of caller since the start that boot names, and
 * put the one of them, other than call, that has been lost longest to *victim.
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
callersroom_is_there(const struct callers *callers, const struct caller *caller,
    const uint8_t boot[SESSIONHELLO_BOOT_LEN])
{
	struct call *victim;
	size_t count = count_of(caller, boot, NULL, &victim);

	if (count >= LIMITS_CALLER_SESSIONS && victim == NULL) {
		return false;
	}
	return callers->sessions - callers->pending <
		   callers->config.sessions_max ||
	       lost_longest(callers, NULL) != NULL ||
	       has_outlived(caller, boot);
}

bool
callersroom_make(struct call *call)
{
	struct callers *callers = call->caller->callers;
	struct call *victim;
	size_t count = count_of(call->caller, call->boot, call, &victim);

	if (count > LIMITS_CALLER_SESSIONS) {
		if (victim == NULL) {
			return false;
		}
		callers_close_call(victim, CODE_REPLACED);
	}
	if (callers->sessions - callers->pending <=
	    callers->config.sessions_max) {
		return true;
	}
	victim = lost_longest(callers, call);
	if (victim != NULL) {
		callers_close_call(victim, CODE_OVERLOADED);
	}
	return victim != NULL;
}
