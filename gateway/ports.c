/* SPDX-License-Identifier: ISC */
#include "gateway/ports.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/list.h"
#include "common/listener.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "gateway/nameserver.h"
#include "gateway/udpforward.h"

struct port {
	struct ports *ports;
	struct ports_spec spec;
	struct listener *listener; /* of TCP */
	struct udpforward *udp;    /* or of UDP, a forward */
	struct nameserver *names;  /* or another one */
	bool by_command;
	bool stays; /* while a configuration is compared */
	struct list all;
};

struct ports {
	struct loop *loop;
	ports_accept *accept;
	void *arg;
	struct client_pool *pool; /* of UDP; may be NULL */
	struct list all;          /* of struct port */
	size_t count;
};

/* --- what a port is to be ------------------------------------------------ */

/* What stands in front of the address of a UDP forward. */
static const char udp_prefix[] = "udp:";

static int
parse_listen(struct addr *out, const char *listen)
{
	static const char unix_prefix[] = "unix:";
	size_t len = sizeof(unix_prefix) - 1;

	if (strncmp(listen, unix_prefix, len) != 0) {
		return addr_parse(out, listen);
	}
	/* Where a relative one lies depends on who started us. */
	return listen[len] == '/' ? addr_from_path(out, listen + len) : -1;
}

static int
parse_target(struct proxy_target *out, const char *to)
{
	char host[LIMITS_NAME_LEN];
	uint16_t port;

	if (addr_split(to, host, sizeof(host), &port) != 0 || port == 0) {
		return -1;
	}
	return proxytarget_set_host(out, host, strlen(host), port);
}

int
ports_spec_make(struct ports_spec *spec, const char *listen, const char *to,
    const char **flaw)
{
	struct ports_spec made = { .mode = 0 };

	made.is_udp = strncmp(listen, udp_prefix, strlen(udp_prefix)) == 0;
	if (made.is_udp) {
		listen += strlen(udp_prefix);
	}
	if (parse_listen(&made.listen, listen) != 0) {
		*flaw = "is no address to listen on; write ADDR:PORT, as "
			"127.0.0.1:1080 or [::1]:1080, or unix:/PATH";
		return -1;
	}
	if (made.is_udp && addr_family(&made.listen) == AF_UNIX) {
		*flaw = "is no address for UDP; write udp:ADDR:PORT";
		return -1;
	}
	made.is_forward = to != NULL;
	if (to != NULL && parse_target(&made.target, to) != 0) {
		*flaw = "leads nowhere; a forward leads to NAME:PORT, as "
			"office:5432";
		return -1;
	}
	*spec = made;
	return 0;
}

int
ports_spec_make_names(
    struct ports_spec *spec, const char *listen, const char **flaw)
{
	struct ports_spec made = { .is_udp = true };

	if (addr_parse(&made.listen, listen) != 0) {
		*flaw = "is no address to listen on; write ADDR:PORT, as "
			"127.0.0.1:5353 or [::1]:5353";
		return -1;
	}
	*spec = made;
	return 0;
}

bool
ports_is_open(const struct addr *listen)
{
	return addr_family(listen) != AF_UNIX && !addr_is_loopback(listen);
}

static bool
same_target(const struct proxy_target *a, const struct proxy_target *b)
{
	return a->kind == b->kind && a->port == b->port &&
	       strcmp(a->name, b->name) == 0 &&
	       memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

/* Return true when a port as a can become b without being bound again. */
static bool
is_kin(const struct ports_spec *a, const struct ports_spec *b)
{
	return addr_equal(&a->listen, &b->listen) && a->mode == b->mode &&
	       a->is_forward == b->is_forward && a->is_udp == b->is_udp;
}

/* --- one port ------------------------------------------------------------ */

static void
on_connection(int fd, const struct addr *peer, void *arg)
{
	struct port *port = arg;

	(void)peer;
	port->ports->accept(fd,
	    port->spec.is_forward ? &port->spec.target : NULL,
	    port->ports->arg);
}

static void
close_port(struct port *port)
{
	struct ports *ports = port->ports;

	listener_free(port->listener);
	udpforward_free(port->udp);
	nameserver_free(port->names);
	list_remove(&port->all);
	ports->count--;
	loop_reap(ports->loop, port, mem_free);
}

/* Listen for TCP or UDP; 0, or -1 and *fault. */
static int
bind_port(struct port *port, struct fault *fault)
{
	const struct ports_spec *spec = &port->spec;
	const struct listener_config config = {
		.addr = spec->listen,
		.mode = spec->mode,
	};

	if (!spec->is_udp) {
		port->listener = listener_new(
		    port->ports->loop, &config, on_connection, port, fault);
		return port->listener != NULL ? 0 : -1;
	}
	if (port->ports->pool == NULL) {
		return fault_set(fault, "UDP is not served");
	}
	if (!spec->is_forward) {
		port->names =
		    nameserver_new(port->ports->pool, &spec->listen, fault);
		return port->names != NULL ? 0 : -1;
	}
	port->udp = udpforward_new(
	    port->ports->pool, &spec->listen, &spec->target, fault);
	return port->udp != NULL ? 0 : -1;
}

/* Listen as spec says; NULL and *fault if that cannot be. */
static struct port *
open_port(
    struct ports *ports, const struct ports_spec *spec, struct fault *fault)
{
	struct port *port = NULL;

	if (ports->count == PORTS_MAX) {
		(void)fault_set(fault, "more than %d ports", PORTS_MAX);
		return NULL;
	}
	port = mem_new(1, sizeof(*port));
	if (port == NULL) {
		(void)fault_set(fault, "out of memory");
		return NULL;
	}
	port->ports = ports;
	port->spec = *spec;
	if (bind_port(port, fault) != 0) {
		mem_free(port);
		return NULL;
	}
	list_push_back(&ports->all, &port->all);
	ports->count++;
	return port;
}

static void
describe(const struct port *port, struct ports_info *info)
{
	if (port->udp != NULL) {
		udpforward_address(port->udp, &info->addr);
	} else if (port->names != NULL) {
		nameserver_address(port->names, &info->addr);
	} else {
		listener_addr(port->listener, &info->addr);
	}
	info->is_udp = port->spec.is_udp;
	info->by_command = port->by_command;
	info->forward = port->spec.is_forward ? &port->spec.target : NULL;
}

/* --- all of them --------------------------------------------------------- */

struct ports *
ports_new(struct loop *loop, ports_accept *accept, void *arg)
{
	struct ports *ports = mem_new(1, sizeof(*ports));

	if (ports != NULL) {
		ports->loop = loop;
		ports->accept = accept;
		ports->arg = arg;
		list_init(&ports->all);
	}
	return ports;
}

void
ports_set_pool(struct ports *ports, struct client_pool *pool)
{
	ports->pool = pool;
}

void
ports_free(struct ports *ports)
{
	if (ports != NULL) {
		ports_close(ports);
		/* A connection may just be on its way through it. */
		loop_reap(ports->loop, ports, mem_free);
	}
}

void
ports_close(struct ports *ports)
{
	struct list *node = list_first(&ports->all);

	for (; node != NULL; node = list_first(&ports->all)) {
		close_port(list_entry(node, struct port, all));
	}
}

/* Return a port that does not stay yet and is spec already, or becomes it. */
static struct port *
find_kin(const struct ports *ports, const struct ports_spec *spec, bool exactly)
{
	struct list *node = list_first(&ports->all);

	for (; node != NULL; node = list_after(&ports->all, node)) {
		struct port *port = list_entry(node, struct port, all);

		if (!port->stays && is_kin(&port->spec, spec) &&
		    (!exactly ||
			same_target(&port->spec.target, &spec->target))) {
			return port;
		}
	}
	return NULL;
}

/* Let ports that are there be those of specs; had says which ones were. */
static void
keep(struct ports *ports, const struct ports_spec *specs, size_t count,
    bool exactly, bool *had)
{
	for (size_t i = 0; i < count; i++) {
		struct port *port =
		    had[i] ? NULL : find_kin(ports, &specs[i], exactly);

		if (port == NULL) {
			continue;
		}
		port->stays = true;
		port->by_command = false;
		port->spec.target = specs[i].target;
		if (port->udp != NULL) {
			udpforward_set_target(port->udp, &specs[i].target);
		}
		had[i] = true;
	}
}

/* Close what the configuration no longer names. */
static void
drop_others(struct ports *ports)
{
	struct list *node = list_first(&ports->all);
	struct list *next;

	for (; node != NULL; node = next) {
		struct port *port = list_entry(node, struct port, all);

		next = list_after(&ports->all, node);
		if (!port->stays && !port->by_command) {
			close_port(port);
		}
		port->stays = false;
	}
}

size_t
ports_configure(
    struct ports *ports, const struct ports_spec *specs, size_t count)
{
	bool had[PORTS_MAX] = { false };
	size_t failed = 0;
	struct fault fault;

	keep(ports, specs, count, true, had);
	keep(ports, specs, count, false, had);
	/* First, for a new one may need the address of an old one. */
	drop_others(ports);
	for (size_t i = 0; i < count; i++) {
		if (!had[i] && open_port(ports, &specs[i], &fault) == NULL) {
			log_write(
			    LOG_LEVEL_ERROR, "ports", 0, "%s", fault.text);
			failed++;
		}
	}
	return failed;
}

int
ports_add(struct ports *ports, const struct ports_spec *spec,
    struct ports_info *info, struct fault *fault)
{
	struct port *port = open_port(ports, spec, fault);

	if (port == NULL) {
		return -1;
	}
	port->by_command = true;
	describe(port, info);
	return 0;
}

int
ports_remove(struct ports *ports, const struct ports_spec *spec)
{
	struct list *node = list_first(&ports->all);

	for (; node != NULL; node = list_after(&ports->all, node)) {
		struct port *port = list_entry(node, struct port, all);
		struct ports_info info;

		describe(port, &info);
		if (info.forward != NULL && info.is_udp == spec->is_udp &&
		    addr_equal(&info.addr, &spec->listen)) {
			close_port(port);
			return 0;
		}
	}
	return -1;
}

/* Does addr, an IP address, belong to this machine? */
static bool
is_local(const struct addr *addr)
{
	struct addr probe = *addr;
	int fd = socket(addr_family(addr), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool bound;

	if (fd < 0) {
		return false;
	}
	addr_set_port(&probe, 0);
	bound = bind(fd, (const struct sockaddr *)&probe.ss, probe.len) == 0;
	(void)close(fd);
	return bound;
}

/* Would a connection to addr, unmapped, come in at the address own? */
static bool
leads_to(const struct addr *addr, const struct addr *own)
{
	if (addr_family(own) != addr_family(addr) ||
	    addr_port(own) != addr_port(addr)) {
		return false;
	}
	if (addr_is_any(own)) {
		return is_local(addr);
	}
	/* Who connects to the unspecified address gets loopback. */
	return addr_equal(own, addr) ||
	       (addr_is_any(addr) && addr_is_loopback(own));
}

bool
ports_take(const struct ports *ports, const struct addr *addr)
{
	struct list *node = list_first(&ports->all);
	struct addr plain;

	addr_unmap(addr, &plain);
	for (; node != NULL; node = list_after(&ports->all, node)) {
		struct ports_info info;

		describe(list_entry(node, struct port, all), &info);
		if (leads_to(&plain, &info.addr)) {
			return true;
		}
	}
	return false;
}

void
ports_each(const struct ports *ports,
    void (*visit)(const struct ports_info *info, void *arg), void *arg)
{
	struct list *node = list_first(&ports->all);

	for (; node != NULL; node = list_after(&ports->all, node)) {
		struct ports_info info;

		describe(list_entry(node, struct port, all), &info);
		visit(&info, arg);
	}
}

const char *
ports_format(const struct ports_info *info, char out[PORTS_TEXT_LEN])
{
	const char *prefix = info->forward != NULL ? udp_prefix : "dns:";
	char text[ADDR_TEXT_LEN];

	(void)snprintf(out, PORTS_TEXT_LEN, "%s%s", info->is_udp ? prefix : "",
	    addr_format(&info->addr, text));
	return out;
}
