"""Leveringen: hand in files, see how far each is, and read what was found in it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Self

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from data_contracts.errors import AanwezigError, NotFoundError, UsageError
from service import auth, batch, inbox, web
from service.front import problems
from service.front.entitled import needs
from service.inbox import Arriving, Format, Kind, Status
from service.pages.deliveries import delivered, uploads
from service.pages.deliveries.systems import KIND_LABELS, format_of, kind_of, order
from service.pages.deliveries.uploads import Form, Sent
from service.pages.management import managed_schools
from service.pages.management.managed_schools import ManagedSchool
from service.viewer import Permission, Viewer

router = APIRouter(include_in_schema=False)

PAGE = "/beheer/leveringen"
A_PAGE = 30
"""Deliveries on one page."""

REFRESH_SECONDS = 6
"""After how long a page on which something waits is asked for again; whoever reads on can switch it off there."""


class Back(StrEnum):
    """Where somebody goes on after handing in."""

    DELIVERIES = "leveringen"
    BEGINNING = "begin"


@dataclass(frozen=True)
class NotTaken:
    """A file that was not taken in: what the sender calls it, what is wrong, and what to do."""

    name: str
    detail: str
    remedy: str

    @classmethod
    def of(cls, sent: Sent, error: AanwezigError) -> Self:
        """Return why a file was not taken in, as its sender may read it."""
        told = problems.outside(error)
        return cls(sent.name, told.detail, told.remedy)


@dataclass(frozen=True)
class HandingIn:
    """What the form for files needs."""

    school: ManagedSchool
    may: bool
    ready: bool
    attended: bool
    kinds: dict[Kind, str]
    back: Back = Back.DELIVERIES


@router.get(PAGE)
def deliveries_page(request: Request, school: str = "", tot: str = "", meer: str = "") -> Response:
    """Show the deliveries of a school, newest first, and a form to hand in more."""
    return _page(request, school, until=tot, adding=bool(meer))


@router.get(f"{PAGE}/{{delivery_id}}")
def delivery_page(request: Request, delivery_id: str, stil: str = "") -> Response:
    """Show one delivery, with what was found in it."""
    here = auth.installation(request)
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        one = delivered.shown(inbox.delivery(viewer, session, delivery_id))
        school = _named(viewer, session, request, one.school)
    refresh = one.waits and not stil
    answer = web.render(
        request,
        "deliveries/delivery.html",
        viewer=viewer,
        school=school,
        one=one,
        may_set_up=viewer.may(Permission.SET_UP),
        size=delivered.size,
        amount=delivered.amount,
        grades=delivered.GRADES_SAY,
        attended=batch.is_attended(here.settings.home),
        refresh=refresh,
    )
    return refreshing(answer, refresh=refresh)


@router.post(PAGE, openapi_extra=needs(Permission.DELIVER))
async def hand_in(request: Request, school: str = "", naar: Back = Back.DELIVERIES) -> Response:
    """Keep the files of the form, to be taken in by the batch; say of each that cannot be kept why."""
    await run_in_threadpool(_may_deliver, request, school)  # before a byte of it is kept
    home = auth.installation(request).settings.home
    with ExitStack() as opened:

        def new_file() -> Arriving:
            return opened.enter_context(inbox.arriving(home))

        form = await uploads.received(request, new_file=new_file)
        refused = await run_in_threadpool(_keep_all, request, school, form)
    if refused:
        return await run_in_threadpool(_told, request, school, refused, len(form.files))
    where = "/beheer/begin" if naar is Back.BEGINNING else PAGE
    return RedirectResponse(f"{where}?school={school}", HTTPStatus.SEE_OTHER)


def refreshing(answer: Response, *, refresh: bool) -> Response:
    """Have the browser ask for this page again soon, as long as something on it will change by itself."""
    if refresh:
        answer.headers["Refresh"] = str(REFRESH_SECONDS)
    return answer


def handing_in(request: Request, viewer: Viewer, school: ManagedSchool, *, back: Back = Back.DELIVERIES) -> HandingIn:
    """Return what the form for files of `school` needs."""
    home = auth.installation(request).settings.home
    return HandingIn(
        school=school,
        may=viewer.may(Permission.DELIVER),
        ready=managed_schools.settings_of(home, school.id) is not None,
        attended=batch.is_attended(home),
        kinds=KIND_LABELS,
        back=back,
    )


def _page(
    request: Request,
    asked: str,
    *,
    until: str = "",
    adding: bool = False,
    refused: tuple[NotTaken, ...] = (),
    sent: int = 0,
) -> Response:
    home = auth.installation(request).settings.home
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        viewer.must(Permission.READ_DELIVERIES)
        schools = managed_schools.all_of(viewer, session, home)
        school = managed_schools.chosen(schools, asked)
        if school is None:
            return web.render(request, "no_list.html", viewer=viewer)
        after = inbox.delivery(viewer, session, until) if until else None
        since = None if after is None else (after.received_at, after.id)
        rows = inbox.deliveries(viewer, session, school=school.id, after=since, limit=A_PAGE + 1)
        shown = tuple(delivered.shown(row) for row in rows[:A_PAGE])
    waits = any(one.waits for one in shown) and not until
    refresh = waits and not adding and not refused
    answer = web.render(
        request,
        "deliveries/deliveries.html",
        viewer=viewer,
        status=HTTPStatus.BAD_REQUEST if refused else HTTPStatus.OK,
        school=school,
        schools=schools,
        shown=shown,
        older=rows[A_PAGE - 1].id if len(rows) > A_PAGE else None,
        newest=not until,
        waits=waits,
        form=handing_in(request, viewer, school),
        refused=refused,
        sent=sent,
        size=delivered.size,
        may_set_up=viewer.may(Permission.SET_UP),
        on_codes=any(one.status is Status.CODES for one in shown),
        refresh=refresh,
    )
    return refreshing(answer, refresh=refresh)


def _told(request: Request, school: str, refused: tuple[NotTaken, ...], sent: int) -> Response:
    return _page(request, school, refused=refused, sent=sent)


def _named(viewer: Viewer, session: Session, request: Request, school: str) -> ManagedSchool:
    schools = managed_schools.all_of(viewer, session, auth.installation(request).settings.home)
    return next((one for one in schools if one.id == school), ManagedSchool(school, school))


def _may_deliver(request: Request, school: str) -> None:
    here = auth.installation(request)
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        inbox.may_deliver(viewer, school)
        if school not in {one.id for one in managed_schools.all_of(viewer, session, here.settings.home)}:
            detail = "Wij kunnen deze school niet vinden."
            raise NotFoundError(detail, remedy="Kies een school op de pagina met leveringen.")
    if managed_schools.settings_of(here.settings.home, school) is None:
        detail = "Deze school is nog niet ingericht, en daardoor is een bestand nog niet te lezen."
        raise UsageError(detail, remedy="Vul eerst bij stap 1 van het begin de gegevens van de school in.")


def _keep_all(request: Request, school: str, form: Form) -> tuple[NotTaken, ...]:
    if not form.files:
        return (NotTaken("Geen bestand", "Er was geen bestand gekozen.", "Kies een of meer bestanden en stuur ze op."),)
    return tuple(_each(request, school, form))


def _each(request: Request, school: str, form: Form) -> Iterator[NotTaken]:
    """Keep each file by itself: one that is wrong does not hold up the others. What the others lean on goes first."""
    said = form.fields.get("soort", "")
    known: list[tuple[Kind, Format, Sent]] = []
    for sent in form.files:
        try:
            known.append((*_recognised(sent, said), sent))
        except AanwezigError as error:
            yield NotTaken.of(sent, error)
    for kind, written_as, sent in sorted(known, key=lambda one: order(one[0])):
        try:
            _keep(request, school, sent.file, kind=kind, written_as=written_as)
        except AanwezigError as error:
            yield NotTaken.of(sent, error)


def _recognised(sent: Sent, said: str) -> tuple[Kind, Format]:
    """Return what a file holds and how it is written: as the sender said, or else as its name does."""
    written_as = format_of(sent.name)
    kind = Kind(said) if said in set(Kind) else kind_of(sent.name)
    if written_as is None:
        known = ", ".join(f".{one}" for one in Format)
        detail = "Dit soort bestand lezen wij niet."
        raise UsageError(
            detail, remedy=f"Stuur een bestand dat eindigt op {known}. Een .xls: bewaar het in Excel als .xlsx."
        )
    if kind is None:
        detail = "Aan de naam is niet te zien wat erin staat."
        raise UsageError(detail, remedy="Kies bij 'Wat staat erin?' wat het is, en stuur het opnieuw.")
    if not sent.file.size:
        detail = "Dit bestand is leeg."
        raise UsageError(detail, remedy="Controleer of de export gelukt is, en stuur het opnieuw.")
    return kind, written_as


def _keep(request: Request, school: str, arrived: Arriving, *, kind: Kind, written_as: Format) -> None:
    here = auth.installation(request)
    inbox.within_quota(here.engine, school, request.app.state.quota)
    arrived.settle()
    with auth.asking(request) as (viewer, session):
        inbox.keep(viewer, session, arrived, home=here.settings.home, school=school, kind=kind, written_as=written_as)
