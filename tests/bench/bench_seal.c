/* SPDX-License-Identifier: ISC */
/*
 * How long a box takes to seal, and to seal and open, beside libsodium's
 * secretbox, which makes the same bytes but derives its subkey for each.
 */
#include <sodium.h>
#include <stdio.h>
#include <time.h>

#include "protocol/limits.h"
#include "protocol/seal.h"

/* About what one measurement goes over. */
#define VOLUME ((size_t)256 << 20)
#define BOXES_MAX ((size_t)2000000)

static uint8_t box[SEAL_OVERHEAD + LIMITS_RECORD_PAYLOAD_MAX];
static const uint8_t key[SEAL_KEY_LEN] = { 1 };

/* Processor time: what else the machine does is left out. */
static double
now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void
report(const char *what, size_t len, size_t count, double seconds)
{
	(void)printf("%-10s %6zu bytes  %7.3f us  %6.2f GB/s\n", what, len,
	    1e6 * seconds / (double)count,
	    1e-9 * (double)len * (double)count / seconds);
}

static void
measure(size_t len)
{
	static const uint8_t nonce[crypto_secretbox_NONCEBYTES];
	size_t count = VOLUME / len < BOXES_MAX ? VOLUME / len : BOXES_MAX;
	struct seal tx;
	struct seal rx;
	double start = now();

	seal_init(&tx, key, nonce);
	seal_init(&rx, key, nonce);
	for (size_t i = 0; i < count; i++) {
		seal_lock(&tx, box, len);
	}
	report("lock", len, count, now() - start);
	seal_init(&tx, key, nonce);
	start = now();
	for (size_t i = 0; i < count; i++) {
		seal_lock(&tx, box, len);
		(void)seal_open(&rx, box, len);
	}
	report("lock, open", len, count, now() - start);
	start = now();
	for (size_t i = 0; i < count; i++) {
		(void)crypto_secretbox_easy(
		    box, box + SEAL_OVERHEAD, len, nonce, key);
	}
	report("secretbox", len, count, now() - start);
}

int
main(void)
{
	static const size_t lens[] = { 8, 64, 512, 1400,
		LIMITS_RECORD_PAYLOAD_MAX };

	if (sodium_init() < 0) {
		return 1;
	}
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		measure(lens[i]);
	}
	return 0;
}
