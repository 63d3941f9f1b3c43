/* SPDX-License-Identifier: ISC */
/*
 * hosts_impl: what hosts.c, the list, hostspin.c, the keys, and hostsloans.c,
 * hosts of other accounts, share; nobody else includes it.
 */
#ifndef INROAD_GATEWAY_HOSTS_IMPL_H
#define INROAD_GATEWAY_HOSTS_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "common/table.h"
#include "gateway/hosts.h"

struct loan;

struct hosts_entry {
	struct table_node node; /* in hosts->by_name, as the first of a name */
	struct hosts_entry *same; /* the next by that name, of another owner */
	struct list all;          /* in hosts->entries */
	uint64_t list;            /* the number of the last list with it */
	bool listed;              /* in that */
	unsigned expects;         /* keys of replicas to come; of number 0 */
	struct host host;
};

struct hosts {
	struct table *by_name;
	struct list entries; /* those of earlier lists in front */
	uint64_t list;       /* the number of the present list */
	bool complete;
	struct host relay; /* its name is empty before hosts_set_relay() */
	char user[NAME_USER_MAX + 1]; /* empty: every host is our own */
	struct loans *loans;          /* NULL: there are none */
	/* All entries, by name once that is asked for. */
	struct hosts_entry **order;
	size_t count;
	size_t order_max;
	bool is_ordered;
	void (*changed)(const struct host *host, void *arg);
	void *arg;
};

/*
 * Return the entry for owner, name and number, made when there is none, or
 * NULL.  It is then one of the present list, listed in it or not.
 */
struct hosts_entry *hosts_get_entry(
    struct hosts *hosts, const char *owner, const char *name, uint8_t replica);

/* Return the next entry of the same owner and name behind entry, or NULL. */
struct hosts_entry *hosts_twin(const struct hosts_entry *entry);

/* Return the first entry of owner by that name, or NULL. */
struct hosts_entry *hosts_first(
    const struct hosts *hosts, const char *owner, const char *name);

/* Return true when entry is in the present list. */
bool hosts_is_listed(
    const struct hosts *hosts, const struct hosts_entry *entry);

/*
 * Return the listed entry that serves best of the own host by that name, else
 * of the one that is called so here, or NULL.
 */
struct hosts_entry *hosts_find_entry(
    const struct hosts *hosts, const char *name);

/* Forget entry unless something of it is kept. */
void hosts_drop_entry(struct hosts *hosts, struct hosts_entry *entry);

/* Put all entries into the order. */
void hosts_put_in_order(struct hosts *hosts);

/* Judge anew which keys of the host of owner by that name are strange. */
void hosts_judge_pins(struct hosts *hosts, const char *owner, const char *name);

/* Return true when entry is a host of our own account. */
bool hostsloans_is_own(
    const struct hosts *hosts, const struct hosts_entry *entry);

/* Return the accepted share that is called alias, or NULL. */
struct loan *hostsloans_find(const struct hosts *hosts, const char *alias);

/* Return accepted share number i, or NULL behind the last. */
struct loan *hostsloans_at(const struct hosts *hosts, size_t i);

/* Return the first entry of the host of loan, listed or not, or NULL. */
struct hosts_entry *hostsloans_first(
    const struct hosts *hosts, const struct loan *loan);

/*
 * Return the host of loan as it is seen here, which entry, a replica of it, is
 * behind, or nothing with NULL.  It is as it is until the next such call.
 */
const struct host *hostsloans_view(const struct hosts *hosts, struct loan *loan,
    const struct hosts_entry *entry);

#endif
