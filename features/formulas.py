"""Formulas: how each feature is made of what was counted, in the way that its catalogue entry names under ``of``."""

from collections.abc import Callable

import narwhals as nw

from features.catalogue import Feature
from features.fixed import fixed
from features.weeks import FEWEST_MINUTES, GAP_ROOM
from features.windows import SPANS, column

BEFORE = {"2w": "before_2w", "4w": "before_4w"}

EARLIER = {"2w": "earlier_2w"}

FEWEST_DAYS = 3
"""Days with absence, or single lessons missed, below which a pattern says nothing and is missing."""

SUBJECTS = {"lessons": "lessons_12w", "breadth": "subjects_12w", "top": "subject_top_12w"}
"""Columns on single lessons missed in the last 12 school weeks: how many, of how many subjects, and of the most missed."""

WEEKDAYS = tuple(f"weekday_{n}" for n in range(5))


@fixed
def known_windows() -> dict[str, nw.Expr]:
    """Whether each window held scheduled time."""
    windows = (*SPANS, "year", "last_year")
    return {f"_known__{one}": nw.col(column("scheduled_minutes", one)) >= FEWEST_MINUTES for one in windows}


@fixed
def facts() -> dict[str, nw.Expr]:
    """Day and number beside the features, see `features.build.FACTS`."""
    last_sick = nw.col(column("last_sick", "year"))
    return {
        "weeks_known": nw.col(column("week_known", "year")).cast(nw.Int64),
        "last_sick": nw.when(last_sick > 0).then(last_sick.cast(nw.Int64) // GAP_ROOM),
    }


def _enough(window: str, value: nw.Expr) -> nw.Expr:
    """Return `value` where the window held scheduled time, else missing."""
    return nw.when(nw.col(f"_known__{window}")).then(value)


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


HOW: dict[str, Callable[[Feature], nw.Expr]] = {
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
