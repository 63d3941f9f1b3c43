/* SPDX-License-Identifier: ISC */
#include "common/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/loop.h"
#include "tests/support/await.h"
#include "tests/support/dnsserver.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

/* What one look-up told. */
struct answer {
	struct resolver_lookup *lookup;
	int calls;
	enum resolver_status status;
	size_t count;
	char text[512]; /* the addresses, sorted by family, with spaces */
	struct answer *cancels;
};

struct fixture {
	struct loop *loop;
	struct dnsserver *server;
	struct resolver *resolver;
};

static void
append(
    struct answer *answer, const struct addr *addrs, size_t count, int family)
{
	char text[ADDR_TEXT_LEN];

	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(answer->text);

		if (addr_family(&addrs[i]) == family) {
			(void)snprintf(answer->text + len,
			    sizeof(answer->text) - len, "%s%s",
			    len > 0 ? " " : "", addr_format(&addrs[i], text));
		}
	}
}

static void
on_resolved(enum resolver_status status, const struct addr *addrs, size_t count,
    void *arg)
{
	struct answer *answer = arg;

	answer->lookup = NULL;
	answer->calls++;
	answer->status = status;
	answer->count = count;
	append(answer, addrs, count, AF_INET);
	append(answer, addrs, count, AF_INET6);
	if (answer->cancels != NULL) {
		resolver_cancel(answer->cancels->lookup);
		answer->cancels->lookup = NULL;
	}
}

static void
setup(struct fixture *f, double timeout)
{
	struct resolver_config config = { .timeout = timeout };

	f->loop = loop_new();
	f->server = dnsserver_new(f->loop);
	ck_assert_ptr_nonnull(f->server);
	config.servers = dnsserver_text(f->server);
	f->resolver = resolver_new(f->loop, &config);
	ck_assert_ptr_nonnull(f->resolver);
}

static void
teardown(struct fixture *f)
{
	resolver_free(f->resolver);
	dnsserver_free(f->server);
	loop_free(f->loop);
}

static void
start(struct fixture *f, struct answer *answer, const char *host)
{
	memset(answer, 0, sizeof(*answer));
	answer->lookup =
	    resolver_start(f->resolver, host, 80, on_resolved, answer);
	ck_assert_ptr_nonnull(answer->lookup);
	ck_assert_int_eq(answer->calls, 0);
}

/* Look up host; the result must be status and the addresses in text. */
static void
check(struct fixture *f, const char *host, enum resolver_status status,
    const char *text)
{
	struct answer answer;

	start(f, &answer, host);
	ck_assert(await_count(f->loop, &answer.calls, 1));
	if (answer.status != status) {
		ck_abort_msg(
		    "%s: %s", host, resolver_status_name(answer.status));
	}
	ck_assert_str_eq(answer.text, text);
	loop_poll(f->loop);
	ck_assert_int_eq(answer.calls, 1);
}

START_TEST(literals_need_no_server)
{
	struct fixture f;

	setup(&f, 5.);
	check(&f, "10.1.2.3", RESOLVER_OK, "10.1.2.3:80");
	check(&f, "2001:db8::1", RESOLVER_OK, "[2001:db8::1]:80");
	ck_assert_int_eq(dnsserver_queries(f.server), 0);
	teardown(&f);
}
END_TEST

START_TEST(localhost_needs_no_server)
{
	static const char *const names[] = { "localhost", "LocalHost",
		"localhost.", "office.localhost", "a.b.LOCALHOST." };
	struct fixture f;

	setup(&f, 5.);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		check(&f, names[i], RESOLVER_OK, "127.0.0.1:80 [::1]:80");
	}
	ck_assert_int_eq(dnsserver_queries(f.server), 0);
	dnsserver_add(f.server, "notlocalhost", DNSSERVER_ADDRS, "10.0.0.1");
	check(&f, "notlocalhost", RESOLVER_OK, "10.0.0.1:80");
	dnsserver_add(
	    f.server, "localhost.example", DNSSERVER_ADDRS, "10.0.0.2");
	check(&f, "localhost.example", RESOLVER_OK, "10.0.0.2:80");
	teardown(&f);
}
END_TEST

START_TEST(impossible_names_need_no_server)
{
	struct fixture f;
	char name[300];

	setup(&f, 5.);
	check(&f, "", RESOLVER_NO_NAME, "");
	check(&f, "a b", RESOLVER_NO_NAME, "");
	check(&f, "a\nb", RESOLVER_NO_NAME, "");
	check(&f, "a\x7f", RESOLVER_NO_NAME, "");
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	check(&f, name, RESOLVER_NO_NAME, "");
	ck_assert_int_eq(dnsserver_queries(f.server), 0);
	/* Dots where none belong, and a label that is too long. */
	check(&f, "a..b", RESOLVER_NO_NAME, "");
	name[100] = '\0';
	check(&f, name, RESOLVER_NO_NAME, "");
	teardown(&f);
}
END_TEST

START_TEST(both_families_are_found)
{
	struct fixture f;

	setup(&f, 5.);
	dnsserver_add(f.server, "both.example", DNSSERVER_ADDRS,
	    "10.0.0.1 2001:db8::1 10.0.0.2");
	dnsserver_add(f.server, "four.example", DNSSERVER_ADDRS, "10.0.0.4");
	dnsserver_add(f.server, "six.example", DNSSERVER_ADDRS, "2001:db8::6");
	check(&f, "four.example", RESOLVER_OK, "10.0.0.4:80");
	check(&f, "six.example.", RESOLVER_OK, "[2001:db8::6]:80");
	struct answer answer;

	start(&f, &answer, "BOTH.example");
	ck_assert(await_count(f.loop, &answer.calls, 1));
	ck_assert_int_eq(answer.status, RESOLVER_OK);
	ck_assert_uint_eq(answer.count, 3);
	ck_assert_ptr_nonnull(strstr(answer.text, "10.0.0.1:80"));
	ck_assert_ptr_nonnull(strstr(answer.text, "10.0.0.2:80"));
	ck_assert_ptr_nonnull(strstr(answer.text, "[2001:db8::1]:80"));
	/* Two queries a name: the search list of the machine is not ours. */
	ck_assert_int_eq(dnsserver_queries(f.server), 6);
	teardown(&f);
}
END_TEST

START_TEST(failures_are_told_apart)
{
	struct fixture f;

	setup(&f, 5.);
	dnsserver_add(f.server, "empty.example", DNSSERVER_EMPTY, "");
	dnsserver_add(f.server, "fail.example", DNSSERVER_FAIL, "");
	check(&f, "nothing.example", RESOLVER_NO_NAME, "");
	check(&f, "empty.example", RESOLVER_NO_NAME, "");
	check(&f, "fail.example", RESOLVER_FAILED, "");
	ck_assert_str_eq(resolver_status_name(RESOLVER_FAILED), "failed");
	ck_assert_str_eq(resolver_status_name(RESOLVER_NO_MEMORY), "no-memory");
	teardown(&f);
}
END_TEST

START_TEST(garbage_is_no_answer)
{
	struct fixture f;
	struct answer answer;

	setup(&f, 0.3);
	dnsserver_add(f.server, "bad.example", DNSSERVER_GARBAGE, "");
	start(&f, &answer, "bad.example");
	ck_assert(await_count(f.loop, &answer.calls, 1));
	ck_assert_int_ne(answer.status, RESOLVER_OK);
	ck_assert_uint_eq(answer.count, 0);
	teardown(&f);
}
END_TEST

START_TEST(silence_is_a_timeout)
{
	struct fixture f;

	setup(&f, 0.2);
	dnsserver_add(f.server, "silent.example", DNSSERVER_SILENT, "");
	check(&f, "silent.example", RESOLVER_TIMEOUT, "");
	/* Asked again on the way. */
	ck_assert_int_gt(dnsserver_queries(f.server), 2);
	teardown(&f);
}
END_TEST

START_TEST(lost_queries_are_repeated)
{
	struct fixture f;

	setup(&f, 5.);
	dnsserver_add(f.server, "lossy.example", DNSSERVER_LOSSY, "10.0.0.1");
	check(&f, "lossy.example", RESOLVER_OK, "10.0.0.1:80");
	teardown(&f);
}
END_TEST

START_TEST(truncated_answers_come_over_tcp)
{
	struct fixture f;

	setup(&f, 5.);
	dnsserver_add(f.server, "long.example", DNSSERVER_TRUNCATED,
	    "10.0.0.1 2001:db8::1");
	check(&f, "long.example", RESOLVER_OK, "10.0.0.1:80 [2001:db8::1]:80");
	ck_assert_int_eq(dnsserver_tcp_queries(f.server), 2);
	teardown(&f);
}
END_TEST

/*
 * Refused by the machine of the server: c-ares hears of that at once or, when
 * its other query consumes the error, only when it runs out of tries.
 */
static void
check_dead(struct fixture *f, const char *host)
{
	struct answer answer;

	start(f, &answer, host);
	ck_assert(await_count(f->loop, &answer.calls, 1));
	ck_assert(answer.status == RESOLVER_FAILED ||
		  answer.status == RESOLVER_TIMEOUT);
}

START_TEST(dead_server_is_a_failure)
{
	struct loop *loop = loop_new();
	struct fixture f = { .loop = loop };
	struct resolver_config config = { .timeout = 0.1 };
	char text[ADDR_TEXT_LEN];
	struct addr addr;
	int held = netpair_closed_port(AF_INET, &addr);

	config.servers = addr_format(&addr, text);
	f.resolver = resolver_new(loop, &config);
	check_dead(&f, "any.example");
	resolver_free(f.resolver);
	close(held);
	loop_free(loop);
}
END_TEST

/* The first server is silent: c-ares turns to the second, on a new socket. */
START_TEST(next_server_helps)
{
	struct fixture f;
	struct dnsserver *silent;
	struct resolver_config config = { .timeout = 5. };
	char servers[2 * ADDR_TEXT_LEN];

	setup(&f, 5.);
	silent = dnsserver_new(f.loop);
	dnsserver_add(silent, "x.example", DNSSERVER_SILENT, "");
	dnsserver_add(f.server, "x.example", DNSSERVER_ADDRS, "10.0.0.1");
	(void)snprintf(servers, sizeof(servers), "%s,%s",
	    dnsserver_text(silent), dnsserver_text(f.server));
	resolver_free(f.resolver);
	config.servers = servers;
	f.resolver = resolver_new(f.loop, &config);
	check(&f, "x.example", RESOLVER_OK, "10.0.0.1:80");
	ck_assert_int_gt(dnsserver_queries(silent), 0);
	dnsserver_free(silent);
	teardown(&f);
}
END_TEST

START_TEST(many_at_once)
{
	enum {
		MANY = 300
	};
	static struct answer answers[MANY];
	struct fixture f;

	setup(&f, 20.);
	dnsserver_add(f.server, "x.example", DNSSERVER_ADDRS, "10.0.0.1");
	for (int i = 0; i < MANY; i++) {
		start(&f, &answers[i], i % 2 == 0 ? "x.example" : "no.example");
	}
	for (int i = 0; i < MANY; i++) {
		ck_assert(await_count(f.loop, &answers[i].calls, 1));
		ck_assert_int_eq(answers[i].status,
		    i % 2 == 0 ? RESOLVER_OK : RESOLVER_NO_NAME);
	}
	teardown(&f);
}
END_TEST

START_TEST(cancelled_lookups_are_silent)
{
	struct fixture f;
	struct answer dns;
	struct answer literal;
	struct answer last;

	setup(&f, 5.);
	dnsserver_add(f.server, "x.example", DNSSERVER_ADDRS, "10.0.0.1");
	start(&f, &dns, "x.example");
	start(&f, &literal, "127.0.0.1");
	resolver_cancel(dns.lookup);
	resolver_cancel(literal.lookup);
	resolver_cancel(NULL);
	/* Both queries of x are answered before those that come after. */
	start(&f, &last, "no.example");
	ck_assert(await_count(f.loop, &last.calls, 1));
	ck_assert_int_eq(dnsserver_queries(f.server), 4);
	ck_assert_int_eq(dns.calls + literal.calls, 0);
	teardown(&f);
}
END_TEST

START_TEST(cancelled_by_another_callback)
{
	struct fixture f;
	struct answer a;
	struct answer b;

	setup(&f, 5.);
	start(&f, &a, "127.0.0.1");
	start(&f, &b, "127.0.0.2");
	a.cancels = &b;
	ck_assert(await_count(f.loop, &a.calls, 1));
	loop_poll(f.loop);
	ck_assert_int_eq(b.calls, 0);
	teardown(&f);
}
END_TEST

START_TEST(freed_with_lookups_under_way)
{
	struct fixture f;
	struct answer dns;
	struct answer late;
	struct answer cancelled;
	struct answer literal;

	setup(&f, 0.05);
	dnsserver_add(f.server, "silent.example", DNSSERVER_SILENT, "");
	start(&f, &late, "silent.example");
	ck_assert(await_count(f.loop, &late.calls, 1));
	start(&f, &dns, "silent.example");
	start(&f, &cancelled, "silent.example");
	start(&f, &literal, "127.0.0.1");
	resolver_cancel(cancelled.lookup);
	resolver_free(f.resolver);
	resolver_free(NULL);
	f.resolver = NULL;
	loop_poll(f.loop);
	ck_assert_int_eq(dns.calls + cancelled.calls + literal.calls, 0);
	teardown(&f);
}
END_TEST

/* Any name of this machine's hosts file that is not a localhost. */
static bool
find_host(char name[256], char text[64])
{
	FILE *hosts = fopen("/etc/hosts", "re");
	char line[1024];
	bool found = false;

	if (hosts == NULL) {
		return false;
	}
	while (!found && fgets(line, sizeof(line), hosts) != NULL) {
		struct addr addr;

		found = sscanf(line, "%63s %255s", text, name) == 2 &&
			addr_from_ip(&addr, text, 0) == 0 &&
			addr_family(&addr) == AF_INET &&
			strstr(name, "localhost") == NULL;
	}
	(void)fclose(hosts);
	return found;
}

START_TEST(hosts_file_comes_first)
{
	struct fixture f;
	struct answer answer;
	char name[256];
	char text[64];

	if (!find_host(name, text)) {
		return;
	}
	setup(&f, 5.);
	start(&f, &answer, name);
	ck_assert(await_count(f.loop, &answer.calls, 1));
	ck_assert_int_eq(answer.status, RESOLVER_OK);
	ck_assert_ptr_nonnull(strstr(answer.text, text));
	ck_assert_int_eq(dnsserver_queries(f.server), 0);
	teardown(&f);
}
END_TEST

/* A resolv.conf of our own, whose name server has the port of the fixture. */
static void
write_conf(const char *path, const char *server)
{
	char temp[80];
	FILE *file;

	(void)snprintf(temp, sizeof(temp), "%s.new", path);
	file = fopen(temp, "we");
	ck_assert_ptr_nonnull(file);
	(void)fprintf(file, "nameserver %s\n", server);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(rename(temp, path), 0);
}

static void
setup_conf(struct fixture *f, char path[64], const char *server)
{
	struct resolver_config config = { .timeout = 1. };
	int fd;

	setup(f, 5.);
	resolver_free(f->resolver);
	(void)snprintf(path, 64, "/tmp/test_resolver.XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	write_conf(path, server);
	config.resolv_conf = path;
	config.port = dnsserver_port(f->server);
	f->resolver = resolver_new(f->loop, &config);
	ck_assert_ptr_nonnull(f->resolver);
}

START_TEST(new_name_servers_are_noticed)
{
	struct fixture f;
	char path[64];

	setup_conf(&f, path, "127.0.0.99");
	dnsserver_add(f.server, "x.example", DNSSERVER_ADDRS, "10.0.0.1");
	check_dead(&f, "x.example.");
	write_conf(path, "127.0.0.1");
	check(&f, "x.example.", RESOLVER_OK, "10.0.0.1:80");
	check(&f, "x.example.", RESOLVER_OK, "10.0.0.1:80");
	(void)unlink(path);
	teardown(&f);
}
END_TEST

START_TEST(old_queries_end_at_the_old_servers)
{
	struct fixture f;
	struct answer old;
	struct answer recent;
	char path[64];

	setup_conf(&f, path, "127.0.0.1");
	dnsserver_add(f.server, "x.example", DNSSERVER_LOSSY, "10.0.0.1");
	start(&f, &old, "x.example.");
	write_conf(path, "127.0.0.99");
	start(&f, &recent, "x.example.");
	ck_assert(await_count(f.loop, &old.calls, 1));
	ck_assert_int_eq(old.status, RESOLVER_OK);
	ck_assert(await_count(f.loop, &recent.calls, 1));
	ck_assert_int_ne(recent.status, RESOLVER_OK);
	(void)unlink(path);
	teardown(&f);
}
END_TEST

START_TEST(freed_with_queries_at_old_and_new_servers)
{
	struct fixture f;
	struct answer old;
	struct answer recent;
	char path[64];

	setup_conf(&f, path, "127.0.0.1");
	dnsserver_add(f.server, "x.example", DNSSERVER_SILENT, "");
	start(&f, &old, "x.example.");
	write_conf(path, "127.0.0.1");
	start(&f, &recent, "x.example.");
	(void)unlink(path);
	teardown(&f);
	ck_assert_int_eq(old.calls + recent.calls, 0);
}
END_TEST

START_TEST(creation_survives_failing_allocations)
{
	struct loop *loop = loop_new();
	struct resolver_config config = { .servers = "127.0.0.1:1",
		.resolv_conf = "/etc/resolv.conf" };
	struct resolver *resolver = NULL;
	bool failed = true;

	for (long n = 1; failed; n++) {
		failalloc_after(n);
		resolver = resolver_new(loop, &config);
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(resolver == NULL, failed);
	}
	resolver_free(resolver);
	loop_free(loop);
}
END_TEST

/* Look up a name with allocations failing; false when the start failed. */
static bool
resolve_starved(struct fixture *f, struct answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	answer->lookup =
	    resolver_start(f->resolver, "x.example", 80, on_resolved, answer);
	if (answer->lookup != NULL) {
		ck_assert(await_count(f->loop, &answer->calls, 1));
	}
	failalloc_off();
	return answer->calls > 0;
}

/* Whatever fails, the look-up ends, and without memory never well. */
START_TEST(lookups_survive_failing_allocations)
{
	struct fixture f;
	bool failed = true;

	setup(&f, 5.);
	dnsserver_add(f.server, "x.example", DNSSERVER_ADDRS, "10.0.0.1");
	for (long n = 1; failed; n++) {
		struct answer answer;
		bool well;

		failalloc_forever_after(n);
		well = resolve_starved(&f, &answer) &&
		       answer.status == RESOLVER_OK;
		failed = failalloc_hit();
		ck_assert_int_eq(well, !failed);
		/* A single failure may be made good by another try. */
		failalloc_after(n);
		(void)resolve_starved(&f, &answer);
	}
	teardown(&f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("resolver");
	TCase *tcase = tcase_create("resolver");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 2 * AWAIT_DEADLINE);
	tcase_add_test(tcase, literals_need_no_server);
	tcase_add_test(tcase, localhost_needs_no_server);
	tcase_add_test(tcase, impossible_names_need_no_server);
	tcase_add_test(tcase, both_families_are_found);
	tcase_add_test(tcase, failures_are_told_apart);
	tcase_add_test(tcase, garbage_is_no_answer);
	tcase_add_test(tcase, silence_is_a_timeout);
	tcase_add_test(tcase, lost_queries_are_repeated);
	tcase_add_test(tcase, truncated_answers_come_over_tcp);
	tcase_add_test(tcase, dead_server_is_a_failure);
	tcase_add_test(tcase, next_server_helps);
	tcase_add_test(tcase, many_at_once);
	tcase_add_test(tcase, cancelled_lookups_are_silent);
	tcase_add_test(tcase, cancelled_by_another_callback);
	tcase_add_test(tcase, freed_with_lookups_under_way);
	tcase_add_test(tcase, hosts_file_comes_first);
	tcase_add_test(tcase, new_name_servers_are_noticed);
	tcase_add_test(tcase, old_queries_end_at_the_old_servers);
	tcase_add_test(tcase, freed_with_queries_at_old_and_new_servers);
	tcase_add_test(tcase, creation_survives_failing_allocations);
	tcase_add_test(tcase, lookups_survive_failing_allocations);
	return unit_main(suite);
}
