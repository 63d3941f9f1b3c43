#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Makes the test vectors in this directory.

Written from protocol/PROTOCOL.md and the specifications it names, and from
nothing else: no line of it was translated from the C sources, and no
cryptographic library is used but hashlib and hmac.  So a mistake has to be
made twice, in two ways, to go unseen.

    make_vectors.py DIR         write the vectors to DIR
    make_vectors.py --check DIR compare them with those in DIR
"""

import base64
import hashlib
import hmac
import json
import os
import struct
import sys

# --- primitives ------------------------------------------------------------

P = 2**255 - 19


def x25519(scalar, u):
    """RFC 7748, section 5."""
    k = bytearray(scalar)
    k[0] &= 248
    k[31] &= 127
    k[31] |= 64
    k = int.from_bytes(k, "little")
    x1 = int.from_bytes(u, "little") & (2**255 - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb = d * a % P, c * b % P
        aa, bb = a * a % P, b * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def public(secret):
    return x25519(secret, bytes([9]) + bytes(31))


def rotl(x, n):
    return (x << n | x >> 32 - n) & 0xFFFFFFFF


def chacha20_block(key, counter, nonce):
    """RFC 8439, section 2.3."""
    start = list(struct.unpack("<4I", b"expand 32-byte k"))
    start += struct.unpack("<8I", key)
    start += [counter]
    start += struct.unpack("<3I", nonce)
    s = list(start)

    def quarter(a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            s[z] = rotl(s[z] ^ s[x], n)

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *[(a + b) & 0xFFFFFFFF for a, b in zip(s, start)])


def poly1305(key, text):
    """RFC 8439, section 2.5."""
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    acc = 0
    for i in range(0, len(text), 16):
        acc = (acc + int.from_bytes(text[i : i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((acc + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def aead_seal(key, nonce, text, ad):
    """AEAD_CHACHA20_POLY1305 of RFC 8439, section 2.8."""
    stream = b"".join(
        chacha20_block(key, 1 + i, nonce) for i in range((len(text) + 63) // 64)
    )
    out = xor(text, stream)
    mac = ad + bytes(-len(ad) % 16) + out + bytes(-len(out) % 16)
    mac += struct.pack("<QQ", len(ad), len(out))
    return out + poly1305(chacha20_block(key, 0, nonce)[:32], mac)


def salsa20_rounds(words):
    """The 20 rounds of the Salsa20 specification, section 8."""
    s = list(words)
    for _ in range(10):
        for line in (
            ((0, 4, 8, 12), (5, 9, 13, 1), (10, 14, 2, 6), (15, 3, 7, 11)),
            ((0, 1, 2, 3), (5, 6, 7, 4), (10, 11, 8, 9), (15, 12, 13, 14)),
        ):
            for a, b, c, d in line:
                s[b] ^= rotl(s[a] + s[d] & 0xFFFFFFFF, 7)
                s[c] ^= rotl(s[b] + s[a] & 0xFFFFFFFF, 9)
                s[d] ^= rotl(s[c] + s[b] & 0xFFFFFFFF, 13)
                s[a] ^= rotl(s[d] + s[c] & 0xFFFFFFFF, 18)
    return s


def salsa20_words(key, middle):
    c = struct.unpack("<4I", b"expand 32-byte k")
    k = struct.unpack("<8I", key)
    n = struct.unpack("<4I", middle)
    return [c[0], *k[:4], c[1], *n, c[2], *k[4:], c[3]]


def xsalsa20(key, nonce, length):
    """The key stream of "Extending the Salsa20 nonce", section 2."""
    h = salsa20_rounds(salsa20_words(key, nonce[:16]))
    subkey = struct.pack("<8I", *[h[i] for i in (0, 5, 10, 15, 6, 7, 8, 9)])
    out = b""
    for block in range((length + 63) // 64):
        words = salsa20_words(subkey, nonce[16:] + struct.pack("<Q", block))
        rounds = salsa20_rounds(words)
        out += struct.pack("<16I", *[(a + b) & 0xFFFFFFFF for a, b in zip(words, rounds)])
    return out


def secretbox(key, nonce, text):
    stream = xsalsa20(key, nonce, 32 + len(text))
    out = xor(text, stream[32:])
    return poly1305(stream[:32], out) + out


def blake2b(data, size, key=b""):
    return hashlib.blake2b(data, digest_size=size, key=key).digest()


def check_primitives():
    """The examples of the specifications."""
    h = bytes.fromhex
    got = x25519(
        h("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
        h("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
    )
    assert got == h("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")
    text = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one "
        b"tip for the future, sunscreen would be it."
    )
    got = aead_seal(
        bytes(range(0x80, 0xA0)),
        h("070000004041424344454647"),
        text,
        h("50515253c0c1c2c3c4c5c6c7"),
    )
    assert got[-16:] == h("1ae10b594f09e26a7e902ecbd0600691")
    got = secretbox(
        h("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389"),
        h("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37"),
        h(
            "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffc"
            "e5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb31"
            "0e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde"
            "048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f93776384864"
            "5e0705"
        ),
    )
    assert got[:16] == h("f3ffc7703f9400e52a7dfb4b3d3305d9")


# --- Noise, revision 34 ----------------------------------------------------

PATTERNS = {
    "XK": ["e es", "e ee", "s se"],
    "IK": ["e es s ss", "e ee se"],
    "IKpsk1": ["e es s ss psk", "e ee se"],
}


class Noise:
    def __init__(self, pattern, initiator, prologue, s, e, rs=None, psk=None):
        self.name = ("Noise_%s_25519_ChaChaPoly_BLAKE2b" % pattern).encode()
        self.messages = [m.split() for m in PATTERNS[pattern]]
        self.has_psk = "psk" in pattern
        self.initiator, self.s, self.e, self.rs, self.re = initiator, s, e, rs, None
        self.psk = psk
        self.h = self.ck = self.name.ljust(64, b"\0")
        self.k, self.n = None, 0
        self.mix_hash(prologue)
        self.mix_hash(rs if initiator else public(s))

    def mix_hash(self, data):
        self.h = blake2b(self.h + data, 64)

    def hkdf(self, ikm, count):
        temp = hmac.new(self.ck, ikm, hashlib.blake2b).digest()
        out, last = [], b""
        for i in range(count):
            last = hmac.new(temp, last + bytes([i + 1]), hashlib.blake2b).digest()
            out.append(last)
        return out

    def mix_key(self, ikm):
        self.ck, k = self.hkdf(ikm, 2)
        self.k, self.n = k[:32], 0

    def mix_key_and_hash(self, ikm):
        self.ck, h, k = self.hkdf(ikm, 3)
        self.mix_hash(h)
        self.k, self.n = k[:32], 0

    def seal(self, text):
        if self.k is not None:
            text = aead_seal(self.k, bytes(4) + struct.pack("<Q", self.n), text, self.h)
            self.n += 1
        self.mix_hash(text)
        return text

    def unseal(self, box):
        """Only ever run on what seal() made: decrypts, does not verify."""
        text = box
        if self.k is not None:
            nonce = bytes(4) + struct.pack("<Q", self.n)
            text = aead_seal(self.k, nonce, box[:-16], b"")[:-16]
            assert aead_seal(self.k, nonce, text, self.h) == box
            self.n += 1
        self.mix_hash(box)
        return text

    def dh(self, token):
        mine = token[0] if self.initiator else token[1]
        theirs = token[1] if self.initiator else token[0]
        self.mix_key(
            x25519(self.s if mine == "s" else self.e, self.rs if theirs == "s" else self.re)
        )

    def write(self, payload):
        out = b""
        for token in self.messages.pop(0):
            if token == "e":
                out += public(self.e)
                self.mix_hash(public(self.e))
                if self.has_psk:
                    self.mix_key(public(self.e))
            elif token == "s":
                out += self.seal(public(self.s))
            elif token == "psk":
                self.mix_key_and_hash(self.psk)
            else:
                self.dh(token)
        return out + self.seal(payload)

    def read(self, message):
        for token in self.messages.pop(0):
            if token == "e":
                self.re, message = message[:32], message[32:]
                self.mix_hash(self.re)
                if self.has_psk:
                    self.mix_key(self.re)
            elif token == "s":
                size = 32 if self.k is None else 48
                self.rs, message = self.unseal(message[:size]), message[size:]
            elif token == "psk":
                self.mix_key_and_hash(self.psk)
            else:
                self.dh(token)
        return self.unseal(message)

    def split(self):
        return [k[:32] for k in self.hkdf(b"", 2)]


# --- the keys of this program: PROTOCOL.md, "Keys" -------------------------


def str8(text):
    data = text if isinstance(text, bytes) else text.encode()
    return bytes([len(data)]) + data


def caller_bytes(user, share, expiry, rights):
    return str8(user) + struct.pack(">QQ", share, expiry) + str8(rights)


def key_id(k):
    return blake2b(b"inroad key id 1", 32, k)[:8]


def host_key(k, host):
    return blake2b(b"inroad host 1" + host.encode(), 32, k)


def gateway_key(k, device):
    return blake2b(b"inroad gateway 1" + device.encode(), 32, k)


def session_psk(k_host, caller):
    return blake2b(b"inroad caller 1" + caller, 32, k_host)


def session_prologue(version, epoch, owner, host, caller):
    return (
        b"inroad session 1"
        + struct.pack(">BI", version, epoch)
        + str8(owner)
        + str8(host)
        + caller
    )


def link_prologue(version, role):
    return b"inroad link 1" + bytes([version, role])


def mac1(relay_public, covered):
    return blake2b(covered, 16, blake2b(b"inroad mac1 1" + relay_public, 32))


def frame_keys(label, sender, split, handshake_hash):
    return blake2b(label + bytes([sender]) + handshake_hash, 48, split)


def rekey(key):
    return blake2b(b"inroad rekey 1", 32, key)


def fingerprint(key):
    text = blake2b(b"inroad fingerprint 1" + key, 16).hex()
    return "-".join(text[i : i + 4] for i in range(0, 32, 4))


# --- check characters and join strings: PROTOCOL.md ------------------------

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SYMBOL = {c: i for i, c in enumerate(ALPHABET)}
SYMBOL.update({".": 0, ":": 1, ",": 2})

EXP = [1]
for _ in range(62):
    EXP.append(EXP[-1] << 1 ^ (0x43 if EXP[-1] & 32 else 0))
LOG = {v: i for i, v in enumerate(EXP)}


def gf_mul(a, b):
    return EXP[(LOG[a] + LOG[b]) % 63] if a and b else 0


def checks(text):
    """Find the two check symbols of each piece by trying all of them."""
    out = ""
    for i in range(0, len(text), 61):
        piece = [SYMBOL[c] for c in text[i : i + 61]]
        n = len(piece)
        s0 = s1 = 0
        for j, d in enumerate(piece):
            s0 ^= d
            s1 ^= gf_mul(d, EXP[j])
        for c0 in range(64):
            c1 = s0 ^ c0
            if s1 ^ gf_mul(c0, EXP[n]) ^ gf_mul(c1, EXP[n + 1]) == 0:
                out += ALPHABET[c0] + ALPHABET[c1]
                break
    return out


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def recovery(epoch, key):
    body = b64(struct.pack(">I", epoch) + key)
    return "inroadkey1:" + body + checks(body)


def readable(address):
    if address.startswith("["):
        host, port = address[1:].split("]:")
        return "_" + host.replace(":", "_") + "_:" + port
    return address


def join_string(relays, relay_public, role, user, name, token, kind, epoch, key):
    body = bytes([role]) + relay_public + str8(user) + str8(name) + str8(token)
    body += bytes([kind])
    if kind:
        body += struct.pack(">I", epoch) + key
    front = ",".join(readable(a) for a in relays) + ":"
    rest = b64(body)
    text_len = len(front) + 2 + len(rest)
    total = len("inroad1:") + text_len + 2 * ((text_len + 60) // 61)
    text = front + ALPHABET[total >> 6] + ALPHABET[total & 63] + rest
    return "inroad1:" + text + checks(text)


# --- vectors ---------------------------------------------------------------


def seed(name, size=32):
    """Inputs look random and are the same in every run."""
    return hashlib.shake_256(b"inroad vectors " + name.encode()).digest(size)


def pair(name):
    secret = seed(name)
    return secret, public(secret)


def noise_vectors():
    for pattern in PATTERNS:
        for size in (0, 1, 20, 200):
            tag = "%s %d " % (pattern, size)
            si, sr = seed(tag + "si"), seed(tag + "sr")
            ei, er = seed(tag + "ei"), seed(tag + "er")
            prologue = seed(tag + "prologue", size)
            psk = seed(tag + "psk") if "psk" in pattern else None
            a = Noise(pattern, True, prologue, si, ei, public(sr), psk)
            b = Noise(pattern, False, prologue, sr, er, None, psk)
            messages = []
            while a.messages:
                payload = seed(tag + "payload %d" % len(messages), size)
                message = a.write(payload)
                assert b.read(message) == payload
                messages.append({"payload": payload.hex(), "ciphertext": message.hex()})
                a, b = b, a
            if not a.initiator:
                a, b = b, a
            assert a.h == b.h and a.split() == b.split()
            yield {
                "protocol_name": a.name.decode(),
                "init_prologue": prologue.hex(),
                "init_psks": [psk.hex()] if psk else [],
                "init_static": si.hex(),
                "init_ephemeral": ei.hex(),
                "init_remote_static": public(sr).hex(),
                "resp_prologue": prologue.hex(),
                "resp_psks": [psk.hex()] if psk else [],
                "resp_static": sr.hex(),
                "resp_ephemeral": er.hex(),
                "handshake_hash": a.h.hex(),
                "split": [k.hex() for k in a.split()],
                "messages": messages,
            }


def hmac_vectors():
    for key, size in ((0, 0), (1, 1), (32, 64), (64, 200), (127, 129), (128, 128)):
        k, data = seed("hmac key %d" % key, key), seed("hmac data %d" % size, size)
        yield {
            "key": k.hex(),
            "data": data.hex(),
            "mac": hmac.new(k, data, hashlib.blake2b).digest().hex(),
        }


def seal_vectors():
    key, head = seed("seal key"), seed("seal head", 16)
    for index, counter in enumerate((0, 1, 2, 0xFF, 0x100, 2**32, 2**63 + 5, 2**64 - 2)):
        for size in (0, 1, 8, 31, 32, 33, 64, 96, 97, 500):
            k = rekey(key) if index % 2 else key
            text = seed("seal text %d" % size, size)
            yield {
                "key": key.hex(),
                "head": head.hex(),
                "rekeyed": str(index % 2),
                "counter": str(counter),
                "text": text.hex(),
                "box": secretbox(k, head + struct.pack("<Q", counter), text).hex(),
            }


CALLERS = (
    ("alice", 0, 0, ""),
    ("bob", 7, 1893456000, "ssh web:80"),
    ("z" * 63, 2**64 - 1, 2**63, "r" * 255),
)


def keys_vectors():
    k = seed("account key")
    for epoch, host, caller in zip((1, 2, 2**32 - 1), ("office", "lab-2", "h" * 63), CALLERS):
        encoded = caller_bytes(*caller)
        k_host = host_key(k, host)
        split, handshake = seed("split " + host), seed("hash " + host, 64)
        yield {
            "account": k.hex(),
            "epoch": str(epoch),
            "id": key_id(k).hex(),
            "recovery": recovery(epoch, k),
            "host": host,
            "host_key": k_host.hex(),
            "gateway_key": gateway_key(k, host).hex(),
            "user": caller[0],
            "share": str(caller[1]),
            "expiry": str(caller[2]),
            "rights": caller[3],
            "caller": encoded.hex(),
            "psk": session_psk(k_host, encoded).hex(),
            "prologue": session_prologue(1, epoch, "alice", host, encoded).hex(),
            "public": k.hex(),
            "mac1": mac1(k, encoded).hex(),
            "fingerprint": fingerprint(k),
            "split": split.hex(),
            "hash": handshake.hex(),
            "link": frame_keys(b"inroad link keys 1", 1, split, handshake).hex(),
            "session": frame_keys(b"inroad session keys 1", 2, split, handshake).hex(),
            "resume": frame_keys(b"inroad resume keys 1", 1, split, handshake).hex(),
        }


def link_vectors():
    for name, version, role, token, has_id in (
        ("laptop", 1, 1, True, True),
        ("office", 1, 2, False, False),
        ("later", 200, 2, True, False),
    ):
        (ss, sp), (rs, rp) = pair(name + " s"), pair("relay s")
        es, er = seed(name + " e"), seed(name + " re")
        token_bytes = seed(name + " token") if token else b""
        kid = seed("kid", 8) if has_id else bytes(8)
        login = str8("alice") + str8(name) + str8(token_bytes) + str8("0.1.0")
        login += bytes([has_id]) + kid + struct.pack(">I", 3 if has_id else 0)
        login += seed(name + " boot", 16) + bytes([version & 1])
        if version != 1:
            login += b"from a later version"
        prologue = link_prologue(version, role)
        a = Noise("XK", True, prologue, ss, es, rp)
        b = Noise("XK", False, prologue, rs, er)
        first = bytes([version, role, 0, 0]) + a.write(b"")
        b.read(first[4:])
        first += mac1(rp, first)
        second = b.write(b"")
        a.read(second)
        third = a.write(login)
        assert b.read(third) == login
        ki, kr = a.split()
        yield {
            "version": str(version),
            "role": str(role),
            "device": name,
            "token": token_bytes.hex(),
            "key_id": kid.hex() if has_id else "",
            "key_epoch": "3" if has_id else "0",
            "boot": seed(name + " boot", 16).hex(),
            "flags": str(version & 1),
            "login": login.hex(),
            "static": ss.hex(),
            "relay_static": rs.hex(),
            "ephemeral": es.hex(),
            "relay_ephemeral": er.hex(),
            "message1": first.hex(),
            "message2": second.hex(),
            "message3": (struct.pack(">H", len(third)) + third).hex(),
            "from_endpoint": frame_keys(b"inroad link keys 1", 1, ki, a.h).hex(),
            "from_relay": frame_keys(b"inroad link keys 1", 2, kr, a.h).hex(),
        }


def session_vectors():
    k = seed("account key")
    for host, epoch, caller, status, asks in (
        ("office", 2, CALLERS[0], 0, False),
        ("lab-2", 1, CALLERS[1], 0, False),
        ("office", 1, CALLERS[0], 604, False),
        ("relay", 0, CALLERS[0], 0, False),
        ("office", 2, CALLERS[0], 0, True),
        ("office", 2, CALLERS[0], 604, True),
    ):
        tag = "%s %d %d" % (host, epoch, status) + (" asks" if asks else "")
        encoded = caller_bytes(*caller)
        owner = "" if host == "relay" else "alice"
        prologue = session_prologue(1, epoch, owner, host, encoded)
        psk = None if host == "relay" else session_psk(host_key(k, host), encoded)
        pattern = "IKpsk1" if psk else "IK"
        (ss, sp), (rs, rp) = pair(tag + " s"), pair(tag + " rs")
        es, er = seed(tag + " e"), seed(tag + " re")
        boot, sid = seed(tag + " boot", 16), seed(tag + " id", 16)
        question = sid if asks else bytes(16)
        a = Noise(pattern, True, prologue, ss, es, rp, psk)
        b = Noise(pattern, False, prologue, rs, er, None, psk)
        first = a.write(boot + struct.pack(">HH", 120, 0) + question)
        b.read(first)
        second = b.write(sid + struct.pack(">HH", 60, status) + str8("0.1.0"))
        a.read(second)
        ki, kr = a.split()
        yield {
            "host": host,
            "epoch": str(epoch),
            "owner": owner,
            "user": caller[0],
            "share": str(caller[1]),
            "expiry": str(caller[2]),
            "rights": caller[3],
            "psk": psk.hex() if psk else "",
            "static": ss.hex(),
            "remote_static": rs.hex(),
            "ephemeral": es.hex(),
            "remote_ephemeral": er.hex(),
            "boot": boot.hex(),
            "question": question.hex(),
            "id": sid.hex(),
            "status": str(status),
            "message1": first.hex(),
            "message2": second.hex(),
            "tx": frame_keys(b"inroad session keys 1", 1, ki, a.h).hex(),
            "rx": frame_keys(b"inroad session keys 1", 2, kr, a.h).hex(),
            "resume_tx": frame_keys(b"inroad resume keys 1", 1, ki, a.h).hex(),
            "resume_rx": frame_keys(b"inroad resume keys 1", 2, kr, a.h).hex(),
        }


def resume_vectors():
    for number, (counter, asked, answered) in enumerate(
        (
            (1, (0, 1), (1, 0)),
            (2, (7, 2**32), (2**32 - 5, 9)),
            (2**64 - 1, (2**64 - 1, 0), (2**63, 2**64 - 1)),
        )
    ):
        tag = "resume %d" % number
        ki, kr, h = seed(tag + " ki"), seed(tag + " kr"), seed(tag + " h", 64)
        sid = seed(tag + " id", 16)
        keys = [
            frame_keys(b"inroad resume keys 1", sender, split, h)
            for sender, split in ((1, ki), (2, kr))
        ]
        boxes = [
            struct.pack(">Q", counter)
            + secretbox(k[:32], k[32:] + struct.pack("<Q", counter), struct.pack(">QQ", *point))
            for k, point in zip(keys, (asked, answered))
        ]
        yield {
            "id": sid.hex(),
            "from_gateway": keys[0].hex(),
            "from_host": keys[1].hex(),
            "counter": str(counter),
            "gateway_expects": str(asked[0]),
            "gateway_next": str(asked[1]),
            "host_expects": str(answered[0]),
            "host_next": str(answered[1]),
            "request": (sid + boxes[0]).hex(),
            "answer": boxes[1].hex(),
        }


def join_vectors():
    for relays, role, name, token, kind, epoch in (
        (["relay.example.net:7000"], 2, "office", True, 2, 1),
        (["relay.example.net:7000"], 1, "laptop", True, 0, 0),
        (["r1.example.net:443", "192.0.2.7:7000", "[2001:db8::1]:7001"], 1, "pc-9", True, 1, 5),
        (["%s:65535" % ".".join(["x" * 62] * 4)] * 8, 1, "n" * 63, False, 1, 2**32 - 1),
    ):
        relay_public, key = public(seed("relay s")), seed("join key " + name)
        token_bytes = seed("join token " + name) if token else b""
        yield {
            "relays": relays,
            "relay_public": relay_public.hex(),
            "role": str(role),
            "user": "alice",
            "name": name,
            "token": token_bytes.hex(),
            "kind": str(kind),
            "epoch": str(epoch),
            "key": key.hex() if kind else "",
            "string": join_string(
                relays, relay_public, role, "alice", name, token_bytes, kind, epoch, key
            ),
        }


FILES = {
    "noise.json": noise_vectors,
    "hmac.json": hmac_vectors,
    "seal.json": seal_vectors,
    "keys.json": keys_vectors,
    "linkhello.json": link_vectors,
    "sessionhello.json": session_vectors,
    "resume.json": resume_vectors,
    "joinstring.json": join_vectors,
}


def main():
    check = sys.argv[1] == "--check"
    directory = sys.argv[-1]
    check_primitives()
    if check:
        print("1..%d" % len(FILES))
    for number, (name, make) in enumerate(FILES.items(), 1):
        text = json.dumps({"vectors": list(make())}, indent=1) + "\n"
        path = os.path.join(directory, name)
        if not check:
            with open(path, "w") as file:
                file.write(text)
            continue
        with open(path) as file:
            same = file.read() == text
        print("%s %d - %s" % ("ok" if same else "not ok", number, name))


main()
