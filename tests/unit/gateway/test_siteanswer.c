/* SPDX-License-Identifier: ISC */

#include "gateway/siteanswer.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "gateway/site.h"
#include "tests/support/heads.h"
#include "tests/support/unit.h"
#include "tests/support/written.h"

static int
write_answer(struct buf *out, const void *request)
{
	return siteanswer_write(request, "text/css", "body", 4, out);
}

START_TEST(an_answer_in_full)
{
	const struct site_request request = { .page = SITE_FILE };
	char *text = written(write_answer, &request);

	ck_assert_str_eq(text,
	    "HTTP/1.1 200 OK\r\n"
	    "Proxy-Status: inroad\r\n"
	    "Content-Type: text/css\r\n"
	    "Content-Length: 4\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Security-Policy: default-src 'none'; script-src 'self'; "
	    "style-src 'self'; img-src 'self'; connect-src 'self'; "
	    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
	    "Cross-Origin-Opener-Policy: same-origin\r\n"
	    "Cross-Origin-Resource-Policy: same-origin\r\n"
	    "Referrer-Policy: no-referrer\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Connection: close\r\n"
	    "\r\n"
	    "body");
	ck_assert_uint_lt(strlen(text) - 4, SITEANSWER_HEAD_MAX);
	free(text);
}
END_TEST

START_TEST(only_the_head)
{
	const struct site_request whole = { .page = SITE_HOME };
	const struct site_request request = { .page = SITE_HOME, .head = true };
	char *all = written(write_answer, &whole);
	char *text = written(write_answer, &request);
	struct httphead head;

	heads_response(&head, text);
	ck_assert_uint_eq(head.len, strlen(text));
	ck_assert_uint_eq(head.length, 4);
	ck_assert_mem_eq(all, text, strlen(text));
	ck_assert_str_eq(all + strlen(text), "body");
	free(text);
	free(all);
}
END_TEST

START_TEST(a_pac_file_may_be_asked_for_again)
{
	const struct site_request request = { .page = SITE_PAC };
	char *text = written(write_answer, &request);

	ck_assert_ptr_nonnull(strstr(text, "\r\nCache-Control: no-cache\r\n"));
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gateway/siteanswer");
	TCase *tcase = tcase_create("siteanswer");

	tcase_add_test(tcase, an_answer_in_full);
	tcase_add_test(tcase, only_the_head);
	tcase_add_test(tcase, a_pac_file_may_be_asked_for_again);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
