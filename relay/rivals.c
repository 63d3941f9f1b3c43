/* SPDX-License-Identifier: ISC */
#include "relay/rivals.h"

#include <stdbool.h>
#include <string.h>

void
rivals_login(struct rivals *rivals, const uint8_t boot[LINKHELLO_BOOT_LEN])
{
	memcpy(rivals->boot, boot, sizeof(rivals->boot));
}

static bool
is_same(
    const uint8_t a[LINKHELLO_BOOT_LEN], const uint8_t b[LINKHELLO_BOOT_LEN])
{
	return memcmp(a, b, LINKHELLO_BOOT_LEN) == 0;
}

enum rivals_verdict
rivals_replace(struct rivals *newer, const struct rivals *older, uint64_t now)
{
	newer->told = older->told;
	if (is_same(newer->boot, older->boot)) {
		memcpy(newer->other, older->other, sizeof(newer->other));
		return RIVALS_RETURN;
	}
	memcpy(newer->other, older->boot, sizeof(newer->other));
	if (!is_same(newer->boot, older->other) ||
	    (older->told != 0 && now - older->told < RIVALS_QUIET)) {
		return RIVALS_ANOTHER;
	}
	newer->told = now;
	return RIVALS_FIGHT;
}
