"""A delivery beside everything else that is known of its school: what does not go together is told at the door."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from data_contracts.errors import NotFoundError
from data_contracts.quality import Finding
from data_contracts.school import SchoolSettings
from data_contracts.tables import ABSENCES, ENROLMENTS, TIMETABLE, Table
from features.calendar import local_date
from pipelines.coherence import fits_enrolments, in_two_schools, outside_enrolments, overlapping_enrolments
from pipelines.contradictions import against_timetable, overfull_days, present_beside_reports
from pipelines.lake import Lake, as_known, ever_within
from pipelines.norm import norm_timetable

Days = tuple[date, date]
"""First and last day, inclusive."""

_STORED = ("delivered_at", "delivery")


@dataclass(frozen=True)
class Surroundings:
    """What is known of a school once a delivery is in.

    Parameters
    ----------
    lake, school
        What is stored, and of which school.
    settings
        Its settings; None where there are none.
    moment
        The delivery's moment (UTC).
    arriving
        Rows by table that are about to be stored, as if they were stored already.
    """

    lake: Lake
    school: str
    settings: SchoolSettings | None
    moment: datetime
    arriving: Mapping[str, pl.DataFrame]

    def versions(self, table: Table) -> pl.LazyFrame:
        """Every version of `table` delivered by now: an old delivery given again finds what it found then."""
        stored = self.lake.scan(table.name, schools=[self.school], delivered_by=self.moment).drop(_STORED)
        arriving = self.arriving.get(table.name)
        if arriving is None:
            return stored
        return pl.concat([stored, arriving.lazy().select(stored.collect_schema().names())])

    def known(self, table: Table, *, days: Days | None = None) -> pl.DataFrame:
        """Facts of `table` as known now, of all time or of some days only."""
        versions = self.versions(table)
        if days is None or table.event_date is None:
            return as_known(versions, self.moment).collect()
        known = as_known(ever_within(versions, table.event_date, *days), self.moment)
        return known.filter(pl.col(table.event_date).is_between(*days)).collect()

    def plan(self, days: Days) -> pl.DataFrame:
        """Scheduled lessons of some days: the school's own as known now, and its norm where it has none."""
        parts = [self.known(TIMETABLE, days=days)]
        rows = {table.name: self.versions(table) for table in (ENROLMENTS, TIMETABLE, ABSENCES)}
        norm = None if self.settings is None else norm_timetable(self.settings, rows, last=days[1])
        if norm is not None:
            within = norm.lazy().filter(pl.col("date").is_between(*days))
            parts.append(as_known(within, self.moment).collect())
        return pl.concat([part.select(*_LESSON) for part in parts])

    def sharing_numbers(self) -> list[str]:
        """Other schools in which the same pupil number is the same pupil."""
        if self.settings is None or self.settings.pupil_number_scope == "school":
            return []
        found = []
        for school in self.lake.schools():
            try:
                scope = self.lake.settings(school).pupil_number_scope
            except NotFoundError:
                continue
            if school != self.school and scope == self.settings.pupil_number_scope:
                found.append(school)
        return found


_LESSON = ("group", "pupil", "date", "slot", "start_minute", "minutes", "status", "register")


def what_does_not_fit(
    table: Table, rows: pl.DataFrame, around: Surroundings, *, present: pl.DataFrame | None, file: str
) -> list[Finding]:
    """Compare a delivered table with everything else that is known.

    Parameters
    ----------
    table, rows
        The table and its delivered rows, with ``_row``.
    around
        What is known, the delivery included.
    present
        Lessons in which the file says a pupil was seen (`pipelines.sources.readings.Reading`).
    """
    if rows["record"].is_duplicated().any():
        # One file may tell how a fact changed; what it says last of each is what stands.
        rows = rows.sort("recorded_at", maintain_order=True).unique("record", keep="last", maintain_order=True)
    if table.name == ENROLMENTS.name:
        return _about_enrolments(rows, around, file=file)
    if table.name == TIMETABLE.name:
        return _about_timetable(rows, around, file=file)
    enrolments = around.known(ENROLMENTS)
    found = fits_enrolments(table, rows, enrolments.select("pupil", "valid_from", "valid_to"), file=file)
    if table.name == ABSENCES.name:
        found += _against_plan(rows, enrolments, around, file=file)
        if present is not None and not present.is_empty():
            found += present_beside_reports(present, around.known(ABSENCES), file=file)
    return found


def _about_enrolments(rows: pl.DataFrame, around: Surroundings, *, file: str) -> list[Finding]:
    known = around.known(ENROLMENTS).join(rows, on="pupil", how="semi")
    found = overlapping_enrolments(known.join(rows.select("record", "_row"), on="record", how="left"), file=file)
    elsewhere = around.sharing_numbers()
    if elsewhere:
        others = as_known(around.lake.scan(ENROLMENTS.name, schools=elsewhere), around.moment)
        found += in_two_schools(
            rows,
            others.select("pupil", "valid_from", "valid_to").collect(),
            day=local_date(around.moment),
            file=file,
        )
    before = _from_elsewhere(around.known(ABSENCES).join(rows, on="pupil", how="semi"))
    return found + outside_enrolments(ABSENCES, before, known.select("pupil", "valid_from", "valid_to"), file=file)


def _about_timetable(rows: pl.DataFrame, around: Surroundings, *, file: str) -> list[Finding]:
    days = _span(rows["date"])
    if days is None:
        return []
    found = overfull_days(around.known(TIMETABLE, days=days), rows, file=file)
    before = _from_elsewhere(around.known(ABSENCES, days=days))
    return found + _against_plan(before, around.known(ENROLMENTS), around, file=file)


def _against_plan(facts: pl.DataFrame, enrolments: pl.DataFrame, around: Surroundings, *, file: str) -> list[Finding]:
    """Lay registrations on the timetable; without settings there is no norm, so nothing can be said."""
    days = _span(pl.concat([facts["start_date"], facts["end_date"]]))
    if around.settings is None or days is None:
        return []
    plan = around.plan(days)
    return against_timetable(facts, plan, enrolments.select("pupil", "group", "valid_from", "valid_to"), file=file)


def _span(days: pl.Series) -> Days | None:
    first, last = days.min(), days.max()
    return (first, last) if isinstance(first, date) and isinstance(last, date) else None


def _from_elsewhere(facts: pl.DataFrame) -> pl.DataFrame:
    """Facts that another file brought: they have no row in this one."""
    return facts.with_columns(_row=pl.lit(None, dtype=pl.Int64))
