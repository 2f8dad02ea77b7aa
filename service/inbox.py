"""The inbox: files that schools and their suppliers hand in over the API, kept until the batch has taken them in.

First the file is on disk for good, then its row is in the database, then it is confirmed. A process that dies in between
leaves a file without a row, which is swept, and never a confirmation without a file. What a client calls its file is not
kept: its name is ours.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import IO

from pydantic import TypeAdapter
from sqlalchemy import Engine, and_, func, or_, select
from sqlalchemy.orm import Session

from data_contracts.errors import NotFoundError, UsageError
from data_contracts.quality import QualityReport
from service import audit, db
from service.audit import Action
from service.front.limits import Quota, TooManyError
from service.tables import DeliveryRow, new_id, now
from service.viewer import Permission, Viewer

FOLDER = "inbox"
SCHOOLS = "schools"
ARRIVING = ".arriving-"

REPEAT = timedelta(hours=24)
"""Within this time the same bytes are the same delivery sent twice; later a school may return to what it said before."""

A_DAY = timedelta(hours=24)

REPORTS: TypeAdapter[tuple[QualityReport, ...]] = TypeAdapter(tuple[QualityReport, ...])


class Kind(StrEnum):
    """What a file holds, by the name that its system gives it. A test holds these equal to what the readers know."""

    ABSENCES = "absences"
    ABSENTIEMELDINGEN = "absentiemeldingen"
    ABSENTIES = "absenties"
    AFSPRAKEN = "afspraken"
    ATTENDANCE_EVENTS = "attendance_events"
    ENROLMENTS = "enrolments"
    LEERLINGEN = "leerlingen"
    NAMES = "names"
    OUTCOMES = "outcomes"
    TIMETABLE = "timetable"
    VERANTWOORDINGEN = "verantwoordingen"
    VERZUIM = "verzuim"
    WAARNEMINGEN = "waarnemingen"


class Format(StrEnum):
    """How a file is written; its suffix, without the dot. A test holds these equal to what the readers know."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    TXT = "txt"
    XLSX = "xlsx"


class Status(StrEnum):
    """How far a delivery is; CODES: it waits until the school has said what its codes mean."""

    RECEIVED = "received"
    CODES = "codes"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"


UNTAKEN = (Status.RECEIVED.value, Status.CODES.value)
"""A delivery whose file is still here."""


@dataclass
class Arriving:
    """A file that is being written.

    Parameters
    ----------
    path
        Where it stands until it is complete.
    file
        To write to.
    """

    path: Path
    file: IO[bytes]
    size: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def write(self, chunk: bytes) -> None:
        """Add a piece."""
        self.file.write(chunk)
        self.digest.update(chunk)
        self.size += len(chunk)

    def settle(self) -> None:
        """Have it on the disk itself; apart from `keep`, so that nobody waits for the disk within a transaction."""
        self.file.flush()
        os.fsync(self.file.fileno())


@contextmanager
def arriving(home: Path) -> Iterator[Arriving]:
    """Open a new file in the inbox of `home`; what `keep` did not take is gone afterwards."""
    folder = home / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{ARRIVING}{new_id()}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield Arriving(path, file)
    finally:
        path.unlink(missing_ok=True)


def file_name(row: DeliveryRow) -> str:
    """Ours, and it begins as the readers want it to: they tell the table by it."""
    return f"{row.kind}-{row.id}{row.suffix}"


def may_deliver(viewer: Viewer, school: str) -> None:
    """Refuse a delivery for a school that `viewer` may not deliver for.

    Raises
    ------
    NotAllowedError, NotFoundError
        The role does not deliver; the school is out of scope, or is not there.
    """
    viewer.must(Permission.DELIVER)
    if not viewer.reaches(school):
        detail = "Wij kunnen deze school niet vinden."
        raise NotFoundError(detail, remedy="Controleer de BRIN met vestiging, of vraag uw beheerder om toegang.")


def within_quota(engine: Engine, school: str, quota: Quota) -> None:
    """Refuse one more file of `school` today; asked of all its files, also of those that a viewer may not see.

    Raises
    ------
    TooManyError
        It handed in as many as it may.
    """
    since = now() - A_DAY
    query = select(func.count(), func.coalesce(func.sum(DeliveryRow.size), 0))
    query = query.where(DeliveryRow.school == school, DeliveryRow.received_at > since)
    with db.transaction(engine, writes=False) as session:
        files, size = session.execute(query).one()
    if files < quota.files_a_day and size < quota.bytes_a_day:
        return
    detail = f"Voor deze school kwam er vandaag al zo veel binnen als mag: {files} bestanden, {size >> 20} MB."
    remedy = "Probeer het morgen opnieuw, of vraag de beheerder van de server om meer ruimte (limits.toml)."
    raise TooManyError(detail, remedy=remedy, retry_after=int(A_DAY.total_seconds()) // 24)


def keep(
    viewer: Viewer, session: Session, arrived: Arriving, *, home: Path, school: str, kind: Kind, written_as: Format
) -> DeliveryRow:
    """Keep what has arrived and settled: the file in its place, then its row. The same bytes again are the same delivery.

    Who may hand in but not read deliveries cannot be told of an earlier one, and makes a new one; taking the same rows in
    twice changes nothing.

    Raises
    ------
    NotAllowedError, NotFoundError, UsageError
        As `may_deliver`; there is nothing in the file.
    """
    may_deliver(viewer, school)
    if not arrived.size:
        detail = "Dit bestand is leeg."
        raise UsageError(detail, remedy="Stuur het bestand als inhoud van het verzoek.")
    row = DeliveryRow(
        id=new_id(),
        school=school,
        kind=kind.value,
        status=Status.RECEIVED.value,
        received_at=now(),
        received_by=viewer.person,
        suffix=f".{written_as}",
        size=arrived.size,
        digest=arrived.digest.hexdigest(),
    )
    path = home / FOLDER / file_name(row)
    _put(arrived, path)
    db.next_change(session)  # of two that hand in the same at once, one waits here and then finds the other's
    earlier = _earlier(session, row, settled=_settled(home, school))
    if earlier is not None:
        path.unlink()
        return earlier
    session.add(row)
    audit.record(viewer, session, action=Action.DELIVERY_RECEIVED, school=school, object_id=row.id)
    return row


def _put(arrived: Arriving, path: Path) -> None:
    arrived.path.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _earlier(session: Session, row: DeliveryRow, *, settled: datetime) -> DeliveryRow | None:
    """Return the delivery that `row` repeats: one that waits, or that was taken in not long ago.

    What came before the school's settings were changed (`settled`) is read otherwise now, so it may come again.
    """
    lately = and_(
        DeliveryRow.status == Status.ACCEPTED.value,
        DeliveryRow.received_at > max(row.received_at - REPEAT, settled),
    )
    return session.scalar(
        select(DeliveryRow)
        .where(
            DeliveryRow.school == row.school,
            DeliveryRow.kind == row.kind,
            DeliveryRow.digest == row.digest,
            DeliveryRow.suffix == row.suffix,
            or_(DeliveryRow.status.in_(UNTAKEN), lately),
        )
        .order_by(DeliveryRow.received_at.desc())
        .limit(1)
    )


def _settled(home: Path, school: str) -> datetime:
    """When the settings of `school` were last written; long ago where there are none."""
    path = home / SCHOOLS / f"{school}.toml"
    return datetime.fromtimestamp(path.stat().st_mtime if path.exists() else 0, UTC)


def delivery(viewer: Viewer, session: Session, delivery_id: str) -> DeliveryRow:
    """Return one delivery.

    Raises
    ------
    NotAllowedError, NotFoundError
        The role does not read deliveries; there is none with that id in scope.
    """
    viewer.must(Permission.READ_DELIVERIES)
    row = session.scalar(select(DeliveryRow).where(DeliveryRow.id == delivery_id))
    if row is None:
        detail = "Wij kunnen deze levering niet vinden."
        raise NotFoundError(detail, remedy="Controleer het adres, of zoek haar op in de lijst van leveringen.")
    return row


def deliveries(
    viewer: Viewer, session: Session, *, school: str | None, after: tuple[datetime, str] | None, limit: int
) -> Sequence[DeliveryRow]:
    """Return deliveries in scope, newest first; from `after` (moment of receipt and id) on.

    Raises
    ------
    NotAllowedError
        The role does not read deliveries.
    """
    viewer.must(Permission.READ_DELIVERIES)
    query = select(DeliveryRow).order_by(DeliveryRow.received_at.desc(), DeliveryRow.id).limit(limit)
    if school is not None:
        query = query.where(DeliveryRow.school == school)
    if after is not None:
        moment, last = after
        same = and_(DeliveryRow.received_at == moment, DeliveryRow.id > last)
        query = query.where(or_(DeliveryRow.received_at < moment, same))
    return session.scalars(query).all()
