/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <string.h>

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("inroad %s\n", PACKAGE_VERSION);
		return 0;
	}
	fprintf(stderr, "usage: inroad --version\n");
	return 2;
}
