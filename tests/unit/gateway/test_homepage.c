/* SPDX-License-Identifier: ISC */

#include "gateway/homepage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/inbox.h"
#include "common/loop.h"
#include "gateway/site.h"
#include "tests/support/sampleview.h"
#include "tests/support/unit.h"
#include "tests/support/written.h"

static struct sampleview sample;
static struct overview *overview;
static struct site_request request;

static void
setup(void)
{
	overview = sampleview_make(&sample);
	request = (struct site_request){ .port = 1080 };
	ck_assert_int_eq(addr_parse(&request.local, "127.0.0.1:1080"), 0);
}

static void
teardown(void)
{
	sampleview_free(&sample);
}

static int
write_page(struct buf *out, const void *arg)
{
	(void)arg;
	return homepage_write(overview, &request, out);
}

/* Asserts that the page has words, or has them not. */
static void
check_words(const char *words, bool there)
{
	struct buf *out = buf_new(1 << 20);
	const uint8_t *data;
	size_t len;

	ck_assert_int_eq(write_page(out, NULL), 0);
	data = buf_peek(out, &len);
	ck_assert_msg(
	    (memmem(data, len, words, strlen(words)) != NULL) == there,
	    "%s \"%s\" in %.*s", there ? "no" : "there is", words, (int)len,
	    (const char *)data);
	buf_free(out);
}

static void
has(const char *words)
{
	check_words(words, true);
}

static void
has_not(const char *words)
{
	check_words(words, false);
}

/* Asserts that the page has a, and b behind it. */
static void
comes_before(const char *a, const char *b)
{
	char *text = written(write_page, NULL);
	const char *at = strstr(text, a);

	ck_assert_ptr_nonnull(at);
	ck_assert_ptr_nonnull(strstr(at, b));
	free(text);
}

START_TEST(it_is_whole_or_told)
{
	char *text = written(write_page, NULL);

	ck_assert_int_eq(strncmp(text, "<!doctype html>", 15), 0);
	ck_assert_str_eq(text + strlen(text) - 8, "</html>\n");
	ck_assert_ptr_null(strstr(text, "{{"));
	ck_assert_ptr_null(strstr(text, "}}"));
	free(text);
}
END_TEST

START_TEST(the_link_when_it_is_up)
{
	has("class=\"link good\"");
	has(">Connected to relay.example.net:7000<");
	has("for 2 h, round trip 24.0 ms, <a "
	    "href=\"http://relay.localhost:1080/\">its page</a><");
	has("5 local connections, 3 streams to hosts, 3 requests since the "
	    "start, <a href=\"#failures\">1 failed</a><");
	has("gateway 0.1.0, up 2 h<");
	overview->clients = overview->streams = 1;
	has("1 local connection, 1 stream to hosts, ");
	sample.outcomes = (struct outcomes){ 0 };
	has_not("failed</a>");
}
END_TEST

START_TEST(the_link_when_it_is_down)
{
	overview->link.up = false;
	overview->link.code = CODE_RELAY_UNREACHABLE;
	(void)snprintf(overview->link.text, sizeof(overview->link.text),
	    "Timed out <here>.");
	overview->link_for_ns = 90 * UINT64_C(1000000000);
	overview->retry_in_ns = 8 * UINT64_C(1000000000);
	has("class=\"link bad\"");
	has(">No connection to relay.example.net:7000<");
	has("<p>Timed out &lt;here&gt;.</p>");
	has("Down for 90 s, next try in 8 s. <small>relay-unreachable</small>");
	overview->retry_in_ns = 0;
	has("Down for 90 s, trying again now. <small>");
	has_not("next try");
}
END_TEST

START_TEST(before_it_joined)
{
	overview->link.up = false;
	overview->link.code = CODE_NOT_JOINED;
	overview->hosts_known = false;
	overview->host_count = 0;
	has("class=\"link idle\"");
	has(">Not joined yet<");
	has("<code>inroad join ");
	has("The relay tells which hosts there are");
	has_not("inroad invite");
	has("http://office.localhost:1080/");
}
END_TEST

START_TEST(no_hosts_yet)
{
	overview->host_count = 0;
	has("<code>inroad invite NAME</code>");
	has_not("<table");
}
END_TEST

START_TEST(hosts)
{
	has("<small>1 of 3 online</small>");
	has("<a href=\"http://office.localhost:1080/\">office</a></th>\n"
	    "<td role=\"cell\" class=\"state\"><span class=\"dot good\">"
	    "</span>online</td>\n"
	    "<td role=\"cell\" data-label=\"round trip\">41.5 ms</td>\n"
	    "<td role=\"cell\" data-label=\"streams\">2</td>\n"
	    "<td role=\"cell\" data-label=\"seen\">now</td>\n");
	has("<span class=\"dot idle\"></span>offline</td>");
	has("title=\"2027-01-15T07:55:00Z\">5 min ago</time>");
	has("<span class=\"dot fair\"></span>reconnecting"
	    "<small>for 4 s, 1 waiting</small></td>");
	/* Those that answer come first. */
	has("lab.localhost:1080/\">lab</a></th>\n"
	    "<td role=\"cell\" class=\"state\"><span class=\"dot idle\">"
	    "</span>offline</td>\n"
	    "<td role=\"cell\" data-label=\"round trip\">–</td>\n"
	    "<td role=\"cell\" data-label=\"streams\">–</td>\n");
	comes_before("id=\"host-office\"", "id=\"host-yard\"");
	comes_before("id=\"host-yard\"", "id=\"host-lab\"");
	/* Examples have one that answers. */
	has("http://office.localhost:1080/</code> need no");
	has("<code>http://office.internal/</code> in a browser");
	sample.hosts[0].last_contact = 0;
	has(">never<");
}
END_TEST

START_TEST(a_changed_key_warns)
{
	has_not("accept-key");
	sample.hosts[1].key_changed = true;
	has("<code>inroad accept-key office</code>");
}
END_TEST

START_TEST(links_lead_back_the_way_somebody_came)
{
	request.port = 8888;
	has("\"http://office.localhost:8888/\"");
	/* The proxy is where it is. */
	has("<code>http://127.0.0.1:1080/proxy.pac</code>");
	has("curl -x http://127.0.0.1:1080 http://office/");
	request.port = 80;
	has("\"http://office.localhost/\"");
}
END_TEST

START_TEST(no_links_for_other_machines)
{
	ck_assert_int_eq(addr_parse(&request.local, "192.168.1.5:1080"), 0);
	has_not("<a href=\"http:");
	has_not(".localhost");
	has("<th scope=\"row\" role=\"rowheader\">office</th>");
	has("<code>http://192.168.1.5:1080/proxy.pac</code>");
}
END_TEST

START_TEST(names_and_states_are_escaped)
{
	sample.hosts[1].name = "\"><script>x</script>";
	sample.hosts[1].state = "<b>";
	sample.hosts[1].key_changed = true;
	overview->host_count = 2;
	(void)snprintf(overview->link.relay, sizeof(overview->link.relay),
	    "<script>:7000");
	has_not("<script>");
	has_not("\"\">");
	has_not("<b>&");
	has("&quot;&gt;&lt;script&gt;x&lt;/script&gt;");
	has("<span class=\"dot fair\"></span>&lt;b&gt;");
}
END_TEST

START_TEST(failures_in_words)
{
	struct failure failure = {
		.when = SAMPLEVIEW_NOW - 61,
		.dialect = DIALECT_CONNECT,
		.code = CODE_DENIED,
		.target = "<i>:22",
		.text = "No \"<b>\"; ask \xe2\x80\xaeofc.",
	};

	has("Nothing so far.");
	failures_add(sample.failures, &failure);
	has_not("Nothing so far.");
	has("<code>&lt;i&gt;:22</code><span class=\"slug\">denied</span>"
	    "<span class=\"how\">connect, <time ");
	has(">61 s ago</time></span>");
	has("<p>No &quot;&lt;b&gt;&quot;; ask \\u202eofc.</p>");
	failures_add(sample.failures, &failure);
	has("<span>2 times</span>");
	failure.target[0] = '\0';
	failures_add(sample.failures, &failure);
	has("<i>no target</i>");
}
END_TEST

START_TEST(notices_in_words)
{
	const struct inbox_message notice = { "alarm", NULL, NULL,
		SAMPLEVIEW_NOW - 61, "<b>fire</b>", 11 };
	struct loop *loop = loop_new();
	struct inbox *inbox = inbox_new(loop);

	has("<div id=\"notices\" data-live role=\"status\">\n</div>");
	overview->inbox = inbox;
	inbox_keep(inbox, &notice);
	has("<p class=\"notice alarm\"><b>alarm</b> &lt;b&gt;fire&lt;/b&gt; "
	    "<span class=\"how\"><time ");
	has(">61 s ago</time></span></p>\n</div>");
	overview->inbox = NULL;
	inbox_free(inbox);
	loop_free(loop);
}
END_TEST

START_TEST(amounts)
{
	has("<dt>↓ received</dt><dd><b>1.2 MB/s</b> <small>2.5 MB since");
	has("<dt>↑ sent</dt><dd><b>999 B/s</b> <small>1.0 kB since");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gateway/homepage");
	TCase *tcase = tcase_create("homepage");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, it_is_whole_or_told);
	tcase_add_test(tcase, the_link_when_it_is_up);
	tcase_add_test(tcase, the_link_when_it_is_down);
	tcase_add_test(tcase, before_it_joined);
	tcase_add_test(tcase, no_hosts_yet);
	tcase_add_test(tcase, hosts);
	tcase_add_test(tcase, a_changed_key_warns);
	tcase_add_test(tcase, links_lead_back_the_way_somebody_came);
	tcase_add_test(tcase, no_links_for_other_machines);
	tcase_add_test(tcase, names_and_states_are_escaped);
	tcase_add_test(tcase, failures_in_words);
	tcase_add_test(tcase, notices_in_words);
	tcase_add_test(tcase, amounts);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
