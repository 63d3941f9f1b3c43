/* SPDX-License-Identifier: ISC */
#include "tests/scenario/fakeworld.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

#define NANOSECONDS UINT64_C(1000000000)

/* Far from 0, as a clock is; a clock that ran backwards would hide faults. */
#define BEGINNING (UINT64_C(1000000) * NANOSECONDS)

static uint64_t passed;
static uint64_t state;

/* --- time ----------------------------------------------------------------- */

/* Takes the place of the C library's for this program, and libev's, too. */
int
clock_gettime(clockid_t clock, struct timespec *out)
{
	uint64_t now = BEGINNING + passed;

	(void)clock;
	out->tv_sec = (time_t)(now / NANOSECONDS);
	out->tv_nsec = (long)(now % NANOSECONDS);
	return 0;
}

void
fakeworld_pass(uint64_t ns)
{
	passed += ns;
}

uint64_t
fakeworld_now(void)
{
	return passed;
}

/* --- randomness ----------------------------------------------------------- */

/* SplitMix64. */
static uint64_t
next(void)
{
	uint64_t z;

	state += UINT64_C(0x9e3779b97f4a7c15);
	z = state;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static const char *
name(void)
{
	return "fakeworld";
}

static uint32_t
random_word(void)
{
	return (uint32_t)(next() >> 32);
}

static void
random_bytes(void *out, size_t size)
{
	uint8_t *bytes = out;

	for (size_t i = 0; i < size; i++) {
		bytes[i] = (uint8_t)(next() >> 56);
	}
}

static struct randombytes_implementation source = {
	.implementation_name = name,
	.random = random_word,
	.buf = random_bytes,
};

void
fakeworld_seed(uint64_t seed)
{
	state = seed;
	(void)randombytes_set_implementation(&source);
}

uint32_t
fakeworld_random(uint32_t n)
{
	return random_word() % n;
}
