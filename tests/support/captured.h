/* SPDX-License-Identifier: ISC */
/*
 * captured: what a call prints.
 *
 * Between captured_begin() and captured_end() standard error goes to a file,
 * and standard output where the test wants; no assertion may stand between
 * them.
 */
#ifndef INROAD_TESTS_SUPPORT_CAPTURED_H
#define INROAD_TESTS_SUPPORT_CAPTURED_H

/* Room for what is printed to each of them. */
#define CAPTURED_MAX 16384

/* What standard output is. */
enum captured_output {
	CAPTURED_FILE,
	CAPTURED_TERMINAL,
	CAPTURED_FULL, /* a device that is full; nothing is caught */
};

struct captured {
	char out[CAPTURED_MAX];
	char err[CAPTURED_MAX];
	enum captured_output kind;
	int fds[2];  /* where they go */
	int kept[2]; /* where they went before */
};

/* Catch what is printed from now on. */
void captured_begin(struct captured *captured, enum captured_output kind);

/* As before; out and err have what was printed. */
void captured_end(struct captured *captured);

#endif
