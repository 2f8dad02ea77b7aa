"""Count an Ed-Fi file of attendance events again, in plain Python, and compare with the lists made from it.

``AANWEZIG_HOME=... python benchmarks/edfi_by_hand.py attendance_events.csv 2022-05-30``, after docs/real-data.md's steps.
"""

import csv
import sys
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import narwhals as nw
import polars as pl

from data_contracts.identifiers import Sector
from data_contracts.school import SchoolSettings
from data_contracts.weekly_list import WeeklyList
from features.history import day_of, history
from features.spells import spells as unbroken
from models.splits import as_of
from pipelines.home import Home
from pipelines.keys import Keys
from pipelines.lake import Lake
from pipelines.tables import load
from pipelines.weekly import weekly

HOURS = {Sector.PO: 310 / 60, Sector.VO: 5.0}  # a day by the norm: two half-days of 155 minutes, six lessons of 50
Events = dict[str, list[tuple[date, str]]]


def school_days(settings: SchoolSettings, first: date, end: date) -> list[date]:
    """Weekdays from `first` up to `end`, without the school's closures."""
    days = [first + timedelta(days=n) for n in range((end - first).days)]
    return [d for d in days if d.weekday() < 5 and not any(c.first <= d <= c.last for c in settings.closures)]  # noqa: PLR2004 - Saturday


def monday(day: date) -> date:
    """Monday of the week of `day`."""
    return day - timedelta(days=day.weekday())


def away(events: list[tuple[date, str]], days: list[date], *categories: str) -> list[date]:
    """School days with an event of one of `categories`; without any, every event but a tardy one."""
    wanted = {day for day, what in events if (what in categories if categories else what != "Tardy")}
    return [day for day in days if day in wanted]


def spells(absent: list[date], days: list[date]) -> list[tuple[date, int]]:
    """First day and length of each unbroken series of school days."""
    found: list[tuple[date, int]] = []
    for day in days:
        if day in absent:
            at = days.index(day)
            unbroken = found and at and days[at - 1] in absent
            found = [*found[:-1], (found[-1][0], found[-1][1] + 1)] if unbroken else [*found, (day, 1)]
    return found


def sixteen_hours(truant: list[date], weeks: list[date], hours: float) -> tuple[date, float] | None:
    """Day and hours of the last time that 16 hours were reached within four school weeks, if in the last four."""
    period: list[date] = []
    reached = None
    for day in truant:
        at = weeks.index(monday(day))
        period = [earlier for earlier in period if at - weeks.index(monday(earlier)) < 4] + [day]  # noqa: PLR2004
        if len(period) * hours >= 16:  # noqa: PLR2004 - the statute
            reached, period = (day, round(len(period) * hours, 6)), []
    return reached if reached and monday(reached[0]) in weeks[-4:] else None


def compare(home: Home, made: WeeklyList, events: Events, *, week: date) -> list[str]:
    """Compare one school's list and history with what is counted here: one line a figure."""
    school, settings = made.school, Lake(home).settings(made.school)
    days = school_days(settings, min(day for theirs in events.values() for day, _ in theirs), week)
    weeks = sorted({monday(day) for day in days})
    recent = [day for day in days if day >= weeks[-12]]
    numbers = sorted(events)
    pupil = dict(zip(numbers, Keys.of(home).pseudonyms(pl.Series(numbers), school), strict=True))
    past = history(load(home, schools=[school], until=week), as_of(week))
    counted = past.days.collect().to_native()
    series = unbroken(past.days.filter(nw.col("away") == 1)).collect().to_native()
    same = defaultdict(int)
    for number in numbers:
        mine, theirs = counted.filter(pupil=pupil[number]), series.filter(pupil=pupil[number]).sort("first_day")
        absent = away(events[number], days)
        same["days absent"] += mine.filter(pl.col("absent_minutes") > 0)["day"].sort().to_list() == [
            (day - date(1970, 1, 1)).days for day in absent
        ]
        late = sum(what == "Tardy" and day in days for day, what in events[number])
        same["times late"] += int(mine["late_count"].sum()) == late
        whole = away(events[number], days, "Excused Absence", "Unexcused Absence")
        told = [(day_of(first), length) for first, length in theirs.select("first_day", "school_days").iter_rows()]
        same["spells"] += told == spells(whole, days)
    hits = {(s.pupil, h.rule): (h.reached_on, h.value) for s in made.signals for h in s.rule_hits}
    statute = {
        (pupil[number], "lpw_16h"): hit
        for number in numbers
        if (hit := sixteen_hours(away(events[number], days, "Unexcused Absence"), weeks, HOURS[settings.sector]))
    }
    share = {number: len(away(events[number], recent)) / len(recent) for number in numbers}
    often = {pupil[number] for number in numbers if share[number] > 0.10}  # noqa: PLR2004 - the rule's
    lines = [f"{what}: equal for {count} of {len(numbers)} pupils" for what, count in same.items()]
    told_16 = {key: hit for key, hit in hits.items() if key[1] == "lpw_16h"}
    lines.append(
        f"16 hours in 4 weeks: {len(told_16)} on the list, {len(statute)} by hand, equal: {told_16 == statute}"
    )
    told_10 = {who for who, rule in hits if rule == "tier_3"}
    lines.append(f"more than 10 % absent: {len(told_10)} on the list, {len(often)} by hand, equal: {told_10 == often}")
    return lines


def main(path: Path, week: date) -> None:
    """Compare every school in the file."""
    events: dict[str, Events] = defaultdict(lambda: defaultdict(list))
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            day = date.fromisoformat(row["event_date"])
            events[row["school_id"]][row["student_id"]].append((day, row["category"]))
    home = Home.from_environment()
    for listed in weekly(home, week=week):
        made = listed.weekly_list
        print(f"{made.school} {made.school_name}, {len(made.signals)} signals")
        for line in compare(home, made, events[made.school], week=week):
            print(f"  {line}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]))
