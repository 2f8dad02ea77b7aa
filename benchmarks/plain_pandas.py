"""The whole catalogue once more, as a data team would write it: plain pandas, groupby, rolling and merge.

Written from the meanings in ``features/catalogue.toml``, not from the code of ``features``: it is both the peer of the
benchmarks and the oracle of the feature tests. It does less in four ways. Everything counts as known in time: it knows
no moments, no corrections. Absence comes as one observation a lesson: it knows no reports, spans, minutes or
exemptions. Pupils have the timetable of their class, never one of their own, and no enrolment within another one. And a
day on which nearly everybody was away, or no register was taken at all, is a school day like any other.
"""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from benchmarks.plain_features import FLOOR, features
from benchmarks.plain_weeks import (
    absent_days,
    dated,
    enrolled,
    events,
    holiday_edges,
    missed_lessons,
    scheduled_days,
    school_days,
    spells,
    weekly,
    year_of,
)

MINUTES = ["scheduled_minutes", "absent_minutes", "sick_minutes", "unauthorised_minutes"]
SUMMED = {
    1: ["scheduled_minutes", "absent_minutes"],
    2: [*MINUTES, "late_count"],
    4: [
        *MINUTES,
        *("authorised_minutes", "unexplained_minutes", "late_count", "days_away", "days_part"),
        *("first_slot_missed", "weeks"),
    ],
    8: ["scheduled_minutes", "absent_minutes"],
    12: [
        *MINUTES,
        *("medical_minutes", "authorised_minutes", "unexplained_minutes", "late_count", "removed_count"),
        *("days_absent", "days_away", "days_part", "first_slot_missed", "last_slot_missed", "week_with_absence"),
        *("sick_starts", "absence_starts", "week_edges", *(f"weekday_{n}" for n in range(5))),
    ],
}
SUMMED_YEAR = [
    *MINUTES,
    *("authorised_minutes", "late_count", "days_away", "sick_starts", "sick_days", "holiday_edges"),
]
EARLIER = {2: ["scheduled_minutes", "absent_minutes"], 4: [*MINUTES, "late_count", "days_part", "weeks"]}
CARRIED = ["sick_gap_last", "sick_gap_shortening", "absent_number"]


def panel(
    enrolments: pd.DataFrame, timetable: pd.DataFrame, absences: pd.DataFrame, mondays: Sequence[date]
) -> pd.DataFrame:
    """All features of all pupils enrolled on each of `mondays`.

    Parameters
    ----------
    enrolments, timetable, absences
        The latest version of every record, of the tables of `data_contracts.tables`.
    mondays
        The days that windows end before.

    Returns
    -------
    pandas.DataFrame
        ``origin``, ``school``, ``pupil`` and a column for each feature; NaN where it is not known.
    """
    enrolments, timetable, absences = dated(enrolments), dated(timetable), dated(absences)
    lessons = timetable[timetable["status"] == "planned"]
    taken = lessons[lessons["register"] != "not_taken"]
    calendar = school_days(lessons)
    own_days = scheduled_days(enrolments, taken)
    missed = missed_lessons(enrolments, taken, absences)
    days = absent_days(calendar, own_days, missed)
    weeks = every_week(enrolments, calendar)
    for more in (
        weekly(own_days, days),
        events(enrolments, taken, absences, days),
        spells(days),
        holiday_edges(calendar, days),
    ):
        weeks = weeks.merge(more, on=["pupil", "week"], how="left")
    weeks = weeks.sort_values(["pupil", "week"], ignore_index=True)
    rows = windowed(weeks).merge(single_lessons(weeks, missed, days), on=["pupil", "week"])
    at = at_mondays(enrolments, calendar, mondays).merge(rows, on=["pupil", "week"], how="left")
    at = at.merge(last_years(weeks), on=["pupil", "year"], how="left")
    at = at.merge(registers(lessons), on=["school", "week"], how="left")
    return features(at.sort_values(["origin", "school", "pupil"], ignore_index=True))


def every_week(enrolments: pd.DataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    """Every pupil in every week of the school, with the number of the newest school day."""
    weeks = calendar.groupby(["school", "year", "week"], as_index=False)["number"].max()
    return enrolments[["school", "pupil"]].drop_duplicates().merge(weeks, on="school")


def windowed(weeks: pd.DataFrame) -> pd.DataFrame:
    """Sums over the windows that end with each week, within the school year."""
    counts = weeks.columns.difference(["school", "pupil", "week", "year", "number", *CARRIED])
    weeks = weeks.copy()
    weeks[counts] = weeks[counts].fillna(0)
    weeks["weeks"] = (weeks["scheduled_minutes"] > 0).astype(int)
    share = weeks["absent_minutes"] / weeks["scheduled_minutes"]
    weeks["week_rate"] = share.where(weeks["scheduled_minutes"] >= FLOOR)
    by_year = weeks.groupby(["pupil", "year"], sort=False)
    found = weeks[["pupil", "week", "number"]].copy()
    for length, columns in SUMMED.items():
        sums = by_year[columns].rolling(length, min_periods=1).sum()
        found[[f"{column}_{length}w" for column in columns]] = sums.to_numpy()
    found[[f"{column}_year" for column in SUMMED_YEAR]] = by_year[SUMMED_YEAR].cumsum()
    most = by_year[["away_run", "week_rate"]].rolling(12, min_periods=1).max()
    found[["away_run_12w", "week_rate_12w"]] = most.to_numpy()
    found["away_run_year"] = by_year["away_run"].cummax()
    found[CARRIED] = by_year[CARRIED].ffill()
    again = found.assign(year=weeks["year"]).groupby(["pupil", "year"], sort=False)
    for length, columns in EARLIER.items():
        names = [f"{column}_{length}w" for column in columns]
        found[[f"{name}_before" for name in names]] = again[names].shift(length)
    names = ["scheduled_minutes_2w", "absent_minutes_2w"]
    found[[f"{name}_earlier" for name in names]] = again[names].shift(4)
    return found


def single_lessons(weeks: pd.DataFrame, missed: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Lessons missed on days that were not missed wholly, over 12 weeks: how many, of how many subjects, most of one."""
    part = missed.merge(days.loc[~days["away"], ["pupil", "date"]], on=["pupil", "date"])
    part = part[part["subject"].notna()]
    by_subject = part.pivot_table(index=["pupil", "week"], columns="subject", values="slot", aggfunc="count")
    subjects = list(by_subject.columns)
    wide = weeks[["pupil", "week", "year"]].merge(by_subject.reset_index(), on=["pupil", "week"], how="left")
    wide[subjects] = wide[subjects].fillna(0)
    sums = wide.groupby(["pupil", "year"], sort=False)[subjects].rolling(12, min_periods=1).sum().to_numpy()
    found = wide[["pupil", "week"]].copy()
    found["singles"], found["breadth"], found["most"] = sums.sum(axis=1), (sums > 0).sum(axis=1), sums.max(axis=1)
    return found


def last_years(weeks: pd.DataFrame) -> pd.DataFrame:
    """Sums over the whole year before, by the year after it."""
    columns = ["scheduled_minutes", "absent_minutes", "unauthorised_minutes", "late_count", "sick_starts"]
    sums = weeks.groupby(["pupil", "year"], as_index=False)[columns].sum()
    sums["year"] += 1
    return sums.rename(columns={column: f"{column}_last_year" for column in columns})


def registers(lessons: pd.DataFrame) -> pd.DataFrame:
    """Share of the school's planned time of the last 4 weeks of which no register was taken, by week."""
    rows = lessons[["school", "year", "week", "minutes"]].copy()
    rows["untaken"] = rows["minutes"].where(lessons["register"] == "not_taken", 0)
    rows = rows.groupby(["school", "year", "week"])[["minutes", "untaken"]].sum()
    sums = rows.groupby(["school", "year"], group_keys=False).rolling(4, min_periods=1).sum()
    share = (sums["untaken"] / sums["minutes"]).to_numpy()
    return rows.reset_index()[["school", "week"]].assign(school_unregistered_share_4w=share)


def at_mondays(enrolments: pd.DataFrame, calendar: pd.DataFrame, mondays: Sequence[date]) -> pd.DataFrame:
    """Who is enrolled on each Monday, in which class, and the newest week of this school year before it."""
    at = pd.DataFrame({"origin": pd.to_datetime(pd.Series(mondays)).astype("datetime64[s]")})
    at["year"] = year_of(at["origin"])
    weeks = at.merge(calendar[["school", "year", "week"]].drop_duplicates(), on="year")
    newest = weeks[weeks["week"] < weeks["origin"]].groupby(["school", "origin"], as_index=False)["week"].max()
    stays = enrolments[["school", "pupil", "group", "year_group", "valid_from", "valid_to"]]
    return enrolled(stays.merge(at, how="cross"), "origin").merge(newest, on=["school", "origin"], how="left")
