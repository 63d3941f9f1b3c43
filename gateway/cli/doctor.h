/* SPDX-License-Identifier: ISC */
/*
 * doctor: the command "inroad doctor".
 *
 *	inroad doctor        what is right, what is not, and what to do
 *
 * A list of checks, each ok, warn or fail; whatever is not ok says how to mend
 * it.  Checks that would only show the effect of one that failed are left out:
 * without a gateway nothing is said about its relay.  Nothing is changed.
 *
 * The gateway itself is asked about all that it knows, instead of trying from
 * here what it may do in another way.
 */
#ifndef INROAD_GATEWAY_CLI_DOCTOR_H
#define INROAD_GATEWAY_CLI_DOCTOR_H

#include <jansson.h>

struct cli;

enum doctor_level {
	DOCTOR_OK,
	DOCTOR_WARN, /* something may go wrong */
	DOCTOR_FAIL, /* something does */
};

/* What is known, and what was found. */
struct doctor {
	const struct cli *cli;
	const json_t *status; /* of the gateway; NULL: it does not run */
	char address[128];    /* of its port, or "" */
	json_t *items;        /* the findings */
	unsigned failed;
};

/* Do what the words of cli say; returns the exit code. */
int doctor_run(const struct cli *cli);

/*
 * Make all checks of the gateway that cli chooses; returns the findings, an
 * array of objects with "check", "level", "text" and perhaps "fix", which is
 * the caller's.
 */
json_t *doctor_examine(const struct cli *cli);

/*
 * Note that the check named check came out at level: the formatted text.  fix
 * is what to do about it, NULL where there is nothing to do.
 */
void doctor_say(struct doctor *doctor, enum doctor_level level,
    const char *check, const char *fix, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Check the state directory at path. */
void doctor_check_directory(struct doctor *doctor, const char *path);

/* Check the variables by which programs find a proxy. */
void doctor_check_environment(struct doctor *doctor);

/* Check the configuration of proxychains, if it leads to the gateway. */
void doctor_check_proxychains(struct doctor *doctor);

/* Check what the desktop uses. */
void doctor_check_desktop(struct doctor *doctor);

#endif
