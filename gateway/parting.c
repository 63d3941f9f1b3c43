/* SPDX-License-Identifier: ISC */
#include "gateway/parting.h"

#include "common/mem.h"
#include "gateway/client.h"
#include "protocol/conduit.h"

struct parting {
	struct client_pool *pool;
	struct conduit *conduit;
};

static void
parting_end(struct parting *parting)
{
	parting->pool->parting--;
	conduit_release(parting->conduit);
	mem_free(parting);
}

static size_t
parting_pull(void *arg, uint8_t *out, size_t max, bool *fin)
{
	(void)arg;
	(void)out;
	(void)max;
	*fin = true;
	return 0;
}

/* More than was announced: that is no way to part. */
static void
parting_data(void *arg, const uint8_t *data, size_t len)
{
	(void)data;
	(void)len;
	parting_end(arg);
}

static void
parting_fin(void *arg)
{
	parting_end(arg);
}

static void
parting_reset(void *arg, enum code code, int error)
{
	(void)code;
	(void)error;
	parting_end(arg);
}

static const struct stream_ops parting_ops = {
	.pull = parting_pull,
	.data = parting_data,
	.fin = parting_fin,
	.reset = parting_reset,
};

void
parting_start(struct client_pool *pool, struct conduit *conduit)
{
	struct parting *parting = NULL;

	if (!conduit_has_fin(conduit) && pool->parting < PARTING_MAX) {
		parting = mem_new(1, sizeof(*parting));
	}
	if (parting == NULL) {
		conduit_release(conduit);
		return;
	}
	parting->pool = pool;
	parting->conduit = conduit;
	pool->parting++;
	conduit_set_owner(conduit, &parting_ops, parting);
	conduit_ready(conduit);
}
