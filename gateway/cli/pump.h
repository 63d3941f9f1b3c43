/* SPDX-License-Identifier: ISC */
/*
 * pump: two descriptors of a program tied to a connected socket.
 *
 *	in  --bytes, then its end--> socket
 *	out <--bytes, then its end-- socket
 *
 * Each direction is a loop in a thread of its own: whoever does not
 * read stops only what flows to it, nothing is buffered beyond one block, and
 * the descriptors, which other programs share, keep their flags.  Each half
 * ends by itself; the pump is over when both did, or when the socket broke,
 * which is noticed whether or not anything is to be sent.
 */
#ifndef INROAD_GATEWAY_CLI_PUMP_H
#define INROAD_GATEWAY_CLI_PUMP_H

#include <stddef.h>
#include <stdint.h>

enum pump_result {
	PUMP_OK,     /* both halves ended */
	PUMP_BROKEN, /* the socket broke, or out of memory: errno */
	PUMP_OUTPUT, /* out cannot be written: errno */
	PUMP_INPUT,  /* in cannot be read: errno */
};

/* What to tie together.  A value. */
struct pump {
	int socket;
	int in;
	int out;             /* leads to /dev/null once all is written */
	const uint8_t *head; /* bytes of the socket that were read already */
	size_t head_len;
};

/*
 * Tie together what pump names until it is over.  The socket stays the
 * caller's; unless PUMP_OK it is to be reset, not closed, so that what was cut
 * does not look complete.  SIGPIPE has to be ignored.
 */
enum pump_result pump_run(const struct pump *pump);

#endif
