/* SPDX-License-Identifier: ISC */
#include "tests/support/sampleview.h"

#include <check.h>
#include <stdio.h>

#define SECOND UINT64_C(1000000000)

static const uint8_t key[32] = { 1, 2, 3 };

static const struct overview_host sample_hosts[] = {
	{
	    .name = "lab",
	    .owner = "admin",
	    .state = "offline",
	    .key = key,
	    .last_contact = SAMPLEVIEW_NOW - 300,
	},
	{
	    .name = "office",
	    .owner = "admin",
	    .state = "online",
	    .key = key,
	    .last_contact = SAMPLEVIEW_NOW,
	    .has_session = true,
	    .rtt_ns = 41500000,
	    .session = { .streams = 2, .retained = 77 },
	    .last_gap_s = 1.5,
	},
	{
	    .name = "yard",
	    .owner = "admin",
	    .state = "reconnecting",
	    .key = key,
	    .last_contact = SAMPLEVIEW_NOW - 4,
	    .has_session = true,
	    .session = { .streams = 1 },
	    .waiting = 1,
	    .since_s = 4.25,
	},
};

struct overview *
sampleview_make(struct sampleview *sample)
{
	struct overview *overview = &sample->overview;

	*sample = (struct sampleview){ .failures = failures_new() };
	ck_assert_ptr_nonnull(sample->failures);
	for (size_t i = 0; i < 3; i++) {
		sample->hosts[i] = sample_hosts[i];
	}
	outcomes_add(&sample->outcomes, DIALECT_SOCKS5, CODE_OK);
	outcomes_add(&sample->outcomes, DIALECT_SOCKS5, CODE_OK);
	outcomes_add(&sample->outcomes, DIALECT_CONNECT, CODE_DENIED);
	*overview = (struct overview){
		.now = SAMPLEVIEW_NOW,
		.uptime_ns = 8000 * SECOND,
		.link = { .up = true, .rtt_ns = 24 * SECOND / 1000 },
		.link_for_ns = 7200 * SECOND,
		.hosts_known = true,
		.hosts = sample->hosts,
		.host_count = 3,
		.suffix = "internal",
		.clients = 5,
		.clients_max = 100,
		.streams = 3,
		.open = { [DIALECT_SOCKS5] = 3 },
		.requests = 3,
		.outcomes = &sample->outcomes,
		.failures = sample->failures,
		.total = { .sent = 1000, .received = 2500000 },
		.datagrams = { .sent = 12, .received = 11, .lost = 1 },
		.rate = { .sent = 999, .received = 1200000 },
	};
	(void)snprintf(overview->link.relay, sizeof(overview->link.relay),
	    "relay.example.net:7000");
	return overview;
}

void
sampleview_free(struct sampleview *sample)
{
	failures_free(sample->failures);
}
