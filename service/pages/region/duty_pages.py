"""Verzuimmeldingen: the legal duties to report, for an attendance officer; the first deadline first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BeforeValidator
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from service import auth, duties, names, scope, web
from service.duties import ShownDuty
from service.front.entitled import needs
from service.moments import Day
from service.pages import listed
from service.pages.listed import Hit
from service.tables import SchoolRow
from service.vault import Vault
from service.viewer import Permission, Viewer

router = APIRouter(include_in_schema=False)

MOST = 500
"""More than one officer can handle; a bound, as every query has one."""

Week = Annotated[Day | None, BeforeValidator(lambda value: value or None), Query()]


@dataclass(frozen=True)
class Item:
    """The duties about one pupil, each once: what to call the pupil and the school, and the first deadline."""

    shown: ShownDuty
    hits: tuple[Hit, ...]
    name: str
    school: str
    deadline: date | None
    passed: bool


@dataclass(frozen=True)
class Part:
    """A part of the page: its id and heading, and what stands under it."""

    id: str
    label: str
    items: tuple[Item, ...]


@router.get("/verzuimmeldingen", openapi_extra=needs(Permission.READ_DUTIES))
def duties_page(request: Request, week: Week = None) -> Response:
    """Show the duties on the newest list of each school, of those of one week alone where they differ in that."""
    vault = auth.installation(request).vault
    with auth.asking(request) as (viewer, session):
        weeks = duties.weeks(viewer, session)
        shown = duties.duties(viewer, session, limit=MOST, week=week)
        items = _items(viewer, session, shown, vault=vault)
    return web.render(
        request,
        "region/duties.html",
        viewer=viewer,
        weeks=weeks,
        week=week,
        parts=by_deadline(items),
        cut=len(shown) == MOST,
    )


@router.get("/verzuimmeldingen/{duty_id}")
def duty_page(request: Request, duty_id: str) -> Response:
    """Show the duties about one pupil, with the unauthorised days behind them."""
    vault = auth.installation(request).vault
    with auth.asking(request) as (viewer, session):
        item = _items(viewer, session, [duties.duty(viewer, session, duty_id)], vault=vault)[0]
    return web.render(request, "region/duty.html", viewer=viewer, one=item)


def by_deadline(items: Iterable[Item]) -> tuple[Part, ...]:
    """Part the duties into those whose term runs, the first to end first; that is over; without one."""
    ordered = sorted(items, key=lambda one: (one.school, one.name))
    running = [one for one in ordered if one.deadline is not None and not one.passed]
    over = [one for one in ordered if one.deadline is not None and one.passed]
    return (
        Part("termijn", "De termijn loopt", tuple(sorted(running, key=_deadline))),
        Part("voorbij", "De termijn is voorbij", tuple(sorted(over, key=_deadline, reverse=True))),
        Part("zonder", "Zonder vaste termijn", tuple(one for one in ordered if one.deadline is None)),
    )


def _deadline(item: Item) -> date:
    return item.deadline or date.max


def _items(viewer: Viewer, session: Session, shown: Sequence[ShownDuty], *, vault: Vault) -> list[Item]:
    named = names.of(viewer, session, [(one.school, one.pupil) for one in shown], vault=vault)
    schools = {row.id: row.name for row in session.scalars(select(SchoolRow))}
    return [
        _item(one, name=named.get((one.school, one.pupil)) or listed.call(one.pupil, {}), school=schools[one.school])
        for one in shown
    ]


def _item(shown: ShownDuty, *, name: str, school: str) -> Item:
    """Return the duties about one pupil; of those reached more than once the deadline of the last time counts."""
    hits = listed.folded(shown.duty.hits)
    deadline = min((hit.last.deadline for hit in hits if hit.last.deadline is not None), default=None)
    passed = deadline is not None and deadline < scope.today()
    return Item(shown, hits, name, school, deadline, passed)
