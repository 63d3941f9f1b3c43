/* SPDX-License-Identifier: ISC */
/* Messages that come to an agent, up to their receipt. */
#include "agent/post.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/program.h"
#include "common/inbox.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/acceptor.h"
#include "protocol/endpoint.h"
#include "protocol/joinstring.h"
#include "protocol/membership.h"
#include "protocol/session.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/pair.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

static char directory[TEMPDIR_LEN];
static char script[TEMPDIR_LEN];
static struct loop *loop;
static struct endpoint *endpoint;
static struct post *post;
static struct pair *pair; /* the session that texts come in */

/* Return a join string for the agent "office" of alice, for mem_free(). */
static char *
invitation(void)
{
	static char string[JOINSTRING_MAX + 1];
	struct membership membership = {
		.role = LINKHELLO_AGENT,
		.user = "alice",
		.name = "office",
		.has_token = true,
		.key_kind = MEMBERSHIP_KEY_HOST,
		.epoch = 1,
	};

	membership.relay_public[0] = 9;
	ck_assert_int_eq(
	    membership_add_relay(&membership, "127.0.0.1:1", 11), 0);
	ck_assert_uint_gt(joinstring_encode(&membership, string), 0);
	return string;
}

static void
setup(void)
{
	static const struct endpoint_ops ops = { .up = NULL };
	struct endpoint_config config = {
		.role = LINKHELLO_AGENT,
		.state = directory,
		.ops = &ops,
	};
	int status = 0;

	log_set_level(LOG_LEVEL_ERROR);
	tempdir_new(directory);
	(void)tempdir_file(directory, "script", script);
	config.join = invitation();
	loop = loop_new();
	endpoint = endpoint_new(loop, &config, &status);
	ck_assert_ptr_nonnull(endpoint);
	ck_assert_ptr_nonnull(endpoint_membership(endpoint));
	post = post_new(loop, endpoint);
	pair = pair_new(NULL);
	ck_assert(post != NULL && pair != NULL);
	pair->acceptor.hold_texts = true;
}

static void
teardown(void)
{
	post_free(post);
	post_free(NULL);
	endpoint_free(endpoint);
	pair_free(pair);
	loop_free(loop);
	tempdir_remove(directory);
}

/* A gateway sends "hello", which comes to the post. */
static void
send_hello(void)
{
	struct acceptor_letter letter = {
		.session = pair->acceptor.session,
		.user = "alice",
		.device = "laptop",
		.text = "hello",
		.len = 5,
	};

	ck_assert_uint_ne(
	    session_send_text(pair->opener.session, "hello", 5, pair->now), 0);
	pair_settle(pair);
	letter.number = pair->acceptor.text_number;
	post_text(post, &letter);
}

static bool
is_answered(void *arg)
{
	const unsigned *wanted = arg;

	pair_settle(pair);
	return pair->opener.receipts >= *wanted;
}

/* The gateway hears that, as receipt number n. */
static void
expect(unsigned n, enum code code, const char *text)
{
	ck_assert(await(loop, is_answered, &n));
	ck_assert_uint_eq(pair->opener.receipts, n);
	ck_assert_int_eq(pair->opener.receipt_code, code);
	ck_assert_str_eq(pair->opener.receipt_text, text);
}

static void
set_script(const char *lines)
{
	const char *words[] = { script };
	char text[256];

	(void)snprintf(
	    text, sizeof(text), "#!/bin/sh\ncd %s\n%s\n", directory, lines);
	tempdir_write(script, text);
	ck_assert_int_eq(chmod(script, 0700), 0);
	post_configure(post, program_words(words, 1));
}

START_TEST(without_anybody_it_is_refused)
{
	send_hello();
	expect(1, CODE_TEXT_REFUSED, "nobody listens there");
}
END_TEST

START_TEST(a_program_decides)
{
	set_script("test \"$INROAD_HOST $(cat)\" = 'office hello'");
	send_hello();
	expect(1, CODE_OK, "");
	set_script("exit 3");
	send_hello();
	expect(2, CODE_TEXT_REFUSED, "its program refused it (exit status 3)");
	post_configure(post, NULL);
	send_hello();
	expect(3, CODE_TEXT_REFUSED, "nobody listens there");
}
END_TEST

static bool
is_done(void *arg)
{
	return access(arg, F_OK) == 0;
}

/* Nobody is answered whose session is over; the program goes on. */
START_TEST(a_session_may_end_meanwhile)
{
	char path[TEMPDIR_LEN];

	set_script("while test ! -e go; do sleep 0.02; done; touch done");
	send_hello();
	post_over(post, pair->acceptor.session);
	pair_free(pair);
	pair = pair_new(NULL);
	tempdir_write(tempdir_file(directory, "go", path), "");
	ck_assert(await(loop, is_done, tempdir_file(directory, "done", path)));
	/* Its end is looked at, and the next one is taken. */
	pair->acceptor.hold_texts = true;
	set_script("exit 0");
	send_hello();
	expect(1, CODE_OK, "");
}
END_TEST

START_TEST(the_end_comes_while_it_runs)
{
	set_script("sleep 300");
	send_hello();
}
END_TEST

START_TEST(short_of_memory)
{
	unsigned refused = 0;

	set_script("exit 0");
	for (long n = 1; n <= 2; n++) {
		struct acceptor_letter letter = {
			.session = pair->acceptor.session,
			.user = "alice",
			.device = "laptop",
			.text = "hello",
			.len = 5,
		};

		ck_assert_uint_ne(session_send_text(pair->opener.session,
				      "hello", 5, pair->now),
		    0);
		pair_settle(pair);
		letter.number = pair->acceptor.text_number;
		failalloc_after(n);
		post_text(post, &letter);
		failalloc_off();
		expect(++refused, CODE_OVERLOADED, "");
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("agent/post");
	TCase *tcase = tcase_create("post");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, without_anybody_it_is_refused);
	tcase_add_test(tcase, a_program_decides);
	tcase_add_test(tcase, a_session_may_end_meanwhile);
	tcase_add_test(tcase, the_end_comes_while_it_runs);
	tcase_add_test(tcase, short_of_memory);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
