/* SPDX-License-Identifier: ISC */
/*
 * policy: which addresses an agent may connect to for its callers.
 *
 * Without a rule that is the agent's own loopback, any port, and nothing else.
 * A rule opens more:
 *
 *	10.0.0.0/8              a range of addresses, any port
 *	10.0.0.0/8:22           one port of it
 *	10.0.0.5:22,80,8000-8100
 *	[fd00::/8]:22           IPv6 stands in brackets when ports follow
 *	127.0.0.1:*             any port, said aloud
 *	printer:9100            what that name resolves to
 *	*.lan:80                what any name under .lan resolves to
 *	*:443                   every address
 *
 * Rules add up; none takes anything away, with one exception that a reader
 * expects: once a rule names a loopback address, those rules alone decide
 * about loopback.  So "127.0.0.1:22" confines callers to ssh, "10.0.0.0/8"
 * leaves loopback as it was, and "127.0.0.1:*" changes nothing.  With
 * policy_set_loopback(false) loopback must be named too.
 *
 * Two kinds of addresses are only reached by a rule that names them by an
 * address or by a range that holds nothing else, never by a wide range, a name
 * or "*": the guarded ones of addr_is_guarded(), which lead to cloud
 * credentials, and loopback.  A name is in other people's hands.
 *
 * Pure: nothing is resolved here.  Addresses are judged after addr_unmap(), so
 * there is no second spelling of any; the caller dials the unmapped one.
 */
#ifndef INROAD_AGENT_POLICY_H
#define INROAD_AGENT_POLICY_H

#include <stdbool.h>
#include <stdint.h>

struct addr;
struct policy;

/* Most rules of one policy; far more than a person writes. */
#define POLICY_RULES_MAX 4096

/* Return a policy that allows loopback only, or NULL. */
struct policy *policy_new(void);

/* Free policy; NULL is allowed. */
void policy_free(struct policy *policy);

/* Say whether loopback is allowed when no rule names it; at first it is. */
void policy_set_loopback(struct policy *policy, bool allowed);

/*
 * Add rule, a text as above.  Returns 0, or -1 and in *flaw a clause for
 * people about what is wrong with it, "has no port after the colon".
 */
int policy_allow(struct policy *policy, const char *text, const char **flaw);

/*
 * Allow exactly port of host (an address or a name), because a service leads
 * there.  Unlike a rule this leaves the other ports of loopback alone.
 * Returns 0 or -1 and *flaw, as above.
 */
int policy_permit(
    struct policy *policy, const char *host, uint16_t port, const char **flaw);

/*
 * Return true when some address behind name could be allowed at port, so that
 * it is worth resolving: callers cannot make an agent that serves only its
 * loopback send DNS queries.
 */
bool policy_may_resolve(
    const struct policy *policy, const char *name, uint16_t port);

/*
 * Return true when addr and its port are allowed.  name is what the caller
 * asked for and what resolved to addr, NULL when it asked for an address.
 */
bool policy_allows(
    const struct policy *policy, const char *name, const struct addr *addr);

/*
 * Return true when a rule for the name that led to addr cannot help: addr
 * must be named itself.
 */
bool policy_must_name(const struct addr *addr);

#endif
