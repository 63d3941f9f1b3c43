/* SPDX-License-Identifier: ISC */
/*
 * Attach tokens.  The first byte chooses what the rest is: 1 a request and 2
 * an answer as they are on the wire, 3 and 4 the counter and the text of one
 * from a peer that has the keys.  What is taken is, said again, the same bytes,
 * and is not taken again.
 */
#include "protocol/resume.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define ID_LEN SESSIONHELLO_ID_LEN

/* Fixed keys: the same input must do the same. */
struct sides {
	struct seal seal[2];     /* from the caller, from the acceptor */
	struct resume resume[2]; /* the caller's, the acceptor's */
};

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void
open_sides(struct sides *sides)
{
	static const uint8_t id[ID_LEN] = "0123456789abcdef";
	static const uint8_t key[2][SEAL_KEY_LEN] = { { 1 }, { 2 } };
	static const uint8_t head[SEAL_HEAD_LEN] = { 3 };

	seal_init(&sides->seal[0], key[0], head);
	seal_init(&sides->seal[1], key[1], head);
	resume_init(&sides->resume[0], id, &sides->seal[0], &sides->seal[1]);
	resume_init(&sides->resume[1], id, &sides->seal[1], &sides->seal[0]);
}

/* Let the caller's next counter be the one in the 8 bytes at data. */
static void
set_counter(struct sides *sides, const uint8_t *data)
{
	uint64_t counter = 0;

	for (unsigned i = 0; i < 8; i++) {
		counter = counter << 8 | data[i];
	}
	sides->resume[0].counter = counter - 1;
}

/* Returns true when the request was taken. */
static bool
fuzz_request(struct sides *sides, const uint8_t *data, size_t len)
{
	struct resume *acceptor = &sides->resume[1];
	uint8_t again[RESUME_REQUEST_LEN];
	struct resume_point point;

	if (resume_take(acceptor, data, len, &point) != 0) {
		require(acceptor->counter == 0 && !acceptor->taken);
		return false;
	}
	require(len == RESUME_REQUEST_LEN);
	set_counter(sides, data + ID_LEN);
	require(resume_ask(&sides->resume[0], &point, again) == 0);
	require(memcmp(again, data, len) == 0);
	require(resume_take(acceptor, data, len, &point) != 0);
	return true;
}

/* Returns true when the answer was heard. */
static bool
fuzz_answer(struct sides *sides, const uint8_t *data, size_t len)
{
	struct resume *caller = &sides->resume[0];
	uint8_t request[RESUME_REQUEST_LEN];
	uint8_t again[RESUME_ANSWER_LEN];
	struct resume_point point = { 0, 0 };

	if (len >= 8) {
		set_counter(sides, data);
	}
	if (resume_ask(caller, &point, request) != 0) {
		return false;
	}
	if (resume_hear(caller, data, len, &point) != 0) {
		require(caller->asked);
		return false;
	}
	require(len == RESUME_ANSWER_LEN);
	sides->resume[1].counter = caller->counter;
	sides->resume[1].taken = true;
	require(resume_answer(&sides->resume[1], &point, again) == 0);
	require(memcmp(again, data, len) == 0);
	require(resume_hear(caller, data, len, &point) != 0);
	return true;
}

/* Seal counter and text, the 24 bytes at data, as side does; 0 is no counter.
 */
static void
fuzz_sealed(struct sides *sides, unsigned side, const uint8_t *data)
{
	uint8_t token[RESUME_REQUEST_LEN];
	bool counts;

	set_counter(sides, data);
	counts = sides->resume[0].counter != UINT64_MAX;
	memcpy(token, sides->resume[0].id, ID_LEN);
	memcpy(token + ID_LEN, data, 8);
	memcpy(token + ID_LEN + 8 + SEAL_OVERHEAD, data + 8, 16);
	seal_lock_at(&sides->seal[side], sides->resume[0].counter + 1,
	    token + ID_LEN + 8, 16);
	if (side == 0) {
		require(fuzz_request(sides, token, sizeof(token)) == counts);
	} else {
		require(fuzz_answer(sides, token + ID_LEN, RESUME_ANSWER_LEN) ==
			counts);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sides sides;

	if (len == 0) {
		return 0;
	}
	open_sides(&sides);
	if (data[0] == 1) {
		(void)fuzz_request(&sides, data + 1, len - 1);
	} else if (data[0] == 2) {
		(void)fuzz_answer(&sides, data + 1, len - 1);
	} else if ((data[0] == 3 || data[0] == 4) && len == 25) {
		fuzz_sealed(&sides, data[0] - 3U, data + 1);
	}
	return 0;
}
