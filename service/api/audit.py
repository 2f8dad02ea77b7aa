"""The audit, for the privacy officer: who saw what, of whom, and why; also as Logboek Dataverwerkingen."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, ClassVar

from fastapi import Query, Request
from pydantic import ConfigDict, Field, TypeAdapter
from starlette.responses import Response

from data_contracts.identifiers import PUPIL_PATTERN, SCHOOL_PATTERN
from service import audit, auth, logbook
from service.api.answers import answer
from service.api.base import UNCHANGED, WITH_BODY, WITHOUT_ID, Body, Link, Resource, new_router
from service.api.paging import MOST, After, Amount, Cursor, Key, links
from service.audit import AuditEvent, Wanted
from service.front import headers
from service.front.entitled import needs
from service.front.negotiation import JSON, preferred
from service.moments import Moment
from service.viewer import Permission

router = new_router()

READ = needs(Permission.READ_AUDIT)
NDJSON = "application/x-ndjson"
DESCRIBED: dict[int | str, dict[str, Any]] = {
    HTTPStatus.OK: {
        "content": {
            NDJSON: {"schema": {"type": "string", "description": "a record of Logboek Dataverwerkingen a line"}}
        },
        "headers": {"Link": {"schema": {"type": "string"}, "description": "rel=next: the next page of NDJSON"}},
    }
}

From = Annotated[
    Moment | None, Query(alias="vanaf", description="at this moment or later", examples=["2026-11-16T00:00:00Z"])
]
Until = Annotated[
    Moment | None, Query(alias="tot", description="before this moment", examples=["2026-11-17T00:00:00Z"])
]


class AuditCursor(Cursor):
    """The newest first."""

    shapes: ClassVar[Mapping[str, TypeAdapter[Any]]] = {"at": TypeAdapter(tuple[Moment, Key])}


class Logregel(Resource):
    """One line: who did what, of whom, in which role and to what end."""

    id: str = Field(examples=["mB3x0GQ3TzqH1v4rYk2c8A"])
    tijdstip: datetime = Field(examples=["2026-11-16T07:31:20Z"])
    medewerker: str = Field(description="opaque id of the person or program", examples=["Qh7kT2mXw0vB9sLz4cYf1A"])
    rol: str = Field(examples=["zorgcoördinator"])
    handeling: str = Field(examples=["leerling geopend"])
    doel: str = Field(examples=["begeleiding van leerlingen"])
    verwerkingsactiviteit: str = Field(examples=["begeleiding"])
    school: str | None = Field(examples=["11ZZ03"])
    leerling: str | None = Field(description="pseudonym", examples=["pahsihwbnepg3eqqyupsqqwskrl"])
    voorwerp: str | None = Field(description="opaque id of what was touched", examples=["vT9mB3x0GQ3TzqH1v4rYk2"])
    spoor: str | None = Field(description="trace id (W3C)", examples=["4bf92f3577b34da6a3ce929d0e0e4736"])


class Logboek(Resource):
    """A page of lines, newest first."""

    logregels: list[Logregel]
    links: dict[str, Link] = Field(alias="_links")


class LogboekZoekvraag(Resource):
    """Which lines are looked for: those to which everything that is given applies."""

    model_config = ConfigDict(extra="forbid")

    leerling: Annotated[str, Field(pattern=PUPIL_PATTERN)] | None = Field(
        default=None, description="pseudonym", examples=["pahsihwbnepg3eqqyupsqqwskrl"]
    )
    school: Annotated[str, Field(pattern=SCHOOL_PATTERN)] | None = Field(default=None, examples=["11ZZ03"])
    vanaf: Moment | None = Field(default=None, description="at this moment or later", examples=["2026-11-16T00:00:00Z"])
    tot: Moment | None = Field(default=None, description="before this moment", examples=["2026-11-17T00:00:00Z"])


@router.get(
    "/logboek",
    tags=["logboek"],
    operation_id="audit",
    summary="The audit",
    responses=WITHOUT_ID | UNCHANGED | DESCRIBED,
    response_model=Logboek,
    openapi_extra=READ,
)
def list_audit(
    request: Request, since: From = None, until: Until = None, cursor: After[AuditCursor] = None, amount: Amount = MOST
) -> Response:
    """Return lines of the audit of your schools, newest first. That you read it becomes a line too.

    As `application/x-ndjson` the same lines are records of the standard Logboek Dataverwerkingen, without who looked.
    """
    return _page(request, Wanted(since=since, until=until, after=_after(cursor)), amount)


@router.post(
    "/logboek/_zoek",
    tags=["logboek"],
    operation_id="searchAudit",
    summary="Look in the audit",
    responses=WITHOUT_ID | WITH_BODY | DESCRIBED,
    response_model=Logboek,
    openapi_extra=READ,
)
def search_audit(
    request: Request, wanted: Body[LogboekZoekvraag], cursor: After[AuditCursor] = None, amount: Amount = MOST
) -> Response:
    """Look for lines, for instance of one pupil: who saw what of her. A pupil is named in the body, never in an address.

    Follow `_links.volgende` with the same body.
    """
    asked = Wanted(
        since=wanted.vanaf, until=wanted.tot, school=wanted.school, subject=wanted.leerling, after=_after(cursor)
    )
    return _page(request, asked, amount)


def _after(cursor: AuditCursor | None) -> tuple[datetime, str] | None:
    return None if cursor is None else (cursor.values[0], cursor.values[1])


def _page(request: Request, wanted: Wanted, amount: int) -> Response:
    form = preferred(request.headers.get("accept"), (JSON, NDJSON))
    with auth.asking(request) as (viewer, session):
        events = audit.events(viewer, session, limit=amount, wanted=wanted)
    following = AuditCursor("at", events[-1].at, events[-1].id) if len(events) == amount else None
    linked = links(request, following=following)
    if form == NDJSON:
        return _ndjson(events, linked.get("volgende"))
    return answer(request, Logboek(logregels=[_logregel(one) for one in events], links=linked))


def _ndjson(events: Sequence[AuditEvent], following: Link | None) -> Response:
    records = (logbook.record(one, version=headers.API_VERSION) for one in events)
    lines = "".join(f"{one.model_dump_json(exclude_none=True)}\n" for one in records)
    more = {} if following is None else {"Link": f'<{following.href}>; rel="next"'}
    return Response(lines, HTTPStatus.OK, more, NDJSON)


def _logregel(one: AuditEvent) -> Logregel:
    return Logregel(
        id=one.id,
        tijdstip=one.at,
        medewerker=one.actor,
        rol=one.role,
        handeling=one.action,
        doel=one.purpose,
        verwerkingsactiviteit=logbook.activity_of(one.code).id,
        school=one.school,
        leerling=one.subject,
        voorwerp=one.object,
        spoor=one.trace,
    )
