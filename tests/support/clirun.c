/* SPDX-License-Identifier: ISC */
#include "tests/support/clirun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cli/cli.h"

/* Stands for the state directory in a line. */
static const char mark[] = "DIR";

void
clirun_init(struct clirun *run)
{
	memset(run, 0, sizeof(*run));
	tempdir_new(run->top);
}

void
clirun_end(struct clirun *run)
{
	replier_stop(&run->daemon);
	tempdir_remove(run->top);
}

void
clirun_answer(struct clirun *run, const char *text)
{
	const struct replier_config config = { .answer = text, .holds = true };

	replier_stop(&run->daemon);
	if (text != NULL) {
		replier_start(&run->daemon, run->top, &config);
	}
}

/* Put line, with the directory in place, to run->line. */
static void
fill_in(struct clirun *run, const char *line)
{
	size_t used = 0;
	int n;

	while (*line != '\0') {
		size_t len = strlen(line);
		const char *at = strstr(line, mark);

		if (at != NULL) {
			len = (size_t)(at - line);
		}
		n = snprintf(run->line + used, sizeof(run->line) - used,
		    "%.*s%s", (int)len, line, at != NULL ? run->top : "");
		used += (size_t)n;
		if (used >= sizeof(run->line)) {
			abort();
		}
		line += len + (at != NULL ? sizeof(mark) - 1 : 0);
	}
}

/* Cut run->line into words. */
static void
split(struct clirun *run)
{
	char *rest = run->line;

	run->count = 0;
	while (rest != NULL) {
		char *end = strchr(rest, ' ');

		if (run->count == CLIRUN_WORDS_MAX - 1) {
			abort();
		}
		run->words[run->count] = rest;
		run->count++;
		if (end != NULL) {
			*end = '\0';
			end++;
		}
		rest = end;
	}
	run->words[run->count] = NULL;
}

int
clirun_to(struct clirun *run, const char *line, enum captured_output kind)
{
	char *words[CLIRUN_WORDS_MAX];
	int status;

	fill_in(run, line);
	split(run);
	/* The command moves its words. */
	memcpy(words, run->words, sizeof(words));
	captured_begin(&run->said, kind);
	status = cli_run(run->count, words);
	captured_end(&run->said);
	run->asked[0] = '\0';
	if (run->daemon.pid != 0) {
		(void)replier_asked(&run->daemon, run->asked);
	}
	return status;
}

int
clirun(struct clirun *run, const char *line)
{
	return clirun_to(run, line, CAPTURED_FILE);
}
