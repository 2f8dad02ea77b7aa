"""What was counted before the first day that is looked at, so that a history can go on where an earlier one ended."""

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw

from features.frames import Frame


@dataclass(frozen=True)
class Before:
    """What a history that begins later has to know of the days before it.

    Parameters
    ----------
    first_day
        Day number of the first day that was ever looked at.
    pupils
        ``school, pupil, pupil_no``: the numbers by which pupils go, of every pupil ever enrolled.
    school_days
        ``school, day, number``: the last school day of each school.
    units
        ``school, unit, unit_number``: how many days each timetable had.
    marks
        ``pupil_no, kind, day, lesson_day, position``: the last day of each pupil and kind of `features.weeks.marked_days`.
    shifts
        ``pupil_no, shift``: the last of each pupil that has any, see `features.lesson_days`.
    """

    first_day: int
    pupils: Frame
    school_days: Frame
    units: Frame
    marks: Frame
    shifts: Frame


def going_on(numbers: Frame, counted: Frame, keys: Sequence[str], column: str) -> Frame:
    """Add to `column` of `numbers` what had been `counted` for `keys` before."""
    before = counted.select(*keys, _before=nw.col(column))
    on = numbers.join(before, on=list(keys), how="left")
    return on.with_columns(**{column: nw.col(column) + nw.col("_before").fill_null(0)}).drop("_before")
