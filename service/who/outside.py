"""An outside issuer: what it says of itself, and its keys. Fetched when they are needed, and kept for a while."""

import json
import logging
import math
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from data_contracts.errors import StorageError
from service.who.lifetimes import LIFETIMES

logger = logging.getLogger(__name__)

DISCOVERY = "/.well-known/openid-configuration"


class IssuerUnreachableError(StorageError):
    """The outside issuer does not answer, or not as it should."""

    title = "Aanmeldsysteem niet bereikbaar"
    inside = False


class IssuerRefusedError(IssuerUnreachableError):
    """The outside issuer says no."""


def unreachable(issuer: str, kind: type[IssuerUnreachableError] = IssuerUnreachableError) -> IssuerUnreachableError:
    """Return what a user is told when `issuer` fails us."""
    detail = f"{issuer} geeft geen bruikbaar antwoord."
    return kind(detail, remedy="Probeer het over een paar minuten opnieuw, of vraag uw beheerder.")


class OutsideIssuer:
    """An issuer of tokens that somebody else runs.

    Parameters
    ----------
    issuer
        Its name, which is also where it tells about itself.
    """

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] | None = None
        self._keys: KeySet | None = None
        self._tried = -math.inf

    def metadata(self) -> dict[str, Any]:
        """Return what the issuer says of itself.

        Raises
        ------
        IssuerUnreachableError
            It does not answer, speaks for another, or names an address that is less safe than its own.
        """
        if self._metadata is None:
            found = self.ask("GET", self.issuer.rstrip("/") + DISCOVERY)
            if found.get("issuer") != self.issuer or not isinstance(found.get("jwks_uri"), str):
                raise unreachable(self.issuer)
            self._metadata = found
        return self._metadata

    def endpoint(self, name: str) -> str:
        """Return one of the issuer's addresses; empty where it has none."""
        return str(self.metadata().get(name) or "")

    def keys(self, kid: str | None) -> KeySet:
        """Return the issuer's keys; fetched anew where `kid` is not among them, but not at every stranger's call.

        Raises
        ------
        IssuerUnreachableError
            It does not answer.
        """
        with self._lock:
            age = time.monotonic() - self._tried
            known = self._keys is not None and any(key.kid == kid for key in self._keys)
            due = age > (LIFETIMES.keep_minutes * 60 if known else LIFETIMES.refetch_seconds)
            if self._keys is None or due:
                self._tried = time.monotonic()
                try:
                    self._keys = self._fetch_keys()
                except IssuerUnreachableError:
                    if self._keys is None or not known:  # a key that is known goes on while the issuer is away
                        raise
            return self._keys

    def _fetch_keys(self) -> KeySet:
        found = self.ask("GET", self.endpoint("jwks_uri"))
        try:
            return KeySet.import_key_set({"keys": list(found["keys"])})
        except (JoseError, KeyError, TypeError, ValueError):
            raise unreachable(self.issuer) from None

    def ask(self, method: str, address: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401 (what httpx takes)
        """Ask one of the issuer's addresses, and return the object it answers; redirects are not followed.

        Raises
        ------
        IssuerRefusedError
            It says no.
        IssuerUnreachableError
            No answer in time, or none that we can use.
        """
        if urlsplit(address).scheme not in {"https", urlsplit(self.issuer).scheme}:
            raise unreachable(self.issuer)
        try:
            with httpx.stream(method, address, timeout=LIFETIMES.answer_seconds, **request) as response:
                if response.is_client_error:
                    # For whoever runs this: our secret or a setting may be wrong there. No query, no body.
                    logger.warning("%s answers %s", address.partition("?")[0], response.status_code)
                    raise unreachable(self.issuer, IssuerRefusedError)
                response.raise_for_status()
                body = b""
                for part in response.iter_bytes():
                    body += part
                    if len(body) > LIFETIMES.answer_bytes:
                        raise unreachable(self.issuer)
            found = json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            raise unreachable(self.issuer) from None
        if not isinstance(found, dict):
            raise unreachable(self.issuer)
        return found
