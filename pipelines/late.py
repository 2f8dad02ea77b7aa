"""A file that is given after a newer one of the same table: what the newer one repeated was not stored, so it cannot be seen.

Given with its own moment it is put in there (`given_late`); given as if it were new, it puts its older readings back.
"""

from datetime import datetime

import polars as pl

from data_contracts.quality import Finding, Severity
from data_contracts.tables import RecordedBasis, Table
from pipelines.versions import latest


def given_late(
    table: Table,
    added: pl.DataFrame,
    stored: pl.DataFrame,
    deliveries: frozenset[str],
    *,
    delivered_at: datetime,
    file: str,
) -> list[Finding]:
    """Tell of facts that a late file changes after all, although a newer file may have said they stayed as they were.

    Parameters
    ----------
    table
        The table.
    added
        The versions that the file adds.
    stored
        Every stored version of the facts that it speaks of.
    deliveries
        Names of what was delivered before (`delivery_name`).
    delivered_at
        The file's moment (UTC).
    """
    if not any(_moment(name) > _stamp(delivered_at) for name in deliveries if _table(name) == table.name):
        return []
    then = pl.col("delivered_at") <= delivered_at
    known, told_since = (stored.filter(when).select("record") for when in (then, ~then))
    facts = (
        added.select("record").unique().join(known, on="record", how="semi").join(told_since, on="record", how="anti")
    )
    if facts.is_empty():
        return []
    finding = Finding(
        check="given_late",
        severity=Severity.WARNING,
        message="van een later moment is al een bestand met deze tabel ingelezen; wat daarin ongewijzigd stond is niet "
        "bewaard, dus voor deze feiten geldt nu wat dit oudere bestand zegt",
        remedy="Lees de bestanden van na dit moment nog eens in, op volgorde en met hun eigen moment van levering.",
        file=file,
        count=facts.height,
    )
    return [finding]


def older_than_known(rows: pl.DataFrame, added: pl.DataFrame, stored: pl.DataFrame, *, file: str) -> list[Finding]:
    """Tell of facts to which a file gives an older reading back, by the moments that the source itself states.

    Parameters
    ----------
    rows
        The delivered rows, dated (`pipelines.versions.dated`).
    added
        The versions that the file adds.
    stored
        Every version of the facts that it speaks of that was stored by its moment.
    """
    own = pl.col("recorded_basis") == RecordedBasis.SOURCE.value
    # What has the delivery's moment, because the source kept its first one, cannot be compared.
    known = latest(stored).filter(own & (pl.col("recorded_at") < pl.col("delivered_at")))
    said = rows.filter(own).group_by("record").agg(pl.col("recorded_at").max(), pl.col("_row").min())
    older = said.join(known.select("record", _known_at="recorded_at"), on="record")
    older = older.filter(pl.col("recorded_at") < pl.col("_known_at"))
    newest = added.group_by("record").agg(_now=pl.col("recorded_at").max())
    back = older.join(newest, on="record").filter(pl.col("_now") > pl.col("_known_at"))
    if back.is_empty():
        return []
    finding = Finding(
        check="older_reading",
        severity=Severity.WARNING,
        message="van deze feiten was al een lezing bekend die op school later is ingevoerd; dit bestand zet de oudere terug",
        remedy="Is dit een oudere export? Lees dan de nieuwste nog eens in, en geef oude exports hun eigen moment van levering.",
        file=file,
        row=back["_row"].min(),
        count=back.height,
    )
    return [finding]


def delivery_name(delivered_at: datetime, table: str, sha256: str) -> str:
    """Return the name of a delivery: it follows from what it is, and names sort by moment."""
    return f"{_stamp(delivered_at)}-{table}-{sha256[:8]}"


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def _moment(name: str) -> str:
    return name.partition("-")[0]


def _table(name: str) -> str:
    return name.partition("-")[2].partition("-")[0]
