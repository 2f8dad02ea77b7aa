"""Cases: a pupil whom a school brings before the alliance, on a ground and until a day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import Request
from pydantic import ConfigDict, Field, TypeAdapter
from sqlalchemy.orm import Session
from starlette.responses import Response

from service import auth, cases, names, words
from service.api.answers import answer
from service.api.base import (
    PREFIX,
    UNCHANGED,
    WITH_BODY,
    WITH_ID,
    WITHOUT_ID,
    WRITES,
    Body,
    Link,
    OpaqueId,
    Resource,
    new_router,
)
from service.api.paging import MOST, After, Amount, Cursor, Key, links
from service.cases import Case, Ground, Latest, Status
from service.front.entitled import needs
from service.moments import Day, Moment
from service.vault import Vault
from service.viewer import Permission, Viewer

router = new_router()

SEE = needs(Permission.READ_CASES, instead=Permission.OPEN_CASES)
OPEN = needs(Permission.OPEN_CASES)
CREATED: dict[int | str, dict[str, Any]] = {
    HTTPStatus.CREATED: {"headers": {"Location": {"schema": {"type": "string"}, "description": "where it is found"}}}
}


class CaseCursor(Cursor):
    """The newest first."""

    shapes: ClassVar[Mapping[str, TypeAdapter[Any]]] = {"opened": TypeAdapter(tuple[Moment, Key])}


class NieuwDossier(Resource):
    """Which pupil a school brings before the alliance, why, and until when."""

    model_config = ConfigDict(extra="forbid")

    signaal: str = Field(
        pattern=r"^[A-Za-z0-9_-]{1,32}$", description="any signal about the pupil", examples=["Qh7kT2mXw0vB9sLz4cYf1A"]
    )
    grond: Ground = Field(
        description="; ".join(f"{word.value}: {label}" for word, label in cases.GROUNDS.items()),
        examples=[Ground.PARENTS_AGREED],
    )
    tot_en_met: Day = Field(description="last day; at most a school year from today", examples=["2027-06-30"])


class DossierSignaal(Resource):
    """The newest signal about the pupil, in sentences."""

    week: date = Field(description="Monday of the week of the list", examples=["2026-11-16"])
    jaargroep: str | None = Field(examples=["12"])
    stand: str = Field(description="aanwezig or al langdurig afwezig", examples=["aanwezig"])
    duiding: str | None = Field(description="in beeld, aandacht or nu bespreken", examples=["aandacht"])
    frequentie: str = Field(examples=["ongeveer 2 van de 10 leerlingen met dit patroon"])
    verhogend: list[str] = Field(examples=[["In de laatste 4 lesweken 9 dagen afwezig, verdeeld over 4 keer."]])
    verlagend: list[str] = Field(examples=[["Zelden te laat."]])
    drempels: list[str] = Field(examples=[["4 ziekmeldingen in 12 lesweken."]])


class Dossier(Resource):
    """A case."""

    id: str = Field(examples=["mB3x0GQ3TzqH1v4rYk2c8A"])
    school: str = Field(examples=["11ZZ03"])
    leerling: str = Field(description="pseudonym", examples=["pahsihwbnepg3eqqyupsqqwskrl"])
    naam: str | None = Field(examples=["Noor de Vries"])
    groep: str = Field(examples=["2hv1"])
    grond: Ground = Field(examples=[Ground.PARENTS_AGREED])
    geopend_op: datetime = Field(examples=["2026-11-17T09:12:00Z"])
    tot_en_met: date = Field(examples=["2027-06-30"])
    gesloten_op: datetime | None = Field(examples=[None])
    status: Status = Field(examples=[Status.RUNNING])
    signaal: DossierSignaal | None = Field(default=None, description="only where one case is asked for")
    links: dict[str, Link] = Field(alias="_links")


class Dossiers(Resource):
    """A page of cases, newest first."""

    dossiers: list[Dossier]
    links: dict[str, Link] = Field(alias="_links")


@router.post(
    "/dossiers",
    tags=["dossiers"],
    operation_id="openCase",
    summary="Bring a pupil before the alliance",
    status_code=HTTPStatus.CREATED,
    responses=WITH_ID | WITH_BODY | WRITES | CREATED,
    response_model=Dossier,
    openapi_extra=OPEN,
)
def open_case(request: Request, new: Body[NieuwDossier]) -> Response:
    """Open a case about the pupil of a signal. From now until its last day the alliance sees that pupil's newest signal.

    Only a school opens a case, and only on a ground: without one an alliance may not know who it is about.
    """
    with auth.asking(request) as (viewer, session):
        opened = cases.open_case(viewer, session, signal=new.signaal, ground=new.grond, until=new.tot_en_met)
        (resource,) = _dossiers(viewer, session, [opened], vault=auth.installation(request).vault)
    location = resource.links["self"].href
    return answer(request, resource, status=HTTPStatus.CREATED, headers={"Location": location})


@router.get(
    "/dossiers",
    tags=["dossiers"],
    operation_id="cases",
    summary="Cases",
    responses=WITHOUT_ID | UNCHANGED,
    response_model=Dossiers,
    openapi_extra=SEE,
)
def list_cases(request: Request, cursor: After[CaseCursor] = None, amount: Amount = MOST) -> Response:
    """Return cases, newest first: for a school all of its own, for the alliance those that run."""
    after = None if cursor is None else cursor.values
    with auth.asking(request) as (viewer, session):
        shown = cases.cases(viewer, session, after=after, limit=amount)
        listed = _dossiers(viewer, session, shown, vault=auth.installation(request).vault)
    following = CaseCursor("opened", shown[-1].opened_at, shown[-1].id) if len(shown) == amount else None
    return answer(request, Dossiers(dossiers=listed, links=links(request, following=following)))


@router.get(
    "/dossiers/{case_id}",
    tags=["dossiers"],
    operation_id="case",
    summary="One case",
    responses=WITH_ID | UNCHANGED,
    response_model=Dossier,
    openapi_extra=SEE,
)
def one_case(request: Request, case_id: OpaqueId) -> Response:
    """Return one case, with the newest signal about its pupil and nothing else."""
    with auth.asking(request) as (viewer, session):
        shown = cases.case(viewer, session, case_id)
        (resource,) = _dossiers(viewer, session, [shown], vault=auth.installation(request).vault)
    return answer(request, resource)


@router.delete(
    "/dossiers/{case_id}",
    tags=["dossiers"],
    operation_id="closeCase",
    summary="Close a case",
    status_code=HTTPStatus.NO_CONTENT,
    responses=WITH_ID | WRITES,
    openapi_extra=OPEN,
)
def close_case(request: Request, case_id: OpaqueId) -> Response:
    """Close a case; the alliance does not see it any more. For the school it stays, as closed."""
    with auth.asking(request) as (viewer, session):
        cases.close(viewer, session, case_id)
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _dossiers(viewer: Viewer, session: Session, shown: Sequence[Case], *, vault: Vault) -> list[Dossier]:
    named = names.of(viewer, session, [(one.school, one.pupil) for one in shown], vault=vault)
    return [
        Dossier(
            id=one.id,
            school=one.school,
            leerling=one.pupil,
            naam=named.get((one.school, one.pupil)),
            groep=one.group,
            grond=one.ground,
            geopend_op=one.opened_at,
            tot_en_met=one.expires_on,
            gesloten_op=one.closed_at,
            status=one.status,
            signaal=None if one.latest is None else _signaal(one.latest),
            links={"self": Link(href=f"{PREFIX}/dossiers/{one.id}")},
        )
        for one in shown
    ]


def _signaal(latest: Latest) -> DossierSignaal:
    signal = latest.signal
    return DossierSignaal(
        week=latest.week,
        jaargroep=signal.year_group,
        stand=words.STANDINGS[signal.standing],
        duiding=None if signal.tier is None else words.TIERS[signal.tier],
        frequentie=signal.frequency,
        verhogend=[one.text for one in signal.raising],
        verlagend=[one.text for one in signal.lowering],
        drempels=[one.text for one in signal.rule_hits],
    )
