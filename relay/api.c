/* SPDX-License-Identifier: ISC */
#include "relay/api.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/control.h"
#include "common/fault.h"
#include "common/listener.h"
#include "common/log.h"
#include "common/mem.h"
#include "relay/account.h"
#include "relay/api_impl.h"

/* --- running ---------------------------------------------------------- */

static void
on_run(void *arg)
{
	struct api *api = arg;
	struct ev_loop *ev = loop_ev(api->config.loop);
	MHD_UNSIGNED_LONG_LONG ms;

	(void)MHD_run(api->daemon);
	ev_timer_stop(ev, &api->due);
	if (MHD_get_timeout(api->daemon, &ms) == MHD_YES) {
		ev_timer_set(&api->due, (double)ms / 1000., 0.);
		ev_timer_start(ev, &api->due);
	}
}

void
api_run_soon(struct api *api)
{
	loop_defer(api->config.loop, &api->run);
}

static void
on_ready(struct ev_loop *ev, ev_io *io, int revents)
{
	(void)ev;
	(void)revents;
	on_run(io->data);
}

static void
on_due(struct ev_loop *ev, ev_timer *timer, int revents)
{
	(void)ev;
	(void)revents;
	on_run(timer->data);
}

bool
api_take_turn(struct api *api, unsigned cost)
{
	uint64_t now = loop_now(api->config.loop);

	if (api->turn_at != now) {
		api->turn_at = now;
		api->turn_left = API_TURN_ITEMS;
	}
	if (api->turn_left == 0) {
		return false;
	}
	api->turn_left -= cost < api->turn_left ? cost : api->turn_left;
	return true;
}

/* --- connections ------------------------------------------------------ */

static void
peer_free(struct api_peer *peer)
{
	struct api *api = peer->api;

	list_remove(&peer->all);
	if (!peer->local) {
		api->remote--;
	} else if (api->listener != NULL) {
		listener_released(api->listener);
	}
	mem_free(peer);
}

/* Return who was given to libmicrohttpd with that descriptor. */
static struct api_peer *
find_arriving(struct api *api, int fd)
{
	struct list *node = list_first(&api->callers);

	for (; node != NULL; node = list_after(&api->callers, node)) {
		struct api_peer *peer = list_entry(node, struct api_peer, all);

		if (!peer->started && peer->fd == fd) {
			return peer;
		}
	}
	return NULL;
}

static void
on_connection_event(void *arg, struct MHD_Connection *connection,
    void **context, enum MHD_ConnectionNotificationCode event)
{
	struct api *api = arg;
	struct api_peer *peer = *context;

	if (event == MHD_CONNECTION_NOTIFY_STARTED) {
		peer = find_arriving(api, MHD_get_connection_info(connection,
					      MHD_CONNECTION_INFO_CONNECTION_FD)
					      ->connect_fd);
		if (peer != NULL) {
			peer->started = true;
			*context = peer;
		}
	} else if (peer != NULL) {
		*context = NULL;
		peer_free(peer);
	}
}

/* Return how many connections the account user has by sessions. */
static unsigned
count_account(const struct api *api, const char *user)
{
	struct list *node = list_first(&api->callers);
	unsigned count = 0;

	for (; node != NULL; node = list_after(&api->callers, node)) {
		const struct api_peer *peer =
		    list_entry(node, struct api_peer, all);

		count += !peer->local && strcmp(peer->user, user) == 0;
	}
	return count;
}

bool
api_hold(struct api_call *call, size_t len)
{
	struct api_peer *peer = call->peer;
	struct api *api = peer->api;
	struct list *node = list_first(&api->callers);
	size_t held = len;

	if (len <= API_ANSWER_SMALL) {
		return true;
	}
	for (; node != NULL; node = list_after(&api->callers, node)) {
		const struct api_peer *other =
		    list_entry(node, struct api_peer, all);

		if (other->local == peer->local &&
		    strcmp(other->user, peer->user) == 0) {
			held += other->held;
		}
	}
	if (held > API_ACCOUNT_ANSWERS_MAX ||
	    api->held + len > API_ANSWERS_MAX) {
		return false;
	}
	call->held = len;
	peer->held += len;
	api->held += len;
	return true;
}

static struct api_peer *
peer_new(struct api *api, int fd, const struct api_caller *caller)
{
	struct api_peer *peer;

	if (!caller->local &&
	    (api->remote >= API_REMOTE_MAX ||
		count_account(api, caller->user) >= API_ACCOUNT_MAX)) {
		return NULL;
	}
	peer = mem_new(1, sizeof(*peer));
	if (peer == NULL) {
		return NULL;
	}
	peer->api = api;
	peer->fd = fd;
	peer->device = caller->device;
	peer->local = caller->local;
	(void)snprintf(peer->user, sizeof(peer->user), "%s", caller->user);
	(void)snprintf(
	    peer->origin, sizeof(peer->origin), "%s", caller->origin);
	list_init(&peer->all);
	list_push_back(&api->callers, &peer->all);
	api->remote += !peer->local;
	return peer;
}

/* Peer, if it is still there, did not get to libmicrohttpd. */
static void
forget(struct api *api, const struct api_peer *gone)
{
	struct list *node = list_first(&api->callers);

	for (; node != NULL; node = list_after(&api->callers, node)) {
		struct api_peer *peer = list_entry(node, struct api_peer, all);

		if (peer == gone) {
			peer_free(peer);
			return;
		}
	}
}

int
api_serve(struct api *api, int fd, const struct api_caller *caller)
{
	/* It wants an address, and every peer of ours is a unix socket. */
	const struct sockaddr_un nobody = { .sun_family = AF_UNIX };
	struct api_peer *peer = peer_new(api, fd, caller);

	if (peer == NULL) {
		(void)close(fd);
		return -1;
	}
	if (MHD_add_connection(api->daemon, fd,
		(const struct sockaddr *)(const void *)&nobody,
		sizeof(nobody)) != MHD_YES) {
		forget(api, peer);
		return -1;
	}
	api_run_soon(api);
	return 0;
}

/* --- the socket ------------------------------------------------------- */

static void
on_connection(int fd, const struct addr *peer, void *arg)
{
	const struct api_caller caller = {
		.user = ACCOUNT_OWNER,
		.local = true,
		.origin = "this machine",
	};
	struct api *api = arg;

	(void)peer;
	if (!control_is_trusted(fd)) {
		(void)close(fd);
		listener_released(api->listener);
	} else if (api_serve(api, fd, &caller) != 0) {
		log_write(LOG_LEVEL_WARN, "api", 0,
		    "a connection is refused: out of memory");
	}
}

int
api_listen(struct api *api, const char *path, struct fault *fault)
{
	struct listener_config config = {
		.mode = 0600,
		.max_open = API_LOCAL_MAX,
	};

	if (addr_from_path(&config.addr, path) != 0) {
		return fault_set(fault, "the path %s is too long", path);
	}
	api->listener =
	    listener_new(api->config.loop, &config, on_connection, api, fault);
	return api->listener != NULL ? 0 : -1;
}

/* --- beginning and end -------------------------------------------------- */

static struct MHD_Daemon *
start_daemon(struct api *api)
{
	/* It complains of unix sockets that they know no TCP: it is silent. */
	return MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME,
	    0, NULL, NULL, apicall_handle, api, MHD_OPTION_NOTIFY_COMPLETED,
	    apicall_completed, api, MHD_OPTION_NOTIFY_CONNECTION,
	    on_connection_event, api, MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)API_LOCAL_MAX + API_REMOTE_MAX + 8,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)API_IDLE_TIME,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)API_CONNECTION_MEMORY,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

struct api *
api_new(const struct api_config *config)
{
	struct api *api = mem_new(1, sizeof(*api));
	int fd;

	if (api == NULL) {
		return NULL;
	}
	api->config = *config;
	list_init(&api->callers);
	list_init(&api->suspended);
	list_init(&api->waiting);
	loop_task_init(&api->run, on_run, api);
	loop_task_init(&api->turn, apicall_turn, api);
	apiguard_make_key(api->key);
	api->daemon = start_daemon(api);
	if (api->daemon == NULL) {
		mem_free(api);
		return NULL;
	}
	fd = MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_EPOLL_FD)
		 ->epoll_fd;
	ev_io_init(&api->ready, on_ready, fd, EV_READ);
	api->ready.data = api;
	ev_timer_init(&api->due, on_due, 0., 0.);
	api->due.data = api;
	ev_io_start(loop_ev(config->loop), &api->ready);
	return api;
}

void
api_free(struct api *api)
{
	struct listener *listener;

	if (api == NULL) {
		return;
	}
	listener = api->listener;
	api->listener = NULL;
	listener_free(listener);
	ev_io_stop(loop_ev(api->config.loop), &api->ready);
	ev_timer_stop(loop_ev(api->config.loop), &api->due);
	apicall_end_all(api);
	MHD_stop_daemon(api->daemon);
	loop_task_cancel(api->config.loop, &api->run);
	loop_task_cancel(api->config.loop, &api->turn);
	mem_free_wiped(api, sizeof(*api));
}
