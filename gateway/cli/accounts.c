/* SPDX-License-Identifier: ISC */
#include "gateway/cli/accounts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/escape.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/flags.h"
#include "gateway/cli/remote.h"
#include "gateway/cli/words.h"

/* Words behind the command at most, and those of a request. */
#define ARGUMENTS_MAX 4

/* Room for a value of a table, half of which has to be escaped. */
#define VALUE_MAX 512

/* Room for a join string with all its relays. */
#define JOIN_MAX 4096

/* A subcommand: how many arguments it has, and who shows what it gives. */
struct verb {
	const char *name;
	int least;
	int most;
	void (*show)(const struct ask_answer *answer);
};

static double
number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* Put the member key of object to out, safe to print; returns out. */
static const char *
text_of(const json_t *object, const char *key, char out[VALUE_MAX])
{
	(void)escape_text(ESCAPE_PLAIN, ask_text(object, key), out, VALUE_MAX);
	return out;
}

/* Write a time, unix seconds, as people of all places read it; returns out. */
static const char *
time_of(const json_t *object, const char *key, char *out, size_t size)
{
	double seconds = number_of(object, key);
	time_t when = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(out, size, "%Y-%m-%d %H:%M:%SZ", &tm) == 0) {
		(void)snprintf(out, size, "-");
	}
	return out;
}

/* --- tables ---------------------------------------------------------- */

static void
show_users(const struct ask_answer *answer)
{
	const json_t *user;
	size_t i;

	(void)printf("%-24s %-7s %-9s %7s %6s %6s\n", "USER", "LEVEL", "STATE",
	    "DEVICES", "HOSTS", "ONLINE");
	json_array_foreach(answer->items, i, user)
	{
		bool off = json_is_true(json_object_get(user, "disabled"));
		char name[VALUE_MAX];
		char level[VALUE_MAX];

		(void)printf("%-24s %-7s %-9s %7.0f %6.0f %6.0f\n",
		    text_of(user, "user", name), text_of(user, "level", level),
		    off ? "disabled" : "enabled", number_of(user, "devices"),
		    number_of(user, "hosts"), number_of(user, "online"));
	}
}

/* Where and since when a device is connected, or when it was, or its end. */
static void
print_contact(const json_t *device)
{
	char address[VALUE_MAX];
	char by[VALUE_MAX];
	char when[32];

	if (number_of(device, "revoked") > 0) {
		(void)text_of(device, "revoked_by", by);
		(void)printf("removed   %s%s%s\n",
		    words_ago(number_of(device, "revoked"), when, sizeof(when)),
		    by[0] != '\0' ? " by " : "", by);
	} else if (json_is_true(json_object_get(device, "online"))) {
		(void)printf("online    from %s since %s\n",
		    text_of(device, "address", address),
		    words_ago(number_of(device, "since"), when, sizeof(when)));
	} else {
		(void)printf("offline   seen %s\n",
		    words_ago(
			number_of(device, "last_seen"), when, sizeof(when)));
	}
}

static void
show_devices(const struct ask_answer *answer)
{
	const json_t *device;
	size_t i;

	(void)printf("%-28s %-8s %-20s %s\n", "DEVICE", "ROLE", "KEY", "STATE");
	json_array_foreach(answer->items, i, device)
	{
		char user[VALUE_MAX];
		char name[VALUE_MAX];
		char path[2 * VALUE_MAX];
		char role[VALUE_MAX];
		char key[VALUE_MAX];

		(void)snprintf(path, sizeof(path), "%s/%s",
		    text_of(device, "user", user),
		    text_of(device, "name", name));
		(void)printf("%-28s %-8s %-20s ", path,
		    text_of(device, "role", role), text_of(device, "key", key));
		print_contact(device);
	}
}

static void
show_tokens(const struct ask_answer *answer)
{
	const json_t *token;
	size_t i;

	(void)printf("%-13s %-20s %-8s %-16s %-8s %-9s %s\n", "ID", "USER",
	    "ROLE", "NAME", "STATE", "USES", "EXPIRES");
	json_array_foreach(answer->items, i, token)
	{
		char id[VALUE_MAX];
		char user[VALUE_MAX];
		char role[VALUE_MAX];
		char name[VALUE_MAX];
		char state[VALUE_MAX];
		char uses[64];
		char expires[32];

		(void)snprintf(uses, sizeof(uses), "%.0f of %.0f",
		    number_of(token, "uses"), number_of(token, "uses_max"));
		(void)printf("%-13s %-20s %-8s %-16s %-8s %-9s %s\n",
		    text_of(token, "id", id), text_of(token, "user", user),
		    text_of(token, "role", role),
		    text_of(token, "name", name)[0] != '\0' ? name : "-",
		    text_of(token, "state", state), uses,
		    time_of(token, "expires", expires, sizeof(expires)));
	}
}

static void
show_rules(const struct ask_answer *answer)
{
	const json_t *rule;
	size_t i;

	(void)printf("%6s  %-5s %-24s %s\n", "ID", "RULE", "USER", "HOST");
	json_array_foreach(answer->items, i, rule)
	{
		char kind[VALUE_MAX];
		char user[VALUE_MAX];
		char target[VALUE_MAX];

		(void)printf("%6.0f  %-5s %-24s %s\n", number_of(rule, "id"),
		    text_of(rule, "rule", kind), text_of(rule, "user", user),
		    text_of(rule, "target", target));
	}
}

/* "user -> guest", or the one of both that there is. */
static void
print_values(const json_t *entry)
{
	char before[VALUE_MAX];
	char after[VALUE_MAX];

	(void)text_of(entry, "before", before);
	(void)text_of(entry, "after", after);
	if (before[0] != '\0' && after[0] != '\0') {
		(void)printf("  %s -> %s", before, after);
	} else if (before[0] != '\0') {
		(void)printf("  was %s", before);
	} else if (after[0] != '\0') {
		(void)printf("  %s", after);
	}
	(void)putchar('\n');
}

static void
show_audit(const struct ask_answer *answer)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(answer->items, i, entry)
	{
		char when[32];
		char user[VALUE_MAX];
		char origin[VALUE_MAX];
		char action[VALUE_MAX];
		char object[VALUE_MAX];

		(void)printf("%s  %s from %s: %s %s",
		    time_of(entry, "at", when, sizeof(when)),
		    text_of(entry, "user", user),
		    text_of(entry, "origin", origin),
		    text_of(entry, "action", action),
		    text_of(entry, "object", object));
		print_values(entry);
	}
}

/* --- the commands ---------------------------------------------------- */

/*
 * Ask for the words of the command line, which are one of verbs and its
 * arguments, and for last unless that is NULL.
 */
static int
run(const struct cli *cli, const struct verb *verbs,
    const struct flags_row *flags, size_t flags_count, const char **last)
{
	const char *arguments[ARGUMENTS_MAX] = { "" };
	const char *words[ARGUMENTS_MAX + 2] = { cli->argv[0] };
	int count =
	    flags_take(cli, flags, flags_count, arguments, ARGUMENTS_MAX);

	while (verbs->name != NULL && strcmp(verbs->name, arguments[0]) != 0) {
		verbs++;
	}
	if (verbs->name == NULL || count - 1 < verbs->least ||
	    count - 1 > verbs->most) {
		return cli_usage(cli->argv[0]);
	}
	for (int i = 0; i < count; i++) {
		words[i + 1] = arguments[i];
	}
	count++;
	if (last != NULL && *last != NULL) {
		words[count++] = *last;
	}
	return remote_ask(cli, words, (size_t)count, verbs->show);
}

/* What whoever is invited types. */
static void
show_join(const struct ask_answer *answer)
{
	char join[JOIN_MAX];

	(void)escape_text(ESCAPE_PLAIN, ask_text(ask_first(answer), "join"),
	    join, sizeof(join));
	(void)printf("%s\n", join);
}

/* user invite USER [--name NAME] [--ttl TIME] */
static int
invite(const struct cli *cli)
{
	const char *name = NULL;
	const char *ttl = NULL;
	const struct flags_row flags[] = { { "name", &name, NULL },
		{ "ttl", &ttl, NULL } };
	const char *arguments[2];
	const char *words[5] = { "user", "invite" };
	size_t count = 3;

	if (flags_take(cli, flags, 2, arguments, 2) != 2) {
		return cli_usage("user invite");
	}
	words[2] = arguments[1];
	words[3] = name != NULL ? name : "";
	words[4] = ttl;
	if (ttl != NULL) {
		count = 5;
	} else if (name != NULL) {
		count = 4;
	}
	return remote_ask(cli, words, count, show_join);
}

int
accounts_user_run(const struct cli *cli)
{
	static const struct verb verbs[] = { { "list", 0, 1, show_users },
		{ "add", 1, 1, NULL }, { "level", 2, 2, NULL },
		{ "disable", 1, 1, NULL }, { "enable", 1, 1, NULL },
		{ "delete", 1, 1, NULL }, { NULL, 0, 0, NULL } };
	const char *level = NULL;
	const struct flags_row flags[] = { { "level", &level, NULL } };
	/* Only an account that is added has a level to choose this way. */
	bool adds = cli->argc > 1 && strcmp(cli->argv[1], "add") == 0;

	if (cli->argc > 1 && strcmp(cli->argv[1], "invite") == 0) {
		return invite(cli);
	}
	return run(cli, verbs, flags, adds ? 1 : 0, &level);
}

int
accounts_device_run(const struct cli *cli)
{
	static const struct verb verbs[] = { { "list", 0, 1, show_devices },
		{ "revoke", 1, 1, NULL }, { NULL, 0, 0, NULL } };

	return run(cli, verbs, NULL, 0, NULL);
}

int
accounts_token_run(const struct cli *cli)
{
	static const struct verb verbs[] = { { "list", 0, 1, show_tokens },
		{ "revoke", 1, 1, NULL }, { NULL, 0, 0, NULL } };

	return run(cli, verbs, NULL, 0, NULL);
}

int
accounts_acl_run(const struct cli *cli)
{
	static const struct verb verbs[] = { { "list", 0, 0, show_rules },
		{ "add", 3, 3, NULL }, { "delete", 1, 1, NULL },
		{ NULL, 0, 0, NULL } };
	const char *before = NULL;
	const struct flags_row flags[] = { { "before", &before, NULL } };
	/* Only a rule that is added has a place to choose. */
	bool adds = cli->argc > 1 && strcmp(cli->argv[1], "add") == 0;

	return run(cli, verbs, flags, adds ? 1 : 0, &before);
}

int
accounts_audit_run(const struct cli *cli)
{
	const char *last = NULL;
	const struct flags_row flags[] = { { "last", &last, NULL } };
	const char *words[2] = { "audit" };

	if (flags_take(cli, flags, 1, NULL, 0) != 0) {
		return cli_usage("audit");
	}
	words[1] = last;
	return remote_ask(cli, words, last != NULL ? 2 : 1, show_audit);
}
