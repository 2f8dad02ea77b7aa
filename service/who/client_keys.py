"""The two kinds of key that sign here and there: P-256 and RSA, from a PEM or a JWK file."""

import json
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

CURVE = "P-256"
RSA_BITS = 2048
"""Shorter ones are too weak (RFC 7518, 3.3)."""

SigningKey = ECKey | RSAKey


def parse(data: bytes) -> SigningKey | None:
    """Return the key in `data` (PEM, or JWK in JSON), public or private; None where it is no key that we take."""
    try:
        content: Any = json.loads(data)
    except ValueError:
        content = data
    for kind in (ECKey, RSAKey):
        try:
            key = kind.import_key(content)
        except (JoseError, ValueError, TypeError):
            continue
        strong = key.curve_name == CURVE if isinstance(key, ECKey) else key.public_key.key_size >= RSA_BITS
        return key if strong else None
    return None


def algorithm(key: SigningKey) -> str:
    """Return the one signature that is taken of `key`."""
    return "ES256" if isinstance(key, ECKey) else "RS256"


def text(key: SigningKey) -> str:
    """Return the public half of `key` as text that `parse` reads."""
    return json.dumps(key.as_dict(private=False))
