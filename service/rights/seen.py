"""Who looked at one pupil, as a parent may know it: by role, how many people, on how many days and when last. No names."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import audit, scope, words
from service.audit import LABELS, MACHINE
from service.tables import AuditRow
from service.viewer import Permission, Role, Viewer

ROLES_MEAN: dict[str, str] = {
    Role.CARE_COORDINATOR: "begeleidt leerlingen op school",
    Role.MENTOR: "is de vaste begeleider van de klas",
    Role.DATA_TEAM: "controleert de cijfers en ziet geen namen",
    Role.PRIVACY_OFFICER: "let erop dat de school zorgvuldig met gegevens omgaat",
    Role.ATTENDANCE_OFFICER: "is van de gemeente en ziet alleen ongeoorloofd verzuim boven de wettelijke grens",
    Role.ALLIANCE: "helpt scholen; ziet een leerling alleen als de school die heeft ingebracht",
    Role.SUPPLIER: "levert de gegevens aan",
    MACHINE: "maakt de lijst; er kijkt geen mens mee",
}
"""What each role is for, in words for a parent."""


@dataclass(frozen=True)
class SeenBy:
    """One role that looked at a pupil."""

    role: str
    meaning: str
    people: int
    days: int
    last: date


@dataclass(frozen=True)
class Line:
    """One line of the audit about a pupil: when, in which role, and what was done."""

    day: date
    role: str
    act: str


def seen_by(viewer: Viewer, session: Session, *, school: str, pupil: str) -> tuple[SeenBy, ...]:
    """Return which roles looked at a pupil, who looked last first."""
    found: dict[str, list[tuple[date, str]]] = {}
    for row in _rows(viewer, session, school, pupil):
        found.setdefault(row.role, []).append((_day(row), row.actor))
    said = [
        SeenBy(
            role=audit.role_label(role),
            meaning=ROLES_MEAN.get(role, ""),
            people=len({actor for _, actor in looks}),
            days=len({day for day, _ in looks}),
            last=max(day for day, _ in looks),
        )
        for role, looks in found.items()
    ]
    return tuple(sorted(said, key=lambda one: (one.last, one.days, one.role), reverse=True))


def lines(viewer: Viewer, session: Session, *, school: str, pupil: str) -> tuple[Line, ...]:
    """Return every line about a pupil, the newest first; who it was is not told, in which role is."""
    rows = _rows(viewer, session, school, pupil)
    return tuple(Line(_day(row), audit.role_label(row.role), LABELS.get(row.action, row.action)) for row in rows)


def _rows(viewer: Viewer, session: Session, school: str, pupil: str) -> Iterable[AuditRow]:
    viewer.must(Permission.READ_PARENTS_PAGE)
    scope.enter(session, viewer, rights=True)
    query = select(AuditRow).where(AuditRow.school == school, AuditRow.subject == pupil)
    return session.scalars(query.order_by(AuditRow.at.desc(), AuditRow.id)).all()


def _day(row: AuditRow) -> date:
    return row.at.astimezone(words.ZONE).date()
