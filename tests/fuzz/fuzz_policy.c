/* SPDX-License-Identifier: ISC */
/*
 * Rules of an agent's policy, one a line.  Whatever they say, a name opens no
 * address that must be named itself.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/policy.h"
#include "common/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Addresses to ask for: ordinary, loopback, guarded, in all spellings. */
static const char *const asked[] = {
	"10.0.0.5:22",
	"[fd00::5]:80",
	"[2001:db8::1]:443",
	"127.0.0.1:80",
	"[::1]:80",
	"[::ffff:127.0.0.1]:80",
	"169.254.169.254:80",
	"[64:ff9b::a9fe:a9fe]:80",
	"[fe80::1]:80",
	"0.0.0.0:80",
	"224.0.0.1:80",
};

/* Ask policy for all of them, with name and without. */
static void
ask(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		struct addr addr;
		bool named;
		bool bare;

		if (addr_parse(&addr, asked[i]) != 0) {
			abort();
		}
		named = policy_allows(policy, name, &addr);
		bare = policy_allows(policy, NULL, &addr);
		if (bare && !named) {
			abort();
		}
		if (policy_must_name(&addr) && named != bare) {
			abort();
		}
		if (named && !policy_must_name(&addr) &&
		    !policy_may_resolve(policy, name, addr_port(&addr))) {
			abort();
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct policy *policy = policy_new();
	char *text = malloc(len + 1);
	char *rest = text;
	char *last = text;

	if (policy == NULL || text == NULL) {
		abort();
	}
	memcpy(text, data, len);
	text[len] = '\0';
	while (rest != NULL) {
		const char *flaw = NULL;

		last = strsep(&rest, "\n");
		if (policy_allow(policy, last, &flaw) != 0 && flaw == NULL) {
			abort();
		}
	}
	ask(policy, last);
	ask(policy, "x.lan");
	policy_free(policy);
	free(text);
	return 0;
}
