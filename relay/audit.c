/* SPDX-License-Identifier: ISC */
#include "relay/audit.h"

#include "common/mem.h"

struct audit {
	size_t max;
	size_t count;
	size_t next; /* where the next one goes: the oldest, once it is full */
	struct store_audit entries[];
};

struct audit *
audit_new(size_t max)
{
	struct audit *audit =
	    mem_new(1, sizeof(*audit) + max * sizeof(audit->entries[0]));

	if (audit != NULL) {
		audit->max = max;
	}
	return audit;
}

void
audit_free(struct audit *audit)
{
	mem_free(audit);
}

void
audit_add(struct audit *audit, const struct store_audit *entry)
{
	if (entry->action[0] == '\0') {
		return;
	}
	audit->entries[audit->next] = *entry;
	audit->next = (audit->next + 1) % audit->max;
	if (audit->count < audit->max) {
		audit->count++;
	}
}

size_t
audit_count(const struct audit *audit)
{
	return audit->count;
}

const struct store_audit *
audit_at(const struct audit *audit, size_t i)
{
	size_t oldest = audit->next + audit->max - audit->count;

	return &audit->entries[(oldest + i) % audit->max];
}
