"""ParnasSys-shaped exports: absence per half-day, without a recorded moment or a timetable."""

import polars as pl

from pipelines.simulate.exports import columns
from pipelines.simulate.exports.folder import Absences, Folder
from pipelines.simulate.known import by_day, current_lessons
from pipelines.simulate.school import School

_HALVES = ["ochtend", "middag"]


def write(school: School, folder: Folder) -> None:
    """Write ``leerlingen`` and ``absenties``."""
    classes = columns.classes(school, at=folder.moments[0])
    pupils = classes.select(
        leerlingnummer="number",
        roepnaam="given_name",
        voorvoegsel="prefix",
        achternaam="family_name",
        groep="group",
        jaargroep="level",
        begindatum="valid_from",
        einddatum="valid_to",
    )
    folder.add(_file(school, folder, name="leerlingen", frame=pupils), moment=folder.moments[0], as_event=True)
    for delivery in folder.deliveries(complete=True):
        name = _file(school, folder, name=f"absenties-{delivery.name}", frame=_half_days(school, delivery))
        as_event = delivery.complete_from is None
        folder.add(name, moment=delivery.moment, as_event=as_event, complete_from=delivery.complete_from)


def _file(school: School, folder: Folder, *, name: str, frame: pl.DataFrame) -> str:
    if school.place.form == "xlsx":
        return folder.xlsx(f"{name}.xlsx", frame)
    dutch = frame.with_columns(
        pl.col(pl.Date).dt.to_string("%d-%m-%Y"),
        pl.when(pl.col(pl.Boolean)).then(pl.lit("ja")).otherwise(pl.lit("nee")).name.keep(),
    )
    return folder.csv(f"{name}.csv", dutch)


def _half_days(school: School, delivery: Absences) -> pl.DataFrame:
    window = columns.window(school, delivery.complete_from)
    rows = by_day(current_lessons(school.books, school.desk, delivery.span, window=window))
    half = columns.looked_up(_HALVES, rows["first"] - 1)
    return rows.select(
        leerlingnummer=columns.numbers(school, rows["pupil"]),
        datum=columns.dates(school, rows["day"]),
        dagdeel=pl.when(pl.col("slots") > 1).then(pl.lit("hele dag")).otherwise(half),
        code=columns.codes(school, rows["kind"]),
        geoorloofd=columns.authorised(rows["kind"]),
        minuten=pl.when(pl.col("minutes") > 0).then("minutes"),
    )
