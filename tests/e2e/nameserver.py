#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A name server for the end-to-end tests, on 127.0.0.1:53 or any port.

usage: nameserver.py [--any-port] LOG NAME=ADDRESS...

Answers for each NAME with its addresses, of both families, and for others that
there is no such name. What it is asked for it writes to LOG, a name a line.
Prints "ready port=N" and serves until it is killed.
"""
import ipaddress
import os
import signal
import socket
import struct
import sys

TYPES = {1: 4, 28: 16}


def name_in(query):
    """The name that is asked for, and the offset of what follows it."""
    labels = []
    at = 12
    while query[at] != 0:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels).lower(), at + 1


def reply(query, names, log):
    name, at = name_in(query)
    kind = struct.unpack(">H", query[at:at + 2])[0]
    print(name, file=log, flush=True)
    found = [a for a in names.get(name, [])
             if len(a.packed) == TYPES.get(kind)]
    flags = 0x8180 if name in names else 0x8183
    answer = query[:2] + struct.pack(">HHHHH", flags, 1, len(found), 0, 0)
    answer += query[12:at + 4]
    for address in found:
        answer += struct.pack(">HHHIH", 0xc00c, kind, 1, 0,
                              len(address.packed)) + address.packed
    return answer


def main():
    names = {}
    words = sys.argv[1:]
    port = 53
    if words[0] == "--any-port":
        port = 0
        del words[0]
    for word in words[1:]:
        name, _, address = word.partition("=")
        names.setdefault(name, []).append(ipaddress.ip_address(address))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", port))
    signal.signal(signal.SIGTERM, lambda *args: os._exit(0))
    print("ready port=%d" % sock.getsockname()[1], flush=True)
    with open(words[0], "w") as log:
        while True:
            query, peer = sock.recvfrom(2048)
            sock.sendto(reply(query, names, log), peer)


if __name__ == "__main__":
    main()
