/* SPDX-License-Identifier: ISC */
#include "gateway/cli/entry.h"

#include <stdio.h>
#include <string.h>

#include "gateway/cli/cli.h"

/* Seconds that a gateway gets to say where it listens. */
#define ASK_TIME 10.0

/* What stands before the path of a unix socket. */
static const char unix_prefix[] = "unix:";

/* Make *addr what text says, to be connected to; 0 or -1. */
static int
parse(const char *text, enum entry_kind kind, struct addr *addr)
{
	size_t len = sizeof(unix_prefix) - 1;

	if (strncmp(text, unix_prefix, len) == 0) {
		return kind == ENTRY_ANY ? addr_from_path(addr, text + len)
					 : -1;
	}
	if (addr_parse(addr, text) != 0) {
		return -1;
	}
	if (addr_is_any(addr)) {
		return addr_from_ip(addr,
		    addr_family(addr) == AF_INET6 ? "::1" : "127.0.0.1",
		    addr_port(addr));
	}
	return 0;
}

int
entry_from_status(const json_t *status, enum entry_kind kind, struct addr *addr)
{
	const json_t *ports = json_object_get(status, "listening");
	const json_t *port;
	struct addr found = { .len = 0 };
	bool is_found = false;
	size_t i;

	json_array_foreach(ports, i, port)
	{
		const char *text =
		    json_string_value(json_object_get(port, "address"));

		if (text == NULL || json_object_get(port, "to") != NULL) {
			continue;
		}
		if (parse(text, ENTRY_TCP, addr) == 0) {
			return 0;
		}
		if (!is_found && parse(text, kind, &found) == 0) {
			is_found = true;
		}
	}
	if (is_found) {
		*addr = found;
	}
	return is_found ? 0 : -1;
}

int
entry_find(const struct cli *cli, enum entry_kind kind, struct entry *entry)
{
	const char *words[] = { "status" };
	char path[CLI_PATH_LEN];

	memset(entry, 0, sizeof(*entry));
	if (cli_socket(cli, path) != 0) {
		return CONTROL_CONFIG;
	}
	ask_daemon(path, words, 1, ASK_TIME, &entry->answer);
	if (entry->answer.code == CONTROL_OK &&
	    entry_from_status(entry_status(entry), kind, &entry->addr) != 0) {
		(void)ask_fail(&entry->answer, CONTROL_FAILED, "bad-request",
		    "this daemon has no port that %s; start the gateway with "
		    "--listen 127.0.0.1:1080",
		    kind == ENTRY_TCP ? "a proxy setting can name"
				      : "programs can use");
	}
	if (entry->answer.code != CONTROL_OK) {
		int status = cli_report(cli, &entry->answer);

		entry_free(entry);
		return status;
	}
	(void)addr_format(&entry->addr, entry->address);
	return CONTROL_OK;
}

const json_t *
entry_status(const struct entry *entry)
{
	return ask_first(&entry->answer);
}

void
entry_free(struct entry *entry)
{
	ask_free(&entry->answer);
	memset(entry, 0, sizeof(*entry));
}
