"""The served scorecards: whole files, or none."""

import pytest

from data_contracts.errors import ModelError, StorageError
from models.serving import champion, save, scorecard, serve


def test_nothing_is_served_before_anything_was_trained(tmp_path):
    assert champion(tmp_path / "scorecards") is None


def test_the_champion_is_the_card_that_was_served_and_its_version_stays(tmp_path, fitted, refit):
    other = refit(max_iterations=10).scorecard
    serve(tmp_path, fitted.scorecard)
    serve(tmp_path, other)
    assert champion(tmp_path) == other
    assert scorecard(tmp_path, fitted.scorecard.version) == fitted.scorecard
    assert scorecard(tmp_path, other.version) == other
    assert {path.suffix for path in tmp_path.iterdir()} == {".json"}, "no half-written file stays behind"


def test_saving_does_not_serve(tmp_path, fitted):
    save(tmp_path, fitted.scorecard)
    save(tmp_path, fitted.scorecard)
    assert champion(tmp_path) is None


@pytest.mark.parametrize("version", ["000000000000", "../champion", "champion/..", ""])
def test_an_unknown_version_is_a_clear_error(tmp_path, fitted, version):
    serve(tmp_path, fitted.scorecard)
    with pytest.raises(ModelError, match="geen scorekaart met versie"):
        scorecard(tmp_path, version)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b'{"version": 1}'])
def test_a_damaged_file_names_itself(tmp_path, content):
    (tmp_path / "champion.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"champion\.json"):
        champion(tmp_path)


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path, fitted):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="niet te schrijven"):
        serve(tmp_path / "file", fitted.scorecard)
