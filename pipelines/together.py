"""Files that are complete together: what one of them leaves out, another may tell."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from data_contracts.quality import Finding, Severity
from pipelines.home import Home
from pipelines.opening import Job, Opened, read_files

Moment = tuple[str | None, datetime | None]
"""The school of a job, and when its files became known; null where nobody said."""


@dataclass(frozen=True)
class Together:
    """What complete files of one school and one moment say beside each other.

    Parameters
    ----------
    told
        Of each table of each school, moment and file the records that the other files hold.
    unread
        A file that cannot be read, of each moment that has one: then nobody knows what is missing.
    """

    told: Mapping[tuple[str, str, datetime | None, Path], frozenset[str]] = field(default_factory=dict)
    unread: Mapping[Moment, str] = field(default_factory=dict)

    def beside(self, opened: Opened, school: str) -> dict[str, frozenset[str]]:
        """Return by table what others tell of `school`, beside a file."""
        parcel = opened.parcel
        found = {
            (reading.table, (school, reading.table, parcel.delivered_at, parcel.path)) for reading in opened.readings
        }
        return {table: self.told[part] for table, part in found if part in self.told}

    def incomplete(self, opened: Opened) -> Finding | None:
        """Say that a file is not complete after all; None where it is, or where nobody said so."""
        unread = self.unread.get((opened.job.school, opened.parcel.delivered_at))
        if unread is None or opened.parcel.complete is None:
            return None
        return Finding(
            check="not_complete",
            severity=Severity.WARNING,
            message=f"een bestand dat erbij hoort is niet te lezen ({unread}); daarom is niets teruggenomen dat ontbreekt",
            remedy="Herstel dat bestand en lever alle bestanden opnieuw.",
            file=opened.parcel.path.name,
        )


def together(home: Home, jobs: Sequence[Job]) -> Together:
    """Look into the complete files of `jobs`, where a school has several of one moment; else there is nothing to read."""
    complete = [(job, parcel) for job in jobs for parcel in job.parcels if parcel.complete]
    alike = Counter((job.school, parcel.delivered_at) for job, parcel in complete)
    several = [
        replace(job, parcels=(parcel,)) for job, parcel in complete if alike[job.school, parcel.delivered_at] > 1
    ]
    by_file: defaultdict[tuple[str, str, datetime | None], dict[Path, frozenset[str]]] = defaultdict(dict)
    unread: dict[Moment, str] = {}
    for opened in read_files(home, several):
        path, moment = opened.parcel.path, opened.parcel.delivered_at
        if opened.refused is not None:
            unread[opened.job.school, moment] = path.name
        for reading in opened.readings:
            if "record" in reading.frame.columns:
                told = by_file[reading.school, reading.table, moment]
                told[path] = told.get(path, frozenset()) | frozenset(reading.frame["record"].to_list())
    others = {
        (*part, path): frozenset[str]().union(*(other for of, other in told.items() if of != path))
        for part, told in by_file.items()
        for path in told
    }
    return Together(others, unread)
