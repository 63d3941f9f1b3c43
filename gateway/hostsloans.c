/* SPDX-License-Identifier: ISC */
/* Hosts of other accounts: declared in hosts.h and hosts_impl.h. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "gateway/hosts_impl.h"
#include "gateway/loans.h"

void
hosts_set_user(struct hosts *hosts, const char *user, struct loans *loans)
{
	(void)snprintf(hosts->user, sizeof(hosts->user), "%s", user);
	hosts->loans = loans;
}

bool
hostsloans_is_own(const struct hosts *hosts, const struct hosts_entry *entry)
{
	return hosts->user[0] == '\0' ||
	       strcmp(entry->host.owner, hosts->user) == 0;
}

struct loan *
hostsloans_find(const struct hosts *hosts, const char *alias)
{
	return hosts->loans != NULL ? loans_find(hosts->loans, alias) : NULL;
}

struct loan *
hostsloans_at(const struct hosts *hosts, size_t i)
{
	return hosts->loans != NULL ? loans_at(hosts->loans, i) : NULL;
}

struct hosts_entry *
hostsloans_first(const struct hosts *hosts, const struct loan *loan)
{
	return hosts_first(hosts, loan->share.owner, loan->share.host);
}

const struct host *
hostsloans_view(const struct hosts *hosts, struct loan *loan,
    const struct hosts_entry *entry)
{
	const struct share *share = &loan->share;
	bool has_pin = !sodium_is_zero(share->host_public, KEYS_LEN);
	struct host *host = &loan->host;

	memset(host, 0, sizeof(*host));
	if (entry != NULL) {
		*host = entry->host;
	} else {
		memcpy(host->key, share->host_public, KEYS_LEN);
	}
	host->share = share->caller.share;
	host->expiry = share->caller.expiry;
	host->withdrawn = hosts->complete && entry == NULL;
	(void)snprintf(host->owner, sizeof(host->owner), "%s", share->owner);
	(void)snprintf(host->name, sizeof(host->name), "%s", loan->alias);
	/* Until a session has worked the share says which key it has. */
	if (!host->has_pin && !host->is_strange && has_pin) {
		memcpy(host->pin, share->host_public, KEYS_LEN);
		host->has_pin = true;
	}
	return host;
}

const struct share *
hosts_share(const struct hosts *hosts, const struct host *host)
{
	const struct loan *loan =
	    host->share != 0 ? hostsloans_find(hosts, host->name) : NULL;

	return loan != NULL && loan->share.caller.share == host->share
		   ? &loan->share
		   : NULL;
}
