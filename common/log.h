/* SPDX-License-Identifier: ISC */
/*
 * log: one event, one line, on standard error.
 *
 * A line names the object, its id, what happened and why, in logfmt by default
 * or JSON.  Peers' mistakes are LOG_LEVEL_INFO, ours LOG_LEVEL_ERROR.  Never
 * log a secret, a path or a query string; join strings that slip in anyway are
 * cut out before the line is written.  Under journald (JOURNAL_STREAM names
 * our standard error) lines carry a <N> priority and no time.
 *
 * The settings are the only mutable state outside the mains: threading a
 * logger through every constructor would cost a parameter everywhere and buy
 * nothing in a process that has one standard error.
 */
#ifndef INROAD_COMMON_LOG_H
#define INROAD_COMMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* Write nothing below level (default LOG_LEVEL_INFO). */
void log_set_level(enum log_level level);

/* Return the level below which nothing is written. */
enum log_level log_get_level(void);

/* Return "error", "warn", "info" or "debug". */
const char *log_level_name(enum log_level level);

/* Parse "error", "warn", "info" or "debug" into *out; 0 or -1. */
int log_level_parse(const char *text, enum log_level *out);

/* Write JSON lines instead of logfmt. */
void log_set_json(bool json);

/* Write to fd instead of standard error; for tests. */
void log_set_fd(int fd);

/* Return true when a line of level would be written. */
bool log_enabled(enum log_level level);

/*
 * Write one line about object (a fixed word: "link", "session") number id (0:
 * none).  The formatted message says "what: why"; control characters are
 * escaped and the line is cut at 1 KiB.  errno is kept.
 */
void log_write(enum log_level level, const char *object, uint64_t id,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
