"""Merging scorecards from files, with the command that people type; and how a merged one comes before the gate."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from small_world import PLAN, SCHOOLS, SMALL
from test_counting import CARD
from test_promoting import passing
from typer.testing import CliRunner

from data_contracts.errors import ModelError, NotEnoughDataError, StorageError, UsageError
from data_contracts.weekly_list import Basis
from models.registry import aliased
from models.scorecard import Scorecard
from models.serving import challenger, champion, scorecard
from models.splits import as_of
from pipelines.cli import app
from pipelines.home import Home
from pipelines.merging import Merged, Party, merge
from pipelines.promoting import promote
from pipelines.tested import TO_MERGE, largest_gap
from pipelines.train import train
from pipelines.trained import trained
from pipelines.weekly import weekly


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


NOW = datetime(2026, 6, 28, 12, tzinfo=UTC)
BY = "Fatima Bakker"
FEW = replace(SMALL, min_pupils_fit=3, min_pupils_calibrate=1)


@pytest.fixture(scope="module")
def parties(small_home: Home, tmp_path_factory: pytest.TempPathFactory) -> list[Home]:
    """The small world as two installations of one school each, which each trained without the other."""
    homes = []
    for number, own in enumerate(SCHOOLS):
        root = tmp_path_factory.mktemp(f"party{number}") / "home"
        made = shutil.ignore_patterns("mlflow*", "artifacts", "*.db*", "scorecards")
        shutil.copytree(small_home.root, root, ignore=made)
        for path in sorted(root.rglob("*")):
            if any(school in path.name for school in SCHOOLS if school != own):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        homes.append(Home.at(root))
        train(homes[-1], plan=PLAN, settings=FEW)
    return homes


@pytest.fixture(scope="module")
def handed_over(parties: list[Home]) -> list[Path]:
    """What each party hands over: the scorecards of its newest training, and nothing else."""
    return [trained(home, None).folder / TO_MERGE for home in parties]


@pytest.fixture(scope="module")
def result(parties: list[Home], handed_over: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Merged:
    out = tmp_path_factory.mktemp("merged") / "out.json"
    return merge(handed_over, out=out, home=parties[0], plan=PLAN)


class TestBeforeTheGate:
    def test_what_is_handed_over_are_scorecards_alone_the_newest_and_those_of_earlier_dates(
        self, parties: list[Home], handed_over: list[Path]
    ):
        for home, folder in zip(parties, handed_over, strict=True):
            cards = [Scorecard.from_json(path.read_text("utf-8")) for path in sorted(folder.iterdir())]
            dates = pl.read_parquet(folder.parent / "backtest.parquet")["origin"].unique().sort().to_list()
            assert cards[-1].version == trained_alone(home)
            assert [card.data_moment for card in cards[:-1]] == [as_of(day) for day in dates]

    def test_at_each_date_only_what_was_learned_by_then_is_merged(self, parties: list[Home], result: Merged):
        frame = trained(parties[0], result.scorecard).backtest
        origins = frame["origin"].unique().sort().to_list()
        assert [f"{origin}" for origin in origins] == list(result.evaluation.origins)
        assert [f"{origin:%d-%m-%Y}" for origin in result.skipped] == ["23-02-2026"], (
            "nobody had learned anything by then"
        )
        first, second = date(2026, 3, 2), date(2026, 5, 4)
        early, late = (CARD.model_copy(update={"data_moment": as_of(origin)}) for origin in (first, second))
        party = Party(CARD, (early, late))
        assert (party.at(first), party.at(second - timedelta(days=1)), party.at(second)) == (early, early, late)
        assert Party(CARD, (late,)).at(first) is None

    def test_it_is_judged_on_the_pupils_of_this_installation(self, parties: list[Home], result: Merged):
        frame = trained(parties[0], result.scorecard).backtest
        alone = trained(parties[0], trained_alone(parties[0])).backtest
        keys = ["school", "pupil", "origin"]
        assert set(frame["school"].unique()) == {SCHOOLS[0]}
        both = frame.join(alone, on=keys, suffix="_alone")
        assert (both["outcome"] == both["outcome_alone"]).drop_nulls().all()
        assert (both["log_odds"] != both["log_odds_alone"]).any(), "another model"

    def test_it_is_the_challenger_and_on_record(self, parties: list[Home], result: Merged):
        home = parties[0]
        assert challenger(home.scorecards).version == result.scorecard
        assert trained(home, None).card.version == result.scorecard, "newer than its parts"
        assert largest_gap(home, result.scorecard) == 0.0
        assert aliased(home.mlflow_uri, "long_absence", "challenger") == result.scorecard
        assert champion(home.scorecards) is None, "nobody signed"

    def test_the_gate_refuses_or_passes_it_like_any_other(self, parties: list[Home], result: Merged, tmp_path: Path):
        home = Home.at(shutil.copytree(parties[0].root, tmp_path / "home"))
        refused = promote(home, by=BY, now=NOW)
        assert (refused.scorecard, refused.passed) == (result.scorecard, False)
        assert next(each.name for each in refused.checks if each.answer == "fail") == "origins", "one is too few"
        passing(home, result.scorecard)
        assert promote(home, by=BY, now=NOW).serves == result.scorecard
        made = [each.weekly_list for each in weekly(home, week=date(2026, 6, 22), now=NOW)]
        assert {(each.basis, each.model_version) for each in made} == {(Basis.SCORECARD, result.scorecard)}

    def test_a_party_that_gives_its_newest_card_alone_cannot_be_judged(
        self, parties: list[Home], handed_over: list[Path], tmp_path: Path
    ):
        alone = max(handed_over[1].iterdir())
        with pytest.raises(NotEnoughDataError, match="elke partij"):
            merge([handed_over[0], alone], out=tmp_path / "out.json", home=parties[0], plan=PLAN)
        assert not (tmp_path / "out.json").exists()
        merge([handed_over[0], alone], out=tmp_path / "out.json")

    def test_a_card_of_another_outcome_is_only_written(self, files: list[Path], parties: list[Home], tmp_path: Path):
        for path in files:
            card = Scorecard.from_json(path.read_text("utf-8"))
            other = Scorecard.model_validate(
                card.model_dump() | {"target": card.target.model_dump() | {"name": "dropout"}}
            )
            path.write_text(other.to_json(), "utf-8")
        with pytest.raises(UsageError, match="dropout"):
            merge(files, out=tmp_path / "out.json", home=parties[0])

    def test_the_command_says_what_it_found_here(
        self, parties: list[Home], handed_over: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("pipelines.merging.plan_for", lambda _outcome: PLAN)
        home = Home.at(shutil.copytree(parties[0].root, tmp_path / "home"))
        out = tmp_path / "out.json"
        ran = CliRunner().invoke(
            app,
            ["merge", *map(str, handed_over), "--out", str(out), "--judge"],
            env={"AANWEZIG_HOME": str(home.root)},
        )
        assert ran.exit_code == 0, ran.output
        assert "Op 1 eerdere peildatum: Bij deze lijstlengte vinden wij" in ran.stdout
        assert "aanwezig promote" in ran.stdout

    def test_an_empty_folder_is_named(self, files: list[Path], tmp_path: Path):
        (tmp_path / "leeg").mkdir()
        with pytest.raises(ModelError, match="leeg staat geen enkele"):
            merge([files[0], tmp_path / "leeg"], out=tmp_path / "out.json")


def trained_alone(home: Home) -> str:
    """Version of the model that the installation trained itself, newest."""
    own = [scorecard(home.scorecards, path.stem) for path in home.scorecards.glob("[0-9a-f]" * 12 + ".json")]
    return max((card for card in own if not card.parts), key=lambda card: card.trained_at).version
