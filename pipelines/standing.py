"""How an installation stands: what was delivered, which model serves, which lists are out, and what is missing."""

from collections.abc import Sequence
from datetime import datetime

from data_contracts.errors import NotFoundError
from data_contracts.frozen import Frozen
from data_contracts.quality import Verdict
from models.serving import Decision, challenger, decisions, reign
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.model_page import drift_of
from pipelines.publishing import open_database
from pipelines.publishing import standing as lists_standing

ANSWERS = {"pass": "gehaald", "fail": "niet gehaald", "unknown": "niet beoordeeld"}


class SchoolStanding(Frozen):
    """One school: its newest delivery and its newest list."""

    school: str
    name: str
    deliveries: int
    with_warnings: int
    newest_delivery: datetime | None
    newest_list: str
    edition: int | None

    def __str__(self) -> str:
        arrived = f"{self.newest_delivery:%Y-%m-%d}" if self.newest_delivery else "geen"
        return f"{self.school} {self.name} (leveringen {self.deliveries}, nieuwste {arrived}, lijst {self.newest_list})"


class InstallationStanding(Frozen):
    """The whole installation.

    Parameters
    ----------
    home
        Its folder.
    model
        The scorecard that makes the lists, since when and who signed; in words where there is none.
    challenger
        A newer scorecard that nobody signed for yet.
    gate
        What the gate said last: each question and its answer.
    drift
        What was found last about schools that moved away from the others.
    schools
        Each school.
    missing
        What to do next, in Dutch.
    """

    home: str
    model: str
    challenger: str
    gate: tuple[str, ...]
    drift: tuple[str, ...]
    schools: tuple[SchoolStanding, ...]
    missing: tuple[str, ...]


def standing(home: Home, *, now: datetime) -> InstallationStanding:
    """Say how `home` stands at `now` (UTC). Nothing is made or changed, apart from an empty database on first use."""
    lake = Lake(home)
    taken = decisions(home.scorecards)
    signed, newer = reign(taken), challenger(home.scorecards)
    schools = lake.schools()
    newest = {}
    if schools:
        engine = open_database(home.database_url)
        newest = {each.school: each for each in lists_standing(engine)}
        engine.dispose()
    rows = []
    for school in schools:
        reports = [report for report in lake.reports(school) if report.delivered_at <= now]
        latest = newest.get(school)
        rows.append(
            SchoolStanding(
                school=school,
                name=_name(lake, school),
                deliveries=len(reports),
                with_warnings=sum(report.verdict is Verdict.ACCEPTED_WITH_WARNINGS for report in reports),
                newest_delivery=max((report.delivered_at for report in reports), default=None),
                newest_list=str(latest.week) if latest else "geen",
                edition=latest.edition if latest else None,
            )
        )
    return InstallationStanding(
        home=str(home.root),
        model="geen" if signed is None else f"{signed.version} (sinds {signed.at:%Y-%m-%d}, getekend: {signed.by})",
        challenger="geen" if newer is None else newer.version,
        gate=_gate(taken),
        drift=() if signed is None else _drift(home, signed.version),
        schools=tuple(rows),
        missing=_missing(schools, rows, serves=signed is not None, waits=newer is not None),
    )


def _name(lake: Lake, school: str) -> str:
    """Name of a school, empty where it has no settings yet: how things stand can be asked at any time."""
    try:
        return lake.settings(school).name
    except NotFoundError:
        return ""


def _gate(taken: Sequence[Decision]) -> tuple[str, ...]:
    """What the gate said last, a line a question."""
    ruling = next((decision.ruling for decision in reversed(taken) if decision.ruling is not None), None)
    return () if ruling is None else tuple(f"{check.label}: {ANSWERS[check.answer]}" for check in ruling.checks)


def _drift(home: Home, version: str) -> tuple[str, ...]:
    """What was found last: in one sentence, and the schools about which there is something to say."""
    found = drift_of(home, version)
    if found is None:
        return ("Nog niet gekeken: aanwezig drift",)
    told = [school for school in found.schools if school.verdict in ("recording", "drift")]
    return (found.headline, *(f"{school.school} {school.name}: {school.text}" for school in told))


def _missing(schools: list[str], rows: list[SchoolStanding], *, serves: bool, waits: bool) -> tuple[str, ...]:
    missing = []
    if not schools:
        missing.append("Er is nog niets aangeleverd: aanwezig ingest MAP")
    if schools and waits:
        missing.append("Voor het nieuwste model heeft nog niemand getekend: aanwezig promote --by NAAM")
    elif schools and not serves:
        missing.append("Er is nog geen model, lijsten volgen de drempels: aanwezig train")
    unset = [row.school for row in rows if not row.name]
    if unset:
        missing.append(f"Nog geen schoolbestand voor {', '.join(unset)}: zie docs/contracts.md, onder 'Schoolbestand'")
    without = [row.school for row in rows if row.edition is None]
    if without:
        missing.append(f"Nog geen weeklijst voor {', '.join(without)}: aanwezig weekly")
    return tuple(missing)
