"""Tokens of programs: found in a request, checked, and refused in the words of RFC 6750."""

from dataclasses import dataclass

from starlette.requests import Request

from data_contracts.errors import AanwezigError, SignInError
from service.settings import Settings
from service.viewer import NarrowedError, Permission
from service.who import jwts
from service.who.outside import OutsideIssuer
from service.who.signing import SigningKeys

API = "/api/"
COOKIE_CHALLENGE = 'Cookie realm="aanwezig", form-action="/aanmelden"'
KEYS = ("keys", "tokens")


class TokenError(SignInError):
    """A program's token does not let it in."""


@dataclass(frozen=True)
class Holder:
    """Who holds a token that was found to be good.

    Parameters
    ----------
    issuer
        Who gave it; empty: we ourselves.
    subject
        As whom that issuer knows the program.
    scopes
        What the token was limited to.
    """

    issuer: str
    subject: str
    scopes: frozenset[Permission]


class Tokens:
    """Which tokens are good here: those of our own issuer, or those of the outside one.

    Parameters
    ----------
    settings
        Says which.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.signing = SigningKeys(settings.home.joinpath(*KEYS))
        self.outside = None if settings.issues_tokens else OutsideIssuer(settings.token_issuer)

    def holder(self, token: str) -> Holder:
        """Return who holds `token`.

        Raises
        ------
        TokenError
            It is not good (any more).
        IssuerUnreachableError
            The outside issuer does not tell its keys.
        """
        own = self.settings.public_url
        issuer = own if self.outside is None else self.outside.issuer
        audience = own if self.outside is None else self.settings.token_audience
        expected = jwts.Expected(jwts.ACCESS_TOKEN, issuer, [audience], also=("sub",))
        outside = self.outside
        try:
            said = jwts.read(token, expected, keys=outside.keys if outside else lambda _: self.signing.ring().public)
        except jwts.TokenRefusedError as error:
            raise refused(expired=error.expired) from None
        return Holder("" if outside is None else issuer, str(said["sub"]), _scopes(said.get("scope")))


def _scopes(said: object) -> frozenset[Permission]:
    words = said.split() if isinstance(said, str) else ()
    return frozenset(Permission(word) for word in words if word in set(Permission))


def bearer(request: Request) -> str | None:
    """Return the token that `request` came with; only the API takes one."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and request.url.path.startswith(API) else None


def refused(*, expired: bool = False) -> TokenError:
    """Return what a program is told whose token is not good."""
    detail = "Dit token is verlopen." if expired else "Dit token is niet geldig, of de toegang is beëindigd."
    return TokenError(detail, remedy="Vraag een nieuw token aan. Blijft het misgaan, vraag dan uw beheerder.")


def challenge(error: AanwezigError) -> str | None:
    """Return what the answer to `error` asks for in ``WWW-Authenticate``; None where signing in would not help."""
    if isinstance(error, TokenError):
        return 'Bearer realm="aanwezig", error="invalid_token"'
    if isinstance(error, SignInError):
        return f'Bearer realm="aanwezig", {COOKIE_CHALLENGE}'
    if isinstance(error, NarrowedError):
        return f'Bearer realm="aanwezig", error="insufficient_scope", scope="{error.permission}"'
    return None
