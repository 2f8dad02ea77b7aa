"""How an installation stands: what was delivered, which model serves, which lists are out, and what is missing."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from data_contracts.errors import NotFoundError
from data_contracts.quality import Verdict
from models.serving import champion
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.publishing import open_database
from pipelines.publishing import standing as lists_standing


class SchoolStanding(BaseModel):
    """One school: its newest delivery and its newest list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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


class InstallationStanding(BaseModel):
    """The whole installation; ``missing`` says in Dutch what to do next."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: str
    model: str
    schools: tuple[SchoolStanding, ...]
    missing: tuple[str, ...]


def standing(home: Home, *, now: datetime) -> InstallationStanding:
    """Say how `home` stands at `now` (UTC). Nothing is made or changed, apart from an empty database on first use."""
    lake = Lake(home)
    scorecard = champion(home.scorecards)
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
        model=scorecard.version if scorecard else "geen",
        schools=tuple(rows),
        missing=_missing(schools, rows, trained=scorecard is not None),
    )


def _name(lake: Lake, school: str) -> str:
    """Name of a school, empty where it has no settings yet: how things stand can be asked at any time."""
    try:
        return lake.settings(school).name
    except NotFoundError:
        return ""


def _missing(schools: list[str], rows: list[SchoolStanding], *, trained: bool) -> tuple[str, ...]:
    missing = []
    if not schools:
        missing.append("Er is nog niets aangeleverd: aanwezig ingest MAP")
    if schools and not trained:
        missing.append("Er is nog geen model, lijsten volgen de drempels: aanwezig train")
    unset = [row.school for row in rows if not row.name]
    if unset:
        missing.append(f"Nog geen schoolbestand voor {', '.join(unset)}: zie docs/contracts.md, onder 'Schoolbestand'")
    without = [row.school for row in rows if row.edition is None]
    if without:
        missing.append(f"Nog geen weeklijst voor {', '.join(without)}: aanwezig weekly")
    return tuple(missing)
