"""The tables that features are built from, in whatever dataframe they come."""

from dataclasses import dataclass

from narwhals.typing import IntoFrame


@dataclass(frozen=True)
class Tables:
    """Versions of facts as the lake holds them (`data_contracts.tables.lake_columns`), of one or more schools.

    Parameters
    ----------
    enrolments, timetable, absences
        Native frames of one kind: Polars, pandas or PySpark. Every version of every record; `known` picks the one that
        was known at a moment.
    """

    enrolments: IntoFrame
    timetable: IntoFrame
    absences: IntoFrame
