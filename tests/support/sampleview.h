/* SPDX-License-Identifier: ISC */
/*
 * sampleview: an overview of a gateway, to be shown and then changed at will.
 *
 * Linked to "relay.example.net:7000" for two hours; the hosts are lab, offline
 * since five minutes, office, online with two streams, and yard, which waits
 * for its link with one. Two requests of SOCKS5 went well, one of CONNECT did
 * not.
 */
#ifndef INROAD_TESTS_SUPPORT_SAMPLEVIEW_H
#define INROAD_TESTS_SUPPORT_SAMPLEVIEW_H

#include "gateway/failures.h"
#include "gateway/outcomes.h"
#include "gateway/overview.h"

/* Unix time there. */
#define SAMPLEVIEW_NOW 1800000000

struct sampleview {
	struct overview overview; /* refers to what follows */
	struct overview_host hosts[3];
	struct outcomes outcomes;
	struct failures *failures; /* empty */
};

/*
 * Makes *sample; returns its overview.
 */
struct overview *sampleview_make(struct sampleview *sample);

/*
 * Frees what belongs to sample.
 */
void sampleview_free(struct sampleview *sample);

#endif
