/* SPDX-License-Identifier: ISC */

#include "relay/api.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/loop.h"
#include "relay/admin.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/hubrig.h"

static struct hubrig rig;
static struct admin_world world;
static struct api *api;
static struct hubrig_who office; /* a gateway of alice */

/* A connection, and what was answered on it. */
struct client {
	int fd;
	char text[65536];
	size_t len;
	bool ended;
};

static void
setup(void)
{
	const struct hubrig_config config = { .budget = 0 };
	struct api_config with = { .world = &world };

	log_set_level(LOG_LEVEL_ERROR);
	hubrig_open(&rig, &config);
	world = (struct admin_world){
		.book = rig.book,
		.directory = rig.directory,
		.hub = rig.hub,
		.board = rig.board,
	};
	with.loop = rig.loop;
	api = api_new(&with);
	ck_assert_ptr_nonnull(api);
	hubrig_enrol(&rig, &office, LINKHELLO_GATEWAY, "alice", "office");
}

static void
teardown(void)
{
	api_free(api);
	hubrig_close(&rig);
}

/* Connect client as caller; what api_serve() said. */
static int
serve(struct client *client, const struct api_caller *caller)
{
	int pair[2];

	memset(client, 0, sizeof(*client));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
	client->fd = pair[0];
	return api_serve(api, pair[1], caller);
}

static int
serve_alice(struct client *client)
{
	const struct api_caller caller = {
		.user = "alice",
		.device = account_device_row(hubrig_row(&rig, &office))->id,
		.origin = "192.0.2.7",
	};

	return serve(client, &caller);
}

static void
serve_local(struct client *client)
{
	const struct api_caller caller = {
		.user = "admin",
		.local = true,
		.origin = "this machine",
	};

	ck_assert_int_eq(serve(client, &caller), 0);
}

/* Read what there is. */
static void
take(struct client *client)
{
	ssize_t n;

	do {
		n = read(client->fd, client->text + client->len,
		    sizeof(client->text) - 1 - client->len);
		client->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	client->ended = client->ended || n == 0;
	client->text[client->len] = '\0';
}

/* Whether a whole answer came, or the end. */
static bool
is_answered(void *arg)
{
	struct client *client = arg;
	const char *body;
	const char *length;

	take(client);
	body = strstr(client->text, "\r\n\r\n");
	length = strstr(client->text, "Content-Length: ");
	return client->ended ||
	       (body != NULL && length != NULL && length < body &&
		   strlen(body + 4) >= strtoul(length + 16, NULL, 10));
}

static void
say(struct client *client, const char *text)
{
	ck_assert_int_eq(
	    write(client->fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void
say_get(struct client *client, const char *path)
{
	char text[256];

	(void)snprintf(
	    text, sizeof(text), "GET %s HTTP/1.1\r\nHost: relay\r\n\r\n", path);
	say(client, text);
}

static void
say_change(struct client *client, const char *request, const char *body)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
	    "%s HTTP/1.1\r\nHost: relay\r\nInroad-Client: test\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	    request, strlen(body), body);
	say(client, text);
}

/* Wait for an answer; its status, 0 when there was none, and its text. */
static int
hear(struct client *client)
{
	int status = 0;

	ck_assert(await(rig.loop, is_answered, client));
	(void)sscanf(client->text, "HTTP/1.1 %d", &status);
	return status;
}

/* Ask for path; as hear(). */
static int
get(struct client *client, const char *path)
{
	client->len = 0;
	client->text[0] = '\0';
	say_get(client, path);
	return hear(client);
}

static void
settle(void)
{
	for (int i = 0; i < 20; i++) {
		loop_poll(rig.loop);
	}
}

START_TEST(a_connection_is_used_again)
{
	struct client client;

	serve_local(&client);
	ck_assert_int_eq(get(&client, "/api/v1/users"), 200);
	ck_assert_ptr_nonnull(strstr(client.text, "\"user\":\"alice\""));
	ck_assert_int_eq(get(&client, "/api/v1/users/bob"), 200);
	ck_assert_int_eq(get(&client, "/api/v1/users/carol"), 404);
	ck_assert_int_eq(get(&client, "/"), 200);
	(void)close(client.fd);
}
END_TEST

START_TEST(a_change_is_answered_when_it_is_stored)
{
	struct client client;

	serve_local(&client);
	say_change(&client, "POST /api/v1/users", "{\"user\":\"carol\"}");
	settle();
	take(&client);
	ck_assert_uint_eq(client.len, 0);
	hubrig_commit(&rig);
	ck_assert_int_eq(hear(&client), 200);
	ck_assert_ptr_nonnull(account_find(rig.book, "carol"));
	(void)close(client.fd);
}
END_TEST

/* One that is stored happens, whoever is there to hear of it. */
START_TEST(who_leaves_meanwhile_is_not_missed)
{
	struct client client;

	serve_local(&client);
	say_change(&client, "POST /api/v1/users", "{\"user\":\"carol\"}");
	settle();
	(void)close(client.fd);
	settle();
	hubrig_commit(&rig);
	settle();
	ck_assert_ptr_nonnull(account_find(rig.book, "carol"));
}
END_TEST

START_TEST(it_ends_while_requests_wait)
{
	struct client clients[3];

	for (size_t i = 0; i < 3; i++) {
		serve_local(&clients[i]);
		say_change(
		    &clients[i], "POST /api/v1/users", "{\"user\":\"carol\"}");
	}
	settle();
	api_free(api);
	api = NULL;
	for (size_t i = 0; i < 3; i++) {
		take(&clients[i]);
		ck_assert(clients[i].ended);
		(void)close(clients[i].fd);
	}
	hubrig_commit(&rig);
}
END_TEST

START_TEST(the_level_is_that_of_the_moment)
{
	const struct account_by by = { "admin", "test", 1 };
	struct client client;

	ck_assert_int_eq(serve_alice(&client), 0);
	ck_assert_int_eq(get(&client, "/api/v1/audit"), 403);
	(void)account_set_level(
	    account_find(rig.book, "alice"), STORE_ADMIN, &by, NULL, NULL);
	hubrig_commit(&rig);
	ck_assert_int_eq(get(&client, "/api/v1/audit"), 200);
	(void)close(client.fd);
}
END_TEST

START_TEST(who_may_be_here_no_more_is_refused)
{
	const struct account_by by = { "admin", "test", 1 };
	struct account *alice = account_find(rig.book, "alice");
	struct client client;

	ck_assert_int_eq(serve_alice(&client), 0);
	ck_assert_int_eq(get(&client, "/api/v1/users"), 200);
	(void)account_set_disabled(alice, true, &by, NULL, NULL);
	hubrig_commit(&rig);
	ck_assert_int_eq(get(&client, "/api/v1/users"), 403);
	ck_assert_ptr_nonnull(strstr(client.text, "\"disabled\""));
	(void)account_set_disabled(alice, false, &by, NULL, NULL);
	hubrig_commit(&rig);
	ck_assert_int_eq(get(&client, "/api/v1/users"), 200);
	(void)account_revoke(hubrig_row(&rig, &office), &by, NULL, NULL);
	hubrig_commit(&rig);
	ck_assert_int_eq(get(&client, "/api/v1/users"), 403);
	ck_assert_ptr_nonnull(strstr(client.text, "\"revoked\""));
	(void)close(client.fd);
}
END_TEST

/* An id that is another account's says nothing. */
START_TEST(device_and_account_belong_together)
{
	const struct api_caller caller = {
		.user = "bob",
		.device = account_device_row(hubrig_row(&rig, &office))->id,
		.origin = "192.0.2.7",
	};
	struct client client;

	ck_assert_int_eq(serve(&client, &caller), 0);
	ck_assert_int_eq(get(&client, "/api/v1/users"), 403);
	(void)close(client.fd);
}
END_TEST

START_TEST(an_account_has_so_many_connections)
{
	static struct client clients[API_ACCOUNT_MAX + 1];
	struct client local;

	for (size_t i = 0; i < API_ACCOUNT_MAX; i++) {
		ck_assert_int_eq(serve_alice(&clients[i]), 0);
	}
	ck_assert_int_eq(serve_alice(&clients[API_ACCOUNT_MAX]), -1);
	take(&clients[API_ACCOUNT_MAX]);
	ck_assert(clients[API_ACCOUNT_MAX].ended);
	(void)close(clients[API_ACCOUNT_MAX].fd);
	/* Others are not concerned. */
	serve_local(&local);
	ck_assert_int_eq(get(&local, "/api/v1/users"), 200);
	(void)close(local.fd);
	/* A place that was left is free. */
	(void)close(clients[0].fd);
	settle();
	ck_assert_int_eq(serve_alice(&clients[0]), 0);
	for (size_t i = 0; i < API_ACCOUNT_MAX; i++) {
		(void)close(clients[i].fd);
	}
}
END_TEST

/* More than a turn of the loop has room for: nobody is forgotten. */
START_TEST(many_have_their_turns)
{
	static struct client clients[API_TURN_ITEMS / API_TURN_REQUEST + 20];
	const size_t count = sizeof(clients) / sizeof(clients[0]);

	for (size_t i = 0; i < count; i++) {
		serve_local(&clients[i]);
		say_get(&clients[i], "/api/v1/devices");
	}
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(hear(&clients[i]), 200);
		(void)close(clients[i].fd);
	}
}
END_TEST

START_TEST(what_is_no_http_is_closed)
{
	static const char *const wrong[] = { "\x01\x02\x03\r\n\r\n",
		"GET\r\n\r\n", "GET /api/v1/users HTTP/1.1\r\nno colon\r\n\r\n",
		("POST /api/v1/users HTTP/1.1\r\nHost: relay\r\n"
		 "Content-Length: x\r\n\r\n"),
		"GET / HTTP/9.9\r\nHost: relay\r\n\r\n" };
	struct client client;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		serve_local(&client);
		say(&client, wrong[i]);
		ck_assert_int_ne(hear(&client), 200);
		(void)close(client.fd);
	}
}
END_TEST

/* By pieces, the length of which nobody said before. */
START_TEST(a_body_has_an_end)
{
	static char piece[8192];
	struct client client;

	memset(piece, ' ', sizeof(piece) - 1);
	serve_local(&client);
	say(&client, "POST /api/v1/users HTTP/1.1\r\nHost: relay\r\n"
		     "Inroad-Client: test\r\nContent-Type: application/json\r\n"
		     "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 20 && !client.ended; i++) {
		char head[16];

		(void)snprintf(
		    head, sizeof(head), "%zx\r\n", sizeof(piece) - 1);
		(void)send(client.fd, head, strlen(head), MSG_NOSIGNAL);
		(void)send(client.fd, piece, sizeof(piece) - 1, MSG_NOSIGNAL);
		(void)send(client.fd, "\r\n", 2, MSG_NOSIGNAL);
		settle();
		take(&client);
	}
	ck_assert(client.ended);
	(void)close(client.fd);
}
END_TEST

/* Whatever fails, there is an answer or an end, and the next request works. */
START_TEST(no_memory_ends_one_request)
{
	long n = 1;
	bool hit = true;

	for (; hit; n++) {
		struct client client;
		int status;

		serve_local(&client);
		settle();
		failalloc_after(n);
		status = get(&client, "/api/v1/users");
		hit = failalloc_hit();
		failalloc_off();
		ck_assert(
		    status == 200 || (hit && (status == 503 || status == 0)));
		(void)close(client.fd);
	}
	ck_assert_int_gt(n, 3);
}
END_TEST

START_TEST(no_memory_makes_none)
{
	const struct api_config with = { .loop = rig.loop, .world = &world };
	long n = 1;

	for (;; n++) {
		struct api *other;
		bool hit;

		failalloc_after(n);
		other = api_new(&with);
		hit = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(other == NULL, hit);
		api_free(other);
		if (!hit) {
			break;
		}
	}
	ck_assert_int_gt(n, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("relay/api");
	TCase *tcase = tcase_create("api");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_connection_is_used_again);
	tcase_add_test(tcase, a_change_is_answered_when_it_is_stored);
	tcase_add_test(tcase, who_leaves_meanwhile_is_not_missed);
	tcase_add_test(tcase, it_ends_while_requests_wait);
	tcase_add_test(tcase, the_level_is_that_of_the_moment);
	tcase_add_test(tcase, who_may_be_here_no_more_is_refused);
	tcase_add_test(tcase, device_and_account_belong_together);
	tcase_add_test(tcase, an_account_has_so_many_connections);
	tcase_add_test(tcase, many_have_their_turns);
	tcase_add_test(tcase, what_is_no_http_is_closed);
	tcase_add_test(tcase, a_body_has_an_end);
	tcase_add_test(tcase, no_memory_ends_one_request);
	tcase_add_test(tcase, no_memory_makes_none);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
