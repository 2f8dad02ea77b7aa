"""Everything that the lake holds about one pupil, in every version, to be handed to who has the right to see it.

What the service holds (lists, signals, what was agreed, who looked) the school takes out on the page of the pupil; a pupil
who never stood on a list has nothing there.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict

from data_contracts.errors import NotFoundError, UsageError
from data_contracts.files import write_whole
from data_contracts.reasons import KINDS, Authorised, Kind
from data_contracts.tables import ABSENCES, ENROLMENTS, OUTCOMES, TIMETABLE
from features.calendar import AMSTERDAM
from pipelines.home import Home
from pipelines.keys import Keys
from pipelines.lake import Lake

PARTS: Mapping[str, str] = {
    ENROLMENTS.name: "inschrijvingen",
    ABSENCES.name: "afwezigheid",
    TIMETABLE.name: "rooster",
    OUTCOMES.name: "uitkomsten",
}
"""Tables with a pupil in them, and what they are called in the file."""

COLUMNS: Mapping[str, str] = {
    "record": "kenmerk",
    "group": "groep",
    "year_group": "jaargroep",
    "valid_from": "van",
    "valid_to": "totEnMet",
    "date": "dag",
    "slot": "lesuur",
    "start_minute": "vanafMinuut",
    "end_minute": "totMinuut",
    "minutes": "minuten",
    "status": "status",
    "register": "registratieVanDeLes",
    "subject": "vak",
    "start_date": "eersteDag",
    "end_date": "laatsteDag",
    "open_ended": "eindeNogNietBekend",
    "start_slot": "eersteLesuur",
    "end_slot": "laatsteLesuur",
    "amount": "hoeveel",
    "unit": "eenheid",
    "kind": "soort",
    "authorised": "geoorloofd",
    "registration": "meldingOfWaarneming",
    "code": "codeVanDeSchool",
    "mapped": "codeBekend",
    "outcome": "uitkomst",
    "recorded_at": "vastgelegdOp",
    "recorded_basis": "herkomstVanDatMoment",
    "withdrawn": "teruggenomen",
    "delivered_at": "geleverdOp",
    "delivery": "levering",
}
"""Columns of the contract (docs/contracts.md), as they are called in the file; in this order."""

AUTHORISED = {Authorised.YES: "geoorloofd", Authorised.NO: "ongeoorloofd", Authorised.UNKNOWN: "onbekend"}
EXCEL_ROWS = 1_000_000
WIDTH = 18


class Access(BaseModel):
    """What was taken out: of whom, where it stands, and how many rows of what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    school: str
    pupil: str
    out: str
    rows: dict[str, int]


def access(home: Home, *, school: str, pupil: str, out: Path) -> Access:
    """Write what the lake holds about `pupil` (a pseudonym) of `school` to `out`, as ``.json`` or ``.xlsx``.

    Raises
    ------
    UsageError
        `out` ends otherwise, or is there already.
    NotFoundError
        Nothing is held.
    """
    if out.suffix not in {".json", ".xlsx"} or out.exists():
        detail = f"{out} is geen nieuw bestand dat eindigt op .json of .xlsx"
        raise UsageError(detail, remedy="Kies een andere naam.")
    parts = {called: _rows(home, table, school, pupil) for table, called in PARTS.items()}
    name = _name(home, school, pupil)
    if name is None and not any(parts.values()):
        detail = f"van deze leerling is bij school {school} niets opgeslagen"
        raise NotFoundError(detail, remedy="Controleer de school en het leerlingnummer.")
    about = {"leerling": pupil, "naam": name, "school": school, "gemaaktOp": datetime.now(AMSTERDAM)}
    if out.suffix == ".json":
        text = json.dumps({"over": about, **parts}, ensure_ascii=False, indent=1, default=_iso)
        write_whole(out, lambda path: path.write_text(text, encoding="utf-8"))
    else:
        write_whole(out, lambda path: _workbook(path, about, parts))
    return Access(school=school, pupil=pupil, out=str(out), rows={called: len(rows) for called, rows in parts.items()})


def _rows(home: Home, table: str, school: str, pupil: str) -> list[dict[str, Any]]:
    """Every version of every fact, the oldest first; a corrected one stands there too, with when it was corrected."""
    found = Lake(home).scan(table, schools=[school]).filter(pl.col("pupil") == pupil)
    order = [name for name in ("start_date", "date", "valid_from", "recorded_at") if name in found.collect_schema()]
    rows = found.sort(order).collect()
    kept = [name for name in COLUMNS if name in rows.columns]
    return [{COLUMNS[name]: _told(name, row[name]) for name in kept} for row in rows.to_dicts()]


def _told(column: str, value: Any) -> Any:  # noqa: ANN401 - any cell
    if column == "kind":
        return KINDS[Kind(value)].label
    if column == "authorised":
        return AUTHORISED[Authorised(value)]
    return value


def _name(home: Home, school: str, pupil: str) -> str | None:
    sealed = Lake(home).sealed_names(school).get(pupil)
    return None if sealed is None else Keys.of(home).open(sealed).replace("\t", " ").strip()


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _workbook(path: Path, about: Mapping[str, Any], parts: Mapping[str, list[dict[str, Any]]]) -> None:
    from xlsxwriter import Workbook  # noqa: PLC0415 - only here

    book = Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    head = book.add_format({"bold": True, "border": 1, "bg_color": "#E2EDEC"})
    first = book.add_worksheet("Over dit bestand")
    first.set_column(0, 1, 40)
    for row, (key, value) in enumerate(about.items()):
        first.write_string(row, 0, key, head)
        first.write_string(row, 1, _iso(value) if value is not None else "")
    for called, rows in parts.items():
        page = book.add_worksheet(called.capitalize())
        for place, heading in enumerate(rows[0] if rows else ["niets"]):
            page.set_column(place, place, WIDTH)
            page.write_string(0, place, heading, head)
        for number, one in enumerate(rows[:EXCEL_ROWS], start=1):
            for place, value in enumerate(one.values()):
                page.write_string(number, place, "" if value is None else _iso(value))
        page.freeze_panes(1, 0)
    book.close()
