"""Who sees and writes which rows: decided here for every query of a viewer's transaction, whoever wrote the query.

`enter` gives a transaction its viewer. From then on every ORM query in it, also inside a subquery or a join, carries the
viewer's conditions, and every row that is written is held against them. On PostgreSQL the transaction also becomes a role
that owns nothing, so the database asks the same once more (`service.migrations.row_security`).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, event, exists, false, or_, text, true, tuple_
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.util import LoaderCriteriaOption

from service.db import VIEWER
from service.shared import Measure
from service.tables import (
    AuditRow,
    CaseRow,
    ChangeRow,
    DeliveryRow,
    DutyRow,
    FollowUpRow,
    ListRow,
    PlaybookRow,
    RegionCellRow,
    SchoolPageRow,
    SealedNameRow,
    SignalRow,
)
from service.viewer import Permission, Viewer
from service.words import ZONE

EVERYTHING = "*"
BETWEEN_GROUPS, WITHIN_GROUP = chr(30), chr(31)

WRITERS: Mapping[type[Any], Permission] = {
    FollowUpRow: Permission.WRITE_FOLLOW_UPS,
    PlaybookRow: Permission.WRITE_PLAYBOOK,
    CaseRow: Permission.OPEN_CASES,
    DeliveryRow: Permission.DELIVER,
}
"""What a viewer may write at all, and with which permission; nothing of it is ever deleted."""

CHANGED = frozenset({FollowUpRow, CaseRow})
"""What may be changed after it was written."""


class OutOfScopeError(Exception):
    """A viewer's transaction tried to write what the viewer may not: a mistake of ours, stopped before the database."""


def enter(session: Session, viewer: Viewer) -> None:
    """Have everything from here to the end of the transaction see and write as `viewer`."""
    session.info["viewer"] = viewer
    session.info["criteria"] = _criteria(replace(viewer, person="", name=""), today())
    if session.get_bind().dialect.name != "postgresql":
        return
    groups = None if viewer.groups is None else BETWEEN_GROUPS.join(map(WITHIN_GROUP.join, sorted(viewer.groups)))
    settings = {
        "permissions": ",".join(sorted(viewer.permissions)),
        "schools": EVERYTHING if viewer.schools is None else ",".join(sorted(viewer.schools)),
        "groups": EVERYTHING if groups is None else groups,
        "today": today().isoformat(),
    }
    connection = session.connection()
    connection.execute(
        text(
            "SELECT set_config('aanwezig.permissions', :permissions, true), "
            "set_config('aanwezig.schools', :schools, true), set_config('aanwezig.groups', :groups, true), "
            "set_config('aanwezig.today', :today, true)"
        ),
        settings,
    )
    connection.execute(text(f"SET LOCAL ROLE {VIEWER}"))


_NAMED: dict[Any, frozenset[str]] = {}


@lru_cache(maxsize=256)
def _criteria(viewer: Viewer, _day: date) -> Mapping[str, LoaderCriteriaOption]:
    """Return the condition on each table as what a query takes; made once a day for everybody who sees the same."""
    return {
        row.__tablename__: with_loader_criteria(row, condition, include_aliases=True)
        for row, condition in conditions(viewer).items()
    }


def prepared(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Note of a statement that is made once which tables it names: only their conditions matter to it.

    A condition that cannot matter still costs a third of a query. What is added to the statement makes another one, of
    which nothing is noted, so that it carries every condition again.
    """
    _NAMED[statement] = frozenset(re.findall(r"\w+", str(statement)))
    return statement


def today() -> date:
    """Return the Dutch date of this moment: what expires today still holds until midnight."""
    return datetime.now(ZONE).date()


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

    running = and_(CaseRow.closed_at.is_(None), CaseRow.expires_on >= today())
    brought = and_(within(CaseRow, Permission.READ_CASES), running)
    same = and_(CaseRow.school == SignalRow.school, CaseRow.pupil == SignalRow.pupil)
    signals = within(SignalRow, Permission.READ_LISTS, groups=True)
    if may(Permission.READ_CASES):
        signals = or_(signals, and_(within(SignalRow, Permission.READ_CASES), exists().where(same, brought)))
    duties = within(DutyRow, Permission.READ_DUTIES)
    # Which edition stands can be told from the size of the school alone.
    standing = and_(
        within(RegionCellRow, Permission.READ_DUTIES, Permission.READ_CASES), RegionCellRow.measure == Measure.PUPILS
    )

    def shown(row: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:  # noqa: ANN401 (a mapped class)
        return exists().where(row.school == SealedNameRow.school, row.pupil == SealedNameRow.pupil, condition)

    return {
        ListRow: within(ListRow, Permission.READ_LISTS),
        SchoolPageRow: within(SchoolPageRow, Permission.READ_LISTS),
        SignalRow: signals,
        SealedNameRow: and_(
            within(SealedNameRow, Permission.READ_NAMES), or_(shown(SignalRow, signals), shown(DutyRow, duties))
        ),
        DutyRow: duties,
        RegionCellRow: or_(within(RegionCellRow, Permission.READ_REGION), standing),
        FollowUpRow: within(FollowUpRow, Permission.READ_FOLLOW_UPS, groups=True),
        PlaybookRow: within(PlaybookRow, Permission.READ_FOLLOW_UPS),
        CaseRow: or_(within(CaseRow, Permission.OPEN_CASES, groups=True), brought),
        DeliveryRow: within(DeliveryRow, Permission.READ_DELIVERIES),
        AuditRow: within(AuditRow, Permission.READ_AUDIT),
    }


@event.listens_for(Session, "do_orm_execute")
def _within_scope(state: ORMExecuteState) -> None:
    """Give every query of a viewer's transaction the viewer's conditions; refuse what would not carry them."""
    criteria = state.session.info.get("criteria")
    if criteria is None or state.is_column_load:
        return
    if not state.is_orm_statement or state.is_from_statement:
        msg = "a viewer's transaction takes queries of mapped classes only"
        raise OutOfScopeError(msg)
    if state.is_select:
        names: Collection[str] | None = _NAMED.get(state.statement)
        state.statement = state.statement.options(
            *(one for table, one in criteria.items() if names is None or table in names)
        )
        return
    written = None if state.bind_mapper is None else state.bind_mapper.class_
    if (state.is_insert and written is AuditRow) or (state.is_update and written is ChangeRow):
        return
    msg = f"a viewer's transaction writes {written} row by row, or not at all"
    raise OutOfScopeError(msg)


@event.listens_for(Session, "before_flush")
def _may_write(session: Session, _context: object, _instances: object) -> None:
    """Hold every row that a viewer's transaction writes against the viewer's scope."""
    viewer: Viewer | None = session.info.get("viewer")
    if viewer is None:
        return
    changed = [row for row in session.dirty if session.is_modified(row)]
    for row in (*session.new, *changed, *session.deleted):
        kind = type(row)
        permission = WRITERS.get(kind)
        allowed = permission is not None and viewer.may(permission) and viewer.reaches(*_place(row))
        if not allowed or row in session.deleted or (row in session.dirty and kind not in CHANGED):
            msg = f"{kind.__name__} is not for role {viewer.role} to write there"
            raise OutOfScopeError(msg)


def _place(row: Any) -> tuple[str, str | None]:  # noqa: ANN401 (one of WRITERS)
    return row.school, getattr(row, "group_name", None)
