/* SPDX-License-Identifier: ISC */
/*
 * table: finds objects by a key that somebody else may have chosen.
 *
 * A hash table through the objects themselves: each member embeds a struct
 * table_node, and one function given at creation says what its key is.  The
 * hash is SipHash under a random key, so that who chooses names cannot choose
 * collisions.  Inserting never fails: when memory for more buckets is short the
 * chains grow longer.  The buckets follow the number of members up and down, a
 * few with each change: no call takes long however many members there are.  A
 * member's key must not change while it is in.
 *
 * Two members may have the same key; table_find() then yields the one that was
 * inserted last.  Members stay the caller's, who takes them out before freeing
 * them.
 */
#ifndef INROAD_COMMON_TABLE_H
#define INROAD_COMMON_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table;

/* Inside every member.  Fields belong to this module. */
struct table_node {
	struct table_node *next;
	uint64_t hash;
};

/* A key: a number and bytes, either of which may be unused; a value. */
struct table_key {
	uint64_t number;
	const void *bytes; /* may be NULL when len is 0 */
	size_t len;
};

/* Return the key of node's object; its bytes live inside the object. */
typedef struct table_key table_key_of(const struct table_node *node);

/* Called with a member and the arg of table_each(). */
typedef void table_visit(struct table_node *node, void *arg);

/* Return an empty table of members whose keys key_of tells, or NULL. */
struct table *table_new(table_key_of *key_of);

/* Free table, not its members; NULL is allowed. */
void table_free(struct table *table);

/* Return the member with that key, or NULL. */
struct table_node *table_find(
    const struct table *table, const struct table_key *key);

/* Put node, which is in no table, into table. */
void table_insert(struct table *table, struct table_node *node);

/* Take node, which is in table, out of it. */
void table_remove(struct table *table, struct table_node *node);

/* Return how many members there are. */
size_t table_count(const struct table *table);

/*
 * Call visit(node, arg) for every member, in no order.  visit may take out and
 * free the member it is given, but otherwise must not change the table.
 */
void table_each(struct table *table, table_visit *visit, void *arg);

#endif
