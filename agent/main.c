/* SPDX-License-Identifier: ISC */
/* inroad-agent: makes this machine reachable through a relay. */
#include "agent/agentmain.h"

int
main(int argc, char **argv)
{
	return agentmain_run(argc, argv);
}
