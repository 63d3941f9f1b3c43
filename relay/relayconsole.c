/* SPDX-License-Identifier: ISC */
/* What sessions with the relay itself are served by. */

#include "protocol/limits.h"
#include "relay/api.h"
#include "relay/console.h"
#include "relay/relay_impl.h"

/* Serve a stream that came by a session with us. */
static int
serve(int fd, const struct console_caller *caller, void *arg)
{
	const struct relay *relay = arg;
	const struct api_caller who = {
		.user = caller->user,
		.device = caller->device_id,
		.origin = caller->origin,
	};

	return api_serve(relay->api, fd, &who);
}

struct console *
relayconsole_new(struct relay *relay)
{
	const struct console_config config = {
		.loop = relay->loop,
		.public_key = relay->public_key,
		.secret_key = relay->secret_key,
		.serve = serve,
		.arg = relay,
		.grace = (uint16_t)(LIMITS_GRACE / LIMITS_SEC),
	};

	return console_new(&config);
}
