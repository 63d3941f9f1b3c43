/* SPDX-License-Identifier: ISC */
/*
 * rivals: tells two machines with one device key from one that came back.
 *
 * A newer link of a device replaces the older one.  That is right when a
 * program lost its connection, or was started anew.  Where two machines run on
 * copies of one state directory it goes on for ever: each comes back and
 * replaces the other.  What tells them apart is the boot id, random at each
 * start of a program: one that was replaced by another start and then comes
 * back proves that both are alive.  No time is involved, so a slow fight is
 * noticed as well as a fast one.
 *
 * struct rivals is a value inside the object of a link; what one link knows is
 * handed on to the next, so it costs nothing where nobody fights.
 */
#ifndef INROAD_RELAY_RIVALS_H
#define INROAD_RELAY_RIVALS_H

#include <stdint.h>

#include "protocol/limits.h"
#include "protocol/linkhello.h"

/*
 * A fight is told again after this time.  Each round takes a minute or so: a
 * line for each would hide the rest of a log, one a day would be missed.
 */
#define RIVALS_QUIET (600 * LIMITS_SEC)

/* All zero at first.  Fields belong to this module. */
struct rivals {
	uint8_t boot[LINKHELLO_BOOT_LEN];  /* of this link's program */
	uint8_t other[LINKHELLO_BOOT_LEN]; /* of the one that it replaced */
	uint64_t told;                     /* when last, 0: never */
};

/* What a replacement means. */
enum rivals_verdict {
	RIVALS_RETURN,  /* the same program came back */
	RIVALS_ANOTHER, /* another start of it, on this machine or another */
	RIVALS_FIGHT,   /* both of them live, and it is time to say so */
};

/* The program with boot id boot logged in on the link that has rivals. */
void rivals_login(
    struct rivals *rivals, const uint8_t boot[LINKHELLO_BOOT_LEN]);

/*
 * The link that has newer replaces the one that has older at the time now, in
 * nanoseconds of a monotonic clock.  Returns what that means.
 */
enum rivals_verdict rivals_replace(
    struct rivals *newer, const struct rivals *older, uint64_t now);

#endif
