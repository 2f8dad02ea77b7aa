"""Pupil-days: what was missed of each day, in minutes and counts, and of which subjects."""

from functools import cache

import narwhals as nw

from data_contracts.reasons import KINDS, Authorised, Kind
from features.absent import EVENT_SLOTS, kind_of
from features.fixed import fixed
from features.frames import Frame, like, settle
from features.keys import day_in, number_in, with_day, with_slot
from features.scheduled import Scheduled

MINUTES = (
    "excused_minutes",
    "absent_minutes",
    "sick_minutes",
    "medical_minutes",
    "luxury_minutes",
    "authorised_minutes",
    "unauthorised_minutes",
    "unexplained_minutes",
)

EVENTS = ("late_count", "late_minutes", "removed_count")


def pupil_days(missed: Frame, plan: Scheduled) -> Frame:
    """Pupil-days on which something was registered, in minutes and counts.

    Returns
    -------
    narwhals.LazyFrame
        ``pupil_day, pupil_no, unit_day, day, scheduled_minutes``, `MINUTES`, `EVENTS`, ``slots_missed, first_slot_missed,
        last_slot_missed, code``. Excused time (exemption, not required) has left ``scheduled_minutes``.
    """
    meant = missed.join(_meanings(missed), on="code", how="left").with_columns(*_meant())
    sums = meant.group_by("pupil_day").agg(*_lumps_together()).with_columns(*_pupil_and_day())
    days = plan.days.select("unit_day", "scheduled", "first_slot", "last_slot")
    # All of these days are known: a left join leaves the many rows where they are.
    return _limited(sums.with_columns(_unit_day()).join(days, on="unit_day", how="left"))


@fixed
def _meant() -> tuple[nw.Expr, ...]:
    counted = nw.col("_counted") == 1
    lesson = (nw.col("slot") > 0) & (nw.col("slot") < EVENT_SLOTS)
    return (
        nw.col(*MINUTES, "late_minutes") * nw.col("minutes"),
        (nw.col("_counted") * lesson.cast(nw.Int64)).alias("slots_missed"),
        nw.when(counted & lesson).then(nw.col("slot")).alias("_at"),
    )


@fixed
def _lumps_together() -> tuple[nw.Expr, ...]:
    return (
        nw.col(*MINUTES, *EVENTS, "slots_missed").sum(),
        nw.col("code").min(),
        nw.col("unit_no").max(),
        nw.col("_at").min().alias("_first"),
        nw.col("_at").max().alias("_last"),
    )


@fixed
def _pupil_and_day() -> dict[str, nw.Expr]:
    return {"pupil_no": number_in(nw.col("pupil_day")), "day": day_in(nw.col("pupil_day"))}


@fixed
def _unit_day() -> nw.Expr:
    return with_day(nw.col("unit_no"), nw.col("day")).alias("unit_day")


def _limited(days: Frame) -> Frame:
    """Bring the minutes of each day within what was scheduled."""
    limited = days.with_columns(_excused()).with_columns(_required()).with_columns(*_limits()).with_columns(*_within())
    return limited.drop(
        "scheduled", "first_slot", "last_slot", "_first", "_last", "_part", "_of", "_present", "unit_no"
    )


@fixed
def _excused() -> nw.Expr:
    return nw.min_horizontal("excused_minutes", "scheduled").alias("excused_minutes")


@fixed
def _required() -> nw.Expr:
    return (nw.col("scheduled") - nw.col("excused_minutes")).alias("scheduled_minutes")


@fixed
def _limits() -> dict[str, nw.Expr]:
    limit, absent = nw.col("scheduled_minutes"), nw.col("absent_minutes")
    # Who missed the whole day was not late for it.
    present = (absent < limit) | (absent == 0) | (limit == 0)
    return {
        # Whole numbers from beginning to end: shares of minutes would round differently from engine to engine.
        "_part": 2 * nw.min_horizontal(absent, limit),
        "_of": nw.max_horizontal(absent, nw.lit(1)),
        "_present": present.cast(nw.Int64),
        "first_slot_missed": (nw.col("_first") == nw.col("first_slot")).fill_null(value=False).cast(nw.Int64),
        "last_slot_missed": (nw.col("_last") == nw.col("last_slot")).fill_null(value=False).cast(nw.Int64),
    }


@fixed
def _within() -> tuple[nw.Expr, ...]:
    kinds = [name for name in MINUTES if name != "excused_minutes"]
    return (
        (nw.col(*kinds) * nw.col("_part") + nw.col("_of")) // (2 * nw.col("_of")),
        nw.col(*EVENTS) * nw.col("_present"),
    )


def _meanings(frame: Frame) -> Frame:
    """What each code counts as: 0 or 1 under each of `MINUTES` and `EVENTS`, and ``_counted``."""
    columns = _counting()
    return like(frame, columns, dict.fromkeys(columns, nw.Int64))


@cache
def _counting() -> dict[str, list[int]]:
    rows = []
    for code in range(3 * (max(info.precedence for info in KINDS.values()) + 1)):
        kind, authorised = kind_of(code)
        event = KINDS[kind].event_only
        counts = KINDS[kind].counts and not event
        rows.append(
            {
                "code": code,
                "excused_minutes": not KINDS[kind].counts,
                "absent_minutes": counts,
                "sick_minutes": kind is Kind.SICK,
                "medical_minutes": kind is Kind.MEDICAL_APPOINTMENT,
                "luxury_minutes": kind is Kind.LUXURY_LEAVE and authorised is not Authorised.YES,
                "authorised_minutes": counts and authorised is Authorised.YES,
                "unauthorised_minutes": counts and authorised is Authorised.NO,
                "unexplained_minutes": counts and authorised is Authorised.UNKNOWN,
                "late_count": kind is Kind.LATE,
                "late_minutes": kind is Kind.LATE,
                "removed_count": kind is Kind.REMOVED_FROM_CLASS,
                "_counted": counts,
            }
        )
    return {name: [int(row[name]) for row in rows] for name in rows[0]}


def lessons_missed(days: Frame, missed: Frame, subjects: Frame | None) -> Frame:
    """Missed lessons by subject, on days that were not missed altogether; none where no subject was delivered.

    Parameters
    ----------
    days
        Pupil-days, as in `features.history.History` with ``pupil_day``.
    missed
        See `features.absent.cells`.
    subjects
        See `features.scheduled.Scheduled`.

    Returns
    -------
    narwhals.LazyFrame
        ``school, pupil, pupil_no, day, week, weeks_ago, subject, lessons``.
    """
    keys = ["school", "pupil", "pupil_no", "day", "week", "weeks_ago"]
    if subjects is None:
        return days.head(0).select(*keys, *_no_lessons())
    there = days.filter(_in_part())
    found = (
        missed.filter(_missed_lesson())
        .join(there.select("pupil_day"), on="pupil_day", how="semi")
        .with_columns(_unit_slot())
        .join(subjects, on="unit_slot", how="inner")
        .group_by(["pupil_day", "subject"])
        .agg(_lessons())
        .with_columns(_lessons_whole())
        .join(there.select("pupil_day", *keys), on="pupil_day", how="inner")
    )
    return settle(found.select(*keys, "subject", "lessons"))


@fixed
def _in_part() -> nw.Expr:
    return nw.col("part") == 1


@fixed
def _no_lessons() -> dict[str, nw.Expr]:
    return {"subject": nw.col("unit"), "lessons": nw.col("number")}


@fixed
def _missed_lesson() -> nw.Expr:
    counts = [3 * info.precedence for info in KINDS.values() if not info.counts]
    return (nw.col("slot") > 0) & (nw.col("slot") < EVENT_SLOTS) & (nw.col("code") > max(counts) + 2)


@fixed
def _unit_slot() -> nw.Expr:
    return with_slot(with_day(nw.col("unit_no"), day_in(nw.col("pupil_day"))), nw.col("slot")).alias("unit_slot")


@fixed
def _lessons() -> nw.Expr:
    return nw.col("slot").n_unique().alias("lessons")


@fixed
def _lessons_whole() -> nw.Expr:
    return nw.col("lessons").cast(nw.Int64)
