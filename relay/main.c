/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <string.h>

#include <sysexits.h>

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("inroad-relay %s\n", PACKAGE_VERSION);
		return EX_OK;
	}
	fprintf(stderr, "usage: inroad-relay --version\n");
	return EX_USAGE;
}
