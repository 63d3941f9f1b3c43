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

/* Read the file that options name, if they do; 0, or -1 and *fault. */
static int
read_file(struct options *options, struct fault *fault)
{
	const char *config = options_string(options, "config");

	return config == NULL ? 0 : options_file_load(options, config, fault);
}

/* Read everything; STARTUP_GO or STARTUP_EXIT with *status. */
static enum startup_result
parse(const struct options_table *table, void (*version)(void), int argc,
    char **argv, struct options *options, int *status)
{
	struct fault fault;

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
	if (read_file(options, &fault) != 0) {
		*status = complain(table, &fault, EX_CONFIG);
		return STARTUP_EXIT;
	}
	return STARTUP_GO;
}

void
startup_set_log(const struct options *options)
{
	const char *format = options_string(options, "log-format");
	enum log_level level;

	if (log_level_parse(options_string(options, "log-level"), &level) ==
	    0) {
		log_set_level(level);
	}
	log_set_json(format != NULL && format[0] == 'j');
}

enum startup_result
startup_options(const struct options_table *table, void (*version)(void),
    int argc, char **argv, struct options **out, int *status)
{
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
	startup_set_log(*out);
	return STARTUP_GO;
}

struct options *
startup_read_again(const struct options_table *table, int argc, char **argv,
    struct fault *fault)
{
	struct options *options = options_new(table);

	if (options == NULL) {
		(void)fault_set(fault, "out of memory");
		return NULL;
	}
	/* The words were right before; what the file says may not be. */
	if (options_argv_parse(options, argc, argv, fault) != OPTIONS_ARGV_OK ||
	    read_file(options, fault) != 0) {
		options_free(options);
		return NULL;
	}
	return options;
}
