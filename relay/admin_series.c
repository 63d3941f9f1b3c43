/* SPDX-License-Identifier: ISC */
/* What the relay did lately. */
#include "relay/admin.h"

#include <string.h>

#include "common/jsonout.h"
#include "common/quantity.h"
#include "relay/admin_impl.h"
#include "relay/pulse.h"
#include "relay/series.h"

/* Put what "since=N" says to *since; 0, also without that word, or -1. */
static int
read_since(const struct admin_request *request, uint64_t *since)
{
	static const char key[] = "since=";
	const char *word;

	if (request->count < 3) {
		return 0;
	}
	word = request->words[2];
	if (strncmp(word, key, sizeof(key) - 1) != 0) {
		return -1;
	}
	return quantity_number(word + sizeof(key) - 1, since);
}

void
admin_series(struct admin_request *request)
{
	enum series_ring ring;
	uint64_t since = 0;
	struct jsonout *json;

	if (series_parse_ring(request->words[1], &ring) != 0 ||
	    read_since(request, &since) != 0) {
		admin_finish(request, ADMIN_USAGE, "bad-request",
		    "The resolution is 1s or 1m; since= has the number of a "
		    "point.");
		return;
	}
	json = jsonout_new(SERIES_TEXT_MAX);
	jsonout_object(json, NULL);
	series_write(pulse_series(request->world->pulse), ring, since, json);
	jsonout_end(json);
	request->sink->item(json, request->arg);
	admin_done(request);
}
