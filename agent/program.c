/* SPDX-License-Identifier: ISC */
#include "agent/program.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/list.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/acceptor.h"
#include "protocol/name.h"

/* PATH, LANG, three of ours and the end. */
#define VARIABLES 6
#define VARIABLE_LEN (NAME_USER_MAX + 32)

/* Seconds between two looks at a process that the kernel does not tell of. */
#define LOOK_TIME 0.05

struct program {
	struct loop *loop;
	double seconds;
	char **words; /* NULL: there is none */
	struct list runs;
	size_t count;
};

/* A process that runs. */
struct run {
	struct list node;
	struct program *program;
	pid_t pid;
	struct ev_io exit;    /* its pidfd, which is readable at the end */
	struct ev_timer look; /* without one: before Linux 5.3 */
	struct ev_timer timer;
	bool late;
	program_done *done;
	void *arg;
};

struct program *
program_new(struct loop *loop, double seconds)
{
	struct program *program = mem_new(1, sizeof(*program));

	if (program != NULL) {
		program->loop = loop;
		program->seconds = seconds;
		list_init(&program->runs);
	}
	return program;
}

char **
program_words(const char *const *words, size_t count)
{
	char **copy = mem_new(count + 1, sizeof(*copy));

	for (size_t i = 0; copy != NULL && i < count; i++) {
		copy[i] = mem_strdup(words[i]);
		if (copy[i] == NULL) {
			program_words_free(copy);
			return NULL;
		}
	}
	return copy;
}

void
program_words_free(char **words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
		mem_free(words[i]);
	}
	mem_free(words);
}

void
program_configure(struct program *program, char **words)
{
	program_words_free(program->words);
	program->words = words;
}

bool
program_is_set(const struct program *program)
{
	return program->words != NULL;
}

/* --- the end of a run ------------------------------------------------ */

static void
forget(struct run *run)
{
	struct ev_loop *ev = loop_ev(run->program->loop);

	ev_timer_stop(ev, &run->timer);
	ev_timer_stop(ev, &run->look);
	ev_io_stop(ev, &run->exit);
	if (run->exit.fd >= 0) {
		(void)close(run->exit.fd);
	}
	list_remove(&run->node);
	run->program->count--;
	mem_free(run);
}

/* Say by the exit status what became of the message. */
static enum code
judge(const struct run *run, int status, char text[LIMITS_TEXT_LEN])
{
	if (run->late) {
		(void)snprintf(text, LIMITS_TEXT_LEN,
		    "its program took longer than %g s", run->program->seconds);
	} else if (WIFSIGNALED(status)) {
		(void)snprintf(text, LIMITS_TEXT_LEN,
		    "its program ended by signal %d", WTERMSIG(status));
	} else if (WEXITSTATUS(status) == 127) {
		(void)snprintf(
		    text, LIMITS_TEXT_LEN, "its program could not be run");
	} else if (WEXITSTATUS(status) != 0) {
		(void)snprintf(text, LIMITS_TEXT_LEN,
		    "its program refused it (exit status %d)",
		    WEXITSTATUS(status));
	} else {
		return CODE_OK;
	}
	return CODE_TEXT_REFUSED;
}

/* Tell what became of run, if its process has ended. */
static void
look_at(struct run *run)
{
	program_done *done = run->done;
	void *arg = run->arg;
	char text[LIMITS_TEXT_LEN] = "";
	enum code code;
	int status = 0;

	if (waitpid(run->pid, &status, WNOHANG) == 0) {
		return;
	}
	code = judge(run, status, text);
	if (code != CODE_OK) {
		log_write(LOG_LEVEL_WARN, "message", 0, "not taken: %s: %s",
		    text,
		    run->program->words != NULL ? run->program->words[0] : "");
	}
	forget(run);
	done(code, text, arg);
}

static void
on_exit_of(struct ev_loop *ev, struct ev_io *watcher, int revents)
{
	(void)ev;
	(void)revents;
	look_at(watcher->data);
}

static void
on_look(struct ev_loop *ev, struct ev_timer *timer, int revents)
{
	(void)ev;
	(void)revents;
	look_at(timer->data);
}

static void
on_late(struct ev_loop *ev, struct ev_timer *timer, int revents)
{
	struct run *run = timer->data;

	(void)ev;
	(void)revents;
	run->late = true;
	(void)kill(-run->pid, SIGKILL);
}

void
program_free(struct program *program)
{
	struct list *node;

	if (program == NULL) {
		return;
	}
	for (node = list_first(&program->runs); node != NULL;
	     node = list_first(&program->runs)) {
		struct run *run = list_entry(node, struct run, node);

		(void)kill(-run->pid, SIGKILL);
		(void)waitpid(run->pid, NULL, 0);
		forget(run);
	}
	program_words_free(program->words);
	mem_free(program);
}

/* --- the beginning --------------------------------------------------- */

/*
 * Return a file that holds the text: the program reads it when it likes, and
 * nobody here waits for it.  -1 without memory.
 */
static int
open_text(const struct acceptor_letter *letter)
{
	int fd = memfd_create("inroad-message", MFD_CLOEXEC);

	if (fd >= 0 &&
	    (write(fd, letter->text, letter->len) != (ssize_t)letter->len ||
		lseek(fd, 0, SEEK_SET) != 0)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* Have the child begin with no signal of ours, in a group of its own. */
static int
set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none;
	sigset_t all;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	return posix_spawnattr_setsigmask(attributes, &none) != 0 ||
		       posix_spawnattr_setsigdefault(attributes, &all) != 0 ||
		       posix_spawnattr_setpgroup(attributes, 0) != 0 ||
		       posix_spawnattr_setflags(attributes,
			   POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
			       POSIX_SPAWN_SETPGROUP) != 0
		   ? -1
		   : 0;
}

/*
 * Our descriptors are closed by exec; this is for those that we got ourselves
 * from whoever started us.
 */
static int
close_others(posix_spawn_file_actions_t *files)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
	return posix_spawn_file_actions_addclosefrom_np(
	    files, STDERR_FILENO + 1);
#else
	(void)files;
	return 0;
#endif
}

/* Standard input is fd, output goes nowhere, errors where ours go. */
static int
set_files(posix_spawn_file_actions_t *files, int fd)
{
	return posix_spawn_file_actions_adddup2(files, fd, STDIN_FILENO) != 0 ||
		       posix_spawn_file_actions_addopen(files, STDOUT_FILENO,
			   "/dev/null", O_WRONLY, 0) != 0 ||
		       close_others(files) != 0
		   ? -1
		   : 0;
}

/* Start the program with fd as its standard input; 0 or an errno. */
static int
spawn(char *const *words, char *const *environment, int fd, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int error = ENOMEM;

	if (posix_spawn_file_actions_init(&files) != 0) {
		return ENOMEM;
	}
	if (posix_spawnattr_init(&attributes) != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	if (set_files(&files, fd) == 0 && set_attributes(&attributes) == 0) {
		error = posix_spawn(
		    pid, words[0], &files, &attributes, words, environment);
	}
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&files);
	return error;
}

/* Start a process for letter; its pid, or -1 with errno. */
static pid_t
start(const struct program *program, const char *host,
    const struct acceptor_letter *letter)
{
	char texts[3][VARIABLE_LEN];
	char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	char lang[] = "LANG=C.UTF-8";
	char *environment[VARIABLES] = { path, lang, texts[0], texts[1],
		texts[2], NULL };
	pid_t pid = -1;
	int fd = open_text(letter);
	int error;

	if (fd < 0) {
		return -1;
	}
	(void)snprintf(texts[0], VARIABLE_LEN, "INROAD_HOST=%s", host);
	(void)snprintf(texts[1], VARIABLE_LEN, "INROAD_USER=%s", letter->user);
	(void)snprintf(
	    texts[2], VARIABLE_LEN, "INROAD_DEVICE=%s", letter->device);
	error = spawn(program->words, environment, fd, &pid);
	(void)close(fd);
	errno = error;
	return error == 0 ? pid : -1;
}

/* Watch run, whose process has been started. */
static void
watch(struct run *run)
{
	struct ev_loop *ev = loop_ev(run->program->loop);
	int fd = (int)syscall(SYS_pidfd_open, run->pid, 0);

	ev_io_init(&run->exit, on_exit_of, fd, EV_READ);
	run->exit.data = run;
	ev_timer_init(&run->look, on_look, LOOK_TIME, LOOK_TIME);
	run->look.data = run;
	if (fd >= 0) {
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		ev_io_start(ev, &run->exit);
	} else {
		ev_timer_start(ev, &run->look);
	}
	ev_timer_init(&run->timer, on_late, run->program->seconds, 0.);
	run->timer.data = run;
	ev_timer_start(ev, &run->timer);
}

enum code
program_run(struct program *program, const char *host,
    const struct acceptor_letter *letter, program_done *done, void *arg,
    char text[LIMITS_TEXT_LEN])
{
	struct run *run;

	if (program->count >= PROGRAM_RUNS_MAX) {
		(void)snprintf(text, LIMITS_TEXT_LEN,
		    "its program is busy with %d others", PROGRAM_RUNS_MAX);
		return CODE_OVERLOADED;
	}
	run = mem_new(1, sizeof(*run));
	if (run == NULL) {
		return CODE_OVERLOADED;
	}
	run->program = program;
	run->done = done;
	run->arg = arg;
	run->pid = start(program, host, letter);
	if (run->pid < 0) {
		log_write(LOG_LEVEL_ERROR, "message", 0,
		    "not taken: cannot run %s: %s", program->words[0],
		    strerror(errno));
		(void)snprintf(
		    text, LIMITS_TEXT_LEN, "its program could not be run");
		mem_free(run);
		return CODE_TEXT_REFUSED;
	}
	watch(run);
	list_push_back(&program->runs, &run->node);
	program->count++;
	return CODE_OK;
}
