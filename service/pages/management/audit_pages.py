"""The audit for the privacy officer: who saw or did what, looked for, kept as a file, and added up.

What is looked for goes along in the body of a form, never in an address: a pseudonym or a colleague would otherwise stand
in histories and logs.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from data_contracts.errors import UsageError
from data_contracts.identifiers import PUPIL_PATTERN, SCHOOL_PATTERN
from service import audit, audit_sums, auth, scope, web, words
from service.audit import LABELS, MACHINE, Action, AuditEvent, Wanted
from service.front.entitled import needs
from service.viewer import ROLES, Permission, Role, Viewer
from service.who import overseeing

router = APIRouter(include_in_schema=False)

PAGE = "/logboek"
READ = needs(Permission.READ_AUDIT)
LINES = 100
MOST_LINES = 50_000
"""In one file: more than a school has in a year."""
LATELY = timedelta(days=30)
"""What is added up, and how long it is shown that somebody gave themselves access."""
FIRST, LAST = date(2000, 1, 1), date(2200, 1, 1)
"""Between these lies every day of the audit, whatever somebody types."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would reckon with; our own texts never begin so."""

Short = Annotated[str, Field(max_length=64)]


class Asked(BaseModel):
    """The form as it was sent; an empty field asks for everything."""

    school: Short = ""
    rol: Short = ""
    handeling: Short = ""
    wie: Short = ""
    leerling: Short = ""
    vanaf: Short = ""
    tot: Short = ""
    na_moment: Short = ""
    na_regel: Short = ""

    def wanted(self) -> Wanted:
        """Return which lines are asked for.

        Raises
        ------
        UsageError
            A field is not what it should be.
        """
        after = (_moment(self.na_moment), self.na_regel) if self.na_moment else None
        until = _day(self.tot, "tot en met")
        return Wanted(
            since=_begin(_day(self.vanaf, "vanaf")),
            until=None if until is None else _begin(until + timedelta(days=1)),
            school=_formed(self.school, SCHOOL_PATTERN, "school"),
            subject=_formed(self.leerling, PUPIL_PATTERN, "leerling (pseudoniem)"),
            role=_one_of(self.rol, {*Role, MACHINE}, "rol"),
            action=_one_of(self.handeling, set(LABELS), "wat"),
            actor=self.wie.strip() or None,
            after=after,
        )


@dataclass(frozen=True)
class Line:
    """One line, with the name of who acted where that is known."""

    event: AuditEvent
    who: str


@router.get(PAGE)
def audit_page(request: Request) -> Response:
    """Show the newest lines of the audit."""
    return _page(request, Asked())


@router.post(PAGE, openapi_extra=READ)
def search_page(request: Request, asked: Annotated[Asked, Form()]) -> Response:
    """Show the lines that are asked for."""
    return _page(request, asked)


@router.post(PAGE + ".csv", openapi_extra=READ)
def audit_file(request: Request, asked: Annotated[Asked, Form()]) -> Response:
    """Give the lines that are asked for as a file; that is a line of its own."""
    with auth.asking(request) as (viewer, session):
        wanted = asked.wanted()
        events = audit.events(viewer, session, limit=MOST_LINES, wanted=wanted, action=Action.AUDIT_EXPORTED)
    lines = _lines(viewer, request, events)
    name = f"logboek-{scope.today()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(_csv(lines), headers=headers, media_type="text/csv; charset=utf-8")


@router.get(PAGE + "/overzicht")
def overview_page(request: Request) -> Response:
    """Show who looked most, and who has access to what."""
    with auth.asking(request) as (viewer, session):
        looked = audit_sums.looked_most(viewer, session, since=_begin(scope.today() - LATELY))
    engine = auth.installation(request).engine
    names = overseeing.names(viewer, engine, [one.actor for one in looked])
    sights = overseeing.sights(viewer, engine)
    return web.render(
        request,
        "management/audit_overview.html",
        viewer=viewer,
        looked=[(names.get(one.actor, one.actor), one) for one in looked],
        schools={school: [one for one in sights if one.school == school] for school in _schools(sights)},
        days=LATELY.days,
    )


def _page(request: Request, asked: Asked) -> Response:
    events: tuple[AuditEvent, ...] = ()
    error: UsageError | None = None
    with auth.asking(request) as (viewer, session):
        viewer.must(Permission.READ_AUDIT)
        try:
            events = audit.events(viewer, session, limit=LINES + 1, wanted=asked.wanted())
        except UsageError as wrong:
            error = wrong
        own = audit_sums.given_to_self(viewer, session, since=_begin(scope.today() - LATELY))
    engine = auth.installation(request).engine
    sights = overseeing.sights(viewer, engine)
    shown, more = events[:LINES], len(events) > LINES
    return web.render(
        request,
        "management/audit.html",
        status=200 if error is None else error.status,
        viewer=viewer,
        asked=asked,
        error=error,
        lines=_lines(viewer, request, shown),
        following=shown[-1] if more else None,
        own=_lines(viewer, request, own),
        roles=[*((role.value, ROLES[role].label) for role in Role), (MACHINE, "programma of beheer van de server")],
        actions=sorted(LABELS.items(), key=lambda one: one[1]),
        people=sorted({(one.person, one.name) for one in sights}, key=lambda one: one[1]),
        schools=[(one, one) for one in _schools(sights) if one is not None],
        asked_for=asked.model_dump(),
    )


def _lines(viewer: Viewer, request: Request, events: Iterable[AuditEvent]) -> list[Line]:
    each = list(events)
    names = overseeing.names(viewer, auth.installation(request).engine, [one.actor for one in each])
    return [Line(one, names.get(one.actor, one.actor)) for one in each]


def _schools(sights: Iterable[overseeing.Sight]) -> list[str | None]:
    found = {one.school for one in sights}
    return [*([None] if None in found else []), *sorted(one for one in found if one is not None)]


def _csv(lines: Iterable[Line]) -> str:
    text = io.StringIO()
    text.write("\ufeff")  # a spreadsheet would otherwise read the Dutch words as another alphabet
    table = csv.writer(text, delimiter=";")
    table.writerow(["moment", "wat", "wie", "rol", "doel", "school", "leerling", "bijzonderheden"])
    for line in lines:
        table.writerow([_harmless(cell) for cell in _cells(line)])
    return text.getvalue()


def _cells(line: Line) -> Iterator[str]:
    one = line.event
    yield one.at.astimezone(words.ZONE).isoformat(timespec="seconds")
    yield from (one.action, line.who, one.role, one.purpose, one.school or "", one.subject or "", one.detail or "")


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _begin(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), words.ZONE)


def _day(text: str, name: str) -> date | None:
    if not text.strip():
        return None
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        found = date.min
    if not FIRST <= found <= LAST:
        raise _wrong(name, "Schrijf een datum zoals 2026-11-16.")
    return found


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min  # noqa: DTZ901 (refused below)
    if found.tzinfo is None or not FIRST <= found.date() <= LAST:
        what = "de volgende bladzijde"
        raise _wrong(what, "Begin opnieuw bij de eerste.")
    return found


def _formed(text: str, pattern: str, name: str) -> str | None:
    if not text.strip():
        return None
    if not re.fullmatch(pattern, text.strip()):
        raise _wrong(name, "Neem hem over uit het logboek.")
    return text.strip()


def _one_of(text: str, known: set[str], name: str) -> str | None:
    if not text:
        return None
    if text not in known:
        raise _wrong(name, "Kies uit de lijst.")
    return text


def _wrong(name: str, remedy: str) -> UsageError:
    return UsageError(f"Bij {name} staat iets wat wij niet kennen.", remedy=remedy)
