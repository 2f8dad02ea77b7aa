"""Published lists, as on the page: the same viewer, the same scope, the same audit."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from fastapi import Query, Request
from pydantic import TypeAdapter
from sqlalchemy.orm import Session
from starlette.responses import Response

from data_contracts.identifiers import SCHOOL_PATTERN
from service import auth, pulling, reading, stored
from service.api import shaping
from service.api.answers import answer, answer_json
from service.api.base import UNCHANGED, WITH_ID, WITHOUT_ID, OpaqueId, new_router
from service.api.paging import MOST, After, Amount, Cursor, Key, Number, Since, links
from service.api.resources import Signalen, Weeklijst, Weeklijsten
from service.front.entitled import needs
from service.moments import Day
from service.pulling import Position
from service.viewer import Permission, Viewer

router = new_router()

READ = needs(Permission.READ_LISTS)


class ListCursor(Cursor):
    """In one of two orders: the newest week first, or that of publishing."""

    shapes: ClassVar[Mapping[str, TypeAdapter[Any]]] = {
        "week": TypeAdapter(tuple[date, Key]),
        "change": TypeAdapter(tuple[Number, Key]),
    }


class RankCursor(Cursor):
    """On one list."""

    shapes: ClassVar[Mapping[str, TypeAdapter[Any]]] = {"rank": TypeAdapter(tuple[Number])}


@router.get(
    "/weeklijsten",
    tags=["weeklijsten"],
    responses=WITHOUT_ID | UNCHANGED,
    response_model=Weeklijsten,
    openapi_extra=READ,
)
def weekly_lists(
    request: Request,
    *,
    school: Annotated[str | None, Query(pattern=SCHOOL_PATTERN, description="BRIN with location")] = None,
    week: Annotated[Day | None, Query(description="Monday of the week")] = None,
    since: Since = None,
    cursor: After[ListCursor] = None,
    amount: Amount = MOST,
) -> Response:
    """Return the lists in your scope: the newest edition of each, newest week first.

    With `gewijzigdSinds` every edition, in the order of publishing. Then `_links.bijgewerkt` is where the last one given
    ends: asked for later, it gives what was published since, without gaps.
    """
    others = {}
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        after = _begin(viewer, session, cursor, since)
        if after is None:
            key = None if cursor is None else cursor.values
            heads = reading.heads(viewer, session, school=school, week=week, after=key, limit=amount)
            end = ListCursor("week", heads[-1].document.week, heads[-1].document.school) if heads else None
        else:
            heads = pulling.lists(viewer, session, after=after, limit=amount, school=school, week=week)
            end = ListCursor("change", *((heads[-1].change, heads[-1].id) if heads else (after.change, after.list_id)))
            others = {"bijgewerkt": end}
    following = end if len(heads) == amount else None
    listed = [shaping.weeklijst(head) for head in heads]
    return answer(request, Weeklijsten(weeklijsten=listed, links=links(request, following=following, **others)))


@router.get(
    "/weeklijsten/{list_id}",
    tags=["weeklijsten"],
    responses=WITH_ID | UNCHANGED,
    response_model=Weeklijst,
    openapi_extra=READ,
)
def weekly_list(request: Request, list_id: OpaqueId) -> Response:
    """Return one list, without its signals."""
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        head = reading.head(viewer, session, list_id)
    return answer(request, shaping.weeklijst(head))


@router.get(
    "/weeklijsten/{list_id}/signalen",
    tags=["signalen"],
    responses=WITH_ID | UNCHANGED,
    response_model=Signalen,
    openapi_extra=READ,
)
def signals_on_list(
    request: Request, list_id: OpaqueId, cursor: After[RankCursor] = None, amount: Amount = MOST
) -> Response:
    """Return the signals on one list, in order: probability, exact contributions, sentences, rules."""
    after = reading.START if cursor is None else cursor.values[0]
    with auth.asking(request) as (viewer, session):
        head = reading.head(viewer, session, list_id)
        shown = stored.signals(viewer, session, head, after=after, limit=amount)
        named = shaping.named(viewer, session, shown, vault=auth.installation(request).vault)
    following = RankCursor("rank", shown[-1].rank) if len(shown) == amount else None
    of_list = shaping.weeklijst(head).links["self"].href
    return answer_json(request, shaping.signalen(named, links(request, following=following, weeklijst=of_list)))


def _begin(viewer: Viewer, session: Session, cursor: ListCursor | None, since: datetime | None) -> Position | None:
    """Return where to begin in the order of publishing; None where that is not the order that was asked for."""
    if cursor is not None:
        return Position(*cursor.values) if cursor.kind == "change" else None
    return None if since is None else pulling.since(viewer, session, since)
