"""The batch's side of the inbox, and the door to it: take in what came over the API or the page, as `ingest` does a folder.

One process an installation at a time. A delivery that a crash interrupted still waits, and is taken in again from the
start; rows that were stored already change nothing. One that ended the process twice is not tried a third time.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from data_contracts.errors import AanwezigError, RefusedDeliveryError, SettingsError, StorageError
from data_contracts.frames import frames
from data_contracts.quality import Finding, ProposedCode, QualityReport, Severity, Verdict
from data_contracts.school import SchoolSettings, read_school
from data_contracts.tables import ABSENCES, CONTRACT_VERSION, ENROLMENTS
from pipelines.home import Home
from pipelines.locks import locked
from pipelines.mondays import week_due
from pipelines.publishing import open_database
from service import batch
from service.batch import Waiting, begin, finish, postpone, survived, sweep, untaken, waiting
from service.inbox import FOLDER, Status

logger = logging.getLogger(__name__)

LOCK = "inbox"
BUSY = "er draait al een 'aanwezig inbox' voor deze map"

TRIES = 2
"""Times that a delivery may end the process that takes it in; then it is set aside, or it would do so for ever."""


LONGEST_WAIT = timedelta(days=30)
"""How long a file waits for what its codes mean. It holds personal data of pupils, and nobody is using it."""


@dataclass(frozen=True)
class Taken:
    """What became of one delivery.

    Parameters
    ----------
    delivery
        Which.
    status
        Accepted, refused, failed, or waiting for what its codes mean.
    reports
        What was found, a table each.
    """

    delivery: Waiting
    status: Status
    reports: tuple[QualityReport, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether something of it may be new."""
        return self.status is Status.ACCEPTED


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
        for delivery in untaken(engine):
            try:
                taken = _tried(home, delivery)
            except (SettingsError, StorageError) as error:
                postponed = postponed or error
                continue
            if taken is None:
                continue
            if taken.status is Status.CODES:
                postpone(engine, delivery, reports=taken.reports)
            else:
                finish(engine, home.root, delivery, status=taken.status, reports=taken.reports)
            done(taken)
    finally:
        engine.dispose()
    if postponed is not None:
        raise postponed


def look_up_objectors(home: Home) -> None:
    """Find out who objected by number alone, before any list is made."""
    engine = open_database(home.database_url)
    try:
        waits = batch.waits_for_a_name(engine)
    finally:
        engine.dispose()
    if waits:
        from pipelines.by_number import settle  # noqa: PLC0415 - loads Polars, and there is seldom one

        settle(home)


def list_what_came(
    home: Home, schools: Collection[str], *, now: datetime | None = None, monday: time | None = None
) -> None:
    """Make this week's list of those of `schools`, and of those without any, that have pupils and absences; say what failed.

    Parameters
    ----------
    now
        The present moment (UTC).
    monday
        From this time on Monday every school should have a list of the running week, also where nothing new came.
    """
    due = week_due(now, monday)
    engine = open_database(home.database_url)
    try:
        wanted = batch.unlisted(engine, home.root) | frozenset(schools)
        if due is not None:
            wanted |= batch.behind(engine, home.root, week=due)
    finally:
        engine.dispose()
    if not wanted:
        return
    from pipelines.lake import Lake  # noqa: PLC0415 - loads Polars, and there may be nothing to list
    from pipelines.weekly import weekly  # noqa: PLC0415 - same

    lake = Lake(home)
    for school in sorted(wanted):
        if not all(lake.files(table.name, schools=[school]) for table in (ENROLMENTS, ABSENCES)):
            continue
        batch.begin_list(home.root, school)
        error: AanwezigError | None = None
        try:
            weekly(home, schools=[school], now=now)
        except AanwezigError as told:
            logger.warning("the list of %s: %s", school, told)
            error = told
        except Exception as unexpected:  # noqa: BLE001 (a flaw in one list must not stop the others)
            logger.error("the list of %s: %s", school, frames(unexpected))  # noqa: TRY400 (its text may hold values)
            error = AanwezigError("bij het maken van de lijst ging bij ons iets mis", remedy=batch.LATER)
        batch.note_list(home.root, school, error)


def give_sign(home: Home) -> None:
    """Let the pages see that somebody takes in what comes."""
    batch.give_sign(home.root)


def _tried(home: Home, delivery: Waiting) -> Taken | None:
    """Judge a delivery, unless it ended the process too often; None where it goes on waiting as it did."""
    settings = _settings(home, delivery.school)
    if delivery.status is Status.CODES and settings is not None and not settings.reasons:
        return _let_go(delivery) if datetime.now(UTC) - delivery.received_at > LONGEST_WAIT else None
    tries = begin(home.root, delivery)
    if tries > TRIES:
        survived(home.root, delivery)
        message = (
            f"het inlezen van dit bestand is {TRIES} keer afgebroken; waarschijnlijk is het te groot voor deze server"
        )
        remedy = "Lever het in delen, bijvoorbeeld per schooljaar. Blijft het misgaan, meld het dan uw beheerder."
        return _turned_down(delivery, Status.FAILED, "ends_the_process", message, remedy)
    try:
        return _judged(home, delivery, settings)
    finally:  # also where this process is asked to stop: that is no fault of the file
        survived(home.root, delivery)


def _settings(home: Home, school: str) -> SchoolSettings | None:
    path = home.schools / f"{school}.toml"
    return read_school(path) if path.is_file() else None


def _judged(home: Home, delivery: Waiting, settings: SchoolSettings | None) -> Taken:
    """Put one delivery before the door. A flaw of ours in it must not stop the deliveries behind it."""
    path = home.root / FOLDER / delivery.file
    if not path.is_file():
        return _turned_down(
            delivery, Status.FAILED, "file_missing", "het bestand is er niet meer", "Lever het opnieuw."
        )
    if settings is None:
        message = f"van school {delivery.school} is er nog geen schoolbestand"
        return _turned_down(delivery, Status.REFUSED, "no_settings", message, "Vraag de beheerder het te maken.")
    from pipelines.ingest import ingest  # noqa: PLC0415 - loads pandas, and there may be nothing to take in

    try:
        codes = _unmapped(path, settings)
        if codes and not settings.reasons:
            return _waits(delivery, settings, codes)
        reports = tuple(ingest(home, path, school=delivery.school, delivered_at=delivery.received_at))
    except (SettingsError, StorageError):
        raise
    except AanwezigError as error:
        return _turned_down(delivery, Status.REFUSED, "unreadable", error.detail, error.remedy)
    except Exception as unexpected:  # noqa: BLE001 (nor one in a delivery those behind it)
        logger.error("delivery %s: %s", delivery.id, frames(unexpected))  # noqa: TRY400 (its text may hold values)
        message = "bij het innemen ging bij ons iets mis"
        return _turned_down(delivery, Status.FAILED, "failed", message, "Meld het uw beheerder, en lever het opnieuw.")
    refused = any(report.verdict is Verdict.REFUSED for report in reports)
    return Taken(delivery, Status.REFUSED if refused else Status.ACCEPTED, _with_codes(reports, codes))


def _unmapped(path: Path, settings: SchoolSettings) -> tuple[ProposedCode, ...]:
    """Return the codes that the school has not said the meaning of; none of a file that the door will refuse anyhow."""
    from pipelines.sources import unmapped_codes  # noqa: PLC0415 - loads Polars

    try:
        return unmapped_codes(path, source=settings.source, known=settings.reasons)
    except RefusedDeliveryError:
        return ()


def _with_codes(reports: tuple[QualityReport, ...], codes: tuple[ProposedCode, ...]) -> tuple[QualityReport, ...]:
    return tuple(
        report.model_copy(update={"codes": codes}) if report.table == ABSENCES.name else report for report in reports
    )


def _waits(delivery: Waiting, settings: SchoolSettings, codes: tuple[ProposedCode, ...]) -> Taken:
    """Say that nothing is stored before a person at the school has said what its codes mean."""
    finding = Finding(
        check="waits_for_codes",
        severity=Severity.WARNING,
        message=f"van deze school is nog niet bekend wat de codes betekenen; in dit bestand staan er {len(codes)}",
        remedy="Kies bij Codes wat elke code betekent. Daarna wordt dit bestand vanzelf ingelezen.",
        count=sum(code.count for code in codes),
    )
    report = _report(delivery, Verdict.WAITING, finding)
    told = report.model_copy(update={"source": settings.source, "table": ABSENCES.name, "codes": codes})
    return Taken(delivery, Status.CODES, (told,))


def _let_go(delivery: Waiting) -> Taken:
    message = f"in {LONGEST_WAIT.days} dagen is niet gezegd wat de codes betekenen; dit bestand is gewist"
    return _turned_down(delivery, Status.REFUSED, "waited_too_long", message, "Kies bij Codes, en lever het opnieuw.")


def _turned_down(delivery: Waiting, status: Status, check: str, message: str, remedy: str) -> Taken:
    """Say of a whole file why it was not taken in."""
    finding = Finding(check=check, severity=Severity.ERROR, message=message, remedy=remedy, file=delivery.file)
    return Taken(delivery, status, (_report(delivery, Verdict.REFUSED, finding),))


def _report(delivery: Waiting, verdict: Verdict, finding: Finding) -> QualityReport:
    return QualityReport(
        delivery=delivery.id,
        school=delivery.school,
        source="",
        table="",
        file=delivery.file,
        delivered_at=delivery.received_at,
        sha256="",
        verdict=verdict,
        findings=(finding,),
        contract_version=CONTRACT_VERSION,
    )
