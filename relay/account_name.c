/* SPDX-License-Identifier: ISC */
/* Which names are taken, and by how many. */

#include <stdio.h>
#include <string.h>

#include "relay/account_impl.h"

struct account_device *
account_book_first_named(
    const struct account *account, const char *name, size_t *count)
{
	struct account_device *first = NULL;
	size_t n = 0;

	for (int i = 0; i <= LIMITS_REPLICAS_MAX; i++) {
		struct account_device *device =
		    account_book_find_name(account, name, (uint8_t)i);

		n += device != NULL;
		first = first == NULL ? device : first;
	}
	if (count != NULL) {
		*count = n;
	}
	return first;
}

size_t
account_hosts_named(const struct account *account, const char *name)
{
	size_t count = 0;
	const struct account_device *first =
	    account_book_first_named(account, name, &count);

	return first != NULL && first->row.role == LINKHELLO_AGENT ? count : 0;
}

bool
account_name_judge(struct account_op *op, const struct account *account,
    const struct account_device *elsewhere, bool replace,
    struct account_device **holder)
{
	size_t count;
	struct account_device *first =
	    account_book_first_named(account, op->name, &count);

	*holder = NULL;
	if (first == NULL || (first == elsewhere && count == 1)) {
		return true;
	}
	if (!replace) {
		(void)account_op_answer(op, CODE_NAME_TAKEN,
		    "Another device of the account is named \"%s\". Take "
		    "another name, or invite with --replace to put the new one "
		    "in its place%s.",
		    op->name,
		    first->row.role == LINKHELLO_AGENT
			? ", or with --replica to run both"
			: "");
		return false;
	}
	if (count > 1) {
		(void)account_op_answer(op, CODE_NAME_TAKEN,
		    "There are %zu replicas of \"%s\": remove the one whose "
		    "place is meant, and invite with --replica.",
		    count, op->name);
		return false;
	}
	*holder = first;
	return true;
}

bool
account_name_choose(struct account_op *op, const struct account *account)
{
	char name[NAME_HOST_MAX + 1];

	(void)snprintf(name, sizeof(name), "%s", op->name);
	for (unsigned i = 2; i <= 2 * ACCOUNT_USES_MAX; i++) {
		int len;

		if (account_book_first_named(account, name, NULL) == NULL) {
			memcpy(op->name, name, sizeof(op->name));
			return true;
		}
		len = snprintf(name, sizeof(name), "%s-%u", op->name, i);
		if (len < 0 || (size_t)len >= sizeof(name)) {
			break;
		}
	}
	(void)account_op_answer(op, CODE_NAME_TAKEN,
	    "There is no name like \"%s\" left for another device. Invite "
	    "with another one.",
	    op->name);
	return false;
}

bool
account_name_number(struct account_op *op, const struct account *account,
    const struct account_device *elsewhere, uint8_t *number)
{
	for (int i = 0; i <= LIMITS_REPLICAS_MAX; i++) {
		const struct account_device *device =
		    account_book_find_name(account, op->name, (uint8_t)i);

		if (device != NULL && device->row.role != LINKHELLO_AGENT) {
			(void)account_op_answer(op, CODE_NAME_TAKEN,
			    "A gateway of the account is named \"%s\", which "
			    "has no replicas.",
			    op->name);
			return false;
		}
		/* The first is called by its name, the next is number 2. */
		if (i != 1 && (device == NULL || device == elsewhere)) {
			*number = (uint8_t)i;
			return true;
		}
	}
	(void)account_op_answer(op, CODE_LIMIT,
	    "There are %d replicas of \"%s\", the limit.", LIMITS_REPLICAS_MAX,
	    op->name);
	return false;
}
