"""Turns a template and its values into a page."""

import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from service import words
from service.viewer import ROLES, Permission, Viewer

STATIC = Path(__file__).parent / "static"

MENU: tuple[tuple[str, str, Permission | None], ...] = (
    ("Weeklijst", "/weeklijst", Permission.READ_LISTS),
    ("Opvolging", "/opvolging", Permission.READ_FOLLOW_UPS),
    ("School", "/school", Permission.READ_LISTS),
    ("Rechten", "/rechten", Permission.READ_RIGHTS),
    ("Regio", "/regio", Permission.READ_REGION),
    ("Dossiers", "/dossiers", Permission.OPEN_CASES),
    ("Dossiers", "/dossiers", Permission.READ_CASES),
    ("Verzuimmeldingen", "/verzuimmeldingen", Permission.READ_DUTIES),
    ("Model", "/model", Permission.READ_MODEL),
    ("Logboek", "/logboek", Permission.READ_AUDIT),
    ("Bewaren", "/beheer/bewaren", Permission.READ_AUDIT),
    ("Beheer", "/beheer", Permission.READ_MANAGEMENT),
    ("Beheer", "/beheer", Permission.WRITE_PLAYBOOK),
    ("Uitleg", "/uitleg", None),
)
"""The pages of the menu, in order, and what somebody must be allowed to do to see each of them there."""


def static(name: str) -> str:
    """Return the address of a static file, with a digest of its content so that a browser may keep it."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("service"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "day": words.day,
        "long_day": words.long_day,
        "week": words.week,
        "moment": words.moment,
        "number": words.number,
        "percent": words.percent,
    }
    environment.globals |= {
        "words": words,
        "styles": static("aanwezig.css"),
        "icon": static("icon.svg"),
        "count": words.count,
    }
    return environment


ENVIRONMENT = _environment()


def render(
    request: Request,
    template: str,
    *,
    status: int = HTTPStatus.OK,
    **values: Any,  # noqa: ANN401
) -> HTMLResponse:
    """Return the page `template` with `values`; ``viewer`` may be left out where nobody is signed in."""
    page = ENVIRONMENT.get_template(template)
    viewer: Viewer | None = values.setdefault("viewer", None)
    if viewer is not None:
        values["role"] = ROLES[viewer.role]
        values["menu"] = [(label, to) for label, to, needed in MENU if needed is None or viewer.may(needed)]
    return HTMLResponse(page.render(path=request.url.path, **values), status)
