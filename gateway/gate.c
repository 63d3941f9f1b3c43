/* SPDX-License-Identifier: ISC */
#include "gateway/gate.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/fault.h"
#include "common/log.h"
#include "common/mem.h"
#include "gateway/peeruser.h"

struct gate {
	struct gate_rules rules;
	struct peeruser *peeruser; /* NULL: the kernel does not tell */
};

/* Say it when who comes cannot be told, and must be. */
static void
look(struct gate *gate)
{
	struct fault fault;

	if (gate->peeruser != NULL) {
		return;
	}
	gate->peeruser = peeruser_new(&fault);
	if (gate->peeruser == NULL && !gate->rules.every_user) {
		log_write(LOG_LEVEL_ERROR, "gate", 0,
		    "%s: whose a connection is cannot be known, so those over "
		    "TCP are refused; listen on a unix socket, or let every "
		    "user of this machine in with same-user = no",
		    fault.text);
	}
}

struct gate *
gate_new(const struct gate_rules *rules)
{
	struct gate *gate = mem_new(1, sizeof(*gate));

	if (gate != NULL) {
		gate_configure(gate, rules);
	}
	return gate;
}

void
gate_free(struct gate *gate)
{
	if (gate != NULL) {
		peeruser_free(gate->peeruser);
		mem_free(gate);
	}
}

void
gate_configure(struct gate *gate, const struct gate_rules *rules)
{
	gate->rules = *rules;
	look(gate);
}

/* --- one connection ------------------------------------------------------ */

static bool
is_welcome(const struct gate_rules *rules, uid_t uid)
{
	if (uid == geteuid() || uid == 0) {
		return true;
	}
	for (size_t i = 0; i < rules->user_count; i++) {
		if (rules->users[i] == uid) {
			return true;
		}
	}
	return false;
}

static struct gate_pass
judge_user(const struct gate_rules *rules, uid_t uid)
{
	return (struct gate_pass){
		.verdict = is_welcome(rules, uid) ? GATE_OPEN : GATE_OTHER_USER,
		.uid = uid,
	};
}

static struct gate_pass
judge_unix(const struct gate *gate, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (gate->rules.every_user) {
		return (struct gate_pass){ .verdict = GATE_OPEN };
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
		return (struct gate_pass){ .verdict = GATE_BLIND };
	}
	return judge_user(&gate->rules, peer.uid);
}

typedef enum peeruser_result finder(struct peeruser *peeruser,
    const struct addr *peer, const struct addr *local, uid_t *uid);

/* Judge whose socket find finds. */
static struct gate_pass
judge_socket(const struct gate *gate, finder *find, const struct addr *peer,
    const struct addr *local)
{
	static const enum gate_verdict verdicts[] = {
		[PEERUSER_GONE] = GATE_NOBODY,
		[PEERUSER_NOWHERE] = GATE_NOBODY,
		[PEERUSER_FAILED] = GATE_BLIND,
	};
	enum peeruser_result result = PEERUSER_FAILED;
	uid_t uid = 0;

	if (gate->rules.every_user) {
		return (struct gate_pass){ .verdict = GATE_OPEN };
	}
	if (gate->peeruser != NULL) {
		result = find(gate->peeruser, peer, local, &uid);
	}
	return result == PEERUSER_FOUND
		   ? judge_user(&gate->rules, uid)
		   : (struct gate_pass){ .verdict = verdicts[result] };
}

/*
 * Does peer lie on this machine?  What NAT64 made of an IPv4 address is some
 * other machine's, whatever that address was.
 */
static bool
is_here(const struct addr *peer)
{
	uint8_t bytes[16];

	if (addr_to_bytes(peer, bytes) == sizeof(bytes) && bytes[1] == 0x64) {
		return false;
	}
	return addr_is_loopback(peer);
}

/* Put the IP addresses of both ends of fd into *peer and *local; 0 or -1. */
static int
get_ends(int fd, struct addr *peer, struct addr *local)
{
	*peer = (struct addr){ .len = sizeof(peer->ss) };
	*local = (struct addr){ .len = sizeof(local->ss) };
	return getsockname(fd, (struct sockaddr *)&local->ss, &local->len) !=
			   0 ||
		       addr_family(local) == AF_UNIX ||
		       getpeername(
			   fd, (struct sockaddr *)&peer->ss, &peer->len) != 0
		   ? -1
		   : 0;
}

bool
gate_has_left(const struct gate *gate, int fd)
{
	struct addr peer;
	struct addr local;
	uid_t uid;

	if (gate == NULL || gate->peeruser == NULL ||
	    get_ends(fd, &peer, &local) != 0 || !is_here(&peer)) {
		return false;
	}
	switch (peeruser_find(gate->peeruser, &peer, &local, &uid)) {
	case PEERUSER_GONE:
	case PEERUSER_NOWHERE:
		return true;
	case PEERUSER_FOUND:
	case PEERUSER_FAILED:
		break;
	}
	return false;
}

struct gate_pass
gate_judge(const struct gate *gate, int fd)
{
	struct addr peer = { .len = sizeof(peer.ss) };
	struct addr local = { .len = sizeof(local.ss) };

	if (gate == NULL) {
		return (struct gate_pass){ .verdict = GATE_OPEN };
	}
	if (getsockname(fd, (struct sockaddr *)&local.ss, &local.len) != 0) {
		return (struct gate_pass){ .verdict = GATE_BLIND };
	}
	if (addr_family(&local) == AF_UNIX) {
		return judge_unix(gate, fd);
	}
	/* Without a peer it is gone already. */
	if (getpeername(fd, (struct sockaddr *)&peer.ss, &peer.len) != 0) {
		return (struct gate_pass){
			.verdict = GATE_NOBODY,
			.outside = true,
		};
	}
	if (!is_here(&peer)) {
		return (struct gate_pass){ .outside = true };
	}
	return judge_socket(gate, peeruser_find, &peer, &local);
}

struct gate_pass
gate_judge_datagram(
    const struct gate *gate, const struct addr *from, const struct addr *local)
{
	if (gate == NULL) {
		return (struct gate_pass){ .verdict = GATE_OPEN };
	}
	if (!is_here(from)) {
		return (struct gate_pass){ .outside = true };
	}
	return judge_socket(gate, peeruser_find_udp, from, local);
}

char *
gate_explain(const struct gate_pass *pass, char out[GATE_TEXT_LEN])
{
	const char *words = "";

	switch (pass->verdict) {
	case GATE_OTHER_USER:
		(void)snprintf(out, GATE_TEXT_LEN,
		    "This gateway does not let user %ju of this machine in. "
		    "Who runs it can: allow-user.",
		    (uintmax_t)pass->uid);
		return out;
	case GATE_NOBODY:
		words = "The connection was closed before it could be seen "
			"whose it is.";
		break;
	case GATE_BLIND:
		words = "The gateway cannot tell whose this connection is; "
			"its log says why.";
		break;
	case GATE_OPEN:
		break;
	}
	(void)snprintf(out, GATE_TEXT_LEN, "%s", words);
	return out;
}
