/* SPDX-License-Identifier: ISC */
#include "common/dial.h"

#include <errno.h>
#include <ev.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/loop.h"
#include "common/mem.h"
#include "common/resolver.h"

/* One address and the socket that connects to it. */
struct dial_attempt {
	struct dial *dial;
	struct ev_io watcher;
	int fd; /* -1 unless under way */
	struct addr addr;
};

struct dial {
	struct loop *loop;
	dial_callback *callback; /* NULL once done */
	void *arg;
	struct dial_options options;
	struct resolver_lookup *lookup; /* under way, or NULL */
	struct ev_timer deadline;
	struct ev_timer stagger;
	struct loop_task conclude;
	struct dial_attempt attempts[DIAL_ADDRS_MAX];
	size_t count;               /* addresses there are */
	size_t tried;               /* how many of them were begun */
	size_t open;                /* how many of those are under way */
	struct dial_result failure; /* the most telling so far */
};

const char *
dial_status_name(enum dial_status status)
{
	static const char *const names[] = {
		[DIAL_OK] = "ok",
		[DIAL_NO_NAME] = "no-name",
		[DIAL_DNS_FAILED] = "dns-failed",
		[DIAL_DNS_TIMEOUT] = "dns-timeout",
		[DIAL_DENIED] = "denied",
		[DIAL_REFUSED] = "refused",
		[DIAL_TIMEOUT] = "timeout",
		[DIAL_NET_UNREACHABLE] = "net-unreachable",
		[DIAL_HOST_UNREACHABLE] = "host-unreachable",
		[DIAL_FAILED] = "failed",
	};

	return names[status];
}

static enum dial_status
status_of(int err)
{
	switch (err) {
	case ECONNREFUSED:
	case ENOENT: /* of a unix socket */
		return DIAL_REFUSED;
	case ETIMEDOUT:
		return DIAL_TIMEOUT;
	case ENETUNREACH:
	case ENETDOWN:
	case EAFNOSUPPORT: /* the family is switched off */
	case EADDRNOTAVAIL:
		return DIAL_NET_UNREACHABLE;
	case EHOSTUNREACH:
	case EHOSTDOWN:
		return DIAL_HOST_UNREACHABLE;
	default:
		return DIAL_FAILED;
	}
}

/*
 * How much a failure tells, for choosing among those of a host's addresses.
 *
 * A missing route says only that one of them is not for us.  A refusal proves
 * that the host is up and that nothing listens at this address; many services
 * listen at one of two.  So where another address is silent, it is that one
 * that has the fault: the service hangs, its queue is full, or somebody drops
 * its packets.  "Nothing listens" would send a person looking for a service
 * that is there, and would not say why it took all that time to find out.  When
 * nothing listens anywhere, every address refuses.
 *
 * What misleads then is a silent address beside the right one, such as a
 * broken IPv6 route to a host that is down: there the time that it took is
 * true at least, and the address that is named is the silent one.
 */
static int
weight_of(enum dial_status status)
{
	static const int weights[] = {
		[DIAL_DENIED] = 1,
		[DIAL_NET_UNREACHABLE] = 2,
		[DIAL_HOST_UNREACHABLE] = 3,
		[DIAL_FAILED] = 4,
		[DIAL_REFUSED] = 5,
		[DIAL_TIMEOUT] = 6,
	};

	return weights[status];
}

/* Keep a failure if it tells more than those before. */
static void
note_failure(struct dial *dial, enum dial_status status, int err,
    const struct addr *addr)
{
	if (weight_of(status) > weight_of(dial->failure.status)) {
		dial->failure.status = status;
		dial->failure.err = err;
		dial->failure.addr = *addr;
	}
}

/* Stop watching an attempt and return its socket. */
static int
release(struct dial_attempt *attempt)
{
	int fd = attempt->fd;

	ev_io_stop(loop_ev(attempt->dial->loop), &attempt->watcher);
	attempt->fd = -1;
	attempt->dial->open--;
	return fd;
}

/* Stop everything; the memory stays until the end of the iteration. */
static void
stop(struct dial *dial)
{
	dial->callback = NULL;
	resolver_cancel(dial->lookup);
	dial->lookup = NULL;
	ev_timer_stop(loop_ev(dial->loop), &dial->deadline);
	ev_timer_stop(loop_ev(dial->loop), &dial->stagger);
	loop_task_cancel(dial->loop, &dial->conclude);
	for (size_t i = 0; i < dial->tried; i++) {
		if (dial->attempts[i].fd >= 0) {
			close(release(&dial->attempts[i]));
		}
	}
	loop_reap(dial->loop, dial, mem_free);
}

void
dial_cancel(struct dial *dial)
{
	if (dial != NULL && dial->callback != NULL) {
		stop(dial);
	}
}

/* Tell the caller and be done. */
static void
finish(struct dial *dial, const struct dial_result *result)
{
	dial_callback *callback = dial->callback;

	stop(dial);
	callback(result, dial->arg);
}

/* Every address has failed. */
static void
conclude(void *arg)
{
	struct dial *dial = arg;

	finish(dial, &dial->failure);
}

/*
 * Return whether fd is connected to itself.  A port in the range of outgoing
 * connections may be chosen for this very connection, and TCP then connects
 * the socket to itself where nobody listens.
 */
static bool
is_own_peer(int fd, const struct addr *peer)
{
	struct addr local = { .len = sizeof(local.ss) };

	return addr_family(peer) != AF_UNIX &&
	       getsockname(fd, (struct sockaddr *)&local.ss, &local.len) == 0 &&
	       addr_equal(&local, peer);
}

/* Return 0 when the attempt has succeeded, else its errno. */
static int
outcome(const struct dial_attempt *attempt)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0) {
		return errno;
	}
	if (err == 0 && is_own_peer(attempt->fd, &attempt->addr)) {
		return ECONNREFUSED;
	}
	return err;
}

static void try_next(struct dial *dial);

static void
on_writable(struct ev_loop *ev, struct ev_io *watcher, int events)
{
	struct dial_attempt *attempt = watcher->data;
	struct dial *dial = attempt->dial;
	int err = outcome(attempt);
	int fd = release(attempt);

	(void)ev;
	(void)events;
	if (err != 0) {
		close(fd);
		note_failure(dial, status_of(err), err, &attempt->addr);
		try_next(dial);
	} else {
		struct dial_result result = {
			.status = DIAL_OK, .fd = fd, .addr = attempt->addr
		};

		finish(dial, &result);
	}
}

/* A socket that is connecting or connected to addr, or -1 and errno. */
static int
open_socket(const struct addr *addr)
{
	int fd = socket(
	    addr_family(addr), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return -1;
	}
	if (connect(fd, (const struct sockaddr *)&addr->ss, addr->len) < 0 &&
	    errno != EINPROGRESS && errno != EINTR) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/* Begin to connect; false when that has failed already. */
static bool
begin(struct dial_attempt *attempt)
{
	struct dial *dial = attempt->dial;
	const struct dial_options *options = &dial->options;

	if (options->filter != NULL &&
	    !options->filter(&attempt->addr, options->filter_arg)) {
		note_failure(dial, DIAL_DENIED, 0, &attempt->addr);
		return false;
	}
	attempt->fd = open_socket(&attempt->addr);
	if (attempt->fd < 0) {
		note_failure(dial, status_of(errno), errno, &attempt->addr);
		return false;
	}
	dial->open++;
	/* Connected at once or not, the loop tells when it is. */
	ev_io_init(&attempt->watcher, on_writable, attempt->fd, EV_WRITE);
	attempt->watcher.data = attempt;
	ev_io_start(loop_ev(dial->loop), &attempt->watcher);
	return true;
}

/* Begin the next attempt that can be begun, and time the one after it. */
static void
try_next(struct dial *dial)
{
	struct ev_loop *ev = loop_ev(dial->loop);
	bool begun = false;

	ev_timer_stop(ev, &dial->stagger);
	while (!begun && dial->tried < dial->count) {
		dial->tried++;
		begun = begin(&dial->attempts[dial->tried - 1]);
	}
	if (dial->tried < dial->count) {
		ev_timer_set(&dial->stagger, dial->options.stagger, 0.);
		ev_timer_start(ev, &dial->stagger);
	} else if (dial->open == 0) {
		loop_defer(dial->loop, &dial->conclude);
	}
}

static void
on_stagger(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	(void)ev;
	(void)events;
	try_next(watcher->data);
}

static void
on_deadline(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	struct dial *dial = watcher->data;

	(void)ev;
	(void)events;
	if (dial->lookup != NULL) {
		dial->failure.status = DIAL_DNS_TIMEOUT;
		dial->failure.err = ETIMEDOUT;
	}
	for (size_t i = 0; i < dial->tried; i++) {
		if (dial->attempts[i].fd >= 0) {
			note_failure(dial, DIAL_TIMEOUT, ETIMEDOUT,
			    &dial->attempts[i].addr);
		}
	}
	finish(dial, &dial->failure);
}

/* Return the first address from at on that is, or is not, of family. */
static size_t
find_family(
    const struct addr *addrs, size_t count, size_t at, int family, bool same)
{
	while (at < count && (addr_family(&addrs[at]) == family) != same) {
		at++;
	}
	return at;
}

/* Take the addresses over, the families alternating, RFC 8305 section 4. */
static void
take_addrs(struct dial *dial, const struct addr *addrs, size_t count)
{
	int family = count > 0 ? addr_family(&addrs[0]) : AF_UNSPEC;
	size_t at[2]; /* next of the first family, next of the others */
	bool first = true;

	at[0] = find_family(addrs, count, 0, family, true);
	at[1] = find_family(addrs, count, 0, family, false);
	while (
	    dial->count < DIAL_ADDRS_MAX && (at[0] < count || at[1] < count)) {
		size_t *next = &at[first ? 0 : 1];

		if (*next < count) {
			struct dial_attempt *attempt =
			    &dial->attempts[dial->count];

			attempt->dial = dial;
			attempt->fd = -1;
			attempt->addr = addrs[*next];
			dial->count++;
			*next =
			    find_family(addrs, count, *next + 1, family, first);
		}
		first = !first;
	}
}

static struct dial *
new_dial(struct loop *loop, const struct dial_options *options,
    dial_callback *callback, void *arg)
{
	struct dial *dial = mem_new(1, sizeof(*dial));

	if (dial == NULL) {
		return NULL;
	}
	dial->loop = loop;
	dial->callback = callback;
	dial->arg = arg;
	if (options != NULL) {
		dial->options = *options;
	}
	if (dial->options.timeout <= 0.) {
		dial->options.timeout = DIAL_TIMEOUT_SECONDS;
	}
	if (dial->options.stagger <= 0.) {
		dial->options.stagger = DIAL_STAGGER_SECONDS;
	}
	dial->failure.status = DIAL_NO_NAME; /* until an address has failed */
	dial->failure.fd = -1;
	loop_task_init(&dial->conclude, conclude, dial);
	ev_timer_init(&dial->stagger, on_stagger, 0., 0.);
	dial->stagger.data = dial;
	ev_timer_init(&dial->deadline, on_deadline, dial->options.timeout, 0.);
	dial->deadline.data = dial;
	ev_timer_start(loop_ev(loop), &dial->deadline);
	return dial;
}

struct dial *
dial_start(struct loop *loop, const struct addr *addrs, size_t count,
    const struct dial_options *options, dial_callback *callback, void *arg)
{
	struct dial *dial = new_dial(loop, options, callback, arg);

	if (dial != NULL) {
		take_addrs(dial, addrs, count);
		try_next(dial);
	}
	return dial;
}

/* A look-up that failed, as the end of its dial. */
static void
fail_lookup(struct dial *dial, enum resolver_status status)
{
	switch (status) {
	case RESOLVER_OK:
	case RESOLVER_NO_NAME:
		dial->failure.status = DIAL_NO_NAME;
		break;
	case RESOLVER_TIMEOUT:
		dial->failure.status = DIAL_DNS_TIMEOUT;
		dial->failure.err = ETIMEDOUT;
		break;
	case RESOLVER_FAILED:
		dial->failure.status = DIAL_DNS_FAILED;
		break;
	case RESOLVER_NO_MEMORY:
		dial->failure.status = DIAL_FAILED;
		dial->failure.err = ENOMEM;
		break;
	}
	finish(dial, &dial->failure);
}

static void
on_resolved(enum resolver_status status, const struct addr *addrs, size_t count,
    void *arg)
{
	struct dial *dial = arg;

	dial->lookup = NULL;
	if (status != RESOLVER_OK) {
		fail_lookup(dial, status);
		return;
	}
	take_addrs(dial, addrs, count);
	try_next(dial);
}

struct dial *
dial_name(struct resolver *resolver, const char *host, uint16_t port,
    const struct dial_options *options, dial_callback *callback, void *arg)
{
	struct dial *dial =
	    new_dial(resolver_loop(resolver), options, callback, arg);

	if (dial == NULL) {
		return NULL;
	}
	dial->lookup = resolver_start(resolver, host, port, on_resolved, dial);
	if (dial->lookup == NULL) {
		dial_cancel(dial);
		return NULL;
	}
	return dial;
}
