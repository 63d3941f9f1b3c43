/* SPDX-License-Identifier: ISC */
/*
 * fault: why something did not work, in words for the person who can help it.
 *
 * For start-up, configuration and commands, where the answer to a failure is a
 * sentence that says what is wrong and what to do.  A function that may fail in
 * such ways takes a struct fault and fills it exactly when it fails.
 */
#ifndef INROAD_COMMON_FAULT_H
#define INROAD_COMMON_FAULT_H

/* Room for the text: a sentence or two and a path. */
#define FAULT_LEN 512

/* A value on the caller's stack; text is always terminated once set. */
struct fault {
	char text[FAULT_LEN];
};

/*
 * Set the text of fault by format, cut at its room.  errno is kept.  Returns
 * -1, so that an operation can end with return fault_set(...).
 */
int fault_set(struct fault *fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Put the formatted text and ": " in front of what fault says; returns -1. */
int fault_prefix(struct fault *fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
