/* SPDX-License-Identifier: ISC */
/* inroad: commands the daemons and asks them. */
#include <sodium.h>

#include "common/control.h"
#include "gateway/cli/cli.h"

int
main(int argc, char **argv)
{
	if (sodium_init() < 0) {
		return CONTROL_FAILED;
	}
	return cli_run(argc, argv);
}
