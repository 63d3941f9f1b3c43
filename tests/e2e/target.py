#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Servers for the end-to-end tests, each on a port that the kernel chooses.

Prints "ready http=PORT echo=PORT ..." and serves until it is killed:

  http     GET /bytes/N answers N bytes of a pattern; GET /page a page;
           GET /chunked/N the same bytes in chunks; GET /close/N until close;
           GET /slow answers after a second; GET /torn/N answers N of 2N
           bytes and resets; GET /events answers an event, and another
           one once GET /go was asked; GET /trailers answers chunks with a
           trailer; GET /head answers the head of the request; GET /agent
           a page that names the client's User-Agent;
           POST and PUT answer the SHA-256 of the body; keep-alive
           throughout. Under /git/ are the repositories of
           INROAD_TEST_DIR, to read and to write
  ssh      an sshd with the configuration INROAD_TEST_DIR/sshd_config
  echo     sends back what it gets, as it comes; ends when the client does
  digest   reads until the client's half ends, then answers its SHA-256
  source   sends 64 MiB of the pattern at once and ends
  reset    sends "partial" and resets the connection
  stall    accepts and never reads
  late     sends "over" and ends its half, then reads until the client's half
           ends: GET /late of http answers the SHA-256 of that
  notes    answers "open"; when the connection ends it counts how: GET /ends of
           http answers "clean=N reset=N"
  six      like echo, on ::1 (0 where there is no IPv6)
  closed   nothing: bound, so that nobody else can have it, but not listening
  full     nothing: its queue is full, so that connecting takes for ever
"""
import fcntl
import hashlib
import http.server
import os
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import termios
import threading

PATTERN = bytes((i * 131 + (i >> 8)) & 255 for i in range(65536))


def pattern(n):
    while n > 0:
        piece = PATTERN[:n]
        yield piece
        n -= len(piece)


class Http(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    go = threading.Event()

    def do_GET(self):
        if self.path.startswith("/git/"):
            self.git(b"")
            return
        kind, _, number = self.path.strip("/").partition("/")
        if kind == "bytes":
            self.answer(pattern(int(number)), int(number))
        elif kind == "chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in pattern(int(number)):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        elif kind == "close":
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            for piece in pattern(int(number)):
                self.wfile.write(piece)
        elif kind == "agent":
            self.say("Hello from office, %s." % self.headers["User-Agent"])
        elif kind == "ends":
            self.say("clean=%d reset=%d\n" % (Notes.clean, Notes.reset))
        elif kind == "events":
            self.send_events()
        elif kind == "go":
            Http.go.set()
            self.say("gone")
        elif kind == "trailers":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.send_header("Trailer", "X-Sum")
            self.end_headers()
            self.wfile.write(b"4;x=y\r\nbody\r\n0\r\nX-Sum: 42\r\n\r\n")
        elif kind == "head":
            self.say("%s\n%s" % (self.requestline, self.headers))
        elif kind == "late":
            self.say(Late.digest)
        elif kind == "torn":
            self.tear(int(number))
        elif kind == "slow":
            threading.Event().wait(1)
            self.answer([b"slow\n"], 5)
        else:
            page = b"<!doctype html><title>office</title>Hello from office.\n"
            self.answer([page], len(page))

    def send_events(self):
        """As of a server that sends events: the second one on demand."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"data: first\n\n")
        Http.go.wait(30)
        Http.go.clear()
        self.wfile.write(b"data: second\n\n")

    def tear(self, n):
        """Answer half of what was announced, and reset once it is there."""
        self.send_response(200)
        self.send_header("Content-Length", str(2 * n))
        self.end_headers()
        for piece in pattern(n):
            self.wfile.write(piece)
        self.wfile.flush()
        while struct.unpack("i", fcntl.ioctl(
                self.connection, termios.TIOCOUTQ, b"\0" * 4))[0] > 0:
            threading.Event().wait(0.01)
        self.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", "12345")
        self.end_headers()

    def do_POST(self):
        if self.path.startswith("/git/"):
            self.git(b"".join(self.body()))
            return
        digest = hashlib.sha256()
        for piece in self.body():
            digest.update(piece)
        self.say(digest.hexdigest())

    do_PUT = do_POST

    def body(self):
        """The pieces of the request's body."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            size = -1
            while size != 0:
                size = int(self.rfile.readline().split(b";")[0], 16)
                yield self.rfile.read(size)
                # After the last one: of the trailers the last is empty.
                while self.rfile.readline() not in (b"\r\n", b"") and size == 0:
                    pass
            return
        left = int(self.headers.get("Content-Length", 0))
        while left > 0:
            piece = self.rfile.read(min(left, 65536))
            if not piece:
                break
            left -= len(piece)
            yield piece

    def git(self, body):
        """Answer with git's own CGI program."""
        path, _, query = self.path[4:].partition("?")
        said = subprocess.run(
            ["git", "http-backend"], input=body, stdout=subprocess.PIPE,
            check=False, env={
                **os.environ,
                "GIT_PROJECT_ROOT": os.environ["INROAD_TEST_DIR"],
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "REMOTE_USER": "test",
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING":
                    self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            }).stdout
        head, _, content = said.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1)
                      for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def answer(self, pieces, length):
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)

    def say(self, text):
        self.answer([text.encode()], len(text))

    def log_message(self, *args):
        pass


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


class Digest(socketserver.BaseRequestHandler):
    def handle(self):
        digest = hashlib.sha256()
        while data := self.request.recv(65536):
            digest.update(data)
        self.request.sendall(digest.hexdigest().encode())


class Source(socketserver.BaseRequestHandler):
    def handle(self):
        for piece in pattern(64 << 20):
            self.request.sendall(piece)


class Reset(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"partial")
        self.request.recv(1)
        self.request.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()


class Ssh(socketserver.BaseRequestHandler):
    def handle(self):
        config = os.path.join(os.environ["INROAD_TEST_DIR"], "sshd_config")
        subprocess.run(["/usr/sbin/sshd", "-i", "-e", "-f", config],
                       stdin=self.request, stdout=self.request, check=False)


class Late(socketserver.BaseRequestHandler):
    digest = ""

    def handle(self):
        digest = hashlib.sha256()
        self.request.sendall(b"over")
        self.request.shutdown(socket.SHUT_WR)
        while data := self.request.recv(65536):
            digest.update(data)
        Late.digest = digest.hexdigest()


class Notes(socketserver.BaseRequestHandler):
    clean = 0
    reset = 0

    def handle(self):
        self.request.sendall(b"open")
        try:
            while self.request.recv(65536):
                pass
            Notes.clean += 1
        except ConnectionResetError:
            Notes.reset += 1


class Stall(socketserver.BaseRequestHandler):
    def handle(self):
        threading.Event().wait()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def shutdown_request(self, request):
        """As socketserver, but a reset stays one."""
        try:
            request.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self.close_request(request)

    def handle_error(self, request, client_address):
        pass


class Server6(Server):
    address_family = socket.AF_INET6


def dead_ends():
    """Sockets that refuse, and that do not answer."""
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    full = [socket.socket()]
    full[0].bind(("127.0.0.1", 0))
    full[0].listen(0)
    # One more than fits; the kernel then drops whoever comes.
    for _ in range(3):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(full[0].getsockname())
        full.append(client)
    return closed, full


def main():
    line = ["ready"]
    for name, handler in (("http", Http), ("ssh", Ssh),
                          ("echo", Echo), ("digest", Digest),
                          ("source", Source), ("reset", Reset),
                          ("stall", Stall), ("late", Late),
                          ("notes", Notes), ("six", Echo)):
        try:
            server = (Server6(("::1", 0), handler) if name == "six"
                      else Server(("127.0.0.1", 0), handler))
        except OSError:
            line.append(name + "=0")
            continue
        line.append("%s=%d" % (name, server.server_address[1]))
        threading.Thread(target=server.serve_forever, daemon=True).start()
    closed, full = dead_ends()
    line += ["closed=%d" % closed.getsockname()[1],
             "full=%d" % full[0].getsockname()[1]]
    signal.signal(signal.SIGTERM, lambda *args: os._exit(0))
    print(*line, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
