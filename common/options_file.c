/* SPDX-License-Identifier: ISC */
#include "common/options_file.h"

#include <confuse.h>
#include <stdarg.h>
#include <string.h>

#include "common/confscan.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/mem.h"
#include "common/nearest.h"
#include "common/options_impl.h"

/* Where the scan is: at the top or in a section. */
struct place {
	struct options *top;
	struct options *current;
};

/* Refuse key, which no row of current has, with the one that was meant. */
static int
refuse_unknown(
    const struct options *current, const char *key, struct fault *fault)
{
	const struct options_row *rows = current->rows;
	const char *where = current->row != NULL ? current->row->name : NULL;
	struct nearest search;

	nearest_begin(&search, key);
	for (size_t i = 0; rows[i].name != NULL; i++) {
		if ((rows[i].properties & OPTIONS_NO_FILE) == 0) {
			nearest_try(&search, rows[i].name);
		}
	}
	return fault_set(fault, "unknown key \"%s\"%s%s%s%s%s", key,
	    where != NULL ? " in " : "", where != NULL ? where : "",
	    search.best != NULL ? "; did you mean \"" : "",
	    search.best != NULL ? search.best : "",
	    search.best != NULL ? "\"?" : "");
}

/* Return the index of the row of current for key, or -1 and a fault. */
static int
find_key(const struct options *current, const char *key, struct fault *fault)
{
	int i = options_find(current->rows, key);

	if (i < 0) {
		return refuse_unknown(current, key, fault);
	}
	if ((current->rows[i].properties & OPTIONS_NO_FILE) != 0) {
		return fault_set(fault,
		    "\"%s\" can only be given on the command line, as --%s",
		    key, key);
	}
	return i;
}

/* The scan saw "key = value". */
static int
on_assign(
    void *arg, const char *key, bool list, unsigned line, struct fault *fault)
{
	struct place *place = arg;
	int i = find_key(place->current, key, fault);
	struct options_slot *slot;

	if (i < 0) {
		return -1;
	}
	if (place->current->rows[i].kind == OPTIONS_SECTION) {
		return fault_set(
		    fault, "\"%s\" is a section: %s NAME { ... }", key, key);
	}
	if (list && place->current->rows[i].kind != OPTIONS_LIST) {
		return fault_set(fault, "\"%s\" takes one value", key);
	}
	slot = &place->current->slots[i];
	if (slot->line != 0) {
		return fault_set(fault,
		    "\"%s\" is given a second time; the first is on line %u",
		    key, slot->line);
	}
	slot->line = line;
	return 0;
}

/* The scan saw "key title {". */
static int
on_begin(void *arg, const char *key, const char *title, unsigned line,
    struct fault *fault)
{
	struct place *place = arg;
	int i = find_key(place->top, key, fault);
	struct options *section;

	if (i < 0) {
		return -1;
	}
	if (place->top->rows[i].kind != OPTIONS_SECTION) {
		return fault_set(
		    fault, "\"%s\" is no section: %s = VALUE", key, key);
	}
	section = options_put_section(place->top, (size_t)i, title, fault);
	if (section == NULL) {
		return -1;
	}
	if (section->line != 0) {
		return fault_set(fault,
		    "%s \"%s\" is given a second time; the first is on line "
		    "%u",
		    key, title, section->line);
	}
	section->line = line;
	section->file = place->top->file;
	place->current = section;
	return 0;
}

/* The scan saw the end of a section. */
static void
on_end(void *arg)
{
	struct place *place = arg;

	place->current = place->top;
}

static const struct confscan_visitor visitor = {
	.assign = on_assign,
	.begin = on_begin,
	.end = on_end,
};

/* Free what make_opts() made. */
static void
free_opts(cfg_opt_t *opts, const struct options_row *rows)
{
	for (size_t i = 0; opts != NULL && rows[i].name != NULL; i++) {
		if (rows[i].kind == OPTIONS_SECTION) {
			mem_free(opts[i].subopts);
		}
	}
	mem_free(opts);
}

/*
 * Return rows as libconfuse wants them, or NULL; sections are left without
 * keys.  Every value is a string to libconfuse: options_put() knows the kinds,
 * for the file as for the command line.
 */
static cfg_opt_t *
make_level(const struct options_row *rows)
{
	static const cfg_opt_t string = CFG_STR("", NULL, CFGF_NODEFAULT);
	static const cfg_opt_t list = CFG_STR_LIST("", NULL, CFGF_NODEFAULT);
	static const cfg_opt_t section =
	    CFG_SEC("", NULL, CFGF_MULTI | CFGF_TITLE);
	static const cfg_opt_t end = CFG_END();
	size_t n = 0;
	cfg_opt_t *opts;

	while (rows[n].name != NULL) {
		n++;
	}
	opts = mem_new(n + 1, sizeof(*opts));
	if (opts == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		opts[i] = string;
		if (rows[i].kind == OPTIONS_SECTION) {
			opts[i] = section;
		} else if (rows[i].kind == OPTIONS_LIST) {
			opts[i] = list;
		}
		opts[i].name = rows[i].name;
	}
	opts[n] = end;
	return opts;
}

/* Return rows and the keys of their sections for libconfuse, or NULL. */
static cfg_opt_t *
make_opts(const struct options_row *rows)
{
	cfg_opt_t *opts = make_level(rows);

	for (size_t i = 0; opts != NULL && rows[i].name != NULL; i++) {
		if (rows[i].kind != OPTIONS_SECTION) {
			continue;
		}
		opts[i].subopts = make_level(rows[i].keys);
		if (opts[i].subopts == NULL) {
			free_opts(opts, rows);
			return NULL;
		}
	}
	return opts;
}

/* libconfuse would write to standard error; the scan has better words. */
static void
on_error(cfg_t *cfg, const char *format, va_list args)
{
	(void)cfg;
	(void)format;
	(void)args;
}

/* Take the values of row i from cfg. */
static int
take_values(struct options *options, cfg_t *cfg, size_t i, struct fault *fault)
{
	const char *name = options->rows[i].name;
	unsigned n = cfg_size(cfg, name);

	/* Unlike the scan, libconfuse has a value for what was not said. */
	if (options->slots[i].line == 0) {
		return 0;
	}
	for (unsigned j = 0; j < n; j++) {
		const char *text = cfg_getnstr(cfg, name, j);

		if (options_put(options, i, text != NULL ? text : "",
			OPTIONS_FROM_FILE, fault) != 0) {
			return fault_prefix(fault, "%s:%u: %s", options->file,
			    options->slots[i].line, name);
		}
	}
	return 0;
}

/* Take the values of all rows that are no sections from cfg. */
static int
take_level(struct options *options, cfg_t *cfg, struct fault *fault)
{
	for (size_t i = 0; options->rows[i].name != NULL; i++) {
		if (options->rows[i].kind != OPTIONS_SECTION &&
		    take_values(options, cfg, i, fault) != 0) {
			return -1;
		}
	}
	return 0;
}

/* Take the sections of row i from cfg. */
static int
take_sections(
    struct options *options, cfg_t *cfg, size_t i, struct fault *fault)
{
	const char *name = options->rows[i].name;
	unsigned n = cfg_size(cfg, name);

	for (unsigned j = 0; j < n; j++) {
		cfg_t *part = cfg_getnsec(cfg, name, j);
		struct options *section =
		    options_put_section(options, i, cfg_title(part), fault);

		if (section == NULL || take_level(section, part, fault) != 0) {
			return -1;
		}
	}
	return 0;
}

/* Take everything from cfg. */
static int
take_all(struct options *options, cfg_t *cfg, struct fault *fault)
{
	if (take_level(options, cfg, fault) != 0) {
		return -1;
	}
	for (size_t i = 0; options->rows[i].name != NULL; i++) {
		if (options->rows[i].kind == OPTIONS_SECTION &&
		    take_sections(options, cfg, i, fault) != 0) {
			return -1;
		}
	}
	return 0;
}

/* Let libconfuse read the terminated text, which the scan found right. */
static int
read_values(struct options *options, const char *text, struct fault *fault)
{
	cfg_opt_t *opts = make_opts(options->rows);
	cfg_t *cfg = opts != NULL ? cfg_init(opts, CFGF_NONE) : NULL;
	int result = -1;

	if (cfg == NULL) {
		(void)fault_set(fault, "out of memory");
		goto fail;
	}
	(void)cfg_set_error_function(cfg, on_error);
	if (cfg_parse_buf(cfg, text) != CFG_SUCCESS) {
		(void)fault_set(
		    fault, "%s: libconfuse refuses it", options->file);
		goto fail;
	}
	result = take_all(options, cfg, fault);
fail:
	if (cfg != NULL) {
		(void)cfg_free(cfg);
	}
	free_opts(opts, options->rows);
	return result;
}

int
options_file_load_text(struct options *options, const char *name,
    const char *text, size_t len, struct fault *fault)
{
	struct place place = { options, options };
	char *copy = mem_new(len + 1, 1);
	int result = -1;

	mem_free(options->file);
	options->file = mem_strdup(name);
	if (copy == NULL || options->file == NULL) {
		(void)fault_set(fault, "out of memory");
		goto fail;
	}
	memcpy(copy, text, len);
	if (confscan(name, copy, len, &visitor, &place, fault) == 0) {
		result = read_values(options, copy, fault);
	}
fail:
	mem_free_wiped(copy, len);
	return result;
}

int
options_file_load(
    struct options *options, const char *path, struct fault *fault)
{
	struct file_content content;
	int result;

	if (file_read(path, FILE_PLAIN, OPTIONS_FILE_MAX, &content, fault) !=
	    FILE_OK) {
		return -1;
	}
	result = options_file_load_text(
	    options, path, (const char *)content.data, content.len, fault);
	file_content_free(&content);
	return result;
}
