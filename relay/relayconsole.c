/* SPDX-License-Identifier: ISC */
/* What sessions with the relay itself are served by. */
#include <unistd.h>

#include "protocol/limits.h"
#include "relay/console.h"
#include "relay/relay_impl.h"

/* Serve a stream that came by a session with us. */
static int
serve(int fd, const struct console_caller *caller, void *arg)
{
	(void)caller;
	(void)arg;
	(void)close(fd);
	return -1;
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
