"""The batch's side of the inbox, and the door to it: take in what came over the API, as `ingest` takes in a folder.

One process an installation at a time. A delivery that a crash interrupted still waits, and is taken in again from the
start; rows that were stored already change nothing.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from data_contracts.errors import AanwezigError, SettingsError, StorageError
from data_contracts.quality import Finding, QualityReport, Severity, Verdict
from data_contracts.tables import CONTRACT_VERSION
from pipelines.home import Home
from pipelines.locks import locked
from pipelines.publishing import open_database
from service.inbox import FOLDER, Status, Waiting, finish, sweep, waiting

logger = logging.getLogger(__name__)

LOCK = "inbox"
BUSY = "er draait al een 'aanwezig inbox' voor deze map"


@dataclass(frozen=True)
class Taken:
    """What became of one delivery.

    Parameters
    ----------
    delivery
        Which.
    status
        Accepted, refused or failed.
    reports
        What was found, a table each.
    """

    delivery: Waiting
    status: Status
    reports: tuple[QualityReport, ...]


@contextmanager
def attended(home: Home) -> Iterator[None]:
    """Be the one process that takes in what comes into the inbox of `home`.

    Raises
    ------
    StorageError
        Another one is.
    """
    with locked(home, LOCK, busy=BUSY):
        yield


def unattended(home: Home) -> int:
    """How many deliveries wait while no process takes them in."""
    engine = open_database(home.database_url)
    try:
        number = len(waiting(engine))
    finally:
        engine.dispose()
    if not number:
        return 0
    try:
        with attended(home):
            return number
    except StorageError:
        return 0


def take_in(home: Home, *, done: Callable[[Taken], None]) -> None:
    """Take in everything that waits, oldest first; call it while `attended`.

    A delivery that cannot be looked at now, because the disk, the database or the school's own settings are not in order
    or another import of that school runs, goes on waiting; the rest is taken in first.

    Parameters
    ----------
    done
        Told what became of each.

    Raises
    ------
    SettingsError, StorageError
        Something goes on waiting: why the first of them does.
    """
    engine = open_database(home.database_url)
    postponed: AanwezigError | None = None
    try:
        sweep(engine, home.root)
        for delivery in waiting(engine):
            try:
                taken = _judged(home, delivery)
            except (SettingsError, StorageError) as error:
                postponed = postponed or error
                continue
            finish(engine, home.root, delivery, status=taken.status, reports=taken.reports)
            done(taken)
    finally:
        engine.dispose()
    if postponed is not None:
        raise postponed


def _judged(home: Home, delivery: Waiting) -> Taken:
    """Put one delivery before the door. A flaw of ours in it must not stop the deliveries behind it."""
    path = home.root / FOLDER / delivery.file
    if not path.is_file():
        return _turned_down(
            delivery, Status.FAILED, "file_missing", "het bestand is er niet meer", "Lever het opnieuw."
        )
    if not (home.schools / f"{delivery.school}.toml").is_file():
        message = f"van school {delivery.school} is er nog geen schoolbestand"
        return _turned_down(delivery, Status.REFUSED, "no_settings", message, "Vraag de beheerder het te maken.")
    from pipelines.ingest import ingest  # noqa: PLC0415 - loads pandas, and there may be nothing to take in

    try:
        reports = tuple(ingest(home, path, school=delivery.school, delivered_at=delivery.received_at))
    except (SettingsError, StorageError):
        raise
    except AanwezigError as error:
        return _turned_down(delivery, Status.REFUSED, "unreadable", error.detail, error.remedy)
    except Exception:
        logger.exception("delivery %s", delivery.id)
        message = "bij het innemen ging bij ons iets mis"
        return _turned_down(delivery, Status.FAILED, "failed", message, "Meld het uw beheerder, en lever het opnieuw.")
    refused = any(report.verdict is Verdict.REFUSED for report in reports)
    return Taken(delivery, Status.REFUSED if refused else Status.ACCEPTED, reports)


def _turned_down(delivery: Waiting, status: Status, check: str, message: str, remedy: str) -> Taken:
    """Say of a whole file why it was not taken in."""
    finding = Finding(check=check, severity=Severity.ERROR, message=message, remedy=remedy, file=delivery.file)
    report = QualityReport(
        delivery=delivery.id,
        school=delivery.school,
        source="",
        table="",
        file=delivery.file,
        delivered_at=delivery.received_at,
        sha256="",
        verdict=Verdict.REFUSED,
        findings=(finding,),
        contract_version=CONTRACT_VERSION,
    )
    return Taken(delivery, status, (report,))
