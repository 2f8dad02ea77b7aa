"""The outcome as configuration, and its labels: who, seen from a date, came into it afterwards.

Everything is said in school weeks, not calendar weeks: a week without a school day at this school does not exist.
"""

import tomllib
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeAlias

import narwhals as nw
from pydantic import Field, TypeAdapter, ValidationError

from data_contracts.errors import SettingsError
from data_contracts.frozen import Frozen
from features.history import number_of

Frame: TypeAlias = nw.LazyFrame[Any]
LISTED = "long_absence"
"""Name of the outcome that weekly lists are about; a model of another outcome is kept, but makes no lists."""
_LONG_AGO = 0  # 1970-01-01


class _Outcome(Frozen):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str = Field(min_length=1)
    meaning: str = Field(min_length=1)
    source: str = Field(min_length=1)
    settle_days: int = Field(default=7, ge=0, le=60)
    plan: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)  # see models.splits.plan_for


class AbsentDays(_Outcome):
    """Many (nearly) whole days absent within some school weeks, any reason.

    Parameters
    ----------
    name, label, meaning, source
        Id; Dutch words; Dutch sentence; where the definition comes from.
    horizon_weeks
        School weeks ahead; as many back decide who is there already.
    min_days
        School days within the horizon from which the outcome is true.
    min_share
        Share (0..1] of a day's scheduled minutes from which the day counts.
    settle_days
        Calendar days after the horizon before it counts as known (late entries).
    """

    kind: Literal["absent_days"]
    horizon_weeks: int = Field(ge=1, le=52)
    min_days: int = Field(ge=1)
    min_share: float = Field(gt=0, le=1)


class Registered(_Outcome):
    """An event that a school registers in the table ``outcomes``.

    Parameters
    ----------
    outcome
        Its name in that table.
    horizon_days
        Calendar days ahead.
    """

    kind: Literal["registered"]
    outcome: str = Field(min_length=1)
    horizon_days: int = Field(ge=1, le=366)


Outcome = Annotated[AbsentDays | Registered, Field(discriminator="kind")]
_OUTCOME: TypeAdapter[AbsentDays | Registered] = TypeAdapter(Outcome)


class Known(Protocol):
    """What labels need of `features.history.History`. Days are day numbers (since 1970-01-01)."""

    @property
    def enrolments(self) -> Frame: ...  # noqa: D102
    @property
    def school_days(self) -> Frame: ...  # noqa: D102
    @property
    def days(self) -> Frame: ...  # noqa: D102


def read_outcome(name: str | Path) -> AbsentDays | Registered:
    """Read an outcome: the name of one that comes with the project, or the path of a TOML file.

    Raises
    ------
    SettingsError
        There is no such outcome, or the file does not describe one.
    """
    shipped = files("models").joinpath("outcomes", f"{name}.toml")
    place = Path(name) if str(name).endswith(".toml") else Path(str(shipped))
    try:
        return _OUTCOME.validate_python(tomllib.loads(place.read_text(encoding="utf-8-sig")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        detail = f"de uitkomst '{name}' is niet te lezen: {error}"
    except ValidationError as error:
        detail = f"{name}: " + "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    raise SettingsError(
        detail, remedy="Kies long_absence, of een TOML-bestand zoals models/outcomes/long_absence.toml."
    )


def labels(
    history: Known,
    origins: Sequence[date],
    outcome: AbsentDays | Registered,
    *,
    until: date,
    registered: Frame | None = None,
) -> Frame:
    """Whether each pupil came into `outcome` after each origin, as far as `history` knows.

    Parameters
    ----------
    history
        What was known at the moment of training or evaluation (`features.history.history`).
    origins
        As-of dates. Days before an origin are its past, the origin itself and later its future.
    outcome
        See `read_outcome`.
    until
        First day that `history` does not know yet (usually the day of its as-of moment).
    registered
        For a registered outcome: ``school, pupil, outcome, day`` (day number), as known at that moment.

    Returns
    -------
    narwhals.LazyFrame
        One row a pupil enrolled at an origin, days as day numbers: ``school, pupil, origin``; ``outcome`` 1, 0 or null (censored: the horizon
        is not over and settled, or the pupil left before its end without reaching it); ``already`` true where the pupil
        was in the outcome at the origin; ``onset`` the first day that counts towards it and ``reached`` the day on which
        it became true (both null unless ``outcome`` is 1); ``horizon_end`` the last day looked at (null: not known yet).
    """
    at = _origin_frames(nw.from_native(history.school_days).lazy(), origins)
    if isinstance(outcome, AbsentDays):
        windows = _school_week_windows(history, at, outcome)
        events = _absent_day_events(history, windows, outcome)
    else:
        windows = _calendar_windows(at, outcome)
        events = _registered_events(registered, windows, outcome)
    population = _population(nw.from_native(history.enrolments).lazy(), windows)
    settled = nw.col("over") & (nw.col("horizon_end") < number_of(until) - outcome.settle_days)
    reached = ~nw.col("reached").is_null()
    known = nw.when(settled & reached).then(nw.lit(1)).when(settled & nw.col("stays")).then(nw.lit(0))
    return (
        population.join(events, on=["school", "pupil", "origin"], how="left")
        .with_columns(known.otherwise(nw.lit(None, dtype=nw.Int64)).cast(nw.Int8).alias("outcome"))
        .with_columns(already=nw.col("already").fill_null(value=False))
        .with_columns(_only_where_true("onset"), _only_where_true("reached"))
        .select("school", "pupil", "origin", "outcome", "already", "onset", "reached", "horizon_end")
    )


def _only_where_true(column: str) -> nw.Expr:
    return nw.when(nw.col("outcome") == 1).then(nw.col(column)).otherwise(nw.lit(None, dtype=nw.Int64)).alias(column)


def _origin_frames(frame: Frame, origins: Sequence[date]) -> Frame:
    """`frame` once for each origin."""
    return nw.concat(
        [frame.with_columns(origin=nw.lit(number_of(origin), dtype=nw.Int64)) for origin in sorted(set(origins))]
    )


def _school_week_windows(history: Known, at: Frame, outcome: AbsentDays) -> Frame:
    """Per school and origin: first day of the look back, last day of the horizon, and whether it is over.

    Over means: as many school weeks as the horizon takes are known, and the school's registrations run that far. A
    school that stopped delivering has no pupils without absence, only days nobody told us about.
    """
    weeks = at.group_by("school", "origin", "week").agg(first=nw.col("day").min(), last=nw.col("day").max())
    place = ["school", "origin"]
    ahead = _nth_weeks(weeks.filter(nw.col("last") >= nw.col("origin")), outcome.horizon_weeks, descending=False)
    back = _nth_weeks(weeks.filter(nw.col("first") < nw.col("origin")), outcome.horizon_weeks, descending=True)
    told = nw.from_native(history.days).lazy().group_by("school").agg(told_until=nw.col("day").max())
    return (
        weeks.select(*place)
        .unique()
        .join(ahead.group_by(place).agg(horizon_end=nw.col("last").max(), _weeks=nw.len()), on=place, how="left")
        .join(back.group_by(place).agg(back_from=nw.col("first").min()), on=place, how="left")
        .join(told, on="school", how="left")
        .with_columns(
            over=(nw.col("_weeks") == outcome.horizon_weeks) & (nw.col("told_until") >= nw.col("horizon_end")),
            back_from=nw.coalesce("back_from", "origin"),
        )
        .select(*place, "back_from", "horizon_end", "over")
    )


def _nth_weeks(weeks: Frame, count: int, *, descending: bool) -> Frame:
    """Return the `count` weeks nearest to the origin."""
    rank = nw.col("week").rank("dense", descending=descending).over("school", "origin")
    return weeks.with_columns(_rank=rank).filter(nw.col("_rank") <= count)


def _calendar_windows(at: Frame, outcome: Registered) -> Frame:
    """The same in calendar days; being there already looks back without limit."""
    return (
        at.select("school", "origin")
        .unique()
        .with_columns(
            back_from=nw.lit(_LONG_AGO, dtype=nw.Int64),
            horizon_end=nw.col("origin") + outcome.horizon_days - 1,
            over=nw.lit(value=True),
        )
    )


def _absent_day_events(history: Known, windows: Frame, outcome: AbsentDays) -> Frame:
    """Per pupil and origin: already there, first day that counts, and the day that made it true."""
    share = nw.col("absent_minutes") >= outcome.min_share * nw.col("scheduled_minutes")
    counting = (
        nw.from_native(history.days)
        .lazy()
        .filter((nw.col("scheduled_minutes") > 0) & share)
        .select("school", "pupil", "day")
    )
    return _events(counting, windows, outcome.min_days)


def _registered_events(registered: Frame | None, windows: Frame, outcome: Registered) -> Frame:
    if registered is None:
        detail = f"de uitkomst '{outcome.outcome}' komt uit de tabel outcomes, maar die is niet gegeven"
        raise SettingsError(detail, remedy="Lever de tabel outcomes aan, of kies een andere uitkomst.")
    rows = nw.from_native(registered).lazy().filter(nw.col("outcome") == outcome.outcome)
    return _events(rows.select("school", "pupil", "day").unique(), windows, 1)


def _events(days: Frame, windows: Frame, enough: int) -> Frame:
    seen = days.join(windows, on="school", how="inner").filter(
        (nw.col("day") >= nw.col("back_from"))
        & ((nw.col("day") < nw.col("origin")) | (nw.col("day") <= nw.col("horizon_end")))
    )
    key = ["school", "pupil", "origin"]
    future = nw.col("day") >= nw.col("origin")
    past = seen.filter(~future).group_by(key).agg(_past=nw.len()).with_columns(already=nw.col("_past") >= enough)
    number = nw.col("day").rank("dense").over(*key)
    numbered = seen.filter(future).select(*key, "day").with_columns(_number=number)
    first = numbered.filter(nw.col("_number") == 1).select(*key, onset=nw.col("day"))
    nth = numbered.filter(nw.col("_number") == enough).select(*key, reached=nw.col("day"))
    pupils = nw.concat([past.select(*key), first.select(*key)]).unique()
    joined = pupils.join(past.select(*key, "already"), on=key, how="left")
    return joined.join(first, on=key, how="left").join(nth, on=key, how="left")


def _population(enrolments: Frame, windows: Frame) -> Frame:
    """Pupils enrolled at each origin, and whether they still are when the horizon ends."""
    key = ["school", "pupil", "origin"]
    spells = enrolments.select("school", "pupil", "from_day", "to_day").join(windows, on="school", how="inner")
    there = spells.filter(_covers("origin")).select(*key, "horizon_end", "over").unique()
    staying = spells.filter(_covers("horizon_end")).select(*key).unique().with_columns(stays=nw.lit(value=True))
    return there.join(staying, on=key, how="left").with_columns(stays=nw.col("stays").fill_null(value=False))


def _covers(day: str) -> nw.Expr:
    return (nw.col("from_day") <= nw.col(day)) & (nw.col("to_day") >= nw.col(day))
