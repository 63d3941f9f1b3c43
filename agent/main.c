/* SPDX-License-Identifier: ISC */
/* inroad-agent: makes a machine reachable by name. */
#include "agent/agentmain.h"

int
main(int argc, char **argv)
{
	return agentmain_run(argc, argv);
}
