/* SPDX-License-Identifier: ISC */
/*
 * ports: the sockets that a gateway listens on, and where they lead.
 *
 * A port serves clients that say themselves where they want to go, or it is a
 * forward, whose connections all lead to one target.  It listens on an IP
 * address or on a unix socket; a forward may also be one for UDP.  A UDP port
 * that is no forward answers questions about names (nameserver.h).
 *
 * Ports come from the configuration, and forwards also by command, until the
 * gateway ends.  A new configuration changes only what differs: a port that
 * stays is not bound again, so that nobody who connects meanwhile is refused.
 */
#ifndef INROAD_GATEWAY_PORTS_H
#define INROAD_GATEWAY_PORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/addr.h"
#include "gateway/proxytarget.h"

struct client_pool;
struct fault;
struct loop;
struct ports;

/* Most ports: each holds a descriptor, and a command looks at all of them. */
#define PORTS_MAX 256

/* Permission bits of a unix socket: for us alone, or for everybody. */
#define PORTS_MODE_OWN 0600
#define PORTS_MODE_ALL 0666

/* Room for the text of ports_format(). */
#define PORTS_TEXT_LEN (ADDR_TEXT_LEN + 4)

/* What a port is to be.  A value. */
struct ports_spec {
	struct addr listen; /* port 0: the kernel chooses */
	unsigned mode;      /* of a unix socket; 0: PORTS_MODE_OWN */
	bool is_udp;
	bool is_forward;
	struct proxy_target target; /* of a forward */
};

/* What a port is. */
struct ports_info {
	struct addr addr; /* that it really listens on */
	bool is_udp;
	bool by_command;                    /* not in the configuration */
	const struct proxy_target *forward; /* where it leads, or NULL */
};

/* Called with a new connection, now the owner's, that forward leads (or NULL),
 * and the owner's arg. */
typedef void ports_accept(
    int fd, const struct proxy_target *forward, void *arg);

/*
 * Make *spec a port at the text listen ("127.0.0.1:1080", "[::1]:1080",
 * "unix:/path", "udp:127.0.0.1:5353") that leads to the text to
 * ("office:5432"), or where clients say if that is NULL.  Returns 0, or -1 and
 * in *flaw the words that are to stand behind the text.
 */
int ports_spec_make(struct ports_spec *spec, const char *listen, const char *to,
    const char **flaw);

/* As ports_spec_make(), of a port that answers about names, "127.0.0.1:53". */
int ports_spec_make_names(
    struct ports_spec *spec, const char *listen, const char **flaw);

/* Return true when other machines can reach the address listen. */
bool ports_is_open(const struct addr *listen);

/* Return ports, none yet, that report to accept(fd, forward, arg), or NULL. */
struct ports *ports_new(struct loop *loop, ports_accept *accept, void *arg);

/* Let UDP forwards serve those who may come into pool, which outlives ports. */
void ports_set_pool(struct ports *ports, struct client_pool *pool);

/* Close all and free; NULL is allowed. */
void ports_free(struct ports *ports);

/*
 * Make the ports of the configuration what the count specs, at most PORTS_MAX,
 * say.  Those that are there already stay; those by command stay too, and
 * belong to the configuration from now on if it names them.  Returns how many
 * could not be had, after logging why; the others are there all the same.
 */
size_t ports_configure(
    struct ports *ports, const struct ports_spec *specs, size_t count);

/* Add the port spec by command.  Returns 0 and *info, or -1 and *fault. */
int ports_add(struct ports *ports, const struct ports_spec *spec,
    struct ports_info *info, struct fault *fault);

/*
 * Remove the forward that listens where spec does.  Its connections are not
 * touched.  Returns 0, or -1 when there is none.
 */
int ports_remove(struct ports *ports, const struct ports_spec *spec);

/*
 * Write where the port info listens to out, as ports_spec_make() reads it, and
 * with "dns:" in front where it answers about names.
 */
const char *ports_format(
    const struct ports_info *info, char out[PORTS_TEXT_LEN]);

/* Close all: nobody comes in any more. */
void ports_close(struct ports *ports);

/*
 * Return true when a connection or a datagram from this machine to addr would
 * come in by one of the ports: those of TCP are not told from those of UDP.
 */
bool ports_take(const struct ports *ports, const struct addr *addr);

/* Call visit(info, arg) for each port, in the order they were opened. */
void ports_each(const struct ports *ports,
    void (*visit)(const struct ports_info *info, void *arg), void *arg);

#endif
