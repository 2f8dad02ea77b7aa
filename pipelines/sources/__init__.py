"""The formats in which schools deliver, one module each; every one ends in the words of the contract.

What a reader does not know it does not read: free text and medical detail stay in the school's file.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from data_contracts.errors import RefusedDeliveryError, UsageError
from data_contracts.identifiers import SCHOOL_PATTERN
from data_contracts.quality import ProposedCode
from data_contracts.school import SchoolSettings
from pipelines.keys import Keys
from pipelines.sources import canonical, edfi, eduarte, magister, parnassys, proposals, somtoday
from pipelines.sources.files import read_sheet
from pipelines.sources.readings import Intake, Reading, SourceFile
from pipelines.sources.sheet import Sheet

__all__ = ["SOURCES", "Reading", "propose_mapping", "read", "unmapped_codes"]

_FILES = MappingProxyType(
    {
        "canonical": canonical.FILES,
        "magister": magister.FILES,
        "somtoday": somtoday.FILES,
        "eduarte": eduarte.FILES,
        "parnassys": parnassys.FILES,
        "edfi": edfi.FILES,
    }
)

SOURCES: tuple[str, ...] = tuple(_FILES)
"""Names of the known formats."""


def read(
    path: Path,
    *,
    source: str,
    school: SchoolSettings | None,
    keys: Keys,
    others: Mapping[str, SchoolSettings] = MappingProxyType({}),
) -> list[Reading]:
    """Read one file of a school's export.

    Parameters
    ----------
    path
        The file. Its table follows from the start of its name.
    source
        One of `SOURCES`.
    school
        Settings of the school it comes from; None only where the file names its own schools.
    keys
        Turn pupil numbers into pseudonyms, and seal names.
    others
        Settings of schools that a file may name itself.

    Returns
    -------
    list of Reading
        One per table and school. A reading with errors among its findings is to be refused.

    Raises
    ------
    RefusedDeliveryError
        The file cannot be understood at all; the message says why and what to do.
    UsageError
        The source is not known, or no school was given and the file names none.
    NotFoundError, StorageError
        The file is not there, or may not be read.
    """
    file = _source_file(path, source)
    sheet = read_sheet(path, file.layout)
    return [
        reading
        for name, part in _schools(sheet, file, school)
        for reading in file.read(part, Intake(name, school or others.get(name), keys))
    ]


def propose_mapping(path: Path, *, source: str) -> str:
    """Propose what a school's codes mean, as TOML with ``[reasons]`` and the evidence behind each code.

    Raises
    ------
    RefusedDeliveryError, UsageError, NotFoundError
        The file cannot be read, or has no codes.
    """
    return proposals.propose(path, _source_file(path, source))


def unmapped_codes(path: Path, *, source: str, known: Collection[str]) -> tuple[ProposedCode, ...]:
    """Return the codes in a file that are not among `known`, and what each may mean; none where it has no codes.

    Raises
    ------
    RefusedDeliveryError, UsageError, NotFoundError
        The file cannot be read.
    """
    return proposals.unmapped(path, _source_file(path, source), known=known)


def _source_file(path: Path, source: str) -> SourceFile:
    files = _FILES.get(source)
    if files is None:
        detail = f"de bron '{source}' is niet bekend"
        raise UsageError(detail, remedy=f"Kies een van: {', '.join(SOURCES)}.")
    name = path.name.lower()
    hits = [start for start in files if name.startswith(start)]
    if not hits:
        expected = ", ".join(f"{start}*" for start in files)
        detail = f"{path.name}: aan de naam is niet te zien welke tabel van {source} dit is"
        raise RefusedDeliveryError(detail, remedy=f"Laat de naam beginnen met een van: {expected}.")
    return files[max(hits, key=len)]


def _schools(sheet: Sheet, file: SourceFile, school: SchoolSettings | None) -> list[tuple[str, Sheet]]:
    """Split a file that names its schools; otherwise it is the given school's."""
    column = file.school_column
    named = column is not None and sheet.cells[column].null_count() < sheet.cells.height
    if column is None or not named:
        if school is None:
            detail = f"{sheet.file}: niet duidelijk van welke school dit bestand is"
            raise UsageError(detail, remedy="Noem de school met --school, of zet school.toml naast het bestand.")
        return [(school.school, sheet)]
    names = sheet.cells[column]
    wrong = names.is_null() | ~names.str.contains(SCHOOL_PATTERN)
    if school is not None:
        wrong = wrong | (names != school.school).fill_null(value=True)
    if wrong.any():
        row = int(sheet.rows.filter(wrong)[0])
        expected = "BRIN met vestiging, zoals 11ZZ03" if school is None else school.school
        shown = sheet.may_show(names.filter(wrong)[0]) or "(leeg)"
        detail = f"{sheet.file}: kolom '{column}' is op {int(wrong.sum())} regels niet {expected}; regel {row}: {shown}"
        raise RefusedDeliveryError(detail, remedy="Herstel de kolom, of lever een bestand per school.")
    return [(name, sheet.filter(names == name)) for name in names.unique(maintain_order=True)]
