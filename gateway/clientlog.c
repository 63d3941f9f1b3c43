/* SPDX-License-Identifier: ISC */
/* What became of a client's requests: counted, kept and logged. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "common/meter.h"
#include "gateway/client_impl.h"
#include "gateway/failures.h"

void
client_begin_request(struct client *client, enum dialect dialect)
{
	client->dialect = dialect;
	client->pool->served++;
	client->pending = true;
}

void
client_settle(struct client *client, enum code code)
{
	if (client->pending) {
		client->pending = false;
		outcomes_add(&client->pool->outcomes, client->dialect, code);
	}
}

/* Keep a failure for whoever asks; target may be empty. */
static void
keep(struct client_pool *pool, enum dialect dialect, const char *target,
    enum code code, const char *text)
{
	struct failure failure = {
		.when = (uint64_t)time(NULL),
		.dialect = dialect,
		.code = code,
	};

	if (pool->failures == NULL) {
		return;
	}
	(void)snprintf(failure.target, sizeof(failure.target), "%s", target);
	(void)snprintf(failure.text, sizeof(failure.text), "%s", text);
	failures_add(pool->failures, &failure);
}

void
client_pool_log_failure(struct client_pool *pool, enum dialect dialect,
    const struct proxy_target *target, enum code code, const char *text)
{
	char name[PROXYTARGET_TEXT_LEN];

	proxytarget_format(target, name);
	outcomes_add(&pool->outcomes, dialect, code);
	keep(pool, dialect, name, code, text);
	log_write(LOG_LEVEL_INFO, dialect_name(dialect), 0, "%s: %s: %s", name,
	    codes_slug(code), text);
}

void
client_log_failure(struct client *client, enum code code, const char *text)
{
	char target[PROXYTARGET_TEXT_LEN];

	if (text == NULL || text[0] == '\0') {
		text = codes_summary(code);
	}
	client_settle(client, code);
	proxytarget_format(&client->target, target);
	keep(client->pool, client->dialect, target, code, text);
	log_write(LOG_LEVEL_INFO, "client", client->id, "%s: %s: %s", target,
	    codes_slug(code), text);
}

void
client_log_refusal(
    struct client *client, enum dialect dialect, const char *reason)
{
	client_begin_request(client, dialect);
	client_settle(client, CODE_BAD_REQUEST);
	keep(client->pool, dialect, "", CODE_BAD_REQUEST, reason);
	log_write(LOG_LEVEL_INFO, "client", client->id, "%s refused: %s",
	    dialect_name(dialect), reason);
}

void
client_pool_open(const struct client_pool *pool, uint32_t open[DIALECTS])
{
	struct list *node = list_first(&pool->clients);

	memset(open, 0, DIALECTS * sizeof(*open));
	for (; node != NULL; node = list_after(&pool->clients, node)) {
		const struct client *client =
		    list_entry(node, struct client, all);

		if (client->state == CLIENT_ASSOCIATED ||
		    client->state == CLIENT_EXCHANGE ||
		    client->state == CLIENT_BRIDGED) {
			open[client->dialect]++;
		}
	}
}

void
client_pool_count_bytes(
    struct client_pool *pool, uint64_t sent, uint64_t received)
{
	if (pool->meter != NULL) {
		meter_add(pool->meter, sent, received, loop_now(pool->loop));
	}
}
