"""How a program gets its tokens, and shows them with every request: client credentials, by a secret or by its key."""

import time
from collections.abc import Callable, Generator, Mapping
from uuid import uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTED_SECONDS = 60
EARLY_SECONDS = 30
"""A token is renewed this long before it ends, so that none ends on its way."""

Proof = Callable[[str], Mapping[str, str]]
"""From the address of the issuer to the form fields that prove who asks."""


def by_secret(client_id: str, secret: str) -> Proof:
    """Prove it by a secret."""
    return lambda _issuer: {"client_id": client_id, "client_secret": secret}


def by_key(client_id: str, private_key: bytes) -> Proof:
    """Prove it by a signature (``private_key_jwt``, ES256): the key, in PEM, never leaves this program."""
    key = ECKey.import_key(private_key)

    def proof(issuer: str) -> Mapping[str, str]:
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": issuer,
            "jti": uuid4().hex,
            "iat": int(time.time()),
            "exp": int(time.time()) + ASSERTED_SECONDS,
        }
        return {
            "client_assertion_type": ASSERTION,
            "client_assertion": jwt.encode({"alg": "ES256"}, claims, key),
        }

    return proof


class Tokens(httpx.Auth):
    """Gives each request a token that holds, and a new one where the service says that it does not.

    Parameters
    ----------
    issuer
        Address at which tokens are asked for.
    proof
        `by_secret` or `by_key`.
    scopes
        To which permissions the tokens are limited; empty is all that the program has.
    """

    requires_response_body = True

    def __init__(self, issuer: str, proof: Proof, scopes: tuple[str, ...] = ()) -> None:
        self._issuer, self._proof, self._scopes = issuer, proof, scopes
        self._token, self._until = "", 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Show the token, and ask for one where there is none that holds."""
        if time.monotonic() >= self._until:
            self._keep((yield self._asked()))
        request.headers["Authorization"] = f"Bearer {self._token}"
        answer = yield request
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._keep((yield self._asked()))
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def _asked(self) -> httpx.Request:
        scope = {"scope": " ".join(self._scopes)} if self._scopes else {}
        form = {"grant_type": "client_credentials", **scope, **self._proof(self._issuer)}
        return httpx.Request("POST", self._issuer, data=form)

    def _keep(self, answer: httpx.Response) -> None:
        answer.raise_for_status()
        given = answer.json()
        self._token = given["access_token"]
        self._until = time.monotonic() + given["expires_in"] - EARLY_SECONDS
