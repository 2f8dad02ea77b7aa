"""Deliveries over the API: hand in a file, and see what became of it."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, ClassVar

from fastapi import Query, Request, Response
from pydantic import Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from data_contracts.errors import UsageError
from data_contracts.identifiers import SCHOOL_PATTERN
from data_contracts.quality import Finding, QualityReport
from service import auth, inbox, words
from service.api.answers import answer
from service.api.base import (
    PREFIX,
    UNCHANGED,
    WITH_BODY,
    WITH_ID,
    WITHOUT_ID,
    WRITES,
    Link,
    OpaqueId,
    Resource,
    new_router,
)
from service.api.paging import MOST, After, Amount, Cursor, Key, links
from service.api.resources import Kwaliteit
from service.front.entitled import needs
from service.front.negotiation import MediaTypeError
from service.front.problems import responses
from service.inbox import Format, Kind, Status
from service.moments import Moment
from service.tables import DeliveryRow
from service.viewer import Permission

router = new_router()
router.tags = ["leveringen"]

ORDER = "leveringen"
OCTETS = "application/octet-stream"
BODY: dict[str, Any] = needs(Permission.DELIVER) | {
    "requestBody": {
        "required": True,
        "description": "the file itself",
        "content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}},
    }
}
ACCEPTED_HEADERS = {"headers": {"Location": {"schema": {"type": "string"}, "description": "where its status is found"}}}
REFUSALS = responses(HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

STATUSES = {
    Status.RECEIVED: "ontvangen",
    Status.CODES: "wacht op codes",
    Status.ACCEPTED: "aangenomen",
    Status.REFUSED: "geweigerd",
    Status.FAILED: "mislukt",
}
VERDICTS = {
    "accepted": "aangenomen",
    "accepted_with_warnings": "aangenomen met opmerkingen",
    "refused": "geweigerd",
    "unchanged": "niets nieuws",
    "waiting": "wacht op codes",
}
SEVERITIES = {"error": "fout", "warning": "opmerking"}


class DeliveryCursor(Cursor):
    """The last delivery of a page: when it was received, and its id."""

    shapes: ClassVar = {ORDER: TypeAdapter(tuple[Moment, Key])}


class Bevinding(Resource):
    """One thing in the file that is wrong or odd: where, what, and what to do. Never a name or a pupil number."""

    ernst: str = Field(description="fout (refuses the file) or opmerking", examples=["fout"])
    controle: str = Field(description="short name of the check", examples=["unmapped_code"])
    regel: int | None = Field(description="as the file shows it; its header is 1", examples=[14])
    kolom: str | None = Field(examples=["kind"])
    waarde: str | None = Field(description="only where it says nothing about a person", examples=["xq"])
    melding: str = Field(examples=["de code 'xq' heeft geen betekenis"])
    oplossing: str = Field(examples=["Voeg de code toe aan het schoolbestand."])
    aantal: int = Field(description="rows that show the same", examples=[3])


class Kwaliteitsrapport(Resource):
    """What was found in one table of the file, as the batch reports it."""

    tabel: str = Field(description="empty where the file could not be read", examples=["absences"])
    bron: str = Field(examples=["magister"])
    oordeel: str = Field(examples=["aangenomen met opmerkingen"])
    rijen: int = Field(examples=[212])
    nieuw: int = Field(examples=[20])
    gewijzigd: int = Field(examples=[2])
    ingetrokken: int = Field(examples=[0])
    weggelaten: int = Field(description="rows left out, with a documented reason", examples=[1])
    bevindingen: list[Bevinding]
    kwaliteit: list[Kwaliteit] = Field(description="the last weeks of the school")


class Levering(Resource):
    """A file that was handed in, and what became of it."""

    id: str = Field(examples=["mB3x0GQ3TzqH1v4rYk2c8A"])
    school: str = Field(examples=["11ZZ03"])
    soort: str = Field(examples=["verantwoordingen"])
    formaat: str = Field(examples=["csv"])
    omvang: int = Field(description="bytes", examples=[20480])
    status: str = Field(
        description="ontvangen, wacht op codes, aangenomen, geweigerd or mislukt", examples=["aangenomen"]
    )
    ontvangen_op: datetime = Field(examples=["2026-11-16T05:12:44Z"])
    afgehandeld_op: datetime | None = Field(examples=["2026-11-16T05:13:02Z"])
    kwaliteitsrapporten: list[Kwaliteitsrapport] = Field(
        description="empty while it waits, and in the list of deliveries"
    )
    links: dict[str, Link] = Field(alias="_links")


class Leveringen(Resource):
    """Deliveries in scope, newest first."""

    leveringen: list[Levering]
    links: dict[str, Link] = Field(alias="_links", description="volgende: the next page, where there is one")


@router.post(
    "/leveringen",
    status_code=HTTPStatus.ACCEPTED,
    response_model=Levering,
    operation_id="deliver",
    summary="Hand in a file",
    responses={HTTPStatus.ACCEPTED: ACCEPTED_HEADERS} | WITH_ID | WITH_BODY | WRITES | REFUSALS,
    openapi_extra=BODY,
)
async def deliver(
    request: Request,
    school: Annotated[str, Query(pattern=SCHOOL_PATTERN, description="BRIN with location", examples=["11ZZ03"])],
    soort: Annotated[Kind, Query(description="what it holds, as its system calls it", examples=["verantwoordingen"])],
    formaat: Annotated[Format, Query(description="how it is written", examples=["csv"])],
) -> Response:
    """Keep a file, to be checked and taken in by the batch. Once it is answered, it is not lost.

    The body is the file itself. What the file says must be of this school. The same file again, while the first waits or
    within a day after it was taken in, is the same delivery.
    """
    must_be_octets(request.headers.get("content-type"))
    await run_in_threadpool(_may_deliver, request, school)  # before a byte of it is kept
    with inbox.arriving(auth.installation(request).settings.home) as arrived:
        await _take(request, arrived)
        kept = await run_in_threadpool(_keep, request, arrived, school, soort, formaat)
    return answer(
        request, _levering(kept, with_reports=True), status=HTTPStatus.ACCEPTED, headers={"Location": _path(kept)}
    )


def must_be_octets(content_type: str | None) -> None:
    """Refuse a form or a document: the body is the file as it is.

    Raises
    ------
    MediaTypeError
        It is sent as something else.
    """
    media_type = (content_type or OCTETS).partition(";")[0].strip().lower()
    if media_type != OCTETS:
        detail = "De inhoud van dit verzoek is geen los bestand (Content-Type)."
        raise MediaTypeError(detail, remedy=f"Stuur het bestand zelf als {OCTETS}, niet in een formulier.")


async def _take(request: Request, arrived: inbox.Arriving) -> None:
    try:
        async for chunk in request.stream():
            arrived.write(chunk)
    except ClientDisconnect:
        detail = "Het bestand kwam niet helemaal binnen."
        raise UsageError(detail, remedy="Controleer de verbinding en stuur het opnieuw.") from None
    await run_in_threadpool(arrived.settle)


def _may_deliver(request: Request, school: str) -> None:
    with auth.asking(request, touches_pupils=False) as (viewer, _):
        inbox.may_deliver(viewer, school)
    inbox.within_quota(auth.installation(request).engine, school, request.app.state.quota)


def _keep(request: Request, arrived: inbox.Arriving, school: str, kind: Kind, written_as: Format) -> DeliveryRow:
    home = auth.installation(request).settings.home
    with auth.asking(request) as (viewer, session):
        return inbox.keep(viewer, session, arrived, home=home, school=school, kind=kind, written_as=written_as)


@router.get(
    "/leveringen",
    operation_id="listDeliveries",
    summary="Deliveries in scope",
    response_model=Leveringen,
    responses=WITHOUT_ID | UNCHANGED,
    openapi_extra=needs(Permission.READ_DELIVERIES),
)
def deliveries(
    request: Request,
    school: Annotated[
        str | None, Query(pattern=SCHOOL_PATTERN, description="BRIN with location", examples=["11ZZ03"])
    ] = None,
    amount: Amount = MOST,
    cursor: After[DeliveryCursor] = None,
) -> Response:
    """Return deliveries, newest first, a page at a time; without their reports."""
    after = None if cursor is None else cursor.values
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        rows = inbox.deliveries(viewer, session, school=school, after=after, limit=amount + 1)
    shown = rows[:amount]
    following = DeliveryCursor(ORDER, shown[-1].received_at.isoformat(), shown[-1].id) if len(rows) > amount else None
    page = Leveringen(
        leveringen=[_levering(row, with_reports=False) for row in shown], links=links(request, following=following)
    )
    return answer(request, page)


@router.get(
    "/leveringen/{delivery_id}",
    operation_id="readDelivery",
    summary="One delivery",
    response_model=Levering,
    responses=WITH_ID | UNCHANGED,
    openapi_extra=needs(Permission.READ_DELIVERIES),
)
def delivery(request: Request, delivery_id: OpaqueId) -> Response:
    """Return one delivery: how far it is, and once it was looked at, what was found in it."""
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        row = inbox.delivery(viewer, session, delivery_id)
    return answer(request, _levering(row, with_reports=True))


def _path(row: DeliveryRow) -> str:
    return f"{PREFIX}/leveringen/{row.id}"


def _levering(row: DeliveryRow, *, with_reports: bool) -> Levering:
    reports = inbox.REPORTS.validate_json(row.report) if with_reports and row.report else ()
    return Levering(
        id=row.id,
        school=row.school,
        soort=row.kind,
        formaat=row.suffix.removeprefix("."),
        omvang=row.size,
        status=STATUSES[Status(row.status)],
        ontvangen_op=row.received_at,
        afgehandeld_op=row.finished_at,
        kwaliteitsrapporten=[_report(one) for one in reports],
        links={"self": Link(href=_path(row))},
    )


def _report(report: QualityReport) -> Kwaliteitsrapport:
    return Kwaliteitsrapport(
        tabel=report.table,
        bron=report.source,
        oordeel=VERDICTS[report.verdict],
        rijen=report.rows,
        nieuw=report.new,
        gewijzigd=report.corrected,
        ingetrokken=report.withdrawn,
        weggelaten=report.dropped,
        bevindingen=_findings(report.findings),
        kwaliteit=[
            Kwaliteit(week=one.week, oordeel=words.GRADES[one.grade], redenen=list(one.reasons)) for one in report.weeks
        ],
    )


def _findings(findings: Sequence[Finding]) -> list[Bevinding]:
    return [
        Bevinding(
            ernst=SEVERITIES[one.severity],
            controle=one.check,
            regel=one.row,
            kolom=one.column,
            waarde=one.value,
            melding=one.message,
            oplossing=one.remedy,
            aantal=one.count,
        )
        for one in findings
    ]
