#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A headless Chromium that opens a page and says what it sees there.

usage: browser.py [OPTION...] URL [EXPRESSION]

Opens URL, waits until EXPRESSION, JavaScript, is something else than null,
undefined, false and "", and prints it; without one, until the page is there.
Ends with 1 when that does not happen in time, and when scripts of the page
failed or were kept from something by its policy, which it prints.

  --pac URL      use this proxy configuration
  --proxy URL    use this proxy
  --size WxH     of the window; 1280x800
  --dark         prefer dark colours
  --no-script    without JavaScript in the page
  --first JS     before keys and command, wait for this as for EXPRESSION
  --keys K,K...  press these keys once the page is there, as Tab or ArrowLeft;
                 text:WORDS types words
  --run COMMAND  run this once the page is there
  --shot FILE    keep a picture of the whole page as PNG
"""
import argparse
import base64
import json
import os
import select
import subprocess
import sys
import tempfile
import time

TIME = 40


class Browser:
    """Speaks the DevTools protocol over the pipes of a browser of its own."""

    def __init__(self, options, home):
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        command = ["chromium", "--headless=new", "--remote-debugging-pipe",
                   "--no-first-run", "--disable-gpu", "--disable-sync",
                   "--disable-component-update", "--disable-dev-shm-usage",
                   "--disable-background-networking",
                   f"--user-data-dir={home}", *options]
        if os.getuid() == 0:
            command.append("--no-sandbox")
        self.log = open(f"{home}/log", "w+", encoding="utf-8")

        def pipes():
            os.dup2(theirs_in, 60)
            os.dup2(theirs_out, 61)
            os.dup2(60, 3)
            os.dup2(61, 4)

        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, close_fds=False, preexec_fn=pipes)
        os.close(theirs_in)
        os.close(theirs_out)
        self.reader, self.writer = ours_in, ours_out
        self.rest = b""
        self.number = 0
        self.complaints = []
        self.deadline = time.monotonic() + TIME

    def read(self):
        while b"\0" not in self.rest:
            left = self.deadline - time.monotonic()
            if left <= 0 or not select.select([self.reader], [], [], left)[0]:
                raise TimeoutError("the browser does not answer")
            piece = os.read(self.reader, 1 << 20)
            if not piece:
                raise ConnectionError("the browser ended")
            self.rest += piece
        line, _, self.rest = self.rest.partition(b"\0")
        message = json.loads(line)
        self.note(message)
        return message

    def note(self, message):
        """Keep what the page's own console would show as an error."""
        params = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.complaints.append(
                details.get("exception", {}).get("description") or
                details["text"])
        elif message.get("method") == "Log.entryAdded":
            entry = params["entry"]
            if entry["level"] == "error" and entry["source"] != "network":
                self.complaints.append(entry["text"])

    def call(self, method, session=None, **params):
        self.number += 1
        number = self.number
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.writer, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def end(self):
        os.close(self.writer)
        os.close(self.reader)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def evaluate(browser, session, expression):
    """The value of expression; None while the page is not there yet."""
    answer = browser.call(
        "Runtime.evaluate", session, expression=expression,
        returnByValue=True, awaitPromise=True)
    if "exceptionDetails" in answer:
        return None
    return answer["result"].get("value")


def prepare(browser, session, options):
    width, height = map(int, options.size.split("x"))
    for domain in "Page", "Runtime", "Log":
        browser.call(f"{domain}.enable", session)
    browser.call("Emulation.setDeviceMetricsOverride", session, width=width,
                 height=height, deviceScaleFactor=1, mobile=width < 600)
    browser.call("Emulation.setEmulatedMedia", session, features=[
        {"name": "prefers-color-scheme",
         "value": "dark" if options.dark else "light"}])
    browser.call("Emulation.setScriptExecutionDisabled", session,
                 value=options.no_script)


def wait(browser, session, expression):
    """Wait until expression says something, and return that."""
    try:
        value = evaluate(browser, session, expression)
        while not value:
            time.sleep(0.05)
            value = evaluate(browser, session, expression)
        return value
    except TimeoutError as error:
        raise TimeoutError("never: " + expression) from error


def press(browser, session, key):
    codes = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowLeft": 37,
             "ArrowRight": 39}
    if key.startswith("text:"):
        browser.call("Input.insertText", session, text=key[len("text:"):])
        return
    # Enter does something only when it types something.
    down = {"type": "keyDown", "text": "\r"} if key == "Enter" else {
        "type": "rawKeyDown"}
    for event in down, {"type": "keyUp"}:
        browser.call("Input.dispatchKeyEvent", session, **event, key=key,
                     code=key, windowsVirtualKeyCode=codes[key])


def visit(browser, options):
    target = browser.call("Target.createTarget", url="about:blank")
    session = browser.call("Target.attachToTarget", flatten=True,
                           targetId=target["targetId"])["sessionId"]
    prepare(browser, session, options)
    browser.call("Page.navigate", session, url=options.url)
    wait(browser, session, "document.readyState == 'complete' && "
         "location.href != 'about:blank'")
    if options.first:
        wait(browser, session, options.first)
    for key in filter(None, options.keys.split(",")):
        press(browser, session, key)
    if options.run:
        subprocess.run(options.run, shell=True, stdout=sys.stderr, check=False)
    value = wait(browser, session, options.expression)
    if options.shot:
        picture = browser.call("Page.captureScreenshot", session, format="png",
                               captureBeyondViewport=True)
        with open(options.shot, "wb") as file:
            file.write(base64.b64decode(picture["data"]))
    return value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pac")
    parser.add_argument("--proxy")
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--no-script", action="store_true")
    parser.add_argument("--first")
    parser.add_argument("--keys", default="")
    parser.add_argument("--run")
    parser.add_argument("--shot")
    parser.add_argument("url")
    parser.add_argument("expression", nargs="?", default="true")
    options = parser.parse_args()
    flags = ["--no-proxy-server"]
    if options.pac:
        flags = [f"--proxy-pac-url={options.pac}"]
    elif options.proxy:
        flags = [f"--proxy-server={options.proxy}"]
    with tempfile.TemporaryDirectory(
            prefix="inroad-browser.", ignore_cleanup_errors=True) as home:
        browser = Browser(flags, home)
        try:
            print(visit(browser, options))
        except (OSError, RuntimeError) as error:
            print(f"{options.url}: {error}")
            return 1
        finally:
            browser.end()
            for complaint in browser.complaints:
                print(f"complaint: {complaint}")
        return 1 if browser.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
