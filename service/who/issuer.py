"""Our own issuer of tokens, for installations without one: a client proves who it is and gets a short-lived token."""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import unquote_plus

from joserfc import jwt
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import audit
from service.audit import Action
from service.auth import Installation
from service.tables import ClientRow, PersonRow, new_id, now
from service.viewer import ROLES
from service.who import client_keys, jwts, once, viewers
from service.who.lifetimes import LIFETIMES

TOKEN = "/oauth/token"  # noqa: S105 (an address)
CLIENT_CREDENTIALS = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CLIENT_ID = re.compile(r"[0-9a-f]{1,32}")
METHODS = ("private_key_jwt", "client_secret_basic", "client_secret_post")
SIGNATURES = ("ES256", "RS256")

NOT_PROVEN = ("invalid_client", "Wij kennen deze client niet, of het bewijs klopt niet.")
USED = ("invalid_client", "Dit bewijs is al eens gebruikt.")
TOO_LONG = ("invalid_client", f"Het bewijs mag hoogstens {LIFETIMES.assertion_minutes} minuten gelden.")
MANY_PROOFS = ("invalid_request", "Bewijs op een manier wie u bent, niet op meer.")
OTHER_PROOF = ("invalid_request", f"client_assertion_type moet {ASSERTION_TYPE} zijn.")
TOO_MUCH = "invalid_scope"
NO_GRANT = ("invalid_request", "Vraag om grant_type=client_credentials.")
OTHER_GRANT = ("unsupported_grant_type", "Vraag om grant_type=client_credentials.")
"""Error and description (RFC 6749, 5.2; in ASCII, as it wants), for whoever builds a client."""


class OAuthError(Exception):
    """A refusal in the words of RFC 6749, 5.2.

    Parameters
    ----------
    error
        One of the words of the standard.
    description
        For whoever builds the client; ASCII, as the standard wants.
    """

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description

    @property
    def status(self) -> HTTPStatus:
        """401 where it is about who is asking."""
        return HTTPStatus.UNAUTHORIZED if self.error == "invalid_client" else HTTPStatus.BAD_REQUEST


@dataclass(frozen=True)
class Asked:
    """What a client sent: the fields of its form (empty where left out), and its ``Authorization`` header."""

    grant_type: str = ""
    scope: str = ""
    client_id: str = ""
    client_secret: str = ""
    client_assertion_type: str = ""
    client_assertion: str = ""
    authorization: str = ""


def metadata(issuer: str) -> dict[str, object]:
    """Return what the issuer says of itself (RFC 8414)."""
    return {
        "issuer": issuer,
        "token_endpoint": issuer + TOKEN,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "grant_types_supported": [CLIENT_CREDENTIALS],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": list(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNATURES),
        "scopes_supported": sorted({one.value for role in ROLES.values() for one in role.permissions}),
    }


def authenticate(session: Session, asked: Asked, *, issuer: str) -> str:
    """Return the id of the client that `asked`, after it proved to be that client.

    Raises
    ------
    OAuthError
        It did not, in exactly one way.
    """
    ways = [bool(asked.authorization), bool(asked.client_secret), bool(asked.client_assertion)]
    if sum(ways) > 1:
        raise OAuthError(*MANY_PROOFS)
    if asked.client_assertion:
        return _by_assertion(session, asked, issuer=issuer)
    client, secret = _basic(asked.authorization) if asked.authorization else (asked.client_id, asked.client_secret)
    if asked.client_id not in {"", client}:
        raise OAuthError(*NOT_PROVEN)
    row = _client(session, client)
    stored = "" if row is None else row.secret_digest or ""
    # Compared also where there is nothing to compare with, so that time does not tell which clients exist.
    if not hmac.compare_digest(stored, once.digest(secret)) or row is None:
        raise OAuthError(*NOT_PROVEN)
    return row.id


def issue(session: Session, asked: Asked, *, client: str, here: Installation) -> Mapping[str, object]:
    """Return a token for `client`, limited to the scopes that it asked for; all that its role has where it named none.

    Raises
    ------
    OAuthError
        It asked for something else than a token, or for more than its role has.
    """
    if asked.grant_type != CLIENT_CREDENTIALS:
        raise OAuthError(*(OTHER_GRANT if asked.grant_type else NO_GRANT))
    row = _client(session, client)
    person = None if row is None else session.get_one(PersonRow, row.person)
    roles = () if person is None else viewers.roles_of(session, person)
    if person is None or len(roles) != 1:
        raise OAuthError(*NOT_PROVEN)
    allowed = {one.value for one in ROLES[roles[0]].permissions}
    wanted = set(asked.scope.split()) or allowed
    if wanted - allowed:
        description = f"Deze client mag: {' '.join(sorted(allowed))}"
        raise OAuthError(TOO_MUCH, description)
    audit.record(viewers.viewer_for(session, person, roles[0]), session, action=Action.SIGNED_IN)
    scope = " ".join(sorted(wanted))
    return {
        "access_token": _signed(client, scope, here),
        "token_type": "Bearer",
        "expires_in": int(LIFETIMES.token.total_seconds()),
        "scope": scope,
    }


def _signed(client: str, scope: str, here: Installation) -> str:
    ring = here.tokens.signing.ring()
    issuer = here.settings.public_url
    moment = now()
    claims = {
        "iss": issuer,
        "aud": issuer,
        "sub": client,
        "client_id": client,
        "iat": moment,
        "exp": moment + LIFETIMES.token,
        "jti": new_id(),
        "scope": scope,
    }
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": ring.current.kid}, claims, ring.current)


def _by_assertion(session: Session, asked: Asked, *, issuer: str) -> str:
    if asked.client_assertion_type != ASSERTION_TYPE:
        raise OAuthError(*OTHER_PROOF)
    client = asked.client_id or _claimed(asked.client_assertion)
    row = _client(session, client)
    key = None if row is None or row.public_key is None else client_keys.parse(row.public_key.encode())
    if key is None:
        raise OAuthError(*NOT_PROVEN)
    expected = jwts.Expected(jwts.ASSERTION, client, [issuer, issuer + TOKEN], also=("jti",), values=(("sub", client),))
    try:
        said = jwts.read(asked.client_assertion, expected, keys=lambda _: key, algorithms=(client_keys.algorithm(key),))
        until = datetime.fromtimestamp(said["exp"], UTC)
    except (jwts.TokenRefusedError, ValueError, OverflowError):
        raise OAuthError(*NOT_PROVEN) from None
    if until > now() + LIFETIMES.assertion + LIFETIMES.skew:
        raise OAuthError(*TOO_LONG)
    if not once.keep(session, once.digest("assertion", client, said["jti"]), until=until + LIFETIMES.skew):
        raise OAuthError(*USED)
    return client


def _claimed(assertion: str) -> str:
    """Return whom an assertion says it is of, unchecked: only to find the key with which it is checked."""
    parts = assertion.split(".")
    try:
        said = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
        return str(said["sub"])
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        raise OAuthError(*NOT_PROVEN) from None


def _client(session: Session, client: str) -> ClientRow | None:
    if not CLIENT_ID.fullmatch(client):  # no database is asked for what cannot be an id, or text at all
        return None
    query = select(ClientRow).join(PersonRow, PersonRow.id == ClientRow.person)
    running = (ClientRow.id == client, ClientRow.ended_at.is_(None), PersonRow.ended_at.is_(None))
    return session.scalar(query.where(*running))


def _basic(header: str) -> tuple[str, str]:
    kind, _, encoded = header.partition(" ")
    try:
        client, found, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError(*NOT_PROVEN) from None
    if kind.lower() != "basic" or not found:
        raise OAuthError(*NOT_PROVEN)
    return unquote_plus(client), unquote_plus(secret)
