/* SPDX-License-Identifier: ISC */
#include "gateway/cli/shellenv.h"

#include <stdio.h>
#include <string.h>

#include "gateway/cli/cli.h"
#include "gateway/cli/entry.h"
#include "gateway/cli/flags.h"

/* Room for a URL with an address in it. */
#define VALUE_MAX (ADDR_TEXT_LEN + 16)

/* What never goes through a proxy: this machine is nearer without. */
#define DIRECT_NAMES "localhost,127.0.0.1,::1"

/* A variable: its value is scheme and the gateway's address, or fixed. */
struct variable {
	const char *name;
	const char *scheme; /* NULL: value is fixed */
};

static const struct variable variables[] = {
	{ "http_proxy", "http" },
	{ "https_proxy", "http" },
	{ "all_proxy", "socks5h" },
	{ "no_proxy", NULL },
	{ "HTTP_PROXY", "http" },
	{ "HTTPS_PROXY", "http" },
	{ "ALL_PROXY", "socks5h" },
	{ "NO_PROXY", NULL },
};

#define VARIABLES (sizeof(variables) / sizeof(variables[0]))

/* How a shell sets a variable and forgets it.  No value needs escaping. */
struct shell {
	const char *name;
	const char *set; /* then the name, between, the value, end */
	const char *between;
	const char *end;
	const char *unset; /* then the name, unset_end */
	const char *unset_end;
};

static const struct shell shells[] = {
	{ "sh", "export ", "='", "'", "unset ", "" },
	{ "fish", "set -gx ", " '", "'", "set -e ", "" },
	{ "csh", "setenv ", " '", "';", "unsetenv ", ";" },
	{ "powershell", "$Env:", " = '", "'",
	    "Remove-Item Env:", " -ErrorAction SilentlyContinue" },
};

static const struct shell *
find_shell(const char *name)
{
	static const char *const like_sh[] = { "bash", "zsh", "dash", "ksh" };

	for (size_t i = 0; i < sizeof(like_sh) / sizeof(like_sh[0]); i++) {
		if (strcmp(name, like_sh[i]) == 0) {
			name = "sh";
		}
	}
	if (strcmp(name, "tcsh") == 0) {
		name = "csh";
	} else if (strcmp(name, "pwsh") == 0) {
		name = "powershell";
	}
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(name, shells[i].name) == 0) {
			return &shells[i];
		}
	}
	return NULL;
}

static void
value_of(
    const struct variable *variable, const char *address, char out[VALUE_MAX])
{
	if (variable->scheme == NULL) {
		(void)snprintf(out, VALUE_MAX, "%s", DIRECT_NAMES);
	} else {
		(void)snprintf(
		    out, VALUE_MAX, "%s://%s", variable->scheme, address);
	}
}

static void
print_unset(const struct shell *shell)
{
	for (size_t i = 0; i < VARIABLES; i++) {
		(void)printf("%s%s%s\n", shell->unset, variables[i].name,
		    shell->unset_end);
	}
}

static void
print_set(const struct shell *shell, const char *address)
{
	char value[VALUE_MAX];

	for (size_t i = 0; i < VARIABLES; i++) {
		value_of(&variables[i], address, value);
		(void)printf("%s%s%s%s%s\n", shell->set, variables[i].name,
		    shell->between, value, shell->end);
	}
}

/* The variables as one object; address NULL: each is null. */
static int
report(const struct cli *cli, const char *address)
{
	struct ask_answer answer = { .code = CONTROL_OK };
	json_t *object = json_object();
	char value[VALUE_MAX];
	int status;

	for (size_t i = 0; i < VARIABLES; i++) {
		if (address != NULL) {
			value_of(&variables[i], address, value);
		}
		(void)json_object_set_new(object, variables[i].name,
		    address != NULL ? json_string(value) : json_null());
	}
	answer.items = json_array();
	(void)json_array_append_new(answer.items, object);
	status = cli_report(cli, &answer);
	ask_free(&answer);
	return status;
}

int
shellenv_run(const struct cli *cli)
{
	const char *name = "sh";
	bool unset = false;
	const struct flags_row rows[] = {
		{ "shell", &name, NULL },
		{ "unset", NULL, &unset },
	};
	const struct shell *shell;
	struct entry entry;
	int status;

	if (flags_take(cli, rows, 2, NULL, 0) < 0) {
		return cli_usage("env");
	}
	shell = find_shell(name);
	if (shell == NULL) {
		return cli_usage("env");
	}
	if (unset) {
		if (cli->json) {
			return report(cli, NULL);
		}
		print_unset(shell);
		return CONTROL_OK;
	}
	status = entry_find(cli, ENTRY_TCP, &entry);
	if (status != CONTROL_OK) {
		return status;
	}
	if (cli->json) {
		status = report(cli, entry.address);
	} else {
		print_set(shell, entry.address);
	}
	entry_free(&entry);
	return status;
}
