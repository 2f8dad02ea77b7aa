"""Whether a delivery fits what is known already: warnings only, for the other file may still be on its way."""

from datetime import date

import polars as pl

from data_contracts.quality import Finding, Severity
from data_contracts.tables import ABSENCES, OUTCOMES, Table


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
    happened = table.event_date or "date"
    facts = frame.select("_row", "pupil", happened)
    unknown = facts.join(enrolments, on="pupil", how="anti", maintain_order="left")
    within = pl.col(happened).ge(pl.col("valid_from")) & (
        pl.col("valid_to").is_null() | pl.col(happened).le(pl.col("valid_to"))
    )
    known = facts.join(enrolments, on="pupil").with_columns(within=within)
    outside = known.group_by("_row").agg(pl.col("within").any()).filter(~pl.col("within")).sort("_row")
    found = []
    if not unknown.is_empty():
        pupils = unknown["pupil"].n_unique()
        message = f"{pupils} leerlingen in dit bestand hebben geen inschrijving"
        remedy = "Lever een nieuw bestand met leerlingen; zonder inschrijving komt een leerling niet op de lijst."
        found.append(_warning("unknown_pupil", message, remedy, rows=unknown, file=file, column="pupil_number"))
    if not outside.is_empty():
        message = "regels vallen buiten de inschrijving van de leerling"
        remedy = "Controleer de begin- en einddatum van de inschrijving; zulke regels tellen niet mee."
        found.append(_warning("outside_enrolment", message, remedy, rows=outside, file=file, column=happened))
    return found


def overlapping_enrolments(frame: pl.DataFrame, *, file: str) -> list[Finding]:
    """Warn about pupils who are in two groups on one day, within one file."""
    standing = frame.filter(~pl.col("withdrawn") & pl.col("pupil").is_not_null() & pl.col("valid_from").is_not_null())
    ordered = standing.sort("pupil", "valid_from").with_columns(
        _before=pl.col("valid_to").fill_null(date.max).shift(1).over("pupil")
    )
    double = ordered.filter(pl.col("valid_from") <= pl.col("_before")).sort("_row")
    if double.is_empty():
        return []
    message = "inschrijvingen van een leerling overlappen elkaar"
    remedy = "Vul bij de vorige groep de laatste dag in."
    return [_warning("overlapping_enrolments", message, remedy, rows=double, file=file, column="valid_from")]


def in_two_schools(frame: pl.DataFrame, elsewhere: pl.DataFrame, *, day: date, file: str) -> list[Finding]:
    """Warn about pupils who on `day` are enrolled here and in another school that shares the pupil numbers.

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
    message = "leerlingen staan op dezelfde dag ook op een andere school ingeschreven"
    remedy = "Sluit de inschrijving af op de school die de leerling heeft verlaten."
    return [_warning("in_two_schools", message, remedy, rows=double, file=file, column="pupil_number")]


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
        row=int(rows["_row"][0]),
        column=column,
        count=rows.height,
    )
