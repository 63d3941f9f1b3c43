/* SPDX-License-Identifier: ISC */
#include "protocol/endpoint.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/control.h"
#include "common/fault.h"
#include "common/inbox.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/resolver.h"
#include "common/signals.h"
#include "common/statedir.h"
#include "protocol/endpoint_impl.h"
#include "protocol/enrol.h"
#include "protocol/joinsource.h"
#include "protocol/link.h"
#include "protocol/uplink.h"

#define FILE_CONTROL "control"
#define FILE_READY "ready"

/*
 * Iterations of the loop between the end of the sessions and GOAWAY: their
 * last records are sealed in the first and written in the second.
 */
#define FAREWELL_ITERATIONS 3

/* A link closes two seconds after GOAWAY at the latest. */
#define FAREWELL_TIME 2.5

const char *
endpoint_role_name(const struct endpoint *endpoint)
{
	return endpoint->role == LINKHELLO_GATEWAY ? "gateway" : "agent";
}

/* --- joining --------------------------------------------------------- */

enum code
endpoint_join(
    struct endpoint *endpoint, const char *string, struct fault *fault)
{
	enum code code = enrol_take(endpoint->enrol, string,
	    endpoint->ops->joining, endpoint->arg, fault);

	if (code == CODE_OK && endpoint->control != NULL) {
		loop_defer(endpoint->loop, &endpoint->relink);
	}
	return code;
}

int
endpoint_leave(struct endpoint *endpoint, struct fault *fault)
{
	if (enrol_leave(endpoint->enrol, fault) != 0) {
		return -1;
	}
	endpointways_drop(endpoint, CODE_NOT_JOINED);
	return 0;
}

/* Take the string that was given at the start, if any; 0, or -1 and fault. */
static int
join_at_start(struct endpoint *endpoint, char *argument, struct fault *fault)
{
	char string[JOINSTRING_MAX];
	enum joinsource_result source =
	    joinsource_read(argument, string, fault);
	enum code code;

	if (source == JOINSOURCE_FAILED) {
		/*
		 * The same command line starts a service for ever, and a relay
		 * removes owner.join once it was used.
		 */
		if (endpoint_membership(endpoint) == NULL) {
			return -1;
		}
		log_write(LOG_LEVEL_WARN, "state", 0,
		    "join string ignored, as this device has joined: %s",
		    fault->text);
		return 0;
	}
	if (source == JOINSOURCE_NONE) {
		code = enrol_take_left(endpoint->enrol, endpoint->ops->joining,
		    endpoint->arg, fault);
	} else {
		code = endpoint_join(endpoint, string, fault);
	}
	mem_wipe(string, sizeof(string));
	if (code == CODE_JOIN_USED) {
		log_write(LOG_LEVEL_INFO, "state", 0,
		    "join string ignored: it was used here before");
		code = CODE_OK;
	}
	return code == CODE_OK ? 0 : -1;
}

/* --- the end --------------------------------------------------------- */

/* Move on to phase, in seconds at the latest to the next one. */
static void
enter_phase(
    struct endpoint *endpoint, enum endpoint_phase phase, double seconds)
{
	struct ev_loop *ev = loop_ev(endpoint->loop);

	endpoint->phase = phase;
	ev_timer_stop(ev, &endpoint->timer);
	ev_timer_set(&endpoint->timer, seconds, 0.);
	ev_timer_start(ev, &endpoint->timer);
}

/* One step of the end, once an iteration. */
static void
on_end(void *arg)
{
	struct endpoint *endpoint = arg;

	if (endpoint->phase == ENDPOINT_FINISHING) {
		enter_phase(endpoint, ENDPOINT_STOPPING, FAREWELL_TIME);
		if (endpoint->ops->stop != NULL) {
			endpoint->ops->stop(endpoint->arg);
		}
	}
	if (endpoint->farewell++ < FAREWELL_ITERATIONS) {
		loop_defer(endpoint->loop, &endpoint->end);
	} else if (endpoint_link(endpoint) == NULL) {
		loop_stop(endpoint->loop);
	} else {
		/* The end of the last link ends the loop. */
		endpointways_leave(endpoint);
	}
}

/* The time of a phase is over. */
static void
on_phase_over(struct ev_loop *ev, struct ev_timer *timer, int events)
{
	struct endpoint *endpoint = timer->data;

	(void)ev;
	(void)events;
	if (endpoint->phase == ENDPOINT_STOPPING) {
		loop_stop(endpoint->loop);
	} else {
		endpoint_finished(endpoint);
	}
}

void
endpoint_finished(struct endpoint *endpoint)
{
	if (endpoint->phase == ENDPOINT_FINISHING) {
		loop_defer(endpoint->loop, &endpoint->end);
	}
}

/* Begin the end, or hurry it. */
static void
finish(struct endpoint *endpoint)
{
	switch (endpoint->phase) {
	case ENDPOINT_SERVING:
		log_write(LOG_LEVEL_INFO, "state", 0, "shutting down");
		enter_phase(endpoint, ENDPOINT_FINISHING, ENDPOINT_FINISH_TIME);
		if (endpoint->ops->finish == NULL) {
			endpoint_finished(endpoint);
		} else {
			endpoint->ops->finish(endpoint->arg);
		}
		break;
	case ENDPOINT_FINISHING:
		endpoint_finished(endpoint);
		break;
	case ENDPOINT_STOPPING:
		loop_stop(endpoint->loop);
		break;
	}
}

static void
on_signal(int signum, void *arg)
{
	struct endpoint *endpoint = arg;

	if (signum != SIGHUP) {
		finish(endpoint);
	} else if (endpoint->ops->reload != NULL) {
		endpoint->ops->reload(endpoint->arg);
	}
}

/* --- life ------------------------------------------------------------ */

/* Return the exit code for a file that could not be used. */
static int
exit_status(enum file_result result)
{
	return result == FILE_DENIED ? EX_NOPERM : EX_CONFIG;
}

/* Open and lock the state directory; EX_OK, or an exit code and fault. */
static int
open_state(struct endpoint *endpoint, const char *chosen, struct fault *fault)
{
	char path[STATEDIR_PATH_LEN];
	enum file_result result;

	if (statedir_choose(
		endpoint_role_name(endpoint), chosen, path, fault) != 0) {
		return EX_CONFIG;
	}
	result = statedir_open(&endpoint->dir, path, fault);
	if (result != FILE_OK) {
		return exit_status(result);
	}
	switch (statedir_lock(endpoint->dir, fault)) {
	case STATEDIR_LOCKED:
		break;
	case STATEDIR_BUSY:
		return EX_UNAVAILABLE;
	case STATEDIR_LOCK_FAILED:
		return EX_CONFIG;
	}
	result =
	    enrol_open(&endpoint->enrol, endpoint->dir, endpoint->role, fault);
	return result == FILE_OK ? EX_OK : exit_status(result);
}

/* Log why we cannot start; returns status. */
static int
refuse_start(int status, const struct fault *fault)
{
	log_write(LOG_LEVEL_ERROR, "start", 0, "failed: %s", fault->text);
	return status;
}

/* Set up the fields of endpoint that need nothing from outside. */
static void
init(struct endpoint *endpoint, struct loop *loop,
    const struct endpoint_config *config)
{
	endpoint->loop = loop;
	endpoint->role = config->role;
	endpoint->ops = config->ops;
	endpoint->arg = config->arg;
	endpoint->scout_time = config->return_after;
	if (config->relays != NULL) {
		endpoint->chosen = *config->relays;
	}
	endpoint->started_ns = loop_now(loop);
	randombytes_buf(endpoint->boot, sizeof(endpoint->boot));
	ev_init(&endpoint->timer, on_phase_over);
	endpoint->timer.data = endpoint;
	loop_task_init(&endpoint->end, on_end, endpoint);
	loop_task_init(&endpoint->relink, endpointways_renew, endpoint);
}

struct endpoint *
endpoint_new(
    struct loop *loop, const struct endpoint_config *config, int *status)
{
	static const struct resolver_config resolver = { .timeout = 0 };
	struct endpoint *endpoint = mem_new(1, sizeof(*endpoint));
	struct fault fault = { .text = "There is not enough memory." };

	if (endpoint == NULL) {
		*status = refuse_start(EX_UNAVAILABLE, &fault);
		return NULL;
	}
	init(endpoint, loop, config);
	endpoint->resolver = resolver_new(loop, &resolver);
	endpoint->inbox = inbox_new(loop);
	*status = endpoint->resolver == NULL || endpoint->inbox == NULL
		      ? EX_UNAVAILABLE
		      : open_state(endpoint, config->state, &fault);
	if (*status == EX_OK &&
	    join_at_start(endpoint, config->join, &fault) != 0) {
		*status = EX_CONFIG;
	}
	if (*status != EX_OK) {
		(void)refuse_start(*status, &fault);
		endpoint_free(endpoint);
		return NULL;
	}
	return endpoint;
}

/* Print the ready line and keep it in a file; 0, or -1 and fault. */
static int
say_ready(struct endpoint *endpoint, const char *control, struct fault *fault)
{
	char line[STATEDIR_PATH_LEN + 512];
	int len =
	    snprintf(line, sizeof(line), "ready role=%s listen=%s control=%s\n",
		endpoint_role_name(endpoint), endpoint->listen, control);

	if (len < 0 || (size_t)len >= sizeof(line)) {
		return fault_set(
		    fault, "The address to listen on is too long.");
	}
	if (statedir_write(endpoint->dir, FILE_READY, line, (size_t)len,
		fault) != FILE_OK) {
		return -1;
	}
	endpointlink_announce("%s", line);
	return 0;
}

int
endpoint_serve(struct endpoint *endpoint, const char *listen)
{
	struct fault fault = { .text = "There is not enough memory." };
	char path[STATEDIR_PATH_LEN];

	endpoint->listen = mem_strdup(listen == NULL ? "-" : listen);
	endpoint->signals = signals_new(endpoint->loop, on_signal, endpoint);
	if (endpoint->listen == NULL || endpoint->signals == NULL) {
		return refuse_start(EX_UNAVAILABLE, &fault);
	}
	endpoint->control = control_new(endpoint->loop,
	    statedir_file(endpoint->dir, FILE_CONTROL, path),
	    endpointcontrol_handle, endpoint, &fault);
	if (endpoint->control == NULL ||
	    say_ready(endpoint, path, &fault) != 0) {
		return refuse_start(EX_UNAVAILABLE, &fault);
	}
	loop_defer(endpoint->loop, &endpoint->relink);
	return EX_OK;
}

void
endpoint_free(struct endpoint *endpoint)
{
	static const struct endpoint_ops silence;
	struct fault ignored;

	if (endpoint == NULL) {
		return;
	}
	loop_task_cancel(endpoint->loop, &endpoint->end);
	loop_task_cancel(endpoint->loop, &endpoint->relink);
	ev_timer_stop(loop_ev(endpoint->loop), &endpoint->timer);
	endpoint->ops = &silence;
	endpointways_drop(endpoint, CODE_GOING_DOWN);
	if (endpoint->control != NULL) {
		(void)statedir_remove(endpoint->dir, FILE_READY, &ignored);
	}
	inbox_free(endpoint->inbox);
	control_free(endpoint->control);
	signals_free(endpoint->signals);
	resolver_free(endpoint->resolver);
	enrol_free(endpoint->enrol);
	statedir_free(endpoint->dir);
	mem_free(endpoint->listen);
	mem_free(endpoint);
}

/* --- questions ------------------------------------------------------- */

const struct membership *
endpoint_membership(const struct endpoint *endpoint)
{
	return enrol_membership(endpoint->enrol);
}

int
endpoint_set_key(
    struct endpoint *endpoint, const uint8_t key[KEYS_LEN], uint32_t epoch)
{
	struct fault fault;

	if (enrol_set_key(endpoint->enrol, key, epoch, &fault) != 0) {
		log_write(LOG_LEVEL_ERROR, "state", 0, "key not saved: %s",
		    fault.text);
		return -1;
	}
	return 0;
}

const uint8_t *
endpoint_public_key(const struct endpoint *endpoint)
{
	return enrol_public_key(endpoint->enrol);
}

const uint8_t *
endpoint_secret_key(const struct endpoint *endpoint)
{
	return enrol_secret_key(endpoint->enrol);
}

const uint8_t *
endpoint_boot_id(const struct endpoint *endpoint)
{
	return endpoint->boot;
}

struct link *
endpoint_link(struct endpoint *endpoint)
{
	const struct endpoint_way *way = endpointways_best(endpoint);

	return way == NULL ? NULL : uplink_link(way->uplink);
}

void
endpoint_get_status(struct endpoint *endpoint, struct uplink_status *out)
{
	const struct endpoint_way *way = endpointways_best(endpoint);

	if (way != NULL) {
		uplink_get_status(way->uplink, out);
		return;
	}
	memset(out, 0, sizeof(*out));
	out->code = CODE_NOT_JOINED;
	(void)snprintf(
	    out->text, sizeof(out->text), "%s", codes_summary(CODE_NOT_JOINED));
}

struct resolver *
endpoint_resolver(struct endpoint *endpoint)
{
	return endpoint->resolver;
}

uint64_t
endpoint_started(const struct endpoint *endpoint)
{
	return endpoint->started_ns;
}

const char *
endpoint_directory(const struct endpoint *endpoint)
{
	return statedir_path(endpoint->dir);
}

bool
endpoint_is_finishing(const struct endpoint *endpoint)
{
	return endpoint->phase != ENDPOINT_SERVING;
}

enum code
endpoint_no_link(struct endpoint *endpoint, char *text)
{
	struct uplink_status status;

	endpoint_get_status(endpoint, &status);
	if (status.code == CODE_OK) {
		status.code = CODE_RELAY_UNREACHABLE;
		(void)snprintf(text, LIMITS_TEXT_LEN,
		    "The connection to the relay %.100s is being made.",
		    status.relay);
		return status.code;
	}
	(void)snprintf(text, LIMITS_TEXT_LEN, "%s",
	    status.text[0] != '\0' ? status.text : codes_summary(status.code));
	return status.code;
}
