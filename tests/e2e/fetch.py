#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Fetch a page by requests, and print it.

usage: fetch.py PROXY URL      PROXY is a URL, too

Ends with 1 and what the program saw when there is no page.
"""
import sys

import requests


def main():
    proxy, url = sys.argv[1:]
    try:
        answer = requests.get(url, proxies={"http": proxy}, timeout=15)
        answer.raise_for_status()
    except requests.HTTPError as error:
        print(error, error.response.text)
        return 1
    except requests.RequestException as error:
        print(error)
        return 1
    print(answer.text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
