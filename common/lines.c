/* SPDX-License-Identifier: ISC */
#include "common/lines.h"

#include <string.h>

#include "common/fault.h"
#include "common/file.h"
#include "common/mem.h"

unsigned
lines_parse(const char *text, size_t max, lines_take *take, void *arg)
{
	char line[LINES_MAX];
	unsigned number = 0;
	int result = 0;

	while (*text != '\0' && result == 0) {
		size_t len = strcspn(text, "\n");

		number++;
		result = -1;
		if (len < max && len < sizeof(line)) {
			memcpy(line, text, len);
			line[len] = '\0';
			result = take(line, arg);
		}
		text += len;
		text += *text == '\n' ? 1 : 0;
	}
	mem_wipe(line, sizeof(line));
	return result == 0 ? 0 : number;
}

enum lines_result
lines_load(const char *path, size_t max, lines_parser *parse, void *arg,
    const char *noun, struct fault *fault)
{
	struct file_content content;
	unsigned line;

	switch (file_read(path, FILE_SECRET, max, &content, fault)) {
	case FILE_NONE:
		return LINES_OK;
	case FILE_OK:
		break;
	case FILE_DENIED:
	case FILE_FAILED:
		return LINES_DENIED;
	}
	line = parse((const char *)content.data, arg);
	file_content_free(&content);
	if (line != 0) {
		(void)fault_set(fault,
		    "%s: line %u is no %s: correct or remove it", path, line,
		    noun);
		return LINES_BAD;
	}
	return LINES_OK;
}
