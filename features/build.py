"""Build the features of all pupils at a moment: one row a pupil, one column a feature, nothing known later.

Every feature is counted from the pupil-weeks, pupil-days and spells of one `features.history.History`, in the way that
its catalogue entry names under ``of``. Missing (null) means that it cannot be known: too short a history, no scheduled
time, nothing to compare with. It never means zero.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import narwhals as nw

from features.calendar import school_year_start
from features.catalogue import CATALOGUE, NAMES, Feature
from features.frames import Frame, settle
from features.history import History, history, number_of
from features.scheduled import week_of, weekday_of
from features.spells import in_spells, spells
from features.tables import Tables

PUPIL = ["school", "pupil"]
IDENTITY = ("school", "pupil", "group", "year_group")
WINDOWS = {"1w": (0, 1), "2w": (0, 2), "4w": (0, 4), "8w": (0, 8), "12w": (0, 12)}
BEFORE = {"2w": "before_2w", "4w": "before_4w"}
_WEEKS = WINDOWS | {"before_2w": (2, 4), "before_4w": (4, 8)}
FACTS = ("enrolled_from", "last_sick", "weeks_known")
"""Columns beside the features: day numbers of the first known day at the school and of the last sick report's first day;
school weeks known this year."""

FEWEST_MINUTES = 300
"""Scheduled minutes (about a school day) below which a rate says nothing and is missing."""
FEWEST_DAYS = 3
"""Days with absence below which a weekday pattern says nothing and is missing."""


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
    frame = past.pupils.join(_window_sums(past), on=PUPIL, how="left")
    frame = frame.join(_spell_counts(past), on=PUPIL, how="left").join(_day_patterns(past), on=PUPIL, how="left")
    frame = _with_peers(settle(frame))
    columns = {feature.name: _HOW[feature.of](feature).cast(nw.Float64) for feature in CATALOGUE}
    sums = sorted({f"{m}__{w}" for m, w in _wanted()})
    return frame.with_columns(**columns).select(*IDENTITY, *NAMES, *FACTS, *sums).sort("school", "pupil")


def _wanted() -> set[tuple[str, str]]:
    """Return the sums that any feature needs: (measure, window)."""
    wanted = {("scheduled_minutes", window) for window in (*_WEEKS, "year", "last_year")}
    wanted |= {("absent_minutes", "4w")}
    for feature in CATALOGUE:
        if feature.of in {"rate", "sum", "change"}:
            wanted.add((feature.measure, feature.window))
        if feature.of == "change":
            wanted.add((feature.measure, BEFORE[feature.window]))
    return wanted


def _window_sums(past: History) -> Frame:
    year = number_of(school_year_start(past.until))
    rate = nw.col("absent_minutes") / nw.max_horizontal(nw.col("scheduled_minutes"), nw.lit(1))
    weeks = past.weeks.with_columns(
        week_with_absence=(nw.col("absent_minutes") > 0).cast(nw.Int64),
        days_part=nw.col("days_absent") - nw.col("days_away"),
        # A week belongs to the school year of its Friday.
        _this_year=nw.col("week") + 4 >= year,
    )
    lately = nw.col("_this_year") & (nw.col("weeks_ago") < WINDOWS["12w"][1])
    weeks = weeks.with_columns(_rate=nw.when(lately & (nw.col("scheduled_minutes") >= FEWEST_MINUTES)).then(rate))
    inside = {w: (nw.col("weeks_ago") >= lo) & (nw.col("weeks_ago") < hi) for w, (lo, hi) in _WEEKS.items()}
    # A window of the weeks just past does not look over the summer: last year's June is no "last month" of September.
    inside = {w: within & nw.col("_this_year") for w, within in inside.items()}
    inside |= {"year": nw.col("_this_year"), "last_year": ~nw.col("_this_year")}
    wanted = sorted(_wanted())
    columns = {f"{m}__{w}": nw.when(inside[w]).then(nw.col(m)).otherwise(0) for m, w in wanted}
    return (
        weeks.with_columns(**columns, _known=(nw.col("_this_year") & (nw.col("scheduled_minutes") > 0)).cast(nw.Int64))
        .group_by(PUPIL)
        .agg(
            *(nw.col(name).sum() for name in columns),
            nw.col("_rate").max().alias("worst_week"),
            nw.col("_known").sum().alias("weeks_known"),
        )
    )


def _spell_counts(past: History) -> Frame:
    year = number_of(school_year_start(past.until))
    # Of this year alone, so that the summer is no gap between two spells.
    ill = past.days.filter((nw.col("sick_minutes") > 0) & (nw.col("day") >= year))
    sick = spells(ill, past.numbers).with_columns(week=week_of(nw.col("first_day")))
    sick = sick.join(past.school_weeks, on=["school", "week"], how="inner").with_columns(
        _recent=(nw.col("weeks_ago") < WINDOWS["12w"][1]).cast(nw.Int64),
        _last=nw.col("first_day").max().over(*PUPIL),
    )
    sick = sick.with_columns(_gap_last=nw.when(nw.col("first_day") == nw.col("_last")).then(nw.col("gap")))
    counted = sick.group_by(PUPIL).agg(
        nw.len().alias("sick_spells__year"),
        nw.col("_recent").sum().alias("sick_spells__12w"),
        nw.col("first_day").max().alias("last_sick"),
        nw.col("_gap_last").max().alias("gap_last"),
        nw.col("gap").mean().alias("gap_mean"),
    )
    away = past.days.filter((nw.col("away") == 1) & (nw.col("weeks_ago") < WINDOWS["12w"][1]) & (nw.col("day") >= year))
    longest = in_spells(away, past.numbers).group_by(PUPIL).agg(nw.col("position").max().alias("longest_away"))
    everyone = past.pupils.select(*PUPIL)
    return everyone.join(counted, on=PUPIL, how="left").join(longest, on=PUPIL, how="left")


def _day_patterns(past: History) -> Frame:
    year = number_of(school_year_start(past.until))
    numbers = past.school_days.select("school", "day", "number")
    newest = numbers.group_by(["school"]).agg(nw.col("number").max().alias("_newest"))
    days = past.days.filter((nw.col("absent_minutes") > 0) & (nw.col("day") >= year))
    since = (
        days.join(numbers, on=["school", "day"], how="inner")
        .group_by(PUPIL)
        .agg(nw.col("number").max())
        .join(newest, on="school", how="inner")
        .with_columns(since_absence=nw.col("_newest") - nw.col("number"))
    )
    recent = days.filter(nw.col("weeks_ago") < WINDOWS["12w"][1]).with_columns(_weekday=weekday_of(nw.col("day")))
    on_day = {
        f"_on_{n}": nw.when(nw.col("_weekday") == n).then(nw.col("absent_minutes")).otherwise(0) for n in range(5)
    }
    by_weekday = (
        recent.with_columns(**on_day)
        .group_by(PUPIL)
        .agg(
            *(nw.col(name).sum() for name in on_day),
            nw.col("absent_minutes").sum().alias("_absent"),
            nw.len().alias("_days"),
        )
        .filter(nw.col("_days") >= FEWEST_DAYS)
        .with_columns(
            **{f"weekday_{n}": nw.col(f"_on_{n}") / nw.col("_absent") for n in range(5)},
            weekday_top=nw.max_horizontal(*on_day) / nw.col("_absent"),
        )
    )
    everyone = past.pupils.select(*PUPIL)
    shares = [f"weekday_{n}" for n in range(5)]
    return everyone.join(since.select(*PUPIL, "since_absence"), on=PUPIL, how="left").join(
        by_weekday.select(*PUPIL, *shares, "weekday_top"), on=PUPIL, how="left"
    )


def _with_peers(frame: Frame) -> Frame:
    """Add what the others in the same group and year group missed in the last four weeks, as a share."""
    absent, scheduled = "absent_minutes__4w", "scheduled_minutes__4w"
    for peers in ("group", "year_group"):
        keys = ["school", peers]
        totals = frame.group_by(keys).agg(
            nw.col(absent).sum().alias("_absent"), nw.col(scheduled).sum().alias("_scheduled")
        )
        others = nw.col("_scheduled") - nw.col(scheduled)
        frame = (
            frame.join(totals, on=keys, how="left")
            .with_columns(
                **{
                    f"peers_{peers}": nw.when(others >= 10 * FEWEST_MINUTES).then(
                        (nw.col("_absent") - nw.col(absent)) / others
                    )
                }
            )
            .drop("_absent", "_scheduled")
        )
    return frame


def _share(measure: str, window: str) -> nw.Expr:
    scheduled = nw.col(f"scheduled_minutes__{window}")
    return nw.when(scheduled >= FEWEST_MINUTES).then(nw.col(f"{measure}__{window}") / scheduled)


def _in_view(window: str, value: nw.Expr) -> nw.Expr:
    """Return `value` where the window held scheduled time, else missing."""
    return nw.when(nw.col(f"scheduled_minutes__{window}") >= FEWEST_MINUTES).then(value)


def _change(feature: Feature) -> nw.Expr:
    before = BEFORE[feature.window]
    if feature.measure.endswith("_minutes"):
        return _share(feature.measure, feature.window) - _share(feature.measure, before)
    now, then = nw.col(f"{feature.measure}__{feature.window}"), nw.col(f"{feature.measure}__{before}")
    weeks = WINDOWS[feature.window][1]
    return _in_view(before, _in_view(feature.window, (now - then) / weeks))


def _gap(feature: Feature) -> nw.Expr:
    last = nw.col("gap_last")
    if feature.name == "sick_gap_last":
        return last
    three_spells = nw.col(f"{feature.measure}_spells__year") > 2  # noqa: PLR2004 - two gaps at least
    return nw.when(three_spells).then(nw.col("gap_mean") - last)


_HOW: dict[str, Callable[[Feature], nw.Expr]] = {
    "rate": lambda f: _share(f.measure, f.window),
    "sum": lambda f: _in_view(f.window, nw.col(f"{f.measure}__{f.window}")),
    "worst": lambda _: nw.col("worst_week"),
    "spell": lambda f: _in_view(f.window, nw.col(f"{f.measure}_spells__{f.window}").fill_null(0)),
    "longest": lambda f: _in_view(f.window, nw.col("longest_away").fill_null(0)),
    "gap": _gap,
    "since": lambda _: nw.col("since_absence"),
    "change": _change,
    "weekday": lambda f: nw.col(f"weekday_{f.measure}"),
    "versus": lambda f: _share("absent_minutes", f.window) - nw.col(f"peers_{f.measure}"),
}
