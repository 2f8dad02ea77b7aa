"""Publishing: the one door through which lists and the page about the model enter. Once published, nothing changes."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from pydantic import TypeAdapter
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from data_contracts.model_page import ModelPage
from data_contracts.school_page import SchoolPage
from data_contracts.weekly_list import CalendarDay, SealedName, Signal, WeeklyList
from service import audit, db, school_pages
from service.shared import duties, region_cells
from service.tables import ListRow, ModelPageRow, SchoolRow, SealedNameRow, SignalRow, new_id

CALENDAR: TypeAdapter[tuple[CalendarDay, ...]] = TypeAdapter(tuple[CalendarDay, ...])
"""A signal's calendar stands apart from its document: only the page of one pupil needs it."""


class Status(StrEnum):
    """What publishing came to."""

    NEW = "new"
    UNCHANGED = "unchanged"
    NEW_EDITION = "new_edition"


@dataclass(frozen=True)
class Published:
    """What publishing came to, and which edition (from 1) now stands."""

    status: Status
    edition: int
    id: str


@dataclass(frozen=True)
class ListStanding:
    """A list as it stands now, for the command line's ``status``."""

    school: str
    name: str
    week: date
    edition: int
    on_list: int


def open_database(url: str) -> Engine:
    """Open the service's database at `url`, brought up to date; for those who publish.

    Raises
    ------
    SettingsError, StorageError
        The URL is wrong; the database does not answer.
    """
    engine = db.connect(url)
    db.upgrade(engine)
    return engine


@dataclass(frozen=True)
class Written:
    """A list as it is stored; to write it takes longer than to store it, and can be done elsewhere.

    Parameters
    ----------
    digest
        See `digest`.
    document
        The list without those on it.
    signals
        Of each signal its document and its calendar, in their order.
    """

    digest: str
    document: str
    signals: tuple[tuple[str, str], ...]


def digest(weekly_list: WeeklyList) -> str:
    """SHA-256 over everything that is published (names are not part of a list)."""
    return hashlib.sha256(weekly_list.model_dump_json().encode()).hexdigest()


def write(weekly_list: WeeklyList) -> Written:
    """Write a list as it is stored."""
    return Written(
        digest(weekly_list),
        weekly_list.model_dump_json(exclude={"signals", "duties_alone"}),
        tuple(
            (signal.model_dump_json(exclude={"calendar"}), CALENDAR.dump_json(signal.calendar).decode())
            for signal in weekly_list.signals
        ),
    )


def publish(
    engine: Engine,
    weekly_list: WeeklyList,
    *,
    names: Sequence[SealedName],
    by: str,
    page: SchoolPage | None = None,
    written: Written | None = None,
) -> Published:
    """Publish `weekly_list`, in one transaction. The same content twice changes nothing.

    Parameters
    ----------
    engine
        An open, current database (`open_database`).
    weekly_list
        The list; a different content for the same school and week becomes the next edition.
    names
        Encrypted names of the pupils on it; the newest name of a pupil stands.
    by
        Which program publishes, for the audit.
    page
        The page about the school that goes with it.
    written
        What `write` made of the list, where that was done before.

    Raises
    ------
    StorageError
        The database does not answer.
    """
    stored = written or write(weekly_list)

    def together() -> Published:
        with db.transaction(engine) as session:
            done = _publish(session, weekly_list, stored, names=names, by=by)
            if page is not None:
                school_pages.store(session, page, list_id=done.id)
            return done

    try:
        return together()
    except IntegrityError:
        # Somebody published the same school and week at the same moment: now it is there to compare with.
        return together()


def _publish(
    session: Session, weekly_list: WeeklyList, written: Written, *, names: Sequence[SealedName], by: str
) -> Published:
    _store_school(session, weekly_list)
    _store_names(session, weekly_list.school, names)
    newest = session.scalar(
        select(ListRow)
        .where(ListRow.school == weekly_list.school, ListRow.week == weekly_list.week)
        .order_by(ListRow.edition.desc())
        .limit(1)
    )
    if newest is not None and newest.digest == written.digest:
        return Published(Status.UNCHANGED, newest.edition, newest.id)
    edition = 1 if newest is None else newest.edition + 1
    row = ListRow(
        id=new_id(),
        school=weekly_list.school,
        week=weekly_list.week,
        edition=edition,
        digest=written.digest,
        provisional=weekly_list.provisional,
        published_by=by,
        change=db.next_change(session),
        document=written.document,
    )
    session.add(row)
    session.flush()
    if weekly_list.signals:
        both = enumerate(zip(weekly_list.signals, written.signals, strict=True))
        rows = [_signal_row(row, rank, signal, stored) for rank, (signal, stored) in both]
        session.execute(insert(SignalRow), rows)
    session.add_all([*duties(row, weekly_list), *region_cells(row, weekly_list)])
    audit.record_publishing(by, session, school=weekly_list.school, object_id=row.id)
    return Published(Status.NEW if newest is None else Status.NEW_EDITION, edition, row.id)


def _signal_row(row: ListRow, rank: int, signal: Signal, written: tuple[str, str]) -> dict[str, object]:
    document, calendar = written
    return {
        "list_id": row.id,
        "school": row.school,
        "pupil": signal.pupil,
        "group_name": signal.group,
        "rank": rank,
        "on_list": signal.on_list,
        "document": document,
        "calendar": calendar,
    }


def _store_school(session: Session, weekly_list: WeeklyList) -> None:
    school = session.get(SchoolRow, weekly_list.school)
    if school is None:
        session.add(SchoolRow(id=weekly_list.school, name=weekly_list.school_name, sector=weekly_list.sector))
    elif (school.name, school.sector) != (weekly_list.school_name, weekly_list.sector):
        school.name, school.sector = weekly_list.school_name, weekly_list.sector
    session.flush()


def _store_names(session: Session, school: str, names: Sequence[SealedName]) -> None:
    newest = {name.pupil: name.sealed for name in names}
    stored = session.scalars(
        select(SealedNameRow).where(SealedNameRow.school == school, SealedNameRow.pupil.in_(newest))
    )
    for row in stored:
        sealed = newest.pop(row.pupil)
        if row.sealed != sealed:
            row.sealed = sealed
    if newest:
        rows = [{"school": school, "pupil": pupil, "sealed": sealed} for pupil, sealed in newest.items()]
        session.execute(insert(SealedNameRow), rows)


def publish_model(engine: Engine, page: ModelPage) -> bool:
    """Publish the page about the model; return whether it was new. The same page twice changes nothing.

    Raises
    ------
    StorageError
        The database does not answer.
    """
    document = page.model_dump_json()
    with db.transaction(engine) as session:
        newest = session.scalar(select(ModelPageRow).order_by(ModelPageRow.published_at.desc()).limit(1))
        if newest is not None and newest.document == document:
            return False
        session.add(ModelPageRow(document=document))
        return True


def previous(engine: Engine, *, school: str, before: date) -> WeeklyList | None:
    """Return the last list of `school` for a week before `before`, newest edition; for the comparison with last week.

    Without calendars and attendance, which that comparison does not need. No viewer: it is read by the program that
    publishes, holds pseudonyms only, and is shown to nobody.
    """
    with db.transaction(engine, writes=False) as session:
        row = _newest_before(session, school=school, before=before)
        return None if row is None else _whole(session, row)


def published(engine: Engine, *, week: date, school: str | None = None) -> tuple[tuple[int, datetime, WeeklyList], ...]:
    """Return every edition of the lists of `week`, newest first, as `previous` does; with its number, and since when."""
    query = select(ListRow).where(ListRow.week == week)
    if school is not None:
        query = query.where(ListRow.school == school)
    with db.transaction(engine, writes=False) as session:
        rows = session.scalars(query.order_by(ListRow.school, ListRow.edition.desc())).all()
        return tuple((row.edition, row.published_at, _whole(session, row)) for row in rows)


def _whole(session: Session, row: ListRow) -> WeeklyList:
    documents = session.scalars(select(SignalRow.document).where(SignalRow.list_id == row.id).order_by(SignalRow.rank))
    signals = [{**json.loads(document), "attendance": []} for document in documents]
    return WeeklyList.model_validate_json(json.dumps({**json.loads(row.document), "signals": signals}))


def earlier_on_list(engine: Engine, *, school: str, before: date, weeks: int) -> tuple[frozenset[str], ...]:
    """Return who was on each of the last `weeks` lists of `school` before `before`, newest first; pseudonyms only."""
    found: list[frozenset[str]] = []
    with db.transaction(engine, writes=False) as session:
        while len(found) < weeks and (row := _newest_before(session, school=school, before=before)) is not None:
            pupils = session.scalars(select(SignalRow.pupil).where(SignalRow.list_id == row.id, SignalRow.on_list))
            found.append(frozenset(pupils))
            before = row.week
    return tuple(found)


def moments(engine: Engine, *, week: date) -> dict[str, datetime]:
    """Return per school up to which moment (UTC) the standing list of `week` knew things."""
    with db.transaction(engine, writes=False) as session:
        rows = session.scalars(select(ListRow).where(ListRow.week == week).order_by(ListRow.edition))
        return {row.school: datetime.fromisoformat(json.loads(row.document)["as_of"]) for row in rows}


def _newest_before(session: Session, *, school: str, before: date) -> ListRow | None:
    return session.scalar(
        select(ListRow)
        .where(ListRow.school == school, ListRow.week < before)
        .order_by(ListRow.week.desc(), ListRow.edition.desc())
        .limit(1)
    )


def standing(engine: Engine) -> tuple[ListStanding, ...]:
    """Return every list as it stands now (newest edition), by school and week; numbers only, nobody's data."""
    with db.transaction(engine, writes=False) as session:
        rows = session.execute(
            select(ListRow, SchoolRow.name)
            .join(SchoolRow, SchoolRow.id == ListRow.school)
            .order_by(ListRow.school, ListRow.week, ListRow.edition)
        ).all()
        newest = {(row.school, row.week): (row, name) for row, name in rows}
        counted = select(SignalRow.list_id, func.count()).where(SignalRow.on_list).group_by(SignalRow.list_id)
        counts = {list_id: int(count) for list_id, count in session.execute(counted)}
        return tuple(
            ListStanding(row.school, name, row.week, row.edition, counts.get(row.id, 0))
            for row, name in newest.values()
        )
