"""A school's office that delivers files, an installation that takes them in, and what is counted from them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from data_contracts.quality import Finding, QualityReport, Severity, Verdict
from features.history import EPOCH, history
from pipelines.home import Home
from pipelines.ingest import ingest
from pipelines.keys import Keys
from pipelines.tables import load

SCHOOL, OTHER = "11ZZ03", "11ZZ04"
SETTINGS = f'school = "{SCHOOL}"\nname = "De Proef"\nsector = "vo"\nregion = "midden"\n'
SHARED = SETTINGS + 'pupil_number_scope = "bestuur"\n'

DELIVERED = datetime(2026, 9, 21, 4, tzinfo=UTC)
AS_OF = DELIVERED + timedelta(hours=1)
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 9, day) for day in (14, 15, 16, 17, 18))
DAY = 300  # six lessons of fifty minutes

PUPILS = "pupil_number,group,valid_from,valid_to\n100,2a,2026-08-31,\n200,2a,2026-08-31,2026-09-16\n"
LESSONS = "record,group,date,slot,start_minute,minutes,status,register,recorded_at\n"
ABSENCES = (
    "record,pupil_number,start_date,end_date,open_ended,start_slot,end_slot,start_minute,end_minute,amount,unit,kind,"
    "registration,recorded_at\n"
)
KNOWN = "2026-08-31T08:00:00Z"


def lessons(first: date, last: date, group: str = "2a", *, slots: int = 6, recorded: str = KNOWN) -> str:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return LESSONS + "".join(
        f",{group},{day},{slot},{480 + 50 * slot},50,planned,taken,{recorded}\n"
        for day in days
        if day.weekday() < 5
        for slot in range(1, slots + 1)
    )


def absence(pupil: int, first: date, last: date | None = None, **more: object) -> str:
    """One line of a file with absences, known since the day itself."""
    row = {
        "pupil_number": pupil,
        "start_date": first,
        "end_date": last,
        "kind": "sick",
        "registration": "report",
        "recorded_at": f"{first}T08:00:00Z",
    } | more
    return ",".join("" if row.get(name) is None else str(row[name]) for name in ABSENCES.strip().split(",")) + "\n"


class Office:
    """A school with lessons in the weeks of 7 and 14 September, and an installation that it delivers to."""

    def __init__(self, root: Path, settings: str = SETTINGS) -> None:
        self.home = Home.at(root / "home")
        self.folder = root / "export"
        self.folder.mkdir()
        (self.folder / "school.toml").write_text(settings, encoding="utf-8")

    def opened(self) -> "Office":
        self.deliver("enrolments.csv", PUPILS)
        self.deliver("timetable.csv", lessons(date(2026, 9, 7), FRIDAY))
        return self

    def deliver(self, name: str, text: str, *, at: datetime = DELIVERED, source: str | None = None) -> QualityReport:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        reports = ingest(self.home, path, delivered_at=at, source=source)
        return reports[0]

    def absent(self, *rows: str, at: datetime = DELIVERED) -> QualityReport:
        return self.deliver("absences.csv", ABSENCES + "".join(rows), at=at)

    def minutes(self, pupil: int = 100, *, as_of: datetime = AS_OF, school: str = SCHOOL) -> dict[date, int]:
        """Minutes missed on each day on which any were."""
        past = history(load(self.home, until=as_of.date()), as_of)
        rows = pl.DataFrame(past.days.collect().to_native())
        mine = rows.filter((pl.col("pupil") == self.pseudonym(pupil)) & (pl.col("school") == school)).sort("day")
        assert (mine["absent_minutes"] <= mine["scheduled_minutes"]).all(), "more missed than scheduled"
        return {
            EPOCH + timedelta(days=day): missed
            for day, missed in mine.select("day", "absent_minutes").iter_rows()
            if missed
        }

    def scheduled(self, pupil: int = 100, *, as_of: datetime = AS_OF, school: str = SCHOOL) -> dict[date, int]:
        """Scheduled minutes of each week."""
        past = history(load(self.home, until=as_of.date()), as_of)
        rows = pl.DataFrame(past.weeks.collect().to_native())
        mine = rows.filter((pl.col("pupil") == self.pseudonym(pupil)) & (pl.col("school") == school))
        return {
            EPOCH + timedelta(days=week): planned
            for week, planned in mine.select("week", "scheduled_minutes").sort("week").iter_rows()
        }

    def pseudonym(self, pupil: int) -> str:
        scope = "bestuur" if (self.folder / "school.toml").read_text().endswith('"bestuur"\n') else SCHOOL
        return str(Keys.of(self.home).pseudonyms(pl.Series([str(pupil)]), scope)[0])


def warnings(report: QualityReport) -> list[tuple[str, int | None, int]]:
    """Check, first row and count of each finding of a delivery that was accepted."""
    assert report.verdict in {Verdict.ACCEPTED, Verdict.ACCEPTED_WITH_WARNINGS}
    assert all(f.severity is Severity.WARNING and f.message and f.remedy for f in report.findings)
    return [(f.check, f.row, f.count) for f in report.findings]


def refusal(report: QualityReport) -> Finding:
    assert report.verdict is Verdict.REFUSED
    errors = [finding for finding in report.findings if finding.severity is Severity.ERROR]
    assert len(errors) == 1
    assert errors[0].remedy
    return errors[0]
