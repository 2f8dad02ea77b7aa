"""Turn the Open University Learning Analytics dataset into deliveries in our own format, folder by folder.

``python -m pipelines.sources.oulad SOURCE TARGET [GROUPS.csv]``. Not a format that schools deliver, so `read` does not know it: the
tables say on which *day of the course* something happened, and become deliveries that say when it became known. Each
module and presentation is a school, each deadline a scheduled slot on the day it was due, each deadline that was not met
on that day an absence, each unregistration a registered outcome. Demographics are read only where a third path is given,
and go to that file alone, for the audit of groups. See docs/real-data.md.

Source: Kuzilek, Hlosta, Zdrahal, Open University Learning Analytics dataset, CC BY 4.0.
"""

import sys
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl

from data_contracts.errors import AanwezigError, NotFoundError, RefusedDeliveryError, StorageError, UsageError
from data_contracts.reasons import Kind
from pipelines.sources import oulad_groups

STARTS = {"B": 2, "J": 10}
"""Month in which a presentation starts, by the letter in its name."""
SATURDAY = 5  # date.weekday()
COUNTED = "TMA"
"""Only tutor-marked assignments. The hand-in day of computer-marked ones is that of a nightly run (in most modules the
same for everybody, days after the deadline), and exams are held after the course."""
MINUTES = 300
"""Scheduled minutes of a deadline: a school day, the least over which a rate is counted (`features.build`)."""
RESULTS_DAYS = 28
"""Days after teaching ends in which students are still enrolled, waiting for their results. The data do not say how many;
without any, the outcome of the last weeks would be known of those who left, and of nobody who stayed."""
CAPACITY = 20
"""Students a week on a module's list: modules are larger than schools' year groups."""
OUTCOME = "withdrawal"
EVENING = time(23, 59)  # the data know days only: what happened on a day is known when it is over

_COURSE = ["code_module", "code_presentation"]
_DAYS = {"date", "module_presentation_length", "date_registration", "date_unregistration", "date_submitted"}
_COLUMNS = {
    "course": [*_COURSE, "module_presentation_length"],
    "assessment": [*_COURSE, "id_assessment", "assessment_type", "date"],
    "student_registration": [*_COURSE, "id_student", "date_registration", "date_unregistration"],
    "student_assessment": ["id_assessment", "id_student", "date_submitted", "is_banked"],
}
_GROUP_COLUMNS = [*_COURSE, "id_student", *oulad_groups.ATTRIBUTES]


@dataclass(frozen=True)
class Course:
    """One module in one presentation: a school.

    Parameters
    ----------
    module, presentation
        As in ``AAA`` and ``2013J``.
    school
        Year and month of the start and the number of the module, as in ``20131001``.
    start
        First day; day 0 of the tables.
    end
        Last day, known beforehand.
    """

    module: str
    presentation: str
    school: str
    start: date
    end: date


@dataclass(frozen=True)
class Converted:
    """What was written: courses, enrolments, absences, outcomes; and enrolments left out as they ended before the start."""

    courses: int
    enrolments: int
    absences: int
    outcomes: int
    left_out: int


def convert(source: Path, target: Path) -> Converted:
    """Write a folder of deliveries for each course in `source`.

    Parameters
    ----------
    source
        Folder with ``course``, ``assessment``, ``student_registration`` and ``student_assessment`` as ``.csv`` or
        ``.csv.gz``.
    target
        Folder to write to; made if it is not there.

    Raises
    ------
    NotFoundError, RefusedDeliveryError
        A table is not there, or lacks a column or a value.
    StorageError
        `target` cannot be written.
    """
    tables = {name: _table(source, name, columns) for name, columns in _COLUMNS.items()}
    courses = [_course(*row) for row in tables["course"].sort(_COURSE).iter_rows()]
    enrolled, left_out = _enrolled(tables["student_registration"], courses)
    deadlines = _deadlines(tables["assessment"], courses)
    missed = _missed(enrolled, deadlines, tables["student_assessment"])
    gone = enrolled.filter(pl.col("left").is_not_null())
    for course in courses:
        mine = pl.col("school") == course.school
        files = {
            "enrolments": _enrolment_versions(enrolled.filter(mine), course),
            "timetable": _timetable(deadlines.filter(mine), course),
            "absences": missed.filter(mine).drop("school"),
            "outcomes": _outcomes(gone.filter(mine)),
        }
        _write(target / course.school, course, {name: frame for name, frame in files.items() if not frame.is_empty()})
    return Converted(len(courses), enrolled.height, missed.height, gone.height, left_out)


def convert_groups(source: Path, target: Path) -> int:
    """Write the demographics of the students in `source` to one file, see `pipelines.sources.oulad_groups`.

    Raises
    ------
    NotFoundError, RefusedDeliveryError
        A table is not there, or lacks a column.
    StorageError
        `target` cannot be written.
    """
    courses = [_course(*row) for row in _table(source, "course", _COLUMNS["course"]).iter_rows()]
    days = _days_of(courses).select(*_COURSE, "school")
    return oulad_groups.write_groups(_table(source, oulad_groups.TABLE, _GROUP_COLUMNS), days, target)


def _table(source: Path, name: str, columns: list[str]) -> pl.DataFrame:
    path = next((path for path in (source / f"{name}.csv.gz", source / f"{name}.csv") if path.is_file()), None)
    if path is None:
        detail = f"{name}.csv of {name}.csv.gz staat niet in {source}"
        raise NotFoundError(detail, remedy="Noem de map met de tabellen van OULAD.")
    try:
        frame = pl.read_csv(path, infer_schema=False, null_values=["", "?"]).select(columns)
        days = _DAYS.intersection(frame.columns)
        # Days are written as 19 or as 19.0.
        return frame.with_columns(pl.col(*days).cast(pl.Float64).cast(pl.Int64)) if days else frame
    except pl.exceptions.PolarsError as error:
        detail = f"{path}: {str(error).splitlines()[0]}"
        raise RefusedDeliveryError(detail, remedy=f"Verwachte kolommen: {', '.join(columns)}.") from None


def _course(module: str, presentation: str, length: int) -> Course:
    """Day 0 is taken as the first Saturday of the month: the data name the month, and then no deadline is in a weekend."""
    year, letter = presentation[:-1], presentation[-1:]
    if not year.isdigit() or letter not in STARTS or len(set(module)) != 1 or not "A" <= module[0] <= "Z":
        detail = f"'{module} {presentation}' is geen module en presentatie zoals AAA 2013J"
        raise RefusedDeliveryError(detail, remedy="Herstel course.csv.")
    first = date(int(year), STARTS[letter], 1)
    start = first + timedelta(days=(SATURDAY - first.weekday()) % 7)
    school = f"{year}{STARTS[letter]:02}{ord(module[0]) - ord('A') + 1:02}"
    return Course(module, presentation, school, start, start + timedelta(days=length - 1))


def _days_of(courses: list[Course]) -> pl.DataFrame:
    rows = [(c.module, c.presentation, c.school, c.start, c.end) for c in courses]
    return pl.DataFrame(rows, schema=[*_COURSE, "school", "start", "end"], orient="row")


def _on(day: str) -> pl.Expr:
    """Return the date of a day of the course."""
    return pl.col("start") + pl.duration(days=pl.col(day))


def _evening(day: str) -> pl.Expr:
    return pl.col(day).dt.combine(EVENING)


def _enrolled(registrations: pl.DataFrame, courses: list[Course]) -> tuple[pl.DataFrame, int]:
    """One row an enrolment: ``school, pupil_number, first, left, last, end``. Return also how many were left out.

    ``last`` is the last day of the enrolment: that of unregistration, for on its morning nobody knew, or the one
    foreseen (``end``). Where the day of registration is not known, it is the first day of the course.
    """
    frame = (
        registrations.join(_days_of(courses), on=_COURSE, how="inner")
        .with_columns(first=pl.coalesce(_on("date_registration"), "start"), left=_on("date_unregistration"))
        # Whoever unregistered after the end of the course had seen it through.
        .with_columns(left=pl.when(pl.col("left") <= pl.col("end")).then("left"))
        .with_columns(end=pl.col("end") + pl.duration(days=RESULTS_DAYS))
        .with_columns(last=pl.coalesce("left", "end"))
    )
    kept = frame.filter((pl.col("last") >= pl.col("start")) & (pl.col("last") >= pl.col("first")))
    named = kept.rename({"id_student": "pupil_number"}).select("school", "pupil_number", "first", "left", "last", "end")
    return named.sort("school", "pupil_number"), registrations.height - named.height


def _deadlines(assessments: pl.DataFrame, courses: list[Course]) -> pl.DataFrame:
    """One row a deadline: ``school, id_assessment, day, due, slot``; several on one day are several slots."""
    return (
        assessments.filter((pl.col("assessment_type") == COUNTED) & pl.col("date").is_not_null())
        .join(_days_of(courses), on=_COURSE, how="inner")
        .select("school", "id_assessment", day=pl.col("date"), due=_on("date"))
        .sort("school", "due", "id_assessment")
        .with_columns(slot=pl.int_range(1, pl.len() + 1).over("school", "due"))
    )


def _missed(enrolled: pl.DataFrame, deadlines: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """Absences: deadlines not met when the day was over. Handing in later does not undo that; a banked result excuses."""
    handed_in = submissions.select(
        "id_assessment",
        "date_submitted",
        pupil_number="id_student",
        banked=pl.col("is_banked").str.to_lowercase().is_in(["true", "1"]),
    )
    in_time = (pl.col("date_submitted") <= pl.col("day")).fill_null(value=False)
    banked = pl.col("banked").fill_null(value=False)
    return (
        enrolled.join(deadlines, on="school", how="inner")
        .filter(pl.col("due").is_between("first", "last"))
        .join(handed_in, on=["id_assessment", "pupil_number"], how="left")
        .filter(banked | ~in_time)
        .select(
            "school",
            "pupil_number",
            start_date="due",
            start_slot="slot",
            kind=pl.when(banked).then(pl.lit(Kind.NOT_REQUIRED.value)).otherwise(pl.lit(Kind.UNEXPLAINED.value)),
            recorded_at=_evening("due"),
        )
        .sort("school", "start_date", "start_slot", "pupil_number")
    )


def _enrolment_versions(enrolled: pl.DataFrame, course: Course) -> pl.DataFrame:
    """Each enrolment as it was known: up to the end foreseen and, from the day of unregistration, up to that day."""
    begun = enrolled.with_columns(valid_to="end", recorded_at=pl.col("first").dt.combine(time()))
    left = enrolled.filter(pl.col("left").is_not_null())
    ended = left.with_columns(valid_to="left", recorded_at=_evening("left"))
    both = pl.concat([begun, ended]).with_columns(group=pl.lit(course.module), valid_from="first")
    return both.select("pupil_number", "group", "valid_from", "valid_to", "recorded_at")


def _timetable(deadlines: pl.DataFrame, course: Course) -> pl.DataFrame:
    """The deadlines of a course, all known on its first day."""
    return deadlines.select(
        pl.lit(course.module).alias("group"),
        pl.col("due").alias("date"),
        "slot",
        pl.lit(MINUTES).alias("minutes"),
        pl.lit(course.start).dt.combine(time()).alias("recorded_at"),
    )


def _outcomes(gone: pl.DataFrame) -> pl.DataFrame:
    return gone.select("pupil_number", pl.lit(OUTCOME).alias("outcome"), date="left", recorded_at=_evening("left"))


def _write(folder: Path, course: Course, files: dict[str, pl.DataFrame]) -> None:
    """Write the tables, when they were delivered (the day after the course) and what must be known of the school."""
    delivered = datetime.combine(course.end + timedelta(days=1), EVENING)
    listed = [f'[[delivery]]\nfile = "{name}.csv"\ndelivered_at = {delivered.isoformat()}\n' for name in files]
    settings = (
        f'school = "{course.school}"\nname = "{course.module} {course.presentation}"\n'
        f'sector = "mbo"\ncapacity = {CAPACITY}\n\n'
        "[norm] # none: where no deadline is due, nothing is scheduled\n"
        f"slot_minutes = {MINUTES}\nslots_per_day = [0, 0, 0, 0, 0]\n"
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in files.items():
            frame.write_csv(folder / f"{name}.csv")
        (folder / "deliveries.toml").write_text("\n".join(listed), encoding="utf-8")
        (folder / "school.toml").write_text(settings, encoding="utf-8")
    except OSError as error:
        detail = f"{folder} is niet te schrijven: {error.strerror}"
        raise StorageError(detail, remedy="Kies een map waarin geschreven mag worden.") from None


def main(arguments: list[str]) -> int:
    """Convert; turn what a user can mend into one message and its exit code."""
    try:
        if len(arguments) not in {2, 3}:
            detail = "twee mappen zijn nodig: die met de tabellen van OULAD, en die voor de leveringen"
            raise UsageError(detail, remedy="Bijvoorbeeld: python -m pipelines.sources.oulad oulad var/oulad")
        source, target, *groups = map(Path, arguments)
        done = convert(source, target)
        told = "".join(f"{convert_groups(source, path)} regels met groepen, apart in {path}\n" for path in groups)
    except AanwezigError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(
        f"{done.courses} cursussen, {done.enrolments} inschrijvingen ({done.left_out} geëindigd vóór de start, "
        f"weggelaten), {done.absences} niet op tijd of vrijgesteld, {done.outcomes} uitschrijvingen\n{told}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
