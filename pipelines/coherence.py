"""Whether a delivery fits what is known of pupils: warnings only, for the other file may still be on its way."""

from datetime import date

import polars as pl

from data_contracts.quality import Finding, Severity
from data_contracts.school import SchoolSettings
from data_contracts.tables import ABSENCES, OUTCOMES, SlotStatus, Table
from features.calendar import covered, school_days
from pipelines.norm import of_group


def fits_enrolments(table: Table, frame: pl.DataFrame, enrolments: pl.DataFrame, *, file: str) -> list[Finding]:
    """Compare absences or outcomes with who was at school.

    Parameters
    ----------
    table
        The table of `frame`; only absences and outcomes are compared.
    frame
        The delivered rows, with ``_row``.
    enrolments
        Enrolments of this school as known now: ``pupil``, ``valid_from``, ``valid_to``.
    file
        Name of the file, for the findings.
    """
    if table.name not in {ABSENCES.name, OUTCOMES.name} or frame.is_empty():
        return []
    if enrolments.is_empty():
        message = "van deze school zijn nog geen inschrijvingen geleverd; leerlingen zijn alleen uit dit bestand bekend"
        return [_warning("no_enrolments", message, "Lever ook het bestand met leerlingen.", rows=frame, file=file)]
    unknown = frame.select("_row", "pupil").join(enrolments, on="pupil", how="anti", maintain_order="left")
    found = []
    if not unknown.is_empty():
        pupils = unknown["pupil"].n_unique()
        message = f"{pupils} leerlingen in dit bestand hebben geen inschrijving"
        remedy = "Lever een nieuw bestand met leerlingen; zonder inschrijving komt een leerling niet op de lijst."
        found.append(_warning("unknown_pupil", message, remedy, rows=unknown, file=file, column="pupil_number"))
    return found + outside_enrolments(table, frame, enrolments, file=file)


def outside_enrolments(table: Table, frame: pl.DataFrame, enrolments: pl.DataFrame, *, file: str) -> list[Finding]:
    """Tell of facts that lie outside every enrolment of their pupil, wholly or in part; unknown pupils are left out.

    Parameters
    ----------
    frame
        Facts with ``_row``, null for what another file brought.
    """
    first = pl.col(table.event_date or "date")
    last, ends = first, pl.lit(value=True)
    if table.name == ABSENCES.name:
        last, ends = pl.coalesce("end_date", first), ~pl.col("open_ended")
    facts = frame.with_row_index("_at").select("_at", "_row", "pupil", _first=first, _last=last, _ends=ends)

    def within(day: str) -> pl.Expr:
        return (pl.col("valid_from") <= pl.col(day)) & (
            pl.col("valid_to").is_null() | (pl.col("valid_to") >= pl.col(day))
        )

    begun = (pl.col("valid_from") <= pl.col("_last")) | ~pl.col("_ends")
    touches = begun & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= pl.col("_first")))
    ends_within = within("_last") | ~pl.col("_ends")
    laid = facts.join(enrolments, on="pupil")
    # Nearly all lie within one enrolment.
    sound = laid.filter(within("_first") & ends_within).select("_at")
    odd = (
        laid.join(sound, on="_at", how="anti")
        .group_by("_at", "_row")
        .agg(touches.any().alias("touches"), (within("_first").any() & ends_within.any()).alias("whole"))
        .sort("_row", nulls_last=True)
    )
    outside, partly = odd.filter(~pl.col("touches")), odd.filter(pl.col("touches") & ~pl.col("whole"))
    found = []
    if not outside.is_empty():
        message = "regels vallen buiten de inschrijving van de leerling; ze tellen niet mee"
        remedy = "Controleer de begin- en einddatum van de inschrijving."
        column = table.event_date
        found.append(_warning("outside_enrolment", message, remedy, rows=outside, file=file, column=column))
    if not partly.is_empty():
        message = "regels lopen door buiten de inschrijving van de leerling; alleen de dagen erbinnen tellen mee"
        remedy = "Controleer de begin- en einddatum van de inschrijving en van de melding."
        column = table.event_date
        found.append(_warning("partly_outside_enrolment", message, remedy, rows=partly, file=file, column=column))
    return found


def overlapping_enrolments(known: pl.DataFrame, *, file: str) -> list[Finding]:
    """Warn about pupils who are in two groups on one day: the group that began later counts while it lasts.

    Parameters
    ----------
    known
        Enrolments as known once the delivery is in, with ``_row``, null for what another file brought.
    """
    standing = known.filter(~pl.col("withdrawn") & pl.col("pupil").is_not_null() & pl.col("valid_from").is_not_null())
    ordered = standing.sort("pupil", "valid_from", "_row", nulls_last=True).with_columns(
        _before=pl.col("valid_to").fill_null(date.max).cum_max().shift(1).over("pupil")
    )
    double = ordered.filter(pl.col("valid_from") <= pl.col("_before")).sort("_row", nulls_last=True)
    if double.is_empty():
        return []
    message = "inschrijvingen van een leerling overlappen elkaar; de groep die later begon telt zolang die duurt"
    remedy = "Vul bij de vorige groep de laatste dag in."
    return [_warning("overlapping_enrolments", message, remedy, rows=double, file=file, column="valid_from")]


def in_two_schools(frame: pl.DataFrame, elsewhere: pl.DataFrame, *, day: date, file: str) -> list[Finding]:
    """Warn about pupils who on `day` are enrolled here and in another school that shares the pupil numbers.

    Each school counts its own registrations over its own timetable; nothing is added up over schools.

    Parameters
    ----------
    frame
        The delivered enrolments, with ``_row``.
    elsewhere
        Enrolments in the other schools, as known now.
    day
        The day of the delivery.
    """
    here = frame.filter(_on(day) & ~pl.col("withdrawn"))
    double = here.join(elsewhere.filter(_on(day)), on="pupil", how="semi", maintain_order="left")
    if double.is_empty():
        return []
    message = "leerlingen staan op dezelfde dag ook op een andere school ingeschreven; elke school telt haar eigen deel"
    remedy = "Sluit de inschrijving af op de school die de leerling heeft verlaten."
    return [_warning("in_two_schools", message, remedy, rows=double, file=file, column="pupil_number")]


def no_longer_named(frame: pl.DataFrame, known: pl.DataFrame, *, day: date, file: str) -> list[Finding]:
    """Warn about pupils who are enrolled on `day` and whom a file of everybody no longer names: they stay enrolled.

    A file that names less than half of them is about some pupils only, and says nothing about the rest.

    Parameters
    ----------
    frame
        The delivered enrolments, with ``_row``.
    known
        Enrolments of this school as known once the delivery is in.
    day
        The day of the delivery.
    """
    enrolled = known.filter(_on(day)).select("pupil").unique()
    silent = enrolled.join(frame, on="pupil", how="anti")
    if silent.is_empty() or silent.height * 2 >= enrolled.height:
        return []
    message = "leerlingen met een lopende inschrijving staan niet meer in dit bestand; zij blijven ingeschreven"
    remedy = (
        "Lever wie van school ging met een einddatum, of zeg met complete_from en complete_to van welke periode het bestand "
        "volledig is."
    )
    found = _warning("no_longer_named", message, remedy, rows=frame, file=file)
    return [found.model_copy(update={"row": None, "count": silent.height})]


def lessons_of_nobody(lessons: pl.DataFrame, known: pl.DataFrame, *, file: str) -> list[Finding]:
    """Warn about lessons of groups in which nobody is enrolled: they are in nobody's week, nor is absence from them.

    Parameters
    ----------
    lessons
        The delivered timetable, with ``_row``.
    known
        Enrolments of this school as known now; where there are none yet, nothing can be said.
    """
    taught = lessons.filter(of_group() & ~pl.col("withdrawn") & (pl.col("status") == SlotStatus.PLANNED.value))
    if taught.is_empty():
        return []
    first, last = taught["date"].min(), taught["date"].max()
    there = known.filter(
        (pl.col("valid_from") <= last) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= first))
    )
    empty = taught.filter(~pl.col("group").is_in(there["group"].implode()))
    if there.is_empty() or empty.is_empty():
        return []
    groups, of = empty["group"].n_unique(), taught["group"].n_unique()
    message = (
        f"lessen zijn van een groep waarin niemand staat ({groups} van de {of} groepen in het rooster); ze tellen voor "
        "geen leerling, en afwezigheid erin ook niet"
    )
    remedy = "Lever het rooster per leerling, of met dezelfde groepen als bij de leerlingen (de stamgroep, niet de lesgroep)."
    found = _warning("lessons_of_nobody", message, remedy, rows=empty, file=file, column="group")
    return [found.model_copy(update={"value": empty["group"][0]})]


def lessons_on_days_off(lessons: pl.DataFrame, settings: SchoolSettings, *, file: str) -> list[Finding]:
    """Warn about lessons on days that are free by the region's calendar or the school's own closures: the timetable holds.

    Parameters
    ----------
    lessons
        The delivered timetable, with ``_row``.
    settings
        The school's settings; without a region only weekends and closures are known.
    """
    planned = lessons.filter(~pl.col("withdrawn") & (pl.col("status") == SlotStatus.PLANNED.value))
    days = planned["date"].unique().sort().to_list()
    known_from, known_to = covered() if settings.region is not None else (date.min, date.max)
    days = [day for day in days if known_from <= day <= known_to]
    if not days:
        return []
    ordinary = school_days(settings.region, days[0], days[-1], settings.closures)
    off = planned.filter(pl.col("date").is_in(days) & ~pl.col("date").is_in(ordinary))
    if off.is_empty():
        return []
    count = off["date"].n_unique()
    message = (
        "lessen staan op een dag die volgens de kalender vrij is (weekend, vakantie, feestdag of sluiting; samen "
        f"{count} {'dag' if count == 1 else 'dagen'}); zo'n dag telt als schooldag van de hele school"
    )
    remedy = "Waren er lessen, dan hoeft er niets te gebeuren. Zo niet: neem ze terug, als vervallen of met een volledig bestand."
    found = _warning("lessons_on_days_off", message, remedy, rows=off, file=file, column="date")
    return [found.model_copy(update={"value": off["date"][0].isoformat()})]


def _on(day: date) -> pl.Expr:
    return (pl.col("valid_from") <= day) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= day))


def _warning(
    check: str, message: str, remedy: str, *, rows: pl.DataFrame, file: str, column: str | None = None
) -> Finding:
    return Finding(
        check=check,
        severity=Severity.WARNING,
        message=message,
        remedy=remedy,
        file=file,
        row=rows["_row"][0],
        column=column,
        count=rows.height,
    )
