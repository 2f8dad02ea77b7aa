"""A delivery beside everything else that is known of its school: what does not go together is told at the door."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from data_contracts.errors import NotFoundError
from data_contracts.quality import Finding
from data_contracts.school import SchoolSettings
from data_contracts.tables import ABSENCES, ENROLMENTS, TIMETABLE, Table
from features.calendar import local_date
from pipelines.begun import begun, heard_of_absences, no_longer_so
from pipelines.coherence import (
    fits_enrolments,
    in_two_schools,
    lessons_of_nobody,
    lessons_on_days_off,
    no_longer_named,
    outside_enrolments,
    overlapping_enrolments,
)
from pipelines.contradictions import against_timetable, overfull_days, present_beside_reports
from pipelines.lake import Lake, as_known
from pipelines.norm import Heard, heard_of_lessons, heard_of_pupils, norm_as_known
from pipelines.stored import Stored

Days = tuple[date, date]
"""First and last day, inclusive."""


@dataclass(frozen=True)
class Surroundings:
    """What is known of a school once a delivery is in.

    Parameters
    ----------
    lake
        The lake, for other schools in it.
    settings
        The school's settings; None where there are none.
    moment
        The delivery's moment (UTC).
    stored
        What was delivered of the school by `moment`, the delivery included.
    """

    lake: Lake
    settings: SchoolSettings | None
    moment: datetime
    stored: Stored

    def known(self, table: Table, *, days: Days | None = None) -> pl.DataFrame:
        """Facts of `table` as known now, of all time or of some days only."""
        known = self.stored.known(table.name, self.moment)
        if days is not None and table.event_date is not None:
            known = known.filter(pl.col(table.event_date).is_between(*days))
        return known.collect()

    def plan(self, days: Days) -> pl.DataFrame:
        """Scheduled lessons of some days: the school's own as known now, and its norm where it has none."""
        parts = [self.known(TIMETABLE, days=days)]
        if self.settings is not None:
            parts.append(norm_as_known(self.settings, _heard(self.stored), days=days, as_of=self.moment))
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
            if school != self.stored.school and scope == self.settings.pupil_number_scope:
                found.append(school)
        return found


def _heard(stored: Stored) -> Heard:
    """When what the norm depends on became known; most files leave most of it as it was."""

    def asked(table: Table, question: Callable[[pl.LazyFrame], Sequence[pl.LazyFrame]]) -> list[pl.DataFrame]:
        return stored.once(table.name, "norm", lambda rows: pl.collect_all(question(rows.lazy().drop("school"))))

    def of_absences(rows: pl.DataFrame) -> pl.DataFrame:
        (steps,) = heard_of_absences(rows.lazy())
        mended = no_longer_so(steps, rows.lazy())
        return begun(rows.lazy()) if mended else steps.collect()

    (pupils,) = asked(ENROLMENTS, heard_of_pupils)
    return Heard.of(asked(TIMETABLE, heard_of_lessons), pupils, stored.once(ABSENCES.name, "begun", of_absences))


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
    everybody, today = around.known(ENROLMENTS), local_date(around.moment)
    known = everybody.join(rows, on="pupil", how="semi")
    found = no_longer_named(rows, everybody, day=today, file=file)
    found += overlapping_enrolments(known.join(rows.select("record", "_row"), on="record", how="left"), file=file)
    elsewhere = around.sharing_numbers()
    if elsewhere:
        others = as_known(around.lake.scan(ENROLMENTS.name, schools=elsewhere), around.moment)
        found += in_two_schools(
            rows,
            others.select("pupil", "valid_from", "valid_to").collect(),
            day=today,
            file=file,
        )
    before = _from_elsewhere(around.known(ABSENCES).join(rows, on="pupil", how="semi"))
    return found + outside_enrolments(ABSENCES, before, known.select("pupil", "valid_from", "valid_to"), file=file)


def _about_timetable(rows: pl.DataFrame, around: Surroundings, *, file: str) -> list[Finding]:
    days = _span(rows["date"])
    if days is None:
        return []
    found = overfull_days(around.known(TIMETABLE, days=days), rows, file=file)
    pupils, before = around.known(ENROLMENTS), _from_elsewhere(around.known(ABSENCES, days=days))
    found += lessons_of_nobody(rows, pupils, file=file)
    if around.settings is not None:
        found += lessons_on_days_off(rows, around.settings, file=file)
    return found + _against_plan(before, pupils, around, file=file)


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
