/* SPDX-License-Identifier: ISC */
/*
 * Devices that log in at a relay, one after the other has gone, by real links.
 *
 * usage: logins JOIN ACCOUNTS RATE SECONDS [stay]
 *
 * JOIN is a join string, for the relay's address and key; the devices are the
 * second ones of the ACCOUNTS accounts that fill.c made, which are agents.
 * Prints how many were let in, and how long that took them.  With `stay` they
 * do not go, until the program is ended.
 */
#include <ev.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/latency.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/joinstring.h"
#include "protocol/link.h"
#include "protocol/membership.h"

/* How many devices fill.c gave keys that can log in. */
#define REAL 20000

/* Seconds between two looks at how many are due. */
#define BEAT 0.002

struct bench {
	struct loop *loop;
	struct membership membership;
	struct addr relay;
	unsigned accounts;
	unsigned next;
	double rate;
	double seconds;
	bool stay;
	double started;
	unsigned begun;
	unsigned open;
	unsigned let_in;
	unsigned failed;
	char why[LIMITS_TEXT_LEN];
	struct latency latency;
	ev_timer beat;
};

struct login {
	struct bench *bench;
	uint64_t since;
	bool is_in;
};

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	struct login *login = arg;

	(void)result;
	login->is_in = true;
	login->bench->let_in++;
	latency_add(&login->bench->latency,
	    loop_now(login->bench->loop) - login->since);
	if (!login->bench->stay) {
		link_close(link, CODE_OK, NULL);
	}
}

static void
on_down(struct link *link, enum code code, const char *text,
    uint32_t retry_after, void *arg)
{
	struct login *login = arg;
	struct bench *bench = login->bench;

	(void)link;
	(void)code;
	(void)retry_after;
	bench->open--;
	if (!login->is_in) {
		bench->failed++;
		(void)snprintf(bench->why, sizeof(bench->why), "%s", text);
	}
	mem_free(login);
}

static const struct link_ops ops = { .up = on_up, .down = on_down };

static int
dial(const struct bench *bench)
{
	int fd = socket(bench->relay.ss.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)connect(
	    fd, (const struct sockaddr *)&bench->relay.ss, bench->relay.len);
	return fd;
}

/* Begin the login of the next device. */
static void
begin(struct bench *bench)
{
	const unsigned number = bench->accounts + bench->next % bench->accounts;
	uint8_t secret[KEYS_LEN];
	uint8_t public[KEYS_LEN];
	char name[32];
	struct linkhello_login hello = { .device = "host-1" };
	struct link_endpoint_config config = {
		.role = LINKHELLO_AGENT,
		.relay_key = bench->membership.relay_public,
		.public_key = public,
		.secret_key = secret,
		.login = &hello,
	};
	struct login *login = mem_new(1, sizeof(*login));

	bench->next++;
	(void)snprintf(name, sizeof(name), "bench%u", number);
	(void)crypto_generichash(secret, sizeof(secret), (const uint8_t *)name,
	    strlen(name), NULL, 0);
	(void)crypto_scalarmult_base(public, secret);
	(void)snprintf(
	    hello.user, sizeof(hello.user), "user%u", number % bench->accounts);
	login->bench = bench;
	login->since = loop_now(bench->loop);
	bench->begun++;
	bench->open++;
	if (link_connect(bench->loop, dial(bench), &config, &ops, login) ==
	    NULL) {
		bench->open--;
		bench->failed++;
		mem_free(login);
	}
}

static void
report(const struct bench *bench)
{
	uint64_t half = latency_quantile(&bench->latency, NULL, 500);
	uint64_t most = latency_quantile(&bench->latency, NULL, 990);

	(void)printf("%u let in, %u not%s%s; half within %.1f ms, 99 %% within "
		     "%.1f ms\n",
	    bench->let_in, bench->failed, bench->failed > 0 ? ": " : "",
	    bench->why, (double)half / 1e6, (double)most / 1e6);
	(void)fflush(stdout);
}

static void
on_beat(struct ev_loop *ev, ev_timer *timer, int events)
{
	struct bench *bench = timer->data;
	double past = ev_now(ev) - bench->started;

	(void)events;
	while (past < bench->seconds &&
	       (!bench->stay || bench->begun < bench->accounts) &&
	       (double)bench->begun < past * bench->rate) {
		begin(bench);
	}
	if (past >= bench->seconds &&
	    (bench->stay ? bench->let_in + bench->failed == bench->begun
			 : bench->open == 0)) {
		ev_timer_stop(ev, timer);
		report(bench);
		if (!bench->stay) {
			loop_stop(bench->loop);
		}
	}
}

static int
set_up(struct bench *bench, char **argv)
{
	struct joinstring_error error;

	if (joinstring_decode(&bench->membership, argv[1], &error) !=
		JOINSTRING_OK ||
	    addr_parse(&bench->relay, bench->membership.relay[0]) != 0) {
		(void)fprintf(stderr, "logins: no join string\n");
		return -1;
	}
	bench->accounts = (unsigned)strtoul(argv[2], NULL, 10);
	bench->rate = strtod(argv[3], NULL);
	bench->seconds = strtod(argv[4], NULL);
	bench->loop = loop_new();
	bench->stay = argv[5] != NULL;
	return 2 * bench->accounts <= REAL ? 0 : -1;
}

int
main(int argc, char **argv)
{
	static struct bench bench;

	if (argc < 5 || argc > 6 || sodium_init() < 0) {
		(void)fprintf(stderr,
		    "usage: logins JOIN ACCOUNTS RATE SECONDS [stay]\n");
		return 2;
	}
	if (set_up(&bench, argv) != 0) {
		return 1;
	}
	bench.started = ev_now(loop_ev(bench.loop));
	ev_timer_init(&bench.beat, on_beat, BEAT, BEAT);
	bench.beat.data = &bench;
	ev_timer_start(loop_ev(bench.loop), &bench.beat);
	loop_run(bench.loop);
	loop_free(bench.loop);
	return bench.failed > 0;
}
