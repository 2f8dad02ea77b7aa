"""The OpenAPI document: the API as it answers, complete with an example of everything.

``python -m service.openapi`` prints it, without a database.
"""

import json
import sys
from functools import lru_cache
from typing import Any

from fastapi.openapi.utils import get_openapi

from service import api
from service.examples import example
from service.front import headers
from service.front.problems import MEDIA_TYPE, Problem
from service.viewer import Permission

TITLE = "Aanwezig"
DESCRIPTION = """\
Weekly attention lists on school attendance: for each pupil the calibrated probability, its exact parts, the reasons in plain
Dutch, and the thresholds that were reached. Names of resources and fields are Dutch, as on the page.

**Who may have what** hangs on the role of whoever asks, and on its schools and groups. What lies outside does not exist (404).
What the role may not do at all is 403. Every pupil that is read is one line in the audit, whoever reads.

**Errors** are `application/problem+json` (RFC 9457), with everything that is wrong with a request at once in `fouten`.

**Pages** follow `_links.volgende`. A cursor is opaque and stays valid. **Nothing is missed** by a program that keeps
`_links.bijgewerkt` and asks for it again later.

**Versions**: the major version is in the address, the full one in `API-Version`. Within a major version fields and
operations are only added, so a client leaves out what it does not know. What will end is announced in the changelog at least
six months ahead, and says so itself in `Deprecation` (RFC 9745) and `Sunset` (RFC 8594).
"""
CONTACT = {"name": "Aanwezig", "url": "https://aanwezig.example", "email": "beheer@aanwezig.example"}
"""Reserved names: who runs the service is known where it runs, and puts its own address in front."""

LICENSE = {"name": "EUPL-1.2", "url": "https://joinup.ec.europa.eu/collection/eupl/eupl-text-eupl-12"}
VERSION_IN_PATH = "/api/v1"
TAGS = {
    "weeklijsten": "The weekly list of a school, as published. It never changes: a correction is a new edition.",
    "signalen": "One pupil on one list: probability, exact contributions, sentences, thresholds.",
    "opvolgingen": "What people do about a signal: planned, done, and what came of it.",
    "verzuimmeldingen": "Legal duties to report unauthorised absence, for attendance officers.",
    "regiobeelden": "The region in counts that say nothing of small groups.",
    "dossiers": "Pupils whom a school brought before the alliance: on a ground, and until a day.",
    "scores": "Scores of pupils whose absence history is sent along; nothing of it is kept.",
    "leveringen": "Files that are handed in, and what became of them.",
    "logboek": "Who did or saw what, of whom, and to what end.",
    "modellen": "What makes the lists: figures, signatures, and the scorecard itself.",
    "gezondheid": "Whether the service is alive, and ready.",
}
VERSION_HEADER = {"schema": {"type": "string"}, "description": "semver of the API", "example": headers.API_VERSION}
TAG_HEADER = {"schema": {"type": "string"}, "description": "strong; send it back as `If-None-Match`"}
AS_THEY_ARE = frozenset({"example", "examples", "default"})
NOT_DESCRIBED = ("HTTPValidationError", "ValidationError")


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Describe the API as it answers: errors are problems, invalid input is 400, and nothing is without an example."""
    described = get_openapi(
        title=TITLE,
        version=headers.API_VERSION,
        description=DESCRIPTION,
        license_info=LICENSE,
        servers=[{"url": VERSION_IN_PATH, "description": "this installation"}],
        routes=[route for router in api.ROUTERS for route in router.routes],
    )
    described["info"]["contact"] = CONTACT  # given as a parameter it asks for a library that checks addresses
    schemas = described["components"]["schemas"]
    for name in NOT_DESCRIBED:
        schemas.pop(name, None)
    schemas |= _problem()
    described["components"]["securitySchemes"] = _security()
    described["security"] = [{"oauth2": []}, {"token": []}, {"session": []}]
    described["paths"] = {_within_version(path): item for path, item in described["paths"].items()}
    for item in described["paths"].values():
        for operation in item.values():
            _complete(operation, schemas)
    used = {tag for item in described["paths"].values() for one in item.values() for tag in one.get("tags", ())}
    described["tags"] = [{"name": tag, "description": TAGS.get(tag, tag)} for tag in sorted(used)]
    return dict(_joined(described))


def _joined(part: Any) -> Any:  # noqa: ANN401 - any part of the document
    """Return a part in which a simple type or null is one type with two names, as tools and the design rules like it."""
    if isinstance(part, list):
        return [_joined(one) for one in part]
    if not isinstance(part, dict):
        return part
    match part.get("anyOf"):
        case [{"type": str(kind), **rest}, {"type": "null"}] if "enum" not in rest and "const" not in rest:
            part = {"type": [kind, "null"], **rest, **{name: one for name, one in part.items() if name != "anyOf"}}
    return {name: one if name in AS_THEY_ARE else _joined(one) for name, one in part.items()}


def _within_version(path: str) -> str:
    return path.removeprefix(VERSION_IN_PATH)


def _problem() -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs", {}), "Problem": schema}


def _security() -> dict[str, Any]:
    scopes = {str(permission): permission.name.lower().replace("_", " ") for permission in Permission}
    return {
        "oauth2": {
            "type": "oauth2",
            "description": "for programs: a secret, or a key (private_key_jwt)",
            "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": scopes}},
        },
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "session": {"type": "apiKey", "in": "cookie", "name": "__Host-aanwezig", "description": "people who signed in"},
    }


def _complete(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Add what no route says by itself."""
    operation["responses"].pop("422", None)
    for parameter in operation.get("parameters", ()):
        if shown := example(parameter["schema"], schemas):  # a cursor has none: it is opaque
            parameter.setdefault("example", shown)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        _show(content, schemas)
    for status, answer in operation["responses"].items():
        answer.setdefault("headers", {})["API-Version"] = VERSION_HEADER
        if "304" in operation["responses"] and status in {"200", "304"}:
            answer["headers"].setdefault("ETag", TAG_HEADER)
        for media_type, content in answer.get("content", {}).items():
            _show(content, schemas, status=int(status) if media_type == MEDIA_TYPE else None)


def _show(content: dict[str, Any], schemas: dict[str, Any], *, status: int | None = None) -> None:
    """Give one content its example."""
    if "example" in content or "examples" in content or not content.get("schema"):
        return
    shown = example(content["schema"], schemas)
    if status is not None:
        shown |= {"status": status}
    content["example"] = shown


def main() -> None:
    """Print the document."""
    sys.stdout.write(json.dumps(document(), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
