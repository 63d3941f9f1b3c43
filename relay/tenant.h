/* SPDX-License-Identifier: ISC */
/*
 * tenant: an account while it has channels: what it may promise, how fast it is
 * and what it moved.
 *
 * All circuits whose caller is of an account share its tenant: the pool that
 * their credit is charged to, and one toll a direction, which counts what
 * passes and keeps it to the rate that the account may have.  What was counted
 * goes to the account once a second, and with it to the month; when that is
 * used up, which is seen at the very record, ops->exhausted() ends the
 * circuits.
 *
 * Circuits can outlive the account, which a tenant therefore knows by number.
 * A tenant stays for a minute after its last circuit: whoever hangs up and
 * calls again has no other burst by that.
 *
 * Directions are those of an account's gateways: up is what they send.
 */
#ifndef INROAD_RELAY_TENANT_H
#define INROAD_RELAY_TENANT_H

#include <stdint.h>

#include "protocol/credit.h"

struct account;
struct account_book;
struct loop;
struct tenant;
struct tenant_book;
struct toll;

enum tenant_way {
	TENANT_UP,
	TENANT_DOWN,
	TENANT_WAYS,
};

/* What tenants tell, from the loop. */
struct tenant_ops {
	/* The month of account is used up: end its circuits. */
	void (*exhausted)(struct account *account, void *arg);
	/* Four fifths of it are, text says. */
	void (*nearly)(struct account *account, const char *text, void *arg);
};

/* What tenants work with; all of it outlives them. */
struct tenant_config {
	struct loop *loop;
	struct account_book *book;
	struct credit_pool *pool; /* of all */
	uint64_t promise;         /* of one, at most */
	const struct tenant_ops *ops;
	void *arg;
};

/* Return tenants, none yet, or NULL. */
struct tenant_book *tenant_book_new(const struct tenant_config *config);

/* Free all, which have no circuits any more; NULL is allowed. */
void tenant_book_free(struct tenant_book *tenants);

/* Other limits hold for account (NULL: perhaps for any). */
void tenant_book_limit(struct tenant_book *tenants, struct account *account);

/* Return the tenant of account for one more circuit, or NULL. */
struct tenant *tenant_get(struct tenant_book *tenants, struct account *account);

/* One circuit less; NULL is allowed. */
void tenant_put(struct tenant *tenant);

/* Return what tenant may promise. */
struct credit_pool *tenant_pool(struct tenant *tenant);

/* Return what counts and slows that way of tenant. */
struct toll *tenant_toll(struct tenant *tenant, enum tenant_way way);

/* Put what passed since the last round to account; it is done each second. */
void tenant_settle(const struct account *account);

/* Return how many circuits account has. */
uint64_t tenant_circuits(const struct account *account);

/* Return at how many bits a second account moves that way at present. */
uint64_t tenant_rate(const struct account *account, enum tenant_way way);

#endif
