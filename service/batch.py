"""What the batch and the pages tell each other: which deliveries wait, what became of each, and what went wrong.

The database knows how far a delivery is. Beside it, in the folder ``batch``, stands what is true of this machine alone: that
somebody takes in what comes, how often a delivery was tried, and why a school has no list yet.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Engine, select

from data_contracts import files
from data_contracts.errors import AanwezigError
from data_contracts.quality import QualityReport
from service import db
from service.inbox import FOLDER, REPORTS, SCHOOLS, UNTAKEN, Status, file_name
from service.rights import by_number
from service.tables import DeliveryRow, ListRow, SchoolRow, now

BESIDE = "batch"
ALIVE = "alive"
TRIES, LISTS = "tries", "lists"

FORGOTTEN_SECONDS = 3600
"""A file without a row that was not touched for so long belongs to a process that is gone; an upload takes minutes."""

SILENT_SECONDS = 30
"""Without a sign of life for so long nobody takes in what comes; who does gives one every few seconds."""


LONG_SECONDS = 600
"""A list that is being made for so long is not any more: its process was killed."""

AGAIN_SECONDS = 3600
"""After how long a list that could not be made is tried again by itself."""


@dataclass(frozen=True)
class Waiting:
    """A delivery that was not taken in yet.

    Parameters
    ----------
    id, school, received_at
        Its id, whose it is, and when it came (UTC).
    file
        Name of its file in the inbox.
    status
        Received, or waiting for what the school's codes mean.
    """

    id: str
    school: str
    received_at: datetime
    file: str
    status: Status = Status.RECEIVED


@dataclass(frozen=True)
class Unlisted:
    """Why the batch could not make a list, as it said last."""

    detail: str
    remedy: str


LATER = "Het wordt straks opnieuw geprobeerd. Blijft het misgaan, meld het dan uw beheerder."
BROKEN_OFF = Unlisted("het maken van de lijst is afgebroken", LATER)


def waiting(engine: Engine) -> tuple[Waiting, ...]:
    """Return what was received and waits for the batch, oldest first; for figures and warnings, so without a viewer."""
    return tuple(one for one in untaken(engine) if one.status is Status.RECEIVED)


def untaken(engine: Engine) -> tuple[Waiting, ...]:
    """Return every delivery whose file is still there, oldest first; for the batch, so without a viewer."""
    query = select(DeliveryRow).where(DeliveryRow.status.in_(UNTAKEN))
    with db.transaction(engine, writes=False) as session:
        rows = session.scalars(query.order_by(DeliveryRow.received_at, DeliveryRow.id))
        return tuple(Waiting(row.id, row.school, row.received_at, file_name(row), Status(row.status)) for row in rows)


def waits_for_a_name(engine: Engine) -> bool:
    """Whether somebody objected by number, and nobody has looked up yet who that is."""
    return bool(by_number.waiting(engine))


def postpone(engine: Engine, delivery: Waiting, *, reports: Sequence[QualityReport]) -> None:
    """Write that a delivery waits for what its codes mean, and which those are. Its file stays."""
    with db.transaction(engine, durable=True) as session:
        row = session.get_one(DeliveryRow, delivery.id)
        row.status = Status.CODES.value
        row.report = REPORTS.dump_json(tuple(reports)).decode()


def finish(engine: Engine, home: Path, delivery: Waiting, *, status: Status, reports: Sequence[QualityReport]) -> None:
    """Write what became of a delivery, then let go of its file: it holds personal data, and is not needed any more."""
    with db.transaction(engine, durable=True) as session:
        row = session.get_one(DeliveryRow, delivery.id)
        row.status = status.value
        row.finished_at = now()
        row.report = REPORTS.dump_json(tuple(reports)).decode()
    (home / FOLDER / delivery.file).unlink(missing_ok=True)


def sweep(engine: Engine, home: Path) -> None:
    """Remove files that no waiting delivery is about: of uploads that broke off, and of deliveries that were finished."""
    old = _old(home / FOLDER)
    tried = _old(home / BESIDE / TRIES)
    expected = {name for one in untaken(engine) for name in (one.file, one.id)}
    for path in (*old, *tried):
        if path.name not in expected:
            path.unlink(missing_ok=True)


def _old(folder: Path) -> list[Path]:
    before = time.time() - FORGOTTEN_SECONDS
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_file() and path.stat().st_mtime < before]


def unlisted(engine: Engine, home: Path) -> frozenset[str]:
    """Return the schools of which a delivery was accepted and no list was ever published, or tried to make not long ago."""
    with db.transaction(engine, writes=False) as session:
        accepted = session.scalars(select(DeliveryRow.school).where(DeliveryRow.status == Status.ACCEPTED.value))
        found = frozenset(accepted) - frozenset(session.scalars(select(SchoolRow.id)))
    return _not_tried_lately(home, found)


def behind(engine: Engine, home: Path, *, week: date) -> frozenset[str]:
    """Return the schools with settings here that have no list of `week`, nor one that was tried to make not long ago."""
    with db.transaction(engine, writes=False) as session:
        listed = frozenset(session.scalars(select(ListRow.school).where(ListRow.week >= week)))
    known = frozenset(path.stem for path in (home / SCHOOLS).glob("*.toml"))
    return _not_tried_lately(home, known - listed)


def _not_tried_lately(home: Path, schools: frozenset[str]) -> frozenset[str]:
    before = time.time() - AGAIN_SECONDS
    notes = {school: _note(home, school) for school in schools}
    return frozenset(school for school, note in notes.items() if not note.exists() or note.stat().st_mtime < before)


def begin(home: Path, delivery: Waiting) -> int:
    """Note that a delivery is tried once more, before it is; return how often that makes."""
    path = home / BESIDE / TRIES / delivery.id
    tries = int(path.read_text(encoding="ascii")) + 1 if path.exists() else 1
    files.write_text(path, str(tries))
    return tries


def survived(home: Path, delivery: Waiting) -> None:
    """Note that the process lived through a try, whatever came of it."""
    (home / BESIDE / TRIES / delivery.id).unlink(missing_ok=True)


def give_sign(home: Path) -> None:
    """Say that somebody takes in what comes."""
    path = home / BESIDE / ALIVE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)


def is_attended(home: Path) -> bool:
    """Whether somebody takes in what comes, as far as can be seen from here."""
    path = home / BESIDE / ALIVE
    return path.exists() and time.time() - path.stat().st_mtime < SILENT_SECONDS


def begin_list(home: Path, school: str) -> None:
    """Note that the list of `school` is being made, so that one that ends the process is not tried again at once."""
    files.write_text(_note(home, school), json.dumps({"detail": "", "remedy": ""}))


def note_list(home: Path, school: str, error: AanwezigError | None) -> None:
    """Note why the list of `school` could not be made, as a page may say it; without an error, that it was."""
    if error is None:
        _note(home, school).unlink(missing_ok=True)
    else:
        told = error.for_outside()
        files.write_text(_note(home, school), json.dumps({"detail": told.detail, "remedy": told.remedy}))


def why_unlisted(home: Path, school: str) -> Unlisted | None:
    """Return why the batch could not make the list of `school`; None where it said nothing, or is making it."""
    try:
        begun = _note(home, school).stat().st_mtime
        told = Unlisted(**json.loads(_note(home, school).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    if told.detail:
        return told
    return BROKEN_OFF if begun < time.time() - LONG_SECONDS else None


def _note(home: Path, school: str) -> Path:
    return home / BESIDE / LISTS / f"{school}.json"
