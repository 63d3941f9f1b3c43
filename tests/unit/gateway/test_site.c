/* SPDX-License-Identifier: ISC */

#include "gateway/site.h"

#include <stdio.h>
#include <string.h>

#include "gateway/httphead.h"
#include "gateway/www.h"
#include "tests/support/heads.h"
#include "tests/support/unit.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct httphead head;
static struct addr local;
static char text[2048];

static void
came_in_at(const char *address)
{
	if (strncmp(address, "unix:", 5) == 0) {
		ck_assert_int_eq(addr_from_path(&local, address + 5), 0);
	} else {
		ck_assert_int_eq(addr_parse(&local, address), 0);
	}
}

/* --- whether --------------------------------------------------------- */

static const struct {
	const char *local;
	const char *target;
	const char *host;
	bool asked;
} hosts[] = {
	{ "127.0.0.1:1080", "/", "127.0.0.1:1080", true },
	{ "127.0.0.1:1080", "/", "127.0.0.1", true },
	{ "127.0.0.1:1080", "/", "127.0.0.1:8888", true }, /* ssh -L */
	{ "127.0.0.1:1080", "/", "127.8.8.8:1080", true },
	{ "127.0.0.1:1080", "/", "[::1]:1080", true },
	{ "127.0.0.1:1080", "/", "localhost", true },
	{ "127.0.0.1:1080", "/", "LOCALHOST:1080", true },
	{ "127.0.0.1:1080", "/", "localhost.:1080", true },
	{ "127.0.0.1:1080", "/", "gateway.localhost:1080", true },
	{ "192.168.1.5:1080", "/", "192.168.1.5:1080", true },
	{ "[::ffff:192.168.1.5]:1080", "/", "192.168.1.5:1080", true },
	{ "[fd00::5]:1080", "/", "[fd00::5]:1080", true },
	{ "unix:/run/x", "/", "localhost", true },
	/* Names that somebody can lead to us, and addresses that are not. */
	{ "127.0.0.1:1080", "/", "evil.example:1080", false },
	{ "127.0.0.1:1080", "/", "127.0.0.1.evil.example", false },
	{ "127.0.0.1:1080", "/", "localhost.evil.example", false },
	{ "127.0.0.1:1080", "/", "evil-localhost", false },
	{ "127.0.0.1:1080", "/", "office.localhost:1080", false },
	{ "127.0.0.1:1080", "/", "x.gateway.localhost:1080", false },
	{ "127.0.0.1:1080", "/", "gateway", false },
	{ "127.0.0.1:1080", "/", "wpad", false },
	{ "127.0.0.1:1080", "/", "0.0.0.0:1080", false },
	{ "127.0.0.1:1080", "/", "[::]:1080", false },
	{ "127.0.0.1:1080", "/", "192.168.1.5:1080", false },
	{ "192.168.1.5:1080", "/", "192.168.1.6:1080", false },
	{ "[fd00::5]:1080", "/", "192.168.1.5", false },
	{ "unix:/run/x", "/", "192.168.1.5", false },
	/* As to a proxy: ports of others are others. */
	{ "127.0.0.1:1080", "http://127.0.0.1:1080/", "127.0.0.1:1080", true },
	{ "127.0.0.1:1080", "http://localhost:1080", "localhost:1080", true },
	{ "127.0.0.1:80", "http://[::1]/", "[::1]", true },
	{ "127.0.0.1:1080", "http://127.0.0.1:8080/", "127.0.0.1:8080", false },
	{ "127.0.0.1:1080", "http://localhost/", "localhost", false },
	{ "127.0.0.1:1080", "http://evil.example:1080/", "evil.example:1080",
	    false },
	{ "unix:/run/x", "http://localhost/", "localhost", false },
};

START_TEST(who_is_asked)
{
	(void)snprintf(text, sizeof(text),
	    "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", hosts[_i].target,
	    hosts[_i].host);
	heads_request(&head, text);
	came_in_at(hosts[_i].local);
	ck_assert_msg(site_is_asked(&head, &local) == hosts[_i].asked,
	    "%s, %s, at %s", hosts[_i].target, hosts[_i].host, hosts[_i].local);
}
END_TEST

START_TEST(a_request_that_does_not_say_is_for_nobody)
{
	heads_request(&head, "GET / HTTP/1.0\r\n\r\n");
	came_in_at("127.0.0.1:1080");
	ck_assert(!site_is_asked(&head, &local));
	heads_request(
	    &head, "OPTIONS * HTTP/1.1\r\nHost: localhost:1080\r\n\r\n");
	ck_assert(!site_is_asked(&head, &local));
	heads_request(&head,
	    "CONNECT 127.0.0.1:1080 HTTP/1.1\r\nHost: 127.0.0.1:1080\r\n\r\n");
	ck_assert(!site_is_asked(&head, &local));
}
END_TEST

/* --- which ----------------------------------------------------------- */

/* Parses a request with these fields; returns its status. */
static unsigned
parse(const char *method, const char *path, const char *fields,
    struct site_request *request)
{
	const char *why = NULL;
	unsigned status;

	(void)snprintf(text, sizeof(text),
	    "%s %s HTTP/1.1\r\nHost: 127.0.0.1:1080\r\n%s\r\n", method, path,
	    fields);
	heads_request(&head, text);
	status = site_parse(&head, &local, request, &why);
	ck_assert_int_eq(why != NULL, status != 200);
	ck_assert_int_eq(request->head, strcmp(method, "HEAD") == 0);
	return status;
}

static const struct {
	const char *path;
	int page; /* -1: there is none */
} paths[] = {
	{ "/", SITE_HOME },
	{ "/?", SITE_HOME },
	{ "/?x=1", SITE_HOME },
	{ "http://127.0.0.1:1080", SITE_HOME },
	{ "http://127.0.0.1:1080?x", SITE_HOME },
	{ "/proxy.pac", SITE_PAC },
	{ "/proxy.pac?1", SITE_PAC },
	{ "/metrics", SITE_METRICS },
	{ "/api/v1/status", SITE_STATUS },
	{ "/api/v1/failures", SITE_FAILURES },
	{ "/api/v1/throughput", SITE_THROUGHPUT },
	{ "/style.css", SITE_FILE },
	{ "/page.js", SITE_FILE },
	{ "/wpad.dat", -1 },
	{ "/favicon.ico", -1 },
	{ "/metrics/", -1 },
	{ "/METRICS", -1 },
	{ "//", -1 },
	{ "/%70roxy.pac", -1 },
	{ "/../metrics", -1 },
	{ "/home.html", -1 }, /* not filled in */
	{ "/embed", -1 },
};

START_TEST(which_page)
{
	struct site_request request;
	unsigned status;

	came_in_at("127.0.0.1:1080");
	status = parse("GET", paths[_i].path, "", &request);
	if (paths[_i].page < 0) {
		ck_assert_uint_eq(status, 404);
		return;
	}
	ck_assert_uint_eq(status, 200);
	ck_assert_int_eq((int)request.page, paths[_i].page);
	ck_assert_int_eq(request.file != NULL, request.page == SITE_FILE);
	ck_assert_uint_eq(request.port, 1080);
	ck_assert(addr_equal(&request.local, &local));
	ck_assert_uint_eq(parse("HEAD", paths[_i].path, "", &request), 200);
}
END_TEST

static const char *const methods[] = { "POST", "PUT", "DELETE", "OPTIONS",
	"get", "TRACE" };

START_TEST(pages_are_only_read)
{
	struct site_request request;

	came_in_at("127.0.0.1:1080");
	ck_assert_uint_eq(parse(methods[_i], "/", "", &request), 405);
	ck_assert_uint_eq(parse(methods[_i], "/x", "", &request), 405);
}
END_TEST

static const struct {
	const char *query;
	uint64_t from;
} queries[] = {
	{ "", 0 },
	{ "?", 0 },
	{ "?from=", 0 },
	{ "?from=0", 0 },
	{ "?from=1234", 1234 },
	{ "?from=999999999999999", 999999999999999 },
	{ "?from=99999999999999999999999999", 0 },
	{ "?from=12x", 0 },
	{ "?from=-1", 0 },
	{ "?from=1&x", 0 },
	{ "?fro=1", 0 },
	{ "?From=1", 0 },
};

START_TEST(from_which_second)
{
	struct site_request request;
	char path[128];

	came_in_at("127.0.0.1:1080");
	(void)snprintf(
	    path, sizeof(path), "/api/v1/throughput%s", queries[_i].query);
	ck_assert_uint_eq(parse("GET", path, "", &request), 200);
	ck_assert_uint_eq(request.from, queries[_i].from);
}
END_TEST

START_TEST(no_pac_file_for_a_unix_socket)
{
	struct site_request request;

	came_in_at("unix:/run/x");
	ck_assert_uint_eq(parse("GET", "/proxy.pac", "", &request), 404);
	ck_assert_uint_eq(parse("GET", "/metrics", "", &request), 200);
}
END_TEST

/* --- for whom -------------------------------------------------------- */

#define NAVIGATION "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"

static const struct {
	const char *fields;
	bool page; /* gets the page, */
	bool rest; /* and everything else */
} senders[] = {
	{ "", true, true },
	{ "Sec-Fetch-Site: none\r\n" NAVIGATION, true, true },
	{ "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n", true,
	    true },
	{ "Origin: http://127.0.0.1:1080\r\n", true, true },
	/* A link on a page of others leads to the page, and nowhere else. */
	{ "Sec-Fetch-Site: cross-site\r\n" NAVIGATION, true, false },
	{ "Sec-Fetch-Site: same-site\r\n" NAVIGATION, true, false },
	{ "Sec-Fetch-Site: cross-site\r\n", false, false },
	{ "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\n", false,
	    false },
	{ "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n"
	  "Sec-Fetch-Dest: script\r\n",
	    false, false },
	{ "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
	  "Sec-Fetch-Dest: iframe\r\n",
	    false, false },
	{ "Sec-Fetch-Site: what-is-this\r\n", false, false },
	{ "Origin: http://evil.example\r\n", false, false },
	{ "Origin: http://127.0.0.1:1081\r\n", false, false },
	{ "Origin: https://127.0.0.1:1080\r\n", false, false },
	{ "Origin: null\r\n", false, false },
	{ "Origin: \r\n", false, false },
};

START_TEST(who_may_read_what)
{
	static const char *const rest[] = { "/proxy.pac", "/metrics",
		"/api/v1/status", "/api/v1/failures", "/api/v1/throughput",
		"/page.js" };
	struct site_request request;

	came_in_at("127.0.0.1:1080");
	ck_assert_uint_eq(parse("GET", "/", senders[_i].fields, &request),
	    senders[_i].page ? 200 : 403);
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
		ck_assert_uint_eq(
		    parse("GET", rest[i], senders[_i].fields, &request),
		    senders[_i].rest ? 200 : 403);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gateway/site");
	TCase *tcase = tcase_create("site");

	tcase_add_loop_test(tcase, who_is_asked, 0, COUNT(hosts));
	tcase_add_test(tcase, a_request_that_does_not_say_is_for_nobody);
	tcase_add_loop_test(tcase, which_page, 0, COUNT(paths));
	tcase_add_loop_test(tcase, pages_are_only_read, 0, COUNT(methods));
	tcase_add_loop_test(tcase, from_which_second, 0, COUNT(queries));
	tcase_add_test(tcase, no_pac_file_for_a_unix_socket);
	tcase_add_loop_test(tcase, who_may_read_what, 0, COUNT(senders));
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
