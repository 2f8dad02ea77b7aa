"""Pupil numbers become keyed pseudonyms; names are sealed."""

import re
import stat
from pathlib import Path

import polars as pl
import pytest

from data_contracts.errors import StorageError
from data_contracts.identifiers import PUPIL_PATTERN
from pipelines.home import Home
from pipelines.keys import Keys

KEYS = Keys(pseudonym_key=b"p" * 32, names_key=b"n" * 32)


def test_a_home_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("AANWEZIG_HOME", str(tmp_path))
    monkeypatch.setenv("AANWEZIG_DATABASE_URL", "")
    home = Home.from_environment()
    assert home.lake == tmp_path.resolve() / "lake"
    assert home.database_url == f"sqlite:///{tmp_path.resolve().as_posix()}/service.db"
    monkeypatch.setenv("AANWEZIG_DATABASE_URL", "postgresql://db")
    assert Home.from_environment().database_url == "postgresql://db"


def test_one_number_is_one_pseudonym_of_the_agreed_form():
    made = KEYS.pseudonyms(pl.Series(["204817", "204817 ", "204818", None, ""]), "11ZZ03").to_list()
    assert made[0] == made[1] != made[2]
    assert made[3:] == [None, None]
    assert all(re.match(PUPIL_PATTERN, pupil) for pupil in made[:3])


def test_the_pseudonym_of_a_number_never_changes_between_versions():
    assert KEYS.pseudonyms(pl.Series(["204817"]), "11ZZ03").to_list() == ["ps42chlhta3ggcmdzaaqdexv3hs"]


def test_another_scope_or_another_key_gives_another_pseudonym():
    number = pl.Series(["204817"])
    other = Keys(pseudonym_key=b"q" * 32, names_key=b"n" * 32)
    made = {KEYS.pseudonyms(number, "11ZZ03")[0], KEYS.pseudonyms(number, "swv")[0], other.pseudonyms(number, "swv")[0]}
    assert len(made) == 3


def test_scope_and_number_cannot_run_into_each_other():
    assert KEYS.pseudonyms(pl.Series(["1"]), "swv1")[0] != KEYS.pseudonyms(pl.Series(["11"]), "swv")[0]


def test_a_column_without_any_number_stays_empty():
    assert KEYS.pseudonyms(pl.Series([None, None], dtype=pl.Null), "swv").to_list() == [None, None]


def test_a_sealed_name_opens_again_and_does_not_show_the_name():
    sealed = KEYS.seal("Noor\tde Vries")
    assert "Noor" not in sealed
    assert KEYS.open(sealed) == "Noor\tde Vries"


def test_a_name_sealed_with_another_key_is_a_storage_error():
    sealed = Keys(pseudonym_key=b"p" * 32, names_key=b"x" * 32).seal("Noor")
    with pytest.raises(StorageError, match="andere sleutel"):
        KEYS.open(sealed)


def test_keys_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path):
    home = Home.at(tmp_path)
    assert Keys.of(home) == Keys.of(home)
    files = sorted(home.keys.iterdir())
    assert [file.name for file in files] == ["names.key", "pseudonyms.key"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_keys_do_not_show_in_a_traceback_or_log():
    assert repr(KEYS) == "Keys()"


def test_a_lost_key_is_never_replaced_while_data_is_stored(tmp_path: Path):
    home = Home.at(tmp_path)
    Keys.of(home)
    (home.keys / "pseudonyms.key").unlink()
    reports = home.lake / "reports" / "11ZZ03"
    reports.mkdir(parents=True)
    (reports / "x.json").write_text("{}")
    with pytest.raises(StorageError, match="ontbreekt"):
        Keys.of(home)


def test_a_damaged_key_is_a_storage_error(tmp_path: Path):
    home = Home.at(tmp_path)
    Keys.of(home)
    (home.keys / "names.key").write_bytes(b"short")
    with pytest.raises(StorageError, match="5 bytes"):
        Keys.of(home)
