"""Merging scorecards from files, with the command that people type."""

import json
from pathlib import Path

import pytest
from test_counting import CARD
from typer.testing import CliRunner

from data_contracts.errors import ModelError, StorageError
from models.scorecard import Scorecard
from pipelines.cli import app
from pipelines.merging import merge


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    other = Scorecard.model_validate(CARD.model_dump() | {"rows": 30, "events": 3, "baseline": -2.0})
    for path, card in zip(paths, (CARD, other), strict=True):
        path.write_text(card.to_json(), encoding="utf-8")
    return paths


def test_two_files_become_one_scorecard(files: list[Path], tmp_path: Path):
    out = tmp_path / "out.json"
    ran = CliRunner().invoke(app, ["merge", *map(str, files), "--out", str(out), "--json"])
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    card = Scorecard.from_json(out.read_text(encoding="utf-8"))
    assert told["scorecard"] == card.version
    assert (card.rows, card.events, len(card.parts)) == (40, 4, 2)
    # By cases, one of four and three of four; and each card's average pupil stands 2 x 0.11 above nought.
    assert card.baseline == pytest.approx(-2.25 + 0.22)


def test_people_are_told_in_words(files: list[Path], tmp_path: Path):
    ran = CliRunner().invoke(app, ["merge", *map(str, files), "--out", str(tmp_path / "out.json")])
    assert "samengevoegd uit 2" in ran.stdout


def test_nothing_is_overwritten(files: list[Path]):
    with pytest.raises(StorageError, match="bestaat al"):
        merge(files, out=files[0])
    assert Scorecard.from_json(files[0].read_text(encoding="utf-8")) == CARD


def test_a_file_that_was_changed_or_is_no_card_is_named(files: list[Path], tmp_path: Path):
    files[1].write_text(files[1].read_text(encoding="utf-8").replace("-2.0", "-2.5"), encoding="utf-8")
    with pytest.raises(ModelError, match=r"b\.json.*veranderd"):
        merge(files, out=tmp_path / "out.json")
    with pytest.raises(ModelError, match="niet te lezen"):
        merge([files[0], tmp_path / "none.json"], out=tmp_path / "out.json")
