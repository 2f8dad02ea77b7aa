"""Voor ouders en leerling: one sheet about one pupil, to be printed; and everything that is stored, as a file to hand over."""

import json
from datetime import date, datetime

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from service import auth, reading, scope, web
from service.audit import Action
from service.following import follow_ups
from service.following.care import Step
from service.following.follow_ups import NOTHING_TRIED
from service.pages import listed
from service.pages.exports import access_xlsx
from service.pages.rights import parents
from service.reading import Shown
from service.rights import contacts, held, requests, seen
from service.rights.held import Held
from service.rights.kinds import Kind
from service.vault import Vault
from service.viewer import Permission, Viewer
from service.words import ZONE

router = APIRouter(include_in_schema=False)

MOST_STEPS = 100
"""More follow-ups than anybody has; a bound, as every query has one."""

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/leerling/{signal_id}/ouders")
def parents_page(request: Request, signal_id: str) -> Response:
    """Show what a parent may know: what was recorded, what the signal stands on, who saw it, and what they can ask."""
    here = auth.installation(request)
    with auth.asking(request) as (viewer, session):
        viewer.must(Permission.READ_PARENTS_PAGE)
        scope.enter(session, viewer, rights=True)
        shown = reading.signal(viewer, session, signal_id, action=Action.PARENTS_READ)
        school, pupil = shown.school, shown.signal.pupil
        names = reading.names(viewer, session, school=school, pupils=[pupil], vault=here.vault)
        looked = seen.seen_by(viewer, session, school=school, pupil=pupil)
        steps = _steps(viewer, session, shown, vault=here.vault)
        objects = requests.about(session, school=school, pupil=pupil, kind=Kind.OBJECTION)
    return web.render(
        request,
        "rights/parents.html",
        viewer=viewer,
        head=shown.head,
        shown=shown,
        signal=shown.signal,
        name=listed.call(pupil, names),
        hits=listed.hits_of(shown.signal, sector=shown.head.document.sector),
        recorded=parents.recorded(shown.signal, shown.head.document.school_days),
        looked=looked,
        steps=steps,
        objects=objects,
        contacts=contacts.contacts(here.settings.home, school),
        today=scope.today(),
        may_export=viewer.may(Permission.READ_RIGHTS),
    )


@router.get("/leerling/{signal_id}/inzage.json")
def as_json(request: Request, signal_id: str) -> Response:
    """Give everything that is stored about a pupil, for a machine."""
    found = _held(request, signal_id)
    text = json.dumps(found.json, ensure_ascii=False, indent=1, default=_told)
    return Response(text, media_type="application/json", headers=_named(found, "json"))


@router.get("/leerling/{signal_id}/inzage.xlsx")
def as_workbook(request: Request, signal_id: str) -> Response:
    """Give the same as a workbook, which the school can read and mend before it hands it over."""
    found = _held(request, signal_id)
    return Response(access_xlsx.workbook(found), media_type=XLSX, headers=_named(found, "xlsx"))


def _held(request: Request, signal_id: str) -> Held:
    vault = auth.installation(request).vault
    with auth.asking(request) as (viewer, session):
        return held.held(viewer, session, signal_id, vault=vault)


def _named(found: Held, ending: str) -> dict[str, str]:
    """Say that it is a file, called after the school and the day: a name does not belong in a folder of downloads."""
    return {"Content-Disposition": f'attachment; filename="inzage-{found.school}-{scope.today()}.{ending}"'}


def _steps(viewer: Viewer, session: Session, shown: Shown, *, vault: Vault) -> tuple[str, ...]:
    """Return what was agreed or done about the pupil, in words, the newest first; what is noted stays out of it."""
    if not viewer.may(Permission.READ_FOLLOW_UPS):
        return ()
    about = (shown.school, shown.signal.pupil)
    every = follow_ups.follow_ups(viewer, session, vault=vault, limit=MOST_STEPS, about=about)
    tried = [one for one in every if one.withdrawn_at is None and one.plan.kind not in NOTHING_TRIED]
    return tuple(
        Step(
            one.plan.kind,
            one.plan.owner,
            one.opened_at.astimezone(ZONE).date(),
            one.plan.planned_on,
            one.plan.done_on,
            one.plan.outcome,
        ).text
        for one in sorted(tried, key=lambda one: one.opened_at, reverse=True)
    )


def _told(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    msg = f"{type(value).__name__} is not for JSON"
    raise TypeError(msg)
