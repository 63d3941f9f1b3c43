/* SPDX-License-Identifier: ISC */
/*
 * audit: the last changes that somebody made, for people to look at.
 *
 * A ring of so many entries: a new one takes the place of the oldest.  The
 * store keeps more of them (STORE_AUDIT_KEPT); what is older than this ring is
 * read from its file.  Entries are values, written once.
 */
#ifndef INROAD_RELAY_AUDIT_H
#define INROAD_RELAY_AUDIT_H

#include <stddef.h>

#include "relay/store.h"

struct audit;

/* Return an audit of the last max entries, at least 1, or NULL. */
struct audit *audit_new(size_t max);

/* Free audit; NULL is allowed. */
void audit_free(struct audit *audit);

/* Keep a copy of entry, unless its action is empty: then nothing happened. */
void audit_add(struct audit *audit, const struct store_audit *entry);

/* Return how many entries there are. */
size_t audit_count(const struct audit *audit);

/*
 * Return entry number i of those that there are, 0 being the oldest; it stays
 * as it is until the next audit_add().
 */
const struct store_audit *audit_at(const struct audit *audit, size_t i);

#endif
