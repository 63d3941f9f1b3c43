/* SPDX-License-Identifier: ISC */
#include "common/startup.h"

#include <sodium.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "common/fault.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/options_argv.h"
#include "common/options_file.h"
#include "common/options_help.h"

/* A daemon's descriptors are its connections: as many as we may have. */
static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int
complain(const struct options_table *table, const struct fault *fault, int code)
{
	(void)fprintf(stderr, "%s: %s\n", table->program, fault->text);
	return code;
}

/* Read everything; STARTUP_GO or STARTUP_EXIT with *status. */
static enum startup_result
parse(const struct options_table *table, void (*version)(void), int argc,
    char **argv, struct options *options, int *status)
{
	struct fault fault;
	const char *config;

	*status = EX_OK;
	switch (options_argv_parse(options, argc, argv, &fault)) {
	case OPTIONS_ARGV_OK:
		break;
	case OPTIONS_ARGV_HELP:
		options_help_print(table, stdout);
		return STARTUP_EXIT;
	case OPTIONS_ARGV_VERSION:
		version();
		return STARTUP_EXIT;
	case OPTIONS_ARGV_BAD:
		*status = complain(table, &fault, EX_USAGE);
		return STARTUP_EXIT;
	}
	config = options_string(options, "config");
	if (config != NULL && options_file_load(options, config, &fault) != 0) {
		*status = complain(table, &fault, EX_CONFIG);
		return STARTUP_EXIT;
	}
	return STARTUP_GO;
}

enum startup_result
startup_options(const struct options_table *table, void (*version)(void),
    int argc, char **argv, struct options **out, int *status)
{
	enum log_level level;
	const char *format;

	*out = NULL;
	*status = EX_OSERR;
	/* Whatever a daemon writes is nobody else's business. */
	(void)umask(077);
	raise_descriptors();
	mem_tune();
	if (sodium_init() < 0) {
		return STARTUP_EXIT;
	}
	*out = options_new(table);
	if (*out == NULL) {
		return STARTUP_EXIT;
	}
	if (parse(table, version, argc, argv, *out, status) != STARTUP_GO) {
		options_free(*out);
		*out = NULL;
		return STARTUP_EXIT;
	}
	if (log_level_parse(options_string(*out, "log-level"), &level) == 0) {
		log_set_level(level);
	}
	format = options_string(*out, "log-format");
	log_set_json(format != NULL && format[0] == 'j');
	return STARTUP_GO;
}
