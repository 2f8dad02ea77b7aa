"""Published lists and signals, as on the page: the same viewer, the same scope, the same audit."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request

from data_contracts.identifiers import SCHOOL_PATTERN
from service import auth, reading
from service.api import resources
from service.api.base import PREFIX, WITH_ID, WITHOUT_ID, Link, OpaqueId
from service.api.resources import Signaal, Signalen, Weeklijst, Weeklijsten

router = APIRouter(prefix=PREFIX)


@router.get("/weeklijsten", tags=["weeklijsten"], responses=WITHOUT_ID)
def weekly_lists(
    request: Request,
    school: Annotated[str | None, Query(pattern=SCHOOL_PATTERN, description="BRIN with location")] = None,
    week: Annotated[date | None, Query(description="Monday of the week")] = None,
) -> Weeklijsten:
    """Return the lists in your scope: the newest edition of each, newest week first."""
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        heads = reading.heads(viewer, session, school=school, week=week)
    here = Link(href=request.url.path + (f"?{request.url.query}" if request.url.query else ""))
    return Weeklijsten(weeklijsten=[resources.weeklijst(head) for head in heads], links={"self": here})


@router.get("/weeklijsten/{list_id}", tags=["weeklijsten"], responses=WITH_ID)
def weekly_list(request: Request, list_id: OpaqueId) -> Weeklijst:
    """Return one list, without its signals."""
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        head = reading.head(viewer, session, list_id)
    return resources.weeklijst(head)


@router.get("/weeklijsten/{list_id}/signalen", tags=["signalen"], responses=WITH_ID)
def signals(request: Request, list_id: OpaqueId) -> Signalen:
    """Return the signals on one list, in order: probability, exact contributions, sentences, rules."""
    here = auth.installation(request)
    with auth.asking(request) as (viewer, session):
        head = reading.head(viewer, session, list_id)
        shown = reading.signals(viewer, session, head, with_calendar=True)
        pupils = [one.signal.pupil for one in shown]
        names = reading.names(viewer, session, school=head.document.school, pupils=pupils, vault=here.vault)
    path = f"{PREFIX}/weeklijsten/{head.id}"
    return Signalen(
        signalen=[resources.signaal(one, name=names.get(one.signal.pupil)) for one in shown],
        links={"self": Link(href=f"{path}/signalen"), "weeklijst": Link(href=path)},
    )


@router.get("/signalen/{signal_id}", tags=["signalen"], responses=WITH_ID)
def signal(request: Request, signal_id: OpaqueId) -> Signaal:
    """Return one signal."""
    here = auth.installation(request)
    with auth.asking(request) as (viewer, session):
        shown = reading.signal(viewer, session, signal_id)
        pupils = [shown.signal.pupil]
        names = reading.names(viewer, session, school=shown.school, pupils=pupils, vault=here.vault)
    return resources.signaal(shown, name=names.get(shown.signal.pupil))
