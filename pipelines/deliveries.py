"""Which files there are to import, from which school, and when each was delivered.

A folder may say so itself: ``school.toml`` holds the school's settings, ``deliveries.toml`` the
moment of each file. A folder within a folder has those of its parent unless it has its own.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from data_contracts.errors import NotFoundError, SettingsError
from data_contracts.frozen import Frozen
from data_contracts.quality import Finding, Severity
from data_contracts.school import SchoolSettings, read_school
from pipelines.clock import utc_of
from pipelines.home import Home

LIST = "deliveries.toml"
SUFFIXES = {".csv", ".txt", ".json", ".xlsx", ".xls", ".parquet"}

_ORDER = (("enrolments", "leerlingen"), ("timetable", "afspraken"), (), ("outcomes",), ("names",))
"""Beginnings of file names: who there is and when there are lessons comes before who was absent (the middle place)."""


class _Listed(Frozen):
    """One ``[[delivery]]`` of a deliveries.toml."""

    file: str = Field(min_length=1)
    delivered_at: datetime
    source: str | None = None
    recorded_as_event: bool = False
    complete_from: date | None = None
    complete_to: date | None = None

    @model_validator(mode="after")
    def _period_is_whole(self) -> Self:
        if (self.complete_from is None) != (self.complete_to is None):
            msg = "complete_from and complete_to belong together"
            raise ValueError(msg)
        if self.complete_from and self.complete_to and self.complete_to < self.complete_from:
            msg = "complete_to lies before complete_from"
            raise ValueError(msg)
        return self


class _Listing(Frozen):
    delivery: tuple[_Listed, ...] = ()


@dataclass(frozen=True)
class Parcel:
    """One file to import, and what is said about it.

    Parameters
    ----------
    path
        The file.
    delivered_at
        When it became known (UTC); None where nobody said.
    source
        Its format, where it differs from the school's.
    recorded_as_event
        Where the source has no recorded moment: the day itself counts, not the delivery.
    complete
        First and last day for which the file holds every fact.
    """

    path: Path
    delivered_at: datetime | None = None
    source: str | None = None
    recorded_as_event: bool = False
    complete: tuple[date, date] | None = None


@dataclass(frozen=True)
class Shipment:
    """The files of one folder, in the order in which they are to be read.

    Parameters
    ----------
    settings
        Path and content of each school file that holds for this folder. One: the school of every file.
    parcels
        The files.
    refused
        Files that are not to be read at all, and why.
    """

    settings: tuple[tuple[Path, SchoolSettings], ...] = ()
    parcels: tuple[Parcel, ...] = ()
    refused: tuple[tuple[Path, Finding], ...] = field(default=())


def discover(path: Path) -> list[Shipment]:
    """Find everything that is to be imported at `path`, a file or a folder.

    Raises
    ------
    NotFoundError
        There is nothing there.
    SettingsError
        A ``school.toml`` or ``deliveries.toml`` is wrong.
    """
    if path.is_file():
        return [_of_one_file(path)]
    if not path.is_dir():
        detail = f"{path} bestaat niet"
        raise NotFoundError(detail, remedy="Controleer de naam van het bestand of de map.")
    found = [shipment for shipment in _walk(path, ()) if shipment.parcels or shipment.refused]
    if not found:
        detail = f"in {path} staat geen bestand dat kan worden gelezen"
        raise NotFoundError(detail, remedy=f"Verwacht worden bestanden met de extensie {', '.join(sorted(SUFFIXES))}.")
    return found


def adopt(home: Home, settings: Sequence[tuple[Path, SchoolSettings]]) -> dict[str, Finding]:
    """Copy school files that `home` does not have yet; warn where it has another. Return warnings by school."""
    warnings = {}
    for path, given in settings:
        kept = home.schools / f"{given.school}.toml"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(path.read_bytes())
        elif read_school(kept) != given:
            warnings[given.school] = Finding(
                check="settings_differ",
                severity=Severity.WARNING,
                message=f"het schoolbestand bij de levering verschilt van {kept}; dat laatste geldt",
                remedy="Neem de wijziging over in dat bestand en importeer opnieuw.",
                file=path.name,
            )
    return warnings


def _of_one_file(path: Path) -> Shipment:
    """A file on its own: its folder's school and, where it is listed, what the list says of it."""
    listed = {parcel.path: parcel for parcel in _listed(path.parent)}
    return Shipment(settings=_schools(path.parent), parcels=(listed.get(path, Parcel(path)),))


def _walk(folder: Path, inherited: tuple[tuple[Path, SchoolSettings], ...]) -> list[Shipment]:
    settings = _schools(folder) or inherited
    listed = _listed(folder)
    inside = {parcel.path for parcel in listed}
    present = [path for path in sorted(folder.iterdir()) if _is_data(path)]
    if listed:
        refused = [(path, _not_listed(path)) for path in present if path not in inside]
        refused += [(parcel.path, _not_there(parcel.path)) for parcel in listed if not parcel.path.is_file()]
        parcels = [parcel for parcel in listed if parcel.path.is_file()]
    else:
        refused = []
        parcels = [Parcel(path) for path in sorted(present, key=lambda path: (_rank(path), path.name))]
    shipments = [Shipment(settings, tuple(parcels), tuple(refused))]
    for below in sorted(folder.iterdir()):
        holds_listed = any(path.is_relative_to(below) for path in inside)
        if below.is_dir() and not below.name.startswith(".") and not holds_listed:
            shipments += _walk(below, settings)
    return shipments


def _is_data(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "~$"))


def _rank(path: Path) -> int:
    name = path.name.lower()
    ranks = [rank for rank, beginnings in enumerate(_ORDER) if name.startswith(beginnings)]
    return ranks[0] if ranks else _ORDER.index(())


def _schools(folder: Path) -> tuple[tuple[Path, SchoolSettings], ...]:
    return tuple((path, read_school(path)) for path in sorted(folder.glob("school*.toml")))


def _listed(folder: Path) -> list[Parcel]:
    path = folder / LIST
    if not path.is_file():
        return []
    try:
        listing = _Listing.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        detail = f"{path} is geen geldig TOML: {error}"
        raise SettingsError(detail, remedy="Herstel de genoemde regel.") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        detail = f"{path}: {wrong}"
        raise SettingsError(detail, remedy="Zie docs/contracts.md, onder 'Leveringen'.") from None
    in_order = sorted(listing.delivery, key=lambda entry: (_moment(entry), _rank(Path(entry.file))))
    parcels = [_parcel(folder, entry) for entry in in_order]
    ahead = [parcel for parcel in parcels if parcel.delivered_at and parcel.delivered_at > datetime.now(UTC)]
    if ahead:
        detail = f"{path}: {ahead[0].path.name} is geleverd op {ahead[0].delivered_at}, en dat ligt in de toekomst"
        raise SettingsError(detail, remedy="Verbeter delivered_at: het moment waarop het bestand is gemaakt.")
    outside = [parcel.path for parcel in parcels if not parcel.path.resolve().is_relative_to(folder.resolve())]
    if outside:
        detail = f"{path} noemt een bestand buiten zijn eigen map: {outside[0]}"
        raise SettingsError(detail, remedy="Zet het bestand in de map zelf.")
    return parcels


def _moment(entry: _Listed) -> datetime:
    """The moment in UTC; without an offset it is Dutch local time."""
    return utc_of(entry.delivered_at)


def _parcel(folder: Path, entry: _Listed) -> Parcel:
    period = (entry.complete_from, entry.complete_to) if entry.complete_from and entry.complete_to else None
    return Parcel(
        path=folder / entry.file,
        delivered_at=_moment(entry),
        source=entry.source,
        recorded_as_event=entry.recorded_as_event,
        complete=period,
    )


def _not_listed(path: Path) -> Finding:
    return Finding(
        check="not_listed",
        severity=Severity.ERROR,
        message=f"{path.name} staat niet in {LIST}, dus het moment van levering is onbekend",
        remedy=f"Voeg het bestand met delivered_at toe aan {LIST}, of haal het uit de map.",
        file=path.name,
    )


def _not_there(path: Path) -> Finding:
    return Finding(
        check="file_missing",
        severity=Severity.ERROR,
        message=f"{path.name} staat in {LIST}, maar niet in de map",
        remedy="Zet het bestand in de map, of haal het uit de lijst.",
        file=path.name,
    )
