/* SPDX-License-Identifier: ISC */
/*
 * gateway: the gateway as a whole.
 *
 *	gateway_new()    endpoint, hosts, pins, peers
 *	gateway_serve()  listeners, then the endpoint's: ready, uplink
 *	loop_run()       until SIGTERM and the clients are through
 *	  SIGHUP         settings, anew: what is connected is not touched
 *	gateway_free()
 *
 * Beside the files of an endpoint its state directory has
 *
 *	known_hosts  keys of hosts that were reached (hosts.h)
 *	accepted     shares of other accounts (loans.h)
 *	shares       shares that were made here (lent.h)
 */
#ifndef INROAD_GATEWAY_GATEWAY_H
#define INROAD_GATEWAY_GATEWAY_H

#include <stdint.h>

struct fault;
struct gateway;
struct loop;
struct relaylist;
struct settings;

/* How a gateway is set up; strings need not outlive gateway_new(). */
struct gateway_config {
	const char *state;              /* NULL: the default */
	const struct relaylist *relays; /* as in struct endpoint_config */
	uint64_t return_after;          /* likewise */
	char *join;                     /* wiped once read; may be NULL */
	/*
	 * Return settings, which the gateway frees, or NULL and *fault; called
	 * at the start and at each SIGHUP.
	 */
	struct settings *(*load)(struct fault *fault, void *arg);
	void *load_arg;
};

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
