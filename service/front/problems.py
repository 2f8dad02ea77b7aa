"""Errors, told to whom they concern: problem+json under /api, a page that helps everywhere else."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, IntegrityError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from data_contracts.errors import AanwezigError, ChangedMeanwhileError, NotFoundError, SignInError, UsageError
from service import web
from service.front import entitled, logs, mistakes, tracing, verbs
from service.front.limits import LaterError
from service.who import tokens

logger = logging.getLogger(__name__)

API = "/api/"
MEDIA_TYPE = "application/problem+json"
OF_THE_REQUEST = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_ACCEPTABLE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.PRECONDITION_REQUIRED,
    }
)
"""Answers that say how a request should have been."""


class FieldError(BaseModel):
    """One part of the request that is not right."""

    plaats: str = Field(description="where: query, path or body", examples=["query"])
    naam: str = Field(description="which field", examples=["week"])
    detail: str = Field(description="what is wrong with it")


class Problem(BaseModel):
    """An error as RFC 9457 has it."""

    type: str = Field(default="about:blank")
    title: str = Field(examples=["Niet gevonden"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["Wij kunnen deze weeklijst niet vinden."])
    instance: str = Field(description="the path that was asked for")
    oplossing: str | None = Field(default=None, description="what to do about it")
    fouten: list[FieldError] | None = Field(default=None, description="every field that is wrong, at once")


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of the errors with `statuses`."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: schema}} for status in statuses}


def answer(request: Request, error: AanwezigError, *, fields: Sequence[FieldError] = ()) -> Response:
    """Tell `error` to whoever made `request`; what is for who runs this machine goes to the log, and not outside."""
    error = outside(error)
    if isinstance(error, SignInError) and request.method == "GET" and not request.url.path.startswith(API):
        return RedirectResponse(f"/aanmelden?naar={quote(_local(request))}", HTTPStatus.SEE_OTHER)
    if request.url.path.startswith(API):
        response = _as_problem(request, error, fields)
    else:
        response = web.render(request, "problem.html", status=error.status, error=error, fields=fields)
    if isinstance(error, LaterError):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def outside(error: AanwezigError) -> AanwezigError:
    """Return `error` as it may be told outside; where that is not all of it, the log has the rest."""
    if error.is_inside:
        logger.error("%s (trace %s)", error, tracing.current().trace)
    return error.for_outside()


def wrong(request: Request, error: AanwezigError, *, fields: Sequence[FieldError] = ()) -> Response:
    """Tell what is wrong with `request` to who may make it at all; the others hear that they may not."""
    refusal = entitled.refusal(request)
    return answer(request, error, fields=fields) if refusal is None else answer(request, refusal)


def _local(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return request.url.path + query


def _as_problem(request: Request, error: AanwezigError, fields: Sequence[FieldError]) -> Response:
    problem = Problem(
        title=error.title,
        status=error.status,
        detail=error.detail,
        instance=request.url.path,
        oplossing=error.remedy or None,
        fouten=list(fields) or None,
    )
    asked = tokens.challenge(error)
    headers = {"WWW-Authenticate": asked} if asked else None
    return JSONResponse(problem.model_dump(exclude_none=True), error.status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Have `app` answer its errors through this module."""

    @app.exception_handler(AanwezigError)
    def _ours(request: Request, error: AanwezigError) -> Response:
        return (wrong if error.status in OF_THE_REQUEST else answer)(request, error)

    @app.exception_handler(DataError)
    def _not_to_be_kept(request: Request, error: DataError) -> Response:
        logger.warning(
            "the database does not take a value: %s", type(error.orig).__name__
        )  # its text may hold the value
        detail = "In dit verzoek staat een teken of getal dat wij niet kunnen bewaren."
        remedy = "Haal onzichtbare tekens weg, bijvoorbeeld door de tekst opnieuw te typen."
        return answer(request, UsageError(detail, remedy=remedy))

    @app.exception_handler(IntegrityError)
    def _at_once(request: Request, error: IntegrityError) -> Response:
        logger.warning("two requests at once: %s", logs.constraint_of(error))
        detail = "Dit is op hetzelfde moment ook door een ander verzoek gedaan, en daarom hier niet."
        return answer(request, ChangedMeanwhileError(detail, remedy="Bekijk wat er nu staat en probeer het opnieuw."))

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> Response:
        fields = [_field(one) for one in error.errors()]
        usage = UsageError("Dit verzoek klopt niet.", remedy="Verbeter de genoemde velden en probeer het opnieuw.")
        return wrong(request, usage, fields=fields)

    @app.exception_handler(HTTPException)
    def _of_the_framework(request: Request, error: HTTPException) -> Response:
        translated = _translated(error)
        response = (wrong if translated.status in OF_THE_REQUEST else answer)(request, translated)
        response.headers.update(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:  # the framework names the verbs of one route of several
            response.headers["Allow"] = verbs.allowed(request.scope)
        return response


def _field(error: dict[str, Any]) -> FieldError:
    place, *names = error["loc"]
    return FieldError(plaats=str(place), naam=".".join(map(str, names)), detail=mistakes.said(error))


class MethodError(UsageError):
    """The address exists, but not for this verb."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    title = "Zo kan dit niet"


def _translated(error: HTTPException) -> AanwezigError:
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = "Dit adres bestaat niet."
        return NotFoundError(detail, remedy="Controleer het adres, of begin opnieuw bij de weeklijst.")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = "Dit adres kent deze handeling niet."
        return MethodError(detail, remedy="Gebruik de knoppen en koppelingen op de pagina.")
    detail = "Dit verzoek konden wij niet lezen."
    return UsageError(detail, remedy="Probeer het opnieuw vanaf de pagina zelf.")
