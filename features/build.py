"""Build the features of all pupils at a moment: one row a pupil, one column a feature, nothing known later.

Every feature is made from the windows over pupil-weeks (`features.weeks`, `features.windows`), in the way that its
catalogue entry names under ``of``. Missing (null) means that it cannot be known: too short a history, no scheduled time,
nothing to compare with. It never means zero.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import narwhals as nw

from features.calendar import school_year_start
from features.catalogue import CATALOGUE, NAMES, Feature
from features.fixed import fixed
from features.frames import Frame, settle
from features.history import History, history, number_of
from features.tables import Tables
from features.weeks import FEWEST_MINUTES, GAP_ROOM, LOWEST, SUMMED, pupil_weeks, year_of
from features.windows import SPANS, Wanted, column, seen_now

PUPIL = ["school", "pupil"]
IDENTITY = ("school", "pupil", "group", "year_group")
BEFORE = {"2w": "before_2w", "4w": "before_4w"}
EARLIER = {"2w": "earlier_2w"}
FACTS = ("enrolled_from", "last_sick", "weeks_known")
"""Columns beside the features: day numbers of the first known day at the school and of the last sick report's first day;
school weeks known this year."""

FEWEST_DAYS = 3
"""Days with absence, or single lessons missed, below which a pattern says nothing and is missing."""
SUBJECTS = {"lessons": "lessons_12w", "breadth": "subjects_12w", "top": "subject_top_12w"}
"""Columns on single lessons missed in the last 12 school weeks: how many, of how many subjects, and of the most missed."""
WEEKDAYS = tuple(f"weekday_{n}" for n in range(5))


def build(tables: Tables, as_of: datetime) -> Any:  # noqa: ANN401 - the caller's own kind of frame
    """Features of every pupil enrolled at `as_of`, from what was known then.

    Parameters
    ----------
    tables
        Versions of facts of one or more schools.
    as_of
        Moment (UTC, aware).

    Returns
    -------
    native frame
        Columns `IDENTITY`, then `features.catalogue.NAMES` (float), then `FACTS`, then the window sums that sentences
        quote (``<measure>__<window>``). One row a pupil, ordered by school and pupil.
    """
    return build_from(history(tables, as_of)).collect().to_native()


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
    missed = past.lessons.with_columns(year=year_of(nw.col("week"), past.until))
    now = (nw.col("year") == school_year_start(past.until).year) & (nw.col("weeks_ago") < SPANS["12w"][1])
    newest = past.school_days.group_by(["school"]).agg(nw.col("number").max().alias("newest"))
    return (
        past.pupils.with_columns(origin=nw.lit(number_of(past.until)).cast(nw.Int64))
        .join(seen_now(rows, "pupil_no", WANTED, until=past.until, lowest=LOWEST), on="pupil_no", how="left")
        .join(subjects_of(missed.filter(now), ["pupil_no"]), on="pupil_no", how="left")
        .join(counted_schools(past), on=["school", "origin"], how="left")
        .join(newest, on="school", how="left")
    )


def counted_schools(past: History) -> Frame:
    """Windows of each school's registers, seen from the end of `past`: ``school, origin`` and `REGISTERS`."""
    recorded = past.registers.with_columns(year=year_of(nw.col("week"), past.until))
    seen = seen_now(recorded, "school", REGISTERS, until=past.until)
    return seen.with_columns(origin=nw.lit(number_of(past.until)).cast(nw.Int64))


def subjects_of(missed: Frame, keys: Sequence[str]) -> Frame:
    """Single lessons missed, by subject, summed to `SUBJECTS` for each of `keys`."""
    each = missed.group_by([*keys, "subject"]).agg(nw.col("lessons").sum())
    return each.group_by(list(keys)).agg(
        nw.col("lessons").sum().alias(SUBJECTS["lessons"]),
        nw.len().alias(SUBJECTS["breadth"]),
        nw.col("lessons").max().alias(SUBJECTS["top"]),
    )


def features_of(counted: Frame) -> Frame:
    """Features from what was counted (`counted_now`), of one or of many origins: its columns, `NAMES` and `FACTS`."""
    return _with_totals(settle(counted.with_columns(_nothing_where_null()))).with_columns(*_facts(), *_all_features())


@fixed
def _nothing_where_null() -> nw.Expr:
    return nw.col(*WANTED.columns(), *REGISTERS.columns(), *SUBJECTS.values()).fill_null(0)


@fixed
def _facts() -> dict[str, nw.Expr]:
    last_sick = nw.col(column("last_sick", "year"))
    return {
        "weeks_known": nw.col(column("week_known", "year")).cast(nw.Int64),
        "last_sick": nw.when(last_sick > 0).then(last_sick.cast(nw.Int64) // GAP_ROOM),
    }


@fixed
def _all_features() -> dict[str, nw.Expr]:
    return {entry.name: _HOW[entry.of](entry).cast(nw.Float64) for entry in CATALOGUE}


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
REGISTERS = Wanted(
    sums=frozenset({("planned_minutes", "4w"), ("untaken_minutes", "4w")}), largest=frozenset()
)
"""Windows of a school's registers."""


def _with_totals(frame: Frame) -> Frame:
    """Add, for each set of peers, what is to be compared: sums over those now in the same group, year group or school."""
    compared: dict[str, set[str]] = {}
    for entry in CATALOGUE:
        if entry.of == "versus":
            names = {column(entry.measure, entry.window), column("scheduled_minutes", entry.window)}
            compared.setdefault(entry.per, set()).update(names)
        if entry.of == "school":
            per = "scheduled_minutes" if entry.per == "scheduled_hours" else entry.per
            compared.setdefault("school", set()).update(column(m, entry.window) for m in (entry.measure, per))
    for peers, names in compared.items():
        keys = list(dict.fromkeys(["origin", "school", peers]))
        totals = frame.group_by(keys).agg(nw.col(name).sum().alias(f"{peers}:{name}") for name in sorted(names))
        frame = frame.join(totals, on=keys, how="left")
    return frame


def _enough(window: str, value: nw.Expr) -> nw.Expr:
    """Return `value` where the window held scheduled time, else missing."""
    return nw.when(nw.col(column("scheduled_minutes", window)) >= FEWEST_MINUTES).then(value)


def _share(measure: str, window: str) -> nw.Expr:
    return _enough(window, nw.col(column(measure, window)) / nw.col(column("scheduled_minutes", window)))


def _sum(entry: Feature) -> nw.Expr:
    return _enough(entry.window, nw.col(column(entry.measure, entry.window)))


def _weekly(measure: str, window: str) -> nw.Expr:
    return _enough(window, nw.col(column(measure, window)) / nw.col(column("week_known", window)))


def _change(entry: Feature) -> nw.Expr:
    of = _share if entry.measure.endswith("_minutes") else _weekly
    return of(entry.measure, entry.window) - of(entry.measure, BEFORE[entry.window])


def _acceleration(entry: Feature) -> nw.Expr:
    now, before = _share(entry.measure, entry.window), _share(entry.measure, BEFORE[entry.window])
    return now - 2 * before + _share(entry.measure, EARLIER[entry.window])


def _turn(entry: Feature) -> nw.Expr:
    now, before = entry.window, BEFORE[entry.window]
    fewer = nw.col(column(entry.measure, before)) - nw.col(column(entry.measure, now))
    more = nw.col(column(entry.per, now)) - nw.col(column(entry.per, before))
    return _enough(now, _enough(before, nw.max_horizontal(nw.min_horizontal(fewer, more), nw.lit(0))))


def _part(entry: Feature) -> nw.Expr:
    measures = WEEKDAYS if entry.measure == "weekday_top" else (entry.measure,)
    names = [column(measure, entry.window) for measure in measures]
    value = nw.max_horizontal(*names) if len(names) > 1 else nw.col(names[0])
    enough = nw.col(column("days_absent", entry.window)) >= FEWEST_DAYS
    return nw.when(enough).then(value / nw.col(column(entry.per, entry.window)))


def _mean(entry: Feature) -> nw.Expr:
    of = nw.col(column(entry.per, entry.window))
    return nw.when(of > 0).then(nw.col(column(entry.measure, entry.window)) / of)


def _gap(entry: Feature) -> nw.Expr:
    booked = nw.col(column("last_sick", "year"))
    spells = nw.col(column("sick_starts", "year"))
    last = booked - booked // GAP_ROOM * GAP_ROOM - 1
    if entry.measure == "last":
        return nw.when(spells > 1).then(last)
    # Three spells have two gaps: fewer have no mean to compare with.
    return nw.when(spells > 2).then(nw.col(column("sick_gaps", "year")) / (spells - 1) - last)  # noqa: PLR2004


def _since(entry: Feature) -> nw.Expr:
    number = nw.col(column(entry.measure, entry.window))
    return nw.when(number > 0).then(nw.col("newest") - number)


def _top(entry: Feature) -> nw.Expr:
    value = nw.col(column(entry.measure, entry.window))
    return _enough(entry.window, nw.when(value >= 0).then(value))


def _subjects(entry: Feature) -> nw.Expr:
    if entry.measure == "breadth":
        delivered = nw.col(column("named", entry.window)) > 0
        return _enough(entry.window, nw.when(delivered).then(nw.col(SUBJECTS["breadth"])))
    lessons = nw.col(SUBJECTS["lessons"])
    return _enough(entry.window, nw.when(lessons >= FEWEST_DAYS).then(nw.col(SUBJECTS["top"]) / lessons))


def _versus(entry: Feature) -> nw.Expr:
    measure, scheduled = column(entry.measure, entry.window), column("scheduled_minutes", entry.window)
    others = nw.col(f"{entry.per}:{scheduled}") - nw.col(scheduled)
    missed = nw.col(f"{entry.per}:{measure}") - nw.col(measure)
    return _share(entry.measure, entry.window) - nw.when(others >= 10 * FEWEST_MINUTES).then(missed / others)


def _own(entry: Feature) -> nw.Expr:
    return _share(entry.measure, entry.window) - _share(entry.measure, "last_year")


def _school(entry: Feature) -> nw.Expr:
    hours = entry.per == "scheduled_hours"
    of = nw.col(f"school:{column('scheduled_minutes' if hours else entry.per, entry.window)}")
    value = nw.col(f"school:{column(entry.measure, entry.window)}")
    return nw.when(of > 0).then(value * 60 / of if hours else value / of)


def _registers(entry: Feature) -> nw.Expr:
    of = nw.col(column(entry.per, entry.window))
    return nw.when(of > 0).then(nw.col(column(entry.measure, entry.window)) / of)


_HOW: dict[str, Callable[[Feature], nw.Expr]] = {
    "rate": lambda entry: _share(entry.measure, entry.window),
    "sum": _sum,
    "top": _top,
    "longest": _sum,
    "mean": _mean,
    "gap": _gap,
    "since": _since,
    "change": _change,
    "acceleration": _acceleration,
    "turn": _turn,
    "share": _part,
    "subjects": _subjects,
    "versus": _versus,
    "own": _own,
    "school": _school,
    "registers": _registers,
}
