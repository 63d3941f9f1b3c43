/* SPDX-License-Identifier: ISC */

#include "gateway/gate.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/addr.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

/* Whom root can be, to be somebody else. */
#define SOMEBODY 65534

static struct gate_rules rules;
static struct gate *gate;
static int listener;
static struct addr addr;

static void
setup(void)
{
	memset(&rules, 0, sizeof(rules));
	gate = gate_new(&rules);
	ck_assert_ptr_nonnull(gate);
	listener = netpair_listen(AF_INET, &addr);
}

static void
teardown(void)
{
	gate_free(gate);
	close(listener);
}

/* Connect from a process of user; ends with that process. */
static pid_t
connect_as(uid_t user, int *server)
{
	pid_t pid = fork();
	int fd;

	ck_assert_int_ge(pid, 0);
	if (pid > 0) {
		*server = accept(listener, NULL, NULL);
		ck_assert_int_ge(*server, 0);
		return pid;
	}
	if (user != geteuid() && setuid(user) != 0) {
		_exit(1);
	}
	fd = socket(addr_family(&addr), SOCK_STREAM, 0);
	if (connect(fd, (const struct sockaddr *)&addr.ss, addr.len) != 0) {
		_exit(2);
	}
	(void)pause();
	_exit(3);
}

/* Judge a connection of user. */
static struct gate_pass
judged_as_before(uid_t user)
{
	struct gate_pass pass;
	int server;
	int status;
	pid_t pid = connect_as(user, &server);

	pass = gate_judge(gate, server);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	close(server);
	return pass;
}

/* Judge a connection of user under rules. */
static struct gate_pass
judged(uid_t user)
{
	gate_configure(gate, &rules);
	return judged_as_before(user);
}

static void
tells_users_apart(void)
{
	char text[GATE_TEXT_LEN];
	struct gate_pass pass = judged(geteuid());

	ck_assert_int_eq(pass.verdict, GATE_OPEN);
	ck_assert(!pass.outside);
	if (geteuid() != 0) {
		return;
	}
	pass = judged(SOMEBODY);
	ck_assert_int_eq(pass.verdict, GATE_OTHER_USER);
	ck_assert_uint_eq(pass.uid, SOMEBODY);
	ck_assert_ptr_nonnull(
	    strstr(gate_explain(&pass, text), "user 65534 of this machine"));
	rules.users[0] = SOMEBODY - 1;
	rules.user_count = 1;
	ck_assert_int_eq(judged(SOMEBODY).verdict, GATE_OTHER_USER);
	rules.users[1] = SOMEBODY;
	rules.user_count = 2;
	ck_assert_int_eq(judged(SOMEBODY).verdict, GATE_OPEN);
	rules.user_count = 0;
	rules.every_user = true;
	ck_assert_int_eq(judged(SOMEBODY).verdict, GATE_OPEN);
	ck_assert(!judged(SOMEBODY).outside);
}

START_TEST(tcp)
{
	tells_users_apart();
}
END_TEST

START_TEST(unix_socket)
{
	char dir[TEMPDIR_LEN];
	char path[TEMPDIR_LEN];

	tempdir_new(dir);
	ck_assert_int_eq(chmod(dir, 0755), 0);
	ck_assert_int_eq(
	    addr_from_path(&addr, tempdir_file(dir, "socket", path)), 0);
	close(listener);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(
	    bind(listener, (const struct sockaddr *)&addr.ss, addr.len), 0);
	ck_assert_int_eq(listen(listener, 4), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
	tells_users_apart();
	ck_assert_int_eq(unlink(path), 0);
	tempdir_remove(dir);
}
END_TEST

START_TEST(who_left_is_nobody)
{
	char text[GATE_TEXT_LEN];
	struct gate_pass pass;
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int server;

	ck_assert_int_eq(
	    connect(client, (const struct sockaddr *)&addr.ss, addr.len), 0);
	server = accept(listener, NULL, NULL);
	close(client);
	pass = gate_judge(gate, server);
	ck_assert_int_eq(pass.verdict, GATE_NOBODY);
	ck_assert_ptr_nonnull(strstr(gate_explain(&pass, text), "closed"));
	rules.every_user = true;
	gate_configure(gate, &rules);
	ck_assert_int_eq(gate_judge(gate, server).verdict, GATE_OPEN);
	close(server);
}
END_TEST

/* Half-closing is not leaving, whoever may come in. */
START_TEST(who_left_is_told)
{
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int server;

	rules.every_user = true;
	gate_free(gate);
	gate = gate_new(&rules);
	ck_assert_ptr_nonnull(gate);
	ck_assert_int_eq(
	    connect(client, (const struct sockaddr *)&addr.ss, addr.len), 0);
	server = accept(listener, NULL, NULL);
	ck_assert(!gate_has_left(gate, server));
	ck_assert_int_eq(shutdown(client, SHUT_WR), 0);
	ck_assert(!gate_has_left(gate, server));
	close(client);
	ck_assert(gate_has_left(gate, server));
	ck_assert(!gate_has_left(NULL, server));
	/* Nor is it said of what is no connection. */
	ck_assert(!gate_has_left(gate, listener));
	close(server);
	ck_assert(!gate_has_left(gate, server));
}
END_TEST

START_TEST(no_connection)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(gate_judge(gate, fd).verdict, GATE_NOBODY);
	close(fd);
	ck_assert_int_eq(gate_judge(gate, fd).verdict, GATE_BLIND);
	/* Without a gate everybody comes in. */
	ck_assert_int_eq(gate_judge(NULL, -1).verdict, GATE_OPEN);
}
END_TEST

START_TEST(out_of_memory)
{
	char text[GATE_TEXT_LEN];
	struct gate_pass pass;

	gate_free(gate);
	failalloc_after(1);
	gate = gate_new(&rules);
	ck_assert_ptr_null(gate);
	/* Without a way to ask, nobody gets in, until it works. */
	failalloc_after(2);
	gate = gate_new(&rules);
	failalloc_off();
	ck_assert_ptr_nonnull(gate);
	pass = judged_as_before(geteuid());
	ck_assert_int_eq(pass.verdict, GATE_BLIND);
	ck_assert_ptr_nonnull(strstr(gate_explain(&pass, text), "cannot tell"));
	ck_assert_int_eq(judged(geteuid()).verdict, GATE_OPEN);
}
END_TEST

/* Judge a datagram of user. */
static struct gate_pass
judged_datagram(uid_t user)
{
	struct addr local;
	struct addr from;
	struct gate_pass pass;
	int ours = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char byte;
	int status;
	pid_t pid;

	(void)addr_from_ip(&local, "127.0.0.1", 0);
	ck_assert_int_eq(
	    bind(ours, (const struct sockaddr *)&local.ss, local.len), 0);
	local.len = sizeof(local.ss);
	ck_assert_int_eq(
	    getsockname(ours, (struct sockaddr *)&local.ss, &local.len), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int fd;

		if (user != geteuid() && setuid(user) != 0) {
			_exit(1);
		}
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		(void)sendto(fd, "x", 1, 0, (const struct sockaddr *)&local.ss,
		    local.len);
		(void)pause();
		_exit(3);
	}
	from.len = sizeof(from.ss);
	ck_assert_int_eq(
	    recvfrom(ours, &byte, 1, 0, (struct sockaddr *)&from.ss, &from.len),
	    1);
	pass = gate_judge_datagram(gate, &from, &local);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (pass.verdict == GATE_OPEN) {
		/* Its socket is gone, so nobody knows any more. */
		ck_assert_int_eq(
		    gate_judge_datagram(gate, &from, &local).verdict,
		    GATE_NOBODY);
	}
	close(ours);
	return pass;
}

START_TEST(datagrams_are_judged_alike)
{
	struct addr outside;

	ck_assert_int_eq(judged_datagram(geteuid()).verdict, GATE_OPEN);
	if (geteuid() == 0) {
		ck_assert_int_eq(
		    judged_datagram(SOMEBODY).verdict, GATE_OTHER_USER);
	}
	(void)addr_from_ip(&outside, "10.0.0.5", 1234);
	ck_assert(gate_judge_datagram(gate, &outside, &addr).outside);
	ck_assert_int_eq(
	    gate_judge_datagram(NULL, &outside, &addr).verdict, GATE_OPEN);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gate");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, tcp);
	tcase_add_test(tests, unix_socket);
	tcase_add_test(tests, who_left_is_nobody);
	tcase_add_test(tests, who_left_is_told);
	tcase_add_test(tests, no_connection);
	tcase_add_test(tests, out_of_memory);
	tcase_add_test(tests, datagrams_are_judged_alike);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
