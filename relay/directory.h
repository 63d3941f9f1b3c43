/* SPDX-License-Identifier: ISC */
/*
 * directory: which hosts there are, and who is online.
 *
 * An entry is a host, known by its owner (an account) and its name, with its
 * public key.  It is online while it has a live object, the relay's end of its
 * agent's link; that object stays the relay's.
 *
 * Whoever watches an account reads what there is to know of its hosts when it
 * has room for it: the whole list, then changes.  Changes are state and no
 * queue: a host that changed a hundred times since it was read is read once, as
 * it is by then.  What is kept for watches that are behind are the hosts that
 * were removed, and of those no more than DIRECTORY_REMOVED_MAX an account:
 * beyond that they read the whole list anew.
 *
 * Names are given in lower case.  An entry costs about 170 bytes: 100,000
 * agents take 17 MB.
 */
#ifndef INROAD_RELAY_DIRECTORY_H
#define INROAD_RELAY_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct directory;
struct directory_host;
struct directory_watch;

/* Length of a host's public key. */
#define DIRECTORY_KEY_LEN 32

/* Removed hosts of an account that are kept for who has not read of it. */
#define DIRECTORY_REMOVED_MAX 1024

/* What a watch reads, in this order; after WHOLE changes without end. */
enum directory_event {
	DIRECTORY_NOTHING, /* there is no more now */
	DIRECTORY_ANEW,    /* the list begins; what was read before is void */
	DIRECTORY_LISTED,  /* a host of the list */
	DIRECTORY_WHOLE,   /* every host of the list has been read */
	DIRECTORY_CHANGED, /* a host, as it is now */
	DIRECTORY_REMOVED, /* the last that is heard of a host */
};

/*
 * Called with the watcher's arg when there is something to read after there
 * was nothing.  It must not call anything here.
 */
typedef void directory_ready(void *arg);

/* Called with a host and the arg of directory_each(). */
typedef void directory_visit(struct directory_host *host, void *arg);

/* Return an empty directory, or NULL. */
struct directory *directory_new(void);

/* Free directory, its hosts and watches without a word; NULL is allowed. */
void directory_free(struct directory *directory);

/*
 * Make the host of the account user by that name and number known, with its
 * public key and the time of its last contact (unix seconds, 0: never).  When
 * it is known already its key becomes public_key and its last contact the later
 * of both. Returns the host, which lives until directory_remove(), or NULL when
 * memory is short.
 */
struct directory_host *directory_add(struct directory *directory,
    const char *user, const char *name, uint8_t replica,
    const uint8_t public_key[DIRECTORY_KEY_LEN], uint64_t last_contact);

/* Forget host, online or not; NULL is allowed. */
void directory_remove(struct directory *directory, struct directory_host *host);

/*
 * The host is online through live, which is not NULL.  Returns what it was
 * online through before (for the caller to close), or NULL.
 */
void *directory_online(struct directory *directory, struct directory_host *host,
    void *live, uint64_t now);

/*
 * The host is no longer online through live, now being the time of its last
 * contact.  Nothing happens when it is online through something else: a newer
 * link took over.
 */
void directory_offline(struct directory *directory, struct directory_host *host,
    const void *live, uint64_t now);

/* Have host read again, as something else has changed about it. */
void directory_touch(struct directory_host *host);

/* Return the host of user by that name and number, or NULL. */
struct directory_host *directory_lookup(const struct directory *directory,
    const char *user, const char *name, uint8_t replica);

/*
 * Call visit(host, arg) for every host of user, by age.  visit may remove the
 * host it is given.
 */
void directory_each(const struct directory *directory, const char *user,
    directory_visit *visit, void *arg);

/*
 * Watch the hosts of user, who need not have any yet.  The list can be read at
 * once; ready(arg) tells of what comes later.  Returns NULL when memory is
 * short.
 */
struct directory_watch *directory_subscribe(struct directory *directory,
    const char *user, directory_ready *ready, void *arg);

/*
 * Return what there is to read next.  With LISTED, CHANGED and REMOVED *host is
 * the host, which after REMOVED lives until the next call of anything here.
 */
enum directory_event directory_read(struct directory *directory,
    struct directory_watch *watch, struct directory_host **host);

/* End watch; NULL is allowed. */
void directory_unsubscribe(
    struct directory *directory, struct directory_watch *watch);

/* Return how many hosts are known. */
size_t directory_count(const struct directory *directory);

/* Return how many hosts are online. */
size_t directory_count_online(const struct directory *directory);

/* Return the number of host among those by its name. */
uint8_t directory_host_replica(const struct directory_host *host);

/* Return the account that owns host. */
const char *directory_host_owner(const struct directory_host *host);

/* Return the name of host. */
const char *directory_host_name(const struct directory_host *host);

/* Return the public key of host, DIRECTORY_KEY_LEN bytes inside it. */
const uint8_t *directory_host_key(const struct directory_host *host);

/* Return what host is online through, NULL when it is offline. */
void *directory_host_live(const struct directory_host *host);

/* Return when host was last heard of, unix seconds, 0: never. */
uint64_t directory_host_last_contact(const struct directory_host *host);

#endif
