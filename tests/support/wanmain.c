/* SPDX-License-Identifier: ISC */
/*
 * wan: makes loopback a worse network (wan.h), as a program.
 *
 *	wan --to ADDR:PORT [--listen ADDR:PORT] [--delay MS] [--rate BYTES]
 *	    [--queue BYTES] [--fault reset|stall|truncate|flip]
 *	    [--after BYTES | --mean BYTES] [--times N] [--seed N]
 *
 * Prints "port N" when it listens.  SIGUSR1 resets every connection there is,
 * SIGUSR2 lets all stall and, sent again, go on.  SIGTERM prints "done
 * connections=N faults=N up=N down=N" and ends.
 */

#include <ev.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/fault.h"
#include "common/loop.h"
#include "tests/support/wan.h"

struct program {
	struct loop *loop;
	struct wan *wan;
	bool frozen;
};

/* --- the command line -------------------------------------------------------
 */

static void
usage(void)
{
	(void)fprintf(stderr,
	    "usage: wan --to ADDR:PORT [--listen ADDR:PORT] [--delay MS]\n"
	    "\t[--rate BYTES] [--queue BYTES] [--times N] [--seed N]\n"
	    "\t[--fault reset|stall|truncate|flip] [--after BYTES | --mean "
	    "BYTES]\n");
	exit(EX_USAGE);
}

static uint64_t
number(const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0') {
		usage();
	}
	return value;
}

static enum wan_fault
fault_by_name(const char *name)
{
	static const char *const names[] = {
		[WAN_RESET] = "reset",
		[WAN_STALL] = "stall",
		[WAN_TRUNCATE] = "truncate",
		[WAN_FLIP] = "flip",
	};

	for (int i = WAN_RESET; i <= WAN_FLIP; i++) {
		if (strcmp(name, names[i]) == 0) {
			return (enum wan_fault)i;
		}
	}
	usage();
	return WAN_NONE;
}

static void
take_addr(struct addr *addr, const char *text)
{
	if (addr_parse(addr, text) < 0) {
		usage();
	}
}

static void
take_option(struct wan_config *config, int option, const char *value)
{
	switch (option) {
	case 't':
		take_addr(&config->to, value);
		break;
	case 'l':
		take_addr(&config->listen, value);
		break;
	case 'd':
		config->delay_ms = number(value);
		break;
	case 'r':
		config->rate = number(value);
		break;
	case 'q':
		config->queue = number(value);
		break;
	case 'f':
		config->fault = fault_by_name(value);
		break;
	case 'a':
		config->after = number(value);
		break;
	case 'm':
		config->mean = number(value);
		break;
	case 'n':
		config->times = number(value);
		break;
	case 's':
		config->seed = number(value);
		break;
	default:
		usage();
	}
}

static void
take_options(struct wan_config *config, int argc, char **argv)
{
	static const struct option options[] = {
		{ "to", required_argument, NULL, 't' },
		{ "listen", required_argument, NULL, 'l' },
		{ "delay", required_argument, NULL, 'd' },
		{ "rate", required_argument, NULL, 'r' },
		{ "queue", required_argument, NULL, 'q' },
		{ "fault", required_argument, NULL, 'f' },
		{ "after", required_argument, NULL, 'a' },
		{ "mean", required_argument, NULL, 'm' },
		{ "times", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	int option = getopt_long(argc, argv, "", options, NULL);

	while (option != -1) {
		take_option(config, option, optarg);
		option = getopt_long(argc, argv, "", options, NULL);
	}
	if (optind < argc || addr_family(&config->to) == AF_UNSPEC) {
		usage();
	}
}

static void
on_signal(struct ev_loop *ev, struct ev_signal *watcher, int events)
{
	struct program *program = watcher->data;

	(void)ev;
	(void)events;
	if (watcher->signum == SIGUSR1) {
		wan_cut(program->wan);
	} else if (watcher->signum == SIGUSR2) {
		program->frozen = !program->frozen;
		wan_freeze(program->wan, program->frozen);
	} else {
		loop_stop(program->loop);
	}
}

static void
serve(struct program *program)
{
	static const int signums[] = { SIGTERM, SIGINT, SIGUSR1, SIGUSR2 };
	struct ev_signal signals[4];
	struct wan_stats stats;
	struct addr addr;

	for (size_t i = 0; i < 4; i++) {
		ev_signal_init(&signals[i], on_signal, signums[i]);
		signals[i].data = program;
		ev_signal_start(loop_ev(program->loop), &signals[i]);
	}
	wan_addr(program->wan, &addr);
	printf("port %u\n", (unsigned)addr_port(&addr));
	(void)fflush(stdout);
	loop_run(program->loop);
	wan_stats(program->wan, &stats);
	printf("done connections=%" PRIu64 " faults=%" PRIu64 " up=%" PRIu64
	       " down=%" PRIu64 "\n",
	    stats.connections, stats.faults, stats.up, stats.down);
	for (size_t i = 0; i < 4; i++) {
		ev_signal_stop(loop_ev(program->loop), &signals[i]);
	}
}

int
main(int argc, char **argv)
{
	struct program program = { .loop = loop_new() };
	struct wan_config config = { 0 };
	struct fault fault;

	take_options(&config, argc, argv);
	if (program.loop == NULL) {
		return EX_OSERR;
	}
	program.wan = wan_new(program.loop, &config, &fault);
	if (program.wan == NULL) {
		(void)fprintf(stderr, "wan: %s\n", fault.text);
		loop_free(program.loop);
		return EX_UNAVAILABLE;
	}
	serve(&program);
	wan_free(program.wan);
	loop_free(program.loop);
	return EX_OK;
}
