/* SPDX-License-Identifier: ISC */
/*
 * admin: what can be asked and ordered of a relay about its accounts.
 *
 * A request is words, "device revoke alice/office", of somebody who is known:
 * by the control socket of the relay's own machine, or by the device and
 * account of a session.  Who that is, and with which level, is an argument, so
 * every way to ask has the same commands and the same rules:
 *
 *	- level admin may do everything
 *	- the others may see and change what belongs to their own account, and
 *	  are not told whether there are others
 *
 * One table (admin.c) has the operations with the level that each needs.  Every
 * change is in the audit with the name and the origin of who asked for it.
 */
#ifndef INROAD_RELAY_ADMIN_H
#define INROAD_RELAY_ADMIN_H

#include <stddef.h>
#include <stdint.h>

#include "common/control.h"
#include "protocol/codes.h"
#include "relay/account.h"
#include "relay/store.h"

struct account_book;
struct account_outcome;
struct backup;
struct admin_request;
struct device_hub;
struct directory;
struct jsonout;
struct pulse;
struct switch_board;

/* What the relay itself tells and does. */
struct admin_relay {
	/* Write what `status` tells: fields of an object that is open. */
	void (*status)(struct jsonout *json, void *arg);
	/*
	 * Write the join string for the invitation of a gateway by that name,
	 * which outcome tells of, to out, JOINSTRING_MAX bytes and a
	 * terminator.  0, or -1 when the relay knows no address of its own.
	 */
	int (*join)(const char *name, const struct account_outcome *outcome,
	    char *out, void *arg);
	/* Likewise the configuration in force. */
	void (*config)(struct jsonout *json, void *arg);
	/* Read the configuration again, as SIGHUP does. */
	void (*reload)(void *arg);
	/* Begin a backup, whose end is told by the world's. */
	void (*backup)(void *arg);
};

/* What is administered; outlives every request. */
struct admin_world {
	struct account_book *book;
	struct directory *directory;
	struct device_hub *hub;
	struct switch_board *board;
	const struct pulse *pulse;
	struct backup *backup;
	const struct admin_relay *relay; /* NULL: it has ended */
	void *relay_arg;
};

/* Room for what says where the next page of a list begins. */
#define ADMIN_CURSOR_LEN 48

/* Who asks; strings are copied where they are needed for longer. */
struct admin_asker {
	const char *user; /* an account */
	enum store_level level;
	const char *origin; /* for the audit: an address, "this machine" */
	uint64_t now;       /* unix seconds */
};

enum admin_result {
	ADMIN_OK,
	ADMIN_USAGE,  /* no such operation, or not so */
	ADMIN_DENIED, /* not with this level */
	ADMIN_ABSENT, /* no such account, device or invitation */
	ADMIN_FAILED, /* refused, or not possible at the moment */
};

/* Where the answer goes; outlives the request. */
struct admin_sink {
	/* An object of the answer, which is taken over; NULL without memory. */
	void (*item)(struct jsonout *json, void *arg);
	/* There are more items: the word after=CURSOR asks for them. */
	void (*next)(const char *cursor, void *arg);
	/*
	 * The last of the answer; the request is gone.  slug and text say why
	 * when it is not ADMIN_OK, and are NULL then.
	 */
	void (*end)(enum admin_result result, const char *slug,
	    const char *text, void *arg);
};

/*
 * Do what the count words say, at least one.  Calls sink with arg: from inside
 * what needs no store, and then NULL is returned; else its end comes later,
 * once, unless admin_cancel() forbids it.
 */
struct admin_request *admin_run(const struct admin_world *world,
    const struct admin_asker *asker, const char *const *words, size_t count,
    const struct admin_sink *sink, void *arg);

/* Return the exit code of the `inroad` command for result (control.h). */
enum control_exit admin_exit(enum admin_result result);

/*
 * Let request go without a word; NULL is allowed.  What is on its way to the
 * store still happens.
 */
void admin_cancel(struct admin_request *request);

#endif
