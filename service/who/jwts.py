"""Reading signed tokens: which algorithms and kinds are taken, and what must stand in one. Nothing is taken on trust."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidHeaderValueError, JoseError
from joserfc.jwk import GuestProtocol, KeyBase
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from service.who.lifetimes import LIFETIMES

logger = logging.getLogger(__name__)

ALGORITHMS = ("ES256", "PS256", "RS256")
"""Signatures with a private key only: with a shared secret, or none, whoever reads a token could make one."""

ACCESS_TOKEN = frozenset({"at+jwt", "application/at+jwt"})
ID_TOKEN = frozenset({"JWT", ""})
ASSERTION = frozenset({"JWT", "client-authentication+jwt", ""})
"""The ``typ`` of each kind, so that none is taken for another (RFC 9068, 4; RFC 7519, 5.1)."""


class TokenRefusedError(Exception):
    """A token is not what it should be; `expired` where time is all that is wrong with it."""

    def __init__(self, reason: str, *, expired: bool = False) -> None:
        super().__init__(reason)
        self.expired = expired


@dataclass(frozen=True)
class Expected:
    """What must stand in a token.

    Parameters
    ----------
    types
        Kinds of token, as their ``typ``.
    issuer
        Who made it.
    audiences
        For whom it may have been made; one of them must be named.
    also
        What else must stand in it.
    values
        What else must stand in it, and with which value.
    """

    types: frozenset[str]
    issuer: str
    audiences: Iterable[str]
    also: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()


def read(
    token: str,
    expected: Expected,
    *,
    keys: Callable[[str | None], KeyBase],
    algorithms: Iterable[str] = ALGORITHMS,
) -> dict[str, Any]:
    """Return what `token` says, after its signature, kind, maker, reader and time were held against `expected`.

    Parameters
    ----------
    token
        As it came in; anything at all.
    expected
        What must stand in it.
    keys
        Gives the public key, or those among which one has the id that the token names.
    algorithms
        Signatures that are taken.

    Raises
    ------
    TokenRefusedError
        Something is not right.
    """

    def key(holder: GuestProtocol) -> KeyBase:
        named = holder.headers().get("kid")
        return keys(named if isinstance(named, str) else None)

    options: dict[str, ClaimsOption] = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "values": list(expected.audiences)},
        "exp": {"essential": True},
        **{name: {"essential": True} for name in expected.also},
        **{name: {"essential": True, "value": value} for name, value in expected.values},
    }
    try:
        found = jwt.decode(token, key, algorithms=list(algorithms))
        JWTClaimsRegistry(None, LIFETIMES.skew_seconds, **options).validate(found.claims)
    except ExpiredTokenError as error:
        raise _refused(error, expired=True) from error
    except (JoseError, ValueError, TypeError, RecursionError) as error:  # whatever a stranger can write
        raise _refused(error) from error
    if str(found.header.get("typ", "")) not in expected.types:
        raise _refused(InvalidHeaderValueError("typ"))
    return found.claims


def _refused(error: Exception, *, expired: bool = False) -> TokenRefusedError:
    logger.info("token refused: %s", error)  # why is for us; a stranger learns no more than that it is
    return TokenRefusedError(str(error), expired=expired)
