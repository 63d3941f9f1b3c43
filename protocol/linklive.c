/* SPDX-License-Identifier: ISC */
/* Whether the peer is still there (PROTOCOL.md section 4). */
#include "protocol/link_impl.h"

/*
 * Return true when something was carried to the peer lately, as seen from the
 * last sign of life: what was carried after that counts in any case.
 */
static bool
is_busy(const struct link *link)
{
	return link->carried != 0 && link->times->busy != 0 &&
	       link->carried + link->times->busy > link->heard;
}

uint64_t
linklive_deadline(const struct link *link)
{
	const struct link_times *times = link->times;
	uint64_t quiet = is_busy(link) ? times->busy_quiet : times->quiet;
	uint64_t dead = is_busy(link) ? times->busy_dead : times->dead;

	if (link->asked == 0) {
		return link->heard + quiet;
	}
	/* From the question on: the loop itself may have been held up. */
	return link->asked + (dead - quiet);
}

void
linklive_heard(struct link *link)
{
	link->heard = loop_now(link->loop);
	/* This may bring the deadline nearer, so the timer must be set. */
	if (link->asked != 0) {
		link->asked = 0;
		link_set_timer(link);
	}
}

void
linklive_carried(struct link *link)
{
	bool was_busy = is_busy(link);

	link->carried = loop_now(link->loop);
	/* Likewise. */
	if (!was_busy && link->state == LINK_UP) {
		link_set_timer(link);
	}
}

void
linklive_timeout(struct link *link)
{
	if (link->asked != 0) {
		link_close(link, CODE_LINK_LOST,
		    "nothing was heard from the other side for too long");
		return;
	}
	link->asked = loop_now(link->loop);
	link->ping_due = true;
	linkwrite_soon(link);
	link_set_timer(link);
}
