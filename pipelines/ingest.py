"""Importing: from a file or folder of exports to rows in the lake, or to a report that says why not.

Each file of a school is accepted or refused as a whole. A refused file stores nothing; its report is
returned, and kept apart from the data under ``reports/refused``.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from math import ceil
from pathlib import Path

from data_contracts.errors import UsageError
from data_contracts.quality import Finding, QualityReport, Severity, Verdict
from data_contracts.tables import CONTRACT_VERSION
from pipelines.acceptance import Arrival, Staged, stage, store
from pipelines.crew import ALONE, Crew, shared_out
from pipelines.deliveries import Parcel, Shipment, adopt, discover
from pipelines.home import Home
from pipelines.keys import Keys
from pipelines.lake import Lake
from pipelines.locks import locked
from pipelines.opening import PORTION, Job, Opened, open_files
from pipelines.stored import Shelf, Stored
from pipelines.together import Together, together

PORTIONS_EACH = 3
"""Portions that each of several processes takes: fewer and one of them ends up waiting for the others."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many files are done, and how many there are."""


def ingest(  # noqa: PLR0913 - this much can be said about a delivery
    home: Home,
    path: Path,
    *,
    school: str | None = None,
    source: str | None = None,
    delivered_at: datetime | None = None,
    recorded_as_event: bool = False,
    complete: tuple[date, date] | None = None,
    crew: Crew = ALONE,
    progress: Progress | None = None,
) -> list[QualityReport]:
    """Import a file, or every file in a folder and the folders within.

    Parameters
    ----------
    home
        Where the installation keeps its state.
    path
        File or folder. ``school.toml`` and ``deliveries.toml`` beside the files are used.
    school
        The school the files come from, where no ``school.toml`` says so.
    source
        The format of the files, where it differs from the school's.
    delivered_at
        The moment at which the files became known (aware); otherwise what ``deliveries.toml`` says, or now.
    recorded_as_event
        Where the source has no recorded moment, take the day itself instead of the delivery's moment.
    complete
        First and last day for which the files hold every fact: known facts that are missing are taken back.
    crew
        Processes to use where there is more than one school.
    progress
        Told about each file, or about schools where there is more than one process.

    Returns
    -------
    list[QualityReport]
        One for each table in each file and school, refused ones included.

    Raises
    ------
    NotFoundError, SettingsError, StorageError, UsageError
        There is nothing to read, settings are wrong, the disk refuses, or the options contradict each other.
    """
    if delivered_at is not None and delivered_at.tzinfo is None:
        detail = f"het moment van levering {delivered_at.isoformat()} heeft geen tijdzone"
        raise UsageError(detail, remedy="Schrijf bijvoorbeeld 2026-11-01T18:00:00+01:00.")
    if delivered_at is not None and delivered_at > datetime.now(UTC):
        detail = f"het moment van levering {delivered_at.isoformat()} ligt in de toekomst"
        raise UsageError(detail, remedy="Geef het moment waarop de bestanden zijn gemaakt, of laat het weg.")
    if complete is not None and complete[0] > complete[1]:
        detail = f"de periode {complete[0]} - {complete[1]} eindigt voor zij begint"
        raise UsageError(detail, remedy="Wissel de twee dagen om.")
    shipments = discover(path)
    Keys.of(home)  # made before there is more than one process
    said = Parcel(path, delivered_at, source, recorded_as_event, complete)
    jobs = [_job(home, shipment, school=school, said=said) for shipment in shipments]
    reports = [
        _refused(home, file, finding, job.school or "")
        for job, shipment in zip(jobs, shipments, strict=True)
        for file, finding in shipment.refused
    ]
    groups = _by_school(jobs)
    if crew.size > 1 and len(groups) > 1:
        return reports + _side_by_side(home, groups, crew=crew, progress=progress)
    total = sum(len(job.parcels) for job in jobs)
    told = iter(range(total))

    def say(parcel: Parcel, job: Job) -> None:
        if progress is not None:
            progress(f"{job.school or ''} {parcel.path.name}".strip(), next(told), total)

    reports += _receive(home, [job for group in groups for job in group], say=say)
    if progress is not None:
        progress("klaar", total, total)
    return reports


def _job(home: Home, shipment: Shipment, *, school: str | None, said: Parcel) -> Job:
    """Adopt the folder's school files, and settle what holds for each of its files."""
    warnings = adopt(home, shipment.settings)
    own = shipment.settings[0][1].school if len(shipment.settings) == 1 else None
    parcels = tuple(
        replace(
            parcel,
            delivered_at=said.delivered_at.astimezone(UTC) if said.delivered_at else parcel.delivered_at,
            source=said.source or parcel.source,
            recorded_as_event=said.recorded_as_event or parcel.recorded_as_event,
            complete=said.complete or parcel.complete,
        )
        for parcel in shipment.parcels
    )
    formats = {settings.source for _, settings in shipment.settings}
    return Job(school or own, parcels, warnings, formats.pop() if len(formats) == 1 else "canonical")


def _by_school(jobs: Iterable[Job]) -> list[list[Job]]:
    """Jobs of one school stay in order and together; schools are independent of each other."""
    groups: dict[str | None, list[Job]] = {}
    for job in jobs:
        if job.parcels:
            groups.setdefault(job.school, []).append(job)
    return list(groups.values())


def _side_by_side(home: Home, groups: list[list[Job]], *, crew: Crew, progress: Progress | None) -> list[QualityReport]:
    """Import schools in several processes; each portion that is checked together costs its own few tenths of a second."""
    parts = max(crew.size * PORTIONS_EACH, ceil(sum(map(_size, groups)) / PORTION))
    bundles = shared_out(groups, parts, size=_size)
    done = 0

    def say(at: int) -> None:
        nonlocal done
        done += len(bundles[at])
        if progress is not None:
            progress(bundles[at][-1][0].school or "meer scholen", done, len(groups))

    made = crew.work(_receive_all, [(home, bundle) for bundle in bundles], done=say)
    return sorted((report for reports in made for report in reports), key=lambda report: report.school)


def _size(jobs: list[Job]) -> int:
    return sum(job.size for job in jobs)


def _receive_all(home: Home, groups: list[list[Job]]) -> list[QualityReport]:
    return _receive(home, [job for group in groups for job in group], say=lambda _parcel, _job: None)


def _receive(home: Home, jobs: list[Job], *, say: Callable[[Parcel, Job], None]) -> list[QualityReport]:
    shelf, others = Shelf(Lake(home)), together(home, jobs)
    return [
        report
        for opened in open_files(home, jobs, say=say)
        for report in _accept(home, opened, shelf=shelf, others=others)
    ]


def _accept(home: Home, opened: Opened, *, shelf: Shelf, others: Together) -> list[QualityReport]:
    """Accept or refuse what a file holds, school by school."""
    parcel, job, source, sha256 = opened.parcel, opened.job, opened.source, opened.sha256
    if opened.refused is not None:
        return [_refused(home, parcel.path, opened.refused, job.school or "", source=source, sha256=sha256)]
    lake, keys = Lake(home), Keys.of(home)
    now = datetime.now(UTC)
    lapsed = others.incomplete(opened)
    if lapsed is not None:
        parcel = replace(parcel, complete=None)
    reports = []
    for school in sorted({reading.school for reading in opened.readings}):
        with locked(home, school):
            lake.sweep(school)
            moment = parcel.delivered_at or _same_delivery(lake, school, parcel.path, sha256) or now
            arrival = Arrival(
                replace(parcel, delivered_at=moment), moment, source, sha256, others.beside(opened, school)
            )
            staged = _stage_all(lake, keys, opened, stored=shelf.of(school), arrival=arrival)
            extra = _about_settings(lake, school, job) + ([] if lapsed is None else [lapsed])
            settled = _settle(lake, staged, extra=extra, arrival=arrival)
            added = frozenset(report.delivery for report in settled if lake.has(report.delivery, school))
            if added:
                shelf.keep(staged[-1].stored.with_deliveries(added))
            reports += settled
    return reports


def _stage_all(lake: Lake, keys: Keys, opened: Opened, *, stored: Stored, arrival: Arrival) -> list[Staged]:
    """Judge the tables of one file in order, each beside those before it: a file may bring its own pupils."""
    staged: list[Staged] = []
    settings = opened.settings.get(stored.school)
    for reading, judged in zip(opened.readings, opened.judged, strict=True):
        if reading.school == stored.school:
            part = stage(lake, keys, reading, judged=judged, arrival=arrival, settings=settings, stored=stored)
            staged.append(part)
            stored = part.stored
    return staged


def _settle(lake: Lake, staged: list[Staged], *, extra: list[Finding], arrival: Arrival) -> list[QualityReport]:
    """Store everything of one school in one file, or nothing of it."""
    errors = [f for part in staged for f in part.report.findings if f.severity is Severity.ERROR]
    told = [part.told(extra) for part in staged[:1]] + staged[1:]
    if not errors:
        return [store(lake, part, delivered_at=arrival.delivered_at) for part in told]
    return [_keep_refusal(lake.home, part.refused(errors[0])) for part in told]


def _about_settings(lake: Lake, school: str, job: Job) -> list[Finding]:
    found = [job.warnings.pop(school)] if school in job.warnings else []
    if not (lake.home.schools / f"{school}.toml").exists():
        found.append(
            Finding(
                check="no_settings",
                severity=Severity.WARNING,
                message=f"van school {school} is er nog geen schoolbestand",
                remedy=f"Maak {school}.toml in {lake.home.schools}; zie docs/contracts.md, onder 'Schoolbestand'.",
            )
        )
    return found


def _same_delivery(lake: Lake, school: str, path: Path, sha256: str) -> datetime | None:
    """The moment at which this very file was delivered before, if it was not touched since.

    Importing a folder again is then the same delivery again, not a new one. A file that was written anew with the
    same content is a new delivery: a school may well return to what it said before.
    """
    touched = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    earlier = [r.delivered_at for r in lake.reports(school) if r.sha256 == sha256 and r.file == path.name]
    return max((moment for moment in earlier if moment >= touched), default=None)


def _refused(
    home: Home, path: Path, finding: Finding, school: str, *, source: str = "", sha256: str = ""
) -> QualityReport:
    now = datetime.now(UTC)
    report = QualityReport(
        delivery=f"{now:%Y%m%dT%H%M%SZ}-{path.stem}",
        school=school,
        source=source,
        table="",
        file=path.name,
        delivered_at=now,
        sha256=sha256,
        verdict=Verdict.REFUSED,
        findings=(finding,),
        contract_version=CONTRACT_VERSION,
    )
    return _keep_refusal(home, report)


def _keep_refusal(home: Home, report: QualityReport) -> QualityReport:
    """Keep the report of a refusal; one with the same second and file name as another gets a number."""
    folder = home.reports / "refused" / (report.school or "onbekend")
    folder.mkdir(parents=True, exist_ok=True)
    name, number = report.delivery, 2
    while True:
        named = report.model_copy(update={"delivery": name})
        try:
            with (folder / f"{name}.json").open("x", encoding="utf-8") as file:
                file.write(named.model_dump_json(indent=1))
        except FileExistsError:
            name, number = f"{report.delivery}-{number}", number + 1
        else:
            return named
