/* SPDX-License-Identifier: ISC */
/*
 * A daemon around its link: it joins, reports, obeys and ends.
 */
#include "protocol/endpoint.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/control.h"
#include "common/fault.h"
#include "common/jsonout.h"
#include "common/listener.h"
#include "common/loop.h"
#include "protocol/joinstring.h"
#include "protocol/keys.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/linkmsg.h"
#include "protocol/membership.h"
#include "protocol/uplink.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

/* Room for what a daemon prints or answers in a test. */
#define SAID_MAX 8192

/* Links that the relay may have had. */
#define LINKS_MAX 16

static char top[TEMPDIR_LEN];
static struct loop *loop;
static struct endpoint *endpoint;
static int said_fd; /* standard output of the daemon */
static int real_stdout;

/* The relay. */
static struct listener *listener;
static struct membership membership;
static uint8_t relay_secret[KEYS_LEN];
static struct link *links[LINKS_MAX];
static int link_count;
static int logins;
static int tokens; /* logins that showed one */
static enum code refusal;
static enum code left_by; /* how the last link ended */

/* What the endpoint told its daemon. */
static int ups;
static int downs;
static int joins;
static int reloads;
static int finishes;
static int stops;
static int joinings;
static bool finish_at_once;
static bool refuse_joining;

/* --- the relay ----------------------------------------------------------- */

static void
on_login(struct link *link, const struct linkhello_login *login,
    const uint8_t key[32], void *arg)
{
	struct linkmsg_result result = { .code = CODE_OK };

	(void)key;
	(void)arg;
	logins++;
	tokens += login->has_token;
	if (refusal != CODE_OK) {
		link_refuse(link, refusal, "because", 0);
	} else {
		link_admit(link, &result);
	}
}

static void
on_relay_down(struct link *link, enum code code, const char *text,
    uint32_t retry_after, void *arg)
{
	struct link **slot = arg;

	(void)link;
	(void)text;
	(void)retry_after;
	*slot = NULL;
	left_by = code;
}

static void
on_connection(int fd, const struct addr *peer, void *arg)
{
	static const struct link_ops ops = {
		.login = on_login,
		.down = on_relay_down,
	};
	const struct link_relay_config config = {
		.public_key = membership.relay_public,
		.secret_key = relay_secret,
	};
	struct link **slot = &links[link_count++];

	(void)peer;
	(void)arg;
	ck_assert_int_lt(link_count, LINKS_MAX);
	*slot = link_accept(loop, fd, &config, &ops, slot);
	ck_assert_ptr_nonnull(*slot);
}

/* Write a join string for role, told apart by mark, to out. */
static void
make_string(enum linkhello_role role, uint8_t mark, char out[JOINSTRING_MAX])
{
	struct membership copy = membership;

	copy.role = role;
	copy.key_kind =
	    role == LINKHELLO_AGENT ? MEMBERSHIP_KEY_HOST : MEMBERSHIP_KEY_NONE;
	copy.epoch = role == LINKHELLO_AGENT ? 1 : 0;
	memset(copy.key, role == LINKHELLO_AGENT ? 7 : 0, sizeof(copy.key));
	memset(copy.token, mark, sizeof(copy.token));
	ck_assert_msg(
	    joinstring_encode(&copy, out) > 0, "%s", membership_flaw(&copy));
}

static void
start_relay(void)
{
	struct listener_config config = { .max_open = 0 };
	struct fault fault;
	char text[ADDR_TEXT_LEN];
	struct addr addr;

	ck_assert_int_eq(addr_parse(&config.addr, "127.0.0.1:0"), 0);
	listener = listener_new(loop, &config, on_connection, NULL, &fault);
	ck_assert_msg(listener != NULL, "%s", fault.text);
	listener_addr(listener, &addr);
	memset(&membership, 0, sizeof(membership));
	keys_generate(relay_secret, membership.relay_public);
	(void)snprintf(membership.user, sizeof(membership.user), "alice");
	(void)snprintf(membership.name, sizeof(membership.name), "office");
	membership.has_token = true;
	(void)addr_format(&addr, text);
	ck_assert_int_eq(
	    membership_add_relay(&membership, text, strlen(text)), 0);
}

/* --- the daemon ---------------------------------------------------------- */

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	(void)link;
	(void)result;
	(void)arg;
	ups++;
}

static void
on_down(enum code code, const char *text, void *arg)
{
	(void)code;
	(void)text;
	(void)arg;
	downs++;
}

static int
on_joining(struct membership *joining, void *arg)
{
	(void)joining;
	(void)arg;
	joinings++;
	return refuse_joining ? -1 : 0;
}

static void
on_joined(const struct membership *joined, void *arg)
{
	(void)arg;
	ck_assert_str_eq(joined->name, "office");
	joins++;
}

static void
on_reload(void *arg)
{
	(void)arg;
	reloads++;
}

static void
on_finish(void *arg)
{
	(void)arg;
	finishes++;
	ck_assert(endpoint_is_finishing(endpoint));
	if (finish_at_once) {
		endpoint_finished(endpoint);
	}
}

static void
on_stop(void *arg)
{
	(void)arg;
	stops++;
	/* The link is there for the last records. */
	ck_assert((endpoint_link(endpoint) != NULL) == (ups > downs));
}

static bool
on_command(struct control_request *request, void *arg)
{
	(void)arg;
	if (strcmp(control_word(request, 0), "hello") != 0) {
		return false;
	}
	control_end(request, CONTROL_OFFLINE, "host-offline", "Nobody.");
	return true;
}

static void
on_status(struct jsonout *json, void *arg)
{
	(void)arg;
	jsonout_uint(json, "answer", 42);
}

static const struct endpoint_ops ops = {
	.up = on_up,
	.down = on_down,
	.joining = on_joining,
	.joined = on_joined,
	.reload = on_reload,
	.finish = on_finish,
	.stop = on_stop,
	.command = on_command,
	.status = on_status,
};

/* Make an endpoint with this argument of --join; the exit code. */
static int
make(char *join)
{
	const struct endpoint_config config = {
		.role = LINKHELLO_AGENT,
		.state = top,
		.join = join,
		.ops = &ops,
	};
	int status = -1;

	endpoint = endpoint_new(loop, &config, &status);
	ck_assert((endpoint != NULL) == (status == EX_OK));
	return status;
}

/* Start one that serves. */
static void
start(char *join)
{
	ck_assert_int_eq(make(join), EX_OK);
	ck_assert_int_eq(endpoint_serve(endpoint, NULL), EX_OK);
}

/* Start one with the join string with mark. */
static void
start_with(uint8_t mark)
{
	char string[JOINSTRING_MAX];

	make_string(LINKHELLO_AGENT, mark, string);
	start(string);
	ck_assert_int_eq(string[0], '\0');
}

/* Free it, and forget what was printed. */
static void
end(void)
{
	endpoint_free(endpoint);
	endpoint = NULL;
	ck_assert_int_eq(ftruncate(said_fd, 0), 0);
	ck_assert_int_eq(lseek(said_fd, 0, SEEK_SET), 0);
}

/* Return true when text was printed. */
static bool
has_said(const char *text)
{
	static char said[SAID_MAX];
	ssize_t n = pread(said_fd, said, sizeof(said) - 1, 0);

	said[n < 0 ? 0 : n] = '\0';
	return strstr(said, text) != NULL;
}

static bool
says(void *arg)
{
	return has_said(arg);
}

/* Wait until text is printed. */
static void
await_said(const char *text)
{
	char copy[256];

	(void)snprintf(copy, sizeof(copy), "%s", text);
	ck_assert_msg(await(loop, says, copy), "not said: %s", text);
}

static void
setup(void)
{
	FILE *file = tmpfile();

	tempdir_new(top);
	(void)unsetenv("INROAD_JOIN");
	loop = loop_new();
	start_relay();
	(void)fflush(stdout);
	real_stdout = dup(STDOUT_FILENO);
	ck_assert_int_ge(real_stdout, 0);
	ck_assert_ptr_nonnull(file);
	said_fd = dup(fileno(file));
	ck_assert_int_ge(said_fd, 0);
	ck_assert_int_ge(dup2(said_fd, STDOUT_FILENO), 0);
	(void)fclose(file);
	memset(links, 0, sizeof(links));
	link_count = logins = tokens = 0;
	ups = downs = joins = reloads = finishes = stops = joinings = 0;
	refusal = left_by = CODE_OK;
	finish_at_once = true;
	refuse_joining = false;
	endpoint = NULL;
}

static void
teardown(void)
{
	endpoint_free(endpoint);
	for (int i = 0; i < LINKS_MAX; i++) {
		link_close(links[i], CODE_CANCELLED, "the test is over");
	}
	listener_free(listener);
	loop_free(loop);
	tempdir_remove(top);
	(void)fflush(stdout);
	if (real_stdout >= 0) {
		(void)dup2(real_stdout, STDOUT_FILENO);
		(void)close(real_stdout);
	}
	(void)close(said_fd);
}

/* --- asking -------------------------------------------------------------- */

/* A client of the control socket. */
struct client {
	int fd;
	char answer[SAID_MAX];
	size_t len;
};

/* Send the command line, words separated by tabs, without its end. */
static void
ask(struct client *client, const char *line)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s/control", top);
	memset(client, 0, sizeof(*client));
	client->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_ge(client->fd, 0);
	ck_assert_int_eq(
	    connect(client->fd, (struct sockaddr *)&un, sizeof(un)), 0);
	ck_assert_int_eq(
	    send(client->fd, line, strlen(line), 0), (int)strlen(line));
	ck_assert_int_eq(send(client->fd, "\n", 1, 0), 1);
}

/* Read what there is; true once the last line of an answer came. */
static bool
is_answered(void *arg)
{
	struct client *client = arg;
	ssize_t n = recv(client->fd, client->answer + client->len,
	    sizeof(client->answer) - client->len - 1, MSG_DONTWAIT);

	client->len += n > 0 ? (size_t)n : 0;
	client->answer[client->len] = '\0';
	return strstr(client->answer, "{\"exit\":") != NULL;
}

/* Assert that the answer to line has all of the three texts in it. */
static void
answers(const char *line, const char *a, const char *b, const char *c)
{
	const char *const wanted[] = { a, b, c };
	struct client client;

	ask(&client, line);
	ck_assert(await(loop, is_answered, &client));
	for (size_t i = 0; i < 3; i++) {
		ck_assert_msg(strstr(client.answer, wanted[i]) != NULL,
		    "%s: no %s in %s", line, wanted[i], client.answer);
	}
	(void)close(client.fd);
}

/* --- tests --------------------------------------------------------------- */

START_TEST(stranger_serves)
{
	char path[TEMPDIR_LEN];
	char ready[256];
	struct stat st;

	start(NULL);
	ck_assert(has_said("ready role=agent listen=- control=/tmp/"));
	await_said("unlinked reason=not-joined");
	ck_assert_int_eq(tempdir_read(tempdir_file(top, "ready", path), ready,
			     sizeof(ready)),
	    0);
	ck_assert(has_said(ready));
	ck_assert_ptr_null(endpoint_membership(endpoint));
	ck_assert_ptr_null(endpoint_link(endpoint));
	ck_assert_str_eq(endpoint_directory(endpoint), top);
	answers("status", "\"joined\":false", "\"reason\":\"not-joined\"",
	    "\"answer\":42");
	answers("leave", "not-joined", "\"exit\":1", "");
	end();
	ck_assert_int_ne(stat(path, &st), 0);
	ck_assert_int_ne(stat(tempdir_file(top, "control", path), &st), 0);
}
END_TEST

START_TEST(string_joins_once)
{
	start_with(1);
	await_said("linked relay=127.0.0.1:");
	ck_assert(has_said("rtt_ms="));
	ck_assert_int_eq(joinings, 1);
	ck_assert_int_eq(joins, 1);
	ck_assert_int_eq(ups, 1);
	ck_assert_int_eq(tokens, 1);
	ck_assert_ptr_nonnull(endpoint_link(endpoint));
	answers(
	    "status", "\"joined\":true", "\"user\":\"alice\"", "\"up\":true");
	end();
	/* The same command line starts the service for ever. */
	start_with(1);
	await_said("linked relay=127.0.0.1:");
	ck_assert_int_eq(joinings, 1);
	ck_assert_int_eq(joins, 1);
	ck_assert_int_eq(ups, 2);
	ck_assert_int_eq(tokens, 1);
	end();
	start(NULL);
	await_said("linked relay=127.0.0.1:");
}
END_TEST

START_TEST(refused_string_makes_way)
{
	start_with(1);
	await_said("linked relay=");
	end();
	refusal = CODE_JOIN_EXPIRED;
	start_with(2);
	await_said("unlinked reason=join-expired");
	ck_assert_int_eq(joins, 1);
	refusal = CODE_OK;
	/* Without a wait, as it was before. */
	await_said("linked relay=");
	ck_assert_int_eq(joins, 1);
	ck_assert_int_eq(tokens, 2);
	ck_assert(!endpoint_membership(endpoint)->has_token);
}
END_TEST

START_TEST(bad_starts_have_their_status)
{
	char typo[] = "inroad1:nonsense";
	char absent[] = "@/nonexistent/string";
	char string[JOINSTRING_MAX];
	char path[TEMPDIR_LEN];

	ck_assert_int_eq(make(typo), EX_CONFIG);
	ck_assert_int_eq(make(absent), EX_CONFIG);
	make_string(LINKHELLO_GATEWAY, 1, string);
	ck_assert_int_eq(make(string), EX_CONFIG);
	refuse_joining = true;
	make_string(LINKHELLO_AGENT, 1, string);
	ck_assert_int_eq(make(string), EX_CONFIG);
	ck_assert_int_eq(make(NULL), EX_OK);
	end();
	ck_assert_int_eq(chmod(tempdir_file(top, "device.key", path), 0644), 0);
	ck_assert_int_eq(make(NULL), EX_NOPERM);
	tempdir_write(path, "damaged");
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(make(NULL), EX_CONFIG);
}
END_TEST

START_TEST(commands_are_answered)
{
	start(NULL);
	answers(
	    "version", "\"role\":\"agent\"", "\"protocol\":1", "{\"exit\":0}");
	answers("hello", "\"exit\":7", "host-offline", "Nobody.");
	answers("nonsense", "\"exit\":2", "no such command", "");
	answers("status\tnow", "\"exit\":2", "number of words", "");
	answers("join", "\"exit\":2", "number of words", "");
	answers("join\tinroad1:nonsense", "\"exit\":1", "join-typo", "");
}
END_TEST

START_TEST(join_tells_how_it_went)
{
	char line[JOINSTRING_MAX + 8] = "join\t";
	struct client client;
	struct client other;

	start(NULL);
	refusal = CODE_JOIN_EXPIRED;
	make_string(LINKHELLO_AGENT, 1, line + 5);
	answers(line, "\"exit\":1", "join-expired", "because");
	refusal = CODE_OK;
	make_string(LINKHELLO_AGENT, 2, line + 5);
	ask(&client, line);
	ask(&other, line);
	ck_assert(await(loop, is_answered, &other));
	ck_assert(await(loop, is_answered, &client));
	/* One of them came first, and the other was told so. */
	ck_assert((strstr(client.answer, "\"joined\":true") != NULL) !=
		  (strstr(other.answer, "\"joined\":true") != NULL));
	(void)close(client.fd);
	(void)close(other.fd);
	ck_assert(has_said("linked relay="));
	answers(line, "\"exit\":1", "join-used", "");
	ck_assert_ptr_nonnull(endpoint_link(endpoint));
	/* A client that does not wait for the end. */
	make_string(LINKHELLO_AGENT, 3, line + 5);
	ask(&client, line);
	(void)close(client.fd);
	ck_assert(await_count(loop, &joins, 2));
	answers("leave", "{\"exit\":0}", "", "");
	ck_assert_ptr_null(endpoint_membership(endpoint));
	ck_assert(await_count(loop, &downs, 3));
	ck_assert_ptr_null(endpoint_link(endpoint));
	await_said("unlinked reason=not-joined");
}
END_TEST

START_TEST(hangup_reloads)
{
	start(NULL);
	ck_assert_int_eq(raise(SIGHUP), 0);
	ck_assert(await_count(loop, &reloads, 1));
	ck_assert_int_eq(finishes, 0);
}
END_TEST

START_TEST(term_ends_in_order)
{
	start_with(1);
	await_said("linked relay=");
	ck_assert_int_eq(raise(SIGTERM), 0);
	loop_run(loop);
	ck_assert_int_eq(finishes, 1);
	ck_assert_int_eq(stops, 1);
	ck_assert_int_eq(downs, 1);
	while (links[0] != NULL) {
		loop_poll(loop);
	}
	ck_assert_int_eq(left_by, CODE_GOING_DOWN);
	end();
	/* Without a link there is nobody to say goodbye to. */
	refusal = CODE_REVOKED;
	start(NULL);
	await_said("unlinked reason=revoked");
	ck_assert_int_eq(raise(SIGINT), 0);
	loop_run(loop);
	ck_assert_int_eq(finishes, 2);
	ck_assert_int_eq(stops, 2);
}
END_TEST

START_TEST(second_term_does_not_wait)
{
	finish_at_once = false;
	start_with(1);
	await_said("linked relay=");
	ck_assert_int_eq(raise(SIGTERM), 0);
	ck_assert(await_count(loop, &finishes, 1));
	answers("status", "\"finishing\":true", "", "");
	ck_assert_int_eq(stops, 0);
	ck_assert_int_eq(raise(SIGTERM), 0);
	loop_run(loop);
	ck_assert_int_eq(finishes, 1);
	ck_assert_int_eq(stops, 1);
}
END_TEST

START_TEST(lost_relay_is_told)
{
	start_with(1);
	await_said("linked relay=");
	link_close(links[0], CODE_LINK_LOST, "the test cuts it");
	await_said("unlinked reason=");
	ck_assert_int_eq(downs, 1);
	ck_assert(await_count(loop, &ups, 2));
	ck_assert_int_eq(tokens, 1);
}
END_TEST

START_TEST(key_is_replaced)
{
	uint8_t key[KEYS_LEN];

	memset(key, 99, sizeof(key));
	start(NULL);
	ck_assert_int_eq(endpoint_set_key(endpoint, key, 2), -1);
	end();
	start_with(1);
	await_said("linked relay=");
	ck_assert_int_eq(endpoint_set_key(endpoint, key, 2), 0);
	end();
	start(NULL);
	ck_assert_uint_eq(endpoint_membership(endpoint)->epoch, 2);
	ck_assert_mem_eq(endpoint_membership(endpoint)->key, key, KEYS_LEN);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	bool failed = true;

	for (long n = 1; failed; n++) {
		const struct endpoint_config config = {
			.role = LINKHELLO_AGENT,
			.state = top,
			.ops = &ops,
		};
		int status = -1;

		failalloc_after(n);
		endpoint = endpoint_new(loop, &config, &status);
		if (endpoint != NULL) {
			status = endpoint_serve(endpoint, NULL);
		}
		failed = failalloc_hit();
		failalloc_off();
		/* What is not needed to start may be missing. */
		ck_assert(failed || status == EX_OK);
		end();
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("endpoint");
	TCase *tcase = tcase_create("endpoint");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, stranger_serves);
	tcase_add_test(tcase, string_joins_once);
	tcase_add_test(tcase, refused_string_makes_way);
	tcase_add_test(tcase, bad_starts_have_their_status);
	tcase_add_test(tcase, commands_are_answered);
	tcase_add_test(tcase, join_tells_how_it_went);
	tcase_add_test(tcase, hangup_reloads);
	tcase_add_test(tcase, term_ends_in_order);
	tcase_add_test(tcase, second_term_does_not_wait);
	tcase_add_test(tcase, lost_relay_is_told);
	tcase_add_test(tcase, key_is_replaced);
	tcase_add_test(tcase, every_allocation_may_fail);
	return unit_main(suite);
}
