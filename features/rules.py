"""The thresholds that schools use today, on the same history as the features. Rule packs are data, with their source."""

import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import narwhals as nw
from dateutil.relativedelta import relativedelta

from data_contracts.errors import SettingsError
from data_contracts.identifiers import Sector
from data_contracts.weekly_list import RuleHit
from features.calendar import school_year_start, working_days_after
from features.frames import Frame, like, settle
from features.history import FULL_DAY, History, day_of, number_of
from features.scheduled import week_of
from features.spells import in_spells
from features.words import day_text, number_text, singular

PUPIL = ["school", "pupil"]
HIT = ["school", "pupil", "rule", "value", "reached"]
_DIGITS = 6  # of sums of sixtieths of an hour, where they are held against a threshold
_PUBLISHED_DIGITS = 9


@dataclass(frozen=True)
class Window:
    """The time a rule looks at: lesson weeks, calendar months or the school year, up to the as-of date.

    With `restarts`, a new window begins after each time the threshold was reached (the 16-hour report).
    """

    lesson_weeks: int | None = None
    months: int | None = None
    school_year: bool = False
    restarts: bool = False


@dataclass(frozen=True)
class Rule:
    """One threshold, as its TOML entry has it.

    Parameters
    ----------
    id, label, source
        Key, Dutch name, and where the rule comes from.
    sectors
        Kinds of education to which it applies.
    measure, window, operator, threshold, below, unit
        What is counted, over which time, and from where the rule speaks (``below``: up to where).
    statutory, deadline_working_days
        A legal duty, and the days to report it in.
    quiet
        Told with a pupil who is in view, but brings nobody into view by itself.
    sentence
        Template in plain Dutch.
    """

    id: str
    label: str
    sectors: tuple[Sector, ...]
    measure: str
    window: Window
    operator: str
    threshold: float
    unit: str
    source: str
    sentence: str
    statutory: bool = False
    quiet: bool = False
    below: float | None = None
    deadline_working_days: int | None = None
    pack: str = field(default="", compare=False)


@cache
def rule_packs() -> dict[str, tuple[Rule, ...]]:
    """All rule packs by name."""
    packs = {}
    for entry in sorted(files("features").joinpath("rule_packs").iterdir(), key=lambda path: path.name):
        content = tomllib.loads(entry.read_text(encoding="utf-8"))
        packs[content["name"]] = tuple(
            Rule(
                **rule
                | {
                    "window": Window(**rule["window"]),
                    "sectors": tuple(Sector(sector) for sector in rule["sectors"]),
                    "pack": content["name"],
                }
            )
            for rule in content["rule"]
        )
    return packs


def rules_of(packs: Iterable[str], sector: Sector) -> tuple[Rule, ...]:
    """Rules of the named `packs` that apply in `sector`.

    Raises
    ------
    SettingsError
        There is no pack of that name.
    """
    known = rule_packs()
    chosen: list[Rule] = []
    for name in packs:
        if name not in known:
            detail = f"er is geen regelset '{name}'"
            raise SettingsError(detail, remedy=f"Kies uit: {', '.join(known)}.")
        chosen += [rule for rule in known[name] if sector in rule.sectors]
    return tuple(chosen)


def hits(past: History, rules: Sequence[Rule]) -> Frame:
    """Who has reached which rule: ``school, pupil, rule, value, reached`` (day number), for pupils now enrolled.

    Every rule is counted for every school; the caller keeps those of the school's sector.
    """
    found = [_hits_of(past, rule) for rule in rules]
    reached = nw.concat(found, how="vertical").join(past.pupils.select(*PUPIL), on=PUPIL, how="inner")
    # The last bits of a sum depend on the order in which it was made; what is published does not.
    return reached.with_columns(value=nw.col("value").round(_PUBLISHED_DIGITS)).select(HIT)


def rule_hit(rule: Rule, *, value: float, reached: date) -> RuleHit:
    """Put a hit into words."""
    deadline = None
    if rule.deadline_working_days is not None:
        deadline = working_days_after(reached, rule.deadline_working_days)
    text = rule.sentence.format(
        value=number_text(value),
        percent=f"{number_text(100 * value)} %",
        threshold=number_text(rule.threshold),
        reached=day_text(reached),
        deadline=day_text(deadline) if deadline else "",
    )
    return RuleHit(
        rule=rule.id,
        label=rule.label,
        source=rule.source,
        statutory=rule.statutory,
        value=value,
        threshold=rule.threshold,
        unit=rule.unit,
        reached_on=reached,
        deadline=deadline,
        text=singular(text),
    )


def _hits_of(past: History, rule: Rule) -> Frame:
    if rule.window.restarts:
        return _restarting(past, rule)
    if rule.measure.endswith("_run"):
        return _runs(past, rule)
    if rule.measure == "absent_share":
        return _shares(past, rule)
    return _counts(past, rule)


def _reached(value: nw.Expr, rule: Rule) -> nw.Expr:
    value = value.round(_DIGITS)  # sums of sixtieths of an hour: exactly sixteen hours must be sixteen
    over = value >= rule.threshold if rule.operator == ">=" else value > rule.threshold
    return over & (value <= rule.below) if rule.below is not None else over


def _since(past: History, window: Window) -> int | None:
    """Return the first day number of a window that is the same for every school; None for lesson weeks."""
    today = past.until
    if window.school_year:
        return number_of(school_year_start(today))
    if window.months is not None:
        return number_of(today - relativedelta(months=window.months))
    return None


def _within(past: History, events: Frame, window: Window, *, day: str = "day") -> Frame:
    since = _since(past, window)
    if since is not None:
        return events.filter(nw.col(day) >= since)
    weeks = past.school_weeks.filter(nw.col("weeks_ago") < (window.lesson_weeks or 0)).select("school", "week")
    return events.with_columns(week=week_of(nw.col(day))).join(weeks, on=["school", "week"], how="inner")


def _events(past: History, measure: str) -> Frame:
    """Return what is counted, day by day: ``school, pupil, day, amount``."""
    days, one = past.days, nw.lit(1.0)
    per_day: dict[str, tuple[nw.Expr, nw.Expr]] = {
        "unauthorised_hours": (nw.col("unauthorised_minutes") > 0, nw.col("unauthorised_minutes") / 60),
        "luxury_days": (nw.col("luxury_minutes") > 0, one),
        "sick_days": (nw.col("sick_minutes") > 0, one),
        "late": (nw.col("late_count") > 0, nw.col("late_count").cast(nw.Float64)),
    }
    if measure in per_day:
        which, amount = per_day[measure]
        return days.filter(which).select(*PUPIL, "day", amount=amount)
    short = nw.col("school_days") <= 2 if measure == "short_sick_spells" else nw.col("school_days") > 0  # noqa: PLR2004
    return past.sick_spells.filter(short).select(*PUPIL, day=nw.col("first_day"), amount=one)


def _counts(past: History, rule: Rule) -> Frame:
    events = _within(past, _events(past, rule.measure), rule.window)
    running = events.with_columns(_sum=nw.col("amount").cum_sum().over(*PUPIL, order_by="day"))
    total = events.group_by(PUPIL).agg(nw.col("amount").sum().alias("value"))
    first = running.filter(_reached(nw.col("_sum"), rule)).group_by(PUPIL).agg(nw.col("day").min().alias("reached"))
    found = total.filter(_reached(nw.col("value"), rule)).join(first, on=PUPIL, how="inner")
    return found.select(*PUPIL, rule=nw.lit(rule.id), value=nw.col("value"), reached=nw.col("reached"))


def _runs(past: History, rule: Rule) -> Frame:
    sick = nw.col("sick_minutes") > 0
    unauthorised = nw.col("unauthorised_minutes") >= FULL_DAY * nw.col("scheduled_minutes")
    counts = sick if rule.measure == "sick_run" else unauthorised & (nw.col("unauthorised_minutes") > 0)
    days = settle(in_spells(past.days.filter(counts)))
    runs = days.group_by([*PUPIL, "spell"]).agg(
        nw.col("position").max().alias("length"), nw.col("day").max().alias("last_day")
    )
    runs = _within(past, runs.filter(_reached(nw.col("length"), rule)), rule.window, day="last_day")
    newest = runs.group_by(PUPIL).agg(nw.col("spell").max())
    needed = int(rule.threshold) + (1 if rule.operator == ">" else 0)
    reached = days.filter(nw.col("position") == needed).select(*PUPIL, "spell", reached=nw.col("day"))
    return (
        runs.join(newest, on=[*PUPIL, "spell"], how="inner")
        .join(reached, on=[*PUPIL, "spell"], how="inner")
        .select(*PUPIL, rule=nw.lit(rule.id), value=nw.col("length").cast(nw.Float64), reached=nw.col("reached"))
    )


def _shares(past: History, rule: Rule) -> Frame:
    weeks = _within(past, past.weeks.drop("weeks_ago"), rule.window, day="week")
    totals = weeks.group_by(PUPIL).agg(nw.col("absent_minutes").sum(), nw.col("scheduled_minutes").sum())
    share = nw.col("absent_minutes") / nw.max_horizontal(nw.col("scheduled_minutes"), nw.lit(1))
    # A few hours say nothing about a share: a week of scheduled time at least.
    enough = totals.filter(nw.col("scheduled_minutes") >= 5 * 300).with_columns(value=share)
    last = past.school_days.group_by(["school"]).agg(nw.col("day").max().alias("reached"))
    return (
        enough.filter(_reached(nw.col("value"), rule))
        .join(last, on="school", how="inner")
        .select(*PUPIL, rule=nw.lit(rule.id), value=nw.col("value"), reached=nw.col("reached"))
    )


def _restarting(past: History, rule: Rule) -> Frame:
    """Walk through the days of the few pupils who can have reached the threshold at all.

    After each time a new period begins, so the days before count no more. Each stays in view for one more window.
    """
    length = rule.window.lesson_weeks or 0
    events = _events(past, rule.measure)
    # Reached within the last window means: enough in all, and something in that window.
    total = events.group_by(PUPIL).agg(nw.col("amount").sum().alias("_total")).filter(_reached(nw.col("_total"), rule))
    lately = _within(past, events, rule.window).select(*PUPIL).unique(subset=PUPIL, keep="any")
    candidates = (
        events.join(total, on=PUPIL, how="inner")
        .join(lately, on=PUPIL, how="semi")
        .with_columns(week=week_of(nw.col("day")))
        .join(past.school_weeks, on=["school", "week"], how="inner")
    )
    rows = candidates.select(*PUPIL, "day", "amount", "weeks_ago").collect().rows(named=True)
    histories: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: row["day"]):
        histories.setdefault((row["school"], row["pupil"]), []).append(row)
    over: Callable[[float], bool] = (
        (lambda amount: amount >= rule.threshold) if rule.operator == ">=" else (lambda amount: amount > rule.threshold)
    )
    reached = [
        (*who, day, amount)
        for who, days in histories.items()
        for day, amount in _times_reached(days, length=length, over=over)
    ]
    return _as_hits(past, rule, reached)


def _times_reached(
    days: Sequence[dict[str, Any]], *, length: int, over: Callable[[float], bool]
) -> list[tuple[int, float]]:
    """Return day and amount of each time the threshold was reached within the last `length` weeks.

    Every one of them: whether an earlier report was made is not known here, so a newer one may not hide it.
    """
    period: list[dict[str, Any]] = []
    found: list[tuple[int, float]] = []
    for day in days:
        period = [earlier for earlier in period if earlier["weeks_ago"] - day["weeks_ago"] < length] + [day]
        amount = sum(each["amount"] for each in period)
        if over(round(amount, _DIGITS)):
            found += [(day["day"], amount)] if day["weeks_ago"] < length else []
            period = []
    return found


def _as_hits(past: History, rule: Rule, reached: Sequence[tuple[str, str, int, float]]) -> Frame:
    """Bring what was found by walking back into a frame of the history's own engine."""
    columns: dict[str, list[Any]] = {
        "school": [school for school, _, _, _ in reached],
        "pupil": [pupil for _, pupil, _, _ in reached],
        "rule": [rule.id for _ in reached],
        "value": [amount for _, _, _, amount in reached],
        "reached": [day for _, _, day, _ in reached],
    }
    text = nw.String
    schema = {"school": text, "pupil": text, "rule": text, "value": nw.Float64, "reached": nw.Int64}
    return like(past.pupils, columns, schema)


def worded(found: Iterable[dict[str, Any]], rules: Sequence[Rule]) -> dict[tuple[str, str], tuple[RuleHit, ...]]:
    """Put collected rows of `hits` into words: per school and pupil, duties first."""
    by_id = {rule.id: rule for rule in rules}
    said: dict[tuple[str, str], list[RuleHit]] = {}
    for row in found:
        hit = rule_hit(by_id[row["rule"]], value=float(row["value"]), reached=day_of(row["reached"]))
        said.setdefault((row["school"], row["pupil"]), []).append(hit)
    # By id, not by the order of `rules`: a school's list may not depend on which other schools are counted with it.
    return {
        who: tuple(sorted(theirs, key=lambda hit: (not hit.statutory, by_id[hit.rule].quiet, hit.rule, hit.reached_on)))
        for who, theirs in said.items()
    }
