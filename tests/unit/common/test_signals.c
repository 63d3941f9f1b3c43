/* SPDX-License-Identifier: ISC */
#include "common/signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/loop.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

struct heard {
	int count;
	int last;
};

static void
on_signal(int signum, void *arg)
{
	struct heard *heard = arg;

	heard->count++;
	heard->last = signum;
}

START_TEST(each_is_told)
{
	static const int signums[] = { SIGTERM, SIGINT, SIGHUP };
	struct loop *loop = loop_new();
	struct heard heard = { 0 };
	struct signals *signals = signals_new(loop, on_signal, &heard);

	ck_assert_ptr_nonnull(signals);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(raise(signums[i]), 0);
		ck_assert_int_eq(heard.count, i);
		ck_assert(await_count(loop, &heard.count, i + 1));
		ck_assert_int_eq(heard.last, signums[i]);
	}
	signals_free(signals);
	signals_free(NULL);
	loop_free(loop);
}
END_TEST

START_TEST(broken_pipe_does_not_kill)
{
	struct loop *loop = loop_new();
	struct signals *signals = signals_new(loop, on_signal, NULL);
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	close(fds[0]);
	ck_assert_int_eq(write(fds[1], "x", 1), -1);
	close(fds[1]);
	signals_free(signals);
	loop_free(loop);
}
END_TEST

/* In a child, because the default action of SIGHUP is to die. */
START_TEST(default_action_comes_back)
{
	pid_t pid = fork();
	int status = 0;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct loop *loop = loop_new();

		signals_free(signals_new(loop, on_signal, NULL));
		(void)raise(SIGHUP);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGHUP);
}
END_TEST

START_TEST(no_memory)
{
	struct loop *loop = loop_new();

	failalloc_forever_after(1);
	ck_assert_ptr_null(signals_new(loop, on_signal, NULL));
	failalloc_off();
	loop_free(loop);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("signals");
	TCase *tcase = tcase_create("signals");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, each_is_told);
	tcase_add_test(tcase, broken_pipe_does_not_kill);
	tcase_add_test(tcase, default_action_comes_back);
	tcase_add_test(tcase, no_memory);
	return unit_main(suite);
}
