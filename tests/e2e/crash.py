#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A relay that is killed at any moment keeps what it confirmed, and nothing half.

usage: crash.py KILLS DIR

Changes come in by several clients at once, each about accounts of its own, and
a gateway enrols in every round; after some milliseconds of that the relay gets
SIGKILL. Then the file has to be sound, and for every account has to have what
was confirmed last, or the one change after it that had no answer yet: wholly,
and with its entry in the audit. The next round goes on from there.

Prints what it found in the end; the first thing that is not right ends it.
"""
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

CLIENTS = 8
LEVELS = {"admin": 1, "user": 2, "guest": 3}
NAMES = {number: name for name, number in LEVELS.items()}


class Relay:
    """The process, in its state directory."""

    def __init__(self, directory):
        self.directory = directory
        self.log = open(directory + ".log", "ab")
        self.process = subprocess.Popen(
            ["inroad-relay", "--state", directory, "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            raise AssertionError("the relay does not start: %r" % line)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def connect(self):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(self.directory + "/control")
        return sock.makefile("rw", encoding="utf-8", newline="\n")


def ask(stream, *words):
    """The answer's lines; None when the relay was killed before its end."""
    lines = []
    try:
        stream.write("\t".join(words) + "\n")
        stream.flush()
        for line in stream:
            if line.startswith('{"exit":'):
                if not line.startswith('{"exit":0'):
                    raise AssertionError("%s: %s" % (" ".join(words), line))
                return lines
            lines.append(line)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return None


class Client(threading.Thread):
    """Somebody who changes accounts, one change after the other."""

    def __init__(self, number, known, dice):
        super().__init__()
        self.number = number
        self.known = known      # user: (level, disabled, hosts, tokens)
        self.dice = dice
        self.pending = None     # (user, what it becomes)
        self.confirmed = 0
        self.error = None
        self.stream = None

    def choose(self):
        """The words of a change, its account, and what that becomes."""
        mine = [u for u, row in self.known.items() if row is not None]
        if len(mine) < 3:
            user = "c%d-%d" % (self.number, len(self.known))
            return ["user", "add", user, "guest"], user, ("guest", 0, None, 0)
        user = self.dice.choice(mine)
        level, disabled, hosts, tokens = self.known[user]
        what = self.dice.randrange(6)
        if what == 0:
            return ["user", "delete", user], user, None
        if what == 1:
            level = self.dice.choice(sorted(set(LEVELS) - {level, "admin"}))
            return (["user", "level", user, level], user,
                    (level, disabled, hosts, tokens))
        if what == 2 or disabled:
            verb = "enable" if disabled else "disable"
            return (["user", verb, user], user,
                    (level, 1 - disabled, hosts, tokens))
        if what == 3:
            hosts = (hosts or 0) + 1
            return (["limit", user, "hosts=%d" % hosts], user,
                    (level, disabled, hosts, tokens))
        return (["invite", user, level, "gateway%d" % tokens], user,
                (level, disabled, hosts, tokens + 1))

    def run(self):
        try:
            while True:
                words, user, after = self.choose()
                self.pending = (user, after)
                if ask(self.stream, *words) is None:
                    return
                self.known[user] = after
                self.pending = None
                self.confirmed += 1
        except AssertionError as error:
            self.error = error


class Enrolment(threading.Thread):
    """A gateway that joins; the one of the round before is revoked."""

    def __init__(self, relay, number):
        super().__init__()
        self.user = "e%d" % number
        self.before = "e%d" % (number - 1)
        self.has_before = False
        self.state = "%s-%s" % (relay.directory, self.user)
        self.stream = relay.connect()
        self.process = None
        self.invited = False
        self.enrolled = False
        self.revoked = False
        self.error = None

    def run(self):
        try:
            self.work()
        except AssertionError as error:
            self.error = error

    def work(self):
        answer = ask(self.stream, "invite", self.user, "user")
        if answer is None:
            return
        self.invited = True
        join = answer[0].split('"')[3]
        with open(self.state + ".log", "ab") as log:
            self.process = subprocess.Popen(
                ["inroad-gateway", "--state", self.state, "--listen",
                 "127.0.0.1:0", "--join", join],
                stdout=subprocess.PIPE, stderr=log, text=True)
        if self.has_before:
            self.revoked = ask(self.stream, "device", "revoke",
                               self.before + "/gateway") is not None
        for line in self.process.stdout:
            if line.startswith("linked "):
                self.enrolled = True
            elif line.startswith("unlinked "):
                return

    def end(self):
        # It may start the gateway even now.
        while self.is_alive():
            if self.process is not None:
                self.process.kill()
            self.join(0.02)
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


def rows(db, sql):
    return db.execute(sql).fetchall()


def accounts(db):
    """What the file says of accounts, as clients know it."""
    found = {}
    for number, user, level, disabled in rows(
            db, "SELECT id, user, level, disabled FROM account"):
        hosts = rows(db, "SELECT value FROM account_limit WHERE account = %d"
                         " AND name = 'hosts'" % number)
        tokens = rows(db, "SELECT count(*) FROM token WHERE account = %d"
                      % number)
        found[user] = (NAMES[level], disabled,
                       hosts[0][0] if hosts else None, tokens[0][0])
    return found


def replayed(db):
    """What the audit says of accounts: level and whether disabled."""
    found = {}
    for action, target, after in rows(
            db, "SELECT action, object, value_after FROM audit ORDER BY id"):
        user = target.split("/")[0]
        level, disabled = found.get(user, (None, 0))
        if action == "user.add":
            found[user] = (after, 0)
        elif action == "user.level":
            found[user] = (after, disabled)
        elif action in ("user.disable", "user.enable"):
            found[user] = (level, int(action == "user.disable"))
        elif action == "user.delete":
            found.pop(user, None)
    return found


def require(truth, what, *details):
    if not truth:
        raise AssertionError("%s: %r" % (what, details))


def check_file(db):
    """The file is sound, and what belongs together is there together."""
    require(rows(db, "PRAGMA integrity_check") == [("ok",)], "damaged")
    require(not rows(db, "PRAGMA foreign_key_check"), "rows of nobody")
    require(not rows(db, "SELECT * FROM token WHERE uses > 0 AND used_by_key"
                         " NOT IN (SELECT public_key FROM device)"),
            "a token was used by nobody")
    enrolled = rows(db, "SELECT count(*) FROM audit"
                        " WHERE action = 'device.enrol'")
    require(rows(db, "SELECT count(*) FROM device") == enrolled,
            "devices, and entries that they enrolled", enrolled)
    revoked = rows(db, "SELECT count(*) FROM audit"
                       " WHERE action = 'device.revoke'")
    require(rows(db, "SELECT count(*) FROM device WHERE revoked_at > 0")
            == revoked, "devices revoked, and entries of it", revoked)


def check_clients(db, clients):
    found = accounts(db)
    for client in clients:
        if client.error:
            raise client.error
        for user, row in list(client.known.items()):
            allowed = [row]
            if client.pending and client.pending[0] == user:
                allowed.append(client.pending[1])
            require(found.get(user) in allowed, user, found.get(user), allowed)
            client.known[user] = found.get(user)
        if client.pending:
            user, after = client.pending
            require(found.get(user) in (client.known.get(user), after),
                    user, found.get(user), after)
            if user in found:
                client.known[user] = found[user]
    audit = replayed(db)
    for user, (level, disabled) in audit.items():
        require(user in found and found[user][:2] == (level, disabled),
                "the audit and the account", user, level, disabled)
    require(set(found) <= set(audit) | {"admin"}, "accounts without an entry")


def check_enrolment(db, enrolment):
    if enrolment.error:
        raise enrolment.error
    devices = dict(rows(db, "SELECT account.user, device.revoked_at"
                            " FROM device JOIN account"
                            " ON account.id = device.account"))
    if enrolment.enrolled:
        require(enrolment.user in devices, "it was let in", enrolment.user)
    if enrolment.revoked:
        require(devices[enrolment.before] > 0, "revoked", enrolment.before)
    return enrolment.user in devices


def main():
    kills = int(sys.argv[1])
    directory = sys.argv[2]
    seed = int(os.environ.get("INROAD_TEST_SEED", time.time_ns() % 1000000))
    dice = random.Random(seed)
    print("seed", seed)
    known = [{} for _ in range(CLIENTS)]
    confirmed = open_changes = enrolled = 0
    enrolled_before = False
    for number in range(kills):
        relay = Relay(directory)
        clients = [Client(i, known[i], random.Random(dice.random()))
                   for i in range(CLIENTS)]
        for client in clients:
            client.stream = relay.connect()
        enrolment = Enrolment(relay, number)
        enrolment.has_before = enrolled_before
        for thread in clients + [enrolment]:
            thread.start()
        time.sleep(dice.uniform(0.002, 0.15))
        relay.kill()
        enrolment.end()
        for client in clients:
            client.join()
        with sqlite3.connect("file:%s/store.db?mode=rw" % directory,
                             uri=True) as db:
            check_file(db)
            check_clients(db, clients)
            enrolled_before = check_enrolment(db, enrolment)
        db.close()
        confirmed += sum(client.confirmed for client in clients)
        open_changes += sum(client.pending is not None for client in clients)
        enrolled += enrolled_before
    print("kills=%d confirmed=%d open=%d enrolled=%d"
          % (kills, confirmed, open_changes, enrolled))
    require(confirmed > kills and enrolled > 0, "too little happened")


main()
