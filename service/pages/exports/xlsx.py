"""A list as a workbook: plain text and dates, never a formula, with room to write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING, Any

from service.pages.exports.sheet import DutyLine, Line, Sheet

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format

LONGEST_FOOTER = 255
"""Excel opens no workbook with a longer one."""

A4, LANDSCAPE_WIDTH = 9, 1

Value = str | int | date | None


@dataclass(frozen=True)
class Column:
    """One column: its heading, its width in characters, and what stands in it."""

    heading: str
    width: int
    value: Callable[[Any], Value]


PUPILS: tuple[Column, ...] = (
    Column("Plaats", 7, lambda one: one.place),
    Column("Naam", 24, lambda one: one.name),
    Column("Klas", 8, lambda one: one.group),
    Column("Stand", 11, lambda one: one.since),
    Column("Wat er speelt", 46, lambda one: "\n".join((one.what, *(note for note in one.notes if note != one.what)))),
    Column("Grenzen", 40, lambda one: "\n".join(hit.text for hit in one.hits)),
    Column("Inschatting", 26, lambda one: one.likely),
)
CARE: tuple[Column, ...] = (
    Column("Op de lijst sinds", 13, lambda one: one.on_list_since),
    Column("Opgepakt door", 18, lambda one: one.owner or "nog niet opgepakt"),
    Column("Laatste opvolging", 26, lambda one: one.step),
)
TO_WRITE = Column("Afspraak", 34, lambda _: None)
DUTIES: tuple[Column, ...] = (
    Column("Naam", 24, lambda one: one.name),
    Column("Klas", 8, lambda one: one.group),
    Column("Meldplicht", 40, lambda one: one.label),
    Column("Bereikt op", 14, lambda one: one.reached_on),
    Column("Keer", 6, lambda one: one.times),
    Column("Melden uiterlijk", 16, lambda one: one.deadline),
    Column("Gemeld", 20, lambda _: None),
)


@dataclass(frozen=True)
class _Looks:
    title: "Format"
    head: "Format"
    text: "Format"
    day: "Format"


def workbook(sheet: Sheet) -> bytes:
    """Return `sheet` as an Excel workbook (.xlsx)."""
    from xlsxwriter import Workbook  # noqa: PLC0415 - only here, and the service should start quickly

    held = BytesIO()
    book = Workbook(held, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": sheet.title, "comments": sheet.footer})
    looks = _looks(book)
    pupils = (*PUPILS, *(CARE if sheet.knows_care else ()), TO_WRITE)
    _page(book, "Lijst", sheet, pupils, sheet.lines, looks)
    if sheet.due or sheet.passed:
        _page(book, "Meldplicht", sheet, DUTIES, (*sheet.due, *sheet.passed), looks)
    if sheet.absent:
        _page(book, "Al langdurig afwezig", sheet, pupils, sheet.absent, looks)
    book.close()
    return held.getvalue()


def _looks(book: "Workbook") -> _Looks:
    cell = {"text_wrap": True, "valign": "top", "border": 1, "border_color": "#BBBBBB"}
    return _Looks(
        title=book.add_format({"bold": True, "font_size": 14}),
        head=book.add_format({**cell, "bold": True, "bg_color": "#E2EDEC"}),
        text=book.add_format(cell),
        day=book.add_format({**cell, "num_format": "dd-mm-yyyy", "align": "left"}),
    )


def _page(
    book: "Workbook",
    name: str,
    sheet: Sheet,
    columns: Sequence[Column],
    lines: Sequence[Line] | Sequence[DutyLine],
    looks: _Looks,
) -> None:
    """Write one sheet: what it is and what to know above, then one line a pupil; every printed page has the footer."""
    page = book.add_worksheet(name)
    page.write_string(0, 0, sheet.title, looks.title)
    for row, text in enumerate(sheet.told, start=1):
        page.write_string(row, 0, text)
    head = len(sheet.told) + 2
    for place, column in enumerate(columns):
        page.set_column(place, place, column.width)
        page.write_string(head, place, column.heading, looks.head)
        for row, one in enumerate(lines, start=head + 1):
            value = column.value(one)
            if isinstance(value, date):
                page.write_datetime(row, place, value, looks.day)
            elif isinstance(value, int):
                page.write_number(row, place, value, looks.text)
            else:
                page.write_string(row, place, value or "", looks.text)
    page.freeze_panes(head + 1, 2)
    page.repeat_rows(head)
    page.set_landscape()
    page.set_paper(A4)
    page.fit_to_pages(LANDSCAPE_WIDTH, 0)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
    page.set_footer(_footer(sheet))


def _footer(sheet: Sheet) -> str:
    """Return the footer with the page's number; an ampersand in a name is no code of Excel's."""
    numbered = "&L&8{}&R&8&P van &N"
    text = sheet.footer.replace("&", "&&")
    room = LONGEST_FOOTER - len(numbered.format(""))
    return numbered.format(text if len(text) <= room else f"{text[: room - 1].rstrip('&')}…")
