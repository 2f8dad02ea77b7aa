"""What a delivery adds to what was known: new facts, corrections, and facts taken back.

Nothing stored is ever changed. A fact is a *record*; each time its content changes, a new version is
stored with the moment from which it holds. No two versions of a record share a moment, so "what was
known on that day" has one answer. Delivering the same rows again adds nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from data_contracts.quality import Finding, Severity
from data_contracts.tables import RecordedBasis, Table, lake_columns
from pipelines.lake import MOMENT

EVENING = 23
"""Local hour at which something that happened that day counts as recorded, where only the day is known."""

LOCAL = "Europe/Amsterdam"
TICK = pl.duration(microseconds=1)
_NOT_CONTENT = {"school", "record", "recorded_at", "recorded_basis"}


@dataclass(frozen=True)
class Change:
    """What one delivery adds.

    Parameters
    ----------
    frame
        The versions to store, in the columns of `lake_columns` without ``school``.
    new, corrected, withdrawn
        Facts that were unknown, changed, and taken back.
    dropped
        Rows left out because the same or a later word on the fact is there already.
    findings
        What is odd about it, as warnings; an error where a complete delivery would take back too much.
    """

    frame: pl.DataFrame
    new: int
    corrected: int
    withdrawn: int
    dropped: int
    findings: tuple[Finding, ...]


def dated(
    table: Table, frame: pl.DataFrame, *, delivered_at: datetime, as_event: bool, file: str
) -> tuple[pl.DataFrame, list[Finding]]:
    """Say for every row when it became known, and where that moment comes from.

    The source's own moment stands; where it has none, the delivery's, or (`as_event`) the evening of
    the day itself. Nothing can have been recorded after it was delivered: such a moment becomes the delivery's.
    """
    moment = pl.lit(delivered_at, dtype=MOMENT)
    given = pl.col("recorded_at").is_not_null()
    late = frame.filter(pl.col("recorded_at") > moment)
    without, basis = moment, RecordedBasis.DELIVERY
    if as_event and table.event_date is not None:
        evening = pl.col(table.event_date).cast(pl.Datetime("us")).dt.offset_by(f"{EVENING}h")
        without, basis = evening.dt.replace_time_zone(LOCAL).dt.convert_time_zone("UTC"), RecordedBasis.ASSUMED
    filled = frame.with_columns(
        recorded_at=pl.min_horizontal(pl.when(given).then("recorded_at").otherwise(without), moment),
        recorded_basis=pl.when(given).then(pl.lit(RecordedBasis.SOURCE.value)).otherwise(pl.lit(basis.value)),
    )
    if late.is_empty():
        return filled, []
    finding = _warning(
        "recorded_after_delivery",
        "er zijn regels die ná de levering zijn vastgelegd; daarvoor geldt nu het moment van de levering",
        "Controleer de klok van het systeem en de tijdzone in de export.",
        rows=late,
        file=file,
    )
    return filled, [finding.model_copy(update={"column": "recorded_at", "value": str(late["recorded_at"][0])})]


def one_per_moment(frame: pl.DataFrame, *, file: str) -> tuple[pl.DataFrame, list[Finding]]:
    """Keep one row for each record and moment: the last in the file."""
    repeated = frame.filter(pl.struct("record", "recorded_at").is_duplicated())
    if repeated.is_empty():
        return frame, []
    key = ["record", "recorded_at"]
    groups = repeated.group_by(key).agg(pl.col("_content").n_unique(), rows=pl.len(), _row=pl.col("_row").max())
    findings = []
    for check, said, message, remedy in (
        (
            "duplicate_rows",
            pl.col("_content") == 1,
            "dezelfde regel staat er meer dan eens in; hij telt één keer",
            "Er hoeft niets te gebeuren, maar kijk of de export een dubbele selectie heeft.",
        ),
        (
            "contradictory_rows",
            pl.col("_content") > 1,
            "regels spreken elkaar tegen over hetzelfde feit; de laatste in het bestand geldt",
            "Geef elke melding een eigen kenmerk ('record'), of lever per feit één regel.",
        ),
    ):
        found = groups.filter(said).sort("_row")
        if not found.is_empty():
            count = int((found["rows"] - 1).sum())
            findings.append(_warning(check, message, remedy, rows=found, file=file, count=count))
    return frame.unique(key, keep="last", maintain_order=True), findings


def compare(  # noqa: PLR0913 - this much is said of a delivery
    table: Table,
    frame: pl.DataFrame,
    stored: pl.DataFrame,
    *,
    delivered_at: datetime,
    complete: tuple[date, date] | None = None,
    beside: Collection[str] = (),
    again: Collection[str] = (),
    file: str = "",
) -> Change:
    """Return what `frame` adds to `stored`.

    Parameters
    ----------
    table
        The table of both.
    frame
        The delivered rows, dated (`dated`), in lake columns without ``school``, and ``_row``.
    stored
        Every stored version of this school: lake columns, ``delivered_at`` and ``delivery``.
    delivered_at
        The delivery's moment (UTC). What was delivered after it is left out of the comparison, so
        that an old delivery given again, or given late, finds what it found then.
    complete
        First and last day for which `frame` holds every fact; a known fact in it that is missing is taken back.
    beside
        Records that files hold with which this one is complete together: they are not missing.
    again
        Records that are recorded anew with this delivery, also where they say what was known (`pipelines.returned`).
    file
        Name of the file, for the findings.
    """
    content = [c.name for c in lake_columns(table) if c.name not in _NOT_CONTENT]
    before = len(frame)
    frame, findings = one_per_moment(frame.with_columns(_content=_hashed(frame, content)), file=file)
    stored = stored.with_columns(_content=_hashed(stored, content))
    then = stored.filter(pl.col("delivered_at") <= delivered_at)
    known = latest(then)

    told = _changed(frame, known, then, again, delivered_at=delivered_at)
    fresh = told.join(stored, on=["record", "recorded_at"], how="anti")
    passed_over = told.join(stored, on=["record", "recorded_at", "_content"], how="anti").height - fresh.height
    if passed_over > 0:
        findings.append(_overtaken(passed_over, file=file))
    if complete is not None:
        gone = _missing(table, frame, known, complete=complete)
        gone = gone.filter(~pl.col("record").is_in(sorted(beside)))
        refusal = _too_many_gone(gone, known, table=table, complete=complete, file=file)
        findings += refusal
        fresh = pl.concat([fresh, _taken_back(gone, fresh, delivered_at=delivered_at)])
    return Change(
        frame=fresh.select(c.name for c in lake_columns(table) if c.name != "school"),
        new=_facts(fresh.filter(pl.col("_known_withdrawn").is_null())),
        corrected=_facts(fresh.filter(pl.col("_known_withdrawn").is_not_null() & ~_takes_back())),
        withdrawn=_facts(fresh.filter(pl.col("_known_withdrawn").is_not_null() & _takes_back())),
        dropped=before - len(frame) + passed_over,
        findings=tuple(findings),
    )


def _changed(
    frame: pl.DataFrame, known: pl.DataFrame, then: pl.DataFrame, again: Collection[str], *, delivered_at: datetime
) -> pl.DataFrame:
    """Rows that say something other than what was known, or say it `again`, each with the moment from which it holds.

    The last row of a record in a file is what the file says now; earlier ones are its history.
    """
    moment = pl.lit(delivered_at, dtype=MOMENT)
    latest = known.select("record", _known="_content", _known_at="recorded_at", _known_withdrawn="withdrawn")
    anew = pl.col("record").is_in(sorted(again))
    rows = frame.with_columns(_last=pl.col("recorded_at") == pl.col("recorded_at").max().over("record"))
    rows = rows.join(latest, on="record", how="left", maintain_order="left")
    history = rows.filter(~pl.col("_last"))
    news = rows.filter("_last").filter(pl.col("_content").ne_missing(pl.col("_known")) | anew)
    news = news.join(_said_at(then, moment), on=["record", "_content"], how="anti", maintain_order="left")
    later = (
        pl.when(pl.col("_known_at").is_null() | ((pl.col("recorded_at") > pl.col("_known_at")) & ~anew))
        .then("recorded_at")
        .otherwise(pl.max_horizontal(moment, pl.col("_known_at") + TICK))
    )
    return pl.concat([history, news.with_columns(recorded_at=later)])


def _said_at(then: pl.DataFrame, moment: pl.Expr) -> pl.DataFrame:
    """What other files of this very moment said: of a record they changed, both its old and its new content.

    Two files of one moment that disagree have no order of their own. A change then beats no change, whichever is read
    first, and giving both again settles nothing anew.
    """
    now = then.filter(pl.col("delivered_at") == moment)
    before = latest(then.filter(pl.col("delivered_at") < moment)).join(now, on="record", how="semi")
    return pl.concat([part.select("record", "_content") for part in (now, before)]).unique()


def latest(versions: pl.DataFrame) -> pl.DataFrame:
    """Return of each fact the version that was recorded last, or delivered last where that is the same moment."""
    return versions.sort("recorded_at", "delivered_at").unique("record", keep="last", maintain_order=True)


def _missing(table: Table, frame: pl.DataFrame, known: pl.DataFrame, *, complete: tuple[date, date]) -> pl.DataFrame:
    within = pl.col(table.event_date or "date").is_between(*complete)
    return known.filter(within & ~pl.col("withdrawn")).join(frame, on="record", how="anti", maintain_order="left")


def _too_many_gone(
    gone: pl.DataFrame, known: pl.DataFrame, *, table: Table, complete: tuple[date, date], file: str
) -> list[Finding]:
    within = pl.col(table.event_date or "date").is_between(*complete)
    total = known.filter(within & ~pl.col("withdrawn")).height
    if gone.height * 2 <= total:
        return []
    finding = Finding(
        check="incomplete_delivery",
        severity=Severity.ERROR,
        message=f"het bestand zou volledig zijn van {complete[0]} t/m {complete[1]}, maar mist {gone.height} van de "
        f"{total} feiten die al bekend zijn",
        remedy="Lever het hele bestand, of haal weg dat het volledig is: complete_from en complete_to in deliveries.toml, of die van de opdracht.",
        file=file,
        count=gone.height,
    )
    return [finding]


def _taken_back(gone: pl.DataFrame, like: pl.DataFrame, *, delivered_at: datetime) -> pl.DataFrame:
    moment = pl.lit(delivered_at, dtype=MOMENT)
    rows = gone.with_columns(
        _known_withdrawn=pl.col("withdrawn"),
        withdrawn=pl.lit(value=True),
        recorded_at=pl.max_horizontal(moment, pl.col("recorded_at") + TICK),
        recorded_basis=pl.lit(RecordedBasis.DELIVERY.value),
    )
    absent = [pl.lit(None, dtype=like.schema[name]).alias(name) for name in like.columns if name not in rows.columns]
    return rows.with_columns(absent).select(like.columns)


def _takes_back() -> pl.Expr:
    return pl.col("withdrawn") & ~pl.col("_known_withdrawn")


def _facts(rows: pl.DataFrame) -> int:
    return rows["record"].n_unique()


def _hashed(frame: pl.DataFrame, content: list[str]) -> pl.Series:
    """One number a row that differs when the content does (64 bits, compared within one record only)."""
    return frame.select(content).hash_rows(seed=0)


def _overtaken(count: int, *, file: str) -> Finding:
    return Finding(
        check="overtaken",
        severity=Severity.WARNING,
        message="van deze feiten is al een andere lezing bekend met hetzelfde moment; die blijft staan",
        remedy="Lever bestanden in de volgorde waarin ze zijn gemaakt, of geef elke wijziging een eigen moment.",
        file=file,
        count=count,
    )


def _warning(
    check: str, message: str, remedy: str, *, rows: pl.DataFrame, file: str, count: int | None = None
) -> Finding:
    return Finding(
        check=check,
        severity=Severity.WARNING,
        message=message,
        remedy=remedy,
        file=file,
        row=int(rows["_row"][0]),
        count=rows.height if count is None else count,
    )
