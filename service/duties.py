"""Legal duties to report, for an attendance officer: unauthorised absence, and nothing else of a pupil.

What is read here was set apart when the list was published (`service.shared`); the list itself is not asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from service import audit, names, reading
from service.audit import Action
from service.shared import Duty, Measure
from service.tables import DutyRow, RegionCellRow
from service.viewer import Permission, Viewer

A_DUTY = "deze verzuimmelding"


@dataclass(frozen=True)
class ShownDuty:
    """The duties about one pupil on one list."""

    id: str
    school: str
    pupil: str
    group: str
    week: date
    duty: Duty


def duties(
    viewer: Viewer,
    session: Session,
    *,
    limit: int,
    school: str | None = None,
    week: date | None = None,
    after: tuple[date, str] | None = None,
) -> tuple[ShownDuty, ...]:
    """Return duties in scope, of the newest list of each school, newest week first; each pupil is logged.

    Parameters
    ----------
    limit
        How many at most.
    school, week
        Of that school, or that week (its Monday), alone.
    after
        Week and id of the last one that was given before.
    """
    query = _standing(viewer).order_by(DutyRow.week.desc(), DutyRow.id).limit(limit)
    if school is not None:
        query = query.where(DutyRow.school == school)
    if week is not None:
        query = query.where(DutyRow.week == week)
    if after is not None:
        last, last_id = after
        query = query.where(or_(DutyRow.week < last, and_(DutyRow.week == last, DutyRow.id > last_id)))
    return _read(viewer, session, session.scalars(query))


def weeks(viewer: Viewer, session: Session) -> tuple[date, ...]:
    """Return the weeks of the newest lists in scope, newest first."""
    viewer.must(Permission.READ_DUTIES)
    last = select(func.max(RegionCellRow.week)).where(RegionCellRow.measure == Measure.PUPILS)
    return tuple(sorted(set(session.scalars(last.group_by(RegionCellRow.school))), reverse=True))


def duty(viewer: Viewer, session: Session, duty_id: str) -> ShownDuty:
    """Return one; the pupil is logged.

    Raises
    ------
    NotFoundError
        It does not exist, does not stand any more, or is not for this viewer.
    """
    found = _read(viewer, session, session.scalars(_standing(viewer).where(DutyRow.id == duty_id)))
    if not found:
        raise reading.not_found(A_DUTY)
    return found[0]


def _standing(viewer: Viewer) -> Select[DutyRow]:
    """Return duties on the newest list of each school, in its newest edition: what was corrected since is not told.

    An older list would tell by what is missing from the newer one which days became sickness.
    """
    viewer.must(Permission.READ_DUTIES)
    lists = select(RegionCellRow.school).where(RegionCellRow.measure == Measure.PUPILS).group_by(RegionCellRow.school)
    last = lists.add_columns(func.max(RegionCellRow.week).label("week")).subquery()
    of_week = and_(last.c.school == RegionCellRow.school, last.c.week == RegionCellRow.week)
    editions = lists.add_columns(RegionCellRow.week, func.max(RegionCellRow.edition).label("edition"))
    newest = editions.join(last, of_week).group_by(RegionCellRow.week).subquery()
    stands = and_(newest.c.school == DutyRow.school, newest.c.week == DutyRow.week, newest.c.edition == DutyRow.edition)
    return select(DutyRow).join(newest, stands)


def _read(viewer: Viewer, session: Session, rows: Iterable[DutyRow]) -> tuple[ShownDuty, ...]:
    read = tuple(map(shown, rows))
    for school, pupils in names.by_school((one.school, one.pupil) for one in read).items():
        audit.record(viewer, session, action=Action.DUTY_READ, school=school, subjects=pupils)
    return read


def shown(row: DutyRow) -> ShownDuty:
    """Return a row as it is shown; whoever shows it logs the pupil."""
    duty = Duty.model_validate_json(row.document)
    return ShownDuty(row.id, row.school, row.pupil, row.group_name, row.week, duty)
