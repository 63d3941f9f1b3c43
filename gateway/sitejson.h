/* SPDX-License-Identifier: ISC */
/*
 * sitejson: what the gateway's pages tell as JSON, beside the status.
 *
 *	{"schema":1,"failures":[{"when":UNIX,"times":N,"dialect":"socks5",
 *	  "target":"office:80","reason":"host-offline","code":N,"text":"…"}]}
 *
 *	{"schema":1,"next":N,"sent":[BYTES, …],"received":[BYTES, …],
 *	  "total":{"sent":BYTES,"received":BYTES}}
 *
 * The newest failure is the first; a target that is not known is empty.  Bytes
 * are those of a second each, the oldest first; the one under way is missing,
 * and "next" is its number, with which to ask for more.  Pure.
 */
#ifndef INROAD_GATEWAY_SITEJSON_H
#define INROAD_GATEWAY_SITEJSON_H

#include <stdint.h>

struct failures;
struct jsonout;
struct meter;

/* Write the document of failures. */
void sitejson_failures(const struct failures *failures, struct jsonout *json);

/* Write the document of the seconds of meter from the one numbered from on. */
void sitejson_throughput(const struct meter *meter, uint64_t from,
    uint64_t now_ns, struct jsonout *json);

#endif
