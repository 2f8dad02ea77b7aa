"""Rechten: who objected and what is said to be wrong, with what is to be answered; and the forms on the page of a pupil."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from data_contracts.errors import UsageError
from service import auth, batch, cases, reading, scope, web
from service.front.entitled import needs
from service.moments import Day
from service.names import Pupil
from service.pages import choosing, listed
from service.reading import Shown
from service.rights import by_number, requests
from service.rights.kinds import (
    ABOUT_A_RECORD,
    ANSWERS,
    ASKED_BY,
    WRONGS,
    Answer,
    Asked,
    AskedBy,
    Kind,
    Record,
    Reply,
    Wrong,
)
from service.rights.kinds import Request as Asking
from service.vault import Vault
from service.viewer import Permission, Viewer

router = APIRouter(include_in_schema=False)

RIGHTS = "/rechten"
WRITE = needs(Permission.WRITE_RIGHTS)
NOT_KNOWN_YET = "Bezwaar op leerlingnummer"
NAMELESS = "Leerling zonder naam"
Note = Annotated[str, Field(max_length=2000)]


class Objection(BaseModel):
    """The form *Bezwaar*, and that with which it is withdrawn."""

    door: AskedBy
    op: Day

    @property
    def asked(self) -> Asked:
        """Who asked, and when."""
        return Asked(self.door, self.op)


class ByNumber(Objection):
    """The form *Bezwaar* for a pupil who has no page here. What is wrong with a number is said without repeating it."""

    school: str
    leerlingnummer: str


class Correction(Objection):
    """The form *Correctie*."""

    van: Day
    tot: Day
    wat: Wrong
    toelichting: Note = ""

    @property
    def record(self) -> Record:
        """What is said to be wrong."""
        return Record(self.van, self.tot, self.wat, self.toelichting.strip())


class Answered(BaseModel):
    """The form *Antwoord*."""

    antwoord: Answer
    op: Day
    toelichting: Note = ""


@dataclass(frozen=True)
class Item:
    """One request on the page: what to call the pupil, and the pupil's newest signal.

    ``is_alone``: there is neither a name nor a signal, for instance since the pupil was erased while an objection ran.
    """

    request: Asking
    name: str
    signal: str
    is_alone: bool = False

    @property
    def late(self) -> bool:
        """Whether the last day to answer has passed."""
        return self.request.runs and self.request.due < scope.today()


@dataclass(frozen=True)
class OnPupil:
    """What the page of a pupil needs: the requests about that pupil that run, and what the forms offer."""

    corrections: tuple[Asking, ...]
    objection: Asking | None
    today: date
    asked_by: dict[AskedBy, str]
    wrongs: dict[Wrong, str]


@router.get(RIGHTS)
def rights_page(request: Request, school: str = "") -> Response:
    """Show who does not take part, what is to be answered until when, and what was."""
    here = auth.installation(request)
    with auth.asking(request) as (viewer, session):
        viewer.must(Permission.READ_RIGHTS)
        chosen = choosing.school(viewer, session, school)
        if chosen is None:
            return web.render(request, "no_list.html", viewer=viewer)
        scope.enter(session, viewer, rights=True)
        found = requests.requests(viewer, session, vault=here.vault, school=chosen.school.id)
        items = _items(viewer, session, chosen.school.id, found, vault=here.vault)
    return web.render(
        request,
        "rights/rights.html",
        viewer=viewer,
        chosen=chosen,
        objections=[one for one in items if one.request.runs and one.request.kind is Kind.OBJECTION],
        by_number=[one for one in items if one.request.runs and one.request.kind is Kind.BY_NUMBER],
        attended=batch.is_attended(here.settings.home),
        longest_number=by_number.LONGEST_NUMBER,
        corrections=_by_term(items),
        ended=[one for one in items if not one.request.runs],
        may_write=viewer.may(Permission.WRITE_RIGHTS),
        may_by_number=viewer.may(Permission.WRITE_RIGHTS) and viewer.groups is None,
        **_words(),
    )


@router.post(f"{RIGHTS}/bezwaar", openapi_extra=WRITE)
def objection_by_number(request: Request, asked: Annotated[ByNumber, Form()]) -> Response:
    """Keep that a pupil objects who has no page here, until the batch has found out who it is."""
    vault = auth.installation(request).vault
    with auth.asking(request) as (viewer, session):
        viewer.must(Permission.WRITE_RIGHTS)
        chosen = choosing.school(viewer, session, asked.school)
        if chosen is None:
            raise reading.not_found(choosing.A_SCHOOL)
        by_number.ask(
            viewer, session, school=chosen.school.id, number=asked.leerlingnummer, asked=asked.asked, vault=vault
        )
    return RedirectResponse(f"{RIGHTS}?school={chosen.school.id}#bezwaar", HTTPStatus.SEE_OTHER)


@router.post("/leerling/{signal_id}/bezwaar", openapi_extra=WRITE)
def objection(request: Request, signal_id: str, asked: Annotated[Objection, Form()]) -> Response:
    """Write down that somebody objects: from then on no list shows the pupil."""
    with auth.asking(request) as (viewer, session):
        made = requests.register_objection(viewer, session, signal=signal_id, asked=asked.asked)
    return RedirectResponse(f"{RIGHTS}?school={made.school}#verzoek-{made.id}", HTTPStatus.SEE_OTHER)


@router.post("/leerling/{signal_id}/correctie", openapi_extra=WRITE)
def correction(request: Request, signal_id: str, asked: Annotated[Correction, Form()]) -> Response:
    """Write down that a record is said to be wrong; what cannot be is said on a page with the form, as it was filled in."""
    vault = auth.installation(request).vault
    try:
        with auth.asking(request) as (viewer, session):
            requests.register_correction(
                viewer, session, signal=signal_id, asked=asked.asked, record=asked.record, vault=vault
            )
    except UsageError as error:
        with auth.asking(request) as (viewer, session):
            scope.enter(session, viewer, rights=True)
            shown = reading.signal(viewer, session, signal_id)
        values = {"viewer": viewer, "shown": shown, "tried": asked, "error": error, **_words()}
        return web.render(request, "rights/correction.html", status=error.status, **values)
    return RedirectResponse(f"/leerling/{signal_id}#rechten", HTTPStatus.SEE_OTHER)


@router.post(f"{RIGHTS}/{{correction_id}}/antwoord", openapi_extra=WRITE)
def answered(request: Request, correction_id: str, asked: Annotated[Answered, Form()]) -> Response:
    """Say what became of a request about a record."""
    vault = auth.installation(request).vault
    reply = Reply(asked.antwoord, asked.op, asked.toelichting.strip())
    with auth.asking(request) as (viewer, session):
        done = requests.answer(viewer, session, correction_id, reply=reply, vault=vault)
    return RedirectResponse(f"{RIGHTS}?school={done.school}#verzoek-{done.id}", HTTPStatus.SEE_OTHER)


@router.post(f"{RIGHTS}/{{objection_id}}/intrekken", openapi_extra=WRITE)
def withdrawn(request: Request, objection_id: str, asked: Annotated[Objection, Form()]) -> Response:
    """Write down that an objection was withdrawn: the next list may show the pupil again."""
    with auth.asking(request) as (viewer, session):
        done = requests.withdraw(viewer, session, objection_id, asked=asked.asked)
    return RedirectResponse(f"{RIGHTS}?school={done.school}#verzoek-{done.id}", HTTPStatus.SEE_OTHER)


def on_pupil(viewer: Viewer, session: Session, shown: Shown, *, vault: Vault) -> OnPupil | None:
    """Return what runs about a pupil, and what the forms need; None for who does not deal with it."""
    if not viewer.may(Permission.READ_RIGHTS):
        return None
    found = requests.requests(viewer, session, vault=vault, school=shown.school, pupil=shown.signal.pupil)
    objections = requests.running(found, Kind.OBJECTION)
    return OnPupil(
        corrections=requests.running(found, Kind.CORRECTION),
        objection=objections[0] if objections else None,
        today=scope.today(),
        asked_by=ASKED_BY,
        wrongs=WRONGS,
    )


def hidden(request: Request, signal_id: str) -> Response | None:
    """Show that the pupil of a signal does not take part, to who deals with rights; None where that is not so."""
    vault = auth.installation(request).vault
    with auth.asking(request) as (viewer, session):
        if not viewer.may(Permission.READ_RIGHTS):
            return None
        scope.enter(session, viewer, rights=True)
        shown = reading.signal(viewer, session, signal_id)
        asked = on_pupil(viewer, session, shown, vault=vault)
        names = reading.names(viewer, session, school=shown.school, pupils=[shown.signal.pupil], vault=vault)
    if asked is None or asked.objection is None:
        return None
    return web.render(
        request,
        "rights/objected.html",
        viewer=viewer,
        head=shown.head,
        shown=shown,
        name=listed.call(shown.signal.pupil, names),
        asked=asked,
        may_write=viewer.may(Permission.WRITE_RIGHTS),
        **_words(),
    )


def _items(viewer: Viewer, session: Session, school: str, found: Sequence[Asking], *, vault: Vault) -> list[Item]:
    pupils: list[Pupil] = [(one.school, one.pupil) for one in found if one.pupil]
    named = reading.names(viewer, session, school=school, pupils={pupil for _, pupil in pupils}, vault=vault)
    signals = cases.newest_signals(viewer, session, pupils)
    return [_item(one, named, signals.get((one.school, one.pupil), "")) for one in found]


def _item(one: Asking, named: Mapping[str, str], signal: str) -> Item:
    if not one.pupil:
        return Item(one, NOT_KNOWN_YET, signal)
    is_alone = not signal and one.pupil not in named
    return Item(one, NAMELESS if is_alone else listed.call(one.pupil, named), signal, is_alone=is_alone)


def _by_term(items: Sequence[Item]) -> list[Item]:
    """Return the requests about records that wait, the first to be answered first."""
    waiting = [one for one in items if one.request.runs and one.request.kind is Kind.CORRECTION]
    return sorted(waiting, key=lambda one: one.request.due)


def _words() -> dict[str, Any]:
    return {
        "asked_by": ASKED_BY,
        "wrongs": WRONGS,
        "answers": ANSWERS,
        "may_answer": ABOUT_A_RECORD,
        "today": scope.today(),
    }
