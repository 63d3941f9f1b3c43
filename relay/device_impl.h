/* SPDX-License-Identifier: ISC */
/*
 * device_impl: what the files of devices share and nobody else sees.
 */
#ifndef INROAD_RELAY_DEVICE_IMPL_H
#define INROAD_RELAY_DEVICE_IMPL_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/idmap.h"
#include "common/list.h"
#include "common/loop.h"
#include "common/ratelimit.h"
#include "protocol/credit.h"
#include "protocol/link.h"
#include "protocol/schedule.h"
#include "relay/account.h"
#include "relay/device.h"
#include "relay/directory.h"
#include "relay/guests.h"
#include "relay/notices.h"
#include "relay/refusals.h"
#include "relay/rivals.h"

enum device_state {
	DEVICE_GUEST,
	DEVICE_MEMBER,
	DEVICE_GONE,
};

struct caller;
struct deviceask;
struct devicerefuse;
struct switch_circuit;
struct leases;
struct tenant_book;

/*
 * A walk of all devices that are connected when it starts, a few in each turn
 * of the loop, since there can be 100,000.  Fields belong to devicewalk.c.
 */
struct devicewalk {
	struct device_hub *hub;
	struct list all; /* in hub->walks while it is under way */
	struct loop_task task;
	struct list *cursor; /* the next device; NULL: at the end */
	uint64_t last;       /* the link that came last before it began */
	unsigned turn;       /* devices visited in one */
	void (*visit)(struct device *device, void *arg);
	void (*done)(void *arg); /* at the end; may be NULL */
	void *arg;
};

struct device_hub {
	struct device_hub_config config;
	struct list devices;
	struct list leaving; /* gone, their links saying farewell */
	struct list walks;   /* under way */
	struct devicewalk farewell;
	struct linkmsg_goaway goaway; /* that it says */
	struct devicewalk review;
	struct store_rule ruled; /* for which it is */
	/* Called when both are empty; NULL unless all are to go. */
	void (*gone)(void *arg);
	void *gone_arg;
	struct tenant_book *tenants;
	struct guests *guests;
	struct leases *leases; /* rates of shares */
	struct refusals *refusals;
	struct notices *notices;
	uint64_t displaced_logged; /* when last, 0: never */
	struct device_hub_stats stats;
	bool draining;
	ev_timer drain;       /* while it is */
	uint32_t drain_share; /* devices that are sent away each second */
};

struct device {
	struct device_hub *hub;
	struct link *link; /* NULL once it is down */
	enum device_state state;
	enum linkhello_role role;
	struct list all;    /* in hub->devices or hub->leaving */
	struct guest guest; /* while it is one */
	struct rivals rivals;
	struct account_op *login;
	uint64_t login_at;           /* by the loop's clock */
	struct devicerefuse *refuse; /* a stranger's who waits, else NULL */
	struct account_device *row;  /* a member's */
	struct account *account;     /* likewise */
	uint64_t since;              /* when it logged in, unix seconds */
	/* A gateway's. */
	struct directory_watch *watch;
	struct list asks;      /* invitations and shares under way */
	struct list lenders;   /* accounts that share with its own */
	bool owes_whole;       /* its own list was told, the shared one not */
	uint32_t last_channel; /* highest number it chose */
	struct ratelimit attach_rate;
	/* An agent's. */
	struct directory_host *host;
	/* Of an agent, and of a gateway that others of its account call. */
	uint32_t next_channel; /* that we choose; 0: all numbers are used */
	struct list callers;   /* accounts that share its link */
	struct idmap *calls;   /* attaches by channel; NULL before the first */
	/* Both. */
	struct list made;  /* attaches that it asked for */
	struct list taken; /* and those by which it is called */
	uint32_t channels; /* how many there are in both */
};

/* A circuit and whose it is; a side that is gone has no device here. */
struct attach {
	struct device *gateway; /* that called */
	struct device *agent;   /* that is called; perhaps a gateway, too */
	struct switch_circuit *circuit;
	struct tenant *tenant;
	struct caller *caller; /* NULL without agent */
	struct lease *lease;   /* NULL unless a share has a rate */
	uint32_t gateway_channel;
	uint32_t agent_channel;
	uint64_t asked_at; /* by the loop's clock */
	uint64_t share;    /* by which it is, 0: the own host */
	bool answered;
	struct list of_gateway; /* in gateway->made */
	struct list of_agent;   /* in agent->taken */
};

/* Return the account of a member, by name. */
const char *device_user(const struct device *device);

/* --- devicewalk.c: walks of all devices, in turns of the loop ------------- */

/*
 * Make *walk one that visits turn devices in each turn of the loop of hub, and
 * calls done(arg) at the end.  A visit may end any device, and start the walk.
 */
void devicewalk_init(struct devicewalk *walk, struct device_hub *hub,
    unsigned turn, void (*visit)(struct device *device, void *arg),
    void (*done)(void *arg), void *arg);

/* Walk from the next turn on; over again if it is under way. */
void devicewalk_start(struct devicewalk *walk);

/* Return whether walk is under way. */
bool devicewalk_is_on(const struct devicewalk *walk);

/* End walk where it is, without done(). */
void devicewalk_cancel(struct devicewalk *walk);

/* Device leaves the list of its hub: who is about to visit it goes on. */
void devicewalk_forget(struct device *device);

/* --- devicerefuse.c: logins that are refused ------------------------------ */

/* Refuse the login of device, a guest, as outcome says. */
void devicerefuse_start(
    struct device *device, const struct account_outcome *outcome);

/* Device waits for an answer no more. */
void devicerefuse_end(struct device *device);

/* --- devicerivals.c: links that replace one another ----------------------- */

/*
 * Find out why device replaces older; write what older is told to text.  After
 * a mere restart nobody is left to read it: who reads it is another machine.
 */
void devicerivals_explain(
    struct device *device, struct device *older, char text[LIMITS_TEXT_LEN]);

/* --- deviceadmin.c: what administration does ------------------------------ */

/* Refuse the good login of device if the relay is drained; whether it is. */
bool deviceadmin_refuse(struct device *device, const struct account *account);

/* --- devicehosts.c: what a gateway knows of hosts ----------------------- */

/*
 * Tell device, a gateway, of all its hosts and then of their changes, as its
 * link takes it; 0, or -1 when memory is short.
 */
int devicehosts_start(struct device *device);

/* There is room on the link of a device, which is arg: go on telling it. */
void devicehosts_room(struct link *link, void *arg);

/* Tell device, before anything else, that host is none of its any more. */
void devicehosts_take_away(
    struct device *device, const struct directory_host *host);

/* --- devicerule.c: what rules take away ---------------------------------- */

/* Return the rule that takes host from the account of device, or NULL. */
const struct store_rule *devicerule_judge(
    const struct device *device, const struct directory_host *host);

/* Return the rule that takes that gateway from another one, device, or NULL. */
const struct store_rule *devicerule_judge_gateway(
    const struct device *device, const char *name);

/* Make hub one that can review its devices. */
void devicerule_start(struct device_hub *hub);

/* --- devicelent.c: hosts that others share ------------------------------- */

/*
 * Call visit for each host that is shared with device, a gateway, while there
 * is one by its name.
 */
void devicelent_each(
    const struct device *device, directory_visit *visit, void *arg);

/*
 * Watch the hosts that are shared with device, from the beginning; 0, or -1
 * without memory.
 */
int devicelent_start(struct device *device);

/*
 * As directory_read(), of all hosts that are shared; WHOLE is never read, and
 * ANEW says that everything has to begin anew.
 */
enum directory_event devicelent_read(
    struct device *device, struct directory_host **host);

/* Return true when all that is shared has been read once. */
bool devicelent_is_whole(const struct device *device);

/* Watch no more. */
void devicelent_end(struct device *device);

/* --- deviceask.c: what a gateway asks for that waits for the store -------- */

/* Answer request of device with outcome; it may not end the device. */
typedef void deviceask_reply(struct device *device, uint32_t request,
    const struct account_outcome *outcome);

/*
 * Return a question of device, to be answered by reply, or NULL when too many
 * of its questions wait for that reply already, or memory is short.
 */
struct deviceask *deviceask_new(
    struct device *device, uint32_t request, deviceask_reply *reply);

/* The done of what a question, which is arg, waits for: answer and free it. */
void deviceask_done(const struct account_outcome *outcome, void *arg);

/* Ask waits for op.  With NULL it was answered meanwhile, and is gone. */
void deviceask_wait(struct deviceask *ask, struct account_op *op);

/* Answer request of device, for which there is no question. */
void deviceask_refuse(struct device *device, uint32_t request,
    deviceask_reply *reply, enum code code, const char *text);

/* Forget what device asked for. */
void deviceask_end(struct device *device);

/* --- deviceshare.c: shares ------------------------------------------------ */

/* A gateway makes or ends a share. */
void deviceshare_request(
    struct device *device, const uint8_t *payload, size_t len);

/* --- deviceresolve.c: which gateways there are ---------------------------- */

/* A gateway asks for others of its account. */
void deviceresolve_request(
    struct device *device, const uint8_t *payload, size_t len);

/* --- devicecallee.c: whom a gateway calls --------------------------------- */

/* Return who takes the channel that device asks for, or NULL after refusing. */
struct device *devicecallee_find(struct device *device, uint32_t channel,
    const struct linkmsg_attach *attach);

/* --- deviceattach.c: channels between gateways and whom they call -------- */

/* Refuse a channel that does not exist on our side. */
void deviceattach_refuse(
    struct device *device, uint32_t channel, enum code code, const char *text);

/* A gateway wants a channel to a host. */
void deviceattach_request(struct device *device, uint32_t channel,
    const uint8_t *payload, size_t len);

/* Who was called agreed. */
void deviceattach_answer(struct device *device, uint32_t channel,
    const uint8_t *payload, size_t len);

/* A rule changed: end what device, a gateway, may reach no more. */
void deviceattach_review(struct device *device);

/* End what device, a gateway, has attached by that share, with text. */
void deviceattach_unshare(
    struct device *device, uint64_t share, const char *text);

/* End all channels of device with code and text. */
void deviceattach_cut(struct device *device, enum code code, const char *text);

/* Device is gone: so is its side of what it has attached. */
void deviceattach_end(struct device *device);

/* --- devicetenant.c: what accounts moved --------------------------------- */

/* Have tenants in hub; 0, or -1 without memory. */
int devicetenant_start(struct device_hub *hub);

/* --- deviceinvite.c: invitations ------------------------------------------ */

/* A gateway asks for an invitation. */
void deviceinvite_request(
    struct device *device, const uint8_t *payload, size_t len);

#endif
