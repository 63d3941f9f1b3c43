# SPDX-License-Identifier: ISC
"""One small server for each name on the command line, on a port of its own.

Prints "ready NAME=PORT ...".  GET /who answers with the name; GET /slow with it
and then with 24 pieces of 16 KiB, one each 50 ms.
"""

import http.server
import os
import signal
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        who = self.server.who.encode() + b"\n"
        pieces = 24 if self.path == "/slow" else 0
        self.send_response(200)
        self.send_header("Content-Length", str(len(who) + pieces * 16384))
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            self.wfile.write(who)
            for _ in range(pieces):
                threading.Event().wait(0.05)
                self.wfile.write(b"x" * 16384)
        except OSError:
            pass  # its agent was killed

    def log_message(self, *args):
        pass


def main():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    line = "ready"
    for name in sys.argv[1:]:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.who = name
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        line += " %s=%d" % (name, server.server_port)
    print(line, flush=True)
    threading.Event().wait()


main()
