/* SPDX-License-Identifier: ISC */
/*
 * hubrig: a hub of devices with all it works with, and devices at the far ends
 * of its links.
 *
 * Everything is real but the listener: accounts in a store, the directory, the
 * switch, and links over sockets on loopback, all in one loop.  The store has
 * no thread: what waits for it waits until hubrig_commit().
 *
 * Functions that return nothing fail the test when they fail.
 */
#ifndef INROAD_TESTS_UNIT_RELAY_HUBRIG_H
#define INROAD_TESTS_UNIT_RELAY_HUBRIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "protocol/frame.h"
#include "protocol/keys.h"
#include "protocol/limits.h"
#include "protocol/linkhello.h"
#include "protocol/linkmsg.h"
#include "relay/account.h"
#include "relay/console.h"
#include "relay/device.h"
#include "tests/support/linkpair.h"
#include "tests/support/rawlink.h"
#include "tests/support/tempdir.h"

struct directory;
struct directory_host;
struct link_times;
struct switch_board;

/* How a rig differs from the usual; 0 and NULL are the usual. */
struct hubrig_config {
	uint64_t budget;
	uint64_t account_promise;
	uint32_t guests_max;
	uint32_t return_rate;
	const char *const *publics; /* where the relays are found */
	size_t public_count;
	const struct link_times *times;        /* of the relay's links */
	const struct link_times *device_times; /* of the far ends */
	/* As in struct console_config; NULL: there is no console. */
	int (*serve)(int fd, const struct console_caller *caller, void *arg);
	void *serve_arg;
	uint16_t grace;
};

struct hubrig {
	char directory_path[TEMPDIR_LEN];
	struct loop *loop;
	struct store *store;
	struct account_book *book;
	struct directory *directory;
	struct switch_board *board;
	struct console *console; /* NULL: there is none */
	struct device_hub *hub;  /* NULL once a test has freed it */
	const struct link_times *device_times;
	struct addr peer; /* where the next one seems to come from */
	uint8_t public_key[KEYS_LEN];
	uint8_t secret_key[KEYS_LEN];
};

/* Somebody with a key pair who logs in. */
struct hubrig_who {
	enum linkhello_role role;
	uint8_t public_key[KEYS_LEN];
	uint8_t secret_key[KEYS_LEN];
	struct linkhello_login login;
};

/* A frame that came. */
struct hubrig_frame {
	uint32_t channel;
	size_t len;
	uint8_t payload[LIMITS_CONTROL_MAX];
};

/* What the hub says of the start of its relay. */
#define HUBRIG_INCARNATION UINT64_C(0x123456789abcdef0)

/* One more than the greatest type of a frame. */
#define HUBRIG_TYPES (FRAME_SHARED + 1)

/* The far end of a link, by the real code, and what it heard. */
struct hubrig_device {
	struct hubrig *rig;
	struct linkpair_side side; /* .link is NULL once it is down */
	int ups;
	int downs;
	struct linkmsg_result result;
	enum code code; /* of `down` */
	char text[LIMITS_TEXT_LEN];
	uint32_t retry_after;
	int count[HUBRIG_TYPES];
	struct hubrig_frame last[HUBRIG_TYPES];
	/* Called with each frame that came; may be NULL. */
	void (*hook)(struct hubrig_device *device, enum frame_type type);
};

/* Make *rig with the accounts "alice" and "bob". */
void hubrig_open(struct hubrig *rig, const struct hubrig_config *config);

/* Free all that is left. */
void hubrig_close(struct hubrig *rig);

/* Have the store commit what is queued, which answers who waits for it. */
void hubrig_commit(struct hubrig *rig);

/* Run the loop until what was ready is done. */
void hubrig_settle(struct hubrig *rig);

/* Make *who somebody whom nobody knows. */
void hubrig_stranger(struct hubrig_who *who, enum linkhello_role role,
    const char *user, const char *name);

/* Make *who a device of user by that name, invited and enrolled. */
void hubrig_enrol(struct hubrig *rig, struct hubrig_who *who,
    enum linkhello_role role, const char *user, const char *name);

/* Make an account. */
void hubrig_account(
    struct hubrig *rig, const char *user, enum store_level level);

/* Return the row of who, or NULL when it has none any more. */
struct account_device *hubrig_row(
    const struct hubrig *rig, const struct hubrig_who *who);

/* Return the relay's end of the link of who, or NULL. */
struct device *hubrig_end(
    const struct hubrig *rig, const struct hubrig_who *who);

/* Connect two sockets; the hub greets one, the other is returned. */
int hubrig_socket(struct hubrig *rig);

/* Connect device as who, without waiting. */
void hubrig_connect(struct hubrig *rig, struct hubrig_device *device,
    const struct hubrig_who *who);

/* Connect device as who and wait until it is let in. */
void hubrig_join(struct hubrig *rig, struct hubrig_device *device,
    const struct hubrig_who *who);

/* Close the link of device, if it has one. */
void hubrig_leave(struct hubrig_device *device);

/* Run the loop until device is down; false when that takes too long. */
bool hubrig_await_down(struct hubrig_device *device);

/* Run the loop until n frames of type came to device in all, or it is down. */
bool hubrig_await(struct hubrig_device *device, enum frame_type type, int n);

/* Run the loop until n bodies arrived at peer, or its link is down. */
bool hubrig_await_arrived(
    struct hubrig *rig, const struct linkpair_peer *peer, uint64_t n);

/* Send from device; the frame has to be a legal one. */
void hubrig_send(struct hubrig_device *device, enum frame_type type,
    uint32_t channel, const uint8_t *payload, size_t len);

/* Send an ATTACH for the owner's host with a message of that many bytes. */
void hubrig_attach(struct hubrig_device *device, uint32_t channel,
    const char *owner, const char *host, size_t len);

/* Write the payload of such an ATTACH to out, 2048 bytes; its length. */
size_t hubrig_attach_encode(const char *caller, const char *owner,
    const char *host, size_t len, uint8_t *out);

/* Connect *raw, go through the handshake as who, and read RESULT. */
enum code hubrig_raw(
    struct hubrig *rig, struct rawlink *raw, const struct hubrig_who *who);

/* Return who sends to a device of that role. */
enum frame_sender hubrig_sender(enum linkhello_role role);

/*
 * Read frames until one of type comes, with its payload to *frame; false when
 * the link ended before.
 */
bool hubrig_raw_await(struct rawlink *raw, enum linkhello_role role,
    enum frame_type type, struct hubrig_frame *frame);

#endif
