/* SPDX-License-Identifier: ISC */
/*
 * metrics: an overview as Prometheus reads it.
 *
 * Names begin with inroad_gateway_, units are seconds and bytes.  What is told
 * of a host has its name as a label: there are as many series as hosts.  Pure.
 */
#ifndef INROAD_GATEWAY_METRICS_H
#define INROAD_GATEWAY_METRICS_H

struct buf;
struct overview;

/* The media type of what is written. */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Append the metrics to out.  Returns 0, or -1 without room or memory. */
int metrics_write(const struct overview *overview, struct buf *out);

#endif
