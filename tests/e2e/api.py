# SPDX-License-Identifier: ISC
"""What api.test needs beside curl.

usage: api.py fill STORE ACCOUNTS HOSTS    so many accounts, with hosts in all
       api.py answers SOCKET DOC           every GET fits its description
       api.py parallel SOCKET COUNT        connections that all ask at once
       api.py slow SOCKET                  who does not read holds up nobody
       api.py pages SOCKET PATH COUNT      a list, page by page
       api.py time SOCKET PATH             the best of ten answers, in ms
"""
import http.client
import json
import os
import re
import socket
import sqlite3
import sys
import time


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('relay', timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.path)


def ask(link, path):
    link.request('GET', '/api/v1' + path)
    answer = link.getresponse()
    return answer.status, json.loads(answer.read())


def fill(store, accounts, hosts):
    base = sqlite3.connect(store)
    with base:
        for i in range(int(accounts)):
            row = base.execute(
                'INSERT INTO account (user, level, created) VALUES (?, 2, 1)',
                ('user%05d' % i,)).lastrowid
            for j in range(i, int(hosts), int(accounts)):
                base.execute(
                    'INSERT INTO device (account, name, role, public_key,'
                    ' created) VALUES (?, ?, 2, ?, 1)',
                    (row, 'host%05d' % j, os.urandom(32)))


# --- schemas: as much of OpenAPI as doc/api.json uses

def fits(doc, schema, value, where):
    if '$ref' in schema:
        name = schema['$ref'].rsplit('/', 1)[1]
        return fits(doc, doc['components']['schemas'][name], value, where)
    unknown = set(schema) - {
        'type', 'properties', 'required', 'additionalProperties', 'items',
        'nullable', 'enum', 'minimum', 'maximum', 'pattern', 'description',
        'minItems', 'maxItems', 'anyOf'}
    assert not unknown, '%s: the checker knows no %s' % (where, unknown)
    if value is None:
        assert schema.get('nullable'), '%s: null' % where
        return
    kinds = {'object': dict, 'array': list, 'string': str, 'integer': int,
             'boolean': bool}
    kind = kinds[schema['type']]
    assert type(value) is kind, '%s: %r is no %s' % (where, value, kind)
    if 'enum' in schema:
        assert value in schema['enum'], '%s: %r' % (where, value)
    if 'minimum' in schema:
        assert value >= schema['minimum'], '%s: %r' % (where, value)
    if 'pattern' in schema:
        assert re.search(schema['pattern'], value), '%s: %r' % (where, value)
    for i, item in enumerate(value if kind is list else []):
        fits(doc, schema['items'], item, '%s[%d]' % (where, i))
    if kind is dict:
        fits_object(doc, schema, value, where)


def fits_object(doc, schema, value, where):
    missing = set(schema.get('required', [])) - set(value)
    assert not missing, '%s: without %s' % (where, missing)
    others = schema.get('additionalProperties', True)
    for key, item in value.items():
        if key in schema.get('properties', {}):
            fits(doc, schema['properties'][key], item, where + '.' + key)
        elif isinstance(others, dict):
            fits(doc, others, item, where + '.' + key)
        else:
            assert others, '%s: what is %s?' % (where, key)


def answers(path, description):
    with open(description, encoding='utf-8') as file:
        doc = json.load(file)
    names = {'user': 'admin', 'device': 'office'}
    samples = {'resolution': '1s', 'host': 'admin/office', 'user': 'admin'}
    link = Unix(path)
    assert ask(link, '/openapi.json') == (200, doc), 'another description'
    for template, item in doc['paths'].items():
        if 'get' not in item:
            continue
        # Of what is asked for, no more than has to be.
        query = ['%s=%s' % (p['name'], samples[p['name']])
                 for p in item['get'].get('parameters', [])
                 if p.get('required')]
        where = template.format(**names) + '?' + '&'.join(query)
        status, body = ask(link, where)
        assert status == 200, '%s: %d %r' % (where, status, body)
        schema = item['get']['responses']['200']
        fits(doc, schema['content']['application/json']['schema'], body, where)
        if 'items' in body:
            print(where, len(body['items']))
    status, body = ask(link, '/users/nobody')
    assert status == 404
    fits(doc, doc['components']['schemas']['Error'], body, 'error')


# --- many, and slow ones

def parallel(path, count):
    links = [Unix(path) for _ in range(int(count))]
    for turn in range(3):
        for link in links:
            link.request('GET', '/api/v1/users')
        for link in links:
            answer = link.getresponse()
            body = json.loads(answer.read())
            assert answer.status == 200 and body['items'], turn


def slow(path):
    idle = []
    link = Unix(path)
    status, body = ask(link, '/users?limit=500')
    assert status == 200 and len(body['items']) == 500
    for _ in range(100):
        link = socket.socket(socket.AF_UNIX)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.connect(path)
        # Twenty pages of 500, of which nothing is read.
        link.sendall(b'GET /api/v1/users?limit=500 HTTP/1.1\r\n'
                     b'Host: relay\r\n\r\n' * 20)
        idle.append(link)
    link = Unix(path)
    for _ in range(5):
        begin = time.monotonic()
        status, _ = ask(link, '/status')
        assert status == 200
        assert time.monotonic() - begin < 5
    status, body = ask(link, '/users?limit=500')
    assert status == 503 and body['error'] == 'overloaded', status


def pages(path, where, count):
    link = Unix(path)
    seen = []
    after = ''
    while after is not None:
        status, body = ask(link, where + after)
        assert status == 200, body
        assert len(body['items']) <= 500
        seen += [(i.get('user'), i.get('name')) for i in body['items']]
        after = body['next'] and '&after=' + body['next']
    assert len(seen) == int(count), len(seen)
    assert len(set(seen)) == len(seen), 'some came twice'


def best(path, where):
    link = Unix(path)
    times = []
    for _ in range(10):
        begin = time.monotonic()
        assert ask(link, where)[0] == 200
        times.append(time.monotonic() - begin)
    print('%.2f' % (min(times) * 1000))


COMMANDS = {'fill': fill, 'answers': answers, 'parallel': parallel,
            'slow': slow, 'pages': pages, 'time': best}
try:
    COMMANDS[sys.argv[1]](*sys.argv[2:])
except AssertionError as error:
    sys.exit('api.py: %s' % error)
