/* SPDX-License-Identifier: ISC */
#include "protocol/joinsource.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "common/file.h"
#include "common/mem.h"

/* Copy the first line of text to out; JOINSOURCE_READ or _FAILED. */
static enum joinsource_result
copy_line(const char *text, char out[JOINSTRING_MAX], struct fault *fault)
{
	size_t skipped = strspn(text, " \t\r\n");
	size_t len = strcspn(text + skipped, "\r\n");

	if (len == 0 || len >= JOINSTRING_MAX) {
		fault_set(fault, "The join string is %s.",
		    len == 0 ? "empty" : "too long");
		return JOINSOURCE_FAILED;
	}
	memcpy(out, text + skipped, len);
	out[len] = '\0';
	return JOINSOURCE_READ;
}

/* Read the first line of standard input. */
static enum joinsource_result
read_input(char out[JOINSTRING_MAX], struct fault *fault)
{
	char line[JOINSTRING_MAX];
	enum joinsource_result result;

	if (fgets(line, sizeof(line), stdin) == NULL) {
		fault_set(fault, "There is no join string on standard input.");
		return JOINSOURCE_FAILED;
	}
	result = copy_line(line, out, fault);
	mem_wipe(line, sizeof(line));
	return result;
}

/* Read the first line of the file at path. */
static enum joinsource_result
read_file(const char *path, char out[JOINSTRING_MAX], struct fault *fault)
{
	struct file_content content;
	enum joinsource_result result;

	if (file_read(path, FILE_PLAIN, JOINSTRING_MAX, &content, fault) !=
	    FILE_OK) {
		return JOINSOURCE_FAILED;
	}
	result = copy_line((const char *)content.data, out, fault);
	if (result != JOINSOURCE_READ) {
		fault_prefix(fault, "%s", path);
	}
	file_content_free(&content);
	return result;
}

enum joinsource_result
joinsource_read(char *argument, char out[JOINSTRING_MAX], struct fault *fault)
{
	char *source =
	    argument != NULL ? argument : getenv(JOINSOURCE_VARIABLE);
	enum joinsource_result result;

	if (source == NULL || (argument == NULL && source[0] == '\0')) {
		return JOINSOURCE_NONE;
	}
	if (strcmp(source, "-") == 0) {
		result = read_input(out, fault);
	} else if (source[0] == '@') {
		result = read_file(source + 1, out, fault);
	} else {
		result = copy_line(source, out, fault);
		mem_wipe(source, strlen(source));
	}
	return result;
}
