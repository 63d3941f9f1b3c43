/* SPDX-License-Identifier: ISC */
#include "common/dns.h"

#include <ares.h>
#include <ev.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/list.h"
#include "common/loop.h"
#include "common/mem.h"

/* Tries of each query; with the waits doubled they take 1 + 2 + 4 units. */
#define DNS_TRIES 3
#define DNS_UNITS 7

/*
 * c-ares rounds down to milliseconds: woken that much too early, it would find
 * nothing overdue and have us come again at once.
 */
#define DNS_ROUNDING 0.001

/* One socket that c-ares has open. */
struct dns_socket {
	struct list node;
	struct dns *dns;
	struct ev_io watcher;
};

/* One query under way. */
struct dns_pending {
	struct dns *dns;
	dns_callback *callback;
	void *arg;
};

struct dns {
	struct loop *loop;
	ares_channel channel;
	struct ev_timer timer;
	struct list sockets;
	unsigned queries;
	bool retired;
};

static void
set_timer(struct dns *dns)
{
	struct ev_loop *ev = loop_ev(dns->loop);
	struct timeval left;

	ev_timer_stop(ev, &dns->timer);
	if (ares_timeout(dns->channel, NULL, &left) != NULL) {
		double seconds = (double)left.tv_sec +
				 (double)left.tv_usec * 1e-6 + DNS_ROUNDING;

		ev_timer_set(&dns->timer, seconds, 0.);
		ev_timer_start(ev, &dns->timer);
	}
}

static void
on_timer(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	struct dns *dns = watcher->data;

	(void)ev;
	(void)events;
	ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timer(dns);
}

/* The socket, and the watcher with it, may be gone after ares_process_fd(). */
static void
on_socket(struct ev_loop *ev, struct ev_io *watcher, int events)
{
	struct dns_socket *socket = watcher->data;
	struct dns *dns = socket->dns;
	int fd = watcher->fd;

	(void)ev;
	ares_process_fd(dns->channel,
	    (events & EV_READ) != 0 ? fd : ARES_SOCKET_BAD,
	    (events & EV_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
	set_timer(dns);
}

static struct dns_socket *
find_socket(struct dns *dns, int fd)
{
	struct list *node = list_first(&dns->sockets);

	while (node != NULL) {
		struct dns_socket *socket;

		socket = list_entry(node, struct dns_socket, node);
		if (socket->watcher.fd == fd) {
			return socket;
		}
		node = list_after(&dns->sockets, node);
	}
	return NULL;
}

static struct dns_socket *
add_socket(struct dns *dns, int fd)
{
	struct dns_socket *socket = mem_new(1, sizeof(*socket));

	if (socket == NULL) {
		return NULL;
	}
	socket->dns = dns;
	ev_io_init(&socket->watcher, on_socket, fd, 0);
	socket->watcher.data = socket;
	list_init(&socket->node);
	list_push_back(&dns->sockets, &socket->node);
	return socket;
}

static void
remove_socket(struct dns_socket *socket)
{
	ev_io_stop(loop_ev(socket->dns->loop), &socket->watcher);
	list_remove(&socket->node);
	mem_free(socket);
}

/* c-ares opened a socket; without a watcher for it, it is not to use it. */
static int
on_socket_open(ares_socket_t fd, int type, void *data)
{
	(void)type;
	return add_socket(data, fd) != NULL ? 0 : -1;
}

/* c-ares wants something else of a socket than before, or is to close it. */
static void
on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
	struct dns *dns = data;
	struct dns_socket *socket = find_socket(dns, fd);
	int events = (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);

	if (socket == NULL) {
		return;
	}
	if (events == 0) {
		remove_socket(socket);
		return;
	}
	ev_io_stop(loop_ev(dns->loop), &socket->watcher);
	ev_io_set(&socket->watcher, fd, events);
	ev_io_start(loop_ev(dns->loop), &socket->watcher);
}

/* Name the servers, which only works on a channel that is there. */
static int
open_channel(struct dns *dns, const struct dns_config *config,
    struct ares_options *options, int mask)
{
	if (ares_init_options(&dns->channel, options, mask) != ARES_SUCCESS) {
		dns->channel = NULL;
		return -1;
	}
	ares_set_socket_callback(dns->channel, on_socket_open, dns);
	if (config->servers != NULL && ares_set_servers_ports_csv(dns->channel,
					   config->servers) != ARES_SUCCESS) {
		return -1;
	}
	return 0;
}

static int
configure(struct dns *dns, const struct dns_config *config)
{
	char lookups[] = "fb"; /* the hosts file, then the name servers */
	struct ares_options options = { 0 };
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		   ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
	int result;

	options.flags = ARES_FLAG_NOALIASES;
	options.timeout = (int)(config->timeout * 1000. / DNS_UNITS) + 1;
	options.tries = DNS_TRIES;
	options.lookups = lookups;
	options.sock_state_cb = on_socket_state;
	options.sock_state_cb_data = dns;
	if (config->port != 0) {
		options.udp_port = config->port;
		options.tcp_port = config->port;
		mask |= ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT;
	}
	if (config->servers != NULL) {
		/* The search domains belong to the system's servers. */
		mask |= ARES_OPT_DOMAINS;
	}
	if (config->resolv_conf != NULL) {
		options.resolvconf_path = mem_strdup(config->resolv_conf);
		if (options.resolvconf_path == NULL) {
			return -1;
		}
		mask |= ARES_OPT_RESOLVCONF;
	}
	result = open_channel(dns, config, &options, mask);
	mem_free(options.resolvconf_path);
	return result;
}

struct dns *
dns_new(struct loop *loop, const struct dns_config *config)
{
	struct dns *dns = mem_new(1, sizeof(*dns));

	if (dns == NULL) {
		return NULL;
	}
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
		mem_free(dns);
		return NULL;
	}
	dns->loop = loop;
	list_init(&dns->sockets);
	ev_timer_init(&dns->timer, on_timer, 0., 0.);
	dns->timer.data = dns;
	if (configure(dns, config) < 0) {
		dns_free(dns);
		return NULL;
	}
	return dns;
}

void
dns_free(struct dns *dns)
{
	if (dns == NULL) {
		return;
	}
	dns->retired = false;
	if (dns->channel != NULL) {
		ares_destroy(dns->channel);
	}
	/* c-ares has told us of every socket that it closed. */
	ev_timer_stop(loop_ev(dns->loop), &dns->timer);
	ares_library_cleanup();
	mem_free(dns);
}

static void
destroy(void *object)
{
	dns_free(object);
}

/* Not at once: c-ares may be further up the stack. */
static void
bury_if_done(struct dns *dns)
{
	if (dns->retired && dns->queries == 0) {
		loop_reap(dns->loop, dns, destroy);
	}
}

void
dns_retire(struct dns *dns)
{
	if (dns != NULL) {
		dns->retired = true;
		bury_if_done(dns);
	}
}

static void
on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct dns_pending *pending = arg;
	struct dns *dns = pending->dns;

	(void)timeouts;
	dns->queries--;
	pending->callback(status, info, pending->arg);
	mem_free(pending);
	bury_if_done(dns);
}

int
dns_query(struct dns *dns, const char *name, dns_callback *callback, void *arg)
{
	struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM };
	struct dns_pending *pending = mem_new(1, sizeof(*pending));

	if (pending == NULL) {
		return -1;
	}
	pending->dns = dns;
	pending->callback = callback;
	pending->arg = arg;
	dns->queries++;
	ares_getaddrinfo(dns->channel, name, NULL, &hints, on_answer, pending);
	set_timer(dns);
	return 0;
}
