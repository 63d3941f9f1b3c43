/* SPDX-License-Identifier: ISC */
/*
 * relaymetrics: the relay's figures as Prometheus reads them.
 *
 * Names begin with inroad_relay_, units are seconds and bytes.  Nothing is told
 * of single accounts or hosts: how many series there are depends on nobody.
 * inroad-relay(8) lists them all.  Pure.
 */
#ifndef INROAD_RELAY_RELAYMETRICS_H
#define INROAD_RELAY_RELAYMETRICS_H

#include <stddef.h>

struct buf;
struct figures;

/* The media type of what is written. */
#define RELAYMETRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Bytes that are written at most. */
#define RELAYMETRICS_MAX ((size_t)32768)

/* Append the metrics to out.  Returns 0, or -1 without room or memory. */
int relaymetrics_write(const struct figures *figures, struct buf *out);

#endif
