/* SPDX-License-Identifier: ISC */
/* inroad-relay: lets gateways and agents meet. */
#include "relay/relaymain.h"

int
main(int argc, char **argv)
{
	return relaymain_run(argc, argv);
}
