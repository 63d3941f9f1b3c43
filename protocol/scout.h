/* SPDX-License-Identifier: ISC */
/*
 * scout: looks whether the preferred relay is back while another one serves.
 *
 * It tries to log in there after the configured time, then after random times
 * up to a bound that doubles to SCOUT_TIME_MAX.  The first success is only
 * noted: the hosts of the account find their way back to that relay within
 * their own back-off, and a session that moves before its host waits for it.
 * At the second success, a while later, the owner gets the link.
 *
 *   IDLE --start--> WAITING <--> TRYING --up, the second time--> IDLE
 *
 * A relay that loses the link again within SCOUT_YOUNG makes the times double,
 * so that one that comes and goes is not followed each time.
 */
#ifndef INROAD_PROTOCOL_SCOUT_H
#define INROAD_PROTOCOL_SCOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/limits.h"

struct linkmsg_result;
struct link;
struct loop;
struct resolver;
struct scout;
struct uplink;
struct uplink_config;

/* When the scout goes for the first time, if nobody says so. */
#define SCOUT_TIME (60 * LIMITS_SEC)

/* The longest range that it chooses a time from. */
#define SCOUT_TIME_MAX (900 * LIMITS_SEC)

/* A link that is lost sooner was not worth the move. */
#define SCOUT_YOUNG (60 * LIMITS_SEC)

/*
 * The preferred relay is back: uplink, with a link that is up, is the owner's
 * from now on.  It is pinned.
 */
typedef void scout_found(
    struct uplink *uplink, const struct linkmsg_result *result, void *arg);

/*
 * Return a scout that is idle, or NULL.  Its uplinks are as config says, but
 * for its ops, and go to relay 0; it goes for the first time after time, 0:
 * SCOUT_TIME.
 */
struct scout *scout_new(struct loop *loop, struct resolver *resolver,
    const struct uplink_config *config, uint64_t time, scout_found *found,
    void *arg);

/* Let go of everything; NULL is allowed. */
void scout_free(struct scout *scout);

/*
 * Another relay serves, the one with incarnation: look for the preferred one,
 * unless that goes on.  If both are one, a login there has replaced the link,
 * and the owner gets the new one at the first success.
 */
void scout_start(struct scout *scout, uint64_t incarnation);

/* Return true while an attempt is under way. */
bool scout_is_trying(const struct scout *scout);

/* There is no use in looking, now that there is no link or the right one. */
void scout_stop(struct scout *scout);

/* The link that was found was lost after age. */
void scout_note_loss(struct scout *scout, uint64_t age);

#endif
