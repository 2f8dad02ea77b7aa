"""Removing what is past its term from the database, in one transaction: what and how many is told, never whom.

Lists and the audit are written once: triggers hold that. What has to go takes those of the audit away and puts them back
within the transaction that removes. Both databases keep everybody else from writing there meanwhile (SQLite has one writer;
PostgreSQL locks the table until the commit), and whatever goes wrong leaves the triggers as they were.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, delete, exists, func, not_, or_, select, text
from sqlalchemy.orm import Session

from service import audit, db
from service.audit import Action
from service.rights.kinds import Kind as RightsKind
from service.tables import (
    AuditRow,
    CaseRow,
    ClientRow,
    DeliveryRow,
    DutyRow,
    FollowUpRow,
    GrantRow,
    IdentityRow,
    ListRow,
    OnceRow,
    PersonRow,
    RegionCellRow,
    RetentionRunRow,
    RightsRow,
    SchoolPageRow,
    SealedNameRow,
    SessionRow,
    SignalRow,
    now,
)
from service.terms import Part, Term

WORDS: Mapping[str, str] = {
    "lists": "weeklijsten",
    "signals": "signalen",
    "follow_ups": "opvolgingen",
    "cases": "dossiers",
    "rights": "verzoeken",
    "deliveries": "leveringen",
    "names": "namen zonder signaal",
    "people": "mensen en programma's zonder toegang",
    "sessions": "aanmeldingen",
    "audit": "regels in het logboek",
    "duties": "wettelijke meldplichten",
    "gone": "vermeldingen op een lijst",
    "pupils": "leerlingen die van school gingen",
    "rows": "regels in de leveringen",
    "refused": "rapporten van geweigerde bestanden",
    "backtests": "regels in het terugkijken",
}
"""What is counted, as the page and the audit call it."""

Counts = Mapping[str, int]
NAMED: tuple[type[Any], ...] = (SignalRow, DutyRow, FollowUpRow, CaseRow, RightsRow)
"""Rows that speak of a pupil: while there is one, the name is needed."""

OF_A_PUPIL: Mapping[str, type[Any]] = {
    "signals": SignalRow,
    "duties": DutyRow,
    "follow_ups": FollowUpRow,
    "cases": CaseRow,
    "names": SealedNameRow,
}
"""What goes when one pupil is erased, whatever its age."""


def due(
    engine: Engine, terms: Mapping[Part, Term], *, today: date, schools: Collection[str] | None = None
) -> dict[str, int]:
    """Return how many of what are past their term; of `schools` only, where given. Numbers, nobody's data."""
    with db.transaction(engine, writes=False) as session:
        found = {}
        for name, (row, condition) in _past(terms, today).items():
            if schools is not None:
                if not hasattr(row, "school"):
                    continue
                condition = and_(condition, row.school.in_(sorted(schools)))  # noqa: PLW2901 (narrowed)
            found[name] = session.scalar(select(func.count()).select_from(row).where(condition)) or 0
        return found


def remove(
    engine: Engine, terms: Mapping[Part, Term], *, by: str, today: date, elsewhere: Counts | None = None
) -> dict[str, int]:
    """Remove everything that is past its term, and write down how many of what.

    Parameters
    ----------
    engine, terms, today
        The database, and what is past its term when.
    by
        Who runs it, for the audit.
    elsewhere
        What was removed outside the database in the same run.
    """
    past = _past(terms, today)
    with db.transaction(engine, durable=True) as session:
        lists = select(ListRow.id).where(past["lists"][1])
        for child in (DutyRow, RegionCellRow, SchoolPageRow):
            session.execute(delete(child).where(child.list_id.in_(lists)))
        counts = {}
        for name in ("signals", "lists", "follow_ups", "cases", "rights", "deliveries", "sessions"):
            counts[name] = _delete(session, *past[name])
        session.execute(delete(OnceRow).where(OnceRow.expires_at <= now()))
        counts["names"] = _delete(session, SealedNameRow, _unnamed())
        counts["people"] = _people(session, _start(terms[Part.AUDIT].cutoff(today)))
        with _rewritable(session, AuditRow.__tablename__):
            counts["audit"] = _delete(session, *past["audit"])
        counts |= elsewhere or {}
        session.add(RetentionRunRow(by=by, counts=json.dumps(counts)))
        audit.record_keeping(by, session, action=Action.RETENTION_RUN, detail=worded(counts))
    return counts


def erase(engine: Engine, *, by: str, school: str, pupil: str, elsewhere: Counts | None = None) -> dict[str, int]:
    """Remove everything about one pupil (GDPR, article 17), but for an objection that runs and the audit's own lines.

    Parameters
    ----------
    by
        Who does so, for the audit.
    school, pupil
        Whose data; a pseudonym.
    elsewhere
        What was removed outside the database.
    """
    counts: dict[str, int] = {}
    with db.transaction(engine, durable=True) as session:
        for name, row in OF_A_PUPIL.items():
            counts[name] = _delete(session, row, and_(row.school == school, row.pupil == pupil))
        runs = and_(RightsRow.kind == RightsKind.OBJECTION.value, RightsRow.ended_at.is_(None))
        theirs = and_(RightsRow.school == school, RightsRow.pupil == pupil, not_(runs))
        counts["rights"] = _delete(session, RightsRow, theirs)
        with _rewritable(session, ListRow.__tablename__):
            counts["gone"] = _take_from_lists(session, school, pupil)
        counts |= elsewhere or {}
        audit.record_keeping(by, session, action=Action.PUPIL_ERASED, school=school, detail=worded(counts))
    return counts


def worded(counts: Counts) -> str:
    """Return counts in words, those that are none left out."""
    return ", ".join(f"{WORDS[name]}: {count}" for name, count in counts.items() if count) or "niets"


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _past(terms: Mapping[Part, Term], today: date) -> dict[str, tuple[type[Any], ColumnElement[bool]]]:
    """Return per kind of row which are past their term."""
    day = {part: term.cutoff(today) for part, term in terms.items()}
    moment = {part: _start(one) for part, one in day.items()}
    lists = select(ListRow.id).where(ListRow.week < day[Part.LISTS])
    closed = or_(CaseRow.closed_at < moment[Part.CASES], CaseRow.expires_on < day[Part.CASES])
    over = or_(SessionRow.ended_at < moment[Part.SESSIONS], SessionRow.expires_at < moment[Part.SESSIONS])
    return {
        "lists": (ListRow, ListRow.week < day[Part.LISTS]),
        "signals": (SignalRow, SignalRow.list_id.in_(lists)),
        "follow_ups": (FollowUpRow, FollowUpRow.changed_at < moment[Part.FOLLOW_UPS]),
        "cases": (CaseRow, closed),
        "rights": (RightsRow, RightsRow.ended_at < moment[Part.RIGHTS]),
        "deliveries": (DeliveryRow, DeliveryRow.received_at < moment[Part.DELIVERIES]),
        "sessions": (SessionRow, over),
        "audit": (AuditRow, AuditRow.at < moment[Part.AUDIT]),
    }


def _delete(session: Session, row: type[Any], condition: ColumnElement[bool]) -> int:
    # Asked first: a count of rows is not what every driver gives back for a delete.
    count = session.scalar(select(func.count()).select_from(row).where(condition)) or 0
    if count:
        session.execute(delete(row).where(condition).execution_options(synchronize_session=False))
    return count


def _unnamed() -> ColumnElement[bool]:
    """Whether nothing is left of the pupil whose name this is."""
    return and_(
        *(~exists().where(row.school == SealedNameRow.school, row.pupil == SealedNameRow.pupil) for row in NAMED)
    )


def _people(session: Session, before: datetime) -> int:
    """Remove who ended before the audit that still names them; return how many."""
    programs = select(ClientRow.person).where(ClientRow.ended_at < before)
    ids = session.scalars(
        select(PersonRow.id).where(or_(PersonRow.ended_at < before, PersonRow.id.in_(programs)))
    ).all()
    for row in (GrantRow, SessionRow, IdentityRow, ClientRow):
        session.execute(delete(row).where(row.person.in_(ids)).execution_options(synchronize_session=False))
    return _delete(session, PersonRow, PersonRow.id.in_(ids))


def _take_from_lists(session: Session, school: str, pupil: str) -> int:
    """Take a pupil out of what lists say of who is gone; return on how many."""
    found = 0
    for row in session.scalars(select(ListRow).where(ListRow.school == school, ListRow.document.contains(pupil))):
        document = json.loads(row.document)
        document["gone"] = [one for one in document.get("gone", []) if one["pupil"] != pupil]
        row.document = json.dumps(document, ensure_ascii=False)
        found += 1
    session.flush()
    return found


@contextmanager
def _rewritable(session: Session, table: str) -> Iterator[None]:
    """Let this transaction change a table that is written once; nobody else writes it until the commit."""
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        yield
        session.flush()
        session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
        return
    query = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
    triggers = session.execute(query, {"table": table}).all()
    for name, _ in triggers:
        session.execute(text(f"DROP TRIGGER {name}"))
    yield
    session.flush()
    for _, made in triggers:
        session.execute(text(made.replace(":", r"\:")))
