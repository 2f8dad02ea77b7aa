"""A file is there whole, or not at all."""

import os
from pathlib import Path

import pytest

from data_contracts.errors import StorageError
from data_contracts.files import write_text, write_whole


def test_a_file_is_written_with_its_folder_and_nothing_beside_it(tmp_path: Path):
    write_text(tmp_path / "new" / "paper.json", "één")
    assert [(path.name, path.read_bytes().decode()) for path in (tmp_path / "new").iterdir()] == [("paper.json", "één")]


def test_a_reader_sees_the_earlier_file_until_the_new_one_is_whole(tmp_path: Path):
    path = tmp_path / "paper.json"
    write_text(path, "earlier")

    def halfway(fresh: Path) -> None:
        fresh.write_text("ne")
        assert path.read_text() == "earlier"
        fresh.write_text("new")

    write_whole(path, halfway)
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), OSError("No space left on device")])
def test_a_disk_that_refuses_leaves_the_earlier_file_and_says_what_to_do(tmp_path: Path, monkeypatch, error: OSError):
    path = tmp_path / "paper.json"
    write_text(path, "earlier")

    def full(_descriptor: int) -> None:
        raise error

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"paper\.json is niet te schrijven: No space left") as raised:
        write_text(path, "new")
    assert raised.value.remedy == "Maak ruimte, of geef schrijfrechten op die map."
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("paper.json", "earlier")]


def test_who_knows_better_says_what_to_do(tmp_path: Path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(StorageError) as raised:
        write_whole(tmp_path / "taken" / "rows", Path.touch, remedy="Draai de import opnieuw.")
    assert raised.value.remedy == "Draai de import opnieuw."
