/* SPDX-License-Identifier: ISC */
#include "common/control.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/buf.h"
#include "common/fault.h"
#include "common/io.h"
#include "common/jsonout.h"
#include "common/list.h"
#include "common/listener.h"
#include "common/loop.h"
#include "common/mem.h"

/* A last line: exit code, slug and a sentence. */
#define LAST_LINE_MAX 4096

struct control {
	struct loop *loop;
	struct listener *listener;
	control_handler *handler;
	void *arg;
	struct list clients;
};

struct client {
	struct control *control;
	struct io *io; /* NULL once gone */
	struct buf *in;
	struct buf *out;
	struct control_request *request; /* being answered */
	struct loop_task overflow;       /* drops it, outside its handler */
	struct loop_task drained;        /* tells its request that it has all */
	struct list all;
};

struct control_request {
	struct client *client;
	char *line; /* words, each terminated */
	const char *words[CONTROL_WORDS_MAX];
	size_t count;
	bool broken; /* something could not be sent */
	void (*on_cancel)(void *arg);
	void *cancel_arg;
	void (*drained)(void *arg); /* NULL: nobody waits for it */
	void *drained_arg;
};

static void serve(struct client *client);

/* --- the end of requests and clients -------------------------------------- */

static void
request_free(struct control_request *request)
{
	/* The words may hold a join string. */
	mem_free_wiped(request->line, CONTROL_REQUEST_MAX);
	mem_free(request);
}

static void
destroy(void *object)
{
	struct client *client = object;

	buf_free(client->in);
	buf_free(client->out);
	mem_free(client);
}

/* The one teardown of a client; its request is cancelled. */
static void
drop(struct client *client)
{
	struct control_request *request = client->request;

	if (client->io == NULL) {
		return;
	}
	io_close(client->io);
	client->io = NULL;
	client->request = NULL;
	list_remove(&client->all);
	loop_task_cancel(client->control->loop, &client->overflow);
	loop_task_cancel(client->control->loop, &client->drained);
	if (client->control->listener != NULL) {
		listener_released(client->control->listener);
	}
	loop_reap(client->control->loop, client, destroy);
	if (request != NULL) {
		if (request->on_cancel != NULL) {
			request->on_cancel(request->cancel_arg);
		}
		request_free(request);
	}
}

static void
on_overflow(void *arg)
{
	drop(arg);
}

/* Everything was taken: go on with the request, if that waits for it. */
static void
on_drained(void *arg)
{
	struct client *client = arg;
	struct control_request *request = client->request;
	void (*drained)(void *arg);

	if (request != NULL && request->drained != NULL) {
		drained = request->drained;
		request->drained = NULL;
		drained(request->drained_arg);
	}
}

/* Let who waits for it know, outside any handler, that all was taken. */
static void
tell_drained(struct client *client)
{
	if (client->request != NULL && client->request->drained != NULL &&
	    buf_len(client->out) == 0) {
		loop_defer(client->control->loop, &client->drained);
	}
}

/* --- input ------------------------------------------------------------------
 */

static void
want(struct client *client)
{
	/* One request at a time; reading on tells when the client leaves. */
	io_want(client->io, buf_room(client->in) > 0, buf_len(client->out) > 0);
	io_set_timeout(
	    client->io, client->request == NULL ? CONTROL_IDLE_TIME : 0);
}

/* Cut the line of len bytes into words; 0, or -1 when it is not right. */
static int
split(struct control_request *request, size_t len)
{
	char *word = request->line;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)request->line[i];

		if (c == '\t') {
			request->line[i] = '\0';
		} else if (c < ' ' || c == 0x7f) {
			return -1;
		}
	}
	while (word <= request->line + len) {
		if (request->count == CONTROL_WORDS_MAX) {
			return -1;
		}
		request->words[request->count++] = word;
		word += strlen(word) + 1;
	}
	return 0;
}

/* Return the request in the len bytes at data, or NULL without memory. */
static struct control_request *
request_new(struct client *client, const uint8_t *data, size_t len)
{
	struct control_request *request = mem_new(1, sizeof(*request));

	if (request == NULL) {
		return NULL;
	}
	request->line = mem_new(CONTROL_REQUEST_MAX, 1);
	if (request->line == NULL) {
		mem_free(request);
		return NULL;
	}
	request->client = client;
	memcpy(request->line, data, len);
	if (split(request, len) != 0) {
		request->count = 0;
	}
	return request;
}

/* Take one line out of what came; false when there is none. */
static bool
take_request(struct client *client)
{
	struct control_request *request;
	size_t len;
	const uint8_t *data = buf_peek(client->in, &len);
	const uint8_t *end = len > 0 ? memchr(data, '\n', len) : NULL;

	if (end == NULL) {
		if (buf_room(client->in) == 0) {
			drop(client);
		}
		return false;
	}
	request = request_new(client, data, (size_t)(end - data));
	buf_consume(client->in, (size_t)(end - data) + 1);
	if (request == NULL) {
		drop(client);
		return false;
	}
	client->request = request;
	if (request->count == 0) {
		control_end(request, CONTROL_USAGE, "bad-request",
		    "A request is words separated by tabs.");
	} else {
		client->control->handler(request, client->control->arg);
	}
	return true;
}

static void
flush(struct client *client)
{
	if (io_drain(client->io, client->out) == IO_FAIL) {
		drop(client);
	}
}

static void
serve(struct client *client)
{
	while (client->io != NULL && client->request == NULL &&
	       take_request(client)) {
	}
	if (client->io != NULL) {
		flush(client);
	}
	if (client->io != NULL) {
		want(client);
		tell_drained(client);
	}
}

static void
on_io(struct io *io, enum io_event event, void *arg)
{
	struct client *client = arg;
	ssize_t n;

	if (event == IO_TIMEOUT) {
		drop(client);
		return;
	}
	if (event == IO_READABLE) {
		n = io_fill(io, client->in);
		if (n == 0 || n == IO_FAIL) {
			drop(client);
			return;
		}
	}
	serve(client);
}

/* --- output -----------------------------------------------------------------
 */

static void
send_line(struct control_request *request, const char *text, size_t len)
{
	struct client *client = request->client;
	struct buf *out = client->out;

	if (buf_room(out) < len + 1 || buf_append(out, text, len) != 0 ||
	    buf_append(out, "\n", 1) != 0) {
		/* It does not read, or half a line would be left standing. */
		loop_defer(client->control->loop, &client->overflow);
		return;
	}
	/* Lines go out as they come: the end may be hours away. */
	want(client);
}

void
control_send(struct control_request *request, struct jsonout *json)
{
	const char *text;
	size_t len = 0;

	text = json != NULL ? jsonout_text(json, &len) : NULL;
	if (text == NULL) {
		request->broken = true;
	} else {
		send_line(request, text, len);
	}
	jsonout_free(json);
}

size_t
control_room(const struct control_request *request)
{
	return buf_room(request->client->out);
}

void
control_end(struct control_request *request, enum control_exit code,
    const char *slug, const char *text)
{
	static const char fallback[] =
	    "{\"exit\":1,\"error\":\"internal\",\"text\":\"out of memory\"}";
	struct client *client = request->client;
	struct jsonout *json = jsonout_new(LAST_LINE_MAX);
	const char *line = NULL;
	size_t len = 0;

	if (json != NULL && !request->broken) {
		jsonout_object(json, NULL);
		jsonout_int(json, "exit", code);
		if (code != CONTROL_OK) {
			jsonout_string(json, "error", slug);
			jsonout_string(json, "text", text);
		}
		jsonout_end(json);
		line = jsonout_text(json, &len);
	}
	if (line == NULL) {
		line = fallback;
		len = sizeof(fallback) - 1;
	}
	client->request = NULL;
	send_line(request, line, len);
	jsonout_free(json);
	request_free(request);
}

size_t
control_count(const struct control_request *request)
{
	return request->count;
}

const char *
control_word(const struct control_request *request, size_t i)
{
	return i < request->count ? request->words[i] : "";
}

void
control_on_cancel(
    struct control_request *request, void (*on_cancel)(void *arg), void *arg)
{
	request->on_cancel = on_cancel;
	request->cancel_arg = arg;
}

void
control_on_drained(
    struct control_request *request, void (*drained)(void *arg), void *arg)
{
	request->drained = drained;
	request->drained_arg = arg;
	tell_drained(request->client);
}

/* --- clients ----------------------------------------------------------------
 */

bool
control_is_trusted(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

static struct client *
client_new(struct control *control, int fd)
{
	struct client *client = mem_new(1, sizeof(*client));

	if (client == NULL) {
		return NULL;
	}
	client->control = control;
	client->in = buf_new(CONTROL_REQUEST_MAX);
	client->out = buf_new(CONTROL_REPLY_MAX);
	if (client->in != NULL && client->out != NULL) {
		client->io = io_new(control->loop, fd, on_io, client);
	}
	if (client->io == NULL) {
		destroy(client);
		return NULL;
	}
	loop_task_init(&client->overflow, on_overflow, client);
	loop_task_init(&client->drained, on_drained, client);
	list_init(&client->all);
	list_push_back(&control->clients, &client->all);
	return client;
}

static void
on_connection(int fd, const struct addr *peer, void *arg)
{
	struct control *control = arg;
	struct client *client = NULL;

	(void)peer;
	if (control_is_trusted(fd)) {
		client = client_new(control, fd);
	}
	if (client == NULL) {
		(void)close(fd);
		listener_released(control->listener);
		return;
	}
	want(client);
}

struct control *
control_new(struct loop *loop, const char *path, control_handler *handler,
    void *arg, struct fault *fault)
{
	struct listener_config config = {
		.mode = 0600,
		.max_open = CONTROL_CLIENTS_MAX,
	};
	struct control *control;

	if (addr_from_path(&config.addr, path) != 0) {
		(void)fault_set(fault,
		    "the path of the control socket is too long (%zu "
		    "characters): %s; choose a shorter --state",
		    strlen(path), path);
		return NULL;
	}
	control = mem_new(1, sizeof(*control));
	if (control == NULL) {
		(void)fault_set(fault, "out of memory");
		return NULL;
	}
	control->loop = loop;
	control->handler = handler;
	control->arg = arg;
	list_init(&control->clients);
	control->listener =
	    listener_new(loop, &config, on_connection, control, fault);
	if (control->listener == NULL) {
		mem_free(control);
		return NULL;
	}
	return control;
}

void
control_free(struct control *control)
{
	struct list *node;

	if (control == NULL) {
		return;
	}
	listener_free(control->listener);
	control->listener = NULL;
	for (node = list_first(&control->clients); node != NULL;
	     node = list_first(&control->clients)) {
		drop(list_entry(node, struct client, all));
	}
	/* Clients that are being freed still name it. */
	loop_reap(control->loop, control, mem_free);
}
