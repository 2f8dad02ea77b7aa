"""The tables that features are built from, in whatever dataframe they come."""

from dataclasses import dataclass

from narwhals.typing import IntoFrame

from features.frames import settle
from features.known import with_successors


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


def prepared(tables: Tables) -> Tables:
    """Work out once what every as-of moment asks for: which version follows which. For building at many moments."""
    return Tables(
        enrolments=settle(with_successors(tables.enrolments)).to_native(),
        timetable=settle(with_successors(tables.timetable)).to_native(),
        absences=settle(with_successors(tables.absences)).to_native(),
    )
