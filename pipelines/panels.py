"""Pupils seen from many dates: what was known then, and what became of it. The ground that models are trained on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import narwhals as nw
import polars as pl

from data_contracts.errors import NotEnoughDataError
from data_contracts.school import SchoolSettings
from features.calendar import local_date
from features.frames import Frame, like, settle
from features.history import EPOCH, History, history
from features.rules import Rule, rule_packs
from features.tables import Tables, prepared
from features.thresholds import hits
from models.outcome import AbsentDays, Registered, labels
from models.splits import Plan, as_of, calendar_weeks, common_weeks, origins
from pipelines.engines import AT_A_TIME, POLARS, Engine, brought_back
from pipelines.home import Home
from pipelines.lake import Lake, as_known
from pipelines.objections import Pupil, objected, without
from pipelines.tables import load

KEY = ["school", "pupil", "origin"]
PACKS = [f"rules_{name}" for name in rule_packs()]
RULES = ["loud", *PACKS]
_RULES_AT = {
    "school": pl.String(),
    "pupil": pl.String(),
    "origin": pl.Date(),
    **dict.fromkeys(RULES, pl.Float64()),
    "already_then": pl.Boolean(),
}
STRAY = 0.005  # share of a school's registrations that may lie before its registrations really began
LONGEST = timedelta(days=4 * 366)  # older registrations teach nothing about schools as they are now
REMEDY = "Lever eerst schoolweken aan met 'aanwezig ingest'. Tot die tijd staan de lijsten op regels."


@dataclass(frozen=True)
class Ground:
    """Everything stored, and the dates it can be seen from.

    Parameters
    ----------
    home, engine
        The installation, and what counts features.
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
    objected
        Who does not take part: nothing is learned from them, at no date.
    """

    home: Home
    engine: Engine
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
    objected: frozenset[Pupil] = frozenset()


def survey(
    home: Home, outcome: AbsentDays | Registered, *, until: datetime | None, plan: Plan, engine: Engine = POLARS
) -> Ground:
    """Read what is stored and lay origins over it.

    Parameters
    ----------
    home
        The installation.
    outcome, plan
        See `models.outcome` and `models.splits`.
    until
        Moment up to which things may be known; never later than the newest delivery, for after that we know nothing.
    engine
        What counts the features; labels and rules are few enough to be counted here.

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
    days = brought_back(past.school_days.select("school", "week").unique())
    # A horizon in calendar days needs no school weeks: courses with a deadline a month have few in common.
    laid = common_weeks if isinstance(outcome, AbsentDays) else calendar_weeks
    weeks = laid([(school, EPOCH + timedelta(days=week)) for school, week in days.iter_rows()])
    found = origins(weeks, outcome, until=local_date(moment), plan=plan)
    if not found:
        detail = f"er zijn {len(weeks)} schoolweken, te weinig om ook maar van één peildatum de afloop te kennen"
        raise NotEnoughDataError(detail, remedy=REMEDY)
    return Ground(
        home=home,
        engine=engine,
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
        objected=objected(home),
    )


def features_at(
    ground: Ground, tests: Sequence[date] = (), *, plan: Plan, say: Callable[[int, int], None] | None = None
) -> pl.DataFrame:
    """Features of pupils as they were known at each of the ground's origins, of schools that had registered for long enough.

    Parameters
    ----------
    tests
        Origins at which the rules are counted as well, which takes time.
    say
        Called with how many schools are done, of how many.

    Returns
    -------
    polars.DataFrame
        `KEY` (origin as a date), the features, and `RULES`: how many rules the pupil had reached, of those by which
        the school works and that bring a pupil into view, and of each pack; and ``already_then``, whether the pupil was
        in the outcome as it was known at `origin` (all null where the origin is none of `tests`).
    """
    schools = sorted(ground.settings)
    batches = [schools[start : start + AT_A_TIME] for start in range(0, len(schools), AT_A_TIME)]
    moments = [as_of(origin) for origin in ground.origins]
    parts = []
    for done, part in enumerate(ground.engine.panels(ground.home, batches, moments, local_date(ground.moment)), 1):
        parts.append(without(part, ground.objected))
        if say is not None:
            say(done, len(batches))
    began = ground.began.select("school", since=pl.col("began").cast(pl.Int32).cast(pl.Date))
    frame = pl.concat(parts).join(began, on="school")
    frame = frame.filter(pl.col("since") <= pl.col("origin") - timedelta(weeks=plan.history_weeks)).drop("since")
    then = pl.concat([_rules_at(ground, origin) for origin in tests]) if tests else pl.DataFrame(schema=_RULES_AT)
    tested = pl.col("origin").is_in(list(tests))
    return (
        frame.sort(KEY)
        .join(then, on=KEY, how="left", maintain_order="left")
        .with_columns(
            *(pl.when(tested).then(pl.col(name).fill_null(0.0)).alias(name) for name in RULES),
            already_then=pl.when(tested).then(pl.col("already_then").fill_null(value=False)),
        )
    )


def _rules_at(ground: Ground, origin: date) -> pl.DataFrame:
    """`KEY`, `RULES` and ``already_then`` at one origin, of those pupils of whom any is not nothing."""
    past = history(ground.tables, as_of(origin))
    counted = _rules_reached(past, ground.settings)
    then = labels_of(past, ground, as_of(origin), [origin]).select("school", "pupil", already_then="already")
    found = counted.join(then, on=["school", "pupil"], how="full", coalesce=True)
    return found.with_columns(origin=pl.lit(origin)).select(_RULES_AT.keys())


def _rules_reached(past: History, settings: dict[str, SchoolSettings]) -> pl.DataFrame:
    """Number of rules reached, of those that apply in the school's sector: ``school, pupil`` and `RULES`."""
    sectors = pl.DataFrame(
        [(school, one.sector.value, list(one.rule_packs)) for school, one in settings.items()],
        schema={"school": pl.String, "sector": pl.String, "packs": pl.List(pl.String)},
        orient="row",
    )
    rules = [rule for pack in rule_packs().values() for rule in pack]
    reached = brought_back(hits(past, rules))
    return (
        reached.join(sectors, on="school")
        .join(applying(rules), on=["rule", "sector"])
        .group_by("school", "pupil")
        .agg(
            (~pl.col("quiet") & pl.col("pack").is_in(pl.col("packs"))).sum().cast(pl.Float64).alias("loud"),
            *((pl.col("pack") == name).sum().cast(pl.Float64).alias(f"rules_{name}") for name in rule_packs()),
        )
    )


def labels_at(ground: Ground, moment: datetime, seen_from: Sequence[date]) -> pl.DataFrame:
    """Outcomes from `seen_from`, as far as they were known at `moment`: `KEY`, ``outcome``, ``already`` and dates."""
    past = ground.past if moment == ground.moment else history(ground.tables, moment, since=ground.since)
    return labels_of(past, ground, moment, seen_from)


def labels_of(past: History, ground: Ground, moment: datetime, seen_from: Sequence[date]) -> pl.DataFrame:
    """As `labels_at`, from a history as it was known at `moment`."""
    registered = _registered(past, ground, moment)
    found = brought_back(labels(past, seen_from, ground.outcome, until=local_date(moment), registered=registered))
    return found.with_columns(pl.col("origin", "onset", "reached", "horizon_end").cast(pl.Int32).cast(pl.Date))


def _registered(past: History, ground: Ground, moment: datetime) -> Frame | None:
    """Registered outcomes as they were known, in a frame of the history's own engine; None where none are asked for."""
    if isinstance(ground.outcome, AbsentDays):
        return None
    known = as_known(ground.registered, moment).select(
        "school", "pupil", "outcome", day=pl.col("date").cast(pl.Int32).cast(pl.Int64)
    )
    types = {"school": nw.String, "pupil": nw.String, "outcome": nw.String, "day": nw.Int64}
    return like(past.enrolments, known.collect().to_dict(as_series=False), types)


def _settled(past: History) -> History:
    """Work out once what labels are made from."""
    return replace(
        past, days=settle(past.days), school_days=settle(past.school_days), enrolments=settle(past.enrolments)
    )


def applying(rules: Sequence[Rule]) -> pl.DataFrame:
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
