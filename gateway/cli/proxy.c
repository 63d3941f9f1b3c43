/* SPDX-License-Identifier: ISC */
#include "gateway/cli/proxy.h"

#include <stdio.h>
#include <string.h>

#include "common/escape.h"
#include "common/fault.h"
#include "common/statedir.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/desktop.h"
#include "gateway/cli/entry.h"
#include "protocol/codes.h"

/* The file, and the most that it can be: two desktops, all escaped. */
static const char file_name[] = "desktop.json";
#define FILE_MAX ((size_t)64 << 10)

/* Of the file; rises when a member changes its meaning. */
#define SCHEMA 1

/* Names of what a desktop had before, and of what it was given. */
static const char before_key[] = "before";
static const char given_key[] = "given";

/* A command under way. */
struct proxy {
	const struct cli *cli;
	struct statedir *dir;
	json_t *notes;            /* what the file holds, or is to */
	struct ask_answer answer; /* what is shown */
};

/* --- the file -------------------------------------------------------- */

static json_t *
pack(const struct desktop_values *values)
{
	json_t *list = json_array();

	for (size_t i = 0; i < DESKTOP_VALUES; i++) {
		(void)json_array_append_new(list, json_string(values->text[i]));
	}
	return list;
}

/* Put what note says under key to *values; false when it says nothing. */
static bool
unpack(const json_t *note, const char *key, struct desktop_values *values)
{
	const json_t *list = json_object_get(note, key);

	memset(values, 0, sizeof(*values));
	for (size_t i = 0; i < DESKTOP_VALUES; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text == NULL || strlen(text) >= DESKTOP_TEXT_MAX) {
			return false;
		}
		memcpy(values->text[i], text, strlen(text));
	}
	return true;
}

static int
read_notes(struct proxy *proxy, struct fault *fault)
{
	struct file_content content;
	json_error_t error;

	switch (statedir_read(
	    proxy->dir, file_name, FILE_SECRET, FILE_MAX, &content, fault)) {
	case FILE_OK:
		break;
	case FILE_NONE:
		proxy->notes = json_object();
		return 0;
	case FILE_DENIED:
	case FILE_FAILED:
		return -1;
	}
	proxy->notes =
	    json_loadb((const char *)content.data, content.len, 0, &error);
	file_content_free(&content);
	if (!json_is_object(proxy->notes)) {
		return fault_set(fault,
		    "%s in %s is damaged (%.100s); remove it", file_name,
		    statedir_path(proxy->dir), error.text);
	}
	return 0;
}

static int
write_notes(struct proxy *proxy, struct fault *fault)
{
	char text[FILE_MAX];
	size_t len;

	(void)json_object_set_new(proxy->notes, "schema", json_integer(SCHEMA));
	len = json_dumpb(
	    proxy->notes, text, sizeof(text), JSON_INDENT(2) | JSON_SORT_KEYS);
	if (len == 0 || len > sizeof(text)) {
		return fault_set(fault, "out of memory");
	}
	return statedir_write(proxy->dir, file_name, text, len, fault) ==
		       FILE_OK
		   ? 0
		   : -1;
}

/* Open the state directory, in which the control socket lies, and the file. */
static int
open_notes(struct proxy *proxy)
{
	char path[CLI_PATH_LEN];
	struct fault fault = { .text = "" };
	char *slash;

	if (cli_socket(proxy->cli, path) != 0) {
		return CONTROL_CONFIG;
	}
	slash = strrchr(path, '/');
	if (slash != NULL) {
		*slash = '\0';
	}
	switch (statedir_open_existing(
	    &proxy->dir, slash != NULL ? path : ".", &fault)) {
	case FILE_OK:
		if (read_notes(proxy, &fault) == 0) {
			return CONTROL_OK;
		}
		break;
	case FILE_NONE:
		proxy->notes = json_object();
		return CONTROL_OK;
	case FILE_DENIED:
	case FILE_FAILED:
		break;
	}
	(void)ask_fail(&proxy->answer, CONTROL_CONFIG,
	    codes_slug(CODE_INTERNAL), "%s", fault.text);
	return CONTROL_CONFIG;
}

/* --- showing --------------------------------------------------------- */

/* Add a line about desktop; did is what was done, or is so. */
static void
add(struct proxy *proxy, size_t desktop, const char *did)
{
	struct desktop_values values;
	char text[DESKTOP_TEXT_MAX];
	json_t *item = json_object();

	(void)json_object_set_new(
	    item, "desktop", json_string(desktop_name(desktop)));
	(void)json_object_set_new(item, "state", json_string(did));
	if (desktop_read(desktop, &values)) {
		(void)json_object_set_new(item, "proxy",
		    json_string(desktop_describe(desktop, &values, text)));
		for (size_t i = 0; i < DESKTOP_VALUES; i++) {
			(void)json_object_set_new(item, desktop_key(desktop, i),
			    json_string(values.text[i]));
		}
	}
	(void)json_array_append_new(proxy->answer.items, item);
}

static int
finish(struct proxy *proxy)
{
	int status = cli_report(proxy->cli, &proxy->answer);
	char text[4 * DESKTOP_TEXT_MAX];
	const json_t *item;
	size_t i;

	json_array_foreach(proxy->answer.items, i, item)
	{
		if (!proxy->cli->json) {
			(void)escape_text(ESCAPE_PLAIN, ask_text(item, "proxy"),
			    text, sizeof(text));
			(void)printf("%-6s %-45s %s\n",
			    ask_text(item, "desktop"), text,
			    ask_text(item, "state"));
		}
	}
	return status;
}

/* --- on, off and show ------------------------------------------------ */

/* Let desktop use url, and note what it had. */
static void
turn_on(struct proxy *proxy, size_t desktop, const char *url)
{
	json_t *note = json_object_get(proxy->notes, desktop_name(desktop));
	json_t *next = json_object();
	struct desktop_values current;
	struct desktop_values given;
	struct desktop_values wanted;
	struct fault fault;

	if (!desktop_read(desktop, &current)) {
		json_decref(next);
		return;
	}
	desktop_use(desktop, url, &wanted);
	/* Ours still: what was there before it is what is given back. */
	if (unpack(note, given_key, &given) &&
	    desktop_equal(&given, &current)) {
		(void)json_object_set(
		    next, before_key, json_object_get(note, before_key));
	} else {
		(void)json_object_set_new(next, before_key, pack(&current));
	}
	(void)json_object_set_new(next, given_key, pack(&wanted));
	(void)json_object_set_new(proxy->notes, desktop_name(desktop), next);
	if (write_notes(proxy, &fault) != 0) {
		(void)ask_fail(&proxy->answer, CONTROL_CONFIG,
		    codes_slug(CODE_INTERNAL), "%s", fault.text);
		return;
	}
	if (desktop_write(desktop, &wanted) != 0) {
		(void)ask_fail(&proxy->answer, CONTROL_FAILED,
		    codes_slug(CODE_INTERNAL),
		    "%s does not keep the setting; run this in its session",
		    desktop_name(desktop));
	}
	add(proxy, desktop, "uses this gateway");
}

static void
on(struct proxy *proxy, const struct entry *entry)
{
	char url[ADDR_TEXT_LEN + 32];

	(void)snprintf(url, sizeof(url), "http://%s/proxy.pac", entry->address);
	for (size_t i = 0; i < DESKTOP_COUNT; i++) {
		if (proxy->answer.code != CONTROL_CONFIG) {
			turn_on(proxy, i, url);
		}
	}
	if (json_array_size(proxy->answer.items) == 0 &&
	    proxy->answer.code == CONTROL_OK) {
		(void)ask_fail(&proxy->answer, CONTROL_FAILED,
		    codes_slug(CODE_INTERNAL),
		    "there are no settings of GNOME or KDE here. By hand: let "
		    "the automatic proxy configuration of the browser or the "
		    "system be %s; in a shell: eval \"$(inroad env)\"",
		    url);
	}
}

/* Give back to desktop what it had. */
static void
turn_off(struct proxy *proxy, size_t desktop)
{
	const json_t *note =
	    json_object_get(proxy->notes, desktop_name(desktop));
	struct desktop_values current;
	struct desktop_values given;
	struct desktop_values before;

	if (!unpack(note, given_key, &given) ||
	    !unpack(note, before_key, &before) ||
	    !desktop_read(desktop, &current)) {
		return;
	}
	if (!desktop_equal(&given, &current)) {
		add(proxy, desktop, "was changed since, and is left so");
	} else if (desktop_write(desktop, &before) == 0) {
		add(proxy, desktop, "is as it was before");
	} else {
		(void)ask_fail(&proxy->answer, CONTROL_FAILED,
		    codes_slug(CODE_INTERNAL),
		    "%s does not keep the setting; run this in its session",
		    desktop_name(desktop));
		return;
	}
	(void)json_object_del(proxy->notes, desktop_name(desktop));
}

/* Write what is still noted, or remove the file. */
static int
keep_rest(struct proxy *proxy, struct fault *fault)
{
	enum file_result result;

	for (size_t i = 0; i < DESKTOP_COUNT; i++) {
		if (json_object_get(proxy->notes, desktop_name(i)) != NULL) {
			return write_notes(proxy, fault);
		}
	}
	result = statedir_remove(proxy->dir, file_name, fault);
	return result == FILE_OK || result == FILE_NONE ? 0 : -1;
}

/* What could not be given back stays noted. */
static void
off(struct proxy *proxy)
{
	struct fault fault;

	for (size_t i = 0; i < DESKTOP_COUNT; i++) {
		turn_off(proxy, i);
	}
	if (proxy->dir != NULL && keep_rest(proxy, &fault) != 0) {
		(void)ask_fail(&proxy->answer, CONTROL_CONFIG,
		    codes_slug(CODE_INTERNAL), "%s", fault.text);
	}
}

static void
show(struct proxy *proxy)
{
	for (size_t i = 0; i < DESKTOP_COUNT; i++) {
		const json_t *note =
		    json_object_get(proxy->notes, desktop_name(i));
		struct desktop_values current;
		struct desktop_values given;

		if (desktop_read(i, &current)) {
			add(proxy, i,
			    unpack(note, given_key, &given) &&
				    desktop_equal(&given, &current)
				? "uses this gateway"
				: "is not ours");
		}
	}
}

int
proxy_run(const struct cli *cli)
{
	const char *verb = cli->argv[1];
	struct proxy proxy = { .cli = cli };
	struct entry entry = { .address = "" };
	bool is_on = strcmp(verb, "on") == 0;
	int status;

	if (!is_on && strcmp(verb, "off") != 0 && strcmp(verb, "show") != 0) {
		return cli_usage("proxy");
	}
	if (is_on) {
		status = entry_find(cli, ENTRY_TCP, &entry);
		if (status != CONTROL_OK) {
			return status;
		}
	}
	proxy.answer.items = json_array();
	if (open_notes(&proxy) == CONTROL_OK) {
		if (is_on) {
			on(&proxy, &entry);
		} else if (strcmp(verb, "off") == 0) {
			off(&proxy);
		} else {
			show(&proxy);
		}
	}
	status = finish(&proxy);
	statedir_free(proxy.dir);
	json_decref(proxy.notes);
	ask_free(&proxy.answer);
	if (is_on) {
		entry_free(&entry);
	}
	return status;
}
