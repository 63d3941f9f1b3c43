#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What no ordinary client does, for the end-to-end tests.

usage: client.py COMMAND ARGUMENT...

Addresses are HOST:PORT. WAY is socks5, connect or forward; with forward, PROXY
is the forward's own address and TARGET is not sent. A command that finds what
it should prints a line or nothing and ends with 0.
"""
import hashlib
import http.client
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

PATIENCE = 30
PATTERN = bytes((i * 131 + (i >> 8)) & 255 for i in range(65536))
commands = {}


def command(function):
    commands[function.__name__.replace("_", "-")] = function
    return function


def split(address):
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def dial(address):
    sock = socket.create_connection(split(address), timeout=PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def read_exactly(sock, size):
    data = b""
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise AssertionError("ended after %d of %d bytes: %r"
                                 % (len(data), size, data))
        data += piece
    return data


def read_all(sock):
    data = bytearray()
    while piece := sock.recv(1 << 18):
        data += piece
    return bytes(data)


def digest_of(size):
    digest = hashlib.sha256()
    while size > 0:
        digest.update(PATTERN[:size])
        size -= min(size, len(PATTERN))
    return digest.hexdigest()


def send_pattern(sock, size):
    while size > 0:
        sock.sendall(PATTERN[:size])
        size -= min(size, len(PATTERN))


# --- ways in


def socks5_request(target, atyp=3, verb=1):
    host, port = split(target)
    name = {1: lambda: socket.inet_pton(socket.AF_INET, host),
            4: lambda: socket.inet_pton(socket.AF_INET6, host),
            }.get(atyp, lambda: bytes([len(host)]) + host.encode())()
    return b"\5%c\0%c" % (verb, atyp) + name + struct.pack(">H", port)


def socks5(proxy, target, atyp=3, verb=1):
    """The REP byte and the socket."""
    sock = dial(proxy)
    sock.sendall(b"\5\1\0")
    assert read_exactly(sock, 2) == b"\5\0"
    sock.sendall(socks5_request(target, atyp, verb))
    head = read_exactly(sock, 4)
    assert head[0] == 5 and head[2] == 0, head
    read_exactly(sock, {1: 4, 4: 16}[head[3]] + 2)
    return head[1], sock


def connect(proxy, target):
    """The status and the socket, after the head of the answer."""
    sock = dial(proxy)
    sock.sendall(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n"
                 % (target.encode(), target.encode()))
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += read_exactly(sock, 1)
    return int(head.split()[1]), sock


def enter(way, proxy, target):
    if way == "forward":
        return dial(proxy)
    if way == "socks5":
        status, sock = socks5(proxy, target)
        assert status == 0, "REP is %d" % status
    else:
        status, sock = connect(proxy, target)
        assert status == 200, "status is %d" % status
    return sock


# --- commands


@command
def rep(proxy, target, atyp="3", verb="1"):
    """Print the REP byte of a SOCKS5 request."""
    print(socks5(proxy, target, int(atyp), int(verb))[0])


@command
def talk(proxy, target):
    """An echo by SOCKS5."""
    sock = enter("socks5", proxy, target)
    sock.sendall(b"hello")
    assert read_exactly(sock, 5) == b"hello"


@command
def half(way, proxy, target, size):
    """Send, end our half, and read the digest that comes only then."""
    sock = enter(way, proxy, target)
    send_pattern(sock, int(size))
    sock.shutdown(socket.SHUT_WR)
    answer = read_all(sock).decode()
    assert answer == digest_of(int(size)), "digest is %r" % answer


@command
def late(way, proxy, target, size, http_address):
    """Their half ends first; what we send after that arrives."""
    sock = enter(way, proxy, target)
    assert read_all(sock) == b"over"
    send_pattern(sock, int(size))
    sock.shutdown(socket.SHUT_WR)
    want = digest_of(int(size))
    until(lambda: get(http_address, "/late").decode() == want, "the digest")


@command
def reset(way, proxy, target):
    """What came before a reset is delivered, and the reset is one."""
    sock = enter(way, proxy, target)
    assert read_exactly(sock, 7) == b"partial"
    sock.sendall(b"x")
    try:
        rest = sock.recv(10)
    except ConnectionResetError:
        return
    raise AssertionError("a clean end" if rest == b"" else rest)


@command
def abort(way, proxy, target, http_address):
    """A reset of ours reaches the target as one."""
    before = get(http_address, "/ends").split()
    count = int(before[1].split(b"=")[1])
    sock = enter(way, proxy, target)
    assert read_exactly(sock, 4) == b"open"
    linger(sock)
    sock.close()
    want = b"%s reset=%d" % (before[0], count + 1)
    until(lambda: get(http_address, "/ends").strip() == want, want)


def linger(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))


def until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "not in time: %s" % what
        time.sleep(0.02)


def get(address, path):
    connection = http.client.HTTPConnection(*split(address), timeout=PATIENCE)
    connection.request("GET", path)
    return connection.getresponse().read()


def status(*options):
    said = subprocess.run(["inroad", *options, "--json", "status"],
                          stdout=subprocess.PIPE, check=True).stdout
    return json.loads(said)["items"][0]


@command
def stalled(proxy, source, page, relay, count, most_queued):
    """
    One reader among COUNT stalls: the others get their MiB, and what the
    relay holds and has promised stays below MOST_QUEUED. Then it reads on and
    has lost nothing.
    """
    lazy = enter("socks5", proxy, source)
    failures = []

    def fetch():
        try:
            sock = enter("socks5", proxy, page)
            sock.sendall(b"GET /bytes/1048576 HTTP/1.1\r\nHost: x\r\n"
                         b"Connection: close\r\n\r\n")
            body = read_all(sock).partition(b"\r\n\r\n")[2]
            assert hashlib.sha256(body).hexdigest() == digest_of(1 << 20)
        except (AssertionError, OSError) as error:
            failures.append(repr(error))

    threads = [threading.Thread(target=fetch) for _ in range(int(count) - 1)]
    most = 0
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen = status("--relay", relay)
        most = max(most, seen["queued"], seen["promised"])
        threads[-1].join(0.05)
    assert not failures, failures
    assert most < int(most_queued), "the relay held or promised %d" % most
    seen = status("--relay", relay)
    assert seen["queued"] < 1 << 20, "the relay holds %d" % seen["queued"]
    assert (hashlib.sha256(read_all(lazy)).hexdigest()
            == digest_of(64 << 20)), "the stalled one lost something"
    print("at most %d queued or promised" % most)


# --- hostility


def unescape(text):
    return text.encode().decode("unicode_escape").encode("latin1")


def garbage(seed, size):
    """Bytes that are the same in each run."""
    return hashlib.shake_128(b"%d" % seed).digest(size)


def pour(address, data):
    """Send data; that nobody wants it is all right."""
    sock = dial(address)
    try:
        sock.sendall(data)
    except ConnectionError:
        pass
    return sock


@command
def tape(file):
    """Write what the first client says to FILE, in hexadecimal."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print("ready port=%d" % server.getsockname()[1], flush=True)
        sock = server.accept()[0]
        data = sock.recv(65536)
        with open(file, "w") as out:
            out.write(data.hex())


@command
def crowd(address, count, first):
    """
    Keep COUNT connections open, each after the bytes FIRST (hexadecimal), and
    say so; say "ended" when the other side has ended them all. Ends by SIGTERM.
    """
    signal.signal(signal.SIGTERM, lambda *args: os._exit(0))
    poll = select.poll()
    socks = {}
    for _ in range(int(count)):
        sock = pour(address, bytes.fromhex(first))
        socks[sock.fileno()] = sock
        poll.register(sock, select.POLLIN)
    print("ready count=%d" % len(socks), flush=True)
    while socks:
        for fd, _ in poll.poll():
            try:
                if socks[fd].recv(65536):
                    continue
            except ConnectionError:
                pass
            poll.unregister(fd)
            socks.pop(fd).close()
    print("ended", flush=True)
    signal.pause()


@command
def noise(address, count, *prefixes):
    """
    COUNT connections with garbage of all sizes, behind one of PREFIXES (with
    escapes), that end in each way.
    """
    for i in range(int(count)):
        prefix = unescape(prefixes[i % len(prefixes)])
        sock = pour(address, prefix + garbage(i, i * 37 % 5000))
        try:
            if i // len(prefixes) % 3 == 0:
                linger(sock)
            elif i // len(prefixes) % 3 == 1:
                sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        sock.close()


@command
def slowly(way, proxy, target):
    """An echo whose request comes byte by byte."""
    sock = dial(proxy)
    if way == "socks5":
        request, start = b"\5\1\0" + socks5_request(target), b"\5\0\5\0"
    else:
        request = b"CONNECT %s HTTP/1.1\r\n\r\n" % target.encode()
        start = b"HTTP/1.1 200 "
    for i in range(len(request)):
        sock.sendall(request[i:i + 1])
        time.sleep(0.01)
    sock.sendall(b"hello")
    data = read_exactly(sock, len(start))
    assert data == start, data
    while not data.endswith(b"hello"):
        data += read_exactly(sock, 1)


def transcript(way, target):
    """What a client that does not wait for answers says to get an echo."""
    name = target.encode()
    host, port = split(target)
    port = struct.pack(">H", port)
    return {
        "socks5": b"\5\2\0\1" + socks5_request(target),
        "password": b"\5\1\2\1\1x\1y" + socks5_request(target),
        "socks4a": b"\4\1" + port + b"\0\0\0\1me\0" + host.encode() + b"\0",
        "connect": b"CONNECT %s HTTP/1.1\r\nHost: x\r\n"
                   b"Content-Length: 0\r\n\r\n" % name,
        "connect10": b"CONNECT %s HTTP/1.0\r\n\r\n" % name,
        "absolute": b"POST http://%s/ HTTP/1.1\r\nHost: x\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n"
                    b"4;a=b\r\nbody\r\n0\r\nX: y\r\n\r\n"
                    b"POST http://%s/ HTTP/1.1\r\nHost: x\r\n"
                    b"Connection: close\r\nContent-Length: 4\r\n\r\n"
                    b"body" % (name, name),
    }[way]


@command
def cuts(way, proxy, target):
    """
    What is said in two pieces, cut at each place, and byte by byte, gets the
    same answer as in one. All say it at the same time.
    """
    said = transcript(way, target) + (b"" if way == "absolute" else b"hello")
    socks = [dial(proxy) for _ in range(len(said) + 1)]
    for at, sock in enumerate(socks[:-1]):
        sock.sendall(said[:at])
    for byte in said:
        time.sleep(0.001)
        socks[-1].sendall(bytes([byte]))
    for at, sock in enumerate(socks[:-1]):
        sock.sendall(said[at:])
        if way != "absolute":
            sock.shutdown(socket.SHUT_WR)
    if way != "absolute":
        socks[-1].shutdown(socket.SHUT_WR)
    answers = {b"\r\n".join(line for line in read_all(sock).split(b"\r\n")
                            if not line.startswith(b"Date: "))
               for sock in socks}
    assert len(answers) == 1, answers
    answer = answers.pop()
    want = (hashlib.sha256(b"body").hexdigest().encode()
            if way == "absolute" else b"hello")
    assert answer.count(want) == (2 if way == "absolute" else 1), answer
    assert answer.endswith(want), answer


@command
def events(proxy, request, http_address):
    """The first event comes before the second one is there."""
    sock = dial(proxy)
    sock.sendall(unescape(request))
    data = b""
    while not data.endswith(b"data: first\n\n"):
        data += read_exactly(sock, 1)
    get(http_address, "/go")
    assert read_all(sock) == b"data: second\n\n"


@command
def flood(megabytes, *where):
    """
    WHERE are pairs of an address and a prefix (with escapes), each sent with
    up to MEGABYTES of letters behind it, at ten MB a second and all at once. The
    other sides end it before, or stop reading.
    """
    went_on = []

    def one(address, prefix):
        sock = dial(address)
        sock.settimeout(2)
        try:
            sock.sendall(unescape(prefix))
            for _ in range(int(megabytes) * 10):
                sock.sendall(b"a" * 100000)
                time.sleep(0.01)
            went_on.append(prefix)
        except (socket.timeout, ConnectionError) as error:
            print("%r: %r" % (prefix[:40], error))

    threads = [threading.Thread(target=one, args=where[i:i + 2])
               for i in range(0, len(where), 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not went_on, "took it all: %r" % went_on


@command
def answer(address, data):
    """Send DATA (with escapes), end our half, print what comes."""
    sock = dial(address)
    sock.sendall(unescape(data))
    sys.stdout.buffer.write(read_all(sock))


@command
def memory(pid):
    """Print the resident bytes of a process."""
    with open("/proc/%s/status" % pid) as lines:
        print(*(int(line.split()[1]) << 10 for line in lines
                if line.startswith("VmRSS:")))


@command
def hold(way, proxy, target):
    """
    Keep an echo open and say so. Say "alive" if it is after SIGUSR1, and in
    the end how it ended, "reset" or "clean".
    """
    signal.alarm(0)
    sock = enter(way, proxy, target)
    sock.sendall(b"hello")
    assert read_exactly(sock, 5) == b"hello"
    sock.settimeout(None)
    signal.signal(signal.SIGUSR1, lambda *args: sock.sendall(b"alive"))
    signal.signal(signal.SIGTERM, lambda *args: os._exit(0))
    print("ready way=%s" % way, flush=True)
    end = "clean"
    try:
        while sock.recv(10):
            print("alive", flush=True)
    except ConnectionResetError:
        end = "reset"
    print(end, flush=True)


@command
def keep(way, proxy, target, path):
    """
    Get the page PATH and say so, keep the connection, and say how it ended,
    "reset" or "clean".
    """
    signal.alarm(0)
    sock = enter(way, proxy, target)
    sock.sendall(b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n"
                 % (path.encode(), target.split(":")[0].encode()))
    assert sock.recv(9) == b"HTTP/1.1 "
    sock.settimeout(None)
    signal.signal(signal.SIGTERM, lambda *args: os._exit(0))
    print("ready way=%s" % way, flush=True)
    end = "clean"
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        end = "reset"
    print(end, flush=True)


def main():
    # Whatever happens, a test ends.
    signal.alarm(120)
    try:
        commands[sys.argv[1]](*sys.argv[2:])
    except (AssertionError, OSError) as error:
        print("%s: %r" % (" ".join(sys.argv[1:]), error))
        sys.stdout.flush()
        os._exit(1)


if __name__ == "__main__":
    main()
