"""The lake: what was accepted, as immutable Parquet files, one a delivery.

A delivery's rows stand in ``lake/<table>/<school>/<delivery>.parquet``, its report in
``lake/reports/<school>/<delivery>.json``. The report is written last and is the commit: rows without
a report do not exist, so a crash halfway leaves nothing to see and the next run mends it. Of a delivery that says nothing
new there is a report only: it tells up to which moment the school's data are known.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path

import polars as pl
from pydantic import ValidationError

from data_contracts.errors import StorageError
from data_contracts.files import write_whole
from data_contracts.quality import QualityReport
from data_contracts.school import SchoolSettings, read_school
from data_contracts.tables import NAMES, TABLES, Column, ColumnType, Table, lake_columns
from features.known import SUPERSEDED, known, with_successors
from pipelines.home import Home

MOMENT = pl.Datetime("us", "UTC")
_FULL = "Controleer de schijfruimte en de rechten, en draai de import opnieuw; er is niets half opgeslagen."

_TYPES: dict[ColumnType, pl.DataType] = {
    "string": pl.String(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "bool": pl.Boolean(),
    "date": pl.Date(),
    "datetime": MOMENT,
}


def polars_type(column: Column) -> pl.DataType:
    """Return the Polars type in which `column` is stored."""
    return _TYPES[column.type]


def schema(table: Table) -> dict[str, pl.DataType]:
    """Columns and types of `table` as stored; of names only the sealed text is kept."""
    if table.name == NAMES.name:
        stored: dict[str, pl.DataType] = {"school": pl.String(), "pupil": pl.String(), "sealed": pl.String()}
    else:
        stored = {column.name: polars_type(column) for column in lake_columns(table)}
    return stored | {"delivered_at": MOMENT, "delivery": pl.String()}


def as_known(versions: pl.LazyFrame, as_of: datetime) -> pl.LazyFrame:
    """Return of each record in `versions` the one that was known at `as_of`, without facts taken back."""
    frame: pl.LazyFrame = known(versions, as_of).to_native()
    return frame


def succeeded(versions: pl.DataFrame) -> pl.DataFrame:
    """Add to each version when its record's next version was recorded: `as_known` of the result is a mere filter."""
    if versions["record"].n_unique() == versions.height:  # as nearly always in what arrives, and soon seen
        return versions.with_columns(pl.lit(None, dtype=MOMENT).alias(SUPERSEDED))
    frame: pl.DataFrame = with_successors(versions).collect().to_native()
    return frame


def ever_within(versions: pl.LazyFrame, column: str, first: date, last: date) -> pl.LazyFrame:
    """Return all versions of the records of which one has a day in `column` from `first` up to and with `last`.

    What `as_known` says of those days is the same as of all `versions`, at a fraction of the work.
    """
    chosen = versions.filter(pl.col(column).is_between(first, last)).select("record").unique()
    return versions.join(chosen, on="record", how="semi")


class Lake:
    """The stored deliveries of one installation; rows are only ever added.

    Parameters
    ----------
    home
        Where the installation keeps its state. Nothing need exist there yet.
    """

    def __init__(self, home: Home) -> None:
        self.home = home

    def append(self, frame: pl.DataFrame, report: QualityReport) -> None:
        """Store one accepted delivery: its rows first, then its report.

        Parameters
        ----------
        frame
            Rows in the form of `schema`.
        report
            Its report; names the school, the table and the delivery.

        Raises
        ------
        StorageError
            The disk refuses, or a delivery of this name is stored already.
        """
        rows = self.home.lake / report.table / report.school / f"{report.delivery}.parquet"
        marker = self._marker(report)
        if marker.exists():
            detail = f"levering {report.delivery} van school {report.school} is al opgeslagen"
            raise StorageError(detail, remedy="Er wordt nooit iets overschreven. Draai de import opnieuw.")
        write_whole(rows, frame.select(*schema(TABLES[report.table])).write_parquet, remedy=_FULL)
        self.note(report)

    def note(self, report: QualityReport) -> None:
        """Store the report of a delivery: after its rows, or by itself where it adds none.

        Raises
        ------
        StorageError
            The disk refuses.
        """
        json = report.model_dump_json(indent=1)
        write_whole(self._marker(report), lambda path: path.write_text(json, encoding="utf-8"), remedy=_FULL)

    def scan(
        self, table: str, *, schools: Sequence[str] | None = None, delivered_by: datetime | None = None
    ) -> pl.LazyFrame:
        """Return every stored version of `table`.

        Parameters
        ----------
        table
            Name of the table.
        schools
            Only these schools; all where it is left out.
        delivered_by
            Only what had been delivered by this moment (UTC).

        Returns
        -------
        polars.LazyFrame
            Columns of `schema`. A fact is a ``record`` within a school; of its versions the one with
            the latest ``recorded_at`` stands.
        """
        files = self.files(table, schools=self.schools() if schools is None else schools)
        if not files:
            return pl.LazyFrame(schema=schema(TABLES[table]))
        rows = pl.scan_parquet(files)
        return rows if delivered_by is None else rows.filter(pl.col("delivered_at") <= delivered_by)

    def files(self, table: str, *, schools: Sequence[str]) -> list[Path]:
        """Return the files that hold the stored versions of `table`, for who reads them elsewhere."""
        return [file for school in schools for file in self._rows(table, school)]

    def sweep(self, school: str) -> None:
        """Remove what an interrupted import of `school` left behind: rows without a report, half-written files.

        Only for who holds the school's lock.
        """
        committed = self.deliveries(school)
        for path in self.home.lake.glob(f"*/{school}/*"):
            if path.name.startswith(".") or (path.suffix == ".parquet" and path.stem not in committed):
                path.unlink(missing_ok=True)

    def reports(self, school: str | None = None) -> list[QualityReport]:
        """Return the reports of all stored deliveries, in the order in which they became known."""
        schools = self.schools() if school is None else [school]
        found = [_read(path) for name in schools for path in self._markers(name)]
        return sorted(found, key=lambda report: (report.delivered_at, report.school, report.delivery))

    def deliveries(self, school: str) -> frozenset[str]:
        """Return the names of the deliveries that are stored of `school`."""
        return frozenset(path.stem for path in self._markers(school))

    def has(self, delivery: str, school: str) -> bool:
        """Whether a delivery of this name is stored."""
        return (self.home.lake / "reports" / school / f"{delivery}.json").exists()

    def schools(self) -> list[str]:
        """Schools of which at least one delivery is stored, in order."""
        return sorted({path.parent.name for path in (self.home.lake / "reports").glob("*/*.json")})

    def settings(self, school: str) -> SchoolSettings:
        """Return the settings of `school`.

        Raises
        ------
        NotFoundError, SettingsError
            There are none, or they are wrong.
        """
        return read_school(self.home.schools / f"{school}.toml")

    def all_settings(self) -> dict[str, SchoolSettings]:
        """Return the settings of every school that has them.

        Raises
        ------
        SettingsError
            A file is wrong.
        """
        found = [read_school(path) for path in sorted(self.home.schools.glob("*.toml"))]
        return {settings.school: settings for settings in found}

    def sealed_names(self, school: str) -> dict[str, str]:
        """Return the latest sealed name of each pupil of `school`."""
        latest = (
            self.scan(NAMES.name, schools=[school])
            .sort("delivered_at", "delivery", maintain_order=True)
            .unique("pupil", keep="last", maintain_order=True)
            .select("pupil", "sealed")
            .collect()
        )
        return dict(latest.iter_rows())

    def _marker(self, report: QualityReport) -> Path:
        return self.home.lake / "reports" / report.school / f"{report.delivery}.json"

    def _markers(self, school: str) -> Iterable[Path]:
        return sorted((self.home.lake / "reports" / school).glob("*.json"))

    def _rows(self, table: str, school: str) -> list[Path]:
        committed = self.deliveries(school)
        files = (self.home.lake / table / school).glob("*.parquet")
        return sorted(path for path in files if path.stem in committed)


def _read(path: Path) -> QualityReport:
    try:
        return QualityReport.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        detail = f"het rapport {path} is niet te lezen"
        remedy = "Zet het bestand terug uit de reservekopie; zonder rapport telt de levering niet mee."
        raise StorageError(detail, remedy=remedy) from None
