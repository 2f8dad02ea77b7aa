"""EduArte-shaped exports: an Excel overview of absence, one row a day and reason, without a recorded moment."""

import polars as pl

from data_contracts.reasons import Kind
from pipelines.simulate.books import KINDS
from pipelines.simulate.exports import columns
from pipelines.simulate.exports.folder import Absences, Folder
from pipelines.simulate.known import by_day, current_lessons
from pipelines.simulate.school import School


def write(school: School, folder: Folder) -> None:
    """Write ``leerlingen`` and ``verzuim``; there is no timetable."""
    classes = columns.classes(school, at=folder.moments[0])
    pupils = classes.select(
        ovnr="number",
        roepnaam="given_name",
        voorvoegsel="prefix",
        achternaam="family_name",
        groepnaam="group",
        leerjaar="level",
        begindatum="valid_from",
        einddatum="valid_to",
    )
    folder.add(folder.xlsx("leerlingen.xlsx", pupils), moment=folder.moments[0], as_event=True)
    for delivery in folder.deliveries(complete=True):
        name = folder.xlsx(f"verzuim-{delivery.name}.xlsx", _overview(school, delivery))
        as_event = delivery.complete_from is None
        folder.add(name, moment=delivery.moment, as_event=as_event, complete_from=delivery.complete_from)


def _overview(school: School, delivery: Absences) -> pl.DataFrame:
    window = columns.window(school, delivery.complete_from)
    rows = by_day(current_lessons(school.books, school.desk, delivery.span, window=window))
    late = pl.col("kind") == KINDS.index(Kind.LATE)
    missed = (
        pl.when(late).then(pl.col("minutes")).otherwise(pl.col("slots") * school.place.lesson_minutes).cast(pl.Int64)
    )
    year = columns.looked_up(pl.Series(school.clock.year), rows["day"])
    group = school.desk.plan.group[rows["pupil"].to_numpy(), year.to_numpy()]
    full = pl.concat_str("given_name", "prefix", "family_name", separator=" ").str.replace_all("  ", " ", literal=True)
    return rows.select(
        datumvan=columns.dates(school, rows["day"]),
        ovnr=columns.numbers(school, rows["pupil"]),
        deelnemernaam=school.names[rows["pupil"].to_numpy()].select(full).to_series(),
        groepnaam=columns.looked_up(pl.Series(school.desk.plan.group_names), group),
        lesuurbegin="first",
        lesuureind="last",
        tijd=pl.format("{}u{}m", missed // 60, (missed % 60).cast(pl.String).str.zfill(2)),
        reden=columns.codes(school, rows["kind"]),
    )
