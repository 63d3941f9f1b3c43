/* SPDX-License-Identifier: ISC */

#include "gateway/ports.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/loop.h"
#include "gateway/client.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

static struct loop *loop;
static struct ports *ports;
static struct fault fault;

/* What came in. */
static int accepted;
static char led[PROXYTARGET_TEXT_LEN];

/* What ports_each() told. */
static struct {
	char addr[ADDR_TEXT_LEN];
	char to[PROXYTARGET_TEXT_LEN];
	bool by_command;
} listed[8];
static size_t listed_count;

static void
on_accept(int fd, const struct proxy_target *forward, void *arg)
{
	(void)arg;
	close(fd);
	accepted++;
	led[0] = '\0';
	if (forward != NULL) {
		proxytarget_format(forward, led);
	}
}

static void
setup(void)
{
	loop = loop_new();
	ports = ports_new(loop, on_accept, NULL);
	ck_assert_ptr_nonnull(ports);
	accepted = 0;
}

static void
teardown(void)
{
	ports_free(ports);
	loop_free(loop);
}

static struct ports_spec
spec(const char *listen, const char *to)
{
	struct ports_spec made;
	const char *flaw;

	ck_assert_int_eq(ports_spec_make(&made, listen, to, &flaw), 0);
	return made;
}

static void
take(const struct ports_info *info, void *arg)
{
	(void)arg;
	ck_assert_uint_lt(listed_count, 8);
	addr_format(&info->addr, listed[listed_count].addr);
	listed[listed_count].to[0] = '\0';
	if (info->forward != NULL) {
		proxytarget_format(info->forward, listed[listed_count].to);
	}
	listed[listed_count].by_command = info->by_command;
	listed_count++;
}

/* List all ports; returns how many there are. */
static size_t
list(void)
{
	listed_count = 0;
	ports_each(ports, take, NULL);
	return listed_count;
}

/* Connect to the address text; a socket, or -1. */
static int
dial(const char *text)
{
	struct ports_spec to = spec(text, NULL);
	int fd = socket(addr_family(&to.listen), SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	if (connect(fd, (const struct sockaddr *)&to.listen.ss,
		to.listen.len) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Assert that the address text leads to the text to, "" for a client's wish. */
static void
leads(const char *text, const char *to)
{
	int before = accepted;
	int fd = dial(text);

	ck_assert_int_ge(fd, 0);
	ck_assert(await_count(loop, &accepted, before + 1));
	ck_assert_str_eq(led, to);
	close(fd);
}

/* Assert that nobody listens at the address text. */
static void
refuses(const char *text)
{
	ck_assert_int_eq(dial(text), -1);
}

START_TEST(texts)
{
	struct ports_spec made;
	const char *flaw = NULL;

	made = spec("127.0.0.1:1080", NULL);
	ck_assert(!made.is_forward && !ports_is_open(&made.listen));
	made = spec("[::1]:1080", NULL);
	ck_assert(!ports_is_open(&made.listen));
	made = spec("unix:/tmp/x", NULL);
	ck_assert(!ports_is_open(&made.listen));
	made = spec("0.0.0.0:1080", "office:80");
	ck_assert(made.is_forward && ports_is_open(&made.listen));
	made = spec("[::]:1080", "office:80");
	ck_assert(ports_is_open(&made.listen));
	made = spec("192.0.2.1:1080", "office:80");
	ck_assert(ports_is_open(&made.listen));
	ck_assert_int_eq(ports_spec_make(&made, "unix:x", NULL, &flaw), -1);
	ck_assert_ptr_nonnull(strstr(flaw, "is no address"));
	ck_assert_int_eq(ports_spec_make(&made, "office:1", NULL, &flaw), -1);
	ck_assert_int_eq(
	    ports_spec_make(&made, "127.0.0.1:1", "office:0", &flaw), -1);
	ck_assert_ptr_nonnull(strstr(flaw, "leads nowhere"));
	ck_assert_int_eq(ports_spec_make(&made, "127.0.0.1:1", "", &flaw), -1);
	/* What was refused left nothing. */
	ck_assert_uint_eq(addr_port(&made.listen), 1080);
}
END_TEST

START_TEST(they_lead)
{
	const struct ports_spec specs[] = {
		spec("127.0.0.1:0", NULL),
		spec("127.0.0.1:0", "office:22"),
	};

	ck_assert_uint_eq(ports_configure(ports, specs, 2), 0);
	ck_assert_uint_eq(list(), 2);
	ck_assert_str_eq(listed[0].to, "");
	ck_assert_str_eq(listed[1].to, "office:22");
	leads(listed[0].addr, "");
	leads(listed[1].addr, "office:22");
	ports_close(ports);
	refuses(listed[0].addr);
	refuses(listed[1].addr);
	ck_assert_uint_eq(list(), 0);
}
END_TEST

START_TEST(what_stays_is_not_bound_again)
{
	struct ports_spec first[] = {
		spec("127.0.0.1:0", NULL),
		spec("127.0.0.2:0", "office:22"),
		spec("127.0.0.3:0", "office:23"),
	};
	struct ports_spec then[] = {
		spec("127.0.0.4:0", NULL),
		spec("127.0.0.2:0", "lab:22"),
		spec("127.0.0.1:0", NULL),
	};
	char old[3][ADDR_TEXT_LEN];
	int waiting;
	int before;

	ck_assert_uint_eq(ports_configure(ports, first, 3), 0);
	ck_assert_uint_eq(list(), 3);
	for (int i = 0; i < 3; i++) {
		memcpy(old[i], listed[i].addr, sizeof(old[i]));
	}
	/* In the kernel's queue while all changes. */
	waiting = dial(old[0]);
	before = accepted;
	ck_assert_uint_eq(ports_configure(ports, then, 3), 0);
	ck_assert_uint_eq(list(), 3);
	ck_assert_str_eq(listed[0].addr, old[0]);
	ck_assert_str_eq(listed[1].addr, old[1]);
	ck_assert(await_count(loop, &accepted, before + 1));
	close(waiting);
	leads(old[1], "lab:22");
	leads(listed[2].addr, "");
	refuses(old[2]);
}
END_TEST

START_TEST(twins_are_told_apart_by_their_target)
{
	struct ports_spec specs[] = {
		spec("127.0.0.1:0", "office:1"),
		spec("127.0.0.1:0", "office:2"),
		spec("127.0.0.1:0", "office:3"),
	};
	char third[ADDR_TEXT_LEN];

	ck_assert_uint_eq(ports_configure(ports, specs, 3), 0);
	ck_assert_uint_eq(list(), 3);
	memcpy(third, listed[2].addr, sizeof(third));
	ck_assert_uint_eq(ports_configure(ports, specs + 1, 2), 0);
	ck_assert_uint_eq(list(), 2);
	ck_assert_str_eq(listed[1].addr, third);
	leads(third, "office:3");
}
END_TEST

START_TEST(an_address_passes_from_one_to_the_next)
{
	struct ports_spec one = spec("127.0.0.1:0", NULL);
	struct ports_spec two;

	ck_assert_uint_eq(ports_configure(ports, &one, 1), 0);
	ck_assert_uint_eq(list(), 1);
	/* The same port, on all addresses: the old one must be free first. */
	two = spec("0.0.0.0:1", NULL);
	one = spec(listed[0].addr, NULL);
	addr_set_port(&two.listen, addr_port(&one.listen));
	ck_assert_uint_eq(ports_configure(ports, &two, 1), 0);
	ck_assert_uint_eq(list(), 1);
	leads(listed[0].addr, "");
	/* A listener that becomes a forward. */
	two.is_forward = true;
	two.target = spec("127.0.0.1:1", "office:9").target;
	ck_assert_uint_eq(ports_configure(ports, &two, 1), 0);
	ck_assert_uint_eq(list(), 1);
	leads(listed[0].addr, "office:9");
}
END_TEST

START_TEST(what_cannot_be_had_leaves_the_others)
{
	struct ports_spec specs[3];
	struct addr taken = spec("127.0.0.1:0", NULL).listen;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(
	    bind(fd, (const struct sockaddr *)&taken.ss, taken.len), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(
	    getsockname(fd, (struct sockaddr *)&taken.ss, &taken.len), 0);
	specs[0] = spec("127.0.0.1:0", "office:1");
	specs[1] = spec("127.0.0.1:0", NULL);
	specs[1].listen = taken;
	specs[2] = spec("127.0.0.1:0", "office:2");
	ck_assert_uint_eq(ports_configure(ports, specs, 3), 1);
	ck_assert_uint_eq(list(), 2);
	leads(listed[1].addr, "office:2");
	close(fd);
	/* Next time it is there. */
	ck_assert_uint_eq(ports_configure(ports, specs, 3), 0);
	ck_assert_uint_eq(list(), 3);
}
END_TEST

START_TEST(by_command)
{
	struct ports_spec configured = spec("127.0.0.1:0", NULL);
	struct ports_spec forward = spec("127.0.0.1:0", "office:22");
	struct ports_info info;
	char text[ADDR_TEXT_LEN];

	ck_assert_uint_eq(ports_configure(ports, &configured, 1), 0);
	ck_assert_int_eq(ports_add(ports, &forward, &info, &fault), 0);
	ck_assert(info.by_command);
	ck_assert_uint_ne(addr_port(&info.addr), 0);
	leads(addr_format(&info.addr, text), "office:22");
	/* A second one at that place cannot be. */
	forward.listen = info.addr;
	ck_assert_int_eq(ports_add(ports, &forward, &info, &fault), -1);
	ck_assert_ptr_nonnull(strstr(fault.text, "in use"));
	/* It is not of the configuration, and stays until it is removed. */
	ck_assert_uint_eq(ports_configure(ports, &configured, 1), 0);
	ck_assert_uint_eq(list(), 2);
	ck_assert(!listed[0].by_command && listed[1].by_command);
	ck_assert_int_eq(ports_remove(ports, &forward), 0);
	ck_assert_int_eq(ports_remove(ports, &forward), -1);
	refuses(text);
	/* What is no forward is not removed. */
	ck_assert_uint_eq(list(), 1);
	forward = spec(listed[0].addr, NULL);
	ck_assert_int_eq(ports_remove(ports, &forward), -1);
	leads(listed[0].addr, "");
}
END_TEST

START_TEST(the_configuration_takes_over)
{
	struct ports_spec forward = spec("127.0.0.1:0", "office:22");
	struct ports_info info;

	ck_assert_int_eq(ports_add(ports, &forward, &info, &fault), 0);
	ck_assert_uint_eq(ports_configure(ports, &forward, 1), 0);
	ck_assert_uint_eq(list(), 1);
	ck_assert(!listed[0].by_command);
	ck_assert_uint_eq(ports_configure(ports, &forward, 0), 0);
	ck_assert_uint_eq(list(), 0);
}
END_TEST

START_TEST(unix_sockets)
{
	char dir[TEMPDIR_LEN];
	char path[TEMPDIR_LEN];
	char text[TEMPDIR_LEN + 8];
	struct ports_spec at;

	tempdir_new(dir);
	(void)snprintf(
	    text, sizeof(text), "unix:%s", tempdir_file(dir, "socket", path));
	at = spec(text, NULL);
	ck_assert_uint_eq(ports_configure(ports, &at, 1), 0);
	ck_assert_uint_eq(list(), 1);
	ck_assert_str_eq(listed[0].addr, text);
	leads(text, "");
	ports_close(ports);
	ck_assert_int_eq(access(path, F_OK), -1);
	tempdir_remove(dir);
}
END_TEST

START_TEST(no_more_than_that)
{
	struct ports_spec forward = spec("127.0.0.1:0", "office:22");
	struct ports_info info;

	for (int i = 0; i < PORTS_MAX; i++) {
		ck_assert_int_eq(ports_add(ports, &forward, &info, &fault), 0);
	}
	ck_assert_int_eq(ports_add(ports, &forward, &info, &fault), -1);
	ck_assert_ptr_nonnull(strstr(fault.text, "256"));
}
END_TEST

/* Does a connection to ip, at the port of listed number i, come in here? */
static bool
takes(const char *ip, size_t i)
{
	struct addr own;
	struct addr addr;

	ck_assert_int_eq(addr_parse(&own, listed[i].addr), 0);
	ck_assert_int_eq(addr_from_ip(&addr, ip, addr_port(&own)), 0);
	return ports_take(ports, &addr);
}

START_TEST(what_would_come_in)
{
	struct ports_spec specs[] = {
		spec("127.0.0.1:0", NULL),
		spec("0.0.0.0:0", "office:1"),
		spec("unix:/nowhere/socket", NULL),
	};

	(void)ports_configure(ports, specs, 3);
	ck_assert_uint_eq(list(), 2);
	ck_assert(takes("127.0.0.1", 0));
	ck_assert(takes("::ffff:127.0.0.1", 0));
	ck_assert(takes("0.0.0.0", 0));
	ck_assert(!takes("127.0.0.2", 0));
	ck_assert(!takes("192.0.2.1", 0));
	ck_assert(!takes("::1", 0));
	/* Everywhere: at each address of this machine, and at no other. */
	ck_assert(takes("127.0.0.1", 1));
	ck_assert(takes("127.1.2.3", 1));
	ck_assert(takes("0.0.0.0", 1));
	ck_assert(!takes("192.0.2.1", 1));
	ck_assert(!takes("::1", 1));
	(void)snprintf(listed[0].addr, sizeof(listed[0].addr), "127.0.0.1:1");
	ck_assert(!takes("127.0.0.1", 0));
}
END_TEST

START_TEST(out_of_memory)
{
	struct ports_spec forward = spec("127.0.0.1:0", "office:22");
	struct ports_info info;
	int result = -1;

	for (long n = 1; result != 0; n++) {
		failalloc_after(n);
		result = ports_add(ports, &forward, &info, &fault);
		failalloc_off();
		ck_assert_uint_eq(list(), result == 0 ? 1 : 0);
	}
	failalloc_after(1);
	ck_assert_ptr_null(ports_new(loop, on_accept, NULL));
	failalloc_off();
}
END_TEST

/* UDP and TCP on one number are two ports, and are told apart. */
START_TEST(udp_forwards)
{
	struct client_pool pool;
	struct reach_space space = { .peers = NULL };
	struct ports_spec specs[2] = { spec("127.0.0.1:0", NULL),
		spec("udp:127.0.0.1:0", "office:53") };
	struct ports_spec wrong;
	struct ports_info info;
	const char *flaw;
	char text[PORTS_TEXT_LEN];

	client_pool_init(&pool, loop, &space, 1);
	ck_assert_int_eq(ports_add(ports, &specs[1], &info, &fault), -1);
	ports_set_pool(ports, &pool);
	ck_assert(specs[1].is_udp && specs[1].is_forward);
	ck_assert_int_eq(
	    ports_spec_make(&wrong, "udp:unix:/x", "office:1", &flaw), -1);
	ck_assert_uint_eq(ports_configure(ports, specs, 2), 0);
	ck_assert_uint_eq(list(), 2);
	ck_assert_str_eq(listed[1].to, "office:53");
	/* Another target is no reason to bind it again. */
	(void)snprintf(text, sizeof(text), "%s", listed[1].addr);
	specs[1] = spec("udp:127.0.0.1:0", "office:54");
	ck_assert_uint_eq(ports_configure(ports, specs, 2), 0);
	ck_assert_uint_eq(list(), 2);
	ck_assert_str_eq(listed[1].addr, text);
	ck_assert_str_eq(listed[1].to, "office:54");
	/* The same address for TCP, by command, and away again. */
	specs[0] = spec(text, "office:55");
	ck_assert_int_eq(ports_add(ports, &specs[0], &info, &fault), 0);
	ck_assert(!info.is_udp);
	ck_assert_int_eq(ports_remove(ports, &specs[0]), 0);
	specs[0].is_udp = true;
	ck_assert_int_eq(ports_remove(ports, &specs[0]), 0);
	ck_assert_uint_eq(list(), 1);
	ck_assert_int_eq(ports_add(ports, &specs[0], &info, &fault), 0);
	ck_assert_ptr_nonnull(strstr(ports_format(&info, text), "udp:127."));
	ports_close(ports);
}
END_TEST

START_TEST(name_servers)
{
	struct client_pool pool;
	struct reach_space space = { .peers = NULL };
	struct ports_spec specs[2] = { spec("127.0.0.1:0", NULL) };
	struct ports_info info;
	const char *flaw = NULL;
	char text[PORTS_TEXT_LEN];

	ck_assert_int_eq(
	    ports_spec_make_names(&specs[1], "unix:/x", &flaw), -1);
	ck_assert_ptr_nonnull(strstr(flaw, "127.0.0.1:5353"));
	ck_assert_int_eq(
	    ports_spec_make_names(&specs[1], "127.0.0.1:0", &flaw), 0);
	ck_assert(specs[1].is_udp && !specs[1].is_forward);
	client_pool_init(&pool, loop, &space, 1);
	ports_set_pool(ports, &pool);
	ck_assert_uint_eq(ports_configure(ports, specs, 2), 0);
	ck_assert_uint_eq(list(), 2);
	ck_assert_str_eq(listed[1].to, "");
	(void)snprintf(text, sizeof(text), "%s", listed[1].addr);
	/* It stays, and is no forward that a command could remove. */
	ck_assert_uint_eq(ports_configure(ports, specs, 2), 0);
	ck_assert_uint_eq(list(), 2);
	ck_assert_str_eq(listed[1].addr, text);
	ck_assert_int_eq(ports_remove(ports, &specs[1]), -1);
	ck_assert_uint_eq(ports_configure(ports, specs, 1), 0);
	ck_assert_uint_eq(list(), 1);
	ck_assert_int_eq(ports_add(ports, &specs[1], &info, &fault), 0);
	ck_assert_ptr_nonnull(strstr(ports_format(&info, text), "dns:127."));
	ports_close(ports);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ports");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, texts);
	tcase_add_test(tests, they_lead);
	tcase_add_test(tests, what_stays_is_not_bound_again);
	tcase_add_test(tests, twins_are_told_apart_by_their_target);
	tcase_add_test(tests, an_address_passes_from_one_to_the_next);
	tcase_add_test(tests, what_cannot_be_had_leaves_the_others);
	tcase_add_test(tests, by_command);
	tcase_add_test(tests, the_configuration_takes_over);
	tcase_add_test(tests, unix_sockets);
	tcase_add_test(tests, udp_forwards);
	tcase_add_test(tests, name_servers);
	tcase_add_test(tests, no_more_than_that);
	tcase_add_test(tests, what_would_come_in);
	tcase_add_test(tests, out_of_memory);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
