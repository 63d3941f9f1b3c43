#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Datagrams for the end-to-end tests.

usage: udp.py serve                      a service that sends each one back
       udp.py CASE PROXY TARGET [ARG...] a case, against such services

TARGET is NAME:PORT or ADDRESS:PORT, as a SOCKS client says it. Exits with 0
when the case is as it should be, and says what is not. `serve` prints "ready
port=N" and serves until it is killed.
"""
import contextlib
import os
import signal
import socket
import struct
import sys
import time

WAIT = 20


def split(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def encode(target):
    """A target as SOCKS5 writes it: by address if it is one."""
    host, port = split(target)
    for family, kind in ((socket.AF_INET, 1), (socket.AF_INET6, 4)):
        with contextlib.suppress(OSError):
            return (bytes([kind]) + socket.inet_pton(family, host) +
                    struct.pack(">H", port))
    return bytes([3, len(host)]) + host.encode() + struct.pack(">H", port)


class Association:
    """A UDP association with the proxy."""

    def __init__(self, proxy, named=False):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(WAIT)
        self.tcp = socket.create_connection(split(proxy), WAIT)
        ours = "0.0.0.0:0"
        if named:
            ours = "127.0.0.1:%d" % self.sock.getsockname()[1]
        self.tcp.sendall(b"\5\1\0")
        self.take(b"\5\0")
        self.tcp.sendall(b"\5\3\0" + encode(ours))
        self.take(b"\5\0\0\1")
        reply = self.exactly(6)
        self.relay = (socket.inet_ntoa(reply[:4]),
                      struct.unpack(">H", reply[4:])[0])

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.tcp.recv(n - len(data))
            if not more:
                sys.exit("the connection ended behind %r" % data)
            data += more
        return data

    def take(self, want):
        got = self.exactly(len(want))
        if got != want:
            sys.exit("got %r instead of %r" % (got, want))

    def send(self, target, data, fragment=0, sock=None):
        (sock or self.sock).sendto(
            bytes([0, 0, fragment]) + encode(target) + data, self.relay)

    def receive(self, target, wait=WAIT):
        """The next datagram, which must come from target."""
        self.sock.settimeout(wait)
        data, peer = self.sock.recvfrom(65536)
        head = b"\0\0\0" + encode(target)
        if peer != self.relay or not data.startswith(head):
            sys.exit("from %r: %r instead of %r" % (peer, data[:40], head))
        return data[len(head):]

    def ask(self, target, data, tries=4):
        """Send until an answer comes, as those do who use UDP."""
        for _ in range(tries):
            self.send(target, data)
            with contextlib.suppress(socket.timeout):
                while True:
                    got = self.receive(target, 5)
                    if got == data:
                        return
        sys.exit("no answer from " + target)


def query(name):
    labels = b"".join(bytes([len(label)]) + label.encode()
                      for label in name.split("."))
    return (b"\x12\x34" + struct.pack(">HHHHH", 0x100, 1, 0, 0, 0) + labels +
            b"\0" + struct.pack(">HH", 1, 1))


def case_query(proxy, target, name, address):
    """A name server is asked for a name."""
    association = Association(proxy)
    association.send(target, query(name))
    answer = association.receive(target)
    if answer[:2] != b"\x12\x34" or answer[-4:] != socket.inet_aton(address):
        sys.exit("the answer is %r" % answer)


def case_echo(proxy, *targets):
    """One association talks to all targets, with datagrams of any size."""
    association = Association(proxy)
    for target in targets:
        association.ask(target, b"first to " + target.encode())
    for size in (0, 1, 1400, 8000, 16000):
        for target in targets:
            association.ask(target, os.urandom(size))


def case_named(proxy, target):
    """The client says from where it will send."""
    association = Association(proxy, named=True)
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    association.send(target, b"from elsewhere", sock=other)
    association.ask(target, b"as it was said")


def case_fragment(proxy, target):
    """Fragments are dropped, and so is what is no datagram of SOCKS."""
    association = Association(proxy)
    association.ask(target, b"before")
    association.send(target, b"in pieces", fragment=1)
    association.sock.sendto(b"", association.relay)
    association.sock.sendto(b"\0\0\0\7garbage", association.relay)
    association.send(target, b"whole")
    got = association.receive(target)
    if got != b"whole":
        sys.exit("got %r" % got)


def case_stranger(proxy, target):
    """Who sends first keeps it for himself."""
    association = Association(proxy)
    association.ask(target, b"mine")
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind(("127.0.0.1", 0))
    association.send(target, b"not mine", sock=other)
    association.send(target, b"mine again")
    got = association.receive(target)
    if got != b"mine again":
        sys.exit("got %r" % got)


def case_end(proxy, target):
    """It ends with the connection."""
    association = Association(proxy)
    association.ask(target, b"alive")
    association.sock.connect(association.relay)
    association.tcp.close()
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        try:
            association.sock.send(b"\0\0\0" + encode(target) + b"?")
            association.sock.settimeout(0.1)
            association.sock.recv(100)
        except ConnectionRefusedError:
            return
        except socket.timeout:
            pass
    sys.exit("the socket of the association is still there")


def case_silent(proxy, target, other):
    """Nothing comes from target, while other answers."""
    association = Association(proxy)
    for _ in range(3):
        association.send(target, b"may I?")
    association.ask(other, b"and you?")


def case_pace(proxy, target, count, gap):
    """Datagrams at a pace, most of which come back soon."""
    association = Association(proxy)
    association.ask(target, b"before")
    count, gap = int(count), float(gap)
    sent, delays = {}, []
    start = time.monotonic()
    for number in range(count):
        sent[number] = time.monotonic()
        association.send(target, struct.pack(">I", number) + bytes(160))
        until = start + (number + 1) * gap
        while True:
            left = until - time.monotonic()
            if left <= 0:
                break
            with contextlib.suppress(socket.timeout):
                got = struct.unpack(
                    ">I", association.receive(target, left)[:4])[0]
                delays.append(time.monotonic() - sent[got])
    with contextlib.suppress(socket.timeout):
        while len(delays) < count:
            got = struct.unpack(
                ">I", association.receive(target, 1)[:4])[0]
            delays.append(time.monotonic() - sent[got])
    delays.sort()
    lost = count - len(delays)
    if not delays:
        sys.exit("nothing came back")
    print("lost %d of %d, median %.1f ms, p99 %.1f ms" % (
        lost, count, delays[len(delays) // 2] * 1e3,
        delays[len(delays) * 99 // 100] * 1e3))
    if lost > count // 20:
        sys.exit("too many are lost")


def case_outlive(proxy, target, path):
    """Goes on while the file at path is there, and is answered at its end."""
    association = Association(proxy)
    association.ask(target, b"before")
    print("started", flush=True)
    while os.path.exists(path):
        association.send(target, b"meanwhile")
        with contextlib.suppress(socket.timeout):
            association.receive(target, 0.02)
    association.ask(target, b"afterwards", tries=10)


def serve():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind(("127.0.0.1", 0))
    signal.signal(signal.SIGTERM, lambda *args: os._exit(0))
    print("ready port=%d" % sock.getsockname()[1], flush=True)
    while True:
        data, peer = sock.recvfrom(65536)
        with contextlib.suppress(OSError):
            sock.sendto(data, peer)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        globals()["case_" + sys.argv[1]](*sys.argv[2:])
