/* SPDX-License-Identifier: ISC */
/*
 * gate: who may come in.
 *
 * Whoever reaches a port of the gateway reaches the hosts of its user, so a
 * connection from this machine must come from a socket of the gateway's own
 * user, of root, who can be anybody anyway, or of a user that the configuration
 * names: of TCP on loopback the kernel is asked (peeruser.h), of a unix socket
 * it says so itself.  Who comes from elsewhere is outside: never led to what
 * only this machine shall reach.
 *
 * A judgement costs some system calls and never waits.
 */
#ifndef INROAD_GATEWAY_GATE_H
#define INROAD_GATEWAY_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct addr;
struct gate;

/* Users of this machine that a configuration can name. */
#define GATE_USERS_MAX 64

/* Whom a gate lets in.  A value. */
struct gate_rules {
	bool every_user; /* of this machine; else our own, root and users */
	uid_t users[GATE_USERS_MAX];
	size_t user_count;
};

enum gate_verdict {
	GATE_OPEN,
	GATE_OTHER_USER, /* of this machine, uid */
	GATE_NOBODY,     /* a socket that was closed at once, or is none */
	GATE_BLIND,      /* the kernel does not tell whose it is */
};

/* What came of it.  A value. */
struct gate_pass {
	enum gate_verdict verdict;
	bool outside; /* not from this machine */
	uid_t uid;    /* whose it is, with GATE_OTHER_USER */
};

/*
 * Return a gate that lets in by rules, after logging where the kernel does not
 * tell who comes; or NULL.
 */
struct gate *gate_new(const struct gate_rules *rules);

/* Free gate; NULL is allowed. */
void gate_free(struct gate *gate);

/* Let in by rules from now on. */
void gate_configure(struct gate *gate, const struct gate_rules *rules);

/* Judge the connection fd.  A NULL gate lets everybody in. */
struct gate_pass gate_judge(const struct gate *gate, int fd);

/*
 * Judge the datagram that came from `from` to our UDP socket at local, as the
 * connection of the same sender would be judged.
 */
struct gate_pass gate_judge_datagram(
    const struct gate *gate, const struct addr *from, const struct addr *local);

/*
 * Return true when whoever was at the other end of the connection fd, of this
 * machine, has closed its socket.  On the wire that looks as if it had only
 * said all that it has to say; the kernel knows which it is.  False where
 * nobody can tell, as for a NULL gate.
 */
bool gate_has_left(const struct gate *gate, int fd);

/* Room for what gate_explain() says. */
#define GATE_TEXT_LEN 160

/* Write why pass is not GATE_OPEN, for who is refused and the log; returns
 * out. */
char *gate_explain(const struct gate_pass *pass, char out[GATE_TEXT_LEN]);

#endif
