/* SPDX-License-Identifier: ISC */
#include "gateway/cli/ask.h"

#include <stdio.h>
#include <string.h>

#include "common/control_client.h"
#include "common/fault.h"

static void
set(struct ask_answer *answer, enum control_exit code, const char *slug,
    const char *text)
{
	answer->code = code;
	(void)snprintf(answer->slug, sizeof(answer->slug), "%s", slug);
	(void)snprintf(answer->text, sizeof(answer->text), "%s", text);
}

/* The last line: how it went. */
static void
take_last(struct ask_answer *answer, const json_t *line)
{
	const char *slug = json_string_value(json_object_get(line, "error"));
	const char *text = json_string_value(json_object_get(line, "text"));
	json_int_t code = json_integer_value(json_object_get(line, "exit"));

	set(answer, (enum control_exit)code, slug != NULL ? slug : "",
	    text != NULL ? text : "");
}

static void
on_line(const char *line, bool last, void *arg)
{
	struct ask_answer *answer = arg;
	json_t *object = json_loads(line, 0, NULL);

	if (object == NULL) {
		set(answer, CONTROL_FAILED, "internal",
		    "the daemon's answer is not JSON");
	} else if (last) {
		take_last(answer, object);
	} else {
		(void)json_array_append(answer->items, object);
	}
	json_decref(object);
}

void
ask_daemon(const char *path, const char *const *words, size_t count,
    double timeout, struct ask_answer *answer)
{
	const struct control_client_question question = { path, words, count,
		timeout };
	struct fault fault;

	memset(answer, 0, sizeof(*answer));
	answer->items = json_array();
	switch (control_client_ask(&question, on_line, answer, &fault)) {
	case CONTROL_CLIENT_ANSWERED:
		break;
	case CONTROL_CLIENT_ABSENT:
		set(answer, CONTROL_NOT_RUNNING, "not-running", fault.text);
		break;
	case CONTROL_CLIENT_DENIED:
		set(answer, CONTROL_NOT_ALLOWED, "denied", fault.text);
		break;
	case CONTROL_CLIENT_TIMEOUT:
		set(answer, CONTROL_TIMEOUT, "timeout", fault.text);
		break;
	case CONTROL_CLIENT_BROKEN:
		set(answer, CONTROL_FAILED, "link-lost", fault.text);
		break;
	}
}

json_t *
ask_first(const struct ask_answer *answer)
{
	return json_array_get(answer->items, 0);
}

void
ask_free(struct ask_answer *answer)
{
	json_decref(answer->items);
	answer->items = NULL;
}
