"""Follow-ups: what people do about a signal."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, ClassVar

from fastapi import Header, Request
from pydantic import ConfigDict, Field, TypeAdapter
from pydantic_core import to_json
from sqlalchemy.orm import Session
from starlette.responses import Response

from data_contracts.errors import UsageError
from service import auth, names
from service.api.answers import answer, digest, has, unchanged
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
from service.api.paging import MOST, After, Amount, Cursor, Number, Since, links
from service.following import follow_ups, order
from service.following.follow_ups import FollowUp, Kind, Outcome, Plan
from service.front.entitled import needs
from service.front.negotiation import JSON
from service.front.problems import responses
from service.moments import Day
from service.vault import Vault
from service.viewer import Permission, Viewer

router = new_router()

READ = needs(Permission.READ_FOLLOW_UPS)
WRITE = needs(Permission.WRITE_FOLLOW_UPS)
ETAG = {"ETag": {"schema": {"type": "string"}, "description": "send it as If-Match to change this"}}
FOUND: dict[int | str, dict[str, Any]] = {HTTPStatus.OK: {"headers": ETAG}}
CREATED: dict[int | str, dict[str, Any]] = {
    HTTPStatus.CREATED: {
        "headers": {"Location": {"schema": {"type": "string"}, "description": "where it is found"}, **ETAG}
    }
}
TAG = re.compile(r'^"([0-9]{1,18})(-[0-9a-f]+)?"$')


class ChangeCursor(Cursor):
    """In the order of changes."""

    shapes: ClassVar[Mapping[str, TypeAdapter[Any]]] = {"change": TypeAdapter(tuple[Number])}


class WithoutTagError(UsageError):
    """A change does not say what it changes."""

    status = HTTPStatus.PRECONDITION_REQUIRED
    title = "Voorwaarde ontbreekt"


class Voornemen(Resource):
    """What is planned, or was done."""

    model_config = ConfigDict(extra="forbid")

    soort: Kind = Field(
        description="; ".join(f"{word.value}: {label}" for word, label in follow_ups.KINDS.items()),
        examples=[Kind.CONVERSATION],
    )
    eigenaar: str = Field(
        min_length=1,
        max_length=80,
        pattern=r"\S",
        description="who on the staff has it",
        examples=["S. Jansen, mentor"],
    )
    gepland_op: Day | None = Field(default=None, examples=["2026-11-19"])
    gedaan_op: Day | None = Field(default=None, examples=["2026-11-19"])
    uitkomst: Outcome | None = Field(
        default=None,
        description="; ".join(f"{word.value}: {label}" for word, label in follow_ups.OUTCOMES.items()),
        examples=[Outcome.AGREED],
    )
    notitie: str | None = Field(
        default=None,
        max_length=2000,
        description="kept sealed; shown only to who may see names. Needed to leave a pupil, or to say that it is over. "
        "Left out: what was noted before stays",
        examples=["Slaapt slecht sinds de verhuizing; belt donderdag zelf."],
    )


class Opvolging(Voornemen):
    """A follow-up."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(examples=["mB3x0GQ3TzqH1v4rYk2c8A"])
    school: str = Field(examples=["11ZZ03"])
    leerling: str = Field(description="pseudonym", examples=["pahsihwbnepg3eqqyupsqqwskrl"])
    naam: str | None = Field(examples=["Noor de Vries"])
    groep: str = Field(examples=["2hv1"])
    geopend_op: datetime = Field(examples=["2026-11-17T09:12:00Z"])
    gewijzigd_op: datetime = Field(examples=["2026-11-19T14:03:00Z"])
    teruggedraaid_op: datetime | None = Field(
        description="taken back just after it was recorded: it does not count", examples=[None]
    )
    links: dict[str, Link] = Field(alias="_links")


class Opvolgingen(Resource):
    """A page of follow-ups, in the order in which they last changed."""

    opvolgingen: list[Opvolging]
    links: dict[str, Link] = Field(alias="_links")


@router.post(
    "/signalen/{signal_id}/opvolgingen",
    tags=["opvolgingen"],
    operation_id="openFollowUp",
    summary="Plan a follow-up",
    status_code=HTTPStatus.CREATED,
    responses=WITH_ID | WITH_BODY | WRITES | CREATED,
    response_model=Opvolging,
    openapi_extra=WRITE,
)
def open_follow_up(request: Request, signal_id: OpaqueId, new: Body[Voornemen]) -> Response:
    """Begin a follow-up on a signal: who does what, and when."""
    vault = auth.installation(request).vault
    with auth.asking(request) as (viewer, session):
        opened = follow_ups.open_follow_up(viewer, session, signal=signal_id, plan=_plan(new), vault=vault)
        (resource,) = _opvolgingen(viewer, session, [opened], vault=vault)
    location = {"Location": resource.links["self"].href}
    return _tagged(resource, opened.change, status=HTTPStatus.CREATED, headers=location)


@router.get(
    "/opvolgingen",
    tags=["opvolgingen"],
    operation_id="followUps",
    summary="Follow-ups",
    responses=WITHOUT_ID | UNCHANGED,
    response_model=Opvolgingen,
    openapi_extra=READ,
)
def list_follow_ups(
    request: Request, since: Since = None, cursor: After[ChangeCursor] = None, amount: Amount = MOST
) -> Response:
    """Return follow-ups in your scope, in the order in which they last changed.

    Keep `_links.bijgewerkt` of the last page: asked for later, it gives what was changed since, without gaps.
    """
    vault = auth.installation(request).vault
    with auth.asking(request) as (viewer, session):
        after = _begin(viewer, session, cursor, since)
        shown = follow_ups.follow_ups(viewer, session, vault=vault, limit=amount, after=after)
        listed = _opvolgingen(viewer, session, shown, vault=vault)
    end = ChangeCursor("change", shown[-1].change if shown else after)
    following = end if len(shown) == amount else None
    linked = links(request, following=following, bijgewerkt=end)
    return answer(request, Opvolgingen(opvolgingen=listed, links=linked))


@router.get(
    "/opvolgingen/{follow_up_id}",
    tags=["opvolgingen"],
    operation_id="followUp",
    summary="One follow-up",
    responses=WITH_ID | FOUND | UNCHANGED,
    response_model=Opvolging,
    openapi_extra=READ,
)
def one_follow_up(request: Request, follow_up_id: OpaqueId) -> Response:
    """Return one follow-up, under the ETag with which it can be changed."""
    vault = auth.installation(request).vault
    with auth.asking(request) as (viewer, session):
        shown = follow_ups.follow_up(viewer, session, follow_up_id, vault=vault)
        (resource,) = _opvolgingen(viewer, session, [shown], vault=vault)
    found = _tagged(resource, shown.change)
    return unchanged(found) if has(request, found.headers["etag"]) else found


@router.put(
    "/opvolgingen/{follow_up_id}",
    tags=["opvolgingen"],
    operation_id="changeFollowUp",
    summary="Change or finish a follow-up",
    responses=WITH_ID
    | WITH_BODY
    | WRITES
    | FOUND
    | responses(HTTPStatus.PRECONDITION_FAILED, HTTPStatus.PRECONDITION_REQUIRED),
    response_model=Opvolging,
    openapi_extra=WRITE,
)
def change_follow_up(
    request: Request,
    follow_up_id: OpaqueId,
    new: Body[Voornemen],
    if_match: Annotated[
        str | None,
        Header(description="the ETag under which it was read; needed", examples=['"1207-5f3c9a0b7d1e4c2f8a6b0d3e"']),
    ] = None,
) -> Response:
    """Put something else in place of what stood there: another day, or what came of it.

    It must say what it changes (If-Match). If somebody else changed it in between, nothing happens (412).
    """
    vault, seen = auth.installation(request).vault, _seen(if_match)
    with auth.asking(request) as (viewer, session):
        changed = follow_ups.change(viewer, session, follow_up_id, seen=seen, plan=_plan(new), vault=vault)
        (resource,) = _opvolgingen(viewer, session, [changed], vault=vault)
    return _tagged(resource, changed.change)


def _begin(viewer: Viewer, session: Session, cursor: ChangeCursor | None, since: datetime | None) -> int:
    """Return after which change the page begins."""
    if cursor is not None:
        return int(cursor.values[0])
    return 0 if since is None else order.since(viewer, session, since)


def _seen(if_match: str | None) -> int | None:
    """Return which change the client saw, with which the tag begins; None where it takes any (``*``)."""
    if not if_match:
        detail = "Dit verzoek zegt niet welke stand het wijzigt (If-Match)."
        raise WithoutTagError(detail, remedy="Haal de opvolging op, en stuur haar ETag mee als If-Match.")
    if if_match == "*":
        return None
    found = TAG.match(if_match)
    return int(found[1]) if found else -1  # of no state that ever was


def _plan(new: Voornemen) -> Plan:
    return Plan(
        kind=new.soort,
        owner=new.eigenaar,
        planned_on=new.gepland_op,
        done_on=new.gedaan_op,
        outcome=new.uitkomst,
        note=new.notitie,
    )


def _tagged(
    resource: Opvolging, change: int, *, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer under a tag that begins with the change, for whoever changes it next.

    The rest tells the bytes: they may differ while the follow-up stays the same, by a name.
    """
    body = to_json(resource, by_alias=True)
    return Response(body, status, {**(headers or {}), "ETag": f'"{change}-{digest(body)}"'}, JSON)


def _opvolgingen(viewer: Viewer, session: Session, shown: Sequence[FollowUp], *, vault: Vault) -> list[Opvolging]:
    named = names.of(viewer, session, [(one.school, one.pupil) for one in shown], vault=vault)
    return [_opvolging(one, named.get((one.school, one.pupil))) for one in shown]


def _opvolging(one: FollowUp, name: str | None) -> Opvolging:
    found = {"self": Link(href=f"{PREFIX}/opvolgingen/{one.id}")}
    if one.signal is not None:
        found["signaal"] = Link(href=f"{PREFIX}/signalen/{one.signal}")
    return Opvolging(
        id=one.id,
        school=one.school,
        leerling=one.pupil,
        naam=name,
        groep=one.group,
        soort=one.plan.kind,
        eigenaar=one.plan.owner,
        gepland_op=one.plan.planned_on,
        gedaan_op=one.plan.done_on,
        uitkomst=one.plan.outcome,
        notitie=one.plan.note,
        geopend_op=one.opened_at,
        gewijzigd_op=one.changed_at,
        teruggedraaid_op=one.withdrawn_at,
        links=found,
    )
