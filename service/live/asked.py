"""A request for scores as it is worked with: its facts in frames, each column of the type that the contract gives it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import polars as pl

from data_contracts.column_types import TYPES
from data_contracts.tables import Column
from service.live.score_request import COLUMNS, SchoolInVraag, ScoreVraag


@dataclass(frozen=True)
class Asked:
    """What was asked.

    Parameters
    ----------
    moment
        The peilmoment; None is now.
    school
        The school.
    tables
        A frame for each of `COLUMNS`, in the order of the request; what was left out holds the column's default.
    """

    moment: datetime | None
    school: SchoolInVraag
    tables: Mapping[str, pl.DataFrame]

    @classmethod
    def of(cls, request: ScoreVraag) -> "Asked":
        """Return `request` with its rows as frames."""
        tables = {name: _framed(columns, getattr(request, name)) for name, columns in COLUMNS.items()}
        return cls(request.peilmoment, request.school, tables)

    @cached_property
    def pupils(self) -> frozenset[str]:
        """Pseudonyms of those who are sent."""
        return frozenset(self.tables["inschrijvingen"].get_column("pupil"))

    @cached_property
    def strangers(self) -> Mapping[str, set[str]]:
        """Pupils in each table who are not enrolled."""
        return {
            name: set(frame.get_column("pupil").drop_nulls().unique()) - self.pupils
            for name, frame in self.tables.items()
        }


def defaults(columns: Sequence[Column]) -> list[pl.Expr]:
    """Return what fills the empty cells of columns that have a default."""
    return [pl.col(column.name).fill_null(column.default) for column in columns if column.default is not None]


def _framed(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    made = {column.name: pl.Series([row[column.name] for row in rows], dtype=TYPES[column.type]) for column in columns}
    return pl.DataFrame(made).with_columns(defaults(columns))
