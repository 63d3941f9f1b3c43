/* SPDX-License-Identifier: ISC */

#include "gateway/direct.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/loop.h"
#include "protocol/conduit.h"
#include "protocol/stream.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

static struct loop *loop;
static struct direct *direct;

/* An owner, and what it was told. */
struct owner {
	struct conduit *conduit;
	bool told;
	bool reset;
	struct stream_opened opened;
};

static void
let_go(struct owner *owner)
{
	struct conduit *conduit = owner->conduit;

	owner->conduit = NULL;
	conduit_release(conduit);
}

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	struct owner *owner = arg;

	owner->told = true;
	owner->opened = *opened;
	if (opened->code != CODE_OK) {
		let_go(owner);
	}
}

static void
on_reset(void *arg, enum code code, int error)
{
	struct owner *owner = arg;

	(void)error;
	owner->reset = true;
	owner->opened.code = code;
	let_go(owner);
}

static const struct stream_ops ops = {
	.opened = on_opened,
	.reset = on_reset,
};

static void
setup(void)
{
	loop = loop_new();
	direct = direct_new(loop);
	ck_assert_ptr_nonnull(direct);
}

static void
teardown(void)
{
	direct_free(direct);
	direct = NULL;
	loop_free(loop);
}

static void
open_to(struct owner *owner, const struct addr *addrs, size_t count)
{
	owner->conduit =
	    direct_open(direct, "example.com:80", addrs, count, &ops, owner);
	ck_assert_ptr_nonnull(owner->conduit);
	ck_assert(!owner->told);
}

START_TEST(connected)
{
	struct owner owner = { 0 };
	struct addr addr;
	int listener = netpair_listen(AF_INET, &addr);

	open_to(&owner, &addr, 1);
	ck_assert_uint_eq(direct_count(direct), 1);
	ck_assert(await_flag(loop, &owner.told));
	ck_assert_int_eq(owner.opened.code, CODE_OK);
	ck_assert_uint_eq(owner.opened.address_len, 4);
	ck_assert_uint_eq(owner.opened.port, addr_port(&addr));
	let_go(&owner);
	ck_assert_uint_eq(direct_count(direct), 0);
	close(listener);
}
END_TEST

START_TEST(refused)
{
	struct owner owner = { 0 };
	struct addr addr;
	int holder = netpair_closed_port(AF_INET, &addr);

	open_to(&owner, &addr, 1);
	ck_assert(await_flag(loop, &owner.told));
	ck_assert_int_eq(owner.opened.code, CODE_DIRECT_FAILED);
	ck_assert_int_eq(owner.opened.error, ECONNREFUSED);
	ck_assert_str_eq(owner.opened.text,
	    "example.com:80 is not one of your hosts, and going there directly "
	    "failed (nothing listens there).");
	ck_assert_uint_eq(direct_count(direct), 0);
	close(holder);
}
END_TEST

START_TEST(the_second_address_will_do)
{
	struct owner owner = { 0 };
	struct addr addrs[2];
	int holder = netpair_closed_port(AF_INET, &addrs[0]);
	int listener = netpair_listen(AF_INET, &addrs[1]);

	open_to(&owner, addrs, 2);
	ck_assert(await_flag(loop, &owner.told));
	ck_assert_int_eq(owner.opened.code, CODE_OK);
	let_go(&owner);
	close(holder);
	close(listener);
}
END_TEST

START_TEST(cancelled)
{
	struct owner owner = { 0 };
	struct addr addr;
	int fds[3];

	ck_assert_int_eq(netpair_black_hole(fds, &addr), 0);
	open_to(&owner, &addr, 1);
	loop_poll(loop);
	let_go(&owner);
	ck_assert_uint_eq(direct_count(direct), 0);
	loop_poll(loop);
	ck_assert(!owner.told);
	for (size_t i = 0; i < 3; i++) {
		close(fds[i]);
	}
}
END_TEST

START_TEST(all_end_with_it)
{
	struct owner owners[2] = { { 0 }, { 0 } };
	struct addr addr;
	int listener = netpair_listen(AF_INET, &addr);

	open_to(&owners[0], &addr, 1);
	ck_assert(await_flag(loop, &owners[0].told));
	open_to(&owners[1], &addr, 1);
	direct_free(direct);
	direct = NULL;
	for (size_t i = 0; i < 2; i++) {
		ck_assert(owners[i].reset);
		ck_assert_int_eq(owners[i].opened.code, CODE_GOING_DOWN);
	}
	close(listener);
}
END_TEST

START_TEST(no_more_than_that_many_dials)
{
	static struct owner owners[DIRECT_DIALS_MAX];
	struct owner late = { 0 };
	struct addr addr;
	int fds[3];

	ck_assert_int_eq(netpair_black_hole(fds, &addr), 0);
	for (size_t i = 0; i < DIRECT_DIALS_MAX; i++) {
		owners[i].conduit = direct_open(
		    direct, "example.com:80", &addr, 1, &ops, &owners[i]);
		ck_assert_ptr_nonnull(owners[i].conduit);
	}
	ck_assert_ptr_null(
	    direct_open(direct, "late:1", &addr, 1, &ops, &late));
	let_go(&owners[0]);
	open_to(&late, &addr, 1);
	let_go(&late);
	for (size_t i = 1; i < DIRECT_DIALS_MAX; i++) {
		if (owners[i].conduit != NULL) {
			let_go(&owners[i]);
		}
	}
	ck_assert_uint_eq(direct_count(direct), 0);
	for (size_t i = 0; i < 3; i++) {
		close(fds[i]);
	}
}
END_TEST

START_TEST(without_memory)
{
	struct owner owner = { 0 };
	struct addr addr;
	int listener = netpair_listen(AF_INET, &addr);

	for (long n = 1;; n++) {
		bool failed;

		failalloc_after(n);
		owner.conduit = direct_open(
		    direct, "example.com:80", &addr, 1, &ops, &owner);
		failed = failalloc_hit();
		failalloc_off();
		if (!failed) {
			break;
		}
		ck_assert_ptr_null(owner.conduit);
		ck_assert_uint_eq(direct_count(direct), 0);
	}
	ck_assert_ptr_nonnull(owner.conduit);
	/* And none when it is connected. */
	failalloc_forever_after(1);
	while (!owner.told) {
		loop_poll(loop);
	}
	failalloc_off();
	ck_assert_int_eq(owner.opened.code, CODE_DIRECT_FAILED);
	ck_assert_int_eq(owner.opened.error, ENOMEM);
	close(listener);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("direct");
	TCase *tc = tcase_create("direct");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, connected);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, the_second_address_will_do);
	tcase_add_test(tc, cancelled);
	tcase_add_test(tc, all_end_with_it);
	tcase_add_test(tc, no_more_than_that_many_dials);
	tcase_add_test(tc, without_memory);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
