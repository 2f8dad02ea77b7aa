"""The audit of groups on the small world, by the real command; and that groups cannot reach what a model learns."""

import json
import shutil
from pathlib import Path

import grimp
import polars as pl
import pytest
from small_world import PLAN, PUPILS, SCHOOLS, SMALL, World, pupil
from typer.testing import CliRunner

from data_contracts.errors import NotFoundError, RefusedDeliveryError
from features.catalogue import CATALOGUE
from models.fairness import Audit
from models.serving import scorecard
from pipelines.auditing import audit
from pipelines.cli import app
from pipelines.home import Home
from pipelines.train import train

READERS = {"models.fairness", "pipelines.groups"}
BLIND = {
    "features",
    *(f"models.{name}" for name in ("fit", "additive", "binning", "calibration", "scorecard", "serving")),
    *(
        f"pipelines.{name}"
        for name in ("train", "backtest", "fitting", "panels", "weekly", "listing", "ingest", "lake")
    ),
}


def groups_file(folder: Path, *, turned: int = 0) -> Path:
    """Every pupil of the small world, in groups dealt in turn; `turned` deals them otherwise."""
    rows = [
        (school, pupil(school, number), "mv"[(number + turned) % 2], ("laag", "hoog")[(number // 4 + turned) % 2])
        for school in SCHOOLS
        for number in range(PUPILS)
    ]
    path = folder / "groepen.csv"
    pl.DataFrame(rows, schema=["school", "pupil", "geslacht", "inkomen"], orient="row").write_csv(path)
    return path


@pytest.fixture
def home(small: World, tmp_path: Path) -> Home:
    shutil.copytree(small.home.root, tmp_path / "home")
    made = Home.at(tmp_path / "home")
    made.keys.mkdir()
    for name in ("pseudonyms", "names"):
        (made.keys / f"{name}.key").write_bytes(bytes(32))
    return made


def learned(home: Home, version: str) -> dict:
    return scorecard(home.scorecards, version).model_dump(exclude={"trained_at"})


def test_the_command_compares_groups_and_keeps_the_audit_beside_the_model(
    small: World, home: Home, tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("AANWEZIG_HOME", str(home.root))
    path = groups_file(tmp_path)
    told = CliRunner().invoke(app, ["audit", "--groups", str(path)])
    assert told.exit_code == 0, told.output
    assert "geslacht (aangeleverd; bekend bij 100%)" in told.output
    assert "Onnodig" in told.output
    kept = home.papers(small.result.scorecard) / "fairness.json"
    found = Audit.model_validate_json(kept.read_text(encoding="utf-8"))
    assert found.scorecard == small.result.scorecard
    assert [one.attribute for one in found.attributes] == ["geslacht", "inkomen"]
    as_json = CliRunner().invoke(app, ["audit", "--groups", str(path), "--json"])
    assert Audit.model_validate(json.loads(as_json.output)) == found


def test_no_stored_file_holds_what_a_group_said(home: Home, tmp_path: Path):
    before = {path.relative_to(home.root) for path in home.root.rglob("*")}
    audit(home, groups=groups_file(tmp_path))
    new = {path.relative_to(home.root) for path in home.root.rglob("*")} - before
    assert [path.name for path in new] == ["fairness.json"]
    text = next(home.root.rglob("fairness.json")).read_text(encoding="utf-8")
    assert pupil(SCHOOLS[0], 4) not in text


def test_groups_present_or_dealt_otherwise_give_the_same_model_to_the_last_bit(
    small: World, home: Home, tmp_path: Path
):
    without = learned(home, small.result.scorecard)
    for turned in (0, 1):
        audit(home, groups=groups_file(tmp_path, turned=turned))
        shutil.copy(tmp_path / "groepen.csv", home.root / "groups.csv")
        shutil.copy(tmp_path / "groepen.csv", home.lake / "groups.csv")
        again = train(home, plan=PLAN, settings=SMALL)
        assert learned(home, again.scorecard) == without


def test_nothing_that_counts_learns_or_scores_can_reach_what_reads_groups():
    graph = grimp.build_graph("data_contracts", "features", "models", "pipelines", "service", cache_dir=None)
    reached = {
        (blind, reader)
        for blind in BLIND
        for reader in READERS
        if graph.chain_exists(importer=blind, imported=reader, as_packages=True)
    }
    assert graph.modules >= BLIND
    assert reached == set()
    assert graph.chain_exists(importer="pipelines.auditing", imported="models.fairness")


def test_no_feature_is_named_after_a_group():
    names = " ".join(f"{entry.name} {entry.label} {entry.measure}".lower() for entry in CATALOGUE)
    for word in (
        "gender",
        "geslacht",
        "age_",
        "leeftijd",
        "origin",
        "herkomst",
        "nation",
        "income",
        "inkomen",
        "disab",
    ):
        assert word not in names


def test_a_file_about_others_is_refused(home: Home, tmp_path: Path):
    path = tmp_path / "anders.csv"
    path.write_text("school;pupil;geslacht\n99ZZ99;1;m\n11ZZ01;999999;v\n", encoding="utf-8")
    with pytest.raises(RefusedDeliveryError, match=r"geen enkele leerling .* onbekende scholen: 99ZZ99"):
        audit(home, groups=path)


def test_without_a_kept_backtest_or_without_a_model_it_says_what_to_do(small: World, home: Home, tmp_path: Path):
    (home.papers(small.result.scorecard) / "backtest.parquet").unlink()
    with pytest.raises(NotFoundError, match="niet bewaard"):
        audit(home, groups=groups_file(tmp_path))
    with pytest.raises(NotFoundError, match="nog geen model"):
        audit(Home.at(tmp_path / "leeg"), groups=None)


def test_without_a_file_what_is_stored_is_compared(home: Home):
    found = audit(home, groups=None)
    assert not any(one.supplied for one in found.attributes)
