#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A WebSocket server that echoes, and a client, for the end-to-end tests.

usage: websocket.py serve
       websocket.py ask WAY PROXY TARGET

The server prints "ready port=PORT". To whom asks for /bye it says that and
ends, for clients that know only how to ask for an upgrade. The client gets an echo of a text and of a
large binary message; WAY says how it gets there:

  connect    a tunnel by CONNECT, as browsers do for ws://
  absolute   an upgrade with a whole URL
  origin     an upgrade as of a server; TARGET is a name under localhost
"""
import asyncio
import signal
import socket
import sys

import websockets
import websockets.client
import websockets.uri

LARGE = bytes(range(256)) * 4096


async def echo(connection):
    # It moved to the request in a later version of the library.
    path = getattr(connection, "path", None) or connection.request.path
    if path == "/bye":
        await connection.send("bye")
        return
    async for message in connection:
        await connection.send(message)


async def serve():
    # Who does not know how to end is not waited for.
    server = await websockets.serve(echo, "127.0.0.1", 0, max_size=None,
                                    close_timeout=0.1)
    print("ready port=%d" % server.sockets[0].getsockname()[1], flush=True)
    stop = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGTERM, stop.set_result, None)
    await stop


def dial(proxy):
    host, _, port = proxy.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=30)


async def talk(connection):
    for message in ("hello", LARGE):
        await connection.send(message)
        assert await connection.recv() == message


async def by_socket(sock, target):
    async with websockets.connect("ws://%s/" % target, sock=sock,
                                  max_size=None) as connection:
        await talk(connection)


def connect(proxy, target):
    sock = dial(proxy)
    sock.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n"
                  % (target, target)).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = sock.recv(1)
        assert piece, head
        head += piece
    assert b" 200 " in head.split(b"\r\n")[0], head
    asyncio.run(by_socket(sock, target))


def origin(proxy, target):
    asyncio.run(by_socket(dial(proxy), target))


def absolute(proxy, target):
    """The library has no such request, but the protocol without sockets."""
    url = "ws://%s/" % target
    protocol = websockets.client.ClientConnection(
        websockets.uri.parse_uri(url), max_size=None)
    sock = dial(proxy)
    request = protocol.connect()
    request.path = "http://%s/" % target
    protocol.send_request(request)
    protocol_step(sock, protocol)
    protocol_answer(sock, protocol, lambda event: event.status_code == 101)
    for message in (b"hello", LARGE):
        protocol.send_binary(message)
        protocol_step(sock, protocol)
        protocol_answer(sock, protocol, lambda event: event.data == message)
    protocol.send_close()
    protocol_step(sock, protocol)


def protocol_step(sock, protocol):
    for data in protocol.data_to_send():
        sock.sendall(data)


def protocol_answer(sock, protocol, fits):
    events = []
    while not events:
        data = sock.recv(65536)
        assert data, "ended"
        protocol.receive_data(data)
        protocol_step(sock, protocol)
        events = protocol.events_received()
    assert fits(events[0]), events[0]


def main():
    signal.alarm(120)
    if sys.argv[1] == "serve":
        signal.alarm(0)
        asyncio.run(serve())
    else:
        {"connect": connect, "absolute": absolute,
         "origin": origin}[sys.argv[2]](*sys.argv[3:])


if __name__ == "__main__":
    main()
