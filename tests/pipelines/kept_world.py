"""Schools whose books are kept badly, as in life: a lake of random deliveries, the same for the same seed."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from data_contracts.quality import QualityReport, Verdict
from data_contracts.reasons import Kind
from data_contracts.tables import CONTRACT_VERSION, TABLES
from pipelines.home import Home
from pipelines.lake import Lake, schema

JUNE = date(2026, 6, 15)
FIRST, LAST = date(2026, 8, 31), date(2027, 1, 15)
HOLIDAYS = [(date(2026, 10, 19), date(2026, 10, 23)), (date(2026, 12, 21), date(2027, 1, 1))]
GROUPS = ("2a", "2b")
SUBJECTS = ("wi", "ne", "gym", None)
SETTINGS = 'school = "{}"\nname = "Proefschool"\nsector = "vo"\nregion = "midden"\n'
SHAPES: list[dict[str, Any]] = [
    {},
    {},
    {"start_slot": 1, "end_slot": 1},
    {"start_slot": 2, "end_slot": 2},
    {"start_slot": 3, "end_slot": 4},
    {"start_minute": 600, "end_minute": 700},
    {"amount": 90.0, "unit": "minutes"},
    {"amount": 1.0, "unit": "half_days"},
]


def school_days() -> list[date]:
    days = [JUNE + timedelta(days=n) for n in range((LAST - JUNE).days + 1)]
    return [
        day
        for day in days
        if day.weekday() < 5
        and (day < date(2026, 7, 4) or day >= FIRST)
        and not any(first <= day <= last for first, last in HOLIDAYS)
    ]


DAYS = school_days()


@dataclass
class Book:
    """One school's rows, filled at random."""

    school: str
    rng: np.random.Generator
    own_timetable: bool = True
    calm: bool = False
    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {"enrolments": [], "timetable": [], "absences": []}
    )

    def entered(self, day: date) -> datetime:
        """When a row about `day` is entered: mostly that afternoon, sometimes weeks later, now and then ahead of it."""
        late = self.rng.choice([0, 0, 0, 1] if self.calm else [0, 0, 0, 0, 0, 0, 1, 6, 16, 40, -9])
        minute = int(self.rng.integers(0, 600))
        return datetime.combine(day, time(8), UTC) + timedelta(days=int(late), minutes=minute)

    def put(self, table: str, record: str, when: datetime, **row: Any) -> None:
        self.rows[table].append({"record": record, "recorded_at": when, "withdrawn": False} | row)

    def again(self, table: str, row: dict[str, Any], **changes: Any) -> None:
        """Correct a row, some time afterwards."""
        later = row["recorded_at"] + timedelta(
            days=float(self.rng.choice([0.1, 2, 9, 20, 60][: 2 if self.calm else 5]))
        )
        self.rows[table].append(row | {"recorded_at": later} | changes)

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def day(self) -> date:
        return DAYS[int(self.rng.integers(0, len(DAYS)))]

    def enrol(self, pupils: int) -> None:
        long_ago = datetime(2025, 8, 1, 8, tzinfo=UTC)
        for n in range(pupils):
            pupil, group = f"p{n:02d}", GROUPS[n % 2]
            about = {"pupil": pupil, "group": group, "year_group": "12"}
            if self.chance(0.7):
                self.put("enrolments", f"e{n}", long_ago, **about, valid_from=date(2025, 8, 18))
            else:
                day = self.day()
                self.put("enrolments", f"e{n}", self.entered(day), **about, valid_from=day)
            if self.chance(0 if self.calm else 0.15):
                self.again("enrolments", self.rows["enrolments"][-1], valid_to=self.day())
            if self.chance(0.15):
                day = self.day()
                move = about | {"group": GROUPS[(n + 1) % 2]}
                self.put("enrolments", f"m{n}", self.entered(day), **move, valid_from=day)
                if self.chance(0 if self.calm else 0.3):
                    self.again("enrolments", self.rows["enrolments"][-1], withdrawn=True)

    def teach(self) -> None:
        for day in DAYS:
            for group in GROUPS if self.own_timetable else ():
                if self.chance(0.03):
                    continue
                for slot in range(1, 5):
                    record = f"{group} {day} {slot}"
                    when = datetime.combine(day, time(15), UTC) if self.chance(0.98) else self.entered(day)
                    start = 450 + 50 * slot
                    subject = SUBJECTS[(slot + day.weekday()) % 4]
                    lesson = {"group": group, "date": day, "slot": slot, "start_minute": start, "minutes": 50}
                    self.put("timetable", record, when, **lesson, subject=subject)
                    if self.chance(0.03):
                        change = [
                            {"status": "cancelled"},
                            {"register": "not_taken"},
                            {"withdrawn": True},
                            {"minutes": 80},
                        ]
                        self.again("timetable", self.rows["timetable"][-1], **change[int(self.rng.integers(0, 4))])
            if self.own_timetable and self.chance(0.2):
                # Part-time: this pupil's own day.
                own = {"pupil": "p01", "date": day, "slot": 2, "start_minute": 550, "minutes": 50}
                self.put(
                    "timetable",
                    f"own {day}",
                    self.entered(day),
                    **own,
                    status=self.rng.choice(["planned", "cancelled"]),
                )

    def go_own_ways(self, pupils: int) -> None:
        """Let some be for a while in a class whose lessons end in autumn, leave and come back, or have days of their own."""
        for day in DAYS if self.own_timetable else ():
            if FIRST <= day < HOLIDAYS[0][0]:
                when = datetime.combine(day, time(15), UTC)
                lesson = {"group": "3c", "date": day, "slot": 2, "start_minute": 550, "minutes": 50}
                self.put("timetable", f"3c {day}", when, **lesson)
        for n in range(2, pupils, 4):
            about = {"pupil": f"p{n:02d}", "year_group": "12"}
            first = self.day()
            last = first + timedelta(days=int(self.rng.choice([3, 11, 40])))
            # Mostly of whole weeks: on the Monday after one it may not be known yet where the pupil is then.
            last += timedelta(days=6 - last.weekday()) if self.chance(0.7) else timedelta()
            self.put("enrolments", f"c{n}", self.entered(first), **about, group="3c", valid_from=first, valid_to=last)
            gone = {"group": GROUPS[n % 2], "valid_from": date(2025, 8, 18), "valid_to": last}
            self.put("enrolments", f"e{n}", self.entered(last), **about, **gone)
            back = last + timedelta(days=int(self.rng.choice([1, 1, 8, 30])))
            self.put("enrolments", f"b{n}", self.entered(back), **about, group=GROUPS[n // 4 % 2], valid_from=back)
        for n in range(3, pupils, 4):
            # In lessons on some of the days of the class, for fewer hours; exempt or free on others.
            weekdays = set(self.rng.choice(5, 3).tolist())
            for day in DAYS[int(self.rng.integers(0, len(DAYS))) :]:
                if day.weekday() in weekdays:
                    own = {"pupil": f"p{n:02d}", "date": day, "slot": 3, "start_minute": 600, "minutes": 50}
                    status = "not_required" if day.weekday() == min(weekdays) and n % 8 == 3 else "planned"
                    self.put("timetable", f"own {n} {day}", self.entered(day), **own, status=status)
                elif self.chance(0.1):
                    free = {"pupil": f"p{n:02d}", "start_date": day, "kind": "exemption"}
                    self.put("absences", f"exempt {n} {day}", self.entered(day), **free)

    def miss(self, pupils: int) -> None:
        kinds = [kind.value for kind in Kind]
        for n in range(pupils * 12):
            day = self.day()
            row: dict[str, Any] = {
                "pupil": f"p{int(self.rng.integers(0, pupils)):02d}",
                "start_date": day,
                "kind": "sick" if self.chance(0.4) else kinds[int(self.rng.integers(0, len(kinds)))],
                "authorised": self.rng.choice(["yes", "no", "unknown"]),
                "registration": self.rng.choice(["report", "observation"]),
            } | SHAPES[int(self.rng.integers(0, len(SHAPES)))]
            if self.chance(0.3):
                row["end_date"] = day + timedelta(
                    days=int(self.rng.choice([1, 2, 4, 9, 25, 60][: 3 if self.calm and "amount" in row else 6]))
                )
            if self.chance(0.06) and not (self.calm and "amount" in row):
                row["open_ended"] = True
            self.put("absences", f"a{n}", self.entered(day), **row)
            if self.chance(0.12):
                changes: list[dict[str, Any]] = [
                    {"kind": "sick"},
                    {"withdrawn": True},
                    {"open_ended": False, "end_date": day + timedelta(days=3)},
                    {"start_date": self.day(), "end_date": None},
                ]
                self.again(
                    "absences", self.rows["absences"][-1], **changes[int(self.rng.integers(0, 3 if self.calm else 4))]
                )

    def close(self, pupils: int, day: date) -> None:
        """Let (nearly) everybody be away."""
        for n in range(pupils - 1):
            whole = {"pupil": f"p{n:02d}", "start_date": day, "kind": "other_authorised"}
            self.put("absences", f"closed {day} {n}", self.entered(day), **whole)


def _frame(table: str, school: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    columns = TABLES[table].columns
    defaults = {column.name: column.default for column in columns} | {"school": school, "recorded_basis": "source"}
    names = [name for name in schema(TABLES[table]) if name not in {"delivered_at", "delivery"}]
    types = schema(TABLES[table])
    return pl.DataFrame(
        [{name: row.get(name, defaults.get(name)) for name in names} for row in rows],
        schema={name: types[name] for name in names},
    )


def _deliver(home: Home, book: Book, table: str, every: int, *, forgetful: bool = True) -> None:
    """Deliver what was entered each Sunday, or every so many; now and then a row is forgotten until much later."""
    start = datetime(2026, 6, 14, 17, tzinfo=UTC)
    by_moment: dict[datetime, list[dict[str, Any]]] = {}
    for row in book.rows[table]:
        weeks = max(0, -(-(row["recorded_at"] - start) // timedelta(weeks=every)))
        forgotten = 0 if book.calm else int(book.rng.choice([0] * 30 + [1, 4]))
        # A few are delivered before the moment that they carry.
        early = 1 if forgetful and book.chance(0.01) and weeks else 0
        by_moment.setdefault(start + (weeks + forgotten - early) * timedelta(weeks=every), []).append(row)
    for moment, rows in sorted(by_moment.items()):
        name = f"{moment:%Y%m%dT%H%M%SZ}-{table}"
        report = QualityReport(
            delivery=name,
            school=book.school,
            source="canonical",
            table=table,
            file=f"{table}.csv",
            delivered_at=moment,
            sha256="0" * 64,
            verdict=Verdict.ACCEPTED,
            rows=len(rows),
            new=len(rows),
            contract_version=CONTRACT_VERSION,
        )
        frame = _frame(table, book.school, rows).unique(["record", "recorded_at"], keep="last", maintain_order=True)
        frame = frame.with_columns(delivered_at=pl.lit(moment).dt.cast_time_unit("us"), delivery=pl.lit(name))
        Lake(home).append(frame, report)


def write_world(root: Path, seed: int, *, calm: bool = False) -> Home:
    """Write three schools: one of ordinary size, one without a timetable of its own, one that delivers seldom.

    In a `calm` world little is late, or corrected after more than some days.
    """
    home = Home.at(root)
    home.schools.mkdir(parents=True)
    plans = [("11ZZ00", 24, True, 1), ("11ZZ01", 6, False, 1), ("11ZZ02", 6, True, 3)]
    for n, (school, pupils, own, every) in enumerate(plans):
        (home.schools / f"{school}.toml").write_text(SETTINGS.format(school), encoding="utf-8")
        book = Book(school, np.random.default_rng([seed, n]), own_timetable=own, calm=calm)
        book.enrol(pupils)
        book.teach()
        book.miss(pupils)
        book.go_own_ways(pupils)
        if pupils > 20:
            book.close(pupils, book.day())
        for table in book.rows:
            _deliver(home, book, table, every)
    return home


def write_plain_school(root: Path, *also: tuple[str, dict[str, Any]], own_timetable: bool = True) -> Home:
    """Write one school in which everything is entered the same day, and some rows of tables `also`.

    Ten pupils in two classes, of which one has an hour more a day; each Monday some are ill, and each Thursday some miss
    a lesson.
    """
    home = Home.at(root)
    home.schools.mkdir(parents=True)
    (home.schools / "11ZZ00.toml").write_text(SETTINGS.format("11ZZ00"), encoding="utf-8")
    book = Book("11ZZ00", np.random.default_rng(1), calm=True)
    for n in range(10):
        about = {"pupil": f"p{n:02d}", "group": GROUPS[n % 2], "year_group": "12", "valid_from": date(2025, 8, 18)}
        book.put("enrolments", f"e{n}", datetime(2025, 8, 1, tzinfo=UTC), **about)
    for day in DAYS:
        entered = datetime.combine(day, time(15), UTC)
        for group in GROUPS if own_timetable else ():
            for slot in range(1, 6 if group == "2a" else 5):
                lesson = {"group": group, "date": day, "slot": slot, "start_minute": 450 + 50 * slot, "minutes": 50}
                book.put("timetable", f"{group} {day} {slot}", entered, **lesson)
        missed = {0: {"kind": "sick"}, 3: {"kind": "truancy", "start_slot": 2, "end_slot": 2}}.get(day.weekday())
        if missed:
            for n in range(day.day % 3, 10, 3):
                book.put("absences", f"a{n} {day}", entered, pupil=f"p{n:02d}", start_date=day, **missed)
    for table, row in also:
        book.rows[table].append({"withdrawn": False} | row)
    for table in book.rows:
        _deliver(home, book, table, 1, forgetful=False)
    return home
