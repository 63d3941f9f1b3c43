/* SPDX-License-Identifier: ISC */
/*
 * replay: the main function of a fuzz target in a build without libFuzzer.
 *
 * Hands the target the content of each file named on the command line, as
 * libFuzzer does.
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The largest input read; the limit libFuzzer sets itself is 4 KiB. */
#define REPLAY_MAX (1024 * 1024)

/*
 * Hands a copy of exactly len bytes to the target, so that a sanitizer sees the
 * first byte beyond. Returns 0 or -1.
 */
static int
replay_bytes(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL) {
		return -1;
	}
	memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(len > 0 ? copy : NULL, len);
	free(copy);
	return 0;
}

/* Runs the file of that name. Returns 0, or -1 with errno set. */
static int
replay_file(const char *path)
{
	static uint8_t data[REPLAY_MAX];
	FILE *f = fopen(path, "rb");
	size_t len;
	int rc;

	if (f == NULL) {
		return -1;
	}
	len = fread(data, 1, sizeof(data), f);
	rc = ferror(f) ? -1 : replay_bytes(data, len);
	fclose(f);
	return rc;
}

int
main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc; i++) {
		if (replay_file(argv[i]) != 0) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(errno));
			rc = 1;
		}
	}
	return rc;
}
