/* SPDX-License-Identifier: ISC */
/*
 * replay: the main function of a fuzz target in a build without libFuzzer: hands it the
 * content of each file named on the command line, as libFuzzer does.
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The largest input read; the limit libFuzzer sets itself is 4 KiB. */
#define REPLAY_MAX (1024 * 1024)

/* Runs one file. Returns 0, or -1 after printing why it could not be read. */
static int
replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t len = 0;
	int rc = -1;

	if (f == NULL) {
		goto fail;
	}
	data = malloc(REPLAY_MAX);
	if (data == NULL) {
		goto fail;
	}
	len = fread(data, 1, REPLAY_MAX, f);
	if (ferror(f)) {
		goto fail;
	}
	/* Of the exact size, so that a sanitizer sees the first byte beyond. */
	if (len > 0) {
		data = realloc(data, len);
	}
	LLVMFuzzerTestOneInput(data, len);
	rc = 0;
fail:
	if (rc != 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	}
	free(data);
	if (f != NULL) {
		fclose(f);
	}
	return rc;
}

int
main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc; i++) {
		if (replay(argv[i]) != 0) {
			rc = 1;
		}
	}
	return rc;
}
