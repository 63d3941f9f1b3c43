/* SPDX-License-Identifier: ISC */
#include "gateway/cli/ask.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/control_client.h"
#include "common/fault.h"

/* What a process can end with: newer daemons may have codes of their own. */
#define EXIT_CODE_MAX 255

static const char garbled_text[] = "the daemon's answer is not understood";
static const char memory_text[] = "out of memory";

/* Copy text, UTF-8, to out, cut between two characters if it must be. */
static void
copy(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len >= size) {
		len = size - 1;
		while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80) {
			len--;
		}
	}
	memcpy(out, text, len);
	out[len] = '\0';
}

static void
set(struct ask_answer *answer, enum control_exit code, const char *slug,
    const char *text)
{
	answer->code = code;
	copy(answer->slug, sizeof(answer->slug), slug);
	copy(answer->text, sizeof(answer->text), text);
}

/* Not all of the answer is understood: it is a failure, whatever else it is. */
static void
spoil(struct ask_answer *answer, const char *text)
{
	set(answer, CONTROL_FAILED, "internal", text);
}

/* The last line: how it went. */
static void
take_last(struct ask_answer *answer, const json_t *line)
{
	const char *slug = json_string_value(json_object_get(line, "error"));
	const char *text = json_string_value(json_object_get(line, "text"));
	const json_t *code = json_object_get(line, "exit");
	json_int_t value = json_integer_value(code);

	if (!json_is_integer(code) || value < 0 || value > EXIT_CODE_MAX) {
		spoil(answer, garbled_text);
	} else if (value != CONTROL_OK) {
		set(answer, (enum control_exit)value, slug != NULL ? slug : "",
		    text != NULL ? text : "");
	}
}

static void
on_line(const char *line, bool last, void *arg)
{
	struct ask_answer *answer = arg;
	json_error_t error;
	json_t *object = json_loads(line, 0, &error);

	if (!json_is_object(object)) {
		bool starved = object == NULL && json_error_code(&error) ==
						     json_error_out_of_memory;

		spoil(answer, starved ? memory_text : garbled_text);
	} else if (last) {
		take_last(answer, object);
	} else if (json_array_append(answer->items, object) != 0) {
		spoil(answer, memory_text);
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
	if (answer->items == NULL) {
		spoil(answer, memory_text);
		return;
	}
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
	case CONTROL_CLIENT_UNSENDABLE:
		set(answer, CONTROL_USAGE, "bad-request", fault.text);
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

const char *
ask_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

int
ask_fail(struct ask_answer *answer, enum control_exit code, const char *slug,
    const char *format, ...)
{
	va_list args;

	answer->code = code;
	copy(answer->slug, sizeof(answer->slug), slug);
	va_start(args, format);
	(void)vsnprintf(answer->text, sizeof(answer->text), format, args);
	va_end(args);
	return -1;
}

void
ask_free(struct ask_answer *answer)
{
	json_decref(answer->items);
	answer->items = NULL;
}
