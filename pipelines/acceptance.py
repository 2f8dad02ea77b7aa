"""One table of one file at the door: checked, compared with what was known, and stored or refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import polars as pl

from data_contracts.quality import Finding, QualityReport, Severity, Verdict, WeekQuality
from data_contracts.school import SchoolSettings
from data_contracts.tables import ABSENCES, CONTRACT_VERSION, NAMES, TABLES, Table
from features.calendar import local_date
from pipelines.deliveries import Parcel
from pipelines.keys import Keys
from pipelines.lake import MOMENT, Lake, ever_within, schema
from pipelines.quality import week_quality
from pipelines.sources import Reading
from pipelines.surroundings import Surroundings, what_does_not_fit
from pipelines.versions import Change, compare, dated

WEEKS_GRADED = 4
"""Weeks that a report on absences grades: the last ones it has registrations in."""


@dataclass(frozen=True)
class Arrival:
    """A file that came in.

    Parameters
    ----------
    parcel
        The file and what is said about it.
    delivered_at
        When it became known (UTC).
    source
        Its format.
    sha256
        Digest of its bytes.
    """

    parcel: Parcel
    delivered_at: datetime
    source: str
    sha256: str


@dataclass(frozen=True)
class Staged:
    """One table of a file, judged but not yet stored: the rows it would add, and its report so far."""

    frame: pl.DataFrame
    report: QualityReport

    def told(self, extra: list[Finding]) -> "Staged":
        """Return the same with `extra` findings in the report."""
        return replace(self, report=self.report.model_copy(update={"findings": (*self.report.findings, *extra)}))

    def refused(self, because: Finding) -> QualityReport:
        """Return the report of a refusal, `because` of another part of the same file where this part is sound."""
        findings = self.report.findings
        if not any(finding.severity is Severity.ERROR for finding in findings):
            other = Finding(
                check="other_part_refused",
                severity=Severity.ERROR,
                message=f"een ander deel van hetzelfde bestand is geweigerd: {because.message}",
                remedy=because.remedy,
                file=because.file,
                row=because.row,
            )
            findings = (other, *findings)
        update = {"verdict": Verdict.REFUSED, "findings": findings, "new": 0, "corrected": 0, "withdrawn": 0}
        return self.report.model_copy(update=update)


def stage(
    lake: Lake,
    keys: Keys,
    reading: Reading,
    *,
    judged: Sequence[Finding],
    arrival: Arrival,
    settings: SchoolSettings | None,
    beside: Mapping[str, pl.DataFrame],
) -> Staged:
    """Judge what a reader handed over, and work out what it adds to the lake.

    Parameters
    ----------
    lake, keys
        What is stored already, and the keys to open stored names with.
    reading
        One table of the file.
    judged
        What the door found in it.
    arrival
        The file.
    settings
        The school's settings; None where the file names its own schools.
    beside
        Rows by table that the same file adds, judged before this one.
    """
    table, file = TABLES[reading.table], arrival.parcel.path.name
    findings = list(reading.findings)
    located = {(finding.row, finding.column) for finding in findings if finding.row is not None}
    findings += [finding for finding in judged if (finding.row, finding.column) not in located]
    if any(finding.severity is Severity.ERROR for finding in findings):
        change = Change(pl.DataFrame(schema=schema(table)), 0, 0, 0, 0, ())
    elif table.name == NAMES.name:
        change = new_names(lake, keys, reading)
    else:
        change, more = _compared(lake, table, reading, arrival=arrival, settings=settings, beside=beside)
        findings += more
    findings += change.findings
    report = QualityReport(
        delivery=_free_name(lake, reading, arrival),
        school=reading.school,
        source=arrival.source,
        table=table.name,
        file=file,
        delivered_at=arrival.delivered_at,
        sha256=arrival.sha256,
        verdict=Verdict.UNCHANGED,  # until it is stored
        rows=reading.rows,
        new=change.new,
        corrected=change.corrected,
        withdrawn=change.withdrawn,
        dropped=reading.dropped + change.dropped,
        findings=tuple(findings),
        contract_version=CONTRACT_VERSION,
    )
    marks = {"school": pl.lit(reading.school), "delivery": pl.lit(report.delivery)}
    moment = pl.lit(arrival.delivered_at, dtype=MOMENT)
    return Staged(change.frame.with_columns(**marks, delivered_at=moment).select(*schema(table)), report)


def store(lake: Lake, staged: Staged, *, delivered_at: datetime) -> QualityReport:
    """Write an accepted table and its report; where it adds nothing, write nothing."""
    if staged.frame.is_empty():
        return staged.report.model_copy(update={"verdict": Verdict.UNCHANGED})
    report = staged.report.model_copy(update={"verdict": _verdict(staged.report)})
    if report.table == ABSENCES.name:
        report = report.model_copy(update={"weeks": _graded(lake, staged, delivered_at=delivered_at)})
    lake.append(staged.frame, report)
    return report


def new_names(lake: Lake, keys: Keys, reading: Reading) -> Change:
    """Return the names that differ from those stored. The same name is sealed differently each time, so both are opened."""
    known = lake.sealed_names(reading.school)
    rows = reading.frame.unique("pupil", keep="last", maintain_order=True)
    differs = [
        pupil not in known or keys.open(known[pupil]) != keys.open(sealed)
        for pupil, sealed in rows.select("pupil", "sealed").iter_rows()
    ]
    fresh = rows.filter(pl.Series(differs, dtype=pl.Boolean))
    corrected = sum(pupil in known for pupil in fresh["pupil"])
    return Change(
        frame=fresh.select("pupil", "sealed"),
        new=fresh.height - corrected,
        corrected=corrected,
        withdrawn=0,
        dropped=reading.frame.height - rows.height,
        findings=(),
    )


def _compared(
    lake: Lake,
    table: Table,
    reading: Reading,
    *,
    arrival: Arrival,
    settings: SchoolSettings | None,
    beside: Mapping[str, pl.DataFrame],
) -> tuple[Change, list[Finding]]:
    file, moment = arrival.parcel.path.name, arrival.delivered_at
    rows, findings = dated(
        table, reading.frame, delivered_at=moment, as_event=arrival.parcel.recorded_as_event, file=file
    )
    complete = arrival.parcel.complete
    stored = _concerned(lake.scan(table.name, schools=[reading.school]), table, rows, complete=complete)
    change = compare(table, rows, stored, delivered_at=moment, complete=complete, file=file)
    arriving = {**beside, table.name: change.frame.with_columns(school=pl.lit(reading.school))}
    around = Surroundings(lake, reading.school, settings, moment, arriving)
    return change, findings + what_does_not_fit(table, rows, around, present=reading.present, file=file)


def _concerned(
    stored: pl.LazyFrame, table: Table, rows: pl.DataFrame, *, complete: tuple[date, date] | None
) -> pl.DataFrame:
    """Every stored version of the facts that a delivery speaks of, or is silent about where it should hold them all."""
    spoken = stored.join(rows.lazy().select("record"), on="record", how="semi")
    if complete is None:
        return spoken.collect()
    silent = ever_within(stored, table.event_date or "date", *complete)
    return pl.concat([spoken, silent.join(rows.lazy().select("record"), on="record", how="anti")]).collect()


def _graded(lake: Lake, staged: Staged, *, delivered_at: datetime) -> tuple[WeekQuality, ...]:
    weeks = staged.frame.filter(pl.col("start_date") <= local_date(delivered_at))["start_date"].dt.truncate("1w")
    last = sorted(weeks.unique())[-WEEKS_GRADED:]
    arriving = {staged.report.table: staged.frame}
    return tuple(week_quality(lake, staged.report.school, weeks=last, as_of=delivered_at, arriving=arriving))


def _free_name(lake: Lake, reading: Reading, arrival: Arrival) -> str:
    """A delivery's id follows from what it is; a second one with the same words gets a number."""
    name = f"{arrival.delivered_at:%Y%m%dT%H%M%SZ}-{reading.table}-{arrival.sha256[:8]}"
    free, number = name, 2
    while lake.has(free, reading.school):
        free, number = f"{name}-{number}", number + 1
    return free


def _verdict(report: QualityReport) -> Verdict:
    return Verdict.ACCEPTED_WITH_WARNINGS if report.findings else Verdict.ACCEPTED
