/* SPDX-License-Identifier: ISC */
/*
 * notices: what the relay tells people (NOTICE, PROTOCOL.md section 5).
 *
 * A notice goes to devices that are connected; nobody keeps one for the others,
 * because what it tells of is soon over, and what stays can be asked for.
 * A device, or all of an account, are told at once.  Everybody is told in turns
 * of the loop, NOTICES_TURN devices each, since there can be 100,000; a few of
 * these may wait for one another.  Of a limit that was reached all of the
 * account are told, at most once in NOTICES_LIMIT_PAUSE for each account and
 * kind, however often it happens.
 *
 * A text is UTF-8 of 1 to LIMITS_TEXT_LEN - 1 bytes; longer ones are cut.
 */
#ifndef INROAD_RELAY_NOTICES_H
#define INROAD_RELAY_NOTICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/linkmsg.h"

struct account;
struct account_device;
struct device;
struct device_hub;
struct notices;

/* Devices told in one turn of the loop: some hundred microseconds. */
#define NOTICES_TURN 512

/* Notices to everybody that are under way; an operator writes one. */
#define NOTICES_BROADCASTS_MAX 8

/* Nanoseconds; a limit that is still reached then is worth another word. */
#define NOTICES_LIMIT_PAUSE (UINT64_C(600) * 1000000000)

/*
 * Places in which it is noted who was told of a limit.  Two that meet in one
 * are told once more than they need.
 */
#define NOTICES_LIMIT_SLOTS 1024

/* Return the notices of hub, which outlives them, or NULL. */
struct notices *notices_new(struct device_hub *hub);

/* Return the notices of hub, which live as long as it does. */
struct notices *notices_of(const struct device_hub *hub);

/* Free notices with what was not told yet; NULL is allowed. */
void notices_free(struct notices *notices);

/* Tell device; false when it is not connected. */
bool notices_device(const struct account_device *device,
    enum linkmsg_severity severity, const char *text);

/* Tell the devices of account; returns how many those are. */
size_t notices_account(const struct account *account,
    enum linkmsg_severity severity, const char *text);

/*
 * Tell every device that is connected now, in the turns to come.  Returns 0, or
 * -1 when too many such notices are under way.
 */
int notices_all(
    struct notices *notices, enum linkmsg_severity severity, const char *text);

/*
 * Tell the devices of account, with the severity of a warning, that they have
 * met a limit of that kind, a name in lower case, unless they were told not
 * long ago.  Returns how many were told.
 */
size_t notices_limit(struct notices *notices, const struct account *account,
    const char *kind, const char *text);

#endif
