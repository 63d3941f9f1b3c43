/* SPDX-License-Identifier: ISC */
/* The commands of the control socket that both endpoints have. */
#include <string.h>
#include <unistd.h>

#include "common/control.h"
#include "common/fault.h"
#include "common/inbox.h"
#include "common/jsonout.h"
#include "common/version.h"
#include "protocol/endpoint_impl.h"
#include "protocol/enrol.h"
#include "protocol/keys.h"
#include "protocol/limits.h"
#include "protocol/membership.h"
#include "protocol/uplink.h"

/* The longest answer: a daemon with all the hosts and streams it may have. */
#define ANSWER_MAX ((size_t)4 << 20)

/* Of the objects that we answer; rises when a member changes its meaning. */
#define SCHEMA 1

/* Begin an answer; NULL without memory. */
static struct jsonout *
begin_answer(void)
{
	struct jsonout *json = jsonout_new(ANSWER_MAX);

	if (json != NULL) {
		jsonout_object(json, NULL);
		jsonout_uint(json, "schema", SCHEMA);
	}
	return json;
}

/* End the answer json with success. */
static void
end_answer(struct control_request *request, struct jsonout *json)
{
	if (json != NULL) {
		jsonout_end(json);
	}
	control_send(request, json);
	control_end(request, CONTROL_OK, NULL, NULL);
}

/* Return nanoseconds as seconds. */
static double
seconds(uint64_t ns)
{
	return (double)ns / (double)LIMITS_SEC;
}

/* Add that another link of this device took over lately, if one did. */
static void
add_replaced(
    struct jsonout *json, const struct uplink_status *status, uint64_t now)
{
	if (status->replaced_ns != 0 &&
	    now - status->replaced_ns < LIMITS_REPLACED_TOLD) {
		jsonout_double(
		    json, "replaced_s", seconds(now - status->replaced_ns));
		jsonout_string(json, "replaced_text", status->replaced_text);
	}
}

/* Add the members that describe status. */
static void
add_status(
    struct jsonout *json, const struct uplink_status *status, uint64_t now)
{
	jsonout_string(json, "address", status->relay);
	jsonout_bool(json, "up", status->up);
	if (status->since_ns != 0) {
		jsonout_double(
		    json, "since_s", seconds(now - status->since_ns));
	}
	if (status->up) {
		jsonout_double(json, "rtt_ms", seconds(status->rtt_ns) * 1000.);
	} else {
		jsonout_string(json, "reason", codes_slug(status->code));
		jsonout_string(json, "text", status->text);
		jsonout_double(json, "retry_s",
		    status->retry_ns > now ? seconds(status->retry_ns - now)
					   : 0.);
	}
	add_replaced(json, status, now);
}

/* Return the word for way, whose uplink is as status says. */
static const char *
state_of(const struct endpoint_way *way, const struct uplink_status *status)
{
	if (status->up) {
		return "up";
	}
	return way->twin != NULL ? "resting" : "down";
}

/* Add what there is to say of relay i. */
static void
add_one(struct endpoint *endpoint, size_t i, struct jsonout *json)
{
	struct uplink_status status;

	jsonout_object(json, NULL);
	for (size_t n = 0; n < MEMBERSHIP_RELAYS_MAX; n++) {
		const struct endpoint_way *way = &endpoint->ways[n];

		if (way->uplink != NULL && uplink_relay(way->uplink) == i) {
			uplink_get_status(way->uplink, &status);
			jsonout_string(json, "state", state_of(way, &status));
			add_status(json, &status, loop_now(endpoint->loop));
			jsonout_end(json);
			return;
		}
	}
	/* A gateway is linked to one of them. */
	jsonout_string(json, "state", "standby");
	jsonout_string(json, "address", endpoint->relays.address[i]);
	jsonout_bool(json, "up", false);
	jsonout_end(json);
}

/* Add the relay that counts most, and all of them. */
static void
add_relay(struct endpoint *endpoint, struct jsonout *json)
{
	struct uplink_status status;

	endpoint_get_status(endpoint, &status);
	jsonout_object(json, "relay");
	add_status(json, &status, loop_now(endpoint->loop));
	jsonout_end(json);
	jsonout_array(json, "relays");
	for (size_t i = 0; i < endpoint->relays.count; i++) {
		add_one(endpoint, i, json);
	}
	jsonout_end(json);
}

/* Add who this device is. */
static void
add_identity(struct endpoint *endpoint, struct jsonout *json)
{
	const struct membership *membership = endpoint_membership(endpoint);
	char fingerprint[KEYS_FINGERPRINT_LEN];

	keys_fingerprint(endpoint_public_key(endpoint), fingerprint);
	jsonout_string(json, "fingerprint", fingerprint);
	jsonout_bool(json, "joined",
	    membership != NULL && !enrol_is_joining(endpoint->enrol));
	jsonout_string(
	    json, "user", membership == NULL ? NULL : membership->user);
	jsonout_string(
	    json, "name", membership == NULL ? NULL : membership->name);
}

void
endpoint_describe(struct endpoint *endpoint, struct jsonout *json)
{
	uint64_t now = loop_now(endpoint->loop);

	jsonout_uint(json, "schema", SCHEMA);
	jsonout_string(json, "role", endpoint_role_name(endpoint));
	jsonout_string(json, "version", version_string());
	jsonout_int(json, "pid", getpid());
	jsonout_double(json, "uptime_s", seconds(now - endpoint->started_ns));
	jsonout_string(json, "listen", endpoint->listen);
	jsonout_string(json, "state", endpoint_directory(endpoint));
	jsonout_bool(json, "finishing", endpoint_is_finishing(endpoint));
	add_identity(endpoint, json);
	add_relay(endpoint, json);
	inbox_status(endpoint->inbox, json);
	if (endpoint->ops->status != NULL) {
		endpoint->ops->status(json, endpoint->arg);
	}
}

static void
on_status(struct endpoint *endpoint, struct control_request *request)
{
	struct jsonout *json = jsonout_new(ANSWER_MAX);

	if (json != NULL) {
		jsonout_object(json, NULL);
		endpoint_describe(endpoint, json);
	}
	end_answer(request, json);
}

static void
on_version(struct endpoint *endpoint, struct control_request *request)
{
	struct jsonout *json = begin_answer();

	if (json != NULL) {
		jsonout_string(json, "role", endpoint_role_name(endpoint));
		jsonout_string(json, "version", version_string());
		jsonout_uint(json, "protocol", LIMITS_PROTOCOL_VERSION);
	}
	end_answer(request, json);
}

/* The client of the command join went away. */
static void
on_joiner_gone(void *arg)
{
	struct endpoint *endpoint = arg;

	endpoint->joiner = NULL;
}

/* Answered when the first login with the string ended, either way. */
static void
on_join(struct endpoint *endpoint, struct control_request *request)
{
	struct fault fault;
	enum code code;

	if (endpoint->joiner != NULL) {
		control_end(request, CONTROL_FAILED,
		    codes_slug(CODE_OVERLOADED),
		    "Another join string is being tried.");
		return;
	}
	code = endpoint_join(endpoint, control_word(request, 1), &fault);
	if (code != CODE_OK) {
		control_end(
		    request, CONTROL_FAILED, codes_slug(code), fault.text);
		return;
	}
	endpoint->joiner = request;
	control_on_cancel(request, on_joiner_gone, endpoint);
}

void
endpointcontrol_joined(
    struct endpoint *endpoint, enum code code, const char *text)
{
	struct control_request *request = endpoint->joiner;
	struct jsonout *json;

	if (request == NULL) {
		return;
	}
	endpoint->joiner = NULL;
	if (code != CODE_OK) {
		control_end(request, CONTROL_FAILED, codes_slug(code), text);
		return;
	}
	json = begin_answer();
	if (json != NULL) {
		add_identity(endpoint, json);
		add_relay(endpoint, json);
	}
	end_answer(request, json);
}

static void
on_leave(struct endpoint *endpoint, struct control_request *request)
{
	struct fault fault;

	if (endpoint_membership(endpoint) == NULL) {
		control_end(request, CONTROL_FAILED,
		    codes_slug(CODE_NOT_JOINED),
		    codes_summary(CODE_NOT_JOINED));
	} else if (endpoint_leave(endpoint, &fault) != 0) {
		control_end(request, CONTROL_FAILED, codes_slug(CODE_INTERNAL),
		    fault.text);
	} else {
		end_answer(request, begin_answer());
	}
}

static void
on_listen(struct endpoint *endpoint, struct control_request *request)
{
	inbox_listen(endpoint->inbox, request);
}

/* A command, and how many words it takes besides its name. */
struct command {
	const char *name;
	size_t words;
	void (*run)(struct endpoint *endpoint, struct control_request *request);
};

static const struct command commands[] = {
	{ "status", 0, on_status },
	{ "version", 0, on_version },
	{ "join", 1, on_join },
	{ "leave", 0, on_leave },
	{ "listen", 3, on_listen },
};

void
endpointcontrol_handle(struct control_request *request, void *arg)
{
	struct endpoint *endpoint = arg;
	const char *name = control_word(request, 0);

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name) != 0) {
			continue;
		}
		if (control_count(request) != commands[i].words + 1) {
			control_end(request, CONTROL_USAGE,
			    codes_slug(CODE_BAD_REQUEST),
			    "The command has the wrong number of words.");
			return;
		}
		commands[i].run(endpoint, request);
		return;
	}
	if (endpoint->ops->command == NULL ||
	    !endpoint->ops->command(request, endpoint->arg)) {
		control_end(request, CONTROL_USAGE,
		    codes_slug(CODE_BAD_REQUEST), "There is no such command.");
	}
}
