"""Beheer: everything that somebody arranges, as a calm index with how each thing stands."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from data_contracts.errors import NotAllowedError
from data_contracts.school import SchoolSettings
from service import auth, inbox, web, words
from service.pages.management import managed_schools
from service.pages.management.managed_schools import ManagedSchool
from service.tables import DeliveryRow, RetentionRunRow
from service.viewer import ROLES, Permission, Viewer
from service.who import managed

router = APIRouter(include_in_schema=False)

SOME = 3
"""How many schools are named on a line before they are counted."""


@dataclass(frozen=True)
class Section:
    """One thing to arrange: its name, what it is, how it stands in a line, and where."""

    title: str
    what: str
    state: str
    to: str


@router.get("/beheer")
def management_page(request: Request) -> Response:
    """Show what there is to arrange, for whoever arranges something."""
    here = auth.installation(request)
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        if not (viewer.may(Permission.READ_MANAGEMENT) or viewer.may(Permission.WRITE_PLAYBOOK)):
            label = ROLES[viewer.role].label
            detail = f"In uw rol ({label}) is er niets te beheren."
            raise NotAllowedError(detail, remedy="Meld u aan in een rol waarin dat wel mag, of vraag het uw beheerder.")
        schools = managed_schools.all_of(viewer, session, here.settings.home)
        sections = [*_data(viewer, session, schools, here.settings.home)]
        last = session.scalar(select(RetentionRunRow).order_by(RetentionRunRow.at.desc()).limit(1))
    if viewer.may(Permission.READ_MANAGEMENT):
        sections = [*_access(viewer, request), *sections, _keeping(last)]
    return web.render(request, "management/management.html", viewer=viewer, sections=sections, schools=schools)


def _access(viewer: Viewer, request: Request) -> Iterator[Section]:
    engine = auth.installation(request).engine
    people, programs = managed.people(viewer, engine), managed.programs(viewer, engine)
    mentors = {one.id for one in people if any(holding.group for holding in one.holdings)}
    yield Section(
        "Mensen en rollen",
        "Wie zich mag aanmelden, en wat die dan ziet.",
        words.count(len(people), "mens heeft", "mensen hebben") + " hier een rol.",
        "/beheer/mensen",
    )
    yield Section(
        "Groepen en mentoren",
        "Welke groep welke mentor heeft.",
        words.count(len(mentors), "mentor heeft", "mentoren hebben") + " een groep.",
        "/beheer/groepen",
    )
    yield Section(
        "Programma's",
        "Welke systemen gegevens mogen aanleveren of ophalen.",
        words.count(len(programs), "programma heeft", "programma's hebben") + " toegang.",
        "/beheer/programmas",
    )


def _data(viewer: Viewer, session: Session, schools: tuple[ManagedSchool, ...], home: Path) -> Iterator[Section]:
    """What concerns the schools themselves; each only for who may see the page behind it."""
    found = {one.id: managed_schools.settings_of(home, one.id) for one in schools}
    missing = [one.name for one in schools if found[one.id] is None]
    if viewer.may(Permission.MANAGE):
        yield Section(
            "Instellingen van de school",
            "Naam, plaats op de lijst, regelsets, vrije dagen en lestijd.",
            f"Nog geen instellingen: {_named(missing)}." if missing else _capacities(schools, found),
            "/beheer/school",
        )
    if viewer.may(Permission.WRITE_PLAYBOOK):
        yield Section("Draaiboek", "Wat uw school doet bij welk patroon.", "", "/beheer/draaiboek")
    if viewer.may(Permission.DELIVER):
        codes = sum(len(one.reasons) for one in found.values() if one is not None)
        yield Section(
            "Redencodes",
            "Wat de codes van uw school betekenen.",
            words.count(codes, "code heeft", "codes hebben") + " een betekenis.",
            "/beheer/codes",
        )
        yield Section(
            "Leveringen", "Wat er binnenkwam, en hoe goed het was.", _deliveries(session), "/beheer/leveringen"
        )
        yield Section("Het begin", "Van nul naar de eerste lijst, in vijf stappen.", "", "/beheer/begin")


def _capacities(schools: tuple[ManagedSchool, ...], found: dict[str, SchoolSettings | None]) -> str:
    if len(schools) == 1 and (only := found[schools[0].id]) is not None:
        return f"Plaats voor {words.count(only.capacity, 'leerling', 'leerlingen')} per week."
    return words.count(len(schools), "school is", "scholen zijn") + " ingesteld."


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:SOME])
    return shown if len(names) <= SOME else f"{shown} en {len(names) - SOME} andere"


def _deliveries(session: Session) -> str:
    newest = session.scalar(select(func.max(DeliveryRow.received_at)))
    waiting = session.scalar(select(func.count()).where(DeliveryRow.status == inbox.Status.RECEIVED)) or 0
    if newest is None:
        return "Er kwam nog niets binnen langs de pagina of de API."
    state = f"De laatste kwam op {words.moment(newest)}."
    return f"{state} {words.count(waiting, 'wacht', 'wachten')} nog." if waiting else state


def _keeping(last: RetentionRunRow | None) -> Section:
    if last is None:
        state = "Er is nog nooit opgeruimd."
    else:
        removed = sum(json.loads(last.counts).values())
        state = f"Laatst opgeruimd op {words.moment(last.at)}: {words.count(removed, 'regel', 'regels')} weg."
    return Section("Bewaren", "Hoe lang wat bewaard blijft.", state, "/beheer/bewaren")
