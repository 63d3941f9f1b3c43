/* SPDX-License-Identifier: ISC */
#include "gateway/www.h"

#include <string.h>

const struct www_file *
www_find(const void *path, size_t len)
{
	for (size_t i = 0; i < www_count; i++) {
		if (strlen(www_files[i].path) == len &&
		    memcmp(www_files[i].path, path, len) == 0) {
			return &www_files[i];
		}
	}
	return NULL;
}

const char *
www_type(const struct www_file *file)
{
	static const struct {
		const char *ending;
		const char *type;
	} types[] = {
		{ ".css", "text/css; charset=utf-8" },
		{ ".html", "text/html; charset=utf-8" },
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
