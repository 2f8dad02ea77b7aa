"""The synthetic groups: one row a pupil, apart from the exports, the same for the same seed, and gender by lot."""

from pathlib import Path

import polars as pl
import pytest

from pipelines.simulate.groups import FILE, write_groups

PUPILS = 400
TRUTH = {
    "pupils": pl.DataFrame(
        {
            "school": ["99XA01"] * PUPILS + ["99PA01"] * PUPILS,
            "sector": ["vo"] * PUPILS + ["po"] * PUPILS,
            "pupil_number": [str(number) for number in range(2 * PUPILS)],
            "person": [*range(PUPILS - 1), 0, *range(PUPILS)],  # the last of vo is the first again, at another number
        }
    ),
    "pupil_years": pl.DataFrame(
        {
            "school": ["99XA01"] * PUPILS + ["99PA01"] * PUPILS,
            "pupil_number": [str(number) for number in range(2 * PUPILS)],
            "year": [1] * (2 * PUPILS),
            "level": pl.Series([1 + number % 6 for number in range(2 * PUPILS)], dtype=pl.Int8),
            "track": [number % 3 for number in range(PUPILS)] + [0] * PUPILS,
        }
    ),
}


@pytest.fixture
def made(tmp_path: Path) -> pl.DataFrame:
    write_groups(tmp_path, TRUTH, seed=1)
    return pl.read_csv(tmp_path / FILE, separator=";", infer_schema=False).sort(pl.col("pupil").cast(pl.Int64))


def test_every_pupil_has_one_row_with_age_and_track(made: pl.DataFrame):
    assert made.columns == ["school", "pupil", "geslacht", "leeftijd", "opleiding"]
    assert made.height == 2 * PUPILS
    assert made.row(1) == ("99XA01", "1", made["geslacht"][1], "13", "havo")
    assert made.row(PUPILS + 2)[3:] == (str(4 + (PUPILS + 2) % 6), "basisschool")


def test_a_person_keeps_its_gender_at_another_school_and_all_are_drawn_by_lot(made: pl.DataFrame):
    assert made["geslacht"][PUPILS - 1] == made["geslacht"][0]
    assert 0.4 < (made["geslacht"] == "meisje").mean() < 0.6


def test_the_same_seed_gives_the_same_file_and_another_seed_another(tmp_path: Path, made: pl.DataFrame):
    again = write_groups(tmp_path, TRUTH, seed=1).sort(pl.col("pupil").cast(pl.Int64))
    assert again["geslacht"].to_list() == made["geslacht"].to_list()
    other = write_groups(tmp_path, TRUTH, seed=2).sort(pl.col("pupil").cast(pl.Int64))
    assert other["geslacht"].to_list() != made["geslacht"].to_list()
