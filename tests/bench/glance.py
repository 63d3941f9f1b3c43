#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Asks a relay what its dashboard asks, and says how long that takes.

usage: glance.py ROUNDS SOCKET PROXY
"""
import http.client
import json
import socket
import sys
import time

PATHS = [
    "/", "/app.js", "/metrics", "/api/v1/status",
    "/api/v1/series?resolution=1s", "/api/v1/series?resolution=1s&since=NOW",
    "/api/v1/hosts?limit=50", "/api/v1/hosts?limit=500",
    "/api/v1/hosts?limit=50&match=user99", "/api/v1/hosts?limit=50&match=nobody",
    "/api/v1/devices?limit=50", "/api/v1/users?limit=50",
    "/api/v1/users?limit=50&match=nobody", "/api/v1/audit?count=500",
]


class Local(http.client.HTTPConnection):
    """By the socket of the relay's own machine."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.host)


def ask(connection, path):
    """The body, and the milliseconds that it took."""
    begin = time.perf_counter()
    connection.request("GET", path, headers={"Host": "relay.localhost"})
    answer = connection.getresponse()
    body = answer.read()
    took = (time.perf_counter() - begin) * 1000
    assert answer.status == 200, (path, answer.status, body)
    return body, took


def measure(connection, rounds, name, pause):
    print(f"{name}: ms, half within, 99 % within, most; bytes")
    for path in PATHS:
        times = []
        if "NOW" in path:
            news, _ = ask(connection, "/api/v1/series?resolution=1s&since=1")
            path = path.replace("NOW", str(json.loads(news)["next"]))
        for _ in range(rounds):
            # As many as a gateway lets through: nobody looks faster.
            time.sleep(pause)
            body, took = ask(connection, path)
            times.append(took)
        times.sort()
        print(f"{times[len(times) // 2]:8.2f} {times[int(len(times) * .99)]:8.2f}"
              f" {times[-1]:8.2f} {len(body):8} {path}")


def main():
    rounds = int(sys.argv[1])
    measure(Local(sys.argv[2]), rounds, "on the machine", 0)
    host, _, port = sys.argv[3].rpartition(":")
    measure(http.client.HTTPConnection(host, int(port)), rounds,
            "through a gateway", .02)


main()
