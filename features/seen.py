"""What features are made of, as seen from many Mondays at once.

From a Monday whole weeks are seen, so that many Mondays share what is counted of each week.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import narwhals as nw

from features.build import PUPIL, REGISTERS, WANTED, subjects_together
from features.calendar import school_year_start
from features.frames import Frame, like, settle
from features.history import History, number_of
from features.holidays import this_weeks_year
from features.keys import day_key_in, with_day, with_slot
from features.retold import Retold
from features.weeks import LOWEST, pupil_weeks
from features.windows import SEEN, SPANS, column, last_year, places, seen_from


@dataclass(frozen=True)
class Places:
    """Schools as seen from many Mondays.

    Parameters
    ----------
    origins
        The Mondays.
    school_weeks
        ``school, week, year, weeks_ago``.
    at
        Which of them are seen from each, see `features.windows.places`.
    schools
        ``school, origin``, the windows of the school's registers, and ``newest``, the number of its newest day.
    """

    origins: tuple[date, ...]
    school_weeks: Frame
    at: Frame
    schools: Frame


def places_of(past: History, origins: Sequence[date]) -> Places:
    """Schools of `past` as seen from `origins`."""
    school_weeks = settle(past.school_weeks.with_columns(this_weeks_year()))
    at = settle(places(school_weeks, origins))
    return Places(tuple(origins), school_weeks, at, settle(_schools_at(past, at)))


def seen_of(past: History, other: Retold, looking: Places) -> Frame:
    """`features.build.counted` at each origin, of all but those in `other`: what is known now was known then."""
    weeks = settle(pupil_weeks(past))
    windows = seen_from(weeks, WANTED, at=looking.at, school_weeks=looking.school_weeks, lowest=LOWEST)
    # Whatever is not a window is put together first: the windows are wide, and are gone through once.
    known = (
        _enrolled_at(past, other, looking.origins)
        .join(last_year(weeks, WANTED), on=["pupil_no", "origin_year"], how="left")
        .join(_subjects_at(past, looking.at), on=SEEN, how="left")
        .join(looking.schools, on=["school", "origin"], how="left")
    )
    known = settle(known.drop("origin_year"))
    found = windows.join(known, on=SEEN, how="left").filter(~nw.col("enrolled_from").is_null())
    # Who has no school week behind them yet.
    fresh = known.join(windows.select(SEEN), on=SEEN, how="anti")
    return nw.concat([found, fresh], how="diagonal").drop(SEEN)


def _schools_at(past: History, at: Frame) -> Frame:
    week, key = ["school", "week"], ["school", "origin"]
    lately = at.filter(nw.col("ago") < SPANS["4w"][1]).select(*week, "origin")
    sums = [nw.col(name).sum().alias(column(name, window)) for name, window in REGISTERS.sums]
    registers = past.registers.join(lately, on=week, how="inner").group_by(key).agg(*sums)
    numbers = past.school_days.group_by(week).agg(nw.col("number").max().alias("newest"))
    newest = at.filter(nw.col("ago") == 0).join(numbers, on=week, how="inner").select(*key, "newest")
    return registers.join(newest, on=key, how="inner")


def _subjects_at(past: History, at: Frame) -> Frame:
    """`features.build.subjects_of` as seen from each origin, by `SEEN`.

    A lesson is seen from a dozen origins. So subjects are numbered: pupil, origin and subject are one whole number.
    """
    names = past.lessons.select("subject").unique().with_row_index("_subject", order_by="subject")
    lessons = past.lessons.join(settle(names), on="subject", how="inner")
    lately = at.filter(nw.col("ago") < SPANS["12w"][1]).select("school", "week", "origin")
    seen = lessons.join(lately, on=["school", "week"], how="inner")
    subject = with_slot(with_day(nw.col("pupil_no"), nw.col("origin")), nw.col("_subject").cast(nw.Int64))
    each = seen.select("lessons", _each=subject).group_by("_each").agg(nw.col("lessons").sum())
    return subjects_together(each.select("lessons", day_key_in(nw.col("_each")).alias(SEEN)), [SEEN])


def _enrolled_at(past: History, other: Retold, origins: Sequence[date]) -> Frame:
    """Who was enrolled at each origin, and where, but for those in `other`.

    As `features.history.History.pupils`, with ``origin, origin_year`` and `SEEN`.
    """
    columns = {
        "origin": [number_of(one) for one in origins],
        "origin_year": [school_year_start(one).year for one in origins],
    }
    looking = like(past.enrolments, columns, {"origin": nw.Int64, "origin_year": nw.Int64})
    since = past.enrolments.group_by("pupil_no").agg(nw.col("from_day").min().alias("enrolled_from"))
    there = (
        past.enrolments.join(since, on="pupil_no", how="inner")
        .join(looking, how="cross")
        .filter((nw.col("from_day") <= nw.col("origin")) & (nw.col("origin") <= nw.col("to_day")))
        .with_columns(with_day(nw.col("pupil_no"), nw.col("origin")).alias(SEEN))
        .drop("from_day", "to_day")
    )
    pupils = past.enrolments.select(*PUPIL, "pupil_no").unique(subset="pupil_no", keep="any")
    told = other.pupils.join(pupils, on=PUPIL, how="inner")
    told = told.select(with_day(nw.col("pupil_no"), nw.col("origin")).alias(SEEN))
    return there.join(told, on=SEEN, how="anti").join(other.schools, on=["school", "origin"], how="anti")
