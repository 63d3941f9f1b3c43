/* SPDX-License-Identifier: ISC */
/*
 * asker: a gateway that asks an agent for a session, for tests of the agent.
 *
 * A value that the test may change before it asks: every field is part of what
 * is said or of the keys behind it.
 */
#ifndef INROAD_TESTS_SUPPORT_ASKER_H
#define INROAD_TESTS_SUPPORT_ASKER_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/keys.h"
#include "protocol/membership.h"
#include "protocol/resume.h"
#include "protocol/seal.h"
#include "protocol/sessionhello.h"

/* Room for the payload of an ATTACH. */
#define ASKER_PAYLOAD_MAX 2048

struct asker {
	/* The agent, "office" of "alice". */
	struct membership membership;
	uint8_t agent_public[KEYS_LEN];
	uint8_t agent_secret[KEYS_LEN];
	/* The gateway, and what it says. */
	uint8_t public_key[KEYS_LEN];
	uint8_t secret_key[KEYS_LEN];
	uint8_t boot[SESSIONHELLO_BOOT_LEN];
	uint8_t question[SESSIONHELLO_ID_LEN]; /* zeros: begin a session */
	uint16_t grace;
	char owner[NAME_USER_MAX + 1];
	char host[NAME_HOST_MAX + 1];
	uint32_t epoch;
	struct keys_caller caller;
	uint8_t host_key[KEYS_LEN];
	/* What the relay says of it. */
	char device[NAME_HOST_MAX + 1];
	uint8_t device_key[KEYS_LEN];
	/* Between question and answer. */
	struct sessionhello *hello;
	/* What the agent said last. */
	struct sessionhello_reply said;
};

/* Make *asker the owner's gateway "laptop" with fresh keys on both sides. */
void asker_init(struct asker *asker);

/* Make *asker another gateway of the same account, for the agent of first. */
void asker_init_other(struct asker *asker, const struct asker *first);

/* Free what asker holds. */
void asker_end(struct asker *asker);

/*
 * Write the payload of an ATTACH to out, ASKER_PAYLOAD_MAX bytes.  Returns its
 * length; never fails.
 */
size_t asker_ask(struct asker *asker, uint8_t *out);

/*
 * Take the len bytes of reply, the payload of ATTACHED to the last question,
 * and start tx, rx and resume.  Returns 0 or -1.
 */
int asker_take(struct asker *asker, const uint8_t *reply, size_t len,
    struct seal *tx, struct seal *rx, struct resume *resume);

/*
 * Write the payload of an ATTACH with request, to go on with a session, to out
 * and return its length; never fails.
 */
size_t asker_ask_again(struct asker *asker,
    const uint8_t request[RESUME_REQUEST_LEN], uint8_t *out);

/*
 * Hear the answer to a question in reply, as above; what it says is in
 * asker->said.  Returns 0, or -1 when it is not genuine.
 */
int asker_hear(struct asker *asker, const uint8_t *reply, size_t len);

#endif
