"""Signing in at the provider of the school: authorization code, PKCE, state and nonce, each used once."""

import secrets
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote_plus, urlencode

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT

from data_contracts.errors import NotAllowedError, SettingsError
from service.settings import Settings
from service.who import client_keys, jwts
from service.who.outside import IssuerRefusedError, OutsideIssuer

SCOPE = "openid profile email"
BACK = "/aanmelden/terug"
SECRET_BYTES = 32

NOT_SIGNED_IN = "Het aanmeldsysteem heeft u niet aangemeld."
NOT_THIS_ONE = "Dit antwoord hoort niet bij deze poging om aan te melden."
OVER = "Deze poging om aan te melden is verlopen, of al gebruikt."
WRONG = "Het antwoord van het aanmeldsysteem klopt niet."


class AttemptError(NotAllowedError):
    """An attempt to sign in elsewhere came to nothing; not a `SignInError`, which would carry its address along."""

    title = "Aanmelden is niet gelukt"


def attempt_error(detail: str) -> AttemptError:
    """Return what somebody is told whose attempt failed for the reason in `detail`."""
    return AttemptError(detail, remedy="Ga terug naar het begin en meld u opnieuw aan.")


@dataclass(frozen=True)
class Attempt:
    """What has to fit when somebody comes back. It stays on the server.

    Parameters
    ----------
    state
        Comes back through the browser.
    nonce
        Comes back inside the provider's token.
    verifier
        Proves to the provider that it is we who began.
    to
        Where to go afterwards; a path here, or empty.
    """

    state: str
    nonce: str
    verifier: str
    to: str

    @classmethod
    def new(cls, to: str) -> Self:
        """Return a new attempt, on the way to `to`."""
        state, nonce, verifier = (secrets.token_urlsafe(SECRET_BYTES) for _ in range(3))
        return cls(state, nonce, verifier, to)


@dataclass(frozen=True)
class Identity:
    """Who somebody is, as the provider says; `email` is empty where the provider did not check it."""

    issuer: str
    subject: str
    email: str


class Provider:
    """The provider at which people sign in.

    Parameters
    ----------
    settings
        Where it is, and how it knows us.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.outside = OutsideIssuer(settings.oidc_issuer)
        self.back = settings.public_url + BACK
        self._auth = _client_auth(settings)

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """Return the provider of `settings`; None where there is none."""
        return cls(settings) if settings.oidc_issuer else None

    def address(self, attempt: Attempt) -> str:
        """Return where the browser has to go for `attempt`.

        Raises
        ------
        IssuerUnreachableError
            The provider does not say where.
        """
        client = OAuth2Client(
            None, self.settings.oidc_client_id, scope=SCOPE, redirect_uri=self.back, code_challenge_method="S256"
        )
        address, _ = client.create_authorization_url(
            self.outside.endpoint("authorization_endpoint"),
            state=attempt.state,
            code_verifier=attempt.verifier,
            nonce=attempt.nonce,
        )
        return str(address)

    def is_answer(self, issuer: str) -> bool:
        """Whether an answer that names `issuer` (empty: none) is this provider's, and not another's (RFC 9207)."""
        names_itself = self.outside.metadata().get("authorization_response_iss_parameter_supported") is True
        return issuer == self.outside.issuer or not (issuer or names_itself)

    def identity(self, attempt: Attempt, *, code: str) -> Identity:
        """Exchange `code` and return who came back.

        Raises
        ------
        AttemptError
            The provider refuses the code, or its token does not fit the attempt.
        IssuerUnreachableError
            The provider does not answer.
        """
        given = self._exchange(attempt, code)
        client = self.settings.oidc_client_id
        expected = jwts.Expected(
            jwts.ID_TOKEN, self.outside.issuer, [client], also=("sub", "iat"), values=(("nonce", attempt.nonce),)
        )
        try:
            said = jwts.read(str(given.get("id_token")), expected, keys=self.outside.keys)
        except jwts.TokenRefusedError:
            raise attempt_error(WRONG) from None
        if said.get("azp", client) != client or (isinstance(said["aud"], list) and said["aud"] != [client]):
            raise attempt_error(WRONG)
        if "email" not in said and self.outside.endpoint("userinfo_endpoint"):
            said |= self._userinfo(str(given.get("access_token")), subject=said["sub"])
        verified = said.get("email_verified") is True  # the text "true" is not enough
        return Identity(self.outside.issuer, said["sub"], str(said.get("email", "")).lower() if verified else "")

    def leaving(self) -> str:
        """Return where the browser signs out of the provider too; empty where the provider has no such place."""
        end = self.outside.endpoint("end_session_endpoint")
        back = f"{self.settings.public_url}/aanmelden"
        query = {"client_id": self.settings.oidc_client_id, "post_logout_redirect_uri": back}
        return end and f"{end}{'&' if '?' in end else '?'}{urlencode(query)}"

    def _exchange(self, attempt: Attempt, code: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.back,
            "code_verifier": attempt.verifier,
        }
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        endpoint = self.outside.endpoint("token_endpoint")
        address, headers, body = self._auth.prepare("POST", endpoint, headers, urlencode(form))
        try:
            return self.outside.ask("POST", address, headers=headers, content=body)
        except IssuerRefusedError:
            raise attempt_error(NOT_SIGNED_IN) from None

    def _userinfo(self, token: str, *, subject: str) -> dict[str, Any]:
        address = self.outside.endpoint("userinfo_endpoint")
        said = self.outside.ask("GET", address, headers={"Authorization": f"Bearer {token}"})
        if said.get("sub") != subject:
            raise attempt_error(WRONG)
        return {name: said[name] for name in ("email", "email_verified") if name in said}


def _client_auth(settings: Settings) -> ClientAuth:
    """Return how we make ourselves known: with a signature where there is a key, or else with the secret."""
    client = settings.oidc_client_id
    if settings.oidc_key_file is not None:
        key = client_keys.parse(settings.oidc_key_file.read_bytes())
        if key is None or not key.is_private:
            detail = f"{settings.oidc_key_file} is geen geheime sleutel (PEM, RSA of P-256)."
            raise SettingsError(detail, remedy="Wijs AANWEZIG_OIDC_CLIENT_KEY_FILE naar de sleutel zelf.")
        return ClientAuth(client, key, PrivateKeyJWT(alg=client_keys.algorithm(key)))
    secret = settings.oidc_secret_file.read_text().strip() if settings.oidc_secret_file else ""
    # Basic authentication wants both encoded as in a form (RFC 6749, 2.3.1), and the library leaves that to us.
    return ClientAuth(quote_plus(client), quote_plus(secret), "client_secret_basic")
