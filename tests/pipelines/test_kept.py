"""What is kept between weekly runs: after every extension the features are those of counting everything anew."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest
from kept_world import write_world
from polars.testing import assert_frame_equal

from data_contracts.errors import NotEnoughDataError, StorageError, UsageError
from features.build import build_from
from features.calendar import AMSTERDAM
from features.history import history
from pipelines.home import Home
from pipelines.kept import COLUMNS, features_of_week
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


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return write_world(tmp_path_factory.mktemp("kept"), seed=1)


def test_every_week_the_kept_weeks_are_extended_and_say_what_counting_anew_says(tmp_path: Path):
    home = write_world(tmp_path, seed=4)
    for week in MONDAYS:
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
