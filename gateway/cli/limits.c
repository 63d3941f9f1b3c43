/* SPDX-License-Identifier: ISC */
#include "gateway/cli/limits.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/escape.h"
#include "common/quantity.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/remote.h"

/* Words of "limit": itself, an account and some limits. */
#define WORDS_MAX 12

/* Room for a text of the relay, half of which has to be escaped. */
#define TEXT_MAX 256

/* Put the member key of object to out, safe to print; returns out. */
static const char *
text_of(const json_t *object, const char *key, char out[TEXT_MAX])
{
	(void)escape_text(ESCAPE_PLAIN, ask_text(object, key), out, TEXT_MAX);
	return out;
}

/* Write the number key of object in unit, or instead; returns out. */
static const char *
value_of(const json_t *object, const char *key, const char *unit,
    const char *instead, char out[QUANTITY_LEN])
{
	const json_t *value = json_object_get(object, key);
	uint64_t number = (uint64_t)json_integer_value(value);

	if (!json_is_integer(value)) {
		(void)snprintf(out, QUANTITY_LEN, "%s", instead);
	} else if (strcmp(unit, "bit/s") == 0) {
		(void)quantity_format_rate(number, out);
	} else if (strcmp(unit, "B") == 0) {
		(void)quantity_format_size(number, out);
	} else {
		(void)snprintf(
		    out, QUANTITY_LEN, "%llu", (unsigned long long)number);
	}
	return out;
}

static void
show_limits(const struct ask_answer *answer)
{
	const json_t *limit;
	size_t i;

	(void)printf(
	    "%-10s %12s  %-8s %12s\n", "LIMIT", "VALUE", "FROM", "USED");
	json_array_foreach(answer->items, i, limit)
	{
		const char *unit = ask_text(limit, "unit");
		char name[TEXT_MAX];
		char from[TEXT_MAX];
		char value[QUANTITY_LEN];
		char use[QUANTITY_LEN];

		(void)text_of(limit, "from", from);
		(void)printf("%-10s %12s  %-8s %12s\n",
		    text_of(limit, "limit", name),
		    value_of(limit, "value", unit, "none", value),
		    strcmp(from, "none") == 0 ? "-" : from,
		    value_of(limit, "use", unit, "-", use));
	}
}

static void
show_usage(const struct ask_answer *answer)
{
	const json_t *month;
	size_t i;

	(void)printf("%-24s %-8s %12s %12s %12s %12s\n", "USER", "MONTH", "UP",
	    "DOWN", "TOTAL", "LIMIT");
	json_array_foreach(answer->items, i, month)
	{
		char user[TEXT_MAX];
		char name[TEXT_MAX];
		char up[QUANTITY_LEN];
		char down[QUANTITY_LEN];
		char total[QUANTITY_LEN];
		char limit[QUANTITY_LEN];

		(void)printf("%-24s %-8s %12s %12s %12s %12s\n",
		    text_of(month, "user", user), text_of(month, "month", name),
		    value_of(month, "up", "B", "-", up),
		    value_of(month, "down", "B", "-", down),
		    value_of(month, "total", "B", "-", total),
		    value_of(month, "limit", "B", "-", limit));
	}
}

int
limits_run(const struct cli *cli)
{
	const char *words[WORDS_MAX];

	for (int i = 0; i < cli->argc && i < WORDS_MAX; i++) {
		words[i] = cli->argv[i];
	}
	return remote_ask(
	    cli, words, (size_t)cli->argc, cli->argc == 2 ? show_limits : NULL);
}

int
limits_usage_run(const struct cli *cli)
{
	const char *words[] = { "usage", cli->argc > 1 ? cli->argv[1] : NULL };

	return remote_ask(cli, words, (size_t)cli->argc, show_usage);
}
