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
    until(lambda: ask(http_address, "/late").decode() == want, "the digest")


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
    before = ask(http_address, "/ends").split()
    count = int(before[1].split(b"=")[1])
    sock = enter(way, proxy, target)
    assert read_exactly(sock, 4) == b"open"
    linger(sock)
    sock.close()
    want = b"%s reset=%d" % (before[0], count + 1)
    until(lambda: ask(http_address, "/ends").strip() == want, want)


def linger(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))


def until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "not in time: %s" % what
        time.sleep(0.02)


def ask(address, path):
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


def rss(pid):
    with open("/proc/%s/status" % pid) as lines:
        for line in lines:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def garbage(seed, size):
    """Bytes that are the same in each run."""
    return hashlib.shake_128(b"%d" % seed).digest(size)


def pour(address, data, pace=0):
    """Send data, by single bytes if there is a pace; a reset is all right."""
    sock = dial(address)
    try:
        if pace:
            for i in range(len(data)):
                sock.sendall(data[i:i + 1])
                time.sleep(pace)
        else:
            sock.sendall(data)
    except (ConnectionError, socket.timeout):
        pass
    return sock


@command
def crowd(address, count, first):
    """
    Keep COUNT connections open, each after the bytes FIRST (hexadecimal);
    print "ready" and read a line; then count those that were not ended.
    """
    socks = [pour(address, bytes.fromhex(first)) for _ in range(int(count))]
    print("ready", flush=True)
    sys.stdin.readline()
    alive = 0
    for sock in socks:
        sock.setblocking(False)
        try:
            alive += sock.recv(1) != b""
        except BlockingIOError:
            alive += 1
        except ConnectionError:
            pass
    print("alive=%d" % alive, flush=True)


@command
def noise(address, count):
    """COUNT connections with garbage of all sizes, and their ends."""
    for i in range(int(count)):
        sock = pour(address, garbage(i, 1 + i * 37 % 5000))
        if i % 3 == 0:
            linger(sock)
        elif i % 3 == 1:
            sock.shutdown(socket.SHUT_WR)
        sock.close()


@command
def dribble(address, data, pace):
    """Send DATA (hexadecimal) a byte each PACE seconds, to its end."""
    pour(address, bytes.fromhex(data), float(pace)).close()


@command
def flood(address, prefix, megabytes):
    """
    PREFIX (with escapes) and then up to MEGABYTES of letters: the other side
    stops reading or ends it long before.
    """
    sock = dial(address)
    sock.settimeout(0.5)
    sent = 0
    try:
        sock.sendall(prefix.encode().decode("unicode_escape").encode("latin1"))
        while sent < int(megabytes) << 20:
            sent += sock.send(b"a" * 65536)
    except socket.timeout:
        print("stopped reading after about %d bytes" % sent)
        return
    except ConnectionError:
        print("ended after about %d bytes" % sent)
        return
    raise AssertionError("took it all")


@command
def answer(address, data):
    """Send DATA (with escapes), end our half, print what comes."""
    sock = dial(address)
    sock.sendall(data.encode().decode("unicode_escape").encode("latin1"))
    sys.stdout.buffer.write(read_all(sock))


@command
def memory(pid):
    """Print the resident bytes of a process."""
    print(rss(pid))


@command
def hold(way, proxy, target):
    """
    Keep an echo open: print "ready"; then print how it ended, "reset", "clean"
    or, when a line was read, "alive".
    """
    sock = enter(way, proxy, target)
    sock.sendall(b"hello")
    assert read_exactly(sock, 5) == b"hello"
    print("ready", flush=True)
    threading.Thread(target=check_alive, args=(sock,), daemon=True).start()
    try:
        while data := sock.recv(10):
            assert data == b"alive", data
            print("alive", flush=True)
        print("clean", flush=True)
    except ConnectionResetError:
        print("reset", flush=True)


def check_alive(sock):
    while sys.stdin.readline():
        sock.sendall(b"alive")


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
