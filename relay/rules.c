/* SPDX-License-Identifier: ISC */
#include "relay/rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/list.h"
#include "common/mem.h"

struct rule {
	struct list all; /* in rules->all, by place */
	struct store_rule row;
};

struct rules {
	struct list all;
	size_t count;
};

struct rules *
rules_new(void)
{
	struct rules *rules = mem_new(1, sizeof(*rules));

	if (rules != NULL) {
		list_init(&rules->all);
	}
	return rules;
}

void
rules_free(struct rules *rules)
{
	struct list *node;

	if (rules == NULL) {
		return;
	}
	for (node = list_first(&rules->all); node != NULL;
	     node = list_first(&rules->all)) {
		list_remove(node);
		mem_free(list_entry(node, struct rule, all));
	}
	mem_free(rules);
}

/* --- patterns -------------------------------------------------------- */

/*
 * Put pattern in lower case into out, which holds size bytes.  It has at most
 * one `*`; what it is without that are characters of a name.
 */
static int
parse_pattern(const char *pattern, const char *signs, char *out, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789*";
	const char *star = strchr(pattern, '*');

	if (pattern[0] == '\0' || name_fold(pattern, out, size) != 0 ||
	    (star != NULL && strchr(star + 1, '*') != NULL)) {
		return -1;
	}
	for (const char *c = out; *c != '\0'; c++) {
		if (strchr(letters, *c) == NULL && strchr(signs, *c) == NULL) {
			return -1;
		}
	}
	return 0;
}

int
rules_parse(const char *user, const char *target, struct store_rule *out)
{
	static const char user_signs[] = "-._@+";
	const char *slash = strchr(target, '/');
	struct store_rule rule = *out;
	char owner[NAME_USER_MAX + 1] = "*";
	const char *host = "*";

	if (slash != NULL) {
		if ((size_t)(slash - target) >= sizeof(owner)) {
			return -1;
		}
		(void)snprintf(owner, sizeof(owner), "%.*s",
		    (int)(slash - target), target);
		host = slash + 1;
	} else if (strcmp(target, "*") != 0) {
		return -1;
	}
	if (parse_pattern(user, user_signs, rule.user, sizeof(rule.user)) !=
		0 ||
	    parse_pattern(owner, user_signs, rule.owner, sizeof(rule.owner)) !=
		0 ||
	    parse_pattern(host, "-", rule.host, sizeof(rule.host)) != 0) {
		return -1;
	}
	*out = rule;
	return 0;
}

/* Return whether name is what pattern stands for. */
static bool
matches(const char *pattern, const char *name)
{
	const char *star = strchr(pattern, '*');
	size_t head;
	size_t tail;
	size_t len;

	if (star == NULL) {
		return strcmp(pattern, name) == 0;
	}
	head = (size_t)(star - pattern);
	tail = strlen(star + 1);
	len = strlen(name);
	return len >= head + tail && memcmp(pattern, name, head) == 0 &&
	       memcmp(star + 1, name + len - tail, tail) == 0;
}

/* --- the list -------------------------------------------------------- */

struct rule *
rules_make(const struct store_rule *row)
{
	struct rule *rule = mem_new(1, sizeof(*rule));

	if (rule != NULL) {
		list_init(&rule->all);
		rule->row = *row;
	}
	return rule;
}

void
rules_discard(struct rule *rule)
{
	mem_free(rule);
}

static struct rule *
after(const struct rules *rules, const struct rule *rule)
{
	struct list *node = rule == NULL ? list_first(&rules->all)
					 : list_after(&rules->all, &rule->all);

	return node != NULL ? list_entry(node, struct rule, all) : NULL;
}

void
rules_insert(struct rules *rules, struct rule *rule)
{
	struct rule *next = after(rules, NULL);

	while (next != NULL && next->row.place < rule->row.place) {
		next = after(rules, next);
	}
	list_push_back(next != NULL ? &next->all : &rules->all, &rule->all);
	rules->count++;
	for (; next != NULL; next = after(rules, next)) {
		next->row.place++;
	}
}

void
rules_drop(struct rules *rules, int64_t id)
{
	struct rule *rule = after(rules, NULL);

	while (rule != NULL && rule->row.id != id) {
		rule = after(rules, rule);
	}
	if (rule != NULL) {
		list_remove(&rule->all);
		rules->count--;
		mem_free(rule);
	}
}

size_t
rules_count(const struct rules *rules)
{
	return rules->count;
}

const struct store_rule *
rules_next(const struct rules *rules, const struct store_rule *row)
{
	const struct rule *rule =
	    row == NULL
		? NULL
		: (const struct rule *)(const void *)((const char *)row -
						      offsetof(
							  struct rule, row));

	rule = after(rules, rule);
	return rule != NULL ? &rule->row : NULL;
}

const struct store_rule *
rules_find(const struct rules *rules, int64_t id)
{
	const struct store_rule *row = rules_next(rules, NULL);

	while (row != NULL && row->id != id) {
		row = rules_next(rules, row);
	}
	return row;
}

bool
rules_concern(const struct store_rule *row, const char *user, const char *owner,
    const char *host)
{
	return matches(row->user, user) && matches(row->host, host) &&
	       matches(row->owner, owner);
}

const struct store_rule *
rules_judge(const struct rules *rules, const char *user, const char *owner,
    const char *host)
{
	const struct store_rule *row = rules_next(rules, NULL);

	for (; row != NULL; row = rules_next(rules, row)) {
		if (rules_concern(row, user, owner, host)) {
			return row->allow ? NULL : row;
		}
	}
	return NULL;
}

/* --- words ----------------------------------------------------------- */

const char *
rules_format(const struct store_rule *row, char out[RULES_TEXT_LEN])
{
	(void)snprintf(out, RULES_TEXT_LEN, "%s %s %s/%s",
	    row->allow ? "allow" : "deny", row->user, row->owner, row->host);
	return out;
}

const char *
rules_explain(const struct store_rule *row, char out[LIMITS_TEXT_LEN])
{
	char text[RULES_TEXT_LEN];

	(void)snprintf(out, LIMITS_TEXT_LEN,
	    "Rule %" PRId64 " of the relay does not allow it: %s.", row->id,
	    rules_format(row, text));
	return out;
}
