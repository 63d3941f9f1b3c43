/* SPDX-License-Identifier: ISC */
/*
 * blob: a block of bytes that several owners hold.
 *
 * A sealed record is kept by its session until the peer acknowledges it and,
 * at the same time, by the link until it is written.  Both hold a reference;
 * the last one to let go frees the bytes.  Capacity is fixed at creation and
 * the fill only ever belongs to whoever made the blob: once it is shared its
 * bytes do not change.
 */
#ifndef INROAD_COMMON_BLOB_H
#define INROAD_COMMON_BLOB_H

#include <stddef.h>
#include <stdint.h>

struct blob;

/* Return a blob with room for cap bytes and one reference, or NULL. */
struct blob *blob_new(size_t cap);

/* Take one more reference to blob and return it. */
struct blob *blob_ref(struct blob *blob);

/* Let go of one reference; NULL is allowed.  The last one frees the bytes. */
void blob_unref(struct blob *blob);

/* Return the bytes of blob. */
uint8_t *blob_data(struct blob *blob);

/* Return how many bytes of blob are filled. */
size_t blob_len(const struct blob *blob);

/* Return how many bytes blob can hold. */
size_t blob_cap(const struct blob *blob);

/* State that len bytes of blob are filled; len is at most its capacity. */
void blob_set_len(struct blob *blob, size_t len);

/*
 * Give back unused capacity if that is worth a copy (more than half is
 * unused).  Returns the blob to use from now on; the caller must hold the only
 * reference.  A failed allocation keeps the blob as it is.
 */
struct blob *blob_trim(struct blob *blob);

#endif
