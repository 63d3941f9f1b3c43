/* SPDX-License-Identifier: ISC */
/*
 * settings: the options of a gateway, and what they make.
 *
 * Everything in struct settings but the state directory may change while the
 * gateway runs: it is made anew at each SIGHUP (gateway.h).
 */
#ifndef INROAD_GATEWAY_SETTINGS_H
#define INROAD_GATEWAY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/options.h"
#include "common/statedir.h"
#include "gateway/gate.h"
#include "gateway/ports.h"
#include "protocol/limits.h"

struct fault;
struct routes;
struct users;

/* The table of the program, for startup_options(). */
extern const struct options_table settings_table;

/* What a gateway is to do.  It owns what it refers to. */
struct settings {
	struct ports_spec ports[PORTS_MAX];
	size_t port_count;      /* at least 1 */
	struct gate_rules gate; /* who may come in */
	struct users *users;    /* who is asked for a password; NULL: nobody */
	bool open;              /* other machines need none */
	char suffix[LIMITS_NAME_LEN];  /* of our names, in lower case */
	char state[STATEDIR_PATH_LEN]; /* as given, or empty; once */
	struct routes *routes;         /* of what is not ours */
	bool has_virtual;              /* names get addresses, out of: */
	struct addr_prefix virtual;
	uint32_t clients_max;    /* connections at a time */
	uint32_t streams_max;    /* of one session */
	uint64_t retain_max;     /* unacknowledged bytes of one session */
	uint64_t retain_budget;  /* of all sessions together */
	uint16_t grace;          /* seconds that one outlives its link */
	uint64_t wait_time;      /* seconds that requests wait for it */
	uint64_t window_max;     /* of one stream */
	uint64_t receive_budget; /* of all windows together */
};

/*
 * Return the settings that options make, or NULL and *fault, which says where
 * the option stood that is not right.
 */
struct settings *settings_make(
    const struct options *options, struct fault *fault);

/*
 * Make *spec a port as ports_spec_make() does, unless settings forbid it.
 * Returns 0, or -1 and *flaw.
 */
int settings_make_port(const struct settings *settings, struct ports_spec *spec,
    const char *listen, const char *to, const char **flaw);

/* Free settings; NULL is allowed. */
void settings_free(struct settings *settings);

#endif
