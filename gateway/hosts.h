/* SPDX-License-Identifier: ISC */
/*
 * hosts: what the relay told of our hosts, and the keys that we pinned.
 *
 * The list follows HOSTS frames (PROTOCOL.md section 5); names are decided by
 * it alone.  A host's key is pinned when a session to it first worked; when
 * the relay later names another one, the host is refused until the user
 * accepts it.  The reserved host TARGET_RELAY, the relay itself, is never in
 * the list, and never what a relay says: its key is known since the device
 * joined.
 *
 * Agents that share a name are its replicas, each with a key.  Once one of them
 * is pinned, a further key counts if its replica was invited from here, or the
 * user accepts it: a relay that knows what an agent knows, or a thief of one,
 * must not add a replica of its own making unnoticed.
 *
 * A host of another account is in the list while that shares it with ours.  It
 * has a name here, and is found, once its share was accepted (loans.h), which
 * also says what its key is.  An own host by the same name comes first.
 *
 * Pins outlive the list: they are kept as text, a line each, and one for how
 * many further keys are expected
 *
 *	owner/name 64 hexadecimal digits
 *	owner/name#2 64 hexadecimal digits
 *	owner/name +1
 *
 * There may be tens of thousands: an entry is taken in, found or forgotten in
 * constant time, also when a new list makes all of an old one void.  Only who
 * lists them by name waits for them to be sorted.
 *
 * Pure; the file is the owner's business.
 */
#ifndef INROAD_GATEWAY_HOSTS_H
#define INROAD_GATEWAY_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/linkmsg.h"

struct hosts;
struct loans;
struct share;

/*
 * Hosts and pins, at most: 80 MB.  An account has fewer; a relay that is not
 * honest must not fill our memory.
 */
#define HOSTS_MAX 250000

/* A host; read-only to others. */
struct host {
	char owner[NAME_USER_MAX + 1];
	char name[NAME_HOST_MAX + 1];
	uint8_t replica;       /* its number among those by that name */
	uint8_t key[KEYS_LEN]; /* as the relay says; zero: never online */
	uint8_t pin[KEYS_LEN];
	bool has_pin;
	bool is_strange; /* a further key, where others are pinned */
	bool online;
	uint64_t last_contact; /* unix seconds, 0: never */
	/* Of another account's: name is what it is called here. */
	uint64_t share;  /* id of the share, 0: it is our own */
	uint64_t expiry; /* of the share, unix seconds, 0: never */
	bool withdrawn;  /* the owner shares it no more */
	/* No host: another gateway, which is in no list (correspondents.h). */
	bool is_gateway;
};

/* Return an empty list, or NULL. */
struct hosts *hosts_new(void);

/* Free hosts; NULL is allowed. */
void hosts_free(struct hosts *hosts);

/*
 * Take the payload of a HOSTS frame.  Returns 0, or -1 when it is not right,
 * there are too many hosts or memory is short; what came before the fault
 * counts.
 */
int hosts_apply(struct hosts *hosts, const uint8_t *payload, size_t len);

/*
 * Call changed(host, arg) for a host that comes or goes, from what
 * hosts_apply() is told once the list is complete.
 */
void hosts_on_change(struct hosts *hosts,
    void (*changed)(const struct host *host, void *arg), void *arg);

/*
 * We are the account user, whose hosts are the own ones; hosts of others are
 * found by what loans, which outlives hosts, says.
 */
void hosts_set_user(struct hosts *hosts, const char *user, struct loans *loans);

/*
 * Return the share by which host is reached, NULL if it is our own or the share
 * is not there any more.
 */
const struct share *hosts_share(
    const struct hosts *hosts, const struct host *host);

/* Forget the list, as this is nobody's gateway any more; pins stay. */
void hosts_clear(struct hosts *hosts);

/* Return true once a whole list has come. */
bool hosts_is_complete(const struct hosts *hosts);

/*
 * Let the relay be found as the host TARGET_RELAY, with the key that the device
 * pinned when it joined.  It stays until hosts_clear().
 */
void hosts_set_relay(struct hosts *hosts, const uint8_t key[KEYS_LEN]);

/* Return true when host is the relay itself. */
bool hosts_is_relay(const struct host *host);

/*
 * Return the listed host by that name (lower case), of its replicas the one
 * that serves best, or the relay if that is
 * it; else NULL.
 */
const struct host *hosts_find(const struct hosts *hosts, const char *name);

/* As hosts_find(), for the replica of that number. */
const struct host *hosts_find_replica(
    const struct hosts *hosts, const char *name, uint8_t replica);

/* Replicas of a host: of most there is one. */
struct hosts_count {
	unsigned listed;
	unsigned online;  /* of those */
	unsigned refused; /* of those, as their key is none that counts */
};

/* Fill *out for the host by that name. */
void hosts_count_replicas(
    const struct hosts *hosts, const char *name, struct hosts_count *out);

/*
 * Return the name nearest to name, or NULL when none is near; of very many
 * hosts not all are looked at.
 */
const char *hosts_nearest(const struct hosts *hosts, const char *name);

/*
 * Call visit for every listed host, by name; of its replicas the one that
 * serves best stands for all.  Behind them come those of other accounts.
 */
void hosts_each(struct hosts *hosts,
    void (*visit)(const struct host *host, void *arg), void *arg);

/* Return true when the key that the relay names is none that counts. */
bool hosts_key_changed(const struct host *host);

/*
 * Pin the keys that the relay names for the host by that name, at the word of
 * the user, and no others.  Returns true when that changed something that has
 * to be saved.
 */
bool hosts_pin(struct hosts *hosts, const char *name);

/*
 * Pin key, which that replica of the host by that name has proved, unless there
 * is a pin: only the user changes one.  With the first key of a host those of
 * its other replicas are pinned that are listed then.  Returns as above.
 */
bool hosts_pin_proved(struct hosts *hosts, const char *name, uint8_t replica,
    const uint8_t key[KEYS_LEN]);

/*
 * So many more replicas of the host of owner by that name were invited from
 * here: their keys will count without a question.  To be saved, too.  Returns
 * 0, or -1 without memory.
 */
int hosts_expect(
    struct hosts *hosts, const char *owner, const char *name, unsigned count);

/*
 * Write all pins as text to a string that the caller frees with mem_free();
 * NULL when memory is short.
 */
char *hosts_format_pins(struct hosts *hosts);

/*
 * Take pins from text.  Returns 0, or the number of the first line that is not
 * right; lines before it count.
 */
unsigned hosts_parse_pins(struct hosts *hosts, const char *text);

#endif
