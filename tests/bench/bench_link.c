/* SPDX-License-Identifier: ISC */
/*
 * How fast one bulk channel is, in MB/s and CPU seconds per GB of each process.
 *
 *	bench_link [-s] [-d] [MEGABYTES]
 *
 * A sender and a receiver, two processes, are joined by a third that switches
 * their frames as a relay does; -d joins them directly.  -s seals and opens
 * each body as a session would.  Not run by make check.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/blob.h"
#include "common/list.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/credit.h"
#include "protocol/keys.h"
#include "protocol/link.h"
#include "protocol/seal.h"
#include "tests/support/netpair.h"

#define BODY ((size_t)LIMITS_RECORD_MAX)
#define CHANNEL 1

static uint8_t relay_public[KEYS_LEN];
static uint8_t relay_secret[KEYS_LEN];
static uint8_t device_public[KEYS_LEN];
static uint8_t device_secret[KEYS_LEN];

/* What is measured. */
struct plan {
	bool sealed;
	bool direct;
	uint64_t count; /* bodies */
};

/* One link and its channel. */
struct bench {
	struct loop *loop;
	struct link *link;
	struct channel *channel;
	struct seal seal;
	bool sealed;
	uint64_t to_send;
	uint64_t to_receive;
	/* A switch: what waits to go out here, and who takes what comes in. */
	struct bench *peer;
	struct list queue;
	struct credit credit;
};

struct queued {
	struct list node;
	struct blob *blob;
};

static void
die(const char *what)
{
	(void)fprintf(stderr, "bench_link: %s\n", what);
	_exit(1);
}

/* --- a sender and a receiver --------------------------------------------- */

static struct blob *
source_pull(void *arg)
{
	struct bench *bench = arg;
	struct blob *blob;

	if (bench->to_send == 0) {
		return NULL;
	}
	bench->to_send--;
	blob = blob_new(BODY);
	if (blob == NULL) {
		die("out of memory");
	}
	blob_set_len(blob, BODY);
	if (bench->sealed) {
		seal_lock(&bench->seal, blob_data(blob), BODY - SEAL_OVERHEAD);
	}
	return blob;
}

static void
sink_carry(void *arg, uint8_t *body, size_t len)
{
	struct bench *bench = arg;

	if (bench->sealed &&
	    seal_open(&bench->seal, body, len - SEAL_OVERHEAD) != 0) {
		die("a body does not authenticate");
	}
	bench->to_receive--;
	if (bench->to_receive == 0) {
		loop_stop(bench->loop);
	}
}

static const struct channel_ops end_ops = {
	.pull = source_pull,
	.carry = sink_carry,
};

/* --- a switch ------------------------------------------------------------ */

static struct blob *
switch_pull(void *arg)
{
	struct bench *bench = arg;
	struct bench *from = bench->peer;
	struct list *node = list_first(&bench->queue);
	struct queued *queued;
	struct blob *blob;

	if (node == NULL) {
		return NULL;
	}
	list_remove(node);
	queued = list_entry(node, struct queued, node);
	blob = queued->blob;
	mem_free(queued);
	credit_drained(&from->credit, LIMITS_FRAME_HEAD_LEN + blob_len(blob),
	    list_empty(&bench->queue), link_rtt(from->link),
	    loop_now(bench->loop));
	if (credit_raise(&from->credit, UINT64_MAX)) {
		channel_credit(from->channel, credit_granted(&from->credit));
	}
	return blob;
}

static void
switch_carry(void *arg, uint8_t *body, size_t len)
{
	struct bench *bench = arg;
	struct queued *queued = mem_new(1, sizeof(*queued));
	struct blob *blob = blob_new(len);

	if (queued == NULL || blob == NULL ||
	    credit_received(&bench->credit, LIMITS_FRAME_HEAD_LEN + len) != 0) {
		die("a body that cannot be switched");
	}
	memcpy(blob_data(blob), body, len);
	blob_set_len(blob, len);
	queued->blob = blob;
	list_push_back(&bench->peer->queue, &queued->node);
	if (bench->peer->channel != NULL) {
		channel_ready(bench->peer->channel);
	}
}

static const struct channel_ops switch_ops = {
	.pull = switch_pull,
	.carry = switch_carry,
};

/* --- links --------------------------------------------------------------- */

static void
on_login(struct link *link, const struct linkhello_login *login,
    const uint8_t key[32], void *arg)
{
	static const struct linkmsg_result result = { .code = CODE_OK };
	struct bench *bench = arg;

	(void)login;
	(void)key;
	link_admit(link, &result);
	bench->channel = channel_new(link, CHANNEL, NULL,
	    bench->peer != NULL ? &switch_ops : &end_ops, bench);
	if (bench->peer == NULL) {
		/* As if a relay had all the room in the world. */
		channel_credit(bench->channel, UINT64_MAX);
	} else {
		channel_ready(bench->channel);
	}
}

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	struct bench *bench = arg;

	(void)result;
	bench->channel = channel_new(link, CHANNEL, NULL, &end_ops, bench);
	channel_ready(bench->channel);
}

static void
on_down(struct link *link, enum code code, const char *text,
    uint32_t retry_after, void *arg)
{
	struct bench *bench = arg;

	(void)link;
	(void)code;
	(void)text;
	(void)retry_after;
	bench->link = NULL;
	loop_stop(bench->loop);
}

static const struct link_ops ops = {
	.login = on_login,
	.up = on_up,
	.down = on_down,
};

static void
open_relay(struct bench *bench, int fd)
{
	struct link_relay_config config = {
		.public_key = relay_public,
		.secret_key = relay_secret,
	};

	bench->link = link_accept(bench->loop, fd, &config, &ops, bench);
}

static void
open_endpoint(struct bench *bench, int fd)
{
	struct linkhello_login login = { .user = "bench", .device = "bench" };
	struct link_endpoint_config config = {
		.role = LINKHELLO_AGENT,
		.relay_key = relay_public,
		.public_key = device_public,
		.secret_key = device_secret,
		.login = &login,
	};

	bench->link = link_connect(bench->loop, fd, &config, &ops, bench);
}

/* --- processes ----------------------------------------------------------- */

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double
gigabytes(const struct plan *plan)
{
	return (double)plan->count * (double)BODY / 1e9;
}

static void
report_cpu(const char *who, const struct plan *plan)
{
	struct rusage usage;
	double cpu;

	(void)getrusage(RUSAGE_SELF, &usage);
	cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	      (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	(void)printf("%-8s %5.2f CPU s/GB\n", who, cpu / gigabytes(plan));
	(void)fflush(stdout);
}

static void
bench_init(struct bench *bench, struct loop *loop, const struct plan *plan)
{
	static const uint8_t key[SEAL_KEY_LEN] = { 1 };
	static const uint8_t head[SEAL_HEAD_LEN] = { 2 };

	memset(bench, 0, sizeof(*bench));
	list_init(&bench->queue);
	bench->loop = loop;
	bench->sealed = plan->sealed;
	seal_init(&bench->seal, key, head);
}

static void
run_source(int fd, const struct plan *plan)
{
	struct bench bench;

	bench_init(&bench, loop_new(), plan);
	bench.to_send = plan->count;
	open_endpoint(&bench, fd);
	loop_run(bench.loop);
	report_cpu("sender", plan);
	_exit(0);
}

static void
run_switch(int first, int second, const struct plan *plan)
{
	struct loop *loop = loop_new();
	struct bench a;
	struct bench b;

	bench_init(&a, loop, plan);
	bench_init(&b, loop, plan);
	a.peer = &b;
	b.peer = &a;
	(void)credit_init(&a.credit, NULL, LIMITS_CREDIT_START, loop_now(loop));
	(void)credit_init(&b.credit, NULL, LIMITS_CREDIT_START, loop_now(loop));
	open_relay(&a, first);
	open_relay(&b, second);
	loop_run(loop);
	report_cpu("switch", plan);
	_exit(0);
}

static void
run_sink(int fd, const struct plan *plan)
{
	struct bench bench;
	double begin = now();

	bench_init(&bench, loop_new(), plan);
	bench.to_receive = plan->count;
	if (plan->direct) {
		open_relay(&bench, fd);
	} else {
		open_endpoint(&bench, fd);
	}
	loop_run(bench.loop);
	(void)printf("%.0f MB/s\n", gigabytes(plan) * 1000 / (now() - begin));
	report_cpu("receiver", plan);
	link_close(bench.link, CODE_OK, NULL);
	loop_free(bench.loop);
}

static void
run(const struct plan *plan)
{
	int near[2];
	int far[2];

	if (netpair_connect(AF_INET, near) != 0 ||
	    netpair_connect(AF_INET, far) != 0) {
		die("no sockets");
	}
	if (fork() == 0) {
		(void)close(near[1]);
		(void)close(far[0]);
		(void)close(far[1]);
		run_source(near[0], plan);
	}
	(void)close(near[0]);
	if (!plan->direct && fork() == 0) {
		(void)close(far[1]);
		run_switch(near[1], far[0], plan);
	}
	(void)close(far[0]);
	(void)close(plan->direct ? far[1] : near[1]);
	run_sink(plan->direct ? near[1] : far[1], plan);
	while (wait(NULL) > 0) {
	}
}

int
main(int argc, char **argv)
{
	struct plan plan = { .count = 2000 * UINT64_C(1000000) / BODY };

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-s") == 0) {
			plan.sealed = true;
		} else if (strcmp(argv[i], "-d") == 0) {
			plan.direct = true;
		} else {
			plan.count = strtoull(argv[i], NULL, 10) *
				     UINT64_C(1000000) / BODY;
		}
	}
	mem_tune();
	/* Without it the slow implementations are used. */
	if (sodium_init() < 0) {
		die("no libsodium");
	}
	keys_generate(relay_secret, relay_public);
	keys_generate(device_secret, device_public);
	run(&plan);
	return 0;
}
