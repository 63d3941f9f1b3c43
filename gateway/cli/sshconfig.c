/* SPDX-License-Identifier: ISC */
#include "gateway/cli/sshconfig.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/nearest.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/flags.h"
#include "protocol/codes.h"

/* Seconds that a gateway gets to answer. */
#define ASK_TIME 10.0

/* A path with every character of it escaped, and the words around it. */
#define COMMAND_MAX (4 * PATH_MAX + 64)

/* --- the command that ssh runs --------------------------------------- */

/*
 * Append path as one word of a shell, in which ssh finds no token of its own.
 * There is room.
 */
static void
append_quoted(char *out, const char *path)
{
	char *end = out + strlen(out);

	*end++ = '\'';
	for (; *path != '\0'; path++) {
		if (*path == '\'') {
			memcpy(end, "'\\''", 4);
			end += 4;
		} else if (*path == '%') {
			memcpy(end, "%%", 2);
			end += 2;
		} else {
			*end++ = *path;
		}
	}
	memcpy(end, "'", 2);
}

/* Write the command, to the gateway that cli chooses, to out. */
static void
make_command(const struct cli *cli, char out[COMMAND_MAX])
{
	char path[PATH_MAX];

	(void)snprintf(out, COMMAND_MAX, "inroad ");
	if (cli->where != NULL && realpath(cli->where, path) != NULL) {
		(void)snprintf(out, COMMAND_MAX, "inroad --gateway ");
		append_quoted(out, path);
		memcpy(out + strlen(out), " ", 2);
	}
	memcpy(out + strlen(out), "connect %h %p", 14);
}

/* --- hosts ----------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Return the names of the hosts of status, sorted and ended by NULL. */
static const char **
list_names(const json_t *status)
{
	const json_t *hosts = json_object_get(status, "hosts");
	const char **names =
	    mem_new(json_array_size(hosts) + 1, sizeof(const char *));
	const json_t *host;
	size_t i;

	if (names == NULL) {
		return NULL;
	}
	json_array_foreach(hosts, i, host)
	{
		names[i] = ask_text(host, "host");
	}
	qsort(names, json_array_size(hosts), sizeof(names[0]), compare);
	return names;
}

/* Leave of names only the one that is chosen; 0 or -1. */
static int
choose(const char **names, const char *chosen, struct ask_answer *answer)
{
	const char *near = nearest(chosen, names);

	for (size_t i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], chosen) == 0) {
			names[0] = names[i];
			names[1] = NULL;
			return 0;
		}
	}
	return ask_fail(answer, CONTROL_NO_HOST, codes_slug(CODE_HOST_UNKNOWN),
	    "No host \"%.100s\".%s%s%s \"inroad hosts\" lists yours.", chosen,
	    near != NULL ? " Did you mean \"" : "", near != NULL ? near : "",
	    near != NULL ? "\"?" : "");
}

/* --- the block ------------------------------------------------------- */

static void
print_names(const char *const *names)
{
	for (size_t i = 0; names[i] != NULL; i++) {
		(void)printf(" %s", names[i]);
	}
	(void)putchar('\n');
}

/*
 * A short name stands for the full one, so that known_hosts has one entry for
 * both; and, unlike with HostKeyAlias, one for each port, behind which there
 * may be another machine.
 */
static void
print_block(
    const char *const *names, const char *suffix, const char *command, bool all)
{
	(void)printf("# Made by \"inroad ssh-config\". Keep it in a file and "
		     "include that at the top of\n"
		     "# ~/.ssh/config:\n"
		     "#     inroad ssh-config >~/.ssh/inroad.conf\n"
		     "#     Include inroad.conf\n");
	if (names[0] != NULL) {
		(void)printf("Host");
		print_names(names);
		(void)printf("    HostName %%h.%s\n", suffix);
	}
	if (all) {
		(void)printf("Host *.%s", suffix);
	} else {
		(void)printf("Host %s.%s", names[0], suffix);
	}
	print_names(names);
	(void)printf("    ProxyCommand %s\n", command);
}

/* The same for programs. */
static void
set_items(struct ask_answer *answer, const char *const *names,
    const char *suffix, const char *command)
{
	json_t *item = json_object();
	json_t *hosts = json_array();

	for (size_t i = 0; names[i] != NULL; i++) {
		(void)json_array_append_new(hosts, json_string(names[i]));
	}
	(void)json_object_set_new(item, "hosts", hosts);
	(void)json_object_set_new(item, "suffix", json_string(suffix));
	(void)json_object_set_new(item, "proxy_command", json_string(command));
	json_decref(answer->items);
	answer->items = json_array();
	(void)json_array_append_new(answer->items, item);
}

/* Show what answer, to "status", says of the hosts, or only of chosen. */
static int
show(const struct cli *cli, struct ask_answer *answer, const char *chosen)
{
	json_t *status = json_incref(ask_first(answer));
	const char *suffix = ask_text(status, "suffix");
	const char **names = list_names(status);
	char command[COMMAND_MAX];
	int result;

	if (names == NULL || suffix[0] == '\0') {
		(void)ask_fail(answer, CONTROL_FAILED,
		    codes_slug(CODE_BAD_REQUEST), "this daemon is no gateway");
	} else if (chosen == NULL || choose(names, chosen, answer) == 0) {
		make_command(cli, command);
		set_items(answer, names, suffix, command);
		if (!cli->json) {
			print_block(names, suffix, command, chosen == NULL);
		}
	}
	if (answer->code != CONTROL_OK) {
		json_decref(answer->items);
		answer->items = NULL;
	}
	result = cli_report(cli, answer);
	mem_free(names);
	json_decref(status);
	return result;
}

int
sshconfig_run(const struct cli *cli)
{
	const char *words[] = { "status" };
	const char *chosen = NULL;
	char path[CLI_PATH_LEN];
	struct ask_answer answer;
	int status;

	if (flags_take(cli, NULL, 0, &chosen, 1) < 0) {
		return cli_usage("ssh-config");
	}
	if (cli_socket(cli, path) != 0) {
		return CONTROL_CONFIG;
	}
	ask_daemon(path, words, 1, ASK_TIME, &answer);
	if (answer.code == CONTROL_OK) {
		status = show(cli, &answer, chosen);
	} else {
		status = cli_report(cli, &answer);
	}
	ask_free(&answer);
	return status;
}
