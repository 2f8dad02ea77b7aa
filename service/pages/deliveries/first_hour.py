"""The first hour of a school: five steps from nothing to the first list, each with how it stands and what is next."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from data_contracts.errors import NotFoundError, UsageError
from data_contracts.identifiers import SCHOOL_PATTERN, Region, Sector
from data_contracts.school import write_school
from service import audit, auth, batch, db, inbox, web
from service.audit import Action
from service.front.entitled import needs
from service.pages.deliveries import delivered, delivery_pages
from service.pages.deliveries.delivery_pages import Back
from service.pages.deliveries.hour_steps import Progress, State
from service.pages.deliveries.systems import SYSTEMS
from service.pages.management import managed_schools
from service.pages.management.managed_schools import ManagedSchool
from service.settings import Settings
from service.tables import SchoolRow
from service.viewer import Permission, Viewer

router = APIRouter(include_in_schema=False)

PAGE = "/beheer/begin"
SAMPLES = "nieuwe-school"
"""Where `make demo` writes what a school that begins could export."""

LOOKED_AT = 60
"""Newest deliveries that say how far a school is."""

SECTORS: dict[Sector, str] = {
    Sector.PO: "basisonderwijs",
    Sector.SBO: "speciaal basisonderwijs",
    Sector.SO: "speciaal onderwijs",
    Sector.VO: "voortgezet onderwijs",
    Sector.VSO: "voortgezet speciaal onderwijs",
    Sector.MBO: "mbo",
}
REGIONS: dict[Region, str] = {Region.NOORD: "Noord", Region.MIDDEN: "Midden", Region.ZUID: "Zuid"}


class Named(BaseModel):
    """The form of the first step as it was sent."""

    school: Annotated[str, Field(pattern=SCHOOL_PATTERN)]
    naam: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    sector: Sector
    regio: Region
    systeem: Annotated[str, Field(max_length=20)]
    plaatsen: Annotated[int, Field(ge=1, le=100)]


@router.get(PAGE)
def beginning_page(request: Request, school: str = "", meer: str = "", stil: str = "") -> Response:
    """Show how far a school is, and what is next."""
    here = auth.installation(request)
    home = here.settings.home
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        viewer.must(Permission.SET_UP)
        schools = _schools(viewer, session, home, school)
        chosen = managed_schools.chosen(schools, school)
        progress = None if chosen is None else _progress(viewer, session, home, chosen)
    attended = batch.is_attended(home)
    alive = progress is not None and (progress.is_read or (progress.is_listing and attended))
    steps = () if progress is None else progress.steps()
    refresh = alive and not meer and not stil
    answer = web.render(
        request,
        "deliveries/first_hour.html",
        viewer=viewer,
        schools=schools,
        progress=progress,
        steps=steps,
        current=next((one.id for one in steps if one.state is not State.DONE), ""),
        State=State,
        form=None if chosen is None else delivery_pages.handing_in(request, viewer, chosen, back=Back.BEGINNING),
        adding=bool(meer),
        attended=attended,
        sectors=SECTORS,
        regions=REGIONS,
        systems=SYSTEMS,
        sentence=delivered.sentence,
        sample=None if chosen is None else _sample(here.settings, chosen),
        may_read=viewer.may(Permission.READ_LISTS),
        anywhere=viewer.schools is None,
        refresh=refresh,
        still=bool(stil),
        alive=alive,
    )
    return delivery_pages.refreshing(answer, refresh=refresh)


@router.post(PAGE, openapi_extra=needs(Permission.SET_UP))
def name_school(request: Request, said: Annotated[Named, Form()]) -> Response:
    """Write the settings of a school that has none."""
    home = auth.installation(request).settings.home
    with auth.asking(request) as (viewer, session):
        viewer.must(Permission.SET_UP)
        if not viewer.reaches(said.school):
            detail = "Wij kunnen deze school niet vinden."
            raise NotFoundError(detail, remedy="Kies een school die bij u hoort.")
        if said.systeem not in SYSTEMS:
            detail = "Dit systeem kennen wij niet."
            raise UsageError(detail, remedy="Kies een systeem uit de lijst.")
        db.next_change(session)  # of two that begin with the same school, the second finds the file of the first
        audit.record(viewer, session, action=Action.SETTINGS_CHANGED, school=said.school, detail="ingericht")
        settings = {
            "school": said.school,
            "name": said.naam,
            "sector": said.sector.value,
            "region": said.regio.value,
            "capacity": said.plaatsen,
            "source": said.systeem,
        }
        write_school(managed_schools.file_of(home, said.school), settings, made_from="")
    return RedirectResponse(f"{PAGE}?school={said.school}#bestanden", HTTPStatus.SEE_OTHER)


def _sample(settings: Settings, school: ManagedSchool) -> Path | None:
    """Return where, in the demo, files of `school` lie ready to be handed in."""
    folder = settings.home / SAMPLES / school.id
    return folder if settings.is_demo and folder.is_dir() else None


def _schools(viewer: Viewer, session: Session, home: Path, asked: str) -> tuple[ManagedSchool, ...]:
    """Return the schools to choose from; whoever arranges all of them may begin with one that nobody knows yet."""
    known = managed_schools.all_of(viewer, session, home)
    if viewer.schools is None and re.fullmatch(SCHOOL_PATTERN, asked) and asked not in {one.id for one in known}:
        return (*known, ManagedSchool(asked, asked))
    return tuple(_those_that_begin_first(known, home))


def _those_that_begin_first(known: tuple[ManagedSchool, ...], home: Path) -> Iterator[ManagedSchool]:
    """A school without settings has the most to do here."""
    ready = {one.id for one in known if managed_schools.settings_of(home, one.id) is not None}
    yield from (one for one in known if one.id not in ready)
    yield from (one for one in known if one.id in ready)


def _progress(viewer: Viewer, session: Session, home: Path, school: ManagedSchool) -> Progress:
    rows = inbox.deliveries(viewer, session, school=school.id, after=None, limit=LOOKED_AT)
    return Progress(
        school=school,
        settings=managed_schools.settings_of(home, school.id),
        shown=tuple(delivered.shown(row) for row in rows),
        is_listed=session.get(SchoolRow, school.id) is not None,
        unlisted=batch.why_unlisted(home, school.id),
    )
