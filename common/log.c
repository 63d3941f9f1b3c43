/* SPDX-License-Identifier: ISC */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/escape.h"

/* The longest line, its newline included. */
#define LINE_MAX_LEN 1024

/* What join strings, share strings and account keys on paper start with. */
static const char *const secret_prefixes[] = {
	"inroad1:", "inroadshare1:", "inroadkey1:"
};
#define SECRET_MARK "[cut]"

/* lint: allow state: log.h says why. */
static struct {
	enum log_level level;
	bool json;
	int fd;
} settings = { .level = LOG_LEVEL_INFO, .fd = STDERR_FILENO };

/* Per level: its word, and its number for syslog and journald. */
static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },
	[LOG_LEVEL_WARN] = { "warn", 4 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};

void
log_set_level(enum log_level level)
{
	settings.level = level;
}

enum log_level
log_get_level(void)
{
	return settings.level;
}

const char *
log_level_name(enum log_level level)
{
	return levels[level].name;
}

int
log_level_parse(const char *text, enum log_level *out)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(text, levels[i].name) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

void
log_set_json(bool json)
{
	settings.json = json;
}

void
log_set_fd(int fd)
{
	settings.fd = fd;
}

bool
log_enabled(enum log_level level)
{
	return level <= settings.level;
}

/*
 * Return true when journald reads what we write.  Asked for each line: a look
 * at the environment costs nothing beside the write, and state would have to
 * follow log_set_fd().
 */
static bool
is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (stream == NULL || fstat(settings.fd, &st) != 0) {
		return false;
	}
	(void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(stream, ours) == 0;
}

/* Begin a line with the time of day, ISO 8601 in UTC with milliseconds. */
static void
format_time(char *out, size_t size, bool json)
{
	struct timespec now;
	struct tm tm;
	size_t used;

	/* Neither can fail with a clock that every kernel has. */
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	used = strftime(out, size,
	    json ? "{\"time\":\"%Y-%m-%dT%H:%M:%S" : "time=%Y-%m-%dT%H:%M:%S",
	    &tm);
	(void)snprintf(out + used, size - used, ".%03ldZ%s",
	    now.tv_nsec / 1000000, json ? "\"," : " ");
}

/* Overwrite what follows each prefix in text with a mark. */
static void
redact_behind(char *text, const char *prefix)
{
	char *secret = strcasestr(text, prefix);

	while (secret != NULL) {
		char *start = secret + strlen(prefix);
		size_t len = strcspn(start, " \t\r\n\"'`<>");
		size_t mark = strlen(SECRET_MARK);

		/* One that is shorter than its mark is no secret, or cut off.
		 */
		if (len <= mark) {
			memset(start, '*', len);
			mark = len;
		} else {
			memcpy(start, SECRET_MARK, mark);
		}
		memmove(start + mark, start + len, strlen(start + len) + 1);
		secret = strcasestr(start + mark, prefix);
	}
}

/* Overwrite the secrets that text begins to tell. */
static void
redact(char *text)
{
	const size_t count =
	    sizeof(secret_prefixes) / sizeof(secret_prefixes[0]);

	for (size_t i = 0; i < count; i++) {
		redact_behind(text, secret_prefixes[i]);
	}
}

/*
 * Write all of a line up to its message to out; returns its length.  journald
 * keeps its own time and takes the level from the priority in front.
 */
static size_t
format_head(char *out, size_t size, enum log_level level, const char *object,
    uint64_t id)
{
	const char *name = levels[level].name;
	bool json = settings.json;
	char date[64] = "";
	char number[40] = "";
	int len;

	if (is_journal()) {
		(void)snprintf(date, sizeof(date), "<%d>%s",
		    levels[level].priority, json ? "{" : "");
	} else {
		format_time(date, sizeof(date), json);
	}
	if (id != 0) {
		(void)snprintf(number, sizeof(number),
		    json ? ",\"id\":%ju" : " id=%ju", (uintmax_t)id);
	}
	len = snprintf(out, size,
	    json ? "%s\"level\":\"%s\",\"object\":\"%.64s\"%s,\"msg\":\""
		 : "%slevel=%s object=%.64s%s msg=\"",
	    date, name, object, number);
	return len < 0 ? 0 : (size_t)len;
}

/* Write all len bytes; a log that cannot be written has nobody to tell. */
static void
write_line(const char *line, size_t len)
{
	while (len > 0) {
		ssize_t n = write(settings.fd, line, len);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return;
		}
		line += n;
		len -= (size_t)n;
	}
}

void
log_write(enum log_level level, const char *object, uint64_t id,
    const char *format, ...)
{
	enum escape_style style = settings.json ? ESCAPE_JSON : ESCAPE_TEXT;
	const char *tail = settings.json ? "\"}\n" : "\"\n";
	int saved = errno;
	char text[LINE_MAX_LEN];
	char line[LINE_MAX_LEN];
	size_t used;
	va_list args;

	if (!log_enabled(level)) {
		return;
	}
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	redact(text);
	used = format_head(line, sizeof(line), level, object, id);
	/* The tail takes the place of the terminator. */
	used += escape_text(
	    style, text, line + used, sizeof(line) - used - strlen(tail) + 1);
	memcpy(line + used, tail, strlen(tail));
	write_line(line, used + strlen(tail));
	errno = saved;
}
