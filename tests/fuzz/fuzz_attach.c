/* SPDX-License-Identifier: ISC */
/*
 * What an agent makes of the payload of an ATTACH.
 *
 * The first byte says what the rest is: 0 a payload; 1 a call and 2 a question
 * of the owner's gateway, of which the rest changes bytes, two for each change:
 * where (as a part of 256), and what is flipped.  Nothing that was changed is
 * accepted, but the name of the device, which is the relay's to say.
 */
#include "agent/attach.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/linkmsg.h"
#include "tests/support/asker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Within the time of any share; unix seconds. */
#define NOW UINT64_C(2000000000)

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static bool
has_session(const uint8_t key[KEYS_LEN], const uint8_t id[SESSIONHELLO_ID_LEN],
    void *arg)
{
	(void)key;
	(void)arg;
	return id[0] % 2 == 0;
}

/* The keys differ from run to run; what is accepted does not. */
static struct asker *
get_asker(void)
{
	static struct asker asker;
	static bool ready;

	if (!ready) {
		asker_init(&asker);
		ready = true;
	}
	return &asker;
}

/* Returns true when payload is accepted. */
static bool
judge(const struct asker *asker, const uint8_t *payload, size_t len)
{
	static const struct sessionanswer_known sessions = { has_session,
		NULL };
	const struct attach_self self = {
		.membership = &asker->membership,
		.public_key = asker->agent_public,
		.secret_key = asker->agent_secret,
		.grace = 120,
	};
	struct sessionanswer accepted;
	struct linkmsg_attach attach;
	char text[LIMITS_TEXT_LEN] = "";
	bool good;

	if (linkmsg_attach_decode(&attach, true, payload, len) != 0 ||
	    attach.kind != LINKMSG_BEGIN) {
		return false;
	}
	good = attach_accept(&self, &sessions, &attach, NOW, &accepted, text) ==
	       CODE_OK;
	require(good == (text[0] == '\0'));
	require(memchr(text, '\0', sizeof(text)) != NULL);
	sessionanswer_wipe(&accepted);
	return good;
}

/* Return true when the payloads are the same but for the name of the device. */
static bool
is_same(const uint8_t *a, const uint8_t *b, size_t len)
{
	struct linkmsg_attach x;
	struct linkmsg_attach y;

	if (linkmsg_attach_decode(&x, true, a, len) != 0 ||
	    linkmsg_attach_decode(&y, true, b, len) != 0) {
		return false;
	}
	return strcmp(x.owner, y.owner) == 0 && strcmp(x.host, y.host) == 0 &&
	       x.epoch == y.epoch &&
	       memcmp(&x.caller, &y.caller, sizeof(x.caller)) == 0 &&
	       x.kind == y.kind && x.message_len == y.message_len &&
	       memcmp(x.message, y.message, x.message_len) == 0 &&
	       memcmp(x.device_key, y.device_key, KEYS_LEN) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct asker *asker = get_asker();
	uint8_t genuine[ASKER_PAYLOAD_MAX];
	uint8_t changed[ASKER_PAYLOAD_MAX];
	size_t size;

	if (len == 0 || data[0] > 2) {
		return 0;
	}
	if (data[0] == 0) {
		require(!judge(asker, data + 1, len - 1));
		return 0;
	}
	memset(asker->question, data[0] == 2 ? 7 : 0, sizeof(asker->question));
	size = asker_ask(asker, genuine);
	memcpy(changed, genuine, size);
	for (size_t i = 1; i + 1 < len; i += 2) {
		changed[data[i] * size / 256] ^= data[i + 1];
	}
	require(judge(asker, changed, size) == is_same(genuine, changed, size));
	return 0;
}
