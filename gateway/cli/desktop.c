/* SPDX-License-Identifier: ISC */
#include "gateway/cli/desktop.h"

#include <stdio.h>
#include <string.h>

#include "gateway/cli/tool.h"

/* The tools of KDE carry its version; the newer one is asked first. */
#define KDE_NEWEST 6
#define KDE_OLDEST 5

/* What one desktop is like. */
struct kind {
	const char *name;
	const char *keys[DESKTOP_VALUES];
	const char *automatic; /* first value: a PAC file is used */
	const char *quote;     /* around the URL */
	bool (*read)(const char *key, char *out);
	int (*write)(const char *key, const char *text);
	void (*announce)(void); /* the values are there; or NULL */
};

/* --- GNOME ----------------------------------------------------------- */

static const char schema[] = "org.gnome.system.proxy";

static bool
gnome_read(const char *key, char *out)
{
	const char *const argv[] = { "gsettings", "get", schema, key, NULL };

	return tool_run(argv, out, DESKTOP_TEXT_MAX) == 0;
}

static int
gnome_write(const char *key, const char *text)
{
	const char *const argv[] = { "gsettings", "set", schema, key, text,
		NULL };
	char said[DESKTOP_TEXT_MAX];

	return tool_run(argv, said, sizeof(said)) == 0 ? 0 : -1;
}

/* --- KDE ------------------------------------------------------------- */

/* Write the name of the tool that is there to out; false without one. */
static bool
kde_tool(const char *what, char out[32])
{
	for (int version = KDE_NEWEST; version >= KDE_OLDEST; version--) {
		(void)snprintf(out, 32, "k%sconfig%d", what, version);
		if (tool_exists(out)) {
			return true;
		}
	}
	return false;
}

static bool
kde_read(const char *key, char *out)
{
	char tool[32];
	const char *const argv[] = { tool, "--file", "kioslaverc", "--group",
		"Proxy Settings", "--key", key, NULL };

	return kde_tool("write", tool) && kde_tool("read", tool) &&
	       tool_run(argv, out, DESKTOP_TEXT_MAX) == 0;
}

/* A key that is not there reads as an empty text, and becomes so again. */
static int
kde_write(const char *key, const char *text)
{
	char tool[32];
	char said[DESKTOP_TEXT_MAX];
	const char *const argv[] = { tool, "--file", "kioslaverc", "--group",
		"Proxy Settings", "--key", key,
		text[0] != '\0' ? text : "--delete", NULL };

	return kde_tool("write", tool) &&
		       tool_run(argv, said, sizeof(said)) == 0
		   ? 0
		   : -1;
}

/* Programs that run already look again; without a session there are none. */
static void
kde_announce(void)
{
	static const char *const argv[] = { "dbus-send", "--type=signal",
		"/KIO/Scheduler",
		"org.kde.KIO.Scheduler.reparseSlaveConfiguration",
		"string:", NULL };
	char said[DESKTOP_TEXT_MAX];

	(void)tool_run(argv, said, sizeof(said));
}

/* --- both ------------------------------------------------------------ */

static const struct kind kinds[DESKTOP_COUNT] = {
	{ "gnome", { "mode", "autoconfig-url" }, "'auto'", "'", gnome_read,
	    gnome_write, NULL },
	{ "kde", { "ProxyType", "Proxy Config Script" }, "2", "", kde_read,
	    kde_write, kde_announce },
};

const char *
desktop_name(size_t desktop)
{
	return kinds[desktop].name;
}

const char *
desktop_key(size_t desktop, size_t i)
{
	return kinds[desktop].keys[i];
}

bool
desktop_read(size_t desktop, struct desktop_values *values)
{
	memset(values, 0, sizeof(*values));
	for (size_t i = 0; i < DESKTOP_VALUES; i++) {
		if (!kinds[desktop].read(
			kinds[desktop].keys[i], values->text[i])) {
			return false;
		}
	}
	return true;
}

int
desktop_write(size_t desktop, const struct desktop_values *values)
{
	const struct kind *kind = &kinds[desktop];
	struct desktop_values there;

	/* The URL first: nobody is to look for a file that is not named yet. */
	for (size_t i = DESKTOP_VALUES; i > 0; i--) {
		if (kind->write(kind->keys[i - 1], values->text[i - 1]) != 0) {
			return -1;
		}
	}
	if (kind->announce != NULL) {
		kind->announce();
	}
	/* Tools say that all is well and forget it, where there is no session.
	 */
	return desktop_read(desktop, &there) && desktop_equal(&there, values)
		   ? 0
		   : -1;
}

void
desktop_use(size_t desktop, const char *url, struct desktop_values *values)
{
	const struct kind *kind = &kinds[desktop];

	memset(values, 0, sizeof(*values));
	(void)snprintf(
	    values->text[0], DESKTOP_TEXT_MAX, "%s", kind->automatic);
	(void)snprintf(values->text[1], DESKTOP_TEXT_MAX, "%s%s%s", kind->quote,
	    url, kind->quote);
}

/* Copy text without quotes around it. */
static void
copy_bare(const char *text, const char *quote, char out[DESKTOP_TEXT_MAX])
{
	size_t len = strlen(text);
	size_t skip = strlen(quote);

	if (len < 2 * skip || strncmp(text, quote, skip) != 0) {
		skip = 0;
	}
	(void)snprintf(
	    out, DESKTOP_TEXT_MAX, "%.*s", (int)(len - 2 * skip), text + skip);
}

char *
desktop_describe(size_t desktop, const struct desktop_values *values,
    char out[DESKTOP_TEXT_MAX])
{
	static const char *const numbers[] = { "none", "manual", "automatic",
		"found by WPAD", "from the environment" };
	const struct kind *kind = &kinds[desktop];
	const char *mode = values->text[0];

	if (strcmp(mode, kind->automatic) == 0) {
		copy_bare(values->text[1], kind->quote, out);
	} else if (kind->quote[0] != '\0') {
		copy_bare(mode, kind->quote, out);
	} else if (mode[0] == '\0') {
		(void)snprintf(out, DESKTOP_TEXT_MAX, "none");
	} else if (mode[0] >= '0' && mode[0] <= '4' && mode[1] == '\0') {
		(void)snprintf(
		    out, DESKTOP_TEXT_MAX, "%s", numbers[mode[0] - '0']);
	} else {
		copy_bare(mode, "", out);
	}
	return out;
}

bool
desktop_equal(const struct desktop_values *a, const struct desktop_values *b)
{
	for (size_t i = 0; i < DESKTOP_VALUES; i++) {
		if (strcmp(a->text[i], b->text[i]) != 0) {
			return false;
		}
	}
	return true;
}
