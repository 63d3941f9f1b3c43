/* SPDX-License-Identifier: ISC */
/*
 * settings: the options of an agent, and the policy and services they make.
 */
#ifndef INROAD_AGENT_SETTINGS_H
#define INROAD_AGENT_SETTINGS_H

#include "common/options.h"

struct fault;
struct policy;
struct services;

/* The table of the program, for startup_options(). */
extern const struct options_table settings_table;

/*
 * Make a policy and services of options, which the caller frees.  A service
 * of the command line replaces one of that name in the file.  Returns 0, or -1
 * and *fault, which says where the option stood that is not right.
 */
int settings_make(const struct options *options, struct policy **policy,
    struct services **services, char ***program, struct fault *fault);

#endif
