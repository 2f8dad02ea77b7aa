"""A school's file is changed setting by setting: the rest stays, and nobody's change is overwritten unseen."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.errors import ChangedMeanwhileError, SettingsError
from data_contracts.school import read_school, school_digest, write_school

BY_HAND = """# van Karin, 3 september
school = "11ZZ03"
name = "Het Baken"
sector = "vo"
capacity = 10   # afgesproken met het team

[reasons]
z = { kind = "sick" } # ziek
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file as somebody wrote it by hand."""
    file = tmp_path / "11ZZ03.toml"
    file.write_text(BY_HAND, encoding="utf-8")
    return file


def test_what_was_not_changed_stays_as_it_was_written_comments_too(path: Path):
    write_school(path, {"capacity": 12}, made_from=school_digest(path))
    assert path.read_text(encoding="utf-8") == BY_HAND.replace("capacity = 10 ", "capacity = 12 ")


def test_a_new_setting_stands_above_the_tables(path: Path):
    days = [{"first": date(2026, 12, 18), "last": date(2026, 12, 18), "name": "studiedag"}]
    norm = {"slot_minutes": 60, "slots_per_day": [6, 6, 5, 6, 4]}
    changes = {"closures": days, "norm": norm, "rule_packs": ["mazl"]}
    written = write_school(path, changes, made_from=school_digest(path))
    assert written == read_school(path)
    assert (written.closures[0].name, written.norm.slots_per_day[4], written.rule_packs) == ("studiedag", 4, ("mazl",))
    assert written.reasons["z"].kind == "sick"


def test_a_setting_that_is_taken_out_has_its_default_again(path: Path):
    write_school(path, {"norm": {"slot_minutes": 60, "slots_per_day": [6] * 5}}, made_from=school_digest(path))
    assert write_school(path, {"norm": None}, made_from=school_digest(path)).norm is None
    assert path.read_text(encoding="utf-8") == BY_HAND


def test_the_first_file_of_a_school_can_be_written(tmp_path: Path):
    path = tmp_path / "schools" / "22ZZ00.toml"
    write_school(path, {"school": "22ZZ00", "name": "De Regenboog", "sector": "po"}, made_from=school_digest(path))
    assert read_school(path).name == "De Regenboog"
    assert path.stat().st_mode & 0o077 == 0


def test_of_two_at_once_the_second_is_told_and_overwrites_nothing(path: Path):
    seen = school_digest(path)
    write_school(path, {"capacity": 12}, made_from=seen)
    with pytest.raises(ChangedMeanwhileError, match="gewijzigd sinds u het opende"):
        write_school(path, {"capacity": 8}, made_from=seen)
    assert read_school(path).capacity == 12


@pytest.mark.parametrize(
    "changes",
    [
        {"capacity": 1000},
        {"name": "De\x00Ark"},
        {"norm": {"slot_minutes": 50, "slots_per_day": [25, 6, 6, 6, 6]}},
        {"norm": {"slot_minutes": 50, "slots_per_day": [-1, 6, 6, 6, 6]}},
        {"norm": {"slot_minutes": 120, "slots_per_day": [13, 6, 6, 6, 6]}},
    ],
    ids=["far too many places", "a sign that no database keeps", "25 slots", "fewer than none", "more than a day"],
)
def test_what_would_be_no_school_file_is_not_written(path: Path, changes: dict[str, Any]):
    with pytest.raises(SettingsError):
        write_school(path, changes, made_from=school_digest(path))
    assert path.read_text(encoding="utf-8") == BY_HAND


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("school")


@given(name=st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable()), capacity=st.integers(1, 100))
def test_whatever_is_written_is_read_back(folder: Path, name: str, capacity: int):
    path = folder / "11ZZ03.toml"
    path.write_text(BY_HAND, encoding="utf-8")
    write_school(path, {"name": name, "capacity": capacity}, made_from=school_digest(path))
    found = read_school(path)
    assert (found.name, found.capacity) == (name, capacity)
