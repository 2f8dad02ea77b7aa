"""The addresses of our own issuer. Errors here are those of OAuth, since that is what its clients read."""

import logging
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import JSONResponse, Response

from data_contracts.errors import StorageError
from service import auth, db
from service.who import issuer
from service.who.issuer import Asked, OAuthError

router = APIRouter(include_in_schema=False)
logger = logging.getLogger(__name__)


@router.get("/.well-known/oauth-authorization-server")
def metadata(request: Request) -> Response:
    """Say where tokens are given, and how."""
    return JSONResponse(issuer.metadata(auth.installation(request).settings.public_url))


@router.get("/.well-known/jwks.json")
def keys(request: Request) -> Response:
    """Give the public keys with which our tokens can be checked."""
    return JSONResponse(dict(auth.installation(request).tokens.signing.ring().public.as_dict()))


@router.post(issuer.TOKEN)
def token(
    request: Request,
    *,
    grant_type: Annotated[str, Form()] = "",
    scope: Annotated[str, Form()] = "",
    client_id: Annotated[str, Form()] = "",
    client_secret: Annotated[str, Form()] = "",
    client_assertion_type: Annotated[str, Form()] = "",
    client_assertion: Annotated[str, Form()] = "",
) -> Response:
    """Give a client its token."""
    here = auth.installation(request)
    authorization = request.headers.get("authorization", "")
    asked = Asked(grant_type, scope, client_id, client_secret, client_assertion_type, client_assertion, authorization)
    try:
        # In a transaction of its own: an assertion stays used, whatever becomes of the rest of the request.
        with db.transaction(here.engine) as session:
            client = issuer.authenticate(session, asked, issuer=here.settings.public_url)
        with db.transaction(here.engine) as session:
            return JSONResponse(dict(issuer.issue(session, asked, client=client, here=here)))
    except OAuthError as error:
        headers = {"WWW-Authenticate": 'Basic realm="aanwezig"'} if error.status == HTTPStatus.UNAUTHORIZED else None
        return _refusal(error.error, error.description, error.status, headers)
    except StorageError:
        logger.exception("no token could be given")
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return _refusal("temporarily_unavailable", "Probeer het over een minuut opnieuw.", status)


def _refusal(error: str, description: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status, headers)
