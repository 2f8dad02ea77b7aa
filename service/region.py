"""What an alliance sees of its region: counts per school and per year group, with small ones left out."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data_contracts.errors import StorageError
from data_contracts.files import create_secret
from service import audit, reading
from service.audit import Action
from service.disclosure import Cell, Name, Sum, told
from service.shared import Measure
from service.tables import RegionCellRow, SchoolRow
from service.viewer import Permission, Viewer

A_REGION = "dit regiobeeld"
KEY_FILE = Path("keys") / "disclosure.key"
KEY_BYTES = 32
REGION: Name = ("region",)
REST = "rest"
WITHIN = ((Measure.ON_LIST, Measure.AWAY), (Measure.AWAY,), (Measure.DUTY,))
"""Who is in view: on the list, away for long (never both), or neither; and with a legal duty or without.

A list may hold pupils whom nothing brings into view. Where they are so many that the first is no sum, the second still is one.
"""

Figures = Mapping[Measure, int | None]
"""What is told of each measure; None where nothing is."""


@dataclass(frozen=True)
class Line:
    """One school, or one year group, with its figures; `key` is empty for pupils without a year group."""

    key: str
    label: str
    figures: Figures


@dataclass(frozen=True)
class Picture:
    """A region in one week."""

    week: date
    region: Figures
    schools: tuple[Line, ...]
    year_groups: tuple[Line, ...]


def key_at(home: Path) -> bytes:
    """Return the secret by which rounding falls, made on first use.

    Raises
    ------
    StorageError
        It cannot be read or made.
    """
    path = home / KEY_FILE
    try:
        if not path.exists():
            create_secret(path, secrets.token_bytes(KEY_BYTES))
        return path.read_bytes()
    except OSError as error:
        detail = f"De sleutel {path} is niet te lezen of te maken: {error.strerror}."
        raise StorageError(detail, remedy="Geef de service lees- en schrijfrecht op die map.") from None


def picture(viewer: Viewer, session: Session, *, week: date | None, key: bytes) -> Picture:
    """Return the region as its lists of `week` have it (left out: the newest week); that it was read is logged.

    Raises
    ------
    NotAllowedError
        The viewer's role does not see a region.
    NotFoundError
        No list in scope was published for that week.
    """
    viewer.must(Permission.READ_REGION)
    chosen = week or session.scalar(select(func.max(RegionCellRow.week)))
    found = None if chosen is None else _picture(session, chosen, key=key)
    if found is None:
        raise reading.not_found(A_REGION)
    audit.record(viewer, session, action=Action.REGION_READ)
    return found


def weeks(viewer: Viewer, session: Session) -> tuple[date, ...]:
    """Return the weeks of which there are lists in scope, newest first.

    Raises
    ------
    NotAllowedError
        The viewer's role does not see a region.
    """
    viewer.must(Permission.READ_REGION)
    return tuple(session.scalars(select(RegionCellRow.week).distinct().order_by(RegionCellRow.week.desc())))


def course(viewer: Viewer, session: Session, *, weeks: Iterable[date], key: bytes) -> tuple[Picture, ...]:
    """Return the pictures of `weeks`, as far as there are any; that they were read is logged once.

    Raises
    ------
    NotAllowedError
        The viewer's role does not see a region.
    """
    viewer.must(Permission.READ_REGION)
    audit.record(viewer, session, action=Action.REGION_READ)
    pictures = (_picture(session, week, key=key) for week in weeks)
    return tuple(one for one in pictures if one is not None)


def _picture(session: Session, week: date, *, key: bytes) -> Picture | None:
    rows = _standing(session.scalars(select(RegionCellRow).where(RegionCellRow.week == week)))
    if not rows:
        return None
    figures = figures_of(rows, key=key)
    named = {row.id: row.name for row in session.scalars(select(SchoolRow))}
    schools = (_line(figures, "school", school, named[school]) for school in sorted({row.school for row in rows}))
    groups = (_line(figures, "year", group, group) for group in sorted({row.year_group for row in rows}))
    return Picture(
        week=week,
        region={measure: told_of[REGION] for measure, told_of in figures.items()},
        schools=tuple(schools),
        # That a year group is there at all says that some of its pupils are in view.
        year_groups=tuple(line for line in groups if any(figure is not None for figure in line.figures.values())),
    )


def _standing(rows: Iterable[RegionCellRow]) -> list[RegionCellRow]:
    """Return the cells of the newest edition of each school."""
    found = list(rows)
    newest: dict[str, int] = defaultdict(int)
    for row in found:
        newest[row.school] = max(newest[row.school], row.edition)
    return [row for row in found if row.edition == newest[row.school]]


def figures_of(rows: list[RegionCellRow], *, key: bytes) -> Mapping[Measure, Mapping[Name, int | None]]:
    """Return what is told of each measure: all of them together, for whoever reads one reads the others beside it."""
    cells, sums = system(rows)
    figures = told(cells, sums, key=key)
    return {
        measure: {name[1:]: figure for name, figure in figures.items() if name[0] == measure} for measure in Measure
    }


def system(rows: list[RegionCellRow]) -> tuple[dict[Name, Cell], list[Sum]]:
    """Return every count of a region under its measure and place, and what adds up to what among them."""
    cells: dict[Name, Cell] = {}
    sums: list[Sum] = []
    for measure in Measure:
        own, adding = _counted(rows, measure)
        cells |= {(measure, *name): cell for name, cell in own.items()}
        sums += [Sum((measure, *one.whole), tuple((measure, *part) for part in one.parts)) for one in adding]
    for whole in [name for name in cells if name[0] == Measure.IN_VIEW]:
        for within in WITHIN:
            parts: list[Name] = [(measure, *whole[1:]) for measure in within]
            rest: Name = (REST, *parts[0])
            left = cells[whole].count - sum(cells[part].count for part in parts)
            if left >= 0:  # otherwise a list has somebody twice, or without a reason, and this sum is none
                cells[rest] = Cell(left, remainder=True)
                sums.append(Sum(whole, (*parts, rest)))
    return cells, sums


def _counted(rows: list[RegionCellRow], measure: Measure) -> tuple[dict[Name, Cell], list[Sum]]:
    sizes = {row.school: row.count for row in rows if row.measure == Measure.PUPILS}
    mine = [row for row in rows if row.measure == measure]
    of_school: dict[str, list[RegionCellRow]] = defaultdict(list)
    of_group: dict[str, list[RegionCellRow]] = defaultdict(list)
    for row in mine:
        of_school[row.school].append(row)
        of_group[row.year_group].append(row)
    schools: dict[Name, Cell] = {
        ("school", school): _cell(of_school[school], among=size) for school, size in sizes.items()
    }
    groups: dict[Name, Cell] = {
        ("year", group): _cell(of_group[group])
        for group in {row.year_group for row in rows if row.measure != Measure.PUPILS}
    }
    cells: dict[Name, Cell] = {REGION: _cell(mine, among=sum(sizes.values())), **schools}
    sums = [Sum(REGION, tuple(schools))]
    if measure is Measure.PUPILS:
        cells = {name: Cell(cell.count, cell.members) for name, cell in cells.items()}
    else:
        cells |= groups
        if groups:  # where nobody is in view there is no year group to tell of, and a sum of nothing would tell of none
            sums.append(Sum(REGION, tuple(groups)))
    return cells, sums


def _cell(rows: Sequence[RegionCellRow], *, among: int | None = None) -> Cell:
    # The digest of a school as a whole does not change with its size, so the size is part of whose they are.
    members = tuple(f"{row.members}/{row.count}" for row in rows)
    return Cell(sum(row.count for row in rows), members, among)


def _line(figures: Mapping[Measure, Mapping[Name, int | None]], kind: str, key: str, label: str) -> Line:
    return Line(key, label or "onbekend", {measure: of.get((kind, key)) for measure, of in figures.items()})
