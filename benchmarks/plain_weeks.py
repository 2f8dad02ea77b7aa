"""Plain pandas: from the three tables to what each pupil missed in each school week. See ``plain_pandas.py``."""

import pandas as pd

from data_contracts.reasons import KINDS

WHOLE_DAY = 0.8  # share of the scheduled time missed
HOLIDAY = 7  # days from one school day to the next
SPELLS = 3  # of sickness, before a mean says anything of the last

COUNTED = [kind.value for kind, info in KINDS.items() if not info.event_only]
PRECEDENCE = {kind.value: info.precedence for kind, info in KINDS.items()}
STAY = ["school", "pupil", "group", "valid_from", "valid_to"]


def dated(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn dates into timestamps, with their week (its Monday) and school year."""
    frame = frame.copy()
    for column in ("date", "start_date", "valid_from", "valid_to"):
        if column in frame:
            frame[column] = pd.to_datetime(frame[column]).astype("datetime64[s]")
    for column in ("date", "start_date"):
        if column in frame:
            frame["week"] = frame[column] - pd.to_timedelta(frame[column].dt.day_of_week, unit="D")
            frame["year"] = year_of(frame["week"])
    return frame


def year_of(week: pd.Series) -> pd.Series:
    """School year (from 1 August) of the Friday of a week."""
    friday = week + pd.Timedelta(days=4)
    return friday.dt.year - (friday.dt.month < 8)  # noqa: PLR2004 - August


def enrolled(rows: pd.DataFrame, day: str) -> pd.DataFrame:
    """Keep rows whose `day` lies within the enrolment."""
    ends = rows["valid_to"].fillna(pd.Timestamp("2262-01-01"))
    return rows[(rows[day] >= rows["valid_from"]) & (rows[day] <= ends)].drop(columns=["valid_from", "valid_to"])


def school_days(lessons: pd.DataFrame) -> pd.DataFrame:
    """Days on which the school had a lesson for anyone, numbered; the first and last of their week marked."""
    days = (
        lessons[["school", "date", "week", "year"]].drop_duplicates().sort_values(["school", "date"], ignore_index=True)
    )
    days["number"] = days.groupby("school").cumcount()
    in_week = days.groupby(["school", "week"])["date"]
    days["week_edge"] = (days["date"] == in_week.transform("min")) | (days["date"] == in_week.transform("max"))
    return days


def scheduled_days(enrolments: pd.DataFrame, taken: pd.DataFrame) -> pd.DataFrame:
    """Every school day of every pupil: its minutes, first and last lesson, and its number in the pupil's series."""
    of_class = taken.groupby(["school", "group", "year", "week", "date"], as_index=False).agg(
        minutes=("minutes", "sum"), first=("slot", "min"), last=("slot", "max")
    )
    days = enrolled(enrolments[STAY].merge(of_class, on=["school", "group"]), "date")
    days = days.sort_values(["pupil", "date"], ignore_index=True)
    days["nth"] = days.groupby("pupil").cumcount()
    return days


def missed_lessons(enrolments: pd.DataFrame, taken: pd.DataFrame, absences: pd.DataFrame) -> pd.DataFrame:
    """Lessons missed, once each, under the reason that stands."""
    rows = absences[absences["kind"].isin(COUNTED)].rename(columns={"start_date": "date", "start_slot": "slot"})
    rows = rows.assign(precedence=rows["kind"].map(PRECEDENCE))[
        ["pupil", "date", "slot", "kind", "authorised", "precedence"]
    ]
    rows = rows.sort_values("precedence", kind="stable").drop_duplicates(["pupil", "date", "slot"])
    rows = enrolled(rows.merge(enrolments[STAY], on="pupil"), "date")
    lesson = ["school", "group", "date", "slot"]
    return rows.merge(taken[[*lesson, "week", "year", "minutes", "subject"]], on=lesson)


def absent_days(calendar: pd.DataFrame, own_days: pd.DataFrame, missed: pd.DataFrame) -> pd.DataFrame:
    """Days on which a pupil missed anything: minutes by kind, and whether it was the whole day."""
    minutes = missed["minutes"]
    rows = missed[["pupil", "date"]].assign(
        absent_minutes=minutes,
        sick_minutes=minutes * (missed["kind"] == "sick"),
        medical_minutes=minutes * (missed["kind"] == "medical_appointment"),
        unexplained_minutes=minutes * (missed["kind"] == "unexplained"),
        authorised_minutes=minutes * (missed["authorised"] == "yes"),
        unauthorised_minutes=minutes * (missed["authorised"] == "no"),
    )
    edges = missed.groupby(["pupil", "date"])["slot"].agg(first_missed="min", last_missed="max")
    summed = rows.groupby(["pupil", "date"]).sum().join(edges).reset_index()
    days = summed.merge(own_days, on=["pupil", "date"])
    days = days.merge(calendar[["school", "date", "number", "week_edge"]], on=["school", "date"])
    days["away"] = days["absent_minutes"] >= WHOLE_DAY * days["minutes"]
    return days


def weekly(own_days: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """What adds up over the days of a pupil's week."""
    minutes = [column for column in map(str, days) if column.endswith("_minutes")]
    rows = days[["pupil", "week", *minutes]].assign(
        days_absent=1,
        days_away=days["away"].astype(int),
        days_part=(~days["away"]).astype(int),
        first_slot_missed=(days["first_missed"] == days["first"]).astype(int),
        last_slot_missed=(days["last_missed"] == days["last"]).astype(int),
        week_edges=days["week_edge"].astype(int),
        **{f"weekday_{n}": days["absent_minutes"] * (days["date"].dt.day_of_week == n) for n in range(5)},
    )
    sums = rows.groupby(["pupil", "week"]).sum()
    sums["week_with_absence"] = 1
    scheduled = own_days.groupby(["pupil", "week"])["minutes"].sum().rename("scheduled_minutes")
    return scheduled.to_frame().join(sums).reset_index()


def events(enrolments: pd.DataFrame, taken: pd.DataFrame, absences: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Times late and sent out, once a lesson, on days of which not every minute was missed: four fifths is no whole day."""
    rows = absences[absences["kind"].isin(["late", "removed_from_class"])].rename(
        columns={"start_date": "date", "start_slot": "slot"}
    )[["pupil", "date", "slot", "kind"]]
    rows = enrolled(rows.drop_duplicates().merge(enrolments[STAY], on="pupil"), "date")
    rows = rows.merge(taken[["school", "group", "date", "slot", "week"]], on=["school", "group", "date", "slot"])
    wholly = days.loc[days["absent_minutes"] == days["minutes"], ["pupil", "date"]].assign(wholly=True)
    rows = rows.merge(wholly, on=["pupil", "date"], how="left")
    rows = rows[rows["wholly"].isna()]
    rows["late_count"] = (rows["kind"] == "late").astype(int)
    rows["removed_count"] = 1 - rows["late_count"]
    return rows.groupby(["pupil", "week"], as_index=False)[["late_count", "removed_count"]].sum()


def _runs(days: pd.DataFrame) -> pd.DataFrame:
    """Mark the first day of each unbroken series of the pupil's school days within a year, and count on within it."""
    days = days.sort_values(["pupil", "date"], ignore_index=True)
    days["step"] = days["nth"] - days.groupby(["pupil", "year"])["nth"].shift()
    days["starts"] = (days["step"] != 1).astype(int)
    days["series"] = days["starts"].cumsum()
    days["run"] = days.groupby("series").cumcount() + 1
    return days


def spells(days: pd.DataFrame) -> pd.DataFrame:
    """Spells by week: those that began, how long the longest was by then, and the newest day with absence."""
    week = ["pupil", "week"]
    absent, away = _runs(days), _runs(days[days["away"]])
    sick = _runs(days[days["sick_minutes"] > 0]).assign(sick_days=1)
    found = sick.groupby(week)[["starts", "sick_days"]].sum().rename(columns={"starts": "sick_starts"})
    found = found.join(absent.groupby(week)["starts"].sum().rename("absence_starts"), how="outer")
    found = found.join(away.groupby(week)["run"].max().rename("away_run"), how="outer")
    found = found.join(_gaps(sick), how="outer")
    return found.join(days.groupby(week)["number"].max().rename("absent_number"), how="outer").reset_index()


def _gaps(sick: pd.DataFrame) -> pd.DataFrame:
    """School days between the last two sickness spells, and how much shorter that is than the mean, by week of the last."""
    begun = sick[sick["starts"] == 1].copy()
    begun["gap"] = begun["step"] - 1
    in_year = begun.groupby(["pupil", "year"])
    number = in_year.cumcount()
    begun["shortening"] = (in_year["gap"].cumsum() / number - begun["gap"]).where(number >= SPELLS - 1)
    gaps = begun.groupby(["pupil", "week"])[["gap", "shortening"]].last()
    return gaps.rename(columns={"gap": "sick_gap_last", "shortening": "sick_gap_shortening"})


def holiday_edges(calendar: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Days missed right before or after a holiday of the school, booked in the week after it."""
    before = calendar.groupby("school")[["date", "year"]].shift()
    after = calendar.assign(before=before["date"], same_year=before["year"] == calendar["year"])
    after = after[(after["date"] - after["before"]).dt.days >= HOLIDAY]
    first = after[["school", "date", "week"]]
    last = after.loc[after["same_year"], ["school", "before", "week"]].rename(columns={"before": "date"})
    edges = pd.concat([first, last])
    found = days[["school", "pupil", "date"]].merge(edges, on=["school", "date"])
    return found.groupby(["pupil", "week"]).size().rename("holiday_edges").reset_index()
