"""What all routes of the API have in common: where they are, what they refuse, how ids look, and which errors they give."""

import inspect
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from service.front import turns
from service.front.negotiation import JSON, must_be_acceptable, must_be_json, must_be_plain
from service.front.problems import responses

PREFIX = "/api/v1"

OpaqueId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9_-]{1,32}$", description="opaque id", examples=["mB3x0GQ3TzqH1v4rYk2c8A"])
]
WITHOUT_ID = responses(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
WITH_ID = WITHOUT_ID | responses(HTTPStatus.NOT_FOUND)
WITH_BODY = responses(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
WRITES = responses(HTTPStatus.CONFLICT)
UNCHANGED: dict[int | str, dict[str, Any]] = {
    HTTPStatus.NOT_MODIFIED: {"description": "the same as under the ETag that was sent"}
}
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
SINCE, CURSOR = "gewijzigdSinds", "cursor"


class Resource(BaseModel):
    """Snake case here, camel case outside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


@dataclass(frozen=True)
class AsDescribed:
    """Marks a body that is taken by the names of the description only; in Python its class takes ours too."""

    def __get_pydantic_core_schema__(self, source: type[Resource], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read what was sent before anything else does."""

        def read(value: object) -> Resource:
            return source.model_validate(value, by_alias=True, by_name=False)

        return core_schema.no_info_before_validator_function(read, handler(source))


Asked = TypeVar("Asked", bound=Resource)
Body = Annotated[Asked, AsDescribed()]


class Link(Resource):
    """Where something else is found."""

    href: str = Field(examples=["/api/v1/weeklijsten/mB3x0GQ3TzqH1v4rYk2c8A"])


class Operation(APIRoute):
    """A route that answers only what it understood: no parameter it has none of, no media type it does not speak."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - what APIRoute takes
        options["operation_id"] = options.get("operation_id") or to_camel(endpoint.__name__)
        options["summary"] = options.get("summary") or (endpoint.__doc__ or "").partition("\n")[0].rstrip(".")
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        """Handle a request, or say everything that is wrong with it at once."""
        handle, checked = super().get_route_handler(), self._checked()
        known, given = frozenset(_query_names(self.dependant)), self._given()
        takes_body = self.body_field is not None or "requestBody" in (self.openapi_extra or {})
        reads = self.methods == {"GET"} and not inspect.iscoroutinefunction(self.endpoint) and self._is_guarded()
        takes_json = self.body_field is not None and "json" in str(
            getattr(self.body_field.field_info, "media_type", "")
        )

        async def strict(request: Request) -> Response:
            must_be_acceptable(request.headers.get("accept"), given)
            if takes_body:
                must_be_plain(request.headers.getlist("content-encoding"))
            if takes_json:
                must_be_json(request.headers.get("content-type"))
            errors = list(_ill_asked(request, known))
            if not errors:
                async with turns.of(request.app) if reads else nullcontext():
                    return await _readable(handle, request)
            try:
                await _readable(checked, request)
            except RequestValidationError as error:
                errors = [*error.errors(), *errors]
            raise RequestValidationError(errors)

        return strict

    def _is_guarded(self) -> bool:
        """Whether somebody has to be signed in: whoever watches the service waits for nobody."""
        return (self.openapi_extra or {}).get("security") != []

    def _given(self) -> tuple[str, ...]:
        """Return the media types of a good answer."""
        documented = [self.responses[status].get("content", {}) for status in self.responses if str(status) < "3"]
        return (JSON, *(media_type for content in documented for media_type in content))

    def _checked(self) -> Handler:
        """Return the same route with nothing behind it: it finds every other error of a request, and does nothing."""

        def nothing(**_: object) -> Response:
            return Response()

        # Not `wraps`: of an endpoint that is awaited, this would then be awaited too.
        nothing.__signature__ = inspect.signature(self.endpoint)  # type: ignore[attr-defined]
        return APIRoute(self.path, nothing, response_model=None, methods=self.methods).get_route_handler()


async def _readable(handle: Handler, request: Request) -> Response:
    """Handle a request; a body that the framework fails to read is told as any other that is no JSON."""
    try:
        return await handle(request)
    except HTTPException as error:
        if isinstance(error.__cause__, ValueError | RecursionError):  # not UTF-8, too long a number, or too deep
            raise RequestValidationError([{"type": "json_invalid", "loc": ("body",), "msg": ""}]) from None
        raise


def _ill_asked(request: Request, known: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield what is wrong with a query as a whole: what would be left out without a word, gives another answer."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    for name, times in given.items():
        if name not in known:
            yield {"type": "extra_forbidden", "loc": ("query", name), "msg": ""}
        elif times > 1:
            yield {"type": "repeated", "loc": ("query", name), "msg": ""}
    if {SINCE, CURSOR} <= given.keys() & known:
        yield {"type": "since_with_cursor", "loc": ("query", SINCE), "msg": ""}


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (info.alias or name for name, info in kind.model_fields.items())
        else:
            yield field.alias
    for inner in dependant.dependencies:
        yield from _query_names(inner)


class ApiRouter(APIRouter):
    """Routes of the API: whoever asks for a page is told at once that it is not among them."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Look for a route only where it can be."""
        return super().matches(scope) if scope["path"].startswith(PREFIX) else (Match.NONE, {})


def new_router() -> APIRouter:
    """Return the router of one kind of resource."""
    return ApiRouter(prefix=PREFIX, route_class=Operation)


OPEN_TO_ALL: dict[str, Any] = {"security": []}
