"""What every answer says to the browser, as data; and the check that a changing request comes from our own page."""

import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data_contracts.errors import AanwezigError, NotAllowedError
from data_contracts.frames import frames
from service.front import problems, tracing
from service.who import tokens
from service.who.issuer import TOKEN

logger = logging.getLogger(__name__)

API = "/api/"
API_VERSION = "1.0.0"
OPENAPI = "/api/v1/openapi.json"
STATIC = "/static/"

SOURCES: Mapping[str, str] = {
    "default-src": "'none'",  # no script at all, no fonts, no frames, no connections
    "style-src": "'self'",
    "img-src": "'self'",  # the icon
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
CONTENT_SECURITY_POLICY = "; ".join(f"{directive} {source}" for directive, source in SOURCES.items())

ALWAYS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With no-referrer a browser would hide the origin of our own forms, and the check below needs it.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
NOT_KEPT = "no-store"
KEPT = "public, max-age=31536000, immutable"
"""Static files carry a digest of their content in their address."""

HSTS = "max-age=31536000; includeSubDomains"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Outermost layer: refuses changing requests from elsewhere, sets the headers, and lets no error out as it is.

    Parameters
    ----------
    app
        The application.
    secure
        Installations that are reached over HTTPS tell the browser to keep to it.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self.secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        trace = tracing.begin(request.headers.get("traceparent"))
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                _set_headers(headers, scope["path"], secure=self.secure)
                headers["traceparent"] = trace.header
            await send(message)

        if request.method not in SAFE_METHODS and not (is_own(request) or is_program(request)):
            detail = "Dit verzoek kwam niet van een pagina van Aanwezig zelf."
            error = NotAllowedError(detail, remedy="Ga naar de pagina in Aanwezig en probeer het daar opnieuw.")
            await problems.answer(request, error)(scope, receive, send_with_headers)
            return
        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            logger.error("unexpected error (trace %s): %s", trace.trace, frames(error))  # noqa: TRY400 (its text may hold values)
            if begun:
                raise
            await problems.answer(request, unexpected())(scope, receive, send_with_headers)


def unexpected() -> AanwezigError:
    """Return what a user is told when we do not know ourselves."""
    return AanwezigError(
        "Er ging bij ons iets mis; de beheerder kan in het logbestand zien wat.",
        remedy="Probeer het opnieuw. Blijft het misgaan, meld het dan aan uw beheerder.",
    )


def is_own(request: Request) -> bool:
    """Whether the browser says that the request comes from a page of this very host.

    Browsers send ``Sec-Fetch-Site`` over HTTPS and to localhost, and ``Origin`` with every form that is posted; a
    request that has neither does not come from a form of ours.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    try:
        return bool(origin) and urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:  # no browser writes such an origin
        return False


def is_program(request: Request) -> bool:
    """Whether the request proves by itself who sends it, so that no page elsewhere can send it in a person's name.

    A browser adds cookies by itself, and never a token or the proof of a client.
    """
    if "cookie" in request.headers:
        return False
    return request.url.path == TOKEN or tokens.bearer(request) is not None


def _set_headers(headers: MutableHeaders, path: str, *, secure: bool) -> None:
    for name, value in ALWAYS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", KEPT if path.startswith(STATIC) else NOT_KEPT)
    if secure:
        headers["Strict-Transport-Security"] = HSTS
    if path.startswith(API):
        headers["API-Version"] = API_VERSION
    if path == OPENAPI:
        headers["Access-Control-Allow-Origin"] = "*"  # it holds nothing of anybody, and tools elsewhere read it
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
