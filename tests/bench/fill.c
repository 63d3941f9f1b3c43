/* SPDX-License-Identifier: ISC */
/*
 * Makes the store of a relay that has very many accounts and devices.
 *
 * usage: fill FILE ACCOUNTS DEVICES
 *
 * Devices are spread evenly over accounts user0, user1, ...; of each account
 * the first is a gateway and the others are agents.  The keys are no keys of
 * anybody, but for those of the first REAL devices, whose secret is known to
 * login.c: BLAKE2b-256 of "bench" and their number.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/store.h"

/* Devices that can log in: to make a key takes 50 us. */
#define REAL 20000

static struct store_change changes[STORE_CHANGES_MAX];
static size_t count;
static struct store *store;

static void
on_done(const char *error, void *arg)
{
	(void)arg;
	if (error != NULL) {
		(void)fprintf(stderr, "fill: %s\n", error);
		exit(1);
	}
}

static void
flush(void)
{
	if (count > 0 &&
	    store_submit(store, changes, count, on_done, NULL) != 0) {
		(void)fprintf(stderr, "fill: out of memory\n");
		exit(1);
	}
	count = 0;
	if (store_queued(store) >= 64) {
		store_sync(store);
	}
}

static struct store_change *
next(enum store_kind kind)
{
	if (count == STORE_CHANGES_MAX) {
		flush();
	}
	memset(&changes[count], 0, sizeof(changes[count]));
	changes[count].kind = kind;
	return &changes[count++];
}

static void
make_key(unsigned number, uint8_t key[KEYS_LEN])
{
	uint8_t secret[KEYS_LEN];
	char name[32];

	(void)snprintf(name, sizeof(name), "bench%u", number);
	(void)crypto_generichash(secret, sizeof(secret), (const uint8_t *)name,
	    strlen(name), NULL, 0);
	if (number < REAL) {
		(void)crypto_scalarmult_base(key, secret);
	} else {
		memcpy(key, secret, KEYS_LEN);
	}
}

static void
add_account(unsigned number)
{
	struct store_account *row = &next(STORE_ACCOUNT_ADD)->row.account;

	row->id = store_next_id(store, STORE_ACCOUNT_ADD);
	(void)snprintf(row->user, sizeof(row->user), "user%u", number);
	row->level = STORE_USER;
	row->created = 1700000000 + number;
}

static void
add_device(unsigned number, unsigned accounts)
{
	struct store_device *row = &next(STORE_DEVICE_ADD)->row.device;
	unsigned turn = number / accounts;

	row->id = store_next_id(store, STORE_DEVICE_ADD);
	row->account = 1 + number % accounts;
	(void)snprintf(row->name, sizeof(row->name),
	    turn == 0 ? "gateway" : "host-%u", turn);
	row->role = turn == 0 ? LINKHELLO_GATEWAY : LINKHELLO_AGENT;
	make_key(number, row->public_key);
	row->created = 1700000000 + number;
	row->last_seen = row->created + 86400;
}

int
main(int argc, char **argv)
{
	struct store_error error;
	unsigned accounts;
	unsigned devices;

	if (argc != 4 || sodium_init() < 0) {
		(void)fprintf(stderr, "usage: fill FILE ACCOUNTS DEVICES\n");
		return 2;
	}
	accounts = (unsigned)strtoul(argv[2], NULL, 10);
	devices = (unsigned)strtoul(argv[3], NULL, 10);
	store = store_open(argv[1], &error);
	if (store == NULL || accounts == 0) {
		(void)fprintf(stderr, "fill: %s\n", error.text);
		return 1;
	}
	for (unsigned i = 0; i < accounts; i++) {
		add_account(i);
	}
	for (unsigned i = 0; i < devices; i++) {
		add_device(i, accounts);
	}
	flush();
	store_sync(store);
	store_close(store);
	return 0;
}
