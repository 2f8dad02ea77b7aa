"""Magister-shaped exports: one registration a lesson, as the database holds it, or as the pupil API gives it."""

import numpy as np
import polars as pl

from data_contracts.reasons import Kind
from pipelines.simulate.exports import columns
from pipelines.simulate.exports.folder import Absences, Folder
from pipelines.simulate.known import current_lessons, lessons
from pipelines.simulate.school import School

_TYPES: dict[Kind, object] = {Kind.LATE: 2, Kind.SICK: 3, Kind.REMOVED_FROM_CLASS: 4, Kind.EXEMPTION: 6}
_LESSON, _CANCELLED, _ACTIVE = 13, 5, 1


def write(school: School, folder: Folder) -> None:
    """Write ``leerlingen``, ``afspraken`` and ``verantwoordingen`` or ``absenties``."""
    form = school.place.form
    pupils = _pupils(school, folder)
    name = folder.xlsx("leerlingen.xlsx", pupils) if form == "xlsx" else folder.csv("leerlingen.csv", _dutch(pupils))
    folder.add(name, moment=folder.moments[0], as_event=True)
    first, last = folder.moments[0], folder.moments[-1]
    plan, changes = columns.timetable(school, first=first, last=last)
    folder.add(folder.csv("afspraken.csv", _timetable(plan)), moment=first, as_event=True)
    for delivery in folder.deliveries(complete=form == "json"):
        if form == "json":
            name = folder.text(f"absenties-{delivery.name}.json", _dump(school, delivery))
            as_event = delivery.complete_from is None
            folder.add(name, moment=delivery.moment, as_event=as_event, complete_from=delivery.complete_from)
        else:
            rows = _registrations(school, lessons(school.books, school.desk, delivery.span))
            stem = f"verantwoordingen-{delivery.name}"
            name = folder.xlsx(f"{stem}.xlsx", rows) if form == "xlsx" else folder.csv(f"{stem}.csv", _dutch(rows))
            folder.add(name, moment=delivery.moment)
    folder.add(folder.csv("afspraken-wijzigingen.csv", _timetable(changes)), moment=last, as_event=True)


def _pupils(school: School, folder: Folder) -> pl.DataFrame:
    return columns.classes(school, at=folder.moments[0]).select(
        Stamnr="number",
        Roepnaam="given_name",
        Tussenvoegsel="prefix",
        Achternaam="family_name",
        Klas="group",
        Leerjaar="level",
        Begindatum="valid_from",
        Einddatum="valid_to",
    )


def _dutch(frame: pl.DataFrame) -> pl.DataFrame:
    """Dates as d-m-Y, booleans as 1 and 0, moments as Y-m-d H:M:S."""
    return frame.with_columns(
        pl.col(pl.Date).dt.to_string("%d-%m-%Y"),
        pl.col(pl.Boolean).cast(pl.Int8),
        pl.col(pl.Datetime).dt.to_string("%Y-%m-%d %H:%M:%S"),
    )


def _timetable(rows: pl.DataFrame) -> pl.DataFrame:
    start = columns.moment(rows["date"], rows["start"])
    end = columns.moment(rows["date"], rows["start"] + rows["minutes"])
    return rows.select(
        Id="id",
        Groep="group",
        Start=start.dt.to_string("%Y-%m-%dT%H:%M:%S"),
        Einde=end.dt.to_string("%Y-%m-%dT%H:%M:%S"),
        Lesuur="slot",
        Type=pl.lit(_LESSON),
        Status=pl.when("cancelled").then(_CANCELLED).otherwise(_ACTIVE),
        Vak="subject",
    )


def _registrations(school: School, cells: pl.DataFrame) -> pl.DataFrame:
    luxury = columns.per_kind(cells["kind"], {Kind.LUXURY_LEAVE: True}, other=False)
    return cells.select(
        idverantwoording=_key(school),
        stamnr=columns.numbers(school, cells["pupil"]),
        daanwezigheid=columns.dates(school, cells["day"]),
        lesuur="slot",
        code=columns.codes(school, cells["kind"]),
        idverantwoordingtypen=columns.per_kind(cells["kind"], _TYPES, other=1),
        geoorloofd=columns.authorised(cells["kind"]),
        bluxeverzuim=luxury,
        bvervallen="withdrawn",
        dinvoer=columns.stamped(cells["at"]),
    )


def _key(school: School) -> pl.Expr:
    """One key a pupil, day and lesson, the same in every delivery."""
    count = school.clock.count
    return (pl.col("pupil").cast(pl.Int64) * count + pl.col("day")) * 10 + pl.col("slot")


def _dump(school: School, delivery: Absences) -> str:
    """Return what the pupil API gives, for all pupils: whole days without ``Lesuur``, single lessons with it."""
    window = columns.window(school, delivery.complete_from)
    cells = current_lessons(school.books, school.desk, delivery.span, window=window)
    expected = school.desk.attendance.required[cells["pupil"].to_numpy(), cells["day"].to_numpy()].sum(axis=1)
    together = ["pupil", "day", "kind", "observation"]
    cells = cells.with_columns(whole=(pl.len().over(together) == pl.Series(expected)) & ~pl.col("observation"))
    cells = cells.with_columns(slot=pl.when("whole").then(0).otherwise("slot")).unique(
        [*together, "slot"], maintain_order=True
    )
    plan, date = school.desk.plan, columns.dates(school, cells["day"])
    slot = cells["slot"].to_numpy()
    begin = np.where(slot == 0, 0, plan.slot_start[slot - 1])
    end = np.where(slot == 0, 24 * 60 - 1, (plan.slot_start + plan.slot_minutes)[slot - 1])
    item = pl.struct(
        Id=_key(school),
        Start=columns.moment(date, pl.Series(begin)).dt.to_string("%Y-%m-%dT%H:%M:%S"),
        Eind=columns.moment(date, pl.Series(end)).dt.to_string("%Y-%m-%dT%H:%M:%S"),
        Lesuur=pl.when(pl.col("slot") > 0).then("slot"),
        Geoorloofd=columns.authorised(cells["kind"]),
        Code=columns.codes(school, cells["kind"]),
        Verantwoordingtype=columns.per_kind(cells["kind"], _TYPES, other=1),
    )
    items = cells.select(number=columns.numbers(school, cells["pupil"]), item=item.struct.json_encode())
    pupils = items.group_by("number", maintain_order=True).agg(pl.col("item").str.join(","))
    one = pl.concat_str(
        pl.lit('{"Stamnr": '), pl.col("number").cast(pl.String), pl.lit(', "Items": ['), "item", pl.lit("]}")
    )
    return "[\n" + ",\n".join(pupils.select(one).to_series()) + "\n]\n"
