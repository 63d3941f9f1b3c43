/* SPDX-License-Identifier: ISC */
#include "tests/support/written.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "tests/support/failalloc.h"

/* More than anything that is written in a test. */
#define ROOM ((size_t)1 << 20)

/* Lengths at which a long text is cut: all of a short one. */
#define CUTS 300

static char *
text_of(const struct buf *out)
{
	size_t len = 0;
	const uint8_t *data = buf_peek(out, &len);
	char *text = calloc(1, len + 1);

	ck_assert_ptr_nonnull(text);
	if (len > 0) {
		memcpy(text, data, len);
	}
	ck_assert_uint_eq(strlen(text), len);
	return text;
}

static void
check_room(written_by *write, const void *arg, size_t len)
{
	for (size_t room = 0; room < len; room += len / CUTS + 1) {
		struct buf *out = buf_new(room);

		ck_assert_int_eq(write(out, arg), -1);
		buf_free(out);
	}
}

static void
check_memory(written_by *write, const void *arg)
{
	for (long n = 1;; n++) {
		struct buf *out = buf_new(ROOM);
		bool failed;
		int result;

		failalloc_after(n);
		result = write(out, arg);
		failed = failalloc_hit();
		failalloc_off();
		buf_free(out);
		ck_assert_int_eq(result, failed ? -1 : 0);
		if (!failed) {
			return;
		}
	}
}

char *
written(written_by *write, const void *arg)
{
	struct buf *out = buf_new(ROOM);
	struct buf *exact;
	char *text;

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(write(out, arg), 0);
	text = text_of(out);
	exact = buf_new(buf_len(out));
	ck_assert_int_eq(write(exact, arg), 0);
	buf_free(exact);
	check_room(write, arg, buf_len(out));
	buf_free(out);
	check_memory(write, arg);
	return text;
}
