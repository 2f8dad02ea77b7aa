"""The documentation of the API as a page: made here from the OpenAPI document, with nothing from elsewhere and no script."""

import json
import re
from collections.abc import Iterator
from typing import Any

from fastapi import Request
from starlette.responses import Response

from service import openapi, web
from service.api.base import new_router

router = new_router()

HTML: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {}}}}
PARTS = re.compile(r"\*\*(?P<strong>.+?)\*\*|`(?P<code>.+?)`|(?P<text>[^*`]+|.)", re.DOTALL)


@router.get("/docs", include_in_schema=False, responses=HTML)
def docs(request: Request) -> Response:
    """Show what the API can do, operation by operation."""
    described = openapi.document()
    operations: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in described["tags"]}
    for path, item in described["paths"].items():
        for method, operation in item.items():
            operations[operation["tags"][0]].append({**operation, "method": method.upper(), "path": path})
    return web.render(
        request, "api_docs.html", described=described, operations=operations, paragraphs=paragraphs, shown=_shown
    )


def paragraphs(text: str) -> Iterator[list[tuple[str, str]]]:
    """Yield the paragraphs of a description as parts: ``text``, ``strong`` or ``code``; that much Markdown it knows."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        yield [(str(part.lastgroup), part[str(part.lastgroup)]) for part in PARTS.finditer(paragraph)]


def _shown(example: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    return example if isinstance(example, str) else json.dumps(example, indent=1, ensure_ascii=False)
