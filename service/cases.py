"""Cases: a pupil whom the school brought before the alliance, on a ground and until a day. Nothing else opens a pupil there."""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path

from sqlalchemy import ColumnElement, and_, exists, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from data_contracts.errors import UsageError
from data_contracts.weekly_list import Signal
from service import audit, names, reading, scope
from service.audit import Action
from service.names import Pupil
from service.shared import Measure
from service.tables import CaseRow, ListRow, RegionCellRow, SignalRow, now
from service.viewer import Permission, Viewer

A_CASE = "dit dossier"
LONGEST = timedelta(days=tomllib.loads(Path(__file__).with_suffix(".toml").read_text())["longest_days"])


class Ground(StrEnum):
    """Why a school may share one pupil with the alliance; stored, and in the API, as these words."""

    PARENTS_AGREED = "toestemmingOuders"
    PUPIL_AGREED = "toestemmingLeerling"
    REFERRED = "verwijzingPassendOnderwijs"


GROUNDS: dict[Ground, str] = {
    Ground.PARENTS_AGREED: "de ouders gaven toestemming",
    Ground.PUPIL_AGREED: "de leerling (16 jaar of ouder) gaf toestemming",
    Ground.REFERRED: "de school verwees de leerling naar het samenwerkingsverband voor passend onderwijs",
}


class Status(StrEnum):
    """Whether a case runs."""

    RUNNING = "lopend"
    EXPIRED = "verlopen"
    CLOSED = "gesloten"


class RunningCaseError(UsageError):
    """There is a case about this pupil already."""

    status = HTTPStatus.CONFLICT
    title = "Er loopt al een dossier"


@dataclass(frozen=True)
class Latest:
    """The newest signal about a pupil, and the week of its list."""

    week: date
    signal: Signal


@dataclass(frozen=True)
class Case:
    """One case; the signal only where it was asked for."""

    id: str
    school: str
    pupil: str
    group: str
    ground: Ground
    opened_at: datetime
    expires_on: date
    closed_at: datetime | None
    status: Status
    latest: Latest | None = None


def open_case(viewer: Viewer, session: Session, *, signal: str, ground: Ground, until: date) -> Case:
    """Bring the pupil of a signal before the alliance; it is logged.

    Parameters
    ----------
    signal
        Id of any signal about the pupil.
    ground
        Why it may be shared.
    until
        Last day on which the alliance sees it.

    Raises
    ------
    NotFoundError
        There is no such signal for this viewer.
    UsageError
        The day has passed, or is too far off.
    RunningCaseError
        A case about this pupil runs already.
    """
    viewer.must(Permission.OPEN_CASES)
    row = session.scalar(select(SignalRow).where(SignalRow.id == signal))
    if row is None:
        raise reading.not_found(reading.A_PUPIL)
    _must_be_near(until)
    if session.scalar(select(CaseRow.id).where(_runs(row.school, row.pupil)).limit(1)) is not None:
        detail = "Over deze leerling loopt al een dossier bij het samenwerkingsverband."
        raise RunningCaseError(detail, remedy="Sluit dat dossier eerst, of laat het lopen.")
    case = CaseRow(
        school=row.school,
        pupil=row.pupil,
        group_name=row.group_name,
        ground=ground,
        opened_by=viewer.person,
        expires_on=until,
    )
    session.add(case)
    session.flush()
    _record(viewer, session, case, Action.CASE_OPENED)
    return _case(case)


def close(viewer: Viewer, session: Session, case_id: str) -> None:
    """End a case: from then on the alliance does not see it. One that has ended stays as it was.

    Raises
    ------
    NotFoundError
        There is no such case for this viewer.
    """
    viewer.must(Permission.OPEN_CASES)
    row = _row(session, case_id)
    if row.closed_at is None:
        row.closed_at = now()
        _record(viewer, session, row, Action.CASE_CLOSED)


def cases(
    viewer: Viewer,
    session: Session,
    *,
    limit: int,
    after: tuple[datetime, str] | None = None,
    with_signals: bool = False,
) -> tuple[Case, ...]:
    """Return cases in scope, newest first: for a school all of its own, for the alliance those that run; all logged.

    Parameters
    ----------
    limit
        How many at most.
    after
        Moment of opening and id of the last one that was given before.
    with_signals
        Whether each comes with the newest signal about its pupil.
    """
    _must_see(viewer)
    query = select(CaseRow).order_by(CaseRow.opened_at.desc(), CaseRow.id).limit(limit)
    if after is not None:
        at, last = after
        query = query.where(or_(CaseRow.opened_at < at, and_(CaseRow.opened_at == at, CaseRow.id > last)))
    rows = session.scalars(query).all()
    for school, pupils in names.by_school((row.school, row.pupil) for row in rows).items():
        audit.record(viewer, session, action=Action.CASE_READ, school=school, subjects=pupils)
    return tuple(_case(row, _latest(session, row) if with_signals else None) for row in rows)


def about(viewer: Viewer, session: Session, *, school: str, pupil: str) -> Case | None:
    """Return the case that runs about a pupil; None where there is none. Whoever asks has logged that pupil already."""
    viewer.must(Permission.OPEN_CASES)
    row = session.scalar(select(CaseRow).where(_runs(school, pupil)).limit(1))
    return None if row is None else _case(row)


def case(viewer: Viewer, session: Session, case_id: str) -> Case:
    """Return one case, with the newest signal about its pupil; it is logged.

    Raises
    ------
    NotFoundError
        There is no such case for this viewer, or it has ended.
    """
    _must_see(viewer)
    row = _row(session, case_id)
    _record(viewer, session, row, Action.CASE_READ)
    return _case(row, _latest(session, row))


def _latest(session: Session, row: CaseRow) -> Latest | None:
    """Return the newest signal about the pupil that stands: of each week the newest edition counts."""
    lists = and_(RegionCellRow.list_id == SignalRow.list_id, RegionCellRow.measure == Measure.PUPILS)
    later = aliased(RegionCellRow)
    replaced = exists().where(
        later.school == RegionCellRow.school,
        later.week == RegionCellRow.week,
        later.measure == RegionCellRow.measure,
        later.edition > RegionCellRow.edition,
    )
    newest = session.execute(
        select(SignalRow, RegionCellRow.week)
        .join(RegionCellRow, lists)
        .where(SignalRow.school == row.school, SignalRow.pupil == row.pupil, ~replaced)
        .order_by(RegionCellRow.week.desc())
        .limit(1)
    ).first()
    return None if newest is None else Latest(newest.week, Signal.model_validate_json(newest[0].document))


def _runs(school: str, pupil: str) -> ColumnElement[bool]:
    theirs = and_(CaseRow.school == school, CaseRow.pupil == pupil, CaseRow.closed_at.is_(None))
    return and_(theirs, CaseRow.expires_on >= scope.today())


def newest_signals(viewer: Viewer, session: Session, pupils: Collection[Pupil]) -> dict[Pupil, str]:
    """Return the id of the newest signal about each pupil, for whoever may open it; empty for others."""
    if not viewer.may(Permission.READ_LISTS):
        return {}
    query = (
        select(SignalRow.id, SignalRow.school, SignalRow.pupil)
        .join(ListRow, ListRow.id == SignalRow.list_id)
        .where(tuple_(SignalRow.school, SignalRow.pupil).in_(list(pupils)))
        .order_by(ListRow.week, ListRow.edition)
    )
    return {(row.school, row.pupil): row.id for row in session.execute(query)}


def _must_see(viewer: Viewer) -> None:
    if not viewer.may(Permission.OPEN_CASES):
        viewer.must(Permission.READ_CASES)


def _must_be_near(until: date) -> None:
    last = scope.today() + LONGEST
    if not scope.today() <= until <= last:
        detail = f"De laatste dag (totEnMet) is {until:%d-%m-%Y}, en een dossier loopt van vandaag tot uiterlijk {last:%d-%m-%Y}."
        raise UsageError(detail, remedy="Kies een dag daartussen; na een schooljaar besluit de school opnieuw.")


def _row(session: Session, case_id: str) -> CaseRow:
    row = session.scalar(select(CaseRow).where(CaseRow.id == case_id))
    if row is None:
        raise reading.not_found(A_CASE)
    return row


def _record(viewer: Viewer, session: Session, row: CaseRow, action: Action) -> None:
    audit.record(viewer, session, action=action, school=row.school, subjects=[row.pupil], object_id=row.id)


def _case(row: CaseRow, latest: Latest | None = None) -> Case:
    return Case(
        id=row.id,
        school=row.school,
        pupil=row.pupil,
        group=row.group_name,
        ground=Ground(row.ground),
        opened_at=row.opened_at,
        expires_on=row.expires_on,
        closed_at=row.closed_at,
        status=_status(row),
        latest=latest,
    )


def _status(row: CaseRow) -> Status:
    if row.closed_at is not None:
        return Status.CLOSED
    return Status.RUNNING if row.expires_on >= scope.today() else Status.EXPIRED
