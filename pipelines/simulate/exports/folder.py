"""The folder of one school: its files, the moments on which they were delivered, and its settings."""

import json
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from data_contracts.identifiers import Sector
from data_contracts.reasons import Kind
from features.calendar import AMSTERDAM
from pipelines.simulate.exports.excel import write_sheet
from pipelines.simulate.known import Span
from pipelines.simulate.region import Place, capacity
from pipelines.simulate.school import School

WEEKLY = 3
COMPLETE_WEEKS = 5
"""Formats without a word for withdrawal deliver the last weeks completely, so that what is missing was taken back."""

EVENING = time(18, 0)


def moments(until: date, weekly: int = WEEKLY) -> list[datetime]:
    """Return the evenings on which a school delivers: the backfill, and one for each week since."""
    return [
        datetime.combine(until - timedelta(days=1 + 7 * back), EVENING, AMSTERDAM) for back in range(weekly, -1, -1)
    ]


def local_minutes(moment: datetime) -> int:
    """Local minutes since 1970 of a moment, as the books count."""
    return int(np.datetime64(moment.replace(tzinfo=None), "m").astype(np.int64))


@dataclass(frozen=True)
class Absences:
    """One delivery of absences: what changed in `span`, and the day from which it is complete (None: not said)."""

    name: str
    span: Span
    moment: datetime
    complete_from: date | None


@dataclass
class Folder:
    """Where one school's export goes.

    Parameters
    ----------
    path
        The folder; made when it is not there.
    until
        The day before which things are known.
    weekly
        Weekly deliveries after the backfill.
    """

    path: Path
    until: date
    weekly: int = WEEKLY
    entries: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        listed = self.path / "deliveries.toml"
        if listed.exists():  # of an earlier region: what it lists would be taken for ours
            for entry in tomllib.loads(listed.read_text(encoding="utf-8"))["delivery"]:
                (self.path / Path(entry["file"]).name).unlink(missing_ok=True)

    @property
    def moments(self) -> list[datetime]:
        """The evenings on which the school delivers."""
        return moments(self.until, self.weekly)

    def deliveries(self, *, complete: bool) -> list[Absences]:
        """Return the backfill and the weekly deliveries of absences."""
        found, since = [], -1
        for number, moment in enumerate(self.moments):
            at = local_minutes(moment)
            from_day = (
                (moment.date() - timedelta(weeks=COMPLETE_WEEKS) + timedelta(days=1)) if complete and number else None
            )
            found.append(Absences(f"{number}-{moment:%Y-%m-%d}", Span(since, at), moment, from_day))
            since = at
        return found

    def add(self, name: str, *, moment: datetime, as_event: bool = False, complete_from: date | None = None) -> None:
        """List a file that was written as a delivery."""
        lines = ["[[delivery]]", f'file = "{name}"', f"delivered_at = {moment.isoformat()}"]
        if as_event:
            lines.append("recorded_as_event = true")
        if complete_from is not None:
            lines += [f"complete_from = {complete_from}", f"complete_to = {moment.date()}"]
        self.entries.append("\n".join(lines))

    def csv(self, name: str, frame: pl.DataFrame, *, separator: str = ";", encoding: str = "cp1252") -> str:
        """Write a CSV file; return its name."""
        text = frame.write_csv(separator=separator, line_terminator="\r\n")
        (self.path / name).write_bytes(text.encode(encoding))
        return name

    def xlsx(self, name: str, frame: pl.DataFrame) -> str:
        """Write an Excel file; return its name."""
        write_sheet(self.path / name, frame)
        return name

    def text(self, name: str, content: str) -> str:
        """Write a file as it is, in UTF-8; return its name."""
        (self.path / name).write_text(content, encoding="utf-8", newline="\n")
        return name

    def finish(self, school: School) -> None:
        """Write the settings and the list of deliveries."""
        self.text("deliveries.toml", "\n\n".join(self.entries) + "\n")
        self.text("school.toml", _settings(school))


def _settings(school: School) -> str:
    place = school.place
    current = int((school.stays.levels[:, -1] > 0).sum())
    lines = [
        f'school = "{place.school}"',
        f"name = {json.dumps(place.name, ensure_ascii=False)}",
        f'sector = "{place.sector}"',
        f'region = "{place.region}"',
        f"capacity = {capacity(current)}",
        f'source = "{place.source}"',
    ]
    if place.norm is not None:
        lines.append(
            f"norm = {{ slot_minutes = {place.norm.slot_minutes}, slots_per_day = {list(place.norm.slots_per_day)} }}"
        )
    lines.append("closures = [")
    lines += [f'  {{ first = {day.first}, last = {day.last}, name = "{day.name}" }},' for day in place.closures]
    lines += ["]", "", "[reasons]"]
    lines += [f'{json.dumps(code.lower())} = {{ kind = "{kind}" }}' for kind, code in mapped(place).items()]
    return "\n".join(lines) + "\n"


def mapped(place: Place) -> dict[Kind, str]:
    """The codes a school has mapped. Some schools forgot one: the import must tell them."""
    forgets = place.school.endswith(("1", "5")) and place.sector is Sector.VO
    return {kind: code for kind, code in place.codes.items() if not (forgets and kind is Kind.OTHER_AUTHORISED)}
