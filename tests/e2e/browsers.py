#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What a browser shows of some pages, by a proxy.

usage: browsers.py chromium|firefox PROXY URL...

PROXY is socks5://HOST:PORT, http://HOST:PORT, the URL of a proxy configuration
with "pac+" before it, or "none" for a browser in which nothing is set. Prints a
line for each URL: the URL, and the words of the page, or the browser's own name
for why there is none.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlsplit

import browser

TIME = 60


class Chromium:
    """One with flags, told what to do by the DevTools protocol."""

    def __init__(self, home, proxy):
        self.browser = browser.Browser(self.flags(proxy), home)
        target = self.browser.call("Target.createTarget", url="about:blank")
        self.session = self.browser.call(
            "Target.attachToTarget", flatten=True,
            targetId=target["targetId"])["sessionId"]

    @staticmethod
    def flags(proxy):
        if proxy == "none":
            return []
        if proxy.startswith("pac+"):
            return ["--proxy-pac-url=" + proxy[4:]]
        return ["--proxy-server=" + proxy]

    def see(self, url):
        # Answers once it is known whether there is a page, and why not.
        answer = self.browser.call("Page.navigate", self.session, url=url)
        if "errorText" in answer:
            return answer["errorText"]
        return browser.wait(
            self.browser, self.session, f"location.href == '{url}' && "
            "document.readyState == 'complete' && document.body.innerText")

    def end(self):
        self.browser.end()


class Firefox:
    """One with a profile of its own, told what to do by Marionette."""

    def __init__(self, home, proxy):
        with open(f"{home}/user.js", "w", encoding="utf-8") as file:
            for name, value in self.settings(proxy).items():
                file.write(f"user_pref({json.dumps(name)}, "
                           f"{json.dumps(value)});\n")
        # Its cache and what else it keeps follow HOME.
        with open(f"{home}/log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["firefox-esr", "--headless", "--marionette", "--no-remote",
                 "--profile", home], env={**os.environ, "HOME": home},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.deadline = time.monotonic() + TIME
        self.number = 0
        try:
            self.file = self.connect(f"{home}/MarionetteActivePort")
            self.read()
            self.call("WebDriver:NewSession", capabilities={})
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    @staticmethod
    def settings(proxy):
        settings = {"marionette.port": 0}
        if proxy.startswith("pac+"):
            return {**settings, "network.proxy.type": 2,
                    "network.proxy.autoconfig_url": proxy[4:]}
        if proxy == "none":
            return settings
        parts = urlsplit(proxy)
        kind = "socks" if parts.scheme == "socks5" else parts.scheme
        return {**settings, "network.proxy.type": 1,
                f"network.proxy.{kind}": parts.hostname,
                f"network.proxy.{kind}_port": parts.port,
                "network.proxy.socks_version": 5,
                "network.proxy.socks_remote_dns": True}

    def connect(self, path):
        """A file of the connection to the port that the browser wrote down."""
        while True:
            try:
                with open(path, encoding="ascii") as file:
                    port = int(file.read())
                break
            except (OSError, ValueError) as error:
                if self.process.poll() is not None or \
                        time.monotonic() > self.deadline:
                    raise TimeoutError("the browser does not start") from error
                time.sleep(0.05)
        return socket.create_connection(
            ("127.0.0.1", port), timeout=TIME).makefile("rwb")

    def read(self):
        """A message: its length, a colon, and JSON."""
        length = b""
        while not length.endswith(b":"):
            piece = self.file.read(1)
            if not piece:
                raise ConnectionError("the browser ended")
            length += piece
        return json.loads(self.file.read(int(length[:-1])))

    def call(self, command, **parameters):
        """The error and the result of a command; one of them is None."""
        self.number += 1
        data = json.dumps([0, self.number, command, parameters]).encode()
        self.file.write(b"%d:%s" % (len(data), data))
        self.file.flush()
        return self.read()[2:]

    def see(self, url):
        error, _ = self.call("WebDriver:Navigate", url=url)
        if error:
            return error["message"]
        error, result = self.call(
            "WebDriver:ExecuteScript", args=[],
            script="return document.body.innerText")
        return error["message"] if error else result["value"]

    def end(self):
        self.call("Marionette:Quit", flags=["eForceQuit"])
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def main():
    kind = {"chromium": Chromium, "firefox": Firefox}[sys.argv[1]]
    with tempfile.TemporaryDirectory(
            prefix="inroad-browser.", ignore_cleanup_errors=True) as home:
        seeing = kind(home, sys.argv[2])
        try:
            for url in sys.argv[3:]:
                print(url, *seeing.see(url).split(), flush=True)
        finally:
            seeing.end()


if __name__ == "__main__":
    sys.exit(main())
