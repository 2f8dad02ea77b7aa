"""How a resource goes out: JSON, written once, under a strong ETag."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from pydantic_core import to_json
from starlette.responses import Response

from service.api.base import Resource
from service.front.negotiation import JSON

TAG_BYTES = 12
OF_CONTENT = frozenset({"content-type", "content-length"})


def answer(
    request: Request,
    resource: Resource | Mapping[str, Any],
    *,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer `request` with `resource`; one that reads may be told that it has that already.

    The tag is a digest of the very bytes, so whatever may differ (what the viewer may see, a name, a version of the API)
    differs in it too. What was read to get here is in the audit either way.
    """
    body = to_json(resource, by_alias=True)
    return answer_json(request, body, status=status, headers=headers)


def answer_json(
    request: Request, body: bytes, *, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer `request` with JSON that is written already, as `answer` does."""
    if request.method != "GET":
        return Response(body, status, headers, JSON)
    tag = f'"{digest(body)}"'
    found = Response(body, status, {**(headers or {}), "ETag": tag}, JSON)
    return unchanged(found) if has(request, tag) else found


def digest(body: bytes) -> str:
    """Return what tells this body from any other."""
    return hashlib.blake2b(body, digest_size=TAG_BYTES).hexdigest()


def unchanged(found: Response) -> Response:
    """Return what says that the client has `found` already."""
    headers = {name: value for name, value in found.headers.items() if name not in OF_CONTENT}
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)


def has(request: Request, tag: str) -> bool:
    """Whether whoever made `request` says to have what has this tag."""
    if_none_match = request.headers.get("if-none-match")
    if if_none_match is None:
        return False
    held = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return tag in held or held == ["*"]
