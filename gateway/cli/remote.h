/* SPDX-License-Identifier: ISC */
/*
 * remote: commands for the relay, from wherever one may give them.
 *
 *	inroad --relay DIR user list	asks the control socket of that relay
 *	inroad user list		asks the relay through the gateway
 *
 * Through the gateway a command is a request to the relay's administration API,
 * over the session that the gateway has with it: who asks is the device and its
 * account, and the relay decides what it may.  The answer is the same as that
 * of the control socket.  Where no gateway was named and none runs, but a relay
 * of this user does, it is asked directly.
 *
 * A list that comes in pages is put together.  A command that changes something
 * is sent once: when the connection breaks behind it, it may have happened.
 */
#ifndef INROAD_GATEWAY_CLI_REMOTE_H
#define INROAD_GATEWAY_CLI_REMOTE_H

#include <stddef.h>

struct ask_answer;
struct cli;

/*
 * Ask the relay for what the count words say, show the answer by show (NULL:
 * nothing beyond a failure) or as JSON, and return the exit code.
 */
int remote_ask(const struct cli *cli, const char *const *words, size_t count,
    void (*show)(const struct ask_answer *answer));

/*
 * As remote_ask(), but put the answer to *answer, for ask_free(), and return
 * CONTROL_OK; or the exit code when the relay could not be asked, which has
 * been said, and there is no answer to free.
 */
int remote_fetch(const struct cli *cli, const char *const *words, size_t count,
    struct ask_answer *answer);

#endif
