/* SPDX-License-Identifier: ISC */
/*
 * site: which requests are for the gateway's own pages, and for which page.
 *
 *	/                    the page, for people
 *	/proxy.pac           pac.h
 *	/metrics             for Prometheus
 *	/api/v1/status       what "inroad --json status" prints
 *	/api/v1/failures     the requests that failed last
 *	/api/v1/throughput   bytes by second; ?from=N: from that second on
 *	others               files of the page (www.h)
 *
 * Everybody's web pages run in the same browser as ours and may send requests
 * here.  Three things keep them out of what is told here:
 *
 * - The Host must be one that nobody else can have: an address of ours, or a
 *   name that is loopback everywhere.  A name that a stranger's name server
 *   suddenly leads to us (DNS rebinding) is not.
 * - Who is no page of ours (Sec-Fetch-Site, Origin) gets an answer only to
 *   somebody's following a link to the page.
 * - No answer allows another origin to read it (siteanswer.h).
 *
 * Pure.
 */
#ifndef INROAD_GATEWAY_SITE_H
#define INROAD_GATEWAY_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"

struct httphead;
struct webfile;

enum site_page {
	SITE_HOME,
	SITE_PAC,
	SITE_METRICS,
	SITE_STATUS,
	SITE_FAILURES,
	SITE_THROUGHPUT,
	SITE_FILE,
};

/* A request for one of them.  A value. */
struct site_request {
	enum site_page page;
	const struct webfile *file; /* SITE_FILE */
	uint64_t from;              /* SITE_THROUGHPUT */
	bool head;                  /* only the head is asked for */
	struct addr local;          /* where it came in; unset: unix */
	uint16_t port;              /* that the sender reaches it by */
};

/*
 * Return true when request, which came in at local, is for the gateway itself:
 * in origin form with a Host as above, or as to a proxy, with that very
 * address.
 */
bool site_is_asked(const struct httphead *request, const struct addr *local);

/*
 * Take such a request apart into *out.  Returns 200; or the status to refuse it
 * with (403, 404 or 405), and in *why a sentence.
 */
unsigned site_parse(const struct httphead *request, const struct addr *local,
    struct site_request *out, const char **why);

#endif
