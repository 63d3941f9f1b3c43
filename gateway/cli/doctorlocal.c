/* SPDX-License-Identifier: ISC */
/* The checks of doctor that look at this machine and not at the gateway. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "common/addr.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/statedir.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/desktop.h"
#include "gateway/cli/doctor.h"

/* The most of a configuration of proxychains that is read. */
#define PROXYCHAINS_MAX ((size_t)256 << 10)

static const char env_fix[] = "eval \"$(inroad env)\"";

/* --- the state directory --------------------------------------------- */

/* Look for files that others can read; they hold keys. */
static void
check_files(struct doctor *doctor, const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *file;
	struct stat st;
	int fd;
	char fix[STATEDIR_PATH_LEN + 64];

	if (dir == NULL) {
		return;
	}
	fd = dirfd(dir);
	while (fd >= 0 && (file = readdir(dir)) != NULL) {
		if (fstatat(fd, file->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && (st.st_mode & 077) != 0) {
			(void)snprintf(fix, sizeof(fix),
			    "chmod go= %.100s/%.40s", path, file->d_name);
			doctor_say(doctor, DOCTOR_WARN, "state", fix,
			    "others may touch %s", file->d_name);
		}
	}
	(void)closedir(dir);
}

void
doctor_check_directory(struct doctor *doctor, const char *path)
{
	struct statedir *dir;
	struct fault fault;

	switch (statedir_open_existing(&dir, path, &fault)) {
	case FILE_OK:
		doctor_say(doctor, DOCTOR_OK, "state", NULL, "%s", path);
		check_files(doctor, path);
		break;
	case FILE_NONE:
		/* No gateway ever ran here, which was said. */
		break;
	case FILE_DENIED:
	case FILE_FAILED:
		doctor_say(doctor, DOCTOR_FAIL, "state",
		    "let the directory be yours, with mode 0700", "%s",
		    fault.text);
		break;
	}
	statedir_free(dir);
}

/* --- variables ------------------------------------------------------- */

/* Return true when the variable leads to this machine, but elsewhere. */
static bool
is_elsewhere(const struct doctor *doctor, const char *value)
{
	const char *at = strstr(value, "://");
	char place[ADDR_HOST_LEN];
	size_t len;

	at = at != NULL ? at + 3 : value;
	len = strcspn(at, "/");
	if (len >= sizeof(place)) {
		return false;
	}
	memcpy(place, at, len);
	place[len] = '\0';
	return strrchr(place, ':') != NULL &&
	       (strncmp(place, "127.", 4) == 0 ||
		   strncmp(place, "localhost:", 10) == 0 ||
		   strncmp(place, "[::1]:", 6) == 0) &&
	       strcmp(strrchr(place, ':'), strrchr(doctor->address, ':')) != 0;
}

static void
check_variable(struct doctor *doctor, const char *name)
{
	const char *value = getenv(name);

	if (value == NULL || value[0] == '\0') {
		return;
	}
	if (strncmp(value, "socks5://", 9) == 0 ||
	    strncmp(value, "socks4://", 9) == 0) {
		doctor_say(doctor, DOCTOR_WARN, "environment", env_fix,
		    "%s begins with %.9s: names are resolved here, where "
		    "those of hosts do not exist; socks5h:// leaves that to "
		    "the gateway",
		    name, value);
	}
	if (is_elsewhere(doctor, value)) {
		doctor_say(doctor, DOCTOR_WARN, "environment", env_fix,
		    "%s leads to another port than the gateway's, %s", name,
		    doctor->address);
	}
}

/* Return true when the entry of len letters at text covers our names. */
static bool
covers(const char *text, size_t len, const char *suffix)
{
	if (len > 0 && text[0] == '*') {
		text++;
		len--;
		/* All names there are. */
		if (len == 0) {
			return true;
		}
	}
	if (len > 0 && text[0] == '.') {
		text++;
		len--;
	}
	return len > 0 && strlen(suffix) == len &&
	       strncasecmp(text, suffix, len) == 0;
}

/* Return true when the entry covers the name of one of the hosts. */
static bool
covers_host(const struct doctor *doctor, const char *text, size_t len)
{
	const json_t *host;
	size_t i;

	json_array_foreach(json_object_get(doctor->status, "hosts"), i, host)
	{
		if (covers(text, len, ask_text(host, "host"))) {
			return true;
		}
	}
	return false;
}

static void
check_exceptions(struct doctor *doctor, const char *name)
{
	const char *at = getenv(name);
	const char *suffix = ask_text(doctor->status, "suffix");

	while (at != NULL && *at != '\0') {
		size_t len;

		at += strspn(at, ", ");
		len = strcspn(at, ", ");
		if (len > 0 &&
		    (covers(at, len, suffix) || covers_host(doctor, at, len))) {
			doctor_say(doctor, DOCTOR_WARN, "environment", env_fix,
			    "%s contains \"%.*s\": curl, git and others bypass "
			    "the gateway",
			    name, (int)(len < 200 ? len : 200), at);
		}
		at += len;
	}
}

/* One that is there in upper case alone is ignored by curl. */
static void
check_case(struct doctor *doctor)
{
	const char *lower = getenv("http_proxy");
	const char *upper = getenv("HTTP_PROXY");

	if (upper != NULL && upper[0] != '\0' &&
	    (lower == NULL || lower[0] == '\0')) {
		doctor_say(doctor, DOCTOR_WARN, "environment", env_fix,
		    "HTTP_PROXY is set and http_proxy is not: curl ignores the "
		    "one in capitals");
	}
}

void
doctor_check_environment(struct doctor *doctor)
{
	static const char *const names[] = { "http_proxy", "HTTP_PROXY",
		"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
	size_t before = json_array_size(doctor->items);
	bool any = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		any = any || (value != NULL && value[0] != '\0');
		check_variable(doctor, names[i]);
	}
	check_case(doctor);
	if (any) {
		check_exceptions(doctor, "no_proxy");
		check_exceptions(doctor, "NO_PROXY");
	}
	if (json_array_size(doctor->items) == before) {
		doctor_say(doctor, DOCTOR_OK, "environment", NULL, "%s",
		    any ? "the proxy variables are right"
			: "no proxy variables here; eval \"$(inroad env)\" "
			  "sets them");
	}
}

/* --- proxychains ----------------------------------------------------- */

/* Return true when text has a line that begins with word. */
static bool
has_line(const char *text, const char *word)
{
	size_t len = strlen(word);

	while (*text != '\0') {
		text += strspn(text, " \t\r\n");
		if (strncmp(text, word, len) == 0) {
			return true;
		}
		text += strcspn(text, "\n");
	}
	return false;
}

/* Return true when a line of text leads to our port. */
static bool
leads_here(const char *text, const char *port)
{
	static const char *const kinds[] = { "socks5", "socks4", "http" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (const char *at = strstr(text, kinds[i]); at != NULL;
		     at = strstr(at + 1, kinds[i])) {
			char host[64];
			char found[16];

			if ((at == text || at[-1] == '\n') &&
			    sscanf(at, "%*15s %63s %15s", host, found) == 2 &&
			    strncmp(host, "127.", 4) == 0 &&
			    strcmp(found, port) == 0) {
				return true;
			}
		}
	}
	return false;
}

static void
check_proxychains_file(struct doctor *doctor, const char *path)
{
	struct file_content content;
	struct fault fault;
	const char *text;

	if (file_read(path, FILE_PLAIN, PROXYCHAINS_MAX, &content, &fault) !=
	    FILE_OK) {
		return;
	}
	text = (const char *)content.data;
	if (leads_here(text, strrchr(doctor->address, ':') + 1)) {
		if (has_line(text, "proxy_dns")) {
			doctor_say(doctor, DOCTOR_OK, "proxychains", NULL,
			    "%s leaves names to the gateway", path);
		} else {
			doctor_say(doctor, DOCTOR_WARN, "proxychains",
			    "add a line proxy_dns to it",
			    "%s resolves names here, where those of hosts do "
			    "not exist",
			    path);
		}
	}
	file_content_free(&content);
}

/* The first that is there is the one in force. */
void
doctor_check_proxychains(struct doctor *doctor)
{
	const char *home = getenv("HOME");
	const char *chosen = getenv("PROXYCHAINS_CONF_FILE");
	char own[PATH_MAX];
	const char *const paths[] = { chosen, "proxychains.conf", own,
		"/etc/proxychains4.conf", "/etc/proxychains.conf" };
	struct stat st;

	(void)snprintf(own, sizeof(own), "%s/.proxychains/proxychains.conf",
	    home != NULL ? home : "");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (paths[i] != NULL && stat(paths[i], &st) == 0 &&
		    S_ISREG(st.st_mode)) {
			check_proxychains_file(doctor, paths[i]);
			return;
		}
	}
}

/* --- the desktop ----------------------------------------------------- */

static void
check_one_desktop(struct doctor *doctor, size_t desktop)
{
	struct desktop_values values;
	char text[DESKTOP_TEXT_MAX];
	char ours[sizeof(doctor->address) + 32];

	if (!desktop_read(desktop, &values)) {
		return;
	}
	(void)desktop_describe(desktop, &values, text);
	(void)snprintf(
	    ours, sizeof(ours), "http://%s/proxy.pac", doctor->address);
	if (strcmp(text, ours) == 0) {
		doctor_say(doctor, DOCTOR_OK, "desktop", NULL,
		    "%s uses the gateway", desktop_name(desktop));
	} else if (strstr(text, "/proxy.pac") != NULL &&
		   is_elsewhere(doctor, text)) {
		doctor_say(doctor, DOCTOR_WARN, "desktop", "inroad proxy on",
		    "%s looks for the gateway at %s", desktop_name(desktop),
		    text);
	} else {
		doctor_say(doctor, DOCTOR_OK, "desktop", NULL,
		    "%s has the proxy \"%s\"; \"inroad proxy on\" lets it use "
		    "the gateway",
		    desktop_name(desktop), text);
	}
}

void
doctor_check_desktop(struct doctor *doctor)
{
	for (size_t i = 0; i < DESKTOP_COUNT; i++) {
		check_one_desktop(doctor, i);
	}
	doctor_say(doctor, DOCTOR_OK, "browser", NULL,
	    "http://HOST.localhost%s/ works in every browser without a setting",
	    strrchr(doctor->address, ':'));
}
