"""The door to who objected to being listed: asked by whatever scores, lists, counts or learns; written by the command line and the batch."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from pipelines.home import Home
from pipelines.publishing import open_database
from service.rights.by_number import Waiting, settle, waiting
from service.rights.kinds import AskedBy
from service.rights.objected import Objector, Pupil, record_access, register, withdraw
from service.rights.objected import objected as in_database

SQLITE = "sqlite:///"


def objected(home: Home, *, schools: Sequence[str] | None = None, at: datetime | None = None) -> frozenset[Pupil]:
    """Return school and pseudonym of who does not take part, now or at a moment (UTC); a fresh home has nobody."""
    path = home.database_url.removeprefix(SQLITE)
    if path != home.database_url and not Path(path).exists():
        return frozenset()  # to make a database takes longer than to answer
    database = open_database(home.database_url)
    try:
        return in_database(database, schools=schools, at=at)
    finally:
        database.dispose()


def without(rows: pl.DataFrame, pupils: frozenset[Pupil]) -> pl.DataFrame:
    """Return rows with ``school`` and ``pupil`` without those about `pupils`, in the same order."""
    if not pupils:
        return rows
    schema = {"school": pl.String, "pupil": pl.String}
    left_out = pl.DataFrame(sorted(pupils), schema=schema, orient="row")
    return rows.join(left_out, on=["school", "pupil"], how="anti", maintain_order="left")


__all__ = [
    "AskedBy",
    "Objector",
    "Pupil",
    "Waiting",
    "objected",
    "record_access",
    "register",
    "settle",
    "waiting",
    "withdraw",
    "without",
]
