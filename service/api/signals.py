"""Signals: one pupil, that pupil's earlier weeks, everything that is new, and what is looked for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from data_contracts.identifiers import PUPIL_PATTERN, SCHOOL_PATTERN
from service import auth, pulling, reading, stored
from service.api import bulk, shaping
from service.api.answers import answer, answer_json
from service.api.base import (
    PREFIX,
    UNCHANGED,
    WITH_BODY,
    WITH_ID,
    WITHOUT_ID,
    Body,
    Link,
    OpaqueId,
    Resource,
    new_router,
)
from service.api.paging import MOST, After, Amount, SignalCursor, Since, links
from service.api.resources import Historie, Signaal, Signalen
from service.front.entitled import needs
from service.front.negotiation import JSON, preferred
from service.moments import Day
from service.pulling import Position
from service.stored import Stored
from service.viewer import Permission, Viewer

router = new_router()

READ = needs(Permission.READ_LISTS)


class Zoekvraag(Resource):
    """Which signals are looked for: those to which everything that is given applies."""

    model_config = ConfigDict(extra="forbid")

    school: Annotated[str, Field(pattern=SCHOOL_PATTERN)] | None = Field(default=None, examples=["11ZZ03"])
    leerling: Annotated[str, Field(pattern=PUPIL_PATTERN)] | None = Field(
        default=None, description="pseudonym", examples=["pahsihwbnepg3eqqyupsqqwskrl"]
    )
    weken: list[Day] = Field(default=[], max_length=MOST, description="Mondays", examples=[["2026-11-16"]])
    groep: str | None = Field(default=None, max_length=100, examples=["2hv1"])
    op_lijst: bool | None = Field(default=None, examples=[True])
    regel: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")] | None = Field(
        default=None, description="a threshold that was reached", examples=["mazl_vo"]
    )


@router.get(
    "/signalen",
    tags=["signalen"],
    responses=WITHOUT_ID | UNCHANGED | bulk.DESCRIBED,
    response_model=Signalen,
    openapi_extra=READ,
)
def signals(
    request: Request, since: Since = None, cursor: After[SignalCursor] = None, amount: Amount = MOST
) -> Response:
    """Return every signal in your scope, every edition, in the order of publishing: a page, or everything at once.

    Pages: follow `_links.volgende` until there is none, and keep `_links.bijgewerkt` of the last page. Asked for later, it
    gives what was published since, without gaps.

    Everything at once: ask for `application/x-ndjson`, `text/csv` or `application/vnd.apache.parquet`. Flat rows without
    names are streamed; `aantal` does not count then.
    """
    form = preferred(request.headers.get("accept"), (JSON, *bulk.FORMS))
    if form != JSON:
        return bulk.stream(request, form, begin=lambda viewer, session: _begin(viewer, session, cursor, since))
    with auth.asking(request) as (viewer, session):
        after = _begin(viewer, session, cursor, since)
        shown = pulling.signals(viewer, session, after=after, limit=amount)
        named = shaping.named(viewer, session, shown, vault=auth.installation(request).vault)
    end = _end(shown, after)
    following = end if len(shown) == amount else None
    return answer_json(request, shaping.signalen(named, links(request, following=following, bijgewerkt=end)))


@router.post(
    "/signalen/_zoek",
    tags=["signalen"],
    responses=WITHOUT_ID | WITH_BODY,
    response_model=Signalen,
    openapi_extra=READ,
)
def search_signals(
    request: Request, wanted: Body[Zoekvraag], cursor: After[SignalCursor] = None, amount: Amount = MOST
) -> Response:
    """Look for signals, in the newest edition of each list. A pupil is named in the body only, never in an address.

    Follow `_links.volgende` with the same body.
    """
    after = Position() if cursor is None else Position(*cursor.values)
    asked = pulling.Wanted(
        school=wanted.school,
        pupil=wanted.leerling,
        group=wanted.groep,
        weeks=tuple(wanted.weken),
        on_list=wanted.op_lijst,
        rule=wanted.regel,
    )
    with auth.asking(request) as (viewer, session):
        shown = pulling.found(viewer, session, asked, after=after, limit=amount)
        named = shaping.named(viewer, session, shown, vault=auth.installation(request).vault)
    following = _end(shown, after) if len(shown) == amount else None
    return answer_json(request, shaping.signalen(named, links(request, following=following)))


@router.get(
    "/signalen/{signal_id}",
    tags=["signalen"],
    responses=WITH_ID | UNCHANGED,
    response_model=Signaal,
    openapi_extra=READ,
)
def signal(request: Request, signal_id: OpaqueId) -> Response:
    """Return one signal."""
    with auth.asking(request) as (viewer, session):
        shown = stored.signal(viewer, session, signal_id)
        (named,) = shaping.named(viewer, session, (shown,), vault=auth.installation(request).vault)
    return answer_json(request, named)


@router.get(
    "/signalen/{signal_id}/historie",
    tags=["signalen"],
    responses=WITH_ID | UNCHANGED,
    response_model=Historie,
    openapi_extra=READ,
)
def signal_history(request: Request, signal_id: OpaqueId) -> Response:
    """Return where the same pupil stood on the lists of other weeks."""
    with auth.asking(request) as (viewer, session):
        shown = reading.signal(viewer, session, signal_id)
        found = reading.earlier(viewer, session, shown)
    listed = [shaping.earlier(one) for one in found]
    return answer(
        request,
        Historie(
            signalen=listed,
            links={"self": Link(href=request.url.path), "signaal": Link(href=f"{PREFIX}/signalen/{shown.id}")},
        ),
    )


def _begin(viewer: Viewer, session: Session, cursor: SignalCursor | None, since: datetime | None) -> Position:
    if cursor is not None:
        return Position(*cursor.values)
    return Position() if since is None else pulling.since(viewer, session, since)


def _end(shown: Sequence[Stored], after: Position) -> SignalCursor:
    return SignalCursor.at(pulling.position(shown[-1]) if shown else after)
