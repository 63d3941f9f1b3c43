/* SPDX-License-Identifier: ISC */
/* A UDP forward whose target is a socket on loopback; see clientrig.h. */

#include "gateway/udpforward.h"

#include <string.h>

#include "common/addr.h"
#include "common/fault.h"
#include "common/udpsock.h"
#include "gateway/failures.h"
#include "gateway/gate.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/gateway/clientrig.h"

/* Somebody who sends. */
struct user {
	struct udpsock *sock;
	int answers;
	char text[32];
};

static struct clientrig rig;
static struct udpsock *echo;
static struct udpforward *forward;
static struct addr address; /* of forward */
static struct proxy_target target;
static struct fault fault;

static void
on_echo(void *arg, const struct addr *from, const uint8_t *data, size_t len)
{
	(void)arg;
	(void)udpsock_send(echo, from, data, len);
}

static const struct udpsock_ops echo_ops = { .datagram = on_echo };

static void
on_answer(void *arg, const struct addr *from, const uint8_t *data, size_t len)
{
	struct user *user = arg;

	ck_assert(addr_equal(from, &address));
	ck_assert_uint_lt(len, sizeof(user->text));
	user->answers++;
	memcpy(user->text, data, len);
	user->text[len] = '\0';
}

static const struct udpsock_ops user_ops = { .datagram = on_answer };

static struct addr
loopback(void)
{
	struct addr addr;

	ck_assert_int_eq(addr_from_ip(&addr, "127.0.0.1", 0), 0);
	return addr;
}

static void
setup(void)
{
	struct addr any = loopback();

	clientrig_open(&rig);
	rig.direct = true;
	echo = udpsock_new(rig.loop, &any, &echo_ops, NULL);
	ck_assert_int_eq(udpsock_address(echo, &rig.direct_to), 0);
	memset(&target, 0, sizeof(target));
	ck_assert_int_eq(proxytarget_set_host(&target, "office", 6, 53), 0);
	forward = udpforward_new(&rig.pool, &any, &target, &fault);
	ck_assert_ptr_nonnull(forward);
	udpforward_address(forward, &address);
}

static void
teardown(void)
{
	udpforward_free(forward);
	udpsock_close(echo);
	clientrig_close(&rig);
}

static void
begin(struct user *user)
{
	struct addr any = loopback();

	memset(user, 0, sizeof(*user));
	user->sock = udpsock_new(rig.loop, &any, &user_ops, user);
	ck_assert_ptr_nonnull(user->sock);
}

static void
say(struct user *user, const char *text)
{
	ck_assert_int_eq(udpsock_send(user->sock, &address,
			     (const uint8_t *)text, strlen(text)),
	    0);
	clientrig_settle(&rig);
}

static void
expect(struct user *user, int n, const char *text)
{
	ck_assert(await_count(rig.loop, &user->answers, n));
	ck_assert_int_eq(user->answers, n);
	ck_assert_str_eq(user->text, text);
}

START_TEST(everybody_gets_the_own_answers)
{
	struct user a;
	struct user b;

	begin(&a);
	begin(&b);
	say(&a, "a");
	say(&b, "b");
	expect(&a, 1, "a");
	expect(&b, 1, "b");
	say(&a, "aa");
	expect(&a, 2, "aa");
	ck_assert_uint_eq(udpforward_count(forward), 2);
	ck_assert_str_eq(rig.asked.name, "office");
	ck_assert_uint_eq(rig.asked.port, 53);
	udpsock_close(a.sock);
	udpsock_close(b.sock);
}
END_TEST

START_TEST(leads_elsewhere)
{
	struct user a;

	begin(&a);
	say(&a, "a");
	expect(&a, 1, "a");
	target.port = 54;
	udpforward_set_target(forward, &target);
	say(&a, "b");
	expect(&a, 2, "b");
	ck_assert_uint_eq(rig.asked.port, 54);
	udpsock_close(a.sock);
}
END_TEST

START_TEST(clients_are_bounded)
{
	struct user first;

	begin(&first);
	say(&first, "a");
	expect(&first, 1, "a");
	for (int i = 0; i < UDPFORWARD_CLIENTS_MAX + 3; i++) {
		struct user other;

		begin(&other);
		say(&other, "x");
		expect(&other, 1, "x");
		udpsock_close(other.sock);
	}
	ck_assert_uint_eq(udpforward_count(forward), UDPFORWARD_CLIENTS_MAX);
	/* Who was forgotten comes back. */
	say(&first, "b");
	expect(&first, 2, "b");
	udpsock_close(first.sock);
}
END_TEST

START_TEST(who_is_quiet_is_forgotten)
{
	uint64_t idle = (uint64_t)UDPFORWARD_IDLE * LIMITS_SEC;
	struct user a;

	begin(&a);
	say(&a, "a");
	expect(&a, 1, "a");
	udpforward_look(forward, loop_now(rig.loop) + idle / 2);
	ck_assert_uint_eq(udpforward_count(forward), 1);
	udpforward_look(forward, loop_now(rig.loop) + idle);
	ck_assert_uint_eq(udpforward_count(forward), 0);
	say(&a, "b");
	expect(&a, 2, "b");
	udpsock_close(a.sock);
}
END_TEST

START_TEST(failures_are_kept)
{
	struct user a;

	rig.code = CODE_HOST_OFFLINE;
	begin(&a);
	say(&a, "a");
	say(&a, "a");
	ck_assert_int_eq(rig.reaches, 1);
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_FORWARD, CODE_HOST_OFFLINE), 1);
	udpsock_close(a.sock);
}
END_TEST

START_TEST(the_gate_is_asked)
{
	struct gate_rules rules = { .every_user = false };
	struct gate *gate = gate_new(&rules);
	struct user a;

	rig.pool.gate = gate;
	begin(&a);
	say(&a, "a");
	expect(&a, 1, "a");
	udpsock_close(a.sock);
	rig.pool.gate = NULL;
	gate_free(gate);
}
END_TEST

START_TEST(an_address_that_is_taken)
{
	ck_assert_ptr_null(
	    udpforward_new(&rig.pool, &address, &target, &fault));
	ck_assert_ptr_nonnull(strstr(fault.text, "udp:127.0.0.1:"));
	ck_assert_ptr_nonnull(strstr(fault.text, "in use"));
}
END_TEST

START_TEST(short_of_memory)
{
	struct addr any = loopback();
	struct user a;
	bool more = true;

	for (long n = 1; more; n++) {
		struct udpforward *other;

		failalloc_after(n);
		other = udpforward_new(&rig.pool, &any, &target, &fault);
		more = failalloc_hit();
		failalloc_off();
		ck_assert(more == (other == NULL));
		udpforward_free(other);
	}
	more = true;
	for (long n = 1; more; n++) {
		begin(&a);
		failalloc_after(n);
		say(&a, "a");
		more = failalloc_hit();
		failalloc_off();
		udpsock_close(a.sock);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("udpforward");
	TCase *tc = tcase_create("udpforward");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, everybody_gets_the_own_answers);
	tcase_add_test(tc, leads_elsewhere);
	tcase_add_test(tc, clients_are_bounded);
	tcase_add_test(tc, who_is_quiet_is_forgotten);
	tcase_add_test(tc, failures_are_kept);
	tcase_add_test(tc, the_gate_is_asked);
	tcase_add_test(tc, an_address_that_is_taken);
	tcase_add_test(tc, short_of_memory);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
