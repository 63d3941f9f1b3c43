/* SPDX-License-Identifier: ISC */
#include "relay/relay.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/control.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/listener.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/signals.h"
#include "common/statedir.h"
#include "protocol/joinstring.h"
#include "relay/account.h"
#include "relay/console.h"
#include "relay/device.h"
#include "relay/directory.h"
#include "relay/pulse.h"
#include "relay/relay_impl.h"
#include "relay/store.h"
#include "relay/switch.h"

/* Seconds between two rounds of housekeeping. */
#define TICK 60.0

/* Seconds after SIGTERM in which links have to go; one takes two at most. */
#define FAREWELL 2.5

void
relay_defaults(struct relay_config *config)
{
	*config = (struct relay_config){
		.budget = (uint64_t)256 << 20,
		.guests_max = 1024,
		.return_rate = 500,
	};
}

int
relay_check(const struct relay_config *config, struct fault *fault)
{
	struct membership membership = { 0 };
	struct addr addr;

	if (config->listen_count > RELAY_LISTENS_MAX ||
	    config->public_count > MEMBERSHIP_RELAYS_MAX) {
		return fault_set(fault,
		    "at most %d addresses to listen on and %d public ones",
		    RELAY_LISTENS_MAX, MEMBERSHIP_RELAYS_MAX);
	}
	for (size_t i = 0; i < config->listen_count; i++) {
		if (addr_parse(&addr, config->listens[i]) != 0) {
			return fault_set(fault,
			    "\"%s\" is no address to listen on; write "
			    "ADDR:PORT, as 0.0.0.0:7000 or [::]:7000",
			    config->listens[i]);
		}
	}
	for (size_t i = 0; i < config->public_count; i++) {
		if (membership_add_relay(&membership, config->publics[i],
			strlen(config->publics[i])) != 0) {
			return fault_set(fault,
			    "\"%s\" is no public address; write HOST:PORT, "
			    "as relay.example.net:7000",
			    config->publics[i]);
		}
	}
	return 0;
}

static uint64_t
wall_clock(void)
{
	return (uint64_t)time(NULL);
}

/* --- opening --------------------------------------------------------- */

/* Read the relay's key, or make one at the first start. */
static int
open_key(struct relay *relay, struct fault *fault)
{
	struct file_content content;
	char hex[2 * KEYS_LEN + 2];
	enum file_result result = statedir_read(
	    relay->dir, "relay.key", FILE_SECRET, 256, &content, fault);
	size_t len = 0;
	int ok;

	if (result == FILE_NONE) {
		keys_generate(relay->secret_key, relay->public_key);
		sodium_bin2hex(hex, sizeof(hex), relay->secret_key, KEYS_LEN);
		hex[sizeof(hex) - 2] = '\n';
		result = statedir_write(
		    relay->dir, "relay.key", hex, sizeof(hex) - 1, fault);
		mem_wipe(hex, sizeof(hex));
		return result == FILE_OK ? EX_OK : EX_NOPERM;
	}
	if (result != FILE_OK) {
		return result == FILE_DENIED ? EX_NOPERM : EX_CONFIG;
	}
	ok = sodium_hex2bin(relay->secret_key, KEYS_LEN,
		 (const char *)content.data, content.len, "\n", &len,
		 NULL) == 0 &&
	     len == KEYS_LEN &&
	     keys_public(relay->secret_key, relay->public_key) == 0;
	file_content_free(&content);
	if (!ok) {
		(void)fault_set(fault,
		    "%s/relay.key is damaged: restore it from a backup; with "
		    "a new key every device would have to join again",
		    statedir_path(relay->dir));
		return EX_CONFIG;
	}
	return EX_OK;
}

static int
open_state(struct relay *relay, struct fault *fault)
{
	char path[STATEDIR_PATH_LEN];

	if (statedir_choose("relay", relay->config.state, path, fault) != 0) {
		return EX_CONFIG;
	}
	switch (statedir_open(&relay->dir, path, fault)) {
	case FILE_OK:
		break;
	case FILE_DENIED:
		return EX_NOPERM;
	case FILE_NONE:
	case FILE_FAILED:
		return EX_CONFIG;
	}
	switch (statedir_lock(relay->dir, fault)) {
	case STATEDIR_LOCKED:
		break;
	case STATEDIR_BUSY:
		return EX_UNAVAILABLE;
	case STATEDIR_LOCK_FAILED:
		return EX_NOPERM;
	}
	return open_key(relay, fault);
}

/* Copy what is needed of the configuration; 0 or -1. */
static int
copy_config(struct relay *relay, const struct relay_config *config)
{
	relay->config = *config;
	for (size_t i = 0; i < config->listen_count; i++) {
		relay->listens[i] = mem_strdup(config->listens[i]);
		if (relay->listens[i] == NULL) {
			return -1;
		}
	}
	for (size_t i = 0; i < config->public_count; i++) {
		relay->publics[i] = mem_strdup(config->publics[i]);
		if (relay->publics[i] == NULL) {
			return -1;
		}
		relay->public_count++;
	}
	return 0;
}

struct relay *
relay_open(struct loop *loop, const struct relay_config *config, int *status,
    struct fault *fault)
{
	struct relay *relay = mem_new(1, sizeof(*relay));

	*status = EX_OSERR;
	if (relay_check(config, fault) != 0) {
		*status = EX_CONFIG;
		mem_free(relay);
		return NULL;
	}
	if (relay == NULL || copy_config(relay, config) != 0) {
		(void)fault_set(fault, "out of memory");
		relay_free(relay);
		return NULL;
	}
	relay->loop = loop;
	relay->started = wall_clock();
	*status = open_state(relay, fault);
	if (*status == EX_OK) {
		*status = relaybook_open(relay, fault);
	}
	if (*status != EX_OK) {
		relay_free(relay);
		return NULL;
	}
	return relay;
}

/* Zero stands for none. */
static uint64_t
draw_incarnation(void)
{
	uint64_t number = 0;

	while (number == 0) {
		randombytes_buf(&number, sizeof(number));
	}
	return number;
}

struct relay *
relay_new(struct loop *loop, const struct relay_config *config, int *status,
    struct fault *fault)
{
	struct relay *relay = relay_open(loop, config, status, fault);
	struct device_hub_config hub;

	if (relay == NULL) {
		return NULL;
	}
	relay->running = true;
	relaybook_list_hosts(relay);
	relay->board = switch_new(loop, config->budget);
	relay->console = relayconsole_new(relay);
	hub = (struct device_hub_config){
		.loop = loop,
		.book = relay->book,
		.directory = relay->directory,
		.board = relay->board,
		.console = relay->console,
		.public_key = relay->public_key,
		.secret_key = relay->secret_key,
		.incarnation = draw_incarnation(),
		/* What choose_public() makes up helps nobody elsewhere. */
		.publics = (const char *const *)relay->publics,
		.public_count = relay->public_count,
		/* One account may promise a quarter of what all may. */
		.account_promise = config->budget,
		.guests_max = config->guests_max,
		.return_rate = config->return_rate,
	};
	relay->hub = device_hub_new(&hub);
	if (relay->board == NULL || relay->console == NULL ||
	    relay->hub == NULL || relayadmin_start(relay) != 0 ||
	    store_start(relay->store, loop) != 0) {
		(void)fault_set(fault, "out of memory or threads");
		*status = EX_OSERR;
		relay_free(relay);
		return NULL;
	}
	return relay;
}

void
relay_free(struct relay *relay)
{
	if (relay == NULL) {
		return;
	}
	if (relay->running) {
		ev_timer_stop(loop_ev(relay->loop), &relay->tick);
		loop_task_cancel(relay->loop, &relay->ticking);
		ev_timer_stop(loop_ev(relay->loop), &relay->farewell);
	}
	if (relay->control != NULL) {
		(void)statedir_remove(
		    relay->dir, "ready", &(struct fault){ 0 });
	}
	for (size_t i = 0; i < RELAY_LISTENS_MAX; i++) {
		listener_free(relay->listeners[i]);
		mem_free(relay->listens[i]);
	}
	for (size_t i = 0; i < relay->public_count; i++) {
		mem_free(relay->publics[i]);
	}
	pulse_free(relay->pulse);
	control_free(relay->control);
	relayadmin_stop(relay);
	signals_free(relay->signals);
	device_hub_free(relay->hub);
	console_free(relay->console);
	account_book_flush(relay->book);
	store_close(relay->store);
	account_book_free(relay->book);
	directory_free(relay->directory);
	switch_free(relay->board);
	statedir_free(relay->dir);
	mem_free_wiped(relay, sizeof(*relay));
}

/* --- serving --------------------------------------------------------- */

static void
on_connection(int fd, const struct addr *peer, void *arg)
{
	struct relay *relay = arg;

	device_greet(relay->hub, fd, peer);
}

static int
listen_all(struct relay *relay, struct fault *fault)
{
	for (size_t i = 0; i < relay->config.listen_count; i++) {
		struct listener_config config = { 0 };

		(void)addr_parse(&config.addr, relay->listens[i]);
		relay->listeners[i] = listener_new(
		    relay->loop, &config, on_connection, relay, fault);
		if (relay->listeners[i] == NULL) {
			return EX_UNAVAILABLE;
		}
	}
	return EX_OK;
}

/* Without a public address the first one that we listen on is told. */
static int
choose_public(struct relay *relay)
{
	char text[ADDR_TEXT_LEN];
	struct addr addr;

	if (relay->public_count > 0) {
		return 0;
	}
	listener_addr(relay->listeners[0], &addr);
	if (addr_is_any(&addr)) {
		log_write(LOG_LEVEL_WARN, "relay", 0,
		    "no --public address: join strings will name 127.0.0.1, "
		    "which only this machine reaches");
		(void)addr_from_ip(&addr, "127.0.0.1", addr_port(&addr));
	}
	relay->publics[0] = mem_strdup(addr_format(&addr, text));
	relay->public_count = relay->publics[0] != NULL ? 1 : 0;
	return relay->public_count > 0 ? 0 : -1;
}

/* The owner's join string: into its file, and to a person who looks on. */
static void
on_owner_token(const struct account_outcome *outcome, void *arg)
{
	struct relay *relay = arg;
	char join[JOINSTRING_MAX + 1];
	struct fault fault;
	size_t len;

	if (outcome->code == CODE_JOIN_USED) {
		(void)statedir_remove(relay->dir, "owner.join", &fault);
		return;
	}
	if (outcome->code != CODE_OK ||
	    relay_join_string(relay, "gateway", outcome, join) != 0) {
		log_write(LOG_LEVEL_ERROR, "relay", 0,
		    "no join string for the owner: %s", outcome->text);
		return;
	}
	if (isatty(STDOUT_FILENO)) {
		(void)printf("join %s\n", join);
		(void)fflush(stdout);
	}
	len = strlen(join);
	join[len++] = '\n';
	if (statedir_write(relay->dir, "owner.join", join, len, &fault) !=
	    FILE_OK) {
		log_write(LOG_LEVEL_ERROR, "relay", 0, "%s", fault.text);
	}
	mem_wipe(join, sizeof(join));
}

/* A slice of what is due once a minute; the next one after this iteration. */
static void
tick(void *arg)
{
	struct relay *relay = arg;

	if (account_book_tick(relay->book, wall_clock())) {
		loop_defer(relay->loop, &relay->ticking);
	}
}

static void
on_tick(struct ev_loop *ev, ev_timer *timer, int revents)
{
	(void)ev;
	(void)revents;
	tick(timer->data);
}

static void
on_farewell(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct relay *relay = timer->data;

	(void)ev;
	(void)revents;
	loop_stop(relay->loop);
}

/* Everybody got what was on its way, and was told. */
static void
on_gone_all(void *arg)
{
	struct relay *relay = arg;

	loop_stop(relay->loop);
}

static void
on_signal(int signum, void *arg)
{
	struct relay *relay = arg;

	if (signum == SIGHUP) {
		relaylimits_reload(relay);
		return;
	}
	if (ev_is_active(&relay->farewell)) {
		loop_stop(relay->loop);
		return;
	}
	log_write(LOG_LEVEL_INFO, "relay", 0, "going down");
	for (size_t i = 0; i < RELAY_LISTENS_MAX; i++) {
		listener_free(relay->listeners[i]);
		relay->listeners[i] = NULL;
	}
	ev_timer_start(loop_ev(relay->loop), &relay->farewell);
	console_close(relay->console, CODE_GOING_DOWN);
	device_hub_goaway(relay->hub, CODE_GOING_DOWN,
	    "the relay is shutting down", on_gone_all, relay);
}

/* Say on standard output and in a file that we serve. */
static int
say_ready(struct relay *relay, struct fault *fault)
{
	char listen[ADDR_TEXT_LEN];
	char control[STATEDIR_PATH_LEN];
	char line[STATEDIR_PATH_LEN + ADDR_TEXT_LEN + 64];
	struct addr addr;

	listener_addr(relay->listeners[0], &addr);
	(void)snprintf(line, sizeof(line),
	    "ready role=relay listen=%s control=%s\n",
	    addr_format(&addr, listen),
	    statedir_file(relay->dir, "control", control));
	if (statedir_write(relay->dir, "ready", line, strlen(line), fault) !=
	    FILE_OK) {
		return EX_NOPERM;
	}
	(void)fputs(line, stdout);
	(void)fflush(stdout);
	return EX_OK;
}

int
relay_serve(struct relay *relay, struct fault *fault)
{
	char path[STATEDIR_PATH_LEN];
	int status = listen_all(relay, fault);

	if (status != EX_OK) {
		return status;
	}
	relay->signals = signals_new(relay->loop, on_signal, relay);
	relay->control =
	    control_new(relay->loop, statedir_file(relay->dir, "control", path),
		relaycontrol_handle, relay, fault);
	if (relay->control == NULL || relayadmin_listen(relay, fault) != 0) {
		return EX_UNAVAILABLE;
	}
	loop_task_init(&relay->ticking, tick, relay);
	ev_timer_init(&relay->tick, on_tick, TICK, TICK);
	relay->tick.data = relay;
	ev_timer_start(loop_ev(relay->loop), &relay->tick);
	ev_timer_init(&relay->farewell, on_farewell, FAREWELL, 0.);
	relay->farewell.data = relay;
	if (relay->signals == NULL || choose_public(relay) != 0) {
		(void)fault_set(fault, "out of memory");
		return EX_OSERR;
	}
	(void)account_owner_token(
	    relay->book, wall_clock(), on_owner_token, relay);
	/* Scripts read owner.join once we are ready: it comes first. */
	store_sync(relay->store);
	return say_ready(relay, fault);
}
