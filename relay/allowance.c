/* SPDX-License-Identifier: ISC */
#include "relay/allowance.h"

#include <string.h>

#include "common/quantity.h"

static const char *const names[ALLOWANCE_KEYS] = {
	[ALLOWANCE_DEVICES] = "devices",
	[ALLOWANCE_HOSTS] = "hosts",
	[ALLOWANCE_LINKS] = "links",
	[ALLOWANCE_CHANNELS] = "channels",
	[ALLOWANCE_ATTACHES] = "attaches",
};

const char *
allowance_name(enum allowance_key key)
{
	return names[key];
}

int
allowance_find(const char *name, enum allowance_key *out)
{
	for (int key = 0; key < ALLOWANCE_KEYS; key++) {
		if (strcmp(names[key], name) == 0) {
			*out = (enum allowance_key)key;
			return 0;
		}
	}
	return -1;
}

int
allowance_parse(const char *text, enum allowance_key *key, uint64_t *value)
{
	char name[ALLOWANCE_NAME_LEN];
	size_t len = strcspn(text, "=");
	enum allowance_key found;
	uint64_t number = ALLOWANCE_NONE;

	if (text[len] == '\0' || len >= sizeof(name)) {
		return -1;
	}
	memcpy(name, text, len);
	name[len] = '\0';
	text += len + 1;
	if (allowance_find(name, &found) != 0) {
		return -1;
	}
	if (strcmp(text, "none") != 0 &&
	    (quantity_number(text, &number) != 0 || number > ALLOWANCE_MAX)) {
		return -1;
	}
	*key = found;
	*value = number;
	return 0;
}

void
allowance_set(
    struct allowance *allowance, enum allowance_key key, uint64_t value)
{
	allowance->set[key] = value != ALLOWANCE_NONE;
	allowance->value[key] = value != ALLOWANCE_NONE ? value : 0;
}

uint64_t
allowance_get(const struct allowance *allowance, enum allowance_key key)
{
	return allowance->set[key] ? allowance->value[key] : ALLOWANCE_NONE;
}
