/* SPDX-License-Identifier: ISC */
#include "protocol/resume.h"

#include <sodium.h>
#include <string.h>

#include "common/mem.h"
#include "common/wire.h"

/* What a box holds. */
#define POINT_LEN (RESUME_BOX_LEN - SEAL_OVERHEAD)

void
resume_init(struct resume *resume, const uint8_t id[SESSIONHELLO_ID_LEN],
    const struct seal *tx, const struct seal *rx)
{
	memcpy(resume->id, id, sizeof(resume->id));
	resume->counter = 0;
	resume->asked = false;
	resume->taken = false;
	resume->tx = *tx;
	resume->rx = *rx;
}

void
resume_wipe(struct resume *resume)
{
	mem_wipe(resume, sizeof(*resume));
}

/* Append the counter of resume and, sealed as the box of that number, point. */
static void
put_point(const struct resume *resume, const struct resume_point *point,
    struct wire_writer *writer)
{
	uint8_t box[RESUME_BOX_LEN];
	struct wire_writer text;

	wire_write_to(&text, box + SEAL_OVERHEAD, POINT_LEN);
	wire_put_u64(&text, point->expects);
	wire_put_u64(&text, point->next);
	seal_lock_at(&resume->tx, resume->counter, box, POINT_LEN);
	wire_put_u64(writer, resume->counter);
	wire_put_bytes(writer, box, sizeof(box));
}

/* Open what reader has left, a box of number counter; 0 or -1. */
static int
get_point(const struct resume *resume, uint64_t counter,
    struct wire_reader *reader, struct resume_point *point)
{
	uint8_t box[RESUME_BOX_LEN];
	struct wire_reader text;

	wire_get_copy(reader, box, sizeof(box));
	if (!wire_reader_done(reader) ||
	    seal_open_at(&resume->rx, counter, box, POINT_LEN) != 0) {
		return -1;
	}
	wire_read_from(&text, box + SEAL_OVERHEAD, POINT_LEN);
	point->expects = wire_get_u64(&text);
	point->next = wire_get_u64(&text);
	return 0;
}

/* --- request --------------------------------------------------------- */

int
resume_ask(struct resume *resume, const struct resume_point *point,
    uint8_t out[RESUME_REQUEST_LEN])
{
	struct wire_writer writer;

	if (resume->counter == UINT64_MAX) {
		return -1;
	}
	resume->counter++;
	resume->asked = true;
	wire_write_to(&writer, out, RESUME_REQUEST_LEN);
	wire_put_bytes(&writer, resume->id, sizeof(resume->id));
	put_point(resume, point, &writer);
	return 0;
}

int
resume_id(const uint8_t *body, size_t len, uint8_t id[SESSIONHELLO_ID_LEN])
{
	if (len != RESUME_REQUEST_LEN) {
		return -1;
	}
	memcpy(id, body, SESSIONHELLO_ID_LEN);
	return 0;
}

int
resume_take(struct resume *resume, const uint8_t *body, size_t len,
    struct resume_point *point)
{
	uint8_t id[SESSIONHELLO_ID_LEN];
	struct wire_reader reader;
	uint64_t counter;

	if (resume_id(body, len, id) != 0 ||
	    sodium_memcmp(id, resume->id, sizeof(id)) != 0) {
		return -1;
	}
	wire_read_from(&reader, body + sizeof(id), len - sizeof(id));
	counter = wire_get_u64(&reader);
	if (counter <= resume->counter ||
	    get_point(resume, counter, &reader, point) != 0) {
		return -1;
	}
	resume->counter = counter;
	resume->taken = true;
	return 0;
}

/* --- answer ---------------------------------------------------------- */

int
resume_answer(struct resume *resume, const struct resume_point *point,
    uint8_t out[RESUME_ANSWER_LEN])
{
	struct wire_writer writer;

	if (!resume->taken) {
		return -1;
	}
	resume->taken = false;
	wire_write_to(&writer, out, RESUME_ANSWER_LEN);
	put_point(resume, point, &writer);
	return 0;
}

int
resume_hear(struct resume *resume, const uint8_t *body, size_t len,
    struct resume_point *point)
{
	struct wire_reader reader;
	uint64_t counter;

	wire_read_from(&reader, body, len);
	counter = wire_get_u64(&reader);
	if (!resume->asked || counter != resume->counter ||
	    get_point(resume, counter, &reader, point) != 0) {
		return -1;
	}
	resume->asked = false;
	return 0;
}
