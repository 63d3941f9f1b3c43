/* SPDX-License-Identifier: ISC */
#include "gateway/homepage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/inbox.h"
#include "common/version.h"
#include "gateway/failures.h"
#include "gateway/homewords.h"
#include "gateway/outcomes.h"
#include "gateway/overview.h"
#include "gateway/site.h"
#include "gateway/textout.h"
#include "gateway/www.h"
#include "protocol/limits.h"
#include "protocol/target.h"

/* What writing the page needs. */
struct page {
	struct textout out;
	const struct overview *overview;
	const struct site_request *request;
};

/* --- words ----------------------------------------------------------- */

/* Put "4 min ago", which tells the exact time when asked. */
static void
put_ago(struct page *page, uint64_t when)
{
	uint64_t now = page->overview->now;
	char words[HOMEWORDS_LEN];
	char exact[HOMEWORDS_LEN];

	(void)homewords_date(when, exact);
	textout_format(&page->out,
	    "<time datetime=\"%s\" title=\"%s\">%s ago</time>", exact, exact,
	    homewords_time(now > when ? now - when : 0, words));
}

static void
put_words(
    struct page *page, const char *before, const char *words, const char *after)
{
	textout_format(&page->out, "%s", before);
	textout_html(&page->out, words);
	textout_format(&page->out, "%s", after);
}

/* --- where hosts are --------------------------------------------------- */

/* Return true where http://NAME.localhost leads to this gateway. */
static bool
is_near(const struct page *page)
{
	return addr_is_loopback(&page->request->local);
}

/* Put ":1080", by which who asks reaches us; nothing for the port of HTTP. */
static void
put_port(struct page *page)
{
	if (page->request->port != 80) {
		textout_format(&page->out, ":%u", page->request->port);
	}
}

/* Put a link to the root of name, which says text. */
static void
put_way(struct page *page, const char *name, const char *text)
{
	put_words(page, "<a href=\"http://", name, ".localhost");
	put_port(page);
	put_words(page, "/\">", text, "</a>");
}

/* --- the link -------------------------------------------------------- */

static void
put_link_up(struct page *page)
{
	const struct overview *overview = page->overview;
	char words[HOMEWORDS_LEN];

	put_words(page,
	    "<section id=\"link\" data-live class=\"link good\">\n"
	    "<h2 role=\"status\">Connected to ",
	    overview->link.relay, "</h2>\n<p>");
	textout_format(&page->out, "for %s",
	    homewords_time(overview->link_for_ns / LIMITS_SEC, words));
	if (overview->link.rtt_ns > 0) {
		textout_format(&page->out, ", round trip %s",
		    homewords_rtt(overview->link.rtt_ns, words));
	}
	if (is_near(page)) {
		textout_format(&page->out, ", ");
		put_way(page, TARGET_RELAY, "its page");
	}
	textout_format(&page->out, "</p>\n");
}

static void
put_link_down(struct page *page)
{
	const struct overview *overview = page->overview;
	char words[HOMEWORDS_LEN];

	put_words(page,
	    "<section id=\"link\" data-live class=\"link bad\">\n"
	    "<h2 role=\"status\">No connection to ",
	    overview->link.relay, "</h2>\n");
	put_words(page, "<p>",
	    overview->link.text[0] != '\0' ? overview->link.text
					   : codes_summary(overview->link.code),
	    "</p>\n");
	textout_format(&page->out, "<p>Down for %s",
	    homewords_time(overview->link_for_ns / LIMITS_SEC, words));
	if (overview->retry_in_ns >= LIMITS_SEC) {
		textout_format(&page->out, ", next try in %s",
		    homewords_time(overview->retry_in_ns / LIMITS_SEC, words));
	} else {
		textout_format(&page->out, ", trying again now");
	}
	textout_format(&page->out, ". <small>%s</small></p>\n",
	    codes_slug(overview->link.code));
}

static void
put_counts(struct page *page)
{
	const struct overview *overview = page->overview;
	uint64_t failed = outcomes_failed(overview->outcomes);

	textout_format(&page->out,
	    "<p class=\"counts\">%" PRIu32 " local connection%s, %" PRIu32
	    " stream%s to hosts, %" PRIu64 " request%s since the start",
	    overview->clients, overview->clients == 1 ? "" : "s",
	    overview->streams, overview->streams == 1 ? "" : "s",
	    overview->requests, overview->requests == 1 ? "" : "s");
	if (failed > 0) {
		textout_format(&page->out,
		    ", <a href=\"#failures\">%" PRIu64 " failed</a>", failed);
	}
	textout_format(&page->out, "</p>\n");
}

static void
put_link(struct page *page)
{
	const struct overview *overview = page->overview;

	if (overview->link.up) {
		put_link_up(page);
	} else if (overview->link.code == CODE_NOT_JOINED) {
		textout_format(&page->out,
		    "<section id=\"link\" data-live class=\"link idle\">\n"
		    "<h2 role=\"status\">Not joined yet</h2>\n"
		    "<p>This gateway belongs to no account. Give it the join "
		    "string that your relay printed:</p>\n"
		    "<pre data-copy><code>inroad join "
		    "inroad1:…</code></pre>\n");
	} else {
		put_link_down(page);
	}
	put_counts(page);
	textout_format(&page->out, "</section>\n");
}

/* --- hosts ----------------------------------------------------------- */

static void
put_name(struct page *page, const char *name)
{
	textout_format(&page->out, "<th scope=\"row\" role=\"rowheader\">");
	if (is_near(page)) {
		put_way(page, name, name);
	} else {
		textout_html(&page->out, name);
	}
	textout_format(&page->out, "</th>\n");
}

static bool
is_online(const struct overview_host *host)
{
	return strcmp(host->state, "online") == 0;
}

static bool
is_offline(const struct overview_host *host)
{
	return strcmp(host->state, "offline") == 0;
}

/* Put the state, with a colour that says the same. */
static void
put_state(struct page *page, const struct overview_host *host)
{
	const char *colour = "fair";
	char words[HOMEWORDS_LEN];

	if (is_online(host)) {
		colour = "good";
	} else if (is_offline(host)) {
		colour = "idle";
	}
	textout_format(&page->out,
	    "<td role=\"cell\" class=\"state\"><span class=\"dot %s\"></span>",
	    colour);
	textout_html(&page->out, host->state);
	if (host->since_s > 0) {
		textout_format(&page->out, "<small>for %s",
		    homewords_time((uint64_t)host->since_s, words));
		if (host->waiting > 0) {
			textout_format(
			    &page->out, ", %" PRIu32 " waiting", host->waiting);
		}
		textout_format(&page->out, "</small>");
	}
	textout_format(&page->out, "</td>\n");
}

/* Put a cell, which says itself what it is where no heading does. */
static void
put_cell(struct page *page, const char *label, const char *words)
{
	textout_format(&page->out,
	    "<td role=\"cell\" data-label=\"%s\">%s</td>\n", label, words);
}

static void
put_contact(struct page *page, const struct overview_host *host)
{
	textout_format(&page->out, "<td role=\"cell\" data-label=\"seen\">");
	if (is_online(host)) {
		textout_format(&page->out, "now");
	} else if (host->last_contact == 0) {
		textout_format(&page->out, "never");
	} else {
		put_ago(page, host->last_contact);
	}
	textout_format(&page->out, "</td>\n");
}

static void
put_host(struct page *page, const struct overview_host *host)
{
	char words[HOMEWORDS_LEN] = "–";
	char streams[HOMEWORDS_LEN] = "–";

	put_words(page, "<tr role=\"row\" id=\"host-", host->name, "\">\n");
	put_name(page, host->name);
	put_state(page, host);
	if (host->rtt_ns > 0) {
		(void)homewords_rtt(host->rtt_ns, words);
	}
	put_cell(page, "round trip", words);
	if (host->has_session) {
		(void)snprintf(streams, sizeof(streams), "%" PRIu32,
		    host->session.streams);
	}
	put_cell(page, "streams", streams);
	put_contact(page, host);
	textout_format(&page->out, "</tr>\n");
	if (host->key_changed) {
		put_words(page, "<tr role=\"row\" class=\"warning\" id=\"key-",
		    host->name, "\"><td role=\"cell\" colspan=\"5\">");
		put_words(page,
		    "It has a new key, and is not reached until you "
		    "accept it: <code>inroad accept-key ",
		    host->name, "</code></td></tr>\n");
	}
}

/* Put the hosts that are offline, or the others. */
static void
put_hosts_if(struct page *page, bool offline)
{
	const struct overview *overview = page->overview;

	for (size_t i = 0; i < overview->host_count; i++) {
		if (is_offline(&overview->hosts[i]) == offline) {
			put_host(page, &overview->hosts[i]);
		}
	}
}

static void
put_no_hosts(struct page *page)
{
	textout_format(&page->out, "%s",
	    page->overview->hosts_known
		? "<p class=\"empty\">No hosts yet. This prints a join string "
		  "for one:</p>\n"
		  "<pre data-copy><code>inroad invite NAME</code></pre>\n"
		: "<p class=\"empty\">The relay tells which hosts there are, "
		  "once there is a connection to it.</p>\n");
}

static void
put_hosts(struct page *page)
{
	const struct overview *overview = page->overview;
	size_t online = 0;

	for (size_t i = 0; i < overview->host_count; i++) {
		online += is_online(&overview->hosts[i]);
	}
	textout_format(&page->out,
	    "<section id=\"hosts\" data-live aria-labelledby=\"hosts-title\">\n"
	    "<h2 id=\"hosts-title\">Hosts");
	if (overview->host_count == 0) {
		textout_format(&page->out, "</h2>\n");
		put_no_hosts(page);
	} else {
		textout_format(&page->out,
		    " <small>%zu of %zu online</small></h2>\n"
		    "<table role=\"table\">\n<thead role=\"rowgroup\">"
		    "<tr role=\"row\">"
		    "<th role=\"columnheader\">Host"
		    "<th role=\"columnheader\">State"
		    "<th role=\"columnheader\">Round trip"
		    "<th role=\"columnheader\">Streams"
		    "<th role=\"columnheader\">Last contact"
		    "</thead>\n<tbody role=\"rowgroup\">\n",
		    online, overview->host_count);
		put_hosts_if(page, false);
		put_hosts_if(page, true);
		textout_format(&page->out, "</tbody>\n</table>\n");
	}
	textout_format(&page->out, "</section>\n");
}

/* --- notices --------------------------------------------------------- */

/* What the relay told lately; nothing when it told nothing. */
static void
put_notices(struct page *page)
{
	const struct inbox *inbox = page->overview->inbox;
	struct inbox_message notice;
	char text[LIMITS_TEXT_LEN];

	textout_format(
	    &page->out, "<div id=\"notices\" data-live role=\"status\">\n");
	for (size_t i = 0; inbox != NULL && inbox_notice(inbox, i, &notice);
	     i++) {
		(void)snprintf(
		    text, sizeof(text), "%.*s", (int)notice.len, notice.text);
		textout_format(&page->out, "<p class=\"notice %s\"><b>%s</b> ",
		    notice.level, notice.level);
		put_words(page, "", text, " <span class=\"how\">");
		put_ago(page, notice.at);
		textout_format(&page->out, "</span></p>\n");
	}
	textout_format(&page->out, "</div>\n");
}

/* --- failures -------------------------------------------------------- */

static void
put_failure(struct page *page, const struct failure *failure)
{
	textout_format(&page->out, "<li><p class=\"what\">");
	if (failure->target[0] != '\0') {
		put_words(page, "<code>", failure->target, "</code>");
	} else {
		textout_format(&page->out, "<i>no target</i>");
	}
	textout_format(&page->out, "<span class=\"slug\">%s</span>",
	    codes_slug(failure->code));
	if (failure->times > 1) {
		textout_format(&page->out, "<span>%" PRIu64 " times</span>",
		    failure->times);
	}
	textout_format(&page->out, "<span class=\"how\">%s, ",
	    dialect_name(failure->dialect));
	put_ago(page, failure->when);
	put_words(page, "</span></p>\n<p>", failure->text, "</p></li>\n");
}

static void
put_failures(struct page *page)
{
	const struct failures *failures = page->overview->failures;
	size_t count = failures_count(failures);

	textout_format(&page->out,
	    "<section id=\"failures\" data-live "
	    "aria-labelledby=\"failures-title\">\n"
	    "<h2 id=\"failures-title\">What failed last</h2>\n%s",
	    count == 0 ? "<p class=\"empty\">Nothing so far. Browsers and many "
			 "programs do not say why a connection failed; the "
			 "reason will stand here.</p>\n"
		       : "<ol class=\"failures\">\n");
	for (size_t i = 0; i < count; i++) {
		put_failure(page, failures_at(failures, i));
	}
	textout_format(
	    &page->out, "%s</section>\n", count == 0 ? "" : "</ol>\n");
}

/* --- traffic --------------------------------------------------------- */

static void
put_direction(struct page *page, const char *class, const char *name,
    uint64_t rate, uint64_t total)
{
	char now[HOMEWORDS_LEN];
	char ever[HOMEWORDS_LEN];

	textout_format(&page->out,
	    "<div class=\"%s\"><dt>%s</dt><dd><b>%s/s</b> <small>%s since the "
	    "start</small></dd></div>\n",
	    class, name, homewords_size(rate, now),
	    homewords_size(total, ever));
}

static void
put_rates(struct page *page)
{
	const struct overview *overview = page->overview;

	textout_format(
	    &page->out, "<dl id=\"rates\" data-live class=\"rates\">\n");
	put_direction(page, "received", "↓ received", overview->rate.received,
	    overview->total.received);
	put_direction(
	    page, "sent", "↑ sent", overview->rate.sent, overview->total.sent);
	textout_format(&page->out, "</dl>\n");
}

/* --- the rest -------------------------------------------------------- */

static void
put_version(struct page *page)
{
	textout_html(&page->out, version_string());
}

static void
put_uptime(struct page *page)
{
	char words[HOMEWORDS_LEN];

	textout_format(&page->out, "%s",
	    homewords_time(page->overview->uptime_ns / LIMITS_SEC, words));
}

/* Put the address of the proxy, as who asks reached it. */
static void
put_proxy(struct page *page)
{
	char text[ADDR_TEXT_LEN];

	textout_html(&page->out, addr_format(&page->request->local, text));
}

static void
put_pac(struct page *page)
{
	textout_format(&page->out, "http://");
	put_proxy(page);
	textout_format(&page->out, "/proxy.pac");
}

/* Put the name of a host that may well answer, and fits into a line. */
static void
put_example(struct page *page)
{
	const struct overview *overview = page->overview;
	const char *name = NULL;

	for (size_t i = 0; i < overview->host_count; i++) {
		const struct overview_host *host = &overview->hosts[i];

		if (is_online(host) &&
		    (name == NULL || strlen(host->name) < strlen(name))) {
			name = host->name;
		}
	}
	textout_html(&page->out, name != NULL ? name : "office");
}

/*
 * Put the suffix: a browser takes some names without it for domains that are
 * reached by https only.
 */
static void
put_suffix(struct page *page)
{
	textout_html(&page->out, page->overview->suffix);
}

/* Put what works without a setting, for who sits at this machine. */
static void
put_nearby(struct page *page)
{
	if (is_near(page)) {
		textout_format(&page->out, "<p>Links like <code>http://");
		put_example(page);
		textout_format(&page->out, ".localhost");
		put_port(page);
		textout_format(&page->out,
		    "/</code> need no setting at all: any browser on this "
		    "computer opens them.</p>");
	}
}

static const struct {
	const char *name;
	void (*put)(struct page *page);
} places[] = {
	{ "example", put_example },
	{ "failures", put_failures },
	{ "hosts", put_hosts },
	{ "link", put_link },
	{ "nearby", put_nearby },
	{ "notices", put_notices },
	{ "pac", put_pac },
	{ "proxy", put_proxy },
	{ "rates", put_rates },
	{ "suffix", put_suffix },
	{ "uptime", put_uptime },
	{ "version", put_version },
};

/* Put what stands for the name of len bytes; false when nothing does. */
static bool
put_place(struct page *page, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (strlen(places[i].name) == len &&
		    memcmp(places[i].name, name, len) == 0) {
			places[i].put(page);
			return true;
		}
	}
	return false;
}

int
homepage_write(const struct overview *overview,
    const struct site_request *request, struct buf *out)
{
	const struct webfile *file =
	    webfile_find(&www_gateway, WWW_HOME, strlen(WWW_HOME));
	const char *at = (const char *)file->data;
	const char *end = at + file->len;
	struct page page = { .overview = overview, .request = request };
	const char *open;
	const char *close;

	textout_begin(&page.out, out);
	for (;;) {
		open = memmem(at, (size_t)(end - at), "{{", 2);
		if (open == NULL) {
			break;
		}
		close = memmem(open, (size_t)(end - open), "}}", 2);
		textout_bytes(&page.out, at, (size_t)(open - at));
		if (close == NULL ||
		    !put_place(&page, open + 2, (size_t)(close - open) - 2)) {
			return -1;
		}
		at = close + 2;
	}
	textout_bytes(&page.out, at, (size_t)(end - at));
	return textout_end(&page.out);
}
