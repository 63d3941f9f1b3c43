/* SPDX-License-Identifier: ISC */
#include "common/webfile.h"

#include <string.h>

const struct webfile *
webfile_find(const struct webfile_table *table, const void *path, size_t len)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct webfile *file = &table->files[i];

		if (strlen(file->path) == len &&
		    memcmp(file->path, path, len) == 0) {
			return file;
		}
	}
	return NULL;
}

const char *
webfile_type(const struct webfile *file)
{
	static const struct {
		const char *ending;
		const char *type;
	} types[] = {
		{ ".css", "text/css; charset=utf-8" },
		{ ".html", "text/html; charset=utf-8" },
		{ ".json", "application/json" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".svg", "image/svg+xml" },
	};
	const char *ending = strrchr(file->path, '.');

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (ending != NULL && strcmp(ending, types[i].ending) == 0) {
			return types[i].type;
		}
	}
	return "application/octet-stream";
}
