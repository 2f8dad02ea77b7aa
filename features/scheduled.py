"""Scheduled time: who should have been where, per slot, day and week. It is the denominator of every rate.

A *unit* is whatever a timetable is made for: ``g:<group>`` or, where a pupil has rows of its own, ``p:<pupil>``.
Days are whole numbers (days since 1970-01-01) and weeks are the number of their Monday, so that every engine counts
alike; `features.history` turns them back into dates.
"""

from dataclasses import dataclass

import narwhals as nw

from data_contracts.tables import Register, SlotStatus
from features.frames import Frame, settle

FOREVER = 1_000_000
UNNUMBERED = 1_000  # slots from here on are lessons without a number, by their start
UNIT_DAY = ["school", "unit", "day"]


@dataclass(frozen=True)
class Scheduled:
    """Scheduled time of the units.

    Parameters
    ----------
    slots
        ``school, unit, day, slot, start_minute, minutes``; slot 0 is a row for the whole day, slots from `UNNUMBERED`
        on are lessons without a number.
    days
        ``school, unit, day, week, scheduled, slots, numbered, first_slot, last_slot, clocked``: minutes and slots a day.
        A pupil's own day may have none.
    """

    slots: Frame
    days: Frame


def day_number(column: str) -> nw.Expr:
    """Return days since 1970-01-01 of a date column."""
    return nw.col(column).cast(nw.Date).cast(nw.Int32).cast(nw.Int64)


def week_of(day: nw.Expr) -> nw.Expr:
    """Day number of the Monday of the week of `day` (1970-01-01 was a Thursday)."""
    return day - weekday_of(day)


def weekday_of(day: nw.Expr) -> nw.Expr:
    """Weekday of a day number, Monday 0 to Sunday 6. Written without a remainder, which Arrow does not have."""
    return (day + 3) - (day + 3) // 7 * 7


def scheduled(timetable: Frame, *, first_day: int, end_day: int) -> Scheduled:
    """Scheduled slots and days from `first_day` up to, not including, `end_day`.

    Cancelled lessons and time that is not required are no scheduled time. A register that was not taken leaves it
    unknown whether pupils were there: it leaves the denominator too, and so do absences in it.
    """
    unit = (
        nw.when(nw.col("pupil").is_null())
        .then(nw.concat_str(nw.lit("g:"), nw.col("group"), ignore_nulls=True))
        .otherwise(nw.concat_str(nw.lit("p:"), nw.col("pupil"), ignore_nulls=True))
    )
    # A lesson without a number is told apart by its start; a row without either is the day as a whole, slot 0.
    by_start = nw.col("start_minute").cast(nw.Int64) + UNNUMBERED
    known = settle(
        timetable.with_columns(
            day=day_number("date"),
            slot=nw.coalesce(nw.col("slot").cast(nw.Int64), by_start).fill_null(0),
            unit=unit,
            minutes=nw.col("minutes").cast(nw.Int64),
        )
        .filter((nw.col("day") >= first_day) & (nw.col("day") < end_day))
        .select(*UNIT_DAY, "slot", "start_minute", "minutes", "status", "register")
    )
    counts = (nw.col("status") == SlotStatus.PLANNED.value) & (nw.col("register") != Register.NOT_TAKEN.value)
    planned = known.filter(counts)
    # Parallel lessons of one group in one slot are one slot of its pupils' time: the longest stands.
    by_slot = settle(planned.group_by([*UNIT_DAY, "slot"]).agg(nw.col("minutes").max(), nw.col("start_minute").min()))
    # Beside lessons, a row for the whole day would count the same time twice.
    lessons = by_slot.filter(nw.col("slot") > 0).select(UNIT_DAY).unique(subset=UNIT_DAY, keep="any")
    whole = by_slot.filter(nw.col("slot") == 0).join(lessons, on=UNIT_DAY, how="anti")
    slots = settle(nw.concat([by_slot.filter(nw.col("slot") > 0), whole], how="vertical"))
    numbered = (nw.col("slot") > 0) & (nw.col("slot") < UNNUMBERED)
    days = (
        slots.with_columns(
            _unclocked=nw.col("start_minute").is_null().cast(nw.Int64), _numbered=numbered.cast(nw.Int64)
        )
        .group_by(UNIT_DAY)
        .agg(
            nw.col("minutes").sum().alias("scheduled"),
            nw.len().alias("slots"),
            nw.col("slot").min().alias("first_slot"),
            nw.col("slot").max().alias("last_slot"),
            nw.col("_unclocked").max(),
            nw.col("_numbered").sum().alias("numbered"),
        )
        .with_columns(clocked=nw.col("_unclocked") == 0, slots=nw.col("slots").cast(nw.Int64))
        .drop("_unclocked")
    )
    # A pupil's own row stands in place of the group's even where it says that nothing is scheduled.
    free = (
        known.filter(~counts & nw.col("unit").str.starts_with("p:"))
        .select(UNIT_DAY)
        .unique(subset=UNIT_DAY, keep="any")
        .join(days.select(UNIT_DAY), on=UNIT_DAY, how="anti")
        .with_columns(
            scheduled=nw.lit(0).cast(nw.Int64),
            slots=nw.lit(0).cast(nw.Int64),
            first_slot=nw.lit(0).cast(nw.Int64),
            last_slot=nw.lit(0).cast(nw.Int64),
            numbered=nw.lit(0).cast(nw.Int64),
            clocked=nw.lit(value=True),
        )
    )
    columns = [*UNIT_DAY, "scheduled", "slots", "first_slot", "last_slot", "numbered", "clocked"]
    every = nw.concat([days.select(columns), free.select(columns)], how="vertical")
    return Scheduled(slots, settle(every.with_columns(week=week_of(nw.col("day")))))


def periods(enrolments: Frame, *, end_day: int) -> Frame:
    """Enrolments as periods that do not overlap: ``school, pupil, group, year_group, unit, from_day, to_day``.

    Where two enrolments of one pupil at one school overlap, the one that began later stands while it lasts; of two that
    began on the same day, the one that was recorded last.
    Only periods that began before or on `end_day` (the as-of day) are known to count.
    """
    who = ["school", "pupil"]
    begun = enrolments.with_columns(
        from_day=day_number("valid_from"),
        until=day_number("valid_to").fill_null(FOREVER),
        unit=nw.concat_str(nw.lit("g:"), nw.col("group")),
        _recorded=nw.col("recorded_at").dt.timestamp("us"),
    ).filter(nw.col("from_day") <= end_day)
    newest = begun.group_by([*who, "from_day"]).agg(nw.col("_recorded").max())
    begun = begun.join(newest, on=[*who, "from_day", "_recorded"], how="semi").unique(
        subset=[*who, "from_day"], keep="any"
    )
    # One order over everybody, and a look whether the next row is the same pupil's: a window per pupil costs ten times
    # as much.
    order = [*who, "from_day"]
    ahead = {
        f"_{name}_{n}": nw.col(name).shift(-n).over(order_by=order)
        for name, n in (
            ("school", 1),
            ("pupil", 1),
            ("from_day", 1),
            ("until", 1),
            ("school", 2),
            ("pupil", 2),
            ("from_day", 2),
        )
    }
    begun = settle(begun.with_columns(**ahead))
    same = {
        n: (nw.col(f"_school_{n}") == nw.col("school")) & (nw.col(f"_pupil_{n}") == nw.col("pupil")) for n in (1, 2)
    }
    never = nw.lit(FOREVER + 1)
    begun = begun.with_columns(
        _next=nw.when(same[1].fill_null(value=False)).then(nw.col("_from_day_1")).otherwise(never),
        _next_until=nw.when(same[1].fill_null(value=False)).then(nw.col("_until_1")).otherwise(never),
        _after=nw.when(same[2].fill_null(value=False)).then(nw.col("_from_day_2")).otherwise(never),
    )
    # An enrolment within another one, say two weeks in another class, stands for its own time; then the outer resumes.
    parts = [
        begun.with_columns(to_day=nw.min_horizontal("until", nw.col("_next") - 1)),
        begun.filter(nw.col("until") > nw.col("_next_until")).with_columns(
            from_day=nw.col("_next_until") + 1, to_day=nw.min_horizontal("until", nw.col("_after") - 1)
        ),
    ]
    columns = [*who, "group", "year_group", "unit", "from_day", "to_day"]
    return nw.concat([part.select(columns) for part in parts], how="vertical").filter(
        (nw.col("from_day") <= nw.col("to_day")) & (nw.col("from_day") <= end_day)
    )


def without_days(days: Frame, closed: Frame) -> Frame:
    """Leave out the days of `closed` (``school, day``)."""
    return days.join(closed, on=["school", "day"], how="anti")


def pupil_weeks(enrolled: Frame, days: Frame) -> Frame:
    """Scheduled minutes a pupil and week: ``school, pupil, week, scheduled, days``.

    Parameters
    ----------
    enrolled
        Periods, see `periods`.
    days
        Unit days, see `Scheduled`.

    Notes
    -----
    Weeks that lie wholly within an enrolment take their group's week. Only the weeks at its edges, and weeks in which
    a pupil has a timetable of its own, are added up day by day.
    """
    keys = ["school", "pupil", "week"]
    own = own_days(days)
    own_weeks = own.select(*keys).unique(subset=keys, keep="any")
    unit_weeks = days.group_by(["school", "unit", "week"]).agg(nw.col("scheduled").sum(), nw.len().alias("days"))
    whole = (
        enrolled.join(unit_weeks, on=["school", "unit"], how="inner")
        .filter((nw.col("from_day") <= nw.col("week")) & (nw.col("week") + 6 <= nw.col("to_day")))
        .select(*keys, "scheduled", "days")
        .join(own_weeks, on=keys, how="anti")
    )
    edges = nw.concat(
        [
            enrolled.with_columns(week=week_of(nw.col("from_day"))),
            enrolled.with_columns(week=week_of(nw.col("to_day"))),
        ],
        how="vertical",
    ).filter((nw.col("from_day") > nw.col("week")) | (nw.col("week") + 6 > nw.col("to_day")))
    edges = edges.unique(subset=[*keys, "unit", "from_day"], keep="any")
    edge_days = edges.join(days, on=["school", "unit", "week"], how="inner").join(own_weeks, on=keys, how="anti")
    irregular = enrolled.join(own_weeks, on=["school", "pupil"], how="inner")
    group_days = irregular.join(days, on=["school", "unit", "week"], how="inner").join(
        own, on=["school", "pupil", "day"], how="anti"
    )
    columns = [*keys, "day", "scheduled", "from_day", "to_day"]
    mine = irregular.join(own.select(*keys, "day", "scheduled"), on=keys, how="inner")
    by_day = (
        nw.concat([edge_days.select(columns), group_days.select(columns), mine.select(columns)], how="vertical")
        .filter((nw.col("from_day") <= nw.col("day")) & (nw.col("day") <= nw.col("to_day")))
        .group_by(keys)
        .agg(nw.col("scheduled").sum(), nw.len().alias("days"))
    )
    # A pupil who changes group in mid-week has two parts of one week.
    return (
        nw.concat([whole, by_day], how="vertical").group_by(keys).agg(nw.col("scheduled").sum(), nw.col("days").sum())
    )


def own_days(days: Frame) -> Frame:
    """Days on which a pupil has a timetable of its own: ``school, pupil, day, week, unit, scheduled``."""
    return (
        days.filter(nw.col("unit").str.starts_with("p:"))
        .with_columns(pupil=nw.col("unit").str.slice(2))
        .select("school", "pupil", "day", "week", "unit", "scheduled")
    )
