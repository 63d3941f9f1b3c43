/* SPDX-License-Identifier: ISC */
/*
 * gatewaymain: the program inroad-gateway, from its command line to its exit
 * code.
 */
#ifndef INROAD_GATEWAY_GATEWAYMAIN_H
#define INROAD_GATEWAY_GATEWAYMAIN_H

/* Do what the argc words at argv say; returns an exit code of sysexits(3). */
int gatewaymain_run(int argc, char **argv);

#endif
