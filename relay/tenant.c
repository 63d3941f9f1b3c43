/* SPDX-License-Identifier: ISC */
#include "relay/tenant.h"

#include <ev.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/list.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/quantity.h"
#include "protocol/limits.h"
#include "protocol/shaper.h"
#include "relay/account.h"
#include "relay/toll.h"
#include "relay/usage.h"

/* Seconds between two rounds of accounting. */
#define ROUND 1.

/* Rounds for which a tenant without circuits stays. */
#define LINGER 60

/* Seconds over which a rate is told: two or three jumps of TCP. */
#define RATE_SECONDS 5
/* A second more, which is not over yet, and to a power of two. */
#define RATE_SLOTS 8

/* What passes one way. */
struct way {
	struct tenant *tenant;
	struct toll *toll;
	uint64_t fresh;             /* bytes not yet accounted for */
	uint64_t bytes[RATE_SLOTS]; /* of the last seconds */
};

struct tenant {
	struct tenant_book *tenants;
	int64_t account; /* its id */
	struct credit_pool pool;
	struct way ways[TENANT_WAYS];
	uint64_t left;   /* of the month; ALLOWANCE_NONE: it is not limited */
	uint64_t second; /* of the latest slot of the ways */
	unsigned circuits;
	unsigned idle; /* rounds without one */
	struct loop_task exhausted;
	struct list all;    /* in tenants->all */
	struct list active; /* in tenants->active, if a round is due */
};

struct tenant_book {
	struct tenant_config config;
	struct list all;
	struct list active;
	ev_timer round; /* while there are active ones */
};

static uint64_t
wall_clock(void)
{
	return (uint64_t)time(NULL);
}

static struct account *
account_of(const struct tenant *tenant)
{
	return account_by_id(tenant->tenants->config.book, tenant->account);
}

/* --- accounting ------------------------------------------------------ */

/* Forget the seconds between the latest one and now. */
static void
turn_slots(struct tenant *tenant, uint64_t second)
{
	uint64_t passed = second - tenant->second;

	if (passed > RATE_SLOTS) {
		passed = RATE_SLOTS;
	}
	for (uint64_t i = 0; i < passed; i++) {
		for (int way = 0; way < TENANT_WAYS; way++) {
			tenant->ways[way].bytes[(second - i) % RATE_SLOTS] = 0;
		}
	}
	tenant->second = second;
}

static uint64_t
seconds_now(const struct tenant_book *tenants)
{
	return loop_now(tenants->config.loop) / LIMITS_SEC;
}

/* Tell of it when the month passes four fifths by what is spent now. */
static void
warn(struct tenant *tenant, struct account *account, uint64_t before,
    uint64_t after)
{
	const struct tenant_config *config = &tenant->tenants->config;
	uint64_t month = account_limit(account, ALLOWANCE_MONTH, NULL);
	uint64_t bar = month / 5 * 4;
	char text[LIMITS_TEXT_LEN];
	char limit[QUANTITY_LEN];
	char day[USAGE_DAY_LEN];

	if (month != ALLOWANCE_NONE && before < bar && after >= bar &&
	    after < month) {
		(void)snprintf(text, sizeof(text),
		    "Four fifths of the monthly limit of %s are used; resets "
		    "on %s.",
		    quantity_format_size(month, limit),
		    usage_reset_text(usage_month(wall_clock()), day));
		config->ops->nearly(account, text, config->arg);
	}
}

/* Put what passed since the last time to the account; was there something? */
static bool
account_for(struct tenant *tenant)
{
	struct account *account = account_of(tenant);
	const uint64_t now = wall_clock();
	const uint64_t second = seconds_now(tenant->tenants);
	uint64_t fresh[TENANT_WAYS];
	uint64_t before;

	turn_slots(tenant, second);
	for (int way = 0; way < TENANT_WAYS; way++) {
		fresh[way] = tenant->ways[way].fresh;
		tenant->ways[way].fresh = 0;
		tenant->ways[way].bytes[second % RATE_SLOTS] += fresh[way];
	}
	if (account == NULL) {
		return false;
	}
	if (fresh[TENANT_UP] + fresh[TENANT_DOWN] > 0) {
		before = account_spent(account, now);
		account_spend(
		    account, fresh[TENANT_UP], fresh[TENANT_DOWN], now);
		warn(tenant, account, before, account_spent(account, now));
	}
	/* Also when another month began. */
	tenant->left = account_left(account, now);
	if (tenant->left == 0) {
		loop_defer(tenant->tenants->config.loop, &tenant->exhausted);
	}
	return fresh[TENANT_UP] + fresh[TENANT_DOWN] > 0;
}

/* --- limits ---------------------------------------------------------- */

static void
limit_way(
    struct tenant *tenant, const struct account *account, enum tenant_way way)
{
	uint64_t bits = account_limit(account,
	    way == TENANT_UP ? ALLOWANCE_RATE_UP : ALLOWANCE_RATE_DOWN, NULL);
	uint64_t burst = account_limit(account, ALLOWANCE_BURST, NULL);
	uint64_t rate = bits / 8;

	if (bits == ALLOWANCE_NONE) {
		toll_set(tenant->ways[way].toll, TOLL_OPEN, 0);
		return;
	}
	if (burst == ALLOWANCE_NONE) {
		burst = shaper_burst(rate);
	}
	toll_set(tenant->ways[way].toll, rate, burst);
}

/* Have what account may do in force. */
static void
limit(struct tenant *tenant, const struct account *account)
{
	limit_way(tenant, account, TENANT_UP);
	limit_way(tenant, account, TENANT_DOWN);
	(void)account_for(tenant);
}

void
tenant_book_limit(struct tenant_book *tenants, struct account *account)
{
	struct list *node = list_first(&tenants->all);

	if (account != NULL) {
		struct tenant *tenant = account_tenant(account);

		if (tenant != NULL) {
			limit(tenant, account);
		}
		return;
	}
	for (; node != NULL; node = list_after(&tenants->all, node)) {
		struct tenant *tenant = list_entry(node, struct tenant, all);
		const struct account *owner = account_of(tenant);

		if (owner != NULL) {
			limit(tenant, owner);
		}
	}
}

/* The month is used up.  A deferred call: circuits end by it. */
static void
on_exhausted(void *arg)
{
	struct tenant *tenant = arg;
	const struct tenant_config *config = &tenant->tenants->config;
	struct account *account = account_of(tenant);

	if (account != NULL && tenant->circuits > 0) {
		config->ops->exhausted(account, config->arg);
	}
}

static void
forget(struct tenant *tenant)
{
	struct tenant_book *tenants = tenant->tenants;
	struct account *account = account_of(tenant);

	if (account != NULL && account_tenant(account) == tenant) {
		account_set_tenant(account, NULL);
	}
	loop_task_cancel(tenants->config.loop, &tenant->exhausted);
	list_remove(&tenant->active);
	list_remove(&tenant->all);
	for (int way = 0; way < TENANT_WAYS; way++) {
		toll_free(tenant->ways[way].toll);
	}
	mem_free(tenant);
}

static void
activate(struct tenant *tenant)
{
	struct tenant_book *tenants = tenant->tenants;

	tenant->idle = 0;
	if (!list_linked(&tenant->active)) {
		list_push_back(&tenants->active, &tenant->active);
	}
	if (!ev_is_active(&tenants->round)) {
		ev_timer_set(&tenants->round, ROUND, 0.);
		ev_timer_start(loop_ev(tenants->config.loop), &tenants->round);
	}
}

/* One of the active has its turn; those at rest with circuits leave. */
static void
take_turn(struct tenant *tenant)
{
	if (account_for(tenant)) {
		tenant->idle = 0;
	} else if (tenant->circuits > 0) {
		list_remove(&tenant->active);
	} else if (++tenant->idle >= LINGER) {
		forget(tenant);
	}
}

static void
on_round(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct tenant_book *tenants = timer->data;
	struct list *node = list_first(&tenants->active);
	struct list *next;

	(void)revents;
	for (; node != NULL; node = next) {
		next = list_after(&tenants->active, node);
		take_turn(list_entry(node, struct tenant, active));
	}
	if (!list_empty(&tenants->active)) {
		ev_timer_set(timer, ROUND, 0.);
		ev_timer_start(ev, timer);
	}
}

/* N bytes passed. */
static void
on_moved(void *arg, uint64_t n)
{
	struct way *way = arg;
	struct tenant *tenant = way->tenant;

	if (way->fresh == 0) {
		activate(tenant);
	}
	way->fresh += n;
	if (tenant->left == ALLOWANCE_NONE || tenant->left == 0) {
		return;
	}
	tenant->left = n < tenant->left ? tenant->left - n : 0;
	if (tenant->left == 0) {
		(void)account_for(tenant);
	}
}

/* --- life ------------------------------------------------------------ */

struct tenant_book *
tenant_book_new(const struct tenant_config *config)
{
	struct tenant_book *tenants = mem_new(1, sizeof(*tenants));

	if (tenants != NULL) {
		tenants->config = *config;
		list_init(&tenants->all);
		list_init(&tenants->active);
		ev_timer_init(&tenants->round, on_round, ROUND, 0.);
		tenants->round.data = tenants;
	}
	return tenants;
}

void
tenant_book_free(struct tenant_book *tenants)
{
	struct list *node;

	if (tenants == NULL) {
		return;
	}
	for (node = list_first(&tenants->all); node != NULL;
	     node = list_first(&tenants->all)) {
		struct tenant *tenant = list_entry(node, struct tenant, all);

		(void)account_for(tenant);
		forget(tenant);
	}
	ev_timer_stop(loop_ev(tenants->config.loop), &tenants->round);
	mem_free(tenants);
}

static struct tenant *
tenant_new(struct tenant_book *tenants, struct account *account)
{
	struct tenant *tenant = mem_new(1, sizeof(*tenant));

	if (tenant == NULL) {
		return NULL;
	}
	tenant->tenants = tenants;
	tenant->account = account_row(account)->id;
	tenant->pool.max = tenants->config.promise;
	tenant->pool.parent = tenants->config.pool;
	tenant->second = seconds_now(tenants);
	loop_task_init(&tenant->exhausted, on_exhausted, tenant);
	list_init(&tenant->active);
	list_push_back(&tenants->all, &tenant->all);
	for (int i = 0; i < TENANT_WAYS; i++) {
		struct way *way = &tenant->ways[i];

		way->tenant = tenant;
		way->toll = toll_new(tenants->config.loop, on_moved, way);
		if (way->toll == NULL) {
			forget(tenant);
			return NULL;
		}
	}
	account_set_tenant(account, tenant);
	limit(tenant, account);
	return tenant;
}

struct tenant *
tenant_get(struct tenant_book *tenants, struct account *account)
{
	struct tenant *tenant = account_tenant(account);

	if (tenant == NULL) {
		tenant = tenant_new(tenants, account);
	}
	if (tenant != NULL) {
		tenant->circuits++;
	}
	return tenant;
}

void
tenant_put(struct tenant *tenant)
{
	if (tenant != NULL && --tenant->circuits == 0) {
		activate(tenant);
	}
}

void
tenant_settle(const struct account *account)
{
	struct tenant *tenant = account_tenant(account);

	if (tenant != NULL) {
		(void)account_for(tenant);
	}
}

/* --- questions ------------------------------------------------------- */

struct credit_pool *
tenant_pool(struct tenant *tenant)
{
	return &tenant->pool;
}

struct toll *
tenant_toll(struct tenant *tenant, enum tenant_way way)
{
	return tenant->ways[way].toll;
}

uint64_t
tenant_circuits(const struct account *account)
{
	const struct tenant *tenant = account_tenant(account);

	return tenant != NULL ? tenant->circuits : 0;
}

uint64_t
tenant_rate(const struct account *account, enum tenant_way way)
{
	const struct tenant *tenant = account_tenant(account);
	uint64_t bytes = 0;
	uint64_t now;

	if (tenant == NULL) {
		return 0;
	}
	/* What is asked for between two rounds lacks the last second. */
	now = seconds_now(tenant->tenants);
	for (uint64_t second = now - RATE_SECONDS; second < now; second++) {
		if (second <= tenant->second &&
		    tenant->second - second < RATE_SLOTS) {
			bytes += tenant->ways[way].bytes[second % RATE_SLOTS];
		}
	}
	return bytes * 8 / RATE_SECONDS;
}
