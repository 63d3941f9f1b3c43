/* SPDX-License-Identifier: ISC */
/*
 * A session whose peer holds the keys and breaks the protocol.
 *
 * The first byte says which side is fuzzed.  Then follow records, each as
 * type, flags, stream, length in bytes of 1 and of 256, and as much of a
 * payload as there is; they are sealed rightly and received in turn.  Between
 * them the session sends what it has, and streams that come are answered.
 *
 * Type 255 is no record: the way is lost, and the peer says where it is when
 * they find another one.  Two bytes follow: how many records it lacks, and how
 * many more it has sent, or fewer (signed), than came.  Whatever it says, what
 * is sent under a number is always the same.
 */
#include "protocol/session.h"

#include <stdlib.h>
#include <string.h>

#include "common/blob.h"
#include "protocol/limits.h"
#include "protocol/record.h"
#include "protocol/resume.h"
#include "protocol/seal.h"
#include "protocol/session_impl.h"
#include "tests/support/pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Streams that one input can open on the fuzzed side. */
#define PEERS 64

/* The type that stands for a resume. */
#define RESUME 255

/* Records of the fuzzed side that are compared, by number. */
#define SENT_MAX 4096

struct input {
	const uint8_t *data;
	size_t len;
};

static struct pair_peer peers[PEERS];
static size_t used;
static struct blob *sent[SENT_MAX];

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static struct pair_peer *
next_peer(struct pair *pair)
{
	struct pair_peer *peer = &peers[used++ % PEERS];

	pair_peer_init(peer, pair, 100 * used, used % 2 == 0);
	peer->hold = used % 3 == 0;
	return peer;
}

static void
on_open(struct pair_end *end, struct stream *stream)
{
	static const struct stream_opened no = { .code = CODE_DENIED };

	if (used >= PEERS || used % 5 == 4) {
		used++;
		stream_answer(stream, &no);
		return;
	}
	pair_accept(stream, next_peer(end->pair));
}

/* Let peer have a stream that datagrams, not bytes, may come on. */
static void
open_association(struct pair *pair, struct pair_peer *peer)
{
	static const struct stream_target to = { STREAM_UDP, "", 53 };

	peer->stream =
	    stream_open(pair->opener.session, &to, false, &pair_peer_ops, peer);
}

static uint8_t
take(struct input *input)
{
	if (input->len == 0) {
		return 0;
	}
	input->len--;
	return *input->data++;
}

/* Seal the next record of input with the key of its sender, and deliver it. */
static enum code
deliver(struct pair *pair, bool to_acceptor, struct input *input)
{
	static uint8_t box[LIMITS_RECORD_MAX + 65536];
	struct session *from =
	    to_acceptor ? pair->opener.session : pair->acceptor.session;
	struct session *to =
	    to_acceptor ? pair->acceptor.session : pair->opener.session;
	struct record_head head;
	uint8_t type = take(input);
	size_t size;
	size_t n;

	head.type = (enum record_type)type;
	head.flags = take(input);
	head.stream = take(input);
	size = take(input);
	size += (size_t)take(input) << 8;
	n = size < input->len ? size : input->len;
	record_head_encode(&head, box + LIMITS_TAG_LEN);
	memset(box + LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN, 0, size);
	memcpy(box + LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN, input->data, n);
	input->data += n;
	input->len -= n;
	seal_lock(&from->tx, box, LIMITS_RECORD_HEAD_LEN + size);
	return session_receive(
	    to, box, LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN + size, pair->now);
}

/* Lose the way and go on where input says that the peer is. */
static enum code
resume(struct pair *pair, struct session *session, struct input *input)
{
	struct resume_point own;
	struct resume_point peer;

	session_pause(session);
	require(session_pull(session, pair->now) == NULL);
	require(session_deadline(session) == UINT64_MAX);
	session_point(session, &own);
	peer.expects = own.next - take(input);
	peer.next = own.expects + (uint64_t)(int8_t)take(input);
	if (session_resume(session, &peer, pair->now) != 0) {
		require(session_pull(session, pair->now) == NULL);
		return CODE_PROTOCOL_ERROR;
	}
	require(peer.expects <= own.next && peer.next >= own.expects);
	return CODE_OK;
}

/* Note a record under its number; the same number is the same record. */
static void
note(uint64_t number, struct blob *blob)
{
	if (number >= SENT_MAX) {
		blob_unref(blob);
		return;
	}
	if (sent[number] != NULL) {
		require(blob_len(blob) == blob_len(sent[number]));
		require(memcmp(blob_data(blob), blob_data(sent[number]),
			    blob_len(blob)) == 0);
		blob_unref(sent[number]);
	}
	sent[number] = blob;
}

/* What the fuzzed side has to say goes nowhere. */
static void
listen_to(struct session *session, uint64_t now)
{
	struct session_stats stats;

	for (int i = 0; i < 8; i++) {
		uint64_t number = session->resend;
		struct blob *blob = session_pull(session, now);

		if (blob == NULL) {
			break;
		}
		note(number, blob);
	}
	session_get_stats(session, &stats);
	require(stats.streams <= 2 * LIMITS_STREAMS_MAX);
}

static void
forget_sent(void)
{
	for (size_t i = 0; i < SENT_MAX; i++) {
		blob_unref(sent[i]);
		sent[i] = NULL;
	}
}

/* The next record of input, or a resume. */
static enum code
step(struct pair *pair, bool to_acceptor, struct session *session,
    struct input *input)
{
	if (*input->data == RESUME) {
		(void)take(input);
		return resume(pair, session, input);
	}
	return deliver(pair, to_acceptor, input);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input input = { data, len };
	struct pair *pair = pair_new(NULL);
	bool to_acceptor = (take(&input) & 1) == 0;
	struct pair_end *end;

	require(pair != NULL);
	used = 0;
	end = to_acceptor ? &pair->acceptor : &pair->opener;
	pair->acceptor.on_open = on_open;
	if (!to_acceptor) {
		for (int i = 0; i < 4; i++) {
			pair_open(pair, next_peer(pair), i % 2 == 0);
		}
		open_association(pair, next_peer(pair));
	}
	while (input.len > 0) {
		if (step(pair, to_acceptor, end->session, &input) != CODE_OK) {
			session_fail(end->session, CODE_PROTOCOL_ERROR);
			break;
		}
		listen_to(end->session, pair->now);
		pair_wait(pair, LIMITS_MSEC);
	}
	require(end->budget.used <= end->budget.max);
	forget_sent();
	pair_free(pair);
	return 0;
}
