/* SPDX-License-Identifier: ISC */
/*
 * A courier between a test and a session in memory or sockets on loopback.  The
 * test stands in the place of gateway/reach: the name says where it leads.
 */
#include "gateway/courier.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/addr.h"
#include "common/loop.h"
#include "common/udpsock.h"
#include "gateway/proxytarget.h"
#include "gateway/reach.h"
#include "protocol/association.h"
#include "protocol/dgram.h"
#include "protocol/stream.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/pair.h"
#include "tests/support/unit.h"

/* The far end of one association. */
struct far {
	struct stream *stream;
	int datagrams;
	int resets;
};

static struct loop *loop;
static struct pair *pair;
static struct courier *courier;
static struct courier_stats stats;
static struct far fars[64];
static int far_count;
static enum code far_code;

static int reaches;
static int cancelled;
static bool reach_later;
static reach_done *later_done;
static void *later_arg;
static struct proxy_target later_target;

static int replies;
static char last_text[64];
static struct proxy_target last_from;
static int failures;
static enum code last_code;
static bool free_on_failure;

static struct udpsock *echo;
static struct addr echo_addr;

/* --- in the place of gateway/reach -------------------------------------- */

static void
decide(const struct proxy_target *target, reach_done *done, void *arg)
{
	struct reach_result result = { .code = CODE_OK, .asked = *target };

	if (strcmp(target->name, "direct") == 0) {
		result.way.kind = WAY_DIRECT;
		(void)addr_from_ip(
		    &result.way.addrs[0], "127.0.0.1", target->port);
		result.way.addr_count = 1;
	} else if (strcmp(target->name, "nobody") == 0) {
		result.code = CODE_HOST_UNKNOWN;
	} else {
		result.way.kind = WAY_HOST;
		result.session = pair->opener.session;
		(void)snprintf(result.way.host, sizeof(result.way.host),
		    "%.63s", target->name);
		result.way.target.port = target->port;
	}
	done(&result, arg);
}

struct reach *
reach_start(const struct reach_space *space, const struct proxy_target *target,
    reach_done *done, void *arg)
{
	(void)space;
	reaches++;
	if (!reach_later) {
		decide(target, done, arg);
		return NULL;
	}
	later_done = done;
	later_arg = arg;
	later_target = *target;
	return (struct reach *)(void *)&later_target;
}

void
reach_cancel(struct reach *reach)
{
	cancelled += reach != NULL;
}

/* --- both ends ----------------------------------------------------------- */

static void
on_reply(
    void *arg, const struct proxy_target *from, const uint8_t *data, size_t len)
{
	(void)arg;
	replies++;
	last_from = *from;
	(void)snprintf(
	    last_text, sizeof(last_text), "%.*s", (int)len, (const char *)data);
}

static void
on_failed(
    void *arg, const struct proxy_target *to, enum code code, const char *text)
{
	(void)arg;
	(void)to;
	(void)text;
	failures++;
	last_code = code;
	if (free_on_failure) {
		courier_free(courier);
		courier = NULL;
	}
}

static const struct courier_ops courier_ops = {
	.reply = on_reply,
	.failed = on_failed,
};

static void
far_datagram(void *arg, const struct dgram_address *address,
    const uint8_t *data, size_t len)
{
	struct far *far = arg;

	far->datagrams++;
	association_send(far->stream, address, data, len, pair->now);
}

static void
far_reset(void *arg, enum code code, int error)
{
	struct far *far = arg;

	(void)code;
	(void)error;
	far->resets++;
	stream_release(far->stream);
	far->stream = NULL;
}

static const struct stream_ops far_ops = {
	.datagram = far_datagram,
	.reset = far_reset,
};

static void
on_open(struct pair_end *end, struct stream *stream)
{
	struct stream_opened opened = { .code = far_code };
	struct far *far = &fars[far_count++];

	(void)end;
	far->stream = stream;
	if (far_code == CODE_OK) {
		stream_set_owner(stream, &far_ops, far);
	}
	stream_answer(stream, &opened);
}

static void
on_echo(void *arg, const struct addr *from, const uint8_t *data, size_t len)
{
	(void)arg;
	(void)udpsock_send(echo, from, data, len);
}

static const struct udpsock_ops echo_ops = { .datagram = on_echo };

static void
setup(void)
{
	struct addr any;

	memset(&stats, 0, sizeof(stats));
	memset(fars, 0, sizeof(fars));
	far_count = 0;
	far_code = CODE_OK;
	reaches = 0;
	cancelled = 0;
	reach_later = false;
	replies = 0;
	failures = 0;
	free_on_failure = false;
	loop = loop_new();
	pair = pair_new(NULL);
	pair->acceptor.on_open = on_open;
	pair->now = loop_now(loop);
	(void)addr_from_ip(&any, "127.0.0.1", 0);
	echo = udpsock_new(loop, &any, &echo_ops, NULL);
	ck_assert_int_eq(udpsock_address(echo, &echo_addr), 0);
	courier = courier_new(loop, NULL, &stats, &courier_ops, NULL);
	ck_assert_ptr_nonnull(courier);
}

static void
teardown(void)
{
	courier_free(courier);
	udpsock_close(echo);
	pair_free(pair);
	loop_free(loop);
}

static void
settle(void)
{
	loop_poll(loop);
	pair->now = loop_now(loop);
	pair_settle(pair);
}

static void
say(const char *host, uint16_t port, const char *text)
{
	struct proxy_target to;

	memset(&to, 0, sizeof(to));
	ck_assert_int_eq(
	    proxytarget_set_host(&to, host, strlen(host), port), 0);
	courier_send(courier, &to, (const uint8_t *)text, strlen(text));
	settle();
}

static bool
has_replies(void *arg)
{
	const int *want = arg;

	settle();
	return replies >= *want;
}

/* Reply number n is text from host and port. */
static void
expect(int n, const char *host, uint16_t port, const char *text)
{
	char from[PROXYTARGET_TEXT_LEN];

	ck_assert(await(loop, has_replies, &n));
	ck_assert_int_eq(replies, n);
	ck_assert_str_eq(last_text, text);
	ck_assert_str_eq(proxytarget_host(&last_from, from), host);
	ck_assert_uint_eq(last_from.port, port);
}

/* --- what works ---------------------------------------------------------- */

START_TEST(to_hosts_and_directly)
{
	uint16_t port = addr_port(&echo_addr);

	say("office", 53, "a");
	expect(1, "office", 53, "a");
	say("lab", 53, "b");
	expect(2, "lab", 53, "b");
	say("direct", port, "c");
	expect(3, "direct", port, "c");
	say("office", 54, "d");
	expect(4, "office", 54, "d");
	say("office", 53, "e");
	expect(5, "office", 53, "e");
	/* One association a host, and one look for each target. */
	ck_assert_int_eq(far_count, 2);
	ck_assert_int_eq(reaches, 4);
	ck_assert_uint_eq(stats.sent, 5);
	ck_assert_uint_eq(stats.received, 5);
	courier_free(courier);
	courier = NULL;
	settle();
	ck_assert_int_eq(fars[0].resets + fars[1].resets, 2);
}
END_TEST

START_TEST(waits_for_the_way)
{
	reach_later = true;
	say("office", 53, "one");
	say("office", 53, "two");
	ck_assert_int_eq(reaches, 1);
	ck_assert_int_eq(replies, 0);
	decide(&later_target, later_done, later_arg);
	settle();
	expect(2, "office", 53, "two");
	/* One that is still looked for when all ends. */
	say("lab", 53, "three");
	courier_free(courier);
	courier = NULL;
	ck_assert_int_eq(cancelled, 1);
	ck_assert_uint_eq(stats.lost, 1);
}
END_TEST

START_TEST(no_way)
{
	say("nobody", 53, "a");
	ck_assert_int_eq(failures, 1);
	ck_assert_int_eq(last_code, CODE_HOST_UNKNOWN);
	/* Nobody is bothered again for a while. */
	say("nobody", 53, "a");
	ck_assert_int_eq(failures, 1);
	ck_assert_int_eq(reaches, 1);
	ck_assert_uint_eq(stats.lost, 2);
	say("office", 53, "b");
	expect(1, "office", 53, "b");
}
END_TEST

START_TEST(may_be_freed_by_a_failure)
{
	free_on_failure = true;
	say("nobody", 53, "a");
	ck_assert_ptr_null(courier);
}
END_TEST

/* A host that was restarted is asked again, one that refuses is not. */
START_TEST(hosts_that_end_and_that_refuse)
{
	say("office", 53, "a");
	expect(1, "office", 53, "a");
	stream_reset(fars[0].stream, CODE_GOING_DOWN, 0);
	settle();
	ck_assert_int_eq(failures, 0);
	say("office", 53, "b");
	expect(2, "office", 53, "b");
	ck_assert_int_eq(far_count, 2);
	far_code = CODE_TOO_MANY_STREAMS;
	say("lab", 53, "c");
	say("lab", 53, "d");
	ck_assert_int_eq(failures, 1);
	ck_assert_int_eq(last_code, CODE_TOO_MANY_STREAMS);
	ck_assert_int_eq(far_count, 3);
	ck_assert_int_eq(replies, 2);
}
END_TEST

/* A session that ends takes its associations along. */
START_TEST(sessions_end)
{
	say("office", 53, "a");
	expect(1, "office", 53, "a");
	session_fail(pair->opener.session, CODE_SESSION_LOST);
	say("office", 53, "b");
	ck_assert_int_eq(failures, 1);
	ck_assert_int_eq(replies, 1);
}
END_TEST

START_TEST(strays_are_dropped)
{
	static const struct dgram_address other = {
		.form = DGRAM_NAME,
		.port = 99,
	};

	say("office", 53, "a");
	expect(1, "office", 53, "a");
	association_send(
	    fars[0].stream, &other, (const uint8_t *)"x", 1, pair->now);
	settle();
	ck_assert_int_eq(replies, 1);
	ck_assert_uint_eq(stats.strays, 1);
}
END_TEST

START_TEST(everything_is_bounded)
{
	for (unsigned i = 0; i < COURIER_HOSTS_MAX + 4; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "host-%u", i);
		say(name, 53, "a");
	}
	ck_assert_int_eq(far_count, COURIER_HOSTS_MAX);
	ck_assert_int_eq(failures, 4);
	for (unsigned i = 1; i < 3 * COURIER_PEERS_MAX; i++) {
		say("host-1", (uint16_t)i, "b");
	}
	ck_assert_int_eq(far_count, COURIER_HOSTS_MAX);
}
END_TEST

START_TEST(short_of_memory)
{
	bool more = true;

	for (long n = 1; more; n++) {
		int had = replies;
		struct proxy_target to;

		memset(&to, 0, sizeof(to));
		(void)proxytarget_set_host(&to, "office", 6, 53);
		courier_free(courier);
		far_count = 0;
		settle();
		failalloc_after(n);
		courier = courier_new(loop, NULL, &stats, &courier_ops, NULL);
		if (courier != NULL) {
			courier_send(courier, &to, (const uint8_t *)"a", 1);
		}
		more = failalloc_hit();
		failalloc_off();
		settle();
		if (!more) {
			expect(had + 1, "office", 53, "a");
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("courier");
	TCase *tc = tcase_create("courier");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, to_hosts_and_directly);
	tcase_add_test(tc, waits_for_the_way);
	tcase_add_test(tc, no_way);
	tcase_add_test(tc, may_be_freed_by_a_failure);
	tcase_add_test(tc, hosts_that_end_and_that_refuse);
	tcase_add_test(tc, sessions_end);
	tcase_add_test(tc, strays_are_dropped);
	tcase_add_test(tc, everything_is_bounded);
	tcase_add_test(tc, short_of_memory);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
