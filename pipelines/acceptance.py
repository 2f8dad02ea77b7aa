"""One table of one file at the door: checked, compared with what was known, and stored or refused."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import polars as pl

from data_contracts.quality import Finding, QualityReport, Severity, Verdict, WeekQuality
from data_contracts.school import SchoolSettings
from data_contracts.tables import ABSENCES, CONTRACT_VERSION, ENROLMENTS, NAMES, TABLES, TIMETABLE, Table
from features.calendar import local_date
from pipelines.deliveries import Parcel
from pipelines.ended import ended
from pipelines.keys import Keys
from pipelines.lake import MOMENT, Lake, ever_within, schema
from pipelines.late import delivery_name, given_late, older_than_known
from pipelines.mended import mended
from pipelines.quality import week_quality
from pipelines.replaced import replaced
from pipelines.returned import returned
from pipelines.sources import Reading
from pipelines.stored import Stored
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
    beside
        Of each table the records that files hold with which it is complete together (`pipelines.together`).
    """

    parcel: Parcel
    delivered_at: datetime
    source: str
    sha256: str
    beside: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Staged:
    """One table of a file, judged but not yet stored.

    Parameters
    ----------
    frame
        The rows it would add.
    report
        Its report so far.
    stored
        What is stored of the school, with these rows and those of the file's tables before this one.
    """

    frame: pl.DataFrame
    report: QualityReport
    stored: Stored

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
    stored: Stored,
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
    stored
        What is stored of the school, with what the same file adds by tables before this one.
    """
    table, file = TABLES[reading.table], arrival.parcel.path.name
    findings = list(reading.findings)
    located = {(finding.row, finding.column) for finding in findings if finding.row is not None}
    findings += [finding for finding in judged if (finding.row, finding.column) not in located]
    name = _free_name(lake, reading, arrival)
    taken = 0
    if any(finding.severity is Severity.ERROR for finding in findings):
        change = Change(pl.DataFrame(schema=schema(table)), 0, 0, 0, 0, ())
    elif table.name == NAMES.name:
        change = new_names(lake, keys, reading)
    else:
        back = _mended(reading, stored, delivered_at=arrival.delivered_at)
        taken = back.height
        rows, findings_of_dates = dated(
            table,
            pl.concat([reading.frame, back, _ended_by_it(reading, stored, delivered_at=arrival.delivered_at)]),
            delivered_at=arrival.delivered_at,
            as_event=arrival.parcel.recorded_as_event,
            file=file,
        )
        change = _compared(table, rows, arrival=arrival, stored=stored, registration=reading.registration)
        stored = stored.with_rows(table.name, _marked(change.frame, reading, arrival=arrival, delivery=name))
        around = Surroundings(lake, settings, arrival.delivered_at, stored.delivered_by(arrival.delivered_at))
        findings += findings_of_dates
        findings += what_does_not_fit(table, rows, around, present=reading.present, file=file)
    findings += change.findings
    report = QualityReport(
        delivery=name,
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
        dropped=reading.dropped - taken + change.dropped,
        findings=tuple(findings),
        contract_version=CONTRACT_VERSION,
    )
    return Staged(_marked(change.frame, reading, arrival=arrival, delivery=name), report, stored)


def _mended(reading: Reading, stored: Stored, *, delivered_at: datetime) -> pl.DataFrame:
    if reading.undone is None or reading.undone.is_empty():
        return reading.frame.clear()
    return mended(reading.undone, reading.frame, stored.versions(reading.table), delivered_at=delivered_at)


def _ended_by_it(reading: Reading, stored: Stored, *, delivered_at: datetime) -> pl.DataFrame:
    """Rows about facts that the file does not name, but that end by what it says."""
    if reading.table == TIMETABLE.name:
        return replaced(reading.frame, stored.versions(reading.table), delivered_at=delivered_at)
    if reading.table == ENROLMENTS.name:
        return ended(reading.frame, stored.versions(reading.table), delivered_at=delivered_at)
    return reading.frame.clear()


def store(lake: Lake, staged: Staged, *, delivered_at: datetime) -> QualityReport:
    """Write an accepted table and its report; where it adds nothing, the report alone, once."""
    if staged.frame.is_empty():
        return _nothing_new(lake, staged.report)
    report = staged.report.model_copy(update={"verdict": _verdict(staged.report)})
    if report.table == ABSENCES.name:
        report = report.model_copy(update={"weeks": _graded(lake, staged, delivered_at=delivered_at)})
    lake.append(staged.frame, report)
    return report


def _nothing_new(lake: Lake, report: QualityReport) -> QualityReport:
    """Keep that the school's data are known up to this delivery, unless this very file was delivered at this moment before."""
    report = report.model_copy(update={"verdict": Verdict.UNCHANGED})
    again = report.delivery != delivery_name(report.delivered_at, report.table, report.sha256)
    if not again and lake.deliveries(report.school):  # an empty file makes no school
        lake.note(report)
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
    table: Table, rows: pl.DataFrame, *, arrival: Arrival, stored: Stored, registration: str | None
) -> Change:
    complete = arrival.parcel.complete
    concerned = _concerned(stored.versions(table.name), table, rows, complete=complete, registration=registration)
    moment, file = arrival.delivered_at, arrival.parcel.path.name
    again: Collection[str] = ()
    if table.name == ENROLMENTS.name:
        again = returned(rows, stored.versions(table.name), delivered_at=moment)
    beside = arrival.beside.get(table.name, frozenset())
    change = compare(
        table, rows, concerned, delivered_at=moment, complete=complete, beside=beside, again=again, file=file
    )
    late = given_late(table, change.frame, concerned, stored.deliveries, delivered_at=moment, file=file)
    then = concerned.filter(pl.col("delivered_at") <= moment)
    older = older_than_known(rows, change.frame, then, file=file)
    return replace(change, findings=(*change.findings, *late, *older))


def _concerned(
    stored: pl.DataFrame,
    table: Table,
    rows: pl.DataFrame,
    *,
    complete: tuple[date, date] | None,
    registration: str | None,
) -> pl.DataFrame:
    """Every stored version of the facts that a delivery speaks of, or is silent about where it should hold them all."""
    spoken = stored["record"].is_in(rows["record"].implode())
    if complete is None:
        return stored.filter(spoken)
    silent = stored.filter(~spoken).lazy()
    if registration is not None:  # of other absences such a file never speaks
        silent = silent.filter(pl.col("registration") == registration)
    return pl.concat([stored.filter(spoken), ever_within(silent, table.event_date or "date", *complete).collect()])


def _marked(rows: pl.DataFrame, reading: Reading, *, arrival: Arrival, delivery: str) -> pl.DataFrame:
    """Add what the lake stores with each row: whose it is, and how and when it came."""
    marks = {"school": pl.lit(reading.school), "delivery": pl.lit(delivery)}
    moment = pl.lit(arrival.delivered_at, dtype=MOMENT)
    return rows.with_columns(**marks, delivered_at=moment).select(*schema(TABLES[reading.table]))


def _graded(lake: Lake, staged: Staged, *, delivered_at: datetime) -> tuple[WeekQuality, ...]:
    weeks = staged.frame.filter(pl.col("start_date") <= local_date(delivered_at))["start_date"].dt.truncate("1w")
    last = sorted(weeks.unique())[-WEEKS_GRADED:]
    stored = staged.stored.delivered_by(delivered_at)
    return tuple(week_quality(lake, staged.report.school, weeks=last, as_of=delivered_at, stored=stored))


def _free_name(lake: Lake, reading: Reading, arrival: Arrival) -> str:
    """A delivery's id follows from what it is; a second one with the same words gets a number."""
    name = delivery_name(arrival.delivered_at, reading.table, arrival.sha256)
    free, number = name, 2
    while lake.has(free, reading.school):
        free, number = f"{name}-{number}", number + 1
    return free


def _verdict(report: QualityReport) -> Verdict:
    return Verdict.ACCEPTED_WITH_WARNINGS if report.findings else Verdict.ACCEPTED
