/* SPDX-License-Identifier: ISC */
#include "gateway/cli/open.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gateway/cli/cli.h"
#include "gateway/cli/entry.h"
#include "gateway/cli/flags.h"
#include "gateway/cli/tool.h"
#include "protocol/codes.h"
#include "protocol/target.h"

/* Room for the URL: a name, and a path that a person types. */
#define URL_MAX 4096

/* Return true when text is a name and a path, and nothing that a URL or a
 * program would take for something else. */
static bool
is_place(const char *text)
{
	size_t name = strcspn(text, "/");

	for (size_t i = 0; i < name; i++) {
		if (!isalnum((unsigned char)text[i]) &&
		    strchr("-.", text[i]) == NULL) {
			return false;
		}
	}
	for (const char *c = text; *c != '\0'; c++) {
		if (*c <= ' ' || *c == 0x7f) {
			return false;
		}
	}
	return name > 0 && text[0] != '-' && text[0] != '.' &&
	       text[name - 1] != '.';
}

/* Return how long the name of len letters at text is without the suffix. */
static size_t
without_suffix(const char *text, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	if (n > 0 && len > n + 1 && text[len - n - 1] == '.' &&
	    strncasecmp(text + len - n, suffix, n) == 0) {
		return len - n - 1;
	}
	return len;
}

/* Return true when the last label of the name is a host, or the relay. */
static bool
is_known(const json_t *status, const char *name, size_t len)
{
	const json_t *host;
	size_t start = len;
	size_t i;

	while (start > 0 && name[start - 1] != '.') {
		start--;
	}
	if (len == strlen(TARGET_RELAY) &&
	    strncasecmp(TARGET_RELAY, name, len) == 0) {
		return true;
	}
	json_array_foreach(json_object_get(status, "hosts"), i, host)
	{
		const char *known = ask_text(host, "host");

		if (strlen(known) == len - start &&
		    strncasecmp(known, name + start, len - start) == 0) {
			return true;
		}
	}
	return false;
}

static int
show(const struct cli *cli, const struct entry *entry, const char *place)
{
	const json_t *status = entry_status(entry);
	struct ask_answer answer = { .code = CONTROL_OK };
	size_t name = strcspn(place, "/");
	size_t bare = without_suffix(place, name, ask_text(status, "suffix"));
	char url[URL_MAX];
	const char *const argv[] = { "xdg-open", url, NULL };
	int result;

	answer.items = json_array();
	(void)snprintf(url, sizeof(url), "http://%.*s.localhost:%u%s",
	    (int)bare, place, addr_port(&entry->addr),
	    place[name] != '\0' ? place + name : "/");
	if (!is_known(status, place, bare)) {
		(void)ask_fail(&answer, CONTROL_NO_HOST,
		    codes_slug(CODE_HOST_UNKNOWN),
		    "No host in \"%.*s\". \"inroad hosts\" lists yours.",
		    (int)bare, place);
	} else if (!cli->json && tool_start(argv) != 0) {
		(void)ask_fail(&answer, CONTROL_FAILED,
		    codes_slug(CODE_INTERNAL),
		    "there is no xdg-open here; open %s yourself", url);
	} else {
		(void)json_array_append_new(
		    answer.items, json_pack("{s:s}", "url", url));
	}
	result = cli_report(cli, &answer);
	if (result == CONTROL_OK && !cli->json) {
		(void)printf("%s\n", url);
	}
	ask_free(&answer);
	return result;
}

int
open_run(const struct cli *cli)
{
	const char *place = NULL;
	struct entry entry;
	int status;

	if (flags_take(cli, NULL, 0, &place, 1) != 1 || !is_place(place) ||
	    strlen(place) > URL_MAX - 64) {
		return cli_usage("open");
	}
	status = entry_find(cli, ENTRY_TCP, &entry);
	if (status == CONTROL_OK) {
		status = show(cli, &entry, place);
		entry_free(&entry);
	}
	return status;
}
