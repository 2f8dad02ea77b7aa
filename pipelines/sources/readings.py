"""What a source reader hands over: one table of one school, in the contract's words, without names or numbers."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from data_contracts.column_types import TYPES
from data_contracts.quality import Finding
from data_contracts.school import SchoolSettings
from data_contracts.tables import ABSENCES, NAMES, Column, Table
from pipelines.keys import Keys
from pipelines.sources.sheet import Layout, Sheet

LONGEST_CODE = 4
LONGEST_GROUP = 24
WORDS_OF_A_SENTENCE = 3  # spaces
"""Characters of a code that a school did not map; whatever is longer is a text about a pupil."""

SHORTEST_NUMBER = 4
"""Characters from which a pupil number inside a record's key is no coincidence."""


@dataclass(frozen=True)
class Reading:
    """One table of one school, as read from one file.

    Parameters
    ----------
    table, school
        Which table, of which school.
    frame
        Columns of ``lake_columns(table)`` without ``school`` and ``recorded_basis``, and ``_row``: the row in the
        file (header = 1). Names hold ``pupil`` and ``sealed`` (encrypted given and family name, a tab between).
    findings
        What was wrong (error) or odd (warning).
    rows, dropped
        Rows in the file; rows left out with a documented reason (docs/sources.md).
    present
        Lessons in which the file says a pupil was seen: ``_row, pupil, start_date, start_slot``. Compared with the
        reports at the door and never stored; None where the source does not say.
    undone
        Absences that were none, by the file: ``_row, record, recorded_at``. Only what is known is taken back
        (`pipelines.mended`); None where the source does not say.
    registration
        What all absences of such a file are: reports, or observations. A file that is complete is complete in those. None
        where it may hold both.
    """

    table: str
    school: str
    frame: pl.DataFrame
    findings: tuple[Finding, ...]
    rows: int
    dropped: int
    present: pl.DataFrame | None = None
    undone: pl.DataFrame | None = None
    registration: str | None = None


@dataclass(frozen=True)
class Intake:
    """For whom a file is read.

    Parameters
    ----------
    school
        BRIN with location.
    settings
        The school's settings; None where the file names its own schools.
    keys
        Turn pupil numbers into pseudonyms, and seal names.
    """

    school: str
    settings: SchoolSettings | None
    keys: Keys

    @property
    def scope(self) -> str:
        """The body within which pupil numbers are unique."""
        if self.settings is None or self.settings.pupil_number_scope == "school":
            return self.school
        return self.settings.pupil_number_scope


@dataclass(frozen=True)
class CodeColumns:
    """Where a file has its codes, and what says something about them: for a proposal of a mapping.

    Parameters
    ----------
    code
        The column with the codes.
    kinds
        What the words of `type_column` (or, without one, the codes themselves) mean.
    type_column, authorised, late
        Columns with the system's own type, with *geoorloofd*, and with the minutes of who is late.
    standard
        The codes are words of a published vocabulary, so those in `kinds` need no mapping.
    """

    code: str
    kinds: dict[str, str | None]
    type_column: str | None = None
    authorised: str | None = None
    late: str | None = None
    standard: bool = False


@dataclass(frozen=True)
class SourceFile:
    """One kind of file of one source.

    Parameters
    ----------
    layout
        Its columns.
    read
        Turns them into readings of one school.
    school_column
        The column in which the file names its schools, if it can.
    codes
        Its codes, if it has any.
    """

    layout: Layout
    read: Callable[[Sheet, Intake], list[Reading]]
    school_column: str | None = None
    codes: CodeColumns | None = None


def assemble(
    table: Table, values: dict[str, pl.Series], *, sheet: Sheet, intake: Intake, rows: int, versions: bool = False
) -> Reading:
    """Make a reading of parsed columns: defaults, pseudonyms, a record for every row, no row twice.

    Parameters
    ----------
    values
        Parsed columns by their name in the contract; ``pupil_number`` as text.
    sheet
        Where they came from; as many rows.
    rows
        Rows of the file (or of this school's part of it), before any were left out.
    versions
        The file may state one fact several times, as it was known at several moments. Otherwise facts that look
        alike are different ones, and are numbered.
    """
    blank = pl.DataFrame({"_row": sheet.rows})
    typed = blank.select(*(_column(column, values) for column in table.columns), "_row")
    if "group" in typed.columns:
        typed = typed.with_columns(_safe_groups(typed["group"], sheet=sheet, intake=intake))
    numbers = typed["pupil_number"]
    frame = typed.with_columns(intake.keys.pseudonyms(numbers, intake.scope).alias("pupil_number"))
    if "record" in table.column_names:
        frame = frame.with_columns(_without_number(frame.with_columns(numbers.alias("number"))))
        frame = _once(_identified(table, frame, versions=versions), sheet)
    return Reading(
        table.name,
        intake.school,
        frame.rename({"pupil_number": "pupil"}),
        tuple(sheet.findings),
        rows,
        rows - frame.height,
    )


def _safe_groups(group: pl.Series, *, sheet: Sheet, intake: Intake) -> pl.Series:
    """Return group names; one that is a sentence or holds a long number gets a keyed short name, the same in every file."""
    long = (group.str.len_chars() > LONGEST_GROUP) | (group.str.count_matches(" ", literal=True) >= WORDS_OF_A_SENTENCE)
    text = (long | group.str.contains(r"[0-9]{6}")).fill_null(value=False)
    if not text.any():
        return group
    message = f"{int(text.sum())} keer staat een zin of een lang nummer als naam van een groep; die is niet bewaard"
    remedy = "De groep krijgt een korte naam. Geef groepen in het schoolsysteem een korte naam zonder persoonsgegevens."
    sheet.warn("text_as_group", message, remedy=remedy, count=int(text.sum()))
    keyed = intake.keys.pseudonyms(group, f"{intake.scope}:group").str.slice(1, 6)
    frame = pl.DataFrame({"group": group, "keyed": "groep " + keyed, "text": text})
    return frame.select(pl.when("text").then("keyed").otherwise("group").alias("group"))["group"]


def assemble_names(names: dict[str, pl.Series], *, sheet: Sheet, intake: Intake, rows: int) -> Reading:
    """Make a reading of names, sealed: one row a pupil, the last one in the file.

    Parameters
    ----------
    names
        ``pupil_number``, ``given_name`` and ``family_name`` as text.
    """
    frame = pl.DataFrame({"_row": sheet.rows, **{name: names[name] for name in NAMES.column_names}})
    known = frame.with_columns(pl.col("given_name", "family_name").str.replace_all(r"\s+", " ").fill_null("")).filter(
        pl.col("pupil_number").is_not_null() & ((pl.col("given_name") != "") | (pl.col("family_name") != ""))
    )
    last = known.unique("pupil_number", keep="last", maintain_order=True)
    plain = last.select(pl.concat_str("given_name", "family_name", separator="\t"))["given_name"]
    nameless = frame["pupil_number"].n_unique() - last.height
    if nameless > 0:
        message = f"leerlingen zonder naam in het bestand: {nameless}"
        sheet.warn("no_name", message, remedy="Vul de naam aan in het systeem van de school.", count=nameless)
    sealed = pl.DataFrame(
        {
            "pupil": intake.keys.pseudonyms(last["pupil_number"], intake.scope),
            "sealed": pl.Series([intake.keys.seal(name) for name in plain], dtype=pl.String),
            "_row": last["_row"],
        }
    )
    return Reading(NAMES.name, intake.school, sealed, tuple(sheet.findings), rows, rows - known.height)


def seen_in_lessons(sheet: Sheet, intake: Intake, *, number: str, day: pl.Series, slot: pl.Series) -> pl.DataFrame:
    """Lessons in which a pupil was seen; a row whose day cannot be read says nothing.

    Parameters
    ----------
    sheet
        The rows that say so.
    number
        The column with the pupil number.
    day, slot
        When it was; as many values as rows.
    """
    pupils = intake.keys.pseudonyms(sheet.cells[number], intake.scope)
    frame = pl.DataFrame({"_row": sheet.rows, "pupil": pupils, "start_date": day, "start_slot": slot})
    return frame.drop_nulls(["pupil", "start_date"])


def undone_by(values: dict[str, pl.Series], *, sheet: Sheet, intake: Intake) -> pl.DataFrame:
    """Absences of which `sheet` says that they were none: ``_row, record, recorded_at``, recorded as the absence would be.

    Parameters
    ----------
    values
        Columns that tell which fact it is, as for `assemble`. A row that cannot be read says nothing.
    """
    made = assemble(ABSENCES, values, sheet=sheet, intake=intake, rows=sheet.cells.height, versions=True)
    return made.frame.drop_nulls(["pupil", "start_date"]).select("_row", "record", "recorded_at")


def safe_codes(code: pl.Series, mapped: pl.Series, sheet: Sheet, *, column: str) -> pl.Series:
    """Return codes without those that are sentences: what a school did not map may be a word about health, a
    name or a pupil's number, so that only a few characters are kept.
    """
    short = (code.str.len_chars() <= LONGEST_CODE) & (code.str.count_matches(" ", literal=True) <= 1)
    number = code.is_in(list(sheet.pupil_numbers))
    text = (code.is_not_null() & ~mapped & (~short | number)).fill_null(value=False)
    if text.any():
        message = f"in '{column}' staat {int(text.sum())} keer tekst in plaats van een code; die is niet bewaard"
        remedy = (
            "Exporteer de code van de reden, of zet de tekst bij [reasons] in school.toml als dat een vast woord is."
        )
        row = int(sheet.rows.filter(text)[0])
        sheet.warn("text_as_code", message, remedy=remedy, count=int(text.sum()), column=column, row=row)
    return pl.DataFrame({"code": code, "text": text}).select(pl.when(~pl.col("text")).then(pl.col("code")))["code"]


def _column(column: Column, values: dict[str, pl.Series]) -> pl.Expr:
    kind = TYPES[column.type]
    series = values.get(column.name)
    value = pl.lit(None, dtype=kind) if series is None else pl.lit(series).cast(kind)
    if column.default is not None and not column.required:
        value = value.fill_null(pl.lit(column.default, dtype=kind))
    return value.alias(column.name)


def _without_number(frame: pl.DataFrame) -> pl.Series:
    """Put the pseudonym in the place of the pupil's own number, where a record has it inside."""
    number, record = pl.col("number"), pl.col("record")
    tells = (number.str.len_chars() >= SHORTEST_NUMBER) & record.str.contains(number, literal=True)
    hidden = record.str.split(by=number).list.join(pl.col("pupil_number"))
    return frame.select(pl.when(tells).then(hidden).otherwise(record).alias("record"))["record"]


def _identified(table: Table, frame: pl.DataFrame, *, versions: bool) -> pl.DataFrame:
    """Give each row without a record one that follows from what identifies the fact.

    Facts that look alike are numbered in an order that does not depend on their order in the file; a row that says
    the same as another is left out.
    """
    nameless = frame["record"].is_null()
    if not nameless.any():
        return frame
    derived = pl.concat_str((pl.col(name).cast(pl.String).fill_null("") for name in table.identity), separator="|")
    frame = frame.with_columns(pl.coalesce("record", derived).alias("record"))
    alike = nameless & frame["record"].is_duplicated()
    if not alike.any():
        return frame
    content = [name for name in table.column_names if name not in {"record", *table.identity}]
    content.sort(key=lambda name: name != "recorded_at")
    same = ["record", "recorded_at"] if versions else ["record"]
    number = pl.int_range(1, pl.len() + 1).over(same, order_by=content)
    numbered = (
        frame.filter(alike)
        .unique(["record", *content], keep="last", maintain_order=True)
        .with_columns(number.alias("number"))
        .with_columns(
            pl.when(pl.col("number") > 1)
            .then(pl.format("{}#{}", "record", "number"))
            .otherwise("record")
            .alias("record")
        )
    )
    return pl.concat([frame.filter(~alike), numbered.drop("number")]).sort("_row")


def _once(frame: pl.DataFrame, sheet: Sheet) -> pl.DataFrame:
    """Keep one row of each fact and moment: the last in the file."""
    kept = frame
    if frame["record"].is_duplicated().any():
        kept = frame.unique(["record", "recorded_at"], keep="last", maintain_order=True)
    double = sheet.cells.height - kept.height
    if double:
        message = f"dubbele regels in het bestand, waarvan de laatste telt: {double}"
        sheet.warn("duplicate_row", message, remedy="Controleer of twee exports zijn samengevoegd.", count=double)
    return kept
