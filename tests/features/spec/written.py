"""How a spec is written down, and what its words stand for.

A spec is read by people first: small tables of text. Days are written with their weekday, which is checked; a day without
a year lies in the school year 2026-27. Moments are Dutch local time.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from made_school import School

from features.calendar import AMSTERDAM

USUAL_PUPILS = """
    pupil | group | from
    Anna  | 2a    | Mon 17 Aug
"""
USUAL_LESSONS = """
    for | from       | to
    2a  | Mon 31 Aug | Fri 23 Oct
"""
USUAL_ASKED = "Mon 26 Oct"
ASKED_AT = time(6)
FIRST_LESSON = 8 * 60 + 30

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY = re.compile(rf"({'|'.join(WEEKDAYS)}) (\d\d?) ({'|'.join(MONTHS)})(?: (\d{{4}}))?(?: (\d\d):(\d\d))?")
LESSONS = re.compile(r"lessons? (\d+)(?:-(\d+))?")
CLOCK = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
AMOUNT = re.compile(r"([\d.]+) (minutes|lesson_slots|half_days|days)")


@dataclass(frozen=True)
class Spec:
    """One sentence about what is counted, with an example.

    Parameters
    ----------
    name
        The rule in one line.
    says
        What goes wrong elsewhere, and what is done here.
    expects
        Table ``asked | pupil | what | value | because``; without ``asked`` on `asked`, without ``pupil`` of Anna.
    trap
        Number in the list of data traps, where it is one of those.
    pupils, lessons, absences
        Tables of what the school delivered; empty for the usual school.
    changes
        Lessons that stand in place of, or beside, those of `lessons`.
    asked
        As-of day, at six in the morning, or moment.
    """

    name: str
    says: str
    expects: str
    trap: int | None = None
    pupils: str = ""
    lessons: str = ""
    changes: str = ""
    absences: str = ""
    asked: str = USUAL_ASKED


@dataclass(frozen=True)
class Theme:
    """Specs that are read together, under one heading."""

    title: str
    says: str
    specs: tuple[Spec, ...]


def table(text: str) -> list[dict[str, str]]:
    """Rows of a text table by their column's name; an empty cell is an empty string."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [dict(zip(lines[0], cells, strict=True)) for cells in lines[1:]]


def moment(text: str, *, at: time = ASKED_AT) -> datetime:
    """Return the UTC moment of a written day or moment; ValueError where the weekday is not that of the day."""
    found = DAY.fullmatch(text.strip())
    if found is None:
        msg = f"not a day: {text!r}"
        raise ValueError(msg)
    weekday, day, month_name, year, hour, minute = found.groups()
    month = MONTHS.index(month_name) + 1
    on = date(int(year) if year else 2026 if month >= 8 else 2027, month, int(day))
    if WEEKDAYS[on.weekday()] != weekday:
        msg = f"{text!r} is a {WEEKDAYS[on.weekday()]}"
        raise ValueError(msg)
    clock = time(int(hour), int(minute)) if hour else at
    return datetime.combine(on, clock, AMSTERDAM).astimezone(UTC)


def day(text: str) -> date:
    """Return the date of a written day."""
    return moment(text).astimezone(AMSTERDAM).date()


def days_from(first: str, last: str) -> list[date]:
    """Every day from `first` to `last`, inclusive."""
    start, end = day(first), day(last or first)
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def names(text: str) -> list[str]:
    """``Anna``, ``Anna, Bo`` or ``P01 to P24`` as names."""
    if " to " in text:
        first, last = text.split(" to ")
        return [f"{first[0]}{n:02}" for n in range(int(first[1:]), int(last[1:]) + 1)]
    return [name.strip() for name in text.split(",")]


def number(text: str) -> float | None:
    """``50 / 6000`` or ``(14 + 5) / 2 - 3`` as a number; ``missing`` as None."""
    return None if text == "missing" else _worked_out(ast.parse(text, mode="eval").body)


_ARITHMETIC: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def _worked_out(node: Any) -> float:
    if isinstance(node, ast.Constant):
        return float(node.value)
    if isinstance(node, ast.UnaryOp):
        return -_worked_out(node.operand)
    return _ARITHMETIC[type(node.op)](_worked_out(node.left), _worked_out(node.right))


def school_of(spec: Spec) -> School:
    """Return the school that a spec describes."""
    school = School()
    school.enrolments = [row for each in table(spec.pupils or USUAL_PUPILS) for row in _enrolments(each)]
    pupils = {row["pupil"] for row in school.enrolments}
    versions: dict[tuple[str, datetime], dict[str, Any]] = {}
    for each in [*table(spec.lessons or USUAL_LESSONS), *(table(spec.changes) if spec.changes else ())]:
        for row in _lessons(each, pupils):
            versions[row["record"], row["recorded_at"]] = row
    school.timetable = list(versions.values())
    facts: dict[str, dict[str, Any]] = {}
    # A name that is misspelt would otherwise be a pupil of whom nothing is known, and nought everywhere.
    _all_known(names_in(spec.absences) | names_in(spec.expects), pupils)
    for n, each in enumerate(table(spec.absences) if spec.absences else ()):
        for row in _absences(each, n):
            # Of a fact taken back nothing else is said: it is the fact as it was.
            kept = facts[row["record"]] | row if row.get("withdrawn") else row
            facts[row["record"]] = kept
            school.absences.append(kept)
    return school


def names_in(text: str) -> set[str]:
    """Return the pupils that a table names."""
    return {name for row in (table(text) if text else ()) for name in names(row.get("pupil") or "Anna")}


def _all_known(named: set[str], pupils: set[str]) -> None:
    if unknown := named - pupils:
        msg = f"not a pupil of this school: {', '.join(sorted(unknown))}"
        raise ValueError(msg)


def _known_from(row: dict[str, str], otherwise: datetime) -> datetime:
    return moment(row["known from"]) if row.get("known from") else otherwise


def _enrolments(row: dict[str, str]) -> Iterable[dict[str, Any]]:
    start = moment(row["from"])
    for name in names(row["pupil"]):
        yield {
            "record": row.get("record") or f"{name} {row['group']} {row['from']}",
            "pupil": name,
            "group": row["group"],
            "year_group": row.get("year group") or "12",
            "valid_from": day(row["from"]),
            "valid_to": day(row["to"]) if row.get("to") else None,
            "recorded_at": _known_from(row, start - timedelta(days=30)),
        }


def _lessons(row: dict[str, str], pupils: set[str]) -> Iterable[dict[str, Any]]:
    weekdays = row.get("on") or "Mon Tue Wed Thu Fri"
    minutes = int(row.get("minutes") or 50)
    said = row.get("which") or "lessons 1-6"
    which = {} if said == "all day" else _part(said)
    slots = range(which["start_slot"], which["end_slot"] + 1) if which else (None,)
    whom = row["for"]
    for on in days_from(row["from"], row.get("to", "")):
        if WEEKDAYS[on.weekday()] not in weekdays:
            continue
        for slot in slots:
            yield {
                "record": f"{whom} {on} {slot}",
                "pupil" if whom in pupils else "group": whom,
                "date": on,
                "slot": slot,
                "start_minute": None if slot is None else FIRST_LESSON + minutes * (slot - 1),
                "minutes": minutes,
                "status": row.get("status") or "planned",
                "register": row.get("register") or "by_exception",
                "subject": row.get("subject") or None,
                "recorded_at": _known_from(row, datetime(2025, 8, 1, tzinfo=UTC)),
            }


def _absences(row: dict[str, str], place: int) -> Iterable[dict[str, Any]]:
    for name in names(row.get("pupil") or "Anna"):
        for first in row["from"].split(","):
            start = moment(first, at=time(8))
            record = row.get("record") or f"{place} {name} {first.strip()}"
            fact: dict[str, Any] = {"record": record, "recorded_at": _known_from(row, start)}
            if row["kind"] == "taken back":
                yield fact | {"withdrawn": True}
                continue
            ends = row.get("to", "")
            yield (
                fact
                | {
                    "pupil": name,
                    "start_date": day(first),
                    "end_date": day(ends) if ends not in {"", "open"} else None,
                    "open_ended": ends == "open",
                    "kind": row["kind"],
                    "authorised": row.get("authorised") or "unknown",
                    "registration": row.get("how") or "report",
                }
                | _part(row.get("part", ""))
            )


def _part(text: str) -> dict[str, Any]:
    """What part of the day: lessons, clock times, an amount, or (empty) all of it."""
    if found := LESSONS.fullmatch(text):
        return {"start_slot": int(found[1]), "end_slot": int(found[2] or found[1])}
    if found := CLOCK.fullmatch(text):
        begin, end = (60 * int(found[n]) + int(found[n + 1]) for n in (1, 3))
        return {"start_minute": begin, "end_minute": end}
    if found := AMOUNT.fullmatch(text):
        return {"amount": float(found[1]), "unit": found[2]}
    if text:
        msg = f"not a part of a day: {text!r}"
        raise ValueError(msg)
    return {}
