/* SPDX-License-Identifier: ISC */
/*
 * enrol: what this device is and where it belongs, in its state directory.
 *
 *	device.key   secret key, made at the first start
 *	membership   the membership that worked, without its token
 *	joining      digest and membership of a join string that has not worked
 *	             yet, with its token
 *	joined       digests of the join strings that have worked
 *	join         a join string left for the next start by "inroad join"
 *
 *   (nothing) --take--> joining --confirm--> membership --leave--> (nothing)
 *                          \____revert____ to the membership before, if any
 *
 * The membership in use is that of joining, if there is one.  It is on disk
 * before the first packet: a crash after the relay redeemed the token then
 * costs nothing, because the device that redeemed it may show it again, and an
 * account key that was made for it is not lost.
 *
 * Everything here blocks on files, at start-up and on rare occasions.
 */
#ifndef INROAD_PROTOCOL_ENROL_H
#define INROAD_PROTOCOL_ENROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/file.h"
#include "protocol/codes.h"
#include "protocol/keys.h"
#include "protocol/linkhello.h"

struct enrol;
struct fault;
struct linkmsg_result;
struct membership;
struct statedir;

/*
 * Complete the membership of a join string that will be used; 0, or -1 to
 * refuse it.
 */
typedef int enrol_complete(struct membership *membership, void *arg);

/*
 * Read what dir, which outlives enrol, knows of a device with role, and make
 * its key if there is none.  On FILE_OK *out is a new enrol; else NULL, and
 * fault says what to do.
 */
enum file_result enrol_open(struct enrol **out, struct statedir *dir,
    enum linkhello_role role, struct fault *fault);

/* Wipe and free enrol; NULL is allowed. */
void enrol_free(struct enrol *enrol);

/* Return the public key of this device, KEYS_LEN bytes inside enrol. */
const uint8_t *enrol_public_key(const struct enrol *enrol);

/* Return the secret key of this device, likewise. */
const uint8_t *enrol_secret_key(const struct enrol *enrol);

/*
 * Return the membership in use, or NULL.  It stays where it is as long as
 * enrol lives, and changes in place.
 */
const struct membership *enrol_membership(const struct enrol *enrol);

/* Return true when the membership in use has not worked yet. */
bool enrol_is_joining(const struct enrol *enrol);

/*
 * Take a join string: decode it, let complete(membership, arg), which may be
 * NULL, add to it, save it and use it.  Returns CODE_OK, CODE_JOIN_USED when
 * this state has used the string before and nothing changed, or why not; fault
 * then says so in words.
 */
enum code enrol_take(struct enrol *enrol, const char *string,
    enrol_complete *complete, void *arg, struct fault *fault);

/*
 * Take the string that "inroad join" left, as above; CODE_OK also when there
 * is none.
 */
enum code enrol_take_left(struct enrol *enrol, enrol_complete *complete,
    void *arg, struct fault *fault);

/* The login worked: keep the membership, without its token; 0 or -1. */
int enrol_confirm(struct enrol *enrol, struct fault *fault);

/*
 * The login will never work: forget it.  Returns true when there is a
 * membership that worked before; it is the one in use now.
 */
bool enrol_revert(struct enrol *enrol);

/* Forget every membership; 0 or -1. */
int enrol_leave(struct enrol *enrol, struct fault *fault);

/*
 * Keep the relays that result names which we do not know yet, behind those
 * that we do, and for a gateway the name that it has for the relay: one join
 * string may be for several.  An agent's is part of its key.  0 or -1.
 */
int enrol_learn(struct enrol *enrol, const struct linkmsg_result *result,
    struct fault *fault);

/* Replace the key of the membership, and its epoch, and save it; 0 or -1. */
int enrol_set_key(struct enrol *enrol, const uint8_t key[KEYS_LEN],
    uint32_t epoch, struct fault *fault);

#endif
