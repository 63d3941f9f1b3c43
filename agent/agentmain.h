/* SPDX-License-Identifier: ISC */
/*
 * agentmain: the program inroad-agent, from its command line to its exit code.
 */
#ifndef INROAD_AGENT_AGENTMAIN_H
#define INROAD_AGENT_AGENTMAIN_H

/* Do what the argc words at argv say; returns an exit code of sysexits(3). */
int agentmain_run(int argc, char **argv);

#endif
