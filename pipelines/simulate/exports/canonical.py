"""The canonical contract itself, as CSV or Parquet: every version of every absence, with its own recorded moment."""

from datetime import datetime

import numpy as np
import polars as pl

from data_contracts.reasons import KINDS, Registration
from data_contracts.tables import ABSENCES, ENROLMENTS, NAMES, TIMETABLE, Register, SlotStatus, Table
from pipelines.simulate.books import KINDS as KIND_ORDER
from pipelines.simulate.books import OPEN
from pipelines.simulate.exports import columns
from pipelines.simulate.exports.folder import Folder
from pipelines.simulate.known import Span
from pipelines.simulate.school import School


def write(school: School, folder: Folder) -> None:
    """Write ``enrolments``, ``names``, ``timetable`` and ``absences``."""
    classes = columns.classes(school, at=folder.moments[0])
    folder.add(
        _file(school, folder, table=ENROLMENTS, frame=_enrolments(school, classes)),
        moment=folder.moments[0],
        as_event=True,
    )
    folder.add(_file(school, folder, table=NAMES, frame=_names(classes)), moment=folder.moments[0])
    first, last = folder.moments[0], folder.moments[-1]
    plan, changes = columns.timetable(school, first=first, last=last)
    timetable = pl.concat([_timetable(plan), _own_timetables(school, first=first, last=last)], how="diagonal_relaxed")
    folder.add(_file(school, folder, table=TIMETABLE, frame=timetable), moment=first, as_event=True)
    for delivery in folder.deliveries(complete=False):
        rows = _absences(school, delivery.span)
        folder.add(
            _file(school, folder, table=ABSENCES, frame=rows, suffix=f"-{delivery.name}"), moment=delivery.moment
        )
    if len(changes):
        name = _file(school, folder, table=TIMETABLE, frame=_timetable(changes), suffix="-changes")
        folder.add(name, moment=last, as_event=True)


def _file(school: School, folder: Folder, *, table: Table, frame: pl.DataFrame, suffix: str = "") -> str:
    """Write the columns of the contract that `frame` has, in the contract's order."""
    ordered = frame.select([name for name in table.column_names if name in frame.columns])
    name = f"{table.name}{suffix}.{school.place.form}"
    if school.place.form == "parquet":
        ordered.write_parquet(folder.path / name)
        return name
    moments = ordered.select(pl.col(pl.Datetime)).columns
    text = [columns.with_offset(ordered[name]).alias(name) for name in moments]
    return folder.csv(name, ordered.with_columns(text), separator=",", encoding="utf-8")


def _enrolments(school: School, classes: pl.DataFrame) -> pl.DataFrame:
    return classes.select(
        pupil_number=pl.col("number").cast(pl.String),
        group="group",
        year_group=columns.year_group(school, classes["level"]),
        valid_from="valid_from",
        valid_to="valid_to",
    )


def _names(classes: pl.DataFrame) -> pl.DataFrame:
    full = pl.concat_str("prefix", "family_name", separator=" ", ignore_nulls=True)
    return classes.select(
        pupil_number=pl.col("number").cast(pl.String), given_name="given_name", family_name=full
    ).unique("pupil_number", maintain_order=True)


def _timetable(rows: pl.DataFrame) -> pl.DataFrame:
    cancelled, planned = pl.lit(SlotStatus.CANCELLED.value), pl.lit(SlotStatus.PLANNED.value)
    missed, taken = pl.lit(Register.NOT_TAKEN.value), pl.lit(Register.TAKEN.value)
    return rows.select(
        "group",
        "date",
        "slot",
        pl.col("start").alias("start_minute"),
        "minutes",
        pl.when("cancelled").then(cancelled).otherwise(planned).alias("status"),
        pl.when("missed").then(missed).otherwise(taken).alias("register"),
        "subject",
    )


def _own_timetables(school: School, *, first: datetime, last: datetime) -> pl.DataFrame:
    """Rows of the pupils who follow part of the timetable only; what is cancelled for them is left out."""
    plan, clock = school.desk.plan, school.clock
    happened, known = np.searchsorted(
        clock.days, np.asarray([first.date(), last.date()], "datetime64[D]"), side="right"
    )
    cells = plan.expected(clock, cancelled_until=int(happened))[plan.part_time]
    row, day, slot = np.nonzero(cells[:, :known])
    return pl.DataFrame(
        {
            "pupil_number": columns.numbers(school, pl.Series(plan.part_time[row])).cast(pl.String),
            "date": columns.dates(school, day),
            "slot": slot + 1,
            "start_minute": plan.slot_start[slot],
            "minutes": plan.slot_minutes[slot],
            "status": [SlotStatus.PLANNED.value] * len(row),
        }
    )


def _absences(school: School, span: Span) -> pl.DataFrame:
    """Return the versions entered within `span`."""
    rows = school.books.filter((pl.col("at") > span.since) & (pl.col("at") <= span.moment))
    is_open = rows["end"] == OPEN
    late = rows["minutes"] > 0
    slot_start = columns.looked_up(pl.Series(school.desk.plan.slot_start), rows["from_slot"].cast(pl.Int64).clip(1) - 1)
    registration = {True: Registration.OBSERVATION.value, False: Registration.REPORT.value}
    return rows.select(
        record=pl.col("record").cast(pl.String),
        pupil_number=columns.numbers(school, rows["pupil"]).cast(pl.String),
        start_date=columns.dates(school, rows["start"]),
        end_date=pl.when(~is_open).then(columns.dates(school, rows["end"].clip(0))),
        open_ended=is_open,
        start_slot=pl.when(pl.col("from_slot") > 0).then("from_slot").cast(pl.Int64),
        end_slot=pl.when(pl.col("to_slot") > 0).then("to_slot").cast(pl.Int64),
        start_minute=pl.when(late).then(slot_start),
        end_minute=pl.when(late).then(slot_start + rows["minutes"]),
        kind=columns.looked_up([kind.value for kind in KIND_ORDER], rows["kind"]),
        authorised=columns.looked_up([KINDS[kind].authorised.value for kind in KIND_ORDER], rows["kind"]),
        registration=pl.col("observation").replace_strict(registration, return_dtype=pl.String),
        code=columns.codes(school, rows["kind"]),
        recorded_at=columns.stamped(rows["at"]),
        withdrawn="withdrawn",
    ).with_columns(
        pl.col("recorded_at").dt.replace_time_zone(columns.ZONE).dt.convert_time_zone("UTC")
        if school.place.form == "parquet"
        else "recorded_at"
    )
