#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Connections that go on while the network under them does not.

usage: endure.py COUNT RATE BULK WAY PROXY TARGET [WAY PROXY TARGET]...

Opens COUNT connections to an echo, by each of the ways in turn (see client.py),
and sends RATE bytes a second on each, but for the first BULK of them, which are
held back by 4 MiB on their way only. What each of them sends is a row of bytes of its own, and what
comes back has to be that row, so a byte that is lost, doubled or on the wrong
connection is noticed where it stands. Every second a new connection is opened,
used and ended, too.

Prints "started" when all are open. After SIGUSR1 it sends no more, ends its
halves, reads the rest, and prints "done bytes=N new=N gap_ms=N", where
the gap is the longest time that nothing came back on any connection. Whatever
else happens on a connection is an error: it is printed, and the status is 1.
"""
import os
import selectors
import signal
import socket
import sys
import time

from client import PATTERN, enter

AHEAD = 4 << 20
PIECE = 65536
PATIENCE = 150


resting = []
signal.signal(signal.SIGUSR1, lambda *_: resting.append(True))


class Endurer:
    """One connection; its row begins at an offset of its own."""

    def __init__(self, number, way, proxy, target, rate):
        self.number = number
        self.row = (PATTERN[number * 577 % PIECE:]
                    + PATTERN[:number * 577 % PIECE])
        self.sock = enter(way, proxy, target)
        self.sock.setblocking(False)
        self.rate = rate
        self.since = time.monotonic()
        self.sent = 0
        self.received = 0
        self.ended = False

    def allowance(self, now):
        ahead = AHEAD - (self.sent - self.received)
        if self.rate:
            ahead = min(ahead, int((now - self.since) * self.rate) - self.sent)
        return max(0, min(ahead, PIECE - self.sent % PIECE))

    def send(self, now):
        size = self.allowance(now)
        if size > 0:
            at = self.sent % PIECE
            try:
                self.sent += self.sock.send(self.row[at:at + size])
            except BlockingIOError:
                pass

    def receive(self):
        """True at the end."""
        data = self.sock.recv(1 << 18)
        while data:
            at = self.received % PIECE
            piece, data = data[:PIECE - at], data[PIECE - at:]
            if piece != self.row[at:at + len(piece)]:
                raise AssertionError("other bytes at %d" % self.received)
            self.received += len(piece)
            if not data:
                return False
        if not self.ended or self.received != self.sent:
            raise AssertionError("ended after %d bytes of %d"
                                 % (self.received, self.sent))
        return True


def once(ways, number):
    """A new connection works, too."""
    sock = enter(*ways[number % len(ways)])
    sock.settimeout(PATIENCE)
    sock.sendall(b"hello")
    data = b""
    while len(data) < 5:
        piece = sock.recv(5 - len(data))
        if not piece:
            raise AssertionError("a new one ended")
        data += piece
    sock.close()


class Newcomers:
    """Opens one a second, in a process of its own, as opening may wait."""

    def __init__(self, ways):
        self.out, out = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                os.close(self.out)
                number = 0
                while os.getppid() != 1:
                    once(ways, number)
                    os.write(out, b".")
                    number += 1
                    time.sleep(1)
                status = 0
            except BrokenPipeError:
                status = 0
            except Exception as error:
                os.write(out, b"!%r" % str(error).encode())
            os._exit(status)
        os.close(out)

    def end(self):
        said = b""
        os.set_blocking(self.out, False)
        try:
            while piece := os.read(self.out, 65536):
                said += piece
        except BlockingIOError:
            pass
        os.close(self.out)
        os.waitpid(self.pid, 0)
        return said


def run(endurers):
    selector = selectors.DefaultSelector()
    for one in endurers:
        selector.register(one.sock, selectors.EVENT_READ, one)
    running = True
    errors = 0
    last = time.monotonic()
    gap = 0
    while selector.get_map():
        now = time.monotonic()
        running = running and not resting
        for key, _ in selector.select(0.02):
            one = key.data
            try:
                over = one.receive()
                gap = max(gap, now - last)
                last = now
            except (OSError, AssertionError) as error:
                print("connection %d: %s" % (one.number, error), flush=True)
                errors += 1
                over = True
            if over:
                selector.unregister(one.sock)
                one.sock.close()
        if now - last > PATIENCE:
            print("nothing came for %d s" % PATIENCE, flush=True)
            return gap, errors + 1
        for key in list(selector.get_map().values()):
            one = key.data
            try:
                if running:
                    one.send(now)
                elif not one.ended:
                    one.sock.shutdown(socket.SHUT_WR)
                    one.ended = True
            except OSError as error:
                print("connection %d: %s" % (one.number, error), flush=True)
                errors += 1
                selector.unregister(one.sock)
    return gap, errors


def main(count, rate, bulk, *ways):
    ways = [ways[i:i + 3] for i in range(0, len(ways), 3)]
    endurers = [Endurer(i, *ways[i % len(ways)],
                        int(rate) if i >= int(bulk) else 0) for i in range(int(count))]
    newcomers = Newcomers(ways)
    print("started", flush=True)
    gap, errors = run(endurers)
    new = newcomers.end()
    if b"!" in new:
        print(new, flush=True)
        errors += 1
    print("done bytes=%d new=%d gap_ms=%d"
          % (sum(one.received for one in endurers), new.count(b"."),
             gap * 1000), flush=True)
    return errors > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
