/* SPDX-License-Identifier: ISC */
/*
 * relaymain: the program inroad-relay, from its command line to its exit code.
 */
#ifndef INROAD_RELAY_RELAYMAIN_H
#define INROAD_RELAY_RELAYMAIN_H

/* Do what the argc words at argv say; returns an exit code of sysexits(3). */
int relaymain_run(int argc, char **argv);

#endif
