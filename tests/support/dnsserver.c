/* SPDX-License-Identifier: ISC */
#include "tests/support/dnsserver.h"

#include <ev.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/buf.h"
#include "common/fault.h"
#include "common/io.h"
#include "common/listener.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/wire.h"

#define DNSSERVER_NAMES 16
#define DNSSERVER_CLIENTS 16

/* Flags and codes of RFC 1035 section 4.1.1, types of 3.2.2 and RFC 3596. */
#define DNS_HEADER_LEN 12
#define DNS_RESPONSE 0x8580
#define DNS_TRUNCATED 0x0200
#define DNS_SERVFAIL 2
#define DNS_NXDOMAIN 3
#define DNS_TYPE_A 1
#define DNS_TYPE_AAAA 28
#define DNS_CLASS_IN 1
#define DNS_POINTER_TO_QUESTION 0xc00c

struct dnsserver_name {
	const char *name;
	const char *addrs;
	enum dnsserver_rule rule;
	int queries;
};

struct dnsserver_client {
	struct dnsserver *server;
	struct io *io;
	struct buf *in;
};

struct dnsserver {
	struct loop *loop;
	struct listener *listener;
	struct ev_io udp;
	char text[ADDR_TEXT_LEN];
	struct dnsserver_name names[DNSSERVER_NAMES];
	struct dnsserver_name unknown; /* what all others are */
	size_t name_count;
	struct dnsserver_client clients[DNSSERVER_CLIENTS];
	size_t client_count;
	int queries;
	int tcp_queries;
	uint16_t port;
};

/* A question and where it ends. */
struct question {
	char name[256];
	uint16_t id;
	uint16_t type;
	const uint8_t *bytes;
	size_t len;
};

/* Read the labels of the name, with dots between them. */
static bool
read_name(struct wire_reader *reader, char *out, size_t size)
{
	uint8_t len = wire_get_u8(reader);
	size_t used = 0;

	out[0] = '\0';
	while (len > 0 && wire_reader_ok(reader)) {
		const uint8_t *label = wire_get_bytes(reader, len);

		if (label == NULL || used + len + 2 > size) {
			return false;
		}
		if (used > 0) {
			out[used] = '.';
			used++;
		}
		memcpy(out + used, label, len);
		used += len;
		out[used] = '\0';
		len = wire_get_u8(reader);
	}
	return wire_reader_ok(reader);
}

static bool
read_question(struct question *question, const uint8_t *data, size_t len)
{
	struct wire_reader reader;

	wire_read_from(&reader, data, len);
	question->id = wire_get_u16(&reader);
	(void)wire_get_bytes(&reader, DNS_HEADER_LEN - 2);
	question->bytes = data + DNS_HEADER_LEN;
	if (!read_name(&reader, question->name, sizeof(question->name))) {
		return false;
	}
	question->type = wire_get_u16(&reader);
	(void)wire_get_u16(&reader);
	question->len = len - DNS_HEADER_LEN - wire_left(&reader);
	return wire_reader_ok(&reader);
}

static struct dnsserver_name *
find_name(struct dnsserver *server, const char *name)
{
	for (size_t i = 0; i < server->name_count; i++) {
		if (strcasecmp(server->names[i].name, name) == 0) {
			return &server->names[i];
		}
	}
	return &server->unknown;
}

/* Append the addresses of the type asked for; returns how many. */
static uint16_t
put_answers(struct wire_writer *writer, const char *addrs, uint16_t type)
{
	size_t wanted = type == DNS_TYPE_A ? 4 : 16;
	uint16_t count = 0;

	while (*addrs != '\0') {
		size_t len = strcspn(addrs, " ");
		char text[ADDR_TEXT_LEN];
		uint8_t bytes[16];
		struct addr addr;

		(void)snprintf(text, sizeof(text), "%.*s", (int)len, addrs);
		addrs += len + strspn(addrs + len, " ");
		if (addr_from_ip(&addr, text, 0) < 0 ||
		    addr_to_bytes(&addr, bytes) != wanted) {
			continue;
		}
		wire_put_u16(writer, DNS_POINTER_TO_QUESTION);
		wire_put_u16(writer, type);
		wire_put_u16(writer, DNS_CLASS_IN);
		wire_put_u32(writer, 60);
		wire_put_u16(writer, (uint16_t)wanted);
		wire_put_bytes(writer, bytes, wanted);
		count++;
	}
	return count;
}

/* The bits of the header that depend on the rule. */
static uint16_t
flags_of(const struct dnsserver_name *name, bool tcp)
{
	if (name->rule == DNSSERVER_NO_NAME) {
		return DNS_RESPONSE | DNS_NXDOMAIN;
	}
	if (name->rule == DNSSERVER_FAIL) {
		return DNS_RESPONSE | DNS_SERVFAIL;
	}
	if (name->rule == DNSSERVER_TRUNCATED && !tcp) {
		return DNS_RESPONSE | DNS_TRUNCATED;
	}
	return DNS_RESPONSE;
}

static bool
is_silent(const struct dnsserver_name *name)
{
	return name != NULL &&
	       (name->rule == DNSSERVER_SILENT ||
		   (name->rule == DNSSERVER_LOSSY && name->queries <= 2));
}

static size_t
put_response(uint8_t *out, size_t size, const struct question *question,
    const struct dnsserver_name *name, bool tcp)
{
	uint16_t flags = flags_of(name, tcp);
	uint8_t answers[1024];
	struct wire_writer writer;
	uint16_t count = 0;

	wire_write_to(&writer, answers, sizeof(answers));
	if (flags == DNS_RESPONSE) {
		count = put_answers(&writer, name->addrs, question->type);
	}
	if (name->rule == DNSSERVER_GARBAGE) {
		count = 7;
	}
	size_t len = wire_written(&writer);

	wire_write_to(&writer, out, size);
	wire_put_u16(&writer, question->id);
	wire_put_u16(&writer, flags);
	wire_put_u16(&writer, 1);
	wire_put_u16(&writer, count);
	wire_put_u32(&writer, 0);
	wire_put_bytes(&writer, question->bytes, question->len);
	wire_put_bytes(&writer, answers, len);
	return wire_written(&writer);
}

/* Make the response to a query; 0 when there is none. */
static size_t
answer(struct dnsserver *server, const uint8_t *data, size_t len, bool tcp,
    uint8_t out[2048])
{
	struct question question;
	struct dnsserver_name *name;

	if (!read_question(&question, data, len)) {
		return 0;
	}
	server->queries++;
	server->tcp_queries += tcp ? 1 : 0;
	name = find_name(server, question.name);
	name->queries++;
	if (is_silent(name)) {
		return 0;
	}
	return put_response(out, 2048, &question, name, tcp);
}

static void
on_datagram(struct ev_loop *ev, struct ev_io *watcher, int events)
{
	struct dnsserver *server = watcher->data;
	struct addr peer = { .len = sizeof(peer.ss) };
	uint8_t data[2048];
	uint8_t out[2048];
	size_t len;
	ssize_t n;

	(void)ev;
	(void)events;
	n = recvfrom(watcher->fd, data, sizeof(data), MSG_DONTWAIT,
	    (struct sockaddr *)&peer.ss, &peer.len);
	if (n <= 0) {
		return;
	}
	len = answer(server, data, (size_t)n, false, out);
	if (len > 0) {
		(void)sendto(watcher->fd, out, len, MSG_NOSIGNAL,
		    (struct sockaddr *)&peer.ss, peer.len);
	}
}

/* Answer all whole queries, each with its length in front. */
static void
answer_stream(struct dnsserver_client *client)
{
	size_t len;
	const uint8_t *data = buf_peek(client->in, &len);

	while (data != NULL && len >= 2) {
		size_t want = ((size_t)data[0] << 8) + data[1];
		uint8_t out[2 + 2048];
		size_t n;

		if (len < 2 + want) {
			return;
		}
		n = answer(client->server, data + 2, want, true, out + 2);
		out[0] = (uint8_t)(n >> 8);
		out[1] = (uint8_t)n;
		if (n > 0) {
			(void)io_write(client->io, out, n + 2);
		}
		buf_consume(client->in, 2 + want);
		data = buf_peek(client->in, &len);
	}
}

static void
on_client(struct io *io, enum io_event event, void *arg)
{
	struct dnsserver_client *client = arg;

	(void)event;
	if (io_fill(io, client->in) <= 0) {
		io_want(io, false, false);
		return;
	}
	answer_stream(client);
}

static void
on_connection(int fd, const struct addr *peer, void *arg)
{
	struct dnsserver *server = arg;
	struct dnsserver_client *client;

	(void)peer;
	if (server->client_count == DNSSERVER_CLIENTS) {
		close(fd);
		return;
	}
	client = &server->clients[server->client_count];
	server->client_count++;
	client->server = server;
	client->in = buf_new(8192);
	client->io = io_new(server->loop, fd, on_client, client);
	io_want(client->io, true, false);
}

/* Listen with TCP on whatever port, then on the same one with UDP. */
static int
open_sockets(struct dnsserver *server)
{
	struct listener_config config = { 0 };
	struct fault fault;
	struct addr addr;
	int fd;

	(void)addr_from_ip(&config.addr, "127.0.0.1", 0);
	server->listener =
	    listener_new(server->loop, &config, on_connection, server, &fault);
	if (server->listener == NULL) {
		return -1;
	}
	listener_addr(server->listener, &addr);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&addr.ss, addr.len) < 0) {
		close(fd);
		return -1;
	}
	ev_io_init(&server->udp, on_datagram, fd, EV_READ);
	server->udp.data = server;
	ev_io_start(loop_ev(server->loop), &server->udp);
	server->port = addr_port(&addr);
	addr_format(&addr, server->text);
	return 0;
}

struct dnsserver *
dnsserver_new(struct loop *loop)
{
	struct dnsserver *server = mem_new(1, sizeof(*server));

	if (server == NULL) {
		return NULL;
	}
	server->loop = loop;
	/* The UDP port of that number may be somebody's: then another. */
	for (int i = 0; i < 100; i++) {
		if (open_sockets(server) == 0) {
			return server;
		}
		listener_free(server->listener);
	}
	mem_free(server);
	return NULL;
}

void
dnsserver_free(struct dnsserver *server)
{
	if (server == NULL) {
		return;
	}
	ev_io_stop(loop_ev(server->loop), &server->udp);
	close(server->udp.fd);
	listener_free(server->listener);
	for (size_t i = 0; i < server->client_count; i++) {
		io_close(server->clients[i].io);
		buf_free(server->clients[i].in);
	}
	mem_free(server);
}

const char *
dnsserver_text(const struct dnsserver *server)
{
	return server->text;
}

uint16_t
dnsserver_port(const struct dnsserver *server)
{
	return server->port;
}

void
dnsserver_add(struct dnsserver *server, const char *name,
    enum dnsserver_rule rule, const char *addrs)
{
	struct dnsserver_name *entry = find_name(server, name);

	if (entry == &server->unknown) {
		if (server->name_count == DNSSERVER_NAMES) {
			return;
		}
		entry = &server->names[server->name_count];
		server->name_count++;
	}
	entry->name = name;
	entry->rule = rule;
	entry->addrs = addrs;
	entry->queries = 0;
}

int
dnsserver_queries(const struct dnsserver *server)
{
	return server->queries;
}

int
dnsserver_tcp_queries(const struct dnsserver *server)
{
	return server->tcp_queries;
}
