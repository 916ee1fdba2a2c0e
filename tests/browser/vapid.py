"""Checks the `Authorization: vapid t=…, k=…` of a push (RFC 8292) as a strict push service would: the
signature (ES256, P-256) by hand, the audience, the time, the contact, and that it is the key the browser
registered with.
"""

import base64
import hashlib
import json
import time

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
DAY = 24 * 3600


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _add(p, q):
    if p is None or q is None:
        return q if p is None else p
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        slope = (3 * p[0] * p[0] - 3) * pow(2 * p[1], -1, P)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def _times(k, p):
    total = None
    while k:
        if k & 1:
            total = _add(total, p)
        p, k = _add(p, p), k >> 1
    return total


def signed(key, text, signature):
    """Whether `signature` (r and s, 32 bytes each) over `text` is by `key` (uncompressed point)."""
    if len(key) != 65 or key[0] != 4 or len(signature) != 64:
        return False
    point = int.from_bytes(key[1:33]), int.from_bytes(key[33:])
    if (point[1] ** 2 - (point[0] ** 3 - 3 * point[0] + B)) % P:
        return False
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    if not (0 < r < N and 0 < s < N):
        return False
    digest, inverse = int.from_bytes(hashlib.sha256(text).digest()), pow(s, -1, N)
    found = _add(_times(digest * inverse % N, G), _times(r * inverse % N, point))
    return found is not None and found[0] % N == r


def wrong(authorization, audience, registered):
    """Why a push with this header is not to be believed; `None` if it is."""
    try:
        scheme, rest = authorization.split(" ", 1)
        fields = dict(part.strip().split("=", 1) for part in rest.split(","))
        key, token = fields["k"], fields["t"]
        head, claims, signature = token.split(".")
        said = json.loads(unbase64(claims))
        kind = json.loads(unbase64(head))
        key_bytes, signature_bytes = unbase64(key), unbase64(signature)
    except (ValueError, KeyError) as error:
        return f"no vapid header: {error}"
    left = said.get("exp", 0) - time.time()
    checks = [
        (scheme == "vapid" and kind.get("alg") == "ES256", "not vapid with ES256"),
        (key.rstrip("=") == registered.rstrip("="), "another key than the browser registered with"),
        (said.get("aud") == audience, f"for {said.get('aud')}, not for {audience}"),
        (0 < left <= DAY, f"valid for {left:.0f} s more"),
        (str(said.get("sub", "")).startswith(("mailto:", "https:")), "no contact"),
        (signed(key_bytes, f"{head}.{claims}".encode(), signature_bytes), "the signature does not hold"),
    ]
    return next((why for holds, why in checks if not holds), None)
