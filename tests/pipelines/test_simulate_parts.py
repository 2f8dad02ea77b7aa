"""The parts of the simulator that a mistake would hide in."""

from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl

from data_contracts.identifiers import Region
from pipelines.simulate.arrays import flat, per_day, runs
from pipelines.simulate.clock import make_clock, season
from pipelines.simulate.exports.columns import with_offset
from pipelines.simulate.exports.excel import write_sheet
from pipelines.simulate.region import capacity, primary, secondary
from pipelines.simulate.truth import long_absent

UNTIL = date(2026, 11, 16)


def test_runs_are_spread_out_cell_by_cell():
    run, place = flat(np.array([3, 10]), np.array([2, 3]))
    assert run.tolist() == [0, 0, 1, 1, 1]
    assert place.tolist() == [3, 4, 10, 11, 12]


def test_runs_are_found_row_by_row():
    cells = np.array([[1, 1, 0, 1], [0, 0, 0, 0], [0, 1, 1, 1]], dtype=bool)
    rows, first, last = runs(cells)
    assert list(zip(rows.tolist(), first.tolist(), last.tolist(), strict=True)) == [(0, 0, 1), (0, 3, 3), (2, 1, 3)]


def test_slots_are_counted_per_day():
    cells = np.zeros((2, 3, 8), dtype=bool)
    cells[1, 2, [0, 3, 7]] = True
    assert per_day(cells).tolist() == [[0, 0, 0], [0, 0, 3]]
    assert per_day(cells[:, :, 2:4]).tolist() == [[0, 0, 0], [0, 0, 1]]


def test_long_absence_is_twenty_days_within_forty():
    away = np.zeros((3, 60), dtype=bool)
    away[0, 5:25] = True
    away[1, 5:24] = True
    away[2, 0:60:3] = True  # twenty days, but spread over twelve weeks
    assert long_absent(away).any(axis=1).tolist() == [True, False, False]
    assert np.flatnonzero(long_absent(away)[0]).tolist() == [5]


def test_the_clock_knows_breaks_and_ends_eight_school_weeks_after_today():
    clock = make_clock(Region.MIDDEN, until=UNTIL)
    days = clock.days.astype(object).tolist()
    assert days[clock.known] == UNTIL
    assert date(2026, 10, 16) in days
    assert clock.before_break[days.index(date(2026, 10, 16))]
    assert clock.after_break[days.index(date(2026, 10, 26))]
    assert not any(date(2026, 12, 19) <= day <= date(2027, 1, 3) for day in days)
    assert days[-1] == date(2027, 1, 22)


def test_the_season_has_mean_one_and_its_top_in_winter():
    clock = make_clock(Region.ZUID, until=UNTIL)
    shape = season(clock, 0.15)
    assert np.isclose(shape.mean(), 1, atol=1e-5)
    assert clock.iso_week[int(np.argmax(shape))] in {*range(1, 9), 51}


def test_local_times_get_the_offset_of_their_season():
    moments = pl.Series([datetime(2026, 7, 1, 8, 30), datetime(2026, 11, 2, 8, 30)])  # noqa: DTZ001 - local, as in the files
    assert with_offset(moments).to_list() == ["2026-07-01T08:30:00+02:00", "2026-11-02T08:30:00+01:00"]


def test_a_sheet_is_read_back_as_it_was_written(tmp_path: Path):
    frame = pl.DataFrame(
        {
            "nummer": [1, 2],
            "naam": ["Daan & Noor", None],
            "dag": [date(2026, 3, 1), date(1999, 12, 31)],
            "moment": [datetime(2026, 3, 1, 8, 41), datetime(2026, 3, 1, 17, 5)],  # noqa: DTZ001 - Excel knows no zones
            "ja": [True, False],
        }
    )
    write_sheet(tmp_path / "blad.xlsx", frame)
    back = pl.read_excel(tmp_path / "blad.xlsx", engine="calamine")
    assert back.with_columns(pl.col("moment").cast(pl.Datetime("us")).dt.round("1m")).equals(frame)


def test_a_school_talks_about_one_in_130_pupils_within_bounds():
    assert [capacity(pupils) for pupils in (180, 650, 1300, 2300)] == [4, 5, 10, 12]


def test_brins_are_distinct_and_closures_fall_on_school_days():
    places = secondary(UNTIL) + primary(UNTIL)
    assert len({place.school for place in places}) == len(places) == 28
    closed = [closure.first for place in places for closure in place.closures]
    assert all(day.weekday() < 5 for day in closed)
