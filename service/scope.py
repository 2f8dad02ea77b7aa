"""Who sees and writes which rows: decided here for every query of a viewer's transaction, whoever wrote the query.

`enter` gives a transaction its viewer. From then on every ORM query in it, also inside a subquery or a join, carries the
viewer's conditions, and every row that is written is held against them. On PostgreSQL the transaction also becomes a role
that owns nothing, so the database asks the same once more (`service.migrations.row_security`).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, event, exists, false, or_, text, true, tuple_
from sqlalchemy.orm import ORMExecuteState, Session, aliased, with_loader_criteria
from sqlalchemy.orm.util import LoaderCriteriaOption

from service.db import VIEWER
from service.rights.kinds import Kind
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
    RightsRow,
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
    RightsRow: Permission.WRITE_RIGHTS,
}
"""What a viewer may write at all, and with which permission; nothing of it is ever deleted."""

CHANGED = frozenset({FollowUpRow, CaseRow, RightsRow})
"""What may be changed after it was written."""


OBJECTION = aliased(RightsRow)
OF_THE_SAME_PUPIL = and_(OBJECTION.school == SignalRow.school, OBJECTION.pupil == SignalRow.pupil)


AS_VIEWER = text(
    "SELECT set_config('aanwezig.permissions', :permissions, true), set_config('aanwezig.schools', :schools, true), "
    "set_config('aanwezig.groups', :groups, true), set_config('aanwezig.today', :today, true), "
    "set_config('aanwezig.rights', :rights, true), set_config('role', :viewer, true)"
)
"""All of it in one message to the server; it lasts until the end of the transaction, as SET LOCAL does."""


class OutOfScopeError(Exception):
    """A viewer's transaction tried to write what the viewer may not: a mistake of ours, stopped before the database."""


def enter(session: Session, viewer: Viewer, *, rights: bool = False) -> None:
    """Have everything from here to the end of the transaction see and write as `viewer`.

    Parameters
    ----------
    session, viewer
        Of whom.
    rights
        It is about what a parent or pupil asks: then also who looked at a pupil is read, and, by who deals with rights,
        what an objection hides from everybody else.
    """
    session.info["viewer"] = viewer
    session.info["criteria"] = _criteria(replace(viewer, person="", name=""), today(), rights=rights)
    if session.get_bind().dialect.name != "postgresql":
        return
    groups = None if viewer.groups is None else BETWEEN_GROUPS.join(map(WITHIN_GROUP.join, sorted(viewer.groups)))
    settings = {
        "permissions": ",".join(sorted(viewer.permissions)),
        "schools": EVERYTHING if viewer.schools is None else ",".join(sorted(viewer.schools)),
        "groups": EVERYTHING if groups is None else groups,
        "today": today().isoformat(),
        "rights": "on" if rights else "off",
        "viewer": VIEWER,
    }
    session.connection().execute(AS_VIEWER, settings)


_NAMED: dict[Any, frozenset[str]] = {}


@lru_cache(maxsize=256)
def _criteria(viewer: Viewer, _day: date, *, rights: bool) -> "_Criteria":
    """Return the conditions for a viewer; made once a day for everybody who sees the same."""
    return _Criteria(
        {
            row.__tablename__: with_loader_criteria(row, condition, include_aliases=True)
            for row, condition in conditions(viewer, rights=rights).items()
        }
    )


class _Criteria:
    """The condition on each table as what a query takes, and the prepared statements that carry theirs already."""

    def __init__(self, options: Mapping[str, LoaderCriteriaOption]) -> None:
        self.options = options
        self.carried: dict[Any, Any] = {}

    def on(self, statement: Any) -> Any:  # noqa: ANN401 (what SQLAlchemy hands to a listener)
        """Return `statement` with the conditions on what it names; one that is prepared is made once."""
        names: Collection[str] | None = _NAMED.get(statement)
        if names is None:
            return statement.options(*self.options.values())
        if statement not in self.carried:
            self.carried[statement] = statement.options(*(one for table, one in self.options.items() if table in names))
        return self.carried[statement]


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


def conditions(viewer: Viewer, *, rights: bool = False) -> dict[type[Any], ColumnElement[bool]]:
    """Return, per table, which rows `viewer` sees; what `rights` adds stands at `enter`."""
    within = partial(_within, viewer)
    signals = _signals(viewer, rights=rights)
    duties = or_(within(DutyRow, Permission.READ_DUTIES), within(DutyRow, Permission.READ_LISTS, groups=True))
    # Which edition stands can be told from the size of the school alone.
    standing = and_(
        within(RegionCellRow, Permission.READ_DUTIES, Permission.READ_CASES), RegionCellRow.measure == Measure.PUPILS
    )
    requests = within(RightsRow, Permission.READ_RIGHTS, groups=True)
    asked = or_(requests, and_(within(RightsRow, Permission.READ_LISTS, groups=True), _objects(RightsRow)))
    # Who is to be hidden must be seen by whoever might be shown: in any group, for pupils change groups.
    hiding = and_(within(RightsRow, Permission.READ_LISTS, Permission.READ_CASES), _objects(RightsRow))
    named = or_(*(_named_on(row, on) for row, on in ((SignalRow, signals), (DutyRow, duties), (RightsRow, asked))))
    return {
        ListRow: within(ListRow, Permission.READ_LISTS),
        SchoolPageRow: within(SchoolPageRow, Permission.READ_LISTS),
        SignalRow: signals,
        SealedNameRow: and_(within(SealedNameRow, Permission.READ_NAMES), named),
        DutyRow: duties,
        RegionCellRow: or_(within(RegionCellRow, Permission.READ_REGION), standing),
        FollowUpRow: within(FollowUpRow, Permission.READ_FOLLOW_UPS, groups=True),
        PlaybookRow: within(PlaybookRow, Permission.READ_FOLLOW_UPS),
        CaseRow: or_(within(CaseRow, Permission.OPEN_CASES, groups=True), _brought(viewer)),
        RightsRow: or_(requests, hiding),
        DeliveryRow: within(DeliveryRow, Permission.READ_DELIVERIES),
        AuditRow: _looked(viewer, signals, rights=rights),
    }


def _within(viewer: Viewer, row: Any, *permissions: Permission, groups: bool = False) -> ColumnElement[bool]:  # noqa: ANN401 (a mapped class)
    """Return which rows of a table are in the viewer's schools (and groups), for who may any of `permissions`."""
    if not any(map(viewer.may, permissions)):
        return false()
    parts: list[ColumnElement[bool]] = [true()]
    if viewer.schools is not None:
        parts.append(row.school.in_(sorted(viewer.schools)))
    if groups and viewer.groups is not None:
        parts.append(tuple_(row.school, row.group_name).in_(sorted(viewer.groups)))
    return and_(*parts)


def _brought(viewer: Viewer) -> ColumnElement[bool]:
    """Return which cases the alliance sees: those that run."""
    running = and_(CaseRow.closed_at.is_(None), CaseRow.expires_on >= today())
    return and_(_within(viewer, CaseRow, Permission.READ_CASES), running)


def _signals(viewer: Viewer, *, rights: bool) -> ColumnElement[bool]:
    """Return which signals are seen: of the own lists, or with a case; of who objected by nobody, but to answer parents."""
    signals = _within(viewer, SignalRow, Permission.READ_LISTS, groups=True)
    if viewer.may(Permission.READ_CASES):
        same = and_(CaseRow.school == SignalRow.school, CaseRow.pupil == SignalRow.pupil)
        with_a_case = exists().where(same, _brought(viewer))
        signals = or_(signals, and_(_within(viewer, SignalRow, Permission.READ_CASES), with_a_case))
    if rights and viewer.may(Permission.READ_RIGHTS):
        return signals
    return and_(signals, ~exists().where(OF_THE_SAME_PUPIL, _objects(OBJECTION)))


def _looked(viewer: Viewer, signals: ColumnElement[bool], *, rights: bool) -> ColumnElement[bool]:
    """Return which lines of the audit are seen: by who oversees it, and by who tells parents those about their child."""
    overseen = _within(viewer, AuditRow, Permission.READ_AUDIT)
    if not rights:
        return overseen
    of_pupil = exists().where(SignalRow.school == AuditRow.school, SignalRow.pupil == AuditRow.subject, signals)
    return or_(overseen, and_(_within(viewer, AuditRow, Permission.READ_PARENTS_PAGE), of_pupil))


def _named_on(row: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:  # noqa: ANN401 (a mapped class)
    return exists().where(row.school == SealedNameRow.school, row.pupil == SealedNameRow.pupil, condition)


def _objects(request: Any) -> ColumnElement[bool]:  # noqa: ANN401 (`RightsRow` or an alias of it)
    """Whether a request is an objection that runs."""
    return and_(request.kind == Kind.OBJECTION, request.ended_at.is_(None))


@event.listens_for(Session, "do_orm_execute")
def _within_scope(state: ORMExecuteState) -> None:
    """Give every query of a viewer's transaction the viewer's conditions; refuse what would not carry them."""
    criteria: _Criteria | None = state.session.info.get("criteria")
    if criteria is None or state.is_column_load:
        return
    if not state.is_orm_statement or state.is_from_statement:
        msg = "a viewer's transaction takes queries of mapped classes only"
        raise OutOfScopeError(msg)
    if state.is_select:
        state.statement = criteria.on(state.statement)
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
