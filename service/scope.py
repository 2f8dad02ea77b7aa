"""Who sees and writes which rows: decided here for every query of a viewer's transaction, whoever wrote the query.

`enter` gives a transaction its viewer. From then on every ORM query in it, also inside a subquery or a join, carries the
viewer's conditions, and every row that is written is held against them. On PostgreSQL the transaction also becomes a role
that owns nothing, so the database asks the same once more (`service.migrations.row_security`).
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, event, exists, false, or_, text, true, tuple_
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from service.db import VIEWER
from service.tables import (
    AuditRow,
    CaseRow,
    DeliveryRow,
    DutyRow,
    FollowUpRow,
    ListRow,
    RegionCellRow,
    SealedNameRow,
    SignalRow,
)
from service.viewer import Permission, Viewer

EVERYTHING = "*"
BETWEEN_GROUPS, WITHIN_GROUP = chr(30), chr(31)

WRITERS: Mapping[type[Any], Permission] = {
    FollowUpRow: Permission.WRITE_FOLLOW_UPS,
    CaseRow: Permission.OPEN_CASES,
    DeliveryRow: Permission.DELIVER,
}
"""What a viewer may write at all, and with which permission. The audit is written by everyone, and by no query."""


class OutOfScopeError(Exception):
    """A viewer's transaction tried to write what the viewer may not: a mistake of ours, stopped before the database."""


def enter(session: Session, viewer: Viewer) -> None:
    """Have everything from here to the end of the transaction see and write as `viewer`."""
    session.info["viewer"] = viewer
    session.info["criteria"] = [
        with_loader_criteria(row, condition, include_aliases=True) for row, condition in conditions(viewer).items()
    ]
    if session.get_bind().dialect.name != "postgresql":
        return
    groups = None if viewer.groups is None else BETWEEN_GROUPS.join(map(WITHIN_GROUP.join, sorted(viewer.groups)))
    settings = {
        "permissions": ",".join(sorted(viewer.permissions)),
        "schools": EVERYTHING if viewer.schools is None else ",".join(sorted(viewer.schools)),
        "groups": EVERYTHING if groups is None else groups,
    }
    session.execute(
        text(
            "SELECT set_config('aanwezig.permissions', :permissions, true), "
            "set_config('aanwezig.schools', :schools, true), set_config('aanwezig.groups', :groups, true)"
        ),
        settings,
    )
    session.execute(text(f"SET LOCAL ROLE {VIEWER}"))


def conditions(viewer: Viewer) -> dict[type[Any], ColumnElement[bool]]:
    """Return, per table, which rows `viewer` sees."""
    may = viewer.may

    def within(row: Any, *permissions: Permission, groups: bool = False) -> ColumnElement[bool]:  # noqa: ANN401 (a mapped class)
        if not any(map(may, permissions)):
            return false()
        parts: list[ColumnElement[bool]] = [true()]
        if viewer.schools is not None:
            parts.append(row.school.in_(sorted(viewer.schools)))
        if groups and viewer.groups is not None:
            parts.append(tuple_(row.school, row.group_name).in_(sorted(viewer.groups)))
        return and_(*parts)

    running = and_(CaseRow.closed_at.is_(None), CaseRow.expires_on >= date.today())  # noqa: DTZ011 (as the database's own day)
    brought = and_(within(CaseRow, Permission.READ_CASES), running)
    same = and_(CaseRow.school == SignalRow.school, CaseRow.pupil == SignalRow.pupil)
    signals = or_(
        within(SignalRow, Permission.READ_LISTS, groups=True),
        and_(within(SignalRow, Permission.READ_CASES), exists().where(same, brought))
        if may(Permission.READ_CASES)
        else false(),
    )
    duties = within(DutyRow, Permission.READ_DUTIES)

    def shown(row: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:  # noqa: ANN401 (a mapped class)
        return exists().where(row.school == SealedNameRow.school, row.pupil == SealedNameRow.pupil, condition)

    return {
        ListRow: within(ListRow, Permission.READ_LISTS),
        SignalRow: signals,
        SealedNameRow: and_(
            within(SealedNameRow, Permission.READ_NAMES), or_(shown(SignalRow, signals), shown(DutyRow, duties))
        ),
        DutyRow: duties,
        RegionCellRow: within(RegionCellRow, Permission.READ_REGION),
        FollowUpRow: within(FollowUpRow, Permission.READ_FOLLOW_UPS, groups=True),
        CaseRow: or_(within(CaseRow, Permission.OPEN_CASES, groups=True), brought),
        DeliveryRow: within(DeliveryRow, Permission.READ_DELIVERIES),
        AuditRow: within(AuditRow, Permission.READ_AUDIT),
    }


@event.listens_for(Session, "do_orm_execute")
def _within_scope(state: ORMExecuteState) -> None:
    """Give every query of a viewer's transaction the viewer's conditions."""
    criteria = state.session.info.get("criteria")
    if criteria and (state.is_select or state.is_update or state.is_delete) and not state.is_column_load:
        state.statement = state.statement.options(*criteria)


@event.listens_for(Session, "before_flush")
def _may_write(session: Session, _context: object, _instances: object) -> None:
    """Hold every row that a viewer's transaction writes against the viewer's scope."""
    viewer: Viewer | None = session.info.get("viewer")
    if viewer is None:
        return
    for row in (*session.new, *session.dirty, *session.deleted):
        permission = WRITERS.get(type(row))
        if permission is None or not viewer.may(permission) or not viewer.reaches(*_place(row)):
            msg = f"{type(row).__name__} is not for role {viewer.role} to write there"
            raise OutOfScopeError(msg)


def _place(row: Any) -> tuple[str, str | None]:  # noqa: ANN401 (one of WRITERS)
    return row.school, getattr(row, "group_name", None)
