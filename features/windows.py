"""Windows over school weeks, seen from one moment or from many.

From one moment the weeks of a window are added up. From many, sums of 1, 2, 4, 8 and 12 weeks are made of one another, so
that a window costs one addition a row however many moments look at it. Both give the same numbers (tested). A window
never looks over the summer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import narwhals as nw

from features.calendar import school_year_start
from features.fixed import fixed
from features.frames import Frame, like, settle
from features.history import number_of
from features.keys import with_day
from features.ordered import Order, Ordered, ordered

SPANS = {
    "1w": (0, 1),
    "2w": (0, 2),
    "4w": (0, 4),
    "8w": (0, 8),
    "12w": (0, 12),
    "before_2w": (2, 4),
    "earlier_2w": (4, 6),
    "before_4w": (4, 8),
}
"""Windows by name: from how many school weeks ago up to, not including, how many. Beside these: ``year``, ``last_year``."""

_HALVES = {1: (), 2: (1, 1), 4: (2, 2), 8: (4, 4), 12: (8, 4)}
"""How a sum over n weeks is made: of the newest so many, and so many before those."""

_BACK = sorted({newest for newest, *_ in filter(None, _HALVES.values())} | {lo for lo, _ in SPANS.values() if lo})
"""How many weeks back is looked."""

SEEN = "_seen"
"""Column of pupil (``pupil_no``) and origin in one number."""

ZERO: Mapping[str, float] = {}


@dataclass(frozen=True)
class Wanted:
    """What is asked: pairs of measure and window, of sums and of largest values."""

    sums: frozenset[tuple[str, str]]
    largest: frozenset[tuple[str, str]]

    def columns(self) -> list[str]:
        """Names of the columns asked for, in order."""
        return sorted(column(*pair) for pair in self.sums | self.largest)


def column(measure: str, window: str) -> str:
    """Name of the column of `measure` over `window`."""
    return f"{measure}__{window}"


def seen_now(weeks: Frame, key: str, wanted: Wanted, *, until: date, lowest: Mapping[str, float] = ZERO) -> Frame:
    """Windows as seen from `until`: `key` and `Wanted.columns`; one row for each of `key` that has any week.

    Parameters
    ----------
    weeks
        `key`, ``weeks_ago``, ``year`` and the measures, one row a week; 0 weeks ago is the newest.
    lowest
        What stands where there is nothing, of measures for which that is not 0.
    """
    this_year = school_year_start(until).year
    looked_at = weeks.filter(_in_two_years(this_year)).with_columns(*_inside(this_year))
    masked = looked_at.with_columns(*_within(wanted, tuple(lowest.items())))
    return masked.group_by(key).agg(*_together_now(wanted))


@fixed
def _in_two_years(this_year: int) -> nw.Expr:
    return (nw.col("year") == this_year) | (nw.col("year") == this_year - 1)


@fixed
def _inside(this_year: int) -> dict[str, nw.Expr]:
    """Whether a week is in each window."""
    ago, now = nw.col("weeks_ago"), nw.col("year") == this_year
    inside = {f"_in_{name}": now & (ago >= lo) & (ago < hi) for name, (lo, hi) in SPANS.items()}
    return inside | {"_in_year": now, "_in_last_year": nw.col("year") == this_year - 1}


@fixed
def _within(wanted: Wanted, lowest: tuple[tuple[str, float], ...]) -> dict[str, nw.Expr]:
    """Each measure where its week is in the window, else the lowest there is."""
    least = dict(lowest)
    return {
        column(measure, window): nw.when(nw.col(f"_in_{window}")).then(nw.col(measure)).otherwise(least.get(measure, 0))
        for measure, window in sorted(wanted.sums | wanted.largest)
    }


@fixed
def _together_now(wanted: Wanted) -> tuple[nw.Expr, ...]:
    sums, largest = ([column(*pair) for pair in sorted(pairs)] for pairs in (wanted.sums, wanted.largest))
    added = (nw.col(*sums).sum(),) if sums else ()
    return (*added, nw.col(*largest).max()) if largest else added


def places(school_weeks: Frame, origins: Sequence[date]) -> Frame:
    """Which weeks are seen from each of `origins`: ``school, origin, origin_year, week, ago``; 0 weeks ago is the newest.

    Parameters
    ----------
    school_weeks
        ``school, week, year, weeks_ago``.
    origins
        Mondays. From a Monday whole weeks are seen, so that a week says the same from every one of them.
    """
    columns = {
        "origin": [number_of(origin) for origin in origins],
        "origin_year": [school_year_start(origin).year for origin in origins],
    }
    looking = like(school_weeks, columns, {"origin": nw.Int64, "origin_year": nw.Int64})
    pairs = school_weeks.join(looking, how="cross")
    seen = pairs.filter((nw.col("week") < nw.col("origin")) & (nw.col("year") == nw.col("origin_year")))
    key = ["school", "origin"]
    newest = seen.group_by(key).agg(nw.col("weeks_ago").min().alias("_newest"))
    ago = nw.col("weeks_ago") - nw.col("_newest")
    return seen.join(newest, on=key, how="inner").select(*key, "origin_year", "week", ago=ago)


def seen_from(
    weeks: Frame, wanted: Wanted, *, at: Frame, school_weeks: Frame, lowest: Mapping[str, float] = ZERO
) -> Frame:
    """Windows of pupils as seen from many origins: `SEEN` and `Wanted.columns`, but those of `last_year`.

    Weeks that are the newest of no origin have none (null).

    Parameters
    ----------
    weeks
        ``school, pupil_no, week, year`` and the measures.
    at
        See `places`.
    school_weeks
        ``school, week, year``: every school week. A week in which a pupil had nothing counts, with nothing in it.
    lowest
        What stands in an empty week, of measures for which that is not 0.
    """
    measures = sorted({measure for measure, _ in wanted.sums | wanted.largest})
    newest = settle(at.filter(nw.col("ago") == 0))
    years = newest.select("school", year=nw.col("origin_year")).unique()
    of_years = settle(school_weeks.join(years, on=["school", "year"], how="inner"))
    rows = ordered(_every_week(weeks, measures, of_years, lowest), "pupil_year", "week")
    rows = _spans(_spans(rows, wanted.sums, None), wanted.largest, tuple(sorted(lowest.items())))
    seen = (*wanted.sums, *wanted.largest)
    columns = sorted(column(measure, window) for measure, window in seen if window != "last_year")
    # What stays on the left of a join is not copied: these are the widest columns there are.
    found = rows.lazy().select("school", "pupil_no", "week", *columns)
    found = found.join(newest.select("school", "week", "origin"), on=["school", "week"], how="left")
    return found.select(with_day(nw.col("pupil_no"), nw.col("origin")).alias(SEEN), *columns)


def last_year(weeks: Frame, wanted: Wanted) -> Frame:
    """Sums over the school year before, of those in `wanted`: ``pupil_no, origin_year`` and their columns.

    Parameters
    ----------
    weeks
        ``pupil_no, year`` and the measures.
    """
    measures = [measure for measure, window in sorted(wanted.sums) if window == "last_year"]
    totals = weeks.group_by(["pupil_no", "year"]).agg(nw.col(*measures).sum())
    named = {column(name, "last_year"): nw.col(name) for name in measures}
    return totals.select("pupil_no", origin_year=nw.col("year") + 1, **named)


def _every_week(weeks: Frame, measures: Sequence[str], school_weeks: Frame, lowest: Mapping[str, float]) -> Frame:
    """`weeks` of `school_weeks`, from each pupil's first week on, with ``pupil_year``; weeks that had no row are empty."""
    key = with_day(nw.col("pupil_no"), nw.col("week"))
    first = weeks.group_by(["school", "pupil_no"]).agg(nw.col("week").min().alias("_first"))
    grid = first.join(school_weeks.select("school", "week", "year"), on="school", how="inner")
    grid = grid.filter(nw.col("week") >= nw.col("_first")).drop("_first").with_columns(_key=key)
    # Nearly every week has a row: the others are added, which is less than looking up every one.
    counted = weeks.select("school", "pupil_no", "week", "year", *measures).with_columns(_key=key)
    missing = grid.join(counted.select("_key"), on="_key", how="anti")
    empty = {name: nw.lit(lowest.get(name, 0)) for name in measures}
    wanted = counted.join(school_weeks.select("school", "week"), on=["school", "week"], how="semi")
    columns = ["school", "pupil_no", "week", "year", *measures]
    schema = counted.collect_schema()
    typed = {name: value.cast(schema[name]) for name, value in empty.items()}
    both = nw.concat([wanted.select(columns), missing.with_columns(**typed).select(columns)], how="vertical")
    return both.with_columns(pupil_year=with_day(nw.col("pupil_no"), nw.col("year")))


def _spans(rows: Ordered, wanted: frozenset[tuple[str, str]], lowest: tuple[tuple[str, float], ...] | None) -> Ordered:
    """Add the windows of `wanted`, shorter ones first: sums, or largest values where `lowest` is given."""
    rows = rows.with_columns(*_same(rows.order))
    for length in _HALVES:
        rows = rows.with_columns(*_of_length(rows.order, length, wanted, lowest))
    return rows.with_columns(*_shifted(rows.order, wanted), *_running(rows.order, wanted, largest=lowest is not None))


@fixed
def _same(order: Order) -> dict[str, nw.Expr]:
    """Whether there is a week so many weeks before in the same year."""
    return {f"_same_{back}": order.same(back) for back in _BACK}


@fixed
def _of_length(
    order: Order, length: int, wanted: frozenset[tuple[str, str]], lowest: tuple[tuple[str, float], ...] | None
) -> dict[str, nw.Expr]:
    """Windows that end with each week, of so many weeks."""
    least = dict(lowest or ())
    return {
        column(measure, f"{length}w"): _together(order, measure, length, largest=lowest is not None, least=least)
        for measure, windows in _asked(wanted).items()
        if length in _lengths(windows)
    }


@fixed
def _shifted(order: Order, wanted: frozenset[tuple[str, str]]) -> dict[str, nw.Expr]:
    """Windows that ended some weeks before."""
    return {
        column(measure, window): order.earlier(column(measure, f"{hi - lo}w"), lo, same=f"_same_{lo}", otherwise=0)
        for measure, windows in _asked(wanted).items()
        for window, (lo, hi) in SPANS.items()
        if window in windows and lo
    }


@fixed
def _running(order: Order, wanted: frozenset[tuple[str, str]], *, largest: bool) -> dict[str, nw.Expr]:
    """Windows from the beginning of the year."""
    return {
        column(measure, "year"): order.running_max(measure) if largest else order.running_sum(measure)
        for measure, windows in _asked(wanted).items()
        if "year" in windows
    }


def _asked(wanted: frozenset[tuple[str, str]]) -> dict[str, set[str]]:
    """Return the windows that are wanted of each measure."""
    asked: dict[str, set[str]] = {}
    for measure, window in sorted(wanted):
        asked.setdefault(measure, set()).add(window)
    return asked


def _lengths(windows: Iterable[str]) -> set[int]:
    """Return the lengths, in weeks, that are needed to make `windows`, those on the way included."""
    needed = {hi - lo for window, (lo, hi) in SPANS.items() if window in windows}
    for length in sorted(_HALVES, reverse=True):
        if length in needed:
            needed |= set(_HALVES[length])
    return needed


def _together(order: Order, measure: str, length: int, *, largest: bool, least: Mapping[str, float]) -> nw.Expr:
    if not _HALVES[length]:
        return nw.col(measure)
    newest, before = _HALVES[length]
    least_there_is = least.get(measure, 0)
    earlier = order.earlier(column(measure, f"{before}w"), newest, same=f"_same_{newest}", otherwise=least_there_is)
    now = nw.col(column(measure, f"{newest}w"))
    return nw.max_horizontal(now, earlier) if largest else now + earlier
