"""Pupils seen from many dates: what was known then, and what became of it. The ground that models are trained on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import narwhals as nw
import polars as pl

from data_contracts.errors import NotEnoughDataError
from data_contracts.school import SchoolSettings
from features.build import build_from
from features.calendar import local_date
from features.catalogue import NAMES
from features.frames import settle
from features.history import EPOCH, History, history, number_of
from features.rules import Rule, hits, rule_packs
from features.tables import Tables, prepared
from models.outcome import AbsentDays, Registered, labels
from models.splits import Plan, as_of, calendar_weeks, common_weeks, origins
from pipelines.home import Home
from pipelines.lake import Lake, as_known
from pipelines.tables import load

KEY = ["school", "pupil", "origin"]
PACKS = [f"rules_{name}" for name in rule_packs()]
RULES = ["loud", *PACKS]
_UNASKED = {"already_then": pl.lit(None, dtype=pl.Boolean)}
STRAY = 0.005  # share of a school's registrations that may lie before its registrations really began
LONGEST = timedelta(days=4 * 366)  # older registrations teach nothing about schools as they are now
REMEDY = "Lever eerst schoolweken aan met 'aanwezig ingest'. Tot die tijd staan de lijsten op regels."


@dataclass(frozen=True)
class Ground:
    """Everything stored, and the dates it can be seen from.

    Parameters
    ----------
    tables
        All versions of all facts, in memory.
    past
        Their history at `moment`, from `since`.
    registered
        Versions of registered outcomes.
    settings
        Per school.
    outcome
        What is predicted.
    moment
        Moment up to which things are known (UTC).
    since
        First day on which any school registered.
    began
        Per school the day on which its registrations began: ``school, began`` (day number).
    weeks, origins
        Mondays of school weeks from `since`; origins whose outcome is known at `moment`.
    """

    tables: Tables
    past: History
    registered: pl.LazyFrame
    settings: dict[str, SchoolSettings]
    outcome: AbsentDays | Registered
    moment: datetime
    since: date
    began: pl.DataFrame
    weeks: tuple[date, ...]
    origins: tuple[date, ...]


def survey(home: Home, outcome: AbsentDays | Registered, *, until: datetime | None, plan: Plan) -> Ground:
    """Read what is stored and lay origins over it.

    Parameters
    ----------
    home
        The installation.
    outcome, plan
        See `models.outcome` and `models.splits`.
    until
        Moment up to which things may be known; never later than the newest delivery, for after that we know nothing.

    Raises
    ------
    NotEnoughDataError
        Nothing is stored, or too short a period to see a single horizon end.
    """
    lake = Lake(home)
    newest = lake.scan("absences").select(pl.col("delivered_at").max()).collect().item()
    if newest is None:
        detail = "er zijn nog geen afwezigheden aangeleverd"
        raise NotEnoughDataError(detail, remedy=REMEDY)
    moment = newest if until is None else min(until, newest)
    began = (
        lake.scan("absences")
        .filter((pl.col("recorded_at") <= moment) & (pl.col("start_date") > moment.date() - LONGEST))
        .group_by("school")
        # Not the very first: one mistyped date would add years without registrations.
        .agg(pl.col("start_date").cast(pl.Int32).quantile(STRAY, "lower").cast(pl.Int64).alias("began"))
        .collect()
    )
    if began.is_empty():
        detail = f"op {moment:%d-%m-%Y} waren er nog geen afwezigheden bekend"
        raise NotEnoughDataError(detail, remedy=REMEDY)
    since = EPOCH + timedelta(days=int(began["began"].to_numpy().min()))
    tables = prepared(load(home, until=local_date(moment)))
    past = _settled(history(tables, moment, since=since))
    days = past.school_days.select("school", "week").unique().collect().to_native()
    # A horizon in calendar days needs no school weeks: courses with a deadline a month have few in common.
    laid = common_weeks if isinstance(outcome, AbsentDays) else calendar_weeks
    weeks = laid([(school, EPOCH + timedelta(days=week)) for school, week in days.iter_rows()])
    found = origins(weeks, outcome, until=local_date(moment), plan=plan)
    if not found:
        detail = f"er zijn {len(weeks)} schoolweken, te weinig om ook maar van één peildatum de afloop te kennen"
        raise NotEnoughDataError(detail, remedy=REMEDY)
    return Ground(
        tables=tables,
        past=past,
        registered=lake.scan("outcomes"),
        settings={school: lake.settings(school) for school in began["school"].to_list()},
        outcome=outcome,
        moment=moment,
        since=since,
        began=began,
        weeks=tuple(weeks),
        origins=found,
    )


def features_at(ground: Ground, origin: date, *, plan: Plan, with_rules: bool = False) -> pl.DataFrame:
    """Features of pupils as they were known at `origin`, of schools that had registered for long enough.

    Returns
    -------
    polars.DataFrame
        `KEY` (origin as a date), the features, and `RULES`: how many rules the pupil had reached, of those by which
        the school works and that bring a pupil into view, and of each pack; and ``already_then``, whether the pupil was in the outcome as it was known
        at `origin` (all null without `with_rules`, which takes time).
    """
    past = history(ground.tables, as_of(origin))
    frame: pl.DataFrame = build_from(past).collect().to_native()
    known_long = ground.began.filter(pl.col("began") <= number_of(origin) - 7 * plan.history_weeks)
    frame = frame.select("school", "pupil", pl.lit(origin).alias("origin"), *NAMES)
    frame = frame.join(known_long.select("school"), on="school", how="semi")
    if not with_rules:
        return frame.with_columns(*(pl.lit(None, dtype=pl.Float64).alias(name) for name in RULES), **_UNASKED)
    counted = _rules_reached(past, ground.settings)
    then = _labels(past, ground, as_of(origin), [origin]).select("school", "pupil", already_then="already")
    return (
        frame.join(counted, on=["school", "pupil"], how="left")
        .join(then, on=["school", "pupil"], how="left")
        .with_columns(pl.col(RULES).fill_null(0.0), pl.col("already_then").fill_null(value=False))
    )


def _rules_reached(past: History, settings: dict[str, SchoolSettings]) -> pl.DataFrame:
    """Number of rules reached, of those that apply in the school's sector: ``school, pupil`` and `RULES`."""
    sectors = pl.DataFrame(
        [(school, one.sector.value, list(one.rule_packs)) for school, one in settings.items()],
        schema={"school": pl.String, "sector": pl.String, "packs": pl.List(pl.String)},
        orient="row",
    )
    rules = [rule for pack in rule_packs().values() for rule in pack]
    reached: pl.DataFrame = hits(past, rules).collect().to_native()
    return (
        reached.join(sectors, on="school")
        .join(_applying(rules), on=["rule", "sector"])
        .group_by("school", "pupil")
        .agg(
            (~pl.col("quiet") & pl.col("pack").is_in(pl.col("packs"))).sum().cast(pl.Float64).alias("loud"),
            *((pl.col("pack") == name).sum().cast(pl.Float64).alias(f"rules_{name}") for name in rule_packs()),
        )
    )


def labels_at(ground: Ground, moment: datetime, seen_from: Sequence[date]) -> pl.DataFrame:
    """Outcomes from `seen_from`, as far as they were known at `moment`: `KEY`, ``outcome``, ``already`` and dates."""
    past = ground.past if moment == ground.moment else history(ground.tables, moment, since=ground.since)
    return _labels(past, ground, moment, seen_from)


def _labels(past: History, ground: Ground, moment: datetime, seen_from: Sequence[date]) -> pl.DataFrame:
    registered = as_known(ground.registered, moment).select(
        "school", "pupil", "outcome", day=pl.col("date").cast(pl.Int32).cast(pl.Int64)
    )
    found: pl.DataFrame = (
        labels(past, seen_from, ground.outcome, until=local_date(moment), registered=nw.from_native(registered))
        .collect()
        .to_native()
    )
    return found.with_columns(pl.col("origin", "onset", "reached", "horizon_end").cast(pl.Int32).cast(pl.Date))


def _settled(past: History) -> History:
    """Work out once what labels are made from."""
    return replace(
        past, days=settle(past.days), school_days=settle(past.school_days), enrolments=settle(past.enrolments)
    )


def _applying(rules: Sequence[Rule]) -> pl.DataFrame:
    """Which rule applies in which sector, and what kind of rule it is."""
    return pl.DataFrame(
        [(each.id, each.pack, sector.value, each.quiet) for each in rules for sector in each.sectors],
        schema={
            "rule": pl.String,
            "pack": pl.String,
            "sector": pl.String,
            "quiet": pl.Boolean,
        },
        orient="row",
    )
