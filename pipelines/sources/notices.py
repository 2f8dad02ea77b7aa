"""Reports (absentiemeldingen) and observations (waarnemingen), which Somtoday and EduArte share.

A report covers a period and is not tied to the timetable; an observation belongs to one lesson, and may
say the same again. Both are handed over: minutes are a union over slots, never a sum.
"""

from dataclasses import dataclass, replace

import polars as pl

from data_contracts.reasons import KINDS, Authorised, Kind, Registration
from data_contracts.tables import ABSENCES
from pipelines.sources.mapping import Coded, read_reasons
from pipelines.sources.periods import PeriodColumns, read_periods
from pipelines.sources.readings import CodeColumns, Intake, Reading, SourceFile, assemble, seen_in_lessons, undone_by
from pipelines.sources.sheet import Layout, Sheet
from pipelines.sources.values import booleans, dates, moments, slots

NOTICE_KINDS: dict[str, str | None] = {
    "absent": Kind.UNEXPLAINED.value,
    "afwezig": Kind.UNEXPLAINED.value,
    "telaat": Kind.LATE.value,
    "verwijderd": Kind.REMOVED_FROM_CLASS.value,
}
"""What `absentieSoort` says by itself."""

_SEEN: dict[str, str | None] = {"afwezig": Kind.UNEXPLAINED.value, "nvt": Kind.NOT_REQUIRED.value, "aanwezig": None}

_ARRANGED = [
    kind.value
    for kind in (
        Kind.LEAVE,
        Kind.RELIGIOUS,
        Kind.EXEMPTION,
        Kind.NOT_REQUIRED,
        Kind.MEDICAL_APPOINTMENT,
        Kind.SUSPENSION,
    )
]
"""Kinds that a repeating report may keep: they are agreed beforehand."""

_PERIOD = PeriodColumns("beginDatumTijd", "eindDatumTijd", "beginLesuur", "eindLesuur")
_PERIOD_COLUMNS = (_PERIOD.end, _PERIOD.first_slot, "eindLesuur")
_EVENTS = [kind.value for kind, info in KINDS.items() if info.event_only]


@dataclass(frozen=True)
class NoticeColumns:
    """Names of the columns that differ between systems; None where a system has none."""

    number: str
    code: str
    type: str
    authorised: str
    recorded: str | None = None
    repeating: str | None = None


def notice_file(columns: NoticeColumns) -> SourceFile:
    """Return how to read a file of reports."""
    layout = Layout(
        needed=(columns.number, columns.code, _PERIOD.begin),
        optional=tuple(
            column
            for column in (
                columns.type,
                columns.authorised,
                *_PERIOD_COLUMNS,
                columns.recorded,
                columns.repeating,
                "id",
            )
            if column is not None
        ),
        pupil=columns.number,
    )
    codes = CodeColumns(columns.code, NOTICE_KINDS, type_column=columns.type, authorised=columns.authorised)
    return SourceFile(layout, lambda sheet, intake: [_read_notices(sheet, intake, columns)], codes=codes)


def observation_file(number: str) -> SourceFile:
    """Return how to read a file of observations."""
    layout = Layout(needed=(number, "waarnemingSoort", _PERIOD.begin), optional=(*_PERIOD_COLUMNS, "id"), pupil=number)
    return SourceFile(layout, lambda sheet, intake: [_read_observations(sheet, intake, number)])


def own_record(sheet: Sheet, prefix: str, column: str = "id") -> pl.Series:
    """Return the source's own key, told apart from those of other files; null where there is none."""
    return (pl.lit(f"{prefix}:") + pl.col(column)).pipe(lambda made: sheet.cells.select(made.alias("record")))["record"]


def _read_notices(sheet: Sheet, intake: Intake, columns: NoticeColumns) -> Reading:
    number = sheet.text(columns.number, required=True)
    coded = Coded(
        columns.code,
        kind=sheet.choose(columns.type, NOTICE_KINDS, strict=False),
        authorised=sheet.parse(columns.authorised, booleans, expected="ja of nee"),
        type_column=columns.type,
    )
    reasons = read_reasons(sheet, coded, intake.settings)
    if columns.repeating is not None:
        reasons |= _arranged(sheet.cells[columns.repeating], reasons)
    values = {
        "record": own_record(sheet, "melding"),
        "pupil_number": number,
        **read_periods(sheet, _PERIOD, event=reasons["kind"].is_in(_EVENTS)),
        **reasons,
        "registration": pl.repeat(Registration.REPORT.value, number.len(), dtype=pl.String, eager=True),
    }
    if columns.recorded is not None:
        values["recorded_at"] = sheet.parse(columns.recorded, moments, expected="datum en tijd")
    reading = assemble(ABSENCES, values, sheet=sheet, intake=intake, rows=sheet.cells.height)
    return replace(reading, registration=Registration.REPORT.value)


def _read_observations(sheet: Sheet, intake: Intake, number: str) -> Reading:
    rows = sheet.cells.height
    seen = sheet.choose("waarnemingSoort", _SEEN, required=True)
    present = sheet.cells["waarnemingSoort"].str.to_lowercase() == "aanwezig"
    absent = ~present.fill_null(value=False)
    there = sheet.filter(~absent)
    sheet, kind = sheet.filter(absent), seen.filter(absent).fill_null(Kind.UNEXPLAINED.value)
    unknown = kind == Kind.UNEXPLAINED.value
    words = {True: Authorised.UNKNOWN.value, False: Authorised.YES.value}
    values = {
        **_which(sheet, number),
        "kind": kind,
        "authorised": unknown.replace_strict(words, return_dtype=pl.String),
    }
    reading = assemble(ABSENCES, values, sheet=sheet, intake=intake, rows=rows)
    day, slot = dates(there.cells[_PERIOD.begin]), slots(there.cells[_PERIOD.first_slot])
    seen_there = seen_in_lessons(there, intake, number=number, day=day, slot=slot)
    undone = undone_by(_which(there, number), sheet=there, intake=intake)
    return replace(reading, present=seen_there, undone=undone, registration=Registration.OBSERVATION.value)


def _which(sheet: Sheet, number: str) -> dict[str, pl.Series]:
    """Of which pupil and lesson an observation is."""
    rows = sheet.cells.height
    never = pl.repeat(value=False, n=rows, dtype=pl.Boolean, eager=True)
    return {
        "record": own_record(sheet, "waarneming"),
        "pupil_number": sheet.text(number, required=True),
        **read_periods(sheet, _PERIOD, event=never, may_be_open=False),
        "registration": pl.repeat(Registration.OBSERVATION.value, rows, dtype=pl.String, eager=True),
    }


def _arranged(repeating: pl.Series, reasons: dict[str, pl.Series]) -> dict[str, pl.Series]:
    """A repeating report is one arrangement (a weekly therapy, a job): leave, not many spells of something else."""
    no = ("false", "nee", "n", "0", "onwaar")
    repeats = repeating.is_not_null() & ~repeating.str.to_lowercase().is_in(no)
    frame = pl.DataFrame({"kind": reasons["kind"], "repeats": repeats, "authorised": reasons["authorised"]})
    other = pl.col("repeats") & ~pl.col("kind").is_in([*_ARRANGED, *_EVENTS])
    unknown = pl.col("authorised") == Authorised.UNKNOWN.value
    changed = frame.select(
        pl.when(other).then(pl.lit(Kind.LEAVE.value)).otherwise("kind").alias("kind"),
        pl.when(other & unknown).then(pl.lit(Authorised.YES.value)).otherwise("authorised").alias("authorised"),
    )
    return {"kind": changed["kind"], "authorised": changed["authorised"]}
