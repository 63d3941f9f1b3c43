/* SPDX-License-Identifier: ISC */
/*
 * Names that an app asks for.  Bits of the first byte choose between a name and
 * a name with port, with suffix or without.  Labels that begin with o are hosts
 * of ours.  What is ours means the same when it is put together again.
 */
#include "protocol/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static bool
is_host(void *arg, const char *label)
{
	(void)arg;
	require(strlen(label) <= NAME_HOST_MAX);
	return label[0] == 'o';
}

/* "rest.host" and "rest.host.suffix" are what was meant. */
static void
check_ours(const struct target *target, const struct target_space *space)
{
	struct target again;
	char name[sizeof(target->rest) + sizeof(target->host) + 1];

	require(is_host(NULL, target->host) ||
		strcmp(target->host, TARGET_RELAY) == 0);
	(void)snprintf(name, sizeof(name), "%s%s%s", target->rest,
	    target->rest[0] != '\0' ? "." : "", target->host);
	require(target_from_name(&again, space, name, strlen(name),
		    target->port) == TARGET_OURS);
	require(strcmp(again.host, target->host) == 0);
	require(strcmp(again.rest, target->rest) == 0);
	require(again.rest_is_address == target->rest_is_address);
}

static void
check(const struct target *target, const struct target_space *space)
{
	for (const char *c = target->name; *c != '\0'; c++) {
		require(*c < 'A' || *c > 'Z');
	}
	switch (target->kind) {
	case TARGET_INVALID:
		require(target->name[0] == '\0' && target->port == 0);
		break;
	case TARGET_OURS:
		check_ours(target, space);
		break;
	case TARGET_UNKNOWN:
		require(strcmp(target->host, target->name) == 0);
		require(!target->is_address && target->rest[0] == '\0');
		break;
	case TARGET_FOREIGN:
		require(target->name[0] != '\0' && target->rest[0] == '\0');
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct target_space space = { "internal", is_host, NULL };
	struct target target;
	const char *text;

	if (len == 0) {
		return 0;
	}
	text = (const char *)data + 1;
	if ((data[0] & 2) != 0) {
		space.suffix = NULL;
	}
	if ((data[0] & 1) != 0) {
		target_from_authority(&target, &space, text, len - 1, 80);
		require(target.kind == TARGET_INVALID || target.port != 0);
	} else {
		target_from_name(&target, &space, text, len - 1, 80);
	}
	check(&target, &space);
	return 0;
}
