/* SPDX-License-Identifier: ISC */
/* inroad-gateway: a local proxy to hosts behind a relay. */
#include "gateway/gatewaymain.h"

int
main(int argc, char **argv)
{
	return gatewaymain_run(argc, argv);
}
