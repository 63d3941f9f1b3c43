/* SPDX-License-Identifier: ISC */
/*
 * blast: loads a path and measures it.
 *
 *	blast serve
 *		listen on loopback, print "ready port=PORT", serve until killed
 *	blast bulk VIA TO STREAMS MIB down|up
 *		move MIB mebibytes over STREAMS connections at once; prints MB/s
 *	blast ping VIA TO ROUNDS [MIB]
 *		send a byte and wait for it, ROUNDS times, beside a bulk
 *		transfer down if MIB is not 0; prints p50 and p99 in us
 *	blast open VIA TO COUNT AT_ONCE
 *		open COUNT connections, AT_ONCE at a time, each until its first
 *		byte; prints connections/s
 *	blast first VIA TO ROUNDS
 *		open ROUNDS connections, one after another; prints p50 and p99
 *		of the time until each is open, in us
 *	blast hold VIA TO COUNT
 *		open COUNT connections and keep them, each after its first byte;
 *		prints "ready" and waits for the end of standard input
 *	blast polls VIA TO COUNT
 *		as hold, through an HTTP proxy, with requests for http://TO/wait
 *		that are never answered
 *	blast heads VIA COUNT
 *		open COUNT connections to an HTTP proxy and send half a head on
 *		each, a byte a second; prints "ready" and waits as hold does
 *	blast get VIA TO ROUNDS
 *		ask an HTTP proxy for http://TO/ ROUNDS times, each on a new
 *		connection; prints p50 and p99 in us
 *
 * VIA is "tcp" (TO is ADDR:PORT), "socks5:ADDR:PORT" (TO is any NAME:PORT), or
 * for heads, polls and get the ADDR:PORT of the proxy.
 * Addresses are IPv4.  One process, one thread a connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE ((size_t)256 * 1024)

/* A request is 9 bytes: what to do, and how much of it. */
struct request {
	char what; /* 'd' send down, 'u' take up, 'p' echo */
	uint64_t bytes;
};

struct path {
	bool socks;
	struct sockaddr_in dial;
	char to[256];
	uint16_t to_port;
};

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
send_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0) {
			return -1;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
recv_all(int fd, void *data, size_t len)
{
	char *p = data;

	while (len > 0) {
		ssize_t n = recv(fd, p, len, 0);

		if (n <= 0) {
			return -1;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Take n bytes and forget them. */
static int
drain(int fd, uint64_t n)
{
	char *piece = malloc(PIECE);
	int result = 0;

	while (n > 0 && result == 0) {
		ssize_t got = recv(fd, piece, n < PIECE ? (size_t)n : PIECE, 0);

		if (got <= 0) {
			result = -1;
		} else {
			n -= (uint64_t)got;
		}
	}
	free(piece);
	return result;
}

static int
fill(int fd, uint64_t n)
{
	char *piece = calloc(1, PIECE);
	int result = 0;

	while (n > 0 && result == 0) {
		size_t len = n < PIECE ? (size_t)n : PIECE;

		result = send_all(fd, piece, len);
		n -= len;
	}
	free(piece);
	return result;
}

/* --- serving -------------------------------------------------------------- */

/* A GET: read the rest of its head, say that there is nothing. */
static int
answer_get(int fd)
{
	static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
	unsigned ends = 0;
	char c;

	while (ends < 4) {
		if (recv_all(fd, &c, 1) != 0) {
			return -1;
		}
		ends = c == '\r' || c == '\n' ? ends + 1 : 0;
	}
	return send_all(fd, answer, sizeof(answer) - 1);
}

static void *
serve_one(void *arg)
{
	int fd = (int)(intptr_t)arg;
	uint8_t raw[9];
	uint64_t bytes = 0;
	char c;

	while (recv_all(fd, raw, sizeof(raw)) == 0) {
		memcpy(&bytes, raw + 1, sizeof(bytes));
		if (memcmp(raw, "GET /wait", sizeof(raw)) == 0) {
			(void)drain(fd, UINT64_MAX);
			break;
		}
		if (raw[0] == 'G') {
			(void)answer_get(fd);
			break;
		}
		if (raw[0] == 'd') {
			(void)fill(fd, bytes);
		} else if (raw[0] == 'u') {
			(void)drain(fd, bytes);
			(void)send_all(fd, "k", 1);
		} else {
			while (bytes-- > 0 && recv_all(fd, &c, 1) == 0) {
				(void)send_all(fd, &c, 1);
			}
		}
	}
	(void)close(fd);
	return NULL;
}

static void
serve(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	pthread_attr_t attr;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (void *)&addr, len) != 0 ||
	    listen(fd, 1024) != 0 ||
	    getsockname(fd, (void *)&addr, &len) != 0) {
		die("listen");
	}
	(void)printf("ready port=%u\n", ntohs(addr.sin_port));
	(void)fflush(stdout);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, 65536);
	for (;;) {
		pthread_t thread;
		int one = 1;
		int client = accept(fd, NULL, NULL);

		if (client < 0) {
			continue;
		}
		(void)setsockopt(
		    client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (pthread_create(&thread, &attr, serve_one,
			(void *)(intptr_t)client) != 0) {
			(void)close(client);
		}
	}
}

/* --- the path ------------------------------------------------------------- */

/* "ADDR:PORT" into *out; 0 or -1. */
static int
parse_addr(const char *text, struct sockaddr_in *out)
{
	char host[64];
	const char *colon = strrchr(text, ':');

	if (colon == NULL || (size_t)(colon - text) >= sizeof(host)) {
		return -1;
	}
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	memset(out, 0, sizeof(*out));
	out->sin_family = AF_INET;
	out->sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	return inet_pton(AF_INET, host, &out->sin_addr) == 1 ? 0 : -1;
}

static void
parse_path(const char *via, const char *to, struct path *path)
{
	const char *colon = strrchr(to, ':');

	memset(path, 0, sizeof(*path));
	path->socks = strncmp(via, "socks5:", 7) == 0;
	if (colon == NULL || (size_t)(colon - to) >= sizeof(path->to) ||
	    parse_addr(path->socks ? via + 7 : to, &path->dial) != 0) {
		(void)fprintf(stderr, "blast: no such path: %s %s\n", via, to);
		exit(2);
	}
	memcpy(path->to, to, (size_t)(colon - to));
	path->to_port = (uint16_t)strtoul(colon + 1, NULL, 10);
}

static int
socks(int fd, const struct path *path)
{
	uint8_t message[300] = { 5, 1, 0, 5, 1, 0, 3 };
	size_t len = strlen(path->to);
	uint8_t answer[12];

	message[7] = (uint8_t)len;
	memcpy(message + 8, path->to, len);
	message[8 + len] = (uint8_t)(path->to_port >> 8);
	message[9 + len] = (uint8_t)path->to_port;
	if (send_all(fd, message, 10 + len) != 0 ||
	    recv_all(fd, answer, 12) != 0 || answer[3] != 0) {
		return -1;
	}
	return 0;
}

static int
dial(const struct path *path)
{
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 ||
	    connect(fd, (const void *)&path->dial, sizeof(path->dial)) != 0) {
		die("connect");
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (path->socks && socks(fd, path) != 0) {
		(void)fprintf(stderr, "blast: refused by the proxy\n");
		exit(1);
	}
	return fd;
}

static int
ask(int fd, char what, uint64_t bytes)
{
	uint8_t raw[9] = { (uint8_t)what };

	memcpy(raw + 1, &bytes, sizeof(bytes));
	return send_all(fd, raw, sizeof(raw));
}

/* --- bulk ----------------------------------------------------------------- */

struct job {
	const struct path *path;
	uint64_t bytes;
	char what;
};

static void *
move(void *arg)
{
	const struct job *job = arg;
	int fd = dial(job->path);
	char ok;

	if (ask(fd, job->what, job->bytes) != 0) {
		die("ask");
	}
	if (job->what == 'd'
		? drain(fd, job->bytes) != 0
		: fill(fd, job->bytes) != 0 || recv_all(fd, &ok, 1) != 0) {
		die("bulk");
	}
	(void)close(fd);
	return NULL;
}

static void
bulk(const struct path *path, unsigned streams, uint64_t mib, const char *way)
{
	struct job job = { path, (mib << 20) / streams, way[0] };
	pthread_t *threads = calloc(streams, sizeof(*threads));
	double start = now();

	for (unsigned i = 0; i < streams; i++) {
		if (pthread_create(&threads[i], NULL, move, &job) != 0) {
			die("thread");
		}
	}
	for (unsigned i = 0; i < streams; i++) {
		(void)pthread_join(threads[i], NULL);
	}
	(void)printf(
	    "%.1f\n", (double)job.bytes * streams / 1e6 / (now() - start));
	free(threads);
}

/* --- times ---------------------------------------------------------------- */

static int
by_size(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return (*x > *y) - (*x < *y);
}

static void
print_times(double *times, unsigned count)
{
	qsort(times, count, sizeof(*times), by_size);
	(void)printf("%.0f %.0f\n", times[count / 2] * 1e6,
	    times[(size_t)count * 99 / 100] * 1e6);
	free(times);
}

/* --- ping ----------------------------------------------------------------- */

static void
ping(const struct path *path, unsigned rounds, uint64_t mib)
{
	struct job job = { path, mib << 20, 'd' };
	double *times = calloc(rounds, sizeof(*times));
	int fd = dial(path);
	pthread_t beside;
	char c = 'x';

	if (ask(fd, 'p', rounds) != 0) {
		die("ask");
	}
	if (mib > 0 && pthread_create(&beside, NULL, move, &job) != 0) {
		die("thread");
	}
	for (unsigned i = 0; i < rounds; i++) {
		double start = now();

		if (send_all(fd, &c, 1) != 0 || recv_all(fd, &c, 1) != 0) {
			die("ping");
		}
		times[i] = now() - start;
	}
	print_times(times, rounds);
	/* The rest of the bulk is of no interest. */
}

/* --- open ----------------------------------------------------------------- */

struct openers {
	const struct path *path;
	atomic_int left;
};

static void *
open_some(void *arg)
{
	struct openers *openers = arg;

	while (atomic_fetch_sub(&openers->left, 1) > 0) {
		int fd = dial(openers->path);
		char c = 'x';

		if (ask(fd, 'p', 1) != 0 || send_all(fd, &c, 1) != 0 ||
		    recv_all(fd, &c, 1) != 0) {
			die("open");
		}
		(void)close(fd);
	}
	return NULL;
}

static void
open_many(const struct path *path, int count, unsigned at_once)
{
	struct openers openers = { .path = path };
	pthread_t *threads = calloc(at_once, sizeof(*threads));
	double start = now();

	atomic_init(&openers.left, count);
	for (unsigned i = 0; i < at_once; i++) {
		if (pthread_create(&threads[i], NULL, open_some, &openers) !=
		    0) {
			die("thread");
		}
	}
	for (unsigned i = 0; i < at_once; i++) {
		(void)pthread_join(threads[i], NULL);
	}
	(void)printf("%.0f\n", count / (now() - start));
	free(threads);
}

/* --- one after another ------------------------------------------------------
 */

static void
first(const struct path *path, unsigned rounds)
{
	double *times = calloc(rounds, sizeof(*times));

	for (unsigned i = 0; i < rounds; i++) {
		double start = now();
		int fd = dial(path);

		times[i] = now() - start;
		(void)close(fd);
	}
	print_times(times, rounds);
}

static void
get(const struct path *path, const char *to, unsigned rounds)
{
	double *times = calloc(rounds, sizeof(*times));
	char request[600];
	char answer[13];

	(void)snprintf(request, sizeof(request),
	    "GET http://%s/ HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
	    to, to);
	for (unsigned i = 0; i < rounds; i++) {
		double start = now();
		int fd = dial(path);

		if (send_all(fd, request, strlen(request)) != 0 ||
		    recv_all(fd, answer, 12) != 0 ||
		    memcmp(answer, "HTTP/1.1 204", 12) != 0) {
			(void)fprintf(stderr, "blast: no answer\n");
			exit(1);
		}
		times[i] = now() - start;
		(void)close(fd);
	}
	print_times(times, rounds);
}

/* --- many that stay
 * ----------------------------------------------------------- */

/* Say that all are there; true once standard input has ended or time is up. */
static bool
wait_for_end(int milliseconds)
{
	struct pollfd entry = { .fd = STDIN_FILENO, .events = POLLIN };
	char c;

	return poll(&entry, 1, milliseconds) > 0 &&
	       read(STDIN_FILENO, &c, 1) <= 0;
}

static void
hold(const struct path *path, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		int fd = dial(path);
		char c = 'x';

		if (ask(fd, 'p', 1) != 0 || send_all(fd, &c, 1) != 0 ||
		    recv_all(fd, &c, 1) != 0) {
			die("hold");
		}
	}
	(void)printf("ready\n");
	(void)fflush(stdout);
	while (!wait_for_end(-1)) {
	}
}

static void
polls(const struct path *path, const char *to, unsigned count)
{
	char request[600];

	(void)snprintf(request, sizeof(request),
	    "GET http://%s/wait HTTP/1.1\r\nHost: %s\r\n\r\n", to, to);
	for (unsigned i = 0; i < count; i++) {
		(void)send_all(dial(path), request, strlen(request));
	}
	(void)printf("ready\n");
	(void)fflush(stdout);
	while (!wait_for_end(-1)) {
	}
}

static void
heads(const struct path *path, unsigned count)
{
	static const char half[] = "GET http://office/ HTTP/1.1\r\nCookie: ";
	int *fds = calloc(count, sizeof(*fds));

	for (unsigned i = 0; i < count; i++) {
		fds[i] = dial(path);
		(void)send_all(fds[i], half, sizeof(half) - 1);
	}
	(void)printf("ready\n");
	(void)fflush(stdout);
	while (!wait_for_end(1000)) {
		for (unsigned i = 0; i < count; i++) {
			(void)send_all(fds[i], "x", 1);
		}
	}
	free(fds);
}

/* --- what is asked for
 * --------------------------------------------------------- */

static unsigned
number(const char *text)
{
	return text == NULL ? 0 : (unsigned)strtoul(text, NULL, 10);
}

static void
run_bulk(const struct path *path, char **args)
{
	bulk(path, number(args[2]), number(args[3]), args[4]);
}

static void
run_ping(const struct path *path, char **args)
{
	ping(path, number(args[2]), number(args[3]));
}

static void
run_open(const struct path *path, char **args)
{
	open_many(path, (int)number(args[2]), number(args[3]));
}

static void
run_first(const struct path *path, char **args)
{
	first(path, number(args[2]));
}

static void
run_hold(const struct path *path, char **args)
{
	hold(path, number(args[2]));
}

static void
run_polls(const struct path *path, char **args)
{
	polls(path, args[1], number(args[2]));
}

static void
run_heads(const struct path *path, char **args)
{
	heads(path, number(args[1]));
}

static void
run_get(const struct path *path, char **args)
{
	get(path, args[1], number(args[2]));
}

static const struct order {
	const char *name;
	int args; /* from VIA on */
	bool proxied;
	void (*run)(const struct path *path, char **args);
} orders[] = {
	{ "bulk", 5, false, run_bulk },
	{ "ping", 3, false, run_ping },
	{ "ping", 4, false, run_ping },
	{ "open", 4, false, run_open },
	{ "first", 3, false, run_first },
	{ "hold", 3, false, run_hold },
	{ "polls", 3, true, run_polls },
	{ "heads", 2, true, run_heads },
	{ "get", 3, true, run_get },
};

/* Do what the arguments say; false when that is nothing. */
static bool
run(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		const struct order *order = &orders[i];
		struct path path;

		if (argc == 2 + order->args &&
		    strcmp(argv[1], order->name) == 0) {
			parse_path(order->proxied ? "tcp" : argv[2],
			    order->proxied ? argv[2] : argv[3], &path);
			order->run(&path, argv + 2);
			return true;
		}
	}
	return false;
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "serve") == 0) {
		serve();
	}
	if (!run(argc, argv)) {
		(void)fprintf(stderr, "usage: see the head of blast.c\n");
		return 2;
	}
	return 0;
}
