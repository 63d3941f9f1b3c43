/* SPDX-License-Identifier: ISC */
/* An OPEN for datagrams: it becomes an association, and is answered at once. */
#include <stdio.h>

#include "agent/answer.h"
#include "agent/egress_impl.h"
#include "agent/grant.h"
#include "agent/policy.h"
#include "protocol/stream.h"

/* The association is over, and with it its stream. */
static void
on_association_ended(void *arg)
{
	struct flow *flow = arg;

	flow->assoc = NULL;
	flow->egress->stats.open--;
	flow->caller->associations--;
	egress_drop(flow);
}

/* Return true when datagrams of flow to its place are worth a try. */
static bool
may_associate(const struct flow *flow)
{
	const struct policy *policy = flow->egress->policy;
	const struct place *place = &flow->place;

	if (policy == NULL) {
		return false;
	}
	if (place->named) {
		return policy_may_resolve(policy, place->host, place->port);
	}
	for (size_t i = 0; i < place->count; i++) {
		if (policy_allows(policy, NULL, &place->addrs[i])) {
			return true;
		}
	}
	return false;
}

/*
 * Let flow carry datagrams.  It is answered at once: there is nobody to
 * connect to, and each datagram is judged.  Port 0 is no place at all.
 */
void
egressudp_open(
    struct flow *flow, const char *rights, const struct stream_target *target)
{
	struct egress *egress = flow->egress;
	struct stream *stream = flow->stream;
	struct stream_opened opened = { .code = CODE_OK };

	if (flow->caller->associations >= EGRESS_ASSOCIATIONS_MAX) {
		opened.code = CODE_TOO_MANY_STREAMS;
		(void)snprintf(opened.text, sizeof(opened.text),
		    "%d UDP associations open, the limit.",
		    EGRESS_ASSOCIATIONS_MAX);
		egress_fail(flow, &opened);
		return;
	}
	if (flow->place.port != 0 && !grant_allows(rights, egress->services,
					 target->name, &flow->place)) {
		egress_fail_share(flow);
		return;
	}
	if (flow->place.port != 0 && !may_associate(flow)) {
		egress_fail_denied(flow, NULL);
		return;
	}
	flow->assoc = assoc_new(
	    &egress->space, rights, stream, target, on_association_ended, flow);
	if (flow->assoc == NULL) {
		egress_fail_memory(flow);
		return;
	}
	flow->stream = NULL;
	flow->caller->associations++;
	egress->stats.open++;
	egress->stats.ever++;
	stream_answer(stream, &opened);
}
