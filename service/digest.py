"""The weekly digest: how many pupils are on the lists of those who read them, in a letter that says nothing of anybody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from data_contracts.errors import SettingsError
from data_contracts.weekly_list import WeeklyList
from service import db, reading, scope, words
from service.following.care import care_on
from service.pages.listed import lacks_delivery
from service.settings import Settings
from service.tables import GrantRow, PersonRow
from service.viewer import Role, Viewer
from service.who import viewers

SUBJECT = "Weeklijst, week van {week}"
BODY = """Goedemorgen,

{schools}

Meld u aan: {url}

Dit bericht noemt geen leerlingen en hoeft niet beantwoord te worden. Liever geen bericht? Vraag het uw beheerder.
"""


@dataclass(frozen=True)
class Letter:
    """One message, ready to send."""

    to: str
    subject: str
    text: str


def address() -> str:
    """Return where the readers of a letter sign in.

    Raises
    ------
    SettingsError
        That is not set.
    """
    found = Settings.from_environment().public_url
    if not found:
        detail = "AANWEZIG_PUBLIC_URL ontbreekt: een bericht moet zeggen waar men zich aanmeldt."
        raise SettingsError(detail, remedy="Zet daarin het adres van deze dienst, zoals https://aanwezig.school.nl.")
    return found


def letters(engine: Engine, *, week: date, url: str) -> tuple[Letter, ...]:
    """Write to every care coordinator with an address about the lists of `week`. Numbers only; nobody's data is read.

    Parameters
    ----------
    engine
        An open, current database.
    url
        Where the reader signs in.
    """
    with db.transaction(engine, writes=False) as session:
        readers = session.execute(
            select(PersonRow.id, PersonRow.email)
            .join(GrantRow, GrantRow.person == PersonRow.id)
            .where(GrantRow.role == Role.CARE_COORDINATOR, PersonRow.email.is_not(None), PersonRow.ended_at.is_(None))
            .distinct()
            .order_by(PersonRow.email)
        ).all()
    subject = SUBJECT.format(week=words.week(week))
    written = []
    for reader in readers:
        with db.transaction(engine, writes=False) as session:
            viewer = viewers.viewer_for(session, session.get_one(PersonRow, reader.id), Role.CARE_COORDINATOR)
            scope.enter(session, viewer)
            schools = "\n".join(_schools(viewer, session, week))
        if schools:
            written.append(Letter(reader.email, subject, BODY.format(schools=schools, url=url)))
    return tuple(written)


def _schools(viewer: Viewer, session: Session, week: date) -> Iterator[str]:
    """Say for each school of the reader how its list stands."""
    for school in reading.schools(viewer, session):
        heads = reading.heads(viewer, session, school=school.id, week=week)
        if not heads:
            yield f"Voor {school.name} is er deze week nog geen lijst."
            continue
        care = care_on(session, school=school.id, week=week)
        waiting = sum(not one.picked_up for one in care.values())
        yield _sentence(school.name, heads[0].document, listed=len(care), waiting=waiting)


def _sentence(school: str, document: WeeklyList, *, listed: int, waiting: int) -> str:
    if document.data_moment is None or lacks_delivery(document):
        return f"Voor {school} kwam geen nieuwe levering: de lijst zegt niets over de afgelopen week."
    if not listed:
        return f"Er staat niemand op de lijst van {school}. Dat betekent niet dat er niets speelt."
    stand = "staat" if listed == 1 else "staan"
    picked = f"{waiting} nog niet opgepakt" if waiting else "alle opgepakt"
    return f"Er {stand} {words.count(listed, 'leerling', 'leerlingen')} op de lijst van {school}, {picked}."
