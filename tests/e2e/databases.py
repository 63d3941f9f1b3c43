#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A PostgreSQL and a Redis for the end-to-end tests, on loopback.

Prints "ready postgres=PORT redis=PORT" and serves until it is told to end, or
dies. Both keep their data below INROAD_TEST_DIR and want PASSWORD of the
environment; the user of PostgreSQL is "tester". Started by root they run as
nobody, who must be able to enter INROAD_TEST_DIR: PostgreSQL refuses root.
"""
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading

# Of a shutdown that keeps nothing: what they hold is of no use afterwards.
END = {"postgres": signal.SIGQUIT, "redis-server": signal.SIGTERM}
PR_SET_PDEATHSIG = 1


def as_whom():
    """Arguments of Popen, for a program that root does not run."""
    if os.getuid() != 0:
        return {}
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def free_port():
    """A port that was free a moment ago: neither program takes port 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def copy(source):
    for line in source:
        sys.stderr.write(line)


def start(command, said, config=None):
    """Start what command(port) is, and return it once it has said that."""
    def goes_with_us():
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, END[command(0)[0]])

    for _ in range(5):
        port = free_port()
        process = subprocess.Popen(
            command(port), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, cwd="/",
            preexec_fn=goes_with_us, **as_whom())
        process.stdin.write(config or "")
        process.stdin.close()
        for line in process.stdout:
            sys.stderr.write(line)
            if said in line:
                threading.Thread(target=copy, args=(process.stdout,),
                                 daemon=True).start()
                return process, port
        # Somebody else has the port now, or worse.
        process.wait()
    raise RuntimeError("it does not start: " + " ".join(command(port)))


def postgres(home):
    data = f"{home}/postgres"
    subprocess.run(
        ["initdb", "--pgdata", data, "--no-sync", "--username=tester",
         "--auth=scram-sha-256", f"--pwfile={home}/password", "--locale=C",
         "--encoding=UTF8", "--no-instructions"],
        cwd="/", stdout=sys.stderr, check=True, **as_whom())
    return start(
        lambda port: ["postgres", "-D", data, "-h", "127.0.0.1",
                      "-p", str(port), "-k", "", "-F"],
        "ready to accept connections")


def redis(home):
    return start(
        lambda port: ["redis-server", "-", "--port", str(port)],
        "Ready to accept connections",
        f'bind 127.0.0.1\nrequirepass {os.environ["PASSWORD"]}\n'
        f'dir {home}\nsave ""\n')


def main():
    home = os.environ["INROAD_TEST_DIR"] + "/databases"
    os.mkdir(home, 0o700)
    with open(f"{home}/password", "w", encoding="ascii") as file:
        os.chmod(file.fileno(), 0o600)
        file.write(os.environ["PASSWORD"])
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", "nobody:nogroup", home], check=True)
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *args: told.set())
    servers = [postgres(home), redis(home)]
    print("ready postgres=%d redis=%d" % (servers[0][1], servers[1][1]),
          flush=True)
    told.wait()
    for process, _ in servers:
        process.send_signal(END[process.args[0]])
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
