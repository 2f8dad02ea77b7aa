"""What is kept between weekly runs: after every extension the features are those of counting everything anew."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from kept_world import DAYS, write_plain_school, write_world
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from data_contracts.errors import NotEnoughDataError, StorageError, UsageError
from features.build import build_from
from features.calendar import AMSTERDAM
from features.history import history
from pipelines.cli import app
from pipelines.home import Home
from pipelines.kept import COLUMNS, features_of_week, known_by
from pipelines.kept.store import SEGMENTS
from pipelines.locks import locked
from pipelines.tables import load

MONDAYS = [date(2026, 9, 7) + timedelta(weeks=n) for n in range(20)]


def at_six(week: date) -> datetime:
    return datetime.combine(week, time(6), AMSTERDAM).astimezone(UTC)


def kept(
    home: Home, week: date, as_of: datetime, *, workers: int = 1, schools: list[str] | None = None
) -> pl.DataFrame:
    parts: list[pl.DataFrame] = []
    features_of_week(home, week=week, as_of=as_of, each=parts.append, workers=workers, schools=schools)
    return pl.concat(parts).sort("school", "pupil")


def anew(home: Home, week: date, as_of: datetime, *, schools: list[str] | None = None) -> pl.DataFrame:
    tables = load(home, delivered_by=as_of, until=week, schools=schools)
    found: pl.DataFrame = build_from(history(tables, as_of, until=week)).collect().to_native()
    return found.select(COLUMNS)


def assert_same(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert_frame_equal(found, expected, rel_tol=0, abs_tol=1e-12)


@pytest.fixture(autouse=True)
def _as_if_there_were_more_schools(monkeypatch: pytest.MonkeyPatch):
    """Three schools would each be a shard by itself, and none would have to wait for its first count."""
    monkeypatch.setattr("pipelines.kept.store.SHARDS", 2)
    monkeypatch.setattr("pipelines.kept.week.AT_A_TIME", 1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return write_world(tmp_path_factory.mktemp("kept"), seed=1)


def test_every_week_the_kept_weeks_are_extended_and_say_what_counting_anew_says(tmp_path: Path):
    home = write_world(tmp_path, seed=4)
    for week in (*MONDAYS[:10], MONDAYS[14], MONDAYS[19]):
        assert_same(kept(home, week, at_six(week)), anew(home, week, at_six(week)))
    segments = [len(list(shard.glob("[0-9]*"))) for shard in home.kept.iterdir()]
    assert all(1 < count <= SEGMENTS for count in segments)


@pytest.mark.parametrize("calm", [True, False])
def test_weeks_may_be_skipped_and_a_week_counted_again(tmp_path: Path, calm: bool):
    home = write_world(tmp_path, seed=5, calm=calm)
    for week, moment in [
        (MONDAYS[3], at_six(MONDAYS[3])),
        (MONDAYS[3], at_six(MONDAYS[3]) + timedelta(days=3)),
        (MONDAYS[4], at_six(MONDAYS[4])),
        (MONDAYS[11], at_six(MONDAYS[11])),
        (MONDAYS[12], at_six(MONDAYS[12]) + timedelta(days=2)),
    ]:
        assert_same(kept(home, week, moment), anew(home, week, moment))


LATE = datetime(2026, 11, 12, 9, tzinfo=UTC)
"""A Thursday; what is entered now is about weeks that were counted long before."""
P01 = {"pupil": "p01", "group": "2b", "year_group": "12", "recorded_at": LATE}
BACK_DATED: dict[str, tuple[str, dict[str, Any]]] = {
    "a change of class": ("enrolments", P01 | {"record": "m", "group": "2a", "valid_from": date(2026, 9, 16)}),
    "a pupil who had left": (
        "enrolments",
        P01 | {"record": "e1", "valid_from": date(2025, 8, 18), "valid_to": date(2026, 11, 11)},
    ),
    "a pupil who came weeks ago": (
        "enrolments",
        P01 | {"pupil": "new", "record": "n", "valid_from": date(2026, 10, 1)},
    ),
    "an enrolment that never was": (
        "enrolments",
        P01 | {"record": "e1", "valid_from": date(2025, 8, 18), "withdrawn": True},
    ),
    "a lesson that was cancelled": (
        "timetable",
        {"record": "2b 2026-09-17 2", "group": "2b", "date": date(2026, 9, 17), "slot": 2, "start_minute": 550}
        | {"minutes": 50, "status": "cancelled", "recorded_at": LATE},
    ),
    "a lesson that was moved to another day": (
        "timetable",
        {"record": "2b 2026-09-17 2", "group": "2b", "date": date(2026, 11, 12), "slot": 6, "start_minute": 750}
        | {"minutes": 50, "recorded_at": LATE},
    ),
    "an absence of weeks ago": (
        "absences",
        {"record": "x", "pupil": "p01", "start_date": date(2026, 9, 22), "kind": "sick", "recorded_at": LATE},
    ),
    "an absence that was of another day": (
        "absences",
        {
            "record": "a1 2026-09-10",
            "pupil": "p01",
            "start_date": date(2026, 11, 12),
            "kind": "sick",
            "recorded_at": LATE,
        },
    ),
}


@pytest.mark.parametrize("what", BACK_DATED)
def test_what_becomes_known_late_counts_from_the_day_that_it_is_about(tmp_path: Path, what: str):
    home = write_plain_school(tmp_path, BACK_DATED[what])
    before = MONDAYS[9]  # 9 November
    assert_same(kept(home, before, at_six(before)), anew(home, before, at_six(before)))
    week = MONDAYS[10]
    assert_same(kept(home, week, at_six(week)), anew(home, week, at_six(week)))


@pytest.mark.parametrize("pupils", [["p01"], ["p01", "p03", "p05", "p07", "p09"]])
def test_lessons_of_pupils_beside_the_norm_of_their_class_come_out_as_when_counted_anew(
    tmp_path: Path, pupils: list[str]
):
    days = (date(2026, 9, 14), date(2026, 9, 17), date(2026, 11, 9))
    own = [
        (
            "timetable",
            {"record": f"{pupil} {day}", "pupil": pupil, "date": day, "slot": 2, "start_minute": 550, "minutes": 50}
            | {"recorded_at": LATE},
        )
        for pupil in pupils
        for day in days
    ]
    home = write_plain_school(tmp_path, *own, own_timetable=False)
    for week in (MONDAYS[9], MONDAYS[10], MONDAYS[11]):
        assert_same(kept(home, week, at_six(week)), anew(home, week, at_six(week)))


TYPO = {"record": "typo", "pupil": "p01", "start_date": date(2025, 8, 20), "kind": "sick"}
ENTERED = datetime(2026, 9, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("twin", [False, True])
@pytest.mark.parametrize("mended", [{"withdrawn": True}, {"start_date": date(2026, 8, 20)}], ids=["none", "moved"])
def test_an_absence_in_a_wrong_year_begins_the_norm_until_it_is_mended(
    tmp_path: Path, mended: dict[str, Any], *, twin: bool
):
    also = [TYPO | {"recorded_at": ENTERED}, TYPO | mended | {"recorded_at": LATE}]
    if twin:  # somebody else was away that day, and that stands
        also.append(TYPO | {"record": "twin", "pupil": "p03", "recorded_at": ENTERED + timedelta(days=1)})
    home = write_plain_school(tmp_path, *(("absences", row) for row in also), own_timetable=False)
    rates = []
    for week in MONDAYS[8:12]:
        found = kept(home, week, at_six(week))
        assert_same(found, anew(home, week, at_six(week)))
        rates.append(found["absent_rate_last_year"].mean())
    # Of a whole year without absence nothing was known: only the weeks from June on count.
    assert rates[0] == pytest.approx(rates[1])
    assert rates[2] == pytest.approx(rates[1]) if twin else rates[2] > 5 * rates[1]


def test_a_class_whose_lessons_have_ended_still_tells_how_many_there_were(tmp_path: Path):
    # One pupil goes on in another class, the other by a timetable of its own on Wednesdays.
    early = datetime(2025, 8, 1, tzinfo=UTC)
    about = {"group": "3c", "year_group": "12", "recorded_at": early, "valid_from": date(2025, 8, 18)}
    moved = about | {"record": "x2", "pupil": "x", "group": "2b", "valid_from": date(2026, 11, 2)}
    enrolled = [about | {"record": name, "pupil": name} for name in ("x", "y")]
    lessons = [{"group": "3c", "date": day} for day in DAYS if date(2026, 8, 1) < day < date(2026, 10, 17)]
    lessons += [{"pupil": "y", "date": day} for day in DAYS if day >= date(2026, 9, 7) and day.weekday() == 2]
    hour = {"slot": 2, "start_minute": 550, "minutes": 50, "recorded_at": early}
    ill = [("x", date(2026, 10, 5)), ("x", date(2026, 11, 5)), ("y", date(2026, 10, 7)), ("y", date(2026, 11, 4))]
    also = [
        *(("enrolments", row) for row in (*enrolled, moved)),
        *(("timetable", hour | {"record": f"own {n}"} | row) for n, row in enumerate(lessons)),
        *(
            ("absences", {"record": f"{pupil} {day}", "pupil": pupil, "start_date": day, "kind": "sick"})
            for pupil, day in ill
        ),
    ]
    home = write_plain_school(tmp_path, *((table, {"recorded_at": early} | row) for table, row in also))
    for week in (MONDAYS[8], MONDAYS[9]):
        assert_same(kept(home, week, at_six(week)), anew(home, week, at_six(week)))


def test_a_move_on_a_monday_of_which_at_first_only_the_leaving_is_known(tmp_path: Path):
    early = datetime(2025, 8, 1, tzinfo=UTC)
    about = {"pupil": "x", "year_group": "12"}
    until_sunday = {"group": "2b", "valid_from": date(2025, 8, 18), "valid_to": date(2026, 11, 8)}
    from_monday = {"group": "2a", "valid_from": date(2026, 11, 9)}
    days = (date(2026, 11, 5), date(2026, 11, 13), date(2026, 11, 16), date(2026, 11, 24))
    home = write_plain_school(
        tmp_path,
        ("enrolments", about | until_sunday | {"record": "x1", "recorded_at": early}),
        ("enrolments", about | from_monday | {"record": "x2", "recorded_at": datetime(2026, 11, 10, 9, tzinfo=UTC)}),
        *(
            ("absences", {"record": f"{day}", "pupil": "x", "start_date": day, "kind": "sick", "recorded_at": early})
            for day in days
        ),
    )
    for week in MONDAYS[9:12]:
        assert_same(kept(home, week, at_six(week)), anew(home, week, at_six(week)))


def test_a_closed_day_counts_again_when_the_school_has_become_so_large_that_it_was_none(tmp_path: Path):
    # By the sieve of `features.history`: fewer than a fifth of all pupils ever were away then.
    early = datetime(2025, 8, 1, tzinfo=UTC)
    crowd = [
        (
            "enrolments",
            P01 | {"pupil": f"q{n}", "record": f"q{n}", "valid_from": date(2025, 8, 18), "recorded_at": early},
        )
        for n in range(14)
    ]
    pupils = [f"p{n:02d}" for n in range(10)] + [f"q{n}" for n in range(13)]
    closed = date(2026, 9, 15)
    whole = {"start_date": closed, "kind": "leave", "recorded_at": datetime(2026, 9, 15, 9, tzinfo=UTC)}
    away = [("absences", whole | {"record": f"closed {pupil}", "pupil": pupil}) for pupil in pupils]
    new = [
        ("enrolments", P01 | {"pupil": f"n{n}", "record": f"n{n}", "valid_from": date(2026, 11, 12)})
        for n in range(100)
    ]
    home = write_plain_school(tmp_path, *crowd, *away, *new)
    small, large = (kept(home, week, at_six(week)) for week in MONDAYS[9:11])
    assert_same(large, anew(home, MONDAYS[10], at_six(MONDAYS[10])))
    rate = pl.col("days_away_year").sum()
    assert small.filter(pl.col("pupil").str.starts_with("q")).select(rate).item() == 0
    assert large.filter(pl.col("pupil").str.starts_with("q")).select(rate).item() == 13


def test_weeks_of_long_ago_are_kept_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pipelines.kept.week.DETAILED", 12)
    home = write_world(tmp_path, seed=8, calm=True)
    for week in MONDAYS[14:]:
        assert_same(kept(home, week, at_six(week)), anew(home, week, at_six(week)))
    files = sorted(home.kept.glob("*/*/rows.parquet"))
    together = pl.concat([pl.read_parquet(file) for file in files]).filter((pl.col("week") + 3) % 7 != 0)
    assert together.height > 20


def test_extending_by_a_week_reads_no_old_delivery_of_absences_or_lessons(tmp_path: Path):
    home = write_world(tmp_path, seed=6, calm=True)
    kept(home, MONDAYS[12], at_six(MONDAYS[12]))
    expected = anew(home, MONDAYS[13], at_six(MONDAYS[13]))
    long_ago = f"{MONDAYS[6]:%Y%m%d}"
    spoilt = [
        path
        for table in ("absences", "timetable")
        for path in (home.lake / table).rglob("*.parquet")
        if path.stem < long_ago
    ]
    assert len(spoilt) > 10
    for path in spoilt:
        path.write_bytes(b"")
    assert_same(kept(home, MONDAYS[13], at_six(MONDAYS[13])), expected)


def test_an_earlier_week_is_seen_as_it_was_known_then_and_changes_nothing_that_is_kept(world: Home):
    kept(world, MONDAYS[8], at_six(MONDAYS[8]))
    before = sorted(str(path) for path in world.kept.rglob("*.parquet"))
    assert_same(kept(world, MONDAYS[5], at_six(MONDAYS[5])), anew(world, MONDAYS[5], at_six(MONDAYS[5])))
    assert sorted(str(path) for path in world.kept.rglob("*.parquet")) == before
    assert_same(kept(world, MONDAYS[9], at_six(MONDAYS[9])), anew(world, MONDAYS[9], at_six(MONDAYS[9])))


def test_a_school_may_be_counted_more_often_than_the_others(world: Home):
    one = ["11ZZ02"]
    for week in (MONDAYS[10], MONDAYS[11]):
        assert_same(kept(world, week, at_six(week), schools=one), anew(world, week, at_six(week), schools=one))
    assert_same(kept(world, MONDAYS[13], at_six(MONDAYS[13])), anew(world, MONDAYS[13], at_six(MONDAYS[13])))


def test_a_segment_that_was_not_finished_does_not_count(world: Home):
    week = MONDAYS[14]
    expected = kept(world, week, at_six(week))
    for shard in world.kept.iterdir():
        newest = max(shard.glob("[0-9]*"))
        (newest / "state.json").unlink()
    assert_same(kept(world, week, at_six(week)), expected)


def test_other_code_or_another_school_year_counts_everything_again(world: Home, monkeypatch: pytest.MonkeyPatch):
    week = MONDAYS[15]
    kept(world, week, at_six(week))
    old = {path.name for path in world.kept.glob("*/[0-9]*")}
    monkeypatch.setattr("pipelines.kept.store.logic", lambda: "other code")
    assert_same(kept(world, week, at_six(week)), anew(world, week, at_six(week)))
    assert not old & {path.name for path in world.kept.glob("*/[0-9]*")}
    next_year = date(2027, 8, 30)
    assert_same(kept(world, next_year, at_six(next_year)), anew(world, next_year, at_six(next_year)))


def test_what_is_erased_from_the_lake_is_counted_no_more(tmp_path: Path):
    home = write_world(tmp_path, seed=7)
    week = MONDAYS[5]
    kept(home, week, at_six(week))
    for path in sorted((home.lake / "reports" / "11ZZ00").glob("*-absences.json"))[:3]:
        path.unlink()
    assert_same(kept(home, week, at_six(week)), anew(home, week, at_six(week)))


def test_rows_stream_to_one_file_and_several_processes_say_the_same(world: Home, tmp_path: Path):
    week = MONDAYS[17]
    out = tmp_path / "kenmerken.parquet"
    said: list[tuple[str, int, int]] = []
    found = features_of_week(
        world, week=week, as_of=at_six(week), out=out, workers=2, progress=lambda *step: said.append(step)
    )
    assert_same(pl.read_parquet(out).sort("school", "pupil"), anew(world, week, at_six(week)))
    assert (found.schools, found.pupils, found.out) == (3, pl.read_parquet(out).height, str(out))
    assert said[-1] == ("scholen", 3, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["kenmerken.parquet"]


def test_a_mistake_is_told_in_words(world: Home, tmp_path: Path):
    with pytest.raises(UsageError, match="geen maandag"):
        features_of_week(world, week=date(2026, 9, 8), as_of=at_six(MONDAYS[1]))
    with pytest.raises(UsageError, match="nog niet begonnen"):
        known_by(MONDAYS[1], now=at_six(MONDAYS[0]))
    with pytest.raises(NotEnoughDataError, match="geen levering"):
        features_of_week(Home.at(tmp_path), week=MONDAYS[1], as_of=at_six(MONDAYS[1]))
    with locked(world, "kept"), pytest.raises(StorageError, match="al kenmerken geteld"):
        features_of_week(world, week=MONDAYS[1], as_of=at_six(MONDAYS[1]))


def test_the_command_writes_pseudonyms_and_features_alone(world: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AANWEZIG_HOME", str(world.root))
    out = tmp_path / "kenmerken.parquet"
    week = ["features", "--week", f"{MONDAYS[3]}", "--school", "11ZZ01"]
    result = CliRunner().invoke(app, [*week, "--out", str(out), "--json"])
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert (said["week"], said["schools"], said["out"]) == (f"{MONDAYS[3]}", 1, str(out))
    assert pl.read_parquet(out).columns == list(COLUMNS)
