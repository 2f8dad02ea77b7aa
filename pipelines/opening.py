"""Opening files: read a portion of them, and take the portion past the door together.

The door asks Great Expectations once a table for a whole portion: asking it file by file took most of an import.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import file_digest
from pathlib import Path
from typing import TypeVar

from data_contracts.checks import Delivered, check_all
from data_contracts.errors import RefusedDeliveryError, StorageError
from data_contracts.quality import Finding, Severity
from data_contracts.school import SchoolSettings
from data_contracts.tables import TABLES
from pipelines.deliveries import Parcel
from pipelines.home import Home
from pipelines.keys import Keys
from pipelines.lake import Lake
from pipelines.sources import Reading, read

PORTION = 32 << 20
"""Bytes of files that are in memory together, or one file that is larger; a school's year is about a third of this."""

PACKED = 10
"""Bytes of text that a byte of a workbook or Parquet file holds, about."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Job:
    """Files of one school (or of files that name their own schools), to be read in order.

    Parameters
    ----------
    school
        The school; None where the files name theirs.
    parcels, warnings
        The files; what is to be said about a school's settings.
    source
        The format of the files where neither they nor the school say so.
    """

    school: str | None
    parcels: tuple[Parcel, ...]
    warnings: dict[str, Finding]
    source: str

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(_size(parcel) for parcel in self.parcels)


@dataclass(frozen=True)
class Opened:
    """A file that was read.

    Parameters
    ----------
    parcel, job
        The file, and what it belongs to.
    source, sha256
        Its format, and the digest of its bytes.
    settings
        Settings of the schools it may be from.
    readings
        Its tables.
    judged
        What the door found in each of `readings`.
    refused
        Why it could not be read at all.
    """

    parcel: Parcel
    job: Job
    source: str
    sha256: str = ""
    settings: dict[str, SchoolSettings] = field(default_factory=dict)
    readings: tuple[Reading, ...] = ()
    judged: tuple[tuple[Finding, ...], ...] = ()
    refused: Finding | None = None


def open_files(home: Home, jobs: Sequence[Job], *, say: Callable[[Parcel, Job], None]) -> Iterator[Opened]:
    """Read the files of `jobs` in order, a portion at a time, and say what the door thinks of each.

    Parameters
    ----------
    say
        Told about each file before it is read.
    """
    keys = Keys.of(home)
    files = [(parcel, job) for job in jobs for parcel in job.parcels]
    for portion in portions(files, limit=PORTION, size=lambda file: _size(file[0])):
        opened: deque[Opened] = deque()
        for parcel, job in portion:
            say(parcel, job)
            opened.append(_open(home, keys, parcel, job))
        verdicts = iter(_verdicts(opened))
        while opened:  # let go of one by one: what is read takes more room than the file
            each = opened.popleft()
            yield replace(each, judged=tuple(next(verdicts) for _ in each.readings))


def read_files(home: Home, jobs: Sequence[Job]) -> Iterator[Opened]:
    """Read the files of `jobs` in order, one at a time; nobody at the door has looked at them."""
    keys = Keys.of(home)
    for job in jobs:
        for parcel in job.parcels:
            yield _open(home, keys, parcel, job)


def portions(items: Iterable[Item], *, limit: int, size: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Part `items`, in order, so that no part of more than one is larger than `limit`."""
    part: list[Item] = []
    filled = 0
    for item in items:
        if part and filled + size(item) > limit:
            yield part
            part, filled = [], 0
        part.append(item)
        filled += size(item)
    if part:
        yield part


def _size(parcel: Parcel) -> int:
    """Bytes of a file, written out as text where it is compressed."""
    bytes_there = parcel.path.stat().st_size if parcel.path.exists() else 0
    return bytes_there * (PACKED if parcel.path.suffix.lower() in {".xlsx", ".parquet"} else 1)


def _open(home: Home, keys: Keys, parcel: Parcel, job: Job) -> Opened:
    lake = Lake(home)
    settings = lake.settings(job.school) if job.school else None
    others = {} if settings else lake.all_settings()
    source = parcel.source or (settings.source if settings else job.source)
    sha256 = ""
    try:
        sha256 = _digest(parcel.path)
        readings = read(parcel.path, source=source, school=settings, keys=keys, others=others)
    except (RefusedDeliveryError, StorageError) as error:  # a file that cannot be read does not stop the others
        finding = Finding(
            check="unreadable",
            severity=Severity.ERROR,
            message=error.detail,
            remedy=error.remedy,
            file=parcel.path.name,
        )
        return Opened(parcel, job, source, sha256, refused=finding)
    known = {settings.school: settings} if settings else others
    return Opened(parcel, job, source, sha256, known, tuple(readings))


def _verdicts(opened: Iterable[Opened]) -> list[tuple[Finding, ...]]:
    """Judge each table of what was read, all together; the verdict on one file does not depend on the others."""
    return check_all(
        [
            Delivered(TABLES[reading.table], reading.frame.to_pandas(), each.parcel.path.name, each.parcel.delivered_at)
            for each in opened
            for reading in each.readings
        ]
    )


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        detail = f"{path} is niet te lezen: {error.strerror}"
        raise StorageError(detail, remedy="Geef deze gebruiker leesrecht op het bestand.") from None
