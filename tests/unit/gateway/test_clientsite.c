/* SPDX-License-Identifier: ISC */
/* Clients that ask for the gateway's own pages. */

#include <stdio.h>
#include <string.h>

#include "common/addr.h"
#include "common/buf.h"
#include "common/io.h"
#include "gateway/client_impl.h"
#include "gateway/site.h"
#include "gateway/siteanswer.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/gateway/clientrig.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

static struct clientrig rig;
static int pages;
static size_t body_len;

/* A page of body_len bytes, or none. */
static int
answer(const struct site_request *request, struct buf *out, void *arg)
{
	static char body[SITEANSWER_BODY_MAX];

	ck_assert_ptr_eq(arg, &rig);
	pages++;
	memset(body, 'x', sizeof(body));
	return body_len == 0
		   ? -1
		   : siteanswer_write(request, "text/x", body, body_len, out);
}

static void
setup(void)
{
	clientrig_open(&rig);
	rig.pool.site = answer;
	ck_assert_ptr_eq(rig.pool.arg, &rig);
	pages = 0;
	body_len = 3;
	clientrig_connect(&rig, NULL);
}

static void
teardown(void)
{
	clientrig_close(&rig);
}

START_TEST(a_page)
{
	clientrig_say(&rig, GET("/metrics"));
	clientrig_expect_page(&rig, 200, "xxx");
	ck_assert_int_eq(pages, 1);
	ck_assert_int_eq(rig.reaches, 0);
	ck_assert_uint_eq(rig.pool.served, 0);
}
END_TEST

START_TEST(what_stands_behind_is_not_looked_at)
{
	clientrig_say(&rig, GET("/metrics") GET("/metrics"));
	clientrig_expect_page(&rig, 200, "xxx");
	ck_assert_int_eq(pages, 1);
}
END_TEST

/* To ourselves by ourselves would go round for ever. */
START_TEST(as_to_a_proxy_it_is_the_same)
{
	struct addr local;
	char at[ADDR_TEXT_LEN];
	char request[256];

	ck_assert_int_eq(io_local(clientrig_client(&rig)->io, &local), 0);
	(void)snprintf(request, sizeof(request),
	    "GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n",
	    addr_format(&local, at), at);
	clientrig_say(&rig, request);
	clientrig_expect_page(&rig, 200, "xxx");
	ck_assert_int_eq(rig.reaches, 0);
}
END_TEST

START_TEST(another_port_is_another_server)
{
	clientrig_say(&rig,
	    "GET http://localhost:1/ HTTP/1.1\r\nHost: localhost:1\r\n\r\n");
	ck_assert_int_eq(rig.reaches, 1);
	ck_assert_int_eq(pages, 0);
}
END_TEST

static const struct {
	const char *request;
	unsigned status;
	const char *words;
} refusals[] = {
	{ GET("/x"), 404, "no such page" },
	{ GET("/wpad.dat"), 404, "no such page" },
	{ "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
	    405, "Allow: GET, HEAD\r\n" },
	{ "GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
	  "Sec-Fetch-Site: cross-site\r\n\r\n",
	    403, "Pages of others" },
	{ "GET / HTTP/1.1\r\nHost: rebind.example\r\n\r\n", 421,
	    "is not \"rebind.example\"" },
	{ "GET / HTTP/1.0\r\n\r\n", 421, "is not \"no name\"" },
	{ "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 421,
	    "is not \"localhost\"" },
};

START_TEST(what_is_refused)
{
	clientrig_say(&rig, refusals[_i].request);
	clientrig_expect_page(&rig, refusals[_i].status, refusals[_i].words);
	ck_assert_int_eq(pages, 0);
	ck_assert_int_eq(rig.reaches, 0);
}
END_TEST

START_TEST(pages_are_for_this_machine)
{
	clientrig_client(&rig)->pass.outside = true;
	clientrig_say(&rig, GET("/"));
	clientrig_expect_page(&rig, 403, "for its own machine");
	ck_assert_int_eq(pages, 0);
}
END_TEST

START_TEST(who_may_not_come_in_gets_none)
{
	clientrig_client(&rig)->pass.verdict = GATE_OTHER_USER;
	rig.pool.refused++;
	clientrig_say(&rig, GET("/"));
	clientrig_expect_page(&rig, 403, "denied");
	ck_assert_int_eq(pages, 0);
}
END_TEST

START_TEST(a_page_that_cannot_be_made)
{
	body_len = 0;
	clientrig_say(&rig, GET("/"));
	clientrig_expect_page(&rig, 503, "inroad: overloaded");
}
END_TEST

START_TEST(no_memory_for_a_page)
{
	failalloc_after(1 + _i);
	clientrig_say(&rig, GET("/"));
	failalloc_off();
	ck_assert(failalloc_hit());
	clientrig_expect_clients(&rig, 0);
}
END_TEST

/* Slow readers hold some megabytes each, and only so many of them. */
START_TEST(pages_that_wait_are_counted)
{
	body_len = SITEANSWER_BODY_MAX;
	clientrig_say(&rig, GET("/"));
	ck_assert_uint_eq(rig.pool.pages, 1);
	clientrig_break(&rig);
	clientrig_settle(&rig);
	ck_assert_uint_eq(rig.pool.pages, 0);

	rig.pool.pages = CLIENT_PAGES_MAX;
	clientrig_connect(&rig, NULL);
	clientrig_say(&rig, GET("/"));
	clientrig_expect_page(&rig, 503, "inroad: overloaded");
	ck_assert_int_eq(pages, 1);
	ck_assert_uint_eq(rig.pool.pages, CLIENT_PAGES_MAX);
	rig.pool.pages = 0;
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gateway/clientsite");
	TCase *tcase = tcase_create("clientsite");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_page);
	tcase_add_test(tcase, what_stands_behind_is_not_looked_at);
	tcase_add_test(tcase, as_to_a_proxy_it_is_the_same);
	tcase_add_test(tcase, another_port_is_another_server);
	tcase_add_loop_test(tcase, what_is_refused, 0,
	    (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_test(tcase, pages_are_for_this_machine);
	tcase_add_test(tcase, who_may_not_come_in_gets_none);
	tcase_add_test(tcase, a_page_that_cannot_be_made);
	tcase_add_loop_test(tcase, no_memory_for_a_page, 0, 2);
	tcase_add_test(tcase, pages_that_wait_are_counted);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
