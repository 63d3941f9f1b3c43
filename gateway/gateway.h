/* SPDX-License-Identifier: ISC */
/*
 * gateway: the gateway as a whole.
 *
 *	gateway_new()    endpoint, hosts, pins, peers
 *	gateway_serve()  listeners, then the endpoint's: ready, uplink
 *	loop_run()       until SIGTERM and the clients are through
 *	gateway_free()
 *
 * Beside the files of an endpoint its state directory has
 *
 *	known_hosts  keys of hosts that were reached (hosts.h)
 */
#ifndef INROAD_GATEWAY_GATEWAY_H
#define INROAD_GATEWAY_GATEWAY_H

#include <stddef.h>
#include <stdint.h>

struct gateway;
struct loop;

/* Most listeners, forwards included. */
#define GATEWAY_LISTENS_MAX 64

/* A listener whose connections lead to one target. */
struct gateway_forward {
	const char *listen; /* "ADDR:PORT" */
	const char *to;     /* "NAME:PORT" */
};

/* How a gateway is set up; strings need not outlive gateway_new(). */
struct gateway_config {
	const char *state;          /* NULL: the default */
	char *join;                 /* wiped once read; may be NULL */
	const char *const *listens; /* "ADDR:PORT" each */
	size_t listen_count;        /* at least 1 */
	const struct gateway_forward *forwards;
	size_t forward_count;
	const char *suffix;      /* of our names */
	uint32_t clients_max;    /* connections at a time */
	uint32_t streams_max;    /* of one session */
	uint64_t retain_max;     /* unacknowledged bytes of one session */
	uint64_t window_max;     /* of one stream */
	uint64_t receive_budget; /* of all windows together */
};

/* Fill *config with what a gateway does unless told otherwise. */
void gateway_defaults(struct gateway_config *config);

/* Judge config without opening anything; an exit code, after logging why. */
int gateway_check(const struct gateway_config *config);

/*
 * Open everything that needs no network.  Returns NULL and in *status an exit
 * code of sysexits(3) after logging why.
 */
struct gateway *gateway_new(
    struct loop *loop, const struct gateway_config *config, int *status);

/* Listen and serve; an exit code, after logging why if it is not 0. */
int gateway_serve(struct gateway *gateway);

/* End everything and free; NULL is allowed. */
void gateway_free(struct gateway *gateway);

#endif
