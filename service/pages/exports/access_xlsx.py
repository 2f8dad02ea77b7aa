"""Everything that is stored about one pupil as a workbook: a sheet a part, in the words of the pages."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from service import words
from service.rights.held import Held

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format

Json = Mapping[str, Any]
Table = tuple[str, tuple[str, ...], list[tuple[Any, ...]]]
"""A sheet: its name, its headings and its rows."""

ABOUT = "Over dit bestand"
A4 = 9
WIDTHS = {"Tekst": 70, "Notitie": 60, "Omschrijving": 44, "Kenmerk": 44, "Handeling": 44, "Toelichting": 50}
USUAL_WIDTH = 18


def workbook(held: Held) -> bytes:
    """Return what is held as an Excel workbook (.xlsx); empty sheets stay, so that one sees that there is nothing."""
    from xlsxwriter import Workbook  # noqa: PLC0415 - only here, and the service should start quickly

    kept = BytesIO()
    book = Workbook(kept, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1, "bg_color": "#E2EDEC"})
    text = book.add_format({"text_wrap": True, "valign": "top", "border": 1, "border_color": "#BBBBBB"})
    _about(book, held, book.add_format({"bold": True, "font_size": 14}), book.add_format({"text_wrap": True}))
    for name, headings, rows in tables(held):
        _sheet(book, (name, headings, rows), head, text)
    book.close()
    return kept.getvalue()


def tables(held: Held) -> Iterator[Table]:
    """Yield the sheets."""
    parts = held.parts
    signals = parts["signalen"]
    yield (
        "Signalen",
        ("Week", "Editie", "Stand", "Plaats", "Op de lijst", "Duiding", "Frequentie", "Kans", "Model", "Gegevens tot"),
        [
            (
                one["week"],
                one["editie"],
                one["stand"],
                one["plaats"],
                _yes(one["opLijst"]),
                one["duiding"],
                one["frequentie"],
                one["kans"],
                one["modelversie"],
                one["gegevensTot"],
            )
            for one in signals
        ],
    )
    yield "Redenen", ("Week", "Editie", "Richting", "Tekst", "Bron"), list(_reasons(signals))
    yield (
        "Opbouw van de score",
        ("Week", "Editie", "Kenmerk", "Waarde", "Punten"),
        [
            (one["week"], one["editie"], part["omschrijving"], part["waarde"], part["logOdds"])
            for one in signals
            for part in one["bijdragen"]
        ],
    )
    yield "Dagen", ("Dag", "Soort", "Geoorloofd", "Gemist (min)", "Gepland (min)", "Te laat"), list(_days(signals))
    yield (
        "Opvolging",
        ("Soort", "Wie", "Gepland", "Gedaan", "Uitkomst", "Notitie", "Vastgelegd"),
        [
            tuple(one[key] for key in ("soort", "wie", "geplandOp", "gedaanOp", "uitkomst", "notitie", "vastgelegdOp"))
            for one in parts["opvolgingen"]
        ],
    )
    yield "Dossiers", ("Bij", "Grond", "Geopend", "Tot en met", "Gesloten"), _flat(parts["dossiers"])
    yield (
        "Wettelijke meldplicht",
        ("Week", "Editie", "Tekst", "Bereikt op", "Uiterlijk melden"),
        [
            (one["week"], one["editie"], rule["tekst"], rule["bereiktOp"], rule["uiterlijk"])
            for one in parts["verzuimmeldingen"]
            for rule in one["regels"]
        ],
    )
    yield (
        "Bezwaar en correctie",
        (
            "Soort",
            "Gevraagd door",
            "Gevraagd op",
            "Eerste dag",
            "Laatste dag",
            "Wat klopt niet",
            "Toelichting",
            "Antwoord",
            "Beantwoord op",
            "Tekst",
            "Ingetrokken door",
        ),
        _flat(parts["verzoeken"]),
    )
    yield "Wie keek", ("Dag", "Rol", "Handeling"), _flat(parts["wieKeek"])


def _reasons(signals: Sequence[Json]) -> Iterator[tuple[Any, ...]]:
    for one in signals:
        of = (one["week"], one["editie"])
        yield from ((*of, "maakt het signaal sterker", reason["tekst"], "") for reason in one["verhogend"])
        yield from ((*of, "maakt het signaal zwakker", reason["tekst"], "") for reason in one["verlagend"])
        yield from ((*of, "grens bereikt", rule["tekst"], rule["bron"]) for rule in one["regels"])
        yield from ((*of, "opmerking", note, "") for note in one["opmerkingen"])


def _days(signals: Sequence[Json]) -> Iterator[tuple[Any, ...]]:
    """Yield each day once, as the newest list that knew it has it."""
    told: dict[date, Json] = {}
    for one in signals:
        for day in one["kalender"]:
            told.setdefault(day["dag"], day)
    for day in sorted(told, reverse=True):
        one = told[day]
        yield day, one["soort"], one["geoorloofd"], one["afwezigeMinuten"], one["geplandeMinuten"], one["teLaat"]


def _flat(rows: Sequence[Json]) -> list[tuple[Any, ...]]:
    return [tuple(one.values()) for one in rows]


def _yes(value: object) -> str:
    return "ja" if value else "nee"


def _about(book: "Workbook", held: Held, title: "Format", wrapped: "Format") -> None:
    page = book.add_worksheet(ABOUT)
    page.set_column(0, 0, 100)
    about = held.about
    page.write_string(0, 0, f"Inzage: {about['naam'] or about['leerling']}", title)
    said = (
        f"{about['schoolnaam']}, {about['groep']}. Gemaakt op {words.moment(about['gemaaktOp'])}.",
        f"Pseudoniem in Aanwezig: {about['leerling']}",
        *about["lezen"],
    )
    for row, text in enumerate(said, start=2):
        page.write_string(row, 0, text, wrapped)


def _sheet(book: "Workbook", table: Table, head: "Format", text: "Format") -> None:
    name, headings, rows = table
    page = book.add_worksheet(name)
    for place, heading in enumerate(headings):
        page.set_column(place, place, WIDTHS.get(heading, USUAL_WIDTH))
        page.write_string(0, place, heading, head)
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row):
            if isinstance(value, int | float):
                page.write_number(number, place, value, text)
            else:
                page.write_string(number, place, _words(value), text)
    page.freeze_panes(1, 0)
    page.set_landscape()
    page.set_paper(A4)
    page.fit_to_pages(1, 0)
    page.set_footer("&L&8Persoonsgegevens: alleen voor wie recht heeft op inzage&R&8&P van &N")


def _words(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return words.moment(value)
    return words.long_day(value) if isinstance(value, date) else str(value)
