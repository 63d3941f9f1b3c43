/* SPDX-License-Identifier: ISC */
/*
 * answer: what the user of a gateway is told about an OPEN that failed.
 *
 * A code and a sentence that names the host, the target and, where there is
 * one, the remedy.  Pure.
 */
#ifndef INROAD_AGENT_ANSWER_H
#define INROAD_AGENT_ANSWER_H

struct dial_result;
struct stream_opened;

/* The policy of host does not allow to, "ADDR:PORT" or "NAME:PORT". */
void answer_denied(struct stream_opened *out, const char *host, const char *to);

/* host cannot resolve name. */
void answer_dns(struct stream_opened *out, const char *host, const char *name);

/*
 * host could not connect to target, "ADDR:PORT" or "NAME:PORT", for the reason
 * in result.  name is what the user asked for, NULL when it was an address.
 */
void answer_dial(struct stream_opened *out, const char *host,
    const char *target, const char *name, const struct dial_result *result);

/* The share by which the caller came does not go to `to`. */
void answer_share(struct stream_opened *out, const char *host, const char *to);

/* host is out of memory. */
void answer_memory(struct stream_opened *out, const char *host);

/* The request itself is wrong; flaw is a sentence. */
void answer_bad(struct stream_opened *out, const char *flaw);

#endif
