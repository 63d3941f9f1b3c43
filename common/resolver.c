/* SPDX-License-Identifier: ISC */
#include "common/resolver.h"

#include <ares.h>
#include <ev.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "common/addr.h"
#include "common/dns.h"
#include "common/list.h"
#include "common/loop.h"
#include "common/mem.h"

/* DNS names are no longer, RFC 1035 section 3.1, and have no such bytes. */
#define RESOLVER_NAME_MAX 254

/* How one version of resolv.conf is told from another. */
struct resolver_stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

struct resolver {
	struct loop *loop;
	struct dns *dns;
	struct list lookups;
	struct dns_config config;
	char *servers;
	char *resolv_conf;
	struct resolver_stamp stamp;
};

/*
 * A look-up.  c-ares cannot take back a single query: one that was cancelled
 * or that is late stays until c-ares lets go of it, without a callback.
 */
struct resolver_lookup {
	struct resolver *resolver;
	struct list node;
	struct loop_task deliver;
	struct ev_timer deadline;
	resolver_callback *callback; /* NULL once done */
	void *arg;
	struct dns *dns; /* that holds a pointer to this, or NULL */
	uint16_t port;
	enum resolver_status status;
	size_t count;
	struct addr addrs[RESOLVER_ADDRS_MAX];
};

const char *
resolver_status_name(enum resolver_status status)
{
	static const char *const names[] = {
		[RESOLVER_OK] = "ok",
		[RESOLVER_NO_NAME] = "no-name",
		[RESOLVER_TIMEOUT] = "timeout",
		[RESOLVER_FAILED] = "failed",
		[RESOLVER_NO_MEMORY] = "no-memory",
	};

	return names[status];
}

struct loop *
resolver_loop(const struct resolver *resolver)
{
	return resolver->loop;
}

static void
take_stamp(const char *path, struct resolver_stamp *stamp)
{
	struct stat st;

	memset(stamp, 0, sizeof(*stamp));
	if (stat(path, &st) == 0) {
		stamp->dev = st.st_dev;
		stamp->ino = st.st_ino;
		stamp->size = st.st_size;
		stamp->changed = st.st_mtim;
	}
}

static bool
same_stamp(const struct resolver_stamp *a, const struct resolver_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Keep copies of what config points to. */
static int
copy_config(struct resolver *resolver, const struct resolver_config *config)
{
	const char *path = config->resolv_conf;

	resolver->config.port = config->port;
	resolver->config.timeout =
	    config->timeout > 0. ? config->timeout : RESOLVER_TIMEOUT_SECONDS;
	resolver->resolv_conf =
	    mem_strdup(path != NULL ? path : "/etc/resolv.conf");
	if (resolver->resolv_conf == NULL) {
		return -1;
	}
	resolver->config.resolv_conf = resolver->resolv_conf;
	if (config->servers != NULL) {
		resolver->servers = mem_strdup(config->servers);
		resolver->config.servers = resolver->servers;
		return resolver->servers == NULL ? -1 : 0;
	}
	return 0;
}

struct resolver *
resolver_new(struct loop *loop, const struct resolver_config *config)
{
	struct resolver *resolver = mem_new(1, sizeof(*resolver));

	if (resolver == NULL) {
		return NULL;
	}
	resolver->loop = loop;
	list_init(&resolver->lookups);
	if (copy_config(resolver, config) < 0) {
		goto fail;
	}
	take_stamp(resolver->resolv_conf, &resolver->stamp);
	resolver->dns = dns_new(loop, &resolver->config);
	if (resolver->dns == NULL) {
		goto fail;
	}
	return resolver;

fail:
	resolver_free(resolver);
	return NULL;
}

/* Forget a look-up that nobody knows of any more. */
static void
forget(struct resolver_lookup *lookup)
{
	list_remove(&lookup->node);
	loop_reap(lookup->resolver->loop, lookup, mem_free);
}

/* Nobody will hear of lookup any more. */
static void
silence(struct resolver_lookup *lookup)
{
	struct loop *loop = lookup->resolver->loop;

	lookup->callback = NULL;
	ev_timer_stop(loop_ev(loop), &lookup->deadline);
	loop_task_cancel(loop, &lookup->deliver);
	if (lookup->dns == NULL) {
		forget(lookup);
	}
}

/* End the queries that c-ares still knows of; nobody listens any more. */
static void
end_queries(struct resolver *resolver)
{
	struct list *first = list_first(&resolver->lookups);

	while (first != NULL) {
		struct dns *dns;

		dns = list_entry(first, struct resolver_lookup, node)->dns;
		if (dns == resolver->dns) {
			resolver->dns = NULL;
		}
		dns_free(dns);
		first = list_first(&resolver->lookups);
	}
}

void
resolver_free(struct resolver *resolver)
{
	struct list *node;

	if (resolver == NULL) {
		return;
	}
	node = list_first(&resolver->lookups);
	while (node != NULL) {
		struct list *next = list_after(&resolver->lookups, node);

		silence(list_entry(node, struct resolver_lookup, node));
		node = next;
	}
	end_queries(resolver);
	dns_free(resolver->dns);
	mem_free(resolver->servers);
	mem_free(resolver->resolv_conf);
	mem_free(resolver);
}

void
resolver_cancel(struct resolver_lookup *lookup)
{
	if (lookup != NULL && lookup->callback != NULL) {
		silence(lookup);
	}
}

/* Tell the caller and be done. */
static void
finish(struct resolver_lookup *lookup, enum resolver_status status)
{
	resolver_callback *callback = lookup->callback;
	size_t count = status == RESOLVER_OK ? lookup->count : 0;

	/* Memory stays until the end of the iteration. */
	silence(lookup);
	callback(status, lookup->addrs, count, lookup->arg);
}

static void
deliver(void *arg)
{
	struct resolver_lookup *lookup = arg;

	finish(lookup, lookup->status);
}

static void
on_deadline(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	(void)ev;
	(void)events;
	finish(watcher->data, RESOLVER_TIMEOUT);
}

/* Have the caller told at the end of this iteration. */
static void
settle(struct resolver_lookup *lookup, enum resolver_status status)
{
	lookup->status = status;
	loop_defer(lookup->resolver->loop, &lookup->deliver);
}

static void
add_addr(struct resolver_lookup *lookup, const struct ares_addrinfo_node *node)
{
	struct addr *addr = &lookup->addrs[lookup->count];

	if (node->ai_addrlen > sizeof(addr->ss)) {
		return;
	}
	memset(addr, 0, sizeof(*addr));
	memcpy(&addr->ss, node->ai_addr, node->ai_addrlen);
	addr->len = node->ai_addrlen;
	addr_set_port(addr, lookup->port);
	lookup->count++;
}

static enum resolver_status
status_of(int ares_status)
{
	switch (ares_status) {
	case ARES_ENODATA:
	case ARES_ENOTFOUND:
	case ARES_ENONAME:
	case ARES_EBADNAME:
		return RESOLVER_NO_NAME;
	case ARES_ETIMEOUT:
		return RESOLVER_TIMEOUT;
	case ARES_ENOMEM:
		return RESOLVER_NO_MEMORY;
	default:
		return RESOLVER_FAILED;
	}
}

static void
on_answer(int status, struct ares_addrinfo *info, void *arg)
{
	struct resolver_lookup *lookup = arg;

	lookup->dns = NULL;
	if (lookup->callback == NULL) {
		forget(lookup);
	} else if (status != ARES_SUCCESS) {
		settle(lookup, status_of(status));
	} else {
		const struct ares_addrinfo_node *node = info->nodes;

		while (node != NULL && lookup->count < RESOLVER_ADDRS_MAX) {
			add_addr(lookup, node);
			node = node->ai_next;
		}
		settle(
		    lookup, lookup->count > 0 ? RESOLVER_OK : RESOLVER_NO_NAME);
	}
	ares_freeaddrinfo(info);
}

/* Return whether host is "localhost" or below it, RFC 6761 section 6.3. */
static bool
is_localhost(const char *host)
{
	static const char name[] = "localhost";
	size_t name_len = sizeof(name) - 1;
	size_t len = strlen(host);

	if (len > 0 && host[len - 1] == '.') {
		len--;
	}
	if (len < name_len ||
	    strncasecmp(host + len - name_len, name, name_len) != 0) {
		return false;
	}
	return len == name_len || host[len - name_len - 1] == '.';
}

/* Return whether host could be the name of anything. */
static bool
is_name(const char *host)
{
	size_t len = strlen(host);

	if (len == 0 || len > RESOLVER_NAME_MAX) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)host[i];

		if (c <= ' ' || c == 0x7f) {
			return false;
		}
	}
	return true;
}

/* Answer what needs no asking; false when it has to be asked for. */
static bool
answer_at_once(struct resolver_lookup *lookup, const char *host)
{
	if (addr_from_ip(&lookup->addrs[0], host, lookup->port) == 0) {
		lookup->count = 1;
		settle(lookup, RESOLVER_OK);
		return true;
	}
	if (is_localhost(host)) {
		/* What listens on one family only mostly chose the first. */
		(void)addr_from_ip(
		    &lookup->addrs[0], "127.0.0.1", lookup->port);
		(void)addr_from_ip(&lookup->addrs[1], "::1", lookup->port);
		lookup->count = 2;
		settle(lookup, RESOLVER_OK);
		return true;
	}
	if (!is_name(host)) {
		settle(lookup, RESOLVER_NO_NAME);
		return true;
	}
	return false;
}

/* Follow resolv.conf; without memory the old name servers have to do. */
static void
refresh(struct resolver *resolver)
{
	struct resolver_stamp stamp;
	struct dns *dns;

	if (resolver->config.servers != NULL) {
		return;
	}
	take_stamp(resolver->resolv_conf, &stamp);
	if (same_stamp(&stamp, &resolver->stamp)) {
		return;
	}
	dns = dns_new(resolver->loop, &resolver->config);
	if (dns != NULL) {
		dns_retire(resolver->dns);
		resolver->dns = dns;
		resolver->stamp = stamp;
	}
}

static void
ask(struct resolver_lookup *lookup, const char *host)
{
	struct resolver *resolver = lookup->resolver;

	refresh(resolver);
	lookup->dns = resolver->dns;
	if (dns_query(resolver->dns, host, on_answer, lookup) < 0) {
		lookup->dns = NULL;
		settle(lookup, RESOLVER_NO_MEMORY);
	}
}

struct resolver_lookup *
resolver_start(struct resolver *resolver, const char *host, uint16_t port,
    resolver_callback *callback, void *arg)
{
	struct resolver_lookup *lookup = mem_new(1, sizeof(*lookup));

	if (lookup == NULL) {
		return NULL;
	}
	lookup->resolver = resolver;
	lookup->callback = callback;
	lookup->arg = arg;
	lookup->port = port;
	loop_task_init(&lookup->deliver, deliver, lookup);
	ev_timer_init(
	    &lookup->deadline, on_deadline, resolver->config.timeout, 0.);
	lookup->deadline.data = lookup;
	list_init(&lookup->node);
	list_push_back(&resolver->lookups, &lookup->node);
	if (!answer_at_once(lookup, host)) {
		ev_timer_start(loop_ev(resolver->loop), &lookup->deadline);
		ask(lookup, host);
	}
	return lookup;
}
