/* SPDX-License-Identifier: ISC */
/* What a gateway remembers in its state directory; see gateway_impl.h. */
#include <stdio.h>
#include <sysexits.h>

#include "common/fault.h"
#include "common/file.h"
#include "common/lines.h"
#include "common/log.h"
#include "gateway/gateway_impl.h"
#include "protocol/endpoint.h"

/* Room for the path of a file. */
#define PATH_LEN 512

static void
path_of(const struct gateway *gateway, const char *name, char path[PATH_LEN])
{
	(void)snprintf(path, PATH_LEN, "%s/%s",
	    endpoint_directory(gateway->endpoint), name);
}

int
gatewayfile_load(const struct gateway *gateway, const char *name, size_t max,
    lines_parser *parse, void *arg, const char *noun)
{
	struct fault fault;
	char path[PATH_LEN];
	enum lines_result result;

	path_of(gateway, name, path);
	result = lines_load(path, max, parse, arg, noun, &fault);
	if (result == LINES_OK) {
		return EX_OK;
	}
	log_write(LOG_LEVEL_ERROR, "gateway", 0, "%s", fault.text);
	return result == LINES_DENIED ? EX_NOPERM : EX_CONFIG;
}

int
gatewayfile_save(const struct gateway *gateway, const char *name,
    const char *text, size_t len, struct fault *fault)
{
	char path[PATH_LEN];

	path_of(gateway, name, path);
	return file_write(path, text, len, fault) == FILE_OK ? 0 : -1;
}
