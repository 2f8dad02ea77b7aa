"""Somtoday-shaped exports: reports with begin and end, entered at ``datumTijdInvoer`` and changed afterwards."""

import numpy as np
import polars as pl

from data_contracts.reasons import Kind
from pipelines.simulate.books import OPEN
from pipelines.simulate.exports import columns
from pipelines.simulate.exports.folder import Absences, Folder
from pipelines.simulate.known import newest
from pipelines.simulate.school import School

_SORTS: dict[Kind, object] = {Kind.LATE: "Telaat", Kind.REMOVED_FROM_CLASS: "Verwijderd"}
_LAST_SECOND = 24 * 60 * 60 - 1


def write(school: School, folder: Folder) -> None:
    """Write ``leerlingen``, ``afspraken`` and ``absentiemeldingen``."""
    style = {"separator": ",", "encoding": "utf-8-sig" if school.place.form == "csv-bom" else "utf-8"}
    folder.add(folder.csv("leerlingen.csv", _pupils(school, folder), **style), moment=folder.moments[0], as_event=True)
    first, last = folder.moments[0], folder.moments[-1]
    plan, changes = columns.timetable(school, first=first, last=last)
    folder.add(folder.csv("afspraken.csv", _timetable(plan), **style), moment=first, as_event=True)
    for delivery in folder.deliveries(complete=True):
        rows = _reports(school, delivery)
        stem = f"absentiemeldingen-{delivery.name}"
        if school.place.form == "json":
            name = folder.text(f"{stem}.json", _json(rows))
        else:
            name = folder.csv(f"{stem}.csv", rows, **style)
        folder.add(name, moment=delivery.moment, complete_from=delivery.complete_from)
    folder.add(folder.csv("afspraken-wijzigingen.csv", _timetable(changes), **style), moment=last, as_event=True)


def _pupils(school: School, folder: Folder) -> pl.DataFrame:
    return columns.classes(school, at=folder.moments[0]).select(
        leerlingnummer="number",
        roepnaam="given_name",
        voorvoegsel="prefix",
        achternaam="family_name",
        stamgroep="group",
        leerjaar="level",
        begindatum="valid_from",
        einddatum="valid_to",
    )


def _timetable(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        lesgroep="group",
        beginDatumTijd=columns.with_offset(columns.moment(rows["date"], rows["start"])),
        eindDatumTijd=columns.with_offset(columns.moment(rows["date"], rows["start"] + rows["minutes"])),
        beginLesuur="slot",
        presentieRegistratieVerplicht=pl.lit(value=True),
        presentieRegistratieVerwerkt=~pl.col("missed"),
        afspraakStatus=pl.when("cancelled").then(pl.lit("GEANNULEERD")).otherwise(pl.lit("ACTIEF")),
        vak="subject",
    )


def _reports(school: School, delivery: Absences) -> pl.DataFrame:
    rows = newest(school.books, delivery.span, window=columns.window(school, delivery.complete_from))
    return _shaped(school, rows.filter(~pl.col("withdrawn")))


def _shaped(school: School, rows: pl.DataFrame) -> pl.DataFrame:
    start, minutes = school.desk.plan.slot_start, school.desk.plan.slot_minutes
    whole = (pl.col("from_slot") == 0) & (pl.col("to_slot") == 0)
    first, last = rows["from_slot"].to_numpy(), rows["to_slot"].to_numpy()
    is_open = rows["end"] == OPEN
    begin_second = np.where(first > 0, start[np.maximum(first, 1) - 1] * 60, 0)
    end_second = np.where(last > 0, (start + minutes)[np.maximum(last, 1) - 1] * 60, _LAST_SECOND)
    late = rows["minutes"].to_numpy()
    end_second = np.where(late > 0, begin_second + late.astype(np.int64) * 60, end_second)
    first_day = columns.dates(school, rows["start"]).cast(pl.Int32).cast(pl.Int64)
    last_day = columns.dates(school, rows["end"].clip(0)).cast(pl.Int32).cast(pl.Int64)
    begin = pl.from_epoch(first_day * 86400 + pl.Series(begin_second), time_unit="s")
    end = pl.from_epoch(last_day * 86400 + pl.Series(end_second), time_unit="s")
    return rows.select(
        pl.Series("leerling.leerlingnummer", columns.numbers(school, rows["pupil"])),
        pl.Series("absentieReden.absentieSoort", columns.per_kind(rows["kind"], _SORTS, other="Absent")),
        pl.Series("absentieReden.afkorting", columns.codes(school, rows["kind"])),
        pl.Series("absentieReden.geoorloofd", columns.authorised(rows["kind"])),
        pl.Series("datumTijdInvoer", columns.with_offset(columns.stamped(rows["first_entered"]))),
        pl.Series("beginDatumTijd", columns.with_offset(begin)),
        pl.Series("eindDatumTijd", columns.with_offset(end)).set(is_open, None),
        beginLesuur=pl.when(whole | (pl.col("from_slot") == 0)).then(None).otherwise("from_slot"),
        eindLesuur=pl.when(whole | (pl.col("to_slot") == 0)).then(None).otherwise("to_slot"),
    )


def _json(rows: pl.DataFrame) -> str:
    """Nest the dotted columns, as the API does."""
    pupil = pl.struct(leerlingnummer="leerling.leerlingnummer")
    reason = pl.struct(
        absentieSoort="absentieReden.absentieSoort",
        afkorting="absentieReden.afkorting",
        geoorloofd="absentieReden.geoorloofd",
    )
    others = [name for name in rows.columns if "." not in name]
    items = rows.select(pl.struct(pupil.alias("leerling"), reason.alias("absentieReden"), *others).struct.json_encode())
    return '{"items": [\n' + ",\n".join(items.to_series()) + "\n]}\n"
