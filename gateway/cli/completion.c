/* SPDX-License-Identifier: ISC */
#include "gateway/cli/completion.h"

#include <stdio.h>
#include <string.h>

#include "common/control.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/complete.h"

/* Where nothing is offered, names of files are. */
static const char bash[] = "_inroad() {\n"
			   "    local line\n"
			   "    COMPREPLY=()\n"
			   "    while IFS= read -r line; do\n"
			   "        COMPREPLY+=(\"${line%%$'\\t'*}\")\n"
			   "    done < <(\"${COMP_WORDS[0]}\" " COMPLETE_COMMAND
			   " \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
			   "}\n"
			   "complete -o default -F _inroad inroad\n";

static const char zsh[] =
    "#compdef inroad\n"
    "_inroad() {\n"
    "    local line\n"
    "    local -a found\n"
    "    for line in ${(f)\"$(${words[1]} " COMPLETE_COMMAND
    " \"${(@)words[2,CURRENT]}\" 2>/dev/null)\"}; do\n"
    "        found+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
    "    done\n"
    "    if (( $#found )); then\n"
    "        _describe inroad found\n"
    "    else\n"
    "        _files\n"
    "    fi\n"
    "}\n"
    "compdef _inroad inroad\n";

static const char fish[] =
    "function __inroad_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l begun (commandline -ct)\n"
    "    set -l program $words[1]\n"
    "    set -e words[1]\n"
    "    $program " COMPLETE_COMMAND " $words \"$begun\" 2>/dev/null\n"
    "end\n"
    "complete -c inroad -f -a '(__inroad_complete)'\n";

int
completion_run(const struct cli *cli)
{
	static const struct {
		const char *shell;
		const char *script;
	} rows[] = {
		{ "bash", bash },
		{ "zsh", zsh },
		{ "fish", fish },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(cli->argv[1], rows[i].shell) == 0) {
			(void)fputs(rows[i].script, stdout);
			return CONTROL_OK;
		}
	}
	return cli_usage("completion");
}
