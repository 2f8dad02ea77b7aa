"""How good a school's week is: what is missing, unmapped, late or suddenly silent, as known at a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

import polars as pl

from data_contracts.errors import NotFoundError, SettingsError
from data_contracts.grading import grade_week, thresholds, worst
from data_contracts.quality import Grade, WeekQuality
from data_contracts.school import SchoolSettings
from data_contracts.tables import ABSENCES, ENROLMENTS, TIMETABLE, RecordedBasis, Register, SlotStatus
from features.calendar import local_date, monday, school_days
from features.known import SUPERSEDED
from pipelines.lake import Lake, as_known, ever_within, succeeded
from pipelines.norm import of_group
from pipelines.stored import Stored

WEEK = timedelta(days=7)
FRIDAY = timedelta(days=4)

_TABLES = (ABSENCES.name, TIMETABLE.name, ENROLMENTS.name)

_SAME = [
    "pupil",
    "start_date",
    "end_date",
    "start_slot",
    "end_slot",
    "start_minute",
    "end_minute",
    "kind",
    "registration",
]
"""Registrations that agree in all of these are one registration entered twice."""


@dataclass(frozen=True)
class Evidence:
    """What was known of one school at a moment, cut to the weeks that matter.

    Parameters
    ----------
    absences, timetable, enrolments
        Known facts, with ``week`` (a Monday) in the first two.
    days
        School days up to the moment.
    sure_of_days
        Whether `days` can be trusted: from a timetable or the Dutch calendar, not guessed from weekdays.
    """

    absences: pl.DataFrame
    timetable: pl.DataFrame
    enrolments: pl.DataFrame
    days: frozenset[date]
    sure_of_days: bool


def week_quality(
    lake: Lake,
    school: str,
    *,
    weeks: Sequence[date],
    as_of: datetime,
    stored: Stored | None = None,
) -> list[WeekQuality]:
    """Grade some weeks of one school.

    Parameters
    ----------
    lake
        Where the deliveries are.
    school
        The school.
    weeks
        Mondays of the weeks to grade.
    as_of
        The moment (UTC): later versions and later days are left out.
    stored
        What was delivered by `as_of` where that is in memory, with what is about to be stored; else the lake is read.

    Returns
    -------
    list[WeekQuality]
        One for each of `weeks`, in that order. A week without school days is good: nothing was expected.
    """
    if not weeks:
        return []
    evidence = _gather(lake, school, weeks=weeks, as_of=as_of, stored=stored)
    measured = {row["week"]: row for row in _per_week(evidence.absences).to_dicts()}
    recorded = {row["week"]: row for row in _registers(evidence.timetable, until=local_date(as_of)).to_dicts()}
    return [_grade(week, evidence, measured, recorded.get(week, {}), today=local_date(as_of)) for week in weeks]


def _gather(lake: Lake, school: str, *, weeks: Sequence[date], as_of: datetime, stored: Stored | None) -> Evidence:
    first = min(weeks) - thresholds().silent.look_back_weeks * WEEK
    last = max(weeks) + WEEK - timedelta(days=1)
    absences, timetable, enrolments = (
        _read(lake, school, as_of=as_of, first=first, last=last)
        if stored is None
        else [stored.tables[name] for name in _TABLES]
    )
    # the first moment of recording says whether a fact was late; corrections come later by nature
    earlier = absences.lazy().filter(pl.col(SUPERSEDED).is_not_null())
    began = earlier.group_by("record").agg(_began=pl.col("recorded_at").min())
    found_absences, found_planned, found_enrolments = pl.collect_all(
        [
            as_known(absences.lazy(), as_of)
            .filter(pl.col("start_date").is_between(first, last))
            .join(began, on="record", how="left")
            .with_columns(
                week=pl.col("start_date").dt.truncate("1w"), first_recorded=pl.min_horizontal("_began", "recorded_at")
            ),
            as_known(timetable.lazy(), as_of)
            .filter(pl.col("date").is_between(first, last) & (pl.col("status") == SlotStatus.PLANNED.value))
            .select("group", "pupil", "date", "minutes", "register", week=pl.col("date").dt.truncate("1w")),
            as_known(enrolments.lazy(), as_of).select("pupil", "group", "valid_from", "valid_to"),
        ]
    )
    days, sure = _school_days(found_planned, _settings(lake, school), first=first, last=last)
    until = frozenset(day for day in days if day <= local_date(as_of))
    return Evidence(found_absences, found_planned, found_enrolments, until, sure)


def _read(lake: Lake, school: str, *, as_of: datetime, first: date, last: date) -> list[pl.DataFrame]:
    """Versions of the three tables, as far as they matter to days from `first` to `last`, as `Stored` has them."""
    absences, timetable, enrolments = (lake.scan(name, schools=[school], delivered_by=as_of) for name in _TABLES)
    scans = [
        ever_within(absences, "start_date", first, last),
        timetable.filter(pl.col("date").is_between(first, last)),
        enrolments,
    ]
    return [succeeded(frame) for frame in pl.collect_all(scans)]


def _settings(lake: Lake, school: str) -> SchoolSettings | None:
    try:
        return lake.settings(school)
    except NotFoundError:
        return None


def _school_days(
    planned: pl.DataFrame, settings: SchoolSettings | None, *, first: date, last: date
) -> tuple[set[date], bool]:
    """Days on the timetable, and in weeks in which no group has one those of the calendar."""
    on_timetable = set(planned["date"].to_list())
    weeks = {monday(day) for day in planned.filter(of_group())["date"].unique()}
    region = settings.region if settings else None
    closures = settings.closures if settings else ()
    try:
        calendar = school_days(region, first, last, closures)
    except SettingsError:  # no holidays known for these years
        return on_timetable, bool(on_timetable)
    return on_timetable | {day for day in calendar if monday(day) not in weeks}, bool(
        on_timetable
    ) or region is not None


def _per_week(absences: pl.DataFrame) -> pl.DataFrame:
    """Count registrations, unmapped codes, late recording, moments that are not the source's and duplicates by week."""
    days_late = (pl.col("first_recorded").dt.convert_time_zone("Europe/Amsterdam").dt.date() - pl.col("start_date")).dt
    from_source = pl.col("recorded_basis") == RecordedBasis.SOURCE.value
    return absences.group_by("week").agg(
        registrations=pl.len(),
        unmapped=(~pl.col("mapped")).mean(),
        late=(days_late.total_days() > thresholds().late.days).filter(from_source).mean(),
        assumed=(pl.col("recorded_basis") == RecordedBasis.ASSUMED.value).mean(),
        by_delivery=(pl.col("recorded_basis") == RecordedBasis.DELIVERY.value).mean(),
        duplicates=pl.len() - pl.struct(_SAME).n_unique(),
    )


def _registers(planned: pl.DataFrame, *, until: date) -> pl.DataFrame:
    """Share of scheduled minutes, of days that are over, whose register was not taken."""
    past = planned.filter(pl.col("date") < until)
    untaken = pl.col("minutes").filter(pl.col("register") == Register.NOT_TAKEN.value).sum()
    return past.group_by("week").agg(unrecorded=untaken / pl.col("minutes").sum())


def _timetabled(evidence: Evidence, week: date) -> tuple[float | None, float | None, int]:
    """Share of the week's pupils with a timetable of their own or their group's; of lessons of groups without pupils.

    And how many pupils there are.
    """
    ended = pl.col("valid_to").is_not_null() & (pl.col("valid_to") < week)
    here = evidence.enrolments.filter((pl.col("valid_from") < week + WEEK) & ~ended)
    pupils = here["pupil"].n_unique()
    if not pupils:
        return None, None, 0
    planned = evidence.timetable.filter(pl.col("week") == week)
    groups, own = planned["group"].drop_nulls().unique(), planned["pupil"].drop_nulls().unique()
    with_one = here.filter(pl.col("group").is_in(groups.implode()) | pl.col("pupil").is_in(own.implode()))
    of_groups = planned.filter(of_group())
    empty = of_groups.filter(~pl.col("group").is_in(here["group"].implode()))
    unattended = sum(empty["minutes"]) / sum(of_groups["minutes"]) if of_groups.height else None
    return with_one["pupil"].n_unique() / pupils, unattended, pupils


def _grade(
    week: date,
    evidence: Evidence,
    measured: Mapping[date, Mapping[str, object]],
    recorded: Mapping[str, object],
    *,
    today: date,
) -> WeekQuality:
    found = measured.get(week, {})
    count, duplicates = _number(found.get("registrations")), _number(found.get("duplicates"))
    in_session = any(monday(day) == week for day in evidence.days)
    timetabled, unattended, pupils = _timetabled(evidence, week) if in_session else (None, None, 0)
    shares: dict[str, float | None] = {
        "unmapped_share": _share(found.get("unmapped")),
        "unrecorded_share": _share(recorded.get("unrecorded")),
        "timetable_share": timetabled,
        "unattended_share": unattended,
        "late_recorded_share": _share(found.get("late")),
        "assumed_moment_share": _share(found.get("assumed")),
        "delivery_moment_share": _share(found.get("by_delivery")),
        "duplicate_share": duplicates / count if count else None,
    }
    grade, reasons = grade_week(shares)
    over = in_session and week + FRIDAY < today
    usual = _usual(week, evidence, measured) if over and evidence.sure_of_days else None
    silent = usual is not None and count < usual * thresholds().silent.share
    if silent:
        grade = Grade.POOR
        reasons = (thresholds().silent.sentence.format(count=count or "geen", median=f"{usual:g}"), *reasons)
    elif over and not count and evidence.sure_of_days and pupils >= thresholds().empty.least_pupils:
        grade, reasons = worst(grade, Grade.FAIR), (thresholds().empty.sentence, *reasons)
    return WeekQuality(
        week=week,
        grade=grade,
        registrations=count,
        duplicates=duplicates,
        suddenly_silent=silent,
        reasons=reasons,
        **{name: share for name, share in shares.items() if name != "duplicate_share"},
    )


def _usual(week: date, evidence: Evidence, measured: Mapping[date, Mapping[str, object]]) -> float | None:
    """Median number of registrations of the school weeks before; None where that is too few to judge by."""
    rule = thresholds().silent
    before = sorted({monday(day) for day in evidence.days if day < week})[-rule.weeks :]
    if len(before) < rule.weeks:
        return None
    usual = median(_number(measured.get(day, {}).get("registrations")) for day in before)
    return usual if usual >= rule.least_median else None


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _share(value: object) -> float | None:
    return value if isinstance(value, float) else None
