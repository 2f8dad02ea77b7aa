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
    tag = f'"{hashlib.blake2b(body, digest_size=TAG_BYTES).hexdigest()}"'
    headers = {**(headers or {}), "ETag": tag}
    if _has(request.headers.get("if-none-match"), tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, status, headers, JSON)


def _has(if_none_match: str | None, tag: str) -> bool:
    if if_none_match is None:
        return False
    held = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return tag in held or held == ["*"]
