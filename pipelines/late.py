"""A file that is given after a newer one of the same table: what the newer one repeated was not stored, so it cannot be seen."""

from datetime import datetime

import polars as pl

from data_contracts.quality import Finding, Severity
from data_contracts.tables import Table


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


def delivery_name(delivered_at: datetime, table: str, sha256: str) -> str:
    """Return the name of a delivery: it follows from what it is, and names sort by moment."""
    return f"{_stamp(delivered_at)}-{table}-{sha256[:8]}"


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def _moment(name: str) -> str:
    return name.partition("-")[0]


def _table(name: str) -> str:
    return name.partition("-")[2].partition("-")[0]
