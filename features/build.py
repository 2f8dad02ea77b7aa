"""Build the features of all pupils at a moment: one row a pupil, one column a feature, nothing known later.

Every feature is made from the windows over pupil-weeks (`features.weeks`, `features.windows`), in the way that its
catalogue entry names under ``of``. Missing (null) means that it cannot be known: too short a history, no scheduled time,
nothing to compare with. It never means zero.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

import narwhals as nw

from features.calendar import school_year_start
from features.catalogue import CATALOGUE, NAMES
from features.fixed import fixed
from features.formulas import BEFORE, EARLIER, HOW, SUBJECTS, WEEKDAYS, facts, known_windows
from features.frames import Frame, at_once_if_few, collected, settle
from features.history import History, history, number_of
from features.holidays import this_weeks_year
from features.school_time import SchoolTime
from features.tables import Tables
from features.weeks import LOWEST, SUMMED, pupil_weeks
from features.windows import SPANS, Wanted, column, seen_now

PUPIL = ["school", "pupil"]
IDENTITY = ("school", "pupil", "group", "year_group")
FACTS = ("enrolled_from", "last_sick", "weeks_known")
"""Columns beside the features: day numbers of the first known day at the school and of the last sick report's first day;
school weeks known this year."""


def build(tables: Tables, as_of: datetime, *, time: SchoolTime | None = None) -> Any:  # noqa: ANN401 - the caller's own kind of frame
    """Features of every pupil enrolled at `as_of`, from what was known then.

    Parameters
    ----------
    tables
        Versions of facts of one or more schools.
    as_of
        Moment (UTC, aware).
    time
        What is the same for all pupils, where `features.history.school_time` worked it out before: for `tables` of single
        pupils. The timetable of `tables` is then not looked at.

    Returns
    -------
    native frame
        Columns `IDENTITY`, then `features.catalogue.NAMES` (float), then `FACTS`, then the window sums that sentences
        quote (``<measure>__<window>``). One row a pupil, ordered by school and pupil.
    """
    looked_at = [tables.enrolments, tables.absences] + ([tables.timetable] if time is None else [])
    with at_once_if_few(*looked_at):
        return collected(build_from(history(tables, as_of, time=time))).to_native()


def build_from(past: History) -> Frame:
    """Features from a history, lazily; see `build`."""
    found = features_of(counted(past))
    return found.select(*IDENTITY, *NAMES, *FACTS, *WANTED.columns()).sort("school", "pupil")


def counted(past: History, weeks: Frame | None = None) -> Frame:
    """Everything that features are made of, seen from the end of `past`.

    Parameters
    ----------
    weeks
        Pupil-weeks (`features.weeks.pupil_weeks`), where they have been counted already.

    Returns
    -------
    narwhals.LazyFrame
        One row a pupil: `IDENTITY`, ``origin`` (day number), ``enrolled_from``, the windows, `SUBJECTS`, and of the
        school ``newest`` (number of its newest school day) and the windows of its registers.
    """
    rows = settle(pupil_weeks(past)) if weeks is None else weeks
    missed = past.lessons.with_columns(this_weeks_year()).filter(_lately(past.until))
    newest = past.of_schools("newest", lambda: past.school_days.group_by(["school"]).agg(_newest()))
    registers = past.of_schools("registers", lambda: counted_schools(past))
    return (
        past.pupils.with_columns(_origin(past.until))
        .join(seen_now(rows, "pupil_no", WANTED, until=past.until, lowest=LOWEST), on="pupil_no", how="left")
        .join(subjects_of(missed, ["pupil_no"]), on="pupil_no", how="left")
        .join(registers, on=["school", "origin"], how="left")
        .join(newest, on="school", how="left")
    )


def counted_schools(past: History) -> Frame:
    """Windows of each school's registers, seen from the end of `past`: ``school, origin`` and `REGISTERS`."""
    recorded = past.registers.with_columns(this_weeks_year())
    return seen_now(recorded, "school", REGISTERS, until=past.until).with_columns(_origin(past.until))


@fixed
def _lately(until: date) -> nw.Expr:
    return (nw.col("year") == school_year_start(until).year) & (nw.col("weeks_ago") < SPANS["12w"][1])


@fixed
def _newest() -> nw.Expr:
    return nw.col("number").max().alias("newest")


@fixed
def _origin(until: date) -> nw.Expr:
    return nw.lit(number_of(until)).cast(nw.Int64).alias("origin")


def subjects_of(missed: Frame, keys: Sequence[str]) -> Frame:
    """Single lessons missed, by subject, summed to `SUBJECTS` for each of `keys`."""
    return subjects_together(missed.group_by([*keys, "subject"]).agg(_lessons()), keys)


def subjects_together(each: Frame, keys: Sequence[str]) -> Frame:
    """Sum to `SUBJECTS` what was missed of each subject: ``lessons``, for each of `keys`."""
    return each.group_by(list(keys)).agg(*_by_subject())


@fixed
def _lessons() -> nw.Expr:
    return nw.col("lessons").sum()


@fixed
def _by_subject() -> tuple[nw.Expr, ...]:
    lessons = nw.col("lessons")
    return (
        lessons.sum().alias(SUBJECTS["lessons"]),
        nw.len().alias(SUBJECTS["breadth"]),
        lessons.max().alias(SUBJECTS["top"]),
    )


def features_of(counted: Frame, numbers: Mapping[str, str] | None = None) -> Frame:
    """Features from what was counted (`counted`), of one or of many origins: its columns, `NAMES` and `FACTS`.

    Parameters
    ----------
    numbers
        Per set of peers (`PEERS`) a column that is the same for those who are in it at an origin, where there is one.
    """
    frame = settle(counted.with_columns(_nothing_where_null()).with_columns(*known_windows()))
    frame = _with_totals(frame, {} if numbers is None else numbers)
    return frame.with_columns(*facts(), *_all_features())


@fixed
def _nothing_where_null() -> nw.Expr:
    return nw.col(*WANTED.columns(), *REGISTERS.columns(), *SUBJECTS.values()).fill_null(0)


@fixed
def _all_features() -> dict[str, nw.Expr]:
    return {entry.name: HOW[entry.of](entry).cast(nw.Float64) for entry in CATALOGUE}


def _wanted() -> Wanted:
    """Return the windows that features need."""
    sums = {("scheduled_minutes", window) for window in (*SPANS, "year", "last_year")}
    sums |= {("week_known", "year"), ("named", "12w")}
    for entry in CATALOGUE:
        if entry.of in {"rate", "sum", "change", "acceleration", "turn", "mean", "share", "versus", "own", "school"}:
            measures = {name for name in (entry.measure, entry.per) if name in SUMMED}
            measures |= set(WEEKDAYS) if entry.measure == "weekday_top" else set()
            also = {
                "change": {BEFORE.get(entry.window, "")},
                "turn": {BEFORE.get(entry.window, "")},
                "acceleration": {BEFORE.get(entry.window, ""), EARLIER.get(entry.window, "")},
                "own": {"last_year"},
            }
            windows = {entry.window} | also.get(entry.of, set())
            per_week = entry.of == "change" and not entry.measure.endswith("_minutes")
            measures |= {"week_known"} if per_week else set()
            sums |= {(measure, window) for measure in measures for window in windows}
    return Wanted(
        sums=frozenset(sums | {("sick_gaps", "year"), ("sick_starts", "year")}),
        largest=frozenset(
            {
                ("week_rate", "12w"),
                ("away_run", "12w"),
                ("away_run", "year"),
                ("absent_number", "year"),
                ("last_sick", "year"),
            }
        ),
    )


WANTED = _wanted()
REGISTERS = Wanted(sums=frozenset({("planned_minutes", "4w"), ("untaken_minutes", "4w")}), largest=frozenset())
"""Windows of a school's registers."""


PEERS = ("group", "year_group", "school")
"""Whom pupils are compared with: those now in the same one."""


@cache
def _compared() -> dict[str, tuple[str, ...]]:
    """For each set of peers, what is to be compared."""
    compared: dict[str, set[str]] = {}
    for entry in CATALOGUE:
        if entry.of == "versus":
            names = {column(entry.measure, entry.window), column("scheduled_minutes", entry.window)}
            compared.setdefault(entry.per, set()).update(names)
        if entry.of == "school":
            per = "scheduled_minutes" if entry.per == "scheduled_hours" else entry.per
            compared.setdefault("school", set()).update(column(m, entry.window) for m in (entry.measure, per))
    return {peers: tuple(sorted(names)) for peers, names in compared.items()}


@fixed
def _totals(peers: str) -> tuple[nw.Expr, ...]:
    return tuple(nw.col(name).sum().alias(f"{peers}:{name}") for name in _compared()[peers])


def _with_totals(frame: Frame, numbers: Mapping[str, str]) -> Frame:
    """Add, for each set of peers, what is to be compared: sums over those now in the same group, year group or school."""
    for peers in _compared():
        keys = [numbers[peers]] if peers in numbers else list(dict.fromkeys(["origin", "school", peers]))
        frame = frame.join(frame.group_by(keys).agg(*_totals(peers)), on=keys, how="left")
    return frame
