/* SPDX-License-Identifier: ISC */
/*
 * rules: which account may not reach which host, whatever else it may.
 *
 * A rule names who (an account) and what (owner and name of a host), each by a
 * pattern, and says deny or allow.  They are tried in order, and the first that
 * fits decides; where none fits nothing is taken away.  So allow is only an
 * exception from a deny behind it: no rule lets anybody in who has no right to
 * the host, be it as its owner or by a share.
 *
 * A pattern is a name, in which one `*` stands for any characters, also for
 * none.  Rules are about names and not about accounts that there are: one can
 * be made before its account, and an account that is deleted and made anew
 * meets the same rules.
 *
 * To judge costs some nanoseconds a rule.  Pure; rows belong to the list.
 */
#ifndef INROAD_RELAY_RULES_H
#define INROAD_RELAY_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/store.h"

struct rule;
struct rules;

/*
 * Each ATTACH and each host that a gateway is told of is judged by all of them:
 * so many cost 10 us.  Who needs one for each of thousands of accounts wants
 * another level for them, or no share.
 */
#define RULES_MAX 1024

/* Room for a rule as people read it, "deny bob alice/office". */
#define RULES_TEXT_LEN (8 + 2 * NAME_USER_MAX + NAME_HOST_MAX + 3)

/* Return an empty list, or NULL. */
struct rules *rules_new(void);

/* Free rules and what is in it; NULL is allowed. */
void rules_free(struct rules *rules);

/*
 * Put the patterns of user and of target, "OWNER/HOST" or "*", in lower case
 * into *out.  Returns 0, or -1 when they are no patterns.
 */
int rules_parse(const char *user, const char *target, struct store_rule *out);

/* Return a rule with that row, in no list yet, or NULL. */
struct rule *rules_make(const struct store_rule *row);

/* Free rule, which is in no list; NULL is allowed. */
void rules_discard(struct rule *rule);

/*
 * Take rule over and put it at its place: rules at that place and behind it
 * move one on, as they do in the store.
 */
void rules_insert(struct rules *rules, struct rule *rule);

/* Drop and free the rule with that id, if it is there. */
void rules_drop(struct rules *rules, int64_t id);

/* Return how many rules there are. */
size_t rules_count(const struct rules *rules);

/* Return the row behind row (NULL: the first) in order, or NULL. */
const struct store_rule *rules_next(
    const struct rules *rules, const struct store_rule *row);

/* Return the row with that id, or NULL. */
const struct store_rule *rules_find(const struct rules *rules, int64_t id);

/* Return whether what row is about has to do with user and that host. */
bool rules_concern(const struct store_rule *row, const char *user,
    const char *owner, const char *host);

/*
 * Return the rule that takes the host of owner by that name from user, NULL
 * when none does.  All are in lower case.
 */
const struct store_rule *rules_judge(const struct rules *rules,
    const char *user, const char *owner, const char *host);

/* Write "deny bob alice/office" to out; returns out. */
const char *rules_format(
    const struct store_rule *row, char out[RULES_TEXT_LEN]);

/*
 * Write to out what somebody is told from whom row takes a host away; returns
 * out.
 */
const char *rules_explain(
    const struct store_rule *row, char out[LIMITS_TEXT_LEN]);

#endif
