"""A file as a table of text: the cells of its known columns, where they stood, and what was wrong with them."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import polars as pl

from data_contracts.errors import RefusedDeliveryError
from data_contracts.quality import Finding, Severity
from pipelines.sources.values import on_clock_change

SHOWN = 50
"""Cells of one column that are named one by one; the rest is counted."""

LONGEST_SHOWN = 24
"""Characters of a wrong value that a report may repeat; a longer text may say things about a person."""

_LETTERS = re.compile(r"[^\W\d_]{2}")
_LONG_NUMBER = re.compile(r"\d{9}")  # a citizen service number has nine digits, a telephone number ten


@dataclass(frozen=True)
class Layout:
    """Which columns a file has, as its makers call them. No other column is ever read.

    Parameters
    ----------
    needed
        Columns without which the file cannot be understood.
    optional
        Columns that may be missing.
    pupil
        The column with the pupil number; its values are never shown.
    names
        Columns with names; a file that has any shows no words at all.
    parent
        JSON only: the record's fields ``(pupil, items)`` where facts lie in a list per pupil.
    """

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    pupil: str = ""
    names: tuple[str, ...] = ()
    parent: tuple[str, str] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, the needed ones first."""
        return self.needed + self.optional


@dataclass(frozen=True)
class Sheet:
    """The known columns of one file.

    Parameters
    ----------
    file
        Name of the file.
    layout
        Its columns.
    cells
        Text per column of the layout (all of them; null where a cell or column is missing), without white space
        around it, and ``_row``: the row as the file shows it (header = 1).
    findings
        What was wrong or odd; grows while columns are parsed.
    """

    file: str
    layout: Layout
    cells: pl.DataFrame
    findings: list[Finding] = field(default_factory=list)

    @property
    def rows(self) -> pl.Series:
        """Row of each record, as the file shows it."""
        return self.cells["_row"]

    def filter(self, keep: pl.Series) -> Self:
        """Return the rows where `keep` is true, with the findings so far (a list of its own)."""
        return type(self)(self.file, self.layout, self.cells.filter(keep), list(self.findings))

    def text(self, column: str, *, required: bool = False) -> pl.Series:
        """Return the text of `column`; an empty cell is an error where it is `required`."""
        text = self.cells[column]
        if required:
            self._say_where(text.is_null(), column, check="empty_value", what="is leeg")
        return text

    def parse(
        self, column: str, parser: Callable[[pl.Series], pl.Series], *, expected: str, required: bool = False
    ) -> pl.Series:
        """Parse `column` strictly: a cell that `parser` turns into null is an error that names it.

        Parameters
        ----------
        parser
            Text to values, null where it cannot.
        expected
            What the cell should have held, in plain Dutch.
        """
        text = self.text(column, required=required)
        values = parser(text)
        self._say_where(
            text.is_not_null() & values.is_null(), column, check="bad_value", what=f"is niet te lezen als {expected}"
        )
        if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is not None:
            self._tell_clock_changes(text, values, column)
        return values

    def _tell_clock_changes(self, text: pl.Series, values: pl.Series, column: str) -> None:
        unsure = on_clock_change(text, values)
        if not unsure.any():
            return
        message = (
            f"'{column}' ligt in het uur waarin de klok verspringt, zonder tijdzone; het laatste moment is aangehouden"
        )
        remedy = "Er hoeft niets te gebeuren. Wie het precies wil: exporteer tijden met tijdzone, zoals 02:30:00+01:00."
        row = int(self.rows.filter(unsure)[0])
        self.warn("clock_change", message, remedy=remedy, count=int(unsure.sum()), column=column, row=row)

    def choose(
        self, column: str, choices: Mapping[str, str | None], *, required: bool = False, strict: bool = True
    ) -> pl.Series:
        """Return what each word of `column` stands for. A word outside `choices` is null, and an error if `strict`."""
        text = self.text(column, required=required)
        words = text.str.to_lowercase().str.replace_all(r"[\s_-]", "")
        if strict:
            bad = text.is_not_null() & ~words.is_in(list(choices))
            self._say_where(bad, column, check="bad_value", what=f"is geen van: {', '.join(choices)}")
        return words.replace_strict(dict(choices), default=None, return_dtype=pl.String)

    def error_where(self, bad: pl.Series, column: str, *, check: str, what: str) -> None:
        """Report each row where `bad` is true as an error in `column`."""
        self._say_where(bad, column, check=check, what=what)

    def warn(
        self, check: str, message: str, *, remedy: str, count: int, column: str | None = None, row: int | None = None
    ) -> None:
        """Report something odd that does not stop the delivery."""
        self.findings.append(
            Finding(
                check=check,
                severity=Severity.WARNING,
                message=message,
                remedy=remedy,
                file=self.file,
                column=column,
                row=row,
                count=count,
            )
        )

    def may_show(self, value: str | None) -> str | None:
        """Return `value`, or how long it is where it could say who or what it is about."""
        if value is None:
            return None
        words = _LETTERS.search(value) is not None
        secret = (
            len(value) > LONGEST_SHOWN
            or _LONG_NUMBER.search(value) is not None
            or (words and bool(self.layout.names))
            or (words and " " in value)
            or (self.layout.pupil != "" and value in self.pupil_numbers)
        )
        return f"({len(value)} tekens, niet getoond)" if secret else value

    @cached_property
    def pupil_numbers(self) -> frozenset[str]:
        """All pupil numbers in the file."""
        return frozenset(self.cells[self.layout.pupil].drop_nulls().to_list())

    def _say_where(self, bad: pl.Series, column: str, *, check: str, what: str) -> None:
        if not bad.any():
            return
        wrong = self.cells.filter(bad.fill_null(value=False))
        private = column == self.layout.pupil or column in self.layout.names
        shown = wrong.head(SHOWN)
        for row, value in zip(shown["_row"], shown[column], strict=True):
            self.findings.append(
                Finding(
                    check=check,
                    severity=Severity.ERROR,
                    message=f"'{column}' {what}",
                    remedy=f"Herstel kolom '{column}' op regel {row} in het systeem van de school, en exporteer opnieuw.",
                    file=self.file,
                    row=row,
                    column=column,
                    value=None if value is None else "(niet getoond)" if private else self.may_show(value),
                )
            )
        if wrong.height > SHOWN:
            rest = wrong.height - SHOWN
            self.findings.append(
                Finding(
                    check=check,
                    severity=Severity.ERROR,
                    message=f"'{column}' {what}; aantal regels dat hier niet genoemd is: {rest}",
                    remedy=f"Kijk of kolom '{column}' wel de goede kolom is; exporteer daarna opnieuw.",
                    file=self.file,
                    column=column,
                    count=rest,
                )
            )


def normal(name: str) -> str:
    """Return a column's name as it is matched: no case, white space, underscores or byte order mark."""
    return re.sub(r"[\s_\ufeff]", "", name).lower()


def match_columns(found: Iterable[str], layout: Layout, *, file: str) -> dict[str, int]:
    """Return the position of each known column among those `found`.

    Raises
    ------
    RefusedDeliveryError
        A known column occurs twice, or a needed one is missing.
    """
    names = [normal(name) for name in found]
    places: dict[str, int] = {}
    for column in layout.columns:
        hits = [place for place, name in enumerate(names) if name == normal(column)]
        if len(hits) > 1:
            detail = f"{file}: de kolom '{column}' komt {len(hits)} keer voor"
            raise RefusedDeliveryError(detail, remedy="Laat één kolom met die naam over en lever opnieuw.")
        if hits:
            places[column] = hits[0]
    missing = [column for column in layout.needed if column not in places]
    if missing:
        detail = f"{file}: kolom ontbreekt: {', '.join(missing)}"
        remedy = f"De eerste regel noemt de kolommen. Nodig zijn: {', '.join(layout.needed)}. Zie docs/sources.md."
        raise RefusedDeliveryError(detail, remedy=remedy)
    return places


def make_sheet(file: str, layout: Layout, cells: pl.DataFrame) -> Sheet:
    """Clean the cells: no control characters, no white space around text, empty text is null, no empty rows.

    Parameters
    ----------
    cells
        Text columns, named as in `layout` (some may be missing), and ``_row``.

    Raises
    ------
    RefusedDeliveryError
        A cell holds a NUL character, or there is no row but the header.
    """
    present = [column for column in layout.columns if column in cells.columns]
    text = cells.select(*(pl.col(column).cast(pl.String) for column in present), pl.col("_row").cast(pl.Int64))
    if text.select(pl.any_horizontal(pl.col(present).str.contains(r"\p{Cc}").any())).item():
        if text.select(pl.any_horizontal(pl.col(present).str.contains("\0", literal=True).any())).item():
            detail = f"{file}: er staat een NUL-teken in de tekst; dit is geen goed tekstbestand"
            raise RefusedDeliveryError(detail, remedy="Exporteer het bestand opnieuw, als CSV in UTF-8 of als .xlsx.")
        text = text.with_columns(pl.col(present).str.replace_all(r"\p{Cc}+", " "))
    clean = text.select(
        *(
            pl.col(column).str.strip_chars().replace("", None)
            if column in present
            else pl.lit(None, dtype=pl.String).alias(column)
            for column in layout.columns
        ),
        "_row",
    )
    filled = clean.filter(~pl.all_horizontal(pl.col(present).is_null()))
    if filled.is_empty():
        detail = f"{file}: er staat geen enkele regel onder de kolomnamen"
        raise RefusedDeliveryError(detail, remedy="Controleer de gekozen periode en exporteer opnieuw.")
    sheet = Sheet(file, layout, filled)
    empty = clean.height - filled.height
    if empty:
        message = f"regels zonder inhoud in de bekende kolommen, overgeslagen: {empty}"
        sheet.warn("empty_rows", message, remedy="Hier hoeft niets voor te gebeuren.", count=empty)
    return sheet
