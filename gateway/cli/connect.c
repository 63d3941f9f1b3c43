/* SPDX-License-Identifier: ISC */
#include "gateway/cli/connect.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/addr.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/flags.h"
#include "gateway/cli/pump.h"
#include "gateway/cli/tunnel.h"
#include "protocol/codes.h"

/* --- the target ------------------------------------------------------ */

/* Return true when host is what can stand in a request. */
static bool
is_sendable(const char *host)
{
	for (const char *c = host; *c != '\0'; c++) {
		if (*c <= ' ' || *c == 0x7f ||
		    strchr("/?#@[]\\\"", *c) != NULL) {
			return false;
		}
	}
	return host[0] != '\0';
}

/* Make "HOST:PORT" of the one or two words; 0 or -1. */
static int
make_target(const char *const *words, int count, char out[TUNNEL_TARGET_MAX])
{
	char host[ADDR_HOST_LEN];
	char joined[TUNNEL_TARGET_MAX];
	const char *text = words[0];
	uint16_t port;
	int n;

	if (count == 2) {
		bool bare = strchr(words[0], ':') != NULL && words[0][0] != '[';

		n = snprintf(joined, sizeof(joined), bare ? "[%s]:%s" : "%s:%s",
		    words[0], words[1]);
		if (n < 0 || (size_t)n >= sizeof(joined)) {
			return -1;
		}
		text = joined;
	}
	if (addr_split(text, host, sizeof(host), &port) != 0 || port == 0 ||
	    !is_sendable(host)) {
		return -1;
	}
	(void)snprintf(out, TUNNEL_TARGET_MAX,
	    strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
	return 0;
}

/* --- the stream ------------------------------------------------------ */

/* Tie standard input and output to tunnel until both ends are done. */
static int
carry(const struct tunnel *tunnel, struct ask_answer *outcome)
{
	const struct timeval for_ever = { .tv_sec = 0 };
	const struct pump pump = {
		.socket = tunnel->fd,
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.head = (const uint8_t *)tunnel->text + tunnel->head_len,
		.head_len = tunnel->len - tunnel->head_len,
	};

	(void)setsockopt(
	    tunnel->fd, SOL_SOCKET, SO_RCVTIMEO, &for_ever, sizeof(for_ever));
	switch (pump_run(&pump)) {
	case PUMP_OK:
		tunnel_done(tunnel);
		return 0;
	case PUMP_INPUT:
		return ask_fail(outcome, CONTROL_FAILED,
		    codes_slug(CODE_CANCELLED),
		    "cannot read standard input: %s", strerror(errno));
	case PUMP_OUTPUT:
		return ask_fail(outcome, CONTROL_FAILED,
		    codes_slug(CODE_CANCELLED),
		    "cannot write standard output: %s", strerror(errno));
	case PUMP_BROKEN:
		break;
	}
	return ask_fail(outcome, CONTROL_FAILED, codes_slug(CODE_TARGET_RESET),
	    "the connection broke: %s", strerror(errno));
}

/*
 * Our end is that of standard input and of the stream, and no signal: ssh sends
 * SIGHUP while its last words may still be on their way.
 */
static void
ignore_signals(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGHUP, &ignore, NULL);
}

int
connect_run(const struct cli *cli)
{
	/* Standard output is the stream's: whatever fails is said in words. */
	struct cli plain = *cli;
	struct ask_answer outcome = { .code = CONTROL_OK };
	const char *words[2];
	char target[TUNNEL_TARGET_MAX];
	struct tunnel tunnel;
	int count = flags_take(cli, NULL, 0, words, 2);
	int status;

	plain.json = false;
	if (count < 1 || make_target(words, count, target) != 0) {
		return cli_usage("connect");
	}
	ignore_signals();
	status = tunnel_open(&plain, target, &tunnel);
	if (status != CONTROL_OK) {
		return status;
	}
	(void)carry(&tunnel, &outcome);
	tunnel_close(&tunnel);
	return cli_report(&plain, &outcome);
}
