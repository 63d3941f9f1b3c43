/* SPDX-License-Identifier: ISC */
#include "gateway/sitejson.h"

#include "common/jsonout.h"
#include "common/meter.h"
#include "gateway/failures.h"

/* Of both documents; rises when a member changes its meaning. */
#define SCHEMA 1

static void
put_failure(struct jsonout *json, const struct failure *failure)
{
	jsonout_object(json, NULL);
	jsonout_uint(json, "when", failure->when);
	jsonout_uint(json, "times", failure->times);
	jsonout_string(json, "dialect", dialect_name(failure->dialect));
	jsonout_string(json, "target", failure->target);
	jsonout_string(json, "reason", codes_slug(failure->code));
	jsonout_uint(json, "code", (uint64_t)failure->code);
	jsonout_string(json, "text", failure->text);
	jsonout_end(json);
}

void
sitejson_failures(const struct failures *failures, struct jsonout *json)
{
	jsonout_object(json, NULL);
	jsonout_uint(json, "schema", SCHEMA);
	jsonout_array(json, "failures");
	for (size_t i = 0; i < failures_count(failures); i++) {
		put_failure(json, failures_at(failures, i));
	}
	jsonout_end(json);
	jsonout_end(json);
}

void
sitejson_throughput(const struct meter *meter, uint64_t from, uint64_t now_ns,
    struct jsonout *json)
{
	/* Ten KiB of stack, as nothing below goes deep. */
	struct meter_count seconds[METER_SECONDS];
	struct meter_count total;
	uint64_t next;
	size_t count = meter_read(meter, from, now_ns, seconds, &next);

	meter_total(meter, &total);
	jsonout_object(json, NULL);
	jsonout_uint(json, "schema", SCHEMA);
	jsonout_uint(json, "next", next);
	jsonout_array(json, "sent");
	for (size_t i = 0; i < count; i++) {
		jsonout_uint(json, NULL, seconds[i].sent);
	}
	jsonout_end(json);
	jsonout_array(json, "received");
	for (size_t i = 0; i < count; i++) {
		jsonout_uint(json, NULL, seconds[i].received);
	}
	jsonout_end(json);
	jsonout_object(json, "total");
	jsonout_uint(json, "sent", total.sent);
	jsonout_uint(json, "received", total.received);
	jsonout_end(json);
	jsonout_end(json);
}
