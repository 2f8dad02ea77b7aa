"""What a school exports from its own system, and what each kind of file is called on the page."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from data_contracts.frozen import Frozen
from service.inbox import Format, Kind


class Export(Frozen):
    """One file that a system gives: its kind, how it may be written, and what has to be in it."""

    soort: Kind
    formats: tuple[Format, ...]
    columns: str


class System(Frozen):
    """A system that schools register in, and its files; without `timetable` the norm of the school is used."""

    label: str
    pupils: tuple[Export, ...]
    absences: tuple[Export, ...]
    timetable: tuple[Export, ...]


SYSTEMS: dict[str, System] = TypeAdapter(Annotated[dict[str, System], Field(min_length=1)]).validate_python(
    tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
)

PUPILS, ABSENCES = "leerlingen en groepen", "afwezigheid"

KIND_LABELS: dict[Kind, str] = {
    Kind.LEERLINGEN: PUPILS,
    Kind.ENROLMENTS: f"{PUPILS} (eigen tabel)",
    Kind.NAMES: "namen (eigen tabel)",
    Kind.VERANTWOORDINGEN: f"{ABSENCES}: verantwoordingen",
    Kind.ABSENTIES: f"{ABSENCES}: absenties",
    Kind.ABSENTIEMELDINGEN: f"{ABSENCES}: meldingen",
    Kind.WAARNEMINGEN: f"{ABSENCES}: waarnemingen per les",
    Kind.VERZUIM: f"{ABSENCES}: verzuimoverzicht",
    Kind.ABSENCES: f"{ABSENCES} (eigen tabel)",
    Kind.ATTENDANCE_EVENTS: f"{ABSENCES} (Ed-Fi)",
    Kind.AFSPRAKEN: "rooster",
    Kind.TIMETABLE: "rooster (eigen tabel)",
    Kind.OUTCOMES: "geregistreerde uitkomsten (eigen tabel)",
}
"""What a kind of file is called; as the school's own system calls it where that says more."""


FIRST: tuple[frozenset[Kind], ...] = (
    frozenset({Kind.LEERLINGEN, Kind.ENROLMENTS}),
    frozenset({Kind.AFSPRAKEN, Kind.TIMETABLE}),
)


def kind_of(name: str) -> Kind | None:
    """Return what kind of file is called `name`; None where its name does not say so."""
    hits = [kind for kind in Kind if name.lower().startswith(kind.value)]
    return max(hits, key=len, default=None)


def format_of(name: str) -> Format | None:
    """Return how a file called `name` is written, by its suffix; None where we do not read that."""
    suffix = name.rpartition(".")[2].lower()
    return Format(suffix) if suffix in set(Format) else None


def order(kind: Kind) -> int:
    """Return where a kind of file comes when several are sent: who there is and when there are lessons comes first."""
    return next((place for place, kinds in enumerate(FIRST) if kind in kinds), len(FIRST))
