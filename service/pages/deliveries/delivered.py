"""Deliveries as the pages show them: how far each is, and its report in words for people."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from data_contracts.quality import Finding, QualityReport, Severity, Verdict, WeekQuality
from data_contracts.tables import ABSENCES, ENROLMENTS, NAMES, OUTCOMES, TIMETABLE
from service.inbox import REPORTS, Kind, Status
from service.pages.deliveries.systems import KIND_LABELS
from service.tables import DeliveryRow

_WORDS = tomllib.loads(Path(__file__).with_name("report_words.toml").read_text(encoding="utf-8"))
TITLES: dict[str, str] = _WORDS["titles"]
REMEDIES: dict[str, str] = _WORDS["remedies"]

OTHER = "Iets anders"
UNREAD, EMPTY = frozenset({"bad_value", "empty_value"}), "missing_value"
SHOWN = 5
"""Places of one finding that are named before the rest is folded away."""

STATES: dict[Status, tuple[str, str]] = {
    Status.RECEIVED: ("wacht", "Dit bestand is binnen en wordt zo ingelezen."),
    Status.CODES: (
        "wacht op codes",
        "Van dit bestand is nog niets ingelezen: eerst moet bekend zijn wat de codes betekenen.",
    ),
    Status.ACCEPTED: ("aangenomen", "Dit bestand is ingelezen."),
    Status.REFUSED: (
        "geweigerd",
        "Van dit bestand is niets bewaard. Herstel wat hieronder staat en stuur het opnieuw.",
    ),
    Status.FAILED: ("mislukt", "Van dit bestand is niets bewaard."),
}
"""How far a delivery is: in a few words, and what that means."""

WITH_REMARKS = ("aangenomen, met opmerkingen", "Dit bestand is ingelezen. Kijk hieronder wat beter kan.")
NOTHING_NEW = ("niets nieuws", "Alles in dit bestand was al bekend.")

TABLES: dict[str, str] = {
    ENROLMENTS.name: "Leerlingen en groepen",
    NAMES.name: "Namen",
    TIMETABLE.name: "Rooster",
    ABSENCES.name: "Afwezigheid",
    OUTCOMES.name: "Geregistreerde uitkomsten",
    "": "Het bestand",
}

GRADES_SAY = {
    "good": "hier kunt u op bouwen",
    "fair": "let op: er is iets mee",
    "poor": "bouw hier niet op",
}


@dataclass(frozen=True)
class Place:
    """Where something was found: a line of the file, a column, and the value if that says nothing about a person."""

    row: int | None
    column: str | None
    value: str | None
    message: str
    count: int


@dataclass(frozen=True)
class Found:
    """Everything of one kind that was found in a table: what it is, how often, where, and what to do about it."""

    title: str
    refuses: bool
    count: int
    places: tuple[Place, ...]
    remedies: tuple[str, ...]

    @property
    def first(self) -> tuple[Place, ...]:
        """The places that are named at once."""
        return self.places[:SHOWN]

    @property
    def rest(self) -> tuple[Place, ...]:
        """The places that are folded away."""
        return self.places[SHOWN:]


@dataclass(frozen=True)
class ToldTable:
    """What one table of the file came to."""

    title: str
    report: QualityReport
    found: tuple[Found, ...]
    weeks: tuple[WeekQuality, ...]


@dataclass(frozen=True)
class ShownDelivery:
    """A delivery: what it is, how far it is and what that means, and what was found in it."""

    id: str
    school: str
    kind: str
    format: str
    size: int
    received_at: datetime
    finished_at: datetime | None
    status: Status
    state: str
    meaning: str
    tables: tuple[ToldTable, ...]

    @property
    def waits(self) -> bool:
        """Whether it will change by itself soon."""
        return self.status is Status.RECEIVED

    @property
    def codes(self) -> int:
        """How many codes in it have no meaning."""
        return sum(len(table.report.codes) for table in self.tables)

    def has(self, table: str) -> bool:
        """Whether it brought rows of `table`, or repeated what was known."""
        return self.status is Status.ACCEPTED and any(told.report.table == table for told in self.tables)


def shown(row: DeliveryRow) -> ShownDelivery:
    """Return a delivery for people."""
    reports = REPORTS.validate_json(row.report) if row.report else ()
    status = Status(row.status)
    state, meaning = _state(status, reports)
    return ShownDelivery(
        id=row.id,
        school=row.school,
        kind=KIND_LABELS[Kind(row.kind)],
        format=row.suffix.removeprefix("."),
        size=row.size,
        received_at=row.received_at,
        finished_at=row.finished_at,
        status=status,
        state=state,
        meaning=meaning,
        tables=tuple(
            ToldTable(TABLES.get(one.table, one.table), one, tuple(_found(one.findings)), one.weeks) for one in reports
        ),
    )


def _state(status: Status, reports: Sequence[QualityReport]) -> tuple[str, str]:
    if status is not Status.ACCEPTED:
        return STATES[status]
    if reports and all(report.verdict is Verdict.UNCHANGED for report in reports):
        return NOTHING_NEW
    remarks = any(report.verdict is Verdict.ACCEPTED_WITH_WARNINGS for report in reports)
    return WITH_REMARKS if remarks else STATES[status]


def _found(findings: Sequence[Finding]) -> Iterator[Found]:
    """Put findings of one kind together, what refuses the file first.

    A value that could not be read is empty for the contract: that is said once, in the words of the file.
    """
    unread = {one.row for one in findings if one.check in UNREAD and one.row is not None}
    kinds: dict[tuple[bool, str], list[Finding]] = {}
    for one in findings:
        if one.check == EMPTY and one.row in unread:
            continue
        kinds.setdefault((one.severity is not Severity.ERROR, one.check), []).append(one)
    for (warns, check), group in sorted(kinds.items(), key=lambda item: item[0][0]):
        remedies = (
            [REMEDIES[check]] if check in REMEDIES else [without_documents(one.remedy) for one in group if one.remedy]
        )
        yield Found(
            title=TITLES.get(check, OTHER),
            refuses=not warns,
            count=sum(one.count for one in group),
            places=tuple(Place(one.row, one.column, one.value, sentence(one.message), one.count) for one in group),
            remedies=tuple(dict.fromkeys(remedies))[:SHOWN],
        )


def without_documents(text: str) -> str:
    """Return a remedy without where in the documents of Aanwezig more stands: who reads the page does not have those."""
    return re.sub(r"\s*Zie docs/\S+", "", text)


def sentence(text: str) -> str:
    """Return a message as a sentence: the command line begins it small."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def size(amount: int) -> str:
    """Return so many bytes as people say it."""
    if amount < 1 << 20:
        return f"{max(1, round(amount / 1024))} kB"
    return f"{amount / (1 << 20):.1f} MB".replace(".", ",")


def amount(number: int) -> str:
    """Return a count as people write it: *3.165*."""
    return f"{number:,}".replace(",", ".")
